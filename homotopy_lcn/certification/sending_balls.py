"""Records of balls that can be copied, pickled and compared: balls themselves cannot be pickled.

Two balls are the same here if their middles and radii are the same. For python-flint, balls are equal only if they hold
one number.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from ._flint import acb, arb, fmpz

__all__ = ["HoldsBalls", "packed", "unpacked"]


class HoldsBalls:
    """A frozen dataclass of balls, compared by value. The dataclass is declared with ``eq=False``."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return bool(packed(self) == packed(other))

    def __hash__(self) -> int:
        return hash(packed(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return unpacked, (packed(self),)


def packed(value: Any) -> Any:
    """Balls and, to any depth, tuples and dataclasses of balls as tuples of integers, each after its type."""
    kind = type(value)
    if kind is acb:
        return (acb, *_integers(value.real), *_integers(value.imag))
    if kind is arb:
        return (arb, *_integers(value))
    if kind is tuple:
        return (tuple, *map(packed, value))
    if is_dataclass(value):
        return (kind, *(packed(getattr(value, column.name)) for column in fields(value)))
    return value


def unpacked(value: Any) -> Any:
    """The value that `packed` has packed."""
    if not isinstance(value, tuple):
        return value
    kind, *parts = value
    if kind is acb:
        return acb(_ball(*parts[:4]), _ball(*parts[4:]))
    if kind is arb:
        return _ball(*parts)
    items = map(unpacked, parts)
    return tuple(items) if kind is tuple else kind(*items)


def _integers(value: Any) -> tuple[int, int, int, int]:
    middle, radius = value.mid().man_exp(), value.rad().man_exp()
    return int(middle[0]), int(middle[1]), int(radius[0]), int(radius[1])


def _ball(middle: int, exponent: int, radius: int, radius_exponent: int) -> Any:
    exact = arb((fmpz(middle), fmpz(exponent)))
    if not radius:
        return exact
    wanted = arb((fmpz(radius), fmpz(radius_exponent)))
    # Radii of 30 bits are rounded up, by at least one unit. So a number less than one unit smaller gives this radius.
    shift = 31 - radius.bit_length()
    if shift > 0:
        ball = arb(exact, arb((fmpz((radius << shift) - 1), fmpz(radius_exponent - shift))))
        if ball.rad() == wanted:
            return ball
    return arb(exact, wanted)
