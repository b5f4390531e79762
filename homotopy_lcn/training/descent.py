"""Training from many random starts: to which of the listed critical points does each run go, and where does it linger?

As the list of critical points is complete, the answer is definite: a run that converges has converged to a point of the
list, or of a continuum of the list. So a basin table says how often each minimum is reached, and which saddles slow
training down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, check_integer
from ..networks.architecture import Architecture
from ..results.result import CriticalPoints
from .basins import BasinRow, BasinTable, Run, kind_of_zero, zero_is_critical
from .optimizers import Adam, Descent, Flow, Method, ScaledLoss
from .tolerances import ARRIVAL, MOST_STARTS, MOST_STEPS_OF_RUN, MOST_WATCHED

__all__ = ["OPTIMIZERS", "BasinRow", "BasinTable", "Options", "Run", "check_starts", "descend"]

#: The optimizers, and the number of steps after which a run is given up if the caller does not say otherwise.
OPTIMIZERS = {"flow": 5000, "descent": 10_000, "adam": 10_000}
#: Learning rates if the caller gives none. The unit of gradient descent is the inverse of the curvature at the scale of
#: the solution, the unit of Adam the size of the layers.
DEFAULT_RATE = {"descent": 0.05, "adam": 0.01}
#: Stands for the end of a run that is at no critical filter.
NOWHERE = -1


@dataclass(frozen=True)
class Options:
    """How to train: the arguments of `descend` of these names, checked.

    Raises
    ------
    InputError
        If an option is of the wrong type or sign, or does not go with another option.
    """

    init: float | str = 1.0
    optimizer: str = "flow"
    learning_rate: float | None = None
    max_steps: int | None = None
    slow: float = 0.05

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise InputError(f"optimizer: {self.optimizer!r}; expected one of {', '.join(OPTIMIZERS)}")
        if isinstance(self.init, str):
            if self.init != "pytorch":
                raise InputError(f"init: {self.init!r}; expected a positive number or 'pytorch'")
        else:
            _positive("init", self.init)
        if self.learning_rate is not None:
            if self.optimizer == "flow":
                raise InputError("learning_rate: given for gradient flow; expected only with optimizer descent or adam")
            _positive("learning_rate", self.learning_rate)
        if self.max_steps is not None:
            check_integer("max_steps", self.max_steps, 1, MOST_STEPS_OF_RUN)
        _positive("slow", self.slow)

    @property
    def limit(self) -> int:
        """The number of steps after which a run is given up."""
        return OPTIMIZERS[self.optimizer] if self.max_steps is None else int(self.max_steps)

    def rate(self, scaled: ScaledLoss) -> float | None:
        """The learning rate in the units of the data; None for gradient flow."""
        if self.optimizer == "flow":
            return None
        if self.learning_rate is not None:
            return float(self.learning_rate)
        unit = scaled.time_unit if self.optimizer == "descent" else scaled.parameter_unit
        return DEFAULT_RATE[self.optimizer] * unit


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

    There are eight parameters, as users give each of the options by name, as they do in ``torch.optim``.

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
        has σ times the norm of a layer of a balanced network that computes the unconstrained solution u. Runs with
        small σ start near w = 0. ``"pytorch"``: uniform between ±1/√k_l, as ``torch.nn.Conv1d`` draws its weights.
    optimizer : "flow", "descent" or "adam"
        Gradient flow, the limit of gradient descent for small learning rates, is followed by an adaptive method of
        order three with relative accuracy 1e-4 a step. The flow needs the fewest steps and does not suffer from
        ill-conditioned data. Gradient descent and Adam use all data at once, as in ``torch.optim``.
    learning_rate : float, optional
        Of gradient descent and Adam, for the sum of squared errors. By default 0.05 / (‖Σ‖ ‖u‖^(2 − 2/L)) and
        0.01 ‖u‖^(1/L).
    max_steps : int, optional
        By default 5000 for the flow and 10 000 else.
    slow : float
        A run lingers while two conditions hold. The norm of its gradient is at most this fraction of
        2 ‖b‖ ‖u‖^(1 − 1/L), the size of the gradient at balanced layers of the size of the solution. The nearest
        critical filter in the norm of Σ, among the attained points and w = 0, is no minimum and is nearer than ‖u‖/3.

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
    options = Options(init, optimizer, learning_rate, max_steps, slow)
    number = check_integer("seed", seed, 0)
    if isinstance(starts, Integral):
        _check_memory(check_starts(starts), result)
    scaled = ScaledLoss(result.architecture, result.loss)
    given = _starts(scaled, starts, init, np.random.default_rng([number, 2]))
    begin = given / scaled.parameter_unit
    rate = options.rate(scaled)
    watch = _Watch(result, scaled, slow, len(begin))
    ended = _follow(scaled, begin, _method(optimizer, rate, begin), options.limit, watch)
    arrived = ended if optimizer == "flow" else _followed_on(scaled, ended)
    return BasinTable(result, optimizer, rate, number, _runs(watch, given, ended, arrived))


def check_starts(starts: object) -> int:
    """The number of random starts, or InputError if it is out of range."""
    return check_integer("starts", starts, 1, MOST_STARTS)


def _check_memory(count: int, result: CriticalPoints) -> None:
    """Raise InputError if what is noted about the runs would fill the memory."""
    places = 1 + sum(point.real and point.attained is not False for point in result.points)
    if count * places > MOST_WATCHED:
        raise InputError(
            f"starts: {count} runs beside {places} critical filters take {16 * count * places / 1e9:.1f} GB; expected "
            f"at most {MOST_WATCHED // places} starts"
        )


def _method(optimizer: str, rate: float | None, begin: NDArray[np.float64]) -> Method:
    if rate is None:
        return Flow(len(begin))
    return Descent(rate) if optimizer == "descent" else Adam(rate, *begin.shape)


@dataclass
class _Training:
    """The states of all runs, in scaled units."""

    positions: NDArray[np.float64]
    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    settled: NDArray[np.bool_]
    diverged: NDArray[np.bool_]


class _Watch:
    """Notes at which saddles the runs linger, and for how long."""

    def __init__(self, result: CriticalPoints, scaled: ScaledLoss, slow: float, count: int) -> None:
        self.result = result
        self.scaled = scaled
        self._limit = slow * scaled.reference_gradient
        self._reach = ARRIVAL.reach**2 * float(scaled.b @ result.loss.target) / scaled.filter_unit
        # An undecided point may be attained.
        indices = [index for index, point in enumerate(result.points) if point.real and point.attained is not False]
        self._places: list[int | None] = [*indices]
        minimum = [result.points[index].minimum for index in indices]
        filters = [result.points[index].filter.real / scaled.filter_unit for index in indices]
        if zero_is_critical(result):
            self._places.append(None)
            minimum.append(kind_of_zero(result) == "minimum")
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
        moves = self.scaled.filters(positions[lingering])[:, None] - self._filters
        distances = np.einsum("pck,kl,pcl->pc", moves, self.scaled.gram, moves)
        nearest = distances.argmin(axis=1)
        at_saddle = ~self._minimum[nearest] & (distances.min(axis=1) <= self._reach)
        self._steps[rows[at_saddle], nearest[at_saddle]] += 1
        self._times[rows[at_saddle], nearest[at_saddle]] += times[lingering][at_saddle]

    def of_run(self, run: int, end: int | None) -> dict[int | None, tuple[int, float]]:
        """The places where a run lingered, other than its end, with steps and time."""
        return {
            self._places[place]: (int(self._steps[run, place]), float(self._times[run, place] * self.scaled.time_unit))
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
            bounded = size <= ARRIVAL.diverged
            state.diverged[active] = ~bounded
            active = active[bounded]
            state.positions[active] = positions[bounded]
    return state


def _followed_on(scaled: ScaledLoss, ended: _Training) -> _Training:
    """Where gradient flow leads from the ends of the runs."""
    bounded = np.flatnonzero(~ended.diverged)
    flowed = _follow(scaled, ended.positions[bounded], Flow(len(bounded)), OPTIMIZERS["flow"])
    result = replace(
        ended, positions=ended.positions.copy(), settled=np.zeros_like(ended.settled), diverged=ended.diverged.copy()
    )
    result.positions[bounded] = flowed.positions
    result.settled[bounded] = flowed.settled
    result.diverged[bounded] = flowed.diverged
    return result


def _starts(
    scaled: ScaledLoss, starts: int | Iterable[Any], init: float | str, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Starting positions (runs, Σ k_l), in the units of the data."""
    architecture = scaled.architecture
    if isinstance(starts, Integral):
        count = check_starts(starts)
        sizes = np.repeat(architecture.layer_sizes, architecture.layer_sizes)
        if init == "pytorch":
            return rng.uniform(-1, 1, size=(count, len(sizes))) / np.sqrt(sizes)
        deviations = float(init) * scaled.parameter_unit / np.sqrt(sizes)
        return deviations * rng.standard_normal((count, len(sizes)))
    if isinstance(starts, str | bytes) or not isinstance(starts, Iterable):
        raise InputError(f"starts: {starts!r}; expected a number of starts, or a list of parameters or modules")
    rows = [_layers_of(architecture, start, f"starts[{i}]") for i, start in enumerate(starts)]
    if not rows:
        raise InputError("starts: empty; expected at least one start")
    return np.array([np.concatenate(row) for row in rows])


