"""Results say which data were solved and when, and are equal whenever they were solved."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.cli import program
from homotopy_lcn.display.wording import summary
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.progress import time_of_day
from homotopy_lcn.results.parts import LONGEST_TEXT, as_text
from tests.results.forgeries import with_digest

ARCHITECTURE = Architecture((2, 2), (1, 1))
LOSS = SquaredLoss.white([1.0, 2.0, -1.0])


def test_the_time_is_that_of_the_solve_in_utc(monkeypatch):
    assert critical_points(ARCHITECTURE, LOSS).solved == "2023-11-14T22:13:20Z"  # of the tests' SOURCE_DATE_EPOCH
    for unusable in ("", "yesterday", "9" * 40, "-5"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", unusable)
        assert "2026-01-01" < time_of_day() < "2100"


def test_results_solved_at_different_times_are_equal(monkeypatch):
    first = critical_points(ARCHITECTURE, LOSS, data="first")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    second = critical_points(ARCHITECTURE, LOSS, data="second")
    assert (first.solved, first.data) != (second.solved, second.data)
    assert first == second
    assert hash(first) == hash(second)
    assert first != replace(second, seed=1)


def test_the_file_keeps_data_and_time(tmp_path):
    result = critical_points(ARCHITECTURE, LOSS, data="measured on a\nMonday")
    result.to_json(tmp_path / "result.json")
    read = CriticalPoints.from_json(tmp_path / "result.json")
    assert (read.data, read.solved) == ("measured on a Monday", result.solved)
    document = json.loads((tmp_path / "result.json").read_text())
    assert document["data"] == "measured on a Monday"
    assert document["data_digest"] == ExactData.of_doubles(LOSS.gram, LOSS.b, LOSS.constant).digest
    assert document["solved"] == result.solved
    rows = dict(summary(read))
    assert rows["data"] == f"measured on a Monday; digest {document['data_digest'][:16]}"
    assert rows["solved"] == "2023-11-14 22:13:20 UTC"
    assert critical_points(ARCHITECTURE, LOSS).data == "Gram matrix 3 × 3 and moment vector"


def test_the_digest_is_of_the_data_alone():
    one = critical_points(ARCHITECTURE, LOSS, seed=1).data_digest
    assert one == critical_points(ARCHITECTURE, LOSS, data="other words").data_digest
    assert one != critical_points(ARCHITECTURE, SquaredLoss.white([1.0, 2.0, -1.5])).data_digest


@pytest.mark.parametrize("solved", ["yesterday", "2026-13-01T00:00:00Z", "2026-01-01", 5, None])
def test_a_time_that_is_none_is_refused(solved, tmp_path):
    content = json.loads(critical_points(ARCHITECTURE, LOSS).to_json())
    path = tmp_path / "result.json"
    path.write_text(with_digest({**content, "solved": solved}))
    with pytest.raises(InputError, match="solved: "):
        CriticalPoints.from_json(path)


def test_a_digest_of_other_data_says_that_the_file_was_edited(tmp_path):
    content = json.loads(critical_points(ARCHITECTURE, LOSS).to_json())
    path = tmp_path / "result.json"
    path.write_text(with_digest({**content, "data_digest": "0" * 64}))
    assert CriticalPoints.from_json(path).edited is True


def test_words_become_one_line_of_bounded_length(tmp_path):
    assert as_text("a\x1b[31m\ud800b") == "a\\x1b[31m\\ud800b"
    result = critical_points(ARCHITECTURE, LOSS, data="x" * 10**5)
    assert len(result.data) <= LONGEST_TEXT
    result.to_json(tmp_path / "result.json")
    assert CriticalPoints.from_json(tmp_path / "result.json").data == result.data


def test_the_command_line_says_file_columns_and_horizon(tmp_path):
    table, path = tmp_path / "table.csv", tmp_path / "result.json"
    lines = [f"{i},{(i * i) % 7},{(3 * i) % 5},{(i**3) % 11}" for i in range(20)]
    table.write_text("\n".join(["a,b,c,d", *lines]))
    network = ["solve", "-k", "2,2", "-s", "1,1", "-q", "--json", str(path)]
    assert program.main([*network, "--csv", str(table), "--x", "a,b,c", "--y", "d"]) == program.DONE
    assert json.loads(path.read_text())["data"] == f"{table}: 20 samples, 3 → 1 columns (a, b, c → d)"
    assert program.main([*network, "--series", f"{table}:d", "--horizon", "2"]) == program.DONE
    words = json.loads(path.read_text())["data"]
    assert words == f"{table}:d: 16 windows, the one 2 steps ahead from 3 values"
