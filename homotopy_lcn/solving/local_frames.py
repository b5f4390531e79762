"""Local coordinates at points with nearly singular Newton matrices, and Newton's method in them.

At a point with a Newton matrix H of corank c, all but c of the equations F = 0 determine the point as a function of its
c coordinates t along the kernel of H. The other c equations become g(t) = 0, see `local_structure`. Gradients are
evaluated in extended precision. Several points are treated at once, as most of the time goes to the calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import comb, factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations
from ..equations.scaling import symmetric_scale
from ..tracking.compiled_gradients import extended_half_gradient
from .tolerances import LOCAL

__all__ = ["Frames", "Reduced", "Vanishing", "Zeros"]


class Reduced(NamedTuple):
    """The reduced equations at one place for each frame.

    Attributes
    ----------
    values : (R, c) extended-precision complex array
        The values g.
    local : (R, n) extended-precision complex array
        The local coordinates there.
    found : (R,) bool array
        Whether Newton's method has found them.
    """

    values: NDArray[Any]
    local: NDArray[Any]
    found: NDArray[np.bool_]


class Vanishing(NamedTuple):
    """Whether the reduced equations vanish identically, for R frames.

    Attributes
    ----------
    flat : (R,) bool array
        Where g vanishes wherever Newton's method finds it.
    found_far : (R,) bool array
        Where g vanishes at `LOCAL.radius` and Newton's method has found it at `LOCAL.far`, too.
    isolated : (R,) bool array
        Where the values of g tell that t = 0 is alone: if c = 1, where g is not zero at some t; if c = 2, where its
        leading terms have no common zero, up to the terms of higher order. Elsewhere it may be.
    """

    flat: NDArray[np.bool_]
    found_far: NDArray[np.bool_]
    isolated: NDArray[np.bool_]


class Zeros(NamedTuple):
    """Zeros of the reduced equation: their number, and the points of them, none if they are one zero up to rounding."""

    number: int
    multiple: bool
    points: list[NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Frames:
    """Local coordinates y at each of R points, and the singular vectors of the Newton matrices there.

    The coordinates are scaled by `symmetric_scale`, so that the loss sees all of them about equally: at a large filter
    with a small image under Σ, a change of its size counts as much as a change of its direction.

    Attributes
    ----------
    equations : Equations
    data : pair of extended-precision arrays
        The Gram matrix (K, K) and the moment vector (K,).
    point : (R, N) complex array
    directions : (R, n, N) complex array
        The displacements of the points for unit local coordinates.
    left, right : (R, n, n) complex arrays
        Left and right singular vectors, as columns.
    values : (R, n) float array
        Singular values.
    largest : (R,) float array
        The norm of the Newton matrix, or that of JᴴΣJ where both terms of the Newton matrix are small.
    """

    equations: Equations
    data: tuple[NDArray[Any], NDArray[Any]]
    point: Complex
    directions: Complex
    left: Complex
    values: Real
    right: Complex
    largest: Real

    @classmethod
    def at(cls, equations: Equations, points: Complex, data: Data) -> Frames:
        """The frames at points (R, N), which are scaled to factors of norm one."""
        points = equations.normalize(points)
        count, n = len(points), equations.stratum.dimension
        bases = [np.repeat(basis, n, axis=0) for basis in equations.patches(points)]
        unit = np.tile(np.eye(n, dtype=complex), (count, 1))
        directions = equations.displacement(np.repeat(points, n, axis=0), bases, unit).reshape(count, n, -1)
        evaluation = equations.evaluate_at(points, data)
        if evaluation.hessian is None:
            raise RuntimeError("the equations were evaluated without their Hessian")
        curvatures = equations.loss_curvatures(evaluation, equations.transform(data))
        scale = symmetric_scale(evaluation.hessian, curvatures)
        scale = scale / scale.max(axis=1, keepdims=True)
        left, values, right = np.linalg.svd(scale[:, :, None] * evaluation.hessian * scale[:, None, :])
        extended = (np.asarray(data.gram, np.clongdouble), np.asarray(data.b, np.clongdouble))
        largest = np.maximum(values[:, 0], (scale**2 * curvatures).max(axis=1))
        largest = np.where(largest > 0, largest, 1.0)
        right = right.conj().transpose(0, 2, 1)
        return cls(equations, extended, points, scale[:, :, None] * directions, left, values, right, largest)

    def __len__(self) -> int:
        return len(self.point)

    def rows(self, rows: NDArray[Any]) -> Frames:
        """Some of the frames, a frame as often as it is named."""
        arrays = (self.point, self.directions, self.left, self.values, self.right, self.largest)
        return Frames(self.equations, self.data, *(array[rows] for array in arrays))

    def row(self, row: int) -> Frames:
        """One of the frames, as R = 1 frames."""
        return self.rows(np.array([row]))

    def repeated(self, count: int) -> Frames:
        """Each frame several times."""
        return self.rows(np.repeat(np.arange(len(self)), count))

    def moved_to(self, points: Complex, data: Data) -> Frames:
        """The frames at points (R, N) nearby; those that hardly move keep their singular vectors."""
        far = ~(np.linalg.norm(points - self.point, axis=1) <= LOCAL.near_frame)
        if far.all():
            return Frames.at(self.equations, points, data)
        moved = replace(self, point=points)
        if far.any():
            new = Frames.at(self.equations, points[far], data)
            for name in ("point", "directions", "left", "values", "right", "largest"):
                array = getattr(moved, name).copy()
                array[far] = getattr(new, name)
                moved = replace(moved, **{name: array})
        return moved

    @property
    def size(self) -> int:
        """Number of local coordinates."""
        return self.values.shape[1]

    @property
    def coranks(self) -> NDArray[np.int64]:
        """Numbers of singular values that are small, (R,)."""
        return np.asarray((self.values <= LOCAL.small * self.largest[:, None]).sum(axis=1))

    @property
    def corank(self) -> int:
        """The corank of the first frame."""
        return int(self.coranks[0])

    def points(self, local: NDArray[Any]) -> NDArray[Any]:
        """Local coordinates (R, n), one for each frame, as points (R, N) in extended precision."""
        moved = np.asarray(local, np.clongdouble)[:, None, :] @ self.directions
        return np.asarray(self.point.astype(np.clongdouble) + moved[:, 0])

    def gradients(self, local: NDArray[Any]) -> NDArray[Any]:
        """Half the gradient in local coordinates (R, n), in extended precision."""
        gradients = extended_half_gradient(self.equations.stratum, self.points(local), *self.data)
        return np.asarray((self.directions @ gradients[:, :, None])[:, :, 0])

    def residuals(self) -> Real:
        """The gradients at the points, relative to the norms of the Newton matrices, (R,)."""
        gradients = self.gradients(np.zeros((len(self), self.size))).astype(complex)
        return np.asarray(np.linalg.norm(gradients, axis=1) / self.largest)

    def linearized(self, local: NDArray[Any]) -> tuple[NDArray[Any], Complex]:
        """Half the gradients (R, n) and their derivatives (R, n, n) by differences in extended precision."""
        count, n = local.shape
        points = self.points(local)
        around = np.empty((count, n + 1, points.shape[1]), np.clongdouble)
        around[:, 0] = points
        around[:, 1:] = points[:, None, :] + LOCAL.increment * self.directions
        flat = around.reshape(count * (n + 1), -1)
        moved = extended_half_gradient(self.equations.stratum, flat, *self.data).reshape(count, n + 1, -1)
        values = moved @ self.directions.transpose(0, 2, 1)
        gradients = values[:, 0]
        differences = (values[:, 1:] - gradients[:, None, :]) / LOCAL.increment
        return gradients, np.asarray(differences.transpose(0, 2, 1), complex)

    def onto_critical_set(self, real: bool) -> NDArray[Any]:
        """The points (R, N) moved onto the critical set by Gauss–Newton steps along the large singular values."""
        local = np.zeros((len(self), self.size), np.clongdouble)
        sizes = np.full(len(self), np.inf)
        left, values, right = np.zeros_like(self.left), np.zeros_like(self.values), np.zeros_like(self.right)
        going, frames = np.arange(len(self)), self
        for _ in range(LOCAL.steps):
            gradients = np.empty((len(going), self.size), np.clongdouble)
            new = sizes[going] > LOCAL.reused_matrix
            if new.any():
                gradients[new], matrices = frames.rows(new).linearized(local[going[new]])
                left[going[new]], values[going[new]], vectors = np.linalg.svd(matrices)
                right[going[new]] = vectors.conj().transpose(0, 2, 1)
            if not new.all():
                gradients[~new] = frames.rows(~new).gradients(local[going[~new]])
            kept = values[going] > LOCAL.small * frames.largest[:, None]
            parts = (left[going].conj().transpose(0, 2, 1) @ gradients.astype(complex)[:, :, None])[:, :, 0]
            parts = np.where(kept, parts / np.where(kept, values[going], 1.0), 0)
            steps = (right[going] @ parts[:, :, None])[:, :, 0]
            local[going] -= steps
            sizes[going] = np.linalg.norm(steps, axis=1)
            on = sizes[going] > LOCAL.settled
            if not on.any():
                break
            going, frames = going[on], frames.rows(on)
        moved = self.points(local)
        # A factor that vanishes makes w = 0, which is no critical filter.
        smallest = np.min([np.abs(moved[:, part]).max(axis=1) for part in self.equations.stratum.slices], axis=0)
        lost = ~((np.abs(moved) < LOCAL.lost).all(axis=1) & (smallest > 1 / LOCAL.lost))
        moved[lost] = self.point[lost]
        return moved.real.astype(np.clongdouble) if real else moved

    def reduced(self, t: NDArray[Any]) -> Reduced:
        """The reduced equations at t (R, c), one place for each frame."""
        count, c, n = len(t), t.shape[1], self.size
        kernel, image = self.right[:, :, n - c :], self.left.conj().transpose(0, 2, 1)
        local = np.asarray((kernel @ t[:, :, None])[:, :, 0], np.clongdouble)
        values = np.full((count, c), np.nan, np.clongdouble)
        found, sizes = np.zeros(count, dtype=bool), np.full(count, np.inf)
        systems = np.empty((count, n, n), complex)
        systems[:, n - c :] = kernel.conj().transpose(0, 2, 1)
        going, frames = np.arange(count), self
        for _ in range(LOCAL.steps):
            gradients = np.empty((len(going), n), np.clongdouble)
            new = sizes[going] > LOCAL.reused_matrix
            if new.any():
                rows = going[new]
                gradients[new], matrices = frames.rows(new).linearized(local[rows])
                systems[rows, : n - c] = image[rows, : n - c] @ matrices
            if not new.all():
                gradients[~new] = frames.rows(~new).gradients(local[going[~new]])
            projected = (image[going] @ gradients[:, :, None])[:, :, 0]
            along = (kernel[going].conj().transpose(0, 2, 1) @ local[going][:, :, None])[:, :, 0] - t[going]
            steps = _solutions(systems[going], np.concatenate([projected[:, : n - c], along], axis=1).astype(complex))
            local[going] -= steps
            sizes[going] = np.linalg.norm(steps, axis=1)
            settled = sizes[going] <= LOCAL.settled
            if settled.any():
                rows = going[settled]
                last = frames.rows(settled).gradients(local[rows])
                projected = (image[rows] @ last[:, :, None])[:, :, 0]
                values[rows] = projected[:, n - c :] / self.largest[rows, None]
                found[rows] = True
            on = ~settled & (sizes[going] < 1)
            if not on.any():
                break
            going, frames = going[on], frames.rows(on)
        return Reduced(values, local, found)

    def vanish(self, rng: np.random.Generator) -> Vanishing:
        """Whether g vanishes at random t of size `LOCAL.radius`, up to the precision of the data, and farther away.

        Near a zero of high multiplicity g is as small as near a continuum. Farther away, where Newton's method still
        finds g, a power of |t| is not small. The frames are of one corank c > 0.
        """
        c, samples = self.corank, LOCAL.samples
        t: Complex = rng.normal(size=(len(self), samples, c)) + 1j * rng.normal(size=(len(self), samples, c))
        t /= np.linalg.norm(t, axis=2)[:, :, None]
        near, found = self._at_radius(LOCAL.radius * t)
        everywhere, sizes = found.all(axis=1), np.abs(near).max(axis=(1, 2))
        flat = np.asarray(everywhere & (sizes <= LOCAL.tie))
        isolated = np.asarray(everywhere & ~flat)
        if c > 1:
            for row in np.flatnonzero(isolated).tolist():
                isolated[row] = c == 2 and _has_no_zero_on_the_sphere(LOCAL.radius * t[row], near[row])
        found_far, rows = np.zeros(len(self), dtype=bool), np.flatnonzero(flat)
        if rows.size:
            frames = self.rows(rows)
            around = [frames._at_radius(radius * t[rows]) for radius in (LOCAL.beyond, LOCAL.far)]
            farther = [np.where(there.all(axis=1), np.abs(values).max(axis=(1, 2)), 0.0) for values, there in around]
            flat[rows] = np.all([size <= LOCAL.tie_far for size in farther], axis=0)
            found_far[rows] = around[1][1].all(axis=1)
            grown = farther[1] > LOCAL.grows * np.maximum(sizes[rows], LOCAL.rounding)
            flat[rows] &= ~(found_far[rows] & grown)
        return Vanishing(flat, found_far, isolated)

    def _at_radius(self, t: Complex) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """The reduced equations (R, m, c) at m places t (R, m, c) for each frame, and where they are found, (R, m)."""
        values, _, found = self.repeated(t.shape[1]).reduced(t.reshape(-1, t.shape[2]))
        return values.reshape(t.shape), found.reshape(t.shape[:2])

    def on_circles(self) -> list[Zeros | None]:
        """The zeros of g inside the circle |t| = `LOCAL.radius` for each frame; None if they cannot be told.

        The frames are of corank 1.
        """
        result: list[Zeros | None] = [None] * len(self)
        rows, radius = np.arange(len(self)), LOCAL.radius
        for _ in range(LOCAL.circles):
            t = radius * np.exp(2j * np.pi * np.arange(LOCAL.corners) / LOCAL.corners)
            frames = self.rows(rows)
            values, _, found = frames.repeated(len(t)).reduced(np.tile(t, len(rows))[:, None])
            around = values.reshape(len(rows), len(t))
            for place in np.flatnonzero(found.reshape(around.shape).all(axis=1)).tolist():
                result[rows[place]] = frames.row(place)._zeros(t, around[place])
            rows = rows[[result[row] is None for row in rows]]
            if not rows.size:
                break
            radius /= 4
        return result

    # One frame alone

    def dimension(self, rng: np.random.Generator) -> int:
        """The dimension of the critical set nearby, which is below the corank."""
        return next((one for one in range(self.corank - 1, 0, -1) if self.meets(one, rng)), 0)

    def meets(self, dimension: int, rng: np.random.Generator, *, real: bool = False) -> bool:
        """Whether solutions nearby satisfy as many random affine equations, whichever they are.

        The affine equations hold at a distance of `LOCAL.radius` or more. With ``real``, for real points of real data,
        whether real solutions satisfy real equations.
        """
        c, turn = self.corank, 0.0 if real else 1j
        starts = LOCAL.starts * max(1, c - dimension) ** 2
        kernel = self.right[0, :, self.size - c :]
        slices, local = [], []
        for _ in range(LOCAL.slices * starts):
            rows = np.linalg.qr(rng.normal(size=(c, dimension)) + turn * rng.normal(size=(c, dimension)))[0]
            slices.append(rows.conj().T @ kernel.conj().T)
            t = rng.normal(size=c) + turn * rng.normal(size=c)
            across = rows @ (rows.conj().T @ t)
            t = across / np.linalg.norm(across) + (t - across) / max(float(np.linalg.norm(t - across)), 1e-300)
            local.append(LOCAL.radius * t @ kernel.T)
        equations, points = np.array(slices), np.array(local, np.clongdouble)
        found = np.zeros(len(points), dtype=bool)
        for first in range(0, len(points), starts):  # mostly the first ones tell
            some = slice(first, first + starts)
            found[some] = self._solved(equations[some], points[some])
            if not found[some].any():
                return False
        return real or any(self._goes_on(equations[row], points[row]) for row in np.flatnonzero(found))

    def _goes_on(self, slice_: Complex, local: NDArray[Any]) -> bool:
        """Whether solutions of F = 0 with affine equations go on to `LOCAL.far` from a solution at `LOCAL.radius`.

        Near a zero of high multiplicity F is as small as near a continuum. Farther away it is not, and it grows
        gradually. Where it is large at once, a continuum bends, and the method has lost it.
        """
        ratio = LOCAL.far / LOCAL.radius
        if self._gauss_newton(slice_, ratio * local[None]) <= LOCAL.grown:
            return True
        ratio, at = ratio ** (1 / LOCAL.steps_on), local[None]
        for _ in range(LOCAL.steps_on):
            at = at * ratio
            residual = self._gauss_newton(slice_, at)
            if residual > LOCAL.grown:
                return residual > LOCAL.sudden
        return True

    def _gauss_newton(self, slice_: Complex, at: NDArray[Any]) -> float:
        """Move a point (1, n) towards F = 0 along its affine equations, in place; the least residual on the way."""
        level, best = slice_ @ at[0], np.inf
        for _ in range(LOCAL.slow_steps):
            gradients, matrices = self.linearized(at)
            values = np.concatenate([gradients[0] / self.largest[0], slice_ @ at[0] - level]).astype(complex)
            best = min(best, float(np.linalg.norm(values)))
            if not best > LOCAL.tie:
                break
            matrix = np.concatenate([matrices[0] / self.largest[0], slice_])
            step = np.linalg.pinv(matrix, LOCAL.truncated) @ values
            at[0] = at[0] - step * min(1.0, LOCAL.radius / max(float(np.linalg.norm(step)), 1e-300))
        return best

    def _solved(self, slices: Complex, local: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the Gauss–Newton method solves F = 0 with affine equations, near the point; one solution is enough.

        Parameters
        ----------
        slices : (R, d, n) complex array
            The coefficients of d affine equations for each of R runs.
        local : (R, n) array
            Where the runs start. The affine equations hold there.
        """
        count = len(local)
        levels = np.einsum("rdn,rn->rd", slices, local)
        solved, first, before = np.zeros(count, dtype=bool), np.full(count, np.inf), np.full(count, np.inf)
        going = np.arange(count)
        for step_number in range(LOCAL.slow_steps):
            at, equations = local[going], slices[going]
            gradients, matrices = self.repeated(len(going)).linearized(at)
            affine = np.einsum("rdn,rn->rd", equations, at) - levels[going]
            values = np.concatenate([gradients / self.largest[0], affine], axis=1).astype(complex)
            residuals = np.linalg.norm(values, axis=1)
            there = residuals <= LOCAL.tie
            solved[going[there]] = np.linalg.norm(at[there].astype(complex), axis=1) <= 2 * LOCAL.radius
            if step_number == 0:
                first = residuals
            on = np.isfinite(residuals) & ~there
            if step_number == LOCAL.judged_after:
                on &= residuals <= LOCAL.progress * first[going]
            if step_number % LOCAL.compared_after == 0:
                on &= (residuals <= LOCAL.stalled * before[going]) | (step_number < LOCAL.judged_after)
                before[going] = residuals
            if solved.any() or not on.any():
                break
            going, at, values = going[on], at[on], values[on]
            systems = np.concatenate([matrices[on] / self.largest[0], equations[on]], axis=1)
            steps = (np.linalg.pinv(systems, LOCAL.truncated) @ values[:, :, None])[:, :, 0]
            sizes = np.maximum(np.linalg.norm(steps, axis=1), 1e-300)
            local[going] = at - steps * np.minimum(1.0, LOCAL.radius / sizes)[:, None]
        return solved

    def _zeros(self, t: Complex, values: NDArray[Any]) -> Zeros | None:
        """The zeros of an analytic function inside a circle from its values on the circle, as points."""
        radius = float(np.abs(t[0]))
        if not (np.isfinite(values).all() and values.all()):
            return None
        turns = np.angle((np.roll(values, -1) / values).astype(complex))
        number = round(float(turns.sum() / (2 * np.pi)))
        if number < 0 or number > LOCAL.most_zeros or np.abs(turns).max() > LOCAL.turn:
            return None
        coefficients = _taylor(values, radius)
        scaled = coefficients[: LOCAL.corners // 2] * radius ** np.arange(LOCAL.corners // 2)
        if number == 0:
            return Zeros(0, False, [])
        roots = radius * np.roots(np.asarray(scaled[::-1], complex))
        inside = roots[np.argsort(np.abs(roots))][:number].astype(complex)
        if not (np.abs(inside) < radius).all():
            return None
        centre = inside.mean()
        shifted = np.asarray(coefficients[: LOCAL.corners // 2], complex)
        # A change of g by the precision of the data on the circle changes the k-th coefficient by no more than this.
        lower = []
        for k in range(number):
            lower.append(abs(np.polynomial.polynomial.polyval(centre, shifted)) * radius**k / factorial(k))
            shifted = shifted[1:] * np.arange(1, len(shifted))
        multiple = number > 1 and max(lower) <= LOCAL.tie
        return Zeros(number, multiple, [] if multiple else self._at(inside))

    def _at(self, zeros: Complex) -> list[NDArray[Any]]:
        """The points at zeros of g."""
        frames = self.repeated(len(zeros))
        found = frames.reduced(zeros[:, None])
        return list(frames.points(found.local)) if found.found.all() else []


def _has_no_zero_on_the_sphere(t: Complex, values: NDArray[Any]) -> bool:
    """Whether g: C² → C² has no zero of the size of the places t (m, 2), by its values (m, 2) there.

    Then g has finitely many zeros inside. Let the leading terms of g be of degree d, and ν(t) all monomials of degree d
    with the weights for which ‖ν(t)‖ = ‖t‖^d. Up to a linear map of its values g is V ν(t), with orthonormal rows V,
    and terms of higher order. These are what the leading terms leave of the values, and V ν(t) has to be larger.
    """
    values = values.astype(complex)
    for degree in LOCAL.leading_degrees:
        terms = _monomials(t, degree)
        forms, *_ = np.linalg.lstsq(terms, values)
        left, sizes, right = np.linalg.svd(forms.T, full_matrices=False)
        if sizes[1] > 0:
            rest = np.linalg.norm((values - terms @ forms) @ left.conj() / sizes, axis=1).max()
            if _least_size(right, degree) * np.linalg.norm(t[0]) ** degree > LOCAL.higher_order * rest:
                return True
    return False


def _monomials(t: Complex, degree: int) -> Complex:
    """All monomials of a degree in t (m, 2), (m, degree + 1), with weights for which their norm is a power of ‖t‖."""
    powers = np.arange(degree + 1)
    weights = np.sqrt([comb(degree, power) for power in range(degree + 1)])
    return np.asarray(weights * t[:, :1] ** powers * t[:, 1:] ** powers[::-1])


def _least_size(forms: Complex, degree: int) -> float:
    """A lower bound of ‖V ν(t)‖ on the sphere, V two orthonormal rows (2, degree + 1), from a grid and a finer one."""
    heights, turns, gap = _grid()

    def sizes(heights: Real, turns: Real) -> Real:
        units = np.stack([np.cos(heights) + 0j, np.sin(heights) * np.exp(1j * turns)], axis=1)
        return np.linalg.norm(_monomials(units, degree) @ forms.T, axis=1)

    coarse, change = sizes(heights, turns), np.sqrt(degree) * gap
    if coarse.min() > 2 * change:
        return float(coarse.min() - change)
    near = coarse <= coarse.min() + change  # elsewhere it is larger than the least one
    steps = gap * (np.arange(-7, 8) / 7)
    finer = sizes(
        (heights[near, None, None] + steps[:, None] + 0 * steps).ravel(),
        (turns[near, None, None] + steps / np.sin(heights[near])[:, None, None] + 0 * steps[:, None]).ravel(),
    )
    return float(finer.min() - change / 7)


@lru_cache(maxsize=1)
def _grid() -> tuple[Real, Real, float]:
    """Angles of vectors (cos φ, sin φ e^{iψ}) on lines of C², and how far other lines are from the nearest of these."""
    heights = np.pi / 2 * (np.arange(24) + 0.5) / 24
    turns = 2 * np.pi * np.arange(96) / 96
    return np.repeat(heights, 96), np.tile(turns, 24), float(np.hypot(np.pi / 96, np.pi / 96 / 2))


def _solutions(systems: Complex, sides: Complex) -> Complex:
    """The solutions (R, n) of R linear systems; not a number where a system is singular."""
    try:
        return np.asarray(np.linalg.solve(systems, sides[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        if len(systems) == 1:
            return np.full(sides.shape, np.nan, complex)
        return np.concatenate([_solutions(systems[row : row + 1], sides[row : row + 1]) for row in range(len(sides))])


def _taylor(values: NDArray[Any], radius: float) -> NDArray[Any]:
    """Taylor coefficients from values at equally spaced points of a circle, in extended precision."""
    count = len(values)
    return np.asarray(_turns(count) @ values / count / np.longdouble(radius) ** np.arange(count))


@lru_cache(maxsize=4)
def _turns(count: int) -> NDArray[Any]:
    """The matrix of the discrete Fourier transform, in extended precision."""
    pi = 4 * np.arctan(np.longdouble(1))
    return np.asarray(np.exp(-2j * pi * (np.outer(np.arange(count), np.arange(count)) % count) / count))
