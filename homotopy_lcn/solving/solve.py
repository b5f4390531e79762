"""All critical points of the squared loss of a network for given data."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from ..classification.special_data import reclassify
from ..equations.critical_equations import Data
from ..errors import InputError, check_integer
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import restricted, zero_residual
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, generic_count
from ..progress import ProgressCallback
from ..results.merging import merged
from ..results.points import CriticalPoint, StratumResult
from ..results.result import CriticalPoints
from ..tracking import Engine, TrackerOptions, get_engine
from .one_stratum import _Placed, _solve_stratum

__all__ = ["SolveInterrupted", "critical_points"]

#: How many critical parameters over one filter are listed at most.
MAX_PARAMETERS = 100_000
#: A filter has residual zero if ‖Σw − b‖ is at most this, relative to ‖Σ‖‖w‖ + ‖b‖.
NO_RESIDUAL = 1e-10


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve. ``partial`` holds the strata finished so far, as an incomplete result."""

    def __init__(self, partial: CriticalPoints) -> None:
        super().__init__("interrupted")
        self.partial = partial


def critical_points(
    arch: Architecture,
    loss: SquaredLoss,
    *,
    seed: int = 0,
    engine: str | Engine = "auto",
    jobs: int = 1,
    max_count: int = 20_000,
    options: TrackerOptions | None = None,
    progress: ProgressCallback | None = None,
    isolated: bool = False,
) -> CriticalPoints:
    """Compute, verify and classify every critical point of the squared loss of a network.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Its Gram matrix must have at least the rank of the dimension of the function space, unless ``isolated``.
    seed : int
        All random choices come from it.
    engine : str or Engine
        What tracks paths: "auto", the fastest there is of "native" and "reference", or "phcpack", where PHCpack tracks
        the paths to the data (start systems and the endgame are the package's own); its ends are refined and verified
        as all are.
    jobs : int
        Number of threads. Results do not depend on it.
    max_count : int
        Refuse a problem with more critical filters than this for generic data.
    options : TrackerOptions, optional
        Options of the path tracker; `TrackerOptions()` by default.
    progress : callable, optional
        Called with a `Progress` now and then.
    isolated : bool
        Accept a Gram matrix of smaller rank r, too: then the filters of residual zero form a set of positive dimension
        and are left out on every stratum of a dimension above r, and the isolated critical points are computed. Of
        these there are `generic_count(arch, rank=r)` for generic data of rank r. Column spaces in special position may
        have fewer: then all paths from generic data of full rank are accounted for.

    Returns
    -------
    CriticalPoints
        ``complete`` is true only if every stratum has as many distinct, verified points as it has for generic data (of
        this rank), or if all its other paths are accounted for.

    Warns
    -----
    RuntimeWarning
        If the numerical rank is in doubt, see `SquaredLoss.rank_in_doubt`.

    Raises
    ------
    InputError
        If the loss does not fit the architecture, its Gram matrix has too small a rank, or there are more than
        ``max_count`` points.
    IncompleteStartSystem
        If the start system of a stratum could not be computed.
    SolveInterrupted
        On Ctrl-C, with the strata finished so far.

    Examples
    --------
    >>> import numpy as np
    >>> from homotopy_lcn import Architecture, SquaredLoss, critical_points
    >>> gram = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 1.0], [0.5, 1.0, 4.0]])
    >>> result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss(gram, [1.0, 0.0, 2.0]))
    >>> len(result), result.complete, result.counts.pure, result.counts.spurious
    (5, True, 1, 4)
    """
    table, rank = _validated(arch, loss, seed, jobs, max_count, isolated)
    continuum = zero_residual(arch, loss, seed=seed) if rank < arch.dimension else None
    chosen = get_engine(engine)
    options = options or TrackerOptions()
    points: list[_Placed] = []
    strata: list[StratumResult] = []
    try:
        for index, row in enumerate(table):
            rng = np.random.default_rng([seed, 2, index])  # apart from the stream of random data
            found, result = _solve_stratum(arch, loss, row, rank, rng, chosen, jobs, options, progress)
            points += found if continuum is None else _on_continuum(loss, found)
            strata.append(result)
    except KeyboardInterrupt:
        rest = [StratumResult(r.pattern, r.pure, r.count, 0, r.factorizations) for r in table.rows[len(strata) :]]
        finished = CriticalPoints.build(
            arch, loss, _one_a_filter(arch, loss, points), [*strata, *rest], seed=seed, complete=False,
            zero_residual=continuum,
        )  # fmt: skip
        raise SolveInterrupted(finished) from None
    return CriticalPoints.build(
        arch, loss, _one_a_filter(arch, loss, points), strata, seed=seed, zero_residual=continuum
    )


