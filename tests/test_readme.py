"""README: what it says that each command prints is what the command prints."""

from __future__ import annotations

import shlex
import shutil

import make_readme_outputs as readme
import pytest

from homotopy_lcn.cli.program import main
from tests import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = readme.commands(TEXT)
AGAIN = "python scripts/make_readme_outputs.py writes them again"


def needed(command):
    """The commands before this one that write a file which it reads."""
    words = shlex.split(command)
    for number, other in enumerate(COMMANDS[: COMMANDS.index(command)]):
        arguments = shlex.split(other)
        for option in {"--json", "-o"} & set(arguments):
            if arguments[arguments.index(option) + 1] in words[2:] and "." != arguments[arguments.index(option) + 1]:
                yield from needed(COMMANDS[number])
                yield other


def slow(command):
    return shlex.split(command)[1] in readme.SLOW


def test_every_command_is_followed_by_what_it_prints():
    assert list(readme.outputs(TEXT)) == COMMANDS, AGAIN
    assert len(COMMANDS) > 20


@pytest.mark.parametrize(
    "command", [pytest.param(one, marks=pytest.mark.slow) if slow(one) else one for one in COMMANDS]
)
def test_a_command_prints_what_readme_says(command, tmp_path, monkeypatch, capsys):
    words = shlex.split(command)
    if "phcpack" in words and shutil.which("phc") is None:
        pytest.skip("needs phc")
    for module, commands in (("flint", ("certify", "--certify")), ("matplotlib", ("plot", "paper"))):
        if set(commands) & set(words):
            pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(readme.WIDTH))
    readme.prepare(tmp_path)
    for other in needed(command):
        assert main(shlex.split(other)[1:]) == 0
    capsys.readouterr()
    assert main(words[1:]) == 0
    printed = readme.shown(capsys.readouterr().out)
    assert readme.alike(command, printed, readme.outputs(TEXT)[command]), f"{AGAIN}\n{printed}"


def test_outputs_are_compared_but_for_last_digits():
    command = "homotopy-lcn solve"
    assert readme.alike(command, "loss 1.23456\n", "loss 1.234561\n")
    assert not readme.alike(command, "loss 1.2\n", "loss 1.3\n")
    assert readme.alike(command, "solved 2026-11-30 02:32:16 UTC\n", "solved 2027-01-01 00:00:00 UTC\n")
    assert not readme.alike(command, "minimum 1\n", "saddle 1\n")
    assert not readme.alike(command, "loss 1\n", "loss 1\nloss 2\n")
    assert not readme.alike(command, "loss 1 2\n", "loss 1\n")
    assert readme.alike("homotopy-lcn doctor", "✓ kernel avx2\n", "✓ kernel avx512\n")
