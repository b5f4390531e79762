"""The compiled kernel against the reference engine, and everything that must not crash it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from functools import cache
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import homotopy_lcn
from homotopy_lcn import Architecture, InputError, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import find, first_occurrences
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.monodromy import random_data, seed_pair
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, TrackResult, get_engine
from homotopy_lcn.tracking.settings import Tracking

_native = pytest.importorskip("homotopy_lcn.tracking._native")
from homotopy_lcn.tracking.native import NativeEngine  # noqa: E402

REFERENCE = get_engine("reference")
SETS = NativeEngine.instruction_sets()
ENGINES = [NativeEngine(name) for name in SETS]
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=SETS)
#: Three factors; the second order of them is no shape that is compiled for itself.
COMPILED = Stratum((Factor(1, 1, 1), Factor(1, 1, 2), Factor(1, 1, 4)))
COUNT = 34
ARRAYS = [field.name for field in fields(TrackResult)]


@cache
def start_of(stratum, count):
    return start_system(stratum, count, Tracking(REFERENCE))


def small_start():
    """(2,2,2),(2,2,1): 34 points."""
    return start_of(COMPILED, COUNT)


def targets_of(size, number, seed):
    rng = np.random.default_rng(seed)
    return [random_data(size, rng) for _ in range(number)]


def real_data(size, rng, spread=1.0):
    """A positive definite Gram matrix whose condition number is ``spread``², and a moment vector in its range."""
    axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
    root = axes * spread ** -np.linspace(0, 1, size)
    return Data(root @ root.T, root @ rng.standard_normal(size))


def filters_of(stratum, result):
    return equations_of(stratum).filters(result.points)


def assert_same_ends(stratum, found, expected, tolerance=1e-9):
    np.testing.assert_array_equal(found.codes, expected.codes)
    arrived = expected.success
    left, right = filters_of(stratum, found)[arrived], filters_of(stratum, expected)[arrived]
    distances = np.linalg.norm(left - right, axis=1) / np.linalg.norm(right, axis=1)
    assert (distances <= tolerance).all(), distances.max()


def assert_bitwise(found, expected):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def rows(result, index):
    return TrackResult(*(getattr(result, name)[index] for name in ARRAYS))


def reordered(stratum, points, order):
    """The same points with the factors in another order."""
    other = Stratum(tuple(stratum.factors[f] for f in order))
    result = np.empty_like(points)
    result[:, 0] = points[:, 0]
    for f, part in zip(order, other.slices, strict=True):
        result[:, part] = points[:, stratum.slices[f]]
    return other, result


# Against the reference engine.


@st.composite
def strata(draw):
    """Strata of any kind that are small enough for the reference engine."""
    number = draw(st.integers(1, 6))
    factors = []
    size = 1
    for _ in range(number):
        room = (30 - size) // (number - len(factors))
        dilation = draw(st.integers(1, max(1, min(6, room))))
        power = draw(st.integers(1, max(1, min(4, room // dilation))))
        degree = draw(st.integers(1, max(1, min(6, room // (dilation * power)))))
        factors.append(Factor(degree, power, dilation))
        size += degree * power * dilation
    return Stratum(tuple(factors))


@settings(max_examples=50, derandomize=True, suppress_health_check=list(HealthCheck))
@given(strata(), st.integers(0, 2**32), st.sampled_from(["complex", "real", "mixed scales", "diagonal"]))
@example(Stratum((Factor(6, 1, 1),)), 1, "complex")
@example(Stratum((Factor(2, 4, 1),)), 2, "real")
@example(Stratum((Factor(1, 2, 1), Factor(2, 3, 2))), 3, "complex")
@example(Stratum(tuple(Factor(1, 1, dilation) for dilation in (1, 2, 3, 4, 5, 8))), 4, "real")
@example(Stratum((Factor(1, 2, 4), Factor(1, 2, 2), Factor(1, 2, 1), Factor(2, 4, 1))), 5, "complex")
@example(Stratum((Factor(2, 1, 1), Factor(1, 2, 1), Factor(1, 3, 1), Factor(1, 4, 1))), 6, "real")
@example(Stratum(()), 7, "complex")
@example(Stratum(()), 7, "diagonal")
@example(Stratum((Factor(6, 1, 1),)), 1, "diagonal")
@example(Stratum((Factor(1, 2, 1), Factor(2, 3, 2))), 3, "diagonal")
@example(Stratum(tuple(Factor(1, 1, dilation) for dilation in (1, 2, 3, 4, 5, 8))), 4, "diagonal")
@example(Stratum((Factor(2, 1, 1), Factor(2, 1, 2), Factor(1, 1, 4))), 8, "diagonal")
@example(Stratum((Factor(3, 1, 1), Factor(3, 1, 2), Factor(3, 1, 4))), 9, "diagonal")
@example(Stratum((Factor(1, 1, 2), Factor(1, 2, 1))), 10, "diagonal")
def test_random_strata_and_data_end_where_the_reference_engine_ends(stratum, seed, kind):
    rng = np.random.default_rng(seed)
    point, start = seed_pair(stratum, rng)
    size = stratum.filter_size
    targets = [random_data(size, rng) if kind == "complex" else real_data(size, rng, 3.0) for _ in range(3)]
    if kind == "diagonal":
        filter_ = equations_of(stratum).filters(point)[0]
        diagonal = np.diag(np.diag(start.gram))
        start = Data(diagonal, start.b + (diagonal - start.gram) @ filter_)
    if kind == "mixed scales":
        gram, b = 2.0 ** rng.integers(-60, 60, 2)
        point[:, 0] *= b / gram
        start = Data(gram * start.gram, b * start.b)
        targets = [Data(gram * target.gram, b * target.b) for target in targets]
    options = TrackerOptions.conservative()
    expected = [REFERENCE.track(stratum, point, Homotopy(start, target), options) for target in targets]
    for engine in ENGINES:
        result = engine.track_many(stratum, point, start, targets, options)
        assert len(result) == 3
        for path, end in enumerate(expected):
            assert_same_ends(stratum, rows(result, slice(path, path + 1)), end, 1e-8)
        for part in stratum.slices:
            np.testing.assert_allclose(np.linalg.norm(result.points[:, part], axis=1), 1, rtol=1e-13)


@each_engine
@pytest.mark.parametrize("options", [TrackerOptions.fast(), TrackerOptions(), TrackerOptions.conservative()])
@pytest.mark.parametrize("real", [False, True])
def test_a_whole_start_system_ends_where_the_reference_engine_ends(engine, options, real):
    start = small_start()
    size = COMPILED.filter_size
    (target,) = targets_of(size, 1, 1)
    if real:
        target = real_data(size, np.random.default_rng(1), 2.0)
    homotopy = Homotopy(start.data, target)
    result = engine.track(COMPILED, start.points, homotopy, options)
    assert result.success.all()
    assert (result.errors < 1e-11).all()
    assert (result.distances == 0).all()
    assert (result.conditions >= 1).all()
    assert_same_ends(COMPILED, result, REFERENCE.track(COMPILED, start.points, homotopy, options))
    np.testing.assert_array_equal(first_occurrences(filters_of(COMPILED, result)), np.arange(COUNT))


@each_engine
def test_powers_only(engine):
    """Without a factor of power one the scalar is a factor of its own."""
    arch = Architecture((2, 2, 2), (1, 2, 1))
    (row,) = (row for row in generic_count(arch) if not row.pure)
    stratum = Stratum.of_pattern(arch.blocks, row.pattern)
    start = start_of(stratum, row.count)
    homotopy = Homotopy(start.data, *targets_of(stratum.filter_size, 1, 2))
    expected = REFERENCE.track(stratum, start.points, homotopy, TrackerOptions())
    assert_same_ends(stratum, engine.track(stratum, start.points, homotopy, TrackerOptions()), expected)

    squares = Stratum((Factor(1, 2, 1), Factor(1, 3, 2)))
    point, data = seed_pair(squares, np.random.default_rng(3))
    (target,) = targets_of(squares.filter_size, 1, 3)
    homotopy = Homotopy(data, target)
    expected = REFERENCE.track(squares, point, homotopy, TrackerOptions())
    assert_same_ends(squares, engine.track(squares, point, homotopy, TrackerOptions()), expected)


@each_engine
def test_shapes_compiled_for_themselves_and_the_general_code_agree(engine):
    """The first factor of power one leads in the kernel, so that orders differ there in the others too."""
    start = small_start()
    (target,) = targets_of(COMPILED.filter_size, 1, 4)
    homotopy = Homotopy(start.data, target)
    options = TrackerOptions()
    expected = filters_of(COMPILED, engine.track(COMPILED, start.points, homotopy, options))
    for order in permutations(range(3)):
        stratum, points = reordered(COMPILED, start.points, order)
        result = engine.track(stratum, points, homotopy, options)
        assert result.success.all()
        found = filters_of(stratum, result)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


#: Shapes compiled for themselves, with the numbers of their points.
SHAPES = {
    "(2,2),(2,1)": ([Factor(1, 1, 1), Factor(1, 1, 2)], 6),
    "(3,2),(2,1)": ([Factor(2, 1, 1), Factor(1, 1, 2)], 10),
    "(4,2),(2,1)": ([Factor(3, 1, 1), Factor(1, 1, 2)], 14),
    "(3,3),(2,1)": ([Factor(2, 1, 1), Factor(2, 1, 2)], 39),
    "(2,2,2),(2,2,1)": ([Factor(1, 1, 1), Factor(1, 1, 2), Factor(1, 1, 4)], 34),
    "(4,4),(2,1)": ([Factor(3, 1, 1), Factor(3, 1, 2)], 284),
    "(3,3,2),(2,2,1)": ([Factor(2, 1, 1), Factor(2, 1, 2), Factor(1, 1, 4)], 435),
}


@each_engine
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["real", "complex", "general start"])
def test_every_kind_of_data_ends_where_the_reference_engine_ends(engine, shape, kind):
    """Diagonal starts with real targets have code of their own; one target and many are read differently."""
    factors, count = SHAPES[shape]
    stratum = Stratum(tuple(factors))
    start = start_of(stratum, count)
    points, data = start.points[:: 1 + count // 40], start.data
    rng = np.random.default_rng(31)
    size = stratum.filter_size
    targets = [real_data(size, rng, 2.0) for _ in range(3)] if kind == "real" else targets_of(size, 3, 31)
    if kind == "general start":
        (other,) = targets_of(size, 1, 32)
        moved = REFERENCE.track(stratum, points, Homotopy(data, other), TrackerOptions.conservative())
        points, data, targets = moved.points, other, [real_data(size, rng, 2.0) for _ in range(3)]
    result = engine.track_many(stratum, points, data, targets, TrackerOptions())
    for t, target in enumerate(targets):
        homotopy = Homotopy(data, target)
        expected = REFERENCE.track(stratum, points, homotopy, TrackerOptions())
        assert_same_ends(stratum, rows(result, slice(t * len(points), (t + 1) * len(points))), expected)
        assert_same_ends(stratum, engine.track(stratum, points, homotopy, TrackerOptions()), expected)


@cache
def larger():
    problems = []
    for factors in (
        [Factor(1, 1, 2**i) for i in range(6)],  # 64 coefficients
        [Factor(5, 1, 1), Factor(3, 2, 3), Factor(1, 4, 5)],  # 44
        [Factor(1, 1, 1), Factor(1, 9, 1), Factor(1, 7, 2)],  # 25
    ):
        stratum = Stratum(tuple(factors))
        point, data = seed_pair(stratum, np.random.default_rng(5))
        homotopy = Homotopy(data, *targets_of(stratum.filter_size, 1, 5))
        problems.append((stratum, point, homotopy, REFERENCE.track(stratum, point, homotopy, TrackerOptions())))
    return problems


@each_engine
def test_many_factors_and_a_filter_of_some_size(engine):
    for stratum, point, homotopy, expected in larger():
        assert_same_ends(stratum, engine.track(stratum, point, homotopy, TrackerOptions()), expected, 1e-8)


@each_engine
def test_points_may_come_in_any_scale_and_stay_unchanged(engine):
    start = small_start()
    points = start.points.copy()
    for part, scale in zip(COMPILED.slices, (3j, -0.01, 1e5), strict=True):
        points[:, part] *= scale
        points[:, 0] /= scale
    given = points.copy()
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 6))
    result = engine.track(COMPILED, points, homotopy, TrackerOptions())
    np.testing.assert_array_equal(points, given)
    expected = engine.track(COMPILED, start.points, homotopy, TrackerOptions())
    assert_same_ends(COMPILED, result, expected)


@each_engine
def test_ill_conditioned_data_arrive(engine):
    start = small_start()
    for seed in range(3):
        data = real_data(COMPILED.filter_size, np.random.default_rng(seed), 1e4)
        assert np.linalg.cond(data.gram) > 0.9e8
        result = engine.track(COMPILED, start.points, Homotopy(start.data, data), TrackerOptions())
        assert result.success.all()
        found = filters_of(COMPILED, result)
        np.testing.assert_array_equal(first_occurrences(found), np.arange(COUNT))
        assert (find(found, found.conj(), 1e-6) >= 0).all()
        expected = REFERENCE.track(COMPILED, start.points, Homotopy(start.data, data), TrackerOptions())
        assert_same_ends(COMPILED, result, expected, 1e-6)


# How paths end.


def overlapping():
    """(2,2),(2,1): 6 points."""
    return start_of(Stratum((Factor(1, 1, 1), Factor(1, 1, 2))), 6)


def three_two():
    """(3,2),(2,1): 10 points."""
    return start_of(Stratum((Factor(2, 1, 1), Factor(1, 1, 2))), 10)


@each_engine
def test_white_data_send_paths_to_infinity(engine):
    start = overlapping()
    u = np.random.default_rng(9).standard_normal(4)
    result = engine.track(start.stratum, start.points, Homotopy(start.data, Data(np.eye(4), u)), TrackerOptions())
    codes = np.bincount(result.codes, minlength=5)
    assert codes[ReturnCode.SUCCESS] == 2
    assert codes[ReturnCode.DIVERGED] == 4
    norms = np.linalg.norm(filters_of(start.stratum, result), axis=1)
    assert (norms[~result.success] > 1e4).all()
    assert (result.distances[~result.success] < TrackerOptions().endgame_distance).all()
    assert (result.distances[result.success] == 0).all()


@each_engine
def test_singular_and_vanishing_and_diverging_ends(engine):
    start = three_two()
    gram = real_data(5, np.random.default_rng(11), 2.0).gram
    double = np.convolve([1, 0, -2.0], [1, 0, -2.0])  # x² − 2 squared: a singular point of the function space

    def track(data, by=engine):
        return by.track(start.stratum, start.points, Homotopy(start.data, data), TrackerOptions())

    def codes(data):
        return track(data).codes

    # At the singular point itself an end may be as good as rounding allows and count as arrived; others must.
    ends, expected = track(Data(gram, gram @ double)), track(Data(gram, gram @ double), REFERENCE)
    there = np.abs(filters_of(start.stratum, ends) - double).max(axis=1) < 1e-4
    assert there.sum() >= 2
    assert (expected.errors[there] > 1e-12).all()
    assert (ends.errors[there] > 1e-12).all()
    np.testing.assert_array_equal(ends.codes[~there], expected.codes[~there])
    assert (codes(Data(gram, np.zeros(5))) == ReturnCode.SINGULAR).all()
    assert (codes(Data(np.zeros((5, 5)), np.random.default_rng(13).standard_normal(5))) == ReturnCode.DIVERGED).all()


@each_engine
def test_no_step_leads_through_data_without_enough_solutions(engine):
    start = overlapping()
    u = np.random.default_rng(14).standard_normal(4)
    beyond = Data(2 * np.eye(4) - start.data.gram, 2 * u - start.data.b)
    result = engine.track(start.stratum, start.points, Homotopy(start.data, beyond), TrackerOptions())
    codes = np.bincount(result.codes, minlength=5)
    assert codes[ReturnCode.SUCCESS] == 2
    assert codes[ReturnCode.STEP_TOO_SMALL] == 4
    np.testing.assert_allclose(result.distances[~result.success], 0.5, rtol=0, atol=1e-6)


@each_engine
@pytest.mark.parametrize("limit", [1, 5, 20])
def test_the_number_of_steps_is_limited_whatever_the_other_lanes_do(engine, limit):
    start = small_start()
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 16))
    free = engine.track(COMPILED, start.points, homotopy, TrackerOptions())
    options = replace(TrackerOptions(), max_steps=limit)
    result = engine.track(COMPILED, start.points, homotopy, options)
    over = result.codes == ReturnCode.TOO_MANY_STEPS
    assert over.any()
    assert (over | result.success).all()
    assert (free.steps[over] >= limit).all()
    assert (result.steps[over] <= limit + 1).all()  # the first, of length zero, is not counted everywhere
    assert ((result.distances[over] > 0) & (result.distances[over] <= 1)).all()
    for path in range(0, COUNT, 7):
        assert_bitwise(engine.track(COMPILED, start.points[[path]], homotopy, options), rows(result, [path]))


@each_engine
def test_starts_that_solve_nothing_end_somewhere(engine):
    start = small_start()
    rng = np.random.default_rng(17)
    homotopy = Homotopy(start.data, *targets_of(COMPILED.filter_size, 1, 17))
    far = rng.standard_normal((9, COMPILED.coordinates)) * 10.0 ** rng.integers(-70, 70, (9, 1))
    zero = np.zeros((2, COMPILED.coordinates))
    zero[0, :3] = 1
    result = engine.track(COMPILED, np.concatenate([far, zero]), homotopy, TrackerOptions())
    assert len(result) == 11
    assert not result.success[-2:].any()


@each_engine
@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_data_near_the_limits_of_doubles_do_no_harm(engine, scale):
    start = three_two()
    target = Data(scale * np.eye(5), np.full(5, scale))
    result = engine.track(start.stratum, start.points, Homotopy(start.data, target), TrackerOptions())
    assert set(result.codes) <= set(ReturnCode)
    assert len(result) == 10


# Independence of everything that must not matter.


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


# Progress and interruption.


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


EXIT_DURING_A_CALL = """
import threading, time
import numpy as np
from homotopy_lcn import _native
started = threading.Event()

