"""Counts of critical points for white data, measured twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..equations.critical_equations import Data
from ..equations.distinct import find, point_keys
from ..errors import IncompleteStartSystem, InputError
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, StratumCount
from ..networks.counts import generic_count as exact_count
from ..networks.strata import Embedding
from ..tracking import Engine, Homotopy, TrackerOptions, get_engine
from .fixed_gram_matrix import _generator, _key, kept_family
from .monodromy import random_data
from .start_systems import StartSystem

__all__ = ["generic_count", "white_count"]


#: Architectures with more critical filters than this for generic data are not measured.
MOST_MEASURED = 20_000
#: Triangles that monodromy goes round at most.
LOOPS = 60
#: Points nearer than this, relative to their norm, are the same.
SAME = 1e-6
#: Families whose number of points monodromy has confirmed.
_confirmed: set[tuple[str, str]] = set()


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


def white_count(arch: Architecture, *, engine: str | Engine = "auto", jobs: int = 1) -> CountTable:
    """Count the complex critical points of ‖w − u‖² for generic u, by stratum; see `generic_count`."""
    table = exact_count(arch)
    if table.filters > MOST_MEASURED:
        raise InputError(
            f"metric: the counts for white data are measured, and there are {table.filters} points for generic data; "
            f"expected an architecture with at most {MOST_MEASURED}"
        )
    chosen = get_engine(engine)
    rows = []
    for row in table:
        embedding = Embedding.of_pattern(arch, row.pattern)
        rows.append(_white_row(row, embedding, chosen, jobs))
    return CountTable(arch, tuple(rows), metric="white")


def _white_row(row: StratumCount, embedding: Embedding, engine: Engine, jobs: int) -> StratumCount:
    stratum = embedding.stratum
    positions = np.array(embedding.positions)
    gram = np.eye(positions.max() + 1)[np.ix_(positions, positions)]
    family = kept_family(stratum, gram, row.count, engine, jobs=jobs)
    if family is None:
        raise IncompleteStartSystem(f"stratum {stratum.name}: not all paths to white data could be accounted for")
    count = len(family.start.points)
    key = _key(stratum, gram)
    if key not in _confirmed and not _is_one_orbit(family.start, engine, jobs):
        raise IncompleteStartSystem(
            f"stratum {stratum.name}: monodromy does not confirm the {count} points for white data"
        )
    _confirmed.add(key)
    return replace(row, count=count, generic=row.count)


def _is_one_orbit(start: StartSystem, engine: Engine, jobs: int) -> bool:
    """Whether monodromy in b, from one of the points, reaches all the others and nothing else.

    The loops are triangles. (Two moment vectors and complex multiples of them would not do: they lie in one pencil.)
    """
    stratum, count = start.stratum, len(start.points)
    rng = _generator(stratum, "monodromy")
    keys = point_keys(stratum, start.points)
    orbit = np.arange(count) == 0
    for _ in range(LOOPS):
        if orbit.all():
            return True
        corners = [start.data, *(Data(start.data.gram, random_data(stratum.filter_size, rng).b) for _ in range(2))]
        points, arrived = start.points, np.ones(count, dtype=bool)
        for one, other in zip(corners, [*corners[1:], corners[0]], strict=True):
            result = engine.track(stratum, points, Homotopy(one, other), TrackerOptions.conservative(), jobs=jobs)
            points, arrived = result.points, arrived & result.success
        image = find(keys, point_keys(stratum, points), tolerance=SAME)
        if (image[arrived] < 0).any():
            return False
        # All loops so far and their inverses, as often as one likes: the orbit is closed under them.
        moves = [(i, j) for i, j in enumerate(image.tolist()) if arrived[i]]
        while any(orbit[i] != orbit[j] for i, j in moves):
            for i, j in moves:
                orbit[i] = orbit[j] = orbit[i] or orbit[j]
    return bool(orbit.all())
