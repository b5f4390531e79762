"""Command lines that can be read without doubt, read without Typer's parser, which takes longer than a small solve.

A plain line has options, each once, in the form ``--name value`` or as a flag, and the words that the command has to
get, such as the name of a file; values are texts and decimal numbers within their limits. Names, types and limits are
those that the function of the command declares. Any other line, above all one with something wrong in it, is left to
Typer, which reads it with the same outcome or says what is wrong.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from .declarations import Argument, Option

__all__ = ["PlainLine", "read_plainly"]

INTEGER = re.compile(r"[0-9]{1,9}")
DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,17})?(e-?[0-9]{1,2})?")
#: Settings of an option that a plain line may have; a command with any other setting is left to Typer.
PLAIN = frozenset({"help", "metavar", "min", "max", "show_default"})


class PlainLine(NamedTuple):
    """The arguments of the command's function, and the options that stand for them, as ``-k/--filters``."""

    arguments: dict[str, Any]
    option_names: dict[str, str]


class _Option(NamedTuple):
    parameter: str
    kind: type
    names: tuple[str, ...]
    least: float | None
    most: float | None
    is_word: bool = False


def read_plainly(command: Callable[..., Any], words: Sequence[str]) -> PlainLine | None:
    """The arguments that a command gets from the words after its name; None if the line is not plain."""
    options = _options_of(command)
    if options is None:
        return None
    by_name = {name: option for option in options for name in option.names}
    words_to_come = [option for option in options if option.is_word]
    arguments = {
        name: parameter.default
        for name, parameter in inspect.signature(command).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    if len(arguments) + len(words_to_come) < len(options):
        return None  # an option without a default has to be given
    given: set[str] = set()
    rest = iter(words)
    for word in rest:
        if words_to_come and word and not word.startswith("-"):
            arguments[words_to_come.pop(0).parameter] = word
            continue
        option = by_name.get(word)
        if option is None or option.parameter in given:
            return None
        given.add(option.parameter)
        if option.kind is bool:
            value: Any = True
        else:
            value = _value(option, next(rest, ""))
            if value is None:
                return None
        arguments[option.parameter] = value
    if words_to_come:
        return None
    named = [option for option in options if not option.is_word]
    return PlainLine(arguments, {option.parameter.rstrip("_"): "/".join(option.names) for option in named})


def _options_of(command: Callable[..., Any]) -> list[_Option] | None:
    """The options and words of a command; None if one of them is more than a name, a simple type and limits.

    Words that need not be given are left to Typer.
    """
    hints = get_type_hints(command, include_extras=True)
    options = []
    for name, parameter in inspect.signature(command).parameters.items():
        hint = hints[name]
        if get_origin(hint) is not Annotated:
            return None
        kind, declared = get_args(hint)
        if isinstance(declared, Argument):
            required = parameter.default is inspect.Parameter.empty
            if kind is not str or not required or not declared.settings.keys() <= PLAIN:
                return None
            options.append(_Option(name, str, (), None, None, is_word=True))
            continue
        if not isinstance(declared, Option) or not declared.settings.keys() <= PLAIN:
            return None
        if get_origin(kind) in (Union, UnionType):
            kinds = [part for part in get_args(kind) if part is not NoneType]
            kind = kinds[0] if len(kinds) == 1 else None
        names = declared.names or (f"--{name.replace('_', '-')}",)
        if kind not in (str, int, float, bool) or any(not each.startswith("-") or "/" in each for each in names):
            return None
        if kind is bool and not declared.names:
            names = ()  # Typer adds --no-…
        options.append(_Option(name, kind, names, declared.settings.get("min"), declared.settings.get("max")))
    return options


def _value(option: _Option, word: str) -> Any:
    """The value of a word; None if Typer has to read it."""
    if option.kind is str:
        return None if not word or (word.startswith("-") and word != "-") else word
    if not (INTEGER if option.kind is int else DECIMAL).fullmatch(word):
        return None
    value = option.kind(word)
    if (option.least is not None and value < option.least) or (option.most is not None and value > option.most):
        return None
    return value
