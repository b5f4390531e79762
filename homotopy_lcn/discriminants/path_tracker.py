"""Paths of a square system z(τ), τ from 0 to 1, each with its own step, in compiled code or all at once in NumPy.

Cubic prediction through the last two points and tangents, two steps of Newton's method, and step control by the size of
the first of them, as in `homotopy_lcn.tracking.reference`; here the patches stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from .extended_system import System
from .tolerances import WALLS

__all__ = ["Ends", "PathOptions", "newton", "reference_newton", "reference_paths", "track_paths"]


@dataclass(frozen=True)
class PathOptions:
    """How carefully paths are followed.

    Attributes
    ----------
    movement : float
        Largest Newton step after a prediction, relative to the point.
    contraction : float
        Largest ratio of the second Newton step to the first one.
    max_steps : int
        Steps after which a path is given up.
    largest : float
        Length of the local coordinates at which a path stops.
    smallest_step : float
        Steps in τ below this one, relative to 1 − τ, end a path.
    """

    movement: float = 0.1
    contraction: float = 0.1
    max_steps: int = 2000
    largest: float = 50.0
    smallest_step: float = 1e-10

    def tighter(self) -> PathOptions:
        """The options of the next, more careful attempt."""
        return replace(
            self,
            movement=self.movement / 10,
            contraction=self.contraction / 10,
            max_steps=self.max_steps * 3,
            smallest_step=self.smallest_step / 100,
        )


class Ends(NamedTuple):
    """Where paths end: points (P, N), whether they arrived (P,), the τ that was reached (P,), steps (P,)."""

    points: Complex
    arrived: NDArray[np.bool_]
    tau: Real
    steps: Real


def track_paths(
    system: System,
    points: Complex,
    options: PathOptions | None = None,
    between: tuple[Real | float, float] = (0.0, 1.0),
) -> Ends:
    """Follow paths from points (P, N) at τ = 0 to τ = 1, or from other τ, one for all or one for each, to another."""
    if system.compiled is None:
        return reference_paths(system, points, options, between)
    options = options or PathOptions()
    begin = np.broadcast_to(np.asarray(between[0], float), (len(points),))
    control = (WALLS.first_step, WALLS.last_step, WALLS.shrink, WALLS.growth, WALLS.aim, WALLS.least, WALLS.noise)
    limits = (options.movement, options.contraction, options.largest, options.smallest_step)
    return Ends(*system.compiled.track(points, begin, float(between[1]), (*control, *limits), options.max_steps))


def reference_paths(
    system: System,
    points: Complex,
    options: PathOptions | None = None,
    between: tuple[Real | float, float] = (0.0, 1.0),
) -> Ends:
    """The same paths in NumPy."""
    begin = np.broadcast_to(np.asarray(between[0], float), (len(points),)).copy()
    with np.errstate(all="ignore"):  # overflow and NaN are seen as rejected steps
        return _track(system, points, options or PathOptions(), (begin, between[1]))


def newton(system: System, points: Complex, tau: float | Real, most: int = 8) -> tuple[Complex, Real]:
    """Newton's method at a fixed τ: points, and the size of the last step relative to the point."""
    at = np.broadcast_to(np.asarray(tau, float), (len(points),))
    if system.compiled is None:
        return reference_newton(system, points, at, most)
    z, best = system.compiled.newton(points, at, most, WALLS.exact)
    return z, best


def reference_newton(system: System, points: Complex, tau: float | Real, most: int = 8) -> tuple[Complex, Real]:
    """The same in NumPy."""
    at = np.broadcast_to(np.asarray(tau, float), (len(points),))
    z, best = points, np.full(len(points), np.inf)
    with np.errstate(all="ignore"):
        for _ in range(most):
            value = system.evaluate(z, at)
            step = _solved(value.jacobian, value.equations[:, :, None])[:, :, 0]
            size = _length(step) / _size(z)
            better = size < best
            z = np.where(better[:, None], z - step, z)
            best = np.where(better, size, best)
            if not better.any() or (best < WALLS.exact).all():
                break
    return z, best