def _layers_of(architecture: Architecture, start: Any, name: str) -> list[NDArray[np.float64]]:
    if hasattr(start, "named_parameters"):
        from ..interchange.pytorch import parameters_from_torch

        return parameters_from_torch(start, architecture, name)
    expected = f"expected layers of sizes {', '.join(map(str, architecture.layer_sizes))}"
    try:
        layers = [np.asarray(w) for w in start]
    except (TypeError, ValueError):
        raise InputError(f"{name}: not a sequence of layers; {expected}") from None
    sizes = [w.shape for w in layers]
    if sizes != [(k,) for k in architecture.layer_sizes] or any(w.dtype.kind not in "biuf" for w in layers):
        raise InputError(f"{name}: layers of shapes {sizes}; {expected}, real")
    if not all(np.isfinite(value) for value in chain(*layers)):
        raise InputError(f"{name}: holds a number that is not finite; expected finite numbers")
    return [np.asarray(w, dtype=np.float64) for w in layers]


def _runs(watch: _Watch, given: NDArray[np.float64], ended: _Training, arrived: _Training) -> tuple[Run, ...]:
    """The records of the runs: where the optimizer ended, and where gradient flow arrives from there."""
    result, scaled = watch.result, watch.scaled
    known = _known_filters(result)
    runs = []
    for i in range(len(given)):
        outcome, place, distance, loss = "diverged", None, None, None
        layers: list[NDArray[np.float64]] = []
        if not arrived.diverged[i]:
            filter_ = scaled.filters(arrived.positions[i]) * scaled.filter_unit
            outcome, place, distance = _identify(result, known, filter_, scaled.filter_unit)
            outcome = outcome if arrived.settled[i] else "unfinished"
            layers = scaled.layers(ended.positions[i] * scaled.parameter_unit)
            loss = float(result.loss(scaled.filters(ended.positions[i]) * scaled.filter_unit))
        end = place if outcome == "point" else None if outcome == "zero" else NOWHERE
        runs.append(
            Run(
                outcome=outcome,
                point=place if outcome == "point" else None,
                continuum=place if outcome == "continuum" else None,
                start=tuple(scaled.layers(given[i])),
                end=tuple(layers),
                loss=loss,
                distance=distance,
                steps=int(ended.steps[i]),
                time=float(ended.times[i] * scaled.time_unit),
                settled=bool(ended.settled[i]),
                lingering=watch.of_run(i, end),
            )
        )
    return tuple(runs)


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
    """What a critical filter is: the outcome, the index of the point or continuum, and the distance to a real point."""
    indices, filters = known
    index, distance = None, None
    if len(indices):
        distances = np.linalg.norm(filters - filter_, axis=1)
        distances /= np.maximum(np.linalg.norm(filters, axis=1), np.finfo(float).tiny)
        nearest = int(distances.argmin())
        index, distance = int(indices[nearest]), float(distances[nearest])
        point = result.points[index]
        degenerate = "degenerate" in point.kinds or not point.nonsingular
        if distance <= (ARRIVAL.same_degenerate if degenerate else ARRIVAL.same_filter):
            return "point", index, distance
    if zero_is_critical(result):
        degenerate = kind_of_zero(result) != "saddle"
        if np.linalg.norm(filter_) <= (ARRIVAL.same_degenerate if degenerate else ARRIVAL.same_filter) * unit:
            return "zero", None, distance
    continuum = _continuum_at(result, filter_)
    if continuum is not None:
        return "continuum", continuum, distance
    loss = result.loss
    residual = np.linalg.norm(loss.gram @ filter_ - loss.b)
    if result.zero_residual is not None and residual <= ARRIVAL.same_loss * np.linalg.norm(loss.b):
        return "zero residual", None, distance
    return "unlisted", None, distance


def _continuum_at(result: CriticalPoints, filter_: NDArray[np.float64]) -> int | None:
    """The index of the continuum that a critical filter lies on: of those with its loss, the one with a point nearest.

    A continuum of critical filters has one loss, and may reach far from the points that stand for it.
    """
    value = float(result.loss(filter_))
    scale = ARRIVAL.same_loss * (abs(result.loss.constant) + abs(result.loss.constant - value))
    distances = {
        number: min(float(np.linalg.norm(point.filter - filter_)) for point in part.points)
        for number, part in enumerate(result.continua)
        if part.real is not False and part.points and abs(part.loss - value) <= scale
    }
    return min(distances, key=lambda number: distances[number], default=None)


def _positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < float("inf"):
        raise InputError(f"{name}: {value!r}; expected a positive number")
