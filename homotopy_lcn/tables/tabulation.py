"""Counts and facts across architectures, each confirmed by a computation or marked as not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, overload

import numpy as np

from ..counting.exact_counts import KnownNumbers, NotEstablished, exact_count
from ..counting.gram_matrices import gram_matrix
from ..counting.groebner import Search
from ..doors import ShownInNotebooks
from ..errors import IncompleteStartSystem, InputError, check_integer
from ..geometry.filter_geometry import describe_filter
from ..geometry.function_space import FunctionSpace, describe_function_space
from ..geometry.rank_drops import criticality
from ..geometry.support_spaces import SupportSpace
from ..losses.random_data import random_gaussian, random_loss_seed
from ..networks.architecture import Architecture
from ..networks.architecture_lists import architectures_up_to
from ..networks.counts import CountTable, generic_count
from ..networks.parameters import jacobian
from ..networks.support_networks import SupportNetwork
from ..progress import Progress, ProgressCallback, told
from ..results.result import CriticalPoints
from ..solving.solve import SolveInterrupted, critical_points
from ..solving.white_counts import count_for_gram, white_count
from ..version import __version__
from .atlas_table import WhiteCounts, shipped_white_counts
from .text_tables import Cell, Column, TextTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ArchitectureRow",
    "ArchitectureTable",
    "RowOptions",
    "TabulationInterrupted",
    "tabulate",
    "tabulate_one",
    "white_counts",
]

CERTIFIED, FOUND, NOT_FOUND, NOT_MEASURED = "certified", "found", "not found", "not measured"
MEASURED = "measured"
#: Gröbner bases for the counts of white data may take so long for each network. A measurement takes a second or so.
SECONDS_FOR_WHITE = 10.0

#: Every column, in files that programs read.
_COLUMNS = (
    "filters", "strides", "reduced_filters", "reduced_strides", "filter_size", "dimension", "thick", "closed", "smooth",
    "pure", "spurious", "parameters", "white_pure", "white_spurious", "white_method", "found_pure", "found_spurious",
    "found_parameters", "real", "attained", "certified", "status", "geometry_checked",
)  # fmt: skip
#: For people: a title, the columns that are shown under the title, and the sign that joins the columns.
_SHOWN = (
    ("k", ("filters",), ""),
    ("s", ("strides",), ""),
    ("reduced", ("reduced_filters", "reduced_strides"), " / "),
    ("K", ("filter_size",), ""),
    ("dim", ("dimension",), ""),
    ("thick", ("thick",), ""),
    ("closed", ("closed",), ""),
    ("smooth", ("smooth",), ""),
    ("pure", ("pure",), ""),
    ("spurious", ("spurious",), ""),
    ("θ", ("parameters",), ""),
    ("white", ("white_pure", "white_spurious"), "+"),
    ("found", ("found_pure", "found_spurious"), "+"),
    ("real", ("real",), ""),
    ("attained", ("attained",), ""),
    ("certified", ("certified",), ""),
    ("status", ("status",), ""),
    ("checked", ("geometry_checked",), ""),
)
_NOTES = (
    "k, s: filter sizes and strides. K: end-to-end filter size. M: function space; thick: of full dimension; closed: "
    "Zariski closed; smooth: the Zariski closure is, away from 0.",
    "pure, spurious: exact numbers of complex critical filters w ≠ 0 for generic data; θ: of complex critical "
    "parameters up to scaling. white: pure + spurious for Gram matrix I and generic targets (on request now, otherwise "
    "from the shipped atlas); files have the method that gave them, white_method.",
    "reduced: filter sizes / strides of the reduced architecture.",
)
_NOTES_MEASURED = (
    "found: pure + spurious critical filters computed for one Gaussian data set; real: of which real; attained: of "
    "which with a real critical θ. certified: of which proved in ball arithmetic.",
    "status: certified: the exact number of each stratum has been proved by as many certified distinct points; "
    "found: as many distinct points have been computed; not found: not all of them; not measured: no computation.",
    "checked: the dimension is the rank of dμ at random θ; the filter that shows M not closed or not smooth has been "
    "examined; and no computed critical filter contradicts an M closed or smooth.",
)
_NOTES_NOT_MEASURED = ("status: the exact numbers have not been confirmed by a computation here.",)


@dataclass(frozen=True)
class RowOptions:
    """What is computed for each row of a table; see `tabulate`."""

    white: bool = False
    measure: bool = False
    certify: bool = False
    seed: int = 0
    max_count: int = 3000
    jobs: int = 1
    known: KnownNumbers = field(default_factory=KnownNumbers)


class TabulationInterrupted(KeyboardInterrupt):
    """Ctrl-C during a tabulation. ``partial`` holds the rows finished so far."""

    def __init__(self, partial: ArchitectureTable) -> None:
        super().__init__("interrupted")
        self.partial = partial


@dataclass(frozen=True)
class ArchitectureRow:
    """The facts of one architecture; None for a fact that has not been computed, or could not be decided.

    Attributes
    ----------
    architecture : Architecture
    thick, closed, smooth : bool or None
        As in `FunctionSpace`.
    pure, spurious, parameters : int
        Exact generic counts, as in `CountTable`.
    white_pure, white_spurious : int or None
        The counts for Gram matrix I and generic targets: counted now, or from the shipped atlas.
    white_method : str or None
        The method that gave them, as in `CountTable`; "measured" is no proof.
    found_pure, found_spurious : int or None
        Numbers of nonsingular critical filters found for one Gaussian data set.
    found_parameters : int or None
        Number of critical parameters, up to scaling, over the filters found.
    real, attained : int or None
        How many of the filters found are real, and have a real critical θ over them.
    certified : int or None
        How many of them are certified.
    status : {"certified", "found", "not found", "not measured"}
        Whether each stratum has as many certified or computed points as its exact generic count.
    geometry_checked : bool or None
        Whether the dimension is the rank of dμ at random θ, the witnesses against closedness and smoothness are right,
        and no critical filter found contradicts the positive answers.
    """

    architecture: Architecture
    thick: bool
    closed: bool | None
    smooth: bool | None
    pure: int
    spurious: int
    parameters: int
    white_pure: int | None = None
    white_spurious: int | None = None
    white_method: str | None = None
    found_pure: int | None = None
    found_spurious: int | None = None
    found_parameters: int | None = None
    real: int | None = None
    attained: int | None = None
    certified: int | None = None
    status: str = NOT_MEASURED
    geometry_checked: bool | None = None

    @property
    def reduced(self) -> Architecture | None:
        """The reduced architecture; None for a network of any supports."""
        return None if isinstance(self.architecture, SupportNetwork) else self.architecture.reduced

    @property
    def critical_filters(self) -> int:
        """Exact number of complex critical filters w ≠ 0 for generic data."""
        return self.pure + self.spurious

    def record(self) -> dict[str, Cell]:
        """The row by column names."""
        arch, reduced = self.architecture, self.reduced
        given: dict[str, Cell] = {
            "filters": arch.filters if reduced else arch.texts[0],
            "strides": arch.strides if reduced else arch.texts[1],
            "reduced_filters": reduced.filters if reduced else None,
            "reduced_strides": reduced.strides if reduced else None,
            "filter_size": arch.filter_size,
            "dimension": arch.dimension,
        }
        return given | {name: getattr(self, name) for name in _COLUMNS if name not in given}


@dataclass(frozen=True)
class ArchitectureTable(ShownInNotebooks, Sequence[ArchitectureRow]):
    """A table over architectures; a sequence of `ArchitectureRow`.

    Attributes
    ----------
    rows : tuple of ArchitectureRow
    seed : int
        The data of row (k, s) are the data of ``homotopy-lcn solve -k … -s … --random --seed`` with this seed.
    measured : bool
        Whether the counts have been measured.
    """

    rows: tuple[ArchitectureRow, ...]
    seed: int = 0
    measured: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> ArchitectureRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ArchitectureRow, ...]: ...
    def __getitem__(self, index: int | slice) -> ArchitectureRow | tuple[ArchitectureRow, ...]:
        return self.rows[index]

    @property
    def unconfirmed(self) -> tuple[ArchitectureRow, ...]:
        """Rows whose measured numbers are not the exact ones, or whose geometry was contradicted."""
        return tuple(row for row in self.rows if row.status == NOT_FOUND or row.geometry_checked is False)

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame with a row for each architecture; filters and strides are tuples.

        Raises
        ------
        MissingPackage
            If pandas is not installed.
        """
        return self.to_table(for_people=False).to_frame()

    def to_table(self, for_people: bool = True) -> TextTable:
        """For printing.

        Parameters
        ----------
        for_people : bool
            Join related columns and leave out the empty columns. Otherwise the columns are all columns of `to_frame`.
        """
        records = [row.record() for row in self.rows]
        if not for_people:
            columns = tuple(Column(name, name) for name in _COLUMNS)
            rows = [tuple(record.values()) for record in records]
        else:
            shown = [item for item in _SHOWN if any(record[name] is not None for record in records for name in item[1])]
            columns = tuple(Column(names[0], title) for title, names, _ in shown)
            rows = [tuple(_together(record, names, sign) for _, names, sign in shown) for record in records]
        return TextTable(
            "architectures",
            "Critical points of linear convolutional networks, by architecture",
            columns,
            tuple(rows),
            _NOTES + (_NOTES_MEASURED if self.measured else _NOTES_NOT_MEASURED),
            subject="; ".join(str(row.architecture) for row in self.rows),
        )

    def to_json(self) -> str:
        """The table as a JSON document."""
        document = {
            "format": "homotopy-lcn/tabulation",
            "version": 1,
            "software": f"homotopy-lcn {__version__}",
            "seed": self.seed,
            "measured": self.measured,
            "architectures": [row.record() for row in self.rows],
        }
        return json.dumps(document) + "\n"


