"""Training from many random starts: to which of the listed critical points does each run go, and where does it linger?

The complete list of critical points is what makes the answer definite: a run that converges has converged to one of
them. So a basin table says how often each minimum is reached, and which saddles slow training down.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .architecture import Architecture
from .errors import InputError
from .results import CriticalPoints, quantity
from .training_methods import Adam, Descent, Flow, Method, ScaledLoss

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OPTIMIZERS", "BasinRow", "BasinTable", "Run", "descend"]

#: Number of steps after which a run is given up, if not said otherwise.
OPTIMIZERS = {"flow": 5000, "descent": 10_000, "adam": 10_000}
#: Learning rates if not given: of gradient descent in units of 1 / (curvature at the scale of the solution), of Adam in
#: units of the size of the layers.
DEFAULT_RATE = {"descent": 0.05, "adam": 0.01}
#: Relative distance up to which a filter where a run ends is a listed one; the second for degenerate critical points,
#: near which the gradient says less about the distance.
SAME_FILTER, NEAR_DEGENERATE = 1e-6, 1e-3
#: Beyond this multiple of the unconstrained solution's size a run has diverged.
DIVERGED = 1e8
#: Farther than this from a critical filter, relative to the unconstrained solution, a slow run is not said to be at it.
NEAR = 1 / 3
#: Stands for the end of a run that is no place of its own.
NOWHERE = -1
#: Relative accuracy to which a residual Σw − b of the end of a run is zero, and losses on a continuum are equal.
SAME_LOSS = 1e-8


@dataclass(frozen=True, eq=False)
class Run:
    """One training run.

    Attributes
    ----------
    outcome : str
        ``"point"``: it went to a point of the list. ``"zero"``: to w = 0, which is critical for two or more layers.
        ``"continuum"``: to a filter with the loss of a continuum of critical points, which only special data have.
        ``"zero residual"``: to a filter with Σw = b, of a set of positive dimension (fewer samples than parameters).
        ``"unlisted"``: it settled elsewhere; impossible if the list is complete. ``"unfinished"``: it did not settle
        within the allowed steps. ``"diverged"``: the learning rate is too large for it.
    point : int or None
        Index of the point in the list, for ``"point"``; of one that stands for the continuum, for ``"continuum"``.
    start, end : tuple of ndarray
        Layers of the network before and after.
    loss : float or None
        The loss at the end; None if it diverged.
    distance : float or None
        From the filter at the end to the nearest real one of the list, relative to its norm.
    steps : int
        Steps of the optimizer; for the flow, refused ones are counted too.
    time : float
        Sum of the lengths of the steps: time of the gradient flow, learning rate times number of steps.
    settled : bool
        Whether the optimizer itself came to rest within the allowed steps. If not, gradient flow was followed from
        where it stood, to see to which point's basin that place belongs.
    lingering : mapping of (int or None) to (int, float)
        For each saddle that the run lingered at, by its index (None for w = 0), the number of steps and the time. Where
        it ends does not count.
    """

    outcome: str
    point: int | None
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
    kind : str
        ``"minimum"`` if at least one critical θ over the filter is one, else ``"saddle"`` or ``"degenerate"``, or
        ``"undecided"``; empty if the row is not for one filter.
    loss : float or None
        The loss there.
    runs : int
        Number of runs that ended there.
    visits : int
        Number of runs that lingered there and went on (not asked of minima).
    steps, time : float
        Mean number of steps and mean time that these runs lingered; 0 if there are none.
    """

    outcome: str
    point: int | None
    kind: str
    loss: float | None
    runs: int
    visits: int = 0
    steps: float = 0.0
    time: float = 0.0


