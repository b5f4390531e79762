"""PHCpack: its files, its program ``phc`` and its Python interface phcpy.

Verschelde, *Algorithm 795: PHCpack* (ACM Trans. Math. Softw. 25 (1999)); Verschelde, *Modernizing PHCpack through
phcpy* (2014). Tested with PHCpack 2.4.86 and phcpy 1.1.2.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from ..arrays import Complex, Real
from ..equations.polynomials import Polynomial, written
from ..errors import InputError
from .tolerances import PHCPACK

__all__ = [
    "Listing",
    "PHCpackFailure",
    "phc_program",
    "phcpy_trackers",
    "read_solutions",
    "session",
    "solve_by_blackbox",
    "track_by_phc",
    "track_by_phcpy",
    "version",
    "write_solutions",
    "write_system",
]

INSTALL = "apt-get install phcpack (Debian, Ubuntu), or phcpy 1.1 from www.phcpack.org for this Python"


class PHCpackFailure(RuntimeError):
    """PHCpack ended without an answer that can be read."""


@dataclass(frozen=True)
class Listing:
    """Solutions as PHCpack lists them.

    Attributes
    ----------
    values : (P, n) complex array
        Values of the unknowns.
    t : (P,) float array
        The continuation parameter; 1 where a path arrived.
    errors : (P,) float array
        Size of the last Newton step.
    inverse_conditions : (P,) float array
        Estimates of the inverse of the condition number.
    """

    values: Complex
    t: Real
    errors: Real
    inverse_conditions: Real

    def __len__(self) -> int:
        return len(self.values)


def phc_program() -> str:
    """Where the program ``phc`` is.

    Raises
    ------
    InputError
        If it is not installed. The message does not name an argument.
    """
    found = shutil.which("phc")
    if found is None:
        raise InputError(f"PHCpack is not installed; {INSTALL}")
    return found


def phcpy_trackers() -> ModuleType | None:
    """The module ``phcpy.trackers`` of phcpy 1.1, or None if it cannot be imported."""
    try:
        with _silence():  # phcpy greets on standard output
            import_module("phcpy.tuning")
            trackers = import_module("phcpy.trackers")
    except Exception:  # an extension module for another Python fails in many ways
        return None
    return trackers if hasattr(trackers, "standard_double_track") else None  # later versions have other functions


def version() -> str | None:
    """Version of the program ``phc``, None if it is not installed."""
    if (program := shutil.which("phc")) is None:
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"PHCv?([\d.]+)", answer)
    return found[1] if found else None


def write_system(equations: Sequence[Polynomial], unknowns: Sequence[str]) -> str:
    """A system in PHCpack's format."""
    lines = [written(equation, unknowns, "i") + ";" for equation in equations]
    return "\n".join([str(len(lines)), *lines]) + "\n"


def write_solutions(values: Complex, unknowns: Sequence[str]) -> str:
    """Solutions (P, n) in PHCpack's format, as they follow a start system."""
    lines = ["", "THE SOLUTIONS :", "", f"{len(values)} {len(unknowns)}", "=" * 75]
    for number, point in enumerate(values.tolist(), 1):
        lines.append(f"solution {number} :")
        lines += _solution(point, unknowns)
    return "\n".join(lines) + "\n"


def _solution(point: Sequence[complex], unknowns: Sequence[str]) -> list[str]:
    lines = ["t :  0.00000000000000E+00   0.00000000000000E+00", "m : 1", "the solution for t :"]
    lines += [f" {name} : {z.real:.16E}  {z.imag:.16E}" for name, z in zip(unknowns, point, strict=True)]
    return [*lines, "== err :  0.000E+00 = rco :  1.000E+00 = res :  0.000E+00 =="]


def read_solutions(text: str, unknowns: Sequence[str]) -> Listing:
    """The last list of solutions in a file of PHCpack; an empty one if there is none.

    Raises
    ------
    PHCpackFailure
        If it is cut short, or one of the solutions cannot be read.
    """
    _, found, listing = text.rpartition("THE SOLUTIONS")
    if not found:
        return _read([], unknowns)
    head, *solutions = re.split(r"\nsolution \d+", listing)
    announced = re.search(r"(\d+) \d+\s*=", head)
    if announced is None or int(announced[1]) != len(solutions):
        raise PHCpackFailure("PHCpack's list of solutions is not complete")
    return _read(solutions, unknowns)


def _read(solutions: Sequence[str], unknowns: Sequence[str]) -> Listing:
    number = r"([-+]?\d[\d.]*(?:E[-+]?\d+)?|NaN|[-+]?Inf\w*)"
    rows = []
    for solution in solutions:
        entries = re.findall(rf"^ *(\w+) : +{number} +{number} *$", solution, flags=re.MULTILINE | re.IGNORECASE)
        values = {name: complex(float(real), float(imag)) for name, real, imag in entries}
        marks = re.search(r"err : *(\S+) *= *rco : *(\S+)", solution)
        if marks is None or not {"t", *unknowns} <= values.keys():
            raise PHCpackFailure("PHCpack wrote a solution that cannot be read")
        rows.append([values["t"].real, float(marks[1]), float(marks[2]), *(values[name] for name in unknowns)])
    table = np.array(rows, dtype=complex).reshape(len(rows), 3 + len(unknowns))
    return Listing(table[:, 3:], table[:, 0].real, table[:, 1].real, table[:, 2].real)


