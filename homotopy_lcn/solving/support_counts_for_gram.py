"""Counts of critical points of a network of any supports for a given Gram matrix and generic b: measured twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from ..arrays import Real
from ..errors import IncompleteStartSystem, InputError
from ..losses.squared_loss import SquaredLoss
from ..networks.counts import CountTable, generic_count
from ..networks.patterns import Pattern
from ..networks.support_networks import SupportNetwork
from ..progress import Clock
from .solve import critical_points
from .tolerances import SOLVING

__all__ = ["measured_support_count"]

#: Why the numbers are no theorem.
REASON = "measured for two generic moment vectors: no exact method is there for networks of any supports"


def measured_support_count(network: SupportNetwork, gram: Real, name: str, clock: Clock) -> CountTable:
    """The numbers of critical filters of each class, found for two random moment vectors, which must agree.

    Parameters
    ----------
    network : SupportNetwork
    gram : (K, K) array
        Positive definite.
    name : str
        The Gram matrix in words.
    clock : Clock

    Raises
    ------
    InputError
        If there are too many points to be measured.
    IncompleteStartSystem
        If the numbers differ, not all paths can be accounted for, or the time is up.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(filters=((2, 2), (2, 2)), strides=(2, 1))
    >>> measured_support_count(network, np.eye(16), "white", Clock(60.0)).parameters  # singular vector pairs of 4 × 4
    4
    """
    table = generic_count(network)
    if table.filters > SOLVING.most_measured:
        raise InputError(
            f"gram: the counts for this Gram matrix are measured, and there are {table.filters} points for generic "
            f"data; expected a network with at most {SOLVING.most_measured}"
        )
    one, other = (_found(network, gram, seed, clock) for seed in range(2))
    if one != other:
        raise IncompleteStartSystem("two moment vectors give different numbers of critical filters")
    rows = tuple(
        replace(row, count=one.get(row.pattern, 0), generic=row.count, method="measured", reason=REASON)
        for row in table
    )
    return CountTable(network, rows, metric=name, method="measured")


def _found(network: SupportNetwork, gram: Real, seed: int, clock: Clock) -> dict[Pattern, int]:
    """The numbers of nonsingular critical filters for one moment vector."""
    b = np.random.default_rng([seed, 11]).standard_normal(network.filter_size)
    constant = float(b @ np.linalg.solve(gram, b))
    result = critical_points(network, SquaredLoss(gram, b, constant), seed=seed, time_limit=clock.remaining)
    if not result.complete:
        reasons = "; ".join(result.gaps()) or "completeness was not established"
        raise IncompleteStartSystem(f"not all paths to data with this Gram matrix could be accounted for: {reasons}")
    return dict(Counter(point.stratum for point in result if point.nonsingular and point.isolated))
