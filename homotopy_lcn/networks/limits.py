"""How large networks and numbers may be: what is larger is refused before anything is allocated or enumerated."""

from __future__ import annotations

from math import log10
from typing import Final

from ..errors import InputError
from .architecture import Architecture

__all__ = [
    "LARGEST_DEGREE",
    "LARGEST_EXPORTED_FILTER",
    "LARGEST_FILTER",
    "MOST_ROOTS",
    "check_degree",
    "check_filter_size",
    "magnitude",
]

#: Coefficients of an end-to-end filter for which a Gram matrix is made: 32 MB, and a second for its eigenvalues.
LARGEST_FILTER: Final = 2_000
#: Coefficients of a filter whose equations are written as text: some ten megabytes.
LARGEST_EXPORTED_FILTER: Final = 500
#: Total degree Σ(k_l − 1) up to which critical points are counted: integers of 2900 digits, and up to a minute.
LARGEST_DEGREE: Final = 1_000
#: Root multiplicities in all strata of a network up to which strata are listed: some ten seconds.
MOST_ROOTS: Final = 200_000

LOG_TEN_OF_TWO = log10(2)


def check_filter_size(arch: Architecture, purpose: str = "its Gram matrix", limit: int = LARGEST_FILTER) -> None:
    """Raise InputError if a filter has too many coefficients, before arrays or texts for all of them are made.

    Parameters
    ----------
    arch : Architecture
    purpose : str
        What has K × K entries.
    limit : int
        The largest K allowed.
    """
    size = arch.filter_size
    if size > limit:
        raise InputError(
            f"filters, strides: the end-to-end filter has {magnitude(size)} coefficients, so that {purpose} would have "
            f"{magnitude(size * size)} entries; expected at most {limit} coefficients"
        )


def check_degree(arch: Architecture, limit: int, purpose: str) -> None:
    """Raise InputError if the total degree Σ(k_l − 1) is above a limit.

    Parameters
    ----------
    arch : Architecture
    limit : int
    purpose : str
        What the limit is for, as in "counts".
    """
    degree = arch.dimension - 1
    if degree > limit:
        raise InputError(
            f"filters: the filter sizes minus one sum up to {magnitude(degree)}; expected at most {limit} for {purpose}"
        )


def magnitude(number: int) -> str:
    """An integer as text for a message, as a power of ten if it is long.

    Examples
    --------
    >>> magnitude(1_000_000), magnitude(10**18)
    ('1,000,000', 'about 1e18')
    """
    if number < 10**15:
        return f"{number:,}"
    return f"about 1e{round((number.bit_length() - 1) * LOG_TEN_OF_TWO)}"
