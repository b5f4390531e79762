"""Continua of critical points, end to end, with numbers from theory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.results.continua import Infimum
from homotopy_lcn.solving import real_limits
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.engine import track_along
from tests.training.test_descent_to_minima import loss_and_gradient, minimize

TENSORS = Architecture((2, 2), (2, 1))
SERIES = (1.0, 3.0, -2.0, 5.0)


def periodic(filters, horizon, repeats=10):
    """Windows of a series of period four, of which the value ``horizon`` steps ahead is predicted."""
    arch, series = Architecture(filters, (2, 1)), np.array(SERIES * repeats)
    windows = np.lib.stride_tricks.sliding_window_view(series, arch.filter_size)[:-horizon]
    return arch, SquaredLoss.from_data(windows, series[arch.filter_size + horizon - 1 :, None], arch)


def assert_sound(result):
    """What holds for all data, by code of its own: critical θ, kinds, equal losses, real points of real continua."""
    assert result.complete
    assert result.contradictions == ()
    arch, loss = result.architecture, result.loss
    assert all(point.isolated for point in result)
    for part in result.continua:
        assert part.dimension >= 1
        assert part.points
        for point in part.points:
            assert not point.isolated
            assert point.real == (part.real is True)
            assert abs(point.loss - part.loss) <= 1e-9 * max(1.0, abs(loss.constant))
            assert point.attained is not False or not part.attained
    for point in [*result, *(point for part in result.continua for point in part.points)]:
        for theta, kind in zip(point.parameters, point.kinds, strict=True):
            w = compose(arch, theta)
            np.testing.assert_allclose(w, point.filter, atol=1e-7 * np.linalg.norm(point.filter))
            if point.real:
                hessian = second_derivatives(arch, theta, loss)
                values = np.linalg.eigvalsh(hessian)
                assert gradient(arch, theta, loss) <= 1e-7 * max(1.0, np.abs(values).max())
                negative = (values < -3e-8 * np.abs(values).max()).any()
                assert kind == ("saddle" if negative else "minimum")


def unit_columns(arch, theta):
    """∂μ/∂θ, column by column."""
    return np.array(
        [
            compose(arch, [*theta[:layer], unit, *theta[layer + 1 :]])
            for layer, w in enumerate(theta)
            for unit in np.eye(len(w))
        ]
    )


def gradient(arch, theta, loss):
    return np.linalg.norm(unit_columns(arch, theta) @ (loss.gram @ compose(arch, theta) - loss.b))


def second_derivatives(arch, theta, loss):
    columns = unit_columns(arch, theta)
    hessian = columns @ loss.gram @ columns.T
    residual = loss.gram @ compose(arch, theta) - loss.b
    places = [(layer, j) for layer, w in enumerate(theta) for j in range(len(w))]
    for m, (f, i) in enumerate(places):
        for n, (g, j) in enumerate(places):
            if f != g:
                moved = list(theta)
                moved[f], moved[g] = np.eye(len(theta[f]))[i], np.eye(len(theta[g]))[j]
                hessian[m, n] += residual @ compose(arch, moved)
    return 2 * hessian


# The cases of theory


@pytest.mark.parametrize("seed", range(3))
def test_a_circle_of_best_approximations_of_the_unit_matrix(seed):
    """Σ = I, b = (1, 0, 0, 1): vec(v vᵀ), |v| = 1, of loss 2 − 1."""
    result = critical_points(TENSORS, SquaredLoss(np.eye(4), [1.0, 0, 0, 1], 2.0), seed=seed)
    assert_sound(result)
    (part,) = result.continua
    assert (part.pattern, part.dimension, part.kind, part.real, part.attained) == (
        ((1,), (1,)),
        1,
        "minimum",
        True,
        True,
    )
    assert part.loss == pytest.approx(1, rel=1e-12)
    for point in part.points:
        a, b, c, d = point.filter.real
        np.testing.assert_allclose([b - c, a + d, a * d - b * c], [0, 1, 0], atol=1e-10)
    assert result.infimum == Infimum(pytest.approx(1, rel=1e-12), True)
    assert any(result.global_minimum is point for point in part.points)
    assert (result.counts.found, result.counts.continua, result.counts.real_continua) == (0, 1, 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_circle_of_squares(seed):
    """Σ = diag(2, 1, 2), b = (1, 0, 1), no strides: (c x + s y)² / 2 for all angles, of loss 3/2.

    The norm wᵀΣw of the square (a, 2h, d), a d = h², is 2 (a² + d²) + 4 h² = 2 (a + d)², so that the loss of it is a
    function of a + d. The pure point (1, 0, 1) / 2 of loss 1 has no real roots.
    """
    result = critical_points(
        Architecture((2, 2), (1, 1)), SquaredLoss(np.diag([2.0, 1, 2]), [1.0, 0, 1], 2.0), seed=seed
    )
    assert_sound(result)
    (pure,) = result.points
    np.testing.assert_allclose(pure.filter, [0.5, 0, 0.5], atol=1e-14)
    assert (pure.loss, pure.attained, pure.pure) == (pytest.approx(1), False, True)
    (part,) = result.continua
    assert (part.pattern, part.dimension, part.kind, part.attained) == (((2,),), 1, "minimum", True)
    assert part.loss == pytest.approx(1.5, rel=1e-12)
    for point in part.points:
        a, b, d = point.filter.real
        np.testing.assert_allclose([a + d, b * b - 4 * a * d], [0.5, 0], atol=1e-9)
    assert result.infimum == Infimum(pytest.approx(1.5), True)


def test_a_circle_within_a_larger_network():
    """Σ = I₆, b = (1, 0, 0, 1, 0, 0): the circle with the last layer (1, 0)."""
    result = critical_points(Architecture((2, 2, 2), (2, 1, 1)), SquaredLoss(np.eye(6), [1.0, 0, 0, 1, 0, 0], 2.0))
    assert_sound(result)
    (part,) = result.continua
    assert (part.dimension, part.kind, part.loss) == (1, "minimum", pytest.approx(1, rel=1e-12))
    for point in part.points:
        a, b, c, d, *rest = point.filter.real
        np.testing.assert_allclose([b - c, a + d, a * d - b * c, *rest], [0, 1, 0, 0, 0], atol=1e-9)
    assert not any(point.real for point in result)
    assert result.infimum == Infimum(pytest.approx(1), True)


@pytest.mark.parametrize("seed", range(2))
def test_a_projective_plane_of_minima(seed):
    """The best approximations of I₃ of rank one: v vᵀ, a real projective plane."""
    result = critical_points(Architecture((3, 3), (3, 1)), SquaredLoss.white(np.eye(3).ravel()), seed=seed)
    assert_sound(result)
    (part,) = [part for part in result.continua if part.real]
    assert (part.dimension, part.kind, part.loss) == (2, "minimum", pytest.approx(2, rel=1e-12))
    for point in part.points:
        matrix = point.filter.real.reshape(3, 3)
        np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-9)
        np.testing.assert_allclose([np.trace(matrix), *(matrix - matrix.T).ravel()], [1, *np.zeros(9)], atol=1e-9)
    assert result.counts.found == 0


@pytest.mark.parametrize("seed", range(2))
def test_a_periodic_series_three_steps_ahead(seed):
    """x_{t+3} after six values is the first, or the fifth value: (t, 0, 0, 0, 1 − t, 0) for all real t, loss 0."""
    arch, loss = periodic((2, 3), 3)
    assert (loss.rank, arch.dimension) == (4, 4)
    result = critical_points(arch, loss, seed=seed)
    assert_sound(result)
    best, saddles = (part for part in result.continua if part.real)
    assert (best.kind, best.dimension, best.loss) == ("minimum", 1, 0.0)
    for point in best.points:
        w = point.filter.real
        np.testing.assert_allclose(w, [w[0], 0, 0, 0, 1 - w[0], 0], atol=1e-10)
    assert (saddles.kind, saddles.dimension, saddles.attained) == ("saddle", 1, True)
    assert saddles.loss > 100
    assert result.infimum == Infimum(0.0, True)
    assert result.global_minimum.loss == 0.0


@pytest.mark.parametrize("horizon", [2, 4])
@pytest.mark.parametrize("seed", range(2))
def test_a_periodic_series_two_and_four_steps_ahead(horizon, seed):
    """(t, 0, 1, 0, −t) two steps ahead, t e_0 + (1 − t) e_4 four steps ahead; two isolated saddles each."""
    arch, loss = periodic((3, 2), horizon)
    result = critical_points(arch, loss, seed=seed)
    assert_sound(result)
    (part,) = result.continua
    assert (part.dimension, part.kind, part.loss, part.attained) == (1, "minimum", 0.0, True)
    for point in part.points:
        w = point.filter.real
        expected = [w[0], 0, 1, 0, -w[0]] if horizon == 2 else [w[0], 0, 0, 0, 1 - w[0]]
        np.testing.assert_allclose(w, expected, atol=1e-9)
        # (x² + a y²)(b x² + c y²): the two hyperroots can be exchanged, unless they are equal.
        assert len(point.parameters) == (1 if min(abs(w[0]), abs(w[4])) < 1e-6 else 2)
    assert [point.kinds for point in result] == [("saddle",)] * 2
    if horizon == 4:
        assert [[w for w in point.filter if abs(w) < 1e-3] for point in result] == [[0, 0]] * 2  # (x² ± 1)² / 4
    assert all(abs(loss(point.filter.real)) > 10 for point in result)
    assert result.infimum == Infimum(0.0, True)


def test_the_scale_of_a_periodic_series_does_not_matter():
    arch, loss = periodic((3, 2), 2)
    for factor in (1e-6, 1e6):
        other = SquaredLoss(factor * loss.gram, factor * loss.b, factor * loss.constant)
        result = critical_points(arch, other)
        assert_sound(SquaredLossScaled(result, factor).result)
        (part,) = result.continua
        assert (part.kind, part.loss) == ("minimum", 0.0)


class SquaredLossScaled:
    """A result for the loss divided by a factor."""

    def __init__(self, result, factor):
        def scaled(point):
            return replace(point, loss=point.loss / factor)

        loss = SquaredLoss(result.loss.gram / factor, result.loss.b / factor, result.loss.constant / factor)
        continua = tuple(
            replace(part, loss=part.loss / factor, points=tuple(map(scaled, part.points))) for part in result.continua
        )
        self.result = replace(result, loss=loss, points=tuple(map(scaled, result.points)), continua=continua)


def test_copied_and_dead_channels_give_lines_along_the_kernel():
    """Two equal inputs: e_1 − e_2 is in the kernel, and no filter of the network; nothing is lost."""
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(12, 5)), rng.normal(size=(12, 1))
    X[:, 2] = X[:, 1]
    arch = Architecture((3, 2), (2, 1))
    result = critical_points(arch, SquaredLoss.from_data(X, Y, arch))
    assert_sound(result)
    assert result.infimum.attained
    assert result.global_minimum is not None


@pytest.mark.parametrize("offset", [0, 4])
def test_one_dead_channel_of_a_larger_network(offset):
    rng = np.random.default_rng(3)
    arch = Architecture((3, 3), (2, 1))
    X, Y = rng.integers(-2, 3, (20, 7)).astype(float), rng.integers(-2, 3, (20, 1)).astype(float)
    X[:, offset] = 0
    result = critical_points(arch, SquaredLoss.from_data(X, Y, arch))
    assert_sound(result)


# What holds for any target with equal singular values


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@settings(max_examples=10, derandomize=True)
@given(st.floats(0, 7), st.booleans(), st.sampled_from([1e-3, 1.0, 7.0, 1e4]))
def test_rotations_of_the_unit_matrix_have_a_circle_of_minima(angle, mirrored, size):
    target = size * turn(angle) @ np.diag([1.0, -1.0 if mirrored else 1.0])
    result = critical_points(TENSORS, SquaredLoss.white(target.ravel()))
    assert result.complete
    (part,) = result.continua
    assert (part.kind, part.dimension, part.attained) == ("minimum", 1, True)
    assert part.loss == pytest.approx(size**2, rel=1e-10)
    for point in part.points:
        matrix = point.filter.real.reshape(2, 2) / size
        left, values, right = np.linalg.svd(matrix)
        np.testing.assert_allclose(values, [1, 0], atol=1e-8)
        np.testing.assert_allclose(target @ right[0] / size, left[:, 0], atol=1e-8)


@settings(max_examples=8, derandomize=True)
@given(st.integers(0, 2**16), st.sampled_from([(2.0, 1.0, 1.0), (2.0, 2.0, 1.0), (1.0, 1.0, 1.0), (3.0, 2.0, 1.0)]))
def test_singular_values_tell_losses_dimensions_and_kinds(seed, values):
    """A singular value σ_i of multiplicity m gives P^(m−1) of loss Σ σ² − σ_i²; as many larger ones are its index."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2))
    result = critical_points(Architecture((3, 3), (3, 1)), SquaredLoss.white(((left * values) @ right.T).ravel()))
    assert result.complete
    whole = sum(value**2 for value in values)
    tied = {value for value in values if values.count(value) > 1}
    expected = [(value, values.count(value) - 1) for value in sorted(tied, reverse=True)]
    real = [part for part in result.continua if part.real]
    assert [part.dimension for part in real] == [dimension for _, dimension in expected]
    for part, (value, _) in zip(real, expected, strict=True):
        assert part.loss == pytest.approx(whole - value**2, rel=1e-9)
        larger = sum(other > value for other in values)
        assert part.kind == ("saddle" if larger else "minimum")
        assert {index for point in part.points for index in point.indices} == {larger}
    alone = [value for value in values if value not in tied]
    assert [point.indices for point in result] == [(sum(other > value for other in values),) for value in alone]
    np.testing.assert_allclose([point.loss for point in result], [whole - value**2 for value in alone], rtol=1e-9)
    assert result.infimum == Infimum(pytest.approx(whole - max(values) ** 2, rel=1e-9), True)


