"""Solves of many data sets at once, as far as nothing about a data set is in doubt.

Every data set takes the way that `follow_paths` goes first: one homotopy from the generic start system of each stratum.
If each path ends at a critical point of its own, and no question about any point is a close call, that is the whole
solve. The other data sets are left to the careful code of `solve`, which starts anew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..classification.plain_points import PlainNetwork, StratumEnds, examine, plain_network
from ..equations.critical_equations import Data
from ..equations.restriction import power_of_two
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount
from ..networks.strata import Embedding
from ..progress import ProgressCallback, StageReport, TimeUp
from ..results.columns import ResultColumns
from ..tracking.settings import Tracking
from .start_systems import StartSystems
from .tolerances import PLAIN, SOLVING

__all__ = ["Moments", "PlainInterrupted", "are_regular", "solve_plain"]


class PlainInterrupted(KeyboardInterrupt):
    """Ctrl-C during `solve_plain`. ``partial`` holds the points of the strata finished so far."""

    def __init__(self, partial: list[ResultColumns | None]) -> None:
        super().__init__("interrupted")
        self.partial = partial


class Moments(NamedTuple):
    """T losses: Gram matrices (T, K, K), moment vectors (T, K), constants (T,), and tolerances of the rank (T,)."""

    gram: Real
    b: Real
    constant: Real
    tolerance: Real

    @classmethod
    def of(cls, loss: SquaredLoss) -> Moments:
        """One loss."""
        return cls(loss.gram[None], loss.b[None], np.array([loss.constant]), np.array([loss.tolerance]))

    def part(self, rows: NDArray[np.int64]) -> Moments:
        """Some of the losses."""
        return Moments(*(column[rows] for column in self))


def solve_plain(
    arch: Architecture,
    moments: Moments,
    tracking: Tracking,
    systems: StartSystems,
    report: ProgressCallback | None = None,
) -> list[ResultColumns | None]:
    """The critical points of T losses as columns; None where anything is in doubt.

    When the time is up, these are the points of the strata finished by then.

    Parameters
    ----------
    arch : Architecture
    moments : Moments
        Of losses that are known to be sound.
    tracking : Tracking
        Its random numbers are not used.
    systems : StartSystems
    report : callable, optional
        Told while a start system is computed.

    Raises
    ------
    IncompleteStartSystem
        If a start system could not be computed.
    TimeUp
        If the time is up before a stratum is finished.
    PlainInterrupted
        On Ctrl-C after a stratum is finished.

    Notes
    -----
    What is computed for a loss does not depend, to the last bit, on the other losses.
    """
    result: list[ResultColumns | None] = [None] * len(moments.constant)
    network = plain_network(arch)
    if network is None or not hasattr(tracking.engine, "ends_of_many"):
        return result
    values = _eigenvalues(moments.gram, np.array(arch.support))
    rows = np.flatnonzero(are_regular(moments, values) & ~systems.need_own_start(network.embeddings, moments.gram))
    if not rows.size:
        return result
    if rows.size < len(result):
        moments, values = moments.part(rows), values[rows]
    ends: list[StratumEnds] = []
    try:
        for number, row in enumerate(network.rows):
            told = tracking if report is None else _telling(tracking, report, row)
            ends.append(_ends(network, number, moments, values, told, systems))
    except (TimeUp, KeyboardInterrupt) as stop:
        if not ends:
            raise
        network = network.first(len(ends))
        if isinstance(stop, KeyboardInterrupt):
            raise PlainInterrupted(_examined(network, moments, ends, result, rows)) from None
    with tracking.clock.stage("classification"):
        return _examined(network, moments, ends, result, rows)


def _examined(
    network: PlainNetwork,
    moments: Moments,
    ends: list[StratumEnds],
    result: list[ResultColumns | None],
    rows: NDArray[np.int64],
) -> list[ResultColumns | None]:
    """The results with the points of the losses in ``rows``, as far as nothing is in doubt."""
    columns, doubts = examine(network, moments[:3], ends, SOLVING.verified, SOLVING.end_rounding)
    for place, number in enumerate(rows.tolist()):
        if not doubts[place]:
            result[number] = ResultColumns(columns, place)
    return result


def _telling(tracking: Tracking, report: ProgressCallback, row: StratumCount) -> Tracking:
    return tracking.telling(StageReport(report, "start system", row.pattern, row.count))


def _eigenvalues(gram: Real, positions: NDArray[np.int64]) -> Real:
    """Eigenvalues (T, K') of the Gram matrices restricted to some coefficients."""
    whole = len(positions) == gram.shape[1] and bool((positions == np.arange(len(positions))).all())
    return np.asarray(np.linalg.eigvalsh(gram if whole else gram[:, positions[:, None], positions]), float)


def are_regular(moments: Moments, values: Real | None = None) -> NDArray[np.bool_]:
    """Whether the Gram matrices are of full rank beyond doubt, and all numbers of moderate size.

    Parameters
    ----------
    moments : Moments
    values : (T, K') float array, optional
        Eigenvalues of the part of each Gram matrix that matters; by default of the whole matrix.
    """
    if values is None:
        values = np.asarray(np.linalg.eigvalsh(moments.gram), float)
    largest = values[:, -1]
    bound = np.maximum(PLAIN.regular, PLAIN.above_tolerance * moments.tolerance)
    sizes = np.abs(moments.b).max(axis=1)
    result = (values[:, 0] > bound * largest) & (np.abs(moments.constant) <= PLAIN.largest)
    result &= (largest >= PLAIN.smallest) & (largest <= PLAIN.largest)
    return np.asarray(result & (sizes >= PLAIN.smallest) & (sizes <= PLAIN.largest))


def _ends(
    network: PlainNetwork, number: int, moments: Moments, values: Real, tracking: Tracking, systems: StartSystems
) -> StratumEnds:
    """Track all paths of a stratum to all data sets."""
    embedding, count = network.embeddings[number], network.rows[number].count
    gram, b, scales = _stratum_data(embedding, network.whole[number], moments, values)
    tracking.clock.check()
    with tracking.clock.stage("start system"):
        start = systems.remembered(embedding.stratum, count)
        if start is None:
            start = systems.generic(embedding.stratum, count, tracking.on_short_segments)
    with tracking.clock.stage("tracking"):
        found = tracking.engine.ends_of_many(  # type: ignore[attr-defined]
            embedding.stratum, start.points, start.data, Data(gram, b), tracking.options, tracking.jobs
        )
    return StratumEnds(found.points, found.codes, found.errors, found.steps, gram, b, scales)


def _stratum_data(embedding: Embedding, whole: bool, moments: Moments, values: Real) -> tuple[Real, Real, Real]:
    """The data in the coordinates of the stratum, of order one, and the scales of the filters; see `stratum_data`."""
    gram, b = moments.gram, moments.b
    if not whole:
        positions = np.array(embedding.positions)
        gram, b = gram[:, positions[:, None], positions], b[:, positions]
        values = np.asarray(np.linalg.eigvalsh(gram), float)
    length = np.sqrt((b * b).sum(axis=1))
    gram_scale, b_scale = power_of_two(values[:, -1]), power_of_two(np.where(length > 0, length, 1.0))
    return gram / gram_scale[:, None, None], b / b_scale[:, None], b_scale / gram_scale
