"""All critical points of a network of any supports: its parameters are solved, and sorted by filter and class."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, without_specks
from ..classification.many_support_points import have_full_rank
from ..classification.support_points import (
    ComplexFilters,
    CriticalFilter,
    class_dimension,
    complex_filters,
    complex_pairs,
    patterns_of,
    rank_of_each,
    real_filters,
    smooth_points,
)
from ..equations.distinct import first_occurrences
from ..equations.restriction import with_real_factors
from ..losses.squared_loss import SquaredLoss
from ..networks.counts import CountTable
from ..networks.parameters import balance, compose, jacobian, relative_gradient
from ..networks.patterns import Pattern, format_pattern
from ..networks.support_networks import SupportNetwork
from ..progress import Clock, ProgressCallback
from ..results.continua import Continuum
from ..results.merging import sorted_points
from ..results.pairs import ManyPoints, maybe_special
from ..results.points import CriticalPoint, StratumResult, quantity
from ..results.result import CriticalPoints
from ..tracking.settings import Tracking
from .accounts import PathAccount, RegularEnds
from .real_points import SortedEnds, real_and_conjugate
from .segre_problem import SegreTask
from .start_systems import StartSystems
from .stratum_paths import follow_all_paths
from .stratum_task import StratumTask
from .tolerances import SOLVING

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
            continua = _continua(segre, account, tracking.clock)
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


def _continua(task: SegreTask, account: PathAccount, clock: Clock) -> list[Continuum]:
    """The continua that paths ended at. Most data have none, and do without all that finds them."""
    if not account.on_continua and not account.limits:
        return []
    from .support_continua import continua_of_tensors

    return continua_of_tensors(task, account, clock)


def _classified(
    task: SegreTask, table: CountTable, account: PathAccount, count: int
) -> tuple[list[CriticalPoint] | ManyPoints, list[str]]:
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
    found = _filters(task, network, ends, windings)
    first = [layer[found.firsts] for layer in found.thetas]
    patterns = patterns_of(network, first)
    generic = len(account.regular) == count
    known = {pattern: class_dimension(network, pattern) for pattern in set(patterns)}
    dimensions = np.array([known[pattern] for pattern in patterns])
    ranks = dimensions.copy()
    one = np.flatnonzero(found.twins <= np.arange(len(patterns)))  # of two conjugate filters the second one
    layers = [layer[one] for layer in first]
    unsure = one[~have_full_rank(network, layers, jacobian(network, layers))]
    ranks[unsure] = rank_of_each(network, [layer[unsure] for layer in first])
    ranks = np.where(found.twins >= 0, np.minimum(ranks, ranks[found.twins]), ranks)
    smooth = smooth_points(network, first, patterns, generic, ranks)
    odd = np.flatnonzero((ranks != dimensions) & [not over for over in found.windings])
    if odd.size:  # at special data dμ drops rank in any class, at data nearby it does not
        ranks = ranks.copy()
        from .support_continua import ranks_nearby

        ranks[odd] = ranks_nearby(task, found.coordinates[odd], ranks[odd], dimensions[odd])
    wrong: dict[str, int] = {}
    for place in odd[ranks[odd] != dimensions[odd]].tolist():
        text = (
            f"of class {format_pattern(patterns[place])} with a derivative of rank {ranks[place]}, and not of the "
            "class's dimension"
        )
        wrong[text] = wrong.get(text, 0) + 1
    texts = [f"{quantity(number, 'critical filter', 'critical filters')} {text}" for text, number in wrong.items()]
    points: list[CriticalPoint] = []
    over = {row.pattern: row.factorizations for row in table}
    several = len(found.straight) > sum(over.get(pattern, 1) for pattern in patterns)
    others = found.complex_part(first, patterns, smooth)
    pairs = None
    if len(patterns) > SOLVING.in_columns and not several:
        pairs = complex_pairs(network, task.loss, others, tuple(row.pattern for row in table))
    complex_ones = iter(complex_filters(network, task.loss, others) if pairs is None else ())
    places = np.flatnonzero(found.real).tolist()
    labels = [patterns[place] for place in places], [smooth[place] for place in places]
    real_ones = iter(real_filters(network, task.loss, [found.filter(place) for place in places], *labels))
    for place, pattern in enumerate(patterns):
        if pairs is not None and not found.real[place]:
            continue
        rows, other = found.members[place], found.conjugates[place]
        point = next(real_ones if found.real[place] else complex_ones)
        if not found.windings[place] and len(rows) > over.get(pattern, len(rows)):
            point = replace(point, smooth=False, interior=None, multiplicity=-(-len(rows) // over[pattern]))
        points.append(point if point.real or other < 0 else point.with_conjugate(other))
    return (points if pairs is None else ManyPoints(sorted_points(points), pairs)), texts


def _joined(one: SortedEnds, other: SortedEnds) -> SortedEnds:
    shifted = np.where(other.conjugates >= 0, other.conjugates + len(one.points), -1)
    joined = (np.concatenate(pair) for pair in zip(one, other._replace(conjugates=shifted), strict=True))
    return SortedEnds(*joined)


@dataclass(frozen=True, eq=False)
class _Sorted:
    """Critical parameters sorted by filter.

    Attributes
    ----------
    thetas : list of (P, k_l) complex arrays
        The layers of all critical parameters, balanced.
    straight : (P,) bool array
        Which of the parameters are real.
    members : list of F integer arrays
        The parameters over each filter, real ones first.
    firsts : (F,) integer array
        Those that stand for each filter. They are conjugate for both filters of a pair.
    filters : (F, K) complex array
    coordinates : (F, coordinates) complex array
        Those of the first parameters in the tensor product of the layers.
    real : (F,) bool array
    conditions, residuals : (F,) float arrays
    multiplicities : list of F int
    windings : list of F tuples of int
    conjugates : list of F int
        For each filter the number of the conjugate one, or −1.
    """

    thetas: list[Complex]
    straight: NDArray[np.bool_]
    members: list[NDArray[np.int64]]
    firsts: NDArray[np.int64]
    filters: Complex
    coordinates: Complex
    real: NDArray[np.bool_]
    conditions: Real
    residuals: Real
    multiplicities: list[int]
    windings: list[tuple[int, ...]]
    conjugates: list[int]

    @property
    def twins(self) -> NDArray[np.int64]:
        """``conjugates`` as an array (F,)."""
        return np.array(self.conjugates, dtype=np.int64)

    def filter(self, place: int) -> CriticalFilter:
        """One of the real filters with all its parameters."""
        rows = self.members[place]
        return CriticalFilter(
            filter=self.filters[place],
            thetas=[layer[rows] for layer in self.thetas],
            straight=self.straight[rows],
            coordinates=self.coordinates[place],
            condition=float(self.conditions[place]),
            residual=float(self.residuals[place]),
            multiplicity=self.multiplicities[place],
            windings=self.windings[place],
        )

    def complex_part(self, first: list[Complex], patterns: list[Pattern], smooth: list[bool | None]) -> ComplexFilters:
        """The complex filters, from the first parameters over each filter, and all classes and answers."""
        rows = np.flatnonzero(~self.real)
        chosen = rows.tolist()
        places = np.full(len(self.real) + 1, -1)
        places[rows] = np.arange(len(rows))
        twins = places[self.twins[rows]]
        return ComplexFilters(
            filters=self.filters[rows],
            coordinates=self.coordinates[rows],
            twins=np.where(twins < np.arange(len(rows)), twins, -1),
            thetas=[layer[rows] for layer in first],
            patterns=[patterns[place] for place in chosen],
            smooth=[smooth[place] for place in chosen],
            conditions=self.conditions[rows],
            residuals=self.residuals[rows],
            multiplicities=[self.multiplicities[place] for place in chosen],
            windings=[self.windings[place] for place in chosen],
        )


def _filters(task: SegreTask, network: SupportNetwork, ends: SortedEnds, windings: list[tuple[int, ...]]) -> _Sorted:
    """The critical filters with their parameters."""
    straightened, straight = with_real_factors(task.embedding.stratum, ends.points)
    straight &= ends.real
    points = np.where(straight[:, None], straightened, ends.points)
    scalars, layers = task.theta(points)
    thetas = balance(layers, scalars)
    filters = without_specks(compose(network, thetas))
    residuals = relative_gradient(network, thetas, task.loss.gram, task.loss.b)
    leaders = first_occurrences(filters, tolerance=ONE_FILTER)
    count = len(leaders)
    partner = np.where(straight, np.arange(count), ends.conjugates)
    order = np.lexsort((~straight, leaders))  # by filter, real parameters first
    heads, starts, places = np.unique(leaders[order], return_index=True, return_inverse=True)
    ends_of_rows = [*starts[1:].tolist(), count]
    members = [order[start:end] for start, end in zip(starts.tolist(), ends_of_rows, strict=True)]
    place = np.empty(count, np.int64)
    place[order] = places
    twins = np.where(partner >= 0, place[partner], len(heads))
    real = np.bincount(place, twins == place, minlength=len(heads)) > 0
    least_twins = np.minimum.reduceat(twins[order], starts)
    # Of both filters of a pair, the same parameters are taken: those with the least number.
    least = np.where(partner >= 0, np.minimum(np.arange(count), partner), count)
    least = np.minimum.reduceat(least[order], starts)
    chosen = np.where(least < count, np.minimum(least, count - 1), heads)
    own = place[chosen] == np.arange(len(heads))
    values = np.where(own[:, None], filters[chosen], filters[chosen].conj())
    firsts = np.where(real, order[starts], np.where(own, chosen, partner[chosen]))
    values[real] = filters[firsts[real]].real
    sorted_windings: list[tuple[int, ...]] = [()] * len(members)
    multiplicities = [1] * len(members)
    if any(windings):
        together = [[windings[row] for row in rows.tolist()] for rows in members]
        sorted_windings = [tuple(sorted(one for winding in part for one in winding)) for part in together]
        paths = [sum(len(winding) or 1 for winding in part) for part in together]
        multiplicities = [
            max(1, number // len(rows), len(over))
            for number, rows, over in zip(paths, members, sorted_windings, strict=True)
        ]
    return _Sorted(
        thetas=thetas,
        straight=straight,
        members=members,
        firsts=firsts,
        filters=values,
        coordinates=np.concatenate([scalars[firsts, None], points[firsts, 1:]], axis=1),
        real=real,
        conditions=np.maximum.reduceat(ends.conditions[order], starts),
        residuals=np.maximum.reduceat(residuals[order], starts),
        multiplicities=multiplicities,
        windings=sorted_windings,
        conjugates=np.where(real | (least_twins == len(heads)), -1, least_twins).tolist(),
    )


def _accounts(table: CountTable, account: PathAccount, points: list[CriticalPoint] | ManyPoints) -> list[StratumResult]:
    """For each class how many filters were found, and how many of the paths that lead to no filter are due to it.

    Paths do not know their class: those at infinity, at w = 0 and at singular points are shared out among the classes
    that lack filters, in this order of the classes. Where branches of the closure meet, a filter has more parameters
    than others of its class; the paths to these count as those to singular points.
    """
    over = {row.pattern: row.factorizations for row in table}
    numbers = Counter(point.stratum for point in maybe_special(points) if point.nonsingular)
    if isinstance(points, ManyPoints):
        numbers.update(points.pairs.numbers())
    counted = sum(over.get(pattern, 0) * number for pattern, number in numbers.items())
    rest = {
        "at_infinity": account.at_infinity + account.never_started[0],
        "origin": account.origin + account.never_started[1],
        "singular": account.singular_paths + max(0, len(account.regular) - counted),
    }
    result = []
    for row in table:
        number = numbers[row.pattern]
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
