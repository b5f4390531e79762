"""Real ends are made real and conjugate ones conjugate, in arrays of their own or in those of the ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import critical_points
from homotopy_lcn.solving import one_stratum, real_points, regular_ends, solve
from homotopy_lcn.solving.accounts import RegularEnds
from homotopy_lcn.solving.tolerances import SOLVING
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
