"""Start systems: the numbers that monodromy finds without knowing them, and files that are believed only if right."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.discriminants.degrees import wall_count
from homotopy_lcn.discriminants.generic_walls import distinct_places, generic_walls
from homotopy_lcn.discriminants.lines import Motion
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum

SMALL = Stratum((Factor(1, 2, 1),))


@pytest.fixture
def formula_unknown(monkeypatch):
    monkeypatch.setattr("homotopy_lcn.discriminants.generic_walls.has_wall_formula", lambda stratum: False)


@pytest.mark.parametrize("motion", [Motion(True, True), Motion(False, True), Motion(True, False)], ids=str)
@pytest.mark.parametrize(
    "stratum",
    [
        SMALL,
        pytest.param(Stratum.of_layers(Architecture((2, 2), (2, 1))), marks=pytest.mark.slow),
        pytest.param(Stratum((Factor(2, 2, 1),)), marks=pytest.mark.slow),
        pytest.param(Stratum.of_layers(Architecture((3, 2), (2, 1))), marks=pytest.mark.slow),
    ],
    ids=lambda stratum: stratum.name,
)
def test_the_trace_test_confirms_the_formula(cache, formula_unknown, stratum, motion):
    found = generic_walls(stratum, motion, np.random.default_rng(0))
    assert found.complete
    assert not found.exact
    assert len(found) == wall_count(stratum, gram_moves=motion.gram, b_moves=motion.b)


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


def test_places_are_compared_as_points_of_a_projective_line():
    t = np.array([[1, 2], [2j, 4j], [0, 1], [1, 2 + 1e-3], [0, -5]], complex)
    assert distinct_places(t).tolist() == [0, 2, 3]
