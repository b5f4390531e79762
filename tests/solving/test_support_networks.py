"""Networks of any supports: every critical point, checked by SciPy, NumPy and PHCpack in the original parameters."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
from scipy.signal import convolve2d

import homotopy_lcn as hl
from homotopy_lcn.networks.counts import generic_count
from homotopy_lcn.networks.parameters import jacobian
from homotopy_lcn.results.pairs import ManyPoints
from homotopy_lcn.solving import support_networks
from homotopy_lcn.solving.tolerances import SOLVING
from tests.solving import support_witnesses as witnesses

CORNER = ((0, 0), (0, 1), (1, 0))
BOXES = {
    "(2×1)*(2×2)": hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1)),
    "(2×1)*(1×2)": hl.Architecture(filters=((2, 1), (1, 2)), strides=(1, 1)),
    "(2×2)*(2×2)": hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)),
    "(2×2)*(2×2), stride 2": hl.Architecture(filters=((2, 2), (2, 2)), strides=(2, 1)),
    "(2×1)*(2×1)*(2×2)": hl.Architecture(filters=((2, 1), (2, 1), (2, 2)), strides=(1, 1, 1)),
    "(2×1)*(2×1)*(1×2)*(1×2)": hl.Architecture(filters=((2, 1), (2, 1), (1, 2), (1, 2)), strides=(1,) * 4),
}
GAPS = {
    "L*L": hl.Architecture(supports=(CORNER, CORNER)),
    "{0,1,3}*{0,1}": hl.Architecture(supports=((0, 1, 3), (0, 1))),
    "{0,2}*{0,3}": hl.Architecture(supports=((0, 2), (0, 3))),
    "{0,2}*{0,2}": hl.Architecture(supports=((0, 2), (0, 2))),
    "L*1*L": hl.Architecture(supports=(CORNER, ((0, 0),), CORNER)),
}
NETWORKS = {**BOXES, **GAPS}


def random_loss(network, seed=0):
    rng = np.random.default_rng([seed, 7])
    inputs = rng.standard_normal((3 * network.filter_size, network.filter_size))
    outputs = rng.standard_normal(len(inputs))
    return hl.SquaredLoss(inputs.T @ inputs, inputs.T @ outputs, outputs @ outputs)


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def solved(request):
    network = NETWORKS[request.param]
    return network, hl.critical_points(network, random_loss(network))


def test_as_many_points_of_each_class_as_the_theory_says(solved):
    network, result = solved
    assert result.complete, result.gaps()
    found = {row.pattern: sum(point.stratum == row.pattern for point in result) for row in result.strata}
    assert found == {row.pattern: row.count for row in generic_count(network)}
    assert all(point.pure == (max(map(max, point.stratum)) == 1) for point in result)


def test_the_derivative_has_the_rank_of_the_class(solved):
    """The rank by NumPy is the dimension of the class: one more for each factor that is different."""
    network, result = solved
    if network.one_dimensional is not None:
        return  # as ordinary networks
    for point in result:
        rank = np.linalg.matrix_rank(jacobian(network, point.parameters[0]), tol=1e-8) if point.parameters else None
        distinct = 1
        for group, partition in zip(network.groups, point.stratum, strict=True):
            distinct += len(partition) * (1 if group.segment else group.degrees[0])
        assert rank is None or rank == distinct


DIAGONAL, ANTIDIAGONAL, ROW = ((0, 0), (1, 1)), ((0, 1), (1, 0)), ((0, 0), (0, 1))
TILTED = ((0, 0), (0, 1), (1, 1))


@pytest.mark.parametrize(
    "network",
    [
        hl.Architecture(supports=(DIAGONAL, DIAGONAL, CORNER)),
        hl.Architecture(supports=(DIAGONAL, ANTIDIAGONAL, ROW)),
        hl.Architecture(supports=(DIAGONAL, DIAGONAL, ANTIDIAGONAL, ANTIDIAGONAL)),
        hl.Architecture(supports=(CORNER, TILTED)),
        hl.Architecture(supports=(CORNER, CORNER, ROW)),
        hl.Architecture(supports=((0, 1, 3), (0, 1, 3))),
        hl.Architecture(supports=((0, 2, 4), (0, 2), (0, 1, 3))),
        hl.Architecture(filters=((3, 1), (2, 1), (1, 2)), strides=(1, 1, 1)),
        hl.Architecture(filters=((3, 1), (3, 1), (1, 2)), strides=(1, 1, 1)),
        hl.Architecture(filters=((2, 1, 1), (1, 2, 1), (1, 1, 2)), strides=(1, 1, 1)),
        hl.Architecture(filters=((1, 2, 2), (2, 1, 1), (2, 1, 1)), strides=(1, 1, 1)),
    ],
    ids=repr,
)
def test_the_classes_of_further_networks_are_found(network):
    result = hl.critical_points(network, random_loss(network))
    assert result.complete, result.gaps()
    found = {row.pattern: sum(point.stratum == row.pattern for point in result) for row in result.strata}
    assert found == {row.pattern: row.count for row in generic_count(network)}


def test_every_parameter_is_critical_by_difference_quotients(solved):
    network, result = solved
    loss = result.loss
    ends = np.cumsum(network.layer_sizes)[:-1]

    def value(flat):
        w = network.mu(np.split(flat, ends))
        return w @ loss.gram @ w - 2 * loss.b @ w

    for point in result.attained:
        for theta in point.parameters:
            flat = np.concatenate(theta)
            np.testing.assert_allclose(network.mu(theta), point.filter.real, atol=1e-9 * np.abs(flat).max() ** 2)
            steps = np.eye(len(flat)) * 1e-5 * np.abs(flat).max()
            slopes = [(value(flat + step) - value(flat - step)) / 2e-5 for step in steps]
            assert np.abs(slopes).max() <= 1e-6 * (1 + abs(loss.constant))


def test_complex_points_come_in_exact_pairs(solved):
    _, result = solved
    for point in result:
        if not point.real:
            other = result[point.conjugate]
            np.testing.assert_array_equal(other.filter, point.filter.conj())
            assert other.stratum == point.stratum
    assert result.contradictions == ()


def test_the_least_minimum_is_that_of_many_descents(solved):
    network, result = solved
    loss, rng = result.loss, np.random.default_rng(3)
    best = min(witnesses.descended(network, loss, rng) for _ in range(12))
    assert best == pytest.approx(result.global_minimum.loss, rel=1e-6)


def test_files_read_back_equal(solved, tmp_path):
    _, result = solved
    result.to_json(tmp_path / "result.json")
    again = hl.CriticalPoints.from_json(tmp_path / "result.json")
    assert again == result
    assert again.architecture == result.architecture
    assert len(result.to_frame()) == len(result)
    assert "critical filters for generic data (complete)" in str(result)
    assert "<table" in result._repr_html_()


@pytest.mark.parametrize("name", ["(2×1)*(2×2)", "(2×2)*(2×2)"])
def test_the_gradient_is_that_of_the_layers_of_scipy(name):
    """Real data: images, the network layer by layer with scipy.signal.convolve2d, difference quotients of the loss."""
    network = BOXES[name]
    rng = np.random.default_rng(5)
    images = rng.standard_normal((20, 6, 7))
    height, width = network.shape
    targets = rng.standard_normal((20, 7 - height, 8 - width))
    patches = np.lib.stride_tricks.sliding_window_view(images, network.shape, axis=(1, 2)).reshape(-1, height * width)
    values = targets.ravel()
    loss = hl.SquaredLoss(patches.T @ patches, patches.T @ values, values @ values)
    result = hl.critical_points(network, loss)
    assert result.complete
    ends = np.cumsum(network.layer_sizes)[:-1]

    def value(flat):
        total = 0.0
        for image, target in zip(images, targets, strict=True):
            for shape, layer in zip(network.filters, np.split(flat, ends), strict=True):
                image = convolve2d(image, layer.reshape(shape)[::-1, ::-1], mode="valid")
            total += ((image - target) ** 2).sum()
        return total

    for point in result.attained:
        flat = np.concatenate(point.parameters[0])
        assert value(flat) == pytest.approx(point.loss)
        slopes = [(value(flat + step) - value(flat - step)) / 2e-5 for step in np.eye(len(flat)) * 1e-5]
        assert np.abs(slopes).max() <= 1e-6 * point.loss


@pytest.mark.parametrize("name", ["(2×1)*(2×2)", "(2×1)*(1×2)", "{0,1,3}*{0,1}"])
def test_phcpack_solves_the_same_system_whole(name):
    """The system in the parameters, written out here, with every solution that PHCpack's blackbox solver finds."""
    network = NETWORKS[name]
    result = hl.critical_points(network, random_loss(network))
    filters = witnesses.solved_by_phcpack(network, result.loss)
    if filters is None:
        pytest.skip("PHCpack is not installed")
    distances = np.array([[np.abs(point.filter - w).max() for w in filters] for point in result])
    assert len(filters) == len(result) == generic_count(network).parameters
    assert distances.min(axis=1).max() < 1e-6
    assert distances.min(axis=0).max() < 1e-6


