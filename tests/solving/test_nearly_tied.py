"""Near ties: regular points on what is a continuum of tied data are told apart, down to 1e-10."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.solving.nearly_tied import follow_along_continuum
from homotopy_lcn.tracking import Homotopy

TENSORS = Architecture((2, 2), (2, 1))


def pencil(delta, left, right):
    """Rotations of diag(1 + δ, 1): the loss, and the two critical filters, the minimum first."""
    first, second = np.outer(left[:, 0], right[:, 0]), np.outer(left[:, 1], right[:, 1])
    return SquaredLoss.white(np.ravel((1 + delta) * first + second)), [(1 + delta) * first, second]


def assert_two_regular_points(delta, left, right, seed=0):
    loss, expected = pencil(delta, left, right)
    result = critical_points(TENSORS, loss, seed=seed)
    assert result.complete
    assert result.continua == ()
    assert [point.kinds for point in result] == [("minimum",), ("saddle",)]
    assert [point.indices for point in result] == [(0,), (1,)]
    for point, matrix in zip(result, expected, strict=True):
        assert point.real
        assert point.nonsingular
        # The singular vectors of the rounded target are known to rounding / δ.
        assert np.linalg.norm(point.filter - np.ravel(matrix)) <= 1e-14 / delta + 1e-13
    np.testing.assert_allclose([point.loss for point in result], [1, (1 + delta) ** 2], rtol=1e-14)
    assert result.global_minimum is result[0]


def turn(angle, mirrored=False):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s], [s, -c]] if mirrored else [[c, -s], [s, c]])


def test_a_ten_millionth_from_a_tie():
    """Σ = I, b = (1.0000001, 0, 0, 1)."""
    result = critical_points(TENSORS, SquaredLoss(np.eye(4), [1.0000001, 0, 0, 1.0], 2.0))
    assert result.complete
    assert [(point.kinds, point.nonsingular) for point in result] == [(("minimum",), True), (("saddle",), True)]
    np.testing.assert_allclose(result[0].filter, [1.0000001, 0, 0, 0], atol=1e-15)
    assert result[1].filter.tolist() == [0, 0, 0, 1]  # nothing is left of Newton's method, slow as it is there
    # 2 − (1 + 1e-7)² and 2 − 1
    np.testing.assert_allclose([point.loss for point in result], [1 - 2e-7 - 1e-14, 1], atol=1e-15)


@settings(max_examples=12, derandomize=True)
@given(st.floats(4, 10), st.floats(0, 7), st.floats(0, 7), st.booleans())
def test_rotations_of_nearly_tied_matrices_have_two_regular_points(digits, one, other, mirrored):
    assert_two_regular_points(10.0**-digits, turn(one), turn(other, mirrored))


@pytest.mark.slow
@pytest.mark.parametrize("delta", [1e-6, 1e-7, 1e-8, 3e-9, 1e-9, 1e-10])
def test_none_of_many_rotations_is_wrong(delta):
    rng = np.random.default_rng(0)
    for _ in range(100):
        one, other = 2 * np.pi * rng.random(2)
        assert_two_regular_points(delta, turn(one), turn(other, rng.random() < 0.5))


@pytest.mark.parametrize("delta", [1e-8, 1e-10])
def test_three_nearly_equal_singular_values_have_three_regular_points(delta):
    rng = np.random.default_rng(4)
    left, right = (np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2))
    values = 1 + delta * np.array([2.0, 1.0, 0.0])
    result = critical_points(Architecture((3, 3), (3, 1)), SquaredLoss.white(np.ravel((left * values) @ right.T)))
    assert result.complete
    assert result.continua == ()
    assert [point.indices for point in result] == [(0,), (1,), (2,)]
    np.testing.assert_allclose([point.loss for point in result], (values**2).sum() - values**2, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(("sign", "real"), [(1, 5), (-1, 3)])
@pytest.mark.parametrize("distance", [1e-6, 1e-9, 10**-11.5])
def test_three_squares_that_nearly_meet_are_three_points(distance, sign, real):
    """b = (p, 1, p), p = 2 (1 ± δ), Σ = I: squares with the double roots t, t + 1/t = p, and t = 1.

    Beside them the square with t = −1, and the pure point b itself, which has no real roots.
    """
    p = 2 * (1 + sign * distance)
    result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss(np.eye(3), [p, 1.0, p], 2 * p * p + 1))
    assert result.complete
    assert (len(result), result.counts.real) == (5, real)
    assert all(point.nonsingular for point in result)
    near = [point for point in result if np.linalg.norm(point.filter - [5 / 3, 10 / 3, 5 / 3]) < 0.1 or
            np.linalg.norm(point.filter - [1, 2, 1]) < 0.1]  # fmt: skip
    assert len(near) == 3
    roots = np.array([point.filter[1] / (2 * point.filter[0]) for point in near])
    expected = [1.0, *np.roots([1, -p, 1])]
    gap = np.sqrt(2 * distance)
    assert max(min(abs(root - other) for root in roots) for other in expected) < 0.01 * gap
    kinds = sorted(point.kinds for point in near if point.real)
    assert kinds == ([("minimum",), ("minimum",), ("saddle",)] if sign > 0 else [("minimum",)])


# One path along the continuum


@pytest.mark.parametrize("delta", [1e-8, 1e-10])
def test_a_path_is_followed_along_the_continuum_to_its_end(delta):
    """From complex data to diag(1 + δ, 1): near s = 0 the path leaves the point where it would end for δ = 0."""
    equations = equations_of(Stratum.of_layers(TENSORS))
    rng = np.random.default_rng(2)
    start = Data(np.eye(4) + 0.1 * np.diag(rng.normal(size=4)), rng.normal(size=4) + 1j * rng.normal(size=4))
    target = Data(np.eye(4), np.array([1 + delta, 0, 0, 1.0]))
    # For δ = 0, the limits are the points v vᵀ, v·v = 1, where the loss of the start data is critical along the curve.
    metric = (start.gram - np.eye(4)).astype(complex)
    turns = np.linspace(0, np.pi, 64, endpoint=False) + 0j
    moments = start.b - np.array([1, 0, 0, 1])

    def slope(t):
        v, dv = np.array([np.cos(t), np.sin(t)]), np.array([-np.sin(t), np.cos(t)])
        w, dw = np.outer(v, v).ravel(), (np.outer(dv, v) + np.outer(v, dv)).ravel()
        return dw @ (metric @ w - moments)

    limit = None
    for t in turns:
        for _ in range(40):
            step = slope(t) / ((slope(t + 1e-5) - slope(t - 1e-5)) / 2e-5)
            t -= step
        if abs(step) < 1e-9 and abs(t.imag) < 1:
            limit = np.array([1, np.cos(t), np.sin(t), np.cos(t), np.sin(t)])
            break
    assert limit is not None
    limit = equations.normalize(limit[None])[0]
    end = follow_along_continuum(equations, limit, Homotopy(start, target), delta)
    assert end is not None
    w = equations.filters(end[None].astype(complex))[0]
    assert min(np.linalg.norm(w - [1 + delta, 0, 0, 0]), np.linalg.norm(w - [0, 0, 0, 1])) < 1e-14


def test_data_that_are_not_nearly_tied_are_left_alone():
    equations = equations_of(Stratum.of_layers(TENSORS))
    data = Data(np.eye(4), np.array([1.5, 0, 0, 1.0]))
    homotopy = Homotopy(Data(np.eye(4), np.ones(4) + 0j), data)
    point = np.array([1, 0.6, 0.8, 0.6, 0.8], complex)
    assert follow_along_continuum(equations, point, homotopy, 0.5) is None
    assert follow_along_continuum(equations, point, homotopy, 0.0) is None
