"""Architectures in files that nobody vouches for: looked at with no more work than the file is long.

A file of one line can name an architecture whose filters fill the memory, or whose strata nobody can enumerate. So the
sizes are compared with what the file holds before anything is computed, and strata are counted only as far as the file
lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from ..errors import InputError
from ..files import shown
from .architecture import Architecture
from .counts import generic_count
from .support_networks import SupportNetwork

__all__ = ["check_number_of_strata", "strata_up_to", "untrusted_architecture"]

#: Layers in a file. A network has more only if nearly all of its layers have size 1, which change nothing.
MOST_LAYERS = 1000
#: Filter sizes and strides in a file are below this number, so that products over all layers stay short.
LARGEST_SIZE = 2**62


def untrusted_architecture(data: Mapping[str, object], rows: int) -> Architecture:
    """The architecture of a file.

    Parameters
    ----------
    data : mapping
        What `Architecture.to_dict` gives, as it stands in the file: ``filters`` or ``supports``, and ``strides``.
    rows : int
        The number of rows of the Gram matrix in the file, which has to be the filter size.

    Raises
    ------
    InputError
        If they are no such lists, or the filter size is another one.
    """
    if "supports" in data and "filters" in data:
        raise InputError("architecture.supports: given together with filters; expected one of them")
    for name in ("strides",) if "supports" in data else ("filters", "strides"):
        if name not in data:
            raise InputError(f"architecture.{name}: missing; expected a list")
    if "supports" in data or _mostly_lists(data["filters"], data["strides"]):
        return _with_rows(_untrusted_network(data, rows), rows)
    filters, strides = data["filters"], data["strides"]
    for name, values in ("filters", filters), ("strides", strides):
        if not isinstance(values, list) or len(values) > MOST_LAYERS:
            raise InputError(f"architecture.{name}: {shown(values)}; expected a list of at most {MOST_LAYERS} integers")
        for i, value in enumerate(values):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < LARGEST_SIZE:
                raise InputError(f"architecture.{name}[{i}]: {shown(value)}; expected integers from 1 to 2^62")
    assert isinstance(filters, list)
    assert isinstance(strides, list)
    try:
        architecture = Architecture(filters=tuple(filters), strides=tuple(strides))
    except InputError as error:
        raise InputError(f"architecture.{error}") from None
    return _with_rows(architecture, rows)


def _mostly_lists(*lists: object) -> bool:
    """Whether most entries of some lists are lists, so that one that is none is an error."""
    entries = [isinstance(entry, list) for values in lists if isinstance(values, list) for entry in values]
    return 2 * sum(entries) > len(entries)


def _with_rows(architecture: Architecture, rows: int) -> Architecture:
    if architecture.filter_size != rows:
        raise InputError(
            f"loss.gram: {rows} rows; expected {shown(architecture.filter_size)}, the filter size of the architecture"
        )
    return architecture


def _untrusted_network(data: Mapping[str, object], rows: int) -> Architecture:
    """A network of any supports. Its layers have Σ (k_l − 1) + 1 coefficients at most as many as its filters have."""
    name = "supports" if "supports" in data else "filters"
    layers, strides = data[name], data["strides"]
    for entry, values in (name, layers), ("strides", strides):
        if not isinstance(values, list) or len(values) > MOST_LAYERS:
            raise InputError(f"architecture.{entry}: {shown(values)}; expected a list of at most {MOST_LAYERS} lists")
        for i, value in enumerate(values):
            if not _is_list_of_sizes(value, nested=entry == "supports"):
                raise InputError(f"architecture.{entry}[{i}]: {shown(value)}; expected lists of integers below 2^62")
    assert isinstance(layers, list)
    sizes = [len(layer) if name == "supports" else prod(layer) for layer in layers]
    if sum(size - 1 for size in sizes) >= rows:
        raise InputError(f"loss.gram: {rows} rows; expected more, as the layers have {shown(sum(sizes))} coefficients")
    try:
        return Architecture(strides=strides, **{name: layers})
    except InputError as error:
        raise InputError(f"architecture.{error}") from None


def _is_list_of_sizes(value: object, nested: bool) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if nested:
        return all(_is_list_of_sizes(point, nested=False) for point in value)
    return all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item < LARGEST_SIZE for item in value)


def strata_up_to(arch: Architecture, most: int) -> int:
    """The number of strata of an architecture, or ``most`` + 1 if there are more than ``most``.

    Examples
    --------
    >>> arch = Architecture((2,) * 30, (1,) * 30)
    >>> strata_up_to(arch, 10), strata_up_to(arch, 10_000)
    (11, 5604)
    """
    if isinstance(arch, SupportNetwork):
        return min(len(generic_count(arch)), most + 1)
    number = 1
    for degrees in arch.layer_degrees:
        number *= _partitions_up_to(degrees, most)
        if number > most:
            return most + 1
    return number


def check_number_of_strata(arch: Architecture, listed: int, name: str) -> None:
    """Raise InputError if ``listed`` is not the number of strata; ``name`` is the entry of the file that lists them."""
    found = strata_up_to(arch, listed)
    if found != listed:
        expected = f"more than {listed}" if found > listed else str(found)
        raise InputError(f"{name}: {listed} strata; expected {expected}, by the architecture")


def _partitions_up_to(degrees: Sequence[int], most: int) -> int:
    """The number of partitions of Σ degrees dominated by the conjugate of ``degrees``, or ``most`` + 1.

    These are the root patterns, see `counts.root_patterns`. Every prefix can be completed by parts 1.
    """
    total = sum(degrees)
    bound = [0]
    for j in range(max(degrees, default=0)):
        bound.append(bound[-1] + sum(d > j for d in degrees))
    found, stack = 0, [(0, 0, total)]  # number of parts, their sum, the last part
    while stack and found <= most:
        length, used, last = stack.pop()
        if used == total or last == 1:
            found += 1
            continue
        limit = bound[min(length + 1, len(bound) - 1)] - used
        stack += [(length + 1, used + part, part) for part in range(min(limit, last, total - used), 0, -1)]
    return found
