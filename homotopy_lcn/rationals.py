"""Rational numbers as users give them, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from numbers import Rational

from .errors import InputError

__all__ = ["as_fraction", "exact_text", "fraction_text"]

#: Numbers with more digits than this, or with a larger power of ten, are refused.
MOST_EXACT_DIGITS = 3000
#: Powers of two above this exponent are refused. Sums of squares of doubles stay far below.
MOST_EXACT_BITS = 2**14


def as_fraction(value: object, name: str) -> Fraction:
    """A number as a fraction; doubles stand for the rational numbers that they are."""
    if getattr(value, "shape", None) == () and callable(item := getattr(value, "item", None)):
        value = item()  # a number of NumPy
    try:
        if isinstance(value, str):
            return _from_text(value.strip())
        if isinstance(value, Rational | float | Decimal) and not isinstance(value, bool):
            return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    shown = repr(value)
    raise InputError(
        f"{name}: {shown if len(shown) <= 40 else f'{shown[:40]}…'} is not a finite number; expected numbers, or texts "
        "such as '1/3' or '0.1'"
    )


def fraction_text(value: Fraction) -> str:
    """A fraction as text that `as_fraction` reads: ``"m*2^e"`` if its denominator is a power of two, else ``"p/q"``."""
    p, q = value.numerator, value.denominator
    if q & (q - 1):
        return f"{p}/{q}"
    exponent = (p & -p).bit_length() - 1 if p else 0
    return f"{p >> exponent}*2^{exponent - q.bit_length() + 1}"


def exact_text(value: Fraction) -> str:
    """A fraction as people write it, as a finite decimal if it is one.

    Examples
    --------
    >>> exact_text(Fraction("-139.9999999")), exact_text(Fraction(1, 3)), exact_text(Fraction("2.5e-30"))
    ('-139.9999999', '1/3', '2.5E-30')
    """
    rest, places = value.denominator, 0
    while not rest % 10:
        rest, places = rest // 10, places + 1
    for factor in (2, 5):
        while not rest % factor:
            rest, places = rest // factor, places + 1
    if rest > 1:
        return str(value)
    digits = value.numerator * (10**places // value.denominator)
    return str(Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -places)))


def _from_text(text: str) -> Fraction:
    if len(text) > MOST_EXACT_DIGITS * 2 or any(not (c.isascii() and (c.isdigit() or c in "+-./eE*^")) for c in text):
        raise ValueError
    mantissa, dyadic, exponent = text.partition("*2^")
    if dyadic:
        power = int(exponent)
        if abs(power) > MOST_EXACT_BITS:
            raise ValueError
        return int(mantissa) * Fraction(2) ** power
    _, _, power_of_ten = text.lower().partition("e")
    if power_of_ten and abs(int(power_of_ten)) > MOST_EXACT_DIGITS:
        raise ValueError
    return Fraction(text)
