"""Counts over the data sets of ``solve --random`` against single solves."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, critical_points
from homotopy_lcn.losses.random_data import random_gaussian, random_loss_seed, random_white
from homotopy_lcn.surveys import draws
from homotopy_lcn.surveys.draws import COLUMNS, FURTHER_COLUMNS, concatenated, solve_each
from homotopy_lcn.surveys.plans import Chunk, SolvePlan
from homotopy_lcn.surveys.surveys import many_draws

ARCH = Architecture((2, 2, 2), (1, 2, 1))


@pytest.mark.parametrize("white", [False, True])
def test_each_draw_is_the_solve_of_its_seed(white):
    table = solve_each(ARCH, 7, range(4), white=white)
    for draw in range(4):
        rng = np.random.default_rng(random_loss_seed(7, draw))
        loss = (random_white if white else random_gaussian)(ARCH, rng).loss
        result = critical_points(ARCH, loss, seed=7)
        for name in (
            "found", "pure", "spurious", "real", "in_function_space", "attained", "real_parameters", "interior",
            "boundary", "minima",
        ):  # fmt: skip
            assert table[name][draw] == getattr(result.counts, name)
        assert table["complete"][draw] == result.complete
        assert table["not_smooth"][draw] == sum(p.smooth is False for p in result)
        assert table["attained_undecided"][draw] == sum(None in (p.interior, p.smooth) for p in result.attained)
    assert set(table) == {"draw", *COLUMNS, *FURTHER_COLUMNS, "saddles_1", "saddles_2", "saddles_3"}
    assert len(set(map(tuple, np.array(list(table.values())).T.tolist()))) > 1


def test_every_draw_is_counted():
    table, drawn = solve_each(ARCH, 0, range(5)), many_draws(ARCH, 5, 0)
    assert (drawn.draws, drawn.incomplete) == (5, 0)
    for name in ("found", "pure", "spurious", "real", "attained", "not_smooth", "saddles_1"):
        values, numbers = np.unique(table[name], return_counts=True)
        assert drawn.distribution(name).draws == dict(zip(values.tolist(), numbers.tolist(), strict=True))


def test_some_draws_are_a_part_of_all():
    whole = solve_each(ARCH, 0, range(5))
    parts = concatenated([solve_each(ARCH, 0, range(2)), solve_each(ARCH, 0, range(2, 5))])
    for name, values in whole.items():
        np.testing.assert_array_equal(values, parts[name])


@pytest.mark.parametrize(("jobs", "chunks"), [(1, [1] * 10), (2, [2] * 5), (3, [1] * 10)])
def test_chunks_are_all_draws(jobs, chunks):
    found = list(SolvePlan(ARCH, 10, 0).chunks(jobs))
    assert [chunk.draws for chunk in found] == chunks
    assert [found[0], found[-1].last] == [Chunk(0, 0, chunks[0]), 10]
    assert all(one.last == next_one.first for one, next_one in pairwise(found))


def test_processes_give_the_same_counts():
    told = []
    alone, together = many_draws(ARCH, 5, 3), many_draws(ARCH, 5, 3, jobs=2, report=told.append)
    assert alone.names == together.names
    for name in alone.names:
        assert alone.distribution(name) == together.distribution(name)
    assert told[-1] == 5
    assert told == sorted(told)


def test_an_incomplete_solve_is_counted_as_such(monkeypatch):
    answers = iter([True, False, True])
    monkeypatch.setattr(
        draws,
        "critical_points",
        lambda *args, **options: replace(critical_points(*args, **options), complete=next(answers)),
    )
    drawn = many_draws(ARCH, 3, 0)
    assert (drawn.draws, drawn.incomplete) == (3, 1)


def test_ranges():
    drawn, real = many_draws(ARCH, 4, 0), solve_each(ARCH, 0, range(4))["real"]
    assert drawn.distribution("found").range == "24"
    assert drawn.distribution("real").range == f"{real.min()}–{real.max()}"


@pytest.mark.parametrize("number", [0, -1, 1.5, True])
def test_draws_must_be_a_positive_integer(number):
    with pytest.raises(InputError, match="draws"):
        many_draws(ARCH, number, 0)
