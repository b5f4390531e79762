"""Gram matrices of every rank: exact counts, filters of residual zero, isolated points, regularization, doubt."""

from __future__ import annotations

import json
import math
import re
import warnings
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from benchmark_special_spaces import special_column_space

from homotopy_lcn import (
    Architecture,
    CriticalPoints,
    InputError,
    SquaredLoss,
    critical_points,
    cross_check,
    generic_count,
)
from homotopy_lcn.cli.program import main
from homotopy_lcn.display.terminal import render_result
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.losses.zero_residual import zero_residual
from homotopy_lcn.networks.counts import count_matrices
from homotopy_lcn.networks.strata import Embedding, Stratum
from homotopy_lcn.results.continua import Infimum
from homotopy_lcn.solving import problem as solving_problem
from homotopy_lcn.solving.low_rank import low_rank_start_system, random_member
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine
from homotopy_lcn.tracking.settings import Tracking
from homotopy_lcn.tracking.tolerances import ENDGAME, Circles
from tests.small_networks import Problem, filters_of, loss_gradient, matched, run_network
from tests.solving.test_solve_against_phcpack import convolve, needs_phc, parameter_space_system, solve_by_phc

FEW = [((2, 2), (2, 1), 2), ((3, 2), (2, 1), 3), ((2, 2, 2), (1, 2, 1), 3), ((2, 2, 2), (2, 2, 1), 3)]


@cache
def few_samples(filters, strides, rank, seed=0):
    """As many samples of one output as the rank."""
    architecture = Architecture(filters, strides)
    rng = np.random.default_rng([seed, rank, *filters, *strides])
    return Problem(architecture, rng.standard_normal((rank, architecture.filter_size)), rng.standard_normal((rank, 1)))


@cache
def isolated(filters, strides, rank, seed=0):
    problem = few_samples(filters, strides, rank, seed)
    return critical_points(problem.architecture, problem.loss, isolated=True)


def residuals(result):
    loss = result.loss
    return np.array([np.linalg.norm(loss.gram @ point.filter - loss.b) for point in result]) / np.linalg.norm(loss.b)


# Counts


@pytest.mark.parametrize("filters", [(2, 2), (3, 2), (2, 2, 2), (3, 3), (2, 2, 3), (2, 2, 2, 2), (4, 4)])
def test_counts_by_rank_grow_to_the_full_ones(filters):
    for strides in ((1,) * len(filters), (2,) * len(filters)):
        arch = Architecture(filters, strides)
        by_rank = [generic_count(arch, rank=rank) for rank in range(arch.filter_size + 1)]
        assert by_rank[0].filters == by_rank[1].filters == 0 or arch.dimension == 1
        assert [table.filters for table in by_rank] == sorted(table.filters for table in by_rank)
        for rank, table in enumerate(by_rank):
            for row, whole in zip(table, generic_count(arch), strict=True):
                dimension = 1 + sum(len(partition) for partition in row.pattern)
                assert row.count == whole.count if rank >= dimension else row.count < whole.count


def test_counts_by_rank_are_the_degrees_of_linear_sections_of_the_dual_variety():
    # The dual of P^1 × P^1 is the quadric itself, that of P^1 × P^1 × P^1 the hyperdeterminant of degree 4; that of
    # P^2 × P^1 is no hypersurface, and has degree 3.
    assert generic_count(Architecture((2, 2), (2, 1)), rank=2).pure == 2
    assert generic_count(Architecture((2, 2, 2), (2, 2, 1)), rank=2).pure == 4
    assert [generic_count(Architecture((3, 2), (2, 1)), rank=rank).pure for rank in (2, 3)] == [0, 3]
    # Squares of quadratic forms: the dual of the Veronese surface is the discriminant of ternary quadrics, degree 3.
    assert generic_count(Architecture((3, 3), (1, 1)), rank=2).rows[-1].count == 3
    with pytest.raises(InputError, match=r"^rank: -1 given; expected an integer, at least 0$"):
        generic_count(Architecture((2,), (1,)), rank=-1)


