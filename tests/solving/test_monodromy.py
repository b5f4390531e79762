from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import first_occurrences
from homotopy_lcn.errors import IncompleteStartSystem
from homotopy_lcn.networks.architecture import Block
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import monodromy
from homotopy_lcn.solving.computed_systems import solve_by_monodromy
from homotopy_lcn.solving.monodromy import Fibre, fill_fibre, random_data, seed_pair
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.solving.trace_test import trace_test
from homotopy_lcn.tracking import ReturnCode, TrackerOptions, get_engine
from homotopy_lcn.tracking.settings import Tracking

ENGINE = get_engine("reference")
#: The compiled kernel where there is one: for the fibres of many strata, all points of which are checked without it.
FAST = get_engine()
TRACE = 1e-10


def generator(seed=0):
    return np.random.default_rng(seed)


def strata_of(arch):
    """Each stratum with its exact count."""
    return [(Stratum.of_pattern(arch.blocks, row.pattern), row.count) for row in generic_count(arch)]


ONE_BLOCK = [
    (Stratum.of_pattern([Block(degree, 1)], row.pattern), row.count)
    for degree in range(1, 6)
    for row in generic_count(Architecture((2,) * degree, (1,) * degree))
]

#: Up to 500 points each.
SEVERAL_LAYERS = [
    ((2, 2), (3, 1)),
    ((3, 2), (2, 1)),
    ((2, 3), (2, 1)),
    ((4, 2), (3, 1)),
    ((2, 4), (2, 1)),
    ((5, 2), (2, 1)),
    ((2, 5), (3, 1)),
    ((6, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((4, 3), (2, 1)),
    ((4, 4), (2, 1)),
    ((3, 3), (1, 1)),
    ((3, 1, 3), (1, 2, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((2, 2, 2), (2, 1, 1)),
    ((2, 2, 2), (2, 2, 1)),
    ((3, 2, 2), (1, 2, 1)),
    ((2, 3, 2), (2, 1, 1)),
    ((2, 2, 3), (1, 3, 1)),
    ((3, 2, 2), (2, 2, 1)),
    ((2, 2, 2, 2), (1, 2, 1, 1)),
    ((2, 2, 2, 2), (1, 1, 2, 1)),
    ((2, 2, 2, 2), (1, 2, 2, 1)),
]
LARGER = [
    ((3, 4), (2, 1)),
    ((5, 3), (4, 1)),
    ((2, 3, 2), (2, 3, 1)),
    ((3, 3, 1, 2), (1, 2, 1, 1)),
    ((2, 2, 2, 2), (2, 2, 2, 1)),
]


def filter_of(stratum, forms):
    """Π Q_f(x^dilation)^power by convolution."""
    w = np.ones(1, complex)
    for factor, form in zip(stratum.factors, forms, strict=True):
        dilated = np.zeros(factor.degree * factor.dilation + 1, complex)
        dilated[:: factor.dilation] = form
        for _ in range(factor.power):
            w = np.convolve(w, dilated)
    return w


def tangent_of(stratum, point):
    """All derivatives of the filter in the coordinates of a point, as columns, by convolution."""
    forms = [point[part] for part in stratum.slices]
    columns = [filter_of(stratum, forms)]
    for f, factor in enumerate(stratum.factors):
        fewer = [*stratum.factors]
        fewer[f] = Factor(factor.degree, factor.power - 1, factor.dilation)
        rest = point[0] * factor.power * filter_of(Stratum(tuple(fewer)), forms)
        for unit in range(factor.degree + 1):
            shifted = np.zeros(stratum.filter_size, complex)
            shifted[unit * factor.dilation :][: len(rest)] = rest
            columns.append(shifted)
    return np.array(columns).T


def criticality(stratum, data, point):
    """Size of Jᵀ(Σw − b), relative to the terms that cancel in it; no code shared with what is tested."""
    w = point[0] * filter_of(stratum, [point[part] for part in stratum.slices])
    tangent = tangent_of(stratum, point)
    size = np.abs(tangent).T @ (np.abs(data.gram) @ np.abs(w) + np.abs(data.b))
    return np.max(np.abs(tangent.T @ (data.gram @ w - data.b)) / size)


def check_fibre(stratum, data, points, count):
    """As many distinct critical points as counted, and the trace test, which follows no paths."""
    filters = equations_of(stratum).filters(points)
    assert len(points) == count
    np.testing.assert_array_equal(first_occurrences(filters), np.arange(count))
    assert max(criticality(stratum, data, point) for point in points) < 1e-13
    assert trace_test(stratum, data, points, Tracking(ENGINE, rng=generator(9))) < TRACE


@pytest.mark.parametrize(("stratum", "count"), ONE_BLOCK, ids=lambda value: getattr(value, "name", value))
def test_monodromy_that_knows_no_count_finds_as_many_points_as_counted_on_one_block(monkeypatch, stratum, count):
    fruitless = 12 if count < 20 else 3
    monkeypatch.setattr(monodromy, "SOLVING", replace(SOLVING, fruitless_segments=fruitless))
    fibre = Fibre.start(stratum, generator())
    with pytest.raises(IncompleteStartSystem, match=f"monodromy found {count} of 1000000 points"):
        fill_fibre(stratum, 1_000_000, Tracking(FAST, rng=generator(1)), fibre=fibre)
    for base in fibre.bases:
        check_fibre(stratum, base.data, base.points, count)


@cache
def check_stratum(stratum, count):
    """Once for all architectures that it belongs to."""
    data, points = fill_fibre(stratum, count, Tracking(FAST, rng=generator()))
    check_fibre(stratum, data, points, count)


def check_architecture(arch):
    assert generic_count(arch).filters <= 500
    for stratum, count in strata_of(arch):
        check_stratum(stratum, count)


@pytest.mark.parametrize(("filters", "strides"), SEVERAL_LAYERS)
def test_monodromy_finds_as_many_points_as_counted_for_several_layers(filters, strides):
    check_architecture(Architecture(filters, strides))


@pytest.mark.slow
@pytest.mark.parametrize(("filters", "strides"), LARGER)
def test_monodromy_finds_as_many_points_as_counted_for_larger_architectures(filters, strides):
    check_architecture(Architecture(filters, strides))


@pytest.fixture(scope="module")
def solved():
    """A stratum with ten points, its data and points."""
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
    return stratum, *fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator()))


def test_the_trace_test_fails_if_a_point_is_missing(solved):
    stratum, data, points = solved
    for missing in range(10):
        rest = np.delete(points, missing, axis=0)
        assert trace_test(stratum, data, rest, Tracking(ENGINE, rng=generator(missing))) > 1e-4


def test_the_trace_test_fails_for_the_points_of_other_data(solved):
    stratum, data, points = solved
    other = Data(data.gram, data.b + 0.1)
    assert trace_test(stratum, other, points, Tracking(ENGINE, rng=generator())) > 1e-4


class Unreliable:
    """An engine that reports the first path of every call as failed, unless the options are to be conservative."""

    name = "unreliable"

    def __init__(self, forgiving):
        self.forgiving = forgiving
        self.repaired = 0

    def track(self, stratum, points, homotopy, options, **keywords):
        result = ENGINE.track(stratum, points, homotopy, options, **keywords)
        if self.forgiving and options == TrackerOptions.conservative():
            self.repaired += len(points)
        else:
            result.codes[:1] = ReturnCode.TOO_MANY_STEPS
            result.points[:1] = np.nan
        return result


def test_failed_paths_are_tracked_again_conservatively(solved):
    stratum, _, points = solved
    engine = Unreliable(forgiving=True)
    data, again = fill_fibre(stratum, 10, Tracking(engine, rng=generator()))
    assert engine.repaired > 0
    check_fibre(stratum, data, again, 10)
    filters = equations_of(stratum).filters
    np.testing.assert_allclose(np.sort_complex(filters(again)[:, 0]), np.sort_complex(filters(points)[:, 0]), rtol=1e-9)


def test_lost_paths_lead_to_no_wrong_points(solved):
    stratum = solved[0]
    fibre = Fibre.start(stratum, generator())
    with pytest.raises(IncompleteStartSystem, match=r"monodromy found \d+ of 1000 points"):
        fill_fibre(stratum, 1000, Tracking(Unreliable(forgiving=False), rng=generator(1)), fibre=fibre)
    for base in fibre.bases:
        assert len(base.points) <= 10
        assert all(criticality(stratum, base.data, point) < 1e-13 for point in base.points)


def test_a_count_that_is_too_large_is_never_reached(solved):
    with pytest.raises(
        IncompleteStartSystem,
        match=r"^stratum d2p1s1-d1p1s2: monodromy found 10 of 11 points and 12 further segments brought no more$",
    ):
        fill_fibre(solved[0], 11, Tracking(ENGINE, rng=generator()))


def test_more_points_than_counted_are_noticed(solved):
    fibre = Fibre.start(solved[0], generator())
    fill_fibre(solved[0], 10, Tracking(ENGINE, rng=generator(1)), fibre=fibre)
    with pytest.raises(IncompleteStartSystem, match=r"monodromy found 10 points, more than the exact count 4"):
        fill_fibre(solved[0], 4, Tracking(ENGINE, rng=generator(2)), fibre=fibre)


@pytest.mark.parametrize("wrong", [-1, 1])
@pytest.mark.parametrize(("stratum", "count"), [(Stratum((Factor(1, 1, 1), Factor(1, 1, 2))), 6), ONE_BLOCK[7]])
@pytest.mark.usefixtures("cache")
def test_no_start_system_of_a_wrong_count(stratum, count, wrong):
    with pytest.raises(IncompleteStartSystem, match=stratum.name):
        solve_by_monodromy(stratum, count + wrong, Tracking(FAST))
    assert len(solve_by_monodromy(stratum, count, Tracking(FAST)).points) == count


@pytest.mark.parametrize(
    "stratum",
    [
        Stratum((Factor(2, 1, 1), Factor(1, 1, 2))),
        Stratum((Factor(1, 1, 1), Factor(2, 2, 1), Factor(1, 3, 2))),
        Stratum((Factor(1, 4, 3),)),
        Stratum((Factor(4, 1, 1),)),
        Stratum(()),
    ],
    ids=lambda stratum: stratum.name,
)
def test_the_starting_pair_is_critical(stratum):
    point, data = seed_pair(stratum, generator())
    assert point.shape == (1, stratum.coordinates)
    np.testing.assert_array_equal(data.gram, data.gram.T)
    assert criticality(stratum, data, point[0]) < 1e-15
    w = point[0, 0] * filter_of(stratum, [point[0, part] for part in stratum.slices])
    assert np.linalg.norm(w) == pytest.approx(1, rel=1e-12)
    residual = np.linalg.norm(data.gram @ w - data.b)
    if stratum.dimension < stratum.filter_size:
        assert residual > 0.1  # not just the unconstrained minimum
    else:
        assert residual < 1e-14


def test_random_data_are_complex_symmetric_and_come_from_the_generator():
    data, same, other = (random_data(6, generator(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(data.gram, data.gram.T)
    assert np.abs(data.gram.imag).min() > 0
    assert np.abs(data.b.imag).min() > 0
    np.testing.assert_array_equal(data.gram, same.gram)
    np.testing.assert_array_equal(data.b, same.b)
    assert np.abs(data.gram - other.gram).max() > 0.1


def assert_same_fibre(fibre, other):
    arrays, others = fibre.arrays(), other.arrays()
    assert arrays.keys() == others.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, others[key])


class Stop(Exception):
    pass


def interrupted_fibre(stratum, known):
    """The state of a computation that was stopped when so many points were known."""
    fibre = Fibre.start(stratum, generator())

    def report(number):
        if number >= known:
            raise Stop

    with pytest.raises(Stop):
        fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator(1), report=report), fibre=fibre)
    return fibre


def through_a_file(stratum, fibre):
    buffer = io.BytesIO()
    np.savez(buffer, **fibre.arrays())
    buffer.seek(0)
    with np.load(buffer) as file:
        return Fibre.from_arrays(stratum, dict(file))


@pytest.mark.parametrize("known", [1, 3])
def test_a_saved_fibre_goes_on_as_the_one_in_memory(solved, known):
    stratum = solved[0]
    fibre = interrupted_fibre(stratum, known)
    assert known <= len(fibre.bases[0].points) < 10
    restored = through_a_file(stratum, fibre)
    assert_same_fibre(fibre, restored)
    ends = [fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator(2)), fibre=state) for state in (fibre, restored)]
    for data, points in ends:
        np.testing.assert_array_equal(data.gram, fibre.bases[0].data.gram)
        np.testing.assert_array_equal(points, ends[0][1])
        check_fibre(stratum, data, points, 10)
    assert_same_fibre(fibre, restored)


