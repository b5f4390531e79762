"""Surveys in several processes, and on a real Dask cluster: two worker processes, one of which is killed."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, survey
from tests.dask_programs import start_scheduler

pytest.importorskip("distributed")
pandas_testing = pytest.importorskip("pandas").testing
pytest.importorskip("pyarrow")

ARCHITECTURE = Architecture((2, 2), (1, 1))


def tables_equal(left, right):
    pandas_testing.assert_frame_equal(left, right, check_exact=True)


@pytest.mark.filterwarnings("ignore")
def test_a_worker_killed_half_way_changes_nothing(scheduler, start_worker, tmp_path):
    """Its chunks are computed by the other one, none is counted twice, and the table is that of one process."""
    workers = [start_worker(scheduler), start_worker(scheduler)]
    draws, reports = 1500, []

    def kill_one_half_way(progress):
        reports.append(progress.done)
        if progress.done >= draws / 2 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()

    found = survey(
        ARCHITECTURE, draws, seed=4, chunk=50, scheduler=scheduler, progress=kill_one_half_way, output=tmp_path / "run"
    )
    assert workers[0].poll() == -signal.SIGKILL
    assert workers[1].poll() is None
    assert reports[-1] == draws
    assert found.tallies[0].draws == draws
    assert reports == list(range(50, draws + 1, 50))
    alone = survey(ARCHITECTURE, draws, seed=4)
    tables_equal(found.to_frame(), alone.to_frame())
    assert found.to_dict() == alone.to_dict()


@pytest.mark.filterwarnings("ignore")
def test_a_lost_scheduler_is_said_so_and_the_run_goes_on_without_it(started, start_worker, tmp_path, capfd):
    address, process = start_scheduler(started, tmp_path)
    start_worker(address)

    def kill_it(progress):
        if progress.done >= 100:
            process.kill()

    arguments = {"seed": 4, "chunk": 25, "output": tmp_path / "run"}
    with pytest.raises(InputError, match=r"^scheduler: the connection to tcp://.* was lost"):
        survey(ARCHITECTURE, 1000, scheduler=address, progress=kill_it, **arguments)
    assert capfd.readouterr().err == ""
    assert len(list(tmp_path.glob("run/draws/*.parquet"))) >= 4
    reports = []
    found = survey(ARCHITECTURE, 1000, progress=lambda progress: reports.append(progress.done), **arguments)
    tables_equal(found.to_frame(), survey(ARCHITECTURE, 1000, seed=4).to_frame())
    assert len(reports) == 40


def test_one_or_two_local_processes_make_the_same_table():
    one, two = (survey(ARCHITECTURE, 300, seed=1, jobs=jobs, chunk=70).to_frame() for jobs in (1, 2))
    tables_equal(one, two)
    assert np.array_equal(one["draw"], np.arange(300))
