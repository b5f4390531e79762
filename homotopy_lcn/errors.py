"""Errors that a user can meet."""

from __future__ import annotations

import operator

__all__ = ["IncompleteStartSystem", "InputError", "MissingPackage", "check_integer", "shortened"]

#: Characters of a value that a message quotes.
LONGEST_QUOTATION = 60


class InputError(ValueError):
    """Unusable input.

    The message is one line: it names the argument, says what was wrong with it and what was expected. The command
    line prints it and exits with code 2.
    """


class MissingPackage(InputError, ImportError):
    """An optional package is not installed. The message gives the command that installs it."""


class IncompleteStartSystem(RuntimeError):
    """Monodromy could not fill the fibre of a stratum up to its exact generic count."""


def check_integer(name: str, value: object, least: int, most: int | None = None) -> int:
    """Return an integer argument as an ``int``, or raise.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        The argument. NumPy's integers are integers; truth values are not.
    least : int
        The smallest number allowed.
    most : int, optional
        The largest number allowed; by default there is none.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If the value is not an integer, or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> check_integer("draws", np.int64(3), 1)
    3
    >>> check_integer("draws", 2.5, 1)
    Traceback (most recent call last):
    ...
    homotopy_lcn.errors.InputError: draws: 2.5 given; expected an integer, at least 1
    """
    expected = f"an integer, at least {least}" if most is None else f"an integer from {least} to {most}"
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        raise InputError(f"{name}: {shortened(value)} given; expected {expected}")
    return number


def shortened(value: object) -> str:
    """A value as a message quotes it: on one line, without control characters, and shortened if it is long.

    Examples
    --------
    >>> shortened("a\\x1b[31m"), shortened("w" * 100_000)
    ("'a\\\\x1b[31m'", "'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww…'")
    """
    if isinstance(value, int) and value.bit_length() > 4 * LONGEST_QUOTATION:
        return f"an integer of {value.bit_length()} bits"
    try:  # of a long text only the beginning is shown, so only the beginning is made
        text = repr(value[: LONGEST_QUOTATION + 1] if isinstance(value, str) else value)
    except ValueError:  # Python does not write integers of thousands of digits
        return f"an object of type {type(value).__name__}"
    if len(text) <= LONGEST_QUOTATION + 2:
        return text
    return f"{text[:LONGEST_QUOTATION]}…{text[-1] if isinstance(value, str) else ''}"
