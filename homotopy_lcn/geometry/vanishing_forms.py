"""Equations of the Zariski closure of the function space, exactly, and known inequalities that cut M out of it.

The forms that vanish on the closure are graded by degree and, as w_j ↦ t^j w_j preserves the closure, by the sum of the
indices of each monomial. In each bidegree they are the kernel of the matrix of all monomials at random integer points
of M. The kernel is computed modulo a prime and lifted to the rationals, and every form is checked at further integer
points in exact arithmetic. A wrong form would have to vanish at all these points by chance, and a form is missed only
if the prime divides a minor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, factorial, gcd, lcm, prod

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture

__all__ = ["Form", "default_degree", "known_inequalities", "vanishing_forms"]

#: Products of two residues fit into 64 bits.
PRIME = 2**31 - 1
#: No more monomials than this of one degree.
MAX_MONOMIALS = 3000
#: Points beyond the number of monomials, against chance, and points at which each form is checked exactly.
MORE_POINTS, CHECKS = 10, 20
#: Entries of the layers of integer points are smaller than this.
LARGEST_ENTRY = 10**4
#: Highest degree by default, unless the closure is a hypersurface.
USUAL_DEGREE = 3

Monomial = tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """A form with integer coefficients in the entries of the filter.

    Attributes
    ----------
    terms : tuple of (int, tuple of int)
        Coefficients and monomials, a monomial as the increasing indices of its variables: (0, 3, 3) is w_0 w_3².
    """

    terms: tuple[tuple[int, Monomial], ...]

    @property
    def degree(self) -> int:
        """Degree."""
        return len(self.terms[0][1])

    def __call__(self, filter: NDArray[np.float64] | list[Fraction] | list[int]) -> object:
        """The value at a filter, in its arithmetic."""
        return sum(coefficient * prod(filter[j] for j in monomial) for coefficient, monomial in self.terms)

    def __str__(self) -> str:
        """As in the paper, with capital letters for the entries, as long as they suffice."""
        last = max(monomial[-1] for _, monomial in self.terms)
        names = [chr(ord("A") + j) if last < 26 else f"w{j}" for j in range(last + 1)]
        text = ""
        for coefficient, monomial in self.terms:
            powers = [
                names[j] + (str(monomial.count(j)).translate(SUPERSCRIPTS) if monomial.count(j) > 1 else "")
                for j in dict.fromkeys(monomial)
            ]
            size = "" if abs(coefficient) == 1 else str(abs(coefficient))
            text += ("−" if coefficient < 0 else "+") + size + "".join(powers)
        return text.removeprefix("+").replace("+", " + ").replace("−", " − ").strip()


SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def default_degree(arch: Architecture) -> int:
    """The degree up to which forms are computed by default.

    The degree is at most 3; for a hypersurface the degree of the hypersurface, so that the only equation is found. The
    degree is lower, down to 0, where there are too many monomials.
    """
    degree = USUAL_DEGREE
    if arch.filter_size == arch.dimension + 1:
        degree = factorial(arch.dimension - 1) // prod(factorial(block.degree) for block in arch.blocks)
    while _monomials(arch, degree) > MAX_MONOMIALS:
        degree -= 1
    return degree


def _monomials(arch: Architecture, degree: int) -> int:
    return comb(arch.filter_size + degree - 1, degree)


def vanishing_forms(arch: Architecture, max_degree: int | None = None) -> tuple[Form, ...]:
    """Forms that vanish on the function space, without the forms that forms of lower degree generate.

    Parameters
    ----------
    arch : Architecture
    max_degree : int, optional
        By default `default_degree`.

    Returns
    -------
    tuple of Form
        Empty if the space is thick or no form of so low a degree vanishes.

    Raises
    ------
    InputError
        If there are too many monomials of that degree.

    Examples
    --------
    >>> [str(form) for form in vanishing_forms(Architecture((3, 2), (2, 1)))]
    ['AD² + B²E − BCD']
    """
    if arch.dimension == arch.filter_size:
        return ()
    if max_degree is None:
        max_degree = default_degree(arch)
    elif _monomials(arch, max_degree) > MAX_MONOMIALS:
        raise InputError(
            f"max_degree: {max_degree} with {arch.filter_size} variables makes more than {MAX_MONOMIALS} monomials; "
            "expected fewer"
        )
    rng = np.random.default_rng(0)
    found: list[Form] = []
    for degree in range(1, max_degree + 1):
        groups: dict[int, list[Monomial]] = {}
        for monomial in combinations_with_replacement(range(arch.filter_size), degree):
            groups.setdefault(sum(monomial), []).append(monomial)
        for weight in sorted(groups):
            found += _new_forms(arch, groups[weight], found, rng)
        if found and arch.filter_size == arch.dimension + 1:
            break  # the ideal of a hypersurface is principal
    return tuple(found)


def _new_forms(
    arch: Architecture, monomials: list[Monomial], known: list[Form], rng: np.random.Generator
) -> Iterator[Form]:
    """A basis of the forms in these monomials that vanish, modulo multiples of known ones."""
    points = [_integer_point(arch, rng) for _ in range(len(monomials) + MORE_POINTS)]
    kernel = _kernel([[prod(w[j] for j in monomial) % PRIME for monomial in monomials] for w in points])
    if not kernel:
        return
    index = {monomial: i for i, monomial in enumerate(monomials)}
    degree, weight = len(monomials[0]), sum(monomials[0])
    span: list[list[int]] = []
    for form in known:
        rest = weight - sum(form.terms[0][1])
        for factor in combinations_with_replacement(range(arch.filter_size), degree - form.degree):
            if sum(factor) != rest:
                continue
            row = [0] * len(monomials)
            for coefficient, monomial in form.terms:
                row[index[tuple(sorted(monomial + factor))]] += coefficient
            span.append([value % PRIME for value in row])
    # The kernel vectors that neither the multiples nor earlier ones generate are pivots among the columns.
    independent = _reduce([list(row) for row in zip(*span, *kernel, strict=True)])[1]
    for vector in (kernel[column - len(span)] for column in independent if column >= len(span)):
        lifted = _lift(vector, monomials)
        if lifted is None or any(lifted(_integer_point(arch, rng)) != 0 for _ in range(CHECKS)):
            raise ArithmeticError("a form modulo a prime is not one over the rationals")
        yield lifted


def _integer_point(arch: Architecture, rng: np.random.Generator) -> list[int]:
    """A filter of the reduced architecture with integer entries."""
    result = [1]
    for degree, dilation in arch.blocks:
        layer = [int(value) for value in rng.integers(-LARGEST_ENTRY, LARGEST_ENTRY, degree + 1)]
        product = [0] * (len(result) + degree * dilation)
        for q, value in enumerate(layer):
            for j, entry in enumerate(result):
                product[q * dilation + j] += value * entry
        result = product
    return result


def _reduce(rows: list[list[int]]) -> tuple[NDArray[np.int64], list[int]]:
    """Reduced row echelon form modulo the prime, and the pivot columns."""
    matrix = np.array(rows, dtype=np.int64)
    pivots: list[int] = []
    for column in range(matrix.shape[1]):
        row = len(pivots)
        if row == len(matrix):
            break
        candidates = np.flatnonzero(matrix[row:, column])
        if candidates.size == 0:
            continue
        other = row + int(candidates[0])
        matrix[[row, other]] = matrix[[other, row]]
        matrix[row] = matrix[row] * pow(int(matrix[row, column]), -1, PRIME) % PRIME
        factors = matrix[:, column].copy()
        factors[row] = 0
        matrix = (matrix - factors[:, None] * matrix[row] % PRIME) % PRIME
        pivots.append(column)
    return matrix[: len(pivots)], pivots


def _kernel(rows: list[list[int]]) -> list[list[int]]:
    matrix, pivots = _reduce(rows)
    result = []
    for free in sorted(set(range(len(rows[0]))) - set(pivots)):
        vector = [0] * len(rows[0])
        vector[free] = 1
        for row, pivot in zip(matrix.tolist(), pivots, strict=True):
            vector[pivot] = -row[free] % PRIME
        result.append(vector)
    return result


def _lift(vector: list[int], monomials: list[Monomial]) -> Form | None:
    """The form with small integer coefficients, the first one positive; None if there is none."""
    fractions = [_rational(value) for value in vector]
    if None in fractions:
        return None
    rational = [value for value in fractions if value is not None]
    scale = lcm(*(value.denominator for value in rational))
    integers = [int(value * scale) for value in rational]
    common = gcd(*integers) * (1 if next(filter(None, integers)) > 0 else -1)
    return Form(tuple((value // common, m) for value, m in zip(integers, monomials, strict=True) if value))


def _rational(residue: int) -> Fraction | None:
    """The fraction with small numerator and denominator in a residue class (Wang's algorithm)."""
    bound = int((PRIME // 2) ** 0.5)
    r, s, t, u = PRIME, residue, 0, 1
    while s > bound:
        quotient = r // s
        r, s, t, u = s, r - quotient * s, u, t - quotient * u
    if u == 0 or abs(u) > bound:
        return None
    return Fraction(s, u)


#: By the blocks and the degrees of their layers: Kohn, Montúfar, Shahverdi, Trager (2024), section 2 and Figure 1;
#: discriminants for one block.
_INEQUALITIES: dict[tuple[tuple[tuple[int, int], tuple[int, ...]], ...], tuple[str, ...]] = {
    (((2, 1), (1, 1)),): ("B² − 4AC ≥ 0",),
    (((3, 1), (1, 1, 1)),): ("B²C² − 4AC³ − 4B³D + 18ABCD − 27A²D² ≥ 0",),
    (((2, 1), (2,)), ((1, 2), (1,))): ("C² − 4AE ≥ 0",),
    (((2, 1), (1, 1)), ((1, 2), (1,))): (
        "C² − 4AE ≥ 0",
        "B⁴ − 4AB(BC − AD) ≥ 0",
        "D⁴ − 4DE(CD − BE) ≥ 0",
        "where B = D = 0: AE ≤ 0 or AC ≤ 0",
    ),
}


def known_inequalities(arch: Architecture) -> tuple[str, ...]:
    """Inequalities that, with the equations, describe M; empty where none are tabulated.

    The entries of the filter are A, B, C, … in their order.

    Examples
    --------
    >>> known_inequalities(Architecture((3, 2), (2, 1)))
    ('C² − 4AE ≥ 0',)
    """
    blocks = zip(arch.blocks, arch.layer_degrees, strict=True)
    return _INEQUALITIES.get(tuple(((block.degree, block.dilation), degrees) for block, degrees in blocks), ())
