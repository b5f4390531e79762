"""Counts of the critical points of many random data sets of one architecture: a table with one row for each draw.

The paths of many draws are tracked together and their real ends are classified together. A draw is settled that way
only if nothing about the draw is in doubt: all paths arrive, no two ends are near each other, and a wide margin tells
real ends from complex ends and each answer from its opposite. Then the generic number of distinct critical points has
been found, as in `critical_points`, along the same paths. All other draws are solved by `critical_points`, one by one.
A draw that `critical_points` leaves incomplete has a row, too, which is marked as incomplete.

Draws are computed in cells of a fixed size at fixed places, also where only a part of a cell is asked for. So a row
does not depend, to the last bit, on the other draws of the survey or on how it is shared out.

`solve_each` solves the data sets of ``solve --random`` instead, all of them one by one: it classifies the complex
filters, too, and it does not compute a whole cell for a few data sets.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..classification.plain_points import COUNTS, PlainCounts
from ..classification.rules import Classified, classify_real
from ..classification.stratum_problem import StratumProblem
from ..equations.critical_equations import Data
from ..equations.restriction import whole_filters, with_real_factors
from ..errors import InputError
from ..losses.data_models import DataModel, Moments, draw_moments
from ..losses.random_data import random_gaussian, random_loss_seed, random_white
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, generic_count
from ..networks.support_networks import SupportNetwork
from ..results.result import CriticalPoints
from ..solving.solve import critical_points
from ..solving.start_systems import StartSystems, shared_start_systems
from ..tracking import Engine, TrackerOptions, get_engine, track_many
from ..tracking.refinement import filters_of, gradient_residuals
from .compiled import count_together
from .starts import Start, are_regular, eigenvalues, prepare, stratum_moments
from .support_draws import SupportCounts, count_supports
from .tolerances import SURVEYS

__all__ = [
    "COLUMNS",
    "FURTHER_COLUMNS",
    "cell_size",
    "columns",
    "concatenated",
    "counts_of",
    "empty_table",
    "saddle_columns",
    "solve_draws",
    "solve_each",
]

Table = dict[str, NDArray[Any]]


#: The counts of each draw, and their meaning. All but the continua count isolated filters. In addition, ``saddles_i``
#: is the number of real critical θ (up to scaling) with i negative Hessian eigenvalues.
COLUMNS = {
    "complete": "whether every critical point of the generic number is accounted for",
    "missing": "critical points neither found nor accounted for",
    "found": "complex critical filters found",
    "at_infinity": "paths to infinity",
    "singular": "paths to finite singular ends",
    "origin": "paths to w = 0",
    "continua": "continua of critical filters",
    "real_continua": "those with real filters",
    "real": "real critical filters",
    "real_pure": "pure ones of these: the real ED degree",
    "in_function_space": "real critical filters in M",
    "attained": "attained filters: with a real critical θ",
    "real_parameters": "real critical θ up to scaling",
    "interior": "attained, in the interior of M",
    "boundary": "attained, on the boundary of M",
    "smooth": "attained, smooth in the Zariski closure of M",
    "minima": "attained, with a local minimum over them",
    "spurious_minima": "spurious (not pure) ones of these minima",
    "degenerate": "real critical θ with a zero Hessian eigenvalue",
    "undecided": "real filters with a question left open",
    "global_minimum_pure": "whether the global minimum is pure: 1 yes, 0 no, −1 not established",
    "least_loss": "the loss at the global minimum; NaN if it is not established",
}
#: The further counts of `solve_each`.
FURTHER_COLUMNS = {
    "pure": "pure complex critical filters found",
    "spurious": "spurious (not pure) complex critical filters found",
    "not_smooth": "critical filters, complex ones too, that are singular points of the Zariski closure of M",
    "attained_undecided": "attained filters that may be interior or on the boundary, or smooth or not",
}


def saddle_columns(architectures: Sequence[Architecture]) -> list[str]:
    """The names of the columns of saddles by index. The index of a critical θ is below the dimension of M."""
    return [f"saddles_{index}" for index in range(1, max(arch.dimension for arch in architectures))]


def columns(architectures: Sequence[Architecture]) -> list[str]:
    """The names of all columns of a survey, the number of the draw first."""
    return ["draw", *COLUMNS, *saddle_columns(architectures)]


@lru_cache(maxsize=1024)
def cell_size(arch: Architecture) -> int:
    """How many draws are computed together: a power of two that depends on the architecture only."""
    return int(
        2 ** max(0, (SURVEYS.cell_paths // max(SURVEYS.least_paths, generic_count(arch).filters)).bit_length() - 1)
    )


def solve_draws(
    arch: Architecture,
    model: DataModel,
    seed: int,
    draws: range,
    *,
    engine: str | Engine = "auto",
    indices: int | None = None,
) -> Table:
    """Count the critical points of each of some draws.

    Parameters
    ----------
    arch : Architecture
    model : DataModel
    seed : int
    draws : range
    engine : str or Engine
    indices : int, optional
        Number of columns of saddles, by default as many as the architecture can have.

    Returns
    -------
    dict of arrays
        One entry a draw in each; see `COLUMNS`.

    Raises
    ------
    InputError, IncompleteStartSystem
        As `prepare`.
    """
    chosen = get_engine(engine)
    systems = shared_start_systems()
    model.check(arch)
    inner = arch.one_dimensional or arch if isinstance(arch, SupportNetwork) else arch
    starts = prepare(inner, model, chosen, start_systems=systems)
    size = cell_size(arch) if hasattr(chosen, "track_many") else 1
    wide = arch.dimension - 1 if indices is None else indices
    parts = []
    for cell in range(draws.start // size, -(-draws.stop // size)):
        first = cell * size
        wanted = np.arange(max(first, draws.start), min(first + size, draws.stop)) - first
        if starts is None:
            moments = draw_moments(model, arch, seed, range(first + int(wanted[0]), first + int(wanted[-1]) + 1))
            together, settled = empty_table(len(wanted), wide), np.zeros(len(wanted), dtype=bool)
            rows = np.arange(len(wanted))
        else:
            moments = draw_moments(model, arch, seed, range(first, first + size))
            together, settled = _solve_together(inner, starts, moments, chosen, wide)
            rows = wanted
        for row in rows[~settled[rows]].tolist():
            _enter(together, row, _solve_alone(arch, moments.loss(row), seed, chosen, systems))
        parts.append({"draw": first + wanted, **{name: column[rows] for name, column in together.items()}})
    return concatenated(parts) if parts else {"draw": np.empty(0, np.int64), **empty_table(0, wide)}


def solve_each(arch: Architecture, seed: int, draws: range, *, white: bool = False) -> Table:
    """Count the critical points of each of some data sets of ``solve --random``, solved one by one.

    Parameters
    ----------
    arch : Architecture
    seed : int
        Draw d is the data set of ``random_loss_seed(seed, d)``, and all random choices of its solve come from the seed.
    draws : range
    white : bool
        Gram matrix I and a standard normal target, instead of independent standard normal X (4K, K) and Y (4K, 1).

    Returns
    -------
    dict of arrays
        One entry a draw in each; see `COLUMNS` and `FURTHER_COLUMNS`.

    Raises
    ------
    InputError, IncompleteStartSystem
        As `critical_points`.

    Examples
    --------
    >>> table = solve_each(Architecture((3, 2), (2, 1)), 0, range(5))
    >>> table["found"].tolist(), table["complete"].tolist().count(True), table["boundary"].tolist().count(0)
    ([10, 10, 10, 10, 10], 5, 5)
    """
    table = empty_table(len(draws), arch.dimension - 1, FURTHER_COLUMNS)
    for row, draw in enumerate(draws):
        generator = np.random.default_rng(random_loss_seed(seed, draw))
        loss = (random_white if white else random_gaussian)(arch, generator).loss
        _enter(table, row, counts_of(critical_points(arch, loss, seed=seed)))
    return {"draw": np.array(draws, dtype=np.int64), **table}


def concatenated(parts: Sequence[Table]) -> Table:
    """Tables one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def empty_table(count: int, indices: int, further: Iterable[str] = ()) -> Table:
    """Columns for some draws, with columns of saddles up to an index, in which nothing is counted."""
    names = [*COLUMNS, *further, *(f"saddles_{index}" for index in range(1, indices + 1))]
    table: Table = {name: np.zeros(count, dtype=np.int32) for name in names}
    table["complete"] = np.zeros(count, dtype=bool)
    table["global_minimum_pure"] = np.full(count, -1, dtype=np.int8)
    table["least_loss"] = np.full(count, np.nan)
    return table


