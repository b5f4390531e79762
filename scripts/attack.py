"""All attacks, one after the other: what was attacked, how often, and what held.

    python scripts/attack.py            # about an hour; goes on from --keep after a stop
    python scripts/attack.py --quick    # a small part of each, under a minute

Each attack is a script of its own, seeded and bounded, which says what it does and can be run alone. Nothing leaves
this machine: schedulers and workers listen on the loopback interface. Printed are what each attack found, its time, and
the largest memory of its processes. With --markdown the table is put into docs/reliability.md. The exit code is 1 if
anything did not hold.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmark_common import SCRIPTS, facts, machine, table, with_section

DOCUMENT = SCRIPTS.parent / "docs" / "reliability.md"


@dataclass(frozen=True)
class Attack:
    """A script, what it attacks, and its arguments for a whole and for a quick run."""

    subject: str
    script: str
    whole: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


ATTACKS = (
    Attack("files of the program, bits flipped", "attack_files.py", (), ("--bits", "60")),
    Attack("surveys killed and started again", "attack_kills.py", ("--kills", "200"), ("--kills", "2")),
    Attack("results and certificates forged", "attack_forgeries.py", ("--forgeries", "5000"), ("--forgeries", "100")),
    Attack("calls of the kernel", "attack_calls.py", ("--calls", "15000"), ("--calls", "1000")),
    Attack("solves under load", "attack_load.py", ("--solves", "1000000"), ("--solves", "20000")),
)


@dataclass(frozen=True)
class Outcome:
    """What an attack found, and what it took."""

    held: bool
    found: str
    seconds: float
    megabytes: float


def run(attack: Attack, quick: bool, keep: Path | None) -> Outcome:
    """Run an attack in a process of its own."""
    arguments = list(attack.quick if quick else attack.whole)
    if keep is not None and attack.script == "attack_load.py":
        arguments += ["--keep", str(keep)]
    began = time.monotonic()
    path = os.pathsep.join(filter(None, [str(SCRIPTS.parent), os.environ.get("PYTHONPATH", "")]))
    result = subprocess.run(
        [sys.executable, str(SCRIPTS / attack.script), *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    print(result.stdout, end="", flush=True)
    if result.returncode:
        print(result.stderr[-2000:], file=sys.stderr)
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    # The largest memory of any process so far: later attacks never show less.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Outcome(result.returncode == 0, "; ".join(lines), time.monotonic() - began, memory)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small part of each attack")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="go on from this file with the solves")
    parser.add_argument("--markdown", action="store_true", help="put the table into docs/reliability.md")
    options = parser.parse_args()
    outcomes = {attack.subject: run(attack, options.quick, options.keep) for attack in ATTACKS}
    rows = [
        (subject, "held" if outcome.held else "**did not hold**", outcome.found, f"{outcome.seconds:.0f} s")
        for subject, outcome in outcomes.items()
    ]
    about = machine() | {"largest memory": f"{max(outcome.megabytes for outcome in outcomes.values()):.0f} MB"}
    text = facts(about) + "\n\n" + table(("attack", "", "found", "time"), rows)
    print(text)
    if options.markdown:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(), "attacks", text))
    return 0 if all(outcome.held for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
