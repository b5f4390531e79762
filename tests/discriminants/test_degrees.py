"""Numbers of walls: published degrees, additivity, and the critical points of one block by elimination."""

from __future__ import annotations

import pytest

from homotopy_lcn.discriminants.degrees import has_wall_formula, wall_count
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum

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


def test_the_formula_is_for_one_factor_a_block():
    assert has_wall_formula(Stratum((Factor(2, 1, 1), Factor(1, 1, 2))))
    assert not has_wall_formula(Stratum((Factor(1, 1, 1), Factor(1, 2, 1))))
