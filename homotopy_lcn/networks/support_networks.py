"""Networks whose filters have any support: filters in two and more dimensions, dilated filters, filters with gaps.

Layer l has a support A_l, a finite set of points in Z^D. With the product S_l of the strides before it, by axis,

    μ(θ) = Π_l (Σ_{a ∈ A_l} w_l[a] x^{S_l a}).

An end-to-end filter is an array of the shape of the sum of all supports, flattened row by row. Kronecker's substitution
makes all of it one-dimensional: the position of the exponent (i, j) in a filter of W columns is iW + j, and positions
add as exponents do, because no sum leaves the array. So a network is a list of positions for each layer.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple, NoReturn

from ..doors import cached_property
from ..errors import InputError, shortened
from .architecture import Architecture, has_shapes, positive_integers
from .patterns import Pattern

__all__ = ["LayerGroup", "Point", "SupportNetwork", "other_network"]

#: A position in Z^D.
Point = tuple[int, ...]
#: Points of a support, so that a mistyped size is refused before the points are listed.
LARGEST_SUPPORT = 2_000


class LayerGroup(NamedTuple):
    """Layers whose filters can coincide, or share a root, so that dμ drops rank.

    Attributes
    ----------
    layers : tuple of int
    segment : bool
        Whether the supports are parallel segments of one step: the filters are polynomials in one monomial, and the
        theory of one dimension holds in the group. Otherwise the supports are equal up to translation.
    degrees : tuple of int
        The number of coefficients minus one of each layer.
    """

    layers: tuple[int, ...]
    segment: bool
    degrees: tuple[int, ...]


@dataclass(frozen=True, repr=False, init=False)
class SupportNetwork(Architecture):
    """A linear convolutional network whose filters have any support; `Architecture` makes it from its arguments.

    It is an `Architecture`: whatever needs an ordinary network of one dimension raises InputError, and says so.

    Attributes
    ----------
    filters : tuple of tuple of int, or None
        The shapes of the filters; None unless all supports are boxes.
    strides : tuple of tuple of int
        For each layer one stride for each axis.
    supports : tuple of tuple of points
        The points of each layer's support in lexicographic order, which is that of the layer's coefficients. Points are
        tuples of D integers.

    Examples
    --------
    >>> network = Architecture(filters=((2, 2), (3, 2)), strides=((1, 2), (1, 1)))
    >>> network.shape, network.filter_size, network.layer_sizes, network.dimension
    ((4, 4), 16, (4, 6), 9)
    >>> network.exponents
    ((0, 1, 4, 5), (0, 2, 4, 6, 8, 10))
    >>> Architecture(supports=((0, 1, 3), (0, 1))).mu([[1, 2, 3], [1, -1]]).tolist()
    [1.0, 1.0, -2.0, 3.0, -3.0]
    >>> Architecture(supports=((0, 1, 2), (0, 1))) == Architecture((3, 2), (1, 1))
    True
    """

    filters: Any = field(compare=False)
    strides: Any
    supports: tuple[tuple[Point, ...], ...]

    @classmethod
    def of_positions(cls, positions: Sequence[Sequence[int]]) -> SupportNetwork:
        """The network of one dimension with given positions for each layer, whether it is an ordinary one or not.

        Examples
        --------
        >>> SupportNetwork.of_positions([(0, 1, 2), (0, 3)]).exponents
        ((0, 1, 2), (0, 3))
        """
        supports = tuple(tuple((position,) for position in layer) for layer in positions)
        return _made(supports, ((1,),) * len(supports))

    def __repr__(self) -> str:
        if self.filters is not None:
            return f"Architecture(filters={self.filters}, strides={self.strides})"
        plain = self.axes == 1
        supports = tuple(tuple(point[0] if plain else point for point in support) for support in self.supports)
        strides = tuple(stride[0] if plain else stride for stride in self.strides)
        steps = "" if set(self.total_stride) == {1} else f", strides={strides}"
        return f"Architecture(supports={supports}{steps})"

    def to_dict(self) -> dict[str, object]:
        """The network as files have it: ``filters`` (or ``supports``), ``strides``, ``filter_size``, ``shape``.

        Examples
        --------
        >>> Architecture(filters=((2, 2), (2, 1)), strides=(1, 1)).to_dict()
        {'filters': [[2, 2], [2, 1]], 'strides': [[1, 1], [1, 1]], 'filter_size': 6, 'shape': [3, 2]}
        """
        lists = [[list(point) for point in support] for support in self.supports]
        layers = {"supports": lists} if self.filters is None else {"filters": [list(shape) for shape in self.filters]}
        return {
            **layers,
            "strides": [list(stride) for stride in self.strides],
            "filter_size": self.filter_size,
            "shape": list(self.shape),
        }

    @property
    def notation(self) -> str:
        """The network in words, as in ``k = (2×2,3×2), s = (1×2,1×1)``."""
        strides = ",".join("×".join(map(str, stride)) for stride in self.strides)
        if self.filters is not None:
            return f"k = ({','.join('×'.join(map(str, shape)) for shape in self.filters)}), s = ({strides})"
        sets = ("{" + ",".join(".".join(map(str, point)) for point in support) + "}" for support in self.supports)
        return f"supports {', '.join(sets)}" + ("" if set(self.total_stride) == {1} else f", s = ({strides})")

    @property
    def texts(self) -> tuple[str, str]:
        """The filters, or the supports, and the strides, as tables have them."""
        strides = ",".join("x".join(map(str, stride)) for stride in self.strides)
        if self.filters is not None:
            return ",".join("x".join(map(str, shape)) for shape in self.filters), strides
        return ";".join(",".join(".".join(map(str, point)) for point in support) for support in self.supports), strides

    @property
    def in_words(self) -> str:
        """The network in a message: its `notation`."""
        return self.notation

    @property
    def axes(self) -> int:
        """The number of dimensions, D."""
        return len(self.strides[0])

    @property
    def depth(self) -> int:
        """Number of layers, L."""
        return len(self.supports)

    @cached_property
    def layer_sizes(self) -> tuple[int, ...]:
        """Number of coefficients of each layer's filter."""
        return tuple(len(support) for support in self.supports)

    @cached_property
    def dimension(self) -> int:
        """Dimension of the function space as a cone, Σ k_l − (L − 1), k_l the number of coefficients of layer l."""
        return 1 + sum(size - 1 for size in self.layer_sizes)

    @cached_property
    def dilated(self) -> tuple[tuple[Point, ...], ...]:
        """The supports S_l A_l within the end-to-end filter."""
        result, steps = [], (1,) * self.axes
        for support, stride in zip(self.supports, self.strides, strict=True):
            result.append(tuple(tuple(map(operator.mul, point, steps)) for point in support))
            steps = tuple(map(operator.mul, steps, stride))
        return tuple(result)

    @cached_property
    def total_stride(self) -> Point:
        """The total stride by axis."""
        return tuple(prod(steps) for steps in zip(*self.strides, strict=True))

    @property
    def stride_of_rows(self) -> int:
        """The total stride along the last axis."""
        return self.total_stride[-1]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of the end-to-end filter."""
        ends = ([max(points) for points in zip(*support, strict=True)] for support in self.dilated)
        return tuple(1 + sum(widths) for widths in zip(*ends, strict=True))

    @cached_property
    def filter_size(self) -> int:
        """Number of coefficients of the end-to-end filter, the product of `shape`."""
        return prod(self.shape)

    @cached_property
    def exponents(self) -> tuple[tuple[int, ...], ...]:
        """The positions of each layer's coefficients in the flattened end-to-end filter (Kronecker's substitution)."""
        places = [prod(self.shape[axis + 1 :]) for axis in range(self.axes)]
        return tuple(tuple(sum(map(operator.mul, point, places)) for point in support) for support in self.dilated)

    @cached_property
    def support(self) -> tuple[int, ...]:
        """The positions of the end-to-end filter that are not zero for every choice of the layers, increasing."""
        positions = {0}
        for layer in self.exponents:
            positions = {start + position for start in positions for position in layer}
        return tuple(sorted(positions))

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """For each coefficient of the tensor product of the layers, the last layer varying fastest, its position."""
        return tuple(sum(places) for places in product(*self.exponents))

    @cached_property
    def has_distinct_positions(self) -> bool:
        """Whether no two coefficients of the tensor product coincide: then the filters are tensors of rank one."""
        return len(set(self.positions)) == len(self.positions)

    @cached_property
    def is_tensor_product(self) -> bool:
        """Whether filters are tensor products, one factor for each group: a smooth Segre variety, or a linear space."""
        sums, number = {0}, 1
        for group in self.groups:
            if not group.segment and len(group.layers) > 1:
                return False
            sizes = {0}
            for layer in group.layers:
                sizes = {start + position for start in sizes for position in self.exponents[layer]}
            sums = {start + position for start in sums for position in sizes}
            number *= len(sizes)
        return len(sums) == number

    @cached_property
    def groups(self) -> tuple[LayerGroup, ...]:
        """The layers of more than one coefficient, those together whose filters can coincide or share a root."""
        found: dict[object, list[int]] = {}
        for layer, support in enumerate(self.dilated):
            if len(support) > 1:
                step = _step(support)
                shifted = tuple(tuple(map(operator.sub, point, support[0])) for point in support)
                found.setdefault((True, step) if step is not None else (False, shifted), []).append(layer)
        return tuple(
            LayerGroup(tuple(layers), key[0], tuple(self.layer_sizes[layer] - 1 for layer in layers))  # type: ignore[index]
            for key, layers in found.items()
        )

    @property
    def pattern_totals(self) -> tuple[int, ...]:
        """What the partitions of a pattern sum up to: for segments the degree, for equal supports the number of layers.

        For the filters of an ordinary network they are the degrees of its blocks.
        """
        if self.one_dimensional is not None:
            return self.one_dimensional.pattern_totals
        return tuple(sum(group.degrees) if group.segment else len(group.layers) for group in self.groups)

    def has_equal_layers(self, pattern: Pattern) -> bool:
        """Whether layers of equal support that is no segment are equal in a class."""
        if self.one_dimensional is not None:
            return False
        groups = zip(self.groups, pattern, strict=True)
        return any(partition[0] > 1 for group, partition in groups if not group.segment)

    @cached_property
    def one_dimensional(self) -> Architecture | None:
        """The ordinary network with the same end-to-end filters, up to its total stride; None if there is none.

        There is one if the positions of each layer are multiples of a step, 0, d, 2d, …, and each step divides the
        next. The loss as a function of the filter is the same, and so are its critical points.
        """
        steps: list[int] = []
        for layer in self.exponents:
            step = layer[1] if len(layer) > 1 else (steps[-1] if steps else 1)
            if layer != tuple(step * j for j in range(len(layer))) or step % (steps[-1] if steps else 1):
                return None
            steps.append(step)
        if steps[0] != 1:
            return None
        strides = (*(after // before for before, after in pairwise(steps)), 1)
        twin = Architecture(self.layer_sizes, strides)
        return twin if twin.filter_size == self.filter_size else None

    def check_ordinary(self, reason: str = "others have no blocks of layers with one dilation") -> NoReturn:
        """Raise InputError: this is no ordinary network. The message gives the reason, or the twin, if there is one."""
        twin = self.one_dimensional
        why = f"as {reason}" if twin is None else f"as {twin.notation}, which has the same filters"
        raise InputError(
            f"arch: {self.notation} is no ordinary network of one dimension; expected an ordinary one, {why}"
        )

    @property
    def dilations(self) -> NoReturn:
        """Not defined: the supports are those of `exponents`."""
        self.check_ordinary()

    stride = layers_by_block = layer_degrees = blocks = reduced = is_reduced = grid = dilations


def other_network(filters: object, strides: object, supports: object) -> Architecture:
    """The network of the arguments of `Architecture`, if they are shapes or supports.

    An ordinary network of one dimension is an `Architecture`, whichever way it is written.
    """
    if supports is not None and filters is not None:
        raise InputError("supports: given together with filters; expected one of them")
    points = _points_of_shapes(filters) if supports is None else _points_of_supports(supports)
    axes = len(points[0][0])
    steps = _strides(strides, len(points), axes, required=supports is None)
    if axes == 1 and all(support == tuple((j,) for j in range(len(support))) for support in points):
        return Architecture(tuple(map(len, points)), tuple(step[0] for step in steps))
    return _made(points, steps)


def _made(supports: tuple[tuple[Point, ...], ...], strides: tuple[Point, ...]) -> SupportNetwork:
    network = object.__new__(SupportNetwork)
    shapes = tuple(tuple(max(entries) + 1 for entries in zip(*support, strict=True)) for support in supports)
    boxes = all(prod(shape) == len(support) for shape, support in zip(shapes, supports, strict=True))
    network.__dict__.update(filters=shapes if boxes else None, strides=strides, supports=supports)
    return network


def _points_of_shapes(filters: Any) -> tuple[tuple[Point, ...], ...]:
    axes = {len(item) if isinstance(item, list | tuple) else 1 for item in filters}
    if len(axes) > 1:
        raise InputError(
            f"filters: layers of {' and '.join(map(str, sorted(axes)))} dimensions; expected equally many for all"
        )
    shapes = [positive_integers(f"filters[{place}]", item) for place, item in enumerate(filters)]
    for place, shape in enumerate(shapes):
        if prod(shape) > LARGEST_SUPPORT:
            raise InputError(f"filters[{place}]: {prod(shape)} coefficients; expected at most {LARGEST_SUPPORT}")
    return tuple(tuple(product(*map(range, shape))) for shape in shapes)


def _points_of_supports(supports: Any) -> tuple[tuple[Point, ...], ...]:
    expected = "expected a sequence of points for each layer, as in ((0, 1, 3), (0, 1))"
    if isinstance(supports, str | bytes) or not isinstance(supports, Iterable):
        raise InputError(f"supports: {shortened(supports)} given; {expected}")
    result = [_support(f"supports[{place}]", support, expected) for place, support in enumerate(supports)]
    if not result:
        raise InputError(f"supports: empty; {expected}")
    axes = {len(support[0]) for support in result}
    if len(axes) > 1:
        raise InputError(
            f"supports: layers of {' and '.join(map(str, sorted(axes)))} dimensions; expected equally many for all"
        )
    return tuple(result)


def _support(name: str, support: Any, expected: str) -> tuple[Point, ...]:
    if isinstance(support, str | bytes) or not isinstance(support, Iterable):
        raise InputError(f"{name}: {shortened(support)} is not a sequence of points; {expected}")
    points = []
    for item in support:
        entries = tuple(item) if isinstance(item, Iterable) and not isinstance(item, str | bytes) else (item,)
        if not entries or any(not _is_integer(entry) for entry in entries):
            raise InputError(f"{name}: {shortened(item)} is not a point; expected integers, or tuples of integers")
        point = tuple(operator.index(entry) for entry in entries)
        if min(point) < 0:
            raise InputError(f"{name}: {item!r} has a negative coordinate; expected coordinates of at least 0")
        points.append(point)
        if len(points) > LARGEST_SUPPORT:
            raise InputError(f"{name}: more than {LARGEST_SUPPORT} points; expected at most {LARGEST_SUPPORT}")
    if not points:
        raise InputError(f"{name}: empty; {expected}")
    for point in points:
        if len(point) != len(points[0]):
            raise InputError(
                f"{name}: points of {len(points[0])} and of {len(point)} coordinates; expected equally many for all"
            )
    ordered = tuple(sorted(points))
    for point, following in pairwise(ordered):
        if point == following:
            shown = point[0] if len(point) == 1 else point
            raise InputError(f"{name}: the point {shown} is there twice; expected each point once")
    for axis, entries in enumerate(zip(*ordered, strict=True)):
        if min(entries) > 0:
            raise InputError(
                f"{name}: its least coordinate on axis {axis} is {min(entries)}; expected 0 (subtract it from all "
                "points)"
            )
    return ordered


def _is_integer(value: object) -> bool:
    try:
        operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return not isinstance(value, bool)


def _strides(strides: Any, depth: int, axes: int, *, required: bool) -> tuple[Point, ...]:
    if strides is None and not required:
        return ((1,) * axes,) * depth
    if not has_shapes(strides):
        steps = tuple((step,) * axes for step in positive_integers("strides", strides))
    else:
        steps = tuple(
            positive_integers(f"strides[{place}]", item if isinstance(item, list | tuple) else (item,) * axes)
            for place, item in enumerate(strides)
        )
    if len(steps) != depth:
        raise InputError(f"strides: {len(steps)} given for {depth} filters; expected one stride for each filter")
    for place, step in enumerate(steps):
        if len(step) != axes:
            given = "1 number" if len(step) == 1 else f"{len(step)} numbers"
            raise InputError(f"strides[{place}]: {given}; expected {axes}, one for each axis")
    return steps


def _step(support: Sequence[Point]) -> Point | None:
    """The step v of a support p, p + v, p + 2v, …; None if it is no such segment."""
    step = tuple(map(operator.sub, support[1], support[0]))
    for point, following in pairwise(support):
        if tuple(map(operator.sub, following, point)) != step:
            return None
    return step
