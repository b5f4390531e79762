"""Results in words, alike in the terminal, in notebooks and in reports: networks, kinds, places, and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..networks.architecture import Architecture
from ..networks.counts import CountTable
from ..networks.patterns import format_pattern
from ..networks.support_networks import SupportNetwork
from ..results.continua import Continuum
from ..results.pairs import maybe_near
from ..results.points import CriticalPoint, quantity
from ..results.result import CriticalPoints
from ..results.statements import (
    describe_coincidences,
    describe_completeness,
    describe_conditions,
    describe_continua,
    describe_edit,
    describe_least_loss,
    describe_lost_points,
    describe_paths,
)
from ..results.ties import describe_ties
from ..results.tolerances import describe_near
from .glossary import HOW_TO_ASK

__all__ = [
    "CONTINUUM_COLUMNS",
    "NARROW_POINT_COLUMNS",
    "POINTS_TITLE",
    "POINT_COLUMNS",
    "STAR",
    "continuum_cells",
    "describe_answer",
    "describe_kinds",
    "describe_loss",
    "describe_network",
    "describe_notation",
    "describe_place",
    "describe_place_and_condition",
    "describe_purity",
    "entries_of",
    "explain_counts",
    "has_point",
    "legend_of_points",
    "narrow_point_cells",
    "point_cells",
    "summary",
]

#: Digits of the digest of the data that people are shown; files have all 64.
SHOWN_OF_DIGEST = 16
#: Marks the global minimum.
STAR = "★"
POINTS_TITLE = "Real critical filters, by loss"
#: The columns of a table of real points, and whether they hold numbers.
POINT_COLUMNS = (
    ("", False),
    ("point", True),
    ("loss", True),
    ("kind", False),
    ("place", False),
    ("stratum", False),
    ("", False),
    ("filter w", False),
)
#: The same where the filter stands below the words, in one cell of two lines.
NARROW_POINT_COLUMNS = (*POINT_COLUMNS[:3], ("kind, place, stratum, filter w", False))
#: The columns of a table of continua, and whether they hold numbers.
CONTINUUM_COLUMNS = (
    ("", True),
    ("loss", True),
    ("dimension", True),
    ("kind", False),
    ("real", False),
    ("attained", False),
    ("stratum", False),
)


def describe_notation(architecture: Architecture) -> str:
    """The architecture in the paper's notation.

    Examples
    --------
    >>> describe_notation(Architecture((3, 2), (2, 1)))
    'k = (3,2), s = (2,1)'
    >>> describe_notation(Architecture(filters=((2, 2), (3, 2)), strides=((1, 2), (1, 1))))
    'k = (2×2,3×2), s = (1×2,1×1)'
    """
    if isinstance(architecture, SupportNetwork):
        return architecture.notation
    filters, strides = (",".join(map(str, values)) for values in (architecture.filters, architecture.strides))
    return f"k = ({filters}), s = ({strides})"


def describe_network(architecture: Architecture) -> str:
    """The architecture with its filter size, stride and dimension."""
    size, stride = str(architecture.filter_size), ""
    if isinstance(architecture, SupportNetwork):
        size = "×".join(map(str, architecture.shape))
        stride = "×".join(map(str, architecture.total_stride))
    return (
        f"{describe_notation(architecture)}: filter size {size}, stride {stride or architecture.stride}, "
        f"dim M = {architecture.dimension}"
    )


def describe_kinds(point: CriticalPoint) -> str:
    """The kinds of the critical θ over a filter, saddles with their index."""
    names = [
        f"saddle {index}" if kind == "saddle" and index is not None else kind or "undecided"
        for kind, index in zip(point.kinds, point.indices, strict=True)
    ]
    return ", ".join(name if number == 1 else f"{number} × {name}" for name, number in Counter(names).items()) or "–"


def describe_place(point: CriticalPoint) -> str:
    """Where a real filter lies with respect to the function space M."""
    if point.attained:
        place = {True: "boundary", False: "interior", None: "in M"}[point.boundary]
    elif point.in_function_space is False:
        place = "closure only"
    elif point.attained is False and point.in_function_space:
        place = "in M, not attained"
    elif point.attained is False:
        place = "not attained"
    else:
        place = "undecided"
    return f"{place}; singular" if point.smooth is False else place


def describe_place_and_condition(point: CriticalPoint) -> str:
    """The place of `describe_place`, with the condition number where it is large."""
    sensitive = point.nonsingular and point.ill_conditioned
    return describe_place(point) + (f"; condition {point.condition:.0e}" if sensitive else "")


def describe_answer(answer: bool | None) -> str:
    """The word for an answer."""
    return {True: "yes", False: "no", None: "undecided"}[answer]


def describe_loss(loss: complex) -> str:
    """A loss in a table, with seven digits, or six for both parts of a complex one."""
    return f"{loss:.7g}" if isinstance(loss, float) else f"{loss:.6g}".replace("j", "i")


def entries_of(point: CriticalPoint) -> str:
    """The entries of a real filter in a table, with four digits."""
    return "  ".join(f"{value:.4g}" for value in point.filter.real.tolist())


def point_cells(result: CriticalPoints, number: int) -> tuple[str, ...]:
    """The cells of a real point in a table with `POINT_COLUMNS`; real points have the same numbers everywhere."""
    point = result.real[number]
    return (
        STAR if point is result.global_minimum else "",
        str(number),
        f"{point.loss:.7g}",
        describe_kinds(point),
        describe_place_and_condition(point),
        format_pattern(point.pattern),
        describe_purity(point.pure),
        entries_of(point),
    )


def narrow_point_cells(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells of `point_cells` for a table with `NARROW_POINT_COLUMNS`."""
    *first, kind, place, stratum, purity, entries = cells
    return (*first, f"{kind}, {place}, {stratum} {purity}\n{entries}")


