"""Benchmarks of solves that `benchmark_builds` runs in a fresh process of each build, one number a run.

    python scripts/build_benchmarks.py NAME [RUNS]

Each prints one number: the median of the runs, in microseconds of processor time for one data set. A build without
``critical_points_of_many`` solves many data sets by one call each.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # threads of the BLAS that wait count as processor time
    os.environ[name] = "1"

import numpy as np  # noqa: E402

import homotopy_lcn as hl  # noqa: E402

#: Runs of which the median is taken, and data sets of one run.
RUNS, WARM, MANY = 7, 40, 10_000
ARCHITECTURES = {
    "2,2": ((2, 2), (2, 1)),
    "3,2": ((3, 2), (2, 1)),
    "3,3": ((3, 3), (2, 1)),
    "2,2,2": ((2, 2, 2), (1, 2, 1)),
}


def moments(arch: hl.Architecture, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gram matrices, moment vectors and constants of Gaussian data, four times as many samples as coefficients."""
    size = arch.filter_size
    generator = np.random.default_rng([seed, size])
    X, Y = generator.normal(size=(count, 4 * size, size)), generator.normal(size=(count, 4 * size))
    return X.transpose(0, 2, 1) @ X, np.einsum("tni,tn->ti", X, Y), (Y * Y).sum(axis=1)


def losses_of(arch: hl.Architecture, count: int, seed: int = 0) -> list[hl.SquaredLoss]:
    """The same as losses."""
    return [hl.SquaredLoss(*one) for one in zip(*moments(arch, count, seed), strict=True)]


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def warm(name: str, runs: int = RUNS) -> float:
    """One `critical_points` call with its points and counts, in microseconds."""
    arch = hl.Architecture(*ARCHITECTURES[name])
    losses = losses_of(arch, WARM)

    def solve() -> None:
        for loss in losses:
            result = hl.critical_points(arch, loss)
            assert result.complete
            assert len(result.points) == result.counts.found

    solve()
    return 1e6 * statistics.median(processor_time(solve) for _ in range(runs)) / WARM


def many(count: int = MANY, runs: int = RUNS) -> float:
    """One of many losses of (3,2),(2,1), in microseconds; the results are complete, their counts are looked at."""
    arch = hl.Architecture(*ARCHITECTURES["3,2"])
    together = getattr(hl, "critical_points_of_many", None)
    losses = losses_of(arch, count if together else count // 20)

    def solve() -> None:
        results = together(arch, losses) if together else [hl.critical_points(arch, loss) for loss in losses]
        assert all(result.complete and result.counts.found == 10 for result in results)

    hl.critical_points(arch, losses[0])
    return 1e6 * statistics.median(processor_time(solve) for _ in range(runs)) / len(losses)


#: The benchmarks by their names.
BENCHMARKS: dict[str, Callable[[int], float]] = {
    **{f"warm {name}": (lambda runs, name=name: warm(name, runs)) for name in ARCHITECTURES},
    "many": lambda runs: many(runs=runs),
}


if __name__ == "__main__":
    print(BENCHMARKS[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else RUNS))
