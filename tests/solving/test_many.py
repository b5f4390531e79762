"""Many data sets in one call: the same results as one by one, and one bad data set is named."""

from __future__ import annotations

import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points, critical_points_of_many
from homotopy_lcn.progress import Clock
from homotopy_lcn.solving import many, plain_data
from homotopy_lcn.solving.interrupted import BatchInterrupted
from homotopy_lcn.solving.start_systems import shared_start_systems
from homotopy_lcn.tracking import get_engine

NETWORK = Architecture((3, 2), (2, 1))

pytestmark = pytest.mark.skipif(
    not hasattr(get_engine(), "ends_of_many"), reason="without the compiled kernel data sets are solved one by one"
)


def moments(arch, count, seed=0):
    size = arch.filter_size
    rng = np.random.default_rng([seed, size])
    X, Y = rng.normal(size=(count, 4 * size, size)), rng.normal(size=(count, 4 * size))
    return X.transpose(0, 2, 1) @ X, np.einsum("tni,tn->ti", X, Y), (Y * Y).sum(axis=1)


def losses_of(arch, count, seed=0):
    return [SquaredLoss(*one) for one in zip(*moments(arch, count, seed), strict=True)]


def bits(result):
    return [
        (point.filter.tobytes(), point.coordinates.tobytes(), repr(point.loss), point.residual, point.condition)
        for point in result
    ]


@pytest.mark.parametrize(
    ("filters", "strides"), [((2, 2), (2, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1))]
)
def test_results_are_those_of_single_calls_bit_for_bit(filters, strides):
    arch = Architecture(filters, strides)
    losses = losses_of(arch, 12)
    together = critical_points_of_many(arch, losses)
    for loss, result in zip(losses, together, strict=True):
        alone = critical_points(arch, loss)
        assert result == alone
        assert bits(result) == bits(alone)
        assert result.complete


def test_special_data_stand_among_ordinary_ones():
    special = [
        SquaredLoss.white([1.0, 0.0, 2.0, 0.0, 1.0]),
        SquaredLoss(np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), [1.0, 0.0, 0.0, 0.0, 1.0]),
        SquaredLoss(np.diag([1.0, 1.0, 1.0, 1.0, 0.0]), [1.0, 2.0, 0.5, 3.0, 0.0]),
    ]
    ordinary = losses_of(NETWORK, 3)
    mixed = [loss for pair in zip(ordinary, special, strict=True) for loss in pair]
    for loss, result in zip(mixed, critical_points_of_many(NETWORK, mixed), strict=True):
        assert result == critical_points(NETWORK, loss)


def test_arrays_pairs_and_losses_are_the_same():
    gram, b, constant = moments(NETWORK, 5)
    results = critical_points_of_many(NETWORK, losses_of(NETWORK, 5))
    assert critical_points_of_many(NETWORK, gram, b, constant) == results
    assert critical_points_of_many(NETWORK, gram=gram, b=b, constant=constant) == results
    without = critical_points_of_many(NETWORK, (gram, b))
    assert [bits(result)[0][0] for result in without] == [bits(result)[0][0] for result in results]
    assert without[2].loss == SquaredLoss(gram[2], b[2])


def test_nothing_is_solved_for_nothing():
    assert critical_points_of_many(NETWORK, []) == []
    assert critical_points_of_many(NETWORK, np.empty((0, 5, 5)), np.empty((0, 5))) == []


