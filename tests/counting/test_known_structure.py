"""Gram matrices of a known structure, and the sentence on results whose points run to infinity."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points, gram_matrix
from homotopy_lcn.counting.known_structure import all_points_are_found, describe_lost_points, recognized
from homotopy_lcn.display.wording import summary

RNG = np.random.default_rng(20)


@pytest.mark.parametrize(
    ("text", "words", "order", "exact"),
    [
        ("white", "white data", None, True),
        ("ar1:1/2", "AR(1) data", (1, 0), True),
        ("ar1:0.3", "AR(1) data", (1, 0), False),
        ("ar:1/2,1/5", "AR(2) data", (2, 0), False),
        ("seasonal:3,1/2", "seasonal data of period 3", (3, 0), True),
        ("ma1:0.3", "MA(1) data", (0, 1), False),
        ("ma:0,1/2", "MA(2) data", (0, 2), True),
        ("differenced:1", "MA(1) data", (0, 1), True),
        ("exchangeable:1/4", "exchangeable data", None, True),
        ("weighted:1/2", "white data with exponential weights", None, True),
        ("diagonal:1,2,3,1,5,1,7", "diagonal Gram matrix", None, True),
        ("toeplitz:9,1,1,2,1,2,3", "Toeplitz Gram matrix", None, True),
    ],
)
def test_structures_are_recognised_in_doubles_and_exactly(text, words, order, exact):
    gram = gram_matrix(text, 7)
    known = recognized((5.0 * gram.array).tolist())
    assert (known.words, known.order) == (words, order)
    assert np.allclose(known.gram.array / known.gram.array[0, 0], gram.array / gram.array[0, 0], rtol=1e-13, atol=1e-15)
    if exact:
        assert recognized(gram.array.tolist()).exact
    assert recognized(gram.entries).exact


def test_other_matrices_have_no_structure():
    rough = RNG.standard_normal((9, 5))
    assert recognized((rough.T @ rough).tolist()) is None
    assert recognized(gram_matrix("walk", 5).array.tolist()) is None
    assert recognized((-np.eye(3)).tolist()) is None
    almost = gram_matrix("ar1:1/2", 5).array
    almost[0, 4] = almost[4, 0] = almost[0, 4] * (1 + 1e-6)
    assert recognized(almost.tolist()).words == "Toeplitz Gram matrix"
    # a band that is positive definite, and no moving average: its spectrum is negative somewhere
    assert recognized(gram_matrix("toeplitz:1,0.55", 5).entries).words == "Toeplitz Gram matrix"


@pytest.mark.parametrize(
    ("filters", "strides", "text", "sentence"),
    [
        ((3, 3), (2, 1), "ar1:1/2", "AR(1) data: 23 of 39 by the ARMA rule"),
        ((3, 3), (2, 1), "ar1:0.3", "AR(1) data, up to rounding: 23 of 39 by the ARMA rule"),
        ((3, 3), (2, 1), "white", "white data: 23 of 39 by the rank rule"),
        ((3, 3), (2, 1), "differenced:1", "MA(1) data: 15 of 39 by the pencil rule"),
        ((4, 4), (2, 1), "white", "white data: 36 of 284 by the pencil rule"),
        ((4, 4), (2, 1), "ar1:1/2", "AR(1) data: 220 of 284 by the ARMA rule"),
        ((4, 2), (2, 1), "white", "white data: 6 of 14 by the formula for white data and two layers"),
        ((4, 2), (2, 1), "seasonal:2,0.3", "seasonal data of period 2: 6 of 14 by the eigenvalue rule"),
        ((2, 2, 2), (2, 2, 1), "white", "white data: 6 of 34 by the formula of Friedland and Ottaviani"),
        ((2, 2, 2), (1, 2, 1), "differenced:1", "stratum (1,1)(1): MA(1) data: 6 of 10 by the eigenvalue rule"),
        ((3, 3), (2, 1), "ar:1/2,1/5", ""),
    ],
)
def test_the_summary_says_why_points_run_to_infinity(filters, strides, text, sentence):
    arch = Architecture(filters, strides)
    loss = SquaredLoss(gram_matrix(text, arch.filter_size).array, RNG.standard_normal(arch.filter_size))
    result = critical_points(arch, loss)
    assert result.complete
    assert describe_lost_points(result) == sentence
    assert dict(summary(result)).get("structure", "") == sentence
    assert sentence in str(result)
    assert ("rule" in str(result)) == ("rule" in sentence)


def test_a_special_moment_vector_gets_no_number_that_is_not_found():
    """b of rank one: of the two singular pairs of white data one is w = 0."""
    arch = Architecture((2, 2), (2, 1))
    result = critical_points(arch, SquaredLoss.white([1.0, 0.0, 0.0, 0.0]))
    assert len(result) < 2
    assert describe_lost_points(result) == "white data: points are lost by the rank rule"


@pytest.mark.parametrize("text", ["ar1:1/3", "seasonal:2,3/10"])
def test_exact_data_that_lose_points_are_complete_by_their_exact_number(text, tmp_path):
    """1/3 is no double. Without the number the lost points might be points of the exact data."""
    arch = Architecture((3, 3), (2, 1))
    gram = gram_matrix(text, arch.filter_size)
    result = critical_points(arch, SquaredLoss.from_exact(gram.entries, [1, -3, 2, 7, -4, 5, 3]))
    assert (len(result), result.complete, result.contradictions) == (23, True, ())
    assert all_points_are_found(result)
    path = tmp_path / "result.json"
    result.to_json(path)
    back = CriticalPoints.from_json(path)
    assert back == result
    assert back.complete
    assert str(back) == str(result)


def test_exact_data_without_a_number_stay_incomplete():
    """Exact data near AR(1) data, which round to the same doubles, and lose no point."""
    arch = Architecture((3, 3), (2, 1))
    gram = [list(row) for row in gram_matrix("ar1:1/3", arch.filter_size).entries]
    gram[0][6] = gram[6][0] = gram[0][6] * (1 + gram[0][6] / 10**20)
    loss = SquaredLoss.from_exact(gram, [1, -3, 2, 7, -4, 5, 3])
    assert np.array_equal(loss.gram, gram_matrix("ar1:1/3", arch.filter_size).array)
    result = critical_points(arch, loss)
    assert not result.complete
    assert "rounded to doubles" in result.contradictions[0]
