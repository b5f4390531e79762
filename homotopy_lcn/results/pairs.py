"""Conjugate pairs of critical points in columns, of which the records are made when they are asked for.

A large result consists of thousands of real points and of a hundred times as many pairs of complex ones, of which a
record each takes kilobytes. Of a pair, one point is kept: the data are real, so the other one is its conjugate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from .points import LARGE_CONDITION, Counts, CriticalPoint, StratumResult, count_points
from .tolerances import Tolerances

__all__ = [
    "ConjugatePairs",
    "ManyPoints",
    "count_all",
    "maybe_ill_conditioned",
    "maybe_near",
    "maybe_special",
    "real_ones",
]

#: Records that are made together.
RECORDS_TOGETHER = 1024


@dataclass(frozen=True, eq=False)
class ConjugatePairs:
    """M pairs of nonsingular complex critical points about which nothing is special, in the order of a result.

    Attributes
    ----------
    architecture : Architecture
    patterns : tuple of patterns
        Those of the strata.
    filters : (M, K) complex array
        Of the first point of each pair.
    losses : (M,) complex array
    coordinates : (M, C) complex array
        In the first columns the coordinates of the point on its stratum.
    lengths : tuple of int
        How many columns these are, for each stratum.
    stratum : (M,) integer array
        The stratum of the pair, as an index of `patterns`.
    conditions, residuals : (M,) float arrays
    thetas : (M, Σ k) complex array
        The parameters of the first point of each pair.
    """

    architecture: Architecture
    patterns: tuple[Pattern, ...]
    filters: Complex
    losses: Complex
    coordinates: Complex
    lengths: tuple[int, ...]
    stratum: NDArray[np.int16]
    conditions: Real
    residuals: Real
    thetas: Complex

    #: The columns: arrays with a row for each pair.
    COLUMNS = ("filters", "losses", "coordinates", "stratum", "conditions", "residuals", "thetas")

    def __post_init__(self) -> None:
        for name in self.COLUMNS:
            getattr(self, name).flags.writeable = False

    def __len__(self) -> int:
        return len(self.filters)

    def numbers(self) -> dict[Pattern, int]:
        """How many points, two of each pair, are on each stratum."""
        found = np.bincount(self.stratum, minlength=len(self.patterns)).tolist()
        return {pattern: 2 * number for pattern, number in zip(self.patterns, found, strict=True)}

    def part(self, rows: slice | NDArray[np.int64]) -> ConjugatePairs:
        """Some of the pairs."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self.COLUMNS})

    def sorted(self) -> ConjugatePairs:
        """The same pairs in the order of a result, in each of them the point first that comes first."""
        turned = _first_sign(self.filters.imag) > 0
        columns = {name: getattr(self, name) for name in self.COLUMNS}
        order = self._order()
        for name in self.COLUMNS:  # one after the other: no more than one column is in memory twice
            column = columns.pop(name)[order]
            if name in ("filters", "losses", "coordinates", "thetas"):
                rows = turned[order]
                column[rows] = column[rows].conj()
            columns[name] = column
        return replace(self, **columns)

    def _order(self) -> NDArray[np.int64]:
        """As `sorted_points`: by |loss|, then by the values of the filter."""
        sizes = np.hypot(self.losses.real, self.losses.imag)
        order = np.argsort(sizes, kind="stable")
        ordered = sizes[order]
        equal = np.zeros(len(order), dtype=bool)
        equal[1:] = ordered[1:] == ordered[:-1]
        equal[:-1] |= equal[1:]
        rows = order[equal]
        if rows.size:
            filters = self.filters[rows]
            ranks = {pattern: rank for rank, pattern in enumerate(sorted(self.patterns))}
            keys = [sizes[rows], *filters.real.T, *np.abs(filters.imag).T]
            keys += [np.array([ranks[pattern] for pattern in self.patterns])[self.stratum[rows]]]
            order[equal] = rows[np.lexsort(keys[::-1])]
        return order

    def points(self, first: int, offset: int) -> list[CriticalPoint]:
        """Both points of each pair; ``first`` is the number of the first of all pairs in the result.

        Parameters
        ----------
        first : int
            The number of the first point in the result.
        offset : int
            0 for the points of whole pairs from the first on.
        """
        arch = self.architecture
        layers = np.cumsum([0, *arch.layer_sizes])
        slices = [slice(*ends) for ends in zip(layers[:-1].tolist(), layers[1:].tolist(), strict=True)]
        both = {}
        for name in ("filters", "losses", "coordinates", "thetas"):
            column = getattr(self, name)
            both[name] = np.stack([column, column.conj()], axis=1).reshape(2 * len(column), *column.shape[1:])
            both[name].flags.writeable = False
        losses = both["losses"].tolist()
        pures = [all(partition[0] == 1 for partition in pattern) for pattern in self.patterns]
        smooth = [not arch.has_equal_layers(pattern) for pattern in self.patterns]
        result = []
        for row, (number, condition, residual) in enumerate(
            zip(self.stratum.tolist(), self.conditions.tolist(), self.residuals.tolist(), strict=True)
        ):
            for place in (2 * row, 2 * row + 1):
                theta = both["thetas"][place]
                result.append(
                    CriticalPoint.validated(
                        filter=both["filters"][place],
                        real=False,
                        loss=losses[place],
                        stratum=self.patterns[number],
                        pure=pures[number],
                        smooth=smooth[number],
                        residual=residual,
                        condition=condition,
                        parameters=(tuple([theta[layer] for layer in slices]),),
                        kinds=(None,),
                        indices=(None,),
                        coordinates=both["coordinates"][place, : self.lengths[number]],
                        conjugate=first + (place ^ 1),
                        architecture=arch,
                    )
                )
        return result[offset:]

    @staticmethod
    def joined(parts: Sequence[ConjugatePairs]) -> ConjugatePairs:
        """The pairs of several strata together, not sorted."""
        if len(parts) == 1:
            return parts[0]
        wide = max(part.coordinates.shape[1] for part in parts)
        columns: dict[str, Any] = {}
        for name in ConjugatePairs.COLUMNS:
            arrays = [getattr(part, name) for part in parts]
            if name == "coordinates":
                arrays = [np.pad(array, ((0, 0), (0, wide - array.shape[1]))) for array in arrays]
            columns[name] = np.concatenate(arrays)
        before = np.cumsum([0, *(len(part.patterns) for part in parts)])
        shifts = np.repeat(before[:-1], [len(part) for part in parts])
        columns["stratum"] = (columns["stratum"] + shifts).astype(np.int16)
        patterns = tuple(pattern for part in parts for pattern in part.patterns)
        lengths = tuple(length for part in parts for length in part.lengths)
        return replace(parts[0], patterns=patterns, lengths=lengths, **columns)


