"""`count`: exact numbers, whole at every width and in every file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from homotopy_lcn.cli.program import main
from homotopy_lcn.counting.groebner_programs import find_program
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.counts import generic_count, generic_totals

THIRTY = ",".join(["2"] * 30)
SIXTY, ONES = ",".join(["2"] * 60), ",".join(["1"] * 60)


@pytest.mark.parametrize("width", [10, 40, 80, 120, 300, None], ids=str)
def test_no_digit_is_lost_at_any_width_nor_in_a_file(width, monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    if width is not None:
        monkeypatch.setenv("COLUMNS", str(width))
    exact = str(generic_count(Architecture((2,) * 30, (2,) * 30)).parameters)
    assert main(["count", "-k", THIRTY, "-s", THIRTY]) == 0
    printed = capsys.readouterr().out
    assert printed.count(exact) >= 4  # filters and θ, of the stratum and of all
    assert "…" not in printed.replace("(w_1, …,", "")
    assert main(["count", "-k", SIXTY, "-s", ONES]) == 0
    assert str(generic_totals(Architecture((2,) * 60, (1,) * 60)).parameters) in capsys.readouterr().out


def test_the_json_document_has_the_same_numbers(capsys):
    assert main(["count", "-k", THIRTY, "-s", THIRTY, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == generic_count(Architecture((2,) * 30, (2,) * 30)).parameters


def test_a_gram_matrix_by_name_has_its_method_and_other_counts_beside(capsys):
    assert main(["count", "-k", "4,2", "-s", "2,1", "--gram", "ma1:1/3", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    keys = ("gram", "method", "parameters", "filters", "pure", "spurious", "white", "generic")
    assert [document[key] for key in keys] == ["ma1:1/3", "eigenvalues", 14, 14, 14, 0, 6, 14]
    [stratum] = document["strata"]
    assert stratum["reason"] == "4 different eigenvalues of Γ_0^(−1) Γ_s: 4·4 − 2"
    assert (stratum["count"], stratum["white"], stratum["generic"], stratum["method"]) == (14, 6, 14, "eigenvalues")


def test_the_terminal_says_the_method_and_the_reason(capsys):
    assert main(["count", "-k", "2,2", "-s", "1,1", "--gram", "diagonal:1,1/2,1"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "(2): formula. wᵀΣw is a binary form with 2 different zeros: 2 + 2 − 2" in printed
    assert "the Gram matrix Σ = diagonal:1,1/2,1 and generic b (method: formula)" in printed


@pytest.mark.parametrize("name", ["gram.json", "gram.npz"])
def test_a_gram_matrix_in_a_file_needs_no_moment_vector(name, tmp_path, capsys):
    path = tmp_path / name
    if name.endswith(".json"):
        path.write_text('{"gram": [["1", "0", "0"], ["0", "1/2", "0"], ["0", "0", "1"]]}')
    else:
        np.savez(path, gram=np.diag([2, 1, 2]))
    assert main(["count", "-k", "2,2", "-s", "1,1", "--gram", str(path), "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["parameters"], document["method"], document["gram"]) == (4, "formula", str(path))


@pytest.mark.parametrize(
    ("gram", "said"),
    [
        ("ar1:1", "--gram: the series with the autoregressive coefficients 1 is not stationary"),
        ("arx", "--gram: 'arx' is not known; expected white, ar1:RHO"),
        ("arx", "a family (diagonal, toeplitz, hankel, moments, circulant, exchangeable), FILE.npz or FILE.json"),
        ("no-such-file.json", "--gram: no such file"),
        ("toeplitz:1,2", "--gram: the matrix is indefinite"),
        ("diagonal:1,2", "--gram: 2 numbers"),
    ],
)
def test_a_gram_matrix_that_cannot_be_used_is_said_in_one_line(gram, said, capsys):
    assert main(["count", "-k", "3,2", "-s", "2,1", "--gram", gram, "--json", "-"]) == 2
    out, error = capsys.readouterr()
    assert not out
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_a_file_with_a_matrix_of_another_size_or_without_one_is_refused(tmp_path, capsys):
    np.savez(tmp_path / "other.npz", gram=np.eye(3))
    np.savez(tmp_path / "none.npz", b=np.ones(3))
    for name, said in ("other.npz", "shape (3, 3) given; expected (5, 5)"), ("none.npz", "has no gram"):
        assert main(["count", "-k", "3,2", "-s", "2,1", "--gram", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err


def test_white_and_gram_exclude_each_other(capsys):
    assert main(["count", "-k", "3,2", "-s", "2,1", "--white", "--gram", "white"]) == 2
    assert "--gram: given together with --white" in capsys.readouterr().err


@pytest.mark.skipif(find_program() is None, reason="neither msolve nor Macaulay2 is installed")
def test_explain_says_why_the_number_drops(capsys):
    assert main(["count", "-k", "2,2", "-s", "2,1", "--gram", "white", "--explain"]) == 0
    assert "(1)(1): 6 − 4 = 2: 4 nodes of the quadric" in capsys.readouterr().out
    assert main(["count", "-k", "2,2", "-s", "2,1", "--gram", "white", "--explain", "--json", "-"]) == 0
    [points] = json.loads(capsys.readouterr().out)["explain"]
    assert (points["dimension"], points["tjurina"], points["nodes"]) == (0, 4, True)


@pytest.mark.parametrize(("more", "said"), [([], "without --gram"), (["--gram", "toeplitz"], "toeplitz is a family")])
def test_explain_is_about_one_gram_matrix(more, said, capsys):
    assert main(["count", "-k", "2,2", "-s", "2,1", "--explain", *more]) == 2
    assert said in capsys.readouterr().err


def test_count_prints_every_stratum(capsys):
    assert main(["count", "-k", "2,2,2", "-s", "1,2,1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["(1,1)(1)", "pure", "10", "2", "20"] in lines
    assert ["(2)(1)", "spurious", "14", "1", "14"] in lines
    assert ["all", "10", "pure,", "14", "spurious", "24", "34"] in lines


def test_count_as_json(capsys, tmp_path):
    arguments = ["count", "-k", "2,2,2", "-s", "1,2,1", "--json"]
    assert main([*arguments, "-"]) == 0
    text = capsys.readouterr().out
    assert json.loads(text) == {
        "format": "homotopy-lcn/counts",
        "version": 1,
        "architecture": {"filters": [2, 2, 2], "strides": [1, 2, 1], "filter_size": 5},
        "metric": "generic",
        "strata": [
            {"pattern": [[1, 1], [1]], "pure": True, "count": 10, "factorizations": 2},
            {"pattern": [[2], [1]], "pure": False, "count": 14, "factorizations": 1},
        ],
        "pure": 10,
        "spurious": 14,
        "filters": 24,
        "parameters": 34,
    }
    assert main([*arguments, str(tmp_path / "counts.json"), "-q"]) == 0
    assert (tmp_path / "counts.json").read_text() == text
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([["1", "2"], ["3", "1"]], "--gram: not symmetric"),
        ([["1", "2"], ["2", "1"]], "--gram: the matrix is indefinite"),
        ([["1", "x"], ["x", "1"]], "--gram: gram[0][1]: 'x' is not a finite number"),
        (3, "--gram: int given"),
    ],
)
def test_unusable_matrices_in_files_are_named_with_the_option_once(tmp_path, capsys, entries, message):
    path = tmp_path / "gram.json"
    path.write_text(json.dumps({"gram": entries}))
    assert main(["count", "-k", "2,1", "-s", "1,1", "--gram", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"homotopy-lcn: {message}")
