"""What the modules of the command line share: options, exit codes, and how things are printed and written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..networks.architecture import Architecture
    from ..progress import Progress

__all__ = [
    "DONE",
    "INTERNAL_ERROR",
    "NOT_COMPLETE",
    "PROGRAM",
    "UNUSABLE_INPUT",
    "Filters",
    "Json",
    "Quiet",
    "Strides",
    "architecture_of",
    "check_output",
    "complain",
    "integers_of",
    "options_named",
    "print_text",
    "progress_bars",
    "show",
    "write",
]

PROGRAM = "homotopy-lcn"

DONE, INTERNAL_ERROR, UNUSABLE_INPUT, NOT_COMPLETE = 0, 1, 2, 3

Filters = Annotated[
    str | None,
    typer.Option("-k", "--filters", metavar="K1,K2,…", help="Filter sizes, as in 3,2. Required.", show_default=False),
]
Strides = Annotated[
    str | None,
    typer.Option("-s", "--strides", metavar="S1,S2,…", help="Strides, as in 2,1. Required.", show_default=False),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="PATH", help="Write the result as JSON; - is standard output, and nothing else."),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]


def architecture_of(filters: str | None, strides: str | None) -> Architecture:
    from ..networks.architecture import Architecture

    return Architecture(
        filters=integers_of("-k/--filters", filters, "filter sizes separated by commas, as in -k 3,2"),
        strides=integers_of("-s/--strides", strides, "strides separated by commas, as in -s 2,1"),
    )


def integers_of(option: str, text: str | None, expected: str) -> tuple[int, ...]:
    if text is None:
        raise InputError(f"{option}: missing; expected {expected}")
    return tuple(_integer(option, item, expected) for item in text.split(","))


def _integer(option: str, text: str, expected: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{option}: {text!r} is not an integer; expected {expected}") from None


@contextmanager
def options_named(options: Mapping[str, str]) -> Iterator[None]:
    """Name the option in errors about the argument of the library that it stands for."""
    try:
        yield
    except InputError as error:
        argument, colon, rest = str(error).partition(":")
        if argument not in options:
            raise
        raise InputError(f"{options[argument]}{colon}{rest}") from error


def check_output(json_path: str | None, option: str = "--json") -> None:
    from ..files import check_writable

    if json_path is not None and json_path != "-":
        try:
            check_writable(json_path)
        except InputError as error:
            raise InputError(f"{option}: {error}") from error


def write(json_path: str, text: str, option: str = "--json") -> None:
    from ..files import write_atomically

    if json_path == "-":
        print_text(text)
        return
    try:
        write_atomically(json_path, text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from error


def progress_bars(stack: ExitStack, quiet: bool) -> Callable[[Progress], None] | None:
    """Bars on standard error, if that is a terminal; the stack takes them down."""
    if quiet or not sys.stderr.isatty():
        return None
    from rich.console import Console

    from ..display.terminal import ProgressBars

    return stack.enter_context(ProgressBars(Console(stderr=True)))


def show(renderable: RenderableType) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120
    with console.capture() as capture:
        console.print(renderable)
    print_text(capture.get())


def print_text(text: str) -> None:
    """Write to standard output; when its reader has gone (``| head``), that is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more at exit: give it something that takes the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise InputError(f"standard output: cannot write: {error.strerror or error}") from error


def complain(message: str) -> None:
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