class ManyPoints(Sequence[CriticalPoint]):
    """The points of a large result: real ones as records, then conjugate pairs in columns.

    A sequence like the tuple of all points, of which complex points are made anew each time they are asked for.

    Parameters
    ----------
    real : iterable of CriticalPoint
        Sorted.
    pairs : ConjugatePairs
        Sorted.
    """

    def __init__(self, real: Iterable[CriticalPoint], pairs: ConjugatePairs) -> None:
        self.real = tuple(real)
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.real) + 2 * len(self.pairs)

    @overload
    def __getitem__(self, index: int) -> CriticalPoint: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[CriticalPoint, ...]: ...
    def __getitem__(self, index: int | slice) -> CriticalPoint | tuple[CriticalPoint, ...]:
        numbers = range(len(self))[index]
        if isinstance(numbers, int):
            return self._from(numbers, numbers + 1)[0]
        if numbers.step == 1:
            return tuple(self._from(numbers.start, numbers.stop))
        return tuple(self[number] for number in numbers)

    def __iter__(self) -> Iterator[CriticalPoint]:
        yield from self.real
        count = len(self.real)
        for first in range(0, len(self.pairs), RECORDS_TOGETHER):
            part = self.pairs.part(slice(first, first + RECORDS_TOGETHER))
            yield from part.points(count + 2 * first, 0)

    def _from(self, start: int, stop: int) -> list[CriticalPoint]:
        count = len(self.real)
        result = list(self.real[start:stop])
        if stop > count and stop > start:
            first, offset = divmod(max(start - count, 0), 2)
            part = self.pairs.part(slice(first, -(-(stop - count) // 2)))
            result += part.points(count + 2 * first, offset)
        return result[: max(stop - start, 0)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ManyPoints | tuple):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def with_real(self, real: Iterable[CriticalPoint]) -> ManyPoints:
        """The same pairs with other real points."""
        return ManyPoints(real, self.pairs)

    def with_pairs(self, pairs: ConjugatePairs) -> ManyPoints:
        """The same real points with other pairs."""
        return ManyPoints(self.real, pairs)

    def chosen(self, rows: NDArray[np.bool_]) -> list[CriticalPoint]:
        """The points of some of the pairs."""
        first = len(self.real)
        return [
            point
            for row in np.flatnonzero(rows).tolist()
            for point in self.pairs.part(slice(row, row + 1)).points(first + 2 * row, 0)
        ]


def real_ones(points: Sequence[CriticalPoint]) -> Sequence[CriticalPoint]:
    """The real ones among points, in their order; of `ManyPoints` without a look at the others."""
    return points.real if isinstance(points, ManyPoints) else [point for point in points if point.real]


def maybe_special(points: Sequence[CriticalPoint]) -> Sequence[CriticalPoint]:
    """The points among which those with several strata, multiplicities or singular equations are."""
    return points.real if isinstance(points, ManyPoints) else points


def maybe_near(points: Sequence[CriticalPoint], tolerances: Tolerances) -> Sequence[CriticalPoint]:
    """The points among which those that are nearly real or nearly singular are."""
    if not isinstance(points, ManyPoints):
        return points
    filters = points.pairs.filters
    norms = np.linalg.norm(filters, axis=1)
    near = np.abs(filters.imag).max(axis=1, initial=0.0) <= 2 * tolerances.real * norms
    return [*points.real, *points.chosen(near | (points.pairs.conditions > tolerances.singular))]


def maybe_ill_conditioned(points: Sequence[CriticalPoint]) -> Sequence[CriticalPoint]:
    """The points among which the ill-conditioned ones are."""
    if not isinstance(points, ManyPoints):
        return points
    return [*points.real, *points.chosen(points.pairs.conditions > LARGE_CONDITION)]


def count_all(
    points: Sequence[CriticalPoint], strata: Iterable[StratumResult], continua: Iterable[bool | None] = ()
) -> Counts:
    """As `count_points`, without a record of each point of `ManyPoints`."""
    if not isinstance(points, ManyPoints):
        return count_points(points, strata, continua)
    counts = count_points(points.real, strata, continua)
    pairs = points.pairs
    pure = np.array([all(partition[0] == 1 for partition in pattern) for pattern in pairs.patterns], dtype=bool)
    number = int(pure[pairs.stratum].sum())
    return replace(counts, pure=counts.pure + 2 * number, spurious=counts.spurious + 2 * (len(pairs) - number))


def _first_sign(values: Real) -> Real:
    """The sign of the first entry of each row that is not zero; 0 where there is none."""
    nonzero = values != 0
    first = nonzero.argmax(axis=1)
    return np.asarray(np.sign(values[np.arange(len(values)), first]))
