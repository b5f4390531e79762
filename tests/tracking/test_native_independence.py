"""A path of the compiled kernel does not depend on threads, lanes, other paths or the instruction set."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.tracking import Homotopy, TrackerOptions

from .native_problems import (
    COMPILED,
    COUNT,
    ENGINES,
    SETS,
    NativeEngine,
    assert_bitwise,
    assert_same_ends,
    each_engine,
    overlapping,
    real_data,
    reordered,
    rows,
    small_start,
    targets_of,
    three_two,
)


@each_engine
def test_results_do_not_depend_on_the_number_of_threads(engine):
    start = small_start()
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 20))
    points = np.tile(start.points, (12, 1))
    alone = engine.track(COMPILED, points, homotopy, TrackerOptions())
    for jobs in (2, 3, 7, 64):
        assert_bitwise(engine.track(COMPILED, points, homotopy, TrackerOptions(), jobs=jobs), alone)
    for copy in range(12):
        assert_bitwise(rows(alone, slice(copy * COUNT, (copy + 1) * COUNT)), rows(alone, slice(COUNT)))


@each_engine
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)], ids=["compiled", "general"])
def test_a_path_does_not_depend_on_the_others(engine, order):
    stratum, points = reordered(COMPILED, small_start().points, order)
    data = small_start().data
    homotopy = Homotopy(data, *targets_of(COMPILED.filter_size, 1, 21))
    whole = engine.track(stratum, points, homotopy, TrackerOptions())
    for path in range(COUNT):
        assert_bitwise(engine.track(stratum, points[[path]], homotopy, TrackerOptions()), rows(whole, [path]))
    shuffled = np.random.default_rng(21).permutation(COUNT)
    assert_bitwise(engine.track(stratum, points[shuffled], homotopy, TrackerOptions()), rows(whole, shuffled))


@each_engine
def test_a_path_does_not_depend_on_others_that_fail(engine):
    """The endgame, the roundings and the pivoted fallback of one lane are none of the others' business."""
    start = overlapping()
    u = np.random.default_rng(9).standard_normal(4)
    for target in (Data(np.eye(4), u), Data(2 * np.eye(4) - start.data.gram, 2 * u - start.data.b)):
        homotopy = Homotopy(start.data, target)
        whole = engine.track(start.stratum, start.points, homotopy, TrackerOptions())
        for path in range(6):
            alone = engine.track(start.stratum, start.points[[path]], homotopy, TrackerOptions())
            assert_bitwise(alone, rows(whole, [path]))


@each_engine
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)], ids=["compiled", "general"])
def test_many_targets_in_one_call_are_as_one_call_per_target(engine, order):
    """One target is read from the job, many from the lanes: the same numbers, so the same results."""
    stratum, points = reordered(COMPILED, small_start().points, order)
    data = small_start().data
    targets = targets_of(COMPILED.filter_size, 5, 22)
    targets[2] = real_data(COMPILED.filter_size, np.random.default_rng(22), 1e4)
    whole = engine.track_many(stratum, points, data, targets, TrackerOptions(), jobs=2)
    assert len(whole) == 5 * COUNT
    for t, target in enumerate(targets):
        single = engine.track(stratum, points, Homotopy(data, target), TrackerOptions())
        part = rows(whole, slice(t * COUNT, (t + 1) * COUNT))
        assert_same_ends(stratum, part, single, 1e-6 if t == 2 else 1e-10)
        np.testing.assert_allclose(part.steps, single.steps, atol=3)


@each_engine
def test_real_targets_among_complex_ones_are_as_alone(engine):
    start = small_start()
    size = COMPILED.filter_size
    targets = targets_of(size, 4, 25)
    for t in (1, 2):
        targets[t] = real_data(size, np.random.default_rng(t))
    told = []
    whole = engine.track_many(COMPILED, start.points, start.data, targets, TrackerOptions(), report=told.append)
    assert told[-1] == len(whole) == 4 * COUNT
    for kind in ((0, 3), (1, 2)):
        alone = engine.track_many(COMPILED, start.points, start.data, [targets[t] for t in kind], TrackerOptions())
        for i, t in enumerate(kind):
            assert_bitwise(
                rows(whole, slice(t * COUNT, (t + 1) * COUNT)), rows(alone, slice(i * COUNT, (i + 1) * COUNT))
            )


@each_engine
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)], ids=["compiled", "general"])
def test_real_paths_do_not_depend_on_the_others(engine, order):
    stratum, points = reordered(COMPILED, small_start().points, order)
    data = small_start().data
    homotopy = Homotopy(data, real_data(COMPILED.filter_size, np.random.default_rng(26)))
    whole = engine.track(stratum, points, homotopy, TrackerOptions(), jobs=2)
    for path in range(0, COUNT, 5):
        assert_bitwise(engine.track(stratum, points[[path]], homotopy, TrackerOptions()), rows(whole, [path]))


def test_the_instruction_sets_give_the_same_ends():
    start = small_start()
    for target in targets_of(COMPILED.filter_size, 5, 23):
        homotopy = Homotopy(start.data, target)
        first, *others = (engine.track(COMPILED, start.points, homotopy, TrackerOptions()) for engine in ENGINES)
        for other in others:
            assert_same_ends(COMPILED, other, first, 1e-10)


def test_the_baseline_is_everywhere_and_comes_last():
    assert SETS[-1] == "baseline"
    assert len(set(SETS)) == len(SETS)
    start = three_two()
    homotopy = Homotopy(start.data, *targets_of(5, 1, 24))
    fastest = NativeEngine().track(start.stratum, start.points, homotopy, TrackerOptions())
    assert_bitwise(ENGINES[0].track(start.stratum, start.points, homotopy, TrackerOptions()), fastest)


@each_engine
def test_calls_from_several_threads_at_once(engine):
    start = small_start()
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 25))
    results = {}

    def run(key):
        results[key] = engine.track(COMPILED, start.points, homotopy, TrackerOptions(), jobs=2)

    threads = [threading.Thread(target=run, args=(key,)) for key in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    for result in results.values():
        assert_bitwise(result, results[0])
