"""bertini2's blackbox solver, run in a Python process of its own.

Tested with bertini2 4.0.0.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..equations.polynomials import Polynomial
from ..errors import InputError
from ..extras import install_command
from ..tracking.phcpack_program import Listing
from .bertini2_script import bertini2_number

__all__ = ["Bertini2Failure", "check_installed", "solve_by_bertini2", "version", "write_system"]


#: Reads the system and the seed from the file of its first argument, and writes the ends of the paths to the second.
_SCRIPT = """
import json, os, sys
os.environ["BERTINI_RECORDS_DIR"] = "none"
import bertini
task = json.load(open(sys.argv[1]))
bertini.random.set_random_seed(task["seed"])
solver = bertini.ZeroDimSolver(bertini.parse.system(task["system"]), startsystem="mhom")
solver.solve()
ends = [
    [[complex(z).real, complex(z).imag] for z in end] + [[facts.condition_number, 0.0]]
    for end, facts in zip(solver.all_solutions(), solver.solution_metadata())
    if facts.endgame_success_code == bertini.SuccessCode.Success and facts.is_finite
]
json.dump(ends, open(sys.argv[2], "w"))
"""


class Bertini2Failure(RuntimeError):
    """bertini2 ended without an answer that can be read."""


def check_installed() -> None:
    """Raise InputError if this Python has no bertini2. The message does not name an argument."""
    if find_spec("bertini") is None:
        raise InputError(f"bertini2 is not installed in this Python; {install_command('bertini2')}")


def version() -> str | None:
    """Version of bertini2, None if it is not installed."""
    try:
        return metadata.version("bertini2")
    except metadata.PackageNotFoundError:
        return None


def write_system(equations: Sequence[Polynomial], groups: Sequence[Sequence[str]]) -> str:
    """A system in bertini2's format, homogeneous in each group of unknowns apart."""
    unknowns = [name for group in groups for name in group]
    functions = [f"F{i}" for i in range(len(equations))]
    lines = [f"variable_group {', '.join(group)}" for group in groups]
    lines.append(f"function {', '.join(functions)}")
    for name, equation in zip(functions, equations, strict=True):
        terms = (
            bertini2_number(value) + "".join(f"*{x}^{e}" for x, e in zip(unknowns, exponents, strict=True) if e)
            for exponents, value in equation.items()
        )
        lines.append(f"{name} = {' + '.join(terms)}")
    return "".join(f"{line};\n" for line in lines)


def solve_by_bertini2(
    equations: Sequence[Polynomial],
    groups: Sequence[Sequence[str]],
    *,
    seed: int = 0,
    timeout: float | None = None,
) -> Listing:
    """The finite solutions that bertini2's `ZeroDimSolver` finds by a multihomogeneous homotopy.

    Parameters
    ----------
    equations, groups
        A square system, and its unknowns in groups.
    seed : int
        bertini2's random choices come from it.
    timeout : float, optional
        Seconds after which to give up.

    Raises
    ------
    InputError
        If bertini2 is not installed.
    Bertini2Failure
        If it gives no answer (in time).
    """
    check_installed()
    with tempfile.TemporaryDirectory(prefix="homotopy-lcn-") as folder:
        task, answer = Path(folder) / "task", Path(folder) / "answer"
        task.write_text(json.dumps({"system": write_system(equations, groups), "seed": seed}))
        command = [sys.executable, "-c", _SCRIPT, str(task), str(answer)]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Bertini2Failure(f"bertini2 gave no answer in {timeout:g} s") from None
        if done.returncode != 0 or not answer.exists():
            lines = done.stderr.strip().splitlines()
            raise Bertini2Failure(f"bertini2 failed: {lines[-1] if lines else f'exit code {done.returncode}'}")
        ends = json.loads(answer.read_text())
    size = sum(map(len, groups))
    values = np.array(ends, dtype=float).reshape(len(ends), size + 1, 2)
    with np.errstate(divide="ignore"):
        inverse_conditions = 1 / values[:, -1, 0]
    arrived = np.zeros(len(ends))
    return Listing(values[:, :-1, 0] + 1j * values[:, :-1, 1], arrived + 1, arrived, inverse_conditions)
