"""Chambers of a triangle of data: walls on the lines of three pencils, joined to curves.

The data of a place (x, y) of the triangle are (1 − x − y) · first + x · second + y · third. All walls are computed on
the lines where x, or y, is a multiple of 1 / grid, and on the third side. These lines cut the triangle into cells, and
every wall on the boundary of every cell is known. Inside a cell two walls of one kind and one stratum are joined if
their filters and places are the nearest ones, so that curves go on from cell to cell.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Real
from ..doors import door
from ..errors import InputError, check_integer, shortened
from ..files import write_atomically
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from ..processes import as_computed
from .records import Chamber, Wall
from .segments import Segment
from .walls_of_segments import walls

__all__ = ["Plane", "PlaneInterval", "PlaneLine", "WallCurve", "chambers"]

#: More lines than this are hours of work.
MOST_GRID = 2000
#: What is added to the distance of two walls on one line; all other parts of a distance are below.
TURNING = 10.0
Place = tuple[float, float]


class PlaneInterval(NamedTuple):
    """A part of a line in one chamber: places of its ends, numbers of real points and of minima, and the stratum of the
    global minimum, None if that is unknown or not attained."""

    start: Place
    end: Place
    real: int
    minima: int
    pattern: Pattern | None


@dataclass(frozen=True)
class PlaneLine:
    """What is known on a line through the triangle.

    Attributes
    ----------
    start, end : pair of float
        Places (x, y).
    walls : tuple of (x, y, Wall)
    intervals : tuple of PlaneInterval
    complete : bool
        See `Walls.complete`.
    """

    start: Place
    end: Place
    walls: tuple[tuple[float, float, Wall], ...] = field(repr=False)
    intervals: tuple[PlaneInterval, ...] = field(repr=False)
    complete: bool


@dataclass(frozen=True, eq=False)
class WallCurve:
    """A polygonal curve of walls.

    Attributes
    ----------
    kind : str
        See `Wall`.
    pattern : tuple of partitions
        The stratum.
    places : ndarray of shape (N, 2), float64
        x and y of its corners; the last one is the first one if the curve is closed.
    """

    kind: str
    pattern: Pattern
    places: Real


@dataclass(frozen=True)
class Plane:
    """Chambers of the data (1 − x − y) · first + x · second + y · third for x, y ≥ 0, x + y ≤ 1.

    Attributes
    ----------
    architecture : Architecture
    grid : int
        In how many parts each side is cut.
    rows : tuple of PlaneLine
        The lines y = 0, 1 / grid, ….
    columns : tuple of PlaneLine
        The lines x = 0, 1 / grid, ….
    side : PlaneLine
        The line x + y = 1.
    """

    architecture: Architecture
    grid: int
    rows: tuple[PlaneLine, ...] = field(repr=False)
    columns: tuple[PlaneLine, ...] = field(repr=False)
    side: PlaneLine = field(repr=False)

    @property
    def complete(self) -> bool:
        """Whether all walls on all lines are found by count. A chamber inside one cell of the lines is not seen."""
        return all(line.complete for line in self._lines)

    @property
    def _lines(self) -> tuple[PlaneLine, ...]:
        return (*self.rows, *self.columns, self.side)

    @property
    def curves(self) -> tuple[WallCurve, ...]:
        """The walls, joined to curves: cell by cell, walls of one kind and stratum whose filters are nearest."""
        points = [(x, y, wall) for line in self._lines for x, y, wall in line.walls]
        neighbours: list[list[int]] = [[] for _ in points]
        for members in _cells(points, self.grid).values():
            for a, b in _joined(points, members, self.grid):
                if b not in neighbours[a]:
                    neighbours[a].append(b)
                    neighbours[b].append(a)
        return tuple(_curves(points, neighbours))

    def shares(self, colour: str = "real") -> dict[Any, float]:
        """For each number of real points, or of minima, or each stratum of the global minimum, its part of the area.

        Parameters
        ----------
        colour : str
            ``"real"``, ``"minima"`` or ``"pattern"``.

        Raises
        ------
        InputError
            If it is anything else.
        """
        total: dict[Any, float] = {}
        key = value_of(colour)
        for line in self.rows:
            for part in line.intervals:
                total[key(part)] = total.get(key(part), 0.0) + abs(part.end[0] - part.start[0])
        whole = sum(total.values())
        return {value: total[value] / whole for value in sorted(total, key=str)}

    def curves_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the curves as CSV, or return the text.

        One row a corner, with the columns ``curve``, ``kind``, ``pattern``, ``x`` and ``y``.

        Parameters
        ----------
        path : path, optional
            The file to write. None (the default) returns the text.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["curve", "kind", "pattern", "x", "y"])
        for number, curve in enumerate(self.curves):
            pattern = "".join("(" + ",".join(map(str, partition)) + ")" for partition in curve.pattern)
            writer.writerows([number, curve.kind, pattern, repr(x), repr(y)] for x, y in curve.places.tolist())
        if path is None:
            return stream.getvalue()
        write_atomically(path, stream.getvalue())
        return None

    def plot(self, target: Any = None, colour: str = "real") -> Any:
        """Draw the triangle with its chambers coloured, and the walls as curves by kind.

        Parameters
        ----------
        target : path or matplotlib.axes.Axes, optional
            As in `Walls.plot`.
        colour : str
            ``"real"``, the number of real critical filters; ``"minima"``; or ``"pattern"``, the stratum of the global
            minimum.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InputError
            If an argument is unusable, or the file cannot be written.
        MissingPackage
            If matplotlib is not installed.
        """
        value_of(colour)
        return door("plane_picture")(self, target, colour)


def value_of(colour: str) -> Callable[[PlaneInterval], Any]:
    """The function that gives what is coloured."""
    if colour not in ("real", "minima", "pattern"):
        raise InputError(f"colour: {shortened(colour)} given; expected real, minima or pattern")
    return lambda part: getattr(part, colour)


def chambers(
    arch: Architecture,
    losses: Sequence[SquaredLoss],
    *,
    grid: int = 50,
    seed: int = 0,
    jobs: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> Plane:
    """Find the chambers of a triangle of data, and the curves of walls between them.

    All walls on 2 · grid + 1 lines through the triangle are found by count, as by `walls`.

    Parameters
    ----------
    arch : Architecture
    losses : sequence of three SquaredLoss
        The corners. Σ, b and the constant are interpolated linearly.
    grid : int
        In how many parts each side is cut, at most 2 000.
    seed : int
        All random choices come from it.
    jobs : int
        Number of processes. The result does not depend on it.
    report : callable, optional
        Called with the number of lines that are done and that of all lines.

    Returns
    -------
    Plane

    Raises
    ------
    InputError
        If there are not three losses, one does not fit the network, or two are equal.
    """
    grid, jobs = check_integer("grid", grid, 1, MOST_GRID), check_integer("jobs", jobs, 1)
    corners = list(losses)
    if len(corners) != 3:
        raise InputError(f"losses: {len(corners)} given; expected three, the corners of a triangle")
    for first, second in ((0, 1), (1, 2), (2, 0)):
        Segment.checked(arch, corners[first], corners[second])
    steps = [number / grid for number in range(grid)]
    places: list[tuple[Place, Place]] = [((0.0, y), (1 - y, y)) for y in steps]
    places += [((x, 0.0), (x, 1 - x)) for x in steps]
    places.append(((1.0, 0.0), (0.0, 1.0)))
    work = partial(_line, arch, corners, seed)
    # The first line leaves start systems in the cache, which other processes read.
    known = {places[0]: work(places[0])}
    if report is not None:
        report(1, len(places))
    with closing(as_computed(work, places[1:], jobs)) as results:
        for ends, line in results:
            known[ends] = line
            if report is not None:
                report(len(known), len(places))
    lines = [known[ends] for ends in places]
    return Plane(arch, grid, tuple(lines[:grid]), tuple(lines[grid : 2 * grid]), lines[-1])


def _line(arch: Architecture, corners: Sequence[SquaredLoss], seed: int, ends: tuple[Place, Place]) -> PlaneLine:
    start, end = ends
    found = walls(arch, _mixed(corners, start), _mixed(corners, end), seed=seed)

    def place(t: float) -> Place:
        return start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])

    return PlaneLine(
        start,
        end,
        tuple((*place(wall.t), wall) for wall in found.walls),
        tuple(_interval(place, chamber) for chamber in found.chambers),
        found.complete,
    )


def _mixed(corners: Sequence[SquaredLoss], place: Place) -> SquaredLoss:
    weights = (1 - place[0] - place[1], *place)
    if max(weights) == 1:
        return corners[int(np.argmax(weights))]
    gram, b, constant = (
        sum(weight * getattr(loss, name) for weight, loss in zip(weights, corners, strict=True))
        for name in ("gram", "b", "constant")
    )
    return SquaredLoss(gram, b, constant)


def _interval(place: Callable[[float], Place], chamber: Chamber) -> PlaneInterval:
    lowest = chamber.points.global_minimum
    pattern = None if lowest is None else lowest.stratum
    counts = chamber.counts
    return PlaneInterval(place(chamber.start), place(chamber.end), counts["real"], counts["minima"], pattern)


def _cells(points: Sequence[tuple[float, float, Wall]], grid: int) -> dict[tuple[int, int], list[int]]:
    """For each cell the walls on its boundary. A wall on a line belongs to the cells on both sides of it."""
    result: dict[tuple[int, int], list[int]] = {}
    for number, (x, y, _) in enumerate(points):
        columns, rows = (_neighbours(value * grid, grid) for value in (x, y))
        for i in columns:
            for j in rows:
                if i + j < grid:
                    result.setdefault((i, j), []).append(number)
    return result


def _neighbours(value: float, grid: int) -> list[int]:
    """The intervals [i, i + 1] that hold a number."""
    near = round(value)
    both = (near - 1, near) if abs(value - near) < 1e-9 * grid else (int(np.floor(value)),)
    return [i for i in both if 0 <= i < grid]


def _joined(
    points: Sequence[tuple[float, float, Wall]], members: Sequence[int], grid: int
) -> Iterator[tuple[int, int]]:
    """Pairs of walls on the boundary of a cell that are joined in it, the nearest ones first."""
    groups: dict[tuple[str, Pattern | None], list[int]] = {}
    for number in members:
        wall = points[number][2]
        # An exchange is between points of two strata, and belongs to the one that is lower on its line before it.
        groups.setdefault((wall.kind, None if wall.kind == "exchange" else wall.pattern), []).append(number)
    for group in groups.values():
        pairs = sorted(
            (_distance(points[a], points[b], grid), a, b) for i, a in enumerate(group) for b in group[i + 1 :]
        )
        used: set[int] = set()
        for _, a, b in pairs:
            if a not in used and b not in used:
                used |= {a, b}
                yield a, b


def _is_step(value: float, grid: int) -> bool:
    """Whether a number is a multiple of 1 / grid."""
    return abs(value * grid - round(value * grid)) < 1e-9


def _distance(first: tuple[float, float, Wall], second: tuple[float, float, Wall], grid: int) -> float:
    """How far two walls are from being joined. Those on one line are joined last: there a curve turns back."""
    a, b = first[2], second[2]
    lines = [
        {(axis, round(x, 12)) for axis, x in enumerate(place[:2]) if _is_step(x, grid)} for place in (first, second)
    ]
    on_side = all(abs(place[0] + place[1] - 1) < 1e-12 for place in (first, second))
    turning = TURNING if on_side or lines[0] & lines[1] else 0.0
    apart = float(np.hypot(first[0] - second[0], first[1] - second[1])) * grid
    if a.kind == "exchange":
        return turning + apart + abs(a.loss - b.loss) / (abs(a.loss) + abs(b.loss) or 1.0)
    size = float(np.linalg.norm(a.filter) + np.linalg.norm(b.filter)) or 1.0
    return turning + 0.1 * apart + float(np.linalg.norm(a.filter - b.filter)) / size


def _curves(points: Sequence[tuple[float, float, Wall]], neighbours: Sequence[list[int]]) -> Iterator[WallCurve]:
    """The paths and circles of a graph whose nodes have at most two neighbours."""
    left = set(range(len(points)))
    ends = [number for number in left if len(neighbours[number]) < 2]
    for start in [*ends, *sorted(left)]:
        if start not in left:
            continue
        path, at = [start], start
        left.discard(start)
        while onward := [other for other in neighbours[at] if other in left]:
            at = onward[0]
            left.discard(at)
            path.append(at)
        if len(path) > 2 and start in neighbours[at]:
            path.append(start)
        wall = points[start][2]
        yield WallCurve(wall.kind, wall.pattern, np.array([points[number][:2] for number in path]))
