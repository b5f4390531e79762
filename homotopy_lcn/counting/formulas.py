"""Closed formulas for white data, and for data that a change of coordinates of the layers makes white."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod

from ..networks.counts import singular_vector_tuples
from ..networks.strata import Stratum
from .gram_matrices import GramMatrix

__all__ = ["is_linear", "tensor_count", "two_layer_count"]


def is_linear(stratum: Stratum) -> bool:
    """Whether the filters of a stratum are a linear space, on which the loss has one critical point."""
    return not stratum.factors or (len(stratum.factors) == 1 and stratum.factors[0].power == 1)


def tensor_count(stratum: Stratum, gram: GramMatrix) -> int | None:
    """The number of singular vector tuples if filters are plain tensors and Σ is a tensor product; None otherwise.

    No two coefficients of Π_l w_l meet if no two sums of shifts agree. Then w is the tensor w_1 ⊗ … ⊗ w_L. For
    Σ = G_1 ⊗ … ⊗ G_L, wᵀΣw = Π_l w_lᵀ G_l w_l, and a change of coordinates of each layer makes all G_l the identity
    (Friedland, Ottaviani 2014, Theorem 1, counts for it).
    """
    if len(stratum.factors) < 2 or any(factor.power > 1 for factor in stratum.factors):
        return None
    indices = list(product(*(range(factor.degree + 1) for factor in stratum.factors)))
    dilations = [factor.dilation for factor in stratum.factors]
    places = [sum(j * dilation for j, dilation in zip(index, dilations, strict=True)) for index in indices]
    if len(set(places)) < len(places):
        return None
    corner = gram.entries[0][0]
    factor_matrices = [
        [[gram.entries[i * dilation][j * dilation] / corner for j in range(f.degree + 1)] for i in range(f.degree + 1)]
        for f, dilation in zip(stratum.factors, dilations, strict=True)
    ]
    for one, i in zip(indices, places, strict=True):
        for other, j in zip(indices, places, strict=True):
            parts = [matrix[p][q] for matrix, p, q in zip(factor_matrices, one, other, strict=True)]
            if gram.entries[i][j] != corner * prod(parts, start=Fraction(1)):
                return None
    return singular_vector_tuples([factor.degree for factor in stratum.factors])


def two_layer_count(stratum: Stratum, gram: GramMatrix) -> int | None:
    """For white data, a layer of size k = qs + t (0 ≤ t < s) and, s times as dilated, one of size 2; None otherwise.

    The number 4k − 2 − 4(q + 1) max(t − 1, 0) − 4q max(s − t − 1, 0) is a case of the eigenvalue rule: Γ_0 = I, and Γ_s
    is the adjacency matrix of t paths with q + 1 places and s − t with q places, which have that many different
    eigenvalues if paths of one length are counted once.
    """
    if len(stratum.factors) != 2 or not gram.is_white_up_to_torus:
        return None
    low, high = sorted(stratum.factors, key=lambda factor: factor.dilation)
    if high.degree != 1 or low.power * high.power > 1 or high.dilation == low.dilation:
        return None
    if high.dilation % low.dilation:
        return None
    size, s = low.degree + 1, high.dilation // low.dilation
    q, t = divmod(size, s)
    return 4 * size - 2 - 4 * (q + 1) * max(t - 1, 0) - 4 * q * max(s - t - 1, 0)
