"""The processes that functions run in: results, mistakes, and how the processes end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from multiprocessing import active_children

import pytest

from homotopy_lcn.processes import as_computed
from tests import ROOT
from tests.sessions import assert_session_ends


def power(exponent, base):
    return base**exponent


def own_process(_):
    return os.getpid()


def fail(number):
    if number == 3:
        raise ValueError(f"{number} given")
    return number


def ignores_interrupts(_):
    return signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def die(_):
    os._exit(1)


def quick_or_endless(number):
    """Endless but for the first item."""
    if number:
        time.sleep(1000)
    return number


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_item_comes_once_with_its_result(jobs):
    found = list(as_computed(partial(power, 2), range(20), jobs))
    assert sorted(found) == [(n, n * n) for n in range(20)]
    assert list(as_computed(abs, [], jobs)) == []


def test_one_item_needs_no_other_process():
    assert list(as_computed(own_process, [0], 2)) == [(0, os.getpid())]
    assert os.getpid() not in dict(as_computed(own_process, [0, 1], 2)).values()


def test_interrupts_are_left_to_the_parent():
    assert [there for _, there in as_computed(ignores_interrupts, [0, 1], 2)] == [True, True]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_is_raised_here(jobs):
    with pytest.raises(ValueError, match="3 given"):
        list(as_computed(fail, range(1000), jobs))
    assert not active_children()


def test_a_process_that_dies_is_told():
    with pytest.raises(BrokenProcessPool):
        list(as_computed(die, range(4), 2))


def test_processes_end_at_once_when_the_generator_is_closed():
    began = time.monotonic()
    with closing(as_computed(quick_or_endless, range(8), 2)) as results:
        assert next(results) == (0, 0)
        assert len(active_children()) == 2
    assert not active_children()
    assert time.monotonic() - began < 100


CODE = """
import signal, sys
from contextlib import closing
from homotopy_lcn.processes import as_computed
from tests.test_processes import quick_or_endless

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the runner may ignore it
    with closing(as_computed(quick_or_endless, range(8), 2)) as results:
        for found in results:
            print(*found, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_their_parent(tmp_path, signal_sent):
    """Whether it is interrupted or killed, and although each has an item that takes long."""
    place = tmp_path / "parent.py"
    place.write_text(CODE)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    # A session of its own, so that its processes can be told from others.
    with subprocess.Popen(
        [sys.executable, place], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as parent:  # fmt: skip
        assert parent.stdout.readline() == "0 0\n"
        parent.send_signal(signal_sent)
        errors = parent.communicate(timeout=100)[1]
    assert errors.endswith("KeyboardInterrupt\n" if signal_sent == signal.SIGINT else "")
    assert_session_ends(parent.pid)
