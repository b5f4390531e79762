"""Root patterns as text."""

from __future__ import annotations

import re

from ..errors import InputError

__all__ = ["Partition", "Pattern", "format_pattern", "pattern_from_text"]


def format_pattern(pattern: Pattern) -> str:
    """Write a root pattern, one pair of parentheses a block.

    Examples
    --------
    >>> format_pattern(((2, 1), (1,)))
    '(2,1)(1)'
    """
    return "".join("(" + ",".join(map(str, partition)) + ")" for partition in pattern) or "()"


def pattern_from_text(name: str, text: str) -> Pattern:
    """Read what `format_pattern` writes; nested brackets, and semicolons between blocks, are read as well.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    text : str

    Raises
    ------
    InputError
        If the text is no list of partitions.

    Examples
    --------
    >>> pattern_from_text("stratum", "(2,1)(1)"), pattern_from_text("stratum", "[[2, 1], [1]]")
    (((2, 1), (1,)), ((2, 1), (1,)))
    >>> pattern_from_text("stratum", "2,1;1")
    ((2, 1), (1,))
    """
    part = r"[1-9]\d*(?:,[1-9]\d*)*"
    forms = (rf"(?:\({part}\),?)+", rf"\[(?:\[{part}\],?)+\]", rf"{part}(?:;{part})*")
    plain = "".join(text.split())
    if not any(re.fullmatch(form, plain) for form in forms):
        raise InputError(f"{name}: {text!r} is no root pattern; expected root multiplicities, as in '(2,1)(1)'")
    return tuple(tuple(int(number) for number in part.split(",")) for part in re.findall(part, plain))


Partition = tuple[int, ...]
#: Root multiplicities of a stratum: one partition for each block of the reduced architecture.
Pattern = tuple[Partition, ...]
