"""Predictions are those of the network, layer by layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, CriticalPoint, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.losses.predictions import predictions
from tests.special_data import curve_of_minima

ARCHITECTURES = [Architecture((3, 2), (2, 1)), Architecture((2, 2, 2), (1, 2, 3)), Architecture((2,), (1,))]


def answers(arch, theta, X):
    """Layer by layer, as the definition says."""
    for w, stride in zip(theta, arch.strides, strict=True):
        count = (X.shape[1] - len(w)) // stride + 1
        X = np.stack([X[:, i * stride : i * stride + len(w)] @ w for i in range(count)], axis=1)
    return X


@given(st.integers(0, 10**6), st.sampled_from(ARCHITECTURES), st.integers(0, 12))
def test_the_network_and_its_end_to_end_filter_answer_alike(seed, arch, more):
    rng = np.random.default_rng(seed)
    theta = [rng.normal(size=k) for k in arch.filters]
    X = rng.normal(size=(3, arch.filter_size + more))
    np.testing.assert_allclose(predictions(arch, arch.mu(theta), X), answers(arch, theta, X), atol=1e-12)


def test_points_of_results_predict_and_the_loss_is_that_of_the_predictions(tmp_path):
    arch = ARCHITECTURES[0]
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(30, 7)), rng.normal(size=(30, 2))
    result = critical_points(arch, SquaredLoss.from_data(X, Y, arch))
    result.to_json(tmp_path / "result.json")
    for found in (result, CriticalPoints.from_json(tmp_path / "result.json")):
        for point in found:
            residual = point.predict(X) - Y
            assert (residual**2).sum() == pytest.approx(point.loss)
            assert residual.shape == Y.shape
            assert residual.dtype == (float if point.real else complex)
    best = result.global_minimum
    assert np.array_equal(best.predict(X[:, None]), best.predict(X.tolist()))
    np.testing.assert_allclose(best.predict(X), answers(arch, best.parameters[0], X), atol=1e-9)


def test_points_of_continua_predict_too():
    special = curve_of_minima()
    assert special.continua
    X = np.eye(special.architecture.filter_size)
    assert all(np.array_equal(p.predict(X)[:, 0], p.filter) for part in special.continua for p in part.points)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((3, 4)), r"^X: shape \(3, 4\); expected at least 5 values a sample"),
        (np.zeros(5), r"^X: shape \(5,\); expected two dimensions"),
        (np.zeros((2, 2, 5)), r"^X: shape \(2, 2, 5\); expected two dimensions"),
        ([[1, 2, 3, 4, float("nan")]], r"^X: entry \[0, 4\] is nan"),
        ([["a"] * 5], r"^X: not numeric"),
        (np.zeros((2, 5), complex), r"^X: complex"),
    ],
)
def test_unusable_inputs_are_named(X, message):
    point = critical_points(ARCHITECTURES[0], SquaredLoss.white([1.0, 2, 3, 4, 5]))[0]
    with pytest.raises(InputError, match=message):
        point.predict(X)


def test_a_point_of_no_result_says_so():
    with pytest.raises(InputError, match=r"^point: of no result"):
        CriticalPoint([1.0, 0, 0], real=True, loss=1.0, stratum=((1, 1),), pure=True).predict([[1, 2, 3]])
