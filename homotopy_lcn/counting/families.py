"""Families of Gram matrices whose generic members have the counts of generic data, by Bertini's theorem.

If the quadrics wᵀΣw of a linear family have no common zero among the nonzero filters of the closed image of μ, then the
quadric of a generic member is smooth on each product of projective spaces that is mapped there, and nothing is lost. A
family is described; a single matrix never is: the rule says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from ..networks.architecture import Architecture
from ..networks.counts import CountTable, generic_count, generic_ed_degree
from ..networks.limits import check_filter_size
from ..networks.strata import Stratum
from .exact_counts import Established, NotEstablished, StratumCounter, table_of
from .formulas import is_linear
from .groebner import Search, count_by_groebner, have_no_common_zero
from .groebner_programs import INSTALL, GroebnerFailure

__all__ = ["FAMILIES", "family_count"]

Matrix = list[list[int]]


def _circulant(size: int) -> list[Matrix]:
    """A matrix for each distance of two places on a circle."""
    distances = [[min(abs(i - j), size - abs(i - j)) for j in range(size)] for i in range(size)]
    return [[[int(value == h) for value in row] for row in distances] for h in range(size // 2 + 1)]


def _exchangeable(size: int) -> list[Matrix]:
    return [[[int(i == j) for j in range(size)] for i in range(size)], [[1] * size] * size]


#: Families with a proof for all networks, in a sentence.
PROVED = {
    "diagonal": "the quadrics w_i² have no common zero w ≠ 0",
    "toeplitz": (
        "the quadrics Σ w_i w_{i+h} are the coefficients of w(x) w(1/x), a product of nonzero polynomials for w ≠ 0"
    ),
    "hankel": "the quadrics Σ_{i+j=h} w_i w_j are the coefficients of w(x)², which is not zero for w ≠ 0",
    "moments": (
        "the derivatives of Σ_n (p_n · w)² with respect to the samples are the coefficients of products of w(x) and of "
        "the outputs, so that the quadric is smooth where not all outputs are zero; and generic samples with at least "
        "as many outputs as the function space has dimensions have no w ≠ 0 with outputs zero"
    ),
}
#: Linear families for which the common zeros are computed: the matrices that span them.
COMPUTED: dict[str, Callable[[int], list[Matrix]]] = {
    "circulant": _circulant,
    "exchangeable": _exchangeable,
}
#: All families, by the names that stand for them where a Gram matrix is expected.
FAMILIES = (*PROVED, *COMPUTED)


def family_count(arch: Architecture, family: str, search: Search) -> CountTable | NotEstablished:
    """The exact counts for generic members of a family of `FAMILIES` and generic b.

    Raises
    ------
    CountsDisagree
        If two methods give different numbers.
    """
    generic = generic_count(arch)
    check_filter_size(arch)
    name = f"generic {family}"
    if family in PROVED:
        return _as_generic(generic, name, f"Bertini: {PROVED[family]}")
    matrices = COMPUTED[family](arch.filter_size)
    counter = StratumCounter(arch, lambda stratum: _count_member(stratum, matrices, search))
    return table_of(generic, counter, name)


def _as_generic(generic: CountTable, name: str, reason: str) -> CountTable:
    rows = tuple(replace(row, generic=row.count, method="bertini", reason=reason) for row in generic)
    return CountTable(generic.architecture, rows, metric=name, method="bertini")


def _count_member(stratum: Stratum, matrices: Sequence[Matrix], search: Search) -> Established | NotEstablished:
    """The number of critical points on a stratum for a generic member of a linear family."""
    if is_linear(stratum):
        return Established(1, "formula", "the filters are a linear space: the unconstrained solution")
    if search.program is None:
        return NotEstablished(f"common zeros of the quadrics of the family are computed by {INSTALL}")
    try:
        if have_no_common_zero(stratum, matrices, search):
            degrees, powers = zip(*((factor.degree, factor.power) for factor in stratum.factors), strict=True)
            reason = "Bertini: the quadrics of the family have no common zero modulo a prime, hence none"
            return Established(generic_ed_degree(degrees, powers), "bertini", reason)
        count = count_by_groebner(stratum, lambda prime, rng: _random_member(matrices, prime, rng), search)
    except GroebnerFailure as error:
        return NotEstablished(f"Gröbner basis: {error}")
    if count is None:
        return NotEstablished("there are too many points for a Gröbner basis")
    return Established(count, "groebner", f"Gröbner bases for random members modulo two primes ({search.program.name})")


def _random_member(matrices: Sequence[Matrix], prime: int, rng: Random) -> Matrix:
    weights = [rng.randrange(1, prime) for _ in matrices]
    size = len(matrices[0])
    return [
        [
            sum(weight * matrix[i][j] for weight, matrix in zip(weights, matrices, strict=True)) % prime
            for j in range(size)
        ]
        for i in range(size)
    ]
