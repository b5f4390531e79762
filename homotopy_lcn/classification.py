"""What kind of critical point is it? For generic data; the rules and their reasons:

Let w be a real critical filter on the stratum λ. Its block polynomials P_b = Π_m Q_{b,m}^m are real up to scale.

* w is in the function space iff in every block the layers of odd degree are at most as many as the real roots of P_b on
  the projective line, counted with multiplicity: each of them needs one.
* w is interior (relative to the real Zariski closure) iff they are at most as many as the real roots of odd
  multiplicity: a nearby form may lose the real roots of even multiplicity in pairs.
* A critical θ over w gives every root of multiplicity m to m different layers (each single layer is square-free), which
  is a 0/1 matrix with the layer degrees as row sums and λ as column sums. It is real iff conjugate roots go to the same
  layers. w is attained iff there is one; this asks more than membership.
* The kind of θ is the inertia of the Hessian of the loss on the complement of the scaling directions.
* w ≠ 0 is a smooth point of the Zariski closure of the function space iff the reduced parametrization is injective and
  immersive over w (Kohn, Montúfar, Shahverdi, Trager 2024, section 3): no hyperroot of a block's level divides the
  product of the blocks below it, and dμ has full rank.

Roots decide in floating point; where two roots are so close that rounding could change which of them are real, the
answers that depend on it are None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations, combinations_with_replacement, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .architecture import Architecture
from .equations import Complex, Data, Real, equations_of
from .forms import dilate, have_hyperroot, multiply, pieces_of_roots, power, roots, roots_of_each
from .parameters import balance, compose, relative_gradient
from .refinement import refine
from .results import CriticalPoint
from .strata import Embedding, Stratum

__all__ = ["RealStructure", "balanced_parameters", "classify", "critical_on_function_space", "real_factorizations"]

Partition = tuple[int, ...]
Theta = list[NDArray[Any]]

#: Relative accuracy to which the coefficients of a block's polynomial are trusted when its roots are told apart.
FORM_ACCURACY = 1e-14
#: Hessian eigenvalues below this fraction of the largest count as zero (after scaling to unit diagonal).
ZERO_EIGENVALUE = 1e-11
#: Singular values of dμ below this fraction of the largest count as zero.
RANK_TOLERANCE = 1e-9


@dataclass(frozen=True)
class RealStructure:
    """The real factorization of one block's polynomial P_b = Π_m Q_m^m.

    Attributes
    ----------
    linear, quadratic : list of (multiplicity, form)
        Irreducible real factors of the Q_m.
    doubtful : dict of multiplicity to (lost, gained)
        For all that rounding lets us know, so many of the real roots might be conjugate pairs, and so many of the roots
        in conjugate pairs might be real.
    """

    linear: list[tuple[int, Real]]
    quadratic: list[tuple[int, Real]]
    doubtful: dict[int, tuple[int, int]]

    @classmethod
    def of_factors(cls, factors: Sequence[tuple[int, Real]]) -> RealStructure:
        """From the pairs (m, Q_m), Q_m real."""
        linear, quadratic, doubtful = [], [], {}
        for multiplicity, form in factors:
            points = roots(form)
            lines, squares = pieces_of_roots(points)
            linear += [(multiplicity, piece) for piece in lines]
            quadratic += [(multiplicity, piece) for piece in squares]
            doubt = _doubt(points)
            if doubt != (0, 0):
                doubtful[multiplicity] = doubt
        return cls(linear, quadratic, doubtful)

    def enough(self, odd_layers: int, odd_only: bool) -> bool | None:
        """Whether ``odd_layers`` do not exceed the number of real roots (with ``odd_only``: of odd multiplicity)."""

        def weight(multiplicity: int) -> int:
            return multiplicity % 2 if odd_only else multiplicity

        available = sum(weight(m) for m, _ in self.linear)
        if odd_layers <= available - sum(weight(m) * lost for m, (lost, _) in self.doubtful.items()):
            return True
        most = available + sum(weight(m) * gained for m, (_, gained) in self.doubtful.items())
        return None if odd_layers <= most else False


def _doubt(points: Complex) -> tuple[int, int]:
    """How many real ones of the roots (n, 2) of a real form might not be real after all, and how many others might be.

    Around each root lies a disc with the radius of Gershgorin's theorem for a companion matrix of the roots
    (Smith, *Error bounds for zeros of a polynomial based upon Gerschgorin's theorems* (1970)), so that a cluster of s
    overlapping discs contains s roots. If it is its own conjugate, it has s, s − 2, … real ones, otherwise none.
    """
    degree = len(points)
    if degree == 1:
        return 0, 0
    form = np.ones(1, complex)
    for x, y in points:
        form = multiply(form, np.array([y, -x]))
    distances = np.abs(points[:, None, 0] * points[None, :, 1] - points[:, None, 1] * points[None, :, 0])
    others = np.where(np.eye(degree, dtype=bool), 1.0, np.maximum(distances, FORM_ACCURACY)).prod(axis=1)
    # No cluster spreads by more than the root of the accuracy of the order of its size.
    radii = degree * np.minimum(FORM_ACCURACY * np.linalg.norm(form) / others, FORM_ACCURACY ** (1 / max(degree, 1)))
    near = distances < radii[:, None] + radii
    for _ in range(degree):
        near = near @ near
    real = points[:, 0].imag == 0
    conjugate = np.abs(points[:, None, 0] * points[None, :, 1].conj() - points[:, None, 1] * points[None, :, 0].conj())
    lost = gained = 0
    for i, cluster in enumerate(near):
        if cluster[:i].any():
            continue
        number, size = int(real[cluster].sum()), int(cluster.sum())
        if number or (conjugate[i] < radii[i] + radii)[cluster].any():
            lost += number - size % 2
            gained += size - number
    return lost, gained


def real_factorizations(degrees: Sequence[int], structure: RealStructure) -> Iterator[list[Real]]:
    """All ways to give the real factors of a block to layers of the given degrees, each factor to as many different
    layers as its multiplicity says; yields the layers' forms up to scale."""
    items = [*structure.quadratic, *structure.linear]

    def assign(i: int, room: Partition, layers: tuple[Real, ...]) -> Iterator[list[Real]]:
        if i == len(items):
            yield list(layers)
            return
        multiplicity, form = items[i]
        size = form.shape[-1] - 1
        for chosen in combinations([layer for layer, left in enumerate(room) if left >= size], multiplicity):
            yield from assign(
                i + 1,
                tuple(left - size * (layer in chosen) for layer, left in enumerate(room)),
                tuple(multiply(w, form) if layer in chosen else w for layer, w in enumerate(layers)),
            )

    yield from assign(0, tuple(degrees), tuple(np.ones(1) for _ in degrees))


def all_real_factorizations(degrees: Sequence[int], structure: RealStructure) -> Iterator[list[Real]]:
    """As `real_factorizations`, but a layer may get a factor of higher multiplicity several times."""
    items = [*structure.quadratic, *structure.linear]

    def assign(i: int, room: Partition, layers: tuple[Real, ...]) -> Iterator[list[Real]]:
        if i == len(items):
            yield list(layers)
            return
        multiplicity, form = items[i]
        size = form.shape[-1] - 1
        for chosen in combinations_with_replacement(range(len(room)), multiplicity):
            times = [chosen.count(layer) for layer in range(len(room))]
            left = tuple(have - size * n for have, n in zip(room, times, strict=True))
            if min(left) >= 0:
                filled = tuple(multiply(w, power(form, n)) for w, n in zip(layers, times, strict=True))
                yield from assign(i + 1, left, filled)

    yield from assign(0, tuple(degrees), tuple(np.ones(1) for _ in degrees))


def critical_on_function_space(
    arch: Architecture, data: Data, embedding: Embedding, coordinates: Complex, point: CriticalPoint
) -> CriticalPoint:
    """Complete what is known of a point with multiple roots that is critical on the function space, too.

    That happens for special data, such as a target with multiple roots. Then all parameters over a real filter are
    critical, not just those that distribute the multiple roots to different layers.

    Parameters
    ----------
    arch : Architecture
    data : Data
        Gram matrix and moment vector of the loss, real.
    embedding : Embedding
        The stratum's coordinates.
    coordinates : (coordinates,) complex array
        The point in them.
    point : CriticalPoint
    """
    if not point.real or np.abs(coordinates.imag).max() > 0:
        return point
    blocks = _block_factors(arch, embedding, coordinates.real)
    structures = [RealStructure.of_factors(factors) for factors in blocks]
    if any(structure.doubtful for structure in structures):
        return replace(point, attained=point.in_function_space)
    choices = (list(all_real_factorizations(d, s)) for d, s in zip(arch.layer_degrees, structures, strict=True))
    found = [balanced_parameters(arch, choice, point.filter.real) for choice in product(*choices)]
    thetas, residuals, kinds, indices = _settle_real(arch, data, found)
    return replace(
        point,
        attained=len(thetas) > 0,
        parameters=tuple(tuple(theta) for theta in thetas),
        residual=max(residuals, default=None),
        kinds=tuple(kinds),
        indices=tuple(indices),
    )


def complex_factorization(degrees: Sequence[int], factors: Sequence[tuple[int, Complex]]) -> list[Complex]:
    """One way to give the complex roots of a block to layers of the given degrees.

    Parameters
    ----------
    degrees : sequence of int
        Degrees of the block's layers.
    factors : sequence of (m, (P, e + 1) complex array)
        The Q_m of P points.

    Returns
    -------
    list of (P, d + 1) complex arrays
        The layers up to scale.

    Notes
    -----
    A greedy choice of the emptiest layers, largest multiplicities first, always succeeds on a stratum that occurs.
    """
    count = len(factors[0][1])
    if len(degrees) == 1:
        return [reduce(multiply, (power(form, multiplicity) for multiplicity, form in factors))]
    layers = [np.ones((count, 1), complex) for _ in degrees]
    room = list(degrees)
    for multiplicity, form in sorted(factors, key=lambda pair: -pair[0]):
        points = roots_of_each(form)
        lines = np.stack([points[:, :, 1], -points[:, :, 0]], axis=2)
        for root in range(form.shape[1] - 1):
            chosen = sorted(range(len(room)), key=lambda layer: -room[layer])[:multiplicity]
            for layer in chosen:
                layers[layer] = multiply(layers[layer], lines[:, root])
                room[layer] -= 1
    return layers


def balanced_parameters(arch: Architecture, blocks: Sequence[Sequence[NDArray[Any]]], filters: NDArray[Any]) -> Theta:
    """Balanced θ with μ(θ) = filter from the forms of the layers of each block, up to scale.

    The forms are (…, d + 1) arrays, the filters a (…, K) array, θ a list of (…, k_l) arrays.
    """
    theta: Theta = [np.ones((*filters.shape[:-1], 1), dtype=filters.dtype) for _ in arch.filters]
    for layers, forms in zip(arch.layers_by_block, blocks, strict=True):
        for layer, form in zip(layers, forms, strict=True):
            theta[layer] = form / np.linalg.norm(form, axis=-1, keepdims=True)
    shape = compose(arch, theta)
    scale = (shape.conj() * filters).sum(axis=-1) / (np.abs(shape) ** 2).sum(axis=-1)
    return balance(theta, scale)


def classify(
    arch: Architecture,
    data: Data,
    constant: float,
    embedding: Embedding,
    pattern: tuple[Partition, ...],
    points: Complex,
    filters: Complex,
    real: NDArray[np.bool_],
    conditions: Real,
) -> list[CriticalPoint]:
    """Classify the critical points of one stratum.

    Parameters
    ----------
    arch : Architecture
    data : Data
        Gram matrix and moment vector of the loss, real.
    constant : float
        The constant of the loss.
    embedding : Embedding
        The stratum's coordinates, in which ``points`` (P, coordinates) are given.
    pattern : tuple of partitions
    points : (P, coordinates) complex array
        With real entries for the real points, except where the factors of a real filter are not real.
    filters : (P, K) complex array
    real : (P,) bool array
    conditions : (P,) float array
        Condition numbers.
    """
    pure = all(partition[0] == 1 for partition in pattern)
    smooth = _smooth_points(arch, embedding, points)
    values = ((filters @ data.gram - 2 * data.b) * filters).sum(axis=1) + constant
    is_complex = np.flatnonzero(~real)
    forms = [
        complex_factorization(degrees, factors)
        for degrees, factors in zip(
            arch.layer_degrees, _block_factors(arch, embedding, points[is_complex]), strict=True
        )
    ]
    thetas = balanced_parameters(arch, forms, filters[is_complex])
    residuals = relative_gradient(arch, thetas, np.asarray(data.gram), np.asarray(data.b))
    over: list[_Over] = [_Over() for _ in points]
    for row, p in enumerate(is_complex.tolist()):
        over[p] = _Over([[w[row] for w in thetas]], [float(residuals[row])], [None], [None])

    answers: dict[int, _Answers] = {}
    candidates: list[Theta] = []
    owners: list[int] = []
    for p in np.flatnonzero(real).tolist():
        answers[p], found = _real_point(arch, embedding, points[p], filters[p].real)
        candidates += found
        owners += [p] * len(found)
    for p, theta, residual, kind, index in zip(owners, *_settle_real(arch, data, candidates), strict=True):
        over[p].add(theta, residual, kind, index)

    return [
        CriticalPoint(
            filter=filters[p],
            real=bool(real[p]),
            loss=float(values[p].real) if real[p] else complex(values[p]),
            stratum=pattern,
            pure=pure,
            smooth=bool(smooth[p]),
            residual=max(over[p].residuals, default=None),
            condition=float(conditions[p]),
            parameters=tuple(tuple(theta) for theta in over[p].thetas),
            kinds=tuple(over[p].kinds),
            indices=tuple(over[p].indices),
            in_function_space=answers.get(p, NOTHING).in_function_space,
            attained=answers.get(p, NOTHING).attained,
            interior=answers.get(p, NOTHING).interior,
            coordinates=None if over[p].thetas else points[p],
        )
        for p in range(len(points))
    ]


class _Answers(NamedTuple):
    """What is asked of a real filter; None where it does not apply or is undecided."""

    in_function_space: bool | None
    attained: bool | None
    interior: bool | None


NOTHING = _Answers(None, None, None)


@dataclass
class _Over:
    """The critical θ over one filter."""

    thetas: list[Theta] = field(default_factory=list)
    residuals: list[float] = field(default_factory=list)
    kinds: list[str | None] = field(default_factory=list)
    indices: list[int | None] = field(default_factory=list)

    def add(self, theta: Theta, residual: float, kind: str | None, index: int | None) -> None:
        self.thetas.append(theta)
        self.residuals.append(residual)
        self.kinds.append(kind)
        self.indices.append(index)


def _real_point(
    arch: Architecture, embedding: Embedding, point: Complex, filter_: Real
) -> tuple[_Answers, list[Theta]]:
    """What the real roots say of a real filter, and all real θ over it."""
    if np.abs(point.imag).max() > 0:
        return NOTHING, []
    blocks = _block_factors(arch, embedding, point.real)
    structures = [RealStructure.of_factors(factors) for factors in blocks]
    odd = [sum(d % 2 for d in degrees) for degrees in arch.layer_degrees]
    inside = _all(s.enough(n, odd_only=False) for s, n in zip(structures, odd, strict=True))
    interior = _all(s.enough(n, odd_only=True) for s, n in zip(structures, odd, strict=True))
    choices = (list(real_factorizations(d, s)) for d, s in zip(arch.layer_degrees, structures, strict=True))
    found = [balanced_parameters(arch, choice, filter_) for choice in product(*choices)]
    attained = None if any(s.doubtful for s in structures) else len(found) > 0
    return _Answers(inside, attained, interior if inside else None), found


def _block_factors(
    arch: Architecture, embedding: Embedding, points: NDArray[Any]
) -> list[list[tuple[int, NDArray[Any]]]]:
    """For each block the pairs (m, Q_m), Q_m as (…, e + 1) arrays for points (…, coordinates)."""
    result: list[list[tuple[int, NDArray[Any]]]] = [[] for _ in arch.blocks]
    stratum = embedding.stratum
    for factor, part, block in zip(stratum.factors, stratum.slices, embedding.blocks, strict=True):
        result[block].append((factor.power, points[..., part]))
    return result


def _all(answers: Iterator[bool | None]) -> bool | None:
    """Three-valued conjunction."""
    collected = list(answers)
    if False in collected:
        return False
    return None if None in collected else True


def _smooth_points(arch: Architecture, embedding: Embedding, points: Complex) -> NDArray[np.bool_]:
    """Whether the reduced parametrization is immersive and injective over each point."""
    result = np.ones(len(points), dtype=bool)
    if len(arch.blocks) < 2 or len(points) == 0:
        return result
    reduced = Stratum.of_layers(arch.reduced)
    coordinates = np.ones((len(points), reduced.coordinates), complex)
    below = np.ones((len(points), 1), complex)
    for b, factors in enumerate(_block_factors(arch, embedding, points)):
        form = reduce(multiply, (power(q, multiplicity) for multiplicity, q in factors))
        form = form / np.linalg.norm(form, axis=1, keepdims=True)
        coordinates[:, reduced.slices[b]] = form
        if b > 0:
            result &= ~have_hyperroot(below, arch.blocks[b].dilation)
        if b + 1 < len(arch.blocks):
            below = multiply(below, dilate(form, arch.blocks[b].dilation))
    singular = np.linalg.svd(equations_of(reduced).tangent_space(coordinates), compute_uv=False)
    return np.asarray(result & (singular[:, -1] > RANK_TOLERANCE * singular[:, 0]))


def _settle_real(
    arch: Architecture, data: Data, candidates: list[Theta]
) -> tuple[list[Theta], list[float], list[str | None], list[int | None]]:
    """Polish real θ in parameter space, verify them in the original parameters, and take the inertia of the Hessian."""
    count = len(candidates)
    if count == 0:
        return [], [], [], []
    stratum = Stratum.of_layers(arch)
    equations = equations_of(stratum)
    part_of = dict(zip((layer for layer, k in enumerate(arch.filters) if k > 1), stratum.slices, strict=True))
    points = np.ones((count, stratum.coordinates), complex)
    for layer in range(arch.depth):
        stack = np.array([theta[layer] for theta in candidates])
        if layer in part_of:
            points[:, part_of[layer]] = stack
        else:
            points[:, 0] *= stack[:, 0]
    refined = refine(equations, equations.normalize(points), data, real=True, steps=3)
    better = (refined.errors < 1e-3) & (refined.conditions < 1e12)  # not at degenerate points
    points[better] = refined.points[better].astype(complex)
    transformed = equations.transform(data)
    directions = equations.patch_values(equations.patches(points))
    hessian = equations.evaluate(points, directions, transformed, transformed, np.zeros(count)).hessian
    assert hessian is not None
    symmetric = (hessian.real + hessian.real.transpose(0, 2, 1)) / 2
    scale = np.sqrt(np.abs(np.einsum("pii->pi", symmetric)))
    scale = 1 / np.where(scale > 0, scale, 1.0)
    eigenvalues = np.linalg.eigvalsh(symmetric * scale[:, :, None] * scale[:, None, :])
    zero = np.abs(eigenvalues) <= ZERO_EIGENVALUE * np.abs(eigenvalues).max(axis=1, keepdims=True)
    negative = ((eigenvalues < 0) & ~zero).sum(axis=1).tolist()
    degenerate = zero.any(axis=1)
    kinds: list[str | None] = [
        "degenerate" if flat else "saddle" if index else "minimum"
        for flat, index in zip(degenerate, negative, strict=True)
    ]
    layers = [
        points[:, part_of[layer]].real if layer in part_of else np.ones((count, 1)) for layer in range(arch.depth)
    ]
    balanced = balance(layers, points[:, 0].real)
    residuals = relative_gradient(arch, balanced, np.asarray(data.gram), np.asarray(data.b))
    return [[w[i] for w in balanced] for i in range(count)], residuals.tolist(), kinds, negative
