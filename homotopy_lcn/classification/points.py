"""What kind of critical point is it? The rules for generic data and their reasons:

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
  immersive over w (Kohn, Montúfar, Shahverdi, Trager 2024, section 3), that is, iff no hyperroot of a block's level
  divides the product of the blocks below it.

Roots decide in floating point. Points where roots or hyperroots come so close that these rules may not apply are marked
as special, for the general code (see `special_points`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data
from ..geometry.real_factors import RealStructure, real_factorizations, roots_are_settled
from ..networks.architecture import Architecture
from ..networks.binary_forms import dilate, distance_to_hyperroot, multiply, power, roots_of_each
from ..networks.parameters import relative_gradient
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from .real_parameters import Theta, balanced_parameters, settle_real

__all__ = ["Classified", "classify"]

Partition = tuple[int, ...]
_Layers = Sequence[Sequence[NDArray[Any]]]

#: Relative distance from having a hyperroot below which a form has one.
HYPERROOT = 1e-7
#: The same below which the general code decides.
NEARLY = 1e-4


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


class Classified(NamedTuple):
    """Critical points, and which of them need the general code of `special_points`."""

    points: list[CriticalPoint]
    special: NDArray[np.bool_]


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
) -> Classified:
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

    Returns
    -------
    Classified
        A point is special where roots or hyperroots coincide, or nearly so.
    """
    pure = all(partition[0] == 1 for partition in pattern)
    distances = _distances_to_hyperroots(arch, embedding, points)
    special = distances <= NEARLY
    values = ((filters @ data.gram - 2 * data.b) * filters).sum(axis=1) + constant
    over: list[_Over] = [_Over() for _ in points]
    is_complex = np.flatnonzero(~real)
    if is_complex.size:
        forms = [
            complex_factorization(degrees, factors)
            for degrees, factors in zip(
                arch.layer_degrees, _block_factors(arch, embedding, points[is_complex]), strict=True
            )
        ]
        thetas = balanced_parameters(arch, forms, filters[is_complex])
        residuals = relative_gradient(arch, thetas, np.asarray(data.gram), np.asarray(data.b))
        for row, p in enumerate(is_complex.tolist()):
            over[p].add([w[row] for w in thetas], float(residuals[row]), None, None)

    answers: dict[int, _Answers] = {}
    factors_real = real & (points.imag == 0).all(axis=1)
    special |= real & ~factors_real
    rows = np.flatnonzero(factors_real)
    owners: list[NDArray[np.int64]] = []
    choices: list[_Layers] = []
    if rows.size:
        found = _real_points(arch, embedding, points[rows].real)
        special[rows] |= ~found.settled
        answers = dict(zip(rows.tolist(), found.answers, strict=True))
        owners = [rows[chosen] for chosen in found.owners]
        choices = found.choices
    if choices:
        forms = [
            [np.concatenate([choice[b][layer] for choice in choices]) for layer in range(len(degrees))]
            for b, degrees in enumerate(arch.layer_degrees)
        ]
        owner = np.concatenate(owners)
        settled = settle_real(arch, data, balanced_parameters(arch, forms, filters[owner].real))
        for n, p in enumerate(owner.tolist()):
            over[p].add(settled.theta(n), settled.residuals[n], settled.kinds[n], settled.indices[n])

    classified = [
        CriticalPoint(
            filter=filters[p],
            real=is_real,
            loss=value.real if is_real else value,
            stratum=pattern,
            pure=pure,
            smooth=distance > HYPERROOT,
            residual=max(above.residuals, default=None),
            condition=condition,
            parameters=tuple(tuple(theta) for theta in above.thetas),
            kinds=tuple(above.kinds),
            indices=tuple(above.indices),
            in_function_space=answer.in_function_space,
            attained=answer.attained,
            interior=answer.interior,
            coordinates=points[p],
        )
        for p, (is_real, value, distance, condition, above, answer) in enumerate(
            zip(
                real.tolist(), values.tolist(), distances.tolist(), conditions.tolist(), over,
                (answers.get(p, NOTHING) for p in range(len(points))), strict=True,
            )
        )
    ]  # fmt: skip
    return Classified(classified, special)


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


class _RealPoints(NamedTuple):
    """What the real roots of R real points say of them, and all real θ over them that are critical for all data.

    Attributes
    ----------
    answers : list of _Answers
    settled : (R,) bool array
        Whether their roots are far enough apart to be sure of it.
    owners : list of (C,) int arrays
        For each item of ``choices``, the points that it is about.
    choices : list of lists (a block) of lists (a layer) of (C, d + 1) arrays
        The layers up to scale.
    """

    answers: list[_Answers]
    settled: NDArray[np.bool_]
    owners: list[NDArray[np.int64]]
    choices: list[_Layers]


