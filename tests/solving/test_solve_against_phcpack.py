"""The parameter-space system, written out with sympy and solved whole by PHCpack, has the solver's critical points."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import sympy

from homotopy_lcn import Architecture, critical_points, generic_count
from homotopy_lcn.tracking.phcpack_program import solve_by_blackbox
from tests.small_networks import Problem, end_to_end, random_problem, solved

needs_phc = pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc (Debian: phcpack)")
ARCHITECTURES = [
    ((2, 2), (1, 1)),
    ((2, 2), (2, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((3, 3), (1, 1)),
    ((2, 2, 2), (1, 2, 1)),
]


def patched_network(architecture, rng):
    """A network in patch coordinates: all layers but the first are restricted to w[0] = 1 + Σ c_j w[j], c_j random.

    Returns
    -------
    layers : the layers' entries as polynomials in the unknowns
    unknowns : list of sympy symbols
    w : the entries of the end-to-end filter
    """
    x, layers, unknowns = sympy.Symbol("x"), [], []
    product, dilation = sympy.Integer(1), 1
    for layer, (size, stride) in enumerate(zip(architecture.filters, architecture.strides, strict=True)):
        entries = [sympy.Symbol(f"w{layer}v{j}") for j in range(size)]
        if layer:
            patch = rng.standard_normal(size - 1) + 1j * rng.standard_normal(size - 1)
            entries[0] = 1 + sum(sympy.sympify(c) * e for c, e in zip(patch.tolist(), entries[1:], strict=True))
        unknowns += entries[1:] if layer else entries
        layers.append(entries)
        product *= sum(e * x ** (j * dilation) for j, e in enumerate(entries))
        dilation *= stride
    return layers, unknowns, sympy.Poly(sympy.expand(product), x).all_coeffs()[::-1]


def parameter_space_system(problem, rng):
    """The gradient of the loss in patch coordinates.

    Returns
    -------
    layers : the layers' entries as polynomials in the unknowns
    unknowns : list of sympy symbols
    equations : as many polynomials
    """
    architecture = problem.architecture
    layers, unknowns, w = patched_network(architecture, rng)
    loss = sympy.Integer(0)
    for sample, outputs in zip(problem.X, problem.Y, strict=True):
        for position, output in enumerate(outputs):
            patch = sample[position * architecture.stride :][: len(w)]
            error = sum(sympy.Float(value) * c for value, c in zip(patch, w, strict=True)) - sympy.Float(output)
            loss += sympy.Poly(error, *unknowns) ** 2
    return layers, unknowns, [loss.diff(unknown) for unknown in unknowns]


def polynomials(equations):
    """The equations as PHCpack's writer takes them."""
    return [{exponents: complex(coefficient) for exponents, coefficient in p.terms()} for p in equations]


def solve_by_phc(layers, unknowns, equations, least_rco=0.0):
    """The solutions θ that ``phc -b`` lists, those with filter zero included.

    ``least_rco`` leaves out singular ones: PHCpack estimates the inverse of the condition number.

    Left out is what PHCpack lists without having arrived: points whose last Newton step is large, and patch coordinates
    beyond 1e4 (paths on their way to infinity end near 1e6).
    """
    listing = solve_by_blackbox(polynomials(equations), [str(u) for u in unknowns], timeout=120)
    evaluate = sympy.lambdify(unknowns, layers)
    thetas = []
    for values, error, rco in zip(listing.values, listing.errors, listing.inverse_conditions, strict=True):
        if rco >= least_rco and error <= 1e-8 and np.abs(values).max() <= 1e4:
            thetas.append([np.array(w, complex) for w in evaluate(*values.tolist())])
    return thetas


def convolve(architecture, theta):
    result, dilation = np.ones(1), 1
    for w, stride in zip(theta, architecture.strides, strict=True):
        dilated = np.zeros((len(w) - 1) * dilation + 1, complex)
        dilated[::dilation] = w
        result, dilation = np.convolve(result, dilated), dilation * stride
    return result


