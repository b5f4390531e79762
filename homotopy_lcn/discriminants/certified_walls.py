"""Which walls and chambers are proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from ..certification.certificates import certificate
from ..errors import InputError
from ..losses.squared_loss import SquaredLoss
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from ..solving.solve import critical_points
from .exact_walls import ExactLine
from .fold_walls import RealWall
from .joining import written
from .kinds import Question
from .records import Chamber, Wall, WallStratum
from .segments import Segment
from .tolerances import WALLS
from .wall_proofs import ProvedWall, prove_exchange, prove_wall

__all__ = ["certified_chambers", "certified_exchanges", "proofs_of_walls", "unprovable_walls", "with_checked_proofs"]


def proofs_of_walls(
    segment: Segment, exact: ExactLine, question: Question, found: Sequence[RealWall]
) -> list[bool | None]:
    """For each real wall of one kind of one stratum True, or None if it is not proved, or not to be another one."""
    embedding = Embedding.of_pattern(segment.arch, question.pattern)
    gram, b = segment.sizes
    proofs = []
    for wall in found:
        t = segment.place(wall.t)
        place = t, wall.factors, wall.scale * b / gram * segment.multiple(t)
        proofs.append(prove_wall(exact, embedding, question.condition, place))
    return _distinct(proofs)


def _distinct(proofs: Sequence[ProvedWall | None]) -> list[bool | None]:
    return [
        True
        if proof is not None and all(other is None or other is proof or proof.differs_from(other) for other in proofs)
        else None
        for proof in proofs
    ]


def certified_exchanges(
    segment: Segment, exact: ExactLine, found: Sequence[Wall], chambers: Sequence[Chamber]
) -> list[Wall]:
    """The walls, with `certified` set for exchanges.

    It is proved that two critical points have equal loss at one t. Which points these are, the chambers on both sides
    tell: those that are the global minimum before and after.
    """
    result = []
    for wall in found:
        if wall.kind == "exchange":
            pair = _exchanged(segment, wall, chambers)
            proof = None if pair is None else prove_exchange(exact, pair, wall.t)
            wall = replace(wall, certified=True if proof is not None else None)
        result.append(wall)
    return result


def _exchanged(
    segment: Segment, wall: Wall, chambers: Sequence[Chamber]
) -> tuple[tuple[Embedding, np.ndarray], tuple[Embedding, np.ndarray]] | None:
    """The two critical points of least loss at an exchange, on their strata."""
    before, after = (
        next((c for c in chambers if abs(getattr(c, end) - wall.t) <= WALLS.together), None) for end in ("end", "start")
    )
    if before is None or after is None or before.global_minimum == after.global_minimum:
        return None
    points = critical_points(segment.arch, segment.loss(wall.t)).real
    near = [
        point
        for point in points
        if point.coordinates is not None
        and abs(float(np.real(point.loss)) - wall.loss) <= WALLS.joined * (1 + abs(wall.loss))
        and point.minimum
    ]
    if len(near) != 2:
        return None
    first, second = ((Embedding.of_pattern(segment.arch, point.stratum), _real(point)) for point in near)
    return first, second


def _real(point: CriticalPoint) -> np.ndarray:
    """The scalar and the factors of a real point on its stratum, in real numbers."""
    assert point.coordinates is not None
    return np.asarray(point.coordinates.real)


def certified_chambers(exact: ExactLine, chambers: Sequence[Chamber], seed: int) -> tuple[Chamber, ...]:
    """The chambers, with certificates of their points for the exact data in their middles."""
    result = []
    for chamber in chambers:
        data = exact.at(chamber.middle)
        loss = SquaredLoss.from_exact(data.gram, data.b, data.constant)
        points = critical_points(chamber.points.architecture, loss, seed=seed)
        proofs = certificate(points)
        same = [point.stratum for point in points.real] == [point.stratum for point in chamber.points.real]
        if same and proofs.complete:
            chamber = replace(chamber, points=proofs.result, certified=True)
        result.append(chamber)
    return tuple(result)


def unprovable_walls(found: Sequence[Wall], strata: Sequence[WallStratum]) -> tuple[str, ...]:
    """The walls that Krawczyk's test cannot prove, in words, with the reason: it proves nonsingular solutions alone."""
    counted = {(row.pattern, row.kind) for row in strata if row.generic}
    result = []
    for wall in found:
        if wall.certified:
            continue
        if wall.kind == "escape" and (wall.pattern, wall.kind) not in counted:
            reason = "is one that generic data do not have, and is confirmed in 80 digits"
        elif wall.multiplicity > 1:
            reason = f"is a solution of multiplicity {wall.multiplicity}, confirmed in many digits"
        else:
            continue
        result.append(f"the {wall.kind} at t = {wall.t!r} of the stratum {written(wall.pattern)} {reason}")
    return tuple(result)


def with_checked_proofs(
    segment: Segment,
    found: Sequence[Wall],
    chambers: Sequence[Chamber],
    solutions: Sequence[tuple[Question, RealWall] | None],
) -> tuple[tuple[Wall, ...], tuple[Chamber, ...]]:
    """Walls and chambers of a file, of which those that it calls proved are proved again.

    Without python-flint nothing is proved, whatever the file says.

    Parameters
    ----------
    segment : Segment
    found : sequence of Wall
    chambers : sequence of Chamber
    solutions : sequence
        For each wall its kind on its stratum and the solution of its equations, as `check_walls` finds them.

    Raises
    ------
    InputError
        If a proof fails.
    """
    stated = [i for i, wall in enumerate(found) if wall.certified], [i for i, c in enumerate(chambers) if c.certified]
    if not any(stated):
        return tuple(found), tuple(chambers)
    if find_spec("flint") is None:
        bare = tuple(replace(chamber, certified=None) for chamber in chambers)
        return tuple(replace(wall, certified=None) for wall in found), bare
    exact = ExactLine.of(segment)
    again = certified_exchanges(segment, exact, [replace(wall, certified=None) for wall in found], chambers)
    for i, wall in enumerate(found):
        if solutions[i] is None and wall.kind == "escape" and exact.has_zero:
            again[i] = replace(again[i], certified=True)
    for question in dict.fromkeys(solution[0] for solution in solutions if solution is not None):
        rows = [i for i, solution in enumerate(solutions) if solution is not None and solution[0] == question]
        proofs = proofs_of_walls(segment, exact, question, [solutions[i][1] for i in rows])  # type: ignore[index]
        for i, proof in zip(rows, proofs, strict=True):
            again[i] = replace(again[i], certified=proof)
    for i in stated[0]:
        if not again[i].certified:
            raise InputError(f"walls[{i}].certified: true; expected null, as the proof fails")
    for i in stated[1]:
        points, data = chambers[i].points, exact.at(chambers[i].middle)
        known = points.loss.exact
        same = known is not None and (known.gram, known.b) == (data.gram, data.b)
        if not same or not certificate(points).complete:
            raise InputError(f"chambers[{i}].certified: true; expected no such entry, as the proof fails")
    return tuple(found), tuple(chambers)
