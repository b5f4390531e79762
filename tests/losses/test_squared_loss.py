from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import homotopy_lcn.losses.squared_loss
from homotopy_lcn import Architecture, InputError, SquaredLoss

ARCHITECTURE = Architecture((3, 2), (2, 1))  # filter size 5, stride 2


def forward(architecture, theta, x):
    """The network on one sample, by plain loops over its layers."""
    for filter_, stride in zip(theta, architecture.strides, strict=True):
        outputs = (len(x) - len(filter_)) // stride + 1
        x = [sum(filter_[j] * x[i * stride + j] for j in range(len(filter_))) for i in range(outputs)]
    return x


def end_to_end(architecture, theta):
    """Dilate each filter by its dilation and convolve all."""
    w = np.ones(1)
    for filter_, dilation in zip(theta, architecture.dilations, strict=True):
        dilated = np.zeros((len(filter_) - 1) * dilation + 1)
        dilated[::dilation] = filter_
        w = np.convolve(w, dilated)
    return w


def network_loss(architecture, theta, X, Y):
    return sum(
        (a - b) ** 2 for x, y in zip(X, Y, strict=True) for a, b in zip(forward(architecture, theta, x), y, strict=True)
    )


def data(architecture, rng, samples=4, width=2, unused=0):
    inputs = architecture.filter_size + architecture.stride * (width - 1) + unused
    return rng.standard_normal((samples, inputs)), rng.standard_normal((samples, width))


def random_psd(rng, size, rank):
    factor = rng.standard_normal((size, rank))
    return factor @ factor.T


