"""Critical points of many data sets at once, where nothing is in doubt, by compiled code.

For most data sets all ends of paths are well apart and well-conditioned, all roots are well apart, and no eigenvalue
of a Hessian is near zero. The compiled code in ``native/plain_points.cpp`` refines, verifies and classifies such points
by the rules of this package, and checks what has to hold for every result, in the original parameters. It decides no
close call: a data set with anything in doubt is left to the other modules, which answer for all data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count
from ..networks.strata import Embedding
from ..results.columns import PointColumns, StratumColumns
from ..tracking.compiled_gradients import ROOM, compiled
from ..tracking.tolerances import REFINEMENT

__all__ = ["COUNTS", "PlainCounts", "PlainNetwork", "StratumEnds", "count_points", "examine", "plain_network"]

#: What `count_points` counts, in the order of ``native/plain_counts.hpp``; saddles by index follow.
COUNTS = (
    "real", "real_pure", "in_function_space", "attained", "real_parameters", "interior", "minima", "spurious_minima"
)  # fmt: skip
#: More points of one data set are compared with each other in pairs, or more parameters polished, than pays.
PAYS = {"points": 600, "parameters": 5000}


@dataclass(frozen=True, eq=False)
class StratumEnds:
    """The ends of the paths of one stratum for T data sets; path t P + p belongs to data set t.

    Attributes
    ----------
    points : (T P, coordinates) complex array
    codes : (T P,) integer array
        A `ReturnCode` for each path.
    errors : (T P,) float array
        Relative size of the last step.
    steps : (T P,) integer array
    gram, b : (T, K', K') and (T, K') float arrays
        The data in the coordinates of the stratum, of order one.
    scales : (T,) float array
        The factor from filters for these data to filters of the loss.
    """

    points: Complex
    codes: NDArray[np.int64]
    errors: Real
    steps: NDArray[np.int64]
    gram: Real
    b: Real
    scales: Real


@dataclass(frozen=True, eq=False)
class PlainCounts:
    """Counts of the points of T data sets.

    Attributes
    ----------
    settled : (T,) bool array
        Where nothing is in doubt. The other rows are void.
    counts : (T, C) integer array
        The `COUNTS`, then the numbers of saddles of index 1, 2, ….
    losses : (T,) float array
        The least loss of an attained point; infinite where there is none.
    pure : (T,) bool array
        Whether that point is pure.
    """

    settled: NDArray[np.bool_]
    counts: NDArray[np.int32]
    losses: Real
    pure: NDArray[np.bool_]

    def put(self, rows: NDArray[np.int64], other: PlainCounts) -> None:
        """Enter the counts of some of the data sets."""
        for name in ("settled", "counts", "losses", "pure"):
            getattr(self, name)[rows] = getattr(other, name)


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """What the compiled code has to know of a network.

    Attributes
    ----------
    architecture : Architecture
    rows : tuple of StratumCount
        The strata that have points.
    embeddings : tuple of Embedding
        For each of them.
    table : tuple of StratumCount
        All strata.
    static : tuple of dict
        For each of the strata that have points, what the compiled code has to know of it.
    layers, blocks : lists
        Sizes and dilations of the layers, and the layers of each block.
    whole : tuple of bool
        For each of the strata that have points, whether its filters have the coefficients of the network's.
    complete : bool
        Whether these are all strata of the network.
    """

    architecture: Architecture
    rows: tuple[StratumCount, ...]
    embeddings: tuple[Embedding, ...]
    table: tuple[StratumCount, ...]
    static: tuple[dict[str, Any], ...]
    layers: list[tuple[int, int]]
    blocks: list[list[int]]
    whole: tuple[bool, ...]
    complete: bool = True

    def first(self, number: int) -> PlainNetwork:
        """The same without all but the first strata that have points."""
        if number == len(self.rows):
            return self
        end = self.table.index(self.rows[number])
        parts = {name: getattr(self, name)[:number] for name in ("rows", "embeddings", "static", "whole")}
        return replace(self, table=self.table[:end], complete=False, **parts)


@lru_cache(maxsize=256)
def plain_network(arch: Architecture) -> PlainNetwork | None:
    """The network, if the compiled code is installed and has room for it."""
    table = tuple(generic_count(arch))
    rows = tuple(row for row in table if row.count)
    if compiled() is None or not rows or not arch.blocks or not _has_room(arch, rows):
        return None
    embeddings = tuple(Embedding.of_pattern(arch, row.pattern) for row in rows)
    ranks = {pattern: rank for rank, pattern in enumerate(sorted(row.pattern for row in rows))}
    static = []
    for row, embedding in zip(rows, embeddings, strict=True):
        factors = embedding.stratum.factors
        if len(factors) > ROOM["factors"] or embedding.stratum.filter_size > ROOM["filter size"]:
            return None
        if embedding.stratum.coordinates > ROOM["coordinates"]:
            return None
        static.append(
            {
                "factors": [
                    (factor.degree, factor.power, factor.dilation, block)
                    for factor, block in zip(factors, embedding.blocks, strict=True)
                ],
                "positions": list(embedding.positions),
                "rank": ranks[row.pattern],
            }
        )
    return PlainNetwork(
        arch,
        rows,
        embeddings,
        table,
        tuple(static),
        # A layer of size one may have a dilation of any size, which does not matter.
        [(k, dilation if k > 1 else 1) for k, dilation in zip(arch.filters, arch.dilations, strict=True)],
        [list(layers) for layers in arch.layers_by_block],
        tuple(embedding.positions == tuple(range(arch.filter_size)) for embedding in embeddings),
    )


def _has_room(arch: Architecture, rows: Sequence[StratumCount]) -> bool:
    points = sum(row.count for row in rows)
    return (
        arch.filter_size <= ROOM["filter size"]
        and arch.depth <= ROOM["layers"]
        and sum(arch.filters) <= ROOM["parameters"]
        and sum(k > 1 for k in arch.filters) <= ROOM["factors"]
        and sum(block.degree for block in arch.blocks) <= ROOM["degree"]
        and len(arch.blocks) <= ROOM["factors"]
        and points <= PAYS["points"]
        and sum(row.count * row.factorizations for row in rows) <= PAYS["parameters"]
    )


def examine(
    network: PlainNetwork,
    data: tuple[Real, Real, Real],
    ends: Sequence[StratumEnds],
    verified: float,
    end_rounding: float,
) -> tuple[PointColumns, NDArray[np.int64]]:
    """The critical points of T data sets, as far as nothing is in doubt.

    Parameters
    ----------
    network : PlainNetwork
    data : tuple
        Gram matrices (T, K, K), moment vectors (T, K) and constants (T,).
    ends : sequence of StratumEnds
        For each of the network's strata that have points.
    verified, end_rounding : float
        The accuracy that a verified end has, see `SolvingTolerances`.

    Returns
    -------
    columns : PointColumns
        The points. The rows of data sets in doubt are void.
    doubts : (T,) integer array
        0 where nothing is in doubt; otherwise the first reason of doubt in the list of ``native/plain_points.cpp``.
    """
    found = compiled().examine(
        layers=network.layers,
        blocks=network.blocks,
        strata=_given(network, ends),
        data=data,
        tolerances=(verified, end_rounding, REFINEMENT.small_step, REFINEMENT.reused_matrix),
        whole=network.complete,
    )
    for array in found.values():
        array.flags.writeable = False
    strata, numbers = _strata(network, ends, len(data[2]))
    return PointColumns(
        network.architecture,
        strata,
        found["filters"],
        found["losses"],
        found["points"],
        numbers[found["stratum"]] if len(strata) > len(network.rows) else found["stratum"],
        found["answers"],
        found["conditions"],
        found["residuals"],
        found["conjugates"],
        found["numbers"],
        found["first_real"],
        found["first_complex"],
        found["thetas"],
        found["indices"],
        found["complex_thetas"],
        found["infima"],
        network.complete,
    ), found["doubts"]


def count_points(
    network: PlainNetwork,
    data: tuple[Real, Real, Real],
    ends: Sequence[StratumEnds],
    limits: Sequence[float],
    indices: int,
) -> PlainCounts:
    """The numbers of critical points of T data sets by kind, as far as nothing is in doubt.

    Parameters
    ----------
    network, data, ends
        As for `examine`. The points are taken as they are.
    limits : sequence of float
        From where on a data set is in doubt, in the order of ``native/plain_counts.hpp``.
    indices : int
        The largest index of a saddle that is counted; a data set with another saddle is in doubt.
    """
    strata = _given(network, ends)
    for row, given in zip(network.rows, strata, strict=True):
        given["pure"] = row.pure
    found = compiled().count(
        layers=network.layers, blocks=network.blocks, strata=strata, data=tuple(data), limits=limits, indices=indices
    )
    return PlainCounts(found["settled"], found["counts"], found["losses"], found["pure"])


def _given(network: PlainNetwork, ends: Sequence[StratumEnds]) -> list[dict[str, Any]]:
    """What the compiled code is given of each stratum."""
    return [
        {
            **static,
            "ends": one.points,
            "codes": one.codes,
            "errors": one.errors,
            "gram": one.gram,
            "b": one.b,
            "scales": one.scales,
        }
        for static, one in zip(network.static, ends, strict=True)
    ]


def _strata(
    network: PlainNetwork, ends: Sequence[StratumEnds], count: int
) -> tuple[tuple[StratumColumns, ...], NDArray[np.int64]]:
    """All strata, and for each of those that have points its number among all."""
    known = {
        row.pattern: (embedding.stratum.coordinates, one.steps.reshape(count, -1).sum(axis=1))
        for row, embedding, one in zip(network.rows, network.embeddings, ends, strict=True)
    }
    strata = tuple(
        StratumColumns(row.pattern, row.pure, row.count, row.factorizations, *known.get(row.pattern, (0, None)))
        for row in network.table
    )
    return strata, np.array([number for number, row in enumerate(network.table) if row.count])
