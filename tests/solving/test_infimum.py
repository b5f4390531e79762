"""Infima that are attained, and infima that are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from homotopy_lcn import Architecture, SquaredLoss, critical_points, generic_count
from homotopy_lcn.results.continua import UNDECIDED, Infimum
from homotopy_lcn.results.infimum import known_infimum
from homotopy_lcn.solving import infimum
from homotopy_lcn.solving.infimum import infimum_of
from homotopy_lcn.solving.least_minimum import least_of_result
from homotopy_lcn.solving.stratum_task import StratumTask
from homotopy_lcn.tracking import get_engine

TENSORS = Architecture((2, 2), (2, 1))
#: With this Gram matrix the loss of (2,2,2),(1,2,1) may fall like one over the root of the size of w.
SLOWLY = np.zeros((5, 5))
SLOWLY[:4, :4] = [
    [5.53, -1.0, 0.78, -3.09], [-1.0, 11.0, -3.8, -0.63], [0.78, -3.8, 12.81, -6.9], [-3.09, -0.63, -6.9, 14.08]
]  # fmt: skip
B, TOWARD = np.array([-1.03, 3.92, -4.28, -0.85, 0.0]), np.array([0.12573022, -0.13210486, 0.64042265, 0.10490012, 0.0])


def no_minimum(scale=1.0, rest=0.0):
    """The loss of (1/e, 1, 1, e) tends to the rest as e tends to zero, and no filter has this loss."""
    return SquaredLoss(scale * np.diag([0.0, 1, 1, 1]), scale * np.array([0.0, 1, 1, 0]), scale * (2.0 + rest))


@pytest.mark.parametrize("seed", range(3))
def test_no_star_where_the_loss_falls_for_ever(seed):
    result = critical_points(TENSORS, no_minimum(), seed=seed)
    assert result.complete
    assert [(point.kinds, point.loss) for point in result] == [(("saddle",), pytest.approx(1))] * 2
    assert result.infimum == Infimum(pytest.approx(0, abs=1e-8), False)
    assert result.global_minimum is None
    assert "the infimum" in str(result)
    assert "not attained" in str(result)


@pytest.mark.parametrize("seed", range(5))
def test_an_infimum_that_is_approached_slowly_is_not_taken_for_the_least_minimum(seed):
    """The excess over the infimum falls as one over the root of the size of w, and a minimum is 2 % above it."""
    loss = SquaredLoss(SLOWLY, B, 8.23)
    result = critical_points(Architecture((2, 2, 2), (1, 2, 1)), loss, seed=seed)
    assert result.infimum == Infimum(pytest.approx(5.317082, abs=1e-6), False)
    assert result.global_minimum is None
    assert min(point.loss for point in result if "minimum" in point.kinds) > 5.4


@pytest.mark.parametrize(
    ("part", "excess"), [(0.375, 0.0124610), (0.40625, 0.0059624), (0.4296875, 0.0010968), (0.4375, 0.0)]
)
def test_an_infimum_just_below_the_least_minimum_is_found(part, excess):
    """The minima of regularized losses are near the least critical point, not yet on their way to infinity."""
    loss = SquaredLoss(SLOWLY, B + part * TOWARD, 8.23)
    result = critical_points(Architecture((2, 2, 2), (1, 2, 1)), loss)
    least = min(point.loss for point in result.attained if "minimum" in point.kinds)
    assert result.infimum == Infimum(pytest.approx(least - excess, abs=1e-6), excess == 0)
    assert (result.global_minimum is None) == (excess > 0)


def test_descents_fall_below_the_least_minimum_towards_the_infimum():
    loss = SquaredLoss(SLOWLY, B + 0.375 * TOWARD, 8.23)
    result = critical_points(Architecture((2, 2, 2), (1, 2, 1)), loss)

    def value(theta):
        last = np.zeros(3)
        last[::2] = theta[4:]
        return float(loss(np.convolve(np.convolve(theta[:2], theta[2:4]), last)))

    starts = 3 * np.random.default_rng(1).normal(size=(12, 6))
    falls = min(minimize(value, start, method="BFGS", options={"maxiter": 500}).fun for start in starts)
    assert result.infimum.value < falls < min(point.loss for point in result.attained) - 1e-3


@settings(max_examples=5, derandomize=True)
@given(st.sampled_from([1e-8, 1e-3, 1.0, 1e6]), st.sampled_from([0.0, 0.5, 3.0]))
def test_the_infimum_has_the_scale_of_the_loss(scale, rest):
    infimum = critical_points(TENSORS, no_minimum(scale, rest)).infimum
    assert infimum.attained is False
    assert infimum.value == pytest.approx(scale * rest, abs=1e-7 * scale * (2 + rest))


@pytest.mark.parametrize("constant", [1e6, 1e8, 1e10, -1e8])
def test_a_large_constant_hides_no_infimum(constant):
    """The constant moves all losses alike: the infimum stays two below w = 0, the two saddles one below."""
    loss = no_minimum()
    result = critical_points(TENSORS, SquaredLoss(loss.gram, loss.b, constant))
    assert (result.complete, result.contradictions) == (True, ())
    assert result.infimum == Infimum(pytest.approx(constant - 2, abs=1e-3), False)
    assert result.global_minimum is None


def test_the_infimum_is_that_of_the_closure_of_the_limits():
    """Σ = diag(0, 1, 4, 1), b = (0, 1, 2, 1): matrices with any w_1, w_2, w_3 ≠ 0, so that the minimum is attained."""
    loss = SquaredLoss(np.diag([0.0, 1, 4, 1]), [0.0, 1, 2, 1], 10.0)
    result = critical_points(TENSORS, loss)
    assert result.infimum == Infimum(pytest.approx(10 - 1 - 1 - 1), True)
    # w_0 = w_1 w_2 / w_3 with u = (·, 1, 1/2, 1)
    np.testing.assert_allclose(result.global_minimum.filter, [0.5, 1, 0.5, 1], atol=1e-9)


def test_a_dead_channel_with_an_attained_minimum():
    """The unconstrained minimum over the other three channels is e_3, which has rank one."""
    gram = np.array([[0.0, 0, 0, 0], [0, 2, -1, -1], [0, -1, 3, 2], [0, -1, 2, 3]])
    result = critical_points(TENSORS, SquaredLoss(gram, [0.0, -1, 2, 3], 9.0))
    assert result.infimum == Infimum(pytest.approx(6), True)
    np.testing.assert_allclose(result.global_minimum.filter, [0, 0, 0, 1], atol=1e-12)


def test_a_positive_definite_gram_matrix_decides_at_once():
    loss = SquaredLoss(np.diag([1.0, 2, 3, 4]), [1.0, 0, 1, 2], 5.0)
    result = critical_points(TENSORS, loss)
    assert known_infimum(result).attained
    assert result.infimum.value == min(point.loss for point in result.attained)
    assert result.global_minimum is result[0]


def test_with_zero_moments_only_the_zero_filter_attains_the_infimum():
    result = critical_points(TENSORS, SquaredLoss(np.diag([1.0, 2, 3, 4]), np.zeros(4), 5.0))
    assert result.infimum == Infimum(5.0, True)
    assert result.global_minimum is None


def test_incomplete_results_leave_it_open():
    result = critical_points(TENSORS, no_minimum())
    open_one = replace(result, complete=False, infimum=UNDECIDED)
    assert infimum_of(open_one, [None], pytest.fail, 0, get_engine()) == UNDECIDED


def dead_channel(arch, seed):
    """Normal samples of which one channel that the filters see is zero."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(2 * arch.filter_size, arch.filter_size)), rng.normal(size=(2 * arch.filter_size, 1))
    X[:, 0] = 0.0
    return SquaredLoss.from_data(X, Y, Architecture((arch.filter_size,), (1,)))


