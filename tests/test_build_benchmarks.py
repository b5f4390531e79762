"""The comparison of two builds, without its clocks and without installing anything."""

from __future__ import annotations

import json
import subprocess
import sys

import benchmark_builds
import build_benchmarks
import pytest
from benchmark_builds import Build, Installation


def test_every_row_has_a_function_and_a_text():
    texts = benchmark_builds.row_texts()
    assert list(texts) == list(build_benchmarks.rows())
    assert all("\n" not in text and "|" not in text for text in texts.values())


def test_rows_are_chosen_by_name_or_beginning():
    known = list(benchmark_builds.row_texts())
    assert benchmark_builds.chosen_rows("cold,warm") == ["cold", *(name for name in known if name.startswith("warm_"))]
    assert benchmark_builds.chosen_rows("install") == []
    assert "check_433" in benchmark_builds.chosen_rows(None)
    assert not [name for name in benchmark_builds.chosen_rows(None) if "444" in name]
    assert benchmark_builds.chosen_rows("check_444,check") == ["check_444", "check_433"]
    with pytest.raises(SystemExit, match="'fast' is no row"):
        benchmark_builds.chosen_rows("fast")


def test_an_unknown_row_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["build_benchmarks.py", "fast"])
    with pytest.raises(SystemExit, match="usage"):
        build_benchmarks.main()


def test_the_wrapper_notes_what_the_compiler_uses_and_hands_on_its_code(tmp_path):
    log, wrapper = tmp_path / "log", tmp_path / "cc"
    compiler = tmp_path / "compiler"
    compiler.write_text(f"#!{sys.executable}\nimport sys; b'x' * 2**26; print(sys.argv[1:]); sys.exit(3)\n")
    compiler.chmod(0o755)
    benchmark_builds.write_wrapper(wrapper, str(compiler), log)
    result = subprocess.run([wrapper, "-O2", "a b/x.cpp"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (3, "['-O2', 'a b/x.cpp']\n")
    note = json.loads(log.read_text())
    assert note["source"] == "x.cpp"
    assert note["seconds"] > 0
    assert note["memory"] > 2**-4


def test_builds_are_measured_in_turn_and_failures_are_told(tmp_path):
    builds = [
        Build(
            name, "python", tmp_path, Installation(10.0 * scale, [{"seconds": 2.0 * scale, "memory": 0.5 * scale}] * 3)
        )
        for name, scale in (("old", 4.0), ("new", 1.0))
    ]
    asked = []

    def measure(build, row):
        asked.append((row, build.name))
        return None if (row, build.name) == ("cold", "old") else {"old": 9.0, "new": 3.0}[build.name] + len(asked)

    found = benchmark_builds.in_turn(builds, ["cold", "check_433"], 3, measure)
    assert asked == [(row, name) for row in ("cold", "check_433") for _ in range(3) for name in ("old", "new")]
    assert found["check_433", "old"] == [16.0, 18.0, 20.0]
    assert found["cold", "old"] == []
    lines = benchmark_builds.installation_lines(builds)
    assert lines[0] == "| `pip install .`, all compilers, s | 24 | 6 | 4.00 | 1 |"
    assert lines[2] == "| `pip install .`, the largest compiler, GB | 2 | 0.5 | 4.00 | 1 |"
    assert benchmark_builds.table_line("x", found["cold", "old"], found["cold", "new"]).startswith("| x | fails | ")
    assert benchmark_builds.table_line("x", [3.0, 9.0, 6.0], [2.0, 3.0, 4.0]) == "| x | 6 | 3 | 2.00 | 3 |"


def test_a_number_is_read_from_the_last_word_and_nothing_from_a_failure(tmp_path):
    scripts = {"good": "print('told'); print(2.5)", "silent": "", "failing": "print(1.0); raise SystemExit(1)"}
    values = {}
    for name, code in scripts.items():
        python = tmp_path / name
        python.write_text(f"#!{sys.executable}\n{code}\n")
        python.chmod(0o755)
        values[name] = benchmark_builds.measured(Build(name, str(python), tmp_path), "cold")
    assert values == {"good": 2.5, "silent": None, "failing": None}


def test_an_environment_or_a_commit_is_needed(tmp_path):
    class Arguments:
        old, new, old_python, new_python = None, None, sys.executable, None

    with pytest.raises(SystemExit, match="NEW: missing"):
        benchmark_builds.environments(Arguments, tmp_path)
