from __future__ import annotations

import json

import numpy as np
import pytest

from homotopy_lcn import InputError
from homotopy_lcn.cli.network_texts import shapes_of, supports_of
from homotopy_lcn.cli.program import main


def counted(capsys, *words):
    assert main(["count", *words, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_shapes_are_written_with_a_cross():
    assert shapes_of("-k", "2x2, 3X2,1×2", "shapes") == ((2, 2), (3, 2), (1, 2))
    assert shapes_of("-k", "[2x2]", "shapes") == ((2, 2),)
    for cross in "xX*×✕✖⨯":
        assert shapes_of("-k", f"2{cross}3,1{cross}2", "shapes") == ((2, 3), (1, 2))
    assert shapes_of("-k", "3,2", "shapes") == (3, 2)
    with pytest.raises(InputError, match="-k: 'x' is not an integer; expected shapes"):
        shapes_of("-k", "3,x", "shapes")


def test_supports_are_lists_of_points():
    assert supports_of("0,1,3;0,1") == ((0, 1, 3), (0, 1))
    assert supports_of("0.0,0.1;0.0,2.1") == (((0, 0), (0, 1)), ((0, 0), (2, 1)))


def test_counts_of_networks_in_two_dimensions(capsys):
    document = counted(capsys, "-k", "2x2,2×2", "-s", "1,1")
    assert document["architecture"] == {
        "filters": [[2, 2], [2, 2]], "strides": [[1, 1], [1, 1]], "filter_size": 9, "shape": [3, 3],
    }  # fmt: skip
    assert (document["parameters"], document["filters"], document["pure"], document["spurious"]) == (284, 162, 122, 40)
    assert document["strata"][1] == {"pattern": [[2]], "pure": False, "count": 40, "factorizations": 1}
    assert counted(capsys, "-k", "2x2,2x2", "-s", "2x1,1x1")["pure"] == 284
    assert counted(capsys, "-k", "2x2,2x2", "-s", "2x1,1") == counted(capsys, "-k", "2x2,2x2", "-s", "2x1,1x1")
    assert counted(capsys, "--supports", "0,1,3;0,1")["parameters"] == 10
    assert counted(capsys, "--supports", "0,1,2;0,1", "-s", "2,1") == counted(capsys, "-k", "3,2", "-s", "2,1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-k", "2x2,2", "-s", "1,1"], "filters: layers of 1 and 2 dimensions"),
        (["-k", "2x2,2x", "-s", "1,1"], "-k/--filters: '' is not an integer"),
        (["-k", "2x2"], "-s/--strides: missing; expected strides"),
        (["--supports", "0,1,1;0,1"], "supports[0]: the point 1 is there twice"),
        (["--supports", "0,a"], "--supports: 'a' is not an integer; expected the points of each layer"),
        (
            ["--supports", "0,1.5;0,1"],
            "--supports: the points '0' and '1.5' have 1 and 2 coordinates, which dots separate",
        ),
        (["--supports", "0,1", "-k", "2"], "--supports: given together with -k/--filters"),
        (["--supports", "0,1;0,2", "-s", "1"], "strides: 1 given for 2 filters"),
        (["-k", "2x2,2x2", "-s", "1,1", "--gram", "white", "--explain"], "k = (2×2,2×2), s = (1×1,1×1)"),
        (["-k", "2x2,2x2", "-s", "1,1", "--gram", "toeplitz"], "--gram: the family 'toeplitz' given, and k ="),
    ],
)
def test_networks_that_cannot_be_read_or_counted_are_refused_in_one_line(capsys, words, message):
    assert main(["count", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["survey", "--walls", "--draws", "2"],
    ],
    ids=" ".join,
)
def test_commands_for_ordinary_networks_refuse_others_with_the_reason(capsys, words):
    assert main([*words, "-k", "2x2,2x2", "-s", "1,1"]) == 2
    error = capsys.readouterr().err
    assert "-k/--filters: k = (2×2,2×2), s = (1×1,1×1) is no ordinary network of one dimension; expected" in error
    assert error.count("\n") == 1


def test_the_option_of_the_network_is_named(capsys, tmp_path):
    data = [str(tmp_path / name) for name in ("one.npz", "other.npz")]
    for path, b in zip(data, np.eye(9)[:2], strict=True):
        np.savez(path, gram=np.eye(9), b=b)
    for words, option in (
        (["survey", "--walls", "--draws", "2", "--supports", "0,1,3;0,1"], "--supports"),
        (["walls", "-k", "2x2,2x2", "-s", "1,1", "--from", data[0], "--to", data[1]], "-k/--filters"),
    ):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith(f"homotopy-lcn: {option}: ")
