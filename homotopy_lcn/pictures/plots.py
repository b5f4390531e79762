"""Plots with matplotlib, readable in greyscale and labelled as in the paper; they need the extra ``figures``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Complex
from ..errors import InputError
from ..extras import import_extra
from ..networks.architecture import Architecture
from ..networks.counts import generic_count, generic_totals
from ..networks.support_networks import SupportNetwork
from ..results.continua import Continuum
from ..results.points import CriticalPoint, quantity
from ..results.result import CriticalPoints
from .figure_files import ENDINGS, write_figure

if TYPE_CHECKING:
    from ..surveys.tallies import Tally

__all__ = [
    "ENDINGS",
    "draw_complex_plane",
    "draw_growth",
    "draw_landscape",
    "draw_loss_levels",
    "draw_real_counts",
    "draw_title",
    "legend_below",
    "plot_complex_plane",
    "plot_growth",
    "plot_landscape",
    "plot_loss_levels",
    "plot_real_counts",
    "save_plot",
]

#: Points further out than this many times the median are only counted, so that the others can be told apart.
FAR = 6.0
#: Markers nearer than this part of the width of a picture are at one place.
TOGETHER = 0.004
#: Rings around a marker, each larger by so many points; more markers at one place are counted beside them.
RINGS, RING_STEP = 2, 5.5
#: Of more points than this the markers are smaller.
MANY = 150
#: Inches for the index over a point, and inches of the widest picture of loss levels.
NOTE_WIDTH, WIDEST = 0.24, 14.0
#: Characters of a title in a line.
TITLE_WIDTH = 60
DARK, MIDDLE, LIGHT = "black", "0.45", "0.8"


def plot_real_counts(arch: Architecture, drawn: Tally) -> Any:
    """Histogram over data sets of the number of real critical filters, and of the attained ones.

    Parameters
    ----------
    arch : Architecture
    drawn : Tally
        What `many_draws` counted.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _figure(None, 6.2, 3.9)
    draw_real_counts(arch, drawn, axes)
    return figure


def draw_real_counts(arch: Architecture, drawn: Tally, axes: Any) -> None:
    """The picture of `plot_real_counts` in given axes."""
    draw_title(axes, arch)
    names = (("real", "real critical filters w", LIGHT, ""), ("attained", "with a real critical θ", MIDDLE, "////"))
    found = {name: drawn.distribution(name) for name, *_ in names}
    least, most = min(each.minimum for each in found.values()), max(each.maximum for each in found.values())
    values = np.arange(least, most + 1)
    tallest = 0.0
    for shift, (name, label, colour, hatch) in zip((-0.2, 0.2), names, strict=True):
        heights = np.array([found[name].draws.get(value, 0) for value in values.tolist()]) / drawn.draws
        tallest = max(tallest, heights.max())
        axes.bar(
            values + shift, heights, 0.4, label=f"{label}, mean {found[name].mean:.3g}", color=colour, hatch=hatch,
            edgecolor=DARK, linewidth=0.7,
        )  # fmt: skip
    generic = generic_count(arch)
    axes.set(
        xlabel=f"number of filters, of {generic.filters} complex: {generic.pure} pure, {generic.spurious} spurious",
        ylabel=f"share of {quantity(drawn.draws, 'data set', 'data sets')}",
        xlim=(least - 0.7, most + 0.7),
        ylim=(0, 1.3 * tallest),
    )
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.legend(frameon=False, loc="upper right")
    if drawn.incomplete:
        axes.annotate(
            f"{drawn.incomplete} solves not complete", (0.01, 0.97), xycoords="axes fraction", va="top", fontsize=8
        )


