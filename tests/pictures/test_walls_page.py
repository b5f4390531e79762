"""The page of walls: its tables and curves are those of the walls, and texts stay texts."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.pictures.walls_page import branches_picture, walls_page
from tests.discriminants.test_walls import gaussian
from tests.pictures.test_report_page import Reader


@pytest.fixture(scope="module")
def found():
    arch = hl.Architecture((2, 2), (1, 1))
    return hl.walls(arch, *gaussian(arch, 1))


def test_curves_are_the_losses_of_the_followed_points(found):
    drawn = branches_picture(found)
    lines = [curve for trace in drawn.data for curve in trace.get("curves", ()) if "texts" in trace]
    above = drawn.views[0][1]
    others = [
        c for trace, new in zip(drawn.data, above, strict=True) for c in new.get("curves", ()) if "texts" in trace
    ]
    for t in (0.05, 0.2, 0.4, 0.47, 0.7):
        points = found.follow(t)
        losses = [point.loss for point in points]
        least = next(point.loss for point in points if point.branch == found.chamber_at(t).global_minimum)
        for curves, values in ((lines, losses), (others, np.array(losses) - least)):
            arrays = [np.array(curve) for curve in curves]
            at = [np.interp(t, *curve.T) for curve in arrays if curve[0, 0] <= t <= curve[-1, 0]]
            assert sorted(at) == pytest.approx(list(values), abs=1e-2)


def test_texts_name_the_branches_and_marks_the_walls(found):
    drawn = branches_picture(found)
    for trace in drawn.data:
        for curve, text in zip(trace.get("curves", ()), trace.get("texts", ()), strict=False):
            branch = int(re.match(r"branch (\d+): ", text)[1])
            t = (curve[0][0] + curve[-1][0]) / 2
            point = next(point for point in found.follow(t) if point.branch == branch)
            assert ("global minimum" in text) == (found.chamber_at(t).global_minimum == branch)
            if trace["name"] == "minimum":
                assert "minimum" in point.kinds
    marked = {row: (t, loss) for trace in drawn.data if "x" in trace
              for row, t, loss in zip(trace["customdata"], trace["x"], trace["y"], strict=True)}  # fmt: skip
    assert marked == {row: (wall.t, wall.loss) for row, wall in enumerate(found.walls)}


def test_the_page_is_well_formed_loads_nothing_and_lists_all_walls(found):
    page = walls_page(found)
    reader = Reader(page)
    assert reader.open == []
    assert all(address.startswith(("data:", "#")) for address in reader.addresses)
    assert "default-src 'none'" in page
    assert reader.texts["title"] == ["Walls and chambers of a linear convolutional network, k = (2,2), s = (1,1)"]
    assert page.count('<tr id="wall-') == len(found.walls)
    for wall in found.walls:
        assert f"{wall.t:.10g}" in reader.texts["td"]
        assert ", ".join(map(repr, wall.filter.tolist())).replace("-", "−") in page
    assert len(page) < 150_000
    plain = walls_page(found, pictures=False)
    assert "const Drawing" in page
    assert "<figure" not in plain
    assert len(plain) < 40_000
    data = json.loads(re.search(r'id="report-data">(.*?)</script>', plain)[1])
    assert data == {"pictures": []}


def test_texts_from_a_file_cannot_become_part_of_the_page(found):
    hostile = '</script><script>alert(1)</script>" onload="alert(2)'
    page = walls_page(replace(found, complete=False, contradictions=(hostile,), edited=True))
    assert "<script>alert" not in page
    assert '" onload="' not in page
    assert "Not complete." in page
    assert "was changed after it was written" in page
    assert Reader(page).open == []


def test_report_and_to_html_write_the_same_page(found, tmp_path):
    hl.report(found, tmp_path / "a.html")
    found.to_html(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes() == walls_page(found).encode()


def test_a_network_without_walls_has_a_page():
    arch = hl.Architecture((3,), (1,))
    page = walls_page(hl.walls(arch, *gaussian(arch, 0)))
    assert "No walls." in page
    assert "minimum, global minimum" in page
