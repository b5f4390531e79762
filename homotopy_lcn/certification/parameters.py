"""Are the parameters of a result the proved ones? Each stated θ has to lie near one proved θ of its own.

A filter with its factors, enclosed in balls, gives enclosures of all real critical θ over it, up to scaling
(`conclusions.ProvedParameters`). Stated parameters are compared with the enclosures layer by layer, each layer divided
by its norm; the product of the stated layers is compared with the proved filter. Layers of equal degree in one block
may stand in any order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..arrays import Real
from ..networks.architecture import Architecture
from ..networks.parameters import compose
from ..networks.support_networks import SupportNetwork
from ..results.invariants import OTHER_FILTER
from ..results.points import CriticalPoint
from .conclusions import ProvedParameters
from .disc_arithmetic import Complex
from .tolerances import CERTIFICATION

__all__ = ["composed_near", "contradiction_of_parameters"]


def composed_near(arch: Architecture, points: Sequence[CriticalPoint], filters: Complex) -> list[bool]:
    """For each point, whether all its parameters compose to a filter near the given row of ``filters`` (P, K)."""
    rows = [row for row, point in enumerate(points) for _ in point.parameters]
    result = [True] * len(points)
    if not rows:
        return result
    theta = [
        np.array([over[layer] for point in points for over in point.parameters], complex) for layer in range(arch.depth)
    ]
    with np.errstate(all="ignore"):
        distances = np.linalg.norm(compose(arch, theta) - filters[rows], axis=1)
        near = distances <= OTHER_FILTER * np.linalg.norm(filters[rows], axis=1)
    for row, is_near in zip(rows, near.tolist(), strict=True):
        result[row] = result[row] and is_near
    return result


def contradiction_of_parameters(
    arch: Architecture, point: CriticalPoint, proved: Sequence[ProvedParameters], margin: float
) -> str | None:
    """Why the parameters of a real point are not the proved ones; None if they are.

    Parameters
    ----------
    arch : Architecture
    point : CriticalPoint
        Real, with parameters.
    proved : sequence of ProvedParameters
    margin : float
        By how much rounding of exact data may move the layers, relative to their norms.
    """
    if not proved:
        return "its parameters are proved not to be critical"
    limit = CERTIFICATION.near_parameters + margin
    groups = _exchangeable(arch)
    middles = [
        _unit(np.array([[float(x.mid()) for x in one.layers[layer]] for one in proved])) for layer in range(arch.depth)
    ]
    taken: Counter[int] = Counter()
    matched: dict[int, list[Sequence[Real]]] = {}
    for i, theta in enumerate(point.parameters):
        units = [_unit(np.asarray(w, float)[None])[0] for w in theta]
        distances = np.max([_distance(units, middles, group) for group in groups], axis=0)
        choice = int(np.argmin(distances))
        if not distances[choice] <= limit:
            return f"parameters[{i}]: no critical parameters are proved near them"
        if any(_same(units, other) for other in matched.get(choice, [])):
            return f"parameters[{i}]: the same as others"
        matched.setdefault(choice, []).append(units)
        taken[choice] += 1
        if taken[choice] > proved[choice].number:
            return f"parameters[{i}]: near the same proved ones as others"
        index = proved[choice].index
        if index is not None and point.indices[i] is not None and point.indices[i] != index:
            return f"indices[{i}]: proved to be {index}"
    return None


def _exchangeable(arch: Architecture) -> list[list[int]]:
    """Layers that can be exchanged with each other: of one block, and of equal degree."""
    groups: dict[tuple[int, int], list[int]] = {}
    if isinstance(arch, SupportNetwork):
        for number, group in enumerate(arch.groups):
            for layer in group.layers:
                groups.setdefault((number, arch.layer_sizes[layer]), []).append(layer)
        return list(groups.values()) or [[0]]
    for block, layers in enumerate(arch.layers_by_block):
        for layer in layers:
            groups.setdefault((block, arch.filters[layer]), []).append(layer)
    return list(groups.values()) or [[0]]


def _unit(layers: Real) -> Real:
    """Layers (P, k) of norm one."""
    norms = np.linalg.norm(layers, axis=1, keepdims=True)
    return np.asarray(layers / np.where(norms > 0, norms, 1.0))


def _distance(units: Sequence[Real], middles: Sequence[Real], group: Sequence[int]) -> Real:
    """For each proved θ the largest distance of a stated layer of the group to the nearest layer that is free."""
    proved = np.stack([middles[layer] for layer in group], axis=1)
    free = np.ones(proved.shape[:2], dtype=bool)
    rows = np.arange(len(proved))
    worst = np.zeros(len(proved))
    for layer in group:
        unit = units[layer]
        apart = np.minimum(np.linalg.norm(proved - unit, axis=2), np.linalg.norm(proved + unit, axis=2))
        apart[~free] = np.inf
        nearest = apart.argmin(axis=1)
        free[rows, nearest] = False
        worst = np.maximum(worst, apart[rows, nearest])
    return worst


def _same(units: Sequence[Real], others: Sequence[Real]) -> bool:
    pairs = zip(units, others, strict=True)
    return all(min(np.linalg.norm(u - v), np.linalg.norm(u + v)) == 0 for u, v in pairs)
