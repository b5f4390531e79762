"""Complex points of large results are kept in columns, and read like records."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn.classification.tolerances import CLASSIFICATION
from homotopy_lcn.results.columns_file import in_columns
from homotopy_lcn.results.merging import sorted_points
from homotopy_lcn.results.pairs import ConjugatePairs, ManyPoints, maybe_near
from homotopy_lcn.solving import one_stratum
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.tracking import get_engine

#: On strata of several patterns, with special points that a closer look finds as for generic data.
NETWORKS = [((3, 3), (2, 1)), ((3, 2, 2), (1, 2, 1)), ((3, 2), (1, 1))]


def solved(arch, in_columns, monkeypatch):
    rng = np.random.default_rng(3)
    patches = rng.standard_normal((2 * arch.filter_size, arch.filter_size))
    outputs = rng.standard_normal(len(patches))
    loss = hl.SquaredLoss(patches.T @ patches, patches.T @ outputs, float(outputs @ outputs))
    monkeypatch.setattr(one_stratum, "SOLVING", replace(SOLVING, in_columns=in_columns))
    return hl.critical_points(arch, loss, engine=Careful())


class Careful:
    """The usual engine, without the pass for data about which nothing is in doubt."""

    name = "careful"

    def track(self, *arguments, **keywords):
        return get_engine("auto").track(*arguments, **keywords)


@pytest.fixture(scope="module")
def kept():
    """A result in columns."""
    with pytest.MonkeyPatch.context() as patch:
        return solved(hl.Architecture((3, 3), (2, 1)), 1, patch)


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_a_result_in_columns_is_the_one_of_records(filters, strides, monkeypatch):
    arch = hl.Architecture(filters, strides)
    columns, records = solved(arch, 1, monkeypatch), solved(arch, 10**9, monkeypatch)
    assert isinstance(columns.points, ManyPoints)
    assert isinstance(records.points, tuple)
    assert columns.complete
    for column in fields(records):
        if column.name not in ("points", "solved"):
            assert getattr(columns, column.name) == getattr(records, column.name)
    for one, other in zip(columns.points, records.points, strict=True):
        assert one.condition == pytest.approx(other.condition, rel=1e-9)
        assert one.architecture == arch
        assert replace(one, condition=None) == replace(other, condition=None)
    assert str(columns) == str(records)
    assert columns.to_frame().drop(columns="condition").equals(records.to_frame().drop(columns="condition"))


@given(st.integers(-60, 60), st.integers(-60, 60), st.sampled_from([1, 2, 3, -1]))
def test_indices_and_slices_are_those_of_a_tuple(kept, start, stop, step):
    listed = tuple(kept.points)
    assert kept.points[start:stop:step] == listed[start:stop:step]
    if -len(listed) <= start < len(listed):
        assert kept.points[start] == listed[start]
    else:
        with pytest.raises(IndexError):
            kept.points[start]


def test_points_name_their_conjugates(kept):
    for number, point in enumerate(kept):
        if not point.real:
            other = kept[point.conjugate]
            assert other.conjugate == number
            np.testing.assert_array_equal(other.filter, point.filter.conj())
            assert not point.filter.flags.writeable


def test_pairs_are_sorted_as_records_are(kept):
    points = kept.points
    order = np.random.default_rng(0).permutation(len(points.pairs))
    mixed = points.pairs.part(order)
    turned = replace(
        mixed, **{name: getattr(mixed, name).conj() for name in ("filters", "losses", "coordinates", "thetas")}
    )
    assert ManyPoints(points.real, turned.sorted()) == sorted_points(list(points))
    # Losses of one size are told apart by the filters.
    same = replace(turned, losses=np.full(len(turned), 1 + 1j))
    listed = [*points.real, *same.points(len(points.real), 0)]
    assert ManyPoints(points.real, same.sorted()) == sorted_points(listed)


def test_pairs_of_strata_are_joined(kept):
    pairs = kept.points.pairs
    parts = [pairs.part(slice(0, 3)), pairs.part(slice(3, None))]
    other = replace(parts[1], patterns=(((2,), (2,)),), coordinates=parts[1].coordinates[:, :-1].copy())
    joined = ConjugatePairs.joined([parts[0], other])
    assert joined.patterns == (pairs.patterns[0], ((2,), (2,)))
    assert joined.numbers() == {pairs.patterns[0]: 6, ((2,), (2,)): 2 * len(other)}
    np.testing.assert_array_equal(joined.filters, pairs.filters)
    np.testing.assert_array_equal(joined.coordinates[:3], pairs.coordinates[:3])


def test_labels_by_tolerances_are_those_of_records(kept):
    for tolerances in (hl.Tolerances(), hl.Tolerances(real=0.5, singular=2.0)):
        chosen = maybe_near(kept.points, tolerances)
        listed = tuple(kept.points)
        assert tolerances.nearly_real(chosen) == tolerances.nearly_real(listed)
        assert tolerances.nearly_singular(chosen) == tolerances.nearly_singular(listed)


def test_records_go_into_columns_and_singular_ones_do_not(kept):
    patterns = tuple(row.pattern for row in kept.strata)
    listed = tuple(kept.points)
    assert in_columns(listed, patterns) == listed
    last = replace(listed[-1], nonsingular=False, multiplicity=2)
    with pytest.raises(hl.InputError, match=r"^columns: this result has complex points that are singular"):
        in_columns((*listed[:-1], last), patterns)


def test_a_special_pair_makes_all_points_records(monkeypatch):
    arch = hl.Architecture((3, 3), (2, 1))
    monkeypatch.setattr(one_stratum, "on_continua", lambda *_: [1])
    monkeypatch.setattr("homotopy_lcn.classification.pairs.CLASSIFICATION", replace(CLASSIFICATION, near_hyperroot=1.0))
    assert isinstance(solved(arch, 1, monkeypatch).points, tuple)
