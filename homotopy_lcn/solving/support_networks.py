"""All critical points of a network of any supports: its parameters are solved, and sorted by filter and class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, without_specks
from ..classification.support_points import (
    CriticalFilter,
    class_dimension,
    classified_filter,
    patterns_of,
    rank_of_each,
    smooth_points,
)
from ..equations.distinct import first_occurrences
from ..equations.restriction import with_real_factors
from ..losses.squared_loss import SquaredLoss
from ..networks.counts import CountTable
from ..networks.parameters import balance, compose, relative_gradient
from ..networks.patterns import format_pattern
from ..networks.support_networks import SupportNetwork
from ..progress import ProgressCallback
from ..results.points import CriticalPoint, StratumResult, quantity
from ..results.result import CriticalPoints
from ..tracking.settings import Tracking
from .accounts import PathAccount, RegularEnds
from .real_points import SortedEnds, real_and_conjugate
from .segre_problem import SegreTask
from .start_systems import StartSystems
from .stratum_paths import follow_all_paths
from .stratum_task import StratumTask
from .support_continua import continua_of_tensors, ranks_nearby

__all__ = ["solve_supports"]

#: Critical parameters whose filters differ by less, relative to their norm, are over one filter.
ONE_FILTER = 1e-8


def solve_supports(
    loss: SquaredLoss,
    table: CountTable,
    rank: int,
    seed: int,
    tracking: Tracking,
    systems: StartSystems,
    report: ProgressCallback | None,
) -> tuple[CriticalPoints, Complex | None]:
    """All critical points of a loss on a network of any supports, and the losses along paths to infinity.

    The losses are those of `SolvedStratum.losses_away`. Of the infimum the result knows what its points alone decide.

    Parameters
    ----------
    loss : SquaredLoss
    table : CountTable
        The counts of all classes of the network.
    rank : int
        Rank of the Gram matrix where filters can be nonzero, at least the dimension of the function space.
    seed : int
        All random choices come from it; the random numbers of ``tracking`` are not used.
    tracking : Tracking
    systems : StartSystems
        Where start systems come from.
    report : callable or None
        Called with a `Progress` now and then.
    """
    network = table.architecture
    assert isinstance(network, SupportNetwork)
    task = StratumTask(network, loss, table.rows[0], rank, report)
    tracking = tracking.with_generator(np.random.default_rng([seed, 2, 0]))
    segre = SegreTask.of(task)
    with tracking.clock.stratum(task.row.pattern):
        account, count = follow_all_paths(segre, tracking, systems)
        with tracking.clock.stage("classification"):
            segre.tell("classification", 0)
            points, ranks = _classified(segre, table, account, count)
            continua = continua_of_tensors(segre, account, tracking.clock)
    described = not account.on_continua or bool(continua)
    result = CriticalPoints.build(
        network, loss, points, _accounts(table, account, points), seed=seed,
        complete=account.covers(count) and described and not tracking.clock.stopped,
        statistics=account.statistics, continua=continua,
    )  # fmt: skip
    if tracking.clock.stopped:
        result = replace(result, stopped=tracking.clock.describe())
    if ranks:
        result = replace(result, complete=False, contradictions=(*result.contradictions, *ranks))
    bounded = segre.problem.definite or not account.at_infinity + account.never_started[0]
    away = np.empty(0, complex) if bounded else account.losses_away
    return result, None if away is None else segre.losses(away)


def _classified(
    task: SegreTask, table: CountTable, account: PathAccount, count: int
) -> tuple[list[CriticalPoint], list[str]]:
    """The critical filters, and what is wrong with the rank of dμ on some of them.

    The closure is no manifold at a filter with more parameters than others of its class: several branches meet there.
    """
    network = table.architecture
    assert isinstance(network, SupportNetwork)
    isolated = [end for end in account.singular if end.isolated]
    ends = real_and_conjugate(task.problem, account.regular, nonsingular=True)
    windings: list[tuple[int, ...]] = [()] * len(ends.points)
    if isolated:
        limits = np.array([end.point for end in isolated])
        bare = RegularEnds(limits, task.problem.equations.filters(limits), np.full(len(limits), np.inf))
        ends = _joined(ends, real_and_conjugate(task.problem, bare, nonsingular=False))
        windings += [end.windings for end in isolated]
    if not len(ends.points):
        return [], []
    found, rows = _filters(task, network, ends, windings)
    first = [np.concatenate([item.thetas[layer][:1] for item in found]) for layer in range(network.depth)]
    patterns = patterns_of(network, first)
    generic = len(account.regular) == count
    ranks = rank_of_each(network, first)
    dimensions = np.array([class_dimension(network, pattern) for pattern in patterns])
    odd = np.flatnonzero((ranks != dimensions) & [not item.windings for item in found])
    if odd.size:  # at special data dμ drops rank in any class, at data nearby it does not
        coordinates = np.array([found[row].coordinates for row in odd.tolist()])
        ranks[odd] = ranks_nearby(task, coordinates, ranks[odd], dimensions[odd])
    wrong: dict[str, int] = {}
    for item, pattern, rank, dimension in zip(found, patterns, ranks.tolist(), dimensions.tolist(), strict=True):
        if not item.windings and rank != dimension:
            text = (
                f"of class {format_pattern(pattern)} with a derivative of rank {rank}, and not of the class's dimension"
            )
            wrong[text] = wrong.get(text, 0) + 1
    smooth = smooth_points(network, first, patterns, generic)
    points = [
        classified_filter(network, task.loss, item, pattern, is_smooth)
        for item, pattern, is_smooth in zip(found, patterns, smooth, strict=True)
    ]
    over = {row.pattern: row.factorizations for row in table}
    points = [
        replace(point, smooth=False, interior=None, multiplicity=-(-len(item.straight) // over[pattern]))
        if not item.windings and len(item.straight) > over.get(pattern, len(item.straight))
        else point
        for point, item, pattern in zip(points, found, patterns, strict=True)
    ]
    for row, other in enumerate(rows):
        if not points[row].real and other >= 0:
            points[row] = _conjugate_of(points[other], points[row]) if other < row else points[row]
            points[row] = points[row].with_conjugate(other)
    return points, [
        f"{quantity(number, 'critical filter', 'critical filters')} {text}" for text, number in wrong.items()
    ]


def _conjugate_of(point: CriticalPoint, other: CriticalPoint) -> CriticalPoint:
    """The second point of a pair, equal to the conjugate of the first one in all digits."""
    assert point.coordinates is not None
    return replace(
        other, filter=point.filter.conj(), loss=complex(point.loss).conjugate(), residual=point.residual,
        condition=point.condition, coordinates=point.coordinates.conj(),
        parameters=tuple(tuple(layer.conj() for layer in theta) for theta in point.parameters),
    )  # fmt: skip


def _joined(one: SortedEnds, other: SortedEnds) -> SortedEnds:
    shifted = np.where(other.conjugates >= 0, other.conjugates + len(one.points), -1)
    joined = (np.concatenate(pair) for pair in zip(one, other._replace(conjugates=shifted), strict=True))
    return SortedEnds(*joined)


def _filters(
    task: SegreTask, network: SupportNetwork, ends: SortedEnds, windings: list[tuple[int, ...]]
) -> tuple[list[CriticalFilter], list[int]]:
    """The critical filters with their parameters, and for each the number of the conjugate one, or −1."""
    straightened, straight = with_real_factors(task.embedding.stratum, ends.points)
    straight &= ends.real
    points = np.where(straight[:, None], straightened, ends.points)
    scalars, layers = task.theta(points)
    thetas = balance(layers, scalars)
    filters = without_specks(compose(network, thetas))
    residuals = relative_gradient(network, thetas, task.loss.gram, task.loss.b)
    leaders = first_occurrences(filters, tolerance=ONE_FILTER)
    members: dict[int, NDArray[np.int64]] = {
        leader: np.flatnonzero(leaders == leader) for leader in np.unique(leaders).tolist()
    }
    place = {leader: number for number, leader in enumerate(members)}
    partner = np.where(straight, np.arange(len(leaders)), ends.conjugates)
    found, conjugates = [], []
    for leader, rows in members.items():
        twins = {int(leaders[other]) for other in partner[rows].tolist() if other >= 0}
        real = leader in twins
        filter_ = _filter(filters, rows, partner, straight, real)
        together = sum(len(windings[row]) or 1 for row in rows.tolist())
        over = tuple(sorted(winding for row in rows.tolist() for winding in windings[row]))
        order = rows[np.argsort(~straight[rows], kind="stable")] if real else _chosen_first(rows, partner)
        found.append(
            CriticalFilter(
                filter=filter_,
                coordinates=np.concatenate([scalars[order[:1]], points[order[0], 1:]]),
                real=real,
                thetas=[layer[order] for layer in thetas],
                straight=straight[order],
                condition=float(ends.conditions[rows].max()),
                residual=float(residuals[rows].max()),
                multiplicity=max(1, together // len(rows), len(over)),
                windings=over,
            )
        )
        conjugates.append(-1 if real or not twins else place[min(twins)])
    return found, conjugates


def _filter(
    filters: Complex, rows: NDArray[np.int64], partner: NDArray[np.int64], straight: NDArray[np.bool_], real: bool
) -> Complex:
    """The filter of some parameters; real ones exactly real, conjugate ones exactly conjugate."""
    if real:
        chosen = rows[straight[rows]] if straight[rows].any() else rows
        return np.asarray(filters[chosen[0]].real.astype(complex))
    order = _chosen_first(rows, partner)
    row, twin = int(order[0]), int(partner[order[0]])
    return filters[row] if twin < 0 or row < twin else filters[twin].conj()


def _chosen_first(rows: NDArray[np.int64], partner: NDArray[np.int64]) -> NDArray[np.int64]:
    """The parameters over a filter; those that stand for it first, which are conjugate for both filters of a pair."""
    paired = np.flatnonzero(partner[rows] >= 0)
    if not paired.size:
        return rows
    # Of both filters of a pair, the same parameters are taken: those with the least number.
    place = int(paired[np.minimum(rows[paired], partner[rows[paired]]).argmin()])
    return np.concatenate([rows[place : place + 1], np.delete(rows, place)])


def _accounts(table: CountTable, account: PathAccount, points: list[CriticalPoint]) -> list[StratumResult]:
    """For each class how many filters were found, and how many of the paths that lead to no filter are due to it.

    Paths do not know their class: those at infinity, at w = 0 and at singular points are shared out among the classes
    that lack filters, in this order of the classes. Where branches of the closure meet, a filter has more parameters
    than others of its class; the paths to these count as those to singular points.
    """
    over = {row.pattern: row.factorizations for row in table}
    counted = sum(over.get(point.stratum, 0) for point in points if point.nonsingular)
    rest = {
        "at_infinity": account.at_infinity + account.never_started[0],
        "origin": account.origin + account.never_started[1],
        "singular": account.singular_paths + max(0, len(account.regular) - counted),
    }
    result = []
    for row in table:
        number = sum(point.nonsingular and point.stratum == row.pattern for point in points)
        lacking, shares = max(0, row.count - number), dict.fromkeys(rest, 0)
        for name in rest:
            shares[name] = min(lacking, -(-rest[name] // row.factorizations))
            rest[name] = max(0, rest[name] - shares[name] * row.factorizations)
            lacking -= shares[name]
        result.append(
            StratumResult(
                row.pattern, row.pure, row.count, number, row.factorizations,
                shares["at_infinity"], shares["singular"], shares["origin"],
            )
        )  # fmt: skip
    return result
