"""Special data: every path is accounted for, and singular points, continua and near coincidences are what they are."""

from __future__ import annotations

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, cli, critical_points, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.parameters import compose, hessian, jacobian
from homotopy_lcn.networks.strata import Embedding, Stratum
from homotopy_lcn.results.continua import Infimum
from homotopy_lcn.solving import all_paths, merging_strata, regular_ends
from homotopy_lcn.solving.accounts import PathAccount
from homotopy_lcn.solving.problem import Problem
from homotopy_lcn.solving.singular_ends import in_whole_cycles
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, get_engine
from homotopy_lcn.tracking.endgame import End, PathEnds
from homotopy_lcn.tracking.refinement import refine
from homotopy_lcn.tracking.settings import Tracking
from tests.small_networks import end_to_end, filters_of, matched
from tests.training.test_descent_to_minima import descend

pytest.importorskip("homotopy_lcn.tracking._native")

import benchmark_robustness
from benchmark_robustness import ARCHITECTURES, singular_vector_tuples
from data_kinds import KINDS, moments_on_discriminant

HYPERROOTS = Architecture((3, 2), (2, 1))
TENSORS = Architecture((2, 2), (2, 1))


def random_gram(size, seed=0):
    samples = np.random.default_rng([seed, size]).standard_normal((2 * size, size))
    return samples.T @ samples


def loss_with_target(architecture, theta, seed=0):
    """A random Gram matrix, and the end-to-end filter of θ as the target."""
    gram, target = random_gram(architecture.filter_size, seed), end_to_end(architecture, theta)
    return SquaredLoss(gram, gram @ target, target @ gram @ target), target


def assert_accounted(result):
    assert result.complete
    counts = result.counts
    assert counts.found + counts.at_infinity + counts.singular + counts.origin == counts.generic
    at_points, finite = sum(point.multiplicity for point in result), counts.found + counts.singular
    assert at_points < finite if result.continua else at_points == finite
    assert all(point.isolated for point in result)
    assert result.contradictions == ()


# Counts


@pytest.mark.parametrize(
    ("sizes", "number"),
    # Friedland and Ottaviani (2014); 8 for 2 × 2 × 3 and 37 for 3 × 3 × 3 are in their table.
    [((2, 2), 2), ((2, 5), 2), ((4, 3), 3), ((2, 2, 2), 6), ((2, 2, 3), 8), ((3, 3, 3), 37), ((2, 2, 2, 2), 24)],
)
def test_numbers_of_singular_vector_tuples(sizes, number):
    assert singular_vector_tuples(sizes) == number
    assert singular_vector_tuples((1, *sizes, 1)) == number


@pytest.mark.parametrize(
    ("filters", "strides"),
    [((2, 2), (2, 1)), ((2, 3), (2, 1)), ((3, 2), (7, 1)), ((4, 2), (4, 1)), ((2, 2, 2), (2, 2, 1))],
)
def test_white_data_have_as_many_points_as_a_tensor_has_singular_vector_tuples(filters, strides):
    architecture = Architecture(filters, strides)
    target = np.random.default_rng(1).standard_normal(architecture.filter_size)
    result = critical_points(architecture, SquaredLoss.white(target))
    assert_accounted(result)
    assert len(result) == result.counts.found == singular_vector_tuples(filters)


@settings(max_examples=15, derandomize=True)
@given(st.sampled_from(ARCHITECTURES[:2] + ARCHITECTURES[8:10] + ARCHITECTURES[19:20]), st.data())
def test_small_integers_are_accounted_for_and_the_same_read_backwards(shape, data):
    architecture = Architecture(*shape)
    size = architecture.filter_size
    entries = st.lists(st.integers(-2, 2), min_size=size + 1, max_size=size + 1)
    rows = np.array(data.draw(st.lists(entries, min_size=size + 2, max_size=size + 2)), float)
    X, Y = rows[:, :-1], rows[:, -1:]
    assume(np.linalg.matrix_rank(X) == size)
    loss = SquaredLoss.from_data(X, Y, architecture)
    results = [critical_points(architecture, each) for each in (loss, benchmark_robustness.backwards(loss))]
    for result in results:
        assume(result.complete)
        assert_accounted(result)
        isolated = [point.filter for point in result if point.isolated and point.nonsingular]
        if isolated:
            assert matched(isolated, np.conj(isolated))[1] < 1e-8
    assert list(benchmark_robustness.differences(*results)) == []


