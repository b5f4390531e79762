"""Residual zero, measured in what the loss sees and up to the rounding of large filters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.equations.residuals import have_no_residual


def test_exact_fits_have_none_and_others_have_one():
    gram = np.array([[2.0, 1.0], [1.0, 3.0]])
    w = np.array([[1.0, 2.0], [1.0, 2.0 + 1e-6], [1.0, 2.0 + 1e-12], [-1.0, -2.0]])
    assert have_no_residual(Data(gram, gram @ w[0]), w).tolist() == [True, False, True, False]


def test_small_eigenvalues_do_not_hide_a_residual():
    """Relative to ‖Σ‖ ‖w‖ the residual of the second filter is 1e-10; the loss it causes is all of the loss."""
    gram = np.diag([1.0, 1e-10])
    data = Data(gram, gram @ np.array([0.0, 1.0]))
    assert have_no_residual(data, np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 0.0]])).tolist() == [True, False, False]


def test_a_component_along_the_kernel_changes_nothing():
    gram = np.diag([0.0, 4.0, 4.0, 0.0])
    data = Data(gram, np.array([0.0, -2.0, 0.0, 0.0]))
    filters = np.array([[0, -0.5, 0, 0], [7.0, -0.5, 0, 0], [1e6, -0.5, 0, -1e6], [0, 0.5, 0, 0]])
    assert have_no_residual(data, filters).tolist() == [True, True, True, False]


def test_with_zero_moments_the_kernel_has_no_residual():
    data = Data(np.diag([1.0, 0.0]), np.zeros(2))
    assert have_no_residual(data, np.array([[0.0, 0.0], [0.0, 5.0], [1e-3, 5.0]])).tolist() == [True, True, False]


@settings(max_examples=50, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([1e-150, 1e-6, 1.0, 1e6, 1e150]))
def test_neither_units_nor_rotations_of_the_data_matter(seed, rank, unit):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(5, rank))
    gram, w = root @ root.T, rng.normal(size=5)
    kernel = np.linalg.svd(root.T)[2][rank:]
    fits = w + rng.normal(size=(3, len(kernel))) @ kernel
    others = fits + 1e-3 * root[:, 0]
    data = Data(unit * gram, unit * gram @ w)
    assert have_no_residual(data, fits).all()
    assert not have_no_residual(data, others).any()


def test_complex_filters_are_judged_alike():
    data = Data(np.diag([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    assert have_no_residual(data, np.array([[1, 0, 3j], [1, 1j, 0]])).tolist() == [True, False]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_filters(count):
    assert have_no_residual(Data(np.eye(2), np.ones(2)), np.ones((count, 2))).tolist() == [True] * count
