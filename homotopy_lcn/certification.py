"""Certificates: every critical point of a result proved to exist, to be isolated, and to differ from all others.

`certify` takes the approximate points of a result, improves each by Newton's method until Krawczyk's test succeeds in
ball arithmetic (`balls`), at 64, 128, 256, … bits, and draws all conclusions from the boxes (`claims`). Distinct
filters are told apart by sorting one real functional of their enclosures.

As many certified distinct points of a stratum as its exact generic count leave no room for another isolated one: a
nonsingular solution continues to nearby generic data, distinct ones to distinct ones, and there are no more than the
generic count of them there. The Gram matrix and the moment vector are those of the result, its doubles taken as exact
rational numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._flint import acb, acb_mat, arb, ctx, fmpz
from .architecture import Architecture
from .balls import (
    Ball,
    BallData,
    BallEquations,
    Box,
    Solution,
    binary_exponent,
    data_of,
    data_of_samples,
    power_of_two,
)
from .claims import Claims, conclude, mirrored, stratum_of
from .counts import Pattern, generic_count
from .distinct import find
from .errors import InputError
from .forms import multiply, roots
from .loss import SquaredLoss
from .results import CriticalPoint, CriticalPoints, count_points, describe_paths, format_pattern, quantity
from .strata import Embedding

__all__ = [
    "Certificate",
    "ProvedPoint",
    "Statement",
    "StratumStatement",
    "certificate",
    "certify",
    "describe_statement",
    "state",
]

#: Working precisions in bits start here and double.
FIRST_PRECISION = 64
#: No point is tried with more than this, unless digits are asked for.
LAST_PRECISION = 1024
#: A point of a result must be as near as this to the proved one, relative to the norm of the filter.
AGREEMENT = 1e-9
#: Fewer points than this are proved sooner than other processes have started.
FEWEST_FOR_PROCESSES = 2000
#: Reasons that a summary lists.
MOST_REASONS = 20
#: Shares of the points that each process gets, one after the other.
CHUNKS_EACH = 4
#: X and Y.
Samples = tuple[ArrayLike, ArrayLike]
#: The most digits that can be asked for.
MOST_DIGITS = 1000


@dataclass(frozen=True)
class ProvedPoint:
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
    mirror_of : int or None
        Position of the proved point whose conjugate this is.
    """

    pattern: Pattern
    box: Box
    solution: Solution
    claims: Claims
    mirror_of: int | None = None

    def mirrored(self, position: int) -> ProvedPoint:
        """The conjugate of this point, which has the given position."""
        return ProvedPoint(
            self.pattern, self.box.conjugate(), self.solution.conjugate(), mirrored(self.claims), position
        )


@dataclass(frozen=True)
class StratumStatement:
    """How many points of a stratum there are for generic data, and how many of them are proved, pairwise distinct."""

    pattern: Pattern
    generic: int
    proved: int


@dataclass(frozen=True)
class Statement:
    """What is proved of all points together.

    Attributes
    ----------
    strata : tuple of StratumStatement
    complete : bool
        Whether there are no other isolated critical points with w ≠ 0.
    distinct : bool
        Whether all filters are proved to be pairwise distinct.
    global_minimum : int or None
        Position of the point that is proved to have the least loss of all isolated real critical points of the network,
        and less than w = 0. None if undecided, or without completeness.
    ordered : bool
        Whether the losses of any two real points are proved to differ, so that their order is.
    """

    strata: tuple[StratumStatement, ...]
    complete: bool
    distinct: bool
    global_minimum: int | None
    ordered: bool


