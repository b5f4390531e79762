"""The command ``walls``."""

from __future__ import annotations

from typing import Annotated

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
    check_page,
    complain,
    show,
    write,
)
from .data_options import Center, Standardize
from .declarations import Option
from .option_names import OF_DATA, options_named

__all__ = ["walls"]


def walls(
    filters: Filters = None,
    strides: Strides = None,
    from_: Annotated[
        str | None,
        Option("--from", metavar="FILE", help="Data at t = 0: a file as for solve --data.", show_default=False),
    ] = None,
    to: Annotated[
        str | None,
        Option("--to", metavar="FILE", help="Data at t = 1: a file as for solve --data.", show_default=False),
    ] = None,
    center: Center = False,
    standardize: Standardize = False,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    certify: Annotated[
        bool, Option("--certify", help="Prove every wall, and the list of critical points of every chamber.")
    ] = False,
    json_path: Json = None,
    plot: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Picture of the losses of all real branches, as .pdf, .png or .svg.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Page with an interactive picture of all branches and the tables, as .html; - is standard output.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Follow all critical points from one data set to another.

    The loss at t is (1 − t) times that of --from plus t times that of --to. Walls are the t in [0, 1] where the list of
    real critical points changes; chambers are the intervals between them. Exit code 3 if not all walls are accounted
    for, or, with --certify, if something is not proved.
    """
    architecture = architecture_of(filters, strides)
    if from_ is None or to is None:
        option = "--from" if from_ is None else "--to"
        raise InputError(f"{option}: no data given; expected a file as for solve --data")
    check_output(json_path)
    check_page(report, "--report")
    if json_path == "-" == report:
        raise InputError("--report: standard output holds what --json writes; expected a file")
    if plot is not None:
        from ..pictures.histograms import check_plot_path

        with options_named({"path": "--plot"}):
            check_plot_path(plot)

    from ..discriminants.walls_of_segments import walls as find
    from ..losses import sources
    from ..networks.limits import check_filter_size

    check_filter_size(architecture)
    loaded = []
    for option, path in (("--from", from_), ("--to", to)):
        with options_named({**OF_DATA, "path": option}):
            loaded.append(sources.from_file(path, architecture, center=center, standardize=standardize))
    with options_named({"certify": "--certify"}):
        found = find(architecture, loaded[0].loss, loaded[1].loss, seed=seed, certify=certify)
    if json_path is not None:
        write(json_path, found.to_json() or "")
    if plot is not None:
        found.plot(plot)
    if report is not None:
        from ..pictures.walls_page import walls_page

        write(report, walls_page(found), "--report")
    if not quiet and "-" not in (json_path, report):
        from ..display.walls import render_walls

        show(render_walls(found, [data.description for data in loaded]))
    if not found.complete and not quiet:
        complain("completeness could not be established")
    if certify and not found.certified and not quiet:
        walls_left = sum(not wall.certified for wall in found.walls)
        chambers_left = sum(not chamber.certified for chamber in found.chambers)
        complain(f"not proved: {walls_left} of the walls, {chambers_left} of the chambers")
        for words in found.unprovable:
            complain(f"cannot be proved: {words}")
    return DONE if found.complete and (found.certified or not certify) else NOT_COMPLETE
