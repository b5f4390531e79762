"""The command ``count``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ..errors import InputError
from ..networks.patterns import format_pattern
from .common import (
    DONE,
    NOT_COMPLETE,
    Filters,
    Json,
    Quiet,
    Strides,
    Supports,
    architecture_of,
    check_output,
    complain,
    print_text,
    show,
    write,
)
from .data_options import Center, DecimalMark, Horizon, Separator, Standardize
from .declarations import Option
from .option_names import CommandLineError, options_named
from .series_count import SeriesOptions, count_series

if TYPE_CHECKING:
    from ..counting.gram_matrices import GramMatrix
    from ..counting.singular_points import SingularPoints
    from ..networks.architecture import Architecture
    from ..networks.counts import CountTable, StratumCount, Totals

__all__ = ["count"]


def count(
    filters: Filters = None,
    strides: Strides = None,
    supports: Supports = None,
    white: Annotated[
        bool, Option("--white", help="For Gram matrix I and generic targets, measured; default: exact, generic.")
    ] = False,
    gram: Annotated[
        str | None,
        Option(
            "--gram",
            metavar="GRAM",
            help=(
                "For this Gram matrix and generic b: white, ar1:RHO, ma1:THETA, arma:PHI_1,…;THETA_1,…, another "
                "structure, a family such as toeplitz, or a FILE (.npz or .json) with gram."
            ),
            show_default=False,
        ),
    ] = None,
    explain: Annotated[
        bool,
        Option("--explain", help="With --gram: why the number drops, by singular points; needs a program."),
    ] = False,
    series: Annotated[
        str | None,
        Option(
            metavar="FILE.csv:COLUMN",
            help="Say whether the Gram matrices of a time series are special, and how near; or sunspots.",
            show_default=False,
        ),
    ] = None,
    horizon: Horizon = None,
    sep: Separator = None,
    decimal: DecimalMark = None,
    center: Center = False,
    standardize: Standardize = False,
    time_limit: Annotated[
        float,
        Option(
            "--time-limit",
            metavar="SECONDS",
            help="With --gram: for Gröbner bases, and as many again for the measurement where they give no number.",
        ),
    ] = 60.0,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Count the critical points for generic data exactly, by stratum.

    With --white, for white data, by computation.
    With --gram, for a given Gram matrix and generic moment vectors: exactly by a formula, by eigenvalues, by Bertini's
    theorem for families, or by Gröbner bases modulo two primes; otherwise measured. The method is told.
    With --series, for the autocovariances and the sample moments of a time series: are they special, and how near?
    Where the strata are too many to list (200000 root multiplicities in all, or filter sizes that sum up to more than
    1000), the number of pure filters and of parameters is given all the same.
    """
    architecture = architecture_of(filters, strides, supports)
    check_output(json_path)
    of_series = SeriesOptions(series, horizon, sep, decimal, center, standardize)
    of_series.check({"--white": white, "--gram": gram is not None, "--explain": explain})
    if not time_limit >= 0:
        raise InputError(f"--time-limit: {time_limit} given; expected seconds, at least 0")
    if series is not None:
        return count_series(architecture, of_series, time_limit, json_path, quiet)

    from ..errors import IncompleteStartSystem
    from ..networks.counts import TooManyStrata, generic_totals
    from ..solving.white_counts import generic_count

    if white and gram is not None:
        raise InputError("--gram: given together with --white; expected one of them")
    if explain and gram is None:
        raise InputError("--explain: given without --gram; expected a Gram matrix, as in --gram white")
    try:
        if gram is not None:
            search = _Request(gram, explain, time_limit)
            return _count_for_gram(architecture, search, json_path, quiet)
        table = generic_count(architecture, metric="white" if white else "generic")
    except IncompleteStartSystem as error:
        complain(f"the count could not be established: {error}")
        return NOT_COMPLETE
    except TooManyStrata as error:
        if white or gram is not None:
            raise
        _report_totals(architecture, generic_totals(architecture), str(error), json_path, quiet)
        return DONE
    _report(table, _counts_json(table), json_path, quiet)
    return DONE


class _Request(NamedTuple):
    """What is asked about a Gram matrix."""

    text: str
    explain: bool
    time_limit: float


def _report(
    table: CountTable, document: dict[str, object], json_path: str | None, quiet: bool, more: Sequence[str] = ()
) -> None:
    if json_path is not None:
        write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        from ..display.terminal import render_counts

        show(render_counts(table))
        for line in more:
            print_text(f"{line}\n")


