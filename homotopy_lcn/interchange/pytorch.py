"""From and to PyTorch: a ``Sequential`` of one-channel convolutions without bias is a linear convolutional network.

``Conv2d`` and ``Conv3d`` are networks in two and three dimensions; a dilated kernel is a filter with gaps.
``Conv1d`` computes Σ_j w[j] x[is + j], a cross-correlation, as `Architecture` does: coefficients keep their order.
PyTorch is imported when something of it is used. Tensors are exchanged in double precision by DLPack, which needs no
agreement between PyTorch and NumPy about their versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, check_integer
from ..extras import import_extra
from ..networks.architecture import Architecture
from ..networks.support_networks import SupportNetwork

if TYPE_CHECKING:
    import torch

    from ..losses.squared_loss import SquaredLoss
    from ..results.result import CriticalPoints

__all__ = ["architecture_from_torch", "load_into", "loss_from_torch", "parameters_from_torch"]

#: A ``torch.nn.Conv1d``, ``Conv2d`` or ``Conv3d``.
Convolution: TypeAlias = Any
EXPECTED = "expected torch.nn.Sequential of torch.nn.Conv1d(1, 1, k, stride=s, bias=False), or of Conv2d, or of Conv3d"


def architecture_from_torch(module: torch.nn.Module) -> Architecture:
    """See `Architecture.from_torch`."""
    return _architecture(_layers(module, "module"))


def _architecture(layers: list[Convolution]) -> Architecture:
    shapes = tuple(tuple(layer.kernel_size) for layer in layers)
    strides = tuple(tuple(layer.stride) for layer in layers)
    dilations = [tuple(layer.dilation) for layer in layers]
    if all(step == 1 for steps in dilations for step in steps):
        return Architecture(filters=shapes, strides=strides)
    axes = [
        [range(0, size * step, step) for size, step in zip(shape, steps, strict=True)]
        for shape, steps in zip(shapes, dilations, strict=True)
    ]
    return Architecture(supports=tuple(tuple(product(*ranges)) for ranges in axes), strides=strides)


def loss_from_torch(module: torch.nn.Module, inputs: Any, targets: Any, reduction: str = "sum") -> SquaredLoss:
    """See `SquaredLoss.from_torch`."""
    from ..losses.squared_loss import SquaredLoss

    if reduction not in ("sum", "mean"):
        raise InputError(f"reduction: {reduction!r}; expected 'sum' or 'mean'")
    architecture = architecture_from_torch(module)
    axes = architecture.axes
    X, Y = _signals("inputs", inputs, axes), _signals("targets", targets, axes)
    try:
        loss = SquaredLoss.from_data(X, Y, architecture)
    except InputError as error:
        names = {"X": "inputs", "Y": "targets"}
        raise InputError(re.sub(r"\b[XY]\b", lambda match: names[match[0]], str(error))) from None
    if reduction == "sum":
        return loss
    return SquaredLoss(loss.gram / Y.size, loss.b / Y.size, loss.constant / Y.size)


def parameters_from_torch(
    module: torch.nn.Module, architecture: Architecture, name: str = "module"
) -> list[NDArray[np.float64]]:
    """The layers (w_1, …, w_L) of a module, copied.

    Parameters
    ----------
    module : torch.nn.Module
    architecture : Architecture
        The architecture that the module must have.
    name : str
        What errors call the module.

    Raises
    ------
    InputError
        If the module is not such a network, or of another architecture, or holds a number that is not finite.
    """
    layers = _matching_layers(module, architecture, name)
    result = [_to_numpy(layer.weight).reshape(-1) for layer in layers]
    if not all(np.isfinite(w).all() for w in result):
        raise InputError(f"{name}: holds a weight that is not finite; expected finite weights")
    return result


def load_into(result: CriticalPoints, module: torch.nn.Module, point: Any, which: int | None = None) -> None:
    """See `CriticalPoints.load_into`."""
    import operator

    from ..results.points import CriticalPoint

    layers = _matching_layers(module, result.architecture, "module")
    if not isinstance(point, CriticalPoint):
        try:
            point = result.points[operator.index(point)]
        except (TypeError, IndexError):
            raise InputError(
                f"point: {point!r}; expected a CriticalPoint, or the index of one of the {len(result)} in the result"
            ) from None
    if not point.real or not point.parameters:
        what = "its filter is complex" if not point.real else "no real critical parameters over its filter are known"
        raise InputError(f"point: {what}; expected an attained point, one of result.attained")
    sizes = tuple(len(w) for w in point.parameters[0])
    if sizes != result.architecture.layer_sizes:
        raise InputError(f"point: its layers have sizes {sizes}; expected {result.architecture.layer_sizes}")
    if which is None:
        which = point.kinds.index("minimum") if point.minimum else 0
    which = check_integer("which", which, 0, len(point.parameters) - 1)

    import torch

    with torch.no_grad():
        for layer, w in zip(layers, point.parameters[which], strict=True):
            layer.weight.copy_(torch.tensor(w.tolist(), dtype=torch.float64).reshape(layer.weight.shape))


def _matching_layers(module: torch.nn.Module, architecture: Architecture, name: str) -> list[Convolution]:
    layers = _layers(module, name)
    found = _architecture(layers)
    if found != architecture:
        if isinstance(found, SupportNetwork) or isinstance(architecture, SupportNetwork):
            raise InputError(f"{name}: {found.in_words}; expected {architecture.in_words}, the network of the result")
        raise InputError(
            f"{name}: kernel sizes {found.filters}, strides {found.strides}; expected {architecture.filters} and "
            f"{architecture.strides}, the architecture of the result"
        )
    return layers


def _layers(module: object, name: str) -> list[Convolution]:
    """The convolutions of a module, checked."""
    library = import_extra("torch", "torch", name)
    layers: list[Convolution] = []
    seen: dict[int, str] = {}
    for place, layer in _flattened(module, name, library):
        _check_layer(layer, place, library)
        for what in (layer, layer.weight):
            if id(what) in seen:
                raise InputError(f"{place}: shares its weight with {seen[id(what)]}; expected a layer of its own")
            seen[id(what)] = place
        if layers and len(layer.kernel_size) != len(layers[0].kernel_size):
            kinds = f"a {type(layer).__name__} after a {type(layers[0]).__name__}"
            raise InputError(f"{place}: {kinds}; expected layers of one number of dimensions")
        layers.append(layer)
    if not layers:
        raise InputError(f"{name}: no layer; {EXPECTED}")
    return layers


def _flattened(module: object, name: str, torch: Any) -> Iterator[tuple[str, Any]]:
    """The layers of nested Sequentials, with names such as module[1][0]."""
    if isinstance(module, torch.nn.Sequential):
        for index, child in enumerate(module):
            yield from _flattened(child, f"{name}[{index}]", torch)
    else:
        yield name, module


def _check_layer(layer: Any, place: str, torch: Any) -> None:
    """Raise InputError unless the layer is a convolution of the kind that the theory is about."""
    if not isinstance(layer, torch.nn.Conv1d | torch.nn.Conv2d | torch.nn.Conv3d):
        raise InputError(f"{place}: a {type(layer).__name__}; {EXPECTED} and nothing else")
    if layer.groups != 1:
        raise InputError(f"{place}: groups={layer.groups}; expected groups=1")
    if (layer.in_channels, layer.out_channels) != (1, 1):
        raise InputError(
            f"{place}: {layer.in_channels} input and {layer.out_channels} output channels; expected one of each"
        )
    if layer.bias is not None:
        raise InputError(f"{place}: has a bias; expected bias=False")
    padding = layer.padding
    none = padding == "valid" or (padding == "same" and set(layer.kernel_size) == {1})
    if not none and (isinstance(padding, str) or any(padding)):
        shown = padding if isinstance(padding, str) or len(padding) > 1 else padding[0]
        raise InputError(f"{place}: padding={shown!r}; expected padding=0")
    if "weight" not in dict(layer.named_parameters(recurse=False)):
        raise InputError(f"{place}: its weight is computed from other parameters; expected a plain weight")
    if not layer.weight.dtype.is_floating_point:
        raise InputError(f"{place}: weights of type {layer.weight.dtype}; expected real floating-point weights")
    if layer.weight.device.type == "meta":
        raise InputError(f"{place}: its weight is on the meta device, without values; expected it on a real device")


def _signals(name: str, values: Any, axes: int) -> NDArray[Any]:
    """Signals of one channel: (N, 1, d) or (N, d) to (N, d), and likewise with several axes."""
    import torch

    if isinstance(values, torch.Tensor):
        if values.dtype.is_complex:
            raise InputError(f"{name}: complex, dtype {values.dtype}; expected real numbers")
        if values.layout is not torch.strided or values.device.type == "meta":
            raise InputError(f"{name}: a tensor without entries of its own; expected a dense one on a real device")
        array: NDArray[Any] = _to_numpy(values)
    else:
        try:
            array = np.asarray(values)
        except (TypeError, ValueError):
            raise InputError(f"{name}: not an array, or its rows differ in length; expected a tensor") from None
    sizes = ", ".join(("depth", "height", "width")[-axes:])
    if array.ndim == axes + 2 and array.shape[1] != 1:
        raise InputError(f"{name}: shape {array.shape}, {array.shape[1]} channels; expected (samples, 1, {sizes})")
    if array.ndim not in (axes + 1, axes + 2):
        raise InputError(f"{name}: shape {array.shape}; expected (samples, 1, {sizes}) or (samples, {sizes})")
    return array.reshape(array.shape[0], *array.shape[-axes:])


def _to_numpy(tensor: Any) -> NDArray[np.float64]:
    """A copy in double precision."""
    import torch

    return np.array(np.from_dlpack(tensor.detach().to("cpu", torch.float64).contiguous()))
