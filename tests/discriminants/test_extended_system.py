"""Derivatives against differences, and the equations against those of the solver."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.discriminants.conditions import Coincidence, PassageThroughZero
from homotopy_lcn.discriminants.extended_system import CriticalSystem, Patches, WallSystem
from homotopy_lcn.discriminants.lines import DataLine, Motion, random_complex, random_line
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum

STRATA = [
    Stratum.of_layers(Architecture((3, 2), (2, 1))),
    Stratum.of_layers(Architecture((2, 2, 2), (2, 2, 1))),
    Stratum((Factor(1, 1, 1), Factor(1, 2, 1))),
    Stratum((Factor(2, 3, 1),)),
]
MOTIONS = [Motion(True, True), Motion(True, False), Motion(False, True)]


@pytest.mark.parametrize("stratum", STRATA, ids=lambda stratum: stratum.name)
@pytest.mark.parametrize("motion", MOTIONS, ids=lambda motion: motion.name)
@pytest.mark.parametrize("kind", [WallSystem, CriticalSystem])
def test_the_derivatives_are_those_of_the_equations(stratum, motion, kind):
    rng = np.random.default_rng(0)
    lines = random_line(stratum, motion, rng), random_line(stratum, motion, rng)
    system = kind(stratum, Patches.random(stratum, rng), *lines)
    z, tau, step = random_complex(rng, (3, system.unknowns)), np.array([0.3, 0.6, 0.1]), 1e-6
    value = system.evaluate(z, tau)
    units = step * np.eye(system.unknowns)
    columns = [
        (system.evaluate(z + unit, tau).equations - system.evaluate(z - unit, tau).equations) / (2 * step)
        for unit in units
    ]
    rate = (system.evaluate(z, tau + step).equations - system.evaluate(z, tau - step).equations) / (2 * step)
    size = np.abs(value.jacobian).max()
    np.testing.assert_allclose(np.stack(columns, axis=2), value.jacobian, atol=1e-7 * size)
    np.testing.assert_allclose(rate, value.rate, atol=1e-7 * np.abs(value.rate).max())


@pytest.mark.parametrize(
    "condition",
    [
        PassageThroughZero(STRATA[0]),
        Coincidence(STRATA[0], (0, 0)),
        Coincidence(STRATA[2], (0, 1)),
        Coincidence(Stratum((Factor(3, 1, 1), Factor(1, 2, 1), Factor(2, 1, 2))), (0, 0)),
    ],
    ids=lambda condition: condition.name,
)
@pytest.mark.parametrize("motion", MOTIONS, ids=lambda motion: motion.name)
def test_the_derivatives_of_conditions_are_those_of_the_equations(condition, motion):
    rng = np.random.default_rng(0)
    lines = [random_line(condition.coordinates, motion, rng) for _ in range(2)]
    system = condition.system(Patches.random(condition.coordinates, rng), *lines)
    z, tau, step = random_complex(rng, (3, system.unknowns)), np.array([0.3, 0.6, 0.1]), 1e-6
    value = system.evaluate(z, tau)
    assert value.jacobian.shape == (3, system.unknowns, system.unknowns)
    columns = [
        (system.evaluate(z + unit, tau).equations - system.evaluate(z - unit, tau).equations) / (2 * step)
        for unit in step * np.eye(system.unknowns)
    ]
    rate = (system.evaluate(z, tau + step).equations - system.evaluate(z, tau - step).equations) / (2 * step)
    np.testing.assert_allclose(np.stack(columns, axis=2), value.jacobian, atol=1e-7 * np.abs(value.jacobian).max())
    np.testing.assert_allclose(rate, value.rate, atol=1e-7 * np.abs(value.rate).max())


def test_a_kernel_vector_is_one_of_the_jacobian():
    rng = np.random.default_rng(1)
    stratum, motion = STRATA[0], MOTIONS[0]
    line = random_line(stratum, motion, rng)
    system = WallSystem(stratum, Patches.random(stratum, rng), line, line)
    z = random_complex(rng, (1, system.unknowns))
    value, n = system.evaluate(z, np.zeros(1)), system.size
    hessian = value.jacobian[0, : n + 1, : n + 1]
    kernel = system.patches.centres[-1] + system.patches.bases[-1] @ z[0, n + 2 :]
    np.testing.assert_allclose(hessian @ kernel, value.equations[0, n + 1 :])


def test_a_datum_that_does_not_move_stands_first():
    gram, b = np.eye(2), np.array([1.0, 2.0])
    line = DataLine.through(Data(gram, b), Data(gram, 2 * b))
    assert line.motion == Motion(False, True)
    assert not line.grams[1].any()
    assert [motion.name for motion in MOTIONS] == ["both", "gram", "b"]
