"""Nearly special data: isolated critical filters far away are found, or the result is incomplete."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.solving import same_range
from homotopy_lcn.solving.low_rank import random_member
from homotopy_lcn.solving.start_systems import CountInRange, StartSystems


def solved(filters, strides, diagonal, b, constant=50):
    loss = hl.SquaredLoss.from_exact(np.diag(diagonal).tolist(), b, constant)
    return hl.critical_points(hl.Architecture(filters, strides), loss)


@pytest.mark.parametrize(
    ("filters", "strides", "diagonal", "b", "number", "norm"),
    [
        # msolve finds as many; paths from generic data seemed to end at infinity
        ((2, 3), (2, 1), [2, 1, 1, 0, 2, 2], [0, 1, -2, 0, 2, "-1e-7"], 7, 684),
        (
            (2, 2, 2),
            (2, 1, 1),
            [2, 2, 1, 2, 2, 0],
            ["-0.9999999", "-2.000000001", 0, "2.00000001", "-0.99999999", 0],
            16,
            6086,
        ),
    ],
)
def test_far_critical_filters_near_special_data_are_found(filters, strides, diagonal, b, number, norm):
    result = solved(filters, strides, diagonal, b)
    assert result.complete
    assert len(result) == number
    assert max(np.linalg.norm(point.filter) for point in result) == pytest.approx(norm, rel=1e-2)


@pytest.mark.parametrize(
    ("filters", "strides", "diagonal", "b", "constant"),
    [
        ((2, 3), (2, 1), [2, 1, 1, 0, 2, 2], [0, 1, -2, 0, 2, "-1e-9"], 50),
        pytest.param(
            *((2, 2, 2), (2, 1, 1), [2, 2, 0, 1, 2, 1], ["-1.9999999", "1e-9", 0, "0.999999999", "-1e-9", -2], 50),
            marks=pytest.mark.slow,
        ),
        ((2, 2), (2, 1), [0, 1, 1, 1], [0, 1, 1, "1e-9"], 3),
        ((2, 2, 2), (2, 1, 1), [1, 2, 2, 2, 2, 2], [-1, -1, 0, "1.000000001", "-0.999999999", 0], 50),
        ((4, 2), (2, 1), [2, 2, 2, 1, 1, 2], ["-1.000000001", 1, "-0.999999999", 0, "0.999999999", "1.000000001"], 50),
    ],
)
def test_nothing_is_called_complete_where_points_are_too_ill_conditioned_to_be_listed(
    filters, strides, diagonal, b, constant
):
    """They have condition numbers of 10^15 and more."""
    result = solved(filters, strides, diagonal, b, constant)
    assert not result.complete
    assert result.global_minimum is None
    assert "so far away, or so near w = 0, that doubles cannot tell the filter" in " ".join(result.gaps())
    assert result.infimum.attained is None


@pytest.mark.parametrize(
    ("filters", "strides", "diagonal", "b", "number"),
    [
        ((2, 3), (2, 1), [2, 1, 1, 0, 2, 2], [0, 1, -2, 0, 2, 0], 4),
        ((2, 2), (2, 1), [0, 1, 1, 1], [0, 1, 1, 0], 2),
    ],
)
def test_truly_special_data_are_complete(filters, strides, diagonal, b, number):
    """Their paths go on growing down to distances of 1e-12."""
    result = solved(filters, strides, diagonal, b)
    assert result.complete
    assert len(result) == number


@pytest.mark.parametrize("exponent", [28, 37])
def test_nearly_white_diagonal_data_have_their_far_points(exponent):
    """For white data two filters are left of six; these have norms of 10^9 and more. msolve finds as many."""
    assert len(solved((2, 2), (2, 1), [1, 1, 1, 1], [3, 1, -2, 5])) == 2
    result = solved((2, 2), (2, 1), [1, 1, 1, 1 + 2.0**-exponent], [3, 1, -2, 5])
    assert result.complete
    assert len(result) == 6


def test_a_second_way_that_runs_out_of_time_leaves_ends_in_doubt():
    loss = hl.SquaredLoss.from_exact(np.diag([2, 1, 1, 0, 2, 2]).tolist(), [0, 1, -2, 0, 2, "-1e-7"], 50)
    result = hl.critical_points(hl.Architecture((2, 3), (2, 1)), loss, time_limit=1e-3)
    assert not result.complete


def dead_channel(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(12, 6)), rng.normal(size=(12, 1))
    X[:, 2] = 0
    return hl.SquaredLoss.from_data(X, y, hl.Architecture((6,), (1,)))


def test_random_data_with_one_range_are_asked_once(monkeypatch):
    """The number of their critical points serves all data with the range, and changes no result."""
    asked = []
    monkeypatch.setattr(
        same_range, "random_member", lambda data, rank, rng: asked.append(data) or random_member(data, rank, rng)
    )
    network, systems = hl.Architecture((2, 3), (2, 1)), StartSystems()
    results = [hl.critical_points(network, dead_channel(seed), start_systems=systems) for seed in (0, 1)]
    assert len(asked) == 2
    for seed, result in enumerate(results):
        alone = hl.critical_points(network, dead_channel(seed), start_systems=StartSystems())
        assert result.complete
        assert len(alone) == len(result) == 7
        for one, other in zip(alone.points, result.points, strict=True):
            np.testing.assert_array_equal(one.filter, other.filter)
    assert len(asked) == 6
    np.testing.assert_array_equal(asked[0].gram, asked[-1].gram)


def test_ends_of_random_data_are_verified_only_where_more_paths_arrive_than_points_are_known():
    network, systems = hl.Architecture((2, 3), (2, 1)), StartSystems()
    assert len(hl.critical_points(network, dead_channel(0), start_systems=systems)) == 7
    (counts,) = systems._in_range.values()
    assert [(count.number, count.verified) for count in counts.values()] == [(7, False)] * 2
    counts[0] = CountInRange(9, verified=False)  # more than are known: looked at again
    assert len(hl.critical_points(network, dead_channel(0), start_systems=systems)) == 7
    assert counts[0] == (7, False)


def test_other_ranges_are_asked_again(monkeypatch):
    asked = []
    monkeypatch.setattr(
        same_range, "random_member", lambda data, rank, rng: asked.append(data) or random_member(data, rank, rng)
    )
    network, systems = hl.Architecture((2, 3), (2, 1)), StartSystems()
    hl.critical_points(network, dead_channel(0), start_systems=systems)
    number = len(asked)
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(12, 6)), rng.normal(size=(12, 1))
    X[:, 3] = X[:, 2]
    loss = hl.SquaredLoss.from_data(X, y, hl.Architecture((6,), (1,)))
    assert hl.critical_points(network, loss, start_systems=systems).complete
    assert len(asked) > number > 0


def toeplitz(covariances):
    return np.array(covariances, float)[np.abs(np.subtract.outer(*2 * (np.arange(len(covariances)),)))]


def test_a_nearly_white_covariance_has_far_critical_filters_more_than_a_dozen():
    """Sixteen of norm 10¹¹; for white data they are at infinity, and for these a few of them tell that they are not."""
    arch = hl.Architecture((3, 3), (2, 1))
    gram = toeplitz([1, 1e-5, 3e-6, 0, 0, 0, 0])
    result = hl.critical_points(arch, hl.SquaredLoss(gram, [0.1, -0.1, 0.6, 0.1, -0.5, 0.4, 1.3], 10.0))
    assert result.complete
    assert len(result) == sum(row.count for row in hl.generic_count(arch)) == 39
    assert sum(np.linalg.norm(point.filter) > 1e9 for point in result) == 16


def test_an_autoregressive_covariance_is_special_though_its_doubles_are_not():
    """For b = (1, …, 7) one of its critical filters is w = 0, on which Newton's method converges: no filter w ≠ 0."""
    arch = hl.Architecture((3, 3), (2, 1))
    result = hl.critical_points(arch, hl.SquaredLoss(toeplitz(0.5 ** np.arange(7)), np.arange(1.0, 8.0), 10.0))
    assert result.complete
    (row,) = result.strata
    known = sum(row.count for row in hl.generic_count(arch, gram="ar1:1/2"))
    assert (row.found, row.origin, row.at_infinity) == (known - 1, 1, 39 - known)
