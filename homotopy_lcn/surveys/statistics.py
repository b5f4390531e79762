"""The statistics of a survey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..doors import ShownInNotebooks, door
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..version import __version__
from .draws import Table
from .plans import SurveyPlan
from .tallies import CONFIDENCE, Distribution, Tally

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LAYERS", "Survey"]

#: What says, in `Architecture.to_dict`, which network it is.
LAYERS = ("filters", "supports", "strides")


@dataclass(frozen=True, repr=False)
class Survey(ShownInNotebooks):
    """The statistics of a survey, and its draws.

    Attributes
    ----------
    plan : SurveyPlan
    tallies : tuple of Tally
        One for each architecture.
    """

    plan: SurveyPlan
    tallies: tuple[Tally, ...]
    _read: Callable[[], Iterator[tuple[int, Table]]] | None = None

    @property
    def architectures(self) -> tuple[Architecture, ...]:
        return self.plan.architectures

    @property
    def incomplete(self) -> int:
        """Number of draws of which not all critical points are accounted for."""
        return sum(tally.incomplete for tally in self.tallies)

    def distribution(self, name: str, architecture: int = 0) -> Distribution:
        """The distribution of a quantity over the draws of one of the architectures.

        Parameters
        ----------
        name : str
            One of `COLUMNS` in `homotopy_lcn.surveys.draws` that are counts, or ``saddles_i``.
        architecture : int
            Its place in `architectures`.
        """
        known = self.tallies[architecture].names
        if name not in known:
            raise InputError(f"name: {name!r} is not counted; expected one of {', '.join(known)}")
        return self.tallies[architecture].distribution(name)

    def mean_real_ed_degree(self, architecture: int = 0) -> float:
        """The mean number of real pure critical filters: critical points of the loss on the Zariski closure of M."""
        return self.distribution("real_pure", architecture).mean

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with one row a draw, by architecture and number.

        The columns are ``filters`` and ``strides`` as text, ``draw``, and the columns of `COLUMNS`;
        ``global_minimum_pure`` and ``least_loss`` are missing where the global minimum is not established.

        Raises
        ------
        InputError
            If pandas is not installed, or the draws were not kept.
        """
        from ..extras import import_extra

        pandas = import_extra("pandas", "frame", "to_frame")
        if self._read is None:
            raise InputError("to_frame: the draws were not kept; expected a survey with keep=True or output=...")
        frames = []
        for index, table in self._read():
            arch = self.architectures[index]
            frame = pandas.DataFrame(table)
            filters, strides = arch.texts
            frame.insert(0, "filters", filters)
            frame.insert(1, "strides", strides)
            pure = frame["global_minimum_pure"].astype("Int8")
            frame["global_minimum_pure"] = pure.mask(pure < 0).astype("boolean")
            frames.append(frame)
        return pandas.concat(frames, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """The statistics, in JSON's types; a statistic that is not a number is None."""
        plan = self.plan
        return {
            "format": "homotopy-lcn/survey",
            "version": 1,
            "software": f"homotopy-lcn {__version__}",
            "seed": plan.seed,
            "draws": plan.draws,
            "command": plan.command(f"--draws {plan.draws}"),
            "data_model": {"description": plan.model.description, "identity": plan.model.identity},
            "confidence": CONFIDENCE,
            "architectures": [
                _statistics(arch, tally) for arch, tally in zip(self.architectures, self.tallies, strict=True)
            ],
        }

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw histograms to a file ``.pdf``, ``.png`` or ``.svg``; needs the extra ``figures``."""
        door("histograms")(self, path)

    def __str__(self) -> str:
        lines = [f"Survey of {self.plan.model.description}: {self.plan.draws} draws each, seed {self.plan.seed}"]
        for arch, tally in zip(self.architectures, self.tallies, strict=True):
            degree, pure = tally.distribution("real_pure"), tally.global_minimum_pure
            low, high = degree.interval
            lines.append(
                f"  {arch.notation}: mean real ED degree {degree.mean:.4g} "
                f"({low:.4g} to {high:.4g}), global minimum pure in {pure.yes} of {pure.yes + pure.no}"
                + (f", {tally.incomplete} draws incomplete" if tally.incomplete else "")
            )
        return "\n".join(lines)

    __repr__ = __str__


def _statistics(arch: Architecture, tally: Tally) -> dict[str, Any]:
    table, pure = generic_count(arch), tally.global_minimum_pure
    distributions = {}
    for name in tally.names:
        found = tally.distribution(name)
        low, high = found.interval
        distributions[name] = {
            "mean": found.mean,
            "deviation": found.deviation,
            "interval": [_number(low), _number(high)],
            "minimum": found.minimum,
            "maximum": found.maximum,
            "values": list(found.draws),
            "draws": list(found.draws.values()),
        }
    return {
        **{name: value for name, value in arch.to_dict().items() if name in LAYERS},
        "generic": {"pure": table.pure, "spurious": table.spurious, "filters": table.filters},
        "draws": tally.draws,
        "incomplete": tally.incomplete,
        "mean_real_ed_degree": {key: distributions["real_pure"][key] for key in ("mean", "deviation", "interval")},
        "global_minimum": {
            "pure": pure.yes,
            "spurious": pure.no,
            "not_established": pure.unknown,
            "proportion_pure": _number(pure.value),
            "interval": [_number(value) for value in pure.interval],
        },
        "distributions": distributions,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
