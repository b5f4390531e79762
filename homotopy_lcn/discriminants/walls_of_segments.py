"""All walls on a segment of data, and the chambers between them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..doors import ShownInNotebooks, door
from ..errors import InputError, check_integer, shortened
from ..extras import import_extra
from ..files import write_atomically
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Embedding
from ..results.result import CriticalPoints
from ..solving.solve import critical_points
from .certified_walls import certified_chambers, certified_exchanges, proofs_of_walls, unprovable_walls
from .exact_walls import ExactLine
from .exchanges import exchanges
from .fold_walls import walls_on_line
from .following import followed_in_chamber
from .joining import OTHER_PLACE, differing_lists, joined_chambers, reason_of, written
from .kinds import Question, listed_wall, questions
from .multiple_walls import confirmed_wall
from .records import Branch, Chamber, FollowedPoint, Wall, WallStratum
from .segments import WALLS_OF_OTHERS, Segment
from .singular_ends import filters_in_kernels, near_singular_end
from .start_walls import start_walls
from .tolerances import WALLS
from .uncounted_escapes import uncounted_escapes
from .walls_file import read_walls, to_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Walls", "walls"]


@dataclass(frozen=True)
class Walls(ShownInNotebooks):
    """Walls and chambers of a segment of data, `(1 − t) · loss0 + t · loss1`.

    Attributes
    ----------
    architecture : Architecture
    loss0, loss1 : SquaredLoss
    walls : tuple of Wall
        In the order of t.
    chambers : tuple of Chamber
        The intervals between the walls, in their order.
    strata : tuple of WallStratum
        The account of all complex walls but exchanges.
    complete : bool
        Whether all walls but exchanges are found by count, all critical points of every chamber, and both sides of
        every wall fit together, and whether bounds decide where the global minimum is exchanged, and where filters are
        zero on strata for which no escape is counted.
    contradictions : tuple of str
        Why not, in words.
    edited : bool or None
        True if the file that this was read from was changed after it was written, as its digest tells. None if the file
        has no digest. False for what was computed.
    """

    architecture: Architecture
    loss0: SquaredLoss = field(repr=False)
    loss1: SquaredLoss = field(repr=False)
    walls: tuple[Wall, ...]
    chambers: tuple[Chamber, ...]
    strata: tuple[WallStratum, ...]
    complete: bool
    contradictions: tuple[str, ...] = ()
    edited: bool | None = False

    @property
    def certified(self) -> bool:
        """Whether every wall and the list of every chamber is proved."""
        return all(wall.certified for wall in self.walls) and all(chamber.certified for chamber in self.chambers)

    @property
    def unprovable(self) -> tuple[str, ...]:
        """Walls for which there is no proof, in words with the reason, so that `certified` is False with them.

        Krawczyk's test proves nonsingular solutions alone. Multiple walls, and escapes that generic data do not have,
        are no such solutions; they are confirmed in many digits for the exact data.
        """
        return unprovable_walls(self.walls, self.strata)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All real critical filters that exist somewhere on the segment, followed through the chambers."""
        found: dict[int, Branch] = {}
        for chamber in self.chambers:
            for number, point in zip(chamber.branches, chamber.points.real, strict=True):
                start = found[number].start if number in found else chamber.start
                found[number] = Branch(number, point.stratum, start, chamber.end)
        return tuple(found[number] for number in sorted(found))

    def chamber_at(self, t: float) -> Chamber:
        """The chamber with t; at a wall the one before it.

        Raises
        ------
        InputError
            If t is not a number from 0 to 1.
        """
        place = _checked_place(t)
        return next(chamber for chamber in self.chambers if place <= chamber.end)

    def follow(self, t: float) -> tuple[FollowedPoint, ...]:
        """All real critical filters at t, each with the number of its branch.

        At a wall, that is, nearer than 1e-11 to it, filters that merge can be left out, and a filter that is zero at t.
        Elsewhere all filters of the chamber are there, or a warning says that some are not.

        Parameters
        ----------
        t : float
            From 0 to 1.

        Returns
        -------
        tuple of FollowedPoint
            In the order of their losses. Kinds are those of the chamber.

        Raises
        ------
        InputError
            If t is not a number from 0 to 1.

        Warns
        -----
        RuntimeWarning
            If a filter is not found where there is no wall of its stratum.
        """
        chamber = self.chamber_at(t)
        segment = Segment(self.architecture, self.loss0, self.loss1)
        loss = segment.loss(float(t))
        filters, _, reached = followed_in_chamber(segment, chamber, chamber.points.real, float(t))
        points = [
            FollowedPoint(b, w.real, float(loss(w.real)), p.stratum, p.attained, p.kinds, p.indices)
            for b, p, w, there in zip(chamber.branches, chamber.points.real, filters, reached, strict=True)
            if there
        ]
        at_walls = [wall.pattern for wall in self.walls if abs(wall.t - float(t)) <= WALLS.together]
        lost = [p for p, there in zip(chamber.points.real, reached, strict=True) if not there]
        missing = sum(point.stratum not in at_walls for point in lost)
        if missing:
            words = f"at t = {float(t)!r} {missing} of {len(reached)} real critical filters are not found"
            warnings.warn(words, RuntimeWarning, stacklevel=2)
        return tuple(sorted(points, key=lambda point: point.loss))

    def plot(self, target: Any = None) -> Any:
        """Draw the loss of every real branch against t with matplotlib.

        Minima are solid lines, saddles are dashed by index, walls are marked by kind, and the global minimum is
        highlighted.

        Parameters
        ----------
        target : path or matplotlib.axes.Axes, optional
            The file to write (``.pdf``, ``.png`` or ``.svg``), or axes to draw into. By default new axes are made,
            which notebooks show.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InputError
            If the target is neither, or the file cannot be written.
        MissingPackage
            If matplotlib is not installed.
        """
        return door("walls_picture")(self, target)

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame with one row a wall.

        Columns are ``t``, ``kind``, ``pattern``, ``loss``, ``certified``, ``multiplicity``, ``w0``, ….

        Raises
        ------
        MissingPackage
            If pandas is not installed.
        """
        pandas = import_extra("pandas", "frame", "to_frame")
        size = self.architecture.filter_size
        columns: dict[str, list[Any]] = {
            "t": [wall.t for wall in self.walls],
            "kind": [wall.kind for wall in self.walls],
            "pattern": [written(wall.pattern) for wall in self.walls],
            "loss": [wall.loss for wall in self.walls],
            "certified": [wall.certified for wall in self.walls],
            "multiplicity": [wall.multiplicity for wall in self.walls],
        }
        columns |= {f"w{i}": [float(wall.filter[i]) for wall in self.walls] for i in range(size)}
        return pandas.DataFrame(columns)

    def branches_to_frame(self, places: int = 41) -> pd.DataFrame:
        """A pandas data frame of the branches: one row for each real critical filter at each of some t.

        Columns are ``branch``, ``t``, ``loss``, ``pattern``, ``attained``, ``kind`` and ``index`` of the first θ over
        the filter, ``w0``, ….

        Parameters
        ----------
        places : int
            Number of t, from 0 to 1 in equal steps, at least 2. At a fold both filters that merge are left out.

        Raises
        ------
        InputError
            If `places` is no integer of at least 2.
        MissingPackage
            If pandas is not installed.
        """
        pandas = import_extra("pandas", "frame", "branches_to_frame")
        count = check_integer("places", places, 2)
        rows = [(float(t), point) for t in np.linspace(0.0, 1.0, count) for point in self.follow(float(t))]
        columns: dict[str, list[Any]] = {
            "branch": [point.branch for _, point in rows],
            "t": [t for t, _ in rows],
            "loss": [point.loss for _, point in rows],
            "pattern": [written(point.pattern) for _, point in rows],
            "attained": [point.attained for _, point in rows],
            "kind": [next(iter(point.kinds), None) for _, point in rows],
            "index": [next(iter(point.indices), None) for _, point in rows],
        }
        columns |= {f"w{i}": [float(p.filter[i]) for _, p in rows] for i in range(self.architecture.filter_size)}
        return pandas.DataFrame(columns)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write walls and chambers to a file, or return the text.

        Parameters
        ----------
        path : path, optional
            The file to write. None (the default) and ``"-"`` return the text.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text = to_text(self)
        if path is None or path == "-":
            return text
        write_atomically(path, text)
        return None

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write a page that stands alone: the losses of all real branches as a picture, walls, chambers and strata.

        Parameters
        ----------
        path : path
            The file to write. It is written whole or not at all.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        door("report")(self, path)

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Walls:
        """Read walls that `to_json` wrote.

        Parameters
        ----------
        path : path
            The file to read.

        Returns
        -------
        Walls

        Raises
        ------
        InputError
            If the file cannot be read, is truncated or not such a file, contradicts itself, or claims what its own
            data refute. The critical points of each chamber are checked as `CriticalPoints.from_json` checks them, and
            the branches are followed anew. The message is one line that names the file and the entry.

        Notes
        -----
        A file that passes all checks may still have been changed, which `edited` tells, or be made up as a whole.
        """
        return cls(**read_walls(path))


def _checked_place(t: object) -> float:
    if isinstance(t, bool) or not isinstance(t, int | float | np.number) or not 0 <= t <= 1:
        raise InputError(f"t: {shortened(t)} given; expected a number from 0 to 1")
    return float(t)


def walls(arch: Architecture, loss0: SquaredLoss, loss1: SquaredLoss, *, seed: int = 0, certify: bool = False) -> Walls:
    """Find every t in [0, 1] at which the list of real critical points of (1 − t) · loss0 + t · loss1 changes.

    Folds, pitchforks, changes of membership and passages through zero are solutions of systems of equations whose
    numbers are known, and all of them are found by one homotopy for each system: none lies unseen between two points of
    a grid. Exchanges of the global minimum are found by bounds, as the loss of a minimum is a concave function of t.

    Parameters
    ----------
    arch : Architecture
    loss0, loss1 : SquaredLoss
        Σ, b and the constant are interpolated linearly.
    seed : int
        All random choices come from it.
    certify : bool
        Whether each wall is proved by Krawczyk's test on the equations that describe it, and the list of critical
        points of each chamber by one certificate inside it. The data are taken as exact numbers.

    Returns
    -------
    Walls

    Raises
    ------
    InputError
        If a loss does not fit the network, or both are equal.
    MissingPackage
        If walls are to be certified, and python-flint is not installed.

    Examples
    --------
    >>> import homotopy_lcn as hl
    >>> arch = hl.Architecture((2, 2), (2, 1))
    >>> gram = [[4, 1, 0, 1], [1, 3, 1, 0], [0, 1, 2, 1], [1, 0, 1, 5]]
    >>> found = hl.walls(arch, hl.SquaredLoss(gram, [1, 0, 0, 0]), hl.SquaredLoss(gram, [0, 1, -3, 2]))
    >>> found.complete, found.strata[0].kind, found.strata[0].generic
    (True, 'fold', 12)
    """
    seed = check_integer("seed", seed, 0)
    segment = Segment.checked(arch, loss0, loss1)
    arch.check_ordinary(WALLS_OF_OTHERS)
    exact = ExactLine.of(segment) if certify else None
    strata, found, continua = _counted_walls(segment, seed, exact)
    contradictions = [reason_of(row) for row in strata if not row.complete] + continua

    @cache
    def solved(t: float) -> CriticalPoints:
        try:
            return critical_points(arch, segment.loss(t), seed=seed)
        except InputError as error:
            raise near_singular_end(segment, t, error) from None

    found, chambers, problems = _all_chambers(segment, found, solved)
    passages = uncounted_escapes(segment, chambers, exact or ExactLine.of(segment))
    if passages.walls:
        counted = [wall for wall in found if wall.kind != "exchange"]
        counted = sorted([*counted, *passages.walls], key=lambda wall: wall.t)
        found, chambers, problems = _all_chambers(segment, counted, solved)
    contradictions += passages.problems
    contradictions += problems
    if contradictions:
        contradictions += filters_in_kernels(segment)
    if exact is not None:
        found = certified_exchanges(segment, exact, found, chambers)
        chambers = certified_chambers(exact, chambers, seed)
    return Walls(arch, loss0, loss1, tuple(found), chambers, strata, not contradictions, tuple(contradictions))


def _all_chambers(
    segment: Segment, counted: list[Wall], solved: Callable[[float], CriticalPoints]
) -> tuple[list[Wall], tuple[Chamber, ...], list[str]]:
    """The same as `_chambers`, at places of the chambers where nothing contradicts completeness if there are some.

    The data in the middle of a chamber can be special: those at t = 1/2 of integer or symmetric data are.
    """
    result = _chambers(segment, counted, solved)
    elsewhere = _chambers(segment, counted, solved, OTHER_PLACE) if result[2] else result
    return result if elsewhere[2] else elsewhere


def _chambers(
    segment: Segment, found: list[Wall], solved: Callable[[float], CriticalPoints], part: float | None = None
) -> tuple[list[Wall], tuple[Chamber, ...], list[str]]:
    """All walls with exchanges, the chambers between them, and what contradicts completeness; see `joined_chambers`."""
    chambers, problems = joined_chambers(segment, found, solved, part)
    searched = [exchanges(segment, found, chambers, number) for number in range(len(chambers))]
    exchanged = [wall for one in searched for wall in one.walls]
    if exchanged:
        found = sorted([*found, *exchanged], key=lambda wall: wall.t)
        chambers, problems = joined_chambers(segment, found, solved, part)
    problems += [problem for one in searched for problem in one.problems]
    return found, chambers, problems + differing_lists(chambers, solved)


def _counted_walls(
    segment: Segment, seed: int, exact: ExactLine | None
) -> tuple[tuple[WallStratum, ...], list[Wall], list[str]]:
    """The account of each kind on each stratum, all walls in the order of t, and where there are continua, in words."""
    rows, found, continua = [], [], []
    for number, (pattern, kind, condition) in enumerate(questions(segment.arch)):
        embedding = Embedding.of_pattern(segment.arch, pattern)
        line = segment.line(embedding)
        if not any(line.motion):
            rows.append(WallStratum(pattern, kind, 0, 0))
            continue
        question = Question(pattern, kind, condition)
        here = walls_on_line(start_walls(condition, line.motion), line, np.random.default_rng([seed, number]))
        continua += [
            f"stratum {written(pattern)}: at t = {segment.place(t):.8g} the equations of the kind {kind} have "
            "solutions that are not isolated, as where critical filters form a continuum"
            for t in here.continua
        ]
        data = exact or ExactLine.of(segment)
        multiple = [(wall, confirmed_wall(segment, data, question, wall)) for wall in here.multiple]
        doubtful = sum(wall.multiplicity for wall, sure in multiple if sure is None and not wall.infinite)
        infinite = sum(wall.multiplicity for wall, sure in multiple if sure is not None and wall.infinite)
        # Where a critical filter that is zero at all t meets another one, the equations of folds have a solution.
        folds = [row.complete for row in rows if (row.pattern, row.kind) == (pattern, "fold")]
        seen = not here.everywhere or all(folds)
        rows.append(
            WallStratum(
                pattern,
                kind,
                condition.count(line.motion),
                len(here.places) + here.at_infinity - doubtful + here.everywhere * seen,
                here.at_infinity,
                here.escaped + infinite,
                here.complete and seen and all(sure is not None for _, sure in multiple),
            )
        )
        proved = [None] * len(here.real) if exact is None else proofs_of_walls(segment, exact, question, here.real)
        confirmed = [sure for _, sure in multiple if sure is not None and not sure.infinite]
        proved += [None] * len(confirmed)
        real = [*here.real, *confirmed]
        found += [
            listed_wall(segment, question, embedding, wall, proof) for wall, proof in zip(real, proved, strict=True)
        ]
    return tuple(rows), sorted([*found, *_passages_of_all(segment, exact)], key=lambda wall: wall.t), continua


def _passages_of_all(segment: Segment, exact: ExactLine | None) -> list[Wall]:
    """Escapes of all critical filters where b(t) is zero, one for each stratum."""
    at = segment.zero
    if at is None:
        return []
    nothing, certified = np.zeros(segment.arch.filter_size), True if exact is not None and exact.has_zero else None
    patterns = [question.pattern for question in questions(segment.arch) if question.kind == "escape"]
    return [Wall(at, "escape", pattern, nothing, segment.loss(at).constant, certified) for pattern in patterns]