@settings(max_examples=8, derandomize=True)
@given(st.floats(0, 7), st.sampled_from([1e-6, 1.0, 1e6]), st.booleans())
def test_turned_scaled_and_reversed_data_have_the_same_answer(angle, unit, reverse):
    """Layers without overlap: turning the two inputs of the first layer turns its weights."""
    rotation = np.kron(np.eye(2), turn(angle))
    gram, b = np.eye(4), unit * rotation @ np.array([1.0, 0, 0, 1])
    if reverse:
        b = b[::-1]
    result = critical_points(TENSORS, SquaredLoss(gram, b, 2 * unit**2))
    assert result.complete
    (part,) = result.continua
    assert (part.dimension, part.kind, part.real) == (1, "minimum", True)
    assert part.loss == pytest.approx(unit**2, rel=1e-9)


# Descent


def random_descents(result, number):
    """The losses where L-BFGS from random starts ends."""
    loss, arch = result.loss, result.architecture
    values, vectors = np.linalg.eigh(loss.gram)
    kept = values > 1e-12 * values[-1]
    factor = (np.sqrt(values[kept]) * vectors[:, kept]).T
    outputs = (vectors[:, kept] / np.sqrt(values[kept])).T @ loss.b
    rest = loss.constant - outputs @ outputs
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(number, sum(arch.filters)))
    options = {"maxiter": 100, "maxfun": 200, "ftol": 0, "gtol": 1e-8}
    runs = (
        minimize(loss_and_gradient, start, (arch, factor, outputs), "L-BFGS-B", jac=True, options=options)
        for start in starts
    )
    return np.array([run.fun + rest for run in runs])


