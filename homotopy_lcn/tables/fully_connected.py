"""Critical points of fully connected linear networks, for comparison.

The end-to-end matrix W = W_L ⋯ W_1 of a network of widths d_0, …, d_L is any m × n matrix, m = d_L, n = d_0, of rank
at most r = min d_l: the function space is a determinantal variety. With Σ = XXᵀ and the least-squares solution
U = YXᵀΣ⁻¹ the loss ‖WX − Y‖² is ‖(W − U)Σ^{1/2}‖² up to a constant. By Eckart and Young the critical points of rank j
are the truncations of the singular value decomposition of UΣ^{1/2} to any j of its singular triples, for generic data
C(min(m, n), j) of them. Those of rank r are the critical points on the smooth part of the variety; those of rank
0 < j < r lie at its singular points, and are critical in parameter space all the same (Baldi, Hornik 1989; Trager,
Kohn, Bruna 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, cycle, islice, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["FullyConnectedCheck", "check_fully_connected", "critical_matrices", "eckart_young_count", "most_critical"]

Array = NDArray[np.float64]

#: A gradient counts as zero below this, relative to the terms that cancel in it.
ZERO_GRADIENT = 1e-10
#: Matrices nearer than this, relative to the target, are the same.
SAME = 1e-6
#: The product of two factors is a matrix if the difference is at most this, relative to the size of the matrix.
FACTORIZED = 1e-10
#: Singular values of a matrix of norm one, and of the differential of its minors, below this count as zero.
NEGLIGIBLE = 1e-9
#: Random matrices of the variety that are factorized, and as many near the critical ones.
TRIALS = 60


def eckart_young_count(rows: int, columns: int, rank: int) -> tuple[int, int]:
    """Numbers of critical matrices of the given rank, and of smaller nonzero rank, for generic data.

    Examples
    --------
    >>> eckart_young_count(3, 4, 2)
    (3, 3)
    """
    least = min(rows, columns)
    return comb(least, rank), sum(comb(least, j) for j in range(1, rank))


def most_critical(parameters: int, depth: int) -> tuple[tuple[int, ...], int]:
    """The fully connected network with the most nonzero critical matrices for a given number of parameters.

    Parameters
    ----------
    parameters : int
        The most parameters Σ d_{l−1} d_l that the network may have, at least ``depth``.
    depth : int
        Number of layers L, at least 2.

    Returns
    -------
    widths : tuple of int
        d_0, …, d_L. For a least width r the count depends on min(d_0, d_L) alone, so that the best have all inner
        widths r and d_0 = d_L.
    count : int
        Number of its nonzero critical matrices for generic data.

    Examples
    --------
    >>> most_critical(12, 2), most_critical(40, 2)
    (((6, 1, 6), 6), ((10, 2, 10), 55))
    """
    if depth < 2 or parameters < depth:
        raise InputError(f"parameters: {parameters} for {depth} layers; expected two layers, and one parameter in each")
    best: tuple[tuple[int, ...], int] = ((), -1)
    for rank in range(1, int((parameters / depth) ** 0.5) + 1):
        outer = (parameters - (depth - 2) * rank**2) // (2 * rank)
        count = sum(eckart_young_count(outer, outer, rank))
        if count > best[1]:
            best = (outer, *(rank,) * (depth - 1), outer), count
    return best


def critical_matrices(X: Array, Y: Array, rank: int) -> list[tuple[Array, int]]:
    """All nonzero critical matrices, with their ranks, from singular value decompositions.

    Parameters
    ----------
    X : (N, n) array
        Samples in rows; the Gram matrix must have full rank.
    Y : (N, m) array
    rank : int
        The least width r of the network.

    Returns
    -------
    list of (m, n) array and int
    """
    values, vectors = np.linalg.eigh(X.T @ X)
    inverse = vectors * values**-0.5 @ vectors.T
    u, s, vt = np.linalg.svd(Y.T @ X @ inverse, full_matrices=False)
    found = []
    for j in range(1, rank + 1):
        for chosen in combinations(range(len(s)), j):
            part = list(chosen)
            found.append(((u[:, part] * s[part]) @ vt[part] @ inverse, j))
    return found


@dataclass(frozen=True)
class FullyConnectedCheck:
    """Critical points of a network of widths (n, r, m) for one random data set, found in two ways.

    Attributes
    ----------
    widths : tuple of int
    pure, spurious : int
        Eckart–Young counts: critical matrices of rank r, and of smaller nonzero rank.
    gradient : float
        Largest gradient of the loss on the variety of matrices of the same rank, at the matrices of full rank r,
        relative to the terms that cancel in it.
    parameter_gradient : float
        The same in parameter space, at factorizations of all of them.
    reached, others : int
        Levenberg's method from random parameters: how many of the nonzero critical matrices it reached, and how many
        of its ends are none of them.
    reached_spurious : int
        How many of the reached matrices have a rank below r, by their singular values.
    singular : int
        At how many critical matrices the minors of size r + 1 have a differential of rank below the codimension of the
        variety: its singular points.
    minima : int
        How many of them are minima in parameter space: no negative eigenvalue of the Hessian.
    rank_of_map : int
        Rank of the differential of (W_2, W_1) ↦ W_2 W_1 at random parameters: the dimension of the variety.
    rank_of_products : int
        Largest rank of W_2 W_1 at `TRIALS` random parameters.
    factorized, factorized_near : int
        How many of `TRIALS` random matrices of rank at most r are products W_2 W_1 of real factors, and how many of as
        many such matrices near to critical ones.
    seed : int
    """

    widths: tuple[int, ...]
    pure: int
    spurious: int
    gradient: float
    parameter_gradient: float
    reached: int
    others: int
    reached_spurious: int
    singular: int
    minima: int
    rank_of_map: int
    rank_of_products: int
    factorized: int
    factorized_near: int
    seed: int

    @property
    def agrees(self) -> bool:
        """Whether both ways agree with the Eckart–Young count, and the matrices with the geometry of the variety."""
        return (
            self.gradient < ZERO_GRADIENT
            and self.parameter_gradient < ZERO_GRADIENT
            and self.reached == self.pure + self.spurious
            and self.reached_spurious == self.spurious
            and self.others == 0
            and self.singular == (self.spurious if self.widths[1] < min(self.widths[0], self.widths[2]) else 0)
            and self.rank_of_products == self.widths[1]
            and self.factorized == self.factorized_near == TRIALS
        )


def check_fully_connected(
    widths: Sequence[int], seed: int, *, samples: int = 40, starts: int = 400
) -> FullyConnectedCheck:
    """Compute the critical points of a two-layer network and look for others.

    Parameters
    ----------
    widths : sequence of three int
        n, r, m: inputs, hidden units, outputs, r ≤ min(m, n).
    seed : int
        Of the standard normal X (samples, n), Y (samples, m) and of the starts.
    samples : int
    starts : int
        Number of random parameters that Levenberg's method starts from.

    Examples
    --------
    >>> check = check_fully_connected((3, 1, 2), seed=0, starts=50)
    >>> check.pure, check.spurious, check.reached, check.others, check.minima
    (2, 0, 2, 0, 1)
    """
    n, r, m = widths
    if r > min(m, n):
        raise InputError(f"widths: {tuple(widths)} has a hidden layer of {r}; expected at most {min(m, n)}")
    rng = np.random.default_rng([seed, 1])
    X, Y = rng.standard_normal((samples, n)), rng.standard_normal((samples, m))
    loss = _TwoLayers(X.T @ X, Y.T @ X, r)
    matrices = critical_matrices(X, Y, r)
    pure, spurious = eckart_young_count(m, n, r)
    assert len(matrices) == pure + spurious
    factors = [loss.factorize(W) for W, _ in matrices]
    size = np.linalg.norm(np.linalg.solve(loss.gram, loss.b.T))
    reached: set[int] = set()
    others = 0
    deficient: set[int] = set()
    for _ in range(starts):
        theta = loss.solve(rng.standard_normal(loss.parameters))
        if theta is None:
            continue
        W = loss.matrix(theta)
        if np.linalg.norm(W) < SAME * size:
            continue
        near = [i for i, (other, _) in enumerate(matrices) if np.linalg.norm(W - other) < SAME * size]
        reached.update(near)
        others += not near
        if near and np.linalg.matrix_rank(W, tol=SAME * size) < r:
            deficient.update(near)
    rank_of_map = int(np.linalg.matrix_rank(loss.differential(rng.standard_normal(loss.parameters))))
    products = [loss.matrix(rng.standard_normal(loss.parameters)) for _ in range(TRIALS)]
    on_variety = [_truncated(rng.standard_normal((m, n)), r) for _ in range(TRIALS)]
    near_critical = [
        _truncated(W + 1e-3 * np.linalg.norm(W) * rng.standard_normal((m, n)), r)
        for W, _ in islice(cycle(matrices), TRIALS)
    ]
    return FullyConnectedCheck(
        tuple(widths),
        pure,
        spurious,
        max(loss.gradient_on_variety(W) for W, rank in matrices if rank == r),
        max(loss.relative_gradient(theta) for theta in factors),
        len(reached),
        others,
        len(deficient),
        sum(_rank_of_minors(W, r) < m * n - rank_of_map for W, _ in matrices),
        sum(loss.index(theta) == 0 for theta in factors),
        rank_of_map,
        max(int(np.linalg.matrix_rank(W)) for W in products),
        sum(loss.factorizes(W) for W in on_variety),
        sum(loss.factorizes(W) for W in near_critical),
        seed,
    )


def _truncated(W: Array, rank: int) -> Array:
    """The nearest matrix of at most this rank."""
    u, s, vt = np.linalg.svd(W, full_matrices=False)
    return np.asarray((u[:, :rank] * s[:rank]) @ vt[:rank])


def _rank_of_minors(W: Array, rank: int) -> int:
    """Rank of the differential at W of all minors of size rank + 1, whose gradients are matrices of cofactors."""
    unit = W / np.linalg.norm(W)
    gradients = []
    for rows in combinations(range(W.shape[0]), rank + 1):
        for columns in combinations(range(W.shape[1]), rank + 1):
            gradient = np.zeros_like(W)
            for i, j in product(range(rank + 1), repeat=2):
                rest = np.ix_(rows[:i] + rows[i + 1 :], columns[:j] + columns[j + 1 :])
                gradient[rows[i], columns[j]] = (-1) ** (i + j) * np.linalg.det(unit[rest])
            gradients.append(gradient.ravel())
    return int(np.linalg.matrix_rank(np.array(gradients), tol=NEGLIGIBLE)) if gradients else 0


class _TwoLayers:
    """The loss tr(WΣWᵀ − 2 W Bᵀ), W = A C, in the entries of A (m, r) and C (r, n), one after the other."""

    def __init__(self, gram: Array, b: Array, hidden: int) -> None:
        self.gram, self.b, self.hidden = gram, b, hidden
        self.outputs, self.inputs = b.shape
        self.parameters = hidden * (self.outputs + self.inputs)

    def split(self, theta: Array) -> tuple[Array, Array]:
        cut = self.outputs * self.hidden
        return theta[:cut].reshape(self.outputs, self.hidden), theta[cut:].reshape(self.hidden, self.inputs)

    def matrix(self, theta: Array) -> Array:
        left, right = self.split(theta)
        return left @ right

    def gradient(self, theta: Array) -> Array:
        left, right = self.split(theta)
        residual = left @ right @ self.gram - self.b
        return 2 * np.concatenate([(residual @ right.T).ravel(), (left.T @ residual).ravel()])

    def relative_gradient(self, theta: Array) -> float:
        left, right = self.split(theta)
        size = np.linalg.norm(left @ right @ self.gram) + np.linalg.norm(self.b)
        scale = 2 * size * (np.linalg.norm(left) + np.linalg.norm(right))
        return float(np.linalg.norm(self.gradient(theta)) / scale) if scale > 0 else 0.0

    def hessian(self, theta: Array) -> Array:
        left, right = self.split(theta)
        residual = left @ right @ self.gram - self.b
        mixed = np.kron(left, right @ self.gram)
        mixed += np.einsum("ik,jl->ijlk", residual, np.eye(self.hidden)).reshape(mixed.shape)
        first = np.kron(np.eye(self.outputs), right @ self.gram @ right.T)
        return 2 * np.block([[first, mixed], [mixed.T, np.kron(left.T @ left, self.gram)]])

    def differential(self, theta: Array) -> Array:
        left, right = self.split(theta)
        parts = [self.split(direction) for direction in np.eye(self.parameters)]
        return np.array([(d_left @ right + left @ d_right).ravel() for d_left, d_right in parts])

    def factorize(self, W: Array) -> Array:
        """Balanced factors, padded with zeros where the rank is below the number of hidden units."""
        u, s, vt = np.linalg.svd(W)
        root = np.sqrt(np.where(s[: self.hidden] > 1e-9 * s[0], s[: self.hidden], 0))
        return np.concatenate([(u[:, : self.hidden] * root).ravel(), (root[:, None] * vt[: self.hidden]).ravel()])

    def factorizes(self, W: Array) -> bool:
        """Whether it is the product of its factors."""
        return bool(np.linalg.norm(self.matrix(self.factorize(W)) - W) < FACTORIZED * np.linalg.norm(W))

    def index(self, theta: Array) -> int:
        """Number of negative eigenvalues of the Hessian."""
        values = np.linalg.eigvalsh(self.hessian(theta))
        return int((values < -1e-9 * np.abs(values).max()).sum())

    def gradient_on_variety(self, W: Array) -> float:
        """Projection of the gradient 2(WΣ − B) to the tangent space at W of the matrices of its rank, relative."""
        u, s, vt = np.linalg.svd(W)
        rank = int((s > 1e-9 * s[0]).sum())
        full = W @ self.gram - self.b
        left, right = u[:, rank:] @ u[:, rank:].T, vt[rank:].T @ vt[rank:]
        tangent = full - left @ full @ right
        return float(np.linalg.norm(tangent) / (np.linalg.norm(W @ self.gram) + np.linalg.norm(self.b)))

    def solve(self, theta: Array) -> Array | None:
        """A zero of the gradient, by Levenberg's method; the orbits of GL(r) make the Hessian singular."""
        from scipy.optimize import root

        end = root(self.gradient, theta, jac=self.hessian, method="lm", tol=1e-14).x
        return end if self.relative_gradient(end) < ZERO_GRADIENT else None
