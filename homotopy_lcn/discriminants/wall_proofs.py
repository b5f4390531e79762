"""Proofs of walls: Krawczyk's test in real balls on the square system that describes a wall.

The data are exact, and the systems are those of `exact_walls`. An exchange is described by the equations of two
critical points and the equation that their losses are equal. Each proof says that exactly one solution lies in a box.
That there are no other walls is no part of the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..arrays import Real
from ..certification._flint import arb, arb_mat, fmpq, working_precision
from ..certification.tolerances import CERTIFICATION
from ..networks.strata import Embedding
from .conditions import Condition, Fold, PassageThroughZero
from .exact_walls import (
    Chart,
    ExactLine,
    Line,
    critical_equations,
    fold_equations,
    kernel_of_fold,
    leading_exponent,
    own_form,
    piece_equations,
)
from .jets import Element, contracted, variables
from .tolerances import WALLS

__all__ = ["ProvedWall", "prove_exchange", "prove_wall"]

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
    chart = Chart(condition.coordinates, factors)
    c, count = scale * chart.scale, len(chart.start)
    if isinstance(condition, Fold):
        return _prove_fold(exact, embedding, chart, (t, c))
    zero = isinstance(condition, PassageThroughZero)
    blocks = condition.blocks  # type: ignore[attr-defined]
    start = [*chart.start, *([] if zero else [c]), t]

    def equations(line: Line, z: Sequence[Element]) -> list[Element]:
        return piece_equations(chart, condition, line, z)

    def enclosure(z: Sequence[Element]) -> list[Element] | None:
        # The forms without one monomial and P span all forms of a block if P's own form has that monomial.
        forms = chart.forms(z[:count])
        for b in range(1, len(blocks)):
            form = own_form(chart, blocks, b, forms)
            if arb(form[leading_exponent(chart, blocks, b) * blocks[b][0]]).contains(0):
                return None
        if zero:
            return [arb(0)] * embedding.stratum.filter_size
        if z[count].contains(0):
            return None
        return [z[count] * x for x in chart.products(forms, [factor.power for factor in chart.stratum.factors])]

    return _proved(exact, embedding.positions, start, equations, enclosure)


def _prove_fold(exact: ExactLine, embedding: Embedding, chart: Chart, place: tuple[float, float]) -> ProvedWall | None:
    t, c = place
    n = len(chart.start) + 1
    with working_precision(CERTIFICATION.first_precision):
        line = exact.numbers(embedding.positions, _ball)
        one, kernel = kernel_of_fold(chart, line, (c, *chart.start, t), arb(1))
    start = [c, *chart.start, t, *(float(x) for i, x in enumerate(kernel) if i != one)]

    def equations(line: Line, z: Sequence[Element]) -> list[Element]:
        return fold_equations(chart, line, z, one)

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
    charts = [Chart(embedding.stratum, coordinates[1:]) for embedding, coordinates in points]
    sizes = [len(chart.start) + 1 for chart in charts]
    start = [t]
    for chart, (_, coordinates) in zip(charts, points, strict=True):
        start += [float(coordinates[0]) * chart.scale, *chart.start]
    both = points[0][0].positions + points[1][0].positions

    def equations(line: Line, z: Sequence[Element]) -> list[Element]:
        result, losses, position, first = [], [], 1, 0
        for chart, size, (embedding, _) in zip(charts, sizes, points, strict=True):
            own = _part(line, range(first, first + len(embedding.positions)))
            first += len(embedding.positions)
            c = z[position]
            rows, p, _ = critical_equations(chart, own, c, z[position + 1 : position + size], z[0])
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


def _part(line: Line, rows: range) -> Line:
    keep = list(rows)
    return Line(
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
    equations: Callable[[Line, Sequence[Element]], list[Element]],
    enclosure: Callable[[Sequence[Element]], list[Element] | None],
    place: int = -1,
) -> ProvedWall | None:
    """Krawczyk's test near a numerical solution, with more bits until it succeeds. ``place`` is that of t."""
    for bits in WALLS.bits:
        with working_precision(bits):
            line = exact.numbers(positions, _ball)
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
