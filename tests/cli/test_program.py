"""The command line: what it prints and writes, its exit codes, and one line for every mistake."""

from __future__ import annotations

import json
import os
import signal
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
from tests import ROOT
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


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with usable and unusable data files, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((40, 5)), rng.standard_normal((40, 1))
    np.savez("good.npz", X=X, Y=Y)
    np.savez("gram.npz", gram=np.eye(5), b=np.ones(5))
    np.savez("wide.npz", X=X, Y=np.hstack([Y, Y]))
    np.savez("narrow.npz", X=X[:, :4], Y=Y)
    np.savez("nan.npz", X=X, Y=np.where(np.arange(40)[:, None] == 7, np.nan, Y))
    np.savez("infinite.npz", X=X, Y=np.where(np.arange(40)[:, None] == 7, np.inf, Y))
    np.savez("few.npz", X=X[:3], Y=Y[:3])
    np.savez("asymmetric.npz", gram=np.eye(5) + np.triu(np.ones((5, 5)), 1), b=np.ones(5))
    np.savez("indefinite.npz", gram=np.diag([1.0, 1.0, 1.0, 1.0, -1.0]), b=np.ones(5))
    np.savez("nothing.npz", Z=X)
    content = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "truncated.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.npz").write_text("not an archive")
    (tmp_path / "folder.npz").mkdir()
    table = np.hstack([X, Y])
    np.savetxt("table.csv", table, delimiter=",", header="a,b,c,d,e,y", comments="")
    (tmp_path / "words.csv").write_text("a,b,c,d,e,y\n1,2,3,4,five,6\n")
    np.savetxt("series.csv", rng.standard_normal(60), header="value", comments="")
    np.savetxt("short.csv", rng.standard_normal(4), header="value", comments="")
    return tmp_path


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


@pytest.mark.parametrize("arguments", [["--help"], ["solve", "--help"], ["count", "--help"]])
def test_help(capsys, arguments):
    assert program.main(arguments) == 0
    output = capsys.readouterr()
    assert "Usage: homotopy-lcn" in output.out
    assert output.err == ""


def test_help_and_usage_errors_load_nothing_heavy():
    code = """
import sys
from homotopy_lcn.cli import program
assert program.main(["solve", "--help"]) == 0
assert program.main(["solve", "-k", "3,x", "-s", "2,1", "--random"]) == 2
sys.exit(bool({"numpy", "scipy", "pandas"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


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


# count


def test_count_prints_every_stratum(capsys):
    assert program.main(["count", "-k", "2,2,2", "-s", "1,2,1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["(1,1)(1)", "pure", "10", "2", "20"] in lines
    assert ["(2)(1)", "spurious", "14", "1", "14"] in lines
    assert ["all", "10", "pure,", "14", "spurious", "24", "34"] in lines


def test_count_as_json(capsys, tmp_path):
    arguments = ["count", "-k", "2,2,2", "-s", "1,2,1", "--json"]
    assert program.main([*arguments, "-"]) == 0
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
    assert program.main([*arguments, str(tmp_path / "counts.json"), "-q"]) == 0
    assert (tmp_path / "counts.json").read_text() == text
    assert capsys.readouterr() == ("", "")


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


# End to end


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The environment of a user whose cache is empty at first."""
    cache = tmp_path_factory.mktemp("cache")
    return os.environ | {"HOMOTOPY_LCN_CACHE": str(cache), "PYTHONPATH": str(ROOT), "COLUMNS": "160"}


def run(environment, *arguments, cwd=ROOT):
    command = [sys.executable, "-W", "error", "-m", "homotopy_lcn", *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)


def test_sunspots(environment, tmp_path):
    path = tmp_path / "sunspots.json"
    finished = run(environment, "solve", *NETWORK, "--series", "data/sunspots.csv:SUNACTIVITY", "--json", str(path))
    assert (finished.returncode, finished.stderr) == (0, "")
    for part in ("★", "304 windows", "10 critical filters", "minimum", "yes"):
        assert part in finished.stdout
    result = CriticalPoints.from_json(path)
    assert result.complete
    assert (result.counts.generic, result.counts.found, result.counts.pure) == (10, 10, 10)
    best = result.global_minimum
    assert best.kinds == ("minimum",)
    # No filter fits better than the unconstrained least-squares one, and no nearby network better than the best.
    assert result.loss(result.loss.target) < best.loss
    rng = np.random.default_rng(0)
    first, second = best.parameters[0]
    for _ in range(20):
        nearby, step = np.zeros(5), 1e-3 * rng.standard_normal(5)
        for i, value in enumerate(second + step[3:]):
            nearby[2 * i : 2 * i + 3] += value * (first + step[:3])
        assert result.loss(nearby) > best.loss