@pytest.mark.parametrize(("layers", "rank"), [((1, 1), 2), ((2, 1), 3), ((1, 1, 1), 3), ((2, 2), 4), ((2, 1, 1), 3)])
def test_strata_add_up_to_the_critical_parameters_of_nonzero_residual(layers, rank):
    filters = tuple(degree + 1 for degree in layers)
    merged = generic_count(Architecture(filters, (1,) * len(filters)), rank=rank)
    apart = generic_count(Architecture(filters, (3,) * len(filters)), rank=rank)
    total = 0
    for row in merged:
        dimension = 1 + len(row.pattern[0])
        # Of the full count, where the rank is the dimension, degree-many points have residual zero.
        count = row.count if rank != dimension else row.count - degree(row.pattern)
        total += count * count_matrices(layers, row.pattern[0])
    assert total == apart.filters


def degree(pattern):
    """Degree of the variety of filters with these root multiplicities (Hilbert 1887, for one block)."""
    parts = [part for partition in pattern for part in partition]
    result = math.factorial(len(parts)) * math.prod(parts)
    for partition in pattern:
        for part in set(partition):
            result //= math.factorial(partition.count(part))
    return result


# Solving


@pytest.mark.parametrize(
    ("filters", "strides"),
    [
        ((2, 2), (1, 1)),
        ((3, 2), (2, 1)),
        ((3, 3), (1, 1)),
        ((3, 3), (2, 1)),
        ((2, 2, 2), (1, 2, 1)),
        ((1, 2, 3), (2, 2, 1)),
    ],
)
def test_data_of_every_rank_have_the_count_of_that_rank_on_every_stratum(filters, strides):
    architecture = Architecture(filters, strides)
    for rank in range(1, architecture.dimension + 2):
        problem = few_samples(filters, strides, rank)
        result = critical_points(architecture, problem.loss, isolated=True)
        few = rank < architecture.dimension
        assert result.complete
        assert (result.zero_residual is not None) == few
        expected = generic_count(architecture, rank=rank) if few else generic_count(architecture)
        # On a smaller stratum of the dimension of the rank, degree-many points have residual zero. They lie on the
        # continuum of the larger strata.
        bare = [degree(row.pattern) * (few and rank == 1 + sum(map(len, row.pattern))) for row in expected]
        assert [row.generic for row in result.strata] == [row.count for row in expected]
        assert [row.singular for row in result.strata] == bare
        assert [row.found + row.singular for row in result.strata] == [row.count for row in expected]
        assert [part.dimension for part in result.continua] == [architecture.dimension - rank] * few
        for point in result:
            for theta in point.parameters[:1]:
                scale = np.linalg.norm(problem.X) ** 2 * np.linalg.norm(point.filter) + np.linalg.norm(problem.loss.b)
                size = max(1.0, *(np.linalg.norm(w) for w in theta)) ** len(theta)
                assert np.linalg.norm(loss_gradient(problem, theta)) <= 1e-9 * scale * size


@pytest.mark.parametrize(("filters", "strides", "rank"), FEW)
def test_points_of_residual_zero_lie_on_a_continuum_and_the_others_are_isolated(filters, strides, rank):
    result = isolated(filters, strides, rank)
    assert all(point.isolated for point in result)
    assert (residuals(result) > 1e-6).all()
    (continuum,) = result.continua
    assert continuum.dimension == result.architecture.dimension - rank
    assert (continuum.real, continuum.attained, continuum.kind) == (True, True, "minimum")
    assert continuum.loss == pytest.approx(0, abs=1e-13)
    loss = result.loss
    for point in continuum.points:
        assert np.linalg.norm(loss.gram @ point.filter - loss.b) <= 1e-9 * np.linalg.norm(loss.b)
    # More than one: the points of residual zero of the smaller strata lie on the continuum, too.
    smaller = sum(row.singular for row in result.strata)
    assert smaller == sum(degree(row.pattern) for row in result.strata if 1 + sum(map(len, row.pattern)) == rank)
    assert not result.global_minimum.isolated
    assert result.infimum.attained
    assert result.infimum.value == pytest.approx(0, abs=1e-13)
    assert result.zero_residual.dimension == continuum.dimension


