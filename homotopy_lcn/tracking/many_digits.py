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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import ZERO_EIGENVALUE, Data, Equations
from ..networks.binary_forms import dilate, multiply, power
from ..networks.strata import Stratum
from . import Homotopy
from .multiprecision import exact, rounded
from .refinement import half_gradient
from .tolerances import FOLLOWING

__all__ = ["PreciseHomotopy", "PrecisePath"]

#: Arrays of mpmath's numbers.
_Numbers = NDArray[np.object_]


class PreciseHomotopy:
    """A segment of data in many digits, the Gram matrices exactly singular where the target is so up to rounding.

    Parameters
    ----------
    equations : Equations
    homotopy : Homotopy
        To real Σ. If their Gram matrix is singular, that of the start has the same kernel.
    """

    def __init__(self, equations: Equations, homotopy: Homotopy) -> None:
        import mpmath

        self.equations = equations
        self.numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
        self.numbers.dps = FOLLOWING.digits
        values, axes = np.linalg.eigh(np.real(homotopy.target.gram))
        kernel = axes[:, np.abs(values) <= ZERO_EIGENVALUE * np.abs(values).max()]
        self.nothing = exact(np.zeros_like(homotopy.target.gram), self.numbers)
        self._ends = [self._exact(part, kernel) for part in homotopy]

    def _exact(self, data: Data, kernel: Real) -> tuple[_Numbers, _Numbers]:
        gram, b = (exact(np.asarray(part), self.numbers) for part in data)
        axes = exact(kernel, self.numbers)
        for column in range(axes.shape[1]):  # Gram and Schmidt
            axis = axes[:, column]
            for other in range(column):
                axis = axis - axes[:, other] * (axes[:, other] @ axis)
            axis = axes[:, column] = axis / self.numbers.sqrt(axis @ axis)
            gram = gram - np.outer(axis, axis @ gram)
            gram = gram - np.outer(gram @ axis, axis)
            b = b - axis * (axis @ b)
        return gram, b

    def data_at(self, s: Any) -> tuple[_Numbers, _Numbers]:
        """Gram matrix and moment vector at the distance s, a number of mpmath."""
        gram, b = (s * one + (1 - s) * other for one, other in zip(*self._ends, strict=True))
        return gram, b


