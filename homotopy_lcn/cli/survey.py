"""The command ``survey``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from ..errors import InputError
from .common import (
    DONE,
    INTERRUPTED,
    NOT_COMPLETE,
    architectures_of,
    check_output,
    complain,
    output_width,
    print_text,
    progress_bars,
    write,
)
from .declarations import Option
from .option_names import network_named, options_named
from .solve import Files, report_result

if TYPE_CHECKING:
    from ..networks.architecture import Architecture
    from ..results.result import CriticalPoints
    from ..surveys.statistics import Survey

__all__ = ["survey"]

#: Draws of a survey at most: days of work, and some megabytes for the list of parts.
MOST_DRAWS = 1_000_000_000
STYLES = ("text", "csv", "json", "markdown", "latex")


def survey(
    filters: Annotated[
        list[str] | None,
        Option("-k", "--filters", metavar="K1,K2,…", help="Filter sizes; once for each network."),
    ] = None,
    strides: Annotated[
        list[str] | None,
        Option("-s", "--strides", metavar="S1,S2,…", help="Strides; as many times as -k."),
    ] = None,
    supports: Annotated[
        list[str] | None,
        Option(
            "--supports",
            metavar="A1;A2;…",
            help="The supports of a network, as in '0,1,3;0,1'; once for each, after those of -k. Strides are 1 if "
            "none are given for them.",
            show_default=False,
        ),
    ] = None,
    architectures: Annotated[
        str | None,
        Option(metavar="FILE", help="Networks from a text file, a line each, as in 3,2 2,1.", show_default=False),
    ] = None,
    draws: Annotated[int, Option(min=1, max=MOST_DRAWS, metavar="N", help="Data sets for each network.")] = 1000,
    model: Annotated[
        str,
        Option(
            "--data-model",
            metavar="MODEL",
            help="gaussian[:N], white, ar1:RHO[:N], teacher:SIGMA[:N] or FILE.npz[:N] (bootstrap of X, Y); "
            "N samples, 4K if not given.",
        ),
    ] = "gaussian",
    center: Annotated[bool, Option("--center", help="Centre the columns of the file of --data-model.")] = False,
    standardize: Annotated[
        bool, Option("--standardize", help="Like --center, and divide by standard deviations.")
    ] = False,
    draw: Annotated[
        int | None,
        Option(min=0, metavar="D", help="Solve draw D alone, and report it as solve does.", show_default=False),
    ] = None,
    walls: Annotated[
        bool, Option("--walls", help="Count the walls between draws 2 D and 2 D + 1 instead, see the command walls.")
    ] = False,
    seed: Annotated[int, Option(min=0, metavar="N", help="Draw D comes from N and D alone.")] = 0,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of processes; with --draw, of threads.")] = 1,
    output: Annotated[
        str | None,
        Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Keep the draws there, as Parquet files with checksums. A run that was killed goes on there.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        Option(
            metavar="ADDRESS",
            help="Use the Dask cluster at tcp://HOST:PORT; answers may take 20 s.",
            show_default=False,
        ),
    ] = None,
    chunk: Annotated[
        int | None,
        Option(min=1, metavar="N", help="Draws computed at a time; changes no result.", show_default=False),
    ] = None,
    style: Annotated[
        str, Option("--format", metavar="NAME", help="What is printed: text, csv, json, markdown or latex.")
    ] = "text",
    plot: Annotated[
        str | None,
        Option(metavar="FILE", help="Histograms, as .pdf, .png or .svg.", show_default=False),
    ] = None,
    json_path: Annotated[
        str | None,
        Option("--json", metavar="PATH", help="Write the statistics as JSON; - is standard output, and nothing else."),
    ] = None,
    engine: Annotated[str, Option(metavar="NAME", help="Path tracker.")] = "auto",
    quiet: Annotated[bool, Option("-q", "--quiet", help="Print nothing but errors.")] = False,
) -> int:
    """Statistics of the critical points over many random data sets.

    Exit codes: 0 all draws complete, 2 unusable input, 3 some draws incomplete (they are counted as such).
    """
    if style not in STYLES:
        raise InputError(f"--format: {style!r}; expected one of {', '.join(STYLES)}")
    networks = _networks(filters, strides, supports, architectures)
    model = _prepared(model, center, standardize)
    check_output(json_path)
    if walls:
        from .survey_of_walls import count_walls

        other = {"--draw": draw, "-o/--output": output, "--scheduler": scheduler, "--chunk": chunk, "--plot": plot}
        given = next((option for option, value in other.items() if value is not None), None)
        if given is None and style not in ("text", "json"):
            given = f"--format {style}"
        if given is not None:
            raise InputError(f"{given}: given with --walls; expected one of them")
        return count_walls(networks, (draws, model, seed, jobs), style, json_path, quiet)
    if draw is not None:
        result, description, interrupted = _one_draw(networks, model, seed, draw, jobs, engine)
        return report_result(result, description, Files(json_path), quiet, interrupted)
    if plot is not None:
        from ..pictures.histograms import check_plot_path

        check_plot_path(plot)

    from ..errors import IncompleteStartSystem
    from ..surveys.surveys import survey as run

    given_by = network_named({"filters": filters, "supports": supports, "architectures": architectures})
    given_by["architectures"] = given_by.get("filters, strides", "-k/--filters, -s/--strides")
    with options_named(given_by), ExitStack() as stack:
        try:
            found = run(
                networks,
                draws,
                model,
                seed=seed,
                jobs=jobs,
                output=output,
                scheduler=scheduler,
                engine=engine,
                chunk=chunk,
                keep=False,
                progress=progress_bars(stack, quiet),
            )
        except IncompleteStartSystem as error:
            complain(f"no statistics: {error}")
            return NOT_COMPLETE
        except KeyboardInterrupt:
            if output is None:
                raise
            complain(f"interrupted; the draws so far are in {output}, and the same command goes on")
            return INTERRUPTED
    return _report(found, style, json_path, plot, quiet)


def _prepared(model: str, center: bool, standardize: bool) -> str:
    """The text of the model of a file whose columns are to be centred or standardized."""
    if not center and not standardize:
        return model
    if model.split(":")[0] in ("gaussian", "white", "ar1", "teacher"):
        option = "--standardize" if standardize else "--center"
        raise InputError(f"{option}: given with --data-model {model}; expected FILE.npz, whose columns have means")
    return f"{'standardized' if standardize else 'centered'}:{model}"


def _report(found: Survey, style: str, json_path: str | None, plot: str | None, quiet: bool) -> int:
    from ..display.surveys import format_survey

    # The table is printed before any file is written: if a file cannot be written, the statistics are not lost.
    if not quiet and json_path != "-":
        print_text(format_survey(found, style, output_width()))
    if json_path is not None:
        write(json_path, format_survey(found, "json"))
    if plot is not None:
        found.plot(plot)
    if found.incomplete and not quiet:
        complain(f"{found.incomplete} draws are incomplete; they are counted with what was found")
    return NOT_COMPLETE if found.incomplete else DONE


def _networks(
    filters: list[str] | None, strides: list[str] | None, supports: list[str] | None, path: str | None
) -> list[Architecture]:
    if path is not None:
        if filters or strides or supports:
            raise InputError("--architectures: given with -k or -s; expected one or the other")
        from ..networks.architecture_lists import read_architectures

        with options_named({"path": "--architectures"}):
            return read_architectures(path)
    return architectures_of(filters, strides, supports)


def _one_draw(
    networks: list[Architecture], model: str, seed: int, draw: int, jobs: int, engine: str
) -> tuple[CriticalPoints, str, bool]:
    """The critical points of one draw, a description of its data, and whether the solve was interrupted."""
    from ..losses.data_models import data_model
    from ..solving.solve import SolveInterrupted
    from ..surveys.surveys import solve_draw

    if len(networks) > 1:
        raise InputError(f"--draw: {len(networks)} networks given; expected one")
    chosen = data_model(model)
    description = f"draw {draw} of seed {seed}: {chosen.description}"
    try:
        options = {"jobs": jobs, "engine": engine, "data": description}
        return solve_draw(networks[0], chosen, seed, draw, **options), description, False
    except SolveInterrupted as interruption:
        return interruption.partial, description, True
