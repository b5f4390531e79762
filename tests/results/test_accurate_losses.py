"""Losses and infima of exact data, the terms of which cancel."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.results.accurate_losses import with_accurate_losses
from homotopy_lcn.results.infimum import points_of_least_loss


def fitted(filters, strides, theta, excess):
    """Whole numbers, of which some filter of the network is the target, and a constant larger than the least one."""
    arch = Architecture(filters, strides)
    w = [round(value) for value in arch.mu(theta).tolist()]
    X = np.random.default_rng(0).integers(-3, 4, size=(arch.filter_size + 3, arch.filter_size))
    gram = (X.T @ X).tolist()
    b = [sum(x * y for x, y in zip(row, w, strict=True)) for row in gram]
    return arch, SquaredLoss.from_exact(gram, b, sum(x * y for x, y in zip(b, w, strict=True)) + excess)


@pytest.mark.parametrize("excess", [0, 2])
@pytest.mark.parametrize(
    ("filters", "strides", "theta"),
    [
        ((2, 2), (1, 1), [[10**4, 3], [10**4 + 1, 7]]),
        ((2, 2), (2, 1), [[10**4, 3], [10**4 + 1, 7]]),
        ((3, 2), (2, 1), [[10**4, 3, 9], [10**4 + 1, 7]]),
    ],
)
def test_the_loss_of_a_fit_is_what_the_constant_leaves(filters, strides, theta, excess):
    """Of numbers like 2e17, the doubles of which are multiples of 32."""
    arch, loss = fitted(filters, strides, theta, excess)
    result = critical_points(arch, loss)
    assert result.complete
    assert (result.infimum.value, result.infimum.attained) == (excess, True)
    assert result.global_minimum.loss == excess
    assert all(point.loss >= excess for point in result.real)
    assert with_accurate_losses(result).infimum == result.infimum


def test_a_point_of_little_more_loss_is_no_global_minimum():
    """A filter with a double root is near the target: its loss is larger by 238, of 2e17."""
    arch, loss = fitted((2, 2), (1, 1), [[10**4, 3], [10**4 + 1, 7]], 0)
    result = critical_points(arch, loss)
    first, second = result.real[:2]
    assert 200 < second.loss < 300
    assert [point.loss for point in points_of_least_loss(result)] == [first.loss] == [0]
    assert not result.ties


@pytest.mark.parametrize("excess", [0, 2])
@pytest.mark.parametrize("b", [(10**8 + 1, 10**8 + 3), (300000007, 100000009)])
def test_an_infimum_that_is_not_attained_is_right_to_rounding(b, excess):
    constant = b[0] ** 2 + b[1] ** 2 + excess
    loss = SquaredLoss.from_exact(np.diag([0, 1, 1, 1]).tolist(), [0, *b, 0], constant)
    result = critical_points(Architecture((2, 2), (2, 1)), loss)
    assert (result.infimum.value, result.infimum.attained) == (excess, False)
