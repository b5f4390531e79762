"""How long solves of millions of points take on a cluster: computed from constants that are measured here.

    python scripts/extrapolate_large_solves.py [--markdown]

Measured, as processor time of one thread: a path of each large network (between the data of monodromy, among the first
points that monodromy finds, and to real data), the comparison of ends of paths with known points of growing number, the
work of the client and of the scheduler for a block of paths, the trace test, and what a point costs after its path
(verification, classification, the result), on a network of 8 547 points. All of it takes about a minute.

What is assumed stands in the tables.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from benchmark_common import architecture_name, facts, machine, print_report, real_data, table
from benchmark_distributed import dask_programs, measured, processor_time

from homotopy_lcn import Architecture, critical_points, generic_count
from homotopy_lcn.equations.critical_equations import equations_of
from homotopy_lcn.equations.known_points import KnownPoints
from homotopy_lcn.errors import IncompleteStartSystem
from homotopy_lcn.losses.random_data import random_gaussian
from homotopy_lcn.networks.strata import Embedding, Stratum
from homotopy_lcn.solving.monodromy import Fibre, diagonal_gram, enter_ends, fill_fibre
from homotopy_lcn.solving.start_systems import StartSystems
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.solving.trace_test import trace_test
from homotopy_lcn.tracking import Homotopy, TrackerOptions
from homotopy_lcn.tracking.cluster import connected
from homotopy_lcn.tracking.distributed import WORDING
from homotopy_lcn.tracking.native import NativeEngine
from homotopy_lcn.tracking.settings import Tracking
from homotopy_lcn.tracking.timed import BLOCK, MOST_TOGETHER, lost

LARGE = (((4, 4, 4, 2), (2, 2, 2, 1)), ((5, 5, 5), (2, 2, 1)))
#: The network whose whole solve is measured, and one that is nothing but the program.
WHOLE, SMALL = ((4, 3, 3), (2, 2, 1)), ((3, 2), (2, 1))
#: Paths of monodromy for a point: so many on (4,4,3),(2,2,1), the largest network that they have been counted on.
PATHS = 4.0
CORES = (16, 64, 256)
#: Points of a large network that are found, paths to real data, and known points that ends are compared with.
FOUND, TO_REAL, KNOWN = 4096, 512, (100_000, 200_000, 400_000)
BLOCKS_SENT = 48
#: Bytes of a point of c coordinates on its way: there, and back with its code, error, condition, steps and distance.
THERE, BACK, WITH_IT = 16, 16, 40


class Stopwatch(NativeEngine):
    """The compiled engine, and how many paths it has tracked in what processor time."""

    paths, seconds = 0, 0.0

    def track(self, stratum, points, homotopy, options, **arguments):  # type: ignore[no-untyped-def]
        began = time.process_time()
        result = super().track(stratum, points, homotopy, options, **arguments)
        self.seconds += time.process_time() - began
        self.paths += len(points)
        return result


@dataclass(frozen=True)
class Costs:
    """What is measured of a large network; times in seconds.

    Attributes
    ----------
    path, real_path : float
        A path between the data of monodromy, and one to real data.
    end, end_by_known : float
        Comparing an end with N known points takes end + end_by_known · N.
    block : float
        The client's work for a block of `MOST_TOGETHER` times `BLOCK` paths.
    trace : float
        The trace test, of a point.
    """

    path: float
    real_path: float
    end: float
    end_by_known: float
    block: float
    trace: float


@dataclass(frozen=True)
class Whole:
    """What is measured of a whole solve: the time of a path to real data and of a point after it, memory of a point."""

    real_path: float
    point: float
    memory: float


def stratum_of(filters: tuple[int, ...], strides: tuple[int, ...]) -> tuple[Stratum, int]:
    """The largest stratum, and the number of all points."""
    arch = Architecture(filters, strides)
    rows = generic_count(arch)
    largest = max(rows, key=lambda row: row.count)
    return Embedding.of_pattern(arch, largest.pattern).stratum, rows.filters


def costs_of(stratum: Stratum, address: str) -> Costs:
    """Measure a large network."""
    rng, engine, equations = np.random.default_rng(0), Stopwatch(), equations_of(stratum)
    fibre = Fibre.start(stratum, rng, diagonal_gram(stratum.filter_size, rng))
    with suppress(IncompleteStartSystem):  # more points than it is told that there are
        fill_fibre(stratum, FOUND, Tracking(engine, rng=rng), fibre=fibre)
    data, points = fibre.bases[0].data, fibre.bases[0].points[:FOUND]
    to_real = Stopwatch()
    target = real_data(stratum.filter_size, rng)
    to_real.track(stratum, points[:TO_REAL], Homotopy(data, target), TrackerOptions())
    began = time.process_time()
    trace_test(stratum, data, points, Tracking(engine, rng=rng))
    trace = (time.process_time() - began) / len(points)
    comparing = []
    for known in KNOWN:
        everything = rng.normal(size=(known + SOLVING.largest_crossing, 2 * stratum.coordinates)).view(complex)
        there = KnownPoints(equations, everything[:known].copy())
        there.reserve(len(everything))
        ends = everything[known // 2 :: 2][: SOLVING.largest_crossing // 2]  # known ones, and as many new ones
        ends = np.concatenate([ends, everything[known : known + len(ends)]])
        began = time.process_time()
        enter_ends(equations, there, ends)
        comparing.append((time.process_time() - began) / len(ends))
    slope, constant = np.polyfit(KNOWN, comparing, 1)
    block = np.tile(points, (1 + MOST_TOGETHER * BLOCK // len(points), 1))[: MOST_TOGETHER * BLOCK]
    with connected(address, WORDING) as cluster:
        list(cluster.in_order(lost, [block] * 4))
        began = time.process_time()
        list(cluster.in_order(lost, [block] * BLOCKS_SENT))
        sent = (time.process_time() - began) / BLOCKS_SENT
    return Costs(engine.seconds / engine.paths, to_real.seconds / to_real.paths, constant, max(slope, 0.0), sent, trace)


def whole_solve() -> Whole:
    """Measure a whole solve, from nothing and with its start system."""
    arch, systems = Architecture(*WHOLE), StartSystems()
    loss = random_gaussian(arch, np.random.default_rng(0)).loss
    count = len(critical_points(arch, loss, max_count=10**6, start_systems=systems))
    again = Stopwatch()
    began = time.process_time()
    critical_points(arch, loss, engine=again, max_count=10**6, start_systems=systems)
    rest = time.process_time() - began - again.seconds
    memory = [
        float(str(measured(*(",".join(map(str, part)) for part in each), False)["memory"])) for each in (SMALL, WHOLE)
    ]
    return Whole(
        again.seconds / again.paths,
        rest / count,
        (memory[1] - memory[0]) / count,
    )


def rows_of(name: str, stratum: Stratum, count: int, costs: Costs, whole: Whole) -> Iterator[list[object]]:
    """The extrapolation of one network, a row for each number of cores; times in hours."""
    paths = PATHS * count
    slower = costs.real_path / whole.real_path  # a point's other work grows as its path does
    tracking = paths * costs.path + count * costs.real_path
    blocks = (paths + count) / (MOST_TOGETHER * BLOCK)
    duplicates = paths * (costs.end + costs.end_by_known * count / 2)
    sending = blocks * costs.block
    after = count * (costs.trace + slower * whole.point)
    sent = (paths + count) * ((THERE + BACK) * stratum.coordinates + WITH_IT)
    arch, reference = stratum.coordinates + stratum.filter_size, stratum_of(*WHOLE)[0]
    memory = count * whole.memory * arch / (reference.coordinates + reference.filter_size)
    alone = tracking + duplicates + after
    for cores in CORES:
        # The client compares the ends of one block while the workers track the next ones.
        elapsed = max(tracking / cores, duplicates + sending) + after
        yield [
            name, f"{count:,}".replace(",", " "), cores, tracking / 3600, duplicates / 3600, sending / 3600,
            after / 3600, elapsed / 3600, alone / elapsed, memory / 1e9, sent / 1e9,
        ]  # fmt: skip


def main() -> None:
    """Measure, compute and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    items = machine()
    constants: list[list[object]] = []
    rows: list[list[object]] = []
    whole = whole_solve()
    with tempfile.TemporaryDirectory() as folder, dask_programs(Path(folder)) as (address, processes):
        for filters, strides in LARGE:
            stratum, count = stratum_of(filters, strides)
            name = architecture_name(filters, strides)
            began = processor_time(processes[:1])
            costs = costs_of(stratum, address)
            scheduler = (processor_time(processes[:1]) - began) / (BLOCKS_SENT + 4)
            constants.append(
                [name, stratum.filter_size, stratum.coordinates, 1e6 * costs.path, 1e6 * costs.real_path,
                 1e6 * costs.end, 1e12 * costs.end_by_known, 1e3 * costs.block, 1e3 * scheduler, 1e6 * costs.trace]
            )  # fmt: skip
            rows += rows_of(name, stratum, count, costs, whole)
    items["load average"] += f" before, {psutil.getloadavg()[0]:.1f} after"
    text = [
        facts(items),
        "Measured on the large networks, processor time of one thread:",
        table(
            ("(k),(s)", "K", "coordinates", "path of monodromy, µs", "path to real data, µs", "comparing an end, µs",
             "more for 10⁶ known points, µs", f"client, a block of {MOST_TOGETHER * BLOCK} paths, ms",
             "scheduler, a block, ms", "trace test of a point, µs"),
            constants,
        ),
        f"Measured on the whole solve of {architecture_name(*WHOLE)}:",
        table(
            ("a path to real data, µs", "a point after its path, µs",
             "memory of the solve, kB for a point"),
            [[1e6 * whole.real_path, 1e6 * whole.point, whole.memory / 1e3]],
        ),
        "Computed, in hours:",
        table(
            ("(k),(s)", "points", "cores", "all paths", "client: comparing", "client: sending", "client: afterwards",
             "elapsed", "times faster than one core", "memory of the client, GB", "sent, GB"),
            rows,
        ),
    ]  # fmt: skip
    print_report("large solves", "\n\n".join(text), options.markdown)


if __name__ == "__main__":
    main()
