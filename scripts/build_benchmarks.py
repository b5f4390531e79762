"""One number about an installed build: python scripts/build_benchmarks.py NAME, in a process of its own.

A function ``row_NAME`` measures and prints one number, and its docstring is the text of the row in the table, the unit
after the last comma. The functions use nothing but what every commit has, or fall back to it, so that
`benchmark_builds.py` can run them in the environments of an old and of a new commit. Seconds are processor time, of all
threads and processes that the work has used.

Files that a row makes once (certificates) are kept in the folder that HOMOTOPY_LCN_BENCHMARKS names.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import homotopy_lcn as hl

#: Draws of a survey.
DRAWS = 100_000
#: A row of single solves takes the median of this many.
REPEATS = 200
#: Cold starts of each kind.
STARTS = 5
Network = tuple[tuple[int, ...], tuple[int, ...]]


def processor_time() -> float:
    """Seconds of user and system time of this process and of all processes that it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def seconds(call: Callable[[], object]) -> float:
    """Processor time of a call."""
    began = processor_time()
    call()
    return processor_time() - began


def peak_memory() -> float:
    """The most memory that this process has had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def gaussian_loss(network: Network, seed: int = 0) -> tuple[hl.Architecture, hl.SquaredLoss]:
    """A loss of Gaussian samples, twice as many as coefficients."""
    arch = hl.Architecture(*network)
    rng = np.random.default_rng(seed)
    patches = rng.standard_normal((2 * arch.filter_size, arch.filter_size))
    outputs = rng.standard_normal(2 * arch.filter_size)
    return arch, hl.SquaredLoss(patches.T @ patches, patches.T @ outputs, float(outputs @ outputs))


# Single solves


def warm_solve(network: Network) -> None:
    """Milliseconds of a solve, its start system and all modules loaded."""
    losses = [gaussian_loss(network, seed) for seed in range(20)]
    for arch, loss in losses[:3]:
        hl.critical_points(arch, loss, seed=0)
    times = []
    for repeat in range(REPEATS):
        arch, loss = losses[repeat % len(losses)]
        began = time.perf_counter()
        hl.critical_points(arch, loss, seed=0)
        times.append(time.perf_counter() - began)
    print(1e3 * statistics.median(times))


def row_warm_22_21() -> None:
    """warm `critical_points`, (2,2),(2,1), ms"""
    warm_solve(((2, 2), (2, 1)))


def row_warm_32_21() -> None:
    """warm `critical_points`, (3,2),(2,1), ms"""
    warm_solve(((3, 2), (2, 1)))


def row_warm_33_21() -> None:
    """warm `critical_points`, (3,3),(2,1), ms"""
    warm_solve(((3, 3), (2, 1)))


def row_warm_222_121() -> None:
    """warm `critical_points`, (2,2,2),(1,2,1), ms"""
    warm_solve(((2, 2, 2), (1, 2, 1)))


def row_many_32_21() -> None:
    """10 000 losses of (3,2),(2,1), by one call each where there is no call for all, µs a loss"""
    losses = [gaussian_loss(((3, 2), (2, 1)), seed)[1] for seed in range(10_000)]
    arch = hl.Architecture((3, 2), (2, 1))
    together = getattr(hl, "critical_points_of_many", None)
    hl.critical_points(arch, losses[0], seed=0)
    if together is None:
        losses = losses[:500]

    def solve() -> None:
        results = together(arch, losses) if together else [hl.critical_points(arch, loss) for loss in losses]
        if sum(result.counts.found == 10 for result in results) < 0.99 * len(losses):
            raise SystemExit("points are missing")

    print(1e6 * statistics.median(seconds(solve) for _ in range(3)) / len(losses))


# Surveys


def survey(network: Network) -> None:
    """Microseconds a draw."""
    arch = hl.Architecture(*network)
    hl.survey(arch, draws=100, seed=1, keep=False)
    print(1e6 * seconds(lambda: hl.survey(arch, draws=DRAWS, seed=0, keep=False)) / DRAWS)


def row_survey_32_21() -> None:
    """survey of 10^5 draws, (3,2),(2,1), µs a draw"""
    survey(((3, 2), (2, 1)))


def row_survey_33_11() -> None:
    """survey of 10^5 draws, (3,3),(1,1), µs a draw"""
    survey(((3, 3), (1, 1)))


# The command line


def row_cold() -> None:
    """cold `solve -k 3,2 -s 2,1 --series`, times `import numpy, typer, rich`"""
    with tempfile.TemporaryDirectory() as folder:
        series = Path(folder, "series.csv")
        values = np.random.default_rng(0).standard_normal(300).cumsum() / 10
        series.write_text("value\n" + "\n".join(map(repr, values.tolist())) + "\n", encoding="utf-8")
        solve = ["-m", "homotopy_lcn", "solve", "-k", "3,2", "-s", "2,1", "--series", f"{series}:value"]
        imports = ["-c", "import numpy, typer, rich"]
        times: dict[str, list[float]] = {"solve": [], "imports": []}
        for _ in range(STARTS + 1):  # the first start of each compiles modules, and is left out
            for name, arguments in (("solve", solve), ("imports", imports)):
                times[name].append(seconds(lambda arguments=arguments: _run(arguments, folder)))
    print(statistics.median(times["solve"][1:]) / statistics.median(times["imports"][1:]))


def _run(arguments: Sequence[str], folder: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


# Certificates


def certificate_file(network: Network) -> Path:
    """A certificate of random data, made once."""
    folder = Path(os.environ.get("HOMOTOPY_LCN_BENCHMARKS", tempfile.gettempdir()))
    path = folder / f"certificate-{'-'.join(map(str, network[0]))}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(_certificate_text(_certificate(network)), encoding="utf-8")
    return path


def _certificate_text(proofs: hl.Certificate) -> str:
    """The text of the file; commits before `Certificate.to_json` have a function for it."""
    if hasattr(proofs, "to_json"):
        return str(proofs.to_json())
    from homotopy_lcn.certificate_file import to_text

    return str(to_text(proofs))


def _certificate(network: Network) -> hl.Certificate:
    arch, loss = gaussian_loss(network)
    return hl.certificate(hl.critical_points(arch, loss, seed=0, max_count=10**6))


def check(network: Network) -> None:
    """Elapsed seconds of the command, with two processes."""
    command = [sys.executable, "-m", "homotopy_lcn", "certify", "--check", str(certificate_file(network)), "-q"]
    began = time.perf_counter()
    subprocess.run([*command, "--jobs", "2"], check=True)
    print(time.perf_counter() - began)


def row_check_433() -> None:
    """`certify --check --jobs 2`, (4,3,3),(2,2,1), s elapsed"""
    check(((4, 3, 3), (2, 2, 1)))


def row_check_444() -> None:
    """`certify --check --jobs 2`, (4,4,4),(2,2,1), s elapsed"""
    check(((4, 4, 4), (2, 2, 1)))


def write(network: Network) -> None:
    """Seconds of writing a certificate."""
    proofs = _certificate(network)
    print(seconds(lambda: _certificate_text(proofs)))


def row_write_433() -> None:
    """writing the certificate, (4,3,3),(2,2,1), s"""
    write(((4, 3, 3), (2, 2, 1)))


def row_write_444() -> None:
    """writing the certificate, (4,4,4),(2,2,1), s"""
    write(((4, 4, 4), (2, 2, 1)))


# A large solve


def large_solve() -> None:
    """Solve (4,4,4),(2,2,1) from nothing: with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        os.environ["HOMOTOPY_LCN_CACHE"] = empty
        arch, loss = gaussian_loss(((4, 4, 4), (2, 2, 1)))
        if not hl.critical_points(arch, loss, seed=0, max_count=10**6).complete:
            raise SystemExit("the solve is not complete")


