"""Counts for structured data: parts of the shipped columns and of the page are reproduced, and the rules are tested."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, generic_count
from homotopy_lcn._data import data_path
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.counting.groebner_programs import find_program
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.tables.atlas_table import ATLAS, ATLAS_FILTER_SIZE
from homotopy_lcn.tables.structured_data import (
    STRUCTURED_DATA,
    check_rules,
    rules_table,
    structured_cells,
    structured_columns,
    structured_entries,
    structured_tables,
)

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
BY_NAME = {data.name: data for data in STRUCTURED_DATA}
needs_groebner = pytest.mark.skipif(find_program() is None, reason="neither msolve nor Macaulay2 is installed")

with open(data_path(ATLAS), newline="", encoding="utf-8") as file:
    ROWS = {
        Architecture(*(map(int, row[name].split(",")) for name in ("filters", "strides"))): row
        for row in csv.DictReader(file)
    }
REDUCED = [arch for arch in ROWS if arch.is_reduced]


def entries_of(filters, strides, *names):
    return list(structured_entries([Architecture(filters, strides)], [BY_NAME[name] for name in names]))


def test_the_atlas_has_counts_and_methods_for_all_reduced_networks_and_no_others():
    assert list(architectures_up_to(ATLAS_FILTER_SIZE, reduced=True)) == REDUCED
    for arch, row in ROWS.items():
        cells = [row[name] for name in structured_columns()]
        assert all(cells) == any(cells) == arch.is_reduced
        if arch.is_reduced:
            assert row["count_white"] == str(int(row["white_pure"]) + int(row["white_spurious"]))
            assert all(int(number) <= generic_count(arch).parameters for number in cells[::2])
            assert {"measured", ""}.isdisjoint(cells[1::2])


@settings(max_examples=20)
@given(
    st.sampled_from([arch for arch in REDUCED if generic_count(arch).parameters <= 100]),
    st.sampled_from(STRUCTURED_DATA),
)
def test_random_entries_are_counted_anew(arch, data):
    assume(find_program() is not None or ROWS[arch][f"method_{data.name}"] in ("formula", "eigenvalues"))
    (entry,) = structured_entries([arch], [data])
    number, method = structured_cells([entry]).values()
    assert number == ROWS[arch][f"count_{data.name}"]
    if find_program() is not None:
        assert method == ROWS[arch][f"method_{data.name}"]


def test_the_page_has_the_numbers_of_the_atlas():
    """Each table of the page, row by row."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    titles = {data.title: data.name for data in STRUCTURED_DATA}
    seen = 0
    columns = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[:3] == ["k", "s", "generic"]:
            columns = [titles[title] for title in cells[3:]]
        elif not line.startswith("|"):
            columns = []
        elif columns and cells[0][0].isdigit():
            arch = Architecture(*(map(int, cell.split(",")) for cell in cells[:2]))
            assert int(cells[2]) == generic_count(arch).parameters
            for name, cell in zip(columns, cells[3:], strict=True):
                number, method = cell.split(" ")
                assert number.rstrip("*") == ROWS[arch][f"count_{name}"]
                assert number.endswith("*") is (int(number.rstrip("*")) < int(cells[2]))
                assert ROWS[arch][f"method_{name}"][0] == method
                seen += 1
    assert seen == len(REDUCED) * len(STRUCTURED_DATA)


def test_the_tables_show_number_and_method():
    table, more = structured_tables(entries_of((2, 2), (2, 1), *BY_NAME))
    assert len(table.columns) + len(more.columns) == 6 + len(STRUCTURED_DATA)
    (row,) = table.records()
    assert (row["generic"], row["white"], row["ar1"]) == (6, "2* f", "6 e")
    assert "AR(1): ar1:1/2" in table.notes[1]


@needs_groebner
def test_the_rules_hold_on_the_entries_that_they_cover():
    entries = [
        *entries_of((2, 2), (2, 1), "white", "ar1", "walk"),
        *entries_of((3, 3), (2, 1), "white", "ar1", "ma2", "differenced", "copies"),
        *entries_of((4, 2), (2, 1), "white"),
        *entries_of((2, 2, 2), (2, 2, 1), "ma2"),
    ]
    done = []
    checks = {
        check.rule: check for check in check_rules(entries, Search.within(None), lambda *numbers: done.append(numbers))
    }
    assert {rule: check.covered for rule, check in checks.items()} == {
        "eigenvalues": 3,
        "pencils": 7,
        "curves": 6,
        "torus": len(entries),
        "rank": 4,
        "ARMA": 4,
        "ARMA, converse": 3,
        "product": 3,
    }
    assert [rule for rule, check in checks.items() if check.violations] == ["ARMA, converse"]
    assert checks["ARMA, converse"].violations == ("k = (4, 2), s = (2, 1), white: 6 of 14",)
    assert done[-1] == (len(entries), len(entries))
    assert [row["violations"] for row in rules_table(list(checks.values())).records()] == [0, 0, 0, 0, 0, 0, 1, 0]


def test_gram_matrices_up_to_symmetry_are_counted_once(monkeypatch):
    from homotopy_lcn.counting import exact_counts

    counted, whole = [], exact_counts.quick_count
    monkeypatch.setattr(exact_counts, "quick_count", lambda *given: counted.append(given) or whole(*given))
    known = exact_counts.KnownNumbers()
    names = ("ar1", "weighted_ar1", "white", "weighted")
    kinds = [BY_NAME[name] for name in names]
    first, again, white, weighted = structured_entries([Architecture((4, 2), (2, 1))], kinds, known=known)
    assert (first.count, white.count) == (again.count, weighted.count) == (14, 6)
    assert len(counted) == 2


@needs_groebner
def test_wrong_numbers_violate_the_rules():
    right = entries_of((3, 3), (2, 1), "white")[0]
    checks = {check.rule: check for check in check_rules([replace(right, count=right.generic)], Search.within(None))}
    violated = {rule for rule, check in checks.items() if check.violations}
    assert violated == {"curves", "torus", "rank", "ARMA", "product"}
    assert checks["curves"].violations == ("k = (3, 3), s = (2, 1), white: 23 by the curves, 39 otherwise",)
    assert checks["product"].violations == ("k = (3, 3), s = (2, 1), white: 23 by the rule, 39 counted",)


@needs_groebner
def test_a_wrong_eigenvalue_rule_is_noticed(monkeypatch):
    from homotopy_lcn.tables import structured_data

    monkeypatch.setattr(structured_data, "count_by_groebner", lambda *_: 7)
    (check, *_) = check_rules(entries_of((2, 2), (2, 1), "ar1"), Search.within(None))
    assert check.violations == ("k = (2, 2), s = (2, 1), ar1:1/2: 6 by the rule, 7 by Gröbner bases",)


def test_without_a_program_the_rules_that_need_none_are_tested():
    checks = check_rules(entries_of((2, 2), (2, 1), "white", "ar1"), Search(None))
    assert {check.rule: check.covered for check in checks}["eigenvalues"] == 0
    assert {check.rule: check.covered for check in checks}["torus"] == 2


def test_networks_that_are_not_reduced_are_refused_by_the_rules():
    with pytest.raises(InputError, match="expected a reduced network"):
        check_rules(entries_of((2, 2), (1, 1), "white"), Search(None))
