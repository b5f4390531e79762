"""Symmetries of the problem act on the result as they must."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from tests.small_networks import end_to_end, filters_of, matched, random_problem, solved

ARCHITECTURES = [((2, 2), (1, 1)), ((3, 2), (2, 1)), ((3, 3), (1, 1)), ((2, 2, 2), (1, 2, 1))]
everywhere = pytest.mark.parametrize(("filters", "strides"), ARCHITECTURES)


def answers(point):
    """What must not change: everything but filter, loss and the parameters themselves, in any order of these."""
    outcomes = sorted(zip(map(str, point.kinds), map(str, point.indices), strict=True))
    return (
        point.real, point.pure, point.in_function_space, point.attained, point.interior, point.smooth, outcomes,
    )  # fmt: skip


def assert_corresponds(result, other, expected, factor=1.0, tolerance=1e-12, patterns=True):
    """``other`` has the filters ``expected``, the points of ``result`` moved; losses are multiplied by ``factor``."""
    assert other.complete
    assert result.complete
    order, distance = matched(expected, filters_of(other))
    assert distance < tolerance
    scale = factor * max(abs(point.loss) for point in result)
    for point, j in zip(result, order, strict=True):
        assert answers(point) == answers(other[j])
        assert not patterns or point.stratum == other[j].stratum
        assert abs(factor * point.loss - other[j].loss) < tolerance * scale
    return order


@everywhere
@pytest.mark.parametrize(("x", "y"), [(1e6, 1.0), (1e-6, 1.0), (1.0, 1e6), (1e-6, 1e6), (1e6, 1e-6), (3e-6, 7e-6)])
def test_scaling_inputs_and_outputs_scales_filters_and_losses(filters, strides, x, y):
    problem, result = random_problem(filters, strides), solved(filters, strides)
    loss = SquaredLoss.from_data(x * problem.X, y * problem.Y, problem.architecture)
    other = critical_points(problem.architecture, loss)
    assert_corresponds(result, other, y / x * filters_of(result), factor=y * y)


@everywhere
def test_opposite_outputs_give_opposite_filters(filters, strides):
    result, loss = solved(filters, strides), random_problem(filters, strides).loss
    other = critical_points(result.architecture, SquaredLoss(loss.gram, -loss.b, loss.constant))
    assert_corresponds(result, other, -filters_of(result))


@everywhere
def test_a_constant_only_shifts_the_losses(filters, strides):
    result, loss = solved(filters, strides), random_problem(filters, strides).loss
    other = critical_points(result.architecture, SquaredLoss(loss.gram, loss.b, loss.constant + 100))
    assert matched(filters_of(result), filters_of(other))[1] < 1e-14
    shifts = [q.loss - p.loss for p, q in zip(result.real, other.real, strict=True)]
    np.testing.assert_allclose(shifts, 100, rtol=1e-13)


@everywhere
def test_time_reversal_of_the_data_reverses_all_filters(filters, strides):
    result, loss = solved(filters, strides), random_problem(filters, strides).loss
    other = critical_points(result.architecture, SquaredLoss(loss.gram[::-1, ::-1], loss.b[::-1], loss.constant))
    order = assert_corresponds(result, other, filters_of(result)[:, ::-1])
    for point, j in zip(result, order, strict=True):
        if point.attained:
            reversed_layers = [[w[::-1] for w in theta] for theta in point.parameters]
            assert_same_parameters(reversed_layers, other[j].parameters)


@everywhere
@pytest.mark.parametrize("c", [10.0, 0.2, -1.0])
def test_geometric_weights_on_the_inputs_act_by_their_inverses_on_the_filters(filters, strides, c):
    result, loss = solved(filters, strides), random_problem(filters, strides).loss
    powers = c ** np.arange(loss.filter_size)
    other = critical_points(
        result.architecture, SquaredLoss(loss.gram * np.outer(powers, powers), loss.b * powers, loss.constant)
    )
    # The variable is scaled by a real number, so the factors stay real, with the same multiplicities.
    order, distance = matched(filters_of(result), filters_of(other) * powers)
    assert other.complete
    assert distance < 1e-9
    for point, j in zip(result, order, strict=True):
        assert answers(point) == answers(other[j])


def assert_same_parameters(left, right):
    """Balanced parameters agree up to order and the signs of the layers."""
    assert len(left) == len(right)
    if left:

        def products(theta):
            # The tensor product of the layers is the same for all θ that differ by scalings.
            tensor = np.ones(1)
            for w in theta:
                tensor = np.outer(tensor, w).ravel()
            return tensor

        _, distance = matched([products(theta) for theta in left], [products(theta) for theta in right])
        assert distance < 1e-9


@pytest.mark.parametrize(("filters", "strides"), [((2, 2), (1, 1)), ((3, 3), (1, 1)), ((2, 2, 2), (1, 2, 1))])
def test_exchanging_equal_layers_of_a_block_permutes_the_parameters_over_each_filter(filters, strides):
    attained = [point for seed in range(3) for point in solved(filters, strides, seed).attained]
    assert any(len(point.parameters) > 1 for point in attained)
    for point in attained:
        swapped = [[theta[1], theta[0], *theta[2:]] for theta in point.parameters]
        assert_same_parameters(swapped, point.parameters)


@pytest.mark.parametrize(
    ("filters", "strides", "permutation"),
    [((3, 2), (1, 1), (1, 0)), ((2, 3, 2), (1, 1, 2), (1, 0, 2)), ((3, 2, 2), (2, 1, 1), (0, 2, 1)),
     ((2, 2, 3), (1, 2, 1), (1, 0, 2)), ((4, 2), (1, 1), (1, 0))],
)  # fmt: skip
def test_the_order_of_layers_within_a_block_does_not_matter(filters, strides, permutation):
    result = solved(filters, strides)
    architecture = Architecture(tuple(filters[p] for p in permutation), strides)
    assert architecture.blocks == result.architecture.blocks
    other = critical_points(architecture, result.loss)
    order = assert_corresponds(result, other, filters_of(result))
    for point, j in zip(result, order, strict=True):
        if point.attained:
            assert_same_parameters([[theta[p] for p in permutation] for theta in point.parameters], other[j].parameters)


@pytest.mark.parametrize(
    ("filters", "strides", "same"),
    [
        ((2, 2), (1, 1), [((2, 2), (1, 4)), ((2, 1, 2), (1, 1, 1)), ((1, 2, 2, 1), (1, 1, 3, 2))]),
        ((3, 2), (2, 1), [((3, 2), (2, 7)), ((3, 1, 2), (1, 2, 1)), ((3, 2, 1, 1), (2, 3, 2, 1))]),
        ((2, 2, 2), (1, 2, 1), [((2, 2, 2), (1, 2, 3)), ((2, 1, 2, 1, 2), (1, 1, 1, 2, 1))]),
        ((2, 2), (6, 1), [((2, 1, 1, 2), (1, 2, 3, 1)), ((2, 1, 2), (3, 2, 2))]),
    ],
)  # fmt: skip
def test_strides_and_layers_of_size_one_that_leave_the_blocks_alone_leave_the_filters_alone(filters, strides, same):
    result = solved(filters, strides)
    for others in same:
        architecture = Architecture(*others)
        assert architecture.blocks == result.architecture.blocks
        other = critical_points(architecture, result.loss)
        assert_corresponds(result, other, filters_of(result))
        for point in other:
            for theta in point.parameters:
                assert [len(w) for w in theta] == list(architecture.filters)
                distance = np.linalg.norm(end_to_end(architecture, theta) - point.filter)
                assert distance < 1e-13 * np.linalg.norm(point.filter)


@pytest.mark.parametrize(("filters", "strides"), [((2, 2), (1, 1)), ((3, 2), (1, 1)), ((2, 2, 2), (1, 1, 1))])
def test_merging_a_block_keeps_the_pure_points_and_drops_the_spurious_ones(filters, strides):
    result = solved(filters, strides)
    merged = critical_points(result.architecture.reduced, result.loss)
    assert merged.complete
    pure = [point.filter for point in result if point.pure]
    assert matched(pure, filters_of(merged))[1] < 1e-14
    np.testing.assert_allclose(merged[0].filter, result.loss.target, rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("filters", "strides"), [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1))])
def test_a_gram_matrix_of_condition_1e8_is_solved_completely_with_residuals_in_extended_precision(
    filters, strides, seed
):
    architecture = Architecture(filters, strides)
    size = architecture.filter_size
    rng = np.random.default_rng([seed, size])
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    gram = (basis * np.geomspace(1, 1e-8, size)) @ basis.T
    gram = (gram + gram.T) / 2
    assert 1e7 < np.linalg.cond(gram) < 1e9
    # Outputs like those of a noisy network of this shape: b comes from a filter of moderate size.
    loss = SquaredLoss(gram, gram @ rng.standard_normal(size))
    result = critical_points(architecture, loss)
    assert result.complete
    # Plain double precision would leave errors of 1e-8.
    bound = 1e-15 + 4e8 * float(np.finfo(np.longdouble).eps)
    for point in result.attained:
        for theta in point.parameters:
            assert relative_newton_step(architecture, loss, theta) < bound


def relative_newton_step(architecture, loss, theta):
    """The step of Newton's method with forty digits at θ, relative to θ, in the directions that change the filter."""
    with mpmath.workdps(40):
        layers = [[mpmath.mpf(v) for v in w.tolist()] for w in theta]
        places = [(layer, j) for layer, w in enumerate(layers) for j in range(len(w))]

        def filter_of(current):
            result, dilation = [mpmath.mpf(1)], 1
            for w, stride in zip(current, architecture.strides, strict=True):
                longer = [mpmath.mpf(0)] * (len(result) + (len(w) - 1) * dilation)
                for i, a in enumerate(result):
                    for j, v in enumerate(w):
                        longer[i + j * dilation] += a * v
                result, dilation = longer, dilation * stride
            return mpmath.matrix(result)

        def replaced(*changes):
            current = [list(w) for w in layers]
            for layer, j in changes:
                current[layer] = [mpmath.mpf(i == j) for i in range(len(layers[layer]))]
            return current

        gram, b = mpmath.matrix(loss.gram.tolist()), mpmath.matrix(loss.b.tolist())
        residual = gram * filter_of(layers) - b
        columns = [filter_of(replaced(place)) for place in places]
        size, scalings = len(places), len(layers) - 1
        system = mpmath.zeros(size + scalings, size + scalings)
        right = mpmath.zeros(size + scalings, 1)
        for m, place in enumerate(places):
            right[m] = -(columns[m].T * residual)[0]
            for n, other in enumerate(places):
                system[m, n] = (columns[m].T * gram * columns[n])[0]
                if place[0] != other[0]:
                    system[m, n] += (filter_of(replaced(place, other)).T * residual)[0]
            for k in range(scalings):
                weight = {0: 1, k + 1: -1}.get(place[0], 0)
                system[m, size + k] = system[size + k, m] = weight * layers[place[0]][place[1]]
        step = mpmath.lu_solve(system, right)[:size]
        return float(mpmath.norm(step) / mpmath.norm([v for w in layers for v in w]))
