"""Losses that are small differences of large numbers."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import SquaredLoss
from homotopy_lcn.losses.exact_losses import exact_loss, least_loss

GRAM = [[2, 1, 0], [1, 3, 1], [0, 1, 2]]
TARGET = [10**8, 10**8, 1]
B = [sum(x * y for x, y in zip(row, TARGET, strict=True)) for row in GRAM]
SQUARE = sum(x * y for x, y in zip(B, TARGET, strict=True))


def exact(excess):
    return SquaredLoss.from_exact(GRAM, B, SQUARE + excess)


@pytest.mark.parametrize("excess", [0, 2, -2, 16])
def test_the_least_loss_is_the_double_nearest_to_the_exact_one(excess):
    """A constant of 7e16 is rounded to multiples of eight."""
    assert least_loss(exact(excess)) == excess
    assert exact(excess).exact_target == tuple(TARGET)


def test_singular_gram_matrices_and_fractions():
    loss = SquaredLoss.from_exact([[0, 0], [0, 3]], [0, 10**9], "1000000000000000001/3")
    assert least_loss(loss) == 1 / 3


def test_data_in_doubles_have_no_least_loss_below_their_rounding():
    loss = SquaredLoss(GRAM, B, float(SQUARE))
    assert loss.exact_target is None
    assert least_loss(loss) == 0.0
    assert least_loss(SquaredLoss(GRAM, B, 2.0 * SQUARE)) == pytest.approx(SQUARE, rel=1e-15)
    assert least_loss(SquaredLoss([[2.0, 0], [0, 1]], [1.0, 1], 2.0)) == 0.5


def test_the_loss_of_a_perfect_fit_is_the_least_one():
    rounded = np.array(TARGET) * (1 + np.array([1, -1, 1]) * np.finfo(float).eps)
    for excess in (0, 2):
        assert exact_loss(exact(excess), np.array(TARGET, complex)) == excess
        assert exact_loss(exact(excess), rounded) == excess


def test_other_losses_keep_all_digits():
    beside = np.array(TARGET, complex) + np.array([0, 1, 0])
    assert exact_loss(exact(2), beside) == 5
    assert exact_loss(exact(2), beside, rounding=10.0) == 2
    turned = np.array(TARGET, complex) + np.array([1j, 0, 0])
    assert exact_loss(exact(2), turned) == 0
    assert exact_loss(exact(2), turned + np.array([1, 0, 0])) == 2 + 4j
    with pytest.raises(ValueError, match="exact data"):
        exact_loss(SquaredLoss(GRAM, B, 1.0), beside)
