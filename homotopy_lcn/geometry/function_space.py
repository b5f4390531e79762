"""The function space M of an architecture: dimension, degree, closedness, boundary, singularities.

M = μ(R^Σk) is a cone in R^K. Its Zariski closure consists of the real filters with a complex factorization
w = Π_b P_b(x^{D_b}) over the blocks of the reduced architecture, since the reduced μ, as a map of projective spaces, is
finite and birational onto its image. Therefore hyperroots decide all questions (see `hyperroots`).
The module `filter_geometry` answers the same questions for a single filter.

Sources: Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks*
(2024), sections 2 and 3; Shahverdi, *Algebraic Complexity and Neurovariety of Linear Convolutional Networks* (2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import factorial, prod
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from ..doors import ShownInNotebooks
from ..networks.architecture import Architecture
from ..networks.limits import LARGEST_DEGREE, check_degree, check_filter_size
from ..networks.polar_degrees import closure_degree
from ..networks.support_networks import SupportNetwork
from .block_factorizations import factorizations_of
from .hyperroots import NEGATIVE, PAIR, POSITIVE, ZERO, Levels, Part, Undecided, conjugate, total_supply
from .nearby_filters import RootPattern, bad_patterns, filter_of_pattern, first_roots, integers_where_near
from .root_classes import RootClass
from .support_spaces import SupportSpace, describe_support_space

__all__ = ["REDUCED", "STRIDE_ONE", "CriticalType", "FunctionSpace", "describe_function_space"]

Array = NDArray[Any]

REDUCED, STRIDE_ONE = "reduced", "stride-one"
#: A boundary point is looked for where at most this many pairs of classes of roots coincide.
MOST_COINCIDENCES = 3


class CriticalType(NamedTuple):
    """A way for dμ to drop rank at parameters θ with μ(θ) ≠ 0.

    Attributes
    ----------
    dilation : int
        D_b: the common hyperroot is a factor x^{D_b} − c y^{D_b}.
    within : bool
        Whether two layers of the block can share it.
    below : bool
        Whether it can be assembled from the blocks below.
    """

    dilation: int
    within: bool
    below: bool


@dataclass(frozen=True)
class FunctionSpace(ShownInNotebooks):
    """Facts of the function space M of an architecture; None where a question is too large to decide.

    Attributes
    ----------
    architecture, reduced : Architecture
    filter_size, dimension : int
        K and dim M.
    thick : bool
        Whether M has full dimension in R^K.
    closed : bool or None
        Whether M is Zariski closed.
    closure_witness : (K,) float array or None
        A filter in the Zariski closure that is not in M.
    reduced_closed, fills_reduced : bool or None
        Whether the function space of the reduced architecture is Zariski closed, and whether M is equal to it.
    smooth : bool
        Whether the Zariski closure is smooth away from 0.
    singular_witness : (K,) float array or None
        A singular point of the closure with several real factorizations over the blocks.
    singular_factorizations : tuple of tuple of (n_b + 1,) float arrays
        Two of these: for each the P_b with w = Π_b P_b(x^{D_b}), each with leading coefficient 1. Empty if there is no
        witness.
    boundary_witnesses : dict of str to (K,) float array
        For each type of boundary points w ≠ 0 that occurs, ``"reduced"`` or ``"stride-one"``, one of them.
    degree : int
        Degree of the Zariski closure, as a variety in the projective space of filters.
    fibre, fibre_orbits : int
        Number of complex θ over a generic filter, up to scaling; also up to exchanging equal layers of one block.
    critical_types : tuple of CriticalType
        Hyperroots that make dμ drop rank at θ with μ(θ) ≠ 0; empty if there are no such θ.
    """

    architecture: Architecture
    reduced: Architecture
    filter_size: int
    dimension: int
    thick: bool
    closed: bool | None
    closure_witness: Array | None
    reduced_closed: bool | None
    fills_reduced: bool | None
    smooth: bool
    singular_witness: Array | None
    singular_factorizations: tuple[tuple[Array, ...], ...]
    boundary_witnesses: dict[str, Array]
    degree: int
    fibre: int
    fibre_orbits: int
    critical_types: tuple[CriticalType, ...]


@overload
def describe_function_space(arch: SupportNetwork) -> FunctionSpace | SupportSpace: ...  # type: ignore[overload-overlap]
@overload
def describe_function_space(arch: Architecture) -> FunctionSpace: ...
def describe_function_space(arch: Architecture) -> FunctionSpace | SupportSpace:
    """Facts of the function space of an architecture, decided exactly.

    Parameters
    ----------
    arch : Architecture

    Returns
    -------
    FunctionSpace
        For networks of any supports `SupportSpace`, or the facts of the ordinary network with the same filters.

    Raises
    ------
    InputError
        If filters have more than `LARGEST_FILTER` coefficients, or the total degree is above `LARGEST_DEGREE`.

    Examples
    --------
    >>> space = describe_function_space(Architecture((3, 2), (2, 1)))
    >>> space.dimension, space.degree, space.closed, space.smooth
    (4, 3, False, False)
    >>> space.closure_witness.tolist(), space.boundary_witnesses["reduced"].tolist()
    ([1.0, 0.0, 0.0, 0.0, 1.0], [1.0, 0.0, -2.0, 0.0, 1.0])
    """
    if isinstance(arch, SupportNetwork):
        if arch.one_dimensional is None:
            return describe_support_space(arch)
        arch = arch.one_dimensional
    check_filter_size(arch, "a Gram matrix")
    check_degree(arch, LARGEST_DEGREE, "a function space")
    blocks, layers = arch.blocks, arch.layer_degrees
    closed: bool | None = True
    reduced_closed: bool | None = True
    fills_reduced: bool | None = True
    closure_witness, singular_witness = None, None
    singular_pair: tuple[tuple[Array, ...], ...] = ()
    boundary: dict[str, Array] = {}
    smooth = True
    if blocks:
        levels = Levels.of(arch)
        smooth = levels.unique
        if not smooth:
            swappable = _swappable(levels)
            with np.errstate(all="ignore"):
                singular_witness = filter_of_pattern(swappable, levels, arch.grid)
            if np.isfinite(singular_witness).all():
                singular_pair = _two_factorizations(arch, levels, swappable)
            else:  # with hundreds of roots its entries are no doubles
                singular_witness = None
        try:
            bad = bad_patterns(levels)
        except Undecided:
            closed = reduced_closed = fills_reduced = None
        else:
            closed = bad == (None, None)
            reduced_closed, fills_reduced = bad.reduced is None, bad.stride_one is None
            for name, pattern in ((REDUCED, bad.reduced), (STRIDE_ONE, bad.stride_one)):
                if pattern is not None:
                    if closure_witness is None:
                        closure_witness = filter_of_pattern(pattern, levels, arch.grid)
                    boundary[name] = filter_of_pattern(_degenerate(pattern, levels), levels, arch.grid)
    fibre = prod(factorial(block.degree) for block in blocks) // prod(factorial(d) for ds in layers for d in ds)
    exchanges = prod(factorial(number) for degrees in layers for number in Counter(degrees).values())
    return FunctionSpace(
        architecture=arch,
        reduced=arch.reduced,
        filter_size=arch.filter_size,
        dimension=arch.dimension,
        thick=arch.dimension == arch.filter_size,
        closed=closed,
        closure_witness=closure_witness,
        reduced_closed=reduced_closed,
        fills_reduced=fills_reduced,
        smooth=smooth,
        singular_witness=singular_witness,
        singular_factorizations=singular_pair,
        boundary_witnesses=boundary,
        degree=closure_degree(arch),
        fibre=fibre,
        fibre_orbits=fibre // exchanges,
        critical_types=tuple(_critical_types(arch)),
    )


def _critical_types(arch: Architecture) -> Iterator[CriticalType]:
    """Level-b hyperroots are assembled from lower blocks iff these have D_b roots: the dilations divide each other."""
    below = 0
    for block, degrees in zip(arch.blocks, arch.layer_degrees, strict=True):
        within, assembled = len(degrees) > 1, below >= block.dilation
        if within or assembled:
            yield CriticalType(block.dilation, within, assembled)
        below += block.degree * block.dilation


def _swappable(levels: Levels) -> RootPattern:
    """Two real hyperroots of a level, one of which is assembled from lower blocks; the other roots are real."""
    order, left, below = levels.order, list(levels.degrees), 0
    for block, dilation in enumerate(levels.dilations):
        if below >= dilation:
            break
        below += levels.degrees[block] * dilation
    left[block] -= 1
    missing = levels.dilations[block]
    for lower in range(block - 1, -1, -1):
        used = min(left[lower], missing // levels.dilations[lower])
        left[lower] -= used
        missing -= used * levels.dilations[lower]

    def hyperroot(level: int) -> Part:
        return Part(POSITIVE, tuple(int(j % levels.modulus(level) == 0) for j in range(order)))

    return (hyperroot(block), hyperroot(block), *(hyperroot(b) for b, n in enumerate(left) for _ in range(n)))


def _two_factorizations(arch: Architecture, levels: Levels, pattern: RootPattern) -> tuple[tuple[Array, ...], ...]:
    """Two real factorizations of the filter of a pattern that has several, over the blocks."""
    classes = list(map(RootClass, pattern, first_roots(pattern, levels)))[::-1]
    real = (item.blocks for item in factorizations_of(arch, levels, classes, True) if item.real)
    return tuple(tuple(integers_where_near(form / form[0]) for form in blocks) for blocks in islice(real, 2))


def _degenerate(pattern: RootPattern, levels: Levels) -> RootPattern:
    """A pattern in the function space in the closure of a pattern outside: few classes coincide."""
    frontier, seen = [pattern], {pattern}
    for _ in range(MOST_COINCIDENCES):
        following = dict.fromkeys(p for old in frontier for p in _coincidences(old) if p not in seen)
        seen |= following.keys()
        frontier = list(following)
        for candidate in frontier:
            if levels.inside(total_supply(candidate, levels)):
                return candidate
    return (Part(ZERO, (levels.degree,)),)


def _coincidences(pattern: RootPattern) -> Iterator[RootPattern]:
    """Patterns where one pair of conjugate classes becomes real, or two real classes coincide."""
    for i, part in enumerate(pattern):
        if part.kind != PAIR:
            continue
        order = len(part.multiplicities)
        for kind in (POSITIVE, NEGATIVE):
            m = tuple(part.multiplicities[j] + part.multiplicities[conjugate(kind, j, order)] for j in range(order))
            yield (*pattern[:i], Part(kind, m), *pattern[i + 1 :])
    for i, j in combinations(range(len(pattern)), 2):
        first, second = pattern[i], pattern[j]
        if first.kind == second.kind in (POSITIVE, NEGATIVE):
            m = tuple(a + b for a, b in zip(first.multiplicities, second.multiplicities, strict=True))
            others = tuple(part for k, part in enumerate(pattern) if k not in (i, j))
            yield (Part(first.kind, m), *others)
