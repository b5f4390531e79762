"""What the critical set looks like near a point that Newton's method cannot settle: isolated, several, or a continuum.

The method of Lyapunov and Schmidt (Golubitsky, Schaeffer, *Singularities and Groups in Bifurcation Theory* I (1985),
chapter I.3). At a point with a Newton matrix H of corank c, all but c of the equations F = 0 determine the point as a
function of its c coordinates t along the kernel of H. The other c equations become g(t) = 0. Where g vanishes
identically, the critical set is a manifold of dimension c. Where c = 1 and g does not vanish, the zeros of g near
t = 0 are the critical points nearby; their number is known from the values of g on a circle, and so are they. Where c
is larger, the dimension is the largest number of random affine equations that solutions of F = 0 nearby still satisfy.

Gradients are evaluated in extended precision. The data are known to about the precision of a double, and equations that
hold up to this are taken to hold. If the data are known exactly, an end is on a continuum only if g vanishes in eighty
digits, too; otherwise nothing is said of its dimension.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data, Equations
from ..tracking.multiprecision import converge
from .exact_continua import vanish_exactly
from .local_frames import Frames, Zeros
from .tolerances import LOCAL

__all__ = ["LocalStructure", "local_dimensions", "local_structures", "onto_critical_set", "real_dimension"]


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


def local_structures(
    equations: Equations,
    points: Complex,
    data: Data,
    rng: np.random.Generator,
    *,
    dimensions: bool = True,
    exact: Data | None = None,
) -> list[LocalStructure]:
    """Tell what the critical set looks like near each of several points.

    Parameters
    ----------
    equations : Equations
    points : (P, coordinates) complex array
        The limits of paths, accurate to six digits or so.
    data : Data
        Of order one.
    rng : numpy.random.Generator
    dimensions : bool
        Whether to tell the dimension where the corank is above one and the critical set is no manifold.
    exact : Data, optional
        The rational numbers that the data are rounded from, in arrays of fractions.
    """
    if not len(points):
        return []
    frames = Frames.at(equations, points, data)
    moved = frames.onto_critical_set(real=False)
    frames = frames.moved_to(moved.astype(complex), data)
    residuals = frames.residuals()
    critical = residuals <= LOCAL.tie
    flat, isolated = _vanish(frames, critical, data, rng)
    refuted = flat & ~_hold_exactly(frames, flat, exact)
    flat &= ~refuted
    found = [
        LocalStructure(point, residual, corank, corank if is_flat else None)
        for point, residual, corank, is_flat in zip(
            frames.point, residuals.tolist(), frames.coranks.tolist(), flat.tolist(), strict=True
        )
    ]
    clusters = []
    for row in np.flatnonzero(~flat & ~refuted).tolist():
        one, frame = found[row], frames.row(row)
        if one.corank == 0:
            there = converge(equations, moved[row], data)
            if there is not None:
                found[row] = LocalStructure(one.point, 0.0, 0, 0, (there.point,), 1)
        elif one.corank > 1:
            known = critical[row] and dimensions
            found[row] = replace(one, dimension=_dimension(frame, bool(isolated[row]), rng) if known else None)
        elif critical[row] and not isolated[row] and _is_on_curve(frame, data, rng):
            if exact is None or vanish_exactly(frame, exact):
                found[row] = replace(one, dimension=1)
        else:
            clusters.append(row)
    for row, circle in zip(clusters, frames.rows(np.array(clusters, int)).on_circles(), strict=True):
        if circle is not None:
            found[row] = _cluster(circle, found[row], equations, data)
    return found


def _vanish(
    frames: Frames, critical: NDArray[np.bool_], data: Data, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """At which of the critical points the reduced equations vanish, and which are known to be isolated."""
    coranks, result, isolated = frames.coranks, *np.zeros((2, len(frames)), dtype=bool)
    for corank in np.unique(coranks[coranks > 0]).tolist():
        rows = np.flatnonzero((coranks == corank) & critical)
        if rows.size:
            result[rows], found_far, isolated[rows] = frames.rows(rows).vanish(rng)
            if corank == 1:
                for row in rows[result[rows] & ~found_far].tolist():
                    result[row] = _is_on_curve(frames.row(row), data, rng)
    return result, isolated


def _dimension(frame: Frames, isolated: bool, rng: np.random.Generator) -> int:
    """The dimension of the critical set at a critical point where it is not the corank."""
    return 0 if isolated else frame.dimension(rng)


def _hold_exactly(frames: Frames, flat: NDArray[np.bool_], exact: Data | None) -> NDArray[np.bool_]:
    """Where reduced equations that vanish in extended precision do so for the exact data; all True without any."""
    result = np.ones(len(frames), dtype=bool)
    if exact is not None:
        for row in np.flatnonzero(flat).tolist():
            result[row] = vanish_exactly(frames.row(row), exact)
    return result


def local_dimensions(
    equations: Equations, points: Complex, data: Data, rng: np.random.Generator, exact: Data | None = None
) -> list[int]:
    """The dimensions of the critical set at critical points, 0 at isolated ones; see `local_structures`."""
    if not len(points):
        return []
    result = np.zeros(len(points), int)
    frames = Frames.at(equations, points, data)
    singular = np.flatnonzero(frames.coranks > 0)
    if singular.size:
        frames = frames.rows(singular)
        frames = frames.moved_to(frames.onto_critical_set(real=False).astype(complex), data)
        flat, isolated = _vanish(frames, frames.coranks > 0, data, rng)
        refuted = flat & ~_hold_exactly(frames, flat, exact)
        flat &= ~refuted
        result[singular[flat]] = frames.coranks[flat]
        for row in np.flatnonzero(~flat & ~refuted & (frames.coranks > 0)).tolist():
            frame = frames.row(row)
            on_curve = frame.corank == 1 and not isolated[row] and _is_on_curve(frame, data, rng)
            on_curve = on_curve and (exact is None or vanish_exactly(frame, exact))
            result[singular[row]] = 1 if on_curve else _dimension(frame, bool(isolated[row]), rng)
    return result.tolist()


def real_dimension(
    equations: Equations, point: Complex, data: Data, dimension: int, rng: np.random.Generator
) -> int | None:
    """The dimension of the real critical set at a real point, where that of the complex one is known.

    None if the kernel of the Newton matrix is not told in real numbers.
    """
    frame = Frames.at(equations, point[None], data)
    if frame.corank == dimension:
        return dimension
    kernel = frame.right[0, :, frame.size - frame.corank :]
    if frame.corank < dimension or np.abs(kernel.imag).max(initial=0.0) > LOCAL.settled:
        return None
    return next((one for one in range(dimension, 0, -1) if frame.meets(one, rng, real=True)), 0)


def onto_critical_set(equations: Equations, point: Complex, data: Data) -> tuple[Complex, float]:
    """The real point next to a real point of a continuum, for real data, and the relative gradient there."""
    moved = Frames.at(equations, point[None], data).onto_critical_set(real=True).real.astype(complex)
    return moved[0], float(Frames.at(equations, moved, data).residuals()[0])


def _cluster(circle: Zeros, found: LocalStructure, equations: Equations, data: Data) -> LocalStructure:
    """The zeros of g near t = 0, where c = 1: one multiple zero, or several zeros, each refined in many digits."""
    if circle.multiple:
        return LocalStructure(found.point, found.residual, 1, 0, (), circle.number)
    solutions: list[NDArray[Any]] = []
    for start in circle.points:
        there = converge(equations, start, data)
        if there is None or there.distance > LOCAL.radius:
            return found
        if all(np.linalg.norm((there.point - other).astype(complex)) > LOCAL.apart for other in solutions):
            solutions.append(there.point)
    if len(solutions) != circle.number or not solutions:
        return found
    return LocalStructure(found.point, found.residual, 1, 0, tuple(solutions), circle.number)


def _is_on_curve(frame: Frames, data: Data, rng: np.random.Generator) -> bool:
    """Whether g, where c = 1, vanishes along a curve from the point as far as `LOCAL.far`, followed in short steps.

    Where the curve bends sharply, Newton's method does not reach `LOCAL.radius`, or it reaches another set of points at
    `LOCAL.far`, so that `Frames.vanish` cannot tell.
    """
    turn = complex(np.exp(2j * np.pi * rng.random()))
    near = frame.reduced(np.array([[LOCAL.radius * turn]]))
    if near.found[0] and np.abs(near.values).max() > LOCAL.tie:
        return False
    here, step = frame, LOCAL.radius * LOCAL.shorter
    for _ in range(LOCAL.most_short_steps):
        found = here.reduced(np.array([[step * turn]]))
        if not found.found[0]:
            step *= LOCAL.shorter
            continue
        if np.abs(found.values).max() > LOCAL.tie:
            return False
        moved = here.points(found.local).astype(complex)
        if not np.linalg.norm(moved[0] - frame.point[0]) < LOCAL.far:
            return True
        there = Frames.at(here.equations, moved, data)
        if there.corank == 0:
            return False
        # The kernel of the new frame has a phase of its own; go on in the direction that the curve has taken.
        directions = there.directions[0]
        onward = directions.conj() @ (moved[0] - here.point[0])
        turn = complex(np.vdot(there.right[0, :, -1], onward / np.linalg.norm(directions, axis=1) ** 2))
        here, turn = there, turn / (abs(turn) or 1.0)
    return False