DATA_FOR_DESCENT = {
    "circle": (TENSORS, SquaredLoss(np.eye(4), [1.0, 0, 0, 1], 2.0)),
    "near tie": (TENSORS, SquaredLoss(np.eye(4), [1.0000001, 0, 0, 1], 2.0)),
    "squares": (Architecture((2, 2), (1, 1)), SquaredLoss(np.diag([2.0, 1, 2]), [1.0, 0, 1], 2.0)),
    "plane": (Architecture((3, 3), (3, 1)), SquaredLoss(np.eye(9), np.eye(3).ravel(), 3.0)),
    "periodic": periodic((3, 2), 2),
    "no minimum": (TENSORS, SquaredLoss(np.diag([0.0, 1, 1, 1]), [0.0, 1, 1, 0], 2.0)),
    "zero": (TENSORS, SquaredLoss(np.eye(4), np.zeros(4), 1.0)),
    "double root": (Architecture((2, 2), (1, 1)), SquaredLoss(np.eye(3), [1.0, 2, 1], 6.0)),
}


def assert_no_descent_ends_below(name, number):
    result = critical_points(*DATA_FOR_DESCENT[name])
    ends = random_descents(result, number)
    assert (ends >= result.infimum.value - 1e-9).all()
    if result.infimum.attained:
        assert np.median(ends) <= result.infimum.value + 1e-6
    return ends