@pytest.mark.parametrize(
    ("supports", "ordinary"),
    [
        ({"filters": ((3, 1), (2, 1)), "strides": ((2, 1), (1, 1))}, hl.Architecture((3, 2), (2, 1))),
        ({"filters": ((1, 2), (1, 2), (1, 2)), "strides": (1, 1, 1)}, hl.Architecture((2, 2, 2), (1, 1, 1))),
        ({"filters": ((1, 2), (2, 1)), "strides": (1, 1)}, hl.Architecture((2, 2), (2, 1))),
        ({"supports": ((0, 1), (0, 2))}, hl.Architecture((2, 2), (2, 1))),
        ({"supports": ((0, 1, 2), (0, 1))}, hl.Architecture((3, 2), (1, 1))),
    ],
    ids=str,
)
def test_ordinary_networks_in_disguise_have_the_same_points_bit_for_bit(supports, ordinary, tmp_path):
    network = hl.Architecture(**supports)
    loss = random_loss(ordinary)
    result, expected = hl.critical_points(network, loss), hl.critical_points(ordinary, loss)
    assert result.architecture == network
    assert tuple(result.points) == tuple(expected.points)
    assert result.strata == expected.strata
    assert result.complete
    result.to_json(tmp_path / "result.json")
    assert hl.CriticalPoints.from_json(tmp_path / "result.json") == result
    many = hl.critical_points_of_many(network, [loss, loss])
    assert [tuple(one.points) for one in many] == [tuple(expected.points)] * 2
    assert many[0].architecture == network


