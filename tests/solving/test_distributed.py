"""One solve on a real Dask cluster: two worker processes on this machine, one of which is killed half-way."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.cli import program
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import computed_systems, monodromy
from homotopy_lcn.solving.computed_systems import solve_by_monodromy
from homotopy_lcn.tracking import distributed, get_engine, timed
from homotopy_lcn.tracking.choice import engine_on
from homotopy_lcn.tracking.cluster import connected
from homotopy_lcn.tracking.settings import Tracking
from tests.dask_programs import start_scheduler

pytest.importorskip("distributed")
pytest.importorskip("homotopy_lcn.tracking._native")
pytestmark = pytest.mark.filterwarnings("ignore")

#: (3,3,3),(2,2,1)
STRATUM = Stratum((Factor(2, 1, 1), Factor(2, 1, 2), Factor(2, 1, 4)))
COUNT = 2385
ARCHITECTURE = Architecture((3, 3, 3), (2, 2, 1))


@pytest.fixture
def small_blocks(monkeypatch, cache):
    """Blocks of 100 paths, so that a small network has many, pieces of 500, and an empty cache."""
    monkeypatch.setattr(timed, "BLOCK", 100)
    monkeypatch.setattr(monodromy, "SOLVING", replace(monodromy.SOLVING, largest_crossing=500))


def alone(**options):
    """The start system computed in this process."""
    return solve_by_monodromy(STRATUM, COUNT, Tracking(get_engine("native"), **options))


def same_bits(left, right):
    return left.points.tobytes() == right.points.tobytes() and left.data.b.tobytes() == right.data.b.tobytes()


@pytest.mark.slow
def test_a_worker_killed_half_way_changes_no_bit_of_a_start_system(small_blocks, scheduler, start_worker):
    workers = [start_worker(scheduler), start_worker(scheduler)]

    def kill_one_half_way(known):
        if known >= COUNT / 3 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()

    with engine_on(scheduler, get_engine("native")) as engine:
        found = solve_by_monodromy(STRATUM, COUNT, Tracking(engine, report=kill_one_half_way))
    assert workers[0].poll() == -signal.SIGKILL
    assert workers[1].poll() is None
    assert same_bits(found, alone(jobs=2))


def random_loss(seed):
    rng = np.random.default_rng(seed)
    size = ARCHITECTURE.filter_size
    return SquaredLoss.from_data(rng.normal(size=(4 * size, size)), rng.normal(size=(4 * size, 1)), ARCHITECTURE)


@pytest.mark.slow
def test_a_solve_on_workers_has_the_same_file(small_blocks, scheduler, start_worker, tmp_path, monkeypatch):
    """The paths to the data, too; a worker is killed while they are followed."""
    workers = [start_worker(scheduler), start_worker(scheduler)]

    def kill_one(progress):
        if progress.stage == "tracking" and progress.done >= COUNT / 3 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()

    loss = random_loss(3)
    critical_points(ARCHITECTURE, loss, scheduler=scheduler, progress=kill_one).to_json(tmp_path / "cluster.json")
    assert workers[0].poll() == -signal.SIGKILL
    critical_points(ARCHITECTURE, loss).to_json(tmp_path / "alone.json")
    assert (tmp_path / "cluster.json").read_bytes() == (tmp_path / "alone.json").read_bytes()


def stopping_at(number):
    def stop(known):
        if known >= number:
            raise KeyboardInterrupt

    return stop


@pytest.mark.slow
@pytest.mark.parametrize("first", ["cluster", "alone"])
def test_an_interrupted_computation_goes_on_elsewhere(small_blocks, scheduler, start_worker, first):
    """From its checkpoint, with all that was known, whether it began on a cluster or on one machine."""
    start_worker(scheduler)
    reports = []

    def run(kind, report):
        with engine_on(scheduler if kind == "cluster" else None, get_engine("native")) as engine:
            return solve_by_monodromy(STRATUM, COUNT, Tracking(engine, report=report))

    with pytest.raises(KeyboardInterrupt):
        run(first, stopping_at(800))
    found = run({"cluster": "alone", "alone": "cluster"}[first], reports.append)
    assert 800 <= reports[0] < COUNT
    assert len(found.points) == COUNT
    assert found.trace <= computed_systems.SOLVING.trace


@pytest.mark.slow
def test_a_lost_scheduler_is_one_line_and_leaves_a_checkpoint(small_blocks, started, start_worker, tmp_path):
    address, process = start_scheduler(started, tmp_path)
    start_worker(address)

    def kill_it(known):
        if known >= 800:
            process.kill()

    message = r"^scheduler: the connection to tcp://.* was lost .*; the same call goes on from where it stopped$"
    with pytest.raises(InputError, match=message), engine_on(address, get_engine("native")) as engine:
        solve_by_monodromy(STRATUM, COUNT, Tracking(engine, report=kill_it))
    reports = []
    assert len(alone(report=reports.append).points) == COUNT
    assert reports[0] >= 800


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scheduler", "nonsense"], "--scheduler: 'nonsense' is not an address ("),
        (["--scheduler", "tcp://127.0.0.1:9"], "--scheduler: no scheduler answers at 'tcp://127.0.0.1:9' ("),
        (["--scheduler", "tcp://127.0.0.1:9", "-k", "0,2"], "-k/--filters: "),
    ],
)
def test_a_scheduler_that_cannot_be_used_is_one_line(arguments, message, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(distributed, "connected", partial(connected, wait=1))
    network = [] if "-k" in arguments else ["-k", "2,2"]
    written = tmp_path / "result.json"
    assert program.main(["solve", *network, "-s", "2,1", "--random", "--json", str(written), *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"homotopy-lcn: {message}")
    assert captured.err.count("\n") == 1
    assert not written.exists()


def test_a_scheduler_without_dask_is_one_line(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert program.main(["solve", "-k", "2,2", "-s", "2,1", "--random", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert capfd.readouterr().err == (
        "homotopy-lcn: --scheduler: needs distributed, which is not installed; expected it, as from pip install "
        "'dask[distributed]' pyarrow\n"
    )


def test_many_data_sets_have_no_scheduler(tmp_path, capfd):
    path = tmp_path / "many.npz"
    np.savez(path, gram=np.stack([np.eye(4)] * 2), b=np.ones((2, 4)))
    assert program.main(["solve", "-k", "2,2", "-s", "2,1", "--data", str(path), "--scheduler", "tcp://h:1"]) == 2
    assert capfd.readouterr().err.startswith("homotopy-lcn: --scheduler: given with many data sets in --data; ")
