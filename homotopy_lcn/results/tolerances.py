"""What a user calls nearly real and nearly singular."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import isfinite, nan
from numbers import Real

import numpy as np

from ..errors import InputError, shortened
from .points import CriticalPoint, quantity

__all__ = ["Tolerances", "describe_near"]


@dataclass(frozen=True)
class Tolerances:
    """From where on a result calls a complex filter nearly real, and a nonsingular point nearly singular.

    These numbers add labels, and decide nothing else. Which filters *are* real follows from the real data: a filter is
    real if it is its own conjugate among all critical filters, and two conjugate filters 10⁻⁸ apart are complex. Which
    points are singular is asked with extended precision, or with eighty digits. So a loose tolerance makes no result
    complete, and a strict one makes none incomplete.

    Attributes
    ----------
    real : float
        A complex filter is nearly real if its imaginary parts are at most this part of its norm. Such a pair becomes
        two real filters, or one double filter, if the data change a little.
    singular : float
        A nonsingular point is nearly singular if the condition number of its Newton matrix is above this. The point
        moves by up to that factor as much as the data do, relative to their sizes.

    Raises
    ------
    InputError
        If `real` is not a number from 0 to below 1, or `singular` not a number of at least 1.

    Examples
    --------
    >>> Tolerances(real=1e-4)
    Tolerances(real=0.0001, singular=10000000000.0)
    """

    real: float = 1e-6
    singular: float = 1e10

    def __post_init__(self) -> None:
        for field in fields(self):
            value: object = getattr(self, field.name)
            number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else nan
            expected = "a number from 0 to below 1" if field.name == "real" else "a number of at least 1"
            if not isfinite(number) or not (0 <= number < 1 if field.name == "real" else number >= 1):
                raise InputError(f"{field.name}: {shortened(value)} given; expected {expected}")
            object.__setattr__(self, field.name, number)

    def nearly_real(self, points: Iterable[CriticalPoint]) -> tuple[CriticalPoint, ...]:
        """The complex ones among points whose imaginary parts are small."""
        return tuple(point for point in points if not point.real and _imaginary_part(point) <= self.real)

    def nearly_singular(self, points: Iterable[CriticalPoint]) -> tuple[CriticalPoint, ...]:
        """The nonsingular ones among points whose condition numbers are large. Unknown condition numbers are not."""
        return tuple(
            point
            for point in points
            if point.nonsingular and point.condition is not None and point.condition > self.singular
        )


def _imaginary_part(point: CriticalPoint) -> float:
    return float(np.abs(point.filter.imag).max() / np.linalg.norm(point.filter))


def describe_near(points: Iterable[CriticalPoint], tolerances: Tolerances) -> list[tuple[str, str]]:
    """For each label that points have a heading and a text."""
    points, rows = tuple(points), []
    if complex_ones := tolerances.nearly_real(points):
        largest = max(map(_imaginary_part, complex_ones))
        rows.append(
            (
                "nearly real",
                f"{quantity(len(complex_ones), 'complex filter', 'complex filters')}, imaginary parts up to "
                f"{largest:.1e} of the norm (tolerance {tolerances.real:.1e})",
            )
        )
    if singular_ones := tolerances.nearly_singular(points):
        rows.append(
            (
                "nearly singular",
                f"{quantity(len(singular_ones), 'nonsingular point', 'nonsingular points')} of condition numbers above "
                f"{tolerances.singular:.1e}",
            )
        )
    return rows
