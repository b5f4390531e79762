"""``homotopy-lcn descend``."""

from __future__ import annotations

import json

import pytest

from homotopy_lcn import Architecture, SquaredLoss, cli, critical_points
from tests.special_data import curve_of_minima, no_minimum

NETWORK = ("descend", "-k", "3,3", "-s", "1,1", "--random", "--starts", "12")


def test_the_table_is_printed(capsys):
    assert cli.main([*NETWORK]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert "12 runs of gradient flow, k = (3,3), s = (1,1); Gaussian data" in output
    rows = [line for line in output.splitlines() if "%" in line]
    assert sum(float(row.split("%")[0].split()[-1]) for row in rows) == pytest.approx(100, abs=0.1)
    assert any(row.strip().startswith("w = 0, saddle") for row in rows)


def test_the_optimizers_are_chosen(capsys):
    assert cli.main([*NETWORK, "--optimizer", "descent", "--init", "pytorch", "--max-steps", "5"]) == 0
    output = capsys.readouterr().out
    assert "gradient descent, learning rate" in output
    assert "12 of 12 runs had not come to rest" in output
    assert cli.main([*NETWORK, "--optimizer", "adam", "--learning-rate", "0.01", "--init", "0.5"]) == 0
    assert "Adam, learning rate 0.01" in capsys.readouterr().out


def test_json_on_standard_output_is_all_there_is(capsys):
    assert cli.main([*NETWORK, "--json", "-", "--seed", "3"]) == 0
    first = capsys.readouterr().out
    document = json.loads(first)
    assert document["format"] == "homotopy-lcn/basins"
    assert sum(row["runs"] for row in document["rows"]) == len(document["runs"]) == 12
    assert cli.main([*NETWORK, "--json", "-", "--seed", "3"]) == 0
    assert capsys.readouterr().out == first


def test_a_result_of_solve_will_do(tmp_path, capsys):
    path, basins = tmp_path / "result.json", tmp_path / "basins.json"
    critical_points(Architecture((2, 2), (2, 1)), SquaredLoss.white([3, 0, 0, 1])).to_json(path)
    assert cli.main(["descend", str(path), "--json", str(basins), "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    rows = json.loads(basins.read_text())["rows"]
    assert [(row["kind"], row["runs"]) for row in rows if row["runs"]] == [("minimum", 100)]
    assert cli.main(["descend", str(path), "-k", "2,2"]) == 2
    assert capsys.readouterr().err == ("homotopy-lcn: -k/--filters: given with a result; expected one or the other\n")


def test_runs_on_a_continuum_are_counted_by_its_number(tmp_path, capsys):
    path = tmp_path / "result.json"
    curve_of_minima().to_json(path)
    assert cli.main(["descend", str(path), "--starts", "5"]) == 0
    output = capsys.readouterr().out
    (row,) = (line.split() for line in output.splitlines() if "continuum 0" in line)
    assert row == ["minimum,", "continuum", "0", "1", "5", "100.0%"]
    assert "Points and continua are numbered as solve lists them" in " ".join(output.split())


def test_an_infimum_that_is_not_attained_is_told(tmp_path, capsys):
    path = tmp_path / "result.json"
    no_minimum().to_json(path)
    assert cli.main(["descend", str(path), "--starts", "2", "--max-steps", "50"]) == 3
    assert "the infimum 0 of the loss is not attained: runs may go on for ever" in " ".join(
        capsys.readouterr().out.split()
    )


def test_runs_without_an_end_are_exit_code_3(capsys):
    assert cli.main([*NETWORK, "--max-steps", "2"]) == 3
    output, errors = capsys.readouterr()
    assert "not settled within the allowed steps" in output
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--optimizer", "sgd"], "--optimizer: 'sgd'; expected one of flow, descent, adam"),
        (["--learning-rate", "1"], "--learning-rate: given for gradient flow"),
        (["--optimizer", "adam", "--learning-rate", "-1"], "--learning-rate: -1.0"),
        (["--init", "nan"], "--init: nan"),
        (["--init", "xavier"], "--init: 'xavier'"),
        (["--slow", "0"], "--slow: 0.0"),
        (["--starts", "0"], "--starts"),
        (["--white"], "--random and --white: exclude each other"),
        (["--json", "/nowhere/x.json"], "--json: /nowhere/x.json"),
    ],
)
def test_mistakes_are_one_line(arguments, words, capsys):
    assert cli.main([*NETWORK, *arguments]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert words in errors
    assert "expected" in errors
