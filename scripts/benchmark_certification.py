"""What certificates cost: processor time of solving, of proving every point, and of checking the certificate.

python scripts/benchmark_certification.py [--repeats N] [--most-points N] [--markdown]

Gaussian data, another seed for each repetition; medians. Start systems are shipped or in the cache before anything is
measured. Architectures with more than 3000 points are run once, and only up to --most-points; for them the elapsed
time and the peak memory of the whole process so far are given as well.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeVar

import numpy as np
from benchmark_common import GOAL_ARCHITECTURES, architecture_name, facts, machine, print_report, table

import homotopy_lcn as hl
from homotopy_lcn.certification.certificate_file import Check, check_text, to_text
from homotopy_lcn.certification.completeness import Statement
from homotopy_lcn.losses.random_data import random_gaussian

ARCHITECTURES = (
    *GOAL_ARCHITECTURES,
    ((2, 2, 2), (1, 2, 1)),
    ((3, 3), (1, 1)),
    ((4, 4), (1, 1)),
    ((2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1)),
    ((5, 5), (1, 1)),
    ((2, 2, 2, 2, 2, 3), (1, 1, 1, 1, 1, 1)),
    ((4, 4), (2, 1)),
    ((3, 3, 2), (2, 2, 1)),
    ((3, 3, 3), (2, 2, 1)),
    ((4, 3, 3), (2, 2, 1)),
    ((4, 4, 3), (2, 2, 1)),
    ((4, 4, 4), (2, 2, 1)),
)
#: Architectures with more points are run once.
FEW_POINTS = 3000
T = TypeVar("T")
Row = list[object]


def timed(call: Callable[[], T], stage: str = "") -> tuple[T, float, float]:
    """A result with the processor time and the elapsed time that it took, told at once if the stage has a name."""
    began, clock = time.process_time(), time.perf_counter()
    result = call()
    seconds, elapsed = time.process_time() - began, time.perf_counter() - clock
    if stage:
        memory = peak_memory()
        print(f"{stage}: {seconds:.1f} s, elapsed {elapsed:.1f} s, {memory:.2f} GB", file=sys.stderr, flush=True)
    return result, seconds, elapsed


def solved(arch: hl.Architecture, seed: int, stage: str = "") -> tuple[hl.CriticalPoints, float, float]:
    loss = random_gaussian(arch, np.random.default_rng([seed, 1])).loss
    return timed(lambda: hl.critical_points(arch, loss, seed=seed, max_count=10**6), stage)


def peak_memory() -> float:
    """The most memory that this process has had, in gigabytes; its children's not included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def expect(checked: Check, statement: Statement) -> None:
    """Stop if the check of a certificate does not find what the certificate states."""
    if checked.failures or checked.statement != statement:
        raise SystemExit(f"the check fails: {checked.failures}")


def small_row(arch: hl.Architecture, repeats: int, seed: int) -> Row:
    """Medians for an architecture with few points."""
    hl.certificate(solved(arch, seed)[0])  # start systems and modules are loaded
    solving, proving, checking = [], [], []
    points = proved = in_doubles = complete = 0
    for repeat in range(repeats):
        result, seconds, _ = solved(arch, seed + repeat)
        solving.append(seconds)
        proofs, seconds, _ = timed(lambda result=result: hl.certificate(result))
        proving.append(seconds)
        text = to_text(proofs)
        checked, seconds, _ = timed(lambda text=text: check_text(text))
        checking.append(seconds)
        expect(checked, proofs.statement)
        points, proved = points + len(result), proved + len(proofs.points)
        in_doubles += proofs.in_doubles
        complete += proofs.complete
    solve, prove, check = (1e3 * statistics.median(times) for times in (solving, proving, checking))
    return [
        architecture_name(arch.filters, arch.strides), len(result), solve, prove, prove / solve, check,
        f"{proved} of {points}", in_doubles, proved - in_doubles, f"{complete} of {repeats}",
    ]  # fmt: skip


def large_row(arch: hl.Architecture, seed: int, jobs: int) -> Row:
    """One run for an architecture with many points."""
    name = architecture_name(arch.filters, arch.strides)
    result, solve, solve_elapsed = solved(arch, seed, f"{name}: solve")
    proofs, prove, prove_elapsed = timed(lambda: hl.certificate(result, jobs=jobs), f"{name}: certify")
    text, write, _ = timed(lambda: to_text(proofs), f"{name}: write")
    memory = peak_memory()
    count, in_doubles, found = len(proofs.points), proofs.in_doubles, len(result)
    complete, statement = proofs.complete, proofs.statement
    checked, _, check_elapsed = timed(lambda: check_text(text, jobs=jobs), f"{name}: check")
    expect(checked, statement)
    return [
        name, found, solve, solve_elapsed, prove, prove_elapsed, write,
        check_elapsed, f"{count} of {found}", in_doubles, count - in_doubles, "yes" if complete else "no",
        memory, peak_memory(), len(text) / 2**20,
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--most-points", type=int, default=FEW_POINTS, help="leave out larger architectures")
    parser.add_argument("--least-points", type=int, default=0, help="leave out smaller architectures")
    parser.add_argument("--jobs", type=int, default=2, help="processes for the larger architectures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()

    small: list[Row] = []
    large: list[Row] = []
    description = machine() | {"python-flint": version("python-flint")}
    for filters, strides in ARCHITECTURES:
        arch = hl.Architecture(filters, strides)
        count = hl.generic_count(arch).filters
        if not arguments.least_points <= count <= arguments.most_points:
            continue
        if count <= FEW_POINTS:
            small.append(small_row(arch, arguments.repeats, arguments.seed))
        else:
            large.append(large_row(arch, arguments.seed, arguments.jobs))
    header = ["(k),(s)", "points", "solve, ms", "certify, ms", "certify / solve", "check, ms", "proved",
              "in doubles", "in balls", "complete"]  # fmt: skip
    text = f"{facts(description)}\n\nProcessor time, medians of {arguments.repeats} data sets:\n\n"
    text += table(header, small)
    if large:
        header = ["(k),(s)", "points", "solve, s", "elapsed", "certify, s", "elapsed", "write, s", "check, elapsed",
                  "proved", "in doubles", "in balls", "complete", "peak memory, GB", "with check",
                  "file, MB"]  # fmt: skip
        text += (
            f"\n\nOne data set each, {arguments.jobs} processes for balls. Their processor time is not included: see "
            f"the elapsed time of the check.\n\n{table(header, large)}"
        )
    print_report("certification", text, arguments.markdown)


if __name__ == "__main__":
    main()