@pytest.mark.parametrize(
    ("filters", "strides"), [((3, 3), (2, 1)), ((2, 2, 2), (2, 2, 1)), ((2, 3, 2), (2, 2, 1)), ((2, 2, 2), (1, 2, 1))]
)
def test_limits_along_the_paths_of_the_solve_say_the_same_as_regularized_losses(filters, strides, monkeypatch):
    arch, decide, asked = Architecture(filters, strides), infimum._may_be_infimum, []
    for seed in range(3):
        loss = dead_channel(arch, seed)
        monkeypatch.setattr(infimum, "_may_be_infimum", lambda *args: asked.append(args) or decide(*args))
        by_limits = critical_points(arch, loss)
        assert by_limits.complete
        assert by_limits.counts.at_infinity
        monkeypatch.setattr(infimum, "_may_be_infimum", lambda *args: True)
        regularized = critical_points(arch, loss)
        assert by_limits.infimum.attained == regularized.infimum.attained
        assert by_limits.infimum.value == pytest.approx(regularized.infimum.value, rel=1e-6)
    assert asked


def test_paths_along_which_the_loss_diverges_do_not_tend_to_the_infimum():
    """Two paths of (2,2,2),(2,1,1) run to infinity, and the loss, of identity Gram matrix but for one channel, too."""
    arch, unit = Architecture((2, 2, 2), (2, 1, 1)), np.eye(6)
    loss = SquaredLoss(np.diag([1.0, 1, 1, 1, 0, 1]), -unit[0] - unit[3], 2.0)
    task = StratumTask(arch, loss, generic_count(arch).rows[0], 5)
    terms = np.array([0.0, np.inf, np.nan])
    losses = task.losses(terms)
    assert losses[0] == 2.0
    assert losses[1] == np.inf
    assert np.isnan(losses[2])
    result = critical_points(arch, loss)
    assert result.complete
    assert result.counts.at_infinity == 2
    assert result.infimum == Infimum(pytest.approx(1.0), True)
    assert sum(row.statistics["extended"] for row in result.strata) == 0


