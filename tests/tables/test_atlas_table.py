"""The shipped atlas: complete, exact, and random rows computed anew."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, describe_function_space, generic_count, tabulate
from homotopy_lcn._data import data_path
from homotopy_lcn.counting.exact_counts import METHODS
from homotopy_lcn.counting.groebner_programs import find_program
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.tables import atlas_table
from homotopy_lcn.tables.atlas_table import (
    ATLAS,
    ATLAS_FILTER_SIZE,
    ATLAS_MAX_COUNT,
    WhiteCounts,
    atlas,
    shipped_white_counts,
)
from homotopy_lcn.tables.structured_data import structured_columns
from homotopy_lcn.tables.tabulation import CERTIFIED, FOUND
from homotopy_lcn.tables.text_tables import format_table

with open(data_path(ATLAS), newline="", encoding="utf-8") as file:
    ROWS = [
        (Architecture(*(map(int, row[name].split(",")) for name in ("filters", "strides"))), row)
        for row in csv.DictReader(file)
    ]
SMALL = [(arch, row) for arch, row in ROWS if generic_count(arch).filters <= 120]


def test_every_architecture_is_there_once_in_order():
    expected = [
        arch for arch in architectures_up_to(ATLAS_FILTER_SIZE) if generic_count(arch).filters <= ATLAS_MAX_COUNT
    ]
    assert [arch for arch, _ in ROWS] == expected


def test_exact_columns_are_right_in_every_row():
    for arch, row in ROWS:
        counts, space = generic_count(arch), describe_function_space(arch)
        exact = (counts.pure, counts.spurious, counts.parameters, arch.filter_size, arch.dimension)
        names = ("pure", "spurious", "parameters", "filter_size", "dimension")
        assert tuple(int(row[name]) for name in names) == exact
        facts = (space.thick, space.closed, space.smooth)
        assert tuple(row[name] == "true" for name in ("thick", "closed", "smooth")) == facts


def test_every_row_is_confirmed_or_marked():
    for arch, row in ROWS:
        found = tuple(int(row[name]) for name in ("found_pure", "found_spurious", "found_parameters"))
        assert row["status"] in (CERTIFIED, FOUND), arch
        assert found == tuple(int(row[name]) for name in ("pure", "spurious", "parameters"))
        assert row["geometry_checked"] == "true"
        if row["status"] == CERTIFIED:
            assert int(row["certified"]) == found[0] + found[1]


def test_white_counts_are_at_most_the_generic_ones_and_depend_on_the_blocks():
    pure = {}
    for arch, row in ROWS:
        if not row["white_pure"]:
            continue
        assert int(row["white_pure"]) <= int(row["pure"])
        assert int(row["white_spurious"]) <= int(row["spurious"])
        assert pure.setdefault(arch.blocks, row["white_pure"]) == row["white_pure"]
        numbers = int(row["white_pure"]), int(row["white_spurious"])
        assert shipped_white_counts(arch) == WhiteCounts(*numbers, row["white_method"])
        assert row["white_method"] in METHODS
    assert len(pure) > 40


@settings(max_examples=6)
@given(st.sampled_from(SMALL))
def test_random_rows_are_computed_anew(item):
    pytest.importorskip("flint")
    arch, row = item
    table = tabulate([arch], white=True, measure=True, certify=row["status"] == CERTIFIED)
    header, line = format_table(table.to_table(for_people=False), "csv").splitlines()
    (computed,) = csv.DictReader([header, line])
    if find_program() is None:
        del computed["white_method"]
    assert computed == {name: row[name] for name in computed}


def test_small_networks_have_exact_counts_for_white_data():
    methods = [row["white_method"] for arch, row in ROWS if generic_count(arch).filters <= 100]
    assert len(methods) > 100
    assert "measured" not in methods


def test_the_frame_has_the_columns_of_tabulate():
    pytest.importorskip("pandas")
    frame, other = atlas(), tabulate(max_filter_size=4).to_frame()
    assert list(frame.columns) == [*other.columns, *structured_columns()]
    assert len(frame) == len(ROWS)
    assert frame.pure.dtype == other.pure.dtype
    assert frame.closed.dtype == other.closed.dtype
    assert frame.filters.tolist() == [arch.filters for arch, _ in ROWS]


def test_the_atlas_can_be_saved_and_no_column_hides_an_attribute(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = atlas()
    assert not [name for name in frame.columns if hasattr(pandas.DataFrame, name)]
    for ending in ("parquet", "feather"):
        getattr(frame, f"to_{ending}")(tmp_path / ending)
        read = getattr(pandas, f"read_{ending}")(tmp_path / ending)
        assert [tuple(filters) for filters in read.filters] == frame.filters.tolist()
        plain = [name for name in frame.columns if frame[name].dtype != object]
        pandas.testing.assert_frame_equal(read[plain], frame[plain], check_exact=True)


def test_a_damaged_table_is_refused_and_its_counts_are_not_used(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    whole, checksum = data_path(ATLAS).read_bytes(), data_path("atlas.sha256").read_bytes()
    place = tmp_path / ATLAS
    monkeypatch.setattr(atlas_table, "data_path", lambda name: tmp_path / name)
    arch = Architecture((2, 2), (1, 1))
    number = whole.index(b",1,4,")
    for content, beside in (
        (whole[: number + 3] + b"5" + whole[number + 4 :], checksum),
        (whole[:-1], checksum),
        (whole + b"\xff", checksum),
        (whole, checksum.replace(b"a", b"b")),
        (whole, b""),
        (whole, None),
    ):
        place.write_bytes(content)
        (tmp_path / "atlas.sha256").unlink(missing_ok=True)
        if beside is not None:
            (tmp_path / "atlas.sha256").write_bytes(beside)
        atlas_table._white_counts.cache_clear()
        with pytest.raises(InputError, match=r"atlas.csv is damaged, as its checksum in atlas.sha256 is another one"):
            atlas()
        with pytest.warns(RuntimeWarning, match="counts for white data are computed again"):
            assert shipped_white_counts(arch) is None
    place.write_bytes(whole.replace(b"\n", b"\r\n"))
    (tmp_path / "atlas.sha256").write_bytes(checksum)
    atlas_table._white_counts.cache_clear()
    assert shipped_white_counts(arch)[:2] == (1, 4)
    assert len(atlas()) == len(ROWS)
    atlas_table._white_counts.cache_clear()
