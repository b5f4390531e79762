"""Gram matrices of structured data by name, as exact rational numbers.

A name is a word, a colon and numbers, as ``ar1:1/2``. Numbers are decimals or fractions, and are read exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..arrays import Real
from ..doors import cached_property
from ..errors import InputError, check_integer, shortened
from ..losses.checked_arrays import numbers
from ..losses.checked_moments import DEFAULT_TOLERANCE, symmetric
from ..losses.exact_data import ExactData
from ..losses.exact_elimination import check_elimination, eliminate
from ..networks.limits import LARGEST_FILTER
from ..rationals import as_fraction
from .autocovariances import arma_autocovariances

__all__ = ["STRUCTURES", "GramMatrix", "gram_matrix"]

Entries = tuple[tuple[Fraction, ...], ...]
#: Names in names, as in ``weighted:1/2:ar1:1/2``, are read up to this depth.
MOST_NESTED = 4
#: A series is differenced at most this often, and has at most this many coefficients.
MOST_COEFFICIENTS = 100


@dataclass(frozen=True)
class GramMatrix:
    """A positive definite Gram matrix of rational numbers.

    Attributes
    ----------
    name : str
        The text that it was made from, or "given".
    entries : (K, K) tuple of tuples of Fraction
    exact : bool
        Whether the entries are the numbers that are meant. Doubles that are not integers are taken for rounded numbers.
    """

    name: str
    entries: Entries
    exact: bool = True

    @classmethod
    def of(cls, matrix: Any, name: str = "given") -> GramMatrix:
        """From an array, or rows of numbers, fractions and texts such as ``"1/3"``.

        Raises
        ------
        InputError
            If the matrix is not square, symmetric and positive definite. Asymmetry of rounding is removed from doubles.
        """
        array = np.asarray(matrix, dtype=object) if not isinstance(matrix, np.ndarray) else matrix
        leaves = array.ravel().tolist()
        exact = not any(isinstance(value, float) and not value.is_integer() for value in leaves)
        if not exact and array.dtype == object and any(isinstance(value, str | Fraction) for value in leaves):
            exact = True  # exact numbers and doubles together: all of them are meant
        if not exact:
            matrix = symmetric(numbers("gram", matrix), DEFAULT_TOLERANCE)
        return _checked(name, ExactData.of(matrix, [0] * len(array) if array.ndim else [0], 0).gram, exact)

    @classmethod
    def of_exact(cls, rows: Sequence[Sequence[Fraction]], name: str = "given") -> GramMatrix:
        """From rational numbers that are all meant.

        Raises
        ------
        InputError
            If the matrix is not symmetric and positive definite.
        """
        return _checked(name, ExactData.of(rows, [0] * len(rows), 0).gram, True)

    @property
    def size(self) -> int:
        """K, the number of rows."""
        return len(self.entries)

    @cached_property
    def array(self) -> Real:
        """The nearest doubles (K, K)."""
        return np.array([[float(value) for value in row] for row in self.entries])

    @cached_property
    def is_toeplitz(self) -> bool:
        """Whether the entries depend on i − j only."""
        return all(
            value == self.entries[abs(i - j)][0] for i, row in enumerate(self.entries) for j, value in enumerate(row)
        )

    @cached_property
    def is_white(self) -> bool:
        """Whether the matrix is a multiple of the identity."""
        return self.is_toeplitz and not any(self.entries[0][1:])

    @cached_property
    def is_white_up_to_torus(self) -> bool:
        """Whether the matrix is a multiple of D², D = diag(c^i): the substitution x ↦ cx makes it white."""
        diagonal = [row[i] for i, row in enumerate(self.entries)]
        off_diagonal = any(value for i, row in enumerate(self.entries) for j, value in enumerate(row) if i != j)
        return not off_diagonal and all(
            diagonal[i] * diagonal[i + 2] == diagonal[i + 1] ** 2 for i in range(self.size - 2)
        )

    @cached_property
    def symmetry_class(self) -> Entries:
        """What a positive factor, D Σ D with D = diag(c^i), c real, and the reversal of rows and columns do not change.

        Matrices have the same symmetry class if and only if they differ by these symmetries; then they have the same
        numbers of critical points.
        """
        found = _rescaled(self.entries)
        if found == tuple(row[::-1] for row in found[::-1]):  # the reversal of D Σ D is D Σ D
            return found
        return min(found, _rescaled([row[::-1] for row in self.entries[::-1]]))


def _rescaled(entries: Sequence[Sequence[Fraction]]) -> Entries:
    """The squares of the entries of D Σ D with their signs; the first two entries of its diagonal are one.

    D = diag(a c^i) has rational a² and c². The sign of c makes the first entry with odd i + j positive.
    """
    corner = entries[0][0]
    ratio = entries[1][1] / corner if len(entries) > 1 else Fraction(1)
    powers = [corner**2 * ratio**i for i in range(2 * len(entries))]
    odd = next((value for i, row in enumerate(entries) for value in row[(i + 1) % 2 :: 2] if value), corner)
    signs = (1, 1 if odd > 0 else -1)
    known: dict[tuple[int, int, int, int], Fraction] = {}  # Toeplitz matrices have few different entries

    def square(value: Fraction, place: int) -> Fraction:
        (top, bottom), power = value.as_integer_ratio(), powers[place]
        key = top, bottom, 0 if ratio == 1 else place, signs[place % 2]
        if key not in known:
            square = signs[place % 2] * top * abs(top)
            known[key] = Fraction(square * power.denominator, bottom * bottom * power.numerator)
        return known[key]

    return tuple(tuple(square(value, i + j) for j, value in enumerate(row)) for i, row in enumerate(entries))


def gram_matrix(text: str, size: int) -> GramMatrix:
    """The Gram matrix of structured data.

    Parameters
    ----------
    text : str
        A name of `STRUCTURES` with its numbers.
    size : int
        K, the number of rows.

    Returns
    -------
    GramMatrix

    Raises
    ------
    InputError
        If the name is not known, the numbers do not fit, a series is not stationary, or the matrix is not positive
        definite.

    Examples
    --------
    >>> [str(value) for value in gram_matrix("ar1:0.5", 3).entries[0]]
    ['4/3', '2/3', '1/3']
    >>> gram_matrix("walk", 3).array.tolist()
    [[1.0, 1.0, 1.0], [1.0, 2.0, 2.0], [1.0, 2.0, 3.0]]
    """
    size = check_integer("size", size, 1, LARGEST_FILTER)
    if not isinstance(text, str):
        raise InputError(f"gram: {shortened(text)} given; expected a text such as 'ar1:1/2'")
    plain = "".join(text.split())
    return _checked(plain, _entries(plain, size, MOST_NESTED), True)


def _checked(name: str, entries: Entries, exact: bool) -> GramMatrix:
    data = ExactData(entries, (Fraction(0),) * len(entries), Fraction(0))
    check_elimination(data)
    elimination = eliminate(data)
    if not elimination.semidefinite:
        raise InputError("gram: the matrix is indefinite; expected a positive definite matrix")
    if elimination.rank < len(entries):
        raise InputError(
            f"gram: the matrix is singular, of rank {elimination.rank} of {len(entries)}; expected a positive definite "
            "matrix (the argument rank counts for generic data of low rank)"
        )
    return GramMatrix(name, entries, exact)


def _entries(text: str, size: int, depth: int) -> Entries:
    word, _, rest = text.partition(":")
    if word not in STRUCTURES or depth == 0:
        raise InputError(
            f"gram: {shortened(text)} is not known; expected {', '.join(form for form, _ in STRUCTURES.values())}"
        )
    form, make = STRUCTURES[word]
    if bool(rest) != (":" in form):
        raise InputError(f"gram: {shortened(text)} given; expected the form {form}")
    return make(rest, size, depth)


def _list(text: str, form: str, least: int = 1, most: int | None = None) -> list[Fraction]:
    values = [as_fraction(item, "gram") for item in text.split(",")] if text else []
    if len(values) < least or (most is not None and len(values) > most) or len(values) > LARGEST_FILTER:
        raise InputError(f"gram: {len(values)} numbers in {shortened(text)}; expected the form {form}")
    return values


def _whole(text: str, form: str, most: int = LARGEST_FILTER) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise InputError(f"gram: {shortened(text)} given for an integer from 1 to {most}; expected the form {form}")
    return int(text)


def _toeplitz(gamma: Sequence[Fraction], size: int) -> Entries:
    padded = [*gamma, *[Fraction(0)] * size]
    return tuple(tuple(padded[abs(i - j)] for j in range(size)) for i in range(size))


def _by_rule(rule: Callable[[int, int], Fraction], size: int) -> Entries:
    return tuple(tuple(rule(i, j) for j in range(size)) for i in range(size))


def _white(rest: str, size: int, depth: int) -> Entries:
    return _toeplitz([Fraction(1)], size)


def _ar1(rest: str, size: int, depth: int) -> Entries:
    return _toeplitz(arma_autocovariances(_list(rest, "ar1:RHO", 1, 1), [], size), size)


def _ma1(rest: str, size: int, depth: int) -> Entries:
    return _toeplitz(arma_autocovariances([], _list(rest, "ma1:THETA", 1, 1), size), size)


def _arma(rest: str, size: int, depth: int) -> Entries:
    form = STRUCTURES["arma"][0]
    ar, semicolon, ma = rest.partition(";")
    if not semicolon:
        raise InputError(f"gram: {shortened(rest)} has no semicolon; expected the form {form}")
    phi, theta = (_list(part, form, 0, MOST_COEFFICIENTS) for part in (ar, ma))
    return _toeplitz(arma_autocovariances(phi, theta, size), size)


def _ar(rest: str, size: int, depth: int) -> Entries:
    return _arma(f"{rest};", size, depth)


def _ma(rest: str, size: int, depth: int) -> Entries:
    return _arma(f";{rest}", size, depth)


def _seasonal(rest: str, size: int, depth: int) -> Entries:
    """x_t = ρ x_{t−s} + ε_t."""
    form = STRUCTURES["seasonal"][0]
    period, _, rho = rest.partition(",")
    season = _whole(period, form)
    gamma = arma_autocovariances(_list(rho, form, 1, 1), [], (size - 1) // season + 1)
    return _toeplitz([gamma[h // season] if h % season == 0 else Fraction(0) for h in range(size)], size)


def _differenced(rest: str, size: int, depth: int) -> Entries:
    """White noise that is differenced D times: a moving average whose zeros are all one."""
    polynomial = [1]
    for _ in range(_whole(rest, STRUCTURES["differenced"][0], MOST_COEFFICIENTS)):
        polynomial = [a - b for a, b in zip([*polynomial, 0], [0, *polynomial], strict=True)]
    return _toeplitz(arma_autocovariances([], [Fraction(value) for value in polynomial[1:]], size), size)


def _circulant(rest: str, size: int, depth: int) -> Entries:
    """Entries that depend on the distance of i and j on a circle of K places."""
    form = STRUCTURES["circulant"][0]
    values = [*_list(rest, form, 1, size // 2 + 1), *[Fraction(0)] * size]
    return _by_rule(lambda i, j: values[min(abs(i - j), size - abs(i - j))], size)


def _exchangeable(rest: str, size: int, depth: int) -> Entries:
    rho = _list(rest, STRUCTURES["exchangeable"][0], 1, 1)[0]
    return _by_rule(lambda i, j: Fraction(1) if i == j else rho, size)


def _walk(rest: str, size: int, depth: int) -> Entries:
    return _by_rule(lambda i, j: Fraction(min(i, j) + 1), size)


def _weighted(rest: str, size: int, depth: int) -> Entries:
    """D Σ D, D = diag(c^i)."""
    factor, _, inner = rest.partition(":")
    c = _list(factor, STRUCTURES["weighted"][0], 1, 1)[0]
    if c == 0:
        raise InputError("gram: weights of zero given; expected weighted:C with C not zero")
    entries = _entries(inner or "white", size, depth - 1)
    powers = [c**i for i in range(size)]
    return _by_rule(lambda i, j: powers[i] * powers[j] * entries[i][j], size)


def _spread(rest: str, size: int, depth: int) -> Entries:
    """G ⊗ I_s: places of one remainder modulo s are correlated."""
    number, _, inner = rest.partition(":")
    s = _whole(number, STRUCTURES["spread"][0])
    entries = _entries(inner, (size - 1) // s + 1, depth - 1)
    return _by_rule(lambda i, j: entries[i // s][j // s] if (i - j) % s == 0 else Fraction(0), size)


def _copies(rest: str, size: int, depth: int) -> Entries:
    """I ⊗ G, G of size s: each s places after one another are independent of all others."""
    number, _, inner = rest.partition(":")
    s = _whole(number, STRUCTURES["copies"][0])
    entries = _entries(inner, s, depth - 1)
    return _by_rule(lambda i, j: entries[i % s][j % s] if i // s == j // s else Fraction(0), size)


def _given_toeplitz(rest: str, size: int, depth: int) -> Entries:
    return _toeplitz(_list(rest, STRUCTURES["toeplitz"][0], 1, size), size)


def _given_diagonal(rest: str, size: int, depth: int) -> Entries:
    values = _list(rest, STRUCTURES["diagonal"][0], size, size)
    return _by_rule(lambda i, j: values[i] if i == j else Fraction(0), size)


def _given_hankel(rest: str, size: int, depth: int) -> Entries:
    values = _list(rest, STRUCTURES["hankel"][0], 2 * size - 1, 2 * size - 1)
    return _by_rule(lambda i, j: values[i + j], size)


#: For each word the form of the text, and the function that makes the matrix from what follows the colon.
STRUCTURES: dict[str, tuple[str, Callable[[str, int, int], Entries]]] = {
    "white": ("white", _white),
    "ar1": ("ar1:RHO", _ar1),
    "ma1": ("ma1:THETA", _ma1),
    "ar": ("ar:PHI_1,…", _ar),
    "ma": ("ma:THETA_1,…", _ma),
    "arma": ("arma:PHI_1,…;THETA_1,…", _arma),
    "seasonal": ("seasonal:PERIOD,RHO", _seasonal),
    "differenced": ("differenced:TIMES", _differenced),
    "circulant": ("circulant:C_0,C_1,…", _circulant),
    "exchangeable": ("exchangeable:RHO", _exchangeable),
    "walk": ("walk", _walk),
    "weighted": ("weighted:C[:GRAM]", _weighted),
    "spread": ("spread:S:GRAM", _spread),
    "copies": ("copies:S:GRAM", _copies),
    "toeplitz": ("toeplitz:G_0,G_1,…", _given_toeplitz),
    "diagonal": ("diagonal:D_0,…", _given_diagonal),
    "hankel": ("hankel:H_0,…", _given_hankel),
}
