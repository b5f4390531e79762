"""Properties that are computed once, in children of busy processes, too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from homotopy_lcn.doors import cached_property

FORK_WHILE_COMPUTING = """
import os, sys, threading, time
from homotopy_lcn.doors import cached_property

class Slow:
    def __init__(self, seconds):
        self.seconds = seconds

    @cached_property
    def value(self):
        time.sleep(self.seconds)
        return 7

threading.Thread(target=lambda: Slow(60).value, daemon=True).start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    os._exit(Slow(0).value)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
os._exit(code)
"""


class Counted:
    """Counts how often its property is computed."""

    def __init__(self):
        self.calls = 0

    @cached_property
    def value(self):
        """A value."""
        self.calls += 1
        return [self.calls]


def test_a_property_is_computed_once():
    one, other = Counted(), Counted()
    assert one.value is one.value
    assert one.calls == 1
    assert other.calls == 0
    assert Counted.value.__doc__ == "A value."


def test_it_may_be_computed_again():
    one = Counted()
    first = one.value
    del one.value
    assert one.value is not first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_does_not_wait_for_a_property_of_its_parent():
    code = [sys.executable, "-W", "ignore", "-c", FORK_WHILE_COMPUTING]
    assert subprocess.run(code, timeout=20, check=False).returncode == 7