def test_a_new_fibre_can_be_saved_too(solved):
    fibre = Fibre.start(solved[0], generator())
    assert_same_fibre(fibre, through_a_file(solved[0], fibre))


def test_the_fibre_of_another_stratum_is_refused(solved):
    arrays = Fibre.start(solved[0], generator()).arrays()
    for factors in ([Factor(2, 1, 1), Factor(1, 1, 3)], [Factor(1, 1, 1), Factor(3, 1, 1)]):
        with pytest.raises(ValueError, match="shapes do not fit"):
            Fibre.from_arrays(Stratum(tuple(factors)), arrays)
    del arrays["points1"]
    with pytest.raises(KeyError):
        Fibre.from_arrays(solved[0], arrays)


def test_checkpoints_at_intervals_and_reports(solved):
    stratum = solved[0]
    reported, saved = [], []

    def save(fibre):
        saved.append({key: array.copy() for key, array in fibre.arrays().items()})

    fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator(), report=reported.append), checkpoint=save, interval=0.0)
    assert reported[-1] == 10
    assert all(a <= b for a, b in pairwise(reported))
    assert [min(len(arrays["points0"]), 10) for arrays in saved] == reported
    data, points = fill_fibre(
        stratum, 10, Tracking(ENGINE, rng=generator(3)), fibre=Fibre.from_arrays(stratum, saved[len(saved) // 2])
    )
    check_fibre(stratum, data, points, 10)
    saved.clear()
    fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator()), checkpoint=save, interval=1e9)
    assert saved == []