@pytest.mark.parametrize("name", DATA_FOR_DESCENT)
def test_descent_never_ends_below_the_infimum(name):
    assert_no_descent_ends_below(name, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA_FOR_DESCENT)
def test_two_hundred_descents_never_end_below_the_infimum(name):
    assert_no_descent_ends_below(name, 200)


# Files


@pytest.mark.parametrize("name", ["circle", "squares", "periodic", "no minimum", "zero"])
def test_results_with_continua_are_equal_when_read_from_their_files(name, tmp_path):
    result = critical_points(*DATA_FOR_DESCENT[name])
    result.to_json(tmp_path / "result.json")
    again = CriticalPoints.from_json(tmp_path / "result.json")
    assert again == result
    assert again.continua == result.continua
    assert again.infimum == result.infimum
    assert again.to_json() == result.to_json()
    best, other = result.global_minimum, again.global_minimum
    assert (best is None) == (other is None)
    assert best is None or best == other


def test_a_continuum_that_no_path_from_real_data_comes_to_is_listed_all_the_same(monkeypatch):
    """Whether it is real stays open then."""

    def nothing_found(problem, start, tracking, account):
        account.approaches += 3

    monkeypatch.setattr(real_limits, "add_real_limits", nothing_found)
    X = np.random.default_rng(0).normal(size=(20, 8)) * (np.arange(8) > 0)
    result = critical_points(Architecture((4, 3), (2, 1)), SquaredLoss(X.T @ X, np.zeros(8), 0.0))
    assert result.continua
    assert all(continuum.real is None for continuum in result.continua)


