"""The index of the Hessian of the loss at real critical θ, in two variants.

`hessian_indices` works in coefficients, for θ of any number of data sets at once, and marks what is in doubt.
`careful_inertia` works at θ of one data set that Newton's method has polished, evaluates the equations as the path
tracker does, and decides which eigenvalues are zero. The two variants stand side by side because `careful_inertia`
needs one data set, on which the equations are built once, and costs a survey several times as much; `hessian_indices`
has to leave open what `careful_inertia` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, equations_of
from ..equations.residuals import have_no_residual
from ..equations.scaling import symmetric_scale
from ..networks.architecture import Architecture
from ..networks.binary_forms import adjoint_multiply, dilate, multiply
from ..networks.strata import Stratum
from .stratum_problem import StratumProblem
from .tolerances import CLASSIFICATION

__all__ = ["Inertia", "careful_inertia", "hessian_indices"]

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


def hessian_indices(problem: StratumProblem, theta: Sequence[Real], filters: Real) -> tuple[Integers, Bools]:
    """The index of the Hessian at T real θ, and where the index is in doubt.

    Parameters
    ----------
    problem : StratumProblem
        With one data set, or with a data set for each θ.
    theta : sequence of (T, k_l) arrays
        The layers of size above one in their order, up to scale.
    filters : (T, K) array
        The filters μ(θ), which give the scale.

    Returns
    -------
    indices : (T,) integer array
        Numbers of negative eigenvalues.
    doubtful : (T,) bool array
        Where an eigenvalue may be zero, or θ may not be critical.

    Notes
    -----
    The scalar is varied relatively, the forms orthogonally to themselves. For a critical point the inertia does not
    depend on the coordinates.
    """
    forms = [_unit(layer) for layer in theta]
    with np.errstate(over="ignore", invalid="ignore"):
        hessian, curvatures, doubtful = _hessian(problem, forms, filters)
        eigenvalues = np.linalg.eigvalsh(_scaled(hessian, curvatures))
    sizes = np.abs(eigenvalues)
    doubtful |= ~(sizes > CLASSIFICATION.index_in_doubt * sizes.max(axis=1, keepdims=True)).all(axis=1)
    return (eigenvalues < 0).sum(axis=1), doubtful


class Inertia(NamedTuple):
    """The inertia of the Hessians at T critical θ.

    Attributes
    ----------
    indices, nullities : (T,) integer arrays
        Numbers of negative and of zero eigenvalues.
    no_residual : (T,) bool array
        Where the residual Σw − b is zero: no other filter has less loss.
    """

    indices: Integers
    nullities: Integers
    no_residual: Bools

    def kinds(self, free: int = 0) -> list[str]:
        """The kind of each critical θ.

        Parameters
        ----------
        free : int
            Dimension of the continuum of critical θ that θ is on, along which the Hessian vanishes.
        """
        minimum = (self.indices == 0) & ((self.nullities <= free) | self.no_residual)
        degenerate = ~minimum & (self.nullities > free)
        return np.where(minimum, "minimum", np.where(degenerate, "degenerate", "saddle")).tolist()


def careful_inertia(arch: Architecture, data: Data, points: Complex, zero: Real) -> Inertia:
    """The inertia of the Hessian at real θ that are polished.

    Parameters
    ----------
    arch : Architecture
    data : Data
        Gram matrix and moment vector of one data set, real.
    points : (T, coordinates) complex array
        The θ in the coordinates of `Stratum.of_layers`.
    zero : (T,) float array
        Eigenvalues below this part of the largest one are zero.
    """
    equations = equations_of(Stratum.of_layers(arch))
    transformed = equations.transform(data)
    directions = equations.patch_values(equations.patches(points))
    evaluation = equations.evaluate(points, directions, transformed, transformed, np.zeros(len(points)))
    hessian = evaluation.hessian
    assert hessian is not None
    curvatures = equations.loss_curvatures(evaluation, transformed)
    eigenvalues = np.linalg.eigvalsh(_scaled((hessian.real + hessian.real.transpose(0, 2, 1)) / 2, curvatures))
    sizes = np.abs(eigenvalues)
    flat = sizes <= zero[:, None] * sizes.max(axis=1, keepdims=True)
    # Where the residual is zero, H = JᵀΣJ has no negative eigenvalue.
    bare = have_no_residual(data, equations.filters(points).real, polished=True)
    negative = (eigenvalues < 0) & ~flat & ~bare[:, None]
    return Inertia(negative.sum(axis=1), flat.sum(axis=1), bare)


def _hessian(problem: StratumProblem, theta: Sequence[Real], filters: Real) -> tuple[Real, Real, Bools]:
    """Half the Hessian in local coordinates, (T, n, n), the diagonal of JᵀΣJ, and where the gradient is not small."""
    stratum = Stratum.of_layers(problem.arch)
    residuals = problem.gram_times(filters) - problem.b
    bases = [_complement(form) for form in theta]
    shape, rests = _products(stratum, theta, len(filters))
    scalar = (shape * filters).sum(axis=1) / (shape * shape).sum(axis=1)
    jacobian = _jacobian(stratum, rests, bases, filters, scalar)
    columns = jacobian.transpose(0, 2, 1)
    hessian = columns @ (problem.gram @ jacobian)
    curvatures = np.abs(np.einsum("pii->pi", hessian))
    ends = np.cumsum([1, *(basis.shape[2] for basis in bases)]).tolist()
    for f, factor in enumerate(stratum.factors):
        for g in range(f + 1, len(theta)):
            other = stratum.factors[g]
            rest = np.ones_like(shape[:, :1])
            for h, form in enumerate(theta):
                if h not in (f, g):
                    rest = multiply(rest, dilate(form, stratum.factors[h].dilation))
            both = scalar[:, None] * adjoint_multiply(rest, residuals)
            shifts = np.add.outer(
                factor.dilation * np.arange(factor.degree + 1), other.dilation * np.arange(other.degree + 1)
            )
            block = bases[f].transpose(0, 2, 1) @ (both[:, shifts] @ bases[g])
            rows, others = slice(ends[f], ends[f + 1]), slice(ends[g], ends[g + 1])
            hessian[:, rows, others] += block
            hessian[:, others, rows] += block.transpose(0, 2, 1)
    gradient = (columns @ residuals[:, :, None])[:, :, 0]
    terms = _norm(problem.gram, 2) * _norm(filters, 1) + _norm(problem.b, 1)
    small = np.abs(gradient) <= CLASSIFICATION.gradient * terms[:, None] * _norm(columns, 1)
    return hessian, curvatures, np.asarray(~small.all(axis=1))


def _products(stratum: Stratum, forms: Sequence[Real], count: int) -> tuple[Real, list[Real]]:
    """The product of all dilated forms, and for each form the product of all others."""
    dilated = [dilate(form, factor.dilation) for form, factor in zip(forms, stratum.factors, strict=True)]
    before = [one := np.ones((count, 1))]
    for form in dilated:
        before.append(multiply(before[-1], form))
    after = [one]
    for form in reversed(dilated):
        after.append(multiply(after[-1], form))
    rests = [multiply(before[f], after[len(forms) - 1 - f]) for f in range(len(forms))]
    return before[-1], rests


def _jacobian(stratum: Stratum, rests: Sequence[Real], bases: Sequence[Real], filters: Real, scalar: Real) -> Real:
    """The derivative of the filter (T, K, n) in the local coordinates."""
    columns = [filters[:, None, :]]
    for factor, rest, basis in zip(stratum.factors, rests, bases, strict=True):
        directions = dilate(basis.transpose(0, 2, 1), factor.dilation)
        columns.append(scalar[:, None, None] * multiply(rest[:, None, :], directions))
    return np.concatenate(columns, axis=1).transpose(0, 2, 1)


def _complement(forms: Real) -> Real:
    """Orthonormal bases (T, e + 1, e) of the complements of unit vectors, by Householder reflections."""
    vectors = forms.copy()
    vectors[:, 0] += np.copysign(1.0, forms[:, 0])
    factor = 2 / (vectors * vectors).sum(axis=1)
    identity = np.eye(forms.shape[1])[None, :, 1:]
    return np.asarray(identity - factor[:, None, None] * vectors[:, :, None] * vectors[:, None, 1:])


def _norm(array: Real, axes: int) -> Real:
    """The Euclidean norm over the last ``axes`` axes."""
    return np.asarray(np.sqrt((array * array).sum(axis=tuple(range(-axes, 0)))))


def _unit(forms: Real) -> Real:
    """Forms (T, e + 1) scaled to norm one."""
    return np.asarray(forms / _norm(forms, 1)[:, None])


def _scaled(matrices: Real, curvatures: Real) -> Real:
    """Symmetric matrices (T, n, n) scaled by `symmetric_scale`; the inertia stays."""
    scale = symmetric_scale(matrices, curvatures)
    return np.asarray(matrices * scale[:, :, None] * scale[:, None, :])
