"""Parameters θ = (w_1, …, w_L) of a network: composition and the gradient of the loss, in coefficients.

The module writes the definition down once more, by convolution and correlation, independently of the package
`equations`. It verifies every reported point in the original parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import rows_times
from ..errors import InputError
from .architecture import Architecture
from .binary_forms import adjoint_multiply, dilate, multiply
from .support_networks import SupportNetwork

__all__ = ["balance", "compose", "gradient", "hessian", "jacobian", "mu", "relative_gradient"]

Array = NDArray[Any]


def compose(arch: Architecture, theta: Sequence[Array]) -> Array:
    """The end-to-end filter μ(θ): layers (…, k_l) to (…, K)."""
    result = _dilated(arch, 0, theta[0])
    for place, layer in enumerate(theta[1:], 1):
        result = multiply(result, _dilated(arch, place, layer))
    missing = arch.filter_size - result.shape[-1]  # no filter of some supports reaches the last position
    return np.pad(result, [(0, 0)] * (result.ndim - 1) + [(0, missing)]) if missing else result


def mu(arch: Architecture, theta: Sequence[ArrayLike]) -> Array:
    """The end-to-end filter of layers as users give them; see `Architecture.mu`."""
    expected = f"expected {arch.depth} layers of sizes {arch.layer_sizes}"
    try:
        given = list(theta)
    except TypeError:
        raise InputError(f"theta: {type(theta).__name__} given; {expected}") from None
    if len(given) != arch.depth:
        raise InputError(f"theta: {len(given)} layers given; {expected}")
    layers = []
    for place, (values, size) in enumerate(zip(given, arch.layer_sizes, strict=True)):
        try:
            layer = np.asarray(values)
        except ValueError:
            raise InputError(f"theta[{place}]: its rows differ in length; {expected}") from None
        if layer.dtype.kind not in "iufc" or not np.isfinite(layer).all():
            raise InputError(f"theta[{place}]: not finite numbers, dtype {layer.dtype}; {expected}")
        if layer.ndim < 1 or layer.shape[-1] != size:
            raise InputError(f"theta[{place}]: shape {layer.shape}; expected (..., {size})")
        layers.append(layer.astype(np.result_type(layer.dtype, np.float64)))
    try:
        shape = np.broadcast_shapes(*(layer.shape[:-1] for layer in layers))
    except ValueError:
        shapes = ", ".join(str(layer.shape) for layer in layers)
        raise InputError(f"theta: shapes {shapes}; expected layers for equally many θ") from None
    return compose(arch, [np.broadcast_to(layer, (*shape, layer.shape[-1])) for layer in layers])


def gradient(arch: Architecture, theta: Sequence[Array], gram: Array, b: Array) -> list[Array]:
    """Gradient of the loss wᵀΣw − 2bᵀw at w = μ(θ) in each layer, (…, k_l): 2 J_lᵀ (Σ w − b)."""
    residual = rows_times(compose(arch, theta), gram) - b
    result = []
    for layer, rest in enumerate(_rests(arch, theta)):
        full = adjoint_multiply(rest, residual)
        chosen = arch.exponents[layer] if isinstance(arch, SupportNetwork) else slice(None, None, arch.dilations[layer])
        result.append(2 * full[..., chosen])
    return result


def jacobian(arch: Architecture, theta: Sequence[Array]) -> Array:
    """Jacobian of μ at θ, layers (…, k_l) to (…, K, Σ k_l), with the layers' entries in order."""
    columns = []
    for layer, rest in enumerate(_rests(arch, theta)):
        for shift in _positions(arch, layer).tolist():
            column = np.zeros((*rest.shape[:-1], arch.filter_size), dtype=rest.dtype)
            column[..., shift : shift + rest.shape[-1]] = rest
            columns.append(column)
    return np.stack(columns, axis=-1)


