"""Tables across architectures: every number against its own function, and what cannot be confirmed is marked."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, describe_function_space, generic_count, tabulate
from homotopy_lcn.counting import groebner
from homotopy_lcn.counting.exact_counts import KnownNumbers
from homotopy_lcn.counting.gram_matrices import gram_matrix
from homotopy_lcn.errors import IncompleteStartSystem
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.tables import tabulation
from homotopy_lcn.tables.tabulation import white_counts
from homotopy_lcn.tables.text_tables import format_table

EXAMPLES = [
    Architecture((2, 2), (1, 1)),
    Architecture((3, 2), (2, 1)),
    Architecture((2, 2, 2), (1, 2, 1)),
    Architecture((2, 3), (4, 1)),
]


@pytest.fixture(scope="module")
def measured():
    return tabulate(EXAMPLES, white=True, measure=True)


def test_exact_columns_are_those_of_their_functions():
    table = tabulate(max_filter_size=6)
    assert [row.architecture for row in table] == architectures_up_to(6)
    assert not table.measured
    for row in table:
        counts, space = generic_count(row.architecture), describe_function_space(row.architecture)
        assert (row.pure, row.spurious, row.parameters) == (counts.pure, counts.spurious, counts.parameters)
        assert row.critical_filters == counts.filters
        assert (row.thick, row.closed, row.smooth) == (space.thick, space.closed, space.smooth)
        assert row.status == "not measured"
        assert row.found_pure is row.certified is row.geometry_checked is None
    assert table.unconfirmed == ()


def test_measured_numbers_confirm_the_exact_ones(measured):
    assert measured.unconfirmed == ()
    for row in measured:
        assert (row.found_pure, row.found_spurious, row.found_parameters) == (row.pure, row.spurious, row.parameters)
        assert row.status == "found"
        assert row.geometry_checked
        assert row.certified is None
        assert 0 < row.attained <= row.real <= row.critical_filters
        white = generic_count(row.architecture, metric="white")
        assert (row.white_pure, row.white_spurious) == (white.pure, white.spurious)


def test_the_data_are_those_of_solve_random(measured, capsys):
    from homotopy_lcn.cli.program import main

    assert main(["solve", "-k", "2,2,2", "-s", "1,2,1", "--random", "--json", "-"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (measured[2].real, measured[2].attained) == (counts["real"], counts["attained"])


def test_certified_rows():
    pytest.importorskip("flint")
    (row,) = tabulate(EXAMPLES[:1], certify=True)
    assert (row.status, row.certified) == ("certified", 5)


def test_a_solve_that_misses_a_point_is_reported(monkeypatch):
    def lossy(*arguments, **options):
        result = solve(*arguments, **options)
        first, *others = result.strata
        strata = (replace(first, found=first.found - 1), *others)
        return replace(result, points=result.points[1:], strata=strata, complete=False)

    solve = tabulation.critical_points
    monkeypatch.setattr(tabulation, "critical_points", lossy)
    table = tabulate(EXAMPLES[:2], measure=True)
    assert [row.status for row in table] == ["not found"] * 2
    assert table.unconfirmed == tuple(table)
    assert table[0].found_pure == 0


def test_a_start_system_that_cannot_be_had_is_reported(monkeypatch):
    def failing(*arguments, **options):
        raise IncompleteStartSystem("no")

    monkeypatch.setattr(tabulation, "critical_points", failing)
    (row,) = tabulate(EXAMPLES[:1], measure=True)
    assert row.status == "not found"
    assert row.found_pure is None


@pytest.mark.parametrize("name", ["thick", "closed", "smooth"])
def test_wrong_geometry_is_noticed(monkeypatch, name):
    def wrong(arch):
        space = describe_function_space(arch)
        if name == "thick":
            return replace(space, dimension=space.dimension + 1)
        if name == "closed":  # the true witness of another network is none for this one
            return replace(space, closure_witness=space.boundary_witnesses["reduced"])
        return replace(space, singular_witness=np.convolve([1, 2, 3], [1, 0, 5]))

    monkeypatch.setattr(tabulation, "describe_function_space", wrong)
    table = tabulate(EXAMPLES[1:2], measure=True)
    assert table[0].geometry_checked is False
    assert table.unconfirmed == tuple(table)


def test_large_networks_are_listed_but_not_measured():
    (row,) = tabulate([Architecture((4, 4, 4), (1, 1, 1))], measure=True, white=True, max_count=50)
    assert row.status == "not measured"
    assert row.white_pure is None
    assert row.parameters == 204536


def test_progress_counts_rows():
    reports = []
    tabulate(EXAMPLES, progress=reports.append)
    assert [(report.done, report.total) for report in reports] == [(n, 4) for n in (1, 2, 3, 4)]


def test_an_interrupted_tabulation_keeps_what_is_done():
    def stop(done, total, arch):
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(tabulation.TabulationInterrupted) as interruption:
        tabulate(EXAMPLES, measure=True, report=stop)
    assert [row.architecture for row in interruption.value.partial] == EXAMPLES[:2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one"),
        ({"architectures": EXAMPLES, "max_filter_size": 4}, "exactly one"),
        ({"architectures": [(2, 2)]}, "holds a tuple; expected an Architecture"),
        ({"max_filter_size": 4, "seed": -1}, "seed: -1"),
        ({"max_filter_size": 4, "jobs": 0}, "jobs: 0"),
        ({"max_filter_size": 4, "max_count": 1.5}, "max_count: 1.5"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        tabulate(**arguments)


def test_lists_are_filtered_like_enumerations():
    assert [row.architecture for row in tabulate(EXAMPLES, reduced=True)] == [EXAMPLES[1], EXAMPLES[3]]
    assert [row.architecture for row in tabulate(EXAMPLES, layers=3)] == EXAMPLES[2:3]


def test_every_format_has_every_row(measured):
    frame = pytest.importorskip("pandas") and measured.to_frame()
    assert frame.shape == (4, 23)
    assert frame.pure.tolist() == [1, 10, 10, 10]
    read = list(csv.DictReader(io.StringIO(format_table(measured.to_table(for_people=False), "csv"))))
    assert list(frame.columns) == list(read[0])
    assert [row["spurious"] for row in read] == ["4", "0", "14", "0"]
    document = json.loads(measured.to_json())
    assert [row["reduced_filters"] for row in document["architectures"]] == [[3], [3, 2], [3, 2], [2, 3]]
    assert format_table(measured.to_table(), "markdown").count("\n| 2,") == 3
    assert format_table(measured.to_table(), "latex").isascii()


def test_white_counts_are_exact_or_measured_or_not_known(monkeypatch):
    arch = Architecture((3, 2, 3), (2, 1, 1))
    monkeypatch.setattr(groebner, "find_program", lambda: None)
    (row,) = tabulate([arch], white=True)
    assert (row.white_pure, row.white_spurious, row.white_method) == (35, 122, "measured")

    def fails(arch):
        raise IncompleteStartSystem("paths are lost")

    monkeypatch.setattr(tabulation, "white_count", fails)
    (row,) = tabulate([arch], white=True)
    assert (row.white_pure, row.white_method) == (None, None)
    (row,) = tabulate([Architecture((4, 2), (2, 1))], white=True)
    assert (row.white_pure, row.white_method) == (6, "formula")


def test_networks_with_the_same_blocks_share_what_is_established():
    known = KnownNumbers()
    networks = [Architecture((2, 2, 2), (1, 2, 1)), Architecture((3, 2), (2, 1))]
    counts = [white_counts(arch, known) for arch in networks]
    assert [(found.pure, found.spurious) for found in counts] == [(10, 14), (10, 0)]
    first, second = (known.of(arch, gram_matrix("white", 5)) for arch in networks)
    assert first is second
    assert set(first.patterns) == {((1, 1), (1,)), ((2,), (1,))}
    assert known.of(networks[0], gram_matrix("ar1:1/2", 5)) is not first
