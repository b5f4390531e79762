"""Start systems: the numbers that monodromy finds without knowing them, and files that are believed only if right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn.discriminants.conditions import Coincidence, Fold, PassageThroughZero
from homotopy_lcn.discriminants.extended_system import WallPoints
from homotopy_lcn.discriminants.generic_walls import computed_walls, conjugate_walls, distinct_walls, generic_walls
from homotopy_lcn.discriminants.lines import Motion
from homotopy_lcn.discriminants.tolerances import WALLS
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum

SMALL = Fold(Stratum((Factor(1, 2, 1),)))
MIXED = Stratum((Factor(1, 1, 1), Factor(1, 2, 1)))
QUADRATIC = Stratum((Factor(2, 1, 1),))
BILINEAR = Stratum.of_layers(Architecture((2, 2), (2, 1)))


@pytest.mark.parametrize("motion", [Motion(True, True), Motion(False, True), Motion(True, False)], ids=str)
@pytest.mark.parametrize(
    "condition",
    [
        SMALL,
        Coincidence(QUADRATIC, (0, 0)),
        Coincidence(MIXED, (0, 1)),
        PassageThroughZero(BILINEAR),
        *(
            pytest.param(condition, marks=pytest.mark.slow)
            for condition in (
                Fold(BILINEAR),
                Fold(MIXED),
                Fold(Stratum((Factor(2, 2, 1),))),
                Fold(Stratum.of_layers(Architecture((3, 2), (2, 1)))),
                Fold(Stratum((Factor(1, 2, 1), Factor(1, 1, 2)))),
                Coincidence(Stratum((Factor(2, 1, 1), Factor(1, 1, 2))), (0, 0)),
            )
        ),
    ],
    ids=lambda condition: condition.name,
)
def test_monodromy_and_the_trace_test_confirm_the_formula(condition, motion):
    """They know no number beforehand."""
    if condition.count(motion):
        found = computed_walls(condition, motion, None, np.random.default_rng(0))
        assert found.complete
        assert len(found) == condition.count(motion)


def test_a_number_that_is_too_large_is_not_met(monkeypatch):
    monkeypatch.setattr("homotopy_lcn.discriminants.generic_walls.WALLS", replace(WALLS, most_loops=12))
    found = computed_walls(SMALL, Motion(False, True), 7, np.random.default_rng(0))
    assert (len(found), found.complete) == (6, False)


def test_a_start_system_is_kept_and_a_damaged_one_is_not_believed(cache):
    motion = Motion(False, True)
    first = generic_walls(SMALL, motion, np.random.default_rng(0))
    (path,) = cache.glob("walls-*.npz")
    again = generic_walls(SMALL, motion, np.random.default_rng(5))
    np.testing.assert_array_equal(first.points.t, again.points.t)
    path.write_bytes(path.read_bytes()[:-100])
    anew = generic_walls(SMALL, motion, np.random.default_rng(5))
    assert anew.complete
    assert not np.array_equal(first.points.t, anew.points.t)


def test_a_start_system_with_other_points_is_not_believed(cache, monkeypatch):
    motion = Motion(False, True)
    first = generic_walls(SMALL, motion, np.random.default_rng(0))

    def altered(path, **description):
        return {
            "grams": first.line.grams,
            "bs": first.line.bs,
            "factors": first.points.factors,
            "scale": first.points.scale,
            "t": first.points.t * np.array([1, 1.01]),
            "trace": np.array(0.0),
        }

    monkeypatch.setattr("homotopy_lcn.discriminants.generic_walls.read_arrays", altered)
    anew = generic_walls(SMALL, motion, np.random.default_rng(5))
    assert not np.array_equal(first.line.bs, anew.line.bs)


def test_walls_are_compared_up_to_scale():
    t = np.array([[1, 2], [2j, 4j], [0, 1], [1, 2 + 1e-3], [0, -5], [1, 2]], complex)
    factors = np.array([[1, 1], [3, 3], [1, 0], [1, 1], [1j, 0], [1, 1 + 1e-3]], complex)
    points = WallPoints(factors, np.ones((6, 2), complex), t)
    assert distinct_walls(SMALL.coordinates, points).tolist() == [0, 2, 3, 5]


def test_conjugate_walls_are_told_from_real_ones_with_errors():
    """Two conjugate walls with imaginary parts of 1e-7 beside real ones that are wrong by 1e-9, all up to phases."""
    rng = np.random.default_rng(0)
    t = np.array([0.3, 0.3 + 1e-7j, 0.3 - 1e-7j, 0.8]) + 1e-9j * rng.standard_normal(4)
    factors = np.array([[1, 2, 3, 1], [1, 2, 3, 1 + 1e-7j], [1, 2, 3, 1 - 1e-7j], [1, 2, 0, 1]])
    phases = np.exp(2j * np.pi * rng.random((3, 4)))
    points = WallPoints(
        np.repeat(phases[:2].T, 2, axis=1) * factors,
        np.ones((4, 2), complex),
        phases[2][:, None] * np.stack([1 - t, t], axis=1),
    )
    assert conjugate_walls(BILINEAR, points).tolist() == [False, True, True, False]
    assert not conjugate_walls(BILINEAR, points.row(1)).any()