def _count_for_gram(architecture: Architecture, request: _Request, json_path: str | None, quiet: bool) -> int:
    """Count for the Gram matrix of an option, with the counts for white and for generic data beside."""
    from ..counting.exact_counts import CountsDisagree, NotEstablished, exact_count
    from ..counting.gram_matrices import gram_matrix
    from ..counting.groebner import Search
    from ..networks.counts import generic_count as count_generic
    from ..solving.white_counts import generic_count

    text, explain, time_limit = request
    if explain and architecture.one_dimensional is None:
        raise InputError(f"--explain: given for {architecture.notation}; expected an ordinary network")
    try:
        gram = _gram_of(text, architecture.filter_size)
        table = generic_count(architecture, gram=gram, time_limit=time_limit)
        explained = _explained(table, gram, time_limit) if explain else ()
        ordinary = architecture.one_dimensional
        white: CountTable | NotEstablished = NotEstablished("")
        if ordinary is not None:
            white = exact_count(ordinary, gram_matrix("white", ordinary.filter_size), Search.within(time_limit))
    except CountsDisagree as error:
        complain(f"two methods disagree, and at least one of them is wrong: {error}")
        return NOT_COMPLETE
    known = None if isinstance(white, NotEstablished) else {row.pattern: row.count for row in white}
    document = _counts_json(table)
    document["strata"] = [
        {**_row_json(row), "white": known and known[row.pattern], "method": row.method, "reason": row.reason}
        for row in table
    ]
    document |= {
        "gram": text,
        "method": table.method,
        "white": None if isinstance(white, NotEstablished) else white.parameters,
        "generic": count_generic(architecture).parameters,
    }
    if explain:
        document["explain"] = [asdict(points) | {"sentence": points.sentence} for points in explained]
    _report(table, document, json_path, quiet, [f"{format_pattern(p.pattern)}: {p.sentence}" for p in explained])
    return DONE


def _explained(table: CountTable, gram: str | GramMatrix, time_limit: float) -> tuple[SingularPoints, ...]:
    """The singular points behind the counts of a Gram matrix."""
    from ..counting.groebner import Search
    from ..counting.groebner_programs import INSTALL, GroebnerFailure
    from ..counting.singular_points import singular_points

    search = Search.within(time_limit)
    if isinstance(gram, str):
        raise InputError(f"--explain: {gram} is a family; expected a single Gram matrix, as in --gram white")
    if search.program is None:
        raise InputError(f"--explain: no program for Gröbner bases is installed; expected {INSTALL}")
    try:
        return singular_points(table, gram, search)
    except GroebnerFailure as error:
        raise InputError(
            f"--explain: no answer: {error}; expected a smaller network or a longer --time-limit"
        ) from None


def _gram_of(text: str, size: int) -> str | GramMatrix:
    """The name of a family as it is; the Gram matrix of structured data or of a file."""
    from ..counting.families import FAMILIES
    from ..counting.gram_matrices import STRUCTURES, GramMatrix, gram_matrix
    from ..losses.sources import gram_from_file

    if text.strip() in FAMILIES:
        return text.strip()
    if text.partition(":")[0].strip() in STRUCTURES:
        return gram_matrix(text, size)
    if not (os.path.exists(text) or text.lower().endswith((".npz", ".json"))):
        try:
            return gram_matrix(text, size)
        except InputError as error:  # it lists the names that are known
            raise InputError(f"{error}, a family ({', '.join(FAMILIES)}), FILE.npz or FILE.json") from None
    with options_named({"path": "--gram"}):
        matrix = gram_from_file(text)
    try:
        return GramMatrix.of(matrix, text)
    except InputError as error:
        if str(error).startswith("gram:"):
            raise
        raise CommandLineError(f"--gram: {error}") from error  # about an entry of the file, such as gram[0][1]


def _report_totals(architecture: Architecture, totals: Totals, reason: str, json_path: str | None, quiet: bool) -> None:
    """Write and show the sums of a network whose strata are too many to list."""
    without_list = reason.partition("; ")[0].partition(": ")[2]
    if json_path is not None:
        document = _head(architecture) | {
            "metric": "generic",
            "strata": None,
            "pure": totals.pure,
            "spurious": None,
            "filters": None,
            "parameters": totals.parameters,
            "not_listed": without_list,
        }
        write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        from ..display.terminal import render_totals

        show(render_totals(architecture, totals, without_list))


def _head(architecture: Architecture) -> dict[str, object]:
    return {
        "format": "homotopy-lcn/counts",
        "version": 1,
        "architecture": architecture.to_dict(),
    }


def _row_json(row: StratumCount) -> dict[str, object]:
    entry = {"pattern": row.pattern, "pure": row.pure, "count": row.count, "factorizations": row.factorizations}
    return entry | ({} if row.generic is None else {"generic": row.generic})


def _counts_json(table: CountTable) -> dict[str, object]:
    return _head(table.architecture) | {
        "metric": table.metric,
        "strata": [_row_json(row) for row in table],
        "pure": table.pure,
        "spurious": table.spurious,
        "filters": table.filters,
        "parameters": table.parameters,
    }
