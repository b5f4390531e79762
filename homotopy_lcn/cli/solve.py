"""The command ``solve``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ..errors import InputError
from ..progress import TIME_LIMIT
from .common import (
    DONE,
    INTERRUPTED,
    NOT_COMPLETE,
    Filters,
    Json,
    Quiet,
    Strides,
    Supports,
    architecture_of,
    check_output,
    complain,
    print_text,
    progress_bars,
    show_result,
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
from .declarations import Option
from .option_names import OF_DATA, in_options, messages_final, options_named, other_names

if TYPE_CHECKING:
    from ..interchange.cross_checks import CrossCheck
    from ..losses.random_data import LoadedData
    from ..losses.sources import LoadedBatch
    from ..losses.squared_loss import SquaredLoss
    from ..networks.architecture import Architecture
    from ..results.result import CriticalPoints

__all__ = ["Files", "report_result", "solve"]

#: Solves of fewer critical filters are not estimated: they take seconds.
LEAST_ESTIMATED = 5000
#: Points of the largest result that is written as JSON: a file of 0.3 GB, the content of which takes some 6 GB to read.
LARGEST_JSON = 100_000
#: Bytes of a point in JSON, about.
BYTES_IN_JSON = 3000
#: Seconds of a solve that begins without a word.
LONGEST_UNTOLD = 10.0


class Files(NamedTuple):
    """Where the result is written to."""

    json: str | None
    columns: str | None = None


def solve(
    filters: Filters = None,
    strides: Strides = None,
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
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Json = None,
    columns: Annotated[
        str | None,
        Option(
            "--columns",
            metavar="FILE.parquet|FILE.npz",
            help="Write all points as columns of a Parquet or .npz file: for results too large for JSON.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of threads, and of processes of --certify.")] = 1,
    max_count: Annotated[
        int, Option(min=1, metavar="N", help="Refuse networks with more critical filters than this.")
    ] = 20000,
    engine: Annotated[
        str,
        Option(
            metavar="NAME",
            help="Path tracker: auto, native, reference, phcpack; or an instruction set, as native:avx2.",
        ),
    ] = "auto",
    prove: Annotated[
        bool, Option("--certify", help="Prove every point, and that there are no others; see certify.")
    ] = False,
    isolated: Annotated[
        bool, Option("--isolated", help="With few samples: only the isolated critical filters.")
    ] = False,
    regularize: Annotated[
        float | None,
        Option(metavar="EPS", help="Add EPS times I to the Gram matrix (ridge regression).", show_default=False),
    ] = None,
    time_limit: Annotated[
        float,
        Option(metavar="SECONDS", help="Stop then, and report what was found; the default is one day."),
    ] = TIME_LIMIT,
    real_tolerance: Annotated[
        float,
        Option(
            metavar="X",
            help="Complex filters with imaginary parts of at most X times their norm are called nearly real. "
            "What is real, and complete, does not depend on it.",
        ),
    ] = 1e-6,
    singular_tolerance: Annotated[
        float,
        Option(
            metavar="X",
            help="Nonsingular points of condition numbers above X are called nearly singular. "
            "What is singular, and complete, does not depend on it.",
        ),
    ] = 1e10,
    cross_check: Annotated[
        str | None,
        Option(
            metavar="phcpack|bertini2|msolve",
            help="Also solve from nothing with PHCpack, bertini2 or, exactly, msolve, and compare every filter.",
            show_default=False,
        ),
    ] = None,
    cross_check_max: Annotated[
        int | None,
        Option(
            min=1,
            metavar="N",
            help="Refuse to --cross-check networks with more critical parameters: by default 300, or 100 with msolve.",
            show_default=False,
        ),
    ] = None,
    cross_check_time: Annotated[
        float | None,
        Option(
            metavar="SECONDS",
            help="How long the program of --cross-check may take: by default 600 for msolve, any time for the others.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        Option(
            metavar="ADDRESS",
            help="Follow the paths of large networks on the Dask cluster at tcp://HOST:PORT; answers may take 20 s.",
            show_default=False,
        ),
    ] = None,
    errors: Annotated[
        str,
        Option(
            metavar="raise|keep",
            help="With many data sets in --data: refuse them all if one cannot be used, or keep its message instead.",
        ),
    ] = "raise",
) -> int:
    """Find every critical point of the squared loss and classify it.

    Give the data by exactly one of --data, --csv, --series, --images, --random, --white. A file of --data may hold
    many data sets, gram (n, K, K) and b (n, K): --json then writes a line of JSON for each.
    """
    architecture = architecture_of(filters, strides, supports)
    check_output(json_path)
    _check_files(architecture, json_path, columns, max_count)
    if cross_check is not None:
        _check_witness(architecture, cross_check, cross_check_max)
    only = {
        "--columns": columns is not None,
        "--certify": prove,
        "--cross-check": cross_check is not None,
        "--regularize": regularize is not None,
    }
    alone = {"--csv": csv is not None, "--series": series is not None, "--images": images is not None}
    alone |= {"--random": random, "--white": white}
    batch = _batch(architecture, None if any(alone.values()) else data)
    if batch is not None:
        from ..results.tolerances import Tolerances
        from .batch import BatchOptions, solve_batch

        refused = {**only, "--x": x is not None, "--y": y is not None, "--horizon": horizon is not None}
        refused |= {"--sep": sep is not None, "--decimal": decimal is not None}
        refused |= {"--center": center, "--standardize": standardize, "--scheduler": scheduler is not None}
        options = BatchOptions(json_path, quiet, tuple(name for name, is_given in refused.items() if is_given))
        arguments = {
            "seed": seed, "engine": engine, "jobs": jobs, "max_count": max_count, "isolated": isolated,
            "time_limit": time_limit, "tolerances": Tolerances(real_tolerance, singular_tolerance), "errors": errors,
        }  # fmt: skip
        return solve_batch(architecture, batch, options, arguments)
    given = DataOptions(data, csv, x, y, series, horizon, random, white, sep, decimal, center, standardize, images)
    loaded = load_data(architecture, given, seed)
    loss, description = _regularized(loaded, regularize)

    from ..results.tolerances import Tolerances
    from ..solving.solve import SolveInterrupted, critical_points

    tolerances = Tolerances(real_tolerance, singular_tolerance)
    interrupted = False
    files = Files(json_path, columns)
    if not quiet:
        _tell_estimate(architecture, max_count, engine, jobs)
    with ExitStack() as stack:
        try:
            result = critical_points(
                architecture,
                loss,
                seed=seed,
                engine=engine,
                jobs=jobs,
                max_count=max_count,
                progress=progress_bars(stack, quiet),
                isolated=isolated,
                time_limit=time_limit,
                data=description,
                tolerances=tolerances,
                scheduler=scheduler,
            )
        except SolveInterrupted as interruption:
            result, interrupted = interruption.partial, True
    comparison = None
    if cross_check is not None and not interrupted:
        from ..interchange.cross_checks import cross_check as compare

        try:
            comparison = compare(
                result, seed=seed, max_parameters=cross_check_max, timeout=cross_check_time, program=cross_check
            )
        except KeyboardInterrupt:
            report_result(result, description, files, quiet, interrupted)
            complain("interrupted: the comparison is left out")
            return INTERRUPTED
    if prove and not interrupted:
        from ..certification.certificates import certificate

        try:
            proofs = certificate(result, samples=None if regularize is not None else loaded.arrays, jobs=jobs)
        except KeyboardInterrupt:
            report_result(result, description, files, quiet, interrupted)
            complain("interrupted: the result is complete as it stands, and the proofs are left out")
            return INTERRUPTED
        code = report_result(proofs.result, description, files, quiet, interrupted, comparison)
        if not quiet and json_path != "-":
            print_text(in_options(f"{proofs}\n", other_names("solve")))
        return code if proofs.complete else NOT_COMPLETE
    return report_result(result, description, files, quiet, interrupted, comparison)


def _batch(architecture: Architecture, path: str | None) -> LoadedBatch | None:
    """The data sets of a file of ``--data``, if there are several in it."""
    if path is None:
        return None
    from ..losses import sources

    with options_named({**OF_DATA, "path": "--data"}):
        return sources.batch_from_file(path, architecture)


def _check_files(architecture: Architecture, json_path: str | None, columns: str | None, max_count: int) -> None:
    """Raise InputError, before the solve, for files of the result that cannot be written or help nobody."""
    if columns is not None:
        from ..results.columns_file import check_columns_path

        with messages_final("--columns"):
            check_columns_path(columns)
        check_output(columns, "--columns")
    if json_path is None:
        return
    from ..networks.counts import fewest_filters, generic_count

    if fewest_filters(architecture) > max_count:
        return  # the solve refuses
    number = generic_count(architecture).filters
    if LARGEST_JSON < number <= max_count:
        raise InputError(
            f"--json: {number:,} points, which take a file of some {number * BYTES_IN_JSON / 1e9:.1f} GB that few "
            f"programs read; expected at most {LARGEST_JSON:,}, or --columns FILE.parquet or FILE.npz"
        )


def _tell_estimate(architecture: Architecture, max_count: int, engine: str, jobs: int) -> None:
    """Say on standard error how many paths a large solve follows, how long it takes, and how much memory."""
    from ..networks.counts import fewest_filters, generic_count
    from ..solving.tolerances import SOLVING

    most = min(max_count, SOLVING.most_points)
    if fewest_filters(architecture) > most or not LEAST_ESTIMATED <= generic_count(architecture).filters <= most:
        return  # the solve refuses, or takes no time

    from ..solving.estimates import estimate

    expected = estimate(architecture, engine=engine, jobs=jobs)
    if expected.seconds >= LONGEST_UNTOLD:
        complain(f"{expected.describe()}, as estimated from a few paths")


def _regularized(loaded: LoadedData, eps: float | None) -> tuple[SquaredLoss, str]:
    """The loss and the description of the data, both with ``--regularize``."""
    if eps is None:
        return loaded.loss, loaded.description
    return loaded.loss.regularized(eps), f"{loaded.description}; {eps:g}·I added to the Gram matrix"


def _check_witness(architecture: Architecture, name: str, limit: int | None) -> None:
    """Raise InputError if the comparison cannot be made, before the solve that comes first."""
    from ..interchange.cross_checks import check_feasible

    check_feasible(architecture, limit, name)


def report_result(
    result: CriticalPoints,
    description: str,
    files: Files,
    quiet: bool,
    interrupted: bool,
    comparison: CrossCheck | None = None,
) -> int:
    unwritten, json_path = None, files.json
    if files.columns is not None:
        try:
            with messages_final("--columns"):
                result.to_columns(files.columns)
        except InputError as error:
            unwritten = error
    if json_path is not None:
        from ..results.json_file import to_text

        try:
            write(json_path, to_text(result, {"cross_check": comparison.to_dict()} if comparison else None))
        except InputError as error:
            unwritten = error  # the table is printed all the same: the result of the solve is not lost
    if not quiet and json_path != "-":
        show_result(result, description)
        if comparison is not None:
            print_text(f"{comparison}\n")
    if unwritten is not None:
        raise unwritten
    if interrupted:
        complain(
            f"interrupted: only the finished strata are reported{_where(files)}; the same command goes on from "
            "where it stopped"
        )
    elif not result.complete and not quiet:
        complain(f"completeness could not be established{f': {result.stopped}' if result.stopped else ''}")
    if comparison is not None and not comparison.agrees:
        solutions = "nonsingular" if comparison.overlooked else "real"
        complain(f"{comparison.program} has {solutions} solutions that are not in the result")
        return NOT_COMPLETE
    return INTERRUPTED if interrupted else DONE if result.complete else NOT_COMPLETE


def _where(files: Files) -> str:
    kept = [path for path in files if path not in (None, "-")]
    return f", and kept in {' and '.join(map(str, kept))}" if kept else ""
