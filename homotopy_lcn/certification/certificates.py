"""Certificates: every critical point of a result is proved to exist, to be isolated, and to differ from all others.

`certify` takes the approximate points of a result and proves them by Krawczyk's test. Most points are proved together
in doubles with rigorous bounds of all rounding errors (`krawczyk_in_discs`), the other points in ball arithmetic with
as many bits as the proof needs (`point_proofs`). All conclusions are drawn from the boxes (`conclusions`,
`completeness`). The proved points are compared with the points of the result (`comparison`). Points are proved again
with more bits if their enclosures or their losses overlap, or if they are too wide to be compared.

If as many distinct points of a stratum are certified as its exact generic count says, there is no other isolated point:
a nonsingular solution continues to nearby generic data, distinct solutions continue to distinct solutions, and nearby
generic data have no more solutions than the generic count. For special Gram matrices the exact number takes the place
of the generic count (`exact_numbers`). The Gram matrix and the moment vector are the exact data of the result, if it
has exact data, and otherwise its doubles taken as exact rational numbers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import ComparedByValue, Real
from ..doors import ShownInNotebooks, door
from ..errors import InputError, check_integer
from ..files import write_atomically
from ..losses.exact_data import ExactData
from ..losses.image_samples import patches_of_samples, samples_of
from ..losses.preparation import Preparation
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..results.merging import are_conjugate
from ..results.points import quantity
from ..results.result import CriticalPoints
from ..results.statements import describe_edit, describe_paths, quantity_of_continua
from ._flint import in_standard_precision, working_precision
from .checks import Check
from .comparison import Comparison, Finding
from .completeness import ProvedPoints, Statement, describe_statement, has_lower_bound, state, undecided_order
from .conclusions import stratum_of
from .krawczyk_in_balls import BallEquations, data_of_patches
from .point_proofs import Proof, ProvedPoint, bits_of, prove_all, prove_point
from .tolerances import CERTIFICATION

__all__ = ["SOURCES", "Certificate", "certificate", "certify"]

#: Where the data of a certificate are from: the loss as it is, or numbers that the loss is rounded from.
SOURCES = ("the doubles of the loss", "the exact numbers of the loss", "exact sums over the samples of the loss")
#: X (N, d_0) and Y (N, d_L).
Samples = tuple[ArrayLike, ArrayLike]


@dataclass(frozen=True, eq=False)
class Certificate(ComparedByValue, ShownInNotebooks):
    """The proofs for a result. It can be pickled and copied; certificates are equal if all attributes are equal.

    Attributes
    ----------
    architecture : Architecture
    data : ExactData
        Gram matrix, moment vector and constant that all proofs are for.
    points : ProvedPoints
        A sequence of `ProvedPoint`.
    statement : Statement
    result : CriticalPoints
        The result with `certified` set for each point.
    rows : tuple of (int or None)
        For each point of the result, its position in `points`.
    reasons : tuple of (str or None)
        For each point of the result, the reason why it is not certified.
    """

    architecture: Architecture
    data: ExactData
    points: ProvedPoints
    statement: Statement
    result: CriticalPoints
    rows: tuple[int | None, ...]
    reasons: tuple[str | None, ...]

    @property
    def complete(self) -> bool:
        """Whether all points are certified, and there are no other isolated critical points with w ≠ 0."""
        return self.statement.complete and not any(self.reasons)

    @property
    def source(self) -> str:
        """Where the data are from, one of `SOURCES`."""
        loss = self.result.loss
        if loss.exact is not None and self.data == loss.exact:
            return SOURCES[1]
        return SOURCES[0 if self.data == ExactData.of_doubles(loss.gram, loss.b, loss.constant) else 2]

    @property
    def in_doubles(self) -> int:
        """How many points were proved in doubles; all other points were proved in ball arithmetic."""
        return sum(proof.in_doubles for proof in self.points.proofs)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the certificate to a file, or return it as text; ``homotopy-lcn certify --check`` verifies the file.

        Parameters
        ----------
        path : path, optional
            The file to write, whole or not at all. None (the default) and ``"-"`` return the text.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text: str = door("certificate_text")(self)
        if path is None or path == "-":
            return text
        write_atomically(path, text)
        return None

    @classmethod
    def from_json(cls, path: str | os.PathLike[str], *, jobs: int = 1) -> Certificate:
        """Read a certificate that `to_json` or ``homotopy-lcn certify -o`` wrote, and verify it.

        Every box is proved anew. `result` is made from the proved points: it has their filters, losses and proved
        answers, and the real critical θ over them. What a certificate does not hold, such as continua, the seed and
        condition numbers, the result does not have.

        Parameters
        ----------
        path : path
        jobs : int
            Number of processes, where there are enough points.

        Raises
        ------
        InputError
            If the file cannot be read as a certificate, or something in it cannot be verified.
        """
        return door("read_certificate")(path, jobs)

    def check(self, *, jobs: int = 1) -> Check:
        """Verify the certificate from its data and boxes alone, in discs and balls, as its file would be.

        Parameters
        ----------
        jobs : int
            Number of processes, where there are enough points.

        Returns
        -------
        Check
            ``failures`` is empty if everything in the certificate is proved.
        """
        return door("check_certificate")(self, jobs)

    @in_standard_precision
    def __str__(self) -> str:
        """A summary to quote."""
        statement, count = self.statement, len(self.result)
        lines = [
            f"{self.result.counts.certified or 0} of {quantity(count, 'point', 'points')} certified, pairwise distinct"
        ]
        reasons = [f"  point {row}: {reason}" for row, reason in enumerate(self.reasons) if reason]
        lines += reasons[: CERTIFICATION.most_reasons]
        if (left := len(reasons) - CERTIFICATION.most_reasons) > 0:
            lines.append(f"  and {left} more")
        lines += describe_edit(self.result)
        lines += describe_statement(statement)
        if number := len(self.result.continua):
            beside = f"{quantity_of_continua(number)}, which {'is' if number == 1 else 'are'} not certified"
            lines[-1:] = [f"{lines[-1]}, and {beside}"] if statement.complete else [lines[-1], beside]
        if not statement.complete:
            if self.result.zero_residual is not None:
                lines.append(
                    "with few samples, completeness can be proved from the samples themselves (samples=(X, Y)): sums "
                    "rounded to doubles have another rank"
                )
            lines.append(f"other paths, numerically: {describe_paths(self.result) or 'none'}")
        lines += [f"loss order of the real points: {_proof(statement.ordered)}"]
        if statement.global_minimum is not None:
            lines.append(f"global minimum: {self.points[statement.global_minimum].claims.loss.real}")
        elif statement.complete:
            lines.append("global minimum: not proved" + self._why_no_minimum())
        return "\n".join(lines)

    def _why_no_minimum(self) -> str:
        if has_lower_bound(self.architecture, self.data):
            return ""
        return (
            ", as the Gram matrix has a negative eigenvalue; rounded sums may have one, the exact ones of samples "
            "(samples=(X, Y)) have none"
        )

    def decimals(self, row: int, digits: int) -> list[tuple[str, str]]:
        """The filter of a point of the result as decimal strings (re, im), wrong by at most one unit in the last digit.

        As many digits are given as are proved, at most ``digits``.
        """
        position = self.rows[row]
        if position is None:
            raise InputError(f"row: point {row} is not certified ({self.reasons[row]}); expected a certified point")
        with working_precision(bits_of(digits) + 64):
            return [(_decimal(x.real, digits), _decimal(x.imag, digits)) for x in self.points[position].solution.filter]


def _proof(proved: bool) -> str:
    return "proved" if proved else "not proved"


def certify(
    result: CriticalPoints, *, digits: int | None = None, samples: Samples | None = None, jobs: int = 1
) -> CriticalPoints:
    """Prove the points of a result; the same points with `certified` set.

    Parameters
    ----------
    result : CriticalPoints
    digits : int, optional
        Number of digits, at most 1000, to which every filter is enclosed.
    samples : pair of array_like, optional
        X (N, d_0) and Y (N, d_L) of which the loss was made. Then the proofs are about their exact Gram matrix and
        moment vector, not about the sums rounded to doubles that the result holds.
    jobs : int
        Number of processes, where there are enough points. Results do not depend on it.

    Returns
    -------
    CriticalPoints
        A point is certified if it is proved that there is exactly one critical point near it, that this critical point
        is real or not as stated and differs from all other points, and if no other statement on it is disproved. Near
        is what differs by rounding: of the filter, and of exact data or samples to the doubles of the result.

    Raises
    ------
    InputError
        If python-flint is not installed, ``digits`` or ``jobs`` is out of range, or the result was not found for the
        samples.

    Examples
    --------
    >>> import homotopy_lcn as hl
    >>> result = hl.critical_points(hl.Architecture((2, 2), (2, 1)), hl.SquaredLoss.white([3.0, 1.0, 1.0, 2.0]))
    >>> certified = hl.certify(result)
    >>> len(certified), certified.counts.certified
    (2, 2)
    """
    return certificate(result, digits=digits, samples=samples, jobs=jobs).result


@in_standard_precision
def certificate(
    result: CriticalPoints, *, digits: int | None = None, samples: Samples | None = None, jobs: int = 1
) -> Certificate:
    """The proofs for the points of a result. Parameters and errors are the same as for `certify`."""
    digits = None if digits is None else check_integer("digits", digits, 1, CERTIFICATION.most_digits)
    jobs = check_integer("jobs", jobs, 1, CERTIFICATION.most_jobs)
    data = _exact_data(result, samples)
    twin = result.architecture.one_dimensional
    if twin is None or twin == result.architecture:
        return _certificate(result, data, digits, jobs)
    proofs = _certificate(result.on_network(twin), data, digits, jobs)
    return replace(proofs, result=proofs.result.on_network(result.architecture))


def _certificate(result: CriticalPoints, data: ExactData, digits: int | None, jobs: int) -> Certificate:
    # Completeness counts all points that are isolated on their strata.
    whole = replace(result, points=(*result.points, *result.on_continua))
    leaders = _leaders(whole)
    firsts = np.unique(leaders).tolist()
    found = dict(zip(firsts, prove_all(whole.architecture, data, [whole[row] for row in firsts], digits, jobs),
                     strict=True))  # fmt: skip
    proved = _Proved(whole, data, leaders, found)
    for precision in CERTIFICATION.more_bits:
        again = proved.undecided()
        if not again:
            break
        proved.prove_again(again, digits, precision)
    reasons = proved.reasons()
    kept = [row for row, reason in enumerate(reasons) if reason is None]
    points = proved.points(kept)
    certified = tuple(point.marked(reason is None) for point, reason in zip(result, reasons, strict=False))
    number = sum(row < len(result) for row in kept)
    marked = replace(result, points=certified, counts=replace(result.counts, certified=number if certified else None))
    positions = {row: position for position, row in enumerate(kept)}
    return Certificate(
        result.architecture, data, points, state(result.architecture, data, points), marked,
        tuple(positions.get(row) for row in range(len(result))), tuple(reasons[: len(result)]),
    )  # fmt: skip


class _Proved:
    """The proofs of the points of a result, while they are compared with the result and with each other."""

    def __init__(
        self, result: CriticalPoints, data: ExactData, leaders: np.ndarray, found: dict[int, Proof | str]
    ) -> None:
        self.result = result
        self.data = data
        self.leaders = leaders.tolist()
        self.found = found
        self.comparison = Comparison(result.architecture, result.loss, data)
        self.findings: dict[int, Finding] = {}
        self._compare(range(len(result)))
        self._latest: tuple[list[int], ProvedPoints] | None = None

    def points(self, rows: list[int]) -> ProvedPoints:
        """The proved points of these rows; a conjugate whose partner is not among the rows stands for itself."""
        if self._latest is None or self._latest[0] != rows:
            self._latest = rows, self._points(rows)
        return self._latest[1]

    def _points(self, rows: Sequence[int]) -> ProvedPoints:
        positions = {row: position for position, row in enumerate(rows)}
        proofs, mirrors = [], []
        for row in rows:
            leader = self.leaders[row]
            proof = self._proof(leader)
            mirror = positions.get(leader) if leader != row else None
            alone = leader != row and mirror is None
            proofs.append(proof.whole.mirrored() if alone else proof)
            mirrors.append(mirror)
        return ProvedPoints(proofs, mirrors, self.result.architecture.filter_size)

    def _proof(self, leader: int) -> Proof:
        proof = self.found[leader]
        if isinstance(proof, str):
            raise LookupError(f"point {leader} is not proved: {proof}")
        return proof

    def reasons(self) -> list[str | None]:
        """For each point, why it is not certified."""
        reasons = [self.findings[row].reason for row in range(len(self.result))]
        kept = [row for row, reason in enumerate(reasons) if reason is None]
        for repeated, earlier in self.points(kept).overlapping:
            if reasons[kept[earlier]] is None:
                reasons[kept[repeated]] = f"not proved to differ from point {kept[earlier]}"
        return reasons

    def undecided(self) -> list[int]:
        """Leaders of the points that more bits may decide.

        The filters or losses of such points are not proved to differ from others, or their enclosures are too wide to
        be compared with the result.
        """
        kept = [row for row, leader in enumerate(self.leaders) if not isinstance(self.found[leader], str)]
        points = self.points(kept)
        pairs = [*points.overlapping, *undecided_order(self.result.architecture, self.data, points)]
        rows = {kept[position] for pair in pairs for position in pair}
        rows |= {row for row, finding in self.findings.items() if not finding.decided}
        return sorted({self.leaders[row] for row in rows})

    def prove_again(self, rows: Sequence[int], digits: int | None, precision: int) -> None:
        """Prove these points with at least ``precision`` bits; where that fails, the earlier proof stays."""
        self._latest = None
        arch = self.result.architecture
        for row in rows:
            earlier, point = self.found[row], self.result[row]
            if not isinstance(earlier, str) and earlier.precision < precision:
                equations = BallEquations(stratum_of(arch, point.stratum), self.data)
                proof = prove_point(arch, equations, point, digits, precision)
                if isinstance(proof, ProvedPoint):
                    self.found[row] = proof
        again = set(rows)
        self._compare([row for row, leader in enumerate(self.leaders) if leader in again])

    def _compare(self, rows: Sequence[int]) -> None:
        """Find whether the proved points of these rows are the points that the result describes."""
        proved = []
        for row in rows:
            proof = self.found[self.leaders[row]]
            if isinstance(proof, str):
                self.findings[row] = Finding(proof)
            else:
                proved.append((row, proof))
        found = self.comparison.findings(
            [self.result[row] for row, _ in proved],
            [proof for _, proof in proved],
            [self.leaders[row] != row for row, _ in proved],
        )
        self.findings.update(zip((row for row, _ in proved), found, strict=True))


def _exact_data(result: CriticalPoints, samples: Samples | None) -> ExactData:
    loss = result.loss
    if samples is None:
        return loss.exact or ExactData.of_doubles(loss.gram, loss.b, loss.constant)
    arch = result.architecture
    X, Y = (np.asarray(values, dtype=float) for values in samples_of(*samples, arch))
    if loss.preparation is not None:
        X, Y = _prepared(X, Y, loss.preparation)
    rounded = SquaredLoss.from_data(X, Y, arch)
    for name in ("gram", "b"):
        ours, theirs = getattr(loss, name), getattr(rounded, name)
        if np.abs(ours - theirs).max() > CERTIFICATION.agreement * np.abs(theirs).max():
            raise InputError(
                f"samples: their {name} differs from the result's; expected the X and Y that the result was found for"
            )
    return data_of_patches(patches_of_samples(X, Y, arch), arch.filter_size)


def _prepared(X: Real, Y: Real, preparation: Preparation) -> tuple[Real, Real]:
    """The samples as the loss has them; images position by position."""
    inputs = preparation.inputs(X.reshape(len(X), -1))
    return inputs.reshape(X.shape), preparation.outputs(Y.reshape(len(Y), -1)).reshape(Y.shape)


def _leaders(result: CriticalPoints) -> np.ndarray:
    """For each point the row of the point to prove: the earlier point of a pair of conjugates, else the point."""
    leaders = np.arange(len(result))
    for row, point in enumerate(result):
        other = point.conjugate
        if other is None or not row < other < len(result) or result[other].conjugate != row:
            continue
        if are_conjugate(point, result[other]):
            leaders[other] = row
    return leaders


def _decimal(value: Any, digits: int) -> str:
    return value.str(digits, radius=False)
