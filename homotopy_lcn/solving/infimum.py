"""The infimum of the loss over all real parameters, and whether a critical point attains it.

If Σ is positive definite, or only w = 0 is a filter of the network in its kernel, the loss grows to infinity with w,
and a minimum exists. Otherwise the loss may fall for ever while w runs to infinity along the kernel of Σ. Minima of the
regularized losses L(w) + ε (w − u)ᵀR(w − u) exist, and their losses L tend to the infimum of L as ε tends to zero. If
they stay bounded, their limit is a minimum; if L falls below the loss of every critical point, there is none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..losses.squared_loss import SquaredLoss
from ..results.continua import Infimum
from ..results.infimum import least_attained_loss, loss_scale
from ..results.result import CriticalPoints
from .tolerances import SOLVING

__all__ = ["infimum_of"]


def infimum_of(result: CriticalPoints, solve: Callable[[SquaredLoss], CriticalPoints], seed: int) -> Infimum:
    """The infimum for a singular Gram matrix.

    Parameters
    ----------
    result : CriticalPoints
        Of the loss itself. What its records alone decide is taken from there.
    solve : callable
        Computes the critical points for a regularized loss.
    seed : int
        The random regularization comes from it.
    """
    known = result.infimum
    if known.attained is not None or not result.complete:
        return known
    best = least_attained_loss(result)
    if best is None:
        return known
    if not result.counts.at_infinity:
        return Infimum(best, True)
    scale, loss = loss_scale(result.loss), result.loss
    rng = np.random.default_rng([seed, 4])
    root = rng.normal(size=loss.gram.shape)
    metric = np.linalg.norm(loss.gram, 2) * (root @ root.T / len(root) + np.eye(len(root)) / 2)
    target = rng.normal(size=len(root)) * max(float(np.linalg.norm(loss.target)), 1e-100) / np.sqrt(len(root))
    values = []
    for weight in SOLVING.regularizations:
        near = SquaredLoss(
            loss.gram + weight * metric,
            loss.b + weight * metric @ target,
            loss.constant + weight * float(target @ metric @ target),
        )
        point = solve(near).global_minimum
        if point is None:
            return known
        values.append(float(loss(point.filter.real)))
    if min(values) < best - SOLVING.below_all * scale:
        return Infimum(_limit(values, float(loss.constant - loss.b @ loss.target), scale), False)
    return Infimum(best, True) if values[-1] <= best + SOLVING.near_infimum * scale else known


def _limit(values: list[float], bound: float, scale: float) -> float:
    """The limit of a sequence that converges like a geometric one, by Aitken's method; at least ``bound``."""
    one, two, three = values[-3:]
    bend = (three - two) - (two - one)
    limit = three - (three - two) ** 2 / bend if bend else three
    limit = max(min(limit, three), bound)
    return bound if limit - bound <= SOLVING.near_infimum * scale else limit
