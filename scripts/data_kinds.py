"""Kinds of data that solves are tried on, ordinary and special; every draw comes from its number.

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

Data with continua of critical points are in `degenerate_data`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from degenerate_data import DEGENERATE
from numpy.typing import NDArray

from homotopy_lcn import Architecture, SquaredLoss, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.binary_forms import dilate, multiply
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.networks.strata import Embedding

#: Relative distance of the near-discriminant data from a discriminant.
NEAR = 1e-8

Generator = np.random.Generator
Real = NDArray[np.float64]


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


def loss_of(arch: Architecture, kind: str, draw: int, seed: int) -> SquaredLoss:
    """The data of one solve."""
    kinds = {**KINDS, **DEGENERATE}
    rng = np.random.default_rng([seed, list(kinds).index(kind), draw, *arch.filters, *arch.strides])
    return kinds[kind](arch, draw, rng)
