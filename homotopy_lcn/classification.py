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
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .architecture import Architecture
from .equations import Complex, Data, Real, equations_of
from .forms import dilate, has_hyperroot, multiply, power, real_pieces, roots
from .parameters import balance, compose, relative_gradient
from .refinement import refine
from .results import CriticalPoint
from .strata import Embedding, Stratum

__all__ = ["RealStructure", "balanced_parameters", "classify", "real_factorizations"]

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
            lines, squares = real_pieces(form)
            linear += [(multiplicity, piece) for piece in lines]
            quadratic += [(multiplicity, piece) for piece in squares]
            doubt = _doubt(roots(form))
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
        size = len(form) - 1
        for chosen in combinations([layer for layer, left in enumerate(room) if left >= size], multiplicity):
            yield from assign(
                i + 1,
                tuple(left - size * (layer in chosen) for layer, left in enumerate(room)),
                tuple(multiply(w, form) if layer in chosen else w for layer, w in enumerate(layers)),
            )

    yield from assign(0, tuple(degrees), tuple(np.ones(1) for _ in degrees))


def complex_factorization(degrees: Sequence[int], factors: Sequence[tuple[int, Complex]]) -> list[Complex]:
    """One way to give the complex roots of a block to layers of the given degrees; layers up to scale.

    A greedy choice of the emptiest layers, largest multiplicities first, always succeeds on a stratum that occurs.
    """
    layers: list[Complex] = [np.ones(1, complex) for _ in degrees]
    room = list(degrees)
    for multiplicity, form in sorted(factors, key=lambda pair: -pair[0]):
        for x, y in roots(form):
            chosen = sorted(range(len(room)), key=lambda layer: -room[layer])[:multiplicity]
            for layer in chosen:
                layers[layer] = multiply(layers[layer], np.array([y, -x]))
                room[layer] -= 1
    return layers


def balanced_parameters(
    arch: Architecture, blocks: Sequence[Sequence[Real | Complex]], filter_: Complex | Real
) -> Theta:
    """Balanced θ with μ(θ) = filter from the forms of the layers of each block, up to scale."""
    theta: Theta = [np.ones(1, dtype=filter_.dtype) for _ in arch.filters]
    for layers, forms in zip(arch.layers_by_block, blocks, strict=True):
        for layer, form in zip(layers, forms, strict=True):
            theta[layer] = form / np.linalg.norm(form)
    shape = compose(arch, theta)
    scale = np.vdot(shape, filter_) / np.vdot(shape, shape)
    return balance(theta, np.asarray(scale))


