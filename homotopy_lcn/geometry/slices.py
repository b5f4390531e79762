"""Slices w_0 = 1, w_2 = ±1 of the function spaces with the reduced architecture (3, 2), (2, 1).

Filters are w = (A, B, C, D, E) = (1, B, c, D, E) with c = ±1. The Zariski closure is the image of
(x² + p x y + q y²)(x² + r y²) with q + r = c, that is (B, D, E) = (p, p r, r (c − r)), together with the part of the
line B = D = 0 that only non-real q, r reach. Scaling and x ↦ t x take every filter with A C ≠ 0 into one of the two
slices, and preserve the function space; so does exchanging x and y, which reverses the filter.

Off the line B = D = 0, that is for p ≠ 0, a filter has one factorization alone: another one needs two opposite roots
other than those of x² + r y², and then p = 0 or the factors are the same. So the filter is in the function space if and
only if x² + p x y + q y² has as many real roots as the first block has layers of odd degree. On the line the filter is
x⁴ + c x² y² + E y⁴, whose roots change their kind at E = 0, a root zero, and at E = 1/4, double roots, alone; the
membership code decides a filter of each piece and at each end.

The slice with c = −1 is Figure 1 of Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear
Convolutional Networks* (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..errors import InputError
from ..networks.architecture import Architecture
from .filter_geometry import describe_filter
from .function_space import REDUCED

__all__ = ["FIGURE_1_FRAME", "Frame", "LinePiece", "Slice", "slice_of_function_space"]


#: How far the line B = D = 0 goes on beyond E = 1/4, in units of ``half_r``, and the margin around the surface.
BEYOND, MARGIN = 0.4, 0.01
#: Halvings of an edge of the grid.
EDGE_BISECTIONS = 40
#: Values of E at which the roots of a filter of the double line change their kind.
LINE_CUTS = (0.0, 0.25)


@dataclass(frozen=True)
class Frame:
    """A slice, and the part of it that is computed.

    Attributes
    ----------
    sign : int
        The entry w_2, 1 or −1.
    mirrored : bool
        Whether filters are reversed before they are taken into the slice, so that its coordinates are (D, B, A).
    half_p, half_r : float
        Half of the ranges of p, around 0, and of r, around w_2 / 2.
    """

    sign: int = -1
    mirrored: bool = False
    half_p: float = 1.75
    half_r: float = 1.25

    @property
    def lowest(self) -> float:
        """The least E."""
        return 0.25 - self.half_r**2

    @property
    def line_end(self) -> float:
        """The largest E."""
        return 0.25 + BEYOND * self.half_r

    @property
    def box(self) -> tuple[tuple[float, float], ...]:
        """Bounds of B, D, E."""
        width, depth = self.half_p * (1 + MARGIN), self.half_p * (0.5 + self.half_r) * (1 + MARGIN)
        margin = MARGIN * (self.line_end - self.lowest)
        return (-width, width), (-depth, depth), (self.lowest - margin, self.line_end + margin)

    def point(self, filter: Sequence[float] | Real) -> Real | None:
        """Where scaling and x ↦ t x take a real filter.

        Parameters
        ----------
        filter : (5,) real

        Returns
        -------
        (3,) float array or None
            Coordinates (B, D, E); None unless w_0 w_2, or w_4 w_2 of a mirrored slice, has the sign of the slice, and
            where the coordinates are beyond the range of doubles.
        """
        values = [float(value) for value in filter]
        a, b, c, d, e = values[::-1] if self.mirrored else values
        if np.sign(a) * np.sign(c) != self.sign:
            return None
        with np.errstate(all="ignore"):
            t = np.sqrt(abs(np.float64(a) / c))
            point = np.array([b / a * t, d / a * t**3, e / a * t**4])
        return point if np.isfinite(point).all() else None

    def holds(self, point: Real) -> bool:
        """Whether a point (B, D, E) lies in the part that is computed."""
        return bool(all(low <= value <= high for value, (low, high) in zip(point, self.box, strict=True)))


#: The part of the slice that Figure 1 shows.
FIGURE_1_FRAME = Frame()


@dataclass(frozen=True)
class LinePiece:
    """A piece of the double line B = D = 0 where all points are alike.

    Attributes
    ----------
    start, end : float
        Values of E.
    in_function_space : bool
    boundary : tuple of str
        Types of the boundary points, empty if they are interior or not in the function space.
    """

    start: float
    end: float
    in_function_space: bool
    boundary: tuple[str, ...]


@dataclass(frozen=True)
class Slice:
    """The part of a function space in the slice, in coordinates (B, D, E).

    Attributes
    ----------
    architecture : Architecture
    frame : Frame
    triangles : (T, 3, 3) float array
        The two-dimensional part, triangle by triangle.
    curve : list of (P, 3) float arrays
        The edges along which the function space ends within the Zariski closure.
    line : tuple of LinePiece
        The line B = D = 0 by increasing E.
    reduced_boundary : (R, 3) float array
        The isolated reduced boundary points, at ends of pieces of the line.
    """

    architecture: Architecture
    frame: Frame
    triangles: Real
    curve: list[Real]
    line: tuple[LinePiece, ...]
    reduced_boundary: Real


def slice_of_function_space(arch: Architecture, resolution: int = 60, frame: Frame = FIGURE_1_FRAME) -> Slice:
    """Compute the slice from the membership code.

    Parameters
    ----------
    arch : Architecture
        With reduced architecture (3, 2), (2, 1).
    resolution : int
        Number of points along each parameter, even, so that none lies on the double line.
    frame : Frame
        The slice of Figure 1 by default.

    Raises
    ------
    InputError
        For other architectures.
    """
    if [tuple(block) for block in arch.blocks] != [(2, 1), (1, 2)]:
        raise InputError(f"arch: {arch}; expected one whose reduced architecture is (3, 2), (2, 1)")
    size = resolution + resolution % 2
    p = np.linspace(-frame.half_p, frame.half_p, size)
    r = frame.sign / 2 + np.linspace(-frame.half_r, frame.half_r, size)
    grid = np.stack(np.meshgrid(p, r, indexing="ij"), axis=-1).reshape(-1, 2)
    triangles, curve = _cut(_Membership(arch, frame.sign), grid, _halves_of_cells(size))
    line, special = _line(arch, frame)
    return Slice(
        architecture=arch,
        frame=frame,
        triangles=_surface(triangles, frame.sign),
        curve=[_surface(chain, frame.sign) for chain in curve],
        line=line,
        reduced_boundary=np.array([[0.0, 0.0, e] for e in special]).reshape(-1, 3),
    )


def _surface(parameters: Real, sign: int) -> Real:
    p, r = parameters[..., 0], parameters[..., 1]
    return np.stack([p, p * r, r * (sign - r)], axis=-1)


class _Membership(NamedTuple):
    """Which filters off the double line are in the function space."""

    architecture: Architecture
    sign: int

    def __call__(self, parameters: Real) -> NDArray[np.bool_]:
        odd = sum(degree % 2 for degree in self.architecture.layer_degrees[0])
        p, r = parameters[..., 0], parameters[..., 1]
        return np.asarray((p**2 - 4 * (self.sign - r) >= 0) | (odd == 0))


def _halves_of_cells(size: int) -> NDArray[np.intp]:
    """The corners of two triangles for each cell of a grid of this many points a side, (T, 3)."""
    i, j = (index.ravel() for index in np.meshgrid(*[np.arange(size - 1)] * 2, indexing="ij"))
    here, below, right, across = i * size + j, (i + 1) * size + j, i * size + j + 1, (i + 1) * size + j + 1
    pairs = np.stack([np.stack([here, below, right], axis=-1), np.stack([across, right, below], axis=-1)], axis=1)
    return np.asarray(pairs.reshape(-1, 3))


def _cut(inside: _Membership, grid: Real, corners: NDArray[np.intp]) -> tuple[Real, list[Real]]:
    """The parts of the triangles in the function space, as triangles, and the chains of points where they were cut."""
    member = inside(grid)[corners]
    mixed = member.any(axis=1) & ~member.all(axis=1)
    edges = np.stack([corners, np.roll(corners, -1, axis=1)], axis=-1)[mixed]
    crossed = np.unique(np.sort(edges[member[mixed] != np.roll(member[mixed], -1, axis=1)], axis=-1), axis=0)
    places = _last_inside(inside, grid[crossed[:, 0]], grid[crossed[:, 1]])
    crossings = dict(zip(map(tuple, crossed.tolist()), places, strict=True))
    pieces, segments = [], []
    for three, belongs in zip(corners[mixed].tolist(), member[mixed].tolist(), strict=True):
        polygon: list[Real] = []
        ends = []
        for (a, a_in), (b, b_in) in pairwise([*zip(three, belongs, strict=True), (three[0], belongs[0])]):
            if a_in:
                polygon.append(grid[a])
            if a_in != b_in:
                ends.append((min(a, b), max(a, b)))
                polygon.append(crossings[ends[-1]])
        pieces += [[polygon[0], polygon[k], polygon[k + 1]] for k in range(1, len(polygon) - 1)]
        segments.append((ends[0], ends[1]))
    whole = grid[corners[member.all(axis=1)]]
    triangles = np.concatenate([whole, np.array(pieces).reshape(-1, 3, 2)])
    return triangles, [np.array([crossings[key] for key in chain]) for chain in _chains(segments)]


def _last_inside(inside: _Membership, one: Real, other: Real) -> Real:
    """The points, (P, 2), on edges from one end to the other where the function space ends, by bisection."""
    first = inside(one)[:, None]
    good, bad = np.where(first, one, other), np.where(first, other, one)
    for _ in range(EDGE_BISECTIONS):
        middle = (good + bad) / 2
        within = inside(middle)[:, None]
        good, bad = np.where(within, middle, good), np.where(within, bad, middle)
    return good


def _chains(segments: Sequence[tuple[Any, Any]]) -> list[list[Any]]:
    """Segments with common ends joined to polygons."""
    neighbours: dict[Any, list[Any]] = {}
    for a, b in segments:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    result, left = [], set(neighbours)
    for start in sorted(neighbours, key=lambda key: len(neighbours[key])):
        if start not in left:
            continue
        chain = [start]
        left.discard(start)
        while following := [key for key in neighbours[chain[-1]] if key in left]:
            chain.append(following[0])
            left.discard(following[0])
        result.append(chain)
    return result


def _line(arch: Architecture, frame: Frame) -> tuple[tuple[LinePiece, ...], list[float]]:
    """The pieces of the line B = D = 0, and its isolated reduced boundary points."""

    def kind(e: float) -> tuple[bool, tuple[str, ...]]:
        facts = describe_filter(arch, [1.0, 0.0, frame.sign, 0.0, e])
        return facts.in_function_space, facts.boundary

    pieces: list[LinePiece] = []
    for start, end in pairwise((frame.lowest, *LINE_CUTS, frame.line_end)):
        inside, boundary = kind((start + end) / 2)
        if pieces and (pieces[-1].in_function_space, pieces[-1].boundary) == (inside, boundary):
            start = pieces.pop().start
        pieces.append(LinePiece(start, end, inside, boundary))
    return tuple(pieces), [e for e in LINE_CUTS if REDUCED in kind(e)[1]]
