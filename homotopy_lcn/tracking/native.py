"""The compiled engine: one path in each SIMD lane, threads that share a queue of paths.

``native/newton_system.hpp`` explains the equations, ``native/tracker.hpp`` the steps. The kernel takes no pivots. A
path stuck on the way is tracked again with shorter steps. If the path gets stuck again, the reference engine tracks
the path, because the reference engine takes pivots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
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
from .tolerances import REFINEMENT

__all__ = ["KernelCoordinates", "NativeEngine", "PathTask", "kernel_options", "refine_points"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
#: Attributes of a `TrackResult`, names of the kernel's results.
RESULTS = ("points", "codes", "errors", "conditions", "steps", "distances")

#: A path that is stuck at a larger s is stuck on the way. At a smaller s the end of the path is singular or far away.
ON_THE_WAY = 1e-3

#: Steps of the reference engine at most, at half a millisecond each. What stops the kernel is a pivot, or a filter so
#: large that no engine leads far from there.
STEPS_WITH_PIVOTS = 300

#: Options for a path that got stuck.
SHORTER_STEPS = TrackerOptions.conservative()


@dataclass(frozen=True)
class PathTask:
    """Paths from the same start points, to targets that are given apart.

    Attributes
    ----------
    stratum : Stratum
    points : (P, coordinates) complex array
        Critical points of the start data.
    start : Data
    options : TrackerOptions
    jobs : int
        Number of threads.
    report : callable or None
        Called with the number of paths that have ended.
    """

    stratum: Stratum
    points: Complex
    start: Data
    options: TrackerOptions
    jobs: int = 1
    report: Callable[[int], None] | None = None


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
        """The instruction sets of this processor that the kernel is compiled for, the fastest first."""
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
        """Track the same P start points to each of T targets; path t P + p leads from start p to target t.

        Raises
        ------
        ValueError
            If an array does not have the shape that the stratum asks for, or is not finite.
        """
        return self._track(PathTask(stratum, np.asarray(points, complex), start, options, jobs, report), targets)

    def track_along(
        self, stratum: Stratum, points: Complex, corners: Data, options: TrackerOptions, *, jobs: int = 1
    ) -> Complex:
        """Track P points along a chain of segments, as `tracking.engine.track_along` explains.

        A path that gets stuck on a segment is tracked again there with shorter steps only, as chains are short.
        """
        coordinates = _coordinates(stratum)
        run = partial(_native.track_along, factors=coordinates.shape, jobs=jobs, instruction_set=self.instruction_set)
        gram, b = _complex_array(corners.gram), _complex_array(corners.b)
        starts = coordinates.to_kernel(np.asarray(points, complex))
        chain = np.full((len(b), *starts.shape), np.nan, complex)
        chain[0] = starts
        going, corner, quick, slow = np.arange(len(starts)), 0, kernel_options(options), kernel_options(SHORTER_STEPS)
        while corner < len(b) - 1 and going.size:
            part, codes, segments = run(starts=chain[corner, going], gram=gram[corner:], b=b[corner:], options=quick)
            reached = min(corner + segments + 1, len(b) - 1)
            chain[corner + 1 : reached + 1, going] = part[1 : reached - corner + 1]
            stuck = np.flatnonzero(codes)
            if stuck.size:
                both = slice(reached - 1, reached + 1)
                again, codes, _ = run(starts=part[segments, stuck], gram=gram[both], b=b[both], options=slow)
                chain[reached, going[stuck]] = np.where((codes == ReturnCode.SUCCESS)[:, None], again[1], np.nan)
                going = np.delete(going, stuck[codes != ReturnCode.SUCCESS])
            corner = reached
        flat = coordinates.from_kernel(chain.reshape(-1, starts.shape[1]))
        return flat.reshape(len(chain), len(points), stratum.coordinates)

    def _track(self, task: PathTask, targets: list[Data]) -> TrackResult:
        stacked = _stacked(targets, task.stratum.filter_size)
        if not _is_real(stacked):
            real = [_is_real(target) for target in targets]
            if any(real):
                # Real targets have code of their own: a path must not depend on the paths tracked with it.
                return self._track_by_kind(task, targets, real)
        ends = _ends(task.stratum, self._run(task, stacked))
        stuck = np.flatnonzero(ends.codes == ReturnCode.STEP_TOO_SMALL)
        if stuck.size:
            of_target, starts = np.divmod(stuck, len(task.points))
            for t in np.unique(of_target).tolist():
                chosen = of_target == t
                again = replace(task, points=np.asarray(task.points)[starts[chosen]], report=None)
                ends.put(stuck[chosen], self._track_again(again, targets[t]))
        if task.report is not None:
            task.report(len(ends))
        return ends

    def _track_again(self, task: PathTask, target: Data) -> TrackResult:
        """Paths that are stuck: shorter steps first, then the pivots of the reference engine, from there on.

        Near the target the end itself is singular or far away, and no engine leads further.
        """
        again = _ends(task.stratum, self.run(replace(task, options=SHORTER_STEPS), [target]))
        on_the_way = ~again.success & (again.distances > ON_THE_WAY) & np.isfinite(again.points).all(axis=1)
        for path in np.flatnonzero(on_the_way).tolist():
            row, distance = np.array([path]), float(again.distances[path])
            homotopy = Homotopy(task.start.mix(distance, target), target)
            options = replace(task.options, max_steps=min(task.options.max_steps, STEPS_WITH_PIVOTS))
            with np.errstate(all="ignore"):  # data near the limits of doubles
                rest = ReferenceEngine().track(task.stratum, again.points[row], homotopy, options)
            steps = again.steps[row] + rest.steps
            again.put(row, replace(rest, steps=steps, distances=distance * rest.distances))
        return again

    def _track_by_kind(self, task: PathTask, targets: list[Data], real: list[bool]) -> TrackResult:
        """Track to the real targets first, then to the complex ones."""
        parts, before = [], 0
        for kind in (True, False):
            chosen = [target for target, is_real in zip(targets, real, strict=True) if is_real == kind]
            report = None if task.report is None else _added_to(before, task.report)
            parts.append(self._track(replace(task, report=report), chosen))
            before += len(parts[-1])
        count = len(task.points)
        order = np.repeat(np.argsort(~np.array(real), kind="stable"), count)
        paths = order * count + np.tile(np.arange(count), len(targets))
        arrays = []
        for name in RESULTS:
            together = np.concatenate([getattr(part, name) for part in parts])
            arrays.append(np.empty_like(together))
            arrays[-1][paths] = together
        return TrackResult(*arrays)

    def ends_of_many(
        self, stratum: Stratum, points: Complex, start: Data, targets: Data, options: TrackerOptions, jobs: int = 1
    ) -> TrackResult:
        """As `track_many` for T real targets in arrays, Gram matrices (T, K, K) and moment vectors (T, K).

        Paths that are stuck are not tracked again.
        """
        return _ends(stratum, self._run(PathTask(stratum, points, start, options, jobs), targets))

    def run(self, task: PathTask, targets: list[Data]) -> dict[str, Any]:
        """The results of the kernel, in the coordinates of the kernel. No path is tracked again."""
        return self._run(task, _stacked(targets, task.stratum.filter_size))

    def _run(self, task: PathTask, targets: Data) -> dict[str, Any]:
        """`run` for targets with Gram matrices (T, K, K) and moment vectors (T, K)."""
        coordinates, length = _coordinates(task.stratum), task.stratum.coordinates
        if np.ndim(task.points) != 2 or np.shape(task.points)[1] != length:
            raise ValueError(f"points: shape {np.shape(task.points)} given; expected (paths, {length})")
        _check_shapes("start", task.start, task.stratum.filter_size)
        return _native.track(
            factors=coordinates.shape,
            starts=coordinates.to_kernel(task.points),
            start_gram=_complex_array(task.start.gram),
            start_b=_complex_array(task.start.b),
            target_gram=targets.gram,
            target_b=targets.b,
            options=kernel_options(task.options),
            jobs=task.jobs,
            instruction_set=self.instruction_set,
            report=task.report,
        )


def refine_points(
    stratum: Stratum,
    points: NDArray[Any],
    data: Data,
    *,
    real: bool,
    steps: int,
    jobs: int = 1,
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
        Largest number of steps. `RefinementTolerances` says when fewer steps are enough.
    jobs : int
        Number of threads.
    instruction_set : str
        As for `NativeEngine`.

    Returns
    -------
    points (P, coordinates) in NumPy's ``clongdouble``, filters (P, K), sizes of the last step (P,), conditions (P,)
    """
    coordinates, extended = _coordinates(stratum), np.asarray(points, np.clongdouble)
    rounded = extended.astype(complex)
    high, low, filters, errors, conditions = _native.refine(
        factors=coordinates.shape,
        high=coordinates.to_kernel(rounded),
        low=coordinates.to_kernel((extended - rounded).astype(complex), rest=True),
        gram=np.ascontiguousarray(data.gram, float),
        b=np.ascontiguousarray(data.b, float),
        real=real,
        steps=steps,
        small_step=REFINEMENT.small_step,
        reused_matrix=REFINEMENT.reused_matrix,
        jobs=jobs,
        instruction_set=instruction_set,
    )
    return coordinates.from_kernel(high.astype(np.clongdouble) + low), filters, errors, conditions


