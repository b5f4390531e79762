"""The command line: what it prints and writes, its exit codes, and one line for every mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from homotopy_lcn import Architecture, InputError, SquaredLoss, __version__
from homotopy_lcn.cli import program
from homotopy_lcn.display.progress import ProgressBars
from homotopy_lcn.display.terminal import render_result
from homotopy_lcn.networks.counts import generic_count
from homotopy_lcn.progress import Progress
from homotopy_lcn.results.points import CriticalPoint, StratumResult
from homotopy_lcn.results.result import CriticalPoints
from tests.results.forgeries import unchecked

ARCHITECTURE = Architecture(filters=(3, 2), strides=(2, 1))
NETWORK = ("-k", "3,2", "-s", "2,1")


class SolveInterrupted(KeyboardInterrupt):
    def __init__(self, partial):
        self.partial = partial


def fabricate(loss=None, seed=0, complete=True):
    """A result of the right shape: every generic point is there, only its values are made up."""
    pattern = ((1, 1), (1,))
    layers = (np.array([1.0, 2.0, 0.5]), np.array([1.0, -1.0]))
    common = {"stratum": pattern, "pure": True, "residual": 1e-14, "condition": 10.0}
    points = [
        CriticalPoint(filter=np.full(5, 1j**i), real=False, loss=3 + 1j**i, parameters=(layers,), **common)
        for i in (1, 3, 1, 3, 1, 3)
    ]
    attained = {"in_function_space": True, "attained": True, "interior": True, "smooth": True}
    points += [
        CriticalPoint(
            filter=[1.25, 0.5, -0.75, 2.0, value],
            real=True,
            loss=value,
            parameters=(layers,),
            kinds=("minimum" if value == 2.5 else "saddle",),
            indices=(0 if value == 2.5 else 1,),
            **common,
            **attained,
        )
        for value in (2.5, 4.5, 5.5)
    ]
    points.append(
        CriticalPoint(filter=[1, 0, 0, 0, 1], real=True, loss=0.5, in_function_space=False, attained=False, **common)
    )
    row = generic_count(ARCHITECTURE).rows[0]
    strata = [
        StratumResult(row.pattern, row.pure, row.count, row.count if complete else 7, row.factorizations),
        StratumResult(((2,), (1,)), False, 0, 0, 1),
    ]
    if not complete:
        points = points[3:]
    if loss is None:
        loss = SquaredLoss.white(np.ones(5))
    return CriticalPoints.build(ARCHITECTURE, loss, points, strata, seed=seed)


@pytest.fixture
def solver(monkeypatch):
    """A solver that records its arguments and answers at once."""
    calls = []

    def critical_points(arch, loss, **options):
        calls.append(SimpleNamespace(arch=arch, loss=loss, **options))
        fake.report(options["progress"])
        return fake.answer(loss, options["seed"])

    fake = SimpleNamespace(
        critical_points=critical_points,
        SolveInterrupted=SolveInterrupted,
        answer=lambda loss, seed: fabricate(loss, seed),
        report=lambda progress: None,
        calls=calls,
    )
    monkeypatch.setitem(sys.modules, "homotopy_lcn.solving.solve", fake)
    return fake


def assert_refused(capsys, arguments, *named):
    code = program.main(arguments)
    output = capsys.readouterr()
    assert code == 2
    assert output.out == ""
    assert output.err.startswith("homotopy-lcn: ")
    assert output.err.count("\n") == 1
    assert output.err.endswith("\n")
    for name in named:
        assert name in output.err


# Usage


def test_version(capsys):
    assert program.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith(f"homotopy-lcn {__version__} (")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "command"),
        (["slove"], "slove"),
        (["solve"], "-k/--filters"),
        (["solve", "-k", "3,2", "--random"], "-s/--strides"),
        (["solve", "-k"], "-k"),
        (["solve", *NETWORK, "--frobnicate"], "--frobnicate"),
        (["solve", *NETWORK, "--random", "extra"], "extra"),
        (["solve", "-k", "3;2", "-s", "2,1", "--random"], "-k/--filters: '3;2'"),
        (["solve", "-k", "3,", "-s", "2,1", "--random"], "-k/--filters: ''"),
        (["solve", "-k", "2.5,2", "-s", "2,1", "--random"], "-k/--filters: '2.5'"),
        (["solve", "-k", "3,2", "-s", "2,one", "--random"], "-s/--strides: 'one'"),
        (["solve", "-k", "3,2", "-s", "2", "--random"], "strides"),
        (["solve", "-k", "3,0", "-s", "2,1", "--random"], "filters: 0"),
        (["solve", "-k", "3,2", "-s", "2,-1", "--random"], "strides: -1"),
        (["solve", *NETWORK], "--data"),
        (["solve", *NETWORK, "--random", "--white"], "--random and --white"),
        (["solve", *NETWORK, "--random", "--x", "a"], "--x"),
        (["solve", *NETWORK, "--csv", "table.csv", "--y", "y"], "--x"),
        (["solve", *NETWORK, "--csv", "table.csv", "--x", "a,b,c,d,e"], "--y"),
        (["solve", *NETWORK, "--white", "--horizon", "2"], "--horizon"),
        (["solve", *NETWORK, "--series", "series.csv:value", "--horizon", "0"], "--horizon"),
        (["solve", *NETWORK, "--random", "--seed", "zero"], "--seed"),
        (["solve", *NETWORK, "--random", "--seed", "-1"], "--seed"),
        (["solve", *NETWORK, "--random", "--jobs", "0"], "--jobs"),
        (["solve", *NETWORK, "--random", "--max-count", "many"], "--max-count"),
        (["count", "-k", "3,2"], "-s/--strides"),
        (["count", "-k", "3,2", "-s", "2,1", "--random"], "--random"),
    ],
)
def test_usage_errors_are_one_line(capsys, files, solver, arguments, named):
    before = sorted(os.listdir(files))
    assert_refused(capsys, [*arguments, *(["--json", "out.json"] if len(arguments) > 2 else [])], named)
    assert sorted(os.listdir(files)) == before
    assert solver.calls == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--data", "missing.npz"], "missing.npz"),
        (["--data", "folder.npz"], "folder.npz"),
        (["--data", "truncated.npz"], "truncated.npz"),
        (["--data", "text.npz"], "text.npz"),
        (["--data", "nothing.npz"], "--data: 'nothing.npz'"),
        (["--data", "wide.npz"], "--data: X, Y: "),
        (["--data", "narrow.npz"], "--data: X: "),
        (["--data", "nan.npz"], "Y"),
        (["--data", "infinite.npz"], "Y"),
        (["--data", "asymmetric.npz"], "--data: gram: "),
        (["--data", "indefinite.npz"], "gram"),
        (["--csv", "missing.csv", "--x", "a,b,c,d,e", "--y", "y"], "--csv: no such file 'missing.csv'"),
        (["--csv", "table.csv", "--x", "a,b,c,d,z", "--y", "y"], "--x: no column 'z'"),
        (["--csv", "words.csv", "--x", "a,b,c,d,e", "--y", "y"], "e"),
        (["--series", "series.csv"], "--series: 'series.csv'"),
        (["--series", "missing.csv:value"], "missing.csv"),
        (["--series", "series.csv:other"], "--series: no column 'other'"),
        (["--series", "short.csv:value"], "--series: 4 values"),
    ],
)
def test_unusable_data_is_one_line(capsys, files, solver, arguments, named):
    before = sorted(os.listdir(files))
    assert_refused(capsys, ["solve", *NETWORK, *arguments, "--json", "out.json"], named)
    assert sorted(os.listdir(files)) == before
    assert solver.calls == []


@pytest.mark.parametrize("command", [["solve", *NETWORK, "--random"], ["count", *NETWORK]])
@pytest.mark.parametrize("path", ["none/out.json", "folder.npz", ""])
def test_output_is_checked_before_solving(capsys, files, solver, command, path):
    assert_refused(capsys, [*command, "--json", path], "--json")
    assert solver.calls == []


def test_errors_of_the_library_are_one_line(capsys, files, solver):
    def refuse(loss, seed):
        raise InputError("max_count: 100 critical filters\nare too many; expected at most 10")

    solver.answer = refuse
    assert_refused(capsys, ["solve", *NETWORK, "--random", "--json", "out.json"], "--max-count")
    assert not (files / "out.json").exists()


def test_internal_errors_ask_for_a_report(capsys, monkeypatch, files, solver):
    def fail(loss, seed):
        raise ZeroDivisionError("division by zero")

    solver.answer = fail
    monkeypatch.delenv("HOMOTOPY_LCN_TRACEBACK", raising=False)
    assert program.main(["solve", *NETWORK, "--random", "--json", "out.json"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "ZeroDivisionError: division by zero; please report" in error
    monkeypatch.setenv("HOMOTOPY_LCN_TRACEBACK", "1")
    assert program.main(["solve", *NETWORK, "--random"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert not (files / "out.json").exists()


# solve


def test_solve_prints_the_table_and_the_summary(capsys, files, solver):
    assert program.main(["solve", *NETWORK, "--data", "good.npz", "--seed", "3"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    for part in ("★", "2.5", "minimum", "saddle 1", "closure only", "10 critical filters", "3 attained", "seed", "yes"):
        assert part in output.out
    assert max(len(line.rstrip()) for line in output.out.splitlines()) <= 120


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {"seed": 0, "jobs": 1, "max_count": 20000, "engine": "auto"}),
        (
            ["--seed", "5", "--jobs", "2", "--max-count", "99", "--engine", "numpy"],
            {"seed": 5, "jobs": 2, "max_count": 99, "engine": "numpy"},
        ),
    ],
)
def test_options_reach_the_solver(capsys, files, solver, arguments, options):
    assert program.main(["solve", *NETWORK, "--random", *arguments]) == 0
    (call,) = solver.calls
    assert call.arch == ARCHITECTURE
    assert {name: getattr(call, name) for name in options} == options
    assert call.progress is None


@pytest.mark.parametrize(
    "source",
    [
        ["--data", "good.npz"],
        ["--data", "gram.npz"],
        ["--csv", "table.csv", "--x", "a,b,c,d,e", "--y", "y"],
        ["--series", "series.csv:value"],
        ["--series", "series.csv:value", "--horizon", "3"],
        ["--random"],
        ["--white"],
    ],
)
def test_every_source_of_data_reaches_the_solver(capsys, files, solver, source):
    assert program.main(["solve", *NETWORK, *source]) == 0
    assert solver.calls[0].loss.gram.shape == (5, 5)


def test_random_data_comes_from_the_seed_and_is_not_the_solvers_stream(files, solver):
    for seed in ("1", "1", "2"):
        assert program.main(["solve", *NETWORK, "--white", "--seed", seed, "-q"]) == 0
    targets = [call.loss.target for call in solver.calls]
    assert np.array_equal(targets[0], targets[1])
    assert not np.allclose(targets[0], targets[2])
    assert not np.allclose(targets[0], np.random.default_rng(1).standard_normal(5))


def test_json_file_holds_the_result(capsys, files, solver):
    assert program.main(["solve", *NETWORK, "--random", "--seed", "4", "--json", "out.json"]) == 0
    result = unchecked("out.json")
    assert result.seed == 4
    assert result.complete
    assert len(result) == 10
    assert "★" in capsys.readouterr().out


def test_json_on_standard_output_stands_alone(capsys, files, solver):
    assert program.main(["solve", *NETWORK, "--random", "--json", "-"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["complete"] is True
    assert output.err == ""
    assert not (files / "-").exists()


def test_quiet_prints_nothing(capsys, files, solver):
    assert program.main(["solve", *NETWORK, "--random", "--json", "out.json", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (files / "out.json").exists()


def test_incomplete_result_is_written_and_says_what_is_missing(capsys, files, solver):
    solver.answer = lambda loss, seed: fabricate(loss, seed, complete=False)
    assert program.main(["solve", *NETWORK, "--random", "--json", "out.json"]) == 3
    output = capsys.readouterr()
    assert "stratum (1,1)(1): 7 of 10 found, 3 missing" in output.out
    assert "★" not in output.out
    assert "completeness could not be established" in output.err
    assert unchecked("out.json").complete is False


def test_interruption_reports_what_is_finished(capsys, files, solver):
    def interrupt(loss, seed):
        raise SolveInterrupted(fabricate(loss, seed, complete=False))

    solver.answer = interrupt
    assert program.main(["solve", *NETWORK, "--random", "--json", "out.json"]) == 130
    output = capsys.readouterr()
    assert "7 of 10" in output.out
    assert "interrupted: only the finished strata are reported, and kept in out.json" in output.err
    assert unchecked("out.json").complete is False


def test_warnings_are_one_line(capsys, files, solver):
    def warn(loss, seed):
        warnings.warn("the cache folder\nis read-only", stacklevel=1)
        return fabricate(loss, seed)

    solver.answer = warn
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert program.main(["solve", *NETWORK, "--random"]) == 0
    assert capsys.readouterr().err == "homotopy-lcn: warning: the cache folder is read-only\n"


def test_interruption_before_any_result(capsys, files, solver):
    def interrupt(loss, seed):
        raise KeyboardInterrupt

    solver.answer = interrupt
    assert program.main(["solve", *NETWORK, "--random", "--json", "out.json"]) == 130
    assert "interrupted before there was a result to report; start systems that" in capsys.readouterr().err
    assert not (files / "out.json").exists()


def test_table_is_shown_even_if_the_file_cannot_be_written(capsys, files, solver):
    def answer(loss, seed):
        (files / "gone").rmdir()
        return fabricate(loss, seed)

    (files / "gone").mkdir()
    solver.answer = answer
    assert program.main(["solve", *NETWORK, "--random", "--json", "gone/out.json"]) == 2
    output = capsys.readouterr()
    assert "★" in output.out
    assert "--json" in output.err
    assert output.err.count("\n") == 1


def test_closed_pipe_is_no_error():
    code = (
        "import sys; from homotopy_lcn.cli import program; sys.exit(program.main(['count', '-k', '3,2', '-s', '2,1']))"
    )
    read, write = os.pipe()
    os.close(read)
    finished = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (finished.returncode, finished.stderr) == (0, b"")


# Display


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_result_fits_the_terminal(width):
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        console.print(render_result(fabricate(), "made up"))
        text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    for number in ("2.5", "4.5", "5.5", "0.5", "-0.75", "made up"):
        assert number in text


def test_progress_bars_follow_the_strata():
    console = Console(width=100, record=True, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file, ProgressBars(console) as bars:
        for pattern in (((1, 1), (1,)), ((2,), (1,))):
            for done in range(3):
                bars(Progress("tracking", pattern, done, 2))
        bars(Progress("classification", None, 1, 2))
        bars._bars.refresh()
    assert "classification" in console.export_text()
