"""The slice w_0 = 1, w_2 = −1 of the function spaces with the reduced architecture (3, 2), (2, 1).

Filters are w = (A, B, C, D, E) = (1, B, −1, D, E). The Zariski closure is the image of
(x² + p x y + q y²)(x² + r y²) with q + r = −1, that is (B, D, E) = (p, p r, −r (1 + r)), together with the part of the
line B = D = 0 that only non-real q, r reach. The membership code decides point by point which points belong to the
function space and of which type a boundary point is; bisection locates the boundary curves.

This is Figure 1 of Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional
Networks* (2024).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..arrays import Real
from ..errors import InputError
from ..networks.architecture import Architecture
from .filter_geometry import describe_filter, is_in_function_space
from .function_space import REDUCED

__all__ = ["LinePiece", "Slice", "slice_of_function_space", "slice_point"]


#: Half of the ranges of p and of r + 1/2, and the end of the line B = D = 0.
HALF_P, HALF_R, LINE_END = 1.75, 1.25, 0.75
#: Halvings of an edge of the grid, and of an interval of the double line.
EDGE_BISECTIONS, LINE_BISECTIONS = 24, 40
#: Points of the double line that are classified before the ends of its pieces are located.
LINE_POINTS = 48


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

    def inside(point: Real) -> bool:
        return is_in_function_space(arch, _filter(_surface(point)))

    grid = np.stack(np.meshgrid(p, r, indexing="ij"), axis=-1)
    member = np.array([[inside(point) for point in row] for row in grid])
    crossings: dict[tuple[tuple[int, int], tuple[int, int]], Real] = {}

    def crossing(a: tuple[int, int], b: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
        key = (a, b) if a < b else (b, a)
        if key not in crossings:
            ends = (a, b) if member[a] else (b, a)
            crossings[key] = _bisect(inside, grid[ends[0]], grid[ends[1]], EDGE_BISECTIONS)[0]
        return key

    triangles: list[list[Real]] = []
    segments = []
    for i in range(size - 1):
        for j in range(size - 1):
            for corners in (((i, j), (i + 1, j), (i, j + 1)), ((i + 1, j + 1), (i, j + 1), (i + 1, j))):
                polygon: list[Real] = []
                ends = []
                for a, b in pairwise((*corners, corners[0])):
                    if member[a]:
                        polygon.append(grid[a])
                    if member[a] != member[b]:
                        ends.append(crossing(a, b))
                        polygon.append(crossings[ends[-1]])
                triangles += [[polygon[0], polygon[k], polygon[k + 1]] for k in range(1, len(polygon) - 1)]
                if ends:
                    segments.append((ends[0], ends[1]))
    chains = _chains(segments)
    line, special = _line(arch)
    return Slice(
        architecture=arch,
        triangles=_surface(np.array(triangles)),
        curve=[_surface(np.array([crossings[key] for key in chain])) for chain in chains],
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


def _filter(point: Real) -> Real:
    b, d, e = point
    return np.array([1.0, b, -1.0, d, e])


def _bisect(inside: Callable[[Any], bool], good: Any, bad: Any, times: int) -> tuple[Any, Any]:
    """The last point towards ``bad`` that is still inside, and the first that is not."""
    for _ in range(times):
        middle = (good + bad) / 2
        if inside(middle):
            good = middle
        else:
            bad = middle
    return good, bad


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
        facts = describe_filter(arch, _filter(np.array([0.0, 0.0, e])))
        return facts.in_function_space, facts.boundary

    lowest = float(_surface(np.array([0.0, -0.5 + HALF_R]))[2])
    samples = np.linspace(lowest, LINE_END, LINE_POINTS).tolist()
    kinds = [kind(e) for e in samples]
    cuts = [lowest]
    found = [kinds[0]]
    for (low, high), (before, after) in zip(pairwise(samples), pairwise(kinds), strict=True):
        if before != after:
            _, first = _bisect(lambda e, before=before: kind(e) == before, low, high, LINE_BISECTIONS)  # type: ignore[misc]
            cuts.append(float(first))
            found.append(after)
    ends = [*cuts[1:], LINE_END]
    pieces = tuple(LinePiece(start, end, *what) for start, end, what in zip(cuts, ends, found, strict=True))
    return pieces, [e for e in cuts[1:] if REDUCED in kind(e)[1]]
