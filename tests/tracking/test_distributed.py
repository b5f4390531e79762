"""Paths in blocks that other processes track: the same ends, and in the order of the paths."""

from __future__ import annotations

import pickle
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn.errors import InputError
from homotopy_lcn.progress import Clock, TimeUp
from homotopy_lcn.tracking import Homotopy, TrackerOptions, timed
from homotopy_lcn.tracking.choice import engine_on
from homotopy_lcn.tracking.distributed import BlockOfPaths, DistributedEngine
from homotopy_lcn.tracking.machine import computed_with
from homotopy_lcn.tracking.timed import TimedEngine, block_size
from tests.tracking.native_problems import (
    COMPILED,
    COUNT,
    ENGINES,
    REFERENCE,
    assert_bitwise,
    small_start,
    targets_of,
)


class Elsewhere:
    """A cluster that does its work here, from pickled work and items."""

    def __init__(self):
        self.sizes = []

    def threads(self):
        return 2

    def in_order(self, work, items, check):
        for item in items:
            check()
            self.sizes.append(len(item))
            yield pickle.loads(pickle.dumps(work))(pickle.loads(pickle.dumps(item)))


def paths():
    start = small_start()
    return start.points, Homotopy(start.data, targets_of(COMPILED.filter_size, 1, 5)[0])


@pytest.mark.parametrize("engine", [*ENGINES, REFERENCE], ids=lambda engine: engine.name)
def test_blocks_elsewhere_are_those_here_to_the_last_bit(engine, monkeypatch):
    monkeypatch.setattr(timed, "BLOCK", 16)
    points, homotopy = paths()
    here = TimedEngine(engine, Clock()).track(COMPILED, points, homotopy, TrackerOptions())
    cluster, reports = Elsewhere(), []
    there = TimedEngine(DistributedEngine(engine, cluster), Clock())
    found = there.track(COMPILED, points, homotopy, TrackerOptions(), report=reports.append)
    assert_bitwise(found, here)
    assert cluster.sizes == [16] * (COUNT // 16) + [COUNT % 16] * (COUNT % 16 > 0)
    assert reports[-1] == COUNT


@pytest.mark.parametrize("piece", [5, 16, 40, COUNT])
def test_pieces_come_back_as_they_were_cut(piece, monkeypatch):
    monkeypatch.setattr(timed, "BLOCK", 16)
    points, homotopy = paths()
    pieces = [points[first : first + piece] for first in range(0, COUNT, piece)]
    engine = ENGINES[0]
    found = [
        list(TimedEngine(each, Clock()).track_pieces(COMPILED, pieces, homotopy, TrackerOptions(), total=COUNT))
        for each in (engine, DistributedEngine(engine, Elsewhere()))
    ]
    assert [len(part) for part in found[1]] == [len(part) for part in pieces]
    for here, there in zip(*found, strict=True):
        assert_bitwise(there, here)


def test_few_paths_are_tracked_here():
    cluster = Elsewhere()
    points, homotopy = paths()
    TimedEngine(DistributedEngine(ENGINES[0], cluster), Clock()).track(COMPILED, points, homotopy, TrackerOptions())
    assert cluster.sizes == []


def test_ends_of_finished_blocks_are_kept_when_the_time_is_up(monkeypatch):
    monkeypatch.setattr(timed, "BLOCK", 16)
    points, homotopy = paths()
    clock, cluster = Clock(), Elsewhere()
    engine = TimedEngine(DistributedEngine(ENGINES[0], cluster), clock)

    def stop(done):
        if done >= 32:
            clock.stop("enough")

    found = engine.track(COMPILED, points, homotopy, TrackerOptions(), report=stop)
    assert np.array_equal(np.flatnonzero(found.success), np.arange(32))
    with pytest.raises(TimeUp):
        engine.track(COMPILED, points, homotopy, TrackerOptions())


def test_a_run_that_is_left_early_takes_no_more_pieces(monkeypatch):
    monkeypatch.setattr(timed, "BLOCK", 16)
    points, homotopy = paths()
    cluster = Elsewhere()
    engine = TimedEngine(DistributedEngine(ENGINES[0], cluster), Clock())
    with closing(engine.track_pieces(COMPILED, [points] * 3, homotopy, TrackerOptions(), total=3 * COUNT)) as found:
        next(found)
    assert sum(cluster.sizes) == COUNT


@given(st.integers(1, 10**8), st.integers(0, 10**4))
def test_a_block_is_whole_and_all_threads_have_many(total, threads):
    size = block_size(total, threads)
    assert size % timed.BLOCK == 0
    assert timed.BLOCK <= size <= timed.MOST_TOGETHER * timed.BLOCK
    assert size == timed.BLOCK or total // size >= timed.LEAST_CALLS * threads


def test_few_threads_get_large_blocks(monkeypatch):
    monkeypatch.setattr(timed, "BLOCK", 1)
    points, homotopy = paths()
    here = TimedEngine(ENGINES[0], Clock()).track(COMPILED, points, homotopy, TrackerOptions())
    cluster = Elsewhere()
    there = TimedEngine(DistributedEngine(ENGINES[0], cluster), Clock())
    assert_bitwise(there.track(COMPILED, points, homotopy, TrackerOptions()), here)
    assert set(cluster.sizes[:-1]) == {block_size(COUNT, 2)}
    assert block_size(COUNT, 2) == 2


def test_another_processor_is_said_so(monkeypatch):
    """Bits depend on the instruction set, which is that of this machine everywhere."""
    engine = ENGINES[0]
    points, homotopy = paths()
    known = type(engine)(engine.instruction_sets()[-1])
    monkeypatch.setattr(type(engine), "instruction_sets", staticmethod(lambda: ["baseline"]))
    work = BlockOfPaths(type(engine)("avx1024"), COMPILED, homotopy, TrackerOptions())
    message = (
        r"^scheduler: the processor of a worker lacks the instruction set avx1024 .* as with engine native:baseline"
    )
    with pytest.raises(InputError, match=message):
        work(points)
    assert BlockOfPaths(known, COMPILED, homotopy, TrackerOptions())(points).success.all()


def test_an_engine_of_a_cluster_tells_with_what_it_computes():
    engine = ENGINES[0]
    assert computed_with(DistributedEngine(engine, Elsewhere())) == computed_with(engine)


def test_an_engine_that_is_no_engine_of_the_package_has_no_cluster():
    class Other:
        name = "phcpack"

    with pytest.raises(InputError, match=r"^engine: phcpack given with a scheduler; expected native or reference"):
        engine_on("tcp://127.0.0.1:9", Other()).__enter__()
    with engine_on(None, Other()) as engine:
        assert engine.name == "phcpack"
