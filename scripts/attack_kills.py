"""Kill surveys at random moments and start them again: the end is that of a run that nothing happened to.

Each survey has a directory of draws and a cache of start systems of its own, so that it is killed while it computes
start systems, solves, and writes. It is killed with SIGKILL after a random time, started again, killed again, and so
on; after the last kill of a round it runs to its end. Then all files must equal those of an undisturbed run, byte for
byte, and no other file may be left in the two folders. All moments come from --seed; the exit code is 1 if anything
differs.

    python scripts/attack_kills.py --kills 200
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

__all__ = ["Run", "differences"]

ROOT = Path(__file__).resolve().parent.parent
#: The survey: white data, whose start systems are computed, and a network for which there are shipped ones.
COMMAND = ("-k", "2,2", "-s", "1,1", "-k", "3,2", "-s", "2,1", "--data-model", "white", "--seed", "3")
KILLS_A_ROUND = 8


class Run:
    """A survey with a directory of draws and a cache below a folder.

    Parameters
    ----------
    folder : Path
    draws, chunk, jobs : int
    """

    def __init__(self, folder: Path, draws: int = 200, chunk: int = 20, jobs: int = 2) -> None:
        self.folder = folder
        self.draws, self.cache = folder / "draws", folder / "cache"
        sizes = ("--draws", str(draws), "--chunk", str(chunk), "--jobs", str(jobs))
        self._command = [sys.executable, "-m", "homotopy_lcn", "survey", *COMMAND, *sizes, "-q", "-o", str(self.draws)]
        self._environment = {
            **os.environ,
            "HOMOTOPY_LCN_CACHE": str(self.cache),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        }

    def kill_after(self, seconds: float) -> bool:
        """Start the survey and kill it; False if it had ended before."""
        with subprocess.Popen(self._command, env=self._environment, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
            else:
                assert process.returncode == 0, f"exit code {process.returncode}"
                return False
        return True

    def finish(self) -> float:
        """Run the survey to its end; the seconds that this takes."""
        began = time.monotonic()
        subprocess.run(self._command, env=self._environment, check=True, timeout=600)
        return time.monotonic() - began

    def files(self) -> dict[str, bytes]:
        """Names and contents of all files."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }


def differences(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Names of files that are missing, too many, or different.

    Archives of start systems hold the time when they were written, so only their names are compared.
    """
    names = sorted(found.keys() ^ expected.keys())
    same = sorted(found.keys() & expected.keys())
    return names + [name for name in same if not name.endswith(".npz") and found[name] != expected[name]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()

    rng = np.random.default_rng(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="attack-kills-"))
    kills = rounds = 0
    failures: list[str] = []
    try:
        undisturbed = Run(folder / "undisturbed")
        undisturbed.folder.mkdir()
        seconds = undisturbed.finish()
        expected = undisturbed.files()
        while kills < options.kills:
            rounds += 1
            run = Run(folder / f"round-{rounds}")
            run.folder.mkdir()
            for moment in rng.uniform(0, seconds, min(KILLS_A_ROUND, options.kills - kills)):
                kills += run.kill_after(float(moment))
            run.finish()
            failures += [f"round {rounds}: {name}" for name in differences(run.files(), expected)]
            shutil.rmtree(run.folder)
    finally:
        shutil.rmtree(folder)
    print(f"{kills} kills in {rounds} rounds, {len(failures)} files that differ or were left behind")
    for failure in failures[:20]:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
