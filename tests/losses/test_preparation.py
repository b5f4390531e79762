from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, certificate, critical_points
from homotopy_lcn import load_sunspots as sunspots
from homotopy_lcn.losses.preparation import Preparation

ARCHITECTURE = Architecture((3, 2), (2, 1))  # filter size 5, stride 2


def samples(seed, width=9):
    """Samples with means that are far from zero, in different units."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, width)) * rng.uniform(1, 10, width) + rng.normal(size=width) * 20
    return X, rng.normal(size=(30, (width - 5) // 2 + 1)) + 7


@given(st.integers(0, 10**6))
def test_the_loss_of_centred_columns_is_the_least_one_over_intercepts(seed):
    X, Y = samples(seed)
    w = np.random.default_rng(seed + 1).normal(size=5)
    outputs = np.stack([X[:, 2 * i : 2 * i + 5] @ w for i in range(Y.shape[1])], axis=1)
    least = (((Y - outputs) - (Y - outputs).mean(axis=0)) ** 2).sum()
    centred = SquaredLoss.from_data(X, Y, ARCHITECTURE, center=True)
    assert centred(w) == pytest.approx(least, rel=1e-9)
    assert centred(w) < SquaredLoss.from_data(X, Y, ARCHITECTURE)(w)


def test_standardized_columns_have_standard_deviation_one():
    X, Y = samples(0)
    loss = SquaredLoss.from_data(X, Y, ARCHITECTURE, standardize=True)
    prepared = loss.preparation
    for values, columns in (prepared.inputs(X), X), (prepared.outputs(Y), Y):
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(values.std(axis=0), 1, rtol=1e-12)
        assert values.shape == columns.shape
    assert loss == SquaredLoss.from_data(prepared.inputs(X), prepared.outputs(Y), ARCHITECTURE).with_preparation(
        prepared
    )
    np.testing.assert_allclose(prepared.original_outputs(prepared.outputs(Y)), Y, rtol=1e-12)
    assert X is not prepared.inputs(X)


def test_centring_commutes_with_shifts_and_standardizing_with_scales():
    X, Y = samples(1, 5)
    shifted = SquaredLoss.from_data(X + np.arange(5) * 100, Y - 40, ARCHITECTURE, center=True)
    np.testing.assert_allclose(shifted.gram, SquaredLoss.from_data(X, Y, ARCHITECTURE, center=True).gram, rtol=1e-9)
    scaled = SquaredLoss.from_data(X * 10.0 ** np.arange(5) * 1e-7, Y * 1e9, ARCHITECTURE, standardize=True)
    np.testing.assert_allclose(scaled.gram, SquaredLoss.from_data(X, Y, ARCHITECTURE, standardize=True).gram, atol=1e-9)


def test_a_constant_column_is_centred_to_zeros_and_not_standardized():
    X, Y = samples(2, 5)
    X[:, 3] = 0.1
    loss = SquaredLoss.from_data(X, Y, ARCHITECTURE, center=True)
    assert not loss.gram[3].any()
    assert not loss.preparation.inputs(X)[:, 3].any()
    with pytest.raises(InputError, match=r"^X: column 3 is constant, and has no standard deviation"):
        SquaredLoss.from_data(X, Y, ARCHITECTURE, standardize=True)
    X[::2, 3] = np.nextafter(0.1, 1)
    with pytest.raises(InputError, match=r"^X: column 3 is constant"):
        SquaredLoss.from_data(X, Y, ARCHITECTURE, standardize=True)


def test_one_sample_is_not_centred():
    with pytest.raises(InputError, match=r"^X: one sample, which centring turns into zeros"):
        SquaredLoss.from_data([[1, 2, 3, 4, 5]], [1], ARCHITECTURE, center=True)
    with pytest.raises(InputError, match=r"^values: is constant"):
        SquaredLoss.from_series(np.ones(20), ARCHITECTURE, standardize=True)


def test_the_structure_of_the_first_example_costs_almost_nothing_once_the_series_is_centred():
    """The numbers of the README."""
    free = Architecture((5,), (1,))

    def cost(**options):
        losses = [SquaredLoss.from_series(sunspots(), arch, **options) for arch in (ARCHITECTURE, free)]
        best = [
            critical_points(arch, loss).global_minimum.loss
            for arch, loss in zip((ARCHITECTURE, free), losses, strict=True)
        ]
        return best[0] / best[1] - 1

    assert round(100 * cost(), 1) == 9.6
    assert round(100 * cost(center=True), 3) == 0.003
    assert cost(standardize=True) == pytest.approx(cost(center=True), rel=1e-6)


def test_a_result_keeps_what_was_centred(tmp_path):
    X, Y = samples(3, 5)
    loss = SquaredLoss.from_data(X, Y, ARCHITECTURE, standardize=True)
    result = critical_points(ARCHITECTURE, loss)
    path = tmp_path / "result.json"
    result.to_json(path)
    again = CriticalPoints.from_json(path)
    assert again == result
    assert again.loss.preparation == loss.preparation
    assert loss.regularized(1.0).preparation == loss.preparation
    assert CriticalPoints.from_json(path).loss != SquaredLoss(loss.gram, loss.b, loss.constant)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"of": "rows"}, "preparation.of: 'rows' is unknown; expected columns or series"),
        ({"x_scale": [0.0] * 5}, "preparation.x_scale: not positive; expected standard deviations"),
        ({"y_scale": [1.0, 2.0]}, "preparation.y_scale: 2 entries; expected 1"),
        ({"x_mean": None}, "preparation.x_mean: None is not a list; expected a list"),
        ({"standardized": 1}, "preparation.standardized: 1; expected true or false"),
    ],
)
def test_the_file_of_a_result_is_checked(tmp_path, change, message):
    X, Y = samples(3, 5)
    path = tmp_path / "result.json"
    critical_points(ARCHITECTURE, SquaredLoss.from_data(X, Y, ARCHITECTURE, center=True)).to_json(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["loss"]["preparation"].update(change)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        CriticalPoints.from_json(path)
    assert message in str(caught.value)


def test_a_certificate_takes_the_samples_as_they_were_before():
    X, Y = samples(4, 5)
    result = critical_points(ARCHITECTURE, SquaredLoss.from_data(X, Y, ARCHITECTURE, center=True))
    assert certificate(result, samples=(X, Y[:, 0])).complete
    with pytest.raises(InputError, match="samples: their gram differs"):
        certificate(critical_points(ARCHITECTURE, SquaredLoss.from_data(X, Y, ARCHITECTURE)), samples=(X - 1, Y))


def test_preparations_say_what_they_mean():
    columns = Preparation("columns", False, (1.0,), (1.0,), (2.0,), (1.0,))
    assert columns.describe() == "each column of X and Y, by its mean"
    assert columns.describe_loss() == "that of a network with a free intercept at each output"
    assert "nearly" in Preparation("series", False, (1.0,), (1.0,), (1.0,), (1.0,)).describe_loss()


def test_shipped_sunspots():
    values = sunspots()
    assert values.shape == (309,)
    assert values.dtype == np.float64
    frame = sunspots(as_frame=True)
    assert list(frame.columns) == ["YEAR", "SUNACTIVITY"]
    assert (frame.YEAR.iloc[0], frame.YEAR.iloc[-1]) == (1700, 2008)
    np.testing.assert_array_equal(frame.SUNACTIVITY, values)
