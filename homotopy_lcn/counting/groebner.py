"""Numbers of critical points as degrees of zero-dimensional systems modulo primes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from math import prod
from random import Random
from time import monotonic
from typing import NamedTuple

from ..networks.counts import generic_ed_degree
from ..networks.strata import Factor, Stratum
from .critical_system import (
    ModularPolynomial,
    coprimality,
    critical_system,
    derivative,
    longer,
    quadric,
    quadric_on_patch,
    residues,
    singular_system,
)
from .gram_matrices import GramMatrix
from .groebner_programs import (
    GroebnerFailure,
    GroebnerProgram,
    find_program,
    leading_monomials,
    number_of_standard_monomials,
)

__all__ = [
    "PRIMES",
    "Search",
    "count_by_groebner",
    "count_by_singular_points",
    "has_singular_points",
    "have_no_common_zero",
    "is_smooth",
    "residues_of",
]

#: Primes of 31 bits, the first two that divide no denominator are taken.
PRIMES = (2147483629, 2147483587, 2147483579, 2147483563, 2147483549)
#: Systems with more solutions for generic data are not begun: Gröbner bases of them take hours and gigabytes.
MOST_SOLUTIONS = 3000
#: Charts of a stratum at most for the search of common zeros: each is a system.
MOST_CHARTS = 500
#: Factors have homogeneous coordinates if they and their coefficients are so many at most.
LARGEST_HOMOGENEOUS = 11
#: Two factors have homogeneous coordinates together if all factors have so many coefficients at most.
MOST_HOMOGENEOUS = 7
#: Factors at most of a stratum whose cells are listed.
MOST_FACTORS = 12

#: A Gram matrix modulo a prime, which may be random; None if the prime divides a denominator.
ModularGram = Callable[[int, Random], Sequence[Sequence[int]] | None]


class _OnPatch(NamedTuple):
    """The quadric on a random patch, its derivatives, and the degree of the ideal of all of them, None if infinite."""

    form: ModularPolynomial
    gradient: list[ModularPolynomial]
    degree: int | None


@dataclass(frozen=True)
class Search:
    """By which program Gröbner bases are computed, and until when.

    Attributes
    ----------
    program : GroebnerProgram or None
        None if there is none: then nothing is computed.
    deadline : float or None
        A value of `time.monotonic`.
    seed : int
        Of the random moment vectors.
    known : dict
        Singular points of quadrics that are asked for more than once.
    """

    program: GroebnerProgram | None
    deadline: float | None = None
    seed: int = 0
    known: dict[tuple[object, ...], _OnPatch] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def within(cls, seconds: float | None, seed: int = 0) -> Search:
        """A search with the installed program that ends after some seconds, counted from here."""
        return cls(find_program(), None if seconds is None else monotonic() + seconds, seed)


def residues_of(gram: GramMatrix) -> ModularGram:
    """A given matrix modulo primes."""

    def rows(prime: int, _: Random) -> list[list[int]] | None:
        result = []
        for row in gram.entries:
            reduced = residues(row, prime)
            if reduced is None:
                return None
            result.append(reduced)
        return result

    return rows


def count_by_groebner(stratum: Stratum, gram: ModularGram, search: Search) -> int | None:
    """The number of solutions of the critical-point equations in the coordinates of a stratum, for generic b.

    For generic b all solutions are simple: the degree of the system is their number. It is computed for two primes and
    a random b for each. Factors of one block that enter with different powers have no common root: solutions with one
    are no points of the stratum, and are left out by an unknown t with t R = 1, R the product of the resultants.

    Returns
    -------
    int or None
        None without a program, and for systems that are too large.

    Raises
    ------
    GroebnerFailure
        If the two degrees differ, or the program fails; `TimeIsUp` after the deadline.
    """
    bound = generic_ed_degree(
        [factor.degree for factor in stratum.factors], [factor.power for factor in stratum.factors]
    )
    if search.program is None or bound > MOST_SOLUTIONS:
        return None
    degrees: list[int | None] = []
    for prime in PRIMES:
        rng = Random(f"{search.seed} {prime} {stratum.name}")
        rows = gram(prime, rng)
        if rows is None:
            continue
        b = [rng.randrange(prime) for _ in rows]
        equations = critical_system(stratum, rows, b, prime)
        unknowns = stratum.dimension
        if (condition := coprimality(stratum, prime)) is not None:
            unknowns += 1
            equations = [*({(*exponents, 0): value for exponents, value in e.items()} for e in equations), condition]
        leading = leading_monomials(search.program, equations, unknowns, prime, search.deadline)
        degrees.append(number_of_standard_monomials(leading, unknowns))
        if len(degrees) == 2:
            break
    else:
        raise GroebnerFailure(f"the denominators of the Gram matrix have too many of the primes {PRIMES}")
    one, other = degrees
    if one is None or one != other or one > bound:
        raise GroebnerFailure(
            f"two primes give the numbers {one} and {other} of solutions on the stratum {stratum.name}, of {bound} for "
            "generic data"
        )
    return one


def have_no_common_zero(stratum: Stratum, grams: Sequence[Sequence[Sequence[int]]], search: Search) -> bool | None:
    """Whether the quadrics wᵀΣw of some integral matrices have no common zero among the nonzero filters of a stratum.

    Modulo a prime, on all charts of the product of projective spaces, whose images are all nonzero filters: a common
    zero with complex coefficients would have a reduction modulo each prime, so that none modulo one prime is a proof.

    Returns
    -------
    bool or None
        None without a program, or if there are too many charts.
    """
    charts = list(product(*(range(factor.degree + 1) for factor in stratum.factors)))
    if search.program is None or len(charts) > MOST_CHARTS:
        return None
    prime, unknowns = PRIMES[0], stratum.dimension - 1
    for chart in charts:
        forms = [quadric(stratum, gram, chart, prime) for gram in grams]
        leading = leading_monomials(search.program, forms, unknowns, prime, search.deadline)
        if number_of_standard_monomials(leading, unknowns) != 0:
            return False
    return True


def is_smooth(stratum: Stratum, gram: ModularGram, search: Search) -> bool | None:
    """Whether the quadric {μᵀΣμ = 0} is shown to have no singular point, in the coordinates of a stratum.

    Modulo a prime, on all cells of the product of projective spaces: a complex singular point would have a reduction
    modulo each prime, so that none modulo one prime is a proof. Cells that differ by an exchange of equal factors are
    looked at once. One or two factors have homogeneous coordinates instead of cells: there is no singular point if and
    only if for each choice of one coefficient of each of these factors a product of powers of them is in the ideal, and
    so a leading monomial without other unknowns.

    Returns
    -------
    bool or None
        False if there is a singular point modulo the prime. None without a program, or if there are too many cells.

    Raises
    ------
    GroebnerFailure
        If the program fails; `TimeIsUp` after the deadline.
    """
    factors = stratum.factors
    if search.program is None or len(factors) > MOST_FACTORS:
        return None
    whole = _homogeneous(stratum)
    places = [(None,) if i in whole else range(factor.degree + 1) for i, factor in enumerate(factors)]
    if prod(map(len, places)) > MOST_CHARTS:
        return None
    for prime in PRIMES:
        if (rows := gram(prime, Random(0))) is not None:
            break
    else:
        raise GroebnerFailure(f"the denominators of the Gram matrix have all of the primes {PRIMES}")
    unknowns = sum(factor.degree + 1 for factor in factors)
    for cell in product(*places):
        alike: dict[Factor, list[int]] = {}
        for factor, place in zip(factors, cell, strict=True):
            if place is not None:
                alike.setdefault(factor, []).append(place)
        if any(one > other for listed in alike.values() for one, other in pairwise(listed)):
            continue
        equations, homogeneous = singular_system(stratum, rows, cell, prime)
        leading = leading_monomials(search.program, equations, unknowns, prime, search.deadline)
        supports = {frozenset(i for i, power in enumerate(monomial) if power) for monomial in leading}
        if not all(any(support <= set(chosen) for support in supports) for chosen in product(*homogeneous)):
            return False
    return True


def _homogeneous(stratum: Stratum) -> set[int]:
    """The factors with homogeneous coordinates: the largest one, and the next one if all are small.

    None in large strata, or if factors have powers: there cells are quicker, by orders of magnitude.
    """
    size = sum(factor.degree + 2 for factor in stratum.factors)
    if size > LARGEST_HOMOGENEOUS or any(factor.power > 1 for factor in stratum.factors):
        return set()
    largest = sorted(range(len(stratum.factors)), key=lambda i: -stratum.factors[i].degree)[:2]
    coefficients = size - len(stratum.factors)
    return set(largest if coefficients <= MOST_HOMOGENEOUS else largest[:1])


def has_singular_points(stratum: Stratum, gram: ModularGram, search: Search) -> bool:
    """Whether the quadric {μᵀΣμ = 0} has singular points modulo a prime, on a random patch; no for large strata.

    Then it is not smooth modulo this prime, and `is_smooth` need not be asked. `count_by_singular_points` uses the
    answer again.

    Raises
    ------
    GroebnerFailure
        If the program fails; `TimeIsUp` after the deadline.
    """
    if search.program is None or not _homogeneous(stratum):
        return False
    found = (_on_patch(stratum, gram, prime, search) for prime in PRIMES)
    return next((one.degree != 0 for one in found if one is not None), False)


def _on_patch(stratum: Stratum, gram: ModularGram, prime: int, search: Search) -> _OnPatch | None:
    """None if the prime divides a denominator."""
    assert search.program is not None
    rng = Random(f"{search.seed} {prime} singular points of {stratum.name}")
    if (rows := gram(prime, rng)) is None:
        return None
    key = stratum, prime, tuple(map(tuple, rows))
    if key not in search.known:
        unknowns = stratum.dimension - 1
        form = quadric_on_patch(stratum, rows, prime, rng)
        gradient = [derivative(form, i, prime) for i in range(unknowns)]
        leading = leading_monomials(search.program, [form, *gradient], unknowns, prime, search.deadline)
        search.known[key] = _OnPatch(form, gradient, number_of_standard_monomials(leading, unknowns))
    return search.known[key]


def count_by_singular_points(stratum: Stratum, gram: ModularGram, search: Search) -> int | None:
    """The number of critical points for generic b, if the quadric {μᵀΣμ = 0} has isolated singular points only.

    It is the generic number less the sum of the Milnor numbers (docs/theory.md, Theorem 2). With f = μᵀΣμ on a random
    patch and the ideal I of f and its derivatives, the degree of I is the sum of the Tjurina numbers. If the ideal of
    f² and the derivatives has the same degree, then f is in the ideal of the derivatives at each singular point, by
    Nakayama's lemma, and the Tjurina numbers are the Milnor numbers. The degree of I is computed for two primes and a
    random patch for each.

    Returns
    -------
    int or None
        None without a program, if factors have powers, if the singular points are not isolated or there is none, or if
        the Milnor numbers are larger.

    Raises
    ------
    GroebnerFailure
        If the two degrees differ, or the program fails; `TimeIsUp` after the deadline.
    """
    if search.program is None or any(factor.power > 1 for factor in stratum.factors):
        return None
    unknowns, degrees = stratum.dimension - 1, list[int]()
    for prime in PRIMES:
        if (on_patch := _on_patch(stratum, gram, prime, search)) is None:
            continue
        form, gradient, degree = on_patch
        if not degree:
            return None
        if not degrees:  # f² is large: an unknown z with f = z and z² = 0
            square = (*[0] * unknowns, 2)
            equations = [longer(one, 1) for one in gradient]
            equations += [longer(form, 1) | {(*[0] * unknowns, 1): prime - 1}, {square: 1}]
            leading = leading_monomials(search.program, equations, unknowns + 1, prime, search.deadline)
            if number_of_standard_monomials(leading, unknowns + 1) != degree:
                return None
        degrees.append(degree)
        if len(degrees) == 2:
            break
    else:
        raise GroebnerFailure(f"the denominators of the Gram matrix have too many of the primes {PRIMES}")
    if degrees[0] != degrees[1]:
        raise GroebnerFailure(
            f"two primes give the numbers {degrees[0]} and {degrees[1]} of singular points, with multiplicities, on "
            f"the stratum {stratum.name}"
        )
    return generic_ed_degree([factor.degree for factor in stratum.factors]) - degrees[0]
