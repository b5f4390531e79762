"""The interface of a tracking engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data
from ..networks.strata import Stratum
from .options import ReturnCode, TrackerOptions

__all__ = ["Engine", "Homotopy", "TrackResult", "joined", "track_along", "track_many"]


class Homotopy(NamedTuple):
    """The straight segment s · start + (1 − s) · target of data, s from 1 to 0.

    The equations are linear in the data, so the homotopy stays inside the family of critical-point equations.
    """

    start: Data
    target: Data


@dataclass(frozen=True)
class TrackResult:
    """Ends of P paths.

    Attributes
    ----------
    points : (P, coordinates) complex array
        Where each path ended; the factors Q_f have norm one.
    codes : (P,) integer array
        A `ReturnCode` for each path.
    errors : (P,) float array
        Relative size of the last Newton step.
    conditions : (P,) float array
        Condition number of the Jacobian in local coordinates (scaled to unit diagonal).
    steps : (P,) integer array
        Steps taken, rejected ones included.
    distances : (P,) float array
        Value of s where the path ended, zero unless it failed.
    """

    points: NDArray[np.complex128]
    codes: NDArray[np.int64]
    errors: NDArray[np.float64]
    conditions: NDArray[np.float64]
    steps: NDArray[np.int64]
    distances: NDArray[np.float64]

    @property
    def success(self) -> NDArray[np.bool_]:
        """Which paths arrived."""
        return self.codes == ReturnCode.SUCCESS

    def put(self, rows: NDArray[np.int64], other: TrackResult) -> None:
        """Enter the ends of some of the paths, tracked again."""
        for name in ("points", "codes", "errors", "conditions", "steps", "distances"):
            getattr(self, name)[rows] = getattr(other, name)

    def part(self, rows: NDArray[np.int64]) -> TrackResult:
        """The ends of some of the paths."""
        names = ("points", "codes", "errors", "conditions", "steps", "distances")
        return TrackResult(*(getattr(self, name)[rows] for name in names))

    def __len__(self) -> int:
        return len(self.codes)


def joined(parts: Sequence[TrackResult]) -> TrackResult:
    """The ends of the paths of several parts, at least one, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    names = ("points", "codes", "errors", "conditions", "steps", "distances")
    return TrackResult(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Engine(Protocol):
    """A tracker of paths.

    Results must not depend on ``jobs``. ``report`` is called with the number of paths finished so far, from the calling
    thread; an exception raised there (or Ctrl-C) ends the call promptly.
    """

    name: str

    def track(
        self,
        stratum: Stratum,
        points: NDArray[np.complex128],
        homotopy: Homotopy,
        options: TrackerOptions,
        *,
        jobs: int = 1,
        report: Callable[[int], None] | None = None,
    ) -> TrackResult:
        """Track the critical points ``points`` (P, coordinates) of the start data to the target data."""
        ...


def track_along(
    engine: Engine,
    stratum: Stratum,
    points: NDArray[np.complex128],
    corners: Data,
    options: TrackerOptions,
    *,
    jobs: int = 1,
) -> NDArray[np.complex128]:
    """Track the critical points ``points`` (P, coordinates) of the first corner to all other corners, in their order.

    An engine that can do so follows the whole chain of segments in one call. With other engines each segment is one.

    Parameters
    ----------
    engine : Engine
    stratum : Stratum
    points : (P, coordinates) complex array
    corners : Data
        Gram matrices (L, K, K) and moment vectors (L, K).
    options : TrackerOptions
    jobs : int
        Number of threads.

    Returns
    -------
    (L, P, coordinates) complex array
        The points at every corner; NaN from the corner on at which a path is lost.
    """
    together = getattr(engine, "track_along", None)
    if together is not None:
        chain: NDArray[np.complex128] = together(stratum, points, corners, options, jobs=jobs)
        return chain
    result = np.full((len(corners.b), *points.shape), np.nan, complex)
    result[0] = points
    going = np.arange(len(points))
    for corner, ends in enumerate(pairwise(map(Data, *corners)), start=1):
        if going.size == 0:
            break
        moved = engine.track(stratum, result[corner - 1, going], Homotopy(*ends), options, jobs=jobs)
        going = going[moved.success]
        result[corner, going] = moved.points[moved.success]
    return result


def track_many(
    engine: Engine,
    stratum: Stratum,
    points: NDArray[np.complex128],
    start: Data,
    targets: Sequence[Data],
    options: TrackerOptions,
) -> TrackResult:
    """Track the same P start points to each of T targets; path t P + p leads from start p to target t.

    An engine that can do so tracks all of them together; other engines track to one target after the other.
    """
    together = getattr(engine, "track_many", None)
    if together is not None:
        result: TrackResult = together(stratum, points, start, list(targets), options)
        return result
    parts = [engine.track(stratum, points, Homotopy(start, target), options) for target in targets]
    if not parts:
        return engine.track(stratum, points[:0], Homotopy(start, start), options)
    return joined(parts)