@st.composite
def problems(draw):
    layers = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=3))
    architecture = Architecture(*zip(*layers, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    unused = draw(st.integers(0, architecture.stride - 1))
    X, Y = data(architecture, rng, draw(st.integers(1, 4)), draw(st.integers(1, 3)), unused)
    return architecture, X, Y, [rng.standard_normal(k) for k in architecture.filters]


@settings(deadline=None)
@given(problems())
def test_equals_the_loss_of_the_network(problem):
    architecture, X, Y, theta = problem
    loss = SquaredLoss.from_data(X, Y, architecture)
    assert loss.filter_size == architecture.filter_size
    assert loss(end_to_end(architecture, theta)) == pytest.approx(network_loss(architecture, theta, X, Y), rel=1e-9)


@settings(deadline=None)
@given(problems())
def test_gram_matrix_and_moment_vector_by_their_definition(problem):
    architecture, X, Y, _ = problem
    size, stride = architecture.filter_size, architecture.stride
    gram, b = np.zeros((size, size)), np.zeros(size)
    for x, y in zip(X, Y, strict=True):
        for i, value in enumerate(y):
            patch = x[i * stride : i * stride + size]
            gram += np.outer(patch, patch)
            b += patch * value
    loss = SquaredLoss.from_data(X, Y, architecture)
    np.testing.assert_allclose(loss.gram, gram, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(loss.b, b, rtol=1e-12, atol=1e-12)
    assert loss.constant == pytest.approx((Y**2).sum(), rel=1e-12)
    assert loss.rank == np.linalg.matrix_rank(gram, hermitian=True, tol=1e-12 * np.linalg.norm(gram, 2))


@settings(deadline=None)
@given(problems())
def test_target_minimizes_and_has_least_norm(problem):
    architecture, X, Y, _ = problem
    loss = SquaredLoss.from_data(X, Y, architecture)
    patches = np.lib.stride_tricks.sliding_window_view(X, architecture.filter_size, axis=1)[:, :: architecture.stride]
    patches = patches[:, : Y.shape[1]].reshape(-1, architecture.filter_size)
    singular_values = np.linalg.svd(patches, compute_uv=False)
    condition = singular_values[0] / singular_values[loss.rank - 1]
    assume(condition < 1e3)
    expected, *_ = np.linalg.lstsq(patches, Y.ravel(), rcond=1e-6)
    error = np.linalg.norm(loss.target - expected)
    assert error <= 1e-13 * condition**2 * np.linalg.norm(Y) / singular_values[loss.rank - 1]


@pytest.mark.parametrize("entries", [1, 7, 40, 1000])
@pytest.mark.parametrize("stride", [1, 3, 7])
def test_chunks_of_any_size_give_the_same_sums(monkeypatch, entries, stride):
    architecture = Architecture((4,), (stride,))
    X, Y = data(architecture, np.random.default_rng(0), samples=9, width=6, unused=stride - 1)
    whole = SquaredLoss.from_data(X, Y, architecture)
    monkeypatch.setattr(homotopy_lcn.losses.samples, "CHUNK_ENTRIES", entries)
    sliced = SquaredLoss.from_data(X, Y, architecture)
    np.testing.assert_allclose(sliced.gram, whole.gram, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sliced.b, whole.b, rtol=1e-12, atol=1e-12)
    assert sliced.constant == pytest.approx(whole.constant, rel=1e-12)


@pytest.mark.parametrize("entries", [1, 7, 40, 1000])
@pytest.mark.parametrize(("row", "column"), [(0, 0), (5, 3), (8, 18), (8, 20)])
def test_the_place_of_a_nan_does_not_depend_on_the_chunks(monkeypatch, entries, row, column):
    architecture = Architecture((4,), (3,))
    X, Y = data(architecture, np.random.default_rng(0), samples=9, width=6, unused=2)
    monkeypatch.setattr(homotopy_lcn.losses.samples, "CHUNK_ENTRIES", entries)
    X[row, column] = np.nan
    with pytest.raises(InputError, match=rf"^X: entry \[{row}, {column}\] is nan; expected finite numbers$"):
        SquaredLoss.from_data(X, Y, architecture)
    X[row, column] = 0
    Y[7, 4] = -np.inf
    with pytest.raises(InputError, match=r"^Y: entry \[7, 4\] is -inf; expected finite numbers$"):
        SquaredLoss.from_data(X, Y, architecture)


def test_memory_does_not_grow_with_the_samples(monkeypatch):
    architecture = Architecture((4,), (1,))
    held = []
    finite = homotopy_lcn.losses.squared_loss.finite

    def watched(name, array, *start):
        held.append(array.size)
        return finite(name, array, *start)

    monkeypatch.setattr(homotopy_lcn.losses.squared_loss, "finite", watched)
    monkeypatch.setattr(homotopy_lcn.losses.samples, "CHUNK_ENTRIES", 4000)
    X = np.broadcast_to(np.arange(30, dtype=np.int8), (10**5, 30))
    loss = SquaredLoss.from_data(X, np.ones((10**5, 27)), architecture)
    assert loss.gram[0, 0] == 10**5 * sum(i * i for i in range(27))
    assert max(held) <= 4000


@given(st.integers(1, 5), st.integers(0, 2**32), st.sampled_from([(), (1,), (3,), (2, 3)]))
def test_value_and_gradient_of_real_and_complex_filters(size, seed, shape):
    rng = np.random.default_rng(seed)
    gram = random_psd(rng, size, size)
    b = gram @ rng.standard_normal(size)
    loss = SquaredLoss(gram, b, 1.5)
    for w in (
        rng.standard_normal((*shape, size)),
        rng.standard_normal((*shape, size)) + 1j * rng.standard_normal((*shape, size)),
    ):
        values, gradients = loss(w), loss.gradient(w)
        assert values.shape == shape
        assert gradients.shape == w.shape
        assert values.dtype == gradients.dtype == w.dtype
        for index in np.ndindex(*shape):
            v = w[index]
            expected = sum(gram[i, j] * v[i] * v[j] for i in range(size) for j in range(size)) - 2 * sum(b * v) + 1.5
            assert values[index] == pytest.approx(expected, rel=1e-9, abs=1e-9)
            np.testing.assert_allclose(gradients[index], 2 * (gram @ v - b), rtol=1e-9, atol=1e-9)


def test_gradient_is_the_derivative():
    rng = np.random.default_rng(0)
    loss = SquaredLoss.from_data(*data(ARCHITECTURE, rng), ARCHITECTURE)
    w, step = rng.standard_normal(5), 1e-4
    # Central differences are exact for a quadratic function.
    difference = [(loss(w + step * e) - loss(w - step * e)) / (2 * step) for e in np.eye(5)]
    np.testing.assert_allclose(loss.gradient(w), difference, rtol=1e-8)


def test_filters_may_be_lists_of_integers():
    loss = SquaredLoss.white([1, 2])
    assert loss([1, 1]) == 1
    assert loss([[1, 2], [0, 0]]).tolist() == [0, 5]
    assert loss.gradient([1, 1]).tolist() == [0, -2]


@pytest.mark.parametrize("w", [[1, 2, 3], 1.0, [["1", "2"]], [], np.ones((2, 3))])
def test_filters_of_another_size(w):
    with pytest.raises(InputError, match=r"^w: shape .*; expected numbers of shape \(\.\.\., 2\)$"):
        SquaredLoss.white([1, 2])(w)
    with pytest.raises(InputError, match=r"^w: shape .*; expected numbers of shape \(\.\.\., 2\)$"):
        SquaredLoss.white([1, 2]).gradient(w)


def test_white():
    loss = SquaredLoss.white([3, -4])
    np.testing.assert_array_equal(loss.gram, np.eye(2))
    np.testing.assert_array_equal(loss.b, [3, -4])
    np.testing.assert_array_equal(loss.target, [3, -4])
    assert (loss.constant, loss.rank, loss([3, -4])) == (25, 2, 0)


def test_arrays_are_read_only_copies_in_double_precision():
    gram, b = np.eye(2, dtype=np.float32), np.array([1, 2])
    loss = SquaredLoss(gram, b)
    for array in (loss.gram, loss.b, loss.target):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    gram[0, 0] = b[0] = 7
    assert loss.gram[0, 0] == loss.b[0] == 1
    assert type(loss.constant) is float
    with pytest.raises(AttributeError):
        loss.constant = 1.0


def test_survives_pickling_and_its_own_arrays():
    loss = SquaredLoss.from_data(*data(ARCHITECTURE, np.random.default_rng(0)), ARCHITECTURE)
    for again in (pickle.loads(pickle.dumps(loss)), SquaredLoss(loss.gram, loss.b, loss.constant)):
        np.testing.assert_array_equal(again.gram, loss.gram)
        np.testing.assert_array_equal(again.b, loss.b)
        assert (again.constant, again.rank) == (loss.constant, loss.rank)


def test_data_of_any_numeric_kind():
    X, Y = np.arange(20).reshape(2, 10) % 7, np.array([[1, 0, 1], [0, 1, 1]])
    expected = SquaredLoss.from_data(X.astype(float), Y.astype(float), ARCHITECTURE)
    kinds = [
        (X.tolist(), Y.tolist()),
        (X.astype(np.float32), Y.astype(bool)),
        (X.astype(np.uint8), Y.astype(np.int8)),
        (pd.DataFrame(X), pd.DataFrame(Y).astype(np.float32)),
        (pd.DataFrame(X).astype("Int64"), pd.DataFrame(Y)),
        (np.array(X, dtype=object), [[Fraction(value) for value in row] for row in Y.tolist()]),
        (np.asfortranarray(X), np.ma.array(Y, mask=False)),
        (np.repeat(X, 2, axis=1)[:, ::2], Y[::-1][::-1]),
    ]
    for x, y in kinds:
        loss = SquaredLoss.from_data(x, y, ARCHITECTURE)
        np.testing.assert_array_equal(loss.gram, expected.gram)
        np.testing.assert_array_equal(loss.b, expected.b)
        assert loss.constant == expected.constant == 4


def test_small_integers_do_not_overflow():
    loss = SquaredLoss.from_data(
        np.full((3, 2), 127, dtype=np.int8), np.full((3, 2), 127, dtype=np.int8), Architecture((1,), (1,))
    )
    assert (loss.gram[0, 0], loss.b[0], loss.constant) == (6 * 127**2,) * 3


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_scaled_and_badly_conditioned_gram_matrices(scale):
    rng = np.random.default_rng(0)
    rotation, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    gram = scale * (rotation * np.logspace(0, -8, 5)) @ rotation.T
    target = rng.standard_normal(5)
    loss = SquaredLoss(gram, gram @ target)
    assert loss.rank == 5
    np.testing.assert_allclose(loss.target, target, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("rank", [0, 1, 3, 4])
def test_singular_gram_matrices(scale, rank):
    rng = np.random.default_rng(rank)
    gram = scale * random_psd(rng, 5, rank)
    gram -= 1e-16 * np.trace(gram) * np.eye(5)
    assert np.linalg.eigvalsh(gram)[0] < 0 or rank == 0
    filter_ = rng.standard_normal(5)
    loss = SquaredLoss(gram, gram @ filter_)
    assert loss.rank == rank
    np.testing.assert_allclose(loss.gram @ loss.target, loss.b, rtol=1e-8, atol=1e-12 * scale)
    # Of least norm: orthogonal to the kernel.
    kernel = np.linalg.eigh(gram)[1][:, : 5 - rank]
    np.testing.assert_allclose(kernel.T @ loss.target, 0, atol=1e-9)


def test_gram_matrix_summed_in_single_precision():
    rng = np.random.default_rng(0)
    patches = rng.standard_normal((3, 5)).astype(np.float32)
    gram = sum((np.outer(patch, patch) for patch in patches), np.zeros((5, 5), dtype=np.float32))
    assert gram.dtype == np.float32
    assert SquaredLoss(gram, gram @ patches[0]).rank == 3


def test_asymmetry_of_rounding_size_is_averaged():
    loss = SquaredLoss([[2, 1 + 1e-9], [1, 2]], [0, 0])
    assert loss.gram[0, 1] == loss.gram[1, 0] == pytest.approx(1 + 5e-10, abs=1e-15)


def test_data_with_too_few_samples_or_constant_inputs_are_accepted():
    rng = np.random.default_rng(0)
    X, Y = data(ARCHITECTURE, rng, samples=1, width=1)
    assert SquaredLoss.from_data(X, Y, ARCHITECTURE).rank == 1
    assert SquaredLoss.from_data(np.ones((50, 11)), rng.standard_normal((50, 4)), ARCHITECTURE).rank == 1
    ramp = np.arange(1e6, 1e6 + 11) + np.arange(50)[:, None]
    assert SquaredLoss.from_data(ramp, rng.standard_normal((50, 4)), ARCHITECTURE).rank in {1, 2}
    assert SquaredLoss.from_data(np.zeros((3, 5)), np.zeros((3, 1)), ARCHITECTURE).rank == 0


@pytest.mark.parametrize(
    ("x_shape", "y_shape", "message"),
    [
        (
            (4, 3),
            (4, 1),
            "X: width 3; expected 5 to 6 for filter size 5 and stride 2, as Y has width 1",
        ),
        (
            (4, 7),
            (4, 1),
            "X, Y: widths 7 and 1; expected X of width 5 to 6, or Y of width 2, for filter size 5 and stride 2",
        ),
        (
            (4, 6),
            (4, 3),
            "X, Y: widths 6 and 3; expected X of width 9 to 10, or Y of width 1, for filter size 5 and stride 2",
        ),
        ((4, 5), (3, 1), "Y: 3 samples; expected 4, as many as X has"),
        ((0, 5), (0, 1), "X: empty, shape (0, 5); expected at least one sample and one column"),
        ((4, 0), (4, 1), "X: empty, shape (4, 0); expected at least one sample and one column"),
        ((4, 5), (4, 0), "Y: empty, shape (4, 0); expected at least one sample and one column"),
        (
            (5,),
            (1, 1),
            "X: shape (5,); expected two dimensions, (samples, width): X[None] is one sample of this width, X[:, None] "
            "are samples of width 1",
        ),
        (
            (4, 5, 1),
            (4, 1),
            "X: shape (4, 5, 1); expected two dimensions, (samples, width), or one channel as (samples, 1, width): "
            "X[:, :, 0] drops the last axis",
        ),
        (
            (4, 3, 5),
            (4, 1),
            "X: shape (4, 3, 5); expected two dimensions, (samples, width), or one channel as (samples, 1, width), but "
            "X has 3 channels",
        ),
        ((5, 4), (4, 1), "Y: 4 samples; expected 5, as many as X has (samples are rows: X.T fits)"),
        ((4, 5), (1, 4), "Y: 1 samples; expected 4, as many as X has (samples are rows: Y.T fits)"),
        (
            (7, 3),
            (2, 3),
            "Y: 2 samples; expected 7, as many as X has (samples are rows: X.T and Y.T fit)",
        ),
        ((), (4, 1), "X: shape (); expected two dimensions, (samples, width)"),
    ],
)
def test_wrong_shapes_of_data(x_shape, y_shape, message):
    with pytest.raises(InputError) as caught:
        SquaredLoss.from_data(np.ones(x_shape), np.ones(y_shape), ARCHITECTURE)
    assert str(caught.value) == message


def test_width_for_stride_one_is_a_single_number():
    with pytest.raises(InputError, match=r"^X, Y: widths 6 and 3; .* X of width 5, or Y of width 4, for"):
        SquaredLoss.from_data(np.ones((2, 6)), np.ones((2, 3)), Architecture((3,), (1,)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([["a", "b"]], "not numeric, dtype <U1"),
        ([[1, None]], "not numeric, holds a NoneType"),
        ([[1, "2"]], "not numeric, dtype <U21"),
        (np.array([[1, "2"]], dtype=object), "not numeric, holds a str"),
        ([[1, Decimal(2)]], "not numeric, holds a Decimal"),
        (np.array([[1, pd.NA]], dtype=object), "not numeric, holds a NAType"),
        (np.array([["2001-01-01"]], dtype="datetime64[D]"), "not numeric, dtype datetime64[D]"),
        ([[1, 2j]], "complex, dtype complex128"),
        ([[1], [1, 2]], "not an array, or its rows differ in length"),
        ([[10**400]], "holds a number beyond double precision"),
        ([[1.0, float("nan")]], "entry [0, 1] is nan"),
        (np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [1, 0]]), "entry [1, 0] is nan"),
        (np.array([[1, np.longdouble(10) ** 400]]), "entry [0, 1] is inf"),
        ({1: 2}, "not numeric, holds a dict"),
        (None, "not numeric, holds a NoneType"),
    ],
)
def test_what_is_not_an_array_of_real_numbers(values, message):
    architecture = Architecture((1,), (1,))
    good = np.ones(np.shape(values) if isinstance(values, np.ndarray) else (1, 2))
    for arguments, name in (((values, good), "X"), ((good, values), "Y")):
        with pytest.raises(InputError) as caught:
            SquaredLoss.from_data(*arguments, architecture)
        assert str(caught.value).startswith(f"{name}: {message}; expected ")
        assert "\n" not in str(caught.value)


def of_x(power):
    return f"multiply X by 1e{power} (then critical filters are multiplied by 1e{-power}, and losses are the same)"


def of_y(power):
    return f"multiply Y by 1e{power} (then critical filters are multiplied by 1e{power}, and losses by 1e{2 * power})"


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (3e160, 1.0, f"X: products overflow; expected data scaled to a moderate size: {of_x(-160)}"),
        (3e80, 1.0, f"X: products overflow; expected data scaled to a moderate size: {of_x(-80)}"),
        (1.0, -3e200, f"Y: products overflow; expected data scaled to a moderate size: {of_y(-200)}"),
        (3e-150, 1.0, f"X: largest entry 3.0e-150, powers of which underflow; expected a moderate size: {of_x(150)}"),
        (3e-80, 1.0, f"X: largest entry 3.0e-80, powers of which underflow; expected a moderate size: {of_x(80)}"),
        (1.0, -3e-170, f"Y: largest entry 3.0e-170, powers of which underflow; expected a moderate size: {of_y(170)}"),
    ],
)
def test_overflow_and_underflow(x, y, message):
    with pytest.raises(InputError) as caught:
        SquaredLoss.from_data([[x, x]], [[y, y]], Architecture((1,), (1,)))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("gram", "b", "constant", "message"),
    [
        ([[1, 2, 3]], [1], 0, "gram: shape (1, 3); expected a square matrix (K, K)"),
        ([1, 2], [1, 2], 0, "gram: shape (2,); expected a square matrix (K, K)"),
        (np.empty((0, 0)), [], 0, "gram: shape (0, 0); expected a square matrix (K, K)"),
        (
            [[1, 0.5], [0.25, 1]],
            [1, 1],
            0,
            "gram: not symmetric, entry [0, 1] is 0.5 but [1, 0] is 0.25; expected a symmetric matrix",
        ),
        (
            [[1, 2], [2, 1]],
            [1, 1],
            0,
            "gram: indefinite, its most negative eigenvalue is -1 (the largest is 3); "
            "expected a positive semidefinite matrix",
        ),
        (
            [[-2, 0], [0, -4]],
            [1, 1],
            0,
            "gram: indefinite, its most negative eigenvalue is -4 (the largest is -2); "
            "expected a positive semidefinite matrix",
        ),
        (
            [[1, 0], [0, -1e-9]],
            [1, 0],
            0,
            "gram: indefinite, its most negative eigenvalue is -1e-09 (the largest is 1); "
            "expected a positive semidefinite matrix",
        ),
        ([[1, np.inf], [np.inf, 1]], [1, 1], 0, "gram: entry [0, 1] is inf; expected finite numbers"),
        ([[1, 1j], [-1j, 1]], [1, 1], 0, "gram: complex, dtype complex128; expected an array of real numbers"),
        (np.eye(2), [1, 2, 3], 0, "b: shape (3,); expected (2,), as gram has shape (2, 2)"),
        (np.eye(2), [[1], [2]], 0, "b: shape (2, 1); expected (2,), as gram has shape (2, 2)"),
        (np.eye(2), [1, np.nan], 0, "b: entry [1] is nan; expected finite numbers"),
        (np.eye(2), ["a", "b"], 0, "b: not numeric, dtype <U1; expected an array of real numbers"),
        (
            [[1, 0], [0, 0]],
            [3, 4],
            0,
            "b: outside the range of gram, which is singular (rank 1 of 2), by 4 of 5, "
            "so that the loss is unbounded below; expected b = gram @ filter",
        ),
        (
            np.zeros((2, 2)),
            [0, 1e-9],
            1.0,
            "b: outside the range of gram, which is singular (rank 0 of 2), by 1e-09 of 1e-09, "
            "so that the loss is unbounded below; expected b = gram @ filter",
        ),
        (np.eye(2), [1, 1], np.nan, "constant: nan; expected finite numbers"),
        (np.eye(2), [1, 1], [1, 2], "constant: shape (2,); expected a single number"),
        (np.eye(2), [1, 1], "1", "constant: not numeric, dtype <U1; expected an array of real numbers"),
        (1e200 * np.eye(2), [1, 1], 0, "gram: entries above 1e+150 overflow; expected a moderate size"),
        (np.eye(2), [1e200, 1], 0, "b: entries above 1e+150 overflow; expected a moderate size"),
        (
            1e-200 * np.eye(2),
            [1, 1],
            0,
            "gram: largest entry 1.0e-200, powers of which underflow; expected a moderate size",
        ),
        (np.eye(2), [1e-160, 0], 0, "b: largest entry 1.0e-160, powers of which underflow; expected a moderate size"),
        (
            1e-100 * np.eye(2),
            [1, 1e100],
            0,
            "b: largest entry 1.0e+100, that of gram 1.0e-100: squares of filters 1.0e+200 in size overflow or "
            "underflow; expected a moderate size",
        ),
    ],
)
def test_bad_gram_matrix_moment_vector_or_constant(gram, b, constant, message):
    with pytest.raises(InputError) as caught:
        SquaredLoss(gram, b, constant)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([], "target: shape (0,); expected (K,), the end-to-end filter's coefficients"),
        ([[1, 2]], "target: shape (1, 2); expected (K,), the end-to-end filter's coefficients"),
        (1.0, "target: shape (); expected (K,), the end-to-end filter's coefficients"),
        ([1, np.nan], "target: entry [1] is nan; expected finite numbers"),
        ([1, 1j], "target: complex, dtype complex128; expected an array of real numbers"),
        ([1e200], "target: its square overflows; expected numbers of a moderate size"),
    ],
)
def test_bad_target(target, message):
    with pytest.raises(InputError) as caught:
        SquaredLoss.white(target)
    assert str(caught.value) == message


