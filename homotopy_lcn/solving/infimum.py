"""The infimum of the loss over all real parameters, and whether a critical point attains it.

If Σ is positive definite, or only w = 0 is a filter of the network in its kernel, the loss grows to infinity with w,
and a minimum exists. Otherwise the loss may fall for ever while w runs to infinity along the kernel of Σ. Minima of the
regularized losses L(w) + ε (w − u)ᵀR(w − u) exist, and their losses L tend to the infimum of L as ε tends to zero. If
they stay bounded, their limit is a minimum; if L falls below the loss of every critical point, there is none. Then the
infimum is the limit of L along the path of these minima. Near ε = 0 the path is a series in a root of ε, and so is L:
the mean of L over a small circle of complex ε, gone round until the path closes, is its limit.

The weight of the quadratic polynomial q may as well be complex: how many critical points of L + ε q run to infinity
while L tends to the infimum is the same number for all q but those of an algebraic subset, and it is not zero for real
positive definite ones if the infimum is not attained. The paths of a solve come from such a loss. If L tends to no real
number below the least critical point along any of them that runs to infinity, the infimum is attained, and nothing more
has to be tracked. Otherwise minima of real regularized losses decide. Where L tends to its
infimum slowly, the minimum for small ε may still be near a critical point of a larger loss. Hence the limits of L along
all real critical points of the regularized loss that run to infinity are asked, whatever their losses are so far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, equations_of
from ..equations.distinct import point_keys
from ..losses.exact_losses import least_loss
from ..losses.squared_loss import SquaredLoss
from ..networks.patterns import Pattern
from ..networks.strata import Embedding
from ..results.continua import Infimum
from ..results.infimum import least_attained_loss, loss_scale
from ..results.result import CriticalPoints
from ..tracking import Engine, TrackerOptions
from ..tracking.engine import track_along
from ..tracking.tolerances import ENDGAME
from .least_minimum import LeastMinimum, RealPoint
from .tolerances import SOLVING

__all__ = ["infimum_of"]


def infimum_of(
    result: CriticalPoints,
    losses_away: Sequence[Complex | None],
    minimum_of: Callable[[SquaredLoss], LeastMinimum | None],
    seed: int,
    engine: Engine,
) -> Infimum:
    """The infimum for a singular Gram matrix.

    Parameters
    ----------
    result : CriticalPoints
        Of the loss itself. What its records alone decide is taken from there.
    losses_away : sequence of (P,) complex array or None
        For each stratum the limits of the loss along paths to infinity from a generic loss, as far as they are known.
    minimum_of : callable
        Computes the global minimum of a regularized loss, and its real critical points.
    seed : int
        The random regularization comes from it.
    engine : Engine
        Follows critical points around circles of weights.
    """
    known, best = result.infimum, least_attained_loss(result)
    if known.attained is not None or not result.complete or best is None:
        return known
    if not result.counts.at_infinity:
        return Infimum(best, True)
    scale = loss_scale(result.loss)
    if all(losses is not None and not _may_be_infimum(losses, best, result.loss) for losses in losses_away):
        return Infimum(best, True)
    regularized = _Regularized.of(result, np.random.default_rng([seed, 4]), engine)
    means: list[float | None] = []
    lower = False
    for weight in SOLVING.regularizations:
        least = minimum_of(regularized.at(weight))
        if least is None:
            return known
        loss = float(result.loss(least.point.filter.real))
        lower = lower or loss < best - SOLVING.below_all * scale
        if not lower and loss <= best + SOLVING.near_infimum * scale:
            # The less the weight, the less is the loss: it falls no farther, or it does so slowly.
            falling = _falling(regularized, weight, least, best)
            if falling is not None:
                return falling
        point = least.point
        if lower and point.coordinates is not None:
            means.append(regularized.limits(weight, point.stratum, point.coordinates[None])[0])
            value = _agreed(means, result)
            if value is not None:
                return Infimum(value, False)
    return Infimum(None, False) if lower else known


def _may_be_infimum(losses: Complex, best: float, loss: SquaredLoss) -> bool:
    """Whether one of some limits of the loss may be an infimum below a bound."""
    near = SOLVING.same_infimum * loss_scale(loss)
    above = (losses.real >= best - near) | (np.abs(losses.imag) > near)
    if above.all():
        return False  # without the least loss of all filters, which is computed in fractions
    return bool((~(losses.real[~above] < least_loss(loss) - near)).any())


def _falling(regularized: _Regularized, weight: float, least: LeastMinimum, best: float) -> Infimum | None:
    """What the other minima of a regularized loss, which may run to infinity, tell of the infimum.

    Parameters
    ----------
    regularized : _Regularized
    weight : float
    least : LeastMinimum
        For this weight. Its minimum is not below ``best``, the least loss that a critical point is known to attain.
    best : float

    Returns
    -------
    Infimum or None
        None if a point may tend to a loss below ``best``, and it is not shown that it does.
    """
    result = regularized.result
    below = best - SOLVING.same_infimum * loss_scale(result.loss)
    limits, decided = [], True
    for pattern, points in _away(regularized, weight, least.real, below).items():
        coordinates = np.array([point.coordinates for point in points])
        means = regularized.limits(weight, pattern, coordinates)
        for row, (point, mean) in enumerate(zip(points, means, strict=True)):
            if mean is not None and mean >= below:
                continue
            value = None if mean is None else regularized.limit_nearer(weight, pattern, coordinates[row], mean)
            if value is None:
                decided = False
            elif np.isfinite(value) and point.classified().attained is not False:
                limits.append(value)
    if limits:
        return Infimum(min(limits) if decided else None, False)
    return Infimum(best, True) if decided else None


def _away(
    regularized: _Regularized, weight: float, points: Sequence[RealPoint], below: float
) -> dict[Pattern, list[RealPoint]]:
    """The points, by strata, that are near no critical filter and may tend to a loss below a bound.

    Along critical points of L + ε q the derivative of L + ε q by ε is q. Where q grows like ε^(−a), a < 1, the limit
    of L is therefore L − ε q a / (1 − a).
    """
    known = np.array([point.filter for point in regularized.result.points])
    away: dict[Pattern, list[RealPoint]] = {}
    for point in points:
        distances = np.linalg.norm(known - point.filter, axis=1) if len(known) else np.array([np.inf])
        if distances.min() <= SOLVING.has_moved * np.linalg.norm(point.filter):
            continue
        loss = float(regularized.result.loss(point.filter))
        if loss - SOLVING.may_fall * weight * regularized.distance(point.filter) < below:
            away.setdefault(point.pattern, []).append(point)
    return away


class _Regularized(NamedTuple):
    """The loss of a result and a random distance to be added to it; the engine follows its critical points."""

    result: CriticalPoints
    metric: np.ndarray
    target: np.ndarray
    engine: Engine

    @classmethod
    def of(cls, result: CriticalPoints, rng: np.random.Generator, engine: Engine) -> _Regularized:
        """With a distance of the size of the loss."""
        loss, size = result.loss, result.loss.filter_size
        root = rng.normal(size=(size, size))
        metric = np.linalg.norm(loss.gram, 2) * (root @ root.T / size + np.eye(size) / 2)
        return cls(result, metric, rng.normal(size=size) * np.linalg.norm(loss.target) / np.sqrt(size), engine)

    def at(self, weight: float) -> SquaredLoss:
        """The loss with a multiple of the distance added."""
        data = self._data(weight)
        constant = self.result.loss.constant + weight * float(self.target @ self.metric @ self.target)
        return SquaredLoss(np.real(data.gram), np.real(data.b), constant)

    def distance(self, filter_: Real) -> float:
        """The distance of a filter, for weight one."""
        return float((filter_ - self.target) @ self.metric @ (filter_ - self.target))

    def _data(self, weight: complex) -> Data:
        """Its Gram matrix and moment vector."""
        loss = self.result.loss
        return Data(loss.gram + weight * self.metric, loss.b + weight * (self.metric @ self.target))

    def limits(self, weight: float, pattern: Pattern, coordinates: Complex) -> list[float | None]:
        """The means of the loss over the circle of weights through critical points, gone round until it closes.

        Parameters
        ----------
        weight : float
        pattern : Pattern
            The stratum.
        coordinates : (P, coordinates) complex array

        Returns
        -------
        list of float or None
            None where a path is lost or does not close.
        """
        embedding = Embedding.of_pattern(self.result.architecture, pattern)
        equations = equations_of(embedding.stratum)
        corners = weight * np.exp(2j * np.pi * np.arange(ENDGAME.corners + 1) / ENDGAME.corners)
        corners[-1] = weight
        current: Complex = equations.normalize(coordinates)
        start = point_keys(embedding.stratum, current)
        sums, means = np.zeros(len(current), complex), np.full(len(current), np.nan)
        going = np.arange(len(current))
        for turn in range(1, ENDGAME.in_doubles.rounds + 1):
            around = self._along(embedding, current[going], corners)
            finite = np.isfinite(around).all(axis=(0, 2))
            going, around = going[finite], around[:, finite]
            if not going.size:
                break
            sums[going] += np.array([self._losses(embedding, points) for points in around[:-1]]).mean(axis=0)
            current[going] = around[-1]
            gaps = np.linalg.norm(point_keys(embedding.stratum, around[-1]) - start[going], axis=1)
            closed = gaps <= ENDGAME.closed * np.linalg.norm(start[going], axis=1)
            means[going[closed]] = sums[going[closed]].real / turn
            going = going[~closed]
            if not going.size:
                break
        return [None if np.isnan(mean) else float(mean) for mean in means]

    def limit_nearer(self, weight: float, pattern: Pattern, coordinates: Complex, mean: float) -> float | None:
        """The limit of the loss where it comes nearer to the mean over a circle as the weight falls.

        Returns
        -------
        float or None
            Infinity where the loss goes away from the mean; None if another circle has another mean.
        """
        embedding = Embedding.of_pattern(self.result.architecture, pattern)
        start = equations_of(embedding.stratum).normalize(coordinates[None])
        nearer = weight * SOLVING.nearer
        points = self._along(embedding, start, np.array([weight, nearer]))
        if not np.isfinite(points).all():
            return None
        first, last = (abs(self._losses(embedding, one)[0] - mean) for one in points)
        if last >= first:
            return np.inf
        return _agreed([mean, *self.limits(nearer, pattern, points[-1])], self.result)

    def _along(self, embedding: Embedding, points: Complex, weights: np.ndarray) -> Complex:
        """Critical points (P, coordinates) for the first weight, followed to the others, (L, P, coordinates)."""
        places = np.array(embedding.positions)
        data = [_at_places(self._data(weight), places) for weight in weights]
        chain = Data(np.array([part.gram for part in data]), np.array([part.b for part in data]))
        return track_along(self.engine, embedding.stratum, points, chain, TrackerOptions.conservative())

    def _losses(self, embedding: Embedding, points: Complex) -> Complex:
        """The loss itself at points of a stratum."""
        loss, filters = self.result.loss, equations_of(embedding.stratum).filters(points)
        gram, b = _at_places(Data(loss.gram, loss.b), np.array(embedding.positions))
        return np.asarray(loss.constant - np.einsum("pi,pi->p", 2 * b - filters @ gram, filters), complex)


def _agreed(means: Sequence[float | None], result: CriticalPoints) -> float | None:
    """The mean that two circles after each other agree on; the least loss of any filter where it is that."""
    known, loss = [value for value in means if value is not None], result.loss
    near = SOLVING.same_infimum * loss_scale(loss)
    agreeing = [other for one, other in pairwise(known) if abs(one - other) <= near]
    if not agreeing:
        return None
    bound = least_loss(loss)
    return bound if abs(agreeing[-1] - bound) <= near else agreeing[-1]


def _at_places(data: Data, places: np.ndarray) -> Data:
    return Data(data.gram[np.ix_(places, places)], data.b[places])
