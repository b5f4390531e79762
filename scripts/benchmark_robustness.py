"""Robustness on ordinary and on special data: how many solves account for all paths, and how.

    python scripts/benchmark_robustness.py [--architectures 40] [--draws 250] [--kinds white,integer] [--markdown]

Every architecture is solved for ``--draws`` data sets of each kind (``--kinds white:10`` sets the number for one kind):

gaussian
    2K samples X, Y with independent normal entries (one patch each).
white
    Σ = I, the target u normal.
ar1
    Σ_ij = 0.99^|i−j|, the target normal: the Gram matrix of an autoregressive process.
toeplitz
    Σ_ij = Σ_f a_f cos(ω_f (i − j)) with K frequencies ω_f uniform in (0, π) and powers a_f uniform in (0, 1), the
    target normal.
few samples
    K + 1 samples X, Y with independent normal entries.
integer
    K + 2 samples X, Y of integers from −2 to 2; drawn again if the rank of Σ is below the dimension of M.
ill-conditioned
    Σ with the eigenvectors of the matrix 1/(i + j + 1 + t), t uniform in (0, 1), like Hilbert's, and eigenvalues in
    geometric progression with condition number 1e12; the target normal.
on M
    Σ from 2K normal samples, the target u = μ(θ), every layer of θ normal. In every other draw μ(θ) is special: two
    layers of a block share a root, a layer has a double root, a layer has a hyperroot of a later one, which has the
    same (coincident) or another (to be swapped), or the first or last coefficient of a layer is zero: one of those that
    the architecture has, at random.
near-discriminant
    In every other draw a random real filter w of a stratum is a critical point with a singular Hessian: Σ as above and
    b = Σw − te, with e normal to the stratum at w and 1/t an eigenvalue of its curvature in direction e, relative to Σ.
    In the others the target is a special one on M. Then b is moved by 1e-8 of its norm in a random direction.

Counted are complete solves, solves in which a path was tracked a second time with shorter steps (retracked), solves
that took extended precision, solves that tried another random detour, solves in which paths end at infinity, at w = 0
or at singular points, incomplete solves, and solves that contradict one of these checks: non-real points come in
conjugate pairs; white data with filters that do not overlap have as many nonsingular points as there are singular
vector tuples (Friedland and Ottaviani 2014); data with a perfect fit have a critical point with it; the gradient in the
original parameters vanishes; and, in every fifth draw, the data read backwards give, along other paths, the same counts
and the filters read backwards. Each solve can be repeated from its architecture, kind and draw:

    python scripts/benchmark_robustness.py --repeat "(3,2),(2,1)" white 17

With ``--phcpack DRAWS`` the first DRAWS draws of each kind are also solved from nothing by PHCpack's blackbox, in
parameter space, on the architectures with at most 60 critical parameters (`homotopy_lcn.witness`). The table then says
how many solves were compared, how many filters of PHCpack's are missing here (each makes a contradiction), and how many
of the filters compared PHCpack missed.

A long run is done in pieces of a few draws of every architecture and kind. With ``--keep FILE`` each finished piece is
written to the file, and a run that was stopped goes on from there; ``--finished`` prints the table of what there is.
Files of several runs may be put together with ``cat``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmark_common import SCRIPTS, architecture_name, facts, machine, table, with_section
from numpy.typing import NDArray

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points, generic_count
from homotopy_lcn.distinct import find
from homotopy_lcn.equations import Data, equations_of
from homotopy_lcn.forms import dilate, multiply
from homotopy_lcn.parameters import compose
from homotopy_lcn.strata import Embedding
from homotopy_lcn.witness import cross_check

DOCUMENT = SCRIPTS.parent / "docs" / "reliability.md"
#: Stride one; filters that do not overlap; overlapping ones; mixed strides; filters of size one.
ARCHITECTURES = (
    ((2, 2), (1, 1)),
    ((3, 2), (1, 1)),
    ((4, 2), (1, 1)),
    ((3, 3), (1, 1)),
    ((4, 3), (1, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((3, 2, 2), (1, 1, 1)),
    ((2, 2, 2, 2), (1, 1, 1, 1)),
    ((2, 2), (2, 1)),
    ((2, 3), (2, 1)),
    ((2, 4), (2, 1)),
    ((2, 6), (3, 1)),
    ((4, 2), (4, 1)),
    ((3, 2), (7, 1)),
    ((3, 3), (3, 1)),
    ((4, 3), (4, 1)),
    ((2, 2, 2), (2, 2, 1)),
    ((2, 2, 2), (5, 2, 1)),
    ((3, 2, 2), (3, 2, 1)),
    ((3, 2), (2, 1)),
    ((4, 2), (2, 1)),
    ((4, 2), (3, 1)),
    ((5, 2), (2, 1)),
    ((5, 2), (3, 1)),
    ((6, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((3, 4), (2, 1)),
    ((4, 3), (2, 1)),
    ((3, 2, 2), (2, 2, 1)),
    ((2, 3, 2), (2, 2, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((2, 2, 2), (2, 1, 1)),
    ((3, 2, 2), (1, 2, 1)),
    ((3, 2, 2), (2, 1, 1)),
    ((2, 3, 2), (1, 2, 1)),
    ((2, 2, 3), (1, 3, 1)),
    ((2, 2, 2, 2), (1, 1, 2, 1)),
    ((2, 2, 2, 2), (1, 2, 1, 1)),
    ((1, 3, 2), (5, 2, 1)),
    ((2, 1, 2, 1, 2), (1, 2, 1, 2, 1)),
)
#: Relative distance of the near-discriminant data from a discriminant.
NEAR = 1e-8
#: Largest relative gradient at balanced parameters, at nonsingular points and at singular ones.
RESIDUALS = (1e-10, 1e-7)
#: Loss of a perfect fit, relative to the constant.
PERFECT = 1e-12
#: Conjugates, and filters of two solves, are equal within this.
EQUAL = 1e-8
#: What rounding may change in a filter, relative to the condition number of the Gram matrix.
ROUNDING = 1e-19
#: The same as EQUAL at singular points.
EQUAL_IF_SINGULAR = 1e-5
#: PHCpack's blackbox is asked for architectures with at most so many critical parameters for generic data, for so many
#: seconds a patch.
PHCPACK_PARAMETERS, PHCPACK_SECONDS = 60, 300.0
#: Draws that are done and kept together.
PIECE = 25
#: Of so many draws one is solved again backwards; odd, so that special targets on M are among them.
AGAIN = 5

Generator = np.random.Generator
Real = NDArray[np.float64]


# Data


def samples(arch: Architecture, rows: int, rng: Generator) -> SquaredLoss:
    """The loss of independent normal patches and outputs."""
    X, Y = rng.standard_normal((rows, arch.filter_size)), rng.standard_normal((rows, 1))
    return SquaredLoss.from_data(X, Y, arch)


def with_target(gram: Real, target: Real) -> SquaredLoss:
    """The loss (w − u)ᵀΣ(w − u)."""
    b = gram @ target
    return SquaredLoss(gram, b, target @ b)


def gaussian(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    return samples(arch, 2 * arch.filter_size, rng)


def white(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    return SquaredLoss.white(rng.standard_normal(arch.filter_size))


def ar1(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    lags = np.subtract.outer(np.arange(arch.filter_size), np.arange(arch.filter_size))
    return with_target(0.99 ** np.abs(lags), rng.standard_normal(arch.filter_size))


def toeplitz(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    size = arch.filter_size
    lags = np.subtract.outer(np.arange(size), np.arange(size))
    frequencies, powers = np.pi * rng.random(size), rng.random(size)
    return with_target(np.cos(lags[..., None] * frequencies) @ powers, rng.standard_normal(size))


def few_samples(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    return samples(arch, arch.filter_size + 1, rng)


def integer(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    size = arch.filter_size
    while True:
        X, Y = rng.integers(-2, 3, (size + 2, size)), rng.integers(-2, 3, (size + 2, 1))
        loss = SquaredLoss.from_data(X, Y, arch)
        used = np.flatnonzero(compose(arch, [np.ones(k) for k in arch.filters]))
        if np.linalg.matrix_rank(loss.gram[np.ix_(used, used)]) >= arch.dimension:
            return loss


def ill_conditioned(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    size = arch.filter_size
    places = np.arange(size) + (1 + rng.random()) / 2
    _, vectors = np.linalg.eigh(1 / np.add.outer(places, places))
    # A little above 1e-12, from where on an eigenvalue counts as zero.
    values = np.geomspace(1.01e-12, 1, size)
    gram = (vectors * values) @ vectors.T
    return with_target((gram + gram.T) / 2, rng.standard_normal(size))


def on_function_space(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    theta = special_parameters(arch, rng) if draw % 2 else random_parameters(arch, rng)
    return with_target(gaussian(arch, draw, rng).gram, compose(arch, theta))


def near_discriminant(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    gram = gaussian(arch, draw, rng).gram
    b = gram @ compose(arch, special_parameters(arch, rng)) if draw % 2 else moments_on_discriminant(arch, gram, rng)
    direction = rng.standard_normal(len(b))
    b = b + NEAR * np.linalg.norm(b) / np.linalg.norm(direction) * direction
    return SquaredLoss(gram, b, b @ np.linalg.solve(gram, b))


KINDS: dict[str, Callable[[Architecture, int, Generator], SquaredLoss]] = {
    "gaussian": gaussian,
    "white": white,
    "ar1": ar1,
    "toeplitz": toeplitz,
    "few samples": few_samples,
    "integer": integer,
    "ill-conditioned": ill_conditioned,
    "on M": on_function_space,
    "near-discriminant": near_discriminant,
}


def random_parameters(arch: Architecture, rng: Generator) -> list[Real]:
    """Normal entries."""
    return [rng.standard_normal(k) for k in arch.filters]


def special_parameters(arch: Architecture, rng: Generator) -> list[Real]:
    """Normal entries, but one of the special features of the ``on M`` data."""
    theta = random_parameters(arch, rng)
    features = list(_features(arch, theta, rng))
    for layer, filter_ in features[rng.integers(len(features))]:
        theta[layer] = filter_
    return theta


def _features(arch: Architecture, theta: list[Real], rng: Generator) -> Iterator[list[tuple[int, Real]]]:
    """Layers to be replaced, for every feature that the architecture can have."""

    def with_factor(layer: int, form: Real) -> tuple[int, Real]:
        rest = rng.standard_normal(arch.filters[layer] - len(form) + 1)
        return layer, multiply(form, rest)

    for layer, size in enumerate(arch.filters):
        if size > 1:
            for end in (0, -1):
                vanishing = theta[layer].copy()
                vanishing[end] = 0.0
                yield [(layer, vanishing)]
        if size > 2:
            root = rng.standard_normal(2)
            yield [with_factor(layer, multiply(root, root))]
    for one, other in product(range(arch.depth), repeat=2):
        if one == other or min(arch.filters[one], arch.filters[other]) < 2:
            continue
        quotient, rest = divmod(arch.dilations[other], arch.dilations[one])
        root, another = rng.standard_normal(2), rng.standard_normal(2)
        if quotient == 1 and one < other:
            yield [with_factor(one, root), with_factor(other, root)]
        elif quotient > 1 and rest == 0 and arch.filters[one] > quotient:
            hyperroot = dilate(root, quotient)
            yield [with_factor(one, hyperroot), with_factor(other, root)]
            yield [with_factor(one, hyperroot), with_factor(other, another)]


def moments_on_discriminant(arch: Architecture, gram: Real, rng: Generator) -> Real:
    """A moment vector b such that a random real filter of some stratum is a degenerate critical point."""
    while True:
        rows = generic_count(arch).rows
        embedding = Embedding.of_pattern(arch, rows[rng.integers(len(rows))].pattern)
        stratum, equations = embedding.stratum, equations_of(embedding.stratum)
        sums = np.zeros((arch.filter_size, stratum.filter_size))
        sums[np.array(embedding.positions), np.arange(stratum.filter_size)] = 1.0
        point = equations.normalize(rng.standard_normal((1, stratum.coordinates)).astype(complex))
        tangents = sums @ equations.tangent_space(point)[0].real
        used = np.flatnonzero(sums.any(axis=1))
        left, values, _ = np.linalg.svd(tangents[used])
        normals = left[:, int((values > 1e-9 * values[0]).sum()) :]
        if normals.shape[1] == 0 or len(values) < tangents.shape[1]:
            continue
        e = np.zeros(arch.filter_size)
        e[used] = normals @ rng.standard_normal(normals.shape[1])
        b = gram @ (sums @ equations.filters(point)[0].real)
        fit, bent = (_hessian(arch, gram, b - t * e, embedding, point) for t in (0.0, 1.0))
        # fit − t (fit − bent) is singular: 1/t is an eigenvalue of fit⁻¹ (fit − bent).
        root = np.linalg.inv(np.linalg.cholesky(fit))
        inverse = np.linalg.eigvalsh(root @ (fit - bent) @ root.T)
        inverse = inverse[np.abs(inverse) > 1e-3 * np.abs(inverse).max()]
        if np.abs(inverse).max(initial=0.0) > 1e-9:
            moments: Real = b - e / rng.choice(inverse)
            return moments


def _hessian(arch: Architecture, gram: Real, b: Real, embedding: Embedding, point: NDArray[np.complex128]) -> Real:
    equations, positions = equations_of(embedding.stratum), np.array(embedding.positions)
    data = equations.transform(Data(gram[np.ix_(positions, positions)], b[positions]))
    directions = equations.patch_values(equations.patches(point))
    hessian = equations.evaluate(point, directions, data, data, np.zeros(1)).hessian
    assert hessian is not None
    matrix: Real = hessian[0].real
    return (matrix + matrix.T) / 2


# Solves and checks


@dataclass
class Tally:
    """What became of the solves of one kind of data."""

    kind: str
    solves: int = 0
    complete: int = 0
    retracked: int = 0
    extended: int = 0
    detours: int = 0
    endgame: int = 0
    singular: int = 0
    contradicting: int = 0
    residual: float = 0.0
    seconds: float = 0.0
    slowest: float = 0.0
    compared: int = 0
    compared_filters: int = 0
    foreign: int = 0
    missed: int = 0
    remarks: list[str] = field(default_factory=list)
    software: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in (
            "solves", "complete", "retracked", "extended", "detours", "endgame", "singular", "contradicting", "seconds",
            "compared", "compared_filters", "foreign", "missed",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.residual = max(self.residual, other.residual)
        self.slowest = max(self.slowest, other.slowest)
        self.remarks += other.remarks
        self.software = sorted({*self.software, *other.software})


def loss_of(arch: Architecture, kind: str, draw: int, seed: int) -> SquaredLoss:
    """The data of one solve."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind), draw, *arch.filters, *arch.strides])
    return KINDS[kind](arch, draw, rng)


