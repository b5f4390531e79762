"""Networks of PyTorch: the same outputs, losses and gradients, and one line for every layer that does not fit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.interchange.pytorch import parameters_from_torch
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.training.descent import descend

with warnings.catch_warnings():
    # Builds of PyTorch for an older NumPy say so, once, when the first tensor is made.
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch", exc_type=ImportError)
    torch.empty(1)
nn = torch.nn


def network(filters, strides, dtype=torch.float64):
    return nn.Sequential(
        *(nn.Conv1d(1, 1, k, stride=s, bias=False, dtype=dtype) for k, s in zip(filters, strides, strict=True))
    )


def problem(filters, strides, seed=0, samples=12, positions=2):
    """A network, inputs and targets."""
    torch.manual_seed(seed)
    arch = Architecture(filters, strides)
    width = arch.filter_size + (positions - 1) * arch.stride
    module = network(filters, strides)
    return module, torch.randn(samples, 1, width, dtype=torch.float64), torch.randn(
        samples, 1, positions, dtype=torch.float64
    )  # fmt: skip


def outputs_of(w, inputs, stride):
    """The outputs of the one convolution with the filter w, from its definition."""
    rows = np.array(inputs.tolist())[:, 0]
    positions = range(0, rows.shape[1] - len(w) + 1, stride)
    return np.array([[row[i : i + len(w)] @ w for i in positions] for row in rows])


networks = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4)


@settings(max_examples=40)
@given(networks, st.integers(0, 2**31))
def test_the_module_is_the_convolution_with_the_end_to_end_filter(layers, seed):
    filters, strides = zip(*layers, strict=True)
    module, inputs, targets = problem(filters, strides, seed)
    arch = Architecture.from_torch(module)
    assert (arch.filters, arch.strides) == (filters, strides)
    w = compose(arch, parameters_from_torch(module, arch))
    outputs = module(inputs)
    np.testing.assert_allclose(np.array(outputs.tolist())[:, 0], outputs_of(w, inputs, arch.stride), atol=1e-12)

    loss = SquaredLoss.from_torch(module, inputs, targets)
    value = nn.functional.mse_loss(outputs, targets, reduction="sum")
    np.testing.assert_allclose(loss(w), value.item(), rtol=1e-10, atol=1e-10)
    mean = SquaredLoss.from_torch(module, inputs, targets, reduction="mean")
    np.testing.assert_allclose(mean(w), nn.functional.mse_loss(outputs, targets).item(), rtol=1e-10, atol=1e-10)


def test_from_torch_is_from_data():
    module, inputs, targets = problem((3, 2), (2, 1))
    arch = Architecture.from_torch(module)
    expected = SquaredLoss.from_data(np.array(inputs.tolist())[:, 0], np.array(targets.tolist())[:, 0], arch)
    rows = inputs.squeeze(1), targets.squeeze(1)
    arrays = np.array(inputs.tolist()), targets.tolist()
    strided = inputs.transpose(0, 2).contiguous().transpose(0, 2).requires_grad_(), targets
    for given_inputs, given_targets in ((inputs, targets), rows, arrays, strided):
        loss = SquaredLoss.from_torch(module, given_inputs, given_targets)
        np.testing.assert_array_equal(loss.gram, expected.gram)
        np.testing.assert_array_equal(loss.b, expected.b)
        assert loss.constant == expected.constant


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64])
def test_tensors_of_other_types_lose_nothing(dtype):
    module, inputs, targets = problem((3, 2), (2, 1))
    rounded = (4 * inputs).to(dtype), (4 * targets).to(dtype)
    loss = SquaredLoss.from_torch(module, *rounded)
    exact = SquaredLoss.from_torch(module, *(values.to(torch.float64) for values in rounded))
    np.testing.assert_array_equal(loss.gram, exact.gram)
    np.testing.assert_array_equal(loss.b, exact.b)


def test_nested_sequentials_and_single_convolutions():
    inner = network((2, 2), (1, 2))
    assert Architecture.from_torch(nn.Sequential(inner, network((2,), (1,)))) == Architecture((2, 2, 2), (1, 2, 1))
    assert Architecture.from_torch(nn.Conv1d(1, 1, 4, stride=3, bias=False)) == Architecture((4,), (3,))
    assert Architecture.from_torch(
        nn.Conv1d(1, 1, 3, bias=False, padding="valid", padding_mode="circular")
    ) == Architecture((3,), (1,))


@pytest.mark.parametrize(("filters", "strides"), [((2, 2, 2), (1, 2, 1)), ((3, 2), (2, 1))])
def test_loaded_points_are_critical_for_autograd(filters, strides):
    module, inputs, targets = problem(filters, strides)
    result = critical_points(Architecture.from_torch(module), SquaredLoss.from_torch(module, inputs, targets))
    assert result.complete
    for index, point in enumerate(result.points):
        if not point.attained:
            continue
        for which, theta in enumerate(point.parameters):
            result.load_into(module, point if which else index, which)
            for layer, w in zip(module, theta, strict=True):
                assert layer.weight.flatten().tolist() == w.tolist()
            module.zero_grad()
            loss = nn.functional.mse_loss(module(inputs), targets, reduction="sum")
            loss.backward()
            np.testing.assert_allclose(loss.item(), point.loss, rtol=1e-10)
            slope = max(layer.weight.grad.abs().max().item() for layer in module)
            assert slope <= 1e-10 * abs(result.loss.constant)


def test_load_into_takes_a_minimum_and_rounds_to_the_type_of_the_weights():
    module, inputs, targets = problem((2, 2, 2), (1, 2, 1))
    result = critical_points(Architecture.from_torch(module), SquaredLoss.from_torch(module, inputs, targets))
    best = result.global_minimum
    single = network((2, 2, 2), (1, 2, 1), torch.float32)
    weights = [layer.weight for layer in single]
    result.load_into(single, best)
    theta = best.parameters[best.kinds.index("minimum")]
    assert all(layer.weight is weight for layer, weight in zip(single, weights, strict=True))
    assert all(weight.requires_grad and weight.dtype == torch.float32 for weight in weights)
    for weight, w in zip(weights, theta, strict=True):
        assert weight.flatten().tolist() == w.astype(np.float32).tolist()


def test_trained_modules_are_told_where_they_go():
    module, inputs, targets = problem((3, 2), (2, 1))
    result = critical_points(Architecture.from_torch(module), SquaredLoss.from_torch(module, inputs, targets))
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.mse_loss(module(inputs), targets, reduction="sum").backward()
        optimizer.step()
    saddle = network((3, 2), (2, 1))
    index = next(i for i, point in enumerate(result.points) if set(point.kinds) == {"saddle"})
    result.load_into(saddle, index)
    trained, loaded = descend(result, [module, saddle]).runs
    assert result.points[trained.point].minimum
    assert loaded.point == index
    np.testing.assert_array_equal(trained.start[0], module[0].weight.flatten().tolist())


@pytest.mark.parametrize(("name", "optimizer"), [("descent", torch.optim.SGD), ("adam", torch.optim.Adam)])
def test_optimizers_are_those_of_pytorch(name, optimizer):
    module, inputs, targets = problem((2, 2, 2), (1, 2, 1))
    arch = Architecture.from_torch(module)
    result = critical_points(arch, SquaredLoss.from_torch(module, inputs, targets))
    run = descend(result, [module], optimizer=name, learning_rate=2e-3, max_steps=50).runs[0]
    training = optimizer(module.parameters(), lr=2e-3)
    for _ in range(50):
        training.zero_grad()
        nn.functional.mse_loss(module(inputs), targets, reduction="sum").backward()
        training.step()
    for end, w in zip(run.end, parameters_from_torch(module, arch), strict=True):
        np.testing.assert_allclose(end, w, rtol=1e-8, atol=1e-10)


def conv(*arguments, **options):
    return nn.Conv1d(*(arguments or (1, 1, 2)), **{"bias": False, **options})


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv1d(1, 1, 2), "has a bias; expected bias=False"),
        (conv(2, 1, 2), "2 input and 1 output channels; expected one of each"),
        (conv(1, 3, 2), "1 input and 3 output channels"),
        (conv(2, 2, 2), "2 input and 2 output channels"),
        (conv(2, 2, 2, groups=2), "groups=2; expected groups=1"),
        (conv(padding=1), "padding=1; expected padding=0"),
        (conv(padding="same"), "padding='same'; expected padding=0"),
        (nn.ReLU(), "a ReLU; expected torch.nn.Sequential of"),
        (nn.Linear(3, 2), "a Linear"),
        (nn.Conv2d(1, 1, 2, bias=False), "a Conv2d after a Conv1d; expected layers of one number of dimensions"),
        (nn.ConvTranspose1d(1, 1, 2, bias=False), "a ConvTranspose1d"),
        (conv(dtype=torch.complex64), "weights of type torch.complex64; expected real"),
        (conv(device="meta"), "meta device"),
        (nn.utils.parametrizations.orthogonal(conv()), "computed from other parameters"),
    ],
)
def test_other_layers_are_refused_by_name(layer, words):
    with pytest.raises(InputError) as caught:
        Architecture.from_torch(nn.Sequential(conv(), nn.Sequential(layer)))
    message = str(caught.value)
    assert message.startswith("module[1][0]: ")
    assert words in message
    assert "expected" in message
    assert "\n" not in message


def test_shared_layers_and_weights_are_refused():
    layer, other = conv(), conv()
    with pytest.raises(InputError, match=r"module\[1\]: shares its weight with module\[0\]; expected"):
        Architecture.from_torch(nn.Sequential(layer, layer))
    other.weight = layer.weight
    with pytest.raises(InputError, match=r"module\[1\]: shares"):
        Architecture.from_torch(nn.Sequential(layer, other))


@pytest.mark.parametrize("module", [nn.Sequential(), 3, None, [conv()], nn.ModuleList([conv()])])
def test_what_is_not_a_network_is_refused(module):
    with pytest.raises(InputError, match=r"^module.*expected"):
        Architecture.from_torch(module)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (x.repeat(1, 2, 1), y), "inputs: shape (12, 2, 7), 2 channels; expected (samples, 1, width)"),
        (lambda x, y: (x[0, 0], y), "inputs: shape (7,); expected"),
        (lambda x, y: (x, y[None]), "targets: shape (1, 12, 1, 2); expected"),
        (lambda x, y: (x.to(torch.complex128), y), "inputs: complex, dtype torch.complex128; expected"),
        (lambda x, y: (x, y.to_sparse()), "targets: a tensor without entries of its own; expected"),
        (lambda x, y: (x[:3], y), "targets: 12 samples; expected 3, as many as inputs has"),
        (lambda x, y: (x, y[..., :1]), "inputs, targets: widths 7 and 1; expected"),
        (lambda x, y: (x / 0, y), "inputs: entry [0, 0] is"),
        (lambda x, y: (x, ["a"]), "targets: shape (1,)"),
        (lambda x, y: (x, [[1], [2, 3]]), "targets: not an array"),
    ],
)
def test_data_that_do_not_fit_are_refused_by_name(change, words):
    module, inputs, targets = problem((3, 2), (2, 1))
    with pytest.raises(InputError) as caught:
        SquaredLoss.from_torch(module, *change(inputs, targets))
    assert str(caught.value).startswith(words)
    assert "expected" in str(caught.value)


def test_errors_of_load_into():
    module, inputs, targets = problem((3, 2), (2, 1))
    result = critical_points(Architecture.from_torch(module), SquaredLoss.from_torch(module, inputs, targets))
    before = [layer.weight.tolist() for layer in module]
    complex_index = next(i for i, point in enumerate(result.points) if not point.real)
    best = result.global_minimum
    for arguments, words in (
        ((network((3, 2), (2, 2)), best), "module: kernel sizes (3, 2), strides (2, 2); expected"),
        ((nn.ReLU(), best), "module: a ReLU"),
        ((module, complex_index), "point: its filter is complex; expected an attained point"),
        ((module, len(result)), f"point: {len(result)}; expected a CriticalPoint"),
        ((module, "best"), "point: 'best'; expected"),
        ((module, best, len(best.parameters)), "which: "),
    ):
        with pytest.raises(InputError) as caught:
            result.load_into(*arguments)
        assert str(caught.value).startswith(words)
    assert [layer.weight.tolist() for layer in module] == before
    with pytest.raises(InputError, match=r"^reduction: 'none'; expected 'sum' or 'mean'"):
        SquaredLoss.from_torch(module, inputs, targets, reduction="none")
    with torch.no_grad():
        module[0].weight[0, 0, 0] = float("nan")
    with pytest.raises(InputError, match=r"^starts\[0\]: holds a weight that is not finite"):
        descend(result, [module])
    with pytest.raises(InputError, match=r"^starts\[1\]: kernel sizes"):
        descend(result, [network((3, 2), (2, 1)), network((2, 2), (2, 1))])


def test_two_dimensions_are_images():
    module = nn.Sequential(
        nn.Conv2d(1, 1, (2, 2), stride=(1, 2), bias=False, dtype=torch.float64),
        nn.Conv2d(1, 1, (2, 1), bias=False, dtype=torch.float64),
    )
    arch = Architecture.from_torch(module)
    assert arch == Architecture(filters=((2, 2), (2, 1)), strides=((1, 2), (1, 1)))
    torch.manual_seed(0)
    images = torch.randn(20, 1, 5, 6, dtype=torch.float64)
    targets = torch.randn(20, 1, 3, 3, dtype=torch.float64)
    loss = SquaredLoss.from_torch(module, images, targets)
    value = ((module(images) - targets) ** 2).sum().item()
    assert loss(arch.mu(parameters_from_torch(module, arch))) == pytest.approx(value)
    result = critical_points(arch, loss)
    for index, point in enumerate(result.attained):
        result.load_into(module, point)
        for layer in module:
            layer.weight.grad = None
        error = ((module(images) - targets) ** 2).sum()
        error.backward()
        assert error.item() == pytest.approx(point.loss), index
        assert max(layer.weight.grad.abs().max().item() for layer in module) < 1e-8 * value
        predicted = point.predict(images.numpy())
        np.testing.assert_allclose(predicted[:, None], module(images).detach().numpy(), atol=1e-10)


def test_dilated_kernels_are_filters_with_gaps():
    module = nn.Sequential(conv(1, 1, 3, dilation=2, dtype=torch.float64), conv(1, 1, 2, stride=2, dtype=torch.float64))
    arch = Architecture.from_torch(module)
    assert arch == Architecture(supports=((0, 2, 4), (0, 1)), strides=(1, 2))
    signals, targets = torch.randn(9, 1, 12, dtype=torch.float64), torch.randn(9, 1, 4, dtype=torch.float64)
    loss = SquaredLoss.from_torch(module, signals, targets)
    value = ((module(signals) - targets) ** 2).sum().item()
    assert loss(arch.mu(parameters_from_torch(module, arch))) == pytest.approx(value)
    with pytest.raises(InputError, match=r"module: supports .*; expected filters"):
        parameters_from_torch(module, Architecture((3, 2), (1, 2)))


def test_three_dimensions():
    module = nn.Sequential(nn.Conv3d(1, 1, (2, 1, 2), bias=False), nn.Conv3d(1, 1, (1, 2, 1), stride=2, bias=False))
    assert Architecture.from_torch(module) == Architecture(
        filters=((2, 1, 2), (1, 2, 1)), strides=((1, 1, 1), (2, 2, 2))
    )
    for broken, words in (
        (nn.Conv2d(1, 1, 2, padding=1, bias=False), r"padding=\(1, 1\); expected padding=0"),
        (nn.Conv2d(2, 2, 2, groups=2, bias=False), "groups=2; expected groups=1"),
    ):
        with pytest.raises(InputError, match=words):
            Architecture.from_torch(nn.Sequential(broken))
