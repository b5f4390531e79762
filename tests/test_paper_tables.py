"""The paper's tables: what they say against other computations, and what goes wrong is told."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from homotopy_lcn import Architecture, InputError, comparison, generic_count, paper_tables
from homotopy_lcn.comparison import comparison_table
from homotopy_lcn.counts import singular_vector_tuples
from homotopy_lcn.draw_counts import many_draws
from homotopy_lcn.errors import IncompleteStartSystem
from homotopy_lcn.paper_tables import (
    PaperOptions,
    growth_table,
    small_architectures_table,
    theorem_checks,
    white_table,
    write_paper,
)

SMALL = PaperOptions(
    draws=3, filter_size=4, check_draws=2, check_filter_size=5, white_count=12, growth_count=10, starts=50, seed=5
)


def silent(what, done, total):
    assert 0 <= done < total


def test_the_comparison_has_a_measurement_in_every_example():
    table, problems = comparison_table(6, 60, 0, 1, silent)
    assert problems == []
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["critical points"][0].startswith("C(3, 2) = 3 pure and 3 spurious; measured: 6 of 6 reached")
    assert rows["critical points"][2].startswith("10 pure and 0 spurious; measured: 10 and 0 in 6 data sets")
    assert rows["all interior"][2].startswith("yes, for generic data; measured: 0 of ")
    assert rows["all interior"][3].startswith("no; measured: ")
    for name in ("all pure", "all smooth", "all interior", "minima"):
        assert all("measured" in cell for cell in rows[name][1:])
    assert "not at hand" in table.caption


def test_the_comparison_tells_of_violations(monkeypatch):
    def wrong(*arguments, **options):
        drawn = many_draws(*arguments, **options)
        return replace(drawn, counts=drawn.counts | {"boundary": drawn.counts["boundary"] + 1})

    monkeypatch.setattr(comparison, "many_draws", wrong)
    _, problems = comparison_table(2, 60, 0, 1, silent)
    assert problems == ["all strides > 1: 2 points boundary"]


def test_small_architectures_count_what_many_draws_counts():
    table, problems = small_architectures_table(SMALL, silent)
    assert problems == []
    assert [row["filters"] for row in table.records()] == [(2, 2), (3, 2), (2, 2), (2, 2, 2)]
    for row in table.records():
        arch = Architecture(row["filters"], row["strides"])
        drawn = many_draws(arch, 3, 5)
        assert row["found"] == f"{generic_count(arch).pure} + {generic_count(arch).spurious}"
        assert row["real"] == drawn.range("real")
        assert row["minima"] == drawn.range("minima")


def test_growth_is_found_where_it_is_small():
    table, problems = growth_table(SMALL, silent)
    assert problems == []
    rows = {row["filters"]: row for row in table.records()}
    assert rows[2, 2]["found"] == rows[2, 2]["critical_parameters"] == 6
    assert rows[3, 3]["found"] is None
    assert rows[3, 3, 3]["critical_parameters"] == 2385
    assert all(row["critical_parameters"] > row["fully_connected"] for row in table.records())


def test_white_counts_of_tensors_are_singular_vector_tuples():
    table, problems = white_table(replace(SMALL, filter_size=6), silent)
    assert problems == []
    checked = 0
    for row in table.records():
        arch = Architecture(row["filters"], row["strides"])
        assert row["found"] == f"{row['white_pure']} + {row['white_spurious']}"
        if arch.is_reduced and all(k <= s for k, s in zip(arch.filters[:-1], arch.strides[:-1], strict=True)):
            assert row["tensor"] == row["white_parameters"] == singular_vector_tuples([k - 1 for k in arch.filters])
            checked += 1
    assert checked >= 3


def test_a_white_count_that_cannot_be_measured_is_told(monkeypatch):
    def failing(arch, metric="generic"):
        if metric == "white":
            raise IncompleteStartSystem("lost paths")
        return generic_count(arch)

    monkeypatch.setattr(paper_tables, "generic_count", failing)
    table, problems = white_table(SMALL, silent)
    assert len(problems) == len(table.rows) > 0
    assert all(row["white_pure"] is None for row in table.records())


def test_no_theorem_is_violated():
    table, problems = theorem_checks(SMALL, silent)
    assert problems == []
    assert [row["violations"] for row in table.records()] == [0] * len(table.rows)
    assert table.records()[0]["tested_on"].startswith("3 architectures")


def test_violations_and_incomplete_solves_are_counted(monkeypatch):
    def wrong(arch, draws, *arguments, **options):
        drawn = many_draws(arch, draws, *arguments, **options)
        changed = {"boundary": drawn.counts["boundary"] + 1, "complete": drawn.counts["complete"] * 0}
        return replace(drawn, counts=drawn.counts | changed)

    monkeypatch.setattr(paper_tables, "many_draws", wrong)
    table, problems = theorem_checks(SMALL, silent)
    first = table.records()[0]
    assert (first["violations"], first["incomplete_solves"]) == (6, 6)
    assert problems[:2] == ["strides: 6 violations", "strides: 6 solves not complete"]
    _, problems = small_architectures_table(SMALL, silent)
    assert problems[0] == "k = (2,2), s = (1,1): 3 of 3 solves not complete"


def test_every_table_is_written_three_times_and_all_together(tmp_path):
    tables, written, problems = write_paper(tmp_path, SMALL)
    assert problems == []
    assert len(tables) == 5
    assert len(written) == 16
    assert len(list(tmp_path.iterdir())) == 16
    with open(tmp_path / "table2_small_architectures.csv", newline="") as file:
        assert [row["pure"] for row in csv.DictReader(file)] == ["1", "1", "6", "1"]
    assert (tmp_path / "table1_comparison.tex").read_text().isascii()
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert all(table.caption in text for table in tables)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="expected an existing folder"):
        write_paper(tmp_path / "none", SMALL)
    with pytest.raises(InputError, match="draws: 0"):
        PaperOptions(draws=0)
