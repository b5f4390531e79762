from __future__ import annotations

import signal
import threading
import time
from dataclasses import fields, replace
from itertools import product
from math import inf, nan, prod

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import find, first_occurrences
from homotopy_lcn.networks.parameters import balance, compose, relative_gradient
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.monodromy import random_data
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, TrackResult, get_engine, reference
from homotopy_lcn.tracking.settings import Tracking

ENGINE = get_engine("reference")
OPTIONS = {
    "fast": TrackerOptions(contraction_target=0.03, control_gain=1 / 6),
    "default": TrackerOptions(),
    "conservative": TrackerOptions.conservative(),
}


def start_of(arch):
    """The start system of an architecture whose blocks are single layers: the parameter space."""
    (row,) = generic_count(arch)
    return start_system(Stratum.of_layers(arch), row.count, Tracking(ENGINE))


def track(start, target, options=None, **keywords):
    homotopy = Homotopy(start.data, target)
    return ENGINE.track(start.stratum, start.points, homotopy, options or TrackerOptions(), **keywords)


def parameters_of(arch, points):
    """Parameters θ of points of the parameter space, balanced."""
    layers = [points[:, part] for part in Stratum.of_layers(arch).slices]
    return balance(layers, points[:, 0])


def gaussian_data(size, rng):
    inputs = rng.standard_normal((2 * size, size))
    return Data(inputs.T @ inputs, inputs.T @ rng.standard_normal(2 * size))


def singular_vector_tuples(dimensions):
    """The coefficient of Π t_i^{n_i} in Π (t̂_i^{n_i+1} − t_i^{n_i+1})/(t̂_i − t_i), t̂_i = Σ_{j≠i} t_j.

    Friedland, Ottaviani (2014), Theorem 1. The i-th factor is Σ_k t̂_i^{n_i−k} t_i^k.
    """
    number = len(dimensions)

    def times(left, right):
        result = {}
        for (a, x), (b, y) in product(left.items(), right.items()):
            exponents = tuple(i + j for i, j in zip(a, b, strict=True))
            result[exponents] = result.get(exponents, 0) + x * y
        return result

    units = [tuple(int(i == j) for j in range(number)) for i in range(number)]
    total = {(0,) * number: 1}
    for i, n in enumerate(dimensions):
        factor = {}
        for k in range(n + 1):
            term = {(0,) * number: 1}
            for _ in range(n - k):
                term = times(term, {unit: 1 for j, unit in enumerate(units) if j != i})
            for _ in range(k):
                term = times(term, {units[i]: 1})
            for exponents, coefficient in term.items():
                factor[exponents] = factor.get(exponents, 0) + coefficient
        total = times(total, factor)
    return total[tuple(dimensions)]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize(
    ("filters", "strides"), [((3, 2), (2, 1)), ((2, 2, 2), (2, 3, 1)), ((4, 3), (2, 1)), ((3, 2, 2), (2, 2, 1))]
)
def test_all_paths_arrive_at_distinct_critical_points(filters, strides, options):
    arch = Architecture(filters, strides)
    start = start_of(arch)
    data = gaussian_data(arch.filter_size, np.random.default_rng(1))
    result = track(start, data, options)
    assert (result.codes == ReturnCode.SUCCESS).all()
    assert (result.distances == 0).all()
    assert (result.errors < 1e-11).all()
    theta = parameters_of(arch, result.points)
    assert (relative_gradient(arch, theta, data.gram, data.b) < 1e-14).all()
    found = compose(arch, theta)
    np.testing.assert_array_equal(first_occurrences(found), np.arange(len(start.points)))
    assert (find(found, found.conj()) >= 0).all()  # real data: the conjugate of a solution is one


def test_spurious_strata_are_critical_in_parameter_space():
    arch = Architecture((2, 2, 2), (1, 2, 1))
    (row,) = (row for row in generic_count(arch) if not row.pure)
    start = start_system(Stratum.of_pattern(arch.blocks, row.pattern), row.count, Tracking(ENGINE))
    data = gaussian_data(arch.filter_size, np.random.default_rng(2))
    result = track(start, data)
    assert result.success.all()
    double, single = (result.points[:, part] for part in start.stratum.slices)
    theta = balance([double, double, single], result.points[:, 0])
    assert (relative_gradient(arch, theta, data.gram, data.b) < 1e-14).all()


