"""Filters as binary forms: products, dilations, roots on the projective line, hyperroots.

The filter (w_0, …, w_n) is the form Σ_j w_j x^{n−j} y^j, so the leading coefficient comes first, convolution is
multiplication, and a zero first coefficient is a root at infinity (y = 0). Everything here works on stacks of filters
(…, n + 1) and keeps the dtype, extended precision included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["adjoint_multiply", "dilate", "has_hyperroot", "multiply", "power", "real_pieces", "roots"]

Array = NDArray[Any]


def multiply(left: Array, right: Array) -> Array:
    """Product of forms, (…, m + 1) and (…, n + 1) to (…, m + n + 1)."""
    size = left.shape[-1] + right.shape[-1] - 1
    shape = (*np.broadcast_shapes(left.shape[:-1], right.shape[:-1]), size)
    result = np.zeros(shape, dtype=np.result_type(left, right))
    short, long = (left, right) if left.shape[-1] <= right.shape[-1] else (right, left)
    for j in range(short.shape[-1]):
        result[..., j : j + long.shape[-1]] += short[..., j, None] * long
    return result


def adjoint_multiply(factor: Array, covector: Array) -> Array:
    """Transpose of multiplication by ``factor``: (…, m + 1) and (…, m + n + 1) to (…, n + 1), a correlation."""
    size = covector.shape[-1] - factor.shape[-1] + 1
    return np.stack([(factor * covector[..., q : q + factor.shape[-1]]).sum(axis=-1) for q in range(size)], axis=-1)


def power(form: Array, exponent: int) -> Array:
    """The form to a power; the constant 1 for exponent 0."""
    result = np.ones((*form.shape[:-1], 1), dtype=form.dtype)
    for _ in range(exponent):
        result = multiply(result, form)
    return result


def dilate(form: Array, dilation: int) -> Array:
    """The form in the variables x^dilation, y^dilation: dilation − 1 zeros between neighbouring coefficients."""
    result = np.zeros((*form.shape[:-1], (form.shape[-1] - 1) * dilation + 1), dtype=form.dtype)
    result[..., ::dilation] = form
    return result


def roots(form: NDArray[np.float64] | NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Roots on the projective line of one form (n + 1,), as unit vectors (n, 2): the form vanishes at (x : y).

    Real forms have exactly real roots and exactly conjugate pairs, the latter next to each other. Coefficients below
    rounding level of the largest one count as zero, at either end.
    """
    scale = np.abs(form).max()
    significant = np.flatnonzero(np.abs(form) > 4 * np.finfo(float).eps * scale)
    degree = len(form) - 1
    if significant.size == 0:
        raise ValueError("the zero form has no roots")
    at_infinity, at_zero = int(significant[0]), degree - int(significant[-1])
    core = form[significant[0] : significant[-1] + 1]
    finite = np.roots(core).astype(complex)
    points = np.concatenate(
        [
            np.stack([finite, np.ones_like(finite)], axis=1),
            np.tile(np.array([[1.0, 0.0]], complex), (at_infinity, 1)),
            np.tile(np.array([[0.0, 1.0]], complex), (at_zero, 1)),
        ]
    )
    return np.asarray(points / np.linalg.norm(points, axis=1)[:, None])


def real_pieces(form: NDArray[np.float64]) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Irreducible real factors of one real form: linear ones (2,), quadratic ones (3,), each of norm one."""
    linear, quadratic = [], []
    for x, y in roots(form):
        if x.imag == 0:
            linear.append(np.array([y.real, -x.real]))
        elif x.imag > 0:
            piece = np.array([y.real**2, -2 * x.real * y.real, abs(x) ** 2])
            quadratic.append(piece / np.linalg.norm(piece))
    return linear, quadratic


def has_hyperroot(form: NDArray[np.complex128], dilation: int, tolerance: float = 1e-7) -> bool:
    """Whether the form (n + 1,) has a factor a x^dilation + b y^dilation, up to ``tolerance``.

    Such a factor divides every polyphase component (the coefficients at equal residues modulo the dilation), so it is a
    common root of these components.
    """
    degree = len(form) - 1
    if degree < dilation:
        return False
    # y^k and x^k with k < dilation divide alongside: pad all components to one length, as forms in x^D, y^D.
    length = degree // dilation + 1
    components = [form[j::dilation] for j in range(dilation)]
    scale = float(np.linalg.norm(form))
    largest = max(components, key=lambda component: float(np.linalg.norm(component)))
    for x, y in roots(largest) if len(largest) > 1 else []:
        values = []
        for component in components:
            m = len(component)
            values.append(abs((component * x ** np.arange(m - 1, -1, -1) * y ** np.arange(m)).sum()))
        if max(values) <= tolerance * scale * length:
            return True
    return False
