"""Networks as the command line writes them: filter sizes, shapes, strides, supports."""

from __future__ import annotations

import re

from ..errors import InputError, shortened

__all__ = ["integers_of", "shapes_of", "supports_of", "without_brackets"]

#: Letters, and the signs of multiplication ×, ✕, ✖, ⨯ and *, between the numbers of rows and columns of a filter.
CROSS = "[xX*\u00d7\u2715\u2716\u2a2f]"
SUPPORTS = "the points of each layer, layers separated by semicolons, as in --supports '0,1,3;0,1'"


def integers_of(option: str, text: str | None, expected: str) -> tuple[int, ...]:
    if text is None:
        raise InputError(f"{option}: missing; expected {expected}")
    return tuple(_integer(option, item, expected) for item in without_brackets(text).split(","))


def shapes_of(option: str, text: str | None, expected: str) -> tuple[int | tuple[int, ...], ...]:
    """Integers, or shapes such as 3x2 (see `CROSS`), separated by commas; a number among shapes is for all axes.

    Examples
    --------
    >>> shapes_of("-k", "2x2,3✕2", "…"), shapes_of("-s", "2,1", "…"), shapes_of("-s", "1x2,1", "…")
    (((2, 2), (3, 2)), (2, 1), ((1, 2), 1))
    """
    if text is None or not re.search(rf"\d\s*{CROSS}\s*\d", text):
        return integers_of(option, text, expected)
    shapes = [
        tuple(_integer(option, entry, expected) for entry in re.split(CROSS, item))
        for item in without_brackets(text).split(",")
    ]
    return tuple(shape[0] if len(shape) == 1 else shape for shape in shapes)


def supports_of(text: str) -> tuple[tuple[int | tuple[int, ...], ...], ...]:
    """The supports of layers: points separated by commas, layers by semicolons, coordinates by dots.

    Examples
    --------
    >>> supports_of("0,1,3;0,1"), supports_of("0.0,0.1,1.0;0.0,0.1")
    (((0, 1, 3), (0, 1)), (((0, 0), (0, 1), (1, 0)), ((0, 0), (0, 1))))
    """
    result, first = [], ""
    for layer in text.split(";"):
        points = [_point(point) for point in layer.split(",")]
        for point, place in zip(points, layer.split(","), strict=True):
            first = first or place
            if len(point) != first.count(".") + 1:
                raise InputError(
                    f"--supports: the points {shortened(first.strip())} and {shortened(place.strip())} have "
                    f"{first.count('.') + 1} and {len(point)} coordinates, which dots separate; expected integers, "
                    "equally many for all points"
                )
        result.append(tuple(point[0] if len(point) == 1 else point for point in points))
    return tuple(result)


def _point(text: str) -> tuple[int, ...]:
    return tuple(_integer("--supports", entry, SUPPORTS) for entry in text.split("."))


def without_brackets(text: str) -> str:
    """A list of numbers without the brackets of Python around it, and without the comma of a tuple of one.

    Examples
    --------
    >>> without_brackets("[3, 2]"), without_brackets("(3,)"), without_brackets("(3"), without_brackets("3,")
    ('3, 2', '3', '(3', '3,')
    """
    plain = text.strip()
    if len(plain) > 1 and plain[0] + plain[-1] in ("[]", "()"):
        return plain[1:-1].strip().removesuffix(",")
    return text


def _integer(option: str, text: str, expected: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{option}: {shortened(text)} is not an integer; expected {expected}") from None
