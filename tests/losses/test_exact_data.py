"""Losses of exact data: rational numbers with an exact rank, rounded to the nearest doubles."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import InputError, SquaredLoss
from homotopy_lcn.rationals import as_fraction, fraction_text


def test_exact_data_are_rounded_to_the_nearest_doubles():
    loss = SquaredLoss.from_exact([[2, Fraction(1, 3)], ["1/3", Decimal("0.7")]], [0.1, "0.1"], "2/7")
    assert loss.gram.tolist() == [[2.0, 1 / 3], [1 / 3, 0.7]]
    assert loss.b.tolist() == [0.1, 0.1]
    assert loss.constant == 2 / 7
    assert loss.exact.b == (Fraction(0.1), Fraction(1, 10))
    assert SquaredLoss(loss.gram, loss.b).exact is None
    ridge = loss.regularized(0.25)
    assert ridge.exact.gram[1][1] == Fraction(7, 10) + Fraction(1, 4)
    assert ridge.exact.gram[0][1] == Fraction(1, 3)


@given(st.fractions(max_denominator=10**6), st.integers(-300, 300))
def test_exact_numbers_survive_writing(number, exponent):
    for value in (number, number.numerator * Fraction(2) ** exponent):
        assert as_fraction(fraction_text(value), "") == value


HILBERT = [[Fraction(1, i + j + 1) for j in range(12)] for i in range(12)]


def test_the_rank_of_exact_data_is_exact():
    # The condition number of Hilbert's matrix of size 12 is 1.7e16.
    assert SquaredLoss.from_exact(HILBERT, [1] * 12).rank == 12
    assert SquaredLoss([[float(x) for x in row] for row in HILBERT], np.zeros(12)).rank < 12
    small = SquaredLoss.from_exact([[1, 0], [0, "1e-30"]], [1, 1])
    assert small.rank == 2
    assert small.target.tolist() == [1.0, 1e30]
    assert small.rank_in_doubt
    assert small.describe_rank().startswith(
        "exact rank 2 of 2, in doubt for a solve: the nearest doubles have numerical rank 1"
    )
    singular = SquaredLoss.from_exact([["1/9", "1/3", 0], ["1/3", 1, 0], [0, 0, "1/7"]], ["1/3", 1, 1])
    assert singular.rank == 2
    assert singular.describe_rank() == "exact rank 2 of 3"
    assert np.allclose(singular.target, [0.3, 0.9, 7.0], rtol=1e-15)


def test_exact_data_are_refused_exactly():
    tiny = Fraction(1, 10**30)
    with pytest.raises(InputError, match="gram: indefinite"):
        SquaredLoss.from_exact([[1, 1], [1, 1 - tiny]], [0, 0])
    with pytest.raises(InputError, match=r"b: outside the range of gram, .*exact rank 1 of 2"):
        SquaredLoss.from_exact([[1, 1], [1, 1]], [1, 1 + tiny])
    # In doubles this moment vector is outside the range, as the nearest doubles are a singular matrix.
    loss = SquaredLoss.from_exact([[1, 1 - tiny], [1 - tiny, 1]], [1, 0])
    assert loss.rank == 2
    assert np.allclose(loss.target, [5e29, -5e29])


def test_ridge_regression_and_restriction_of_exact_data_stay_exact():
    loss = SquaredLoss.from_exact([[1, 1, 0], [1, 1, 0], [0, 0, "1/3"]], [1, 1, 0])
    ridge = loss.regularized(1e-20)
    assert (loss.rank, ridge.rank) == (2, 3)
    assert ridge.exact.gram[0][0] == 1 + Fraction(1e-20)
    part = loss.restricted([0, 2])
    assert part == SquaredLoss.from_exact([[1, 0], [0, "1/3"]], [1, 0])
    assert part.rank == 2