def _enter(table: Table, row: int, counts: Mapping[str, Any]) -> None:
    """Enter the counts that the table has columns for."""
    for name, value in counts.items():
        if name in table:
            table[name][row] = value


def _solve_together(
    arch: Architecture, starts: Sequence[Start], moments: Moments, engine: Engine, indices: int
) -> tuple[Table, NDArray[np.bool_]]:
    """A table with the draws that can be settled together, and a mask of these draws; the other rows are empty."""
    values = eigenvalues(moments, arch.support)
    settled = are_regular(arch, moments, values)
    rows = np.flatnonzero(settled)
    if len(rows):
        part = moments if len(rows) == len(settled) else Moments(*(column[rows] for column in moments))
        if isinstance(arch, SupportNetwork):
            counted = count_supports(arch, starts[0], part, values[rows], engine)
            return _table_of_supports(counted, generic_count(arch), moments.constant, rows, indices)
        found = count_together(arch, starts, part, values[rows], engine, indices)
        if found is not None:
            settled[rows] = found.settled
            return _table_of(found, starts, settled, rows, indices), settled
    if isinstance(arch, SupportNetwork):
        return empty_table(len(settled), indices), settled
    return _solve_in_arrays(arch, starts, moments, values, settled, engine, indices)


def _table_of(
    found: PlainCounts, starts: Sequence[Start], settled: NDArray[np.bool_], rows: NDArray[np.int64], indices: int
) -> Table:
    """The table of the settled ones of the draws in ``rows``."""
    table = empty_table(len(settled), indices)
    chosen, counts = rows[found.settled], found.counts[found.settled]
    for name, column in zip(COUNTS, counts.T, strict=False):
        table[name][chosen] = column
    for index, column in enumerate(counts.T[len(COUNTS) :], start=1):
        table[f"saddles_{index}"][chosen] = column
    table["boundary"] = table["attained"] - table["interior"]
    table["smooth"] = table["attained"].copy()
    for name, total in (
        ("found", sum(len(start.system.points) for start in starts)),
        ("at_infinity", sum(start.lost for start in starts)),
        ("origin", sum(start.origin for start in starts)),
    ):
        table[name][chosen] = total
    table["complete"][chosen] = True
    known = np.isfinite(found.losses) & found.settled
    table["least_loss"][rows[known]] = found.losses[known]
    table["global_minimum_pure"][rows[known]] = found.pure[known]
    return table


