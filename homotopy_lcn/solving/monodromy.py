"""Solved start systems by monodromy.

One critical point of random complex data is easy to make: choose the point, then data for which it is critical. The
pairs (data, critical point) of a stratum form a vector bundle over the stratum, hence an irreducible variety, so
tracking points along loops of data reaches every critical point of the first data: the monodromy group is transitive.

The loops are organised as a graph of homotopies (Duff, Hill, Jensen, Lee, Leykin, Sommars, *Solving polynomial systems
via homotopy continuation and monodromy*, IMA J. Numer. Anal. 39 (2019)): two base data joined by several segments that
differ in the random complex scales of their ends. Each segment is a bijection of the two fibres, so that every path is
tracked in one direction only, and a fibre of d points costs at most about 3 d paths.

The fibre is complete when it has as many points as the exact generic count. The trace test (see `trace_test`) then
checks it independently.

Fibres may have millions of points. A base has room for all of them from the beginning, and keeps no filters: the
filters of the few points that a new one may be equal to are computed when they are needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.distinct import first_occurrences
from ..equations.known_points import KnownPoints
from ..errors import IncompleteStartSystem, InputError
from ..networks.strata import Stratum
from ..progress import TimeUp
from ..tracking import Homotopy
from ..tracking.settings import Tracking
from .tolerances import SOLVING

__all__ = ["Fibre", "diagonal_gram", "enter_ends", "fill_fibre", "random_data", "seed_pair"]

#: Entries of saved data and points are at most so large: random data, and their critical points, are of order one.
LARGEST_SAVED = 1e20


def random_data(size: int, rng: np.random.Generator) -> Data:
    """Random complex data: Σ symmetric (size, size), b (size,), entries of order one."""
    gram = _random(rng, size, size)
    return Data((gram + gram.T) / np.sqrt(2 * size), _random(rng, size))


def diagonal_gram(size: int, rng: np.random.Generator) -> Complex:
    """A random complex diagonal Σ near real Gram matrices of order one: phases up to one, modulus 1/2."""
    return np.diag(0.5 * np.exp(1j * rng.uniform(-1, 1, size)))


def seed_pair(stratum: Stratum, rng: np.random.Generator, gram: Complex | None = None) -> tuple[Complex, Data]:
    """A random point (1, coordinates) of the stratum and random data for which it is critical.

    The moment vector is b = Σw − e with a random e that is orthogonal to the tangent space, Jᵀe = 0. The filter w has
    norm one. If the Gram matrix is given, it is taken, and the filter is scaled so that b has norm one.
    """
    equations = equations_of(stratum)
    point = equations.normalize(_random(rng, 1, stratum.coordinates))
    data = random_data(stratum.filter_size, rng) if gram is None else Data(gram, np.zeros(len(gram)))
    filter_ = equations.filters(point)[0]
    point[:, 0] /= np.linalg.norm(filter_)
    filter_ = equations.filters(point)[0]
    tangent = equations.tangent_space(point)[0]
    normal = np.linalg.svd(tangent.T)[2][stratum.dimension :].conj()  # rows e with Jᵀ e = 0
    moments = data.gram @ filter_ - _random(rng, len(normal)) @ normal
    scale = 1.0 if gram is None else np.linalg.norm(moments)
    point[:, 0] /= scale
    return point, Data(data.gram, moments / scale)


@dataclass
class _Base:
    """Base data and the points known over it."""

    data: Data
    known: KnownPoints

    @property
    def points(self) -> Complex:
        """The points (P, coordinates)."""
        return self.known.points


@dataclass
class _Segment:
    """A segment of data between the two bases; their ends are scaled by random complex numbers.

    ``done[v]`` tells for each point of base v whether its path along the segment is known, tracked from there or
    arrived there. Points beyond its end are not tracked.
    """

    scales: NDArray[np.complex128]  # (2, 2): scale of Σ and of b at either end
    done: list[NDArray[np.bool_]] = field(default_factory=lambda: [np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)])

    def untracked(self, v: int, count: int) -> NDArray[np.int64]:
        """The points among ``count`` of base v whose path along the segment is not known."""
        done = self.done[v]
        return np.concatenate([np.flatnonzero(~done), np.arange(len(done), count)])

    def enter(self, v: int, rows: NDArray[np.int64]) -> None:
        """Note that the paths of some points of base v are known."""
        missing = int(rows.max(initial=-1)) + 1 - len(self.done[v])
        if missing > 0:
            self.done[v] = np.concatenate([self.done[v], np.zeros(missing, dtype=bool)])
        self.done[v][rows] = True


@dataclass
class Fibre:
    """The state of a monodromy computation; `Fibre.arrays` and `Fibre.from_arrays` save and restore it."""

    bases: tuple[_Base, _Base]
    segments: list[_Segment]

    @classmethod
    def start(cls, stratum: Stratum, rng: np.random.Generator, gram: Complex | None = None) -> Fibre:
        """One known point over the first of two random base data, three segments; ``gram`` is that of the first."""
        equations = equations_of(stratum)
        point, data = seed_pair(stratum, rng, gram)
        other = random_data(stratum.filter_size, rng)
        fibre = cls((_Base(data, KnownPoints(equations, point)), _Base(other, KnownPoints(equations))), [])
        for _ in range(3):
            fibre.add_segment(rng)
        return fibre

    def add_segment(self, rng: np.random.Generator) -> None:
        """Join the bases by one more segment."""
        self.segments.append(_Segment(np.exp(2j * np.pi * rng.random((2, 2)))))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything as arrays, to be saved."""
        result: dict[str, NDArray[np.generic]] = {
            "scales": np.array([segment.scales for segment in self.segments]).reshape(-1, 2, 2)
        }
        for v, base in enumerate(self.bases):
            result |= {f"gram{v}": base.data.gram, f"b{v}": base.data.b, f"points{v}": base.points}
            done = np.zeros((len(self.segments), len(base.points)), dtype=bool)
            for row, segment in zip(done, self.segments, strict=True):
                row[: len(segment.done[v])] = segment.done[v]
            result[f"done{v}"] = done
        return result

    @classmethod
    def from_arrays(cls, stratum: Stratum, arrays: dict[str, NDArray[np.generic]]) -> Fibre:
        """The inverse of `arrays`.

        Raises
        ------
        ValueError, KeyError
            If the arrays are not those of a fibre of this stratum.
        """
        equations = equations_of(stratum)
        size, scales = stratum.filter_size, np.asarray(arrays["scales"], complex)
        if scales.shape[1:] != (2, 2) or not len(scales) or not np.allclose(np.abs(scales), 1):
            raise ValueError("no scales of segments")
        bases, dones = [], []
        for v in range(2):
            gram, b, points = (np.asarray(arrays[f"{name}{v}"], complex) for name in ("gram", "b", "points"))
            done = arrays[f"done{v}"]
            if gram.shape != (size, size) or b.shape != (size,) or points.shape[1:] != (stratum.coordinates,):
                raise ValueError("shapes do not fit the stratum")
            if done.dtype != bool or done.shape != (len(scales), len(points)):
                raise ValueError("other numbers of points or segments")
            if not all((np.abs(array) <= LARGEST_SAVED).all() for array in (gram, b, points)):  # not so for NaN
                raise ValueError("no numbers, or products of them would overflow")
            bases.append(_Base(Data(gram, b), KnownPoints(equations, points)))
            dones.append([row.copy() for row in done])
        segments = [_Segment(scale, [left, right]) for scale, left, right in zip(scales, *dones, strict=True)]
        return cls((bases[0], bases[1]), segments)


