"""Whether the projection to the range of a Gram matrix is ramified anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss
from homotopy_lcn.losses.ramification import is_unramified
from homotopy_lcn.networks.polar_degrees import polar_degree


def loss_with_range(basis):
    return SquaredLoss(basis @ basis.T, basis.sum(axis=1))


@pytest.mark.parametrize(
    ("filters", "strides"),
    [((4, 2), (2, 1)), ((5, 2), (2, 1)), ((3, 3), (2, 1)), ((2, 4), (2, 1)), ((2, 2, 2), (2, 2, 1))],
)
def test_generic_ranges_are_unramified_where_the_polar_degree_is_zero(filters, strides):
    arch = Architecture(filters, strides)
    rng = np.random.default_rng(1)
    for rank in range(1, min(arch.dimension, 5)):
        shown = is_unramified(arch, loss_with_range(rng.normal(size=(arch.filter_size, rank))))
        assert shown is (None if any(polar_degree(arch, r) for r in range(rank + 1)) else True)


def test_a_range_with_a_conormal_vector_is_never_called_unramified():
    # e is orthogonal to all columns of the derivative at one θ, and lies in the range.
    arch = Architecture((4, 2), (2, 1))
    rng = np.random.default_rng(2)
    low, high = rng.normal(size=4), rng.normal(size=2)
    columns = [np.convolve(np.eye(4)[i], [high[0], 0, high[1]]) for i in range(4)]
    columns += [np.convolve(low, [1, 0, 0]), np.convolve(low, [0, 0, 1])]
    e = np.linalg.svd(np.array(columns))[2][-1]
    assert np.abs(np.array(columns) @ e).max() < 1e-12
    for rank in (1, 2, 3):
        basis = np.column_stack([e, rng.normal(size=(6, rank - 1))])
        assert is_unramified(arch, loss_with_range(basis)) is None


def test_a_linear_space_is_unramified():
    assert is_unramified(Architecture((3, 3), (1, 1)), loss_with_range(np.eye(5)[:, :2])) is True
