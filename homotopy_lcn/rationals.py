"""Rational numbers as users give them, exactly."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext
from fractions import Fraction
from numbers import Rational

from .errors import InputError

__all__ = ["as_fraction", "check_digits", "exact_text", "fraction_text", "ratio_text", "size_text"]

#: Numbers are refused if their numerator or their denominator is above ten to this power.
MOST_EXACT_DIGITS = 3000
#: Powers of two above this exponent are not even computed. Sums of squares of doubles stay far below.
MOST_EXACT_BITS = 2**14
#: Decimals of more places than this are written as a fraction.
MOST_DECIMAL_PLACES = 1000
#: Numbers are shown in messages up to this length.
LONGEST_NUMBER_SHOWN = 40

_LARGEST_PART = 10**MOST_EXACT_DIGITS


class _TooLong(ValueError):
    """A number of too many digits."""


def as_fraction(value: object, name: str) -> Fraction:
    """A number as a fraction; doubles stand for the rational numbers that they are.

    Raises
    ------
    InputError
        If the value is no finite number, or has a numerator or a denominator of more than `MOST_EXACT_DIGITS` digits.
        Such numbers are never written out, so that a short text such as ``"1e999999999"`` costs nothing.
    """
    if getattr(value, "shape", None) == () and callable(item := getattr(value, "item", None)):
        value = item()  # a number of NumPy
    try:
        if isinstance(value, str):
            return check_digits(_from_text(value.strip()), name)
        if isinstance(value, Decimal):
            return check_digits(_from_decimal(value), name)
        if isinstance(value, Rational | float) and not isinstance(value, bool):
            return check_digits(Fraction(value), name)
    except _TooLong:
        raise _too_long(name) from None
    except InputError:
        raise
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    shown = repr(value[: LONGEST_NUMBER_SHOWN + 1] if isinstance(value, str) else value)
    shown = shown if len(shown) <= LONGEST_NUMBER_SHOWN else f"{shown[:LONGEST_NUMBER_SHOWN]}…"
    raise InputError(f"{name}: {shown} is not a finite number; expected numbers, or texts such as '1/3' or '0.1'")


def check_digits(value: Fraction, name: str) -> Fraction:
    """The number, or InputError if it has too many digits; ``name`` is that of the argument."""
    if abs(value.numerator) > _LARGEST_PART or value.denominator > _LARGEST_PART:
        raise _too_long(name)
    return value


def _too_long(name: str) -> InputError:
    return InputError(
        f"{name}: a number of more than {MOST_EXACT_DIGITS} digits; expected a numerator and a denominator of at most "
        f"{MOST_EXACT_DIGITS} digits each"
    )


def fraction_text(value: Fraction) -> str:
    """A fraction as text that `as_fraction` reads: ``"m*2^e"`` if its denominator is a power of two, else ``"p/q"``."""
    p, q = value.numerator, value.denominator
    if q & (q - 1):
        return ratio_text(value)
    exponent = (p & -p).bit_length() - 1 if p else 0
    return f"{_digits(p >> exponent)}*2^{exponent - q.bit_length() + 1}"


def ratio_text(value: Fraction) -> str:
    """A fraction as ``"p/q"``, or ``"p"``, with any number of digits.

    Examples
    --------
    >>> ratio_text(Fraction(-1, 3)), ratio_text(Fraction(4)), len(ratio_text(Fraction(10**5000)))
    ('-1/3', '4', 5001)
    """
    p, q = _digits(value.numerator), _digits(value.denominator)
    return p if q == "1" else f"{p}/{q}"


def size_text(value: Fraction) -> str:
    """The size of a number to two digits, also beyond the range of doubles.

    Examples
    --------
    >>> size_text(Fraction("3.14e-400")), size_text(Fraction(-200))
    ('3.1e-400', '2.0e+2')
    """
    with localcontext(prec=6, Emax=MAX_EMAX, Emin=MIN_EMIN):
        return f"{abs(Decimal(value.numerator) / Decimal(value.denominator)):.1e}"


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
    if rest > 1 or places > MOST_DECIMAL_PLACES:
        return ratio_text(value)
    digits = value.numerator * (10**places // value.denominator)
    with localcontext(Emax=MAX_EMAX, Emin=MIN_EMIN):
        return str(Decimal((int(digits < 0), tuple(map(int, _digits(abs(digits)))), -places)))


def _digits(number: int) -> str:
    """An integer in decimal digits: Python's own conversion refuses integers of more than 4 300 digits."""
    return format(Decimal(number), "f")


def _from_decimal(value: Decimal) -> Fraction:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and abs(exponent) + len(value.as_tuple().digits) > 2 * MOST_EXACT_DIGITS:
        raise _TooLong
    return Fraction(value)


def _from_text(text: str) -> Fraction:
    if any(not (c.isascii() and (c.isdigit() or c in "+-./eE*^")) for c in text):
        raise ValueError
    if len(text) > MOST_EXACT_DIGITS * 2:
        raise _TooLong
    mantissa, dyadic, exponent = text.partition("*2^")
    if dyadic:
        power = int(exponent)
        if abs(power) > MOST_EXACT_BITS or len(mantissa) > MOST_EXACT_DIGITS + 1:
            raise _TooLong
        return int(mantissa) * Fraction(2) ** power
    number, _, power_of_ten = text.lower().partition("e")
    if power_of_ten and abs(int(power_of_ten)) > MOST_EXACT_DIGITS:
        raise _TooLong
    if any(len(part.strip("+-").lstrip("0")) > MOST_EXACT_DIGITS + 1 for part in number.split("/")):
        raise _TooLong
    return Fraction(text)
