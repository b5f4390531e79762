"""Slices of the function spaces with the reduced architecture (3, 2), (2, 1), as surfaces in space.

Filters are w = (A, B, C, D, E). The Zariski closure is the image of (x² + p x y + q y²)(x² + r y²), that is
A = 1, B = p, C = q + r, D = p r, E = q r, up to scaling. Scaling and x ↦ t x preserve the function space, and so does
exchanging x and y, which reverses a filter; they take two entries that are not zero to ±1. So there are the slices
A = 1, C = ±1 with q = ±1 − r, the same for reversed filters, E = 1, C = ±1, and A = 1, E = ±1 with q = ±1/r. Of any two
filters without zeros both are in one of these six slices: where the signs of A C and of E C differ, that of A E agrees.

Off the line B = D = 0, that is for p ≠ 0, a filter has one factorization alone: another one needs two opposite roots
other than those of x² + r y², and then p = 0 or the factors are the same. So the filter is in the function space if and
only if x² + p x y + q y² has as many real roots as the first block has layers of odd degree. On the line the filter is
x⁴ + C x² y² + E y⁴, whose roots change their kind at E = 0, a root zero, and at C² = 4 E, double roots, alone; the
membership code decides a filter of each piece and at each end. Points of the line of non-real q, r belong to the
closure alone.

The slice A = 1, C = −1 is Figure 1 of Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear
Convolutional Networks* (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

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


@dataclass(frozen=True)
class Frame:
    """A slice, and the part of it that is computed.

    Attributes
    ----------
    entries : str
        The two entries that are ±1: ``"AC"``, ``"EC"`` or ``"AE"``.
    sign : int
        The second of them, 1 or −1; the first one is 1.
    half_p, half_r : float
        Half of the ranges of p, around 0, and of r, around ±1/2; with A = 1, E = ±1 that of log |r|, around 0.
    """

    entries: str = "AC"
    sign: int = -1
    half_p: float = 1.75
    half_r: float = 1.25

    @property
    def names(self) -> tuple[str, str, str]:
        """The coordinates of the slice: entries of filters."""
        return {"AC": ("B", "D", "E"), "EC": ("D", "B", "A"), "AE": ("B", "D", "C")}[self.entries]

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the line B = D = 0 in the last coordinate."""
        if self.entries == "AE":
            end = 2 * float(np.cosh(self.half_r) if self.sign > 0 else np.sinh(self.half_r))
            return -end, end
        return 0.25 - self.half_r**2, 0.25 + BEYOND * self.half_r

    @property
    def cuts(self) -> tuple[float, ...]:
        """Where the roots of the filters of this line change their kind."""
        if self.entries == "AE":
            return (-2.0, 2.0) if self.sign > 0 else ()
        return 0.0, 0.25

    @property
    def box(self) -> tuple[tuple[float, float], ...]:
        """Bounds of the coordinates."""
        largest = float(np.exp(self.half_r)) if self.entries == "AE" else 0.5 + self.half_r
        width, (low, high) = self.half_p * (1 + MARGIN), self.ends
        margin = MARGIN * (high - low)
        return (-width, width), (-largest * width, largest * width), (low - margin, high + margin)

    def point(self, filter: Sequence[float] | Real) -> Real | None:
        """Where scaling and x ↦ t x take a real filter.

        Parameters
        ----------
        filter : (5,) real

        Returns
        -------
        (3,) float array or None
            Coordinates in the slice; None where the two entries of the slice have other signs or are zero, and where
            coordinates are beyond the range of doubles.
        """
        values = [np.float64(value) for value in filter]
        a, b, c, d, e = values[::-1] if self.entries == "EC" else values
        second = e if self.entries == "AE" else c
        if np.sign(a) * np.sign(second) != self.sign:
            return None
        with np.errstate(all="ignore"):
            t = abs(a / second) ** (0.25 if self.entries == "AE" else 0.5)
            last = c / a * t**2 if self.entries == "AE" else e / a * t**4
            point = np.array([b / a * t, d / a * t**3, last])
        return point if np.isfinite(point).all() else None

    def holds(self, point: Real) -> bool:
        """Whether a point lies in the part that is computed."""
        return bool(all(low <= value <= high for value, (low, high) in zip(point, self.box, strict=True)))

    def reach(self, point: Real) -> tuple[float, float]:
        """The least ``half_p`` and ``half_r`` of a frame that holds a point of the surface."""
        if self.entries == "AE":
            size = abs(float(point[2])) / 2
            return abs(float(point[0])), float(np.arccosh(max(size, 1.0)) if self.sign > 0 else np.arcsinh(size))
        return abs(float(point[0])), float(np.sqrt(max(0.0, 0.25 - point[2])))

    def surface(self, parameters: Real) -> Real:
        """The points of the slice with these (p, r)."""
        p, r, q = parameters[..., 0], parameters[..., 1], self._q(parameters)
        return np.stack([p, p * r, q + r if self.entries == "AE" else q * r], axis=-1)

    def inside(self, arch: Architecture, parameters: Real) -> NDArray[np.bool_]:
        """Whether the filters of parameters (p, r), p ≠ 0, are in the function space."""
        odd = sum(degree % 2 for degree in arch.layer_degrees[0])
        return np.asarray((parameters[..., 0] ** 2 - 4 * self._q(parameters) >= 0) | (odd == 0))

    def sheets(self, size: int) -> list[Real]:
        """The values of (p, r), (n, 2) for each sheet of the surface."""
        # Closer to each other near p = 0, where the surface meets itself.
        share, r = np.linspace(-1, 1, size), np.linspace(-self.half_r, self.half_r, size)
        p = self.half_p * share * np.sqrt(np.abs(share))
        values = [np.exp(r), -np.exp(r)] if self.entries == "AE" else [self.sign / 2 + r]
        return [np.stack(np.meshgrid(p, value, indexing="ij"), axis=-1).reshape(-1, 2) for value in values]

    def on_line(self, value: float) -> list[float]:
        """The filter of the line B = D = 0 with this last coordinate."""
        return [1.0, 0.0, value, 0.0, self.sign] if self.entries == "AE" else [1.0, 0.0, self.sign, 0.0, value]

    def _q(self, parameters: Real) -> Real:
        r = parameters[..., 1]
        return np.asarray(self.sign / r if self.entries == "AE" else self.sign - r)


