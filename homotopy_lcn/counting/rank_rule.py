"""The rank rule for two layers and stationary data, and the nodes that it finds.

Let Σ be Toeplitz with the autocovariances γ, let w = P(x) R(x^s) with sizes k_1 and k_2, and let N be the k_1 × k_2
matrix of all γ(js + h) + γ(js − h). With M the rank of N, wᵀΣw = Σ_{i≤M} C_i(P) E_i(R) with quadratic forms C_i and
E_i. If k_1 = k_2 = M + 1, and the C_i as well as the E_i have 2^M common zeros, then the pairs of common zeros are 4^M
nodes of the quadric wᵀΣw = 0: C_1, …, C_M, E_1, …, E_M are local coordinates there. Nodes are isolated singular points,
so for generic b at least 4^M points of generic data are lost (Theorem 2 of the documentation): the number is at most
the generic one less 4^M.

Common zeros are counted modulo a prime. If M quadrics in P^M have 2^M distinct common zeros modulo a prime, the scheme
of their common zeros is finite and étale over the integers localized at this prime: there are 2^M over C as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from random import Random

from ..networks.counts import generic_ed_degree
from ..networks.strata import Stratum
from .critical_system import residues
from .eigenvalues import FIRST_LOOK, is_square_free_modulo
from .elimination import echelon, echelon_modulo
from .gram_matrices import GramMatrix

__all__ = ["LagMatrix", "lag_matrix", "most_by_nodes"]

#: Quadrics in a space of more dimensions are not looked at: eliminations of some hundred rows.
MOST_QUADRICS = 4

Rows = list[list[int]]


@dataclass(frozen=True)
class LagMatrix:
    """The matrix N of stationary data, for filters w = P(x^D_1) R(x^D_2).

    Attributes
    ----------
    entries : tuple of tuple of Fraction, (K_1, K_2)
        γ(j D_2 + h D_1) + γ(j D_2 − h D_1) in row h and column j; K_1 and K_2 coefficients have P and R.
    dimensions : (int, int)
        n_1 and n_2, of the projective varieties of all P and of all R.
    """

    entries: tuple[tuple[Fraction, ...], ...]
    dimensions: tuple[int, int]

    @classmethod
    def of(
        cls,
        gamma: Sequence[Fraction],
        sizes: tuple[int, int],
        dilations: tuple[int, int],
        dimensions: tuple[int, int],
    ) -> LagMatrix:
        """The matrix for the autocovariances γ(0), γ(1), ….

        Parameters
        ----------
        gamma : sequence of Fraction
        sizes : (int, int)
            K_1 and K_2.
        dilations : (int, int)
            D_1 and D_2.
        dimensions : (int, int)
        """
        (rows, columns), (one, other) = sizes, dilations
        entries = tuple(
            tuple(gamma[j * other + h * one] + gamma[abs(j * other - h * one)] for j in range(columns))
            for h in range(rows)
        )
        return cls(entries, dimensions)

    @property
    def rank(self) -> int:
        """M, exactly."""
        return len(echelon(self.entries)[1])

    @property
    def loses_points(self) -> bool:
        """Whether the rank rule says that points are lost."""
        return self.rank <= min(self.dimensions)


def lag_matrix(stratum: Stratum, gram: GramMatrix) -> LagMatrix | None:
    """The matrix N; None if there are not two layers of different dilations, or Σ is not Toeplitz."""
    if len(stratum.factors) != 2 or not gram.is_toeplitz:
        return None
    low, high = sorted(stratum.factors, key=lambda factor: factor.dilation)
    if low.power * high.power > 1 or high.dilation == low.dilation:
        return None
    degrees = low.degree, high.degree
    sizes = low.degree + 1, high.degree + 1
    return LagMatrix.of(gram.entries[0], sizes, (low.dilation, high.dilation), degrees)


def most_by_nodes(stratum: Stratum, gram: GramMatrix) -> tuple[int, int] | None:
    """The largest possible number of critical points, and the number of nodes; None if no nodes are found.

    Parameters
    ----------
    stratum : Stratum
    gram : GramMatrix

    Notes
    -----
    The number of critical points is not larger. As many distinct points as that are all of them.
    """
    lags = lag_matrix(stratum, gram)
    if lags is None or len(set(lags.dimensions)) > 1 or not 1 <= lags.dimensions[0] <= MOST_QUADRICS:
        return None
    rank, size = lags.rank, lags.dimensions[0] + 1
    if rank != size - 1:
        return None
    columns = list(zip(*lags.entries, strict=True))
    # The forms of one layer are all combinations of columns, applied to its autocorrelations; so with rows.
    for vectors, _ in (echelon(columns), echelon(lags.entries)):
        rows = [residues(vector, FIRST_LOOK) for vector in vectors]
        if any(row is None for row in rows) or not _have_all_zeros([row for row in rows if row is not None]):
            return None
    nodes = 4**rank
    return generic_ed_degree([size - 1, size - 1], [1, 1]) - nodes, nodes


def _have_all_zeros(vectors: Sequence[Sequence[int]]) -> bool:
    """Whether the M forms Σ_h v_h r_h in M + 1 unknowns have 2^M distinct common zeros modulo `FIRST_LOOK`.

    r_h is the autocorrelation Σ_i x_i x_{i+h}, halved for h = 0. In the degree M the forms modulo the ideal of a finite
    set of zeros have dimension 2^M, and a linear form without a zero on it maps them onto those of the next degree.
    The quotient of two linear forms takes 2^M different values if and only if its minimal polynomial, modulo the prime,
    has 2^M different zeros.
    """
    prime, size = FIRST_LOOK, len(vectors) + 1
    half = pow(2, -1, prime)
    quadrics = []
    for vector in vectors:
        form: dict[tuple[int, ...], int] = {}
        for h, value in enumerate(vector):
            for i in range(size - h):
                form[i, i + h] = (form.get((i, i + h), 0) + (half * value if h == 0 else value)) % prime
        quadrics.append(form)
    degree = max(size - 1, 2)
    low, high = _Degree(quadrics, size, degree), _Degree(quadrics, size, degree + 1)
    number = 2 ** len(vectors)
    if low.dimension != number or high.dimension != number:
        return False
    rng = Random(0)
    one, other = ([rng.randrange(prime) for _ in range(size)] for _ in range(2))
    left, right = low.times(one, high), low.times(other, high)
    inverse = _inverse(left)
    return inverse is not None and _has_simple_spectrum(_product(inverse, right), rng)


class _Degree:
    """The forms of one degree modulo the ideal of some quadrics."""

    def __init__(self, quadrics: Sequence[dict[tuple[int, ...], int]], size: int, degree: int) -> None:
        self.monomials = list(combinations_with_replacement(range(size), degree))
        self.place = {monomial: j for j, monomial in enumerate(self.monomials)}
        rows = []
        for factor in combinations_with_replacement(range(size), degree - 2):
            for quadric in quadrics:
                row = [0] * len(self.monomials)
                for monomial, value in quadric.items():
                    row[self.place[tuple(sorted((*factor, *monomial)))]] = value
                rows.append(row)
        self.reduced = echelon_modulo(rows, FIRST_LOOK)
        self.standard = [j for j in range(len(self.monomials)) if j not in self.reduced]

    @property
    def dimension(self) -> int:
        return len(self.standard)

    def times(self, linear: Sequence[int], higher: _Degree) -> Rows:
        """The matrix of the product with a linear form, from these forms to those of the next degree."""
        images = []
        for j in self.standard:
            row = [0] * len(higher.monomials)
            for i, value in enumerate(linear):
                row[higher.place[tuple(sorted((*self.monomials[j], i)))]] = value
            images.append(higher.normal_form(row))
        return [list(column) for column in zip(*images, strict=True)]

    def normal_form(self, row: list[int]) -> list[int]:
        for place, known in self.reduced.items():
            if factor := row[place]:
                row = [(value - factor * other) % FIRST_LOOK for value, other in zip(row, known, strict=True)]
        return [row[j] for j in self.standard]


def _inverse(matrix: Rows) -> Rows | None:
    size, prime = len(matrix), FIRST_LOOK
    found = echelon_modulo([[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(matrix)], prime)
    if sorted(found) != list(range(size)):
        return None
    return [found[i][size:] for i in range(size)]


def _product(left: Rows, right: Rows) -> Rows:
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) % FIRST_LOOK for column in columns] for row in left]


def _has_simple_spectrum(matrix: Rows, rng: Random) -> bool:
    """Whether the characteristic polynomial has no multiple zero; no for an unlucky vector, too."""
    size, prime = len(matrix), FIRST_LOOK
    vector = [rng.randrange(prime) for _ in range(size)]
    powers = [vector]
    for _ in range(size):
        vector = [sum(a * b for a, b in zip(row, vector, strict=True)) % prime for row in matrix]
        powers.append(vector)
    # The columns are v, A v, …; the last one is a combination of the others if v is cyclic.
    found = echelon_modulo([list(row) for row in zip(*powers, strict=True)], prime)
    if sorted(found) != list(range(size)):
        return False
    polynomial = [1, *(-found[j][size] % prime for j in reversed(range(size)))]
    return is_square_free_modulo([Fraction(value) for value in polynomial], prime)
