"""The critical points of one stratum for given data: the problem that paths are followed to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Real
from ..equations.critical_equations import ZERO_EIGENVALUE, Data, Equations, least_eigenvalue
from ..networks.strata import Stratum
from .tolerances import SOLVING

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """The critical points of one stratum for given data.

    Attributes
    ----------
    equations : Equations
        Those of the stratum.
    data : Data
        In the coordinates of the stratum, of order one.
    count : int
        The exact number of critical points for generic data; for data of low rank, for generic data of this rank.
    rank_deficient : bool
        Whether the rank of the Gram matrix is below the dimension of the stratum. Then the filters of residual zero
        form a continuum.
    """

    equations: Equations
    data: Data
    count: int
    rank_deficient: bool = False

    @property
    def stratum(self) -> Stratum:
        """The stratum."""
        return self.equations.stratum

    @property
    def gram(self) -> Real:
        """The real Gram matrix (K, K)."""
        return np.asarray(self.data.gram, float)

    @cached_property
    def real(self) -> bool:
        """Whether the data are real, so that critical points come in conjugate pairs."""
        return not np.iscomplexobj(self.data.gram) and not np.iscomplexobj(self.data.b)

    @cached_property
    def moved_by_moments(self) -> bool:
        """Whether other moment vectors show what there is: the Gram matrix is regular, up to rounding, and b ≠ 0."""
        values = np.linalg.svd(self.data.gram, compute_uv=False)
        return bool(values[-1] > ZERO_EIGENVALUE * values[0] and np.any(self.data.b))

    @cached_property
    def ill_conditioned(self) -> bool:
        """Whether the Gram matrix has a nonzero eigenvalue so small that paths may need extended precision."""
        return least_eigenvalue(self.data.gram) < SOLVING.ill_conditioned
