"""The program: the application object, the registration of all commands, exit codes, and one line for every error.

Heavy modules are imported where they are used, so that ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from ..errors import InputError
from .common import (
    DONE,
    INTERNAL_ERROR,
    INTERRUPTED,
    PROGRAM,
    UNUSABLE_INPUT,
    complain,
    give_up_output,
    open_streams,
)
from .option_names import Command, options_named, other_names
from .plain_lines import read_plainly

__all__ = ["application", "main"]

TRACEBACK_VARIABLE = "HOMOTOPY_LCN_TRACEBACK"
#: After SIGTERM, counted as `INTERRUPTED`.
TERMINATED = 143
#: Seconds after which an interrupt that comes during an import comes again, and how often it may.
NEXT_ATTEMPT, MOST_ATTEMPTS = 0.05, 100
#: The commands in the order in which --help lists them: functions, each in the module of its name.
COMMANDS = (
    "solve",
    "count",
    "geometry",
    "certify",
    "report",
    "export",
    "doctor",
    "descend",
    "tabulate",
    "survey",
    "explain",
)
NOTHING_KEPT = "interrupted before there was a result to report; start systems that were finished are kept in the cache"


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


app = typer.Typer(cls=_Program, rich_markup_mode=None, pretty_exceptions_enable=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The default is the arguments that the program was started with.

    Returns
    -------
    int
        Exit code: 0 = done and complete, 1 = internal error, 2 = unusable input, 3 = not proved complete,
        130 = interrupted, 143 = terminated.
    """
    with warnings.catch_warnings(), _interruptions() as received:
        warnings.showwarning = _show_warning
        open_streams()
        code = _run(arguments, received)
    return TERMINATED if code == INTERRUPTED and signal.SIGTERM in received else code


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """Treat a request to terminate as Ctrl-C: what is found is reported, and no temporary file is left.

    The list has the signals that have come.
    """
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if _can_be_lost(frame) and len(received) < MOST_ATTEMPTS:
            again = threading.Timer(NEXT_ATTEMPT, _signal_main_thread, (number,))
            again.daemon = True
            again.start()
        else:
            signal.default_int_handler(number, frame)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    signals = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it may be ignored, as in the background
        signals.append(signal.SIGINT)
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield received
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _signal_main_thread(number: int) -> None:
    """Where there is a way, to this very thread: then what it waits for is interrupted."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _can_be_lost(frame: FrameType | None) -> bool:
    """Whether an exception raised here may go no further: during an import, and where an object is taken down."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def _run(arguments: Sequence[str] | None, received: Sequence[int]) -> int:
    usage_error = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's or a notebook's stream
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        code = _run_plainly(words)
        if code is None:
            code = typer.main.get_command(application()).main(args=words, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except InputError as error:
        complain(str(error))
        return UNUSABLE_INPUT
    except (KeyboardInterrupt, _Interruption):
        complain(NOTHING_KEPT)
        return INTERRUPTED
    except Exception as error:
        if received:  # libraries make errors of all kinds of an interrupt, above all while they are imported
            complain(NOTHING_KEPT)
            return INTERRUPTED
        if isinstance(error, usage_error):
            complain(_usage_message(error))
            return UNUSABLE_INPUT
        if (lack := _lack(error)) is not None:
            give_up_output()
            complain(lack)
            return UNUSABLE_INPUT
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        complain(
            f"internal error: {type(error).__name__}: {error}; please report this with the traceback that "
            f"{TRACEBACK_VARIABLE}=1 in the environment shows"
        )
        return INTERNAL_ERROR


def _lack(error: Exception) -> str | None:
    """What the machine could not provide, in a sentence; None for all other errors."""
    fewer = "expected fewer --jobs, a smaller problem, or a higher limit"
    if isinstance(error, BrokenPipeError):
        return "standard output: its reader has gone"
    if isinstance(error, MemoryError):
        return f"memory: there is not enough of it ({str(error) or 'an allocation failed'}); {fewer}"
    if any(base.__name__ == "BrokenExecutor" for base in type(error).__mro__):
        return f"jobs: a process could not begin, or was killed, as for lack of memory; {fewer}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EBADF, errno.EIO):
        return f"standard output: cannot write: {error.strerror}"
    no_threads = isinstance(error, RuntimeError) and "thread" in str(error)
    if no_threads or (isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EAGAIN, errno.EMFILE)):
        return f"jobs: a thread or a process could not begin ({error}); {fewer}"
    return None


def _print_version(wanted: bool) -> None:
    if wanted:
        from ..interchange.installation import version_line

        print(version_line())
        raise typer.Exit()


@app.callback()
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


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    complain(f"warning: {message}")


def _usage_message(error: Exception) -> str:
    message = error.format_message().rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    return f"{message}; expected as in '{command} --help'"


def _run_plainly(words: Sequence[str]) -> int | None:
    """Run a command whose line can be read without Typer's parser; None if there is none."""
    if not words or words[0] not in COMMANDS or any(name.endswith("_COMPLETE") for name in os.environ):
        return None
    command = _command(words[0])
    line = read_plainly(command, words[1:])
    if line is None:
        return None
    with options_named(line.option_names | other_names(words[0])):
        code: int = command(**line.arguments)
    return code


def _command(name: str) -> Callable[..., int]:
    command: Callable[..., int] = getattr(import_module(f".{name}", __package__), name)
    return command


@cache
def application() -> typer.Typer:
    """The program with every command, in the order in which --help lists them."""
    from . import paper, plot

    papers, plots = typer.Typer(cls=paper.PaperGroup, help=paper.PAPER_HELP), typer.Typer(help=plot.PLOT_HELP)
    papers.command("all", cls=Command)(paper.everything)
    papers.command(cls=Command)(paper.figure1)
    for picture in (plot.real_counts, plot.growth, plot.complex_plane, plot.levels, plot.landscape):
        plots.command(cls=Command)(picture)
    app.add_typer(papers, name="paper")
    app.add_typer(plots, name="plot")
    for name in COMMANDS:
        app.command(cls=Command)(_command(name))
    return app
