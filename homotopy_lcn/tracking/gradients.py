"""The gradient of the loss in the coordinates of a stratum, in coefficients, in the precision of its arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..networks.binary_forms import adjoint_multiply, dilate, multiply, power
from ..networks.strata import Stratum

__all__ = ["half_gradient"]


def half_gradient(stratum: Stratum, points: NDArray[Any], gram: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Half the gradient of the loss in all coordinates, (P, coordinates).

    Either all points share the Gram matrix (K, K) and the moment vector (K,), or each point has its own: (P, K, K) and
    (P, K).
    """
    powers = [
        dilate(power(points[:, part], factor.power), factor.dilation)
        for factor, part in zip(stratum.factors, stratum.slices, strict=True)
    ]
    before = [points[:, :1]]
    for form in powers:
        before.append(multiply(before[-1], form))
    residual = (before[-1] @ gram if gram.ndim == 2 else (before[-1][:, None, :] @ gram)[:, 0]) - b
    after = [np.ones_like(points[:, :1])]
    for form in powers[::-1]:
        after.append(multiply(form, after[-1]))
    result = np.empty_like(points)
    result[:, 0] = (after.pop() * residual).sum(axis=1)
    for factor, part, left in zip(stratum.factors, stratum.slices, before, strict=False):
        rest = multiply(left, after.pop())
        if factor.power > 1:
            rest = multiply(rest, factor.power * dilate(power(points[:, part], factor.power - 1), factor.dilation))
        result[:, part] = adjoint_multiply(rest, residual)[:, :: factor.dilation]
    return result
