"""All walls of one kind on a random complex line of data: start systems for the walls on a user's line.

The pairs (point, line of data on which it is a wall) are easy to make: at a random point the equations are linear in
the data at t. The pairs of a stratum that are found so form an irreducible variety, since the solutions of these linear
equations have one dimension at almost all points. Therefore loops in the lines of data lead from one wall to all
(monodromy). The number of walls is known (`degrees`). The trace test confirms it: the walls are where a line meets a
hypersurface of data, and the sum of the t of all of them moves linearly when the line is moved parallel to itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..networks.strata import Stratum
from ..solving.stored_arrays import cache_folder, keep, read_arrays
from .conditions import Condition
from .extended_system import Patches, WallPoints
from .homotopies import follow
from .lines import DataLine, Motion, random_complex, random_line
from .path_tracker import newton
from .tolerances import WALLS

__all__ = [
    "KEYS",
    "GenericWalls",
    "checked_walls",
    "computed_walls",
    "conjugate_walls",
    "distinct_walls",
    "generic_walls",
]

#: A wall is nearer to the conjugate of another one than this one by this factor, if both are conjugate.
MUCH_NEARER = 0.1
#: The arrays of a start system.
KEYS = ("grams", "bs", "factors", "scale", "t", "trace")


@dataclass(frozen=True)
class GenericWalls:
    """All walls of one kind on a random complex line of data.

    Attributes
    ----------
    condition : Condition
        The kind of the walls.
    line : DataLine
    points : WallPoints
    trace : float
        Deviation of the sum of all t from a linear function, relative to the sizes of all t.
    complete : bool
        Whether all walls are found: their number is the exact one, and the trace is linear.
    """

    condition: Condition
    line: DataLine
    points: WallPoints
    trace: float
    complete: bool

    def __len__(self) -> int:
        return len(self.points)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Line, points and trace as arrays, to be saved."""
        return {
            "grams": self.line.grams,
            "bs": self.line.bs,
            "factors": self.points.factors,
            "scale": self.points.scale,
            "t": self.points.t,
            "trace": np.array(self.trace),
        }


def moved(
    condition: Condition, points: WallPoints, start: DataLine, target: DataLine, rng: np.random.Generator
) -> tuple[WallPoints, NDArray[np.bool_]]:
    """The walls on another generic line, and which of the paths arrived."""
    found = follow(condition, points, (start, target), rng)
    return found.points, found.regular


def generic_walls(condition: Condition, motion: Motion, rng: np.random.Generator) -> GenericWalls:
    """The start system of a condition and a motion of the data, from the user's cache or by monodromy."""
    expected = condition.count(motion)
    if expected == 0:
        none = np.zeros((0, 2), complex)
        points = WallPoints(np.zeros((0, condition.coordinates.coordinates - 1), complex), none, none)
        return GenericWalls(condition, random_line(condition.coordinates, motion, rng), points, 0.0, True)
    path = cache_folder() / f"walls-{condition.name}-{motion.name}.npz"
    description = {"condition": condition.name, "motion": motion.name}
    arrays = read_arrays(path, **description)
    known = None if arrays is None else checked_walls(condition, motion, arrays)
    if known is not None:
        return known
    found = computed_walls(condition, motion, expected, rng)
    if found.complete:
        keep(path, found.arrays(), **description)
    return found


def checked_walls(condition: Condition, motion: Motion, arrays: dict[str, NDArray[np.generic]]) -> GenericWalls | None:
    """A start system from the arrays of a file, None unless its points are walls and their number is right."""
    expected = condition.count(motion)
    if set(arrays) != set(KEYS):
        return None
    size = condition.coordinates.filter_size
    shapes = {
        "grams": (2, size, size),
        "bs": (2, size),
        "factors": (expected, condition.coordinates.coordinates - 1),
        "scale": (expected, 2),
        "t": (expected, 2),
        "trace": (),
    }
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        return None
    trace = float(np.real(arrays["trace"]))
    line = DataLine(arrays["grams"].astype(complex), arrays["bs"].astype(complex), motion)
    points = WallPoints(*(arrays[name].astype(complex) for name in ("factors", "scale", "t")))
    if not 0 <= trace <= WALLS.trace or len(distinct_walls(condition.coordinates, points)) != expected:
        return None
    system = condition.system(Patches.random(condition.coordinates, np.random.default_rng(0)), line, line)
    _, steps = newton(system, condition.local(system, points, motion, 0.0), 0.0, most=1)
    return GenericWalls(condition, line, points, trace, True) if _all_small(steps) else None


def _all_small(steps: NDArray[np.float64]) -> bool:
    return bool((steps < WALLS.settled).all())


def distinct_walls(stratum: Stratum, points: WallPoints) -> NDArray[np.int64]:
    """The first of all walls that are equal: at one (t_0 : t_1), with the same factors up to scale."""
    first, second = np.nonzero(np.tril(_sines_of_all(points.t, points.t) < WALLS.same, -1))
    start = 0
    for factor in stratum.factors:
        forms = points.factors[:, start : start + factor.degree + 1]
        start += factor.degree + 1
        same = _sines(forms[first], forms[second]) < WALLS.same
        first, second = first[same], second[same]
    distinct = np.ones(len(points), bool)
    distinct[first] = False
    return np.flatnonzero(distinct)


