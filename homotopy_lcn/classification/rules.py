"""What kind of critical point is it? The rules for generic data, on arrays, and their reasons:

Let w be a real critical filter on the stratum λ. Its block polynomials P_b = Π_m Q_{b,m}^m are real up to scale.

* w is in the function space iff in every block the layers of odd degree are at most as many as the real roots of P_b on
  the projective line, counted with multiplicity: each layer of odd degree needs a real root.
* w is interior (relative to the real Zariski closure) iff the layers of odd degree are at most as many as the real
  roots of odd multiplicity: a nearby form may lose the real roots of even multiplicity in pairs.
* A critical θ over w gives every root of multiplicity m to m different layers (each single layer is square-free), which
  is a 0/1 matrix with the layer degrees as row sums and λ as column sums. θ is real iff conjugate roots go to the same
  layers. w is attained iff there is a real critical θ; this asks more than membership.
* The kind of θ is the inertia of the Hessian of the loss on the complement of the scaling directions.
* w ≠ 0 is a smooth point of the Zariski closure of the function space iff the reduced parametrization is injective and
  immersive over w (Kohn, Montúfar, Shahverdi, Trager 2024, section 3), that is, iff no hyperroot of a block's level
  divides the product of the blocks below it.

The points are rows of arrays. They belong to one data set or to as many data sets as there are points. The real
factorizations are enumerated once for all points whose factors have equally many real roots.

Roots decide in floating point. No close call is decided here: where rounding might change an answer, the point is
marked. The module `points` takes a closer look at marked points; a survey solves their data set on its own.

Every operation is one on numbers or on one small matrix at a time, so that the answers for a point do not depend on the
other points of the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..geometry.real_factors import RealStructure, enough_real_roots, real_factorizations, roots_are_settled
from ..networks.architecture import Architecture
from ..networks.binary_forms import dilate, distance_to_hyperroot, multiply, power, roots_of_each
from .hessian_indices import hessian_indices
from .stratum_problem import BlockFactors, StratumProblem
from .tolerances import CLASSIFICATION

__all__ = [
    "Classified",
    "Layers",
    "RealAnswers",
    "classify_real",
    "distances_to_hyperroots",
    "have_plain_roots",
    "odd_layers",
    "real_answers",
    "real_factorizations_of_blocks",
    "stacked",
]

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]
#: The layers of each block, up to scale.
Layers = Sequence[Sequence[NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class RealAnswers:
    """Answers for R real filters of one stratum, from the real roots of their factors.

    Attributes
    ----------
    settled : (R,) bool array
        Whether the roots of every factor are so far apart that rounding cannot change the answers. Elsewhere the
        answers are void.
    apart : (R,) bool array
        Whether the roots of different factors of a block are far apart as well. Where they are not, the point may be
        special.
    in_function_space, interior, attained : (R,) bool arrays
        The answers for `interior` are meant for filters in the function space.
    owners : (T,) integer array
        For each real critical θ its filter.
    layers : list (a block) of lists (a layer) of (T, d + 1) arrays
        The layers of θ up to scale.
    """

    settled: Bools
    apart: Bools
    in_function_space: Bools
    interior: Bools
    attained: Bools
    owners: Integers
    layers: list[list[Real]]


@dataclass(frozen=True, eq=False)
class Classified:
    """All answers for P real filters of one stratum, as counts.

    Attributes
    ----------
    losses : (P,) float array
    in_function_space, attained, interior, smooth : (P,) bool arrays
        The answers for `interior` and `smooth` are given for every filter, as in a solve; they count for attained
        filters.
    doubtful : (P,) bool array
        Where one of the answers is not beyond doubt.
    parameters, minima : (P,) integer arrays
        Number of real critical θ over each filter, and number of minima among these θ.
    owners, indices : (T,) integer arrays
        For each real critical θ its filter and the index of the Hessian.
    """

    losses: Real
    in_function_space: Bools
    attained: Bools
    interior: Bools
    smooth: Bools
    doubtful: Bools
    parameters: Integers
    minima: Integers
    owners: Integers
    indices: Integers


def classify_real(problem: StratumProblem, points: Real, filters: Real) -> Classified:
    """Classify real critical points of one stratum, of any number of data sets, as far as they are beyond doubt.

    Parameters
    ----------
    problem : StratumProblem
        With one data set, or with a data set for each point.
    points : (P, coordinates) float array
        The points in the coordinates of the stratum.
    filters : (P, K) float array
        The end-to-end filters of the points.
    """
    count = len(points)
    found = real_answers(problem, points)
    owners = found.owners
    indices, index_in_doubt = hessian_indices(
        problem.of_points(owners), _in_order(problem.arch, found.layers), filters[owners]
    )
    distances = distances_to_hyperroots(problem, points)
    doubtful = ~found.settled | (distances <= CLASSIFICATION.hyperroot_in_doubt)
    doubtful |= _have_small_leading_coefficients(problem.block_factors(points), count)
    doubtful |= np.bincount(owners, index_in_doubt, minlength=count) > 0
    return Classified(
        losses=problem.losses(filters),
        in_function_space=found.in_function_space,
        attained=found.attained,
        interior=found.interior & found.in_function_space,
        smooth=distances > CLASSIFICATION.hyperroot,
        doubtful=doubtful,
        parameters=np.bincount(owners, minlength=count),
        minima=np.bincount(owners[indices == 0], minlength=count),
        owners=owners,
        indices=indices,
    )


def real_answers(problem: StratumProblem, points: Real) -> RealAnswers:
    """What the real roots of the factors decide, and all real θ that are critical on the stratum for all data.

    Parameters `problem` and `points` as for `classify_real`.
    """
    arch, count = problem.arch, len(points)
    settled, apart, inside, interior = (np.ones(count, dtype=bool) for _ in range(4))
    roots, numbers = [], []
    for needed, factors in zip(odd_layers(arch), problem.block_factors(points), strict=True):
        found = [(multiplicity, roots_of_each(form)) for multiplicity, form in factors]
        certain = np.all([roots_are_settled(p) for _, p in found], axis=0)
        settled &= certain
        apart &= certain if len(found) == 1 else roots_are_settled(np.concatenate([p for _, p in found], axis=1))
        real = np.stack([(p[:, :, 0].imag == 0).sum(axis=1) for _, p in found], axis=1)
        multiplicities = [multiplicity for multiplicity, _ in found]
        inside &= enough_real_roots(needed, multiplicities, real, odd_only=False)
        interior &= enough_real_roots(needed, multiplicities, real, odd_only=True)
        roots.append(found)
        numbers.append(real)
    owners, layers = _real_parameters(arch, roots, numbers, settled)
    attained = np.zeros(count, dtype=bool)
    attained[owners] = True
    return RealAnswers(settled, apart, inside, interior, attained, owners, layers)


def odd_layers(arch: Architecture) -> list[int]:
    """For each block the number of its layers of odd degree, each of which needs a real root."""
    return [sum(degree % 2 for degree in degrees) for degrees in arch.layer_degrees]


def have_plain_roots(problem: StratumProblem, points: Complex) -> Bools:
    """Where no roots are near each other and no hyperroots nearby, even at a point that is known to few digits.

    Then the classes of roots of the filter are those of the stratum.
    """
    apart = np.ones(len(points), dtype=bool)
    for factors in problem.block_factors(points):
        roots = np.concatenate([roots_of_each(form) for _, form in factors], axis=1)
        x, y = roots[:, :, 0], roots[:, :, 1]
        distances = np.abs(x[:, :, None] * y[:, None, :] - y[:, :, None] * x[:, None, :])
        distances[:, np.arange(x.shape[1]), np.arange(x.shape[1])] = 1.0
        apart &= distances.min(axis=(1, 2), initial=1.0) > CLASSIFICATION.plain_roots
    return apart & (distances_to_hyperroots(problem, points) > CLASSIFICATION.plain_roots)


def distances_to_hyperroots(problem: StratumProblem, points: Real | Complex) -> Real:
    """How far the product of the blocks below some block is from having a hyperroot of the level of that block.

    Parameters
    ----------
    problem : StratumProblem
    points : (P, coordinates) array

    Returns
    -------
    (P,) float array
        The least distance over the blocks; ∞ where the product is too short to have a hyperroot.
    """
    arch = problem.arch
    result = np.full(len(points), np.inf)
    degrees = [block.degree * block.dilation for block in arch.blocks]
    possible = [sum(degrees[:b]) >= block.dilation for b, block in enumerate(arch.blocks)]
    if True not in possible or len(points) == 0:
        return result
    last = len(possible) - possible[::-1].index(True)
    below = np.ones((len(points), 1), points.dtype)
    factored = problem.block_factors(points)
    for b, (block, factors) in enumerate(zip(arch.blocks[:last], factored, strict=False)):
        if possible[b]:
            result = np.minimum(result, distance_to_hyperroot(below.astype(complex), block.dilation))
        if b + 1 < last:
            form = reduce(multiply, (power(q, multiplicity) for multiplicity, q in factors))
            below = multiply(below, dilate(form / np.linalg.norm(form, axis=1, keepdims=True), block.dilation))
    return result


def real_factorizations_of_blocks(arch: Architecture, structures: Sequence[RealStructure]) -> list[Layers]:
    """All ways to give the real factors of every block to its layers: the layers of each block, up to scale."""
    shared = (real_factorizations(d, s) for d, s in zip(arch.layer_degrees, structures, strict=True))
    return list(product(*shared))


def stacked(arch: Architecture, choices: Sequence[Layers]) -> list[list[Real]]:
    """The layers of each block, from several arrays of each layer: one below the other."""
    return [
        [
            np.concatenate([np.empty((0, degree + 1)), *(choice[b][layer] for choice in choices)])
            for layer, degree in enumerate(degrees)
        ]
        for b, degrees in enumerate(arch.layer_degrees)
    ]


def _real_parameters(
    arch: Architecture, roots: Sequence[Sequence[tuple[int, Complex]]], numbers: Sequence[Integers], settled: Bools
) -> tuple[Integers, list[list[Real]]]:
    """All real critical θ over the settled points: the point of each θ, and the layers of each block, up to scale.

    Parameters
    ----------
    arch : Architecture
    roots : for each block the pairs (m, roots of Q_m), the roots a (R, e, 2) array
    numbers : for each block a (R, factors) array
        How many roots of each Q_m are real.
    settled : (R,) bool array
    """
    owners, choices = [np.empty(0, np.int64)], []
    for rows in _alike(numbers, np.flatnonzero(settled)):
        real = iter([int(number[rows[0], f]) for number in numbers for f in range(number.shape[1])])
        structures = [RealStructure.of_roots([(m, found[rows], next(real)) for m, found in block]) for block in roots]
        ways = real_factorizations_of_blocks(arch, structures)
        choices += ways
        owners += [rows] * len(ways)
    return np.concatenate(owners), stacked(arch, choices)


def _alike(numbers: Sequence[Integers], rows: Integers) -> list[Integers]:
    """The rows in groups with equal numbers of real roots, the groups in the order of their first rows."""
    keys = np.zeros(len(rows), np.int64)
    for column in (column for number in numbers for column in number.T):
        keys = keys * (column.max(initial=0) + 1) + column[rows]
    return [rows[keys == key] for key in dict.fromkeys(keys.tolist())]


def _in_order(arch: Architecture, layers: Layers) -> list[Real]:
    """The layers of size above one in the order of the network, from the layers of each block."""
    places = [layer for block in arch.layers_by_block for layer in block]
    forms = [form for block in layers for form in block]
    return [forms[place] for place in np.argsort(places)]


def _have_small_leading_coefficients(factors: BlockFactors, count: int) -> Bools:
    """Where the companion matrix of a factor has entries so large that they spoil other roots."""
    result = np.zeros(count, dtype=bool)
    for _, form in (pair for block in factors for pair in block):
        if form.shape[1] > 3:
            size = np.abs(form)
            result |= size[:, 0] <= CLASSIFICATION.small_leading * size.max(axis=1)
    return result
