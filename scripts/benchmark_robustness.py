"""Robustness on ordinary and on special data: how many solves account for all paths, and how.

    python scripts/benchmark_robustness.py [--architectures 40] [--draws 250] [--kinds white,integer] [--markdown]

Every architecture is solved for ``--draws`` data sets of each kind of `data_kinds` and `degenerate_data`;
``--kinds white:10`` sets the number for one kind.

Counted are complete solves, solves in which a path was tracked a second time with shorter steps (retracked), solves
that took extended precision, solves that tried another random detour, solves in which paths end at infinity, at w = 0
or at singular points, incomplete solves, and solves that contradict one of these checks: non-real points come in
conjugate pairs; white data with filters that do not overlap have as many nonsingular points as there are singular
vector tuples (Friedland and Ottaviani 2014); data with a perfect fit have a critical point with it; the gradient in the
original parameters vanishes; and, in every fifth draw, the data read backwards give, along other paths, the same counts
and the filters read backwards. Each solve can be repeated from its architecture, kind and draw:

    python scripts/benchmark_robustness.py --repeat "(3,2),(2,1)" white 17

Data of the kinds of `degenerate_data` have continua of critical points, of which these checks say little. There each
answer is held against the rules of `independent_rules`, which share no code with the package, and is *right* (complete,
and no rule contradicts it), *incomplete* (it says so, it leaves open whether a continuum is real, or the data are
refused) or *wrong*. The medians of the times are compared with the medians for Gaussian data on the same architecture,
as no kind is to take more than three times as long. Gaussian data are solved by the same code as degenerate ones here,
without the compiled pass for points about which nothing is in doubt.

With ``--phcpack DRAWS`` the first DRAWS draws of each kind are also solved from nothing by PHCpack's blackbox, in
parameter space, on the architectures with at most 60 critical parameters. The table then says how many solves
were compared, how many filters of PHCpack's are missing here (each makes a contradiction), and how many of the filters
compared PHCpack missed.

A long run is done in pieces of a few draws of every architecture and kind. With ``--keep FILE`` each finished piece is
written to the file, and a run that was stopped goes on from there; ``--finished`` prints the table of what there is.
Files of several runs may be put together with ``cat``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from benchmark_common import SCRIPTS, architecture_name, facts, machine, table, with_section
from data_kinds import KINDS, loss_of
from degenerate_data import DEGENERATE
from independent_rules import Answer, judge, read_backwards, singular_vector_tuples
from plain_loss import PlainLoss

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points, generic_count
from homotopy_lcn.equations.distinct import find
from homotopy_lcn.errors import InputError
from homotopy_lcn.interchange.cross_checks import cross_check
from homotopy_lcn.solving import plain_data

DOCUMENT = SCRIPTS.parent / "docs" / "reliability.md"
#: Stride one; filters that do not overlap; overlapping ones; mixed strides; filters of size one.
ARCHITECTURES = (
    ((2, 2), (1, 1)),
    ((3, 2), (1, 1)),
    ((4, 2), (1, 1)),
    ((3, 3), (1, 1)),
    ((4, 3), (1, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((3, 2, 2), (1, 1, 1)),
    ((2, 2, 2, 2), (1, 1, 1, 1)),
    ((2, 2), (2, 1)),
    ((2, 3), (2, 1)),
    ((2, 4), (2, 1)),
    ((2, 6), (3, 1)),
    ((4, 2), (4, 1)),
    ((3, 2), (7, 1)),
    ((3, 3), (3, 1)),
    ((4, 3), (4, 1)),
    ((2, 2, 2), (2, 2, 1)),
    ((2, 2, 2), (5, 2, 1)),
    ((3, 2, 2), (3, 2, 1)),
    ((3, 2), (2, 1)),
    ((4, 2), (2, 1)),
    ((4, 2), (3, 1)),
    ((5, 2), (2, 1)),
    ((5, 2), (3, 1)),
    ((6, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((3, 4), (2, 1)),
    ((4, 3), (2, 1)),
    ((3, 2, 2), (2, 2, 1)),
    ((2, 3, 2), (2, 2, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((2, 2, 2), (2, 1, 1)),
    ((3, 2, 2), (1, 2, 1)),
    ((3, 2, 2), (2, 1, 1)),
    ((2, 3, 2), (1, 2, 1)),
    ((2, 2, 3), (1, 3, 1)),
    ((2, 2, 2, 2), (1, 1, 2, 1)),
    ((2, 2, 2, 2), (1, 2, 1, 1)),
    ((1, 3, 2), (5, 2, 1)),
    ((2, 1, 2, 1, 2), (1, 2, 1, 2, 1)),
)
#: Largest relative gradient at balanced parameters, at nonsingular points and at singular ones.
RESIDUALS = (1e-10, 1e-7)
#: Loss of a perfect fit, relative to the constant.
PERFECT = 1e-12
#: Conjugates, and filters of two solves, are equal within this.
EQUAL = 1e-8
#: What rounding may change in a filter, relative to the condition number of the Gram matrix.
ROUNDING = 1e-19
#: The same as EQUAL at singular points.
EQUAL_IF_SINGULAR = 1e-5
#: PHCpack's blackbox is asked for architectures with at most so many critical parameters for generic data, for so many
#: seconds a patch.
PHCPACK_PARAMETERS, PHCPACK_SECONDS = 60, 300.0
#: Draws that are done and kept together.
PIECE = 25
#: Of so many draws one is solved again backwards; odd, so that special targets on M are among them.
AGAIN = 5


# Solves and checks


@dataclass
class Tally:
    """What became of the solves of one kind of data."""

    kind: str
    solves: int = 0
    complete: int = 0
    retracked: int = 0
    extended: int = 0
    detours: int = 0
    endgame: int = 0
    singular: int = 0
    contradicting: int = 0
    residual: float = 0.0
    seconds: float = 0.0
    slowest: float = 0.0
    compared: int = 0
    compared_filters: int = 0
    foreign: int = 0
    missed: int = 0
    remarks: list[str] = field(default_factory=list)
    software: list[str] = field(default_factory=list)
    right: int = 0
    refused: int = 0
    continua: int = 0
    real_continua: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        for name in (
            "solves", "complete", "retracked", "extended", "detours", "endgame", "singular", "contradicting", "seconds",
            "compared", "compared_filters", "foreign", "missed", "right", "refused", "continua", "real_continua",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.residual = max(self.residual, other.residual)
        self.slowest = max(self.slowest, other.slowest)
        self.remarks += other.remarks
        self.software = sorted({*self.software, *other.software})
        for architecture, times in other.times.items():
            self.times[architecture] = self.times.get(architecture, []) + times

    def medians(self) -> dict[str, float]:
        """The median time of a solve for each architecture, in seconds."""
        return {architecture: statistics.median(times) for architecture, times in self.times.items()}


def contradictions(arch: Architecture, kind: str, loss: SquaredLoss, result: CriticalPoints) -> Iterator[str]:
    """What is wrong with a complete result."""
    isolated = [point for point in result if point.isolated]
    for nonsingular, tolerance in ((True, EQUAL), (False, EQUAL_IF_SINGULAR)):
        complex_ = [point.filter for point in isolated if not point.real and point.nonsingular == nonsingular]
        if complex_ and (find(np.array(complex_), np.conj(complex_), tolerance) < 0).any():
            yield "a point without its conjugate"
    for point in result:
        if point.residual is not None and point.residual > RESIDUALS[not point.nonsingular]:
            yield f"residual {point.residual:.1e}"
    if kind == "white" and not overlapping(arch):
        expected = singular_vector_tuples(arch.filters)
        if result.counts.found != expected:
            yield f"{result.counts.found} singular vector tuples instead of {expected}"
    if kind == "on M" and not any(abs(point.loss) <= PERFECT * loss.constant for point in result.real):
        yield "no perfect fit"


def backwards(loss: SquaredLoss) -> SquaredLoss:
    """The loss of which the critical filters are those of ``loss`` read backwards."""
    return SquaredLoss(loss.gram[::-1, ::-1], loss.b[::-1], loss.constant)


def differences(one: CriticalPoints, other: CriticalPoints) -> Iterator[str]:
    """How the results for a loss and for the same one `backwards` differ."""
    for row, twin in zip(one.strata, other.strata, strict=True):
        ends, others = (
            {"found": r.found, "at infinity": r.at_infinity, "singular": r.singular, "origin": r.origin}
            for r in (row, twin)
        )
        if ends != others:
            yield f"backwards: {ends} and {others} on {row.pattern}"
    for nonsingular, tolerance in ((True, EQUAL), (False, EQUAL_IF_SINGULAR)):
        filters = [
            np.array([p.filter[::step] for p in result if p.isolated and p.nonsingular == nonsingular])
            for result, step in ((one, 1), (other, -1))
        ]
        if len(filters[0]) != len(filters[1]):
            yield f"backwards: {len(filters[0])} and {len(filters[1])} points (nonsingular: {nonsingular})"
        elif len(filters[0]) and (find(*filters, max(tolerance, ROUNDING * np.linalg.cond(one.loss.gram))) < 0).any():
            yield f"backwards: other points (nonsingular: {nonsingular})"


def overlapping(arch: Architecture) -> bool:
    """Whether M is not just the rank-one tensors."""
    return any((k - 1) >= s for k, s in zip(arch.filters[:-1], arch.strides[:-1], strict=True) if k > 1)


def solved(arch: Architecture, loss: SquaredLoss, seed: int, compiled: bool = True) -> CriticalPoints:
    """The critical points; ill-conditioned Gram matrices are meant to be at the limit of full rank.

    Without ``compiled``, no compiled pass classifies points.
    """
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.filterwarnings("ignore", "loss: numerical rank", RuntimeWarning)
        if not compiled:
            stack.enter_context(patch.object(plain_data, "plain_network", lambda _: None))
        return critical_points(arch, loss, seed=seed)


def solve(
    shape: tuple[tuple[int, ...], tuple[int, ...]], kind: str, draw: int, seed: int, witness: bool = False
) -> tuple[Tally, str]:
    """Solve once and check, with ``witness`` against PHCpack too; the tally and the result in words."""
    arch, name = Architecture(*shape), architecture_name(*shape)
    loss = loss_of(arch, kind, draw, seed)
    tally, began = Tally(kind, solves=1), time.process_time()
    try:
        result = solved(arch, loss, draw, compiled=kind != "gaussian")
    except InputError as error:
        if kind not in DEGENERATE:
            raise
        tally.refused = 1
        return tally, f"refused: {error}"
    except Exception as error:  # a long run has to tell of it and to go on
        if kind not in DEGENERATE:
            raise
        tally.contradicting = 1
        tally.remarks = [f'"{name}" "{kind}" {draw}: WRONG: {type(error).__name__}: {error}']
        return tally, tally.remarks[0]
    tally.seconds = tally.slowest = time.process_time() - began
    tally.times[name] = [round(tally.seconds, 6)]
    paths = [row.statistics for row in result.strata]
    tally.retracked = int(any(s["retracked"] for s in paths))
    tally.extended = int(any(s["extended"] for s in paths))
    tally.detours = int(any(s["detours"] for s in paths))
    counts = result.counts
    tally.endgame = int(counts.at_infinity + counts.origin + counts.singular > 0)
    tally.singular = int(counts.singular > 0)
    tally.complete = int(result.complete)
    found: list[str] = list(result.gaps())
    if result.complete:
        tally.residual = max((p.residual for p in result if p.nonsingular and p.residual is not None), default=0.0)
    if kind in DEGENERATE:
        found += against_rules(arch, loss, result, draw, tally)
    elif result.complete:
        found += contradictions(arch, kind, loss, result)
        if draw % AGAIN == 0:
            found += differences(result, solved(arch, backwards(loss), draw))
        if witness and generic_count(arch).parameters <= PHCPACK_PARAMETERS:
            found += against_phcpack(result, draw, tally)
        tally.contradicting = int(bool(found))
    tally.remarks = [f'"{name}" "{kind}" {draw}: {what}' for what in dict.fromkeys(found)]
    return tally, str(result)


def against_rules(
    arch: Architecture, loss: SquaredLoss, result: CriticalPoints, draw: int, tally: Tally
) -> Iterator[str]:
    """What contradicts an answer about degenerate data; the outcome is entered into the tally."""
    plain = PlainLoss(arch.filters, arch.strides, loss.gram, loss.b, loss.constant)
    answer, verdict = Answer.of(result), judge(plain, result, np.random.default_rng([draw, 1]))
    remarks = list(verdict.remarks)
    if draw % AGAIN == 0 and answer.complete:
        other = solved(arch, backwards(loss), draw)
        remarks += read_backwards(answer, Answer.of(other), plain.scale)
    tally.right = int(verdict.outcome == "right" and not remarks)
    tally.contradicting = int(bool(remarks))
    tally.continua = len(answer.continua)
    tally.real_continua = sum(continuum.real is True for continuum in answer.continua)
    yield from (f"WRONG: {what}" for what in remarks)
    if answer.complete and answer.undecided:
        yield "undecided: whether a continuum is real, attained or minimal"


def against_phcpack(result: CriticalPoints, draw: int, tally: Tally) -> Iterator[str]:
    """Filters that PHCpack's blackbox has and the result has not; the comparison is entered into the tally."""
    check = cross_check(result, seed=draw, timeout=PHCPACK_SECONDS)
    if len(check.failures) < check.patches:
        tally.compared += 1
        tally.compared_filters += len(check.rows)
        tally.foreign += len(check.overlooked)
        tally.missed += len(check.missed)
    for solution in check.overlooked:
        yield f"PHCpack has a filter that is missing here, condition {solution.condition:.1e}"


