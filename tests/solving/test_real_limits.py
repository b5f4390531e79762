"""Real points of continua: found on every real piece, also where real paths meet, and none where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.solving import real_limits
from homotopy_lcn.solving.accounts import PathAccount
from homotopy_lcn.solving.problem import Problem
from homotopy_lcn.solving.real_limits import add_real_limits, data_nearby
from homotopy_lcn.solving.singular_ends import settle
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

TENSORS = Architecture((2, 2), (2, 1))


def test_data_nearby_are_a_real_distance_away_times_a_complex_number():
    rng = np.random.default_rng(0)
    data = Data(np.diag([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0]))
    near = data_nearby(data, rng, only_moments=False)
    metric, moments = near.gram - data.gram, near.b - data.b
    turn = metric[0, 0] / abs(metric[0, 0])
    np.testing.assert_allclose((metric / turn).imag, 0, atol=1e-15)
    assert np.linalg.eigvalsh((metric / turn).real).min() > 0
    np.testing.assert_allclose(np.linalg.solve(metric, moments).imag, 0, atol=1e-12)
    moved = data_nearby(data, rng, only_moments=True)
    np.testing.assert_array_equal(moved.gram, data.gram)
    target = np.linalg.solve(data.gram, moved.b - data.b)
    np.testing.assert_allclose((target / target[0]).imag, 0, atol=1e-12)


def limits_on_the_circle(seed):
    """The account and the filters of the limits for Σ = I, b = (1, 0, 0, 1), from generic data."""
    equations = equations_of(Stratum.of_layers(TENSORS))
    problem = Problem(equations, Data(np.eye(4), np.array([1.0, 0, 0, 1.0])), 6)
    tracking = Tracking(get_engine(), rng=np.random.default_rng(seed))
    account = PathAccount.empty(equations.stratum)
    add_real_limits(problem, start_system(equations.stratum, 6, Tracking(get_engine())), tracking, account)
    return account, equations.filters(np.array([end.point for end in account.limits]))


@pytest.mark.parametrize("seed", range(4))
def test_the_limits_on_a_circle_are_the_points_where_a_distance_is_critical(seed):
    """Four points of a conic, at least two of them real, as an ellipse has a nearest and a farthest point."""
    account, filters = limits_on_the_circle(seed)
    assert account.approaches >= 1
    assert len(account.limits) == 4 * account.approaches
    real = np.abs(filters.imag).max(axis=1) <= 1e-6
    assert real.sum() >= 2 * account.approaches
    for a, b, c, d in filters:
        np.testing.assert_allclose([a + d, b - c, a * d - b * c], [1, 0, 0], atol=1e-7)
    for w in filters[~real]:
        assert np.linalg.norm(filters - w.conj(), axis=1).min() < 1e-6


def test_an_approach_that_loses_an_end_is_not_counted(monkeypatch):
    def forgetful(*arguments):
        settled = settle(*arguments)
        return settled._replace(singular=settled.singular[1:])

    monkeypatch.setattr(real_limits, "settle", forgetful)
    account, _ = limits_on_the_circle(0)
    assert account.approaches == 0


@pytest.mark.parametrize("seed", range(3))
def test_two_pieces_of_equal_loss_each_have_real_points(seed):
    """A target with two pairs of equal singular values has a curve for each."""
    target = np.diag([2.0, 2.0, 1.0, 1.0]).ravel()
    result = critical_points(Architecture((4, 4), (4, 1)), SquaredLoss.white(target), seed=seed)
    assert result.complete
    assert [(part.loss, part.dimension, part.kind) for part in result.continua] == [
        (pytest.approx(6), 1, "minimum"),
        (pytest.approx(9), 1, "saddle"),
    ]
    # Σ (σ_j² − σ²) over the three others: 4·2 + 1·2 − 4 = 6 and 10 − 1 = 9
    for part, block in zip(result.continua, (slice(0, 2), slice(2, 4)), strict=True):
        assert (part.real, part.attained) == (True, True)
        for point in part.points:
            matrix = point.filter.real.reshape(4, 4)
            rest = matrix.copy()
            rest[block, block] = 0
            np.testing.assert_allclose(rest, 0, atol=1e-8)
            np.testing.assert_allclose(np.trace(matrix), 2 if block.start == 0 else 1, rtol=1e-9)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_both_lines_of_a_cross_have_real_points(seed):
    """Σ = diag(0, 4, 4, 0), b = (0, −2, 0, 0): w_1 = −1/2, w_2 = 0, w_0 w_3 = 0: two real lines that cross at e_1."""
    loss = SquaredLoss(np.diag([0.0, 4, 4, 0]), [0.0, -2, 0, 0], 1.0)
    result = critical_points(TENSORS, loss, isolated=True, seed=seed)
    assert result.complete
    (part,) = result.continua
    assert (part.loss, part.kind, part.real, part.attained) == (pytest.approx(0, abs=1e-14), "minimum", True, True)
    sides = set()
    for point in part.points:
        w = point.filter.real
        np.testing.assert_allclose([w[1], w[2], w[0] * w[3]], [-0.5, 0, 0], atol=1e-9)
        sides |= {index for index in (0, 3) if abs(w[index]) > 1e-6}
    assert sides == {0, 3}


@pytest.mark.parametrize("seed", range(3))
def test_a_cone_without_real_points_is_told_to_have_none(seed):
    """Σ = I, b = 0: x ⊗ y with x·x = y·y = 0, four complex lines through zero."""
    result = critical_points(TENSORS, SquaredLoss(np.eye(4), np.zeros(4)), seed=seed)
    assert result.complete
    assert len(result) == 0
    (part,) = result.continua
    assert (part.dimension, part.real, part.attained, part.kind) == (1, False, False, None)
    assert part.loss == pytest.approx(0, abs=1e-12)
    lines = set()
    for point in part.points:
        x, y = point.filter[:2], point.filter[[0, 2]]
        np.testing.assert_allclose([x @ x, y @ y], 0, atol=1e-7)
        lines.add((np.sign((x[1] / x[0]).imag), np.sign((y[1] / y[0]).imag)))
    assert lines == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    assert (result.infimum.value, result.infimum.attained) == (0.0, True)
    assert result.global_minimum is None  # w = 0 is
