"""Autocovariances of series, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn.counting.autocovariances import arma_autocovariances, is_stationary
from homotopy_lcn.errors import InputError

SMALL = st.fractions(Fraction(-9, 10), Fraction(9, 10), max_denominator=10)


@given(SMALL, st.lists(SMALL, max_size=3))
def test_an_arma_series_has_the_autocovariances_of_its_moving_average(phi, theta):
    """x_t = Σ ψ_j ε_{t−j}, and γ(h) = Σ ψ_j ψ_{j+h}."""
    psi = [1.0]
    for j in range(1, 600):
        psi.append(float(phi) * psi[-1] + (float(theta[j - 1]) if j <= len(theta) else 0.0))
    gamma = arma_autocovariances([phi], theta, 5)
    for h, value in enumerate(gamma):
        assert float(value) == pytest.approx(sum(a * b for a, b in zip(psi, psi[h:], strict=False)), abs=1e-9)


@given(SMALL, SMALL)
def test_products_of_stationary_factors_are_stationary(a, b):
    assert is_stationary([a + b, -a * b])
    assert not is_stationary([a + 1, -a])  # a unit root
    assert not is_stationary([a + 2, -2 * a])


def test_a_common_factor_of_both_polynomials_changes_nothing():
    half, third = Fraction(1, 2), Fraction(1, 3)
    assert arma_autocovariances([half], [-half], 4) == arma_autocovariances([], [], 4)
    product = [third + half, -third * half]
    assert arma_autocovariances(product, [-half], 6) == arma_autocovariances([third], [], 6)


@pytest.mark.parametrize("ar", [[1], [2], [-1], [Fraction(1, 2), Fraction(1, 2)]], ids=str)
def test_a_series_that_is_not_stationary_is_refused(ar):
    with pytest.raises(InputError, match=r"gram: the series .* not stationary"):
        arma_autocovariances([Fraction(value) for value in ar], [], 3)