@needs_phc
@pytest.mark.parametrize(("filters", "strides", "rank"), FEW[:3])
def test_phcpack_finds_the_same_isolated_filters(filters, strides, rank):
    problem, result = few_samples(filters, strides, rank), isolated(filters, strides, rank)
    known = np.array([point.filter for point in result if point.isolated])
    rng = np.random.default_rng(0)
    found = np.zeros(len(known), bool)
    # PHCpack may lose paths; the ends on the continuum, which depend on the patch, are told by their residual.
    for _ in range(3):
        for theta in solve_by_phc(*parameter_space_system(problem, rng)):
            w = convolve(problem.architecture, theta)
            errors = problem.loss.gram @ w - problem.loss.b
            if np.linalg.norm(errors) <= 1e-5 * np.linalg.norm(problem.loss.b) or np.linalg.norm(w) < 1e-8:
                continue
            distances = np.linalg.norm(known - w, axis=1) / np.linalg.norm(known, axis=1)
            assert distances.min() < 1e-8
            found[distances.argmin()] = True
        if found.all():
            break
    assert found.all()


@pytest.mark.parametrize(
    ("filters", "strides", "pattern", "rank"),
    [
        ((3, 2), (2, 1), ((1, 1), (1,)), 3),
        ((3, 3), (2, 1), ((1, 1), (1, 1)), 4),
        ((2, 2, 2), (1, 2, 1), ((2,), (1,)), 2),
    ],
)
def test_monodromy_within_the_family_of_that_rank_permutes_the_points(filters, strides, pattern, rank):
    arch, engine, rng = Architecture(filters, strides), get_engine(), np.random.default_rng(0)
    stratum = Embedding.of_pattern(arch, pattern).stratum
    equations = equations_of(stratum)
    full = next(row.count for row in generic_count(arch) if row.pattern == pattern)
    count = next(row.count for row in generic_count(arch, rank=rank) if row.pattern == pattern)
    rows = rng.standard_normal((rank, stratum.filter_size))
    data = Data(rows.T @ rows, rows.T @ rng.standard_normal(rank))
    start = low_rank_start_system(
        start_system(stratum, full, Tracking(engine)),
        solving_problem.Problem(equations_of(stratum), data, count, True),
        rank,
        Tracking(engine, rng=rng),
    )
    assert len(start.points) == count > 1
    one, two = random_member(data, rank, rng), random_member(data, rank, rng)
    assert np.linalg.matrix_rank(one.gram) == np.linalg.matrix_rank(one.gram + two.gram) == rank
    moved = start.points
    for segment in (Homotopy(start.data, one), Homotopy(one, two), Homotopy(two, start.data)):
        result = engine.track(stratum, moved, segment, TrackerOptions.conservative())
        assert result.success.all()
        moved = result.points
    _, distance = matched(equations.filters(moved), equations.filters(start.points))
    assert distance < 1e-9


def test_monodromy_finds_what_the_homotopies_from_full_rank_have_missed():
    engine, rng = get_engine(), np.random.default_rng(0)
    stratum = Stratum.of_pattern(Architecture((3, 3), (2, 1)).blocks, ((1, 1), (1, 1)))
    rows = rng.standard_normal((4, stratum.filter_size))
    data = Data(rows.T @ rows, rows.T @ rng.standard_normal(4))
    full = start_system(stratum, 39, Tracking(engine))

    class Forgetful:
        """Loses most of the paths of full rank."""

        name = "forgetful"

        def track(self, stratum, points, homotopy, options, **keywords):
            result = engine.track(stratum, points, homotopy, options, **keywords)
            if np.linalg.matrix_rank(homotopy.start.gram) == stratum.filter_size:
                result.codes[8:] = 2
            return result

    start = low_rank_start_system(
        full,
        solving_problem.Problem(equations_of(stratum), data, 21, True),
        4,
        Tracking(Forgetful(), rng=rng, report=lambda done: None),
    )
    assert len(start.points) == 21


SPECIAL_SPACES = [
    (((3, 2), (2, 1)), 3, "diagonal", 0),
    (((3, 2), (2, 1)), 3, "copies", 1),
    (((3, 2), (1, 1)), 3, "diagonal", 1),
    (((2, 2), (2, 1)), 2, "diagonal", 2),
    (((2, 2, 2), (1, 2, 1)), 3, "diagonal", 0),
    (((2, 2, 2), (2, 2, 1)), 3, "diagonal", 1),
    (((2, 2, 2), (1, 2, 1)), 2, "copies", 0),
]


