"""What a solve returns: the critical points, how many of each sort there are, and how to keep them in a file."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

from ..doors import ShownInNotebooks, cached_property, door
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..version import __version__
from .columns import ResultColumns
from .continua import UNDECIDED, Continuum, Infimum
from .frames import points_frame
from .infimum import known_infimum, points_of_least_loss
from .json_file import data_digest, to_text, write_file
from .merging import sorted_points
from .pairs import ManyPoints, count_all, maybe_near, real_ones
from .parts import ResultParts
from .points import CriticalPoint, StratumResult, quantity
from .statements import (
    describe_coincidences,
    describe_completeness,
    describe_conditions,
    describe_edit,
    describe_gap,
    describe_least_loss,
    describe_lost_points,
    describe_paths,
)
from .summary import Summary
from .ties import Tie, describe_ties, find_ties
from .tolerances import Tolerances, describe_near

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from ..losses.squared_loss import SquaredLoss
    from ..losses.zero_residual import ZeroResidual
    from .few_samples import FewSamples

__all__ = ["CriticalPoints"]


@dataclass(frozen=True, eq=False, repr=False)
class CriticalPoints(ResultParts, ShownInNotebooks, Sequence[CriticalPoint]):
    """Every critical point of a loss on an architecture, sorted, with all that it takes to quote and repeat the result.

    Made by `critical_points`, or by `build` from its parts. A sequence of `CriticalPoint`: real ones first by loss,
    then complex ones by the absolute value of the loss, conjugates next to each other. Results are equal if all
    attributes are equal: a result that is read from its file is equal to the result that was written.

    Attributes
    ----------
    architecture : Architecture
    loss : SquaredLoss
    seed : int
        All random choices of the solve came from it.
    points : sequence of CriticalPoint
        A tuple; a `ManyPoints` of a large result.
    strata : tuple of StratumResult
        One for every stratum that occurs.
    complete : bool
        Whether these are proved by count to be all isolated critical points.
    counts : Counts
    statistics : mapping of str to int
        Numbers of paths, steps and the like.
    software : str
        Name and version of the software that found the points.
    zero_residual : ZeroResidual or None
        The filters of residual zero if they form a set of positive dimension, as the rank of the Gram matrix is below
        the dimension of the function space.
    continua : tuple of Continuum
        Sets of positive dimension of critical filters, real ones first by loss. `points` are the isolated ones.
    infimum : Infimum
        The infimum of the loss over all real parameters, and whether it is attained.
    contradictions : tuple of str
        What holds for every sound result and does not hold for this one, see `violated_invariants`. Then `complete` is
        false.
    on_continua : tuple of CriticalPoint
        Points that are isolated on their stratum and lie on a continuum of a larger one. Certificates prove them, too,
        as a stratum has no more isolated points than its generic number.
    stopped : str
        Why the solve stopped before its end, and where the time went; empty if it did not stop. Then `complete` is
        false.
    computed_with : mapping of str to str
        The engine, its instruction set, NumPy and its BLAS, on which the last digits of the numbers depend.
    edited : bool or None
        For a result that was read from a file, whether the file was changed after it was written, as far as its digest
        tells. None for a file without a digest, as earlier versions wrote. A digest finds changes; it is no signature.
    data : str
        Which data were solved, in words: the file or series, its columns, how many samples. Equality of results leaves
        it out, as it does `solved`.
    solved : str
        When the solve ended, in UTC, as ``2026-11-30T12:00:00Z``; empty if it is not known.
    tolerances : Tolerances
        From where on a filter is called nearly real, and a point nearly singular.
    """

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
        continua: Iterable[Continuum] = (),
        infimum: Infimum | None = None,
    ) -> CriticalPoints:
        """Sort and count the points, and put the result together.

        Parameters
        ----------
        architecture : Architecture
        loss : SquaredLoss
        points : iterable of CriticalPoint
            In any order.
        strata : iterable of StratumResult
            One for every stratum that occurs, also for strata where nothing was found.
        seed : int
        complete : bool, optional
            By default, whether all points of every stratum's generic number are accounted for.
        statistics : mapping of str to int, optional
        software : str, optional
            By default, this package and its version.
        zero_residual : ZeroResidual, optional
            If the filters of residual zero form a set of positive dimension.
        continua : iterable of Continuum, optional
        infimum : Infimum, optional
            By default, what follows from the points.

        Returns
        -------
        CriticalPoints

        Notes
        -----
        The parameters are the attributes of the class, save for the counts, which are counted here.
        """
        points, strata, continua = sorted_points(points), tuple(strata), tuple(continua)
        if complete is None:
            complete = all(row.missing == 0 for row in strata)
        result = cls(
            architecture=architecture,
            loss=loss,
            seed=operator.index(seed),
            points=points,
            strata=strata,
            complete=bool(complete),
            counts=count_all(points, strata, (part.real for part in continua)),
            statistics=dict(statistics or {}),
            software=f"homotopy-lcn {__version__}" if software is None else software,
            zero_residual=zero_residual,
            continua=continua,
        )
        return replace(result, infimum=infimum or known_infimum(result))

    @classmethod
    def of_columns(cls, columns: ResultColumns, architecture: Architecture, **parts: Any) -> CriticalPoints:
        """A result whose points, strata and counts are made from columns when they are asked for.

        Parameters
        ----------
        columns : ResultColumns
        architecture : Architecture
        parts
            The other attributes; those with a default may be left out.
        """
        result = object.__new__(cls)
        result.__dict__.update(
            architecture=architecture,
            complete=columns.complete,
            software=f"homotopy-lcn {__version__}",
            statistics={},
            infimum=columns.infimum,
            _columns=columns,
            **{"computed_with": {}, "tolerances": Tolerances(), **parts},
        )
        return result

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            known = self.__dict__
            columns = known.get("_columns")
            if columns is not None and name in columns.PARTS:
                known.setdefault(name, columns.part(name))
                if name == "points":  # then the columns, which are those of other results, too, are needed no more
                    for other in columns.PARTS - known.keys():
                        known.setdefault(other, columns.part(other))
                    known.pop("_columns", None)
            if name not in known:  # in another thread it may be known by now
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return known[name]

    def on_network(self, architecture: Architecture) -> CriticalPoints:
        """The same result for a network with the same end-to-end filters, such as another way to write its supports."""
        return replace(self, architecture=architecture)

    def __post_init__(self) -> None:
        """Every point knows the network, so that it can predict."""
        arch = self.architecture
        for name in ("points", "on_continua"):
            found = getattr(self, name)
            listed = found.real if isinstance(found, ManyPoints) else found
            if any(point.architecture is not arch and point.architecture != arch for point in listed):
                known = tuple(point.of(arch) for point in listed)
                object.__setattr__(self, name, found.with_real(known) if isinstance(found, ManyPoints) else known)
        if any(point.architecture != arch for part in self.continua for point in part.points):
            parts = (replace(part, points=tuple(point.of(arch) for point in part.points)) for part in self.continua)
            object.__setattr__(self, "continua", tuple(parts))

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
        return tuple(real_ones(self.points))

    @cached_property
    def attained(self) -> tuple[CriticalPoint, ...]:
        """The points with a real critical θ, by loss: the critical points of the network."""
        return tuple(point for point in self.real if point.attained)

    @cached_property
    def minima(self) -> tuple[CriticalPoint, ...]:
        """The attained points with a minimum over them, by loss."""
        return tuple(point for point in self.attained if point.minimum)

    @cached_property
    def global_minimum(self) -> CriticalPoint | None:
        """An attained point, possibly of a continuum, whose loss is the infimum of the loss.

        None if `infimum` is not attained, or if that is undecided; so too if only w = 0 attains it.
        """
        if not self.infimum.attained:
            return None
        least = [point for point in points_of_least_loss(self) if point.minimum]
        return min(least, key=lambda point: point.loss.real, default=None)

    @cached_property
    def data_digest(self) -> str:
        """SHA-256 of the exact numbers of `loss`, as files and certificates have it: equal if the data are."""
        return data_digest(self.loss)

    @cached_property
    def few_samples(self) -> FewSamples | None:
        """Few samples: dimension, degree and real points of the zero-residual set and of the ramification locus.

        None if the rank of the Gram matrix is not below the dimension of the function space.
        """
        if self.zero_residual is None:
            return None
        from .few_samples import few_samples

        return few_samples(self)

    @cached_property
    def ties(self) -> tuple[Tie, ...]:
        """Groups of real points of equal loss: images under a symmetry of the data, or equal up to rounding."""
        return find_ties(self)

    @cached_property
    def nearly_real(self) -> tuple[CriticalPoint, ...]:
        """The complex points whose imaginary parts are below the user's tolerance, see `Tolerances`."""
        return self.tolerances.nearly_real(maybe_near(self.points, self.tolerances))

    @cached_property
    def nearly_singular(self) -> tuple[CriticalPoint, ...]:
        """The nonsingular points whose condition numbers are above the user's tolerance, see `Tolerances`."""
        return self.tolerances.nearly_singular(maybe_near(self.points, self.tolerances))

    def to_frame(self, *, wide: bool = True) -> pd.DataFrame:
        """Return a pandas data frame with one row a point: `points` in their order, then the points of `continua`.

        Parquet, Feather and CSV keep all digits of it.

        Parameters
        ----------
        wide : bool
            Whether each coefficient of the filter has its own columns, ``w0_re``, ``w0_im``, ``w1_re`` and so on, and
            ``stratum``, ``kinds`` and ``indices`` are text, as in ``(3,1)(2)`` and ``minimum, saddle``. Otherwise
            there is one column ``w`` of arrays, real ones for real points, and the other three hold tuples.

        Returns
        -------
        DataFrame
            The other columns are those of `CriticalPoint`, save that ``loss`` is the real part of the loss
            (``loss_imag`` the imaginary part), and ``real_parameters`` is the number of real critical θ, which stay in
            the point. ``continuum`` is the index of the point's continuum in `continua`, and missing for an isolated
            point. How many points a continuum has is no property of the data.

        Raises
        ------
        MissingPackage
            If pandas is not installed.
        """
        return points_frame(self, wide)

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
        MissingPackage
            If PyTorch is not installed.
        """
        door("load_into")(self, module, point, which)

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
        if path is None or path == "-":
            return to_text(self)
        write_file(path, self)
        return None

    def to_columns(self, path: str | os.PathLike[str]) -> None:
        """Write the result to a file with columns: for millions of points, of which JSON helps nobody.

        Reading the file back gives the same doubles. A file is written whole or not at all.

        Parameters
        ----------
        path : path
            Its end tells the format: ``.npz`` (NumPy), or ``.parquet`` (needs pyarrow), a row a point with columns as
            in `to_frame`. `from_columns` reads both.

        Raises
        ------
        InputError
            If the file cannot be written, or if complex points are singular, certified or without a conjugate, as in
            special data: columns hold no such points, and `to_json` does.
        MissingPackage
            If pyarrow is not installed, for Parquet.
        """
        from .columns_file import write_columns

        write_columns(path, self)

    @classmethod
    def from_columns(cls, path: str | os.PathLike[str]) -> CriticalPoints:
        """Read a result that `to_columns` wrote.

        Parameters
        ----------
        path : path

        Returns
        -------
        CriticalPoints
            Complex points stay in columns: records of them are made when they are asked for.

        Raises
        ------
        InputError
            As for `from_json`. Nothing in a file is executed.
        MissingPackage
            If pyarrow is not installed, for Parquet.
        """
        from .columns_reader import read_columns

        return cls._checked_parts(read_columns(path), path)

    def plot(self, kind: str = "levels", ax: Any = None, **options: Any) -> Any:
        """Draw a picture of the result with matplotlib.

        Parameters
        ----------
        kind : str
            ``"levels"``, the losses of the real critical filters by kind; ``"complex-plane"``, one coordinate of all
            filters (option ``coordinate``, 0 by default); or ``"landscape"``, the loss on a plane through two minima
            and a saddle (option ``resolution``).
        ax : matplotlib.axes.Axes, optional
            Axes to draw into. By default new ones are made, which notebooks show.
        options
            Of the kind.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InputError
            If the kind is unknown, `ax` is no axes, or the result has no such picture.
        MissingPackage
            If matplotlib is not installed.
        """
        return door("picture")(self, kind, ax, **options)

    def summary(self) -> Summary:
        """The summary of the terminal: print it, take its text with `str`, or let a notebook show it.

        Returns
        -------
        Summary
            `rows` are the headings with their texts.
        """
        return door("summary")(self)

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
        door("report")(self, path)

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
            If the file cannot be read, is truncated or not such a file, contradicts itself, or claims what its own
            data refute: a loss, parameters that are not critical or belong to another filter, a kind, a count. The
            message is one line that names the file and the entry.

        Notes
        -----
        A file that passes all checks may still have been changed, which `edited` tells, or be made up as a whole. What
        is true of the points, `certify` proves.
        """
        from .json_reader import read_file

        return cls._checked_parts(read_file(path), path)

    @classmethod
    def _checked_parts(cls, parts: ResultParts, path: str | os.PathLike[str]) -> CriticalPoints:
        """The same; messages name the file."""
        try:
            return cls.of_parts(parts)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def of_parts(cls, parts: ResultParts) -> CriticalPoints:
        """The result that a file claims to hold; InputError if something contradicts it."""
        from .claims import check_claims, check_whole

        checked = replace(parts, architecture=parts.architecture.one_dimensional or parts.architecture)
        check_claims(checked)
        if not parts.contradictions:
            door("check_labels")(checked)
        result = cls.build(
            parts.architecture,
            parts.loss,
            parts.points,
            parts.strata,
            seed=parts.seed,
            complete=parts.complete,
            statistics=parts.statistics,
            software=parts.software,
            zero_residual=parts.zero_residual,
            continua=parts.continua,
            infimum=None if parts.infimum == UNDECIDED else parts.infimum,
        )
        result = replace(
            result,
            contradictions=parts.contradictions,
            on_continua=parts.on_continua,
            stopped=parts.stopped,
            computed_with=parts.computed_with,
            edited=parts.edited,
            data=parts.data,
            solved=parts.solved,
            tolerances=parts.tolerances,
        )
        check_whole(result)
        return result

    def __str__(self) -> str:
        counts, arch = self.counts, self.architecture
        verdict = f"complete: {describe_completeness(self)}" if self.continua else "complete"
        if not self.complete:
            verdict = f"NOT COMPLETE: {'; '.join(self.gaps()) or 'not proved'}"
        lines = [
            f"CriticalPoints of {arch.notation}, seed {self.seed}: "
            f"{counts.found} of {counts.generic} critical filters for generic data"
            f"{self._of_which_rank()} ({verdict})",
            *(f"  {text}" for text in describe_edit(self)),
            f"  {counts.pure} pure, {counts.spurious} spurious",
        ]
        if coincidences := describe_coincidences(self):
            lines.append(f"  {coincidences}")
        if counts.at_infinity or counts.singular or counts.origin:
            lines.append(f"  other paths: {describe_paths(self)}")
        if lost := describe_lost_points(self):
            lines.append(f"  {lost}")
        if self.zero_residual is not None:
            lines.append(f"  residual zero: {self.zero_residual.describe()}")
        if self.few_samples is not None:
            lines.append(f"  few samples: {self.few_samples.describe()}")
        lines += [
            f"  {counts.real} real, {counts.in_function_space} in the function space, "
            f"{counts.attained} attained by {counts.real_parameters} real parameters",
            f"  of those attained: {counts.interior} interior, {counts.boundary} boundary, "
            f"{quantity(counts.minima, 'minimum', 'minima')}",
        ]
        if sensitive := describe_conditions(self):
            lines.append(f"  ill-conditioned: {sensitive}")
        near = describe_near(maybe_near(self.points, self.tolerances), self.tolerances)
        lines += [f"  {heading}: {text}" for heading, text in near]
        lines += [f"  {text}" for text in describe_ties(self.points, self.ties)]
        if counts.certified is not None:
            lines.append(f"  {counts.certified} certified")
        lines += [f"  continuum {number}: {part.describe()}" for number, part in enumerate(self.continua)]
        lines.append(f"  least loss: {describe_least_loss(self, self.global_minimum)}")
        return "\n".join(lines)

    __repr__ = __str__

    def _of_which_rank(self) -> str:
        if self.zero_residual is None:
            return ""
        full = self.counts.generic == generic_count(self.architecture).filters
        return ", isolated ones only" if full else " of its rank, isolated ones only"

    def gaps(self) -> tuple[str, ...]:
        """For each stratum with points not accounted for, how many were found and how many are missing, in words.

        `contradictions` follow, why the solve `stopped`, and that the rank of the Gram matrix is in doubt.
        """
        found = [describe_gap(row) for row in self.strata if row.missing]
        doubt = [f"the Gram matrix has {self.loss.describe_rank()}"] if found and self.loss.rank_in_doubt else []
        return (*found, *self.contradictions, *([self.stopped] if self.stopped else ()), *doubt)
