"""The program: the application object, the registration of all commands, exit codes, and one line for every error.

Heavy modules are imported where they are used, so that ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, TextIO

import typer

from ..errors import InputError
from . import paper, plot
from .certify import certify
from .common import DONE, INTERNAL_ERROR, NOT_COMPLETE, PROGRAM, UNUSABLE_INPUT, complain
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
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(arguments)


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
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        complain(
            f"internal error: {type(error).__name__}: {error}; please report this with the traceback that "
            f"{TRACEBACK_VARIABLE}=1 in the environment shows"
        )
        return INTERNAL_ERROR


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
