"""Balls and records of balls as tuples that can be sent to another process: balls themselves cannot be pickled."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from ._flint import acb, arb, fmpz

__all__ = ["packed", "unpacked"]


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
    return arb(exact, arb((fmpz(radius), fmpz(radius_exponent)))) if radius else exact