class Task(NamedTuple):
    """Some draws of one architecture and kind, and for how many of the first draws PHCpack is asked."""

    shape: tuple[tuple[int, ...], tuple[int, ...]]
    kind: str
    first: int
    beyond: int
    seed: int
    witnessed: int = 0


def tasks_of(
    shapes: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], draws: dict[str, int], seed: int, witnessed: int
) -> list[Task]:
    """All draws in pieces: the first draws of all kinds and architectures, then the next."""
    return [
        Task(shape, kind, first, min(first + PIECE, number), seed, witnessed)
        for first in range(0, max(draws.values()), PIECE)
        for kind, number in draws.items()
        if first < number
        for shape in shapes
    ]


def solve_all(task: Task) -> Tally:
    """All draws of a task."""
    tally = Tally(task.kind)
    for draw in range(task.first, task.beyond):
        tally.add(solve(task.shape, task.kind, draw, task.seed, draw < task.witnessed)[0])
    return tally


def report(tallies: list[Tally], witness: bool = False) -> str:
    """The table, with ``witness`` also of the comparison with PHCpack."""
    total = Tally("all")
    for tally in tallies:
        total.add(tally)
    header = [
        "data", "solves", "complete", "retracked", "extended precision", "other detours", "special ends",
        "of them singular", "incomplete", "contradicting", "worst residual", "ms", "slowest, ms",
    ]  # fmt: skip
    rows = [
        [
            t.kind, t.solves, t.complete, t.retracked, t.extended, t.detours, t.endgame, t.singular,
            t.solves - t.complete, t.contradicting, f"{t.residual:.0e}", 1e3 * t.seconds / max(t.solves, 1),
            1e3 * t.slowest,
        ]
        for t in [*tallies, total]
    ]  # fmt: skip
    if witness:
        header += ["compared with PHCpack", "filters missing here", "filters PHCpack missed"]
        for row, t in zip(rows, [*tallies, total], strict=True):
            row += [t.compared, t.foreign, f"{t.missed} of {t.compared_filters}"]
    return table(header, rows)