# Cases of the benchmark that went wrong once


@pytest.mark.parametrize(
    ("shape", "kind", "draw"),
    [
        # Paths that jump to critical points of smaller strata.
        (((3, 2, 2), (1, 2, 1)), "toeplitz", 6),
        (((4, 3), (1, 1)), "on M", 5),
        (((2, 3, 2), (1, 2, 1)), "near-discriminant", 2),
        # Three points 1e-4 apart, one of them the mean of the others.
        (((4, 2), (3, 1)), "near-discriminant", 5),
        # Series that converge below 1e-8 only.
        (((3, 2, 2), (2, 2, 1)), "ar1", 0),
    ],
)
def test_a_solve_is_complete_and_nothing_contradicts_it(shape, kind, draw):
    tally, text = benchmark_robustness.solve(shape, kind, draw, 0)
    assert (tally.complete, tally.contradicting, tally.remarks) == (1, 0, []), text


@pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc (Debian: phcpack)")
def test_solves_are_compared_with_phcpack_on_request():
    tally, _ = benchmark_robustness.solve(((2, 2), (1, 1)), "gaussian", 0, 0, witness=True)
    assert (tally.compared, tally.compared_filters, tally.foreign, tally.contradicting) == (1, 5, 0, 0)
    unasked, _ = benchmark_robustness.solve(((2, 2), (1, 1)), "gaussian", 0, 0)
    large, _ = benchmark_robustness.solve(((3, 2, 2), (1, 1, 1)), "gaussian", 0, 0, witness=True)
    assert unasked.compared == large.compared == 0
    assert "missing here" in benchmark_robustness.report([tally], witness=True)
    assert "missing here" not in benchmark_robustness.report([tally])


def test_a_filter_that_phcpack_has_and_the_result_has_not_contradicts(monkeypatch):
    overlooked = SimpleNamespace(condition=1e3)
    check = SimpleNamespace(failures=(), patches=1, rows=(0, 1), overlooked=(overlooked,), missed=(1,))
    monkeypatch.setattr(benchmark_robustness, "cross_check", lambda *args, **kwargs: check)
    tally, _ = benchmark_robustness.solve(((2, 2), (1, 1)), "gaussian", 0, 0, witness=True)
    assert (tally.contradicting, tally.foreign, tally.missed, tally.compared_filters) == (1, 1, 1, 2)
    assert "missing here, condition 1.0e+03" in tally.remarks[0]


def test_a_wrong_point_contradicts():
    architecture = Architecture((2, 2), (1, 1))
    loss = benchmark_robustness.loss_of(architecture, "gaussian", 0, 0)
    result = critical_points(architecture, loss)
    other = benchmark_robustness.backwards(SquaredLoss(loss.gram, loss.b + 1e-3, loss.constant))
    assert list(benchmark_robustness.contradictions(architecture, "gaussian", loss, result)) == []
    assert list(benchmark_robustness.differences(result, critical_points(architecture, other)))
    same = critical_points(architecture, benchmark_robustness.backwards(loss))
    assert list(benchmark_robustness.differences(result, same)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 3), (2, 1))])
def test_data_of_every_kind_are_solved_without_contradictions(shape, kind):
    for draw in (0, 1):
        tally, text = benchmark_robustness.solve(shape, kind, draw, 0)
        assert (tally.complete, tally.remarks) == (1, []), text


# Which ends are believed


def test_points_of_a_smaller_stratum_solve_the_equations_and_are_recognised():
    architecture = Architecture((3, 2), (1, 1))
    loss = SquaredLoss(random_gram(4), [1.0, 2.0, -1.0, 0.5])
    stratum = Stratum.of_pattern(architecture.blocks, ((2, 1),))
    equations, data = equations_of(stratum), Data(loss.gram, loss.b)
    # Critical cubes, which three layers of size two have.
    cubes = [p.filter for p in critical_points(Architecture((2, 2, 2), (1, 1, 1)), loss) if p.stratum == ((3,),)]
    points = np.array([[w[0], *[1, w[1] / (3 * w[0])] * 2] for w in cubes])
    assert len(points) == 7
    refined = refine(equations, points, data)
    assert refined.errors.max() < 1e-12
    assert refined.conditions.max() < 1e6
    assert regular_ends.on_smaller_stratum(equations, refined.points.astype(complex)).all()
    start = start_system(stratum, 7, Tracking(get_engine()))
    assert not regular_ends.on_smaller_stratum(equations, start.points).any()


