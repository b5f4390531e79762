"""The critical points of one stratum for given data: the problem that paths are followed to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Real
from ..doors import cached_property
from ..equations.critical_equations import ZERO_EIGENVALUE, Data, Equations, is_definite, least_eigenvalue
from ..networks.strata import Stratum
from .accounts import RegularEnds
from .tolerances import SOLVING

# `counting` is imported where points are lost: most solves do without it.

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
    exact : Data or None
        The rational numbers that the data are rounded from, in arrays of fractions, if they are known.
    """

    equations: Equations
    data: Data
    count: int
    rank_deficient: bool = False
    exact: Data | None = None

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
    def definite(self) -> bool:
        """Whether the Gram matrix is regular, up to rounding."""
        return is_definite(self.data.gram)

    @cached_property
    def moments_suffice(self) -> bool:
        """Whether data with other moment vectors lead to all critical points, those of continua included."""
        return self.definite and bool(np.any(self.data.b))

    def has_all(self, ends: RegularEnds) -> bool:
        """Whether some distinct nonsingular points are all of them, as the exact number for this Gram matrix says.

        No, if the number is not known at once, if the Gram matrix is near a singular one, or if a point is so far away
        that its path may be on the way to infinity.
        """
        gram = self.data.gram
        if self.rank_deficient or self.ill_conditioned or not self.definite or np.any(np.imag(gram)):
            return False
        if not len(ends) or np.linalg.norm(ends.filters, axis=1).max() > SOLVING.far_away:
            return False
        from ..counting.quick_numbers import gives_all_points

        return gives_all_points(self.stratum, np.real(gram).tolist(), len(ends))

    @cached_property
    def rank_in_doubt(self) -> bool:
        """Whether a nonzero eigenvalue of the Gram matrix is so small that it may be rounding.

        Then paths that extended precision cannot follow are not followed from other start systems.
        """
        return least_eigenvalue(self.data.gram) < SOLVING.doubtful

    @cached_property
    def several_doubtful_eigenvalues(self) -> bool:
        """Whether several nonzero eigenvalues of a real Gram matrix are as small as `rank_in_doubt` says."""
        values = np.linalg.svd(self.data.gram, compute_uv=False)
        doubtful = (values > ZERO_EIGENVALUE * values[0]) & (values < SOLVING.doubtful * values[0])
        return self.real and int(doubtful.sum()) > 1

    @cached_property
    def ill_conditioned(self) -> bool:
        """Whether the Gram matrix has a nonzero eigenvalue so small that paths may need extended precision."""
        return least_eigenvalue(self.data.gram) < SOLVING.ill_conditioned
