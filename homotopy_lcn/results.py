"""What a solve returns: the critical points, how many of each sort there are, and how to keep them in a file."""

from __future__ import annotations

import cmath
import math
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from . import __version__
from .architecture import Architecture
from .counts import Pattern, generic_count
from .pattern_text import format_pattern
from .point_lists import sorted_points

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from .loss import SquaredLoss
    from .zero_residual import ZeroResidual

__all__ = [
    "Counts",
    "CriticalPoint",
    "CriticalPoints",
    "StratumResult",
    "count_points",
    "describe_conditions",
    "describe_paths",
    "quantity",
]

#: Points with larger condition numbers are called ill-conditioned. Most Gaussian data have none above 100.
ILL_CONDITIONED = 1e3
#: The filters w_1, …, w_L of the layers.
Parameters = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """One critical filter w, the critical parameters over it, and what is known about both.

    ``None`` stands where a question does not apply (most do not for a complex filter) or is undecided.

    Attributes
    ----------
    filter : ndarray of shape (K,), complex128
        The end-to-end filter w. Its imaginary part is zero if `real`.
    real : bool
        Whether w is real.
    loss : float or complex
        The loss at w; a float for real w.
    stratum : tuple of tuple of int
        The root pattern: for each block, the root multiplicities of its polynomial, decreasing.
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
        For a point without parameters, its coordinates on its stratum (see `Embedding`), complex128.
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

    def marked(self, certified: bool) -> CriticalPoint:
        """The same point with `certified` set. What has been validated is not validated again."""
        twin = object.__new__(CriticalPoint)
        twin.__dict__.update(self.__dict__, certified=bool(certified))
        return twin

    @property
    def pattern(self) -> Pattern:
        """The same as `stratum`."""
        return self.stratum

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
        return not self.nonsingular or (self.condition is not None and self.condition > ILL_CONDITIONED)

    @property
    def minimum(self) -> bool:
        """Whether at least one critical θ over the filter is a minimum."""
        return "minimum" in self.kinds

    def _repr_html_(self) -> str:
        from .html_representation import point_html

        return point_html(self)


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
        Counts of what the tracker did. No times, so that equal runs write equal files.
    """

    pattern: Pattern
    pure: bool
    generic: int
    found: int
    factorizations: int
    at_infinity: int = 0
    singular: int = 0
    origin: int = 0
    statistics: Mapping[str, int] = field(default_factory=dict)

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
    `boundary`, `smooth` and `minima` count attained filters only; `certified` is None before certification.
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


def count_points(points: Iterable[CriticalPoint], strata: Iterable[StratumResult]) -> Counts:
    """Count the points of each sort.

    Parameters
    ----------
    points : iterable of CriticalPoint
    strata : iterable of StratumResult
        One for every stratum that occurs.

    Returns
    -------
    Counts
    """
    points, strata = tuple(points), tuple(strata)
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
    )


