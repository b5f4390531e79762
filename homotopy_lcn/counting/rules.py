"""The rules of docs/theory.md on Toeplitz Gram matrices: where points are lost, and how many.

A network whose strides are all greater than one is cut between two layers. The layers below the cut have the product P,
of K_1 coefficients and n_1 = Σ (k_l − 1) dimensions, the ones above it R(x^s), of K_2 coefficients and n_2 dimensions.
With the autocorrelations r_h of P and R and δ_0 = 1/2, δ_h = 1 for h > 0,

    μᵀΣμ = 2 Σ_{h, j} δ_h δ_j N_hj r_h(P) r_j(R),   N_hj = γ(js + h) + γ(js − h).

For M = rank N this is a sum of M products C_i E_i of quadrics in the layers below and above the cut.

* Rank rule: if M ≤ min(n_1, n_2), points are lost.
* ARMA rule: two layers and autocovariances of an ARMA(p, q) process. If M = p + 1 + ⌊(k_1 − 1 + q − p)/s⌋ is at most
  min(k_1, k_2) − 1, points are lost.
* Product rule: if moreover the common zeros B of all C_i and E_i are a transversal intersection, and the quadric has no
  other singular point, the generic Euclidean distance degree of B is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.counts import generic_ed_degree
from ..networks.strata import Stratum
from .critical_system import (
    ModularPolynomial,
    autocorrelations,
    derivative,
    linear_combination,
    patch_of,
    quadric_of,
    residues,
)
from .elimination import Rows, echelon
from .gram_matrices import GramMatrix
from .groebner import PRIMES, Search, residues_of
from .groebner_programs import leading_monomials
from .pencils import ed_degree_of_intersection
from .rank_rule import LagMatrix

__all__ = ["Cut", "arma_rule", "cuts", "product_rule", "rank_rule"]


class Cut(NamedTuple):
    """A network cut between two layers.

    Attributes
    ----------
    below : int
        Number of layers below the cut.
    stride : int
        The product s of their strides.
    lags : LagMatrix
        N, with K_1 rows and K_2 columns.
    """

    below: int
    stride: int
    lags: LagMatrix

    @property
    def pairing(self) -> Rows:
        """δ_h δ_j N_hj."""
        return [
            [value / (2 ** ((h == 0) + (j == 0))) for j, value in enumerate(row)]
            for h, row in enumerate(self.lags.entries)
        ]


def cuts(arch: Architecture, gram: GramMatrix) -> Iterator[Cut]:
    """All cuts of a network, for a Toeplitz Gram matrix of its size.

    Raises
    ------
    InputError
        If the network is not reduced, or the Gram matrix is not Toeplitz.
    """
    if not arch.is_reduced:
        raise InputError(f"arch: {arch} given; expected a reduced network, with all strides but the last above 1")
    if not gram.is_toeplitz or gram.size != arch.filter_size:
        raise InputError(f"gram: expected a Toeplitz matrix of size {arch.filter_size}")
    for below in range(1, arch.depth):
        stride = arch.dilations[below]
        first = 1 + sum(
            (k - 1) * dilation for k, dilation in zip(arch.filters[:below], arch.dilations[:below], strict=True)
        )
        second = 1 + (arch.filter_size - first) // stride
        dimensions = sum(k - 1 for k in arch.filters[:below]), sum(k - 1 for k in arch.filters[below:])
        yield Cut(below, stride, LagMatrix.of(gram.entries[0], (first, second), (1, stride), dimensions))


def rank_rule(arch: Architecture, gram: GramMatrix) -> bool:
    """Whether the rank rule says that points are lost; if not, the rule says nothing.

    Examples
    --------
    >>> from homotopy_lcn.counting.gram_matrices import gram_matrix
    >>> arch = Architecture((3, 3), (2, 1))
    >>> [rank_rule(arch, gram_matrix(text, 7)) for text in ("ar1:1/2", "ar:1/2,1/5")]
    [True, False]
    """
    return any(cut.lags.loses_points for cut in cuts(arch, gram))


def arma_rule(arch: Architecture, p: int, q: int) -> bool:
    """Whether the ARMA rule says that points are lost; if not, the rule says nothing.

    Parameters
    ----------
    arch : Architecture
        Two layers, the first with stride s ≥ 1.
    p, q : int
        Orders of the process.

    Examples
    --------
    >>> [arma_rule(Architecture((3, 3), (2, 1)), p, q) for p, q in ((1, 0), (0, 1), (2, 0), (0, 2))]
    [True, True, False, False]
    """
    if arch.depth != 2:
        raise InputError(f"arch: {arch.depth} layers given; expected two")
    (k, other), s = arch.filters, arch.strides[0]
    return p + 1 + (k - 1 + q - p) // s <= min(k, other) - 1


def product_rule(arch: Architecture, gram: GramMatrix, search: Search) -> int | None:
    """The number of critical parameters by the product rule; None where it says nothing.

    Its hypothesis holds if and only if the derivatives of the quadric generate the ideal of all C_i and E_i. Then these
    have independent derivatives at their common zeros, as the derivatives of Σ C_i E_i are combinations of them by the
    derivatives of the E_i and C_i. That is tested on a random affine patch, modulo a prime, by Gröbner bases.

    Raises
    ------
    GroebnerFailure
        If the program fails; `TimeIsUp` after the deadline.
    """
    for cut in cuts(arch, gram):
        if search.program is not None and cut.lags.loses_points and _is_transversal(arch, gram, cut, search):
            degrees = [k - 1 for k in arch.filters]
            return generic_ed_degree(degrees) - ed_degree_of_intersection(degrees, cut.below, cut.lags.rank)
    return None


def _is_transversal(arch: Architecture, gram: GramMatrix, cut: Cut, search: Search) -> bool:
    """The hypothesis of the product rule, see `product_rule`."""
    assert search.program is not None
    stratum = Stratum.of_layers(arch)
    unknowns = stratum.dimension - 1
    pairing = cut.pairing
    rows, pivots = echelon(pairing)
    below = [[row[pivot] for row in pairing] for pivot in pivots]
    for prime in PRIMES:
        sides = [[residues(row, prime) for row in side] for side in (below, rows)]
        modular = residues_of(gram)(prime, Random(0))
        if modular is not None and all(row is not None for side in sides for row in side):
            break
    else:
        return False
    patch = patch_of(stratum, prime, Random(f"{search.seed} product rule {stratum.name}"))
    lags = (
        autocorrelations(stratum, patch, range(cut.below), prime),
        autocorrelations(stratum, patch, range(cut.below, arch.depth), prime)[:: cut.stride],
    )
    parts = [
        linear_combination([{(0,) * unknowns: value} if value else {} for value in row or ()], lag, prime)
        for side, lag in zip(sides, lags, strict=True)
        for row in side
    ]
    form = quadric_of(stratum, patch, modular, prime)
    gradient = [derivative(form, i, prime) for i in range(unknowns)]

    def leading(equations: list[ModularPolynomial]) -> set[tuple[int, ...]]:
        assert search.program is not None
        return set(leading_monomials(search.program, equations, unknowns, prime, search.deadline))

    return leading(parts) == leading([form, *gradient])
