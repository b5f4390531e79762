"""Progress of the compiled kernel, Ctrl-C, exceptions in ``report``, and exit during a call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.monodromy import seed_pair
from homotopy_lcn.tracking import Homotopy, TrackerOptions

from .native_problems import COMPILED, ENGINES, small_start, targets_of


def long_call(engine=ENGINES[0], **keywords):
    """Half a minute of work, unless it is ended."""
    start = small_start()
    points = np.tile(start.points, (20_000, 1))
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 26))
    return engine.track(COMPILED, points, homotopy, TrackerOptions.conservative(), **keywords)


def assert_usable():
    start = small_start()
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 27))
    assert ENGINES[0].track(COMPILED, start.points, homotopy, TrackerOptions(), jobs=2).success.all()


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_grows_up_to_the_number_of_paths(jobs):
    start = small_start()
    points = np.tile(start.points, (600, 1))
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 28))
    seen = []
    callers = set()

    def report(finished):
        seen.append(finished)
        callers.add(threading.get_ident())

    result = ENGINES[-1].track(COMPILED, points, homotopy, TrackerOptions(), jobs=jobs, report=report)
    assert result.success.all()
    assert all(0 < a <= b for a, b in pairwise(seen))
    assert len(seen) >= 2
    assert seen[-1] == len(points)
    assert callers == {threading.get_ident()}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("exception", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_exception_in_report_ends_the_call(exception, jobs):
    calls = []

    def report(finished):
        calls.append(finished)
        raise exception("enough")

    began = time.monotonic()
    with pytest.raises(exception, match="enough"):
        long_call(jobs=jobs, report=report)
    assert time.monotonic() - began < 30
    assert len(calls) == 1
    assert_usable()


def press_control_c(call):
    """Ctrl-C while ``call`` runs; the seconds it took to end."""
    main = threading.main_thread().ident
    pressed = []

    def press():
        pressed.append(time.monotonic())
        signal.pthread_kill(main, signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, press)
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            call()
        return time.monotonic() - pressed[0]
    finally:
        timer.join()
        signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("jobs", [1, 2])
def test_control_c_ends_a_call_at_once(jobs):
    assert press_control_c(lambda: long_call(jobs=jobs)) < 10
    assert_usable()


def test_control_c_ends_few_long_paths_at_once():
    """A hundred paths of a large stratum may take as long as millions of a small one."""
    stratum = Stratum((Factor(60, 1, 1), Factor(30, 2, 1), Factor(40, 1, 2)))
    point, data = seed_pair(stratum, np.random.default_rng(29))
    targets = targets_of(stratum.filter_size, 1, 29)
    points = np.tile(point, (100, 1))
    call = [stratum, points, data, targets, TrackerOptions.conservative()]
    assert press_control_c(lambda: ENGINES[-1].track_many(*call)) < 10
    assert_usable()


LONG_CALLS = """
import os, sys, threading, time
import numpy as np
from homotopy_lcn.tracking import TrackerOptions, _native
from homotopy_lcn.tracking.native import kernel_options

def track(paths=200_000, report=None, jobs=1):
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(paths, 21)) + 1j
    gram, b = np.diag(1 + 1j * rng.random(20)), rng.normal(size=20)
    options = TrackerOptions(first_step=1e-6, growth=1.0001, smallest_step=1e-12, max_steps=10**6)
    return _native.track(
        factors=[(19, 1, 1)], starts=starts, start_gram=gram, start_b=b, target_gram=np.eye(20)[None],
        target_b=b[None], options=kernel_options(options), jobs=jobs, instruction_set="", report=report,
    )

def short_call(jobs):
    _native.track(
        factors=[(1, 1, 1)], starts=np.ones((40, 3), complex), start_gram=np.eye(2) + 0j, start_b=np.ones(2) + 0j,
        target_gram=np.eye(2)[None], target_b=np.ones((1, 2)), options=kernel_options(TrackerOptions()), jobs=jobs,
        instruction_set="", report=None,
    )
"""

EXIT_DURING_A_CALL = """
for _ in range(2):
    threading.Thread(target=track, daemon=True).start()
time.sleep(0.3)
"""

FORK_DURING_CALLS = """
for _ in range(3):
    threading.Thread(target=track, daemon=True).start()
time.sleep(0.3)
for n in range(6):
    child = os.fork()
    if child == 0:
        short_call(jobs=1 + n % 2)
        sys.exit(7)
    since = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert time.monotonic() - since < 8  # longest_wait_at_exit is ten seconds
os._exit(0)
"""

FORK_IN_A_REPORT = """
parent = os.getpid()

def report(done):
    if os.getpid() == parent and os.fork() > 0:
        code = os.waitstatus_to_exitcode(os.wait()[1])
        os._exit(code)

try:
    track(paths=2000, report=report, jobs=2)
except RuntimeError as error:
    assert os.getpid() != parent and "forked" in str(error), error
    short_call(jobs=2)
    sys.exit(7)
"""


def run(code):
    return subprocess.run([sys.executable, "-c", LONG_CALLS + code], capture_output=True, text=True, timeout=120)


def test_exit_while_daemon_threads_track_is_clean():
    result = run(EXIT_DURING_A_CALL)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_forked_during_calls_knows_nothing_of_them():
    result = run(FORK_DURING_CALLS)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_call_that_was_forked_from_within_ends_in_the_child():
    result = run(FORK_IN_A_REPORT)
    assert result.returncode == 7, result.stderr
