from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn.networks.binary_forms import (
    adjoint_multiply,
    dilate,
    distance_to_hyperroot,
    multiply,
    pieces_of_roots,
    power,
    roots,
)

seeds = st.integers(0, 2**32)
degrees = st.integers(0, 5)


def complex_normal(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def parallel(left, right):
    """Sine of the angle between two vectors."""
    left, right = left / np.linalg.norm(left), right / np.linalg.norm(right)
    return np.linalg.norm(left - right * np.vdot(right, left))


def has_hyperroot(form, dilation):
    return distance_to_hyperroot(np.atleast_2d(form), dilation)[0] <= 1e-7


def product_of(pieces):
    result = np.ones(1)
    for piece in pieces:
        result = np.convolve(result, piece)
    return result


@given(degrees, degrees, seeds)
def test_multiply_is_convolution_of_each_pair_of_rows(m, n, seed):
    rng = np.random.default_rng(seed)
    left, right = rng.integers(-9, 10, (3, 1, m + 1)), rng.integers(-9, 10, (2, n + 1))
    product = multiply(left, right)
    assert product.shape == (3, 2, m + n + 1)
    for i in range(3):
        for j in range(2):
            np.testing.assert_array_equal(product[i, j], np.convolve(left[i, 0], right[j]))


@given(degrees, degrees, seeds)
def test_adjoint_multiply_is_the_transpose_of_multiply(m, n, seed):
    rng = np.random.default_rng(seed)
    factor, form, covector = (rng.integers(-9, 10, (4, size)) for size in (m + 1, n + 1, m + n + 1))
    left = (adjoint_multiply(factor, covector) * form).sum(axis=1)
    np.testing.assert_array_equal(left, (covector * multiply(factor, form)).sum(axis=1))


@given(degrees, st.integers(0, 4), seeds)
def test_power_is_the_repeated_product(degree, exponent, seed):
    form = np.random.default_rng(seed).integers(-9, 10, (2, degree + 1))
    for row, result in zip(form, power(form, exponent), strict=True):
        np.testing.assert_array_equal(result, product_of([row] * exponent))


@given(degrees, st.integers(1, 4), seeds)
def test_dilate_substitutes_a_power_of_the_variable(degree, dilation, seed):
    form = np.random.default_rng(seed).integers(-9, 10, degree + 1)
    x = 3
    assert np.polyval(dilate(form, dilation), x) == np.polyval(form, x**dilation)


def test_extended_precision_is_kept():
    one = np.array([1, np.finfo(np.longdouble).eps], np.longdouble)
    product = power(dilate(multiply(one, one), 2), 2)
    assert product.dtype == np.longdouble
    assert product[2] == 4 * one[1]


@given(st.integers(1, 7), seeds)
def test_the_form_vanishes_at_its_roots_and_they_determine_it(degree, seed):
    form = complex_normal(np.random.default_rng(seed), degree + 1)
    points = roots(form)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-15)
    exponents = np.arange(degree + 1)
    for x, y in points:
        assert abs((form * x ** exponents[::-1] * y**exponents).sum()) < 1e-12 * np.linalg.norm(form)
    assert parallel(form, product_of([[y, -x] for x, y in points])) < 1e-9


@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 4), seeds)
def test_roots_at_infinity_and_at_zero(at_infinity, at_zero, degree, seed):
    core = np.random.default_rng(seed).standard_normal(degree + 1)
    points = roots(np.concatenate([np.zeros(at_infinity), core, np.zeros(at_zero)]))
    assert len(points) == at_infinity + degree + at_zero
    assert (points[:, 1] == 0).sum() == at_infinity
    assert (points[:, 0] == 0).sum() == at_zero


def test_coefficients_at_rounding_level_count_as_zero():
    assert sorted(map(tuple, np.abs(roots(np.array([1e-17, 2.0, 1e-16]))))) == [(0, 1), (1, 0)]
    assert np.all(np.abs(roots(np.array([1e-12, 2.0]))) > 1e-13)


def test_the_zero_form_has_no_roots():
    with pytest.raises(ValueError, match="zero form"):
        roots(np.zeros(3))


@given(st.integers(1, 8), seeds)
def test_roots_of_real_forms_are_real_or_conjugate_exactly(degree, seed):
    points = roots(np.random.default_rng(seed).standard_normal(degree + 1))
    i = 0
    while i < degree:
        if np.all(points[i].imag == 0):
            i += 1
        else:
            np.testing.assert_array_equal(points[i + 1], points[i].conj())
            i += 2
    assert i == degree


@given(st.integers(1, 8), seeds)
def test_real_pieces_are_irreducible_and_multiply_to_the_form(degree, seed):
    form = np.random.default_rng(seed).standard_normal(degree + 1)
    linear, quadratic = pieces_of_roots(roots(form))
    assert len(linear) + 2 * len(quadratic) == degree
    assert parallel(form, product_of([*linear, *quadratic])) < 1e-9
    for piece in linear + quadratic:
        assert piece.dtype == float
        assert np.linalg.norm(piece) == pytest.approx(1, rel=1e-15)
    for a, b, c in quadratic:
        assert b * b < 4 * a * c


def test_real_pieces_at_infinity_and_at_zero():
    linear, quadratic = pieces_of_roots(roots(np.array([0.0, 2, 0, 2, 0])))  # 2 x y (x² + y²)
    assert sorted(tuple(np.abs(piece)) for piece in linear) == [(0, 1), (1, 0)]
    np.testing.assert_allclose(quadratic, [np.array([1, 0, 1]) / np.sqrt(2)], atol=1e-15)


@given(st.integers(2, 4), st.integers(0, 5), st.sampled_from(["generic", "zero", "infinity"]), seeds)
def test_a_hyperroot_is_found(dilation, degree, place, seed):
    rng = np.random.default_rng(seed)
    a, b = complex_normal(rng, 2)
    factor = {"generic": [a, b], "zero": [1, 0], "infinity": [0, 1]}[place]
    form = np.convolve(dilate(np.array(factor), dilation), complex_normal(rng, degree + 1))
    assert has_hyperroot(form, dilation)


@given(st.integers(2, 4), st.integers(0, 8), seeds)
def test_a_generic_form_has_no_hyperroot(dilation, degree, seed):
    form = complex_normal(np.random.default_rng(seed), degree + 1)
    assert not has_hyperroot(form, dilation)


def test_every_form_has_hyperroots_of_dilation_one_as_soon_as_it_has_roots():
    assert has_hyperroot(np.array([1, 2, 5j]), 1)
    assert not has_hyperroot(np.array([3 + 0j]), 1)


def test_two_of_three_polyphase_components_with_a_common_root_are_no_hyperroot():
    x = np.array([1, -2 + 0j])
    form = np.zeros(6, complex)
    form[0::3], form[1::3], form[2::3] = x, 3 * x, [1, 1]
    assert not has_hyperroot(form, 3)
    form[2::3] = -0.5 * x
    assert has_hyperroot(form, 3)
