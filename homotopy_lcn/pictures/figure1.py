"""Figure 1 of the paper, as a picture, which needs the extra ``figures``, and as an interactive page.

Both show the slice w_0 = 1, w_2 = −1 of the function spaces of (3, 2), (2, 1) and of (2, 2, 2), (1, 2, 1), as computed
in `slices`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ..arrays import Real
from ..errors import InputError
from ..extras import import_extra
from ..files import write_atomically
from ..geometry.function_space import STRIDE_ONE
from ..geometry.slices import FIGURE_1_FRAME, Frame, Slice, slice_of_function_space
from ..networks.architecture import Architecture
from .page_files import data_element, template

__all__ = ["FIGURE_1", "STEPS", "draw_figure1", "figure1_page", "slice_layout", "slice_traces"]


#: The architectures of the two panels.
FIGURE_1 = (Architecture((3, 2), (2, 1)), Architecture((2, 2, 2), (1, 2, 1)))

BLUE, SURFACE, OUTSIDE = "#1553d6", "#e9b872", "#9a9a9a"
VIEW = {"elev": 16, "azim": -52}
#: The same view on a page, in radians.
CAMERA = {"azimuth": float(np.radians(VIEW["azim"])), "elevation": float(np.radians(VIEW["elev"]))}
BOX = FIGURE_1_FRAME.box
#: The steps that `draw_figure1` reports.
STEPS = 5


def draw_figure1(
    folder: str | os.PathLike[str],
    resolution: int = 60,
    points: Sequence[Real] = (),
    report: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Compute Figure 1 and write ``figure1.png``, ``figure1.pdf`` and ``figure1.html``.

    Parameters
    ----------
    folder : path-like
        Must exist.
    resolution : int
        Points along each parameter of the surfaces.
    points : sequence of (5,) real arrays
        Filters to show as well, such as critical points: each where its orbit under scaling and x ↦ t x meets the
        slice; left out if it does not.
    report : callable, optional
        Called with the name of a step, the number of steps done and the number of all steps.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If matplotlib is not installed, or a file cannot be written.
    """
    pyplot = import_extra("matplotlib.figure", "figures", "figure1")
    target = Path(folder)
    if not target.is_dir():
        raise InputError(f"{target}: is not a folder; expected an existing folder to write the figure to")
    done = 0

    def tell(step: str) -> None:
        nonlocal done
        if report is not None:
            report(step, done, STEPS)
        done += 1

    tell("surfaces")
    slices = [slice_of_function_space(arch, resolution) for arch in FIGURE_1]
    places = [FIGURE_1_FRAME.point(w) for w in points]
    marks = np.array([at for at in places if at is not None and FIGURE_1_FRAME.holds(at)]).reshape(-1, 3)
    tell("picture")
    picture = _picture(pyplot, slices, marks)
    written = []
    for ending, options in (("png", {"dpi": 200}), ("pdf", {"dpi": 300, "metadata": {"CreationDate": None}})):
        tell(f"figure1.{ending}")
        stream = BytesIO()
        picture.savefig(stream, format=ending, **options)
        written.append(target / f"figure1.{ending}")
        write_atomically(written[-1], stream.getvalue())
    tell("figure1.html")
    written.append(target / "figure1.html")
    write_atomically(written[-1], figure1_page(slices, marks))
    tell("figure1.html")
    return written


def _title(arch: Architecture) -> str:
    filters, strides = (", ".join(map(str, values)) for values in (arch.filters, arch.strides))
    return f"k = ({filters}), s = ({strides})"


def _line_pieces(part: Slice) -> Iterator[tuple[str, str, Real]]:
    """Label, kind and end points of the pieces of the double line."""
    for piece in part.line:
        ends = np.array([[0.0, 0.0, piece.start], [0.0, 0.0, piece.end]])
        if not piece.in_function_space:
            yield "in the Zariski closure only", "outside", ends
        elif STRIDE_ONE in piece.boundary:
            yield "double line, stride-one boundary", "boundary", ends
        else:
            yield "double line", "inside", ends


