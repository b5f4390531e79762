"""PHCpack, bertini2 or msolve as a witness: it solves the equations in parameter space, and solutions are compared.

The answer of the witness does not depend on the theory of this package. It gets the gradient of the loss in the
parameters, restricted to random affine patches, and finds isolated solutions: PHCpack by polyhedral homotopies,
bertini2 by multihomogeneous ones, msolve exactly, by a Gröbner basis over the rational numbers. Over each critical
filter it should list as many θ up to scaling as there are critical factorizations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..doors import ShownInNotebooks
from ..equations.critical_equations import Data, equations_of
from ..equations.distinct import find, first_occurrences, point_keys
from ..equations.msolve_program import MsolveFailure, MsolveTimeout
from ..equations.polynomials import PatchedSystem, projected, random_patches
from ..equations.restriction import power_of_two, stratum_data
from ..errors import InputError
from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.strata import Embedding, Stratum, segre_embedding
from ..networks.support_networks import SupportNetwork
from ..results.points import quantity
from ..results.result import CriticalPoints
from ..solving.problem import Problem
from ..solving.regular_ends import attracting
from ..solving.tolerances import SOLVING
from ..tracking.phcpack_program import Listing, PHCpackFailure, phc_program, solve_by_blackbox, version
from ..tracking.refinement import gradient_residual, refine
from . import bertini2_blackbox, msolve_witness
from .bertini2_blackbox import Bertini2Failure
from .msolve_witness import ExactSolutions

__all__ = [
    "BLACKBOX_LIMIT",
    "CrossCheck",
    "ExactFacts",
    "ForeignSolution",
    "Witness",
    "check_feasible",
    "cross_check",
    "witness",
]

#: The blackbox solvers do not finish for more critical parameters than this.
BLACKBOX_LIMIT = 300
#: msolve takes minutes and more for more critical parameters than this: exact numbers grow with their count.
MSOLVE_LIMIT = 100
#: Seconds that msolve may take, by default.
MSOLVE_SECONDS = 600.0
#: A point on a list is no solution if the last step is above the first number, or an unknown is above the
#: second number: paths to infinity end near 1e6.
LAST_STEP, LARGEST_UNKNOWN = 1e-8, 1e4
#: The relative error of a rounded double: filters are not compared more closely.
ROUNDING = 2.0**-53
#: A filter of stratum_data data below this norm is zero.
ZERO_FILTER = 1e-8
#: Singular solutions are known up to this relative distance.
SAME_SINGULAR = 1e-4


@dataclass(frozen=True)
class Witness:
    """A program with a blackbox solver.

    Attributes
    ----------
    name : str
    check_installed : callable
        Raises InputError if the program is not installed.
    version : callable
        Its version, or None.
    solve : callable or None
        The solutions of a system for given data, seed and time limit; raises a RuntimeError if there is no answer. None
        for a program that solves exactly, as msolve.
    limit : int
        It does not finish for more critical parameters than this.
    """

    name: str
    check_installed: Callable[[], object]
    version: Callable[[], str | None]
    solve: Callable[[PatchedSystem, Data, int, float | None], Listing] | None
    limit: int = BLACKBOX_LIMIT


def _phcpack(system: PatchedSystem, data: Data, seed: int, timeout: float | None) -> Listing:
    return solve_by_blackbox(system.equations(data), system.unknowns, seed=seed, timeout=timeout)


def _bertini2(system: PatchedSystem, data: Data, seed: int, timeout: float | None) -> Listing:
    return bertini2_blackbox.solve_by_bertini2(system.equations(data), system.groups(), seed=seed, timeout=timeout)


def witness(name: str) -> Witness:
    """The witness of that name: "phcpack" (or "phc"), "bertini2" or "msolve".

    Raises
    ------
    InputError
        If there is none. The message does not name an argument.
    """
    if name in ("phcpack", "phc"):
        return Witness("PHCpack", phc_program, version, _phcpack)
    if name == "bertini2":
        return Witness("bertini2", bertini2_blackbox.check_installed, bertini2_blackbox.version, _bertini2)
    if name == "msolve":
        return Witness("msolve", msolve_witness.check_installed, msolve_witness.version, None, MSOLVE_LIMIT)
    raise InputError(f"{name!r} is not known; expected phcpack, bertini2 or msolve")


@dataclass(frozen=True, eq=False)
class ForeignSolution:
    """A solution of the witness whose filter is not among the critical filters of the result.

    Attributes
    ----------
    filter : (K,) complex array
    residual : float
        Norm of the gradient relative to its terms, after Newton refinement.
    condition : float
        Condition number of the Newton matrix, infinite where that is singular.
    nonsingular : bool
        Whether Newton's method confirms an isolated nonsingular solution: then a critical filter has been overlooked.
    """

    filter: Complex
    residual: float
    condition: float
    nonsingular: bool


@dataclass(frozen=True)
class ExactFacts:
    """What is known besides if the witness solves exactly.

    Attributes
    ----------
    degree : int
        The number of critical θ up to scaling in the patch, with multiplicity.
    distinct, real : int
        How many of them are distinct, and how many are real.
    radius : float
        Bound of the errors of the witness's filters relative to their norms.
    distance : float
        The largest distance between a filter of the witness, as doubles, and the filter of the result that it is,
        relative to the norm; at least the rounding error of a double.
    misjudged : tuple of int
        The points of the result that are not real although the exact filter is, the other way round, or whose number of
        real critical θ is another one: there should be none.
    """

    degree: int
    distinct: int
    real: int
    radius: float
    distance: float
    misjudged: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class CrossCheck(ShownInNotebooks):
    """The outcome of a comparison with the blackbox solver of another program.

    Attributes
    ----------
    program : str
        Name and version.
    patches : int
        How many random patches the equations were solved in.
    listed : int
        Number of solutions listed, in all patches.
    zero : int
        Those of them with filter zero.
    discarded : int
        Those of them that the program had not arrived at.
    rows : tuple of int
        The isolated nonsingular points of the result, which are compared.
    expected, found : tuple of int
        For each of them the number of critical θ up to scaling over the filter, and how many of these the program
        listed.
    foreign : tuple of ForeignSolution
    failures : tuple of str
        What the program said in patches where it gave no answer.
    exact : ExactFacts or None
        None unless the program solves exactly.
    """

    program: str
    patches: int
    listed: int
    zero: int
    discarded: int
    rows: tuple[int, ...]
    expected: tuple[int, ...]
    found: tuple[int, ...]
    foreign: tuple[ForeignSolution, ...]
    failures: tuple[str, ...] = ()
    exact: ExactFacts | None = None

    @property
    def confirmed(self) -> int:
        """Number of compared filters with all their θ on the program's list."""
        return sum(f >= e for f, e in zip(self.found, self.expected, strict=True))

    @property
    def missed(self) -> tuple[int, ...]:
        """The points whose filter the program did not list at all."""
        return tuple(row for row, f in zip(self.rows, self.found, strict=True) if f == 0)

    @property
    def partly(self) -> tuple[int, ...]:
        """The points over which the program listed some of the θ, but not all."""
        counts = zip(self.rows, self.found, self.expected, strict=True)
        return tuple(row for row, f, e in counts if 0 < f < e)

    @property
    def overlooked(self) -> tuple[ForeignSolution, ...]:
        """Nonsingular solutions of the program that are not in the result: there should be none."""
        return tuple(solution for solution in self.foreign if solution.nonsingular)

    @property
    def agrees(self) -> bool:
        """Whether the result has all nonsingular solutions of the program, and the same real ones if it is exact."""
        return not self.overlooked and not (self.exact and self.exact.misjudged)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield (
            f"{self.program} confirms {self.confirmed} of {quantity(len(self.rows), 'filter', 'filters')} "
            f"({sum(map(min, self.found, self.expected))} of {sum(self.expected)} θ, "
            f"{quantity(self.patches, 'patch', 'patches')})"
        )
        if self.exact:
            yield from _exact_lines(self.exact)
        if self.partly:
            yield f"  it lost some θ over {quantity(len(self.partly), 'filter', 'filters')}: {_numbers(self.partly)}"
        if self.missed:
            yield f"  it did not find {quantity(len(self.missed), 'filter', 'filters')}: {_numbers(self.missed)}"
        singular = len(self.foreign) - len(self.overlooked)
        if singular:
            yield f"  it lists {quantity(singular, 'singular solution', 'singular solutions')} besides"
        for solution in self.overlooked:
            w = np.array2string(solution.filter, precision=8, max_line_width=10**6)
            yield (
                f"  it has a nonsingular solution that is NOT in the result (residual {solution.residual:.1e}, "
                f"condition {solution.condition:.1e}): {w}"
            )
        for failure in self.failures:
            yield f"  no answer in one patch: {failure}"

    def to_dict(self) -> dict[str, object]:
        """The comparison as plain objects for JSON."""
        return {
            "program": self.program,
            "patches": self.patches,
            "listed": self.listed,
            "zero": self.zero,
            "discarded": self.discarded,
            "compared": len(self.rows),
            "confirmed": self.confirmed,
            "partly": list(self.partly),
            "missed": list(self.missed),
            "parameters": {"expected": sum(self.expected), "found": sum(map(min, self.found, self.expected))},
            "foreign": [
                {
                    "filter": {"re": solution.filter.real.tolist(), "im": solution.filter.imag.tolist()},
                    "residual": solution.residual,
                    "condition": solution.condition if np.isfinite(solution.condition) else None,
                    "nonsingular": solution.nonsingular,
                }
                for solution in self.foreign
            ],
            "failures": list(self.failures),
            **({} if self.exact is None else {"exact": {**asdict(self.exact), "misjudged": [*self.exact.misjudged]}}),
            "agrees": self.agrees,
        }


