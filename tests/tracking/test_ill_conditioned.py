"""Tracking in extended precision: the same ends where doubles do, and ends where doubles get lost."""

from __future__ import annotations

import numpy as np
import pytest
from data_kinds import loss_of, moments_on_discriminant

from homotopy_lcn import Architecture, SquaredLoss, critical_points, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import first_occurrences
from homotopy_lcn.networks.strata import Embedding, Stratum
from homotopy_lcn.solving.problem import Problem
from homotopy_lcn.solving.regular_ends import sensitivities
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine
from homotopy_lcn.tracking.ill_conditioned import along_eigenvalues
from homotopy_lcn.tracking.reference import ReferenceEngine
from homotopy_lcn.tracking.refinement import gradient_residual
from homotopy_lcn.tracking.settings import Tracking
from homotopy_lcn.tracking.tolerances import RETRACKING
from tests.small_networks import matched

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).eps >= np.finfo(float).eps, reason="no extended precision on this processor"
)


@pytest.mark.parametrize("smallest", [[1e-8, 1e-8], [0.0, 1e-7], [0.5, 0.25]])
def test_ends_are_the_same_when_eigenvalues_shrink_by_equal_factors(smallest):
    """Zero eigenvalues stay zero, and without small ones there is one segment."""
    shape = ((3, 2), (2, 1))
    rng = np.random.default_rng(3)
    axes = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    gram = (axes * np.array([1.0, 0.8, 0.6, *smallest])) @ axes.T
    gram = (gram + gram.T) / 2
    data = Data(gram, gram @ rng.standard_normal(5))
    stratum, directly = tracked(shape, data, get_engine(), RETRACKING.patient)
    start = start_system(stratum, len(directly.points), Tracking(get_engine()))
    homotopy = Homotopy(start.data, data)
    found = along_eigenvalues(Tracking(get_engine()), stratum, start.points, homotopy)
    equations = equations_of(stratum)
    both = found.success.sum(), directly.success.sum()
    assert both[0] >= both[1] > 0
    ends = [equations.filters(one.points[one.success]) for one in (directly, found)]
    for w in ends[0]:
        assert np.linalg.norm(ends[1] - w, axis=1).min() < 1e-5 * np.linalg.norm(w)


def tracked(shape, data, engine, options):
    """Start system, stratum and result for the largest pure stratum."""
    architecture = Architecture(*shape)
    row = max(generic_count(architecture), key=lambda row: row.count)
    stratum = Embedding.of_pattern(architecture, row.pattern).stratum
    start = start_system(stratum, row.count, Tracking(get_engine()))
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
    stratum, there = tracked(shape, data, engine, RETRACKING.patient)
    assert there.success.all()
    (row,) = generic_count(Architecture(*shape))
    start = start_system(stratum, row.count, Tracking(get_engine()))
    back = engine.track(stratum, there.points, Homotopy(data, start.data), RETRACKING.patient, jobs=1)
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
    stratum, plain = tracked(shape, data, get_engine(), RETRACKING.patient)
    lost = ~plain.success
    assert lost.any()
    start = start_system(stratum, len(plain), Tracking(get_engine()))
    segment = Homotopy(start.data, data)
    precise = ReferenceEngine(extended=True).track(stratum, start.points[lost], segment, RETRACKING.patient, jobs=1)
    assert precise.success.all()
    arrived = equations_of(stratum).filters(np.concatenate([plain.points[~lost], precise.points]))
    assert (first_occurrences(arrived) == np.arange(len(arrived))).all()
    result = critical_points(architecture, loss)
    assert result.complete
    assert sum(row.statistics["extended"] for row in result.strata) > 0