@pytest.mark.parametrize(("shape", "rank", "kind", "seed"), SPECIAL_SPACES)
def test_special_column_spaces_are_accounted_for_from_full_rank(shape, rank, kind, seed):
    architecture = Architecture(*shape)
    loss = special_column_space(architecture.filter_size, rank, kind, seed)
    results = [critical_points(architecture, loss, isolated=True, seed=seed) for seed in (0, 1)]
    for result in results:
        assert result.complete
        counts = result.counts
        assert counts.found + counts.at_infinity + counts.singular + counts.origin == counts.generic
        # No filter has less loss than c − bᵀu, and filters of the network have this loss.
        assert result.infimum == Infimum(pytest.approx(loss.constant - loss.b @ loss.target, rel=1e-12), True)
        assert result.global_minimum.loss == pytest.approx(result.infimum.value, rel=1e-9)
        assert not result.global_minimum.isolated
        for point in result:
            assert point.isolated
            assert np.linalg.norm(loss.gram @ point.filter - loss.b) > 1e-3 * np.linalg.norm(loss.b)
            if point.residual is not None and point.nonsingular:
                assert point.residual < 1e-10
    told = [
        sorted((part.pattern, part.dimension, part.kind, round(part.loss, 9)) for part in result.continua)
        for result in results
    ]
    assert told[0] == told[1]
    one, other = ([p.filter for p in result if p.nonsingular] for result in results)
    assert len(one) == len(other)
    if one:
        assert matched(one, other)[1] < 1e-8
        assert matched(one, np.conj(one))[1] < 1e-8


@pytest.mark.slow
def test_a_regular_point_that_is_told_from_points_at_infinity_in_extended_precision(monkeypatch):
    """One of four paths that wind around each other, and seem to leave for infinity, down to s = 1e-11 turns back.

    On the circles that doubles can go round, the limit of all four leaves a residual of 1e-3: none is accounted for.
    """
    architecture = Architecture((3, 3), (2, 1))
    loss = special_column_space(7, 4, "copies", 0)
    result = critical_points(architecture, loss, isolated=True)
    assert result.complete
    isolated = [point for point in result if point.isolated and point.nonsingular]
    assert len(isolated) == 4
    far = max(isolated, key=lambda point: np.linalg.norm(point.filter))
    assert np.linalg.norm(far.filter) > 50
    assert far.ill_conditioned
    # It is the solution of linear equations: the second layer is x² − y², and the channels that are copies cancel.
    np.testing.assert_allclose(far.filter[[0, 1]], 0, atol=1e-9)
    a, b, middle, d, c = far.filter[2:]
    np.testing.assert_allclose([a + middle + c, b + d], 0, atol=1e-9 * abs(middle))
    few = replace(ENDGAME, in_extended_precision=Circles((1e-5, 1e-6), 12, 1e-7))
    monkeypatch.setattr("homotopy_lcn.tracking.endgame.ENDGAME", few)
    assert not critical_points(architecture, loss, isolated=True).complete


def test_a_projection_without_isolated_critical_points():
    """Σ = diag(1, 1, 1, 0, 0): where the second layer is (0, t) the filter is (0, 0, a_0 t, a_1 t, a_2 t)."""
    loss = SquaredLoss(np.diag([1.0, 1, 1, 0, 0]), [1.0, -2, 0.5, 0, 0])
    result = critical_points(Architecture((3, 2), (2, 1)), loss, isolated=True)
    assert result.complete
    assert (result.counts.found, result.counts.generic) == (0, 10)
    assert len(result) == 0
    fits, others = result.continua
    # c − bᵀΣ⁺b = −1 − 4 − 1/4, and the part of the third coefficient alone, −1/4. There a_0 t = 1/2, and the loss
    # does not see the other two coefficients: a surface of filters, on which the gradient with respect to the first
    # coefficient of the second layer vanishes along a curve.
    assert (fits.loss, fits.kind, fits.dimension) == (pytest.approx(-5.25), "minimum", 1)
    assert (others.loss, others.kind, others.dimension) == (pytest.approx(-0.25), "saddle", 1)
    for point in fits.points:
        np.testing.assert_allclose(point.filter[:3], [1, -2, 0.5], atol=1e-8)
    for point in others.points:
        # a_0 (1) + a_1 (−2) = 0
        np.testing.assert_allclose(point.filter[:4], [0, 0, 0.5, 0.25], atol=1e-8)
    assert "0 of 10 critical filters for generic data, isolated ones only (complete" in str(result)


