"""One large solve on two Dask workers of this machine against the same solve in one process with two threads.

    python scripts/benchmark_distributed.py [-k 4,4,4] [-s 2,2,1] [--repeats 1] [--markdown]

Both start from nothing, with an empty cache each, in turn. Elapsed time, processor time (of the solve, the scheduler,
the workers together), largest memory of the solve, and whether all filters and losses are the same to the last bit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import distributed
import numpy as np
import psutil
from benchmark_common import architecture_name, facts, machine, print_report, table

from homotopy_lcn import Architecture, critical_points
from homotopy_lcn.losses.random_data import random_gaussian, random_loss_seed

WORKERS = 2
#: As docs/how-to.md advises: without these, each program of Dask takes 2 % of a core for as long as it runs.
QUIET = {"DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s", "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
#: Seconds for the programs of Dask to start on a busy machine.
STARTING = 120


def solve_here(filters: tuple[int, ...], strides: tuple[int, ...], scheduler: str) -> dict[str, object]:
    """The solve of one of the processes, with what it took."""
    arch = Architecture(filters, strides)
    loss = random_gaussian(arch, np.random.default_rng(random_loss_seed(0, 0))).loss
    began = time.perf_counter()
    result = critical_points(arch, loss, jobs=WORKERS, max_count=10**8, scheduler=scheduler or None)
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = {
        "elapsed": time.perf_counter() - began,
        "processor": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss * 1024,
        "points": len(result),
        "complete": result.complete,
    }
    digest = hashlib.sha256()
    for point in result.points:
        digest.update(point.filter.tobytes() + np.complex128(point.loss).tobytes())
    return {**spent, "digest": digest.hexdigest()}


@contextmanager
def dask_programs(folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """A scheduler with workers of one thread each: its address, and the processes."""
    place = folder / "scheduler.json"
    with ExitStack() as stack:

        def started(name: str, *arguments: str) -> psutil.Process:
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *arguments, "--no-dashboard"]
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env={**os.environ, **QUIET}
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return psutil.Process(process.pid)

        processes = [started("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(place))]
        end = time.monotonic() + STARTING
        while not (place.exists() and place.stat().st_size):
            if time.monotonic() > end:
                raise RuntimeError("the scheduler does not start")
            time.sleep(0.1)
        address = json.loads(place.read_text())["address"]
        processes += [
            started("worker", address, "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1") for _ in range(WORKERS)
        ]
        with distributed.Client(address) as client:
            client.wait_for_workers(WORKERS, timeout=STARTING)
        yield address, processes


def processor_time(processes: list[psutil.Process]) -> float:
    """Seconds, of all processes together."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def measured(filters: str, strides: str, on_cluster: bool) -> dict[str, object]:
    """What a solve in a new process takes, with an empty cache."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, address = Path(name), ""
        processes: list[psutil.Process] = []
        if on_cluster:
            address, processes = stack.enter_context(dask_programs(folder))
        idle = processor_time(processes)
        environment = {**os.environ, "HOMOTOPY_LCN_CACHE": str(folder / "cache")}
        command = [sys.executable, __file__, "-k", filters, "-s", strides, "--solve", address]
        answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        result: dict[str, object] = json.loads(answer.stdout)
        elsewhere = processor_time(processes) - idle
        return {**result, "processor": float(str(result["processor"])) + elsewhere}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-k", default="4,4,4")
    parser.add_argument("-s", default="2,2,1")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--solve", metavar="ADDRESS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    filters, strides = (tuple(map(int, text.split(","))) for text in (options.k, options.s))
    if options.solve is not None:
        print(json.dumps(solve_here(filters, strides, options.solve)))
        return
    before = os.getloadavg()[0]
    found: dict[bool, list[dict[str, object]]] = {False: [], True: []}
    for _ in range(options.repeats):
        for on_cluster, results in found.items():
            results.append(measured(options.k, options.s, on_cluster))
            print(results[-1], file=sys.stderr)
    same = len({str(result["digest"]) for results in found.values() for result in results}) == 1
    rows: list[list[object]] = []
    medians = {
        kind: {
            name: statistics.median(float(str(result[name])) for result in results)
            for name in ("elapsed", "processor", "memory")
        }
        for kind, results in found.items()
    }
    for kind, label in ((False, "two threads, one process"), (True, "two workers of one thread each")):
        spent = medians[kind]
        rows.append(
            [label, spent["elapsed"], spent["processor"], spent["memory"] / 1e9, found[kind][0]["points"],
             "yes" if all(result["complete"] for result in found[kind]) else "no"]
        )  # fmt: skip
    rows.append(["ratio", *(medians[True][name] / medians[False][name] for name in ("elapsed", "processor", "memory"))])
    rows[-1] += ["", ""]
    header = ("where", "elapsed, s", "processor time, s", "memory of the solve, GB", "points", "complete")
    items = machine()
    items["load average"] = f"{before:.1f} before, {items['load average']} after"
    items["network"] = architecture_name(filters, strides)
    items["same filters and losses to the bit"] = "yes" if same else "no"
    print_report("distributed", f"{facts(items)}\n\n{table(header, rows)}", options.markdown)


if __name__ == "__main__":
    main()