@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
def test_the_quick_ways_find_what_extended_precision_finds_from_the_start():
    """Which of the draws need extended precision depends on the steps: some do."""
    shape = ((2, 2), (1, 1))
    architecture = Architecture(*shape)
    row = max(generic_count(architecture), key=lambda row: row.count)
    extended = 0
    for draw in range(4):
        loss = loss_of(architecture, "ill-conditioned", draw, 0)
        result = critical_points(architecture, loss)
        assert result.complete
        extended += sum(row.statistics["extended"] for row in result.strata)
        scale = np.linalg.norm(loss.gram, 2), np.linalg.norm(loss.b)
        stratum, precise = tracked(
            shape, Data(loss.gram / scale[0], loss.b / scale[1]), ReferenceEngine(extended=True), RETRACKING.patient
        )
        assert precise.success.all()
        found = [point.filter for point in result if point.stratum == row.pattern]
        filters = equations_of(stratum).filters(precise.points) * scale[1] / scale[0]
        assert len(found) == row.count
        assert matched(found, filters)[1] < 1e-5
    assert extended > 0


@pytest.mark.parametrize("condition", [1.0, 1e6, 1e12])
def test_a_perfect_fit_is_insensitive_however_ill_conditioned_the_data_are(condition):
    architecture = Architecture((3, 2), (2, 1))
    rng = np.random.default_rng(4)
    vectors = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    gram = (vectors * np.geomspace(1 / condition, 1, 5)) @ vectors.T
    stratum = Stratum.of_layers(architecture)
    equations = equations_of(stratum)
    point = equations.normalize(np.array([[1.0, 1, 0.5, -2, 1, 3]], complex))
    data = Data(gram, gram @ equations.filters(point)[0].real)
    assert 1 <= sensitivities(Problem(equations, data, 1), point)[0] < 20
    # Where the differential of the filter drops rank it is not: a hyperroot that both layers have.
    twice = equations.normalize(np.array([[1.0, 1, 0, -1, 1, -1]], complex))
    reached = Problem(equations, Data(gram, gram @ equations.filters(twice)[0].real), 1)
    assert sensitivities(reached, twice)[0] > 1e10


def test_points_near_a_discriminant_are_sensitive():
    architecture = Architecture((3, 2), (2, 1))
    rng = np.random.default_rng(5)
    samples = rng.standard_normal((10, 5))
    gram = samples.T @ samples
    b = moments_on_discriminant(architecture, gram, rng)
    direction = rng.standard_normal(5)
    loss = SquaredLoss(gram, b + 1e-8 * np.linalg.norm(b) / np.linalg.norm(direction) * direction)
    result = critical_points(architecture, loss)
    equations = equations_of(Stratum.of_layers(architecture))
    points = np.array([[1.0, *point.parameters[0][0], *point.parameters[0][1]] for point in result])
    problem = Problem(equations, Data(loss.gram, loss.b), len(points))
    found = np.sort(sensitivities(problem, equations.normalize(points.astype(complex))))
    assert len(found) == 10
    # Two points differ by about the square root of the distance.
    assert 1e3 < found[-2] < 1e6
    assert found[-3] < 0.1 * found[-2]


@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
def test_the_reference_engine_takes_no_more_steps_to_ill_conditioned_data_than_the_compiled_one():
    """The filter is linear in the coordinates of its free factor, in both: otherwise there are ten times as many."""
    native = pytest.importorskip("homotopy_lcn.tracking.native")
    architecture = Architecture((6, 2), (2, 1))
    loss = loss_of(architecture, "ill-conditioned", 52, 0)
    values, vectors = np.linalg.eigh(loss.gram)
    values = np.maximum(values, 1e-8 * values[-1])
    data = Data((vectors * values) @ vectors.T / values[-1], loss.b / np.linalg.norm(loss.b))
    engines = (native.NativeEngine(), ReferenceEngine(), ReferenceEngine(extended=True))
    steps = [tracked(((6, 2), (2, 1)), data, engine, RETRACKING.patient)[1].steps.sum() for engine in engines]
    assert max(steps[1:]) < 2 * steps[0]
