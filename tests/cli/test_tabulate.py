"""The commands tabulate, paper and plot: output, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from homotopy_lcn.cli.program import main
from homotopy_lcn.tables import atlas_table, tabulation


def run(capsys, *arguments):
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_tabulate_prints_a_table(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    code, out, err = run(capsys, "tabulate", "--max-filter-size", "4", "--measure")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    row = next(line for line in lines if line[:1] == ["2,2,2"])
    assert row[:13] == ["2,2,2", "1,1,1", "4", "/", "1", "4", "4", "yes", "no", "yes", "1", "14", "34"]
    assert "found" in row


@pytest.mark.parametrize("format", ["csv", "json", "markdown", "latex", "text"])
def test_tabulate_writes_every_format(capsys, tmp_path, format):
    arguments = ["tabulate", "-k", "3,2", "-s", "2,1", "-k", "2,2", "-s", "1,1", "--format", format]
    target = tmp_path / "table"
    assert run(capsys, *arguments, "-o", str(target)) == (0, "", "")
    text = target.read_text(encoding="utf-8")
    if format != "text":
        assert run(capsys, *arguments)[1] == text
    if format == "csv":
        assert [row["filters"] for row in csv.DictReader(io.StringIO(text))] == ["3,2", "2,2"]
    elif format == "json":
        assert [row["pure"] for row in json.loads(text)["architectures"]] == [10, 1]
    else:
        assert "3,2" in text


def test_tabulate_json_is_alone_on_standard_output(capsys):
    code, out, _ = run(capsys, "tabulate", "--max-filter-size", "4", "--json", "-")
    assert code == 0
    document = json.loads(out)
    assert document["format"] == "homotopy-lcn/tabulation"
    assert len(document["architectures"]) == 5


def test_tabulate_reads_a_list(capsys, tmp_path):
    (tmp_path / "list").write_text("3,2 2,1\n2,2,2 1,2,1  # mixed\n")
    code, out, _ = run(capsys, "tabulate", "--architectures", str(tmp_path / "list"), "--format", "csv")
    assert code == 0
    assert len(out.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--max-filter-size"),
        (["--max-filter-size", "4", "-k", "3", "-s", "1"], "exclude each other"),
        (["-k", "3,2"], "-s/--strides"),
        (["-k", "3,a", "-s", "1,1"], "-k/--filters"),
        (["--max-filter-size", "0"], "--max-filter-size: 0"),
        (["--max-filter-size", "4", "--size-one"], "--size-one: needs"),
        (["--max-filter-size", "4", "--format", "html"], "--format"),
        (["--max-filter-size", "4", "-o", "no/where.csv"], "-o"),
        (["--architectures", "no-such-file"], "--architectures"),
    ],
)
def test_unusable_input_is_one_line_that_names_the_option(capsys, tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "tabulate", *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert named in err
    assert list(tmp_path.iterdir()) == []


def test_an_exact_count_that_is_not_confirmed_is_exit_code_3(capsys, monkeypatch):
    from homotopy_lcn.errors import IncompleteStartSystem

    def failing(*arguments, **options):
        raise IncompleteStartSystem("no")

    monkeypatch.setattr(tabulation, "critical_points", failing)
    code, out, err = run(capsys, "tabulate", "-k", "3,2", "-s", "2,1", "--measure")
    assert code == 3
    assert "not found" in out
    assert "did not confirm the exact count" in err


def test_an_interrupted_tabulation_prints_what_is_done(capsys, monkeypatch):
    calls = []

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve(*arguments, **options)

    solve = tabulation.critical_points
    monkeypatch.setattr(tabulation, "critical_points", interrupted)
    code, out, err = run(capsys, "tabulate", "--max-filter-size", "5", "--measure", "--format", "csv")
    assert code == 130
    assert len(out.splitlines()) == 3
    assert "interrupted" in err


def test_certificates_need_python_flint(capsys, monkeypatch):
    from homotopy_lcn.certification import _flint

    monkeypatch.setattr(_flint, "ctx", _flint._Missing())
    code, _, err = run(capsys, "tabulate", "--max-filter-size", "4", "--certify")
    assert code == 2
    assert "python-flint" in err


def test_white_counts_come_from_the_atlas_or_are_counted(capsys, monkeypatch):
    arguments = ["tabulate", "-k", "2,2", "-s", "2,1", "--format", "csv"]

    def white(*more):
        (row,) = csv.DictReader(io.StringIO(run(capsys, *arguments, *more)[1]))
        return row["white_pure"], row["white_spurious"], row["white_method"]

    assert white("--white") == ("2", "0", "formula")
    shipped = atlas_table.WhiteCounts(2, 0, "measured")
    monkeypatch.setattr(atlas_table, "_white_counts", lambda: {((2, 2), (2,)): shipped})
    assert white() == ("2", "0", "measured")
    monkeypatch.setattr(atlas_table, "_white_counts", dict)
    assert white() == ("", "", "")


def test_paper_writes_tables_and_the_figure(capsys, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from homotopy_lcn.tables import paper_tables

    small = paper_tables.PaperOptions(
        draws=1, filter_size=3, check_draws=1, check_filter_size=4, white_count=5, growth_count=6, starts=60
    )
    monkeypatch.setattr(paper_tables, "QUICK", small)
    target = tmp_path / "new" / "folder"
    code, out, err = run(capsys, "paper", "all", str(target), "--quick")
    assert (code, err) == (0, "")
    assert str(target / "table4_white.tex") in out
    assert "violations" in out
    assert len(list(target.iterdir())) == 19


def test_an_interrupted_paper_keeps_the_tables_that_are_done(capsys, tmp_path, monkeypatch):
    from homotopy_lcn.tables import paper_tables

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(paper_tables, "QUICK", paper_tables.PaperOptions(draws=1, starts=60))
    monkeypatch.setattr(paper_tables, "survey", interrupted)
    code, out, err = run(capsys, "paper", "all", str(tmp_path), "--quick", "--no-figure")
    assert (code, out) == (130, "")
    assert "interrupted: the tables finished so far" in err
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".md", ".tex"]


def test_paper_fails_before_the_work(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "paper", "all", str(tmp_path / "file"), "--quick", "--no-figure")
    assert code == 2
    assert "FOLDER" in err
    assert run(capsys, "paper", "all", str(tmp_path), "--quick", "--full")[0] == 2
    assert run(capsys, "paper")[0] == 2
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, _, err = run(capsys, "paper", "all", str(tmp_path / "new"), "--quick")
    assert code == 2
    assert "needs matplotlib, which is not installed" in err
    assert not (tmp_path / "new").exists()


def test_figure1_is_still_a_command_of_its_own(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    code, out, _ = run(capsys, "paper", "figure1", "-o", str(tmp_path), "--resolution", "4")
    assert code == 0
    assert len(out.splitlines()) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["growth", "--parameters", "8"],
        ["real-counts", "-k", "2,2", "-s", "2,1", "--draws", "3"],
        ["complex-plane", "-k", "2,2", "-s", "2,1", "--coordinate", "3"],
        ["levels", "RESULT"],
        ["landscape", "RESULT", "--resolution", "12"],
    ],
)
def test_plots(capsys, tmp_path, monkeypatch, arguments):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    if "RESULT" in arguments:
        solve = ["solve", "-k", "3,2", "-s", "2,1", "--random", "--json", "RESULT"]
        assert run(capsys, *solve, "-q")[0] == 0
    code, out, err = run(capsys, "plot", *arguments, "--format", "svg")
    assert (code, err) == (0, "")
    assert out == f"{arguments[0]}.svg\n"
    assert (tmp_path / out.strip()).read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["growth", "-o", "a.txt"], "-o"),
        (["growth", "-o", "a.png", "--format", "pdf"], "-o"),
        (["growth", "--format", "gif"], "--format"),
        (["levels"], "-k/--filters"),
        (["levels", "none.json"], "none.json"),
        (["levels", "none.json", "-k", "2,2", "-s", "1,1"], "-k/--filters"),
        (["complex-plane", "-k", "2,2", "-s", "1,1", "--coordinate", "3"], "--coordinate: 3"),
    ],
)
def test_plots_refuse_unusable_input(capsys, tmp_path, monkeypatch, arguments, named):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "plot", *arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert list(tmp_path.iterdir()) == []
