"""Processes that tests start in a session of their own, so that they can be told from others."""

from __future__ import annotations

import os
import signal
import time


def assert_session_ends(leader: int) -> None:
    """Wait until no process of a session is left; after half a minute end the processes and fail."""
    for _ in range(600):
        try:
            os.killpg(leader, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(leader, signal.SIGKILL)
    raise AssertionError("processes were still there")
