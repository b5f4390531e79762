"""All walls on a random complex line of data: start systems for the walls on a user's line.

The pairs (point with its kernel vector, line of data through it) are easy to make: for a random point x and a random v
the equations F = 0 and F_θ v = 0 are linear in the data at t. The pairs of a stratum that are found so form an
irreducible variety, since the solutions of these linear equations have one dimension at almost all (x, v). Therefore
loops in the lines of data lead from one wall to all (monodromy). The number of walls is known where `wall_count` holds.
The trace test says everywhere whether all are found: the walls are where a line meets the hypersurface of data with a
double point, and the sum of the t of all of them moves linearly when the line is moved parallel to itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..networks.strata import Stratum
from ..solving.stored_arrays import cache_folder, keep, read_arrays
from .degrees import has_wall_formula, wall_count
from .extended_system import Patches, WallPoints, WallSystem
from .lines import DataLine, Motion, random_complex, random_line
from .path_tracker import newton, track_paths
from .tolerances import WALLS

__all__ = ["GenericWalls", "distinct_places", "generic_walls", "local", "walls_of", "with_kernels"]


@dataclass(frozen=True)
class GenericWalls:
    """All walls of a stratum on a random complex line of data.

    Attributes
    ----------
    stratum : Stratum
    line : DataLine
    points : WallPoints
    trace : float
        Deviation of the sum of all t from a linear function, relative to the size of the second differences.
    exact : bool
        Whether the number of walls is that of `wall_count`; else it rests on the trace test.
    complete : bool
        Whether all walls are found: their number is the exact one, if it is known, and the trace is linear.
    """

    stratum: Stratum
    line: DataLine
    points: WallPoints
    trace: float
    exact: bool
    complete: bool

    def __len__(self) -> int:
        return len(self.points)


def walls_of(stratum: Stratum, patches: Patches, z: Complex) -> WallPoints:
    """Walls in homogeneous coordinates from their local coordinates z (P, 2n + 2)."""
    n, count = stratum.dimension - 1, len(stratum.factors)
    parts, start = [], 0
    for f, factor in enumerate(stratum.factors):
        parts.append(patches.centres[f] + z[:, start : start + factor.degree] @ patches.bases[f].T)
        start += factor.degree
    scale, t = (patches.centres[count + i] + z[:, n + i : n + i + 1] @ patches.bases[count + i].T for i in (0, 1))
    return WallPoints(np.concatenate(parts, axis=1), scale, t)


def local(stratum: Stratum, patches: Patches, points: WallPoints, motion: Motion) -> Complex:
    """The local coordinates (P, n + 2) of walls, without the kernel vectors."""
    count, start = len(stratum.factors), 0
    coordinates = []
    stretch = np.ones(len(points), complex)
    for f, factor in enumerate(stratum.factors):
        form = points.factors[:, start : start + factor.degree + 1]
        start += factor.degree + 1
        size = form @ patches.centres[f].conj()
        stretch = stretch * size**factor.power
        coordinates.append((form / size[:, None]) @ patches.bases[f].conj())
    t = points.t
    size = t @ patches.centres[count + 1].conj()
    # Dividing (t_0 : t_1) by a number divides the data that move, and c or s makes up for it.
    scale = points.scale * np.stack(
        [stretch * (size if motion.gram else 1), size if motion.b else np.ones_like(size)], axis=1
    )
    scale = scale / (scale @ patches.centres[count].conj())[:, None]
    coordinates += [scale @ patches.bases[count].conj(), (t / size[:, None]) @ patches.bases[count + 1].conj()]
    return np.concatenate(coordinates, axis=1)


def with_kernels(system: WallSystem, coordinates: Complex, tau: float) -> Complex:
    """Local coordinates (P, 2n + 2): those of the walls, and the kernel vectors of the Jacobians there."""
    n, count = system.size, len(system.stratum.factors)
    blank = np.concatenate([coordinates, np.zeros((len(coordinates), n))], axis=1)
    hessians = system.evaluate(blank, np.full(len(blank), tau)).jacobian[:, : n + 1, : n + 1]
    kernels = np.linalg.svd(hessians)[2][:, -1].conj()
    kernels = kernels / (kernels @ system.patches.centres[count + 2].conj())[:, None]
    return np.concatenate([coordinates, kernels @ system.patches.bases[count + 2].conj()], axis=1)


def moved(
    stratum: Stratum, points: WallPoints, start: DataLine, target: DataLine, rng: np.random.Generator
) -> tuple[WallPoints, NDArray[np.bool_]]:
    """The walls on another generic line, and which of the paths arrived."""
    system = WallSystem(stratum, Patches.random(stratum, rng), start, target)
    z = with_kernels(system, local(stratum, system.patches, points, start.motion), 0.0)
    z, _ = newton(system, z, 0.0)
    ends = track_paths(system, z)
    polished, steps = newton(system, ends.points, 1.0)
    return walls_of(stratum, system.patches, polished), ends.arrived & (steps < WALLS.settled)


def generic_walls(stratum: Stratum, motion: Motion, rng: np.random.Generator) -> GenericWalls:
    """The start system of a stratum and a motion of the data, from the user's cache or by monodromy."""
    expected = wall_count(stratum, gram_moves=motion.gram, b_moves=motion.b) if has_wall_formula(stratum) else None
    if expected == 0:
        empty = np.zeros((0, 2), complex)
        factors = np.zeros((0, stratum.coordinates - 1), complex)
        points = WallPoints(factors, empty, empty)
        return GenericWalls(stratum, random_line(stratum, motion, rng), points, 0.0, True, True)
    path = cache_folder() / f"walls-{stratum.name}-{motion.name}.npz"
    known = _checked(stratum, motion, read_arrays(path, stratum=stratum.name, motion=motion.name), expected)
    if known is not None:
        return known
    found = _computed(stratum, motion, expected, rng)
    if found.complete:
        line, points = found.line, found.points
        arrays: dict[str, NDArray[np.generic]] = {
            "grams": line.grams,
            "bs": line.bs,
            "factors": points.factors,
            "scale": points.scale,
            "t": points.t,
            "trace": np.array(found.trace),
        }
        keep(path, arrays, stratum=stratum.name, motion=motion.name)
    return found


