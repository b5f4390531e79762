"""Start systems of strata: all critical points of random complex data.

A start system is read from the shipped ones (``data/start_systems.npz``, made by ``scripts/make_start_systems.py``) or
from the user's cache, or it is computed: from the shipped start system of the `separated` stratum, if there is one
(strata that differ in their strides only are linear projections of the same tensor products, with equally many critical
points), else by monodromy. A computed one passes the trace test.

Its Gram matrix is diagonal, if no points are lost by that (none have been on any stratum tried): products with it are
cheap, and its entries are chosen so that the Gram matrices of data are near and the paths there short.

All random choices are derived from the name of the stratum, so a start system is the same whether it was computed just
now or read. Only if a computation was interrupted and resumed, its points may differ by rounding and order.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._data import data_path
from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.distinct import first_points
from ..errors import IncompleteStartSystem
from ..networks.strata import Stratum, separated, separated_order, separated_positions
from ..tracking import Homotopy, TrackerOptions
from ..tracking.settings import Tracking
from .monodromy import Fibre, diagonal_gram, fill_fibre, random_data, seed_pair
from .stored_arrays import cache_folder, keep, packed_arrays, read_arrays, remove
from .tolerances import SOLVING
from .trace_test import trace_test

__all__ = [
    "StartSystem",
    "compute_start_system",
    "diagonal_data",
    "is_known",
    "made_diagonal",
    "pack",
    "read_start_system",
    "solve_by_monodromy",
    "solves",
]


KEYS = ("gram", "b", "points", "trace")


@dataclass(frozen=True)
class StartSystem:
    """All critical points of random complex data on a stratum.

    Attributes
    ----------
    stratum : Stratum
    data : Data
    points : (count, coordinates) complex array
    trace : float
        Result of the trace test, for these data or for those that the points were tracked from.
    """

    stratum: Stratum
    data: Data
    points: Complex
    trace: float

    @property
    def diagonal(self) -> bool:
        """Whether the Gram matrix is diagonal."""
        return bool(np.array_equal(self.data.gram, np.diag(np.diag(self.data.gram))))

    def has_gram(self, gram: NDArray[np.generic]) -> bool:
        """Whether this is the Gram matrix of the start data, so that on the way to the data only b moves."""
        return bool(np.array_equal(self.data.gram, gram))

    def to(self, data: Data) -> Homotopy:
        """The straight segment from the start data to other data."""
        return Homotopy(self.data, data)

    def turned(self, turns: Complex) -> StartSystem:
        """The start system for Σ and b multiplied by two complex numbers, which scales the filters."""
        points = self.points.copy()
        points[:, 0] *= turns[1] / turns[0]
        return StartSystem(self.stratum, Data(turns[0] * self.data.gram, turns[1] * self.data.b), points, self.trace)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything as arrays, to be saved."""
        gram, b = np.asarray(self.data.gram), np.asarray(self.data.b)
        return {"gram": gram, "b": b, "points": self.points, "trace": np.array(self.trace)}


