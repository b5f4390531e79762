"""One filter in, or near, the function space M: membership, factorizations, singularities, boundary.

* w is in the Zariski closure of M iff it has a complex factorization w = Π_b P_b(x^{D_b}) over the reduced blocks,
  and in M iff one of them is real and every block has as many real roots as layers of odd degree.
* w is interior (relative to the real points of the closure) iff all filters nearby in the closure are in M. It is a
  *reduced boundary point* if some of these filters are not even in the function space of the reduced architecture, and
  a *stride-one boundary point* if some of these filters are in the latter space, but not in M. A filter can be both.
* w ≠ 0 is a smooth point of the closure iff w has exactly one factorization over the blocks and dμ has full rank there:
  a finite birational morphism is an isomorphism near such a point, and near no other smooth point.

Source: Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks* (2024),
sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..doors import ShownInNotebooks, door
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.layer_factorizations import distributions
from ..networks.parameters import balance, compose
from ..networks.support_networks import SupportNetwork
from .block_factorizations import Factorization, Hyperroot, factorizations_of, hyperroots_of, linear_form, real_items
from .function_space import REDUCED, STRIDE_ONE, describe_function_space
from .given_filters import given_filter, off_grid
from .hyperroots import Levels, Part, Undecided, total_supply
from .nearby_filters import nearby_supplies
from .root_classes import classes_of_roots, exact_invariants
from .tolerances import GEOMETRY

__all__ = [
    "FilterGeometry",
    "describe_filter",
    "distance_to_function_space",
    "is_in_function_space",
    "parameters_over",
]

Array = NDArray[Any]
Theta = list[Array]


@dataclass(frozen=True)
class FilterGeometry(ShownInNotebooks):
    """Facts of one filter.

    Attributes
    ----------
    filter : (K,) array
    real : bool
    in_closure, in_reduced, in_function_space : bool
        In the Zariski closure of M, in the function space of the reduced architecture, in M. The last two are False for
        complex filters.
    factorizations : tuple of Factorization
        All complex factorizations over the blocks up to scaling, the real ones first. Empty for w = 0.
    smooth : bool or None
        Whether w is a smooth point of the Zariski closure; None if w is not in the closure.
    interior : bool or None
        Whether w is in the interior of M relative to the real points of the closure; None if w is not in M or the
        question is too large.
    boundary : tuple of str
        The types of a boundary point: ``"reduced"``, ``"stride-one"``, or both.
    hyperroots : tuple of Hyperroot
        The hyperroots of all levels by dilation. Each divides w; two of them may have roots in common. Empty for a
        filter with a nonzero entry where all filters of the network have zeros.
    residual : float
        Relative distance between the given filter and the filter that the answers are about.
    separation : float
        Least chordal distance (between 0 and 2) between different roots. While each root moves by less than half of
        this distance, different roots stay different, and real roots stay real. So a filter in the interior of M stays
        in M as long as it stays in the closure.
    closest : (complex, complex) or None
        Two roots at that distance; None if there is only one root.
    fractions : tuple of Fraction or None
        The entries, if they were given as exact numbers: the answers are about exactly these numbers then.
    """

    filter: Array
    real: bool
    in_closure: bool
    in_reduced: bool
    in_function_space: bool
    factorizations: tuple[Factorization, ...]
    smooth: bool | None
    interior: bool | None
    boundary: tuple[str, ...]
    hyperroots: tuple[Hyperroot, ...]
    residual: float
    separation: float
    closest: tuple[complex, complex] | None = None
    fractions: tuple[Fraction, ...] | None = None

    @property
    def exact(self) -> bool:
        """Whether the filter was given as exact numbers."""
        return self.fractions is not None

    @property
    def complex_parameters(self) -> int:
        """Number of complex θ over the filter, up to scaling."""
        return sum(f.complex_parameters for f in self.factorizations)

    @property
    def real_parameters(self) -> int:
        """Number of real θ over the filter, up to scaling."""
        return sum(f.real_parameters for f in self.factorizations)


def is_in_function_space(
    arch: Architecture, filter: Sequence[Any] | Array, tolerance: float = GEOMETRY.filter_accuracy
) -> bool | None:
    """Whether a filter is in M, without its factorizations.

    None for a network of any supports whose critical points for the filter are not all found.

    Parameters
    ----------
    arch : Architecture
    filter : sequence of numbers, length K
    tolerance : float
        As for `describe_filter`, 1e-10 by default.

    Examples
    --------
    >>> arch = Architecture((3, 2), (2, 1))
    >>> [is_in_function_space(arch, [1, 0, c, 0, 1]) for c in (-2, -1, 0, 1, 2)]
    [True, False, False, False, True]
    """
    if isinstance(arch, SupportNetwork):
        if arch.one_dimensional is None:
            return door("is_in_support_space")(arch, filter, tolerance)
        arch = arch.one_dimensional
    w, _, fractions = given_filter(arch, filter)
    if np.iscomplexobj(w):
        return False
    if not w.any() or not arch.blocks:
        return True
    grid = w[:: arch.grid]
    if off_grid(w, arch.grid) > (tolerance if fractions is None else 0.0):
        return False
    levels = Levels.of(arch)
    exact = None if fractions is None else exact_invariants(fractions[:: arch.grid], levels)
    found = classes_of_roots(grid, levels, tolerance, exact)
    return levels.inside(total_supply([c.part for c in found.classes], levels))


def describe_filter(
    arch: Architecture,
    filter: Sequence[Any] | Array,
    tolerance: float = GEOMETRY.filter_accuracy,
    boundary: bool = True,
) -> FilterGeometry:
    """Facts of one filter: membership, fibre, smooth or singular, interior or boundary.

    Parameters
    ----------
    arch : Architecture
    filter : sequence of numbers, length K
        If all are integers, fractions, decimals (`decimal.Decimal`) or texts such as ``"1/3"`` and ``"-139.9999999"``,
        the filter is taken exactly: root multiplicities, the number of real roots and the number of hyperroots are
        computed without rounding. Otherwise, with doubles and complex numbers, all are known up to ``tolerance``.
    tolerance : float
        Relative to the norm of the filter, 1e-10 by default: the answers are about the most special filter within this
        distance.
    boundary : bool
        Whether to decide between interior and boundary, the slowest of the questions.

    Returns
    -------
    FilterGeometry
        For networks of any supports `SupportFilter`.

    Raises
    ------
    InputError
        If the filter has the wrong length or is not finite, has too many factorizations to list, or has roots too close
        to each other.

    Examples
    --------
    >>> facts = describe_filter(Architecture((3, 2), (2, 1)), [1, 0, -3, 0, 2])
    >>> facts.in_function_space, facts.smooth, facts.interior, len(facts.factorizations)
    (True, False, True, 2)
    """
    if isinstance(arch, SupportNetwork):
        if arch.one_dimensional is None:
            return door("describe_support_filter")(arch, filter, tolerance)
        arch = arch.one_dimensional
    w, scale, fractions = given_filter(arch, filter)
    given = None if fractions is None else tuple(fractions)
    real = not np.iscomplexobj(w)
    if not w.any() or not arch.blocks:
        return _trivial(arch, w * scale, real, given)
    levels = Levels.of(arch)
    off = off_grid(w, arch.grid)
    on_grid = off <= (tolerance if fractions is None else 0.0)
    if not np.any(w[:: arch.grid]):
        return FilterGeometry(w * scale, real, False, False, False, (), None, None, (), (), 0.0, 0.0, fractions=given)
    exact = None if fractions is None else exact_invariants(fractions[:: arch.grid], levels)
    found = classes_of_roots(w[:: arch.grid], levels, tolerance, exact)
    factorizations = tuple(factorizations_of(arch, levels, found.classes, real)) if on_grid else ()
    in_closure = bool(factorizations)
    in_reduced = any(f.real for f in factorizations)
    inside = any(f.real_parameters for f in factorizations)
    interior: bool | None = None
    kinds: tuple[str, ...] = ()
    if inside and boundary:
        interior, kinds = _boundary([c.part for c in found.classes], levels)
    smooth = None
    if in_closure:
        smooth = len(factorizations) == 1 and factorizations[0].rank == arch.dimension
    return FilterGeometry(
        filter=w * scale,
        real=real,
        in_closure=in_closure,
        in_reduced=in_reduced,
        in_function_space=inside,
        factorizations=tuple(sorted(factorizations, key=lambda f: not f.real)),
        smooth=smooth,
        interior=interior,
        boundary=kinds,
        hyperroots=tuple(hyperroots_of(arch, levels, found.classes, real)) if on_grid else (),
        residual=max(off, found.error) if on_grid else 0.0,
        separation=found.separation,
        closest=found.closest,
        fractions=given,
    )


def _trivial(arch: Architecture, w: Array, real: bool, fractions: tuple[Fraction, ...] | None) -> FilterGeometry:
    """For w = 0, and for architectures without blocks, whose function space is a line."""
    factorizations: tuple[Factorization, ...] = ()
    if w.any():
        factorizations = (Factorization((), real, 1, (), 1, int(real), ()),)
    closed, kinds = True, []
    if arch.blocks:
        space = describe_function_space(arch)
        closed = space.closed if space.closed is not None else False
        kinds = list(space.boundary_witnesses)
    interior = None if not real else closed
    return FilterGeometry(
        w,
        real,
        True,
        real,
        real,
        factorizations,
        len(arch.blocks) <= 1,
        interior,
        tuple(kinds),
        (),
        0.0,
        2.0,
        None,
        fractions,
    )


def _boundary(parts: Sequence[Part], levels: Levels) -> tuple[bool | None, tuple[str, ...]]:
    try:
        supplies = nearby_supplies(parts, levels)
    except Undecided:
        return None, ()
    outside = [supply for supply in supplies if not levels.inside(supply)]
    kinds = []
    if any(not levels.in_reduced(supply) for supply in outside):
        kinds.append(REDUCED)
    if any(levels.in_reduced(supply) for supply in outside):
        kinds.append(STRIDE_ONE)
    return not outside, tuple(kinds)


def parameters_over(arch: Architecture, facts: FilterGeometry, real: bool = True) -> Iterator[Theta]:
    """All θ over a filter w ≠ 0 up to scaling, balanced (equal norms of the layers).

    Parameters
    ----------
    arch : Architecture
    facts : FilterGeometry
        Of the filter, from `describe_filter`.
    real : bool
        Only the real ones.

    Yields
    ------
    list of (k_l,) arrays
    """
    for factorization in facts.factorizations:
        if real and not factorization.real:
            continue
        choices = []
        for block, degrees in zip(factorization.roots, arch.layer_degrees, strict=True):
            items = real_items(block) if real else [(m, linear_form(value)) for value, m in block]
            choices.append(list(distributions(items, degrees)))
        for choice in product(*choices):
            theta: Theta = [np.ones(1, dtype=facts.filter.dtype if real else complex) for _ in arch.filters]
            for layers, forms in zip(arch.layers_by_block, choice, strict=True):
                for layer, form in zip(layers, forms, strict=True):
                    theta[layer] = form / np.linalg.norm(form)
            shape = compose(arch, theta)
            yield balance(theta, np.asarray(np.vdot(shape, facts.filter) / np.vdot(shape, shape).real))


def distance_to_function_space(
    arch: Architecture, filter: Sequence[Any] | Array, rng: np.random.Generator, starts: int = 20
) -> tuple[float, Array]:
    """An upper bound of the distance between a real filter and the function space, by local minimization.

    Parameters
    ----------
    arch : Architecture
    filter : (K,) real
    rng : numpy.random.Generator
        For the starting points.
    starts : int

    Returns
    -------
    distance : float
        Relative to the norm of the filter.
    nearest : (K,) float array
        The filter of the network at that distance.
    """
    from scipy.optimize import least_squares

    w, scale, _ = given_filter(arch, filter)
    if np.iscomplexobj(w):
        raise InputError("filter: is not real; expected a real filter")
    size = float(np.linalg.norm(w))
    if size == 0:
        return 0.0, w
    ends = np.cumsum(arch.filters)[:-1]
    accuracy = GEOMETRY.least_squares

    def difference(flat: Array) -> Array:
        return compose(arch, np.split(flat, ends)) - w / size

    best: tuple[float, Array] = (1.0, np.zeros_like(w))
    for _ in range(starts):
        begin = rng.standard_normal(sum(arch.filters))
        fit = least_squares(
            difference, begin, xtol=accuracy, ftol=accuracy, gtol=accuracy, max_nfev=GEOMETRY.least_squares_steps
        )
        distance = float(np.linalg.norm(fit.fun))
        if distance < best[0]:
            best = distance, fit.fun + w / size
    return best[0], best[1] * size * scale
