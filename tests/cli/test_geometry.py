"""``homotopy-lcn geometry`` and ``homotopy-lcn paper figure1``."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from homotopy_lcn import Architecture
from homotopy_lcn.cli import program
from homotopy_lcn.cli.geometry import filter_from_text

NETWORK = ("geometry", "-k", "3,2", "-s", "2,1")


def test_the_facts_of_a_network_are_shown(capsys):
    assert program.main([*NETWORK]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert "singular at (1, 0, -3, 0, 2) = (1, 0, -2)·(1, -1) = (1, 0, -1)·(1, -2)" in output
    for text in ("thin, of codimension 1", "(1, 0, 0, 0, 1) lies in the closure", "AD² + B²E − BCD = 0", "reduced, as"):
        assert text in output


@pytest.mark.parametrize(
    ("network", "number", "complete", "text"),
    [
        (("-k", "6,2", "-s", "3,1"), 7, True, "complete: they generate the vanishing ideal of the closure"),
        (("-k", "5,2", "-s", "3,1"), 5, True, "complete: they generate the vanishing ideal of the closure"),
        (("-k", "3,2,2", "-s", "2,2,1"), 13, True, "and 1 more of degree at most 3, in the JSON document"),
        (("-k", "8,2", "-s", "3,1"), 11, None, "not shown to be complete: equations of degree above 5 may be missing"),
        (("-k", "8,2", "-s", "2,1"), 0, False, "not complete: no equation of degree at most 7, too few"),
    ],
)
def test_equations_are_complete_or_said_not_to_be(network, number, complete, text, tmp_path, capsys):
    path = tmp_path / "geometry.json"
    assert program.main(["geometry", *network, "--json", str(path)]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert text in shown.partition("equations ")[2]
    document = json.loads(path.read_text())
    assert len(document["equations"]) == number
    assert document["equations_complete"] is complete
    assert document["equations_degree"] >= 3


def test_the_facts_of_a_filter_are_shown(capsys):
    assert program.main([*NETWORK, "--filter=1,0,-3,0,2"]) == 0
    output = capsys.readouterr().out
    assert "interior" in output
    assert "2 complex θ up to scaling, 2 of them real" in output
    assert program.main([*NETWORK, "--filter=-1,0,0,0,-1"]) == 0
    assert "in the closure only; the nearest filter of M found is at" in capsys.readouterr().out
    assert program.main([*NETWORK, "--filter", "1,0,0,0,1+2j"]) == 0
    assert "not real: the imaginary part is 0.8165 of the norm of w" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("network", "w", "text"),
    [
        (("-k", "3,2", "-s", "2,1"), "1,0,-3,0,2", "1.4142 and 1, would have to meet: they are 0.3382 apart"),
        (("-k", "3,2", "-s", "2,1"), "1,0,-2,0,1", "at the boundary"),
        (("-k", "3,2", "-s", "2,1"), "1,0,0,0,1", "in the closure only; the nearest filter of M found is at 0.7071"),
        (("-k", "3,2", "-s", "2,1"), "1,0,0,1,0", "not in the closure; the nearest filter of M found"),
        (("-k", "3,2", "-s", "1,1"), "0,0,0,1", "none: M is Zariski closed"),
        (("-k", "4,4", "-s", "1,1"), "1,0,0,0,0,0,0", "at the boundary"),
        (("-k", "1,3,2", "-s", "2,2,1"), "1,1,0,0,0,0,0,0,0", "not in the closure"),
        (("-k", "2,2", "-s", "1,1"), "0,0,0", "at the boundary"),
    ],
)
def test_the_nearest_obstruction_is_named_for_every_filter(network, w, text, capsys):
    assert program.main(["geometry", *network, "--filter", w]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert text in shown.partition("obstruction ")[2]


def test_the_root_pattern_of_a_filter_is_shown_and_written(capsys):
    for network, w, pattern in (
        (("-k", "2,2,2", "-s", "1,1,1"), "2,0,0,0", "(3)"),
        (("-k", "3,2", "-s", "2,1"), "0,0,1,0,0", "(2)(1)"),
        (("-k", "1,1", "-s", "1,1"), "5", "()"),
    ):
        assert program.main(["geometry", *network, "--filter", w]) == 0
        assert f"root pattern {pattern} " in " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert program.main(["geometry", "-k", "2,2,2", "-s", "1,1,1", "--filter", "2,0,0,0", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["filter"]["factorizations"][0]["pattern"] == [[3]]


@pytest.mark.parametrize(
    ("theta", "text", "causes"),
    [
        ("1,-3;1,3;1,-9", "x² = 9, common to layer 3 and the product of those below", [(2, 9, [2], True)]),
        ("1,-3;2,-6;1,1", "x = 3, common to layer 1 and layer 2", [(1, 3, [0, 1], False)]),
        ("1,i;1,-i;1,1", "x² = -1, common to layer 3 and the product of those below", [(2, -1, [2], True)]),
        ("0,0;1,-6;1,1", "a layer that is zero", []),
        ("1,-3;1,2;1,5", "critical for μ no", []),
    ],
)
def test_parameters_are_critical_or_not_and_the_cause_is_named(theta, text, causes, capsys):
    network = ("geometry", "-k", "2,2,2", "-s", "1,2,1", "--parameters", theta)
    assert program.main([*network]) == 0
    assert text in " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert program.main([*network, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)["parameters"]
    assert document["critical"] == (document["rank"] < 4) == ("no" not in text.split())
    found = [(c["dilation"], c["value"]["re"], c["layers"], c["below"]) for c in document["causes"]]
    assert found == [(d, pytest.approx(value), layers, below) for d, value, layers, below in causes]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a number"),
        ("1,2", "filters of sizes 2 given; expected 2,2,2"),
        ("1,2;1,2;1,x", "'x' is not a number"),
        ("1,2;1,2;1,2;1", "filters of sizes 2,2,2,1 given"),
    ],
)
def test_mistakes_in_parameters_are_one_line(text, message, capsys):
    assert program.main(["geometry", "-k", "2,2,2", "-s", "1,2,1", "--parameters", text]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("homotopy-lcn: --parameters: ")
    assert message in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("filters", "strides"), [("2,2", "1,1"), ("2,2", "2,1"), ("1,1", "1,1"), ("5,5,5", "1,1,1"), ("2,2,2,2", "2,2,2,1")]
)
def test_every_kind_of_network_can_be_shown_and_written(filters, strides, capsys):
    sizes, steps = ([int(item) for item in text.split(",")] for text in (filters, strides))
    zeros = ",".join("0" * Architecture(sizes, steps).filter_size)
    assert program.main(["geometry", "-k", filters, "-s", strides, "--filter", zeros, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["filter"]["in_function_space"] is True
    assert program.main(["geometry", "-k", filters, "-s", strides]) == 0


def test_the_document_says_the_same(tmp_path, capsys):
    path = tmp_path / "geometry.json"
    assert program.main([*NETWORK, "--filter=1,0,-2,0,1", "--json", str(path), "-q"]) == 0
    assert capsys.readouterr().out == ""
    document = json.loads(path.read_text())
    assert document["format"] == "homotopy-lcn/geometry"
    assert document["closed"] is False
    assert document["closure_witness"] == [1, 0, 0, 0, 1]
    assert document["equations"][0][0] == {"coefficient": 1, "monomial": [0, 3, 3]}
    facts = document["filter"]
    assert document["singular_factorizations"] == [[[1, 0, -2], [1, -1]], [[1, 0, -1], [1, -2]]]
    assert facts["exact"] is True
    assert facts["boundary"] == ["reduced"]
    assert facts["factorizations"][0]["rank"] == 3
    assert facts["hyperroots"][0]["value"]["re"] == pytest.approx(1)
    assert program.main([*NETWORK, "--filter", "0,0,1j,0,0", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["filter"]["filter"]["im"] == [0, 0, 1, 0, 0]
    assert None in [item["value"] for item in document["filter"]["hyperroots"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2", "2 numbers given; expected 5"),
        ("1,2,3,4,x", "'x' is not a number"),
        ("1,2,3,4,nan", "'nan' is not a number"),
        ("1,2,3,4,1/0", "'1/0' is not a finite number"),
        ("1,2,3,4,", "'' is not a number"),
        ("1,2,3,4,1/2/3", "'1/2/3' is not a number"),
        ("1,2,3,4,1+2", "'1+2' is not a number"),
        ("1,2,3,4,1e999i", "'1e999i' is not a number"),
        ("1,0,-2,0,1e-400", "beyond the range of doubles"),
        ("1,0,-2,0,1e400", "beyond the range of doubles"),
        ("1,0,-2,0,1e99999", "more than 3000 digits"),
        (f"1,0,-2.{'0' * 150}1,0,1.{'0' * 150}1", "too close"),
    ],
)
def test_mistakes_in_a_filter_are_one_line(text, message, capsys):
    assert program.main([*NETWORK, "--filter", text]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert "filter: " in errors
    assert message in errors


def test_numbers_are_read_as_they_are_written():
    arch = Architecture((2, 2), (1, 1))
    assert filter_from_text("1,-3/2, 4", arch) == [1, -1.5, 4]
    assert filter_from_text("1e3,-0.5,1+2i", arch) == [1000, -0.5, 1 + 2j]
    assert filter_from_text("+1/2,-.5e-1,1/2-3/4j", arch) == [0.5, -0.05, 0.5 - 0.75j]
    assert filter_from_text("i,-2.5j,-1-i", arch) == [1j, -2.5j, -1 - 1j]
    assert filter_from_text("+1/2,2,+3", arch) == [Fraction(1, 2), 2, 3]
    exact = filter_from_text("0.1,-139.9999999,2.5e-3", arch)
    assert exact == [Fraction(1, 10), Fraction(-1399999999, 10**7), Fraction(1, 400)]
    assert not any(isinstance(value, complex) for value in filter_from_text("1,-3/2,4.5", arch))


@pytest.mark.parametrize(
    ("w", "inside", "text"),
    [
        ("1,-139.9999999,4900", False, "w (1, -139.9999999, 4900) in the closure yes in M no"),
        ("1,-140.0000001,4900", True, "interior"),
        ("1,-140.0,4.9e3", True, "boundary: stride-one"),
        ("1/3,-1.4e2/3,4900/3", None, "is not a number"),
        ("1/3,-140/3,4900/3", True, "w (1/3, -140/3, 4900/3) in the closure yes in M yes"),
        (f"1,-139.{'9' * 30},4900", False, "w (1, -139.999999999999999999999999999999, 4900)"),
        (f"1,-140.{'0' * 30}1,4900", True, "two roots near 70, would have to meet"),
    ],
)
def test_decimals_are_decided_exactly_and_shown_as_given(w, inside, text, capsys):
    assert program.main(["geometry", "-k", "2,2", "-s", "1,1", f"--filter={w}"]) == (2 if inside is None else 0)
    output, errors = capsys.readouterr()
    assert text in " ".join((output + errors).replace("│", " ").split())
    if inside is not None:
        assert program.main(["geometry", "-k", "2,2", "-s", "1,1", f"--filter={w}", "--json", "-"]) == 0
        facts = json.loads(capsys.readouterr().out)["filter"]
        assert facts["in_function_space"] is inside
        assert facts["exact"] is True
        assert Fraction(facts["fractions"][1]) == Fraction(w.split(",")[1])


def test_a_tolerance_takes_decimals_for_rounded_numbers(capsys):
    command = ["geometry", "-k", "2,2", "-s", "1,1", "--filter=1,-139.9999999,4900", "--tolerance", "1e-9"]
    assert program.main([*command, "--json", "-"]) == 0
    facts = json.loads(capsys.readouterr().out)["filter"]
    assert (facts["exact"], facts["fractions"], facts["boundary"]) == (False, None, ["stride-one"])


def test_figure_1_is_drawn_by_the_command(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert program.main(["paper", "figure1", "-o", str(tmp_path), "--resolution", "4"]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / f"figure1.{end}") for end in ("png", "pdf", "html")]
    assert program.main(["paper", "figure1", "-o", str(tmp_path / "nowhere")]) == 2
