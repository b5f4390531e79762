"""What a long computation tells about its progress, and how much time it may take."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from math import inf, isnan
from numbers import Real
from typing import Final

from .doors import door
from .errors import InputError
from .networks.patterns import Pattern, format_pattern

__all__ = [
    "TIME_LIMIT",
    "Clock",
    "Progress",
    "ProgressCallback",
    "StageReport",
    "TimeUp",
    "check_time_limit",
    "time_of_day",
    "told",
]

#: Seconds that a solve takes at most if nothing else is said: one day. Solves of 20 000 points take an hour.
TIME_LIMIT: Final = 86_400.0
#: Stages that took a smaller part of the time are left out where a clock says where the time went.
LEAST_TOLD: Final = 0.02
#: Digits of SOURCE_DATE_EPOCH from which on it is no time of this age, and is not believed.
LONGEST_TIME: Final = 12
#: Stages of strata that are told at most.
MOST_TOLD: Final = 8


@dataclass(frozen=True)
class Progress:
    """One report: ``done`` of ``total`` in a stage ("start system", "tracking", "classification") of a stratum.

    Of what is done, ``known`` was there before, as after a run that was killed; the rest has taken the time.
    """

    stage: str
    pattern: Pattern | None
    done: int
    total: int
    known: int = 0


#: A function that is told; a solve stops if its answer is True.
ProgressCallback = Callable[[Progress], object]


class StageReport:
    """A function that is told how much of a stage is done, and tells it as a `Progress`.

    Parameters
    ----------
    report : ProgressCallback
    stage : str
    pattern : Pattern
    total : int

    Examples
    --------
    >>> told = []
    >>> report = StageReport(told.append, "start system", ((1,),), 100)
    >>> report.resumed(40), report(50)
    (None, None)
    >>> [(one.done, one.known) for one in told]
    [(40, 40), (50, 40)]
    """

    def __init__(self, report: ProgressCallback, stage: str, pattern: Pattern, total: int) -> None:
        self._report, self._stage, self._pattern, self._total = report, stage, pattern, total
        self._known = 0

    def __call__(self, done: int) -> None:
        self._report(Progress(self._stage, self._pattern, done, self._total, self._known))

    def resumed(self, done: int) -> None:
        """So much was done before, by a computation that was stopped."""
        self._known = done
        self(done)


class TimeUp(Exception):
    """The time limit of a computation is reached; raised by `Clock.check`."""


class Clock:
    """The time that a computation takes: a limit, and where the time goes.

    Parameters
    ----------
    limit : float
        Seconds from now on; by default there is no limit.
    now : callable
        The time in seconds, for tests.

    Attributes
    ----------
    limit : float
    stopped : bool
        Whether work was left out because the limit was reached.

    Examples
    --------
    >>> clock = Clock(10.0, now=iter([0.0, 0.0, 6.0, 8.0, 20.0]).__next__)
    >>> with clock.stage("tracking"):
    ...     with clock.stage("endgame"):
    ...         pass
    >>> clock.describe()
    'the time limit of 10 s is reached: 18 s tracking, 2 s endgame'
    """

    def __init__(self, limit: float = inf, now: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._now = now
        self._end = now() + limit
        self._spent: dict[tuple[Pattern | None, str], float] = {}
        self._running: list[str] = []
        self._pattern: Pattern | None = None
        self._last = 0.0
        self._reason = f"the time limit of {limit:g} s is reached"
        self._early = False
        self.stopped = False

    def check(self) -> None:
        """Raise `TimeUp` once the limit is reached."""
        if self.is_up():
            raise TimeUp

    def is_up(self) -> bool:
        """Whether the limit is reached; whoever asks leaves out the rest of the work then."""
        self.stopped = self.stopped or self._now() >= self._end
        return self.stopped

    def is_late(self) -> bool:
        """Whether the limit of time is reached, by no early stop: what an early stop leaves is classified."""
        return not self._early and self.is_up()

    def stop(self, reason: str) -> None:
        """Let the limit be reached now, for another reason, which `describe` tells."""
        if not self.stopped:
            self._end, self._reason, self._early = -inf, reason, True

    @property
    def remaining(self) -> float:
        """Seconds that are left, at least a microsecond."""
        return max(self._end - self._now(), 1e-6)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time spent in the body is that of a stage; time of a stage inside counts for the inner stage alone."""
        self._book()
        self._running.append(name)
        try:
            yield
        finally:
            self._book()
            self._running.pop()

    @contextmanager
    def stratum(self, pattern: Pattern) -> Iterator[None]:
        """Stages of the body belong to a stratum."""
        before, self._pattern = self._pattern, pattern
        try:
            yield
        finally:
            self._pattern = before

    def _book(self) -> None:
        now = self._now()
        if self._running:
            key = self._pattern, self._running[-1]
            self._spent[key] = self._spent.get(key, 0.0) + now - self._last
        self._last = now

    def describe(self) -> str:
        """That the limit is reached, or another reason to stop, and which stages took the time."""
        total = sum(self._spent.values())
        told = sorted(((spent, key) for key, spent in self._spent.items() if spent > LEAST_TOLD * total), reverse=True)
        parts = [f"{spent:.2g} s {_stage_text(*key)}" for spent, key in told[:MOST_TOLD]]
        return self._reason + (f": {', '.join(parts)}" if parts else "")


def _stage_text(pattern: Pattern | None, stage: str) -> str:
    return stage if pattern is None else f"{stage} of {format_pattern(pattern)}"


@contextmanager
def told(progress: ProgressCallback | bool | None) -> Iterator[ProgressCallback | None]:
    """The function to call with reports: the given one, or for True that of a bar, which the context shows.

    Raises
    ------
    InputError
        If it is neither a function nor a truth value.
    """
    if progress is True:
        with door("progress_bar")() as bar:
            yield bar
    elif progress is None or progress is False or callable(progress):
        yield progress or None
    else:
        raise InputError(f"progress: {type(progress).__name__} given; expected a function, True or False")


def time_of_day() -> str:
    """The time in UTC to the second, in the form of ISO 8601, as in ``2026-11-30T12:00:00Z``.

    The variable SOURCE_DATE_EPOCH, if it is set, gives another time in seconds since 1970. Then two runs write equal
    files, which reproducible builds ask for (https://reproducible-builds.org/specs/source-date-epoch).
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(fixed) if fixed.isdecimal() and len(fixed) < LONGEST_TIME else time.time()
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_time_limit(value: object, name: str = "time_limit") -> float:
    """A number of seconds as a float; infinite if there is no limit.

    Raises
    ------
    InputError
        If it is not a positive number.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or isnan(value) or value <= 0:
        raise InputError(f"{name}: {value!r} given; expected a positive number of seconds")
    return float(value)
