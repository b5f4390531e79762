"""The kernel's refinement against NumPy's, and against 50 digits."""

from __future__ import annotations

from functools import cache

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine
from homotopy_lcn.tracking.refinement import Refined, refine, refine_with_numpy
from homotopy_lcn.tracking.settings import Tracking
from homotopy_lcn.tracking.tolerances import REFINEMENT

_native = pytest.importorskip("homotopy_lcn.tracking._native")
from homotopy_lcn.tracking.native import refine_points  # noqa: E402

SETS = _native.instruction_sets()
each_set = pytest.mark.parametrize("instruction_set", SETS)


def complex_normal(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def solved(stratum, rng, count=11, real=False):
    """Points near a random one, and real data that this one is critical for: b = Σw − e with Jᵀe = 0."""
    equations = equations_of(stratum)
    point = rng.standard_normal((1, stratum.coordinates)).astype(complex)
    point = equations.normalize(point)
    size = stratum.filter_size
    root = rng.standard_normal((size, size))
    gram = root @ root.T / size + np.eye(size)
    filter_ = equations.filters(point)[0].real
    tangent = equations.tangent_space(point)[0].real
    normal = np.linalg.svd(tangent.T)[2][stratum.dimension :]
    data = Data(gram, gram @ filter_ - 0.1 * rng.standard_normal(len(normal)) @ normal)
    noise = (
        rng.standard_normal((count, stratum.coordinates)) if real else complex_normal(rng, count, stratum.coordinates)
    )
    return equations.normalize(point * (1 + 1e-5 * noise)), data


def by_kernel(stratum, points, data, *, real=False, steps=6, jobs=1, instruction_set=""):
    return Refined(
        *refine_points(stratum, points, data, real=real, steps=steps, jobs=jobs, instruction_set=instruction_set)
    )


@st.composite
def strata(draw):
    factors, size = [], 1
    for _ in range(draw(st.integers(1, 4))):
        dilation = draw(st.integers(1, 5))
        power = draw(st.integers(1, 3))
        degree = draw(st.integers(1, 4))
        if size + degree * power * dilation <= 30:
            factors.append(Factor(degree, power, dilation))
            size += degree * power * dilation
    return Stratum(tuple(factors))


@settings(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
@given(strata(), st.integers(0, 2**32), st.booleans(), st.sampled_from(SETS))
@example(Stratum(()), 0, False, SETS[0])
@example(Stratum((Factor(2, 2, 1), Factor(1, 3, 1))), 1, False, SETS[-1])
@example(Stratum((Factor(1, 2, 1), Factor(2, 3, 2))), 2, True, SETS[0])
@example(Stratum((Factor(3, 1, 1), Factor(3, 1, 2), Factor(3, 1, 4))), 3, False, SETS[0])
def test_random_strata_and_data_are_refined_as_by_numpy(stratum, seed, real, instruction_set):
    points, data = solved(stratum, np.random.default_rng(seed), real=real)
    found = by_kernel(stratum, points, data, real=real, instruction_set=instruction_set)
    expected = refine_with_numpy(equations_of(stratum), points, data, real=real)
    fine = (expected.errors < 1e-14) & (expected.conditions < 1e5)
    assert (found.errors[fine] < 1e-14).all()
    scale = np.linalg.norm(expected.filters, axis=1)[:, None]
    # NumPy's residuals have 11 bits more than a double, the condition number takes them and more.
    np.testing.assert_allclose((found.filters / scale)[fine], (expected.filters / scale)[fine], rtol=0, atol=1e-13)
    np.testing.assert_allclose(
        np.abs(equations_of(stratum).normalize(found.points.astype(complex)) / points)[fine], 1, rtol=1e-2
    )
    # At a solution the derivatives of second order along the scalar, which the kernel leaves out, vanish.
    there = expected.points[fine]
    again = by_kernel(stratum, there, data, real=real, steps=1, instruction_set=instruction_set)
    other = refine_with_numpy(equations_of(stratum), there, data, real=real, steps=1)
    # The kernel scales by entries alone where that cannot matter much, and leaves singular matrices to NumPy.
    told = np.isfinite(again.conditions)
    alike = np.isclose(again.conditions, other.conditions, rtol=1e-4)
    assert (again.conditions[told & ~alike] <= 1e4).all()
    assert (other.conditions[told] < 1e7).all()
    if real:
        assert (found.points.imag == 0).all()
        assert (found.filters.imag == 0).all()


@each_set
def test_residuals_have_twice_the_precision(instruction_set):
    """Gram matrix of condition 1e8: the filters are right to the last bits of a double."""
    rng = np.random.default_rng(4)
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
    axes = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    gram = axes @ np.diag(np.geomspace(1, 1e-8, 5)) @ axes.T
    data = Data((gram + gram.T) / 2, gram @ rng.standard_normal(5))
    start = start_system(stratum, 10, Tracking(get_engine()))
    ends = get_engine().track(stratum, start.points, Homotopy(start.data, data), TrackerOptions.conservative())
    assert ends.success.all()
    found = by_kernel(stratum, ends.points, data, instruction_set=instruction_set)
    assert (found.errors < 1e-14).all()
    assert found.conditions.max() > 1e3
    with mpmath.workdps(50):
        sigma = mpmath.matrix(data.gram.tolist())
        for point, filter_ in zip(found.points, found.filters, strict=True):
            w = exact_solution(point, sigma, data.b)
            error = mpmath.norm([mpmath.mpmathify(complex(a)) - b for a, b in zip(filter_, w, strict=True)])
            assert error <= 2 * np.finfo(float).eps * mpmath.norm(w)


def exact_solution(point, gram, b):
    """The filter c q(x) r(x²) of degrees 2 and 1 near a point, by Newton's method at 50 digits, r_0 fixed."""
    parts = [mpmath.mpmathify(complex(z)) for z in point]
    q, r = [parts[0] * z for z in parts[1:4]], parts[4:]

    def filter_of(q, r):
        return [q[0] * r[0], q[1] * r[0], q[2] * r[0] + q[0] * r[1], q[1] * r[1], q[2] * r[1]]

    def equations(q0, q1, q2, r1):
        q, s = [q0, q1, q2], [r[0], r1]
        residual = gram * mpmath.matrix(filter_of(q, s)) - mpmath.matrix(b.tolist())
        rows = [s[0] * residual[i] + s[1] * residual[i + 2] for i in range(3)]
        return [*rows, mpmath.fsum(q[i] * residual[i + 2] for i in range(3))]

    *q, r1 = mpmath.findroot(equations, (*q, r[1]), tol=1e-60, maxsteps=30)
    return filter_of(q, [r[0], r1])


@cache
def example_points():
    stratum = Stratum((Factor(2, 1, 1), Factor(2, 1, 2)))
    return stratum, *solved(stratum, np.random.default_rng(5), count=100)


@each_set
def test_neither_threads_nor_neighbours_change_a_bit(instruction_set):
    stratum, points, data = example_points()
    alone = by_kernel(stratum, points, data, instruction_set=instruction_set)
    shared = by_kernel(stratum, points, data, jobs=3, instruction_set=instruction_set)
    for name in ("points", "filters", "errors", "conditions"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(shared, name))


def test_what_the_kernel_is_not_sure_of_is_left_to_numpy():
    stratum, points, data = example_points()
    points = points.copy()
    points[3, 0] = 0.0  # a singular matrix
    points[5] = np.nan
    found = refine(equations_of(stratum), points, data)
    expected = refine_with_numpy(equations_of(stratum), points, data)
    for row in (3, 5):
        np.testing.assert_array_equal(found.points[row], expected.points[row])
        assert np.isinf(found.errors[row])
    rest = [row for row in range(len(points)) if row not in (3, 5)]
    assert (found.errors[rest] < REFINEMENT.small_step).all()


@each_set
def test_condition_numbers_of_rows_of_different_sizes_are_those_of_numpy(instruction_set):
    """Small filters make Newton matrices whose rows differ in size: the sizes of the terms scale them."""
    stratum, rng = Stratum((Factor(3, 1, 1), Factor(3, 1, 4))), np.random.default_rng(0)
    start = start_system(stratum, 284, Tracking(get_engine()))
    root = rng.standard_normal((64, 16))
    data = Data(root.T @ root / 64, rng.standard_normal(16))
    points = get_engine().track(stratum, start.points, Homotopy(start.data, data), TrackerOptions()).points
    found = by_kernel(stratum, points, data, instruction_set=instruction_set)
    expected = refine_with_numpy(equations_of(stratum), points, data)
    assert np.isfinite(found.conditions).all()
    alike = np.isclose(found.conditions, expected.conditions, rtol=1e-6)
    assert alike.sum() > 140
    assert (found.conditions[~alike] <= 1e4).all()


def test_condition_numbers_that_the_kernel_does_not_tell_are_those_of_numpy():
    """Nearly singular matrices are left to NumPy."""
    stratum, rng = Stratum((Factor(4, 1, 1),)), np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    gram = turn * [1.0, 1.0, 1.0, 1.0, 1e-7] @ turn.T
    w = rng.standard_normal(5)
    points = equations_of(stratum).normalize(np.array([[1.0, *w]], complex))
    data = Data(gram, gram @ w)
    found, expected = (method(equations_of(stratum), points, data) for method in (refine, refine_with_numpy))
    assert np.isinf(by_kernel(stratum, points, data).conditions).all()
    assert (expected.conditions > 1e6).all()
    np.testing.assert_allclose(found.conditions, expected.conditions, rtol=1e-6)


def test_complex_data_are_left_to_numpy():
    stratum, points, data = example_points()
    turned = Data(1j * data.gram, 1j * data.b)
    found, expected = (method(equations_of(stratum), points, turned) for method in (refine, refine_with_numpy))
    np.testing.assert_array_equal(found.points, expected.points)


def test_no_points():
    stratum, points, data = example_points()
    found = refine(equations_of(stratum), points[:0], data)
    assert found.points.shape == (0, stratum.coordinates)
    assert found.filters.shape == (0, stratum.filter_size)
    assert found.errors.shape == found.conditions.shape == (0,)


def arguments(**changes):
    points = np.ones((3, 6), complex)
    result = {
        "factors": [(2, 1, 1), (1, 1, 2)],
        "high": points,
        "low": 0 * points,
        "gram": np.eye(5),
        "b": np.ones(5),
        "real": False,
        "steps": 6,
        "small_step": REFINEMENT.small_step,
        "reused_matrix": REFINEMENT.reused_matrix,
        "jobs": 1,
        "instruction_set": "",
    }
    return result | changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("factors", []),
        ("factors", [(2, 2, 1), (1, 1, 1)]),
        ("gram", np.eye(6)),
        ("factors", [(5000, 1, 1)]),
        ("high", np.ones((3, 5), complex)),
        ("high", np.ones(6, complex)),
        ("low", np.ones((3, 5), complex)),
        ("low", np.ones((2, 6), complex)),
        ("gram", np.eye(4)),
        ("gram", np.full((5, 5), np.nan)),
        ("b", np.ones(4)),
        ("b", np.full(5, np.inf)),
        ("steps", 0),
        ("small_step", 0.0),
        ("reused_matrix", -1.0),
        ("jobs", 0),
        ("instruction_set", "none"),
    ],
)
def test_arguments_of_the_kernel_are_checked(name, value):
    with pytest.raises(ValueError, match=name):
        _native.refine(**arguments(**{name: value}))


