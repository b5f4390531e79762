"""Draws whose points are counted by compiled code, from the ends of their paths.

The code is in ``native/plain_counts.hpp``. It asks the questions of `draws`, with the same margins, and pairs complex
ends with their conjugates. Where a path is lost or two paths end at one point, the paths of the draw are followed once
more, with shorter steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..classification.plain_points import PlainCounts, PlainNetwork, StratumEnds, count_points, plain_network
from ..classification.tolerances import CLASSIFICATION
from ..equations.critical_equations import Data
from ..equations.restriction import STRAIGHT_FACTOR
from ..geometry.tolerances import GEOMETRY
from ..losses.data_models import Moments
from ..networks.architecture import Architecture
from ..networks.strata import Stratum
from ..tracking import Engine, TrackerOptions, TrackResult
from .starts import Start, stratum_moments
from .tolerances import SURVEYS

__all__ = ["count_together"]

#: The limits in the order of the compiled code.
LIMITS = (
    SURVEYS.accurate, SURVEYS.critical, SURVEYS.real, SURVEYS.complex, SURVEYS.near, SURVEYS.equal_loss,
    STRAIGHT_FACTOR,
    CLASSIFICATION.hyperroot_in_doubt, CLASSIFICATION.index_in_doubt, CLASSIFICATION.gradient,
    GEOMETRY.form_accuracy, GEOMETRY.apart, GEOMETRY.disc_margin,
)  # fmt: skip
#: The options of both attempts.
ATTEMPTS = (TrackerOptions(), TrackerOptions.conservative())


def count_together(
    arch: Architecture, starts: Sequence[Start], moments: Moments, values: Real, engine: Engine, indices: int
) -> PlainCounts | None:
    """The counts of draws, as far as they are beyond doubt; None without compiled code for the architecture.

    Parameters
    ----------
    arch : Architecture
    starts : sequence of Start
    moments : Moments
        Of regular draws.
    values : (D, K') float array
        The `eigenvalues` of their Gram matrices.
    engine : Engine
    indices : int
        The largest index of a saddle that is counted.
    """
    network = plain_network(arch)
    if network is None or not hasattr(engine, "ends_of_many"):
        return None
    result = _counts(network, starts, moments, values, engine, indices, ATTEMPTS[0])
    rows = np.flatnonzero(~result.settled)
    if rows.size:
        part = Moments(*(column[rows] for column in moments))
        result.put(rows, _counts(network, starts, part, values[rows], engine, indices, ATTEMPTS[1]))
    return result


def _counts(
    network: PlainNetwork,
    starts: Sequence[Start],
    moments: Moments,
    values: Real,
    engine: Engine,
    indices: int,
    options: TrackerOptions,
) -> PlainCounts:
    ends = []
    for start in starts:
        data, scales = stratum_moments(network.architecture, moments, start.embedding, values)
        found = _linear_ends(start.stratum, data) if _is_linear(start) else None
        if found is None:
            found = engine.ends_of_many(  # type: ignore[attr-defined]
                start.stratum, start.system.points, start.system.data, Data(data.gram, data.b), options
            )
        ends.append(StratumEnds(found.points, found.codes, found.errors, found.steps, data.gram, data.b, scales))
    return count_points(network, moments, ends, LIMITS, indices)


def _is_linear(start: Start) -> bool:
    """Whether the filters of the stratum are a linear space: the multiples of one form, in powers of a variable."""
    factors = start.stratum.factors
    return len(start.system.points) == len(factors) == 1 and factors[0].power == 1


def _linear_ends(stratum: Stratum, data: Moments) -> TrackResult | None:
    """The one critical point of a linear space, by a linear system in place of a path; None if one has no solution."""
    step = stratum.factors[0].dilation
    try:
        form = np.linalg.solve(data.gram[:, ::step, ::step], data.b[:, ::step, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return None
    size, count = np.sqrt((form * form).sum(axis=1, keepdims=True)), len(form)
    points = np.concatenate([size, form / np.where(size > 0, size, 1.0)], axis=1).astype(complex)
    none: NDArray[np.int64] = np.zeros(count, np.int64)
    return TrackResult(points, none, np.zeros(count), np.ones(count), none, np.zeros(count))