def report_of_degenerate(tallies: list[Tally]) -> str:
    """The table of outcomes for degenerate data, and of the times of all kinds beside those of Gaussian data."""
    header = [
        "data", "solves", "right", "incomplete", "of them refused", "wrong", "continua", "of them real",
        "median ms", "times Gaussian, median", "times Gaussian, most",
    ]  # fmt: skip
    generic = next((t.medians() for t in tallies if t.kind == "gaussian"), {})
    rows: list[list[object]] = []
    for t in tallies:
        medians = t.medians()
        ratios = [medians[name] / generic[name] for name in medians if name in generic] or [np.nan]
        all_times = [seconds for times in t.times.values() for seconds in times] or [np.nan]
        times = [1e3 * statistics.median(all_times), statistics.median(ratios), max(ratios)]
        outcomes = [t.right, t.solves - t.right - t.contradicting, t.refused, t.contradicting]
        degenerate = t.kind in DEGENERATE
        rows.append([t.kind, t.solves, *(outcomes if degenerate else "–" * 4)])
        rows[-1] += [*([t.continua, t.real_continua] if degenerate else "––"), *times]
    return table(header, rows)


def kept(path: Path | None) -> dict[str, Tally]:
    """Tallies by task from a file of `--keep`; a last line cut short is left out."""
    if path is None or not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if line.endswith("}]")]
    return {task: Tally(**tally) for task, tally in map(json.loads, lines)}


