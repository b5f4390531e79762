"""What is proved of all points together: pairwise distinct, complete, in order, the global minimum.

The global minimum needs an argument of its own, as there might be others than isolated critical points. Let all N of
them that generic data have be proved, and let Σ be positive semidefinite. For generic data close by with a positive
definite matrix, the loss has a least value on the function space M, at a critical point that is close to one of the
N, since it has no others. So it is close to that one's loss, and that one is in M, as the limit of members. As the
data approach the given ones, the loss of no filter of M is less than the least one of the N that are in M. Where Σ has
a negative eigenvalue, be it by rounding, the loss may have no lower bound on M, and nothing is claimed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, generic_count
from ..networks.patterns import Pattern, format_pattern
from ._flint import arb
from .disc_arithmetic import Complex, Discs, Real, bound
from .krawczyk_in_balls import Ball, exact_rank, is_semidefinite
from .point_proofs import Proof, ProvedPoint
from .tolerances import CERTIFICATION

__all__ = [
    "ProvedPoints",
    "Statement",
    "StratumStatement",
    "describe_statement",
    "has_lower_bound",
    "state",
    "undecided_order",
]


class ProvedPoints(Sequence[ProvedPoint]):
    """Proved points in the order of their positions. What is kept in arrays is turned into balls when it is asked for.

    Parameters
    ----------
    proofs : sequence of Proof
    mirrors : sequence of (int or None)
        For a point that is the conjugate of the one at another position: that position. Its entry in ``proofs`` is that
        of the other, then.
    filter_size : int
    """

    def __init__(self, proofs: Sequence[Proof], mirrors: Sequence[int | None], filter_size: int) -> None:
        self.proofs = tuple(proofs)
        self.mirrors = tuple(mirrors)
        count = len(self.proofs)
        self.middles: Complex = np.empty((count, filter_size), complex)
        self.radii: Real = np.empty((count, filter_size))
        for position, proof in enumerate(self.proofs):
            self.middles[position], self.radii[position] = proof.enclosure
        mirrored = [mirror is not None for mirror in self.mirrors]
        self.middles[mirrored] = self.middles[mirrored].conj()

    @classmethod
    def of(cls, points: Sequence[ProvedPoint], filter_size: int) -> ProvedPoints:
        """From points, which become proofs of their own."""
        return points if isinstance(points, ProvedPoints) else cls(points, [None] * len(points), filter_size)

    def __len__(self) -> int:
        return len(self.proofs)

    def __getitem__(self, position: int) -> ProvedPoint:  # type: ignore[override]
        mirror = self.mirrors[position]
        point = self.proofs[position].whole
        return point if mirror is None else point.mirrored(mirror)

    @cached_property
    def overlapping(self) -> list[tuple[int, int]]:
        """Pairs (later, earlier) of filters that are not proved to differ.

        The enclosures of one fixed real functional are sorted; only neighbours that overlap are compared in full, in
        balls if both of them were proved with more than the least precision.
        """
        pairs = _overlapping(self.middles, self.radii)
        return [(i, j) for i, j in pairs if not self._differ(i, j)]

    def _differ(self, i: int, j: int) -> bool:
        if min(self.proofs[i].precision, self.proofs[j].precision) <= CERTIFICATION.first_precision:
            return False
        left, right = self[i].solution.filter, self[j].solution.filter
        return not all(x.overlaps(y) for x, y in zip(left, right, strict=True))


@dataclass(frozen=True)
class StratumStatement:
    """How many points of a stratum there are for generic data, and how many of them are proved, pairwise distinct."""

    pattern: Pattern
    generic: int
    proved: int


@dataclass(frozen=True)
class Statement:
    """What is proved of all points together.

    Attributes
    ----------
    strata : tuple of StratumStatement
    complete : bool
        Whether there are no other isolated critical points with w ≠ 0.
    distinct : bool
        Whether all filters are proved to be pairwise distinct.
    global_minimum : int or None
        Position of the point that is proved to have the least loss of all filters of the network, and less than w = 0.
        None if undecided, without completeness, or if the Gram matrix has a negative eigenvalue.
    ordered : bool
        Whether the losses of any two real points are proved to differ, so that their order is.
    """

    strata: tuple[StratumStatement, ...]
    complete: bool
    distinct: bool
    global_minimum: int | None
    ordered: bool


def describe_statement(statement: Statement) -> list[str]:
    """The statement on all points together in words."""
    if statement.complete:
        return ["complete, proved: these are all isolated critical filters w ≠ 0"]
    return [
        f"stratum {format_pattern(row.pattern)}: {row.proved} of {row.generic} proved"
        for row in statement.strata
        if row.proved != row.generic
    ] + ["not proved to be complete"]


def state(arch: Architecture, data: ExactData, points: Sequence[ProvedPoint]) -> Statement:
    """What is proved of all points together; points not proved to differ from an earlier one do not count."""
    found = ProvedPoints.of(points, arch.filter_size)
    repeated = {later for later, _ in found.overlapping}
    proved = Counter(proof.pattern for i, proof in enumerate(found.proofs) if i not in repeated and proof.exact_pattern)
    table, few = _count(arch, data)
    strata = tuple(StratumStatement(row.pattern, row.count, proved[row.pattern]) for row in table)
    complete = all(row.proved == row.generic for row in strata)
    real = [i for i, proof in enumerate(found.proofs) if proof.real is not False]
    points = {i: found[i] for i in real}  # type: ignore[assignment]
    losses: dict[int, Ball] = {i: points[i].claims.loss.real for i in real}
    ordered = all(points[i].claims.real for i in real) and not _unordered(losses)
    possible = [i for i in real if points[i].claims.attained is not False]
    best = min(possible, key=lambda i: float(losses[i].mid()), default=None)
    if best is not None:
        constant = arb(data.constant.numerator) / arb(data.constant.denominator)
        others = [losses[i] for i in possible if i != best] + [constant]
        sure = complete and not few and points[best].claims.attained and all(losses[best] < other for other in others)
        sure = sure and has_lower_bound(arch, data)
        best = best if sure else None
    return Statement(strata, complete, not repeated, best, ordered)


def undecided_order(points: ProvedPoints) -> list[tuple[int, int]]:
    """Pairs of real points whose losses are not proved to differ."""
    return _unordered({i: points[i].claims.loss.real for i, proof in enumerate(points.proofs) if proof.real})


def _unordered(losses: dict[int, Ball]) -> list[tuple[int, int]]:
    by_loss = sorted(losses, key=lambda i: float(losses[i].mid()))
    return [(i, j) for i, j in pairwise(by_loss) if not losses[i] < losses[j]]


def has_lower_bound(arch: Architecture, data: ExactData) -> bool:
    """Whether the Gram matrix, taken exactly, is positive semidefinite on the filters of the network."""
    return is_semidefinite(data, arch.support)


def _count(arch: Architecture, data: ExactData) -> tuple[CountTable, bool]:
    """The most isolated points that each stratum can have, and whether those of residual zero are a continuum.

    Data with a Gram matrix of rank at most r and b in its range form an irreducible family; none of its members has
    more isolated points than the generic ones.
    """
    rank = exact_rank(data, arch.support)
    few = rank < arch.dimension
    return generic_count(arch, rank=rank) if few else generic_count(arch), few


def _overlapping(middles: Complex, radii: Real) -> list[tuple[int, int]]:
    """Pairs (later, earlier) of rows of discs that are not proved to differ."""
    count, size = middles.shape
    if count < 2:
        return []
    functional = np.exp(1j * np.sqrt(2.0) * (1 + np.arange(size)) ** 2)
    with np.errstate(all="ignore"):
        values = (Discs(middles, radii) * Discs.exact(functional)).sum(axis=1)
        middle, radius = values.mid.real, values.rad
        low, high = np.nextafter(middle - radius, -np.inf), np.nextafter(middle + radius, np.inf)
        unknown = ~(np.isfinite(low) & np.isfinite(high))
        low[unknown], high[unknown] = -np.inf, np.inf
        order = np.argsort(low, kind="stable")
        ends = np.searchsorted(low[order], high[order], side="right")
        pairs: list[tuple[int, int]] = []
        rows, offset = np.arange(count), 1
        while (rows := rows[rows + offset < ends[rows]]).size:
            left, right = order[rows], order[rows + offset]
            difference = middles[left] - middles[right]
            apart = np.maximum(np.abs(difference.real), np.abs(difference.imag)) * (1 - 2.0**-50)
            same = ~(apart > bound(radii[left] + radii[right])).any(axis=1)
            pairs += zip(np.maximum(left, right)[same].tolist(), np.minimum(left, right)[same].tolist(), strict=True)
            offset += 1
    return sorted(pairs)
