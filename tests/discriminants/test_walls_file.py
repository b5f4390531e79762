"""The file of walls: what is read equals what was written, and what contradicts itself is refused in one line."""

from __future__ import annotations

import json

import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.kinds import questions
from homotopy_lcn.discriminants.records import WallStratum
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.discriminants.walls_file import read_strata
from homotopy_lcn.results.json_reader import Record
from tests.discriminants.test_walls import gaussian


def segment(filters, strides, seed):
    arch = hl.Architecture(filters, strides)
    return hl.walls(arch, *gaussian(arch, seed))


@pytest.fixture(scope="module")
def found():
    return segment((2, 2), (1, 1), 1)


@pytest.fixture
def content(found):
    return json.loads(found.to_json())


def read(content, tmp_path):
    path = tmp_path / "walls.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return hl.Walls.from_json(path)


@pytest.mark.parametrize("network", [((2, 2), (1, 1)), ((2, 2), (2, 1)), ((3,), (1,))])
def test_what_is_read_is_what_was_written(network, tmp_path):
    found = segment(*network, 1)
    found.to_json(tmp_path / "walls.json")
    again = hl.Walls.from_json(tmp_path / "walls.json")
    assert again == found
    assert again.edited is False
    assert again.to_json() == found.to_json()
    assert again.follow(0.3) == found.follow(0.3)
    assert again.branches == found.branches


def test_certified_walls_stay_certified(tmp_path):
    pytest.importorskip("flint")
    arch = hl.Architecture((2, 2), (2, 1))
    found = hl.walls(arch, *gaussian(arch, 0), certify=True)
    assert found.certified
    found.to_json(tmp_path / "walls.json")
    again = hl.Walls.from_json(tmp_path / "walls.json")
    assert again == found
    assert again.certified


def test_an_edit_that_contradicts_nothing_is_told(content, tmp_path):
    content["walls"][0]["certified"] = True
    assert read(content, tmp_path).edited is True
    del content["digest"]
    assert read(content, tmp_path).edited is None
    again = read(json.loads(read(content, tmp_path).to_json()), tmp_path)
    assert again.edited is None


def test_walls_that_are_not_complete_are_read(found, content, tmp_path):
    content |= {"complete": False, "contradictions": ["a reason"]}
    again = read(content, tmp_path)
    assert (again.complete, again.contradictions) == (False, ("a reason",))
    assert again.walls == found.walls


def change(content, *path, value):
    *before, last = path
    for key in before:
        content = content[key]
    content[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("format",), "x", r"not a file of walls; expected JSON with format"),
        (("version",), 2, r"version: 2 is not known; expected 1"),
        (("architecture", "filters"), [2, 3], r"architecture.filters: \[2, 3\]; expected \[2, 2\], by the chambers"),
        (("loss0", "gram"), [[1.0]], r"loss0.gram: 1 entries; expected 3"),
        (("loss0", "b"), [1, 2, "3"], r"loss0.b\[2\]: '3' is not a finite number"),
        (("loss1", "b"), [1.0, 2.0, 3.0], r"walls\[1\].loss: "),
        (("walls", 0, "t"), 1.5, r"walls\[0\].t: 1.5; expected a number from 0 to 1"),
        (("walls", 0, "kind"), "<b>", r"walls\[0\].kind: '<b>' is unknown; expected one of fold,"),
        (("walls", 0, "pattern"), [[3]], r"walls\[0\].pattern: "),
        (("walls", 1, "filter"), [1.0, 0.0], r"walls\[1\].filter: 2 entries; expected 3"),
        (("walls", 0, "loss"), 0.0, r"walls\[0\].loss: 0.0; expected "),
        (("walls", 2, "kind"), "pitchfork", r"complete: true; expected false: stratum "),
        (("walls", 0, "certified"), False, r"walls\[0\].certified: false; expected true or null"),
        (("strata", 0, "generic"), 99, r"strata\[0\].generic: 99; expected \d+, the exact count"),
        (("strata", 1, "found"), 0, r"strata\[1\].complete: true; expected false, as \d+ are missing"),
        (("strata",), [], r"strata: no account of the kind fold"),
        (("complete",), False, r"contradictions: none; expected the reasons"),
        (("contradictions",), ["a"], r"complete: true; expected false, as not all walls are accounted for"),
        (("chambers",), [], r"chambers: no entries"),
        (("chambers", 0, "to"), 0.5, r"chambers: not the intervals between the walls"),
        (("chambers", 0, "real"), 7, r"chambers\[0\].real: 7; expected 3"),
        (("chambers", 0, "branches"), [0, 0, 1], r"chambers\[0\].branches: expected 3 different numbers"),
        (("chambers", 1, "branches"), [2, 1, 0], r"chambers\[1\]."),
        (("chambers", 0, "result", "points", 0, "loss"), 1.0, r"chambers\[0\].result: points\[0\]"),
        (("chambers", 0, "result", "loss", "constant"), 1.0, r"chambers\[0\].result: "),
        (("chambers", 0, "result"), 3, r"chambers\[0\].result: 3 is not an object"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_in_one_line(content, tmp_path, path, value, message):
    change(content, *path, value=value)
    with pytest.raises(hl.InputError, match=message) as caught:
        read(content, tmp_path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'walls.json'}: ")


def test_two_accounts_of_one_kind_of_a_stratum_are_read():
    """In the stratum of ℓ² Q, of degree four, two roots of Q can coincide, or one of them and that of ℓ."""
    arch = hl.Architecture((2, 2, 2, 2), (1, 1, 1, 1))
    losses = gaussian(arch, 0)
    segment = Segment(arch, *losses)
    rows = []
    for question in questions(arch):
        count = question.condition.count(segment.line(question.embedding(arch)).motion)
        rows.append(WallStratum(question.pattern, question.kind, count, count))
    assert len({(row.pattern, row.kind) for row in rows}) < len(rows)
    made = hl.Walls(arch, *losses, (), (), tuple(rows), True)
    record = Record(json.loads(made.to_json()), "")
    assert read_strata(record, segment) == tuple(rows)
    record.data["strata"].append(record.data["strata"][0])
    with pytest.raises(hl.InputError, match=r"strata\[\d\].kind: the stratum has no such walls, or fewer accounts"):
        read_strata(record, segment)


def test_points_of_other_data_are_refused(found, content, tmp_path):
    """The critical points of one chamber in the place of those of another one."""
    content["chambers"][0] |= {"result": content["chambers"][1]["result"]}
    with pytest.raises(hl.InputError, match=r"chambers\[0\]\.(result\.loss: not that in the middle|\w+: )"):
        read(content, tmp_path)


def test_files_that_are_none_are_refused(found, tmp_path):
    for text in ("", "[]", found.to_json()[:-500], '{"format": NaN}'):
        path = tmp_path / "walls.json"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(hl.InputError, match=r"walls\.json: "):
            hl.Walls.from_json(path)
    with pytest.raises(hl.InputError, match=r"^path: the text of a file is given"):
        hl.Walls.from_json(found.to_json())
