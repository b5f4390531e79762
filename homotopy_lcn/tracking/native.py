"""The compiled engine: one path in each SIMD lane, threads that share a queue of paths.

Its equations and its step are explained at the head of ``native/tracker.hpp``. It takes no pivots; a path that gets
stuck on the way is tracked again with shorter steps, and if need be by the reference engine, which does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data
from ..networks.strata import Factor, Stratum
from . import _native
from .engine import Homotopy, TrackResult
from .options import ReturnCode, TrackerOptions
from .reference import ReferenceEngine

__all__ = ["NativeEngine", "refine_points"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
#: Attributes of a `TrackResult`, names of the kernel's results.
RESULTS = ("points", "codes", "errors", "conditions", "steps", "distances")

#: A path stuck further from the target than this, in terms of s, is stuck on the way.
ON_THE_WAY = 1e-3


class NativeEngine:
    """The compiled engine.

    Parameters
    ----------
    instruction_set : str
        One of `instruction_sets()`; the fastest one by default.
    """

    name = "native"

    def __init__(self, instruction_set: str = "") -> None:
        self.instruction_set = instruction_set

    @staticmethod
    def instruction_sets() -> list[str]:
        """Those that this processor has, fastest first."""
        return list(_native.instruction_sets())

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
        return self.track_many(stratum, points, homotopy.start, [homotopy.target], options, jobs=jobs, report=report)

    def track_many(
        self,
        stratum: Stratum,
        points: Complex,
        start: Data,
        targets: list[Data],
        options: TrackerOptions,
        *,
        jobs: int = 1,
        report: Callable[[int], None] | None = None,
    ) -> TrackResult:
        """Track the same start points to each of T targets; path t P + p leads from start p to target t.

        Raises
        ------
        ValueError
            If an array does not have the shape that the stratum asks for, or is not finite.
        """
        coordinates, points = _coordinates(stratum), np.asarray(points, complex)
        together = _stacked(targets, stratum.filter_size)
        if not _is_real(together):
            real = [_is_real(target) for target in targets]
            if any(real):
                # Real targets have code of their own: a path must not depend on what it is tracked together with.
                return self._mixed(stratum, points, start, targets, real, options, jobs, report)
        result = self._run(coordinates, points, start, together, options, jobs, report)
        ends = TrackResult(coordinates.from_kernel(result["points"]), *(result[name] for name in RESULTS[1:]))
        count = len(points)
        stuck = np.flatnonzero(ends.codes == ReturnCode.STEP_TOO_SMALL).tolist() if ends.codes.any() else []
        for path in stuck:
            self._again(
                stratum, points[path % count][None], Homotopy(start, targets[path // count]), options, ends, path
            )
        if report is not None:
            report(len(ends))
        return ends

    def _again(
        self,
        stratum: Stratum,
        point: Complex,
        homotopy: Homotopy,
        options: TrackerOptions,
        ends: TrackResult,
        path: int,
    ) -> None:
        """A path stuck on the way: shorter steps may cure it, otherwise pivots, which the reference engine takes.

        Near the target it is the end that is singular or far away, for which no engine has a cure.
        """
        coordinates, careful = _coordinates(stratum), TrackerOptions.conservative()
        result = self.run(coordinates, point, homotopy.start, [homotopy.target], careful, 1, None)
        again = TrackResult(coordinates.from_kernel(result["points"]), *(result[name] for name in RESULTS[1:]))
        if not again.success.all() and again.distances[0] > ON_THE_WAY:
            with np.errstate(all="ignore"):  # data near the limits of doubles
                again = ReferenceEngine().track(stratum, point, homotopy, options)
        for name in RESULTS:
            getattr(ends, name)[path] = getattr(again, name)[0]

    def _mixed(
        self,
        stratum: Stratum,
        points: Complex,
        start: Data,
        targets: list[Data],
        real: list[bool],
        options: TrackerOptions,
        jobs: int,
        report: Callable[[int], None] | None,
    ) -> TrackResult:
        """`track_many` for real and complex targets together."""
        parts, before = [], 0
        for kind in (True, False):
            chosen = [target for target, is_real in zip(targets, real, strict=True) if is_real == kind]
            tell = None if report is None else lambda done, before=before: report(before + done)
            parts.append(self.track_many(stratum, points, start, chosen, options, jobs=jobs, report=tell))
            before += len(parts[-1])
        order = np.repeat(np.argsort(~np.array(real), kind="stable"), len(points))
        paths = order * len(points) + np.tile(np.arange(len(points)), len(targets))
        arrays = []
        for name in RESULTS:
            together = np.concatenate([getattr(part, name) for part in parts])
            arrays.append(np.empty_like(together))
            arrays[-1][paths] = together
        return TrackResult(*arrays)

    def run(
        self,
        coordinates: _Coordinates,
        points: Complex,
        start: Data,
        targets: list[Data],
        options: TrackerOptions,
        jobs: int,
        report: Callable[[int], None] | None,
    ) -> dict[str, Any]:
        """The kernel's own results, in its own coordinates."""
        together = _stacked(targets, coordinates.stratum.filter_size)
        return self._run(coordinates, points, start, together, options, jobs, report)

    def _run(
        self,
        coordinates: _Coordinates,
        points: Complex,
        start: Data,
        targets: Data,
        options: TrackerOptions,
        jobs: int,
        report: Callable[[int], None] | None,
    ) -> dict[str, Any]:
        """`run` for targets with Gram matrices (T, K, K) and moment vectors (T, K)."""
        size, length = coordinates.stratum.filter_size, coordinates.stratum.coordinates
        if np.ndim(points) != 2 or np.shape(points)[1] != length:
            raise ValueError(f"points: shape {np.shape(points)} given; expected (paths, {length})")
        _check_shapes("start", start, size)
        numbers, max_steps = _numbers(options)
        return _native.track(
            coordinates.shape,
            coordinates.to_kernel(points),
            _array(start.gram),
            _array(start.b),
            targets.gram,
            targets.b,
            numbers,
            max_steps,
            jobs,
            self.instruction_set,
            report,
        )


