"""Programs for Gröbner bases: what they read, what they answer, and when they are stopped."""

from __future__ import annotations

import sys
from time import monotonic

import pytest

from homotopy_lcn.counting import groebner_programs
from homotopy_lcn.counting.groebner_programs import (
    GroebnerFailure,
    GroebnerProgram,
    TimeIsUp,
    leading_monomials,
    macaulay2_program,
    msolve_program,
    number_of_standard_monomials,
)
from tests.sessions import assert_session_ends

PRIME = 2147483629
#: x² + y² − 1 and x y − 9 x + 3.
EQUATIONS = [{(2, 0): 1, (0, 2): 1, (0, 0): PRIME - 1}, {(1, 1): 1, (1, 0): PRIME - 9, (0, 0): 3}]
PROGRAMS = [program for program in (msolve_program(), macaulay2_program()) if program is not None]
posix = pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_leading_monomials_are_those_of_two_conics(program):
    leading = leading_monomials(program, EQUATIONS, 2, PRIME)
    assert sorted(leading) == [(0, 3), (1, 1), (2, 0)]
    assert number_of_standard_monomials(leading, 2) == 4


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_system_without_solutions_has_the_monomial_one(program):
    assert leading_monomials(program, [{(1,): 1}, {(1,): 1, (0,): 5}], 1, PRIME) == [(0,)]


def test_standard_monomials_are_counted():
    assert number_of_standard_monomials([(0, 0)], 2) == 0
    assert number_of_standard_monomials([(2, 0)], 2) is None
    assert number_of_standard_monomials([(3, 0, 0), (0, 4, 0), (0, 0, 5)], 3) == 60
    assert number_of_standard_monomials([], 0) == 1


def script(tmp_path, text: str) -> GroebnerProgram:
    path = tmp_path / "program"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return GroebnerProgram("msolve", str(path))


HONEST = {
    "variables": 2, "equations": 2, "invalid": 0, "said_prime": PRIME, "prime": PRIME, "order": "x1, x2", "length": 3,
    "basis": "x1^1*x2^1,\\nx1^2,\\nx2^3",
}  # fmt: skip


def answering(tmp_path, **changes: object) -> GroebnerProgram:
    values = {**HONEST, **changes}
    return script(
        tmp_path,
        "import sys\n"
        f"print('#variables {values['variables']}\\n#equations {values['equations']}', file=sys.stderr)\n"
        f"print('#invalid equations {values['invalid']}', file=sys.stderr)\n"
        f"print('field characteristic {values['said_prime']}', file=sys.stderr)\n"
        "with open('answer', 'w') as file:\n"
        f"    file.write('#field characteristic: {values['prime']}\\n#variable order: {values['order']}\\n')\n"
        f"    file.write('#length of basis: {values['length']} elements\\n[{values['basis']}]:\\n')\n",
    )


@posix
def test_an_honest_answer_is_read(tmp_path):
    assert leading_monomials(answering(tmp_path), EQUATIONS, 2, PRIME) == [(1, 1), (2, 0), (0, 3)]


@posix
@pytest.mark.parametrize(
    "changes",
    [
        {"variables": 3},
        {"equations": 1},
        {"invalid": 1},
        {"prime": 7},
        {"said_prime": 7},
        {"order": "x2, x1"},
        {"length": 2},
        {"basis": "x1^1*x2^1,\\nA^2,\\nx2^3"},
        {"basis": "2*x1^1,\\nx1^2,\\nx2^3"},
        {"basis": "x1^1*x1^1,\\nx1^2,\\nx2^3"},
    ],
    ids=str,
)
def test_an_answer_to_another_system_is_refused(changes, tmp_path):
    with pytest.raises(GroebnerFailure, match="msolve"):
        leading_monomials(answering(tmp_path, **changes), EQUATIONS, 2, PRIME)


@posix
def test_a_program_that_says_nothing_or_fails_is_no_answer(tmp_path):
    for text in "", "raise SystemExit(3)":
        with pytest.raises(GroebnerFailure):
            leading_monomials(script(tmp_path, text), EQUATIONS, 2, PRIME)


@posix
def test_a_program_is_ended_with_its_children_at_the_deadline(tmp_path):
    program = script(
        tmp_path,
        "import os, pathlib, subprocess, sys, time\n"
        f"pathlib.Path({str(tmp_path / 'leader')!r}).write_text(str(os.getpid()))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "time.sleep(600)\n",
    )
    with pytest.raises(TimeIsUp):
        leading_monomials(program, EQUATIONS, 2, PRIME, monotonic() + 2)
    assert_session_ends(int((tmp_path / "leader").read_text()))
    with pytest.raises(TimeIsUp):
        leading_monomials(program, EQUATIONS, 2, PRIME, monotonic() - 1)


def test_no_program_is_found_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("homotopy_lcn.equations.msolve_program.WHEEL", "no-such-wheel")
    assert groebner_programs.find_program() is None
