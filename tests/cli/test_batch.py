"""``solve`` with many data sets in one file."""

from __future__ import annotations

import json
import warnings
import weakref
from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, InputError, critical_points_of_many
from homotopy_lcn.cli.batch import BatchOptions, solve_batch
from homotopy_lcn.cli.common import write_pieces
from homotopy_lcn.cli.program import main
from homotopy_lcn.losses.sources import LoadedBatch
from homotopy_lcn.solving import many

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


class Interrupted:
    """Results of which the first ones come before Ctrl-C."""

    def __init__(self, results, size):
        self.results, self.size = results, size

    def __len__(self):
        return self.size

    def __iter__(self):
        yield from self.results
        raise KeyboardInterrupt


@pytest.mark.parametrize("target", ["file", "-", None])
def test_ctrl_c_writes_what_is_finished(target, arrays, tmp_path, monkeypatch, capsys):
    np.savez(tmp_path / "many.npz", **arrays)
    results = critical_points_of_many(Architecture((2, 2), (2, 1)), **arrays)
    monkeypatch.setattr(many, "each_of_many", lambda *_, **__: Interrupted(results[:2], 4))
    path = tmp_path / "out.jsonl"
    path.write_text("an older file")
    assert solve(tmp_path / "many.npz", *(["--json", str(path if target == "file" else "-")] if target else [])) == 130
    printed = capsys.readouterr()
    assert "interrupted: only the 2 finished data sets are reported" in printed.err
    assert target == "-" or "4 data sets, 2 solved, 2 complete" in printed.out
    if target is None:
        assert path.read_text() == "an older file"
    else:
        lines = (printed.out if target == "-" else path.read_text()).splitlines()
        assert [json.loads(line)["index"] for line in lines] == [0, 1]


def test_ctrl_c_while_a_line_is_written_leaves_whole_lines(tmp_path):
    class Piece(str):
        def encode(self):
            raise KeyboardInterrupt

    path = tmp_path / "lines"
    assert write_pieces(str(path), ["one\n", "two\n"])
    assert path.read_text() == "one\ntwo\n"
    assert not write_pieces(str(path), ["one\n", Piece("two\n"), "three\n"])
    assert path.read_text() == "one\n"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_are_written_as_they_come_and_the_file_is_there_when_all_are(arrays, tmp_path, monkeypatch):
    """No more than one result is kept, whatever their number."""
    np.savez(tmp_path / "many.npz", **arrays)
    results = critical_points_of_many(Architecture((2, 2), (2, 1)), **arrays)
    path = tmp_path / "out.jsonl"
    path.write_text("an older file")
    alive, sizes, most = weakref.WeakSet(), [], []

    class Many(Interrupted):
        def __iter__(self):
            for number in range(self.size):
                result = replace(self.results[number % 4])
                alive.add(result)
                most.append(len(alive))
                yield result
                del result
                (unfinished,) = set(tmp_path.iterdir()) - {path, tmp_path / "many.npz"}
                sizes.append(unfinished.stat().st_size)
                assert path.read_text() == "an older file"

    monkeypatch.setattr(many, "each_of_many", lambda *_, **__: Many(results, 60))
    assert solve(tmp_path / "many.npz", "--json", str(path)) == 0
    assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == list(range(60))
    assert max(most) <= 2
    assert sizes[-1] > 0.8 * path.stat().st_size
    assert sizes[29] < 0.6 * path.stat().st_size
    assert set(tmp_path.iterdir()) == {path, tmp_path / "many.npz"}


def test_a_file_that_cannot_be_written_is_named_by_its_option_and_a_failed_solve_is_not(arrays, tmp_path, monkeypatch):
    class Full(Interrupted):
        def __iter__(self):
            raise self.results

    def fail(error):
        monkeypatch.setattr(many, "each_of_many", lambda *_, **__: Full(error, 4))
        with pytest.raises(InputError) as raised:
            solve_batch(None, batch, BatchOptions(str(tmp_path / "out.jsonl"), True, ()), {})
        assert list(tmp_path.iterdir()) == []
        return str(raised.value)

    batch = LoadedBatch(**arrays, description="many")
    assert fail(OSError(28, "No space left on device")).startswith("--json: ")
    assert fail(InputError("scheduler: lost")) == "scheduler: lost"


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
