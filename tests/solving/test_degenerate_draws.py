"""Draws of degenerate data that earlier code answered wrongly, held against the independent rules."""

from __future__ import annotations

import numpy as np
import pytest
from benchmark_robustness import loss_of, solved
from independent_rules import judge
from plain_loss import PlainLoss

from homotopy_lcn import Architecture


@pytest.mark.parametrize(
    ("filters", "strides", "kind", "draw"),
    [
        ((2, 2, 2), (2, 1, 1), "periodic", 40),  # a perfect fit at the boundary, on a continuum
        ((2, 2, 2), (2, 1, 1), "periodic", 43),
        ((2, 3, 2), (1, 2, 1), "periodic", 48),  # a point of multiplicity nine, taken for a curve
        ((3, 2, 2), (2, 2, 1), "ties", 4),  # seven paths end at one point of a curve
        ((2, 3, 2), (2, 2, 1), "ties", 21),
        ((3, 4), (2, 1), "dead channel", 65),  # parameters of points on a curve, found again from roots
        ((2, 3, 2), (2, 2, 1), "dead channel", 57),  # the same for a filter of norm 1500
        ((3, 2), (2, 1), "dead channel", 40),  # incomplete: a point of norm 1444, where a Newton step was longer again
        ((1, 3, 2), (5, 2, 1), "dead channel", 163),  # incomplete: more steps than were allowed to a point of norm 1e3
        ((6, 2), (2, 1), "dead channel", 102),  # right always: descents stop in a valley without an end
        ((2, 3, 2), (1, 2, 1), "copied channel", 124),  # right always: an eigenvalue below the rounding of doubles
        ((3, 2, 2), (1, 2, 1), "periodic", 164),  # right always: an isolated θ over a filter of a continuum
    ],
)
def test_draws_that_were_answered_wrongly_once(filters, strides, kind, draw):
    arch = Architecture(filters, strides)
    loss = loss_of(arch, kind, draw, 0)
    result = solved(arch, loss, draw)
    plain = PlainLoss(filters, strides, loss.gram, loss.b, loss.constant)
    verdict = judge(plain, result, np.random.default_rng([draw, 1]))
    assert (verdict.outcome, verdict.remarks) == ("right", [])


@pytest.mark.parametrize(
    ("filters", "strides", "draw"),
    [
        ((3, 2, 2), (1, 2, 1), 155),  # Newton's method lands on w = 0
        ((2, 2, 2, 2), (1, 1, 2, 1), 203),  # the reduced equation vanishes at a place of the circle
    ],
)
def test_draws_that_raised_exceptions_are_answered(filters, strides, draw):
    arch = Architecture(filters, strides)
    loss = loss_of(arch, "zero target", draw, 0)
    result = solved(arch, loss, draw)
    plain = PlainLoss(filters, strides, loss.gram, loss.b, loss.constant)
    assert judge(plain, result, np.random.default_rng([draw, 1])).outcome in ("right", "incomplete")
