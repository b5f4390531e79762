"""Products of many short rows with a small matrix, in blocks that one thread multiplies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import arrays
from homotopy_lcn.arrays import LEAST_ROWS, SHARED_BY_THREADS, rows_times


def random_complex(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def multiplied_together(monkeypatch, rows, matrix):
    """The numbers of rows of the products that are handed to BLAS."""
    sizes = []

    def matmul(left, right, out):
        sizes.append(len(left))
        out[...] = left @ right

    monkeypatch.setattr(arrays.np, "matmul", matmul)
    result = rows_times(rows, matrix)
    assert np.allclose(result, rows @ matrix, rtol=1e-13, atol=1e-13)
    return sizes


@pytest.mark.parametrize("count", [600, 1024, 4097, 20_000])
@pytest.mark.parametrize("shape", [(4, 30), (22, 22), (30, 7)])
def test_many_rows_are_multiplied_in_blocks_below_the_limit(count, shape, monkeypatch):
    rng = np.random.default_rng(0)
    sizes = multiplied_together(monkeypatch, random_complex(rng, count, shape[0]), random_complex(rng, *shape))
    if count * shape[0] * shape[1] < SHARED_BY_THREADS:
        assert sizes == []
    else:
        assert sum(sizes) == count
        assert min(sizes) > 1
        assert max(sizes) * shape[0] * shape[1] < SHARED_BY_THREADS


def test_a_large_matrix_is_multiplied_at_once(monkeypatch):
    rng = np.random.default_rng(1)
    size = int(np.sqrt(SHARED_BY_THREADS / LEAST_ROWS)) + 1
    assert multiplied_together(monkeypatch, random_complex(rng, 50, size), random_complex(rng, size, size)) == []


@given(st.integers(0, 3000), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_the_product_is_that_of_numpy(count, inner, outer, stacked):
    rng = np.random.default_rng(count)
    rows = random_complex(rng, *((3, count, inner) if stacked else (count, inner)))
    matrix = random_complex(rng, outer, inner).T
    found = rows_times(rows, matrix)
    assert found.shape == (*rows.shape[:-1], outer)
    assert np.allclose(found, rows @ matrix, rtol=1e-13, atol=1e-13)


def test_the_kinds_of_numbers_are_kept():
    real = np.ones((9000, 4))
    assert rows_times(real, np.ones((4, 4))).dtype == np.float64
    assert rows_times(real.astype(np.clongdouble), np.ones((4, 4))).dtype == np.clongdouble
    assert rows_times(real[:2], np.ones((4, 4), complex)).dtype == np.complex128
