"""Approximate coordinates of the points of a result on their strata: kept by the result, or reconstructed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..networks.architecture import Architecture
from ..networks.binary_forms import multiply, power, roots_of_each
from ..networks.patterns import Partition, Pattern
from ..networks.strata import Embedding, Stratum, segre_embedding
from ..networks.support_networks import LayerGroup, SupportNetwork
from ..results.points import CriticalPoint
from .tolerances import CERTIFICATION

__all__ = ["PointCoordinates", "coordinates_of"]

Complex = NDArray[np.complex128]
#: The coefficients (P, degree + 1) of every factor Q_f, by the dilation and the power of the factor.
Factors = dict[tuple[int, int], Complex]


class PointCoordinates(NamedTuple):
    """Approximate coordinates of P points of one stratum.

    Attributes
    ----------
    coordinates : (P, coordinates) complex array
        The scalar, then the coefficients of each factor, of which the largest is 1.
    known : (P,) bool array
        Whether the coordinates of a point are known. The coordinates of all other points are not numbers.
    real : (P,) bool array
        Which points have real coordinates.
    """

    coordinates: Complex
    known: NDArray[np.bool_]
    real: NDArray[np.bool_]


def coordinates_of(points: Sequence[CriticalPoint], arch: Architecture, stratum: Stratum) -> PointCoordinates:
    """Coordinates of points on their stratum, in the filter size of the architecture.

    Points keep the coordinates that the solver found (`CriticalPoint.coordinates`). Files of earlier versions lack the
    coordinates of points with parameters θ; these coordinates are reconstructed: the roots of the layers of a block are
    clustered as the root pattern says, and the mean of a cluster is a root of the factor. A point without θ and without
    coordinates stays unknown.

    Parameters
    ----------
    points : sequence of CriticalPoint
        At least one, all of one root pattern.
    arch : Architecture
    stratum : Stratum
        Of that root pattern, with filters as long as those of the architecture.

    Notes
    -----
    Coordinates are approximate, and nothing is proved of them: Krawczyk's test starts there.
    """
    count = len(points)
    result = np.full((count, stratum.coordinates), np.nan, complex)
    if isinstance(arch, SupportNetwork):
        _fill_class(result, points, arch, stratum)
    else:
        for rows, factors in _factors_by_rows(points, arch):
            for factor, part in zip(stratum.factors, stratum.slices, strict=True):
                result[rows, part] = factors[factor.dilation, factor.power]
    filters = np.array([point.filter for point in points]).reshape(count, stratum.filter_size)
    real = np.array([point.real for point in points], dtype=bool)
    shape = np.ones((count, 1), complex)
    with np.errstate(all="ignore"):
        for factor, part in zip(stratum.factors, stratum.slices, strict=True):
            form = result[:, part]
            form = form / np.take_along_axis(form, np.abs(form).argmax(axis=1)[:, None], 1)
            real &= np.abs(form.imag).max(axis=1) < CERTIFICATION.nearly_real
            result[:, part] = form
            spread = np.zeros((count, factor.places[-1] + 1), complex)
            spread[:, factor.places] = form
            shape = multiply(shape, power(spread, factor.power))
        shape = np.pad(shape, ((0, 0), (0, stratum.filter_size - shape.shape[1])))
        result[:, 0] = (shape.conj() * filters).sum(axis=1) / (np.abs(shape) ** 2).sum(axis=1)
    known = np.isfinite(result).all(axis=1)
    real &= known
    result[real] = result[real].real
    return PointCoordinates(result, known, real)


def _fill_class(result: Complex, points: Sequence[CriticalPoint], network: SupportNetwork, stratum: Stratum) -> None:
    """Enter the factors of points of a class of filters: layers that are equal, roots that parallel segments share."""
    embedding, pattern = segre_embedding(network), points[0].stratum
    size = embedding.stratum.coordinates
    parts = iter(stratum.slices)
    slices = [
        [next(parts) for _ in range(len(set(partition)) if group.segment else len(partition))]
        for group, partition in zip(network.groups, pattern, strict=True)
    ]
    for row, point in enumerate(points):
        if point.coordinates is not None and len(point.coordinates) == size:
            part_of = dict(zip(embedding.blocks, embedding.stratum.slices, strict=True))
            layers = {layer: np.asarray(point.coordinates)[part] for layer, part in part_of.items()}
        elif point.parameters:
            layers = dict(enumerate(point.parameters[0]))
        else:
            continue
        for group, partition, own in zip(network.groups, pattern, slices, strict=True):
            forms = [np.asarray(layers[layer], complex) for layer in group.layers]
            for part, form in zip(own, _factors_of_group(group, partition, forms), strict=True):
                result[row, part] = form


def _factors_of_group(group: LayerGroup, partition: Partition, forms: list[Complex]) -> list[Complex]:
    if not group.segment:
        return _equal_ones(np.array([form / np.linalg.norm(form) for form in forms]), partition)
    if all(part == 1 for part in partition):
        return [reduce(multiply, forms)]
    roots = np.concatenate([roots_of_each(form[None]) for form in forms], axis=1)
    return [form[0] for _, form in sorted(_collect(roots, partition).items())]


def _equal_ones(layers: Complex, partition: Partition) -> list[Complex]:
    """The mean of each set of equal layers (m, k) of norm one, of as many layers as the partition says."""
    result = []
    for part in partition:
        distances = 1 - np.abs(layers.conj() @ layers.T)
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :part]
        group = nearest[np.take_along_axis(distances, nearest, axis=1).max(axis=1).argmin()]
        members = layers[group]
        result.append((members * (members.conj() @ members[0])[:, None].conj()).sum(axis=0))
        layers = np.delete(layers, group, axis=0)
    return result


def _factors_by_rows(points: Sequence[CriticalPoint], arch: Architecture) -> list[tuple[NDArray[np.intp], Factors]]:
    """Rows of points and their factors: first of the points that keep coordinates, then of the other points with θ."""
    pattern = points[0].stratum
    length = Embedding.of_pattern(arch, pattern).stratum.coordinates
    kept = np.array([point.coordinates is not None and len(point.coordinates) == length for point in points])
    theta = np.array([bool(point.parameters) for point in points]) & ~kept
    return [
        (rows, factors_of([points[row] for row in rows.tolist()], arch, pattern))
        for rows, factors_of in (
            (np.flatnonzero(kept), _factors_from_coordinates),
            (np.flatnonzero(theta), _factors_from_parameters),
        )
        if rows.size
    ]


def _factors_from_parameters(points: Sequence[CriticalPoint], arch: Architecture, pattern: Pattern) -> Factors:
    """The factors from one θ of each point: equal roots of different layers are collected."""
    result: Factors = {}
    for block, layers, partition in zip(arch.blocks, arch.layers_by_block, pattern, strict=True):
        forms = [np.array([point.parameters[0][layer] for point in points], complex) for layer in layers]
        if all(part == 1 for part in partition):
            result[block.dilation, 1] = reduce(multiply, forms)
        else:
            collected = _collect(np.concatenate([roots_of_each(form) for form in forms], axis=1), partition)
            result.update({(block.dilation, part): form for part, form in collected.items()})
    return result


def _collect(points: NDArray[Any], partition: Sequence[int]) -> dict[int, Complex]:
    """Forms (P, degree + 1) by multiplicity, from roots (P, n, 2) of which as many coincide as the partition says."""
    count = len(points)
    collected: dict[int, Complex] = {}
    for part in partition:
        x, y = points[:, :, 0], points[:, :, 1]
        distances = np.abs(x[:, :, None] * y[:, None, :] - y[:, :, None] * x[:, None, :])
        nearest = np.argsort(distances, axis=2, kind="stable")[:, :, :part]
        spread = np.take_along_axis(distances, nearest, axis=2).max(axis=2)
        group = np.take_along_axis(nearest, spread.argmin(axis=1)[:, None, None], axis=1)[:, 0]
        members = np.take_along_axis(points, group[:, :, None], axis=1)
        # The mean of the group, on the same chart of the projective line.
        aligned = members * (members.conj() @ members[:, 0, :, None])
        mean = aligned.sum(axis=1)
        line = np.stack([mean[:, 1], -mean[:, 0]], axis=1)
        collected[part] = multiply(collected[part], line) if part in collected else line
        others = np.ones(points.shape[:2], dtype=bool)
        np.put_along_axis(others, group, False, axis=1)
        points = points[others].reshape(count, -1, 2)
    return collected


def _factors_from_coordinates(points: Sequence[CriticalPoint], arch: Architecture, pattern: Pattern) -> Factors:
    """The factors from the coordinates that points keep."""
    embedding = Embedding.of_pattern(arch, pattern)
    coordinates = np.array([point.coordinates for point in points])
    return {
        (arch.blocks[block].dilation, factor.power): coordinates[:, part]
        for factor, block, part in zip(
            embedding.stratum.factors, embedding.blocks, embedding.stratum.slices, strict=True
        )
    }
