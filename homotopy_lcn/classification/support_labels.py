"""The answers that the file of a solve gives on points of a network of any supports, compared with their layers.

Points keep the layers of one of their critical parameters, as coordinates of the tensor product. The class of these
layers has to be the stated one, where they are clearly equal or clearly apart, and answers that follow from the class
have to be those of the file. The coordinates themselves are compared with the filters before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..arrays import Complex
from ..errors import InputError
from ..networks.patterns import format_pattern
from ..networks.strata import segre_embedding
from ..networks.support_networks import SupportNetwork
from ..results.parts import ResultParts
from ..results.points import CriticalPoint
from .support_points import patterns_of

__all__ = ["check_support_labels", "layers_of_coordinates"]

#: Points that are looked at together.
POINTS_LABELLED_TOGETHER = 4096


class _Item(NamedTuple):
    place: str
    point: CriticalPoint


def check_support_labels(parts: ResultParts) -> None:
    """Compare `stratum`, `smooth` and `attained` of points with their coordinates.

    Parameters
    ----------
    parts : ResultParts
        Of a network of any supports that is no ordinary one, with coordinates that are those of the filters.

    Raises
    ------
    InputError
        With one line that names the first answer that is wrong.
    """
    network = parts.architecture
    assert isinstance(network, SupportNetwork)
    size = segre_embedding(network).stratum.coordinates
    share: list[_Item] = []
    for i, point in enumerate(parts.points):
        known = point.coordinates is not None and len(point.coordinates) == size
        if known and point.nonsingular and point.isolated and not point.also_on:
            share.append(_Item(f"points[{i}]", point))
        if len(share) == POINTS_LABELLED_TOGETHER:
            _check(network, share)
            share = []
    if share:
        _check(network, share)


def layers_of_coordinates(network: SupportNetwork, coordinates: Complex) -> list[Complex]:
    """The layers (P, k_l) of points (P, coordinates) of the tensor product, each up to scale.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(supports=((0, 1, 3), (0, 1)))
    >>> [layer[0].tolist() for layer in layers_of_coordinates(network, np.array([[5.0, 1, 2, 3, 4, 6]]))]
    [[3.0, 4.0, 6.0], [1.0, 2.0]]
    """
    embedding = segre_embedding(network)
    layers = [np.ones((len(coordinates), 1), coordinates.dtype)] * network.depth
    for layer, part in zip(embedding.blocks, embedding.stratum.slices, strict=True):
        layers[layer] = coordinates[:, part]
    return layers


def _check(network: SupportNetwork, share: Sequence[_Item]) -> None:
    layers = layers_of_coordinates(network, np.array([np.asarray(item.point.coordinates) for item in share]))
    with np.errstate(all="ignore"):
        patterns = patterns_of(network, layers)
    for (place, point), pattern in zip(share, patterns, strict=True):
        if pattern != point.stratum:
            raise InputError(
                f"{place}.pattern: {format_pattern(point.stratum)}; expected {format_pattern(pattern)}, by its layers"
            )
        if point.smooth and network.has_equal_layers(pattern):
            raise InputError(f"{place}.smooth: True; expected False, as two of its layers are equal")
        if point.real and point.attained != bool(point.parameters):
            expected = "parameters for an attained filter, and no others"
            raise InputError(f"{place}.attained: {point.attained}; expected {expected}")
