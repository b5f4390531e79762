"""Counts of critical points for white data and for other Gram matrices: exact where possible, else measured twice.

The first measurement is the account of the endgame: each path of the generic start system ends at a finite point, at
infinity or at zero; or as many points are found as the exact number says, where it is known at once. The second is
monodromy in b alone, which from one of the points must reach all of them and no other.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Real
from ..equations.critical_equations import Data, equations_of
from ..equations.distinct import find, point_keys
from ..errors import IncompleteStartSystem, InputError
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, StratumCount
from ..networks.counts import generic_count as count_generic
from ..networks.limits import check_filter_size
from ..networks.patterns import format_pattern
from ..networks.strata import Embedding
from ..networks.support_networks import SupportNetwork
from ..progress import Clock, TimeUp
from ..tracking import Engine, Homotopy, get_engine
from ..tracking.settings import Tracking
from .fixed_gram_matrix import generator_for
from .monodromy import random_data
from .regular_ends import on_smaller_stratum
from .start_systems import StartSystems, shared_start_systems
from .stored_systems import StartSystem
from .tolerances import SOLVING

if TYPE_CHECKING:
    from ..counting.exact_counts import KnownNumbers

__all__ = ["SECONDS_FOR_COUNTS", "count_for_gram", "generic_count", "measured_count", "white_count"]


#: Seconds that Gröbner bases may take before the counts are measured, and as many that the measurement may take.
SECONDS_FOR_COUNTS = 60.0


def generic_count(
    arch: Architecture,
    metric: str = "generic",
    *,
    rank: int | None = None,
    gram: object = None,
    time_limit: float | None = SECONDS_FOR_COUNTS,
) -> CountTable:
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
    gram : (K, K) array_like, str or GramMatrix, optional
        Count for this positive definite Gram matrix and generic moment vectors. Texts name structured data, as
        ``"ar1:1/2"`` (`homotopy_lcn.gram_matrix` lists them), or a family of which a generic member is meant:
        ``"diagonal"``, ``"toeplitz"``, ``"hankel"``, ``"moments"``, ``"circulant"``, ``"exchangeable"``. Rows may hold
        exact numbers, such as fractions and texts. Doubles are the rational numbers that they are.
    time_limit : float, optional
        Seconds for Gröbner bases, and as many again for the measurement where they give no number; None for no limit.

    Returns
    -------
    CountTable
        All strata that occur, the pure one first. The critical point w = 0 is not counted. For a Gram matrix each row
        has its `method` and its `reason`, and the count `generic` for generic data.

    Raises
    ------
    InputError
        If the metric is not known, the rank is negative or given for white data, or the Gram matrix cannot be used.
    IncompleteStartSystem
        If a number is not established exactly, and two measurements of it disagree, not all paths can be accounted for,
        or the time is up.

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
    >>> table = generic_count(Architecture((4, 2), (2, 1)), gram="seasonal:2,1/2")
    >>> table.parameters, table.method, table.rows[0].reason
    (6, 'eigenvalues', '2 different eigenvalues of Γ_0^(−1) Γ_s: 4·2 − 2')
    """
    if gram is not None:
        if metric != "generic" or rank is not None:
            name, value = ("metric", metric) if metric != "generic" else ("rank", rank)
            raise InputError(f"{name}: {value!r} given together with gram; expected gram alone")
        return count_for_gram(arch, gram, time_limit)
    if metric == "generic":
        return count_generic(arch, rank)
    if metric != "white":
        raise InputError(f"metric: {metric!r} given; expected 'generic' or 'white'")
    if rank is not None:
        raise InputError(f"rank: {rank!r} given with the metric 'white'; expected the metric 'generic'")
    return white_count(arch)


def count_for_gram(
    arch: Architecture, gram: object, time_limit: float | None, known: KnownNumbers | None = None
) -> CountTable:
    """The exact counts for a Gram matrix or a family, or those that are measured, as `generic_count` gives them.

    Parameters
    ----------
    arch : Architecture
    gram : str, array, or GramMatrix
    time_limit : float or None
        As in `generic_count`.
    known : KnownNumbers, optional
        Numbers of other networks and Gram matrices, which are used, and added to.
    """
    from ..counting.exact_counts import NotEstablished, exact_count
    from ..counting.families import FAMILIES, family_count
    from ..counting.gram_matrices import GramMatrix, gram_matrix
    from ..counting.groebner import Search

    if isinstance(arch, SupportNetwork) and arch.one_dimensional is not None:
        return replace(count_for_gram(arch.one_dimensional, gram, time_limit, known), architecture=arch)
    search = Search.within(time_limit)
    if isinstance(gram, str) and gram.strip() in FAMILIES:
        if isinstance(arch, SupportNetwork):
            raise InputError(
                f"gram: the family {gram.strip()!r} given, and {arch.notation} is no ordinary network of one dimension;"
                " expected a single Gram matrix, such as 'white' or an array"
            )
        table = family_count(arch, gram.strip(), search)
        if isinstance(table, NotEstablished):
            raise IncompleteStartSystem(f"generic members of the family {gram.strip()}: {table.reason}")
        return table
    check_filter_size(arch)
    if isinstance(gram, GramMatrix):
        given = gram
    else:
        given = gram_matrix(gram, arch.filter_size) if isinstance(gram, str) else GramMatrix.of(gram)
    if isinstance(arch, SupportNetwork):
        if given.size != arch.filter_size:
            raise InputError(
                f"gram: shape ({given.size}, {given.size}) given; expected ({arch.filter_size}, {arch.filter_size}) "
                f"for {arch.notation}"
            )
        from .support_counts_for_gram import measured_support_count

        return measured_support_count(arch, given.array, given.name, Clock(inf if time_limit is None else time_limit))
    counted = exact_count(arch, given, search, known)
    if isinstance(counted, CountTable):
        return counted
    return measured_count(arch, given.array, given.name, counted.reason, time_limit)


