"""One filter of a network of any supports: is it in the function space, and what is the closure like there?

A filter u of the Zariski closure is a critical filter of the loss with Gram matrix Σ and moment vector Σu, for every Σ.
All critical filters for a generic Σ are computed. If none is missing and none of them is u, then u is not in the
closure; if one is u, its parameters are those over u. A filter of rational numbers with rational layers is in the
function space, exactly, and on its boundary if layers of equal support meet (`support_factors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..classification.support_points import rank_of_each
from ..errors import InputError
from ..geometry.given_filters import given_filter
from ..geometry.support_factors import are_on_boundary, rational_factorizations
from ..geometry.tolerances import GEOMETRY
from ..losses.squared_loss import SquaredLoss
from ..networks.counts import generic_count
from ..networks.support_networks import SupportNetwork
from ..results.points import CriticalPoint
from ..results.result import CriticalPoints
from .solve import critical_points

__all__ = ["SupportFilter", "describe_support_filter", "is_in_support_space"]

#: Filters are examined in networks with at most this many critical filters.
MOST_FILTERS = 20_000
#: Rational factorizations of a filter, more of which are not looked at.
MOST_FACTORIZATIONS = 256
#: A singular critical filter is known up to this relative distance.
KNOWN_SINGULAR = 1e-6


@dataclass(frozen=True)
class SupportFilter:
    """Facts of one real filter of a network of any supports; None where a question is not decided.

    Attributes
    ----------
    architecture : SupportNetwork
    filter : (K,) float array
    in_closure, in_function_space : bool or None
        In the Zariski closure of M, in M.
    smooth : bool or None
        Whether w is a smooth point of the closure; None if it is not in the closure.
    interior : bool or None
        Whether all filters of the closure nearby are in M; None if w is not in M.
    parameters : tuple of tuple of (k_l,) arrays
        The real θ over w up to scaling that were found, balanced.
    complex_parameters : int or None
        The number of all θ over w up to scaling.
    layers : tuple of tuple of Fraction, or None
        Rational layers with exactly this filter, which prove that it is in M.
    """

    architecture: SupportNetwork
    filter: Real
    in_closure: bool | None
    in_function_space: bool | None
    smooth: bool | None = None
    interior: bool | None = None
    parameters: tuple[tuple[NDArray[Any], ...], ...] = ()
    complex_parameters: int | None = None
    layers: tuple[tuple[Fraction, ...], ...] | None = None

    @property
    def exact(self) -> bool:
        """Whether it is proved that the filter is in M, by rational layers."""
        return self.layers is not None

    def __str__(self) -> str:
        answers = {True: "yes", False: "no", None: "not decided"}
        proof = ""
        if self.layers is not None:
            factors = ("(" + ", ".join(map(str, layer)) + ")" for layer in self.layers)
            proof = f", exactly: {' * '.join(factors)}"
        lines = [
            f"in the closure  {answers[self.in_closure]}",
            f"in M            {answers[self.in_function_space]}{proof}",
        ]
        if self.in_closure:
            lines.append(f"smooth          {answers[self.smooth]}")
        if self.in_function_space:
            lines.append(f"interior        {answers[self.interior]}")
        if self.complex_parameters is not None:
            lines.append(f"fibre           {self.complex_parameters} θ up to scaling, {len(self.parameters)} real")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """The facts in JSON's types."""
        names = ("in_closure", "in_function_space", "smooth", "interior", "complex_parameters", "exact")
        return {
            "filter": self.filter.tolist(),
            **{name: getattr(self, name) for name in names},
            "parameters": [[layer.tolist() for layer in theta] for theta in self.parameters],
            "layers": None if self.layers is None else [list(map(str, layer)) for layer in self.layers],
        }


def is_in_support_space(
    network: SupportNetwork, filter: Sequence[Any] | NDArray[Any], tolerance: float = GEOMETRY.filter_accuracy
) -> bool | None:
    """Whether a filter is in M; None if it is not decided."""
    return describe_support_filter(network, filter, tolerance).in_function_space


