"""What kind of critical point is it? For special data: by the general code of `filter_geometry`, whatever coincides.

Targets on the function space, white data and the like have critical filters with several factorizations, common
hyperroots or multiple roots that the stratum does not prescribe. There the classes of roots of the filter decide
whether it is in the function space, interior and smooth. Its real parameters are all those over it where the gradient
vanishes. Where the gradient vanishes depends on the residual Σw − b, not on the roots alone.

The filter is known up to an error. It is taken for the most special filter within this error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data, equations_of
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.parameters import compose, relative_gradient
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from .real_parameters import Settled, Theta, settle_real
from .tolerances import CLASSIFICATION

if TYPE_CHECKING:
    from ..geometry.filter_geometry import FilterGeometry

__all__ = ["reclassify"]


def reclassify(arch: Architecture, data: Data, point: CriticalPoint, free: int = 0) -> CriticalPoint:
    """The point with the answers of the general code.

    Parameters
    ----------
    arch : Architecture
    data : Data
        Gram matrix and moment vector of the loss, real.
    point : CriticalPoint
        The one point of its filter, see `merging.merged`.
    free : int
        Dimension of the continuum of critical θ that the point is on.

    Returns
    -------
    CriticalPoint
        The same point if its roots are too close to each other. The parameters are the same if there are too many
        factorizations.
    """
    accuracy = _accuracy(arch, data, point)
    facts = _facts(arch, point, accuracy)
    if facts is None:
        return point
    patterns = {factorization.pattern for factorization in facts.factorizations}
    pattern = patterns.pop() if len(patterns) == 1 else point.stratum
    root_pattern = None if pattern == point.stratum else pattern
    if not point.real:
        return replace(point, smooth=facts.smooth, root_pattern=root_pattern)
    labelled = replace(
        point,
        root_pattern=root_pattern,
        in_function_space=facts.in_function_space,
        interior=facts.interior if facts.in_function_space else None,
        smooth=facts.smooth,
    )
    if facts.real_parameters > CLASSIFICATION.max_candidates:
        return labelled
    theta = _critical_parameters(arch, data, facts, accuracy)
    if theta is not None:
        settled = _with_parameters(labelled, settle_real(arch, data, theta, free))
        return labelled if _is_worse(settled, point) or _is_of_another_filter(arch, settled, point) else settled
    if point.nonsingular and point.parameters:
        # The filter has coefficients of very different sizes, and tells less than the point on its stratum.
        return replace(labelled, in_function_space=True)
    return replace(labelled, attained=False, parameters=(), kinds=(), indices=(), residual=None)


def _is_worse(settled: CriticalPoint, point: CriticalPoint) -> bool:
    """Whether the parameters of a point, as its stratum tells them, solve the equations clearly better."""
    if not point.parameters or point.residual is None or settled.residual is None:
        return False
    return settled.residual > CLASSIFICATION.clearly_worse * max(point.residual, float(np.finfo(float).eps))


def _is_of_another_filter(arch: Architecture, settled: CriticalPoint, point: CriticalPoint) -> bool:
    """Whether parameters of a nonsingular point miss its filter, and those that its stratum tells do not."""
    if not point.nonsingular or not point.parameters:
        return False

    def farthest(parameters: Sequence[Sequence[NDArray[Any]]]) -> float:
        composed = compose(arch, [np.array(layers) for layers in zip(*parameters, strict=True)])
        return float(np.linalg.norm(composed - point.filter, axis=1).max() / np.linalg.norm(point.filter))

    limit = CLASSIFICATION.composed_again
    return farthest(settled.parameters) > limit >= farthest(point.parameters)


def _accuracy(arch: Architecture, data: Data, point: CriticalPoint) -> float:
    """The relative error that is assumed of the filter of a point."""
    if not point.nonsingular:
        return CLASSIFICATION.singular_accuracy
    error = 0.0
    if point.condition is not None and point.condition > CLASSIFICATION.accurate_condition:
        error = _rounding_of_filter(arch, data, point)
    return max(CLASSIFICATION.regular_accuracy, min(error, CLASSIFICATION.worst_accuracy))


def _rounding_of_filter(arch: Architecture, data: Data, point: CriticalPoint) -> float:
    """The relative error of the filter that rounding of the gradient in extended precision causes.

    Near a common hyperroot the coordinates of a point are much less accurate than its filter. With the derivative J of
    the filter and the Newton matrix H, a change f of the gradient changes the filter by J H⁻¹ f.
    """
    if point.coordinates is None:
        return CLASSIFICATION.worst_accuracy
    embedding = Embedding.of_pattern(arch, point.stratum)
    places = np.array(embedding.positions)
    gram, b = np.asarray(data.gram)[np.ix_(places, places)], np.asarray(data.b)[places]
    equations, coordinates = equations_of(embedding.stratum), point.coordinates[None]
    hessian = equations.evaluate_at(coordinates, Data(gram, b)).hessian
    jacobian = equations.tangent_space(coordinates)[0]
    w = equations.filters(coordinates)[0]
    if hessian is None:
        return CLASSIFICATION.worst_accuracy
    try:
        change = float(np.linalg.norm(np.linalg.solve(hessian[0].T, jacobian.T), 2))
    except np.linalg.LinAlgError:
        return CLASSIFICATION.worst_accuracy
    # Entry by entry: a large coefficient that no sample sees is in no term.
    terms = np.linalg.norm(jacobian) * (np.linalg.norm(np.abs(gram) @ np.abs(w)) + np.linalg.norm(b))
    return float(CLASSIFICATION.rounding_of_gradient * change * terms / np.linalg.norm(w))


def _critical_parameters(arch: Architecture, data: Data, facts: FilterGeometry, accuracy: float) -> Theta | None:
    """The real θ over a filter where the gradient vanishes, C of them as (C, k_l) arrays; None if there are none."""
    from ..geometry.filter_geometry import parameters_over

    candidates = list(islice(parameters_over(arch, facts), CLASSIFICATION.max_candidates))
    if not candidates:
        return None
    theta = [np.array(layers) for layers in zip(*candidates, strict=True)]
    gradients = relative_gradient(arch, theta, np.asarray(data.gram), np.asarray(data.b))
    critical = gradients <= CLASSIFICATION.gradient_margin * max(accuracy, facts.residual)
    return [layers[critical] for layers in theta] if critical.any() else None


def _with_parameters(point: CriticalPoint, settled: Settled) -> CriticalPoint:
    """The point, attained, with its real critical θ."""
    polished = settled.polished
    # Where the residual Σw − b is nearly orthogonal to the tangent spaces of two sheets of the function space, the
    # gradient is small on both sheets. Newton's method tells on which sheet a critical point is near.
    chosen = np.flatnonzero(polished.near if polished.near.any() else ~polished.near).tolist()
    return replace(
        point,
        attained=True,
        parameters=tuple(tuple(polished.theta(n)) for n in chosen),
        kinds=tuple(settled.kinds[n] for n in chosen),
        indices=tuple(settled.indices[n] for n in chosen),
        residual=max(polished.residuals[n] for n in chosen),
    )


def _facts(arch: Architecture, point: CriticalPoint, accuracy: float) -> FilterGeometry | None:
    """The geometry of the filter of a point, at the first error that places the filter in the Zariski closure.

    A critical filter lies there. None if no error does so, or if roots are too close to each other.
    """
    from ..geometry.filter_geometry import describe_filter

    w = point.filter.real if point.real else point.filter
    for factor in CLASSIFICATION.loosening:
        try:
            facts = describe_filter(arch, w, tolerance=min(accuracy * factor, CLASSIFICATION.loosest_accuracy))
        except InputError:
            return None
        if facts.in_closure:
            return facts
    return None
