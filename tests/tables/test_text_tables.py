"""Tables as text: what is written is read back, and LaTeX is plain ASCII."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from homotopy_lcn import Architecture, InputError, tabulate
from homotopy_lcn.tables.text_tables import Column, TextTable, format_table, plain_text, render_table, write_table

COLUMNS = (Column("filters", "k"), Column("count", "θ"), Column("closed", "closed"), Column("note", "what & why"))
TABLE = TextTable(
    "example",
    "Counts for Σ = I",
    COLUMNS,
    (((3, 2), 10, True, "50% | of all_of it"), ((2, 2, 2), 10**20, False, None), ((4,), None, None, 'a, "b"')),
    ("A note: w ≠ 0, one k_l is even.",),
)

cells = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**25), 10**25), st.lists(st.integers(1, 99), min_size=1).map(tuple),
    st.text(st.characters(codec="utf-8", exclude_categories=("C",))).filter(lambda text: text not in ("true", "false")),
)  # fmt: skip


@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_csv_and_json_hold_every_value(rows):
    table = TextTable("t", "c", (Column("a", "A"), Column("b", "B")), tuple(rows))
    read = list(csv.reader(io.StringIO(format_table(table, "csv"), newline="")))
    assert read[0] == ["a", "b"]
    for cells_read, row in zip(read[1:], rows, strict=True):
        for text, cell in zip(cells_read, row, strict=True):
            if cell is None:
                assert text == ""
            elif isinstance(cell, bool):
                assert text == str(cell).lower()
            elif isinstance(cell, tuple):
                assert tuple(map(int, text.split(","))) == cell
            else:
                assert text == str(cell)
    document = json.loads(format_table(table, "json"))
    assert document["rows"] == [{"a": _plain(a), "b": _plain(b)} for a, b in rows]


def _plain(cell):
    return list(cell) if isinstance(cell, tuple) else cell


def test_markdown_has_equally_many_cells_in_each_row():
    lines = [line for line in format_table(TABLE, "markdown").splitlines() if line.startswith("|")]
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert counts == {len(COLUMNS) + 1}
    assert len(lines) == 2 + len(TABLE.rows)
    assert "| 2,2,2 | 100000000000000000000 | no | – |" in lines


def test_latex_is_ascii_with_balanced_groups():
    text = format_table(TABLE, "latex")
    assert text.isascii()
    assert r"50\% | of all\_of it" in text
    assert r"what \& why" in text
    assert "one $k_l$ is even" in text
    bare = re.sub(r"\\[{}$]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", text) for word in ("begin", "end"))
    assert begun == ended[::-1] == ["table", "tabular"]
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {len(COLUMNS) - 1}
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert rule in text


def test_long_tables_go_over_several_pages():
    rows = tuple(((n,), n, None, "") for n in range(1, 60))
    text = format_table(TextTable("t", "c", COLUMNS, rows), "latex")
    assert r"\begin{longtable}" in text
    assert r"\endhead" in text


WIDE = TextTable("wide", "c", tuple(Column(f"c{n}", f"column {n}") for n in range(12)), ((10**5,) * 12,) * 24)
TALL = TextTable("tall", "c", COLUMNS, (((2,), 1, True, "so many words " * 40),) * 10)


def test_wide_tables_are_turned_and_tall_ones_go_over_several_pages():
    wide, tall, ordinary = (format_table(table, "latex") for table in (WIDE, TALL, TABLE))
    assert re.findall(r"\\begin{(\w+)}", wide) == ["landscape", "longtable"]
    assert wide.splitlines()[0] == r"% \usepackage{amssymb,array,booktabs,longtable,pdflscape}"
    assert re.findall(r"\\begin{(\w+)}", tall) == ["longtable"]
    assert "landscape" not in tall + ordinary


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_sets_the_tables_between_the_margins(tmp_path):
    tables = [TABLE, WIDE, TALL, tabulate([Architecture((3, 2), (2, 1))]).to_table()]
    packages = r"\usepackage{amssymb,array,booktabs,longtable,pdflscape}"
    body = "\n".join(format_table(table, "latex") for table in tables)
    (tmp_path / "all.tex").write_text(rf"\documentclass{{article}}{packages}\begin{{document}}{body}\end{{document}}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    for _ in range(3):  # longtable finds the widths of its columns by and by
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    text = ended.stdout.decode(errors="replace")
    assert ended.returncode == 0, text
    assert not re.findall("Overfull|too large", text), text


def test_a_symbol_that_latex_would_not_understand_is_an_error():
    with pytest.raises(ValueError, match="☃"):
        format_table(TextTable("t", "☃", COLUMNS, ()), "latex")


def test_an_unknown_format_is_named():
    with pytest.raises(InputError, match="'html' given; expected one of csv, json, markdown, latex"):
        format_table(TABLE, "html")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_narrow_terminal_gets_the_table_in_parts(width):
    columns = tuple(Column(f"c{i}", f"column {i}") for i in range(12))
    table = TextTable("t", "Wide", columns, (tuple(range(1000, 1012)),))
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(render_table(table))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert all(str(value) in stream.getvalue() for value in table.rows[0])
    assert "…" not in stream.getvalue()
    assert sum("column 0" in line for line in lines) == sum("column 1 " in f"{line} " for line in lines) >= 1
    if width == 200:
        assert sum("column 0" in line for line in lines) == 1


def test_plain_text_has_no_colours():
    text = plain_text(TABLE)
    assert "\x1b" not in text
    assert "2,2,2" in text


def test_a_table_is_written_in_three_formats(tmp_path):
    written = write_table(TABLE, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["example.csv", "example.md", "example.tex"]
    assert len(written) == 3


def test_frames_keep_types():
    pytest.importorskip("pandas")
    frame = TABLE.to_frame()
    assert frame.closed.dtype == "boolean"
    assert frame["count"].tolist() == [10, 10**20, None]
    assert frame.filters.tolist() == [(3, 2), (2, 2, 2), (4,)]
    small = TextTable("t", "c", (Column("n", "n"),), ((1,), (None,))).to_frame()
    assert small.n.dtype == "Int64"


def test_rows_must_fit_the_columns():
    with pytest.raises(ValueError, match="a row of 1 cells in a table of 4 columns"):
        TextTable("t", "c", COLUMNS, ((1,),))


def test_tables_of_other_subjects_have_other_labels_in_one_paper():
    columns = (Column("k", "k"), Column("pure", "pure"))
    one, other = (TextTable("t", "Counts", columns, (((3, 2), 10),), subject=subject) for subject in ("3,2", "2,2"))
    assert len({one.label, other.label, TextTable("t", "Counts", columns[:1], (), subject="3,2").label}) == 3
    assert one.label == TextTable("t", "Other counts", columns, (((3, 2), 11),), subject="3,2").label
    assert rf"\label{{{one.label}}}" in format_table(one, "latex")
    assert TextTable("t", "Counts", columns, ()).label == "tab:t"


@pytest.mark.parametrize("number", [2**63, 10**20, -(10**75), 10**76 - 1, 10**76, 10**90 + 1])
def test_frames_can_be_saved_also_with_integers_beyond_64_bits(number, tmp_path):
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    frame = TextTable("t", "c", (Column("n", "n"),), ((1,), (number,), (None,))).to_frame()
    for ending in ("parquet", "feather"):
        getattr(frame, f"to_{ending}")(tmp_path / ending)
        read = getattr(pandas, f"read_{ending}")(tmp_path / ending)["n"].tolist()
        assert [int(value) for value in read[:2]] == [1, number]
        assert pandas.isna(read[2])


def test_in_a_notebook_the_text_is_that_of_the_terminal(monkeypatch):
    before = plain_text(TABLE)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert plain_text(TABLE) == before != ""
