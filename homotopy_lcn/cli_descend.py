"""The command ``descend``: like those in `cli` it parses, calls the library, and prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import InputError

if TYPE_CHECKING:
    from .results import CriticalPoints

__all__ = ["descend"]

#: What the library's arguments are called here.
OPTIONS = ("starts", "init", "optimizer", "learning_rate", "max_steps", "slow")


def descend(
    result_path: Annotated[
        str | None,
        typer.Argument(metavar="[RESULT.json]", help="A result of solve; else a network and data.", show_default=False),
    ] = None,
    filters: Annotated[
        str | None,
        typer.Option("-k", "--filters", metavar="K1,K2,…", help="Filter sizes, as in 3,2.", show_default=False),
    ] = None,
    strides: Annotated[
        str | None, typer.Option("-s", "--strides", metavar="S1,S2,…", help="Strides, as in 2,1.", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npz", help="Data: arrays X and Y, or gram and b (and constant).", show_default=False
        ),
    ] = None,
    csv: Annotated[
        str | None,
        typer.Option(metavar="FILE.csv", help="Data: columns of a table, one sample a row.", show_default=False),
    ] = None,
    x: Annotated[
        str | None, typer.Option(metavar="COL,…", help="Input columns of --csv, in order.", show_default=False)
    ] = None,
    y: Annotated[
        str | None, typer.Option(metavar="COL,…", help="Output columns of --csv, in order.", show_default=False)
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv:COLUMN",
            help="Data: a time series; predict a value from the K values before.",
            show_default=False,
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="H", help="Steps ahead that --series predicts; 1 if not given.", show_default=False
        ),
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Data: Gaussian X and Y.")] = False,
    white: Annotated[bool, typer.Option("--white", help="Data: Gram matrix I and a Gaussian target.")] = False,
    starts: Annotated[int, typer.Option(min=1, metavar="N", help="Random starts.")] = 100,
    init: Annotated[
        str,
        typer.Option(
            metavar="SIGMA",
            help="Size of the layers at the start, relative to the solution's; or pytorch, for its own.",
        ),
    ] = "1",
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help="flow (gradient flow), descent (gradient descent) or adam.")
    ] = "flow",
    learning_rate: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Of descent and adam; chosen to fit if not given.", show_default=False),
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Default: 5000 for the flow, 10000 otherwise.", show_default=False),
    ] = None,
    slow: Annotated[
        float, typer.Option(metavar="X", help="A run lingers while its relative gradient is below this.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="PATH", help="Write the table and all runs as JSON; - is standard output, and no table."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Number of processes of the solver.")] = 1,
) -> int:
    """Train from many random starts: how often is each minimum reached, and near which saddles do runs linger?

    Give a result of solve; or -k, -s and the data by exactly one of --data, --csv, --series, --random, --white.
    Exit code 3 if the critical points are not complete, or some run did not settle at one of them.
    """
    from . import cli

    cli._check_output(json_path)
    if result_path is not None:
        given = {
            "-k/--filters": filters, "-s/--strides": strides, "--data": data, "--csv": csv, "--x": x, "--y": y,
            "--series": series, "--horizon": horizon, "--random": random or None, "--white": white or None,
        }  # fmt: skip
        for option, value in given.items():
            if value is not None:
                raise InputError(f"{option}: given with a result; expected one or the other")

        from .results import CriticalPoints

        result, description = CriticalPoints.from_json(result_path), result_path
    else:
        architecture = cli._architecture(filters, strides)
        loaded = cli._load(architecture, data, csv, x, y, series, horizon, random, white, seed)
        description = loaded.description

        from .solve import critical_points

        with ExitStack() as stack:
            result = critical_points(
                architecture, loaded.loss, seed=seed, jobs=jobs, progress=cli._progress(stack, quiet)
            )

    from .basins_display import render_basins
    from .training import descend as train

    with _options():
        table = train(
            result, starts, seed=seed, init=_init(init), optimizer=optimizer, learning_rate=learning_rate,
            max_steps=max_steps, slow=slow,
        )  # fmt: skip
    if json_path is not None:
        cli._write(json_path, table.to_json() or "")
    if not quiet and json_path != "-":
        cli._show(render_basins(table, description))
    return _code(result, table.accounted, quiet)


def _code(result: CriticalPoints, accounted: bool, quiet: bool) -> int:
    from . import cli

    if result.complete and accounted:
        return cli.DONE
    if not quiet:
        cli._complain(
            "some runs settled at no listed critical point within the allowed steps"
            if result.complete
            else "completeness of the critical points could not be established"
        )
    return cli.NOT_COMPLETE


def _init(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


@contextmanager
def _options() -> Iterator[None]:
    """Name the option in errors about the argument that it stands for."""
    try:
        yield
    except InputError as error:
        argument, colon, rest = str(error).partition(":")
        if argument not in OPTIONS:
            raise
        raise InputError(f"--{argument.replace('_', '-')}{colon}{rest}") from error