def test_results_are_equal_bit_for_bit_and_stand_alone_on_standard_output(environment):
    arguments = ("solve", "-k", "2,2,2", "-s", "1,2,1", "--random", "--seed", "1", "--json", "-")
    first, second, threads = (
        run(environment, *arguments),
        run(environment, *arguments),
        run(environment, *arguments, "--jobs", "2"),
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout == threads.stdout
    data = json.loads(first.stdout)
    assert data["complete"] is True
    assert [row["found"] for row in data["strata"]] == [10, 14]
    other = json.loads(run(environment, *arguments[:6], "--seed", "2", "--json", "-").stdout)
    assert other["points"] != data["points"]


@pytest.mark.parametrize("source", [("--data", "good.npz"), ("--csv", "table.csv", "--x", "a,b,c,d,e", "--y", "y")])
def test_files_of_data(environment, files, source):
    finished = run(environment, "solve", *NETWORK, *source, "--json", "-", cwd=files)
    assert finished.returncode == 0
    assert json.loads(finished.stdout)["counts"]["found"] == 10


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((*NETWORK, "--data", "few.npz"), "rank 3"),
        ((*NETWORK, "--data", "few.npz"), "or --isolated for the isolated critical points alone, or --regularize EPS"),
        ((*NETWORK, "--random", "--max-count", "9"), "--max-count: "),
        ((*NETWORK, "--random", "--engine", "steam"), "--engine: "),
        ((*NETWORK, "--data", "truncated.npz"), "truncated.npz"),
        ((*NETWORK, "--data", "narrow.npz"), "--data: X: "),
        (("-k", "3,2", "-s", "2", "--random"), "-s/--strides: "),
        ((*NETWORK, "--fast", "--random"), "--fast"),
    ],
)
def test_refusals(environment, files, arguments, named):
    before = sorted(os.listdir(files))
    finished = run(environment, "solve", *arguments, "--json", "out.json", cwd=files)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("homotopy-lcn: ")
    assert finished.stderr.count("\n") == 1
    assert named in finished.stderr
    assert sorted(os.listdir(files)) == before


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_reports_the_finished_strata(environment, tmp_path):
    path = tmp_path / "interrupted.json"
    code = """
import signal, sys, time
from importlib import import_module
from homotopy_lcn.cli import program
signal.signal(signal.SIGINT, signal.default_int_handler)  # the runner may ignore it
def report(progress):
    if progress.pattern == ((2,), (1,)) and progress.stage == "tracking":
        print("second stratum", file=sys.stderr, flush=True)
        time.sleep(600)  # long enough for the signal to arrive
import_module("homotopy_lcn.cli.solve").progress_bars = lambda *_: report
sys.exit(program.main(sys.argv[1:]))
"""
    arguments = ["solve", "-k", "2,2,2", "-s", "1,2,1", "--random", "--json", str(path)]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr:
            if "second stratum" in line:
                process.send_signal(signal.SIGINT)
                break
        output, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    kept = (
        f"homotopy-lcn: interrupted: only the finished strata are reported, and kept in {path}; the same command goes "
        "on from where it stopped"
    )
    assert errors.splitlines()[-1] == kept
    assert "Traceback" not in errors
    assert "stratum (2)(1): 0 of 14 found, 14 missing" in output
    result = CriticalPoints.from_json(path)
    assert not result.complete
    assert [row.found for row in result.strata] == [10, 0]
    assert result.counts.found == 10


@pytest.mark.parametrize("command", [(), ("paper",), ("plot",)])
def test_the_summaries_of_the_commands_are_not_cut(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert program.main([*command, "--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


@pytest.mark.parametrize(
    "command", [("descend",), ("plot", "levels"), ("plot", "landscape"), ("plot", "complex-plane")]
)
def test_no_option_is_called_required_where_a_result_takes_its_place(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert program.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Required" not in text
    assert "[RESULT.json]" in text
    assert "[[" not in text
    assert text.count("without RESULT.json") == 2


@pytest.mark.parametrize("command", ["solve", "count", "geometry", "export"])
def test_options_that_are_required_are_called_so(command, capsys):
    assert program.main([command, "--help"]) == 0
    assert capsys.readouterr().out.count("Required") >= 2