def _together(record: dict[str, Cell], names: tuple[str, ...], sign: str) -> Cell:
    cells = [record[name] for name in names]
    if len(cells) == 1 or None in cells:
        return cells[0]
    return sign.join(",".join(map(str, cell)) if isinstance(cell, tuple) else str(cell) for cell in cells)


def tabulate(
    architectures: Iterable[Architecture] | None = None,
    *,
    max_filter_size: int | None = None,
    layers: int | None = None,
    size_one: bool = False,
    reduced: bool = False,
    white: bool = False,
    measure: bool = False,
    certify: bool = False,
    seed: int = 0,
    max_count: int = 3000,
    jobs: int = 1,
    report: Callable[[int, int, Architecture], None] | None = None,
    progress: ProgressCallback | bool | None = None,
) -> ArchitectureTable:
    """Tabulate architectures: geometry of the function space, exact counts, and whether a computation confirms them.

    Parameters
    ----------
    architectures : iterable of Architecture, optional
    max_filter_size : int, optional
        Instead: all up to this end-to-end filter size; see `architectures_up_to`, also for the next three.
    layers : int, optional
    size_one, reduced : bool
    white : bool
        Count for Gram matrix I and generic targets: exactly where some seconds are enough, and by a measurement
        elsewhere. Otherwise the counts of the shipped atlas are shown.
    measure : bool
        Compute the critical points for one Gaussian data set each, and compare.
    certify : bool
        Prove them, too; needs python-flint.
    seed : int
    max_count : int
        Architectures with more critical filters than this are listed, but not measured.
    jobs : int
    report : callable, optional
        Called before each row with the number of rows done, of all rows, and the architecture.
    progress : callable or bool, optional
        Called with a `Progress` after each row. True shows a bar in a terminal or a notebook.

    Returns
    -------
    ArchitectureTable

    Notes
    -----
    There are many parameters, as each of them is an option that users choose independently of the others. The first
    five say which architectures are listed; the next six become one `RowOptions`.

    Raises
    ------
    InputError
        If not exactly one of ``architectures`` and ``max_filter_size`` is given, or an argument is out of range.
    TabulationInterrupted
        On Ctrl-C, with the rows finished so far.

    Examples
    --------
    >>> table = tabulate(max_filter_size=4, measure=True)
    >>> [(row.architecture.filters, row.pure, row.spurious, row.found_pure, row.status) for row in table][-2:]
    [((2, 2), 6, 0, 6, 'found'), ((2, 2, 2), 1, 14, 1, 'found')]
    """
    listed = None if architectures is None else list(architectures)
    for item in listed or ():
        if not isinstance(item, Architecture):
            raise InputError(f"architectures: holds a {type(item).__name__}; expected an Architecture each")
    if (listed is None) == (max_filter_size is None):
        raise InputError("architectures, max_filter_size: expected exactly one of them")
    seed, max_count = check_integer("seed", seed, 0), check_integer("max_count", max_count, 0)
    jobs = check_integer("jobs", jobs, 1)
    if max_filter_size is not None:
        chosen = architectures_up_to(max_filter_size, layers=layers, size_one=size_one, reduced=reduced)
    else:
        chosen = [
            arch
            for arch in listed or ()
            if (layers is None or arch.depth == layers) and (not reduced or arch.is_reduced)
        ]
    if certify:
        from ..certification._flint import ctx

        ctx.workprec(64)  # tells now, not after the first solve, if python-flint is missing
    options = RowOptions(white, measure or certify, certify, seed, max_count, jobs)
    rows: list[ArchitectureRow] = []
    try:
        with told(progress) as tell:
            for arch in chosen:
                if report is not None:
                    report(len(rows), len(chosen), arch)
                rows.append(tabulate_one(arch, options))
                if tell is not None:
                    tell(Progress("architectures", None, len(rows), len(chosen)))
    except KeyboardInterrupt:
        raise TabulationInterrupted(ArchitectureTable(tuple(rows), seed, options.measure)) from None
    return ArchitectureTable(tuple(rows), seed, options.measure)


