"""Where paths end that do not arrive at regular points."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import point_keys
from homotopy_lcn.networks.strata import Embedding, Factor, Stratum
from homotopy_lcn.progress import Clock
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, endgame, get_engine
from homotopy_lcn.tracking.endgame import End, _orbits, trace_ends
from homotopy_lcn.tracking.refinement import gradient_residual
from homotopy_lcn.tracking.settings import Tracking
from homotopy_lcn.tracking.timed import TimedEngine
from homotopy_lcn.tracking.tolerances import ENDGAME
from tests.small_networks import random_problem

ENGINES = ["reference", "auto"]


def traced(filters, strides, gram, b, engine="auto", stratum=0, seed=0):
    """Ends of all paths of one stratum, with the stratum and the target."""
    arch = Architecture(filters, strides)
    row = generic_count(arch).rows[stratum]
    embedding = Embedding.of_pattern(arch, row.pattern)
    assert embedding.positions == tuple(range(arch.filter_size))
    chosen = get_engine(engine)
    start = start_system(embedding.stratum, row.count, Tracking(chosen))
    turns = np.exp(2j * np.pi * np.random.default_rng(seed).random(2))
    starts = start.points.copy()
    starts[:, 0] *= turns[1] / turns[0]
    target = Data(np.asarray(gram, float), np.asarray(b, float))
    homotopy = Homotopy(Data(turns[0] * start.data.gram, turns[1] * start.data.b), target)
    return embedding.stratum, trace_ends(chosen, embedding.stratum, starts, homotopy)


def tally(ends):
    return Counter((End(kind).name, winding) for kind, winding in zip(ends.kinds, ends.windings.tolist(), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_generic_data_end_at_regular_points(engine):
    loss = random_problem((3, 2), (2, 1)).loss
    stratum, ends = traced((3, 2), (2, 1), loss.gram, loss.b, engine)
    assert tally(ends) == {("FINITE", 1): 10}
    assert ends.residuals.max() < 1e-13
    assert gradient_residual(stratum, ends.points, Data(loss.gram, loss.b)).max() < 1e-13


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("size", "arrive"),
    [(2, 2), (3, 6)],  # singular vector pairs and triples (Friedland, Ottaviani 2014)
)
def test_white_data_of_binary_tensors(engine, size, arrive):
    filters, strides = (2,) * size, (2,) * size
    u = np.random.default_rng(1).standard_normal(2**size)
    _, ends = traced(filters, strides, np.eye(2**size), u, engine)
    kinds = Counter(End(kind).name for kind in ends.kinds)
    assert kinds == {"FINITE": arrive, "AT_INFINITY": len(ends.kinds) - arrive}


def test_ends_at_infinity_are_isotropic_and_tangent():
    """JᵀΣv = 0 there: v isotropic, and so is its tangent space against v."""
    u = np.random.default_rng(2).standard_normal(8)
    stratum, ends = traced((2, 2, 2), (2, 2, 1), np.eye(8), u)
    away = ends.points[ends.kinds == End.AT_INFINITY]
    equations = equations_of(stratum)
    w = equations.filters(away)
    assert np.abs((w * w).sum(axis=1)).max() < 1e-9
    assert np.abs(np.einsum("pi,pij->pj", w, equations.tangent_space(away))).max() < 1e-9
    assert set(ends.windings[ends.kinds == End.AT_INFINITY].tolist()) == {1, 2}


@pytest.mark.parametrize("engine", ENGINES)
def test_zero_moments_end_at_the_origin(engine):
    loss = random_problem((3, 2), (2, 1)).loss
    _, ends = traced((3, 2), (2, 1), loss.gram, np.zeros(5), engine)
    assert tally(ends) == {("ORIGIN", 1): 10}


@pytest.mark.parametrize("seed", range(3))
def test_a_target_with_a_common_hyperroot_is_a_triple_end(seed):
    """(x² − 2)²: dμ drops rank; three paths meet there, two of them in a square-root branch, whatever the detour."""
    loss = random_problem((3, 2), (2, 1)).loss
    target = np.array([1.0, 0, -4, 0, 4])
    stratum, ends = traced((3, 2), (2, 1), loss.gram, loss.gram @ target, seed=seed)
    assert tally(ends) == {("FINITE", 1): 8, ("FINITE", 2): 2}
    filters = equations_of(stratum).filters(ends.points)
    there = np.linalg.norm(filters - target, axis=1) < 1e-9
    assert sorted(ends.windings[there].tolist()) == [1, 2, 2]


def test_two_ends_a_hundred_millionth_from_meeting_are_not_one():
    """From a circle that is too large they look like one end with winding number 2, but its mean is no solution."""
    loss = random_problem((3, 2), (2, 1)).loss
    rng = np.random.default_rng(0)
    target = np.array([1.0, 0, -4, 0, 4]) + 1e-8 * rng.standard_normal(5)
    stratum, ends = traced((3, 2), (2, 1), loss.gram, loss.gram @ target)
    assert tally(ends) == {("FINITE", 1): 10}
    keys = point_keys(stratum, ends.points)
    distances = np.linalg.norm(keys[:, None] - keys[None], axis=2) / np.linalg.norm(keys, axis=1)
    least = distances[np.triu_indices(10, 1)].min()
    assert 1e-6 < least < 1e-2


def test_engines_agree_on_every_end():
    u = np.array([1.0, -2.0, 0.5, 3.0, 1.0, 1.0, -1.0, 2.0])
    stratum, one = traced((2, 2, 2), (2, 2, 1), np.eye(8), u, "reference")
    _, other = traced((2, 2, 2), (2, 2, 1), np.eye(8), u, "auto")
    np.testing.assert_array_equal(one.kinds, other.kinds)
    np.testing.assert_array_equal(one.windings, other.windings)
    first, second = point_keys(stratum, one.points), point_keys(stratum, other.points)
    for keys in (first, second):
        keys[one.kinds != End.FINITE, 0] = 1.0  # has no meaning there
    assert (np.linalg.norm(first - second, axis=1) < 1e-7 * np.linalg.norm(first, axis=1)).all()


@pytest.mark.parametrize("dead", [0, 4])
def test_a_path_has_the_same_end_with_and_without_the_others_of_its_cycle(dead):
    """Together each path comes to points of the others after one round; alone it has to go all the way round."""
    loss = random_problem((3, 2), (2, 1)).loss
    gram, b = np.array(loss.gram), np.array(loss.b)
    gram[dead], gram[:, dead], b[dead] = 0, 0, 0
    row = generic_count(Architecture((3, 2), (2, 1))).rows[0]
    stratum = Embedding.of_pattern(Architecture((3, 2), (2, 1)), row.pattern).stratum
    start = start_system(stratum, row.count, Tracking(get_engine()))
    homotopy = Homotopy(start.data, Data(gram, b))
    together = trace_ends(get_engine(), stratum, start.points, homotopy)
    assert together.windings.max() > 2
    for p in np.flatnonzero(together.windings > 1)[:3]:
        alone = trace_ends(get_engine(), stratum, start.points[p : p + 1], homotopy)
        assert (alone.kinds[0], alone.windings[0]) == (together.kinds[p], together.windings[p])
        one, other = (point_keys(stratum, points)[:, 1:] for points in (alone.points, together.points[p : p + 1]))
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-7)


def test_extended_precision_looks_at_the_clock(monkeypatch):
    """Ends that doubles leave open stay open once the time is up; the ends that are known are kept."""
    arch = Architecture((2, 2), (2, 1))
    row = generic_count(arch).rows[0]
    stratum = Embedding.of_pattern(arch, row.pattern).stratum
    start = start_system(stratum, row.count, Tracking(get_engine()))
    homotopy = Homotopy(start.data, Data(np.eye(4), np.array([1.0, 2.0, 3.0, 5.0])))
    times = iter([0.0, 0.0])
    clock = Clock(1.0, now=lambda: next(times, 2.0))
    trace, precisions = endgame._trace, []

    def half_of_them(engine, stratum, starts, homotopy, circles_on, jobs):
        precisions.append(circles_on)
        if circles_on is not ENDGAME.in_extended_precision:
            ends = trace(get_engine(), stratum, starts, homotopy, circles_on, jobs)
            ends.kinds[:: 2 if circles_on is ENDGAME.in_doubles else 1] = End.UNKNOWN
            return ends
        return trace(engine, stratum, starts, homotopy, circles_on, jobs)

    monkeypatch.setattr(endgame, "_trace", half_of_them)
    ends = trace_ends(TimedEngine(get_engine(), clock), stratum, start.points, homotopy, precise=len(start.points))
    assert precisions == [ENDGAME.in_doubles, ENDGAME.larger, ENDGAME.in_extended_precision]
    assert clock.stopped
    assert (ends.kinds[::2] == End.UNKNOWN).all()
    assert (ends.kinds[1::2] != End.UNKNOWN).all()
    assert trace_ends(get_engine(), stratum, start.points[:1], homotopy, precise=1).kinds[0] != End.UNKNOWN


def test_orbits_of_a_permutation():
    starts = np.eye(7, dtype=complex)
    ends = starts[[1, 2, 0, 3, 5, 5, 4]]
    ends[6] = np.nan
    found = _orbits(starts, ends, 40)
    assert found.windings.tolist() == [3, 3, 3, 1, 0, 0, 0]  # two paths at one point: neither is believed
    assert found.leave.tolist() == [False] * 4 + [True] * 3
    assert [turn[:3].tolist() for turn in found.turns[:3]] == [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    short = _orbits(starts, ends, 2)
    assert short.windings.tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert not short.leave[:3].any()


def test_an_engine_that_loses_everything_leaves_the_ends_unknown():
    class Lost:
        name = "lost"

        def track(self, *args, **kwargs):
            result = get_engine("reference").track(*args, **kwargs)
            result.codes[:] = 3
            return result

    stratum = Stratum((Factor(1, 1, 1), Factor(1, 1, 2)))
    start = start_system(stratum, 6, Tracking(get_engine()))
    ends = trace_ends(Lost(), stratum, start.points, Homotopy(start.data, Data(np.eye(4), np.ones(4))))
    assert (ends.kinds == End.UNKNOWN).all()
    assert (ends.windings == 0).all()


complex_numbers = st.complex_numbers(min_magnitude=1e-3, max_magnitude=1e3)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), scales=st.tuples(complex_numbers, complex_numbers))
def test_keys_do_not_depend_on_the_scale_of_the_factors(seed, scales):
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 2, 2)))
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((4, stratum.coordinates)) + 1j * rng.standard_normal((4, stratum.coordinates))
    same = points.copy()
    for factor, part, scale in zip(stratum.factors, stratum.slices, scales, strict=True):
        same[:, part] *= scale
        same[:, 0] /= scale**factor.power
    first, second = point_keys(stratum, points), point_keys(stratum, same)
    sizes = np.linalg.norm(first, axis=1)
    assert (np.linalg.norm(first - second, axis=1) < 1e-11 * sizes).all()
    # The keys of different points differ.
    between = np.linalg.norm(first[:, None] - first[None], axis=2)[np.triu_indices(4, 1)]
    assert between.min() > 1e-3 * sizes.min()


@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([(), (3,), (2, 5)]))
def test_the_first_and_the_last_coefficient_are_those_of_the_fourier_transform(seed, winding, shape):
    rng, n = np.random.default_rng(seed), ENDGAME.corners * winding
    samples = rng.normal(size=(n, *shape)) + 1j * rng.normal(size=(n, *shape))
    spectrum = np.fft.fft(samples, axis=0) / n
    for found, index in zip(endgame._first_and_last(samples), (0, n // 2), strict=True):
        np.testing.assert_allclose(found, spectrum[index], rtol=0, atol=1e-14)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_scalars_of_limits_count_only_where_they_are_finite(seed):
    rng, stratum = np.random.default_rng(seed), Stratum.of_layers(Architecture((3, 2), (1, 1)))
    points = equations_of(stratum).normalize(rng.normal(size=(2, stratum.coordinates)) + 1j)
    other = points * np.exp(2j * np.pi * rng.random())  # another scalar, and forms that are multiples of the others
    distances = [
        endgame._distances(*(endgame._limit_keys(stratum, one, np.array(exponents)) for one in (points, other)))
        for exponents in ((0, 0), (-1, 2))
    ]
    assert distances[0].min() > 1e-6
    assert distances[1].max() < 1e-14