def plot_growth(most_parameters: int = 24) -> Any:
    """Numbers of critical points against the number of parameters, with fully connected networks beside them.

    Parameters
    ----------
    most_parameters : int
        Largest number of parameters Σ k_l.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _figure(None, 6.4, 4.4)
    draw_growth(axes, most_parameters)
    return figure


def draw_growth(axes: Any, most_parameters: int = 24) -> None:
    """The picture of `plot_growth` in given axes."""
    if most_parameters < 6:
        raise InputError(f"most_parameters: {most_parameters} given; expected at least 6")

    from ..tables.fully_connected import most_critical

    families: tuple[tuple[str, str, str, Callable[[int], tuple[int, ...]]], ...] = (
        ("k = (2, …, 2)", "o", "-", lambda n: (2,) * n),
        ("k = (3, …, 3)", "s", "-", lambda n: (3,) * n),
        ("k = (n, n, n)", "^", "--", lambda n: (n,) * 3),
        ("k = (n, n)", "D", "--", lambda n: (n,) * 2),
    )
    for label, marker, line, filters_of in families:
        filters = [filters_of(n) for n in range(2, most_parameters) if sum(filters_of(n)) <= most_parameters]
        counts = [generic_totals(Architecture(k, (1,) * len(k))).parameters for k in filters]
        axes.semilogy(
            [sum(k) for k in filters], counts, line, marker=marker, color=DARK, markerfacecolor="white", label=label
        )
    sizes = list(range(4, most_parameters + 1))
    axes.semilogy(
        sizes, [most_critical(size, 2)[1] for size in sizes], ":", marker=".", color=MIDDLE,
        label="fully connected, two layers",
    )  # fmt: skip
    axes.set(xlabel="number of parameters", ylabel="complex critical points, up to symmetry")
    axes.set_title("Critical points for generic data", fontsize=11)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.legend(frameon=False, loc="upper left")
    axes.grid(True, which="major", color="0.9")


def plot_complex_plane(result: CriticalPoints, coordinate: int = 0) -> Any:
    """The critical points, and points of continua, in the complex plane of one coordinate of the filter.

    Parameters
    ----------
    result : CriticalPoints
    coordinate : int
        0, …, K − 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _figure(None, 5.6, 5.2)
    draw_complex_plane(result, axes, coordinate)
    legend_below(figure, 2)
    return figure


def draw_complex_plane(result: CriticalPoints, axes: Any, coordinate: int = 0) -> None:
    """The picture of `plot_complex_plane` in given axes, without a legend."""
    size = result.architecture.filter_size
    if not 0 <= coordinate < size:
        raise InputError(f"coordinate: {coordinate} given; expected 0 to {size - 1}")
    draw_title(axes, result.architecture)
    points = [*result, *(point for part in result.continua for point in part.points)]
    values = np.array([point.filter[coordinate] for point in points])
    reach = FAR * float(np.median(np.abs(values))) if len(values) else 1.0
    shown = np.abs(values) <= reach if reach > 0 else np.full(len(values), True)
    # What comes later is drawn on top; hollow markers are larger than filled ones, so that each is seen in the other.
    sorts: tuple[tuple[str, Callable[[CriticalPoint], bool], dict[str, Any]], ...] = (
        ("complex, spurious", lambda p: not p.real and not p.pure, {"marker": "o", "facecolors": "none", "s": 52}),
        ("complex, pure", lambda p: not p.real and p.pure, {"marker": "o", "facecolors": LIGHT, "s": 24}),
        ("real, not attained", lambda p: p.real and not p.attained, {"marker": "x", "color": MIDDLE, "s": 40}),
        (
            "real, attained, spurious",
            lambda p: p.real and bool(p.attained) and not p.pure,
            {"marker": "D", "facecolors": "none", "s": 72},
        ),
        (
            "real, attained, pure",
            lambda p: p.real and bool(p.attained) and p.pure,
            {"marker": "s", "facecolors": DARK, "s": 24},
        ),
    )
    of_continua: tuple[tuple[str, Callable[[CriticalPoint], bool], dict[str, Any]], ...] = (
        ("complex, of continua", lambda p: not p.real, {"marker": "*", "facecolors": LIGHT, "s": 60}),
        ("real, of continua", lambda p: p.real, {"marker": "*", "facecolors": "none", "s": 110}),
    )
    axes.axhline(0, color="0.75", linewidth=0.8, zorder=0)
    axes.axvline(0, color="0.75", linewidth=0.8, zorder=0)
    isolated = np.arange(len(points)) < len(result)
    groups = [*((~isolated, sort) for sort in of_continua), *((isolated, sort) for sort in sorts)]
    smaller = 1.0 if len(points) <= MANY else 0.5
    span = max(float(np.ptp(part)) for part in (values[shown].real, values[shown].imag)) if shown.any() else 1.0
    # The legend names first what is on top.
    for order, (among, (label, belongs, style)) in reversed(list(enumerate(groups))):
        chosen = np.array([belongs(point) for point in points], dtype=bool) & shown & among
        if chosen.any():
            style = {**style, "s": smaller * style["s"], "label": f"{label} ({chosen.sum()})", "zorder": 3 + order}
            _scatter(axes, values[chosen], span, style)
    far = int((~shown).sum())
    if far:
        axes.annotate(f"{far} further out", (0.99, 0.01), xycoords="axes fraction", ha="right", fontsize=8)
    axes.set(xlabel=f"Re $w_{{{coordinate}}}$", ylabel=f"Im $w_{{{coordinate}}}$")
    axes.margins(0.08)
    axes.set_aspect("equal", adjustable="datalim")
    axes.ticklabel_format(style="sci", scilimits=(-3, 4))
    axes.locator_params(nbins=6)


