"""Paths followed in many digits to the neighbourhood of the target, where doubles lose them.

On the way to infinity a filter w grows like a power of the distance s from the target, while its direction comes near
to that of the limit: what tells one path from another is left in ever fewer digits. So Newton's method works in many
digits here. Such a path is a power series in a root of s, but for a multiple of log s in the logarithm of its scalar.
The distance shrinks by a factor from step to step, and the next point is predicted by the polynomial through the last
ones in the root of s that has predicted the last one best. A step is taken if Newton's method corrects the prediction
by a small part of the step only, factor by factor, so that it does not jump to another path.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import ZERO_EIGENVALUE, Data, Equations
from ..networks.binary_forms import dilate, multiply, power
from ..networks.strata import Stratum
from . import Homotopy
from .gradients import half_gradient
from .multiprecision import rounded
from .precise_numbers import Numbers, PreciseNumbers, numbers_of
from .tolerances import FOLLOWING

__all__ = ["PreciseHomotopy", "PrecisePath"]


class PreciseHomotopy:
    """A segment of data in many digits, the Gram matrices exactly singular where the target is so up to rounding.

    Parameters
    ----------
    equations : Equations
    homotopy : Homotopy
        To real Σ. If their Gram matrix is singular, that of the start has the same kernel.
    numbers : PreciseNumbers, optional
        By default the fastest ones that are installed.
    """

    def __init__(self, equations: Equations, homotopy: Homotopy, numbers: PreciseNumbers | None = None) -> None:
        self.equations = equations
        self.numbers = numbers_of(FOLLOWING.digits) if numbers is None else numbers
        values, axes = np.linalg.eigh(np.real(homotopy.target.gram))
        kernel = axes[:, np.abs(values) <= ZERO_EIGENVALUE * np.abs(values).max()]
        with self.numbers.precision():
            self.nothing = self.numbers.exact(np.zeros_like(homotopy.target.gram))
            self._ends = [self._exact(part, kernel) for part in homotopy]

    def _exact(self, data: Data, kernel: Real) -> tuple[Numbers, Numbers]:
        gram, b = (self.numbers.exact(np.asarray(part)) for part in data)
        axes = self.numbers.exact(kernel)
        for column in range(axes.shape[1]):  # Gram and Schmidt
            axis = axes[:, column]
            for other in range(column):
                axis = axis - axes[:, other] * (axes[:, other] @ axis)
            axis = axes[:, column] = axis / (axis @ axis) ** 0.5
            gram = gram - np.outer(axis, axis @ gram)
            gram = gram - np.outer(gram @ axis, axis)
            b = b - axis * (axis @ b)
        return gram, b

    def data_at(self, s: Any) -> tuple[Numbers, Numbers]:
        """Gram matrix and moment vector at the distance s, a number of many digits."""
        gram, b = (s * one + (1 - s) * other for one, other in zip(*self._ends, strict=True))
        return gram, b


def _filters(stratum: Stratum, points: Numbers) -> Numbers:
    """End-to-end filters (P, K) of points (P, coordinates) in many digits."""
    result = points[:, :1]
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        result = multiply(result, dilate(power(points[:, part], factor.power), factor.dilation))
    return np.asarray(result)


class PrecisePath:
    """A path near its end: its last points in local coordinates (log c, y) that stay the same, with r = Σw − b.

    Parameters
    ----------
    homotopy : PreciseHomotopy
    points : (L, coordinates) complex array
        Critical points at the distances ``known``, as doubles know them.
    known : sequence of L floats
        Distances s from the target as parts of the segment, in descending order.

    Attributes
    ----------
    lost : bool
        Whether Newton's method does not confirm the points that are known, or has not found a later one.
    """

    def __init__(self, homotopy: PreciseHomotopy, points: Complex, known: Sequence[float]) -> None:
        self.homotopy, self.numbers, equations = homotopy, homotopy.numbers, homotopy.equations
        self.stratum = equations.stratum
        self.places: list[float] = []  # log s of the points
        self.points: list[Numbers] = []
        self.ratio, self.begun = FOLLOWING.first_ratio, 0
        with self.numbers.precision():
            self._begin(equations, points, known)

    def _begin(self, equations: Equations, points: Complex, known: Sequence[float]) -> None:
        """Local coordinates at the last point, and the points that are known in them."""
        last = equations.normalize(points[-1:])
        self.origin = self.numbers.exact(last[0])
        size = self.stratum.dimension
        self.directions = self.numbers.exact(np.zeros((size, self.stratum.coordinates)))
        #: Rows of local coordinates: the scalar's, and those of each factor.
        self.groups = [slice(0, 1)]
        for part, basis in zip(self.stratum.slices, equations.patches(last), strict=True):
            rows = slice(self.groups[-1].stop, self.groups[-1].stop + basis.shape[2])
            self.directions[rows, part] = self.numbers.exact(basis[0].T)
            self.groups.append(rows)
        self.conjugates = np.array([[value.conjugate() for value in row] for row in self.directions], object)
        self.increment = self._number(10.0) ** -FOLLOWING.half_digits
        self.increments = self.increment * np.eye(size, dtype=int).astype(object)
        self.lost = not all(self._enter(one, s) for one, s in zip(points, known, strict=True))
        self.root, self.count = (1, 1) if self.lost else self._best_prediction()

    def _number(self, value: float) -> Any:
        return self.numbers.zero + value

    @property
    def log_size(self) -> float:
        """The logarithm of the scalar's absolute value |c|."""
        return float(np.log(float(abs(self.origin[0])))) + float(self.points[-1][0].real)

    def _enter(self, point: Complex, s: float) -> bool:
        """Add a point that is known; whether Newton's method confirms it."""
        numbers, values = self.numbers, self.numbers.exact(point)
        scale = values[0]
        for factor, part in zip(self.stratum.factors, self.stratum.slices, strict=True):
            chart = sum(one.conjugate() * other for one, other in zip(self.origin[part], values[part], strict=True))
            values[part] = values[part] / chart
            scale = scale * chart**factor.power
        local = self.conjugates @ values
        local[0] = numbers.log(scale / self.origin[0])
        if self.points:  # the argument nearest to that of the last point
            turns = round(float((self.points[-1][0] - local[0]).imag) / (2 * np.pi))
            local[0] += turns * numbers.turn
        gram, b = self.homotopy.data_at(self._number(s))
        residual = gram @ _filters(self.stratum, self._at(local[None]))[0] - b
        found = self._solve(
            np.concatenate([local, residual]), self._number(s), np.full(len(self.groups), FOLLOWING.first_error)
        )
        if found is not None:
            self.places.append(float(np.log(s)))
            self.points.append(found)
        return found is not None

    def reach(self, distance: float) -> bool:
        """Go on to a smaller distance from the target; whether the path is not lost."""
        with self.numbers.precision():
            return self._reach(float(np.log(distance)))

    def _reach(self, goal: float) -> bool:
        while not self.lost and self.places[-1] > goal:
            there = max(self.places[-1] + float(np.log(self.ratio)), goal)
            guess = self._predicted(there, slice(-self.count, None), self.root)
            largest = FOLLOWING.corrected * self._sizes(guess - self.points[-1])
            found = self._solve(guess, self.numbers.exp(self._number(there)), largest)
            if found is None:
                self.ratio = float(np.sqrt(self.ratio))
                if self.ratio > FOLLOWING.largest_ratio:
                    self.lost = not self._begin_anew()
                continue
            self._append(there, found)
            if there > goal:
                self.ratio = max(self.ratio**FOLLOWING.faster, FOLLOWING.least_ratio)
        return not self.lost

    def _append(self, place: float, point: Numbers) -> None:
        self.places.append(place)
        self.points.append(point)
        self.root, self.count = self._best_prediction()

    def _begin_anew(self) -> bool:
        """Forget all points but the last one, and take a tiny step from it; whether there is a solution so near.

        The points before may lie too far apart to tell the direction of the path.
        """
        self.begun += 1
        last = self.places[-1] - self.places[-2]
        there = self.places[-1] + FOLLOWING.tiny_step * last
        if self.begun > FOLLOWING.begun_anew or last > -FOLLOWING.least_step:
            return False
        largest = FOLLOWING.longer * FOLLOWING.tiny_step * self._sizes(self.points[-1] - self.points[-2])
        found = self._solve(self.points[-1], self.numbers.exp(self._number(there)), largest)
        self.places, self.points = self.places[-1:], self.points[-1:]
        if found is not None:
            self._append(there, found)
            self.ratio = float(np.exp(FOLLOWING.tiny_step * last))
        return found is not None

    def end(self) -> NDArray[Any] | None:
        """The critical point of the target that Newton's method finds near the last point, if it does.

        Returns
        -------
        (coordinates,) extended-precision complex array or None
        """
        largest = np.full(len(self.groups), FOLLOWING.first_error)
        with self.numbers.precision():
            found = self._solve(self.points[-1], self.numbers.zero, largest)
            return None if found is None else rounded(self._at(found[None, : self.stratum.dimension])[0])

    def _at(self, local: Numbers) -> Numbers:
        """The points (P, coordinates) with local coordinates (P, n)."""
        points = self.origin + local[:, 1:] @ self.directions[1:]
        points[:, 0] = [self.origin[0] * self.numbers.exp(value) for value in local[:, 0]]
        return np.asarray(points)

    def _evaluate(self, local: Numbers, residual: Numbers) -> tuple[Numbers, Numbers]:
        """The filters μ (P, K) with local coordinates (P, n), and Jᵀr (P, n) for a residual r (K,)."""
        points = self._at(local)
        gradient = half_gradient(self.stratum, points, self.homotopy.nothing, -residual)
        result = gradient @ self.directions.T
        result[:, 0] = gradient[:, 0] * points[:, 0]
        return _filters(self.stratum, points), np.asarray(result)

    def _solve(self, start: Numbers, s: Any, largest: Real) -> Numbers | None:
        """The solution near some unknowns (log c, y, r), in each group no farther than ``largest``, or None.

        The residual r = Σw − b counts as unknowns of its own, so that the equations are Jᵀr = 0 and Σμ − b − r = 0:
        Newton's method comes from much farther away than with Jᵀ(Σμ − b) = 0, where Σ is singular or w large.
        """
        (gram, b), n = self.homotopy.data_at(s), self.stratum.dimension
        unknowns = start
        for _ in range(FOLLOWING.steps):
            local, residual = unknowns[:n], unknowns[n:]
            around = np.concatenate([local[None], local + self.increments])
            filters, gradients = self._evaluate(around, residual)
            jacobian = (filters[1:] - filters[0]) / self.increment
            curvature = (gradients[1:] - gradients[0]) / self.increment
            products, missing = jacobian @ gram, b + residual - gram @ filters[0]
            matrix = curvature.T + products @ jacobian.T
            right = jacobian @ missing - gradients[0]
            moved = self.numbers.solve(matrix, right)
            if moved is None:
                return None
            step = np.concatenate([moved, moved @ products - missing])
            unknowns = self.numbers.middles(unknowns + step)
            if not (self._sizes(unknowns - start) <= largest).all():
                return None
            if (self._sizes(step) <= FOLLOWING.settled * largest).all():
                return np.asarray(unknowns)
        return None

    def _sizes(self, local: Numbers) -> Real:
        """The norms of the groups of local coordinates."""
        return np.array([self.numbers.norm(local[group]) for group in self.groups])

    def _best_prediction(self) -> tuple[int, int]:
        """The root of s and the number of points by which the last point is predicted best from those before it."""
        known = len(self.points) - 1
        if known < 2:
            return 1, 2
        moved = self._sizes(self.points[-1] - self.points[-2])
        best, result = np.inf, (1, 2)
        for root in FOLLOWING.roots:
            for count in sorted({min(known, number) for number in FOLLOWING.counts}):
                guess = self._predicted(self.places[-1], slice(known - count, known), root)
                error = (self._sizes(guess - self.points[-1]) / moved).max()
                if error < best:
                    best, result = error, (root, min(count + 1, known + 1))
        return result

    def _predicted(self, there: float, rows: slice, root: int) -> Numbers:
        """The value of the polynomial in a root of s through some points, but for a multiple of log s in log c."""
        numbers, places, points = self.numbers, self.places[rows], np.array(self.points[rows], object)
        slope = float((points[-1, 0] - points[-2, 0]).real) / (places[-1] - places[-2])
        slope = round(slope * root) / root
        knots = [numbers.exp(self._number(place) / root) for place in places]
        knot, weights = numbers.exp(self._number(there) / root), []
        for row, one in enumerate(knots):
            factors = [(knot - other) / (one - other) for other in (*knots[:row], *knots[row + 1 :])]
            weights.append(prod(factors, start=self._number(1.0)))
        points[:, 0] -= [slope * self._number(place) for place in places]
        result = np.array(weights, object) @ points
        result[0] += slope * self._number(there)
        return numbers.middles(result)
