"""The words of results: all of those that are printed are explained, on the command line and in the documentation."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.cli.program import main
from homotopy_lcn.display.glossary import GLOSSARY, HOW_TO_ASK, OTHER_NAMES, explanation, glossary_page, known_word
from homotopy_lcn.display.wording import summary
from homotopy_lcn.results.points import CriticalPoint
from tests import ROOT
from tests.special_data import curve_of_minima

#: Headings of the summary that are no words of the subject.
PLAIN = {"network", "data", "file", "solved"}


def test_the_page_of_the_documentation_has_the_same_text():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert page == glossary_page(), "python scripts/make_glossary.py writes it again"


def test_every_heading_of_a_summary_is_explained():
    plain = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.white([1, 2, 3]))
    assert all(map(explanation, ("centred", "standardized", "ties")))
    for result in (plain, curve_of_minima()):
        for heading, _ in summary(result):
            assert heading in PLAIN or explanation(heading)


@pytest.mark.parametrize(
    "word",
    [
        "minimum", "saddle", "index", "pure", "spurious", "attained", "continuum", "stratum", "pattern", "degenerate",
        "generic count", "ill-conditioned", "tie", "certificate", "interior", "boundary", "closure only", "in M",
        "in M, not attained", "not attained", "undecided", "singular", "★", "θ over each", "critical θ",
    ],
)  # fmt: skip
def test_the_words_of_tables_are_explained(word, capsys):
    assert main(["explain", *word.removesuffix(" over each").split()]) == 0
    output = capsys.readouterr()
    assert len(output.out) > 40
    assert output.err == ""


def test_the_answers_about_a_point_are_explained():
    answers = {field.name for field in fields(CriticalPoint)} & {"pure", "attained", "interior", "smooth", "residual"}
    for name in [*answers, "condition", "multiplicity", "isolated", "function space"]:
        assert explanation(name)


def test_other_names_lead_to_words_and_hide_none():
    assert set(OTHER_NAMES.values()) <= set(GLOSSARY)
    assert not set(OTHER_NAMES) & set(GLOSSARY)
    assert all(text.endswith(".") for text in GLOSSARY.values())


def test_without_a_word_all_of_them_are_listed(capsys):
    assert main(["explain"]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert listed == ", ".join(GLOSSARY)


@pytest.mark.parametrize(("word", "near"), [("atained", "attained"), ("spurius", "spurious"), ("stratums", "stratum")])
def test_a_word_that_is_nearly_one_gets_it_named(word, near, capsys):
    code = main(["explain", word])
    output = capsys.readouterr()
    if code == 0:
        assert output.out.startswith(near)
        return
    assert code == 2
    assert output.out == ""
    assert re.fullmatch(rf"homotopy-lcn: WORD: '{word}' is not known; expected .*{near}.*\n", output.err)


def test_an_unknown_word_is_refused_in_one_line(capsys):
    assert main(["explain", "xyzzy"]) == 2
    assert capsys.readouterr().err == (
        "homotopy-lcn: WORD: 'xyzzy' is not known; expected no word, which lists all words\n"
    )


@given(st.text(max_size=30))
def test_any_text_is_a_word_or_refused(text):
    with suppress(InputError):
        assert known_word(text) in GLOSSARY


@given(st.sampled_from(sorted(GLOSSARY)), st.booleans())
def test_case_and_spaces_do_not_matter(word, upper):
    asked = f"  {word.upper() if upper and word.isascii() else word} ".replace(" ", "  ")
    assert known_word(asked) == word


def test_the_footnote_of_a_result_says_how_to_ask(capsys):
    assert main(["solve", "-k", "2,2", "-s", "1,1", "--random"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert HOW_TO_ASK in printed
    assert "of samples the sum of squared errors, not their mean" in printed
    word = HOW_TO_ASK.rpartition(" ")[2]
    assert word in GLOSSARY


def test_points_are_numbered_from_zero_as_in_the_file(capsys):
    from homotopy_lcn.display.terminal import render_result
    from homotopy_lcn.tables.text_tables import plain

    result = critical_points(Architecture((3, 2), (2, 1)), SquaredLoss.white([1, 2, 3, 4, 6]))
    rows = re.findall(r"^ +★? +(\d+) +(\d\S*) ", plain(render_result(result), 200), re.MULTILINE)
    assert rows == [(str(number), f"{point.loss:.7g}") for number, point in enumerate(result.points) if point.real]
    assert rows


def test_several_words_are_explained_one_after_the_other(capsys):
    assert main(["explain", "attained", "spurious"]) == 0
    out = capsys.readouterr().out
    assert out.index("attained: ") < out.index("spurious: ")
