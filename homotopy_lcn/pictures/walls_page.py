"""The report of walls: one HTML page that stands alone, with the losses of all branches as an interactive picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from ..display.walls import CHAMBER_COLUMNS, WALL_COLUMNS, account_of_walls, chamber_cells, wall_cells
from ..display.wording import describe_notation
from ..networks.patterns import format_pattern
from ..results.points import quantity
from ..version import __version__
from .page_files import data_element, template
from .page_parts import cell, figures, plain_picture, verdict
from .report_pictures import COLOURS, Picture
from .wall_curves import Curve, wall_curves

if TYPE_CHECKING:
    from ..discriminants.records import Wall
    from ..discriminants.walls_of_segments import Walls

__all__ = ["branches_picture", "walls_page"]

#: How many points of a curve are drawn between two places where losses are computed.
DRAWN_IN_PAGES = 4
#: Digits of the points of a curve.
DIGITS = 7
#: The band under the global minimum.
BAND = {"color": "#f2b70199", "width": 7, "dash": ""}
#: Dashes of saddles by index; those of higher index have the last one.
SADDLES = {1: "dash", 2: "shortdash", 3: "dashdot", 4: "sparse"}
SYMBOLS = {
    "fold": "circle-open",
    "pitchfork": "triangle-up-open",
    "membership": "square-open",
    "escape": "x",
    "exchange": "diamond-open",
}


def walls_page(found: Walls, *, pictures: bool = True) -> str:
    """The text of the page.

    Parameters
    ----------
    found : Walls
    pictures : bool
        Whether to draw the losses of the branches.

    Returns
    -------
    str
    """
    drawn = [plain_picture(branches_picture(found), "loss")] if pictures else []
    heading = f"Walls and chambers of a linear convolutional network, {describe_notation(found.architecture)}"
    return Template(template("walls.html")).substitute(
        title=escape(heading),
        heading=escape(heading.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")),
        lead=escape(_lead(found)),
        software=escape(f"homotopy-lcn {__version__}"),
        style=template("drawing.css") + template("report.css"),
        script=template("walls.js"),
        verdicts=_verdicts(found),
        pictures=figures(drawn),
        walls=_walls(found),
        chambers=_table(CHAMBER_COLUMNS, [chamber_cells(chamber) for chamber in found.chambers]),
        account=escape(account_of_walls(found)),
        strata=_strata(found),
        reading=template("reading.js"),
        data=data_element({"pictures": drawn}, "report-data"),
        drawing=f"<script>{template('drawing.js')}</script>" if drawn else "",
    )


def branches_picture(found: Walls) -> Picture:
    """The losses of all real branches against t, with marks of walls; also above that of the global minimum."""
    curves = wall_curves(found, DRAWN_IN_PAGES)
    least = sorted((curve for curve in curves if curve.lowest), key=lambda curve: float(curve.t[0]))
    data: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []

    def add(trace: dict[str, Any], lines: Sequence[Curve]) -> None:
        data.append({**trace, "curves": [_points(curve.t, curve.loss) for curve in lines]})
        changes.append({"curves": [_points(curve.t, _above(curve, least)) for curve in lines]})

    if least:
        add({"name": "global minimum", "line": BAND}, least)
    for label in dict.fromkeys(curve.label for curve in curves):
        lines = [curve for curve in curves if curve.label == label]
        texts = [f"branch {curve.branch}: {label}{', global minimum' * curve.lowest}" for curve in lines]
        add({"name": label, "line": _line(label), "texts": texts}, lines)
    for kind, symbol in SYMBOLS.items():
        here = [(row, wall) for row, wall in enumerate(found.walls) if wall.kind == kind]
        if not here:
            continue
        data.append(
            {
                "name": f"{kind} ({len(here)})",
                "x": [wall.t for _, wall in here],
                "y": [wall.loss for _, wall in here],
                "text": [_told(wall) for _, wall in here],
                "customdata": [row for row, _ in here],
                "marker": {"symbol": symbol, "size": 12, "color": "ink", "line": {"width": 2}},
            }
        )
        changes.append({"y": [_above_at(wall.t, wall.loss, least) for _, wall in here]})
    t_axis = {"title": "t, from the first data to the second", "letter": "t", "type": "linear", "range": [-0.02, 1.02]}
    loss_axis = {
        "title": "loss",
        "type": "linear",
        "range": _range(trace["curves"] for trace in data if "curves" in trace),
    }
    above = [change["curves"] for change in changes if "curves" in change]
    roots = [[[(t, np.sign(y) * np.sqrt(abs(y))) for t, y in curve] for curve in lines] for lines in above]
    other = {"title": "above the global minimum", "type": "root", "range": _range(roots)}
    return Picture(
        name="branches",
        title="Losses of all real branches",
        caption="A branch is a real critical filter that is followed through the chambers. Under the mouse stands "
        "what a line is; a click on the mark of a wall leads to its row in the table; a rectangle is enlarged. Above "
        "the global minimum: differences to it, at a scale of square roots.",
        data=data,
        layout={"xaxis": t_axis, "yaxis": loss_axis},
        views=(("above the global minimum", changes, {"yaxis": other}),) if least else (),
    )


def _points(t: np.ndarray, values: np.ndarray) -> list[list[float]]:
    rows = zip(t.tolist(), values.tolist(), strict=True)
    return [[float(f"{x:.{DIGITS}g}"), float(f"{y:.{DIGITS}g}")] for x, y in rows if np.isfinite(y)]


def _above(curve: Curve, least: Sequence[Curve]) -> np.ndarray:
    """The loss minus that of the global minimum; NaN where that is not known."""
    middle = float(curve.t[0] + curve.t[-1]) / 2
    lowest = next((one for one in least if one.t[0] <= middle <= one.t[-1]), None)
    if lowest is None:
        return np.full(len(curve.t), np.nan)
    difference: np.ndarray = curve.loss - np.interp(curve.t, lowest.t, lowest.loss)
    return difference


def _above_at(t: float, loss: float, least: Sequence[Curve]) -> float | None:
    lowest = next((one for one in least if one.t[0] <= t <= one.t[-1]), None)
    return None if lowest is None else loss - float(np.interp(t, lowest.t, lowest.loss))


def _range(groups: Iterable[Sequence[Sequence[Sequence[float]]]]) -> list[float]:
    values = [float(y) for curves in groups for curve in curves for _, y in curve]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.06 * (high - low) or 0.1 * abs(low) or 1.0
    return [low - margin, high + margin]


def _line(label: str) -> dict[str, Any]:
    if label.startswith("saddle"):
        index = int(label.rpartition(" ")[2])
        return {"color": COLOURS["saddle"], "width": 2, "dash": SADDLES[min(index, max(SADDLES))]}
    if label == "minimum":
        return {"color": COLOURS["minimum"], "width": 2.5, "dash": ""}
    if label.startswith("degenerate"):
        return {"color": COLOURS["degenerate"], "width": 2, "dash": ""}
    return {"color": COLOURS["not attained"], "width": 1.5, "dash": "dot"}


def _told(wall: Wall) -> str:
    return f"{wall.kind} at t = {wall.t:.10g}, stratum {format_pattern(wall.pattern)}, loss {wall.loss:.7g}"


def _lead(found: Walls) -> str:
    return (
        f"The loss at t is (1 − t) times the first loss plus t times the second. Its list of real critical filters "
        f"changes at {quantity(len(found.walls), 'wall', 'walls')}, between "
        f"{quantity(len(found.chambers), 'chamber', 'chambers')}."
    )


def _verdicts(found: Walls) -> str:
    if found.complete:
        lines = [verdict(True, "Complete", "all walls are found by count, and the chambers fit together")]
    else:
        lines = [verdict(False, "Not complete", "; ".join(found.contradictions))]
    walls = sum(wall.certified is True for wall in found.walls)
    chambers = sum(chamber.certified is True for chamber in found.chambers)
    if walls or chambers:
        text = (
            f"{walls} of {quantity(len(found.walls), 'wall', 'walls')}, and the lists of {chambers} of "
            f"{quantity(len(found.chambers), 'chamber', 'chambers')}, in ball arithmetic"
        )
        lines.append(verdict(found.certified, "Proved", text))
    if found.edited is not False:
        words = "was changed after it was written" if found.edited else "has no digest, so that edits cannot be seen"
        lines.append(verdict(False if found.edited else None, "File", f"the file {words}"))
    return "\n".join(lines)


def _walls(found: Walls) -> str:
    """The table of walls; below each row the filter with all digits."""
    if not found.walls:
        return '<p class="note">No walls.</p>'
    head = "".join(
        cell("th", title, justify == "right") for title, justify in (("#", "right"), *WALL_COLUMNS, ("filter", "left"))
    )
    rows = []
    for number, wall in enumerate(found.walls):
        texts = zip((str(number), *wall_cells(wall)), (("#", "right"), *WALL_COLUMNS), strict=True)
        cells = "".join(cell("td", text, justify == "right") for text, (_, justify) in texts)
        digits = escape(", ".join(map(repr, wall.filter.tolist())).replace("-", "−"))
        proved = " proved" if wall.certified else ""
        cells += f"<td><details><summary>w{proved}</summary><code>{digits}</code></details></td>"
        rows.append(f'<tr id="wall-{number}" tabindex="-1">{cells}</tr>')
    return _scrolled("Walls", f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def _table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(cell("th", title, justify == "right") for title, justify in columns)
    body = "".join(
        "<tr>"
        + "".join(cell("td", text, justify == "right") for text, (_, justify) in zip(row, columns, strict=True))
        + "</tr>"
        for row in rows
    )
    return _scrolled("Table", f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _scrolled(name: str, table: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}, scrolls sideways">{table}</div>'


def _strata(found: Walls) -> str:
    columns = [("stratum", "left"), ("kind", "left"), *((name, "right") for name in NUMBERS.values()), ("", "left")]
    rows = [
        [
            format_pattern(row.pattern),
            row.kind,
            *(str(getattr(row, name)) for name in NUMBERS),
            "" if row.complete else "not complete",
        ]
        for row in found.strata
    ]
    return _table(columns, rows)


NUMBERS: Mapping[str, str] = {
    "generic": "for generic data",
    "found": "found",
    "at_infinity": "at t = ∞",
    "escaped": "filter at infinity",
}
