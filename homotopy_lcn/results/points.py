"""The records of a result: one critical point, the outcome of one stratum, counts of points, and all parts together."""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import ComparedByValue
from ..doors import ShownInNotebooks
from ..errors import InputError
from ..losses.predictions import predictions
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Counts", "CriticalPoint", "StratumResult", "count_points", "quantity"]


#: Points with larger condition numbers are called ill-conditioned. Most Gaussian data have none above 100.
LARGE_CONDITION = 1e3


#: The filters w_1, …, w_L of the layers.
Parameters = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class CriticalPoint(ComparedByValue, ShownInNotebooks):
    """One critical filter w, the critical parameters over it, and the answers about both.

    ``None`` stands where a question does not apply (most do not for a complex filter) or is undecided. Points are equal
    if all attributes are equal. Arrays are read-only, in copies and after pickling, too.

    Attributes
    ----------
    filter : ndarray of shape (K,), complex128
        The end-to-end filter w. Its imaginary part is zero if `real`.
    real : bool
        Whether w is real.
    loss : float or complex
        The loss at w; a float for real w.
    stratum : tuple of tuple of int
        The root pattern of the stratum: for each block, the root multiplicities of its polynomial, decreasing. In
        special data more roots may coincide: w = 2x³ of filters (3, 2) without strides is critical on the stratum
        (2,1) and has the root pattern (3), which no stratum has. `describe_filter` tells the pattern of any filter.
    pure : bool
        Whether w is a critical point of the loss on the function space of the reduced architecture, that is, all
        multiplicities are 1. Other points are spurious: critical because dμ is degenerate.
    in_function_space : bool or None
        Whether a real w is the filter of real parameters. A real w that is not lies in the Zariski closure only.
    attained : bool or None
        Whether a real w has a real *critical* θ over it, which asks more than `in_function_space`.
    interior : bool or None
        Whether w is interior to the function space, relative to its real Zariski closure.
    smooth : bool or None
        Whether w is a smooth point of the Zariski closure of the function space.
    residual : float or None
        Norm of the gradient of the loss at balanced parameters, relative to the size of the problem.
    condition : float or None
        Condition number of the Newton matrix at the solution; None where it is infinite.
    parameters : tuple of tuple of ndarray
        The real critical θ = (w_1, …, w_L) over w up to scaling, balanced (layers of equal norm); none if w is real
        and not attained. For complex w one complex θ.
    kinds : tuple of (str or None)
        For each entry of `parameters`: ``"minimum"``, ``"saddle"`` or ``"degenerate"``; None for complex w.
    indices : tuple of (int or None)
        For each entry of `parameters`: the number of negative Hessian eigenvalues; None for complex w.
    certified : bool or None
        Whether the point is proved to exist; None before certification.
    nonsingular : bool
        Whether the equations have a regular Jacobian there. It is so for generic data.
    multiplicity : int
        How many of the critical points of nearby generic data come together here.
    windings : tuple of int
        At a singular point the winding numbers of the paths that end there.
    isolated : bool
        Whether no continuum of complex critical points passes through the point; if one does, the point stands for it.
    also_on : tuple of patterns
        Further strata on which w is critical, in special data: those whose closure contains `stratum`.
    coordinates : ndarray or None
        The coordinates of w on its stratum (see `Embedding`), complex128. None in results of earlier versions.
    conjugate : int or None
        For a complex point of a result, the index of the point with the conjugate filter; None if there is none.
    root_pattern : tuple of partitions or None
        The root pattern of w in special data, if more roots coincide than `stratum` says.
    architecture : Architecture or None
        The network, once the point belongs to a result; equality of points leaves it out.
    """

    filter: np.ndarray
    real: bool
    loss: float | complex
    stratum: Pattern
    pure: bool
    in_function_space: bool | None = None
    attained: bool | None = None
    interior: bool | None = None
    smooth: bool | None = None
    residual: float | None = None
    condition: float | None = None
    parameters: tuple[Parameters, ...] = ()
    kinds: tuple[str | None, ...] = ()
    indices: tuple[int | None, ...] = ()
    certified: bool | None = None
    nonsingular: bool = True
    multiplicity: int = 1
    windings: tuple[int, ...] = ()
    isolated: bool = True
    also_on: tuple[Pattern, ...] = ()
    coordinates: np.ndarray | None = None
    conjugate: int | None = None
    root_pattern: Pattern | None = None
    architecture: Architecture | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        real = bool(self.real)
        dtype = np.float64 if real else np.complex128
        unknown = (None,) * len(self.parameters)
        normalized = {
            "filter": _read_only(np.asarray(self.filter).real if real else self.filter, np.complex128),
            "real": real,
            "loss": float(self.loss.real) if real else complex(self.loss),
            "stratum": tuple(tuple(operator.index(part) for part in partition) for partition in self.stratum),
            "pure": bool(self.pure),
            "residual": _finite_or_none(self.residual),
            "condition": _finite_or_none(self.condition),
            "parameters": tuple(tuple(_read_only(w, dtype) for w in theta) for theta in self.parameters),
            "kinds": tuple(self.kinds) or unknown,
            "indices": tuple(None if index is None else operator.index(index) for index in self.indices) or unknown,
        }
        if self.coordinates is not None:
            normalized["coordinates"] = _read_only(self.coordinates, np.complex128)
        for name in ("in_function_space", "attained", "interior", "smooth", "certified"):
            answer = getattr(self, name)
            normalized[name] = None if answer is None else bool(answer)
        for name, value in normalized.items():
            object.__setattr__(self, name, value)
        if not np.isfinite(self.filter).all() or not cmath.isfinite(self.loss):
            raise ValueError("the filter and the loss of a critical point must be finite")
        if not len(self.parameters) == len(self.kinds) == len(self.indices):
            raise ValueError("parameters, kinds and indices must have equal lengths")

    @classmethod
    def validated(cls, **values: object) -> CriticalPoint:
        """A point from values that are known to be as the constructor leaves them: types, shapes, read-only arrays.

        The attributes are those of the class; those with a default may be left out.
        """
        point = object.__new__(cls)
        point.__dict__.update(_DEFAULTS, **values)
        return point

    def marked(self, certified: bool) -> CriticalPoint:
        """The same point with `certified` set. Validated values are not validated again."""
        return self._with(certified=bool(certified))

    def with_conjugate(self, conjugate: int | None) -> CriticalPoint:
        """The same point with `conjugate` set. Validated values are not validated again."""
        return self if conjugate == self.conjugate else self._with(conjugate=conjugate)

    def of(self, architecture: Architecture) -> CriticalPoint:
        """The same point with `architecture` set. Validated values are not validated again."""
        return self if self.architecture == architecture else self._with(architecture=architecture)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """What the network with this filter answers to inputs: y[n, i] = Σ_j w[j] X[n, i S + j], with its stride S.

        Parameters
        ----------
        X : array_like, shape (N, d_0) or (N, 1, d_0)
            Real, with d_0 ≥ K.

        Returns
        -------
        ndarray of shape (N, d_L)
            Real for a real point. d_L = 1 + ⌊(d_0 − K) / S⌋.

        Notes
        -----
        If the samples were centred or standardized for the loss, inputs and outputs are those of the prepared samples:
        ``prepared = result.loss.preparation`` has ``prepared.inputs(X)`` and ``prepared.original_outputs(Y)``.

        Raises
        ------
        InputError
            If X has another shape or holds anything but finite real numbers, or the point belongs to no result.

        Examples
        --------
        >>> import homotopy_lcn as hl
        >>> result = hl.critical_points(hl.Architecture((2, 2), (1, 1)), hl.SquaredLoss.white([1.0, 3.0, 2.0]))
        >>> result.global_minimum.predict([[1, 0, 0, 1]]).round(6).tolist()
        [[1.0, 2.0]]
        """
        if self.architecture is None:
            raise InputError("point: of no result, so that its network is not known; expected a point of a result")
        return predictions(self.architecture, self.filter.real if self.real else self.filter, X)

    def _with(self, **values: object) -> CriticalPoint:
        twin = object.__new__(CriticalPoint)
        twin.__dict__.update(self.__dict__, **values)
        return twin

    @property
    def pattern(self) -> Pattern:
        """The root pattern of w: for each block, the root multiplicities of its polynomial, decreasing.

        It is that of `stratum`, unless more roots coincide, as they do for special data.
        """
        return self.stratum if self.root_pattern is None else self.root_pattern

    @property
    def boundary(self) -> bool | None:
        """Whether the point is attained and on the boundary of the function space; None if undecided."""
        if self.attained is False or self.interior is True:
            return False
        return None if self.attained is None or self.interior is None else True

    @property
    def ill_conditioned(self) -> bool:
        """Whether the point is singular or its `condition` is above 1000: small changes of the data move it far.

        So it is, for example, near a discriminant: at a distance of 1e-8 two real points that are about to become
        complex differ by 1e-4, and have condition numbers about 1e4.
        """
        return not self.nonsingular or (self.condition is not None and self.condition > LARGE_CONDITION)

    @property
    def minimum(self) -> bool:
        """Whether at least one critical θ over the filter is a minimum."""
        return "minimum" in self.kinds