def _table_of_supports(
    counted: SupportCounts, counts: CountTable, constant: Real, rows: NDArray[np.int64], indices: int
) -> tuple[Table, NDArray[np.bool_]]:
    """The table of the settled ones of the draws in ``rows``, and a mask of these draws."""
    count = len(constant)
    table, settled = empty_table(count, indices), np.zeros(count, dtype=bool)
    settled[rows[counted.settled]] = True
    found, owners = counted.found, rows[counted.owners]
    _count(table, found, owners, counted.pure)
    lowest = found.attained
    settled &= ~_enter_global_minimum(table, constant, found.losses[lowest], owners[lowest], counted.pure[lowest])
    table["complete"][:] = True
    table["found"][:] = counts.filters
    return _settled_part(table, settled, indices), settled


def _settled_part(table: Table, settled: NDArray[np.bool_], indices: int) -> Table:
    """The table with empty rows for the draws that are not settled."""
    for name, column in empty_table(len(settled), indices).items():
        table[name][~settled] = column[~settled]
    return table


def _solve_in_arrays(
    arch: Architecture,
    starts: Sequence[Start],
    moments: Moments,
    values: Real,
    settled: NDArray[np.bool_],
    engine: Engine,
    indices: int,
) -> tuple[Table, NDArray[np.bool_]]:
    """The same without compiled code, for the draws in ``settled``."""
    count = len(moments.constant)
    table = empty_table(count, indices)
    settled = settled.copy()
    filters: list[Complex] = []
    minima = []
    for start in starts:
        ends = _ends(arch, start, moments, values, settled, engine)
        filters.append(np.zeros((count, len(start.system.points), arch.filter_size), complex))
        filters[-1][settled] = ends.filters.reshape(-1, *filters[-1].shape[1:])
        settled &= np.bincount(ends.owners, ~ends.clear, minlength=count) == 0
        settled &= np.bincount(ends.owners, ~ends.real, minlength=count) % 2 == 0
        chosen = np.flatnonzero(ends.real & settled[ends.owners])
        owners = ends.owners[chosen]
        problem = StratumProblem(
            arch, start.embedding, start.row.pattern, moments.gram[owners], moments.b[owners], moments.constant[owners]
        )
        found = classify_real(problem, ends.coordinates[chosen], ends.filters[chosen].real)
        settled &= np.bincount(owners, found.doubtful, minlength=count) == 0
        pure = np.full(len(owners), start.row.pure)
        _count(table, found, owners, pure)
        table["found"] += len(start.system.points)
        table["at_infinity"] += start.lost
        table["origin"] += start.origin
        lowest = found.attained
        minima.append((found.losses[lowest], owners[lowest], pure[lowest]))
    settled &= ~_near_coincidences(np.concatenate(filters, axis=1), settled)
    settled &= ~_enter_global_minimum(table, moments.constant, *map(np.concatenate, zip(*minima, strict=True)))
    table["complete"][:] = True
    return _settled_part(table, settled, indices), settled