@pytest.mark.parametrize("shape", [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1))])
def test_newtons_method_comes_back_to_regular_points(shape):
    architecture = Architecture(*shape)
    row = generic_count(architecture).rows[0]
    embedding = Embedding.of_pattern(architecture, row.pattern)
    start = start_system(embedding.stratum, row.count, Tracking(get_engine()))
    problem = Problem(equations_of(embedding.stratum), start.data, row.count)
    assert regular_ends.attracting(problem, start.points, jobs=1).all()


@pytest.mark.parametrize("distance", [0.0, 1e-9])
def test_newtons_method_does_not_come_back_to_singular_points(distance):
    loss, target = loss_with_target(HYPERROOTS, [np.array([1.0, 0, -1]), np.array([1.0, -1])])
    equations = equations_of(Stratum.of_layers(HYPERROOTS))
    points = np.array([[1.0, 1, 0, -1, 1, -1]], complex)
    np.testing.assert_allclose(equations.filters(points)[0], target, atol=1e-14)
    points[0, 1:] += distance * np.array([1.0, 2, -1, 1, 1])
    problem = Problem(equations, Data(loss.gram, loss.b), 10)
    assert not regular_ends.attracting(problem, equations.normalize(points), jobs=1).any()


@pytest.mark.parametrize("windings", [(1,), (1, 1)])
def test_an_end_that_the_endgame_tells_inaccurately_is_the_regular_point_near_it_if_of_one_path(windings):
    architecture = Architecture((3, 2), (2, 1))
    row = generic_count(architecture).rows[0]
    stratum = Embedding.of_pattern(architecture, row.pattern).stratum
    equations = equations_of(stratum)
    start = start_system(stratum, row.count, Tracking(get_engine()))
    ends = PathAccount.empty(stratum)
    limits = start.points[: len(windings)].copy()
    limits[:] = limits[0]
    limits[:, 0] *= 1 + 1e-4
    traced = PathEnds.unknown(limits)
    traced.kinds[:], traced.windings[:] = End.FINITE, windings
    problem = Problem(equations, start.data, row.count)
    random_data = Data(np.eye(5, dtype=complex), np.ones(5, complex))
    target = Homotopy(random_data, start.data)
    paths = SimpleNamespace(problem=problem, homotopy=target, far=np.array([], int))
    tracking = Tracking(get_engine(), rng=np.random.default_rng(0))
    all_paths._add_endgame_ends(ends, paths, traced, np.full_like(limits, np.nan), tracking)
    # Two paths do not end at one regular point: only one is accounted for.
    assert (len(ends.regular), ends.singular) == (1, [])
    np.testing.assert_allclose(ends.regular.filters[0], equations.filters(start.points)[0], rtol=1e-10)


@pytest.mark.parametrize(
    ("windings", "number"),
    [([], 0), ([1, 1, 1], 3), ([2, 1], 1), ([2, 2, 1], 3), ([3, 3, 2, 2], 2), ([3, 3, 3, 2, 2, 2, 2], 7), ([2, 0], 2)],
)
def test_paths_that_wind_count_in_whole_cycles_only(windings, number):
    assert in_whole_cycles(np.array(windings, int)) == number


# Zeros


@pytest.mark.parametrize(("filters", "strides"), [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 2), (2, 1))])
@pytest.mark.parametrize("end", [0, -1])
def test_a_target_with_a_vanishing_end_is_the_global_minimum(filters, strides, end):
    architecture = Architecture(filters, strides)
    theta = [np.random.default_rng(layer).standard_normal(k) for layer, k in enumerate(filters)]
    theta[0][end] = 0.0
    loss, target = loss_with_target(architecture, theta)
    result = critical_points(architecture, loss)
    assert_accounted(result)
    best = result.global_minimum
    np.testing.assert_allclose(best.filter, target, atol=1e-13 * np.linalg.norm(target))
    assert best.nonsingular
    assert best.kinds == ("minimum",) * len(best.kinds)


