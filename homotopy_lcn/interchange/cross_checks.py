"""PHCpack or bertini2 as a witness: it solves the equations in parameter space, and the solutions are compared.

The answer of the witness does not depend on the theory of this package. It gets the gradient of the loss in the
parameters, restricted to random affine patches, and its blackbox solver finds isolated solutions: PHCpack's by
polyhedral homotopies, bertini2's by multihomogeneous ones. Over each critical filter it should list as many θ up to
scaling as there are critical factorizations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..doors import ShownInNotebooks
from ..equations.critical_equations import Data, equations_of
from ..equations.distinct import find, first_occurrences, point_keys
from ..equations.polynomials import PatchedSystem, random_patches
from ..equations.restriction import stratum_data
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.strata import Stratum
from ..results.points import quantity
from ..results.result import CriticalPoints
from ..solving.problem import Problem
from ..solving.regular_ends import attracting
from ..solving.tolerances import SOLVING
from ..tracking.phcpack_program import Listing, PHCpackFailure, phc_program, solve_by_blackbox, version
from ..tracking.refinement import gradient_residual, refine
from . import bertini2_blackbox
from .bertini2_blackbox import Bertini2Failure

__all__ = ["BLACKBOX_LIMIT", "CrossCheck", "ForeignSolution", "Witness", "check_feasible", "cross_check", "witness"]

#: The blackbox solvers do not finish for more critical parameters than this.
BLACKBOX_LIMIT = 300
#: A point on a list is no solution if the last step is above the first number, or an unknown is above the
#: second number: paths to infinity end near 1e6.
LAST_STEP, LARGEST_UNKNOWN = 1e-8, 1e4
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
    solve : callable
        The solutions of a system for given data, seed and time limit; raises a RuntimeError if there is no answer.
    """

    name: str
    check_installed: Callable[[], object]
    version: Callable[[], str | None]
    solve: Callable[[PatchedSystem, Data, int, float | None], Listing]


def _phcpack(system: PatchedSystem, data: Data, seed: int, timeout: float | None) -> Listing:
    return solve_by_blackbox(system.equations(data), system.unknowns, seed=seed, timeout=timeout)


def _bertini2(system: PatchedSystem, data: Data, seed: int, timeout: float | None) -> Listing:
    return bertini2_blackbox.solve_by_bertini2(system.equations(data), system.groups(), seed=seed, timeout=timeout)


def witness(name: str) -> Witness:
    """The witness of that name: "phcpack" (or "phc") or "bertini2".

    Raises
    ------
    InputError
        If there is none. The message does not name an argument.
    """
    if name in ("phcpack", "phc"):
        return Witness("PHCpack", phc_program, version, _phcpack)
    if name == "bertini2":
        return Witness("bertini2", bertini2_blackbox.check_installed, bertini2_blackbox.version, _bertini2)
    raise InputError(f"{name!r} is not known; expected phcpack or bertini2")


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
        """Whether the result has all nonsingular solutions of the program."""
        return not self.overlooked

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield (
            f"{self.program} confirms {self.confirmed} of {quantity(len(self.rows), 'filter', 'filters')} "
            f"({sum(map(min, self.found, self.expected))} of {sum(self.expected)} θ, "
            f"{quantity(self.patches, 'patch', 'patches')})"
        )
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
            "agrees": self.agrees,
        }


def _numbers(rows: tuple[int, ...]) -> str:
    return "points " + ", ".join(map(str, rows[:8])) + (", …" if len(rows) > 8 else "")


def check_feasible(arch: Architecture, max_parameters: int = BLACKBOX_LIMIT, program: str = "phcpack") -> Witness:
    """The witness; InputError if it is not installed or the network is too large for its blackbox solver."""
    try:
        found = witness(program)
        found.check_installed()
    except InputError as error:
        raise InputError(f"cross_check: {error}") from None
    count = generic_count(arch).parameters
    if count > max_parameters:
        raise InputError(
            f"max_parameters: this architecture has {count} critical parameters, too many for {found.name}'s blackbox; "
            f"expected at most {max_parameters}, or a higher limit"
        )
    return found


def cross_check(
    result: CriticalPoints,
    *,
    seed: int = 0,
    patches: int = 3,
    max_parameters: int = BLACKBOX_LIMIT,
    timeout: float | None = None,
    program: str = "phcpack",
) -> CrossCheck:
    """Solve the equations in parameter space with another program's blackbox solver and compare filters one by one.

    Parameters
    ----------
    result : CriticalPoints
    seed : int
        The random patches, and the program's random choices, come from it.
    patches : int
        How many random patches to try at most: as long as the program misses some θ.
    max_parameters : int
        Refuse an architecture with more critical θ up to scaling for generic data than this.
    timeout : float, optional
        Seconds that the program may take in one patch.
    program : str
        "phcpack" or "bertini2".

    Returns
    -------
    CrossCheck
        ``agrees`` tells whether the program has no nonsingular solution that ``result`` has not. What it misses is
        counted, but says nothing against the result: its list comes without a guarantee.

    Raises
    ------
    InputError
        If the program is not known or not installed, or the architecture too large.
    """
    arch = result.architecture
    solver = check_feasible(arch, max_parameters, program)
    if patches < 1:
        raise InputError(f"patches: {patches} given; expected at least 1")
    rows = tuple(i for i, point in enumerate(result) if point.nonsingular and point.isolated)
    factorizations = {row.pattern: row.factorizations for row in result.strata}
    expected = np.array([factorizations[result[i].stratum] for i in rows], dtype=int)
    data, scale = stratum_data(result.loss, np.arange(arch.filter_size))
    known = np.array([point.filter / scale for point in result]).reshape(len(result), arch.filter_size)
    rng = np.random.default_rng([seed, 3])
    stratum = Stratum.of_layers(arch)
    seen = _Seen(stratum, data, known)
    failures = []
    found = np.zeros(len(rows), dtype=int)
    attempts = 0
    for attempts in range(1, patches + 1):
        system = PatchedSystem(stratum, random_patches(stratum, rng))
        try:
            listing = solver.solve(system, data, seed + attempts, timeout)
        except (PHCpackFailure, Bertini2Failure) as failure:
            failures.append(str(failure))
            continue
        seen.enter(system, listing)
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
    )


class _Seen:
    """The distinct θ that the program has listed; ``owners`` are the known filters that they belong to, or −1."""

    def __init__(self, stratum: Stratum, data: Data, known: Complex) -> None:
        self.equations = equations_of(stratum)
        self.data, self.known = data, known
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
        owners = find(self.known, refined.filters)
        loose = find(self.known, self.equations.filters(points), SAME_SINGULAR)

        fine = arrived & nonsingular & (owners >= 0)
        keys = point_keys(stratum, ends[fine])
        new = (first_occurrences(keys) == np.arange(len(keys))) & (find(self.keys, keys) < 0)
        self.keys = np.concatenate([self.keys, keys[new]])
        self.owners = np.concatenate([self.owners, owners[fine][new]])

        # A point at which the program has not arrived counts only if Newton's method finds a solution from there.
        strange = np.flatnonzero((nonsingular & (owners < 0)) | (arrived & ~nonsingular & (loose < 0)))
        for row in strange:
            regular = bool(nonsingular[row])
            w = refined.filters[row] if regular else self.equations.filters(points[row : row + 1])[0]
            others = np.array([other for other, *_ in self.foreign]).reshape(-1, len(w))
            if find(others, w[None], 1e-8 if regular else SAME_SINGULAR)[0] < 0:
                self.foreign.append((w, float(residuals[row]), float(refined.conditions[row]), regular))