class _Ends(NamedTuple):
    """The ends of P paths of one stratum.

    Attributes
    ----------
    owners : (P,) integer array
        The draw of each path.
    filters : (P, K) complex array
    real : (P,) bool array
    coordinates : (P, coordinates) float array
        The coordinates of the real ends.
    clear : (P,) bool array
        Whether it is beyond doubt that the end is a critical point, and that ``real`` is right.
    """

    owners: NDArray[np.int64]
    filters: Complex
    real: NDArray[np.bool_]
    coordinates: Real
    clear: NDArray[np.bool_]


def _ends(
    arch: Architecture, start: Start, moments: Moments, values: Real, settled: NDArray[np.bool_], engine: Engine
) -> _Ends:
    """Track all paths of the draws that are not given up yet, and examine the ends of the paths."""
    rows = np.flatnonzero(settled)
    data, scales = stratum_moments(arch, Moments(*(column[rows] for column in moments)), start.embedding, values[rows])
    targets = [Data(gram, b) for gram, b in zip(data.gram, data.b, strict=True)]
    result = track_many(engine, start.stratum, start.system.points, start.system.data, targets, TrackerOptions())
    clear = result.success & (result.errors <= SURVEYS.accurate) & np.isfinite(result.points).all(axis=1)
    points = np.where(clear[:, None], result.points, 1.0)
    places = np.repeat(np.arange(len(rows)), len(start.system.points))
    filters = filters_of(start.stratum, points)
    clear &= gradient_residuals(start.stratum, points, filters, data.gram[places], data.b[places]) <= SURVEYS.critical
    points[:, 0] *= scales[places]
    filters = whole_filters(arch, start.embedding, scales[places, None] * filters)
    norms = np.sqrt((filters.real**2 + filters.imag**2).sum(axis=1))
    asymmetry = np.abs(filters.imag).max(axis=1) / np.where(norms > 0, norms, 1.0)
    real = asymmetry <= SURVEYS.real
    coordinates, straight = with_real_factors(start.stratum, points)
    clear &= (norms > 0) & np.where(real, straight, asymmetry >= SURVEYS.complex)
    return _Ends(rows[places], filters, real, coordinates, clear)


def _count(table: Table, found: Classified, owners: NDArray[np.int64], pure: NDArray[np.bool_]) -> None:
    """Enter the counts of real points; ``owners`` are the draws of the points, ``pure`` says which are pure."""

    def add(name: str, values: NDArray[Any], draws: NDArray[np.int64] = owners) -> None:
        table[name] += np.bincount(draws, values, minlength=len(table[name])).astype(np.int32)

    every = np.ones(len(owners))
    add("real", every)
    add("in_function_space", found.in_function_space)
    add("attained", found.attained)
    add("real_parameters", found.parameters)
    add("interior", found.attained & found.interior)
    add("boundary", found.attained & ~found.interior)
    add("smooth", found.attained & found.smooth)
    add("minima", found.minima > 0)
    add("real_pure", pure)
    add("spurious_minima", (found.minima > 0) & ~pure)
    for name in table:
        if name.startswith("saddles_"):
            add(name, found.indices == int(name.removeprefix("saddles_")), owners[found.owners])