#: The part of the slice that Figure 1 shows.
FIGURE_1_FRAME = Frame()


@dataclass(frozen=True)
class LinePiece:
    """A piece of the double line B = D = 0 where all points are alike.

    Attributes
    ----------
    start, end : float
        Values of the last coordinate.
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
    """The part of a function space in the slice, in the coordinates of its frame.

    Attributes
    ----------
    architecture : Architecture
    frame : Frame
    triangles : (T, 3, 3) float array
        The two-dimensional part, triangle by triangle.
    curve : list of (P, 3) float arrays
        The edges along which the function space ends within the Zariski closure.
    line : tuple of LinePiece
        The line B = D = 0 by increasing last coordinate.
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
    parts = [_cut(arch, frame, grid, _halves_of_cells(size)) for grid in frame.sheets(size)]
    line, special = _line(arch, frame)
    return Slice(
        architecture=arch,
        frame=frame,
        triangles=frame.surface(np.concatenate([triangles for triangles, _ in parts])),
        curve=[frame.surface(chain) for _, chains in parts for chain in chains],
        line=line,
        reduced_boundary=np.array([[0.0, 0.0, value] for value in special]).reshape(-1, 3),
    )


def _halves_of_cells(size: int) -> NDArray[np.intp]:
    """The corners of two triangles for each cell of a grid of this many points a side, (T, 3)."""
    i, j = (index.ravel() for index in np.meshgrid(*[np.arange(size - 1)] * 2, indexing="ij"))
    here, below, right, across = i * size + j, (i + 1) * size + j, i * size + j + 1, (i + 1) * size + j + 1
    pairs = np.stack([np.stack([here, below, right], axis=-1), np.stack([across, right, below], axis=-1)], axis=1)
    return np.asarray(pairs.reshape(-1, 3))


def _cut(arch: Architecture, frame: Frame, grid: Real, corners: NDArray[np.intp]) -> tuple[Real, list[Real]]:
    """The parts of the triangles in the function space, as triangles, and the chains of points where they were cut."""
    member = frame.inside(arch, grid)[corners]
    mixed = member.any(axis=1) & ~member.all(axis=1)
    edges = np.stack([corners, np.roll(corners, -1, axis=1)], axis=-1)[mixed]
    crossed = np.unique(np.sort(edges[member[mixed] != np.roll(member[mixed], -1, axis=1)], axis=-1), axis=0)
    places = _last_inside(arch, frame, grid[crossed[:, 0]], grid[crossed[:, 1]])
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


def _last_inside(arch: Architecture, frame: Frame, one: Real, other: Real) -> Real:
    """The points, (P, 2), on edges from one end to the other where the function space ends, by bisection."""
    first = frame.inside(arch, one)[:, None]
    good, bad = np.where(first, one, other), np.where(first, other, one)
    for _ in range(EDGE_BISECTIONS):
        middle = (good + bad) / 2
        within = frame.inside(arch, middle)[:, None]
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

    def kind(value: float) -> tuple[bool, tuple[str, ...]]:
        facts = describe_filter(arch, frame.on_line(value))
        return facts.in_function_space, facts.boundary

    low, high = frame.ends
    # A small frame can end before the roots change.
    cuts = [value for value in frame.cuts if low < value < high]
    pieces: list[LinePiece] = []
    for start, end in pairwise((low, *cuts, high)):
        inside, boundary = kind((start + end) / 2)
        if pieces and (pieces[-1].in_function_space, pieces[-1].boundary) == (inside, boundary):
            start = pieces.pop().start
        pieces.append(LinePiece(start, end, inside, boundary))
    return tuple(pieces), [value for value in cuts if REDUCED in kind(value)[1]]
