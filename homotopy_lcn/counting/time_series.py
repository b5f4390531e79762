"""Are the Gram matrices of a time series special for a network, and how near are they to special ones?

A series gives two Gram matrices: the Toeplitz matrix of its autocovariances, and the sample moments of its windows,
which a solve uses. Both are counted by `exact_count`; doubles are the rational numbers that they are. Generic Toeplitz
matrices, and moments of generic samples, have the full number by Bertini's theorem. How near a matrix is to losing
points is told by the smallest gap of the eigenvalues where the eigenvalue rule applies, and by the least singular value
of the matrix of the rank rule for the autocovariances of other networks of two layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Real
from ..errors import InputError
from ..losses.preparation import prepared_series
from ..losses.samples import series_samples, series_values
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.limits import check_filter_size
from ..networks.strata import Stratum
from .eigenvalues import count_by_eigenvalues
from .exact_counts import NotEstablished, exact_count
from .gram_matrices import GramMatrix
from .groebner import Search
from .rank_rule import lag_matrix

__all__ = ["MatrixOfSeries", "SeriesCounts", "series_counts"]

#: Seconds for Gröbner bases of each matrix.
SECONDS = 60.0


@dataclass(frozen=True)
class MatrixOfSeries:
    """The count for one Gram matrix of a series.

    Attributes
    ----------
    name : str
        "autocovariances" or "sample moments".
    count : int or None
        Number of critical parameters for this matrix and generic moment vectors; None if it is not decided.
    generic : int
        The same for generic data.
    method : str or None
        How the count was found, as in `CountTable.method`.
    gap : float or None
        How near the matrix is to a special one, relative: 0 is special, 1 is far. None if that is not known.
    gap_of : str
        What the gap is one of, in words; empty without a gap.
    reason : str
        Why the count is not decided; empty if it is.
    """

    name: str
    count: int | None
    generic: int
    method: str | None
    gap: float | None
    gap_of: str
    reason: str = ""

    @property
    def special(self) -> bool | None:
        """Whether points are lost for every moment vector; None if that is not decided."""
        return None if self.count is None else self.count < self.generic

    @property
    def sentence(self) -> str:
        """Whether the matrix is special, and how near it is, in words."""
        near = f"; {self.gap_of}: {self.gap:.1e}" if self.gap is not None else "; how near to special is not known"
        if self.count is None:
            return f"{self.name}: not decided: {self.reason}{near if self.gap is not None else ''}"
        verdict = "special" if self.special else "not special"
        return f"{self.name}: {verdict}, {self.count} of {self.generic} critical parameters ({self.method}){near}"


@dataclass(frozen=True)
class SeriesCounts:
    """The counts for both Gram matrices of a series.

    Attributes
    ----------
    architecture : Architecture
    autocovariances : MatrixOfSeries
        Of the Toeplitz matrix with the entries Σ_t x_t x_{t+h} / n.
    moments : MatrixOfSeries
        Of the sums over windows that a solve uses.
    """

    architecture: Architecture
    autocovariances: MatrixOfSeries
    moments: MatrixOfSeries

    def __str__(self) -> str:
        return f"{self.autocovariances.sentence}\n{self.moments.sentence}"


def series_counts(
    arch: Architecture,
    values: ArrayLike,
    *,
    horizon: int = 1,
    center: bool = False,
    standardize: bool = False,
    time_limit: float | None = SECONDS,
) -> SeriesCounts:
    """Say whether the Gram matrices of a time series are special for a network, and how near.

    Parameters
    ----------
    arch : Architecture
    values : array_like, shape (n,)
        The series in the order of time, real; also a pandas Series. n is at least K + horizon.
    horizon : int
        Steps ahead that are predicted: the last windows have nothing to predict.
    center, standardize : bool
        As in `SquaredLoss.from_series`.
    time_limit : float, optional
        Seconds for Gröbner bases of each matrix; None for no limit.

    Raises
    ------
    InputError
        If `values` is not such a series, or too short.
    CountsDisagree
        If two methods give different numbers.

    Notes
    -----
    The eigenvalue rule and the rank rule are proved on the page Theory of the documentation.

    Examples
    --------
    >>> from homotopy_lcn import load_sunspots
    >>> print(series_counts(Architecture((3, 2), (2, 1)), load_sunspots(), center=True))
    autocovariances: not special, 10 of 10 critical parameters (eigenvalues); smallest gap of the eigenvalues: 3.5e-01
    sample moments: not special, 10 of 10 critical parameters (eigenvalues); smallest gap of the eigenvalues: 2.2e-01
    """
    check_filter_size(arch)
    series = series_values("values", values)
    if center or standardize:
        series = prepared_series(series, standardize)[0]
    windows, _ = series_samples("values", series, arch, horizon)
    size = arch.filter_size
    gamma = np.array([series[: len(series) - h] @ series[h:] for h in range(size)]) / len(series)
    toeplitz = gamma[np.abs(np.subtract.outer(np.arange(size), np.arange(size)))]
    return SeriesCounts(
        arch,
        _counted(arch, "autocovariances", toeplitz, time_limit),
        _counted(arch, "sample moments", windows.T @ windows, time_limit),
    )


def _counted(arch: Architecture, name: str, matrix: Real, time_limit: float | None) -> MatrixOfSeries:
    generic = generic_count(arch).parameters
    try:
        gram = GramMatrix.of(matrix, name)
    except InputError as error:
        why = str(error).partition(": ")[2].partition(";")[0]
        return MatrixOfSeries(name, None, generic, None, None, "", why)
    gap, gap_of = _gap(arch, gram)
    table = exact_count(arch, gram, Search.within(time_limit))
    if isinstance(table, NotEstablished):
        return MatrixOfSeries(name, None, generic, None, gap, gap_of, table.reason)
    return MatrixOfSeries(name, table.parameters, generic, table.method, gap, gap_of)


def _gap(arch: Architecture, gram: GramMatrix) -> tuple[float | None, str]:
    """How near the Gram matrix is to a special one, and by what that is measured."""
    rounded = GramMatrix(gram.name, gram.entries, exact=False)
    gaps = []
    for row in generic_count(arch):
        forms = count_by_eigenvalues(Stratum.of_pattern(arch.blocks, row.pattern), rounded)
        if forms is not None and forms.gap is not None:
            gaps.append(forms.gap)
    if gaps:
        return min(gaps), "smallest gap of the eigenvalues"
    lags = lag_matrix(Stratum.of_layers(arch), gram)
    if lags is None:
        return None, ""
    values = np.linalg.svd(np.array(lags.entries, dtype=float), compute_uv=False)
    return float(values[-1] / values[0]), "least singular value of the matrix of the rank rule"
