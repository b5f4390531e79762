"""The interactive pictures of a report, as data and layout of plotly.js, plain dictionaries.

* The loss ladder: the loss of every real critical filter, by the kind of the critical θ over it.
* The complex points: the losses of all critical filters in the complex plane.
* A slice of the function space M with critical filters, where a plane can show it: for networks with reduced
  architecture (3, 2), (2, 1) the slice of Figure 1 of the paper (see `slices`); where M has the dimension of the space
  of all filters, the plane through three attained critical filters of least loss.

Every marker of an isolated point carries the position of its point in the result (``customdata``), and every marker of
a continuum the position of the continuum (``meta``), which link them with the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..display.wording import describe_kinds, describe_place, describe_purity
from ..errors import InputError
from ..geometry.slices import slice_of_function_space, slice_point
from ..networks.architecture import Architecture
from ..networks.patterns import format_pattern
from ..results.points import CriticalPoint, quantity
from ..results.result import CriticalPoints
from .figure1 import in_box, slice_scene, slice_traces

__all__ = ["Picture", "complex_losses", "function_space_slice", "loss_ladder", "members", "pictures"]

#: Another way to show a picture: name, what changes in each trace, what changes in the layout.
View = tuple[str, list[dict[str, Any]], dict[str, Any]]

#: A picture draws at most this many points, the points of least |loss|.
MOST_DRAWN = 1500
#: Points along each parameter of the slice of Figure 1.
SURFACE_RESOLUTION = 24
#: Points along each side of a plane: for M, which may be thin, and for the loss.
PLANE_RESOLUTION, LOSS_RESOLUTION = 201, 41
#: A filter that is no further from a plane than this, relative to its norm, lies on it.
ON_PLANE = 1e-9
#: Imaginary parts of roots below this are rounding errors, in pictures.
REAL_ROOT = 1e-9

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
#: The symbol of continua, and of points on them, in flat and in spatial pictures.
ON_CONTINUUM, ON_CONTINUUM_3D = "circle-open-dot", "circle-open"


@dataclass(frozen=True)
class Picture:
    """One picture for plotly.js.

    Attributes
    ----------
    name : str
        A word that identifies it in the page.
    title, caption : str
    data : list of dict
        Traces of plotly.
    layout : dict
        Layout of plotly.
    views : tuple of (str, list of dict, dict)
        Other ways to show the same: name, what changes in each trace, what changes in the layout.
    """

    name: str
    title: str
    caption: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    views: tuple[View, ...] = ()


def pictures(result: CriticalPoints) -> list[Picture]:
    """All pictures that there are for a result.

    Parameters
    ----------
    result : CriticalPoints

    Returns
    -------
    list of Picture
    """
    drawn = (loss_ladder(result), complex_losses(result), function_space_slice(result))
    return [picture for picture in drawn if picture is not None]


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
    for (kind, pure), entries in sorted(rungs.items()):
        rows = [row for _, row in entries]
        data.append(
            {
                **_trace(result, f"{kind}, {describe_purity(pure)}", rows),
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
        data.append({**_trace_of_continua(result, kind, numbers), **trace, "marker": _continuum_marker(kind, 16)})
    order = sorted(columns, key=lambda column: (_rank(column), column))
    layout = {
        "xaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": order,
            "title": {"text": "critical θ"},
        },
        "yaxis": {"title": {"text": "loss"}, "type": "linear"},
        "hovermode": "closest",
    }
    views: tuple[View, ...] = ()
    if min(value for trace in data for value in trace["y"]) > 0:
        changes: list[dict[str, Any]] = [{} for _ in data]
        views = (("logarithmic", changes, {"yaxis": {"title": {"text": "loss"}, "type": "log"}}),)
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
        groups.setdefault((_group(point), point.pure), []).append(row)
    data, polar = [], []
    for (group, pure), members in sorted(groups.items(), key=lambda item: item[0][0] != "complex"):
        losses = np.array([result.points[row].loss for row in members], dtype=complex)
        marker = {
            "symbol": SYMBOLS[group] + ("" if pure else "-open"),
            "size": 9 if len(rows) <= 200 else 6,
            "color": COLOURS[group],
            "opacity": 1,
            "line": {"width": 0 if pure else 1.5},
        }
        name = f"{group}, {describe_purity(pure)}"
        trace = {**_trace(result, name, members), "marker": marker}
        data.append({**trace, "x": losses.real.tolist(), "y": losses.imag.tolist()})
        sizes = np.abs(losses)
        # A loss of zero has no logarithm, and is left out of the logarithmic view alone.
        polar.append({"x": [size or None for size in sizes.tolist()], "y": (np.angle(losses) / np.pi).tolist()})
    for group, numbers in _continua_by_group(result):
        losses = np.array([result.continua[number].loss for number in numbers], dtype=complex)
        trace = {**_trace_of_continua(result, group, numbers), "marker": _continuum_marker(group, 14)}
        data.append({**trace, "x": losses.real.tolist(), "y": losses.imag.tolist()})
        sizes = np.abs(losses)
        polar.append({"x": [size or None for size in sizes.tolist()], "y": (np.angle(losses) / np.pi).tolist()})
    plane = {
        "xaxis": {"title": {"text": "Re loss"}, "type": "linear"},
        "yaxis": {"title": {"text": "Im loss"}, "zeroline": True},
        "hovermode": "closest",
    }
    logarithmic = {
        "xaxis": {"title": {"text": "|loss|"}, "type": "log"},
        "yaxis": {"title": {"text": "arg(loss) / π"}, "zeroline": True},
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


class _Mark(NamedTuple):
    """An attained point that a slice may show: isolated, with its row in the result, or on a continuum."""

    point: CriticalPoint
    row: int | None
    continuum: int | None


def function_space_slice(result: CriticalPoints) -> Picture | None:
    """A slice of the function space with critical filters; None where no plane shows it."""
    marks = [_Mark(point, row, None) for row, point in enumerate(result.points) if point.attained]
    marks += [
        _Mark(point, None, number)
        for number, part in enumerate(result.continua)
        for point in part.points
        if point.attained
    ]
    if not marks:
        return None
    marks.sort(key=lambda mark: mark.point.loss.real)
    if [tuple(block) for block in result.architecture.blocks] == [(2, 1), (1, 2)]:
        return _slice_of_figure_1(result, marks)
    if result.architecture.dimension == result.architecture.filter_size > 1:
        return _plane(result, marks)
    return None


def _slice_of_figure_1(result: CriticalPoints, marks: Sequence[_Mark]) -> Picture:
    part = slice_of_function_space(result.architecture, SURFACE_RESOLUTION)
    places = [slice_point(mark.point.filter.real) for mark in marks]
    drawn = [(mark, at) for mark, at in zip(marks, places, strict=True) if at is not None and in_box(at)]
    data = slice_traces(part)
    for trace in data:
        if trace["name"] != "function space M":
            trace["hoverinfo"] = "name"
    for trace, places_of_trace in _marked(result, drawn):
        x, y, z = np.array(places_of_trace).T.tolist()
        symbol = ON_CONTINUUM_3D if "meta" in trace else trace["marker"]["symbol"]
        marker = {"symbol": symbol, "size": 9, "color": trace["marker"]["color"], "opacity": 1}
        data.append({**trace, "type": "scatter3d", "x": x, "y": y, "z": z, "marker": marker})
    outside = len(marks) - len(drawn)
    note = f" {quantity(outside, 'attained filter does', 'attained filters do')} not meet the part shown." * bool(
        outside
    )
    return Picture(
        name="slice",
        title="Slice of the function space",
        caption="M in the slice A = 1, C = −1 of the filters w = (A, B, C, D, E), as in Figure 1 of Kohn, Montúfar, "
        "Shahverdi, Trager (2024). Attained critical filters stand where their orbit under scaling and "
        "x\N{NO-BREAK SPACE}↦\N{NO-BREAK SPACE}t\N{NO-BREAK SPACE}x, which preserve M, meets the slice."
        + _on_continua(drawn, "Rings")
        + (note if outside else ""),
        data=data,
        layout={"scene": slice_scene()},
    )


def _plane(result: CriticalPoints, marks: Sequence[_Mark]) -> Picture:
    """The plane through three filters, in coordinates orthonormal for Σ: contours of the loss are circles there."""
    loss, size = result.loss, result.architecture.filter_size
    gram = loss.gram if loss.rank == size else np.eye(size)
    marks = marks[:MOST_DRAWN]
    filters = [mark.point.filter.real for mark in marks]
    root: Real = np.linalg.cholesky(gram).T.astype(float)
    first, basis = _spanned([*filters, np.zeros(size), loss.target, *np.eye(size)], root)
    scale = max(float(np.linalg.norm(root @ w)) for w in filters)
    flat = [basis @ root @ (w - first) for w in filters]
    drawn = [
        (mark, place)
        for mark, place, w in zip(marks, flat, filters, strict=True)
        if np.linalg.norm(root @ (w - first) - basis.T @ place) <= ON_PLANE * scale
    ]
    origin = basis @ root @ -first
    shown = np.array([*(place for _, place in drawn), origin])
    centre, half = (shown.max(axis=0) + shown.min(axis=0)) / 2, 0.85 * float(np.ptp(shown, axis=0).max())
    lift = np.linalg.solve(root, basis.T)

    def grid(resolution: int) -> tuple[dict[str, Any], Real]:
        x, y = (np.linspace(middle - half, middle + half, resolution) for middle in centre.tolist())
        axes = {"x": x.tolist(), "y": y.tolist(), "hoverinfo": "skip", "showlegend": True, "showscale": False}
        return axes, first + np.stack(np.meshgrid(x, y), axis=-1) @ lift.T

    fine_axes, fine = grid(PLANE_RESOLUTION)
    coarse_axes, coarse = grid(LOSS_RESOLUTION)
    heights = np.einsum("...i,ij,...j", coarse, loss.gram, coarse) - 2 * coarse @ loss.b + loss.constant
    data: list[dict[str, Any]] = [
        {
            **fine_axes,
            "type": "heatmap",
            "name": "function space M",
            "z": members(result.architecture, fine).astype(int).tolist(),
            "zmin": 0,
            "zmax": 1,
            "colorscale": [[0, "rgba(0,0,0,0)"], [1, "rgba(233,184,114,0.5)"]],
        },
        {
            **coarse_axes,
            "type": "contour",
            "name": "equal loss",
            "z": heights.tolist(),
            "ncontours": 24,
            "contours": {"coloring": "none"},
            "line": {"width": 1, "color": "rgba(128,128,128,0.8)"},
        },
    ]
    for trace, places in _marked(result, drawn):
        u, v = np.array(places).T.tolist()
        data.append({**trace, "x": u, "y": v})
    zero = {"symbol": "cross-thin-open", "size": 12, "color": "#8a8a8a"}
    data.append(
        {"type": "scatter", "mode": "markers", "name": "w = 0", "x": [origin[0]], "y": [origin[1]], "marker": zero}
    )
    ranges = [[middle - half, middle + half] for middle in centre.tolist()]
    metric = "orthonormal for Σ, so that the contours of the loss are circles" if gram is loss.gram else "orthonormal"
    return Picture(
        name="slice",
        title="Slice of the function space",
        caption=f"M (shaded) and contours of the loss in the plane through the attained critical filters of least loss "
        f"that span one, {len(drawn)} shown; coordinates {metric}. Where M ends, its boundary is "
        "made of filters with a double root." + _on_continua(drawn, "Circles with a dot"),
        data=data,
        layout={
            "xaxis": {
                "title": {"text": "first coordinate"},
                "range": ranges[0],
                "zeroline": False,
                "constrain": "domain",
                "automargin": False,
            },
            "yaxis": {
                "title": {"text": "second coordinate"},
                "range": ranges[1],
                "constrain": "domain",
                "automargin": False,
                "zeroline": False,
                "scaleanchor": "x",
            },
            "margin": {"l": 60, "b": 55},
            "hovermode": "closest",
        },
    )


def members(arch: Architecture, filters: Real) -> NDArray[np.bool_]:
    """Which filters lie in a function space of full dimension, for a picture: by their numerical real roots.

    Such an architecture is one block. M are the forms with at least as many real roots on P¹ as there are layers of odd
    degree (Kohn, Merkh, Montúfar, Trager 2022). Many filters are decided at once, in rounding errors of the roots;
    `is_in_function_space` decides single ones.

    Parameters
    ----------
    arch : Architecture
        With ``arch.dimension == arch.filter_size``.
    filters : (..., K) float array

    Returns
    -------
    (...) bool array
    """
    (degrees,) = arch.layer_degrees
    odd = sum(degree % 2 for degree in degrees)
    size = arch.filter_size - 1
    leading = np.where(filters[..., :1] == 0, np.finfo(float).tiny ** 0.5, filters[..., :1])
    companion = np.zeros((*filters.shape[:-1], size, size))
    companion[..., 0, :] = -filters[..., 1:] / leading
    companion[..., np.arange(1, size), np.arange(size - 1)] = 1
    roots = np.linalg.eigvals(companion)
    real = np.abs(np.imag(roots)) <= REAL_ROOT * (1 + np.abs(roots))
    return np.asarray(np.count_nonzero(real, axis=-1) >= odd)


def _spanned(candidates: Iterable[Real], root: Real) -> tuple[Real, Real]:
    """The first candidate, and an orthonormal basis, after `root`, of the plane of the first three that span one."""
    first, *others = candidates
    basis: list[Real] = []
    for candidate in others:
        step = root @ (candidate - first)
        rest = step - sum((vector * (vector @ step) for vector in basis), np.zeros_like(step))
        length = float(np.linalg.norm(rest))
        if length > 1e-6 * max(float(np.linalg.norm(root @ first)), float(np.linalg.norm(step))):
            basis.append(rest / length)
        if len(basis) == 2:
            return first, np.array(basis)
    raise InputError(f"result: filters of size {len(first)} span no plane; expected filters of size 2 or more")


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


def _group(point: CriticalPoint) -> str:
    if not point.real:
        return "complex"
    if not point.attained:
        return "not attained"
    return next((kind for kind in ("minimum", "saddle", "degenerate") if kind in point.kinds), "undecided")


def _marked(result: CriticalPoints, drawn: Sequence[tuple[_Mark, Real]]) -> list[tuple[dict[str, Any], list[Real]]]:
    """The traces of the marks of a slice, without coordinates, and the places of their marks."""
    traces = []
    for group in COLOURS:
        single = [(mark.row, at) for mark, at in drawn if mark.row is not None and _group(mark.point) == group]
        if single:
            marker = {"symbol": SYMBOLS[group], "size": 12, "color": COLOURS[group], "opacity": 1, "line": {"width": 0}}
            trace = {**_trace(result, group, [row for row, _ in single]), "marker": marker}
            traces.append((trace, [at for _, at in single]))
    for group in COLOURS:
        lasting = [
            (mark.continuum, at) for mark, at in drawn if mark.continuum is not None and _group(mark.point) == group
        ]
        if lasting:
            trace = _trace_of_continua(result, group, [number for number, _ in lasting])
            traces.append(({**trace, "marker": _continuum_marker(group, 14)}, [at for _, at in lasting]))
    return traces


def _on_continua(drawn: Sequence[tuple[_Mark, Real]], symbols: str) -> str:
    return f" {symbols} are points of continua." * any(mark.continuum is not None for mark, _ in drawn)


def _continua_by_group(result: CriticalPoints) -> list[tuple[str, list[int]]]:
    groups: dict[str, list[int]] = {}
    for number, part in enumerate(result.continua):
        group = part.kind or ("complex" if part.real is False else "not attained" if part.attained is False else None)
        groups.setdefault(group or "undecided", []).append(number)
    return [(group, groups[group]) for group in COLOURS if group in groups]


def _trace_of_continua(result: CriticalPoints, group: str, numbers: Sequence[int]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{group}, continuum",
        "meta": list(numbers),
        "text": [f"continuum {number}: {result.continua[number].describe()}" for number in numbers],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _continuum_marker(group: str, size: int) -> dict[str, Any]:
    return {"symbol": ON_CONTINUUM, "size": size, "color": COLOURS[group], "opacity": 1, "line": {"width": 2.5}}


def _trace(result: CriticalPoints, name: str, rows: Sequence[int]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "customdata": list(rows),
        "text": [_hover(row, result.points[row]) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _hover(row: int, point: CriticalPoint) -> str:
    where = f"{describe_kinds(point)}, {describe_place(point)}" if point.real else "complex"
    stratum = f"{format_pattern(point.stratum)}, {describe_purity(point.pure)}"
    return f"point {row}: {where}<br>loss {point.loss:.7g}<br>stratum {stratum}"


def _left_out(result: CriticalPoints, real: bool = False) -> str:
    number = len(result.real) if real else len(result)
    return f" Only the {MOST_DRAWN} points of least |loss| of {number} are drawn." if number > MOST_DRAWN else ""
