"""Processor time and sizes of pictures and reports, of this tree and of another one in turn.

python scripts/benchmark_pictures.py [--other TREE] [--rounds N]

TREE is another checkout of the repository with a built kernel. Each command is a process of its own, as users start it:
its processor time includes Python and the import of matplotlib, which the first row shows by itself. The median of the
rounds is printed, as a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "homotopy_lcn")
#: Networks whose results are drawn: two points, 24 points, 386 points.
NETWORKS = {"two": ("3,2", "2,1"), "small": ("2,2,2", "1,2,1"), "large": ("2,3,3,2", "1,1,1,1")}


def processor_time(command: Sequence[str], tree: Path) -> float:
    """Seconds of user and system time of a command that runs with the package of a tree."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(tree)}
    with tempfile.TemporaryDirectory() as elsewhere:  # a module that is run is looked for in the current folder first
        subprocess.run(command, env=environment, cwd=elsewhere, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands(folder: Path) -> dict[str, tuple[Sequence[str], Path | None]]:
    """What is measured: a command, and the page that it writes."""
    pages = {name: folder / f"{name}.html" for name in NETWORKS}
    plain = folder / "plain.html"
    report = {
        f"`report`, {name} result": ((*PROGRAM, "report", str(folder / f"{name}.json"), "-o", str(page)), page)
        for name, page in pages.items()
    }
    without = ("report", str(folder / "large.json"), "-o", str(plain), "--no-pictures")
    return {
        "`import matplotlib.figure` alone": ((sys.executable, "-c", "import matplotlib.figure"), None),
        "`paper figure1`": ((*PROGRAM, "paper", "figure1", "-o", str(folder)), folder / "figure1.html"),
        "`plot levels`, two points": (
            (*PROGRAM, "plot", "levels", str(folder / "two.json"), "-o", str(folder / "levels.pdf")),
            None,
        ),
        **report,
        "`report --no-pictures`, large result": ((*PROGRAM, *without), plain),
    }


def main() -> None:
    """Measure all commands in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--other", type=Path, help="another checkout, with a built kernel")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    trees = {"this": HERE} | ({"other": arguments.other.resolve()} if arguments.other else {})
    with tempfile.TemporaryDirectory() as name:
        folders = {tree: Path(name, tree) for tree in trees}
        for tree, folder in folders.items():
            folder.mkdir()
            for result, (filters, strides) in NETWORKS.items():
                draw = ("-k", filters, "-s", strides, "--random", "--seed", "1", "-q")
                processor_time((*PROGRAM, "solve", *draw, "--json", str(folder / f"{result}.json")), trees[tree])
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(arguments.rounds):
            for tree, folder in folders.items():
                for what, (command, _) in commands(folder).items():
                    times.setdefault((what, tree), []).append(processor_time(command, trees[tree]))
        heads = [f"{tree}, {unit}" for tree in trees for unit in ("s", "page, kB")]
        print("| command | " + " | ".join(heads) + " |")
        print("|---" * (1 + len(heads)) + "|")
        for what in commands(folders["this"]):
            cells = [what]
            for tree, folder in folders.items():
                page = commands(folder)[what][1]
                size = f"{page.stat().st_size / 1000:.0f}" if page is not None else ""
                cells += [f"{statistics.median(times[what, tree]):.2f}", size]
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
