"""What Jupyter shows: well-formed, escaped, without colours that a theme would swallow, and with the right numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn.display import notebook
from homotopy_lcn.display.html_tables import table_html
from homotopy_lcn.display.wording import STAR
from homotopy_lcn.interchange.cross_checks import CrossCheck
from homotopy_lcn.training import descend
from tests.special_data import curve_of_minima, no_minimum, periodic_series


@pytest.fixture(scope="module")
def result():
    arch = hl.Architecture((2, 2, 2), (1, 2, 1))
    rng = np.random.default_rng(0)
    loss = hl.SquaredLoss.from_data(rng.normal(size=(40, 5)), rng.normal(size=(40, 1)), arch)
    return hl.critical_points(arch, loss, seed=0)


def tables(html):
    """The tables as lists of rows of texts; raises unless the markup is well formed."""
    root = ElementTree.fromstring(f"<div>{html.replace('<br>', ' ')}</div>")
    return [[["".join(cell.itertext()) for cell in row] for row in table.iter("tr")] for table in root.iter("table")]


def test_architecture():
    ((*rows,),) = tables(hl.Architecture((2, 2, 2), (1, 2, 1))._repr_html_())
    facts = dict(rows)
    assert facts["network"] == "k = (2,2,2), s = (1,2,1)"
    assert (facts["filter size K"], facts["total stride S"], facts["dim M"]) == ("5", "2", "4")
    assert facts["reduced architecture"] == "k = (3,2), s = (2,1)"


@pytest.mark.parametrize("filters", [(1,), (2, 2), (3, 3, 2), (4, 4)], ids=str)
def test_counts_have_a_line_for_each_stratum_and_their_sums(filters):
    table = hl.generic_count(hl.Architecture(filters, (1,) * len(filters)))
    ((head, *rows, total),) = tables(table._repr_html_())
    assert head == ["stratum", "", "critical filters", "θ over each", "critical θ"]
    assert len(rows) == len(table)
    assert sum(int(row[2]) for row in rows) == int(total[2]) == table.filters
    assert sum(int(row[4]) for row in rows) == int(total[4]) == table.parameters


def test_result_shows_summary_and_real_points(result, monkeypatch):
    summary, points = tables(result._repr_html_())
    assert dict(summary)["complete"] == "yes: these are all critical filters w ≠ 0"
    assert [int(row[1]) for row in points[1:]] == list(range(len(result.real)))
    assert [float(row[2]) for row in points[1:]] == pytest.approx([point.loss for point in result.real], rel=1e-6)
    monkeypatch.setattr(notebook, "MOST_POINTS", 2)
    html = result._repr_html_()
    assert len(tables(html)[1]) == 3
    assert f"and {len(result.real) - 2} real points of larger loss" in html


def test_result_that_is_not_complete_says_so(result):
    (summary, _) = tables(replace(result, complete=False)._repr_html_())
    assert dict(summary)["complete"].startswith("NO")


def test_every_point(result):
    for point in result.points:
        ((*rows,),) = tables(point._repr_html_())
        names = [name for name, _ in rows]
        assert sum(name.startswith("critical θ") for name in names) == len(point.parameters)
        assert ("place" in names) == point.real


def test_result_lists_continua_with_the_star_where_the_global_minimum_is():
    result = periodic_series()
    summary, continua = tables(result._repr_html_())
    facts = dict(summary)
    assert facts["complete"].endswith("all isolated critical filters w ≠ 0, and 6 continua, 2 of them with real points")
    assert facts["least loss"] == f"0 on continuum 0  {STAR}"
    assert continua[0] == ["", "loss", "dimension", "kind", "real", "attained", "stratum"]
    assert continua[1] == [f"{STAR}\N{NO-BREAK SPACE}0", "0", "1", "minimum", "yes", "yes", "(1)(1,1)"]
    assert continua[2][3:6] == ["saddle", "yes", "yes"]
    assert all(row[3:6] == ["–", "no", "–"] for row in continua[3:])
    assert [row[0] for row in continua[2:]] == ["1", "2", "3", "4", "5"]


def test_an_infimum_that_is_not_attained_has_no_star():
    html = no_minimum()._repr_html_()
    assert dict(tables(html)[0])["least loss"] == "none: the infimum 0 is not attained"
    assert STAR not in html


def test_every_continuum_shows_its_points_and_their_parameters():
    for part in periodic_series().continua:
        facts, (head, *rows) = tables(part._repr_html_())
        assert dict(facts)["real"] == ("yes" if part.real else "no")
        assert head == ["", "kind", "filter w", "critical θ"]
        assert len(rows) == len(part.points)
        assert all(
            row[1] == (part.kind + (" 1" if part.kind == "saddle" else "") if part.real else "–") for row in rows
        )
    point = curve_of_minima().continua[0].points[0]
    assert ["isolated", "no, on a continuum"] in tables(point._repr_html_())[0]


def test_a_filter_that_is_critical_on_several_strata_says_so():
    result = hl.critical_points(hl.Architecture((2, 2), (1, 1)), hl.SquaredLoss.white([1, 2, 1]))
    assert dict(tables(result._repr_html_())[0])["coincidences"] == "1 filter is critical on 2 strata"
    assert ["also critical on", "(1,1)"] in tables(result[0]._repr_html_())[0]


def test_tables_across_architectures(monkeypatch):
    table = hl.tabulate([hl.Architecture((2, 2), (1, 1)), hl.Architecture((3, 2), (2, 1))])
    ((head, *rows),) = tables(table._repr_html_())
    assert len(rows) == 2
    assert head == [column.title for column in table.to_table().columns]
    assert not any("<" in text for row in rows for text in row)
    monkeypatch.setattr(notebook, "MOST_ROWS", 1)
    assert len(tables(table._repr_html_())[0]) == 2
    assert "and 1 more<" in table._repr_html_()


def test_certificate(result):
    pytest.importorskip("flint")
    ((first, *_),) = tables(hl.certificate(result)._repr_html_())
    assert first == ["24 of 24 points certified, pairwise distinct"]


def test_no_colour_of_a_theme(result):
    shown = [result, result.points[0], result.architecture, hl.generic_count(result.architecture)]
    for html in (thing._repr_html_() for thing in shown):
        assert not re.search(r"(?<!-)color:(?!inherit)|background", html)


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C"]))), max_size=4))
def test_texts_come_out_as_they_went_in(rows):
    ((*shown,),) = tables(table_html([("", False)], rows))
    assert shown == [list(row) for row in rows]


# Surveys, geometry, basins, comparisons


def test_function_space_and_filter_show_the_rows_of_the_terminal():
    arch = hl.Architecture((3, 2), (2, 1))
    ((*rows,),) = tables(hl.describe_function_space(arch)._repr_html_())
    facts = dict(rows)
    assert facts["network"] == "k = (3,2), s = (2,1)"
    assert facts["ambient space"] == "R^5"
    assert facts["dim M"].startswith("4: thin")
    facts, factorizations = tables(hl.describe_filter(arch, [1, 0, -3, 0, 2])._repr_html_())
    assert dict(facts)["in M"] == "yes"
    assert len(factorizations) == 3  # the head and two rows
    assert [len(row) for row in factorizations] == [5] * 3


def test_survey_shows_every_network_and_its_counts():
    found = hl.survey([hl.Architecture((2, 2), (1, 1)), hl.Architecture((3, 2), (2, 1))], 20, seed=1)
    html = found._repr_html_()
    ((head, *rows),) = tables(html)
    assert head[:3] == ["filters", "strides", "quantity"]
    real = [row for row in rows if row[2] == "real_pure"]
    assert [float(row[3]) for row in real] == pytest.approx([found.mean_real_ed_degree(i) for i in (0, 1)], rel=1e-4)
    assert "20 draws each" in html


def test_basin_table_shows_a_row_for_each_place(result):
    table = descend(result, 20, seed=0)
    html = table._repr_html_()
    ((head, *rows),) = tables(html)
    assert head[:3] == ["critical point", "loss", "runs"]
    assert [int(row[2]) for row in rows] == [row.runs for row in table]
    assert "k = (2,2,2), s = (1,2,1)" in html


def test_cross_check_says_whether_the_programs_agree():
    comparison = CrossCheck("PHCpack <2.4>", 1, 10, 0, 0, (0, 1), (2, 2), (2, 1), ())
    ((*rows,),) = tables(comparison._repr_html_())
    assert rows[0] == ["agrees", "yes"]
    assert "PHCpack <2.4> confirms 1 of 2 filters" in rows[1][1]
    assert "&lt;2.4&gt;" in comparison._repr_html_()


def test_walls_have_a_row_each_and_so_have_chambers():
    arch = hl.Architecture((2, 2), (1, 1))
    rng = np.random.default_rng(1)
    losses = [hl.SquaredLoss.from_data(rng.normal(size=(20, 3)), rng.normal(size=(20, 1)), arch) for _ in range(2)]
    found = hl.walls(arch, *losses)
    html = found._repr_html_()
    walls, chambers = tables(html)
    assert [row[:2] for row in walls[1:]] == [[f"{wall.t:.10g}", wall.kind] for wall in found.walls]
    assert [int(row[1]) for row in chambers[1:]] == [len(chamber.points.real) for chamber in found.chambers]
    assert "not complete" not in html
    assert "not complete: a &lt; b" in replace(found, contradictions=("a < b",))._repr_html_()
