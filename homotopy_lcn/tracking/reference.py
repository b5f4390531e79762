"""The reference engine: path tracking in NumPy, vectorised over paths.

All paths of a batch advance together, each with its own step. A step from s to s − h:

1. Predict by the cubic through the last two points and tangents (Euler's tangent for the first step).
2. Evaluate H and F there, factorise, take a Newton step, and a chord step with the same factors. Their ratio Θ accepts
   or rejects the step and sets the length of the next one.
3. Evaluate H and F at the corrected point and factorise again: one more Newton step makes the point exact to rounding,
   and the same factors give the tangent there.

Then the patch moves: every factor is scaled to norm one, and its affine patch laid through it (tracker options and
evidence: Timme 2021; for moving patches, Bates, Hauenstein, Sommese, Wampler 2013, section 3.7).
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import DataAtRoots, Equations, Evaluation, equations_of
from ..networks.strata import Stratum
from .engine import Homotopy, TrackResult
from .options import ReturnCode, TrackerOptions
from .tolerances import REFERENCE

__all__ = ["ReferenceEngine"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


class ReferenceEngine:
    """The engine in NumPy: readable, the oracle of the other engines, and available everywhere.

    Parameters
    ----------
    extended : bool
        Whether to compute with NumPy's ``clongdouble`` (64 bits of mantissa on x86-64) instead of ``complex128``: some
        ten times slower, for ill-conditioned data. Only the inverses of Newton matrices stay in double precision.
    """

    name = "reference"

    def __init__(self, extended: bool = False) -> None:
        self.extended = extended

    def track(
        self,
        stratum: Stratum,
        points: Complex,
        homotopy: Homotopy,
        options: TrackerOptions,
        *,
        jobs: int = 1,
        report: Callable[[int], None] | None = None,
    ) -> TrackResult:
        """Track the critical points ``points`` (P, coordinates) of the start data to the target data."""
        equations = equations_of(stratum, self.extended)
        start, target = equations.transform(homotopy.start), equations.transform(homotopy.target)
        size = REFERENCE.batch
        batches = [points[i : i + size] for i in range(0, max(len(points), 1), size)]
        results: list[TrackResult] = []
        from concurrent.futures import ThreadPoolExecutor, wait

        with ThreadPoolExecutor(max_workers=max(1, min(jobs, len(batches), os.cpu_count() or 1))) as pool:
            cancelled = _Flag()
            futures = [pool.submit(_Batch(equations, start, target, options, cancelled).run, b) for b in batches]
            try:
                for future in futures:
                    while report is not None and not wait([future], timeout=REFERENCE.told_after).done:
                        report(sum(len(result) for result in results))
                    results.append(future.result())
                    if report is not None:
                        report(sum(len(result) for result in results))
            except BaseException:
                cancelled.set()
                for future in futures:
                    future.cancel()
                raise
        points = np.concatenate([result.points for result in results]).astype(complex)
        return TrackResult(
            points,
            *(
                np.concatenate([getattr(result, name) for result in results])
                for name in ("codes", "errors", "conditions", "steps", "distances")
            ),
        )


class _Flag:
    def __init__(self) -> None:
        self.value = False

    def set(self) -> None:
        self.value = True


class _Batch:
    """Tracks one batch of paths; ``start`` and ``target`` are transformed data."""

    def __init__(
        self, equations: Equations, start: DataAtRoots, target: DataAtRoots, options: TrackerOptions, cancelled: _Flag
    ) -> None:
        self.equations = equations
        self.start = start
        self.target = target
        self.options = options
        self.cancelled = cancelled
        self.rounding = float(np.finfo(equations.dtype).eps)
        self.gram_norms = tuple(float(np.linalg.norm(np.asarray(d.gram, complex), 2)) for d in (start, target))
        self.b_norms = float(np.linalg.norm(start.b)), float(np.linalg.norm(target.b))

    def run(self, points: Complex) -> TrackResult:
        with np.errstate(all="ignore"):  # overflow and NaN are seen as rejected steps
            return self._run(points)

    def _run(self, points: Complex) -> TrackResult:
        options = self.options
        count = len(points)
        result = TrackResult(
            points=self.equations.normalize(np.asarray(points, self.equations.dtype)),
            codes=np.full(count, ReturnCode.TOO_MANY_STEPS, dtype=np.int64),
            errors=np.full(count, np.inf),
            conditions=np.full(count, np.inf),
            steps=np.zeros(count, dtype=np.int64),
            distances=np.ones(count),
        )
        if count == 0:
            return result

        # The state of the paths still under way; ``path`` holds their rows.
        path = np.arange(count)
        x = result.points.copy()
        s = np.ones(count)
        h = np.full(count, min(options.first_step, 1.0))
        bases = self.equations.patches(x)
        x, tangent, growth, error, condition, _ = self._settle(x, bases, s)
        x, (tangent,) = self._recentre(x, [(x, tangent)])
        previous: tuple[Complex, Complex, Real] | None = None

        while len(path):
            if self.cancelled.value:
                raise KeyboardInterrupt
            bases = self.equations.patches(x)
            s_new = np.maximum(s - h, 0.0)
            s_new = np.where(s_new < REFERENCE.last_step * h, 0.0, s_new)
            guess = _predict(x, tangent, s, s_new, previous)
            corrected, contraction, movement, noise = self._correct(guess, bases, s_new)
            accepted = (
                np.isfinite(contraction)
                & ((contraction <= options.contraction_limit) | noise)
                & (movement <= options.movement_limit)
            )
            y, y_tangent, y_growth, y_error, y_condition, settled = self._settle(corrected, bases, s_new)
            accepted &= settled

            result.steps[path] += 1
            h = self._next_step(s - s_new, contraction, accepted, accepted & noise)

            # Move the patch of the accepted paths to the new point, and carry the last point and tangent along.
            keep = accepted[:, None]
            y_new, (last, last_tangent, y_tangent) = self._recentre_all(y, x, tangent, y_tangent)
            if previous is None:
                previous = (x, tangent, np.full(len(path), np.nan))
            previous = (
                np.where(keep, last, previous[0]),
                np.where(keep, last_tangent, previous[1]),
                np.where(accepted, s, previous[2]),
            )
            x = np.where(keep, y_new, x)
            tangent = np.where(keep, y_tangent, tangent)
            growth = np.where(accepted, y_growth, growth)
            error = np.where(accepted, y_error, error)
            condition = np.where(accepted, y_condition, condition)
            s = np.where(accepted, s_new, s)

            done = s == 0
            stuck = ~done & (h < options.smallest_step * s)
            over = ~done & (result.steps[path] >= options.max_steps)
            ended = done | stuck | over
            if ended.any():
                near = s < options.endgame_distance
                away = np.where(growth > options.divergence_exponent, ReturnCode.DIVERGED, ReturnCode.SINGULAR)
                codes = np.where(over, ReturnCode.TOO_MANY_STEPS, ReturnCode.STEP_TOO_SMALL)
                codes = np.where((stuck | over) & near, away, codes)
                finished = path[ended]
                if done.any():
                    x[done], error[done], condition[done], arrived = self._refine(x[done])
                    codes[done] = np.where(arrived, ReturnCode.SUCCESS, ReturnCode.SINGULAR)
                result.points[finished] = x[ended]
                result.codes[finished] = codes[ended]
                result.errors[finished] = error[ended]
                result.conditions[finished] = condition[ended]
                result.distances[finished] = s[ended]
                going = ~ended
                path, x, tangent, s, h = path[going], x[going], tangent[going], s[going], h[going]
                growth, error, condition = growth[going], error[going], condition[going]
                previous = (previous[0][going], previous[1][going], previous[2][going])
        return result

    def _correct(self, points: Complex, bases: list[Complex], s: Real) -> tuple[Complex, Real, Real, NDArray[np.bool_]]:
        """A Newton and a chord step: new points, contraction, size of the Newton step, whether the chord is noise."""
        equations = self.equations
        directions = equations.patch_values(bases)
        evaluation = equations.evaluate(points, directions, self.start, self.target, s)
        assert evaluation.hessian is not None
        inverse = _inverse(evaluation.hessian)
        newton = -_apply(inverse, evaluation.gradient)
        corrected = equations.move(points, bases, newton)
        second = equations.evaluate(corrected, directions, self.start, self.target, s, hessian=False)
        chord = -_apply(inverse, second.gradient)
        corrected = equations.move(corrected, bases, chord)
        movement, remainder = np.linalg.norm(newton, axis=1), np.linalg.norm(chord, axis=1)
        noise = remainder <= self._rounding(evaluation, inverse, s)
        return corrected, remainder / np.maximum(movement, 1e-300), movement, noise

    def _settle(
        self, points: Complex, bases: list[Complex], s: Real
    ) -> tuple[Complex, Complex, Real, Real, Real, NDArray[np.bool_]]:
        """A last Newton step and the tangent: points, ∂x/∂s, growth exponent, error, condition, whether it settled."""
        equations = self.equations
        evaluation = equations.evaluate(points, equations.patch_values(bases), self.start, self.target, s)
        assert evaluation.hessian is not None
        inverse = _inverse(evaluation.hessian)
        newton = -_apply(inverse, evaluation.gradient)
        rate = -_apply(inverse, equations.rate(evaluation, self.start, self.target))
        error = np.linalg.norm(newton, axis=1)
        rounding = self._rounding(evaluation, inverse, s)
        settled = error <= np.maximum(REFERENCE.settled_step, REFERENCE.settled_roundings * rounding)
        settled &= rounding < REFERENCE.rounding_limit
        scale = np.sqrt(np.abs(np.einsum("pii->pi", evaluation.hessian)))
        scale = np.where(scale > 0, scale, 1.0)
        condition = np.linalg.norm(evaluation.hessian / scale[:, :, None] / scale[:, None, :], axis=(1, 2))
        condition *= np.linalg.norm(inverse * scale[:, :, None] * scale[:, None, :], axis=(1, 2))
        # With |w| ~ s^(−p), its relative variation is −p ds/s.
        growth = -np.real(rate[:, 0]) * s
        tangent = equations.displacement(points, bases, rate)
        return equations.move(points, bases, newton), tangent, growth, error, condition, settled

    def _next_step(self, h: Real, contraction: Real, accepted: NDArray[np.bool_], exact: NDArray[np.bool_]) -> Real:
        """The next step, from the contraction of the step h."""
        options = self.options
        factor = (
            options.contraction_target / np.maximum(contraction, REFERENCE.least_contraction)
        ) ** options.control_gain
        factor = np.where(np.isfinite(contraction), factor, options.shrink)
        factor = np.where(exact, options.growth, factor)
        return h * np.clip(factor, options.shrink, np.where(accepted, options.growth, REFERENCE.after_rejection))

    def _refine(self, points: Complex) -> tuple[Complex, Real, Real, NDArray[np.bool_]]:
        """Newton's method at the target until rounding: points, last step, condition, whether it converged."""
        zeros = np.zeros(len(points))
        best = np.full(len(points), np.inf)
        for _ in range(REFERENCE.refinement_steps):
            bases = self.equations.patches(points)
            moved, _, _, error, condition, settled = self._settle(points, bases, zeros)
            better = error < best
            points = self.equations.normalize(np.where(better[:, None], moved, points))
            if not (error < REFERENCE.refinement_gain * best).any():
                break
            best = np.minimum(best, error)
        return points, best, condition, settled & (best < REFERENCE.arrived)

    def _rounding(self, evaluation: Evaluation, inverse: Complex, s: Real) -> Real:
        """Size of the Newton step that rounding errors in F alone would cause."""
        gram = s * self.gram_norms[0] + (1 - s) * self.gram_norms[1]
        b = s * self.b_norms[0] + (1 - s) * self.b_norms[1]
        residual = gram * np.linalg.norm(evaluation.filter, axis=1) + b
        defect = self.rounding * np.linalg.norm(evaluation.jacobian, axis=(1, 2)) * residual
        return defect * np.linalg.norm(inverse, axis=(1, 2))

    def _recentre(self, x: Complex, vectors: list[tuple[Complex, Complex]]) -> tuple[Complex, list[Complex]]:
        """Scale the factors of x to norm one, and move tangents at points of the old patch to the new one."""
        centre = self.equations.normalize(x)
        return centre, [self._to_patch(centre, point, tangent)[1] for point, tangent in vectors]

    def _recentre_all(
        self, y: Complex, x: Complex, tangent: Complex, y_tangent: Complex
    ) -> tuple[Complex, tuple[Complex, Complex, Complex]]:
        centre, (moved,) = self._recentre(y, [(y, y_tangent)])
        last, last_tangent = self._to_patch(centre, x, tangent)
        return centre, (last, last_tangent, moved)

    def _to_patch(self, centre: Complex, point: Complex, tangent: Complex) -> tuple[Complex, Complex]:
        """A point and its tangent in the patch at ``centre``, the factors Q_f of which have norm one: Q_fᴴ Q = 1.

        If there is a free factor, it absorbs the scaling of the other factors, and the scalar is the one of ``centre``.
        """
        free = self.equations.free
        new_point, new_tangent = point.copy(), tangent.copy()
        stretch = np.ones(len(point), point.dtype)
        rate = np.zeros(len(point), point.dtype)  # logarithmic derivative of the stretch
        for f, (factor, part) in enumerate(
            zip(self.equations.stratum.factors, self.equations.stratum.slices, strict=True)
        ):
            if f == free:
                continue
            u = centre[:, part].conj()
            a = (u * point[:, part]).sum(axis=1)
            da = (u * tangent[:, part]).sum(axis=1)
            new_point[:, part] = point[:, part] / a[:, None]
            new_tangent[:, part] = (tangent[:, part] - new_point[:, part] * da[:, None]) / a[:, None]
            stretch *= a**factor.power
            rate += factor.power * da / a
        scaled = slice(0, 1)
        if free is not None:
            scaled = self.equations.stratum.slices[free]
            stretch *= point[:, 0] / centre[:, 0]
            rate += tangent[:, 0] / point[:, 0]
            new_point[:, 0], new_tangent[:, 0] = centre[:, 0], 0.0
        new_point[:, scaled] = point[:, scaled] * stretch[:, None]
        new_tangent[:, scaled] = stretch[:, None] * (tangent[:, scaled] + point[:, scaled] * rate[:, None])
        return new_point, new_tangent


