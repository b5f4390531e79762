"""What the critical set looks like near a point that Newton's method cannot settle: isolated, several, or a continuum.

The method of Lyapunov and Schmidt (Golubitsky, Schaeffer, *Singularities and Groups in Bifurcation Theory* I (1985),
chapter I.3). At a point with a Newton matrix H of corank c, all but c of the equations F = 0 determine the point as a
function of its c coordinates t along the kernel of H. The other c equations become g(t) = 0. Where g vanishes
identically, the critical set is a manifold of dimension c. Where c = 1 and g does not vanish, the zeros of g near
t = 0 are the critical points nearby; their number is known from the values of g on a circle, and so are they. Where c
is larger, the dimension is the largest number of random affine equations that solutions of F = 0 nearby still satisfy.

Gradients are evaluated in extended precision. The data are known to about the precision of a double, and equations that
hold up to this are taken to hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations
from ..equations.scaling import symmetric_scale
from ..tracking.compiled_gradients import extended_half_gradient
from ..tracking.multiprecision import converge
from .tolerances import LOCAL

__all__ = ["Frame", "LocalStructure", "local_dimension", "local_structure", "onto_critical_set", "real_dimension"]


@dataclass(frozen=True, eq=False)
class LocalStructure:
    """The critical set near a point.

    Attributes
    ----------
    point : (coordinates,) complex array
        The point moved onto the critical set, where there is one nearby.
    residual : float
        The gradient there, relative to the size of the Newton matrix.
    corank : int
        Corank of the Newton matrix there.
    dimension : int or None
        Local dimension of the critical set; None where the point is not near a critical point, or where the solutions
        nearby could not be told apart.
    solutions : tuple of (coordinates,) extended-precision complex arrays
        Nonsingular critical points nearby, if these are all critical points nearby.
    multiplicity : int or None
        How many critical points of nearby data come together at an isolated singular point; None if it is unknown.
    """

    point: Complex
    residual: float
    corank: int
    dimension: int | None
    solutions: tuple[NDArray[Any], ...] = ()
    multiplicity: int | None = None

    @property
    def singular(self) -> bool:
        """Whether the point is one critical point, or one of a continuum, with a singular Newton matrix."""
        return self.dimension is not None and not self.solutions


def local_structure(equations: Equations, point: Complex, data: Data, rng: np.random.Generator) -> LocalStructure:
    """Tell what the critical set looks like near a point.

    Parameters
    ----------
    equations : Equations
    point : (coordinates,) complex array
        The limit of a path, accurate to six digits or so.
    data : Data
        Of order one.
    rng : numpy.random.Generator
    """
    frame = Frame.at(equations, point, data)
    moved = frame.onto_critical_set(real=False)
    frame = frame.moved_to(moved.astype(complex), data)
    residual = frame.residual()
    corank = frame.corank
    found = LocalStructure(frame.point, residual, corank, None)
    if corank == 0:
        there = converge(equations, moved, data)
        return found if there is None else LocalStructure(frame.point, 0.0, 0, 0, (there.point,), 1)
    if residual <= LOCAL.tie and (frame.vanishes(rng) or (corank == 1 and _is_on_curve(frame, data, rng))):
        return LocalStructure(frame.point, residual, corank, corank)
    if corank == 1:
        return _cluster(frame, found, data)
    if not residual <= LOCAL.tie:
        return found
    return LocalStructure(frame.point, residual, corank, frame.dimension(rng))


def local_dimension(equations: Equations, point: Complex, data: Data, rng: np.random.Generator) -> int:
    """The dimension of the critical set at a critical point, 0 if the point is isolated; see `local_structure`."""
    frame = Frame.at(equations, point, data)
    if frame.corank == 0:
        return 0
    frame = frame.moved_to(frame.onto_critical_set(real=False).astype(complex), data)
    if frame.corank == 0:
        return 0
    if frame.vanishes(rng) or (frame.corank == 1 and _is_on_curve(frame, data, rng)):
        return frame.corank
    return frame.dimension(rng)


def real_dimension(
    equations: Equations, point: Complex, data: Data, dimension: int, rng: np.random.Generator
) -> int | None:
    """The dimension of the real critical set at a real point, where that of the complex one is known.

    None if the kernel of the Newton matrix is not told in real numbers.
    """
    frame = Frame.at(equations, point, data)
    if frame.corank == dimension:
        return dimension
    kernel = frame.right[:, frame.size - frame.corank :]
    if frame.corank < dimension or np.abs(kernel.imag).max(initial=0.0) > LOCAL.settled:
        return None
    return next((one for one in range(dimension, 0, -1) if frame.meets(one, rng, real=True)), 0)


def onto_critical_set(equations: Equations, point: Complex, data: Data) -> tuple[Complex, float]:
    """The real point next to a real point of a continuum, for real data, and the relative gradient there."""
    frame = Frame.at(equations, point, data)
    moved = frame.onto_critical_set(real=True).real.astype(complex)
    return moved, Frame.at(equations, moved, data).residual()


def _cluster(frame: Frame, found: LocalStructure, data: Data) -> LocalStructure:
    """The zeros of g near t = 0, where c = 1: one multiple zero, or several zeros, each refined in many digits."""
    circle = frame.on_circle()
    if circle is None:
        return found
    zeros, multiple = circle
    if multiple:
        return LocalStructure(found.point, found.residual, 1, 0, (), len(zeros))
    solutions: list[NDArray[Any]] = []
    for start in zeros:
        there = converge(frame.equations, start, data)
        if there is None or there.distance > LOCAL.radius:
            return found
        if all(np.linalg.norm((there.point - other).astype(complex)) > LOCAL.apart for other in solutions):
            solutions.append(there.point)
    if len(solutions) != len(zeros) or not solutions:
        return found
    return LocalStructure(found.point, found.residual, 1, 0, tuple(solutions), len(zeros))


def _is_on_curve(frame: Frame, data: Data, rng: np.random.Generator) -> bool:
    """Whether g, where c = 1, vanishes along a curve from the point as far as `LOCAL.far`, followed in short steps.

    Where the curve bends sharply, Newton's method does not reach `LOCAL.radius`, or it reaches another set of points at
    `LOCAL.far`, so that `Frame.vanishes` cannot tell.
    """
    turn = complex(np.exp(2j * np.pi * rng.random()))
    near = frame.reduced(np.array([[LOCAL.radius * turn]]))
    if near is not None and np.abs(near[0]).max() > LOCAL.tie:
        return False
    here, step = frame, LOCAL.radius * LOCAL.shorter
    for _ in range(LOCAL.most_short_steps):
        found = here.reduced(np.array([[step * turn]]))
        if found is None:
            step *= LOCAL.shorter
            continue
        if np.abs(found[0]).max() > LOCAL.tie:
            return False
        moved = here.points(found[1])[0].astype(complex)
        if not np.linalg.norm(moved - frame.point) < LOCAL.far:
            return True
        there = Frame.at(here.equations, moved, data)
        if there.corank == 0:
            return False
        # The kernel of the new frame has a phase of its own; go on in the direction that the curve has taken.
        onward = there.directions.conj() @ (moved - here.point)
        turn = complex(np.vdot(there.right[:, -1], onward / np.linalg.norm(there.directions, axis=1) ** 2))
        here, turn = there, turn / (abs(turn) or 1.0)
    return False


class _Zeros(NamedTuple):
    """Zeros of the reduced equation, as points, and whether they are one multiple zero up to rounding."""

    points: list[NDArray[Any]]
    multiple: bool


@dataclass(frozen=True, eq=False)
class Frame:
    """Local coordinates y at a point, and the singular vectors of the Newton matrix there.

    The coordinates are scaled by `symmetric_scale`, so that the loss sees all of them about equally: at a large filter
    with a small image under Σ, a change of its size counts as much as a change of its direction. ``largest`` is the
    norm of the Newton matrix, or that of JᴴΣJ where both terms of the Newton matrix are small.
    """

    equations: Equations
    data: tuple[NDArray[Any], NDArray[Any]]
    point: Complex
    directions: Complex
    left: Complex
    values: Real
    right: Complex
    largest: float

    @classmethod
    def at(cls, equations: Equations, point: Complex, data: Data) -> Frame:
        """The frame at a point, which is scaled to factors of norm one."""
        point = equations.normalize(point[None])
        bases, unit = equations.patches(point), np.eye(equations.stratum.dimension, dtype=complex)
        directions = equations.displacement(np.repeat(point, len(unit), axis=0), bases, unit)
        evaluation = equations.evaluate_at(point, data)
        if evaluation.hessian is None:
            raise RuntimeError("the equations were evaluated without their Hessian")
        curvatures = equations.loss_curvatures(evaluation, equations.transform(data))
        scale = symmetric_scale(evaluation.hessian, curvatures)[0]
        scale = scale / scale.max()
        directions = scale[:, None] * directions
        left, values, right = np.linalg.svd(scale[:, None] * evaluation.hessian[0] * scale)
        extended = (np.asarray(data.gram, np.clongdouble), np.asarray(data.b, np.clongdouble))
        largest = max(float(values[0]), float((scale**2 * curvatures[0]).max())) or 1.0
        return cls(equations, extended, point[0], directions, left, values, right.conj().T, largest)

    def moved_to(self, point: Complex, data: Data) -> Frame:
        """The frame at a point nearby."""
        if np.linalg.norm(point - self.point) <= LOCAL.near_frame:
            return replace(self, point=point)
        return Frame.at(self.equations, point, data)

    @property
    def size(self) -> int:
        """Number of local coordinates."""
        return len(self.values)

    @property
    def corank(self) -> int:
        """Number of singular values that are small."""
        return int((self.values <= LOCAL.small * self.largest).sum())

    def points(self, local: NDArray[Any]) -> NDArray[Any]:
        """Local coordinates (P, n) as points (P, coordinates) in extended precision."""
        return self.point.astype(np.clongdouble) + np.asarray(local, np.clongdouble) @ self.directions

    def gradients(self, local: NDArray[Any]) -> NDArray[Any]:
        """Half the gradient in local coordinates (P, n), in extended precision."""
        return extended_half_gradient(self.equations.stratum, self.points(local), *self.data) @ self.directions.T

    def residual(self) -> float:
        """The gradient at the point, relative to the norm of the Newton matrix."""
        return float(np.linalg.norm(self.gradients(np.zeros((1, self.size)))[0].astype(complex)) / self.largest)

    def linearized(self, local: NDArray[Any]) -> tuple[NDArray[Any], Complex]:
        """Half the gradient (P, n) at P points, and its derivatives (P, n, n) by differences in extended precision."""
        count, n = local.shape
        points = self.points(local)
        around = np.empty((count, n + 1, points.shape[1]), np.clongdouble)
        around[:, 0] = points
        around[:, 1:] = points[:, None, :] + LOCAL.increment * self.directions
        stratum, flat = self.equations.stratum, around.reshape(count * (n + 1), -1)
        moved = (extended_half_gradient(stratum, flat, *self.data) @ self.directions.T).reshape(count, n + 1, n)
        gradients = moved[:, 0]
        differences = (moved[:, 1:] - gradients[:, None, :]) / LOCAL.increment
        return gradients, np.asarray(differences.transpose(0, 2, 1), complex)

    def onto_critical_set(self, real: bool) -> NDArray[Any]:
        """The point moved onto the critical set by Gauss–Newton steps, along the large singular values alone."""
        local = np.zeros((1, self.size), np.clongdouble)
        size = np.inf
        for _ in range(LOCAL.steps):
            if size > LOCAL.reused_matrix:
                gradient, matrices = self.linearized(local)
                left, values, right = np.linalg.svd(matrices[0])
            else:
                gradient = self.gradients(local)
            kept = values > LOCAL.small * self.largest
            step = right.conj().T[:, kept] @ ((left.conj().T @ gradient[0].astype(complex))[kept] / values[kept])
            local = local - step
            size = float(np.linalg.norm(step))
            if size <= LOCAL.settled:
                break
        moved = self.points(local)[0]
        if not np.isfinite(moved).all():
            return self.point.astype(np.clongdouble)
        return moved.real.astype(np.clongdouble) if real else moved

    def reduced(self, t: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """The values g (P, c) of the reduced equations at t (P, c), and the local coordinates (P, n) there."""
        c = t.shape[1]
        kernel, image = self.right[:, self.size - c :], self.left.conj().T
        local = np.asarray(t @ kernel.T, np.clongdouble)
        size = np.inf
        for _ in range(LOCAL.steps):
            if size > LOCAL.reused_matrix:
                gradients, matrix = self.linearized(local)
                along = np.broadcast_to(kernel.conj().T, (len(t), c, self.size))
                system = np.concatenate([image[None, : self.size - c] @ matrix, along], axis=1)
            else:
                gradients = self.gradients(local)
            wanted = np.concatenate(
                [(gradients @ image.T)[:, : self.size - c], local @ kernel.conj() - t], axis=1
            ).astype(complex)
            try:
                step = np.linalg.solve(system, wanted[:, :, None])[:, :, 0]
            except np.linalg.LinAlgError:
                return None
            local = local - step
            size = float(np.linalg.norm(step, axis=1).max())
            if size <= LOCAL.settled:
                return (self.gradients(local) @ image.T)[:, self.size - c :] / self.largest, local
            if not size < 1:
                return None
        return None

    def vanishes(self, rng: np.random.Generator) -> bool:
        """Whether g vanishes at random t of size `LOCAL.radius`, up to the precision of the data, and farther away.

        Near a zero of high multiplicity g is as small as near a continuum. Farther away, where Newton's method still
        finds g, a power of |t| is not small.
        """
        c = self.corank
        t = rng.normal(size=(LOCAL.samples, c)) + 1j * rng.normal(size=(LOCAL.samples, c))
        t /= np.linalg.norm(t, axis=1)[:, None]
        both = self.reduced(np.concatenate([LOCAL.radius * t, LOCAL.far * t]))
        if both is None:  # Newton's method does not find g at one of them
            near, far = self.reduced(LOCAL.radius * t), self.reduced(LOCAL.far * t)
            values = [None if part is None else part[0] for part in (near, far)]
        else:
            values = [both[0][: LOCAL.samples], both[0][LOCAL.samples :]]
        if values[0] is None or not np.abs(values[0]).max(initial=0.0) <= LOCAL.tie:
            return False
        return values[1] is None or bool(np.abs(values[1]).max(initial=0.0) <= LOCAL.tie_far)

    def dimension(self, rng: np.random.Generator) -> int:
        """The dimension of the critical set nearby, which is below the corank."""
        return next((one for one in range(self.corank - 1, 0, -1) if self.meets(one, rng)), 0)

    def meets(self, dimension: int, rng: np.random.Generator, *, real: bool = False) -> bool:
        """Whether solutions nearby satisfy as many random affine equations, whichever they are.

        The affine equations hold at a distance of `LOCAL.radius` or more. With ``real``, for real points of real data,
        whether real solutions satisfy real equations.
        """
        c, turn = self.corank, 0.0 if real else 1j
        kernel = self.right[:, self.size - c :]
        slices, local = [], []
        for _ in range(LOCAL.slices):
            for _ in range(LOCAL.starts):
                rows = np.linalg.qr(rng.normal(size=(c, dimension)) + turn * rng.normal(size=(c, dimension)))[0]
                slices.append(rows.conj().T @ kernel.conj().T)
                t = rng.normal(size=c) + turn * rng.normal(size=c)
                across = rows @ (rows.conj().T @ t)
                t = across / np.linalg.norm(across) + (t - across) / max(float(np.linalg.norm(t - across)), 1e-300)
                local.append(LOCAL.radius * t @ kernel.T)
        equations, points = np.array(slices), np.array(local, np.clongdouble)
        found = self._solved(equations, points, LOCAL.starts)
        if not found.reshape(LOCAL.slices, LOCAL.starts).any(axis=1).all():
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
            values = np.concatenate([gradients[0] / self.largest, slice_ @ at[0] - level]).astype(complex)
            best = min(best, float(np.linalg.norm(values)))
            if not best > LOCAL.tie:
                break
            matrix = np.concatenate([matrices[0] / self.largest, slice_])
            step = np.linalg.pinv(matrix, LOCAL.truncated) @ values
            at[0] = at[0] - step * min(1.0, LOCAL.radius / max(float(np.linalg.norm(step)), 1e-300))
        return best

    def _solved(self, slices: Complex, local: NDArray[Any], together: int) -> NDArray[np.bool_]:
        """Whether the Gauss–Newton method solves F = 0 with affine equations, near the point.

        Parameters
        ----------
        slices : (R, d, n) complex array
            The coefficients of d affine equations for each of R runs.
        local : (R, n) array
            Where the runs start. The affine equations hold there.
        together : int
            Runs that follow each other, of which one has to be solved.
        """
        count = len(local)
        levels = np.einsum("rdn,rn->rd", slices, local)
        solved, first = np.zeros(count, dtype=bool), np.full(count, np.inf)
        going = np.arange(count)
        for step_number in range(LOCAL.slow_steps):
            at, equations = local[going], slices[going]
            gradients, matrices = self.linearized(at)
            affine = np.einsum("rdn,rn->rd", equations, at) - levels[going]
            values = np.concatenate([gradients / self.largest, affine], axis=1).astype(complex)
            residuals = np.linalg.norm(values, axis=1)
            there = residuals <= LOCAL.tie
            solved[going[there]] = np.linalg.norm(at[there].astype(complex), axis=1) <= 2 * LOCAL.radius
            if step_number == 0:
                first = residuals
            on = np.isfinite(residuals) & ~there
            on &= ~np.repeat(solved.reshape(-1, together).any(axis=1), together)[going]
            if step_number == LOCAL.judged_after:
                on &= residuals <= LOCAL.progress * first[going]
            ended = np.ones(count, dtype=bool)
            ended[going[on]] = False
            if (ended & ~solved).reshape(-1, together).all(axis=1).any() or not on.any():
                break  # one of the sets of equations has no solution, or all of them have one
            going, at, values = going[on], at[on], values[on]
            systems = np.concatenate([matrices[on] / self.largest, equations[on]], axis=1)
            steps = (np.linalg.pinv(systems, LOCAL.truncated) @ values[:, :, None])[:, :, 0]
            sizes = np.maximum(np.linalg.norm(steps, axis=1), 1e-300)
            local[going] = at - steps * np.minimum(1.0, LOCAL.radius / sizes)[:, None]
        return solved

    def on_circle(self) -> _Zeros | None:
        """The zeros of g inside the circle |t| = `LOCAL.radius`, where c = 1; None if they cannot be told."""
        radius = LOCAL.radius
        for _ in range(LOCAL.circles):
            t = radius * np.exp(2j * np.pi * np.arange(LOCAL.corners) / LOCAL.corners)
            found = self.reduced(t[:, None])
            if found is not None:
                zeros = self._zeros(t, found[0][:, 0])
                if zeros is not None:
                    return zeros
            radius /= 4
        return None

    def _zeros(self, t: Complex, values: NDArray[Any]) -> _Zeros | None:
        """The zeros of an analytic function inside a circle from its values on the circle, as points."""
        radius = float(np.abs(t[0]))
        turns = np.angle((np.roll(values, -1) / values).astype(complex))
        number = round(float(turns.sum() / (2 * np.pi)))
        if number < 0 or number > LOCAL.most_zeros or np.abs(turns).max() > LOCAL.turn:
            return None
        coefficients = _taylor(values, radius)
        scaled = coefficients[: LOCAL.corners // 2] * radius ** np.arange(LOCAL.corners // 2)
        if number == 0:
            return _Zeros([], False)
        roots = radius * np.roots(np.asarray(scaled[::-1], complex))
        inside = roots[np.argsort(np.abs(roots))][:number].astype(complex)
        if not (np.abs(inside) < radius).all():
            return None
        centre = inside.mean()
        about = np.polynomial.polynomial.Polynomial(np.asarray(coefficients[: LOCAL.corners // 2], complex))
        # A change of g by the precision of the data on the circle changes the k-th coefficient by no more than this.
        lower = [abs(about.deriv(k)(centre) if k else about(centre)) * radius**k / factorial(k) for k in range(number)]
        multiple = number > 1 and max(lower) <= LOCAL.tie
        return _Zeros(self._at(inside), multiple)

    def _at(self, zeros: Complex) -> list[NDArray[Any]]:
        """The points at zeros of g."""
        found = self.reduced(zeros[:, None])
        return [] if found is None else list(self.points(found[1]))


def _taylor(values: NDArray[Any], radius: float) -> NDArray[Any]:
    """Taylor coefficients from values at equally spaced points of a circle, in extended precision."""
    count = len(values)
    pi = 4 * np.arctan(np.longdouble(1))
    turns = np.exp(-2j * pi * (np.outer(np.arange(count), np.arange(count)) % count) / count)
    return np.asarray(turns @ values / count / np.longdouble(radius) ** np.arange(count))
