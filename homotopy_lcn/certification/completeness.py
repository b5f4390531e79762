"""Statements on all proved points together: pairwise distinct, complete, in order, the global minimum.

The global minimum needs an argument of its own, as there may be critical points that are not isolated. Suppose that N
isolated critical points are proved, as many as generic data have, and that Σ is positive semidefinite. Take generic
data close by with a positive definite matrix. Their loss has a least value on the function space M, at a critical
point. This point is close to one of the N points, since the data close by have no other critical points. So the least
value is close to the loss of this one of the N points, which lies in M as a limit of members of M. As the data close by
approach the given data, no filter of M has a smaller loss than the least loss of the N points in M. Where Σ has a
negative eigenvalue, be it by rounding, the loss may have no lower bound on M, and nothing is claimed.

Completeness can be proved by critical parameters θ, too, counted up to scaling. A point that is proved on a stratum
continues to a point of this stratum for generic data close by, with as many critical θ over it as the stratum has
factorizations. A point that is proved in the parameter space continues to one critical θ. If there are as many θ in all
as generic data have, no other isolated point is left: it would continue to one more θ.

For networks of any supports only the number of all critical parameters is a theorem, whatever the rank of Σ is. A
nonsingular point of a class of filters continues to a point of this class for generic data close by, which has as many
critical θ over it as the class has factorizations: the image of dμ there is the tangent space of the class. So such a
list is complete if its filters have that many θ in all, and the numbers of each class are not used. Symmetries of
ordinary networks are no symmetries of these.

Special Gram matrices have fewer points for every moment vector. The exact number for the Gram matrix and a generic
moment vector bounds the number of isolated points for every one (`exact_numbers`). If it is met, the list is complete
in the same way: the data close by have the same Gram matrix and a generic moment vector.

Losses may be equal exactly. If Σ and b are the same after a symmetry of all networks (see `results.ties`), the image of
an isolated critical filter is one. If all of them are proved, and the image of the enclosure of one meets the enclosure
of one alone, then that one is the image, and its loss is the same number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..doors import cached_property
from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, generic_count
from ..networks.patterns import Pattern, format_pattern
from ..networks.support_networks import SupportNetwork
from ..results.ties import symmetries_of_moments
from ._flint import arb, in_standard_precision
from .disc_arithmetic import Complex, Discs, Real, bound
from .exact_numbers import MODULAR, exact_numbers
from .krawczyk_in_balls import Ball, exact_rank, is_semidefinite
from .point_proofs import Proof, ProvedPoint
from .tolerances import CERTIFICATION

__all__ = [
    "ProvedPoints",
    "Statement",
    "StratumStatement",
    "describe_statement",
    "has_lower_bound",
    "possible_images",
    "state",
    "undecided_order",
]


class ProvedPoints(Sequence[ProvedPoint]):
    """Proved points in the order of their positions. Proofs kept in arrays are turned into balls on demand.

    Parameters
    ----------
    proofs : sequence of Proof
    mirrors : sequence of (int or None)
        For a point that is the conjugate of the point at another position: this other position. Both points have the
        same entry in ``proofs``.
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

    def __len__(self) -> int:
        return len(self.proofs)

    def __getitem__(self, position: int) -> ProvedPoint:  # type: ignore[override]
        mirror = self.mirrors[position]
        point = self.proofs[position].whole
        return point if mirror is None else point.mirrored()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProvedPoints):
            return NotImplemented
        return self.mirrors == other.mirrors and self.proofs == other.proofs

    def __hash__(self) -> int:
        return hash((self.mirrors, self.proofs))

    def __reduce__(self) -> tuple[Any, ...]:
        return ProvedPoints, (self.proofs, self.mirrors, self.middles.shape[1])

    @cached_property
    def overlapping(self) -> list[tuple[int, int]]:
        """Pairs (later, earlier) of filters that are not proved to differ.

        The enclosures of one fixed real functional are sorted. Only neighbours that overlap are compared in full: in
        balls if both were proved with more than the least precision, else in discs.
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
    """How many points of a stratum generic data have, and how many points are proved, pairwise distinct.

    ``exact`` is the largest possible number for the Gram matrix and any moment vector, where completeness follows from
    it.
    """

    pattern: Pattern
    generic: int
    proved: int
    exact: int | None = None


@dataclass(frozen=True)
class Statement:
    """The statement that is proved of all points together.

    Attributes
    ----------
    strata : tuple of StratumStatement
    complete : bool
        Whether there are no other isolated critical points with w ≠ 0.
    distinct : bool
        Whether all filters are proved to be pairwise distinct.
    global_minimum : int or None
        Position of the point that is proved to have the least loss of all filters of the network, w = 0 included; the
        first of several whose losses are equal by a symmetry of the data. None if it is undecided, without
        completeness, or if the Gram matrix has a negative eigenvalue.
    ordered : bool
        Whether the order of the losses of any two real points is proved: which one is less, or that they are equal by a
        symmetry of the data.
    in_parameters : int
        Number of points that are proved, pairwise distinct, in the parameter space and not on a stratum.
    method : str or None
        How the exact numbers of the strata were found if the list is complete by them: "formula", "eigenvalues",
        "nodes", "curves" or "groebner". The last two assume that the number modulo primes is that
        over the rationals.
    """

    strata: tuple[StratumStatement, ...]
    complete: bool
    distinct: bool
    global_minimum: int | None
    ordered: bool
    in_parameters: int = 0
    method: str | None = None


def describe_statement(statement: Statement) -> list[str]:
    """The statement on all points together in words."""
    if statement.complete:
        text = "these are all isolated critical filters w ≠ 0"
        if statement.method is None:
            return [f"complete, proved: {text}"]
        exact = sum(row.generic if row.exact is None else row.exact for row in statement.strata)
        fewer = f"{exact} of {sum(row.generic for row in statement.strata)} of generic data, for this Gram matrix"
        if statement.method in MODULAR:
            by = "Gröbner bases" if statement.method == MODULAR[-1] else "the curve of singular fibres"
            return [
                f"complete, proved on one assumption: {text}, {fewer}; the assumption is that {by} modulo two "
                "primes, for random moment vectors, give the number of points over the rational numbers"
            ]
        return [f"complete, proved: {text}, {fewer} ({statement.method})"]
    return (
        [
            f"stratum {format_pattern(row.pattern)}: {row.proved} of {row.generic} proved"
            for row in statement.strata
            if row.proved != row.generic
        ]
        + [f"in the parameter space: {statement.in_parameters} proved"] * (statement.in_parameters > 0)
        + ["not proved to be complete"]
    )


@in_standard_precision
def state(
    arch: Architecture, data: ExactData, points: ProvedPoints, *, at_once: bool = True, groebner: bool = True
) -> Statement:
    """The statement on all points together; points not proved to differ from an earlier point do not count.

    Parameters
    ----------
    arch : Architecture
    data : ExactData
    points : ProvedPoints
    at_once, groebner : bool
        Whether exact numbers for the Gram matrix are used that are known at once, and that computations modulo primes
        give, where generic data have more points.
    """
    repeated = {later for later, _ in points.overlapping}
    distinct = [proof for i, proof in enumerate(points.proofs) if i not in repeated]
    proved = Counter(proof.pattern for proof in distinct if proof.exact_pattern and not proof.in_parameters)
    in_parameters = sum(proof.in_parameters for proof in distinct)
    table, few = _count(arch, data)
    strata = tuple(StratumStatement(row.pattern, row.count, proved[row.pattern]) for row in table)
    others = isinstance(arch, SupportNetwork)
    complete = not others and all(row.proved == row.generic for row in strata)
    if not few:
        thetas = sum(proved[row.pattern] * row.factorizations for row in table) + in_parameters
        complete = complete or thetas == table.parameters
    method = None
    if not complete and not few and not others and at_once and distinct:
        known = exact_numbers(arch, data, proved, groebner)
        if known is not None:
            exact = sum(known.numbers[row.pattern] * row.factorizations for row in table)
            if thetas == exact or all(proved[row.pattern] == known.numbers[row.pattern] for row in table):
                complete, method = True, known.method
                strata = tuple(replace(row, exact=known.numbers[row.pattern]) for row in strata)
    real = {i: points[i].claims for i, proof in enumerate(points.proofs) if proof.real is not False}
    losses: dict[int, Ball] = {i: claims.loss.real for i, claims in real.items()}
    tied = possible_images(data, points) if complete and not repeated and not others else set()
    ordered = all(claims.real for claims in real.values()) and tied.issuperset(_unordered(losses))
    # Without real critical θ of its class a filter has none at all, if all critical θ are counted.
    possible = [i for i, claims in real.items() if claims.attained is not False and claims.indices != ()]
    best = min(possible, key=lambda i: float(losses[i].mid()), default=None)
    if best is not None:
        constant = arb(data.constant.numerator) / arb(data.constant.denominator)
        best = min([best, *(i for i in possible if (i, best) in tied)])
        larger = [losses[i] for i in possible if i != best and (i, best) not in tied] + [constant]
        sure = complete and not few and real[best].attained and all(losses[best] < other for other in larger)
        sure = sure and has_lower_bound(arch, data)
        best = best if sure else None
    return Statement(strata, complete, not repeated, best, ordered, in_parameters, method)


def undecided_order(arch: Architecture, data: ExactData, points: ProvedPoints) -> list[tuple[int, int]]:
    """Pairs of real points whose losses are not proved to differ, and are not equal by a symmetry of the data."""
    pairs = _unordered({i: points[i].claims.loss.real for i, proof in enumerate(points.proofs) if proof.real})
    tied = possible_images(data, points) if pairs and not isinstance(arch, SupportNetwork) else set()
    return [pair for pair in pairs if pair not in tied]


def possible_images(data: ExactData, points: ProvedPoints) -> set[tuple[int, int]]:
    """Pairs of real points, in both orders, one of which is the image of the other one if its image is a point at all.

    The image of the enclosure of the one under a symmetry of the exact data meets the enclosure of the other one, and
    no other enclosure.
    """
    pairs: set[tuple[int, int]] = set()
    symmetries = symmetries_of_moments(data.gram, data.b)
    for order, signs in symmetries.values():
        for i in (i for i, proof in enumerate(points.proofs) if proof.real is not False):
            met = np.flatnonzero(~_apart(points.middles[i, order] * signs, points.radii[i, order], points))
            if len(met) == 1 and met[0] != i:
                pairs |= {(i, int(met[0])), (int(met[0]), i)}
    return pairs


def _apart(middle: Complex, radius: Real, points: ProvedPoints) -> NDArray[np.bool_]:
    """Which points have enclosures that do not meet the one with this middle and these radii."""
    with np.errstate(all="ignore"):
        difference = points.middles - middle
        distance = np.maximum(np.abs(difference.real), np.abs(difference.imag)) * (1 - 2.0**-50)
        return np.asarray((distance > bound(points.radii + radius)).any(axis=1))


def _unordered(losses: dict[int, Ball]) -> list[tuple[int, int]]:
    by_loss = sorted(losses, key=lambda i: float(losses[i].mid()))
    return [(i, j) for i, j in pairwise(by_loss) if not losses[i] < losses[j]]


def has_lower_bound(arch: Architecture, data: ExactData) -> bool:
    """Whether the Gram matrix, taken exactly, is positive semidefinite on the filters of the network."""
    return is_semidefinite(data, arch.support)


def _count(arch: Architecture, data: ExactData) -> tuple[CountTable, bool]:
    """The most isolated points that each stratum can have, and whether the filters of residual zero are a continuum.

    Data with a Gram matrix of rank at most r and b in its range form an irreducible family. No member of the family has
    more isolated points than its generic members.
    """
    if isinstance(arch, SupportNetwork):
        return generic_count(arch), False
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