def parse_shape(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read what `architecture_name` writes."""
    filters, strides = text.strip("()").split("),(")
    return tuple(map(int, filters.split(","))), tuple(map(int, strides.split(",")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architectures", type=int, default=len(ARCHITECTURES), help="that many, evenly chosen")
    parser.add_argument("--draws", type=int, default=250, help="data sets of each kind for each architecture")
    parser.add_argument(
        "--kinds", default=",".join([*KINDS, *DEGENERATE]), help="separated by commas, each with :draws if need be"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("--keep", type=Path, help="write what is finished to this file, and go on from there next time")
    parser.add_argument(
        "--finished", action="store_true", help="only the table of what --keep holds of the draws asked for"
    )
    parser.add_argument("--repeat", nargs=3, metavar=("ARCHITECTURE", "KIND", "DRAW"), help="one solve, in detail")
    parser.add_argument(
        "--phcpack", type=int, default=0, metavar="DRAWS", help="compare so many draws with PHCpack's blackbox"
    )
    parser.add_argument("--markdown", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()

    if arguments.repeat:
        name, kind, draw = arguments.repeat
        tally, text = solve(parse_shape(name), kind, int(draw), arguments.seed, int(draw) < arguments.phcpack)
        print("\n".join([text, *tally.remarks]))
        return
    description = machine()
    chosen = np.linspace(0, len(ARCHITECTURES) - 1, arguments.architectures).round().astype(int).tolist()
    kinds = [kind.partition(":")[::2] for kind in arguments.kinds.split(",")]
    tallies = {kind: Tally(kind) for kind, _ in kinds}
    shapes = [ARCHITECTURES[index] for index in chosen]
    draws = {kind: int(number or arguments.draws) for kind, number in kinds}
    tasks = tasks_of(shapes, draws, arguments.seed, arguments.phcpack)
    finished = kept(arguments.keep)
    done = [task for task in tasks if repr(task) in finished]
    for task in done:
        tallies[task.kind].add(finished[repr(task)])
        for remark in finished[repr(task)].remarks:
            print(remark)
    rest = [] if arguments.finished else [task for task in tasks if repr(task) not in finished]
    # Threads of linear algebra wait for each other at these sizes: they would take most of the time.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        for task, tally in zip(rest, pool.map(solve_all, rest), strict=True):
            tally.software = [description["homotopy-lcn"]]
            tallies[tally.kind].add(tally)
            if arguments.keep:
                with arguments.keep.open("a") as stream:
                    stream.write(json.dumps([repr(task), asdict(tally)]) + "\n")
            for remark in tally.remarks:
                print(remark, flush=True)
    description["homotopy-lcn"] = "; ".join(sorted({name for tally in tallies.values() for name in tally.software}))
    seconds = sum(tally.seconds for tally in tallies.values())
    description["architectures, seed, time"] = f"{len(chosen)}, {arguments.seed}, {seconds:.0f} s of one core"
    sections = {}
    if ordinary := [tally for kind, tally in tallies.items() if kind in KINDS]:
        sections["robustness"] = f"{facts(description)}\n\n{report(ordinary, arguments.phcpack > 0)}"
    if any(kind in DEGENERATE for kind in tallies):
        sections["degenerate"] = f"{facts(description)}\n\n{report_of_degenerate(list(tallies.values()))}"
    for section, text in sections.items():
        print(text)
        if arguments.markdown:
            DOCUMENT.write_text(with_section(DOCUMENT.read_text(), section, text))


if __name__ == "__main__":
    main()
