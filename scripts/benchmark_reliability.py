"""Raw reliability of the kernel: what becomes of a million paths with the default options.

    python scripts/benchmark_reliability.py [--paths 1000000] [--jobs 2] [--markdown]

Many random targets, complex and real ones (Gram matrices of random samples), for every start system. Counted are

* failed paths by return code,
* coincident ends: ends less distinct ends, target by target; with the failures these are the raw losses,
* jumps: ends that differ from those of a run with contraction_target and contraction_limit a hundred times tighter, all
  paths of it; those among them that cause no coincidence have been swapped with others,
* what is still missing after conservative retracking of the doubtful paths, and after further detours, both as in
  homotopy_lcn.solving.solve.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from benchmark_common import GOAL_ARCHITECTURES, Problem, facts, machine, print_report, problem, raw, table

from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import first_occurrences, point_keys
from homotopy_lcn.solving import problem as solving_problem
from homotopy_lcn.solving.all_paths import follow_paths
from homotopy_lcn.solving.regular_ends import doubtful_paths
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, TrackResult
from homotopy_lcn.tracking.native import NativeEngine
from homotopy_lcn.tracking.settings import Tracking

#: Beyond the goals: strata with one and with two factors of higher power, a shape without code of its own, many paths.
ARCHITECTURES = (
    *GOAL_ARCHITECTURES,
    ((2, 2, 2), (1, 2, 1)),
    ((3, 3), (1, 1)),
    ((4, 3), (3, 1)),
    ((4, 4), (2, 1)),
    ((3, 3, 2), (2, 2, 1)),
)
#: Paths tracked in one call.
BATCH = 20_000
#: Ends farther apart than this, relative to the filter, differ; well above rounding, well below most distances.
DIFFERENT = 1e-6
#: How much smaller the contractions of the comparison are.
TIGHTER = 100


@dataclass
class Tally:
    """What became of the paths of one start system and kind of targets."""

    name: str
    kind: str
    targets: int = 0
    paths: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    coincident: int = 0
    jumps: int = 0
    swapped: int = 0
    tight_failures: int = 0
    after_conservative: int = 0
    after_detours: int = 0

    @property
    def failed(self) -> int:
        """Paths that did not arrive."""
        return sum(self.codes.values())

    def __add__(self, other: Tally) -> Tally:
        total = Tally("all", "")
        for item in dataclasses.fields(self)[2:]:
            setattr(total, item.name, getattr(self, item.name) + getattr(other, item.name))
        return total


def examine(task: Problem, kind: str, paths: int, jobs: int, rng: np.random.Generator) -> Tally:
    """Track at least ``paths`` paths from one start system and compare their ends."""
    tally = Tally(task.name, kind)
    while tally.paths < paths:
        number = -(-min(BATCH, paths - tally.paths) // task.paths)
        targets = (task.targets if kind == "real" else task.complex_targets)(number, rng)
        add_batch(tally, task, targets, jobs, rng)
    return tally


def add_batch(tally: Tally, task: Problem, targets: list[Data], jobs: int, rng: np.random.Generator) -> None:
    """Track all start points to some targets, with the default and with the tight options, and count."""
    equations, options = equations_of(task.stratum), TrackerOptions()
    tight = dataclasses.replace(
        options,
        contraction_target=options.contraction_target / TIGHTER,
        contraction_limit=options.contraction_limit / TIGHTER,
        max_steps=10 * options.max_steps,
    )
    result = raw(task, targets, options, jobs)
    careful = raw(task, targets, tight, jobs)
    filters, expected = equations.filters(result.points), equations.filters(careful.points)
    both = result.success & careful.success
    jumped = both & (np.linalg.norm(filters - expected, axis=1) > DIFFERENT * np.linalg.norm(expected, axis=1))
    tally.targets += len(targets)
    tally.paths += len(result)
    tally.codes.update(result.codes[~result.success].tolist())
    tally.tight_failures += int((~careful.success).sum())
    tally.jumps += int(jumped.sum())
    for t, target in enumerate(targets):
        part = slice(t * task.paths, (t + 1) * task.paths)
        arrived = np.flatnonzero(result.success[part])
        first = first_occurrences(filters[part][arrived])
        coincident = int((first != np.arange(len(first))).sum())
        if jumped[part].any():
            doubles = np.isin(first, first[first != np.arange(len(first))])
            tally.swapped += int((jumped[part][arrived] & ~doubles).sum())
        tally.coincident += coincident
        if coincident or len(arrived) < task.paths:
            ends = TrackResult(*(getattr(result, item.name)[part].copy() for item in dataclasses.fields(result)))
            conservative, detours = missing(task, target, ends, rng)
            tally.after_conservative += conservative
            tally.after_detours += detours


def missing(task: Problem, target: Data, result: TrackResult, rng: np.random.Generator) -> tuple[int, int]:
    """Points still missing after conservative retracking of the doubtful paths, and after further detours."""
    kernel, equations, careful = NativeEngine(), equations_of(task.stratum), TrackerOptions.conservative()
    doubtful = np.union1d(doubtful_paths(equations, result), np.flatnonzero(~result.success))
    homotopy = Homotopy(task.start.data, target)
    result.put(doubtful, kernel.track(task.stratum, task.start.points[doubtful], homotopy, careful))
    keys = point_keys(task.stratum, result.points[result.success])
    known = int((first_occurrences(keys) == np.arange(len(keys))).sum())
    if known == task.paths:
        return 0, 0
    problem = solving_problem.Problem(equations, target, task.paths)
    other = follow_paths(problem, task.start, Tracking(kernel, options=careful, rng=rng))
    return task.paths - known, task.paths - len(other.regular)


def tables(tallies: list[Tally]) -> str:
    """Counts for every start system and kind of target, and rates."""
    total = tallies[0]
    for tally in tallies[1:]:
        total = total + tally
    counts = table(
        [
            "(k),(s)",
            "targets",
            "number",
            "paths",
            "failed",
            "coincident",
            "jumps",
            "of them swapped",
            "missing after conservative retracking",
            "after detours",
        ],
        [
            [
                t.name,
                t.kind,
                t.targets,
                t.paths,
                t.failed,
                t.coincident,
                t.jumps,
                t.swapped,
                t.after_conservative,
                t.after_detours,
            ]
            for t in [*tallies, total]
        ],
    )
    codes = ", ".join(f"{ReturnCode(code).name} {number}" for code, number in sorted(total.codes.items())) or "none"
    return (
        f"{counts}\n\n"
        f"Failures by return code: {codes}. Raw losses (failed and coincident): "
        f"{(total.failed + total.coincident) / total.paths:.1e} a path; swapped: {total.swapped / total.paths:.1e} a "
        f"path.\nThe run with {TIGHTER} times tighter contractions, over all paths, failed on {total.tight_failures}; "
        "ends there are not compared."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=1_000_000, help="at least so many in all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()

    began = time.monotonic()
    description = machine()
    rng = np.random.default_rng(arguments.seed)
    each = -(-arguments.paths // (2 * len(ARCHITECTURES)))
    tallies = []
    for architecture in ARCHITECTURES:
        task = problem(*architecture, jobs=arguments.jobs)
        tallies += [examine(task, kind, each, arguments.jobs, rng) for kind in ("complex", "real")]
    description["seed, time"] = f"{arguments.seed}, {time.monotonic() - began:.0f} s"
    print_report("reliability", f"{facts(description)}\n\n{tables(tallies)}", arguments.markdown)


if __name__ == "__main__":
    main()
