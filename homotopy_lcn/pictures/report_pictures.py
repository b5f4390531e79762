"""The interactive pictures of a report, as plain dictionaries that the program of the page draws.

* The loss ladder: the loss of every real critical filter, by the kind of the critical θ over it.
* The complex points: the losses of all critical filters in the complex plane.
* A slice of the function space M with critical filters, where there is one; see `report_slices`.

Every marker of an isolated point carries the position of its point in the result (``customdata``), and every marker of
a continuum the position of the continuum (``meta``), which link them with the tables. Markers that matter most come
last, so that they are drawn on top: pure before spurious points, minima before saddles, attained before other points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..display.wording import describe_kinds, describe_place, describe_purity
from ..networks.patterns import format_pattern
from ..results.points import CriticalPoint
from ..results.result import CriticalPoints

__all__ = [
    "COLOURS",
    "MOST_DRAWN",
    "SYMBOLS",
    "Picture",
    "complex_losses",
    "continuum_marker",
    "group_of",
    "loss_ladder",
    "trace_of_continua",
    "trace_of_points",
]

#: Another way to show a picture: name, what changes in each trace, what changes in the layout.
View = tuple[str, list[dict[str, Any]], dict[str, Any]]

#: A picture draws at most this many points, the points of least |loss|.
MOST_DRAWN = 1500
#: Colours that stand out on white and on black, and symbols for people who cannot tell the colours apart.
COLOURS = {
    "minimum": "#2a9d5c",
    "saddle": "#3b7ddd",
    "degenerate": "#b068d9",
    "undecided": "#d0702f",
    "not attained": "#8a8a8a",
    "complex": "#c98a2b",
}
SYMBOLS = {
    "minimum": "circle",
    "saddle": "diamond",
    "degenerate": "x",
    "undecided": "square",
    "not attained": "cross",
    "complex": "triangle-up",
}
#: The symbol of continua, and of points on them.
ON_CONTINUUM = "circle-open-dot"
#: The sizes of filled and of open markers in pixels: where two of them meet, both are seen.
FILLED, OPEN = 10, 15


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes
    ----------
    name : str
        A word that identifies it in the page.
    title, caption : str
    data : list of dict
        What is drawn, in this order: markers, lines, a region, a surface.
    layout : dict
        Axes, and from where a spatial picture is seen.
    views : tuple of (str, list of dict, dict)
        Other ways to show the same: name, what changes in each trace, what changes in the layout.
    """

    name: str
    title: str
    caption: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    views: tuple[View, ...] = ()


def loss_ladder(result: CriticalPoints) -> Picture | None:
    """The losses of the real critical filters, a column for each kind of the critical θ over them; None without any."""
    rungs: dict[tuple[str, bool], list[tuple[str, int]]] = {}
    columns = set()
    for row, point in enumerate(result.points[:MOST_DRAWN]):
        if not point.real:
            continue
        for kind, column in _columns(point):
            rungs.setdefault((kind, point.pure), []).append((column, row))
            columns.add(column)
    lasting: dict[str, list[tuple[str, int]]] = {}
    for number, part in enumerate(result.continua):
        found = {column: kind for point in part.points if point.real for kind, column in _columns(point)}
        for column, kind in sorted(found.items()):
            lasting.setdefault(kind, []).append((column, number))
            columns.add(column)
    if not rungs and not lasting:
        return None
    data = []
    for (kind, pure), entries in sorted(rungs.items(), key=lambda item: (_importance(item[0][0]), item[0][1])):
        rows = [row for _, row in entries]
        data.append(
            {
                **trace_of_points(result, f"{kind}, {describe_purity(pure)}", rows),
                "x": [column for column, _ in entries],
                "y": [result.points[row].loss.real for row in rows],
                "marker": {
                    "symbol": "line-ew" if pure else "diamond-wide-open",
                    "size": 26 if pure else 14,
                    "color": COLOURS[kind],
                    "opacity": 1,
                    "line": {"width": 3 if pure else 2, "color": COLOURS[kind]},
                },
            }
        )
    for kind, entries in sorted(lasting.items()):
        numbers = [number for _, number in entries]
        trace = {"x": [column for column, _ in entries], "y": [result.continua[n].loss.real for n in numbers]}
        data.append({**trace_of_continua(result, kind, numbers), **trace, "marker": continuum_marker(kind, 16)})
    order = sorted(columns, key=lambda column: (_rank(column), column))
    layout = {
        "xaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": order,
            "title": "critical θ",
        },
        "yaxis": {"title": "loss", "type": "linear"},
    }
    views: tuple[View, ...] = ()
    if min(value for trace in data for value in trace["y"]) > 0:
        changes: list[dict[str, Any]] = [{} for _ in data]
        views = (("logarithmic", changes, {"yaxis": {"title": "loss", "type": "log"}}),)
    return Picture(
        name="ladder",
        title="Loss ladder",
        caption="The loss of every real critical filter, by the kind of the real critical θ over it (saddle 2: of "
        "index 2). Rungs are pure points, diamonds spurious ones, which are critical because dμ is degenerate."
        + _left_out(result, real=True)
        + " Circles with a dot are continua, on which the loss is constant." * bool(lasting),
        data=data,
        layout=layout,
        views=views,
    )


