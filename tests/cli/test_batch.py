"""``solve`` with many data sets in one file."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, critical_points_of_many
from homotopy_lcn.cli.program import main
from homotopy_lcn.solving import many
from homotopy_lcn.solving.interrupted import BatchInterrupted

NETWORK = ["-k", "2,2", "-s", "2,1"]


@pytest.fixture
def arrays():
    X = np.random.default_rng(0).normal(size=(4, 16, 4))
    return {"gram": X.transpose(0, 2, 1) @ X, "b": X.sum(axis=1), "constant": np.full(4, 16.0)}


def solve(path, *options):
    return main(["solve", *NETWORK, "--data", str(path), *options])


def test_each_line_is_the_file_of_a_result(arrays, tmp_path, capsys):
    np.savez(tmp_path / "many.npz", **arrays)
    assert solve(tmp_path / "many.npz", "--json", "-") == 0
    lines = capsys.readouterr().out.splitlines()
    expected = critical_points_of_many(Architecture((2, 2), (2, 1)), **arrays)
    assert [json.loads(line)["index"] for line in lines] == [0, 1, 2, 3]
    for line, result in zip(lines, expected, strict=True):
        (tmp_path / "one.json").write_text(line)
        read = CriticalPoints.from_json(tmp_path / "one.json")
        assert read == result
        assert not read.edited


def test_the_summary_counts_data_sets(arrays, tmp_path, capsys):
    np.savez(tmp_path / "many.npz", **arrays)
    assert solve(tmp_path / "many.npz") == 0
    assert "4 data sets, 4 solved, 4 complete" in capsys.readouterr().out


def test_a_bad_data_set_is_named_or_kept(arrays, tmp_path, capsys):
    arrays["gram"][2, 0, 0] = np.nan
    np.savez(tmp_path / "many.npz", **arrays)
    path = tmp_path / "out.jsonl"
    assert solve(tmp_path / "many.npz", "--json", str(path)) == 2
    assert "--data: data set 2 of " in capsys.readouterr().err
    assert not path.exists()
    assert solve(tmp_path / "many.npz", "--json", str(path), "--errors", "keep") == 3
    assert "gram: entry [0, 0] is nan" in json.loads(path.read_text().splitlines()[2])["error"]


@pytest.mark.parametrize("option", [["--certify"], ["--regularize", "0.1"], ["--center"], ["--x", "a"]])
def test_options_for_one_data_set_are_refused(option, arrays, tmp_path, capsys):
    np.savez(tmp_path / "many.npz", **arrays)
    assert solve(tmp_path / "many.npz", *option) == 2
    assert f"{option[0]}: given with many data sets" in capsys.readouterr().err


def test_ctrl_c_writes_what_is_finished(arrays, tmp_path, monkeypatch, capsys):
    np.savez(tmp_path / "many.npz", **arrays)
    results = critical_points_of_many(Architecture((2, 2), (2, 1)), **arrays)

    def interrupted(*_, **__):
        raise BatchInterrupted([results[0], None, results[2], None])

    monkeypatch.setattr(many, "critical_points_of_many", interrupted)
    path = tmp_path / "out.jsonl"
    assert solve(tmp_path / "many.npz", "--json", str(path)) == 130
    assert "interrupted: only the 2 finished data sets are reported" in capsys.readouterr().err
    assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == [0, 2]


def test_ranks_in_doubt_are_told_in_one_line_that_names_the_option(arrays, tmp_path, capsys):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    for index in (1, 3):
        gram = turn @ np.diag([1.0, 0.8, 0.6, 4e-12]) @ turn.T
        arrays["gram"][index] = (gram + gram.T) / 2
        arrays["b"][index] = arrays["gram"][index] @ [1.0, 2.0, -1.0, 0.5]
    np.savez(tmp_path / "many.npz", **arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert solve(tmp_path / "many.npz") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("homotopy-lcn: warning: --data: data set 1 of ")
    assert line.endswith("; the numerical rank is in doubt in 1 more data set")