def fill_fibre(
    stratum: Stratum,
    count: int,
    tracking: Tracking,
    *,
    fibre: Fibre | None = None,
    checkpoint: Callable[[Fibre], None] | None = None,
    interval: float = 30.0,
) -> tuple[Data, Complex]:
    """All critical points of random complex data on a stratum.

    Parameters
    ----------
    stratum : Stratum
    count : int
        The exact generic count: when to stop.
    tracking : Tracking
        `Tracking.report` is called with the number of points known.
    fibre : Fibre, optional
        A saved state to go on from.
    checkpoint : callable, optional
        Called with the state about every ``interval`` seconds, on Ctrl-C, when the time is up, and when a cluster that
        tracks the paths is lost.

    Returns
    -------
    data : Data
    points : (count, coordinates) complex array

    Raises
    ------
    IncompleteStartSystem
        If further segments bring no further points, or bring more than ``count``.
    """
    equations = equations_of(stratum)
    if fibre is None:
        fibre = Fibre.start(stratum, tracking.rng)
    else:  # a bar begins where the computation was stopped
        tracking.tell_known(min(len(fibre.bases[0].points), count))
    for base in fibre.bases:
        base.known.reserve(count)
    fruitless = 0
    saved = time.monotonic()
    try:
        while len(fibre.bases[0].points) < count:
            source, segment = _most_promising(fibre)
            untracked = segment.untracked(source, len(fibre.bases[source].points))
            if untracked.size == 0:
                if fruitless >= SOLVING.fruitless_segments:
                    raise IncompleteStartSystem(
                        f"stratum {stratum.name}: monodromy found {len(fibre.bases[0].points)} of {count} points and "
                        f"{fruitless} further segments brought no more"
                    )
                fibre.add_segment(tracking.rng)
                fruitless += 1
                continue
            before = len(fibre.bases[0].points)
            with closing(_cross(equations, fibre, segment, source, untracked, tracking)) as pieces:
                for _ in pieces:
                    known = len(fibre.bases[0].points)
                    tracking.tell(min(known, count))
                    if checkpoint is not None and time.monotonic() - saved > interval:
                        checkpoint(fibre)
                        saved = time.monotonic()
                    if known >= count:
                        break
            if len(fibre.bases[0].points) > before:
                fruitless = 0
    except (KeyboardInterrupt, TimeUp, InputError):  # the last of them from a cluster that is lost
        if checkpoint is not None:
            checkpoint(fibre)
        raise
    base = fibre.bases[0]
    if len(base.points) > count:
        raise IncompleteStartSystem(
            f"stratum {stratum.name}: monodromy found {len(base.points)} points, more than the exact count {count}"
        )
    return base.data, base.points


