"""The report of a result: one HTML page that stands alone, opened from a file, sent by mail, or printed.

The page loads nothing, and its content security policy forbids all loading. The program that draws the pictures, some
thirty kilobytes, is part of the page and needs no other package.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Complex
from ..discriminants.walls_of_segments import Walls
from ..display.wording import (
    CONTINUUM_COLUMNS,
    continuum_cells,
    describe_kinds,
    describe_notation,
    describe_place,
    describe_purity,
    has_point,
    summary,
)
from ..errors import InputError
from ..files import check_page_name, check_writable, write_atomically
from ..networks.patterns import format_pattern
from ..networks.support_networks import SupportNetwork
from ..results.points import CriticalPoint, quantity
from ..results.result import CriticalPoints
from ..results.statements import describe_continua, describe_edit, describe_least_loss
from .page_files import data_element, template
from .page_parts import cell, definitions, figures, plain_picture, verdict
from .report_pictures import Picture, complex_losses, loss_ladder
from .report_slices import function_space_slice
from .walls_page import walls_page

if TYPE_CHECKING:
    from ..certification.certificates import Certificate

__all__ = ["pictures_of", "report", "report_page"]

#: Names of the first views of the pictures that have several views.
FIRST_VIEWS = {"ladder": "linear", "complex": "complex plane"}
SHOWN_KINDS = ("minimum", "saddle", "degenerate", "undecided")


def report(
    result: CriticalPoints | Certificate | Walls, path: str | os.PathLike[str], *, pictures: bool = True
) -> None:
    """Write the report of a result, or of walls: one page that stands alone.

    The page holds the summary, the statement of a certificate, the strata, the table of all points (to be sorted,
    filtered and searched), the continua with points of them, and interactive pictures: the loss ladder, the losses in
    the complex plane and, where there is one, a slice of the function space. The page of walls holds the losses of all
    real branches against t, walls, chambers, and the account of all complex walls.

    Parameters
    ----------
    result : CriticalPoints, Certificate or Walls
        A certificate adds its statement.
    path : path
        The file to write. It is written whole or not at all.
    pictures : bool
        Whether to draw pictures. A page without them is smaller.

    Raises
    ------
    InputError
        If the file cannot be written, or its name has the ending of another kind of file.
    """
    check_page_name(path)
    check_writable(path)
    write_atomically(path, report_page(result, pictures=pictures))


def report_page(result: CriticalPoints | Certificate | Walls, *, pictures: bool = True) -> str:
    """The text of the page that `report` writes.

    Parameters
    ----------
    result : CriticalPoints, Certificate or Walls
    pictures : bool

    Returns
    -------
    str
    """
    if isinstance(result, Walls):
        return walls_page(result, pictures=pictures)
    if isinstance(result, CriticalPoints):
        found, proofs = result, None
    elif isinstance(getattr(result, "result", None), CriticalPoints):
        found, proofs = result.result, result
    else:
        raise InputError(f"result: {type(result).__name__}; expected a CriticalPoints, a Certificate or Walls")
    drawn = (
        [plain_picture(picture, FIRST_VIEWS.get(picture.name, "")) for picture in pictures_of(found)]
        if pictures
        else []
    )
    heading = f"Critical points of a linear convolutional network, {describe_notation(found.architecture)}"
    page = Template(template("report.html"))
    return page.substitute(
        title=escape(heading),
        # No line break within "k = (3,2)".
        heading=escape(heading.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")),
        lead=escape(_lead(found)),
        software=escape(found.software),
        style=template("drawing.css") + template("report.css"),
        script=template("report.js"),
        verdicts=_verdicts(found, proofs),
        summary=definitions(summary(found)),
        strata=_strata(found),
        certificate=_certificate(proofs) if proofs is not None else "",
        continua=_continua(found) if found.continua else "",
        pictures=figures(drawn),
        reading=template("reading.js"),
        data=data_element({**_table(found), "pictures": drawn}, "report-data"),
        drawing=f"<script>{template('drawing.js')}</script>" if drawn else "",
    )


def pictures_of(result: CriticalPoints) -> list[Picture]:
    """All pictures that there are for a result."""
    drawn = (loss_ladder(result), complex_losses(result), function_space_slice(result))
    return [picture for picture in drawn if picture is not None]


def _lead(result: CriticalPoints) -> str:
    counts, arch = result.counts, result.architecture
    isolated = "isolated " if result.continua else ""
    text = (
        f"Squared loss of filters w of size {arch.filter_size} in the function space M of dimension {arch.dimension}: "
        f"{len(result)} {isolated}complex critical filters, {counts.real} of them real, {counts.attained} critical for "
        f"real parameters θ"
    )
    return f"{text}; {describe_continua(result.continua)}." if result.continua else f"{text}."


def _verdicts(result: CriticalPoints, proofs: Certificate | None) -> str:
    counts = result.counts
    if result.complete:
        first = verdict(True, "Complete", dict(summary(result))["complete"].removeprefix("yes: "))
    else:
        first = verdict(False, "Not complete", "; ".join(result.gaps()) or "completeness was not established")
    if proofs is not None:
        word = "Certified" if proofs.complete else "Certified in part"
        second = verdict(proofs.complete, word, str(proofs).splitlines()[0])
    elif counts.certified is None:
        second = verdict(None, "Not certified", "homotopy-lcn certify proves the points in ball arithmetic")
    else:
        text = f"{counts.certified} of {len(result)} points proved to exist in ball arithmetic"
        second = verdict(counts.certified == len(result), "Certified", text)
    edits = [verdict(None if result.edited is None else False, "File", text) for text in describe_edit(result)]
    return "\n".join([first, second, *edits])


def _strata(result: CriticalPoints) -> str:
    numbers = ["generic", "found", "factorizations"]
    # In the ordinary case these are all zero.
    numbers += [name for name in ("at_infinity", "singular", "origin") if any(getattr(r, name) for r in result.strata)]
    headings = {"factorizations": "θ over each", "at_infinity": "at infinity", "origin": "at w = 0"}

    def line(tag: str, words: Sequence[str], values: Sequence[str]) -> str:
        cells = [f"<{tag}>{escape(text)}</{tag}>" for text in words]
        cells += [f'<{tag} class="number">{escape(text)}</{tag}>' for text in values]
        return f"<tr>{''.join(cells)}</tr>"

    sums = ["" if n == "factorizations" else str(sum(getattr(row, n) for row in result.strata)) for n in numbers]
    rows = [
        line("td", (format_pattern(row.pattern), describe_purity(row.pure)), [str(getattr(row, n)) for n in numbers])
        for row in result.strata
    ]
    head = line("th", ("stratum", ""), [headings.get(name, name) for name in numbers])
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Strata"><table><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody><tfoot>{line('td', ('all', ''), sums)}</tfoot></table></div>"
        '<p class="note">Stratum: root multiplicities, one partition a block. '
        "Generic: number of critical filters for generic data. θ up to scaling.</p>"
    )


def _certificate(proofs: Certificate) -> str:
    lines = "<br>".join(escape(line) for line in str(proofs).splitlines())
    return f'<section aria-labelledby="proofs"><h2 id="proofs">Certificate</h2><p>{lines}</p></section>'


def _continua(result: CriticalPoints) -> str:
    """The section on the continua: a table, and below each row the points that stand for the continuum."""
    head = "".join(cell("th", *column) for column in CONTINUUM_COLUMNS)
    rows = []
    for number, part in enumerate(result.continua):
        texts = continuum_cells(result, number)
        cells = "".join(cell("td", text, right) for text, (_, right) in zip(texts, CONTINUUM_COLUMNS, strict=True))
        points = "".join(_point_of_continuum(point) for point in part.points)
        noun = "real point" if part.real else "point"
        title = quantity(len(part.points), noun, f"{noun}s")
        rows.append(
            f'<tr id="continuum-{number}"{"" if part.attained else " class=faint"}>{cells}</tr><tr class="detail">'
            f'<td colspan="{len(texts)}"><details><summary>{title}</summary>{points}</details></td></tr>'
        )
    there = any(has_point(part, result.global_minimum) for part in result.continua)
    star = " ★ The global minimum lies there." if there else ""
    least = describe_least_loss(result, result.global_minimum)
    return (
        '<section id="continua" aria-labelledby="continua-title"><h2 id="continua-title">Continua</h2>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Table of continua, scrolls sideways">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="note">Sets of positive dimension of critical filters; on each of them the loss is constant.{star} '
        "Kind: of the real critical θ, directions along the continuum apart. The points are some of infinitely many; "
        f"their number is no property of the data. Least loss: {escape(least)}.</p></section>"
    )


def _point_of_continuum(point: CriticalPoint) -> str:
    rows = [("filter w", _long(point.filter.real.tolist() if point.real else point.filter.tolist()))]
    if point.real:
        kinds = zip(point.parameters, point.kinds, strict=True)
        rows += [
            (
                f"critical θ: {kind or 'undecided'}",
                "  ".join(f"w_{n} = ({_long(w.tolist())})" for n, w in enumerate(theta, 1)),
            )
            for theta, kind in kinds
        ]
    items = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(text)}</code></dd>" for name, text in rows)
    return f'<dl class="of-continuum">{items}</dl>'


def _long(values: Sequence[complex]) -> str:
    """All digits."""
    texts = (
        repr(value) if isinstance(value, float) else f"{value.real!r} {'+-'[value.imag < 0]} {abs(value.imag)!r}i"
        for value in values
    )
    return ", ".join(texts).replace("-", "−")


def _table(result: CriticalPoints) -> dict[str, Any]:
    """The points as the page's program reads them."""
    best = result.global_minimum
    points = [_row(row, point, best is point) for row, point in enumerate(result.points)]
    # Conjugate points follow each other; of the second one the page knows the filter from the first one.
    for first, second in pairwise(points):
        both = first["imaginary"] is not None and second["imaginary"] is not None
        if both and np.array_equal(np.conj(_complex(first)), _complex(second)):
            second["filter"] = second["imaginary"] = None
    kinds = {kind for point in points for kind in point["kinds"]}
    strata = sorted({point.stratum for point in result.points}, reverse=True)
    return {
        "points": points,
        "kinds": [kind for kind in SHOWN_KINDS if kind in kinds],
        "strata": [format_pattern(pattern) for pattern in strata],
        **({} if (shapes := _shapes(result)) is None else {"shapes": shapes}),
    }


