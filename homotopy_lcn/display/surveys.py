"""The statistics of a survey as text: for a terminal, and as CSV, Markdown, LaTeX and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..networks.counts import generic_count
from ..surveys.draws import COLUMNS
from ..surveys.statistics import Survey
from ..surveys.tallies import CONFIDENCE, Proportion
from ..tables.text_tables import Column, TextTable, format_table

__all__ = ["FORMATS", "format_survey"]

#: Quantities that are zero in every draw of ordinary data; shown on a terminal only if they are not.
RARE = ("missing", "at_infinity", "singular", "origin", "degenerate", "undecided")
HEADER = ("filters", "strides", "quantity", "mean", "low", "high", "deviation", "minimum", "maximum")


class _Row(NamedTuple):
    """A line of the table: a quantity of one architecture."""

    filters: str
    strides: str
    quantity: str
    mean: float
    low: float
    high: float
    deviation: float
    minimum: int
    maximum: int

    def cells(self) -> list[str]:
        """As text; numbers that are not exact to five digits."""
        return [*self[:3], *(f"{value:.5g}" for value in self[3:7]), *map(str, self[7:])]


def format_survey(survey: Survey, style: str) -> str:
    """Write the statistics of a survey.

    Parameters
    ----------
    survey : Survey
    style : str
        One of `FORMATS`.
    """
    return FORMATS[style](survey)


def _rows(survey: Survey, everything: bool) -> list[_Row]:
    rows = []
    for arch, tally in zip(survey.architectures, survey.tallies, strict=True):
        for name in tally.names:
            found = tally.distribution(name)
            if not everything and found.maximum == 0 and (name in RARE or name.startswith("saddles")):
                continue
            rows.append(
                _Row(
                    ",".join(map(str, arch.filters)), ",".join(map(str, arch.strides)), name,
                    found.mean, *found.interval, found.deviation, found.minimum, found.maximum,
                )
            )  # fmt: skip
    return rows


def _caption(survey: Survey) -> str:
    plan = survey.plan
    text = f"{plan.draws} draws each of {plan.model.description}; seed {plan.seed}; low and high: {CONFIDENCE:.0%} "
    text += "confidence interval of the mean"
    if survey.incomplete:
        text += f"; {survey.incomplete} draws incomplete (the intervals hold for whatever was missed there)"
    return text


def _share(pure: Proportion) -> str:
    low, high = pure.interval
    text = f"global minimum pure in {pure.yes} of {pure.yes + pure.no} draws ({low:.2%} to {high:.2%})"
    return text + (f", not established in {pure.unknown}" if pure.unknown else "")


def _shares(survey: Survey) -> list[str]:
    """A sentence for each architecture."""
    return [
        f"({','.join(map(str, arch.filters))}), ({','.join(map(str, arch.strides))}): "
        f"{_share(tally.global_minimum_pure)}."
        for arch, tally in zip(survey.architectures, survey.tallies, strict=True)
    ]


def _as_text(survey: Survey) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(width=120, file=io.StringIO(), highlight=False)
    rows = _rows(survey, everything=False)
    for arch, tally in zip(survey.architectures, survey.tallies, strict=True):
        counts = generic_count(arch)
        table = Table(
            box=SIMPLE_HEAD,
            title=f"k = {arch.filters}, s = {arch.strides}: {counts.filters} critical filters for generic data "
            f"({counts.pure} pure, {counts.spurious} spurious)",
            title_justify="left",
        )
        table.add_column("a draw has", no_wrap=True)
        for name in ("mean", "low", "high", "sd", "min", "max"):
            table.add_column(name, justify="right", no_wrap=True)
        key = ",".join(map(str, arch.filters)), ",".join(map(str, arch.strides))
        for row in rows:
            if row[:2] == key:
                table.add_row(_words(row.quantity), *row.cells()[3:])
        console.print(table)
        console.print(f"  {_share(tally.global_minimum_pure)}")
        recipe = replace(survey.plan, architectures=(arch,)).command("--draw D")
        console.print(f"  draw D alone: {recipe}\n", soft_wrap=True, markup=False)
    console.print(_caption(survey), soft_wrap=True)
    output = console.file
    assert isinstance(output, io.StringIO)
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


def _words(name: str) -> str:
    if name.startswith("saddles_"):
        return f"critical θ of index {name.removeprefix('saddles_')}"
    return COLUMNS[name]


def _as_csv(survey: Survey) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([*row[:3], *(repr(value) for value in row[3:])] for row in _rows(survey, everything=True))
    return stream.getvalue()


def _as_markdown(survey: Survey) -> str:
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * 3 + "---:|" * (len(HEADER) - 3)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in _rows(survey, everything=False)]
    return "\n".join([*lines, "", *_shares(survey), "", f"{_caption(survey)}.", ""])


def _as_latex(survey: Survey) -> str:
    """A table for the package booktabs."""
    rows = tuple(tuple(row.cells()) for row in _rows(survey, everything=False))
    # A file's name may hold what LaTeX cannot write.
    caption = re.sub(r"[^\x20-\x7e−√]", "?", _caption(survey))
    columns = tuple(Column(title, title) for title in HEADER)
    return format_table(TextTable("survey", f"{caption}.", columns, rows, tuple(_shares(survey))), "latex")


def _as_json(survey: Survey) -> str:
    return json.dumps(survey.to_dict()) + "\n"


#: How a survey can be written.
FORMATS: dict[str, Callable[[Survey], str]] = {
    "text": _as_text,
    "csv": _as_csv,
    "json": _as_json,
    "markdown": _as_markdown,
    "latex": _as_latex,
}
