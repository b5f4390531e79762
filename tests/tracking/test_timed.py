"""Blocks of paths change nothing, and ends of finished blocks are kept when the time is up."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.progress import Clock, TimeUp
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine, timed
from homotopy_lcn.tracking.settings import Tracking
from homotopy_lcn.tracking.timed import TimedEngine
from homotopy_lcn.tracking.tolerances import PHCPACK
from homotopy_lcn.tracking.tolerances import REFERENCE as REFERENCE_TOLERANCES
from tests.tracking.native_problems import (
    COMPILED,
    COUNT,
    ENGINES,
    REFERENCE,
    assert_bitwise,
    assert_same_ends,
    small_start,
    targets_of,
)


def follow(engine, report=None):
    start = small_start()
    homotopy = Homotopy(start.data, targets_of(COMPILED.filter_size, 1, 5)[0])
    return engine.track(COMPILED, start.points, homotopy, TrackerOptions(), report=report)


def test_a_block_is_whole_batches_of_the_engines():
    """So that blocks change no bit of the ends of the engines that compute batches of paths together."""
    assert timed.BLOCK % REFERENCE_TOLERANCES.batch == 0
    assert timed.BLOCK % PHCPACK.batch == 0


class CountsCalls:
    """An engine after whose n-th call the time is up."""

    def __init__(self, engine, calls):
        self.engine, self.name, self.left = engine, engine.name, calls

    def track(self, *args, **kwargs):
        if self.left == 0:
            raise TimeUp
        self.left -= 1
        return self.engine.track(*args, **kwargs)


@pytest.mark.parametrize("engine", [*ENGINES, REFERENCE], ids=lambda engine: engine.name)
def test_ends_do_not_depend_on_blocks_and_clocks(engine, monkeypatch):
    expected = follow(engine)
    monkeypatch.setattr(timed, "BLOCK", 7)
    reports = []
    found = follow(TimedEngine(engine, Clock(1e6)), reports.append)
    if engine is REFERENCE:  # its last bits depend on the paths that are computed together
        assert_same_ends(COMPILED, found, expected)
    else:
        assert_bitwise(found, expected)
    assert reports == sorted(reports)
    assert reports[-1] == COUNT


def test_finished_blocks_are_kept_and_the_other_paths_are_lost(monkeypatch):
    monkeypatch.setattr(timed, "BLOCK", 10)
    expected = follow(REFERENCE)
    found = follow(TimedEngine(CountsCalls(REFERENCE, 2), Clock()))
    assert_same_ends(COMPILED, found.part(np.arange(20)), expected.part(np.arange(20)))
    assert not found.success[20:].any()
    assert np.isnan(found.points[20:]).all()


def test_without_a_finished_block_the_time_is_up():
    with pytest.raises(TimeUp):
        follow(TimedEngine(CountsCalls(REFERENCE, 0), Clock()))
    with pytest.raises(TimeUp):
        follow(TimedEngine(REFERENCE, Clock(1e-9)))


@pytest.mark.parametrize("name", ["native", "reference"])
def test_a_call_ends_while_paths_are_under_way(name):
    """The clock is looked at before the paths are tracked, and is up when it is asked again."""
    times = iter([0.0, 0.0])
    clock = Clock(1.0, now=lambda: next(times, 2.0))
    with pytest.raises(TimeUp):
        follow(TimedEngine(get_engine(name), clock))


def test_all_that_is_derived_from_a_tracking_has_its_clock():
    tracking = Tracking(REFERENCE, clock=Clock(5.0))
    for derived in (tracking.careful, tracking.on_short_segments, tracking.telling(None)):
        assert derived.clock is tracking.clock
        assert derived.timed_engine.clock is tracking.clock