def _exact_lines(exact: ExactFacts) -> Iterator[str]:
    multiple = "" if exact.degree == exact.distinct else f", {exact.degree} with multiplicity"
    yield (
        f"  it knows {exact.distinct} critical θ{multiple}, {exact.real} of them real, to {exact.radius:.0e} of the "
        f"filter's norm; filters of the result are within {exact.distance:.0e}"
    )
    if exact.misjudged:
        count = quantity(len(exact.misjudged), "filter", "filters")
        yield f"  real solutions over {count} are NOT those of the result: {_numbers(exact.misjudged)}"


def _numbers(rows: tuple[int, ...]) -> str:
    return "points " + ", ".join(map(str, rows[:8])) + (", …" if len(rows) > 8 else "")


def check_feasible(arch: Architecture, max_parameters: int | None = None, program: str = "phcpack") -> Witness:
    """The witness; InputError if it is not installed or the network is too large for its blackbox solver."""
    try:
        found = witness(program)
        found.check_installed()
    except InputError as error:
        raise InputError(f"cross_check: {error}") from None
    count = generic_count(arch).parameters
    most = found.limit if max_parameters is None else max_parameters
    if count > most:
        solver = "msolve" if found.solve is None else f"{found.name}'s blackbox"
        raise InputError(
            f"max_parameters: this architecture has {count} critical parameters, too many for {solver}; "
            f"expected at most {most}, or a higher limit"
        )
    return found


