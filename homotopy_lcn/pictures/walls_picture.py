"""The picture of walls: losses of all real branches against t."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..arrays import Real
from ..discriminants.loss_curves import LossCurves
from ..discriminants.segments import Segment
from ..errors import InputError
from ..extras import import_extra
from .plots import draw_title, legend_below, save_plot

if TYPE_CHECKING:
    from ..discriminants.records import Chamber
    from ..discriminants.walls_of_segments import Walls

__all__ = ["draw_walls", "walls_picture"]

#: Inches of a new figure.
SIZE = (7.2, 7.0)
#: At how many places of a chamber losses are computed, and how many points of a curve are drawn between two of them.
COMPUTED, DRAWN = 9, 12
#: Line styles of saddles by index; those of higher index have the last one.
DASHES = {1: (0, (5, 2)), 2: (0, (2, 1.5)), 3: (0, (5, 1.5, 1, 1.5)), 4: (0, (1, 2.5))}
MARKERS = {"fold": "o", "pitchfork": "^", "membership": "s", "escape": "x", "exchange": "D"}
#: The band under the global minimum.
BAND = {"color": "#f2b701", "linewidth": 6, "alpha": 0.7, "solid_capstyle": "butt"}


class Curve(NamedTuple):
    """A part of a branch in one chamber: its look, and points (t, loss)."""

    label: str
    t: Real
    loss: Real
    lowest: bool


def walls_picture(found: Walls, target: Any = None) -> Any:
    """Draw walls; see `Walls.plot`."""
    if hasattr(target, "scatter") and hasattr(target, "set_title"):
        draw_walls(found, target)
        handles, _ = target.get_legend_handles_labels()
        if handles:
            target.legend(fontsize=8, loc="best", framealpha=0.8)
        return target
    size = {"figsize": SIZE, "layout": "constrained"}
    if target is None:
        pyplot = import_extra("matplotlib.pyplot", "figures", "plot")
        figure = pyplot.figure(**size)
    elif isinstance(target, str | os.PathLike):
        figure = import_extra("matplotlib.figure", "figures", "plot").Figure(**size)
    else:
        raise InputError(f"target: {type(target).__name__} given; expected a path, or axes of matplotlib")
    try:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        curves = draw_walls(found, axes)
        axes.set_xlabel("")
        _draw_above_the_least(found, curves, below)
        legend_below(figure, 4)
        if target is not None:
            save_plot(figure, target)
    except BaseException:
        if target is None:
            pyplot.close(figure)
        raise
    return axes


def draw_walls(found: Walls, axes: Any) -> list[Curve]:
    """The losses in given axes, without a legend.

    Losses and their derivatives are computed at a few places of each chamber, and cubic curves are drawn through them.

    Returns
    -------
    list of Curve
        What was drawn.
    """
    draw_title(axes, found.architecture)
    curves = [curve for number in range(len(found.chambers)) for curve in _curves(found, number)]
    curves.sort(key=lambda curve: (*_rank(curve.label), curve.label))
    seen: set[str] = set()

    def once(label: str) -> str:
        new = label not in seen
        seen.add(label)
        return label if new else "_" + label

    for curve in curves:
        if curve.lowest:
            label = once("global minimum")
            axes.plot(curve.t, curve.loss, zorder=1, label=label, **BAND)
    for curve in curves:
        axes.plot(curve.t, curve.loss, zorder=2, label=once(curve.label), **_look(curve.label))
    for kind in MARKERS:
        here = [wall for wall in found.walls if wall.kind == kind]
        if here:
            places = [wall.t for wall in here], [wall.loss for wall in here]
            axes.scatter(*places, label=f"{kind} ({len(here)})", **_mark(kind))
    _finish(found, axes, "loss")
    return curves


def _draw_above_the_least(found: Walls, curves: Sequence[Curve], axes: Any) -> None:
    """The losses minus that of the global minimum, where it is known; roots keep small differences apart."""
    least = sorted((curve for curve in curves if curve.lowest), key=lambda curve: float(curve.t[0]))
    if not least:
        axes.set_axis_off()
        return
    t, loss = (np.concatenate([getattr(curve, name) for curve in least]) for name in ("t", "loss"))
    spans = [(float(curve.t[0]), float(curve.t[-1])) for curve in least]

    def known(place: float) -> bool:
        return any(a <= place <= b for a, b in spans)

    axes.plot(t, np.zeros_like(t), zorder=1, **BAND)
    for curve in curves:
        if known(float((curve.t[0] + curve.t[-1]) / 2)):
            axes.plot(curve.t, curve.loss - np.interp(curve.t, t, loss), zorder=2, **_look(curve.label))
    for wall in found.walls:
        if known(wall.t):
            axes.scatter([wall.t], [wall.loss - np.interp(wall.t, t, loss)], **_mark(wall.kind))
    axes.set_yscale("function", functions=(_root, _square))
    axes.yaxis.set_major_locator(import_extra("matplotlib.ticker", "figures", "plot").MaxNLocator(5))
    _finish(found, axes, "above the global minimum")


def _root(values: Any) -> Any:
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values: Any) -> Any:
    return np.sign(values) * np.square(values)


def _finish(found: Walls, axes: Any, label: str) -> None:
    for t in {wall.t for wall in found.walls}:
        axes.axvline(t, color="0.88", linewidth=0.8, zorder=0)
    axes.set(xlabel="t, from the first data to the second", ylabel=label, xlim=(-0.01, 1.01))
    axes.margins(y=0.06)


def _mark(kind: str) -> dict[str, Any]:
    fill = {"color": "black"} if MARKERS[kind] == "x" else {"facecolors": "white", "edgecolors": "black"}
    return {"marker": MARKERS[kind], "s": 34, "zorder": 3, "linewidths": 1.1, **fill}


def _curves(found: Walls, number: int) -> Iterator[Curve]:
    """The branches of a chamber."""
    segment = Segment(found.architecture, found.loss0, found.loss1)
    chamber = found.chambers[number]
    source = LossCurves(segment, found.walls, found.chambers, number)
    # Near folds losses bend like a power 3/2 of the distance: the places are denser there.
    parts = (1 - np.cos(np.linspace(0, np.pi, COMPUTED))) / 2
    places = [source.at(float(t)) for t in chamber.start + parts[1:-1] * (chamber.end - chamber.start)]
    places = [source.at(chamber.start), *places, source.at(chamber.end)]
    for row, label in enumerate(_labels(chamber)):
        known = [place for place in places if np.isfinite(place.losses[row])]
        if len(known) < 2:
            continue
        t, loss = _cubics(
            np.array([place.t for place in known]),
            np.array([place.losses[row] for place in known]),
            np.array([place.slopes[row] for place in known]),
        )
        yield Curve(label, t, loss, chamber.branches[row] == chamber.global_minimum)


def _labels(chamber: Chamber) -> Iterator[str]:
    for point in chamber.points.real:
        indices = [index for index in point.indices if index is not None]
        if not point.attained:
            yield "real, not attained"
        elif point.minimum:
            yield "minimum"
        elif indices and min(indices) > 0:
            yield f"saddle of index {min(indices)}"
        else:
            yield "degenerate or undecided"


def _rank(label: str) -> tuple[int, int]:
    """The order in the legend: minima, saddles by index, all others."""
    return (1, int(label.rpartition(" ")[2])) if label.startswith("saddle") else (0 if label == "minimum" else 2, 0)


def _look(label: str) -> dict[str, Any]:
    if label.startswith("saddle"):
        return {"color": "black", "linewidth": 1.2, "linestyle": DASHES[min(_rank(label)[1], max(DASHES))]}
    if label == "minimum":
        return {"color": "black", "linewidth": 1.6}
    return {"color": "0.55", "linewidth": 1.2, "linestyle": "-" if label.startswith("degenerate") else ":"}


def _cubics(t: Real, values: Real, slopes: Real) -> tuple[Real, Real]:
    """Points on the cubic curves through values with given slopes."""
    u = np.linspace(0, 1, DRAWN, endpoint=False)[None]
    step = np.diff(t)[:, None]
    a, b = values[:-1, None], values[1:, None]
    p, q = slopes[:-1, None] * step, slopes[1:, None] * step
    curve = a * (1 + 2 * u) * (1 - u) ** 2 + p * u * (1 - u) ** 2 + b * u**2 * (3 - 2 * u) + q * u**2 * (u - 1)
    return np.append(t[:-1, None] + step * u, t[-1]), np.append(curve, values[-1])
