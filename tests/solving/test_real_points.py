"""Real ends are made real and conjugate ones conjugate, in arrays of their own or in those of the ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import critical_points
from homotopy_lcn.progress import Clock
from homotopy_lcn.solving import one_stratum, real_points, regular_ends, solve
from homotopy_lcn.solving.accounts import RegularEnds
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.tracking import ReturnCode, TrackerOptions, TrackResult
from homotopy_lcn.tracking.settings import NOT_DRAWN, Tracking
from tests.small_networks import random_problem


@pytest.fixture(scope="module")
def sorted_ends():
    """For each stratum of (3,3),(1,1): the problem, the ends of its paths, and the ends sorted without overwriting."""
    kept = []
    original = one_stratum.real_and_conjugate

    def both(problem, ends, nonsingular, *, overwritten=False):
        given = RegularEnds(ends.points.copy(), ends.filters.copy(), ends.conditions.copy())
        kept.append((problem, given, original(problem, given, nonsingular)))
        return original(problem, ends, nonsingular, overwritten=overwritten)

    problem = random_problem((3, 3), (1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "_plain_columns", lambda *_: None)  # so that each stratum is solved with all care
        expected = critical_points(problem.architecture, problem.loss)
        patch.setattr(one_stratum, "real_and_conjugate", both)
        assert critical_points(problem.architecture, problem.loss) == expected
    assert len(kept) == 3
    return kept


def arrays(ends):
    return ends.points, ends.filters, ends.conditions


def test_ends_are_exactly_real_or_conjugate_and_close_to_what_was_given(sorted_ends):
    numbers = np.zeros(2, int)
    for _, given, found in sorted_ends:
        assert (found.filters[found.real].imag == 0).all()
        others = np.flatnonzero(~found.real)
        np.testing.assert_array_equal(found.conjugates[found.conjugates[others]], others)
        np.testing.assert_array_equal(found.filters[found.conjugates[others]], found.filters[others].conj())
        assert (found.conjugates[found.real] == -1).all()
        np.testing.assert_allclose(found.filters, given.filters, rtol=1e-9, atol=1e-12)
        numbers += found.real.sum(), len(others)
    assert (numbers > 0).all()


def test_overwritten_ends_are_the_same_to_the_bit_and_take_no_further_memory(sorted_ends):
    for problem, given, expected in sorted_ends:
        own = RegularEnds(*(array.copy() for array in arrays(given)))
        found = real_points.real_and_conjugate(problem, own, True, overwritten=True)
        for array, before, other in zip(arrays(found), arrays(own), arrays(expected), strict=True):
            assert array is before
            np.testing.assert_array_equal(array, other)
        np.testing.assert_array_equal(found.real, expected.real)
        np.testing.assert_array_equal(found.conjugates, expected.conjugates)
        again = real_points.real_and_conjugate(problem, given, True)
        assert not any(np.shares_memory(one, two) for one, two in zip(arrays(again), arrays(given), strict=True))


def test_blocks_of_any_size_give_the_same(sorted_ends, monkeypatch):
    monkeypatch.setattr(real_points, "KEYED_TOGETHER", 3)
    for problem, given, expected in sorted_ends:
        found = real_points.real_and_conjugate(problem, given, True)
        np.testing.assert_array_equal(found.filters, expected.filters)
        np.testing.assert_array_equal(found.real, expected.real)


def test_ends_that_are_given_up_are_those_of_the_paths_in_order(sorted_ends, monkeypatch):
    monkeypatch.setattr(regular_ends, "SOLVING", replace(SOLVING, refined_together=3))
    problem, given, _ = sorted_ends[0]
    rng = np.random.default_rng(0)
    for _ in range(20):
        good = rng.random(len(given)) < rng.choice([0.0, 0.3, 0.9, 1.0])
        verified = regular_ends.VerifiedEnds(problem, len(given))
        for array, values in zip(arrays(verified), arrays(given), strict=True):
            array[:] = values
        found = verified.give_up(good)
        for array, values, memory in zip(arrays(found), arrays(given), arrays(verified), strict=True):
            np.testing.assert_array_equal(array, values[good])
            assert not good.any() or np.may_share_memory(array, memory)


def test_lists_one_after_the_other_keep_their_conjugates(sorted_ends):
    parts = [next(found for *_, found in sorted_ends if not found.real.all())] * 3
    joined = real_points.SortedEnds.joined(parts)
    assert len(joined.real) == sum(len(part.real) for part in parts)
    np.testing.assert_array_equal(joined.filters, np.concatenate([part.filters for part in parts]))
    others = np.flatnonzero(joined.conjugates >= 0)
    assert others.size
    np.testing.assert_array_equal(joined.real, joined.conjugates < 0)
    np.testing.assert_array_equal(joined.filters[joined.conjugates[others]], joined.filters[others].conj())
    assert real_points.SortedEnds.joined(parts[:1]).points is parts[0].points


def test_ill_conditioned_ends_wait_for_a_closer_look_and_turn_out_the_same(sorted_ends, monkeypatch):
    monkeypatch.setattr(regular_ends, "SOLVING", replace(SOLVING, suspicious=1.0))
    asked, original = [], regular_ends.regular_rows

    def recorded(problem, refined, rows, tracking):
        asked.append(len(rows))
        return original(problem, refined, rows, tracking)

    monkeypatch.setattr(regular_ends, "regular_rows", recorded)
    for problem, given, _ in sorted_ends:
        count = len(given)
        nothing = np.zeros(count)
        codes = np.full(count, ReturnCode.SUCCESS.value)
        result = TrackResult(given.points, codes, nothing, nothing, nothing.astype(int), np.ones(count))
        tracking = Tracking(None, 1, TrackerOptions(), NOT_DRAWN, Clock(60.0))
        at_once, later = (regular_ends.VerifiedEnds(problem, count) for _ in range(2))
        good = at_once.enter(np.arange(count), result, tracking)
        assert good.all()
        assert asked.pop() == count
        assert not later.enter(np.arange(count), result, tracking, later=True).any()
        assert later.waiting.all()
        later.enter(np.arange(1), result, tracking, later=True)
        assert not asked
        np.testing.assert_array_equal(later.look_closer(tracking), good)
        assert sum(asked) == count
        assert not later.waiting.any()
        np.testing.assert_array_equal(later.points, at_once.points)
        asked.clear()
