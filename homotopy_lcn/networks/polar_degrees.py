"""Degrees of the sets on which critical points lie if the data are few: exact integers for generic data.

Let Σ = A D Aᵀ have rank r, at most the dimension m of the function space M, and let b = A c. X is the product of the
projective spaces of the blocks, of dimension n = m − 1, embedded in the projective space of filters by O(1, …, 1) and a
projection without base points; J is the derivative of its map μ.

* The filters of residual zero are the filters w of the Zariski closure of M with Aᵀw = D⁻¹c. Their set has dimension
  m − r and the degree of the closure, n! / Π n_b!, the degree of the Segre variety.
* The ramification locus of the projection w ↦ Aᵀw is {rank AᵀJ < r}: a cone, of codimension m − r + 1 in M. Critical
  points of residual e = b − Σw ≠ 0 lie on it, as Jᵀe = 0 and e is in the range of A. It is the degeneracy locus of r
  sections of the bundle of principal parts of O(1, …, 1), that is a polar variety, of the class
  p_j = Σ_i (−1)^i C(n + 1 − i, j − i) c_i(T) h^{j−i}, j = m − r + 1 (Piene 1978; Holme 1988), and of the degree
  ∫ p_j h^{n−j}.

The same sets in the space of parameters θ, of dimension Σ k_l, are unions of orbits of the L − 1 scalings. A cone over
a subvariety of Π P^{k_l − 1}, in all layers, has the sum of the multidegrees of the subvariety as its degree. The
ramification locus is such a cone. The parameters of residual zero are the points with ℓ(μ(θ)) = 1 for one linear form ℓ
on the cone over {Aᵀμ proportional to D⁻¹c}, a set of the class h^{r−1}; as ℓ(μ) is a form of degree L in θ, the degree
of the cone is multiplied by L.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb, factorial, prod

from ..errors import InputError, check_integer
from .architecture import Architecture
from .chow_ring import ChowRing, Classes

__all__ = [
    "closure_degree",
    "polar_degree",
    "ramification_parameter_degree",
    "zero_residual_parameter_degree",
]


def closure_degree(arch: Architecture) -> int:
    """The degree of the Zariski closure of the function space.

    Parameters
    ----------
    arch : Architecture

    Returns
    -------
    int
        n! / Π n_b!, with the degrees n_b of the blocks and their sum n: almost every filter has one factorization into
        blocks.

    Examples
    --------
    >>> closure_degree(Architecture((4, 2), (2, 1))), closure_degree(Architecture((3, 3), (2, 1)))
    (4, 6)
    >>> closure_degree(Architecture((3, 3), (1, 1)))
    1
    """
    degrees = [block.degree for block in arch.blocks]
    return factorial(sum(degrees)) // prod(map(factorial, degrees))


def polar_degree(arch: Architecture, rank: int) -> int:
    """The degree of the ramification locus, as a set of filters, for generic data of one rank.

    Parameters
    ----------
    arch : Architecture
    rank : int
        Rank r of the Gram matrix, from 0 to the dimension of the function space.

    Returns
    -------
    int
        0 if the locus is empty.

    Raises
    ------
    InputError
        If the rank is no integer in this range.

    Notes
    -----
    The number of isolated critical points of residual ≠ 0 for rank r is the sum of these degrees for the ranks 1, …, r.

    Examples
    --------
    >>> [polar_degree(Architecture((4, 2), (2, 1)), rank) for rank in (2, 3, 4, 5)]
    [0, 0, 4, 6]
    >>> [polar_degree(Architecture((3, 3), (2, 1)), rank) for rank in (2, 3, 4, 5)]
    [3, 6, 12, 12]
    """
    _check_rank(arch, rank)
    ring = ChowRing([block.degree for block in arch.blocks])
    return ring.integral(ring.product(_polar_class(ring, rank), ring.power(ring.hyperplanes(), max(rank - 2, 0))))


def zero_residual_parameter_degree(arch: Architecture, rank: int) -> int:
    """The degree of the set of parameters θ of residual zero, for generic data of one rank.

    Parameters
    ----------
    arch : Architecture
    rank : int
        As in `polar_degree`.

    Returns
    -------
    int
        Of the set in the space of all Σ k_l parameters.

    Raises
    ------
    InputError
        As in `polar_degree`.

    Examples
    --------
    >>> [zero_residual_parameter_degree(Architecture((4, 2), (2, 1)), rank) for rank in (2, 3, 4, 5)]
    [4, 6, 8, 8]
    >>> [zero_residual_parameter_degree(Architecture((3, 3), (2, 1)), rank) for rank in (2, 3, 4, 5)]
    [4, 8, 12, 12]
    """
    _check_rank(arch, rank)
    if rank == 0:
        return 1
    ring = ChowRing([k - 1 for k in arch.filters])
    cone = ring.product(ring.power(ring.hyperplanes(), rank - 1), ring.complete(arch.dimension - rank))
    return arch.depth * ring.integral(cone)


def ramification_parameter_degree(arch: Architecture, rank: int) -> int | None:
    """The degree of the parameters θ over the ramification locus, for generic data of one rank.

    Parameters
    ----------
    arch : Architecture
    rank : int
        As in `polar_degree`.

    Returns
    -------
    int or None
        Of the set in the space of all Σ k_l parameters. None if layers of equal dilation make a block: the parameters
        are then a covering of the blocks, whose class is not computed.

    Raises
    ------
    InputError
        As in `polar_degree`.

    Examples
    --------
    >>> [ramification_parameter_degree(Architecture((3, 3), (2, 1)), rank) for rank in (2, 3, 4, 5)]
    [3, 6, 7, 4]
    """
    _check_rank(arch, rank)
    if any(len(layers) > 1 for layers in arch.layer_degrees):
        return None
    ring = ChowRing([block.degree for block in arch.blocks])
    return ring.integral(ring.product(_polar_class(ring, rank), ring.complete(max(rank - 2, 0))))


def _check_rank(arch: Architecture, rank: int) -> None:
    check_integer("rank", rank, 0)
    if rank > arch.dimension:
        raise InputError(f"rank: {rank}; expected at most {arch.dimension}, the dimension of the function space")


@lru_cache(maxsize=64)
def _chern_classes(dimensions: tuple[int, ...]) -> tuple[Classes, ...]:
    ring = ChowRing(dimensions)
    total = ring.total_chern_class()
    return tuple(ring.part(total, i) for i in range(ring.dimension + 1))


def _polar_class(ring: ChowRing, rank: int) -> Classes:
    """The class p_j, j = n − r + 2; 0 if that is above n."""
    n = ring.dimension
    j = n - rank + 2
    if j > n:
        return {}
    h, chern = ring.hyperplanes(), _chern_classes(ring.dimensions)
    return ring.sum(
        ((-1) ** i * comb(n + 1 - i, j - i), ring.product(chern[i], ring.power(h, j - i))) for i in range(j + 1)
    )