def solve_by_blackbox(
    equations: Sequence[Polynomial], unknowns: Sequence[str], *, seed: int = 0, timeout: float | None = None
) -> Listing:
    """The isolated solutions that PHCpack's blackbox solver finds, ``phc -b``.

    Parameters
    ----------
    equations, unknowns
        A square system.
    seed : int
        PHCpack's random choices come from it.
    timeout : float, optional
        Seconds after which to give up.

    Raises
    ------
    InputError
        If PHCpack is not installed.
    PHCpackFailure
        If it gives no answer (in time).
    """
    program = phc_program()
    failure = None
    for attempt in range(PHCPACK.attempts):
        with tempfile.TemporaryDirectory(prefix="homotopy-lcn-") as folder:
            system = Path(folder) / "system"
            system.write_text(write_system(equations, unknowns))
            option = f"-0{1 + (seed + attempt * 7919) % 10**8}"
            failure = _run([program, option, "-b", "system", "log"], folder, None, timeout)
            if failure is None:
                # To a system without solutions nothing is added.
                return read_solutions(system.read_text(), unknowns)
    raise PHCpackFailure(failure or "PHCpack failed")


def session(difficulty: int = 0) -> str:
    """Answers to the questions of ``phc -p``: track from ``start`` to ``target`` along the segment itself.

    The files ``target`` and ``start`` are in the working folder; ``result`` is written. The homotopy is
    (1 − t)² start + t² target, without the usual random factor: the coefficients stay in the family. The squares make
    steps near both ends shorter, without which paths to data of the real world get lost.

    Parameters
    ----------
    difficulty : int
        PHCpack's level of difficulty, from 0 on: the higher, the shorter the steps.
    """
    settings = ["k", "2", "a", "1.0", "0.0", "0"]
    tuning = ["1", str(difficulty), "0"] if difficulty else ["0"]
    return "\n".join(["target", "result", "n", "start", *settings, *tuning, "0"]) + "\n"


def track_by_phc(target: str, start: str, points: Complex, unknowns: Sequence[str], *, difficulty: int = 0) -> Listing:
    """Track paths by the program ``phc -p``.

    Parameters
    ----------
    target, start : str
        Systems, as `write_system` writes them.
    points : (P, n) complex array
        Solutions of the start system.
    unknowns : sequence of str
    difficulty : int
        See `session`.

    Returns
    -------
    Listing
        In the order of the points.

    Raises
    ------
    InputError, PHCpackFailure
    """
    program = phc_program()
    with tempfile.TemporaryDirectory(prefix="homotopy-lcn-") as folder:
        (Path(folder) / "target").write_text(target)
        (Path(folder) / "start").write_text(start + write_solutions(points, unknowns))
        failure = _run([program, "-0", "-p"], folder, session(difficulty), None)
        result = Path(folder) / "result"
        listing = read_solutions(result.read_text() if result.exists() else "", unknowns)
    if len(listing) != len(points):
        raise PHCpackFailure(failure or f"PHCpack lists {len(listing)} ends of {len(points)} paths")
    return listing


def track_by_phcpy(
    target: Sequence[Polynomial],
    start: Sequence[Polynomial],
    points: Complex,
    unknowns: Sequence[str],
    *,
    difficulty: int = 0,
) -> Listing:
    """The same by phcpy's ``standard_double_track``; it is not safe to call from several threads.

    (``ade_double_track`` of phcpy 1.1.2 returns the start points.)
    """
    trackers = phcpy_trackers()
    if trackers is None:
        raise InputError(f"phcpy cannot be imported; {INSTALL}")

    def texts(equations: Sequence[Polynomial]) -> list[str]:
        return [written(equation, unknowns, "i") + ";" for equation in equations]

    solutions = ["\n".join(_solution(point, unknowns)) for point in points.tolist()]
    with _silence():
        import_module("phcpy.tuning").tune_track_parameters(difficulty=difficulty, silent=True)
        ends = trackers.standard_double_track(texts(target), texts(start), solutions, gamma=complex(1), pwt=2)
    listing = _read(ends, unknowns)
    if len(listing) != len(points):
        raise PHCpackFailure(f"phcpy returned {len(listing)} ends of {len(points)} paths")
    return listing


def _run(command: list[str], folder: str, answers: str | None, timeout: float | None) -> str | None:
    """Run the program; what it says if it failed."""
    try:
        done = subprocess.run(
            command, cwd=folder, input=answers, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise PHCpackFailure(f"PHCpack gave no answer in {timeout:g} s") from None
    if done.returncode != 0 or "unhandled exception" in done.stdout:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return f"PHCpack failed: {lines[-1] if lines else f'exit code {done.returncode}'}"
    return None


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing on standard output, from Python or from compiled code: a result may be going there."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        kept = os.dup(1)
        try:
            os.dup2(nowhere.fileno(), 1)
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)
