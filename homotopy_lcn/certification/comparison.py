"""Is a proved point the point that a result describes? Yes, no, or undecided: then more bits may decide it.

A statement of the result is contradicted only if an enclosure excludes it. The filter and the loss of a result are
rounded, so they agree with the proved ones if they differ by less than a tolerance (`tolerances`). The proofs may be
about exact data, and the result about the nearest doubles. Then the critical point of the doubles is another one, close
by. How far it is moved follows, to first order, from the derivative of the equations: with the Jacobian matrix J, the
tangent vectors T = (v, ∂v) and the derivatives S = (v, c ∂v) of the filter w, a change of Σ and b moves w by
−Sᵀ J⁻¹ T (ΔΣ w − Δb).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..arrays import Real
from ..losses.exact_data import ExactData
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Stratum
from ..networks.support_networks import SupportNetwork
from ..results.points import CriticalPoint
from ._flint import acb, arb, working_precision
from .completeness import ProvedPoints
from .conclusions import Claims, stratum_of
from .krawczyk_in_balls import Ball, BallEquations
from .parameters import composed_near, contradiction_of_parameters
from .point_proofs import Proof, ProvedPoint, TogetherProved
from .tolerances import CERTIFICATION

__all__ = ["Comparison", "Finding"]

#: Reasons why a point is not certified.
NOT_NEAR = "no critical point proved near the filter"
OTHER_LOSS = "the loss is proved to differ"
UNDECIDED_NEAR = "undecided whether the critical point proved is near the filter: its enclosure is too wide"
OTHER_PRODUCT = "the product of its parameters is another filter"
UNDECIDED_LOSS = "undecided whether the loss is as stated: its enclosure is too wide"

#: How much farther than the filter its factors may move, when exact data are rounded to doubles.
ROUNDED_FACTORS = 1e3


class Finding(NamedTuple):
    """Why a proved point is not the point of the result, None if it is; and whether more bits cannot change this."""

    reason: str | None
    decided: bool = True


class Comparison:
    """Compares proved points with the points of a result.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Of the result: the point of the result is a critical point of its doubles.
    data : ExactData
        The proofs are about these data.
    """

    def __init__(self, arch: Architecture, loss: SquaredLoss, data: ExactData) -> None:
        self.arch = arch
        self.data = data
        self.rounding = _Rounding.of(loss, data)

    def findings(
        self, points: Sequence[CriticalPoint], proofs: Sequence[Proof], mirrored: Sequence[bool]
    ) -> list[Finding]:
        """For each point the finding on its proof; ``mirrored`` says where the proof is of the conjugate point."""
        together = [
            row
            for row, (point, proof) in enumerate(zip(points, proofs, strict=True))
            if isinstance(proof, TogetherProved) and not point.real and point.smooth is not False
        ]
        agreeing = set(together).intersection(self._agreeing(points, proofs, mirrored, together))
        return [
            Finding(None) if row in agreeing else self.finding(point, proof.whole.mirrored() if mirror else proof.whole)
            for row, (point, proof, mirror) in enumerate(zip(points, proofs, mirrored, strict=True))
        ]

    def finding(self, point: CriticalPoint, proof: ProvedPoint) -> Finding:
        """The finding on one point."""
        with working_precision(max(proof.precision, CERTIFICATION.first_precision)):
            # In balls, where no square overflows.
            norm = sum((abs(acb(w)) ** 2 for w in point.filter.tolist()), arb(0)).sqrt()
            distances = [abs(x - acb(w)) for w, x in zip(point.filter.tolist(), proof.solution.filter, strict=True)]
            limit, loss_limit = arb(CERTIFICATION.agreement) * norm, _loss_limit(proof.claims, norm)
            distance = abs(proof.claims.loss - acb(point.loss))
            if not (all(one < limit for one in distances) and distance < loss_limit):
                moved, loss_moved = self._moves(proof)
                if moved < CERTIFICATION.most_moved * norm:
                    limit, loss_limit = limit + 2 * moved, loss_limit + 2 * loss_moved
            if any(one > limit for one in distances):
                return Finding(NOT_NEAR)
            if not all(one < limit for one in distances):
                return Finding(UNDECIDED_NEAR, decided=False)
            reason = _contradiction(point, proof)
            if reason is not None:
                return Finding(reason)
            if distance > loss_limit:
                return Finding(OTHER_LOSS)
            if not distance < loss_limit:
                return Finding(UNDECIDED_LOSS, decided=False)
            return Finding(self._parameters(point, proof))

    def _parameters(self, point: CriticalPoint, proof: ProvedPoint) -> str | None:
        """Why the parameters of a point are not those of the proved filter, or None."""
        if not point.parameters:
            return None
        if not composed_near(self.arch, [point], point.filter[None])[0]:
            return OTHER_PRODUCT
        proved = proof.claims.parameters
        if not point.real or proved is None or point.also_on:
            return None
        # Over a singular point of the function space are further θ.
        number = sum(one.number for one in proved)
        if proof.claims.smooth is not True and not (
            isinstance(self.arch, SupportNetwork) and 0 < number == len(point.parameters)
        ):
            return None
        reason = contradiction_of_parameters(self.arch, point, proved, 0.0)
        if reason is None or self.rounding is None:
            return reason
        moved = float(self._moves(proof)[0].mid()) / float(np.linalg.norm(point.filter))
        margin = ROUNDED_FACTORS * moved
        return contradiction_of_parameters(self.arch, point, proved, margin) if margin < 1 else None

    def _agreeing(
        self,
        points: Sequence[CriticalPoint],
        proofs: Sequence[Proof],
        mirrored: Sequence[bool],
        rows: Sequence[int],
    ) -> list[int]:
        """Which points that are not real, proved together in doubles, agree with their proofs beyond doubt."""
        if not rows:
            return []
        chosen = [proofs[row] for row in rows]
        mirrors = [row if mirrored[row] else None for row in rows]
        enclosed = ProvedPoints(chosen, mirrors, self.arch.filter_size)
        stated = np.array([points[row].filter for row in rows])
        norms = np.linalg.norm(enclosed.middles, axis=1)
        limits = CERTIFICATION.agreement * norms[:, None]
        near = (np.abs(stated - enclosed.middles) + enclosed.radii < limits).all(axis=1)
        near &= composed_near(self.arch, [points[row] for row in rows], enclosed.middles)
        result = []
        for row, proof, is_near, norm in zip(rows, chosen, near.tolist(), norms.tolist(), strict=True):
            if is_near and isinstance(proof, TogetherProved):
                middle, radius = proof.loss
                middle = middle.conjugate() if mirrored[row] else middle
                limit = CERTIFICATION.agreement * (abs(middle.real) + norm + 1 + abs(middle))
                if abs(middle - points[row].loss) + radius < limit:
                    result.append(row)
        return result

    def _moves(self, proof: ProvedPoint) -> tuple[Ball, Ball]:
        """How far rounding the data to doubles moves the filter, and the loss."""
        if self.rounding is None:
            return arb(0), arb(0)
        stratum = Stratum.of_layers(self.arch) if proof.in_parameters else stratum_of(self.arch, proof.pattern)
        equations = BallEquations(stratum, self.data)
        middles = [x.mid() for x in proof.solution.coordinates]
        try:
            response = equations.response(proof.box.chart, middles)
        except ZeroDivisionError:
            return arb("inf"), arb("inf")
        w = np.array([float(abs(x.mid())) for x in proof.solution.filter])
        change = self.rounding.gram @ w + self.rounding.b
        moves = np.abs(response) @ change
        in_loss = w @ self.rounding.gram @ w + 2 * (self.rounding.b @ w) + self.rounding.constant + moves @ change
        return arb(float(np.linalg.norm(moves))), arb(float(in_loss))


class _Rounding(NamedTuple):
    """Bounds of the differences between exact data and the doubles of a loss."""

    gram: Real
    b: Real
    constant: float

    @classmethod
    def of(cls, loss: SquaredLoss, data: ExactData) -> _Rounding | None:
        """None if there is no difference."""
        doubles = ExactData.of_doubles(loss.gram, loss.b, loss.constant)
        if doubles == data:
            return None
        pairs = zip(data.gram, doubles.gram, strict=True)
        gram = [[float(abs(x - y)) for x, y in zip(*rows, strict=True)] for rows in pairs]
        b = [float(abs(x - y)) for x, y in zip(data.b, doubles.b, strict=True)]
        return cls(np.array(gram), np.array(b), float(abs(data.constant - doubles.constant)))


def _loss_limit(claims: Claims, norm: Ball) -> Ball:
    """By how much a stated loss may differ from the proved one."""
    size = abs(arb(claims.loss.real.mid())) + abs(acb(claims.loss.real.mid(), claims.loss.imag.mid()))
    return arb(CERTIFICATION.agreement) * (size + norm + 1)


def _contradiction(point: CriticalPoint, proof: ProvedPoint) -> str | None:
    """Which answer on the point is disproved, or not decided though it has to be; None if there is none."""
    claims = proof.claims
    if not claims.exact_pattern and not proof.in_parameters:
        return "not proved to lie on its stratum: factors may have a common root"
    if claims.real is None:
        return "undecided whether real"
    if claims.real != point.real:
        return f"proved to be {'real' if claims.real else 'not real'}"
    for name in ("in_function_space", "attained", "interior", "smooth"):
        stated, proved = getattr(point, name), getattr(claims, name)
        if stated is not None and proved is not None and stated != proved:
            return f"{name} is proved to be {str(proved).lower()}"
    if point.real and claims.indices is not None and not point.also_on:
        stated_indices = Counter(index for index in point.indices if index is not None)
        proved_indices = Counter(index for index in claims.indices if index is not None)
        # At a singular point of the function space there are further θ over the filter.
        too_few = claims.smooth is True and len(point.indices) != len(claims.indices)
        if too_few or proved_indices - stated_indices:
            return f"the indices are proved to be {list(claims.indices)}"
    return None