def _real_points(arch: Architecture, embedding: Embedding, points: Real) -> _RealPoints:
    """Batched: points with as many real roots of each multiplicity are treated together."""
    blocks = _block_factors(arch, embedding, points)
    odd = [sum(d % 2 for d in degrees) for degrees in arch.layer_degrees]
    roots = [[(m, roots_of_each(form)) for m, form in factors] for factors in blocks]
    settled = np.ones(len(points), dtype=bool)
    numbers = []  # of real roots, a column for each factor
    inside, interior = settled.copy(), settled.copy()
    for factors, needed in zip(roots, odd, strict=True):
        settled &= roots_are_settled(np.concatenate([found for _, found in factors], axis=1))
        real = [(found[:, :, 0].imag == 0).sum(axis=1) for _, found in factors]
        inside &= sum(m * n for (m, _), n in zip(factors, real, strict=True)) >= needed
        interior &= sum((m % 2) * n for (m, _), n in zip(factors, real, strict=True)) >= needed
        numbers += real
    answers = [_Answers(a, None, b if a else None) for a, b in zip(inside.tolist(), interior.tolist(), strict=True)]

    groups: dict[tuple[int, ...], list[int]] = {}
    shapes = zip(*(number.tolist() for number in numbers), strict=True) if numbers else [()] * len(points)
    for p, (shape, sure) in enumerate(zip(shapes, settled.tolist(), strict=True)):
        if sure:
            groups.setdefault(shape, []).append(p)
    owners: list[NDArray[np.int64]] = []
    choices: list[_Layers] = []

    def enter(rows: NDArray[np.int64], structures: list[RealStructure]) -> int:
        shared = (list(real_factorizations(d, s)) for d, s in zip(arch.layer_degrees, structures, strict=True))
        known = len(choices)
        choices.extend(product(*shared))
        owners.extend([rows] * (len(choices) - known))
        return len(choices) - known

    for shape, members in groups.items():
        rows, left = np.array(members), list(shape)
        structures = [
            RealStructure.of_roots([(m, found[rows], left.pop(0)) for m, found in factors]) for factors in roots
        ]
        attained = enter(rows, structures) > 0
        for p in members:
            answers[p] = answers[p]._replace(attained=attained)
    for p in np.flatnonzero(~settled).tolist():
        structures = _closer_look(blocks, p)
        number = enter(np.array([p]), structures)
        is_inside = _all(s.enough(n, odd_only=False) for s, n in zip(structures, odd, strict=True))
        is_interior = _all(s.enough(n, odd_only=True) for s, n in zip(structures, odd, strict=True))
        doubtful = any(s.doubtful for s in structures)
        answers[p] = _Answers(is_inside, None if doubtful else number > 0, is_interior if is_inside else None)
    return _RealPoints(answers, settled, owners, choices)


def _closer_look(blocks: list[list[tuple[int, NDArray[Any]]]], p: int) -> list[RealStructure]:
    """The real factors of one of the points, with what rounding leaves open; the forms are (1, d + 1) arrays."""
    structures = [RealStructure.of_factors([(m, form[p]) for m, form in factors]) for factors in blocks]
    return [
        RealStructure([(m, f[None]) for m, f in s.linear], [(m, f[None]) for m, f in s.quadratic], s.doubtful)
        for s in structures
    ]


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


def _distances_to_hyperroots(arch: Architecture, embedding: Embedding, points: Complex) -> Real:
    """How far the product of the blocks below some block is from having a hyperroot of its level."""
    result = np.full(len(points), np.inf)
    degrees = [block.degree * block.dilation for block in arch.blocks]
    possible = [sum(degrees[:b]) >= block.dilation for b, block in enumerate(arch.blocks)]
    if True not in possible or len(points) == 0:
        return result
    last = len(possible) - possible[::-1].index(True)
    below = np.ones((len(points), 1), complex)
    factored = _block_factors(arch, embedding, points)
    for b, (block, factors) in enumerate(zip(arch.blocks[:last], factored, strict=False)):
        if possible[b]:
            result = np.minimum(result, distance_to_hyperroot(below, block.dilation))
        if b + 1 < last:
            form = reduce(multiply, (power(q, multiplicity) for multiplicity, q in factors))
            below = multiply(below, dilate(form / np.linalg.norm(form, axis=1, keepdims=True), block.dilation))
    return result