def _one_a_filter(arch: Architecture, loss: SquaredLoss, placed: list[_Placed]) -> list[CriticalPoint]:
    """The points, one for each filter: in special data a filter may be critical on several strata."""
    result = []
    for index, point in merged([item.point for item in placed]):
        item = placed[index]
        if item.special or point is not item.point or not point.nonsingular:
            point = reclassify(arch, Data(loss.gram, loss.b), point, item.coordinates)
        result.append(point)
    return result


def _on_continuum(loss: SquaredLoss, placed: list[_Placed]) -> list[_Placed]:
    """The points, those of residual zero marked as not isolated: through them passes the set of all such filters."""
    size, offset = np.linalg.norm(loss.gram, 2), np.linalg.norm(loss.b)
    result = []
    for item in placed:
        w = item.point.filter
        zero = np.linalg.norm(loss.gram @ w - loss.b) <= NO_RESIDUAL * (size * np.linalg.norm(w) + offset)
        result.append(item._replace(point=replace(item.point, isolated=False)) if zero else item)
    return result


def _validated(
    arch: Architecture, loss: SquaredLoss, seed: int, jobs: int, max_count: int, isolated: bool
) -> tuple[CountTable, int]:
    """What to find, and the rank of the Gram matrix where filters can be nonzero."""
    if not isinstance(arch, Architecture):
        raise InputError(f"arch: {type(arch).__name__} given; expected an Architecture")
    if not isinstance(loss, SquaredLoss):
        raise InputError(f"loss: {type(loss).__name__} given; expected a SquaredLoss")
    if loss.filter_size != arch.filter_size:
        raise InputError(
            f"loss: its filters have size {loss.filter_size}; expected {arch.filter_size}, the end-to-end filter size "
            f"of filters {arch.filters} with strides {arch.strides}"
        )
    for name, value, least in (("seed", seed, 0), ("jobs", jobs, 1), ("max_count", max_count, 1)):
        check_integer(name, value, least)
    table = generic_count(arch)
    if table.filters > max_count:
        raise InputError(
            f"max_count: this architecture has {table.filters} critical filters for generic data, above the limit "
            f"{max_count}; raise the limit (--max-count) to solve it all the same"
        )
    most = max(row.factorizations for row in table)
    if most > MAX_PARAMETERS:
        raise InputError(
            f"filters: {most} critical parameters lie over one critical filter; expected at most {MAX_PARAMETERS}, as "
            "all real ones are listed (merge some of the layers with equal dilation)"
        )
    inner = restricted(arch, loss)
    few = inner.rank < arch.dimension
    if inner.rank_in_doubt and (isolated or not few):
        warnings.warn(f"loss: {inner.describe_rank()}", RuntimeWarning, stacklevel=3)
    if not few:
        return table, inner.rank
    if isolated:
        return generic_count(arch, rank=inner.rank), inner.rank
    why = inner.describe_rank() if inner.rank_in_doubt else "too few samples?"
    raise InputError(
        f"loss: its Gram matrix has rank {inner.rank} ({why}), so that minimizers are not isolated: "
        f"{zero_residual(arch, loss, seed=seed).describe()}; expected at least rank {arch.dimension}, the dimension of "
        "the function space, or isolated=True (--isolated) for the isolated critical points alone, or "
        "loss.regularized(eps) (--regularize EPS)"
    )
