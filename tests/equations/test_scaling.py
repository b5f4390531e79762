"""Scales of symmetric matrices: natural sizes of terms, rounding left small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn.equations.scaling import symmetric_scale


def scaled(matrix, sizes):
    factors = symmetric_scale(np.array(matrix, float)[None], np.array(sizes, float)[None])[0]
    return np.array(matrix) * np.outer(factors, factors)


def test_directions_of_very_different_sizes_are_scaled_to_one():
    np.testing.assert_allclose(scaled(np.diag([1e-6, 1.0, 1e6]), [1e-6, 1.0, 1e6]), np.eye(3))


def test_an_entry_left_over_from_terms_that_cancel_is_not_scaled_up():
    np.testing.assert_allclose(scaled(np.diag([1e-9, 1.0]), [1.0, 1.0]), np.diag([1e-9, 1.0]))


def test_a_zero_on_the_diagonal_beside_a_large_entry_leaves_the_matrix_regular():
    """The Hessian of Σ = diag(1, 0, 0, 4), b = (1, 0, 0, 1) at e_0: no entry of it is rounding."""
    matrix = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]])
    np.testing.assert_allclose(scaled(matrix, [1.0, 0.0, 0.0]), matrix)
    assert np.linalg.cond(scaled(1e-6 * matrix, [1e-6, 0.0, 1e-22])) == pytest.approx(1)


def test_a_row_of_rounding_stays_small():
    matrix = np.diag([1.0, 1e-16])
    assert np.linalg.cond(scaled(matrix, [1.0, 1e-17])) > 1e15
    matrix[0, 1] = matrix[1, 0] = 1e-16
    assert np.linalg.cond(scaled(matrix, [1.0, 0.0])) > 1e15


def test_a_zero_matrix_has_finite_scales():
    np.testing.assert_array_equal(symmetric_scale(np.zeros((2, 3, 3)), np.zeros((2, 3))), np.ones((2, 3)))


def test_matrices_do_not_change_each_other():
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(5, 4, 4)) * 10.0 ** rng.integers(-8, 8, size=(5, 1, 1))
    matrices, sizes = matrices + matrices.transpose(0, 2, 1), rng.random((5, 4))
    alone = [symmetric_scale(matrix[None], size[None])[0] for matrix, size in zip(matrices, sizes, strict=True)]
    np.testing.assert_array_equal(symmetric_scale(matrices, sizes), alone)


entries = st.floats(-1, 1).map(lambda x: round(x, 6))


@settings(max_examples=60, derandomize=True)
@given(st.lists(entries, min_size=9, max_size=9), st.lists(st.integers(-3, 3), min_size=3, max_size=3))
def test_units_of_positive_matrices_do_not_matter(values, powers):
    """A positive definite matrix is scaled to unit diagonal, whatever the units of the coordinates are."""
    root = np.reshape(values, (3, 3))
    matrix = root @ root.T + np.eye(3) / 10
    units = 10.0 ** np.array(powers)
    other = matrix * np.outer(units, units)
    np.testing.assert_allclose(scaled(other, np.diag(other)), scaled(matrix, np.diag(matrix)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.diag(scaled(other, np.diag(other))), 1)


@settings(max_examples=60, derandomize=True)
@given(st.lists(entries, min_size=9, max_size=9), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_diagonal_entries_are_at_most_one_and_the_inertia_stays(values, sizes):
    root = np.reshape(values, (3, 3))
    matrix = root + root.T
    result = scaled(matrix, sizes)
    assert np.abs(np.diag(result)).max() <= 1 + 1e-12
    known, found = np.linalg.eigvalsh(matrix), np.linalg.eigvalsh(result)
    if np.abs(known).min() > 1e-9 * np.abs(known).max():
        assert (np.sign(known) == np.sign(found)).all()
