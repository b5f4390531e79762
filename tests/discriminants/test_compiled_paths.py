"""The compiled equations and paths of walls against those in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.discriminants.conditions import Coincidence, Fold, PassageThroughZero
from homotopy_lcn.discriminants.extended_system import CriticalSystem, Patches
from homotopy_lcn.discriminants.generic_walls import computed_walls
from homotopy_lcn.discriminants.lines import Motion, random_complex, random_line
from homotopy_lcn.discriminants.path_tracker import (
    PathOptions,
    newton,
    reference_newton,
    reference_paths,
    track_paths,
)
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.tracking.compiled_gradients import compiled

pytestmark = pytest.mark.skipif(not hasattr(compiled(), "WallPaths"), reason="no compiled code")

LAYERS = Stratum.of_layers(Architecture((3, 2), (2, 1)))
POWERS = Stratum((Factor(1, 1, 1), Factor(1, 2, 1)))
CONDITIONS = [
    Fold(LAYERS),
    Fold(Stratum.of_layers(Architecture((2, 2, 2), (2, 2, 1)))),
    Fold(POWERS),
    Fold(Stratum((Factor(2, 3, 1),))),
    PassageThroughZero(LAYERS),
    Coincidence(LAYERS, (0, 0)),
    Coincidence(POWERS, (0, 1)),
    Coincidence(Stratum((Factor(3, 1, 1), Factor(1, 2, 1), Factor(2, 1, 2))), (0, 0)),
]
MOTIONS = [Motion(True, True), Motion(True, False), Motion(False, True)]


def system_of(condition, motion, rng):
    lines = [random_line(condition.coordinates, motion, rng) for _ in range(2)]
    return condition.system(Patches.random(condition.coordinates, rng), *lines)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
@pytest.mark.parametrize("motion", MOTIONS, ids=lambda motion: motion.name)
def test_the_equations_are_those_of_numpy(condition, motion):
    rng = np.random.default_rng(0)
    system = system_of(condition, motion, rng)
    z, tau = random_complex(rng, (3, system.unknowns)), np.array([0.3, 0.6, 0.1])
    for ours, expected in zip(system.compiled.evaluate(z, tau), system.evaluate(z, tau), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-14 * np.abs(expected).max())


@pytest.mark.parametrize("stratum", [LAYERS, POWERS], ids=lambda stratum: stratum.name)
def test_the_equations_of_critical_points_are_those_of_numpy(stratum):
    rng = np.random.default_rng(1)
    lines = [random_line(stratum, Motion(False, False), rng) for _ in range(2)]
    system = CriticalSystem(stratum, Patches.random(stratum, rng), *lines)
    z, tau = random_complex(rng, (3, system.unknowns)), np.array([0.3, 0.6, 0.1])
    for ours, expected in zip(system.compiled.evaluate(z, tau), system.evaluate(z, tau), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-14 * np.abs(expected).max())


@pytest.mark.parametrize("condition", [CONDITIONS[2], CONDITIONS[6]], ids=lambda condition: condition.name)
def test_paths_and_newtons_method_are_those_of_numpy(condition):
    motion, rng = Motion(True, True), np.random.default_rng(2)
    start = computed_walls(condition, motion, condition.count(motion), rng)
    assert start.complete
    line = random_line(condition.coordinates, motion, rng)
    system = condition.system(Patches.random(condition.coordinates, rng), start.line, line)
    z = condition.local(system, start.points, motion, 0.0)
    assert len(z) > 1
    options = PathOptions(largest=np.inf)
    ours, expected = (tracked(system, z, options) for tracked in (track_paths, reference_paths))
    assert ours.arrived.all()
    np.testing.assert_array_equal(ours.arrived, expected.arrived)
    np.testing.assert_array_equal(ours.tau, expected.tau)
    size = np.abs(expected.points).max(axis=1, keepdims=True)
    np.testing.assert_allclose(ours.points / size, expected.points / size, atol=1e-9)
    assert np.abs(ours.steps - expected.steps).max() <= 3
    moved = ours.points * (1 + 1e-5)
    (polished, sizes), (others, other_sizes) = (solved(system, moved, 1.0) for solved in (newton, reference_newton))
    assert (np.maximum(sizes, other_sizes) < 1e-10).all()
    np.testing.assert_allclose(polished / size, others / size, atol=1e-11)
    np.testing.assert_allclose(polished / size, ours.points / size, atol=1e-5)


def test_a_path_stops_where_it_is_told_to():
    condition, motion, rng = CONDITIONS[6], Motion(False, True), np.random.default_rng(3)
    start = computed_walls(condition, motion, condition.count(motion), rng)
    line = random_line(condition.coordinates, motion, rng)
    system = condition.system(Patches.random(condition.coordinates, rng), start.line, line)
    z = condition.local(system, start.points, motion, 0.0)
    few = track_paths(system, z, PathOptions(max_steps=2))
    assert not few.arrived.any()
    assert ((few.tau > 0) & (few.tau < 1)).all()
    near = track_paths(system, z, PathOptions(largest=1e-3))
    assert not near.arrived.any()
    assert (near.steps == 1).all()


def test_arrays_of_wrong_shapes_are_refused():
    system = system_of(CONDITIONS[0], Motion(True, True), np.random.default_rng(4))
    with pytest.raises(ValueError, match="points: shape"):
        system.compiled.evaluate(np.zeros((2, system.unknowns - 1)), np.zeros(2))
    with pytest.raises(ValueError, match="points: shape"):
        system.compiled.track(np.zeros((2, system.unknowns)), np.zeros(3), 1.0, (0.0,) * 11, 1)
    with pytest.raises(ValueError, match="kind"):
        compiled().WallPaths({"kind": "another"})
