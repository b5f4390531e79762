"""Options, exit codes, printing and writing, for all commands."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, BinaryIO

from ..errors import InputError
from .declarations import Option
from .network_texts import integers_of, shapes_of, supports_of, without_brackets
from .option_names import CommandLineError, messages_final

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..display.progress import ProgressBars
    from ..networks.architecture import Architecture
    from ..results.result import CriticalPoints

__all__ = [
    "DONE",
    "INTERNAL_ERROR",
    "INTERRUPTED",
    "NOT_COMPLETE",
    "PROGRAM",
    "UNUSABLE_INPUT",
    "Filters",
    "FiltersUnlessResult",
    "Json",
    "Quiet",
    "Strides",
    "StridesUnlessResult",
    "Supports",
    "architecture_of",
    "architectures_of",
    "check_output",
    "complain",
    "give_up_output",
    "integers_of",
    "open_streams",
    "output_width",
    "print_text",
    "printable",
    "progress_bars",
    "read_result",
    "show",
    "show_result",
    "without_brackets",
    "write",
    "write_pieces",
]

PROGRAM = "homotopy-lcn"
#: Characters of a line of a table in a file.
WIDTH_OF_FILES = 120
#: Characters of a message.
LONGEST_MESSAGE = 2000

#: Variables of the environment from which rich takes whether, and how wide, a terminal is there.
READ_BY_RICH = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS")

DONE, INTERNAL_ERROR, UNUSABLE_INPUT, NOT_COMPLETE = 0, 1, 2, 3
#: After Ctrl-C, as shells count: 128 and the number of the signal. A message says what is kept.
INTERRUPTED = 130

Filters = Annotated[
    str | None,
    Option(
        "-k",
        "--filters",
        metavar="K1,K2,…",
        help="Filter sizes, as in 3,2, or shapes, as in 2x2,3x2. Required.",
        show_default=False,
    ),
]
Strides = Annotated[
    str | None,
    Option(
        "-s",
        "--strides",
        metavar="S1,S2,…",
        help="Strides, as in 2,1, or by axis, as in 1x2,1x1. Required.",
        show_default=False,
    ),
]
Supports = Annotated[
    str | None,
    Option(
        "--supports",
        metavar="A1;A2;…",
        help="In place of -k: the positions of each layer's coefficients, as in '0,1,3;0,1', or '0.0,0.1,1.0;0.0,0.1' "
        "in two dimensions. Strides are 1 if not given.",
        show_default=False,
    ),
]
#: For commands that take the file of a result instead.
FiltersUnlessResult = Annotated[
    str | None,
    Option(
        "-k", "--filters", metavar="K1,K2,…", help="Filter sizes, as in 3,2; without RESULT.json.", show_default=False
    ),
]
StridesUnlessResult = Annotated[
    str | None,
    Option("-s", "--strides", metavar="S1,S2,…", help="Strides, as in 2,1; without RESULT.json.", show_default=False),
]
Json = Annotated[
    str | None,
    Option("--json", metavar="PATH", help="Write the result as JSON; - is standard output, and nothing else."),
]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Print nothing but errors.")]


def architecture_of(filters: str | None, strides: str | None, supports: str | None = None) -> Architecture:
    from ..networks.architecture import Architecture

    sizes = "filter sizes separated by commas, as in -k 3,2 or -k 2x2,3x2"
    steps = "strides separated by commas, as in -s 2,1 or -s 2x1,1x1"
    if supports is None:
        return Architecture(shapes_of("-k/--filters", filters, sizes), shapes_of("-s/--strides", strides, steps))
    if filters is not None:
        raise InputError("--supports: given together with -k/--filters; expected one of them")
    given = None if strides is None else shapes_of("-s/--strides", strides, steps)
    return Architecture(strides=given, supports=supports_of(supports))


def architectures_of(
    filters: list[str] | None, strides: list[str] | None, supports: list[str] | None
) -> list[Architecture]:
    """The networks of options that are given once for each network: those of ``-k`` first, then those of supports."""
    sizes, steps, points = filters or [], strides or [], supports or []
    if len(steps) not in {len(sizes), len(sizes) + len(points)} or not (sizes or points):
        raise InputError(
            f"-k/--filters: {len(sizes)} given, and {len(steps)} -s/--strides; expected one of each for every network, "
            "as in -k 3,2 -s 2,1 -k 2,2,2 -s 1,2,1"
        )
    boxes = [architecture_of(k, s) for k, s in zip(sizes, steps, strict=False)]
    rest: list[str | None] = [*steps[len(sizes) :]] or [None] * len(points)
    return boxes + [architecture_of(None, s, layers) for layers, s in zip(points, rest, strict=True)]


def read_result(path: str) -> CriticalPoints:
    """The result in a file of ``solve``. Messages begin with the file, which may have the name of an argument."""
    from ..results.result import CriticalPoints
    from ..results.statements import describe_edit

    with messages_final():
        result = CriticalPoints.from_json(path)
    for text in describe_edit(result):
        complain(f"warning: {path}: {text}")
    return result


def check_output(path: str | None, option: str = "--json") -> None:
    """Raise InputError if the file of an option could not be written; None and ``-`` need no file."""
    from ..files import check_writable

    if path is not None and path != "-":
        with messages_final(option):
            check_writable(path)


def check_page(path: str | None, option: str) -> None:
    """Raise InputError if the page of an option could not be written, or has the name of another kind of file."""
    from ..files import check_page_name

    if path is not None and path != "-":
        with messages_final(option):
            check_page_name(path)
    check_output(path, option)


def write(path: str, text: str, option: str = "--json") -> None:
    """Write a text to the file of an option, or to standard output for ``-``."""
    from ..files import write_atomically

    if path == "-":
        print_text(text)
        return
    with messages_final(option):
        write_atomically(path, text)


def write_pieces(path: str, pieces: Iterable[str], option: str = "--json") -> bool:
    """Write texts to the file of an option as they come, or to standard output for ``-``.

    Returns
    -------
    finished : bool
        False after Ctrl-C. Then the file holds the texts that were there before it, each of them whole.
    """
    from ..files import write_atomically

    finished = True

    def write_to(stream: BinaryIO) -> None:
        nonlocal finished
        end = 0
        try:
            for piece in pieces:
                data = piece.encode()
                stream.write(data)
                end += len(data)
        except KeyboardInterrupt:
            finished = False
            if stream.seekable():
                stream.seek(end)
                stream.truncate()

    if path == "-":
        try:
            for piece in pieces:
                print_text(piece)
        except KeyboardInterrupt:
            return False
        return True
    try:
        write_atomically(path, write_to)
    except InputError as error:
        if not isinstance(error.__cause__, OSError):  # it comes from the pieces
            raise
        raise CommandLineError(f"{option}: {error}") from error
    return finished


def progress_bars(stack: ExitStack, quiet: bool) -> ProgressBars | None:
    """Bars on standard error, if that is a terminal; the stack takes them down."""
    if quiet or not sys.stderr.isatty():
        return None
    from rich.console import Console

    from ..display.progress import ProgressBars

    return stack.enter_context(ProgressBars(Console(stderr=True)))


def show(renderable: RenderableType) -> None:
    from rich.console import Console

    console = Console()
    console.width = output_width()
    with console.capture() as capture:
        console.print(renderable, crop=False)  # a number longer than a line goes on in the terminal's next line
    text = capture.get()
    if not console.is_terminal:
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    print_text(_without_controls(text, styled=console.is_terminal))


def show_result(result: CriticalPoints, description: str) -> None:
    """Print the tables of a result."""
    if _output_is_plain():
        from ..display.plain_text import plain_text

        text = plain_text(result, description, WIDTH_OF_FILES)
        if text is not None:
            print_text(printable(text))
            return
    from ..display.terminal import render_result

    show(render_result(result, description))


def _output_is_plain() -> bool:
    """Whether it is beyond doubt that rich would lay out no styles for standard output, in lines of `WIDTH_OF_FILES`.

    Rich reads the variables of the environment, and knows notebooks and the old terminals of Windows.
    """
    encoding = getattr(sys.stdout, "encoding", None) or ""
    return (
        type(sys.stdout) is TextIOWrapper
        and not sys.stdout.isatty()
        and encoding.lower().startswith("utf")
        and sys.platform != "win32"
        and not any(name in os.environ for name in READ_BY_RICH)
    )


def output_width() -> int:
    """The characters of a line of standard output: of the terminal, of COLUMNS, or those of a file."""
    from rich.console import Console

    console = Console()
    return console.width if console.is_terminal or "COLUMNS" in os.environ else WIDTH_OF_FILES


def _without_controls(text: str, styled: bool) -> str:
    """A text that was laid out, with control characters escaped; in a styled one the sequences for styles are kept."""
    if not styled:
        return printable(text)
    parts = re.split(r"(\x1b\[[0-9;]*m)", text)
    return "".join(part if number % 2 else printable(part) for number, part in enumerate(parts))


def print_text(text: str) -> None:
    """Write to standard output; a reader that has gone, as after ``| head``, is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        give_up_output()
        if not isinstance(error, BrokenPipeError):
            raise InputError(f"standard output: cannot write: {error.strerror or error}") from error


def complain(message: str) -> None:
    """Write one line to standard error, without control characters, and of bounded length."""
    if len(message) > LONGEST_MESSAGE:  # the end tells what was expected
        message = f"{message[: LONGEST_MESSAGE // 2]} … {message[-LONGEST_MESSAGE // 4 :]}"
    line = printable(" ".join(message.split()))
    with suppress(OSError):  # nobody is there to read it
        print(f"{PROGRAM}: {line}", file=sys.stderr)


#: Characters that are shown as they are: the ends of lines, and blanks at which no line is broken.
KEPT = "\n\N{NO-BREAK SPACE}"


def printable(text: str) -> str:
    """A text from outside as it can be shown: control characters and the like are escaped.

    Examples
    --------
    >>> print(printable("a\x1b[31mb\u202ec"))
    a\\x1b[31mb\\u202ec
    """
    return "".join(c if c.isprintable() or c in KEPT else c.encode("unicode_escape").decode() for c in text)


def open_streams() -> None:
    """Make standard output and standard error streams where they are closed: writing to the former is an error then."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open while the program runs)


def give_up_output() -> None:
    """Let the null device take what is still to be written to standard output, at exit, too."""
    with suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
