"""The command ``homotopy-lcn report``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .errors import InputError

__all__ = ["report"]


def report(
    file: Annotated[str, typer.Argument(metavar="RESULT.json", help="A result of solve or certify.")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="PAGE.html", help="The page to write.", show_default=False)
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Draw interactive pictures; needs plotly.")] = True,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
) -> int:
    """Write a report of a result: one HTML page with table, summary and interactive pictures that needs no network.

    Exit codes: 0 the result is complete, 2 unusable input, 3 the page is written, of a result not proved complete.
    """
    from .cli import DONE, NOT_COMPLETE
    from .files import check_writable, write_atomically

    if output is None:
        raise InputError("-o/--output: missing; expected the HTML file to write, as in -o report.html")
    try:
        check_writable(output)
    except InputError as error:
        raise InputError(f"-o/--output: {error}") from error

    from .report_page import REMEDY, plotly_program, report_page
    from .results import CriticalPoints

    result = CriticalPoints.from_json(file)
    if pictures and plotly_program() is None:
        print(f"homotopy-lcn: warning: plotly is not installed: no pictures; {REMEDY}", file=sys.stderr)
    try:
        write_atomically(output, report_page(result, pictures=pictures))
    except InputError as error:
        raise InputError(f"-o/--output: {error}") from error
    if not quiet:
        print(output)
    return DONE if result.complete else NOT_COMPLETE
