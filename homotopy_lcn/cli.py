"""The command line: it parses, calls one library function, and prints. It holds no mathematics.

Heavy modules are imported where they are used, so that ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from . import cli_descend, cli_export, cli_paper, cli_plot, cli_survey, cli_tables
from .cli_common import (
    DONE,
    INTERNAL_ERROR,
    NOT_COMPLETE,
    PROGRAM,
    UNUSABLE_INPUT,
    Filters,
    Json,
    Quiet,
    Strides,
)
from .cli_common import architecture_of as _architecture
from .cli_common import check_output as _check_output
from .cli_common import complain as _complain
from .cli_common import print_text as _print
from .cli_common import progress_bars as _progress
from .cli_common import show as _show
from .cli_common import write as _write
from .cli_data import (
    CsvFile,
    DataFile,
    Horizon,
    InputColumns,
    OutputColumns,
    RandomData,
    Series,
    WhiteData,
)
from .cli_data import load_data as _load
from .cli_report import report
from .errors import InputError

if TYPE_CHECKING:
    from .architecture import Architecture
    from .counts import CountTable
    from .inputs import LoadedData
    from .loss import SquaredLoss
    from .results import CriticalPoints
    from .witness import CrossCheck

__all__ = ["main"]

TRACEBACK_VARIABLE = "HOMOTOPY_LCN_TRACEBACK"
CTRL_C = 130  # what typer makes of a KeyboardInterrupt; older versions raise Abort

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default, those that the program was started with.

    Returns
    -------
    int
        Exit code: 0 = done and complete, 1 = internal error, 2 = unusable input, 3 = not proved complete.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    usage_error = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's or a notebook's stream
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments), prog_name=PROGRAM, standalone_mode=False
        )
        if code == CTRL_C:
            raise KeyboardInterrupt
        return code if isinstance(code, int) else DONE
    except InputError as error:
        _complain(str(error))
        return UNUSABLE_INPUT
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted before there was a result to report")
        return NOT_COMPLETE
    except Exception as error:
        if isinstance(error, usage_error):
            _complain(_usage_message(error))
            return UNUSABLE_INPUT
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        _complain(
            f"internal error: {type(error).__name__}: {error}; please report this with the traceback that "
            f"{TRACEBACK_VARIABLE}=1 in the environment shows"
        )
        return INTERNAL_ERROR


def _print_version(wanted: bool) -> None:
    if wanted:
        from .diagnosis import version_line

        print(version_line())
        raise typer.Exit()


paper = typer.Typer(cls=cli_paper.PaperGroup, help=cli_paper.HELP)
paper.command("all")(cli_paper.everything)
app.add_typer(paper, name="paper")
app.add_typer(cli_plot.plot, name="plot")


@app.callback()
def _homotopy_lcn(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """All critical points of training linear convolutional networks.

    A network is given by its filter sizes and strides: -k 3,2 -s 2,1 has two layers.
    Exit codes: 0 done and complete, 2 unusable input, 3 done but not proved complete, 1 internal error.
    """


@app.command()
def solve(
    filters: Filters = None,
    strides: Strides = None,
    data: DataFile = None,
    csv: CsvFile = None,
    x: InputColumns = None,
    y: OutputColumns = None,
    series: Series = None,
    horizon: Horizon = None,
    random: RandomData = False,
    white: WhiteData = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Number of processes.")] = 1,
    max_count: Annotated[
        int, typer.Option(min=1, metavar="N", help="Refuse networks with more critical filters than this.")
    ] = 20000,
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="Path tracker: auto, native, reference or phcpack.")
    ] = "auto",
    prove: Annotated[
        bool, typer.Option("--certify", help="Prove every point, and that there are no others; see certify.")
    ] = False,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="With few samples: only the isolated critical filters.")
    ] = False,
    regularize: Annotated[
        float | None,
        typer.Option(metavar="EPS", help="Add EPS times I to the Gram matrix (ridge regression).", show_default=False),
    ] = None,
    cross_check: Annotated[
        str | None,
        typer.Option(
            metavar="phcpack",
            help="Also solve from nothing with PHCpack, and compare every filter.",
            show_default=False,
        ),
    ] = None,
    cross_check_max: Annotated[
        int, typer.Option(min=1, metavar="N", help="Refuse to --cross-check networks with more critical parameters.")
    ] = 300,
) -> int:
    """Find every critical point of the squared loss and classify it.

    Give the data by exactly one of --data, --csv, --series, --random, --white.
    """
    architecture = _architecture(filters, strides)
    _check_output(json_path)
    if cross_check is not None:
        _check_witness(architecture, cross_check, cross_check_max)
    loaded = _load(architecture, data, csv, x, y, series, horizon, random, white, seed)
    loss, description = _regularized(loaded, regularize)

    from .solve import SolveInterrupted, critical_points

    interrupted = False
    with ExitStack() as stack:
        try:
            result = critical_points(
                architecture,
                loss,
                seed=seed,
                engine=engine,
                jobs=jobs,
                max_count=max_count,
                progress=_progress(stack, quiet),
                isolated=isolated,
            )
        except SolveInterrupted as interruption:
            result, interrupted = interruption.partial, True
    comparison = None
    if cross_check is not None and not interrupted:
        from .witness import cross_check as compare

        try:
            comparison = compare(result, seed=seed, max_parameters=cross_check_max)
        except KeyboardInterrupt:
            _report_result(result, description, json_path, quiet, interrupted)
            _complain("interrupted: the comparison with PHCpack is left out")
            return NOT_COMPLETE
    if prove and not interrupted:
        from .certification import certificate

        proofs = certificate(result, samples=None if regularize is not None else loaded.arrays, jobs=jobs)
        code = _report_result(proofs.result, description, json_path, quiet, interrupted, comparison)
        if not quiet and json_path != "-":
            _print(f"{proofs}\n")
        return code if proofs.complete else NOT_COMPLETE
    return _report_result(result, description, json_path, quiet, interrupted, comparison)


@app.command()
def count(
    filters: Filters = None,
    strides: Strides = None,
    white: Annotated[
        bool, typer.Option("--white", help="For Gram matrix I and generic targets, measured; default: exact, generic.")
    ] = False,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Count the critical points for generic data exactly, by stratum.

    With --white, for white data, by computation.
    """
    architecture = _architecture(filters, strides)
    _check_output(json_path)

    from .counts import generic_count
    from .errors import IncompleteStartSystem

    try:
        table = generic_count(architecture, metric="white" if white else "generic")
    except IncompleteStartSystem as error:
        _complain(f"the count could not be established: {error}")
        return NOT_COMPLETE
    if json_path is not None:
        _write(json_path, _counts_json(table))
    if not quiet and json_path != "-":
        from .display import render_counts

        _show(render_counts(table))
    return DONE


