"""The program as Typer has it: the application object with all commands, help, and the parser of all lines.

The module loads Typer, and is loaded where a line is not plain, see `plain_lines`.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from ..errors import InputError, shortened
from . import paper, plot
from .common import PROGRAM
from .declarations import Argument, Declaration
from .option_names import CommandLineError, network_named, options_named, other_names

__all__ = ["Command", "application_of", "run_with_typer"]

#: The options whose values are lists of numbers, by their names.
LISTS = {name: names for names in (("-k", "--filters"), ("-s", "--strides")) for name in names}


class _Interruption(Exception):
    """Ctrl-C that no command has answered."""


class _Program(TyperGroup):
    """The program: an interrupt that no command answers is no exit of typer's, which would say nothing."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the command line."""
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt as error:
            raise _Interruption from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _Interruption from error


def _numbers_after(words: list[str], place: int) -> list[str]:
    """The words after a place that are numbers, or parts of a list of numbers."""
    numbers: list[str] = []
    for word in words[place + 1 :]:
        if not re.fullmatch(r"[\[(]?\d+,?[\])]?|[\[(]?(\d+,)+\d*[\])]?", word):
            break
        numbers.append(word)
    return numbers


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
        with options_named(network_named(ctx.params) | self.option_names):
            return super().invoke(ctx)


class _PaperGroup(TyperGroup):
    """What there is of the paper."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Refuse what is no part of the paper, such as the name of a folder."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise InputError(
                f"paper: {shortened(args[0])} is not known; expected {' or '.join(sorted(self.commands))}, "
                "as in paper all FOLDER"
            )
        return super().resolve_command(ctx, args)


def _print_version(wanted: bool) -> None:
    if wanted:
        from ..interchange.installation import version_line

        print(version_line())
        raise typer.Exit()


def _homotopy_lcn(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """All critical points of training linear convolutional networks.

    A network is given by its filter sizes and strides: -k 3,2 -s 2,1 has two layers.
    Exit codes: 0 done and complete, 2 unusable input, 3 done but not proved complete, 1 internal error, 130 interrupted
    by Ctrl-C (a message says what is kept).
    """


def application_of(commands: Mapping[str, Callable[..., int]]) -> typer.Typer:
    """The program with these commands by their names, and with the groups ``paper`` and ``plot``."""
    app = typer.Typer(cls=_Program, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(_homotopy_lcn)
    papers, plots = typer.Typer(cls=_PaperGroup, help=paper.PAPER_HELP), typer.Typer(help=plot.PLOT_HELP)
    papers.command("all", cls=Command)(_declared_for_typer(paper.everything))
    papers.command(cls=Command)(_declared_for_typer(paper.figure1))
    for picture in (plot.real_counts, plot.growth, plot.complex_plane, plot.levels, plot.landscape):
        plots.command(cls=Command)(_declared_for_typer(picture))
    app.add_typer(papers, name="paper")
    app.add_typer(plots, name="plot")
    for name, command in commands.items():
        app.command(name, cls=Command)(_declared_for_typer(command))
    return app


def _declared_for_typer(command: Callable[..., int]) -> Callable[..., int]:
    """The same function with Typer's own options and arguments in the annotations."""

    @wraps(command)
    def called(**arguments: Any) -> int:
        return command(**arguments)

    hints = {name: _typers(hint) for name, hint in get_type_hints(command, include_extras=True).items()}
    signature = inspect.signature(command)
    parameters = [parameter.replace(annotation=hints[name]) for name, parameter in signature.parameters.items()]
    called.__annotations__ = hints
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return called


def _typers(hint: Any) -> Any:
    """A type hint with Typer's declaration in place of a `Declaration`."""
    if get_origin(hint) is not Annotated:
        return hint
    kind, *details = get_args(hint)
    declared = [detail for detail in details if isinstance(detail, Declaration)]
    if not declared:
        return hint
    make = typer.Argument if isinstance(declared[0], Argument) else typer.Option
    return Annotated[kind, make(*declared[0].names, **declared[0].settings)]


def run_with_typer(application: typer.Typer, words: Sequence[str]) -> Any:
    """Run the program with these words, and return what the command returns.

    Raises
    ------
    CommandLineError
        If Typer cannot use the words.
    KeyboardInterrupt
        On Ctrl-C that no command has answered.
    """
    usage_error: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
    try:
        return typer.main.get_command(application).main(args=list(words), prog_name=PROGRAM, standalone_mode=False)
    except _Interruption as error:
        raise KeyboardInterrupt from error
    except usage_error as error:
        raise CommandLineError(_usage_message(error)) from error


def _usage_message(error: Exception) -> str:
    message = error.format_message().rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    return f"{message}; expected as in '{command} --help'"
