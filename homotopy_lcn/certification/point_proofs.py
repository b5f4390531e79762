"""Proofs of the points of a result, one by one in ball arithmetic or many at a time in discs.

The points of a stratum, if there are enough of them, are first tried together in doubles (`krawczyk_in_discs`). Points
that fail there, and all points if digits are asked for, are proved in ball arithmetic (`krawczyk_in_balls`) of 64, 128,
256, … bits. There Newton's method first corrects the start, for the exact data. Points that are singular in the
coordinates of their stratum are looked for in the parameter space. Conclusions on real points are drawn in ball
arithmetic, too (`conclusions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..doors import cached_property
from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from ..networks.strata import Stratum
from ..networks.support_networks import SupportNetwork
from ..processes import as_computed
from ..results.points import CriticalPoint
from ._flint import acb, arb, working_precision
from .conclusions import Claims, conclude, conclude_in_parameters, loss_claim, mirrored, stratum_of
from .disc_arithmetic import Complex, Discs, Real
from .krawczyk_in_balls import Ball, BallEquations, Box, Solution, binary_exponent, enclosing_discs, power_of_two
from .krawczyk_in_discs import DiscEquations, DiscProofs, chart_coordinates, prove_points
from .sending_balls import HoldsBalls
from .stratum_coordinates import coordinates_of
from .support_conclusions import conclude_supports
from .tolerances import CERTIFICATION

__all__ = [
    "NotReal",
    "Proof",
    "ProvedPoint",
    "Search",
    "TogetherProved",
    "accurate",
    "bits_of",
    "discs_of",
    "in_processes",
    "prove_all",
    "prove_box",
    "prove_point",
]

#: Fewer points than this are proved sooner than other processes have started.
FEWEST_FOR_PROCESSES = 2000
#: Shares of the points that each process gets, one after the other.
SHARES_EACH = 4


class Proof(Protocol):
    """The interface of all proofs, whether they are kept in balls or in arrays of discs."""

    @property
    def pattern(self) -> Pattern: ...
    @property
    def exact_pattern(self) -> bool: ...
    @property
    def real(self) -> bool | None: ...
    @property
    def precision(self) -> int: ...
    @property
    def in_doubles(self) -> bool: ...
    @property
    def in_parameters(self) -> bool: ...
    @property
    def enclosure(self) -> tuple[Complex, Real]:
        """Middles and radii of discs that hold the coefficients of the filter."""
        ...

    @property
    def whole(self) -> ProvedPoint:
        """The proof in balls."""
        ...


@dataclass(frozen=True, eq=False)
class ProvedPoint(HoldsBalls):
    """One critical point with its proof.

    Attributes
    ----------
    pattern : tuple of tuple of int
        Its stratum.
    box : Box
        Holds exactly one critical point.
    solution : Solution
        Tighter enclosures of its coordinates and of its filter.
    claims : Claims
    in_doubles : bool
        Whether Krawczyk's test was passed in doubles, together with other points.
    in_parameters : bool
        Whether the unknowns are parameters θ up to scaling, not coordinates of the stratum. Then nothing is proved of
        the root pattern.
    """

    pattern: Pattern
    box: Box
    solution: Solution
    claims: Claims
    in_doubles: bool = False
    in_parameters: bool = False

    @property
    def exact_pattern(self) -> bool:
        return self.claims.exact_pattern

    @property
    def real(self) -> bool | None:
        return self.claims.real

    @property
    def precision(self) -> int:
        return self.box.precision

    @cached_property
    def enclosure(self) -> tuple[Complex, Real]:
        with working_precision(max(self.precision, CERTIFICATION.first_precision)):
            return enclosing_discs(self.solution.filter)

    @property
    def whole(self) -> ProvedPoint:
        return self

    def mirrored(self) -> ProvedPoint:
        """The conjugate of this point."""
        return ProvedPoint(
            self.pattern,
            self.box.conjugate(),
            self.solution.conjugate(),
            mirrored(self.claims),
            self.in_doubles,
            self.in_parameters,
        )


class NotReal:
    """The common part of all proofs of points that are not real, in the least precision."""

    @property
    def real(self) -> bool:
        return False

    @property
    def precision(self) -> int:
        return CERTIFICATION.first_precision

    @property
    def in_parameters(self) -> bool:
        return False


@dataclass(frozen=True, eq=False)
class TogetherProved(NotReal):
    """A point with a filter that is not real, proved together with others: row ``row`` of ``proofs``."""

    pattern: Pattern
    proofs: DiscProofs
    row: int

    def __eq__(self, other: object) -> bool:
        return self.whole == other.whole if isinstance(other, TogetherProved) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.whole)

    @property
    def exact_pattern(self) -> bool:
        return True

    @property
    def in_doubles(self) -> bool:
        return True

    @property
    def enclosure(self) -> tuple[Complex, Real]:
        return self.proofs.filters.mid[self.row], self.proofs.filters.rad[self.row]

    @property
    def loss(self) -> tuple[complex, float]:
        """Middle and radius of a disc that holds the loss."""
        return complex(self.proofs.losses.mid[self.row]), float(self.proofs.losses.rad[self.row])

    @property
    def whole(self) -> ProvedPoint:
        with working_precision(self.precision):
            box, solution = _box_of(self.proofs, self.row), _solution_of(self.proofs, self.row)
            loss = _ball_of(*self.loss)
            claims = Claims(False, None, None, None, True, None, True, *loss_claim(loss))
        return ProvedPoint(self.pattern, box, solution, claims, in_doubles=True)


def prove_all(
    arch: Architecture, data: ExactData, points: Sequence[CriticalPoint], digits: int | None, jobs: int
) -> list[Proof | str]:
    """The proof of each of the given points, or the reason why there is none."""
    proofs: dict[int, Proof | str] = {}
    if digits is None and not isinstance(arch, SupportNetwork):
        discs, equations = discs_of(data), BallEquations(Stratum.of_layers(arch), data)
        for rows in _by_pattern(points):
            regular = [row for row in rows if points[row].nonsingular]
            if len(regular) >= CERTIFICATION.fewest_together:
                found = _prove_together(arch, equations, discs, [points[row] for row in regular])
                proofs.update((row, proof) for row, proof in zip(regular, found, strict=True) if proof is not None)
    rest = [row for row in range(len(points)) if row not in proofs]
    one_by_one = in_processes(_prove_one_by_one, (arch, data), [points[row] for row in rest], (digits,), jobs)
    proofs.update(zip(rest, one_by_one, strict=True))
    return [proofs[row] for row in range(len(points))]


def in_processes(
    call: Callable[..., list[Any]], first: tuple[Any, ...], items: Sequence[Any], last: tuple[Any, ...], jobs: int
) -> list[Any]:
    """``call(*first, items, *last)``, a list of one entry for each item, with the items shared among processes."""
    if jobs == 1 or len(items) < FEWEST_FOR_PROCESSES:
        return call(*first, items, *last)
    count = SHARES_EACH * jobs
    result: list[Any] = [None] * len(items)
    shares = [(start, items[start::count]) for start in range(count)]
    with closing(as_computed(partial(_call_for_share, call, first, last), shares, jobs)) as parts:
        for (start, _), part in parts:
            result[start::count] = part
    return result


def _call_for_share(
    call: Callable[..., list[Any]], first: tuple[Any, ...], last: tuple[Any, ...], share: tuple[int, Sequence[Any]]
) -> list[Any]:
    return call(*first, share[1], *last)


def _by_pattern(points: Sequence[CriticalPoint]) -> Iterable[list[int]]:
    """The numbers of the points of each stratum."""
    rows: dict[Pattern, list[int]] = {}
    for row, point in enumerate(points):
        rows.setdefault(point.stratum, []).append(row)
    return rows.values()


def _prove_together(
    arch: Architecture, equations: BallEquations, discs: tuple[Discs, Discs, Discs], points: Sequence[CriticalPoint]
) -> list[Proof | None]:
    """Proofs in discs of points of one stratum; None for a point that needs more precision.

    ``equations`` may belong to any stratum; their data are used.
    """
    pattern = points[0].stratum
    stratum = stratum_of(arch, pattern)
    gram, b, constant = discs
    in_discs, in_balls = DiscEquations(stratum, gram, b), equations.on(stratum)
    result: list[Proof | None] = []
    for first in range(0, len(points), CERTIFICATION.proved_together):
        start = coordinates_of(points[first : first + CERTIFICATION.proved_together], arch, stratum)
        proofs = prove_points(arch, in_discs, constant, start.coordinates, start.real)
        filters = proofs.filters
        narrow = filters.rad.max(axis=1) < CERTIFICATION.narrow * np.abs(filters.mid).sum(axis=1)
        for row, use in enumerate((start.known & proofs.decided & narrow).tolist()):
            if not use:
                result.append(None)
            elif proofs.real[row]:
                with working_precision(CERTIFICATION.first_precision):
                    box, solution = _box_of(proofs, row), _solution_of(proofs, row)
                    claims = conclude(arch, in_balls, box, solution, regular=True)
                point = ProvedPoint(pattern, box, solution, claims, in_doubles=True)
                result.append(point if _decided(arch, point) else None)
            else:
                result.append(TogetherProved(pattern, proofs, row))
    return result


def discs_of(data: ExactData) -> tuple[Discs, Discs, Discs]:
    """Exact data enclosed in discs."""
    gram, b, constant = data.rounded()
    if data.in_doubles:
        return Discs.exact(gram), Discs.exact(b), Discs.exact(np.array(constant))
    # Rounding to the nearest double; where that underflows, by less than the least normal number.
    return tuple(Discs(value, np.abs(value) * 2.0**-52 + 2.0**-1000) for value in (gram, b, np.array(constant)))  # type: ignore[return-value]


def _box_of(proofs: DiscProofs, row: int) -> Box:
    middle = tuple(acb(value) for value in proofs.middles[row].tolist())
    radii = tuple(arb(value) for value in proofs.radii[row].tolist())
    return Box(tuple(proofs.charts[row].tolist()), middle, radii, CERTIFICATION.first_precision)


def _solution_of(proofs: DiscProofs, row: int) -> Solution:
    return Solution(*(
        tuple(map(_ball_of, discs.mid[row].tolist(), discs.rad[row].tolist()))
        for discs in (proofs.coordinates, proofs.filters)
    ))  # fmt: skip


def _ball_of(mid: complex, rad: float) -> Ball:
    """A ball that holds a disc."""
    return acb(arb(mid.real, rad), arb(mid.imag, rad))


def _prove_one_by_one(
    arch: Architecture, data: ExactData, points: Sequence[CriticalPoint], digits: int | None
) -> list[Proof | str]:
    """Proofs in ball arithmetic."""
    result: dict[int, Proof | str] = {}
    for rows in _by_pattern(points):
        equations = BallEquations(stratum_of(arch, points[rows[0]].stratum), data)
        result.update((row, prove_point(arch, equations, points[row], digits)) for row in rows)
    return [result[row] for row in range(len(points))]


def prove_point(
    arch: Architecture,
    equations: BallEquations,
    point: CriticalPoint,
    digits: int | None = None,
    least_precision: int = CERTIFICATION.first_precision,
) -> ProvedPoint | str:
    """Prove the critical point near an approximate point, or say why the proof fails.

    A point that is singular in the coordinates of its stratum, or whose proof there fails, may be a simple point of the
    parameter space: a filter at which the roots of different factors coincide, for example. It is proved there.
    """
    precisions = _precisions(digits, least_precision)
    start = _start(arch, equations.stratum, point)
    if not point.nonsingular:
        reason = "a singular point"
    elif start is None:
        reason = "its coordinates on the stratum are unknown"
    else:
        proved = _prove_from(Search(arch, equations, point.stratum), start, precisions, digits)
        if proved is not None:
            return proved
        reason = "Krawczyk's test fails at every precision"
    if isinstance(arch, SupportNetwork):
        return reason
    search = Search(arch, equations.on(Stratum.of_layers(arch)), point.stratum, in_parameters=True)
    for theta in point.parameters[: CERTIFICATION.most_parameters]:
        proved = _prove_from(search, _start_in_parameters(arch, search.equations.stratum, theta), precisions, digits)
        if proved is not None:
            return proved
    return reason


@dataclass(frozen=True)
class Search:
    """The equations in whose solutions a point is looked for."""

    arch: Architecture
    equations: BallEquations
    pattern: Pattern
    in_parameters: bool = False

    def point(self, box: Box, solution: Solution) -> ProvedPoint:
        """The point in a box that is proved to hold one, with all conclusions."""
        if isinstance(self.arch, SupportNetwork):
            claims = conclude_supports(self.arch, self.equations, self.pattern, box, solution)
        else:
            draw = conclude_in_parameters if self.in_parameters else conclude
            claims = draw(self.arch, self.equations, box, solution)
        return ProvedPoint(self.pattern, box, solution, claims, in_parameters=self.in_parameters)


def _precisions(digits: int | None, least: int) -> list[int]:
    """The working precisions that are tried, in this order."""
    precision, last = least, CERTIFICATION.last_precision
    if digits is not None:
        precision = max(precision, 64 * -(-2 * bits_of(digits) // 192))
        last = max(last, 8 * precision)
    result = []
    while precision <= last:
        result.append(precision)
        precision *= 2
    return result


def _prove_from(
    search: Search, start: tuple[tuple[int, ...], list[Ball]], precisions: Sequence[int], digits: int | None
) -> ProvedPoint | None:
    """The point that is proved near a start, with enough precision to draw all conclusions if that is possible."""
    chart, x = start
    proved: ProvedPoint | None = None
    for precision in precisions:
        with working_precision(precision):
            found = prove_box(search.equations, chart, x, precision)
            if found is not None:
                box, solution = found
                proved = search.point(box, solution)
                x = list(box.middle)
                if (
                    _decided(search.arch, proved)
                    and _narrow(solution)
                    and (digits is None or accurate(solution, digits))
                ):
                    return proved
        if proved is not None and digits is None and precision >= 4 * precisions[0] and proved.real is not None:
            break
    return proved


def prove_box(
    equations: BallEquations, chart: tuple[int, ...], x: list[Ball], precision: int
) -> tuple[Box, Solution] | None:
    """A box around the solution that Newton's method finds from x, with the enclosures that are proved."""
    if precision == CERTIFICATION.first_precision:  # the points of a solve need no improvement at this precision
        box = _box_around(chart, x, precision)
        solution = equations.prove(box)
        if solution is not None:
            return box, solution
    improved = _newton(equations, chart, x, precision)
    if improved is None:
        return None
    box = _box_around(chart, improved, precision)
    solution = equations.prove(box)
    return None if solution is None else (box, solution)