def test_the_ends_do_not_depend_on_the_options():
    arch = Architecture((3, 2, 2), (2, 2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(3))
    results = [track(start, target, options) for options in OPTIONS.values()]
    filters = [equations_of(start.stratum).filters(result.points) for result in results]
    for other in filters[1:]:
        np.testing.assert_allclose(other, filters[0], rtol=0, atol=1e-10 * np.abs(filters[0]).max())
    fast, default, conservative = (int(result.steps.sum()) for result in results)
    assert max(fast, default) < conservative


def test_paths_lead_back():
    arch = Architecture((4, 3), (2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(4))
    there = track(start, target)
    back = ENGINE.track(start.stratum, there.points, Homotopy(target, start.data), TrackerOptions())
    filters = equations_of(start.stratum).filters
    expected = filters(start.points)
    np.testing.assert_allclose(filters(back.points), expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    assert not np.allclose(filters(there.points), expected)


def test_the_results_do_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(reference, "REFERENCE", replace(reference.REFERENCE, batch=16))
    arch = Architecture((3, 2, 2), (2, 2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(5))
    alone, *others = (track(start, target, jobs=jobs) for jobs in (1, 2, 5))
    for other in others:
        for field in fields(TrackResult):
            np.testing.assert_array_equal(getattr(other, field.name), getattr(alone, field.name))


def test_paths_are_tracked_independently_of_the_others_in_their_batch(monkeypatch):
    """Up to rounding: matrix products of different shapes add in different orders."""
    arch = Architecture((3, 2, 2), (2, 2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(6))
    whole = track(start, target)
    for batch in (7, 64):
        monkeypatch.setattr(reference, "REFERENCE", replace(reference.REFERENCE, batch=batch))
        result = track(start, target)
        np.testing.assert_array_equal(result.codes, whole.codes)
        found, expected = (equations_of(start.stratum).filters(r.points) for r in (result, whole))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


def test_points_come_normalised_and_the_given_ones_stay_unchanged():
    arch = Architecture((3, 2), (2, 1))
    start = start_of(arch)
    starts = start.points.copy()
    for part, scale in zip(start.stratum.slices, (3j, -0.01), strict=True):
        starts[:, part] *= scale
        starts[:, 0] /= scale
    given = starts.copy()
    target = random_data(arch.filter_size, np.random.default_rng(7))
    result = ENGINE.track(start.stratum, starts, Homotopy(start.data, target), TrackerOptions())
    np.testing.assert_array_equal(starts, given)
    for part in start.stratum.slices:
        np.testing.assert_allclose(np.linalg.norm(result.points[:, part], axis=1), 1, rtol=1e-14)
    filters = equations_of(start.stratum).filters
    np.testing.assert_allclose(filters(result.points), filters(track(start, target).points), rtol=1e-9)


def test_badly_scaled_data_cost_nothing():
    """Relative coordinates: start and target scaled alike by powers of two give the same paths, bit for bit."""
    arch = Architecture((3, 2), (2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(8))
    expected = track(start, target)
    gram, b = 2.0**40, 2.0**-30
    points = start.points.copy()
    points[:, 0] *= b / gram
    homotopy = Homotopy(*(Data(gram * data.gram, b * data.b) for data in (start.data, target)))
    result = ENGINE.track(start.stratum, points, homotopy, TrackerOptions())
    np.testing.assert_array_equal(result.steps, expected.steps)
    np.testing.assert_array_equal(result.points[:, 1:], expected.points[:, 1:])
    np.testing.assert_array_equal(result.points[:, 0], expected.points[:, 0] * (b / gram))


def test_tangents_follow_into_a_new_patch():
    """The same curve of filters, its tangent by central differences."""
    rng = np.random.default_rng(17)
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 3, 1), Factor(1, 2, 2)))
    equations = equations_of(stratum)
    centre, point, tangent = rng.standard_normal((3, 4, stratum.coordinates, 2)) @ [1, 1j]
    centre, tangent[:, 0] = equations.normalize(centre), 0.0
    data = equations.transform(random_data(stratum.filter_size, rng))
    batch = reference._Batch(equations, data, data, TrackerOptions(), reference._Flag())
    moved, moved_tangent = batch._to_patch(centre, point, tangent)
    np.testing.assert_allclose(equations.filters(moved), equations.filters(point), rtol=1e-10, atol=1e-10)
    for part in stratum.slices[1:]:
        np.testing.assert_allclose((centre[:, part].conj() * moved[:, part]).sum(axis=1), 1, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(moved[:, 0], centre[:, 0])  # the first factor is free
    h = 1e-5
    ahead, behind = (batch._to_patch(centre, point + sign * h * tangent, tangent)[0] for sign in (1, -1))
    size = np.abs(moved_tangent).max(axis=1, keepdims=True)
    np.testing.assert_allclose((ahead - behind) / (2 * h) / size, moved_tangent / size, rtol=0, atol=1e-7)


def test_no_paths():
    start = start_of(Architecture((2, 2), (2, 1)))
    result = ENGINE.track(start.stratum, start.points[:0], Homotopy(start.data, start.data), TrackerOptions())
    assert len(result) == 0
    assert result.points.shape == (0, start.stratum.coordinates)


@pytest.mark.parametrize("filters", [(2, 2), (3, 2), (3, 3), (4, 2), (2, 2, 2)])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_white_data_send_all_but_the_singular_vector_tuples_to_infinity(filters, options):
    """Non-overlapping filters: critical rank-one tensors, counted by Friedland and Ottaviani (2014)."""
    dimensions = [k - 1 for k in filters]
    expected = singular_vector_tuples(dimensions)
    assert expected == {(1, 1): 2, (2, 1): 2, (2, 2): 3, (3, 1): 2, (1, 1, 1): 6}[tuple(dimensions)]
    arch = Architecture(filters, filters)
    start = start_of(arch)
    assert arch.filter_size == prod(filters)
    u = np.random.default_rng(9).standard_normal(arch.filter_size)
    result = track(start, Data(np.eye(arch.filter_size), u), options)
    codes = np.bincount(result.codes, minlength=5)
    assert codes[ReturnCode.SUCCESS] == expected
    assert codes[ReturnCode.DIVERGED] == len(start.points) - expected
    norms = np.linalg.norm(equations_of(start.stratum).filters(result.points), axis=1)
    assert (norms[result.success] <= np.linalg.norm(u)).all()  # projections of u
    assert (norms[~result.success] > 1e5).all()
    assert (result.distances[~result.success] < TrackerOptions().endgame_distance).all()


def test_the_singular_values_of_a_matrix():
    """White data, filters (3, 3) apart: critical are the rank-one terms of the singular value decomposition."""
    arch = Architecture((3, 3), (3, 1))
    start = start_of(arch)
    u = np.random.default_rng(10).standard_normal((3, 3))
    result = track(start, Data(np.eye(9), u.ravel()))
    left, values, right = np.linalg.svd(u)
    terms = np.array([value * np.outer(left[:, i], right[i]).ravel() for i, value in enumerate(values)])
    found = equations_of(start.stratum).filters(result.points[result.success])
    np.testing.assert_array_equal(np.sort(find(terms.astype(complex), found, tolerance=1e-13)), [0, 1, 2])


def test_a_target_at_a_singular_point_of_the_function_space_is_a_singular_end():
    """(3, 2), (2, 1): the forms with a double factor x² − c y² are singular, the derivative of μ drops rank there."""
    arch = Architecture((3, 2), (2, 1))
    start = start_of(arch)
    data = gaussian_data(arch.filter_size, np.random.default_rng(11))
    u = np.convolve([1, 0, -2.0], [1, 0, -2.0])
    result = track(start, Data(data.gram, data.gram @ u))
    assert set(result.codes) == {ReturnCode.SUCCESS, ReturnCode.SINGULAR}
    away = np.linalg.norm(equations_of(start.stratum).filters(result.points) - u, axis=1) / np.linalg.norm(u)
    there = away < 1e-9
    assert there[result.codes == ReturnCode.SINGULAR].all()
    # An end there may be as good as rounding allows and count as arrived, but not at an accurate point.
    assert (result.errors[there] > 1e-12).all()
    assert (result.conditions[there] > 1e9).all()
    assert (away[~there] > 1e-2).all()
    assert (result.errors[~there] < 1e-12).all()
    assert (result.conditions[~there] < 1e4).all()


def test_paths_that_shrink_to_the_zero_filter_are_singular():
    arch = Architecture((3, 2), (2, 1))
    start = start_of(arch)
    gram = gaussian_data(arch.filter_size, np.random.default_rng(12)).gram
    result = track(start, Data(gram, np.zeros(arch.filter_size)))
    assert (result.codes == ReturnCode.SINGULAR).all()
    assert (np.linalg.norm(equations_of(start.stratum).filters(result.points), axis=1) < 1e-10).all()


def test_paths_without_a_gram_matrix_in_the_end_diverge():
    arch = Architecture((3, 2), (2, 1))
    start = start_of(arch)
    b = np.random.default_rng(13).standard_normal(arch.filter_size)
    result = track(start, Data(np.zeros((arch.filter_size,) * 2), b))
    assert (result.codes == ReturnCode.DIVERGED).all()


def test_no_step_leads_through_data_without_enough_solutions():
    """White data half way: the paths that run to infinity there cannot go on, the others do."""
    arch = Architecture((2, 2), (2, 1))
    start = start_of(arch)
    u = np.random.default_rng(14).standard_normal(4)
    beyond = Data(2 * np.eye(4) - start.data.gram, 2 * u - start.data.b)
    result = track(start, beyond)
    codes = np.bincount(result.codes, minlength=5)
    assert codes[ReturnCode.SUCCESS] == 2
    assert codes[ReturnCode.STEP_TOO_SMALL] == 4
    stuck = result.codes == ReturnCode.STEP_TOO_SMALL
    np.testing.assert_allclose(result.distances[stuck], 0.5, rtol=0, atol=1e-6)


def test_a_smallest_step_above_the_first_one_is_never_taken():
    arch = Architecture((2, 2), (2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(15))
    options = replace(TrackerOptions(), smallest_step=0.5, first_step=0.3, growth=1.01)
    result = track(start, target, options)
    assert (result.codes == ReturnCode.STEP_TOO_SMALL).all()
    assert (result.steps == 1).all()
    assert (result.distances >= 0.7).all()


@pytest.mark.parametrize("limit", [1, 5])
def test_the_number_of_steps_is_limited_and_recorded(limit):
    arch = Architecture((3, 2), (2, 1))
    start = start_of(arch)
    target = random_data(arch.filter_size, np.random.default_rng(16))
    free = track(start, target)
    assert free.success.all()
    assert (free.steps > 5).all()
    assert (free.steps <= TrackerOptions().max_steps).all()
    result = track(start, target, replace(TrackerOptions(), max_steps=limit))
    assert (result.codes == ReturnCode.TOO_MANY_STEPS).all()
    assert (result.steps == limit).all()
    assert ((result.distances > 0) & (result.distances <= 1)).all()
    exact = track(start, target, replace(TrackerOptions(), max_steps=int(free.steps.max())))
    assert exact.success.all()


def test_report_counts_the_finished_paths(monkeypatch):
    monkeypatch.setattr(reference, "REFERENCE", replace(reference.REFERENCE, batch=4))
    start = start_of(Architecture((3, 2), (2, 1)))
    for jobs in (1, 2):
        seen = []
        threads = set()

        def report(finished, seen=seen, threads=threads):
            seen.append(finished)
            threads.add(threading.current_thread())

        track(start, start.data, jobs=jobs, report=report)
        assert seen == [4, 8, 10]
        assert threads == {threading.current_thread()}


class Interrupted:
    """Lets the first batch run, and all others only once the call has been cancelled (or never is)."""

    def __init__(self, monkeypatch, first=lambda: None):
        self.started = []
        self.finished = []
        run = reference._Batch.run

        def patched(batch, points):
            self.started.append(batch)
            if len(self.started) == 1:
                first()
            else:
                patience = time.monotonic() + 60
                while not batch.cancelled.value and time.monotonic() < patience:
                    time.sleep(0.001)
            result = run(batch, points)
            self.finished.append(batch)
            return result

        monkeypatch.setattr(reference, "REFERENCE", replace(reference.REFERENCE, batch=1))
        monkeypatch.setattr(reference._Batch, "run", patched)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("exception", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_report_ends_the_call(monkeypatch, exception, jobs):
    start = start_of(Architecture((3, 2), (2, 1)))
    batches = Interrupted(monkeypatch)

    def report(finished):
        raise exception("enough")

    with pytest.raises(exception, match="enough"):
        track(start, start.data, jobs=jobs, report=report)
    assert len(batches.finished) == 1
    assert len(batches.started) <= 1 + jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_control_c_ends_the_call(monkeypatch, jobs):
    start = start_of(Architecture((3, 2), (2, 1)))
    waiting = signal.signal(signal.SIGINT, signal.default_int_handler)
    ended = threading.Event()

    def press():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        ended.wait(60)

    batches = Interrupted(monkeypatch, press)
    cancel = reference._Flag.set

    def cancelled(flag):
        cancel(flag)
        ended.set()

    monkeypatch.setattr(reference._Flag, "set", cancelled)
    try:
        with pytest.raises(KeyboardInterrupt):
            track(start, start.data, jobs=jobs)
    finally:
        signal.signal(signal.SIGINT, waiting)
    assert batches.finished == []
    assert len(batches.started) <= jobs


@pytest.mark.parametrize("name", [field.name for field in fields(TrackerOptions)])
@pytest.mark.parametrize("value", [0, -1.0, nan, inf, True, "1", None])
def test_options_are_positive_numbers(name, value):
    with pytest.raises(InputError, match=rf"^{name}: .* expected a positive number$"):
        TrackerOptions(**{name: value})


def test_the_contraction_aimed_at_is_below_its_limit():
    with pytest.raises(InputError, match=r"^contraction_target: 0\.1 is not below contraction_limit 0\.1"):
        TrackerOptions(contraction_target=0.1, contraction_limit=0.1)


def test_engines_by_name():
    assert get_engine("reference").name == "reference"
    assert get_engine(ENGINE) is ENGINE
    with pytest.raises(InputError, match=r"^engine: 'warp' is not known; expected one of .*reference"):
        get_engine("warp")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_option_sets_differ_from_each_other(options):
    assert sum(options == other for other in OPTIONS.values()) == 1
