"""The critical-point equations of a stratum, with start solutions, as files for other systems.

An export consists of the polynomial system in a sparse affine patch (see `polynomials`), the start system from which
`critical_points` tracks, and the data to solve for. The modules `export_formats`, `bertini2_script` and `exact_formats`
write them for each system.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..equations.polynomials import PatchedSystem
from ..equations.restriction import stratum_data
from ..errors import InputError
from ..files import check_writable, write_atomically
from ..losses.exact_data import ExactData
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count, generic_ed_degree
from ..networks.limits import LARGEST_EXPORTED_FILTER, check_filter_size
from ..networks.patterns import Pattern, format_pattern
from ..networks.strata import Stratum, segre_embedding
from ..networks.support_networks import SupportNetwork
from ..solving.monodromy import random_data
from ..solving.start_systems import start_system
from ..solving.stored_systems import StartSystem
from ..tracking import Engine, get_engine
from ..tracking.settings import Tracking
from .bertini2_script import BERTINI2
from .exact_formats import EXACT_SYSTEMS
from .export_formats import NUMERICAL_SYSTEMS, ExportTask, Format
from .latex_document import LATEX

__all__ = ["SYSTEMS", "ExportedSystem", "check_output", "export"]

SYSTEMS = {**NUMERICAL_SYSTEMS, "latex": LATEX, "bertini2": BERTINI2, **EXACT_SYSTEMS}
#: Other names of systems.
_SYNONYMS = {"phcpack": "phc"}


@dataclass(frozen=True)
class ExportedSystem:
    """Files for another system.

    Attributes
    ----------
    format : str
    files : mapping of str to str
        Text of each file by its name.
    command : str
        The command that runs the files, in their folder.
    """

    format: str
    files: Mapping[str, str]
    command: str

    @property
    def text(self) -> str:
        """The text of the only file.

        Raises
        ------
        InputError
            If there are several files.
        """
        if len(self.files) != 1:
            raise InputError(f"{self.format}: {len(self.files)} files ({', '.join(self.files)}); expected to be one")
        return next(iter(self.files.values()))

    def write(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the file to ``path``, or the files to the folder ``path``, which is created if need be.

        Returns
        -------
        list of Path
            The paths of the files written.

        Raises
        ------
        InputError
            If a file cannot be written.
        """
        target = Path(path)
        if len(self.files) == 1 and not target.is_dir():
            write_atomically(target, self.text)
            return [target]
        try:
            target.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{target}: {error.strerror or error}; expected a folder, for several files") from error
        for name, text in self.files.items():
            write_atomically(target / name, text)
        return [target / name for name in self.files]

    def command_at(self, written: Sequence[Path]) -> str:
        """The command for a shell that runs the files where `write` has written them.

        Parameters
        ----------
        written : sequence of Path
            The paths that `write` returned.

        Examples
        --------
        >>> ExportedSystem("julia", {"critical_points.jl": ""}, "julia critical_points.jl").command_at([Path("cp.jl")])
        'julia cp.jl'
        """
        if len(written) == 1:
            return self.command.replace(next(iter(self.files)), shlex.quote(str(written[0])))
        return f"cd {shlex.quote(str(written[0].parent))} && {self.command}"


def check_output(to: str, output: str | None) -> None:
    """Raise InputError if the files of a format could not be written to ``output``; None and "-" are standard output.

    Nothing is created or changed.
    """
    names = _format(to)[1].files
    several = f"expected a folder, for the files {', '.join(names)}"
    try:
        if output is None or output == "-":
            if len(names) > 1:
                raise InputError(f"missing; {several}")
        elif Path(output).is_dir():
            for name in names:
                check_writable(Path(output) / name)
        elif len(names) > 1 and Path(output).exists():
            raise InputError(f"{output}: is a file; {several}")
        else:
            check_writable(output)
    except InputError as error:
        raise InputError(f"output: {error}") from error


