"""Losses that are equal by a symmetry of exact data: the order and the global minimum are proved all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import toeplitz

from homotopy_lcn import Architecture, SquaredLoss, certificate, critical_points
from homotopy_lcn.certification.certificate_file import check, to_text
from homotopy_lcn.certification.completeness import possible_images, state

CORRELATED = toeplitz([3, 1, 0.5, 0.25, 0.1])
NETWORKS = [Architecture((3, 2), (2, 1)), Architecture((2, 2, 2), (1, 2, 1))]


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def proofs(request):
    return certificate(critical_points(request.param, SquaredLoss(CORRELATED, [1, 2, -3, 2, 1])))


def test_the_global_minimum_is_one_of_two(proofs, tmp_path):
    assert proofs.complete
    assert proofs.statement.global_minimum == 0
    assert proofs.statement.ordered
    tied = {pair for tie in proofs.result.ties for pair in (tie.points, tie.points[::-1])}
    found = possible_images(proofs.data, proofs.points)
    assert found == tied
    path = tmp_path / "proof.json"
    path.write_text(to_text(proofs), encoding="utf-8")
    outcome = check(path)
    assert outcome.statement == proofs.statement
    assert outcome.failures == ()


def test_an_image_that_is_not_among_all_points_proves_nothing(proofs):
    """Without the other minimum the points are not complete, and whether the one is the least is open."""
    points = proofs.points
    fewer = type(points)(points.proofs[1:], [None, *points.mirrors[2:]], 5)
    assert state(proofs.architecture, proofs.data, replace_mirrors(fewer)).global_minimum is None


def replace_mirrors(points):
    """The same proofs, each of which stands for itself."""
    return type(points)([proof.whole for proof in points.proofs], [None] * len(points), 5)


def test_an_enclosure_that_meets_two_proves_nothing(proofs):
    points = replace_mirrors(proofs.points)
    points.radii[:] = 100.0
    assert possible_images(proofs.data, points) == set()


def test_data_that_are_symmetric_up_to_rounding_are_not_proved_to_tie():
    b = np.array([1, 2, -3, 2, 1.0])
    b[0] = np.nextafter(1, 2)
    proofs = certificate(critical_points(NETWORKS[0], SquaredLoss(CORRELATED, b)))
    assert possible_images(proofs.data, proofs.points) == set()
    least = proofs.statement.global_minimum
    assert least is None or proofs.points[least].claims.loss.real < proofs.points[1 - least].claims.loss.real


def test_the_images_are_those_of_the_exact_data(proofs):
    other = replace(proofs.data, b=(*proofs.data.b[:4], proofs.data.b[4] + 1))
    assert possible_images(other, proofs.points) == set()