def test_a_tensor_of_rank_one_sends_the_other_singular_pair_to_zero():
    target = np.ravel(np.outer([1.0, 2.0], [3.0, -1.0]))
    result = critical_points(TENSORS, SquaredLoss.white(target))
    assert_accounted(result)
    counts = result.counts
    assert (counts.found, counts.at_infinity, counts.origin, counts.singular) == (1, 4, 1, 0)
    np.testing.assert_allclose(result.global_minimum.filter, target, atol=1e-14)


# Continua


@pytest.mark.parametrize("target", [[1.0, 0, 0, 1.0], [0, 1.0, -1.0, 0], [3.0, 4.0, -4.0, 3.0]])
@pytest.mark.parametrize("seed", [0, 1])
def test_equal_singular_values_give_a_continuum_of_minima(target, seed):
    result = critical_points(TENSORS, SquaredLoss.white(target), seed=seed)
    assert_accounted(result)
    assert result.counts.found == 0
    assert result.counts.singular == 2
    assert len(result) == 0
    (continuum,) = result.continua
    # Half of the target's squared norm is left over along the whole continuum.
    expected = np.dot(target, target) / 2
    assert continuum.loss == pytest.approx(expected, rel=1e-12)
    assert (continuum.dimension, continuum.kind, continuum.real, continuum.attained) == (1, "minimum", True, True)
    # Σ is positive definite, so that the infimum is attained, on the continuum only.
    assert result.infimum == Infimum(pytest.approx(expected, rel=1e-12), True)
    assert result.global_minimum is not None
    # M σ u vᵀ with the singular value σ and Mv = σu, for every unit vector v.
    matrix = np.reshape(target, (2, 2))
    sigma = np.sqrt(expected)
    for point in continuum.points:
        left, values, right = np.linalg.svd(point.filter.real.reshape(2, 2))
        np.testing.assert_allclose(values, [sigma, 0], atol=1e-9)
        np.testing.assert_allclose(matrix @ right[0], sigma * left[:, 0], atol=1e-9)
    assert "curve of minima" in str(result)


def test_channels_that_are_copies_of_each_other():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((9, 5)), rng.standard_normal((9, 1))
    X[:, 2] = X[:, 1]
    loss = SquaredLoss.from_data(X, Y, HYPERROOTS)
    assert loss.rank == 4
    result = critical_points(HYPERROOTS, loss)
    assert_accounted(result)
    assert result.counts.found > 0
    assert list(benchmark_robustness.contradictions(HYPERROOTS, "gaussian", loss, result)) == []


# Singular points


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_coincident_hyperroot_is_a_point_of_multiplicity_three(seed):
    loss, target = loss_with_target(HYPERROOTS, [np.array([1.0, 0, -1]), np.array([1.0, -1])], seed)
    result = critical_points(HYPERROOTS, loss, seed=seed)
    assert_accounted(result)
    (singular,) = (point for point in result if not point.nonsingular)
    assert (singular.multiplicity, singular.windings, singular.isolated) == (3, (1, 2, 2), True)
    assert singular.condition is None
    np.testing.assert_allclose(singular.filter, target, atol=1e-7)
    assert result.global_minimum is singular


def test_hyperroots_to_be_swapped_give_one_filter_with_two_minima():
    loss, target = loss_with_target(HYPERROOTS, [np.array([1.0, 0, -1]), np.array([1.0, -2])])
    result = critical_points(HYPERROOTS, loss)
    assert_accounted(result)
    best = result.global_minimum
    np.testing.assert_allclose(best.filter, target, atol=1e-13)
    assert (best.multiplicity, best.nonsingular, best.smooth) == (2, True, False)
    assert best.kinds == ("minimum", "minimum")
    ratios = sorted(theta[1][1] / theta[1][0] for theta in best.parameters)
    np.testing.assert_allclose(ratios, [-2, -1], rtol=1e-12)


