"""The command ``paper``: ``paper all`` computes all tables and the figure, ``paper figure1`` the figure alone."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from ..errors import InputError
from .common import DONE, INTERRUPTED, NOT_COMPLETE, Quiet, complain, print_text, show
from .declarations import Argument, Option
from .tabulate import row_bar

__all__ = ["PAPER_HELP", "everything", "figure1"]

PAPER_HELP = """The paper's tables and figure, and tests of its theorems.

paper all FOLDER writes all of them.
"""


def everything(
    folder: Annotated[str, Argument(metavar="FOLDER", help="Where the files go; made if it does not exist.")],
    quick: Annotated[bool, Option("--quick", help="Few data sets and small architectures: seconds.")] = False,
    full: Annotated[
        bool, Option("--full", help="Ten times as many data sets, and larger networks tested: over an hour.")
    ] = False,
    draws: Annotated[
        int | None,
        Option(min=1, metavar="N", help="Data sets for each network compared; 100 if not given.", show_default=False),
    ] = None,
    small_draws: Annotated[
        int | None,
        Option(
            min=1, metavar="N", help="Data sets for each small architecture; 1000 if not given.", show_default=False
        ),
    ] = None,
    check_draws: Annotated[
        int | None,
        Option(min=1, metavar="N", help="For the theorem on strides; 100 if not given.", show_default=False),
    ] = None,
    check_filter_size: Annotated[
        int | None,
        Option(min=4, metavar="K", help="Test it on networks up to this size; 16 if not given.", show_default=False),
    ] = None,
    figure: Annotated[bool, Option(help="Also draw Figure 1.")] = True,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    quiet: Quiet = False,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of processes.")] = 1,
) -> int:
    """Compute Tables 1 to 4, test the theorems, and draw Figure 1.

    The tables come as CSV, Markdown and LaTeX. Each table is written as soon as it is computed.
    Exit codes: 0 done, 2 unusable input, 3 a check failed or a solve was not complete; which one is said.
    """
    if quick and full:
        raise InputError("--quick and --full: exclude each other; expected at most one of them")
    if figure:
        from ..extras import import_extra
        from ..pictures.figure1 import draw_figure1

        import_extra("matplotlib.figure", "figures", "figure1")  # tells now, not after the tables, if it is missing
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"FOLDER: cannot make {folder!r} ({error.strerror or error}); expected a folder") from None

    from ..tables.paper_tables import FULL, ORDINARY, QUICK, write_paper

    given = {
        "draws": draws,
        "small_draws": small_draws,
        "check_draws": check_draws,
        "check_filter_size": check_filter_size,
    }
    options = replace(
        QUICK if quick else FULL if full else ORDINARY,
        seed=seed,
        jobs=jobs,
        **{name: value for name, value in given.items() if value is not None},
    )
    with ExitStack() as stack:
        report = row_bar(stack) if sys.stderr.isatty() and not quiet else None
        try:
            tables, written, problems = write_paper(target, options, report)
        except KeyboardInterrupt:
            complain(f"interrupted: the tables finished so far are in {folder}")
            return INTERRUPTED
    if figure:
        written += [str(path) for path in draw_figure1(target, resolution=10 if quick else 60)]
    if not quiet:
        from ..tables.text_tables import render_table

        show(render_table(tables[-1]))
        print_text("".join(f"{path}\n" for path in written))
    for problem in problems:
        complain(problem)
    return NOT_COMPLETE if problems else DONE


def figure1(
    output: Annotated[str, Option("-o", "--output", metavar="FOLDER", help="Where the files go.")] = ".",
    resolution: Annotated[
        int, Option(min=4, max=400, metavar="N", help="Points along each parameter of the surfaces.")
    ] = 60,
    data: Annotated[
        str | None,
        Option(
            metavar="FILE.npz",
            help="Also show the critical filters of -k 2,2,2 -s 1,2,1 for these data that meet the slice.",
            show_default=False,
        ),
    ] = None,
    center: Annotated[bool, Option("--center", help="Centre the columns of --data.")] = False,
    standardize: Annotated[
        bool, Option("--standardize", help="Like --center, and divide by standard deviations.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Draw Figure 1 as PNG, PDF and HTML.

    It shows function spaces in the slice A = 1, C = −1.
    """
    from ..pictures.figure1 import FIGURE_1, draw_figure1

    points = []
    for option, given in (("--center", center), ("--standardize", standardize)):
        if given and data is None:
            raise InputError(f"{option}: given without --data; expected --data FILE.npz with samples X and Y")
    if data is not None:
        from ..losses.sources import from_file
        from ..solving.solve import critical_points

        found = critical_points(FIGURE_1[1], from_file(data, FIGURE_1[1], center=center, standardize=standardize).loss)
        points = [point.filter.real for point in found.real if point.attained]
    with ExitStack() as stack:
        bar = row_bar(stack) if sys.stderr.isatty() and not quiet else None
        written = draw_figure1(output, resolution, points, bar)
    if not quiet:
        print_text("".join(f"{path}\n" for path in written))
    return DONE
