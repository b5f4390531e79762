"""Gram matrices of structured data, by name and given."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting.gram_matrices import STRUCTURES, GramMatrix, gram_matrix

F = Fraction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("white", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("ar1:0.5", [[F(4, 3), F(2, 3), F(1, 3)], [F(2, 3), F(4, 3), F(2, 3)], [F(1, 3), F(2, 3), F(4, 3)]]),
        ("ma1:-1", [[2, -1, 0], [-1, 2, -1], [0, -1, 2]]),
        ("arma:;-1", [[2, -1, 0], [-1, 2, -1], [0, -1, 2]]),
        ("differenced:1", [[2, -1, 0], [-1, 2, -1], [0, -1, 2]]),
        ("differenced:2", [[6, -4, 1], [-4, 6, -4], [1, -4, 6]]),
        ("seasonal:2,1/2", [[F(4, 3), 0, F(2, 3)], [0, F(4, 3), 0], [F(2, 3), 0, F(4, 3)]]),
        ("circulant:1,1/3", [[1, F(1, 3), F(1, 3)], [F(1, 3), 1, F(1, 3)], [F(1, 3), F(1, 3), 1]]),
        ("exchangeable:0.1", [[1, F(1, 10), F(1, 10)], [F(1, 10), 1, F(1, 10)], [F(1, 10), F(1, 10), 1]]),
        ("walk", [[1, 1, 1], [1, 2, 2], [1, 2, 3]]),
        ("weighted:1/2", [[1, 0, 0], [0, F(1, 4), 0], [0, 0, F(1, 16)]]),
        ("weighted:2:walk", [[1, 2, 4], [2, 8, 16], [4, 16, 48]]),
        ("spread:2:walk", [[1, 0, 1], [0, 1, 0], [1, 0, 2]]),
        ("copies:2:walk", [[1, 1, 0], [1, 2, 0], [0, 0, 1]]),
        ("toeplitz:1,1/4", [[1, F(1, 4), 0], [F(1, 4), 1, F(1, 4)], [0, F(1, 4), 1]]),
        ("diagonal:1,2,3", [[1, 0, 0], [0, 2, 0], [0, 0, 3]]),
        ("hankel:1,0,1/3,0,1/5", [[1, 0, F(1, 3)], [0, F(1, 3), 0], [F(1, 3), 0, F(1, 5)]]),
    ],
)
def test_structures_have_their_entries_exactly(text, expected):
    gram = gram_matrix(text, 3)
    assert gram.entries == tuple(tuple(F(value) for value in row) for row in expected)
    assert gram.exact
    assert gram.array == pytest.approx(np.array(expected, dtype=float))


def test_every_structure_is_positive_definite_by_its_name():
    examples = {
        "ar": "ar:1/2,1/5", "ma": "ma:1/2,1/3", "ar1": "ar1:-0.9", "ma1": "ma1:1", "arma": "arma:1/2;1/3,1/5",
        "seasonal": "seasonal:3,1/2", "differenced": "differenced:3", "circulant": "circulant:1,1/3,1/5",
        "exchangeable": "exchangeable:1/3", "weighted": "weighted:3:ar1:1/2", "spread": "spread:2:ar1:1/2",
        "copies": "copies:2:exchangeable:1/2", "toeplitz": "toeplitz:1,1/3", "diagonal": "diagonal:1,2,3,4,5",
        "hankel": "hankel:1,0,1/3,0,1/5,0,1/7,0,1/9", "white": "white", "walk": "walk",
    }  # fmt: skip
    assert set(examples) == set(STRUCTURES)
    for text in examples.values():
        assert np.linalg.eigvalsh(hl.gram_matrix(text, 5).array)[0] > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arx:1", "gram: 'arx:1' is not known; expected white, ar1:RHO"),
        ("ar1", "expected the form ar1:RHO"),
        ("ar1:1/2,1/3", "2 numbers in '1/2,1/3'; expected the form ar1:RHO"),
        ("white:2", "expected the form white"),
        ("ar1:x", "gram: 'x' is not a finite number"),
        ("ar1:nan", "gram: 'nan' is not a finite number"),
        ("ar1:1", "not stationary"),
        ("arma:1/2", "no semicolon"),
        ("exchangeable:1", "singular, of rank 1 of 4"),
        ("exchangeable:2", "indefinite"),
        ("toeplitz:1,2", "indefinite"),
        ("diagonal:1,2", "2 numbers"),
        ("weighted:0", "weights of zero"),
        ("spread:0:white", "expected the form spread:S:GRAM"),
        ("spread:2:spread:2:spread:2:spread:2:spread:2:white", "is not known"),
        ("differenced:1e9", "an integer from 1 to"),
    ],
)
def test_texts_that_cannot_be_used_are_refused_with_the_form(text, said):
    with pytest.raises(hl.InputError) as error:
        gram_matrix(text, 4)
    assert said in str(error.value)
    assert str(error.value).startswith("gram: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ([[1, 2], [3, 4]], "not symmetric"),
        ([[1, 2], [2, 1]], "indefinite"),
        ([[1, 1], [1, 1]], "singular"),
        ([[1, 2, 3]], "square"),
        ([[1.5, float("nan")], [float("nan"), 1]], "nan"),
        (np.array([[1.0, 0.5], [0.25, 1.0]]), "not symmetric"),
        ([["1", "pi"], ["pi", "1"]], "'pi' is not a finite number"),
        (7, "gram"),
    ],
)
def test_matrices_that_cannot_be_used_are_refused(matrix, said):
    with pytest.raises(hl.InputError, match=said):
        GramMatrix.of(matrix)


def test_doubles_are_symmetrized_and_marked_unless_they_are_integers():
    gram = GramMatrix.of(np.array([[1.0, 0.1], [0.1 + 1e-17, 1.0]]))
    assert not gram.exact
    assert gram.entries[0][1] == Fraction(0.1)
    assert GramMatrix.of(np.eye(3)).exact
    assert GramMatrix.of([["1", "0.1"], ["0.1", 1]]).exact
    assert GramMatrix.of([["1", "0.1"], ["0.1", 1]]).entries[0][1] == Fraction(1, 10)


def test_white_up_to_the_torus_is_a_geometric_diagonal():
    assert gram_matrix("weighted:-2/3", 5).is_white_up_to_torus
    assert gram_matrix("diagonal:1,2,4,8", 4).is_white_up_to_torus
    assert not gram_matrix("diagonal:1,2,4,9", 4).is_white_up_to_torus
    assert not gram_matrix("ar1:1/2", 4).is_white_up_to_torus


@pytest.mark.parametrize("text", ["white", "ar1:1/2", "walk", "circulant:1,1/3", "copies:2:ar1:1/2"])
def test_matrices_that_differ_by_a_symmetry_have_one_class(text):
    gram = gram_matrix(text, 6)
    reverse = GramMatrix.of_exact([row[::-1] for row in gram.entries[::-1]])
    larger = GramMatrix.of_exact([[7 * value for value in row] for row in gram.entries])
    weighted, signed = (gram_matrix(f"weighted:{c}:{text}", 6) for c in ("3/2", "-1"))
    assert {one.symmetry_class for one in (reverse, larger, weighted, signed)} == {gram.symmetry_class}
    assert gram_matrix("ar1:1/3", 6).symmetry_class != gram.symmetry_class
