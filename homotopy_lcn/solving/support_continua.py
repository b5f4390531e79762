"""Continua of critical points of networks of any supports, and special points, by the tensor product of the layers.

The tensor products of the layers are the filters of an ordinary network, whose loss has the Gram matrix PᵀΣP and the
moment vector Pᵀb. Its critical parameters are those of the network, and so are the real ones among them, their kinds,
and the infimum of the loss. Only finitely many tensor products have one filter: P takes none but zero to zero, so that
it is a finite map on them. So a continuum of tensor products is one of filters, of the same dimension.

A filter may be real without real parameters: conjugation then exchanges two of its factors, and its tensor product is
not real. So a continuum without real tensor products may have real filters, none of which real parameters attain.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..classification.support_points import patterns_of, rank_of_each
from ..equations.critical_equations import Data
from ..equations.distinct import first_occurrences
from ..equations.polynomials import projected
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount
from ..networks.parameters import balance, relative_gradient
from ..networks.support_networks import SupportNetwork
from ..progress import Clock
from ..results.continua import Continuum
from ..results.points import CriticalPoint
from .accounts import PathAccount
from .continua import continua_of, points_on_continua
from .local_frames import Frames
from .segre_problem import SegreTask
from .stratum_task import StratumTask
from .tolerances import LOCAL

__all__ = ["continua_of_tensors", "ranks_nearby", "tensor_network"]

#: How far data nearby are, relative to the data.
NEARBY = 1e-5
#: Points of a continuum whose filters differ by less, relative to their norm, are one.
ONE_POINT = 1e-8


def tensor_network(network: SupportNetwork) -> Architecture:
    """The ordinary network whose filters are the tensor products of the layers, in the order of their sizes.

    Examples
    --------
    >>> tensor_network(Architecture(supports=((0, 1, 3), (0, 1))))
    Architecture(filters=(2, 3), strides=(2, 3))
    """
    sizes = tuple(sorted(size for size in network.layer_sizes if size > 1)) or (1,)
    return Architecture(filters=sizes, strides=sizes)


def continua_of_tensors(task: SegreTask, account: PathAccount, clock: Clock) -> list[Continuum]:
    """The continua that paths ended at, as sets of filters of the network; none if the time is up."""
    network, loss = task.architecture, task.loss
    assert isinstance(network, SupportNetwork)
    arch, places = tensor_network(network), np.array(task.embedding.positions)
    of_tensors = SquaredLoss(loss.gram[np.ix_(places, places)], loss.b[places], loss.constant)
    pattern = tuple((1,) * block.degree for block in arch.blocks)
    twin = StratumTask(arch, of_tensors, StratumCount(pattern, True, task.row.count, 1), task.rank, task.progress)
    found = continua_of(points_on_continua(twin, account, clock), [], of_tensors)
    return [_of_network(task, part) for part in found]


def _of_network(task: SegreTask, part: Continuum) -> Continuum:
    network = task.architecture
    assert isinstance(network, SupportNetwork)
    found = [_point(task, point) for point in part.points]
    filters = np.array([point.filter for point in found])
    leaders = first_occurrences(filters, tolerance=ONE_POINT)
    points = tuple(point for row, point in enumerate(found) if leaders[row] == row)
    real, attained = part.real, part.attained
    if real is False and not isinstance(part.loss, complex) and not network.has_distinct_positions:
        real = attained = None  # its filters may be real
    pattern = max((point.stratum for point in points), key=lambda one: sum(map(len, one)))
    return replace(part, pattern=pattern, points=points, real=real, attained=attained)


def _point(task: SegreTask, point: CriticalPoint) -> CriticalPoint:
    """A point of a continuum of tensor products as a filter of the network."""
    network = task.architecture
    assert isinstance(network, SupportNetwork)
    filter_ = projected(point.filter[None], task.embedding.positions, network.filter_size)[0]
    thetas = [_layers(task, theta) for theta in point.parameters]
    pattern = None
    if thetas:
        pattern = patterns_of(network, [layer[None].astype(complex) for layer in thetas[0]])[0]
    if pattern is None:
        pattern = tuple((1,) * (sum(group.degrees) if group.segment else len(group.layers)) for group in network.groups)
    residual = point.residual
    if thetas:
        stacked = [np.array([theta[layer] for theta in thetas]) for layer in range(network.depth)]
        residual = float(relative_gradient(network, stacked, task.loss.gram, task.loss.b).max())
    alone = network.has_distinct_positions
    return replace(
        point, filter=filter_, stratum=pattern, pure=all(part == 1 for partition in pattern for part in partition),
        parameters=tuple(thetas), residual=residual, root_pattern=None, also_on=(), architecture=network,
        smooth=point.smooth if alone else None, interior=point.interior if alone else None,
    )  # fmt: skip


def _layers(task: SegreTask, theta: tuple[NDArray[np.complex128], ...]) -> tuple[NDArray[np.complex128], ...]:
    """Parameters of the tensor product as those of the network, balanced."""
    network = task.architecture
    dtype = np.result_type(*theta)
    layers = [np.ones((1, 1), dtype)] * network.depth
    for layer, w in zip(task.embedding.blocks, theta, strict=True):
        layers[layer] = w[None]
    return tuple(layer[0] for layer in balance(layers, np.ones(1)))


def ranks_nearby(
    task: SegreTask,
    coordinates: Complex,
    ranks: NDArray[np.int64],
    dimensions: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The rank of dμ at critical points, moved from special data to random real data nearby.

    There is one critical point near a nonsingular one. Where dμ has the dimension of the class there, the smaller rank
    is a property of the data.

    Parameters
    ----------
    task : SegreTask
    coordinates : (P, coordinates) complex array
        In the tensor product, in the scale of the loss.
    ranks, dimensions : (P,) integer arrays
        The ranks at the data, and the dimensions of the classes.

    Returns
    -------
    (P,) integer array
        A smaller rank stays as it is where the point nearby could not be found.
    """
    network = task.architecture
    assert isinstance(network, SupportNetwork)
    problem, rng = task.problem, np.random.default_rng(0)
    points = coordinates.copy()
    points[:, 0] /= task.scale
    points = problem.equations.normalize(points)
    size, places = network.filter_size, np.array(task.embedding.positions)
    root, shift = rng.standard_normal((size, size)), rng.standard_normal(size)
    in_gram = NEARBY * np.linalg.norm(problem.gram, 2) * (root @ root.T / size)
    in_b = NEARBY * np.linalg.norm(problem.data.b) * shift / np.sqrt(size)
    data = Data(problem.data.gram + in_gram[np.ix_(places, places)], problem.data.b + in_b[places])
    result = ranks.copy()
    for row in np.flatnonzero(ranks < dimensions).tolist():
        moved = Frames.at(problem.equations, points[[row]], data).onto_critical_set(real=False).astype(complex)
        if Frames.at(problem.equations, moved, data).residuals()[0] <= LOCAL.tie:
            result[row] = rank_of_each(network, task.theta(problem.equations.normalize(moved))[1])[0]
    return result
