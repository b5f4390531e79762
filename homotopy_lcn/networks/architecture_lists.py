"""Lists of architectures: all up to a filter size, or the lines of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import InputError, check_integer, shortened
from ..files import read_text
from .architecture import Architecture

__all__ = ["architectures_up_to", "read_architectures", "up_to_order"]

#: More architectures than this are not listed: the number doubles with each step of the filter size.
MOST_LISTED = 20_000
#: Architectures looked at, reduced or not, where reduced ones alone are listed.
MOST_EXAMINED = 1_000_000
#: Layers of the networks that are listed.
MOST_LAYERS_LISTED = 100


def architectures_up_to(
    max_filter_size: int, *, layers: int | None = None, size_one: bool = False, reduced: bool = False
) -> list[Architecture]:
    """All architectures up to an end-to-end filter size.

    The last stride never matters, and is 1. Networks of one layer are left out unless ``layers`` is 1: their only
    critical filter is that of linear regression. Layers of filter size 1 are left out unless ``size_one`` is true: such
    a layer only dilates the layers after it.

    Parameters
    ----------
    max_filter_size : int
        Largest end-to-end filter size K.
    layers : int, optional
        Number of layers of the networks, at most 100; by default any number from two on.
    size_one : bool
        Also layers of filter size 1, in networks of ``layers`` layers, not all of size 1. Strides after which no filter
        is larger than 1 never matter, and are 1.
    reduced : bool
        Only reduced architectures: all strides but the last above 1.

    Returns
    -------
    list of Architecture
        Ordered by filter size, number of layers, strides, filters.

    Raises
    ------
    InputError
        If an argument is out of range, ``size_one`` is given without ``layers``, or there are too many.

    Examples
    --------
    >>> [(arch.filters, arch.strides) for arch in architectures_up_to(4)]
    [((2, 2), (1, 1)), ((2, 3), (1, 1)), ((3, 2), (1, 1)), ((2, 2), (2, 1)), ((2, 2, 2), (1, 1, 1))]
    """
    max_filter_size = check_integer("max_filter_size", max_filter_size, 1)
    if layers is not None:
        layers = check_integer("layers", layers, 1, MOST_LAYERS_LISTED)
    if layers is None and not reduced and max_filter_size > MOST_LAYERS_LISTED:
        raise _too_many()
    if size_one and layers is None:
        raise InputError("size_one: needs the number of layers, as there are infinitely many networks without it")
    found: list[Architecture] = []
    bounds = _Bounds(max_filter_size, layers, size_one, 2 if reduced else 1)
    for number, (filters, strides) in enumerate(_extended((), (), 1, 1, bounds)):
        arch = Architecture(filters, strides)
        if not reduced or arch.is_reduced:
            found.append(arch)
        if len(found) > MOST_LISTED or number > MOST_EXAMINED:
            raise _too_many()
    return sorted(found, key=lambda arch: (arch.filter_size, arch.depth, arch.strides, arch.filters))


def _too_many() -> InputError:
    return InputError(f"max_filter_size: more than {MOST_LISTED} architectures; expected a smaller one")


class _Bounds(NamedTuple):
    """Which networks are listed."""

    largest: int
    layers: int | None
    size_one: bool
    least_stride: int


def _extended(
    filters: tuple[int, ...], strides: tuple[int, ...], dilation: int, size: int, bounds: _Bounds
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Networks that continue the given layers, of end-to-end size ``size``, with a layer of the given dilation."""
    largest, layers, size_one, least_stride = bounds
    depth = len(filters)
    least = 1 if size_one else 2
    for k in range(least, (largest - size) // dilation + 2):
        longer = (*filters, k)
        longer_size = size + (k - 1) * dilation
        complete = depth + 1 == layers if layers is not None else depth + 1 >= 2
        if complete and longer_size > 1 and _strides_matter(longer, strides):
            yield longer, (*strides, 1)
        if layers is None or depth + 1 < layers:
            for stride in range(least_stride, largest):
                if longer_size + stride * dilation > largest and (stride > 1 or not size_one):
                    break
                yield from _extended(longer, (*strides, stride), dilation * stride, longer_size, bounds)


def _strides_matter(filters: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether no stride above 1 has only layers of filter size 1 after it."""
    return all(stride == 1 or any(k > 1 for k in filters[layer + 1 :]) for layer, stride in enumerate(strides))


def up_to_order(architectures: Iterable[Architecture]) -> list[Architecture]:
    """One of all architectures that differ only in the order of layers of equal dilation: the last one given.

    Such architectures have the same function space, and the same critical points for equal data.

    Examples
    --------
    >>> [arch.filters for arch in up_to_order(architectures_up_to(4))]
    [(2, 2), (3, 2), (2, 2), (2, 2, 2)]
    """
    chosen: dict[object, Architecture] = {}
    for arch in architectures:
        degrees = tuple(tuple(sorted(layers)) for layers in arch.layer_degrees)
        chosen[arch.filter_size, arch.blocks, degrees] = arch
    return list(chosen.values())


def read_architectures(path: str | os.PathLike[str]) -> list[Architecture]:
    """Read a list of architectures: a line each, filter sizes and strides, as in ``3,2 2,1``.

    Empty lines, and what follows a ``#``, are skipped.

    Raises
    ------
    InputError
        If the file cannot be read, holds no architecture, or a line is not one.
    """
    name = os.fspath(path)
    expected = "expected lines as in '3,2 2,1'"
    try:
        lines = read_text(path, expected).splitlines()
    except InputError as error:
        reason = str(error).partition("; ")[0].removeprefix("cannot read: ")
        raise InputError(f"path: cannot read {name!r} ({reason}); {expected}") from None
    found = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            filters, strides = ([int(item) for item in word.split(",")] for word in words)
            found.append(Architecture(tuple(filters), tuple(strides)))
        except InputError as error:
            raise InputError(f"path: {name!r}, line {number}: {error}") from None
        except ValueError:
            raise InputError(
                f"path: {name!r}, line {number}: {shortened(line.strip())}; expected filter sizes and strides, as in "
                "'3,2 2,1'"
            ) from None
    if not found:
        raise InputError(f"path: no architecture in {name!r}; expected lines as in '3,2 2,1'")
    return found
