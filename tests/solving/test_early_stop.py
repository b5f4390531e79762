"""A solve that its caller stops keeps what it found, is not complete, and says why it stopped."""

from __future__ import annotations

import pytest

from homotopy_lcn import Architecture, InputError, critical_points
from homotopy_lcn.results.invariants import violated_invariants
from tests.small_networks import random_problem

NETWORK = Architecture((2, 2, 2), (1, 2, 1))
LOSS = random_problem(NETWORK.filters, NETWORK.strides, 0).loss


def test_it_stops_after_the_stratum_that_has_what_was_asked_for():
    whole, told = critical_points(NETWORK, LOSS), []

    def enough(found):
        told.append(found)
        return len(found) > 0

    result = critical_points(NETWORK, LOSS, stop_early=enough)
    assert (len(told), len(result)) == (1, whole.strata[0].found)
    assert told[0].points == result.points
    assert not result.complete
    assert result.stopped.startswith("stopped early, as stop_early asked: ")
    assert result.stopped in result.gaps()
    assert not violated_invariants(result)
    assert [row.found for row in result.strata[1:]] == [0] * (len(whole.strata) - 1)


def test_a_function_that_is_never_content_changes_nothing():
    told = []
    result = critical_points(NETWORK, LOSS, stop_early=lambda found: bool(told.append(len(found))))
    assert result == critical_points(NETWORK, LOSS)
    assert len(told) == len(result.strata) - 1
    assert result.complete


def test_progress_that_answers_true_stops_at_once():
    reports = []

    def tell(report):
        reports.append(report)
        return report.stage == "tracking"

    result = critical_points(NETWORK, LOSS, progress=tell)
    assert not result.complete
    assert result.stopped.startswith("stopped early, as progress asked")
    assert len({report.pattern for report in reports}) == 1
    assert not violated_invariants(result)


def test_other_answers_of_progress_stop_nothing():
    for answer in (1, "yes", None, False):
        assert critical_points(NETWORK, LOSS, progress=lambda report, answer=answer: answer).complete


def test_an_answer_after_the_last_work_leaves_the_result_complete():
    reports = []
    critical_points(NETWORK, LOSS, progress=reports.append)
    number, seen = len(reports), []

    def tell(report):
        seen.append(report)
        return len(seen) == number

    assert critical_points(NETWORK, LOSS, progress=tell) == critical_points(NETWORK, LOSS)


@pytest.mark.parametrize(("argument", "value"), [("stop_early", 5), ("progress", "bar")])
def test_what_is_no_function_is_named(argument, value):
    with pytest.raises(InputError, match=rf"^{argument}: .* given; expected a function"):
        critical_points(NETWORK, LOSS, **{argument: value})
