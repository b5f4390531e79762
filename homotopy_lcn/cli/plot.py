"""The command ``plot``: pictures of a result, of counts over many data sets, and of their growth."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ..errors import InputError
from ..extras import install_command
from .common import (
    DONE,
    NOT_COMPLETE,
    Filters,
    FiltersUnlessResult,
    Quiet,
    Strides,
    StridesUnlessResult,
    architecture_of,
    check_output,
    complain,
    print_text,
    read_result,
)
from .declarations import Argument, Option
from .tabulate import row_bar

if TYPE_CHECKING:
    from ..results.result import CriticalPoints

__all__ = ["PLOT_HELP", "complex_plane", "growth", "landscape", "levels", "real_counts"]

#: Data sets of a histogram at most: hours of work.
MOST_DATA_SETS = 10_000_000
PLOT_HELP = f"Pictures as PDF, PNG or SVG, readable in greyscale. They need matplotlib: {install_command('figures')}."

Output = Annotated[
    str | None,
    Option("-o", "--output", metavar="FILE", help="The picture; by default named for the command.", show_default=False),
]
Format = Annotated[
    str | None,
    Option("--format", metavar="NAME", help="pdf, png or svg; by default as FILE ends.", show_default=False),
]
Result = Annotated[
    str | None,
    Argument(metavar="RESULT.json", help="A result of solve; else -k, -s with Gaussian data of --seed."),
]
Seed = Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")]


def real_counts(
    filters: Filters = None,
    strides: Strides = None,
    draws: Annotated[int, Option(min=1, max=MOST_DATA_SETS, metavar="N", help="Gaussian data sets.")] = 200,
    output: Output = None,
    format: Format = None,
    seed: Seed = 0,
    quiet: Quiet = False,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of processes.")] = 1,
) -> int:
    """Count real critical filters over many data sets.

    A histogram.
    """
    architecture = architecture_of(filters, strides)
    path = _path(output, format, "real-counts")

    from ..pictures.plots import plot_real_counts
    from ..surveys.surveys import many_draws

    with ExitStack() as stack:
        bar = row_bar(stack) if sys.stderr.isatty() and not quiet else None
        report = None if bar is None else lambda done: bar("data sets", done, draws)
        drawn = many_draws(architecture, draws, seed, jobs=jobs, report=report)
    _save(plot_real_counts(architecture, drawn), path, quiet)
    if drawn.incomplete:
        complain(f"{drawn.incomplete} of {drawn.draws} solves are not complete")
    return NOT_COMPLETE if drawn.incomplete else DONE


def growth(
    parameters: Annotated[int, Option(min=6, max=60, metavar="N", help="Networks with at most N parameters.")] = 24,
    output: Output = None,
    format: Format = None,
    quiet: Quiet = False,
) -> int:
    """Show how the number of critical points grows.

    With the number of parameters, beside fully connected networks.
    """
    path = _path(output, format, "growth")

    from ..pictures.plots import plot_growth

    return _save(plot_growth(parameters), path, quiet)


def complex_plane(
    result: Result = None,
    filters: FiltersUnlessResult = None,
    strides: StridesUnlessResult = None,
    coordinate: Annotated[int, Option(min=0, metavar="J", help="The entry w_J of the filter.")] = 0,
    output: Output = None,
    format: Format = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Show one coordinate of the filters in the complex plane."""
    path = _path(output, format, "complex-plane")

    from ..pictures.plots import plot_complex_plane

    found = _result(result, filters, strides, seed)
    _save(plot_complex_plane(found, coordinate), path, quiet)
    return _code(found)


def levels(
    result: Result = None,
    filters: FiltersUnlessResult = None,
    strides: StridesUnlessResult = None,
    output: Output = None,
    format: Format = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Show the losses of the real critical points by kind."""
    path = _path(output, format, "levels")

    from ..pictures.plots import plot_loss_levels

    found = _result(result, filters, strides, seed)
    _save(plot_loss_levels(found), path, quiet)
    return _code(found)


def landscape(
    result: Result = None,
    filters: FiltersUnlessResult = None,
    strides: StridesUnlessResult = None,
    resolution: Annotated[int, Option(min=10, max=1000, metavar="N", help="Grid points along each axis.")] = 161,
    output: Output = None,
    format: Format = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Show the loss on a plane through two minima and a saddle.

    Its contours in parameter space.
    """
    path = _path(output, format, "landscape")

    from ..pictures.plots import plot_landscape

    found = _result(result, filters, strides, seed)
    _save(plot_landscape(found, resolution), path, quiet)
    return _code(found)


def _path(output: str | None, format: str | None, name: str) -> str:
    """Where the picture goes, once it is clear that it can be written there."""
    from ..extras import import_extra
    from ..pictures.plots import ENDINGS

    import_extra("matplotlib.figure", "figures", "plot")
    if format is not None and format not in ENDINGS:
        raise InputError(f"--format: {format!r} given; expected one of {', '.join(ENDINGS)}")
    path = f"{name}.{format or ENDINGS[0]}" if output is None else output
    ending = Path(path).suffix.lstrip(".").lower()
    if ending not in ENDINGS or (format is not None and ending != format):
        wanted = f".{format}, as --format says" if format is not None else " or ".join(f".{e}" for e in ENDINGS)
        raise InputError(f"-o/--output: {path!r} ends in {ending!r}; expected {wanted}")
    check_output(path, "-o/--output")
    return path


def _result(path: str | None, filters: str | None, strides: str | None, seed: int) -> CriticalPoints:
    if path is not None:
        if filters is not None or strides is not None:
            raise InputError("-k/--filters, -s/--strides: given with a result; expected one or the other")
        return read_result(path)
    architecture = architecture_of(filters, strides)

    import numpy as np

    from ..losses.random_data import random_gaussian, random_loss_seed
    from ..solving.solve import critical_points

    generator = np.random.default_rng(random_loss_seed(seed, 0))
    loaded = random_gaussian(architecture, generator)
    return critical_points(architecture, loaded.loss, seed=seed, data=loaded.description)


def _save(figure: Any, path: str, quiet: bool) -> int:
    from ..pictures.plots import save_plot

    save_plot(figure, path)
    if not quiet:
        print_text(f"{path}\n")
    return DONE


def _code(result: CriticalPoints) -> int:
    if not result.complete:
        complain("completeness could not be established; the picture shows what was found")
    return DONE if result.complete else NOT_COMPLETE
