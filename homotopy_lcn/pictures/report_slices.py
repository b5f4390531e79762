"""Slices of the function space M with critical filters, for reports, where a plane or a slice in space shows M.

* For networks with reduced architecture (3, 2), (2, 1): a slice such as A = 1, C = −1 of the filters (A, B, C, D, E),
  which is Figure 1 of the paper (see `slices`). Of the six slices it is one that holds the attained filter of least
  loss, and of these the one that holds the most attained critical filters.
* Where M has the dimension of the space of all filters: the plane through the attained critical filter of least loss
  that holds the most attained critical filters.

The captions say which points a slice holds, and which it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..errors import InputError
from ..geometry.slices import FIGURE_1_FRAME, Frame, slice_of_function_space
from ..networks.architecture import Architecture
from ..results.points import CriticalPoint
from ..results.result import CriticalPoints
from .figure1 import slice_layout, slice_traces
from .report_pictures import (
    COLOURS,
    FILLED,
    MOST_DRAWN,
    OPEN,
    SYMBOLS,
    Picture,
    continuum_marker,
    group_of,
    trace_of_continua,
    trace_of_points,
)

__all__ = ["function_space_slice", "members"]

#: Points along each parameter of the slice of Figure 1.
SURFACE_RESOLUTION = 28
#: A slice is at most this many times as large as Figure 1, so that its surface and points can be told apart.
LARGEST_FRAME = 8.0
#: Room around the points of a slice.
FRAME_ROOM = 1.1
#: Filters across the height of a plane whose membership in M is decided, and the width of a plane for a height of one.
PLANE_RESOLUTION, PLANE_WIDTH = 201, 1.5
#: Digits of the coordinates of curves.
CURVE_DIGITS = 5
#: Contours of the loss in a plane, and points on each of them.
CONTOURS, CONTOUR_POINTS = 16, 121
#: A filter that is no further from a plane than this, relative to its norm, lies on it.
ON_PLANE = 1e-9
#: Filters of least loss through which planes are laid to find the plane that holds the most filters.
MOST_SPANNING = 40
#: A quadratic form with a smaller ratio of eigenvalues has lines as contours, in pictures.
FLAT = 1e-12
#: Imaginary parts of roots below this are rounding errors, in pictures.
REAL_ROOT = 1e-9
#: Numbers of points that a caption lists.
LISTED_POINTS = 20


class _Mark(NamedTuple):
    """An attained point that a slice may show: isolated, with its row in the result, or on a continuum."""

    point: CriticalPoint
    row: int | None
    continuum: int | None


def function_space_slice(result: CriticalPoints) -> Picture | None:
    """A slice of the function space with critical filters; None where no slice shows it."""
    marks = [_Mark(point, row, None) for row, point in enumerate(result.points) if point.attained]
    marks += [
        _Mark(point, None, number)
        for number, part in enumerate(result.continua)
        for point in part.points
        if point.attained
    ]
    if not marks or result.architecture.one_dimensional is None:
        return None
    marks.sort(key=lambda mark: mark.point.loss.real)
    arch = result.architecture.one_dimensional
    if [tuple(block) for block in arch.blocks] == [(2, 1), (1, 2)]:
        return _slice_in_space(result, marks)
    if arch.dimension == arch.filter_size > 1:
        return _plane(result, marks)
    return None


def _ordinary(result: CriticalPoints) -> Architecture:
    """The network itself, or the ordinary one with the same filters."""
    arch = result.architecture.one_dimensional
    assert arch is not None
    return arch


def _slice_in_space(result: CriticalPoints, marks: Sequence[_Mark]) -> Picture:
    frame = _chosen_frame([mark.point.filter.real for mark in marks])
    part = slice_of_function_space(_ordinary(result), SURFACE_RESOLUTION, frame)
    places = [frame.point(mark.point.filter.real) for mark in marks]
    drawn = [(mark, at) for mark, at in zip(marks, places, strict=True) if at is not None and frame.holds(at)]
    data = slice_traces(part)
    for trace, places_of_trace in _marked(result, drawn):
        x, y, z = np.array(places_of_trace).T.tolist()
        data.append({**trace, "type": "scatter3d", "x": x, "y": y, "z": z})
    first, second = tuple(frame.entries)
    sign = "" if frame.sign > 0 else "−"
    standing = (
        "Attained critical filters stand where their orbit under scaling and "
        "x\N{NO-BREAK SPACE}↦\N{NO-BREAK SPACE}t\N{NO-BREAK SPACE}x, which preserve M, meets the slice. "
    )
    like = ", as in Figure 1 of" if frame == FIGURE_1_FRAME else "; Figure 1 is the slice A = 1, C = −1 in"
    return Picture(
        name="slice",
        title="Slice of the function space",
        caption=f"M in the slice {first} = 1, {second} = {sign}1 of the filters w = (A, B, C, D, E){like} Kohn, "
        "Montúfar, Shahverdi, Trager (2024). Drag, or use the arrow keys, to turn it. "
        + standing
        + _held(result, marks, drawn)
        + _on_continua(drawn),
        data=data,
        layout=slice_layout(frame),
    )


def _chosen_frame(filters: Sequence[Real]) -> Frame:
    """The slice that holds the first filter and as many others as can be, large enough for them."""
    found: list[tuple[tuple[bool, int, float], Frame]] = []
    for entries, sign in product(("AC", "EC", "AE"), (-1, 1)):
        frame = Frame(entries, sign)
        places = [frame.point(w) for w in filters]
        # Relative to the size of Figure 1.
        sizes = [
            (np.inf, np.inf) if at is None else tuple(np.divide(frame.reach(at), (frame.half_p, frame.half_r)))
            for at in places
        ]
        held = [size for size in sizes if max(size) * FRAME_ROOM <= LARGEST_FRAME]
        # The first filter is held even where the slice must be larger.
        there = bool(np.isfinite(sizes[0]).all())
        if there and sizes[0] not in held:
            held.append(sizes[0])
        p, r = (max([1.0, *(float(size[n]) * FRAME_ROOM for size in held)]) for n in (0, 1))
        large = Frame(entries, sign, p * frame.half_p, r * frame.half_r)
        inside = sum(at is not None and large.holds(at) for at in places)
        found.append(((there, inside, -max(p, r)), large))
    return max(found, key=lambda item: item[0])[1]


def _plane(result: CriticalPoints, marks: Sequence[_Mark]) -> Picture:
    """A plane of filters, in coordinates orthonormal for Σ: contours of the loss are circles there."""
    loss, size = result.loss, result.architecture.filter_size
    gram = loss.gram if loss.rank == size else np.eye(size)
    shown_marks = marks[:MOST_DRAWN]
    filters = [mark.point.filter.real for mark in shown_marks]
    root: Real = np.linalg.cholesky(gram).T.astype(float)
    first, basis = _best_plane(filters, [np.zeros(size), loss.target, *np.eye(size)], root)
    flat = [basis @ root @ (w - first) for w in filters]
    on_plane = _on_plane(np.array([root @ (w - first) for w in filters]), basis, _scale(filters, root))
    drawn = [(mark, at) for mark, at, lies in zip(shown_marks, flat, on_plane, strict=True) if lies]
    origin = basis @ root @ -first
    shown = np.array([*(place for _, place in drawn), origin])
    centre = (shown.max(axis=0) + shown.min(axis=0)) / 2
    half = 0.6 * float((np.ptp(shown, axis=0) / (PLANE_WIDTH, 1)).max()) or 1.0
    lift: Real = np.linalg.solve(root, basis.T).astype(float)
    data: list[dict[str, Any]] = [
        _region(_ordinary(result), first, lift, centre, half),
        _contours(loss.gram, loss.gram @ first - loss.b, lift, centre, half),
    ]
    zero = {"symbol": "cross-thin", "size": 14, "color": "soft", "line": {"width": 2}}
    at_zero = {"x": [origin[0]], "y": [origin[1]], "text": ["w = 0"], "marker": zero}
    data.append({"type": "scatter", "mode": "markers", "name": "w = 0", **at_zero})
    for trace, places in _marked(result, drawn):
        u, v = np.array(places).T.tolist()
        data.append({**trace, "x": u, "y": v})
    ranges = [
        [middle - width * half, middle + width * half]
        for middle, width in zip(centre.tolist(), (PLANE_WIDTH, 1), strict=True)
    ]
    metric = "orthonormal for Σ, so that the contours of the loss are circles" if gram is loss.gram else "orthonormal"
    return Picture(
        name="slice",
        title="Slice of the function space",
        caption="M (shaded) and contours of the loss in a plane through attained critical filters, among them the one "
        f"of least loss; coordinates {metric}. Where M ends, its boundary is made of filters with a double root. "
        + _held(result, marks, drawn)
        + _on_continua(drawn),
        data=data,
        layout={
            "xaxis": {"title": "first coordinate", "type": "linear", "range": ranges[0]},
            "yaxis": {"title": "second coordinate", "type": "linear", "range": ranges[1]},
            "equal": True,
        },
    )


def _region(arch: Architecture, first: Real, lift: Real, centre: Real, half: float) -> dict[str, Any]:
    """The part of M in a rectangle of the plane, as runs of cells: column and row of the first, number of cells."""
    step = 2 * half / PLANE_RESOLUTION
    across = round(PLANE_WIDTH * PLANE_RESOLUTION)
    corner = centre - step / 2 * np.array([across, PLANE_RESOLUTION])
    x, y = (
        low + step * (np.arange(number) + 0.5) for low, number in zip(corner, (across, PLANE_RESOLUTION), strict=True)
    )
    inside = members(arch, first + np.stack(np.meshgrid(x, y), axis=-1) @ lift.T)
    runs = []
    for row, cells in enumerate(inside):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(int))).tolist()
        runs += [[start, row, stop - start] for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return {
        "type": "region",
        "name": "function space M",
        "corner": corner.tolist(),
        "step": step,
        "runs": runs,
        "color": "rgba(233,184,114,0.5)",
    }


def _contours(gram: Real, gradient: Real, lift: Real, centre: Real, half: float) -> dict[str, Any]:
    """Curves of equal loss around its least value in the plane: ellipses, or lines where the loss is flat."""
    values, vectors = np.linalg.eigh(lift.T @ gram @ lift)
    slope = vectors.T @ (lift.T @ gradient)
    flat = values <= FLAT * max(values[1], np.finfo(float).tiny)
    middle = np.where(flat, vectors.T @ centre, -slope / np.where(flat, 1.0, values))
    corners = centre + half * np.array(list(product((-PLANE_WIDTH, PLANE_WIDTH), (-1, 1))))
    highest = float(((corners @ vectors - middle) ** 2 @ np.where(flat, 0.0, values)).max())
    levels = (highest * (np.arange(CONTOURS) + 0.5) / CONTOURS).tolist() if highest > 0 else []
    angles = np.linspace(0, 2 * np.pi, CONTOUR_POINTS)
    curves: list[Any] = []
    for level in levels:
        radii = np.sqrt(level / np.where(flat, 1.0, values))
        if flat[0]:
            ends = 4 * half * np.array([[-1, 0], [1, 0]])
            drawn = [middle + ends + [0.0, side * radii[1]] for side in (-1, 1)]
        else:
            drawn = [middle + np.stack([radii[0] * np.cos(angles), radii[1] * np.sin(angles)], axis=-1)]
        curves += [
            [[float(f"{value:.{CURVE_DIGITS}g}") for value in at] for at in (curve @ vectors.T).tolist()]
            for curve in drawn
        ]
    style = {"width": 1, "color": "#8c8c8c"}
    return {"type": "lines", "name": "equal loss", "curves": curves, "line": style}


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


def _scale(filters: Sequence[Real], root: Real) -> float:
    return max(float(np.linalg.norm(root @ w)) for w in filters)


def _on_plane(steps: Real, basis: Real, scale: float) -> NDArray[np.bool_]:
    """Which steps from a point of the plane end on the plane."""
    return np.asarray(np.linalg.norm(steps - steps @ basis.T @ basis, axis=-1) <= ON_PLANE * scale)


def _best_plane(filters: Sequence[Real], others: Sequence[Real], root: Real) -> tuple[Real, Real]:
    """The first filter, and an orthonormal basis, after `root`, of the plane through it that holds the most filters."""
    first = filters[0]
    steps, scale = np.array([root @ (w - first) for w in filters]), _scale(filters, root)
    best: tuple[int, Real | None] = (0, None)
    for pair in combinations(filters[1:MOST_SPANNING], 2):
        basis = _basis(first, pair, root)
        if basis is not None and (number := int(_on_plane(steps, basis, scale).sum())) > best[0]:
            best = number, basis
    found = best[1] if best[1] is not None else _basis(first, [*filters[1:], *others], root)
    if found is None:
        raise InputError(f"result: filters of size {len(first)} span no plane; expected filters of size 2 or more")
    return first, found


def _basis(first: Real, others: Iterable[Real], root: Real) -> Real | None:
    """An orthonormal basis, after `root`, of the plane of the first filter and the next two that span one with it."""
    basis: list[Real] = []
    for other in others:
        step = root @ (other - first)
        rest = step - sum((vector * (vector @ step) for vector in basis), np.zeros_like(step))
        length = float(np.linalg.norm(rest))
        if length > 1e-6 * max(float(np.linalg.norm(root @ first)), float(np.linalg.norm(step))):
            basis.append(rest / length)
        if len(basis) == 2:
            return np.array(basis)
    return None


def _marked(result: CriticalPoints, drawn: Sequence[tuple[_Mark, Real]]) -> list[tuple[dict[str, Any], list[Real]]]:
    """The traces of the marks of a slice, without coordinates, and the places of their marks; minima come last."""
    traces = []
    for group in reversed(COLOURS):
        lasting = [
            (mark.continuum, at) for mark, at in drawn if mark.continuum is not None and group_of(mark.point) == group
        ]
        if lasting:
            trace = trace_of_continua(result, group, [number for number, _ in lasting])
            traces.append(({**trace, "marker": continuum_marker(group, OPEN)}, [at for _, at in lasting]))
    for group in reversed(COLOURS):
        single = [(mark.row, at) for mark, at in drawn if mark.row is not None and group_of(mark.point) == group]
        if single:
            marker = {"symbol": SYMBOLS[group], "size": FILLED + 3, "color": COLOURS[group]}
            trace = {**trace_of_points(result, group, [row for row, _ in single]), "marker": marker}
            traces.append((trace, [at for _, at in single]))
    return traces


def _held(result: CriticalPoints, marks: Sequence[_Mark], drawn: Sequence[tuple[_Mark, Real]]) -> str:
    """Which attained points the slice holds, and which it does not."""
    shown = {mark.row for mark, _ in drawn if mark.row is not None}
    absent = [mark.row for mark in marks if mark.row is not None and mark.row not in shown]
    best = result.global_minimum
    parts = []
    if shown:
        names = [f"{row} ★" if best is result.points[row] else str(row) for row in sorted(shown)]
        star = " (★ global minimum)" if any(best is result.points[row] for row in shown) else ""
        parts.append(f"It holds {_numbered(names)}{star}")
    if absent:
        parts.append(f"{'it' if parts else 'It'} does not hold {_numbered([str(row) for row in sorted(absent)])}")
    return "; ".join(parts) + "." if parts else ""


def _numbered(names: Sequence[str]) -> str:
    listed = ", ".join(names[:LISTED_POINTS])
    more = f" and {len(names) - LISTED_POINTS} more" if len(names) > LISTED_POINTS else ""
    return f"{'point' if len(names) == 1 else 'points'} {listed}{more}"


def _on_continua(drawn: Sequence[tuple[_Mark, Real]]) -> str:
    return " Circles with a dot are points of continua." * any(mark.continuum is not None for mark, _ in drawn)
