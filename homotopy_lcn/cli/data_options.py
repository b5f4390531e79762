"""The options that say which data a command is about, and what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..losses.random_data import LoadedData
    from ..networks.architecture import Architecture

__all__ = [
    "CsvFile",
    "DataFile",
    "Horizon",
    "InputColumns",
    "OutputColumns",
    "RandomData",
    "Series",
    "WhiteData",
    "load_data",
]

DataFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Data: FILE.npz with arrays X and Y, or gram and b (and constant); or FILE.json with gram and b, "
        'where texts such as "1/3" or "0.1" are exact numbers.',
        show_default=False,
    ),
]
CsvFile = Annotated[
    str | None,
    typer.Option(metavar="FILE.csv", help="Data: columns of a table, one sample a row.", show_default=False),
]
InputColumns = Annotated[
    str | None, typer.Option(metavar="COL,…", help="Input columns of --csv, in order.", show_default=False)
]
OutputColumns = Annotated[
    str | None, typer.Option(metavar="COL,…", help="Output columns of --csv, in order.", show_default=False)
]
Series = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.csv:COLUMN",
        help="Data: a time series; predict a value from the K values before.",
        show_default=False,
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(min=1, metavar="H", help="Steps ahead that --series predicts; 1 if not given.", show_default=False),
]
RandomData = Annotated[bool, typer.Option("--random", help="Data: Gaussian X and Y.")]
WhiteData = Annotated[bool, typer.Option("--white", help="Data: Gram matrix I and a Gaussian target.")]


def load_data(
    architecture: Architecture,
    data: str | None,
    csv: str | None,
    x: str | None,
    y: str | None,
    series: str | None,
    horizon: int | None,
    random: bool,
    white: bool,
    seed: int,
) -> LoadedData:
    """The data that exactly one of the options says, checked and read."""
    given_by = {
        "--data": data is not None,
        "--csv": csv is not None,
        "--series": series is not None,
        "--random": random,
        "--white": white,
    }
    given = [option for option, present in given_by.items() if present]
    if len(given) != 1:
        problem = f"{' and '.join(given)}: exclude each other" if given else "--data: no data given"
        raise InputError(f"{problem}; expected exactly one of {', '.join(given_by)}")
    for option, value, owner in (("--x", x, "--csv"), ("--y", y, "--csv"), ("--horizon", horizon, "--series")):
        if value is not None and owner not in given:
            raise InputError(f"{option}: given with {given[0]}; expected only together with {owner}")
    if csv is not None:
        for option, value in (("--x", x), ("--y", y)):
            if value is None:
                raise InputError(f"{option}: missing; expected the columns of --csv to use, separated by commas")

    import numpy as np

    from ..losses import sources
    from ..losses.random_data import random_gaussian, random_white

    if data is not None:
        return sources.from_file(data, architecture)
    if csv is not None:
        return sources.from_csv(csv, _names(x), _names(y), architecture)
    if series is not None:
        return sources.from_series(series, 1 if horizon is None else horizon, architecture)
    # A stream of its own: the data must not depend on the random choices of the solver, which uses the seed itself.
    generator = np.random.default_rng([seed, 1])
    return random_gaussian(architecture, generator) if random else random_white(architecture, generator)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",")]
