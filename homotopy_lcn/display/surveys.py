"""The statistics of a survey as text: for a terminal, and as CSV, Markdown, LaTeX and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from textwrap import fill

from ..networks.counts import generic_count
from ..surveys.draws import COLUMNS as QUANTITIES
from ..surveys.statistics import Survey
from ..surveys.tallies import CONFIDENCE, Distribution, Proportion, Tally
from ..surveys.wall_counts import WallCounts
from ..tables.text_tables import Cell, Column, TextTable, format_table, grid, markdown_lines, plain
from .wording import describe_notation

__all__ = ["FORMATS", "format_survey", "survey_table", "wall_counts_text"]

#: Quantities that are zero in every draw of ordinary data; people are shown them only if they are not.
RARE = ("missing", "at_infinity", "singular", "origin", "continua", "real_continua", "degenerate", "undecided")
TEXTS, NUMBERS = ("filters", "strides", "quantity"), ("mean", "low", "high", "deviation", "minimum", "maximum")
COLUMNS = tuple(Column(name, name) for name in (*TEXTS, *NUMBERS))
#: Characters of a line of the text, if nothing else is said.
WIDTH = 120


def format_survey(survey: Survey, style: str, width: int = WIDTH) -> str:
    """Write the statistics of a survey.

    Parameters
    ----------
    survey : Survey
    style : str
        One of `FORMATS`.
    width : int
        Characters of a line of the style ``"text"``. Only commands may be longer, as they are copied.
    """
    return _as_text(survey, width) if style == "text" else FORMATS[style](survey)


def _values(found: Distribution) -> tuple[float, ...]:
    """The numbers of a row, in the order of `NUMBERS`."""
    return found.mean, *found.interval, found.deviation, found.minimum, found.maximum


def _written(found: Distribution) -> list[str]:
    """The numbers of a row for people: five digits, but all digits of the minimum and the maximum."""
    values = _values(found)
    return [*(f"{value:.5g}" for value in values[:-2]), *map(str, values[-2:])]


def _shown_quantities(tally: Tally) -> dict[str, Distribution]:
    """The distributions that people are shown."""
    found = {name: tally.distribution(name) for name in tally.names}
    return {
        name: each
        for name, each in found.items()
        if each.maximum != 0 or not (name in RARE or name.startswith("saddles"))
    }


def survey_table(survey: Survey) -> TextTable:
    """The quantities of all architectures that people are shown, with numbers to the right."""
    return _table(survey, tuple(Column(name, name, right=name in NUMBERS) for name in (*TEXTS, *NUMBERS)))


def _table(survey: Survey, columns: tuple[Column, ...] = COLUMNS) -> TextTable:
    """The quantities of all architectures that people are shown, with the share of pure global minima below them."""
    rows = tuple(
        (*arch.texts, name, *_written(found))
        for arch, tally in zip(survey.architectures, survey.tallies, strict=True)
        for name, found in _shown_quantities(tally).items()
    )
    caption = f"{_caption(survey)}."
    return TextTable(
        "survey", caption, columns, rows, tuple(_shares(survey)), subject=f"{survey.architectures} {caption}"
    )


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
        f"({arch.texts[0]}), ({arch.texts[1]}): {_share(tally.global_minimum_pure)}."
        for arch, tally in zip(survey.architectures, survey.tallies, strict=True)
    ]


def _as_text(survey: Survey, width: int = WIDTH) -> str:
    titles = ("mean", "low", "high", "sd", "min", "max")
    columns = (Column("quantity", "a draw has"), *(Column(title, title, right=True) for title in titles))
    text = ""
    for arch, tally in zip(survey.architectures, survey.tallies, strict=True):
        counts = generic_count(arch)
        title = f"{arch.notation}: {counts.filters} critical filters for generic data "
        title += f"({counts.pure} pure, {counts.spurious} spurious)"
        rows = tuple((_words(name), *_written(found)) for name, found in _shown_quantities(tally).items())
        text += plain(grid(TextTable("survey", title, columns, rows), title=title, edges=True), width)
        recipe = replace(survey.plan, architectures=(arch,)).command("--draw D")
        text += f"{_wrapped(_share(tally.global_minimum_pure), width, '  ')}\n  draw D alone: {recipe}\n\n"
    return f"{text}{_wrapped(_caption(survey), width)}\n"


def _wrapped(text: str, width: int, indent: str = "") -> str:
    """A sentence in lines; a word longer than a line stays whole."""
    return fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _words(name: str) -> str:
    if name.startswith("saddles_"):
        return f"critical θ of index {name.removeprefix('saddles_')}"
    return QUANTITIES[name]


def _as_csv(survey: Survey) -> str:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*arch.texts, name, *_values(tally.distribution(name)))
        for arch, tally in zip(survey.architectures, survey.tallies, strict=True)
        for name in tally.names
    )
    return format_table(TextTable("survey", "", COLUMNS, rows), "csv")


def _as_markdown(survey: Survey) -> str:
    table = survey_table(survey)
    lines = markdown_lines(table, number="---:")
    return "\n".join([*lines, "", *table.notes, "", table.caption, ""])


def _as_latex(survey: Survey) -> str:
    """A table for the package booktabs."""
    table = _table(survey)
    # A file's name may hold what LaTeX cannot write.
    return format_table(replace(table, caption=re.sub(r"[^\x20-\x7e−√]", "?", table.caption)), "latex")


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


def wall_counts_text(found: WallCounts) -> str:
    """The numbers of walls between independent data sets, a line for each kind.

    Parameters
    ----------
    found : WallCounts
    """
    lines = [
        f"{describe_notation(found.architecture)}: walls on {found.draws} segments between draws of "
        f"{found.data_model}; {found.generic} complex walls for generic data, exchanges apart"
    ]
    for kind, one in found.distributions.items():
        reach = f" ({one.interval[0]:.4g} to {one.interval[1]:.4g})" if one.count > 1 else ""
        values = ", ".join(f"{value}: {number}" for value, number in sorted(one.draws.items()))
        lines.append(f"  {kind}: mean {one.mean:.4g}{reach}; segments by number of walls {values}")
    if found.incomplete:
        lines.append(f"  not complete: {found.incomplete} segments")
    return "\n".join(lines) + "\n"
