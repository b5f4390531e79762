"""What holds for every result, whatever the data: checked before a result is returned.

The checks compute in coefficients, in the original parameters, apart from the code that found the points. A statement
that fails means that something went wrong: the result is then not complete, and says what failed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import Real
from ..networks.parameters import compose, hessian, jacobian
from .infimum import EQUAL_LOSS, attained_points, loss_scale, loss_tolerance, points_of_least_loss
from .parts import ResultParts
from .points import CriticalPoint, quantity

__all__ = ["violated_invariants"]

#: A gradient beyond this part of the terms that cancel in it, entry by entry, is not zero.
NONZERO_GRADIENT = 1e-7
#: Rounding of any entry of a gradient, relative to the largest terms of all entries.
ROUNDING_OF_GRADIENT = 1e-12
#: Eigenvalues of a Hessian beyond this part of the largest one have a sign.
CLEAR_EIGENVALUE = 1e-7
#: Parameters belong to a filter if their product differs from it by at most this part of its norm.
OTHER_FILTER = 1e-6


def violated_invariants(result: ResultParts) -> tuple[str, ...]:
    """The statements that fail, in words; none for a sound result.

    Parameters
    ----------
    result : ResultParts

    Returns
    -------
    tuple of str
    """
    return tuple(_violated(result))


def _violated(result: ResultParts) -> Iterator[str]:
    alone = sum(not point.real and point.conjugate is None for point in result.points)
    if alone and result.complete:
        yield f"{quantity(alone, 'point that is not real lacks its', 'points that are not real lack their')} conjugate"
    listed = [point for point in result.points if point.real and point.parameters]
    listed += [point for part in result.continua for point in part.points if point.real and point.parameters]
    if listed:
        yield from _violated_at_parameters(result, listed)
    scale = EQUAL_LOSS * loss_scale(result.loss)
    spread = [abs(point.loss - part.loss) for part in result.continua for point in part.points]
    if spread and max(spread) > 10 * loss_tolerance(result.loss, (p for part in result.continua for p in part.points)):
        yield "the loss is not constant on a continuum"
    value = result.infimum.value
    if result.infimum.attained and not _attaining(result):
        yield "the infimum belongs to no minimum, and not to w = 0"
    if value is not None and any(point.loss.real < value - scale for point in attained_points(result)):
        yield "an attained point has less loss than the infimum"


def _attaining(result: ResultParts) -> bool:
    """Whether a minimum, or w = 0, has the loss that is said to be the infimum."""
    value = result.infimum.value
    zero = value is not None and result.loss.constant <= value + EQUAL_LOSS * loss_scale(result.loss)
    return zero or any(point.minimum for point in points_of_least_loss(result))


def _violated_at_parameters(result: ResultParts, listed: list[CriticalPoint]) -> Iterator[str]:
    arch, gram, b = result.architecture, result.loss.gram, result.loss.b
    theta = [np.array([over[layer] for point in listed for over in point.parameters]) for layer in range(arch.depth)]
    filters = np.array([point.filter.real for point in listed for _ in point.parameters])
    indices = np.array([-1 if index is None else index for point in listed for index in point.indices])
    composed = compose(arch, theta)
    away = np.linalg.norm(composed - filters, axis=1) > OTHER_FILTER * np.linalg.norm(filters, axis=1)
    if away.any():
        yield f"{quantity(int(away.sum()), 'real θ does', 'real θ do')} not compose to the filter"
    columns = jacobian(arch, theta)
    gradients = np.abs(((composed @ gram - b)[:, None, :] @ columns)[:, 0])
    terms = ((np.abs(composed) @ np.abs(gram) + np.abs(b))[:, None, :] @ np.abs(columns))[:, 0]
    rounding = ROUNDING_OF_GRADIENT * terms.max(axis=1, keepdims=True)
    steep = (gradients > NONZERO_GRADIENT * terms + rounding).any(axis=1)
    if steep.any():
        yield f"the gradient is not zero at {quantity(int(steep.sum()), 'real θ', 'real θ')}"
    kinds = [kind for point in listed for kind in point.kinds]
    named = {"minimum": indices == 0, "saddle": indices > 0}
    odd = sum(not named[kind][row] for row, kind in enumerate(kinds) if kind in named)
    if odd:
        yield f"kind and index contradict each other at {quantity(odd, 'real θ', 'real θ')}"
    wrong = _wrong_indices(hessian(arch, theta, gram, b, columns), indices, scalings=arch.depth - 1)
    if wrong:
        yield f"the Hessian contradicts the kind of {quantity(wrong, 'real θ', 'real θ')}"


def _wrong_indices(hessians: Real, indices: Real, scalings: int) -> int:
    """How many indices the Hessians, which vanish along the scalings, contradict by eigenvalues of a clear sign."""
    values = np.linalg.eigvalsh(hessians)
    limit = CLEAR_EIGENVALUE * np.abs(values).max(axis=1, keepdims=True)
    least, most = (values < -limit).sum(axis=1), (values <= limit).sum(axis=1) - scalings
    return int(((indices >= 0) & ((indices < least) | (indices > most))).sum())