@needs_phc
@pytest.mark.parametrize(("shape", "rank", "kind", "seed"), SPECIAL_SPACES[1:3])
def test_phcpack_has_no_other_isolated_filters_for_special_column_spaces(shape, rank, kind, seed):
    architecture = Architecture(*shape)
    loss = special_column_space(architecture.filter_size, rank, kind, seed)
    check = cross_check(critical_points(architecture, loss, isolated=True))
    assert len(check.failures) < check.patches
    assert check.overlooked == ()


def test_isolated_makes_no_difference_where_the_rank_suffices():
    problem = few_samples((3, 2), (2, 1), 4)
    plain, other = (critical_points(problem.architecture, problem.loss, isolated=answer) for answer in (False, True))
    assert replace(plain, solved=other.solved).to_json() == other.to_json()
    assert other.zero_residual is None


def test_the_json_file_keeps_the_filters_of_residual_zero(tmp_path):
    result = isolated((2, 2, 2), (1, 2, 1), 3)
    result.to_json(tmp_path / "few.json")
    copy = CriticalPoints.from_json(tmp_path / "few.json")
    assert copy.to_json() == result.to_json()
    assert copy.zero_residual.describe() == result.zero_residual.describe()
    for one, other in zip(copy.zero_residual.point, result.zero_residual.point, strict=True):
        np.testing.assert_array_equal(one, other)
    assert copy == result
    assert copy.global_minimum.loss == result.global_minimum.loss
    assert copy.continua == result.continua
    assert "isolated ones only" in str(copy)


# Filters of residual zero


@pytest.mark.parametrize(
    ("filters", "strides"), [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((3, 3), (1, 1)), ((1, 2, 2), (3, 2, 1))]
)
def test_a_real_network_without_residual_fits_every_sample(filters, strides):
    for rank in range(1, Architecture(filters, strides).dimension):
        problem = few_samples(filters, strides, rank)
        found = zero_residual(problem.architecture, problem.loss)
        assert (found.rank, found.meets_function_space) == (rank, True)
        assert found.dimension == problem.architecture.dimension - rank
        for theta in (found.point, found.complex_point):
            for x, y in zip(problem.X, problem.Y, strict=True):
                assert run_network(problem.architecture, theta, list(x)) == pytest.approx(list(y), abs=1e-9)


def pencil(base, direction):
    """A loss whose filters of residual zero are base + t · direction."""
    normals = np.linalg.svd(np.array([direction]))[2][1:]
    return SquaredLoss(normals.T @ normals, normals.T @ normals @ base)


def test_a_line_of_forms_with_too_few_real_roots_does_not_meet_the_function_space():
    architecture = Architecture((2, 2, 2, 2), (1, 1, 1, 1))
    # (x² + y²)² + t (x² + 4y²)²: never a real root for t > −1/16, two of them or none below.
    found = zero_residual(architecture, pencil(np.array([1.0, 0.1, 2, 0, 1]), np.array([1.0, 0, 8, 0.1, 16])))
    assert (found.dimension, found.meets_function_space, found.point) == (1, False, None)
    assert found.complex_point is not None
    assert "does not meet" in found.describe()
    # x⁴ − 5x² + 4 has four.
    found = zero_residual(architecture, pencil(np.array([1.0, 0, -5, 0, 4]), np.array([1.0, 0, 8, 0.1, 16])))
    assert found.meets_function_space
    # Undecided: x³ + xy² + ty³ has a double critical point at infinity, which the criterion leaves alone.
    found = zero_residual(
        Architecture((2, 2, 2), (1, 1, 1)), pencil(np.array([1.0, 0, 1, 0]), np.array([0.0, 0, 0, 1]))
    )
    assert found.meets_function_space is None
    assert "undecided" in found.describe()