def test_condition_numbers_of_graded_and_repeated_singular_values():
    """A white problem whose matrix is a multiple of the identity, and the same in other units."""
    stratum = Stratum((Factor(3, 1, 1),))
    for gram, condition in ((np.eye(4), 1.0), (np.diag([1.0, 1e-4, 1e-8, 1e-12]), None)):
        w = np.array([[1.0, 0.5, 0.5, 0.5, 0.5]], complex)
        found = by_kernel(stratum, w, Data(gram, gram @ w[0, 1:].real))
        expected = refine_with_numpy(equations_of(stratum), w, Data(gram, gram @ w[0, 1:].real))
        if np.isfinite(found.conditions).all():
            np.testing.assert_allclose(found.conditions, expected.conditions, rtol=1e-3)
        if condition is not None:
            np.testing.assert_allclose(found.conditions, condition, rtol=1e-12)


@each_set
def test_data_whose_rows_coincide_are_refined_as_by_numpy(instruction_set):
    """The data of a network of any support: coefficients whose exponents coincide have the same rows."""
    stratum, rng = Stratum((Factor(2, 1, 1), Factor(3, 1, 3))), np.random.default_rng(4)
    place = (np.arange(12) % 3 + np.arange(12) // 3)[:, None]
    root = rng.standard_normal((6, 6))
    gram, b = (root @ root.T)[place, place.T], rng.standard_normal(6)[place[:, 0]]
    data = Data(np.ascontiguousarray(gram), b)
    start = start_system(stratum, 83, Tracking(get_engine()))
    tracked = get_engine().track(stratum, start.points, Homotopy(start.data, data), TrackerOptions())
    points = tracked.points[tracked.success][:20]
    expected = refine_with_numpy(equations_of(stratum), points, data)
    regular = expected.conditions < 1e4
    assert regular.sum() > 5
    found = by_kernel(stratum, points[regular], data, instruction_set=instruction_set)
    np.testing.assert_allclose(found.filters, expected.filters[regular], rtol=1e-9, atol=1e-12)
    told = np.isfinite(found.conditions)
    assert told.any()
    np.testing.assert_array_less(found.errors, 1e-12)


def test_condition_numbers_of_singular_matrices_are_not_told():
    """A column of zeros, and w = 0 with data zero: NumPy's code tells."""
    stratum = Stratum((Factor(2, 1, 1),))
    for gram in (np.diag([1.0, 1.0, 0.0]), np.zeros((3, 3))):
        found = by_kernel(stratum, np.array([[1.0, 1.0, 0.5, 0.0]], complex), Data(gram, np.ones(3)))
        assert not (found.conditions < 1e6).any()
