"""Which walls and chambers are proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..certification.certificates import certificate
from ..losses.squared_loss import SquaredLoss
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from ..solving.solve import critical_points
from .fold_walls import RealWall
from .kinds import Question
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS
from .wall_proofs import ExactLine, ProvedWall, prove_exchange, prove_wall

__all__ = ["certified_chambers", "certified_exchanges", "proofs_of_walls"]


def proofs_of_walls(
    segment: Segment, exact: ExactLine, question: Question, found: Sequence[RealWall]
) -> list[bool | None]:
    """For each real wall of one kind of one stratum True, or None if it is not proved, or not to be another one."""
    embedding = Embedding.of_pattern(segment.arch, question.pattern)
    gram, b = segment.sizes
    proofs = [
        prove_wall(exact, embedding, question.condition, (segment.place(wall.t), wall.factors, wall.scale * b / gram))
        for wall in found
    ]
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
