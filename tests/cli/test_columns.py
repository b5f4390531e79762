"""``solve --columns``, and JSON that would be too large."""

from __future__ import annotations

import json

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli import program
from homotopy_lcn.cli import solve as module

SMALL = ["solve", "-k", "3,2", "-s", "2,1", "--random"]


@pytest.mark.parametrize("end", ["npz", "parquet"])
def test_columns_hold_what_json_holds(end, tmp_path, capsys):
    if end == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x.{end}"
    assert program.main([*SMALL, "--columns", str(path), "--json", str(tmp_path / "x.json")]) == 0
    assert "10 pure" in capsys.readouterr().out
    assert hl.CriticalPoints.from_columns(path) == hl.CriticalPoints.from_json(tmp_path / "x.json")


def test_json_beside_columns_is_alone_on_standard_output(tmp_path, capsys):
    assert program.main([*SMALL, "--columns", str(tmp_path / "x.npz"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["complete"]
    assert (tmp_path / "x.npz").exists()


def test_too_large_json_is_refused_before_the_solve(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(module, "LARGEST_JSON", 9)
    monkeypatch.setattr("homotopy_lcn.solving.solve.critical_points", None)
    for target in (str(tmp_path / "x.json"), "-"):
        assert program.main([*SMALL, "--json", target]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "--json: 10 points" in captured.err
        assert "expected at most 9, or --columns FILE.parquet or FILE.npz" in captured.err
    assert not (tmp_path / "x.json").exists()


def test_a_network_that_is_refused_anyway_is_refused_for_that(monkeypatch, capsys):
    monkeypatch.setattr(module, "LARGEST_JSON", 3)
    assert program.main([*SMALL, "--json", "-", "--max-count", "5"]) == 2
    assert "--max-count" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x.csv", "no/x.npz"])
def test_columns_that_cannot_be_written_are_refused_before_the_solve(monkeypatch, tmp_path, capsys, name):
    monkeypatch.setattr("homotopy_lcn.solving.solve.critical_points", None)
    assert program.main([*SMALL, "--columns", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.startswith("homotopy-lcn: --columns: ")


def test_many_data_sets_have_no_columns(tmp_path, capsys):
    np.savez(tmp_path / "many.npz", gram=np.stack([np.eye(5)] * 2), b=np.ones((2, 5)))
    line = ["solve", "-k", "3,2", "-s", "2,1", "--data", str(tmp_path / "many.npz")]
    assert program.main([*line, "--columns", str(tmp_path / "x.npz")]) == 2
    assert "--columns" in capsys.readouterr().err
