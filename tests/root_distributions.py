"""Roots with multiplicities shared out to layers by brute force: an oracle for counts of real factorizations."""

from __future__ import annotations

from functools import cache
from itertools import product


def distributions(degrees, clusters):
    """All ways to share roots with multiplicities out to layers of these degrees.

    Yields a matrix: how often each layer gets each root.
    """
    layers = range(len(degrees))
    shares = [
        [share for share in product(range(multiplicity + 1), repeat=len(degrees)) if sum(share) == multiplicity]
        for _, multiplicity in clusters
    ]
    for matrix in product(*shares):
        if all(sum(share[layer] for share in matrix) == degrees[layer] for layer in layers):
            yield matrix


def is_real(matrix, clusters):
    """Whether conjugate roots go to the same layers."""
    share_of = {root: share for (root, _), share in zip(clusters, matrix, strict=True)}
    for root, share in share_of.items():
        partner = min(share_of, key=lambda other: abs(other - root.conjugate()))
        if share_of[partner] != share:
            return False
    return True


@cache
def real_distributions(degrees, clusters):
    """How many real distributions there are, and how many where every layer's roots are simple."""
    matrices = [matrix for matrix in distributions(degrees, clusters) if is_real(matrix, clusters)]
    return len(matrices), sum(all(max(share) <= 1 for share in matrix) for matrix in matrices)
