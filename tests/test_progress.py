"""The clock of a computation: when it is up, and where it says that the time went."""

from __future__ import annotations

import io
from itertools import chain, repeat

import pytest

from homotopy_lcn import InputError
from homotopy_lcn.progress import Clock, Progress, TimeUp, check_time_limit, told


def clock(limit, *times):
    return Clock(limit, now=chain(times, repeat(times[-1])).__next__)


def test_a_clock_without_a_limit_never_stops_anything():
    free = Clock()
    free.check()
    assert not free.is_up()
    assert not free.stopped


def test_the_time_is_up_at_the_limit_and_stays_so():
    timed = clock(2.0, 0.0, 1.9, 2.0)
    timed.check()
    assert not timed.stopped
    with pytest.raises(TimeUp):
        timed.check()
    assert timed.stopped
    assert timed.is_up()


def test_time_counts_for_the_innermost_stage_of_its_stratum_and_small_parts_are_left_out():
    timed = clock(30.0, 0.0, 0.0, 10.0, 14.0, 14.1, 14.1, 14.1)
    with timed.stratum(((2, 1), (1,))), timed.stage("tracking"):
        with timed.stage("endgame"):
            pass
        with pytest.raises(RuntimeError), timed.stage("verification"):
            raise RuntimeError
    assert timed.describe() == ("the time limit of 30 s is reached: 10 s tracking of (2,1)(1), 4 s endgame of (2,1)(1)")


def test_what_remains_is_positive():
    assert clock(5.0, 0.0, 3.0).remaining == 2.0
    assert 0 < clock(5.0, 0.0, 9.0).remaining < 1e-3


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "10", None, True, 1j])
def test_a_time_limit_is_a_positive_number(value):
    with pytest.raises(InputError, match=r"^time_limit: .* given; expected a positive number of seconds$"):
        check_time_limit(value)
    assert check_time_limit(float("inf")) == float("inf")


def test_a_clock_can_be_stopped_for_another_reason():
    timed = clock(30.0, 0.0, 1.0)
    timed.stop("enough")
    assert not timed.stopped  # nothing has been left out yet
    assert timed.is_up()
    assert timed.stopped
    assert timed.describe() == "enough"
    late = clock(2.0, 0.0, 3.0)
    assert late.is_up()
    late.stop("enough")
    assert late.describe() == "the time limit of 2 s is reached"


def test_progress_is_a_function_or_says_whether_to_show_a_bar(monkeypatch):
    for nothing in (None, False):
        with told(nothing) as report:
            assert report is None
    reports = []
    with told(reports.append) as report:
        report(Progress("tracking", None, 1, 2))
    assert reports == [Progress("tracking", None, 1, 2)]
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with told(True) as report:
        assert report is None  # standard error is no terminal, and there is no notebook
    with pytest.raises(InputError, match=r"^progress: str given; expected a function, True or False$"), told("yes"):
        pass
