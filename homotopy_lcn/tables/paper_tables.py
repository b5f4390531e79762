"""The tables of the paper on function spaces and critical points, from computations done on the spot.

Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks*, SIAM J. Appl.
Algebra Geom. 8 (2024). The tables are built from the abstract and the theorems; see `theorem_checks` for these.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import IncompleteStartSystem, InputError, check_integer
from ..files import write_atomically
from ..geometry.function_space import describe_function_space
from ..networks.architecture import Architecture
from ..networks.architecture_lists import architectures_up_to, up_to_order
from ..networks.counts import generic_count, generic_ed_degree, singular_vector_tuples
from ..solving.white_counts import white_count
from ..surveys.surveys import many_draws, survey
from ..surveys.tallies import Tally
from .comparison import SOURCE, comparison_table
from .fully_connected import check_fully_connected, eckart_young_count, most_critical
from .text_tables import Cell, Column, TextTable, format_table, write_table

__all__ = [
    "FULL",
    "ORDINARY",
    "QUICK",
    "PaperOptions",
    "growth_table",
    "small_architectures_table",
    "theorem_checks",
    "white_table",
    "write_paper",
]


@dataclass(frozen=True)
class PaperOptions:
    """How much is computed.

    Attributes
    ----------
    draws : int
        Data sets for each architecture of the comparison.
    small_draws, filter_size : int
        Data sets for each of the small architectures, and the largest filter size of these.
    check_draws, check_filter_size, check_count : int
        Data sets for each architecture that the theorem on strides is tested on; their largest filter size and number
        of critical filters.
    identity_filter_size : int
        Largest filter size of the architectures whose strata are summed up.
    white_count : int
        Most critical filters of an architecture in the table of white data.
    growth_count : int
        Most critical filters of an architecture whose count is measured in the table of growth.
    starts : int
        Random parameters from which the critical points of each fully connected network are looked for.
    seed, jobs : int
    """

    draws: int = 100
    small_draws: int = 1000
    filter_size: int = 7
    check_draws: int = 100
    check_filter_size: int = 16
    check_count: int = 500
    identity_filter_size: int = 12
    white_count: int = 500
    growth_count: int = 3000
    starts: int = 200
    seed: int = 0
    jobs: int = 1

    def __post_init__(self) -> None:
        for name in ("draws", "small_draws", "check_draws", "starts", "jobs"):
            object.__setattr__(self, name, check_integer(name, getattr(self, name), 1))
        object.__setattr__(self, "seed", check_integer("seed", self.seed, 0))


ORDINARY = PaperOptions()
QUICK = PaperOptions(
    draws=4,
    small_draws=20,
    filter_size=5,
    check_draws=2,
    check_filter_size=6,
    identity_filter_size=6,
    white_count=30,
    growth_count=40,
    starts=100,
)
FULL = PaperOptions(draws=1000, small_draws=10_000, check_draws=1000, check_filter_size=20, growth_count=20_000)

#: Called with the name of the current step, the number of steps done, and the number of all steps.
Report = Callable[[str, int, int], None]


def _silent(step: str, done: int, total: int) -> None:
    pass


def write_paper(
    folder: str | os.PathLike[str], options: PaperOptions = ORDINARY, report: Report | None = None
) -> tuple[list[TextTable], list[str], list[str]]:
    """Compute all tables and write each as CSV, Markdown and LaTeX, as soon as it is computed; and all in `tables.md`.

    Parameters
    ----------
    folder : path-like
        Must exist.
    options : PaperOptions
    report : callable, optional

    Returns
    -------
    tables : list of TextTable
    written : list of str
        Paths.
    problems : list of str
        A line for each check that failed, and for each table with solves that were not complete.
    """
    report = report or _silent
    target = Path(folder)
    if not target.is_dir():
        raise InputError(f"{target}: is not a folder; expected an existing folder to write the tables to")
    makers: tuple[Callable[[], tuple[TextTable, list[str]]], ...] = (
        partial(comparison_table, options.draws, options.starts, options.seed, options.jobs, report),
        partial(small_architectures_table, options, report),
        partial(growth_table, options, report),
        partial(white_table, options, report),
        partial(theorem_checks, options, report),
    )
    tables, written, problems = [], [], []
    for make in makers:
        table, found = make()
        written += write_table(table, target)
        problems += [f"{table.name}: {problem}" for problem in found]
        tables.append(table)
    path = target / "tables.md"
    write_atomically(path, "# Tables\n\n" + "\n\n".join(format_table(table, "markdown") for table in tables))
    return tables, [*written, str(path)], problems


def small_architectures_table(options: PaperOptions, report: Report = _silent) -> tuple[TextTable, list[str]]:
    """Table 2: every architecture up to a filter size, with the numbers of real critical points over many data sets.

    Returns
    -------
    TextTable
    list of str
        The problems: contradictions, and solves that were not complete.
    """
    chosen = up_to_order(architectures_up_to(options.filter_size))
    rows: list[tuple[Cell, ...]] = []
    drawn = survey(
        chosen, options.small_draws, seed=options.seed, jobs=options.jobs, keep=False,
        progress=lambda progress: report("small architectures", min(progress.done, progress.total - 1), progress.total),
    )  # fmt: skip
    problems = []
    for number, arch in enumerate(chosen):
        space, counts = describe_function_space(arch), generic_count(arch)
        problems += _incomplete(arch, drawn.tallies[number])
        counted = ("found", "real", "attained", "interior", "boundary", "minima")
        reduced = "the same" if arch.is_reduced else f"{_list(arch.reduced.filters)} / {_list(arch.reduced.strides)}"
        rows.append((
            arch.filters, arch.strides, reduced, arch.filter_size, arch.dimension, space.thick, space.closed,
            space.smooth, counts.pure, counts.spurious,
            *(drawn.distribution(name, number).range for name in counted),
        ))  # fmt: skip
    columns = _columns(
        "k", "s", "reduced", "K", "dim M", "thick", "closed", "smooth", "pure", "spurious", "found", "real", "attained",
        "interior", "boundary", "minima",
    )  # fmt: skip
    notes = (
        f"Every architecture of at least two layers, filters of size 2 or more and K ≤ {options.filter_size}, up to "
        "the order of layers of equal dilation, on which nothing here depends. pure, spurious: exact numbers of "
        "complex critical filters w ≠ 0 for generic data. The rest was computed: least and largest numbers over "
        f"{options.small_draws} Gaussian data sets each (seed {options.seed}); found: pure and spurious; attained: "
        "with a real critical θ over them; interior, boundary: of the attained ones in M; minima: with a minimum over "
        "them.",
    )
    return TextTable(
        "table2_small_architectures", f"Small architectures. {SOURCE}", columns, tuple(rows), notes
    ), problems


def growth_table(options: PaperOptions, report: Report = _silent) -> tuple[TextTable, list[str]]:
    """Table 3: numbers of critical parameters against depth, width, and fully connected networks of the same size."""
    families: list[tuple[str, list[tuple[int, ...]]]] = [
        ("depth", [(2,) * depth for depth in range(2, 11)]),
        ("depth", [(3,) * depth for depth in range(2, 8)]),
        ("width", [(k, k) for k in range(2, 11)]),
        ("width", [(k, k, k) for k in range(2, 8)]),
    ]
    chosen = [(growing, filters) for growing, members in families for filters in members]
    rows: list[tuple[Cell, ...]] = []
    problems = []
    for number, (growing, filters) in enumerate(chosen):
        # Strides above 1: every critical filter has one critical θ, so that these can be found and counted.
        arch = Architecture(filters, (*(max(2, k) for k in filters[:-1]), 1))
        report(f"growth: {_label(arch)}", number, len(chosen))
        exact = generic_count(arch).parameters
        widths, connected = most_critical(sum(filters), len(filters))
        of_full_rank, _ = eckart_young_count(widths[-1], widths[0], min(widths))
        found = None
        if exact <= options.growth_count:
            drawn = many_draws(arch, 1, options.seed)
            problems += _incomplete(arch, drawn)
            found = drawn.distribution("found").total
            if found != exact:
                problems.append(f"{_label(arch)}: {found} found, {exact} expected")
        rows.append((growing, filters, sum(filters), exact, found, widths, connected, of_full_rank))
    columns = _columns("growing", "k", "parameters", "critical θ", "found", "widths", "fully connected", "of rank r")
    notes = (
        "critical θ: exact number of complex critical parameters up to scaling with w ≠ 0 for generic data, the same "
        "for all strides. found: by computation, for strides s_l = k_l (where each filter has one critical θ) and one "
        f"Gaussian data set (seed {options.seed}); – where there are more than {options.growth_count}. widths: of the "
        "fully connected linear network with as many layers and at most as many parameters that has the most nonzero "
        "critical matrices; fully connected: their number, by Eckart and Young; they are all real. of rank r: how "
        "many of them have the full rank r, the least width: the Euclidean distance degree of the matrices of rank at "
        "most r; the others have smaller rank, and are spurious.",
        "The comparison is that of Shahverdi (2024).",
    )
    return TextTable(
        "table3_growth", f"Growth of the number of critical points. {SOURCE}", columns, tuple(rows), notes
    ), problems


def white_table(options: PaperOptions, report: Report = _silent) -> tuple[TextTable, list[str]]:
    """Table 4: generic data against white data, Σ = I."""
    chosen = [
        arch
        for arch in up_to_order(architectures_up_to(options.filter_size))
        if generic_count(arch).filters <= options.white_count
    ]
    rows: list[tuple[Cell, ...]] = []
    problems = []
    for number, arch in enumerate(chosen):
        report(f"white data: {_label(arch)}", number, len(chosen))
        generic = generic_count(arch)
        expected = _singular_vector_tuples(arch)
        try:
            white = white_count(arch)
        except IncompleteStartSystem as error:
            problems.append(f"{_label(arch)}: {error}")
            exact = (arch.filters, arch.strides, generic.pure, generic.spurious, generic.parameters)
            rows.append((*exact, None, None, None, expected, None))
            continue
        drawn = many_draws(arch, 1, options.seed, white=True)
        found = " + ".join(str(drawn.distribution(name).total) for name in ("pure", "spurious"))
        problems += _incomplete(arch, drawn)
        if found != f"{white.pure} + {white.spurious}":
            problems.append(f"{_label(arch)}: {found} found, {white.pure} + {white.spurious} expected")
        if expected not in (None, white.pure):
            problems.append(f"{_label(arch)}: {white.pure} pure, but {expected} singular vector tuples")
        rows.append((
            arch.filters, arch.strides, generic.pure, generic.spurious, generic.parameters, white.pure, white.spurious,
            white.parameters, expected, found,
        ))  # fmt: skip
    columns = _columns("k", "s", "pure", "spurious", "θ", "white pure", "white spurious", "white θ", "tensor", "found")
    notes = (
        "pure, spurious, θ: complex critical filters and parameters (up to scaling), w ≠ 0, for generic data: exact. "
        "white: for Gram matrix Σ = I and generic targets: measured, by the account of all paths and by monodromy, "
        "which agree. tensor: where the blocks do not overlap, the number of singular vector tuples of a generic "
        "tensor (Friedland, Ottaviani 2014), which the white pure count must be. found: pure + spurious for one "
        f"Gaussian target (seed {options.seed}).",
        f"Every architecture as in Table 2 with at most {options.white_count} critical filters.",
    )
    return TextTable(
        "table4_white", f"Generic data against white data. {SOURCE}", columns, tuple(rows), notes
    ), problems


def theorem_checks(options: PaperOptions, report: Report = _silent) -> tuple[TextTable, list[str]]:
    """The statements of the theorems, tested; with the numbers of violations."""
    rows: list[tuple[Cell, ...]] = []
    problems = []
    for name, statement, tested, violations, incomplete in _checks(options, report):
        rows.append((statement, tested, violations, incomplete))
        if violations:
            problems.append(f"{name}: {violations} violations")
        if incomplete:
            problems.append(f"{name}: {incomplete} solves not complete")
    columns = _columns("statement", "tested on", "violations", "incomplete solves")
    notes = (f"Gaussian data, seed {options.seed}.",)
    return TextTable("checks", f"Theorems, tested. {SOURCE}", columns, tuple(rows), notes), problems


def _checks(options: PaperOptions, report: Report) -> Iterator[tuple[str, str, str, int, int]]:
    chosen = [
        arch
        for arch in architectures_up_to(options.check_filter_size, reduced=True)
        if generic_count(arch).filters <= options.check_count
    ]
    drawn = survey(
        chosen, options.check_draws, seed=options.seed, jobs=options.jobs, keep=False,
        progress=lambda progress: report("checks", min(progress.done, progress.total - 1), progress.total),
    )  # fmt: skip
    points = attained = violations = outside = singular = 0
    for number, arch in enumerate(chosen):
        space = describe_function_space(arch)
        total = {name: drawn.distribution(name, number).total for name in drawn.tallies[number].names}
        points += total["found"]
        attained += total["attained"]
        not_smooth = total["attained"] - total["smooth"]
        violations += total["real"] - total["real_pure"] + total["boundary"] + total["undecided"] + not_smooth
        outside += total["real"] - total["in_function_space"] if space.closed else 0
        singular += not_smooth if space.smooth else 0
    incomplete, data_sets = drawn.incomplete, len(chosen) * options.check_draws
    where = (
        f"{len(chosen)} architectures: all reduced ones with K ≤ {options.check_filter_size}, at most "
        f"{options.check_count} points; {options.check_draws} data sets each"
    )
    yield (
        "strides",
        "For reduced architectures with all strides > 1 and generic data, nonzero critical points are interior, smooth "
        "and pure",
        f"{where}; {points} points, {attained} of them real and attained",
        violations,
        incomplete,
    )
    yield (
        "count",
        "The number of critical filters for generic data is the exact generic count",
        f"the same {data_sets} data sets",
        incomplete,
        incomplete,
    )
    yield "closed", "Where M is Zariski closed, every real critical filter is in M", "the same", outside, 0
    yield (
        "smooth",
        "Where the closure of M is smooth, no attained critical filter is a singular point",
        "the same",
        singular,
        0,
    )
    everything = architectures_up_to(options.identity_filter_size)
    wrong = sum(
        generic_count(arch).parameters != generic_ed_degree([k - 1 for k in arch.filters]) for arch in everything
    )
    yield (
        "identity",
        "For generic data and any strides, the number of critical θ up to scaling is the generic ED degree of the "
        "Segre variety",
        f"{len(everything)} architectures, exactly: the sum over the strata against the Chern class formula",
        wrong,
        0,
    )
    networks = ((3, 1, 2), (3, 1, 4), (3, 2, 3), (4, 2, 3))
    checks = [check_fully_connected(widths, options.seed, starts=options.starts) for widths in networks]
    yield (
        "fully connected",
        "Fully connected networks have the critical matrices of Eckart and Young, and one minimum among them",
        f"widths {', '.join(map(str, networks))}: gradients at the truncated singular value decompositions, and "
        f"Levenberg's method from {options.starts} random parameters each, which finds these and no others",
        sum(not check.agrees or check.minima != 1 for check in checks),
        0,
    )


def _incomplete(arch: Architecture, drawn: Tally) -> list[str]:
    if not drawn.incomplete:
        return []
    return [f"{_label(arch)}: {drawn.incomplete} of {drawn.draws} solves not complete"]


def _singular_vector_tuples(arch: Architecture) -> int | None:
    """The number for the tensor format of the blocks, if their filters do not overlap; then the filters are tensors."""
    reach = 0
    for block in arch.blocks:
        if reach >= block.dilation:
            return None
        reach += block.degree * block.dilation
    return singular_vector_tuples([block.degree for block in arch.blocks])


def _columns(*titles: str) -> tuple[Column, ...]:
    names = {"θ": "parameters", "critical θ": "critical_parameters", "white θ": "white_parameters", "k": "filters"}
    names |= {"s": "strides", "K": "filter_size", "dim M": "dimension"}
    return tuple(Column(names.get(title, title.replace(" ", "_")), title) for title in titles)


def _label(arch: Architecture) -> str:
    return f"k = ({_list(arch.filters)}), s = ({_list(arch.strides)})"


def _list(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))
