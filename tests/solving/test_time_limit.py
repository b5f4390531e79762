"""A solve that stops at its time limit keeps what it found, is not complete, and says where the time went."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.progress import Clock, TimeUp
from homotopy_lcn.results.invariants import violated_invariants
from homotopy_lcn.solving import continua, merging_strata, solve
from homotopy_lcn.solving.start_systems import StartSystems
from tests.small_networks import random_problem

NETWORK = Architecture((2, 2, 2), (1, 2, 1))


def loss_for(arch, seed=0):
    return random_problem(arch.filters, arch.strides, seed).loss


class CountedClock(Clock):
    """A clock that is up when it has been asked a number of times."""

    def __init__(self, times):
        super().__init__(1.0)
        self.left = times

    def is_up(self):
        self.left -= 1
        self.stopped = self.stopped or self.left < 0
        return self.stopped


def stopped_after(times, monkeypatch, arch=NETWORK, loss=None):
    clocks = [CountedClock(times)]
    monkeypatch.setattr(solve, "Clock", lambda limit: clocks[0])
    result = critical_points(arch, loss_for(arch) if loss is None else loss, start_systems=StartSystems())
    return result, clocks[0]


@pytest.mark.parametrize("times", [0, 1, 2, 3, 5, 8, 13])
def test_wherever_the_time_is_up_the_result_is_sound_and_not_complete(times, monkeypatch):
    whole = critical_points(NETWORK, loss_for(NETWORK))
    result, clock = stopped_after(times, monkeypatch)
    if clock.stopped:
        assert not result.complete
        assert result.stopped.startswith("the time limit of 1 s is reached")
        assert result.stopped in result.gaps()
    assert not violated_invariants(result)
    assert [row.pattern for row in result.strata] == [row.pattern for row in whole.strata]
    for point in result.points:
        assert min(np.abs(point.filter - other.filter).max() for other in whole.points) < 1e-9


def test_points_found_before_the_time_is_up_are_kept(monkeypatch):
    found = [len(stopped_after(times, monkeypatch)[0].points) for times in range(12)]
    assert found[0] == 0
    assert any(0 < number < 24 for number in found)


@pytest.mark.parametrize("times", [0, 1, 2, 4, 7, 12, 20, 33])
def test_special_data_stop_soundly_as_well(times, monkeypatch):
    arch = Architecture((2, 2), (2, 1))
    result, clock = stopped_after(times, monkeypatch, arch, SquaredLoss.white([1.0, 0.0, 0.0, 1.0]))
    assert result.complete == (not clock.stopped)


def test_points_of_special_data_are_left_undecided_once_the_time_is_up(monkeypatch):
    """The target is a filter with a double root on the function space, so all answers come from the general code."""
    arch, loss = Architecture((2, 2), (1, 1)), SquaredLoss.white([1.0, 2.0, 1.0])
    whole = critical_points(arch, loss)
    looked_at = []

    def up_from_then_on(*_):
        looked_at.append(1)
        raise AssertionError("the general code is asked after the time is up")

    merge = merging_strata.merge_by_filter

    def when_the_time_is_up(arch, loss, found, clock):
        clock._end = clock._now()
        monkeypatch.setattr(merging_strata, "reclassify", up_from_then_on)
        monkeypatch.setattr(continua, "_on_continua", up_from_then_on)
        return merge(arch, loss, found, clock)

    monkeypatch.setattr(merging_strata, "merge_by_filter", when_the_time_is_up)
    result = critical_points(arch, loss)
    assert not looked_at
    assert not result.complete
    assert "classification" in result.stopped
    undecided = [point for point in result.points if point.real and point.attained is None]
    assert undecided
    for point in undecided:
        assert (point.in_function_space, point.interior, point.smooth) == (None, None, None)
        assert point.parameters == ()
        assert any(np.abs(point.filter - other.filter).max() < 1e-6 for other in whole.points)
    assert not violated_invariants(result)


@pytest.mark.parametrize("times", range(14, 60, 5))
def test_a_stopped_result_of_special_data_can_be_read(times, monkeypatch, tmp_path):
    arch = Architecture((2, 2), (1, 1))
    result, clock = stopped_after(times, monkeypatch, arch, SquaredLoss.white([1.0, 2.0, 1.0]))
    result.to_json(tmp_path / "stopped.json")
    assert CriticalPoints.from_json(tmp_path / "stopped.json") == result
    assert result.complete == (not clock.stopped)


def test_a_solve_in_time_has_the_same_result_whatever_the_limit():
    loss = loss_for(NETWORK)
    assert critical_points(NETWORK, loss) == critical_points(NETWORK, loss, time_limit=1e4)


def test_a_stopped_result_is_written_and_read(tmp_path):
    result = critical_points(NETWORK, loss_for(NETWORK), time_limit=1e-9)
    assert result.stopped
    assert not result.complete
    result.to_json(tmp_path / "stopped.json")
    assert CriticalPoints.from_json(tmp_path / "stopped.json") == result


def test_start_systems_that_were_not_finished_are_not_remembered(cache):
    arch = Architecture((2, 2), (2, 1))
    systems, loss = StartSystems(), SquaredLoss.white([1.0, 2.0, 3.0, 5.0])
    critical_points(arch, loss, start_systems=systems, time_limit=1e-9)
    assert critical_points(arch, loss, start_systems=systems).complete


def test_monodromy_saves_its_state_when_the_time_is_up(cache):
    from homotopy_lcn.networks.strata import Factor, Stratum
    from homotopy_lcn.solving.monodromy import fill_fibre
    from homotopy_lcn.tracking import get_engine
    from homotopy_lcn.tracking.settings import Tracking

    saved = []
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
    with pytest.raises(TimeUp):
        fill_fibre(stratum, 10, Tracking(get_engine(), clock=CountedClock(3)), checkpoint=saved.append)
    assert len(saved) == 1


@pytest.mark.parametrize("value", [0, -3, float("nan"), "soon"])
def test_a_time_limit_that_is_none_is_refused(value):
    with pytest.raises(InputError, match=r"^time_limit: "):
        critical_points(NETWORK, loss_for(NETWORK), time_limit=value)
