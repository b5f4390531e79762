"""The critical-point equations of a stratum, evaluated for many points at once in NumPy.

Everything is evaluated at the K-th roots of unity instead of in coefficients: the filter w = c Π_f Q_f^{m_f} is then a
pointwise product, its derivatives too, and the Gram matrix and moment vector are transformed once
(Σ̂ = V^{−T} Σ V^{−1}, b̂ = V^{−T} b, with V the K × K Fourier matrix, so that ŵᵀ Σ̂ ŵ = wᵀ Σ w).

Local coordinates at a point: each Q_f is varied within the affine patch uᴴ Q_f = 1, where u = Q_f / ‖Q_f‖ when the
patch was laid, by Q_f + B_f y_f with B_f an orthonormal basis of the complement of u. The size of w varies with one
factor of power one, the first, which moves freely: Q_f (1 + δ) + B_f y_f. So w is linear in (δ, y_f), which keeps
Newton's method far-sighted for ill-conditioned Σ. Where all powers are above one, c is varied, c (1 + δ). With the
unknowns (δ, y_1, …, y_r) the derivative J of w has the columns w and c ∂(Π Q^m), and

    F = Jᵀ (Σ w − b),        H = Jᵀ Σ J + (Σ w − b)ᵀ ∂² w

are half the gradient and half the Hessian of the loss in them. H is symmetric. The scalar c and the relative
variations make every quantity below independent of the scale of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, rows_times
from ..networks.strata import Stratum

__all__ = [
    "ZERO_EIGENVALUE",
    "Data",
    "DataAtRoots",
    "Equations",
    "Evaluation",
    "equations_of",
    "is_definite",
    "least_eigenvalue",
]

#: Eigenvalues below this part of the largest one are zero up to rounding.
ZERO_EIGENVALUE = 1e-13


class Data(NamedTuple):
    """Data of a loss in coefficients: Gram matrix Σ (K, K) and moment vector b (K,), real or complex symmetric."""

    gram: NDArray[np.complexfloating | np.floating]
    b: NDArray[np.complexfloating | np.floating]

    def mix(self, weight: complex, other: Data) -> Data:
        """The point weight · self + (1 − weight) · other of the line through two data."""
        return Data(weight * self.gram + (1 - weight) * other.gram, weight * self.b + (1 - weight) * other.b)


class DataAtRoots(NamedTuple):
    """Data of a loss at the K-th roots of unity: Σ̂ (K, K) and b̂ (K,), as `Equations.transform` makes them of `Data`."""

    gram: Complex
    b: Complex


@dataclass
class Evaluation:
    """Equations at P points: residual Σw − b and filter at the roots of unity, J, F, and (on request) H."""

    filter: Complex
    residual: Complex
    jacobian: Complex
    gradient: Complex
    hessian: Complex | None


class Equations:
    """The critical-point equations of a stratum.

    Parameters
    ----------
    stratum : Stratum
    extended : bool
        Whether to compute with NumPy's ``clongdouble`` instead of ``complex128``.

    Notes
    -----
    Points are arrays (P, coordinates); local coordinates are arrays (P, n), n the dimension of the stratum.
    """

    def __init__(self, stratum: Stratum, extended: bool = False) -> None:
        self.stratum = stratum
        self.dtype: type[np.complexfloating] = np.clongdouble if extended else np.complex128
        size = stratum.filter_size
        exponents = np.arange(size)
        pi = 4 * np.arctan(np.longdouble(1)) if extended else np.pi
        self.fourier: Complex = np.exp(2j * pi * (np.outer(exponents, exponents) % size) / size).astype(self.dtype)
        self._inverse = self.fourier.conj() / size
        simple = [f for f, factor in enumerate(stratum.factors) if factor.power == 1]
        #: The factor that moves freely, if any.
        self.free = simple[0] if simple else None
        self._vandermonde = [
            np.ascontiguousarray(self.fourier[:, (np.arange(f.degree + 1) * f.dilation) % size])
            for f in stratum.factors
        ]

    def transform(self, data: Data) -> DataAtRoots:
        """Gram matrix and moment vector at the roots of unity."""
        inverse = self._inverse
        return DataAtRoots(inverse.T @ data.gram @ inverse, inverse.T @ data.b)

    def filters(self, points: Complex) -> Complex:
        """End-to-end filters (P, K) of points (P, coordinates)."""
        values = points[:, :1] * np.ones(self.stratum.filter_size)
        for factor, part, vandermonde in zip(self.stratum.factors, self.stratum.slices, self._vandermonde, strict=True):
            values = values * rows_times(points[:, part], vandermonde.T) ** factor.power
        return self.coefficients(values)

    def coefficients(self, values: Complex) -> Complex:
        """Coefficients of filters (P, K) from their values at the roots of unity (P, K)."""
        return rows_times(values, self._inverse.T)

    def factor_values(self, points: Complex) -> list[Complex]:
        """The factors of points (P, coordinates) at the roots of unity, (P, K) each."""
        return [
            rows_times(points[:, part], vandermonde.T)
            for part, vandermonde in zip(self.stratum.slices, self._vandermonde, strict=True)
        ]

    def tangent_space(self, points: Complex) -> Complex:
        """The derivative J of the filter in local coordinates, as coefficients, (P, K, n)."""
        size = self.stratum.filter_size
        nothing = Data(np.zeros((size, size)), np.zeros(size))
        return self._inverse @ self.evaluate_at(points, nothing, hessian=False).jacobian

    def normalize(self, points: Complex) -> Complex:
        """The same filters with every Q_f of norm one."""
        result = points.copy()
        for factor, part in zip(self.stratum.factors, self.stratum.slices, strict=True):
            form = points[:, part]
            norm = np.sqrt((form.real**2 + form.imag**2).sum(axis=1))
            result[:, part] /= norm[:, None]
            result[:, 0] *= norm if factor.power == 1 else norm**factor.power
        return result

    def patches(self, points: Complex) -> list[Complex]:
        """Orthonormal bases (P, e+1, e) of the complements of the factors Q_f, by Householder reflections."""
        bases = []
        for part in self.stratum.slices:
            u = points[:, part] / np.linalg.norm(points[:, part], axis=1)[:, None]
            first = np.abs(u[:, 0])
            phase = np.where(first > 0, u[:, 0] / np.where(first > 0, first, 1), 1)
            v = u.copy()
            v[:, 0] += phase
            basis = -v[:, :, None] * (v[:, None, 1:].conj() / (1 + first)[:, None, None])
            rows = np.arange(1, v.shape[1])
            basis[:, rows, rows - 1] += 1
            bases.append(basis)
        return bases

    def move(self, points: Complex, bases: list[Complex], local: Complex) -> Complex:
        """Points displaced by local coordinates (P, n) in the patches given by ``bases``."""
        return points + self.displacement(points, bases, local)

    def displacement(self, points: Complex, bases: list[Complex], local: Complex) -> Complex:
        """A vector in local coordinates (P, n) as a displacement (P, coordinates) of the points."""
        result = np.zeros_like(points)
        start = 1
        for part, basis in zip(self.stratum.slices, bases, strict=True):
            end = start + basis.shape[2]
            result[:, part] = (basis @ local[:, start:end, None])[:, :, 0]
            start = end
        scaled = slice(0, 1) if self.free is None else self.stratum.slices[self.free]
        result[:, scaled] += points[:, scaled] * local[:, :1]
        return result

    def patch_values(self, bases: list[Complex]) -> list[Complex]:
        """The patch bases at the roots of unity, (P, K, e) each."""
        return [vandermonde @ basis for vandermonde, basis in zip(self._vandermonde, bases, strict=True)]

    def evaluate(
        self,
        points: Complex,
        directions: list[Complex],
        start: DataAtRoots,
        target: DataAtRoots,
        s: Real,
        hessian: bool = True,
    ) -> Evaluation:
        """Evaluate at P points for the data s · start + (1 − s) · target.

        Parameters
        ----------
        points : (P, coordinates) complex array
        directions : list of (P, K, e) complex arrays, from `patch_values`
        start, target : DataAtRoots
        s : (P,) float array
        hessian : bool
            Whether to evaluate H too.
        """
        factors = self.stratum.factors
        count, size = len(points), self.stratum.filter_size
        c = points[:, :1]
        values = self.factor_values(points)
        powers = [q**f.power for q, f in zip(values, factors, strict=True)]
        first = [q ** (f.power - 1) * f.power for q, f in zip(values, factors, strict=True)]
        before, after = _partial_products(powers, np.ones((count, size), self.dtype))
        filters = c * before[-1]
        weight = s[:, None]
        residual = weight * (rows_times(filters, start.gram) - start.b) + (1 - weight) * (
            rows_times(filters, target.gram) - target.b
        )  # the Gram matrices are symmetric

        others = [before[f] * after[f + 1] for f in range(len(factors))]
        slopes = [c * first[f] * others[f] for f in range(len(factors))]
        jacobian = np.empty((count, size, self.stratum.dimension), np.result_type(points, self.dtype))
        jacobian[:, :, 0] = filters
        ends = [1]
        for slope, direction in zip(slopes, directions, strict=True):
            ends.append(ends[-1] + direction.shape[2])
            np.multiply(slope[:, :, None], direction, out=jacobian[:, :, ends[-2] : ends[-1]])
        gradient = (residual[:, None, :] @ jacobian)[:, 0, :]
        if not hessian:
            return Evaluation(filters, residual, jacobian, gradient, None)

        columns = np.ascontiguousarray(jacobian.transpose(0, 2, 1))
        products = weight[:, :, None] * (columns @ start.gram) + (1 - weight[:, :, None]) * (columns @ target.gram)
        matrix = products @ jacobian
        scaled = c * residual
        for f, factor in enumerate(factors):
            left = directions[f].transpose(0, 2, 1)
            rows = slice(ends[f], ends[f + 1])
            if f != self.free:
                matrix[:, 0, rows] += gradient[:, rows]
                matrix[:, rows, 0] += gradient[:, rows]
            if factor.power > 1:
                second = values[f] ** (factor.power - 2) * (factor.power * (factor.power - 1))
                matrix[:, rows, rows] += left @ ((scaled * second * others[f])[:, :, None] * directions[f])
            between = np.ones((count, size), complex)
            for g in range(f + 1, len(factors)):
                both = scaled * first[f] * first[g] * before[f] * between * after[g + 1]
                block = left @ (both[:, :, None] * directions[g])
                matrix[:, rows, ends[g] : ends[g + 1]] += block
                matrix[:, ends[g] : ends[g + 1], rows] += block.transpose(0, 2, 1)
                between = between * powers[g]
        return Evaluation(filters, residual, jacobian, gradient, matrix)

    def evaluate_at(self, points: Complex, data: Data, hessian: bool = True) -> Evaluation:
        """Evaluate at P points (P, coordinates) for one data set, in the patches of the points themselves."""
        transformed = self.transform(data)
        directions = self.patch_values(self.patches(points))
        return self.evaluate(points, directions, transformed, transformed, np.zeros(len(points)), hessian)

    def loss_curvatures(self, evaluation: Evaluation, target: DataAtRoots) -> Real:
        """The diagonals of |JᴴΣJ|, (P, n): how fast the loss grows along each local coordinate, the residual apart."""
        jacobian = evaluation.jacobian
        # The values of a conjugate filter at the roots of unity are conjugate, and stand in reverse order.
        conjugate = jacobian.conj()[:, -np.arange(self.stratum.filter_size)]
        return np.asarray(np.abs((conjugate * (target.gram @ jacobian)).sum(axis=1)), float)

    def rate(self, evaluation: Evaluation, start: DataAtRoots, target: DataAtRoots) -> Complex:
        """∂F/∂s at the evaluated points, (P, n)."""
        slope = evaluation.filter @ (start.gram - target.gram) - (start.b - target.b)
        return (slope[:, None, :] @ evaluation.jacobian)[:, 0, :]


def _partial_products(powers: list[Complex], one: Complex) -> tuple[list[Complex], list[Complex]]:
    """Products before each factor (and of all), and from each factor on (and the empty one)."""
    before = [one]
    for power in powers:
        before.append(before[-1] * power)
    after = [one]
    for power in reversed(powers):
        after.append(after[-1] * power)
    return before, after[::-1]


@lru_cache(maxsize=256)
def equations_of(stratum: Stratum, extended: bool = False) -> Equations:
    """The equations of a stratum, built once."""
    return Equations(stratum, extended)


def is_definite(gram: NDArray[np.complexfloating | np.floating]) -> bool:
    """Whether a Gram matrix is regular, up to rounding."""
    values = np.linalg.svd(gram, compute_uv=False)
    return bool(values[-1] > ZERO_EIGENVALUE * values[0])


def least_eigenvalue(gram: NDArray[np.complexfloating | np.floating]) -> float:
    """The least nonzero singular value of a Gram matrix, relative to the largest."""
    values = np.linalg.svd(gram, compute_uv=False)
    return float(values[values > ZERO_EIGENVALUE * values[0]].min(initial=values[0]) / max(values[0], 1e-300))
