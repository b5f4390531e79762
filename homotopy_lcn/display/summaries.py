"""The summary of a result for Python: the text of the terminal, and the HTML of notebooks."""

from __future__ import annotations

from typing import Final

from ..results.result import CriticalPoints
from ..results.summary import Summary
from ..tables.text_tables import plain
from .notebook import html
from .terminal import render_result
from .wording import summary

__all__ = ["summary_of"]

#: Characters of a line.
SUMMARY_WIDTH: Final = 100


def summary_of(result: CriticalPoints) -> Summary:
    """See `CriticalPoints.summary`."""
    text = plain(render_result(result), SUMMARY_WIDTH).strip("\n")
    return Summary(tuple(summary(result)), text, html(result))
