"""`count --series`: special or not, and how near, in sentences and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from homotopy_lcn.cli.program import main

COUNT = ["count", "-k", "4,2", "-s", "2,1"]


def test_both_matrices_are_told_in_sentences_and_as_json(capsys):
    assert main([*COUNT, "--series", "sunspots", "--center"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["autocovariances", "sample moments"]
    assert main([*COUNT, "--series", "sunspots", "--center", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [matrix["sentence"] for matrix in document["matrices"]] == lines
    assert (document["series"], document["column"], document["values"]) == ("sunspots", "SUNACTIVITY", 309)
    for matrix in document["matrices"]:
        assert (matrix["count"], matrix["generic"], matrix["special"]) == (14, 14, False)
        assert 0 < matrix["gap"] < 1


def test_a_special_series_of_a_file(tmp_path, capsys):
    path = tmp_path / "series.csv"
    path.write_text("t;x\n" + "".join(f"{t};{int(t == 3)},0\n" for t in range(40)))
    assert main([*COUNT, "--series", f"{path}:x", "--sep", ";", "--decimal", ",", "--json", str(tmp_path / "o")]) == 3
    printed = capsys.readouterr().out
    assert "autocovariances: special, 6 of 14" in printed
    assert "sample moments: not decided: the matrix is singular" in printed
    first = json.loads((tmp_path / "o").read_text())["matrices"][0]
    assert (first["special"], first["method"]) == (True, "formula")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--center"], "--center: given without --series"),
        (["--horizon", "2"], "--horizon: given without --series"),
        (["--series", "sunspots", "--gram", "white"], "--gram: given together with --series"),
        (["--series", "sunspots", "--white"], "--white: given together with --series"),
        (["--series", "sunspots", "--explain"], "--explain: given together with --series"),
        (["--series", "sunspots", "--sep", ";"], "--sep: given with --series sunspots"),
        (["--series", "sunspots", "--horizon", "500"], "--series: 309 values; expected at least"),
        (["--series", "sunspots", "--time-limit", "-1"], "--time-limit: -1.0 given"),
        (["--series", "none.csv:x"], "--series: no such file 'none.csv'"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_one_line(arguments, message, capsys):
    assert main([*COUNT, *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_quiet_prints_nothing(capsys):
    assert main([*COUNT, "--series", "sunspots", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_standardized_series_have_the_gaps_of_centred_ones(capsys):
    gaps = []
    for option in ("--center", "--standardize"):
        assert main([*COUNT, "--series", "sunspots", option, "--json", "-"]) == 0
        gaps.append([matrix["gap"] for matrix in json.loads(capsys.readouterr().out)["matrices"]])
    assert np.allclose(*gaps, rtol=1e-6)
