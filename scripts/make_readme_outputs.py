"""Write below the commands of README.md what each of them prints.

python scripts/make_readme_outputs.py            # all but the commands that take minutes
python scripts/make_readme_outputs.py --slow     # those, too
"""

from __future__ import annotations

import html
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
#: Characters of a line, and lines shown of what a command prints.
WIDTH, MOST_LINES = 120, 34
LEFT_OUT = "…"
#: Commands that take more than half a minute.
SLOW = ("survey", "paper")
#: Commands that print what differs from machine to machine: of an entry only the first word is compared.
OF_THE_MACHINE = ("doctor",)
#: When a result was solved.
DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
#: Numbers differ in their last digits from machine to machine.
TOLERANCE = 1e-3
BEGIN, END = "<!-- what the commands print -->\n", "<!-- end -->\n"


def commands(text: str) -> list[str]:
    """The commands of the section on the command line, without comments."""
    section = text.partition("## From the command line\n")[2].partition("\n`-k` gives")[0]
    lines = re.findall(r"^    (homotopy-lcn .*)$", section, re.MULTILINE)
    return [shlex.join(shlex.split(line, comments=True)) for line in lines]


def outputs(text: str) -> dict[str, str]:
    """What README says that each command prints."""
    found = re.findall(
        r"<summary><code>(.*?)</code></summary>\n\n```text\n(.*?)```\n", text.partition(BEGIN)[2], re.DOTALL
    )
    return {html.unescape(command): printed for command, printed in found}


def prepare(folder: Path) -> None:
    """Make the files that the commands read, with random numbers."""
    shutil.copytree(ROOT / "data", folder / "data", ignore=shutil.ignore_patterns("__pycache__"))
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(100, 5)), rng.normal(size=(100, 1))
    np.savez(folder / "mine.npz", X=X, Y=Y)
    np.savez(folder / "few.npz", X=X[:3], Y=Y[:3])
    parts, targets = X.reshape(10, 10, 5), Y.reshape(10, 10, 1)
    b = (parts.swapaxes(1, 2) @ targets)[..., 0]
    np.savez(folder / "many.npz", gram=parts.swapaxes(1, 2) @ parts, b=b, constant=(targets**2).sum(axis=(1, 2)))
    rows = [",".join("abcdef"), *(",".join(map(repr, [*x.tolist(), *y.tolist()])) for x, y in zip(X, Y, strict=True))]
    (folder / "mine.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    exact = {"gram": [[1, "1/3", 0], ["1/3", "1.1", "0.1"], [0, "0.1", 2]], "b": ["0.1", "-1/7", 1]}
    (folder / "exact.json").write_text(json.dumps(exact), encoding="utf-8")


def shown(printed: str) -> str:
    """What a command prints, as README shows it: the first lines."""
    lines = printed.strip("\n").splitlines()
    return "\n".join([*lines[:MOST_LINES], LEFT_OUT] if len(lines) > MOST_LINES else lines) + "\n"


def without_places(printed: str) -> str:
    """The same with no folder of this machine."""
    return printed.replace(str(ROOT), LEFT_OUT).replace(str(Path.home()), "~")


def alike(command: str, one: str, other: str) -> bool:
    """Whether two outputs of a command are the same but for the last digits of numbers."""
    one, other = (DATE.sub("then", text) for text in (one, other))
    if shlex.split(command)[1] in OF_THE_MACHINE:
        subjects = [
            [line.split()[1] for line in text.splitlines() if not line.startswith(" ")] for text in (one, other)
        ]
        return subjects[0] == subjects[1]
    pairs = [(line.split(), line_.split()) for line, line_ in zip(one.splitlines(), other.splitlines(), strict=False)]
    if one.count("\n") != other.count("\n"):
        return False
    return all(
        len(words) == len(words_) and all(map(_same_word, words, words_))
        for words, words_ in pairs
        if not set("".join(words)) <= set("─╭╮╰╯│")
    )


def _same_word(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=1e-9)
    except ValueError:
        return False


def section(printed: dict[str, str]) -> str:
    """The part of README that shows outputs."""
    lines = []
    for command, text in printed.items():
        lines.append(f"<details><summary><code>{html.escape(command, quote=False)}</code></summary>\n\n")
        lines.append(f"```text\n{text}```\n\n</details>\n")
    return "".join(lines)


def main() -> None:
    """Run the commands and replace the outputs."""
    text = README.read_text(encoding="utf-8")
    known, printed = outputs(text), {}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        environment = {**os.environ, "COLUMNS": str(WIDTH)}
        for command in commands(text):
            _, name, *arguments = shlex.split(command)
            if name in SLOW and "--slow" not in sys.argv and command in known:
                printed[command] = known[command]
                continue
            done = subprocess.run(
                [sys.executable, "-m", "homotopy_lcn", name, *arguments],
                cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8",
            )  # fmt: skip
            printed[command] = shown(without_places(done.stdout))
    before, _, rest = text.partition(BEGIN)
    README.write_text(before + BEGIN + section(printed) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
