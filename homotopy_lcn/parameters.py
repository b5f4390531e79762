"""Parameters θ = (w_1, …, w_L) of a network: composition and the gradient of the loss, in coefficients.

This is the definition written down once more, by convolution and correlation, independently of `equations`: it verifies
every reported point in the original parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .architecture import Architecture
from .forms import adjoint_multiply, dilate, multiply

__all__ = ["balance", "compose", "gradient", "relative_gradient"]

Array = NDArray[Any]


def compose(arch: Architecture, theta: Sequence[Array]) -> Array:
    """The end-to-end filter μ(θ): layers (…, k_l) to (…, K)."""
    result = theta[0]
    for layer, dilation in zip(theta[1:], arch.dilations[1:], strict=True):
        result = multiply(result, dilate(layer, dilation))
    return result


def gradient(arch: Architecture, theta: Sequence[Array], gram: Array, b: Array) -> list[Array]:
    """Gradient of the loss wᵀΣw − 2bᵀw at w = μ(θ) in each layer, (…, k_l): 2 J_lᵀ (Σ w − b)."""
    residual = compose(arch, theta) @ gram - b
    result = []
    for layer in range(arch.depth):
        others = [np.ones_like(w[..., :1]) if i == layer else w for i, w in enumerate(theta)]
        rest = _compose_any(arch, others)
        full = adjoint_multiply(rest, residual)
        result.append(2 * full[..., :: arch.dilations[layer]])
    return result


def relative_gradient(arch: Architecture, theta: Sequence[Array], gram: Array, b: Array) -> NDArray[np.float64]:
    """Norm of the gradient at θ relative to the terms that cancel in it: 2 ‖J_l‖ (‖Σ‖ ‖w‖ + ‖b‖), summed over l."""
    size = np.linalg.norm(np.asarray(gram, float)) * _norm(compose(arch, theta)) + np.linalg.norm(np.asarray(b, float))
    total = np.zeros(theta[0].shape[:-1])
    scale = np.zeros(theta[0].shape[:-1])
    for layer, part in enumerate(gradient(arch, theta, gram, b)):
        total = total + _norm(part) ** 2
        others = [np.ones_like(w[..., :1]) if i == layer else w for i, w in enumerate(theta)]
        scale = scale + 2 * _norm(_compose_any(arch, others)) * size
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


def _compose_any(arch: Architecture, theta: Sequence[Array]) -> Array:
    """Product of dilated layers of any size."""
    result = dilate(theta[0], arch.dilations[0])
    for layer, dilation in zip(theta[1:], arch.dilations[1:], strict=True):
        result = multiply(result, dilate(layer, dilation))
    return result


def _norm(array: Array) -> NDArray[np.float64]:
    return np.asarray(np.sqrt((np.abs(array) ** 2).sum(axis=-1)), dtype=float)