def legend_of_points(result: CriticalPoints) -> str:
    """What the words and signs in a table of real points mean."""
    notes = []
    if any(point is result.global_minimum for point in result.real):
        notes.append(f"{STAR} global minimum")
    notes.append("kind: of each real critical θ over the filter (saddle 2: of index 2)")
    if any(point.attained and not point.pure for point in result.real):
        notes.append("spurious: critical because dμ is degenerate")
    places = {describe_place(point).split(";")[0] for point in result.real}
    if "in M, not attained" in places:
        notes.append("not attained: no real θ over the filter is critical")
    if "closure only" in places:
        notes.append("closure only: not the filter of a real network, only in the Zariski closure of M")
    return f"{'; '.join(notes)}. {HOW_TO_ASK}."


def has_point(continuum: Continuum, point: CriticalPoint | None) -> bool:
    """Whether a point is one of those that stand for a continuum."""
    return any(one is point for one in continuum.points)


def continuum_cells(result: CriticalPoints, number: int) -> tuple[str, ...]:
    """The cells of a continuum in a table with `CONTINUUM_COLUMNS`; the star stands at the global minimum."""
    part = result.continua[number]
    star = f"{STAR}\N{NO-BREAK SPACE}" if has_point(part, result.global_minimum) else ""
    return (
        f"{star}{number}",
        describe_loss(part.loss),
        str(part.dimension),
        part.kind or "–",
        describe_answer(part.real),
        "–" if part.real is False else describe_answer(part.attained),
        format_pattern(part.pattern),
    )


def describe_purity(pure: bool) -> str:
    """The word for a stratum or a point."""
    return "pure" if pure else "spurious"


def explain_counts(table: CountTable) -> str:
    """The sentence that says what is counted in a table of counts."""
    data = "white data (Σ = I, generic target), measured" if table.metric == "white" else "generic data"
    if table.method is not None:
        data = f"the Gram matrix Σ = {table.metric} and generic b (method: {table.method})"
    return (
        f"Complex critical points with w ≠ 0 for {data}; θ = (w_1, …, w_L) up to scaling. "
        f"Stratum: {_describe_patterns(table.architecture)}."
    )


def _describe_patterns(architecture: Architecture) -> str:
    if not isinstance(architecture, SupportNetwork) or architecture.one_dimensional is not None:
        return "root multiplicities, one partition a block"
    return "one partition for each parallel class of segments (root multiplicities) and each support (equal layers)"


def summary(result: CriticalPoints, data: str | None = None) -> list[tuple[str, str]]:
    """The summary of a result as pairs of a heading and a text; the last one says whether it is complete."""
    counts = result.counts
    pure = sum(row.generic for row in result.strata if row.pure)
    rows = [("network", describe_network(result.architecture))]
    digest = f"digest {result.data_digest[:SHOWN_OF_DIGEST]}"
    words = data or result.data
    rows.append(("data", f"{words}; {digest}" if words else digest))
    if result.solved:
        rows.append(("solved", result.solved.replace("T", " ").replace("Z", " UTC")))
    if (prepared := result.loss.preparation) is not None:
        heading = "standardized" if prepared.standardized else "centred"
        rows.append((heading, f"{prepared.describe()}; the loss is {prepared.describe_loss()}"))
    rows += [("file", text) for text in describe_edit(result)]
    if result.loss.rank < result.loss.filter_size or result.loss.rank_in_doubt:
        rows.append(("Gram matrix", result.loss.describe_rank()))
    rows.append(
        (
            "generic count",
            f"{quantity(counts.generic, 'critical filter', 'critical filters')}: "
            f"{pure} pure, {counts.generic - pure} spurious",
        )
    )
    rows.append(("found", f"{len(result)}: {counts.pure} pure, {counts.spurious} spurious"))
    if coincidences := describe_coincidences(result):
        rows.append(("coincidences", coincidences))
    if counts.at_infinity or counts.singular or counts.origin:
        rows.append(("other paths", describe_paths(result)))
    if lost := describe_lost_points(result):
        rows.append(("structure", lost))
    rows.append(
        (
            "real",
            f"{counts.real}: {counts.in_function_space} in the function space M, {counts.attained} attained, "
            f"by {counts.real_parameters} real θ up to scaling",
        )
    )
    rows.append(
        (
            "attained",
            f"{counts.attained}: {counts.interior} interior, {counts.boundary} boundary; {counts.smooth} smooth; "
            f"{quantity(counts.minima, 'minimum', 'minima')}",
        )
    )
    if sensitive := describe_conditions(result):
        rows.append(("ill-conditioned", sensitive))
    rows += describe_near(maybe_near(result.points, result.tolerances), result.tolerances)
    if ties := describe_ties(result.points, result.ties):
        rows.append(("ties", "\n".join(ties)))
    if counts.certified is not None:
        rows.append(("certified", str(counts.certified)))
    if result.continua:
        rows.append(("continua", describe_continua(result.continua)))
    if result.zero_residual is not None:
        rows.append(("residual zero", result.zero_residual.describe()))
    if result.few_samples is not None:
        rows.append(("few samples", result.few_samples.describe()))
    rows.append(("loss", "wᵀΣw − 2bᵀw + c: of samples the sum of squared errors, not their mean"))
    best = result.global_minimum
    rows.append(("least loss", describe_least_loss(result, best) + ("" if best is None else f"  {STAR}")))
    rows.append(("seed", str(result.seed)))
    if result.complete:
        rows.append(("complete", f"yes: these are {describe_completeness(result)}"))
    else:
        rows.append(("complete", "\n".join(["NO", *(result.gaps() or ["not established"])])))
    return rows
