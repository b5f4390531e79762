"""Whether a file lists all strata of an architecture, found with no more work than the list is long.

The number of strata grows like the number of partitions, so that a file of one line can name an architecture whose
strata nobody can enumerate. The strata are counted here only as far as the file lists them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError
from .architecture import Architecture

__all__ = ["check_number_of_strata", "strata_up_to"]


def strata_up_to(arch: Architecture, most: int) -> int:
    """The number of strata of an architecture, or ``most`` + 1 if there are more than ``most``.

    Examples
    --------
    >>> arch = Architecture((2,) * 30, (1,) * 30)
    >>> strata_up_to(arch, 10), strata_up_to(arch, 10_000)
    (11, 5604)
    """
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
