"""The command ``export``: the critical-point equations for other systems."""

from __future__ import annotations

from typing import Annotated

from ..errors import InputError
from .common import DONE, Filters, Quiet, Strides, Supports, architecture_of, print_text
from .data_options import (
    Center,
    CsvFile,
    DataFile,
    DataOptions,
    DecimalMark,
    Horizon,
    Images,
    InputColumns,
    OutputColumns,
    RandomData,
    Separator,
    Series,
    Standardize,
    WhiteData,
    load_data,
)
from .declarations import Option
from .option_names import messages_final

__all__ = ["export"]


def export(
    filters: Filters = None,
    strides: Strides = None,
    supports: Supports = None,
    to: Annotated[
        str | None,
        Option(
            metavar="SYSTEM",
            help="phc (or phcpack), julia, macaulay2, bertini (needs Bertini 1), bertini2, sympy, latex, msolve or "
            "euclidean-distance-degree. Required.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        Option(
            "-o",
            "--output",
            metavar="PATH",
            help="The file to write, or the folder for the files of phc and bertini; default: standard output.",
            show_default=False,
        ),
    ] = None,
    stratum: Annotated[
        str | None,
        Option(
            metavar="PATTERN",
            help="Root multiplicities of each block, as in '(2,1)(1)'; see count. Default: all of them 1.",
            show_default=False,
        ),
    ] = None,
    data: DataFile = None,
    csv: CsvFile = None,
    x: InputColumns = None,
    y: OutputColumns = None,
    series: Series = None,
    horizon: Horizon = None,
    sep: Separator = None,
    decimal: DecimalMark = None,
    center: Center = False,
    standardize: Standardize = False,
    images: Images = None,
    random: RandomData = False,
    white: WhiteData = False,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    quiet: Quiet = False,
    max_count: Annotated[
        int, Option(min=1, metavar="N", help="Refuse strata with more critical filters than this.")
    ] = 20000,
) -> int:
    """Write the equations for PHCpack and other systems.

    Start solutions come with them.
    With data (see solve) their numbers are filled in; without, the Gram matrix and the moment vector are parameters.
    """
    from ..networks.patterns import pattern_from_text

    if to is None:
        raise InputError("--to: missing; expected a system, as in --to julia")
    from ..interchange.exports import check_output
    from ..interchange.exports import export as exported

    architecture = architecture_of(filters, strides, supports)
    check_output(to, output)
    pattern = None if stratum is None else pattern_from_text("stratum", stratum)
    given = DataOptions(data, csv, x, y, series, horizon, random, white, sep, decimal, center, standardize, images)
    loss = load_data(architecture, given, seed).loss if given.given() else None

    files = exported(architecture, loss, to=to, stratum=pattern, seed=seed, max_count=max_count)
    if output is None or output == "-":
        print_text(files.text)
        return DONE
    with messages_final("-o/--output"):
        written = files.write(output)
    if not quiet:
        print_text("".join(f"{path}\n" for path in written) + f"to run: {files.command_at(written)}\n")
    return DONE
