"""Surveys on a real Dask cluster: a scheduler and two worker processes on this machine, one of which is killed."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from functools import partial
from operator import attrgetter
from threading import Thread
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, survey
from homotopy_lcn.cli import program
from homotopy_lcn.extras import import_extra
from homotopy_lcn.surveys.cluster import RETRIES, _as_computed, _Cluster, on_cluster, run_elsewhere
from homotopy_lcn.surveys.plans import Chunk
from homotopy_lcn.version import __version__
from tests import ROOT

distributed = pytest.importorskip("distributed")
pandas_testing = pytest.importorskip("pandas").testing
pytest.importorskip("pyarrow")

ARCHITECTURE = Architecture((2, 2), (1, 1))


@pytest.fixture
def started(tmp_path):
    """Starts a program of Dask; all are ended after the test."""
    with ExitStack() as stack:

        def start(name, *arguments, first_on_path=""):
            log = stack.enter_context(open(tmp_path / f"{name}-{time.monotonic_ns()}.log", "wb"))
            places = [str(first_on_path), str(ROOT), os.environ.get("PYTHONPATH", "")]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{name}", *arguments],
                stdout=log, stderr=log, env=environment, cwd=tmp_path,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def scheduler(started, tmp_path):
    """The address of a scheduler without workers."""
    return start_scheduler(started, tmp_path)[0]


def start_scheduler(started, tmp_path):
    """Its address and its process."""
    place = tmp_path / "scheduler.json"
    process = started(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place)
    )
    for _ in range(600):
        if place.exists() and place.stat().st_size:
            return json.loads(place.read_text())["address"], process
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")


@pytest.fixture
def start_worker(started):
    return lambda address, **options: started(
        "worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", **options
    )


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


class Fragile:
    """A client whose workers die over some chunks, as often as is said; what is handed in is done in turn."""

    def __init__(self, deaths):
        self.deaths = dict(deaths)
        self.done = []

    def nthreads(self):
        return {"worker": 1}

    def submit(self, function, version, work, chunk, key, pure):
        future = Mock()
        future.result = lambda timeout: self._result(function, version, work, Chunk(*chunk))
        future.add_done_callback = lambda call: call(future)
        return future

    def _result(self, function, version, work, chunk):
        if self.deaths.get(chunk, 0):
            self.deaths[chunk] -= 1
            raise distributed.scheduler.KilledWorker("task", Mock(address="tcp://worker:1"), 3)
        self.done.append(chunk)
        return function(version, work, chunk)


def fragile_cluster(deaths):
    done = SimpleNamespace(
        scheduler=distributed.scheduler,
        comm=distributed.comm,
        TimeoutError=distributed.TimeoutError,
        CancelledError=distributed.CancelledError,
    )
    return _Cluster(Fragile(deaths), done, "tcp://x:1", 1.0)


def test_a_chunk_that_brings_down_workers_is_tried_again_and_then_given_up():
    chunks = [Chunk(0, first, first + 10) for first in range(0, 100, 10)]
    cluster = fragile_cluster({chunks[4]: RETRIES, chunks[7]: 1})
    results = list(_as_computed(cluster, attrgetter("first"), iter(chunks)))
    assert sorted(results) == [(chunk, chunk.first) for chunk in chunks]
    assert sorted(cluster.client.done) == chunks
    message = r"^scheduler: draws 40 to 49 have brought down worker after worker, the last of them tcp://worker:1, "
    with pytest.raises(InputError, match=message):
        list(_as_computed(fragile_cluster({chunks[4]: RETRIES + 1}), attrgetter("first"), iter(chunks)))


def test_one_or_two_local_processes_make_the_same_table():
    one, two = (survey(ARCHITECTURE, 300, seed=1, jobs=jobs, chunk=70).to_frame() for jobs in (1, 2))
    tables_equal(one, two)
    assert np.array_equal(one["draw"], np.arange(300))


@pytest.mark.filterwarnings("ignore")
def test_no_scheduler_or_no_workers_are_said_so(scheduler):
    with pytest.raises(InputError, match=r"^scheduler: no scheduler answers at 'tcp://127.0.0.1:9'"):
        list(on_cluster("tcp://127.0.0.1:9", print, [], wait=1))
    with pytest.raises(InputError, match=r"^scheduler: .* has no workers"):
        list(on_cluster(scheduler, print, [], wait=1))
    for address in ("foo", "tcp://foo", "tcp://:8786", "http://localhost:8786", "nonsense::", ""):
        with pytest.raises(InputError, match=rf"^scheduler: '{address}' is not an address"):
            list(on_cluster(address, print, []))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("tls://127.0.0.1:9", "tls:// needs certificates under distributed.comm.tls in the configuration of Dask"),
        ("wss://127.0.0.1:9", "wss:// needs certificates under distributed.comm.tls in the configuration of Dask"),
        ("ucx://127.0.0.1:9", "Dask cannot connect by ucx://, perhaps for want of a package (TypeError)"),
        ("inproc://1.2.3.4/5/6", "an inproc address is that of a scheduler in the process that uses the address"),
        ("inproc://1.2.3.4", "an inproc address has the three parts of inproc://host/process/number"),
    ],
)
def test_an_address_that_cannot_be_used_here_is_one_line(address, reason, capfd):
    arguments = ["survey", "-k", "2,2", "-s", "1,1", "--draws", "5", "--scheduler", address]
    assert program.main(arguments) == program.UNUSABLE_INPUT
    captured = capfd.readouterr()
    assert captured.out == ""
    expected = f"{address!r} cannot be used here: {reason}; expected one as tcp://host:8786"
    assert captured.err == f"homotopy-lcn: --scheduler: {expected}\n"


@pytest.fixture(params=["nothing", "a web page"])
def other_program(request):
    """The address of a program that accepts connections and is no scheduler."""
    answer = {"nothing": b"", "a web page": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno."}[request.param]
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:

        def serve():
            with suppress(OSError):
                while True:
                    connection = stack.enter_context(server.accept()[0])
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_program_that_is_no_scheduler_is_said_so(other_program):
    with pytest.raises(InputError, match=rf"^scheduler: no scheduler answers at '{other_program}' \(") as raised:
        list(on_cluster(other_program, print, [], wait=1))
    assert len(str(raised.value)) < 400


OTHER_VERSION = f"""
from pathlib import Path
__path__ = [str(Path(__file__).parent), {str(ROOT / "homotopy_lcn")!r}]
"""
OTHERS = {
    "without the package": ({"__init__.py": "raise ModuleNotFoundError('no homotopy_lcn')"}, "lack homotopy-lcn, or "),
    "another version": (
        {"__init__.py": OTHER_VERSION, "version.py": "__version__ = '0.0.7'"},
        r"the worker tcp://\S+ has homotopy-lcn 0\.0\.7; expected \S+, as here",
    ),
    "a broken installation": (
        {"__init__.py": OTHER_VERSION, "extras.py": "import no_such_package"}, "lack homotopy-lcn, or cannot load it"
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("files", "message"), OTHERS.values(), ids=OTHERS)
def test_workers_with_another_package_are_said_so(scheduler, start_worker, tmp_path, files, message):
    package = tmp_path / "other" / "homotopy_lcn"
    package.mkdir(parents=True)
    for name, text in files.items():
        (package / name).write_text(text)
    start_worker(scheduler, first_on_path=package.parent)
    with pytest.raises(InputError, match=rf"^scheduler: .*{message}"):
        survey(ARCHITECTURE, 5, scheduler=scheduler)


def test_a_worker_of_another_version_does_no_work():
    work = pickle.dumps(attrgetter("last"))
    assert run_elsewhere(__version__, work, (0, 5, 9)) == ("done", 9)
    assert run_elsewhere("0.0.7", b"", (0, 5, 9)) == ("version", __version__)
    cluster = fragile_cluster({})
    cluster.client.submit = Mock(return_value=Mock(**{"result.return_value": ("version", "0.0.7")}))
    cluster.client.submit.return_value.add_done_callback = lambda call: call(cluster.client.submit.return_value)
    with pytest.raises(InputError, match=r"^scheduler: the worker of tcp://x:1 has homotopy-lcn 0\.0\.7"):
        list(_as_computed(cluster, attrgetter("first"), iter([Chunk(0, 0, 5)])))


@pytest.mark.filterwarnings("ignore")
def test_a_missing_extra_of_a_worker_is_one_line(scheduler, start_worker):
    start_worker(scheduler)
    work = partial(import_extra, "no_such_package", "figures")
    with pytest.raises(InputError, match=r"needs no_such_package, which is not installed"):
        list(on_cluster(scheduler, work, [Chunk(0, 0, 5)]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("stopped", ["workers", "scheduler"])
def test_a_cluster_that_stops_for_good_is_said_so(started, start_worker, tmp_path, stopped):
    """All workers killed, or a scheduler that does not answer any more; the draws until then are kept."""
    address, scheduler = start_scheduler(started, tmp_path)
    worker = start_worker(address)
    assert list(on_cluster(address, attrgetter("first"), [Chunk(0, 5, 6)])) == [(Chunk(0, 5, 6), 5)]
    run = on_cluster(address, attrgetter("first"), [Chunk(0, first, first + 1) for first in range(10_000)], wait=2)
    assert next(run)[1] >= 0
    if stopped == "workers":
        worker.kill()
    else:
        scheduler.send_signal(signal.SIGSTOP)
    message = {
        "workers": r"no workers for 6 seconds; the last ones, tcp://\S+, have ended or were killed, perhaps",
        "scheduler": r"no longer answers within 2 seconds; expected a running scheduler",
    }[stopped]
    with pytest.raises(InputError, match=message):
        list(run)
