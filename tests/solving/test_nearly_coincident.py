"""Targets with roots that are nearly, or exactly, equal."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.progress import Clock
from homotopy_lcn.solving.nearly_coincident import are_one_filter, describe_nearly_coincident
from homotopy_lcn.tracking.multiprecision import converge
from homotopy_lcn.tracking.refinement import filters_of

WORDS = "1 filter stands for different critical filters of several strata, nearer to each other than doubles tell"
PLANE = Architecture((3, 2), (1, 1))


def with_roots_far_out():
    """The target has the roots ∞ and, beside another one, −1e9, which are 1e-9 apart on the circle."""
    return SquaredLoss.from_exact(np.diag([1, 2, 2, 2]).tolist(), [0, 1e-9, 1.000000001, 1e-9], 50)


def test_a_target_with_nearly_equal_roots_is_beside_another_critical_filter():
    """The filter with a double root next to the target is 1.25e-19 away, and the target has three factorizations."""
    loss = with_roots_far_out()
    result = critical_points(PLANE, loss)
    assert not result.complete
    assert result.contradictions == (WORDS,)
    embedding = Embedding.of_pattern(PLANE, ((2, 1),))
    gram, b = np.array(loss.exact.gram, object), np.array(loss.exact.b, object)
    equations = equations_of(embedding.stratum)
    near = result.global_minimum.coordinates
    start = equations.normalize(near[None])[0]
    found = converge(equations, start, Data(gram, b))
    filter_ = filters_of(embedding.stratum, found.in_full[None])[0]
    assert float(abs(filter_[0])) == pytest.approx(1.25e-19, rel=1e-6)  # and that of the target is 0


@pytest.mark.parametrize(
    ("filters", "b"), [((2, 2), [1, 2, 1]), ((3, 2), [1, 2, 1, 0]), ((2, 2, 2), [1, 4, 5, 2]), ((3, 2), [0, 0, 1, 1])]
)
def test_targets_with_double_roots_are_critical_filters_of_two_strata(filters, b):
    arch = Architecture(filters, (1,) * len(filters))
    result = critical_points(arch, SquaredLoss.from_exact(np.eye(len(b), dtype=int).tolist(), b, 50))
    assert result.complete
    assert result.contradictions == ()
    assert any(point.also_on or point.multiplicity > 1 for point in result)


def test_points_of_one_and_of_two_filters():
    loss = SquaredLoss.from_exact(np.eye(3, dtype=int).tolist(), [1, 2, Fraction(3, 4)], 50)
    result = critical_points(Architecture((2, 2), (1, 1)), loss)
    first, second = result[0], result[1]
    assert are_one_filter(result.architecture, loss, [first, first])
    assert not are_one_filter(result.architecture, loss, [first, second])
    strata = [point for point in result if point.stratum != first.stratum][:1]
    assert describe_nearly_coincident(result.architecture, loss, [[first, *strata]], Clock(60)) == (WORDS,)
    doubles = SquaredLoss(loss.gram, loss.b, loss.constant)
    assert describe_nearly_coincident(result.architecture, doubles, [[first, *strata]], Clock(60)) == ()
