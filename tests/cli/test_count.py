"""`count`: exact numbers, whole at every width and in every file."""

from __future__ import annotations

import json

import pytest

from homotopy_lcn.cli.program import main
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
