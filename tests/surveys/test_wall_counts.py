"""Numbers of walls between independent data sets."""

from __future__ import annotations

import json

import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli import program
from homotopy_lcn.losses.data_models import data_model, draw_loss
from homotopy_lcn.surveys.wall_counts import survey_of_walls

ARCH = hl.Architecture((2, 2), (1, 1))


@pytest.fixture(scope="module")
def found():
    return survey_of_walls(ARCH, 4, seed=2)


def test_the_counts_are_those_of_single_segments(found):
    model, kinds = data_model("gaussian"), []
    for number in range(4):
        walls = hl.walls(ARCH, *(draw_loss(model, ARCH, 2, 2 * number + side) for side in (0, 1)))
        kinds.append([wall.kind for wall in walls.walls])
        assert found.generic == sum(row.generic for row in walls.strata)
    assert found.distributions["all"].total == sum(map(len, kinds)) > 0
    assert list(found.distributions) == ["all", "fold", "pitchfork", "escape", "exchange"]
    for kind, one in found.distributions.items():
        numbers = [len(each) if kind == "all" else each.count(kind) for each in kinds]
        assert one.draws == {value: numbers.count(value) for value in sorted(set(numbers))}
    assert found.incomplete == 0


def test_processes_do_not_change_the_counts(found):
    assert survey_of_walls(ARCH, 4, seed=2, jobs=2) == found


def test_the_command_prints_and_writes_them(found, tmp_path, capsys):
    path = tmp_path / "walls.json"
    command = ["survey", "-k", "2,2", "-s", "1,1", "--walls", "--draws", "4", "--seed", "2"]
    assert program.main([*command, "--json", str(path)]) == 0
    text = capsys.readouterr().out
    mean = found.distributions["all"].mean
    assert f"  all: mean {mean:.4g} (" in text
    assert f"{found.generic} complex walls for generic data" in text
    assert json.loads(path.read_text(encoding="utf-8")) == {"surveys": [found.to_dict()]}
    assert program.main([*command, "--format", "json"]) == 0
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("other", [("--draw", "1"), ("--chunk", "5"), ("-o", "runs"), ("--format", "csv")])
def test_options_of_other_surveys_are_refused(other, capsys):
    assert program.main(["survey", "-k", "2,2", "-s", "1,1", "--walls", *other]) == 2
    output = capsys.readouterr()
    assert "given with --walls; expected one of them" in output.err
    assert output.err.count("\n") == 1


def test_unusable_arguments_are_named():
    with pytest.raises(hl.InputError, match=r"^draws: "):
        survey_of_walls(ARCH, 0)
    with pytest.raises(hl.InputError, match=r"^data_model: "):
        survey_of_walls(ARCH, 1, "pink")