def cross_check(
    result: CriticalPoints,
    *,
    seed: int = 0,
    patches: int = 3,
    max_parameters: int | None = None,
    timeout: float | None = None,
    program: str = "phcpack",
    with_: str | None = None,
) -> CrossCheck:
    """Solve the equations in parameter space with another program and compare filters one by one.

    PHCpack and bertini2 follow paths, and their lists come without a guarantee. msolve finds all critical θ of the
    exact rational data; data in doubles are the rational numbers that the doubles are.

    Parameters
    ----------
    result : CriticalPoints
    seed : int
        The random patches, and the program's random choices, come from it.
    patches : int
        How many random patches to try at most: as long as the program misses some θ.
    max_parameters : int, optional
        Refuse an architecture with more critical θ up to scaling for generic data than this: by default 300, or 100
        with msolve.
    timeout : float, optional
        Seconds that the program may take in one patch; by default there is no limit, or 600 with msolve.
    program : str
        "phcpack", "bertini2" or "msolve".
    with_ : str, optional
        Another name of ``program``, which goes before it.

    Returns
    -------
    CrossCheck
        ``agrees`` tells whether the program has no nonsingular solution that ``result`` has not, and, with msolve, the
        same real solutions. What PHCpack or bertini2 misses is counted, but says nothing against the result: its list
        comes without a guarantee.

    Raises
    ------
    InputError
        If the program is not known or not installed, or the architecture too large.
    """
    arch = result.architecture
    solver = check_feasible(arch, max_parameters, program if with_ is None else with_)
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout: {timeout} given; expected a positive number of seconds")
    if patches < 1:
        raise InputError(f"patches: {patches} given; expected at least 1")
    rows = tuple(i for i, point in enumerate(result) if point.nonsingular and point.isolated)
    factorizations = {row.pattern: row.factorizations for row in result.strata}
    expected = np.array([factorizations[result[i].stratum] for i in rows], dtype=int)
    data, scale = stratum_data(result.loss, np.arange(arch.filter_size))
    known = np.array([point.filter / scale for point in result]).reshape(len(result), arch.filter_size)
    rng = np.random.default_rng([seed, 3])
    space = _parameter_space(arch)
    stratum, positions = space.stratum, space.positions
    seen = _Seen(space, data, known, dict(zip(rows, expected.tolist(), strict=True)))
    failures: list[str] = []
    exact: ExactFacts | None = None
    found = np.zeros(len(rows), dtype=int)
    attempts = 0
    for attempts in range(1, patches + 1):
        try:
            if solver.solve is None:
                exact = seen.enter_exactly(result, _msolve(result, space, rng, seed + attempts, timeout), exact)
            else:
                affine = random_patches(stratum, rng)
                system = PatchedSystem(stratum, affine, positions=positions, filter_size=arch.filter_size)
                seen.enter(system, solver.solve(system, data, seed + attempts, timeout))
        except MsolveFailure as failure:
            failures.append(str(failure))
            break  # another patch takes as long, or has as many solutions
        except (PHCpackFailure, Bertini2Failure) as failure:
            failures.append(str(failure))
            continue
        found = np.bincount(seen.owners[seen.owners >= 0], minlength=len(known))[list(rows)]
        if (found >= expected).all():
            break
    return CrossCheck(
        program=f"{solver.name} {solver.version() or ''}".strip(),
        patches=attempts,
        listed=seen.listed,
        zero=seen.zero,
        discarded=seen.discarded,
        rows=rows,
        expected=tuple(expected.tolist()),
        found=tuple(found.tolist()),
        foreign=tuple(
            ForeignSolution(w * scale, residual, condition, nonsingular)
            for w, residual, condition, nonsingular in seen.foreign
        ),
        failures=tuple(failures),
        exact=exact,
    )


