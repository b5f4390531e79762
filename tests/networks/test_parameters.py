from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.networks.parameters import balance, compose, gradient, hessian, jacobian, relative_gradient

seeds = st.integers(0, 2**32)
architectures = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4).map(
    lambda layers: Architecture(*zip(*layers, strict=True))
)


def integers(rng, *shape):
    return rng.integers(-3, 4, shape)


def integer_problem(arch, rng):
    theta = [integers(rng, k) for k in arch.filters]
    factor = integers(rng, arch.filter_size, arch.filter_size)
    return theta, factor + factor.T, integers(rng, arch.filter_size)


def end_to_end(arch, theta):
    """The filter of the composition: what the network answers to the unit vectors."""
    x = np.eye(arch.filter_size, dtype=np.result_type(*theta))
    for w, stride in zip(theta, arch.strides, strict=True):
        outputs = (len(x) - len(w)) // stride + 1
        x = np.array([sum(w[j] * x[i * stride + j] for j in range(len(w))) for i in range(outputs)])
    return x[0]


def loss(arch, theta, gram, b):
    w = end_to_end(arch, theta)
    return w @ gram @ w - 2 * b @ w


@given(architectures, seeds)
def test_compose_is_the_filter_of_the_network(arch, seed):
    rng = np.random.default_rng(seed)
    theta = [integers(rng, k) for k in arch.filters]
    np.testing.assert_array_equal(compose(arch, theta), end_to_end(arch, theta))