def _format(to: str) -> tuple[str, Format]:
    """Name and format of a system."""
    name = _SYNONYMS.get(to, to)
    if name not in SYSTEMS:
        raise InputError(f"to: {to!r} is not known; expected one of {', '.join(SYSTEMS)}")
    return name, SYSTEMS[name]


def export(
    arch: Architecture,
    loss: SquaredLoss | None = None,
    *,
    to: str,
    stratum: Pattern | None = None,
    seed: int = 0,
    engine: str | Engine = "auto",
    max_count: int = 20_000,
) -> ExportedSystem:
    """Write the critical-point equations and start solutions for another system.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss, optional
        The data to solve for. Without data the Gram matrix and the moment vector stay parameters; in formats that
        track paths their values are random complex ones, in exact formats random integers.
    to : str
        "phc" or "phcpack", "julia" (HomotopyContinuation.jl), "macaulay2", "bertini" (Bertini 1), "bertini2", "sympy"
        or "latex"; with rational coefficients "msolve" or "euclidean-distance-degree" (Macaulay2's package
        EuclideanDistanceDegree).
    stratum : root pattern, optional
        For each block the root multiplicities of its polynomial, as ``((2, 1), (1,))``; by default all are 1: the
        critical points of the loss on the function space. Networks of any supports have none: their equations are those
        of the parameters, and have the critical points of all classes.
    seed : int
        The random target comes from it.
    engine : str or Engine
        The engine that tracks paths if the start system is not known yet.
    max_count : int
        Refuse a stratum with more critical points than this for generic data.

    Returns
    -------
    ExportedSystem

    Raises
    ------
    InputError
        If the format or the stratum is unknown, the loss does not fit, or there are too many points.
    IncompleteStartSystem
        If the start system could not be computed.

    Examples
    --------
    >>> from homotopy_lcn import Architecture, export
    >>> script = export(Architecture((3, 2), (2, 1)), to="julia")
    >>> list(script.files), script.command
    (['critical_points.jl'], 'julia critical_points.jl')
    """
    name, format_ = _format(to)
    if loss is not None and loss.filter_size != arch.filter_size:
        raise InputError(
            f"loss: its filters have size {loss.filter_size}; expected {arch.filter_size}, as the network's"
        )
    check_filter_size(arch, "the Gram matrix in the text", LARGEST_EXPORTED_FILTER)
    if isinstance(arch, SupportNetwork):
        if stratum is not None:
            raise InputError(
                "stratum: given for a network of any supports; expected none, as its equations are those of all classes"
            )
        task = _task_of_supports(arch, loss, format_, Chosen(seed, engine, max_count))
    else:
        task = _task_of_stratum(arch, loss, format_, _row(arch, stratum), Chosen(seed, engine, max_count))
    return ExportedSystem(name, dict(zip(format_.files, format_.write(task), strict=True)), format_.command)


class Chosen(NamedTuple):
    """What a caller of `export` has chosen."""

    seed: int
    engine: str | Engine
    max_count: int

    def check_count(self, place: str, count: int) -> None:
        if count > self.max_count:
            raise InputError(
                f"max_count: this {place} has {count} critical points for generic data, above the limit "
                f"{self.max_count}; raise the limit to export it all the same"
            )

    def start(self, coordinates: Stratum, count: int) -> StartSystem:
        return start_system(coordinates, count, Tracking(get_engine(self.engine)).on_short_segments)

    def target(self, size: int, exact: bool) -> Data:
        rng = np.random.default_rng([self.seed, 4])
        return _random_integers(size, rng) if exact else random_data(size, rng)


