"""The working precision of python-flint: one thread at a time, and afterwards as the caller has set it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

import homotopy_lcn.certification
from homotopy_lcn import InputError, certificate, certify
from homotopy_lcn.certification import point_proofs
from homotopy_lcn.certification._flint import ctx, in_standard_precision, working_precision
from homotopy_lcn.certification.certificate_file import check, check_text, to_text
from tests import ROOT
from tests.small_networks import random_problem, solved

NETWORKS = [
    ((3, 2), (2, 1)),
    ((2, 2), (1, 1)),
    ((3, 3), (1, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((3,), (1,)),
    ((4, 3), (2, 1)),
]


@pytest.fixture
def precision():
    """Another precision than the one that python-flint begins with."""
    before, ctx.prec = ctx.prec, 77
    yield 77
    ctx.prec = before


def test_threads_get_the_certificates_that_one_thread_gets(precision):
    results = [solved(*network) for network in NETWORKS]
    options = [{}, {"digits": 40}, {"digits": 150}]
    expected = [[to_text(certificate(result, **each)) for each in options] for result in results]

    def work(number):
        result, row = results[number % len(results)], expected[number % len(results)]
        text = to_text(certificate(result, **options[number % 3]))
        outcome = check_text(text)
        return text == row[number % 3], outcome.failures

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(work, range(48)))
    finally:
        sys.setswitchinterval(switch)
    assert outcomes == [(True, ())] * 48
    assert ctx.prec == precision


@pytest.mark.parametrize("bits", [2, 10, 53, 5000])
def test_the_precision_of_the_caller_changes_no_certificate_and_stays(bits, precision, tmp_path):
    problem, result = random_problem((3, 2), (2, 1)), solved((3, 2), (2, 1))
    proofs = certificate(result)
    text, summary = to_text(proofs), str(proofs)
    path = tmp_path / "proof.json"
    path.write_text(text, encoding="utf-8")
    ctx.prec = bits
    again = certificate(result)
    assert (to_text(again), str(again)) == (text, summary)
    assert again.decimals(0, 12) == proofs.decimals(0, 12)
    assert certify(result) == proofs.result
    assert check(path).least_loss == check_text(text).least_loss
    assert certificate(result, samples=(problem.X, problem.Y)).complete
    assert [point.enclosure[1].max() for point in again.points] == [point.enclosure[1].max() for point in proofs.points]
    assert ctx.prec == bits


def test_the_precision_is_restored_after_an_exception(monkeypatch, precision):
    def fail(*_):
        assert ctx.prec != precision
        raise RuntimeError("in the middle of a proof")

    with monkeypatch.context() as failing:
        failing.setattr(point_proofs, "prove_box", fail)
        with pytest.raises(RuntimeError, match="in the middle"):
            certificate(solved((3, 2), (2, 1)), digits=50)
    assert ctx.prec == precision
    with pytest.raises(InputError):
        check_text(to_text(certificate(solved((3, 2), (2, 1)))).replace('"middle": [[', '"middle": [[1, '))
    assert ctx.prec == precision
    # The lock is free again.
    outcome = []
    thread = Thread(target=lambda: outcome.append(certificate(solved((3, 2), (2, 1))).complete), daemon=True)
    thread.start()
    thread.join(60)
    assert outcome == [True]


def test_a_thread_may_set_a_precision_within_another(precision):
    @in_standard_precision
    def standard():
        return ctx.prec

    with working_precision(200):
        with working_precision(300):
            assert (ctx.prec, standard()) == (300, 53)
        assert ctx.prec == 200
    assert ctx.prec == precision


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_does_not_wait_for_a_thread_of_its_parent():
    code = (
        "import os, threading\n"
        "from homotopy_lcn.certification._flint import working_precision\n"
        "held, done = threading.Event(), threading.Event()\n"
        "def hold():\n"
        "    with working_precision(99):\n"
        "        held.set()\n"
        "        done.wait()\n"
        "threading.Thread(target=hold).start()\n"
        "held.wait()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    with working_precision(64):\n"
        "        os._exit(7)\n"
        "status = os.waitpid(child, 0)[1]\n"
        "done.set()\n"
        "print(os.waitstatus_to_exitcode(status))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True)
    assert ran.stdout.split() == ["7"]


# Python's option -O takes assertions away


def test_no_proof_is_guarded_by_an_assertion():
    for path in Path(homotopy_lcn.certification.__file__).parent.glob("*.py"):
        found = [node.lineno for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Assert)]
        assert found == [], path.name


def test_without_assertions_the_same_is_proved_and_refused(tmp_path):
    text = to_text(certificate(solved((2, 2), (1, 1))))
    path = tmp_path / "proof.json"
    path.write_text(text, encoding="utf-8")
    code = (
        "import sys\n"
        "from homotopy_lcn.certification._flint import arb\n"
        "from homotopy_lcn.certification.certificate_file import check, check_text\n"
        "from homotopy_lcn.certification.krawczyk_in_balls import _fraction_of\n"
        "assert False\n"
        "print(check(sys.argv[1]).failures)\n"
        "text = open(sys.argv[1]).read()\n"
        "print(len(check_text(text.replace('\"proved\": 1', '\"proved\": 2')).failures) > 0)\n"
        "try:\n"
        "    _fraction_of(arb(1) / 3)\n"
        "except ArithmeticError:\n"
        "    print('rounded')\n"
    )
    command = [sys.executable, "-O", "-c", code, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=True)
    assert ran.stdout.splitlines() == ["()", "True", "rounded"]
