"""Real walls that are multiple solutions of their equations, confirmed in many digits.

Two walls that are nearer than about 1e-8 look like a double one in doubles. So the paths that end at a wall are
computed in many digits, for the exact data. On a circle around τ = 1 a cycle of m paths is a power series in
(1 − τ)^(1/m). Its first terms predict the points on a much smaller circle, Newton's method corrects them, and their
mean is the wall in more digits. If the paths still come to one point like (1 − τ)^(1/m) where they are 1e-25 from it,
no two walls that are farther from each other than that are taken for a multiple one.

References
----------
Morgan, Sommese, Wampler, *Computing singular solutions to nonlinear analytic systems*, Numerische Mathematik 58 (1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditions import Fold, PassageThroughZero
from .exact_walls import Chart, ExactLine, Line, fold_equations, kernel_of_fold, piece_equations
from .extended_system import WallPoints
from .fold_walls import RealWall
from .jets import variables
from .kinds import Question
from .lines import Motion
from .multiple_ends import Cycle
from .segments import Segment

__all__ = ["confirmed_wall"]

#: Digits of the computation: some, and some for each path of a cycle.
WALL_DIGITS, WALL_DIGITS_OF_PATH = 70, 35
#: How far paths are from their end on the first circle, about: near an end of high order only a larger circle has
#: points that doubles predict. And how far they are on the last one.
FIRST_DISTANCES, LAST_DISTANCE = (1e-8, 1e-6, 1e-4, 1e-3), 1e-25
#: The distance is at least this many times the error of the predicted end.
SAFE = 1e3
#: Where circles of that distance fail, the next one is smaller by this factor.
NEARER = 30
#: Places on each small circle for each path; the mean is right up to this power of 1 − τ.
PLACES_OF_PATH = 4
EXACT_TO = 2
#: Most steps of Newton's method, and the part of the distance from the end that it may move a point.
MOST_STEPS_TO_CIRCLE, MOVED = 12, 0.1
#: Ends in many digits that are one, and imaginary parts that are zero.
EQUAL = 1e-20

#: Arrays of mpmath's numbers.
_Numbers = NDArray[np.object_]


def confirmed_wall(segment: Segment, exact: ExactLine, question: Question, wall: RealWall) -> RealWall | None:
    """A real wall on `Segment.line` in all digits of doubles, None if not all its paths end there for the exact data.

    One at infinity has to be exactly at an end of the segment.

    Parameters
    ----------
    segment : Segment
    exact : ExactLine
        Its data.
    question : Question
        The kind of the wall.
    wall : RealWall
        With the cycles of its paths.
    """
    import mpmath

    ends = []
    for cycle in wall.cycles:
        numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
        numbers.dps = WALL_DIGITS + WALL_DIGITS_OF_PATH * cycle.paths
        paths = _Paths(segment, exact, question, wall, cycle, numbers)
        end = paths.end()
        if end is None:
            return None
        ends.append(end)
    if wall.infinite and max(abs(ends[0][0]), min(abs(ends[0][-1]), abs(ends[0][-1] - 1))) > EQUAL:
        return None
    for end in ends:
        if max(abs(x - y) + abs(x.imag) for x, y in zip(end, ends[0], strict=True)) > EQUAL:
            return None
    return paths.real_wall(ends[0])


class _Paths:
    """The paths of a cycle near their end in many digits.

    The unknowns are c unless it is zero, or 1 / c near infinity, the pieces with one coefficient of each set to 1, t,
    and for a fold the kernel vector with one entry set to 1.
    """

    def __init__(
        self, segment: Segment, exact: ExactLine, question: Question, wall: RealWall, cycle: Cycle, numbers: Any
    ) -> None:
        self.wall, self.cycle, self.numbers = wall, cycle, numbers
        self.condition = question.condition
        self.chart = Chart(self.condition.coordinates, wall.factors, wall.infinite)
        self.none = isinstance(self.condition, PassageThroughZero)
        embedding = question.embedding(segment.arch)
        self.motion = segment.line(embedding).motion
        self.target = _target(segment, exact, embedding.positions, self.motion)
        self.one = 0

    def end(self) -> _Numbers | None:
        """The end of the cycle, without the kernel vector; None if the paths do not come to one point."""
        doubles = self._doubles()
        return next((end for first in FIRST_DISTANCES if (end := self._end_from(doubles, first)) is not None), None)

    def _end_from(self, doubles: _Numbers, distance: float) -> _Numbers | None:
        """The same from a first circle of this size; the next ones are much smaller, or less so if that fails."""
        numbers, cycle = self.numbers, self.cycle
        paths = cycle.paths
        terms, next_ones = self._terms(doubles, cycle.radius), [distance]
        while True:
            for distance in next_ones:
                rest = numbers.mpf(distance) ** paths
                found = self._on_circle(terms, rest)
                if found is not None:
                    break
            else:
                return None
            terms = self._terms(found, rest)
            if distance <= LAST_DISTANCE:
                end: _Numbers = terms[0][: len(self.chart.start) + (1 if self.none else 2)]
                return end
            far = min(float(SAFE * rest**EXACT_TO), distance / SAFE)
            next_ones = [max(LAST_DISTANCE, one) for one in (far, distance / SAFE, distance / NEARER)]

    def real_wall(self, end: _Numbers) -> RealWall:
        """The wall at an end."""
        start = 0 if self.none else 1
        flat = self.chart.flat(list(end[start : start + len(self.chart.start)]))
        scale = 0.0 if self.none else float(end[0].real)
        return replace(self.wall, t=float(end[-1].real), factors=flat, scale=scale, cycles=())

    def _doubles(self) -> _Numbers:
        """The unknowns on the circle of doubles, from place to place and from path to path."""
        count = len(self.cycle.points)
        rows = []
        for k in range(count):
            row = self._unknowns(self.cycle.points.row(k))
            if isinstance(self.condition, Fold):
                rest = self.cycle.radius * np.exp(2j * np.pi * k * self.cycle.paths / count)
                line = self._line(complex(rest), complex)
                self.one, kernel = kernel_of_fold(self.chart, line, row, 1 + 0j, self.one if k else None)
                row += [x for i, x in enumerate(kernel.tolist()) if i != self.one]
            rows.append([self.numbers.mpc(x) for x in row])
        return np.array(rows, object)

    def _unknowns(self, point: WallPoints) -> list[complex]:
        total = complex(point.t[0].sum())
        c, s = point.scale[0].tolist()
        c, s = c * (total if self.motion.gram else 1), s * (total if self.motion.b else 1)
        parts: list[complex] = []
        start = 0
        for factor, one in zip(self.chart.stratum.factors, self.chart.ones, strict=True):
            form = point.factors[0, start : start + factor.degree + 1]
            start += factor.degree + 1
            parts += np.delete(form / form[one], one).tolist()
            c *= complex(form[one]) ** factor.power
        return [
            *([] if self.none else [s / c if self.wall.infinite else c / s]),
            *parts,
            complex(point.t[0, 1]) / total,
        ]

    def _terms(self, points: _Numbers, rest: Any) -> list[_Numbers]:
        """The coefficients of the power series in (1 − τ)^(1/m), from its values on a circle around τ = 1."""
        numbers, paths, count = self.numbers, self.cycle.paths, len(points)
        root = numbers.mpf(rest) ** (numbers.mpf(1) / paths)
        unit = [numbers.expjpi(numbers.mpf(-2 * k) / count) for k in range(count)]
        result = []
        for power in range(count // 2):
            total = sum(points[k] * unit[(k * power) % count] for k in range(count))
            result.append(total / count / root**power)
        return result

    def _on_circle(self, terms: Sequence[_Numbers], rest: Any) -> _Numbers | None:
        """The unknowns on the circle with 1 − τ of this size, from those of the series; None if a path is lost."""
        numbers, paths = self.numbers, self.cycle.paths
        count = PLACES_OF_PATH * paths
        root = numbers.mpf(rest) ** (numbers.mpf(1) / paths)
        result = []
        for k in range(count):
            along = root * numbers.expjpi(numbers.mpf(2 * k) / count)
            guess = sum(term * along**power for power, term in enumerate(terms))
            far = max(abs(x) for x in guess - terms[0])
            line = self._line(rest * numbers.expjpi(numbers.mpf(2 * k * paths) / count), numbers.mpc)
            found = self._corrected(guess, line, MOVED * far)
            if found is None:
                return None
            result.append(found)
        return np.array(result, object)

    def _corrected(self, guess: _Numbers, line: Line, most: Any) -> _Numbers | None:
        """The solution that Newton's method finds at most so far from a point."""
        numbers, z = self.numbers, guess
        zero, unit = numbers.mpc(0), numbers.mpc(1)
        settled = numbers.mpf(10) ** (WALL_DIGITS // 4 - numbers.dps // 2)
        for _ in range(MOST_STEPS_TO_CIRCLE):
            jets = variables(list(z), zero, unit)
            rows = self._equations(line, jets)
            matrix = numbers.matrix([row.gradient.tolist() for row in rows])
            try:
                step = numbers.lu_solve(matrix, numbers.matrix([-row.value for row in rows]))
            except (ZeroDivisionError, TypeError, ValueError):  # mpmath 1.3 raises one or the other
                return None
            z = z + np.array(list(step), object)
            if not max(abs(x) for x in z - guess) <= most:
                return None
            if max(abs(x) for x in step) <= settled * most:
                return z
        return None

    def _equations(self, line: Line, z: Sequence[Any]) -> list[Any]:
        if isinstance(self.condition, Fold):
            return fold_equations(self.chart, line, z, self.one)
        count = len(self.chart.start)
        return piece_equations(
            self.chart, self.condition, line, z if self.none else [*z[1 : count + 1], z[0], z[count + 1]]
        )

    def _line(self, rest: Any, number: Any) -> Line:
        """The line of data at 1 − τ, in numbers of a type."""
        start = self.cycle.start

        def mixed(first: Any, last: Fraction) -> Any:
            exact = number(last.numerator) / last.denominator
            return rest * number(complex(first)) + (1 - rest) * exact

        (gram, gram_end), (b, b_end) = self.target
        rows = range(len(b))
        grams = [
            [[mixed(one[j, k], part[j][k]) for k in rows] for j in rows]
            for one, part in zip(start.grams, (gram, gram_end), strict=True)
        ]
        bs = [[mixed(one[j], part[j]) for j in rows] for one, part in zip(start.bs, (b, b_end), strict=True)]
        change = [[(grams[1][j][k] - grams[0][j][k]) * int(self.motion.gram) for k in rows] for j in rows]
        b_change = [(bs[1][j] - bs[0][j]) * int(self.motion.b) for j in rows]
        return Line(grams[0], change, bs[0], b_change, number(0), number(0))


def _target(
    segment: Segment, exact: ExactLine, positions: Sequence[int], motion: Motion
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The Gram matrices and the moment vectors of `Segment.line` without rounding; zero for those that do not move."""
    first, last = exact.first.restricted(positions), exact.last.restricted(positions)
    size, length = map(Fraction, segment.sizes)
    stretch = Fraction(segment.stretch)
    end_gram, end_b = 1 / (size * stretch) * int(motion.gram), 1 / (length * stretch) * int(motion.b)
    fixed = first if segment.multiples is None or segment.multiples[0] == 1 else last
    return (
        (
            [[x / size for x in row] for row in first.gram],
            [[x * end_gram for x in row] for row in last.gram],
        ),
        ([x / length for x in fixed.b], [x * end_b for x in last.b]),
    )