def contradictions(arch: Architecture, kind: str, loss: SquaredLoss, result: CriticalPoints) -> Iterator[str]:
    """What is wrong with a complete result."""
    isolated = [point for point in result if point.isolated]
    for nonsingular, tolerance in ((True, EQUAL), (False, EQUAL_IF_SINGULAR)):
        complex_ = [point.filter for point in isolated if not point.real and point.nonsingular == nonsingular]
        if complex_ and (find(np.array(complex_), np.conj(complex_), tolerance) < 0).any():
            yield "a point without its conjugate"
    for point in result:
        if point.residual is not None and point.residual > RESIDUALS[not point.nonsingular]:
            yield f"residual {point.residual:.1e}"
    if kind == "white" and not overlapping(arch):
        expected = singular_vector_tuples(arch.filters)
        if result.counts.found != expected:
            yield f"{result.counts.found} singular vector tuples instead of {expected}"
    if kind == "on M" and not any(abs(point.loss) <= PERFECT * loss.constant for point in result.real):
        yield "no perfect fit"


def backwards(loss: SquaredLoss) -> SquaredLoss:
    """The loss of which the critical filters are those of ``loss`` read backwards."""
    return SquaredLoss(loss.gram[::-1, ::-1], loss.b[::-1], loss.constant)


