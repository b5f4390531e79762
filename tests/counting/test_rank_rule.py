"""The rank rule: the matrix of lags, and the nodes that bound the number of points."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, gram_matrix
from homotopy_lcn.counting.groebner import Search, count_by_groebner, residues_of
from homotopy_lcn.counting.groebner_programs import find_program
from homotopy_lcn.counting.rank_rule import lag_matrix, most_by_nodes
from homotopy_lcn.networks.strata import Stratum


def case(filters, strides, text):
    arch = Architecture(filters, strides)
    return Stratum.of_layers(arch), gram_matrix(text, arch.filter_size)


@pytest.mark.parametrize(
    ("filters", "strides", "text", "expected"),
    [
        ((2, 2), (2, 1), "white", (2, 4)),
        ((3, 3), (2, 1), "white", (23, 16)),
        ((3, 3), (2, 1), "ar1:1/2", (23, 16)),
        ((3, 3), (2, 1), "ma:0,1/2", (23, 16)),
        ((4, 4), (2, 1), "ar1:1/2", (220, 64)),
        ((3, 3), (2, 1), "ar:1/3,1/5", None),  # of full rank
        ((3, 3), (2, 1), "ma1:1", None),  # two of the four common zeros agree
        ((4, 4), (2, 1), "white", None),  # the rank is too small
        ((4, 3), (2, 1), "white", None),  # sizes that differ
        ((3, 3), (2, 1), "walk", None),  # not Toeplitz
        ((3, 3), (1, 1), "white", None),  # one block
        ((2, 2, 2), (2, 2, 1), "white", None),
    ],
)
def test_the_bound_by_nodes(filters, strides, text, expected):
    assert most_by_nodes(*case(filters, strides, text)) == expected


@pytest.mark.skipif(find_program() is None, reason="needs a program for Gröbner bases")
@pytest.mark.parametrize("text", ["ar1:2/3", "ma1:1/4", "seasonal:2,1/2", "ma1:1", "arma:1/2;1/3", "white"])
def test_the_bound_is_met_by_gröbner_bases_or_absent(text):
    stratum, gram = case((3, 3), (2, 1), text)
    found, nodes = count_by_groebner(stratum, residues_of(gram), Search.within(60)), most_by_nodes(stratum, gram)
    assert found == (nodes[0] if nodes else 39 if not lag_matrix(stratum, gram).loses_points else 15)


def test_the_quadric_is_that_of_the_autocorrelations():
    stratum, gram = case((3, 4), (2, 1), "ar:1/3,1/5")
    lags = lag_matrix(stratum, gram)
    rng = np.random.default_rng(0)
    low, high = rng.standard_normal(3), rng.standard_normal(4)
    wide = np.zeros(7)
    wide[::2] = high
    w = np.convolve(low, wide)
    matrix = np.array([[float(value) for value in row] for row in lags.entries])
    matrix[0] /= 2
    matrix[:, 0] /= 2
    one = np.array([np.correlate(low, low, "full")[2 + h] for h in range(3)])
    other = np.array([np.correlate(high, high, "full")[3 + j] for j in range(4)])
    assert 2 * (one @ matrix @ other) == pytest.approx(w @ gram.array @ w)
    assert lags.rank == 3
    assert not lags.loses_points
