"""The real critical θ over a filter: polished by Newton's method, balanced, with the inertia of the Hessian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, frozen, without_specks
from ..equations.critical_equations import Data, equations_of
from ..networks.architecture import Architecture
from ..networks.parameters import balance, compose, relative_gradient
from ..networks.strata import Stratum
from ..tracking.refinement import refine
from .hessian_indices import careful_inertia
from .tolerances import CLASSIFICATION

__all__ = ["Polished", "Settled", "Theta", "balanced_parameters", "polish", "settle_real"]


Theta = list[NDArray[Any]]


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


class Polished(NamedTuple):
    """Real θ after Newton's method, C of them.

    Attributes
    ----------
    points : (C, coordinates) complex array
        The θ in the coordinates of `Stratum.of_layers`.
    layers : list of (C, k_l) float arrays
        The θ balanced: all layers of a θ have equal norms.
    residuals : list of float
        The gradient of the loss at each θ in the original parameters, relative to the terms that cancel in the
        gradient.
    near : (C,) bool array
        Whether Newton's method finds a critical point near θ. True as well where the Newton matrix is singular.
    zero : (C,) float array
        Eigenvalues of the Hessian at θ that are zero are below this part of the largest one. They are as wrong as θ is,
        and θ is accurate where Newton's method converged.
    """

    points: Complex
    layers: Theta
    residuals: list[float]
    near: NDArray[np.bool_]
    zero: Real

    def theta(self, index: int) -> Theta:
        """One of the θ."""
        return [w[index] for w in self.layers]


def polish(arch: Architecture, data: Data, theta: Theta) -> Polished:
    """Polish real θ by Newton's method in parameter space, and take the gradient in the original parameters.

    Parameters
    ----------
    arch : Architecture
    data : Data
        Gram matrix and moment vector of one data set, real.
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
    refined = refine(equations, equations.normalize(points), data, real=True, steps=CLASSIFICATION.polishing_steps)
    close, regular = refined.errors < CLASSIFICATION.close, refined.conditions < CLASSIFICATION.singular_condition
    better = close & regular
    points[better] = refined.points[better].astype(complex)
    layers = [
        points[:, part_of[layer]].real if layer in part_of else np.ones((count, 1)) for layer in range(arch.depth)
    ]
    balanced = [frozen(without_specks(w)) for w in balance(layers, points[:, 0].real)]
    residuals = relative_gradient(arch, balanced, np.asarray(data.gram), np.asarray(data.b))
    zero = np.where(better, CLASSIFICATION.zero_eigenvalue, CLASSIFICATION.zero_at_singular_point)
    return Polished(points, balanced, residuals.tolist(), close | ~regular, zero)


class Settled(NamedTuple):
    """Real θ after polishing, with the kind and the index of the Hessian of each."""

    polished: Polished
    kinds: list[str]
    indices: list[int]


def settle_real(arch: Architecture, data: Data, theta: Theta, free: int = 0) -> Settled:
    """Polish real θ, and decide the inertia of the Hessian at each.

    Parameters are those of `polish`, and ``free``, the dimension of the continuum of critical θ that they are on.
    """
    polished = polish(arch, data, theta)
    zero = polished.zero if free == 0 else np.full(len(polished.zero), CLASSIFICATION.zero_on_continuum)
    inertia = careful_inertia(arch, data, polished.points, zero)
    return Settled(polished, inertia.kinds(free), inertia.indices.tolist())
