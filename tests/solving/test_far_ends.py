"""Paths that seem to run to w = 0 or to infinity, and turn near the data."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.solving.far_ends import growth_in_doubles
from homotopy_lcn.tracking import Homotopy, get_engine
from homotopy_lcn.tracking.settings import Tracking


@pytest.mark.parametrize(
    ("gram", "b", "number"),
    [
        ([2, 1, 2, 2, 1, 1], [1.000000001, 0, -1.000000001, 0, -1e-9, -1e-9], 6),  # msolve finds as many
        ([2, 1, 2, 2, 2, 2], [0, 1e-9, -0.999999999, -1, 1.000000001, 1], 6),
    ],
)
def test_real_filters_of_norm_1e_9_near_special_data_are_found(gram, b, number):
    """They were taken for paths to w = 0."""
    result = hl.critical_points(hl.Architecture((2, 3), (2, 1)), hl.SquaredLoss(np.diag(gram), b, 50.0))
    assert result.complete
    assert len(result) == number
    assert any(point.real and np.linalg.norm(point.filter) < 1e-8 for point in result)


@pytest.mark.parametrize(("offset", "turns"), [(1e-8, True), (0.0, False)])
def test_a_path_that_turns_is_told_from_one_to_zero(offset, turns):
    """One layer: w = b, which runs to zero with s, or to an offset."""
    stratum = Stratum.of_pattern(hl.Architecture((2,), (1,)).blocks, ((1,),))
    start, target = Data(np.eye(2, dtype=complex), np.array([1j, 2.0])), Data(np.eye(2), np.array([0.0, offset]))
    tracking = Tracking(get_engine("reference"))
    size = np.linalg.norm([1j, 2.0])
    points = np.array([[size, 1j / size, 2.0 / size]])
    assert growth_in_doubles(stratum, points, Homotopy(start, target), tracking).turned.tolist() == [turns]