def tabulate_one(arch: Architecture, options: RowOptions) -> ArchitectureRow:
    """The row of one architecture."""
    space: FunctionSpace | SupportSpace = describe_function_space(arch)
    table = generic_count(arch)
    row = ArchitectureRow(arch, space.thick, space.closed, space.smooth, table.pure, table.spurious, table.parameters)
    small = table.filters <= options.max_count
    if not options.white:
        known = shipped_white_counts(arch)
        if known is not None:
            row = replace(row, white_pure=known.pure, white_spurious=known.spurious, white_method=known.method)
    elif small and (counted := white_counts(arch, options.known)) is not None:
        row = replace(row, white_pure=counted.pure, white_spurious=counted.spurious, white_method=counted.method)
    return _measured(row, space, table, options) if options.measure and small else row


def white_counts(arch: Architecture, known: KnownNumbers) -> WhiteCounts | None:
    """The counts for Gram matrix I: exact ones if `SECONDS_FOR_WHITE` are enough, else measured; None if both fail."""
    try:
        if isinstance(arch, SupportNetwork):
            table = count_for_gram(arch, "white", None)
        else:
            search = Search.within(SECONDS_FOR_WHITE)
            exact = exact_count(arch, gram_matrix("white", arch.filter_size), search, known)
            table = white_count(arch) if isinstance(exact, NotEstablished) else exact
    except IncompleteStartSystem:
        return None
    return WhiteCounts(table.pure, table.spurious, table.method or MEASURED)