def _shapes(result: CriticalPoints) -> dict[str, Any] | None:
    """How the filters of images are shown, as matrices: the shape of w, and for each layer its rows and columns.

    A layer that is no box has gaps: its coefficients stand at their points. None unless there are two dimensions.
    """
    network = result.architecture
    if not isinstance(network, SupportNetwork) or network.axes != 2:
        return None
    layers = []
    for support in network.supports:
        rows, columns = (max(entries) + 1 for entries in zip(*support, strict=True))
        layers.append({"shape": [rows, columns], "places": [i * columns + j for i, j in support]})
    return {"filter": {"shape": list(network.shape), "places": list(range(network.filter_size))}, "layers": layers}


def _complex(row: Mapping[str, Any]) -> Complex:
    return np.asarray(np.array(row["filter"]) + 1j * np.array(row["imaginary"]))


def _row(row: int, point: CriticalPoint, best: bool) -> dict[str, Any]:
    parameters = (
        [
            {
                "kind": (kind or "undecided")
                + (f" of index {index}" if kind == "saddle" and index is not None else ""),
                "layers": [layer.tolist() for layer in theta],
            }
            for theta, kind, index in zip(point.parameters, point.kinds, point.indices, strict=True)
        ]
        if point.real
        else []
    )
    return {
        "row": row,
        "best": best,
        "loss": [point.loss.real, point.loss.imag],
        "real": point.real,
        "attained": point.attained,
        "kind": describe_kinds(point) if point.real else "–",
        "kinds": sorted({kind or "undecided" for kind in point.kinds}) if point.real else [],
        "place": describe_place(point) if point.real else "complex",
        "stratum": format_pattern(point.pattern),
        "also": [format_pattern(pattern) for pattern in point.also_on],
        "pure": point.pure,
        "residual": _shown(point.residual),
        "condition": _shown(point.condition),
        "certified": point.certified,
        "multiplicity": point.multiplicity,
        "isolated": point.isolated,
        "filter": point.filter.real.tolist(),
        "imaginary": None if point.real else point.filter.imag.tolist(),
        "parameters": parameters,
    }


def _shown(value: float | None) -> float | None:
    """As many digits as the page shows, and one more."""
    return None if value is None else float(f"{value:.3g}")
