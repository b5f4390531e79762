"""Forged claims on singular points, continua and infima are refused, with a digest and counts that fit as well."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from data_kinds import loss_of

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.results.continua import Infimum
from homotopy_lcn.results.points import count_points
from tests.results.forgeries import written
from tests.small_networks import solved


@cache
def generic():
    return solved((3, 2), (2, 1))


@cache
def circle():
    arch = Architecture((2, 2), (2, 1))
    return critical_points(arch, SquaredLoss(np.eye(4), [1, 0, 0, 1], constant=2))


@cache
def singular():
    """Equal singular values: nine paths end at singular points."""
    arch = Architecture((3, 2), (2, 1))
    return critical_points(arch, loss_of(arch, "ties", 3, 17), seed=3)


@cache
def of_few_samples():
    X, Y = [[1, 2, 3, 4, 6], [2, 0, 1, 1, 1], [0, 1, 0, 2, 1]], [[1], [2], [3]]
    arch = Architecture((3, 2), (2, 1))
    return critical_points(arch, SquaredLoss.from_data(X, Y, arch), isolated=True)


@cache
def not_attained():
    """Two coefficients see equal inputs: filters grow along their difference, and the loss falls."""
    arch = Architecture((2, 2, 2), (1, 2, 1))
    return critical_points(arch, loss_of(arch, "copied channel", 2, 17), seed=2, isolated=True)


def refused(tmp_path, forged, message):
    path = tmp_path / "result.json"
    path.write_text(written(forged), encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        CriticalPoints.from_json(path)
    assert "expected" in str(error.value)


def with_points(result, change, which=lambda point: True):
    """The first point that qualifies, changed."""
    number = next(i for i, point in enumerate(result.points) if which(point))
    points = list(result.points)
    points[number] = replace(points[number], **change(points[number]))
    return replace(result, points=tuple(points))


def with_continua(result, **change):
    return replace(result, continua=(replace(result.continua[0], **change), *result.continua[1:]))


@pytest.mark.parametrize("solve", [generic, circle, singular, of_few_samples, not_attained])
def test_honest_ones_are_read(tmp_path, solve):
    path = tmp_path / "result.json"
    path.write_text(written(solve()), encoding="utf-8")
    assert CriticalPoints.from_json(path) == solve()


def test_a_regular_point_is_not_singular(tmp_path):
    result = with_points(generic(), lambda point: {"nonsingular": False, "windings": (1,)})
    rows = (replace(result.strata[0], found=result.strata[0].found - 1, singular=1), *result.strata[1:])
    refused(
        tmp_path, replace(result, strata=rows), r"nonsingular: False; expected True, as the Newton matrix is regular"
    )


def test_a_singular_point_is_not_nonsingular(tmp_path):
    double = next(point for point in singular().points if not point.nonsingular)
    assert double.multiplicity > 1
    result = with_points(
        singular(), lambda _: {"nonsingular": True, "windings": (), "condition": 7.0}, lambda p: not p.nonsingular
    )
    refused(tmp_path, result, r"points\[\d\]\.(multiplicity|nonsingular|smooth)")


def test_a_condition_number_is_about_that_of_the_newton_matrix(tmp_path):
    refused(
        tmp_path, with_points(generic(), lambda point: {"condition": 1e12}), r"points\[0\]\.condition: 1000000000000.0"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"isolated": False}, r"isolated: False; expected True"),
        ({"windings": (1,)}, "windings: given for a nonsingular point"),
        ({"nonsingular": False}, "windings: none for a singular point"),
        ({"multiplicity": 2}, r"multiplicity: 2; expected 1|multiplicities sum up"),
    ],
)
def test_places_windings_and_multiplicities(tmp_path, change, message):
    refused(tmp_path, with_points(generic(), lambda point: change), message)


def test_a_dropped_point_is_not_hidden_in_the_multiplicity_of_another_one(tmp_path):
    result = with_points(generic(), lambda point: {"multiplicity": 2})
    real = [point.real for point in result.points]
    dropped = max(i for i, is_real in enumerate(real) if is_real)
    points = tuple(point for i, point in enumerate(result.points) if i != dropped)
    points = tuple(
        point.with_conjugate(None if point.conjugate is None else point.conjugate - 1) if i >= dropped else point
        for i, point in enumerate(points)
    )
    refused(tmp_path, replace(result, points=points), r"multiplicity: 2; expected 1, as one factorization lies over")


def test_windings_are_whole_cycles(tmp_path):
    result = with_points(
        singular(), lambda point: {"windings": (2, *point.windings[1:])}, lambda point: not point.nonsingular
    )
    refused(tmp_path, result, "not whole cycles; expected 2 a multiple of 2 times|not whole cycles; expected 3")


def test_the_dimension_of_a_continuum_is_that_of_its_hessian(tmp_path):
    refused(tmp_path, with_continua(circle(), dimension=2), r"continua\[0\]\.dimension: 2; expected at most 1")
    refused(tmp_path, with_continua(circle(), dimension=2, real_dimension=2), r"continua\[0\]\.dimension: 2")


def test_a_continuum_is_listed_once_and_attained_if_its_points_are(tmp_path):
    part = circle().continua[0]
    assert part.attained
    assert part.real
    twice = replace(circle(), continua=(part, part))
    refused(tmp_path, twice, r"continua\[1\]: the same set as continua\[0\]; expected every continuum once")
    refused(tmp_path, with_continua(circle(), attained=False), r"continua\[0\]\.attained: False; expected True")
    refused(tmp_path, with_continua(circle(), attained=None), r"continua\[0\]\.attained: None; expected True")


@pytest.mark.parametrize("change", [-1, 1])
def test_the_dimension_of_residual_zero(tmp_path, change):
    found = of_few_samples().zero_residual
    forged = replace(of_few_samples(), zero_residual=replace(found, dimension=found.dimension + change))
    refused(tmp_path, forged, r"zero_residual\.dimension: \d; expected \d, by the rank at its point")


def test_an_infimum_that_is_not_attained_is_below_what_parameters_reach(tmp_path):
    result = not_attained()
    assert result.infimum.attained is False
    best = min(point.loss for point in result.points if point.attained)
    least = result.loss.constant - float(result.loss.b @ result.loss.target)
    between = (result.infimum.value + best) / 2
    assert least <= result.infimum.value < between < best
    refused(
        tmp_path, replace(result, infimum=Infimum(between, False)), r"infimum\.value: .*; expected at most .* reach"
    )
    refused(tmp_path, replace(result, infimum=Infimum(least - 1.0, False)), r"infimum\.value: .*; expected at least")


def test_counts_of_the_forgeries_fit():
    """Otherwise the counts alone would refuse them."""
    forged = with_points(generic(), lambda point: {"multiplicity": 2})
    assert f'"found": {count_points(forged.points, forged.strata).found}' in written(forged)