def _checked(
    stratum: Stratum, motion: Motion, arrays: dict[str, NDArray[np.generic]] | None, expected: int | None
) -> GenericWalls | None:
    """A start system from the arrays of a file, None unless its points are walls and their number is right."""
    if arrays is None or set(arrays) != {"grams", "bs", "factors", "scale", "t", "trace"}:
        return None
    size, count = stratum.filter_size, len(arrays["t"])
    shapes = {
        "grams": (2, size, size),
        "bs": (2, size),
        "factors": (count, stratum.coordinates - 1),
        "scale": (count, 2),
        "t": (count, 2),
        "trace": (),
    }
    if any(arrays[name].shape != shape for name, shape in shapes.items()) or expected not in (None, count):
        return None
    trace = float(np.real(arrays["trace"]))
    line = DataLine(arrays["grams"].astype(complex), arrays["bs"].astype(complex), motion)
    points = WallPoints(*(arrays[name].astype(complex) for name in ("factors", "scale", "t")))
    if not 0 <= trace <= WALLS.trace or len(distinct_places(points.t)) != count:
        return None
    system = WallSystem(stratum, Patches.random(stratum, np.random.default_rng(0)), line, line)
    z = with_kernels(system, local(stratum, system.patches, points, motion), 0.0)
    _, steps = newton(system, z, 0.0, most=1)
    return GenericWalls(stratum, line, points, trace, expected is not None, True) if _all_small(steps) else None


