"""Parameters θ where dμ drops rank, and the common hyperroots that cause it.

Source: Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks* (2024),
section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.parameters import compose
from .block_factorizations import CommonHyperroot, rank_of_differential
from .hyperroots import INFINITY, PAIR, Levels
from .root_classes import classes_of_roots
from .tolerances import GEOMETRY

__all__ = ["CriticalityOfMu", "criticality"]

Array = NDArray[Any]


@dataclass(frozen=True)
class CriticalityOfMu:
    """Whether parameters are critical for μ.

    Attributes
    ----------
    rank, dimension : int
        Rank of dμ at θ and dim M.
    causes : tuple of CommonHyperroot
        The hyperroots that layers have in common; empty where a layer is zero.
    filter : (K,) array
        μ(θ).
    """

    rank: int
    dimension: int
    causes: tuple[CommonHyperroot, ...]
    filter: Array

    @property
    def critical(self) -> bool:
        """Whether dμ drops rank."""
        return self.rank < self.dimension


def criticality(arch: Architecture, theta: Sequence[Array], tolerance: float = GEOMETRY.equal_roots) -> CriticalityOfMu:
    """Whether θ is critical for μ, and which common hyperroots cause it.

    Parameters
    ----------
    arch : Architecture
    theta : sequence of (k_l,) arrays
        Real or complex.
    tolerance : float
        Chordal distance up to which roots of different layers count as equal, 1e-6 by default.

    Returns
    -------
    CriticalityOfMu

    Raises
    ------
    InputError
        If there are not as many layers of the sizes k_l, an entry is no finite number, or the network is not ordinary.

    Examples
    --------
    >>> import numpy as np
    >>> facts = criticality(Architecture((3, 2), (2, 1)), [np.array([1.0, 0, -4]), np.array([1.0, -4])])
    >>> facts.rank, facts.dimension, facts.causes[0].value
    (3, 4, (4+0j))
    """
    arch.check_ordinary("the reasons are roots that layers share, and layers of others may have no roots")
    layers = [_numbers(w, i) for i, w in enumerate(theta)]
    if [len(w) for w in layers] != list(arch.filters):
        raise InputError(f"theta: layers of sizes {[len(w) for w in layers]}; expected {list(arch.filters)}")
    w = np.asarray(compose(arch, layers))
    norms = [float(np.linalg.norm(layer)) for layer in layers]
    units = [layer / norm if norm > 0 else layer for layer, norm in zip(layers, norms, strict=True)]
    rank = rank_of_differential(units, arch.dilations)
    if min(norms) == 0:
        return CriticalityOfMu(rank, arch.dimension, (), w)
    points = [_roots_of_layer(layer) for layer in units]
    causes = []
    for block, members in zip(arch.blocks, arch.layers_by_block, strict=True):
        lower = [p for layer, p in enumerate(points) if arch.dilations[layer] < block.dilation]
        lower_roots = [
            (point, block.dilation // dilation)
            for dilation, at in zip(arch.dilations, points, strict=True)
            if dilation < block.dilation
            for point in at
        ]
        done: list[NDArray[np.complex128]] = []
        for layer in members:
            for point in points[layer]:
                if any(_chord(point, other) <= tolerance for other in done):
                    continue
                done.append(point)
                having = tuple(other for other in members if any(_chord(point, p) <= tolerance for p in points[other]))
                below = bool(lower) and _assembled(point, block.dilation, lower_roots, tolerance)
                if len(having) > 1 or below:
                    causes.append(CommonHyperroot(block.dilation, _affine(point), having, below))
    return CriticalityOfMu(rank, arch.dimension, tuple(causes), w)


def _numbers(layer: object, i: int) -> Array:
    try:
        values = np.asarray(layer)
        values = values.astype(complex if np.iscomplexobj(values) else float)
    except (TypeError, ValueError):
        values = np.full(1, np.nan)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InputError(f"theta[{i}]: {layer!r} is not a list of finite numbers; expected a filter of the network")
    return values


def _roots_of_layer(form: Array) -> list[NDArray[np.complex128]]:
    """Roots on the projective line as unit vectors, each as often as its multiplicity; multiple roots are accurate."""
    if len(form) == 1:
        return []
    result = []
    found = classes_of_roots(form, Levels((len(form) - 1,), (1,), (0,)))
    for (kind, (multiplicity,)), root in ((item.part, item.root) for item in found.classes):
        values = [root, root.conjugate()] if kind == PAIR and found.real else [root]
        points = [np.array([1.0, 0.0] if kind == INFINITY else [value, 1.0], complex) for value in values]
        result += [point / np.linalg.norm(point) for point in points for _ in range(multiplicity)]
    return result


def _assembled(
    point: NDArray[np.complex128],
    dilation: int,
    lower: Sequence[tuple[NDArray[np.complex128], int]],
    tolerance: float,
) -> bool:
    """Whether lower hyperroots (point, D_b / D_a) contain all D_b-th roots of a point."""
    at_end = [dilation // ratio for p, ratio in lower if _chord(p, point) <= tolerance]
    if min(abs(point[0]), abs(point[1])) <= tolerance:
        return sum(at_end) >= dilation
    value = _affine(point)
    # The roots x of the hyperroot are numbered modulo its dilation; a lower one, x^size = c, has a residue class.
    covered = set()
    for p, ratio in lower:
        c = _affine(p)
        if not np.isfinite(c) or c == 0:
            continue
        size = dilation // ratio
        size_of_value = max(abs(value), GEOMETRY.smallest_value)
        if abs(c**ratio - value) > tolerance * ratio * size_of_value * GEOMETRY.hyperroot_margin:
            continue
        first = value ** (1 / dilation)
        index = round(float(np.angle(c / first**size)) * ratio / (2 * np.pi)) % ratio
        covered |= set(range(index, dilation, ratio))
    return len(covered) == dilation


def _chord(p: NDArray[np.complex128], q: NDArray[np.complex128]) -> float:
    return float(2 * abs(p[0] * q[1] - p[1] * q[0]))


def _affine(point: NDArray[np.complex128]) -> complex:
    return complex(point[0] / point[1]) if point[1] != 0 else complex(np.inf)