def test_control_c_saves_what_is_known(solved):
    stratum = solved[0]
    saved = []

    def report(known):
        if known >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator(), report=report), checkpoint=saved.append, interval=1e9)
    (fibre,) = saved
    assert 2 <= len(fibre.bases[0].points) < 10
    check_fibre(stratum, *fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator(3)), fibre=fibre), 10)


def test_the_result_depends_on_the_generator_alone(solved):
    stratum, data, points = solved
    same = fill_fibre(stratum, 10, Tracking(ENGINE, jobs=2, rng=generator()))
    np.testing.assert_array_equal(same[0].gram, data.gram)
    np.testing.assert_array_equal(same[1], points)
    other = fill_fibre(stratum, 10, Tracking(ENGINE, rng=generator(1)))
    assert np.abs(other[0].gram - data.gram).max() > 0.1


def test_paths_are_tracked_once_only(solved):
    """Segments are bijections of the fibres: a path tracked from one end, or arrived at, is known from both."""
    stratum = solved[0]
    fibre = Fibre.start(stratum, generator())
    tracked = 0

    class Counting:
        name = "counting"

        def track(self, stratum, points, *arguments, **keywords):
            nonlocal tracked
            tracked += len(points)
            return ENGINE.track(stratum, points, *arguments, **keywords)

    with pytest.raises(IncompleteStartSystem):
        fill_fibre(stratum, 11, Tracking(Counting(), rng=generator(1)), fibre=fibre)
    assert len(fibre.segments) >= 3 + SOLVING.fruitless_segments
    assert tracked == 10 * len(fibre.segments)
    for segment in fibre.segments:
        assert [done.tolist() for done in segment.done] == [[True] * 10] * 2