def _all_small(steps: NDArray[np.float64]) -> bool:
    return bool((steps < WALLS.settled).all())


def distinct_places(t: Complex) -> NDArray[np.int64]:
    """The first of the walls at each place (t_0 : t_1)."""
    unit = t / np.linalg.norm(t, axis=1)[:, None]
    apart = np.abs(unit[:, None, 0] * unit[None, :, 1] - unit[:, None, 1] * unit[None, :, 0])
    return np.flatnonzero(~np.tril(apart < WALLS.same, -1).any(axis=1))


def _start_pair(stratum: Stratum, motion: Motion, rng: np.random.Generator) -> tuple[DataLine, WallPoints]:
    """A random wall, and a random line of data on which it is."""
    patches = Patches.random(stratum, rng)
    line = random_line(stratum, motion, rng)
    n = stratum.dimension - 1
    z = random_complex(rng, (1, 2 * n + 2))
    points = walls_of(stratum, patches, z)

    def values(data: DataLine) -> Complex:
        return WallSystem(stratum, patches, data, data).evaluate(z, np.zeros(1)).equations[0]

    # The equations are affine-linear in each datum, and linear in the first data together.
    size = stratum.filter_size
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
    # The least change of the first data that makes the point a wall. With Σ fixed, b alone is changed if it can be.
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


def _computed(stratum: Stratum, motion: Motion, expected: int | None, rng: np.random.Generator) -> GenericWalls:
    line, points = _start_pair(stratum, motion, rng)
    trace, quiet = np.inf, 0
    for _ in range(WALLS.most_loops):
        if expected == len(points):
            trace = _trace(stratum, points, line, rng)
            break
        new = _loop(stratum, points, line, rng)
        joined = WallPoints(*(np.concatenate(pair) for pair in zip(points, new, strict=True)))
        joined = joined.chosen(distinct_places(joined.t))
        quiet = quiet + 1 if len(joined) == len(points) else 0
        points = joined
        if quiet >= WALLS.loops and expected is None:
            trace = _trace(stratum, points, line, rng)
            if trace <= WALLS.trace:
                break
            quiet = 0
    complete = trace <= WALLS.trace and expected in (None, len(points))
    return GenericWalls(stratum, line, points, float(trace), expected is not None, complete)


def _loop(stratum: Stratum, points: WallPoints, line: DataLine, rng: np.random.Generator) -> WallPoints:
    """Walls of the line that a random loop of lines leads to."""
    other = random_line(stratum, line.motion, rng)
    there, arrived = moved(stratum, points, line, other, rng)
    turns = np.exp(2j * np.pi * rng.random(3))
    back, returned = moved(stratum, there.chosen(arrived), other, line.scaled(turns), rng)
    back = back.chosen(returned)
    return WallPoints(back.factors, back.scale * turns[:2], back.t * np.array([1, turns[2]]))


def _trace(stratum: Stratum, points: WallPoints, line: DataLine, rng: np.random.Generator) -> float:
    """How far the sum of all t is from being linear when the line moves parallel to itself."""
    shift = random_line(stratum, line.motion, rng)
    sums, sizes = [], []
    for weight in (0.0, 1.0, 2.0):
        grams, bs = line.grams.copy(), line.bs.copy()
        grams[0] += weight * shift.grams[0] * (1 if line.motion.gram else 0)
        bs[0] += weight * shift.bs[0] * (1 if line.motion.b else 0)
        there, arrived = (
            (points, np.ones(len(points), bool))
            if weight == 0
            else moved(stratum, points, line, DataLine(grams, bs, line.motion), rng)
        )
        if not arrived.all() or len(distinct_places(there.t)) != len(points):
            return np.inf
        t = there.t[:, 1] / there.t[:, 0]
        sums.append(t.sum())
        sizes.append(np.abs(t).sum())
    return float(abs(sums[0] - 2 * sums[1] + sums[2]) / sum(sizes))
