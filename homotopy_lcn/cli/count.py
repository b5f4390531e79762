"""The command ``count``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .common import (
    DONE,
    NOT_COMPLETE,
    Filters,
    Json,
    Quiet,
    Strides,
    architecture_of,
    check_output,
    complain,
    show,
    write,
)
from .option_names import messages_final

if TYPE_CHECKING:
    from ..networks.architecture import Architecture
    from ..networks.counts import CountTable, StratumCount, Totals

__all__ = ["count"]


def count(
    filters: Filters = None,
    strides: Strides = None,
    white: Annotated[
        bool, typer.Option("--white", help="For Gram matrix I and generic targets, measured; default: exact, generic.")
    ] = False,
    gram: Annotated[
        str | None,
        typer.Option(
            "--gram",
            metavar="GRAM",
            help=(
                "For this Gram matrix and generic b: white, ar1:RHO, ma1:THETA, arma:PHI_1,…;THETA_1,…, another "
                "structure, a family such as toeplitz, or a FILE (.npz or .json) with gram."
            ),
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", metavar="SECONDS", help="For Gröbner bases; then the counts are measured."),
    ] = 60.0,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Count the critical points for generic data exactly, by stratum.

    With --white, for white data, by computation.
    With --gram, for a given Gram matrix and generic moment vectors: exactly by a formula, by eigenvalues, by Bertini's
    theorem for families, or by Gröbner bases modulo two primes; otherwise measured. The method is told.
    Where the strata are too many to list (200000 root multiplicities in all, or filter sizes that sum up to more than
    1000), the number of pure filters and of parameters is given all the same.
    """
    architecture = architecture_of(filters, strides)
    check_output(json_path)

    from ..errors import IncompleteStartSystem
    from ..networks.counts import TooManyStrata, generic_totals
    from ..solving.white_counts import generic_count

    if white and gram is not None:
        raise InputError("--gram: given together with --white; expected one of them")
    try:
        if gram is not None:
            return _count_for_gram(architecture, gram, time_limit, json_path, quiet)
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


def _report(table: CountTable, document: dict[str, object], json_path: str | None, quiet: bool) -> None:
    if json_path is not None:
        write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        from ..display.terminal import render_counts

        show(render_counts(table))


def _count_for_gram(
    architecture: Architecture, text: str, time_limit: float, json_path: str | None, quiet: bool
) -> int:
    """Count for the Gram matrix of an option, with the counts for white and for generic data beside."""
    from ..counting.exact_counts import CountsDisagree, NotEstablished, exact_count
    from ..counting.gram_matrices import gram_matrix
    from ..counting.groebner import Search
    from ..networks.counts import generic_count as count_generic
    from ..solving.white_counts import generic_count

    if not time_limit >= 0:
        raise InputError(f"--time-limit: {time_limit} given; expected seconds, at least 0")
    try:
        table = generic_count(architecture, gram=_gram_of(text), time_limit=time_limit)
        white = exact_count(architecture, gram_matrix("white", architecture.filter_size), Search.within(time_limit))
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
    _report(table, document, json_path, quiet)
    return DONE


def _gram_of(text: str) -> object:
    """A name of structured data as it is, or the Gram matrix in a file."""
    from ..counting.families import FAMILIES
    from ..counting.gram_matrices import STRUCTURES, GramMatrix
    from ..losses.sources import gram_from_file

    word = text.partition(":")[0].strip()
    if word in STRUCTURES or word in FAMILIES:
        return text
    if not os.path.exists(text) and not text.lower().endswith((".npz", ".json")):
        return text  # the library lists the names that it knows
    with messages_final("--gram"):
        return GramMatrix.of(gram_from_file(text), text)


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
        "architecture": {
            "filters": architecture.filters,
            "strides": architecture.strides,
            "filter_size": architecture.filter_size,
        },
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
