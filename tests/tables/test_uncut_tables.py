"""No digit of an exact number is lost, however narrow the terminal is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.box import SIMPLE_HEAD
from rich.panel import Panel
from rich.table import Table

from homotopy_lcn.tables.text_tables import Column, TextTable, format_table, plain, render_table
from homotopy_lcn.tables.uncut_tables import Uncut, UncutPanel

NUMBERS = st.integers(0, 10**80)
WORDS = st.text("abc (1)", min_size=1, max_size=40)


@given(st.lists(st.tuples(WORDS, NUMBERS, NUMBERS), min_size=1, max_size=4), st.integers(12, 200))
def test_every_digit_of_every_number_is_printed_in_a_row(rows, width):
    table = Table(box=SIMPLE_HEAD, title="network", show_footer=True)
    table.add_column("stratum", footer="all")
    table.add_column("critical filters", footer=str(sum(row[1] for row in rows)), justify="right")
    table.add_column("θ", justify="right")
    for row in rows:
        table.add_row(*map(str, row))
    text = plain(Uncut(table), width)
    assert "…" not in text
    for _, first, second in rows:
        assert str(first) in text
        assert str(second) in text
    assert str(sum(row[1] for row in rows)) in text


@given(NUMBERS, st.integers(12, 120))
def test_a_frame_gives_way_to_a_number(number, width):
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row("generic fibre", f"{number} complex θ up to scaling")
    text = plain(UncutPanel(grid, Panel(grid, expand=False, title="Facts")), width)
    assert str(number) in text
    assert "Facts" in text
    assert ("╭" in text) or "generic fibre: " in text or len(str(number)) + 19 > width


@given(st.integers(10**30, 10**90), st.integers(20, 200))
def test_tables_for_terminals_and_latex_keep_long_numbers(number, width):
    columns = (Column("k", "k"), Column("status", "status"), Column("count", "critical θ"))
    table = TextTable("t", "Counts", columns, (((2,) * 40, "found", number), ((3, 2), "found", 10)))
    assert str(number) in plain(render_table(table), width)
    written = format_table(table, "latex")
    assert rf"\seqsplit{{{number}}}" in written
    assert "seqsplit" in written.splitlines()[0]
    assert "seqsplit" not in format_table(TextTable("t", "Counts", columns, table.rows[1:]), "latex")


def test_a_table_that_fits_stays_a_table_and_one_that_nearly_fits_wraps_its_words():
    table = Table(box=SIMPLE_HEAD)
    table.add_column("what")
    table.add_column("count", justify="right")
    table.add_row("all of these and some more", "1234567890")
    wide, narrow, lines = (plain(Uncut(table), width).splitlines() for width in (80, 30, 14))
    assert [line.split() for line in wide[3:4]] == [["all", "of", "these", "and", "some", "more", "1234567890"]]
    assert max(map(len, narrow)) <= 30
    assert sum("1234567890" in line for line in narrow) == 1
    assert lines[-2:] == ["count:", "1234567890"] or "count: 1234567890" in lines or "1234567890" in lines
