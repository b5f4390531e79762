"""The losses of exact data at points of a result, where they are small differences of large numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ..losses.exact_losses import exact_loss
from ..losses.squared_loss import SquaredLoss
from .continua import Continuum
from .infimum import known_infimum
from .merging import sorted_points
from .pairs import ManyPoints
from .parts import ResultParts
from .points import CriticalPoint

__all__ = ["with_accurate_losses"]

Result = TypeVar("Result", bound=ResultParts)

#: Rounding of the loss at a singular point, which is known to half of the digits, relative to its terms.
ROUNDING_OF_LOSS = 8 * float(np.finfo(float).eps)
#: Losses below this part of their terms are computed once more.
CANCELLING = 1e-3


def with_accurate_losses(result: Result) -> Result:
    """The result with the losses of exact data right to rounding, and with the infimum that follows from them.

    The losses of complex points that are kept in columns stay as they are.

    Parameters
    ----------
    result : ResultParts
        The infimum of which is not yet known, or follows from the points.
    """
    loss = result.loss
    if loss.exact is None:
        return result
    points, many = result.points, isinstance(result.points, ManyPoints)
    listed = list(points.real if isinstance(points, ManyPoints) else points)
    accurate = list(_accurate(loss, listed))
    continua = tuple(_accurate_continuum(loss, part) for part in result.continua)
    same = all(one is other for one, other in zip(listed, accurate, strict=True))
    if same and all(one is other for one, other in zip(result.continua, continua, strict=True)):
        return result
    if isinstance(points, ManyPoints) and many:
        known = sorted_points(points.with_real(tuple(accurate)))
    else:
        known = sorted_points(accurate)
    found = replace(result, points=known, continua=continua)
    return replace(found, infimum=known_infimum(found))


def _accurate(loss: SquaredLoss, points: Iterable[CriticalPoint]) -> Iterable[CriticalPoint]:
    for point in points:
        sizes = np.abs(point.filter)
        with np.errstate(all="ignore"):
            terms = float((sizes @ np.abs(loss.gram) + 2 * np.abs(loss.b)) @ sizes) + abs(loss.constant)
        if not (np.isfinite(terms) and abs(point.loss) <= CANCELLING * terms):
            yield point
            continue
        rounding = 0.0 if point.nonsingular else ROUNDING_OF_LOSS * terms
        value = exact_loss(loss, point.filter.real if point.real else point.filter, rounding)
        yield replace(point, loss=value.real if point.real else value)


def _accurate_continuum(loss: SquaredLoss, part: Continuum) -> Continuum:
    points = tuple(_accurate(loss, part.points))
    if all(one is other for one, other in zip(part.points, points, strict=True)):
        return part
    value = next((point.loss for point in points if point.real), part.loss)
    return replace(part, points=points, loss=value)
