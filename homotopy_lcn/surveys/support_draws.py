"""Draws of a network of any supports whose critical points are counted together, from the ends of their paths.

All critical parameters of a draw are the ends of the paths of one start system. They are sorted by filter and class,
and classified as in a single solve, for all draws at once; see `many_support_points`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..classification.many_support_points import Parameters, filter_groups, ranks_in_doubt, real_filters
from ..classification.rules import Classified
from ..equations.critical_equations import Data
from ..equations.restriction import STRAIGHT_FACTOR, whole_filters, without_phases
from ..losses.data_models import Moments
from ..networks.counts import generic_count
from ..networks.parameters import balance, jacobian
from ..networks.support_networks import SupportNetwork
from ..solving.segre_problem import layers_of_points
from ..tracking import Engine, TrackerOptions, TrackResult, track_many
from ..tracking.refinement import filters_of
from .starts import Start, stratum_moments
from .tolerances import SURVEYS

__all__ = ["SupportCounts", "count_supports"]

#: The options of both attempts.
ATTEMPTS = (TrackerOptions(), TrackerOptions.conservative())


@dataclass(frozen=True, eq=False)
class SupportCounts:
    """The real critical filters of T draws.

    Attributes
    ----------
    found : Classified
        The answers for R real filters.
    owners : (R,) integer array
        The draw of each filter.
    pure : (R,) bool array
    settled : (T,) bool array
        The draws about which nothing is in doubt. Answers for others are void.
    """

    found: Classified
    owners: NDArray[np.int64]
    pure: NDArray[np.bool_]
    settled: NDArray[np.bool_]


def count_supports(
    network: SupportNetwork, start: Start, moments: Moments, values: Real, engine: Engine
) -> SupportCounts:
    """The real critical filters of regular draws.

    Parameters
    ----------
    network : SupportNetwork
    start : Start
        The tensor product of the layers.
    moments : Moments
    values : (T, K') float array
        The `eigenvalues` of the Gram matrices.
    engine : Engine
    """
    data, scales = stratum_moments(network, moments, start.embedding, values)
    found = _tracked(start, data, engine, ATTEMPTS[0])
    bad = ~_arrived(found).reshape(len(scales), -1).all(axis=1)
    if bad.any():
        rows = np.flatnonzero(bad)
        again = _tracked(start, Moments(*(column[rows] for column in data)), engine, ATTEMPTS[1])
        number = len(start.system.points)
        found.put((rows[:, None] * number + np.arange(number)).ravel(), again)
    return _counted(network, start, moments, scales, found)


def _tracked(start: Start, data: Moments, engine: Engine, options: TrackerOptions) -> TrackResult:
    points, begin = start.system.points, start.system.data
    if hasattr(engine, "ends_of_many"):
        result = engine.ends_of_many(start.stratum, points, begin, Data(data.gram, data.b), options)
        assert isinstance(result, TrackResult)
        return result
    targets = [Data(gram, b) for gram, b in zip(data.gram, data.b, strict=True)]
    return track_many(engine, start.stratum, points, begin, targets, options)


def _arrived(found: TrackResult) -> NDArray[np.bool_]:
    good = found.success & (found.errors <= SURVEYS.accurate) & np.isfinite(found.points).all(axis=1)
    return np.asarray(good)


def _counted(
    network: SupportNetwork, start: Start, moments: Moments, scales: Real, tracked: TrackResult
) -> SupportCounts:
    table, count, number = generic_count(network), len(scales), len(start.system.points)
    owners = np.repeat(np.arange(count), number)
    clear = _arrived(tracked)
    points = np.where(clear[:, None], tracked.points, 1.0)
    filters = whole_filters(network, start.embedding, scales[owners, None] * filters_of(start.stratum, points))
    points[:, 0] *= scales[owners]
    layers = balance(*layers_of_points(network, start.embedding, points))
    columns = jacobian(network, layers)
    clear &= _relative_gradients(network, moments, filters, columns) <= SURVEYS.critical
    norms = np.sqrt((filters.real**2 + filters.imag**2).sum(axis=1))
    asymmetry = np.abs(filters.imag).max(axis=1) / np.where(norms > 0, norms, 1.0)
    real = asymmetry <= SURVEYS.real
    clear &= (norms > 0) & (real | (asymmetry >= SURVEYS.complex))
    groups = filter_groups(Parameters(network, layers, filters, number), table)
    clear &= real == real[groups.leaders]
    settled = ~groups.doubtful & (np.bincount(owners, ~clear, minlength=count) == 0)
    leads = (groups.leaders == np.arange(len(owners))) & settled[owners]
    rows = np.flatnonzero(leads)
    unsure = ranks_in_doubt(network, [layer[rows] for layer in layers], columns[rows], groups.classes.part(rows))
    settled &= np.bincount(owners[rows], unsure, minlength=count) == 0
    del columns
    rows = np.flatnonzero(leads & real & settled[owners])
    classes = groups.classes.part(rows)
    chosen = np.flatnonzero(real & settled[owners])
    turned = without_phases(start.stratum, points[chosen])
    skewness = np.abs(turned[:, 1:].imag).max(axis=1, initial=0.0)
    straight = skewness < STRAIGHT_FACTOR
    crooked = ~straight & (skewness < SURVEYS.complex)
    settled &= np.bincount(owners[chosen], crooked, minlength=count) == 0
    chosen, turned = chosen[straight], turned[straight].real
    places = np.zeros(len(owners), np.int64)
    places[rows] = np.arange(len(rows))
    over = places[groups.leaders[chosen]]
    real_layers = [layer.real for layer in balance(*layers_of_points(network, start.embedding, turned))]
    gram, b = moments.gram[owners[chosen]], moments.b[owners[chosen]]
    answers = real_filters(network, [layer[rows] for layer in layers], classes, (real_layers, gram, b))
    number_of = np.bincount(over, minlength=len(rows))
    doubtful = answers.doubtful | (np.bincount(over, answers.doubtful_parameters, minlength=len(rows)) > 0)
    settled &= np.bincount(owners[rows], doubtful, minlength=count) == 0
    found = Classified(
        losses=_losses(moments, owners[rows], filters[rows].real),
        in_function_space=answers.in_function_space,
        attained=number_of > 0,
        interior=answers.interior,
        smooth=answers.smooth,
        doubtful=doubtful,
        parameters=number_of,
        minima=np.bincount(over[answers.indices == 0], minlength=len(rows)),
        owners=over,
        indices=answers.indices,
    )
    pure = np.array([row.pure for row in table], dtype=bool)
    return SupportCounts(found, owners[rows], pure[classes.rows], settled)


def _relative_gradients(network: SupportNetwork, moments: Moments, filters: Complex, columns: Complex) -> Real:
    """The gradients in the layers relative to the terms that cancel in them; see `relative_gradient`.

    ``columns`` are the Jacobians (T n, K, Σ k_l). The first column of a layer has the norm of all its columns.
    """
    count, size = moments.b.shape
    grouped = filters.reshape(count, -1, size)
    residuals = (grouped @ moments.gram - moments.b[:, None]).reshape(-1, size)
    gradients = np.matmul(residuals[:, None], columns)[:, 0]
    firsts = columns[:, :, np.cumsum([0, *network.layer_sizes[:-1]])]
    rests = np.sqrt((firsts.real**2 + firsts.imag**2).sum(axis=1)).sum(axis=1)
    norms = np.sqrt((grouped.real**2 + grouped.imag**2).sum(axis=2))
    data = np.sqrt((moments.gram**2).sum(axis=(1, 2))), np.sqrt((moments.b**2).sum(axis=1))
    terms = rests * (norms * data[0][:, None] + data[1][:, None]).ravel()
    return np.asarray(np.sqrt((gradients.real**2 + gradients.imag**2).sum(axis=1)) / np.where(terms > 0, terms, 1.0))


def _losses(moments: Moments, owners: NDArray[np.int64], filters: Real) -> Real:
    image = np.matmul(filters[:, None], moments.gram[owners])[:, 0]
    return np.asarray(((image - 2 * moments.b[owners]) * filters).sum(axis=1) + moments.constant[owners])
