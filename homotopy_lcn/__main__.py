"""Run the command line, as ``python -m homotopy_lcn`` and as ``homotopy-lcn``.

The module imports next to nothing until `main` is called, so that Ctrl-C ends in one line during imports, too.
"""

from __future__ import annotations

import gc
import signal
import sys

__all__ = ["main"]

#: New objects after which the garbage collector looks for cycles: some ten megabytes.
MOST_NEW_OBJECTS = 100_000


def main() -> int:
    """Run the program with the arguments that it was started with, and return its exit code."""
    # Nearly all objects made at the start stay, and looking for garbage among them takes a tenth of a small solve.
    gc.set_threshold(MOST_NEW_OBJECTS)
    came: list[int] = []
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # it may be ignored, as in the background
    if usual:  # an interrupt of an import can be lost, so it waits for the end of the import
        signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    from .cli.program import main as run

    if came:
        print("homotopy-lcn: interrupted before it began: nothing was computed or written", file=sys.stderr)
        return 128 + came[0]  # as shells count
    if usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run()
    if usual:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the outcome is settled
    return code


if __name__ == "__main__":
    sys.exit(main())
