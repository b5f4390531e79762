"""Approximate coordinates of the points of a result on their strata, from what the result keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..networks.architecture import Architecture
from ..networks.binary_forms import dilate, multiply, power, roots_of_each
from ..networks.patterns import Pattern
from ..networks.strata import Embedding, Stratum
from ..results.points import CriticalPoint

__all__ = ["approximate_coordinates"]

Complex = NDArray[np.complex128]
#: Factors of a real filter whose imaginary parts are at most this, relative to their size, are taken to be real.
NEARLY_REAL = 1e-6


def approximate_coordinates(
    arch: Architecture, stratum: Stratum, pattern: Pattern, points: Sequence[CriticalPoint]
) -> tuple[Complex, NDArray[np.bool_], NDArray[np.bool_]]:
    """Coordinates of points on a stratum of the architecture, in its own filter size.

    Parameters
    ----------
    arch : Architecture
    stratum : Stratum
        That of ``pattern``, with filters as long as those of the architecture.
    pattern : tuple of tuple of int
    points : sequence of CriticalPoint
        Of this pattern.

    Returns
    -------
    coordinates : (P, coordinates) complex array
    known : (P,) bool array
        False where the result keeps too little of a point; its coordinates are not a number.
    real : (P,) bool array
        Which points have real coordinates.
    """
    count = len(points)
    result = np.full((count, stratum.coordinates), np.nan, complex)
    by_layers = np.array([bool(point.parameters) for point in points], dtype=bool)
    embedding = Embedding.of_pattern(arch, pattern)
    length = embedding.stratum.coordinates
    kept = np.array([point.coordinates is not None and len(point.coordinates) == length for point in points])
    for rows, factors_of in (
        (np.flatnonzero(by_layers), _factors_from_parameters),
        (np.flatnonzero(kept.astype(bool) & ~by_layers), _factors_from_coordinates),
    ):
        if rows.size:
            factors = factors_of(arch, pattern, [points[row] for row in rows.tolist()])
            for factor, part in zip(stratum.factors, stratum.slices, strict=True):
                result[rows, part] = factors[factor.dilation, factor.power]
    filters = np.array([point.filter for point in points]).reshape(count, stratum.filter_size)
    real = np.array([point.real for point in points], dtype=bool)
    shape = np.ones((count, 1), complex)
    with np.errstate(all="ignore"):
        for factor, part in zip(stratum.factors, stratum.slices, strict=True):
            form = result[:, part]
            form = form / np.take_along_axis(form, np.abs(form).argmax(axis=1)[:, None], 1)
            real &= np.abs(form.imag).max(axis=1) < NEARLY_REAL
            result[:, part] = form
            shape = multiply(shape, power(dilate(form, factor.dilation), factor.power))
        result[:, 0] = (shape.conj() * filters).sum(axis=1) / (np.abs(shape) ** 2).sum(axis=1)
    known = np.isfinite(result).all(axis=1)
    real &= known
    result[real] = result[real].real
    return result, known, real


def _factors_from_parameters(
    arch: Architecture, pattern: Pattern, points: Sequence[CriticalPoint]
) -> dict[tuple[int, int], Complex]:
    """The Q_f by dilation and power, (P, degree + 1), from one θ: equal roots of different layers are collected."""
    result: dict[tuple[int, int], Complex] = {}
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


def _factors_from_coordinates(
    arch: Architecture, pattern: Pattern, points: Sequence[CriticalPoint]
) -> dict[tuple[int, int], Complex]:
    """The Q_f by dilation and power from the coordinates that a solve keeps of points without parameters."""
    embedding = Embedding.of_pattern(arch, pattern)
    coordinates = np.array([point.coordinates for point in points])
    return {
        (arch.blocks[block].dilation, factor.power): coordinates[:, part]
        for factor, block, part in zip(
            embedding.stratum.factors, embedding.blocks, embedding.stratum.slices, strict=True
        )
    }