@dataclass(frozen=True, eq=False, repr=False)
class CriticalPoints(Sequence[CriticalPoint]):
    """Every critical point of a loss on an architecture, sorted, with what is needed to quote and repeat the result.

    Made by `critical_points`, or by `build` from its parts. A sequence of `CriticalPoint`: real ones first by loss,
    then complex ones by the absolute value of the loss, conjugates next to each other.

    Attributes
    ----------
    architecture : Architecture
    loss : SquaredLoss
    seed : int
        All random choices of the solve came from it.
    points : tuple of CriticalPoint
    strata : tuple of StratumResult
        One for every stratum that occurs.
    complete : bool
        Whether these are proved by count to be all critical points.
    counts : Counts
    statistics : mapping of str to int
        Counts of what the solver did.
    software : str
        Name and version of the software that found the points.
    zero_residual : ZeroResidual or None
        The filters of residual zero if they form a set of positive dimension, as the rank of the Gram matrix is below
        the dimension of the function space. Then `points` are isolated ones, save for those marked otherwise.
    """

    architecture: Architecture
    loss: SquaredLoss
    seed: int
    points: tuple[CriticalPoint, ...]
    strata: tuple[StratumResult, ...]
    complete: bool
    counts: Counts
    statistics: Mapping[str, int] = field(default_factory=dict)
    software: str = ""
    zero_residual: ZeroResidual | None = None

    @classmethod
    def build(
        cls,
        architecture: Architecture,
        loss: SquaredLoss,
        points: Iterable[CriticalPoint],
        strata: Iterable[StratumResult],
        *,
        seed: int,
        complete: bool | None = None,
        statistics: Mapping[str, int] | None = None,
        software: str | None = None,
        zero_residual: ZeroResidual | None = None,
    ) -> CriticalPoints:
        """Sort and count the points, and put the result together.

        Parameters
        ----------
        architecture : Architecture
        loss : SquaredLoss
        points : iterable of CriticalPoint
            In any order.
        strata : iterable of StratumResult
            One for every stratum that occurs, also those of which nothing was found.
        seed : int
        complete : bool, optional
            By default, whether all points of every stratum's generic number are accounted for.
        statistics : mapping of str to int, optional
        software : str, optional
            By default, this package and its version.
        zero_residual : ZeroResidual, optional
            If the filters of residual zero form a set of positive dimension.

        Returns
        -------
        CriticalPoints
        """
        points, strata = sorted_points(points), tuple(strata)
        if complete is None:
            complete = all(row.missing == 0 for row in strata)
        return cls(
            architecture=architecture,
            loss=loss,
            seed=operator.index(seed),
            points=points,
            strata=strata,
            complete=bool(complete),
            counts=count_points(points, strata),
            statistics=dict(statistics or {}),
            software=f"homotopy-lcn {__version__}" if software is None else software,
            zero_residual=zero_residual,
        )

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[CriticalPoint]:
        return iter(self.points)

    @overload
    def __getitem__(self, index: int) -> CriticalPoint: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[CriticalPoint, ...]: ...
    def __getitem__(self, index: int | slice) -> CriticalPoint | tuple[CriticalPoint, ...]:
        return self.points[index]

    @cached_property
    def real(self) -> tuple[CriticalPoint, ...]:
        """The points with a real filter, by loss."""
        return tuple(point for point in self.points if point.real)

    @cached_property
    def attained(self) -> tuple[CriticalPoint, ...]:
        """The points with a real critical θ, by loss: the critical points of the network."""
        return tuple(point for point in self.points if point.attained)

    @cached_property
    def minima(self) -> tuple[CriticalPoint, ...]:
        """The attained points with a minimum over them, by loss."""
        return tuple(point for point in self.attained if point.minimum)

    @cached_property
    def global_minimum(self) -> CriticalPoint | None:
        """The attained point of least loss.

        None if there is none, if the result is not complete, or if it is undecided whether a point of less loss is
        attained: a better one could exist then. So too if a continuum of critical points has as little loss, or the
        filters of residual zero are left out.
        """
        if self.zero_residual is not None:
            return None
        best = next((point for point in self.real if point.attained is not False), None)
        if not self.complete or best is None or not best.attained or not isinstance(best.loss, float):
            return None
        scale = 1e-9 * (abs(self.loss.constant) + abs(self.loss.constant - best.loss))
        continua = [point.loss for point in self.points if not point.isolated]
        lower = any(abs(value.imag) <= scale and value.real <= best.loss + scale for value in continua)
        return None if lower else best

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with one row a point, in the order of `points`.

        The columns are those of `CriticalPoint`, save that ``loss`` is the real part of the loss (``loss_imag`` the
        imaginary part), ``filter`` holds a real array for a real point, and ``real_parameters`` is the number of
        real critical θ, which stay in `points`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("to_frame needs pandas: pip install pandas") from None
        answers = ("in_function_space", "attained", "interior", "boundary", "smooth", "certified")
        columns: dict[str, Any] = {
            "filter": _objects([point.filter.real if point.real else point.filter for point in self.points]),
            "real": np.array([point.real for point in self.points], dtype=bool),
            "loss": np.array([point.loss.real for point in self.points], dtype=float),
            "loss_imag": np.array([point.loss.imag for point in self.points], dtype=float),
            "stratum": _objects([point.stratum for point in self.points]),
            "pure": np.array([point.pure for point in self.points], dtype=bool),
            **{
                name: pd.array([getattr(point, name) for point in self.points], dtype="boolean")
                for name in answers[:-1]
            },
            "minimum": np.array([point.minimum for point in self.points], dtype=bool),
            "kinds": _objects([point.kinds for point in self.points]),
            "indices": _objects([point.indices for point in self.points]),
            "real_parameters": np.array([len(p.parameters) if p.real else 0 for p in self.points], dtype=int),
            "residual": np.array([point.residual for point in self.points], dtype=float),
            "condition": np.array([point.condition for point in self.points], dtype=float),
            "ill_conditioned": np.array([point.ill_conditioned for point in self.points], dtype=bool),
            "nonsingular": np.array([point.nonsingular for point in self.points], dtype=bool),
            "multiplicity": np.array([point.multiplicity for point in self.points], dtype=int),
            "isolated": np.array([point.isolated for point in self.points], dtype=bool),
            "certified": pd.array([point.certified for point in self.points], dtype="boolean"),
        }
        return pd.DataFrame(columns)

    def load_into(self, module: torch.nn.Module, point: CriticalPoint | int, which: int | None = None) -> None:
        """Set the weights of a PyTorch network to the parameters of a critical point, rounded to their type.

        Parameters
        ----------
        module : torch.nn.Sequential
            Of this architecture; see `Architecture.from_torch`.
        point : CriticalPoint or int
            An attained point, or its index.
        which : int, optional
            Index in ``point.parameters``. By default the first minimum; if there is none, the first.

        Raises
        ------
        InputError
            If the module has another architecture, the point has no real critical parameters, or `which` is none of
            them. The weights are unchanged then.
        ImportError
            If PyTorch is not installed.
        """
        from .pytorch import load_into

        load_into(self, module, point, which)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the result to a file, or return it as text.

        Reading the text back gives the same doubles. A file is written whole or not at all.

        Parameters
        ----------
        path : path, optional
            The file to write. None (the default) and ``"-"`` return the text.

        Returns
        -------
        str or None

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        from .results_file import to_text, write_file

        if path is None or path == "-":
            return to_text(self)
        write_file(path, self)
        return None

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the report: one page that stands alone, with all points, pictures and the summary.

        Parameters
        ----------
        path : path
            The file to write. It is written whole or not at all.

        Raises
        ------
        InputError
            If the file cannot be written.

        See Also
        --------
        report : the same, with options
        """
        from .report_page import report

        report(self, path)

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> CriticalPoints:
        """Read a result that `to_json` wrote.

        Parameters
        ----------
        path : path
            The file to read.

        Returns
        -------
        CriticalPoints

        Raises
        ------
        InputError
            If the file cannot be read, is truncated or not such a file, or contradicts itself. The message is one
            line that names the file.
        """
        from .results_file import read_file

        return read_file(path)

    def __str__(self) -> str:
        counts, arch = self.counts, self.architecture
        verdict = "complete" if self.complete else f"NOT COMPLETE: {'; '.join(self.gaps()) or 'not proved'}"
        lines = [
            f"CriticalPoints of k = {arch.filters}, s = {arch.strides}, seed {self.seed}: "
            f"{counts.found} of {counts.generic} critical filters for generic data"
            f"{self._of_which_rank()} ({verdict})",
            f"  {counts.pure} pure, {counts.spurious} spurious",
        ]
        if counts.at_infinity or counts.singular or counts.origin:
            lines.append(f"  other paths: {describe_paths(self)}")
        if self.zero_residual is not None:
            lines.append(f"  left out: {self.zero_residual.describe()}")
        lines += [
            f"  {counts.real} real, {counts.in_function_space} in the function space, "
            f"{counts.attained} attained by {counts.real_parameters} real parameters",
            f"  of those attained: {counts.interior} interior, {counts.boundary} boundary, "
            f"{quantity(counts.minima, 'minimum', 'minima')}",
        ]
        if sensitive := describe_conditions(self):
            lines.append(f"  ill-conditioned: {sensitive}")
        if counts.certified is not None:
            lines.append(f"  {counts.certified} certified")
        if self.global_minimum is not None:
            lines.append(f"  least loss: {self.global_minimum.loss:.10g}")
        return "\n".join(lines)

    __repr__ = __str__

    def _of_which_rank(self) -> str:
        if self.zero_residual is None:
            return ""
        full = self.counts.generic == generic_count(self.architecture).filters
        return ", isolated ones only" if full else " of its rank, isolated ones only"

    def _repr_html_(self) -> str:
        from .html_representation import result_html

        return result_html(self)

    def gaps(self) -> tuple[str, ...]:
        """For each stratum where points are not accounted for, say in words what was found and what is missing."""
        return tuple(_describe_gap(row) for row in self.strata if row.missing)


def quantity(number: int, one: str, many: str) -> str:
    """Write a number with the right form of what it counts.

    Examples
    --------
    >>> quantity(1, "minimum", "minima"), quantity(2, "minimum", "minima")
    ('1 minimum', '2 minima')
    """
    return f"{number} {one if number == 1 else many}"


def describe_paths(result: CriticalPoints) -> str:
    """Say where the paths end that do not end at nonsingular critical points."""
    counts = result.counts
    isolated = sum(not point.nonsingular and point.isolated for point in result.points)
    others = sum(not point.nonsingular and not point.isolated for point in result.points)
    parts = []
    if counts.at_infinity:
        parts.append(f"{counts.at_infinity} to infinity")
    if counts.origin:
        parts.append(f"{counts.origin} to w = 0")
    if counts.singular:
        places = [quantity(isolated, "isolated point", "isolated points")] if isolated else []
        places += [quantity(others, "point", "points") + " of continua"] if others else []
        parts.append(
            f"{counts.singular} to singular ends ({', '.join(places)})" if places else f"{counts.singular} singular"
        )
    return ", ".join(parts)


def describe_conditions(result: CriticalPoints) -> str:
    """Say how many of the nonsingular points are ill-conditioned, and how much; nothing if none is."""
    points = [point for point in result.points if point.nonsingular and point.ill_conditioned]
    if not points:
        return ""
    conditions = sorted(point.condition for point in points if point.condition is not None)
    spread = " to ".join(dict.fromkeys(f"{value:.1e}" for value in (conditions[0], conditions[-1])))
    number = "condition number" if len(points) == 1 else "condition numbers"
    return f"{len(points)} of {len(result)} ({sum(point.real for point in points)} real), {number} {spread}"


def _describe_gap(row: StratumResult) -> str:
    numbers = {"at infinity": row.at_infinity, "singular": row.singular, "at zero": row.origin, "missing": row.missing}
    reasons = [f"{number} {reason}" for reason, number in numbers.items() if number]
    return ", ".join([f"stratum {format_pattern(row.pattern)}: {row.found} of {row.generic} found", *reasons])


def _read_only(values: object, dtype: type) -> np.ndarray:
    array: np.ndarray = np.array(values, dtype=dtype)
    if array.ndim != 1:
        raise ValueError(f"expected a vector, got an array of shape {array.shape}")
    array.flags.writeable = False
    return array


def _finite_or_none(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _objects(items: Sequence[object]) -> np.ndarray:
    column = np.empty(len(items), dtype=object)
    for row, item in enumerate(items):
        column[row] = item
    return column
