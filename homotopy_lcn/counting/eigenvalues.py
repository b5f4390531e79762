"""The number of critical points where one factor has degree one and the other one enters with power one.

Let w = q^m(x^{D_1}) · r(x^{D_2}), q of degree one and r of degree k − 1. For v ∈ P¹, the coefficients of q, all w of
this q are A(v) r with an injective matrix A(v), and wᵀΣw = rᵀ S(v) r: the entries of the symmetric matrix S = AᵀΣA (k ×
k) are binary forms of degree 2m. By the theory the number of critical points for generic b is the Euler characteristic,
up to sign, of the pairs (v, r) with rᵀS(v)r ≠ 0 and bᵀA(v)r ≠ 0. Over one v these r are an affine space without an
affine quadric. The Euler characteristic of this set is (−1)^{k−1}, save that it is zero if S(v) is singular, and if bᵀA
adj(S) Aᵀb = 0, where the hyperplane is tangent to the quadric. So the number is that of these v, less two. Let i_k =
det S / d_{k−1} be the last invariant factor of S, d_{k−1} the common divisor of the minors of size k − 1. The form bᵀA
adj(S) Aᵀb of degree 2mk is d_{k−1} times a form that has, for generic b, simple zeros elsewhere. Hence

    number = deg i_k + #{v : det S(v) = 0} − 2,                                                                 (1)

and 4mk − 2 at most. (For k = 1 the form is a square, and the number is #{v : S(v) = 0} + m − 2.)

For positive definite Σ no real v is a zero of det S. With v = (1, z), S(z) = Σ_e z^e S_e, and S_{2m} is positive
definite: i_k is the minimal polynomial of the companion matrix of the S_e.

Toeplitz matrices: S(v) = (v_0² + v_1²) Γ_0 + v_0 v_1 Γ_s if m = 1. Γ_0 is positive definite and Γ_s is symmetric. So S
is congruent to a diagonal matrix of the forms v_0² + μ v_0 v_1 + v_1², μ the eigenvalues of Γ_0^{−1} Γ_s. As S(1, ±1)
is positive definite, |μ| < 2, so each form has two zeros, and forms of different μ have no common zero. With e
different eigenvalues deg i_k = 2e is also the number of zeros, and (1) is 4e − 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.rational_polynomials import RationalPolynomial, square_free
from ..networks.strata import Factor, Stratum
from .critical_system import residues
from .elimination import echelon_modulo, quotient
from .gram_matrices import GramMatrix

__all__ = [
    "FIRST_LOOK",
    "FormCount",
    "annihilator_modulo",
    "count_by_eigenvalues",
    "count_by_roots",
    "fibre_of",
    "is_square_free_modulo",
    "least_by_eigenvalues",
]

#: Companion matrices with more rows than this are left to other methods: some ten seconds of rational numbers.
MOST_COMPANION_ROWS = 40
#: Doubles decide that eigenvalues are different if the gap is above this multiple of its error estimate.
CLEAR_GAP = 100.0
#: A prime for a first look: what holds modulo a prime for ranks and multiple roots may be special, never too generic.
FIRST_LOOK = 2**31 - 1
#: Vectors tried for a minimal polynomial. Almost all will do.
MOST_VECTORS = 10

Matrix = list[list[Fraction]]


@dataclass(frozen=True)
class FormCount:
    """The outcome for one Gram matrix.

    Attributes
    ----------
    count : int or None
        None if doubles leave it open.
    gap : float or None
        For doubles: the smallest gap of two eigenvalues, relative to the largest of them.
    distinct : int
        Number of different eigenvalues, or zeros of det S; of doubles, as they are.
    toeplitz : bool
        Whether `distinct` counts the eigenvalues of Γ_0^{−1} Γ_s.
    """

    count: int | None
    gap: float | None
    distinct: int
    toeplitz: bool


def fibre_of(stratum: Stratum) -> tuple[Factor, Factor] | None:
    """The two factors q and r of the rule, None if the stratum has others."""
    if len(stratum.factors) != 2:
        return None
    for base, fibre in (stratum.factors, stratum.factors[::-1]):
        if base.degree == 1 and fibre.power == 1:
            return base, fibre
    return None


def count_by_roots(stratum: Stratum, gram: GramMatrix) -> int | None:
    """The number for w = q^m, q of degree one; None for other strata, and for doubles."""
    if len(stratum.factors) != 1 or stratum.factors[0].degree != 1 or not gram.exact:
        return None
    [base] = stratum.factors
    coefficients = _coefficients(base, Factor(0, 1, 1), gram)
    roots = _number_of_roots([matrix[0][0] for matrix in reversed(coefficients)])
    return roots + base.power - 2


def count_by_eigenvalues(stratum: Stratum, gram: GramMatrix) -> FormCount | None:
    """The number for a stratum with the two factors of the rule; None for other strata, and for large matrices."""
    factors = fibre_of(stratum)
    if factors is None:
        return None
    base, fibre = factors
    if 2 * base.power * (fibre.degree + 1) > MOST_COMPANION_ROWS:
        return None
    coefficients = _coefficients(base, fibre, gram)
    toeplitz = gram.is_toeplitz and base.power == 1
    if not gram.exact:
        return _in_doubles(coefficients, toeplitz)
    # All eigenvalues or zeros are different if they are modulo a prime, which is quicker to see.
    size = (fibre.degree + 1) * (1 if toeplitz else 2 * base.power)
    most = 4 * size - 2 if toeplitz else 2 * size - 2
    if least_by_eigenvalues(stratum, gram) == most:
        return FormCount(most, None, size, toeplitz)
    if toeplitz:
        distinct = len(_minimal_polynomial(quotient(coefficients[0], coefficients[1]))) - 1
        return FormCount(4 * distinct - 2, None, distinct, True)
    minimal = _minimal_polynomial(_companion(coefficients))
    distinct = _number_of_roots(minimal)
    return FormCount(len(minimal) - 1 + distinct - 2, None, distinct, False)


def least_by_eigenvalues(stratum: Stratum, gram: GramMatrix) -> int | None:
    """A lower bound of the number that `count_by_eigenvalues` gives for exact numbers, modulo a prime and quickly.

    What is multiple over the rational numbers is multiple modulo the prime: the minimal polynomial has no larger degree
    there, and no more different zeros. Almost always the bound is the number. None if the rule does not apply.
    """
    factors = fibre_of(stratum)
    if factors is None or any(value.denominator % FIRST_LOOK == 0 for row in gram.entries for value in row):
        return None
    base, fibre = factors
    if 2 * base.power * (fibre.degree + 1) > MOST_COMPANION_ROWS:
        return None
    toeplitz = gram.is_toeplitz and base.power == 1
    coefficients = [[residues(row, FIRST_LOOK) or [] for row in matrix] for matrix in _coefficients(base, fibre, gram)]
    left, others = (coefficients[0], coefficients[1:2]) if toeplitz else (coefficients[-1], coefficients[:-1])
    size = len(left)
    solved = echelon_modulo([[*row, *(v for o in others for v in o[i])] for i, row in enumerate(left)], FIRST_LOOK)
    if sorted(solved) != list(range(size)):
        return None
    blocks = [[solved[i][size * (j + 1) : size * (j + 2)] for i in range(size)] for j in range(len(others))]
    if toeplitz:
        return 4 * (len(annihilator_modulo(blocks[0])) - 1) - 2
    length = size * len(others)
    matrix = [[int(j == i + size) for j in range(length)] for i in range(length - size)]
    matrix += [[-v % FIRST_LOOK for block in blocks for v in block[i]] for i in range(size)]
    polynomial = annihilator_modulo(matrix)
    return len(polynomial) - 1 + _number_of_roots_modulo(polynomial, FIRST_LOOK) - 2


def annihilator_modulo(matrix: list[list[int]]) -> list[int]:
    """The monic polynomial of least degree that annihilates a random vector, modulo `FIRST_LOOK`."""
    size = len(matrix)
    vector = [int(value) for value in np.random.default_rng(0).integers(1, FIRST_LOOK, size)]
    powers = [vector]
    for _ in range(size):
        vector = [sum(a * b for a, b in zip(row, vector, strict=True)) % FIRST_LOOK for row in matrix]
        powers.append(vector)
    # The first column of v, A v, … without a pivot is a combination of those before it.
    solved = echelon_modulo([list(row) for row in zip(*powers, strict=True)], FIRST_LOOK)
    degree = next(j for j in range(size + 1) if j not in solved)
    return [1, *(-solved[j][degree] % FIRST_LOOK for j in reversed(range(degree)))]


def _coefficients(base: Factor, fibre: Factor, gram: GramMatrix) -> list[Matrix]:
    """S_0, …, S_{2m}."""
    m, size = base.power, fibre.degree + 1
    result = [[[Fraction(0)] * size for _ in range(size)] for _ in range(2 * m + 1)]
    for i in range(m + 1):
        for j in range(m + 1):
            for p in range(size):
                for q in range(size):
                    entry = gram.entries[p * fibre.dilation + i * base.dilation][q * fibre.dilation + j * base.dilation]
                    result[i + j][p][q] += comb(m, i) * comb(m, j) * entry
    return result


def _companion(coefficients: Sequence[Matrix]) -> Matrix:
    """The matrix of the first-order system of S_d y^(d) + … + S_0 y = 0: its invariant factors are those of S(z)."""
    size, degree = len(coefficients[0]), len(coefficients) - 1
    blocks = [quotient(coefficients[-1], matrix) for matrix in coefficients[:-1]]
    rows = [[Fraction(int(j == i + size)) for j in range(size * degree)] for i in range(size * (degree - 1))]
    return [*rows, *([-value for block in blocks for value in block[i]] for i in range(size))]


def _minimal_polynomial(matrix: Matrix) -> RationalPolynomial:
    """The minimal polynomial of a rational matrix, the leading coefficient first.

    A polynomial of less than full degree that annihilates one vector is verified on all.
    """
    size = len(matrix)
    rng = np.random.default_rng(0)
    for _ in range(MOST_VECTORS):
        vector = [Fraction(int(value)) for value in rng.integers(-9, 10, size)]
        polynomial = _annihilator(matrix, vector)
        if len(polynomial) - 1 == size or _annihilates(polynomial, matrix):
            return polynomial
    raise ArithmeticError("no vector is found whose minimal polynomial is that of the matrix")


def _annihilator(matrix: Matrix, vector: list[Fraction]) -> RationalPolynomial:
    """The monic polynomial p of least degree with p(matrix) vector = 0."""
    size = len(matrix)
    reduced: list[tuple[int, list[Fraction]]] = []  # rows of an echelon form, each followed by its combination
    for power in range(size + 1):
        row = [*vector, *(Fraction(int(j == power)) for j in range(size + 1))]
        for pivot, other in reduced:
            if row[pivot]:
                factor = row[pivot]
                row = [value - factor * known for value, known in zip(row, other, strict=True)]
        place = next((j for j in range(size) if row[j]), None)
        if place is None:
            return row[size : size + power + 1][::-1]
        reduced.append((place, [value / row[place] for value in row]))
        vector = _image(matrix, vector)
    raise ArithmeticError("a matrix has no minimal polynomial")


def _annihilates(polynomial: RationalPolynomial, matrix: Matrix) -> bool:
    size = len(matrix)
    for k in range(size):
        start = [Fraction(int(j == k)) for j in range(size)]
        value = [Fraction(0)] * size
        for coefficient in polynomial:
            value = [a + coefficient * b for a, b in zip(_image(matrix, value), start, strict=True)]
        if any(value):
            return False
    return True


def _image(matrix: Matrix, vector: list[Fraction]) -> list[Fraction]:
    return [sum((a * b for a, b in zip(row, vector, strict=True) if a and b), Fraction(0)) for row in matrix]


def _number_of_roots(polynomial: RationalPolynomial) -> int:
    """Number of different complex zeros."""
    if is_square_free_modulo(polynomial, FIRST_LOOK):
        return len(polynomial) - 1
    return sum(len(part) - 1 for part in square_free(polynomial))


def is_square_free_modulo(polynomial: RationalPolynomial, prime: int) -> bool:
    """Whether the polynomial keeps its degree and has no multiple zero modulo a prime: then it has none at all."""
    if any(value.denominator % prime == 0 for value in polynomial) or polynomial[0].numerator % prime == 0:
        return False
    p = [value.numerator * pow(value.denominator, -1, prime) % prime for value in polynomial]
    return _number_of_roots_modulo(p, prime) == len(p) - 1


def _number_of_roots_modulo(polynomial: list[int], prime: int) -> int:
    """Number of different zeros in an extension, for a degree below the prime: that of the square-free part."""
    p, degree = polynomial, len(polynomial) - 1
    q = [value * (degree - j) % prime for j, value in enumerate(p[:-1])]
    while q and any(q):
        q = q[next(j for j, value in enumerate(q) if value) :]
        inverse = pow(q[0], -1, prime)
        while len(p) >= len(q):
            factor = p[0] * inverse % prime
            p = [(value - factor * (q[j] if j < len(q) else 0)) % prime for j, value in enumerate(p)][1:]
        p, q = q, p
    return degree - (len(p) - 1)


def _in_doubles(coefficients: Sequence[Matrix], toeplitz: bool) -> FormCount:
    """The number if the eigenvalues are clearly different; doubles cannot show that some agree."""
    arrays = [np.array(matrix, dtype=float) for matrix in coefficients]
    size, condition = len(arrays[0]), float(np.linalg.cond(arrays[-1]))
    if toeplitz:
        from scipy.linalg import eigh

        values: NDArray[Any] = eigh(arrays[1], arrays[0], eigvals_only=True)
        error = float(np.finfo(float).eps) * size * condition
        distinct, full = size, 4 * size - 2
    else:
        matrix = np.array(_companion(coefficients), dtype=float)
        values = np.linalg.eigvals(matrix)
        # Two eigenvalues that agree move apart by the square root of a perturbation.
        error = float(np.sqrt(np.finfo(float).eps * len(matrix) * condition))
        distinct, full = len(matrix), 2 * len(matrix) - 2
    differences = np.abs(values[:, None] - values[None, :])[~np.eye(len(values), dtype=bool)]
    largest = float(np.abs(values).max())
    gap = float(differences.min() / largest) if differences.size and largest > 0 else float(bool(len(values) == 1))
    return FormCount(full if gap > CLEAR_GAP * error else None, gap, distinct, toeplitz)