def _parameter_space(arch: Architecture) -> Embedding:
    """The parameters themselves: every layer is a factor of power one."""
    if isinstance(arch, SupportNetwork):
        return segre_embedding(arch)
    layers = tuple(layer for layer, size in enumerate(arch.layer_sizes) if size > 1)
    return Embedding(Stratum.of_layers(arch), tuple(range(arch.filter_size)), layers)


def _msolve(
    result: CriticalPoints, space: Embedding, rng: np.random.Generator, seed: int, timeout: float | None
) -> ExactSolutions:
    """msolve's solutions for the exact data of a result, scaled as `stratum_data` scales."""
    loss = result.loss
    given = loss.exact or ExactData.of_doubles(loss.gram, loss.b, 0.0)
    gram_scale = Fraction(float(power_of_two(np.linalg.norm(loss.gram, 2))))
    b_scale = Fraction(stratum_data(loss, np.arange(loss.filter_size))[1]) * gram_scale
    gram = [[value / gram_scale for value in row] for row in given.gram]
    scaled = ExactData.of(gram, [value / b_scale for value in given.b], 0)
    patches = msolve_witness.integer_patches(space.stratum, rng)
    limit = MSOLVE_SECONDS if timeout is None else timeout
    try:
        found = msolve_witness.solve_exactly(
            space.stratum, scaled, patches, positions=space.positions, seed=seed, timeout=limit
        )
    except MsolveTimeout as failure:
        raise MsolveTimeout(
            f"{failure}; expected numbers of fewer digits, as of exact data with small numerators and denominators, a "
            "smaller network or a longer time limit"
        ) from None
    if not len(found.filters) and any(point.nonsingular and point.isolated for point in result):
        raise MsolveFailure("msolve lists no solution at all, so that it must have read something else")
    return found


