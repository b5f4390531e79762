"""The infimum of the loss over all real parameters, and whether a critical point attains it.

If Σ is positive definite, or only w = 0 is a filter of the network in its kernel, the loss grows to infinity with w,
and a minimum exists. Otherwise the loss may fall for ever while w runs to infinity along the kernel of Σ. Minima of the
regularized losses L(w) + ε (w − u)ᵀR(w − u) exist, and their losses L tend to the infimum of L as ε tends to zero. If
they stay bounded, their limit is a minimum; if L falls below the loss of every critical point, there is none. Then the
infimum is the limit of L along the path of these minima. Near ε = 0 the path is a series in a root of ε, and so is L:
the mean of L over a small circle of complex ε, gone round until the path closes, is its limit.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data, equations_of
from ..equations.distinct import point_keys
from ..losses.squared_loss import SquaredLoss
from ..networks.strata import Embedding
from ..results.continua import Infimum
from ..results.infimum import least_attained_loss, loss_scale
from ..results.points import CriticalPoint
from ..results.result import CriticalPoints
from ..tracking import Engine, TrackerOptions
from ..tracking.engine import track_along
from ..tracking.tolerances import ENDGAME
from .tolerances import SOLVING

__all__ = ["infimum_of"]


def infimum_of(
    result: CriticalPoints, minimum_of: Callable[[SquaredLoss], CriticalPoint | None], seed: int, engine: Engine
) -> Infimum:
    """The infimum for a singular Gram matrix.

    Parameters
    ----------
    result : CriticalPoints
        Of the loss itself. What its records alone decide is taken from there.
    minimum_of : callable
        Computes the global minimum of a regularized loss.
    seed : int
        The random regularization comes from it.
    engine : Engine
        Follows the minimum around circles of weights.
    """
    known, best = result.infimum, least_attained_loss(result)
    if known.attained is not None or not result.complete or best is None:
        return known
    if not result.counts.at_infinity:
        return Infimum(best, True)
    loss, scale = result.loss, loss_scale(result.loss)
    regularized = _Regularized.of(loss, np.random.default_rng([seed, 4]))
    minima: list[_Minimum] = []
    lower = False
    for weight in SOLVING.regularizations:
        point = minimum_of(regularized.at(weight))
        if point is None:
            return known
        minima.append(_Minimum(weight, point, float(loss(point.filter.real))))
        lower = lower or minima[-1].loss < best - SOLVING.below_all * scale
        if not lower and minima[-1].loss <= best + SOLVING.near_infimum * scale:
            # The less the weight, the less is the loss.
            return Infimum(best, True)
        if lower and len(minima) > 1:
            value = _limit(regularized, minima, result, engine)
            if value is not None:
                return Infimum(value, False)
    return Infimum(None, False) if lower else known


class _Minimum(NamedTuple):
    """The minimum of a regularized loss, and the loss itself there."""

    weight: float
    point: CriticalPoint
    loss: float


class _Regularized(NamedTuple):
    """A loss and a random distance to be added to it."""

    loss: SquaredLoss
    metric: np.ndarray
    target: np.ndarray

    @classmethod
    def of(cls, loss: SquaredLoss, rng: np.random.Generator) -> _Regularized:
        """With a distance of the size of the loss."""
        size = loss.filter_size
        root = rng.normal(size=(size, size))
        metric = np.linalg.norm(loss.gram, 2) * (root @ root.T / size + np.eye(size) / 2)
        return cls(loss, metric, rng.normal(size=size) * np.linalg.norm(loss.target) / np.sqrt(size))

    def at(self, weight: float) -> SquaredLoss:
        """The loss with a multiple of the distance added."""
        data = self.data(weight)
        constant = self.loss.constant + weight * float(self.target @ self.metric @ self.target)
        return SquaredLoss(np.real(data.gram), np.real(data.b), constant)

    def data(self, weight: complex) -> Data:
        """Its Gram matrix and moment vector."""
        return Data(self.loss.gram + weight * self.metric, self.loss.b + weight * (self.metric @ self.target))


def _limit(regularized: _Regularized, minima: list[_Minimum], result: CriticalPoints, engine: Engine) -> float | None:
    """The limit of the loss along minima of regularized losses; None if two circles tell different limits."""
    means = [_mean_on_circle(regularized, minimum, result, engine) for minimum in minima]
    known = [value for value in means if value is not None]
    scale = loss_scale(result.loss)
    agreeing = [other for one, other in pairwise(known) if abs(one - other) <= SOLVING.same_infimum * scale]
    if not agreeing:
        return None
    bound = float(result.loss.constant - result.loss.b @ result.loss.target)
    return bound if abs(agreeing[-1] - bound) <= SOLVING.same_infimum * scale else agreeing[-1]


def _mean_on_circle(
    regularized: _Regularized, minimum: _Minimum, result: CriticalPoints, engine: Engine
) -> float | None:
    """The mean of the loss over the circle of weights through a minimum, as often round as it takes to close."""
    point = minimum.point
    if point.coordinates is None:
        return None
    embedding = Embedding.of_pattern(result.architecture, point.stratum)
    stratum, places = embedding.stratum, np.array(embedding.positions)
    equations = equations_of(stratum)
    corners = minimum.weight * np.exp(2j * np.pi * np.arange(ENDGAME.corners + 1) / ENDGAME.corners)
    corners[-1] = minimum.weight
    current: Complex = equations.normalize(point.coordinates[None])
    start, losses = point_keys(stratum, current), []
    data = [_at_places(regularized.data(weight), places) for weight in corners]
    chain = Data(np.array([part.gram for part in data]), np.array([part.b for part in data]))
    for _ in range(ENDGAME.in_doubles.rounds):
        around = track_along(engine, stratum, current, chain, TrackerOptions.conservative())[:, 0]
        if not np.isfinite(around).all():
            return None
        filters = equations.filters(around[:-1])
        losses += [regularized.loss.constant - _loss_part(regularized, w, places) for w in filters]
        current = around[-1:]
        gap = np.linalg.norm(point_keys(stratum, current) - start)
        if gap <= ENDGAME.closed * np.linalg.norm(start):
            return float(np.mean(losses).real)
    return None


def _loss_part(regularized: _Regularized, w: Complex, places: np.ndarray) -> complex:
    """2bᵀw − wᵀΣw for a filter in the coordinates of a stratum, the data those of the loss itself."""
    gram, b = _at_places(Data(regularized.loss.gram, regularized.loss.b), places)
    return complex((2 * b - w @ gram) @ w)


def _at_places(data: Data, places: np.ndarray) -> Data:
    return Data(data.gram[np.ix_(places, places)], data.b[places])
