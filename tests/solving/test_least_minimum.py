"""The global minimum alone is that of the whole result."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.solving.least_minimum import least_minimum
from homotopy_lcn.solving.start_systems import shared_start_systems
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

ARCHITECTURES = [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1)), ((2, 1, 2), (2, 1, 1))]


def least(arch, loss):
    return least_minimum(arch, loss, Tracking(get_engine()), shared_start_systems())


@settings(max_examples=20, derandomize=True)
@given(st.sampled_from(ARCHITECTURES), st.integers(0, 10**6))
def test_it_is_the_global_minimum_of_the_result(sizes, seed):
    """(2,2),(1,1) has targets whose nearest real quadratic is no product of real factors: it must not be chosen."""
    arch, rng = Architecture(*sizes), np.random.default_rng(seed)
    X = rng.standard_normal((2 * arch.filter_size, arch.filter_size))
    loss = SquaredLoss.from_data(X, rng.standard_normal((len(X), 1)), arch)
    expected = critical_points(arch, loss).global_minimum
    point = least(arch, loss).point
    assert point.attained
    assert point.loss == pytest.approx(expected.loss, rel=1e-12)
    assert point.stratum == expected.stratum
    np.testing.assert_allclose(point.filter, expected.filter, rtol=1e-9, atol=1e-12)


def test_filters_that_no_real_parameters_attain_are_passed_over():
    arch = Architecture((2, 2), (1, 1))
    loss = SquaredLoss(np.eye(3), [1.0, 0.1, 1.0], 3.0)
    result = critical_points(arch, loss)
    assert min(point.loss for point in result if point.real) < result.global_minimum.loss
    assert least(arch, loss).point.loss == pytest.approx(result.global_minimum.loss)


def test_special_data_are_left_to_the_whole_solve():
    arch = Architecture((2, 2), (2, 1))
    assert least(arch, SquaredLoss(np.eye(4), [1.0, 0, 0, 1], 2.0)) is None