def measured_count(
    arch: Architecture, gram: Real, name: str, reason: str, time_limit: float | None = None
) -> CountTable:
    """The counts for a Gram matrix (K, K) and generic b, measured by two kinds of paths.

    Parameters
    ----------
    arch : Architecture
    gram : (K, K) array
    name : str
        The Gram matrix in words.
    reason : str
        Why the counts are measured.
    time_limit : float, optional
        Seconds; by default there is no limit.

    Raises
    ------
    InputError
        If the architecture has too many points to be measured.
    IncompleteStartSystem
        If the two measurements disagree, not all paths can be accounted for, or the time is up.
    """
    table = count_generic(arch)
    _check_measurable(table, "gram", f"the counts for this Gram matrix ({reason})")
    clock = Clock(inf if time_limit is None else time_limit)
    tracking, systems = Tracking(get_engine("auto"), 1, clock=clock), shared_start_systems()
    scaled = gram / np.linalg.norm(gram, 2)
    rows: list[StratumCount] = []
    for row in table:
        try:
            clock.check()
            measured = _measured_row(row, Embedding.of_pattern(arch, row.pattern), scaled, tracking, systems)
            clock.check()  # paths that the limit cut off are no measurement
        except (TimeUp, IncompleteStartSystem) as error:
            if not clock.stopped:
                raise
            raise IncompleteStartSystem(
                f"stratum {format_pattern(row.pattern)}: its count was measured until the time limit of "
                f"{clock.limit:g} s was reached ({reason})"
            ) from error
        rows.append(replace(measured, method="measured", reason=f"measured by paths and by monodromy: {reason}"))
    return CountTable(arch, tuple(rows), metric=name, method="measured")


def _check_measurable(table: CountTable, argument: str, counts: str) -> None:
    if table.filters > SOLVING.most_measured:
        raise InputError(
            f"{argument}: {counts} are measured, and there are {table.filters} points for generic data; expected an "
            f"architecture with at most {SOLVING.most_measured}"
        )


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
    if isinstance(arch, SupportNetwork):
        if arch.one_dimensional is not None:
            twin = white_count(arch.one_dimensional, engine=engine, jobs=jobs, start_systems=start_systems)
            return replace(twin, architecture=arch)
        from .support_counts_for_gram import measured_support_count

        return measured_support_count(arch, np.eye(arch.filter_size), "white", Clock(inf))
    table = count_generic(arch)
    _check_measurable(table, "metric", "the counts for white data")
    tracking = Tracking(get_engine(engine), jobs)
    systems = shared_start_systems() if start_systems is None else start_systems
    white = np.eye(arch.filter_size)
    rows = [_measured_row(row, Embedding.of_pattern(arch, row.pattern), white, tracking, systems) for row in table]
    return CountTable(arch, tuple(rows), metric="white")


def _measured_row(
    row: StratumCount, embedding: Embedding, whole: Real, tracking: Tracking, systems: StartSystems
) -> StratumCount:
    """The number of critical filters of a stratum for one Gram matrix (K, K) of the network."""
    stratum = embedding.stratum
    positions = np.array(embedding.positions)
    gram = whole[np.ix_(positions, positions)]
    white = np.array_equal(whole, np.eye(len(whole)))
    system = (systems.kept_with_gram if white else systems.with_gram)(stratum, gram, row.count, tracking)
    data = "white data" if white else "data with this Gram matrix"
    if system is None:
        raise IncompleteStartSystem(f"stratum {stratum.name}: not all paths to {data} could be accounted for")
    count = len(system.start.points)
    if not systems.is_confirmed(stratum, gram) and not _is_one_orbit(system.start, tracking):
        raise IncompleteStartSystem(f"stratum {stratum.name}: monodromy does not confirm the {count} points for {data}")
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
        # No path of the stratum leads to a smaller one: one that does so has jumped.
        elsewhere = np.flatnonzero(arrived & (image < 0))
        arrived[elsewhere] = ~on_smaller_stratum(equations_of(stratum), points[elsewhere])
        if (image[arrived] < 0).any():
            return False
        # All loops so far and their inverses, as often as one likes: the orbit is closed under them.
        moves = [(i, j) for i, j in enumerate(image.tolist()) if arrived[i]]
        while any(orbit[i] != orbit[j] for i, j in moves):
            for i, j in moves:
                orbit[i] = orbit[j] = orbit[i] or orbit[j]
    return bool(orbit.all())
