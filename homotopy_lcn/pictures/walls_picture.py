"""The picture of walls: losses of all real branches against t."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..extras import import_extra
from .plots import draw_title, legend_below, save_plot
from .wall_curves import Curve, rank_of, wall_curves

if TYPE_CHECKING:
    from ..discriminants.walls_of_segments import Walls

__all__ = ["draw_walls", "walls_picture"]

#: Inches of a new figure.
SIZE = (7.2, 7.0)
#: How many points of a curve are drawn between two places where losses are computed.
DRAWN = 12
#: Line styles of saddles by index; those of higher index have the last one.
DASHES = {1: (0, (5, 2)), 2: (0, (2, 1.5)), 3: (0, (5, 1.5, 1, 1.5)), 4: (0, (1, 2.5))}
MARKERS = {"fold": "o", "pitchfork": "^", "membership": "s", "escape": "x", "exchange": "D"}
#: The band under the global minimum.
BAND = {"color": "#f2b701", "linewidth": 6, "alpha": 0.7, "solid_capstyle": "butt"}


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
    curves = wall_curves(found, DRAWN)
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


def _look(label: str) -> dict[str, Any]:
    if label.startswith("saddle"):
        return {"color": "black", "linewidth": 1.2, "linestyle": DASHES[min(rank_of(label)[1], max(DASHES))]}
    if label == "minimum":
        return {"color": "black", "linewidth": 1.6}
    return {"color": "0.55", "linewidth": 1.2, "linestyle": "-" if label.startswith("degenerate") else ":"}
