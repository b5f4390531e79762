"""The data of a command: each option as a user types it, and the way out that a message names."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from homotopy_lcn import CriticalPoints, SquaredLoss, load_sunspots
from homotopy_lcn.cli import program
from homotopy_lcn.networks.architecture import Architecture

NETWORK = ("-k", "3,2", "-s", "2,1")
ARCHITECTURE = Architecture((3, 2), (2, 1))
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 5)) + 9, RNG.normal(size=(30, 1)) - 4
COLUMNS = ("--x", "a,b,c,d,e", "--y", "y")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("X.npy", X)
    np.save("Y.npy", Y[:, 0])
    np.savez("data.npz", X=X, Y=Y)
    np.savez("moments.npz", gram=np.eye(5), b=np.ones(5))
    rows = np.hstack([X, Y]).tolist()
    for name, sep, mark in ("t.csv", ",", "."), ("german.csv", ";", ","), ("pipes.txt", "|", ","):
        lines = [sep.join("abcdey"), *(sep.join(repr(value).replace(".", mark) for value in row) for row in rows)]
        Path(name).write_text("\n".join(lines), encoding="utf-8-sig")


def solved(*arguments):
    assert program.main(["solve", *NETWORK, *arguments, "--json", "r.json", "-q"]) == 0
    return CriticalPoints.from_json("r.json").loss


def refused(capsys, *arguments, command="solve"):
    assert program.main([command, *NETWORK, *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    return line.removeprefix("homotopy-lcn: ")


@pytest.mark.parametrize(
    "source",
    [
        ("--data", "data.npz"),
        ("--data", "X.npy,Y.npy"),
        ("--csv", "t.csv", *COLUMNS),
        ("--csv", "german.csv", *COLUMNS),
        ("--csv", "pipes.txt", *COLUMNS, "--sep", "|"),
        ("--csv", "pipes.txt", *COLUMNS, "--sep", "|", "--decimal", ","),
    ],
)
@pytest.mark.parametrize("prepared", ["", "--center", "--standardize"])
def test_samples(source, prepared):
    options = {prepared.strip("-"): True} if prepared else {}
    expected = SquaredLoss.from_data(X, Y, ARCHITECTURE, **options)
    assert solved(*source, *([prepared] if prepared else [])) == expected


def test_sunspots_from_anywhere(capsys):
    expected = SquaredLoss.from_series(load_sunspots(), ARCHITECTURE, 2, center=True)
    assert solved("--series", "sunspots", "--horizon", "2", "--center") == expected
    assert program.main(["solve", *NETWORK, "--series", "sunspots", "--center"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "sunspots: 304 windows, the next one from 5 values, centred" in text
    assert "the series, by its mean 49.7521; the loss is nearly that of a network with a free intercept" in text


def test_random_data_can_be_centred():
    assert solved("--random", "--center").preparation.of == "columns"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--data", "t.csv"),
            "--data: 't.csv' is a table; expected arrays (--csv FILE.csv --x COL,… --y COL,… reads tables)",
        ),
        (
            ("--data", "X.npy"),
            "--data: 'X.npy' is not an .npz file, or truncated; expected arrays saved by numpy.savez; "
            "two of them are a pair, as in X.npy,Y.npy",
        ),
        (("--data", "X.npy,Z.npy"), "--data: no such file 'Z.npy'; expected a file to read"),
        (("--data", "Y.npy,X.npy"), "--data: X: shape (30,); expected two dimensions"),
        (
            ("--csv", "data.npz", *COLUMNS),
            "--csv: 'data.npz' is no table; expected a CSV or Parquet file (--data reads",
        ),
        (("--series", "data.npz:X"), "--series: 'data.npz' is no table; expected a CSV or Parquet file (--data reads"),
        (("--series", "sunspot"), "--series: 'sunspot'; expected FILE.csv:COLUMN, or sunspots, the shipped series"),
        (("--data", "moments.npz", "--center"), "--center: 'moments.npz' holds a Gram matrix and a moment vector"),
        (("--white", "--standardize"), "--standardize: given with --white, which has no samples"),
        (
            ("--data", "data.npz", "--sep", ";"),
            "--sep: given with --data; expected only together with --csv or --series",
        ),
        (("--csv", "t.csv", *COLUMNS, "--sep", "xy"), "--sep: 'xy' given; expected one character"),
        (("--csv", "t.csv", *COLUMNS, "--decimal", "x"), "--decimal: 'x' given; expected . or ,"),
        (
            ("--csv", "t.csv", "--x", "A,b,c,d,e", "--y", "y"),
            "--x: no column 'A' (perhaps 'a') in 't.csv'; expected one of",
        ),
    ],
)
def test_messages_name_the_way_out(capsys, arguments, message):
    assert refused(capsys, *arguments).startswith(message)


def test_ambiguous_tables_name_the_options(capsys):
    Path("one.csv").write_text("v\n" + "1,5\n" * 20, encoding="utf-8")
    assert "expected --decimal , for a decimal comma, or --sep SEP" in refused(capsys, "--series", "one.csv:v")
    Path("two.csv").write_text("a;v\n" + "1;1,500\n" * 20, encoding="utf-8")
    assert "expected --decimal , for a decimal comma, or numbers without" in refused(capsys, "--series", "two.csv:v")


@pytest.mark.parametrize("arrays", [{"X": X.T, "Y": Y}, {"X": X.T, "Y": Y.T}, {"X": X, "Y": Y.T}])
def test_transposed_data(capsys, arrays):
    np.savez("wrong.npz", **arrays)
    line = refused(capsys, "--data", "wrong.npz")
    assert "(samples are rows: " in line
    for name in "XY":
        assert (f"{name}.T" in line) == (arrays[name].shape[0] != 30)


def test_columns_of_very_different_units(capsys):
    np.savez("units.npz", X=X * [1, 1e-8, 1e-8, 1e-8, 1e-8], Y=Y)
    line = refused(capsys, "--data", "units.npz")
    assert "rank 4 or more if each is scaled to norm one; rescale them, as --standardize does" in line
    assert "too few samples" not in line
    assert solved("--data", "units.npz", "--standardize").rank == 5
    np.savez("few.npz", X=X[:3], Y=Y[:3])
    assert "too few samples?" in refused(capsys, "--data", "few.npz")


@pytest.mark.parametrize("scales", [[1, 1e-9, 1, 1, 1], [1, 1e-4, 1e4, 1, 1], [1e-8, 1e-8, 1, 1, 1e8]])
@pytest.mark.parametrize("more", [(), ("--isolated",)])
def test_eigenvalues_that_units_alone_make_rounding_are_no_kernel(capsys, scales, more):
    """A filter with 1e9 in the place of the small column has the least loss, and doubles say that it has no effect."""
    np.savez("units.npz", X=X * scales, Y=Y)
    line = refused(capsys, "--data", "units.npz", *more)
    assert "rescale them, as --standardize does" in line


def test_separators_are_those_of_files(capsys):
    assert "expected only with the path of a file" in refused(capsys, "--series", "sunspots", "--sep", ";")


def test_columns_of_very_different_units_are_told_before_a_slow_solve(capsys):
    np.savez("units.npz", X=X * [1, 3e-3, 1e2, 1, 1], Y=Y)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert program.main(["solve", *NETWORK, "--data", "units.npz", "--time-limit", "1"]) in (0, 3)
    assert "rescale them, as standardize=True does" in capsys.readouterr().err
    assert program.main(["solve", *NETWORK, "--data", "units.npz", "--standardize"]) == 0
    assert "rescale" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[3,2]", "(3,2)", "3, 2", "[3, 2]", " (3, 2) "])
def test_lists_of_numbers(text):
    assert program.main(["count", "-k", text, "-s", text.replace("2", "1").replace("3", "2"), "-q"]) == 0


def test_a_filter_in_brackets(capsys):
    outputs = []
    for text in "1,0,-2,0,1", "[1, 0, -2, 0, 1]":
        assert program.main(["geometry", *NETWORK, f"--filter={text}", "--json", "-"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("command", ["solve", "count", "geometry", "descend", "export", "survey"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-k", "3", "2", "-s", "2,1"], "-k/--filters: 3 2 given as 2 words"),
        (["-k", "3,", "2", "-s", "2,1"], "-k/--filters: 3, 2 given as 2 words"),
        (["--filters", "[3,", "2]", "-s", "2,1"], "-k/--filters: [3, 2] given as 2 words"),
        (["-k", "3,2", "-s", "2", "1"], "-s/--strides: 2 1 given as 2 words"),
    ],
)
def test_numbers_with_spaces(capsys, command, words, message):
    assert program.main([command, *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    wanted = "2,1" if "strides" in message else "3,2"
    assert line.startswith(f"homotopy-lcn: {message}; expected numbers separated by commas without spaces, as in -")
    assert line.endswith(wanted)


@pytest.mark.parametrize("command", ["descend", "export"])
def test_other_commands_read_the_same_data(capsys, command):
    extra = {"descend": ("--starts", "3", "--json", "-"), "export": ("--to", "sympy")}[command]
    arguments = (*NETWORK, "--csv", "german.csv", *COLUMNS, "--center", *extra)
    assert program.main([command, *arguments]) in (0, 3)
    centred = capsys.readouterr().out
    assert program.main([command, *NETWORK, "--data", "data.npz", "--center", *extra]) in (0, 3)
    other = capsys.readouterr().out
    if command == "descend":
        documents = [json.loads(centred), json.loads(other)]
        names = [document.pop("data") for document in documents]
        assert names[0].startswith("german.csv")
        assert names[1].startswith("data.npz")
        assert documents[0] == documents[1]
    else:
        assert other == centred


def test_a_survey_of_centred_columns(capsys):
    arguments = ["survey", *NETWORK, "--draws", "3", "--json", "-"]
    assert program.main([*arguments, "--data-model", "X.npy,Y.npy", "--center"]) == 0
    centred = json.loads(capsys.readouterr().out)
    np.savez("centred.npz", X=X - X.mean(axis=0), Y=Y - Y.mean(axis=0))
    assert program.main([*arguments, "--data-model", "centred.npz"]) == 0
    assert json.loads(capsys.readouterr().out)["architectures"] == centred["architectures"]
    line = refused(capsys, "--data-model", "gaussian", "--center", command="survey")
    assert line.startswith("--center: given with --data-model gaussian; expected FILE.npz, whose columns have means")


def test_parquet(capsys):
    pd.DataFrame(np.hstack([X, Y]), columns=list("abcdey")).to_parquet("t.parquet")
    assert solved("--csv", "t.parquet", *COLUMNS, "--center") == solved("--data", "data.npz", "--center")
    assert solved("--series", "t.parquet:a") == SquaredLoss.from_series(X[:, 0], ARCHITECTURE)
    assert refused(capsys, "--data", "t.parquet").startswith("--data: 't.parquet' is a table")
    Path("no.parquet").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "is not a whole Parquet file" in refused(capsys, "--series", "no.parquet:a")


def test_figure1_with_data_that_are_centred(capsys):
    assert program.main(["paper", "figure1", "--center"]) == 2
    assert capsys.readouterr().err.startswith("homotopy-lcn: --center: given without --data")


def test_a_certificate_of_centred_samples(capsys):
    solved("--data", "data.npz", "--center")
    assert program.main(["certify", "r.json", "--data", "X.npy,Y.npy"]) == 0
    assert "complete, proved" in capsys.readouterr().out
