"""What the file of walls claims of each wall, compared with the equations of its kind.

A file has the filter of a wall. Its pieces are found from it by Newton's method, from the critical points of the
chambers beside the wall. At these pieces the equations of the kind have to have a solution, and at the same t. For
exchanges two minima that are followed to t have to have the least loss there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise, product

import numpy as np

from ..arrays import Complex, Real
from ..equations.critical_equations import equations_of
from ..errors import InputError
from ..results.points import CriticalPoint
from .conditions import Coincidence, Condition, PassageThroughZero
from .extended_system import WallPoints
from .fold_walls import RealWall, is_singular_solution, real_wall, settled_pieces
from .following import followed_points
from .kinds import Question, listed_wall, questions
from .loss_curves import LossCurves
from .pieces import pieces_of_filter, random_pieces, real_forms, with_scale
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS
from .uncounted_escapes import is_uncounted_escape

__all__ = ["check_walls"]

#: A leading coefficient below this one belongs to a root at infinity.
SMALL_LEAD = 1e-13
#: Derivatives of losses that differ by less, relative to them, are equal.
EQUAL_SLOPES = 1e-12


def check_walls(
    segment: Segment, found: Sequence[Wall], chambers: Sequence[Chamber], complete: bool
) -> list[tuple[Question, RealWall] | None]:
    """Check that every wall solves the equations of its kind, and that none is listed twice.

    Parameters
    ----------
    segment : Segment
    found : sequence of Wall
        In the order of t.
    chambers : sequence of Chamber
        The intervals between them, in their order.
    complete : bool
        Whether the file says that it is complete. If not, minima whose losses touch are taken for an exchange.

    Returns
    -------
    list
        For each wall its kind on its stratum, and the solution; None for exchanges and multiple solutions.

    Raises
    ------
    InputError
        With one line that names the first wall that is none.
    """
    known: dict[tuple[object, str], list[Question]] = {}
    for question in questions(segment.arch):
        known.setdefault((question.pattern, question.kind), []).append(question)
    solutions: list[tuple[Question, RealWall] | None] = []
    for i, wall in enumerate(found):
        if any(_are_one(wall, other) for other in found[:i]):
            raise InputError(f"walls[{i}]: the same wall as one before it; expected every wall once")
        beside = [
            number
            for number, chamber in enumerate(chambers)
            if min(abs(chamber.start - wall.t), abs(chamber.end - wall.t)) <= WALLS.together
        ]
        near = [chambers[number] for number in beside]
        asked, solution = known.get((wall.pattern, wall.kind), []), None
        if wall.kind == "exchange":
            if not any(_is_exchange(LossCurves(segment, found, chambers, number), wall, complete) for number in beside):
                raise InputError(
                    f"walls[{i}]: no exchange at t = {wall.t!r}; expected the filter of a minimum of least loss, and "
                    "another minimum of the same loss that falls faster"
                )
        elif wall.multiplicity == 1:
            solution = _solved(segment, asked, wall, near)
        solutions.append(solution)
        if not (
            solution is not None
            or (wall.kind == "exchange" and wall.multiplicity == 1)
            or _is_passage_of_all(segment, asked, wall)
            or is_uncounted_escape(segment, asked, wall, near)
            or _is_tangency(segment, asked, wall, near)
            or _is_singular(segment, asked, wall, near)
        ):
            multiple = "" if wall.multiplicity == 1 else f" of multiplicity {wall.multiplicity}"
            raise InputError(
                f"walls[{i}]: no {wall.kind}{multiple} at t = {wall.t!r}; "
                "expected a solution of the equations of this kind"
            )
    return solutions


def _are_one(wall: Wall, other: Wall) -> bool:
    same = (wall.kind, wall.pattern) == (other.kind, other.pattern) and abs(wall.t - other.t) <= WALLS.together
    # All filters of escapes are zero, and several of one stratum can be at one t.
    apart = float(np.linalg.norm(wall.filter - other.filter))
    return same and wall.kind != "escape" and apart <= WALLS.same * float(np.linalg.norm(wall.filter))


def _is_exchange(curves: LossCurves, wall: Wall, complete: bool) -> bool:
    """Whether the wall has a minimum of least loss at t, and another one has the same loss there and falls faster."""
    at = curves.at(min(max(wall.t, curves.chamber.start), curves.chamber.end))
    minima = np.array([point.minimum is True for point in curves.points], bool) & np.isfinite(at.losses)
    slack = WALLS.same * (1 + abs(wall.loss))
    if (at.losses[minima] < wall.loss - slack).any():
        return False
    least = minima & (np.abs(at.losses - wall.loss) <= slack)
    own = least & (np.linalg.norm(at.filters - wall.filter, axis=1) <= WALLS.joined * np.linalg.norm(wall.filter))
    return any(
        k != i and (not complete or at.slopes[k] < at.slopes[i] - EQUAL_SLOPES * (1 + abs(at.slopes[i])))
        for i in np.flatnonzero(own)
        for k in np.flatnonzero(least)
    )


def _solved(
    segment: Segment, asked: Sequence[Question], wall: Wall, beside: Sequence[Chamber]
) -> tuple[Question, RealWall] | None:
    """The kind of wall whose equations have a solution at t and the filter of a wall, and the solution."""
    for question, point in _points(segment, asked, wall, beside):
        embedding = question.embedding(segment.arch)
        real = real_wall(question.condition, point, segment.line(embedding), np.inf)
        if real is None or not abs(segment.place(real.t) - wall.t) <= WALLS.moved:
            continue
        inside = replace(real, t=min(max(real.t, 0.0), 1.0))
        if _are_near(segment, listed_wall(segment, question, embedding, inside, None), wall):
            return question, inside
    return None


def _is_singular(segment: Segment, asked: Sequence[Question], wall: Wall, beside: Sequence[Chamber]) -> bool:
    """Whether the filter of a wall is a singular solution of the equations of its kind."""
    for question, point in _points(segment, asked, wall, beside):
        line = segment.line(question.embedding(segment.arch))
        if not _is_zero(segment, question, wall):
            if is_singular_solution(question.condition, point, line):
                return True
            continue
        settled = settled_pieces(question.condition, point, line)
        if settled is not None and is_singular_solution(question.condition, settled, line, WALLS.joined):
            return True
    return False


def _points(
    segment: Segment, asked: Sequence[Question], wall: Wall, beside: Sequence[Chamber]
) -> Iterator[tuple[Question, WallPoints]]:
    """Points on `Segment.line` at t with the filter of a wall, for each question that has walls."""
    for question in asked:
        embedding, condition = question.embedding(segment.arch), question.condition
        line = segment.line(embedding)
        if not any(line.motion) or not condition.count(line.motion):
            continue
        place, (gram, b) = segment.place_on_line(wall.t), segment.sizes
        b *= segment.multiple(wall.t) or 1.0
        for start in _starts(segment, question, wall, beside):
            near = [np.concatenate([[0.0], start[1:]])]
            if not _is_zero(segment, question, wall):
                # Where more roots coincide than at a wall of generic data, pieces are not found from their product.
                given = condition.coordinates, embedding.positions, wall.filter, start
                near = [pieces for pieces in (pieces_of_filter(*given), with_scale(*given)) if pieces is not None]
            for pieces in near:
                parts = [pieces[1:]], [[pieces[0] * gram / b, 1.0]], [[1 - place, place]]
                yield question, WallPoints(*(np.array(part, complex) for part in parts))


def _is_zero(segment: Segment, question: Question, wall: Wall) -> bool:
    """Whether the filter tells nothing of its pieces. Special data can have other walls than escapes there."""
    gram, b = segment.sizes
    nothing = float(np.linalg.norm(wall.filter)) <= WALLS.joined**2 * b / gram
    return nothing or isinstance(question.condition, PassageThroughZero)


def _are_near(segment: Segment, one: Wall, wall: Wall) -> bool:
    gram, b = segment.sizes
    size = max(float(np.linalg.norm(wall.filter)), WALLS.joined * b / gram)
    apart = float(np.linalg.norm(one.filter - wall.filter))
    return apart <= WALLS.joined * size


def _is_passage_of_all(segment: Segment, asked: Sequence[Question], wall: Wall) -> bool:
    """Whether a wall is the escape of all critical filters of a stratum, where b(t) is zero."""
    at = segment.zero
    if wall.kind != "escape" or not asked or at is None:
        return False
    return abs(wall.t - at) <= WALLS.together and not wall.filter.any()


def _is_tangency(segment: Segment, asked: Sequence[Question], wall: Wall, beside: Sequence[Chamber]) -> bool:
    """Whether a fold is one of filters without residual, on a segment of singular Σ; see `tangencies`."""
    if not segment.is_singular or wall.kind != "fold" or not asked:
        return False
    embedding, loss = asked[0].embedding(segment.arch), segment.loss(wall.t)
    stratum = embedding.stratum
    if float(np.linalg.norm(loss.gram @ wall.filter - loss.b)) > WALLS.without_residual * float(np.linalg.norm(loss.b)):
        return False
    values, vectors = np.linalg.eigh(loss.gram)
    image = vectors[:, values > WALLS.singular * values[-1]]
    spread = np.zeros((segment.arch.filter_size, stratum.filter_size))
    np.add.at(spread, (np.array(embedding.positions), np.arange(stratum.filter_size)), 1.0)
    for start in _starts(segment, asked[0], wall, beside):
        pieces = pieces_of_filter(stratum, embedding.positions, wall.filter, start)
        if pieces is not None:
            tangents = equations_of(stratum).tangent_space(pieces[None].astype(complex))[0]
            singular = np.linalg.svd(image.T @ (loss.gram @ (spread @ tangents)), compute_uv=False)
            if len(singular) < stratum.dimension or singular[-1] <= WALLS.joined * singular[0]:
                return True
    return False


def _starts(segment: Segment, question: Question, wall: Wall, beside: Sequence[Chamber]) -> Iterator[Real]:
    """Scalars and pieces near those of a wall: of critical points beside it, followed almost to t, and random ones."""
    condition = question.condition
    zero = _is_zero(segment, question, wall)
    for chamber in beside:
        points = [point for point in chamber.points.real if point.stratum == question.pattern and _is_isolated(point)]
        if not points:
            continue
        inside = WALLS.margin * (chamber.middle - wall.t)
        for t in [wall.t + part * inside for part in ((0.0, 1.0, WALLS.margin, WALLS.margin**2) if zero else (1.0,))]:
            found, filters, _ = followed_points(segment, question.pattern, points, (chamber.middle, t))
            order = np.argsort(np.linalg.norm(filters - wall.filter, axis=1))
            factors = real_forms(question.embedding(segment.arch).stratum, found.factors)
            for row in order:
                yield from _pieces_of_factors(condition, factors[row])
    yield from random_pieces(condition.coordinates)


def _is_isolated(point: CriticalPoint) -> bool:
    return point.coordinates is not None and point.isolated


def _pieces_of_factors(condition: Condition, factors: Real) -> Iterator[Real]:
    """The scalar one and the pieces of a condition from factors; where two roots coincide, the nearest ones first."""
    if not isinstance(condition, Coincidence):
        yield np.concatenate([[1.0], factors])
        return
    stratum = condition.stratum
    ends = np.cumsum([0, *(factor.degree + 1 for factor in stratum.factors)])
    forms = [factors[a:b] for a, b in pairwise(ends)]
    with np.errstate(all="ignore"):
        roots = [_roots(form) for form in forms]
    f, g = condition.factors
    numbers = [range(len(roots[h])) for h in (f, g)]
    pairs = combinations(numbers[0], 2) if f == g else product(*numbers)
    for i, k in sorted(pairs, key=lambda pair: abs(roots[f][pair[0]] - roots[g][pair[1]])):
        left = [np.delete(r, [j for h, j in ((f, i), (g, k)) if h == number]) for number, r in enumerate(roots)]
        middle = (roots[f][i] + roots[g][k]).real / 2
        yield np.concatenate([[1.0], *(np.atleast_1d(np.poly(r)).real for r in left), [1.0, -middle]])


def _roots(form: Real) -> Complex:
    """All roots of a form in place of which those at infinity are far away."""
    lead = np.where(np.abs(form[:1]) > SMALL_LEAD, form[:1], SMALL_LEAD)
    return np.asarray(np.roots(np.concatenate([lead, form[1:]])), complex)
