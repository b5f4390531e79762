"""The options that say which data a command is about, and the data that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from ..errors import InputError
from .declarations import Option
from .option_names import OF_DATA, options_named

if TYPE_CHECKING:
    from ..losses.random_data import LoadedData
    from ..networks.architecture import Architecture

__all__ = [
    "Center",
    "CsvFile",
    "DataFile",
    "DataOptions",
    "DecimalMark",
    "Horizon",
    "Images",
    "InputColumns",
    "OutputColumns",
    "RandomData",
    "Separator",
    "Series",
    "Standardize",
    "WhiteData",
    "load_data",
]

DataFile = Annotated[
    str | None,
    Option(
        metavar="FILE",
        help="Data: FILE.npz with arrays X and Y, or gram and b (and constant); for solve also of many "
        "data sets, gram (n, K, K) and b (n, K); a pair X.npy,Y.npy; or FILE.json with "
        'gram and b, where texts such as "1/3" or "0.1" are exact numbers.',
        show_default=False,
    ),
]
CsvFile = Annotated[
    str | None,
    Option(
        metavar="FILE.csv",
        help="Data: columns of a table, one sample a row; CSV, or Parquet as FILE.parquet.",
        show_default=False,
    ),
]
InputColumns = Annotated[
    str | None, Option(metavar="COL,…", help="Input columns of --csv, in order.", show_default=False)
]
OutputColumns = Annotated[
    str | None, Option(metavar="COL,…", help="Output columns of --csv, in order.", show_default=False)
]
Series = Annotated[
    str | None,
    Option(
        metavar="FILE.csv:COLUMN",
        help="Data: a time series; predict a value from the K values before. sunspots is a series that is shipped.",
        show_default=False,
    ),
]
Horizon = Annotated[
    int | None,
    Option(min=1, metavar="H", help="Steps ahead that --series predicts; 1 if not given.", show_default=False),
]
Images = Annotated[
    str | None,
    Option(
        metavar="FILE.npy",
        help="Data: images (N, H, W); predict the pixel right of each patch. digits are images that are shipped.",
        show_default=False,
    ),
]
RandomData = Annotated[bool, Option("--random", help="Data: Gaussian X and Y.")]
WhiteData = Annotated[bool, Option("--white", help="Data: Gram matrix I and a Gaussian target.")]
Separator = Annotated[
    str | None,
    Option(
        "--sep",
        metavar="SEP",
        help="What separates the cells of --csv and --series, as in --sep ';' or tab; found out if not given.",
        show_default=False,
    ),
]
DecimalMark = Annotated[
    str | None,
    Option(
        "--decimal",
        metavar="MARK",
        help="The decimal mark of --csv and --series, . or , ; found out if not given.",
        show_default=False,
    ),
]
Center = Annotated[
    bool,
    Option(
        "--center",
        help="Subtract its mean from each column of X and Y, as a network with free intercepts does; "
        "of --series, the mean of the series.",
    ),
]
Standardize = Annotated[
    bool, Option("--standardize", help="Like --center, and divide by standard deviations: for mixed units.")
]

#: A command takes its data from exactly one of these options.
#: The series that comes with the package, see `losses.sources`.
BUILT_IN = "sunspots"
KINDS_OF_DATA = ("--data", "--csv", "--series", "--images", "--random", "--white")


class DataOptions(NamedTuple):
    """The options that say which data a command is about, as they are given; exactly one kind of data is expected."""

    data: str | None
    csv: str | None
    x: str | None
    y: str | None
    series: str | None
    horizon: int | None
    random: bool
    white: bool
    sep: str | None = None
    decimal: str | None = None
    center: bool = False
    standardize: bool = False
    images: str | None = None

    def given(self) -> list[str]:
        """The options that are given, in the order of the fields."""
        return [f"--{name}" for name, value in self._asdict().items() if value is not None and value is not False]


def load_data(architecture: Architecture, options: DataOptions, seed: int) -> LoadedData:
    """The data of the options, checked and read."""
    from ..networks.limits import check_filter_size

    _check_given(options)
    check_filter_size(architecture)

    import numpy as np

    from ..losses import sources
    from ..losses.random_data import random_gaussian, random_white
    from ..losses.table_files import TableFormat

    prepared = {"center": options.center, "standardize": options.standardize}
    if options.data is not None:
        with options_named({**OF_DATA, "path": "--data"}):
            return sources.from_file(options.data, architecture, **prepared)
    table = TableFormat(options.sep, options.decimal)
    if options.csv is not None:
        with options_named({**OF_DATA, "path": "--csv", "x_columns": "--x", "y_columns": "--y"}):
            x, y = _names(options.x), _names(options.y)
            return sources.from_csv(options.csv, x, y, architecture, table=table, **prepared)
    if options.series is not None:
        horizon = 1 if options.horizon is None else options.horizon
        return sources.from_series(options.series, horizon, architecture, table=table, **prepared)
    if options.images is not None:
        return sources.from_images(options.images, architecture, **prepared)
    # The data have a random stream of their own: the solver uses the seed itself, and must not change the data.
    generator = np.random.default_rng([seed, 1])
    if options.white:
        return random_white(architecture, generator)
    return random_gaussian(architecture, generator).prepared(architecture, **prepared)


def _check_given(options: DataOptions) -> None:
    given = options.given()
    kinds = [option for option in KINDS_OF_DATA if option in given]
    if len(kinds) != 1:
        problem = f"{' and '.join(kinds)}: exclude each other" if kinds else "--data: no data given"
        raise InputError(f"{problem}; expected exactly one of {', '.join(KINDS_OF_DATA)}")
    for option, owner in (("--x", "--csv"), ("--y", "--csv"), ("--horizon", "--series")):
        if option in given and owner not in kinds:
            raise InputError(f"{option}: given with {kinds[0]}; expected only together with {owner}")
    for option in ("--sep", "--decimal"):
        if option in given and kinds[0] not in ("--csv", "--series"):
            raise InputError(f"{option}: given with {kinds[0]}; expected only together with --csv or --series")
        if option in given and options.series == BUILT_IN:
            raise InputError(f"{option}: given with --series {BUILT_IN}; expected only with the path of a file")
    for option in ("--center", "--standardize"):
        if option in given and "--white" in kinds:
            raise InputError(f"{option}: given with --white, which has no samples; expected samples X and Y")
    if options.csv is not None:
        for option in ("--x", "--y"):
            if option not in given:
                raise InputError(f"{option}: missing; expected the columns of --csv to use, separated by commas")


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",")]