@pytest.mark.parametrize("shape", [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 2), (2, 1))])
@pytest.mark.parametrize("seed", range(4))
def test_on_a_discriminant_two_points_are_one_or_nearly(shape, seed):
    """The data are on the discriminant up to rounding, of which the square root is 1e-8."""
    architecture = Architecture(*shape)
    gram = random_gram(architecture.filter_size)
    b = moments_on_discriminant(architecture, gram, np.random.default_rng(seed))
    result = critical_points(architecture, SquaredLoss(gram, b), seed=seed)
    assert_accounted(result)
    singular = [point for point in result if not point.nonsingular]
    if singular:
        assert [(point.multiplicity, point.windings, point.isolated) for point in singular] == [(2, (2, 2), True)]
        assert all(point.condition < 1e6 for point in result if point.nonsingular)
    else:
        w = filters_of(result)
        distances = np.linalg.norm(w[:, None] - w[None], axis=2) / np.linalg.norm(w, axis=1)
        np.fill_diagonal(distances, np.inf)
        assert distances.min() < 1e-4
        assert sum(point.condition > 1e4 for point in result) == 2


@pytest.mark.parametrize("shape", [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 2), (2, 1))])
def test_a_hundred_millionth_from_a_discriminant_the_points_are_two_on_one_side_real_on_the_other_conjugate(shape):
    architecture = Architecture(*shape)
    gram = random_gram(architecture.filter_size)
    rng = np.random.default_rng(5)
    b = moments_on_discriminant(architecture, gram, rng)
    direction = rng.standard_normal(len(b))
    direction *= 1e-8 * np.linalg.norm(b) / np.linalg.norm(direction)
    real = []
    for side in (1, -1):
        result = critical_points(architecture, SquaredLoss(gram, b + side * direction))
        assert_accounted(result)
        assert all(point.nonsingular for point in result)
        near = [point for point in result if point.condition > 1e3]
        assert len(near) == 2
        gap = np.linalg.norm(near[0].filter - near[1].filter) / np.linalg.norm(near[0].filter)
        assert 1e-7 < gap < 1e-2
        real.append([point.real for point in near])
    assert sorted(real) == [[False, False], [True, True]]


# Descent, files, command line


@pytest.mark.parametrize("kind", ["few samples", "integer", "ar1"])
def test_descent_on_special_data_ends_in_listed_minima(kind):
    rng = np.random.default_rng(7)
    size = HYPERROOTS.filter_size
    X, Y = rng.standard_normal((size + 1, size)), rng.standard_normal(size + 1)
    if kind == "integer":
        X, Y = rng.integers(-2, 3, X.shape).astype(float), rng.integers(-2, 3, Y.shape).astype(float)
    elif kind == "ar1":
        lags = np.subtract.outer(np.arange(size), np.arange(size))
        X = np.linalg.cholesky(0.99 ** np.abs(lags)).T
        Y = Y[:size]
    result = critical_points(HYPERROOTS, SquaredLoss(X.T @ X, X.T @ Y, Y @ Y))
    assert_accounted(result)
    minima = filters_of(result.minima).real
    ends = descend(HYPERROOTS, X, Y, rng)
    assert len(ends) > 0
    for w in ends:
        assert (np.linalg.norm(minima - w, axis=1) / np.linalg.norm(w)).min() < 1e-4


