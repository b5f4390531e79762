"""The written-out equations against the derivative of the loss by Cauchy's integral, on strata of all sorts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.equations.polynomials import PatchedSystem, evaluate, random_patches, written, written_plainly
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.monodromy import random_data, seed_pair

FACTORS = st.builds(Factor, st.integers(1, 2), st.integers(1, 2), st.integers(1, 2))
STRATA = st.builds(lambda factors: Stratum(tuple(factors)), st.lists(FACTORS, max_size=2))
SEEDS = st.integers(0, 2**32 - 1)


def random_values(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def filter_by_convolution(system, values):
    """The filter at one vector of unknowns, from the definition of the patch."""
    values, result = list(values), np.ones(1)
    if system.free is None:
        result = np.array([values.pop(0)])
    for f, (factor, patch) in enumerate(zip(system.stratum.factors, system.patches, strict=True)):
        rest = [values.pop(0) for _ in range(factor.degree + (f == system.free))]
        form = np.array(rest if f == system.free else [1 + np.dot(patch, rest), *rest])
        dilated = np.zeros(factor.degree * factor.dilation + 1, complex)
        dilated[:: factor.dilation] = form
        for _ in range(factor.power):
            result = np.convolve(result, dilated)
    assert not values
    return result


def half_gradient(system, data, values):
    """Half the derivatives of wᵀΣw − 2bᵀw: exact but for rounding, as the loss is a polynomial."""
    count = 64
    circle = np.exp(2j * np.pi * np.arange(count) / count)
    result = []
    for direction in np.eye(len(values)):
        filters = [filter_by_convolution(system, values + z * direction) for z in circle]
        losses = np.array([w @ data.gram @ w - 2 * data.b @ w for w in filters])
        result.append((losses / circle).mean() / 2)
    return np.array(result)


@settings(max_examples=15, deadline=None)
@given(stratum=STRATA, seed=SEEDS, patched=st.booleans())
def test_equations_are_half_the_gradient_of_the_loss(stratum, seed, patched):
    rng = np.random.default_rng(seed)
    system = PatchedSystem(stratum, random_patches(stratum, rng) if patched else None)
    assert len(system.unknowns) == stratum.dimension
    data = random_data(stratum.filter_size, rng)
    values = random_values(rng, stratum.dimension) / 2
    w = filter_by_convolution(system, values)
    assert np.allclose([evaluate(p, values) for p in system.filter], w, rtol=0, atol=1e-11 * (1 + np.abs(w).max()))
    assert np.allclose(system.filters(values[None])[0], w, rtol=0, atol=1e-10 * (1 + np.abs(w).max()))
    expected = half_gradient(system, data, values)
    found = [evaluate(equation, values) for equation in system.equations(data)]
    circle = [filter_by_convolution(system, values + z * e) for e in np.eye(len(values)) for z in (1, -1, 1j)]
    size = 1 + np.abs(circle).max() ** 2 * len(w)
    assert np.allclose(found, expected, rtol=0, atol=1e-11 * size)


@settings(max_examples=15, deadline=None)
@given(stratum=STRATA, seed=SEEDS)
def test_points_and_unknowns_are_the_same_filters(stratum, seed):
    rng = np.random.default_rng(seed)
    system = PatchedSystem(stratum, random_patches(stratum, rng))
    point, data = seed_pair(stratum, rng)
    values = system.from_points(point)
    again = system.from_points(system.points(values))
    assert np.allclose(again, values, rtol=1e-9)
    for equation in system.equations(data):
        terms = sum(abs(c) * np.prod(np.abs(values[0]) ** np.array(e)) for e, c in equation.items())
        assert abs(evaluate(equation, values[0])) <= 1e-9 * terms


def test_vanishing_data_keep_every_monomial():
    """Other programs number the unknowns as they occur: start and target must have the same monomials."""
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
    system = PatchedSystem(stratum)
    nothing = Data(np.zeros((5, 5)), np.zeros(5))
    full = random_data(5, np.random.default_rng(0))
    for one, other in zip(system.equations(nothing), system.equations(full), strict=True):
        assert list(one) == list(other)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 12), st.integers(0, 2)), st.integers(-30, 30).filter(bool), min_size=0, max_size=5
    )
)
def test_plain_polynomials_read_back(polynomial):
    values = np.array([0.7 - 0.2j, -1.1 + 0.4j])
    text = written_plainly(polynomial, ["x0", "x1"], "**")
    read = eval(text, {"x0": complex(values[0]), "x1": complex(values[1])})
    assert read == pytest.approx(evaluate(polynomial, values), rel=1e-12, abs=1e-12)


def test_plain_polynomials_look_plain():
    assert written_plainly({(0, 0): -3, (1, 2): 1, (1, 0): -1, (0, 1): 2}, ["x0", "x1"]) == "-3 + x0*x1^2 - x0 + 2*x1"
    assert written_plainly({}, ["x0"]) == "0"
    assert written({}, ["x0"], "i") == "0"
    with pytest.raises(ValueError, match="integer"):
        written_plainly({(0,): 0.5}, ["x0"])


@settings(max_examples=300, derandomize=True)
@given(st.complex_numbers(allow_nan=False, allow_infinity=False))
def test_written_coefficients_are_exact_and_read_in_full_by_phcpack(coefficient):
    """PHCpack drops digits beyond the eighteenth on either side of the point, and reads "- -" as "- 1 -"."""
    text = written({(1,): coefficient}, ["x"], "i")
    inside = re.fullmatch(r"\+\((.*)\*i\)\*x", text).group(1)
    numbers = re.findall(r"[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?", inside)
    assert "".join(numbers) == inside
    assert [float(number) for number in numbers] == [coefficient.real, coefficient.imag]
    for number in numbers:
        before, _, after = number.lstrip("+-").partition("e")[0].partition(".")
        assert len(before) <= 18
        assert len(after) <= 18
