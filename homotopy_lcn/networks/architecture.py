"""Architectures of linear convolutional networks: filter sizes, strides, and what follows from them alone."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

from ..doors import ShownInNotebooks, cached_property, door
from ..errors import InputError
from .patterns import Pattern

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Architecture", "Block", "has_shapes", "positive_integers"]


class Block(NamedTuple):
    """A maximal run of layers with equal dilation, seen as one layer of the reduced architecture.

    Its filters multiply to a polynomial of degree ``degree`` in the variable x^dilation.
    """

    degree: int
    dilation: int


@dataclass(frozen=True, repr=False, init=False)
class Architecture(ShownInNotebooks):
    """A linear convolutional network: one channel, no bias, "valid" padding.

    Layer l maps x to (α x)[i] = Σ_j w_l[j] x[i s_l + j]. The composition of all layers is one convolution whose
    stride is the product of the strides and whose filter has ``filter_size`` coefficients.

    Parameters
    ----------
    filters : sequence of int
        Filter sizes k_1, …, k_L, each at least 1. With shapes instead, as in ``((2, 2), (3, 2))``, the network has as
        many dimensions as each shape has entries, and the object is a `SupportNetwork`.
    strides : sequence of int
        Strides s_1, …, s_L, each at least 1. The last one never matters for the function space. In several dimensions
        each is an integer for all axes, or a sequence of one integer for each axis.
    supports : sequence of sequences of points, optional
        In place of ``filters``: for each layer the positions of its coefficients, which are integers in one dimension
        and sequences of D integers in D dimensions, all at least 0 and on each axis one of them 0. The object is a
        `SupportNetwork`, unless each support is 0, 1, …, k − 1.

    Raises
    ------
    InputError
        If the sequences are empty, differ in length, or hold anything but positive integers; if layers have different
        numbers of dimensions, or a support has a point twice or does not touch 0 on an axis.

    References
    ----------
    Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks*,
    SIAM J. Appl. Algebra Geom. 8 (2024), section 2.

    Examples
    --------
    >>> arch = Architecture(filters=(2, 2, 2), strides=(1, 2, 1))
    >>> arch.filter_size, arch.stride, arch.dimension
    (5, 2, 4)
    >>> arch.blocks
    (Block(degree=2, dilation=1), Block(degree=1, dilation=2))
    >>> arch.reduced
    Architecture(filters=(3, 2), strides=(2, 1))
    """

    filters: tuple[int, ...]
    strides: tuple[int, ...]

    def __new__(cls, filters: Any = None, strides: Any = None, *, supports: Any = None) -> Architecture:
        if supports is not None or has_shapes(filters):
            network: Architecture = door("other_network")(filters, strides, supports)
            return network
        return super().__new__(cls)

    def __init__(self, filters: Any = None, strides: Any = None, *, supports: Any = None) -> None:
        if supports is not None or has_shapes(filters):
            return  # `__new__` has made the whole object
        filters = positive_integers("filters", filters)
        strides = positive_integers("strides", strides)
        if len(filters) != len(strides):
            raise InputError(
                f"strides: {len(strides)} given for {len(filters)} filters; expected one stride for each filter"
            )
        object.__setattr__(self, "filters", filters)
        object.__setattr__(self, "strides", strides)

    @classmethod
    def from_torch(cls, module: torch.nn.Module) -> Architecture:
        """Architecture of a PyTorch network.

        Parameters
        ----------
        module : torch.nn.Sequential
            Of ``torch.nn.Conv1d(1, 1, k, stride=s, bias=False)`` alone, or of ``Conv2d`` or ``Conv3d``, without padding
            and groups; nested ones and a single convolution will do. A dilated kernel has a support with gaps.

        Raises
        ------
        InputError
            If a layer is anything else, or shares its weight with another. The message names the layer.
        MissingPackage
            If PyTorch is not installed.
        """
        return door("architecture_from_torch")(module)

    def mu(self, theta: Sequence[ArrayLike]) -> NDArray[Any]:
        """The end-to-end filter μ(θ) of the layers θ = (w_1, …, w_L).

        Parameters
        ----------
        theta : sequence of L array_like
            Layer l has shape (k_l,), or (…, k_l) for several θ at once; real or complex numbers. Filters of several
            dimensions are flattened row by row.

        Returns
        -------
        ndarray of shape (K,), or (…, K)

        Raises
        ------
        InputError
            If there are not L layers, or a layer has another size or holds anything but finite numbers.

        Examples
        --------
        >>> Architecture((3, 2), (2, 1)).mu([[1, 0, -1], [1, 2]]).tolist()
        [1.0, 0.0, 1.0, 0.0, -2.0]
        """
        filter_: NDArray[Any] = door("mu")(self, theta)
        return filter_

    def __repr__(self) -> str:
        return f"Architecture(filters={self.filters}, strides={self.strides})"

    def to_dict(self) -> dict[str, object]:
        """The network as files have it: ``filters``, ``strides`` and ``filter_size``.

        Examples
        --------
        >>> Architecture((3, 2), (2, 1)).to_dict()
        {'filters': [3, 2], 'strides': [2, 1], 'filter_size': 5}
        """
        return {"filters": list(self.filters), "strides": list(self.strides), "filter_size": self.filter_size}

    @property
    def axes(self) -> int:
        """The number of dimensions: 1."""
        return 1

    @property
    def notation(self) -> str:
        """The network in the paper's notation, as in ``k = (3, 2), s = (2, 1)``."""
        return f"k = {self.filters}, s = {self.strides}"

    @property
    def texts(self) -> tuple[str, str]:
        """The filters, or the supports, and the strides, as tables have them.

        Examples
        --------
        >>> Architecture((3, 2), (2, 1)).texts, Architecture(filters=((2, 1), (2, 2)), strides=(1, 1)).texts
        (('3,2', '2,1'), ('2x1,2x2', '1x1,1x1'))
        >>> Architecture(supports=((0, 1, 3), (0, 1))).texts
        ('0,1,3;0,1', '1,1')
        """
        return ",".join(map(str, self.filters)), ",".join(map(str, self.strides))

    @property
    def one_dimensional(self) -> Architecture | None:
        """The ordinary network with the same end-to-end filters: the network itself."""
        return self

    def check_ordinary(self, reason: str = "") -> None:
        """Raise InputError, with the reason, unless this is an ordinary network of one dimension."""

    def has_equal_layers(self, pattern: Pattern) -> bool:
        """Whether layers that are no segments are equal in a class: never in an ordinary network, as all are segments.

        Such filters are singular points of the Zariski closure of the function space.

        Examples
        --------
        >>> network = Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
        >>> network.has_equal_layers(((1, 1),)), network.has_equal_layers(((2,),))
        (False, True)
        """
        return False

    @property
    def in_words(self) -> str:
        """The network in a message, as in ``filters (3, 2) with strides (2, 1)``."""
        return f"filters {self.filters} with strides {self.strides}"

    @property
    def depth(self) -> int:
        """Number of layers, L."""
        return len(self.filters)

    @cached_property
    def dilations(self) -> tuple[int, ...]:
        """Dilation S_l = s_1 ⋯ s_{l−1} of each layer's filter within the end-to-end filter."""
        return tuple(accumulate(self.strides[:-1], operator.mul, initial=1))

    @cached_property
    def stride(self) -> int:
        """Total stride S = s_1 ⋯ s_L."""
        return self.dilations[-1] * self.strides[-1]

    @cached_property
    def filter_size(self) -> int:
        """End-to-end filter size K = 1 + Σ (k_l − 1) S_l."""
        return 1 + sum((k - 1) * dilation for k, dilation in zip(self.filters, self.dilations, strict=True))

    @property
    def stride_of_rows(self) -> int:
        """The total stride along the last axis."""
        return self.stride

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Number of coefficients of each layer's filter."""
        return self.filters

    @cached_property
    def dimension(self) -> int:
        """Dimension of the function space, Σ k_l − (L − 1)."""
        return 1 + sum(k - 1 for k in self.filters)

    @cached_property
    def layers_by_block(self) -> tuple[tuple[int, ...], ...]:
        """For each block, the indices of its layers with filter size above 1."""
        groups: dict[int, list[int]] = {}
        for layer, (k, dilation) in enumerate(zip(self.filters, self.dilations, strict=True)):
            if k > 1:
                groups.setdefault(dilation, []).append(layer)
        return tuple(tuple(layers) for layers in groups.values())

    @cached_property
    def layer_degrees(self) -> tuple[tuple[int, ...], ...]:
        """For each block, the degrees k_l − 1 of its layers, in their order."""
        return tuple(tuple(self.filters[layer] - 1 for layer in layers) for layers in self.layers_by_block)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks (degree, dilation) of the reduced architecture, dilations strictly increasing."""
        return tuple(
            Block(sum(degrees), self.dilations[layers[0]])
            for layers, degrees in zip(self.layers_by_block, self.layer_degrees, strict=True)
        )

    @property
    def pattern_totals(self) -> tuple[int, ...]:
        """What the partitions of a root pattern sum up to: the degree of each block."""
        return tuple(block.degree for block in self.blocks)

    @cached_property
    def reduced(self) -> Architecture:
        """The reduced architecture: neighbours with equal dilation merged, layers of filter size 1 dropped.

        It has the same end-to-end filter size and total stride. Where the first block is dilated (the first layers
        have filter size 1 and a stride above 1), one leading layer of filter size 1 carries that stride.
        """
        filters = [block.degree + 1 for block in self.blocks]
        dilations = [block.dilation for block in self.blocks]
        if not dilations or dilations[0] > 1:
            filters.insert(0, 1)
            dilations.insert(0, 1)
        ends = [*dilations[1:], self.stride]
        return Architecture(tuple(filters), tuple(end // start for start, end in zip(dilations, ends, strict=True)))

    @cached_property
    def support(self) -> tuple[int, ...]:
        """The positions of the end-to-end filter that are not zero for every choice of the layers, increasing.

        They are the sums of one multiple of each block's dilation, from 0 to the block's degree times.

        Examples
        --------
        >>> Architecture((3, 2), (2, 1)).support, Architecture((2, 2), (3, 1)).support
        ((0, 1, 2, 3, 4), (0, 1, 3, 4))
        """
        positions = {0}
        for degree, dilation in self.blocks:
            positions = {start + dilation * j for start in positions for j in range(degree + 1)}
        return tuple(sorted(positions))

    @property
    def is_reduced(self) -> bool:
        """Whether this architecture equals its reduced architecture."""
        return self == self.reduced

    @cached_property
    def grid(self) -> int:
        """Largest g such that every end-to-end filter is zero off the multiples of g."""
        return gcd(*(block.dilation for block in self.blocks)) if self.blocks else 1


def has_shapes(filters: object) -> bool:
    """Whether filter sizes are given as shapes, as in ``((2, 2), (3, 2))``."""
    return isinstance(filters, list | tuple) and any(isinstance(item, list | tuple) for item in filters)


def positive_integers(name: str, values: Iterable[object]) -> tuple[int, ...]:
    expected = "expected a sequence of integers, each at least 1"
    if isinstance(values, str | bytes):
        raise InputError(f"{name}: {values!r} is not a sequence of integers; {expected}")
    try:
        items = list(values)
    except TypeError:
        raise InputError(f"{name}: {values!r} is not a sequence; {expected}") from None
    if not items:
        raise InputError(f"{name}: empty; {expected}")
    result = []
    for item in items:
        try:
            integer = operator.index(item)  # type: ignore[arg-type]
        except TypeError:
            raise InputError(f"{name}: {item!r} is not an integer; {expected}") from None
        if isinstance(item, bool) or integer < 1:
            raise InputError(f"{name}: {item!r} is not a positive integer; {expected}")
        result.append(integer)
    return tuple(result)
