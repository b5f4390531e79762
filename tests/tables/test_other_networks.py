"""The table of the classes of other networks: exact columns counted anew, small rows computed anew."""

from __future__ import annotations

import csv
import re

import pytest

import homotopy_lcn as hl
from homotopy_lcn._data import data_path
from homotopy_lcn.cli.network_texts import shapes_of, supports_of
from homotopy_lcn.cli.program import main
from homotopy_lcn.networks.patterns import format_pattern
from tests.test_docs import ROOT

with open(data_path("other_networks.csv"), newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
GAPS = hl.Architecture(supports=((0, 1, 3), (0, 1)))
BOXES = hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))


def network_of(text):
    boxes = re.fullmatch(r"k = \((.*)\), s = \((.*)\)", text)
    if boxes:
        return hl.Architecture(filters=shapes_of("k", boxes[1], ""), strides=shapes_of("s", boxes[2], ""))
    return hl.Architecture(supports=supports_of(";".join(re.findall(r"\{(.*?)\}", text))))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["network"])
def test_the_classes_are_those_of_the_counts(row):
    network = network_of(row["network"])
    assert network.notation == row["network"]
    table = hl.generic_count(network)
    classes = " + ".join(f"{format_pattern(item.pattern)} {item.factorizations}·{item.count}" for item in table)
    numbers = (table.parameters, table.filters, table.filters, network.dimension)
    assert row["classes"] == classes
    assert tuple(int(row[name]) for name in ("parameters", "filters", "found", "dimension")) == numbers
    assert row["status"] == "found"
    assert sum(int(a) * int(b) for a, b in re.findall(r"(\d+)·(\d+)", row["classes"])) == table.parameters


def test_the_page_has_the_table():
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    for row in ROWS:
        line = " | ".join(row[name] for name in ("network", "dimension", "parameters", "filters", "classes"))
        assert f"\n| {line} |\n" in page


def test_rows_of_tabulate():
    table = hl.tabulate([GAPS, BOXES, hl.Architecture((3, 2), (2, 1))], measure=True)
    gaps, boxes, ordinary = table
    assert (gaps.status, boxes.status, ordinary.status) == ("found",) * 3
    assert [row.geometry_checked for row in table] == [True] * 3
    assert (boxes.found_pure, boxes.found_spurious, boxes.found_parameters) == (122, 40, 284)
    assert (boxes.closed, boxes.smooth, gaps.closed, gaps.reduced) == (False, False, None, None)
    frame = table.to_frame()
    assert frame["filters"].tolist() == ["0,1,3;0,1", "2x2,2x2", (3, 2)]


def test_command(capsys):
    words = ["tabulate", "-k", "2x1,2x2", "-s", "1,1", "--supports", "0,1,3;0,1"]
    assert main([*words, "--format", "csv"]) == 0
    header, boxes, gaps = csv.reader(capsys.readouterr().out.splitlines())
    assert dict(zip(header, boxes, strict=True))["filters"] == "2x1,2x2"
    assert dict(zip(header, gaps, strict=True))["parameters"] == "10"
    assert main([*words, "--certify", "--format", "csv"]) == 0
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert [dict(zip(header, row, strict=True))["status"] for row in rows] == ["certified"] * 2


def test_certified_and_white_rows():
    """The 4 singular vector pairs of a 4 × 4 matrix; all 162 filters of two boxes are proved to be critical."""
    pairs = hl.Architecture(filters=((2, 2), (2, 2)), strides=(2, 1))
    boxes, singular = hl.tabulate([BOXES, pairs], certify=True, white=True)
    assert (boxes.status, boxes.certified, boxes.found_parameters) == ("certified", 162, 284)
    assert (singular.white_pure, singular.white_spurious, singular.white_method) == (4, 0, "measured")
    assert (singular.status, singular.certified) == ("certified", 284)
    counted = hl.generic_count(BOXES, "white")
    assert (boxes.white_pure, boxes.white_spurious) == (counted.pure, counted.spurious)


def test_the_atlas_has_the_rows():
    frame = hl.atlas("others")
    assert frame["network"].tolist() == [row["network"] for row in ROWS]
    rows = frame.set_index("network")
    row = rows.loc[BOXES.notation]
    assert (row["parameters"], row["filters"], row["shape"], row["ranks"]) == (284, 162, (3, 3), (7, 4))
    assert (row["classes"], row["status"]) == ("(1,1) 2·122 + (2) 1·40", "found")
    with pytest.raises(hl.InputError, match="networks: 'white' given; expected 'ordinary' or 'others'"):
        hl.atlas("white")
