"""Counts over many data sets against single solves."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, critical_points
from homotopy_lcn.losses.random_data import random_gaussian, random_white
from homotopy_lcn.solving.solve import critical_points as solve
from homotopy_lcn.surveys import draw_counts
from homotopy_lcn.surveys.draw_counts import many_draws, random_loss_seed

ARCH = Architecture((2, 2, 2), (1, 2, 1))


@pytest.mark.parametrize("white", [False, True])
def test_each_draw_is_the_solve_of_its_seed(white):
    drawn = many_draws(ARCH, 4, 7, white=white)
    for draw in range(4):
        rng = np.random.default_rng(random_loss_seed(7, draw))
        loss = (random_white if white else random_gaussian)(ARCH, rng).loss
        result = critical_points(ARCH, loss, seed=7)
        for name in ("found", "pure", "real", "attained", "interior", "boundary", "minima", "real_parameters"):
            assert drawn.counts[name][draw] == getattr(result.counts, name)
        assert drawn.counts["complete"][draw] == result.complete
        assert drawn.counts["not_smooth"][draw] == sum(p.smooth is False for p in result)
    assert len(set(map(tuple, np.array(list(drawn.counts.values())).T.tolist()))) > 1


def test_fewer_draws_are_the_first_of_more():
    few, many = many_draws(ARCH, 2, 0), many_draws(ARCH, 5, 0)
    for name, values in few.counts.items():
        np.testing.assert_array_equal(values, many.counts[name][:2])


def test_processes_give_the_same_counts():
    told = []
    alone, together = many_draws(ARCH, 5, 3), many_draws(ARCH, 5, 3, jobs=2, report=told.append)
    for name, values in alone.counts.items():
        np.testing.assert_array_equal(values, together.counts[name])
    assert told[-1] == 5
    assert told == sorted(told)


def test_an_incomplete_solve_is_counted_as_such(monkeypatch):
    from dataclasses import replace

    answers = iter([True, False, True])
    monkeypatch.setattr(
        draw_counts,
        "critical_points",
        lambda *args, **options: replace(solve(*args, **options), complete=next(answers)),
    )
    drawn = many_draws(ARCH, 3, 0)
    assert len(drawn) == 3
    assert drawn.incomplete == 1


def test_ranges():
    drawn = many_draws(ARCH, 4, 0)
    assert drawn.range("found") == "24"
    values = drawn.counts["real"]
    assert drawn.range("real") == f"{values.min()}–{values.max()}"


@pytest.mark.parametrize("number", [0, -1, 1.5, True])
def test_draws_must_be_a_positive_integer(number):
    with pytest.raises(InputError, match="draws"):
        many_draws(ARCH, number, 0)
