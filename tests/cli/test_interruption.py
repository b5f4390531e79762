"""Ctrl-C: one line that says what is kept, and exit code 130, whatever the program is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from homotopy_lcn.cli import program
from tests import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
NETWORK = ("-k", "3,2", "-s", "2,1")
START = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # the runner may ignore it

class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from homotopy_lcn.__main__ import main
sys.exit(main())
"""


def begin(arguments, folder, module=None):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOMOTOPY_LCN_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        [sys.executable, "-c", START.format(module=module), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends Ctrl-C to all processes of the program
    )


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("typer", ("survey", "-k3,2", "-s2,1", "--draws", "1000000")),
        ("numpy", ("solve", "-k", "5,5", "-s", "2,1", "--random", "--engine", "reference")),
        ("numpy.linalg", ("tabulate", "--max-filter-size", "8", "--measure", "--format", "csv", "-o", "t.csv")),
        ("homotopy_lcn.surveys.surveys", ("survey", *NETWORK, "--draws", "1000000")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_interrupt_during_an_import_is_neither_lost_nor_an_error(module, arguments, tmp_path):
    with begin(arguments, tmp_path, module) as process:
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert errors.startswith("homotopy-lcn: interrupted")
    assert errors.count("\n") == 1
    assert output == "" or "0 of" in output


@pytest.mark.parametrize("pause", [0.3, 1.5])
def test_the_processes_of_a_survey_say_nothing(tmp_path, pause):
    arguments = ("survey", "-k", "3,3", "-s", "1,1", "--draws", "1000000", "--jobs", "2")
    with begin(arguments, tmp_path) as process:
        time.sleep(pause)  # the processes of the survey begin, or are at work: the outcome is the same
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=300)
    if process.returncode == -signal.SIGINT:
        pytest.skip("Python had not begun")
    assert process.returncode == 130
    assert errors.startswith("homotopy-lcn: interrupted before")
    assert errors.count("\n") == 1
    assert output == ""


def test_proofs_that_are_interrupted_leave_the_result(tmp_path, monkeypatch, capsys):
    from homotopy_lcn.certification import certificates

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(certificates, "certificate", interrupt)
    path = tmp_path / "result.json"
    assert program.main(["solve", *NETWORK, "--random", "--certify", "--json", str(path)]) == 130
    output = capsys.readouterr()
    assert "complete" in output.out
    assert "the proofs are left out" in output.err
    assert path.exists()


def test_an_error_that_a_library_made_of_an_interrupt_is_none_of_ours(monkeypatch, capsys):
    from homotopy_lcn.networks import counts

    def convert(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("cannot be loaded") from None

    monkeypatch.setattr("homotopy_lcn.solving.white_counts.generic_count", convert)
    monkeypatch.setattr(counts, "generic_count", convert)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert program.main(["count", *NETWORK]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err.startswith("homotopy-lcn: interrupted before")


def test_an_interrupt_while_an_object_is_taken_down_comes_again():
    class Dying:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def wait(received):
        Dying()
        assert received == [signal.SIGINT]
        time.sleep(60)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the runner may ignore it
    try:
        with program._interruptions() as received, pytest.raises(KeyboardInterrupt):
            wait(received)
    finally:
        signal.signal(signal.SIGINT, before)
