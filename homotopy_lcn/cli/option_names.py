"""The options that stand for the arguments of the library, so that messages on the command line name options.

Messages of the library name arguments, as in ``max_count: …``. An option has the name of the argument that it stands
for, and `options_named` puts the option into every message of a command. `OTHER_NAMES` lists the exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..errors import InputError

__all__ = [
    "OF_DATA",
    "CommandLineError",
    "in_options",
    "messages_final",
    "network_named",
    "options_named",
    "other_names",
]

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
    "walls": {"loss0": "--from", "loss1": "--to", "standardize=True": "--standardize"},
    "tabulate": {"certify": "--certify"},
    "survey": {"data_model": "--data-model", "path": "--plot"},
    "figure1": {"path": "--data"},
}


def other_names(command: str) -> dict[str, str]:
    """The entries of `OTHER_NAMES` for a command."""
    return {**OTHER_NAMES[""], **OTHER_NAMES.get(command, {})}


def network_named(arguments: Mapping[str, object]) -> dict[str, str]:
    """The option that stands for the argument ``arch`` of the library: the one by which a command has its network.

    It stands for filters and strides together, too, where it is not by these that the command has it.

    Examples
    --------
    >>> network_named({"filters": "2x2,2x2"})
    {'arch': '-k/--filters'}
    >>> network_named({"filters": None, "supports": "0,1,3;0,1"})
    {'arch': '--supports', 'filters, strides': '--supports'}
    """
    given = [name for name in ("architectures", "filters", "supports") if arguments.get(name)]
    if not given or "filters" in given:
        return {"arch": "-k/--filters"}
    return dict.fromkeys(("arch", "filters, strides"), f"--{given[0]}")


class CommandLineError(InputError):
    """Unusable input, said in the words of the command line: nothing in the message is replaced any more."""


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
    if colon and arguments in options:
        message = options[arguments] + colon + rest
    elif colon and all(name in options for name in names):
        message = ", ".join(options[name] for name in names) + colon + rest
    calls = [name for name in options if not name.isidentifier()]
    return re.sub("|".join(map(re.escape, calls)), lambda call: options[call[0]], message) if calls else message