@app.command()
def geometry(
    filters: Filters = None,
    strides: Strides = None,
    filter_: Annotated[
        str | None,
        typer.Option(
            "--filter",
            metavar="w_0,w_1,…",
            help="Also the facts of this filter; integers and fractions are taken exactly, as in 1,0,-3/2,0,1.",
            show_default=False,
        ),
    ] = None,
    parameters: Annotated[
        str | None,
        typer.Option(
            metavar="θ_1;θ_2;…",
            help="Also whether these filters of the layers are critical for μ, and why, as in '1,0,-4;1,-4'.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, metavar="X", help="Relative accuracy of a --filter that is not exact.")
    ] = 1e-10,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Describe the function space of a network, or where a filter is.

    Dimension, equations, singularities and boundary.
    A --filter that starts with a minus sign is given as --filter=-1,2.
    """
    architecture = _architecture(filters, strides)
    _check_output(json_path)

    from .fibres import describe_filter, distance_to_function_space
    from .function_space import describe_function_space
    from .inputs import filter_from_text, parameters_from_text
    from .vanishing_forms import known_inequalities, vanishing_forms

    facts = distance = equations = differential = None
    if parameters is not None:
        from .criticality import criticality

        differential = criticality(architecture, parameters_from_text(parameters, architecture))
    if filter_ is not None:
        entries = filter_from_text(filter_, architecture)
        facts = describe_filter(architecture, entries, tolerance)
        if facts.real and not facts.in_function_space:
            import numpy as np

            distance, _ = distance_to_function_space(architecture, entries, np.random.default_rng(seed))
    space = describe_function_space(architecture)
    with suppress(InputError):  # too many monomials
        equations = vanishing_forms(architecture)
    inequalities = known_inequalities(architecture)

    from .geometry_display import geometry_document, render_filter, render_function_space, render_parameters

    if json_path is not None:
        document = geometry_document(space, equations, inequalities, facts, distance, differential)
        _write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        _show(render_function_space(space, equations, inequalities))
        if facts is not None:
            _show(render_filter(facts, distance, space.closed))
        if differential is not None:
            _show(render_parameters(differential))
    return DONE


@paper.command()
def figure1(
    output: Annotated[str, typer.Option("-o", "--output", metavar="FOLDER", help="Where the files go.")] = ".",
    resolution: Annotated[
        int, typer.Option(min=4, max=400, metavar="N", help="Points along each parameter of the surfaces.")
    ] = 60,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npz",
            help="Also show the critical filters of -k 2,2,2 -s 1,2,1 for these data that meet the slice.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Draw Figure 1 as PNG, PDF and HTML.

    It shows function spaces in the slice A = 1, C = −1.
    """
    from .figures import FIGURE_1, draw_figure1

    points = []
    if data is not None:
        from .inputs import from_npz
        from .solve import critical_points

        found = critical_points(FIGURE_1[1], from_npz(data, FIGURE_1[1]).loss)
        points = [point.filter.real for point in found.real if point.attained]
    written = draw_figure1(output, resolution, points)
    if not quiet:
        _print("".join(f"{path}\n" for path in written))
    return DONE


@app.command()
def certify(
    file: Annotated[str, typer.Argument(metavar="FILE.json", help="A result of solve; with --check, a certificate.")],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="CERT.json", help="Write the certificate there.", show_default=False),
    ] = None,
    digits: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, metavar="N", help="Print the filters to N digits, all proved.", show_default=False
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npz",
            help="Arrays X and Y of the result: prove it for their exact Gram matrix.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Verify a certificate, from its data and boxes alone.")
    ] = False,
    json_path: Json = None,
    quiet: Quiet = False,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Number of processes.")] = 1,
) -> int:
    """Prove every point of a result, and that there are no others.

    With --check, verify such a certificate. Exit codes: 0 everything is proved, 2 unusable input, 3 something is not.
    """
    if check:
        for option, given in (("-o", output), ("--digits", digits), ("--data", data), ("--json", json_path)):
            if given is not None:
                raise InputError(f"{option}: given with --check; expected --check alone, which only verifies")
        return _check_certificate(file, quiet, jobs)
    for option, path in (("-o", output), ("--json", json_path)):
        _check_output(path, option)

    from .results import CriticalPoints

    result = CriticalPoints.from_json(file)
    samples = None
    if data is not None:
        from .inputs import samples_from_npz

        samples = samples_from_npz(data)

    from .certification import certificate

    proofs = certificate(result, digits=digits, samples=samples, jobs=jobs)
    if output is not None:
        from .certificate_file import to_text

        _write(output, to_text(proofs), "-o")
    if json_path is not None:
        _write(json_path, proofs.result.to_json() or "")
    if not quiet and "-" not in (output, json_path):
        _print(f"{proofs}\n")
        for row, point in enumerate(proofs.result):
            if digits is not None and point.certified:
                numbers = proofs.decimals(row, digits)
                values = "\n".join(f"  {re}" if point.real else f"  {re}  {im} i" for re, im in numbers)
                _print(f"filter of point {row}:\n{values}\n")
    return DONE if proofs.complete else NOT_COMPLETE


