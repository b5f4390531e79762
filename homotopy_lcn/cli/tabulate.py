"""The command ``tabulate``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from ..errors import InputError
from .common import (
    DONE,
    INTERRUPTED,
    NOT_COMPLETE,
    Json,
    Quiet,
    architectures_of,
    check_output,
    complain,
    print_text,
    show,
    write,
)
from .declarations import Option
from .option_names import options_named

if TYPE_CHECKING:
    from ..networks.architecture import Architecture
    from ..tables.tabulation import ArchitectureTable

__all__ = ["row_bar", "tabulate"]

TEXT = "text"


def tabulate(
    max_filter_size: Annotated[
        int | None,
        Option(
            "--max-filter-size", metavar="K", help="All networks up to this end-to-end filter size.", show_default=False
        ),
    ] = None,
    layers: Annotated[
        int | None,
        Option(metavar="L", help="Only networks of L layers; by default two or more.", show_default=False),
    ] = None,
    filters: Annotated[
        list[str] | None,
        Option("-k", "--filters", metavar="K1,K2,…", help="Filter sizes; repeat for more.", show_default=False),
    ] = None,
    strides: Annotated[
        list[str] | None,
        Option("-s", "--strides", metavar="S1,S2,…", help="Strides, once for each -k.", show_default=False),
    ] = None,
    supports: Annotated[
        list[str] | None,
        Option(
            "--supports",
            metavar="A1;A2;…",
            help="Supports of networks, as in '0,1,3;0,1'; after those of -k.",
            show_default=False,
        ),
    ] = None,
    architectures: Annotated[
        str | None,
        Option(metavar="FILE", help="Networks from a file, lines as in '3,2 2,1'.", show_default=False),
    ] = None,
    reduced: Annotated[bool, Option("--reduced", help="Only reduced architectures.")] = False,
    size_one: Annotated[bool, Option("--size-one", help="Also layers of filter size 1; needs --layers.")] = False,
    white: Annotated[
        bool, Option("--white", help="Count for Gram matrix I, exactly if quick; else the counts of the atlas.")
    ] = False,
    measure: Annotated[
        bool, Option("--measure", help="Compute the critical points for one Gaussian data set each.")
    ] = False,
    prove: Annotated[bool, Option("--certify", help="Prove them too.")] = False,
    max_count: Annotated[
        int, Option(min=0, metavar="N", help="Measure networks with at most N critical filters.")
    ] = 3000,
    format: Annotated[str, Option("--format", metavar="NAME", help="text, csv, json, markdown or latex.")] = TEXT,
    output: Annotated[
        str | None, Option("-o", "--output", metavar="FILE", help="Write the table there.", show_default=False)
    ] = None,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of threads, and of processes of --certify.")] = 1,
) -> int:
    """Tabulate networks: geometry, exact counts, white counts.

    Every number is confirmed by a computation, or marked as not.
    Give the networks by --max-filter-size, by -k and -s (repeated), or by --architectures.
    Exit codes: 0 done, 2 unusable input, 3 a measurement did not confirm the exact count.
    """
    chosen = _chosen(max_filter_size, filters, strides, supports, architectures)
    _check_format(format)
    check_output(output, "-o/--output")
    check_output(json_path)

    from ..tables.tabulation import TabulationInterrupted
    from ..tables.tabulation import tabulate as computed

    interrupted = False
    with ExitStack() as stack:
        try:
            table = computed(
                chosen,
                max_filter_size=max_filter_size,
                layers=layers,
                size_one=size_one,
                reduced=reduced,
                white=white,
                measure=measure,
                certify=prove,
                seed=seed,
                max_count=max_count,
                jobs=jobs,
                report=_progress(stack, quiet),
            )
        except TabulationInterrupted as interruption:
            table, interrupted = interruption.partial, True
    if output is None and not quiet and json_path != "-":
        # The table is printed before any file is written: if a file cannot be written, the table is not lost.
        if format == TEXT:
            from ..tables.text_tables import render_table

            show(render_table(table.to_table()))
        else:
            print_text(_text(table, format))
    if json_path is not None:
        write(json_path, table.to_json())
    if output is not None:
        write(output, _text(table, format), "-o/--output")
    if interrupted:
        complain("interrupted: only the finished rows are reported")
    for row in table.unconfirmed:
        arch = row.architecture
        complain(f"filters {arch.texts[0]}, strides {arch.texts[1]}: {_complaint(row.status)}")
    return INTERRUPTED if interrupted else NOT_COMPLETE if table.unconfirmed else DONE


def _complaint(status: str) -> str:
    from ..tables.tabulation import NOT_FOUND

    if status == NOT_FOUND:
        return "the computation did not confirm the exact count"
    return "a computation contradicts the stated geometry of the function space"


def _chosen(
    max_filter_size: int | None,
    filters: list[str] | None,
    strides: list[str] | None,
    supports: list[str] | None,
    file: str | None,
) -> list[Architecture] | None:
    """The networks listed, None if they are to be enumerated."""
    from ..networks.architecture_lists import read_architectures

    sources = {
        "--max-filter-size": max_filter_size is not None,
        "-k/--filters": bool(filters or strides or supports),
        "--architectures": file is not None,
    }
    given = [option for option, present in sources.items() if present]
    if len(given) != 1:
        problem = f"{' and '.join(given)}: exclude each other" if given else "--max-filter-size: no networks given"
        raise InputError(f"{problem}; expected exactly one of {', '.join(sources)}")
    if max_filter_size is not None:
        return None
    if file is not None:
        with options_named({"path": "--architectures"}):
            return read_architectures(file)
    filters, strides = filters or [], strides or []
    if not supports and len(filters) != len(strides):
        raise InputError(f"-s/--strides: {len(strides)} given for {len(filters)} -k; expected one for each")
    return architectures_of(filters, strides, supports)


def _check_format(format: str) -> None:
    from ..tables.text_tables import FORMATS

    if format != TEXT and format not in FORMATS:
        raise InputError(f"--format: {format!r} given; expected one of {', '.join((TEXT, *FORMATS))}")


def _text(table: ArchitectureTable, format: str) -> str:
    from ..tables.text_tables import format_table, plain_text

    if format == "json":
        return table.to_json()
    if format == TEXT:
        return plain_text(table.to_table())
    return format_table(table.to_table(for_people=format != "csv"), format)


def _progress(stack: ExitStack, quiet: bool) -> Callable[[int, int, Architecture], None] | None:
    """A bar on standard error, if that is a terminal; the stack takes it down."""
    if quiet or not sys.stderr.isatty():
        return None
    bar = row_bar(stack)

    def report(done: int, total: int, arch: Architecture) -> None:
        bar(arch.notation, done, total)

    return report


def row_bar(stack: ExitStack) -> Callable[[str, int, int], None]:
    """A bar on standard error: a function of the present task, the number of finished parts, and of all parts."""
    from rich.console import Console

    from ..display.progress import ProgressBars

    return stack.enter_context(ProgressBars(Console(stderr=True))).count
