"""Data whose numbers, or whose solutions, are no doubles: refused, with the factors that make them moderate.

The critical equations are equivariant: with Σ multiplied by s and b by t, and the constant by t²/s, every critical
filter is multiplied by t/s and every loss by t²/s. Results are reported in the units of the data, so that
data are refused whose filters or losses are no doubles in these units. Whoever multiplies the data as the message says
knows the units of the results.
"""

from __future__ import annotations

from fractions import Fraction

from ..errors import InputError
from ..rationals import size_text
from .exact_data import ExactData

__all__ = ["check_range", "scaled_samples"]


def check_range(exact: ExactData, smallest: float, largest: float) -> None:
    """Raise InputError if a largest entry is no double of moderate size; zero is fine.

    Parameters
    ----------
    exact : ExactData
    smallest, largest : float
        The range of the largest entries of Σ and of b; of the constant the upper end.
    """
    gram = max((abs(value) for row in exact.gram for value in row), default=Fraction(0))
    b = max(map(abs, exact.b), default=Fraction(0))
    low, high = Fraction(smallest), Fraction(largest)
    outside = {name: size for name, size in (("gram", gram), ("b", b)) if size and not low <= size <= high}
    if outside:
        name, size = next(iter(outside.items()))
        both = bool(gram and b and low <= b / gram <= 1 / low)
        of_gram = -_power_of_ten(gram) if gram and (both or "gram" in outside) else 0
        of_b = of_gram if both else -_power_of_ten(b) if "b" in outside else 0
        raise InputError(
            f"{name}: largest entry {size_text(size)}, beyond the range {smallest:.0e} to {largest:.0e} in which "
            f"critical filters and losses are computed and reported in doubles; {_remedy(of_gram, of_b)}"
        )
    if exact.constant and not b and abs(exact.constant) < low:
        raise InputError(
            f"constant: {size_text(exact.constant)}, too small for a double, and b is zero, so that all losses are as "
            f"small; expected 0, or a constant multiplied by {_factor(-_power_of_ten(abs(exact.constant)))}"
        )
    if abs(exact.constant) > high:
        raise InputError(
            f"constant: {size_text(exact.constant)}, above {largest:.0e}, so that losses overflow; expected a smaller "
            "one: it moves no critical point"
        )


def scaled_samples(name: str, largest: float) -> str:
    """What to multiply the samples X or Y by, given the largest entry, and what becomes of the results then."""
    power = -_power_of_ten(Fraction(largest))
    if name == "X":
        effect = f"critical filters are multiplied by {_factor(-power)}, and losses are the same"
    else:
        effect = f"critical filters are multiplied by {_factor(power)}, and losses by {_factor(2 * power)}"
    return f"multiply {name} by {_factor(power)} (then {effect})"


def _remedy(of_gram: int, of_b: int) -> str:
    parts = [f"{name} by {_factor(power)}" for name, power in (("gram", of_gram), ("b", of_b)) if power]
    if constant := 2 * of_b - of_gram:
        parts.append(f"constant by {_factor(constant)}")
    text = f"multiply {', '.join(parts)}: then critical filters are "
    filters = of_b - of_gram
    return (
        text
        + (f"multiplied by {_factor(filters)}" if filters else "the same")
        + (f", and losses multiplied by {_factor(constant)}" if constant else ", and losses the same")
    )


def _factor(power: int) -> str:
    return f"1e{power}"


def _power_of_ten(value: Fraction) -> int:
    """The exponent of a positive number, as in 1e-400."""
    return int(size_text(value).partition("e")[2])
