from __future__ import annotations

import mpmath
import numpy as np
import pytest

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine, refinement
from homotopy_lcn.tracking.gradients import half_gradient
from homotopy_lcn.tracking.refinement import filters_of
from homotopy_lcn.tracking.settings import Tracking

DIGITS = 50
EPS = float(np.finfo(np.longdouble).eps)


@pytest.fixture(params=["refine", "refine_with_numpy"])
def refine(request):
    """With the kernel, where it is installed, and without."""
    return getattr(refinement, request.param)


def is_condition(condition, expected, refine, rel):
    """Whether a condition number is as expected; below 1e4 the kernel, which scales by entries alone, may differ."""
    if refine is refinement.refine and get_engine().name == "native" and expected < 1e4:
        return 1 <= condition <= 1e4
    return condition == pytest.approx(expected, rel=rel)


def hilbert_data(size, rng, condition=1e8):
    """A Gram matrix of the given condition number, eigenvectors at random."""
    basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
    gram = basis @ np.diag(np.geomspace(1, 1 / condition, size)) @ basis.T
    gram = (gram + gram.T) / 2
    return Data(gram, gram @ rng.standard_normal(size))


def complex_normal(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def exact(number):
    """A number in extended precision as an mpmath number, without loss."""
    parts = []
    for part in (number.real, number.imag):
        part = np.longdouble(part)
        high = float(part)
        parts.append(mpmath.mpf(high) + mpmath.mpf(float(part - np.longdouble(high))))
    return mpmath.mpc(*parts)


def convolve(left, right):
    result = [mpmath.mpc(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            result[i + j] += a * b
    return result


def exact_filter(stratum, point, changed=None, unit=None):
    """The filter of a point, or its derivative in coefficient ``unit`` of factor ``changed``, by the product rule."""
    forms = []
    for f, (factor, part) in enumerate(zip(stratum.factors, stratum.slices, strict=True)):
        form = [mpmath.mpc(0)] * (factor.degree * factor.dilation + 1)
        form[:: factor.dilation] = point[part]
        power = factor.power - (f == changed)
        forms += [form] * power
        if f == changed:
            direction = [mpmath.mpc(0)] * len(form)
            direction[unit * factor.dilation] = mpmath.mpc(factor.power)
            forms.append(direction)
    result = [point[0]]
    for form in forms:
        result = convolve(result, form)
    return result


def exact_gradient(stratum, point, data):
    """Half the gradient of the loss in all coordinates at 50 digits, and the sums of the terms' absolute values."""
    w = exact_filter(stratum, point)
    gram = [[mpmath.mpf(float(a)) for a in row] for row in data.gram]
    residual = [mpmath.fdot(row, w) - mpmath.mpf(float(b)) for row, b in zip(gram, data.b, strict=True)]
    sizes = [
        mpmath.fsum(abs(a * c) for a, c in zip(row, w, strict=True)) + abs(float(b))
        for row, b in zip(gram, data.b, strict=True)
    ]
    derivatives = [[a / point[0] for a in w]]
    for f, factor in enumerate(stratum.factors):
        derivatives += [exact_filter(stratum, point, f, unit) for unit in range(factor.degree + 1)]
    gradient = [mpmath.fdot(column, residual) for column in derivatives]
    bounds = [mpmath.fsum(abs(a) * size for a, size in zip(column, sizes, strict=True)) for column in derivatives]
    return gradient, bounds


def exact_solution(stratum, point, data):
    """The filter of the critical point near ``point``, by Newton's method at 50 digits in fixed affine patches."""
    point = [exact(number) for number in point]
    fixed = [part.start + int(np.argmax([abs(q) for q in point[part]])) for part in stratum.slices]
    free = [i for i in range(len(point)) if i not in fixed]

    def equations(*values):
        moved = list(point)
        for i, value in zip(free, values, strict=True):
            moved[i] = value
        gradient = exact_gradient(stratum, moved, data)[0]
        return [gradient[i] for i in free]

    values = mpmath.findroot(equations, [point[i] for i in free], tol=1e-80, maxsteps=20)
    for i, value in zip(free, values, strict=True):
        point[i] = value
    return exact_filter(stratum, point)


def sensitivity(stratum, point, data):
    """How much one relative error in every term of the gradient moves the filter of a critical point, relatively.

    With B the directions of the affine patch through the point, H the gradient's derivative and W the filter's
    derivative, an error δ of the gradient moves the filter by W B (Bᵀ H B)⁻¹ Bᵀ δ.
    """
    point = [exact(number) for number in point]
    directions = [np.eye(len(point), dtype=complex)[0]]
    for part in stratum.slices:
        form = np.array([complex(a) for a in point[part]])
        for row in np.linalg.svd(form.conj()[None])[2][1:].conj():
            directions.append(np.zeros(len(point), complex))
            directions[-1][part] = row
    gradient, bounds = exact_gradient(stratum, point, data)
    filter_, increment = exact_filter(stratum, point), mpmath.mpf(10) ** -25

    def derivative(before, after):
        return [complex((a - b) / increment) for a, b in zip(after, before, strict=True)]

    rows, columns = [], []
    for direction in directions:
        moved = [a + increment * mpmath.mpc(complex(d)) for a, d in zip(point, direction, strict=True)]
        rows.append(derivative(gradient, exact_gradient(stratum, moved, data)[0]))
        columns.append(derivative(filter_, exact_filter(stratum, moved)))
    basis = np.array(directions)
    hessian = basis @ np.array(rows).T
    scale = 1 / np.sqrt(np.abs(np.diag(hessian)))
    inverse = np.linalg.inv(hessian * np.outer(scale, scale)) * np.outer(scale, scale)
    moves = np.abs(np.array(columns).T @ inverse @ basis) @ np.array([float(bound) for bound in bounds])
    return float(np.linalg.norm(moves) / mpmath.norm(filter_))


def distance(filter_, solution):
    difference = mpmath.norm([exact(a) - b for a, b in zip(filter_, solution, strict=True)])
    return float(difference / mpmath.norm(solution))


def solved(arch, data, pattern=None):
    """Critical points as the tracker leaves them."""
    table = generic_count(arch)
    row = next(row for row in table if row.pattern == (pattern or table.rows[0].pattern))
    engine = get_engine("reference")
    start = start_system(Stratum.of_pattern(arch.blocks, row.pattern), row.count, Tracking(engine))
    result = engine.track(start.stratum, start.points, Homotopy(start.data, data), TrackerOptions())
    return equations_of(start.stratum), result.points[result.success]


@pytest.mark.parametrize(
    "stratum",
    [
        Stratum((Factor(3, 1, 1), Factor(2, 1, 2))),
        Stratum((Factor(2, 2, 1), Factor(1, 3, 1))),
        Stratum((Factor(1, 1, 1), Factor(1, 2, 1), Factor(2, 1, 3))),
        Stratum(()),
    ],
    ids=lambda stratum: stratum.name,
)
def test_the_gradient_in_extended_precision(stratum):
    rng = np.random.default_rng(0)
    data = hilbert_data(stratum.filter_size, rng)
    points = complex_normal(rng, 3, stratum.coordinates).astype(np.clongdouble)
    points += np.clongdouble(1e-18) * complex_normal(rng, 3, stratum.coordinates)
    found = half_gradient(stratum, points, data.gram.astype(np.longdouble), data.b.astype(np.longdouble))
    assert found.dtype == np.clongdouble
    with mpmath.workdps(DIGITS):
        for row, point in zip(found, points, strict=True):
            expected, bounds = exact_gradient(stratum, [exact(number) for number in point], data)
            for a, b, bound in zip(row, expected, bounds, strict=True):
                assert abs(exact(a) - b) <= 8 * EPS * bound


ILL_CONDITIONED = pytest.mark.parametrize(
    ("filters", "strides", "pattern"),
    [((3, 2), (2, 1), None), ((2, 2, 2), (1, 2, 1), ((2,), (1,))), ((2, 2, 2), (1, 1, 1), ((2, 1),))],
)


@ILL_CONDITIONED
def test_refined_points_of_an_ill_conditioned_problem_gain_the_digits_of_extended_precision(
    filters, strides, pattern, refine
):
    """Gram matrix of condition 1e8: every point is as good as rounding of the gradient in extended precision leaves it.

    A fixed number of digits would depend on the last bits of the tracker's points and of the inverse, and so on the
    processor: one rounding of the terms of the gradient moves the worst of these points by 4.7e-12, others by 1e-18.
    """
    arch = Architecture(filters, strides)
    data = hilbert_data(arch.filter_size, np.random.default_rng(1))
    equations, points = solved(arch, data, pattern)
    assert len(points) == next(row.count for row in generic_count(arch) if row.pattern == (pattern or row.pattern))
    refined = refine(equations, points, data)
    assert refined.points.dtype == np.clongdouble
    before, after = [], []
    with mpmath.workdps(DIGITS):
        for point, rough, fine in zip(refined.points, equations.filters(points), refined.filters, strict=True):
            solution = exact_solution(equations.stratum, point, data)
            before.append(distance(rough, solution))
            after.append(distance(fine, solution))
            assert after[-1] <= np.finfo(float).eps + EPS * sensitivity(equations.stratum, point, data)
    assert max(after) <= max(before) / 100


@ILL_CONDITIONED
def test_the_filters_are_the_products_of_the_points(filters, strides, pattern):
    arch = Architecture(filters, strides)
    equations, points = solved(arch, hilbert_data(arch.filter_size, np.random.default_rng(2)), pattern)
    with mpmath.workdps(DIGITS):
        for found, point in zip(filters_of(equations.stratum, points), points, strict=True):
            assert distance(found, exact_filter(equations.stratum, [exact(number) for number in point])) < 1e-15


def test_real_points_stay_real(refine):
    arch = Architecture((3, 2), (2, 1))
    data = hilbert_data(arch.filter_size, np.random.default_rng(3), condition=10)
    equations, points = solved(arch, data)
    filters = equations.filters(points)
    real = np.abs(filters.imag).max(axis=1) < 1e-10
    assert 0 < real.sum() < len(points)
    started = []
    for point in points[real]:
        point = point.copy()
        for part in equations.stratum.slices:
            phase = point[part][np.argmax(np.abs(point[part]))]
            phase /= abs(phase)
            point[part] /= phase
            point[0] *= phase
        started.append(point.real * (1 + 1e-7))
    refined = refine(equations, np.array(started), data, real=True)
    assert (refined.points.imag == 0).all()
    assert (refined.filters.imag == 0).all()
    assert (refined.errors < 1e-14).all()
    np.testing.assert_allclose(refined.filters, filters[real], rtol=0, atol=1e-11)


def test_a_disturbed_point_converges_and_a_solution_stays(refine):
    arch = Architecture((3, 2), (2, 1))
    data = hilbert_data(arch.filter_size, np.random.default_rng(4), condition=10)
    equations, points = solved(arch, data)
    disturbed = points * (1 + 1e-4 * complex_normal(np.random.default_rng(5), *points.shape))
    first = refine(equations, disturbed, data)
    again = refine(equations, first.points, data)
    for refined in (first, again):
        assert (refined.errors < 1e-15).all()
        np.testing.assert_allclose(refined.filters, equations.filters(points), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(again.filters, first.filters, rtol=1e-15, atol=1e-15)
    assert (refine(equations, disturbed, data, steps=1).errors > 1e-6).all()


def test_the_condition_is_that_of_the_hessian_scaled_to_the_sizes_of_its_terms(refine):
    arch = Architecture((3, 2), (2, 1))
    data = hilbert_data(arch.filter_size, np.random.default_rng(6), condition=100)
    equations, points = solved(arch, data)
    refined = refine(equations, points, data)
    for point, condition in zip(points, refined.conditions, strict=True):
        hessian = equations.evaluate_at(point[None], data).hessian[0]
        bases, unit = equations.patches(point[None]), np.eye(len(hessian), dtype=complex)
        directions = np.concatenate([equations.displacement(point[None], bases, row[None]) for row in unit])
        # Derivatives of the filter as differences: exact up to rounding, as the filter is linear in each factor.
        columns = (equations.filters(point + directions) - equations.filters(point - directions)) / 2
        curvatures = np.einsum("pi,ij,pj->p", columns.conj(), data.gram, columns).real
        rows, diagonal = np.abs(hessian).max(axis=1), np.abs(np.diag(hessian))
        sizes = np.maximum(np.maximum(curvatures, diagonal), rows**2 / max(rows.max(), curvatures.max()))
        scale = 1 / np.sqrt(sizes)
        assert is_condition(condition, np.linalg.cond(hessian * np.outer(scale, scale)), refine, rel=1e-6)


@pytest.mark.parametrize("distance", [1e-2, 1e-6, 1e-8])
def test_a_fold_shows_in_the_condition_although_the_matrix_is_diagonal(refine, distance):
    """The square of (1, 1) for Σ = I, b = (p, 1, p), p = 2 + 2δ: two terms of the second derivative nearly cancel."""
    equations = equations_of(Stratum((Factor(1, 2, 1),)))
    p = 2 + 2 * distance
    points = np.array([[2 * (p + 1) / 3, np.sqrt(0.5), np.sqrt(0.5)]], complex)
    refined = refine(equations, points, Data(np.eye(3), np.array([p, 1.0, p])))
    assert refined.errors[0] < 1e-15
    assert is_condition(refined.conditions[0], 1.5 / distance, refine, rel=2 * distance + 1e-6)


def test_a_singular_newton_matrix_leaves_its_point_and_harms_no_other(refine):
    arch = Architecture((3, 2), (2, 1))
    data = hilbert_data(arch.filter_size, np.random.default_rng(7), condition=10)
    equations, points = solved(arch, data)
    zero = points[:1].copy()
    zero[:, 0] = 0  # the zero filter
    refined = refine(equations, np.concatenate([points, zero]), data)
    np.testing.assert_array_equal(refined.points[-1], zero[0])
    assert np.isinf(refined.errors[-1])
    assert (refined.errors[:-1] < 1e-15).all()
    np.testing.assert_allclose(refined.filters[:-1], equations.filters(points), rtol=1e-12, atol=1e-12)