def test_limits_above_the_least_point_decide_and_others_do_not():
    arch = Architecture((2, 2, 2), (2, 2, 1))
    loss = dead_channel(arch, 0)
    result = replace(critical_points(arch, loss), infimum=UNDECIDED)
    least = min(point.loss for point in result.attained)
    above = np.array([least + 1, least + 1 + 1j, least - 0.1 + 1j, -1.0])
    below = np.array([least + 1, least - 0.001])
    assert infimum_of(result, [above], pytest.fail, 0, get_engine()) == Infimum(pytest.approx(least), True)
    for limits in ([below], [above, below], [None], [np.array([np.nan])]):
        asked = []
        assert infimum_of(result, limits, asked.append, 0, get_engine()) == UNDECIDED
        assert asked


def test_the_least_loss_is_asked_for_only_where_a_limit_is_real_and_below_the_least_point(monkeypatch):
    loss, asked, least = SquaredLoss(np.diag([1.0, 0.0]), [1.0, 0.0], 3.0), [], infimum.least_loss
    monkeypatch.setattr(infimum, "least_loss", lambda loss: asked.append(loss) or least(loss))
    above, below, too_low, unknown = 2.6 + 0j, 2.2 + 0j, 1.9 + 0j, np.nan + 0j  # no filter has a loss below 2
    assert not infimum._may_be_infimum(np.array([above, 2.2 + 1j]), 2.5, loss)
    assert not asked
    assert not infimum._may_be_infimum(np.array([above, too_low]), 2.5, loss)
    assert infimum._may_be_infimum(np.array([above, below]), 2.5, loss)
    assert infimum._may_be_infimum(np.array([too_low, unknown]), 2.5, loss)
    assert len(asked) == 3


def test_without_paths_to_infinity_the_least_point_attains_it():
    """Σ of rank 3 in general position: its kernel is no filter of the network."""
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(3, 4)), rng.normal(size=(3, 1))
    result = critical_points(TENSORS, SquaredLoss.from_data(X, Y, TENSORS))
    assert result.complete
    assert result.infimum.attained
    assert result.global_minimum is not None
    assert result.infimum.value == pytest.approx(min(point.loss for point in result.attained), rel=1e-9)


def minimum_of(loss):
    return least_of_result(critical_points(TENSORS, loss))


@pytest.mark.parametrize("seed", range(3))
def test_the_regularization_comes_from_the_seed(seed):
    result = critical_points(TENSORS, no_minimum())
    again = infimum_of(replace(result, infimum=UNDECIDED), [None], minimum_of, seed, get_engine())
    assert again == infimum_of(replace(result, infimum=UNDECIDED), [None], minimum_of, seed, get_engine())
    assert again.attained is False
    assert again.value == pytest.approx(0, abs=1e-7)