def _task_of_stratum(
    arch: Architecture, loss: SquaredLoss | None, format_: Format, row: StratumCount, chosen: Chosen
) -> ExportTask:
    """The equations of a stratum of an ordinary network."""
    chosen.check_count("stratum", row.count)
    blocks = [type(block)(block.degree, block.dilation // arch.grid) for block in arch.blocks]
    coordinates = Stratum.of_pattern(blocks, row.pattern)
    positions = arch.grid * np.arange(coordinates.filter_size)
    system = PatchedSystem(coordinates)
    start = chosen.start(coordinates, row.count)
    data, points = start.data, start.points
    exact = None
    if loss is None:
        target = chosen.target(coordinates.filter_size, format_.exact)
    else:
        target = Data(loss.gram[np.ix_(positions, positions)], loss.b[positions])
        data, points = _scaled(loss, positions, data, points)
        exact = loss.exact and loss.exact.restricted(positions.tolist())
    if format_.exact and exact is None:
        exact = ExactData.of_doubles(target.gram, target.b, 0.0)
    return ExportTask(
        architecture=arch,
        pattern=row.pattern,
        system=system,
        positions=tuple(positions.tolist()),
        start=data,
        start_values=system.from_points(points),
        target=target,
        given=loss is not None,
        exact=exact,
    )


def _task_of_supports(arch: SupportNetwork, loss: SquaredLoss | None, format_: Format, chosen: Chosen) -> ExportTask:
    """The equations of the parameters of a network of any supports.

    Formats that follow paths have the equations of the tensor product of the layers. Its start system is not one of the
    network, and its monodromy group is transitive, while loops in the data of the network keep the rank of dμ.
    """
    space = segre_embedding(arch)
    count = generic_ed_degree([factor.degree for factor in space.stratum.factors])
    chosen.check_count("network", count)
    support = np.array(arch.support)
    given = chosen.target(len(support), format_.exact) if loss is None else None
    if given is None:
        assert loss is not None
        given = Data(loss.gram[np.ix_(support, support)], loss.b[support])
    places = np.searchsorted(support, np.array(space.positions))
    exact = loss.exact.restricted(support.tolist()) if loss is not None and loss.exact else None
    if format_.exact and exact is None:
        exact = ExactData.of_doubles(given.gram, given.b, 0.0)
    lifted = Data(given.gram[np.ix_(places, places)], given.b[places])
    start = chosen.start(space.stratum, count)
    data, points = start.data, start.points
    if loss is not None:
        data, points = _scaled(loss, np.array(space.positions), data, points)
    tracked = PatchedSystem(space.stratum)
    return ExportTask(
        architecture=arch,
        pattern=(),
        system=tracked if format_.tracked else PatchedSystem(space.stratum, positions=places.tolist()),
        positions=tuple(range(len(places))) if format_.tracked else tuple(support.tolist()),
        start=data,
        start_values=tracked.from_points(points),
        target=lifted if format_.tracked else given,
        given=loss is not None,
        exact=exact,
        space=space,
    )


def _random_integers(size: int, rng: np.random.Generator) -> Data:
    """Real data of small integers with a positive definite Gram matrix."""
    samples = rng.integers(-9, 10, (2 * size, size))
    return Data(
        (samples.T @ samples + np.eye(size, dtype=int)).astype(float), rng.integers(-99, 100, size).astype(float)
    )


def _row(arch: Architecture, stratum: Pattern | None) -> StratumCount:
    table = generic_count(arch)
    wanted = tuple((1,) * block.degree for block in arch.blocks) if stratum is None else stratum
    wanted = tuple(tuple(sorted(partition, reverse=True)) for partition in wanted)
    rows = [row for row in table if row.count]
    for row in rows:
        if row.pattern == wanted:
            return row
    raise InputError(
        f"stratum: {format_pattern(wanted)} has no critical points for generic data; expected one of "
        f"{', '.join(format_pattern(row.pattern) for row in rows)}"
    )


def _scaled(loss: SquaredLoss, positions: np.ndarray, start: Data, points: Complex) -> tuple[Data, Complex]:
    """Start data and points scaled by powers of two to the size of the data, so that the segment is well scaled."""
    data, scale = stratum_data(loss, positions)
    factor = float(np.abs(loss.gram[np.ix_(positions, positions)]).max() / np.abs(data.gram).max())
    points = points.copy()
    points[:, 0] *= scale
    return Data(factor * start.gram, factor * scale * start.b), points