def test_results_do_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(many, "PLAIN", many.PLAIN.__class__(paths=30))
    losses = losses_of(NETWORK, 12)
    assert critical_points_of_many(NETWORK, losses, jobs=3) == critical_points_of_many(NETWORK, losses)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda gram, b: gram.__setitem__((2, 0, 1), np.nan), r"losses\[2\]: gram: "),
        (lambda gram, b: gram.__setitem__((2, 0, 1), 99.0), r"losses\[2\]: gram: not symmetric"),
        (lambda gram, b: gram.__setitem__(2, -gram[2]), r"losses\[2\]: gram: indefinite"),
        (lambda gram, b: b.__setitem__((2, 0), np.inf), r"losses\[2\]: b: "),
        (lambda gram, b: (gram.__setitem__(2, 0.0), b.__setitem__(2, 0.0)), r"losses\[2\]: its Gram matrix has rank 0"),
    ],
)
def test_a_bad_data_set_is_named_and_nothing_is_solved(fault, words, monkeypatch):
    gram, b, constant = moments(NETWORK, 4)
    fault(gram, b)
    kept = critical_points_of_many(NETWORK, gram, b, constant, errors="keep")
    assert [type(result).__name__ for result in kept] == ["CriticalPoints"] * 2 + ["str", "CriticalPoints"]
    monkeypatch.setattr(many, "solve_plain", None)
    with pytest.raises(InputError, match=f"^{words}") as raised:
        critical_points_of_many(NETWORK, gram, b, constant)
    assert kept[2] == str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((3, 4, 4)), np.zeros((3, 4))), r"^gram: shape \(3, 4, 4\); expected \(n, 5, 5\)"),
        ((np.zeros((3, 5, 5)), np.zeros((2, 5))), r"^b: shape \(2, 5\); expected \(3, 5\)"),
        ((np.zeros((3, 5, 5)), np.zeros((3, 5)), np.zeros(2)), r"^constant: shape \(2,\); expected \(3,\)"),
        ((np.zeros((3, 5, 5)),), "^b: missing"),
        ((5,), "^losses: int given"),
        ((None,), "^losses: NoneType given"),
        ((None, np.zeros((3, 5))), "^gram: missing"),
        (([SquaredLoss.white([1.0] * 5)], None, 2.0), "^constant: given beside losses"),
        (([5],), r"^losses\[0\]: int given; expected a SquaredLoss"),
        (([SquaredLoss.white([1.0, 2.0])],), r"^losses\[0\]: its filters have size 2"),
    ],
)
def test_arguments_of_other_shapes_are_named(arguments, words):
    with pytest.raises(InputError, match=words):
        critical_points_of_many(NETWORK, *arguments)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gram": np.zeros((1, 5, 5)), "b": np.zeros((1, 5))}, "^gram: given beside losses"),
        ({"data": 5}, "^data: int given"),
        ({"options": "fast"}, "^options: str given"),
        ({"start_systems": {}}, "^start_systems: dict given"),
        ({"tolerances": 1e-3}, "^tolerances: float given"),
    ],
)
def test_options_of_other_types_are_named(options, words):
    with pytest.raises(InputError, match=words):
        critical_points_of_many(NETWORK, [SquaredLoss.white([1.0] * 5)], **options)


@given(st.sets(st.integers(0, 7)))
def test_bad_data_sets_are_kept_wherever_they_stand(places):
    gram, b, constant = moments(NETWORK, 8)
    expected = critical_points_of_many(NETWORK, gram, b, constant)
    for place in places:
        gram[place] *= -1
    kept = critical_points_of_many(NETWORK, gram, b, constant, errors="keep")
    for place, result in enumerate(kept):
        if place in places:
            assert result.startswith(f"losses[{place}]: gram: indefinite")
        else:
            assert result == expected[place]


def test_errors_are_raised_or_kept():
    with pytest.raises(InputError, match=r"^errors: 'drop' given; expected one of raise, keep"):
        critical_points_of_many(NETWORK, [], errors="drop")


def test_progress_counts_data_sets_and_can_stop(monkeypatch):
    monkeypatch.setattr(many, "PLAIN", many.PLAIN.__class__(paths=30))
    reports = []
    results = critical_points_of_many(NETWORK, losses_of(NETWORK, 8), progress=reports.append)
    assert [(report.stage, report.done, report.total) for report in reports] == [
        ("data sets", done, 8) for done in (3, 6, 8)
    ]
    stopped = critical_points_of_many(NETWORK, losses_of(NETWORK, 8), progress=lambda report: True)
    assert stopped[:3] == results[:3]
    assert [result.complete for result in stopped] == [True] * 3 + [False] * 5
    assert stopped[7].stopped.startswith("stopped early, as progress asked")