#: The attributes of a point that have a default.
_DEFAULTS = {column.name: column.default for column in fields(CriticalPoint) if column.default is not MISSING}


@dataclass(frozen=True)
class StratumResult:
    """The outcome of one stratum.

    Attributes
    ----------
    pattern : tuple of tuple of int
        The root pattern that defines the stratum.
    pure : bool
        Whether all multiplicities are 1.
    generic : int
        Number of critical filters for generic data.
    found : int
        Number of nonsingular critical points found.
    factorizations : int
        Number of critical θ up to scaling over each filter.
    at_infinity, singular, origin : int
        Number of paths that went to infinity, ended at finite singular points, or at w = 0.
    statistics : mapping of str to int
        Numbers of paths, steps and the like. No times, so that equal runs write equal files.
    """

    pattern: Pattern
    pure: bool
    generic: int
    found: int
    factorizations: int
    at_infinity: int = 0
    singular: int = 0
    origin: int = 0
    statistics: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def missing(self) -> int:
        """Number of generic points neither found nor accounted for by a path to infinity, a singular end or zero."""
        return self.generic - self.found - self.at_infinity - self.singular - self.origin


@dataclass(frozen=True)
class Counts:
    """How many critical filters of each sort there are.

    `generic` is the number expected for generic data and `found` that of nonsingular critical points; `at_infinity`,
    `singular` and `origin` count the paths that end at infinity, at finite singular points and at w = 0, so that
    `generic` = `found` + `at_infinity` + `singular` + `origin` in a complete result. `pure` + `spurious` is the number
    of distinct filters, singular ones included (for generic data the same as `found`). `real` and `in_function_space`
    count filters, `attained` those with a real critical θ, `real_parameters` these θ up to scaling. `interior`,
    `boundary`, `smooth` and `minima` count attained filters only; `certified` is None before certification. All of them
    count isolated filters only. `continua` counts continua of critical filters, `real_continua` those with real points.
    """

    generic: int
    found: int
    pure: int
    spurious: int
    at_infinity: int
    singular: int
    origin: int
    real: int
    in_function_space: int
    attained: int
    real_parameters: int
    interior: int
    boundary: int
    smooth: int
    minima: int
    certified: int | None
    continua: int = 0
    real_continua: int = 0


