"""Exact elimination: rank, definiteness, range and solutions of rational systems."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.losses.exact_elimination import eliminate, least_norm_solution


def rational(rng, *shape):
    return np.vectorize(Fraction, otypes=[object])(rng.integers(-3, 4, shape), rng.integers(1, 5, shape))


@pytest.mark.parametrize("seed", range(40))
def test_gram_matrices_of_every_rank(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 7))
    rows = rational(rng, int(rng.integers(0, size + 1)), size)
    gram = rows.T @ rows if len(rows) else np.full((size, size), Fraction(0))
    b = gram @ rational(rng, size)
    data = ExactData.of(gram, b, 0)
    found = eliminate(data)
    assert found.semidefinite
    assert found.in_range
    assert found.rank == np.linalg.matrix_rank(gram.astype(float), tol=1e-9)
    solution = np.array(least_norm_solution(data, found.pivots), dtype=object)
    assert (gram @ solution == b).all()
    least = np.linalg.pinv(gram.astype(float), rcond=1e-9) @ b.astype(float)
    assert np.allclose(solution.astype(float), least, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_symmetric_matrices_of_every_signature(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 6))
    matrix = rng.integers(-2, 3, (size, size))
    matrix = matrix + matrix.T + 4 * (seed % 2) * np.eye(size, dtype=int)
    b = rng.integers(-2, 3, size)
    found = eliminate(ExactData.of(matrix, b, 0))
    values = np.linalg.eigvalsh(matrix)
    assert found.semidefinite == (values[0] > -1e-9)
    if found.semidefinite:
        assert found.rank == (values > 1e-9).sum()
        assert found.in_range == (np.linalg.matrix_rank(np.column_stack([matrix, b]), tol=1e-9) == found.rank)


def test_a_zero_diagonal_is_not_semidefinite():
    assert not eliminate(ExactData.of([[0, 1], [1, 0]], [0, 0], 0)).semidefinite
    assert not eliminate(ExactData.of([[1, 0, 0], [0, 0, 1], [0, 1, 0]], [0, 0, 0], 0)).semidefinite
