"""One filter in, or near, the function space M: membership, factorizations, singularities, boundary; and one θ.

* w is in the Zariski closure of M iff it has a complex factorization w = Π_b P_b(x^{D_b}) over the reduced blocks,
  and in M iff one of them is real and every block has as many real roots as layers of odd degree.
* w is interior (relative to the real points of the closure) iff all filters nearby in the closure are in M. It is a
  *reduced boundary point* if some of them are not even in the function space of the reduced architecture, and a
  *stride-one boundary point* if some are in that one, but not in M. It can be both.
* w ≠ 0 is a smooth point of the closure iff it has one factorization over the blocks and dμ has full rank there: a
  finite birational morphism is an isomorphism near such points, and near no others that are smooth.

Source: Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks* (2024),
sections 2 and 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from .architecture import Architecture
from .errors import InputError
from .forms import dilate, multiply
from .function_space import REDUCED, STRIDE_ONE, describe_function_space
from .hyperroots import (
    INFINITY,
    PAIR,
    ZERO,
    Coset,
    Levels,
    Part,
    Undecided,
    conjugate,
    decompositions,
    nearby_supplies,
    portions,
    total_supply,
)
from .parameters import balance, compose
from .root_classes import RootClass, classes_of_roots, exact_invariants

__all__ = [
    "CommonHyperroot",
    "CriticalityOfMu",
    "Factorization",
    "FilterGeometry",
    "Hyperroot",
    "criticality",
    "describe_filter",
    "distance_to_function_space",
    "is_in_function_space",
    "parameters_over",
]

Array = NDArray[Any]
Theta = list[Array]

#: Singular values of dμ below this fraction of the largest count as zero (all factors of norm one).
RANK_TOLERANCE = 1e-8
#: More factorizations of one filter than this are not listed.
MAX_FACTORIZATIONS = 10_000


class Hyperroot(NamedTuple):
    """A factor x^dilation − value · y^dilation of a filter; value ∞ stands for y^dilation."""

    dilation: int
    value: complex
    multiplicity: int


class CommonHyperroot(NamedTuple):
    """A hyperroot that makes dμ drop rank.

    Attributes
    ----------
    dilation : int
    value : complex
    layers : tuple of int
        Indices of the layers of this dilation that have it; for a factorization over the blocks the block's index.
    below : bool
        Whether it also divides the product of the layers with smaller dilation.
    """

    dilation: int
    value: complex
    layers: tuple[int, ...]
    below: bool


@dataclass(frozen=True)
class Factorization:
    """A factorization w = c Π_b P_b(x^{D_b}) over the blocks.

    Attributes
    ----------
    blocks : tuple of (n_b + 1,) arrays
        The P_b, of norm one; real arrays if the factorization is real.
    real : bool
    rank : int
        Rank of the differential of the reduced μ.
    common : tuple of CommonHyperroot
        The hyperroots for which it is below the dimension.
    complex_parameters, real_parameters : int
        Number of θ of the original architecture over it, up to scaling.
    """

    blocks: tuple[Array, ...]
    real: bool
    rank: int
    common: tuple[CommonHyperroot, ...]
    complex_parameters: int
    real_parameters: int
    _roots: tuple[tuple[tuple[complex, int], ...], ...]


@dataclass(frozen=True)
class FilterGeometry:
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
        Whether w is a smooth point of the Zariski closure; None if it is not in it.
    interior : bool or None
        Whether w is in the interior of M relative to the real points of the closure; None if w is not in M or the
        question is too large.
    boundary : tuple of str
        The types of a boundary point: ``"reduced"``, ``"stride-one"``, or both.
    hyperroots : tuple of Hyperroot
        By dilation, of all levels, as factors of w one at a time (they may have roots in common).
    residual : float
        Relative distance of the filter to the one that the answers are about.
    separation : float
        Least distance between different roots, as chords of the sphere between 0 and 2: while each root moves by less
        than half of it, roots that differ stay different, and real roots stay real.
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

    @property
    def complex_parameters(self) -> int:
        """Number of complex θ over the filter, up to scaling."""
        return sum(f.complex_parameters for f in self.factorizations)

    @property
    def real_parameters(self) -> int:
        """Number of real θ over the filter, up to scaling."""
        return sum(f.real_parameters for f in self.factorizations)


def is_in_function_space(arch: Architecture, filter: Sequence[Any] | Array, tolerance: float = 1e-10) -> bool:
    """Whether a filter is in M, without its factorizations.

    Parameters
    ----------
    arch : Architecture
    filter : sequence of numbers, length K
    tolerance : float
        As for `describe_filter`.

    Examples
    --------
    >>> arch = Architecture((3, 2), (2, 1))
    >>> [is_in_function_space(arch, [1, 0, c, 0, 1]) for c in (-2, -1, 0, 1, 2)]
    [True, False, False, False, True]
    """
    w, _, fractions = _parse(arch, filter)
    if np.iscomplexobj(w):
        return False
    if not w.any() or not arch.blocks:
        return True
    grid = w[:: arch.grid]
    if _off_grid(w, arch.grid) > (tolerance if fractions is None else 0.0):
        return False
    levels = Levels.of(arch)
    exact = None if fractions is None else exact_invariants(fractions[:: arch.grid], levels)
    found = classes_of_roots(grid, levels, tolerance, exact)
    return levels.inside(total_supply([c.part for c in found.classes], levels))


def describe_filter(
    arch: Architecture, filter: Sequence[Any] | Array, tolerance: float = 1e-10, boundary: bool = True
) -> FilterGeometry:
    """Facts of one filter: membership, fibre, smooth or singular, interior or boundary.

    Parameters
    ----------
    arch : Architecture
    filter : sequence of numbers, length K
        Integers and fractions only: the filter is taken exactly, and root multiplicities, the number of real roots and
        of hyperroots are computed without rounding. Otherwise numbers known up to ``tolerance``.
    tolerance : float
        Relative to the norm of the filter: the answers are those for the most special filter that close.
    boundary : bool
        Whether to decide between interior and boundary, which takes longest.

    Returns
    -------
    FilterGeometry

    Raises
    ------
    InputError
        If the filter has the wrong length or is not finite, or has too many factorizations to list.

    Examples
    --------
    >>> facts = describe_filter(Architecture((3, 2), (2, 1)), [1, 0, -3, 0, 2])
    >>> facts.in_function_space, facts.smooth, facts.interior, len(facts.factorizations)
    (True, False, True, 2)
    """
    w, scale, fractions = _parse(arch, filter)
    real = not np.iscomplexobj(w)
    if not w.any() or not arch.blocks:
        return _trivial(arch, w * scale, real)
    levels = Levels.of(arch)
    off = _off_grid(w, arch.grid)
    on_grid = off <= (tolerance if fractions is None else 0.0)
    if not np.any(w[:: arch.grid]):
        return FilterGeometry(w * scale, real, False, False, False, (), None, None, (), (), off, 0.0)
    exact = None if fractions is None else exact_invariants(fractions[:: arch.grid], levels)
    found = classes_of_roots(w[:: arch.grid], levels, tolerance, exact)
    factorizations = tuple(_factorizations(arch, levels, found.classes, real)) if on_grid else ()
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
        hyperroots=tuple(_hyperroots(arch, levels, found.classes, real)),
        residual=max(off, found.error),
        separation=found.separation,
    )


def _trivial(arch: Architecture, w: Array, real: bool) -> FilterGeometry:
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
        w, real, True, real, real, factorizations, len(arch.blocks) <= 1, interior, tuple(kinds), (), 0.0, 2.0
    )


class _Parsed(NamedTuple):
    """A filter divided by its largest entry, and exactly if all entries are rational."""

    filter: Array
    scale: float
    exact: list[Fraction] | None


def _parse(arch: Architecture, filter_: Sequence[Any] | Array) -> _Parsed:
    items = list(filter_)
    if len(items) != arch.filter_size:
        raise InputError(f"filter: {len(items)} numbers given; expected {arch.filter_size}, the filter size")
    if all(isinstance(item, int | np.integer | Fraction) and not isinstance(item, bool) for item in items):
        fractions = [Fraction(int(item)) if isinstance(item, np.integer) else Fraction(item) for item in items]
        largest = max(map(abs, fractions)) or Fraction(1)
        return _Parsed(np.array([float(value / largest) for value in fractions]), float(largest), fractions)
    try:
        w = np.array(items, complex)
    except (TypeError, ValueError):
        raise InputError(f"filter: {items!r} are not all numbers; expected real or complex numbers") from None
    if not np.isfinite(w).all():
        raise InputError("filter: has entries that are not finite; expected finite numbers")
    scale = float(np.abs(w).max()) or 1.0
    w = w / scale
    return _Parsed(w if np.abs(w.imag).max() > 0 else w.real.copy(), scale, None)


def _off_grid(w: Array, grid: int) -> float:
    outside = np.ones(len(w), bool)
    outside[::grid] = False
    return float(np.linalg.norm(w[outside]) / np.linalg.norm(w))


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


class _Share(NamedTuple):
    """One way to give the roots of one class to the blocks."""

    counts: tuple[int, ...]
    cosets: tuple[tuple[int, int, Coset], ...]  # class, 0 or 1 for its conjugate, coset


def _factorizations(
    arch: Architecture, levels: Levels, classes: Sequence[RootClass], real: bool
) -> Iterator[Factorization]:
    """All complex factorizations over the blocks, from the shares of each class and each conjugate class."""
    options: list[list[_Share]] = []
    for i, item in enumerate(classes):
        kind, m = item.part
        if kind in (ZERO, INFINITY):
            portioned = portions(m[0], levels)
            options.append(
                [_Share(s, tuple((i, 0, Coset(b, 0)) for b, n in enumerate(s) for _ in range(n))) for s in portioned]
            )
            continue
        found = [tuple(cosets) for cosets in decompositions(m, levels)]
        sides = (0, 1) if real and kind == PAIR else (0,)
        options += [[_share(i, side, cosets, levels) for cosets in found] for side in sides]
    for number, shares in enumerate(_choices(options, levels.degrees)):
        if number == MAX_FACTORIZATIONS:
            raise InputError(f"filter: has more than {MAX_FACTORIZATIONS} factorizations; expected fewer")
        yield _factorization(arch, levels, classes, real, [c for share in shares for c in share.cosets])


def _share(i: int, side: int, cosets: tuple[Coset, ...], levels: Levels) -> _Share:
    used = Counter(coset.block for coset in cosets)
    return _Share(tuple(used[b] for b in range(len(levels.degrees))), tuple((i, side, coset) for coset in cosets))


def _choices(options: list[list[_Share]], left: tuple[int, ...]) -> Iterator[list[_Share]]:
    """Choices of one share each that use up what is left."""
    if not options:
        if not any(left):
            yield []
        return
    for share in options[0]:
        rest = tuple(n - c for n, c in zip(left, share.counts, strict=True))
        if min(rest) >= 0:
            for more in _choices(options[1:], rest):
                yield [share, *more]


def _factorization(
    arch: Architecture,
    levels: Levels,
    classes: Sequence[RootClass],
    real: bool,
    cosets: Sequence[tuple[int, int, Coset]],
) -> Factorization:
    number = Counter(cosets)
    hyperroots: list[list[tuple[complex, int]]] = [[] for _ in levels.degrees]
    is_real = real
    for (i, side, coset), multiplicity in number.items():
        value, mirror = _value(classes[i], side, coset, levels), _mirror(classes[i].part.kind, i, side, coset, levels)
        if real and mirror == (i, side, coset):
            value = complex(value.real) if np.isfinite(value) else value
        is_real = is_real and number[mirror] == multiplicity
        hyperroots[coset.block].append((value, multiplicity))
    if is_real:
        hyperroots = [_exact_conjugates(block) for block in hyperroots]
    blocks = tuple(_form(block) for block in hyperroots)
    if is_real:
        blocks = tuple(form.real for form in blocks)
    # The counts depend on the multiplicities alone.
    complex_count = real_count = 1
    for block, degrees in zip(hyperroots, arch.layer_degrees, strict=True):
        complex_count *= _count_distributions([(m, 1) for _, m in block], degrees)
        if is_real:
            real_count *= _count_distributions([(m, len(f) - 1) for m, f in _real_items(block)], degrees)
    return Factorization(
        blocks=blocks,
        real=is_real,
        rank=_rank(blocks, levels.dilations),
        common=tuple(_common_hyperroots(arch, levels, number, classes)),
        complex_parameters=complex_count,
        real_parameters=real_count if is_real else 0,
        _roots=tuple(map(tuple, hyperroots)),
    )


def _value(item: RootClass, side: int, coset: Coset, levels: Levels) -> complex:
    """The value c of the hyperroot x^{D_b} = c y^{D_b}."""
    if item.part.kind in (ZERO, INFINITY):
        return item.root
    dilation = levels.dilations[coset.block]
    turn = np.exp(2j * np.pi * (coset.residue * dilation % levels.order) / levels.order)
    value = complex(item.root**dilation * turn)
    return value.conjugate() if side else value


def _mirror(kind: str, i: int, side: int, coset: Coset, levels: Levels) -> tuple[int, int, Coset]:
    """Where complex conjugation takes a hyperroot of a real filter."""
    if kind in (ZERO, INFINITY):
        return i, side, coset
    if kind == PAIR:
        return i, 1 - side, coset
    return i, side, Coset(coset.block, conjugate(kind, coset.residue, levels.modulus(coset.block)))


def _exact_conjugates(hyperroots: list[tuple[complex, int]]) -> list[tuple[complex, int]]:
    """The non-real ones as exact pairs, each next to its conjugate."""
    fixed = [(value, m) for value, m in hyperroots if not np.isfinite(value) or value.imag == 0]
    upper = [(value, m) for value, m in hyperroots if np.isfinite(value) and value.imag > 0]
    return fixed + [(v, m) for value, m in upper for v in (value, value.conjugate())]


def _linear(value: complex) -> Array:
    factor = np.array([0.0, 1.0]) if not np.isfinite(value) else np.array([1.0, -value])
    return np.asarray(factor / np.linalg.norm(factor))


def _form(hyperroots: Sequence[tuple[complex, int]]) -> Array:
    """The form of norm one with these roots."""
    result = np.ones(1, complex)
    for value, multiplicity in hyperroots:
        for _ in range(multiplicity):
            result = multiply(result, _linear(value))
            result = result / np.linalg.norm(result)
    return result


def _real_items(hyperroots: Sequence[tuple[complex, int]]) -> list[tuple[int, Array]]:
    """Irreducible real factors with their multiplicities, the quadratic ones first."""
    linear = [(m, _linear(v.real if np.isfinite(v) else v)) for v, m in hyperroots if not np.isfinite(v) or v.imag == 0]
    quadratic = [
        (m, np.array([1.0, -2 * v.real, abs(v) ** 2]) / np.linalg.norm([1.0, 2 * v.real, abs(v) ** 2]))
        for v, m in hyperroots
        if np.isfinite(v) and v.imag > 0
    ]
    return quadratic + linear


def _times(multiplicity: int, size: int, room: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """How often each layer gets a factor of the given degree and multiplicity, within what room they have."""
    if len(room) == 1:
        if multiplicity * size <= room[0]:
            yield (multiplicity,)
        return
    for first in range(min(multiplicity, room[0] // size) + 1):
        for rest in _times(multiplicity - first, size, room[1:]):
            yield (first, *rest)


def _count_distributions(items: Sequence[tuple[int, int]], degrees: Sequence[int]) -> int:
    """Number of ways to give factors (multiplicity, degree) to layers of the given degrees."""
    states = Counter({tuple(degrees): 1})
    for multiplicity, size in items:
        following: Counter[tuple[int, ...]] = Counter()
        for room, ways in states.items():
            for times in _times(multiplicity, size, room):
                following[tuple(r - size * t for r, t in zip(room, times, strict=True))] += ways
        states = following
    return states[(0,) * len(degrees)]


def _distributions(items: Sequence[tuple[int, Array]], degrees: Sequence[int]) -> Iterator[list[Array]]:
    """The same ways as forms of the layers."""

    def assign(i: int, room: tuple[int, ...], layers: list[Array]) -> Iterator[list[Array]]:
        if i == len(items):
            if not any(room):
                yield layers
            return
        multiplicity, form = items[i]
        size = len(form) - 1
        for times in _times(multiplicity, size, room):
            filled = [reduce(multiply, [form] * t, layer) for t, layer in zip(times, layers, strict=True)]
            yield from assign(i + 1, tuple(r - size * t for r, t in zip(room, times, strict=True)), filled)

    yield from assign(0, tuple(degrees), [np.ones(1) for _ in degrees])


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
        for block, degrees in zip(factorization._roots, arch.layer_degrees, strict=True):
            items = _real_items(block) if real else [(m, _linear(value)) for value, m in block]
            choices.append(list(_distributions(items, degrees)))
        for choice in product(*choices):
            theta: Theta = [np.ones(1, dtype=facts.filter.dtype if real else complex) for _ in arch.filters]
            for layers, forms in zip(arch.layers_by_block, choice, strict=True):
                for layer, form in zip(layers, forms, strict=True):
                    theta[layer] = form / np.linalg.norm(form)
            shape = compose(arch, theta)
            yield balance(theta, np.asarray(np.vdot(shape, facts.filter) / np.vdot(shape, shape).real))


def _rank(blocks: Sequence[Array], dilations: Sequence[int]) -> int:
    """Rank of the differential of the multiplication (P_b) ↦ Π P_b(x^{D_b}); with layers for blocks, of dμ."""
    dilated = [dilate(form, d) for form, d in zip(blocks, dilations, strict=True)]
    size = sum(len(form) - 1 for form in dilated) + 1
    columns = []
    for b, form in enumerate(blocks):
        others = reduce(multiply, (f for a, f in enumerate(dilated) if a != b), np.ones(1))
        others = others / max(np.linalg.norm(others), np.finfo(float).tiny)
        for q in range(len(form)):
            column = np.zeros(size, complex)
            column[q * dilations[b] : q * dilations[b] + len(others)] = others
            columns.append(column)
    singular = np.linalg.svd(np.array(columns), compute_uv=False)
    return int((singular > RANK_TOLERANCE * singular[0]).sum())


def _common_hyperroots(
    arch: Architecture, levels: Levels, number: Counter[tuple[int, int, Coset]], classes: Sequence[RootClass]
) -> Iterator[CommonHyperroot]:
    for i, side, coset in number:
        block, residue = coset
        kind = classes[i].part.kind
        lower = {key: n for key, n in number.items() if key[:2] == (i, side) and key[2].block < block}
        if kind in (ZERO, INFINITY):
            below = sum(levels.dilations[key[2].block] * n for key, n in lower.items()) >= levels.dilations[block]
        else:
            covered = {j for key in lower for j in range(key[2].residue, levels.order, levels.modulus(key[2].block))}
            below = covered >= set(range(residue, levels.order, levels.modulus(block)))
        if below:
            yield CommonHyperroot(arch.blocks[block].dilation, _value(classes[i], side, coset, levels), (block,), True)


def _hyperroots(arch: Architecture, levels: Levels, classes: Sequence[RootClass], real: bool) -> Iterator[Hyperroot]:
    for block, (_, dilation) in enumerate(arch.blocks):
        modulus = levels.modulus(block)
        for item in classes:
            kind, m = item.part
            if kind in (ZERO, INFINITY):
                if m[0] >= levels.dilations[block]:
                    yield Hyperroot(dilation, item.root, m[0] // levels.dilations[block])
                continue
            for residue in range(modulus):
                multiplicity = min(m[residue::modulus])
                if not multiplicity:
                    continue
                coset = Coset(block, residue)
                value = _value(item, 0, coset, levels)
                if real and _mirror(kind, 0, 0, coset, levels) == (0, 0, coset):
                    value = complex(value.real)
                yield Hyperroot(dilation, value, multiplicity)
                if real and kind == PAIR:
                    yield Hyperroot(dilation, value.conjugate(), multiplicity)


@dataclass(frozen=True)
class CriticalityOfMu:
    """Whether parameters are critical for μ.

    Attributes
    ----------
    rank, dimension : int
        Rank of dμ at θ and dim M.
    causes : tuple of CommonHyperroot
        The hyperroots that layers have in common; empty where a layer is zero.
    """

    rank: int
    dimension: int
    causes: tuple[CommonHyperroot, ...]

    @property
    def critical(self) -> bool:
        """Whether dμ drops rank."""
        return self.rank < self.dimension


def criticality(arch: Architecture, theta: Sequence[Array], tolerance: float = 1e-6) -> CriticalityOfMu:
    """Whether θ is critical for μ, and which common hyperroots cause it.

    Parameters
    ----------
    arch : Architecture
    theta : sequence of (k_l,) arrays
        Real or complex.
    tolerance : float
        Chordal distance up to which roots of different layers count as equal.

    Returns
    -------
    CriticalityOfMu

    Examples
    --------
    >>> import numpy as np
    >>> facts = criticality(Architecture((3, 2), (2, 1)), [np.array([1.0, 0, -4]), np.array([1.0, -4])])
    >>> facts.rank, facts.dimension, facts.causes[0].value
    (3, 4, (4+0j))
    """
    layers = [np.asarray(w) for w in theta]
    if [len(w) for w in layers] != list(arch.filters):
        raise InputError(f"theta: layers of sizes {[len(w) for w in layers]}; expected {list(arch.filters)}")
    norms = [float(np.linalg.norm(w)) for w in layers]
    units = [w / norm if norm > 0 else w for w, norm in zip(layers, norms, strict=True)]
    rank = _rank(units, arch.dilations)
    if min(norms) == 0:
        return CriticalityOfMu(rank, arch.dimension, ())
    points = [_roots_of_layer(w) for w in units]
    causes = []
    for block, members in zip(arch.blocks, arch.layers_by_block, strict=True):
        lower = [p for layer, p in enumerate(points) if arch.dilations[layer] < block.dilation]
        lower_roots = [
            (point, block.dilation // dilation)
            for dilation, at in zip(arch.dilations, points, strict=True)
            if dilation < block.dilation
            for point in at
        ]
        done: list[NDArray[np.complex128]] = []
        for layer in members:
            for point in points[layer]:
                if any(_chord(point, other) <= tolerance for other in done):
                    continue
                done.append(point)
                having = tuple(other for other in members if any(_chord(point, p) <= tolerance for p in points[other]))
                below = bool(lower) and _assembled(point, block.dilation, lower_roots, tolerance)
                if len(having) > 1 or below:
                    causes.append(CommonHyperroot(block.dilation, _affine(point), having, below))
    return CriticalityOfMu(rank, arch.dimension, tuple(causes))


def _roots_of_layer(form: Array) -> list[NDArray[np.complex128]]:
    """Roots on the projective line as unit vectors, multiple ones as often as they occur, and accurately so."""
    if len(form) == 1:
        return []
    result = []
    found = classes_of_roots(form, Levels((len(form) - 1,), (1,), (0,)))
    for (kind, (multiplicity,)), root in ((item.part, item.root) for item in found.classes):
        values = [root, root.conjugate()] if kind == PAIR and found.real else [root]
        points = [np.array([1.0, 0.0] if kind == INFINITY else [value, 1.0], complex) for value in values]
        result += [point / np.linalg.norm(point) for point in points for _ in range(multiplicity)]
    return result


def _assembled(
    point: NDArray[np.complex128],
    dilation: int,
    lower: Sequence[tuple[NDArray[np.complex128], int]],
    tolerance: float,
) -> bool:
    """Whether lower hyperroots (point, D_b / D_a) contain all D_b-th roots of a point."""
    at_end = [dilation // ratio for p, ratio in lower if _chord(p, point) <= tolerance]
    if min(abs(point[0]), abs(point[1])) <= tolerance:
        return sum(at_end) >= dilation
    value = _affine(point)
    # The roots x of the hyperroot are numbered modulo its dilation; a lower one, x^size = c, has a residue class.
    covered = set()
    for p, ratio in lower:
        c = _affine(p)
        if not np.isfinite(c) or c == 0:
            continue
        size = dilation // ratio
        if abs(c**ratio - value) > tolerance * ratio * max(abs(value), 1e-300) * 10:
            continue
        first = value ** (1 / dilation)
        index = round(float(np.angle(c / first**size)) * ratio / (2 * np.pi)) % ratio
        covered |= set(range(index, dilation, ratio))
    return len(covered) == dilation


def _chord(p: NDArray[np.complex128], q: NDArray[np.complex128]) -> float:
    return float(2 * abs(p[0] * q[1] - p[1] * q[0]))


def _affine(point: NDArray[np.complex128]) -> complex:
    return complex(point[0] / point[1]) if point[1] != 0 else complex(np.inf)


def distance_to_function_space(
    arch: Architecture, filter: Sequence[Any] | Array, rng: np.random.Generator, starts: int = 20
) -> tuple[float, Array]:
    """How close filters of the network come to a real filter: an upper bound of the distance, by local minimization.

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
    w, scale, _ = _parse(arch, filter)
    if np.iscomplexobj(w):
        raise InputError("filter: is not real; expected a real filter")
    size = float(np.linalg.norm(w))
    if size == 0:
        return 0.0, w
    ends = np.cumsum(arch.filters)[:-1]

    def difference(flat: Array) -> Array:
        return compose(arch, np.split(flat, ends)) - w / size

    best: tuple[float, Array] = (1.0, np.zeros_like(w))
    for _ in range(starts):
        fit = least_squares(difference, rng.standard_normal(sum(arch.filters)), xtol=1e-12, ftol=1e-12, gtol=1e-12)
        distance = float(np.linalg.norm(fit.fun))
        if distance < best[0]:
            best = distance, fit.fun + w / size
    return best[0], best[1] * size * scale
