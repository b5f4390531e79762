"""The command ``chambers``."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Annotated

from ..errors import InputError
from .common import (
    DONE,
    NOT_COMPLETE,
    Filters,
    Quiet,
    Strides,
    architecture_of,
    check_output,
    complain,
    print_text,
    write,
)
from .data_options import Center, Standardize
from .declarations import Option
from .option_names import OF_DATA, options_named
from .tabulate import row_bar

__all__ = ["chambers"]

COLOURS = ("real", "minima", "pattern")


def chambers(
    filters: Filters = None,
    strides: Strides = None,
    data: Annotated[
        str | None,
        Option("--data", metavar="FILE", help="Data at the first corner: a file as for solve.", show_default=False),
    ] = None,
    towards: Annotated[
        list[str] | None,
        Option("--towards", metavar="FILE", help="Data at another corner. Given twice.", show_default=False),
    ] = None,
    grid: Annotated[int, Option(min=1, max=2000, metavar="N", help="Parts of each side: 2 N + 1 lines.")] = 50,
    colour: Annotated[
        str,
        Option("--colour", metavar="NAME", help="real or minima, their numbers, or pattern, of the global minimum."),
    ] = "real",
    center: Center = False,
    standardize: Standardize = False,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of processes.")] = 1,
    plot: Annotated[
        str | None, Option(metavar="FILE", help="The picture, as .pdf, .png or .svg.", show_default=False)
    ] = None,
    csv: Annotated[
        str | None,
        Option("--csv", metavar="PATH", help="The curves of walls; - is standard output.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Colour a triangle of data by its chambers.

    All walls on 2 N + 1 lines through the triangle are found by count, and joined to curves. A chamber that meets no
    line, as it lies inside one cell between them, is not seen. Exit code 3 if not all walls are accounted for.
    """
    architecture = architecture_of(filters, strides)
    if data is None:
        raise InputError("--data: no data given; expected a file as for solve")
    files = towards or []
    if len(files) != 2:
        raise InputError(f"--towards: {len(files)} given; expected two files, for the other corners of the triangle")
    if colour not in COLOURS:
        raise InputError(f"--colour: {colour!r} given; expected one of {', '.join(COLOURS)}")
    check_output(csv, "--csv")
    if plot is not None:
        from ..pictures.histograms import check_plot_path

        with options_named({"path": "--plot"}):
            check_plot_path(plot)

    from ..discriminants.planes import chambers as find
    from ..losses import sources
    from ..networks.limits import check_filter_size

    check_filter_size(architecture)
    losses = []
    for option, path in (("--data", data), *(("--towards", path) for path in files)):
        with options_named({**OF_DATA, "path": option}):
            losses.append(sources.from_file(path, architecture, center=center, standardize=standardize).loss)
    with options_named({"loss0": "--data, --towards", "loss1": "--data, --towards"}), ExitStack() as stack:
        bar = row_bar(stack) if sys.stderr.isatty() and not quiet else None
        report = None if bar is None else lambda done, number: bar("lines", done, number)
        found = find(architecture, losses, grid=grid, seed=seed, jobs=jobs, report=report)
    if plot is not None:
        found.plot(plot, colour)
    if csv is not None:
        write(csv, found.curves_csv() or "", "--csv")
    if not quiet and csv != "-":
        from ..display.walls import plane_text

        print_text(plane_text(found, colour))
    if found.complete:
        return DONE
    if not quiet:
        complain("completeness could not be established")
    return NOT_COMPLETE