def _picture(module: Any, slices: Sequence[Slice], marks: Real) -> Any:
    """A matplotlib figure."""
    art3d = import_extra("mpl_toolkits.mplot3d.art3d", "figures", "figure1")
    figure = module.Figure(figsize=(11, 5.6), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0, 0.98, 1))  # room for the labels of the last axis
    styles = {
        "outside": {"color": OUTSIDE, "linestyle": (0, (1, 1.2)), "linewidth": 1.8},
        "boundary": {"color": "black", "linestyle": (0, (1, 1.5)), "linewidth": 1.4},
        "inside": {"color": "#6b4413", "linestyle": "-", "linewidth": 1.2},
    }
    patches = import_extra("matplotlib.patches", "figures", "figure1")
    handles: dict[str, Any] = {"function space M": patches.Patch(facecolor=SURFACE, edgecolor=OUTSIDE)}
    for number, part in enumerate(slices):
        axes = figure.add_subplot(1, 2, number + 1, projection="3d", computed_zorder=False)
        axes.set_proj_type("persp", focal_length=0.6)
        triangles = part.triangles
        surface = art3d.Poly3DCollection(
            triangles,
            facecolors=_shaded(triangles),
            edgecolors="none",
            antialiaseds=False,
            alpha=0.9,
            zorder=1,
            rasterized=True,
        )
        axes.add_collection3d(surface)
        for label, kind, ends in _line_pieces(part):
            handles[label] = axes.plot(*ends.T, zorder=3, **styles[kind])[0]
        for chain in part.curve:
            style = {"color": "black", "linestyle": (0, (4, 2)), "linewidth": 1.8}
            handles["stride-one boundary"] = axes.plot(*chain.T, zorder=4, **style)[0]
        handles["reduced boundary point"] = axes.scatter(
            *part.reduced_boundary.T, color=BLUE, s=45, zorder=6, depthshade=False, edgecolors="white", linewidths=0.8
        )
        if len(marks):
            style = {"color": "#b3123f", "marker": "^", "s": 30, "zorder": 5, "depthshade": False}
            handles["critical filters"] = axes.scatter(*marks.T, **style)
        axes.set(xlim=BOX[0], ylim=BOX[1], zlim=BOX[2], xlabel="B", ylabel="D", zlabel="E")
        axes.set_box_aspect((1, 1, 0.85), zoom=1.08)
        axes.view_init(**VIEW)
        axes.set_title(_title(part.architecture), fontsize=12)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.pane.set_facecolor("#f6f6f6")
            axis.pane.set_edgecolor("#cccccc")
            axis.set_tick_params(labelsize=8)
            axis._axinfo["grid"].update(color="#e2e2e2", linewidth=0.6)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle("Function spaces in the slice A = 1, C = −1", fontsize=13)
    return figure


def _shaded(triangles: Real) -> Real:
    """Face colours: lit from both sides, so that the sheets can be told apart."""
    colours = import_extra("matplotlib.colors", "figures", "figure1")
    scale = np.array([1 / (high - low) for low, high in BOX])
    normals = np.cross((triangles[:, 1] - triangles[:, 0]) * scale, (triangles[:, 2] - triangles[:, 0]) * scale)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.where(length > 0, length, 1.0)
    light = np.array([0.55, -0.35, 0.75])
    brightness = 0.62 + 0.38 * np.abs(normals @ (light / np.linalg.norm(light)))
    base = np.array(colours.to_rgb(SURFACE))
    return np.concatenate([np.clip(base * brightness[:, None] * 1.08, 0, 1), np.full((len(triangles), 1), 0.9)], axis=1)


def figure1_page(slices: Sequence[Slice], marks: Real) -> str:
    """The interactive page, complete with the program that shows it.

    Parameters
    ----------
    slices : sequence of Slice
    marks : (P, 3) float array
        Further points.
    """
    critical = [_dots(marks, "critical filters", "#b3123f", "triangle-up")] if len(marks) else []
    scenes = [
        {
            "title": _title(part.architecture),
            "data": [*slice_traces(part), *critical],
            "layout": slice_layout(part.frame),
        }
        for part in slices
    ]
    return Template(template("figure1.html")).substitute(
        style=template("drawing.css") + template("report.css"),
        drawing=template("drawing.js"),
        reading=template("reading.js"),
        data=data_element(scenes, "scenes"),
    )


def slice_traces(part: Slice) -> list[dict[str, Any]]:
    """A slice as traces of a spatial picture, plain dictionaries, laid out by `slice_layout`."""
    vertices, index = np.unique(part.triangles.reshape(-1, 3).round(4), axis=0, return_inverse=True)
    surface: dict[str, Any] = {"type": "mesh3d", "name": "function space M", "color": SURFACE}
    surface |= dict(zip("xyz", vertices.T.tolist(), strict=True))
    surface |= dict(zip("ijk", index.reshape(-1, 3).T.tolist(), strict=True))
    dashes = {"outside": (OUTSIDE, "dot"), "boundary": ("ink", "dot"), "inside": ("#6b4413", "solid")}
    return [
        surface,
        *(_line(ends, label, *dashes[kind], width=2.5) for label, kind, ends in _line_pieces(part)),
        *(_line(chain, "stride-one boundary", "ink", "dash", 2.5) for chain in part.curve),
        _dots(part.reduced_boundary, "reduced boundary point", BLUE, "circle"),
    ]


def slice_layout(frame: Frame) -> dict[str, Any]:
    """The axes of the part of a slice, and from where it is seen."""
    axes = [{"title": name, "range": list(bounds)} for name, bounds in zip(frame.names, frame.box, strict=True)]
    return {"axes": axes, "view": CAMERA}


def _line(points: Real, name: str, colour: str, dash: str, width: float) -> dict[str, Any]:
    return {**_scattered(points, name), "mode": "lines", "line": {"color": colour, "dash": dash, "width": width}}


def _dots(points: Real, name: str, colour: str, symbol: str) -> dict[str, Any]:
    return {**_scattered(points, name), "mode": "markers", "marker": {"color": colour, "size": 9, "symbol": symbol}}


def _scattered(points: Real, name: str) -> dict[str, Any]:
    x, y, z = points.T.tolist()
    return {"type": "scatter3d", "x": x, "y": y, "z": z, "name": name}
