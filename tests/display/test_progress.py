"""Bars with rate and time left, in terminals and notebooks."""

from __future__ import annotations

import io
import sys
from itertools import chain, repeat
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from homotopy_lcn import Architecture, survey
from homotopy_lcn.display.progress import NotebookBar, Pace, ProgressBars, progress_bar
from homotopy_lcn.progress import Progress

PATTERN = ((2, 1), (1,))


def times(*values):
    return chain(values, repeat(values[-1])).__next__


def test_work_of_an_earlier_run_is_not_counted_as_fast():
    pace = Pace(times(0.0, 60.0, 70.0, 70.0))
    pace.tell(done=10_000, known=10_000, total=20_000)
    pace.tell(done=10_050, known=10_000, total=20_000)
    assert (pace.describe_rate(), pace.describe_left()) == ("5/s", "0:33:10")


def test_before_anything_is_done_nothing_is_claimed():
    pace = Pace(times(0.0, 5.0))
    pace.tell(done=10_000, known=10_000, total=20_000)
    assert (pace.describe_rate(), pace.describe_left()) == ("", "")


def test_the_time_that_is_left_runs_down_between_reports():
    pace = Pace(times(0.0, 10.0, 25.0, 1000.0))
    pace.tell(done=1, known=0, total=11)
    assert [pace.describe_left(), pace.describe_left()] == ["0:01:25", "0:00:00"]


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0, 1e9))
def test_any_report_can_be_shown(done, total, elapsed):
    pace = Pace(times(0.0, elapsed))
    pace.tell(done, 0, total)
    assert pace.describe_rate() == "" or pace.describe_rate().endswith("/s")
    assert pace.describe_left().count(":") in (0, 2)


def shown(tell):
    console = Console(width=100, force_terminal=True, file=io.StringIO())
    with ProgressBars(console) as bars:
        bars._pace = Pace(times(0.0, 2.0))
        tell(bars)
        bars._bars.refresh()
        rows = bars._bars.make_tasks_table(bars._bars.tasks)
        plain = Console(width=100, file=io.StringIO())
        plain.print(rows)
        return plain.file.getvalue()


def test_a_bar_has_numbers_rate_and_time_left():
    def tell(bars):
        bars(Progress("draws", None, 40, 100))
        bars._pace._begun -= 4.0  # four seconds ago
        bars(Progress("draws", None, 41, 100))

    text = shown(tell)
    for part in ("draws", "41/100", "/s", " left"):
        assert part in text


def test_a_count_of_parts_has_rate_and_time_left_too():
    def tell(bars):
        bars.count("k = (2, 2)", 0, 9)
        bars._pace._begun -= 4.0
        bars.count("k = (3, 2)", 3, 9)

    text = shown(tell)
    for part in ("k = (3, 2)", "3/9", "/s", "0:00:0"):
        assert part in text


def test_a_bar_is_there_before_the_first_report():
    assert "starting" in shown(lambda bars: None)


def test_a_notebook_shows_one_bar_that_disappears():
    pictures = []
    handle = SimpleNamespace(update=lambda thing: pictures.append(thing._repr_html_()))

    def display(thing):
        pictures.append(thing._repr_html_())
        return handle

    now = iter(range(100))
    with NotebookBar(display, now=lambda: next(now)) as bar:
        bar(Progress("tracking", PATTERN, 1, 10))
        bar(Progress("tracking", PATTERN, 4, 10))
    assert pictures[0] == pictures[-1] == ""
    assert "tracking, stratum (2,1)(1)" in pictures[1]
    assert '<progress value="4" max="10">' in pictures[2]
    assert "4/10" in pictures[2]
    assert " left" in pictures[2]


def test_a_notebook_is_not_flooded():
    pictures = []
    handle = SimpleNamespace(update=pictures.append)
    with NotebookBar(lambda thing: handle, now=lambda: 0.0) as bar:
        for done in range(1000):
            bar(Progress("draws", None, done, 1000))
    assert len(pictures) == 2  # the first one, and the empty one at the end


def test_the_bar_is_that_of_the_place(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_bar() as bar:
        assert bar is None
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert isinstance(progress_bar(), ProgressBars)
    shell = type("ZMQInteractiveShell", (), {})()
    displayed = []
    handle = SimpleNamespace(update=displayed.append)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(
        sys.modules, "IPython.display", SimpleNamespace(display=lambda thing, display_id: displayed.append(1) or handle)
    )
    assert isinstance(progress_bar(), NotebookBar)
    survey(Architecture((2, 2), (1, 1)), 5, progress=True)
    assert len(displayed) == 1 + 3  # of the survey: nothing, a bar, and nothing again
