"""Exported systems, read back by small parsers and compared with the derivative of the loss at random points."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn._data import data_path
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.equations.distinct import find
from homotopy_lcn.equations.polynomials import PatchedSystem
from homotopy_lcn.interchange import exports
from homotopy_lcn.networks.patterns import format_pattern, pattern_from_text
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.tracking.phcpack_program import read_solutions
from tests.equations.test_polynomials import filter_by_convolution, half_gradient, random_values
from tests.small_networks import filters_of, random_problem, solved

SYSTEMS = ("phc", "julia", "macaulay2", "bertini", "sympy", "latex")
# Overlapping; stride one with a double factor alone; a block with two factors; a grid of two, with a layer of size one.
CASES = [
    (((3, 2), (2, 1)), None),
    (((2, 2), (1, 1)), ((2,),)),
    (((2, 2, 2), (1, 1, 1)), ((2, 1),)),
    (((2, 2, 2), (1, 2, 1)), ((2,), (1,))),
    (((1, 3, 2), (2, 2, 1)), None),
]


def patched_system(arch, pattern):
    """The exported unknowns, and the positions of the coefficients."""
    pattern = pattern or tuple((1,) * block.degree for block in arch.blocks)
    blocks = [type(block)(block.degree, block.dilation // arch.grid) for block in arch.blocks]
    system = PatchedSystem(Stratum.of_pattern(blocks, pattern))
    return system, arch.grid * np.arange(system.stratum.filter_size)


# Parsers: each gives a function of (unknowns, parameters or None) to the values of the equations, the start solutions,
# and the values of the parameters at the start and at the target (None where the file has none).


class Parsed:
    def __init__(self, evaluate, solutions=None, start=None, target=None):
        self.evaluate, self.solutions, self.start, self.target = evaluate, solutions, start, target


def numbers(text, unit):
    """Complex numbers such as ``1.0 - 2e-3*ii``, one after another."""
    real = r"[-+]?\d[\d.]*(?:e[-+]?\d+)?"
    pairs = re.findall(rf"({real}) ([-+]) ({real}){re.escape(unit)}", text)
    return [complex(float(re_), float(sign + im)) for re_, sign, im in pairs]


def run_formulas(formulas, results, values, parameters):
    """Evaluate assignments one after another, then the expressions ``results``."""
    names = {f"x{i}": complex(z) for i, z in enumerate(values)} | (parameters or {})
    for name, formula in formulas:
        names[name] = eval(formula.replace("^", "**"), {}, names)
    return np.array([eval(result.replace("^", "**"), {}, names) for result in results], complex)


def parse_phc(files, count):
    def system(text):
        body = text.split("THE SOLUTIONS")[0]
        number, _, rest = body.partition("\n")
        polynomials = [p for p in rest.split(";") if p.strip()]
        assert int(number) == len(polynomials) == count
        polynomials = [p.replace("*i)", "j)").replace("\n", " ") for p in polynomials]
        return lambda values, parameters=None: run_formulas([], polynomials, values, None)

    unknowns = [f"x{i}" for i in range(count)]
    parsed = Parsed(system(files["target"]), read_solutions(files["start"], unknowns).values)
    parsed.evaluate_start = system(files["start"])
    return parsed


def parse_julia(files, count):
    (text,) = files.values()
    formulas = re.findall(r"^([wr]\d+) = (.*)$", text, re.MULTILINE)
    equations = re.search(r"System\(\s*\[(.*?)\],?\s*\];|System\(\n    \[\n(.*?)\n    \];", text, re.DOTALL)[2]
    equations = [line.strip().rstrip(",") for line in equations.splitlines()]
    names = re.search(r"parameters = \[(.*?)\]", text)[1].split(", ")
    assert re.search(r"@var (S.*)", text)[1].split() == names
    assert re.search(r"variables = \[(.*?)\]", text)[1].split(", ") == [f"x{i}" for i in range(count)]
    start = numbers(re.search(r"start_parameters = ComplexF64\[(.*)\]", text)[1], "im")
    solutions = [numbers(line, "im") for line in re.findall(r"^    ComplexF64\[(.*)\],$", text, re.MULTILINE)]
    assert f"target_solutions_count = {len(solutions)})" in text
    assert "monodromy_solve(F, start_solutions[1:1], start_parameters;" in text
    assert "certify(F, solutions(monodromy), start_parameters)" in text
    target = re.search(r"target_parameters = \[(.*)\]", text)
    target = None if target is None else dict(zip(names, map(float, target[1].split(", ")), strict=True))
    assert (target is not None) == ("certify(F, result, target_parameters)" in text)
    return Parsed(
        lambda values, parameters: run_formulas(formulas, equations, values, parameters),
        np.array(solutions),
        dict(zip(names, start, strict=True)),
        target,
    )


def parse_macaulay2(files, count):
    (text,) = files.values()
    text = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert re.search(r"R = CC\[(.*)\]", text)[1].split(", ") == [f"x{i}" for i in range(count)]
    plain = text.replace("_R", "")
    w = re.search(r"^w = \{(.*)\}$", plain, re.MULTILINE)[1].split(", ")
    tangents = re.findall(r"\{(.*?)\}", re.search(r"tangents = \{\n(.*?)\n    \}\n", plain, re.DOTALL)[1])
    tangents = [row.split(", ") for row in tangents]
    assert "apply(#w, i -> sum(#w, j -> S_(i,j) * w#j) - b#i)" in text
    assert "apply(tangents, row -> sum(#w, j -> row#j * r#j))" in text

    def table(name):
        body = re.search(rf"{name} = (?:matrix )?\{{\n(.*?)\n    \}}", text, re.DOTALL)[1]
        return np.array([numbers(line, "*ii") for line in body.splitlines()])

    def moments(name):
        return np.array(numbers(re.search(rf"{name} = \{{(.*)\}}", text)[1], "*ii"))

    def evaluate(values, data):
        filter_ = run_formulas([], w, values, None)
        slopes = np.array([run_formulas([], row, values, None) for row in tangents])
        return slopes @ (np.asarray(data.gram) @ filter_ - data.b)

    data = [Data(table(f"{which}Gram"), moments(f"{which}Moments")) for which in ("start", "target")]
    return Parsed(evaluate, table("startSolutions"), *data)


def parse_bertini(files, count):
    text = "\n".join(line for line in files["input"].splitlines() if not line.startswith("%"))
    config, _, body = text.partition("INPUT\n")
    assert re.fullmatch(r"\s*CONFIG\nUserHomotopy: 1;\nEND;\s*", config)
    statements = [s.strip() for s in body.split(";") if s.strip()]
    assert statements.pop() == "END"
    declared = {}
    while "=" not in statements[0]:
        kind, _, names = statements.pop(0).partition(" ")
        declared[kind] = names.split(", ")
    assert declared["variable"] == [f"x{i}" for i in range(count)]
    assert declared["pathvariable"] == ["t"]
    assignments = [tuple(s.split(" = ")) for s in statements]
    constants = {n: numbers(v, "*I")[0] for n, v in assignments if n in declared["constant"]}
    assert constants.keys() == set(declared["constant"])
    segment = [(n, v) for n, v in assignments if n in declared["parameter"]]
    assert [n for n, _ in segment] == declared["parameter"]
    rest = [(n, v) for n, v in assignments if n not in declared["constant"] + declared["parameter"]]

    def parameters(t):
        names = constants | {"t": t}
        return {n: eval(v, {}, names) for n, v in segment}

    number, _, points = files["start"].partition("\n\n")
    solutions = np.array(
        [
            [complex(*map(float, line.rstrip(";").split())) for line in point.splitlines()]
            for point in points.strip().split("\n\n")
        ]
    )
    assert int(number) == len(solutions)
    functions = declared["function"]
    return Parsed(
        lambda values, given: run_formulas(rest, functions, values, given), solutions, parameters(1), parameters(0)
    )


def parse_sympy(files, count):
    lambdify = pytest.importorskip("sympy").lambdify
    (text,) = files.values()
    module = {}
    exec(compile(text, "critical_points.py", "exec"), module)
    assert [str(x) for x in module["unknowns"]] == [f"x{i}" for i in range(count)]
    assert len(module["filter_coefficients"]) > 1

    equations = lambdify([*module["unknowns"], *module["parameters"]], module["equations"], "math")

    def evaluate(values, parameters):
        return np.array(equations(*values, *(parameters[str(x)] for x in module["parameters"])), complex)

    def given(name):
        return module[name] and {str(x): complex(value) for x, value in module[name].items()}

    solutions = np.array(module["start_solutions"], complex)
    return Parsed(evaluate, solutions, given("start_parameters"), given("target_parameters"))


def parse_latex(files, count):
    (text,) = files.values()
    aligned = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", text, re.DOTALL)

    def lines(block):
        for line in block.split(" \\\\\n"):
            line = re.sub(r"\\Sigma_\{(\d+),(\d+)\}", r"S\1_\2", line)
            line = re.sub(r"\b([xwrb])_\{(\d+)\}", r"\1\2", line)
            line = re.sub(r"\^\{(\d+)\}", r"**\1", line)
            left, right = line.split(" &= ")
            yield left, re.sub(r"(?<=[\w)]) (?=[\w(])", "*", right)

    filter_, residual, equations = map(list, map(lines, aligned))
    assert {left for left, _ in equations} == {"0"}
    target = None
    matrices = re.findall(r"\\begin\{pmatrix\}\n(.*?)\n\\end\{pmatrix\}", text, re.DOTALL)
    if matrices:
        gram, b = (
            np.array(
                [
                    [float(re.sub(r" \\cdot 10\^\{(.*)\}", r"e\1", z)) for z in row.split(" & ")]
                    for row in m.split(" \\\\\n")
                ]
            )
            for m in matrices
        )
        target = Data(gram, b[:, 0])
    formulas = filter_ + residual
    return Parsed(
        lambda values, parameters: run_formulas(formulas, [right for _, right in equations], values, parameters),
        target=target,
    )


PARSERS = {
    "phc": parse_phc,
    "julia": parse_julia,
    "macaulay2": parse_macaulay2,
    "bertini": parse_bertini,
    "sympy": parse_sympy,
    "latex": parse_latex,
}


def named(data, positions):
    """The parameters by the names in the files."""
    result = {f"b{p}": complex(z) for p, z in zip(positions, data.b, strict=True)}
    for i, p in enumerate(positions):
        for j, q in enumerate(positions):
            if i <= j:
                result[f"S{p}_{q}"] = complex(data.gram[i, j])
    return result


def data_of(parameters, positions):
    """The other way round."""
    gram = [[parameters[f"S{min(p, q)}_{max(p, q)}"] for q in positions] for p in positions]
    return Data(np.array(gram), np.array([parameters[f"b{p}"] for p in positions]))


def as_data(parameters, positions):
    return parameters if parameters is None or isinstance(parameters, Data) else data_of(parameters, positions)


def assert_same_equations(format_, parsed, system, positions, data, rng):
    """At random points, and for the data given."""
    for _ in range(3):
        values = random_values(rng, len(system.unknowns)) / 2
        given = data if format_ in ("macaulay2", "phc") else named(data, positions)
        expected = half_gradient(system, data, values)
        size = np.linalg.norm(data.gram) + np.linalg.norm(data.b)
        scale = size * (1 + np.linalg.norm(filter_by_convolution(system, np.abs(values) + 1))) ** 2
        assert np.allclose(parsed.evaluate(values, given), expected, rtol=0, atol=1e-12 * scale)
        assert np.linalg.norm(expected) > 1e-6 * size


@pytest.mark.parametrize("with_data", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("format_", SYSTEMS)
def test_files_read_back_as_the_equations(format_, case, with_data):
    (filters, strides), pattern = case
    arch = hl.Architecture(filters, strides)
    loss = random_problem(filters, strides).loss if with_data else None
    exported = hl.export(arch, loss, to=format_, stratum=pattern)
    system, positions = patched_system(arch, pattern)
    count = next(r.count for r in hl.generic_count(arch) if pattern in (None, r.pattern) and (pattern or r.pure))
    parsed = PARSERS[format_](dict(exported.files), len(system.unknowns))
    rng = np.random.default_rng(3)

    start, target = (as_data(p, positions) for p in (parsed.start, parsed.target))
    if with_data:
        wanted = Data(loss.gram[np.ix_(positions, positions)], loss.b[positions])
        if format_ == "phc":
            assert_same_equations(format_, parsed, system, positions, wanted, rng)
        else:
            assert np.array_equal(target.gram, wanted.gram)
            assert np.array_equal(target.b, wanted.b)
    if format_ != "phc":
        size = len(positions)
        gram = random_values(rng, size, size)
        assert_same_equations(format_, parsed, system, positions, Data(gram + gram.T, random_values(rng, size)), rng)
    if format_ == "latex":
        assert f"there are {count} complex solutions" in exported.text
        return
    assert parsed.solutions.shape == (count, len(system.unknowns))
    found = system.filters(parsed.solutions)
    assert len(np.unique(find(found, found))) == count
    for values in parsed.solutions:
        if format_ == "phc":
            residual, terms = parsed.evaluate_start(values), parsed.evaluate_start(values * (1 + 1e-3))
        else:
            given = start if format_ == "macaulay2" else parsed.start
            residual, terms = parsed.evaluate(values, given), parsed.evaluate(values * (1 + 1e-3), given)
        assert np.linalg.norm(residual) < 1e-7 * np.linalg.norm(terms)


def test_without_data_paths_lead_to_the_random_target_of_the_seed():
    arch = hl.Architecture((2, 2), (2, 1))
    texts = [hl.export(arch, to="phc", seed=seed).files for seed in (0, 0, 1)]
    assert texts[0] == texts[1]
    assert texts[0]["start"] == texts[2]["start"]
    assert texts[0]["target"] != texts[2]["target"]


def test_phcpack_is_another_name_of_phc(tmp_path, capsys):
    arch = hl.Architecture((2, 2), (2, 1))
    one, other = (hl.export(arch, to=name) for name in ("phc", "phcpack"))
    assert one == other
    assert one.format == "phc"
    assert cli.main(["export", "-k", "2,2", "-s", "2,1", "--to", "phcpack", "-o", str(tmp_path / "folder")]) == 0
    assert capsys.readouterr().out.endswith(f"to run: cd {tmp_path / 'folder'} && phc -p < answers\n")


# The programs


def found_all(values, problem, network):
    """Whether values of the unknowns, at the given data, are the critical filters of the solver."""
    system, _ = patched_system(problem.architecture, None)
    known = filters_of(solved(*network))
    return sorted(find(known, system.filters(values), 1e-8).tolist()) == list(range(len(known)))


@pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc (Debian: phcpack)")
@pytest.mark.parametrize("network", [((3, 2), (2, 1)), ((2, 2, 2), (2, 2, 1))])
def test_phc_runs_its_files(network, tmp_path):
    problem = random_problem(*network)
    exported = hl.export(problem.architecture, problem.loss, to="phc")
    exported.write(tmp_path / "folder")
    assert exported.command == "phc -p < answers"
    with open(tmp_path / "folder" / "answers") as answers:
        subprocess.run(["phc", "-p"], stdin=answers, cwd=tmp_path / "folder", capture_output=True, timeout=60)
    unknowns = patched_system(problem.architecture, None)[0].unknowns
    listing = read_solutions((tmp_path / "folder" / "result").read_text(), unknowns)
    assert (listing.t == 1).all()
    assert found_all(listing.values, problem, network)


@pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc (Debian: phcpack)")
def test_phc_loses_no_path_to_the_sunspot_numbers(tmp_path):
    """As it would along the plain segment, near its end."""
    arch = hl.Architecture((3, 2), (2, 1))
    series = np.genfromtxt(data_path("sunspots.csv"), delimiter=",", names=True)["SUNACTIVITY"]
    X = np.lib.stride_tricks.sliding_window_view(series[:-1], arch.filter_size)
    loss = hl.SquaredLoss.from_data(X, series[arch.filter_size :, None], arch)
    hl.export(arch, loss, to="phc").write(tmp_path / "folder")
    with open(tmp_path / "folder" / "answers") as answers:
        subprocess.run(["phc", "-p"], stdin=answers, cwd=tmp_path / "folder", capture_output=True, timeout=60)
    system, _ = patched_system(arch, None)
    listing = read_solutions((tmp_path / "folder" / "result").read_text(), system.unknowns)
    assert (listing.t == 1).all()
    known = np.array([point.filter for point in hl.critical_points(arch, loss)])
    assert sorted(find(known, system.filters(listing.values), 1e-8).tolist()) == list(range(10))


def problem_of_size(gram_size, b_size):
    """The random problem of one network, in other units."""
    problem = random_problem((3, 2), (2, 1))
    loss, largest = problem.loss, max(b_size**2 / gram_size, 1.0)
    return hl.SquaredLoss(loss.gram * gram_size, loss.b * b_size, loss.constant * largest * 10)


@pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc (Debian: phcpack)")
@pytest.mark.parametrize("sizes", [(1e-20, 1e-20), (1.0, 1e-10)])
def test_phc_loses_no_path_where_the_equations_are_small(sizes, tmp_path):
    arch, loss = hl.Architecture((3, 2), (2, 1)), problem_of_size(*sizes)
    hl.export(arch, loss, to="phc").write(tmp_path / "folder")
    with open(tmp_path / "folder" / "answers") as answers:
        subprocess.run(["phc", "-p"], stdin=answers, cwd=tmp_path / "folder", capture_output=True, timeout=60)
    system, _ = patched_system(arch, None)
    listing = read_solutions((tmp_path / "folder" / "result").read_text(), system.unknowns)
    known = filters_of(hl.critical_points(arch, loss))
    assert sorted(find(known, system.filters(listing.values), 1e-8).tolist()) == list(range(10))


@pytest.mark.skipif(shutil.which("M2") is None, reason="needs Macaulay2 (Debian: macaulay2)")
@pytest.mark.parametrize("sizes", [(1e-20, 1.0), (1.0, 1e10), (1.0, 1e-10)])
def test_macaulay2_loses_no_path_in_other_units(sizes, tmp_path):
    arch, loss = hl.Architecture((3, 2), (2, 1)), problem_of_size(*sizes)
    hl.export(arch, loss, to="macaulay2").write(tmp_path / "critical_points.m2")
    command = ["M2", "--script", str(tmp_path / "critical_points.m2")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    points = [re.fullmatch(r"\(Regular, \{(.*)\}\)", line)[1].split(", ") for line in done.stdout.splitlines()]
    values = [[complex(re.sub(r"(?<!\d)j", "1j", z.replace("*ii", "j").replace("ii", "j"))) for z in p] for p in points]
    known = filters_of(hl.critical_points(arch, loss))
    found = patched_system(arch, None)[0].filters(np.array(values))
    assert sorted(find(known, found, 1e-6).tolist()) == list(range(10))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("M2") is None, reason="needs Macaulay2 (Debian: macaulay2)")
@pytest.mark.parametrize("network", [((3, 2), (2, 1)), ((2, 2, 2), (2, 2, 1))])
def test_macaulay2_runs_its_script(network, tmp_path):
    problem = random_problem(*network)
    script = tmp_path / "critical_points.m2"
    hl.export(problem.architecture, problem.loss, to="macaulay2").write(script)
    done = subprocess.run(["M2", "--script", str(script)], capture_output=True, text=True, timeout=120, check=True)
    points = []
    for line in done.stdout.splitlines():
        status, coordinates = re.fullmatch(r"\((\w+), \{(.*)\}\)", line).groups()
        assert status == "Regular"
        points.append([complex(z.replace("*ii", "j").replace(" ", "")) for z in coordinates.split(", ")])
    assert found_all(np.array(points), problem, network)


# Arguments and files


def test_refusals():
    arch = hl.Architecture((2, 2, 2), (1, 2, 1))
    with pytest.raises(hl.InputError, match=r"^to: 'maple' is not known; expected one of phc, julia"):
        hl.export(arch, to="maple")
    with pytest.raises(hl.InputError, match=r"^stratum: \(3\)\(1\) has no critical points .*\(1,1\)\(1\), \(2\)\(1\)"):
        hl.export(arch, to="julia", stratum=((3,), (1,)))
    with pytest.raises(hl.InputError, match=r"^max_count: this stratum has 10 critical points"):
        hl.export(arch, to="julia", max_count=9)
    with pytest.raises(hl.InputError, match=r"^loss: its filters have size 3; expected 5"):
        hl.export(arch, hl.SquaredLoss.white([1.0, 2.0, 3.0]), to="julia")
    with pytest.raises(hl.InputError, match=r"^phc: 3 files"):
        _ = hl.export(arch, to="phc").text


@given(st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=4).map(tuple), min_size=1, max_size=3).map(tuple))
@settings(max_examples=50, deadline=None)
def test_patterns_read_back(pattern):
    spellings = (
        format_pattern(pattern),
        str([list(p) for p in pattern]),
        ";".join(",".join(map(str, p)) for p in pattern),
        "(" + "),(".join(",".join(map(str, p)) for p in pattern) + ")",
    )
    assert {pattern_from_text("stratum", text) for text in spellings} == {pattern}


@pytest.mark.parametrize("text", ["", "a", "(2,0)", "2,,1", "(2)(", "-1", "2.5"])
def test_no_pattern(text):
    with pytest.raises(hl.InputError, match=r"^stratum: "):
        pattern_from_text("stratum", text)


COMMAND = ["export", "-k", "2,2,2", "-s", "1,2,1"]


def test_command_writes_to_standard_output(capsys):
    assert cli.main([*COMMAND, "--to", "sympy", "--stratum", "(2)(1)"]) == 0
    arch = hl.Architecture((2, 2, 2), (1, 2, 1))
    assert capsys.readouterr().out == hl.export(arch, to="sympy", stratum=((2,), (1,))).text


def test_command_fills_in_the_data(capsys, tmp_path):
    np.savez(tmp_path / "data.npz", gram=np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), b=[5.0, 4.0, 3.0, 2.0, 1.0])
    assert cli.main([*COMMAND, "--to", "latex", "--data", str(tmp_path / "data.npz")]) == 0
    target = parse_latex({"": capsys.readouterr().out}, 4).target
    assert np.array_equal(target.gram, np.diag([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert target.b.tolist() == [5.0, 4.0, 3.0, 2.0, 1.0]


def test_command_writes_folders_and_files(capsys, tmp_path):
    folder = tmp_path / "new"
    for _ in range(2):  # an existing folder is written to as well
        assert cli.main([*COMMAND, "--to", "bertini", "--random", "-o", str(folder)]) == 0
        assert sorted(path.name for path in folder.iterdir()) == ["input", "start"]
        assert capsys.readouterr().out.endswith("&& bertini input start\n")
    assert cli.main([*COMMAND, "--to", "julia", "-o", str(folder), "-q"]) == 0
    assert cli.main([*COMMAND, "--to", "julia", "-o", str(tmp_path / "mine.jl"), "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert (folder / "critical_points.jl").read_text() == (tmp_path / "mine.jl").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--to: missing"),
        (("--to", "maple"), "--to: 'maple' is not known"),
        (("--to", "phc"), "-o/--output: missing; expected a folder, for the files target, start, answers"),
        (("--to", "phc", "-o", "{folder}/file"), "-o/--output: {folder}/file: is a file"),
        (("--to", "julia", "-o", "{folder}/no/file"), "-o/--output: {folder}/no/file: the folder"),
        (("--to", "julia", "--stratum", "x"), "--stratum: 'x' is no root pattern"),
        (("--to", "julia", "--random", "--white"), "--random and --white: exclude each other"),
        (("--to", "julia", "--horizon", "2"), "--data: no data given"),
    ],
)
def test_command_refuses_before_the_work(arguments, message, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(exports, "start_system", lambda *a, **k: pytest.fail("not to be reached"))
    (tmp_path / "file").write_text("mine")
    assert cli.main([*COMMAND, *(argument.format(folder=tmp_path) for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"homotopy-lcn: {message.format(folder=tmp_path)}")
    assert captured.err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["cp.py", "a folder/my cp.py"])
def test_the_command_that_is_printed_runs_the_file_that_was_written(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a folder").mkdir()
    assert cli.main(["export", "-k", "3,2", "-s", "2,1", "--to", "sympy", "-o", name]) == 0
    written, command = capsys.readouterr().out.splitlines()
    assert written == name
    assert command == f"to run: python -i {shlex.quote(name)}"
    assert cli.main(["export", "-k", "3,2", "-s", "2,1", "--to", "sympy", "-o", "a folder"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "to run: python -i 'a folder/critical_points.py'"


def test_the_command_for_several_files_begins_in_their_folder(tmp_path, capsys):
    folder = tmp_path / "two words"
    assert cli.main(["export", "-k", "3,2", "-s", "2,1", "--to", "bertini", "-o", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"to run: cd '{folder}' && bertini ")
