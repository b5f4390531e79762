"""Two commits in turn: the time and memory of their installation, and the rows of `build_benchmarks.py`.

python scripts/benchmark_builds.py OLD NEW [--rows warm,survey,…] [--repeats 7] [--folder FOLDER]
python scripts/benchmark_builds.py --old-python PATH --new-python PATH [--rows …]

For each commit a git worktree and a virtual environment are made in a folder, and ``pip install .[certify]`` runs
there without a compiler cache, through a wrapper that records processor time and peak memory of every compiler.
Environments that exist already are named by their Python instead; then nothing is installed, and nothing said of
the installation. Each row is measured in processes of their own, old and new in turn. Medians and ratios are printed as
a Markdown table. The other packages get the same versions in both environments, as pip chooses them on one day.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
ROWS = SCRIPTS / "build_benchmarks.py"
#: The rows that take minutes each are measured only if they are named.
SLOW = ("444",)
#: Runs as the compiler, and notes what each call of the real compiler has used.
WRAPPER = """#!{python}
import json, os, resource, subprocess, sys
code = subprocess.call([{compiler!r}, *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
source = next((word for word in sys.argv[1:] if word.endswith((".cpp", ".cc", ".c"))), "")
spent, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
note = {{"source": os.path.basename(source), "seconds": spent, "memory": memory}}
with open({log!r}, "a") as stream:
    stream.write(json.dumps(note) + "\\n")
sys.exit(code)
"""


@dataclass(frozen=True)
class Installation:
    """What the installation of a commit took: processor time of pip, seconds and GB of each compiler."""

    seconds: float
    compilers: list[dict[str, float]]


@dataclass(frozen=True)
class Build:
    """An environment that has the package."""

    name: str
    python: str
    folder: Path
    installation: Installation | None = None


def row_texts() -> dict[str, str]:
    """What each row is called in the table, by the names of the rows; read without running any code."""
    functions = [node for node in ast.parse(ROWS.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    found = [(node.name, ast.get_docstring(node)) for node in functions if node.name.startswith("row_")]
    return {name.removeprefix("row_"): text or name for name, text in found}


def chosen_rows(names: str | None) -> list[str]:
    """The rows that are asked for: whole names, or beginnings such as ``warm``; without names all that are not slow."""
    known = list(row_texts())
    if names is None:
        return [name for name in known if not name.endswith(SLOW)]
    rows: list[str] = []
    for wanted in names.split(","):
        found = [name for name in known if name == wanted or name.startswith(f"{wanted}_")]
        if not found and wanted != "install":
            raise SystemExit(f"--rows: {wanted!r} is no row; expected some of install, {', '.join(known)}")
        rows += [name for name in found if name not in rows]
    return rows


def write_wrapper(path: Path, compiler: str, log: Path) -> None:
    """Write a program that runs a compiler, and notes what it has used."""
    found = shutil.which(compiler)
    if found is None:
        raise SystemExit(f"{compiler}: not found; expected a compiler")
    path.write_text(WRAPPER.format(python=sys.executable, compiler=found, log=str(log)), encoding="utf-8")
    path.chmod(0o755)


def install(commit: str, name: str, folder: Path) -> Build:
    """A worktree and an environment of a commit."""
    tree, environment, log = (folder / f"{name}-{part}" for part in ("tree", "environment", "compilers.jsonl"))
    log.write_text("", encoding="utf-8")
    run(["git", "-C", str(ROOT), "worktree", "add", "--detach", str(tree), commit])
    run([sys.executable, "-m", "venv", str(environment)])
    python = str(environment / "bin" / "python")
    compilers = {"CC": os.environ.get("CC", "gcc"), "CXX": os.environ.get("CXX", "g++")}
    for variable, compiler in compilers.items():
        write_wrapper(folder / f"{name}-{variable}", compiler, log)
    wrapped = {variable: str(folder / f"{name}-{variable}") for variable in compilers} | {"CCACHE_DISABLE": "1"}
    before = children()
    run([python, "-m", "pip", "install", "--quiet", "--no-cache-dir", f"{tree}[certify]"], wrapped)
    spent = children() - before
    notes = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return Build(name, python, folder / f"{name}-cache", Installation(spent, notes))


def children() -> float:
    """Processor time of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=os.environ | (environment or {}), check=True, stdout=sys.stderr)


def measured(build: Build, row: str) -> float | None:
    """The number that a row prints; None if it fails, as for a commit that lacks what the row needs."""
    build.folder.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {
        "HOMOTOPY_LCN_CACHE": str(build.folder / "start-systems"),
        "HOMOTOPY_LCN_BENCHMARKS": str(build.folder),
    }
    # Otherwise each cold start would compile all modules again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [build.python, str(ROWS), row]
    result = subprocess.run(command, env=environment, cwd=build.folder, stdout=subprocess.PIPE, text=True, check=False)
    try:
        return float(result.stdout.split()[-1]) if result.returncode == 0 else None
    except (IndexError, ValueError):
        return None


def in_turn(
    builds: Sequence[Build], rows: Sequence[str], repeats: int, measure: Callable[[Build, str], float | None]
) -> dict[tuple[str, str], list[float]]:
    """All numbers by row and build: old, new, old, new, …"""
    found: dict[tuple[str, str], list[float]] = {(row, build.name): [] for row in rows for build in builds}
    for row in rows:
        for repeat in range(repeats):
            for build in builds:
                value = measure(build, row)
                print(f"{row}, {build.name}, {repeat + 1} of {repeats}: {value}", file=sys.stderr, flush=True)
                if value is not None:
                    found[row, build.name].append(value)
    return found


def report(builds: Sequence[Build], found: dict[tuple[str, str], list[float]]) -> str:
    """The tables: machine and versions, installation, rows."""
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine().items())]
    lines += [f"| {build.name} | {version(build.python)} |" for build in builds]
    lines += ["", "| what | old | new | old / new | runs |", "|---|---|---|---|---|"]
    texts = row_texts()
    lines += installation_lines(builds)
    for row in dict.fromkeys(row for row, _ in found):
        old, new = (found[row, build.name] for build in builds)
        lines.append(table_line(texts[row], old, new))
    return "\n".join(lines)


