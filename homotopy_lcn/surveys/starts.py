"""The start systems of a survey, and its data in the coordinates of each stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..equations.restriction import power_of_two
from ..errors import InputError
from ..losses.data_models import DataModel, Moments, White
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count, generic_ed_degree
from ..networks.strata import Embedding, Stratum, segre_embedding
from ..networks.support_networks import SupportNetwork
from ..solving.start_systems import StartSystems, shared_start_systems
from ..solving.stored_systems import StartSystem
from ..tracking import Engine, get_engine
from ..tracking.settings import Tracking
from .tolerances import SURVEYS

__all__ = ["Start", "are_regular", "eigenvalues", "prepare", "stratum_moments"]


@dataclass(frozen=True)
class Start:
    """Starts of the paths of a stratum. For all data ``lost`` paths go to infinity, and ``origin`` paths to zero."""

    row: StratumCount
    embedding: Embedding
    system: StartSystem
    lost: int
    origin: int

    @property
    def stratum(self) -> Stratum:
        return self.embedding.stratum


def prepare(
    arch: Architecture,
    model: DataModel,
    engine: str | Engine = "auto",
    jobs: int = 1,
    start_systems: StartSystems | None = None,
) -> list[Start] | None:
    """The start systems of all strata for data of a model; None if data sets are to be solved one by one.

    They are if a start system of a structured Gram matrix could not be found, and for white data and networks of any
    supports. A network of any supports has one start system, that of the tensor product of its layers.

    What is learned stays in ``start_systems``, by default the start systems of this process.

    Raises
    ------
    InputError
        If the model does not suit the architecture, or this has too many critical points.
    IncompleteStartSystem
        If a start system could not be computed.
    """
    table = generic_count(arch)
    if table.filters > SURVEYS.most_filters:
        raise InputError(
            f"filters: {arch.in_words} have {table.filters} critical filters for generic data; expected at most "
            f"{SURVEYS.most_filters} in a survey"
        )
    model.check(arch)
    tracking = Tracking(get_engine(engine), jobs)
    systems = shared_start_systems() if start_systems is None else start_systems
    if isinstance(arch, SupportNetwork):
        if isinstance(model, White):
            return None
        space = segre_embedding(arch)
        parameters = generic_ed_degree([factor.degree for factor in space.stratum.factors])
        system = systems.generic(space.stratum, parameters, tracking)
        return [Start(table.rows[0], space, system, 0, 0)]
    starts = []
    for row in table:
        if row.count == 0:
            continue
        embedding = Embedding.of_pattern(arch, row.pattern)
        if isinstance(model, White):
            positions = np.array(embedding.positions)
            gram = np.eye(arch.filter_size)[np.ix_(positions, positions)]
            gram /= power_of_two(np.linalg.norm(gram, 2))
            fixed = systems.kept_with_gram(embedding.stratum, gram, row.count, tracking)
            if fixed is None:
                return None
            # A draw solved on its own then starts from this start system as well, whichever draw came first.
            systems.note_lost_paths(embedding.stratum, gram)
            starts.append(Start(row, embedding, fixed.start, *fixed.never_started))
        else:
            system = systems.generic(embedding.stratum, row.count, tracking)
            starts.append(Start(row, embedding, system, 0, 0))
    return starts


def eigenvalues(moments: Moments, positions: tuple[int, ...]) -> Real:
    """Eigenvalues (D, K') of the Gram matrices restricted to some coefficients, in ascending order."""
    return np.asarray(np.linalg.eigvalsh(_part(moments.gram, positions)), float)


def are_regular(arch: Architecture, moments: Moments, values: Real) -> NDArray[np.bool_]:
    """Whether the data are of moderate size, and the ranks of Σ beyond doubt and at least the dimension of M.

    ``values`` are the `eigenvalues` of the coefficients in the support of the architecture.
    """
    ratios = values / np.where(values[:, -1:] > 0, values[:, -1:], 1.0)
    clear = (ratios >= SURVEYS.regular) | (np.abs(ratios) <= SURVEYS.rounding)
    result = clear.all(axis=1) & ((ratios >= SURVEYS.regular).sum(axis=1) >= arch.dimension)
    for size in (values[:, -1], np.abs(moments.b).max(axis=1)):
        result &= (size >= SURVEYS.smallest) & (size <= SURVEYS.largest)
    return np.asarray(result & (np.abs(moments.constant) <= SURVEYS.largest))


def stratum_moments(arch: Architecture, moments: Moments, embedding: Embedding, values: Real) -> tuple[Moments, Real]:
    """Data of order one in the coordinates of the stratum, and the scales of the filters, as for a single solve.

    ``values`` are the `eigenvalues` of the coefficients in the support of the architecture.
    """
    if embedding.positions != arch.support:
        values = eigenvalues(moments, embedding.positions)
    gram, b = _part(moments.gram, embedding.positions), moments.b
    if embedding.positions != tuple(range(b.shape[1])):
        b = b[:, np.array(embedding.positions)]
    length = np.sqrt((b * b).sum(axis=1))
    gram_scale, b_scale = power_of_two(np.abs(values).max(axis=1)), power_of_two(np.where(length > 0, length, 1.0))
    return Moments(gram / gram_scale[:, None, None], b / b_scale[:, None], moments.constant), b_scale / gram_scale


def _part(gram: Real, positions: tuple[int, ...]) -> Real:
    """Gram matrices (D, K, K) restricted to some coefficients."""
    if positions == tuple(range(gram.shape[1])):
        return gram
    places = np.array(positions)
    return np.asarray(gram[:, places[:, None], places])