def _measured(
    row: ArchitectureRow, space: FunctionSpace | SupportSpace, table: CountTable, options: RowOptions
) -> ArchitectureRow:
    arch, seed = row.architecture, options.seed
    loss = random_gaussian(arch, np.random.default_rng(random_loss_seed(seed, 0))).loss
    try:
        result = critical_points(arch, loss, seed=seed, jobs=options.jobs, max_count=max(table.filters, 1))
    except SolveInterrupted:
        raise KeyboardInterrupt from None
    except IncompleteStartSystem:
        return replace(row, status=NOT_FOUND)
    found = {stratum.pattern: stratum.found for stratum in result.strata}
    equal = result.complete and found == {stratum.pattern: stratum.count for stratum in table}
    status, certified = (FOUND if equal else NOT_FOUND), None
    if options.certify:
        from ..certification.certificates import certificate

        proofs = certificate(result, jobs=options.jobs)
        certified = proofs.result.counts.certified or 0
        if equal and proofs.complete:
            status = CERTIFIED
    return replace(
        row,
        found_pure=sum(found[stratum.pattern] for stratum in table if stratum.pure),
        found_spurious=sum(found[stratum.pattern] for stratum in table if not stratum.pure),
        found_parameters=sum(found[stratum.pattern] * stratum.factorizations for stratum in table),
        real=result.counts.real,
        attained=result.counts.attained,
        certified=certified,
        status=status,
        geometry_checked=_check_geometry(space, result, np.random.default_rng([seed, 3])),
    )


def _check_geometry(
    space: FunctionSpace | SupportSpace, result: CriticalPoints, rng: np.random.Generator
) -> bool | None:
    """Whether independent computations agree with the facts of the function space; None if that is too much work."""
    arch = space.architecture
    theta = [rng.standard_normal(k) for k in arch.layer_sizes]
    if isinstance(space, SupportSpace):
        agrees = int(np.linalg.matrix_rank(jacobian(arch, theta))) == space.dimension
        return agrees and _agrees_with_points(space, result)
    agrees = criticality(arch, theta).rank == space.dimension
    try:
        if space.closure_witness is not None:
            facts = describe_filter(arch, space.closure_witness, boundary=False)
            agrees = agrees and facts.in_closure and not facts.in_function_space
        if space.singular_witness is not None:
            facts = describe_filter(arch, space.singular_witness, boundary=False)
            agrees = agrees and facts.in_closure and facts.smooth is False
    except InputError:  # too many factorizations to list
        return None
    return agrees and _agrees_with_points(space, result)


def _agrees_with_points(space: FunctionSpace | SupportSpace, result: CriticalPoints) -> bool:
    """Whether no critical filter contradicts that a function space is closed, or its closure smooth."""
    agrees = True
    if space.closed:
        agrees = agrees and all(point.in_function_space is not False for point in result.real)
    if space.smooth:
        agrees = agrees and all(point.smooth is not False for point in result)
    return agrees
