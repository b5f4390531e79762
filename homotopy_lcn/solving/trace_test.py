"""The trace test: whether the points of a fibre are all points of it.

With Σ fixed and b on a line, the sum of the filters over a complete fibre is affine-linear; over a part of it, the sum
is not, as monodromy moves each point to all others (Leykin, Rodriguez, Sottile, *Trace test*, 2018). It is a sum of
algebraic functions, so its second derivative at a random point of a random line vanishes only if the sum is
affine-linear. That derivative takes no paths: it follows from the equations at each point alone.

Along the line b + s d a point moves as x(s) with F(x(s)) = s Jᵀd. In local coordinates at x(0) that is H x' = Jᵀd and
H x'' = −2 g, where g is the coefficient of s² in J(x + s x')ᵀ (Σ w(x + s x') − b − s d). The second derivative of the
filter is the one along the straight line x + s x', plus J x''.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, rows_times
from ..equations.critical_equations import Data, Equations, equations_of
from ..networks.strata import Stratum
from ..tracking.settings import Tracking
from .tolerances import SOLVING

__all__ = ["trace_test"]

#: Points looked at together.
TRACED_TOGETHER = 2048
#: The coefficients of 1, s and s² of a function of s, (3, P, K).
Series = NDArray[np.complex128]


def trace_test(stratum: Stratum, data: Data, points: Complex, tracking: Tracking) -> float:
    """Deviation from linearity of the sum of the filters along a random line of moment vectors.

    Parameters
    ----------
    stratum : Stratum
    data : Data
    points : (P, coordinates) complex array
    tracking : Tracking
        For its random numbers, its clock and its number of threads. No paths are tracked.

    Returns
    -------
    float
        The second derivative of the sum, relative to the sum of the norms of the second derivatives: at rounding level
        for a complete fibre, of order 1/P otherwise. Infinite if a point is not critical, or singular.
    """
    equations = equations_of(stratum)
    direction = tracking.rng.normal(size=len(data.b)) + 1j * tracking.rng.normal(size=len(data.b))

    def part(first: int) -> tuple[Complex, float]:
        tracking.clock.check()
        return _sum_of_second_derivatives(equations, data, direction, points[first : first + TRACED_TOGETHER])

    with ThreadPoolExecutor(max_workers=tracking.jobs) as pool:
        parts = list(pool.map(part, range(0, len(points), TRACED_TOGETHER)))
    total = np.sum([moved for moved, _ in parts], axis=0)
    scale = sum(size for _, size in parts)
    if not np.isfinite(scale):
        return float("inf")
    return float(np.linalg.norm(total)) / scale if scale > 0 else 0.0


def _sum_of_second_derivatives(
    equations: Equations, data: Data, direction: Complex, points: Complex
) -> tuple[Complex, float]:
    """The sum of the second derivatives of the filters of some points, (K,), and the sum of their norms."""
    points = equations.normalize(points)
    bases = equations.patches(points)
    patches = equations.patch_values(bases)
    transformed = equations.transform(data)
    line = equations.transform(Data(data.gram, direction)).b
    nothing = np.zeros(equations.stratum.filter_size, complex)
    with np.errstate(all="ignore"):
        here = equations.evaluate(points, patches, transformed, transformed, np.zeros(len(points)))
        assert here.hessian is not None
        try:
            inverse = np.linalg.inv(here.hessian)
        except np.linalg.LinAlgError:
            return nothing, np.inf
        newton = (inverse @ here.gradient[:, :, None])[:, :, 0]
        if not np.linalg.norm(newton, axis=1).max() < SOLVING.stored:
            return nothing, np.inf
        velocity = (inverse @ (here.jacobian.transpose(0, 2, 1) @ line)[:, :, None])[:, :, 0]
        steps = equations.displacement(points, bases, velocity)
        gradient, bend = _second_order(equations, points, steps, patches, (transformed.gram, transformed.b, line))
        acceleration = -2 * (inverse @ gradient[:, :, None])
        moved = 2 * bend + (here.jacobian @ acceleration)[:, :, 0]
    filters = equations.coefficients(moved)
    return filters.sum(axis=0), float(np.linalg.norm(filters, axis=1).sum())


def _second_order(
    equations: Equations,
    points: Complex,
    steps: Complex,
    patches: list[Complex],
    data: tuple[Complex, Complex, Complex],
) -> tuple[Complex, Complex]:
    """The coefficients of s² of F and of the filter at points + s · steps, F (P, n) for moments b + s · direction.

    Filters are values at the roots of unity, and so are the Gram matrix, b and the direction.
    """
    gram, b, direction = data
    factors = equations.stratum.factors
    values = equations.factor_values(points)
    slopes = equations.factor_values(steps)
    scalar = np.stack([points[:, :1], steps[:, :1], np.zeros_like(points[:, :1])])
    forms = [np.stack([value, slope, np.zeros_like(value)]) for value, slope in zip(values, slopes, strict=True)]
    one = np.zeros((3, len(points), equations.stratum.filter_size), complex)
    one[0] = 1
    powers = [_power(form, factor.power) for form, factor in zip(forms, factors, strict=True)]
    before, after = [scalar * one[:1]], [one]
    for form in powers:
        before.append(_times(before[-1], form))
    for form in reversed(powers):
        after.append(_times(form, after[-1]))
    after.reverse()
    filters = before[-1]
    residual = rows_times(filters, gram)
    residual[0] -= b
    residual[1] -= direction
    gradient = np.empty((len(points), equations.stratum.dimension), complex)
    free, end = equations.free, 1
    for f, (factor, patch) in enumerate(zip(factors, patches, strict=True)):
        rest = _times(before[f], after[f + 1])
        if f == free:
            gradient[:, 0] = (values[f] * _second(rest, residual)).sum(axis=1)
        if factor.power > 1:
            rest = factor.power * _times(rest, _power(forms[f], factor.power - 1))
        start, end = end, end + patch.shape[2]
        gradient[:, start:end] = (_second(rest, residual)[:, None, :] @ patch)[:, 0]
    if free is None:
        gradient[:, 0] = points[:, 0] * _second(after[0], residual).sum(axis=1)
    return gradient, filters[2]


def _times(left: Series, right: Series) -> Series:
    """The product up to s²."""
    result = np.empty(np.broadcast_shapes(left.shape, right.shape), complex)
    result[0] = left[0] * right[0]
    result[1] = left[0] * right[1] + left[1] * right[0]
    result[2] = _second(left, right)
    return result


def _second(left: Series, right: Series) -> Complex:
    """The coefficient of s² of the product."""
    return np.asarray(left[0] * right[2] + left[1] * right[1] + left[2] * right[0])


def _power(form: Series, exponent: int) -> Series:
    """A power up to s²."""
    result = form
    for _ in range(exponent - 1):
        result = _times(result, form)
    return result
