"""The command ``descend``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from ..errors import InputError
from .common import (
    DONE,
    NOT_COMPLETE,
    FiltersUnlessResult,
    Json,
    Quiet,
    StridesUnlessResult,
    Supports,
    architecture_of,
    check_output,
    complain,
    progress_bars,
    read_result,
    show,
    write,
)
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
from .declarations import Argument, Option

if TYPE_CHECKING:
    from ..results.result import CriticalPoints

__all__ = ["descend"]


def descend(
    result_path: Annotated[
        str | None,
        Argument(metavar="RESULT.json", help="A result of solve; else a network and data.", show_default=False),
    ] = None,
    filters: FiltersUnlessResult = None,
    strides: StridesUnlessResult = None,
    supports: Supports = None,
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
    starts: Annotated[int, Option(min=1, metavar="N", help="Random starts, at most 100000.")] = 100,
    init: Annotated[
        str,
        Option(
            metavar="SIGMA",
            help="Size of the layers at the start, relative to the solution's; or pytorch, for its own.",
        ),
    ] = "1",
    optimizer: Annotated[
        str, Option(metavar="NAME", help="flow (gradient flow), descent (gradient descent) or adam.")
    ] = "flow",
    learning_rate: Annotated[
        float | None,
        Option(metavar="RATE", help="Of descent and adam; chosen to fit if not given.", show_default=False),
    ] = None,
    max_steps: Annotated[
        int | None,
        Option(
            min=1,
            metavar="N",
            help="Default: 5000 for the flow, 10000 otherwise; at most 10000000.",
            show_default=False,
        ),
    ] = None,
    slow: Annotated[float, Option(metavar="X", help="A run lingers while its relative gradient is below this.")] = 0.05,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of threads of the solver.")] = 1,
) -> int:
    """Train from many random starts, and see where the runs go.

    How often is each minimum reached, and near which saddles do runs linger?
    Give a result of solve; or -k, -s and the data by exactly one of --data, --csv, --series, --images, --random,
    --white.
    Exit code 3 if the critical points are not complete, or some run did not settle at one of them.
    """
    check_output(json_path)

    from ..training.descent import Options, check_starts

    check_starts(starts)
    options = Options(
        init=_init(init), optimizer=optimizer, learning_rate=learning_rate, max_steps=max_steps, slow=slow
    )
    given = DataOptions(data, csv, x, y, series, horizon, random, white, sep, decimal, center, standardize, images)
    if result_path is not None:
        network = [
            name
            for name, text in (("-k/--filters", filters), ("-s/--strides", strides), ("--supports", supports))
            if text is not None
        ]
        for option in [*network, *given.given()]:
            raise InputError(f"{option}: given with a result; expected one or the other")
        result, description = read_result(result_path), result_path
    else:
        architecture = architecture_of(filters, strides, supports)
        loaded = load_data(architecture, given, seed)
        description = loaded.description

        from ..solving.solve import critical_points

        with ExitStack() as stack:
            result = critical_points(
                architecture, loaded.loss, seed=seed, jobs=jobs, progress=progress_bars(stack, quiet), data=description
            )

    from ..display.basins import render_basins
    from ..training.descent import descend as train

    table = train(result, starts, seed=seed, **vars(options))
    if not quiet and json_path != "-":
        show(render_basins(table, description))
    if json_path is not None:
        write(json_path, table.to_json() or "")
    return _code(result, table.accounted, quiet)


def _code(result: CriticalPoints, accounted: bool, quiet: bool) -> int:
    if result.complete and accounted:
        return DONE
    if not quiet:
        complain(
            "some runs settled at no listed critical point within the allowed steps"
            if result.complete
            else "completeness of the critical points could not be established"
        )
    return NOT_COMPLETE


def _init(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
