"""Work on a real Dask cluster: a scheduler and workers on this machine, and what is wrong with them."""

from __future__ import annotations

import pickle
import signal
import socket
from contextlib import ExitStack, suppress
from functools import partial
from operator import attrgetter
from queue import Empty, SimpleQueue
from threading import Thread
from types import SimpleNamespace
from unittest.mock import Mock, patch

import pytest

from homotopy_lcn import Architecture, InputError, survey
from homotopy_lcn.cli import program
from homotopy_lcn.extras import import_extra
from homotopy_lcn.progress import TimeUp
from homotopy_lcn.surveys.execution import WORDING
from homotopy_lcn.surveys.plans import Chunk
from homotopy_lcn.tracking.cluster import (
    ITEMS_FOR_EACH_THREAD,
    RESULTS_AHEAD,
    RETRIES,
    Cluster,
    connected,
    run_elsewhere,
)
from homotopy_lcn.version import __version__
from tests import ROOT
from tests.dask_programs import start_scheduler

distributed = pytest.importorskip("distributed")

ARCHITECTURE = Architecture((2, 2), (1, 1))


def on_cluster(address, work, items, wait=20):
    with connected(address, WORDING, wait) as cluster:
        yield from cluster.as_computed(work, items)


class Fragile:
    """A client whose workers die over some chunks, as often as is said; what is handed in is done in turn."""

    def __init__(self, deaths):
        self.deaths = dict(deaths)
        self.done = []

    def nthreads(self):
        return {"worker": 1}

    def submit(self, function, version, work, item, key, pure):
        future = Mock()
        future.result = lambda timeout: self._result(function, version, work, item)
        future.add_done_callback = lambda call: call(future)
        return future

    def _result(self, function, version, work, item):
        chunk = pickle.loads(item)
        if self.deaths.get(chunk, 0):
            self.deaths[chunk] -= 1
            raise distributed.scheduler.KilledWorker("task", Mock(address="tcp://worker:1"), 3)
        self.done.append(chunk)
        return function(version, work, item)


def fragile_cluster(deaths):
    done = SimpleNamespace(
        scheduler=distributed.scheduler,
        comm=distributed.comm,
        TimeoutError=distributed.TimeoutError,
        CancelledError=distributed.CancelledError,
    )
    return Cluster(Fragile(deaths), done, "tcp://x:1", 1.0, WORDING)


def test_a_chunk_that_brings_down_workers_is_tried_again_and_then_given_up():
    chunks = [Chunk(0, first, first + 10) for first in range(0, 100, 10)]
    cluster = fragile_cluster({chunks[4]: RETRIES, chunks[7]: 1})
    results = list(cluster.as_computed(attrgetter("first"), chunks))
    assert sorted(results) == [(chunk, chunk.first) for chunk in chunks]
    assert sorted(cluster.client.done) == chunks
    message = r"^scheduler: draws 40 to 49 have brought down worker after worker, the last of them tcp://worker:1, "
    with pytest.raises(InputError, match=message):
        list(fragile_cluster({chunks[4]: RETRIES + 1}).as_computed(attrgetter("first"), chunks))


def test_results_in_order_wait_for_the_slowest_one_and_not_too_many_of_them():
    """A cluster that hands back the last ones first; items are taken as the first results are there."""
    taken, given = [], []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    class Backwards(SimpleQueue):
        def get(self, timeout):
            found = []
            with suppress(Empty):
                while True:
                    found.append(super().get(block=False))
            for future in found[:-1]:
                self.put(future)
            return found[-1]

    cluster = fragile_cluster({})
    with patch("homotopy_lcn.tracking.cluster.SimpleQueue", Backwards):
        for result in cluster.in_order(abs, items()):
            given.append(result)
            assert len(taken) - len(given) <= (RESULTS_AHEAD + 1) * ITEMS_FOR_EACH_THREAD
    assert given == list(range(100))
    assert cluster.client.done != given


def test_a_caller_may_end_a_run_that_waits():
    """For a future that is never done, the caller is asked again and again."""
    cluster = fragile_cluster({})
    future = Mock()
    cluster.client.submit = Mock(return_value=future)
    asked = []

    def check():
        asked.append(len(asked))
        if len(asked) == 2:
            raise TimeUp

    with patch("homotopy_lcn.tracking.cluster.HEARTBEAT", 0.01), pytest.raises(TimeUp):
        list(cluster.as_computed(abs, [1], check))
    future.release.assert_called_once_with()


@pytest.mark.filterwarnings("ignore")
def test_no_scheduler_or_no_workers_are_said_so(scheduler):
    with pytest.raises(InputError, match=r"^scheduler: no scheduler answers at 'tcp://127.0.0.1:9'"):
        list(on_cluster("tcp://127.0.0.1:9", print, [], wait=1))
    with pytest.raises(InputError, match=r"^scheduler: .* has no workers"):
        list(on_cluster(scheduler, print, [], wait=1))
    for address in ("foo", "tcp://foo", "tcp://:8786", "http://localhost:8786", "nonsense::", ""):
        with pytest.raises(InputError, match=rf"^scheduler: '{address}' is not an address"):
            list(on_cluster(address, print, []))
    with pytest.raises(InputError, match=r"^scheduler: int given; expected an address, as tcp://host:8786"):
        list(on_cluster(8786, print, []))


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
    work, item = pickle.dumps(attrgetter("last")), pickle.dumps(Chunk(0, 5, 9))
    assert run_elsewhere(__version__, work, item) == ("done", 9)
    assert run_elsewhere("0.0.7", b"", b"") == ("version", __version__)
    cluster = fragile_cluster({})
    cluster.client.submit = Mock(return_value=Mock(**{"result.return_value": ("version", "0.0.7")}))
    cluster.client.submit.return_value.add_done_callback = lambda call: call(cluster.client.submit.return_value)
    with pytest.raises(InputError, match=r"^scheduler: the worker of tcp://x:1 has homotopy-lcn 0\.0\.7"):
        list(cluster.as_computed(attrgetter("first"), [Chunk(0, 0, 5)]))
    cluster.client.submit.return_value.result.return_value = run_elsewhere(
        __version__, b"cno_such_module\nname\n.", item
    )
    with pytest.raises(InputError, match=r"lack homotopy-lcn, or cannot load it \(No module named 'no_such_module'\)"):
        list(cluster.as_computed(attrgetter("first"), [Chunk(0, 0, 5)]))


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
