"""All critical points are found and verified; what is missing is said to be missing."""

from __future__ import annotations

import json
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SolveInterrupted, SquaredLoss, critical_points, generic_count
from homotopy_lcn.solving import stored_systems
from homotopy_lcn.solving.start_systems import StartSystems
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.tracking import ReturnCode, TrackerOptions, get_engine
from homotopy_lcn.tracking.tolerances import ENDGAME, Circles
from tests.small_networks import (
    Problem,
    end_to_end,
    filters_of,
    loss_gradient,
    loss_hessian,
    matched,
    network_loss,
    random_problem,
    solved,
)

ARCHITECTURES = [
    ((1,), (1,)),
    ((4,), (1,)),
    ((4,), (3,)),
    ((1, 1, 1), (2, 1, 3)),
    ((2, 2), (1, 1)),
    ((2, 2), (5, 1)),
    ((3, 2), (1, 1)),
    ((3, 2), (2, 1)),
    ((1, 3, 2), (5, 2, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((2, 2, 2), (2, 5, 5)),
    ((3, 3), (1, 1)),
    ((3, 3), (2, 1)),
    ((2, 3, 2), (1, 1, 2)),
    ((2, 1, 2, 1, 1, 2, 1, 1), (1, 5, 1, 1, 2, 1, 1, 3)),
]


def random_loss(size, seed, rank=None):
    """A loss with generic Gram matrix of the given rank."""
    rng = np.random.default_rng([seed, size])
    rows = rng.standard_normal((rank or size + 2, size))
    return SquaredLoss(rows.T @ rows, rows.T @ rng.standard_normal(len(rows)))


# Completeness


@pytest.mark.parametrize(("filters", "strides"), ARCHITECTURES)
def test_generic_data_have_the_generic_number_of_critical_filters_all_found(filters, strides):
    result = solved(filters, strides)
    table = generic_count(result.architecture)
    assert result.complete
    assert len(result) == table.filters == len({tuple(point.filter) for point in result})
    found = {row.pattern: sum(point.stratum == row.pattern for point in result) for row in table}
    assert found == {row.pattern: row.count for row in table}
    if len(result) > 1:
        w = filters_of(result)
        distances = np.linalg.norm(w[:, None] - w[None], axis=2) / np.linalg.norm(w, axis=1)
        np.fill_diagonal(distances, np.inf)
        assert distances.min() > 1e-5


layers = st.tuples(st.integers(1, 3), st.sampled_from([1, 1, 2, 5]))


@settings(deadline=None, max_examples=12, derandomize=True)
@given(st.lists(layers, min_size=1, max_size=5), st.integers(0, 2**32))
def test_random_architectures_with_random_data_are_solved_completely(sizes, seed):
    architecture = Architecture(*zip(*sizes, strict=True))
    assume(architecture.filter_size <= 40)
    assume(generic_count(architecture).filters <= 40)
    result = critical_points(architecture, random_loss(architecture.filter_size, seed))
    assert result.complete
    assert len(result) == generic_count(architecture).filters
    assert max(point.residual for point in result if point.parameters) < 1e-13


@pytest.mark.parametrize("target", [[1.0, 2.0, 3.0, 5.0], [-0.5, 4.0, 2.0, 1.0]])
def test_white_data_lose_four_of_six_paths_and_the_two_points_left_are_the_singular_pairs(target):
    result = critical_points(Architecture((2, 2), (2, 1)), SquaredLoss.white(target))
    assert result.complete
    row = result.strata[0]
    assert (row.generic, row.found, row.at_infinity, row.singular, row.origin) == (6, 2, 4, 0, 0)
    left, values, right = np.linalg.svd(np.reshape(target, (2, 2)))
    for point, k in zip(result, (0, 1), strict=True):
        assert point.real
        np.testing.assert_allclose(point.filter, np.ravel(values[k] * np.outer(left[:, k], right[k])), atol=1e-14)
        assert point.loss == pytest.approx(values[1 - k] ** 2, rel=1e-13)
        assert point.kinds == (("minimum", "saddle")[k],)
    assert result.global_minimum is result[0]


@pytest.mark.parametrize(("filters", "strides"), [((3,), (1,)), ((2, 2), (1, 1)), ((3, 2), (2, 1)), ((1, 1), (1, 1))])
def test_zero_moments_send_every_path_to_the_zero_filter(filters, strides):
    architecture = Architecture(filters, strides)
    gram = random_loss(architecture.filter_size, 0).gram
    result = critical_points(architecture, SquaredLoss(gram, np.zeros(len(gram))))
    assert result.complete
    assert len(result) == 0
    assert result.counts.origin == generic_count(architecture).filters
    assert result.global_minimum is None


@pytest.mark.parametrize(
    ("filters", "strides", "degree"),
    # The degree of the closure of the function space as a projective variety: of Segre varieties and projections.
    [((2, 2), (2, 1), 2), ((3, 2), (2, 1), 3), ((2, 2, 2), (1, 2, 1), 3), ((2, 2, 2), (2, 2, 1), 6)],
)
def test_a_gram_matrix_of_the_least_rank_is_complete_with_degree_many_perfect_fits(filters, strides, degree):
    architecture = Architecture(filters, strides)
    loss = random_loss(architecture.filter_size, 1, rank=architecture.dimension)
    assert loss.rank == architecture.dimension < architecture.filter_size
    result = critical_points(architecture, loss)
    assert result.complete
    scale = np.linalg.norm(loss.b)
    residuals = [np.linalg.norm(loss.gram @ point.filter - loss.b) / scale for point in result if point.pure]
    assert sum(residual < 1e-11 for residual in residuals) == degree
    assert sum(residual > 1e-4 for residual in residuals) == len(residuals) - degree


@pytest.mark.parametrize(
    ("filters", "strides"), [((2, 2), (2, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3,), (1,)), ((1, 2), (3, 1))]
)
def test_fewer_samples_than_the_dimension_are_refused_with_the_rank_and_the_least_that_works(filters, strides):
    architecture = Architecture(filters, strides)
    rank = architecture.dimension - 1
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((rank, architecture.filter_size)), rng.standard_normal((rank, 1))
    with pytest.raises(InputError, match=rf"rank {rank}\b.*at least rank {rank + 1}\b"):
        critical_points(architecture, SquaredLoss.from_data(X, Y, architecture))


def test_a_gram_matrix_need_only_have_rank_where_filters_can_be_nonzero():
    gram = np.diag([2.0, 0.0, 0.0, 3.0])
    gram[0, 3] = gram[3, 0] = 1.0
    result = critical_points(Architecture((1, 2), (3, 1)), SquaredLoss(gram, [1.0, 0.0, 0.0, 2.0]))
    assert result.complete
    np.testing.assert_allclose(result[0].filter, [0.2, 0, 0, 0.6], atol=1e-15)


# Engines that lose paths, find points twice, or lie


class Tampered:
    """The reference engine, with results changed by ``change(call, result)``."""

    name = "tampered"

    def __init__(self, change):
        self.change, self.calls = change, 0

    def track(self, *args, **kwargs):
        result = get_engine("reference").track(*args, **kwargs)
        self.calls += 1
        return self.change(self.calls, result) or result


def lose(code, calls):
    def change(call, result):
        if call in calls:
            result.codes[::2] = code
            result.points[::2] = np.nan

    return change


def copy_first(calls):
    def change(call, result):
        if call in calls and len(result) > 1:
            result.points[1:3] = result.points[0]

    return change


FAILURES = [code for code in ReturnCode if code != ReturnCode.SUCCESS]


@pytest.fixture(scope="module")
def honest():
    return solved((2, 2, 2), (1, 2, 1))


def solve_with(change):
    problem = random_problem((2, 2, 2), (1, 2, 1))
    engine = Tampered(change)
    return critical_points(problem.architecture, problem.loss, engine=engine), engine


@pytest.mark.parametrize("change", [*(lose(code, {1, 3}) for code in FAILURES), lose(3, {1, 2, 3}), copy_first({1, 2})])
def test_paths_that_an_engine_loses_or_follows_twice_are_tracked_again_until_all_points_are_found(honest, change):
    result, engine = solve_with(change)
    assert engine.calls > 2
    assert result.complete
    assert matched(filters_of(honest), filters_of(result))[1] < 1e-12


@pytest.mark.parametrize("change", [lose(ReturnCode.STEP_TOO_SMALL, {1}), copy_first({1})])
def test_paths_lost_once_are_found_on_the_same_way_with_shorter_steps(honest, change):
    result, engine = solve_with(change)
    assert engine.calls == len(result.strata) + 1
    assert [row.statistics["detours"] for row in result.strata] == [0, 0]
    assert result.strata[0].statistics["retracked"] > 0
    assert matched(filters_of(honest), filters_of(result))[1] < 1e-12


@pytest.fixture
def few_detours(monkeypatch):
    """Where an engine fails on every detour, one is tried, and the endgame walks around few circles."""
    circle = Circles((1e-2, 1e-3), 2, 1e-8)
    circles = replace(ENDGAME, in_doubles=circle, larger=circle)
    monkeypatch.setattr("homotopy_lcn.tracking.endgame.ENDGAME", circles)
    few = replace(SOLVING, detours=1, first_detours=1, moment_draws=1)
    for module in ("all_paths", "stratum_paths", "fixed_gram_matrix"):
        monkeypatch.setattr(f"homotopy_lcn.solving.{module}.SOLVING", few)


def check_an_engine_that_loses_paths(honest, code):
    def change(call, result):
        lost = np.abs(result.points[:, 1]) > np.median(np.abs(result.points[:, 1]))
        result.codes[lost] = code
        result.points[lost] = np.nan

    result, _ = solve_with(change)
    known = filters_of(honest)
    for w in filters_of(result):
        assert (np.linalg.norm(known - w, axis=1) < 1e-12 * np.linalg.norm(w)).any()
    if len(result) == len(honest):  # many digits have found them, where a start system lost no path
        return
    assert not result.complete
    assert len(result) > 0
    assert any(row.found < row.generic for row in result.strata)
    assert result.global_minimum is None


@pytest.mark.parametrize("code", FAILURES)
@pytest.mark.usefixtures("few_detours")
def test_an_engine_that_always_loses_paths_ends_in_an_incomplete_result_without_a_wrong_point(honest, code):
    check_an_engine_that_loses_paths(honest, code)


@pytest.mark.slow
@pytest.mark.parametrize("code", FAILURES)
def test_nor_has_it_a_wrong_point_after_all_detours(honest, code):
    check_an_engine_that_loses_paths(honest, code)


def check_an_engine_that_ends_in_one_point():
    def change(call, result):
        result.points[:] = result.points[0]

    result, _ = solve_with(change)
    assert not result.complete
    assert len(result) < 24


@pytest.mark.usefixtures("few_detours", "honest")
def test_an_engine_that_always_ends_in_the_same_point_is_never_believed_to_be_complete():
    check_an_engine_that_ends_in_one_point()


@pytest.mark.slow
@pytest.mark.usefixtures("honest")
def test_nor_is_it_believed_after_all_detours():
    check_an_engine_that_ends_in_one_point()


@pytest.mark.usefixtures("few_detours")
def test_an_engine_that_claims_success_where_there_is_no_solution_is_not_believed(honest):
    def change(call, result):
        rng = np.random.default_rng(call)
        result.codes[:] = ReturnCode.SUCCESS
        result.points[:] = 1e3 * rng.standard_normal(result.points.shape)

    result, _ = solve_with(change)
    known = filters_of(honest)
    for w in filters_of(result):
        assert (np.linalg.norm(known - w, axis=1) < 1e-12 * np.linalg.norm(w)).any()
    assert not result.complete


def test_an_engine_that_finds_nothing_gives_an_empty_result(honest):  # whose start systems are known then
    def change(call, result):
        codes, points = np.full(len(result), ReturnCode.STEP_TOO_SMALL), np.full_like(result.points, np.nan)
        return replace(result, codes=codes, points=points)

    result, _ = solve_with(change)
    assert len(result) == 0
    assert not result.complete


# Every point in the original parameters


@pytest.mark.parametrize(("filters", "strides"), ARCHITECTURES)
def test_the_network_run_on_the_data_has_zero_gradient_at_every_point(filters, strides):
    problem, result = random_problem(filters, strides), solved(filters, strides)
    checked = 0
    for point in result:
        for theta in point.parameters:
            np.testing.assert_allclose(
                end_to_end(problem.architecture, theta), point.filter, atol=1e-13 * np.linalg.norm(point.filter)
            )
            norms = [np.linalg.norm(w) for w in theta]
            np.testing.assert_allclose(norms, norms[0], rtol=1e-13)
            value = network_loss(problem, theta)
            assert abs(value - point.loss) <= 1e-12 * max(problem.loss.constant, abs(value))
            # The terms that cancel in the gradient are of the size of the Hessian times θ.
            gradient = loss_gradient(problem, theta)
            size = sum(np.linalg.norm(w) for w in theta)
            scale = (
                np.linalg.norm(point.filter) ** 2 * np.linalg.norm(problem.loss.gram) + problem.loss.constant
            ) / size
            assert np.linalg.norm(gradient) < 1e-12 * scale * len(theta)
            checked += 1
    assert checked >= sum(not point.real or bool(point.attained) for point in result)


def test_newton_steps_with_fifty_digits_do_not_move_the_points():
    problem, result = random_problem((2, 2), (1, 1)), solved((2, 2), (1, 1))
    with mpmath.workdps(50):
        exact = Problem(
            problem.architecture,
            [[mpmath.mpf(v) for v in x.tolist()] for x in problem.X],
            [[mpmath.mpf(v) for v in y.tolist()] for y in problem.Y],
        )
        checked = 0
        for point in result:
            for start in point.parameters:
                theta = [[mpmath.mpmathify(v) for v in w.tolist()] for w in start]
                for _ in range(3):
                    gradient, hessian = loss_gradient(exact, theta), loss_hessian(exact, theta)
                    # The scaling of one layer against the other is the kernel of the Hessian.
                    scaling = [*theta[0], *(-v for v in theta[1])]
                    bordered = mpmath.matrix(5, 5)
                    for i in range(4):
                        bordered[i, 4] = bordered[4, i] = scaling[i]
                        for j in range(4):
                            bordered[i, j] = hessian[i, j]
                    step = mpmath.lu_solve(bordered, mpmath.matrix([*(-g for g in gradient), 0]))
                    theta = [[v + step[2 * layer + j] for j, v in enumerate(w)] for layer, w in enumerate(theta)]
                assert mpmath.norm(loss_gradient(exact, theta).tolist()) < mpmath.mpf(10) ** -40
                (a, b), (c, d) = theta
                filter_ = np.array([complex(v) for v in (a * c, a * d + b * c, b * d)])
                assert np.linalg.norm(filter_ - point.filter) < 4e-16 * np.linalg.norm(filter_)
                checked += 1
        assert checked == 4


# Seeds, threads, start systems


def test_the_same_seed_gives_the_same_file_and_other_seeds_the_same_points(honest):
    problem = random_problem((2, 2, 2), (1, 2, 1))
    again = critical_points(problem.architecture, problem.loss)
    assert replace(again, solved=honest.solved).to_json() == honest.to_json()
    for seed in (1, 2, 3):
        other = critical_points(problem.architecture, problem.loss, seed=seed)
        assert other.complete
        order, distance = matched(filters_of(honest), filters_of(other))
        assert distance < 1e-14
        for point, j in zip(honest, order, strict=True):
            twin = other[j]
            assert (point.stratum, point.real, point.attained, point.interior, sorted(map(str, point.kinds))) == (
                (twin.stratum, twin.real, twin.attained, twin.interior, sorted(map(str, twin.kinds)))
            )


def test_the_number_of_threads_does_not_matter(honest):
    problem = random_problem((2, 2, 2), (1, 2, 1))
    again = critical_points(problem.architecture, problem.loss, jobs=2)
    assert replace(again, solved=honest.solved).to_json() == honest.to_json()


def test_the_result_is_the_same_with_a_start_system_computed_or_read_from_the_cache(tmp_path, monkeypatch):
    problem = random_problem((2, 2), (1, 1))
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(stored_systems, "data_path", lambda name: tmp_path / name)
    texts = [
        critical_points(problem.architecture, problem.loss, start_systems=StartSystems()).to_json() for _ in range(2)
    ]
    assert list((tmp_path / "cache").glob("*.npz"))
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["complete"] is True


def test_other_tracker_options_find_the_same_points(honest):
    problem = random_problem((2, 2, 2), (1, 2, 1))
    for options in (TrackerOptions(contraction_target=0.03, control_gain=1 / 6), TrackerOptions.conservative()):
        other = critical_points(problem.architecture, problem.loss, options=options)
        assert other.complete
        assert matched(filters_of(honest), filters_of(other))[1] < 1e-14


# Refusals and interruption


def test_more_points_than_allowed_are_refused_with_their_number():
    problem = random_problem((2, 2, 2), (1, 2, 1))
    with pytest.raises(InputError, match=r"max_count: .*\b24 critical filters.*limit 23\b"):
        critical_points(problem.architecture, problem.loss, max_count=23)
    assert critical_points(problem.architecture, problem.loss, max_count=24).complete


def test_huge_problems_are_refused_at_once():
    architecture = Architecture((4, 4, 4, 4), (2, 2, 2, 1))
    count = generic_count(architecture).filters
    with pytest.raises(InputError, match=rf"\b{count} critical filters"):
        critical_points(architecture, random_loss(architecture.filter_size, 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arch": ((2, 2), (1, 1))}, "arch: tuple given; expected an Architecture"),
        ({"loss": np.eye(3)}, "loss: ndarray given; expected a SquaredLoss"),
        ({"loss": SquaredLoss.white([1.0, 2.0])}, "loss: its filters have size 2; expected 3"),
        ({"seed": -1}, "seed: -1 given"),
        ({"seed": 0.5}, "seed: 0.5 given"),
        ({"seed": True}, "seed: True given"),
        ({"seed": "0"}, "seed: '0' given"),
        ({"jobs": 0}, "jobs: 0 given"),
        ({"jobs": 1.0}, "jobs: 1.0 given"),
        ({"max_count": 0}, "max_count: 0 given"),
        ({"max_count": None}, "max_count: None given"),
        ({"engine": "fastest"}, "engine: 'fastest' is not known"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"arch": Architecture((2, 2), (1, 1)), "loss": random_loss(3, 0), **change}
    with pytest.raises(InputError) as error:
        critical_points(**arguments)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_an_interrupted_solve_hands_over_the_strata_that_are_finished(honest):
    problem = random_problem((2, 2, 2), (1, 2, 1))
    first, second = (row.pattern for row in generic_count(problem.architecture))

    def interrupt(progress):
        if progress.pattern == second:
            raise KeyboardInterrupt

    with pytest.raises(SolveInterrupted) as stopped:
        critical_points(problem.architecture, problem.loss, progress=interrupt)
    partial = stopped.value.partial
    assert not partial.complete
    assert [row.found for row in partial.strata] == [10, 0]
    expected = [point.filter for point in honest if point.stratum == first]
    assert matched(expected, filters_of(partial))[1] == 0


@pytest.mark.parametrize(("gram", "b"), [(-135, -135), (135, 135), (-100, 30), (30, -100)])
def test_the_scale_of_the_data_changes_nothing_but_the_scale_of_the_filters(gram, b):
    """Squares of such entries nearly overflow or underflow; beyond that they are refused."""
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((9, 5))
    sigma = samples.T @ samples
    moments = sigma @ rng.standard_normal(5)
    expected, found = (
        critical_points(Architecture((3, 2), (2, 1)), loss)
        for loss in (SquaredLoss(sigma, moments), SquaredLoss(10.0**gram * sigma, 10.0**b * moments))
    )
    assert found.complete
    assert len(found) == len(expected) == 10
    for one, other in zip(expected, found, strict=True):
        assert (one.real, one.attained, one.interior, one.kinds) == (
            other.real,
            other.attained,
            other.interior,
            other.kinds,
        )
        scaled = 10.0 ** (gram - b) * other.filter
        assert np.abs(scaled - one.filter).max() < 1e-9 * np.abs(one.filter).max()
