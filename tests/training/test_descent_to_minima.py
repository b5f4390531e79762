"""Descent from random starts ends only in filters that the solver lists as minima; the best is the global minimum."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.linalg import qr
from scipy.optimize import minimize

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from tests import ROOT
from tests.small_networks import random_problem, solved

SUNSPOTS = ROOT / "data" / "sunspots.csv"
STARTS = 20


def compose(architecture, theta):
    result, dilation = np.ones(1), 1
    for w, stride in zip(theta, architecture.strides, strict=True):
        dilated = np.zeros((len(w) - 1) * dilation + 1)
        dilated[::dilation] = w
        result, dilation = np.convolve(result, dilated), dilation * stride
    return result


def split(architecture, vector):
    return np.split(vector, np.cumsum(architecture.filters)[:-1])


def loss_and_gradient(vector, architecture, factor, outputs):
    """‖R μ(θ) − z‖² and its gradient; ∂μ/∂w_l by the coefficient q is μ without w_l, shifted by q dilations."""
    theta = split(architecture, vector)
    error = factor @ compose(architecture, theta) - outputs
    slope = 2 * factor.T @ error
    gradient, dilation = [], 1
    for layer, (w, stride) in enumerate(zip(theta, architecture.strides, strict=True)):
        rest = compose(architecture, [*theta[:layer], np.ones(1), *theta[layer + 1 :]])
        gradient += [slope[shift:][: len(rest)] @ rest for shift in range(0, len(w) * dilation, dilation)]
        dilation *= stride
    return error @ error, np.array(gradient)


def descend(architecture, inputs, outputs, rng):
    """Where L-BFGS from random starts converges to a filter other than zero."""
    orthogonal, factor = qr(inputs, mode="economic")
    scale = np.abs(factor).max()
    arguments = (architecture, factor / scale, orthogonal.T @ outputs / scale)
    limit = 1e-8 * np.linalg.norm(arguments[2]) ** 2
    ends = []
    for _ in range(STARTS):
        # The method stalls when the loss no longer changes within rounding; a restart forgets the curvature.
        vector = rng.standard_normal(sum(architecture.filters))
        for _ in range(8):
            run = minimize(
                loss_and_gradient, vector, arguments, method="L-BFGS-B", jac=True,
                options={"maxiter": 2000, "maxfun": 4000, "ftol": 0, "gtol": limit / 2, "maxcor": 30},
            )  # fmt: skip
            vector, slope = run.x, np.abs(run.jac).max()
            if slope < limit:
                break
        w = compose(architecture, split(architecture, vector))
        if slope < limit and np.linalg.norm(w) > 1e-3:
            ends.append(w)
    return ends


def assert_ends_are_minima(result, inputs, outputs, rng):
    assert result.complete
    ends = descend(result.architecture, inputs, outputs, rng)
    assert len(ends) >= STARTS // 2
    known = np.array([point.filter.real for point in result.real])
    losses = []
    for w in ends:
        # Relative to the loss, so that flat directions count as little as they matter to descent.
        moves = (known - w) @ inputs.T
        distances = np.linalg.norm(moves, axis=1) / np.linalg.norm(inputs @ w)
        nearest = int(distances.argmin())
        assert distances[nearest] < 1e-5
        assert result.real[nearest].minimum
        losses.append(result.real[nearest].loss)
    best = result.global_minimum
    assert best is result.minima[0]
    assert min(losses) == best.loss


def sunspot_windows(size, horizon):
    with SUNSPOTS.open(newline="") as file:
        values = np.array([float(row["SUNACTIVITY"]) for row in csv.DictReader(file)])
    samples = len(values) - size - horizon + 1
    inputs = np.array([values[i : i + size] for i in range(samples)])
    return inputs, np.array([values[i + size + horizon - 1] for i in range(samples)])


@pytest.mark.parametrize(
    ("filters", "strides", "horizon"),
    [
        ((3, 2), (2, 1), 1),
        ((3, 2), (2, 1), 4),
        ((2, 2), (1, 1), 1),
        ((3, 2), (1, 1), 2),
        ((3, 3), (1, 1), 1),
        ((2, 2, 2), (1, 2, 1), 1),
        ((2, 2, 2), (2, 2, 1), 3),
    ],
)
def test_descent_on_the_sunspot_numbers_ends_in_listed_minima(filters, strides, horizon):
    architecture = Architecture(filters, strides)
    inputs, outputs = sunspot_windows(architecture.filter_size, horizon)
    result = critical_points(architecture, SquaredLoss.from_data(inputs, outputs[:, None], architecture))
    assert_ends_are_minima(result, inputs, outputs, np.random.default_rng(0))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("filters", "strides"), [((2, 2), (1, 1)), ((2, 2), (2, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1))]
)
def test_descent_on_random_data_ends_in_listed_minima(filters, strides, seed):
    problem = random_problem(filters, strides, seed)
    size, stride = problem.architecture.filter_size, problem.architecture.stride
    inputs = np.concatenate([problem.X[:, i * stride : i * stride + size] for i in range(problem.Y.shape[1])])
    outputs = problem.Y.T.ravel()
    assert_ends_are_minima(solved(filters, strides, seed), inputs, outputs, np.random.default_rng(seed))


def test_plain_gradient_descent_ends_in_listed_minima():
    problem, result = random_problem((3, 2), (2, 1)), solved((3, 2), (2, 1))
    loss, rng = problem.loss, np.random.default_rng(5)
    known = np.array([point.filter.real for point in result.real])
    starts = [rng.standard_normal(5) / 2 for _ in range(10)]
    arrived = set()
    factor = np.linalg.cholesky(loss.gram).T
    outputs = np.linalg.solve(factor.T, loss.b)
    for vector in starts:
        for _ in range(20_000):
            slope = loss_and_gradient(vector, problem.architecture, factor, outputs)[1]
            if np.linalg.norm(slope) < 1e-10:
                break
            vector = vector - 0.1 / np.linalg.norm(loss.gram, 2) * slope
        w = compose(problem.architecture, split(problem.architecture, vector))
        distances = np.linalg.norm(known - w, axis=1) / np.linalg.norm(w)
        assert distances.min() < 1e-6
        arrived.add(int(distances.argmin()))
    assert all(result.real[i].minimum for i in arrived)
