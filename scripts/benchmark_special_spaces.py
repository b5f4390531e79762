"""Gram matrices of less than the least rank, with column spaces in special position: how many solves are complete.

    python scripts/benchmark_special_spaces.py [--draws 8] [--jobs 2] [--markdown]

With ``isolated=True`` the isolated critical points of such data are computed. For generic column spaces it is known how
many there are; special ones have fewer, and every path from data of full rank has to be accounted for. Two kinds, for
all ranks from 2 to one below the dimension of the function space:

diagonal
    Σ has ``rank`` random entries 1, 2 or 3 on its diagonal and no others, b is normal where Σ is not zero.
copies
    X has ``rank`` normal columns, the others are copies of these at random; 10 samples, Y normal.

Each solve can be repeated from its architecture, rank, kind and draw, as

    python scripts/benchmark_special_spaces.py --repeat "(3,3),(2,1)" 4 copies 0
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from benchmark_common import SCRIPTS, architecture_name, facts, machine, table, with_section
from benchmark_robustness import parse_shape

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points, generic_count

DOCUMENT = SCRIPTS.parent / "docs" / "reliability.md"
ARCHITECTURES = (
    ((2, 2), (2, 1)),
    ((3, 2), (2, 1)),
    ((3, 2), (1, 1)),
    ((2, 2, 2), (2, 2, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((3, 3), (2, 1)),
    ((3, 3), (1, 1)),
    ((2, 3), (2, 1)),
    ((4, 2), (2, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((3, 2), (3, 1)),
    ((2, 2, 2, 2), (1, 1, 2, 1)),
)
KINDS = ("diagonal", "copies")


class Task(NamedTuple):
    shape: tuple[tuple[int, ...], tuple[int, ...]]
    rank: int
    kind: str
    draw: int


class Outcome(NamedTuple):
    complete: bool
    fewer: bool
    seconds: float


def special_column_space(size: int, rank: int, kind: str, draw: int) -> SquaredLoss:
    """Data for filters of a size."""
    rng = np.random.default_rng([rank, draw])
    if kind == "diagonal":
        diagonal = np.zeros(size)
        diagonal[rng.permutation(size)[:rank]] = rng.integers(1, 4, rank)
        return SquaredLoss(np.diag(diagonal), np.where(diagonal > 0, rng.standard_normal(size), 0.0))
    channels = rng.standard_normal((10, rank))[:, np.concatenate([np.arange(rank), rng.integers(0, rank, size - rank)])]
    return SquaredLoss(channels.T @ channels, channels.T @ rng.standard_normal(10))


def solved(task: Task) -> CriticalPoints:
    arch = Architecture(*task.shape)
    return critical_points(arch, special_column_space(arch.filter_size, *task[1:]), isolated=True)


def outcome(task: Task) -> Outcome:
    began = time.process_time()
    result = solved(task)
    isolated = sum(point.isolated and point.nonsingular for point in result)
    fewer = isolated < generic_count(Architecture(*task.shape), rank=task.rank).filters
    return Outcome(result.complete, fewer, time.process_time() - began)


def tasks(draws: int) -> Iterable[Task]:
    for shape in ARCHITECTURES:
        for rank in range(2, Architecture(*shape).dimension):
            for kind in KINDS:
                yield from (Task(shape, rank, kind, draw) for draw in range(draws))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=8, help="data sets for each architecture, rank and kind")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("--repeat", nargs=4, metavar=("ARCHITECTURE", "RANK", "KIND", "DRAW"), help="one solve")
    parser.add_argument("--markdown", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()
    if arguments.repeat:
        name, rank, kind, draw = arguments.repeat
        print(solved(Task(parse_shape(name), int(rank), kind, int(draw))))
        return
    description = machine()
    found: dict[str, list[Outcome]] = {kind: [] for kind in KINDS}
    listed = list(tasks(arguments.draws))
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        for task, result in zip(listed, pool.map(outcome, listed), strict=True):
            found[task.kind].append(result)
            if not result.complete:
                print(
                    f'not complete: "{architecture_name(*task.shape)}" {task.rank} {task.kind} {task.draw}', flush=True
                )
    rows = []
    for kind, results in [*found.items(), ("all", [result for part in found.values() for result in part])]:
        seconds = [result.seconds for result in results]
        rows.append([
            kind, len(results), sum(result.complete for result in results), sum(result.fewer for result in results),
            f"{1000 * np.mean(seconds):.0f}", f"{max(seconds):.1f}",
        ])  # fmt: skip
    head = ["column space", "solves", "complete", "fewer than generic", "ms", "slowest, s"]
    text = f"{facts(description)}\n\n{table(head, rows)}"
    print(text)
    if arguments.markdown:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(), "special spaces", text))


if __name__ == "__main__":
    main()