def _track(system: System, points: Complex, options: PathOptions, between: tuple[Real, float]) -> Ends:
    count, (begin, goal) = len(points), between
    result = Ends(points.astype(complex), np.zeros(count, bool), begin.copy(), np.zeros(count))
    path, z = np.arange(count), points.astype(complex)
    tau, h = begin.copy(), WALLS.first_step * (goal - begin)
    tangent = _tangent(system, z, tau)
    last_z, last_tangent, last_tau = z.copy(), tangent.copy(), np.full(count, np.nan)
    for _ in range(options.max_steps):
        if not len(path):
            break
        new_tau = np.where(tau + h > goal - WALLS.last_step * h, goal, tau + h)
        guess = _predicted(z, tangent, tau, new_tau, (last_z, last_tangent, last_tau))
        value = system.evaluate(guess, new_tau)
        first = _solved(value.jacobian, value.equations[:, :, None])[:, :, 0]
        middle = guess - first
        value = system.evaluate(middle, new_tau)
        both = _solved(value.jacobian, np.stack([value.equations, -value.rate], axis=2))
        end, end_tangent = middle - both[:, :, 0], both[:, :, 1]
        size = _size(end)
        movement, rest = _length(first) / size, _length(both[:, :, 0]) / size
        contraction = np.where(rest <= WALLS.noise, 0.0, rest / movement)
        accepted = (movement <= options.movement) & (contraction <= options.contraction)
        accepted &= np.isfinite(end_tangent).all(axis=1)

        excess = np.maximum(movement / options.movement, contraction / options.contraction)
        factor = (WALLS.aim / np.maximum(excess, WALLS.least)) ** 0.25
        factor = np.where(np.isfinite(factor), factor, WALLS.shrink)
        h = h * np.where(accepted, np.clip(factor, WALLS.shrink, WALLS.growth), np.clip(factor, WALLS.shrink, 0.5))
        keep = accepted[:, None]
        last_z, last_tangent = np.where(keep, z, last_z), np.where(keep, tangent, last_tangent)
        last_tau = np.where(accepted, tau, last_tau)
        z, tangent = np.where(keep, end, z), np.where(keep, end_tangent, tangent)
        tau = np.where(accepted, new_tau, tau)
        result.steps[path] += 1

        done = tau == goal
        ended = done | (h < options.smallest_step * (goal - tau)) | (_length(z) > options.largest)
        if ended.any():
            result.points[path[ended]] = z[ended]
            result.arrived[path[ended]] = done[ended]
            result.tau[path[ended]] = tau[ended]
            going = ~ended
            path, z, tangent, tau, h = path[going], z[going], tangent[going], tau[going], h[going]
            last_z, last_tangent, last_tau = last_z[going], last_tangent[going], last_tau[going]
    result.points[path], result.tau[path] = z, tau
    return result


def _tangent(system: System, z: Complex, tau: Real) -> Complex:
    value = system.evaluate(z, tau)
    return -_solved(value.jacobian, value.rate[:, :, None])[:, :, 0]


def _predicted(z: Complex, tangent: Complex, tau: Real, new: Real, last: tuple[Complex, Complex, Real]) -> Complex:
    """Cubic Hermite extrapolation; along the tangent where there is no previous point."""
    last_z, last_tangent, last_tau = last
    step, width = (new - tau)[:, None], (tau - last_tau)[:, None]
    x = 1 + step / width
    cubic = (
        (1 + 2 * x) * (1 - x) ** 2 * last_z
        + x * (1 - x) ** 2 * width * last_tangent
        + x**2 * (3 - 2 * x) * z
        + x**2 * (x - 1) * width * tangent
    )
    return np.where(np.isfinite(width), cubic, z + step * tangent)


def _size(vectors: Complex) -> Real:
    """Norms of points with a further coordinate 1."""
    return np.asarray(np.sqrt(1 + (vectors.real**2 + vectors.imag**2).sum(axis=1)))


def _length(vectors: Complex) -> Real:
    return np.asarray(np.sqrt((vectors.real**2 + vectors.imag**2).sum(axis=1)))


def _solved(matrices: Complex, right: Complex) -> Complex:
    """Solutions; NaN where a matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrices, right), complex)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(right, np.nan)
    half = len(matrices) // 2
    return np.concatenate([_solved(matrices[:half], right[:half]), _solved(matrices[half:], right[half:])])
