"""The first answer of the command line waits for no module that it can do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import homotopy_lcn
from homotopy_lcn.cli import common

SOLVE = ("solve", "-k", "3,2", "-s", "2,1", "--series", "sunspots")
#: What the solve of plain data with a stored start system does without.
NEEDLESS = {
    "homotopy_lcn.solving.monodromy",
    "homotopy_lcn.solving.one_stratum",
    "homotopy_lcn.solving.trace_test",
    "numpy.random",
    "rich",
    "scipy",
    "typer",
}


def run(code, **variables):
    environment = {**os.environ, **variables, "PYTHONPATH": str(Path(homotopy_lcn.__file__).parents[1])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_plain_solve_loads_nothing_needless():
    code = f"""
import sys
from homotopy_lcn.cli import program
assert program.main({SOLVE!r}) == 0
print(*sorted({NEEDLESS!r} & set(sys.modules)), file=sys.stderr)
sys.exit(bool({NEEDLESS!r} & set(sys.modules)))
"""
    run(f"from homotopy_lcn.cli import program; program.main({SOLVE!r})")  # the start system is stored
    assert "complete" in run(code)


def test_the_output_is_that_of_rich():
    command = f"from homotopy_lcn.cli import program; program.main({SOLVE!r})"
    plain = run(command)
    assert plain == run(command, COLUMNS="120")
    assert plain != run(command, COLUMNS="100")


@pytest.mark.parametrize("variable", common.READ_BY_RICH)
def test_a_variable_that_rich_reads_is_left_to_rich(variable):
    code = "from homotopy_lcn.cli.common import _output_is_plain; print(_output_is_plain())"
    assert run(code) == "True\n"
    assert run(code, **{variable: "100"}) == "False\n"


def test_an_encoding_without_lines_is_left_to_rich():
    code = "from homotopy_lcn.cli.common import _output_is_plain; print(_output_is_plain())"
    assert run(code, PYTHONIOENCODING="latin-1") == "False\n"
