from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d

import homotopy_lcn as hl
from homotopy_lcn.losses import image_samples
from homotopy_lcn.losses.predictions import predictions

NETWORK = hl.Architecture(filters=((2, 2), (2, 1)), strides=((2, 1), (1, 3)))
GAPS = hl.Architecture(supports=((0, 1, 3), (0, 1)), strides=(2, 1))


def theta_of(network, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(size) for size in network.layer_sizes]


def forward(image, theta):
    for shape, stride, layer in zip(NETWORK.filters, NETWORK.strides, theta, strict=True):
        image = convolve2d(image, layer.reshape(shape)[::-1, ::-1], mode="valid")[:: stride[0], :: stride[1]]
    return image


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((6, 10, 9))
    return X, rng.standard_normal((6, *forward(X[0], theta_of(NETWORK)).shape))


def test_the_loss_is_that_of_the_network_layer_by_layer(images):
    X, Y = images
    loss = hl.SquaredLoss.from_data(X, Y, NETWORK)
    for seed in range(3):
        theta = theta_of(NETWORK, seed)
        errors = sum(((forward(x, theta) - y) ** 2).sum() for x, y in zip(X, Y, strict=True))
        assert loss(NETWORK.mu(theta)) == pytest.approx(errors)


def test_predictions_are_those_of_the_network_layer_by_layer(images):
    X, _ = images
    theta = theta_of(NETWORK)
    expected = np.array([forward(x, theta) for x in X])
    np.testing.assert_allclose(predictions(NETWORK, NETWORK.mu(theta), X), expected, atol=1e-13)
    np.testing.assert_allclose(predictions(NETWORK, NETWORK.mu(theta), X[:, None]), expected, atol=1e-13)
    with pytest.raises(hl.InputError, match="X: samples of shape 2×9; expected at least 4×2"):
        predictions(NETWORK, NETWORK.mu(theta), X[:, :2])


@pytest.mark.parametrize("entries", [1, 20, 200, 1000])
def test_sums_over_small_slices_are_the_sums(images, monkeypatch, entries):
    X, Y = images
    whole = hl.SquaredLoss.from_data(X, Y, NETWORK)
    monkeypatch.setattr(image_samples, "CHUNK_ENTRIES", entries)
    sizes = [patches.size for patches, _ in image_samples.patches_of_samples(X, Y, NETWORK)]
    assert max(sizes) <= max(entries, NETWORK.filter_size)
    sliced = hl.SquaredLoss.from_data(X, Y, NETWORK)
    np.testing.assert_allclose(sliced.gram, whole.gram, atol=1e-12)
    np.testing.assert_allclose(sliced.b, whole.b, atol=1e-12)
    assert sliced.constant == pytest.approx(whole.constant)


def test_channels_and_single_outputs_are_other_ways_to_give_the_same(images):
    X, Y = images
    loss = hl.SquaredLoss.from_data(X, Y, NETWORK)
    assert hl.SquaredLoss.from_data(X[:, None], Y[:, None], NETWORK) == loss
    assert hl.SquaredLoss.from_data(X.tolist(), Y.tolist(), NETWORK) == loss
    small = X[:, :4, :2]
    single = hl.SquaredLoss.from_data(small, Y[:, 0, 0], NETWORK)
    for shape in ((6, 1), (6, 1, 1), (6, 1, 1, 1)):
        assert hl.SquaredLoss.from_data(small, Y[:, 0, 0].reshape(shape), NETWORK) == single


def test_supports_with_gaps_take_rows(images):
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((5, 12)), rng.standard_normal((5, 4))
    loss = hl.SquaredLoss.from_data(X, Y, GAPS)
    theta = theta_of(GAPS)
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        first = np.array([theta[0] @ x[[i, i + 1, i + 3]] for i in range(0, 9, 2)])
        second = np.array([theta[1] @ first[i : i + 2] for i in range(4)])
        total += ((second - y) ** 2).sum()
    assert loss(GAPS.mu(theta)) == pytest.approx(total)


def test_centred_images_are_the_loss_over_all_intercepts(images):
    X, Y = images
    loss = hl.SquaredLoss.from_data(X, Y, NETWORK, center=True)
    expected = hl.SquaredLoss.from_data(X - X.mean(axis=0), Y - Y.mean(axis=0), NETWORK)
    np.testing.assert_allclose(loss.gram, expected.gram, atol=1e-12)
    np.testing.assert_allclose(loss.b, expected.b, atol=1e-12)
    assert loss.preparation is not None
    assert len(loss.preparation.x_mean) == X[0].size


def test_a_series_is_for_networks_of_one_dimension():
    loss = hl.SquaredLoss.from_series(hl.load_sunspots(), GAPS)
    assert loss == hl.SquaredLoss.from_series(hl.load_sunspots(), hl.Architecture((GAPS.filter_size,), (1,)))
    with pytest.raises(hl.InputError, match=r"values: a series for k = .*; expected a network of one dimension"):
        hl.SquaredLoss.from_series(hl.load_sunspots(), NETWORK)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        ((6, 10), (6, 4, 3), r"X: shape \(6, 10\); expected \(samples, height, width\), or one channel"),
        ((6, 3, 10, 9), (6, 4, 3), r"X: shape \(6, 3, 10, 9\); expected \(samples, height, width\)"),
        ((6, 3, 9), (6, 4, 3), "X: samples of shape 3×9; expected at least 4×2, the shape of the end-to-end filter"),
        ((6, 10, 9), (6, 4, 4), "Y: samples of shape 4×4; expected 4×3 for X of shape 10×9"),
        ((6, 10, 9), (5, 4, 3), "Y: 5 samples; expected 6, as many as X has"),
        ((0, 10, 9), (0, 4, 3), "X: empty"),
    ],
)
def test_samples_that_do_not_fit_are_refused(X, Y, message):
    with pytest.raises(hl.InputError, match=message) as error:
        hl.SquaredLoss.from_data(np.zeros(X), np.zeros(Y), NETWORK)
    assert "\n" not in str(error.value)


def test_entries_that_are_not_finite_are_refused_with_their_place(images):
    X, Y = images
    broken = X.copy()
    broken[3, 9, 8] = np.nan
    with pytest.raises(hl.InputError, match=r"X: entry \[3, 9, 8\] is nan; expected finite numbers"):
        hl.SquaredLoss.from_data(broken, Y, NETWORK)
    with pytest.raises(hl.InputError, match=r"X: largest entry 1.0e-100, powers of which underflow"):
        hl.SquaredLoss.from_data(np.full_like(X, 1e-100), Y, NETWORK)


def test_random_data_are_images():
    from homotopy_lcn.losses.random_data import random_gaussian

    data = random_gaussian(NETWORK, np.random.default_rng(0))
    assert data.arrays[0].shape == (32, 4, 2)
    assert data.description == "Gaussian data: 32 samples, 4×2 → 1 values"
    assert data.loss.rank == 8