def count_points(
    points: Iterable[CriticalPoint], strata: Iterable[StratumResult], continua: Iterable[bool | None] = ()
) -> Counts:
    """Count the points of each sort.

    Parameters
    ----------
    points : iterable of CriticalPoint
    strata : iterable of StratumResult
        One for every stratum that occurs.
    continua : iterable of (bool or None)
        For each continuum whether it has real points.

    Returns
    -------
    Counts
    """
    points, strata, continua = tuple(points), tuple(strata), tuple(continua)
    attained = [point for point in points if point.attained]
    certified = [point.certified for point in points if point.certified is not None]
    return Counts(
        generic=sum(row.generic for row in strata),
        found=sum(row.found for row in strata),
        pure=sum(point.pure for point in points),
        spurious=sum(not point.pure for point in points),
        at_infinity=sum(row.at_infinity for row in strata),
        singular=sum(row.singular for row in strata),
        origin=sum(row.origin for row in strata),
        real=sum(point.real for point in points),
        in_function_space=sum(point.in_function_space is True for point in points),
        attained=len(attained),
        real_parameters=sum(len(point.parameters) for point in attained),
        interior=sum(point.interior is True for point in attained),
        boundary=sum(point.boundary is True for point in attained),
        smooth=sum(point.smooth is True for point in attained),
        minima=sum(point.minimum for point in attained),
        certified=sum(certified) if certified else None,
        continua=len(continua),
        real_continua=sum(real is True for real in continua),
    )


def quantity(number: int, one: str, many: str) -> str:
    """Write a number with the right form of what it counts.

    Examples
    --------
    >>> quantity(1, "minimum", "minima"), quantity(2, "minimum", "minima")
    ('1 minimum', '2 minima')
    """
    return f"{number} {one if number == 1 else many}"


def _read_only(values: object, dtype: type) -> np.ndarray:
    """A vector that nobody can write to: the given one if nobody can write to its memory, or a copy."""
    if isinstance(values, np.ndarray) and values.dtype == dtype and values.ndim == 1 and not values.flags.writeable:
        base = values.base
        if base is None or (getattr(base, "base", base) is None and not base.flags.writeable):
            return values
    array: np.ndarray = np.array(values, dtype=dtype)
    if array.ndim != 1:
        raise ValueError(f"expected a vector, got an array of shape {array.shape}")
    array.flags.writeable = False
    return array


def _finite_or_none(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
