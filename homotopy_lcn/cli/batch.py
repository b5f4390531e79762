"""The command ``solve`` for a file with many data sets."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .common import DONE, INTERRUPTED, NOT_COMPLETE, complain, print_text, progress_bars, write

if TYPE_CHECKING:
    from ..losses.sources import LoadedBatch
    from ..networks.architecture import Architecture
    from ..results.result import CriticalPoints

__all__ = ["BatchOptions", "solve_batch"]


@dataclass(frozen=True)
class BatchOptions:
    """What the options say beyond the data and the arguments of `critical_points_of_many`."""

    json_path: str | None
    quiet: bool
    refused: tuple[str, ...]


def solve_batch(
    architecture: Architecture, batch: LoadedBatch, options: BatchOptions, arguments: dict[str, Any]
) -> int:
    """Solve all data sets, write a line of JSON for each, and tell how many there are of each sort."""
    if options.refused:
        raise InputError(
            f"{options.refused[0]}: given with many data sets in --data; expected one data set, gram of shape (K, K)"
        )
    from ..solving.interrupted import BatchInterrupted
    from ..solving.many import critical_points_of_many

    interrupted = False
    with ExitStack() as stack:
        bars = progress_bars(stack, options.quiet)
        stack.enter_context(_warnings_named(batch.description))
        try:
            results: list[CriticalPoints | str | None] = list(
                critical_points_of_many(
                    architecture,
                    batch.gram,
                    batch.b,
                    batch.constant,
                    progress=bars,
                    data=batch.description,
                    **arguments,
                )
            )
        except BatchInterrupted as interruption:
            results, interrupted = interruption.partial, True
        except InputError as error:
            message = _named(str(error), batch.description)
            if message == str(error):
                raise
            raise InputError(message) from None
    if options.json_path is not None:
        from ..results.json_file import to_line

        lines = [to_line(index, result) for index, result in enumerate(results) if result is not None]
        write(options.json_path, "".join(lines))
    finished = [result for result in results if result is not None and not isinstance(result, str)]
    complete = sum(result.complete for result in finished)
    if not options.quiet and options.json_path != "-":
        print_text(_summary(batch.description, results, finished))
    if interrupted:
        complain(f"interrupted: only the {len(finished)} finished data sets are reported")
        return INTERRUPTED
    if complete < len(finished) and not options.quiet:
        complain(f"completeness could not be established for {len(finished) - complete} of {len(finished)} data sets")
    return DONE if complete == len(results) else NOT_COMPLETE


def _named(message: str, description: str) -> str:
    """A message about a loss, by the words of the command line."""
    number, colon, text = message.removeprefix("losses[").partition("]: ")
    known = message.startswith("losses[") and colon and number.isdecimal()
    return f"--data: data set {number} of {description!r}, counted from 0: {text}" if known else message


@contextmanager
def _warnings_named(description: str) -> Iterator[None]:
    """Warnings about a loss name it by the words of the command line."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_named(message: Warning | str, *rest: Any, **options: Any) -> None:
            show(_named(str(message), description), *rest, **options)

        warnings.showwarning = show_named
        yield


def _summary(description: str, results: list[CriticalPoints | str | None], finished: list[CriticalPoints]) -> str:
    """How many data sets there are of each sort."""
    lines = [
        f"{description}: {len(results)} data sets, {len(finished)} solved, "
        f"{sum(result.complete for result in finished)} complete"
    ]
    for name, text in (("real", "real critical filters"), ("attained", "attained filters"), ("minima", "minima")):
        numbers = Counter(getattr(result.counts, name) for result in finished)
        lines.append(f"  {text}: " + ", ".join(f"{number} in {times}" for number, times in sorted(numbers.items())))
    faulty = [result for result in results if isinstance(result, str)]
    lines += [f"  not usable: {message}" for message in faulty[:MOST_MESSAGES]]
    if len(faulty) > MOST_MESSAGES:
        lines.append(f"  and {len(faulty) - MOST_MESSAGES} more")
    return "\n".join(lines) + "\n"


#: Messages about data sets that are shown at most; the JSON has all of them.
MOST_MESSAGES = 5