def _scatter(axes: Any, values: Complex, span: float, style: dict[str, Any]) -> None:
    """Markers of one sort; where several are at one place, rings around the first one, and their number."""
    cell = TOGETHER * span or 1.0
    places: dict[tuple[float, float], list[int]] = {}
    for number, value in enumerate(values.tolist()):
        places.setdefault((round(value.real / cell), round(value.imag / cell)), []).append(number)
    again = np.zeros(len(values), int)
    for members in places.values():
        again[members] = np.minimum(np.arange(len(members)), RINGS)
        if len(members) > 1 + RINGS:
            at = values[members[0]]
            note = f"×{len(members)}"
            axes.annotate(note, (at.real, at.imag), (11, 5), textcoords="offset points", fontsize=8)
    # Rings go around the first marker.
    look = {**style, "s": (style["s"] ** 0.5 + RING_STEP * again) ** 2, "linewidths": 0.9}
    if "color" not in style:
        look |= {"facecolors": ["none" if ring else style["facecolors"] for ring in again], "edgecolors": DARK}
    axes.scatter(values.real, values.imag, **look)


def plot_loss_levels(result: CriticalPoints) -> Any:
    """Loss of the real critical filters and continua, with the kinds of the critical θ over them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    number = len(result.real) + sum(part.real is True for part in result.continua)
    figure, axes = _figure(None, min(WIDEST, max(6.4, NOTE_WIDTH * number)), 4.2)
    draw_loss_levels(result, axes)
    legend_below(figure, 3)
    return figure


def draw_loss_levels(result: CriticalPoints, axes: Any) -> None:
    """The picture of `plot_loss_levels` in given axes, without a legend."""
    draw_title(axes, result.architecture)
    styles = {
        "minimum": {"marker": "v", "facecolors": DARK},
        "minimum or saddle, by θ": {"marker": "d", "facecolors": MIDDLE},
        "saddle": {"marker": "o", "facecolors": "white"},
        "degenerate or undecided": {"marker": "P", "facecolors": LIGHT},
        "real, not attained": {"marker": "x", "color": MIDDLE},
        "continuum of minima": {"marker": "*", "facecolors": DARK},
        "another continuum": {"marker": "*", "facecolors": "white"},
    }
    shown: list[CriticalPoint | Continuum] = [*result.real, *(part for part in result.continua if part.real)]
    shown.sort(key=lambda item: item.loss.real)
    groups: dict[str, list[tuple[int, float]]] = {}
    losses = [float(item.loss.real) for item in shown]
    noted = len(losses) * NOTE_WIDTH <= max(6.4, axes.figure.get_figwidth())
    for place, item in enumerate(shown):  # from 0, as points are numbered everywhere
        groups.setdefault(_sort(item), []).append((place, losses[place]))
        if isinstance(item, Continuum) or not noted:
            continue
        indices = sorted({index for index in item.indices if index})
        note = ",".join(map(str, indices)) + ("" if item.pure else "*")
        if note and item.attained:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
            above = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center", "va": "bottom"}
            axes.annotate(note, (place, losses[place]), **above, fontsize=8, bbox=box)
    for label, style in styles.items():
        if label in groups:
            x, y = zip(*groups[label], strict=True)
            edge = {} if "color" in style else {"edgecolors": DARK}
            size = 110 if style["marker"] == "*" else 46
            axes.scatter(x, y, s=size, linewidths=1.1, zorder=3, label=label, **style, **edge)
    if losses:
        axes.vlines(range(len(losses)), min(losses), losses, color="0.85", linewidth=0.8, zorder=0)
    axes.axhline(result.loss.constant, color=DARK, linestyle="--", linewidth=0.9, label="w = 0")
    what = "real critical filters and continua" if result.counts.real_continua else "real critical filters"
    notes = " (number: index of a saddle; *: spurious)" if noted else ""
    axes.set(xlabel=f"{what}, by loss{notes}", ylabel="loss", xlim=(-0.6, max(1, len(losses)) - 0.4))
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.margins(y=0.12)


def plot_landscape(result: CriticalPoints, resolution: int = 161) -> Any:
    """Contours of the loss on a plane of parameter space through two minima and a saddle; see `landscape`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _figure(None, 6.2, 5.0)
    draw_landscape(result, axes, resolution)
    # As high as the plane is, with room for the words below it.
    figure.set_figheight(1.6 + 5.3 * axes.get_data_ratio())
    legend_below(figure, 1)
    return figure