@pytest.mark.parametrize(
    ("filters", "target", "seeds"),
    [((3, 2, 2), [0, 1, 0, 0, -1, 0, 0, 0, 0], (4, 5)), ((2, 3, 2), [1, 0, 0, 1, 0, 0, 0, 0, 0, 0], (21, 22))],
)
def test_ends_of_many_paths_on_a_continuum_are_not_isolated(filters, target, seeds):
    """Several paths end at one point of the continuum, which looks isolated from some directions."""
    arch, loss = Architecture(filters, (2, 2, 1)), SquaredLoss.white(target)
    for seed in seeds:
        result = critical_points(arch, loss, seed=seed)
        assert_sound(result)
        assert 1.0 in [pytest.approx(part.loss) for part in result.continua]
        assert not [point for point in result if point.real and point.loss == pytest.approx(1.0)]


@pytest.mark.parametrize("seed", range(3))
def test_perfect_fits_at_the_boundary_may_be_ends_of_continua(seed):
    """A series of period four: t e_1 + (1 − t) e_5 fits it for all t, and has real factors if t(1 − t) ≤ 0."""
    arch = Architecture((2, 2, 2), (2, 1, 1))
    rows = [[46, -9, 36, -9], [-9, 46, -9, 36], [36, -9, 46, -9], [-9, 36, -9, 46]]
    gram = np.array([[rows[i % 4][j % 4] for j in range(6)] for i in range(6)], float)
    result = critical_points(arch, SquaredLoss(gram, gram[5], 46.0), seed=seed)
    assert result.complete
    fits = [part for part in result.continua if part.loss == pytest.approx(0, abs=1e-9)]
    assert [(part.dimension, part.real, part.attained) for part in fits] == [(1, True, True)]
    assert not [point for point in result if point.real and point.loss == pytest.approx(0, abs=1e-9)]
    for part in fits:
        for point in part.points:
            assert np.abs(np.delete(point.filter, [1, 5])).max() < 1e-9
            assert point.filter[1] + point.filter[5] == pytest.approx(1)


