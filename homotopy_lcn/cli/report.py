"""The command ``report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ..errors import InputError
from .common import DONE, NOT_COMPLETE, Quiet, check_output, print_text, read_result, write
from .declarations import Argument, Option
from .option_names import messages_final

if TYPE_CHECKING:
    from ..certification.certificates import Certificate
    from ..results.result import CriticalPoints

__all__ = ["report"]

OUTPUT = "-o/--output"


def report(
    file: Annotated[str, Argument(metavar="RESULT.json", help="A result of solve, or a certificate of certify.")],
    output: Annotated[
        str | None,
        Option(
            "-o", "--output", metavar="PAGE.html", help="The page to write; - is standard output.", show_default=False
        ),
    ] = None,
    pictures: Annotated[bool, Option(help="Draw interactive pictures.")] = True,
    quiet: Quiet = False,
) -> int:
    """Write a report of a result, a page for any browser.

    One HTML file with table, summary and interactive pictures, which needs no network.
    Exit codes: 0 the result is complete, 2 unusable input, 3 the page is written, of a result not proved complete.
    """
    if output is None:
        raise InputError(f"{OUTPUT}: missing; expected the HTML file to write, as in -o report.html")
    check_output(output, OUTPUT)

    from ..certification.reading import is_certificate, read_certificate
    from ..pictures.report_page import report_page

    result: CriticalPoints | Certificate
    if is_certificate(file):
        with messages_final():
            result = read_certificate(file)
    else:
        result = read_result(file)
    write(output, report_page(result, pictures=pictures), OUTPUT)
    if not quiet and output != "-":
        print_text(f"{output}\n")
    return DONE if result.complete else NOT_COMPLETE