def conjugate_walls(stratum: Stratum, points: WallPoints) -> NDArray[np.bool_]:
    """Which walls of a line of real data are complex: another one is much nearer to their conjugate than they are.

    Near a multiple wall the imaginary parts of two conjugate ones can be as small as the errors of others.
    """
    apart = _sines_of_all(points.t.conj(), points.t)
    rows = np.arange(len(points))
    first, second = (index.ravel() for index in np.meshgrid(rows, rows, indexing="ij"))
    start = 0
    for factor in stratum.factors:
        forms = points.factors[:, start : start + factor.degree + 1]
        start += factor.degree + 1
        apart = np.maximum(apart, _sines(forms[first].conj(), forms[second]).reshape(apart.shape))
    own = np.diagonal(apart).copy()
    np.fill_diagonal(apart, np.inf)
    return np.asarray(apart.min(axis=1, initial=np.inf) < MUCH_NEARER * own)


def _sines_of_all(pairs: Complex, others: Complex) -> NDArray[np.float64]:
    """The sines of the angles between all vectors of two numbers (P, 2) and others, exact for small angles."""
    (a, b), (c, d) = ((each / np.linalg.norm(each, axis=1)[:, None]).T for each in (pairs, others))
    return np.asarray(np.abs(np.outer(a, d) - np.outer(b, c)))


def _sines(first: Complex, second: Complex) -> NDArray[np.float64]:
    """The sines of the angles between vectors (P, e) and others, exact for small angles."""
    a, b = (vectors / np.linalg.norm(vectors, axis=1)[:, None] for vectors in (first, second))
    across = a[:, :, None] * b[:, None, :]
    return np.asarray(np.linalg.norm(across - across.transpose(0, 2, 1), axis=(1, 2)) / np.sqrt(2))


def _start_pair(condition: Condition, motion: Motion, rng: np.random.Generator) -> tuple[DataLine, WallPoints]:
    """A random wall, and a random line of data on which it is."""
    patches = Patches.random(condition.coordinates, rng)
    line = random_line(condition.coordinates, motion, rng)
    z = random_complex(rng, (1, condition.system(patches, line, line).unknowns))
    points = condition.points(patches, z)

    def values(data: DataLine) -> Complex:
        return condition.system(patches, data, data).evaluate(z, np.zeros(1)).equations[0]

    # The equations are affine-linear in each datum, and linear in the first data together.
    size = condition.coordinates.filter_size
    rows, columns = np.triu_indices(size)
    images = []
    for index in range(len(rows) + size):
        gram, b = np.zeros((2, size, size), complex), np.zeros((2, size), complex)
        if index < len(rows):
            gram[0, rows[index], columns[index]] = gram[0, columns[index], rows[index]] = 1
        else:
            b[0, index - len(rows)] = 1
        images.append(values(DataLine(gram, b, motion)))
    matrix = np.array(images).T
    constant = values(line)
    # The least change of the first data that makes the point a wall.
    step = -np.linalg.pinv(matrix, rcond=1e-10) @ constant
    gram, b = line.grams.copy(), line.bs.copy()
    for index, value in enumerate(step):
        if index < len(rows):
            gram[0, rows[index], columns[index]] += value
            if rows[index] != columns[index]:
                gram[0, columns[index], rows[index]] += value
        else:
            b[0, index - len(rows)] += value
    return DataLine(gram, b, motion), points


def computed_walls(
    condition: Condition, motion: Motion, expected: int | None, rng: np.random.Generator
) -> GenericWalls:
    """A start system by monodromy. If no number is expected, the trace test alone says when all walls are found."""
    line, points = _start_pair(condition, motion, rng)
    trace, quiet = np.inf, 0
    for _ in range(WALLS.most_loops):
        if expected == len(points):
            trace = _trace(condition, points, line, rng)
            if trace <= WALLS.trace:
                break
        new = _loop(condition, points, line, rng)
        joined = WallPoints(*(np.concatenate(pair) for pair in zip(points, new, strict=True)))
        joined = joined.chosen(distinct_walls(condition.coordinates, joined))
        quiet = quiet + 1 if len(joined) == len(points) else 0
        points = joined
        if quiet >= WALLS.loops and expected is None:
            trace = _trace(condition, points, line, rng)
            if trace <= WALLS.trace:
                break
            quiet = 0
    complete = trace <= WALLS.trace and expected in (None, len(points))
    return GenericWalls(condition, line, points, float(trace), complete)


def _loop(condition: Condition, points: WallPoints, line: DataLine, rng: np.random.Generator) -> WallPoints:
    """Walls of the line that a random loop of lines leads to."""
    other = random_line(condition.coordinates, line.motion, rng)
    there, arrived = moved(condition, points, line, other, rng)
    turns = np.exp(2j * np.pi * rng.random(3))
    back, returned = moved(condition, there.chosen(arrived), other, line.scaled(turns), rng)
    back = back.chosen(returned)
    return WallPoints(back.factors, back.scale * turns[:2], back.t * np.array([1, turns[2]]))


def _trace(condition: Condition, points: WallPoints, line: DataLine, rng: np.random.Generator) -> float:
    """How far the sum of all t is from being linear when the line moves parallel to itself."""
    shift = random_line(condition.coordinates, line.motion, rng)
    sums, sizes = [], []
    for weight in (0.0, 1.0, 2.0):
        grams, bs = line.grams.copy(), line.bs.copy()
        grams[0] += weight * shift.grams[0] * (1 if line.motion.gram else 0)
        bs[0] += weight * shift.bs[0] * (1 if line.motion.b else 0)
        there, arrived = (
            (points, np.ones(len(points), bool))
            if weight == 0
            else moved(condition, points, line, DataLine(grams, bs, line.motion), rng)
        )
        if not arrived.all() or len(distinct_walls(condition.coordinates, there)) != len(points):
            return np.inf
        t = there.t[:, 1] / there.t[:, 0]
        sums.append(t.sum())
        sizes.append(np.abs(t).sum())
    return float(abs(sums[0] - 2 * sums[1] + sums[2]) / sum(sizes))