def pack(systems: Iterable[StartSystem]) -> bytes:
    """The content of ``data/start_systems.npz``."""
    arrays = {f"{system.stratum.name}/{key}": value for system in systems for key, value in system.arrays().items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_start_system(stratum: Stratum, count: int) -> StartSystem | None:
    """The shipped or cached start system of a stratum with `count` points, None if there is none."""
    return _shipped(stratum, count) or _cached(stratum, count)


def is_known(stratum: Stratum) -> bool:
    """Whether there is a shipped or a cached start system; it is not read."""
    shipped = packed_arrays(data_path("start_systems.npz"), [f"{stratum.name}/trace"])
    return shipped is not None or (cache_folder() / f"{stratum.name}.npz").exists()


def compute_start_system(
    stratum: Stratum, count: int, tracking: Tracking, known: StartSystem | None = None
) -> StartSystem:
    """A start system with a diagonal Gram matrix, computed and kept in the user's cache.

    Parameters
    ----------
    stratum : Stratum
    count : int
        The exact generic count of its critical points.
    tracking : Tracking
        Its random numbers are not used. `Tracking.report` is called with the number of points known so far.
    known : StartSystem, optional
        One whose Gram matrix is not diagonal, to go on from.

    Raises
    ------
    IncompleteStartSystem
        If it could not be computed.
    """
    found = made_diagonal(known or _general_start_system(stratum, count, tracking), tracking)
    if count > 1:
        keep(cache_folder() / f"{stratum.name}.npz", found.arrays(), stratum=stratum.name, count=count)
    remove(_checkpoint_path(stratum.name))
    return found


def _shipped(stratum: Stratum, count: int) -> StartSystem | None:
    name = stratum.name
    arrays = packed_arrays(data_path("start_systems.npz"), [f"{name}/{key}" for key in KEYS])
    return None if arrays is None else _checked(stratum, count, {key: arrays[f"{name}/{key}"] for key in KEYS})


def _cached(stratum: Stratum, count: int) -> StartSystem | None:
    if count == 1:
        return None
    arrays = read_arrays(cache_folder() / f"{stratum.name}.npz", stratum=stratum.name, count=count)
    return None if arrays is None else _checked(stratum, count, arrays)


def _checked(stratum: Stratum, count: int, arrays: Mapping[str, NDArray[np.generic]]) -> StartSystem | None:
    """A start system from arrays, None unless the points are ``count`` distinct solutions."""
    if not set(arrays) >= set(KEYS):
        return None
    gram, b, points, trace = (arrays[key] for key in KEYS)
    size = stratum.filter_size
    expected = (size, size), (size,), (count, stratum.coordinates), ()
    if (gram.shape, b.shape, points.shape, trace.shape) != expected:
        return None
    data, solutions = Data(gram.astype(complex), b.astype(complex)), points.astype(complex)
    linear = 0 <= float(np.real(trace)) <= SOLVING.trace  # not so for NaN
    if not linear or not solves(stratum, data, solutions, sample=SOLVING.checked):
        return None
    return StartSystem(stratum, data, solutions, float(np.real(trace)))


def solves(stratum: Stratum, data: Data, points: Complex, sample: int | None = None) -> bool:
    """Whether the points are distinct critical points of the data.

    With ``sample``, about that many points, evenly chosen, are tested for being critical; all points are compared.
    """
    equations = equations_of(stratum)
    chosen = points if sample is None else points[:: -(-len(points) // sample)]
    accurate = all(
        _newton_steps(equations, data, chosen[i : i + 2048]).max() < SOLVING.stored for i in range(0, len(chosen), 2048)
    )
    return accurate and bool((first_points(stratum, points) == np.arange(len(points))).all())


def _newton_steps(equations: Equations, data: Data, points: Complex) -> Real:
    """Relative size of the Newton step at each point; NaN or infinite where there is none."""
    with np.errstate(all="ignore"):
        values = equations.evaluate_at(points, data)
        assert values.hessian is not None
        try:
            newton = np.linalg.solve(values.hessian, values.gradient[:, :, None])
        except np.linalg.LinAlgError:
            return np.full(len(points), np.inf)
        return np.asarray(np.linalg.norm(newton, axis=(1, 2)))


def _general_start_system(stratum: Stratum, count: int, tracking: Tracking) -> StartSystem:
    """By projection of the separated stratum's start system, if that is shipped, or by monodromy."""
    base = _shipped(separated(stratum), count) if count > 1 else None
    if base is not None:
        projected = _project(base, stratum, tracking.with_generator(_generator(stratum)))
        if projected is not None:
            return projected
    return solve_by_monodromy(stratum, count, tracking)


def _generator(stratum: Stratum) -> np.random.Generator:
    """Random numbers that depend on the stratum only."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(stratum.name.encode()).digest()[:8], "big"))


def solve_by_monodromy(stratum: Stratum, count: int, tracking: Tracking) -> StartSystem:
    """A start system from nothing, or from a checkpoint in the cache.

    The random numbers are derived from the name of the stratum; the random numbers of ``tracking`` are not used. At the
    first attempt the Gram matrix is diagonal from the beginning, so that `made_diagonal` has nothing to do.

    Raises
    ------
    IncompleteStartSystem
        If three attempts did not lead to ``count`` points that pass the trace test.
    """
    name, rng = stratum.name, _generator(stratum)
    if count == 1:
        point, data = seed_pair(stratum, rng)
        return StartSystem(stratum, data, point, 0.0)
    reason = ""
    for attempt in range(3):
        options = TrackerOptions() if attempt == 0 else TrackerOptions.conservative()
        gram = diagonal_gram(stratum.filter_size, rng) if attempt == 0 else None
        fibre = (_saved_fibre(stratum) if attempt == 0 else None) or Fibre.start(stratum, rng, gram)
        try:
            data, points = fill_fibre(
                stratum,
                count,
                tracking.with_generator(rng).with_options(options),
                fibre=fibre,
                checkpoint=lambda state: keep(_checkpoint_path(name), state.arrays(), stratum=name),
            )
        except IncompleteStartSystem as error:
            reason = str(error)
            continue
        del fibre  # the points of the other data
        trace = trace_test(stratum, data, points, tracking.with_generator(rng).with_options(TrackerOptions()))
        if trace <= SOLVING.trace:
            return StartSystem(stratum, data, points, trace)
        reason = f"stratum {name}: the trace test of the {count} points found failed ({trace:.1e})"
    raise IncompleteStartSystem(reason)


def diagonal_data(size: int, rng: np.random.Generator) -> Data:
    """Random complex data, Σ diagonal, near real data of order one: phases up to one, modulus 1/2."""
    gram = diagonal_gram(size, rng)
    b = (rng.normal(size=size) + 1j * rng.normal(size=size)) / np.sqrt(2 * size)
    return Data(gram, b)


def made_diagonal(system: StartSystem, tracking: Tracking) -> StartSystem:
    """The start system with a diagonal Gram matrix instead; the same one if it has one, or if points got lost."""
    stratum, points = system.stratum, system.points
    if system.diagonal or len(points) == 1:
        return system
    rng = _generator(stratum)
    for options in (TrackerOptions(), TrackerOptions.conservative()):
        data = diagonal_data(stratum.filter_size, rng)
        result = tracking.with_options(options).follow(stratum, points, system.to(data))
        if result.success.all() and solves(stratum, data, result.points):
            return StartSystem(stratum, data, result.points, system.trace)
    return system


def _project(base: StartSystem, stratum: Stratum, tracking: Tracking) -> StartSystem | None:
    """The start system of a stratum from that of its separated one; None if paths got lost."""
    positions = np.array(separated_positions(stratum))
    order = separated_order(stratum)
    count = len(base.points)
    careful = TrackerOptions.conservative()
    for options, choose in ((TrackerOptions(), diagonal_data), (careful, diagonal_data), (careful, random_data)):
        data = choose(stratum.filter_size, tracking.rng)
        target = Data(data.gram[np.ix_(positions, positions)], data.b[positions])
        result = tracking.with_options(options).follow(base.stratum, base.points, base.to(target))
        points = np.empty((count, stratum.coordinates), complex)
        points[:, 0] = result.points[:, 0]
        for f, part in zip(order, base.stratum.slices, strict=True):
            points[:, stratum.slices[f]] = result.points[:, part]
        if not result.success.all() or not solves(stratum, data, points):
            continue
        trace = trace_test(stratum, data, points, tracking.with_options(TrackerOptions()))
        if trace <= SOLVING.trace:
            return StartSystem(stratum, data, points, trace)
    return None


def _checkpoint_path(name: str) -> Path:
    return cache_folder() / f"{name}.partial.npz"


def _saved_fibre(stratum: Stratum) -> Fibre | None:
    arrays = read_arrays(_checkpoint_path(stratum.name), stratum=stratum.name)
    if arrays is None:
        return None
    try:
        return Fibre.from_arrays(stratum, arrays)
    except (KeyError, ValueError):
        return None
