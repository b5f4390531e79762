"""The basin table: to which critical points training runs went, and at which saddles they lingered."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..doors import ShownInNotebooks, cached_property
from ..extras import import_extra
from ..results.points import quantity
from ..results.result import CriticalPoints

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BasinRow", "BasinTable", "Run", "describe_optimizer", "describe_place", "kind_of_zero", "zero_is_critical"]


@dataclass(frozen=True, eq=False)
class Run:
    """One training run.

    Attributes
    ----------
    outcome : str
        ``"point"``: the run went to a point of the list. ``"zero"``: to w = 0, critical for two or more layers.
        ``"continuum"``: the run settled at no point of the list, with the loss of a continuum of critical filters,
        which only special data have. ``"zero residual"``: to a filter with Σw = b, where the filters of residual zero
        form a set of positive dimension of which the list has no point.
        ``"unlisted"``: the run settled elsewhere, which is impossible if the list is complete. ``"unfinished"``: the
        run did not settle within the allowed steps. ``"diverged"``: the learning rate is too large for the run.
    point : int or None
        Index of the point in the list, for ``"point"``.
    continuum : int or None
        Index in `CriticalPoints.continua`, for ``"continuum"``.
    start, end : tuple of ndarray
        Layers of the network before and after.
    loss : float or None
        The loss at the end; None if the run diverged.
    distance : float or None
        Distance from the filter at the end to the nearest real filter of the list, relative to the norm of the latter.
    steps : int
        Steps of the optimizer; for the flow, refused steps are counted, too.
    time : float
        Sum of the lengths of the steps: time of the gradient flow, learning rate times number of steps.
    settled : bool
        Whether the optimizer itself came to rest within the allowed steps. If not, gradient flow was followed from the
        last place of the run, to see to which basin this place belongs.
    lingering : mapping of (int or None) to (int, float)
        For each saddle that the run lingered at, by its index (None for w = 0), the number of steps and the time. The
        place where the run ends does not count.
    """

    outcome: str
    point: int | None
    continuum: int | None
    start: tuple[NDArray[np.float64], ...]
    end: tuple[NDArray[np.float64], ...]
    loss: float | None
    distance: float | None
    steps: int
    time: float
    settled: bool
    lingering: dict[int | None, tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class BasinRow:
    """How often a critical point was reached, and how long runs lingered near it.

    Attributes
    ----------
    outcome : str
        As in `Run`.
    point : int or None
        Index in the list of critical points.
    continuum : int or None
        Index in the list of continua.
    kind : str
        ``"minimum"`` if at least one critical θ over the filter is a minimum, else ``"saddle"`` or ``"degenerate"``, or
        ``"undecided"``; that of the continuum for a continuum; empty if the row is for neither.
    loss : float or None
        The loss there.
    runs : int
        Number of runs that ended there.
    visits : int
        Number of runs that lingered there and went on (0 at minima, and not counted at continua).
    steps, time : float
        Mean number of steps and mean time that these runs lingered; 0 if there are no such runs.
    """

    outcome: str
    point: int | None
    continuum: int | None
    kind: str
    loss: float | None
    runs: int
    visits: int = 0
    steps: float = 0.0
    time: float = 0.0


@dataclass(frozen=True, eq=False, repr=False)
class BasinTable(ShownInNotebooks, Sequence[BasinRow]):
    """Where the runs went: a sequence of `BasinRow`.

    Attained points come first, by loss, then the continua that are attained, then w = 0, then other ends.

    Attributes
    ----------
    result : CriticalPoints
    optimizer : str
    learning_rate : float or None
        None for the flow.
    seed : int
    runs : tuple of Run
        In the order of the starts.
    """

    result: CriticalPoints
    optimizer: str
    learning_rate: float | None
    seed: int
    runs: tuple[Run, ...]

    @cached_property
    def rows(self) -> tuple[BasinRow, ...]:
        points = self.result.points
        ends = {run.point for run in self.runs if run.outcome == "point"}
        rows = [
            self._row("point", index, _kind(points[index].kinds), float(points[index].loss.real))
            for index in range(len(points))
            if points[index].attained or index in ends or any(index in run.lingering for run in self.runs)
        ]
        reached = Counter(run.continuum for run in self.runs)
        rows += [
            BasinRow("continuum", None, index, part.kind or "undecided", float(part.loss.real), reached[index])
            for index, part in enumerate(self.result.continua)
            if part.attained or reached[index]
        ]
        if zero_is_critical(self.result):
            rows.append(self._row("zero", None, kind_of_zero(self.result), self.result.loss.constant))
        for outcome in ("zero residual", "unlisted", "unfinished", "diverged"):
            number = sum(run.outcome == outcome for run in self.runs)
            if number:
                rows.append(BasinRow(outcome, None, None, "", None, number))
        return tuple(rows)

    def _row(self, outcome: str, point: int | None, kind: str, loss: float) -> BasinRow:
        stays = [run.lingering[point] for run in self.runs if point in run.lingering]
        steps, time = np.mean(stays, axis=0).tolist() if stays else (0.0, 0.0)
        number = sum(run.outcome == outcome and run.point == point for run in self.runs)
        return BasinRow(outcome, point, None, kind, loss, number, len(stays), steps, time)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    @property
    def accounted(self) -> bool:
        """Whether the end of every run is known: no run is unlisted or unfinished."""
        return not any(run.outcome in ("unlisted", "unfinished") for run in self.runs)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with the fields of `BasinRow` as columns, and the share of all runs.

        Raises
        ------
        MissingPackage
            If pandas is not installed.
        """
        pd = import_extra("pandas", "frame", "to_frame")
        rows = self.rows
        return pd.DataFrame(
            {
                "outcome": [row.outcome for row in rows],
                "point": pd.array([row.point for row in rows], dtype="Int64"),
                "continuum": pd.array([row.continuum for row in rows], dtype="Int64"),
                "kind": [row.kind for row in rows],
                "loss": np.array([row.loss for row in rows], dtype=float),
                "runs": np.array([row.runs for row in rows], dtype=int),
                "share": np.array([row.runs / len(self.runs) for row in rows], dtype=float),
                "visits": np.array([row.visits for row in rows], dtype=int),
                "steps": np.array([row.steps for row in rows], dtype=float),
                "time": np.array([row.time for row in rows], dtype=float),
            }
        )

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the table and all runs to a file, or return them as text.

        Parameters
        ----------
        path : path, optional
            The file to write, whole or not at all. None (the default) and ``"-"`` return the text.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        architecture = self.result.architecture
        document = {
            "format": "homotopy-lcn/basins",
            "version": 1,
            "seed": self.seed,
            "software": self.result.software,
            "architecture": {
                name: value
                for name, value in architecture.to_dict().items()
                if name in ("filters", "supports", "strides")
            },
            "data": self.result.data,
            "data_digest": self.result.data_digest,
            "optimizer": self.optimizer,
            "learning_rate": self.learning_rate,
            "complete": self.result.complete,
            "rows": [vars(row) for row in self.rows],
            "runs": [
                vars(run)
                | {"start": [w.tolist() for w in run.start], "end": [w.tolist() for w in run.end]}
                | {
                    "lingering": [
                        {"outcome": "zero" if point is None else "point", "point": point, "steps": steps, "time": time}
                        for point, (steps, time) in run.lingering.items()
                    ]
                }
                for run in self.runs
            ],
        }
        text = json.dumps(document, allow_nan=False) + "\n"
        if path is None or path == "-":
            return text

        from ..files import write_atomically

        write_atomically(path, text)
        return None

    def __str__(self) -> str:
        arch = self.result.architecture
        lines = [
            f"BasinTable of {arch.notation}, seed {self.seed}: "
            f"{quantity(len(self.runs), 'run', 'runs')} of {describe_optimizer(self)}"
        ]
        for row in self.rows:
            if row.runs or row.visits:
                loss = "" if row.loss is None else f" of loss {row.loss:.7g}"
                stay = f", {row.visits} lingered (mean time {row.time:.3g})" if row.visits else ""
                lines.append(f"  {describe_place(row)}{loss}: {quantity(row.runs, 'run', 'runs')}{stay}")
        return "\n".join(lines)

    __repr__ = __str__