def _box_around(chart: tuple[int, ...], x: list[Ball], precision: int) -> Box:
    """The box of half the precision around a point."""
    return Box(chart, tuple(x), tuple(power_of_two(scale - precision // 2 + 3) for scale in _scales(x)), precision)


def _scales(x: list[Ball]) -> list[int]:
    """Binary exponents of the size of the unknowns; in its chart no coefficient of a factor is much above 1."""
    return [binary_exponent(x[0]), *([0] * (len(x) - 1))]


def _decided(arch: Architecture, point: ProvedPoint) -> bool:
    claims = point.claims
    if isinstance(arch, SupportNetwork):
        indices = (None,) if claims.indices is None else claims.indices
        return claims.real is not None and claims.exact_pattern and not (claims.real and None in indices)
    if claims.real is None or claims.smooth is None:
        return False
    if point.in_parameters:
        return True
    return claims.exact_pattern and (
        not claims.real
        or (claims.in_function_space is not None and claims.attained is not None and None not in (claims.indices or ()))
    )


def _narrow(solution: Solution) -> bool:
    """Whether the enclosure of the filter is narrow enough to tell the filter from filters near it."""
    size = sum(abs(x) for x in solution.filter)
    return all(max(x.real.rad(), x.imag.rad()) < CERTIFICATION.narrow * size for x in solution.filter)


def _newton(equations: BallEquations, chart: tuple[int, ...], x: list[Ball], precision: int) -> list[Ball] | None:
    """The solution that Newton's method finds from x."""
    x = [+value for value in x]
    for _ in range(CERTIFICATION.newton_steps_in_balls):
        gradient, jacobian = equations.linearized(chart, x)
        try:
            step = (jacobian.mid().inv() * gradient.mid()).entries()
        except ZeroDivisionError:
            return None
        x = [(value - d).mid() for value, d in zip(x, step, strict=True)]
        if not all(value.is_finite() for value in x):
            return None
        if all(binary_exponent(d) < scale - precision // 3 for d, scale in zip(step, _scales(x), strict=True)):
            return x
    return None


def _start(arch: Architecture, stratum: Stratum, point: CriticalPoint) -> tuple[tuple[int, ...], list[Ball]] | None:
    """Chart and approximate coordinates of a point."""
    start = coordinates_of([point], arch, stratum)
    if not start.known[0]:
        return None
    x, charts, free = chart_coordinates(stratum, start.coordinates)
    return tuple(charts[0].tolist()), [acb(value) for value in x[0, free[0]].tolist()]


def _start_in_parameters(
    arch: Architecture, layers: Stratum, theta: Sequence[np.ndarray]
) -> tuple[tuple[int, ...], list[Ball]]:
    """Chart and approximate coordinates of parameters θ: layers with one weight are numbers, factors of the scalar."""
    scalar = np.prod([w[0] for w in theta if len(w) == 1], initial=1.0)
    coordinates = np.concatenate([[scalar], *(w for w in theta if len(w) > 1)]).astype(complex)
    x, charts, free = chart_coordinates(layers, coordinates[None])
    return tuple(charts[0].tolist()), [acb(value) for value in x[0, free[0]].tolist()]


def bits_of(digits: int) -> int:
    return int(np.ceil(digits * np.log2(10))) + 8


def accurate(solution: Solution, digits: int) -> bool:
    """Whether the parts of all coefficients are known to this many digits; parts that are exactly 0 are."""
    return all(
        part.rel_accuracy_bits() >= bits_of(digits) or part.is_zero() or abs(part) < arb(10) ** (-digits - 1)
        for x in solution.filter
        for part in (x.real, x.imag)
    )