@dataclass(frozen=True, eq=False, repr=False)
class BasinTable(Sequence[BasinRow]):
    """Where the runs went: a sequence of `BasinRow`, attained points by loss, then w = 0, then whatever else happened.

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
        if _zero_is_critical(self.result):
            rows.append(self._row("zero", None, _kind_of_zero(self.result), self.result.loss.constant))
        continua = {run.point for run in self.runs if run.outcome == "continuum" and run.point is not None}
        rows.extend(self._row("continuum", index, "", float(points[index].loss.real)) for index in sorted(continua))
        for outcome in ("zero residual", "unlisted", "unfinished", "diverged"):
            number = sum(run.outcome == outcome for run in self.runs)
            if number:
                rows.append(BasinRow(outcome, None, "", None, number))
        return tuple(rows)

    def _row(self, outcome: str, point: int | None, kind: str, loss: float) -> BasinRow:
        single = outcome != "continuum"
        stays = [run.lingering[point] for run in self.runs if single and point in run.lingering]
        steps, time = np.mean(stays, axis=0).tolist() if stays else (0.0, 0.0)
        number = sum(run.outcome == outcome and run.point == point for run in self.runs)
        return BasinRow(outcome, point, kind, loss, number, len(stays), steps, time)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    @property
    def accounted(self) -> bool:
        """Whether it is known of every run where it went: none is unlisted or unfinished."""
        return not any(run.outcome in ("unlisted", "unfinished") for run in self.runs)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with the fields of `BasinRow` as columns, and the share of all runs.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("to_frame needs pandas: pip install pandas") from None
        rows = self.rows
        return pd.DataFrame(
            {
                "outcome": [row.outcome for row in rows],
                "point": pd.array([row.point for row in rows], dtype="Int64"),
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
            "architecture": {"filters": architecture.filters, "strides": architecture.strides},
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

        from .files import write_atomically

        write_atomically(path, text)
        return None

    def __str__(self) -> str:
        arch = self.result.architecture
        lines = [
            f"BasinTable of k = {arch.filters}, s = {arch.strides}, seed {self.seed}: "
            f"{quantity(len(self.runs), 'run', 'runs')} of {describe_optimizer(self)}"
        ]
        for row in self.rows:
            if row.runs or row.visits:
                loss = "" if row.loss is None else f" of loss {row.loss:.7g}"
                stay = f", {row.visits} lingered (mean time {row.time:.3g})" if row.visits else ""
                lines.append(f"  {describe_place(row)}{loss}: {quantity(row.runs, 'run', 'runs')}{stay}")
        return "\n".join(lines)

    __repr__ = __str__


def descend(
    result: CriticalPoints,
    starts: int | Iterable[Any] = 100,
    *,
    seed: int = 0,
    init: float | str = 1.0,
    optimizer: str = "flow",
    learning_rate: float | None = None,
    max_steps: int | None = None,
    slow: float = 0.05,
) -> BasinTable:
    """Train from many starts, and say to which critical point each run goes and at which saddles it lingers.

    Parameters
    ----------
    result : CriticalPoints
        All critical points of the loss to train with.
    starts : int or iterable
        Number of random starts; or the starts themselves, each the layers (w_1, …, w_L) of a network or a PyTorch
        module, trained or not.
    seed : int
        The random starts come from it.
    init : float or "pytorch"
        Distribution of the random starts. A number σ: entries normal with variance (σ‖u‖^(1/L))² / k_l, so that a layer
        has the norm of one of a balanced network that computes the unconstrained solution u, times σ. Small σ start
        near w = 0. ``"pytorch"``: uniform between ±1/√k_l, as ``torch.nn.Conv1d`` does it.
    optimizer : "flow", "descent" or "adam"
        Gradient flow, the limit of gradient descent for small learning rates: an adaptive method of order three to
        relative accuracy 1e-4 a step; it needs the fewest steps and does not suffer from ill-conditioned data. Or
        gradient descent or Adam on all data at once, as in ``torch.optim``.
    learning_rate : float, optional
        Of gradient descent and Adam, for the sum of squared errors. By default 0.05 / (‖Σ‖ ‖u‖^(2 − 2/L)) and
        0.01 ‖u‖^(1/L).
    max_steps : int, optional
        By default 5000 for the flow and 10 000 else.
    slow : float
        A run lingers while the norm of its gradient is at most this fraction of 2 ‖b‖ ‖u‖^(1 − 1/L), the size it has at
        balanced layers of the size of the solution, and the nearest critical filter, in the norm of Σ, is not a
        minimum and nearer than ‖u‖/3. The nearest one is sought among the attained points and w = 0.

    Returns
    -------
    BasinTable

    Raises
    ------
    InputError
        If an argument is of the wrong type, shape or sign.

    Examples
    --------
    >>> import homotopy_lcn as hl
    >>> arch = hl.Architecture((2, 2), (2, 1))
    >>> result = hl.critical_points(arch, hl.SquaredLoss.white([3, 0, 0, 1]))
    >>> table = descend(result, starts=20)
    >>> sum(row.runs for row in table), table.accounted
    (20, True)
    >>> sorted({(row.kind, row.loss) for row in table if row.runs})
    [('minimum', 1.0)]
    """
    architecture = result.architecture
    if optimizer not in OPTIMIZERS:
        raise InputError(f"optimizer: {optimizer!r}; expected one of {', '.join(OPTIMIZERS)}")
    if learning_rate is not None and optimizer == "flow":
        raise InputError("learning_rate: given for gradient flow; expected it only with optimizer descent or adam")
    rate = None if learning_rate is None else _positive("learning_rate", learning_rate)
    limit = OPTIMIZERS[optimizer] if max_steps is None else _integer("max_steps", max_steps, 1)
    threshold = _positive("slow", slow)
    number = _integer("seed", seed, 0)
    scaled = ScaledLoss(architecture, result.loss)
    given = _starts(scaled, starts, init, np.random.default_rng([number, 2]))
    begin = given / scaled.parameter_unit

    method: Method
    if optimizer == "flow":
        method = Flow(len(begin))
    elif optimizer == "descent":
        rate = DEFAULT_RATE["descent"] * scaled.time_unit if rate is None else rate
        method = Descent(rate)
    else:
        rate = DEFAULT_RATE["adam"] * scaled.parameter_unit if rate is None else rate
        method = Adam(rate, *begin.shape)
    watch = _Watch(result, scaled, threshold, len(begin))
    training = _follow(scaled, begin, method, limit, watch)
    ends = training.positions
    settled, diverged = training.settled, training.diverged
    if optimizer != "flow":
        rest = np.flatnonzero(~diverged)
        finish = _follow(scaled, ends[rest], Flow(len(rest)), OPTIMIZERS["flow"])
        finals, arrived = ends.copy(), np.zeros(len(ends), dtype=bool)
        finals[rest], arrived[rest] = finish.positions, finish.settled
        diverged = diverged.copy()
        diverged[rest] = finish.diverged
    else:
        finals, arrived = ends, settled

    runs = []
    with np.errstate(all="ignore"):
        filters = scaled.filters(finals) * scaled.filter_unit
        losses = result.loss(scaled.filters(ends) * scaled.filter_unit)
    known = _known_filters(result)
    for i in range(len(begin)):
        outcome, point, distance = "diverged", None, None
        if not diverged[i]:
            outcome, point, distance = _identify(result, known, filters[i], scaled.filter_unit)
            outcome = outcome if arrived[i] else "unfinished"
        runs.append(
            Run(
                outcome=outcome,
                point=point if outcome in ("point", "continuum") else None,
                start=tuple(scaled.layers(given[i])),
                end=tuple(scaled.layers(ends[i] * scaled.parameter_unit)) if outcome != "diverged" else (),
                loss=float(losses[i]) if outcome != "diverged" else None,
                distance=distance,
                steps=int(training.steps[i]),
                time=float(training.times[i] * scaled.time_unit),
                settled=bool(settled[i]),
                lingering=watch.of_run(i, point if outcome == "point" else None if outcome == "zero" else NOWHERE),
            )
        )
    return BasinTable(result, optimizer, rate, number, tuple(runs))


def describe_optimizer(table: BasinTable) -> str:
    """The optimizer in words, as in "gradient descent, learning rate 0.01"."""
    name = {"flow": "gradient flow", "descent": "gradient descent", "adam": "Adam"}[table.optimizer]
    return name if table.learning_rate is None else f"{name}, learning rate {table.learning_rate:.3g}"


def describe_place(row: BasinRow) -> str:
    """What a row is about in words, as in "minimum, point 3"."""
    if row.outcome == "point":
        return f"{row.kind}, point {row.point}"
    if row.outcome == "continuum":
        return f"continuum that point {row.point} stands for"
    return {
        "zero": f"w = 0, {row.kind}",
        "zero residual": "filters of residual zero",
        "unlisted": "settled at no listed point",
        "unfinished": "not settled within the allowed steps",
        "diverged": "diverged",
    }[row.outcome]


@dataclass
class _Training:
    """What came of all runs, in scaled units."""

    positions: NDArray[np.float64]
    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    settled: NDArray[np.bool_]
    diverged: NDArray[np.bool_]


class _Watch:
    """Notes at which saddles the runs linger, and for how long."""

    def __init__(self, result: CriticalPoints, scaled: ScaledLoss, slow: float, count: int) -> None:
        self._scaled = scaled
        self._limit = slow * scaled.reference_gradient
        self._reach = NEAR**2 * float(scaled.b @ result.loss.target) / scaled.filter_unit
        # An undecided point may be attained.
        indices = [index for index, point in enumerate(result.points) if point.real and point.attained is not False]
        self._places: list[int | None] = [*indices]
        minimum = [result.points[index].minimum for index in indices]
        filters = [result.points[index].filter.real / scaled.filter_unit for index in indices]
        if _zero_is_critical(result):
            self._places.append(None)
            minimum.append(_kind_of_zero(result) == "minimum")
            filters.append(np.zeros(result.architecture.filter_size))
        self._minimum = np.array(minimum, dtype=bool)
        self._filters = np.array(filters).reshape(len(filters), result.architecture.filter_size)
        self._steps = np.zeros((count, len(filters)), dtype=np.int64)
        self._times = np.zeros((count, len(filters)))

    def __call__(self, runs: NDArray[np.int64], positions: Any, gradients: Any, times: Any) -> None:
        lingering = (gradients <= self._limit) & (times > 0)
        if not lingering.any() or not len(self._places):
            return
        rows = runs[lingering]
        moves = self._scaled.filters(positions[lingering])[:, None] - self._filters
        distances = np.einsum("pck,kl,pcl->pc", moves, self._scaled.gram, moves)
        nearest = distances.argmin(axis=1)
        at_saddle = ~self._minimum[nearest] & (distances.min(axis=1) <= self._reach)
        self._steps[rows[at_saddle], nearest[at_saddle]] += 1
        self._times[rows[at_saddle], nearest[at_saddle]] += times[lingering][at_saddle]

    def of_run(self, run: int, end: int | None) -> dict[int | None, tuple[int, float]]:
        """The places where a run lingered, other than its end, with steps and time."""
        return {
            self._places[place]: (int(self._steps[run, place]), float(self._times[run, place] * self._scaled.time_unit))
            for place in np.flatnonzero(self._steps[run]).tolist()
            if self._places[place] != end
        }


def _follow(
    scaled: ScaledLoss, begin: NDArray[np.float64], method: Method, max_steps: int, watch: _Watch | None = None
) -> _Training:
    """Let all runs go until they settle, diverge, or have used up their steps."""
    count = len(begin)
    state = _Training(begin.copy(), np.zeros(count, int), np.zeros(count), np.zeros(count, bool), np.zeros(count, bool))
    active = np.arange(count)
    with np.errstate(all="ignore"):
        for step in range(max_steps + 1):
            if not active.size:
                break
            before = state.positions[active]
            move = method.step(scaled, before, active)
            state.settled[active] = move.settled
            if step == max_steps:
                break
            going = ~move.settled
            active, before = active[going], before[going]
            times, positions = move.times[going], move.positions[going]
            if watch is not None:
                watch(active, before, move.gradients[going], times)
            state.steps[active] += 1
            state.times[active] += times
            size = np.linalg.norm(positions, axis=1)
            bounded = size <= DIVERGED
            state.diverged[active] = ~bounded
            active = active[bounded]
            state.positions[active] = positions[bounded]
    return state


def _starts(
    scaled: ScaledLoss, starts: int | Iterable[Any], init: float | str, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Starting positions (runs, Σ k_l), in the units of the data."""
    architecture = scaled.architecture
    if isinstance(starts, Integral):
        count = _integer("starts", starts, 1)
        sizes = np.repeat(architecture.filters, architecture.filters)
        if init == "pytorch":
            return rng.uniform(-1, 1, size=(count, len(sizes))) / np.sqrt(sizes)
        if isinstance(init, str):
            raise InputError(f"init: {init!r}; expected a positive number or 'pytorch'")
        deviations = _positive("init", init) * scaled.parameter_unit / np.sqrt(sizes)
        return deviations * rng.standard_normal((count, len(sizes)))
    if isinstance(starts, str | bytes) or not isinstance(starts, Iterable):
        raise InputError(f"starts: {starts!r}; expected a number of starts, or a list of parameters or modules")
    rows = [_layers_of(architecture, start, f"starts[{i}]") for i, start in enumerate(starts)]
    if not rows:
        raise InputError("starts: empty; expected at least one start")
    return np.array([np.concatenate(row) for row in rows])


