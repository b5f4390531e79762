"""The report as a file: what it holds, from Python and from the command line, and what it says when it cannot be."""

from __future__ import annotations

import base64
import itertools
import json
import re
import sys
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import homotopy_lcn as hl
import homotopy_lcn.pictures.report_page as pages
from homotopy_lcn import cli
from homotopy_lcn.pictures.report_page import report_page
from homotopy_lcn.results.points import CriticalPoint
from homotopy_lcn.results.result import CriticalPoints
from tests.special_data import no_minimum, periodic_series


@pytest.fixture(scope="module")
def result():
    arch = hl.Architecture((2, 2), (1, 1))
    rng = np.random.default_rng(0)
    loss = hl.SquaredLoss.from_data(rng.normal(size=(40, 3)), rng.normal(size=(40, 1)), arch)
    return hl.critical_points(arch, loss, seed=0)


class Reader(HTMLParser):
    """Texts by element, addresses, and whether all elements are closed."""

    VOID = frozenset({"meta", "link", "input", "img", "br"})

    def __init__(self, page):
        super().__init__()
        self.open, self.texts, self.addresses = [], {}, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def embedded(page):
    kind, text = re.search(r'<script type="([^"]*)" id="report-data">(.*?)</script>', page, re.DOTALL).groups()
    document = json.loads(text if kind == "application/json" else zlib.decompress(base64.b64decode(text)))
    for before, point in itertools.pairwise(document["points"]):
        if point["filter"] is None:  # conjugate to the point before it
            point |= {"filter": before["filter"], "imaginary": [-value for value in before["imaginary"]]}
    return document


def test_the_page_holds_every_point_to_the_last_bit(result):
    page = report_page(result, pictures=False)
    points = embedded(page)["points"]
    assert len(points) == len(result)
    for row, (written, point) in enumerate(zip(points, result.points, strict=True)):
        imaginary = written["imaginary"] or [0.0] * len(written["filter"])
        assert written["row"] == row
        assert np.array_equal(np.array(written["filter"]) + 1j * np.array(imaginary), point.filter)
        assert complex(*written["loss"]) == point.loss
        assert [theta["layers"] for theta in written["parameters"]] == (
            [[w.tolist() for w in theta] for theta in point.parameters] if point.real else []
        )
    assert [written["row"] for written in points if written["best"]] == [result.points.index(result.global_minimum)]


def test_the_page_is_well_formed_named_in_the_notation_and_loads_nothing(result):
    reader = Reader(report_page(result, pictures=False))
    assert reader.open == []
    assert reader.texts["title"] == ["Critical points of a linear convolutional network, k = (2,2), s = (1,1)"]
    assert all(address.startswith(("data:", "#")) for address in reader.addresses)


def test_a_page_with_pictures_carries_the_program_and_one_without_does_not(result):
    with_pictures, without = report_page(result), report_page(result, pictures=False)
    assert "const Drawing" in with_pictures
    assert "const Drawing" not in without
    assert len(without) < 100_000
    assert len(with_pictures) < 300_000
    assert {picture["name"] for picture in embedded(with_pictures)["pictures"]} == {"ladder", "complex", "slice"}
    assert embedded(without)["pictures"] == []
    assert "<figure" not in without


def test_the_page_of_429_points_is_small_and_holds_every_digit(result):
    rng = np.random.default_rng(0)
    arch = hl.Architecture((2, 2, 2), (1, 2, 1))
    filters = rng.normal(size=(215, 5)) + 1j * rng.normal(size=(215, 5))
    points = [
        CriticalPoint(filter=w, real=False, loss=complex(*rng.normal(size=2)), stratum=((1, 1), (1,)), pure=True)
        for pair in filters
        for w in (pair, pair.conj())
    ][:429]
    loss = hl.SquaredLoss.white(rng.normal(size=5))
    found = CriticalPoints.build(arch, loss, points, (), seed=0)
    page, without = report_page(found), report_page(found, pictures=False)
    assert len(without.encode()) < 100_000
    assert len(page.encode()) < 300_000
    assert page.count('type="application/octet-stream"') == 1
    for written, point in zip(embedded(page)["points"], found.points, strict=True):
        assert np.array_equal(np.array(written["filter"]) + 1j * np.array(written["imaginary"]), point.filter)


