"""The critical set near points of which everything is known: regular, double, threefold, on curves and surfaces."""

from __future__ import annotations

import numpy as np
import pytest
from data_kinds import loss_of
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.local_frames import Frames, _has_no_zero_on_the_sphere, _least_size, _monomials
from homotopy_lcn.solving.local_structure import local_dimensions, local_structures, onto_critical_set
from homotopy_lcn.solving.tolerances import LOCAL

TENSORS = equations_of(Stratum.of_layers(Architecture((2, 2), (2, 1))))
MATRICES = equations_of(Stratum.of_layers(Architecture((3, 3), (3, 1))))
SQUARES = equations_of(Stratum((Factor(1, 2, 1),)))  # c (a x + b y)²
HYPERROOTS = equations_of(Stratum.of_layers(Architecture((3, 2), (2, 1))))


def white(target):
    return Data(np.eye(len(np.ravel(target))), np.ravel(np.array(target, float)))


def point(scalar, *factors):
    return np.concatenate([[scalar], *factors]).astype(complex)


def structure(equations, start, data, seed=0):
    return local_structures(equations, start[None], data, np.random.default_rng(seed))[0]


def near(start, distance, seed=1):
    """As accurate as the limit of a path."""
    rng = np.random.default_rng(seed)
    return start + distance * (rng.normal(size=len(start)) + 1j * rng.normal(size=len(start)))


@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e-7])
def test_a_regular_point_is_isolated_and_found_to_all_digits(distance):
    found = structure(TENSORS, near(point(2.0, [1, 0], [1, 0]), distance), white([2, 0, 0, 1]))
    assert (found.dimension, found.corank, found.multiplicity) == (0, 0, 1)
    assert not found.singular
    (solution,) = found.solutions
    np.testing.assert_allclose(TENSORS.filters(solution[None].astype(complex))[0], [2, 0, 0, 0], atol=1e-15)


@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e-7])
def test_equal_singular_values_give_a_curve(distance):
    start = near(point(1.0, [0.6, 0.8], [0.6, 0.8]), distance)
    found = structure(TENSORS, start, white(np.eye(2)))
    assert (found.dimension, found.corank, found.solutions) == (1, 1, ())
    assert found.singular
    assert found.residual <= 1e-15
    assert local_dimensions(TENSORS, start[None], white(np.eye(2)), np.random.default_rng(0)) == [1]


def test_three_equal_singular_values_give_a_surface_and_two_a_curve():
    v = np.array([2, 1, 2]) / 3
    assert structure(MATRICES, point(1.0, v, v), white(np.eye(3))).dimension == 2
    found = structure(MATRICES, point(1.0, [0.6, 0.8, 0], [0.6, 0.8, 0]), white(np.diag([1, 1, 0.5])))
    assert (found.dimension, found.corank) == (1, 1)


@pytest.mark.parametrize("delta", [1e-4, 1e-8, 1e-11])
def test_nearly_equal_singular_values_leave_no_critical_point_between(delta):
    """Between the two regular points the gradient is of size δ: no critical point, and no continuum."""
    start = point(1.0, [0.6, 0.8], [0.6, 0.8])
    found = structure(TENSORS, start, white(np.diag([1 + delta, 1])))
    assert found.dimension is None or found.dimension == 0
    assert not found.singular
    regular = structure(TENSORS, point(1.0, [1, 0], [1, 0]), white(np.diag([1 + delta, 1])))
    assert (regular.dimension, len(regular.solutions)) == (0, 1)


def test_ties_to_rounding_are_ties():
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(2, 2)))[0] for _ in range(2))
    target = left @ right.T
    found = structure(TENSORS, point(1.0, right[:, 0], left[:, 0]), white(target))
    assert found.dimension == 1


