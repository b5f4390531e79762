"""Table 1: fully connected networks beside convolutional ones with strides one, above one, and mixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..geometry.filter_geometry import describe_filter
from ..geometry.function_space import FunctionSpace, describe_function_space
from ..geometry.rank_drops import criticality
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.parameters import compose
from ..results.points import quantity
from ..surveys.surveys import many_draws
from ..surveys.tallies import Tally
from .fully_connected import TRIALS, FullyConnectedCheck, check_fully_connected
from .text_tables import Column, TextTable

__all__ = ["EXAMPLES", "SOURCE", "comparison_table"]

SOURCE = (
    "Built from the abstract and the theorems of Kohn, Montúfar, Shahverdi, Trager (2024), as the published layout was "
    "not at hand."
)

#: The mark of an example for which a statement does not hold.
CONTRADICTED = "CONTRADICTED"
#: Random filters of each example that are tested for membership in M.
FILTERS = 60
#: The fully connected example: 3 × 4 matrices of rank at most 2.
WIDTHS = (4, 2, 3)
#: An architecture for each kind of convolutional network.
EXAMPLES = {
    "strides one": Architecture((2, 2, 2), (1, 1, 1)),
    "all strides > 1": Architecture((3, 2), (2, 1)),
    "mixed strides": Architecture((2, 2, 2), (1, 2, 1)),
}


def comparison_table(
    draws: int, starts: int, seed: int, jobs: int, report: Callable[[str, int, int], None]
) -> tuple[TextTable, list[str]]:
    """Compare linear networks: each statement stands beside a measurement on an example.

    Parameters
    ----------
    draws : int
        Gaussian data sets for each convolutional example.
    starts : int
        Random parameters from which the critical points of the fully connected example are looked for.
    seed, jobs : int
    report : callable
        Called with the name of the current step, the number of steps done, and the number of all steps.

    Returns
    -------
    TextTable
    list of str
        The problems: measurements that contradict a statement, and solves that were not complete.
    """
    columns, problems = [], []
    report("comparison: fully connected", 0, 1 + len(EXAMPLES))
    check = check_fully_connected(WIDTHS, seed, starts=starts)
    if not check.agrees:
        problems.append("fully connected: the critical matrices found are not those of Eckart and Young")
    columns.append(_fully_connected(check, starts))
    for number, (kind, arch) in enumerate(EXAMPLES.items(), 1):
        report(f"comparison: {kind}", number, 1 + len(EXAMPLES))
        column = _Convolutional(kind, arch, many_draws(arch, draws, seed, jobs=jobs), seed)
        columns.append(column.cells())
        problems += column.problems()
    titles = ("fully connected", *(f"convolutional, {kind}" for kind in EXAMPLES))
    table = TextTable(
        "table1_comparison",
        f"Comparison of linear networks. {SOURCE}",
        (Column("property", ""), *(Column(title.replace(" ", "_").replace(",", ""), title) for title in titles)),
        tuple((name, *(column[name] for column in columns)) for name in columns[0]),
        (
            f"Each cell: what holds for the kind of network; then what was measured for the example, with seed {seed}. "
            f"Convolutional: {quantity(draws, 'Gaussian data set', 'Gaussian data sets')}. Critical points are nonzero "
            "end-to-end filters or matrices; pure: critical on the smooth part of the reduced function space; "
            "spurious: critical since the parameterization is degenerate.",
        ),
    )
    return table, problems


def _fully_connected(check: FullyConnectedCheck, starts: int) -> dict[str, str]:
    inputs, hidden, outputs = check.widths
    total = check.pure + check.spurious
    return {
        "example": f"widths {inputs}, {hidden}, {outputs}",
        "function space": (
            f"determinantal variety: {outputs} × {inputs} matrices of rank ≤ {hidden}; measured: products of rank "
            f"{check.rank_of_products} at {TRIALS} random θ"
        ),
        "dimension": (
            f"r(m + n − r) = {hidden * (inputs + outputs - hidden)}; measured: dμ has rank {check.rank_of_map}"
        ),
        "thick": f"no, unless r = min(m, n); measured: {check.rank_of_map} of {inputs * outputs} dimensions",
        "Zariski closed": (
            f"yes: the minors of size {hidden + 1} vanish, and each such matrix factorizes; measured: "
            f"{check.factorized} of {TRIALS} random ones do"
        ),
        "boundary points": (
            f"none; measured: {check.factorized_near} of {TRIALS} random matrices of rank ≤ {hidden} near the critical "
            "ones factorize"
        ),
        "singular points": (
            f"the matrices of rank < r; measured: the minors have a differential of lower rank at {check.singular} "
            "critical ones"
        ),
        "critical points": (
            f"C({outputs}, 2) = {check.pure} pure and {check.spurious} spurious; measured: {check.reached} of {total} "
            f"reached from {starts} random θ, {check.others} others, gradient on the variety {check.gradient:.0e}"
        ),
        "all pure": f"no; measured: {check.reached_spurious} of {check.reached} reached have rank < {hidden}",
        "all smooth": f"no: the spurious ones are singular points; measured: {check.singular} of {total}",
        "all interior": (
            f"yes: there is no boundary; measured: of all {total}, by {check.factorized_near} of {TRIALS} matrices "
            "near them"
        ),
        "minima": f"one, the global one; measured: {check.minima} of {total} critical matrices",
    }


class _Convolutional:
    """One column: the statements on one kind of network, and the measurements on its example."""

    def __init__(self, kind: str, arch: Architecture, drawn: Tally, seed: int) -> None:
        self.kind, self.arch, self.drawn, self.seed = kind, arch, drawn, seed
        self.space: FunctionSpace = describe_function_space(arch)
        rng = np.random.default_rng([seed, 3])
        self.rank = criticality(arch, [rng.standard_normal(k) for k in arch.filters]).rank
        random = [compose(arch, [rng.standard_normal(k) for k in arch.filters]) for _ in range(FILTERS)]
        self.recognized = sum(describe_filter(arch, w, boundary=False).in_function_space for w in random)
        self.counts = generic_count(arch)

    @property
    def reduced_strides(self) -> bool:
        """Whether the theorem on strides applies."""
        return self.arch.is_reduced and self.arch.depth > 1

    def cells(self) -> dict[str, str]:
        arch, space, drawn, counts = self.arch, self.space, self.drawn, self.counts
        k, s = (",".join(map(str, values)) for values in (arch.filters, arch.strides))
        one = self.kind == "strides one"
        found, attained = self._total("found"), self._total("attained")
        spurious, singular, boundary = map(self._total, ("spurious", "not_smooth", "boundary"))
        pure, either, real, minima = (drawn.distribution(name).range for name in ("pure", "spurious", "real", "minima"))
        return {
            "example": f"k = ({k}), s = ({s})",
            "function space": (
                f"semialgebraic: {_space(one)}; measured: {self.recognized} of {FILTERS} random μ(θ) recognized by "
                "factorization"
            ),
            "dimension": f"Σk_l − (L − 1) = {space.dimension}; measured: dμ has rank {self.rank}",
            "thick": f"{'yes' if one else 'no'}; measured: {self.rank} of {space.filter_size} dimensions",
            "Zariski closed": f"{'just if at most one k_l is even' if one else 'depends'}; here {self._closed()}",
            "boundary points": self._boundary(),
            "singular points": self._singular(one, singular, found),
            "critical points": (
                f"{counts.pure} pure and {counts.spurious} spurious; measured: {pure} and {either} in "
                f"{quantity(drawn.draws, 'data set', 'data sets')}, {real} of them real"
            ),
            "all pure": f"{self._always(spurious)}; measured: {spurious} of {found} are spurious",
            "all smooth": f"{self._smooth(one, singular)}; measured: {singular} of {found} are singular points",
            "all interior": f"{self._always(boundary)}; measured: {boundary} of {attained} attained on the boundary",
            "minima": f"may be several; measured: {minima} filters",
        }

    def _total(self, name: str) -> int:
        return self.drawn.distribution(name).total

    def _always(self, violations: int) -> str:
        return "yes, for generic data" if self.reduced_strides else "no" if violations else "no theorem"

    def _smooth(self, one: bool, singular: int) -> str:
        return "yes: the closure is the whole space" if one else self._always(singular)

    def _closed(self) -> str:
        witness = self.space.closure_witness
        if witness is None:
            return "yes; measured: the real critical filters are all in M"
        facts = describe_filter(self.arch, witness, boundary=False)
        agrees = facts.in_closure and not facts.in_function_space
        return f"no; measured: {_vector(witness)} is in the closure, not in M{_verdict(agrees)}"

    def _boundary(self) -> str:
        texts = []
        for name, witness in self.space.boundary_witnesses.items():
            agrees = name in describe_filter(self.arch, witness).boundary
            texts.append(f"{name}, as {_vector(witness)}{_verdict(agrees)}")
        return f"measured: {'; '.join(texts)}" if texts else "measured: none of the critical filters"

    def _singular(self, one: bool, singular: int, found: int) -> str:
        witness = self.space.singular_witness
        if witness is None:
            meaning = "none: the closure is the whole space" if one else "only 0 here; depends"
            return f"{meaning}; measured: {singular} of {found} critical filters"
        facts = describe_filter(self.arch, witness, boundary=False)
        return f"depends; measured here: {_vector(witness)}{_verdict(facts.smooth is False)}"

    def problems(self) -> list[str]:
        """The contradictions to the statements."""
        found = []
        drawn = self.drawn
        if drawn.incomplete:
            found.append(f"{self.kind}: {drawn.incomplete} of {drawn.draws} solves not complete")
        if self.rank != self.space.dimension:
            found.append(f"{self.kind}: dμ has rank {self.rank}, not {self.space.dimension}")
        if self.recognized != FILTERS:
            found.append(f"{self.kind}: {FILTERS - self.recognized} random filters not recognized")
        found += [f"{self.kind}: {name} contradicted" for name, cell in self.cells().items() if CONTRADICTED in cell]
        if self.reduced_strides:
            violations = {name: self._total(name) for name in ("spurious", "not_smooth", "boundary")}
            violations["undecided"] = self._total("attained_undecided")
            found += [f"{self.kind}: {number} points {name}" for name, number in violations.items() if number]
        return found


def _space(one: bool) -> str:
    if one:
        return "polynomials with real factors of degrees k_l − 1"
    return "sparse factorizations into real factors in powers of the variable"


def _verdict(agrees: bool) -> str:
    return "" if agrees else f" ({CONTRADICTED})"


def _vector(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values.tolist()) + ")"
