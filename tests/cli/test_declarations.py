"""Options are declared without Typer, and Typer gets the same from them."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer

from homotopy_lcn.cli.declarations import Argument, Option
from homotopy_lcn.cli.typer_application import _declared_for_typer


def example(
    file: Annotated[str, Argument(metavar="FILE", help="A file.")],
    number: Annotated[int, Option("-n", "--number", min=1, metavar="N", help="A number.")] = 1,
    figure: Annotated[bool, Option(help="Draw.")] = True,
) -> int:
    """An example."""
    return number if figure and file else 0


def test_typer_reads_the_declarations():
    app = typer.Typer()
    app.command()(_declared_for_typer(example))
    command = typer.main.get_command(app)
    parameters = {parameter.name: parameter for parameter in command.params}
    assert [parameters[name].opts for name in ("file", "number", "figure")] == [
        ["file"],
        ["-n", "--number"],
        ["--figure"],
    ]
    assert parameters["figure"].secondary_opts == ["--no-figure"]
    assert (parameters["number"].metavar, parameters["number"].help) == ("N", "A number.")
    assert command.help == "An example."
    assert command.main(["x", "-n", "3"], standalone_mode=False) == 3
    with pytest.raises(Exception, match=r"greater than or equal to 1|0 is not in the range"):
        command.main(["x", "-n", "0"], standalone_mode=False)


def test_the_function_itself_stays_as_it_is():
    assert _declared_for_typer(example)(file="x", number=3) == 3
    assert example.__annotations__["number"].startswith("Annotated")
