"""The kernel against the reference engine, PHCpack and Macaulay2: the same homotopies, one thread, in one call.

    python scripts/benchmark_peers.py [--repeats 7] [--architectures 5] [--markdown]

For every architecture, the package's start system is tracked to targets as users have them, real data of Gaussian
samples, along the straight segments of data by

* the kernel, many targets at once (a survey) and one target a call,
* the reference engine,
* PHCpack's ``standard_double_track`` (phcpy; Debian: apt-get install python3-phcpy), with the power of t equal to 1,
  which is quicker, and to 2, its default,
* Macaulay2's ``track`` (NumericalAlgebraicGeometry; Debian: apt-get install macaulay2),

the last two as polynomial systems in a fixed patch: the equations are linear in the data, so a linear homotopy between
the polynomial systems (gamma = 1) is the same homotopy. Only the tracking call is timed, inside each program, in
processor time: on an idle machine that is the time elapsed, and on a busy one it is less disturbed. Medians are over
targets for the peers and for one target a call, over repetitions for the survey. The ends of all paths are compared as
filters.

The second table relates the kernel to the peak of one core: flops of a lane-iteration are counted by running
the kernel with a number type that counts (count_flops.hpp), the peak is measured by independent multiply-adds
(fma_peak.cpp). Both need g++.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from benchmark_common import (
    GOAL_ARCHITECTURES,
    SCRIPTS,
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

from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import find, first_occurrences
from homotopy_lcn.equations.polynomials import PatchedSystem, written
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, TrackResult
from homotopy_lcn.tracking.native import NativeEngine, PathTask
from homotopy_lcn.tracking.reference import ReferenceEngine

#: Paths of one survey call.
SURVEY_PATHS = 8000
#: Ends this near (relative to the filter) are the same.
SAME_END = 1e-6
PHC_PYTHON = "/usr/bin/python3"


@dataclass
class PeerRun:
    """What a peer did: for every target, seconds of the call and the filters at the ends (P, K).

    ``inner`` is the part of the seconds that is spent on tracking rather than on reading the systems, where known.
    """

    seconds: list[float] = field(default_factory=list)
    inner: list[float] = field(default_factory=list)
    filters: list[NDArray[np.complex128]] = field(default_factory=list)


def run_phcpack(task: Problem, targets: list[Data], power: int) -> PeerRun:
    """PHCpack's ``standard_double_track``; any ``power`` of t goes along the same segment."""
    system = PatchedSystem(task.stratum)

    def text(data: Data) -> list[str]:
        return [written(equation, system.unknowns, "i") + ";" for equation in system.equations(data)]

    values = system.from_points(task.start.points)
    job = {
        "unknowns": system.unknowns,
        "power": power,
        "start": text(task.start.data),
        "targets": [text(target) for target in targets],
        "points": [[[z.real, z.imag] for z in point] for point in values.tolist()],
    }
    with tempfile.TemporaryDirectory() as folder:
        source, destination = Path(folder) / "input.json", Path(folder) / "output.json"
        source.write_text(json.dumps(job))
        command = [PHC_PYTHON, str(SCRIPTS / "peer_phcpack.py"), str(source), str(destination)]
        subprocess.run(command, check=True, capture_output=True)
        results = json.loads(destination.read_text())
    run = PeerRun([r["seconds"] for r in results], [r["inner"] for r in results])
    for result in results:
        run.filters.append(system.filters(np.array(result["points"]) @ np.array([1, 1j])))
    return run


MACAULAY2 = """
needsPackage "NumericalAlgebraicGeometry"
R = CC[{unknowns}]
startSystem = {{{start}}}
startPoints = {{{points}}}
report = targetSystem -> (
    began := cpuTime();
    result := track(startSystem, targetSystem, startPoints, gamma => 1);
    << "seconds " << toExternalString toRR(cpuTime() - began) << endl;
    for p in result do (
        << "point";
        for z in coordinates p do
            << " " << toExternalString toRR realPart z << " " << toExternalString toRR imaginaryPart z;
        << endl;
        );
    )
{runs}
"""


