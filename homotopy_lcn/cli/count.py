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
    from ..networks.counts import CountTable

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
    """
    architecture = architecture_of(filters, strides)
    check_output(json_path)

    from ..errors import IncompleteStartSystem
    from ..solving.white_counts import generic_count

    try:
        table = generic_count(architecture, metric="white" if white else "generic")
    except IncompleteStartSystem as error:
        complain(f"the count could not be established: {error}")
        return NOT_COMPLETE
    if json_path is not None:
        write(json_path, _counts_json(table))
    if not quiet and json_path != "-":
        from ..display.terminal import render_counts

        show(render_counts(table))
    return DONE


def _counts_json(table: CountTable) -> str:
    architecture = table.architecture
    document = {
        "format": "homotopy-lcn/counts",
        "version": 1,
        "architecture": {
            "filters": architecture.filters,
            "strides": architecture.strides,
            "filter_size": architecture.filter_size,
        },
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