def _layers_of(architecture: Architecture, start: Any, name: str) -> list[NDArray[np.float64]]:
    if hasattr(start, "named_parameters"):
        from .pytorch import parameters_from_torch

        return parameters_from_torch(start, architecture, name)
    expected = f"expected layers of sizes {', '.join(map(str, architecture.filters))}"
    try:
        layers = [np.asarray(w) for w in start]
    except (TypeError, ValueError):
        raise InputError(f"{name}: not a sequence of layers; {expected}") from None
    sizes = [w.shape for w in layers]
    if sizes != [(k,) for k in architecture.filters] or any(w.dtype.kind not in "biuf" for w in layers):
        raise InputError(f"{name}: layers of shapes {sizes}; {expected}, real")
    if not all(np.isfinite(value) for value in chain(*layers)):
        raise InputError(f"{name}: holds a number that is not finite; expected finite numbers")
    return [np.asarray(w, dtype=np.float64) for w in layers]


def _known_filters(result: CriticalPoints) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Indices and filters (P, K) of the real points."""
    indices = np.array([index for index, point in enumerate(result.points) if point.real], dtype=np.int64)
    filters = np.array([result.points[index].filter.real for index in indices])
    return indices, filters.reshape(len(indices), result.architecture.filter_size)


def _identify(
    result: CriticalPoints,
    known: tuple[NDArray[np.int64], NDArray[np.float64]],
    filter_: NDArray[np.float64],
    unit: float,
) -> tuple[str, int | None, float | None]:
    """Which critical point a filter is: the outcome, the index, and the distance to the nearest real point."""
    indices, filters = known
    index, distance = None, None
    if len(indices):
        distances = np.linalg.norm(filters - filter_, axis=1)
        distances /= np.maximum(np.linalg.norm(filters, axis=1), np.finfo(float).tiny)
        nearest = int(distances.argmin())
        index, distance = int(indices[nearest]), float(distances[nearest])
        point = result.points[index]
        degenerate = "degenerate" in point.kinds or not point.nonsingular
        if distance <= (NEAR_DEGENERATE if degenerate else SAME_FILTER):
            return "point", index, distance
    if _zero_is_critical(result):
        degenerate = _kind_of_zero(result) != "saddle"
        if np.linalg.norm(filter_) <= (NEAR_DEGENERATE if degenerate else SAME_FILTER) * unit:
            return "zero", None, distance
    loss = result.loss
    residual = np.linalg.norm(loss.gram @ filter_ - loss.b)
    if result.zero_residual is not None and residual <= SAME_LOSS * np.linalg.norm(loss.b):
        return "zero residual", None, distance
    value = float(loss(filter_))
    scale = SAME_LOSS * (abs(loss.constant) + abs(loss.constant - value))
    for candidate, point in enumerate(result.points):
        if not point.isolated and abs(point.loss - value) <= scale:
            return "continuum", candidate, distance
    return "unlisted", None, distance


def _zero_is_critical(result: CriticalPoints) -> bool:
    return result.architecture.depth > 1 or not result.loss.b.any()


def _kind_of_zero(result: CriticalPoints) -> str:
    """The kind of θ = 0 if w = 0 is critical.

    The Hessian there is zero for three layers or more; for two, its off-diagonal block holds the entries of b.
    """
    architecture = result.architecture
    reached = np.zeros(1, dtype=int)
    for k, dilation in zip(architecture.filters, architecture.dilations, strict=True):
        reached = np.unique(np.add.outer(reached, dilation * np.arange(k)))
    if not result.loss.b[reached].any():
        return "minimum"
    return "saddle" if architecture.depth == 2 else "degenerate"


def _kind(kinds: Sequence[str | None]) -> str:
    return next((kind for kind in ("minimum", "saddle", "degenerate") if kind in kinds), "undecided")


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < float("inf"):
        raise InputError(f"{name}: {value!r}; expected a positive number")
    return float(value)


def _integer(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name}: {value!r}; expected an integer, at least {least}")
    return int(value)
