"""An option of one value that is given twice is refused, in every command: the last value would win without a word."""

from __future__ import annotations

import pytest
import typer

from homotopy_lcn.cli.program import application, main


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(typer.main.get_command(application())))
OPTIONS = [
    (path, parameter)
    for path, command in ALL.items()
    for parameter in command.params
    if parameter.param_type_name == "option"
]


def named(case):
    path, parameter = case
    return " ".join((*path, parameter.opts[-1]))


@pytest.mark.parametrize("case", OPTIONS, ids=named)
def test_an_option_of_one_value_is_refused_twice(case, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, parameter = case
    if parameter.multiple:
        several = ("towards",) if path == ("chambers",) else ("filters", "strides", "supports")
        assert path in (("survey",), ("tabulate",), ("chambers",))
        assert parameter.name in several
        return
    first, last = parameter.opts[0], parameter.opts[-1]
    if parameter.is_flag:
        if not parameter.secondary_opts:  # twice the same says the same
            return
        given = (first, parameter.secondary_opts[0])
    else:
        given = (first, "7", f"{last}=8" if last.startswith("--") else f"{last}8")
    arguments = ["x"] * sum(one.param_type_name == "argument" for one in ALL[path].params)
    assert main([*path, *given, *arguments]) == 2
    captured = capsys.readouterr()
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    assert captured.err == f"homotopy-lcn: {names}: given 2 times; expected at most once\n"
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_there_are_options_to_test():
    assert len(OPTIONS) > 100
    assert {path for path, _ in OPTIONS} == set(ALL) - {("explain",)}  # which has none


@pytest.mark.parametrize("name", ["figure2", "tables", "./tables", "all2"])
def test_the_paper_has_no_other_parts(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["paper", name, "--quick"]) == 2
    message = capsys.readouterr().err
    assert message == (f"homotopy-lcn: paper: {name!r} is not known; expected all or figure1, as in paper all FOLDER\n")
    assert list(tmp_path.iterdir()) == []
