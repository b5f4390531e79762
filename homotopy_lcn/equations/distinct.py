"""Telling filters apart: near-linear comparison of many complex vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..networks.strata import Stratum

__all__ = [
    "DISTINCT",
    "KEYED_TOGETHER",
    "are_distinct",
    "find",
    "find_among",
    "find_conjugates",
    "find_points",
    "first_occurrences",
    "first_points",
    "point_keys",
    "projection",
]


#: Filters nearer than this (relative to their norm) count as one.
DISTINCT = 1e-8
#: Points whose keys are computed together.
KEYED_TOGETHER = 8192


def find(known: Complex, new: Complex, tolerance: float = DISTINCT) -> NDArray[np.int64]:
    """For each row of ``new`` (P, K) the index of the equal row of ``known`` (N, K), or −1.

    Rows are equal if they differ by at most ``tolerance`` relative to their norm; the nearest one is taken. Candidates
    are found by sorting one fixed projection of the normalised rows.
    """
    if len(known) == 0 or len(new) == 0:
        return np.full(len(new), -1, dtype=np.int64)
    keys = projection(known)
    order = np.argsort(keys, kind="stable")
    return find_among(keys[order], order, known.__getitem__, new, tolerance)


def find_conjugates(rows: Complex, tolerance: float) -> NDArray[np.int64]:
    """For each of the rows (P, K) the index of the row that is equal to its conjugate, or −1, as `find` says."""
    keys = projection(rows)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    result = np.full(len(rows), -1, dtype=np.int64)
    for first in range(0, len(rows), KEYED_TOGETHER):
        part = slice(first, first + KEYED_TOGETHER)
        result[part] = find_among(keys, order, rows.__getitem__, rows[part].conj(), tolerance)
    return result


def are_distinct(parts: Sequence[Complex], tolerance: float) -> bool:
    """Whether no two rows of some arrays (P, K) are equal, conjugates of those of the first array included."""
    blocks = [part[i : i + KEYED_TOGETHER] for part in parts for i in range(0, len(part), KEYED_TOGETHER)]
    turned = [parts[0][i : i + KEYED_TOGETHER] for i in range(0, len(parts[0]), KEYED_TOGETHER)]
    keys = [*map(projection, blocks), *(projection(block.conj()) for block in turned)]
    ends = np.cumsum([0, *map(len, parts), len(parts[0])])
    everything = np.concatenate(keys)

    def rows_of(rows: NDArray[np.int64]) -> Complex:
        result = np.empty((len(rows), parts[0].shape[1]), complex)
        for number, start in enumerate(ends[:-1].tolist()):
            there = (rows >= start) & (rows < ends[number + 1])
            found = parts[number if number < len(parts) else 0][rows[there] - start]
            result[there] = found if number < len(parts) else found.conj()
        return result

    return bool((_first_among(everything, rows_of, tolerance) == np.arange(len(everything))).all())


def find_among(
    keys: NDArray[np.float64],
    order: NDArray[np.int64],
    filters_of: Callable[[NDArray[np.int64]], Complex],
    new: Complex,
    tolerance: float,
) -> NDArray[np.int64]:
    """The same as `find` where the projections of the known rows are sorted already.

    Parameters
    ----------
    keys : (N,) float array
        The projections of the known rows, sorted.
    order : (N,) integer array
        The rows that they belong to.
    filters_of : callable
        Gives the known rows (n, K) with some numbers (n,).
    new : (P, K) complex array
    tolerance : float
    """
    result = np.full(len(new), -1, dtype=np.int64)
    best = np.full(len(new), np.inf)
    wanted = projection(new)
    reach = 4 * tolerance
    low, high = np.searchsorted(keys, wanted - reach), np.searchsorted(keys, wanted + reach)
    norms = np.linalg.norm(new, axis=1)
    while (rows := np.flatnonzero(low < high)).size:
        candidates = order[low[rows]]
        distance = np.linalg.norm(filters_of(candidates) - new[rows], axis=1) / norms[rows]
        better = (distance <= tolerance) & (distance < best[rows])
        result[rows[better]] = candidates[better]
        best[rows[better]] = distance[better]
        low[rows] += 1
    return result


def first_occurrences(filters: Complex, tolerance: float = DISTINCT) -> NDArray[np.int64]:
    """For each row of ``filters`` (P, K) the least index of a row equal to it."""
    if len(filters) < 2:
        return np.arange(len(filters))
    return _first_among(projection(filters), filters.__getitem__, tolerance)


def first_points(stratum: Stratum, points: Complex, tolerance: float = DISTINCT) -> NDArray[np.int64]:
    """For each of the points (P, coordinates) the least index of an equal one.

    The same as `first_occurrences` of `point_keys`, without all of these in memory.
    """
    if len(points) < 2:
        return np.arange(len(points))
    return _first_among(_projected_keys(stratum, points), lambda rows: point_keys(stratum, points[rows]), tolerance)


def find_points(stratum: Stratum, known: Complex, new: Complex, tolerance: float = DISTINCT) -> NDArray[np.int64]:
    """For each of the points ``new`` (P, coordinates) the number of an equal one of ``known``, or −1.

    The same as `find` of `point_keys`, without the keys of all known points in memory.
    """
    if len(known) == 0 or len(new) == 0:
        return np.full(len(new), -1, dtype=np.int64)
    keys = _projected_keys(stratum, known)
    order = np.argsort(keys, kind="stable")
    wanted = point_keys(stratum, new)
    return find_among(keys[order], order, lambda rows: point_keys(stratum, known[rows]), wanted, tolerance)


def _projected_keys(stratum: Stratum, points: Complex) -> NDArray[np.float64]:
    """The projections of the `point_keys` of points (P, coordinates)."""
    blocks = (points[i : i + KEYED_TOGETHER] for i in range(0, len(points), KEYED_TOGETHER))
    return np.concatenate([projection(point_keys(stratum, block)) for block in blocks])


def _first_among(
    keys: NDArray[np.float64], filters_of: Callable[[NDArray[np.int64]], Complex], tolerance: float
) -> NDArray[np.int64]:
    """`first_occurrences` of rows (P, K) with some projections (P,); ``filters_of`` gives rows with some numbers."""
    result = np.arange(len(keys))
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    reach = 4 * tolerance
    offset = 1
    while True:
        left = np.flatnonzero(keys[offset:] - keys[:-offset] <= reach) if offset < len(keys) else np.empty(0, int)
        if left.size == 0:
            return result
        a, b = order[left], order[left + offset]
        one, other = filters_of(a), filters_of(b)
        norms = np.maximum(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
        equal = np.linalg.norm(one - other, axis=1) <= tolerance * norms
        for i, j in zip(a[equal], b[equal], strict=True):
            least = min(result[i], result[j])
            result[result == result[i]] = least
            result[result == result[j]] = least
        offset += 1


def projection(filters: Complex) -> NDArray[np.float64]:
    """Real part of a fixed unit functional of the normalised rows."""
    size = filters.shape[1]
    functional = np.exp(1j * np.sqrt(2.0) * (1 + np.arange(size)) ** 2) / np.sqrt(size)
    norms = np.linalg.norm(filters, axis=1)
    # Not by BLAS, whose threads take longer to wake than the sums.
    return np.asarray(np.einsum("pk,k->p", filters, functional).real / np.where(norms > 0, norms, 1.0))


def point_keys(stratum: Stratum, points: Complex) -> Complex:
    """Coordinates (P, coordinates) that are equal if and only if the points are, comparable in relative norm.

    Every factor is scaled to norm one and to a positive value of a fixed generic functional, then by the size of the
    scalar. The functional is real, so that the keys of conjugate points are conjugate.
    """
    keys = points.copy()
    for factor, part, functional in zip(stratum.factors, stratum.slices, _functionals(stratum), strict=True):
        form = keys[:, part]
        value = np.einsum("pk,k->p", form, functional)  # BLAS would wake its threads
        size = np.abs(value)
        turn = np.divide(value, size, out=np.ones_like(value), where=size > 0)
        turn *= np.sqrt((form.real**2 + form.imag**2).sum(axis=1))
        form /= turn[:, None]
        keys[:, 0] *= turn if factor.power == 1 else turn**factor.power
    size = np.abs(keys[:, 0])
    keys[:, 1:] *= np.where(size > 0, size, 1.0)[:, None]
    return keys


@lru_cache(maxsize=256)
def _functionals(stratum: Stratum) -> list[Complex]:
    """A fixed generic real functional on the coefficients of each factor."""
    sizes = [part.stop - part.start for part in stratum.slices]
    return [np.cos(np.sqrt(3.0) * (1 + np.arange(size)) ** 2).astype(complex) for size in sizes]