def test_a_zero_of_high_order_and_small_coefficient_is_no_continuum():
    """A series of period five, of integers, is fitted by e_2 alone, at which nine paths end."""
    arch, first = Architecture((2, 3, 2), (1, 2, 1)), [62, 54, 43, 43, 54, 62]
    gram = np.array([[first[abs(i - j)] for j in range(6)] for i in range(6)], float)
    for seed in (0, 48):
        result = critical_points(arch, SquaredLoss(gram, gram[2], 62.0), seed=seed)
        assert result.complete
        assert result.continua == ()
        best = result.global_minimum
        np.testing.assert_allclose(best.filter, np.eye(6)[2], atol=1e-9)
        assert best.multiplicity == 9


class Watched:
    """The engine of the tests; ``tracked`` has the number of paths of each call but those around circles."""

    name = "watched"

    def __init__(self):
        self.engine, self.tracked = get_engine(), []

    def track(self, stratum, points, *arguments, **keywords):
        self.tracked.append(len(points))
        return self.engine.track(stratum, points, *arguments, **keywords)

    def track_along(self, *arguments, **keywords):
        return track_along(self.engine, *arguments, **keywords)


def test_without_a_target_all_paths_go_to_the_endgame_at_once():
    """No end is nonsingular; all paths to regular data end at w = 0, or on cones."""
    rng = np.random.default_rng(3)
    X, engine = rng.normal(size=(8, 4)), Watched()
    result = critical_points(TENSORS, SquaredLoss(X.T @ X, np.zeros(4), 1.0), engine=engine)
    assert result.complete
    assert engine.tracked == []
    assert result.counts.found == 0
    assert result.counts.origin + result.counts.singular == 6
    watched = Watched()
    assert critical_points(TENSORS, SquaredLoss(X.T @ X, rng.normal(size=4), 1.0), engine=watched).counts.found == 6
    assert sum(watched.tracked) >= 6


def test_without_a_target_real_limits_are_sought_once():
    """Real data nearby are tracked to. From there the endgame goes on: there are no nonsingular ends to leave out."""
    engine = Watched()
    loss = SquaredLoss(np.diag([1.0, 2.0, 0.0, 3.0]), np.zeros(4), 1.0)
    result = critical_points(TENSORS, loss, engine=engine)
    assert result.complete
    assert result.continua
    assert any(continuum.real for continuum in result.continua)
    assert engine.tracked == [6]
