"""All ways to distribute the factors of a block's polynomial to the layers of the block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .binary_forms import multiply, power

__all__ = ["count_distributions", "distributions", "distributions_up_to_exchange"]


#: A layer without factors.
CONSTANT = np.ones(1)


def distributions(
    items: Sequence[tuple[int, Any]], degrees: Sequence[int], repeated: bool = True
) -> Iterator[list[NDArray[Any]]]:
    """All ways to give factors to layers of the given degrees; the multiplicity says how often a factor is given.

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

    return (layers for layers, _ in _shared_out(items, degrees, repeated, False))


def distributions_up_to_exchange(
    items: Sequence[tuple[int, Any]], degrees: Sequence[int], repeated: bool = True
) -> Iterator[tuple[list[NDArray[Any]], int]]:
    """One of each set of `distributions` that differ by exchanging layers of equal degree, and the size of the set.

    The parameters are the parameters of `distributions`.
    """
    for layers, given in _shared_out(items, degrees, repeated, True):
        sizes = Counter(degrees).values()
        alike = Counter(zip(degrees, given, strict=True)).values()
        yield layers, prod(map(factorial, sizes)) // prod(map(factorial, alike))


def _shared_out(
    items: Sequence[tuple[int, Any]], degrees: Sequence[int], repeated: bool, ordered: bool
) -> Iterator[tuple[list[NDArray[Any]], tuple[tuple[int, ...], ...]]]:
    """Layers, and how often each layer has each factor. With ``ordered`` these numbers decrease among equal degrees."""
    earlier = [max((j for j in range(i) if degrees[j] == degree), default=None) for i, degree in enumerate(degrees)]

    def assign(
        i: int, room: tuple[int, ...], layers: list[NDArray[Any]], given: tuple[tuple[int, ...], ...]
    ) -> Iterator[tuple[list[NDArray[Any]], tuple[tuple[int, ...], ...]]]:
        if i == len(items):
            if not any(room):
                yield layers, given
            return
        multiplicity, form = items[i]
        size = form.shape[-1] - 1
        for times in _times(multiplicity, size, room, multiplicity if repeated else 1):
            more = tuple((*had, n) for had, n in zip(given, times, strict=True))
            if ordered and any(j is not None and more[j] < had for j, had in zip(earlier, more, strict=True)):
                continue
            filled = [
                w if n == 0 else power(form, n) if w is CONSTANT else multiply(w, power(form, n))
                for n, w in zip(times, layers, strict=True)
            ]
            yield from assign(i + 1, tuple(r - size * n for r, n in zip(room, times, strict=True)), filled, more)

    yield from assign(0, tuple(degrees), [CONSTANT] * len(degrees), tuple(() for _ in degrees))


def count_distributions(items: Sequence[tuple[int, int]], degrees: Sequence[int]) -> int:
    """The number of `distributions` of factors (multiplicity, degree), where a layer may get a factor several times."""
    states = Counter({tuple(degrees): 1})
    for multiplicity, size in items:
        following: Counter[tuple[int, ...]] = Counter()
        for room, ways in states.items():
            for times in _times(multiplicity, size, room, multiplicity):
                following[tuple(r - size * t for r, t in zip(room, times, strict=True))] += ways
        states = following
    return states[(0,) * len(degrees)]


def _times(multiplicity: int, size: int, room: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
    """How often each layer gets a factor of the given degree, at most ``most`` times, within the room of the layers."""
    if not room:
        if multiplicity == 0:
            yield ()
        return
    for first in range(min(multiplicity, most, room[0] // size), -1, -1):
        for rest in _times(multiplicity - first, size, room[1:], most):
            yield (first, *rest)
