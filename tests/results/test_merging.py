"""Conjugates and coordinates of the points of a result: kept by the solver, looked for in files of earlier versions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn.equations.critical_equations import equations_of
from homotopy_lcn.equations.restriction import whole_filters
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.results.merging import merged, sorted_points
from tests.small_networks import solved

NETWORKS = [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1)), ((1, 3, 2), (2, 3, 1))]


def assert_conjugates(points):
    for index, point in enumerate(points):
        if point.real:
            assert point.conjugate is None
        else:
            other = points[point.conjugate]
            assert abs(point.conjugate - index) == 1
            assert other.conjugate == index
            np.testing.assert_array_equal(other.filter, point.filter.conj())


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_every_complex_point_knows_its_conjugate(filters, strides):
    result = solved(filters, strides)
    assert not all(point.real for point in result)
    assert_conjugates(result.points)


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_every_point_keeps_its_coordinates_on_its_stratum(filters, strides):
    result = solved(filters, strides)
    for point in result:
        embedding = Embedding.of_pattern(result.architecture, point.stratum)
        of_stratum = equations_of(embedding.stratum).filters(point.coordinates[None])
        (filter_,) = whole_filters(result.architecture, embedding, of_stratum)
        np.testing.assert_allclose(filter_, point.filter, rtol=0, atol=1e-12 * np.linalg.norm(point.filter))


def without(text, *keys):
    document = json.loads(text)
    for point in document["points"]:
        for key in keys:
            point.pop(key)
    return json.dumps(document)


def test_a_file_of_an_earlier_version_gets_its_conjugates_again(tmp_path):
    result = solved((2, 2, 2), (1, 2, 1))
    path = tmp_path / "old.json"
    path.write_text(without(result.to_json(), "conjugate", "coordinates"))
    old = hl.CriticalPoints.from_json(path)
    assert_conjugates(old.points)
    assert [point.conjugate for point in old] == [point.conjugate for point in result]
    assert all(point.coordinates is None for point in old)


def test_points_in_another_order_and_some_of_the_points_keep_their_conjugates():
    result = solved((2, 2, 2), (1, 2, 1))
    again = sorted_points(result.points[::-1])
    assert [point.filter.tolist() for point in again] == [point.filter.tolist() for point in result]
    assert_conjugates(again)
    assert_conjugates(sorted_points(point for point in result if point.pure))


def test_a_real_point_is_nobodys_conjugate():
    result = solved((2, 2, 2), (1, 2, 1))
    first = len(result.real)
    points = [*result.points[: first - 1], replace(result[first - 1], conjugate=first), *result.points[first:]]
    points[first] = replace(points[first], conjugate=first - 1)
    again = sorted_points(points)
    assert [point.filter.tolist() for point in again] == [point.filter.tolist() for point in result]
    assert_conjugates(again)


def test_a_file_keeps_conjugates_and_coordinates(tmp_path):
    result = solved((2, 2, 2), (1, 2, 1))
    result.to_json(tmp_path / "new.json")
    read = hl.CriticalPoints.from_json(tmp_path / "new.json")
    assert [point.conjugate for point in read] == [point.conjugate for point in result]
    for point, other in zip(read, result, strict=True):
        np.testing.assert_array_equal(point.coordinates, other.coordinates)


def test_certificates_of_a_file_of_an_earlier_version_prove_as_much_on_the_pure_stratum(tmp_path):
    """Elsewhere the reconstruction has to tell the clusters of the roots, and may miss the coordinates of a point."""
    pytest.importorskip("flint")
    result = solved((3, 2), (2, 1))
    path = tmp_path / "old.json"
    path.write_text(without(result.to_json(), "conjugate", "coordinates"))
    assert hl.certify(hl.CriticalPoints.from_json(path)).counts.certified == len(result)


def test_certificates_prove_all_points_from_their_coordinates():
    pytest.importorskip("flint")
    for filters, strides in NETWORKS:
        result = solved(filters, strides)
        assert hl.certify(result).counts.certified == len(result)


@given(st.randoms(use_true_random=False))
def test_wrong_conjugates_are_not_believed_and_the_order_given_does_not_matter(random):
    result = solved((2, 2, 2), (1, 2, 1))
    numbers = [None, -1, *range(len(result) + 2)]
    points = [replace(point, conjugate=random.choice(numbers)) for point in result]
    random.shuffle(points)
    again = sorted_points(points)
    assert [point.filter.tolist() for point in again] == [point.filter.tolist() for point in result]
    assert_conjugates(again)


def test_of_a_real_filter_and_one_that_is_nearly_real_the_real_one_is_kept():
    """Answers and real parameters are those of the real one, whatever the order."""
    w = np.array([1.0, 2.0, 1.0])
    theta = (np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    one = hl.CriticalPoint(
        filter=w, real=True, loss=0.5, stratum=((2,),), pure=False, attained=True, in_function_space=True,
        parameters=(theta,), kinds=("saddle",), indices=(1,), nonsingular=False, multiplicity=2, windings=(2, 2),
    )  # fmt: skip
    other = hl.CriticalPoint(
        filter=w + 1e-9j, real=False, loss=0.5 + 1e-9j, stratum=((2,),), pure=False,
        parameters=(tuple(layer + 1e-9j for layer in theta),), nonsingular=False, multiplicity=2, windings=(2, 2),
    )  # fmt: skip
    for points in ([one, other], [other, one]):
        ((_, members, kept),) = merged(points)
        assert members == (0, 1)
        assert kept.real
        assert kept.kinds == ("saddle",)
        assert len(kept.parameters) == 1
        assert (kept.multiplicity, kept.windings) == (4, (2, 2, 2, 2))
