"""Filters as binary forms: products, dilations, roots on the projective line, hyperroots.

The filter (w_0, …, w_n) is the form Σ_j w_j x^{n−j} y^j, so the leading coefficient comes first, convolution is
multiplication, and a zero first coefficient is a root at infinity (y = 0). Everything here works on stacks of filters
(…, n + 1) and keeps the dtype, extended precision included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "adjoint_multiply",
    "dilate",
    "distance_to_hyperroot",
    "multiply",
    "pieces_of_roots",
    "power",
    "roots",
    "roots_of_each",
]

Array = NDArray[Any]

#: End coefficients of a form below this fraction of the largest coefficient are rounding, and count as zero.
NEGLIGIBLE_END = 4 * float(np.finfo(float).eps)


def multiply(left: Array, right: Array) -> Array:
    """Product of forms, (…, m + 1) and (…, n + 1) to (…, m + n + 1)."""
    if left.shape[-1] == 1 or right.shape[-1] == 1:
        return np.asarray(left * right)
    size = left.shape[-1] + right.shape[-1] - 1
    stack = left.shape[:-1]
    if stack != right.shape[:-1]:
        stack = np.broadcast_shapes(stack, right.shape[:-1])
    result = np.zeros((*stack, size), dtype=np.result_type(left, right))
    short, long = (left, right) if left.shape[-1] <= right.shape[-1] else (right, left)
    for j in range(short.shape[-1]):
        result[..., j : j + long.shape[-1]] += short[..., j, None] * long
    return result


def adjoint_multiply(factor: Array, covector: Array) -> Array:
    """Transpose of multiplication by ``factor``: (…, m + 1) and (…, m + n + 1) to (…, n + 1), a correlation."""
    terms = factor.shape[-1]
    size = covector.shape[-1] - terms + 1
    if size < terms:
        return np.stack([(factor * covector[..., q : q + terms]).sum(axis=-1) for q in range(size)], axis=-1)
    result = factor[..., :1] * covector[..., :size]
    for j in range(1, terms):
        result += factor[..., j, None] * covector[..., j : j + size]
    return np.asarray(result)


def power(form: Array, exponent: int) -> Array:
    """The form to a power; the constant 1 for exponent 0."""
    if exponent == 1:
        return form
    result = np.ones((*form.shape[:-1], 1), dtype=form.dtype)
    for _ in range(exponent):
        result = multiply(result, form)
    return result


def dilate(form: Array, dilation: int) -> Array:
    """The form in the variables x^dilation, y^dilation: dilation − 1 zeros between neighbouring coefficients."""
    if dilation == 1:
        return form
    result = np.zeros((*form.shape[:-1], (form.shape[-1] - 1) * dilation + 1), dtype=form.dtype)
    result[..., ::dilation] = form
    return result


def roots(form: NDArray[np.float64] | NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Roots on the projective line of one form (n + 1,), as unit vectors (n, 2): the form vanishes at (x : y).

    Real forms have exactly real roots and exactly conjugate pairs; the two roots of a pair stand next to each other.
    Coefficients below rounding level of the largest one count as zero, at either end.
    """
    scale = np.abs(form).max()
    significant = np.flatnonzero(np.abs(form) > NEGLIGIBLE_END * scale)
    degree = len(form) - 1
    if significant.size == 0:
        raise ValueError("the zero form has no roots")
    at_infinity, at_zero = int(significant[0]), degree - int(significant[-1])
    core = form[significant[0] : significant[-1] + 1]
    finite = _finite_roots(core).astype(complex)
    points = np.concatenate(
        [
            np.stack([finite, np.ones_like(finite)], axis=1),
            np.tile(np.array([[1.0, 0.0]], complex), (at_infinity, 1)),
            np.tile(np.array([[0.0, 1.0]], complex), (at_zero, 1)),
        ]
    )
    return np.asarray(points / np.linalg.norm(points, axis=1)[:, None])


