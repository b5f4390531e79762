"""Whether critical points of several strata that doubles take for one filter are one filter, for exact data.

In special data a filter may be critical on several strata, as a target with a double root. If the roots of the target
are 1e-10 of their size apart, there are two critical filters, nearer to each other than doubles can tell. On its
stratum each of them is a regular point, which Newton's method finds in eighty digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data, equations_of
from ..equations.restriction import exact_stratum_data, stratum_data
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Embedding
from ..progress import Clock
from ..results.points import CriticalPoint, quantity
from ..tracking.multiprecision import converge
from ..tracking.refinement import filters_of
from .tolerances import SOLVING

__all__ = ["are_one_filter", "describe_nearly_coincident"]


def describe_nearly_coincident(
    arch: Architecture, loss: SquaredLoss, groups: Iterable[Sequence[CriticalPoint]], clock: Clock
) -> tuple[str, ...]:
    """What is wrong with filters that stand for several points, in words; nothing for data that are not exact.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
    groups : iterable of sequences of CriticalPoint
        The points that each filter stands for.
    clock : Clock
        Groups that are left when the time is up are not looked at.
    """
    if loss.exact is None:
        return ()
    several = [group for group in groups if len({point.stratum for point in group}) > 1]
    number = sum(not clock.is_late() and not are_one_filter(arch, loss, group) for group in several)
    if not number:
        return ()
    filters = quantity(number, "filter stands", "filters stand")
    return (f"{filters} for different critical filters of several strata, nearer to each other than doubles tell",)


def are_one_filter(arch: Architecture, loss: SquaredLoss, points: Iterable[CriticalPoint]) -> bool:
    """Whether no two of some points, as far as they are regular on their strata, have different filters.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Of exact data.
    points : iterable of CriticalPoint
    """
    filters = [_filter_in_full(arch, loss, point) for point in points if point.nonsingular]
    known = [filter_ for filter_ in filters if filter_ is not None]
    for one, other in pairwise(known):
        size = max(abs(value) for value in one)
        if max(abs(value) for value in one - other) > SOLVING.one_filter * size:
            return False
    return True


def _filter_in_full(arch: Architecture, loss: SquaredLoss, point: CriticalPoint) -> NDArray[Any] | None:
    """The filter of a point in the numbers of mpmath; None if Newton's method does not converge on its stratum."""
    if point.coordinates is None:
        return None
    embedding = Embedding.of_pattern(arch, point.stratum)
    positions, equations = np.array(embedding.positions), equations_of(embedding.stratum)
    data, scale = exact_stratum_data(loss, positions), stratum_data(loss, positions)[1]
    start = point.coordinates[None].copy()
    start[:, 0] /= scale
    found = None if data is None else converge(equations, equations.normalize(start)[0], Data(*data))
    if found is None:
        return None
    result = np.zeros(arch.filter_size, object)
    for position, value in zip(positions.tolist(), filters_of(embedding.stratum, found.in_full[None])[0], strict=True):
        result[position] += value * scale
    return result