def _most_promising(fibre: Fibre) -> tuple[int, _Segment]:
    """The base and segment with most untracked points."""
    choices = [
        (len(base.points) - int(segment.done[v].sum()), -v, -i)
        for v, base in enumerate(fibre.bases)
        for i, segment in enumerate(fibre.segments)
    ]
    _, v, i = max(choices)
    return -v, fibre.segments[-i]


def _cross(
    equations: Equations,
    fibre: Fibre,
    segment: _Segment,
    source: int,
    untracked: NDArray[np.int64],
    tracking: Tracking,
) -> Generator[None, None, None]:
    """Track points of one base along a segment, piece by piece; enter the ends at the other base after each piece."""
    here = fibre.bases[source]
    ends = [
        Data(scale[0] * base.data.gram, scale[1] * base.data.b)
        for scale, base in zip(segment.scales, fibre.bases, strict=True)
    ]
    factor = [scale[1] / scale[0] for scale in segment.scales]  # how the scaled data scale the filters
    homotopy = Homotopy(ends[source], ends[1 - source])
    size = SOLVING.largest_crossing

    def starts_of(rows: NDArray[np.int64]) -> Complex:
        starts = here.points[rows]
        starts[:, 0] *= factor[source]
        return starts

    pieces = [untracked[first : first + size] for first in range(0, len(untracked), size)]
    results = tracking.follow_pieces(equations.stratum, map(starts_of, pieces), homotopy, len(untracked))
    with closing(results):
        for rows, result in zip(pieces, results, strict=True):
            failed = np.flatnonzero(~result.success)
            if failed.size:
                again = tracking.careful.follow(equations.stratum, starts_of(rows[failed]), homotopy)
                result.points[failed] = again.points
                result.codes[failed] = again.codes
            segment.enter(source, rows)
            points = result.points[result.success]
            points[:, 0] /= factor[1 - source]
            segment.enter(1 - source, enter_ends(equations, fibre.bases[1 - source].known, points))
            yield


def enter_ends(equations: Equations, known: KnownPoints, points: Complex) -> NDArray[np.int64]:
    """The numbers of ends of paths (P, coordinates) among the known points, to which new ones are added."""
    filters = equations.filters(points)
    keep = first_occurrences(filters) == np.arange(len(filters))
    points, filters = points[keep], filters[keep]
    rows = known.find(filters)
    fresh = rows < 0
    rows[fresh] = len(known) + np.arange(int(fresh.sum()))
    known.add(points[fresh], filters[fresh])
    return rows


def _random(rng: np.random.Generator, *shape: int) -> Complex:
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)
