"""Why the number of critical points drops: the singular points of the quadric {μᵀΣμ = 0}.

If the quadric has isolated singular points only, the number of critical points for generic b is the generic one less
the sum of their Milnor numbers. The degree of the ideal of f and its derivatives, f = μᵀΣμ on a random patch, is the
sum of their Tjurina numbers, which are not larger. All points are nodes if no vector is in the kernel of the Hessian at
one of them; then both sums are the number of points, which is checked by the total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from ..networks.counts import CountTable, generic_ed_degree
from ..networks.patterns import Pattern, format_pattern
from ..networks.strata import Stratum
from .critical_system import ModularPolynomial, derivative, linear_combination, longer, quadric_on_patch
from .exact_counts import CountsDisagree
from .gram_matrices import GramMatrix
from .groebner import PRIMES, Search, residues_of
from .groebner_programs import Exponents, GroebnerFailure, leading_monomials, number_of_standard_monomials

__all__ = ["SingularPoints", "singular_points"]


@dataclass(frozen=True)
class SingularPoints:
    """The singular points of the quadric of one stratum.

    Attributes
    ----------
    pattern : tuple of partitions
    generic, count : int
        Number of critical filters for generic data, and for the Gram matrix.
    dimension : int or None
        Dimension of the set of singular points, −1 if there is none; None if it is not computed.
    tjurina : int or None
        The sum of the Tjurina numbers of isolated singular points.
    nodes : bool or None
        Whether all singular points are nodes.
    """

    pattern: Pattern
    generic: int
    count: int
    dimension: int | None = None
    tjurina: int | None = None
    nodes: bool | None = None

    @property
    def sentence(self) -> str:
        """Why the number drops, as in ``39 − 16 = 23: 16 nodes``."""
        lost = self.generic - self.count
        sum_text = f"{self.generic} − {lost} = {self.count}"
        if lost == 0:
            return f"{self.generic}: no point is lost"
        if self.dimension is None:
            return sum_text
        if self.nodes:
            return f"{sum_text}: {lost} node{'s' if lost > 1 else ''} of the quadric"
        if self.dimension == 0:
            return (
                f"{sum_text}: isolated singular points of the quadric, with Milnor numbers of sum {lost} and Tjurina "
                f"numbers of sum {self.tjurina}"
            )
        return f"{sum_text}: the quadric is singular along a set of dimension {self.dimension}"


def singular_points(table: CountTable, gram: GramMatrix, search: Search) -> tuple[SingularPoints, ...]:
    """The singular points behind the counts of a table, stratum by stratum.

    They are computed where points are lost and the roots of each block have one multiplicity.

    Parameters
    ----------
    table : CountTable
        The counts for the Gram matrix.
    gram : GramMatrix
    search : Search

    Raises
    ------
    CountsDisagree
        If the nodes are not as many as the lost points.
    GroebnerFailure
        If the program fails, or is stopped.
    """
    result = []
    for row in table:
        generic = row.count if row.generic is None else row.generic
        found = SingularPoints(row.pattern, generic, row.count)
        uniform = all(len(set(partition)) == 1 for partition in row.pattern)
        if row.count < generic and uniform and search.program is not None:
            stratum = Stratum.of_pattern(table.architecture.blocks, row.pattern)
            found = _explained(found, stratum, gram, search)
        result.append(found)
    return tuple(result)


def _explained(known: SingularPoints, stratum: Stratum, gram: GramMatrix, search: Search) -> SingularPoints:
    rows_of = residues_of(gram)
    prime, rows = next(
        ((prime, rows) for prime in PRIMES if (rows := rows_of(prime, Random(0))) is not None), (0, None)
    )
    if rows is None:
        raise GroebnerFailure(f"the denominators of the Gram matrix have all of the primes {PRIMES}")
    unknowns = stratum.dimension - 1
    rng = Random(f"{search.seed} singular points {stratum.name}")
    form = quadric_on_patch(stratum, rows, prime, rng)
    gradient = [derivative(form, i, prime) for i in range(unknowns)]
    leading = _leading(search, [form, *gradient], unknowns, prime)
    dimension = _dimension(leading, unknowns)
    lost = known.generic - known.count
    tjurina = number_of_standard_monomials(leading, unknowns) if dimension <= 0 else None
    if dimension == -1 or (tjurina is not None and tjurina > lost):
        raise CountsDisagree(
            f"stratum {format_pattern(known.pattern)}: {lost} points are lost, and the Tjurina numbers of the singular "
            f"points have the sum {tjurina or 0}"
        )
    nodes = dimension == 0 and _all_are_nodes(search, form, gradient, prime, rng)
    if nodes and tjurina != lost:
        raise CountsDisagree(
            f"stratum {format_pattern(known.pattern)}: {lost} points are lost, and the quadric has {tjurina} nodes"
        )
    assert known.generic == generic_ed_degree(
        [factor.degree for factor in stratum.factors], [factor.power for factor in stratum.factors]
    )
    return SingularPoints(known.pattern, known.generic, known.count, dimension, tjurina, nodes)


def _all_are_nodes(
    search: Search, form: ModularPolynomial, gradient: Sequence[ModularPolynomial], prime: int, rng: Random
) -> bool:
    """Whether no vector v ≠ 0, in a random patch, is in the kernel of the Hessian at a singular point."""
    unknowns = len(gradient)
    vector: list[ModularPolynomial] = [
        {tuple(int(j == unknowns + i) for j in range(2 * unknowns)): 1} for i in range(unknowns)
    ]
    hessian = [[longer(derivative(row, i, prime), unknowns) for i in range(unknowns)] for row in gradient]
    kernel = [linear_combination(row, vector, prime) for row in hessian]
    one = (0,) * (2 * unknowns)
    patch: list[ModularPolynomial] = [{one: rng.randrange(1, prime)} for _ in range(unknowns)]
    slice_ = linear_combination(patch, vector, prime) | {one: prime - 1}
    equations = [*(longer(polynomial, unknowns) for polynomial in (form, *gradient)), *kernel, slice_]
    leading = _leading(search, equations, 2 * unknowns, prime)
    return number_of_standard_monomials(leading, 2 * unknowns) == 0


def _leading(search: Search, equations: Sequence[ModularPolynomial], unknowns: int, prime: int) -> list[Exponents]:
    assert search.program is not None
    return leading_monomials(search.program, equations, unknowns, prime, search.deadline)


def _dimension(leading: Sequence[Exponents], unknowns: int) -> int:
    """Dimension of the set of zeros, −1 if it is empty: unknowns at most of which no leading monomial is a product."""
    supports = [frozenset(i for i, power in enumerate(monomial) if power) for monomial in leading]
    if frozenset() in supports:
        return -1
    for size in range(unknowns, -1, -1):
        for chosen in combinations(range(unknowns), size):
            if not any(support <= set(chosen) for support in supports):
                return size
    return -1
