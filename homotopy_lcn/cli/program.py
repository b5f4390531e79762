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
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from typing import Annotated, TextIO

import typer

from ..errors import InputError
from . import paper, plot
from .certify import certify
from .common import (
    DONE,
    INTERNAL_ERROR,
    NOT_COMPLETE,
    PROGRAM,
    UNUSABLE_INPUT,
    complain,
    give_up_output,
    open_streams,
)
from .count import count
from .descend import descend
from .doctor import doctor
from .export import export
from .geometry import geometry
from .option_names import Command
from .report import report
from .solve import solve
from .survey import survey
from .tabulate import tabulate

__all__ = ["main"]

TRACEBACK_VARIABLE = "HOMOTOPY_LCN_TRACEBACK"
CTRL_C = 130  # what typer makes of a KeyboardInterrupt; older versions raise Abort

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The default is the arguments that the program was started with.

    Returns
    -------
    int
        Exit code: 0 = done and complete, 1 = internal error, 2 = unusable input, 3 = not proved complete.
    """
    with warnings.catch_warnings(), _terminated_as_interrupted():
        warnings.showwarning = _show_warning
        open_streams()
        return _run(arguments)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat a request to terminate as Ctrl-C: what is found is reported, and no temporary file is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(arguments: Sequence[str] | None) -> int:
    usage_error = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's or a notebook's stream
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments), prog_name=PROGRAM, standalone_mode=False
        )
        if code == CTRL_C:
            raise KeyboardInterrupt
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except InputError as error:
        complain(str(error))
        return UNUSABLE_INPUT
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted before there was a result to report")
        return NOT_COMPLETE
    except Exception as error:
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
    if isinstance(error, BrokenExecutor):
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
    Exit codes: 0 done and complete, 2 unusable input, 3 done but not proved complete, 1 internal error.
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


def _register() -> None:
    """Add every command to the program, in the order in which --help lists them."""
    papers, plots = typer.Typer(cls=paper.PaperGroup, help=paper.PAPER_HELP), typer.Typer(help=plot.PLOT_HELP)
    papers.command("all", cls=Command)(paper.everything)
    papers.command(cls=Command)(paper.figure1)
    for picture in (plot.real_counts, plot.growth, plot.complex_plane, plot.levels, plot.landscape):
        plots.command(cls=Command)(picture)
    app.add_typer(papers, name="paper")
    app.add_typer(plots, name="plot")
    for command in (solve, count, geometry, certify, report, export, doctor, descend, tabulate, survey):
        app.command(cls=Command)(command)


_register()