def test_pictures_need_no_other_package(result, monkeypatch):
    for name in ("plotly", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "<figure" in report_page(result)


def test_a_result_without_points_has_a_page(tmp_path):
    arch = hl.Architecture((2, 2), (1, 1))
    result = hl.critical_points(arch, hl.SquaredLoss(np.eye(3), np.zeros(3)), seed=0)
    assert len(result) == 0
    page = report_page(result)
    assert embedded(page) == {"points": [], "kinds": [], "strata": [], "pictures": []}
    assert len(page) < 10**5


def test_continua_have_a_section_with_all_digits_of_their_points():
    result = periodic_series()
    page = report_page(result, pictures=False)
    section = re.search(r'<section id="continua".*?</section>', page, re.DOTALL)[0].replace("−", "-")
    assert Reader(page).open == []
    assert [int(n) for n in re.findall(r'id="continuum-(\d+)"', section)] == list(range(6))
    for part in result.continua:
        for point in part.points:
            values = point.filter.real.tolist() if point.real else point.filter.real[:1].tolist()
            assert ", ".join(map(repr, values)) in section
            for theta in point.parameters if point.real else ():
                assert all(f"({', '.join(map(repr, w.tolist()))})" in section for w in theta)
    assert section.count("★") == 2  # the row and the note
    assert "Least loss: 0 on continuum 0." in section
    lead = re.search(r'<p class="lead">(.*?)</p>', page, re.DOTALL)[1]
    assert lead.endswith("6 continua, 2 of them with real points.")
    assert "<strong>Complete.</strong> these are all isolated critical filters w ≠ 0, and 6 continua" in page


def test_a_result_without_continua_has_no_such_section(result):
    assert "continua" not in Reader(report_page(result, pictures=False)).texts.get("h2", [])
    assert 'id="continua"' not in report_page(result, pictures=False)


def test_an_infimum_that_is_not_attained_is_said_in_the_summary():
    page = report_page(no_minimum(), pictures=False)
    assert "<dd>none: the infimum 0 is not attained</dd>" in page
    assert not any(point["best"] for point in embedded(page)["points"])


def test_texts_from_a_file_cannot_become_part_of_the_page(result):
    hostile = '</script><script>alert(1)</script>" onload="alert(2)'
    page = report_page(replace(result, software=hostile), pictures=False)
    assert "<script>alert" not in page
    assert '" onload="' not in page
    assert Reader(page).open == []


def test_what_is_not_complete_is_said_first(result):
    page = report_page(replace(result, complete=False), pictures=False)
    assert "Not complete." in page
    assert "Complete." in report_page(result, pictures=False)


def test_a_certificate_adds_its_statement(result):
    pytest.importorskip("flint")
    proofs = hl.certificate(result)
    page = report_page(proofs, pictures=False)
    assert "loss order of the real points: proved" in page
    assert all(point["certified"] for point in embedded(page)["points"])
    assert "5 of 5 points certified" in page


def test_report_and_to_html_write_the_same_file(result, tmp_path):
    hl.report(result, tmp_path / "one.html", pictures=False)
    assert (tmp_path / "one.html").read_text(encoding="utf-8") == report_page(result, pictures=False)
    result.to_html(tmp_path / "two.html")
    assert (tmp_path / "two.html").read_text(encoding="utf-8") == report_page(result)


def test_the_command_writes_the_page_and_its_exit_code_tells_completeness(result, tmp_path, capsys):
    whole, part, page = tmp_path / "whole.json", tmp_path / "part.json", tmp_path / "page.html"
    result.to_json(whole)
    assert cli.main(["report", str(whole), "-o", str(page), "--no-pictures"]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    assert page.read_text(encoding="utf-8") == report_page(result, pictures=False)
    assert cli.main(["report", str(whole), "-o", "-", "--no-pictures"]) == 0
    assert capsys.readouterr().out == page.read_text(encoding="utf-8")
    replace(result, complete=False).to_json(part)
    assert cli.main(["report", str(part), "-o", str(page), "--no-pictures", "-q"]) == 3
    assert capsys.readouterr().out == ""
    assert "Not complete." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{good}"], "-o/--output: missing"),
        (["{good}", "-o", "{folder}/absent/page.html"], "-o/--output"),
        (["{good}", "-o", "{folder}"], "-o/--output"),
        (["{folder}/absent.json", "-o", "{folder}/page.html"], "absent.json"),
        (["{bad}", "-o", "{folder}/page.html"], "bad.json"),
    ],
)
def test_every_mistake_gives_one_line_and_no_file(result, tmp_path, capsys, arguments, words):
    result.to_json(tmp_path / "good.json")
    (tmp_path / "bad.json").write_text("{}")
    before = sorted(tmp_path.iterdir())
    names = {"good": tmp_path / "good.json", "bad": tmp_path / "bad.json", "folder": tmp_path}
    assert cli.main(["report", *(argument.format(**names) for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert sorted(tmp_path.iterdir()) == before


def test_something_else_than_a_result_is_refused(tmp_path):
    with pytest.raises(hl.InputError, match="result: Architecture; expected"):
        hl.report(hl.Architecture((2,), (1,)), tmp_path / "page.html")


def test_filters_of_images_have_shapes():
    corner = ((0, 0), (0, 1), (1, 0))
    network = hl.Architecture(supports=(corner, ((0, 0), (0, 1), (1, 1))), strides=((2, 1), (1, 1)))
    inputs = np.random.default_rng(0).standard_normal((60, network.filter_size))
    loss = hl.SquaredLoss(inputs.T @ inputs, inputs.T @ np.ones(60), 60.0)
    page = hl.critical_points(network, loss)
    shapes = pages._shapes(page)
    assert shapes["filter"]["shape"] == [4, 3] == list(network.shape)
    assert shapes["layers"] == [{"shape": [2, 2], "places": [0, 1, 2]}, {"shape": [2, 2], "places": [0, 1, 3]}]
    assert re.search(r'"shapes": ?\{"filter"', report_page(page))
    gaps = hl.Architecture(supports=((0, 1, 3), (0, 1)))
    assert pages._shapes(hl.critical_points(gaps, hl.SquaredLoss.white(np.ones(5)))) is None
    assert "slice" not in [picture.name for picture in pages.pictures_of(page)]