def run_macaulay2(task: Problem, targets: list[Data]) -> PeerRun:
    """Macaulay2's ``track`` with its default options."""
    system = PatchedSystem(task.stratum)

    def text(data: Data) -> str:
        return ",\n".join(written(equation, system.unknowns, "ii") for equation in system.equations(data))

    points = ",\n".join(
        "{" + ", ".join(f"{z.real:.17g}+({z.imag:.17g})*ii" for z in point) + "}"
        for point in system.from_points(task.start.points).tolist()
    )
    program = MACAULAY2.format(
        unknowns=", ".join(system.unknowns),
        start=text(task.start.data),
        points=points,
        runs="\n".join(f"report {{{text(target)}}}" for target in targets),
    )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "track.m2"
        script.write_text(program)
        command = ["M2", "--script", str(script)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    run = PeerRun()
    ends: list[list[list[float]]] = []
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == "seconds":
            run.seconds.append(macaulay2_number(rest))
            ends.append([])
        elif word == "point":
            ends[-1].append([macaulay2_number(number) for number in rest.split()])
    run.filters = [system.filters(np.array(values)[:, 0::2] + 1j * np.array(values)[:, 1::2]) for values in ends]
    return run


def macaulay2_number(text: str) -> float:
    """A real number in Macaulay2's external form, such as ``-.25p53e1``."""
    return float(re.sub(r"p\d+", "", text.strip()))


@dataclass(frozen=True)
class Peer:
    """Another program: how to run it, how to see whether it is here, and how to install it."""

    name: str
    run: Callable[[Problem, list[Data]], PeerRun]
    version_command: list[str]
    install: str

    def version(self) -> str | None:
        """Its version, None if it is not installed."""
        if shutil.which(self.version_command[0]) is None:
            return None
        result = subprocess.run(self.version_command, capture_output=True, text=True, check=False)
        return result.stdout.strip().splitlines()[-1] if result.returncode == 0 and result.stdout.strip() else None


PEERS = (
    *(
        Peer(
            name,
            partial(run_phcpack, power=power),
            [PHC_PYTHON, "-c", "from phcpy.phcpy2c3 import py2c_PHCpack_version_string as v; print(v())"],
            "apt-get install phcpack python3-phcpy",
        )
        for name, power in (("PHCpack", 1), ("PHCpack, t²", 2))
    ),
    Peer("Macaulay2", run_macaulay2, ["M2", "--version"], "apt-get install macaulay2"),
)


@dataclass
class Timing:
    """Microseconds a path of everything on one architecture, and which ends agree with the kernel's."""

    name: str
    paths: int
    survey: float
    single: float
    reference: float
    peers: dict[str, float]
    inner: dict[str, float]
    same: dict[str, str]
    handed_on: int = 0


def compare(task: Problem, peers: list[Peer], repeats: int, rng: np.random.Generator) -> Timing:
    """Time everything on one architecture."""
    stratum, points, start = task.stratum, task.start.points, task.start.data
    options = TrackerOptions()
    kernel, reference = NativeEngine(), ReferenceEngine()
    targets = task.targets(repeats, rng)
    many = task.targets(max(1, SURVEY_PATHS // task.paths), rng)
    filters = equations_of(stratum).filters
    microseconds = 1e6 / task.paths

    ends = [filters(kernel.track(stratum, points, Homotopy(start, target), options).points) for target in targets]
    distinct = sum(int((first_occurrences(end) == np.arange(len(end))).sum()) for end in ends)
    result = Timing(task.name, task.paths, 0, 0, 0, {}, {}, {})
    result.same["kernel"] = f"{distinct} of {task.paths * repeats}"
    survey = median_seconds(lambda: kernel.track_many(stratum, points, start, many, options), repeats)
    result.survey = microseconds * survey / len(many)
    result.handed_on = int((raw(task, many, options, 1).codes == ReturnCode.STEP_TOO_SMALL).sum())
    together = filters(kernel.track_many(stratum, points, start, targets, options).points)
    result.same["survey"] = agreement(ends, np.split(together, repeats))
    result.single = microseconds * statistics.median(
        median_seconds(lambda t=target: kernel.track(stratum, points, Homotopy(start, t), options), 5, 1e-3)
        for target in targets
    )
    tracked: list[TrackResult] = []
    result.reference = microseconds * statistics.median(
        seconds(lambda t=target: tracked.append(reference.track(stratum, points, Homotopy(start, t), options)))
        for target in targets
    )
    result.same["reference"] = agreement(ends, [filters(run.points) for run in tracked])
    for peer in peers:
        run = peer.run(task, [targets[0], *targets])  # the first call loads and compiles; it does not count
        result.peers[peer.name] = microseconds * statistics.median(run.seconds[1:])
        if run.inner:
            result.inner[peer.name] = microseconds * statistics.median(run.inner[1:])
        result.same[peer.name] = agreement(ends, run.filters[1:])
    return result


def agreement(expected: list[NDArray[np.complex128]], found: list[NDArray[np.complex128]]) -> str:
    """How many of the expected filters were found, path by path or at least by another path."""
    total = sum(map(len, expected))
    indices = [find(here, there, SAME_END) for here, there in zip(expected, found, strict=True)]
    in_order = sum(int((index == np.arange(len(index))).sum()) for index in indices)
    at_all = sum(len(np.unique(index[index >= 0])) for index in indices)
    if in_order == total:
        return "all"
    return f"{at_all} of {total}" + (f" ({at_all - in_order} by another path)" if at_all > in_order else "")


@dataclass(frozen=True)
class Efficiency:
    """The kernel against the peak of one core, in survey mode."""

    name: str
    iterations: float
    flops: float
    used_lanes: float
    gflops: float


def efficiency(task: Problem, counter: FlopCounter, repeats: int, rng: np.random.Generator) -> Efficiency:
    """Flops a second of the kernel alone: lane-iterations times their counted flops, by the median time."""
    options, kernel = TrackerOptions(), NativeEngine()
    paths = PathTask(task.stratum, task.start.points, task.start.data, options)
    operations, _ = counter.count(task, task.targets(max(2, 200 // task.paths), rng), options)
    flops = sum(operations.values())
    targets = task.targets(max(1, SURVEY_PATHS // task.paths), rng)
    result = kernel.run(paths, targets)
    time = median_seconds(lambda: kernel.run(paths, targets), repeats)
    steps = int(result["steps"].sum())
    gflops = result["iterations"] * flops / time * 1e-9
    return Efficiency(task.name, steps / len(result["steps"]), flops, steps / result["iterations"], gflops)


def timing_tables(timings: list[Timing], peers: list[Peer]) -> str:
    """Microseconds a path, ratios, and agreement of the ends."""
    names = [peer.name for peer in peers]
    inner = [name for name in names if name in timings[0].inner]
    times = table(
        ["(k),(s)", "paths", "kernel, survey", "kernel, one target", "reference engine", *names]
        + [f"{name}, tracking only" for name in inner],
        [
            [t.name, t.paths, t.survey, t.single, t.reference, *(t.peers[name] for name in names)]
            + [t.inner[name] for name in inner]
            for t in timings
        ],
    )
    ratios = table(
        ["(k),(s)", "reference / survey", "reference / one target"]
        + [f"{name} / {mode}" for name in names for mode in ("survey", "one target")],
        [
            [t.name, t.reference / t.survey, t.reference / t.single]
            + [t.peers[name] / mode for name in names for mode in (t.survey, t.single)]
            for t in timings
        ],
    )
    others = ["survey", "reference", *names]
    same = table(
        ["(k),(s)", "distinct ends", *others, "survey, handed on"],
        [[t.name, t.same["kernel"], *(t.same[name] for name in others), t.handed_on] for t in timings],
    )
    return (
        "Targets are real data of Gaussian samples. PHCpack: with the power of t equal to 1, t² its default.\n\n"
        f"Microseconds a path, medians, one thread:\n\n{times}\n\nRatios:\n\n{ratios}\n\n"
        "Ends of the kernel (one target a call) that are distinct; those that the others found, path by path; paths of "
        "the\nsurvey that the kernel handed on to the reference engine, which makes the survey slower:\n\n"
        f"{same}"
    )


def efficiency_table(rows: list[Efficiency], peak: float) -> str:
    """The kernel against the peak."""
    return (
        f"Peak of one core, measured: {peak:.1f} GFLOP/s of multiply-adds. Flops are counted by the kernel run "
        f"with\na number type that counts; used lanes: the part of the lane-iterations that advance a path.\n\n"
    ) + table(
        ["(k),(s)", "iterations a path", "flops a lane-iteration", "used lanes, %", "GFLOP/s", "% of peak"],
        [[r.name, r.iterations, r.flops, 100 * r.used_lanes, r.gflops, 100 * r.gflops / peak] for r in rows],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="homotopies, or repetitions, of each median; at least 5")
    parser.add_argument("--architectures", type=int, default=len(GOAL_ARCHITECTURES), help="only the first ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()

    description = machine()
    peers = []
    for peer in PEERS:
        version = peer.version()
        description[peer.name] = version or f"not found; `{peer.install}` installs it on Debian"
        if version is not None:
            peers.append(peer)
    tasks = [problem(*architecture) for architecture in GOAL_ARCHITECTURES[: arguments.architectures]]
    rng = np.random.default_rng(arguments.seed)
    sections = [timing_tables([compare(task, peers, arguments.repeats, rng) for task in tasks], peers)]
    try:
        counter = FlopCounter([task.stratum for task in tasks])
        rows = [efficiency(task, counter, arguments.repeats, rng) for task in tasks]
        sections.append(efficiency_table(rows, peak_gflops()))
    except FileNotFoundError:
        sections.append("Peak: not measured, g++ not found; `apt-get install g++` installs it on Debian.")
    description["load average"] += f" before, {os.getloadavg()[0]:.1f} after"
    print_report("peers", "\n\n".join([facts(description), *sections]), arguments.markdown)


if __name__ == "__main__":
    main()
