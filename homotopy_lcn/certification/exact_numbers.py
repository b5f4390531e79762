"""How many critical points the exact Gram matrix of a certificate has for generic b: upper bounds for every b.

The proof is Theorem 4 of the documentation (the page Theory, "As many points as the exact number"): for a fixed Gram
matrix and any moment vector, a stratum has at most as many isolated critical points as for a generic moment vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..counting.exact_counts import CountsDisagree, NotEstablished, exact_count, weakest
from ..counting.gram_matrices import GramMatrix
from ..counting.groebner import Search
from ..counting.quick_numbers import exact_gram, number_at_once
from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count
from ..networks.patterns import Pattern
from ..networks.strata import Embedding
from .tolerances import CERTIFICATION

__all__ = ["METHODS", "MODULAR", "ExactNumbers", "exact_numbers"]

#: The methods that assume something: what holds modulo two primes, for two random b, or on two random patches.
MODULAR = ("curves", "groebner")
#: Methods, the strongest first.
METHODS = ("formula", "eigenvalues", "nodes", *MODULAR)


@dataclass(frozen=True)
class ExactNumbers:
    """The numbers of all strata.

    Attributes
    ----------
    numbers : mapping of patterns to int
        The largest possible number of isolated critical points of each stratum, for every b.
    method : str
        The last in `METHODS` of the methods that gave them.
    """

    numbers: Mapping[Pattern, int]
    method: str


def exact_numbers(
    arch: Architecture, data: ExactData, proved: Mapping[Pattern, int], groebner: bool
) -> ExactNumbers | None:
    """The numbers for the exact Gram matrix, None if not all of them can be had.

    Parameters
    ----------
    arch : Architecture
    data : ExactData
    proved : mapping of patterns to int
        How many points are proved on each stratum. A number that is known at once only as an upper bound is given if it
        is met.
    groebner : bool
        Whether numbers modulo primes may be computed where a number is not known at once.
    """
    numbers: dict[Pattern, int] = {}
    methods = [METHODS[0]]
    left: list[StratumCount] = []
    for row in generic_count(arch):
        if proved.get(row.pattern, 0) == row.count:
            numbers[row.pattern] = row.count
        elif (found := _at_once(arch, data, row.pattern, proved.get(row.pattern, 0))) is not None:
            numbers[row.pattern], method = found
            methods.append(method)
        else:
            left.append(row)
    if left:
        found_by_bases = _by_groebner(arch, data, left) if groebner else None
        if found_by_bases is None:
            return None
        numbers |= found_by_bases[0]
        methods.append(found_by_bases[1])
    return ExactNumbers(numbers, max(methods, key=METHODS.index))


def _at_once(arch: Architecture, data: ExactData, pattern: Pattern, proved: int) -> tuple[int, str] | None:
    embedding = Embedding.of_pattern(arch, pattern)
    gram = exact_gram(data.restricted(embedding.positions).gram)
    known = None if gram is None else number_at_once(embedding.stratum, gram, proved)
    return None if known is None else (known.number, known.method)


def _by_groebner(
    arch: Architecture, data: ExactData, left: list[StratumCount]
) -> tuple[dict[Pattern, int], str] | None:
    """The numbers of some strata, by all methods."""
    gram: GramMatrix | None = exact_gram(data.gram)
    if gram is None:
        return None
    try:
        table = exact_count(arch, gram, Search.within(CERTIFICATION.seconds_for_groebner))
    except CountsDisagree:
        return None
    if isinstance(table, NotEstablished):
        return None
    wanted = {row.pattern for row in left}
    rows = [row for row in table if row.pattern in wanted]
    method = weakest(row.method or MODULAR[-1] for row in rows)
    # A smooth quadric gives the generic count, which no list of fewer points meets: the method has no name of its own.
    return {row.pattern: row.count for row in rows}, method if method in METHODS else MODULAR[0]