def differences(one: CriticalPoints, other: CriticalPoints) -> Iterator[str]:
    """How the results for a loss and for the same one `backwards` differ."""
    for row, twin in zip(one.strata, other.strata, strict=True):
        ends, others = (
            {"found": r.found, "at infinity": r.at_infinity, "singular": r.singular, "origin": r.origin}
            for r in (row, twin)
        )
        if ends != others:
            yield f"backwards: {ends} and {others} on {row.pattern}"
    for nonsingular, tolerance in ((True, EQUAL), (False, EQUAL_IF_SINGULAR)):
        filters = [
            np.array([p.filter[::step] for p in result if p.isolated and p.nonsingular == nonsingular])
            for result, step in ((one, 1), (other, -1))
        ]
        if len(filters[0]) != len(filters[1]):
            yield f"backwards: {len(filters[0])} and {len(filters[1])} points (nonsingular: {nonsingular})"
        elif len(filters[0]) and (find(*filters, max(tolerance, ROUNDING * np.linalg.cond(one.loss.gram))) < 0).any():
            yield f"backwards: other points (nonsingular: {nonsingular})"


def overlapping(arch: Architecture) -> bool:
    """Whether M is not just the rank-one tensors."""
    return any((k - 1) >= s for k, s in zip(arch.filters[:-1], arch.strides[:-1], strict=True) if k > 1)


