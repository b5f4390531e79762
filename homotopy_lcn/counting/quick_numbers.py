"""Numbers of critical points for one Gram matrix and generic b that are known at once: by formulas, eigenvalues, nodes.

No Gröbner basis is computed. Each number is proved, and is the largest number of isolated critical points for every b,
see the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from ..errors import InputError
from ..networks.counts import generic_ed_degree
from ..networks.strata import Stratum
from .eigenvalues import fibre_of, least_by_eigenvalues
from .exact_counts import CountsDisagree, Established, quick_count
from .gram_matrices import GramMatrix
from .rank_rule import most_by_nodes

__all__ = ["exact_gram", "gives_all_points", "number_at_once"]

#: Filters of more coefficients are left out, and so are sizes of layers times bits of entries above the second number,
#: where rational eigenvalues take more than about a second.
LARGEST_FILTER_AT_ONCE = 60
MOST_BITS_OF_LAYERS = 700


def exact_gram(entries: Sequence[Sequence[float | Fraction]]) -> GramMatrix | None:
    """The Gram matrix of exact numbers, doubles among them; None if it is not positive definite, or too large."""
    if len(entries) > LARGEST_FILTER_AT_ONCE:
        return None
    try:
        return GramMatrix.of_exact([[Fraction(value) for value in row] for row in entries])
    except (InputError, ValueError, OverflowError):
        return None


def number_at_once(stratum: Stratum, gram: GramMatrix, found: int) -> Established | None:
    """The number of critical points in the coordinates of a stratum if it is known at once and may be ``found``.

    Parameters
    ----------
    stratum : Stratum
    gram : GramMatrix
        In the coordinates of the stratum.
    found : int
        How many distinct nonsingular points are found. The number by nodes is an upper bound, and is given if it is
        met.

    Returns
    -------
    Established or None
        None as well for a stratum with several factors of one block: some solutions are on smaller strata.
    """
    if len({factor.dilation for factor in stratum.factors}) < len(stratum.factors):
        return None
    if gram.is_white_up_to_torus:  # the substitution x ↦ cx makes it white
        gram = GramMatrix.of_exact([[Fraction(int(i == j)) for j in range(gram.size)] for i in range(gram.size)])
    if fibre_of(stratum) is not None:
        least = least_by_eigenvalues(stratum, gram)
        if least is None or least > found or _takes_long(stratum, gram, least):
            return None
    try:
        known = quick_count(stratum, gram)
    except CountsDisagree:  # an error of the counts, which they report; nothing is known then
        return None
    if isinstance(known, Established):
        return known
    nodes = most_by_nodes(stratum, gram)
    if nodes is None or nodes[0] != found:
        return None
    degrees, powers = zip(*((factor.degree, factor.power) for factor in stratum.factors), strict=True)
    generic = generic_ed_degree(degrees, powers)
    return Established(found, "nodes", f"{generic} − {nodes[1]} = {found}: {nodes[1]} nodes of the quadric")


def gives_all_points(stratum: Stratum, entries: Sequence[Sequence[float | Fraction]], found: int) -> bool:
    """Whether ``found`` distinct nonsingular points are all critical points, whatever b is; no if that is not known.

    There is at least one point. Then for no b there is another point, isolated or on a continuum, in the stratum.
    """
    return found >= 1 and _gives_all(stratum, tuple(map(tuple, entries)), found)


@lru_cache(maxsize=256)
def _gives_all(stratum: Stratum, entries: tuple[tuple[float | Fraction, ...], ...], found: int) -> bool:
    gram = exact_gram(entries)
    known = None if gram is None else number_at_once(stratum, gram, found)
    return known is not None and known.number == found


def _takes_long(stratum: Stratum, gram: GramMatrix, least: int) -> bool:
    """Whether rational numbers would take more than about a second."""
    bits = max(
        max(value.numerator.bit_length(), value.denominator.bit_length()) for row in gram.entries for value in row
    )
    return bits * (least + 2) // 4 > MOST_BITS_OF_LAYERS
