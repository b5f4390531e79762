"""The summary of a result for Python: the text of the terminal, and the HTML of notebooks."""

from __future__ import annotations

from io import StringIO
from typing import Final

from rich.console import Console

from ..results.result import CriticalPoints
from ..results.summary import Summary
from .notebook import html
from .terminal import render_result
from .wording import summary

__all__ = ["summary_of"]

#: Characters of a line.
SUMMARY_WIDTH: Final = 100


def summary_of(result: CriticalPoints) -> Summary:
    """See `CriticalPoints.summary`."""
    stream = StringIO()
    Console(file=stream, width=SUMMARY_WIDTH, force_terminal=False, force_jupyter=False, no_color=True).print(
        render_result(result)
    )
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return Summary(tuple(summary(result)), "\n".join(lines).strip("\n"), html(result))
