"""Filters as users give them: real, complex, or exact rational numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture

__all__ = ["GivenFilter", "given_filter", "off_grid"]

Array = NDArray[Any]


class GivenFilter(NamedTuple):
    """A filter divided by its largest entry, the divisor, and the exact filter if all entries are rational."""

    filter: Array
    scale: float
    exact: list[Fraction] | None


def given_filter(arch: Architecture, filter_: Sequence[Any] | Array) -> GivenFilter:
    items = list(filter_)
    if len(items) != arch.filter_size:
        raise InputError(f"filter: {len(items)} numbers given; expected {arch.filter_size}, the filter size")
    if all(isinstance(item, int | np.integer | Fraction) and not isinstance(item, bool) for item in items):
        fractions = [Fraction(int(item)) if isinstance(item, np.integer) else Fraction(item) for item in items]
        largest = max(map(abs, fractions)) or Fraction(1)
        return GivenFilter(np.array([float(value / largest) for value in fractions]), float(largest), fractions)
    try:
        w = np.array(items, complex)
    except (TypeError, ValueError):
        raise InputError(f"filter: {items!r} are not all numbers; expected real or complex numbers") from None
    if not np.isfinite(w).all():
        raise InputError("filter: has entries that are not finite; expected finite numbers")
    scale = float(np.abs(w).max()) or 1.0
    w = w / scale
    return GivenFilter(w if np.abs(w.imag).max() > 0 else w.real.copy(), scale, None)


def off_grid(w: Array, grid: int) -> float:
    outside = np.ones(len(w), bool)
    outside[::grid] = False
    return float(np.linalg.norm(w[outside]) / np.linalg.norm(w))