def describe_optimizer(table: BasinTable) -> str:
    """The optimizer in words, as in "gradient descent, learning rate 0.01"."""
    name = {"flow": "gradient flow", "descent": "gradient descent", "adam": "Adam"}[table.optimizer]
    return name if table.learning_rate is None else f"{name}, learning rate {table.learning_rate:.3g}"


def describe_place(row: BasinRow) -> str:
    """The place of a row in words, as in "minimum, point 3"."""
    if row.outcome == "point":
        return f"{row.kind}, point {row.point}"
    if row.outcome == "continuum":
        return f"{row.kind}, continuum {row.continuum}"
    return {
        "zero": f"w = 0, {row.kind}",
        "zero residual": "filters of residual zero",
        "unlisted": "settled at no listed point",
        "unfinished": "not settled within the allowed steps",
        "diverged": "diverged",
    }[row.outcome]


def zero_is_critical(result: CriticalPoints) -> bool:
    """Whether w = 0 is critical. For two or more layers it always is."""
    return result.architecture.depth > 1 or not result.loss.b.any()


def kind_of_zero(result: CriticalPoints) -> str:
    """The kind of θ = 0 if w = 0 is critical.

    The Hessian there is zero for three layers or more; for two, its off-diagonal block holds the entries of b.
    """
    architecture = result.architecture
    if not result.loss.b[list(architecture.support)].any():
        return "minimum"
    return "saddle" if architecture.depth == 2 else "degenerate"


def _kind(kinds: Sequence[str | None]) -> str:
    return next((kind for kind in ("minimum", "saddle", "degenerate") if kind in kinds), "undecided")