def test_transposed_networks_have_the_transposed_points():
    network = hl.Architecture(filters=((2, 1), (2, 2)), strides=((1, 2), (1, 1)))
    turned = hl.Architecture(filters=((1, 2), (2, 2)), strides=((2, 1), (1, 1)))
    order = np.arange(network.filter_size).reshape(network.shape).T.ravel()
    loss = random_loss(network)
    other = hl.SquaredLoss(loss.gram[np.ix_(order, order)], loss.b[order], loss.constant)
    one, two = hl.critical_points(network, loss), hl.critical_points(turned, other)
    assert one.complete
    assert two.complete
    assert len(one) == len(two)
    distances = np.array([[np.abs(p.filter[order] - q.filter).max() for q in two] for p in one])
    assert distances.min(axis=1).max() < 1e-9
    assert one.counts == two.counts


def test_white_data_on_images_of_blocks_have_four_singular_vector_tuples():
    """(2×2) of stride 2, then (2×2): a 4 × 4 matrix of rank one, whose nearest ones are its singular pairs."""
    network = BOXES["(2×2)*(2×2), stride 2"]
    target = np.random.default_rng(1).standard_normal((4, 4))
    result = hl.critical_points(network, hl.SquaredLoss.white(target.ravel()))
    assert result.complete
    blocks = target.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    values = np.linalg.svd(blocks, compute_uv=False)
    losses = (target**2).sum() - values**2 if result.loss.constant else -(values**2)
    np.testing.assert_allclose([point.loss for point in result], np.sort(losses), atol=1e-9)
    assert len(result) == len(result.minima) + 3 == 4


def test_a_real_filter_of_two_complex_factors_is_in_the_closure_only():
    network = NETWORKS["L*L"]
    outside = [
        point
        for seed in range(4)
        for point in hl.critical_points(network, random_loss(network, seed)).real
        if not point.in_function_space
    ]
    assert outside
    for point in outside:
        assert (point.attained, point.interior, point.parameters, point.pure) == (False, None, (), True)
        symmetric = np.zeros((3, 3))  # w as a quadratic form in 1, y, x
        monomials = ((0, 0), (0, 1), (1, 0))
        for (i, a), (j, b) in product(enumerate(monomials), repeat=2):
            place = (a[0] + b[0], a[1] + b[1])
            symmetric[i, j] = point.filter.real.reshape(3, 3)[place] / (1 if i == j else 2)
        values = np.sort(np.linalg.eigvalsh(symmetric))
        assert values[0] * values[2] > 0 or abs(values[0]) < 1e-8 or abs(values[2]) < 1e-8  # definite, of rank two


def test_squares_are_singular_boundary_points_and_others_smooth():
    result = hl.critical_points(NETWORKS["L*L"], random_loss(NETWORKS["L*L"]))
    for point in result:
        assert point.smooth is point.pure
        if point.attained:
            assert point.interior is point.pure
            assert len(point.parameters) == (2 if point.pure else 1)


def test_the_closure_is_singular_where_two_branches_meet(tmp_path):
    """x = x·1 = 1·x has two parameters in {0, 1, 3}*{0, 1}, others have one."""
    network = NETWORKS["{0,1,3}*{0,1}"]
    samples = np.random.default_rng(0).standard_normal((15, 5))
    gram = samples.T @ samples
    result = hl.critical_points(network, hl.SquaredLoss(gram, gram[1], gram[1, 1]))
    best = result.global_minimum
    assert result.complete
    assert len(result) == 9
    np.testing.assert_allclose(best.filter, np.eye(5)[1], atol=1e-12)
    assert len(best.parameters) == 2
    assert (best.smooth, best.interior, best.multiplicity) == (False, None, 2)
    assert all(point.smooth for point in result if point is not best)
    assert hl.describe_filter(network, best.filter.real).smooth is False
    assert (result.strata[0].found, result.strata[0].singular, result.strata[0].missing) == (9, 1, 0)
    result.to_json(tmp_path / "result.json")
    assert hl.CriticalPoints.from_json(tmp_path / "result.json") == result


