"""bertini2 as a witness; PHCpack is in tests/tracking/test_phcpack.py."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.interchange import bertini2_blackbox, cross_checks
from tests.small_networks import solved
from tests.tracking.test_phcpack import without

NETWORK = ((3, 2), (2, 1))
needs_bertini2 = pytest.mark.skipif(find_spec("bertini") is None, reason="needs bertini2 (PyPI: bertini2)")


@needs_bertini2
@pytest.mark.parametrize("network", [NETWORK, ((2, 2), (1, 1)), ((1, 3, 2), (5, 2, 1))])
def test_bertini2_confirms_every_filter(network):
    result = solved(*network)
    check = hl.cross_check(result, program="bertini2")
    assert check.agrees
    assert check.confirmed == len(result) == len(check.rows)
    assert (check.missed, check.partly, check.failures) == ((), (), ())
    assert str(check).startswith("bertini2 4.")


@needs_bertini2
def test_a_filter_that_we_miss_is_noticed():
    check = hl.cross_check(without(solved(*NETWORK), 7), program="bertini2")
    assert not check.agrees
    assert len(check.overlooked) == 1


@needs_bertini2
def test_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert (
        cli.main(["solve", "-k", "2,2", "-s", "2,1", "--random", "--cross-check", "bertini2", "--json", "r.json"]) == 0
    )
    assert "confirms 6 of 6 filters" in capsys.readouterr().out
    assert json.loads((tmp_path / "r.json").read_text())["cross_check"]["program"].startswith("bertini2 ")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]  # bertini2 keeps no records


def test_absence_is_told_with_the_remedy(monkeypatch, capsys):
    monkeypatch.setattr(bertini2_blackbox, "find_spec", lambda name: None)
    with pytest.raises(hl.InputError, match=r"^cross_check: bertini2 is not installed in this Python; pip install"):
        hl.cross_check(solved(*NETWORK), program="bertini2")
    assert cli.main(["solve", "-k", "2,2", "-s", "1,1", "--random", "--cross-check", "bertini2"]) == 2
    assert capsys.readouterr().err.startswith("homotopy-lcn: --cross-check: bertini2 is not installed")


def test_names():
    assert cross_checks.witness("phc") == cross_checks.witness("phcpack")
    with pytest.raises(
        hl.InputError, match=r"^cross_check: 'maple' is not known; expected phcpack, bertini2 or msolve"
    ):
        hl.cross_check(solved(*NETWORK), program="maple")


@pytest.mark.parametrize(
    ("code", "timeout", "message"),
    [
        ("raise SystemExit('no licence')", None, "bertini2 failed: no licence"),
        ("import os; os._exit(4)", None, "bertini2 failed: exit code 4"),
        ("pass", None, "bertini2 failed: exit code 0"),
        ("import time; time.sleep(60)", 0.5, "bertini2 gave no answer in 0.5 s"),
    ],
)
def test_a_failing_program_is_reported(code, timeout, message, monkeypatch):
    monkeypatch.setattr(bertini2_blackbox, "check_installed", lambda: None)
    monkeypatch.setattr(bertini2_blackbox, "_SCRIPT", code)
    check = hl.cross_check(solved(*NETWORK), program="bertini2", patches=1, timeout=timeout)
    assert check.failures == (message,)
    assert check.confirmed == 0
    assert check.agrees
