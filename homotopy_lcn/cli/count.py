"""The command ``count``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

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

if TYPE_CHECKING:
    from ..networks.architecture import Architecture
    from ..networks.counts import CountTable, Totals

__all__ = ["count"]


def count(
    filters: Filters = None,
    strides: Strides = None,
    white: Annotated[
        bool, typer.Option("--white", help="For Gram matrix I and generic targets, measured; default: exact, generic.")
    ] = False,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Count the critical points for generic data exactly, by stratum.

    With --white, for white data, by computation.
    Where the strata are too many to list (200000 root multiplicities in all, or filter sizes that sum up to more than
    1000), the number of pure filters and of parameters is given all the same.
    """
    architecture = architecture_of(filters, strides)
    check_output(json_path)

    from ..errors import IncompleteStartSystem
    from ..networks.counts import TooManyStrata, generic_totals
    from ..solving.white_counts import generic_count

    try:
        table = generic_count(architecture, metric="white" if white else "generic")
    except IncompleteStartSystem as error:
        complain(f"the count could not be established: {error}")
        return NOT_COMPLETE
    except TooManyStrata as error:
        if white:
            raise
        _report_totals(architecture, generic_totals(architecture), str(error), json_path, quiet)
        return DONE
    if json_path is not None:
        write(json_path, _counts_json(table))
    if not quiet and json_path != "-":
        from ..display.terminal import render_counts

        show(render_counts(table))
    return DONE


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


def _counts_json(table: CountTable) -> str:
    document = _head(table.architecture) | {
        "metric": table.metric,
        "strata": [
            {"pattern": row.pattern, "pure": row.pure, "count": row.count, "factorizations": row.factorizations}
            | ({} if row.generic is None else {"generic": row.generic})
            for row in table
        ],
        "pure": table.pure,
        "spurious": table.spurious,
        "filters": table.filters,
        "parameters": table.parameters,
    }
    return json.dumps(document) + "\n"
