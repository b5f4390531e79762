"""Critical points as columns of arrays, of which the records are made when they are asked for.

Most results of a batch are counted, or asked for their minimum, and no more. A record of a point costs more time than
finding the point.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, frozen
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from .continua import UNDECIDED, Infimum
from .points import Counts, CriticalPoint, StratumResult

__all__ = ["PointColumns", "ResultColumns", "StratumColumns"]

#: The answers to yes-or-no questions as the columns hold them.
ANSWERS = {1: True, 0: False, -1: None}


@dataclass(frozen=True, eq=False)
class StratumColumns:
    """A stratum whose paths all end at nonsingular points, for T data sets.

    Attributes
    ----------
    pattern : tuple of partitions
    pure : bool
    generic : int
        Number of critical filters, as for generic data.
    factorizations : int
        Number of critical θ up to scaling over each filter.
    coordinates : int
        Length of a point in the coordinates of the stratum.
    steps : (T,) integer array
        Steps of the tracker for each data set.
    """

    pattern: Pattern
    pure: bool
    generic: int
    factorizations: int
    coordinates: int = 0
    steps: NDArray[np.int64] | None = None

    def result(self, row: int) -> StratumResult:
        """The outcome of the stratum for one of the data sets."""
        statistics = {}
        if self.steps is not None:
            statistics = {
                "paths": self.generic, "steps": int(self.steps[row]), "retracked": 0, "extended": 0, "detours": 0,
            }  # fmt: skip
        return StratumResult(
            self.pattern, self.pure, self.generic, self.generic, self.factorizations, statistics=statistics
        )


@dataclass(frozen=True, eq=False)
class PointColumns:
    """The N critical points of each of T data sets, in the order of a result.

    Attributes
    ----------
    architecture : Architecture
    strata : tuple of StratumColumns
        All strata, those without points included.
    filters : (T, N, K) complex array
    losses : (T, N) complex array
    coordinates : (T, N, C) complex array
        In the first columns the coordinates of the point on its stratum.
    stratum : (T, N) integer array
        The stratum of the point, as an index of `strata`.
    answers : (T, N, 4) integer array
        Whether the filter is real, in the function space, attained, interior: 1 for yes, 0 for no, −1 for no answer.
    conditions, residuals : (T, N) float arrays
        A residual is NaN where there are no parameters.
    conjugates : (T, N) integer array
        −1 for real points.
    numbers : (T, N) integer array
        The number of parameters over the filter.
    first_real, first_complex : (T,) integer arrays
        Where the parameters of the data set begin in `thetas` and in `complex_thetas`.
    thetas : (M, Σ k) float array
        The real parameters, in the order of the points.
    indices : (M,) integer array
        Numbers of negative Hessian eigenvalues. Parameters of index 0 are minima, all others saddles.
    complex_thetas : (N', Σ k) complex array
        The parameters of points that are not real, one for each.
    infima : (T,) float array
        The least loss of an attained point, or of w = 0.
    complete : bool
        Whether these are the points of all strata.
    """

    architecture: Architecture
    strata: tuple[StratumColumns, ...]
    filters: Complex
    losses: Complex
    coordinates: Complex
    stratum: NDArray[np.int64]
    answers: NDArray[np.int8]
    conditions: Real
    residuals: Real
    conjugates: NDArray[np.int64]
    numbers: NDArray[np.int64]
    first_real: NDArray[np.int64]
    first_complex: NDArray[np.int64]
    thetas: Real
    indices: NDArray[np.int64]
    complex_thetas: Complex
    infima: Real
    complete: bool = True

    def points(self, row: int) -> tuple[CriticalPoint, ...]:
        """The points of one of the data sets."""
        arch, strata = self.architecture, self.strata
        layers = [slice(end - k, end) for k, end in zip(arch.layer_sizes, accumulate(arch.layer_sizes), strict=True)]
        # Copies, so that points that are kept do not keep those of other data sets.
        filters, coordinates = frozen(self.filters[row]), frozen(self.coordinates[row])
        is_real = self.answers[row, :, 0] == 1
        own = slice(first := int(self.first_real[row]), first + int(self.numbers[row, is_real].sum()))
        real_thetas, indices_of_all = frozen(self.thetas[own]), self.indices[own].tolist()
        first = int(self.first_complex[row])
        complex_thetas = frozen(self.complex_thetas[first : first + len(is_real) - int(is_real.sum())])
        real = other = 0
        columns = (
            self.losses[row], self.stratum[row], self.answers[row], self.conditions[row], self.residuals[row],
            self.conjugates[row], self.numbers[row],
        )  # fmt: skip
        result = []
        for place, (loss, number, answers, condition, residual, conjugate, count) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            stratum = strata[number]
            if answers[0] == 1:
                thetas: NDArray[Any] = real_thetas[real : real + count]
                indices = tuple(indices_of_all[real : real + count])
                kinds: tuple[str | None, ...] = tuple(["saddle" if index else "minimum" for index in indices])
                real += count
            else:
                thetas = complex_thetas[other : other + 1]
                indices, kinds = (None,), (None,)
                other += 1
            result.append(
                CriticalPoint.validated(
                    filter=filters[place],
                    real=answers[0] == 1,
                    loss=loss.real if answers[0] == 1 else loss,
                    stratum=stratum.pattern,
                    pure=stratum.pure,
                    in_function_space=ANSWERS[answers[1]],
                    attained=ANSWERS[answers[2]],
                    interior=ANSWERS[answers[3]],
                    smooth=True,
                    residual=residual if residual == residual else None,
                    condition=condition,
                    parameters=tuple([tuple([theta[layer] for layer in layers]) for theta in thetas]),
                    kinds=kinds,
                    indices=indices,
                    coordinates=coordinates[place, : stratum.coordinates],
                    conjugate=None if conjugate < 0 else conjugate,
                    architecture=arch,
                )
            )
        return tuple(result)

    def counts(self, row: int) -> Counts:
        """The numbers of points of each sort of one of the data sets."""
        answers = self.answers[row].tolist()
        pure = sum(self.strata[number].pure for number in self.stratum[row].tolist())
        attained = [place for place, answer in enumerate(answers) if answer[2] == 1]
        numbers = self.numbers[row].tolist()
        first = int(self.first_real[row])
        interior = sum(answers[place][3] == 1 for place in attained)
        minima = parameters = 0
        if attained:
            # Real points without parameters take no row, and complex points come last.
            indices = self.indices[first : first + sum(numbers[place] for place in attained)].tolist()
            for place in attained:
                minima += 0 in indices[parameters : parameters + numbers[place]]
                parameters += numbers[place]
        found = sum(stratum.generic for stratum in self.strata)
        return Counts(
            generic=found,
            found=found,
            pure=pure,
            spurious=len(answers) - pure,
            at_infinity=0,
            singular=0,
            origin=0,
            real=sum(answer[0] for answer in answers),
            in_function_space=sum(answer[1] == 1 for answer in answers),
            attained=len(attained),
            real_parameters=parameters,
            interior=interior,
            boundary=len(attained) - interior,
            smooth=len(attained),
            minima=minima,
            certified=None,
        )


class ResultColumns:
    """The parts of one result that are made from columns when they are asked for.

    Parameters
    ----------
    columns : PointColumns
    row : int
        The data set.
    """

    #: Names of the parts.
    PARTS = frozenset({"points", "counts", "strata"})

    def __init__(self, columns: PointColumns, row: int) -> None:
        self._columns = columns
        self._row = row

    def part(self, name: str) -> Any:
        """The part with a name of `PARTS`."""
        columns, row = self._columns, self._row
        if name == "points":
            return columns.points(row)
        if name == "counts":
            return columns.counts(row)
        return tuple(stratum.result(row) for stratum in columns.strata)

    @property
    def complete(self) -> bool:
        """Whether these are the points of all strata."""
        return self._columns.complete

    @property
    def infimum(self) -> Infimum:
        """The infimum of the loss, which is attained; nothing is known of it if strata are left out."""
        return Infimum(float(self._columns.infima[self._row]), True) if self.complete else UNDECIDED