def test_a_singular_point_without_residual_is_a_minimum():
    network = NETWORKS["{0,1,3}*{0,1}"]
    samples = np.random.default_rng(0).standard_normal((15, 5))
    gram = samples.T @ samples
    result = hl.critical_points(network, hl.SquaredLoss(gram, gram[0], gram[0, 0]))
    best = result.global_minimum
    assert (result.complete, result.contradictions) == (True, ())
    assert (best.kinds, best.multiplicity, best.nonsingular) == (("minimum",), 3, False)
    assert result.counts.minima == 1
    np.testing.assert_allclose(best.filter, np.eye(5)[0], atol=1e-5)


@pytest.mark.parametrize("place", [0, 1])
def test_results_with_singular_points_of_several_classes_are_read_back(place, tmp_path):
    network = NETWORKS["L*L"]
    result = hl.critical_points(network, hl.SquaredLoss(np.eye(9), np.eye(9)[place], 1.0))
    assert any(not point.nonsingular for point in result)
    result.to_json(tmp_path / "result.json")
    assert hl.CriticalPoints.from_json(tmp_path / "result.json") == result


def test_few_samples_and_other_losses_are_refused():
    network = NETWORKS["L*L"]
    with pytest.raises(hl.InputError, match="loss: its Gram matrix has rank 4"):
        hl.critical_points(network, hl.SquaredLoss(np.diag([1.0, 1, 0, 1, 1, 0, 0, 0, 0]), np.zeros(9)))
    with pytest.raises(hl.InputError, match=r"expected 9, the end-to-end filter size of supports \{0.0,0.1,1.0\}"):
        hl.critical_points(network, hl.SquaredLoss.white(np.ones(4)))


def test_few_samples_are_enough_from_the_dimension_on():
    network = NETWORKS["L*L"]
    inputs = np.random.default_rng(2).standard_normal((network.dimension, network.filter_size))
    loss = hl.SquaredLoss(inputs.T @ inputs, inputs.T @ np.arange(1.0, 6.0), 55.0)
    result = hl.critical_points(network, loss)
    assert result.complete
    assert len(result) == generic_count(network).filters


def test_one_seed_gives_one_result_whatever_the_number_of_threads():
    network = NETWORKS["(2×1)*(2×2)"]
    loss = random_loss(network)
    first = hl.critical_points(network, loss, seed=4)
    assert first == hl.critical_points(network, loss, seed=4, jobs=2)
    many = hl.critical_points_of_many(network, [loss, random_loss(network, 1)], seed=4)
    assert many[0].points == first.points
    assert all(result.complete for result in many)


def test_a_solve_that_is_stopped_is_not_complete():
    network = NETWORKS["(2×2)*(2×2)"]
    result = hl.critical_points(network, random_loss(network), time_limit=1e-9)
    assert not result.complete
    assert result.stopped


@pytest.mark.parametrize("name", ["(2×2)*(2×2)", "L*L", "{0,1,3}*{0,1}"])
def test_a_result_in_columns_is_the_one_of_records(name, monkeypatch):
    network = NETWORKS[name]
    loss = random_loss(network, seed=4)
    records = hl.critical_points(network, loss)
    monkeypatch.setattr(support_networks, "SOLVING", replace(SOLVING, in_columns=1))
    columns = hl.critical_points(network, loss)
    assert isinstance(records.points, tuple)
    assert isinstance(columns.points, ManyPoints)
    for field in fields(records):
        if field.name not in ("points", "solved"):
            assert getattr(columns, field.name) == getattr(records, field.name)
    for one, other in zip(columns, records, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-13)
        assert replace(one, loss=other.loss) == other
    assert str(columns) == str(records)


def test_parameters_over_one_filter_are_not_kept_in_columns(monkeypatch):
    """White data on a square: filters over which there are more parameters than for generic data."""
    network = BOXES["(2×2)*(2×2)"]
    loss = hl.SquaredLoss.white(np.array([1.0, 2, 0, 2, 1, -1, 0, -1, 3]))
    records = hl.critical_points(network, loss)
    monkeypatch.setattr(support_networks, "SOLVING", replace(SOLVING, in_columns=1))
    again = hl.critical_points(network, loss)
    assert again.points == records.points