def refine_points(
    stratum: Stratum,
    points: NDArray[Any],
    data: Data,
    real: bool,
    steps: int,
    small: float,
    near: float,
    jobs: int,
    instruction_set: str = "",
) -> tuple[NDArray[Any], Complex, Real, Real]:
    """Newton's method for the critical points of real data, residuals in pairs of doubles, without pivots.

    Parameters
    ----------
    stratum : Stratum
    points : (P, coordinates) complex array
        Approximations, the factors of norm one.
    data : Data
    real : bool
        Whether the points are real.
    steps : int
        At most so many.
    small, near : float
        Enough is a relative step below ``small`` that is below ``near``, too, if multiplied by the condition number.
    jobs : int
        Number of threads.

    Returns
    -------
    points (P, coordinates) in NumPy's ``clongdouble``, filters (P, K), sizes of the last step (P,), conditions (P,)
    """
    coordinates, extended = _coordinates(stratum), np.asarray(points, np.clongdouble)
    high = extended.astype(complex)
    gram, b = np.ascontiguousarray(data.gram, float), np.ascontiguousarray(data.b, float)
    low = coordinates.to_kernel((extended - high).astype(complex), rest=True)
    high, low, filters, errors, conditions = _native.refine(
        coordinates.shape, coordinates.to_kernel(high), low, gram, b, real, steps, small, near, jobs, instruction_set
    )
    return coordinates.from_kernel(high.astype(np.clongdouble) + low), filters, errors, conditions


@lru_cache(maxsize=64)
def _numbers(options: TrackerOptions) -> tuple[list[float], int]:
    """The options as the kernel takes them: numbers in its order, and the limit on the number of steps."""
    *numbers, max_steps = astuple(options)
    return numbers, ceil(max_steps)


class _Coordinates:
    """Between points (c, Q_1, …, Q_r) and the kernel's, where the first factor has power one.

    Where all powers are above one, a form of degree 0 is that factor.
    """

    def __init__(self, stratum: Stratum) -> None:
        self.stratum = stratum
        simple = [f for f, factor in enumerate(stratum.factors) if factor.power == 1]
        self.free = simple[0] if simple else None
        others = [f for f in range(len(stratum.factors)) if f != self.free]
        head = Factor(0, 1, 1) if self.free is None else stratum.factors[self.free]
        self.factors = [head, *(stratum.factors[f] for f in others)]
        leading = [] if self.free is None else [self.free]
        parts = [stratum.slices[f].indices(stratum.coordinates) for f in [*leading, *others]]
        self.order = np.array([i for part in parts for i in range(*part)], dtype=int)
        self.plain = self.free is not None and np.array_equal(self.order, np.arange(1, stratum.coordinates))
        self.shape = [(factor.degree, factor.power, factor.dilation) for factor in self.factors]

    def to_kernel(self, points: Complex, rest: bool = False) -> Complex:
        """The points, or what is left of them after rounding, in the kernel's coordinates."""
        if self.plain:
            return np.ascontiguousarray(points)
        scalar, others = points[:, :1], points[:, self.order]
        if self.free is None:
            return np.concatenate([scalar, np.full_like(scalar, not rest), others], axis=1)
        return np.concatenate([scalar, others], axis=1)

    def from_kernel(self, points: NDArray[Any]) -> NDArray[Any]:
        if self.plain:
            return points
        result = np.empty((len(points), self.stratum.coordinates), points.dtype)
        result[:, 0] = points[:, 0]
        if self.free is None:
            with np.errstate(all="ignore"):  # paths that diverged
                result[:, 0] *= points[:, 1]
        result[:, self.order] = points[:, 1 + (self.free is None) :]
        return result


@lru_cache(maxsize=256)
def _coordinates(stratum: Stratum) -> _Coordinates:
    return _Coordinates(stratum)


def _check_shapes(name: str, data: Data, size: int) -> None:
    for part, values, shape in (("gram", data.gram, (size, size)), ("b", data.b, (size,))):
        if np.shape(values) != shape:
            raise ValueError(f"{name}_{part}: shape {np.shape(values)} given; expected {shape}")


def _is_real(data: Data) -> bool:
    return data.gram.dtype.kind != "c" and data.b.dtype.kind != "c"


def _stacked(targets: list[Data], size: int) -> Data:
    """All targets in two arrays, complex if one of them is."""
    if not targets:
        return Data(np.empty((0, size, size)), np.empty((0, size)))
    try:
        gram, b = np.array([target.gram for target in targets]), np.array([target.b for target in targets])
    except ValueError:  # of different shapes
        gram = b = np.empty(0)
    if gram.shape[1:] != (size, size) or b.shape[1:] != (size,):
        for target in targets:
            _check_shapes("target", target, size)
    return Data(gram, b)


def _array(values: NDArray[Any]) -> Complex:
    return np.ascontiguousarray(values, dtype=complex)
