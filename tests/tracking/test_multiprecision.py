"""Newton's method in many digits: it converges at regular solutions, however ill-conditioned, and at no others."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from data_kinds import loss_of, moments_on_discriminant
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.tracking.multiprecision import converge
from homotopy_lcn.tracking.refinement import refine

LAYERS = Stratum.of_layers(Architecture((3, 2), (2, 1)))
#: A free factor first, not first, and none.
STRATA = (LAYERS, Stratum((Factor(1, 2, 1), Factor(1, 1, 2))), Stratum((Factor(2, 2, 1), Factor(1, 3, 1))))


def perfect(stratum, rng):
    """Data that a random point fits, and the point."""
    equations = equations_of(stratum)
    point = equations.normalize(rng.standard_normal((1, stratum.coordinates)).astype(complex))
    root = rng.standard_normal((stratum.filter_size + 2, stratum.filter_size))
    gram = root.T @ root
    return Data(gram, gram @ equations.filters(point)[0].real), point[0]


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(STRATA), st.integers(0, 2**32))
def test_newton_s_method_comes_back_to_a_regular_solution(stratum, seed):
    rng = np.random.default_rng(seed)
    data, point = perfect(stratum, rng)
    equations = equations_of(stratum)
    solution = refine(equations, point[None], data)
    if solution.conditions[0] > 1e6:
        return
    aside = equations.normalize(point[None] * (1 + 1e-9 * rng.standard_normal(point.size)))[0]
    found = converge(equations, aside, data)
    assert found is not None
    assert found.distance < 1e-8
    filters = equations.filters(np.stack([found.point, solution.points[0]]).astype(complex))
    np.testing.assert_allclose(filters[0], filters[1], rtol=0, atol=1e-14 * np.abs(filters).max())


def test_it_converges_to_neither_at_a_double_solution():
    """Both layers share a hyperroot, and their filter fits: the differential of the filter drops rank."""
    equations = equations_of(LAYERS)
    point = np.array([1.0, 1, 0, -1, 1, -1], complex)
    root = np.random.default_rng(0).integers(-3, 4, (7, 5))
    gram = (root.T @ root).astype(float)
    data = Data(gram, gram @ equations.filters(point[None])[0].real)
    assert converge(equations, point + 1e-9, data) is None
    assert converge(equations, point + np.array([0, 1e-6, 0, 0, 0, -1e-6]), data) is None


@pytest.mark.parametrize("distance", [1e-8, 1e-12])
def test_two_points_that_are_about_to_meet_are_told_apart(distance):
    rng = np.random.default_rng(6)
    architecture = Architecture((3, 2), (2, 1))
    samples = rng.standard_normal((10, 5))
    gram = samples.T @ samples
    b = moments_on_discriminant(architecture, gram, rng)
    data = Data(gram, b + distance * np.linalg.norm(b) * rng.standard_normal(5))
    result = critical_points(architecture, SquaredLoss(*data))
    assert result.complete
    near = sorted((point for point in result if point.nonsingular), key=lambda point: point.condition)[-2:]
    equations, ends = equations_of(LAYERS), []
    for point in near:  # two real ones, attained
        start = np.array([[1.0, *point.parameters[0][0], *point.parameters[0][1]]], complex)
        found = converge(equations, equations.normalize(start)[0], data)
        assert found is not None
        ends.append(equations.filters(found.point[None].astype(complex))[0])
    apart = np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(ends[0])
    assert 1e-2 * np.sqrt(distance) < apart < 1e3 * np.sqrt(distance)


def test_a_matrix_of_zeros_is_no_solution():
    equations = equations_of(LAYERS)
    nothing = Data(np.zeros((5, 5)), np.zeros(5))
    assert converge(equations, np.array([1.0, 1, 0, -2, 1, 3], complex), nothing) is None


@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
def test_conjugate_points_with_condition_numbers_beyond_1e12_are_found():
    """Two of the 22 points have condition number 5e12; extended precision alone cannot tell them from a double one."""
    architecture = Architecture((6, 2), (2, 1))
    result = critical_points(architecture, loss_of(architecture, "ill-conditioned", 52, 0))
    assert result.complete
    assert len(result) == 22
    worst = sorted(result, key=lambda point: point.condition)[-2:]
    assert all(point.condition > 1e12 for point in worst)
    np.testing.assert_array_equal(worst[0].filter, worst[1].filter.conj())


def test_the_digits_of_others_are_left_alone():
    data, point = perfect(LAYERS, np.random.default_rng(3))
    with mpmath.workdps(7):
        assert converge(equations_of(LAYERS), point, data) is not None
        assert mpmath.mp.dps == 7