def draw_landscape(result: CriticalPoints, axes: Any, resolution: int = 161) -> None:
    """The picture of `plot_landscape` in given axes, without a legend."""
    from ..training.loss_landscape import landscape

    part = landscape(result, resolution)
    draw_title(axes, result.architecture)
    base = min(part.losses)
    height = np.log10(np.maximum(part.loss - base, 0) / (max(part.losses) - base) + 1e-2)
    levels = np.linspace(height.min(), min(height.max(), 2.0), 16)
    axes.contourf(part.x, part.y, height, levels=levels, cmap="Greys", extend="max", alpha=0.6)
    axes.contour(part.x, part.y, height, levels=levels, colors="black", linewidths=0.4, linestyles="-")
    level = np.log10((part.losses[2] - base) / (max(part.losses) - base) + 1e-2)
    axes.contour(part.x, part.y, height, levels=[level], colors="black", linewidths=1.6, linestyles="--")
    first, second, third = (" on a continuum" if lies else "" for lies in part.on_continua)
    marks = (
        (part.minima[0], "v", f"minimum{first}, loss {part.losses[0]:.4g}"),
        (part.minima[1], "^", f"minimum{second}, loss {part.losses[1]:.4g}"),
        (part.saddle, "o", f"saddle of index {part.index}{third}, loss {part.losses[2]:.4g} (dashed level)"),
    )
    for place, marker, label in marks:
        axes.scatter(
            *place, marker=marker, s=90, facecolors="white", edgecolors=DARK, linewidths=1.4, zorder=4, label=label
        )
    axes.set(xlabel="along the line of the minima in θ", ylabel="towards the saddle", aspect="equal")


def save_plot(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file ``.pdf``, ``.png`` or ``.svg``. Equal figures give equal files.

    Raises
    ------
    InputError
        If the name ends in anything else, or the file cannot be written.
    """
    ending = Path(path).suffix.lstrip(".").lower()
    if ending not in ENDINGS:
        raise InputError(f"{os.fspath(path)}: ends in {ending!r}; expected one of {', '.join(ENDINGS)}")
    write_figure(figure, path, dpi=200)


def _figure(arch: Architecture | None, width: float, height: float) -> tuple[Any, Any]:
    figure = import_extra("matplotlib.figure", "figures", "plot").Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    if arch is not None:
        draw_title(axes, arch)
    return figure, axes


def draw_title(axes: Any, arch: Architecture) -> None:
    """Filters and strides, or supports, as the title of axes."""
    ordinary = not isinstance(arch, SupportNetwork)
    text = f"k = {_list(arch.filters)}, s = {_list(arch.strides)}" if ordinary else arch.notation
    axes.set_title(fill(text, TITLE_WIDTH), fontsize=11)


def legend_below(figure: Any, columns: int) -> None:
    """One legend for a figure, below its axes; none if nothing has a label."""
    if any(axes.get_legend_handles_labels()[0] for axes in figure.axes):
        figure.legend(fontsize=8, loc="outside lower center", ncols=columns, frameon=False)


def _list(values: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, values)) + ")"


def _sort(point: CriticalPoint | Continuum) -> str:
    if isinstance(point, Continuum):
        return "continuum of minima" if point.minimum else "another continuum"
    if not point.attained:
        return "real, not attained"
    kinds = set(point.kinds)
    if kinds <= {"minimum", "saddle"}:
        return "minimum or saddle, by θ" if len(kinds) > 1 else next(iter(kinds)) or ""
    return "degenerate or undecided"
