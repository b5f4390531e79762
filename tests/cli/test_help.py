"""Help: whole, at once, and right about which options are required."""

from __future__ import annotations

import subprocess
import sys

import pytest

from homotopy_lcn.cli import program


@pytest.mark.parametrize("arguments", [["--help"], ["solve", "--help"], ["count", "--help"]])
def test_help(capsys, arguments):
    assert program.main(arguments) == 0
    output = capsys.readouterr()
    assert "Usage: homotopy-lcn" in output.out
    assert output.err == ""


def test_help_and_usage_errors_load_nothing_heavy():
    code = """
import sys
from homotopy_lcn.cli import program
assert program.main(["solve", "--help"]) == 0
assert program.main(["solve", "-k", "3,x", "-s", "2,1", "--random"]) == 2
sys.exit(bool({"numpy", "scipy", "pandas"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("command", [(), ("paper",), ("plot",)])
def test_the_summaries_of_the_commands_are_not_cut(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert program.main([*command, "--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


@pytest.mark.parametrize(
    "command", [("descend",), ("plot", "levels"), ("plot", "landscape"), ("plot", "complex-plane")]
)
def test_no_option_is_called_required_where_a_result_takes_its_place(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert program.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Required" not in text
    assert "[RESULT.json]" in text
    assert "[[" not in text
    assert text.count("without RESULT.json") == 2


@pytest.mark.parametrize("command", ["solve", "count", "geometry", "export"])
def test_options_that_are_required_are_called_so(command, capsys):
    assert program.main([command, "--help"]) == 0
    assert capsys.readouterr().out.count("Required") >= 2
