"""Lines that are read without Typer give the arguments that Typer gives."""

from __future__ import annotations

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn.cli import program
from homotopy_lcn.cli.option_names import other_names
from homotopy_lcn.cli.plain_lines import _options_of, read_plainly

COMMANDS = typer.main.get_command(program.application()).commands


def typers(name, words):
    """The arguments that Typer hands to the function of a command."""
    seen = {}
    command = COMMANDS[name]
    context = command.make_context(name, list(words))
    for parameter in command.params:
        seen[parameter.name] = context.params[parameter.name]
    return {key: value for key, value in seen.items() if key != "help"}


@st.composite
def lines(draw):
    """A command and words for some of its options, right ones and a few wrong ones."""
    name = draw(st.sampled_from(program.COMMANDS))
    options = _options_of(program._command(name))
    words = []
    for option in draw(st.lists(st.sampled_from(options), max_size=6)) if options else []:
        if option.is_word:
            words.append(draw(st.sampled_from(["r.json", "7", "a b", "-", "--", ""])))
            continue
        if not option.names:
            continue
        words.append(draw(st.sampled_from(option.names)))
        if option.kind is not bool:
            words.append(
                draw(st.sampled_from(["3,2", "7", "-", "0", "1e-3", "0.25", "1e10", "x y", "", "-1", "007", "--seed"]))
            )
    return name, words


@settings(max_examples=300, deadline=None)
@given(lines())
def test_a_plain_line_is_read_as_typer_reads_it(line):
    name, words = line
    read = read_plainly(program._command(name), words)
    if read is not None:
        expected = typers(name, words)
        assert read.arguments == expected
        assert {key: type(value) for key, value in read.arguments.items()} == {
            key: type(value) for key, value in expected.items()
        }


NETWORK = ("-k", "3,2", "-s", "2,1")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("solve", (*NETWORK, "--series", "x.csv:value")),
        ("solve", (*NETWORK, "--random", "--seed", "5", "--json", "-", "-q", "--certify")),
        ("solve", (*NETWORK, "--data", "x.npz", "--regularize", "1e-3", "--time-limit", "60", "--jobs", "2")),
        ("count", NETWORK),
        ("doctor", ()),
        ("certify", ("result.json", "-o", "proof.json")),
        ("certify", ("--check", "proof.json", "-q", "--jobs", "2")),
    ],
)
def test_common_lines_are_plain(name, words):
    read = read_plainly(program._command(name), words)
    assert read is not None
    assert read.arguments == typers(name, words)


@pytest.mark.parametrize(
    "words",
    [
        (*NETWORK, "--help"),
        (*NETWORK, "--sed", "5"),
        (*NETWORK, "--seed"),
        (*NETWORK, "--seed", "-1"),
        (*NETWORK, "--seed", "many"),
        (*NETWORK, "--seed", "1_0"),
        (*NETWORK, "--jobs", "0"),
        (*NETWORK, "--seed", "1", "--seed", "2"),
        (*NETWORK, "--seed=1"),
        (*NETWORK, "-qq"),
        (*NETWORK, "-s", "1,1"),
        ("-k3,2", "-s", "2,1"),
        ("-k", "3", "2", "-s", "2,1"),
        ("-k", "--series", "x.csv:value"),
        ("--", "-k"),
    ],
)
def test_whatever_is_not_plain_is_left_to_typer(words):
    assert read_plainly(program._command("solve"), words) is None


@pytest.mark.parametrize(
    "words", [(), ("-q",), ("one.json", "two.json"), ("-",), ("",), ("--", "one.json"), ("one.json", "-")]
)
def test_too_few_and_too_many_words_are_left_to_typer(words):
    assert read_plainly(program._command("certify"), words) is None


def test_options_are_named_as_typers_commands_name_them():
    for name in ("solve", "count", "doctor"):
        read = read_plainly(program._command(name), ())
        assert read.option_names | other_names(name) == COMMANDS[name].option_names


def test_typer_is_not_asked_for_a_plain_line(monkeypatch, capsys):
    monkeypatch.setattr(program, "application", None)
    assert program.main(["count", *NETWORK]) == 0
    assert "10" in capsys.readouterr().out