@cache
def singular_vector_tuples(sizes: tuple[int, ...]) -> int:
    """How many a generic tensor has.

    The coefficient of Π t_i^(k_i − 1) in Π (a_i^k_i − t_i^k_i) / (a_i − t_i), with a_i the sum of the t_j, j ≠ i:
    products of polynomials truncated at degree k_i − 1 in each t_i.
    """
    sizes = tuple(k for k in sizes if k > 1)
    if len(sizes) < 2:
        return 1
    one = np.zeros(sizes, dtype=object)
    one[(0,) * len(sizes)] = 1

    def shifted(polynomial: NDArray[np.object_], axis: int) -> NDArray[np.object_]:
        moved = np.roll(polynomial, 1, axis)
        moved[(slice(None),) * axis + (0,)] = 0
        return moved

    total = one
    for i, size in enumerate(sizes):
        # Σ_n a^n t^(k − 1 − n).
        result, power = np.zeros_like(one), total
        for n in range(size):
            term = power
            for _ in range(size - 1 - n):
                term = shifted(term, i)
            result = result + term
            power = sum((shifted(power, j) for j in range(len(sizes)) if j != i), np.zeros_like(one))
        total = result
    return int(total[tuple(k - 1 for k in sizes)])


def solved(arch: Architecture, loss: SquaredLoss, seed: int) -> CriticalPoints:
    """The critical points; ill-conditioned Gram matrices are meant to be at the limit of full rank."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "loss: numerical rank", RuntimeWarning)
        return critical_points(arch, loss, seed=seed)


def solve(
    shape: tuple[tuple[int, ...], tuple[int, ...]], kind: str, draw: int, seed: int, witness: bool = False
) -> tuple[Tally, str]:
    """Solve once and check, with ``witness`` against PHCpack too; the tally and the result in words."""
    arch = Architecture(*shape)
    loss = loss_of(arch, kind, draw, seed)
    began = time.process_time()
    result = solved(arch, loss, draw)
    tally = Tally(kind, solves=1, seconds=time.process_time() - began)
    tally.slowest = tally.seconds
    statistics = [row.statistics for row in result.strata]
    tally.retracked = int(any(s["retracked"] for s in statistics))
    tally.extended = int(any(s["extended"] for s in statistics))
    tally.detours = int(any(s["detours"] for s in statistics))
    counts = result.counts
    tally.endgame = int(counts.at_infinity + counts.origin + counts.singular > 0)
    tally.singular = int(counts.singular > 0)
    tally.complete = int(result.complete)
    found: list[str] = list(result.gaps())
    if result.complete:
        tally.residual = max((p.residual for p in result if p.nonsingular and p.residual is not None), default=0.0)
        found += contradictions(arch, kind, loss, result)
        if draw % AGAIN == 0:
            found += differences(result, solved(arch, backwards(loss), draw))
        if witness and generic_count(arch).parameters <= PHCPACK_PARAMETERS:
            found += against_phcpack(result, draw, tally)
        tally.contradicting = int(bool(found))
    tally.remarks = [f'"{architecture_name(*shape)}" "{kind}" {draw}: {what}' for what in dict.fromkeys(found)]
    return tally, str(result)


def against_phcpack(result: CriticalPoints, draw: int, tally: Tally) -> Iterator[str]:
    """Filters that PHCpack's blackbox has and the result has not; the comparison is entered into the tally."""
    check = cross_check(result, seed=draw, timeout=PHCPACK_SECONDS)
    if len(check.failures) < check.patches:
        tally.compared += 1
        tally.compared_filters += len(check.rows)
        tally.foreign += len(check.overlooked)
        tally.missed += len(check.missed)
    for solution in check.overlooked:
        yield f"PHCpack has a filter that is missing here, condition {solution.condition:.1e}"


