"""Paths along chains of segments."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.equations.distinct import point_keys
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.tracking import ReturnCode, TrackerOptions
from homotopy_lcn.tracking.engine import track_along

from .native_problems import COMPILED, COUNT, ENGINES, REFERENCE, each_engine, start_of, targets_of

_native = pytest.importorskip("homotopy_lcn.tracking._native")
from homotopy_lcn.tracking.native import PathTask, _coordinates, kernel_options  # noqa: E402

# The kernel aims at contractions as small as these in doubles alone.
IN_DOUBLES = TrackerOptions(contraction_target=1e-3, contraction_limit=2e-2)


class OneByOne:
    """An engine without chains of its own."""

    name: ClassVar = "one by one"

    def __init__(self, engine, losing=()):
        self.engine, self.losing, self.calls = engine, losing, 0

    def track(self, *arguments, **keywords):
        result = self.engine.track(*arguments, **keywords)
        self.calls += 1
        if self.calls in self.losing:
            result.codes[0] = ReturnCode.STEP_TOO_SMALL
        return result


def keys(start, points):
    return point_keys(start.stratum, points)


def chain_of(start, corners, seed=0):
    targets = targets_of(start.stratum.filter_size, corners - 1, seed)
    data = [start.data, *targets]
    return Data(np.array([one.gram for one in data], complex), np.array([one.b for one in data], complex))


@pytest.fixture(params=[(COMPILED, COUNT), (None, None)], ids=["compiled", "square"])
def start(request):
    stratum, count = request.param
    if count is None:
        arch = Architecture((3, 2), (1, 1))
        row = next(row for row in generic_count(arch) if not row.pure)
        stratum, count = Embedding.of_pattern(arch, row.pattern).stratum, row.count
    return start_of(stratum, count)


@each_engine
def test_the_kernel_follows_chains_as_it_follows_their_segments(engine, start):
    """The same bits, where segments are followed in doubles, too, as chains always are."""
    corners = chain_of(start, 6)
    found = track_along(engine, start.stratum, start.points, corners, IN_DOUBLES)
    expected = track_along(OneByOne(engine), start.stratum, start.points, corners, IN_DOUBLES)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found[0], start.points)


@each_engine
def test_segments_begun_in_single_precision_end_where_the_chain_passes(engine, start):
    """The same critical points; the phases of the factors, which are free, differ with the steps that were taken."""
    corners = chain_of(start, 6)
    found = track_along(engine, start.stratum, start.points, corners, TrackerOptions())
    expected = track_along(OneByOne(engine), start.stratum, start.points, corners, TrackerOptions())
    assert np.isfinite(expected).all()
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(keys(start, ours), keys(start, theirs), rtol=0, atol=1e-9)


@pytest.mark.parametrize("jobs", [2, 5])
def test_results_do_not_depend_on_the_number_of_threads(start, jobs):
    corners = chain_of(start, 4)
    once = track_along(ENGINES[0], start.stratum, start.points, corners, TrackerOptions())
    again = track_along(ENGINES[0], start.stratum, start.points, corners, TrackerOptions(), jobs=jobs)
    np.testing.assert_array_equal(once, again)


def test_the_reference_engine_agrees(start):
    corners = chain_of(start, 3)
    found = track_along(ENGINES[0], start.stratum, start.points, corners, TrackerOptions())
    expected = track_along(REFERENCE, start.stratum, start.points, corners, TrackerOptions())
    np.testing.assert_allclose(keys(start, found[-1]), keys(start, expected[-1]), rtol=0, atol=1e-9)


def test_a_lost_path_is_nan_from_there_on(start):
    corners = chain_of(start, 5)
    engine = OneByOne(ENGINES[0], losing={2})
    found = track_along(engine, start.stratum, start.points, corners, TrackerOptions())
    lost = np.isnan(found).all(axis=2)
    assert lost[:, 0].tolist() == [False, False, True, True, True]
    assert not lost[:, 1:].any()
    assert engine.calls == 4


@each_engine
def test_paths_that_few_steps_lose_are_tracked_again(engine, start):
    corners = chain_of(start, 4)
    few = TrackerOptions(max_steps=12)
    target = Data(corners.gram[1], corners.b[1])
    codes = engine.run(PathTask(start.stratum, start.points, start.data, few), [target])["codes"]
    assert codes.any()
    found = track_along(engine, start.stratum, start.points, corners, few)
    whole = track_along(engine, start.stratum, start.points, corners, TrackerOptions())
    np.testing.assert_allclose(keys(start, found[-1]), keys(start, whole[-1]), rtol=0, atol=1e-8)


def test_a_chain_whose_data_become_singular_loses_the_paths_there(start):
    corners = chain_of(start, 4)
    corners.gram[2], corners.b[2] = 0, 0
    found = track_along(ENGINES[0], start.stratum, start.points, corners, TrackerOptions())
    assert np.isfinite(found[:2]).all()
    assert np.isnan(found[2:]).all()


def test_no_path_and_no_segment(start):
    corners = chain_of(start, 3)
    for engine in (ENGINES[0], REFERENCE):
        none = track_along(engine, start.stratum, start.points[:0], corners, TrackerOptions())
        assert none.shape == (3, 0, start.stratum.coordinates)
        alone = Data(corners.gram[:1], corners.b[:1])
        still = track_along(engine, start.stratum, start.points, alone, TrackerOptions())
        np.testing.assert_array_equal(still, start.points[None])


def arguments(start, **changes):
    corners, coordinates = chain_of(start, 3), _coordinates(start.stratum)
    result = {
        "factors": coordinates.shape,
        "starts": coordinates.to_kernel(start.points),
        "gram": corners.gram,
        "b": corners.b,
        "options": kernel_options(TrackerOptions()),
        "jobs": 1,
        "instruction_set": "",
    }
    return result | changes


@pytest.mark.parametrize("name", ["starts", "gram", "b"])
@pytest.mark.parametrize("value", [np.nan, complex(0, np.inf)])
def test_numbers_must_be_finite(start, name, value):
    array = np.array(arguments(start)[name])
    array.flat[array.size - 1] = value
    with pytest.raises(ValueError, match=rf"^{name}: not finite"):
        _native.track_along(**arguments(start, **{name: array}))


@pytest.mark.parametrize("name", ["starts", "gram", "b"])
def test_shapes_must_fit(start, name):
    array = arguments(start)[name]
    for wrong in (array[None], array[..., :-1], array[0]):
        with pytest.raises(ValueError, match=rf"^{name}: shape|^b: shape"):
            _native.track_along(**arguments(start, **{name: wrong}))


def test_there_must_be_a_corner_and_a_thread(start):
    size = start.stratum.filter_size
    empty = {"gram": np.zeros((0, size, size), complex), "b": np.zeros((0, size), complex)}
    with pytest.raises(ValueError, match="gram: no corner"):
        _native.track_along(**arguments(start, **empty))
    with pytest.raises(ValueError, match="jobs: 0 given"):
        _native.track_along(**arguments(start, jobs=0))
    with pytest.raises(ValueError, match="instruction"):
        _native.track_along(**arguments(start, instruction_set="none"))
