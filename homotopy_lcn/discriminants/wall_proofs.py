"""Proofs of walls: Krawczyk's test in real balls on the square system that describes a wall.

The data are exact: the doubles of the two losses, or the rational numbers that they are rounded from, and all systems
have the same unknowns: the pieces of the filter with one coefficient of each set to 1, the scalar c, and t.

* A fold: the critical-point equations F = 0 and F_x v = 0, where one entry of v is 1. That the solution is nonsingular
  means that the kernel has dimension one and that the two points leave each other like ±√|t − t*|.
* A double root, two roots that coincide, or a passage through zero: the residual vanishes on the tangent space of the
  stratum, see `conditions`.
* An exchange: the equations of two critical points and the equation that their losses are equal.

Each says that exactly one solution lies in a box. That there are no other walls is no part of the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Real
from ..certification._flint import arb, arb_mat, fmpq, working_precision
from ..certification.tolerances import CERTIFICATION
from ..losses.exact_data import ExactData
from ..networks.strata import Embedding, Stratum
from .conditions import Condition, Fold, PassageThroughZero
from .jets import Dual, Element, contracted, polynomial_power, polynomial_product, variables
from .segments import Segment
from .tolerances import WALLS

__all__ = ["ExactLine", "ProvedWall", "prove_exchange", "prove_wall"]

#: The left-hand sides of a square system from its unknowns.
Equations = Callable[[Sequence[Element]], list[Element]]


@dataclass(frozen=True, eq=False)
class ProvedWall:
    """Enclosures of t and of the filter of the one wall in a box."""

    t: Any
    filter: tuple[Any, ...]

    def differs_from(self, other: ProvedWall) -> bool:
        """Whether both cannot be one wall: t, or an entry of the filter, is another number."""
        pairs = zip((self.t, *self.filter), (other.t, *other.filter), strict=True)
        return any(not a.overlaps(b) for a, b in pairs)


class _Line(NamedTuple):
    """Balls at the working precision: Gram matrices, moment vectors and constants at t = 0, and their changes to 1."""

    gram: list[list[Any]]
    gram_change: list[list[Any]]
    b: list[Any]
    b_change: list[Any]
    constant: Any
    constant_change: Any


@dataclass(frozen=True)
class ExactLine:
    """The exact data of a segment."""

    first: ExactData
    last: ExactData

    @classmethod
    def of(cls, segment: Segment) -> ExactLine:
        """The data of both losses."""
        return cls(
            *(
                loss.exact or ExactData.of_doubles(loss.gram, loss.b, loss.constant)
                for loss in (segment.start, segment.end)
            )
        )

    def at(self, t: float) -> ExactData:
        """The data at t, a double, without rounding."""
        place = Fraction(t)

        def mixed(a: Fraction, b: Fraction) -> Fraction:
            return a + place * (b - a)

        first, last = self.first, self.last
        return ExactData(
            tuple(tuple(map(mixed, *rows)) for rows in zip(first.gram, last.gram, strict=True)),
            tuple(map(mixed, first.b, last.b)),
            mixed(first.constant, last.constant),
        )

    @property
    def has_zero(self) -> bool:
        """Whether b is zero at one t of (0, 1): it is a negative multiple at the end of what it is at the start."""
        first, last = self.first.b, self.last.b
        place = next((i for i, x in enumerate(first) if x), 0)
        return first[place] * last[place] < 0 and all(
            first[place] * y == last[place] * x for x, y in zip(first, last, strict=True)
        )

    def balls(self, positions: Sequence[int]) -> _Line:
        """The data on a stratum, at the working precision."""
        a, b = self.first.restricted(positions), self.last.restricted(positions)
        return _Line(
            [[_ball(x) for x in row] for row in a.gram],
            [[_ball(y - x) for x, y in zip(*rows, strict=True)] for rows in zip(a.gram, b.gram, strict=True)],
            [_ball(x) for x in a.b],
            [_ball(y - x) for x, y in zip(a.b, b.b, strict=True)],
            _ball(a.constant),
            _ball(b.constant - a.constant),
        )


class _Chart:
    """Pieces of a filter with one coefficient of each set to 1, as unknowns."""

    def __init__(self, stratum: Stratum, factors: Real) -> None:
        self.stratum = stratum
        self.ones, self.start, position = [], [], 0
        self.scale = 1.0
        for factor in stratum.factors:
            form = factors[position : position + factor.degree + 1]
            position += factor.degree + 1
            one = int(np.argmax(np.abs(form)))
            self.ones.append(one)
            self.start += [float(x / form[one]) for i, x in enumerate(form) if i != one]
            self.scale *= float(form[one]) ** factor.power

    def forms(self, unknowns: Sequence[Element]) -> list[list[Element]]:
        """The pieces as polynomials, dilated."""
        result, position = [], 0
        for factor, one in zip(self.stratum.factors, self.ones, strict=True):
            rest = list(unknowns[position : position + factor.degree])
            position += factor.degree
            spread: list[Element] = [0] * (factor.degree * factor.dilation + 1)
            spread[:: factor.dilation] = [*rest[:one], 1, *rest[one:]]
            result.append(spread)
        return result

    def products(self, forms: Sequence[list[Element]], powers: Sequence[int]) -> list[Element]:
        """Π forms^powers."""
        result: list[Element] = [1]
        for form, power in zip(forms, powers, strict=True):
            result = polynomial_product(result, polynomial_power(form, power))
        return result


def _residual(line: _Line, c: Element, p: Sequence[Element], t: Element) -> list[Element]:
    """c Σ(t) p − b(t); c is None for a filter zero, where the residual is −b(t)."""
    result = []
    for row, change, b, b_change in zip(line.gram, line.gram_change, line.b, line.b_change, strict=True):
        moment = t * b_change + b
        if c is None:
            result.append(moment * -1)
            continue
        result.append(c * (contracted(row, p) + t * contracted(change, p)) - moment)
    return result


def _critical_equations(
    chart: _Chart, line: _Line, c: Element, unknowns: Sequence[Element], t: Element
) -> tuple[list[Element], list[Element], list[Element]]:
    """P · r and ∂P/∂q_i · r for all free coefficients; P; r."""
    factors = chart.stratum.factors
    forms, powers = chart.forms(unknowns), [factor.power for factor in factors]
    p = chart.products(forms, powers)
    r = _residual(line, c, p, t)
    equations = [contracted(p, r)]
    for f, (factor, one) in enumerate(zip(factors, chart.ones, strict=True)):
        less = [power - (g == f) for g, power in enumerate(powers)]
        slope = [x * factor.power for x in chart.products(forms, less)]
        equations += [contracted(slope, r[i * factor.dilation :]) for i in range(factor.degree + 1) if i != one]
    return equations, p, r


def prove_wall(
    exact: ExactLine, embedding: Embedding, condition: Condition, place: tuple[float, Real, float]
) -> ProvedWall | None:
    """Prove a wall, None if the test fails.

    Parameters
    ----------
    exact : ExactLine
    embedding : Embedding
        Of the stratum.
    condition : Condition
        What happens at the wall.
    place : tuple
        t, the pieces of the filter one after the other, and the scalar times which their product is the filter.
    """
    t, factors, scale = place
    chart = _Chart(condition.coordinates, factors)
    c, count = scale * chart.scale, len(chart.start)
    if isinstance(condition, Fold):
        return _prove_fold(exact, embedding, chart, (t, c))
    zero = isinstance(condition, PassageThroughZero)
    blocks = condition.blocks  # type: ignore[attr-defined]
    start = [*chart.start, *([] if zero else [c]), t]

    def equations(line: _Line, z: Sequence[Element]) -> list[Element]:
        forms = chart.forms(z[:count])
        p = chart.products(forms, [factor.power for factor in chart.stratum.factors])
        r = _residual(line, None if zero else z[count], p, z[-1])
        result = []
        for b, (dilation, degree, powers) in enumerate(blocks):
            u = chart.products(forms, powers)
            left = [i for i in range(degree + 1) if b == 0 or i != _leading(chart, blocks, b)]
            result += [contracted(u, r[i * dilation :]) for i in left]
        return result

    def enclosure(z: Sequence[Element]) -> list[Element] | None:
        # The forms without one monomial and P span all forms of a block if P's own form has that monomial.
        forms = chart.forms(z[:count])
        for b in range(1, len(blocks)):
            form = _own_form(chart, blocks, b, forms)
            if arb(form[_leading(chart, blocks, b) * blocks[b][0]]).contains(0):
                return None
        if zero:
            return [arb(0)] * embedding.stratum.filter_size
        if z[count].contains(0):
            return None
        return [z[count] * x for x in chart.products(forms, [factor.power for factor in chart.stratum.factors])]

    return _proved(exact, embedding.positions, start, equations, enclosure)


def _own_form(chart: _Chart, blocks: Sequence[Any], b: int, forms: Sequence[list[Element]]) -> list[Element]:
    """The product of all roots of a block, each once: P over the form by which its tangent vectors are multiples."""
    powers = [factor.power - u for factor, u in zip(chart.stratum.factors, blocks[b][2], strict=True)]
    return chart.products(forms, powers)


def _leading(chart: _Chart, blocks: Sequence[Any], b: int) -> int:
    """The exponent of the largest coefficient of the form of a block, about: the product of ones of its pieces."""
    powers = [factor.power - u for factor, u in zip(chart.stratum.factors, blocks[b][2], strict=True)]
    exponent = sum(one * power for one, power in zip(chart.ones, powers, strict=True))
    return int(exponent)


def _prove_fold(exact: ExactLine, embedding: Embedding, chart: _Chart, place: tuple[float, float]) -> ProvedWall | None:
    t, c = place
    n = len(chart.start) + 1
    with working_precision(CERTIFICATION.first_precision):
        line = exact.balls(embedding.positions)
        z = variables([arb(x) for x in (c, *chart.start, t)], arb(0), arb(1))
        rows = _critical_equations(chart, line, z[0], z[1:n], z[n])[0]
        jacobian = np.array([[float(x.mid()) for x in row.gradient[:n]] for row in rows])
    kernel = np.linalg.svd(jacobian)[2][-1]
    one = int(np.argmax(np.abs(kernel)))
    kernel = kernel / kernel[one]
    start = [c, *chart.start, t, *(float(x) for i, x in enumerate(kernel) if i != one)]

    def equations(line: _Line, z: Sequence[Element]) -> list[Element]:
        direction = [*z[n + 1 : n + 1 + one], 1, *z[n + 1 + one :]]
        along = [Dual(x, v) for x, v in zip(z[:n], direction, strict=True)]
        both = _critical_equations(chart, line, along[0], along[1:], Dual(z[n], 0))[0]
        return [x.value for x in both] + [x.slope for x in both]

    def enclosure(z: Sequence[Element]) -> list[Element] | None:
        if z[0].contains(0):
            return None
        powers = [factor.power for factor in chart.stratum.factors]
        return [z[0] * x for x in chart.products(chart.forms(z[1:n]), powers)]

    return _proved(exact, embedding.positions, start, equations, enclosure, n)


def prove_exchange(
    exact: ExactLine, points: tuple[tuple[Embedding, Real], tuple[Embedding, Real]], t: float
) -> ProvedWall | None:
    """Prove that two critical points have equal loss at one t near the given one; None if the test fails.

    Parameters
    ----------
    exact : ExactLine
    points : pair of (Embedding, coordinates)
        The scalar and the factors of each on its stratum.
    t : float
    """
    charts = [_Chart(embedding.stratum, coordinates[1:]) for embedding, coordinates in points]
    sizes = [len(chart.start) + 1 for chart in charts]
    start = [t]
    for chart, (_, coordinates) in zip(charts, points, strict=True):
        start += [float(coordinates[0]) * chart.scale, *chart.start]
    both = points[0][0].positions + points[1][0].positions

    def equations(line: _Line, z: Sequence[Element]) -> list[Element]:
        result, losses, position, first = [], [], 1, 0
        for chart, size, (embedding, _) in zip(charts, sizes, points, strict=True):
            own = _part(line, range(first, first + len(embedding.positions)))
            first += len(embedding.positions)
            c = z[position]
            rows, p, _ = _critical_equations(chart, own, c, z[position + 1 : position + size], z[0])
            position += size
            result += rows
            # At a critical point wᵀΣw = bᵀw, so that the loss is −bᵀw and the constant, which both have.
            losses.append(c * (contracted(own.b, p) + z[0] * contracted(own.b_change, p)))
        return [*result, losses[0] + losses[1] * -1]

    def enclosure(z: Sequence[Element]) -> list[Element] | None:
        if z[1].contains(0) or z[1 + sizes[0]].contains(0):
            return None
        chart = charts[0]
        powers = [factor.power for factor in chart.stratum.factors]
        return [z[1] * x for x in chart.products(chart.forms(z[2 : 1 + sizes[0]]), powers)]

    return _proved(exact, both, start, equations, enclosure, 0)


def _part(line: _Line, rows: range) -> _Line:
    keep = list(rows)
    return _Line(
        [[line.gram[i][j] for j in keep] for i in keep],
        [[line.gram_change[i][j] for j in keep] for i in keep],
        [line.b[i] for i in keep],
        [line.b_change[i] for i in keep],
        line.constant,
        line.constant_change,
    )


def _proved(
    exact: ExactLine,
    positions: Sequence[int],
    start: Sequence[float],
    equations: Callable[[_Line, Sequence[Element]], list[Element]],
    enclosure: Callable[[Sequence[Element]], list[Element] | None],
    place: int = -1,
) -> ProvedWall | None:
    """Krawczyk's test near a numerical solution, with more bits until it succeeds. ``place`` is that of t."""
    for bits in WALLS.bits:
        with working_precision(bits):
            line = exact.balls(positions)
            box = _solution(lambda z, line=line: equations(line, z), start, bits)  # type: ignore[misc]
            if box is None:
                continue
            t, near = box[place], start[place]
            if not abs(t - near) < WALLS.moved or not (t > 0 and t < 1):
                return None
            filters = enclosure(box)
            if filters is not None:
                return ProvedWall(t, tuple(filters))
    return None


