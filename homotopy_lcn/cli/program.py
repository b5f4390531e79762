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
from typing import TYPE_CHECKING, TextIO

from ..errors import InputError
from .common import (
    DONE,
    INTERNAL_ERROR,
    INTERRUPTED,
    UNUSABLE_INPUT,
    complain,
    give_up_output,
    open_streams,
)
from .option_names import network_named, options_named, other_names
from .plain_lines import read_plainly

if TYPE_CHECKING:
    import typer

# Typer is loaded for lines that are not plain alone.

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
    "walls",
    "chambers",
    "explain",
)
NOTHING_KEPT = "interrupted before there was a result to report; start systems that were finished are kept in the cache"


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
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's or a notebook's stream
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        code = _run_plainly(words)
        if code is None:
            from .typer_application import run_with_typer

            code = run_with_typer(application(), words)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except InputError as error:
        complain(str(error))
        return UNUSABLE_INPUT
    except KeyboardInterrupt:
        complain(NOTHING_KEPT)
        return INTERRUPTED
    except Exception as error:
        if received:  # libraries make errors of all kinds of an interrupt, above all while they are imported
            complain(NOTHING_KEPT)
            return INTERRUPTED
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


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    complain(f"warning: {message}")


def _run_plainly(words: Sequence[str]) -> int | None:
    """Run a command whose line can be read without Typer's parser; None if there is none."""
    if not words or words[0] not in COMMANDS or any(name.endswith("_COMPLETE") for name in os.environ):
        return None
    command = _command(words[0])
    line = read_plainly(command, words[1:])
    if line is None:
        return None
    with options_named(line.option_names | network_named(line.arguments) | other_names(words[0])):
        code: int = command(**line.arguments)
    return code


def _command(name: str) -> Callable[..., int]:
    command: Callable[..., int] = getattr(import_module(f".{name}", __package__), name)
    return command


@cache
def application() -> typer.Typer:
    """The program with every command, in the order in which --help lists them."""
    from .typer_application import application_of

    return application_of({name: _command(name) for name in COMMANDS})
