"""Where the paths of the compiled kernel end, against the reference engine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import find, first_occurrences
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.monodromy import random_data, seed_pair
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, native

from .native_problems import (
    COMPILED,
    COUNT,
    ENGINES,
    REFERENCE,
    assert_bitwise,
    assert_same_ends,
    each_engine,
    filters_of,
    overlapping,
    real_data,
    reordered,
    rows,
    small_start,
    start_of,
    targets_of,
    three_two,
)

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
@pytest.mark.parametrize(
    "options",
    [TrackerOptions(contraction_target=0.03, control_gain=1 / 6), TrackerOptions(), TrackerOptions.conservative()],
)
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
    "(2,2,2),(1,2,1), double root": ([Factor(1, 2, 1), Factor(1, 1, 2)], 14),
    "(3,3),(1,1), double root": ([Factor(2, 1, 1), Factor(1, 2, 1)], 10),
    "(3,3),(1,1), two double roots": ([Factor(2, 2, 1)], 13),
    "(4,4),(2,1)": ([Factor(3, 1, 1), Factor(3, 1, 2)], 284),
    "(3,3,2),(2,2,1)": ([Factor(2, 1, 1), Factor(2, 1, 2), Factor(1, 1, 4)], 435),
}


@cache
def problem_with_ends(shape, kind):
    """A stratum, points of it, their data, and targets with the ends of the reference engine."""
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
    ends = [REFERENCE.track(stratum, points, Homotopy(data, target), TrackerOptions()) for target in targets]
    return stratum, points, data, list(zip(targets, ends, strict=True))


@each_engine
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["real", "complex", "general start"])
def test_every_kind_of_data_ends_where_the_reference_engine_ends(engine, shape, kind):
    """Diagonal starts with real targets have code of their own; one target and many are read differently."""
    stratum, points, data, goals = problem_with_ends(shape, kind)
    result = engine.track_many(stratum, points, data, [target for target, _ in goals], TrackerOptions())
    for t, (target, expected) in enumerate(goals):
        assert_same_ends(stratum, rows(result, slice(t * len(points), (t + 1) * len(points))), expected)
        assert_same_ends(stratum, engine.track(stratum, points, Homotopy(data, target), TrackerOptions()), expected)


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


@each_engine
def test_the_engine_with_pivots_goes_on_where_a_path_is_stuck(engine, monkeypatch):
    """White data half way have too few solutions: nobody leads through, and few steps are spent on it."""
    asked = []

    class Pivoted(native.ReferenceEngine):
        def track(self, stratum, points, homotopy, options, **keywords):
            result = super().track(stratum, points, homotopy, options, **keywords)
            asked.append((homotopy, options.max_steps, result.steps))
            return result

    monkeypatch.setattr(native, "ReferenceEngine", Pivoted)
    start = overlapping()
    beyond = Data(2 * np.eye(4) - start.data.gram, 2 * np.random.default_rng(14).standard_normal(4) - start.data.b)
    result = engine.track(start.stratum, start.points, Homotopy(start.data, beyond), TrackerOptions())
    stuck = result.codes != ReturnCode.SUCCESS
    assert 0 < stuck.sum() == len(asked) < 6
    np.testing.assert_allclose(result.distances[stuck], 0.5, rtol=0, atol=1e-6)
    for homotopy, most, steps in asked:
        np.testing.assert_allclose(homotopy.start.gram, np.eye(4), atol=1e-5)
        np.testing.assert_array_equal(homotopy.target.b, beyond.b)
        assert steps.max() <= most == native.STEPS_WITH_PIVOTS
    for path, (_, _, steps) in zip(np.flatnonzero(stuck), asked, strict=True):
        assert result.steps[path] > steps[0]
