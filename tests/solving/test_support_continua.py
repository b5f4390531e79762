"""Special data of networks of any supports: continua, infima that are not attained, filters at which dμ drops rank."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

import homotopy_lcn as hl
from homotopy_lcn.networks.parameters import compose, gradient, jacobian
from homotopy_lcn.solving.support_continua import tensor_network

CORNER = ((0, 0), (0, 1), (1, 0))
RANK_ONE = hl.Architecture(filters=((2, 1), (1, 2)), strides=(1, 1))
GAPS = hl.Architecture(supports=((0, 1, 3), (0, 1)))
CORNERS = hl.Architecture(supports=(CORNER, CORNER))


def loss_of(diagonal, b, constant):
    return hl.SquaredLoss(np.diag(np.array(diagonal, float)), np.array(b, float), float(constant))


def descended(network, loss, starts=25):
    """The losses at the ends of SciPy's least-squares solver, of singular Gram matrices, too."""
    rng, ends = np.random.default_rng(4), np.cumsum(network.layer_sizes)[:-1]
    values, vectors = np.linalg.eigh(loss.gram)
    root = (vectors * np.sqrt(np.clip(values, 0, None))).T
    target = np.linalg.pinv(root.T) @ loss.b
    found = [
        least_squares(
            lambda flat: root @ network.mu(np.split(flat, ends)) - target,
            rng.standard_normal(sum(network.layer_sizes)), max_nfev=400,
        ).cost for _ in range(starts)
    ]  # fmt: skip
    return 2 * np.array(found) - target @ target + loss.constant


def test_the_tensor_product_is_an_ordinary_network():
    assert tensor_network(CORNERS) == hl.Architecture((3, 3), (3, 3))
    assert tensor_network(hl.Architecture(filters=((1, 1), (1, 1)), strides=(1, 1))) == hl.Architecture((1,), (1,))


def test_a_circle_of_minima():
    loss = loss_of([1, 1, 1, 1], [1, 0, 0, 1], 2)
    result = hl.critical_points(RANK_ONE, loss)
    (circle,) = result.continua
    assert result.complete
    assert (circle.dimension, circle.real, circle.attained, circle.kind) == (1, True, True, "minimum")
    assert circle.loss == pytest.approx(1.0)
    assert result.infimum.attained
    for point in circle.points:
        for theta in point.parameters:
            alone = [layer[None] for layer in theta]
            np.testing.assert_allclose(compose(RANK_ONE, alone)[0], point.filter.real, atol=1e-9)
            assert max(np.abs(part).max() for part in gradient(RANK_ONE, alone, loss.gram, loss.b)) < 1e-8
    assert descended(RANK_ONE, loss).min() == pytest.approx(1.0)


def test_the_same_continua_as_the_ordinary_network_with_the_same_filters():
    """(2×2) of stride 2, then (2×2): matrices of rank one, their entries in another order."""
    network, ordinary = hl.Architecture(filters=((2, 2), (2, 1)), strides=(2, 1)), hl.Architecture((2, 4), (2, 1))
    order = np.zeros(8, int)
    order[[j + 2 * i for i in range(4) for j in range(2)]] = network.positions
    b = np.zeros(8)
    b[[0, 3]] = 1.0
    permuted = np.zeros(8)
    permuted[order] = b
    ours = hl.critical_points(network, hl.SquaredLoss(np.eye(8), permuted, 3.0))
    theirs = hl.critical_points(ordinary, hl.SquaredLoss(np.eye(8), b, 3.0))
    assert ours.complete
    assert theirs.complete
    assert len(ours) == len(theirs)
    assert len(ours.continua) == len(theirs.continua) > 0
    for one, other in zip(ours.continua, theirs.continua, strict=True):
        assert (one.dimension, one.real, one.attained, one.kind) == (
            other.dimension, other.real, other.attained, other.kind,
        )  # fmt: skip
        assert one.loss == pytest.approx(other.loss)


def test_an_infimum_that_is_not_attained():
    loss = loss_of([0, 1, 1, 1], [0, 1, 1, 0], 2)
    result = hl.critical_points(RANK_ONE, loss)
    assert result.complete
    assert result.infimum.attained is False
    assert result.infimum.value == pytest.approx(0.0, abs=1e-8)
    assert result.global_minimum is None
    assert min(point.loss for point in result.attained) > 0.1
    assert descended(RANK_ONE, loss).min() < 1e-2


@pytest.mark.parametrize(
    ("network", "loss"),
    [
        (RANK_ONE, loss_of([0, 1, 2, 3], [0, 1, 1, 1], 3)),
        (GAPS, loss_of([0, 1, 1, 1, 1], [0, 1, 1, 0, 1], 5)),
        (GAPS, loss_of([1, 1, 0, 1, 1], [1, 1, 0, -1, 1], 5)),
        (GAPS, loss_of([1, 1, 1, 1, 0], [1, 2, 0, 1, 0], 6)),
    ],
)
def test_an_infimum_that_is_attained_for_a_singular_gram_matrix(network, loss):
    result = hl.critical_points(network, loss)
    assert result.complete
    assert result.infimum.attained
    assert result.infimum.value == pytest.approx(descended(network, loss).min(), abs=1e-6)