def track():
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(200_000, 21)) + 1j
    gram, b = np.diag(1 + 1j * rng.random(20)), rng.normal(size=20)
    options = [0.01, 0.25, 0.1, 0.1, 1e-6, 1.0001, 0.25, 1e-12, 1e-5, 0.05]
    while True:
        started.set()
        _native.track([(19, 1, 1)], starts, gram, b, np.eye(20)[None], b[None], options, 10**6, 1, "", None)

threading.Thread(target=track, daemon=True).start()
started.wait()
time.sleep(0.2)
"""


def test_exit_while_a_daemon_thread_tracks_is_clean():
    result = subprocess.run([sys.executable, "-c", EXIT_DURING_A_CALL], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


# What comes in.


def arguments(**changes):
    """Those of a small call of the kernel itself."""
    start = three_two()
    (target,) = targets_of(5, 1, 30)
    result = {
        "factors": [(2, 1, 1), (1, 1, 2)],
        "starts": start.points.copy(),
        "start_gram": start.data.gram,
        "start_b": start.data.b,
        "target_gram": target.gram[None],
        "target_b": target.b[None],
        "options": [0.03, 1 / 6, 0.1, 0.1, 0.05, 3.0, 0.25, 1e-8, 1e-5, 0.05],
        "max_steps": 2000,
        "jobs": 1,
        "instruction_set": "",
        "report": None,
    }
    return result | changes


def test_the_kernel_itself():
    result = _native.track(**arguments())
    assert (result["codes"] == 0).all()
    assert result["iterations"] >= result["steps"].sum() > 0
    assert result["points"].shape == (10, 6)


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1j * np.inf, complex(0, np.nan)])
def test_numbers_must_be_finite(name, value):
    array = np.array(arguments()[name])
    array.flat[array.size - 1] = value
    with pytest.raises(ValueError, match=rf"^{name}: "):
        _native.track(**arguments(**{name: array}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
def test_shapes_must_fit(name):
    array = arguments()[name]
    wrong = [array[..., :-1], array[..., None], array.ravel() if array.ndim > 1 else array[None], array.flat[0]]
    wrong += [np.concatenate([array, array], axis=-1), np.empty((0,) * array.ndim), np.empty(0)]
    for value in wrong:
        with pytest.raises((ValueError, TypeError), match=r"(?s)shape|arguments"):
            _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
@pytest.mark.parametrize("value", [None, "text", b"bytes", object(), {}, [["a"]]])
def test_what_is_no_array_of_numbers_is_refused(name, value):
    with pytest.raises((ValueError, TypeError)):
        _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
def test_strings_records_and_objects_are_refused(name):
    array = arguments()[name]
    for value in (array.astype(str), array.astype(object), array.real.astype([("x", float)])):
        with pytest.raises((ValueError, TypeError)):
            _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
def test_any_memory_layout_and_number_type_is_read_rightly(name):
    expected = _native.track(**arguments())
    array = arguments()[name]
    spread = np.zeros(tuple(2 * n + 1 for n in array.shape), complex)
    inner = tuple(slice(1, None, 2) for _ in array.shape)
    spread[inner] = array
    swapped = array.astype(array.dtype.newbyteorder())
    buffer = np.frombuffer(b"x" + array.tobytes(), np.uint8)[1:].view(complex).reshape(array.shape)
    frozen = array.copy()
    frozen.flags.writeable = False
    backward = np.flip(np.flip(array).copy())
    for value in (np.asfortranarray(array), spread[inner], swapped, buffer, frozen, backward, array.tolist()):
        result = _native.track(**arguments(**{name: value}))
        np.testing.assert_array_equal(result["points"], expected["points"])
    exact = np.round(array.real * 8)
    expected = _native.track(**arguments(**{name: exact}))
    for dtype in (np.float32, np.int16, np.complex64):
        result = _native.track(**arguments(**{name: exact.astype(dtype)}))
        np.testing.assert_array_equal(result["codes"], expected["codes"])
        np.testing.assert_array_equal(result["points"], expected["points"])


@pytest.mark.parametrize(
    "factors",
    [
        [],
        [(2, 1)],
        [(-1, 1, 1), (1, 1, 2)],
        [(2, 0, 1), (1, 1, 2)],
        [(2, 1, 0), (1, 1, 2)],
        [(2, -1, 1)],
        [(2, 1, -1)],
        [(2, 2, 1), (1, 1, 2)],
        [(2**31 - 1, 1, 1)],
        [(2**31 - 1, 2**31 - 1, 2**31 - 1)] * 3,
        [(1, 1, 1), (4096, 4096, 1_000_000)],
        [(1, 1, 1)] * 100_000,
        [(0, 1, 1)] * 100_000,
        [(2**40, 1, 1)],
        [(2.5, 1, 1)],
        ["abc"],
        None,
    ],
)
def test_impossible_factors_are_refused(factors):
    with pytest.raises((ValueError, TypeError)):
        _native.track(**arguments(factors=factors))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("options", []),
        ("options", [0.1] * 9),
        ("options", [0.1] * 11),
        ("options", [0.1] * 9 + [0.0]),
        ("options", [0.1] * 9 + [-1.0]),
        ("options", [0.1] * 9 + [np.nan]),
        ("options", [np.inf] + [0.1] * 9),
        ("options", None),
        ("max_steps", 0),
        ("max_steps", -1),
        ("max_steps", 2**70),
        ("max_steps", 1.5),
        ("jobs", 0),
        ("jobs", -3),
        ("jobs", 10**6),
        ("jobs", 2**40),
        ("jobs", None),
        ("instruction_set", "avx1024"),
        ("instruction_set", "baseline\0"),
        ("instruction_set", None),
        ("report", 3),
    ],
)
def test_impossible_settings_are_refused(name, value):
    with pytest.raises((ValueError, TypeError)):
        _native.track(**arguments(**{name: value}))


def test_more_results_than_there_can_be_memory_for_are_refused_first():
    many = np.zeros((1, 6), complex)
    grams, bs = np.zeros((1, 5, 5), complex), np.zeros((1, 5), complex)
    with pytest.raises(ValueError, match="too many paths"):
        _native.track(
            **arguments(
                starts=np.repeat(many, 200_000, axis=0),
                target_gram=np.repeat(grams, 20_000, axis=0),
                target_b=np.repeat(bs, 20_000, axis=0),
            )
        )


def test_more_workspace_than_there_can_be_memory_for_is_refused_first():
    """A filter of 1025 coefficients for 1024 threads: each needs tens of megabytes."""
    size = 1025
    zero = np.zeros((size, size), complex)
    call = arguments(
        factors=[(1024, 1, 1)],
        starts=np.ones((8192, size + 1), complex),
        start_gram=zero,
        start_b=zero[0],
        target_gram=zero[None],
        target_b=zero[:1],
        jobs=1024,
    )
    with pytest.raises(ValueError, match=r"^jobs: .* workspace"):
        _native.track(**call)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("report", [None, lambda finished: None])
def test_nothing_to_do(jobs, report):
    for changes in (
        {"starts": np.empty((0, 6), complex)},
        {"target_gram": np.empty((0, 5, 5)), "target_b": np.empty((0, 5))},
        {"starts": np.empty((0, 6)), "target_gram": np.empty((0, 5, 5)), "target_b": np.empty((0, 5))},
    ):
        result = _native.track(**arguments(jobs=jobs, report=report, **changes))
        assert result["points"].shape == (0, 6)
        for name in ("codes", "errors", "conditions", "steps", "distances"):
            assert result[name].shape == (0,)
        assert result["iterations"] == 0


@each_engine
def test_nothing_to_do_through_the_engine(engine):
    start = three_two()
    none = engine.track(start.stratum, start.points[:0], Homotopy(start.data, start.data), TrackerOptions())
    assert none.points.shape == (0, start.stratum.coordinates)
    assert len(none) == 0
    none = engine.track_many(start.stratum, start.points, start.data, [], TrackerOptions())
    assert none.points.shape == (0, start.stratum.coordinates)


@each_engine
def test_factors_of_degree_zero_do_no_harm(engine):
    call = arguments(instruction_set=engine.instruction_set)
    starts = np.concatenate([call["starts"], np.ones((10, 1))], axis=1)
    expected = _native.track(**call)
    result = _native.track(**call | {"factors": [(2, 1, 1), (1, 1, 2), (0, 3, 7)], "starts": starts})
    np.testing.assert_array_equal(result["codes"], expected["codes"])
    found, wanted = result["points"], expected["points"]
    scaled, free = found[:, :1] * found[:, 1:4] * found[:, 6:] ** 3, wanted[:, :1] * wanted[:, 1:4]
    for i in range(3):  # the products of the factors; each alone has a phase of its own
        np.testing.assert_allclose(scaled[:, [i]] * found[:, 4:6], free[:, [i]] * wanted[:, 4:], rtol=1e-9)


def test_the_engine_checks_shapes():
    start = three_two()
    data, points = start.data, start.points
    for wrong in (points[:, :-1], np.concatenate([points, points], axis=1), points[0], points[None]):
        with pytest.raises(ValueError, match=r"^points: .*expected"):
            ENGINES[0].track(start.stratum, wrong, Homotopy(data, data), TrackerOptions())
    big = Data(np.zeros((10, 5)), np.zeros(10))  # as many numbers as two right ones
    flat = Data(data.gram.ravel(), data.b)
    for wrong in (big, flat, Data(data.gram[:4, :4], data.b[:4])):
        for homotopy in (Homotopy(data, wrong), Homotopy(wrong, data)):
            with pytest.raises(ValueError, match=r"^(start|target)_gram: .*expected"):
                ENGINES[0].track(start.stratum, points, homotopy, TrackerOptions())
    for homotopy in (Homotopy(data, Data(data.gram, data.b[:4])), Homotopy(Data(data.gram, data.b[:4]), data)):
        with pytest.raises(ValueError, match=r"^(start|target)_b: .*expected"):
            ENGINES[0].track(start.stratum, points, homotopy, TrackerOptions())


def test_results_outlive_the_call_and_belong_to_the_caller():
    result = NativeEngine().track(
        three_two().stratum, three_two().points, Homotopy(three_two().data, three_two().data), TrackerOptions()
    )
    for name in ARRAYS:
        array = getattr(result, name)
        assert array.flags.writeable
        array[:] = 0


@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_arbitrary_arguments_never_crash(data):
    """An answer or a Python exception, whatever comes in."""
    number = st.one_of(st.integers(-2, 5), st.integers(-(2**70), 2**70))
    factors = data.draw(st.lists(st.tuples(number, number, number), max_size=4))
    if data.draw(st.booleans()):
        factors = [(abs(a) % 4, 1 + abs(b) % 3, 1 + abs(c) % 3) for a, b, c in factors]
        factors = [(a, b if f else 1, c) for f, (a, b, c) in enumerate(factors)]
    size = 1 + sum(a * b * c for a, b, c in factors)
    coordinates = sum(a + 1 for a, _, _ in factors)
    size, coordinates = max(0, min(size, 40)), max(0, min(coordinates, 40))
    paths, targets = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scale = 10.0 ** data.draw(st.sampled_from([-300, -20, 0, 0, 0, 20, 300]))
    shapes = {
        "starts": (paths, coordinates + 1),
        "start_gram": (size, size),
        "start_b": (size,),
        "target_gram": (targets, size, size),
        "target_b": (targets, size),
    }
    arrays = {name: scale * rng.standard_normal(shape) for name, shape in shapes.items()}
    if data.draw(st.booleans()):
        arrays["start_gram"] = np.diag(np.diag(arrays["start_gram"]))
    if data.draw(st.booleans()):
        arrays |= {name: 1j * arrays[name] for name in ("target_gram", "target_b")}
    options = data.draw(st.lists(st.floats(), min_size=10, max_size=10))
    if data.draw(st.booleans()):
        options = rng.random(10).tolist()
    call = arguments(
        factors=factors,
        **arrays,
        options=options,
        max_steps=data.draw(st.one_of(st.integers(1, 100), st.integers(-1, 100))),
        jobs=data.draw(st.integers(0, 4)),
    )
    try:
        result = _native.track(**call)
    except (ValueError, TypeError, MemoryError):
        return
    assert result["points"].shape == (targets * paths, coordinates + 1)
    assert set(result["codes"]) <= set(ReturnCode)


# Choice of the engine.


def test_the_compiled_engine_is_the_default():
    assert get_engine().name == "native"
    assert get_engine("auto").name == "native"
    assert get_engine("native").name == "native"
    assert get_engine("reference").name == "reference"


@pytest.fixture
def not_compiled(monkeypatch):
    monkeypatch.delattr(homotopy_lcn, "_native")
    monkeypatch.setitem(sys.modules, "homotopy_lcn.tracking._native", None)
    monkeypatch.delitem(sys.modules, "homotopy_lcn.tracking.native")


@pytest.mark.usefixtures("not_compiled")
def test_without_the_compiled_module_the_reference_engine_serves():
    assert get_engine("auto").name == "reference"
    assert get_engine("reference").name == "reference"
    with pytest.raises(InputError, match=r"^engine: the compiled kernel is not installed; expected [^\n]*$"):
        get_engine("native")