def test_a_double_point_is_one_point_of_multiplicity_three():
    """Squares for b = (2, 1, 2): a minimum and two saddles meet at (1, 2, 1)."""
    found = structure(SQUARES, near(point(2.0, [1, 1]), 1e-7), white([2, 1, 2]))
    assert (found.dimension, found.corank, found.multiplicity, found.solutions) == (0, 1, 3, ())
    assert found.singular
    np.testing.assert_allclose(SQUARES.filters(found.point[None])[0], [1, 2, 1], atol=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("distance", [1e-5, 1e-7, 1e-9, 10**-11.5])
def test_a_cluster_is_resolved_into_its_points(sign, distance):
    """Squares c (x + t y)² for b = (p, 1, p), p = 2 (1 ± δ): t = 1, and two more that are real on one side.

    With w = (1, 2t, t²) the condition (b·w)² / w·w stationary reads, in s = t + 1/t:
    numerator p s + 2 for b·w / t, s² + 2 for w·w / t²; so 2 p (s² + 2) = 2 s (p s + 2), s = p.
    Thus t + 1/t = p: t = (p ± √(p² − 4)) / 2.
    """
    p = 2 * (1 + sign * distance)
    start = point(2.0, [1, 1 + 1e-7])
    found = structure(SQUARES, start, white([p, 1, p]))
    assert (found.dimension, found.singular, found.multiplicity) == (0, False, 3)
    roots = np.array([s[2] / s[1] for s in found.solutions])
    root = np.sqrt(np.clongdouble(p) ** 2 - 4)
    expected = np.array([1, (p - root) / 2, (p + root) / 2])
    distances = np.abs(roots[:, None] - expected[None]).astype(float)
    assert distances.min(axis=0).max() <= 1e-6 * np.sqrt(distance)
    assert sorted(distances.argmin(axis=1)) == [0, 1, 2]


def test_a_coincident_hyperroot_is_isolated():
    """(x² − y²)² has both layers in common; at residual zero dμ drops rank, and three points meet."""
    target = HYPERROOTS.filters(point(1.0, [1, 0, -1], [1, -1])[None])[0].real
    found = structure(HYPERROOTS, near(point(1.0, [1, 0, -1], [1, -1]), 1e-8), white(target))
    assert (found.dimension, found.multiplicity, found.singular) == (0, 3, True)


def test_where_nothing_is_critical_nothing_is_said():
    found = structure(TENSORS, point(1.0, [1, 0], [0, 1]), white([1, 0.3, 0.7, 1]))
    assert found.dimension != 1
    assert not found.singular or found.dimension == 0


@settings(max_examples=15, derandomize=True)
@given(st.floats(-3, 3), st.integers(0, 2**16))
def test_points_beside_a_continuum_are_moved_onto_it(angle, seed):
    v = np.array([np.cos(angle), np.sin(angle)])
    start = near(point(1.0, v, v), 1e-5, seed).real.astype(complex)
    moved, residual = onto_critical_set(TENSORS, start, white(np.eye(2)))
    assert residual <= 1e-15
    assert not moved.imag.any()
    matrix = TENSORS.filters(moved[None])[0].real.reshape(2, 2)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-14)
    np.testing.assert_allclose(np.linalg.svd(matrix)[1], [1, 0], atol=1e-14)
    assert np.linalg.norm(matrix - np.outer(v, v)) < 1e-4


@settings(max_examples=10, derandomize=True)
@given(st.integers(0, 2**16), st.integers(1, 3))
def test_the_dimension_is_that_of_the_space_of_equal_singular_values(seed, equal):
    """The rank-one approximations of a 3 × 3 matrix with m equal singular values are P^(m−1)."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2))
    values = np.array([1.0] * equal + [0.6, 0.3])[:3]
    direction = rng.normal(size=equal)
    direction /= np.linalg.norm(direction)
    start = point(1.0, right[:, :equal] @ direction, left[:, :equal] @ direction)
    found = structure(MATRICES, start, white((left * values) @ right.T), seed)
    assert found.dimension == found.corank == equal - 1


def test_a_zero_of_multiplicity_seventeen_is_no_continuum():
    """e_2 is the one filter without residual: the kernel of Σ touches the function space there to high order.

    The reduced equation of the gradient is of order t^17 at a θ over e_2, below rounding near t = 0.
    """
    arch = Architecture((2, 3, 2), (1, 2, 1))
    loss = loss_of(arch, "periodic", 23, 0)
    equations, data = equations_of(Stratum.of_layers(arch)), Data(loss.gram, loss.b)
    theta = np.array([1, 1, 0, 1, 0, 0, 0, 1], complex)
    np.testing.assert_allclose(equations.filters(theta[None])[0], np.eye(6)[2], atol=1e-15)
    assert local_dimensions(equations, theta[None], data, np.random.default_rng(0)) == [0]
    result = critical_points(arch, loss)
    assert result.complete
    assert result.continua == ()
    best = result.global_minimum
    np.testing.assert_allclose(best.filter, np.eye(6)[2], atol=1e-9)
    assert best.multiplicity == 9


def test_a_corank_of_two_at_a_point_of_high_multiplicity_is_no_continuum():
    """x^4 y is the one filter without residual, and a double θ over it has Newton matrices of corank two.

    Random affine equations that come near the θ have solutions there up to rounding.
    """
    arch = Architecture((4, 3), (1, 1))
    loss = loss_of(arch, "periodic", 20, 0)
    equations, data = equations_of(Stratum.of_layers(arch)), Data(loss.gram, loss.b)
    theta = np.array([1, 0, 0, 1, 0, 0, 0, 1], complex)
    np.testing.assert_allclose(equations.filters(theta[None])[0], np.eye(6)[4], atol=1e-15)
    assert [local_dimensions(equations, theta[None], data, np.random.default_rng(seed)) for seed in range(20)] == [
        [0]
    ] * 20
    mirrored = SquaredLoss(loss.gram[::-1, ::-1], loss.b[::-1], loss.constant)
    for each in (loss, mirrored):
        result = critical_points(arch, each, seed=20)
        assert result.complete
        assert result.continua == ()
        assert result.global_minimum.multiplicity == 5


def test_curves_are_told_where_others_are_near():
    """At 0.3 from two of the six ends on the curve Newton's method reaches other critical points."""
    arch, loss = Architecture((3, 2, 2), (3, 2, 1)), loss_of(Architecture((3, 2, 2), (3, 2, 1)), "ties", 1, 0)
    for seed in range(3):
        result = critical_points(arch, loss, seed=seed)
        assert result.complete
        assert result.counts.singular == 6
        assert [part.statistics["detours"] for part in result.strata] == [0]


