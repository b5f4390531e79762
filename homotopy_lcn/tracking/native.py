"""The compiled engine: one path in each SIMD lane, threads that share a queue of paths.

Its equations and its step are explained at the head of ``native/kernel.hpp``. It takes no pivots; a path that gets
stuck on the way is handed to the reference engine, which does.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..equations import Data
from ..strata import Factor, Stratum
from .engine import Homotopy, TrackResult
from .options import ReturnCode, TrackerOptions
from .reference import ReferenceEngine

__all__ = ["NativeEngine"]

Complex = NDArray[np.complex128]


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
        coordinates, points = _Coordinates(stratum), np.asarray(points, complex)
        result = self.run(coordinates, points, start, targets, options, jobs, report)
        ends = TrackResult(
            coordinates.from_kernel(result["points"]),
            *(result[name] for name in ("codes", "errors", "conditions", "steps", "distances")),
        )
        count = len(points)
        for path in np.flatnonzero(ends.codes == ReturnCode.STEP_TOO_SMALL):
            # Stuck on the way: the one thing that pivots can cure.
            homotopy = Homotopy(start, targets[path // count])
            with np.errstate(all="ignore"):  # data near the limits of doubles
                again = ReferenceEngine().track(stratum, points[path % count][None], homotopy, options)
            for name in ("points", "codes", "errors", "conditions", "steps", "distances"):
                getattr(ends, name)[path] = getattr(again, name)[0]
        if report is not None:
            report(len(ends))
        return ends

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
        size, length = coordinates.stratum.filter_size, coordinates.stratum.coordinates
        if np.ndim(points) != 2 or np.shape(points)[1] != length:
            raise ValueError(f"points: shape {np.shape(points)} given; expected (paths, {length})")
        _check_shapes("start", start, size)
        for target in targets:
            _check_shapes("target", target, size)
        return _native.track(
            [(factor.degree, factor.power, factor.dilation) for factor in coordinates.factors],
            coordinates.to_kernel(points),
            _array(start.gram),
            _array(start.b),
            np.array([target.gram for target in targets], complex).reshape(-1, size, size),
            np.array([target.b for target in targets], complex).reshape(-1, size),
            [
                options.contraction_target,
                options.control_gain,
                options.contraction_limit,
                options.movement_limit,
                options.first_step,
                options.growth,
                options.shrink,
                options.smallest_step,
                options.endgame_distance,
                options.divergence_exponent,
            ],
            ceil(options.max_steps),
            jobs,
            self.instruction_set,
            report,
        )


class _Coordinates:
    """Between points (c, Q_1, …, Q_r) and the kernel's: no scalar, but one factor of power one that carries it.

    Where all powers are above one, the scalar itself is that factor, a form of degree 0.
    """

    def __init__(self, stratum: Stratum) -> None:
        self.stratum = stratum
        simple = [f for f, factor in enumerate(stratum.factors) if factor.power == 1]
        self.free = simple[0] if simple else None
        others = [f for f in range(len(stratum.factors)) if f != self.free]
        head = Factor(0, 1, 1) if self.free is None else stratum.factors[self.free]
        self.factors = [head, *(stratum.factors[f] for f in others)]
        head_part = [] if self.free is None else list(range(*stratum.slices[self.free].indices(stratum.coordinates)))
        rest = [i for f in others for i in range(*stratum.slices[f].indices(stratum.coordinates))]
        self.head = head_part
        self.order = np.array([*head_part, *rest], dtype=int)

    def to_kernel(self, points: Complex) -> Complex:
        result = points[:, self.order]
        if self.free is None:
            return np.concatenate([points[:, :1], result], axis=1)
        result[:, : len(self.head)] *= points[:, :1]
        return np.ascontiguousarray(result)

    def from_kernel(self, points: Complex) -> Complex:
        result = np.empty((len(points), self.stratum.coordinates), complex)
        if self.free is None:
            result[:, 0] = points[:, 0]
            result[:, self.order] = points[:, 1:]
            return result
        result[:, self.order] = points
        with np.errstate(all="ignore"):  # paths that diverged
            norm = np.linalg.norm(points[:, : len(self.head)], axis=1)
            result[:, self.head] /= norm[:, None]
        result[:, 0] = norm
        return result


def _check_shapes(name: str, data: Data, size: int) -> None:
    for part, values, shape in (("gram", data.gram, (size, size)), ("b", data.b, (size,))):
        if np.shape(values) != shape:
            raise ValueError(f"{name}_{part}: shape {np.shape(values)} given; expected {shape}")


def _array(values: NDArray[Any]) -> Complex:
    return np.ascontiguousarray(values, dtype=complex)
