"""Points about which nothing is in doubt have the answers of the careful code."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.classification import plain_points
from homotopy_lcn.results.points import CriticalPoint
from homotopy_lcn.solving import plain_data
from homotopy_lcn.tracking import get_engine

pytestmark = pytest.mark.skipif(
    plain_points.compiled() is None or not hasattr(get_engine(), "ends_of_many"),
    reason="without compiled code all points are classified by the careful code",
)

NETWORKS = [
    ((2, 2), (2, 1)),
    ((3, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((3, 3), (1, 1)),
    ((3, 1, 2), (1, 2, 1)),
    ((1, 3, 2), (2, 2, 1)),
    ((2, 3), (3, 1)),
    ((2, 2, 3), (1, 2, 1)),
    ((4, 2), (1, 1)),
]
#: Compared apart: a list in any order, a choice, and a number that is rounding.
APART = {"parameters", "kinds", "indices", "residual", "architecture"}


def random_loss(arch, seed):
    size = arch.filter_size
    rng = np.random.default_rng([3, seed])
    X, Y = rng.normal(size=(4 * size, size)), rng.normal(size=4 * size)
    return SquaredLoss(X.T @ X, X.T @ Y, Y @ Y)


def careful(arch, loss, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(plain_data, "plain_network", lambda arch: None)
        return critical_points(arch, loss)


def assert_equal_numbers(one, other, condition):
    scale = max(np.abs(one).max(), 1e-300)
    assert np.abs(one - other).max() <= 1e-14 * max(condition, 10.0) * scale


def thetas(point):
    """The real parameters with their kinds and indices, in an order of their own."""
    found = zip(point.parameters, point.kinds, point.indices, strict=True)
    return sorted(found, key=lambda item: np.concatenate(item[0]).round(6).tolist())


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_the_answers_are_those_of_the_careful_code(filters, strides, monkeypatch):
    arch = Architecture(filters, strides)
    for seed in range(3):
        loss = random_loss(arch, seed)
        plain, other = critical_points(arch, loss), careful(arch, loss, monkeypatch)
        assert "_columns" in vars(plain)
        assert "_columns" not in vars(other)
        assert (plain.counts, plain.strata, plain.complete) == (other.counts, other.strata, other.complete)
        assert plain.infimum.attained == other.infimum.attained
        assert plain.infimum.value == pytest.approx(other.infimum.value, rel=1e-12, abs=1e-12 * abs(loss.constant))
        for one, two in zip(plain, other, strict=True):
            compare(one, two)


def compare(one, two):
    for column in fields(CriticalPoint):
        left, right = getattr(one, column.name), getattr(two, column.name)
        if column.name in ("filter", "coordinates"):
            assert_equal_numbers(left, right, two.condition)
        elif column.name == "condition":
            assert left == pytest.approx(right, rel=1e-8)
        elif column.name == "loss":
            assert abs(left - right) <= 1e-11 * max(abs(right), np.abs(two.filter).max(), 1.0)
        elif column.name not in APART:
            assert left == right, column.name
    assert (one.residual is None) == (two.residual is None)
    assert (one.residual or 0.0) < 1e-12
    assert len(one.parameters) == len(two.parameters)
    if one.real:
        for (theta, *labels), (known, *expected) in zip(thetas(one), thetas(two), strict=True):
            assert labels == expected
            for w, v in zip(theta, known, strict=True):
                assert_equal_numbers(w, v, 100 * two.condition)
    for theta in one.parameters:
        composed = one.architecture.mu(theta)
        assert_equal_numbers(composed, one.filter.real if one.real else one.filter, 100.0)


def plain_columns(arch, loss):
    tracking = plain_data.Tracking(get_engine())
    systems = plain_data.StartSystems()
    return plain_data.solve_plain(arch, plain_data.Moments.of(loss), tracking, systems)[0]


def test_doubtful_data_are_left_to_the_careful_code():
    arch = Architecture((3, 2), (2, 1))
    loss = random_loss(arch, 0)
    assert plain_columns(arch, loss) is not None
    gram, b = loss.gram.copy(), loss.b
    assert plain_columns(arch, SquaredLoss.white([1.0, 2.0, 3.0, 4.0, 5.0])) is None  # has start systems of its own
    gram[4, 4] += 1e9 * gram[4, 4]
    assert plain_columns(arch, SquaredLoss(gram, b)) is None  # ill-conditioned
    w = arch.mu([[1.0, 0.0, 1.0], [1.0, 2.0]])  # x² + y² is a hyperroot of level two
    assert plain_columns(arch, SquaredLoss(loss.gram, loss.gram @ w)) is None


def test_large_networks_are_left_to_the_careful_code():
    assert plain_points.plain_network(Architecture((40, 2), (1, 1))) is None
    assert plain_points.plain_network(Architecture((1,), (1,))) is None
    assert plain_points.plain_network(Architecture((3, 2), (2, 1))) is not None


@pytest.mark.parametrize(
    ("filters", "strides", "roots"),
    [((5,), (1,), (4,)), ((5, 2), (3, 1), (4, 1)), ((3, 3), (1, 1), (2, 2)), ((6, 2), (5, 1), (5, 1))],
)
@pytest.mark.parametrize("root", [0.8, -1.25, 2.0])
def test_roots_that_rounding_tells_apart_coincide(filters, strides, roots, root, monkeypatch):
    """Four roots in one point are about 1e-4 apart as doubles have them, five roots 1e-3."""
    arch = Architecture(filters, strides)
    w = arch.mu([np.poly([root] * number) for number in roots])
    loss = random_loss(arch, 0)
    plain = critical_points(arch, fit := SquaredLoss(loss.gram, loss.gram @ w))
    expected = careful(arch, fit, monkeypatch)
    assert [point.pattern for point in plain] == [point.pattern for point in expected]
    assert plain.counts == expected.counts
    assert plain[0].pattern[0] == (sum(roots) if strides[0] == 1 else roots[0],)
