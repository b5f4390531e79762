"""What holds for every result, whatever the data: checked before a result is returned.

The checks compute in coefficients, in the original parameters, apart from the code that found the points. A statement
that fails means that something went wrong: the result is then not complete, and says what failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..doors import door
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.parameters import compose, hessian, jacobian
from .infimum import EQUAL_LOSS, attained_points, loss_scale, loss_tolerance, points_of_least_loss
from .pairs import ManyPoints, maybe_special, real_ones
from .parts import ResultParts
from .points import CriticalPoint, quantity

__all__ = ["OTHER_FILTER", "FaultsAtParameters", "faults_at_parameters", "violated_invariants", "with_contradictions"]

Result = TypeVar("Result", bound=ResultParts)

#: A gradient beyond this part of the terms that cancel in it, entry by entry, is not zero.
NONZERO_GRADIENT = 1e-7
#: Rounding of any entry of a gradient, relative to the largest terms of all entries.
ROUNDING_OF_GRADIENT = 1e-12
#: The same for each unit of the terms that entries of the filter are sums of, where these cancel: a gradient of this
#: size is the gradient at zero of parameters that differ by rounding.
ROUNDING_OF_FILTER = 8 * float(np.finfo(float).eps)
#: Eigenvalues of a Hessian beyond this part of the largest one have a sign.
CLEAR_EIGENVALUE = 1e-7
#: A Hessian is not degenerate if all eigenvalues, but those of the scalings, are beyond this part of the largest one.
FAR_FROM_ZERO = 1e-4
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


def with_contradictions(result: Result) -> Result:
    """The result, with the statements that it violates beside those known before; then it is not complete."""
    violated = tuple(text for text in violated_invariants(result) if text not in result.contradictions)
    if not violated:
        return result
    return replace(result, complete=False, contradictions=(*result.contradictions, *violated))


def _violated(result: ResultParts) -> Iterator[str]:
    alone = 0
    if not isinstance(result.points, ManyPoints):
        alone = sum(not point.real and point.conjugate is None for point in result.points)
    if alone and result.complete:
        yield f"{quantity(alone, 'point that is not real lacks its', 'points that are not real lack their')} conjugate"
    listed = [point for point in real_ones(result.points) if point.parameters]
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
    if result.complete and _may_be_special_by_rounding(result):
        yield (
            "the exact data were rounded to doubles, which are special: critical points coincide, are singular, on a "
            "continuum or at infinity; that need not be so for the exact data (multiply the Gram matrix and b by "
            "common denominators, so that they are whole numbers)"
        )


def _may_be_special_by_rounding(result: ResultParts) -> bool:
    """Whether exact data that are no doubles were solved as doubles which are not generic."""
    exact = result.loss.exact
    if exact is None or (exact.gram_in_doubles and exact.b_in_doubles):
        return False
    away = any(row.at_infinity for row in result.strata) and not exact.gram_in_doubles
    away = away and not door("all_points_are_found")(result)
    singular = any(not point.nonsingular or (point.multiplicity or 1) > 1 for point in maybe_special(result.points))
    return away or singular or bool(result.continua) or any(row.singular or row.origin for row in result.strata)


def _attaining(result: ResultParts) -> bool:
    """Whether a minimum, or w = 0, has the loss that is said to be the infimum."""
    value = result.infimum.value
    zero = value is not None and result.loss.constant <= value + EQUAL_LOSS * loss_scale(result.loss)
    return zero or any(point.minimum for point in points_of_least_loss(result))


def _violated_at_parameters(result: ResultParts, listed: list[CriticalPoint]) -> Iterator[str]:
    faults = faults_at_parameters(result.architecture, result.loss, listed)
    if number := int(faults.other_filter.sum()):
        yield f"{quantity(number, 'real θ does', 'real θ do')} not compose to the filter"
    if number := int(faults.steep.sum()):
        yield f"the gradient is not zero at {quantity(number, 'real θ', 'real θ')}"
    if number := int(faults.odd_kind.sum()):
        yield f"kind and index contradict each other at {quantity(number, 'real θ', 'real θ')}"
    if number := int(faults.wrong_index.sum()):
        yield f"the Hessian contradicts the kind of {quantity(number, 'real θ', 'real θ')}"


class FaultsAtParameters(NamedTuple):
    """For each θ over some points, in the order of the points, which statements fail; arrays of truth values.

    Attributes
    ----------
    other_filter : (T,) bool array
        Where θ does not compose to the filter.
    steep : (T,) bool array
        Where the gradient is not zero.
    odd_kind : (T,) bool array
        Where kind and index contradict each other.
    wrong_index : (T,) bool array
        Where the Hessian has a clear sign that contradicts the index, or no zero that a degenerate kind needs.
    """

    other_filter: NDArray[np.bool_]
    steep: NDArray[np.bool_]
    odd_kind: NDArray[np.bool_]
    wrong_index: NDArray[np.bool_]


def faults_at_parameters(arch: Architecture, loss: SquaredLoss, listed: Sequence[CriticalPoint]) -> FaultsAtParameters:
    """Check the parameters of points, which are all real or all not real; kinds and indices are those of real points.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
    listed : sequence of CriticalPoint
        At least one of them with parameters.
    """
    gram, b, real = loss.gram, loss.b, listed[0].real
    theta = [np.array([over[layer] for point in listed for over in point.parameters]) for layer in range(arch.depth)]
    filters = np.array([point.filter.real if real else point.filter for point in listed for _ in point.parameters])
    indices = np.array([-1 if index is None else index for point in listed for index in point.indices])
    with np.errstate(all="ignore"):
        composed = compose(arch, theta)
        distances, norms = np.linalg.norm(composed - filters, axis=1), np.linalg.norm(filters, axis=1)
        columns = jacobian(arch, theta)
        gradients = np.abs(((composed @ gram - b)[:, None, :] @ columns)[:, 0])
        terms = ((np.abs(composed) @ np.abs(gram) + np.abs(b))[:, None, :] @ np.abs(columns))[:, 0]
        rounding = ROUNDING_OF_GRADIENT * terms.max(axis=1, keepdims=True)
        sizes = [np.abs(layers) for layers in theta]
        cancelling = (compose(arch, sizes) @ np.abs(gram))[:, None, :] @ jacobian(arch, sizes)
        rounding = rounding + ROUNDING_OF_FILTER * cancelling[:, 0]
        # Numbers that are not finite pass no comparison.
        near = distances <= OTHER_FILTER * norms
        flat = (gradients <= NONZERO_GRADIENT * terms + rounding).all(axis=1) & np.isfinite(terms).all(axis=1)
        none = np.zeros(len(filters), dtype=bool)
        if not real:
            return FaultsAtParameters(~near, ~flat, none, none)
        hessians = hessian(arch, theta, gram, b, columns)
    kinds = [kind for point in listed for kind in point.kinds]
    named = {"minimum": indices == 0, "saddle": indices > 0}
    odd = np.array([kind in named and not named[kind][row] for row, kind in enumerate(kinds)])
    degenerate = np.array([kind == "degenerate" for kind in kinds])
    return FaultsAtParameters(~near, ~flat, odd, _wrong_indices(hessians, indices, degenerate, arch.depth - 1))


def _wrong_indices(hessians: Real, indices: Real, degenerate: NDArray[np.bool_], scalings: int) -> NDArray[np.bool_]:
    """Which indices the Hessians, which vanish along the scalings, contradict by eigenvalues of a clear sign.

    Also which kinds are called degenerate though every other eigenvalue is far from zero.
    """
    finite = np.asarray(np.isfinite(hessians).all(axis=(1, 2)))
    values = np.linalg.eigvalsh(np.where(finite[:, None, None], hessians, 0.0))
    sizes = np.abs(values)
    largest = sizes.max(axis=1, keepdims=True)
    limit = CLEAR_EIGENVALUE * largest
    least, most = (values < -limit).sum(axis=1), (values <= limit).sum(axis=1) - scalings
    regular = (sizes > FAR_FROM_ZERO * largest).sum(axis=1) >= hessians.shape[1] - scalings
    wrong = (indices >= 0) & ((indices < least) | (indices > most))
    return np.asarray(wrong | (degenerate & regular) | ~finite)
