"""What kind of critical point is it? All points of a stratum for one data set, as records.

The rules of `rules` answer for all points at once. Real points with roots so close that rounding might change an answer
get a closer look, one by one, which tells what rounding leaves open. All real parameters are polished by Newton's
method. Points where roots or hyperroots come so close that the rules for generic data may not apply are marked as
special, for the general code (see `special_data`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, frozen, without_specks
from ..geometry.real_factors import RealStructure
from ..networks.binary_forms import multiply, power, roots_of_each
from ..networks.parameters import relative_gradient
from ..results.points import CriticalPoint
from .hessian_indices import careful_inertia
from .real_parameters import Theta, balanced_parameters, polish
from .rules import (
    Layers,
    RealAnswers,
    distances_to_hyperroots,
    odd_layers,
    real_answers,
    real_factorizations_of_blocks,
    stacked,
)
from .stratum_problem import StratumProblem
from .tolerances import CLASSIFICATION

__all__ = ["ClassifiedPoints", "FoundPoints", "classify", "complex_factorization", "complex_parameters"]


class FoundPoints(NamedTuple):
    """Critical points of one stratum as the solver finds them, P points.

    Attributes
    ----------
    points : (P, coordinates) complex array
        The points in the coordinates of the stratum. The entries of real points are real, except where the factors of a
        real filter are not real.
    filters : (P, K) complex array
    real : (P,) bool array
        Whether the filters are real.
    conditions : (P,) float array
        Condition numbers.
    """

    points: Complex
    filters: Complex
    real: NDArray[np.bool_]
    conditions: Real


class ClassifiedPoints(NamedTuple):
    """Critical points, and which of them need the general code of `special_data`."""

    points: list[CriticalPoint]
    special: NDArray[np.bool_]


def classify(problem: StratumProblem, found: FoundPoints, *, kinds: bool = True) -> ClassifiedPoints:
    """Classify the critical points of one stratum.

    Parameters
    ----------
    problem : StratumProblem
        With one real data set.
    found : FoundPoints
    kinds : bool
        Whether real θ are polished and their Hessians decide kinds and indices. Otherwise the real θ are those that the
        roots give, of kind and index None.

    Returns
    -------
    ClassifiedPoints
        A point is special where roots or hyperroots coincide, or nearly so.
    """
    distances = distances_to_hyperroots(problem, found.points)
    labels = [_Labels() for _ in found.points]
    _label_complex(problem, found, labels)
    rows = np.flatnonzero(found.real & (found.points.imag == 0).all(axis=1))
    apart = np.zeros(len(labels), dtype=bool)
    apart[rows] = _label_real(problem, found, rows, labels, kinds)
    special = (distances <= CLASSIFICATION.near_hyperroot) | (found.real & ~apart)
    pure = all(partition[0] == 1 for partition in problem.pattern)
    filters, coordinates = frozen(without_specks(found.filters)), frozen(found.points)
    classified = [
        CriticalPoint(
            filter=filters[p],
            real=is_real,
            loss=loss.real if is_real else loss,
            stratum=problem.pattern,
            pure=pure,
            smooth=distance > CLASSIFICATION.hyperroot,
            residual=max(label.residuals, default=None),
            condition=condition,
            parameters=tuple(tuple(theta) for theta in label.thetas),
            kinds=tuple(label.kinds),
            indices=tuple(label.indices),
            in_function_space=label.in_function_space,
            attained=label.attained,
            interior=label.interior,
            coordinates=coordinates[p],
        )
        for p, (is_real, loss, distance, condition, label) in enumerate(
            zip(
                found.real.tolist(), problem.losses(found.filters).tolist(), distances.tolist(),
                found.conditions.tolist(), labels, strict=True,
            )
        )
    ]  # fmt: skip
    return ClassifiedPoints(classified, special)


@dataclass
class _Labels:
    """The answers for one filter, None where a question does not apply or is open, and the critical θ over it."""

    in_function_space: bool | None = None
    attained: bool | None = None
    interior: bool | None = None
    thetas: list[Theta] = field(default_factory=list)
    residuals: list[float] = field(default_factory=list)
    kinds: list[str | None] = field(default_factory=list)
    indices: list[int | None] = field(default_factory=list)

    def answer(self, in_function_space: bool | None, attained: bool | None, interior: bool | None) -> None:
        self.in_function_space, self.attained = in_function_space, attained
        self.interior = interior if in_function_space else None

    def add(self, theta: Theta, residual: float, kind: str | None, index: int | None) -> None:
        self.thetas.append(theta)
        self.residuals.append(residual)
        self.kinds.append(kind)
        self.indices.append(index)


def _label_complex(problem: StratumProblem, found: FoundPoints, labels: Sequence[_Labels]) -> None:
    """Enter one complex θ over each filter that is not real."""
    rows = np.flatnonzero(~found.real)
    if not rows.size:
        return
    thetas, residuals = complex_parameters(problem, found.points[rows], found.filters[rows])
    thetas = list(map(frozen, thetas))
    for n, p in enumerate(rows.tolist()):
        labels[p].add([w[n] for w in thetas], float(residuals[n]), None, None)


def complex_parameters(problem: StratumProblem, points: Complex, filters: Complex) -> tuple[Theta, Real]:
    """One complex θ over each filter (P, K), as layers (P, k), and the relative gradient there (P,)."""
    arch = problem.arch
    factors = problem.block_factors(points)
    forms = [complex_factorization(*block) for block in zip(arch.layer_degrees, factors, strict=True)]
    thetas = balanced_parameters(arch, forms, filters)
    return thetas, relative_gradient(arch, thetas, np.asarray(problem.gram), np.asarray(problem.b))


def _label_real(
    problem: StratumProblem, found: FoundPoints, rows: NDArray[np.int64], labels: Sequence[_Labels], kinds: bool
) -> NDArray[np.bool_]:
    """Enter the answers for real points with real factors, and all real θ over them that are critical for all data.

    Returns
    -------
    (rows,) bool array
        Whether all roots of a block are far apart, at each of the points.
    """
    if not rows.size:
        return np.zeros(0, dtype=bool)
    points, filters = found.points[rows].real, found.filters[rows].real
    answers = real_answers(problem, points)
    columns = (answers.in_function_space, answers.attained, answers.interior)
    for p, *three in zip(rows.tolist(), *(column.tolist() for column in columns), strict=True):
        labels[p].answer(*three)
    closer = [_look_closer(problem, points, n, labels[rows[n]]) for n in np.flatnonzero(~answers.settled).tolist()]
    _enter_parameters(problem, answers, closer, filters, [labels[p] for p in rows.tolist()], kinds)
    return answers.apart


class _Choices(NamedTuple):
    """All real θ over one of the points: the row of the point, and the layers of each block of each θ."""

    row: int
    layers: list[Layers]


def _look_closer(problem: StratumProblem, points: Real, row: int, label: _Labels) -> _Choices:
    """Enter the answers for one point with roots that are close to each other, with what rounding leaves open."""
    factors = problem.block_factors(points[row : row + 1])
    structures = [RealStructure.of_factors([(m, form[0]) for m, form in block]) for block in factors]
    pairs = list(zip(structures, odd_layers(problem.arch), strict=True))
    stacks = [
        RealStructure([(m, f[None]) for m, f in s.linear], [(m, f[None]) for m, f in s.quadratic], s.doubtful)
        for s in structures
    ]
    layers = real_factorizations_of_blocks(problem.arch, stacks)
    label.answer(
        in_function_space=_all(s.enough(needed, odd_only=False) for s, needed in pairs),
        attained=None if any(s.doubtful for s in structures) else bool(layers),
        interior=_all(s.enough(needed, odd_only=True) for s, needed in pairs),
    )
    return _Choices(row, layers)


def _enter_parameters(
    problem: StratumProblem,
    answers: RealAnswers,
    closer: Sequence[_Choices],
    filters: Real,
    labels: Sequence[_Labels],
    kinds: bool,
) -> None:
    """Polish all real θ, and enter the θ with the kinds and indices that the Hessian at the polished θ gives."""
    owners = np.concatenate([answers.owners, *(np.full(len(one.layers), one.row) for one in closer)])
    if not owners.size:
        return
    layers = answers.layers
    if closer:
        layers = stacked(problem.arch, [layers, *(choice for one in closer for choice in one.layers)])
    balanced = balanced_parameters(problem.arch, layers, filters[owners])
    if not kinds:
        residuals = relative_gradient(problem.arch, balanced, np.asarray(problem.gram), np.asarray(problem.b))
        for n, (p, residual) in enumerate(zip(owners.tolist(), residuals.tolist(), strict=True)):
            labels[p].add([frozen(w[n]) for w in balanced], residual, None, None)
        return
    polished = polish(problem.arch, problem.data, balanced)
    inertia = careful_inertia(problem.arch, problem.data, polished.points, polished.zero)
    for n, (p, residual, kind, index) in enumerate(
        zip(owners.tolist(), polished.residuals, inertia.kinds(), inertia.indices.tolist(), strict=True)
    ):
        labels[p].add(polished.theta(n), residual, kind, index)


def _all(answers: Iterator[bool | None]) -> bool | None:
    """Three-valued conjunction."""
    collected = list(answers)
    if False in collected:
        return False
    return None if None in collected else True


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
