"""Many threads at once track, refine, cancel and fork; every call that ends well has the same bits as alone.

The test takes a few seconds. HOMOTOPY_LCN_STRESS_SECONDS sets another time.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.tracking import Homotopy, TrackerOptions

from .native_problems import COMPILED, ENGINES, real_data, small_start, targets_of

SECONDS = float(os.environ.get("HOMOTOPY_LCN_STRESS_SECONDS", "3"))
# From 3.12 on Python warns of a fork beside threads. The address sanitizer of GCC 12 does not unlock its allocator in
# the child of a fork: if another thread was allocating, the child waits for ever.
FORKS = hasattr(os, "fork") and sys.version_info < (3, 12) and "libasan" not in os.environ.get("LD_PRELOAD", "")


class Cancelled(Exception):
    pass


def corners():
    targets = targets_of(COMPILED.filter_size, 4, 3)
    return Data(np.array([one.gram for one in targets], complex), np.array([one.b for one in targets], complex))


def target():
    return real_data(COMPILED.filter_size, np.random.default_rng(4))


def tracked(engine, jobs):
    start = small_start()
    return engine.track(COMPILED, start.points, Homotopy(start.data, target()), TrackerOptions(), jobs=jobs).points


def chained(engine, jobs):
    start = small_start()
    chain = corners()
    first = engine.track(
        COMPILED, start.points, Homotopy(start.data, Data(chain.gram[0], chain.b[0])), TrackerOptions()
    )
    return engine.track_along(COMPILED, first.points, chain, TrackerOptions(), jobs=jobs)


def refined(engine, jobs):
    from homotopy_lcn.tracking.native import refine_points

    points = tracked(engine, 1)
    found = refine_points(
        COMPILED, points, target(), real=False, steps=4, jobs=jobs, instruction_set=engine.instruction_set
    )
    return found[0].astype(complex)


def cancelled(engine, jobs):
    start = small_start()

    def report(done):
        raise Cancelled

    with pytest.raises(Cancelled):
        engine.track(
            COMPILED, np.tile(start.points, (50, 1)), Homotopy(start.data, target()), TrackerOptions(),
            jobs=jobs, report=report,
        )  # fmt: skip
    return np.zeros(0)


WORK = [tracked, chained, refined, cancelled]


def child_is_sound():
    """Whether a child that is forked now can call the kernel, and exits."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if tracked(ENGINES[0], 1).size else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_mix_of_calls_from_many_threads():
    expected = {(work, engine): work(engine, 1) for work in WORK for engine in ENGINES}
    end = time.monotonic() + SECONDS
    wrong, done = [], []

    def worker(seed):
        rng = np.random.default_rng(seed)
        while time.monotonic() < end and not wrong:
            work, engine, jobs = WORK[rng.integers(len(WORK))], ENGINES[rng.integers(len(ENGINES))], rng.integers(1, 5)
            if not np.array_equal(work(engine, int(jobs)), expected[work, engine]):
                wrong.append((work.__name__, engine.instruction_set, int(jobs), seed))
            done.append(work)

    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(worker, seed) for seed in range(6)]
        while FORKS and threading.active_count() > 1 and time.monotonic() < end:
            assert child_is_sound()
            time.sleep(0.05)
        for future in futures:
            future.result()
    assert not wrong
    assert set(done) == set(WORK)


def test_spawned_processes_give_the_same_bits():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for work in (tracked, chained):
            results = pool.starmap(work, [(ENGINES[-1], jobs) for jobs in (1, 2)])
            for found in results:
                np.testing.assert_array_equal(found, work(ENGINES[-1], 1))