class Task(NamedTuple):
    """Some draws of one architecture and kind, and for how many of the first draws PHCpack is asked."""

    shape: tuple[tuple[int, ...], tuple[int, ...]]
    kind: str
    first: int
    beyond: int
    seed: int
    witnessed: int = 0


def tasks_of(
    shapes: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], draws: dict[str, int], seed: int, witnessed: int
) -> list[Task]:
    """All draws in pieces: the first draws of all kinds and architectures, then the next."""
    return [
        Task(shape, kind, first, min(first + PIECE, number), seed, witnessed)
        for first in range(0, max(draws.values()), PIECE)
        for kind, number in draws.items()
        if first < number
        for shape in shapes
    ]


def solve_all(task: Task) -> Tally:
    """All draws of a task."""
    tally = Tally(task.kind)
    for draw in range(task.first, task.beyond):
        tally.add(solve(task.shape, task.kind, draw, task.seed, draw < task.witnessed)[0])
    return tally


def report(tallies: list[Tally], witness: bool = False) -> str:
    """The table, with ``witness`` also of the comparison with PHCpack."""
    total = Tally("all")
    for tally in tallies:
        total.add(tally)
    header = [
        "data", "solves", "complete", "retracked", "extended precision", "other detours", "special ends",
        "of them singular", "incomplete", "contradicting", "worst residual", "ms", "slowest, ms",
    ]  # fmt: skip
    rows = [
        [
            t.kind, t.solves, t.complete, t.retracked, t.extended, t.detours, t.endgame, t.singular,
            t.solves - t.complete, t.contradicting, f"{t.residual:.0e}", 1e3 * t.seconds / max(t.solves, 1),
            1e3 * t.slowest,
        ]
        for t in [*tallies, total]
    ]  # fmt: skip
    if witness:
        header += ["compared with PHCpack", "filters missing here", "filters PHCpack missed"]
        for row, t in zip(rows, [*tallies, total], strict=True):
            row += [t.compared, t.foreign, f"{t.missed} of {t.compared_filters}"]
    return table(header, rows)