def row_large_444() -> None:
    """(4,4,4),(2,2,1) from nothing, s"""
    print(seconds(large_solve))


def row_memory_444() -> None:
    """(4,4,4),(2,2,1) from nothing, peak memory, GB"""
    large_solve()
    print(peak_memory())


# The kernel


def kernel(network: Network) -> None:
    """Microseconds a path on one thread, from the start system to real data, in calls of 200 targets."""
    arch = hl.Architecture(*network)
    targets = [gaussian_loss(network, seed)[1] for seed in range(200)]
    run, paths = _kernel(arch)
    scaled = [(loss.gram / np.linalg.norm(loss.gram, 2), loss.b / np.linalg.norm(loss.b)) for loss in targets]
    run(scaled[:5])
    times = [seconds(lambda: run(scaled)) for _ in range(5)]
    print(1e6 * statistics.median(times) / (len(targets) * paths))


def _kernel(arch: hl.Architecture) -> tuple[Callable[[Sequence[tuple[Any, Any]]], object], int]:
    """The kernel on the paths to all targets (Σ, b) of the largest stratum, and the number of paths to each."""
    row = max(hl.generic_count(arch), key=lambda row: row.count)
    from homotopy_lcn.tracking import TrackerOptions, get_engine
    from homotopy_lcn.tracking.native import NativeEngine

    options = TrackerOptions()
    try:
        from homotopy_lcn.equations.critical_equations import Data
    except ImportError:  # the modules of earlier commits
        from homotopy_lcn.start_systems import start_system
        from homotopy_lcn.strata import Embedding

        from homotopy_lcn.equations import Data
        from homotopy_lcn.tracking.native import _Coordinates

        stratum = Embedding.of_pattern(arch, row.pattern).stratum
        start = start_system(stratum, row.count, get_engine(), jobs=1)
        coordinates = _Coordinates(stratum)

        def run(targets: Sequence[tuple[Any, Any]]) -> object:
            data = [Data(*target) for target in targets]
            return NativeEngine().run(coordinates, start.points, start.data, data, options, 1, None)
    else:
        from homotopy_lcn.networks.strata import Embedding
        from homotopy_lcn.solving.start_systems import start_system
        from homotopy_lcn.tracking.native import PathTask
        from homotopy_lcn.tracking.settings import Tracking

        stratum = Embedding.of_pattern(arch, row.pattern).stratum
        start = start_system(stratum, row.count, Tracking(get_engine(), jobs=1))

        def run(targets: Sequence[tuple[Any, Any]]) -> object:
            data = [Data(*target) for target in targets]
            return NativeEngine().run(PathTask(stratum, start.points, start.data, options, 1), data)

    return run, len(start.points)


def row_kernel_22_21() -> None:
    """kernel, (2,2),(2,1), µs a path"""
    kernel(((2, 2), (2, 1)))


def row_kernel_32_21() -> None:
    """kernel, (3,2),(2,1), µs a path"""
    kernel(((3, 2), (2, 1)))


def row_kernel_42_21() -> None:
    """kernel, (4,2),(2,1), µs a path"""
    kernel(((4, 2), (2, 1)))


def row_kernel_33_21() -> None:
    """kernel, (3,3),(2,1), µs a path"""
    kernel(((3, 3), (2, 1)))


def row_kernel_222_221() -> None:
    """kernel, (2,2,2),(2,2,1), µs a path"""
    kernel(((2, 2, 2), (2, 2, 1)))


def rows() -> dict[str, Callable[[], None]]:
    """The function of every row, by its name."""
    return {name.removeprefix("row_"): call for name, call in globals().items() if name.startswith("row_")}


def main() -> None:
    known = rows()
    names = sys.argv[1:]
    if len(names) != 1 or names[0] not in known:
        raise SystemExit(f"usage: build_benchmarks.py NAME; NAME one of {', '.join(known)}")
    known[names[0]]()


if __name__ == "__main__":
    main()
