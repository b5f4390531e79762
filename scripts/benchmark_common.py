"""What the benchmark scripts share: problems, machine and versions, medians, Markdown tables."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from homotopy_lcn import Architecture, __version__, generic_count
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.strata import Embedding, Stratum
from homotopy_lcn.solving.monodromy import random_data
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.solving.stored_systems import StartSystem
from homotopy_lcn.tracking import TrackerOptions, TrackResult, get_engine
from homotopy_lcn.tracking.native import KernelCoordinates, NativeEngine, PathTask
from homotopy_lcn.tracking.settings import Tracking

SCRIPTS = Path(__file__).resolve().parent
#: Filters and strides of the architectures of the goals.
GOAL_ARCHITECTURES = (
    ((2, 2), (2, 1)),
    ((3, 2), (2, 1)),
    ((4, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((2, 2, 2), (2, 2, 1)),
)


@dataclass(frozen=True)
class Problem:
    """The stratum of an architecture that has most points, with its start system."""

    name: str
    stratum: Stratum
    start: StartSystem

    @property
    def paths(self) -> int:
        """Number of paths of one homotopy."""
        return len(self.start.points)

    def targets(self, count: int, rng: np.random.Generator) -> list[Data]:
        """Targets as users have them: real data of Gaussian samples."""
        return [real_data(self.stratum.filter_size, rng) for _ in range(count)]

    def complex_targets(self, count: int, rng: np.random.Generator) -> list[Data]:
        """Random complex target data."""
        return [random_data(self.stratum.filter_size, rng) for _ in range(count)]


def real_data(size: int, rng: np.random.Generator) -> Data:
    """Gram matrix of Gaussian samples, twice as many as needed, and Gaussian moments, of order one as in the solver."""
    samples = rng.normal(size=(2 * size, size))
    gram, b = samples.T @ samples, rng.normal(size=size)
    return Data(*(part / np.exp2(np.round(np.log2(np.linalg.norm(part, 2)))) for part in (gram, b)))


def problem(filters: Sequence[int], strides: Sequence[int], jobs: int = 1) -> Problem:
    """The stratum of an architecture that has most points, with its start system, computed if need be."""
    arch = Architecture(tuple(filters), tuple(strides))
    row = max(generic_count(arch), key=lambda row: row.count)
    stratum = Embedding.of_pattern(arch, row.pattern).stratum
    return Problem(
        architecture_name(filters, strides),
        stratum,
        start_system(stratum, row.count, Tracking(get_engine(), jobs=jobs)),
    )


def raw(task: Problem, targets: list[Data], options: TrackerOptions, jobs: int) -> TrackResult:
    """The kernel's own results: no path is handed on to the reference engine."""
    paths = PathTask(task.stratum, task.start.points, task.start.data, options, jobs)
    result = NativeEngine().run(paths, targets)
    points = KernelCoordinates(task.stratum).from_kernel(result["points"])
    return TrackResult(points, *(result[item.name] for item in fields(TrackResult)[1:]))


def architecture_name(filters: Sequence[int], strides: Sequence[int]) -> str:
    """Such as ``(3,2),(2,1)``."""
    return ",".join(f"({','.join(map(str, numbers))})" for numbers in (filters, strides))


def seconds(call: Callable[[], object]) -> float:
    """Processor time of one call, of all threads together."""
    began = time.process_time()
    call()
    return time.process_time() - began


def median_seconds(call: Callable[[], object], repeats: int, least: float = 0.0) -> float:
    """Median processor time of a call; it is repeated within each measurement until that takes ``least`` seconds."""
    inner = max(1, int(np.ceil(least / max(seconds(call), 1e-9)))) if least else 1

    def many() -> None:
        for _ in range(inner):
            call()

    return statistics.median(seconds(many) for _ in range(repeats)) / inner


def processor() -> str:
    """Model name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine() -> dict[str, str]:
    """Machine and versions."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "load average": f"{os.getloadavg()[0]:.1f}",
        "homotopy-lcn": f"{__version__} (kernel: {NativeEngine.instruction_sets()[0]}{_commit()})",
        "Python": platform.python_version(),
        "NumPy": np.__version__,
    }


def _commit() -> str:
    result = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=SCRIPTS, capture_output=True, text=True, check=False
    )
    return f", commit {result.stdout.strip()}" if result.returncode == 0 else ""


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, its columns aligned; numbers to three digits."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in cells]
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def facts(items: dict[str, str]) -> str:
    """Names and values as a Markdown table."""
    return table(("", ""), items.items())


DOCUMENT = SCRIPTS.parent / "docs" / "performance.md"


def print_report(section: str, text: str, into_document: bool) -> None:
    """Print tables; on request put them between the marks of their section of docs/performance.md as well."""
    print(text)
    if into_document:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(), section, text))


def with_section(document: str, section: str, text: str) -> str:
    """The document with the text between the marks ``<!-- section -->`` and ``<!-- end of section -->``."""
    begin, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->\n"
    before, found_begin, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"the marks of section {section!r} are missing")
    return f"{before}{begin}\n{text}\n\n{end}{after}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        if not np.isfinite(value):
            return "–"
        return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.3g}"
    if isinstance(value, int | np.integer):
        return f"{value:,}".replace(",", " ")
    return str(value)
