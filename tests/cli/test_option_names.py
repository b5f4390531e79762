"""Messages of the library name arguments, and the command line names the options that stand for the arguments."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import typer

import homotopy_lcn
from homotopy_lcn import InputError
from homotopy_lcn.cli import program
from homotopy_lcn.cli.option_names import (
    OTHER_NAMES,
    CommandLineError,
    in_options,
    messages_final,
    options_named,
    other_names,
)
from homotopy_lcn.cli.typer_application import Command

ROOT = Path(homotopy_lcn.__file__).parent
BELOW = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] != "cli"]


def commands(group=None):
    for name, command in getattr(group or typer.main.get_command(program.application()), "commands", {}).items():
        yield from [(name, command)] if isinstance(command, Command) else commands(command)


def texts_of_errors(path):
    """The texts in the statements that raise an error, and in calls of functions that make or check one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        call = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2]
        if isinstance(node, ast.Raise) or call in ("InputError", "warn", "check_integer", "import_extra"):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


@pytest.mark.parametrize("path", BELOW, ids=lambda path: "/".join(path.relative_to(ROOT).with_suffix("").parts))
def test_no_message_of_the_library_names_an_option(path):
    assert [text for text in texts_of_errors(path) if re.search(r"(?:^|[ (\"'])--?[a-z]", text)] == []


def test_every_command_names_its_options():
    found = dict(commands())
    assert {"solve", "survey", "all", "figure1", "real-counts", "landscape"} <= set(found)
    for command in found.values():
        written = {name for option in command.option_names.values() for name in option.split("/")}
        assert {name for parameter in command.params for name in parameter.opts if name.startswith("-")} <= written
    assert found["solve"].option_names["max_count"] == "--max-count"
    assert found["solve"].option_names["filters"] == "-k/--filters"
    assert found["geometry"].option_names["filter"] == "--filter"


def test_the_exceptions_belong_to_commands_and_name_their_options():
    found = dict(commands())
    assert set(OTHER_NAMES) - {""} <= set(found)
    for name, names in OTHER_NAMES.items():
        for option in names.values():
            for part in re.findall(r"--[a-z-]+", option):
                # A recommended call of another command begins with the name of the command.
                owner = option.split()[0] if not option.startswith("-") else name
                assert any(part in parameter.opts for parameter in found[owner].params), option


def test_arguments_in_front_and_recommended_calls_are_replaced_and_nothing_else():
    names = {"draws": "--draws", "seed": "--seed", "isolated=True": "--isolated"}
    assert in_options("draws: 0 given; expected draws", names) == "--draws: 0 given; expected draws"
    assert in_options("draws, seed: exclude each other", names) == "--draws, --seed: exclude each other"
    assert in_options("draws, path: no", names) == "draws, path: no"
    assert in_options("loss: use isolated=True", names) == "loss: use --isolated"
    assert in_options("draws are few", names) == "draws are few"
    assert in_options("a(b): c", {}) == "a(b): c"


def test_the_inner_names_come_first_and_are_final():
    outer = {"path": "--plot", "--csv": "wrong"}
    with pytest.raises(CommandLineError, match=r"^--csv: no$"), options_named(outer), options_named({"path": "--csv"}):
        raise InputError("path: no")
    with pytest.raises(CommandLineError, match=r"^path: no$"), options_named({"path": "--plot"}), messages_final():
        raise InputError("path: no")
    with pytest.raises(InputError, match=r"^rank: no$") as caught, options_named({"path": "--plot"}):
        raise InputError("rank: no")
    assert type(caught.value) is InputError


def test_a_recommended_call_is_an_option_of_the_command_or_of_another_one():
    message = "expected isolated=True, or loss.regularized(eps), or samples=(X, Y)"
    assert in_options(message, other_names("solve")) == (
        "expected --isolated, or --regularize EPS, or certify --data FILE.npz"
    )
    assert in_options(message, other_names("descend")) == (
        "expected solve --isolated, or solve --regularize EPS, or certify --data FILE.npz"
    )
    assert in_options(message, other_names("certify")).endswith("or --data FILE.npz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("solve", "-k", "0", "-s", "1", "--random"), "-k/--filters: 0 is not a positive integer"),
        (("solve", "-k", "3,2", "-s", "2,1", "--random", "--regularize", "-1"), "--regularize: -1.0 given"),
        (("solve", "-k", "3,2", "-s", "2,1", "--random", "--max-count", "2"), "--max-count: this architecture has 10"),
        (("solve", "-k", "3,2", "-s", "2,1", "--series", "gone.csv:a"), "--series: no such file 'gone.csv'"),
        (("solve", "-k", "3,2", "-s", "2,1", "--csv", "gone.csv", "--x", "a", "--y", "b"), "--csv: no such file"),
        (("descend", "-k", "3,2", "-s", "2,1", "--data", "gone.npz"), "--data: no such file 'gone.npz'"),
        (("survey", "--architectures", "gone.txt"), "--architectures: cannot read 'gone.txt'"),
        (("tabulate", "--architectures", "gone.txt"), "--architectures: cannot read 'gone.txt'"),
        (("export", "-k", "3,2", "-s", "2,1", "--to", "maple"), "--to: 'maple' is not known"),
        (("export", "-k", "3,2", "-s", "2,1", "--to", "phc"), "-o/--output: missing"),
        (("export", "-k", "3,2", "-s", "2,1", "--to", "latex", "--stratum", "x"), "--stratum: 'x' is no root pattern"),
        (("paper", "figure1", "--data", "gone.npz"), "--data: no such file 'gone.npz'"),
        (("certify", "check"), "check: cannot read"),
        (("certify", "data"), "data: cannot read"),
        (("descend", "starts"), "starts: cannot read"),
        (("plot", "levels", "seed"), "seed: cannot read"),
    ],
)
def test_the_option_is_named_and_not_a_file_of_the_same_name(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert program.main(list(arguments)) == program.UNUSABLE_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"homotopy-lcn: {message}")
    assert captured.err.count("\n") == 1


def test_the_samples_of_certify_are_its_data(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = ["-k", "2,2", "-s", "1,1"]
    assert program.main(["solve", *network, "--random", "--json", "result.json", "-q"]) == program.DONE
    rng = np.random.default_rng(0)
    np.savez("other.npz", X=rng.normal(size=(9, 3)), Y=rng.normal(size=(9, 1)))
    np.savez("empty.npz", X=rng.normal(size=(9, 3)))
    for file in ("other.npz", "empty.npz"):
        assert program.main(["certify", "result.json", "--data", file]) == program.UNUSABLE_INPUT
        assert capsys.readouterr().err.startswith("homotopy-lcn: --data: ")