def complex_losses(result: CriticalPoints) -> Picture | None:
    """The losses of all critical filters as complex numbers; None if there is no critical filter."""
    if not result.points and not result.continua:
        return None
    rows = sorted(range(len(result)), key=lambda row: abs(result.points[row].loss))[:MOST_DRAWN]
    groups: dict[tuple[str, bool], list[int]] = {}
    for row in rows:
        point = result.points[row]
        groups.setdefault((group_of(point), point.pure), []).append(row)
    data, polar = [], []
    for (group, pure), members in sorted(groups.items(), key=lambda item: (_importance(item[0][0]), item[0][1])):
        losses = np.array([result.points[row].loss for row in members], dtype=complex)
        marker = {
            "symbol": SYMBOLS[group] + ("" if pure else "-open"),
            "size": (FILLED if pure else OPEN) * (1 if group != "complex" or len(rows) <= 200 else 0.7),
            "color": COLOURS[group],
            "opacity": 1,
            "line": {"width": 0 if pure else 1.5},
        }
        name = f"{group}, {describe_purity(pure)}"
        trace = {**trace_of_points(result, name, members), "marker": marker}
        data.append({**trace, "x": losses.real.tolist(), "y": losses.imag.tolist()})
        sizes = np.abs(losses)
        # A loss of zero has no logarithm, and is left out of the logarithmic view alone.
        polar.append({"x": [size or None for size in sizes.tolist()], "y": (np.angle(losses) / np.pi).tolist()})
    for group, numbers in _continua_by_group(result):
        losses = np.array([result.continua[number].loss for number in numbers], dtype=complex)
        trace = {**trace_of_continua(result, group, numbers), "marker": continuum_marker(group, 14)}
        data.append({**trace, "x": losses.real.tolist(), "y": losses.imag.tolist()})
        sizes = np.abs(losses)
        polar.append({"x": [size or None for size in sizes.tolist()], "y": (np.angle(losses) / np.pi).tolist()})
    plane = {
        "xaxis": {"title": "Re loss", "type": "linear"},
        "yaxis": {"title": "Im loss", "type": "linear"},
    }
    logarithmic = {
        "xaxis": {"title": "|loss|", "type": "log"},
        "yaxis": {"title": "arg(loss) / π", "type": "linear", "range": [-1.08, 1.08]},
    }
    return Picture(
        name="complex",
        title="Complex points",
        caption="The loss of every critical filter in the complex plane: real filters on the real axis, complex ones "
        "in conjugate pairs. Open symbols are spurious points."
        + _left_out(result)
        + " Circles with a dot are continua, on which the loss is constant." * bool(result.continua),
        data=data,
        layout=plane,
        views=(("logarithmic in |loss|", polar, logarithmic),),
    )


def _columns(point: CriticalPoint) -> list[tuple[str, str]]:
    """Kind and column of the rungs of a real point."""
    if not point.attained:
        return [("not attained", describe_place(point).split(";")[0])]
    found: dict[str, str] = {}
    for kind, index in zip(point.kinds, point.indices, strict=True):
        name = kind or "undecided"
        found[f"saddle {index}" if name == "saddle" and index is not None else name] = name
    return [(kind, column) for column, kind in found.items()]


def _rank(column: str) -> int:
    order: list[Callable[[str], bool]] = [
        lambda name: name == "minimum",
        lambda name: name.startswith("saddle"),
        lambda name: name in ("degenerate", "undecided"),
    ]
    return next((rank for rank, fits in enumerate(order) if fits(column)), len(order))


def _importance(group: str) -> int:
    """The order in which groups are drawn, the last one on top."""
    return ("complex", "not attained", "undecided", "degenerate", "saddle", "minimum").index(group)


def group_of(point: CriticalPoint) -> str:
    """The group of the colours and symbols that a point belongs to."""
    if not point.real:
        return "complex"
    if not point.attained:
        return "not attained"
    return next((kind for kind in ("minimum", "saddle", "degenerate") if kind in point.kinds), "undecided")


def _continua_by_group(result: CriticalPoints) -> list[tuple[str, list[int]]]:
    groups: dict[str, list[int]] = {}
    for number, part in enumerate(result.continua):
        group = part.kind or ("complex" if part.real is False else "not attained" if part.attained is False else None)
        groups.setdefault(group or "undecided", []).append(number)
    return [(group, groups[group]) for group in COLOURS if group in groups]


def trace_of_continua(result: CriticalPoints, group: str, numbers: Sequence[int]) -> dict[str, Any]:
    """A trace of continua, without coordinates and markers."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{group}, continuum",
        "meta": list(numbers),
        "text": [f"continuum {number}: {result.continua[number].describe()}" for number in numbers],
    }


def continuum_marker(group: str, size: int) -> dict[str, Any]:
    """The marker of continua."""
    return {"symbol": ON_CONTINUUM, "size": size, "color": COLOURS[group], "opacity": 1, "line": {"width": 2.5}}


def trace_of_points(result: CriticalPoints, name: str, rows: Sequence[int]) -> dict[str, Any]:
    """A trace of isolated points, without coordinates and markers."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "customdata": list(rows),
        "text": [_hover(row, result.points[row]) for row in rows],
    }


def _hover(row: int, point: CriticalPoint) -> str:
    where = f"{describe_kinds(point)}, {describe_place(point)}" if point.real else "complex"
    stratum = f"{format_pattern(point.stratum)}, {describe_purity(point.pure)}"
    return f"point {row}: {where}\nloss {point.loss:.7g}\nstratum {stratum}"


def _left_out(result: CriticalPoints, real: bool = False) -> str:
    number = len(result.real) if real else len(result)
    return f" Only the {MOST_DRAWN} points of least |loss| of {number} are drawn." if number > MOST_DRAWN else ""
