"""Errors that a user can meet."""

from __future__ import annotations


class InputError(ValueError):
    """Unusable input.

    The message is one line: it names the argument, says what was wrong with it and what was expected. The command
    line prints it and exits with code 2.
    """


class IncompleteStartSystem(RuntimeError):
    """Monodromy could not fill the fibre of a stratum up to its exact generic count."""


def check_integer(name: str, value: object, least: int) -> None:
    """Raise InputError if an argument is not an integer, at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name}: {value!r} given; expected an integer, at least {least}")