@lru_cache(maxsize=64)
def kernel_options(options: TrackerOptions) -> dict[str, float]:
    """The options by their names, as the kernel takes them: the limit on the number of steps is an integer."""
    return asdict(options) | {"max_steps": ceil(options.max_steps)}


class KernelCoordinates:
    """Conversion between points (c, Q_1, …, Q_r) of a stratum and points of the kernel.

    In the kernel the first factor has power one. If no factor of the stratum has power one, a form of degree 0 is the
    first factor.

    Attributes
    ----------
    factors : list of Factor
        The factors in the order of the kernel.
    shape : list of tuple
        Degree, power and dilation of each of them.
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
        """Points in the coordinates of the kernel; with ``rest``, the rounding errors of points."""
        if self.plain:
            return np.ascontiguousarray(points)
        scalar, others = points[:, :1], points[:, self.order]
        if self.free is None:
            return np.concatenate([scalar, np.full_like(scalar, not rest), others], axis=1)
        return np.concatenate([scalar, others], axis=1)

    def from_kernel(self, points: NDArray[Any]) -> NDArray[Any]:
        """Points of the kernel in the coordinates of the stratum."""
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
def _coordinates(stratum: Stratum) -> KernelCoordinates:
    return KernelCoordinates(stratum)


def _ends(stratum: Stratum, result: dict[str, Any]) -> TrackResult:
    """The results of the kernel in the coordinates of the stratum."""
    return TrackResult(_coordinates(stratum).from_kernel(result["points"]), *(result[name] for name in RESULTS[1:]))


def _added_to(before: int, report: Callable[[int], None]) -> Callable[[int], None]:
    return lambda done: report(before + done)


def _check_shapes(name: str, data: Data, size: int) -> None:
    for part, values, shape in (("gram", data.gram, (size, size)), ("b", data.b, (size,))):
        if np.shape(values) != shape:
            raise ValueError(f"{name}_{part}: shape {np.shape(values)} given; expected {shape}")


def _is_real(data: Data) -> bool:
    return data.gram.dtype.kind != "c" and data.b.dtype.kind != "c"


def _stacked(targets: list[Data], size: int) -> Data:
    """All targets in two arrays, which are complex if one of the targets is complex."""
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


def _complex_array(values: NDArray[Any]) -> Complex:
    return np.ascontiguousarray(values, dtype=complex)
