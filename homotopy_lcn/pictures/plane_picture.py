"""The picture of a triangle of data: chambers in grey or in hatched colours, and curves of walls by kind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Real
from ..errors import InputError
from ..extras import import_extra
from .plots import draw_title, legend_below, save_plot

if TYPE_CHECKING:
    from ..discriminants.planes import Plane, PlaneLine

__all__ = ["draw_plane", "plane_picture"]

#: Inches of a new figure.
SIZE = (6.4, 6.2)
#: Curves of walls by kind.
LINES: dict[str, dict[str, Any]] = {
    "fold": {"color": "black", "linewidth": 1.3},
    "pitchfork": {"color": "#b2182b", "linewidth": 1.3, "linestyle": (0, (5, 1.5))},
    "membership": {"color": "#7b3294", "linewidth": 1.2, "linestyle": (0, (5, 1.5, 1, 1.5))},
    "escape": {"color": "#01665e", "linewidth": 1.2, "linestyle": (0, (1, 1.2))},
    "exchange": {"color": "#d95f02", "linewidth": 2.0, "linestyle": (0, (2.5, 1.2))},
}
#: Lightness of the chambers with the least and the most points.
LIGHTEST, DARKEST = 0.97, 0.55
WORDS = {"real": "real critical filters", "minima": "minima", "pattern": "root pattern of the global minimum"}


def plane_picture(found: Plane, target: Any = None, colour: str = "real") -> Any:
    """Draw a triangle of data; see `Plane.plot`."""
    if hasattr(target, "scatter") and hasattr(target, "set_title"):
        draw_plane(found, target, colour)
        target.legend(fontsize=8, loc="upper right", framealpha=0.8)
        return target
    size = {"figsize": SIZE, "layout": "constrained"}
    if target is None:
        figure = import_extra("matplotlib.pyplot", "figures", "plot").figure(**size)
    elif isinstance(target, str | os.PathLike):
        figure = import_extra("matplotlib.figure", "figures", "plot").Figure(**size)
    else:
        raise InputError(f"target: {type(target).__name__} given; expected a path, or axes of matplotlib")
    axes = figure.add_subplot()
    draw_plane(found, axes, colour)
    legend_below(figure, 3)
    if target is not None:
        save_plot(figure, target)
    return axes


def draw_plane(found: Plane, axes: Any, colour: str = "real") -> None:
    """The picture in given axes, without a legend."""
    collections = import_extra("matplotlib.collections", "figures", "plot")
    patches = import_extra("matplotlib.patches", "figures", "plot")
    draw_title(axes, found.architecture)
    shares = found.shares(colour)
    values = sorted(shares, key=lambda value: (value is None, value))
    shades = np.linspace(LIGHTEST, DARKEST, len(values)) if len(values) > 1 else [LIGHTEST]
    corners = _position(np.array([[0, 0], [1, 0], [0, 1]]))
    border = patches.Polygon(corners, closed=True, facecolor="none", edgecolor="black", linewidth=0.8, zorder=4)
    axes.add_patch(border)
    areas = list(_areas(found, colour))
    for value, shade in zip(values, shades, strict=True):
        strips = [_position(corners_of) for own, corners_of in areas if own == value]
        words = _written(value) if colour == "pattern" else f"{value} {WORDS[colour]}"
        drawn = collections.PolyCollection(
            strips, facecolors=str(float(shade)), edgecolors="face", linewidths=0.2, zorder=0,
            label=f"{words}: {shares[value]:.1%}",
        )  # fmt: skip
        axes.add_collection(drawn)
        drawn.set_clip_path(border)
    seen = set()
    for curve in found.curves:
        label = curve.kind if curve.kind not in seen else "_" + curve.kind
        seen.add(curve.kind)
        at = _position(curve.places)
        axes.plot(at[:, 0], at[:, 1], zorder=3, label=label, **LINES[curve.kind])
    for name, corner, offset in zip("ABC", corners, ((-8, -10), (8, -10), (0, 6)), strict=True):
        axes.annotate(name, corner, offset, textcoords="offset points", ha="center", va="center", fontsize=10)
    axes.set(aspect="equal", xlim=(-0.06, 1.06), ylim=(-0.07, 0.94))
    axes.set_axis_off()


def _position(places: Real) -> Real:
    """Places (x, y) in an equilateral triangle with the first data at its lower left corner."""
    return np.asarray(places @ np.array([[1, 0], [0.5, np.sqrt(0.75)]]))


def _areas(found: Plane, colour: str) -> Iterator[tuple[Any, Real]]:
    """Values and corners of the areas that are coloured.

    Between two rows on which the same values follow each other these are quadrilaterals, else strips around each row.
    """
    rows = [(line.start[1], _merged(line, colour)) for line in found.rows]
    step = 1 / found.grid
    for number, (y, parts) in enumerate(rows):
        above = rows[number + 1] if number + 1 < len(rows) else None
        if above is not None and [value for *_, value in parts] == [value for *_, value in above[1]]:
            for (a, b, value), (c, d, _) in zip(parts, above[1], strict=True):
                yield value, np.array([[a, y], [b, y], [d, above[0]], [c, above[0]]])
            continue
        middle = y + (step if above is None else step / 2)
        yield from _strips(parts, y, middle)
        if above is not None:
            yield from _strips(above[1], above[0], middle)


def _merged(line: PlaneLine, colour: str) -> list[tuple[float, float, Any]]:
    """The intervals of a row from x to x with their values; neighbours of one value are one."""
    result: list[tuple[float, float, Any]] = []
    for part in line.intervals:
        value = getattr(part, colour)
        if result and result[-1][2] == value:
            result[-1] = (result[-1][0], part.end[0], value)
        else:
            result.append((part.start[0], part.end[0], value))
    return result


def _strips(parts: Sequence[tuple[float, float, Any]], y: float, other: float) -> Iterator[tuple[Any, Real]]:
    """Intervals at y up to another height, upright in the picture; the triangle cuts what is beyond its sides."""
    for number, (a, b, value) in enumerate(parts):
        left, right = a - (number == 0), b + (number == len(parts) - 1)
        shift = (other - y) / 2
        yield value, np.array([[left, y], [right, y], [right - shift, other], [left - shift, other]])


def _written(pattern: Any) -> str:
    if pattern is None:
        return "no global minimum"
    return " ".join("(" + ",".join(map(str, partition)) + ")" for partition in pattern)
