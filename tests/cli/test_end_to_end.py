"""The command line as its users start it: a process, real data, files, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from homotopy_lcn.results.result import CriticalPoints
from tests import ROOT

NETWORK = ("-k", "3,2", "-s", "2,1")


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
