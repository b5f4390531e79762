"""Programs of Dask for tests: a scheduler and workers on the loopback interface, as fixtures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from tests import ROOT

__all__ = ["scheduler", "start_scheduler", "start_worker", "started"]


@pytest.fixture
def started(tmp_path):
    """Starts a program of Dask; all are ended after the test."""
    with ExitStack() as stack:

        def start(name, *arguments, first_on_path=""):
            log = stack.enter_context(open(tmp_path / f"{name}-{time.monotonic_ns()}.log", "wb"))
            places = [str(first_on_path), str(ROOT), os.environ.get("PYTHONPATH", "")]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{name}", *arguments],
                stdout=log, stderr=log, env=environment, cwd=tmp_path,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def scheduler(started, tmp_path):
    """The address of a scheduler without workers."""
    return start_scheduler(started, tmp_path)[0]


def start_scheduler(started, tmp_path):
    """Its address and its process."""
    place = tmp_path / "scheduler.json"
    process = started(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place)
    )
    for _ in range(600):
        if place.exists() and place.stat().st_size:
            return json.loads(place.read_text())["address"], process
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")


@pytest.fixture
def start_worker(started):
    return lambda address, **options: started(
        "worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", **options
    )
