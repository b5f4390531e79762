"""The options that stand for the arguments of the library, so that messages on the command line name options.

Messages of the library name arguments, as in ``max_count: …``. An option has the name of the argument that it stands
for, and `Command` puts the option into every message of its command. `OTHER_NAMES` lists the exceptions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand

from ..errors import InputError

__all__ = ["OF_DATA", "Command", "CommandLineError", "in_options", "messages_final", "options_named", "other_names"]

#: The calls that messages about data recommend, for commands with the options of data.
OF_DATA: Mapping[str, str] = {
    "decimal=','": "--decimal ,",
    "decimal=MARK": "--decimal MARK",
    "from_csv(path, x_columns, y_columns)": "--csv FILE.csv --x COL,… --y COL,…",
    "from_file(path)": "--data",
    "sep=SEP": "--sep SEP",
    "standardize=True": "--standardize",
}
#: For each command the arguments whose option has another name, and the calls that messages recommend.
#: ``""`` is for all commands. A recommended call is no identifier and is replaced wherever it stands in a message.
OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "": {
        "generic_totals(arch)": "count",
        "from_csv(path, x_columns, y_columns)": "solve --csv FILE.csv --x COL,… --y COL,…",
        "isolated=True": "solve --isolated",
        "loss.regularized(eps)": "solve --regularize EPS",
        "samples=(X, Y)": "certify --data FILE.npz",
    },
    "count": {call: option for call, option in OF_DATA.items() if "(" not in call},
    "descend": OF_DATA,
    "export": OF_DATA,
    "solve": {
        **OF_DATA,
        "eps": "--regularize",
        "isolated=True": "--isolated",
        "loss.regularized(eps)": "--regularize EPS",
        "max_parameters": "--cross-check-max",
        "real": "--real-tolerance",
        "singular": "--singular-tolerance",
        "timeout": "--cross-check-time",
    },
    "certify": {"path": "--data", "samples": "--data", "samples=(X, Y)": "--data FILE.npz"},
    "survey": {"data_model": "--data-model", "path": "--plot"},
    "figure1": {"path": "--data"},
}

#: The options whose values are lists of numbers, by their names.
LISTS = {name: names for names in (("-k", "--filters"), ("-s", "--strides")) for name in names}


def other_names(command: str) -> dict[str, str]:
    """The entries of `OTHER_NAMES` for a command."""
    return {**OTHER_NAMES[""], **OTHER_NAMES.get(command, {})}


def _numbers_after(words: list[str], place: int) -> list[str]:
    """The words after a place that are numbers, or parts of a list of numbers."""
    numbers: list[str] = []
    for word in words[place + 1 :]:
        if not re.fullmatch(r"[\[(]?\d+,?[\])]?|[\[(]?(\d+,)+\d*[\])]?", word):
            break
        numbers.append(word)
    return numbers


class CommandLineError(InputError):
    """Unusable input, said in the words of the command line: nothing in the message is replaced any more."""


class Command(TyperCommand):
    """A command whose errors name its options where the library names arguments."""

    @property
    def option_names(self) -> dict[str, str]:
        """The option for each argument: the entry of `OTHER_NAMES`, or the option of its name, as ``-k/--filters``."""
        own = {
            (parameter.name or "").rstrip("_"): "/".join(parameter.opts)
            for parameter in self.params
            if parameter.param_type_name == "option"
        }
        return own | other_names(self.name or "")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the options from the words; refuse what would be read as something else than was meant.

        That is a list of numbers that was typed with spaces, and an option of one value that is given twice: the last
        value would win.
        """
        for place, word in enumerate(args):
            if word in LISTS and len(numbers := _numbers_after(args, place)) > 1:
                wanted = ",".join(re.findall(r"\d+", " ".join(numbers)))
                raise CommandLineError(
                    f"{'/'.join(LISTS[word])}: {' '.join(numbers)} given as {len(numbers)} words; expected numbers "
                    f"separated by commas without spaces, as in {word} {wanted}"
                )
        if not ctx.resilient_parsing:
            given: list[Any] = self.make_parser(ctx).parse_args(args=list(args))[2]
            for parameter, times in Counter(given).items():
                single = parameter.param_type_name == "option" and not (parameter.multiple or parameter.count)
                if times > 1 and single and not (parameter.is_flag and not parameter.secondary_opts):
                    names = "/".join([*parameter.opts, *parameter.secondary_opts])
                    raise CommandLineError(f"{names}: given {times} times; expected at most once")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with options_named(self.option_names):
            return super().invoke(ctx)


@contextmanager
def options_named(options: Mapping[str, str]) -> Iterator[None]:
    """Name the option in errors about the argument of the library that it stands for.

    Parameters
    ----------
    options : mapping of str to str
        The option for each argument. The messages are final then, so that a part of a command in which an argument has
        another option than in the rest of the command comes first.

    Raises
    ------
    CommandLineError
        In place of an `InputError` that names one of the arguments.
    """
    try:
        yield
    except CommandLineError:
        raise
    except InputError as error:
        message = in_options(str(error), options)
        if message == str(error):
            raise
        raise CommandLineError(message) from error


@contextmanager
def messages_final(option: str | None = None) -> Iterator[None]:
    """Leave errors as they are, with the option in front if there is one: the messages begin with a user's own file."""
    try:
        yield
    except InputError as error:
        raise CommandLineError(str(error) if option is None else f"{option}: {error}") from error


def in_options(message: str, options: Mapping[str, str]) -> str:
    """A message of the library with options in place of arguments.

    Parameters
    ----------
    message : str
        One argument, or several separated by commas, and a colon in front.
    options : mapping of str to str
        As in `OTHER_NAMES`.

    Examples
    --------
    >>> in_options("max_count: 0 given; or isolated=True", {"max_count": "--max-count", "isolated=True": "--isolated"})
    '--max-count: 0 given; or --isolated'
    """
    arguments, colon, rest = message.partition(":")
    names = arguments.split(", ")
    if colon and all(name in options for name in names):
        message = ", ".join(options[name] for name in names) + colon + rest
    calls = [name for name in options if not name.isidentifier()]
    return re.sub("|".join(map(re.escape, calls)), lambda call: options[call[0]], message) if calls else message