def describe_support_filter(
    network: SupportNetwork, filter: Sequence[Any] | NDArray[Any], tolerance: float = GEOMETRY.filter_accuracy
) -> SupportFilter:
    """Facts of one filter.

    Parameters
    ----------
    network : SupportNetwork
    filter : sequence of numbers, length K
        Flattened row by row; exact numbers as for `describe_filter`.
    tolerance : float
        Relative to the norm of the filter: it is in the closure if a filter of the closure is as near as this.

    Raises
    ------
    InputError
        If the filter has the wrong length, is not finite, or is not real.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(supports=((0, 1, 3), (0, 1)))
    >>> facts = describe_support_filter(network, network.mu([[1, 2, 3], [1, -1]]))
    >>> facts.in_function_space, facts.smooth, facts.interior, len(facts.parameters)
    (True, True, True, 1)
    """
    w, scale, fractions = given_filter(network, filter)
    if np.iscomplexobj(w):
        raise InputError("filter: is not real; expected a real filter, as the network is no ordinary one")
    facts = SupportFilter(network, w * scale, None, None)
    if not w.any():
        return replace(facts, in_closure=True, in_function_space=True)
    outside = np.delete(w, network.support)
    if float(np.linalg.norm(outside)) > (0.0 if fractions is not None else tolerance * float(np.linalg.norm(w))):
        return replace(facts, in_closure=False, in_function_space=False)
    known = [] if fractions is None else list(islice(rational_factorizations(network, fractions), MOST_FACTORIZATIONS))
    if known:
        meeting = any(are_on_boundary(network, layers) for layers in known)
        facts = replace(
            facts, layers=known[0], in_closure=True, in_function_space=True, interior=False if meeting else None
        )
    if generic_count(network).filters > MOST_FILTERS:
        return facts
    result = _all_critical_filters(network, w)
    norm = float(np.linalg.norm(w))
    distances = [float(np.linalg.norm(point.filter - w)) / norm for point in result]
    near = min(range(len(result)), key=distances.__getitem__, default=None)
    if near is None or distances[near] > (tolerance if result[near].nonsingular else max(tolerance, KNOWN_SINGULAR)):
        if not facts.exact and result.complete:
            facts = replace(facts, in_closure=False, in_function_space=False)
        return facts
    return _of_point(replace(facts, in_closure=True), result, near, scale)


def _all_critical_filters(network: SupportNetwork, w: Real) -> CriticalPoints:
    """The critical points of a loss with a generic Gram matrix that vanishes at a filter."""
    size = network.filter_size
    samples = np.random.default_rng(0).standard_normal((3 * size, size))
    gram = samples.T @ samples / size
    return critical_points(network, SquaredLoss(gram, gram @ w, float(w @ gram @ w)), max_count=MOST_FILTERS)


def _of_point(facts: SupportFilter, result: CriticalPoints, near: int, scale: float) -> SupportFilter:
    """The facts of a filter that is one of the critical filters of a result."""
    point: CriticalPoint = result[near]
    parts = scale ** (1 / facts.architecture.depth)
    thetas = tuple(tuple(layer * parts for layer in theta) for theta in point.parameters) if point.attained else ()
    facts = replace(facts, in_function_space=True if facts.exact else point.attained, parameters=thetas)
    over = {row.pattern: row.factorizations for row in result.strata}
    if not (result.complete and all(other.nonsingular for other in result)):
        leaves = facts.interior is False or (facts.in_function_space and point.interior is False)
        smooth = False if point.smooth is False else True if facts.architecture.is_tensor_product else None
        return replace(facts, smooth=smooth, interior=False if leaves else None)
    total = generic_count(facts.architecture).parameters
    number = total - sum(over[other.stratum] for i, other in enumerate(result) if i != near)
    alone = number == over[point.stratum]
    interior = facts.interior
    if facts.in_function_space and interior is None:
        interior = point.interior if alone else _all_branches_stay(facts.architecture, point, number)
    return replace(facts, smooth=point.smooth if alone else False, interior=interior, complex_parameters=number)


def _all_branches_stay(network: SupportNetwork, point: CriticalPoint, number: int) -> bool | None:
    """Whether the branches of the closure that meet at a filter are seen to have no filters outside M nearby.

    A filter of the closure nearby is the product of layers near one of the θ over the filter. Where θ is real and dμ is
    injective up to scaling, one θ nearby has this product, so that it is real if the product is.
    """
    if len(point.parameters) < number:
        return None
    layers = [np.array(parts) for parts in zip(*point.parameters, strict=True)]
    return True if (rank_of_each(network, layers) == network.dimension).all() else None
