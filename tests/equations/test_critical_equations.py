from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import QQ_I
from sympy.polys.rings import ring

from homotopy_lcn.equations.critical_equations import Data, Equations, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum

seeds = st.integers(0, 2**32)
factors = st.builds(Factor, degree=st.integers(1, 3), power=st.integers(1, 3), dilation=st.integers(1, 3))
strata = (
    st.lists(factors, max_size=4)
    .map(lambda chosen: Stratum(tuple(chosen)))
    .filter(lambda stratum: stratum.filter_size <= 16)
)
small_strata = strata.filter(lambda stratum: stratum.filter_size <= 8 and stratum.dimension <= 5)
POINTS = 3


def complex_normal(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def complex_data(rng, size):
    gram = complex_normal(rng, size, size)
    return Data(gram + gram.T, complex_normal(rng, size))


def filter_of(stratum, point):
    """The filter by convolution."""
    w = point[:1]
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        dilated = np.zeros(factor.degree * factor.dilation + 1, complex)
        dilated[:: factor.dilation] = point[part]
        for _ in range(factor.power):
            w = np.convolve(w, dilated)
    return w


def size_of_terms(stratum, points):
    """The largest coefficient that the filter could have: its absolute values bound all rounding errors."""
    absolute = np.abs(points).astype(complex)
    return np.array([filter_of(stratum, point).real.max() for point in absolute])


def evaluate(equations, points, data, bases=None, s=0.0, start=None, hessian=True):
    directions = equations.patch_values(equations.patches(points) if bases is None else bases)
    target = equations.transform(data)
    start = target if start is None else equations.transform(start)
    return equations.evaluate(points, directions, start, target, np.full(len(points), s), hessian)


def exact(number):
    """A complex double as a Gaussian rational."""
    real, imaginary = (QQ_I.dom(*float(part).as_integer_ratio()) for part in (number.real, number.imag))
    return QQ_I(real, imaginary)


def rounded(number):
    return complex(float(number.x), float(number.y))


def free_factor(stratum):
    """The factor that the size of the filter varies with."""
    return next((f for f, factor in enumerate(stratum.factors) if factor.power == 1), None)


class Expansion:
    """Filter and half the loss as exact polynomials of degree two in the local coordinates, by sympy."""

    def __init__(self, stratum, point, bases, data):
        self.n = stratum.dimension
        self.ring = ring([f"y{i}" for i in range(self.n)], QQ_I)[0]
        unknowns = list(self.ring.gens)
        free = free_factor(stratum)
        w = [self.ring(exact(point[0])) * (1 + unknowns[0] * (free is None))]
        start = 1
        for f, (factor, part, basis) in enumerate(zip(stratum.factors, stratum.slices, bases, strict=True)):
            local = unknowns[start : start + factor.degree]
            start += factor.degree
            form = [
                self.ring(exact(q)) * (1 + unknowns[0] * (f == free)) + self.linear(row, local)
                for q, row in zip(point[part], basis, strict=True)
            ]
            for _ in range(factor.power):
                w = self.convolve(w, form, factor.dilation)
        self.filter = w
        loss = self.ring(0)
        for i, row in enumerate(data.gram):
            loss += self.truncate(w[i] * (self.linear(row, w) - self.ring(2 * exact(data.b[i]))))
        self.half_loss = loss.quo_ground(QQ_I(2))

    def linear(self, coefficients, polynomials):
        return sum((self.ring(exact(a)) * p for a, p in zip(coefficients, polynomials, strict=True)), self.ring(0))

    def truncate(self, polynomial):
        return self.ring.from_dict({m: c for m, c in polynomial.terms() if sum(m) <= 2})

    def convolve(self, w, form, dilation):
        result = [self.ring(0)] * (len(w) + (len(form) - 1) * dilation)
        for i, a in enumerate(w):
            for j, q in enumerate(form):
                result[i + j * dilation] += self.truncate(a * q)
        return result

    def first(self, polynomial):
        return np.array([rounded(polynomial.coeff(y)) for y in self.ring.gens])

    def second(self, polynomial):
        return np.array([
            [rounded(polynomial.coeff(a * b)) * (2 if a == b else 1) for a in self.ring.gens] for b in self.ring.gens
        ])  # fmt: skip


@settings(max_examples=40)
@given(small_strata, seeds)
def test_gradient_hessian_and_tangent_space_are_those_of_sympys_expansion(stratum, seed):
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    points = equations.normalize(complex_normal(rng, 1, stratum.coordinates))
    data = complex_data(rng, stratum.filter_size)
    bases = equations.patches(points)
    found = evaluate(equations, points, data)
    expansion = Expansion(stratum, points[0], [basis[0] for basis in bases], data)
    scale = size_of_terms(stratum, points)[0]
    size = stratum.filter_size**2 * scale * (scale + 1)
    np.testing.assert_allclose(found.gradient[0], expansion.first(expansion.half_loss), rtol=0, atol=1e-14 * size)
    np.testing.assert_allclose(found.hessian[0], expansion.second(expansion.half_loss), rtol=0, atol=2e-14 * size)
    tangent = np.array([expansion.first(coefficient) for coefficient in expansion.filter])
    np.testing.assert_allclose(equations.tangent_space(points)[0], tangent, rtol=0, atol=1e-14 * (1 + scale))


@given(strata, seeds)
def test_gradient_and_hessian_are_finite_differences(stratum, seed):
    """Central differences of the loss, by convolution, and of the gradient; extrapolated once, of fourth order."""
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    points = equations.normalize(complex_normal(rng, 1, stratum.coordinates))
    points[:, 0] /= size_of_terms(stratum, points)
    data = complex_data(rng, stratum.filter_size)
    bases = equations.patches(points)
    found = evaluate(equations, points, data)

    def half_loss(local):
        w = filter_of(stratum, equations.move(points, bases, local[None])[0])
        return w @ data.gram @ w / 2 - data.b @ w

    def gradient(local):
        """The derivative in the coordinates of the patch at the point, which is half Hessian · local further on."""
        moved = equations.move(points, bases, local[None])
        found = evaluate(equations, moved, data, bases=bases, hessian=False)
        values, free = found.gradient[0], free_factor(stratum)
        if free is None:
            values[0] *= points[0, 0] / moved[0, 0]  # the variation of c is relative to c at the moved point
        else:
            # That of the free factor has the direction of the moved one: (1 + δ) Q + B y instead of Q.
            start = 1 + sum(factor.degree for factor in stratum.factors[:free])
            own = slice(start, start + stratum.factors[free].degree)
            values[0] = (values[0] - local[own] @ values[own]) / (1 + local[0])
        return values

    def difference(function, direction):
        h = 1e-3
        near, far = ((function(k * h * direction) - function(-k * h * direction)) / (2 * k * h) for k in (1, 2))
        return (4 * near - far) / 3

    for i, unit in enumerate(np.eye(stratum.dimension)):
        size = stratum.filter_size**2
        assert abs(difference(half_loss, unit) - found.gradient[0, i]) < 1e-9 * size
        np.testing.assert_allclose(difference(gradient, unit), found.hessian[0, i], rtol=0, atol=1e-9 * size)


@given(strata, seeds)
def test_gradient_and_hessian_by_their_definition_from_filter_residual_and_tangent_space(stratum, seed):
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    points = equations.normalize(complex_normal(rng, POINTS, stratum.coordinates))
    data = complex_data(rng, stratum.filter_size)
    found = evaluate(equations, points, data)
    np.testing.assert_array_equal(evaluate(equations, points, data, hessian=False).gradient, found.gradient)
    for n in range(POINTS):
        residual = data.gram @ filter_of(stratum, points[n]) - data.b
        tangent = equations.tangent_space(points)[n]
        scale = size_of_terms(stratum, points[n : n + 1])[0]
        atol = 1e-13 * stratum.filter_size**2 * scale * (scale + 1)
        np.testing.assert_allclose(tangent[:, 0], filter_of(stratum, points[n]), rtol=0, atol=1e-14 * scale)
        np.testing.assert_allclose(found.gradient[n], tangent.T @ residual, rtol=0, atol=atol)
        np.testing.assert_allclose(found.hessian[n], found.hessian[n].T, rtol=0, atol=atol)
        # The size varies linearly, and the free factor with it: H = JᵀΣJ + F in that row, but JᵀΣJ in these columns.
        linear = np.repeat([True, *(f == free_factor(stratum) for f in range(len(stratum.factors)))],
                           [1, *(factor.degree for factor in stratum.factors)])  # fmt: skip
        expected = tangent[:, 0] @ data.gram @ tangent + np.where(linear, 0, found.gradient[n])
        np.testing.assert_allclose(found.hessian[n, 0], expected, rtol=0, atol=atol)


@given(strata, seeds)
def test_filters_are_products_by_convolution(stratum, seed):
    points = complex_normal(np.random.default_rng(seed), POINTS, stratum.coordinates)
    filters = Equations(stratum).filters(points)
    scale = size_of_terms(stratum, points)
    for found, point, size in zip(filters, points, scale, strict=True):
        np.testing.assert_allclose(found, filter_of(stratum, point), rtol=0, atol=1e-14 * stratum.filter_size * size)


@given(strata, seeds)
def test_transformed_data_give_the_same_forms_at_the_roots_of_unity(stratum, seed):
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    size = stratum.filter_size
    data = complex_data(rng, size)
    transformed = equations.transform(data)
    v, w = complex_normal(rng, 2, size)
    at_v, at_w = equations.fourier @ v, equations.fourier @ w
    np.testing.assert_allclose(at_w, np.polyval(w[::-1], np.exp(2j * np.pi * np.arange(size) / size)), atol=1e-12)
    assert at_v @ transformed.gram @ at_w == pytest.approx(v @ data.gram @ w, abs=1e-12 * size**2)
    assert transformed.b @ at_w == pytest.approx(data.b @ w, abs=1e-12 * size)


@given(strata, st.integers(-60, 60), st.integers(-60, 60), seeds)
def test_the_equations_scale_with_the_data(stratum, gram_exponent, b_exponent, seed):
    """Scaled data, scaled filters: F and H are multiplied by one number. Powers of two, so exactly."""
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    points = equations.normalize(complex_normal(rng, POINTS, stratum.coordinates))
    data = complex_data(rng, stratum.filter_size)
    scaled = points.copy()
    scaled[:, 0] *= 2.0 ** (b_exponent - gram_exponent)
    factor = 2.0 ** (2 * b_exponent - gram_exponent)
    expected = evaluate(equations, points, data)
    found = evaluate(equations, scaled, Data(2.0**gram_exponent * data.gram, 2.0**b_exponent * data.b))
    np.testing.assert_array_equal(found.gradient, factor * expected.gradient)
    np.testing.assert_array_equal(found.hessian, factor * expected.hessian)


@given(strata, st.floats(0, 1), seeds)
def test_rate_is_the_difference_of_the_gradients_at_both_ends(stratum, s, seed):
    """F is linear in the data, hence in s: the difference is the derivative at every s."""
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    points = equations.normalize(complex_normal(rng, POINTS, stratum.coordinates))
    points[:, 0] /= size_of_terms(stratum, points)
    start, target = (complex_data(rng, stratum.filter_size) for _ in range(2))
    at_start, at_target = evaluate(equations, points, start), evaluate(equations, points, target)
    between = evaluate(equations, points, target, s=s, start=start)
    rate = equations.rate(between, equations.transform(start), equations.transform(target))
    atol = 1e-14 * stratum.filter_size**2
    np.testing.assert_allclose(rate, at_start.gradient - at_target.gradient, rtol=0, atol=atol)
    np.testing.assert_allclose(between.gradient, at_target.gradient + s * rate, rtol=0, atol=atol)
    mixed = evaluate(equations, points, start.mix(s, target))
    np.testing.assert_allclose(between.gradient, mixed.gradient, rtol=0, atol=atol)
    np.testing.assert_allclose(between.hessian, mixed.hessian, rtol=0, atol=2 * atol)


@given(strata, st.booleans(), seeds)
def test_patches_are_orthonormal_complements_of_the_factors(stratum, degenerate, seed):
    rng = np.random.default_rng(seed)
    points = complex_normal(rng, POINTS, stratum.coordinates)
    if degenerate:
        for part in stratum.slices:
            points[0, part.start] = 0  # a root at infinity: no phase to take from the first coefficient
            points[1, part.start + 1 : part.stop] = 0
    for part, basis in zip(stratum.slices, Equations(stratum).patches(points), strict=True):
        for form, columns in zip(points[:, part], basis, strict=True):
            unitary = np.column_stack([form / np.linalg.norm(form), columns])
            np.testing.assert_allclose(unitary.conj().T @ unitary, np.eye(len(form)), rtol=0, atol=1e-15 * 8)


@given(strata, seeds)
def test_moving_within_the_patch(stratum, seed):
    rng = np.random.default_rng(seed)
    equations = Equations(stratum)
    points = equations.normalize(complex_normal(rng, POINTS, stratum.coordinates))
    local = complex_normal(rng, POINTS, stratum.dimension)
    bases = equations.patches(points)
    moved = equations.move(points, bases, local)
    np.testing.assert_array_equal(moved, points + equations.displacement(points, bases, local))
    free = free_factor(stratum)
    scale = 1 + local[:, 0]
    np.testing.assert_allclose(moved[:, 0], points[:, 0] * (scale if free is None else 1), rtol=1e-14)
    start = 1
    for f, (part, basis) in enumerate(zip(stratum.slices, bases, strict=True)):
        change = moved[:, part] - points[:, part] * (scale[:, None] if f == free else 1)
        np.testing.assert_allclose((points[:, part].conj() * change).sum(axis=1), 0, rtol=0, atol=1e-14)
        end = start + basis.shape[2]
        recovered = (basis.conj().transpose(0, 2, 1) @ change[:, :, None])[:, :, 0]
        np.testing.assert_allclose(recovered, local[:, start:end], rtol=0, atol=1e-14)
        start = end


@given(strata, seeds)
def test_normalize_keeps_the_filter_and_makes_every_factor_of_norm_one(stratum, seed):
    points = complex_normal(np.random.default_rng(seed), POINTS, stratum.coordinates)
    given_points = points.copy()
    equations = Equations(stratum)
    normal = equations.normalize(points)
    np.testing.assert_array_equal(points, given_points)
    for part in stratum.slices:
        np.testing.assert_allclose(np.linalg.norm(normal[:, part], axis=1), 1, rtol=1e-15)
    scale = size_of_terms(stratum, points)[:, None]
    before, after = equations.filters(points) / scale, equations.filters(normal) / scale
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-14 * stratum.filter_size)


@settings(max_examples=20)
@given(strata, seeds)
def test_points_are_evaluated_independently_of_each_other(stratum, seed):
    assume(stratum.factors)
    rng = np.random.default_rng(seed)
    equations = equations_of(stratum)
    points = equations.normalize(complex_normal(rng, 5, stratum.coordinates))
    data = complex_data(rng, stratum.filter_size)
    whole = evaluate(equations, points, data)
    for n in range(5):
        alone = evaluate(equations, points[n : n + 1], data)
        for one, many in ((alone.gradient[0], whole.gradient[n]), (alone.hessian[0], whole.hessian[n])):
            np.testing.assert_allclose(one, many, rtol=0, atol=1e-11 * np.abs(many).max())


def test_equations_are_built_once():
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 3, 1)))
    assert equations_of(stratum) is equations_of(Stratum((Factor(2, 1, 1), Factor(1, 3, 1))))
