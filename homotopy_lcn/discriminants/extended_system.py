"""The equations of walls, evaluated for many points at once: F = 0 and F_θ v = 0 on a line of data.

A filter of a stratum is w = (c/s) P with P = Π_f Q_f^{m_f}. In affine patches of all Q_f and of (c : s), with the
derivative J = (P, ∂P/∂y_1, …, ∂P/∂y_n) and the residual r = c Σ(t) P − s b(t), the critical points are the zeros of

    F = Jᵀ r,

n + 1 equations in the n + 1 unknowns (y, position of (c : s)). These equations are regular at the filter zero (c = 0)
and at infinity (s = 0), so that a point that passes through either keeps its path. Where two critical points merge the
Jacobian H of F has a kernel, H v = 0. In affine patches of (t_0 : t_1) and of v that gives 2 (n + 1) equations in as
many unknowns. All derivatives are exact: P is a product, evaluated at the K-th roots of unity as in
`critical_equations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..doors import cached_property
from ..equations.critical_equations import Data, equations_of
from ..networks.strata import Stratum
from ..tracking.compiled_gradients import compiled
from .lines import DataLine, random_complex

__all__ = ["CriticalSystem", "Patches", "System", "Value", "WallPoints", "WallSystem", "evaluated"]


class Value(NamedTuple):
    """A square system at P points: equations (P, N), their Jacobian (P, N, N), their derivative in τ (P, N)."""

    equations: Complex
    jacobian: Complex
    rate: Complex


class WallPoints(NamedTuple):
    """Walls in homogeneous coordinates: factors (P, Σ(d_f+1)), (c, s) (P, 2), (t_0, t_1) (P, 2)."""

    factors: Complex
    scale: Complex
    t: Complex

    def __len__(self) -> int:
        return len(self.factors)

    def chosen(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> WallPoints:
        """Some of the points."""
        return WallPoints(self.factors[rows], self.scale[rows], self.t[rows])

    def row(self, number: int) -> WallPoints:
        """One of the points."""
        return self.chosen(np.array([number]))

    def turned(self, turns: Complex) -> WallPoints:
        """Walls on the line `DataLine.scaled` by three numbers as walls on the line itself."""
        return WallPoints(self.factors, self.scale * turns[:2], self.t * np.array([1, turns[2]]))


class System(Protocol):
    """A homotopy of square systems in affine patches."""

    @property
    def patches(self) -> Patches:
        """The patches."""

    @property
    def unknowns(self) -> int:
        """Number of unknowns."""

    @property
    def compiled(self) -> Any | None:
        """The same equations in compiled code, None where there is none."""

    def evaluate(self, z: Complex, tau: Real) -> Value:
        """Evaluate at points z (P, N) and parameters τ (P,)."""


@dataclass(frozen=True)
class Patches:
    """Affine patches: centres of norm one and orthonormal bases of their complements.

    Attributes
    ----------
    centres, bases : tuple of arrays
        For each factor of positive degree, then for (c, s), (t_0, t_1) and the kernel vector v: (e,) and (e, e − 1).
    """

    centres: tuple[Complex, ...]
    bases: tuple[Complex, ...]

    @classmethod
    def random(cls, stratum: Stratum, rng: np.random.Generator) -> Patches:
        """Random complex patches: no point of a generic path is at infinity in them."""
        sizes = [factor.degree + 1 for factor in stratum.factors]
        return cls.at([random_complex(rng, (size,)) for size in (*sizes, 2, 2, stratum.dimension)])

    @classmethod
    def at(cls, vectors: list[Complex]) -> Patches:
        """The patches in which the vectors are the centres."""
        centres = [vector / np.linalg.norm(vector) for vector in vectors]
        return cls(tuple(centres), tuple(_complement(centre) for centre in centres))


def _complement(centre: Complex) -> Complex:
    """An orthonormal basis of the complement of a unit vector, real for a real one: a Householder reflection."""
    first = abs(centre[0])
    mirror = centre.copy()
    mirror[0] += centre[0] / first if first else 1
    basis = np.eye(len(centre), dtype=complex) - np.outer(mirror, mirror.conj()) / (1 + first)
    return np.ascontiguousarray(basis[:, 1:])


def evaluated(system: System, z: Complex, tau: Real) -> Value:
    """The values of a system, in compiled code where it is installed."""
    return system.evaluate(z, tau) if system.compiled is None else Value(*system.compiled.evaluate(z, tau))


class _Filters(NamedTuple):
    """P and its derivatives at the roots of unity."""

    values: Complex
    first: Complex
    second: dict[tuple[int, int], Complex]
    third: dict[tuple[int, int], Complex]
    along: Complex
    first_along: Complex


class _System:
    """What critical points and walls share: products, patches and data at the roots of unity."""

    def __init__(self, stratum: Stratum, patches: Patches, start: DataLine, target: DataLine) -> None:
        self.stratum = stratum
        self.patches = patches
        self.motion = start.motion
        equations = equations_of(stratum)
        self._equations = equations
        self.fourier = equations.fourier
        self._lines = [self._transformed(line) for line in (start, target)]
        size = stratum.filter_size
        self._vandermonde = [
            np.ascontiguousarray(equations.fourier[:, (np.arange(f.degree + 1) * f.dilation) % size])
            for f in stratum.factors
        ]
        count = len(stratum.factors)
        self._centres = [v @ centre for v, centre in zip(self._vandermonde, patches.centres, strict=False)]
        self.bases = [v @ basis for v, basis in zip(self._vandermonde, patches.bases, strict=False)]
        degrees = [factor.degree for factor in stratum.factors]
        ends = np.concatenate([[0], np.cumsum(degrees)])
        self._parts = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.size = int(ends[-1])
        self._pairs = {
            (f, g): (self.bases[f][:, :, None] * self.bases[g][:, None, :]).reshape(size, -1)
            for f, g in combinations_with_replacement(range(count), 2)
        }
        self.scale_basis = patches.bases[count][:, 0]

    def _transformed(self, line: DataLine) -> tuple[Complex, Complex]:
        data = [self._equations.transform(Data(gram, b)) for gram, b in zip(line.grams, line.bs, strict=True)]
        return np.array([d.gram for d in data]), np.array([d.b for d in data])

    def compiled_form(self, kind: str, **others: object) -> Any | None:
        """A system in compiled code with these factors, patches and data; None where there is no compiled code.

        Parameters
        ----------
        kind : str
            "critical", "fold" or "pieces".
        **others
            The conditions of "pieces".
        """
        paths = getattr(compiled(), "WallPaths", None)
        if paths is None:
            return None
        count, patches = len(self.stratum.factors), self.patches
        scale, place, kernel = (
            np.concatenate([centre[:, None], basis], axis=1)
            for centre, basis in zip(patches.centres[count:], patches.bases[count:], strict=True)
        )
        given = {
            "kind": kind,
            "motion": tuple(self.motion),
            "degrees": [factor.degree for factor in self.stratum.factors],
            "powers": [factor.power for factor in self.stratum.factors],
            "filter_size": self.stratum.filter_size,
            "centres": np.array(self._centres),
            "directions": np.concatenate([basis.T for basis in self.bases]),
            "grams": np.array([grams for grams, _ in self._lines]),
            "bs": np.array([bs for _, bs in self._lines]),
            "scale": scale,
            "place": place,
            "kernel": kernel,
        }
        return paths({**given, **others})

    def coefficients(self, local: Complex, place: int) -> Complex:
        """Homogeneous coordinates of one part of a point, from its local coordinates."""
        return self.patches.centres[place] + local @ self.patches.bases[place].T

    def data_at(self, tau: Real, t: Complex) -> tuple[list[Complex], list[Complex]]:
        """Gram matrices and moment vectors at the points, their derivatives in t, and in τ."""
        (grams0, bs0), (grams1, bs1) = self._lines
        basis = self.patches.bases[len(self.stratum.factors) + 1][:, 0]
        still = np.array([[1.0, 0.0]])
        results: list[list[Complex]] = []
        for moves, start, target in ((self.motion.gram, grams0, grams1), (self.motion.b, bs0, bs1)):
            weights = t if moves else np.broadcast_to(still, t.shape)
            slopes = basis[None] if moves else np.zeros((1, 2))
            shape = (-1,) + (1,) * (start.ndim - 1)
            mixed = [(1 - tau).reshape(shape) * start[i] + tau.reshape(shape) * target[i] for i in (0, 1)]
            at, rate = (
                sum(weights[:, i].reshape(shape) * part for i, part in enumerate(parts))
                for parts in (mixed, [target[i] - start[i] for i in (0, 1)])
            )
            slope = slopes[0, 0] * mixed[0] + slopes[0, 1] * mixed[1]
            results.append([at, slope, rate])
        return results[0], results[1]

    def factor_values(self, y: Complex) -> list[Complex]:
        """The factors at the roots of unity, (P, K) each, from local coordinates (P, n)."""
        return [
            centre + y[:, part] @ basis.T
            for centre, part, basis in zip(self._centres, self._parts, self.bases, strict=True)
        ]

    def _products(self, y: Complex, v: Complex | None) -> _Filters:
        factors = self.stratum.factors
        count = len(factors)
        values = self.factor_values(y)
        order = 2 if v is None else 3
        ladder = [_derivatives(value, factor.power, order) for value, factor in zip(values, factors, strict=True)]
        known: dict[tuple[int, ...], Complex] = {}

        def partial(*which: int) -> Complex:
            key = tuple(sorted(which))
            if key not in known:
                result = ladder[0][key.count(0)]
                for f in range(1, count):
                    result = result * ladder[f][key.count(f)]
                known[key] = result
            return known[key]

        first = np.concatenate([partial(f)[:, :, None] * self.bases[f] for f in range(count)], axis=2)
        second = {pair: partial(*pair) for pair in self._pairs}
        if v is None:
            nothing = np.zeros(0, complex)
            return _Filters(partial(), first, second, {}, nothing, nothing)
        steps = [v[:, part] @ basis.T for part, basis in zip(self._parts, self.bases, strict=True)]
        along = sum(partial(f) * steps[f] for f in range(count))
        first_along = np.concatenate(
            [
                sum(partial(f, g) * steps[g] for g in range(count))[:, :, None] * self.bases[f]  # type: ignore[index]
                for f in range(count)
            ],
            axis=2,
        )
        third = {(f, g): sum(partial(f, g, h) * steps[h] for h in range(count)) for f, g in self._pairs}
        return _Filters(partial(), first, second, third, along, first_along)  # type: ignore[arg-type]

    def _contracted(self, covector: Complex, table: dict[tuple[int, int], Complex]) -> Complex:
        """Σ_κ u_κ ∂²P_κ/∂y_i∂y_j for covectors u (P, K), as (P, n, n)."""
        result = np.empty((len(covector), self.size, self.size), complex)
        for (f, g), pair in self._pairs.items():
            rows, columns = self._parts[f], self._parts[g]
            shape = (len(covector), rows.stop - rows.start, columns.stop - columns.start)
            block = ((covector * table[f, g]) @ pair).reshape(shape)
            result[:, rows, columns] = block
            if f != g:
                result[:, columns, rows] = block.transpose(0, 2, 1)
        return result


class CriticalSystem(_System):
    """The critical points of one data set, that moves from the start's to the target's: unknowns y, (c : s).

    The two lines are those of `WallSystem`, at (t_0 : t_1) = (1 : 0): only their first data are used.
    """

    @property
    def unknowns(self) -> int:
        """Number of unknowns."""
        return self.size + 1

    @cached_property
    def compiled(self) -> Any | None:
        """The same equations in compiled code, None where there is none."""
        return self.compiled_form("critical")

    def evaluate(self, z: Complex, tau: Real) -> Value:
        """Evaluate at P points z (P, n + 1) for parameters τ (P,) of the homotopy."""
        n = self.size
        count = len(z)
        scale = self.coefficients(z[:, n : n + 1], len(self.stratum.factors))
        (gram, _, gram_rate), (b, _, b_rate) = self.data_at(tau, np.tile([1.0 + 0j, 0.0], (count, 1)))
        filters = self._products(z[:, :n], None)
        p = filters.values
        jacobian = np.concatenate([p[:, :, None], filters.first], axis=2)
        c, s = scale[:, :1], scale[:, 1:]
        dc, ds = self.scale_basis
        image = (gram @ p[:, :, None])[:, :, 0]
        residual = c * image - s * b
        slope = dc * image - ds * b
        rate = c * (gram_rate @ p[:, :, None])[:, :, 0] - s * b_rate
        covectors = np.stack([residual, slope, rate], axis=2)
        projected = jacobian.transpose(0, 2, 1) @ covectors
        hessian = np.empty((count, n + 1, n + 1), complex)
        hessian[:, :, :n] = jacobian.transpose(0, 2, 1) @ (c[:, :, None] * (gram @ filters.first))
        hessian[:, 0, :n] += projected[:, 1:, 0]
        hessian[:, 1:, :n] += self._contracted(residual, filters.second)
        hessian[:, :, n] = projected[:, :, 1]
        return Value(projected[:, :, 0], hessian, projected[:, :, 2])


class WallSystem(_System):
    """The walls on a line of data that moves from the start to the target: unknowns y, (c : s), (t_0 : t_1), v."""

    @property
    def unknowns(self) -> int:
        """Number of unknowns."""
        return 2 * self.size + 2

    @cached_property
    def compiled(self) -> Any | None:
        """The same equations in compiled code, None where there is none."""
        return self.compiled_form("fold")

    def evaluate(self, z: Complex, tau: Real) -> Value:
        """Evaluate at P points z (P, 2n + 2) for parameters τ (P,) of the homotopy."""
        n, factors = self.size, len(self.stratum.factors)
        count = len(z)
        scale = self.coefficients(z[:, n : n + 1], factors)
        t = self.coefficients(z[:, n + 1 : n + 2], factors + 1)
        v = self.coefficients(z[:, n + 2 :], factors + 2)
        (gram, gram_slope, gram_rate), (b, b_slope, b_rate) = self.data_at(tau, t)
        filters = self._products(z[:, :n], v[:, :n])
        p, along = filters.values, filters.along
        c, s, last = scale[:, :1], scale[:, 1:], v[:, n:]
        dc, ds = self.scale_basis
        j = np.concatenate([p[:, :, None], filters.first], axis=2).transpose(0, 2, 1)
        j_along = np.concatenate([along[:, :, None], filters.first_along], axis=2).transpose(0, 2, 1)
        both = np.stack([p, along], axis=2)
        image, image_along = np.moveaxis(gram @ both, 2, 0)
        slopes = gram_slope @ both if self.motion.gram else np.zeros_like(both)
        slope, slope_along = np.moveaxis(slopes, 2, 0)
        rate, rate_along = np.moveaxis(gram_rate @ both, 2, 0)

        r = c * image - s * b
        r_scale = dc * image - ds * b
        r_t = c * slope - s * b_slope
        r_tau = c * rate - s * b_rate
        r_v = c * image_along + last * r_scale
        upper = j @ np.stack([r, r_scale, r_t, r_tau, r_v], axis=2)
        lower = j_along @ np.stack([r, r_scale, r_t, r_tau], axis=2)
        mixed = j @ np.stack(
            [
                dc * image_along,
                c * slope_along + last * (dc * slope - ds * b_slope),
                c * rate_along + last * (dc * rate - ds * b_rate),
            ],
            axis=2,
        )
        first_image = gram @ filters.first
        first_along_image = gram @ filters.first_along

        value = np.concatenate([upper[:, :, 0], upper[:, :, 4] + lower[:, :, 0]], axis=1)
        jacobian = np.zeros((count, 2 * n + 2, 2 * n + 2), complex)
        hessian = np.empty((count, n + 1, n + 1), complex)
        hessian[:, :, :n] = j @ (c[:, :, None] * first_image)
        hessian[:, 0, :n] += upper[:, 1:, 0]
        hessian[:, 1:, :n] += self._contracted(r, filters.second)
        hessian[:, :, n] = upper[:, :, 1]
        jacobian[:, : n + 1, : n + 1] = hessian
        jacobian[:, : n + 1, n + 1] = upper[:, :, 2]
        moved = j_along @ (c[:, :, None] * first_image)
        moved += j @ (c[:, :, None] * first_along_image + (last * dc)[:, :, None] * first_image)
        moved[:, 0] += lower[:, 1:, 0] + upper[:, 1:, 4]
        moved[:, 1:] += self._contracted(r, filters.third) + self._contracted(r_v, filters.second)
        jacobian[:, n + 1 :, :n] = moved
        jacobian[:, n + 1 :, n] = lower[:, :, 1] + mixed[:, :, 0]
        jacobian[:, n + 1 :, n + 1] = lower[:, :, 2] + mixed[:, :, 1]
        jacobian[:, n + 1 :, n + 2 :] = hessian @ self.patches.bases[factors + 2]
        tau_rate = np.concatenate([upper[:, :, 3], lower[:, :, 3] + mixed[:, :, 2]], axis=1)
        return Value(value, jacobian, tau_rate)


def _derivatives(value: Complex, power: int, order: int) -> list[Complex]:
    """value^power and its derivatives."""
    result, factor = [], 1
    for k in range(order + 1):
        left = power - k
        if left < 0 or factor == 0:
            result.append(np.zeros_like(value))
        elif left == 0:
            result.append(np.full_like(value, factor))
        else:
            result.append(factor * value**left)
        factor *= max(left, 0)
    return result