def _solution(equations: Equations, start: Sequence[float], bits: int) -> list[Any] | None:
    """Enclosures of the one solution in a box around a point near ``start``, None if Newton's method or the test fails.

    With the box X of all x that differ from x_0 by at most r_i, an approximate inverse Y of the Jacobian matrix and its
    enclosure J over X, |Y F(x_0)|_i + Σ_j |I − Y J|_ij r_j < r_i for all i is Krawczyk's test.
    """
    n, zero, one = len(start), arb(0), arb(1)
    middle = [arb(x) for x in start]
    small = arb(2) ** (-bits // 2)
    for _ in range(CERTIFICATION.newton_steps_in_balls):
        values, jacobian = _evaluated(equations, middle, zero, one)
        try:
            step = [x.mid() for x in (jacobian.mid().inv().mid() * values).entries()]
        except ZeroDivisionError:
            return None
        middle = [(x - move).mid() for x, move in zip(middle, step, strict=True)]
        if all(abs(move) <= small * (1 + abs(x)) for move, x in zip(step, middle, strict=True)):
            break
    else:
        return None
    radii = [(small * (1 + abs(x))).upper() for x in middle]
    box = [x + arb(0, r) for x, r in zip(middle, radii, strict=True)]
    values, at_middle = _evaluated(equations, middle, zero, one)
    _, jacobian = _evaluated(equations, box, zero, one)
    try:
        inverse = at_middle.mid().inv().mid()
    except ZeroDivisionError:
        return None
    identity = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    offsets = arb_mat(n, 1, [arb(0, r) for r in radii])
    # The product encloses M x for all M and x, so that its radii are at least Σ_j |M_ij| r_j.
    moves = ((identity - inverse * jacobian) * offsets - inverse * values).entries()
    if not all(abs(move) < r for move, r in zip(moves, radii, strict=True)):
        return None
    return [x + move for x, move in zip(middle, moves, strict=True)]


def _evaluated(equations: Equations, z: Sequence[Any], zero: Any, one: Any) -> tuple[Any, Any]:
    """The left-hand sides (n, 1) and their Jacobian matrix (n, n)."""
    n = len(z)
    rows = equations(variables(z, zero, one))
    entries = [x for row in rows for x in row.gradient]
    return arb_mat(n, 1, [row.value for row in rows]), arb_mat(n, n, entries)


def _ball(value: Any) -> Any:
    return arb(fmpq(value.numerator, value.denominator))
