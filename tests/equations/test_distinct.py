from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn.equations.distinct import DISTINCT, find, first_occurrences

seeds = st.integers(0, 2**32)


def clusters(rng, count, size, spread):
    """Vectors of very different norms, many of them a relative ``spread`` times up to 1 from an earlier one."""
    centres = rng.standard_normal((max(1, count // 3), size)) + 1j * rng.standard_normal((max(1, count // 3), size))
    centres *= 10.0 ** rng.uniform(-6, 6, (len(centres), 1))
    rows = centres[rng.integers(len(centres), size=count)]
    noise = rng.standard_normal(rows.shape) + 1j * rng.standard_normal(rows.shape)
    noise *= np.linalg.norm(rows, axis=1)[:, None] / np.linalg.norm(noise, axis=1)[:, None]
    return rows + spread * rng.random((count, 1)) * noise


def distances(left, right):
    return np.linalg.norm(left[:, None] - right, axis=2)


@given(st.integers(1, 6), st.integers(0, 30), st.integers(0, 30), st.sampled_from([0, 0.1, 1, 3]), seeds)
def test_find_returns_the_nearest_row_within_the_tolerance(size, many, more, spread, seed):
    rng = np.random.default_rng(seed)
    rows = clusters(rng, many + more, size, spread * DISTINCT)
    known, new = rows[:many], rows[many:]
    relative = distances(new, known) / np.linalg.norm(new, axis=1)[:, None]
    for index, row in zip(find(known, new), relative, strict=True):
        if many and row.min() <= DISTINCT:
            assert row[index] == row.min()
        else:
            assert index == -1


@given(st.integers(1, 6), st.integers(0, 40), st.sampled_from([0, 0.1, 1, 3]), seeds)
def test_first_occurrences_name_the_chains_of_equal_rows(size, count, spread, seed):
    rows = clusters(np.random.default_rng(seed), count, size, spread * DISTINCT)
    norms = np.linalg.norm(rows, axis=1)
    chained = distances(rows, rows) <= DISTINCT * np.maximum(norms[:, None], norms)
    for _ in range(count.bit_length()):  # the transitive closure
        chained = chained @ chained
    expected = [int(np.flatnonzero(row)[0]) for row in chained]
    np.testing.assert_array_equal(first_occurrences(rows), np.array(expected, dtype=int))


def test_the_tolerance_is_relative_and_can_be_given():
    rows = np.array([[1, 0], [1, 1e-6], [1e9, 0], [1e9, 1], [-1, 0]], complex)
    np.testing.assert_array_equal(first_occurrences(rows), [0, 1, 2, 2, 4])
    np.testing.assert_array_equal(first_occurrences(rows, tolerance=1e-5), [0, 0, 2, 2, 4])
    np.testing.assert_array_equal(find(rows[:1], rows), [0, -1, -1, -1, -1])
    np.testing.assert_array_equal(find(rows[:1], rows, tolerance=1e-5), [0, 0, -1, -1, -1])


def test_a_chain_counts_as_one():
    step = 0.9 * DISTINCT
    rows = np.array([[1, 0, 0], [1, 2 * step, 0], [1, step, 0], [1, 4 * step, 0]], complex)
    np.testing.assert_array_equal(first_occurrences(rows), [0, 0, 0, 3])


@pytest.mark.parametrize("size", [1, 7])
def test_many_rows(size):
    rng = np.random.default_rng(1)
    rows = clusters(rng, 3000, size, 0)
    rows = rows[rng.permutation(len(rows))]
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(first_occurrences(rows), first[inverse.ravel()])
    np.testing.assert_array_equal(rows[find(rows, rows)], rows)
