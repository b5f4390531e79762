"""What results say of continua, of filters on several strata, and of the infimum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.results.continua import Infimum
from homotopy_lcn.results.statements import (
    describe_coincidences,
    describe_completeness,
    describe_continua,
    describe_least_loss,
    describe_paths,
)
from tests.results.test_result import build, complex_point, continuum, real_point
from tests.special_data import no_minimum

CURVE = continuum([real_point(0.1, isolated=False, nonsingular=False)])


def least_loss(result, infimum=None):
    result = result if infimum is None else replace(result, infimum=infimum)
    return describe_least_loss(result, result.global_minimum)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([True], "1 continuum with real points"),
        ([False], "1 continuum without real points"),
        ([None], "1 continuum, undecided whether with real points"),
        ([True, True, False], "3 continua, 2 of them with real points"),
        ([False, False], "2 continua, none of them with real points"),
        ([True, None], "2 continua, 1 of them with real points, 1 undecided"),
    ],
)
def test_continua_are_counted_with_the_real_ones(answers, text):
    assert describe_continua([replace(CURVE, real=real) for real in answers]) == text


def test_with_continua_the_verdict_is_about_isolated_filters():
    plain = [replace(row, at_infinity=0, origin=0) for row in build([real_point()]).strata]
    assert describe_completeness(build([real_point()], plain)) == "all critical filters w ≠ 0"
    result = build([real_point()], complete=True, continua=[CURVE])
    assert describe_completeness(result) == "all isolated critical filters w ≠ 0, and 1 continuum with real points"
    assert f"(complete: {describe_completeness(result)})" in str(result)
    assert "continuum 0: curve of minima, loss 0.1, real" in str(result)
    unfinished = str(build([real_point()], complete=False, continua=[CURVE]))
    assert "all isolated" not in unfinished
    assert "continuum 0" in unfinished


def test_where_paths_end_elsewhere_the_verdict_is_about_isolated_filters():
    """w = t u ⊗ u with u = (0, 0, 1, i) is critical for every t here; no path ends on it."""
    target = np.diag([3.0, 2.0, 0.0, 0.0]).ravel()
    result = critical_points(Architecture((4, 4), (4, 1)), SquaredLoss.white(target))
    assert result.complete
    assert not result.continua
    assert describe_completeness(result) == "all isolated critical filters w ≠ 0"


def test_the_least_loss_is_attained_somewhere_or_nowhere_or_that_is_undecided():
    result = build([real_point(0.2)], complete=True)
    assert least_loss(result) == "0.2"
    assert least_loss(build([real_point(0.2)], complete=True, continua=[CURVE])) == "0.1 on continuum 0"
    assert least_loss(build([real_point(0.9)], complete=True)) == "0.3333333333 at w = 0"
    assert least_loss(result, Infimum(0.05, False)) == "none: the infimum 0.05 is not attained"
    assert least_loss(result, Infimum(0.05, None)) == "0.05, undecided whether attained"
    assert least_loss(result, Infimum(None, None)) == "undecided"


def test_filters_on_several_strata_and_multiple_points_are_mentioned():
    other = ((2,), (1,))
    points = [real_point(1.0, also_on=(other,)), real_point(2.0), complex_point(multiplicity=2, nonsingular=False)]
    assert describe_coincidences(build(points[1:2])) == ""
    assert describe_coincidences(build(points)) == (
        "1 filter is critical on 2 strata; 1 filter is a point of multiplicity 2"
    )
    result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.white([1, 2, 1]))
    assert describe_coincidences(result) == "1 filter is critical on 2 strata"
    assert "  1 filter is critical on 2 strata\n" in str(result)


def test_paths_to_continua_are_told_from_those_to_isolated_points():
    points = [complex_point(multiplicity=2, nonsingular=False)]
    assert describe_paths(build(points)) == "4 to infinity, 1 to singular ends (1 isolated point)"
    assert describe_paths(build([], continua=[CURVE])) == "4 to infinity, 1 to singular ends (1 continuum)"


def test_an_infimum_that_runs_away_is_no_least_loss():
    assert "least loss: none: the infimum 0 is not attained" in str(no_minimum())
    assert no_minimum().global_minimum is None