def _filters(stratum: Stratum, points: _Numbers) -> _Numbers:
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
        last = equations.normalize(points[-1:])
        self.stratum, self.origin = equations.stratum, exact(last[0], self.numbers)
        size = self.stratum.dimension
        self.directions = exact(np.zeros((size, self.stratum.coordinates)), self.numbers)
        #: Rows of local coordinates: the scalar's, and those of each factor.
        self.groups = [slice(0, 1)]
        for part, basis in zip(self.stratum.slices, equations.patches(last), strict=True):
            rows = slice(self.groups[-1].stop, self.groups[-1].stop + basis.shape[2])
            self.directions[rows, part] = exact(basis[0].T, self.numbers)
            self.groups.append(rows)
        self.increment = self.numbers.mpf(10) ** -FOLLOWING.half_digits
        self.places: list[float] = []  # log s of the points
        self.points: list[_Numbers] = []
        self.ratio, self.begun = FOLLOWING.first_ratio, 0
        self.lost = not all(self._enter(one, s) for one, s in zip(points, known, strict=True))
        self.root, self.count = (1, 1) if self.lost else self._best_prediction()

    @property
    def log_size(self) -> float:
        """The logarithm of the scalar's absolute value |c|."""
        return float(self.numbers.log(abs(self.origin[0])) + self.points[-1][0].real)

    def _enter(self, point: Complex, s: float) -> bool:
        """Add a point that is known; whether Newton's method confirms it."""
        numbers, values = self.numbers, exact(point, self.numbers)
        scale = values[0]
        for factor, part in zip(self.stratum.factors, self.stratum.slices, strict=True):
            chart = sum(one.conjugate() * other for one, other in zip(self.origin[part], values[part], strict=True))
            values[part] = values[part] / chart
            scale = scale * chart**factor.power
        conjugates = np.array([[value.conjugate() for value in row] for row in self.directions], object)
        local = conjugates @ values
        local[0] = numbers.log(scale / self.origin[0])
        if self.points:  # the argument nearest to that of the last point
            turns = numbers.nint((self.points[-1][0] - local[0]).imag / (2 * numbers.pi))
            local[0] += 2j * numbers.pi * turns
        gram, b = self.homotopy.data_at(numbers.mpf(s))
        residual = gram @ _filters(self.stratum, self._at(local[None]))[0] - b
        found = self._solve(
            np.concatenate([local, residual]), numbers.mpf(s), np.full(len(self.groups), FOLLOWING.first_error)
        )
        if found is not None:
            self.places.append(float(np.log(s)))
            self.points.append(found)
        return found is not None

    def reach(self, distance: float) -> bool:
        """Go on to a smaller distance from the target; whether the path is not lost."""
        goal = float(np.log(distance))
        while not self.lost and self.places[-1] > goal:
            there = max(self.places[-1] + float(np.log(self.ratio)), goal)
            guess = self._predicted(there, slice(-self.count, None), self.root)
            largest = FOLLOWING.corrected * self._sizes(guess - self.points[-1])
            found = self._solve(guess, self.numbers.exp(there), largest)
            if found is None:
                self.ratio = float(np.sqrt(self.ratio))
                if self.ratio > FOLLOWING.largest_ratio:
                    self.lost = not self._begin_anew()
                continue
            self._append(there, found)
            if there > goal:
                self.ratio = max(self.ratio**FOLLOWING.faster, FOLLOWING.least_ratio)
        return not self.lost

    def _append(self, place: float, point: _Numbers) -> None:
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
        found = self._solve(self.points[-1], self.numbers.exp(there), largest)
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
        found = self._solve(self.points[-1], self.numbers.mpf(0), largest)
        return None if found is None else rounded(self._at(found[None, : self.stratum.dimension])[0])

    def _at(self, local: _Numbers) -> _Numbers:
        """The points (P, coordinates) with local coordinates (P, n)."""
        points = self.origin + local[:, 1:] @ self.directions[1:]
        points[:, 0] = [self.origin[0] * self.numbers.exp(value) for value in local[:, 0]]
        return np.asarray(points)

    def _evaluate(self, local: _Numbers, residual: _Numbers) -> tuple[_Numbers, _Numbers]:
        """The filters μ (P, K) with local coordinates (P, n), and Jᵀr (P, n) for a residual r (K,)."""
        points = self._at(local)
        gradient = half_gradient(self.stratum, points, self.homotopy.nothing, -residual)
        result = gradient @ self.directions.T
        result[:, 0] = gradient[:, 0] * points[:, 0]
        return _filters(self.stratum, points), np.asarray(result)

    def _solve(self, start: _Numbers, s: Any, largest: Real) -> _Numbers | None:
        """The solution near some unknowns (log c, y, r), in each group no farther than ``largest``, or None.

        The residual r = Σw − b counts as unknowns of its own, so that the equations are Jᵀr = 0 and Σμ − b − r = 0:
        Newton's method comes from much farther away than with Jᵀ(Σμ − b) = 0, where Σ is singular or w large.
        """
        (gram, b), numbers, n = self.homotopy.data_at(s), self.numbers, self.stratum.dimension
        unknowns = start
        for _ in range(FOLLOWING.steps):
            local, residual = unknowns[:n], unknowns[n:]
            around = np.concatenate([local[None], local + self.increment * np.eye(n, dtype=int)])
            filters, gradients = self._evaluate(around, residual)
            jacobian = (filters[1:] - filters[0]) / self.increment
            curvature = (gradients[1:] - gradients[0]) / self.increment
            products, missing = jacobian @ gram, b + residual - gram @ filters[0]
            matrix = curvature.T + products @ jacobian.T
            right = jacobian @ missing - gradients[0]
            try:
                moved = np.array(
                    list(numbers.lu_solve(numbers.matrix(matrix.tolist()), numbers.matrix(right.tolist()))), object
                )
            except (ZeroDivisionError, TypeError, ValueError):  # for singular matrices, one or the other
                return None
            step = np.concatenate([moved, moved @ products - missing])
            unknowns = unknowns + step
            if not (self._sizes(unknowns - start) <= largest).all():
                return None
            if (self._sizes(step) <= FOLLOWING.settled * largest).all():
                return np.asarray(unknowns)
        return None

    def _sizes(self, local: _Numbers) -> Real:
        """The norms of the groups of local coordinates."""
        return np.array([float(self.numbers.norm(local[group].tolist())) for group in self.groups])

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

    def _predicted(self, there: float, rows: slice, root: int) -> _Numbers:
        """The value of the polynomial in a root of s through some points, but for a multiple of log s in log c."""
        numbers, places, points = self.numbers, self.places[rows], np.array(self.points[rows], object)
        slope = float((points[-1, 0] - points[-2, 0]).real) / (places[-1] - places[-2])
        slope = round(slope * root) / root
        knots = [numbers.exp(numbers.mpf(place) / root) for place in places]
        knot, weights = numbers.exp(numbers.mpf(there) / root), []
        for row, one in enumerate(knots):
            factors = [(knot - other) / (one - other) for other in (*knots[:row], *knots[row + 1 :])]
            weights.append(numbers.fprod(factors))
        points[:, 0] -= [slope * numbers.mpf(place) for place in places]
        result = np.array(weights, object) @ points
        result[0] += slope * numbers.mpf(there)
        return np.asarray(result)