app.command()(report)
app.command()(cli_export.export)


@app.command()
def doctor(
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the random data of the self-test.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Check the installation, and run a self-test of a second.

    What is looked at: kernel, cache, optional packages and programs.
    Exit code 0 if all that is there works, 3 otherwise.
    """
    from dataclasses import asdict

    from .diagnosis import examine

    _check_output(json_path)
    findings = list(examine(seed))
    sound = all(finding.state != "broken" for finding in findings)
    if json_path is not None:
        _write(json_path, json.dumps({"sound": sound, "findings": [asdict(f) for f in findings]}, indent=1) + "\n")
    if not quiet and json_path != "-":
        from .display import render_findings

        _show(render_findings(findings))
    return DONE if sound else NOT_COMPLETE


cli_descend.register(app)
cli_tables.register(app)
cli_survey.register(app)


def _check_certificate(path: str, quiet: bool, jobs: int) -> int:
    from .certificate_file import check as verify
    from .statements import describe_statement

    outcome = verify(path, jobs=jobs)
    for failure in outcome.failures:
        _complain(f"{path}: {failure}")
    if outcome.statement is None:
        return NOT_COMPLETE
    if not quiet:
        lines = [f"{outcome.points} points verified", *describe_statement(outcome.statement)]
        if outcome.least_loss is not None:
            lines.append(f"global minimum: {outcome.least_loss}")
        _print("\n".join(lines) + "\n")
    return DONE if outcome.statement.complete else NOT_COMPLETE


def _regularized(loaded: LoadedData, eps: float | None) -> tuple[SquaredLoss, str]:
    """The loss and the description of the data, both with ``--regularize``."""
    if eps is None:
        return loaded.loss, loaded.description
    try:
        return loaded.loss.regularized(eps), f"{loaded.description}; {eps:g}·I added to the Gram matrix"
    except InputError as error:
        raise InputError(f"--regularize: {error}") from error


def _check_witness(architecture: Architecture, name: str, limit: int) -> None:
    """Whether the comparison can be made: before the work is done that it would come after."""
    if name != "phcpack":
        raise InputError(f"--cross-check: {name!r} is not known; expected phcpack")

    from .witness import check_feasible

    try:
        check_feasible(architecture, limit)
    except InputError as error:
        raise InputError(f"--cross-check: {str(error).removeprefix('cross_check: ')}") from None


def _report_result(
    result: CriticalPoints,
    description: str,
    json_path: str | None,
    quiet: bool,
    interrupted: bool,
    comparison: CrossCheck | None = None,
) -> int:
    from .results_file import to_text

    unwritten = None
    if json_path is not None:
        try:
            _write(json_path, to_text(result, {"cross_check": comparison.to_dict()} if comparison else None))
        except InputError as error:
            unwritten = error  # the table below is then all that the user gets for the time spent
    if not quiet and json_path != "-":
        from .display import render_result

        _show(render_result(result, description))
        if comparison is not None:
            _print(f"{comparison}\n")
    if unwritten is not None:
        raise unwritten
    if interrupted:
        _complain("interrupted: only the finished strata are reported")
    elif not result.complete and not quiet:
        _complain("completeness could not be established")
    if comparison is not None and not comparison.agrees:
        _complain(f"{comparison.program} has nonsingular solutions that are not in the result")
        return NOT_COMPLETE
    return DONE if result.complete else NOT_COMPLETE


def _counts_json(table: CountTable) -> str:
    architecture = table.architecture
    document = {
        "format": "homotopy-lcn/counts",
        "version": 1,
        "architecture": {
            "filters": architecture.filters,
            "strides": architecture.strides,
            "filter_size": architecture.filter_size,
        },
        "metric": table.metric,
        "strata": [
            {"pattern": row.pattern, "pure": row.pure, "count": row.count, "factorizations": row.factorizations}
            | ({} if row.generic is None else {"generic": row.generic})
            for row in table
        ],
        "pure": table.pure,
        "spurious": table.spurious,
        "filters": table.filters,
        "parameters": table.parameters,
    }
    return json.dumps(document) + "\n"


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _complain(f"warning: {message}")


def _usage_message(error: Exception) -> str:
    message = error.format_message().rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    return f"{message}; expected as in '{command} --help'"
