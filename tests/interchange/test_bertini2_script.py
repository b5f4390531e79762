"""The script for bertini2: its contents, and what it prints where bertini2 is installed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.equations.distinct import find
from homotopy_lcn.interchange.bertini2_script import bertini2_number
from tests.interchange.test_exports import CASES, run_formulas
from tests.small_networks import filters_of, random_problem, solved

needs_bertini2 = pytest.mark.skipif(find_spec("bertini") is None, reason="needs bertini2 (PyPI: bertini2)")


def contents(text):
    """The assignments of literals in the script by name; nothing is run."""
    found = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                found[statement.targets[0].id] = ast.literal_eval(statement.value)
            except ValueError:
                continue
    return found


def data_of(numbers):
    """Values of the names."""
    return {name: complex(eval(text.replace("*I", "*1j"), {})) for name, text in numbers.items()}


@pytest.mark.parametrize("size", [1.0, 1e-70, 1e70])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_start_solutions_solve_the_equations_and_the_target_is_the_data(case, size):
    (filters, strides), pattern = case
    problem = random_problem(filters, strides)
    loss = hl.SquaredLoss(problem.loss.gram, problem.loss.b * size, problem.loss.constant * size * size)
    script = contents(hl.export(problem.architecture, loss, to="bertini2", stratum=pattern).text)
    start, target = data_of(script["START"]), data_of(script["TARGET"])
    assert {type(number) for values in (start, target) for number in values.values()} == {complex}
    assert [x for group in script["GROUPS"] for x in group] == [f"x{i}" for i in range(len(script["EQUATIONS"]))]
    assert 0.3 < max(map(abs, target.values())) < 3
    formulas = [formula.split(" = ") for formula in script["FORMULAS"]]
    for values in script["START_SOLUTIONS"]:
        residual = run_formulas(formulas, script["EQUATIONS"], values, start)
        terms = run_formulas(formulas, script["EQUATIONS"], np.array(values) * (1 + 1e-3), start)
        assert np.linalg.norm(residual) < 1e-7 * np.linalg.norm(terms)
    ratio = target["b0"] / target["S0_0"] * script["SCALE"]
    assert np.isclose(ratio, loss.b[0] / loss.gram[0, 0], rtol=1e-15)


@given(st.complex_numbers(allow_nan=False, allow_infinity=False))
def test_numbers_have_points_and_no_plus_in_the_exponent(z):
    text = bertini2_number(z)
    assert "e+" not in text
    assert all("." in number for number in text.strip("()").replace("*I", "").split("+("))
    assert eval(text.replace("*I", "*1j")) == z


@pytest.mark.parametrize("text", ["'''", '"""', "\\", "\n", "{", "__import__('os')"])
def test_no_text_of_the_data_gets_into_the_script(text, tmp_path, capsys):
    (tmp_path / "data.csv").write_text(
        '"{}",y\n'.format(text.replace('"', '""')) + "1,2\n2,1\n3,5\n4,4\n5,1\n6,2\n7,9\n8,1\n"
    )
    command = ["export", "-k", "2,2", "-s", "1,1", "--to", "bertini2", "--series", f"{tmp_path / 'data.csv'}:y"]
    assert cli.main(command) == 0
    printed = capsys.readouterr().out
    assert text == "\n" or text in "\\{" or text == '"""' or text not in printed
    names = {node.id for node in ast.walk(ast.parse(printed)) if isinstance(node, ast.Name)}
    assert "__import__" not in names
    assert len(contents(printed)["START_SOLUTIONS"]) == 1


# The program


def run_script(exported, folder):
    """What the script prints, run in a folder, in which it leaves nothing."""
    exported.write(folder / "critical_points.py")
    command = [sys.executable, "critical_points.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert [path.name for path in folder.iterdir()] == ["critical_points.py"]
    return done


@needs_bertini2
@pytest.mark.parametrize("case", CASES, ids=str)
def test_bertini2_prints_all_filters(case, tmp_path):
    (filters, strides), pattern = case
    problem = random_problem(filters, strides)
    exported = hl.export(problem.architecture, problem.loss, to="bertini2", stratum=pattern)
    assert exported.command == "python critical_points.py"
    done = run_script(exported, tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {tuple(entry) for entry in printed} == {("re", "im")}
    found = np.array([np.array(entry["re"]) + 1j * np.array(entry["im"]) for entry in printed])
    wanted = pattern or tuple((1,) * block.degree for block in problem.architecture.blocks)
    points = [point for point in solved(filters, strides) if point.stratum == wanted]
    assert found.shape == (len(points), problem.architecture.filter_size)
    assert sorted(find(filters_of(points), found, 1e-8).tolist()) == list(range(len(points)))


@needs_bertini2
def test_the_script_prints_the_same_bits_again(tmp_path):
    """bertini2 4.0.0 draws the patches when the homotopy is made: a seed that is set later comes too late."""
    problem = random_problem((2, 2), (2, 1))
    exported = hl.export(problem.architecture, problem.loss, to="bertini2")
    once, again = (run_script(exported, tmp_path).stdout for _ in range(2))
    assert len(json.loads(once)) == 6
    assert once == again


@needs_bertini2
def test_large_solutions_and_those_of_other_units_are_found(tmp_path):
    """bertini2 calls solutions above 1e5 infinite by default, and gives up paths that go beyond."""
    arch = hl.Architecture((3, 2), (2, 1))
    # (1, 2, -1) and (1e-6, 1): the unknown x3 is 1e6.
    filter_ = 1e20 * np.array([1e-6, 2e-6, 1 - 1e-6, 2.0, -1.0])
    gram = random_problem((3, 2), (2, 1)).loss.gram
    loss = hl.SquaredLoss(gram, gram @ filter_, float(filter_ @ gram @ filter_))
    done = run_script(hl.export(arch, loss, to="bertini2"), tmp_path)
    assert done.returncode == 0, done.stderr
    found = np.array([np.array(entry["re"]) + 1j * np.array(entry["im"]) for entry in json.loads(done.stdout)])
    known = filters_of(hl.critical_points(arch, loss))
    assert find(known, filter_[None], 1e-8)[0] >= 0
    assert sorted(find(known, found, 1e-6).tolist()) == list(range(10))


@needs_bertini2
def test_failed_paths_are_told(tmp_path):
    exported = hl.export(hl.Architecture((3, 2), (2, 1)), to="bertini2")
    text = exported.text.replace('path_truncation_threshold="1e100"', 'path_truncation_threshold="1e-3"')
    done = run_script(hl.interchange.ExportedSystem("bertini2", {"critical_points.py": text}, ""), tmp_path)
    assert (done.returncode, done.stdout) == (3, "[]\n")
    assert done.stderr.endswith("10 of 10 paths failed\n")


@needs_bertini2
def test_paths_that_fail_are_tracked_again(tmp_path):
    """Each path is made to fail on all patches but one, which is another one for the next path."""
    arch = hl.Architecture((3, 2), (2, 1))
    loss = random_problem((3, 2), (2, 1)).loss
    text = hl.export(arch, loss, to="bertini2").text
    changed = text.replace("found[i] = end\n", "found[i] = end if seed == i % 4 else None\n")
    assert changed != text
    done = run_script(hl.interchange.ExportedSystem("bertini2", {"critical_points.py": changed}, ""), tmp_path)
    assert done.returncode == 0, done.stderr
    found = np.array([np.array(entry["re"]) + 1j * np.array(entry["im"]) for entry in json.loads(done.stdout)])
    known = filters_of(solved((3, 2), (2, 1)))
    assert sorted(find(known, found, 1e-8).tolist()) == list(range(10))