@dataclass(frozen=True, eq=False)
class Certificate:
    """The proofs for a result.

    Attributes
    ----------
    architecture : Architecture
    data : BallData
        Gram matrix, moment vector and constant that all proofs are for, as exact numbers.
    points : tuple of ProvedPoint
    statement : Statement
    result : CriticalPoints
        The result with `certified` set for each point.
    rows : tuple of (int or None)
        For each point of the result, its position in `points`.
    reasons : tuple of (str or None)
        For each point of the result, why it is not certified.
    """

    architecture: Architecture
    data: BallData
    points: tuple[ProvedPoint, ...]
    statement: Statement
    result: CriticalPoints
    rows: tuple[int | None, ...]
    reasons: tuple[str | None, ...]

    @property
    def complete(self) -> bool:
        """Whether all points are certified and these are all isolated critical points with w ≠ 0."""
        return self.statement.complete and not any(self.reasons)

    def __str__(self) -> str:
        """A summary to quote."""
        statement, count = self.statement, len(self.result)
        lines = [
            f"{self.result.counts.certified or 0} of {quantity(count, 'point', 'points')} certified, pairwise distinct"
        ]
        reasons = [f"  point {row}: {reason}" for row, reason in enumerate(self.reasons) if reason]
        lines += reasons[:MOST_REASONS]
        if len(reasons) > MOST_REASONS:
            lines.append(f"  and {len(reasons) - MOST_REASONS} more")
        lines += describe_statement(statement)
        if not statement.complete:
            lines.append(f"other paths, numerically: {describe_paths(self.result) or 'none'}")
        lines += [f"loss order of the real points: {_proof(statement.ordered)}"]
        if statement.global_minimum is not None:
            lines.append(f"global minimum: {self.points[statement.global_minimum].claims.loss.real}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from .html_representation import certificate_html

        return certificate_html(self)

    def decimals(self, row: int, digits: int) -> list[tuple[str, str]]:
        """The filter of a point of the result as decimal strings (re, im), wrong by at most one unit in the last digit.

        As many digits are given as are proved, at most ``digits``.
        """
        position = self.rows[row]
        if position is None:
            raise InputError(f"row: point {row} is not certified ({self.reasons[row]}); expected a certified point")
        with ctx.workprec(_bits(digits) + 64):
            return [(_decimal(x.real, digits), _decimal(x.imag, digits)) for x in self.points[position].solution.filter]


def describe_statement(statement: Statement) -> list[str]:
    """The statement on all points together in words."""
    if statement.complete:
        return ["complete, proved: these are all isolated critical filters w ≠ 0"]
    return [
        f"stratum {format_pattern(row.pattern)}: {row.proved} of {row.generic} proved"
        for row in statement.strata
        if row.proved != row.generic
    ] + ["not proved to be complete"]


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
        Enclose every filter to so many digits, at most 1000.
    samples : pair of array_like, optional
        X (N, d_0) and Y (N, d_L) of which the loss was made. Then everything proved is about their exact Gram matrix
        and moment vector, not about the sums rounded to doubles that the result holds.
    jobs : int
        Number of processes, where there are enough points. Results do not depend on it.

    Returns
    -------
    CriticalPoints
        A point is certified if it is proved that there is exactly one critical point near it, that this is real or not
        as stated, different from the other points, and nothing else stated of it is disproved.

    Raises
    ------
    InputError
        If python-flint is not installed, ``digits`` or ``jobs`` is out of range, or the result is not
        one for the samples.

    Examples
    --------
    >>> import homotopy_lcn as hl
    >>> result = hl.critical_points(hl.Architecture((2, 2), (2, 1)), hl.SquaredLoss.white([3.0, 1.0, 1.0, 2.0]))
    >>> certified = hl.certify(result)
    >>> len(certified), certified.counts.certified
    (2, 2)
    """
    return certificate(result, digits=digits, samples=samples, jobs=jobs).result


def certificate(
    result: CriticalPoints, *, digits: int | None = None, samples: Samples | None = None, jobs: int = 1
) -> Certificate:
    """The proofs for the points of a result; parameters as for `certify`."""
    for name, value, most in (("digits", digits, MOST_DIGITS), ("jobs", jobs, 4096)):
        valid = isinstance(value, int | np.integer) and not isinstance(value, bool) and 1 <= value <= most
        if not valid and not (name == "digits" and value is None):
            raise InputError(f"{name}: {value!r} given; expected an integer from 1 to {most}")
    data = _exact_data(result, samples)
    count = len(result)
    leaders = _leaders(result)
    proofs = _prove_all(result, np.unique(leaders).tolist(), data, digits, jobs)
    for row in range(count):
        if leaders[row] != row:
            proof = proofs[int(leaders[row])]
            proofs[row] = proof.mirrored(0) if isinstance(proof, ProvedPoint) else proof
    reasons: list[str | None] = [None] * count
    for row, point in enumerate(result):
        proof = proofs[row]
        reasons[row] = proof if isinstance(proof, str) else _contradiction(point, proof)
    kept = [row for row in range(count) if reasons[row] is None]
    candidates = [_proved(proofs[row]) for row in kept]
    for repeated, earlier in _overlapping([point.solution for point in candidates]):
        if reasons[kept[earlier]] is None:
            reasons[kept[repeated]] = f"not proved to differ from point {kept[earlier]}"
    kept = [row for row in kept if reasons[row] is None]
    positions = {row: position for position, row in enumerate(kept)}
    points = []
    for row in kept:
        leader = int(leaders[row])
        proof = _proved(proofs[row])
        points.append(replace(proof, mirror_of=positions.get(leader) if leader != row else None))
    statement = state(result.architecture, data, points)
    certified = tuple(replace(point, certified=reasons[row] is None) for row, point in enumerate(result))
    marked = replace(result, points=certified, counts=count_points(certified, result.strata))
    return Certificate(
        result.architecture, data, tuple(points), statement, marked,
        tuple(positions.get(row) for row in range(count)), tuple(reasons),
    )  # fmt: skip


def state(arch: Architecture, data: BallData, points: Sequence[ProvedPoint]) -> Statement:
    """What is proved of all points together; points not proved to differ from an earlier one do not count."""
    repeated = {later for later, _ in _overlapping([point.solution for point in points])}
    proved = Counter(
        point.pattern for i, point in enumerate(points) if i not in repeated and point.claims.exact_pattern
    )
    strata = tuple(StratumStatement(row.pattern, row.count, proved[row.pattern]) for row in generic_count(arch))
    complete = all(row.proved == row.generic for row in strata)
    real = [i for i, point in enumerate(points) if point.claims.real is not False]
    losses = {i: points[i].claims.loss.real for i in real}
    ordered = all(points[i].claims.real for i in real)
    by_loss = sorted(real, key=lambda i: float(losses[i].mid()))
    ordered = ordered and all(losses[i] < losses[j] for i, j in pairwise(by_loss))
    possible = [i for i in real if points[i].claims.attained is not False]
    best = min(possible, key=lambda i: float(losses[i].mid()), default=None)
    if best is not None:
        others = [losses[i] for i in possible if i != best] + [data.constant]
        sure = complete and points[best].claims.attained and all(losses[best] < other for other in others)
        best = best if sure else None
    return Statement(strata, complete, not repeated, best, ordered)


def _exact_data(result: CriticalPoints, samples: Samples | None) -> BallData:
    loss = result.loss
    if samples is None:
        return data_of(loss.gram, loss.b, loss.constant)
    X, Y = (np.asarray(values, dtype=float) for values in samples)
    rounded = SquaredLoss.from_data(X, Y, result.architecture)
    for name in ("gram", "b"):
        ours, theirs = getattr(loss, name), getattr(rounded, name)
        if np.abs(ours - theirs).max() > AGREEMENT * np.abs(theirs).max():
            raise InputError(
                f"samples: their {name} is another one; expected the X and Y that the result was found for"
            )
    return data_of_samples(X, Y, result.architecture.filter_size, result.architecture.stride)


def _proved(proof: ProvedPoint | str) -> ProvedPoint:
    assert isinstance(proof, ProvedPoint)
    return proof


def _leaders(result: CriticalPoints) -> np.ndarray:
    """For each point the one to prove: the earlier one of each pair of conjugates, every other point itself."""
    leaders = np.arange(len(result))
    rows = np.array([row for row, point in enumerate(result) if not point.real], dtype=int)
    if rows.size == 0:
        return leaders
    filters = np.array([result[row].filter for row in rows])
    partner = find(filters, filters.conj(), tolerance=AGREEMENT)
    for i, j in enumerate(partner.tolist()):
        mutual = j > i and partner[j] == i
        if mutual and result[int(rows[i])].stratum == result[int(rows[j])].stratum:
            leaders[rows[j]] = rows[i]
    return leaders


def _contradiction(point: CriticalPoint, proof: ProvedPoint) -> str | None:
    """Why the proved point is not the one that the result describes."""
    norm = float(np.linalg.norm(point.filter))
    limit = arb(AGREEMENT) * norm
    for stored, enclosed in zip(point.filter.tolist(), proof.solution.filter, strict=True):
        if not abs(enclosed - acb(stored)) < limit:
            return "no critical point proved near the filter"
    claims = proof.claims
    if not claims.exact_pattern:
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
    if not abs(claims.loss - acb(point.loss)) < arb(AGREEMENT) * (abs(arb(claims.loss.real.mid())) + norm + 1) + (
        arb(AGREEMENT) * abs(claims.loss - acb(0))
    ):
        return "the loss is proved to differ"
    return None


def _overlapping(solutions: Sequence[Solution]) -> list[tuple[int, int]]:
    """Pairs (later, earlier) of filters that are not proved to differ.

    The enclosures of one fixed real functional are sorted; only neighbours that overlap are compared in full.
    """
    low, high = np.empty(len(solutions)), np.empty(len(solutions))
    for i, solution in enumerate(solutions):
        value = sum(
            (x.real * (3 + 5 * j % 7) + x.imag * (2 + 3 * j % 11) for j, x in enumerate(solution.filter)), arb(0)
        )
        low[i] = np.nextafter(float(value.lower()), -np.inf)
        high[i] = np.nextafter(float(value.upper()), np.inf)
    order = np.argsort(low, kind="stable")
    pairs = []
    active: list[int] = []
    for i in order.tolist():
        active = [j for j in active if high[j] >= low[i]]
        pairs += [
            (max(i, j), min(i, j))
            for j in active
            if all(x.overlaps(y) for x, y in zip(solutions[i].filter, solutions[j].filter, strict=True))
        ]
        active.append(i)
    return sorted(pairs)


def _prove_all(
    result: CriticalPoints, rows: list[int], data: BallData, digits: int | None, jobs: int
) -> dict[int, ProvedPoint | str]:
    """The proof of each of the given points, or why there is none."""
    arch = result.architecture
    if jobs == 1 or len(rows) < FEWEST_FOR_PROCESSES:
        return dict(zip(rows, _prove_some(arch, data, [result[row] for row in rows], digits), strict=True))
    parts = [rows[first :: CHUNKS_EACH * jobs] for first in range(CHUNKS_EACH * jobs)]
    proofs: dict[int, ProvedPoint | str] = {}
    packed = [_packed(value) for value in (*data.gram.entries(), *data.b, data.constant)]
    # Spawned, as threads of the solver may be alive here.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_packed_proofs, arch, packed, [result[row] for row in part], digits) for part in parts]
        for part, future in zip(parts, futures, strict=True):
            proofs.update((row, _unpacked(proof)) for row, proof in zip(part, future.result(), strict=True))
    return proofs


def _prove_some(
    arch: Architecture, data: BallData, points: Sequence[CriticalPoint], digits: int | None
) -> list[ProvedPoint | str]:
    equations: dict[Pattern, BallEquations] = {}
    proofs = []
    for point in points:
        if point.stratum not in equations:
            equations[point.stratum] = BallEquations(stratum_of(arch, point.stratum), data)
        proofs.append(prove_point(arch, equations[point.stratum], point, digits))
    return proofs


def _packed_proofs(
    arch: Architecture, packed: list[Any], points: Sequence[CriticalPoint], digits: int | None
) -> list[Any]:
    """`_prove_some` in another process: balls cannot be pickled, their integers can."""
    values, size = [_unpacked(value) for value in packed], arch.filter_size
    data = BallData(acb_mat(size, size, values[: size**2]), values[size**2 : -1], values[-1])
    return [_packed(proof) for proof in _prove_some(arch, data, points, digits)]


def _packed(value: Any) -> Any:
    """Balls and records of balls as tuples of integers, the first entry the name of the type."""
    kind = type(value)
    if kind is acb:
        return ("acb", *_integers(value.real), *_integers(value.imag))
    if kind is arb:
        return ("arb", *_integers(value))
    if kind is tuple:
        return ("tuple", *map(_packed, value))
    if kind in _RECORDS.values():
        return (kind.__name__, *(_packed(getattr(value, column.name)) for column in fields(value)))
    return value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    kind, *parts = value
    if kind == "acb":
        return acb(_ball(*parts[:4]), _ball(*parts[4:]))
    if kind == "arb":
        return _ball(*parts)
    items = map(_unpacked, parts)
    return tuple(items) if kind == "tuple" else _RECORDS[kind](*items)


_RECORDS: dict[str, Any] = {kind.__name__: kind for kind in (ProvedPoint, Box, Solution, Claims)}


def _integers(value: Ball) -> tuple[int, int, int, int]:
    middle, radius = value.mid().man_exp(), value.rad().man_exp()
    return int(middle[0]), int(middle[1]), int(radius[0]), int(radius[1])


def _ball(middle: int, exponent: int, radius: int, radius_exponent: int) -> Ball:
    exact = arb((fmpz(middle), fmpz(exponent)))
    return arb(exact, arb((fmpz(radius), fmpz(radius_exponent)))) if radius else exact


def prove_point(
    arch: Architecture, equations: BallEquations, point: CriticalPoint, digits: int | None = None
) -> ProvedPoint | str:
    """Prove the critical point near an approximate one; or say why that fails."""
    if not point.nonsingular:
        return "a singular point"
    start = _coordinates(arch, equations, point)
    if start is None:
        return "its coordinates on the stratum are unknown"
    chart, x = start
    precision = FIRST_PRECISION
    last = LAST_PRECISION
    if digits is not None:
        precision = max(precision, 64 * -(-2 * _bits(digits) // 192))
        last = max(last, 8 * precision)
    proved: ProvedPoint | None = None
    while precision <= last:
        with ctx.workprec(precision):
            found = prove_box(equations, chart, x, precision)
            if found is not None:
                box, solution = found
                claims = conclude(arch, equations, box, solution)
                proved = ProvedPoint(point.stratum, box, solution, claims)
                x = list(box.middle)
                if _decided(claims) and (digits is None or _accurate(solution, digits)):
                    return proved
        precision *= 2
        if proved is not None and digits is None and precision > 4 * FIRST_PRECISION and proved.claims.real is not None:
            break
    return proved or "Krawczyk's test fails at every precision"


def prove_box(
    equations: BallEquations, chart: tuple[int, ...], x: list[Ball], precision: int
) -> tuple[Box, Solution] | None:
    """A box around the solution that Newton's method finds from x, and what is proved of it."""
    if precision == FIRST_PRECISION:  # a solve's points are about as accurate as this can make them
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
    """Binary exponents of the size of the unknowns: in its chart, no coefficient of a factor is much above 1."""
    return [binary_exponent(x[0]), *([0] * (len(x) - 1))]


def _decided(claims: Claims) -> bool:
    if claims.real is None or not claims.exact_pattern or claims.smooth is None:
        return False
    return not claims.real or (
        claims.in_function_space is not None and claims.attained is not None and None not in (claims.indices or ())
    )


def _newton(equations: BallEquations, chart: tuple[int, ...], x: list[Ball], precision: int) -> list[Ball] | None:
    """The solution that Newton's method finds from x."""
    x = [+value for value in x]
    for _ in range(12):
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


def _coordinates(
    arch: Architecture, equations: BallEquations, point: CriticalPoint
) -> tuple[tuple[int, ...], list[Ball]] | None:
    """Chart and approximate coordinates of a point."""
    factors = _factors_from_parameters(arch, equations, point)
    if factors is None:
        factors = _factors_from_coordinates(arch, equations, point)
    if factors is None:
        return None
    chart, rest, shape = [], [], np.ones(1, complex)
    for factor, q in zip(equations.stratum.factors, factors, strict=True):
        one = int(np.abs(q).argmax())
        q = q / q[one]
        if point.real and np.abs(q.imag).max() < 1e-6:
            q = q.real.astype(complex)
        chart.append(one)
        rest += np.delete(q, one).tolist()
        for _ in range(factor.power):
            spread = np.zeros(factor.degree * factor.dilation + 1, complex)
            spread[:: factor.dilation] = q
            shape = np.convolve(shape, spread)
    scalar = complex(shape.conj() @ point.filter / (np.abs(shape) ** 2).sum())
    if point.real and not np.any(np.imag(rest)):
        scalar = complex(scalar.real)
    return tuple(chart), [acb(value) for value in (scalar, *rest)]


def _factors_from_parameters(
    arch: Architecture, equations: BallEquations, point: CriticalPoint
) -> list[np.ndarray] | None:
    """The Q_f from the layers of one θ: equal roots of different layers are collected."""
    if not point.parameters:
        return None
    theta = point.parameters[0]
    by_factor: dict[tuple[int, int], np.ndarray] = {}
    for block, layers, partition in zip(arch.blocks, arch.layers_by_block, point.stratum, strict=True):
        if all(part == 1 for part in partition):
            form = np.ones(1, complex)
            for layer in layers:
                form = multiply(form, theta[layer].astype(complex))
            by_factor[block.dilation, 1] = form
            continue
        points = np.concatenate([roots(np.asarray(theta[layer])) for layer in layers])
        collected: dict[int, np.ndarray] = {part: np.ones(1, complex) for part in partition}
        for part in partition:
            distances = np.abs(np.outer(points[:, 0], points[:, 1]) - np.outer(points[:, 1], points[:, 0]))
            nearest = np.argsort(distances, axis=1, kind="stable")[:, :part]
            spread = np.take_along_axis(distances, nearest, axis=1).max(axis=1)
            group = nearest[int(spread.argmin())]
            # The mean of the group, on the same chart of the projective line.
            leader = points[group[0]]
            aligned = points[group] * (points[group].conj() @ leader)[:, None]
            x, y = aligned.sum(axis=0)
            collected[part] = multiply(collected[part], np.array([y, -x]))
            points = np.delete(points, group, axis=0)
        by_factor.update({(block.dilation, part): form for part, form in collected.items()})
    return [by_factor[factor.dilation, factor.power] for factor in equations.stratum.factors]


def _factors_from_coordinates(
    arch: Architecture, equations: BallEquations, point: CriticalPoint
) -> list[np.ndarray] | None:
    """The Q_f from the coordinates that a solve keeps of points without parameters."""
    if point.coordinates is None:
        return None
    embedding = Embedding.of_pattern(arch, point.stratum)
    if len(point.coordinates) != embedding.stratum.coordinates:
        return None
    by_factor = {
        (arch.blocks[block].dilation, factor.power): point.coordinates[part]
        for factor, block, part in zip(
            embedding.stratum.factors, embedding.blocks, embedding.stratum.slices, strict=True
        )
    }
    return [by_factor[factor.dilation, factor.power] for factor in equations.stratum.factors]


def _bits(digits: int) -> int:
    return int(np.ceil(digits * np.log2(10))) + 8


def _accurate(solution: Solution, digits: int) -> bool:
    """Whether every part of every coefficient is known to so many digits (of those that are not exactly 0)."""
    return all(
        part.rel_accuracy_bits() >= _bits(digits) or part.is_zero() or abs(part) < arb(10) ** (-digits - 1)
        for x in solution.filter
        for part in (x.real, x.imag)
    )


def _decimal(value: Any, digits: int) -> str:
    return value.str(digits, radius=False)
