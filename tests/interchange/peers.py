"""Programs of others, where they are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction
from functools import cache

from homotopy_lcn.equations.msolve_program import find_msolve


def msolve_solutions(path):
    """The number of complex solutions, with multiplicity, and the real solutions (midpoints of msolve's boxes)."""
    command = [find_msolve(), "-f", str(path), "-P", "1"]
    text = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    head = re.match(r"\[0, \[0,\s*\d+,\s*(\d+),", text)
    assert head, text[:200]
    names = re.search(r"\[('.*?')\]", text)[1].split(", ")
    boxes = re.sub(r" / 2(?=[,\]])", " / 2^1", text[text.rindex("[1,\n") + 4 :])
    pairs = re.findall(r"\[(-?\d+)(?: / 2\^(\d+))?, (-?\d+)(?: / 2\^(\d+))?\]", boxes)
    middles = [
        float((Fraction(int(a), 2 ** int(p or 0)) + Fraction(int(b), 2 ** int(q or 0))) / 2) for a, p, b, q in pairs
    ]
    assert len(middles) % len(names) == 0
    return int(head[1]), [middles[i : i + len(names)] for i in range(0, len(middles), len(names))]


@cache
def macaulay2_has(package):
    """Whether Macaulay2 is there and has a package."""
    if shutil.which("M2") is None:
        return False
    command = ["M2", "--silent", "--stop", "-e", f'needsPackage "{package}"; exit 0']
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60).returncode == 0