@needs_phc
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("filters", "strides"), ARCHITECTURES)
def test_phcpack_finds_the_same_critical_filters_with_the_same_number_of_parameters_over_each(filters, strides, seed):
    problem, result = random_problem(filters, strides, seed), solved(filters, strides, seed)
    known = np.array([point.filter for point in result])
    factorizations = {row.pattern: row.factorizations for row in generic_count(problem.architecture)}
    expected = [factorizations[point.stratum] for point in result]
    rng = np.random.default_rng(seed)
    # A path that PHCpack loses in one patch it hardly loses in three; a solution that is not ours fails at once.
    for _ in range(3):
        thetas = solve_by_phc(*parameter_space_system(problem, rng))
        filters_found = [convolve(problem.architecture, theta) for theta in thetas]
        filters_found = [w for w in filters_found if np.linalg.norm(w) > 1e-8]
        numbers = np.zeros(len(known), int)
        for w in filters_found:
            distances = np.linalg.norm(known - w, axis=1) / np.linalg.norm(known, axis=1)
            assert distances.min() < 1e-10
            numbers[distances.argmin()] += 1
        assert (numbers <= expected).all()
        if sum(numbers) == sum(expected):
            break
    assert numbers.tolist() == expected
    assert result.complete


# Special data


def white(architecture, rng):
    size = architecture.filter_size
    return Problem(architecture, np.eye(size), rng.standard_normal((size, 1)))


def integers(architecture, rng):
    size = architecture.filter_size
    return Problem(
        architecture,
        rng.integers(-2, 3, (size + 2, size)).astype(float),
        rng.integers(-2, 3, (size + 2, 1)).astype(float),
    )


def least_rank(architecture, rng):
    """As many samples as the function space has dimensions."""
    size, rank = architecture.filter_size, architecture.dimension
    return Problem(architecture, rng.standard_normal((rank, size)), rng.standard_normal((rank, 1)))


def perfect_fit(*theta):
    """The outputs of a network."""

    def problem(architecture, rng):
        size = architecture.filter_size
        X = rng.standard_normal((size + 1, size))
        return Problem(architecture, X, (X @ end_to_end(architecture, [np.array(w) for w in theta]))[:, None])

    return problem


SPECIAL = [
    (((2, 2), (1, 1)), white),
    (((2, 2), (2, 1)), white),
    (((3, 2), (2, 1)), white),
    (((2, 3), (2, 1)), white),
    (((2, 2, 2), (1, 1, 1)), white),
    (((2, 2), (1, 1)), integers),
    (((2, 2), (2, 1)), integers),
    (((3, 2), (2, 1)), integers),
    (((2, 2, 2), (1, 1, 1)), integers),
    (((2, 2), (2, 1)), least_rank),
    (((3, 2), (2, 1)), least_rank),
    (((2, 2, 2), (1, 2, 1)), least_rank),
    # Two layers share a root, a double root, coincident hyperroots, hyperroots to be swapped, a vanishing coefficient.
    (((2, 2), (1, 1)), perfect_fit([1.0, -2.0], [1.0, -2.0])),
    (((3, 2), (2, 1)), perfect_fit([1.0, -4.0, 4.0], [1.0, -3.0])),
    (((3, 2), (2, 1)), perfect_fit([1.0, 0.0, -1.0], [1.0, -1.0])),
    (((3, 2), (2, 1)), perfect_fit([1.0, 0.0, -1.0], [1.0, -2.0])),
    (((2, 2), (2, 1)), perfect_fit([0.0, 1.0], [1.0, -2.0])),
]


@needs_phc
@pytest.mark.parametrize(("shape", "kind"), SPECIAL)
def test_phcpack_finds_the_same_nonsingular_points_for_special_data(shape, kind):
    architecture, rng = Architecture(*shape), np.random.default_rng(2)
    problem = kind(architecture, rng)
    result = critical_points(architecture, problem.loss)
    assert result.complete
    known = np.array([point.filter for point in result])
    factorizations = {row.pattern: row.factorizations for row in generic_count(architecture)}
    # Where a point of one stratum is on another one, too, factorizations of both coincide and are singular.
    plain = np.array([point.nonsingular and not point.also_on for point in result])
    expected = np.array([factorizations[point.stratum] * point.multiplicity for point in result])
    best = np.zeros(len(known), int)
    for _ in range(3):
        numbers = np.zeros(len(known), int)
        for theta in solve_by_phc(*parameter_space_system(problem, rng), least_rco=1e-9):
            w = convolve(architecture, theta)
            if np.linalg.norm(w) > 1e-8:
                distances = np.linalg.norm(known - w, axis=1) / np.linalg.norm(known, axis=1)
                assert distances.min() < 1e-8
                numbers[distances.argmin()] += 1
        best = np.maximum(best, numbers)
        if (best[plain] == expected[plain]).all():
            break
    assert plain.any()
    assert best[plain].tolist() == expected[plain].tolist()
