"""Classification of the real critical points of many data sets at once.

The rules are those of `classification`. What is different is the bookkeeping: all points of a stratum, of whatever data
set, are arrays; the real factorizations are enumerated once for all points whose blocks have equally many real roots.

Nothing here decides a close call. A point whose answers might hang on rounding is marked doubtful, and the data set
that it belongs to is solved by the ordinary code instead. So the tolerances are far wider than those of
`classification`: they cost time, not truth.

Every operation is one on numbers or on one small matrix at a time, so that a point's answers do not depend on the
points it is computed together with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..geometry.real_factors import RealStructure, real_factorizations
from ..networks.architecture import Architecture
from ..networks.binary_forms import adjoint_multiply, dilate, distance_to_hyperroot, multiply, power
from ..networks.strata import Embedding, Stratum

__all__ = ["Classified", "classify_real"]

Real = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Roots on the projective line nearer than this may be conjugate or real for all we know here.
NEAR_ROOTS = 1e-5
#: Leading coefficients below this part of the largest are small enough to spoil the companion matrix.
SMALL_LEADING = 1e-6
#: Hessian eigenvalues (scaled to unit diagonal) below this part of the largest could have either sign.
NEAR_ZERO = 1e-8
#: Squares of singular values of dμ (scaled columns) below this part of the largest: the rank is in doubt.
NEAR_SINGULAR = 1e-10
#: A form this near to having a hyperroot may have one for all we know here; twice what `classification` takes for one.
NEAR_HYPERROOT = 2e-7
#: Largest gradient at the parameters, relative to the terms that cancel in it.
GRADIENT = 1e-9


@dataclass(frozen=True)
class Classified:
    """Answers for P real filters of one stratum.

    Attributes
    ----------
    losses : (P,) float array
    in_function_space, attained, interior, smooth : (P,) bool arrays
        The latter two are asked of every filter, as in a solve; they count if it is attained.
    doubtful : (P,) bool array
        Where one of the answers is not beyond doubt.
    parameters, minima : (P,) integer arrays
        Number of real critical θ over each filter, and how many of them are minima.
    owners, indices : (T,) integer arrays
        For each real critical θ its filter and the index of the Hessian.
    """

    losses: Real
    in_function_space: Bools
    attained: Bools
    interior: Bools
    smooth: Bools
    doubtful: Bools
    parameters: NDArray[np.int64]
    minima: NDArray[np.int64]
    owners: NDArray[np.int64]
    indices: NDArray[np.int64]


def classify_real(
    arch: Architecture, embedding: Embedding, points: Real, filters: Real, gram: Real, b: Real, constant: Real
) -> Classified:
    """Classify real critical points of one stratum, each of a data set of its own.

    Parameters
    ----------
    arch : Architecture
    embedding : Embedding
        The stratum's coordinates.
    points : (P, coordinates) float array
        In them.
    filters : (P, K) float array
        The end-to-end filters of the points.
    gram : (P, K, K) float array
        The Gram matrix of the data of each point.
    b : (P, K) float array
    constant : (P,) float array
    """
    count = len(points)
    product_ = np.matmul(gram, filters[:, :, None])[:, :, 0]
    residuals = product_ - b
    losses = ((product_ - 2 * b) * filters).sum(axis=1) + constant
    inside, interior = np.ones(count, dtype=bool), np.ones(count, dtype=bool)
    doubtful = np.zeros(count, dtype=bool)
    blocks: list[_Block] = []
    for degrees, factors in zip(arch.layer_degrees, _factors(arch, embedding, points), strict=True):
        block = _Block.of(degrees, factors)
        blocks.append(block)
        doubtful |= block.doubtful
        odd = sum(degree % 2 for degree in degrees)
        inside &= odd <= block.real_roots(odd_only=False)
        interior &= odd <= block.real_roots(odd_only=True)
    interior &= inside

    parameters, minima = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    owners, indices = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for rows, theta in _real_parameters(arch, blocks, doubtful):
        index, unsure = _indices(arch, theta, filters[rows], residuals[rows], gram[rows], b[rows])
        doubtful[rows] |= unsure
        parameters[rows] += 1
        minima[rows] += index == 0
        owners.append(rows)
        indices.append(index)
    attained = parameters > 0
    smooth, unsure = _smooth(arch, _factors(arch, embedding, points), count)
    doubtful |= unsure
    return Classified(
        losses, inside, attained, interior, smooth, doubtful, parameters, minima,
        np.concatenate(owners), np.concatenate(indices),
    )  # fmt: skip


def _factors(arch: Architecture, embedding: Embedding, points: Real) -> list[list[tuple[int, Real]]]:
    """For each block the pairs (m, Q_m), Q_m an array (P, e + 1) of forms of norm one."""
    result: list[list[tuple[int, Real]]] = [[] for _ in arch.blocks]
    stratum = embedding.stratum
    for factor, part, block in zip(stratum.factors, stratum.slices, embedding.blocks, strict=True):
        result[block].append((factor.power, _unit(points[:, part])))
    return result


@dataclass(frozen=True)
class _Block:
    """The real factorization of one block's polynomial Π_m Q_m^m at P points.

    Attributes
    ----------
    degrees : of the block's layers
    whole : (P, n + 1) array, or None
        The polynomial if the block has one layer; then nothing else is asked.
    multiplicities : of the Q_m
    numbers : (P, factors) array
        How many real roots each Q_m has.
    linear, quadratic : for each Q_m an array (P, pieces, 2 or 3)
        Its irreducible real factors; the first ones of each point are meant.
    doubtful : (P,) bool array
    """

    degrees: tuple[int, ...]
    whole: Real | None
    multiplicities: tuple[int, ...]
    numbers: NDArray[np.int64]
    linear: list[Real]
    quadratic: list[Real]
    doubtful: Bools

    @classmethod
    def of(cls, degrees: tuple[int, ...], factors: Sequence[tuple[int, Real]]) -> _Block:
        count = len(factors[0][1])
        if len(degrees) == 1:
            # All its roots are simple, and it needs one real root at most: if its degree is odd, so that there is one.
            return cls(degrees, factors[0][1], (1,), np.ones((count, 1), np.int64), [], [], np.zeros(count, bool))
        numbers, linear, quadratic, doubtful = zip(*(_real_pieces(form) for _, form in factors), strict=True)
        return cls(
            degrees,
            None,
            tuple(multiplicity for multiplicity, _ in factors),
            np.stack(numbers, axis=1),
            list(linear),
            list(quadratic),
            np.any(doubtful, axis=0),
        )

    def real_roots(self, odd_only: bool) -> NDArray[np.int64]:
        """Number of real roots with multiplicity; with ``odd_only`` those of odd multiplicity, once each."""
        weights = np.array([m % 2 if odd_only else m for m in self.multiplicities])
        return np.asarray((self.numbers * weights).sum(axis=1))

    def factorizations(self, rows: NDArray[np.int64]) -> list[list[Real]]:
        """All real layers (G, d + 1) of points that have equally many real roots."""
        if self.whole is not None:
            return [[self.whole[rows]]]
        structure = RealStructure([], [], {})
        for f, multiplicity in enumerate(self.multiplicities):
            number = int(self.numbers[rows[0], f])
            pairs = (self.linear[f].shape[1] - number) // 2
            structure.linear.extend((multiplicity, self.linear[f][rows, i]) for i in range(number))
            structure.quadratic.extend((multiplicity, self.quadratic[f][rows, i]) for i in range(pairs))
        return list(real_factorizations(self.degrees, structure))


def _real_pieces(form: Real) -> tuple[NDArray[np.int64], Real, Real, Bools]:
    """Irreducible real factors of forms (P, e + 1) of norm one.

    Returns
    -------
    numbers : (P,) array
        How many real roots there are.
    linear : (P, e, 2) array
    quadratic : (P, e // 2, 3) array
    doubtful : (P,) bool array
    """
    count, degree = len(form), form.shape[1] - 1
    numbers = np.full(count, degree)
    linear, quadratic = np.ones((count, degree, 2)), np.ones((count, degree // 2, 3))
    doubtful = np.zeros(count, dtype=bool)
    if degree == 1:
        linear[:, 0] = form
    elif degree == 2:
        a, b, c = form.T
        discriminant = b * b - 4 * a * c
        numbers[discriminant < 0] = 0
        # The roots differ by about the root of the discriminant.
        doubtful = np.abs(discriminant) <= NEAR_ROOTS**2
        q = -(b + np.copysign(np.sqrt(np.maximum(discriminant, 0)), b)) / 2
        linear[:, 0], linear[:, 1] = np.stack([a, -q], axis=1), np.stack([q, -c], axis=1)
        quadratic[:, 0] = form
    elif degree > 2:
        largest = np.abs(form).max(axis=1)
        doubtful = np.abs(form[:, 0]) <= SMALL_LEADING * largest
        monic = np.where(doubtful[:, None], np.ones(degree + 1), form)
        monic = monic / monic[:, :1]
        companion = np.zeros((count, degree, degree))
        companion[:, np.arange(1, degree), np.arange(degree - 1)] = 1
        companion[:, 0] = -monic[:, 1:]
        roots = np.linalg.eigvals(companion).astype(complex)
        # Real ones first, then those in the upper half plane.
        rank = np.where(roots.imag == 0, 0, np.where(roots.imag > 0, 1, 2))
        order = np.argsort(rank, axis=1, kind="stable")
        roots, rank = np.take_along_axis(roots, order, axis=1), np.take_along_axis(rank, order, axis=1)
        numbers = (rank == 0).sum(axis=1)
        size = np.sqrt(1 + roots.real**2 + roots.imag**2)
        distance = np.abs(roots[:, :, None] - roots[:, None, :]) / (size[:, :, None] * size[:, None, :])
        distance[:, np.arange(degree), np.arange(degree)] = 1
        doubtful |= distance.min(axis=(1, 2)) <= NEAR_ROOTS
        linear = np.stack([np.ones((count, degree)), -roots.real], axis=2)
        for i in range(degree // 2):
            upper = roots[np.arange(count), np.minimum(numbers + i, degree - 1)]
            quadratic[:, i] = np.stack([np.ones(count), -2 * upper.real, upper.real**2 + upper.imag**2], axis=1)
    return numbers, _unit(linear, doubtful), _unit(quadratic, doubtful), doubtful


def _unit(forms: Real, doubtful: Bools | None = None) -> Real:
    """Forms (P, …, e + 1) scaled to norm one; those in doubt may be zero, and are left."""
    norms = np.sqrt((forms * forms).sum(axis=-1, keepdims=True))
    return np.asarray(forms / (norms if doubtful is None else np.where(norms > 0, norms, 1.0)))


def _real_parameters(
    arch: Architecture, blocks: Sequence[_Block], doubtful: Bools
) -> Iterator[tuple[NDArray[np.int64], list[Real]]]:
    """All real critical θ: points (G,) and, for each layer of size above one, one form (G, d + 1) up to scale."""
    kinds = np.concatenate([block.numbers for block in blocks], axis=1) if blocks else np.zeros((len(doubtful), 0))
    groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, kind in enumerate(map(tuple, kinds.tolist())):
        if not doubtful[row]:
            groups[kind].append(row)
    layers = [layer for block in arch.layers_by_block for layer in block]
    places = np.argsort(layers)
    for members in groups.values():
        rows = np.array(members)
        for choice in product(*(block.factorizations(rows) for block in blocks)):
            forms = [form for part in choice for form in part]
            yield rows, [_unit(forms[place]) for place in places]


def _indices(
    arch: Architecture, theta: list[Real], filters: Real, residuals: Real, gram: Real, b: Real
) -> tuple[NDArray[np.int64], Bools]:
    """Index of the Hessian at real θ, T of them, and where it is in doubt.

    Parameters
    ----------
    theta : list of (T, k_l) arrays
        The layers of size above one, of norm one.
    filters, residuals : (T, K) arrays
        The filter w, and Σw − b.
    gram, b
        Of the data of each.

    Notes
    -----
    The scalar is varied relatively, the forms orthogonally to themselves. For a critical point the inertia does not
    depend on the coordinates.
    """
    stratum = Stratum.of_layers(arch)
    bases = [_complement(form) for form in theta]
    shape, rests = _products(stratum, theta, len(filters))
    scalar = (shape * filters).sum(axis=1) / (shape * shape).sum(axis=1)
    jacobian = _jacobian(stratum, rests, bases, filters, scalar)
    columns = jacobian.transpose(0, 2, 1)
    hessian = columns @ (gram @ jacobian)
    gradient = (columns @ residuals[:, :, None])[:, :, 0]
    ends = np.cumsum([1, *(basis.shape[2] for basis in bases)])
    parts = [slice(start, end) for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    for f, factor in enumerate(stratum.factors):
        for g in range(f + 1, len(theta)):
            other = stratum.factors[g]
            rest = np.ones_like(shape[:, :1])
            for h, form in enumerate(theta):
                if h not in (f, g):
                    rest = multiply(rest, dilate(form, stratum.factors[h].dilation))
            both = scalar[:, None] * adjoint_multiply(rest, residuals)
            shifts = np.add.outer(
                factor.dilation * np.arange(factor.degree + 1), other.dilation * np.arange(other.degree + 1)
            )
            block = bases[f].transpose(0, 2, 1) @ (both[:, shifts] @ bases[g])
            hessian[:, parts[f], parts[g]] += block
            hessian[:, parts[g], parts[f]] += block.transpose(0, 2, 1)
    diagonal = np.sqrt(np.abs(np.einsum("pii->pi", hessian)))
    scale = 1 / np.where(diagonal > 0, diagonal, 1.0)
    eigenvalues = np.linalg.eigvalsh(hessian * scale[:, :, None] * scale[:, None, :])
    sizes = np.abs(eigenvalues)
    doubtful = (sizes <= NEAR_ZERO * sizes.max(axis=1, keepdims=True)).any(axis=1)

    terms = np.sqrt((gram * gram).sum(axis=(1, 2)) * (filters * filters).sum(axis=1)) + np.sqrt((b * b).sum(axis=1))
    terms = terms[:, None] * np.sqrt((jacobian * jacobian).sum(axis=1))
    doubtful |= ~(np.abs(gradient) <= GRADIENT * terms).all(axis=1)
    return (eigenvalues < 0).sum(axis=1), doubtful


def _products(stratum: Stratum, forms: Sequence[Real], count: int) -> tuple[Real, list[Real]]:
    """The product of all dilated forms, and that of all but each one."""
    dilated = [dilate(form, factor.dilation) for form, factor in zip(forms, stratum.factors, strict=True)]
    before = [one := np.ones((count, 1))]
    for form in dilated:
        before.append(multiply(before[-1], form))
    after = [one]
    for form in reversed(dilated):
        after.append(multiply(after[-1], form))
    rests = [multiply(before[f], after[len(forms) - 1 - f]) for f in range(len(forms))]
    return before[-1], rests


def _jacobian(stratum: Stratum, rests: Sequence[Real], bases: Sequence[Real], filters: Real, scalar: Real) -> Real:
    """The derivative of the filter (T, K, n) in the local coordinates."""
    columns = [filters[:, None, :]]
    for factor, rest, basis in zip(stratum.factors, rests, bases, strict=True):
        directions = dilate(basis.transpose(0, 2, 1), factor.dilation)
        columns.append(scalar[:, None, None] * multiply(rest[:, None, :], directions))
    return np.concatenate(columns, axis=1).transpose(0, 2, 1)


def _complement(forms: Real) -> Real:
    """Orthonormal bases (T, e + 1, e) of the complements of unit vectors, by Householder reflections."""
    vectors = forms.copy()
    vectors[:, 0] += np.copysign(1.0, forms[:, 0])
    factor = 2 / (vectors * vectors).sum(axis=1)
    identity = np.eye(forms.shape[1])[None, :, 1:]
    return np.asarray(identity - factor[:, None, None] * vectors[:, :, None] * vectors[:, None, 1:])


def _smooth(arch: Architecture, blocks: Sequence[Sequence[tuple[int, Real]]], count: int) -> tuple[Bools, Bools]:
    """Whether filters are smooth points of the Zariski closure, and where that is in doubt; see `classification`.

    What is not smooth, or nearly not, is in doubt here.
    """
    doubtful = np.zeros(count, dtype=bool)
    if len(blocks) < 2:
        return ~doubtful, doubtful
    reduced = Stratum.of_layers(arch.reduced)
    forms = [_unit(reduce(multiply, (power(form, multiplicity) for multiplicity, form in block))) for block in blocks]
    below = forms[0] if arch.blocks[0].dilation == 1 else dilate(forms[0], arch.blocks[0].dilation)
    for block, form in zip(arch.blocks[1:], forms[1:], strict=True):
        doubtful |= distance_to_hyperroot(below.astype(complex), block.dilation) <= NEAR_HYPERROOT
        below = multiply(below, dilate(form, block.dilation))
    shape, rests = _products(reduced, forms, count)
    jacobian = _jacobian(reduced, rests, [_complement(form) for form in forms], shape, np.ones(count))
    squares = jacobian.transpose(0, 2, 1) @ jacobian
    scale = 1 / np.sqrt(np.einsum("pii->pi", squares))
    eigenvalues = np.linalg.eigvalsh(squares * scale[:, :, None] * scale[:, None, :])
    doubtful |= eigenvalues[:, 0] <= NEAR_SINGULAR * eigenvalues[:, -1]
    return ~doubtful, doubtful