def test_a_line_of_forms_in_the_direction_of_a_double_root_is_looked_at():
    """Σ has the kernel x³ − x², so that −P/Q has a pole of order two: P + tQ has three real roots for large t."""
    gram = np.eye(4)
    gram[0, 1] = gram[1, 0] = 1.0
    b = np.array([0.34146301413467856, 0.34146301413467856, 0.5438875477282499, 2.4045152545931097])
    loss = SquaredLoss(gram, b, 6.1944940767151735)
    assert (np.roots([0.17 + 1e3, 0.17 - 1e3, b[2], b[3]]).imag == 0).all()
    assert zero_residual(Architecture((2, 2, 2), (1, 1, 1)), loss, seed=39).meets_function_space is not False


def test_lines_of_forms_are_decided_as_sampling_them_does():
    architecture = Architecture((2, 2, 2, 2), (1, 1, 1, 1))
    answers = []
    for seed in range(12):
        loss = few_samples((2, 2, 2, 2), (1, 1, 1, 1), 4, seed).loss
        found = zero_residual(architecture, loss)
        direction = np.linalg.eigh(loss.gram)[1][:, 0]
        points = np.tan(np.linspace(-1.57, 1.57, 2001)) * np.linalg.norm(loss.target)
        real = max((np.roots(loss.target + t * direction).imag == 0).sum() for t in points)
        assert real <= 3 or found.meets_function_space is not False
        answers.append(found.meets_function_space)
    assert {True, False} == set(answers)


def test_no_filter_of_residual_zero_where_the_rank_is_too_large():
    found = zero_residual(Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [1.0, 2, 3, 4]))
    assert (found.dimension, found.filter, found.meets_function_space) == (None, None, None)
    assert found.describe() == "no filter of residual zero was found"
    with pytest.raises(InputError, match=r"^loss: its filters have size 4; expected 5$"):
        zero_residual(Architecture((3, 2), (2, 1)), SquaredLoss(np.eye(4), np.ones(4)))


def test_zero_data_are_fitted_by_the_zero_filter():
    found = zero_residual(Architecture((2, 2), (2, 1)), SquaredLoss(np.zeros((4, 4)), np.zeros(4)))
    assert (found.rank, found.dimension, found.meets_function_space) == (0, 3, True)
    result = critical_points(Architecture((2, 2), (2, 1)), SquaredLoss(np.zeros((4, 4)), np.zeros(4)), isolated=True)
    assert result.complete
    assert len(result) == 0


# Regularization


def test_regularization_adds_the_square_of_the_filter_and_makes_the_gram_matrix_regular():
    problem = few_samples((3, 2), (2, 1), 2)
    loss = problem.loss.regularized(0.25)
    w = np.array([1.0, -2, 0.5, 0, 3])
    assert loss(w) == pytest.approx(problem.loss(w) + 0.25 * w @ w)
    assert (loss.rank, problem.loss.rank) == (5, 2)
    np.testing.assert_array_equal(loss.b, problem.loss.b)
    result = critical_points(problem.architecture, loss)
    assert result.complete
    assert result.zero_residual is None


@pytest.mark.parametrize("eps", [0, -1.0, float("nan"), float("inf"), "much", [1.0, 2.0], 1j, 1e-20])
def test_what_is_no_regularization_is_refused(eps):
    with pytest.raises(InputError, match=r"^eps: "):
        few_samples((3, 2), (2, 1), 2).loss.regularized(eps)


# The numerical rank


@pytest.mark.parametrize(
    ("eigenvalue", "rank", "doubt"), [(1e-15, 2, False), (3e-13, 2, True), (3e-12, 3, True), (1e-9, 3, False)]
)
def test_an_eigenvalue_near_the_tolerance_puts_the_rank_in_doubt(eigenvalue, rank, doubt):
    turn = np.eye(3) - 2 / 3  # so that all columns have about the same norm
    loss = SquaredLoss(7 * turn @ np.diag([1.0, 0.5, eigenvalue]) @ turn, turn @ [1.0, 1.0, 0.0])
    assert (loss.rank, loss.rank_in_doubt) == (rank, doubt)
    assert (f"{eigenvalue:.0e}"[:1] in loss.describe_rank().partition("eigenvalue is ")[2]) == doubt
    arch = Architecture((3,), (1,))
    if doubt:
        with pytest.warns(RuntimeWarning, match=rf"^loss: numerical rank {rank} of 3, in doubt"):
            result = critical_points(arch, loss, isolated=True)
        assert "in doubt" in _shown(result)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = critical_points(arch, loss, isolated=True)
        assert "in doubt" not in _shown(result)


