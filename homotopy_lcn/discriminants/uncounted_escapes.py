"""Passages through zero that are not counted: of strata whose critical filters never are zero for generic data.

A critical filter of a stratum is zero at t if b(t) vanishes on the tangent space at a point of the stratum, that is,
if b(t) is on the dual variety of the stratum. If this has codimension two or more, a generic line does not meet it, but
special lines do. There the solutions of the equations have positive dimension, and paths say nothing about them.

Critical filters w have wᵀΣw = wᵀb, so that for r = √(wᵀΣw) along a branch |dr/dt| ≤ β + σ r / 2, where β² = b'ᵀΣ⁻¹b',
and σ is the largest |vᵀΣ'v| / vᵀΣv. Both are largest at the ends of an interval: β² is a convex function of t. So the
length of a filter at one t tells an interval in which it is not zero. What remains is halved until the equations have a
solution there, which is confirmed in many digits for the exact data.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import eigh

from ..arrays import Real
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from .exact_walls import Chart, ExactLine, piece_equations
from .following import followed_in_chamber
from .jets import variables
from .joining import written
from .kinds import Question, questions
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS

__all__ = ["Passages", "is_uncounted_escape", "uncounted_escapes"]

#: The part of the segment below which an interval is not halved by singular values.
FINEST = 2.0**-12
#: From which part of a chamber on the equations are tried, and below which an interval is given up.
TRIED, GIVEN_UP = 2e-2, 1e-10
#: Steps of the Levenberg-Marquardt method, and the residual that ends them, relative to b.
STEPS_TO_ZERO, AT_ZERO = 60, 1e-12
#: Digits of the exact data, steps in them, and the residual that is zero.
ESCAPE_DIGITS, STEPS_IN_DIGITS, ZERO_IN_DIGITS = 80, 30, 1e-40
#: Singular values of the equations below this part of the largest one are zero.
FLAT_EQUATIONS = 1e-5
#: Fractions up to this denominator are tried as t.
LARGEST_DENOMINATOR_OF_T = 10000
#: How far from a zero the filter is looked at, relative to the chamber, and how far the order may be from an integer.
BESIDE, INTEGER = (1e-2, 1e-3, 1e-4, 1e-5), 0.1


class Passages(NamedTuple):
    """Walls, and in words what could not be decided."""

    walls: list[Wall]
    problems: list[str]


class _Zero(NamedTuple):
    """A solution of the equations: the pieces one after the other, and t."""

    factors: Real
    t: float


def uncounted_escapes(segment: Segment, chambers: Sequence[Chamber], exact: ExactLine) -> Passages:
    """All passages of real critical filters through zero on strata for which none is counted.

    Parameters
    ----------
    segment : Segment
    chambers : sequence of Chamber
        Those between the walls that are known.
    exact : ExactLine
        The data of the segment.
    """
    result = Passages([], [])
    for question in questions(segment.arch):
        if question.kind != "escape" or not _is_uncounted(segment, question):
            continue
        places = _doubtful_places(segment, question)
        for chamber in chambers if places else ():
            search = _Search(segment, question, exact, chamber)
            for a, b in places:
                search.run(max(a, chamber.start), min(b, chamber.end))
            for wall in search.walls:
                if all(wall.pattern != one.pattern or abs(wall.t - one.t) > WALLS.together for one in result.walls):
                    result.walls.append(wall)
            result.problems.extend(problem for problem in search.problems if problem not in result.problems)
    return result


def is_uncounted_escape(segment: Segment, asked: Sequence[Question], wall: Wall, beside: Sequence[Chamber]) -> bool:
    """Whether a wall is a passage through zero of a stratum for which none is counted.

    Parameters
    ----------
    segment : Segment
    asked : sequence of Question
        Those of the kind and the stratum of the wall.
    wall : Wall
    beside : sequence of Chamber
        The chambers that begin or end there.
    """
    if wall.kind != "escape" or wall.filter.any():
        return False
    exact = ExactLine.of(segment)
    for question in asked:
        for chamber in beside if _is_uncounted(segment, question) else ():
            search = _Search(segment, question, exact, chamber)
            search.run(max(wall.t - FINEST, chamber.start), min(wall.t + FINEST, chamber.end))
            if any(
                abs(one.t - wall.t) <= WALLS.together and one.multiplicity == wall.multiplicity for one in search.walls
            ):
                return True
    return False


def _is_uncounted(segment: Segment, question: Question) -> bool:
    motion = segment.line(question.embedding(segment.arch)).motion
    return motion.b and not question.condition.count(motion)


def _doubtful_places(segment: Segment, question: Question) -> list[tuple[float, float]]:
    """Intervals of t outside of which no filter of a stratum is zero.

    For each block b(t) vanishes on the multiples of a form u by all forms of the degree of the block: the matrix of
    all b_(i + j), i an exponent of these and j one of u, has a kernel.
    """
    condition: Any = question.condition
    positions = question.embedding(segment.arch).positions
    first, last = (np.asarray(loss.b)[list(positions)] for loss in (segment.start, segment.end))
    kept: list[tuple[float, float]] | None = None
    for dilation, degree, powers in condition.blocks:
        exponents = {0}
        for factor, power in zip(condition.coordinates.factors, powers, strict=True):
            for _ in range(power):
                exponents = {e + place for e in exponents for place in factor.places}
        table = np.add.outer(np.arange(degree + 1) * dilation, sorted(exponents))
        if table.shape[0] >= table.shape[1]:
            found = _singular_places(first[table], last[table])
            kept = found if kept is None or sum(b - a for a, b in found) < sum(b - a for a, b in kept) else kept
    return [(0.0, 1.0)] if kept is None else kept


def _singular_places(first: Real, last: Real) -> list[tuple[float, float]]:
    """Intervals outside of which (1 − t) first + t last has no kernel, by bounds of its singular values."""
    change, width = float(np.linalg.norm(last - first, 2)), 1.0
    noise = WALLS.rounding * float(np.linalg.norm(first) + np.linalg.norm(last))
    starts = np.zeros(1)
    while len(starts) and width > FINEST:
        width /= 2
        starts = np.concatenate([starts, starts + width])
        t = (starts + width / 2)[:, None, None]
        least = np.linalg.svd((1 - t) * first + t * last, compute_uv=False)[:, -1]
        starts = np.sort(starts[least <= change * width / 2 + noise])
    result: list[tuple[float, float]] = []
    for a in starts.tolist():
        if result and a <= result[-1][1]:
            result[-1] = (result[-1][0], a + width)
        else:
            result.append((a, a + width))
    return result


class _Search:
    """The search for passages through zero of the real points of one stratum in one chamber."""

    def __init__(self, segment: Segment, question: Question, exact: ExactLine, chamber: Chamber) -> None:
        self.segment, self.question, self.exact, self.chamber = segment, question, exact, chamber
        self.points: list[CriticalPoint] = [p for p in chamber.points.real if p.stratum == question.pattern]
        self.walls: list[Wall] = []
        self.problems: list[str] = []
        self._known: dict[float, tuple[Real, Real]] = {}
        self._zeros: dict[tuple[int, float], _Zero | None] = {}

    def run(self, start: float, end: float) -> None:
        """Search one interval."""
        if start <= end and self.points:
            for row in range(len(self.points)):
                self._between(row, start, end)

    def _at(self, t: float) -> tuple[Real, Real]:
        """The lengths √(wᵀΣw) of all points at t, zero where one is not reached, and their factors."""
        if t not in self._known:
            filters, factors, reached = followed_in_chamber(self.segment, self.chamber, self.points, t)
            w = np.where(reached[:, None], filters.real, 0.0)
            lengths = np.sqrt(np.maximum(((w @ self.segment.loss(t).gram) * w).sum(axis=1), 0.0))
            self._known[t] = np.where(np.isfinite(lengths), lengths, 0.0), np.array(factors)
        return self._known[t]

    def _between(self, row: int, a: float, b: float) -> None:
        """Search the interval from a to b for zeros of one filter."""
        if b - a <= 0 or self._reach(row, a, (a, b)) + self._reach(row, b, (a, b)) > b - a:
            return
        width = self.chamber.end - self.chamber.start
        middle = (a + b) / 2
        if b - a <= TRIED * width:
            zero = self._zero(row, (a, middle, b))
            if zero is not None and a - (b - a) <= zero.t <= b + (b - a):
                order, beside = self._order(row, zero.t)
                if order and a - beside < zero.t < b + beside:
                    self._list(zero.t, order)
                    self._between(row, a, min(b, zero.t - beside))
                    self._between(row, max(a, zero.t + beside), b)
                    return
        if b - a <= max(GIVEN_UP * width, WALLS.narrow):
            problem = (
                f"stratum {written(self.question.pattern)}: near t = {middle} a critical filter is zero up to "
                "rounding, and it is not confirmed that it is"
            )
            if problem not in self.problems and not any(abs(wall.t - middle) < WALLS.moved for wall in self.walls):
                self.problems.append(problem)
            return
        self._between(row, a, middle)
        if not self.problems:
            self._between(row, middle, b)

    def _reach(self, row: int, t: float, interval: tuple[float, float]) -> float:
        """How far from t, inside an interval, a filter is not zero."""
        length = float(self._at(t)[0][row])
        beta, sigma = (max(pair) for pair in zip(*map(self._bounds, interval), strict=True))
        if not length or not np.isfinite(beta + sigma):
            return 0.0
        if sigma * length <= WALLS.rounding * beta:
            return length / beta if beta else np.inf
        return 2 / sigma * float(np.log1p(sigma * length / (2 * beta))) if beta else np.inf

    def _bounds(self, t: float) -> tuple[float, float]:
        """β and σ at t; infinite where Σ is singular."""
        segment, loss = self.segment, self.segment.loss(t)
        values, vectors = np.linalg.eigh(loss.gram)
        image = vectors[:, values > WALLS.singular * values[-1]] if segment.is_singular else vectors
        if not segment.is_singular and values[0] <= WALLS.singular * values[-1]:
            return np.inf, np.inf
        gram, change = image.T @ loss.gram @ image, image.T @ (segment.end.gram - segment.start.gram) @ image
        slope = image.T @ (segment.end.b - segment.start.b)
        beta = np.sqrt(float(slope @ np.linalg.solve(gram, slope)))
        sigma = float(np.abs(eigh(change, gram, eigvals_only=True)).max()) if change.any() else 0.0
        return float(beta), sigma

    def _zero(self, row: int, places: Sequence[float]) -> _Zero | None:
        """A solution of the equations for the exact data near one of some places, from the pieces of a filter there."""
        for t in places:
            lengths, factors = self._at(t)
            if lengths[row]:
                if (row, t) not in self._zeros:
                    start = _Zero(factors[row], t)
                    self._zeros[row, t] = confirmed_zero(self.segment, self.exact, self.question, start)
                return self._zeros[row, t]
        return None

    def _order(self, row: int, t: float) -> tuple[int, float]:
        """The order of a zero of a filter, and the distance up to which it has no other one; 0 if it is none."""
        chamber = self.chamber
        for part in BESIDE:
            distance, orders = part * (chamber.end - chamber.start), []
            for sign in (-1, 1):
                if chamber.start <= t + sign * distance <= chamber.end:
                    far, near = (float(self._at(t + sign * distance / n)[0][row]) for n in (1, 2))
                    orders.append(float(np.log2(far / near)) if far and near else np.inf)
            order = round(orders[0]) if orders and np.isfinite(orders).all() else 0
            if order and max(abs(one - order) for one in orders) < INTEGER:
                return order, distance
        return 0, 0.0

    def _list(self, t: float, order: int) -> None:
        if all(abs(wall.t - t) > WALLS.together for wall in self.walls):
            nothing = np.zeros(self.segment.arch.filter_size)
            loss = float(self.segment.loss(t).constant)
            self.walls.append(Wall(t, "escape", self.question.pattern, nothing, loss, None, order))


def confirmed_zero(segment: Segment, exact: ExactLine, question: Question, near: _Zero) -> _Zero | None:
    """A solution of the equations for the exact data, None if there is none near a place.

    A t that is a fraction is tried first, as the equations for the pieces alone have regular solutions where b(t)
    touches the dual variety, too.
    """
    embedding = question.embedding(segment.arch)
    found = _settled(exact, embedding, question, near)
    if found is None:
        return None
    simple = Fraction(found.t).limit_denominator(LARGEST_DENOMINATOR_OF_T)
    if abs(float(simple) - found.t) <= WALLS.outside and 0 <= simple <= 1:
        at_simple = _settled(exact, embedding, question, _Zero(found.factors, float(simple)), simple)
        if at_simple is not None:
            return at_simple
    end = _settled(exact, embedding, question, found, digits=True)
    return end if end is None or 0 <= end.t <= 1 else None


def _settled(
    exact: ExactLine,
    embedding: Embedding,
    question: Question,
    near: _Zero,
    fixed: Fraction | None = None,
    digits: bool = False,
) -> _Zero | None:
    """A solution near a place, at a ``fixed`` t if one is given; with ``digits``, or a fixed t, in many digits."""
    condition = question.condition
    chart = Chart(condition.coordinates, near.factors)
    line = exact.numbers(embedding.positions, float)
    size = max(np.abs(line.b).max(), np.abs(np.add(line.b, line.b_change)).max())
    z = np.array([*chart.start, near.t])

    def equations(at: Real) -> tuple[Real, Real]:
        rows = piece_equations(chart, condition, line, variables([float(x) for x in at], 0.0, 1.0))
        values = np.array([row.value for row in rows]) / size
        slopes = np.array([row.gradient for row in rows], float) / size
        if fixed is not None:
            slopes[:, -1] = 0.0
        return values, slopes

    for _ in range(STEPS_TO_ZERO):
        values, slopes = equations(z)
        rest = float(np.linalg.norm(values))
        if not np.isfinite(rest) or np.abs(z).max() > 1 / WALLS.flat:
            return None
        if rest <= WALLS.rounding:
            break
        damped = np.concatenate([slopes, rest * np.eye(len(z))])
        step = np.linalg.lstsq(damped, np.concatenate([values, np.zeros(len(z))]), rcond=None)[0]
        z = z - step / max(1.0, 2 * float(np.linalg.norm(step)))
        if fixed is not None:
            z[-1] = near.t
    if rest > AT_ZERO:
        return None
    if fixed is not None or digits:
        slopes = equations(z)[1]
        left, singular, right = np.linalg.svd(slopes)
        rank = int((singular > FLAT_EQUATIONS * singular[0]).sum())
        inverse = (right[:rank].T / singular[:rank]) @ left[:, :rank].T / size
        end = _in_digits(exact, embedding, question, chart, (z, inverse, fixed))
        if end is None:
            return None
        z = end
    return _Zero(chart.flat([float(x) for x in z[:-1]]), float(z[-1]))


def _in_digits(
    exact: ExactLine,
    embedding: Embedding,
    question: Question,
    chart: Chart,
    start: tuple[Real, Real, Fraction | None],
) -> Real | None:
    """A solution in many digits by Newton's method with one pseudoinverse, None if the residual does not vanish."""
    import mpmath

    numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
    numbers.dps = ESCAPE_DIGITS
    near, inverse, fixed = start

    def number(x: Fraction) -> Any:
        return numbers.mpf(x.numerator) / x.denominator

    line = exact.numbers(embedding.positions, number)
    z = [numbers.mpf(float(x)) for x in near]
    if fixed is not None:
        z[-1] = number(fixed)
    weights = [[numbers.mpf(float(x)) for x in row] for row in inverse]
    bound = ZERO_IN_DIGITS * max(1.0, float(max(abs(x) for x in (*line.b, *line.b_change))))
    for _ in range(STEPS_IN_DIGITS):
        values = piece_equations(chart, question.condition, line, z)
        if max(abs(x) for x in values) <= bound:
            return np.array([float(x) for x in z])
        steps = [sum(w * value for w, value in zip(row, values, strict=True)) for row in weights]
        z = [x - step for x, step in zip(z, steps, strict=True)]
    return None
