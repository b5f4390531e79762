"""Continua that are there for the doubles nearest to exact data, and for the exact data, or not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.solving.exact_continua import vanish_exactly
from homotopy_lcn.solving.local_frames import Frames
from homotopy_lcn.solving.local_structure import local_dimensions, local_structures

TENSORS = equations_of(Stratum.of_layers(Architecture((2, 2), (2, 1))))
ON_CIRCLE = np.array([[1.0, 0.6, 0.8, 0.6, 0.8]], complex)
DOUBLES = Data(np.eye(4), np.array([1.0, 0, 0, 1]))


def nearly_unit(excess):
    """The unit matrix as a target, but for an excess of one singular value."""
    ones = [[Fraction(i == j) for j in range(4)] for i in range(4)]
    return Data(np.array(ones, object), np.array([Fraction(1), Fraction(0), Fraction(0), 1 + excess], object))


@pytest.mark.parametrize("power", [15, 19, 25, 35])
def test_a_tie_of_doubles_is_no_tie_of_exact_data(power):
    exact = nearly_unit(Fraction(1, 10**power))
    rng = np.random.default_rng(0)
    assert local_structures(TENSORS, ON_CIRCLE, DOUBLES, rng)[0].dimension == 1
    assert local_structures(TENSORS, ON_CIRCLE, DOUBLES, rng, exact=exact)[0].dimension is None
    assert local_dimensions(TENSORS, ON_CIRCLE, DOUBLES, rng) == [1]
    assert local_dimensions(TENSORS, ON_CIRCLE, DOUBLES, rng, exact) == [0]


def test_a_tie_of_exact_data_is_a_tie():
    rng = np.random.default_rng(0)
    exact = nearly_unit(Fraction(0))
    assert local_structures(TENSORS, ON_CIRCLE, DOUBLES, rng, exact=exact)[0].dimension == 1
    assert local_dimensions(TENSORS, ON_CIRCLE, DOUBLES, rng, exact) == [1]


def test_exact_data_far_from_the_doubles_are_not_solved():
    """Newton's method with the matrix of the doubles does not come to an end."""
    assert not vanish_exactly(Frames.at(TENSORS, ON_CIRCLE, DOUBLES), nearly_unit(Fraction(50)))


def nearly_on_the_function_space():
    """A target 1e-8 off filters that the Gram matrix does not tell apart, in whole numbers.

    The filters (t, 1, 1, s, 1e-8), up to their size, are in the function space for all s ≠ 0 and the right t, but not
    for s = 0, where the loss would be zero: t grows like 1/s².
    """
    gram = [[0, 0, 0, 0, 0], [0, 3, 1, 0, 1], [0, 1, 4, -1, 0], [0, 0, -1, 2, 1], [0, 1, 0, 1, 5]]
    target = [0, 10**8, 10**8, 0, 1]
    b = [sum(value * u for value, u in zip(row, target, strict=True)) for row in gram]
    return gram, b, sum(value * u for value, u in zip(b, target, strict=True))


def test_filters_that_fit_nearly_are_no_continuum_of_perfect_fits():
    arch, (gram, b, constant) = Architecture((3, 2), (2, 1)), nearly_on_the_function_space()
    result = critical_points(arch, SquaredLoss.from_exact(gram, b, constant), time_limit=5)
    assert not result.continua
    assert result.infimum.attained is not True


@pytest.mark.slow
def test_the_infimum_beside_filters_that_fit_nearly_is_not_attained():
    arch, (gram, b, constant) = Architecture((3, 2), (2, 1)), nearly_on_the_function_space()
    result = critical_points(arch, SquaredLoss.from_exact(gram, b, constant))
    assert (result.complete, result.continua) == (True, ())
    assert (result.infimum.value, result.infimum.attained) == (0.0, False)


def test_doubles_are_known_to_the_documented_tolerance():
    """The same numbers as doubles, which may be rounded, are tied."""
    arch, (gram, b, constant) = Architecture((3, 2), (2, 1)), nearly_on_the_function_space()
    result = critical_points(arch, SquaredLoss(gram, b, constant))
    assert [part.real for part in result.continua] == [True]


def test_an_exact_circle_of_minima_is_complete():
    loss = SquaredLoss.from_exact(np.eye(4, dtype=int).tolist(), [1, 0, 0, 1], 2)
    result = critical_points(Architecture((2, 2), (2, 1)), loss)
    assert result.complete
    assert [(part.dimension, part.real, part.kind) for part in result.continua] == [(1, True, "minimum")]
