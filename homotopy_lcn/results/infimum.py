"""What the critical points of a result say about the infimum of the loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..equations.critical_equations import Data
from ..equations.residuals import have_no_residual
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import restricted
from .continua import UNDECIDED, Continuum, Infimum
from .pairs import ManyPoints, real_ones
from .points import CriticalPoint

if TYPE_CHECKING:
    from .parts import ResultParts

__all__ = [
    "attained_points",
    "known_infimum",
    "least_attained_loss",
    "loss_scale",
    "loss_tolerance",
    "points_of_least_loss",
    "sharp_tolerance",
    "with_minima_of_least_loss",
]

#: Losses that differ by less than this part of their scale are equal.
EQUAL_LOSS = 1e-9
#: Rounding of filters in their losses, where these are computed from exact data.
SHARP_LOSS = 1e-10
#: The constant of a loss counts by this part: `EQUAL_LOSS` times it is some units in the last place of the constant.
PART_OF_CONSTANT = 1e-6
#: Rounding of the loss of a filter w, relative to ‖Σ‖ ‖w‖².
ROUNDING_OF_LARGE_FILTERS = 1e-13


def attained_points(result: ResultParts) -> Iterator[CriticalPoint]:
    """The attained points, isolated ones and those of continua."""
    yield from (point for point in real_ones(result.points) if point.attained)
    yield from (point for continuum in result.continua for point in continuum.points if point.attained)


def loss_scale(loss: SquaredLoss) -> float:
    """The fall of the loss from w = 0 to the unconstrained minimum, as far as the constant does not round it away.

    A large constant changes no critical filter, and hides no difference of losses that doubles can tell. At least the
    smallest positive number.
    """
    fall = abs(float(loss.b @ loss.target))
    return max(fall, PART_OF_CONSTANT * abs(loss.constant), float(np.finfo(float).tiny))


def loss_tolerance(loss: SquaredLoss, points: Iterable[CriticalPoint]) -> float:
    """How much the losses of points may differ and be one loss."""
    largest = max((float(np.linalg.norm(point.filter)) for point in points), default=0.0)
    rounding = ROUNDING_OF_LARGE_FILTERS * float(np.linalg.norm(loss.gram, 2)) * largest**2
    return 10 * EQUAL_LOSS * loss_scale(loss) + rounding


def least_attained_loss(result: ResultParts) -> float | None:
    """The least loss of an attained point or of w = 0; None if it is open whether a point of less loss is attained."""
    best = min((float(point.loss.real) for point in attained_points(result)), default=np.inf)
    best = min(best, result.loss.constant)
    limit = best - EQUAL_LOSS * loss_scale(result.loss)
    doubtful = [point.loss for point in real_ones(result.points) if point.attained is None]
    doubtful += [part.loss for part in result.continua if part.attained is None]
    return None if any(abs(value.imag) <= abs(limit) and value.real < limit for value in doubtful) else best


def points_of_least_loss(result: ResultParts) -> list[CriticalPoint]:
    """The attained points whose loss is the infimum, if it is attained."""
    value = result.infimum.value
    if value is None or not result.infimum.attained:
        return []
    attained = list(attained_points(result))
    tolerance = loss_tolerance(result.loss, attained) / 10
    sharp = min(tolerance, sharp_tolerance(result.loss, value))
    return [point for point in attained if point.loss.real <= value + (sharp if point.nonsingular else tolerance)]


def sharp_tolerance(loss: SquaredLoss, value: float) -> float:
    """How much losses near a value may differ and be one, where they are right to rounding; infinite where not.

    Rounding of a filter w changes the loss by the residual times the change, and by the square of the change.
    """
    if loss.exact is None:
        return np.inf
    scale, size = loss_scale(loss), abs(value)
    return EQUAL_LOSS * size + SHARP_LOSS * (size * scale) ** 0.5 + SHARP_LOSS**2 * scale


def with_minima_of_least_loss(
    result: ResultParts,
) -> tuple[tuple[CriticalPoint, ...] | ManyPoints, tuple[Continuum, ...]]:
    """The points and the continua of a result; points of least loss with a degenerate Hessian are minima."""
    if not result.continua and not any("degenerate" in point.kinds for point in real_ones(result.points)):
        return result.points, result.continua
    least = {id(point) for point in points_of_least_loss(result)}

    def known(point: CriticalPoint) -> CriticalPoint:
        if id(point) not in least or "degenerate" not in point.kinds:
            return point
        pairs = zip(point.kinds, point.indices, strict=True)
        kinds = tuple("minimum" if kind == "degenerate" and index == 0 else kind for kind, index in pairs)
        return replace(point, kinds=kinds)

    continua = []
    for part in result.continua:
        points = tuple(map(known, part.points))
        minimum = part.kind == "degenerate" and any(point.minimum for point in points)
        continua.append(replace(part, points=points, kind="minimum" if minimum else part.kind))
    if isinstance(result.points, ManyPoints):
        return result.points.with_real(map(known, result.points.real)), tuple(continua)
    return tuple(map(known, result.points)), tuple(continua)


def known_infimum(result: ResultParts) -> Infimum:
    """The infimum as far as it follows from the result alone.

    It is attained if the Gram matrix is positive definite, so that a minimum exists and is among the points, or if
    the residual of a point is zero. Otherwise that is open.
    """
    best = least_attained_loss(result)
    if best is None:
        return UNDECIDED
    inner = restricted(result.architecture, result.loss)
    if result.complete and inner.rank == inner.filter_size:
        return Infimum(best, True)
    data = Data(result.loss.gram, result.loss.b)
    least = [point for point in attained_points(result) if point.loss.real <= best]
    with np.errstate(over="ignore", invalid="ignore"):
        exact = bool(least) and have_no_residual(data, least[0].filter[None].real, polished=least[0].nonsingular)[0]
    return Infimum(best, True) if exact else UNDECIDED