def installation_lines(builds: Sequence[Build]) -> list[str]:
    installed = [build.installation for build in builds]
    if None in installed:
        return []
    parts: dict[str, Callable[[Installation], float]] = {
        "`pip install .`, all compilers, s": lambda one: sum(note["seconds"] for note in one.compilers),
        "`pip install .`, the compiler that takes longest, s": lambda one: largest(one, "seconds"),
        "`pip install .`, the largest compiler, GB": lambda one: largest(one, "memory"),
        "`pip install .` with pip and all other packages, s": lambda one: one.seconds,
    }
    return [
        table_line(text, *([number(one)] for one in installed if one is not None)) for text, number in parts.items()
    ]


def largest(installation: Installation, name: str) -> float:
    return max((note[name] for note in installation.compilers), default=0.0)


def table_line(text: str, old: Sequence[float], new: Sequence[float]) -> str:
    """A row of the table, with the medians and their ratio."""
    medians = [statistics.median(values) if values else None for values in (old, new)]
    cells = ["fails" if value is None else f"{value:.3g}" for value in medians]
    ratio = "" if None in medians or not medians[1] else f"{medians[0] / medians[1]:.2f}"  # type: ignore[operator]
    return f"| {text} | {cells[0]} | {cells[1]} | {ratio} | {min(len(old), len(new))} |"


def machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "load average": f"{os.getloadavg()[0]:.1f}",
    }


def version(python: str) -> str:
    """Versions of Python, NumPy and the package in an environment."""
    code = (
        "import platform, numpy, homotopy_lcn as hl; "
        "print(f'homotopy-lcn {hl.__version__}, Python {platform.python_version()}, NumPy {numpy.__version__}')"
    )
    result = subprocess.run(
        [python, "-c", code], cwd=tempfile.gettempdir(), stdout=subprocess.PIPE, text=True, check=True
    )
    return result.stdout.strip()


def environments(arguments: argparse.Namespace, folder: Path) -> list[Build]:
    """Both environments, installed where none is named."""
    builds = []
    for name, python in (("old", arguments.old_python), ("new", arguments.new_python)):
        commit = getattr(arguments, name)
        if python is not None:
            builds.append(Build(name, python, folder / f"{name}-cache"))
        elif commit is not None:
            builds.append(install(commit, name, folder))
        else:
            raise SystemExit(f"{name.upper()}: missing; expected a commit, or --{name}-python with an environment")
    return builds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", nargs="?", help="a commit")
    parser.add_argument("new", nargs="?", help="a commit")
    parser.add_argument(
        "--rows", help="names or beginnings of names, separated by commas; install alone is none of them"
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--old-python", help="Python of an environment that has the old build")
    parser.add_argument("--new-python", help="Python of an environment that has the new build")
    parser.add_argument("--folder", type=Path, help="keep worktrees, environments and caches there")
    arguments = parser.parse_args()
    rows = chosen_rows(arguments.rows)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if arguments.folder is None else arguments.folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            builds = environments(arguments, folder)
            print(report(builds, in_turn(builds, rows, arguments.repeats, measured)))
        finally:
            if arguments.folder is None:
                for tree in folder.glob("*-tree"):
                    run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)])


if __name__ == "__main__":
    main()
