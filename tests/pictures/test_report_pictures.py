"""The pictures of a report, as data: every point where it belongs, and all that the page's program needs."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.geometry.filter_geometry import is_in_function_space
from homotopy_lcn.pictures import report_pictures, report_slices
from homotopy_lcn.pictures.report_page import pictures_of
from homotopy_lcn.pictures.report_pictures import COLOURS, complex_losses, loss_ladder
from homotopy_lcn.pictures.report_slices import function_space_slice, members
from tests.special_data import periodic_series


def solved(filters, strides, seed=0):
    arch = Architecture(filters, strides)
    rng = np.random.default_rng(seed)
    loss = SquaredLoss.from_data(rng.normal(size=(60, arch.filter_size)), rng.normal(size=(60, 1)), arch)
    return critical_points(arch, loss, seed=seed)


@pytest.fixture(scope="module")
def result():
    return solved((2, 2, 2), (1, 1, 1))


def test_the_ladder_has_every_real_point_at_its_loss(result):
    picture = loss_ladder(result)
    seen = set()
    for trace in picture.data:
        for row, loss, column in zip(trace["customdata"], trace["y"], trace["x"], strict=True):
            point = result.points[row]
            assert loss == point.loss
            assert point.real
            assert trace["name"].endswith(", pure" if point.pure else ", spurious")
            if point.attained:
                assert column.split()[0] in point.kinds
            else:
                assert "not attained" in trace["name"]
            seen.add(row)
    assert seen == {row for row, point in enumerate(result.points) if point.real}
    order = picture.layout["xaxis"]["categoryarray"]
    assert order[0] == "minimum"
    assert {column for trace in picture.data for column in trace["x"]} == set(order)


def test_the_complex_plane_has_every_point_once_and_both_views_agree(result):
    picture = complex_losses(result)
    ((_, changes, _),) = picture.views
    rows = []
    for trace, change in zip(picture.data, changes, strict=True):
        for row, real, imaginary, size, angle in zip(
            trace["customdata"], trace["x"], trace["y"], change["x"], change["y"], strict=True
        ):
            assert complex(real, imaginary) == result.points[row].loss
            assert size * np.exp(1j * np.pi * angle) == pytest.approx(complex(real, imaginary))
            rows.append(row)
    assert sorted(rows) == list(range(len(result)))


def test_large_results_are_drawn_in_part_which_the_caption_says(result, monkeypatch):
    monkeypatch.setattr(report_pictures, "MOST_DRAWN", 5)
    picture = complex_losses(result)
    rows = [row for trace in picture.data for row in trace["customdata"]]
    least = sorted(abs(point.loss) for point in result.points)[:5]
    assert sorted(abs(result.points[row].loss) for row in rows) == least
    assert f"5 points of least |loss| of {len(result)}" in picture.caption


@pytest.mark.parametrize("filters", [(2, 2), (2, 2, 2), (3, 2), (3, 3), (2, 2, 2, 2), (4, 2, 2)], ids=str)
def test_members_are_those_that_the_exact_code_finds(filters):
    arch = Architecture(filters, (1,) * len(filters))
    w = np.random.default_rng(0).normal(size=(150, arch.filter_size))
    w[0, 0] = 0.0  # a root at infinity
    expected = [is_in_function_space(arch, row) for row in w]
    assert members(arch, w).tolist() == expected
    assert members(arch, w.reshape(10, 15, -1)).ravel().tolist() == expected


def test_a_plane_shows_filters_and_losses_where_they_are(result):
    picture = function_space_slice(result)
    marked = [trace for trace in picture.data if "customdata" in trace]
    rows = [row for trace in marked for row in trace["customdata"]]
    assert len(rows) >= 3
    assert result.points.index(result.global_minimum) in rows
    assert all(result.points[row].attained for row in rows)
    # Coordinates are orthonormal for Σ: the loss is a constant plus the squared distance from the contours' centre.
    contours = next(np.array(trace["curves"]) for trace in picture.data if trace["name"] == "equal loss")
    centre = contours[0, :-1].mean(axis=0)
    for curve in contours:
        distances = np.linalg.norm(curve - centre, axis=-1)
        assert distances == pytest.approx(distances.mean(), rel=1e-3)
    found = [
        (np.array(at) - centre) @ (np.array(at) - centre) - result.points[row].loss.real
        for trace in marked
        for row, *at in zip(trace["customdata"], trace["x"], trace["y"], strict=True)
    ]
    assert found == pytest.approx([found[0]] * len(found), abs=1e-3)
    # Contours are those of equally distant losses.
    radii = np.linalg.norm(contours[:, 0] - centre, axis=-1)
    assert np.diff(radii**2) == pytest.approx(np.diff(radii**2).mean(), rel=1e-3)


@pytest.mark.parametrize("filters", [(2, 2), (2, 2, 2), (3, 2)], ids=str)
def test_the_region_of_a_plane_is_the_function_space(filters):
    result = solved(filters, (1,) * len(filters))
    picture = function_space_slice(result)
    region = next(trace for trace in picture.data if trace["type"] == "region")
    cells = {(column + n, row) for column, row, length in region["runs"] for n in range(length)}
    # The plane through three marked points.
    marks = [
        (row, x, y)
        for trace in picture.data
        if "customdata" in trace
        for row, x, y in zip(trace["customdata"], trace["x"], trace["y"], strict=True)
    ]
    filters = [result.points[row].filter.real for row, *_ in marks]
    plane, *_ = np.linalg.lstsq(np.array([[x, y, 1] for _, x, y in marks]), np.array(filters), rcond=None)
    across = round(report_slices.PLANE_WIDTH * report_slices.PLANE_RESOLUTION)
    rng = np.random.default_rng(0)
    for column, row in rng.integers((across, report_slices.PLANE_RESOLUTION), size=(300, 2)).tolist():
        x, y = np.array(region["corner"]) + region["step"] * (np.array([column, row]) + 0.5)
        assert is_in_function_space(result.architecture, np.array([x, y, 1]) @ plane) == ((column, row) in cells)
    (low, high), corner = picture.layout["xaxis"]["range"], region["corner"][0]
    assert corner == pytest.approx(low, abs=region["step"])
    assert 0 < len(cells)
    assert max(column for column, _ in cells) * region["step"] + corner <= high + region["step"]


def test_flat_losses_have_lines_as_contours():
    arch = Architecture((2, 2), (1, 1))
    gram = np.diag([1.0, 0.0, 0.0])
    trace = report_slices._contours(gram, np.array([0.5, 0.0, 0.0]), np.eye(3)[:, :2], np.zeros(2), 1.0)
    assert members(arch, np.array([1.0, 0.0, -1.0]))
    for curve in np.array(trace["curves"]):
        assert len(curve) == 2
        values = curve[:, 0] ** 2 + 2 * 0.5 * curve[:, 0]
        assert values[0] == pytest.approx(values[1], abs=1e-4)


def in_caption(picture):
    """The numbers of the points that a caption names: held, and not held."""
    held, _, absent = picture.caption.partition("does not hold")
    held = held.partition("It holds")[2].partition("(")[0].partition(";")[0].partition(".")[0]
    return [[int(word) for word in re.findall(r"\d+", text)] for text in (held, absent)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("filters", [(2, 2, 2), (3, 2)], ids=str)
def test_the_slice_holds_the_global_minimum_and_says_which_points_it_holds(monkeypatch, filters, seed):
    monkeypatch.setattr(report_slices, "SURFACE_RESOLUTION", 6)
    result = solved(filters, (1, 2, 1) if len(filters) == 3 else (2, 1), seed=seed)
    picture = function_space_slice(result)
    rows = sorted(row for trace in picture.data for row in trace.get("customdata", []))
    attained = [row for row, point in enumerate(result.points) if point.attained]
    assert in_caption(picture) == [rows, sorted(set(attained) - set(rows))]
    best = result.points.index(result.global_minimum)
    assert best in rows
    assert f"{best} ★" in picture.caption
    # Of any two points there is a slice that holds both.
    assert len(rows) >= min(2, len(attained))
    boxes = [axis["range"] for axis in picture.layout["axes"]]
    for trace in picture.data:
        for name, (low, high) in zip("xyz", boxes, strict=True):
            assert all(low <= value <= high for value in trace[name])


@pytest.mark.parametrize(("filters", "strides"), [((2, 2), (2, 1)), ((2, 2), (1, 1)), ((2,), (1,)), ((1,), (1,))])
def test_every_network_has_pictures_that_the_program_can_draw(filters, strides):
    drawn = pictures_of(solved(filters, strides))
    assert {"ladder", "complex"} <= {picture.name for picture in drawn}
    for picture in drawn:
        json.dumps([picture.data, picture.views], allow_nan=False)
        assert {"xaxis", "yaxis"} <= picture.layout.keys() or {"axes", "view"} <= picture.layout.keys()
        for _, changes, layout in picture.views:
            assert len(changes) == len(picture.data)
            assert layout.keys() <= picture.layout.keys()
        for trace in picture.data:
            assert {"name", "type"} <= trace.keys()
            if "customdata" in trace:
                number = len(trace["customdata"])
                assert {len(trace[name]) for name in ("x", "y", "text")} == {number}


def test_what_matters_most_is_drawn_last(result):
    for picture in (loss_ladder(result), complex_losses(result)):
        names = [trace["name"].split(", ") for trace in picture.data]
        ranks = [(-list(COLOURS).index(group), purity == "pure") for group, purity in names]
        assert ranks == sorted(ranks)
        assert names[-1][0] == "minimum"


def circle_of_minima():
    """A circle of filters with double roots, and a filter of less loss inside the circle that no real network has."""
    return critical_points(Architecture((2, 2), (1, 1)), SquaredLoss(np.diag([2.0, 1.0, 2.0]), [1.0, 0.0, 1.0]))


def markers(picture):
    """The symbols by the name of the trace, and the numbers of points and continua that are marked."""
    symbols = {
        trace["name"]: trace["marker"]["symbol"]
        for trace in picture.data
        if "text" in trace and trace["name"] != "w = 0"
    }
    rows = [row for trace in picture.data for row in trace.get("customdata", [])]
    return symbols, rows, [number for trace in picture.data for number in trace.get("meta", [])]


def test_continua_are_marked_apart_from_isolated_points():
    ladder, plane, part = pictures_of(circle_of_minima())
    assert markers(ladder) == (
        {"not attained, pure": "line-ew", "minimum, continuum": "circle-open-dot"}, [0], [0],
    )  # fmt: skip
    assert markers(plane) == (
        {"not attained, pure": "cross", "minimum, continuum": "circle-open-dot"}, [0], [0],
    )  # fmt: skip
    symbols, rows, numbers = markers(part)
    assert (symbols, rows, set(numbers)) == ({"minimum, continuum": "circle-open-dot"}, [], {0})
    assert all("ontinua" in picture.caption for picture in (ladder, plane, part))
    # Filters of the circle have one loss, and the plane's coordinates are orthonormal for Σ: they lie on a circle.
    (trace,) = (trace for trace in part.data if "meta" in trace)
    origin = next(trace for trace in part.data if trace["name"] == "w = 0")
    distances = np.hypot(np.array(trace["x"]) - origin["x"][0], np.array(trace["y"]) - origin["y"][0])
    assert distances == pytest.approx(distances[0])


def test_complex_continua_stand_in_the_complex_plane_only():
    ladder, plane = pictures_of(periodic_series())
    assert sorted(markers(ladder)[2]) == [0, 1]
    assert sorted(markers(plane)[2]) == list(range(6))
    losses = {
        number: complex(x, y)
        for trace in plane.data
        for number, x, y in zip(trace["meta"], trace["x"], trace["y"], strict=True)
    }
    assert losses == {number: part.loss for number, part in enumerate(periodic_series().continua)}


def test_pictures_without_continua_do_not_mention_them(result):
    assert all("continu" not in picture.caption for picture in pictures_of(result))
