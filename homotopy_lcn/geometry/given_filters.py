"""Filters as users give them: real, complex, or exact rational numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture
from ..rationals import as_fraction

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
    if all(isinstance(item, Rational | Decimal | str) and not isinstance(item, bool) for item in items):
        return _exact_filter([as_fraction(item, f"filter[{j}]") for j, item in enumerate(items)])
    try:
        w = np.array(
            [as_fraction(item, f"filter[{j}]") if isinstance(item, str) else item for j, item in enumerate(items)],
            complex,
        )
    except (TypeError, ValueError):
        raise InputError(f"filter: {items!r} are not all numbers; expected real or complex numbers") from None
    if not np.isfinite(w).all():
        raise InputError("filter: has entries that are not finite; expected finite numbers")
    scale = float(np.abs(w).max()) or 1.0
    w = w / scale
    return GivenFilter(w if np.abs(w.imag).max() > 0 else w.real.copy(), scale, None)


def _exact_filter(fractions: list[Fraction]) -> GivenFilter:
    largest = max(map(abs, fractions)) or Fraction(1)
    try:
        scale, w = float(largest), np.array([float(value / largest) for value in fractions])
    except OverflowError:
        scale, w = 0.0, np.zeros(0)
    if scale < np.finfo(float).tiny or np.count_nonzero(w) < sum(value != 0 for value in fractions):
        raise InputError("filter: has entries beyond the range of doubles; expected numbers of more moderate sizes")
    return GivenFilter(w, scale, fractions)


def off_grid(w: Array, grid: int) -> float:
    outside = np.ones(len(w), bool)
    outside[::grid] = False
    return float(np.linalg.norm(w[outside]) / np.linalg.norm(w))
