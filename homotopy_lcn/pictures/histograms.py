"""Histograms of a survey; needs the extra ``figures``. Readable in greyscale."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from ..errors import InputError
from ..extras import import_extra
from ..files import check_writable
from ..surveys.statistics import Survey
from ..surveys.tallies import Tally
from .figure_files import ENDINGS, write_figure

__all__ = ["check_plot_path", "draw_histograms"]

#: Characters of a title in a line: as wide as all histograms of a row.
TITLE_LENGTH = 120
#: Dots per inch of pictures of pixels.
RESOLUTION = 160
DARK_BLUE, LIGHT_BLUE = "#2b4c7e", "#c7d3e3"
#: For each histogram a quantity, the label of its axis, a part of the quantity that is set off, and the part's label.
PANELS = (
    ("real", "real critical filters", "real_pure", "pure: real ED degree"),
    ("attained", "attained critical filters", "interior", "interior of M"),
    ("minima", "minima", "spurious_minima", "spurious minima"),
)


def check_plot_path(path: str | os.PathLike[str]) -> None:
    """Raise InputError unless a plot can be written there, so that a long survey does not end in a lost picture."""
    if Path(path).suffix.lower() not in (endings := [f".{ending}" for ending in ENDINGS]):
        raise InputError(f"path: {os.fspath(path)!r}; expected a name that ends in {', '.join(endings)}")
    import_extra("matplotlib.figure", "figures", "path")
    try:
        check_writable(path)
    except InputError as error:
        raise InputError(f"path: {error}") from None


def draw_histograms(survey: Survey, path: str | os.PathLike[str]) -> None:
    """Draw a row of histograms for each architecture.

    Parameters
    ----------
    survey : Survey
    path : path-like
        Ends in ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the name ends in anything else, matplotlib is not installed, or the file cannot be written.
    """
    check_plot_path(path)
    from matplotlib.figure import Figure

    rows = len(survey.architectures)
    figure = Figure(figsize=(12.5, 0.7 + 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, len(PANELS) + 1, squeeze=False)
    for row, (arch, tally) in enumerate(zip(survey.architectures, survey.tallies, strict=True)):
        for panel, (name, label, part, part_label) in zip(axes[row], PANELS, strict=False):
            _histogram(panel, tally, name, label, part, part_label)
        _by_index(axes[row, -1], tally)
        title = arch.notation.replace("k =", "$k$ =").replace(" s =", " $s$ =")
        axes[row, 0].set_title(fill(title.replace(",)", ")"), TITLE_LENGTH), loc="left", fontsize=10, fontweight="bold")
    model, plan = survey.plan.model.description, survey.plan
    number = f"{plan.draws:,}".replace(",", "\N{THIN SPACE}")
    note = f"{number} draws each: {model}; seed {plan.seed}"
    figure.supxlabel(note + (f"; {survey.incomplete} incomplete" if survey.incomplete else ""), fontsize=9)
    write_figure(figure, path, **({"dpi": RESOLUTION} if Path(path).suffix.lower() == ".png" else {}))


def _histogram(panel: Any, tally: Tally, name: str, label: str, part: str, part_label: str) -> None:
    """The percentages of the draws with each value of a quantity, and of a part of the quantity."""
    whole, inner = tally.distribution(name), tally.distribution(part)
    low, high = min(whole.minimum, inner.minimum), max(whole.maximum, inner.maximum)
    if high - low > 60:
        # Many values: steps instead of bars.
        values = np.arange(low, high + 1)
        for found, colour, style, text in ((whole, DARK_BLUE, "-", "all"), (inner, "black", ":", part_label)):
            heights = [100 * found.draws.get(value, 0) / tally.draws for value in values.tolist()]
            panel.step(values, heights, where="mid", color=colour, linestyle=style, linewidth=1, label=text)
    else:
        values = np.arange(low, high + 1)
        heights = [100 * whole.draws.get(value, 0) / tally.draws for value in values.tolist()]
        parts = [100 * inner.draws.get(value, 0) / tally.draws for value in values.tolist()]
        panel.bar(values - 0.2, heights, width=0.4, color=DARK_BLUE, label="all")
        panel.bar(
            values + 0.2, parts, width=0.4, color=LIGHT_BLUE, edgecolor="black", hatch="////", lw=0.5, label=part_label
        )
        panel.set_xlim(low - 0.7, high + 0.7)
    panel.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    top = panel.get_ylim()[1]
    panel.set_yticks([tick for tick in panel.get_yticks() if tick <= min(top, 100)])
    panel.set_ylim(0, 1.35 * top)  # room for the legend above the bars
    panel.set_xlabel(label, fontsize=9)
    panel.set_ylabel("% of the draws", fontsize=9)
    panel.legend(fontsize=8, loc="upper right", frameon=False)
    _plain(panel)


def _by_index(panel: Any, tally: Tally) -> None:
    """The mean number of real critical θ by the number of negative Hessian eigenvalues."""
    saddles = [name for name in tally.names if name.startswith("saddles_")]
    means = [tally.distribution(name).mean for name in saddles]
    minima = tally.distribution("real_parameters").mean - sum(means) - tally.distribution("degenerate").mean
    heights = [minima, *means]
    while len(heights) > 2 and heights[-1] == 0:
        heights.pop()
    panel.bar(
        range(len(heights)),
        heights,
        width=0.6,
        color=[LIGHT_BLUE, *[DARK_BLUE] * (len(heights) - 1)],
        edgecolor="black",
    )
    panel.set_xticks(range(len(heights)))
    panel.set_xlabel("index of the Hessian at θ (0: minima)", fontsize=9)
    panel.set_ylabel("mean number of critical θ", fontsize=9)
    _plain(panel)


def _plain(panel: Any) -> None:
    panel.tick_params(labelsize=8)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
