"""The real critical θ over a filter: settled by Newton's method, balanced, with the inertia of the Hessian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data, equations_of
from ..networks.architecture import Architecture
from ..networks.parameters import balance, compose, relative_gradient
from ..networks.strata import Stratum
from ..tracking.refinement import refine

__all__ = ["Settled", "Theta", "balanced_parameters", "settle_real"]


Theta = list[NDArray[Any]]
#: Hessian eigenvalues below this fraction of the largest count as zero (after scaling to unit diagonal).
ZERO_EIGENVALUE = 1e-11


def balanced_parameters(arch: Architecture, blocks: Sequence[Sequence[NDArray[Any]]], filters: NDArray[Any]) -> Theta:
    """Balanced θ with μ(θ) = filter from the forms of the layers of each block, up to scale.

    The forms are (…, d + 1) arrays, the filters a (…, K) array, θ a list of (…, k_l) arrays.
    """
    theta: Theta = [np.ones((*filters.shape[:-1], 1), dtype=filters.dtype) for _ in arch.filters]
    for layers, forms in zip(arch.layers_by_block, blocks, strict=True):
        for layer, form in zip(layers, forms, strict=True):
            theta[layer] = form / np.linalg.norm(form, axis=-1, keepdims=True)
    shape = compose(arch, theta)
    scale = (shape.conj() * filters).sum(axis=-1) / (np.abs(shape) ** 2).sum(axis=-1)
    return balance(theta, scale)


class Settled(NamedTuple):
    """Real θ after polishing, C of them.

    ``near`` tells whether Newton's method finds a critical point near each, as far as its matrix is regular.
    """

    layers: list[NDArray[Any]]
    residuals: list[float]
    kinds: list[str]
    indices: list[int]
    near: NDArray[np.bool_]

    def theta(self, index: int) -> Theta:
        """One of them."""
        return [w[index] for w in self.layers]


def settle_real(arch: Architecture, data: Data, theta: Theta) -> Settled:
    """Polish real θ in parameter space, verify them in the original parameters, and take the inertia of the Hessian.

    Parameters
    ----------
    arch : Architecture
    data : Data
    theta : list of (C, k_l) float arrays
    """
    count = len(theta[0])
    stratum = Stratum.of_layers(arch)
    equations = equations_of(stratum)
    part_of = dict(zip((layer for layer, k in enumerate(arch.filters) if k > 1), stratum.slices, strict=True))
    points = np.ones((count, stratum.coordinates), complex)
    for layer, stack in enumerate(theta):
        if layer in part_of:
            points[:, part_of[layer]] = stack
        else:
            points[:, 0] *= stack[:, 0]
    refined = refine(equations, equations.normalize(points), data, real=True, steps=3)
    close, regular = refined.errors < 1e-3, refined.conditions < 1e12  # not at degenerate points
    better = close & regular
    points[better] = refined.points[better].astype(complex)
    transformed = equations.transform(data)
    directions = equations.patch_values(equations.patches(points))
    hessian = equations.evaluate(points, directions, transformed, transformed, np.zeros(count)).hessian
    assert hessian is not None
    symmetric = (hessian.real + hessian.real.transpose(0, 2, 1)) / 2
    scale = np.sqrt(np.abs(np.einsum("pii->pi", symmetric)))
    scale = 1 / np.where(scale > 0, scale, 1.0)
    eigenvalues = np.linalg.eigvalsh(symmetric * scale[:, :, None] * scale[:, None, :])
    zero = np.abs(eigenvalues) <= ZERO_EIGENVALUE * np.abs(eigenvalues).max(axis=1, keepdims=True)
    negative = ((eigenvalues < 0) & ~zero).sum(axis=1).tolist()
    degenerate = zero.any(axis=1)
    kinds = [
        "degenerate" if flat else "saddle" if index else "minimum"
        for flat, index in zip(degenerate, negative, strict=True)
    ]
    layers = [
        points[:, part_of[layer]].real if layer in part_of else np.ones((count, 1)) for layer in range(arch.depth)
    ]
    balanced = balance(layers, points[:, 0].real)
    residuals = relative_gradient(arch, balanced, np.asarray(data.gram), np.asarray(data.b))
    return Settled(balanced, residuals.tolist(), kinds, negative, close | ~regular)
