"""How the kernel's time scales with threads, instruction sets, the number of points, and K.

    python scripts/benchmark_scaling.py [--repeats 5] [--most-points 204536] [--markdown]

Times with several threads are elapsed time, the others processor time of one thread. A start system that is neither
shipped nor in the cache is computed by monodromy first, with all cores: minutes for the largest.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator

import numpy as np
from benchmark_common import Problem, facts, machine, median_seconds, print_report, problem, table

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import first_occurrences
from homotopy_lcn.tracking import Homotopy, TrackerOptions
from homotopy_lcn.tracking.native import NativeEngine

#: From 6 to 204 536 points.
BY_POINTS = (
    ((2, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((4, 4), (2, 1)),
    ((3, 3, 3), (2, 2, 1)),
    ((4, 3, 3), (2, 2, 1)),
    ((4, 4, 3), (2, 2, 1)),
    ((4, 4, 4), (2, 2, 1)),
)
#: (k, 2), (2, 1) has K = k + 2.
BY_SIZE = (2, 3, 4, 6, 8, 12, 16, 24)
#: Surveys with many short paths, with longer ones, and one target with many starts.
BY_THREADS = (((3, 2), (2, 1)), ((2, 2, 2), (2, 2, 1)), ((3, 3, 3), (2, 2, 1)))
#: Paths of one survey call.
SURVEY_PATHS = 8000
#: Fewer targets are tracked to beyond so many points.
MANY_POINTS = 3000
OPTIONS = TrackerOptions()


def thread_rows(most: int, repeats: int, rng: np.random.Generator) -> Iterator[list[object]]:
    """Elapsed seconds of a survey with one thread and with more, taken in turn."""
    kernel = NativeEngine()
    for architecture in BY_THREADS:
        task = problem(*architecture)
        targets = task.targets(max(1, 5 * SURVEY_PATHS // task.paths), rng)
        number = len(targets) * task.paths
        elapsed: dict[int, list[float]] = {jobs: [] for jobs in range(1, most + 1)}
        ends = {}
        for _ in range(repeats):
            for jobs, times in elapsed.items():
                began = time.perf_counter()
                result = kernel.track_many(
                    task.stratum, task.start.points, task.start.data, targets, OPTIONS, jobs=jobs
                )
                times.append(time.perf_counter() - began)
                ends[jobs] = result.points
        alone = statistics.median(elapsed[1])
        for jobs, times in elapsed.items():
            median = statistics.median(times)
            same = "yes" if np.array_equal(ends[jobs], ends[1]) else "no"
            yield [task.name, number, jobs, 1e6 * median / number, alone / median, same]


def instruction_set_rows(repeats: int, rng: np.random.Generator) -> Iterator[list[object]]:
    """Microseconds a path of a survey for every instruction set."""
    for architecture in BY_THREADS:
        task = problem(*architecture)
        targets = task.targets(max(1, SURVEY_PATHS // task.paths), rng)
        times = [survey_seconds(NativeEngine(name), task, targets, repeats) for name in NativeEngine.instruction_sets()]
        yield [task.name, *(1e6 * seconds / len(targets) / task.paths for seconds in times), times[-1] / times[0]]


def survey_seconds(kernel: NativeEngine, task: Problem, targets: list[Data], repeats: int) -> float:
    """Median time of tracking all start points to all targets."""
    start = task.start
    return median_seconds(lambda: kernel.track_many(task.stratum, start.points, start.data, targets, OPTIONS), repeats)


def one_target_row(task: Problem, repeats: int, rng: np.random.Generator) -> list[object]:
    """Size of a problem, and what a path of it costs with one target a call: medians over targets."""
    kernel, stratum, start = NativeEngine(), task.stratum, task.start
    seconds, steps, lost = [], [], 0
    for target in task.targets(repeats if task.paths <= MANY_POINTS else 1, rng):
        homotopy = Homotopy(start.data, target)
        result = kernel.track(stratum, start.points, homotopy, OPTIONS)
        filters = equations_of(stratum).filters(result.points[result.success])
        lost += task.paths - len(np.unique(first_occurrences(filters)))
        steps.append(int(result.steps.sum()))
        seconds.append(one_target_seconds(kernel, task, homotopy))
    time, iterations = statistics.median(seconds), statistics.median(steps)
    return [
        task.name, task.paths, stratum.filter_size, stratum.dimension, 1e6 * time / task.paths,
        iterations / task.paths, 1e9 * time / iterations, 1e3 * time, f"{lost} of {task.paths * len(steps)}",
    ]  # fmt: skip


def one_target_seconds(kernel: NativeEngine, task: Problem, homotopy: Homotopy) -> float:
    """Median time of three measurements of one call."""
    least = 0.005 if task.paths <= MANY_POINTS else 0.0
    return median_seconds(lambda: kernel.track(task.stratum, task.start.points, homotopy, OPTIONS), 3, least)


ONE_TARGET = ["(k),(s)", "points", "K", "unknowns", "µs/path", "iterations/path", "ns/iteration", "ms/call", "lost"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--most-points", type=int, default=204_536, help="leave out larger architectures")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="most threads")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()

    rng, repeats = np.random.default_rng(arguments.seed), arguments.repeats
    description = machine()
    threads = table(
        ["(k),(s)", "paths", "threads", "µs/path", "speed-up", "same ends to the bit"],
        thread_rows(arguments.threads, repeats, rng),
    )
    sets = NativeEngine.instruction_sets()
    instruction_sets = table(
        ["(k),(s)", *(f"{name}, µs/path" for name in sets), f"{sets[-1]} / {sets[0]}"],
        instruction_set_rows(repeats, rng),
    )
    rows = []
    for filters, strides in BY_POINTS:
        if max(row.count for row in generic_count(Architecture(filters, strides))) <= arguments.most_points:
            began = time.perf_counter()
            task = problem(filters, strides, jobs=os.cpu_count() or 1)
            found = time.perf_counter() - began
            rows.append([*one_target_row(task, repeats, rng), found])
    points = table([*ONE_TARGET, "start system, s"], rows)
    sizes = table(ONE_TARGET, [one_target_row(problem((k, 2), (2, 1)), repeats, rng) for k in BY_SIZE])
    text = (
        f"{facts(description)}\n\nThreads (elapsed time):\n\n{threads}\n\n"
        f"Instruction sets, one thread:\n\n{instruction_sets}\n\n"
        "The number of points, one target, one thread (lost: paths that failed or ended where another one did, before "
        f"retracking; start system: read or computed, elapsed time):\n\n{points}\n\n"
        f"The filter size K, one target, one thread:\n\n{sizes}"
    )
    print_report("scaling", text, arguments.markdown)


if __name__ == "__main__":
    main()
