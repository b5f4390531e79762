"""Newton refinement with residuals in extended precision.

The gradient is evaluated in coefficients, in extended precision, the Newton matrix in double precision. The refined
point is accurate to about the precision of a double even where the condition number of the data spoils plain double
arithmetic (Higham, *Accuracy and Stability of Numerical Algorithms* (2002), chapter 25).

For real data the compiled kernel computes with pairs of doubles, if the kernel is installed. The kernel takes no
pivots. Points where pivots may matter, complex data, and all points without the kernel are left to NumPy with its
``longdouble`` (64 bits of mantissa on x86-64, at least the 53 bits of a double everywhere).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, DataAtRoots, Equations
from ..equations.scaling import symmetric_scale
from ..networks.binary_forms import dilate, multiply, power
from ..networks.strata import Stratum
from .compiled_gradients import extended_half_gradient
from .gradients import half_gradient
from .tolerances import REFINEMENT

__all__ = [
    "Refined",
    "filters_of",
    "gradient_residual",
    "gradient_residuals",
    "refine",
    "refine_with_numpy",
    "refined_as_by",
]

Answer = TypeVar("Answer")
#: The instruction set of the kernel that refines points, in this thread; the fastest one where it is empty.
_instruction_set: ContextVar[str] = ContextVar("instruction_set", default="")


@dataclass(frozen=True)
class Refined:
    """Refined points.

    Attributes
    ----------
    points : (P, coordinates) extended-precision complex array
    filters : (P, K) complex array
    errors : (P,) float array
        Relative size of the last Newton step. The error from rounding of the residual is not in it: about the precision
        of ``longdouble`` times the condition number.
    conditions : (P,) float array
        Condition number of the Newton matrix, scaled by `symmetric_scale`. Where scaling by the entries of the matrix
        alone cannot hide a condition number above 1e4, the kernel does that, and may tell less than there is.
    """

    points: NDArray[Any]
    filters: Complex
    errors: Real
    conditions: Real


REFINED_ARRAYS = ("points", "filters", "errors", "conditions")


@contextmanager
def refined_as_by(engine: object) -> Iterator[None]:
    """Refine points with the instruction set of an engine, in the body and all that it calls in this thread.

    Points are refined deep in the classification of points, which has no engine. The choice of an instruction set
    changes last digits alone.
    """
    token = _instruction_set.set(getattr(engine, "instruction_set", ""))
    try:
        yield
    finally:
        _instruction_set.reset(token)


def refine(
    equations: Equations, points: NDArray[Any], data: Data, real: bool = False, steps: int = 6, jobs: int = 1
) -> Refined:
    """Refine critical points (P, coordinates); with ``real``, keep real points of real data real.

    ``jobs`` threads share the work; the result does not depend on their number. The instruction set is that of
    `refined_as_by`.
    """
    found = _by_kernel(equations, points, data, real, steps, jobs)
    if found is None:
        return refine_with_numpy(equations, points, data, real, steps, jobs)
    moved, sizes = np.abs((found.points - points).astype(complex)).max(axis=1), np.abs(points).max(axis=1)
    good = (found.errors <= REFINEMENT.kernel_step) & (moved <= REFINEMENT.kernel_movement * sizes.astype(float))
    untold = np.flatnonzero(good & np.isinf(found.conditions))
    if untold.size:
        found.conditions[untold] = _conditions(equations, found.points[untold].astype(complex), data, real, jobs)
    good &= found.conditions <= REFINEMENT.kernel_condition
    rest = np.flatnonzero(~good)
    if rest.size:
        other = refine_with_numpy(equations, points[rest], data, real, steps, jobs)
        for name in REFINED_ARRAYS:
            getattr(found, name)[rest] = getattr(other, name)
    return found


def _by_kernel(
    equations: Equations, points: NDArray[Any], data: Data, real: bool, steps: int, jobs: int
) -> Refined | None:
    """The points refined by the compiled kernel; None without the kernel, or if the data are not real."""
    if np.iscomplexobj(data.gram) or np.iscomplexobj(data.b):
        return None
    try:
        from .native import refine_points
    except ImportError:
        return None
    chosen = _instruction_set.get()
    found = refine_points(equations.stratum, points, data, real=real, steps=steps, jobs=jobs, instruction_set=chosen)
    return Refined(*found)


def refine_with_numpy(
    equations: Equations, points: NDArray[Any], data: Data, real: bool = False, steps: int = 6, jobs: int = 1
) -> Refined:
    """`refine` without the kernel: slower, with pivots, for complex data, too.

    Points are taken in batches of fixed size, so that memory is bounded.
    """
    parts = _in_batches(lambda batch: _refine(equations, batch, data, real, steps), points, jobs)
    return Refined(*(np.concatenate([getattr(part, name) for part in parts]) for name in REFINED_ARRAYS))


def _in_batches(work: Callable[[NDArray[Any]], Answer], points: NDArray[Any], jobs: int) -> list[Answer]:
    """The answers for points in batches of fixed size, so that memory is bounded; in threads if there are several."""
    size = REFINEMENT.batch
    if len(points) <= size:
        return [work(points)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(work, [points[i : i + size] for i in range(0, len(points), size)]))


def _conditions(equations: Equations, points: Complex, data: Data, real: bool, jobs: int) -> Real:
    """The condition numbers of the Newton matrices at points (P, coordinates)."""
    transformed = equations.transform(data)

    def of_batch(batch: Complex) -> Real:
        with np.errstate(all="ignore"):
            return _scaled_condition(*_newton_matrices(equations, batch, transformed, real)[1:])

    return np.concatenate(_in_batches(of_batch, points, jobs))


def _newton_matrices(
    equations: Equations, points: Complex, transformed: DataAtRoots, real: bool
) -> tuple[list[Complex], Complex, Real]:
    """Bases of the patches at points, the Newton matrices there, and by which numbers rows and columns are scaled."""
    bases = equations.patches(points)
    evaluation = equations.evaluate(
        points, equations.patch_values(bases), transformed, transformed, np.zeros(len(points))
    )
    assert evaluation.hessian is not None
    matrix = evaluation.hessian.real.astype(complex) if real else evaluation.hessian
    return bases, matrix, symmetric_scale(matrix, equations.loss_curvatures(evaluation, transformed))


def _refine(equations: Equations, points: NDArray[Any], data: Data, real: bool, steps: int) -> Refined:
    stratum = equations.stratum
    extended = np.clongdouble
    current = np.array(points, dtype=extended)
    transformed = equations.transform(data)
    gram, b = (np.asarray(x, np.result_type(x, np.longdouble)) for x in data)
    errors = np.full(len(current), np.inf)
    conditions = np.full(len(current), np.inf)
    active, steady = np.arange(len(current)), np.ones(len(current), dtype=bool)
    with np.errstate(all="ignore"):
        for step in range(steps):
            at = current[active]
            # Near the solution the last matrix serves as well as a new one.
            if step == 0 or not (errors[active] * conditions[active] < REFINEMENT.reused_matrix).all():
                rounded = at.astype(complex)
                bases, matrix, scale = _newton_matrices(equations, rounded, transformed, real)
            ambient = half_gradient(stratum, at, gram, b)
            local = [at[:, :1] * ambient[:, :1]]
            for part, basis in zip(stratum.slices, bases, strict=True):
                local.append((basis.transpose(0, 2, 1) @ ambient[:, part, None])[:, :, 0])
            newton = -_solve(matrix, scale, np.concatenate(local, axis=1).astype(complex))
            size = np.linalg.norm(newton, axis=1)
            if step == 0:
                conditions = _scaled_condition(matrix, scale)
            shorter = size < np.maximum(0.5 * errors[active], 1e-300)
            better = np.isfinite(size) & (shorter | (steady[active] & (size < REFINEMENT.again)))
            steady[active[~shorter]] = False
            moved = at + equations.displacement(rounded, bases, newton)
            if real:
                moved = moved.real.astype(extended)
            current[active[better]] = moved[better]
            errors[active[better]] = size[better]
            # The next step would be smaller by the condition number times the rounding of the Newton matrix.
            done = errors[active] < REFINEMENT.small_step
            done &= errors[active] * conditions[active] < REFINEMENT.reused_matrix
            going = better & ~done
            if not going.any():
                break
            if not going.all():
                active, rounded, matrix, scale = active[going], rounded[going], matrix[going], scale[going]
                bases = [basis[going] for basis in bases]
    return Refined(current, filters_of(stratum, current).astype(complex), errors, conditions)


def gradient_residual(stratum: Stratum, points: NDArray[Any], data: Data) -> Real:
    """How well points (P, coordinates) with factors of norm one solve the equations, relative to their terms.

    The norm of F, the scalar varied relatively, divided by |c| (‖Σ‖ ‖w‖ + ‖b‖); 0 where that is zero.
    """
    extended = np.asarray(points, np.clongdouble)
    gram, b = (np.asarray(part, np.clongdouble) for part in data)
    gradient = extended_half_gradient(stratum, extended, gram, b)
    gradient[:, 0] *= extended[:, 0]
    filters = np.linalg.norm(filters_of(stratum, extended).astype(complex), axis=1)
    terms = np.abs(points[:, 0]) * (np.linalg.norm(data.gram) * filters + np.linalg.norm(data.b))
    size = np.linalg.norm(gradient.astype(complex), axis=1)
    return np.asarray(size / np.where(terms > 0, terms, 1.0), float)


def gradient_residuals(stratum: Stratum, points: Complex, filters: Complex, gram: Real, b: Real) -> Real:
    """The same in double precision, where each point has its own data: Gram matrices (P, K, K), vectors (P, K)."""
    gradient = half_gradient(stratum, points, gram, b)
    gradient[:, 0] *= points[:, 0]

    def norm(values: NDArray[Any]) -> Real:
        return np.asarray(np.sqrt((values.real**2 + values.imag**2).sum(axis=tuple(range(1, values.ndim)))))

    terms = np.abs(points[:, 0]) * (norm(gram) * norm(filters) + norm(b))
    return np.asarray(norm(gradient) / np.where(terms > 0, terms, 1.0))


def filters_of(stratum: Stratum, points: NDArray[Any]) -> NDArray[Any]:
    """End-to-end filters (P, K) of points (P, coordinates), by convolution."""
    result = points[:, :1]
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        result = multiply(result, dilate(power(points[:, part], factor.power), factor.dilation))
    return result


def _solve(matrices: Complex, scale: Real, vectors: Complex) -> Complex:
    """Solve after scaling; NaN where singular."""
    scaled = matrices * scale[:, :, None] * scale[:, None, :]
    right = (scale * vectors)[:, :, None]
    try:
        return np.asarray(scale * np.linalg.solve(scaled, right)[:, :, 0])
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(vectors, np.nan)
    parts = [slice(i, i + 1) for i in range(len(matrices))]
    return np.concatenate([_solve(matrices[one], scale[one], vectors[one]) for one in parts])


def _scaled_condition(matrices: Complex, scale: Real) -> Real:
    scaled = matrices * scale[:, :, None] * scale[:, None, :]
    finite = np.isfinite(scaled).all(axis=(1, 2))
    result = np.full(len(matrices), np.inf)
    if finite.any():
        singular = np.linalg.svd(scaled[finite], compute_uv=False)
        result[finite] = singular[:, 0] / singular[:, -1]
    return result