def _near_coincidences(filters: Complex, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The draws in which two of the filters (D, N, K) may be equal; only the draws in ``rows`` are examined.

    Filters that are near each other have projections to any line that are near each other.
    """
    count, number, size = filters.shape
    norms = np.sqrt((filters.real**2 + filters.imag**2).sum(axis=2))
    norms = np.where(norms > 0, norms, 1.0)
    angles = np.sqrt(2.0) * (1 + np.arange(size)) ** 2
    keys = ((filters.real * np.cos(angles) - filters.imag * np.sin(angles)).sum(axis=2)) / norms / np.sqrt(size)
    order = np.argsort(keys, axis=1, kind="stable")
    keys = np.take_along_axis(keys, order, axis=1)
    result = np.zeros(count, dtype=bool)
    for offset in range(1, number):
        draws, places = np.nonzero((keys[:, offset:] - keys[:, :-offset] <= 4 * SURVEYS.near) & rows[:, None])
        if not draws.size:
            break
        one, other = order[draws, places], order[draws, places + offset]
        distance = np.abs(filters[draws, one] - filters[draws, other]).max(axis=1)
        result[draws[distance <= SURVEYS.near * np.maximum(norms[draws, one], norms[draws, other])]] = True
    return result


def _enter_global_minimum(
    table: Table, constant: Real, losses: Real, owners: NDArray[np.int64], pure: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Enter the attained point of least loss of each draw; return where two points may have the least loss."""
    order = np.lexsort((losses, owners))
    draws, firsts, numbers = np.unique(owners[order], return_index=True, return_counts=True)
    best = order[firsts]
    table["least_loss"][draws] = losses[best]
    table["global_minimum_pure"][draws] = pure[best]
    second = np.where(numbers > 1, losses[order[np.minimum(firsts + 1, len(order) - 1)]], np.inf)
    scale = np.abs(constant[draws]) + np.abs(constant[draws] - losses[best])
    result = np.zeros(len(constant), dtype=bool)
    result[draws[second - losses[best] <= SURVEYS.equal_loss * scale]] = True
    return result


def _solve_alone(
    arch: Architecture, loss: SquaredLoss, seed: int, engine: Engine, systems: StartSystems
) -> dict[str, Any]:
    """The counts of one draw, by the ordinary solver."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of Gram matrices whose rank is in doubt
        try:
            result = critical_points(
                arch, loss, seed=seed, engine=engine, max_count=SURVEYS.most_filters, start_systems=systems
            )
        except InputError:  # such as a bootstrap sample of too small a rank
            return {"complete": False, "missing": generic_count(arch).filters}
    return counts_of(result)


def counts_of(result: CriticalPoints) -> dict[str, Any]:
    """The counts of one result by the names of the columns; of the saddles, only the indices that occur."""
    counts, best = result.counts, result.global_minimum
    thetas = [
        (kind, index) for point in result.attained for kind, index in zip(point.kinds, point.indices, strict=True)
    ]
    saddles = Counter(index for kind, index in thetas if kind == "saddle")
    return {
        "complete": result.complete,
        "missing": sum(max(0, row.missing) for row in result.strata),
        "found": counts.found,
        "at_infinity": counts.at_infinity,
        "singular": counts.singular,
        "origin": counts.origin,
        "continua": counts.continua,
        "real_continua": counts.real_continua,
        "real": counts.real,
        "real_pure": sum(point.pure for point in result.real),
        "in_function_space": counts.in_function_space,
        "attained": counts.attained,
        "real_parameters": counts.real_parameters,
        "interior": counts.interior,
        "boundary": counts.boundary,
        "smooth": counts.smooth,
        "minima": counts.minima,
        "spurious_minima": sum(not point.pure for point in result.minima),
        "degenerate": sum(kind == "degenerate" for kind, _ in thetas),
        "undecided": sum(
            None in (point.in_function_space, point.attained) or (point.attained is True and point.interior is None)
            for point in result.real
        ),
        "global_minimum_pure": -1 if best is None else int(best.pure),
        "least_loss": np.nan if best is None else best.loss,
        "pure": counts.pure,
        "spurious": counts.spurious,
        "not_smooth": sum(point.smooth is False for point in result),
        "attained_undecided": sum(point.interior is None or point.smooth is None for point in result.attained),
        **{f"saddles_{index}": number for index, number in saddles.items()},
    }
