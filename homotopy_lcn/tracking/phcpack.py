"""PHCpack as an engine: the same homotopies in the polynomials' coefficients, tracked by another program.

The equations are linear in the data, so PHCpack's linear homotopy between the two polynomial systems, without its
random factor, is the same homotopy as that of the other engines. The systems are written in a fixed generic affine
patch. What PHCpack says about the ends is not trusted: they are refined and verified as those of other engines are.

PHCpack has its own step control; of the options only how careful they are is taken over. Every call writes and parses
polynomials and may start a program, so monodromy and the endgame, with their many short segments, are left to the
package's own engine (`short_segment_engine`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import equations_of
from ..equations.polynomials import PatchedSystem
from ..networks.strata import Stratum
from .engine import Homotopy, TrackResult
from .options import ReturnCode, TrackerOptions
from .phcpack_program import (
    Listing,
    PHCpackFailure,
    phc_program,
    phcpy_trackers,
    track_by_phc,
    track_by_phcpy,
    write_system,
)
from .tolerances import PHCPACK

__all__ = ["PHCpackEngine"]


class PHCpackEngine:
    """Tracks paths by phcpy if it can be imported, else by the program ``phc``.

    Raises
    ------
    InputError
        If neither is installed.
    """

    name = "phcpack"

    def __init__(self) -> None:
        self.in_process = phcpy_trackers() is not None
        if not self.in_process:
            phc_program()

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
        system = PatchedSystem(stratum, _generic_patches(stratum))
        start, target = (system.equations(data) for data in homotopy)
        values = system.from_points(points)
        unknowns, difficulty = system.unknowns, _difficulty(options)

        def by_phcpy(batch: Complex) -> Listing:
            return track_by_phcpy(target, start, batch, unknowns, difficulty=difficulty)

        texts = ("", "") if self.in_process else (write_system(target, unknowns), write_system(start, unknowns))

        def by_phc(batch: Complex) -> Listing:
            return track_by_phc(*texts, batch, unknowns, difficulty=difficulty)

        run = by_phcpy if self.in_process else by_phc

        def follow(batch: Complex) -> TrackResult:
            try:
                return self._result(system, batch, run(batch), options)
            except PHCpackFailure:
                if len(batch) == 1:
                    return _all_failed(system.points(batch))
            half = len(batch) // 2  # one path to infinity can make the program fail
            return _joined([follow(batch[:half]), follow(batch[half:])])

        batches = [values[i : i + PHCPACK.batch] for i in range(0, len(values), PHCPACK.batch)]
        results: list[TrackResult] = []
        with ThreadPoolExecutor(1 if self.in_process else max(1, min(jobs, len(batches)))) as pool:
            futures = [pool.submit(follow, batch) for batch in batches]
            try:
                for future in futures:
                    results.append(future.result())
                    if report is not None:
                        report(sum(map(len, results)))
            except BaseException:
                for future in futures:
                    future.cancel()
                raise
        if not results:
            return _all_failed(np.empty((0, stratum.coordinates), complex))
        return _joined(results)

    def _result(self, system: PatchedSystem, starts: Complex, listing: Listing, options: TrackerOptions) -> TrackResult:
        ends, finite = listing.values.copy(), np.isfinite(listing.values).all(axis=1)
        ends[~finite] = starts[~finite]
        left = np.clip(np.where(np.isfinite(listing.t), 1 - listing.t, 1.0), 0.0, 1.0)
        distances = left**2 / (left**2 + (1 - left) ** 2)  # see `session`
        arrived = finite & (distances == 0)
        arrived &= listing.errors <= PHCPACK.arrived * np.linalg.norm(ends, axis=1)
        codes = np.full(len(starts), ReturnCode.STEP_TOO_SMALL, dtype=np.int64)
        near = distances < options.endgame_distance
        codes[near] = ReturnCode.SINGULAR
        far = np.linalg.norm(ends, axis=1) > PHCPACK.far * np.linalg.norm(starts, axis=1)
        codes[near & far] = ReturnCode.DIVERGED
        codes[arrived] = ReturnCode.SUCCESS
        points = system.points(ends)
        inverse = listing.inverse_conditions
        return TrackResult(
            points=equations_of(system.stratum).normalize(points),
            codes=codes,
            errors=np.where(arrived, listing.errors, np.inf),
            conditions=np.divide(1.0, inverse, out=np.full(len(inverse), np.inf), where=inverse > 0),
            steps=np.zeros(len(starts), dtype=np.int64),
            distances=distances,
        )


def _generic_patches(stratum: Stratum) -> list[Complex]:
    """Complex patches, the same in all calls, in which no real point with a generic factor is at infinity."""
    patches = []
    for f, factor in enumerate(stratum.factors):
        phases: NDArray[np.float64] = np.sqrt(3.0) * (1 + f + np.arange(factor.degree)) ** 2
        patches.append(np.exp(1j * phases) / np.sqrt(2 * max(factor.degree, 1)))
    return patches


def _difficulty(options: TrackerOptions) -> int:
    """PHCpack's level of difficulty: that of its default, of retracking, or of the last resort."""
    usual = TrackerOptions()
    if options.smallest_step < usual.smallest_step:
        return 3
    return 2 if options.contraction_target < usual.contraction_target else 0


def _joined(results: list[TrackResult]) -> TrackResult:
    names = ("points", "codes", "errors", "conditions", "steps", "distances")
    return TrackResult(*(np.concatenate([getattr(result, name) for result in results]) for name in names))


def _all_failed(points: Complex) -> TrackResult:
    count = len(points)
    return TrackResult(
        points=points,
        codes=np.full(count, ReturnCode.STEP_TOO_SMALL, dtype=np.int64),
        errors=np.full(count, np.inf),
        conditions=np.full(count, np.inf),
        steps=np.zeros(count, dtype=np.int64),
        distances=np.ones(count),
    )
