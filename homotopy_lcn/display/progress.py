"""Progress bars with rate and time left: in a terminal by rich, in a notebook as HTML that replaces itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from html import escape
from importlib import import_module
from types import TracebackType
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from ..networks.patterns import format_pattern
from ..progress import Progress, ProgressCallback

__all__ = ["NotebookBar", "Pace", "ProgressBars", "progress_bar"]

#: Seconds between two pictures of a bar in a notebook, which each is a message to the browser.
BETWEEN_PICTURES: Final = 0.2


class Pace:
    """How fast work goes on, and how long the rest takes at this rate.

    Work that was there before, as after a run that was killed, has taken no time and does not count.

    Parameters
    ----------
    now : callable
        The time in seconds, for tests.

    Examples
    --------
    >>> pace = Pace(now=iter([0.0, 3.0, 7.0, 8.0]).__next__)
    >>> pace.tell(done=100, known=100, total=1000)
    >>> pace.tell(done=102, known=100, total=1000)
    >>> pace.describe_rate(), pace.describe_left()
    ('0.5/s', '0:29:55')
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._begun = now()
        self._told = self._begun
        self._rate = 0.0
        self._left = 0
        self._known = 0

    def tell(self, done: int, known: int, total: int) -> None:
        """Note how much is done, how much of it was there before, and how much there is."""
        self._told = self._now()
        if known > self._known:  # the work begins when all that was there before is found
            self._known, self._begun = known, self._told
        elapsed = self._told - self._begun
        self._rate = (done - known) / elapsed if elapsed > 0 else 0.0
        self._left = max(total - done, 0)

    def describe_rate(self) -> str:
        """Parts a second, or an empty text as long as nothing is done."""
        if self._rate <= 0:
            return ""
        return f"{self._rate:,.0f}/s" if self._rate >= 10 else f"{self._rate:.2g}/s"

    def describe_left(self) -> str:
        """The time that is left as h:mm:ss, or an empty text as long as it is not known."""
        if self._rate <= 0:
            return ""
        seconds = max(0, round(self._left / self._rate - (self._now() - self._told)))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _title(report: Progress) -> str:
    stratum = "" if report.pattern is None else f", stratum {format_pattern(report.pattern)}"
    return f"{report.stage}{stratum}"


class _PaceColumn(ProgressColumn):
    """What a task's pace says when the bar is drawn."""

    def __init__(self, describe: Callable[[Pace], str]) -> None:
        super().__init__()
        self._describe = describe

    def render(self, task: Task) -> Text:
        return Text(self._describe(task.fields["pace"]), style="progress.remaining", no_wrap=True)


class ProgressBars:
    """Progress bars on a terminal, one a stage; a context manager that is called with each report."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _PaceColumn(Pace.describe_rate),
            _PaceColumn(lambda pace: f"{left} left" if (left := pace.describe_left()) else ""),
            console=console,
            transient=True,
        )
        self._current: object = None
        self._done = 0
        self._pace = Pace()
        # The bar moves at once, before there is anything to count.
        self._task = self._bars.add_task("starting", total=None, pace=self._pace)

    def __enter__(self) -> ProgressBars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, report: Progress) -> None:
        if self._current != (report.stage, report.pattern):
            self._current = (report.stage, report.pattern)
            self._pace = Pace()
            self._bars.remove_task(self._task)
            self._task = self._bars.add_task(_title(report), total=report.total, pace=self._pace)
        self._show(report)

    def count(self, what: str, done: int, total: int) -> None:
        """Show how many parts of one task are finished, and which part comes next."""
        if self._current != total or done < self._done:
            self._current, self._pace = total, Pace()
            self._bars.remove_task(self._task)
            self._task = self._bars.add_task(what, total=total, pace=self._pace)
        self._done = done
        self._bars.update(self._task, description=what)
        self._show(Progress(what, None, done, total))

    def _show(self, report: Progress) -> None:
        self._pace.tell(report.done, report.known, report.total)
        self._bars.update(self._task, completed=report.done, total=report.total)


class NotebookBar:
    """A progress bar in the output of a notebook's cell, which disappears at the end.

    Parameters
    ----------
    display : callable
        Shows an object with ``_repr_html_`` and returns a handle whose ``update`` shows another one in its place, as
        ``IPython.display.display`` does with a ``display_id``.
    now : callable
        The time in seconds, for tests.
    """

    def __init__(self, display: Callable[[Any], Any], now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._stage: tuple[object, object] | None = None
        self._pace = Pace(now)
        self._shown = now()
        self._handle = display(_Html(""))

    def __enter__(self) -> NotebookBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._handle.update(_Html(""))

    def __call__(self, report: Progress) -> None:
        first = self._stage != (report.stage, report.pattern)
        if first:
            self._stage, self._pace = (report.stage, report.pattern), Pace(self._now)
        self._pace.tell(report.done, report.known, report.total)
        if first or self._now() - self._shown >= BETWEEN_PICTURES:
            self._shown = self._now()
            self._handle.update(_Html(self._picture(report)))

    def _picture(self, report: Progress) -> str:
        rate, left = self._pace.describe_rate(), self._pace.describe_left()
        words = [f"{report.done}/{report.total}", rate, f"{left} left" if left else ""]
        return (
            f'<span>{escape(_title(report))} <progress value="{report.done}" max="{max(report.total, 1)}"></progress> '
            f"{escape(' · '.join(filter(None, words)))}</span>"
        )


class _Html:
    """A text that is HTML."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_html_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return ""


def progress_bar() -> AbstractContextManager[ProgressCallback | None]:
    """A bar where the program runs: in a notebook, in a terminal, or none if standard error goes elsewhere."""
    notebook = sys.modules.get("IPython")
    shell = notebook.get_ipython() if notebook is not None else None
    if type(shell).__name__ == "ZMQInteractiveShell":
        display = import_module("IPython.display").display
        return NotebookBar(lambda thing: display(thing, display_id=True))
    if sys.stderr is not None and sys.stderr.isatty():
        return ProgressBars(Console(stderr=True))
    return nullcontext()