def kept(path: Path | None) -> dict[str, Tally]:
    """Tallies by task from a file of `--keep`; a last line cut short is left out."""
    if path is None or not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if line.endswith("}]")]
    return {task: Tally(**tally) for task, tally in map(json.loads, lines)}


def parse_shape(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read what `architecture_name` writes."""
    filters, strides = text.strip("()").split("),(")
    return tuple(map(int, filters.split(","))), tuple(map(int, strides.split(",")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architectures", type=int, default=len(ARCHITECTURES), help="that many, evenly chosen")
    parser.add_argument("--draws", type=int, default=250, help="data sets of each kind for each architecture")
    parser.add_argument("--kinds", default=",".join(KINDS), help="separated by commas, each with :draws if need be")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("--keep", type=Path, help="write what is finished to this file, and go on from there next time")
    parser.add_argument(
        "--finished", action="store_true", help="only the table of what --keep holds of the draws asked for"
    )
    parser.add_argument("--repeat", nargs=3, metavar=("ARCHITECTURE", "KIND", "DRAW"), help="one solve, in detail")
    parser.add_argument(
        "--phcpack", type=int, default=0, metavar="DRAWS", help="compare so many draws with PHCpack's blackbox"
    )
    parser.add_argument("--markdown", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()

    if arguments.repeat:
        name, kind, draw = arguments.repeat
        tally, text = solve(parse_shape(name), kind, int(draw), arguments.seed, int(draw) < arguments.phcpack)
        print("\n".join([text, *tally.remarks]))
        return
    description = machine()
    chosen = np.linspace(0, len(ARCHITECTURES) - 1, arguments.architectures).round().astype(int).tolist()
    kinds = [kind.partition(":")[::2] for kind in arguments.kinds.split(",")]
    tallies = {kind: Tally(kind) for kind, _ in kinds}
    shapes = [ARCHITECTURES[index] for index in chosen]
    draws = {kind: int(number or arguments.draws) for kind, number in kinds}
    tasks = tasks_of(shapes, draws, arguments.seed, arguments.phcpack)
    finished = kept(arguments.keep)
    done = [task for task in tasks if repr(task) in finished]
    for task in done:
        tallies[task.kind].add(finished[repr(task)])
        for remark in finished[repr(task)].remarks:
            print(remark)
    rest = [] if arguments.finished else [task for task in tasks if repr(task) not in finished]
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        for task, tally in zip(rest, pool.map(solve_all, rest), strict=True):
            tally.software = [description["homotopy-lcn"]]
            tallies[tally.kind].add(tally)
            if arguments.keep:
                with arguments.keep.open("a") as stream:
                    stream.write(json.dumps([repr(task), asdict(tally)]) + "\n")
            for remark in tally.remarks:
                print(remark, flush=True)
    description["homotopy-lcn"] = "; ".join(sorted({name for tally in tallies.values() for name in tally.software}))
    seconds = sum(tally.seconds for tally in tallies.values())
    description["architectures, seed, time"] = f"{len(chosen)}, {arguments.seed}, {seconds:.0f} s of one core"
    text = f"{facts(description)}\n\n{report(list(tallies.values()), arguments.phcpack > 0)}"
    print(text)
    if arguments.markdown:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(), "robustness", text))


if __name__ == "__main__":
    main()