SPECIAL = {
    "continuum": (
        TENSORS,
        SquaredLoss.white([1.0, 0, 0, 1.0]),
        "4 to infinity, 2 to singular ends (1 continuum)",
    ),
    "triple": (
        HYPERROOTS,
        loss_with_target(HYPERROOTS, [np.array([1.0, 0, -1]), np.array([1.0, -1])])[0],
        "3 to singular ends (1 isolated point)",
    ),
    "origin": (TENSORS, SquaredLoss.white([3.0, -1, 6, -2]), "4 to infinity, 1 to w = 0"),
    "zero": (HYPERROOTS, SquaredLoss(random_gram(5), np.zeros(5)), "10 to w = 0"),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_results_say_where_paths_end_and_are_the_same_when_read_from_a_file(name, tmp_path):
    architecture, loss, words = SPECIAL[name]
    result = critical_points(architecture, loss)
    assert_accounted(result)
    assert f"other paths: {words}" in str(result)
    path = tmp_path / "result.json"
    result.to_json(path)
    again = CriticalPoints.from_json(path)
    assert again.to_json() == result.to_json()
    assert again.complete
    for point, twin in zip(result, again, strict=True):
        names = ("nonsingular", "multiplicity", "windings", "isolated", "also_on", "condition")
        assert [getattr(point, name) for name in names] == [getattr(twin, name) for name in names]


def test_the_command_line_solves_special_data_with_exit_code_0(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.eye(4)
    np.savez("identity.npz", X=X, Y=np.array([[1.0], [0.0], [0.0], [1.0]]))
    assert cli.main(["solve", "-k", "2,2", "-s", "2,1", "--data", "identity.npz"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "4 to infinity, 2 to singular ends (1 continuum)" in printed
    assert "NOT COMPLETE" not in printed


@pytest.mark.parametrize(
    ("shape", "kind", "draw"),
    [
        # The Newton matrix of a singular end vanishes to higher order: rounding makes it look regular.
        (((3, 3), (1, 1)), "on M", 137),
        # Two paths wind around each other on all but the smallest circles.
        (((3, 3), (2, 1)), "near-discriminant", 0),
        # A regular point near which the endgame stops short.
        (((3, 4), (2, 1)), "near-discriminant", 55),
        # A real point of condition 7e11.
        (((2, 2), (1, 1)), "ill-conditioned", 8),
    ],
)
def test_data_that_were_hard_once(shape, kind, draw):
    arch = Architecture(*shape)
    loss = benchmark_robustness.loss_of(arch, kind, draw, 0)
    result = benchmark_robustness.solved(arch, loss, draw)
    assert list(result.gaps()) == []
    assert list(benchmark_robustness.contradictions(arch, kind, loss, result)) == []
    again = benchmark_robustness.solved(arch, benchmark_robustness.backwards(loss), draw)
    assert list(benchmark_robustness.differences(result, again)) == []


def test_points_about_to_become_complex_are_flagged_with_their_condition_numbers(tmp_path, capsys):
    rng = np.random.default_rng(5)
    gram = random_gram(5)
    b = moments_on_discriminant(HYPERROOTS, gram, rng)
    direction = rng.standard_normal(5)
    direction *= 1e-8 * np.linalg.norm(b) / np.linalg.norm(direction)
    reals = set()
    for side in (1, -1):
        np.savez(tmp_path / "near.npz", gram=gram, b=b + side * direction)
        arguments = ["solve", "-k", "3,2", "-s", "2,1", "--data", str(tmp_path / "near.npz")]
        assert cli.main([*arguments, "--json", str(tmp_path / "near.json")]) == 0
        points = json.loads((tmp_path / "near.json").read_text())["points"]
        flagged = [point for point in points if point["ill_conditioned"]]
        assert [point["condition"] > 1e3 for point in points] == [point["ill_conditioned"] for point in points]
        assert len(flagged) == 2
        real = sum(point["real"] for point in flagged)
        reals.add(real)
        printed = " ".join(capsys.readouterr().out.split())
        spread = " to ".join(dict.fromkeys(f"{value:.1e}" for value in sorted(point["condition"] for point in flagged)))
        assert f"ill-conditioned 2 of 10 ({real} real), condition numbers {spread}" in printed
        assert printed.count(f"condition {flagged[0]['condition']:.0e}") == real
    assert reals == {0, 2}


def test_a_long_benchmark_is_done_in_pieces_and_its_table_printed_from_what_is_kept(tmp_path, monkeypatch, capsys):
    shapes = ARCHITECTURES[:2]
    draws = {"gaussian": 60, "white": 30}
    tasks = benchmark_robustness.tasks_of(shapes, draws, 0, 0)
    covered = sorted((task.shape, task.kind, draw) for task in tasks for draw in range(task.first, task.beyond))
    assert covered == sorted((shape, kind, draw) for shape in shapes for kind in draws for draw in range(draws[kind]))
    assert [(task.kind, task.first) for task in tasks[:4]] == [("gaussian", 0)] * 2 + [("white", 0)] * 2
    tally = benchmark_robustness.solve_all(benchmark_robustness.Task(shapes[0], "white", 3, 5, 0))
    assert (tally.solves, tally.complete) == (2, 2)
    tally.software = ["a version"]
    kept = [json.dumps([repr(task), benchmark_robustness.asdict(tally)]) for task in tasks if task.kind == "white"]
    (tmp_path / "kept.jsonl").write_text("\n".join([*kept, "[cut short"]))
    arguments = ["--architectures", "2", "--kinds", "gaussian:60,white:30", "--keep", str(tmp_path / "kept.jsonl")]
    monkeypatch.setattr(benchmark_robustness, "ARCHITECTURES", shapes)
    monkeypatch.setattr(sys, "argv", ["benchmark_robustness.py", *arguments, "--finished"])
    benchmark_robustness.main()
    printed = capsys.readouterr().out
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in printed.splitlines() if "|" in line}
    assert (rows["gaussian"], rows["white"], rows["all"], rows["homotopy-lcn"]) == ("0", "8", "8", "a version")


@pytest.mark.parametrize(
    "network", [Architecture((2, 2), (2, 1)), Architecture(filters=((2, 1), (1, 2)), strides=(1, 1))], ids=str
)
def test_for_targets_of_rank_one_the_zero_filter_is_no_critical_filter(network):
    """The filters are the matrices of rank one. The second singular value is 0, and doubles come to |w| = 1e-20."""
    for left in ([1, 1], [1, 2], [3, -2], [-3, -2]):
        for right in ([1, 1], [-1, 1], [2, 3]):
            matrix = np.outer(left, right).astype(float)
            result = critical_points(network, SquaredLoss.white(matrix.ravel()))
            assert result.complete
            (point,) = result
            np.testing.assert_allclose(point.filter, matrix.ravel(), atol=1e-12)


@pytest.mark.parametrize("small", [-2e-4, -1.8e-3, 2e-3, 1e-4])
def test_two_ends_at_one_singular_point_do_not_hide_a_missing_point(small):
    """(0, 0, 0, 2) and (ε, 0, 0, 0) are critical: the residual is orthogonal to all derivatives at triple roots."""
    arch = Architecture((3, 2), (1, 1))
    result = critical_points(arch, SquaredLoss.white([small, 0.0, 0.0, 2.0]))
    filters = np.array([point.filter for point in result])
    both = all(np.abs(filters - w).max(axis=1).min() < 1e-9 for w in ([0, 0, 0, 2.0], [small, 0, 0, 0]))
    assert both or not result.complete
    assert all(point.multiplicity == 1 for point in result if point.nonsingular)


@pytest.mark.parametrize("t", [1e-4, 1e-5, 1e-6])
def test_a_conjugate_pair_at_nearly_equal_filters_is_not_one_real_filter(t):
    """Next to 2 = 2·1·1, a triple root, two filters of squares are conjugate, with imaginary parts of 1e-8 to 1e-11."""
    start = np.array([-0.308254487398965, -1.1124314700222335, 0.2228260290773244, -0.28414539107359654])
    target = t * start + (1 - t) * np.array([2.0, 0, 0, 0])
    result = critical_points(Architecture((3, 2), (1, 1)), SquaredLoss.white(target))
    assert result.complete
    assert [point.real for point in result] == [True] * 2 + [False] * 6
    assert [point.multiplicity for point in result] == [1] * 8


def test_double_points_without_multiple_roots_are_isolated_as_on_their_stratum(monkeypatch):
    """Beside a filter w of M at a centre of curvature w meets another critical point. No second look is needed."""
    arch = Architecture((3, 2), (2, 1))
    theta = [np.array([1.0, -0.5, -1.5]), np.array([1.0, 0.6])]
    w = compose(arch, theta)
    normal = np.linalg.svd(jacobian(arch, theta).T)[2][-1]
    along = hessian(arch, theta, np.eye(5), w)
    bent = hessian(arch, theta, np.eye(5), w + normal) - along
    curvatures = np.linalg.eigvals(np.linalg.pinv(along, 1e-10) @ bent)
    largest = curvatures[np.abs(curvatures).argmax()].real
    asked, original = [], merging_strata.on_continua

    def recorded(arch, loss, points, clock):
        asked.extend(points)
        return original(arch, loss, points, clock)

    monkeypatch.setattr(merging_strata, "on_continua", recorded)
    result = critical_points(arch, SquaredLoss.white(w - normal / largest))
    assert result.complete
    assert result.continua == ()
    (double,) = (point for point in result if not point.nonsingular)
    assert double.isolated
    assert (double.multiplicity, double.kinds) == (2, ("degenerate",))
    np.testing.assert_allclose(double.filter, w, atol=1e-7)
    assert asked == []
