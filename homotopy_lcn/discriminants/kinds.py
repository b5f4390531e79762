"""Which kinds of walls a stratum of a network has, and by which equations they are found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from ..equations.critical_equations import equations_of
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.patterns import Pattern
from ..networks.strata import Embedding
from .conditions import Coincidence, Condition, Fold, PassageThroughZero
from .fold_walls import RealWall
from .records import Wall
from .segments import Segment
from .tolerances import WALLS

__all__ = ["Question", "listed_wall", "questions"]


class Question(NamedTuple):
    """One kind of wall of one stratum."""

    pattern: Pattern
    kind: str
    condition: Condition

    def embedding(self, arch: Architecture) -> Embedding:
        """How the stratum lies in the filters of the network."""
        return Embedding.of_pattern(arch, self.pattern)


def questions(arch: Architecture) -> Iterator[Question]:
    """All kinds of walls of all strata of a network, those of exchanges apart.

    Two roots that coincide matter in blocks of several layers. If the network has the stratum on which they are one
    root of a higher multiplicity, a point of that stratum is there, too: a pitchfork. Else a double root may change
    which factors are real, and with them which critical parameters are.
    """
    patterns = [row.pattern for row in generic_count(arch)]
    for pattern in patterns:
        embedding = Embedding.of_pattern(arch, pattern)
        stratum = embedding.stratum
        if stratum.dimension == 1:
            continue
        yield Question(pattern, "fold", Fold(stratum))
        yield Question(pattern, "escape", PassageThroughZero(stratum))
        for f, g in combinations_with_replacement(range(len(stratum.factors)), 2):
            block = embedding.blocks[f]
            enough = stratum.factors[f].degree > 1 if f == g else block == embedding.blocks[g]
            if not enough or len(arch.layer_degrees[block]) == 1:
                continue
            parts = list(pattern[block])
            for factor in (f, g):
                parts.remove(stratum.factors[factor].power)
            parts.append(stratum.factors[f].power + stratum.factors[g].power)
            deeper = (*pattern[:block], tuple(sorted(parts, reverse=True)), *pattern[block + 1 :])
            if deeper in patterns:
                yield Question(pattern, "pitchfork", Coincidence(stratum, (f, g)))
            elif f == g:
                yield Question(pattern, "membership", Coincidence(stratum, (f, g)))


def listed_wall(
    segment: Segment, question: Question, embedding: Embedding, wall: RealWall, certified: bool | None
) -> Wall:
    """A real wall on `Segment.line` as it is listed, with its filter of the network and the t of the segment."""
    coordinates = np.concatenate([[wall.scale], wall.factors])[None].astype(complex)
    own = equations_of(question.condition.coordinates).filters(coordinates)
    t = segment.place(wall.t)
    # At an end of the segment several walls can be at one place, which rounding must not move apart.
    t = next((end for end in (0.0, 1.0) if abs(t - end) <= WALLS.narrow), t)
    w = segment.filters(embedding, own, t)[0].real
    return Wall(t, question.kind, question.pattern, w, float(segment.loss(t)(w)), certified, wall.multiplicity)
