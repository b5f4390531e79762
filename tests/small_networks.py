"""Networks by plain loops, straight from their definition, and random problems for them: the tests compare with these.

Nothing here uses the package's equations, forms or parameters.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from homotopy_lcn import Architecture, SquaredLoss, critical_points


class Problem(NamedTuple):
    """An architecture with data X (N, d_0), Y (N, d_L)."""

    architecture: Architecture
    X: np.ndarray
    Y: np.ndarray

    @property
    def loss(self):
        return SquaredLoss.from_data(self.X, self.Y, self.architecture)


@cache
def random_problem(filters, strides, seed=0):
    """Gaussian data with two output positions and enough samples for a Gram matrix of full rank."""
    architecture = Architecture(filters, strides)
    size = architecture.filter_size
    rng = np.random.default_rng([seed, *filters, *strides])
    X = rng.standard_normal((size + 1, size + architecture.stride))
    return Problem(architecture, X, rng.standard_normal((size + 1, 2)))


@cache
def solved(filters, strides, seed=0):
    """The critical points of a random problem."""
    problem = random_problem(filters, strides, seed)
    return critical_points(problem.architecture, problem.loss)


def run_network(architecture, theta, x):
    """The output of the network for one input, layer by layer."""
    for w, stride in zip(theta, architecture.strides, strict=True):
        outputs = (len(x) - len(w)) // stride + 1
        x = [sum(w[j] * x[i * stride + j] for j in range(len(w))) for i in range(outputs)]
    return x


def end_to_end(architecture, theta):
    """The end-to-end filter: the outputs for the unit vectors."""
    return np.array([run_network(architecture, theta, row)[0] for row in np.eye(architecture.filter_size)])


def network_loss(problem, theta):
    """Sum of the squared errors, without conjugation."""
    total = 0
    for x, y in zip(problem.X, problem.Y, strict=True):
        total += sum((f - v) ** 2 for f, v in zip(run_network(problem.architecture, theta, list(x)), y, strict=True))
    return total


def perturbed(theta, *moves):
    """θ with h added to entry j of layer l for each move (l, j, h)."""
    result = [list(w) for w in theta]
    for layer, j, h in moves:
        result[layer][j] += h
    return result


def entries(theta):
    return [(layer, j) for layer, w in enumerate(theta) for j in range(len(w))]


def step_of(theta):
    """A step for the differences below, of the size of θ."""
    return max(abs(value) for w in theta for value in w) / 2


def loss_gradient(problem, theta):
    """Central differences of the loss: exact up to rounding, as the loss is quadratic in each coordinate."""
    h = step_of(theta)
    return np.array(
        [
            (network_loss(problem, perturbed(theta, (*e, h))) - network_loss(problem, perturbed(theta, (*e, -h))))
            / (2 * h)
            for e in entries(theta)
        ]
    )


def loss_hessian(problem, theta):
    """Second differences of the loss, exact up to rounding for the same reason."""
    h = step_of(theta)
    places = entries(theta)
    middle = network_loss(problem, theta)
    hessian = np.empty((len(places), len(places)), dtype=type(middle))
    for (m, e), (n, f) in product(enumerate(places), repeat=2):
        if m == n:
            ends = [network_loss(problem, perturbed(theta, (*e, sign * h))) for sign in (1, -1)]
            hessian[m, m] = (ends[0] - 2 * middle + ends[1]) / h**2
        elif m < n:
            corners = [
                s * t * network_loss(problem, perturbed(theta, (*e, s * h), (*f, t * h)))
                for s, t in product((1, -1), repeat=2)
            ]
            hessian[m, n] = hessian[n, m] = sum(corners) / (4 * h**2)
    return hessian


def filters_of(result):
    """All critical filters as rows."""
    return np.array([point.filter for point in result])


def matched(left, right):
    """Pair the rows of two arrays to the least total distance.

    Returns
    -------
    order : for each row of ``left`` its partner in ``right``
    distance : the largest distance of partners, relative to their norm
    """
    left, right = np.asarray(left), np.asarray(right)
    assert left.shape == right.shape
    norms = np.linalg.norm(left, axis=1)
    distances = np.linalg.norm(left[:, None] - right[None], axis=2) / norms[:, None]
    rows, order = linear_sum_assignment(np.minimum(distances, 1.0))
    return order, float(distances[rows, order].max())
