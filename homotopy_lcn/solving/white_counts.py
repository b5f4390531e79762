"""Counts of critical points for white data, measured twice.

The first measurement is the account of the endgame: each path of the generic start system ends at a finite point, at
infinity or at zero. The second is monodromy in b alone, which from one of the points must reach all of them and no
other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..equations.critical_equations import Data
from ..equations.distinct import find, point_keys
from ..errors import IncompleteStartSystem, InputError
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, StratumCount
from ..networks.counts import generic_count as exact_count
from ..networks.limits import check_filter_size
from ..networks.strata import Embedding
from ..tracking import Engine, Homotopy, get_engine
from ..tracking.settings import Tracking
from .computed_systems import StartSystem
from .fixed_gram_matrix import generator_for
from .monodromy import random_data
from .start_systems import StartSystems, shared_start_systems
from .tolerances import SOLVING

__all__ = ["generic_count", "white_count"]


def generic_count(arch: Architecture, metric: str = "generic", *, rank: int | None = None) -> CountTable:
    """Count the complex critical points of the squared loss for generic data, by stratum.

    Parameters
    ----------
    arch : Architecture
    metric : {"generic", "white"}
        The Gram matrix: generic, with exact counts; or the identity with generic targets, whose counts are measured, by
        the account of all paths and by monodromy, which must agree.
    rank : int, optional
        Count the isolated critical points for generic data whose Gram matrix has this rank. They are fewer only on
        strata of a dimension above the rank.

    Returns
    -------
    CountTable
        All strata that occur, the pure one first. The critical point w = 0 is not counted.

    Raises
    ------
    InputError
        If the metric is not known, or the rank is negative or given for white data.

    Notes
    -----
    Kohn, Montúfar, Shahverdi, Trager (2024), section 4; the head of the module
    `homotopy_lcn.networks.counts` has the derivation.

    Examples
    --------
    >>> table = generic_count(Architecture((2, 2, 2), (1, 2, 1)))
    >>> [(row.pattern, row.count, row.factorizations) for row in table]
    [(((1, 1), (1,)), 10, 2), (((2,), (1,)), 14, 1)]
    >>> table.pure, table.spurious, table.filters, table.parameters
    (10, 14, 24, 34)
    >>> [[row.count for row in generic_count(Architecture((2, 2, 2), (1, 2, 1)), rank=rank)] for rank in (4, 3, 2, 1)]
    [[10, 14], [3, 14], [0, 4], [0, 0]]
    """
    if metric == "generic":
        return exact_count(arch, rank)
    if metric != "white":
        raise InputError(f"metric: {metric!r} given; expected 'generic' or 'white'")
    if rank is not None:
        raise InputError(f"rank: {rank!r} given with the metric 'white'; expected the metric 'generic'")
    return white_count(arch)


def white_count(
    arch: Architecture, *, engine: str | Engine = "auto", jobs: int = 1, start_systems: StartSystems | None = None
) -> CountTable:
    """Count the complex critical points of ‖w − u‖² for generic u, by stratum; see `generic_count`.

    Parameters
    ----------
    arch : Architecture
    engine : str or Engine
    jobs : int
        Number of threads.
    start_systems : StartSystems, optional
        By default, the start systems of this process.

    Raises
    ------
    InputError
        If the architecture has too many points to be measured.
    IncompleteStartSystem
        If the two measurements disagree, or not all paths can be accounted for.
    """
    check_filter_size(arch)
    table = exact_count(arch)
    if table.filters > SOLVING.most_measured:
        raise InputError(
            f"metric: the counts for white data are measured, and there are {table.filters} points for generic data; "
            f"expected an architecture with at most {SOLVING.most_measured}"
        )
    tracking = Tracking(get_engine(engine), jobs)
    systems = shared_start_systems() if start_systems is None else start_systems
    rows = [_white_row(row, Embedding.of_pattern(arch, row.pattern), tracking, systems) for row in table]
    return CountTable(arch, tuple(rows), metric="white")


def _white_row(row: StratumCount, embedding: Embedding, tracking: Tracking, systems: StartSystems) -> StratumCount:
    stratum = embedding.stratum
    positions = np.array(embedding.positions)
    gram = np.eye(positions.max() + 1)[np.ix_(positions, positions)]
    system = systems.kept_with_gram(stratum, gram, row.count, tracking)
    if system is None:
        raise IncompleteStartSystem(f"stratum {stratum.name}: not all paths to white data could be accounted for")
    count = len(system.start.points)
    if not systems.is_confirmed(stratum, gram) and not _is_one_orbit(system.start, tracking):
        raise IncompleteStartSystem(
            f"stratum {stratum.name}: monodromy does not confirm the {count} points for white data"
        )
    systems.note_confirmation(stratum, gram)
    return replace(row, count=count, generic=row.count)


def _is_one_orbit(start: StartSystem, tracking: Tracking) -> bool:
    """Whether monodromy in b, from one of the points, reaches all the others and nothing else.

    The pairs of b and a critical point for it form a vector bundle over the stratum, so the monodromy group is
    transitive. The loops are triangles. (Two moment vectors and complex multiples of them would not do: they lie in one
    pencil.)
    """
    stratum, count = start.stratum, len(start.points)
    rng = generator_for(stratum, "monodromy")
    keys = point_keys(stratum, start.points)
    orbit = np.arange(count) == 0
    for _ in range(SOLVING.loops):
        if orbit.all():
            return True
        corners = [start.data, *(Data(start.data.gram, random_data(stratum.filter_size, rng).b) for _ in range(2))]
        points, arrived = start.points, np.ones(count, dtype=bool)
        for one, other in zip(corners, [*corners[1:], corners[0]], strict=True):
            result = tracking.careful.follow(stratum, points, Homotopy(one, other))
            points, arrived = result.points, arrived & result.success
        image = find(keys, point_keys(stratum, points), tolerance=SOLVING.same_point)
        if (image[arrived] < 0).any():
            return False
        # All loops so far and their inverses, as often as one likes: the orbit is closed under them.
        moves = [(i, j) for i, j in enumerate(image.tolist()) if arrived[i]]
        while any(orbit[i] != orbit[j] for i, j in moves):
            for i, j in moves:
                orbit[i] = orbit[j] = orbit[i] or orbit[j]
    return bool(orbit.all())
