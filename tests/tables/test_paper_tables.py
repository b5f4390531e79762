"""The paper's tables: what they say against other computations, and what goes wrong is told."""

from __future__ import annotations

import csv
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, describe_filter, generic_count
from homotopy_lcn.errors import IncompleteStartSystem
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.networks.counts import singular_vector_tuples
from homotopy_lcn.surveys import plans
from homotopy_lcn.surveys.draws import solve_draws, solve_each
from homotopy_lcn.surveys.surveys import solve_draw, survey
from homotopy_lcn.tables import comparison, paper_tables
from homotopy_lcn.tables.comparison import comparison_table
from homotopy_lcn.tables.fully_connected import critical_matrices
from homotopy_lcn.tables.paper_tables import (
    FULL,
    ORDINARY,
    PaperOptions,
    growth_table,
    small_architectures_table,
    theorem_checks,
    white_table,
    write_paper,
)

SMALL = PaperOptions(
    draws=3,
    small_draws=3,
    filter_size=4,
    check_draws=2,
    check_filter_size=5,
    identity_filter_size=5,
    white_count=12,
    growth_count=10,
    starts=50,
    seed=5,
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
    assert len(rows) == 12
    for name, cells in rows.items():
        assert name == "example" or all("measured" in cell for cell in cells), name
    assert "CONTRADICTED" not in str(rows)
    assert "not at hand" in table.caption


def test_the_comparison_tells_of_examples_that_are_not_what_they_should_be(monkeypatch):
    def wrong(arch, filter, **options):
        facts = describe_filter(arch, filter, **options)
        return replace(facts, in_function_space=True, smooth=True, boundary=())

    monkeypatch.setattr(comparison, "describe_filter", wrong)
    table, problems = comparison_table(1, 60, 0, 1, silent)
    assert problems == [
        "strides one: Zariski closed contradicted",
        "strides one: boundary points contradicted",
        *(
            f"{kind}: {name} contradicted"
            for kind in ("all strides > 1", "mixed strides")
            for name in ("Zariski closed", "boundary points", "singular points")
        ),
    ]
    assert str(table.rows).count("CONTRADICTED") == 9


def test_the_comparison_tells_of_violations(monkeypatch):
    def wrong(*arguments, **options):
        table = solve_each(*arguments, **options)
        return table | {"boundary": table["boundary"] + 1}

    monkeypatch.setattr(plans, "solve_each", wrong)
    _, problems = comparison_table(2, 60, 0, 1, silent)
    assert problems == ["all strides > 1: 2 points boundary"]


def test_small_architectures_count_what_solves_of_the_same_draws_find():
    table, problems = small_architectures_table(SMALL, silent)
    assert problems == []
    assert [row["filters"] for row in table.records()] == [(2, 2), (3, 2), (2, 2), (2, 2, 2)]
    for row in table.records():
        arch = Architecture(row["filters"], row["strides"])
        counts = [solve_draw(arch, "gaussian", 5, draw).counts for draw in range(3)]
        assert row["found"] == str(generic_count(arch).filters)
        for name in ("real", "attained", "interior", "boundary", "minima"):
            values = [getattr(count, name) for count in counts]
            assert row[name] == (f"{min(values)}–{max(values)}" if min(values) < max(values) else str(values[0]))


def test_small_architectures_tell_of_solves_that_are_not_complete(monkeypatch):
    def wrong(*arguments, **options):
        found = survey(*arguments, **options)
        found.tallies[1].incomplete = 1
        return found

    monkeypatch.setattr(paper_tables, "survey", wrong)
    _, problems = small_architectures_table(SMALL, silent)
    assert len(problems) == 1
    assert "1 of 3 solves not complete" in problems[0]


def test_growth_is_found_where_it_is_small():
    table, problems = growth_table(SMALL, silent)
    assert problems == []
    rows = {row["filters"]: row for row in table.records()}
    assert rows[2, 2]["found"] == rows[2, 2]["critical_parameters"] == 6
    assert rows[3, 3]["found"] is None
    assert rows[3, 3, 3]["critical_parameters"] == 2385
    assert all(row["critical_parameters"] > row["fully_connected"] for row in table.records())


def test_growth_tells_the_critical_matrices_of_all_ranks_and_of_full_rank():
    rng = np.random.default_rng(0)
    rows = {row["widths"]: row for row in growth_table(SMALL, silent)[0].records()}
    assert (rows[4, 2, 4]["fully_connected"], rows[4, 2, 4]["of_rank_r"]) == (10, 6)
    for widths, row in rows.items():
        ranks = [
            np.linalg.matrix_rank(W)
            for W, _ in critical_matrices(
                rng.standard_normal((30, widths[0])), rng.standard_normal((30, widths[-1])), min(widths)
            )
        ]
        assert row["fully_connected"] == len(ranks)
        assert row["of_rank_r"] == ranks.count(min(widths))


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
    monkeypatch.setattr(paper_tables, "white_count", Mock(side_effect=IncompleteStartSystem("lost paths")))
    table, problems = white_table(SMALL, silent)
    assert len(problems) == len(table.rows) > 0
    assert all(row["white_pure"] is None for row in table.records())


def test_no_theorem_is_violated():
    table, problems = theorem_checks(SMALL, silent)
    assert problems == []
    assert [row["violations"] for row in table.records()] == [0] * len(table.rows)
    assert table.records()[0]["tested_on"].startswith("3 architectures")


@pytest.mark.parametrize(("name", "change"), [("boundary", 1), ("undecided", 1), ("smooth", -1), ("real_pure", -1)])
def test_violations_and_incomplete_solves_are_counted(monkeypatch, name, change):
    def wrong(*arguments, **options):
        table = solve_draws(*arguments, **options)
        return table | {name: table[name] + change, "complete": table["complete"] & False}

    monkeypatch.setattr(plans, "solve_draws", wrong)
    monkeypatch.setattr(paper_tables, "check_fully_connected", lambda *_, **__: Mock(agrees=False))
    table, problems = theorem_checks(SMALL, silent)
    first = table.records()[0]
    assert (first["violations"], first["incomplete_solves"]) == (6, 6)
    assert problems[:2] == ["strides: 6 violations", "strides: 6 solves not complete"]
    assert problems[-1] == "fully connected: 4 violations"


def test_by_default_the_theorem_on_strides_is_tested_on_many_networks_with_100_data_sets_each():
    assert (ORDINARY.check_draws, ORDINARY.check_count, ORDINARY.check_filter_size) == (100, 500, 16)
    assert ORDINARY.small_draws == 1000


@pytest.mark.parametrize("options", [ORDINARY, FULL])
def test_the_networks_that_the_theorems_are_tested_on_can_be_listed(options):
    reduced = architectures_up_to(options.check_filter_size, reduced=True)
    assert len(reduced) == {16: 246, 20: 562}[options.check_filter_size]
    assert all(arch.is_reduced for arch in reduced)
    assert len(architectures_up_to(options.identity_filter_size)) == 3653


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