@given(architectures, seeds)
def test_gradient_is_the_central_difference_of_the_loss(arch, seed):
    """The loss is quadratic in each layer, so that central differences are exact; so are integers."""
    theta, gram, b = integer_problem(arch, np.random.default_rng(seed))
    for layer, part in enumerate(gradient(arch, theta, gram, b)):
        expected = []
        for unit in np.eye(arch.filters[layer], dtype=int):
            ahead, behind = (
                [w + sign * unit if i == layer else w for i, w in enumerate(theta)] for sign in (1, -1)
            )  # fmt: skip
            twice = loss(arch, ahead, gram, b) - loss(arch, behind, gram, b)
            expected.append(twice // 2)
            assert twice % 2 == 0
        np.testing.assert_array_equal(part, expected)


@given(architectures, seeds)
def test_stacks_are_treated_row_by_row(arch, seed):
    rng = np.random.default_rng(seed)
    _, gram, b = integer_problem(arch, rng)
    stack = [integers(rng, 3, k) for k in arch.filters]
    filters, parts = compose(arch, stack), gradient(arch, stack, gram, b)
    for n in range(3):
        theta = [w[n] for w in stack]
        np.testing.assert_array_equal(filters[n], compose(arch, theta))
        for part, expected in zip(parts, gradient(arch, theta, gram, b), strict=True):
            np.testing.assert_array_equal(part[n], expected)


def test_relative_gradient_measures_what_is_left_of_the_terms_that_cancel():
    arch = Architecture((3, 2), (2, 1))
    rng = np.random.default_rng(0)
    theta = [rng.standard_normal(k) for k in arch.filters]
    factor = rng.standard_normal((9, arch.filter_size))
    gram = factor.T @ factor
    b = gram @ compose(arch, theta)  # critical: no residual at all
    assert relative_gradient(arch, theta, gram, b) < 1e-16
    for size in (1e-3, 1e-6, 1e-9):
        moved = [theta[0] + size, theta[1]]
        assert 1e-4 * size < relative_gradient(arch, moved, gram, b) < size


@given(seeds, st.integers(-20, 20), st.integers(-20, 20))
def test_relative_gradient_does_not_depend_on_the_scale_of_the_data(seed, gram_exponent, b_exponent):
    arch = Architecture((2, 2, 2), (1, 2, 1))
    rng = np.random.default_rng(seed)
    theta = balance([rng.standard_normal(k) for k in arch.filters], np.array(1.0))
    factor = rng.standard_normal((arch.filter_size, arch.filter_size))
    gram, b = factor @ factor.T, rng.standard_normal(arch.filter_size)
    scaled = balance(theta, np.array(2.0 ** (b_exponent - gram_exponent)))
    expected = relative_gradient(arch, theta, gram, b)
    found = relative_gradient(arch, scaled, 2.0**gram_exponent * gram, 2.0**b_exponent * b)
    assert found == pytest.approx(float(expected), rel=1e-10)


@given(architectures, st.booleans(), seeds)
def test_balance_shares_the_norm_equally_and_scales_the_filter(arch, real, seed):
    rng = np.random.default_rng(seed)
    theta = [rng.standard_normal((5, k)) for k in arch.filters]
    scale = rng.standard_normal(5)
    if not real:
        theta = [w + 1j * rng.standard_normal(w.shape) for w in theta]
        scale = scale + 1j * rng.standard_normal(5)
    balanced = balance(theta, scale)
    assert all(np.isrealobj(w) == real for w in balanced)
    norms = np.linalg.norm(np.stack([np.linalg.norm(w, axis=1) for w in balanced]), axis=0) / np.sqrt(arch.depth)
    for w in balanced:
        np.testing.assert_allclose(np.linalg.norm(w, axis=1), norms, rtol=1e-12)
    expected = scale[:, None] * compose(arch, theta)
    size = np.abs(scale) * np.prod([np.abs(w).sum(axis=1) for w in theta], axis=0)  # of the terms that may cancel
    assert (np.abs(compose(arch, balanced) - expected) <= 1e-13 * size[:, None]).all()


@given(architectures, seeds)
def test_jacobian_is_the_difference_of_the_filter(arch, seed):
    """The filter is linear in each layer, so that differences are exact; so are integers."""
    theta = [integers(np.random.default_rng(seed), k) for k in arch.filters]
    columns = jacobian(arch, theta)
    assert columns.shape == (arch.filter_size, sum(arch.filters))
    moved = [
        [w + unit if i == layer else w for i, w in enumerate(theta)]
        for layer, k in enumerate(arch.filters)
        for unit in np.eye(k, dtype=int)
    ]
    np.testing.assert_array_equal(columns.T, [end_to_end(arch, near) - end_to_end(arch, theta) for near in moved])


@given(architectures, seeds)
def test_hessian_is_the_difference_of_the_gradient(arch, seed):
    """The gradient is quadratic in each layer, so that central differences are exact; so are integers."""
    theta, gram, b = integer_problem(arch, np.random.default_rng(seed))
    matrix = hessian(arch, theta, gram, b)
    rows = []
    for layer, k in enumerate(arch.filters):
        for unit in np.eye(k, dtype=int):
            near = ([w + sign * unit if i == layer else w for i, w in enumerate(theta)] for sign in (1, -1))
            ahead, behind = (np.concatenate(gradient(arch, moved, gram, b)) for moved in near)
            rows.append((ahead - behind) / 2)
    np.testing.assert_array_equal(matrix, rows)


def test_jacobian_and_hessian_of_a_stack_are_those_of_its_members():
    arch, rng = Architecture((2, 3, 2), (2, 1, 1)), np.random.default_rng(0)
    stack = [rng.normal(size=(4, k)) for k in arch.filters]
    gram, b = np.diag(rng.uniform(1, 2, arch.filter_size)), rng.normal(size=arch.filter_size)
    for row in range(4):
        theta = [w[row] for w in stack]
        np.testing.assert_allclose(jacobian(arch, stack)[row], jacobian(arch, theta), rtol=1e-14)
        np.testing.assert_allclose(hessian(arch, stack, gram, b)[row], hessian(arch, theta, gram, b), rtol=1e-12)


def test_mu_takes_one_theta_or_many():
    arch = Architecture((3, 2), (2, 1))
    one, other = [[1, 0, -1], [1, 2]], [np.array([2.0, 1, 0]), np.array([1j, 1])]
    both = [np.array([u, v]) for u, v in zip(one, other, strict=True)]
    assert arch.mu(one).tolist() == [1, 0, 1, 0, -2]
    assert arch.mu(one).dtype == float
    assert np.array_equal(arch.mu(both), [arch.mu(one), arch.mu(other)])
    assert np.array_equal(arch.mu([both[0], one[1]])[1], arch.mu([both[0][1], one[1]]))


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ([[1, 2, 3]], r"^theta: 1 layers given; expected 2 layers of sizes \(3, 2\)"),
        (5, r"^theta: int given"),
        ([[1, 2, 3], [1, 2, 3]], r"^theta\[1\]: shape \(3,\); expected \(..., 2\)"),
        ([[1, 2, 3], 1.0], r"^theta\[1\]: shape \(\)"),
        ([[1, 2, np.nan], [1, 2]], r"^theta\[0\]: not finite numbers"),
        ([["a", "b", "c"], [1, 2]], r"^theta\[0\]: not finite numbers"),
        ([[[1, 2, 3], [1]], [1, 2]], r"^theta\[0\]: its rows differ"),
        ([np.ones((2, 3)), np.ones((3, 2))], r"^theta: shapes \(2, 3\), \(3, 2\)"),
    ],
)
def test_mu_names_the_layer_that_cannot_be_used(theta, message):
    with pytest.raises(InputError, match=message):
        Architecture((3, 2), (2, 1)).mu(theta)