def _finite_roots(core: NDArray[np.float64] | NDArray[np.complex128]) -> NDArray[Any]:
    """Roots of a polynomial whose first and last coefficients do not vanish."""
    if len(core) == 2:
        return -core[1:] / core[0]
    if len(core) == 3 and np.isrealobj(core):
        a, b, c = core.tolist()
        discriminant = b * b - 4 * a * c
        if discriminant < 0:
            x, y = -b / (2 * a), np.sqrt(-discriminant) / (2 * a)
            return np.array([complex(x, y), complex(x, -y)])
        q = -(b + np.copysign(np.sqrt(discriminant), b)) / 2
        return np.array([q / a, c / q])
    return np.roots(core)


def pieces_of_roots(
    points: NDArray[np.complex128],
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Irreducible real factors of the real form with the roots (n, 2): linear ones (2,), quadratic ones (3,).

    The roots are those of `roots`, and each factor has norm one.
    """
    linear, quadratic = [], []
    for x, y in points:
        if x.imag == 0:
            linear.append(np.array([y.real, -x.real]))
        elif x.imag > 0:
            piece = np.array([y.real**2, -2 * x.real * y.real, abs(x) ** 2])
            quadratic.append(piece / np.linalg.norm(piece))
    return linear, quadratic


def roots_of_each(forms: NDArray[np.float64] | NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Roots on the projective line of each of many forms, (P, n + 1) to (P, n, 2), as `roots`.

    Roots of real forms are exactly real, or exactly conjugate to another root.
    """
    count, degree = len(forms), forms.shape[1] - 1
    result = np.empty((count, degree, 2), complex)
    if degree == 0 or count == 0:
        return result
    size = np.abs(forms)
    scale = size.max(axis=1)
    plain = (np.minimum(size[:, 0], size[:, -1]) > NEGLIGIBLE_END * scale) if degree > 1 else scale > 0
    if degree == 1:
        result[:, 0] = np.stack([-forms[:, 1], forms[:, 0]], axis=1)
    else:
        companion = np.zeros((int(plain.sum()), degree, degree), forms.dtype)
        companion[:, np.arange(1, degree), np.arange(degree - 1)] = 1
        companion[:, 0] = -forms[plain, 1:] / forms[plain, :1]
        result[plain, :, 0] = np.linalg.eigvals(companion)
        result[plain, :, 1] = 1
    for p in np.flatnonzero(~plain):
        result[p] = roots(forms[p])
    return np.asarray(result / np.linalg.norm(result, axis=2, keepdims=True))


def distance_to_hyperroot(forms: NDArray[np.complex128], dilation: int) -> NDArray[np.float64]:
    """How far each of the forms (P, n + 1) is from having a factor a x^dilation + b y^dilation; ∞ if it is too short.

    Such a factor divides every polyphase component (the coefficients at equal residues modulo the dilation), so it is a
    common root of these components. The roots of the largest component are tried, and the result is the least value of
    the other components at these roots, relative to the form.
    """
    result = np.full(len(forms), np.inf)
    degree = forms.shape[1] - 1
    if degree < dilation:
        return result
    length = degree // dilation + 1
    components = [forms[:, j::dilation] for j in range(dilation)]
    norms = np.stack([np.linalg.norm(component, axis=1) for component in components])
    scale = np.linalg.norm(norms, axis=0)
    largest = norms.argmax(axis=0)
    for j, component in enumerate(components):
        rows = np.flatnonzero(largest == j)
        if rows.size == 0 or component.shape[1] < 2:
            continue
        points = roots_of_each(component[rows])
        worst = np.zeros(points.shape[:2])
        for other in components:
            m = other.shape[1]
            monomials = points[:, :, :1] ** np.arange(m - 1, -1, -1) * points[:, :, 1:] ** np.arange(m)
            worst = np.maximum(worst, np.abs((monomials * other[rows][:, None, :]).sum(axis=2)))
        result[rows] = worst.min(axis=1) / (length * scale[rows])
    return result
