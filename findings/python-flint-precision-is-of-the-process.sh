#!/usr/bin/env bash
# python-flint 0.9.0 has one working precision for all threads; leaving a `workprec` block changes it for the others.
#
# flint.ctx is one object for the process, not a context variable as that of Python's decimal. `with ctx.workprec(300)`
# therefore promises 300 bits only as long as no other thread enters or leaves a block of its own. Here a thread enters
# its block of 53 bits first and leaves it while the main thread is in a block of 300 bits: the exit writes the old
# value, 53, into the context that both share. Balls computed in the block of 300 bits then have 51 accurate bits, and
# nothing says so: enclosures stay correct and get wide, so that proofs fail at random under threads. In the other
# order, 300 bits stay behind after all blocks are left.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'python-flint==0.9.0' 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import threading

import flint
from flint import arb, ctx

print("python-flint", flint.__version__)
ctx.prec = 53


def run(first: int, second: int) -> tuple[int, int, int]:
    """Precision and accurate bits in the second block after the first one is left, and the precision at the end."""
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with ctx.workprec(first):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    with ctx.workprec(second):
        leave.set()
        thread.join()
        inside = ctx.prec, int((arb(1) / 3).rel_accuracy_bits())
    end, ctx.prec = ctx.prec, 53
    return (*inside, end)


low_first, high_first = run(53, 300), run(300, 53)
print("in a block of 300 bits, after a thread has left its block of 53:", low_first)
print("in a block of 53 bits, after a thread has left its block of 300:", high_first)
if low_first[:2] != (53, 51) or high_first[2] != 300:
    raise SystemExit("changed: the working precision belongs to a thread or a context now")
PYTHON
