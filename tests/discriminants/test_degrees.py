"""Numbers of walls: published degrees, additivity, and the critical points of one block by elimination."""

from __future__ import annotations

import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.conditions import Coincidence, Fold, PassageThroughZero
from homotopy_lcn.discriminants.degrees import (
    _ring,
    common_root_count,
    double_root_count,
    wall_count,
    zero_count,
)
from homotopy_lcn.discriminants.lines import Motion
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Embedding, Factor, Stratum

NETWORKS = [((2, 2), (2, 1)), ((3, 2), (2, 1)), ((4, 2), (3, 1)), ((3, 3), (2, 1)), ((2, 2, 2), (2, 2, 1))]


@pytest.mark.parametrize("size", range(2, 8))
def test_two_layers_of_which_one_has_two_weights(size):
    """Gröbner bases gave 12, 24 and 36 for the first three."""
    assert wall_count(Stratum.of_layers(Architecture((size, 2), (2, 1))), gram_moves=False) == 12 * (size - 1)


def test_the_order_of_the_layers_does_not_matter():
    orders = [Stratum.of_layers(Architecture(filters, (2, 2, 1))) for filters in ((3, 2, 2), (2, 3, 2), (2, 2, 3))]
    assert len({wall_count(stratum) for stratum in orders}) == 1


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_the_discriminant_has_two_degrees_that_add_up(filters, strides):
    """The discriminant is homogeneous in Σ and in b."""
    stratum = Stratum.of_layers(Architecture(filters, strides))
    both = wall_count(stratum)
    assert both == wall_count(stratum, gram_moves=False) + wall_count(stratum, b_moves=False)
    assert wall_count(stratum, gram_moves=False) % 2 == 0


@pytest.mark.parametrize("degree", range(1, 6))
def test_one_block_without_powers_has_one_critical_point_and_no_wall(degree):
    assert wall_count(Stratum((Factor(degree, 1, 1),))) == 0


def test_data_that_do_not_move_are_refused():
    with pytest.raises(ValueError, match="no walls"):
        wall_count(Stratum((Factor(1, 2, 1),)), gram_moves=False, b_moves=False)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_one_root_by_the_discriminant_of_a_form(power):
    """For w = c ℓ^m the critical ℓ are the roots of a binary form of degree 3m − 2 in the point of P¹.

    With φ(x) the moments of ℓ^m and q(x) its squared norm, they are the roots of the Jacobian determinant of (φ², q)
    divided by φ: of q φ′ − φ q′ / 2 up to Euler's relation. Its coefficients have degree one in Σ and in b.
    """
    roots = 3 * power - 2
    stratum = Stratum((Factor(1, power, 1),))
    degree = 2 * roots - 2
    assert wall_count(stratum, gram_moves=False) == wall_count(stratum, b_moves=False) == degree
    assert wall_count(stratum) == 2 * degree


@pytest.mark.parametrize(
    ("filters", "strides"),
    [
        ((3, 2), (1, 1)),
        ((2, 2, 2), (1, 1, 1)),
        ((2, 2, 2), (1, 2, 1)),
        ((2, 2, 2, 2), (1, 1, 1, 1)),
        ((2, 2, 2, 2), (1, 2, 1, 1)),
        ((3, 3, 2), (1, 1, 1)),
        ((3, 2, 2), (1, 1, 2)),
    ],
)
def test_the_same_bundle_counts_the_critical_points_of_every_stratum(filters, strides):
    """The counts of `generic_count` come from 0/1 matrices and symmetric functions, and know nothing of this bundle."""
    arch = Architecture(filters, strides)
    for row in hl.generic_count(arch):
        stratum = Embedding.of_pattern(arch, row.pattern).stratum
        for moves in ((True, True), (True, False), (False, True)):
            ring = _ring(stratum, *moves, None)
            assert ring.integral(ring.tau) == row.count, (row.pattern, moves)


@pytest.mark.parametrize("degree", range(2, 7))
def test_the_discriminant_of_the_least_squares_filter(degree):
    """w = adj(Σ) b has degree K in the data together, and a form of degree d a discriminant of degree 2d − 2."""
    stratum = Stratum((Factor(degree, 1, 1),))
    assert double_root_count(stratum, 0, gram_moves=False) == 2 * degree - 2
    assert double_root_count(stratum, 0) == (degree + 1) * (2 * degree - 2)


@pytest.mark.parametrize("size", range(2, 5))
def test_a_critical_point_passes_through_zero_where_a_determinant_vanishes(size):
    """b as a matrix has a determinant of its size as degree; rectangular matrices have full rank along a line."""
    square = Stratum((Factor(size - 1, 1, 1), Factor(size - 1, 1, size)))
    assert zero_count(square) == zero_count(square, gram_moves=False) == size
    assert zero_count(square, b_moves=False) == 0
    assert zero_count(Stratum((Factor(size, 1, 1), Factor(size - 1, 1, size + 1)))) == 0


def test_conditions_have_the_numbers_of_the_formulas():
    stratum, motion = Stratum((Factor(2, 1, 1), Factor(1, 2, 1))), Motion(False, True)
    counts = [
        condition.count(motion)
        for condition in (
            Fold(stratum),
            PassageThroughZero(stratum),
            Coincidence(stratum, (0, 0)),
            Coincidence(stratum, (0, 1)),
        )
    ]
    assert counts == [
        wall_count(stratum, gram_moves=False),
        zero_count(stratum, gram_moves=False),
        double_root_count(stratum, 0, gram_moves=False),
        common_root_count(stratum, (0, 1), gram_moves=False),
    ]
    assert PassageThroughZero(stratum).count(Motion(True, False)) == 0