def _predict(
    x: Complex, tangent: Complex, s: Real, s_new: Real, previous: tuple[Complex, Complex, Real] | None
) -> Complex:
    """Cubic Hermite extrapolation; along the tangent where there is no previous point."""
    step = (s_new - s)[:, None]
    euler = x + step * tangent
    if previous is None:
        return euler
    last, last_tangent, last_s = previous
    width = (s - last_s)[:, None]
    theta = 1 + step / width
    h00 = (1 + 2 * theta) * (1 - theta) ** 2
    h10 = theta * (1 - theta) ** 2 * width
    h01 = theta**2 * (3 - 2 * theta)
    h11 = theta**2 * (theta - 1) * width
    cubic = h00 * last + h10 * last_tangent + h01 * x + h11 * tangent
    return np.where(np.isfinite(width), cubic, euler)


def _apply(inverse: Complex, vectors: Complex) -> Complex:
    return (inverse @ vectors[:, :, None])[:, :, 0]


def _inverse(matrices: Complex) -> Complex:
    """Inverses; NaN where singular. In extended precision one step of Newton's method makes them as accurate."""
    if matrices.dtype == np.clongdouble:
        rough = _inverse(matrices.astype(complex))
        exact: Complex = rough + rough @ (np.eye(matrices.shape[1]) - matrices @ rough)
        return exact
    try:
        return np.asarray(np.linalg.inv(matrices), complex)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
    return np.concatenate([_inverse(matrix[None]) for matrix in matrices])