def classify(
    arch: Architecture,
    data: Data,
    constant: float,
    embedding: Embedding,
    pattern: tuple[Partition, ...],
    points: Complex,
    filters: Complex,
    real: NDArray[np.bool_],
    errors: Real,
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
    errors, conditions : (P,) float arrays
        Relative error estimates and condition numbers.
    """
    pure = all(partition[0] == 1 for partition in pattern)
    smooth = _smooth_points(arch, embedding, points)
    values = np.einsum("pi,ij,pj->p", filters, data.gram, filters) - 2 * filters @ data.b + constant
    answers: list[dict[str, object]] = []
    candidates: list[Theta] = []
    owners: list[int] = []
    for p in range(len(points)):
        factors = _block_factors(arch, embedding, points[p])
        answer: dict[str, object] = {}
        if not real[p]:
            forms = [complex_factorization(d, f) for d, f in zip(arch.layer_degrees, factors, strict=True)]
            candidates.append(balanced_parameters(arch, forms, filters[p]))
            owners.append(p)
        elif not np.isrealobj(points[p]) and np.abs(points[p].imag).max() > 0:
            answer = {"in_function_space": None, "attained": None, "interior": None}
        else:
            structures = [RealStructure.of_factors([(m, q.real) for m, q in block]) for block in factors]
            odd = [sum(d % 2 for d in degrees) for degrees in arch.layer_degrees]
            inside = _all(s.enough(n, odd_only=False) for s, n in zip(structures, odd, strict=True))
            interior = _all(s.enough(n, odd_only=True) for s, n in zip(structures, odd, strict=True))
            doubtful = any(s.doubtful for s in structures)
            found = 0
            for choice in product(
                *(list(real_factorizations(d, s)) for d, s in zip(arch.layer_degrees, structures, strict=True))
            ):
                candidates.append(balanced_parameters(arch, choice, filters[p].real))
                owners.append(p)
                found += 1
            attained = None if doubtful else found > 0
            answer = {
                "in_function_space": inside,
                "attained": attained,
                "interior": interior if inside else None,
            }
        answers.append(answer)

    thetas, residuals, kinds, indices = _settle_parameters(arch, data, candidates, [bool(real[p]) for p in owners])
    result = []
    for p in range(len(points)):
        mine = [i for i, owner in enumerate(owners) if owner == p]
        result.append(
            CriticalPoint(
                filter=filters[p],
                real=bool(real[p]),
                loss=float(values[p].real) if real[p] else complex(values[p]),
                stratum=pattern,
                pure=pure,
                smooth=smooth[p],
                residual=max((residuals[i] for i in mine), default=None),
                condition=float(conditions[p]),
                parameters=tuple(tuple(thetas[i]) for i in mine),
                kinds=tuple(kinds[i] for i in mine),
                indices=tuple(indices[i] for i in mine),
                **answers[p],  # type: ignore[arg-type]
            )
        )
    return result


def _block_factors(arch: Architecture, embedding: Embedding, point: Complex) -> list[list[tuple[int, Complex]]]:
    """For each block the pairs (m, Q_m)."""
    result: list[list[tuple[int, Complex]]] = [[] for _ in arch.blocks]
    stratum = embedding.stratum
    for factor, part, block in zip(stratum.factors, stratum.slices, embedding.blocks, strict=True):
        result[block].append((factor.power, point[part]))
    return result


def _all(answers: Iterator[bool | None]) -> bool | None:
    """Three-valued conjunction."""
    collected = list(answers)
    if False in collected:
        return False
    return None if None in collected else True


def _smooth_points(arch: Architecture, embedding: Embedding, points: Complex) -> list[bool]:
    """Whether the reduced parametrization is immersive and injective over each point."""
    if len(arch.blocks) < 2:
        return [True] * len(points)
    reduced = Stratum.of_layers(arch.reduced)
    equations = equations_of(reduced)
    coordinates = np.ones((len(points), reduced.coordinates), complex)
    result = []
    for p, point in enumerate(points):
        blocks = []
        for factors in _block_factors(arch, embedding, point):
            form = np.ones(1, complex)
            for multiplicity, q in factors:
                form = multiply(form, power(q, multiplicity))
            blocks.append(form / np.linalg.norm(form))
        for part, form in zip(reduced.slices, blocks, strict=True):
            coordinates[p, part] = form
        below = dilate(blocks[0], arch.blocks[0].dilation)
        hyperroot = False
        for block, form in zip(arch.blocks[1:], blocks[1:], strict=True):
            hyperroot |= has_hyperroot(below, block.dilation)
            below = multiply(below, dilate(form, block.dilation))
        result.append(not hyperroot)
    singular = np.linalg.svd(equations.tangent_space(coordinates), compute_uv=False)
    immersive = singular[:, -1] > RANK_TOLERANCE * singular[:, 0]
    return [bool(a and b) for a, b in zip(result, immersive, strict=True)]


def _settle_parameters(
    arch: Architecture, data: Data, candidates: list[Theta], real: list[bool]
) -> tuple[list[Theta], list[float], list[str | None], list[int | None]]:
    """Polish θ in parameter space, verify it in the original parameters, and take the inertia of the Hessian."""
    count = len(candidates)
    if count == 0:
        return [], [], [], []
    stratum = Stratum.of_layers(arch)
    equations = equations_of(stratum)
    wide = [layer for layer, k in enumerate(arch.filters) if k > 1]
    points = np.ones((count, stratum.coordinates), complex)
    for i, theta in enumerate(candidates):
        points[i, 0] = prod(complex(w[0]) for w, k in zip(theta, arch.filters, strict=True) if k == 1)
        for layer, part in zip(wide, stratum.slices, strict=True):
            points[i, part] = theta[layer]
    is_real = np.array(real)
    kinds: list[str | None] = [None] * count
    indices: list[int | None] = [None] * count
    if is_real.any():
        kept = np.flatnonzero(is_real)
        refined = refine(equations, equations.normalize(points[kept]), data, real=True, steps=3)
        better = refined.errors < 1e-3
        points[kept[better]] = refined.points[better].astype(complex)
        transformed = equations.transform(data)
        directions = equations.patch_values(equations.patches(points[kept]))
        values = equations.evaluate(points[kept], directions, transformed, transformed, np.zeros(len(kept)))
        assert values.hessian is not None
        hessian = values.hessian.real
        hessian = (hessian + hessian.transpose(0, 2, 1)) / 2
        scale = np.sqrt(np.abs(np.einsum("pii->pi", hessian)))
        scale = 1 / np.where(scale > 0, scale, 1.0)
        eigenvalues = np.linalg.eigvalsh(hessian * scale[:, :, None] * scale[:, None, :])
        largest = np.abs(eigenvalues).max(axis=1, keepdims=True)
        zero = np.abs(eigenvalues) <= ZERO_EIGENVALUE * largest
        negative = ((eigenvalues < 0) & ~zero).sum(axis=1)
        for row, i in enumerate(kept.tolist()):
            indices[i] = int(negative[row])
            kinds[i] = "degenerate" if zero[row].any() else "saddle" if negative[row] else "minimum"
    part_of = dict(zip(wide, stratum.slices, strict=True))
    layers = [
        points[:, part_of[layer]] if layer in part_of else np.ones((count, 1), complex) for layer in range(arch.depth)
    ]
    balanced = balance(layers, points[:, 0])
    residuals = relative_gradient(arch, balanced, np.asarray(data.gram), np.asarray(data.b))
    thetas = [[w[i].real if is_real[i] else w[i] for w in balanced] for i in range(count)]
    return thetas, [float(r) for r in residuals], kinds, indices