def test_at_the_time_limit_the_rest_is_not_complete():
    results = critical_points_of_many(NETWORK, losses_of(NETWORK, 3), time_limit=1e-9)
    assert [(len(result), result.complete) for result in results] == [(0, False)] * 3
    assert all(result.stopped.startswith("the time limit") for result in results)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_batch_hands_over_its_results(jobs, monkeypatch):
    monkeypatch.setattr(many, "PLAIN", many.PLAIN.__class__(paths=30))

    def interrupt(report):
        if report.done == 6:
            raise KeyboardInterrupt

    with pytest.raises(BatchInterrupted) as stopped:
        critical_points_of_many(NETWORK, losses_of(NETWORK, 12), progress=interrupt, jobs=jobs)
    finished = [result is not None for result in stopped.value.partial]
    assert finished == [True] * 6 + [False] * 6


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_solved_as_they_are_taken(jobs, monkeypatch):
    monkeypatch.setattr(many, "PLAIN", many.PLAIN.__class__(paths=30))
    solved = []
    solve_plain = many.solve_plain

    def counted(arch, data, *rest):
        solved.append(len(data.b))
        return solve_plain(arch, data, *rest)

    monkeypatch.setattr(many, "solve_plain", counted)
    gram, b, constant = moments(NETWORK, 60)
    gram[40] *= -1
    each = many.each_of_many(NETWORK, gram, b, constant, errors="keep", jobs=jobs)
    assert (len(each), solved) == (60, [])
    results = iter(each)
    first = [next(results) for _ in range(6)]
    assert 6 <= sum(solved) <= (6 if jobs == 1 else 6 + 3 * many.PARTS_AHEAD * jobs)
    rest = list(results)
    assert sum(solved) == 59
    assert [*first, *rest] == critical_points_of_many(NETWORK, gram, b, constant, errors="keep")
    assert isinstance(rest[34], str)


def test_results_are_not_kept(monkeypatch):
    monkeypatch.setattr(many, "PLAIN", many.PLAIN.__class__(paths=30))
    alive = weakref.WeakSet()
    for result in many.each_of_many(NETWORK, *moments(NETWORK, 30)):
        assert len(alive) <= 1
        alive.add(result)


def test_data_sets_are_numbered_in_words():
    results = critical_points_of_many(NETWORK, losses_of(NETWORK, 2), data="two series")
    assert [result.data for result in results] == ["two series: data set 0", "two series: data set 1"]


def test_most_data_are_in_no_doubt(monkeypatch):
    monkeypatch.setattr(many, "critical_points", None)
    assert len(critical_points_of_many(NETWORK, losses_of(NETWORK, 50))) == 50


def test_a_stratum_that_is_late_is_left_out():
    arch = Architecture((2, 2, 2), (1, 2, 1))
    asked = []

    class LateClock(Clock):
        def is_up(self):
            asked.append(1)
            self.stopped = len(asked) > 1
            return self.stopped

    tracking = plain_data.Tracking(get_engine(), clock=LateClock())
    loss = losses_of(arch, 1)[0]
    (found,) = plain_data.solve_plain(arch, plain_data.Moments.of(loss), tracking, shared_start_systems())
    assert not found.complete
    assert [row.found for row in found.part("strata")] == [10]
    assert len(found.part("points")) == 10


def test_a_result_that_is_kept_keeps_no_other():
    result = critical_points_of_many(NETWORK, *moments(NETWORK, 20))[7]
    assert result.loss.gram.base is None
    assert result[0].filter.base.shape == (10, 5)
    assert "_columns" not in vars(result)


def test_ranks_in_doubt_are_told_in_one_warning():
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    gram = turn @ np.diag([1.0, 0.8, 0.6, 0.4, 4e-12]) @ turn.T
    doubtful = SquaredLoss(gram, gram @ [1.0, 2.0, -1.0, 0.5, 1.0])
    with pytest.warns(RuntimeWarning, match="numerical rank"):
        alone = critical_points(NETWORK, doubtful)
    ordinary = losses_of(NETWORK, 1)
    with pytest.warns(RuntimeWarning, match=r"^losses\[1\]: numerical rank.* 1\.0e-12$") as told:
        assert critical_points_of_many(NETWORK, [*ordinary, doubtful])[1] == alone
    assert (len(told), told[0].filename) == (1, __file__)
    with pytest.warns(RuntimeWarning, match=r"^losses\[0\]: .*; the numerical rank is in doubt in 2 more") as told:
        critical_points_of_many(NETWORK, [doubtful, *ordinary, doubtful, doubtful], time_limit=1e-9)
    assert len(told) == 1


def test_public_names():
    assert hl.critical_points_of_many is critical_points_of_many
    assert pickle.loads(pickle.dumps(critical_points_of_many(NETWORK, losses_of(NETWORK, 1)))) == (
        critical_points_of_many(NETWORK, losses_of(NETWORK, 1))
    )
