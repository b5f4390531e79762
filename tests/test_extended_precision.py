"""Tracking in extended precision: the same ends where doubles do, and ends where doubles get lost."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from networks import matched

from homotopy_lcn import Architecture, critical_points, generic_count
from homotopy_lcn.distinct import first_occurrences
from homotopy_lcn.equations import Data, equations_of
from homotopy_lcn.precise_paths import PATIENT
from homotopy_lcn.refinement import gradient_residual
from homotopy_lcn.start_systems import start_system
from homotopy_lcn.strata import Embedding
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine
from homotopy_lcn.tracking.reference import ReferenceEngine

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from benchmark_robustness import loss_of

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).eps >= np.finfo(float).eps, reason="no extended precision on this processor"
)


def tracked(shape, data, engine, options):
    """Start system, stratum and result for the largest pure stratum."""
    architecture = Architecture(*shape)
    row = max(generic_count(architecture), key=lambda row: row.count)
    stratum = Embedding.of_pattern(architecture, row.pattern).stratum
    start = start_system(stratum, row.count, get_engine())
    return stratum, engine.track(stratum, start.points, Homotopy(start.data, data), options, jobs=1)


@pytest.mark.parametrize("shape", [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1))])
def test_the_ends_are_those_of_double_precision_and_solve_the_equations_better(shape):
    rng = np.random.default_rng(0)
    size = Architecture(*shape).filter_size
    factor = rng.standard_normal((2 * size, size))
    data = Data(factor.T @ factor, rng.standard_normal(size))
    stratum, plain = tracked(shape, data, ReferenceEngine(), TrackerOptions())
    _, precise = tracked(shape, data, ReferenceEngine(extended=True), TrackerOptions())
    assert plain.success.all()
    assert precise.success.all()
    equations = equations_of(stratum)
    assert matched(equations.filters(plain.points), equations.filters(precise.points))[1] < 1e-10
    assert gradient_residual(stratum, equations.normalize(precise.points), data).max() < 1e-14


def test_a_segment_forth_and_back_ends_where_it_began():
    shape = ((3, 2), (2, 1))
    rng = np.random.default_rng(1)
    size = 5
    data = Data(np.diag(10.0 ** -np.arange(0, 2 * size, 2)), rng.standard_normal(size))
    engine = ReferenceEngine(extended=True)
    stratum, there = tracked(shape, data, engine, PATIENT)
    assert there.success.all()
    (row,) = generic_count(Architecture(*shape))
    start = start_system(stratum, row.count, get_engine())
    back = engine.track(stratum, there.points, Homotopy(data, start.data), PATIENT, jobs=1)
    equations = equations_of(stratum)
    assert back.success.all()
    np.testing.assert_allclose(equations.filters(back.points), equations.filters(start.points), rtol=1e-8, atol=1e-8)


@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
def test_paths_to_data_of_condition_1e12_that_doubles_lose_arrive():
    shape, draw = ((4, 2), (1, 1)), 1
    architecture = Architecture(*shape)
    loss = loss_of(architecture, "ill-conditioned", draw, 0)
    assert np.linalg.cond(loss.gram) > 1e11
    scale = np.linalg.norm(loss.gram, 2)
    data = Data(loss.gram / scale, loss.b / np.linalg.norm(loss.b))
    stratum, plain = tracked(shape, data, get_engine(), PATIENT)
    _, precise = tracked(shape, data, ReferenceEngine(extended=True), PATIENT)
    assert precise.success.sum() > plain.success.sum()
    arrived = equations_of(stratum).filters(precise.points[precise.success])
    assert (first_occurrences(arrived) == np.arange(len(arrived))).all()
    result = critical_points(architecture, loss)
    assert result.complete
    assert sum(row.statistics["extended"] for row in result.strata) > 0
