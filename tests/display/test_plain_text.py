"""Plain text is what rich lays out for output that is no terminal, to the last character."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from homotopy_lcn import Architecture, critical_points
from homotopy_lcn.display import plain_text as module
from homotopy_lcn.display.plain_text import plain_text
from homotopy_lcn.display.terminal import render_result
from homotopy_lcn.display.wording import POINT_COLUMNS, POINTS_TITLE
from homotopy_lcn.losses.random_data import random_gaussian, random_white
from homotopy_lcn.tables.uncut_tables import Uncut, UncutPanel
from tests.special_data import periodic_series


def by_rich(renderable, width):
    stream = StringIO()
    Console(file=stream, width=width).print(renderable, crop=False)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def solved(filters, strides, seed, white=False):
    arch = Architecture(filters, strides)
    data = (random_white if white else random_gaussian)(arch, np.random.default_rng(seed))
    return critical_points(arch, data.loss, data=data.description)


RESULTS = [
    solved((4,), (1,), 0),
    solved((3, 2), (2, 1), 0),
    solved((3, 2), (2, 1), 3, white=True),
    solved((3, 3), (1, 1), 1),
    solved((2, 2, 2), (1, 2, 1), 5),
    replace(solved((2, 2), (2, 1), 0), complete=False, stopped="stopped after 1 s"),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: str(result.architecture.filters))
@pytest.mark.parametrize(
    "data", [None, "x.csv: 304 windows", "long words " * 30, f"{'µ' * 40}; α", "a [bold]b[/] :bomb:"]
)
def test_the_text_is_that_of_rich(result, data):
    for width in (76, 84, 100, 120, 160):
        text = plain_text(result, data, width)
        if text is not None:
            assert text == by_rich(render_result(result, data), width)
    assert plain_text(result, "x.csv: 304 windows", 160) is not None


@pytest.mark.parametrize(
    "data", ["w" * 130, "宽 wide", "a\x1b[31mred", "tab\tstop", "e\N{COMBINING ACUTE ACCENT}", "a\rb"]
)
def test_what_needs_more_than_simple_lines_is_left_to_rich(data):
    assert plain_text(RESULTS[1], data, 120) is None


def test_the_filter_stands_below_where_the_table_is_too_wide():
    for width in range(80, 120):
        text = plain_text(RESULTS[1], None, width)
        if text is not None and "kind, place, stratum, filter w" in text:
            assert text == by_rich(render_result(RESULTS[1], None), width)
            return
    raise AssertionError("no width is of that kind")


def test_continua_and_narrow_lines_are_left_to_rich():
    assert plain_text(periodic_series(), None, 120) is None
    assert plain_text(RESULTS[1], None, 60) is None


WORDS = st.text(st.sampled_from("ab1 .,;–\n"), max_size=60)


@given(
    st.lists(st.tuples(st.text(st.sampled_from("ab "), max_size=9), WORDS), min_size=1, max_size=4), st.integers(30, 60)
)
def test_rows_are_those_of_rich(entries, width):
    rows = module._rows(entries, width)
    if rows is None:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for heading, text in entries:
        table.add_row(heading, Text(text))
    framed = by_rich(UncutPanel(table, Panel(table, expand=False)), width + module.FRAME).splitlines()
    assert [f"│ {row:{width}} │" for row in rows] == framed[1:-1]


CELLS = st.text(st.sampled_from("ab1.-θ "), max_size=9).map(str.strip)


@given(st.lists(st.tuples(*[CELLS] * len(POINT_COLUMNS)), min_size=1, max_size=4))
def test_the_table_is_that_of_rich(rows):
    table = Table(box=SIMPLE_HEAD, title=POINTS_TITLE, title_justify="left")
    for title, is_number in POINT_COLUMNS:
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    lines = [line.rstrip() for line in [POINTS_TITLE, *module._table(POINT_COLUMNS, rows)]]
    assert lines == by_rich(Uncut(table), 160).splitlines()


def test_the_signs_beyond_ascii_take_one_place():
    assert all(cell_len(sign) == 1 for sign in module.NARROW | set("─│╭╮╰╯"))
