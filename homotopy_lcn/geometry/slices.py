"""The slice w_0 = 1, w_2 = −1 of the function spaces with the reduced architecture (3, 2), (2, 1).

Filters are w = (A, B, C, D, E) = (1, B, −1, D, E). The Zariski closure is the image of
(x² + p x y + q y²)(x² + r y²) with q + r = −1, that is (B, D, E) = (p, p r, −r (1 + r)), together with the part of the
line B = D = 0 that only non-real q, r reach.

Off the line B = D = 0, that is for p ≠ 0, a filter has one factorization alone: another one needs two opposite roots
other than those of x² + r y², and then p = 0 or the factors are the same. So the filter is in the function space if and
only if x² + p x y + q y² has as many real roots as the first block has layers of odd degree. On the line the filter is
x⁴ − x² y² + E y⁴, whose roots change their kind at E = 0, a root zero, and at E = 1/4, double roots, alone; the
membership code decides a filter of each piece and at each end.

This is Figure 1 of Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional
Networks* (2024).
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

__all__ = ["LinePiece", "Slice", "slice_of_function_space", "slice_point"]


#: Half of the ranges of p and of r + 1/2, and the end of the line B = D = 0.
HALF_P, HALF_R, LINE_END = 1.75, 1.25, 0.75
#: Halvings of an edge of the grid.
EDGE_BISECTIONS = 40
#: Values of E at which the roots of a filter of the double line change their kind.
LINE_CUTS = (0.0, 0.25)


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
    triangles: Real
    curve: list[Real]
    line: tuple[LinePiece, ...]
    reduced_boundary: Real


def slice_of_function_space(arch: Architecture, resolution: int = 60) -> Slice:
    """Compute the slice from the membership code.

    Parameters
    ----------
    arch : Architecture
        With reduced architecture (3, 2), (2, 1).
    resolution : int
        Number of points along each parameter, even, so that none lies on the double line.

    Raises
    ------
    InputError
        For other architectures.
    """
    if [tuple(block) for block in arch.blocks] != [(2, 1), (1, 2)]:
        raise InputError(f"arch: {arch}; expected one whose reduced architecture is (3, 2), (2, 1)")
    size = resolution + resolution % 2
    p = np.linspace(-HALF_P, HALF_P, size)
    r = np.linspace(-0.5 - HALF_R, -0.5 + HALF_R, size)
    grid = np.stack(np.meshgrid(p, r, indexing="ij"), axis=-1).reshape(-1, 2)
    triangles, curve = _cut(arch, grid, _halves_of_cells(size))
    line, special = _line(arch)
    return Slice(
        architecture=arch,
        triangles=_surface(triangles),
        curve=[_surface(chain) for chain in curve],
        line=line,
        reduced_boundary=np.array([[0.0, 0.0, e] for e in special]).reshape(-1, 3),
    )


def slice_point(filter: Sequence[float] | Real) -> Real | None:
    """The point of the slice that a real filter is mapped to by scaling and x ↦ t x, which preserve the function space.

    Parameters
    ----------
    filter : (5,) real

    Returns
    -------
    (3,) float array or None
        Coordinates (B, D, E); None unless w_0 w_2 < 0.
    """
    a, b, c, d, e = (float(value) for value in filter)
    if not a * c < 0:
        return None
    t = np.sqrt(-a / c)
    return np.array([b / a * t, d / a * t**3, e / a * t**4])


def _surface(parameters: Real) -> Real:
    p, r = parameters[..., 0], parameters[..., 1]
    return np.stack([p, p * r, -r * (1 + r)], axis=-1)


def _inside(arch: Architecture, parameters: Real) -> NDArray[np.bool_]:
    """Whether the filters of parameters (p, r), p ≠ 0, are in the function space."""
    odd = sum(degree % 2 for degree in arch.layer_degrees[0])
    p, r = parameters[..., 0], parameters[..., 1]
    return np.asarray((p**2 + 4 * (1 + r) >= 0) | (odd == 0))


def _halves_of_cells(size: int) -> NDArray[np.intp]:
    """The corners of two triangles for each cell of a grid of this many points a side, (T, 3)."""
    i, j = (index.ravel() for index in np.meshgrid(*[np.arange(size - 1)] * 2, indexing="ij"))
    here, below, right, across = i * size + j, (i + 1) * size + j, i * size + j + 1, (i + 1) * size + j + 1
    pairs = np.stack([np.stack([here, below, right], axis=-1), np.stack([across, right, below], axis=-1)], axis=1)
    return np.asarray(pairs.reshape(-1, 3))


def _cut(arch: Architecture, grid: Real, corners: NDArray[np.intp]) -> tuple[Real, list[Real]]:
    """The parts of the triangles in the function space, as triangles, and the chains of points where they were cut."""
    member = _inside(arch, grid)[corners]
    mixed = member.any(axis=1) & ~member.all(axis=1)
    edges = np.stack([corners, np.roll(corners, -1, axis=1)], axis=-1)[mixed]
    crossed = np.unique(np.sort(edges[member[mixed] != np.roll(member[mixed], -1, axis=1)], axis=-1), axis=0)
    places = _last_inside(arch, grid[crossed[:, 0]], grid[crossed[:, 1]])
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


def _last_inside(arch: Architecture, one: Real, other: Real) -> Real:
    """The points, (P, 2), on edges from one end to the other where the function space ends, by bisection."""
    first = _inside(arch, one)[:, None]
    good, bad = np.where(first, one, other), np.where(first, other, one)
    for _ in range(EDGE_BISECTIONS):
        middle = (good + bad) / 2
        within = _inside(arch, middle)[:, None]
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


def _line(arch: Architecture) -> tuple[tuple[LinePiece, ...], list[float]]:
    """The pieces of the line B = D = 0, and its isolated reduced boundary points."""

    def kind(e: float) -> tuple[bool, tuple[str, ...]]:
        facts = describe_filter(arch, [1.0, 0.0, -1.0, 0.0, e])
        return facts.in_function_space, facts.boundary

    lowest = float(_surface(np.array([0.0, -0.5 + HALF_R]))[2])
    pieces: list[LinePiece] = []
    for start, end in pairwise((lowest, *LINE_CUTS, LINE_END)):
        inside, boundary = kind((start + end) / 2)
        if pieces and (pieces[-1].in_function_space, pieces[-1].boundary) == (inside, boundary):
            start = pieces.pop().start
        pieces.append(LinePiece(start, end, inside, boundary))
    return tuple(pieces), [e for e in LINE_CUTS if REDUCED in kind(e)[1]]