def test_runs_that_come_to_rest_where_nothing_is_critical_end_soon(monkeypatch):
    """Affine equations near an isolated point of corank two have no solution: the residual is least somewhere."""
    arch = Architecture((3, 3), (1, 1))
    calls, rests, linearized, meets = [], [], Frames.linearized, Frames.meets

    def counted(frames, local):
        calls.append(len(local))
        return linearized(frames, local)

    def asked(frame, dimension, rng, **options):
        before = len(calls)
        found = meets(frame, dimension, rng, **options)
        rests.append((found, len(calls) - before))
        return found

    monkeypatch.setattr(Frames, "linearized", counted)
    monkeypatch.setattr(Frames, "meets", asked)
    result = critical_points(arch, loss_of(arch, "periodic", 3, 4), seed=3)
    assert result.complete
    assert result.continua == ()
    assert rests
    for found, steps in rests:
        assert not found
        assert LOCAL.judged_after < steps <= LOCAL.judged_after + 3 * LOCAL.compared_after < LOCAL.slow_steps


def forms(rng, *degrees):
    """A random map C² → C² with terms of some degrees."""
    parts = [(d, rng.normal(size=(d + 1, 2)) + 1j * rng.normal(size=(d + 1, 2))) for d in degrees]
    return lambda x, y: sum(np.stack([x**k * y ** (d - k) for k in range(d + 1)], 1) @ a for d, a in parts)


def on_a_curve(rng, curve, degree, further):
    """A random map that vanishes on a curve, but for terms of higher order."""
    rest, more = forms(rng, degree), forms(rng, degree + 3)
    return lambda x, y: curve(x, y)[:, None] * rest(x, y) + further * more(x, y)


def told_alone(rng, g):
    t = rng.normal(size=(LOCAL.samples, 2)) + 1j * rng.normal(size=(LOCAL.samples, 2))
    t *= LOCAL.radius / np.linalg.norm(t, axis=1)[:, None]
    return _has_no_zero_on_the_sphere(t, g(*t.T).astype(np.clongdouble))


@pytest.mark.parametrize("degree", [2, 3])
def test_leading_terms_without_a_common_zero_tell_that_zero_is_alone(degree):
    rng = np.random.default_rng(degree)
    assert np.mean([told_alone(rng, forms(rng, degree, degree + 2)) for _ in range(50)]) > 0.8


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("curve", [lambda x, y: y - 0.7 * x - x * x, lambda x, y: x * x + y * y, lambda x, y: x])
def test_on_a_curve_no_leading_terms_tell_that_zero_is_alone(degree, curve):
    """Nor where the curve is one of zeros of the leading terms only."""
    rng = np.random.default_rng(degree)
    for further in (0.0, 1.0):
        for _ in range(50):
            assert not told_alone(rng, on_a_curve(rng, curve, degree, further))


@pytest.mark.parametrize("degree", [2, 3])
def test_the_least_size_of_forms_on_the_sphere_is_a_lower_bound(degree):
    rng = np.random.default_rng(degree)
    for _ in range(20):
        rows = np.linalg.qr(rng.normal(size=(degree + 1, 2)) + 1j * rng.normal(size=(degree + 1, 2)))[0].T
        t = rng.normal(size=(5000, 2)) + 1j * rng.normal(size=(5000, 2))
        sizes = np.linalg.norm(_monomials(t / np.linalg.norm(t, axis=1)[:, None], degree) @ rows.T, axis=1)
        assert sizes.min() - 0.2 < _least_size(rows, degree) <= sizes.min()
