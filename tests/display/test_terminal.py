"""The tables of the terminal: continua below the points, at any width."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from homotopy_lcn.display import terminal
from homotopy_lcn.display.terminal import render_result
from homotopy_lcn.display.wording import STAR
from tests.special_data import curve_of_minima, no_minimum, periodic_series


def printed(result, width=200):
    stream = StringIO()
    Console(file=stream, width=width).print(render_result(result, "test data"))
    return stream.getvalue()


def rows(text):
    """The lines of the table of continua that begin with a number, without the star, as words."""
    table = text.partition("Continua of critical filters")[2].partition("╭")[0]
    words = [line.replace(STAR, "").split() for line in table.splitlines()]
    return [row for row in words if row and row[0].isdigit()]


def test_continua_have_a_table_with_one_real_point_each():
    result = periodic_series()
    text = printed(result)
    assert [row[:2] for row in rows(text)][:2] == [["0", "0"], ["1", "309.4424"]]
    for number, row in enumerate(rows(text)):
        part = result.continua[number]
        real = part.points[0].filter.real.tolist() if part.real else []
        assert row[2] == "1"
        assert row[row.index("(1)(1,1)") + 1 :] == [f"{value:.4g}" for value in real]
    assert "and 6 continua, 2 of them with real points" in text
    assert "Real critical filters" not in text


def test_the_star_stands_at_the_continuum_of_the_global_minimum_only():
    text = printed(periodic_series())
    table = text.partition("╭")[0]
    assert table.count(STAR) == 2  # the row and the legend
    assert f"{STAR}\N{NO-BREAK SPACE}0 " in table
    assert STAR not in printed(no_minimum())
    assert "none: the infimum 0 is not attained" in printed(no_minimum())


@pytest.mark.parametrize("width", [40, 70, 200])
def test_no_entry_of_the_point_is_lost_at_any_width(width):
    result = curve_of_minima()
    text = printed(result, width)
    best = result.global_minimum
    assert all(f"{value:.4g}" in text for value in best.filter.real.tolist())
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_many_continua_are_shown_in_part(monkeypatch):
    monkeypatch.setattr(terminal, "MOST_CONTINUA", 2)
    text = printed(periodic_series())
    assert len(rows(text)) == 2
    assert "4 more are not shown" in text