def test_a_refusal_says_in_its_one_line_that_the_rank_is_in_doubt():
    loss = SquaredLoss(np.diag([1.0, 0.5, 3e-13]), [1.0, 1.0, 0.0])
    with pytest.raises(InputError, match=r"^loss: .* rank 2 \(numerical rank 2 of 3, in doubt: .*at least rank 3"):
        critical_points(Architecture((3,), (1,)), loss)


def test_single_precision_moves_the_tolerance():
    gram = np.diag([1.0, 0.5, 2e-5])
    assert SquaredLoss(gram.astype(np.float32), [1.0, 1.0, 0.0]).rank_in_doubt
    assert not SquaredLoss(gram, [1.0, 1.0, 0.0]).rank_in_doubt
    assert not SquaredLoss(np.zeros((2, 2)), np.zeros(2)).rank_in_doubt


def _shown(result):
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as capture:
        console.print(render_result(result))
    return capture.get()


# The command line


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rank")
    problem = few_samples((3, 2), (2, 1), 3)
    np.savez(path / "few.npz", X=problem.X, Y=problem.Y)
    np.savez(path / "special.npz", gram=np.diag([1.0, 1, 1, 0, 0]), b=np.array([1.0, -2, 0.5, 0, 0]))
    return path


@pytest.fixture
def command(folder, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.chdir(folder)
        code = main(["solve", "-k", "3,2", "-s", "2,1", *arguments])
        return SimpleNamespace(returncode=code, **capsys.readouterr()._asdict())

    return call


def test_few_samples_are_refused_with_a_description_of_the_perfect_fits(command):
    finished = command("--data", "few.npz")
    assert finished.returncode == 2
    assert finished.out == ""
    assert finished.err.count("\n") == 1
    for words in ("rank 3", "residual zero form a set of dimension 1 that meets", "--isolated", "--regularize"):
        assert words in finished.err


def test_isolated_points_from_the_command_line(command, folder):
    finished = command("--data", "few.npz", "--isolated", "--json", "few.json")
    assert (finished.returncode, finished.err) == (0, "")
    assert "all isolated critical filters" in finished.out
    assert "set of dimension 1" in " ".join(finished.out.split())
    written = json.loads((folder / "few.json").read_text())
    assert (written["complete"], written["counts"]["found"]) == (True, 3)
    assert written["zero_residual"]["dimension"] == 1
    finished = command("--data", "special.npz", "--isolated", "--json", "special.json")
    assert finished.returncode == 0
    assert re.search(r"6 to infinity, 4 to singular ends \(\d continu", " ".join(finished.out.split()))
    written = json.loads((folder / "special.json").read_text())
    assert (written["complete"], written["counts"]["found"]) == (True, 0)


def test_regularization_from_the_command_line(command):
    finished = command("--data", "few.npz", "--regularize", "0.5", "--json", "-")
    assert finished.returncode == 0
    written = json.loads(finished.out)
    expected = few_samples((3, 2), (2, 1), 3).loss.gram + 0.5 * np.eye(5)
    np.testing.assert_allclose(written["loss"]["gram"], expected, rtol=1e-14)
    assert written["counts"]["found"] == 10
    for eps in ("0", "-1", "nan", "1e-30"):
        finished = command("--data", "few.npz", "--regularize", eps)
        assert finished.returncode == 2
        assert finished.err.startswith("homotopy-lcn: --regularize: ")


def test_points_of_equal_data_do_not_depend_on_the_seed_of_the_detours():
    problem = few_samples((2, 2, 2), (2, 2, 1), 3)
    results = [critical_points(problem.architecture, problem.loss, isolated=True, seed=seed) for seed in (0, 1)]
    _, distance = matched(*(filters_of(result) for result in results))
    assert distance < 1e-9
