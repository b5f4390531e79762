"""The pictures of a report, as data: every point where it belongs, and valid for plotly."""

from __future__ import annotations

import json

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.geometry.filter_geometry import is_in_function_space
from homotopy_lcn.pictures import report_pictures
from homotopy_lcn.pictures.report_pictures import complex_losses, function_space_slice, loss_ladder, members, pictures
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
        for row, re, im, size, angle in zip(
            trace["customdata"], trace["x"], trace["y"], change["x"], change["y"], strict=True
        ):
            assert complex(re, im) == result.points[row].loss
            assert size * np.exp(1j * np.pi * angle) == pytest.approx(complex(re, im))
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
    contour = next(trace for trace in picture.data if trace["type"] == "contour")
    marked = [trace for trace in picture.data if "customdata" in trace]
    rows = [row for trace in marked for row in trace["customdata"]]
    assert len(rows) >= 3
    assert all(result.points[row].attained for row in rows)
    # With coordinates orthonormal for Σ the loss is a constant plus the squared distance from one centre: fit it to the
    # contour's values, and it must give the losses of the marked points.
    x, y = np.meshgrid(contour["x"], contour["y"])
    z = np.array(contour["z"]) - x**2 - y**2
    (a, b, c), *_ = np.linalg.lstsq(np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1), z.ravel(), rcond=None)
    assert a * x + b * y + c == pytest.approx(z, abs=1e-8)
    for trace in marked:
        for row, u, v in zip(trace["customdata"], trace["x"], trace["y"], strict=True):
            assert u**2 + v**2 + a * u + b * v + c == pytest.approx(result.points[row].loss, rel=1e-9)


def test_the_slice_of_figure_1_marks_only_attained_filters(monkeypatch):
    monkeypatch.setattr(report_pictures, "SURFACE_RESOLUTION", 6)
    result = solved((2, 2, 2), (1, 2, 1), seed=3)
    picture = function_space_slice(result)
    rows = [row for trace in picture.data for row in trace.get("customdata", [])]
    attained = sum(bool(point.attained) for point in result.points)
    assert all(result.points[row].attained for row in rows)
    assert len(rows) == attained or f"{attained - len(rows)} attained filter" in picture.caption


@pytest.mark.parametrize(("filters", "strides"), [((2, 2), (2, 1)), ((2, 2), (1, 1)), ((2,), (1,)), ((1,), (1,))])
def test_every_network_has_pictures_that_plotly_takes(filters, strides):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    drawn = pictures(solved(filters, strides))
    assert {"ladder", "complex"} <= {picture.name for picture in drawn}
    for picture in drawn:
        graph_objects.Figure(picture.data, picture.layout)
        json.dumps([picture.data, picture.views], allow_nan=False)
        for _, changes, layout in picture.views:
            data = [{**trace, **change} for trace, change in zip(picture.data, changes, strict=True)]
            graph_objects.Figure(data, {**picture.layout, **layout})


def circle_of_minima():
    """A circle of filters with double roots, and a filter of less loss inside the circle that no real network has."""
    return critical_points(Architecture((2, 2), (1, 1)), SquaredLoss(np.diag([2.0, 1.0, 2.0]), [1.0, 0.0, 1.0]))


def markers(picture):
    """The symbols by the name of the trace, and the numbers of points and continua that are marked."""
    symbols = {trace["name"]: trace["marker"]["symbol"] for trace in picture.data if "hovertemplate" in trace}
    rows = [row for trace in picture.data for row in trace.get("customdata", [])]
    return symbols, rows, [number for trace in picture.data for number in trace.get("meta", [])]


def test_continua_are_marked_apart_from_isolated_points():
    graph_objects = pytest.importorskip("plotly.graph_objects")
    ladder, plane, part = pictures(circle_of_minima())
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
    for picture in (ladder, plane, part):
        graph_objects.Figure(picture.data, picture.layout)


def test_complex_continua_stand_in_the_complex_plane_only():
    ladder, plane = pictures(periodic_series())
    assert sorted(markers(ladder)[2]) == [0, 1]
    assert sorted(markers(plane)[2]) == list(range(6))
    losses = {
        number: complex(x, y)
        for trace in plane.data
        for number, x, y in zip(trace["meta"], trace["x"], trace["y"], strict=True)
    }
    assert losses == {number: part.loss for number, part in enumerate(periodic_series().continua)}


def test_pictures_without_continua_do_not_mention_them(result):
    assert all("continu" not in picture.caption for picture in pictures(result))
