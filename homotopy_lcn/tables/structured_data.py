"""Exact counts for structured data: processes and other Gram matrices, on all reduced networks up to a filter size.

Each entry has the method that gave it. The rules of the theory are tested on each entry that they cover, against
numbers that do not come from the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..counting.eigenvalues import count_by_eigenvalues, fibre_of
from ..counting.exact_counts import METHODS, KnownNumbers
from ..counting.gram_matrices import GramMatrix, gram_matrix
from ..counting.groebner import Search, count_by_groebner, residues_of
from ..counting.pencils import count_by_pencils
from ..counting.rules import arma_rule, product_rule, rank_rule
from ..counting.singular_fibres import count_by_fibres
from ..networks.architecture import Architecture
from ..networks.counts import generic_count as count_generic
from ..networks.strata import Stratum
from ..solving.white_counts import SECONDS_FOR_COUNTS, count_for_gram, generic_count
from .text_tables import Cell, Column, TextTable

__all__ = [
    "STRUCTURED_DATA",
    "RuleCheck",
    "StructuredData",
    "StructuredEntry",
    "check_rules",
    "rules_table",
    "structured_cells",
    "structured_columns",
    "structured_entries",
    "structured_tables",
]


class StructuredData(NamedTuple):
    """A kind of structured data.

    Attributes
    ----------
    name : str
        Of its columns.
    text : str
        Of the Gram matrix, as `gram_matrix` reads it.
    title : str
        For people.
    orders : (int, int) or None
        p and q, if it is an ARMA(p, q) process.
    """

    name: str
    text: str
    title: str
    orders: tuple[int, int] | None = None


#: The kinds of data, series first.
STRUCTURED_DATA = (
    StructuredData("white", "white", "white", (0, 0)),
    StructuredData("ar1", "ar1:1/2", "AR(1)", (1, 0)),
    StructuredData("ar2", "ar:1/2,1/5", "AR(2)", (2, 0)),
    StructuredData("ma1", "ma1:1/3", "MA(1)", (0, 1)),
    StructuredData("ma2", "ma:1/2,1/5", "MA(2)", (0, 2)),
    StructuredData("arma", "arma:1/2;1/3", "ARMA(1,1)", (1, 1)),
    StructuredData("differenced", "differenced:1", "over-differenced", (0, 1)),
    StructuredData("seasonal", "seasonal:2,1/2", "seasonal", (2, 0)),
    StructuredData("circulant", "circulant:1,1/3,1/7", "circulant"),
    StructuredData("exchangeable", "exchangeable:1/3", "exchangeable"),
    StructuredData("walk", "walk", "random walk"),
    StructuredData("weighted", "weighted:2", "weighted white"),
    StructuredData("weighted_ar1", "weighted:2:ar1:1/2", "weighted AR(1)"),
    StructuredData("spread", "spread:2:walk", "G ⊗ I_2"),
    StructuredData("copies", "copies:2:ar1:1/2", "I ⊗ G, size 2"),
    StructuredData("copies_3", "copies:3:walk", "I ⊗ G, size 3"),
)
#: Columns of one table for people; more would be too wide.
COLUMNS_SHOWN = 8
#: Weights c of the torus rule: D Σ D, D = diag(c^i), is as special as Σ.
WEIGHTS = "-3"


@dataclass(frozen=True)
class StructuredEntry:
    """The number of critical points of one network for one kind of data.

    Attributes
    ----------
    architecture : Architecture
    data : StructuredData
    generic : int
        Number of critical θ up to scaling, w ≠ 0, for generic data.
    count : int
        The same for this Gram matrix and generic b.
    method : str
        The method that gave it, the weakest of those of the strata.
    """

    architecture: Architecture
    data: StructuredData
    generic: int
    count: int
    method: str

    @property
    def gram(self) -> GramMatrix:
        """The Gram matrix."""
        return gram_matrix(self.data.text, self.architecture.filter_size)


def structured_entries(
    architectures: Iterable[Architecture],
    kinds: Sequence[StructuredData] = STRUCTURED_DATA,
    time_limit: float | None = SECONDS_FOR_COUNTS,
    known: KnownNumbers | None = None,
) -> Iterator[StructuredEntry]:
    """Count the critical points of each network for each kind of data, those of Gram matrices up to symmetry once.

    Parameters
    ----------
    architectures : iterable of Architecture
    kinds : sequence of StructuredData
    time_limit : float, optional
        Seconds for each number, as in `homotopy_lcn.generic_count`.
    known : KnownNumbers, optional
        Numbers that are established before, for example of white data; it is added to.

    Raises
    ------
    IncompleteStartSystem
        If a number is neither established exactly nor measured.
    CountsDisagree
        If two methods give different numbers.

    Examples
    --------
    >>> [entry] = structured_entries([Architecture((4, 2), (2, 1))], STRUCTURED_DATA[1:2])
    >>> entry.data.title, entry.count, entry.generic, entry.method
    ('AR(1)', 14, 14, 'eigenvalues')
    """
    known = KnownNumbers() if known is None else known
    for arch in architectures:
        generic = count_generic(arch).parameters
        for data in kinds:
            table = count_for_gram(arch, gram_matrix(data.text, arch.filter_size), time_limit, known)
            yield StructuredEntry(arch, data, generic, table.parameters, table.method or "")


def structured_columns() -> tuple[str, ...]:
    """Names of the columns with counts and methods in the shipped atlas."""
    return tuple(f"{column}_{data.name}" for data in STRUCTURED_DATA for column in ("count", "method"))


def structured_cells(entries: Iterable[StructuredEntry]) -> dict[str, str]:
    """The cells of one network in these columns."""
    cells: dict[str, str] = {}
    for entry in entries:
        cells |= {f"count_{entry.data.name}": str(entry.count), f"method_{entry.data.name}": entry.method}
    return cells


def structured_tables(entries: Sequence[StructuredEntry]) -> list[TextTable]:
    """The entries as tables with a row for each network; the letter behind a number is the initial of its method."""
    by_network: dict[Architecture, dict[str, StructuredEntry]] = {}
    for entry in entries:
        by_network.setdefault(entry.architecture, {})[entry.data.name] = entry
    kinds = [data for data in STRUCTURED_DATA if any(data.name in row for row in by_network.values())]
    letters = ", ".join(f"{method[0]}: {method}" for method in METHODS)
    tables = []
    for number, first in enumerate(range(0, len(kinds), COLUMNS_SHOWN), 1):
        chosen = kinds[first : first + COLUMNS_SHOWN]
        columns = [Column("filters", "k"), Column("strides", "s"), Column("generic", "generic")]
        columns += [Column(data.name, data.title) for data in chosen]
        rows: list[tuple[Cell, ...]] = [
            (arch.filters, arch.strides, next(iter(row.values())).generic, *(_shown(row.get(d.name)) for d in chosen))
            for arch, row in by_network.items()
        ]
        notes = (
            "Numbers of complex critical θ up to scaling, w ≠ 0, for this Gram matrix and generic b, each with "
            f"the method that gave it ({letters}). A star: fewer than for generic data.",
            "Gram matrices: " + "; ".join(f"{data.title}: {data.text}" for data in chosen) + ".",
        )
        tables.append(
            TextTable(f"structured_data_{number}", "Counts for structured data", tuple(columns), tuple(rows), notes)
        )
    return tables


def _shown(entry: StructuredEntry | None) -> str | None:
    if entry is None:
        return None
    return f"{entry.count}{'*' if entry.count < entry.generic else ''} {entry.method[0]}"


@dataclass(frozen=True)
class RuleCheck:
    """A rule, tested on the entries that it covers.

    Attributes
    ----------
    rule : str
    statement : str
    covered : int
        On how many entries it says something that was tested.
    violations : tuple of str
        The entries on which another number was found.
    """

    rule: str
    statement: str
    covered: int
    violations: tuple[str, ...]


def check_rules(
    entries: Sequence[StructuredEntry], search: Search, report: Callable[[int, int], None] | None = None
) -> list[RuleCheck]:
    """Test the rules of the theory on all entries that they cover.

    Parameters
    ----------
    entries : sequence of StructuredEntry
        Of reduced networks.
    search : Search
        For numbers that do not come from the rules; without a program the eigenvalue rule, the pencil rule, the curves
        and the product rule are not tested.
    report : callable, optional
        Called with the number of entries done and of all entries.

    Returns
    -------
    list of RuleCheck
    """
    tests: dict[str, Callable[[StructuredEntry, Search], str | bool | None]] = {
        "eigenvalues": _test_eigenvalues,
        "pencils": _test_pencils,
        "curves": _test_curves,
        "torus": _test_torus,
        "rank": _test_rank,
        "ARMA": _test_arma,
        "ARMA, converse": _test_converse,
        "product": _test_product,
    }
    covered, violations = dict.fromkeys(tests, 0), {name: list[str]() for name in tests}
    for number, entry in enumerate(entries):
        for name, test in tests.items():
            outcome = test(entry, search)
            if outcome is not None:
                covered[name] += 1
            if isinstance(outcome, str):
                arch = entry.architecture
                violations[name].append(f"k = {arch.filters}, s = {arch.strides}, {entry.data.text}: {outcome}")
        if report is not None:
            report(number + 1, len(entries))
    return [RuleCheck(name, STATEMENTS[name], covered[name], tuple(violations[name])) for name in tests]


#: What each rule says, and against what it is tested.
STATEMENTS = {
    "eigenvalues": "Two layers, one of size 2, positive definite Toeplitz Σ: 4e − 2; against Gröbner bases",
    "pencils": "Two layers, wᵀΣw a sum of at most two products; against Gröbner bases, for layers of size 2 the entry",
    "curves": (
        "All layers but one have two dimensions together: the curve of singular fibres; against Gröbner bases, or the "
        "eigenvalues and formulas of the entry"
    ),
    "torus": f"D Σ D with D = diag(c^i), c = {WEIGHTS}, has the number of Σ; every entry, counted anew",
    "rank": "Toeplitz Σ, rank of N at most min(n_1, n_2) for some cut: points are lost",
    "ARMA": "Two layers, ARMA(p, q), M ≤ min(k_1, k_2) − 1: points are lost",
    "ARMA, converse": "Otherwise no points are lost: known to be false",
    "product": "Toeplitz Σ, B is a transversal intersection and all that is singular: gED(X) − gED(B) points",
}


def rules_table(checks: Sequence[RuleCheck]) -> TextTable:
    """The outcomes as a table."""
    columns = tuple(Column(name, name) for name in ("rule", "statement", "entries", "violations"))
    rows: list[tuple[Cell, ...]] = [(c.rule, c.statement, c.covered, len(c.violations)) for c in checks]
    return TextTable("rules", "Rules, tested on the entries that they cover", columns, tuple(rows), ())


def _is_lost(entry: StructuredEntry) -> str | bool:
    return entry.count < entry.generic or f"all {entry.count} points are there"


def _test_eigenvalues(entry: StructuredEntry, search: Search) -> str | bool | None:
    stratum = Stratum.of_layers(entry.architecture)
    if search.program is None or not entry.gram.is_toeplitz:
        return None
    rule = count_by_eigenvalues(stratum, entry.gram)
    if rule is None or not rule.toeplitz:
        return None
    found = count_by_groebner(stratum, residues_of(entry.gram), search)
    return None if found is None else found == rule.count or f"{rule.count} by the rule, {found} by Gröbner bases"


def _test_pencils(entry: StructuredEntry, search: Search) -> str | bool | None:
    stratum = Stratum.of_layers(entry.architecture)
    if search.program is None or (rule := count_by_pencils(stratum, entry.gram)) is None:
        return None
    independent = fibre_of(stratum) is not None
    found = entry.count if independent else count_by_groebner(stratum, residues_of(entry.gram), search)
    return None if found is None else found == rule.count or f"{rule.count} by the rule, {found} otherwise"


def _test_curves(entry: StructuredEntry, search: Search) -> str | bool | None:
    stratum = Stratum.of_layers(entry.architecture)
    if search.program is None or (rule := count_by_fibres(stratum, residues_of(entry.gram), search.seed)) is None:
        return None
    independent = entry.method in ("formula", "eigenvalues")
    found = entry.count if independent else count_by_groebner(stratum, residues_of(entry.gram), search)
    return None if found is None else found == rule or f"{rule} by the curves, {found} otherwise"


def _test_torus(entry: StructuredEntry, search: Search) -> str | bool | None:
    arch = entry.architecture
    weighted = gram_matrix(f"weighted:{WEIGHTS}:{entry.data.text}", arch.filter_size)
    found = generic_count(arch, gram=weighted).parameters
    return found == entry.count or f"{entry.count} for Σ, {found} for D Σ D"


def _test_rank(entry: StructuredEntry, search: Search) -> str | bool | None:
    applies = entry.gram.is_toeplitz and rank_rule(entry.architecture, entry.gram)
    return _is_lost(entry) if applies else None


def _test_arma(entry: StructuredEntry, search: Search) -> str | bool | None:
    applies = _is_covered_by_arma(entry)
    return _is_lost(entry) if applies else None


def _test_converse(entry: StructuredEntry, search: Search) -> str | bool | None:
    if _is_covered_by_arma(entry) is not False:
        return None
    return entry.count == entry.generic or f"{entry.count} of {entry.generic}"


def _is_covered_by_arma(entry: StructuredEntry) -> bool | None:
    """Whether the ARMA rule says that points are lost; None for other networks and data."""
    if entry.data.orders is None or entry.architecture.depth != 2:
        return None
    return arma_rule(entry.architecture, *entry.data.orders)


def _test_product(entry: StructuredEntry, search: Search) -> str | bool | None:
    if not entry.gram.is_toeplitz:
        return None
    rule = product_rule(entry.architecture, entry.gram, search)
    return None if rule is None else rule == entry.count or f"{rule} by the rule, {entry.count} counted"
