"""What kind of critical point is it? For special data: by the general code of `fibres`, whatever coincides.

Targets on the function space, white data and the like have critical filters with several factorizations, common
hyperroots or multiple roots that the stratum does not prescribe. There the classes of roots of the filter decide
whether it is in the function space, interior and smooth. Its real parameters are all those over it where the gradient
vanishes: which these are depends on the residual Σw − b, not on the roots alone.

The filter is taken for the most special one within the accuracy that it is known to.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np

from ..equations.critical_equations import Data
from ..errors import InputError
from ..geometry.filter_geometry import FilterGeometry, describe_filter, parameters_over
from ..networks.architecture import Architecture
from ..networks.parameters import relative_gradient
from ..results.points import CriticalPoint
from .real_parameters import settle_real

__all__ = ["reclassify"]

#: Relative accuracy of the filters of nonsingular and of singular points.
REGULAR_ACCURACY, SINGULAR_ACCURACY = 1e-12, 1e-6
#: The former is this times the condition number where that is more, but at most the second number.
PER_CONDITION, WORST_ACCURACY = 1e-15, 1e-8
#: With more real parameters than this over a filter, those of its stratum are kept.
MAX_CANDIDATES = 20_000


def reclassify(arch: Architecture, data: Data, point: CriticalPoint) -> CriticalPoint:
    """The point with the answers of the general code.

    Parameters
    ----------
    arch : Architecture
    data : Data
        Gram matrix and moment vector of the loss, real.
    point : CriticalPoint
        One for each filter, see `point_lists.merged`.

    Returns
    -------
    CriticalPoint
        The same if its roots are too close to each other, or it has too many factorizations.
    """
    accuracy = SINGULAR_ACCURACY
    if point.nonsingular:
        accuracy = max(REGULAR_ACCURACY, min(PER_CONDITION * (point.condition or 0.0), WORST_ACCURACY))
    facts = _facts(arch, point, accuracy)
    if facts is None:
        return point
    if not point.real:
        return replace(point, smooth=facts.smooth)
    labelled = replace(
        point,
        in_function_space=facts.in_function_space,
        interior=facts.interior if facts.in_function_space else None,
        smooth=facts.smooth,
    )
    if facts.real_parameters > MAX_CANDIDATES:
        return labelled
    candidates = list(islice(parameters_over(arch, facts), MAX_CANDIDATES))
    if candidates:
        theta = [np.array(layers) for layers in zip(*candidates, strict=True)]
        gradients = relative_gradient(arch, theta, np.asarray(data.gram), np.asarray(data.b))
        # A factor ten for what a relative error of the filter does to the gradient.
        critical = gradients <= 10 * max(accuracy, facts.residual)
        theta = [layers[critical] for layers in theta]
    if not candidates or not critical.any():
        if point.nonsingular and point.parameters:
            # Of coefficients of very different sizes the filter tells less than the point on its stratum.
            return replace(labelled, in_function_space=True)
        return replace(labelled, attained=False, parameters=(), kinds=(), indices=(), residual=None)
    settled = settle_real(arch, data, theta)
    # Where the residual is all but orthogonal to everything, the gradient is small at parameters that are not critical.
    chosen = np.flatnonzero(settled.near if settled.near.any() else ~settled.near).tolist()
    return replace(
        labelled,
        attained=True,
        parameters=tuple(tuple(settled.theta(n)) for n in chosen),
        kinds=tuple(settled.kinds[n] for n in chosen),
        indices=tuple(settled.indices[n] for n in chosen),
        residual=max(settled.residuals[n] for n in chosen),
    )


def _facts(arch: Architecture, point: CriticalPoint, accuracy: float) -> FilterGeometry | None:
    """Of the filter, which is critical and so in the Zariski closure, up to an accuracy that shows it to be so."""
    w = point.filter.real if point.real else point.filter
    for loss_of_accuracy in (1.0, 1e2, 1e4):
        try:
            facts = describe_filter(arch, w, tolerance=min(accuracy * loss_of_accuracy, 1e-5))
        except InputError:
            return None
        if facts.in_closure:
            return facts
    return None
