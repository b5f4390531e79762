"""How the factors of a block's polynomial can be shared out to its layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .forms import multiply, power

__all__ = ["count_distributions", "distributions"]


def distributions(
    items: Sequence[tuple[int, Any]], degrees: Sequence[int], repeated: bool = True
) -> Iterator[list[NDArray[Any]]]:
    """All ways to give factors to layers of the given degrees, each as often as its multiplicity says.

    Parameters
    ----------
    items : sequence of (int, (…, d + 1) array)
        Multiplicities and forms, without common roots.
    degrees : sequence of int
    repeated : bool
        Whether one layer may get a factor several times. Otherwise the layers are square-free.

    Yields
    ------
    list of (…, degree + 1) arrays
        The layers, up to scale.
    """

    def assign(i: int, room: tuple[int, ...], layers: list[NDArray[Any]]) -> Iterator[list[NDArray[Any]]]:
        if i == len(items):
            if not any(room):
                yield layers
            return
        multiplicity, form = items[i]
        size = form.shape[-1] - 1
        for times in _times(multiplicity, size, room, multiplicity if repeated else 1):
            filled = [multiply(w, power(form, n)) if n else w for n, w in zip(times, layers, strict=True)]
            yield from assign(i + 1, tuple(r - size * n for r, n in zip(room, times, strict=True)), filled)

    yield from assign(0, tuple(degrees), [np.ones(1) for _ in degrees])


def count_distributions(items: Sequence[tuple[int, int]], degrees: Sequence[int]) -> int:
    """The number of `distributions` of factors (multiplicity, degree), layers getting them repeatedly."""
    states = Counter({tuple(degrees): 1})
    for multiplicity, size in items:
        following: Counter[tuple[int, ...]] = Counter()
        for room, ways in states.items():
            for times in _times(multiplicity, size, room, multiplicity):
                following[tuple(r - size * t for r, t in zip(room, times, strict=True))] += ways
        states = following
    return states[(0,) * len(degrees)]


def _times(multiplicity: int, size: int, room: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
    """How often each layer gets a factor of the given degree, at most ``most`` times, within what room they have."""
    if not room:
        if multiplicity == 0:
            yield ()
        return
    for first in range(min(multiplicity, most, room[0] // size), -1, -1):
        for rest in _times(multiplicity - first, size, room[1:], most):
            yield (first, *rest)
