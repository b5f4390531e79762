"""The command ``report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ..errors import InputError
from .common import DONE, NOT_COMPLETE, Quiet, check_page, complain, print_text, read_result, write
from .declarations import Argument, Option
from .option_names import messages_final

if TYPE_CHECKING:
    from ..certification.certificates import Certificate
    from ..discriminants.walls_of_segments import Walls
    from ..results.result import CriticalPoints

__all__ = ["report"]

OUTPUT = "-o/--output"


def report(
    file: Annotated[
        str, Argument(metavar="RESULT.json", help="A result of solve, a certificate of certify, or walls.")
    ],
    output: Annotated[
        str | None,
        Option(
            "-o", "--output", metavar="PAGE.html", help="The page to write; - is standard output.", show_default=False
        ),
    ] = None,
    pictures: Annotated[bool, Option(help="Draw interactive pictures.")] = True,
    quiet: Quiet = False,
) -> int:
    """Write a report of a result, or of walls, a page for any browser.

    One HTML file with table, summary and interactive pictures, which needs no network.
    Exit codes: 0 the result is complete, 2 unusable input, 3 the page is written, of a result not proved complete.
    """
    if output is None:
        raise InputError(f"{OUTPUT}: missing; expected the HTML file to write, as in -o report.html")
    check_page(output, OUTPUT)

    from ..certification.reading import is_certificate, read_certificate
    from ..discriminants.walls_file import is_file_of_walls
    from ..pictures.report_page import report_page

    result: CriticalPoints | Certificate | Walls
    if is_certificate(file):
        with messages_final():
            result = read_certificate(file)
    elif is_file_of_walls(file):
        result = _walls(file)
    else:
        result = read_result(file)
    write(output, report_page(result, pictures=pictures), OUTPUT)
    if not quiet and output != "-":
        print_text(f"{output}\n")
    return DONE if result.complete else NOT_COMPLETE


def _walls(file: str) -> Walls:
    """Walls from a file; if it was edited, a warning says so."""
    from ..discriminants.walls_of_segments import Walls

    with messages_final():
        found = Walls.from_json(file)
    if found.edited is not False:
        complain(f"warning: {file}: {'changed after it was written' if found.edited else 'has no digest'}")
    return found