# Equality


def test_losses_are_compared_by_value():
    loss = SquaredLoss(np.eye(2), [1, 2], 3)
    assert loss == SquaredLoss([[1, 0], [0, 1]], [1.0, 2.0], 3.0)
    assert hash(loss) == hash(SquaredLoss([[1, 0], [0, 1]], [1.0, 2.0], 3.0))
    others = [
        SquaredLoss(2 * np.eye(2), [1, 2], 3),
        SquaredLoss(np.eye(2), [1, 3], 3),
        SquaredLoss(np.eye(2), [1, 2], 4),
        SquaredLoss(np.eye(3), [1, 2, 0], 3),
        SquaredLoss(np.eye(2, dtype=np.float32), [1, 2], 3),
        SquaredLoss.from_exact(np.eye(2), [1, 2], 3),
        None,
    ]
    assert all(loss != other for other in others)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=["copy", "deep", "pickle"],
)
def test_copies_are_equal_and_read_only(copied):
    for loss in (SquaredLoss(np.eye(2), [1, 2], 3), SquaredLoss.from_exact([[1, "1/3"], ["1/3", 1]], [1, 2])):
        assert loss.target.shape == (2,)
        again = copied(loss)
        assert again == loss
        assert hash(again) == hash(loss)
        for array in (again.gram, again.b, again.target):
            assert not array.flags.writeable
