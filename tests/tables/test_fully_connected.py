"""Fully connected networks: the counts against search, and the gradient written down once more."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import InputError
from homotopy_lcn.networks.counts import singular_vector_tuples
from homotopy_lcn.tables.fully_connected import (
    TRIALS,
    check_fully_connected,
    critical_matrices,
    eckart_young_count,
    most_critical,
)


@given(st.integers(1, 7), st.integers(1, 7))
def test_rank_one_counts_are_singular_vector_pairs(rows, columns):
    assert eckart_young_count(rows, columns, 1) == (singular_vector_tuples((rows - 1, columns - 1)), 0)


@pytest.mark.parametrize("depth", [2, 3])
def test_the_most_critical_network_is_what_a_search_finds(depth):
    best = dict.fromkeys(range(depth, 19), 0)
    for widths in product(range(1, 10), repeat=depth + 1):
        parameters = sum(a * b for a, b in pairwise(widths))
        count = sum(eckart_young_count(widths[0], widths[-1], min(widths)))
        for bound in range(parameters, 19):
            best[bound] = max(best[bound], count)
    for parameters, expected in best.items():
        widths, count = most_critical(parameters, depth)
        assert count == expected
        assert sum(a * b for a, b in pairwise(widths)) <= parameters
        assert len(widths) == depth + 1


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 10**6))
def test_the_loss_is_stationary_along_curves_of_matrices_of_the_same_rank(rows, columns, seed):
    rng = np.random.default_rng(seed)
    rank = min(2, rows, columns)
    X, Y = rng.standard_normal((20, columns)), rng.standard_normal((20, rows))

    def loss(W):
        return ((X @ W.T - Y) ** 2).sum()

    matrices = critical_matrices(X, Y, rank)
    assert len(matrices) == sum(comb(min(rows, columns), j) for j in range(1, rank + 1))
    for W, j in matrices:
        assert np.linalg.matrix_rank(W, tol=1e-9 * np.linalg.norm(W)) == j
        left, right = rng.standard_normal((rows, rows)), rng.standard_normal((columns, columns))
        step = 1e-5
        along = [(np.eye(rows) + t * left) @ W @ (np.eye(columns) + t * right) for t in (step, -step)]
        slope = (loss(along[0]) - loss(along[1])) / (2 * step)
        assert abs(slope) <= 1e-6 * loss(0 * W)


def test_levenberg_finds_the_same_matrices_and_no_others():
    check = check_fully_connected((3, 2, 3), seed=1, starts=60)
    assert (check.pure, check.spurious, check.reached, check.others, check.minima) == (3, 3, 6, 0, 1)
    assert check.rank_of_map == 8
    assert (check.reached_spurious, check.singular, check.rank_of_products) == (3, 3, 2)
    assert check.factorized == check.factorized_near == TRIALS
    assert check.agrees
    for wrong in ({"singular": 2}, {"reached_spurious": 2}, {"factorized": 59}, {"rank_of_products": 3}, {"others": 1}):
        assert not replace(check, **wrong).agrees


def test_where_all_matrices_are_products_none_is_a_singular_point():
    check = check_fully_connected((3, 2, 2), seed=0, starts=60)
    assert (check.pure, check.spurious, check.singular, check.rank_of_map) == (1, 2, 0, 6)
    assert check.agrees


def test_arguments_out_of_range_are_named():
    with pytest.raises(InputError, match="hidden layer of 3; expected at most 2"):
        check_fully_connected((2, 3, 2), 0)
    with pytest.raises(InputError, match="parameters: 1 for 2 layers"):
        most_critical(1, 2)
