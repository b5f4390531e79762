"""The examination of an installation: it finds what is broken, and only that."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

from homotopy_lcn import cli
from homotopy_lcn.interchange import installation
from homotopy_lcn.solving import stored_arrays
from homotopy_lcn.tracking import get_engine, phcpack_program
from homotopy_lcn.tracking.reference import ReferenceEngine


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def finding(subject):
    return next(found for found in installation.examine() if found.subject == subject)


def test_a_sound_installation_is_called_sound(cache, capsys):
    assert cli.main(["doctor", "--json", "-"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["sound"]
    assert {"kernel", "cache", "self-test"} <= {found["subject"] for found in answer["findings"]}
    assert cli.main(["doctor"]) == 0
    assert "complete" in capsys.readouterr().out


def test_a_damaged_file_of_the_cache_is_named_and_the_exit_code_is_3(cache, capsys):
    whole, damaged = cache / "whole.npz", cache / "damaged.npz"
    for path in (whole, damaged):
        stored_arrays.write_arrays(path, {"points": np.arange(100.0)})
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert cli.main(["doctor"]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert "damaged.npz (delete" in shown
    assert "whole.npz" not in shown


def test_a_cache_that_cannot_be_written_to_is_named(cache):
    cache.write_text("a file, not a folder")
    found = finding("cache")
    assert (found.state, "HOMOTOPY_LCN_CACHE" in found.remedy) == ("broken", True)


def test_without_a_kernel_the_rest_works(cache, monkeypatch):
    monkeypatch.setattr(installation, "get_engine", lambda name="auto": ReferenceEngine())
    assert finding("kernel").state == "absent"
    assert "reference" in installation.version_line()


@pytest.mark.skipif(get_engine().name != "native", reason="needs the compiled kernel")
def test_a_kernel_that_ends_elsewhere_is_broken(cache, monkeypatch):
    from homotopy_lcn.tracking.native import NativeEngine

    track = NativeEngine.track

    def wrong(self, *arguments, **keywords):
        result = track(self, *arguments, **keywords)
        if self.instruction_set == "baseline":
            result.points[0, 0] *= 1 + 1e-6
        return result

    monkeypatch.setattr(NativeEngine, "track", wrong)
    found = finding("kernel")
    assert found.state == "broken"
    assert found.text.startswith("baseline")


def test_a_solve_that_is_not_complete_is_broken(cache, monkeypatch):
    class Incomplete:
        complete = False

    monkeypatch.setattr(installation, "critical_points", lambda *_: Incomplete())
    assert finding("self-test").state == "broken"


def test_packages_and_programs_that_are_absent_come_with_the_way_to_install_them(cache, monkeypatch):
    monkeypatch.setattr(installation, "find_spec", lambda module: None)
    monkeypatch.setattr(installation, "phcpy_trackers", lambda: None)
    monkeypatch.setattr(installation, "find_msolve", lambda: None)
    monkeypatch.setattr(installation.shutil, "which", lambda program: None)
    absent = {found.subject: found for found in installation.examine() if found.state == "absent"}
    assert set(absent) == {name for name, *_ in installation.OPTIONAL} | {"phc", "M2", "msolve", "phcpy"}
    assert all("install" in found.remedy for found in absent.values())


@pytest.mark.skipif(installation.find_msolve() is None, reason="msolve is not installed")
def test_msolve_is_listed_for_exact_counts_and_is_broken_if_it_counts_wrongly(cache, monkeypatch):
    sound = finding("msolve")
    assert sound.state == "ok"
    assert "exact counts" in sound.text
    monkeypatch.setattr(installation, "count_by_groebner", lambda *_: 7)
    broken = finding("msolve")
    assert broken.state == "broken"
    assert "counts 7 critical points where there are 6" in broken.text
    monkeypatch.setattr(installation, "count_by_groebner", Mock(side_effect=installation.GroebnerFailure("no answer")))
    assert "no answer" in finding("msolve").text


def test_a_package_that_cannot_be_imported_is_broken_and_one_without_a_version_is_not(cache, monkeypatch, tmp_path):
    (tmp_path / "broken_package.py").write_text("raise ImportError('made for another\\nPython')")
    (tmp_path / "plain_package.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    packages = (("one", "broken_package", "numbers", "frame"), ("other", "plain_package", "numbers", "frame"))
    monkeypatch.setattr(installation, "OPTIONAL", packages)
    broken, plain = finding("one"), finding("other")
    assert (broken.state, broken.text) == ("broken", "cannot be imported: made for another Python")
    assert "uninstall" in broken.remedy
    assert plain.state == "ok"


def test_phcpy_of_another_python_or_version_is_not_used(cache, monkeypatch):
    modules = {"phcpy": SimpleNamespace(), "phcpy.tuning": SimpleNamespace(), "phcpy.trackers": SimpleNamespace()}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    assert phcpack_program.phcpy_trackers() is None
    monkeypatch.setattr(installation, "find_spec", lambda module: object())
    assert "phc is used" in finding("phcpy").text
    modules["phcpy.trackers"].standard_double_track = None
    assert finding("phcpy").state == "ok"


def test_the_version_names_engine_and_instruction_set(capsys):
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(
        r"homotopy-lcn \d+\.\d+\.\d+ \((native engine, \w+|reference engine)\)\n", capsys.readouterr().out
    )


def test_the_shell_completes_commands():
    environment = {
        **os.environ,
        "_HOMOTOPY_LCN_COMPLETE": "complete_bash",
        "COMP_WORDS": "homotopy-lcn so",
        "COMP_CWORD": "1",
    }
    program = [
        sys.executable,
        "-c",
        "import sys; sys.argv[0] = 'homotopy-lcn'; from homotopy_lcn.cli.program import main; main()",
    ]
    result = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["solve"]
