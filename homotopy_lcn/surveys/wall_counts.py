"""How many walls lie between two independent random data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..discriminants.walls_of_segments import walls
from ..errors import check_integer
from ..losses.data_models import DataModel, data_model, draw_loss
from ..networks.architecture import Architecture
from ..processes import as_computed
from .tallies import Distribution

__all__ = ["KINDS", "WallCounts", "survey_of_walls"]

#: All kinds of walls, and what stands for their sum.
KINDS = ("fold", "pitchfork", "membership", "escape", "exchange")
ALL = "all"


@dataclass(frozen=True)
class WallCounts:
    """Numbers of walls on segments between independent data sets.

    Attributes
    ----------
    architecture : Architecture
    draws : int
        Number of segments.
    data_model : str
    seed : int
    generic : int
        Number of complex walls on a line of generic data, exchanges apart.
    distributions : dict of str to Distribution
        For ``"all"`` and for each kind that the network can have.
    incomplete : int
        Number of segments on which completeness could not be established; their walls are counted all the same.
    """

    architecture: Architecture
    draws: int
    data_model: str
    seed: int
    generic: int
    distributions: dict[str, Distribution]
    incomplete: int

    def to_dict(self) -> dict[str, Any]:
        """The entries of the file."""
        return {
            "filters": list(self.architecture.filters),
            "strides": list(self.architecture.strides),
            "draws": self.draws,
            "data_model": self.data_model,
            "seed": self.seed,
            "generic": self.generic,
            "incomplete": self.incomplete,
            "walls": {
                kind: {
                    "mean": found.mean,
                    "interval": list(found.interval) if found.count > 1 else None,
                    "draws": {str(value): number for value, number in sorted(found.draws.items())},
                }
                for kind, found in self.distributions.items()
            },
        }


def survey_of_walls(
    arch: Architecture,
    draws: int = 100,
    model: str | DataModel = "gaussian",
    *,
    seed: int = 0,
    jobs: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> WallCounts:
    """Count the walls between independent random data sets.

    Parameters
    ----------
    arch : Architecture
    draws : int
        Number of segments. Segment d goes from draw 2d of a survey with this seed to draw 2d + 1.
    model : str or DataModel
        As in `survey`.
    seed : int
    jobs : int
        Number of processes. The result does not depend on it.
    report : callable, optional
        Called with the number of segments that are done and that of all segments.

    Returns
    -------
    WallCounts

    Raises
    ------
    InputError
        If an argument is unusable.

    Examples
    --------
    >>> found = survey_of_walls(Architecture((2, 2), (2, 1)), 2)
    >>> found.generic, found.distributions["all"].count, list(found.distributions)
    (32, 2, ['all', 'fold', 'escape', 'exchange'])
    """
    draws, jobs = check_integer("draws", draws, 1), check_integer("jobs", jobs, 1)
    chosen = data_model(model) if isinstance(model, str) else model
    counters: dict[str, Counter[int]] = {kind: Counter() for kind in (ALL, *KINDS)}
    generic, possible, incomplete = 0, {ALL, "exchange"}, 0
    work = partial(_count, arch, chosen, check_integer("seed", seed, 0))
    with closing(as_computed(work, range(draws), jobs)) as results:
        for number, (_, one) in enumerate(results):
            generic = max(generic, one.generic)
            possible |= one.possible
            incomplete += not one.complete
            for kind in KINDS:
                counters[kind][one.walls[kind]] += 1
            counters[ALL][one.walls.total()] += 1
            if report is not None:
                report(number + 1, draws)
    found = {kind: dict(sorted(counter.items())) for kind, counter in counters.items() if kind in possible}
    text = model if isinstance(model, str) else chosen.description
    distributions = {kind: Distribution(values, values) for kind, values in found.items()}
    return WallCounts(arch, draws, text, seed, generic, distributions, incomplete)


@dataclass(frozen=True)
class _Segment:
    """What is counted on one segment."""

    walls: Counter[str]
    generic: int
    possible: set[str]
    complete: bool


def _count(arch: Architecture, model: DataModel, seed: int, number: int) -> _Segment:
    ends = [draw_loss(model, arch, seed, 2 * number + side) for side in (0, 1)]
    found = walls(arch, *ends)
    return _Segment(
        Counter(wall.kind for wall in found.walls),
        sum(row.generic for row in found.strata),
        {row.kind for row in found.strata if row.generic},
        found.complete,
    )