class _Seen:
    """The distinct θ that the program has listed; ``owners`` are the known filters that they belong to.

    ``expected`` has the number of θ over each filter that is compared.
    """

    def __init__(self, space: Embedding, data: Data, known: Complex, expected: Mapping[int, int]) -> None:
        self.expected = expected
        stratum, self.positions = space.stratum, space.positions
        self.equations = equations_of(stratum)
        places = np.array(space.positions)
        self.data, self.known = Data(data.gram[np.ix_(places, places)], data.b[places]), known
        self.keys = np.empty((0, stratum.coordinates), complex)
        self.owners = np.empty(0, dtype=np.int64)
        self.listed = self.zero = self.discarded = 0
        self.foreign: list[tuple[Complex, float, float, bool]] = []

    def enter(self, system: PatchedSystem, listing: Listing) -> None:
        """Enter the solutions listed in one patch."""
        finite = np.asarray(np.isfinite(listing.values).all(axis=1), dtype=bool)
        zero = finite & (
            np.linalg.norm(system.filters(np.where(finite[:, None], listing.values, 1)), axis=1) <= ZERO_FILTER
        )
        arrived = (listing.errors <= LAST_STEP) & (np.abs(listing.values).max(axis=1, initial=0.0) <= LARGEST_UNKNOWN)
        self.listed += len(listing)
        self.zero += int(zero.sum())
        self.discarded += int((~arrived & ~zero).sum())
        rows = np.flatnonzero(finite & ~zero)
        points = self.equations.normalize(system.points(listing.values[rows]))
        self._sort(points, arrived[rows])

    def enter_exactly(self, result: CriticalPoints, solutions: ExactSolutions, before: ExactFacts | None) -> ExactFacts:
        """Enter the critical θ of one patch, and say what is known exactly; ``before`` is what was known before."""
        self.listed += len(solutions.filters)
        points = self.equations.normalize(solutions.points)
        filters, simple, real = solutions.filters, solutions.simple, solutions.real
        owners = find(self.known, filters)
        keys = point_keys(self.equations.stratum, points)
        new = (owners >= 0) & (find(self.keys, keys) < 0)  # multiple ones, too: they are known exactly
        self.keys = np.concatenate([self.keys, keys[new]])
        self.owners = np.concatenate([self.owners, owners[new]])
        strange = np.flatnonzero((owners < 0) & (simple | (find(self.known, filters, SAME_SINGULAR) < 0)))
        residuals: Real = gradient_residual(self.equations.stratum, points, self.data)
        conditions = refine(self.equations, points, self.data).conditions
        for row in strange:
            others = np.array([other for other, *_ in self.foreign]).reshape(-1, filters.shape[1])
            if find(others, filters[row : row + 1])[0] < 0:
                self.foreign.append((filters[row], float(residuals[row]), float(conditions[row]), bool(simple[row])))
        misjudged = set(before.misjudged) if before else set()
        for i, point in enumerate(result):
            mine = owners == i
            if not (point.nonsingular and point.isolated and mine.any()):
                continue
            reality = bool(point.real)
            contradicted = (reality and solutions.complex_filter[mine].any()) or (not reality and real[mine].any())
            listed = len(point.parameters) if reality else 0
            counted = bool(simple[mine].all()) and mine.sum() >= self.expected.get(i, 0)
            if contradicted or (counted and real[mine].sum() != listed):
                misjudged.add(i)
        known = owners >= 0
        distances = np.linalg.norm(self.known[owners[known]] - filters[known], axis=1)
        relative = distances / np.linalg.norm(filters[known], axis=1)
        return ExactFacts(
            degree=solutions.degree,
            distinct=len(filters),
            real=int(real.sum()),
            radius=solutions.radius,
            distance=float(relative.max(initial=ROUNDING)),
            misjudged=tuple(sorted(misjudged)),
        )

    def _filters(self, tensors: Complex) -> Complex:
        """The filters (P, K) of the network, of filters of the stratum."""
        return projected(np.asarray(tensors, complex), self.positions, self.known.shape[1])

    def _sort(self, points: Complex, arrived: NDArray[np.bool_]) -> None:
        """Find the filter of each point, and the points without one."""
        stratum = self.equations.stratum
        refined = refine(self.equations, points, self.data)
        ends = self.equations.normalize(refined.points.astype(complex))
        nonsingular: NDArray[np.bool_] = (refined.errors <= SOLVING.verified) & (
            np.linalg.norm(refined.filters, axis=1) > ZERO_FILTER
        )
        near = np.flatnonzero(nonsingular & (refined.conditions > SOLVING.suspicious))
        problem = Problem(self.equations, self.data, len(self.known))
        nonsingular[near] = attracting(problem, ends[near], jobs=1)
        residuals: Real = gradient_residual(stratum, ends, self.data)
        ours = self._filters(refined.filters)
        theirs = self._filters(self.equations.filters(points))
        owners = find(self.known, ours)
        loose = find(self.known, theirs, SAME_SINGULAR)

        fine = arrived & nonsingular & (owners >= 0)
        keys = point_keys(stratum, ends[fine])
        new = (first_occurrences(keys) == np.arange(len(keys))) & (find(self.keys, keys) < 0)
        self.keys = np.concatenate([self.keys, keys[new]])
        self.owners = np.concatenate([self.owners, owners[fine][new]])

        # A point at which the program has not arrived counts only if Newton's method finds a solution from there.
        strange = np.flatnonzero((nonsingular & (owners < 0)) | (arrived & ~nonsingular & (loose < 0)))
        for row in strange:
            regular = bool(nonsingular[row])
            w = ours[row] if regular else theirs[row]
            others = np.array([other for other, *_ in self.foreign]).reshape(-1, len(w))
            if find(others, w[None], 1e-8 if regular else SAME_SINGULAR)[0] < 0:
                self.foreign.append((w, float(residuals[row]), float(refined.conditions[row]), regular))