def hessian(arch: Architecture, theta: Sequence[Array], gram: Array, b: Array, columns: Array | None = None) -> Array:
    """Hessian of the loss wᵀΣw − 2bᵀw at w = μ(θ) in θ, layers (…, k_l) to (…, Σ k_l, Σ k_l).

    As μ is linear in each layer, it is 2 JᵀΣJ plus, for each two layers, the correlation of 2 (Σw − b) with the product
    of all other layers. ``columns`` is the Jacobian J, if it is known. Data (K, K) and (K,) serve all θ; data (…, K, K)
    and (…, K) are those of each θ.
    """
    columns = jacobian(arch, theta) if columns is None else columns
    result = 2 * np.swapaxes(columns, -1, -2) @ gram @ columns
    filters = compose(arch, theta)
    residual = 2 * ((rows_times(filters, gram) if gram.ndim == 2 else (filters[..., None, :] @ gram)[..., 0, :]) - b)
    starts = np.cumsum([0, *arch.layer_sizes])
    before, after = _products(arch, theta)
    for left in range(arch.depth):
        rest = before[left]  # the product of all layers before the right one but the left one
        for right in range(left + 1, arch.depth):
            correlation = adjoint_multiply(multiply(rest, after[right + 1]), residual)
            rest = multiply(rest, _dilated(arch, right, theta[right]))
            positions = np.add.outer(_positions(arch, left), _positions(arch, right))
            block = correlation[..., positions]
            rows, others = slice(*starts[left : left + 2]), slice(*starts[right : right + 2])
            result[..., rows, others] += block
            result[..., others, rows] += np.swapaxes(block, -1, -2)
    return result


def _positions(arch: Architecture, layer: int) -> NDArray[np.int64]:
    """Where the coefficients of a dilated layer stand; the dilation may be any integer where the layer has size 1."""
    if isinstance(arch, SupportNetwork):
        return np.array(arch.exponents[layer], dtype=np.int64)
    return np.array([j * arch.dilations[layer] for j in range(arch.filters[layer])], dtype=np.int64)


def _dilated(arch: Architecture, layer: int, w: Array) -> Array:
    """A layer's filter (…, k_l) with its coefficients at their positions in the end-to-end filter, zeros between."""
    if not isinstance(arch, SupportNetwork):
        return dilate(w, arch.dilations[layer])
    result = np.zeros((*w.shape[:-1], arch.exponents[layer][-1] + 1), dtype=w.dtype)
    result[..., arch.exponents[layer]] = w
    return result


def relative_gradient(arch: Architecture, theta: Sequence[Array], gram: Array, b: Array) -> NDArray[np.float64]:
    """Norm of the gradient at θ relative to the terms that cancel in it: 2 ‖J_l‖ (‖Σ‖ ‖w‖ + ‖b‖), summed over l."""
    size = np.linalg.norm(np.asarray(gram, float)) * _norm(compose(arch, theta)) + np.linalg.norm(np.asarray(b, float))
    total = np.zeros(theta[0].shape[:-1])
    scale = np.zeros(theta[0].shape[:-1])
    for part, rest in zip(gradient(arch, theta, gram, b), _rests(arch, theta), strict=True):
        total = total + _norm(part) ** 2
        scale = scale + 2 * _norm(rest) * size
    return np.asarray(np.sqrt(total) / np.where(scale > 0, scale, 1.0), dtype=float)


def balance(theta: Sequence[Array], scale: Array) -> list[Array]:
    """Layers (…, k_l) rescaled to equal norms, with the scalar factor ``scale`` (…) of the filter shared out.

    The phase (sign) of the scale goes to the first layer.
    """
    norms = [_norm(w) for w in theta]
    size = np.abs(scale)
    for norm in norms:
        size = size * norm
    common = size ** (1 / len(theta))
    phase = scale / np.where(np.abs(scale) > 0, np.abs(scale), 1)
    balanced = [w * (common / norm)[..., None] for w, norm in zip(theta, norms, strict=True)]
    balanced[0] = balanced[0] * phase[..., None]
    return balanced


def _products(arch: Architecture, theta: Sequence[Array]) -> tuple[list[Array], list[Array]]:
    """For l = 0, …, L the products of the dilated layers before layer l, and of those from layer l on."""
    layers = [_dilated(arch, layer, w) for layer, w in enumerate(theta)]
    before, after = [np.ones_like(theta[0][..., :1])], [np.ones_like(theta[0][..., :1])]
    for first, last in zip(layers, reversed(layers), strict=True):
        before.append(multiply(before[-1], first))
        after.append(multiply(last, after[-1]))
    return before, after[::-1]


def _rests(arch: Architecture, theta: Sequence[Array]) -> list[Array]:
    """For each layer the product of all other dilated layers."""
    before, after = _products(arch, theta)
    return [multiply(before[layer], after[layer + 1]) for layer in range(arch.depth)]


def _norm(array: Array) -> NDArray[np.float64]:
    return np.asarray(np.sqrt((np.abs(array) ** 2).sum(axis=-1)), dtype=float)
