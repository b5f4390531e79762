"""Every entry of a JSON file, and values of other types and sizes to put there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

#: Values that are wrong nearly everywhere.
WRONG = (None, True, -1, 1.5, "x", "1*2^1099511627776", [], [[]], {}, {"a": 1}, 10**500, list(range(9)))


def entries(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from entries(item, (*path, key))


def unlike_entries(content: Any) -> list[tuple[Any, ...]]:
    """The paths of a content; of those that differ in the numbers of entries of lists alone, one for each type."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in entries(content):
        alike = tuple(0 if isinstance(key, int) else key for key in path)
        found.setdefault((alike, type(at(content, path))), path)
    return list(found.values())


def at(content: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


def with_entry(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a path."""
    result = copy.deepcopy(content)
    at(result, path[:-1])[path[-1]] = value
    return result


def name(path: tuple[Any, ...]) -> str:
    """A path as messages write it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def of_another_type(old: Any, new: Any) -> bool:
    """Whether no reader may take the new value for one of the kind of the old one; null may stand for much."""
    return new is not None and kind(new) != kind(old) and not (old is None and not isinstance(new, dict))


def kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
