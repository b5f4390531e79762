"""Start systems that are computed: all critical points of random complex data of a stratum.

A start system that is not stored, see `stored_systems`, is computed from the shipped start system of the `separated`
stratum, if there is one (strata that differ in their strides only are linear projections of the same tensor products,
with equally many critical points), else by monodromy. It passes the trace test, and is kept in the user's cache.

Its Gram matrix is diagonal, if no points are lost by that (none have been on any stratum tried): products with it are
cheap, and its entries are chosen so that the Gram matrices of data are near and the paths there short.

All random choices are derived from the name of the stratum, so a start system is the same whether it was computed just
now or read. Only if a computation was interrupted and resumed, its points may differ by rounding and order.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ..equations.critical_equations import Data
from ..errors import IncompleteStartSystem
from ..networks.strata import Stratum, separated, separated_order, separated_positions
from ..tracking import TrackerOptions
from ..tracking.settings import Tracking
from .monodromy import Fibre, diagonal_gram, fill_fibre, random_data, seed_pair
from .stored_arrays import cache_folder, keep, read_arrays, remove
from .stored_systems import StartSystem, shipped_system, solves
from .tolerances import SOLVING
from .trace_test import trace_test

__all__ = ["compute_start_system", "diagonal_data", "made_diagonal", "solve_by_monodromy"]


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


def _general_start_system(stratum: Stratum, count: int, tracking: Tracking) -> StartSystem:
    """By projection of the separated stratum's start system, if that is shipped, or by monodromy."""
    base = shipped_system(separated(stratum), count) if count > 1 else None
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
