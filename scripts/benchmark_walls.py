"""Walls of a segment of data: processor time against a cold solve, and against bisection on a grid of solves.

A cold solve is a fresh process that imports the package and solves once. A grid of GRID solves finds walls only where
the number of real points at two neighbouring places differs; the time of its solves alone is given.

    python scripts/benchmark_walls.py [--segments 9] [--into-document]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

GRID = 1000
NETWORKS = (((2, 2), (2, 1)), ((3, 2), (2, 1)), ((3, 3), (2, 1)))
COLD = """
import resource
import homotopy_lcn as hl
import numpy as np
arch = hl.Architecture({filters}, {strides})
rng = np.random.default_rng(0)
x = rng.standard_normal((2 * arch.filter_size, arch.filter_size))
hl.critical_points(arch, hl.SquaredLoss(x.T @ x, rng.standard_normal(arch.filter_size)))
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""


def cold_seconds(filters: tuple[int, ...], strides: tuple[int, ...], repeats: int) -> float:
    """Median processor time of a process that solves once."""
    program = COLD.format(filters=filters, strides=strides)
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(repeats)
    ]
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=9)
    parser.add_argument("--into-document", action="store_true", help="put the table into docs/performance.md, too")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"

    import numpy as np
    from benchmark_common import architecture_name, facts, machine, median_seconds, print_report, seconds, table

    import homotopy_lcn as hl

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOMOTOPY_LCN_CACHE"] = folder
        for filters, strides in NETWORKS:
            arch = hl.Architecture(filters, strides)
            size = arch.filter_size
            cold = cold_seconds(filters, strides, 5)
            for moves in ("b", "Σ and b"):
                rng = np.random.default_rng(0)
                samples = rng.standard_normal((2, 2 * size, size))
                grams = [x.T @ x for x in (samples if moves != "b" else (samples[0], samples[0]))]

                def segment(rng: np.random.Generator = rng, grams: list = grams) -> list[hl.SquaredLoss]:
                    return [hl.SquaredLoss(gram, rng.standard_normal(len(gram))) for gram in grams]

                first, numbers, complete, times = seconds(lambda: hl.walls(arch, *segment())), [], True, []  # noqa: B023
                for _ in range(arguments.segments):
                    losses = segment()
                    found = []
                    times.append(seconds(lambda: found.append(hl.walls(arch, *losses))))  # noqa: B023
                    numbers.append(len(found[0].walls))
                    complete &= found[0].complete
                solve = median_seconds(lambda: hl.critical_points(arch, losses[0]), 9, 0.05)  # noqa: B023
                time = statistics.median(times)
                rows.append(
                    (
                        architecture_name(filters, strides),
                        moves,
                        statistics.median(numbers),
                        "all" if complete else "not all",
                        1e3 * first,
                        1e3 * time,
                        time / cold,
                        GRID * solve / time,
                    )
                )
    header = (
        "network",
        "moves",
        "walls (median)",
        "complete",
        "first segment, ms",
        "segment (median), ms",
        "cold solves",
        f"{GRID} warm solves are × as slow",
    )
    print_report("walls", f"{facts(machine())}\n\n{table(header, rows)}", arguments.into_document)


if __name__ == "__main__":
    main()