def test_a_rank_that_drops_for_these_data_alone_is_no_contradiction():
    """x^0 = 1·1 is critical for white data, and dμ has rank 3 there, not 4."""
    result = hl.critical_points(GAPS, loss_of([1] * 5, [1, 0, 2, 0, 1], 6))
    assert result.contradictions == ()
    assert result.complete
    assert [point.smooth for point in result if np.abs(point.filter[1:]).max() < 1e-9] == [False]
    assert len(result) == 10


@pytest.mark.parametrize("name", ["result.json"])
def test_files_with_continua_are_read_back(tmp_path, name):
    result = hl.critical_points(RANK_ONE, loss_of([1, 1, 1, 1], [1, 0, 0, 1], 2))
    result.to_json(tmp_path / name)
    assert hl.CriticalPoints.from_json(tmp_path / name) == result


def test_eight_layers_six_of_which_are_numbers():
    """Layers of one coefficient change nothing but the balance of the parameters."""
    network = hl.Architecture(supports=((0, 1, 3), (0,), (0,), (0, 1), *((0,),) * 4))
    rng = np.random.default_rng(8)
    inputs = rng.standard_normal((20, network.filter_size))
    loss = hl.SquaredLoss(inputs.T @ inputs, inputs.T @ rng.standard_normal(20), 20.0)
    result, two = hl.critical_points(network, loss), hl.critical_points(GAPS, loss)
    assert result.complete
    assert len(result) == len(two) == 10
    for one, other in zip(result, two, strict=True):
        np.testing.assert_allclose(one.filter, other.filter, atol=1e-9)
    norms = [np.linalg.norm(layer) for layer in result.attained[0].parameters[0]]
    np.testing.assert_allclose(norms, norms[0])
    assert hl.certificate(result).complete


def with_kernel(network, theta, kernel, seed):
    """Data that the filter of θ fits, of a Gram matrix whose kernel is spanned by the columns of ``kernel``."""
    samples = np.random.default_rng(seed).standard_normal((30, network.filter_size))
    axes = np.linalg.qr(kernel)[0]
    samples -= samples @ axes @ axes.T
    answers = samples @ network.mu(theta)
    return hl.SquaredLoss(samples.T @ samples, samples.T @ answers, answers @ answers)


@pytest.mark.parametrize("seed", range(3))
def test_where_lines_of_critical_parameters_cross_no_filter_is_isolated(seed):
    """All Q (Q + t R) fit the data. Their parameters (Q, Q + t R) and (Q + t R, Q) are lines that cross at t = 0."""
    q, r = np.random.default_rng(seed).standard_normal((2, 3))
    loss = with_kernel(CORNERS, [q, q], CORNERS.mu([q, r])[:, None], seed)
    result = hl.critical_points(CORNERS, loss)
    assert result.complete
    assert all(point.nonsingular and abs(point.loss) > 1e-6 for point in result)
    (line,) = result.continua
    assert (line.dimension, line.real, line.attained, line.kind) == (1, True, True, "minimum")
    assert abs(line.loss) < 1e-9
    directions = np.array([CORNERS.mu([q, q]), CORNERS.mu([q, r])]).T
    for point in line.points:
        assert np.linalg.lstsq(directions, point.filter.real)[1][0] < 1e-16 * np.linalg.norm(point.filter) ** 2


@pytest.mark.parametrize(
    ("network", "kernels", "found", "multiplicity"),
    [(CORNERS, 1, 24, 6), (hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)), 2, 154, 18)],
)
def test_kernels_in_the_tangent_space_of_the_filter_that_fits(network, kernels, found, multiplicity):
    """Doubles tell 12 of the 18 ends at the filter of two boxes, extended precision the others."""
    rng = np.random.default_rng(0)
    theta = [rng.standard_normal(size) for size in network.layer_sizes]
    tangents = jacobian(network, [layer[None] for layer in theta])[0]
    loss = with_kernel(network, theta, tangents @ rng.standard_normal((tangents.shape[1], kernels)), 0)
    result = hl.critical_points(network, loss)
    assert (len(result), result.complete, result.continua) == (found, True, ())
    (singular,) = (point for point in result if not point.nonsingular)
    assert singular.multiplicity == multiplicity
    np.testing.assert_allclose(singular.filter, network.mu(theta), atol=1e-6)


@pytest.mark.parametrize("b", [None, [2, -3, -2, -2, -2, 2], [3, 1, -3, -3, -1, 0]])
def test_white_images_are_exactly_special_and_no_path_is_followed_in_many_digits(b, monkeypatch):
    """Eight of the 14 paths of (2×1)*(2×2) end at infinity, as the count of Macaulay2 says: six critical θ are left."""

    def fail(*_):
        raise AssertionError("a path is followed in many digits")

    monkeypatch.setattr("homotopy_lcn.solving.far_ends.PrecisePath", fail)
    network = hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1))
    target = np.random.default_rng(1).standard_normal(6) if b is None else b
    result = hl.critical_points(network, hl.SquaredLoss(3 * np.eye(6), target, 40.0))
    (row,) = result.strata
    assert (result.complete, row.found, row.at_infinity) == (True, 6, 8)
