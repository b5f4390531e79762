"""The command ``solve`` for a file with many data sets."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .common import DONE, INTERRUPTED, NOT_COMPLETE, complain, print_text, progress_bars, write_pieces

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
    """Solve all data sets, write a line of JSON for each as it is solved, and tell how many there are of each sort.

    No result is kept once its line is written. A file has its name, and replaces an older one, when all lines are
    written.
    """
    if options.refused:
        raise InputError(
            f"{options.refused[0]}: given with many data sets in --data; expected one data set, gram of shape (K, K)"
        )
    from ..solving.many import each_of_many

    tally = _Tally(batch.description)
    with ExitStack() as stack:
        bars = progress_bars(stack, options.quiet)
        stack.enter_context(_warnings_named(batch.description))
        try:
            each = each_of_many(
                architecture, batch.gram, batch.b, batch.constant, progress=bars, data=batch.description, **arguments
            )
        except InputError as error:
            message = _named(str(error), batch.description)
            if message == str(error):
                raise
            raise InputError(message) from None
        if options.json_path is None:
            finished = _taken(tally.counted(each))
        else:
            finished = write_pieces(options.json_path, tally.lines(each))
    tally.data_sets = len(each)
    if not options.quiet and options.json_path != "-":
        print_text(tally.summary())
    if not finished:
        complain(f"interrupted: only the {tally.finished} finished data sets are reported")
        return INTERRUPTED
    if tally.complete < tally.finished and not options.quiet:
        incomplete = tally.finished - tally.complete
        complain(f"completeness could not be established for {incomplete} of {tally.finished} data sets")
    return DONE if tally.complete == len(each) else NOT_COMPLETE


class _Tally:
    """How many data sets there are of each sort, counted as their results come.

    Attributes
    ----------
    data_sets, finished, complete : int
    """

    def __init__(self, description: str) -> None:
        self.description = description
        self.data_sets = self.finished = self.complete = 0
        self._numbers: dict[str, Counter[int]] = {name: Counter() for name in COUNTED}
        self._messages: list[str] = []
        self._faulty = 0

    def lines(self, results: Iterable[CriticalPoints | str]) -> Iterator[str]:
        """The lines of results, which are counted as the next one is asked for."""
        from ..results.json_file import to_line

        for index, result in enumerate(self.counted(results)):
            yield to_line(index, result)

    def counted(self, results: Iterable[CriticalPoints | str]) -> Iterator[CriticalPoints | str]:
        """The results, each of which is counted as the next one is asked for."""
        for result in results:
            yield result
            self._count(result)

    def _count(self, result: CriticalPoints | str) -> None:
        if isinstance(result, str):
            self._faulty += 1
            if self._faulty <= MOST_MESSAGES:
                self._messages.append(result)
            return
        self.finished += 1
        self.complete += result.complete
        for name, numbers in self._numbers.items():
            numbers[getattr(result.counts, name)] += 1

    def summary(self) -> str:
        """How many data sets there are of each sort, in words."""
        lines = [
            f"{self.description}: {self.data_sets} data sets, {self.finished} solved, {self.complete} complete",
            *(
                f"  {text}: " + ", ".join(f"{n} in {times}" for n, times in sorted(self._numbers[name].items()))
                for name, text in COUNTED.items()
            ),
            *(f"  not usable: {message}" for message in self._messages),
        ]
        if self._faulty > MOST_MESSAGES:
            lines.append(f"  and {self._faulty - MOST_MESSAGES} more")
        return "\n".join(lines) + "\n"


def _taken(results: Iterable[object]) -> bool:
    """Take all results; False after Ctrl-C."""
    try:
        for _ in results:
            pass
    except KeyboardInterrupt:
        return False
    return True


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


#: The numbers that are told of all data sets together, in words.
COUNTED = {"real": "real critical filters", "attained": "attained filters", "minima": "minima"}
#: Messages about data sets that are shown at most; the JSON has all of them.
MOST_MESSAGES = 5
