"""The factorizations of a filter, found by PHCpack from the equations μ(θ) = w, are those of the fibre."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
import sympy

from homotopy_lcn import Architecture
from homotopy_lcn.geometry.filter_geometry import describe_filter
from tests.solving.test_solve_against_phcpack import convolve, needs_phc, patched_network, solve_by_phc


def factorization_system(architecture, w, rng):
    """As many random combinations of the equations μ(θ) = w as unknowns; all layers but the first in random patches."""
    layers, unknowns, coefficients = patched_network(architecture, rng)
    errors = [sympy.Poly(c - sympy.Float(value), *unknowns) for c, value in zip(coefficients, w, strict=True)]
    mixing = rng.standard_normal((len(unknowns), len(errors), 2)) @ [1, 1j]
    return (
        layers,
        unknowns,
        [sum((e * complex(c) for e, c in zip(errors, row, strict=True)), start=0) for row in mixing],
    )


def is_real(theta):
    """Up to scaling each layer."""
    return all(np.abs(np.imag(np.outer(w, w.conj()))).max() < 1e-7 * np.linalg.norm(w) ** 2 for w in theta)


def product(*factors):
    return reduce(np.convolve, factors, np.ones(1))


GENERIC = None
CASES = [
    (((2, 2), (1, 1)), [1.0, 0, 1], (2, 0)),
    (((3, 2), (1, 1)), product([1, 1, 2], [1, -3]), (3, 1)),
    (((2, 2, 2), (1, 1, 1)), [1.0, -6, 11, -6], (6, 6)),
    (((3, 3), (1, 1)), product([1, 1, 2], [1, -1], [1, -3]), (6, 2)),
    (((3, 2), (2, 1)), [1.0, 0, -3, 0, 2], (2, 2)),
    (((3, 2), (2, 1)), [1.0, 0, 0, 0, 1], (2, 0)),
    (((3, 2), (2, 1)), [0.0, 0, 1, 0, 0], (2, 2)),
    (((3, 2), (2, 1)), [0.0, 1, 0, -2, 0], (1, 1)),
    (((3, 2), (2, 1)), [2.0, 1, -5, 3, -3], (0, 0)),
    (((2, 2, 2), (1, 2, 1)), [1.0, 0, -3, 0, 2], (4, 4)),
    (((2, 2, 2), (1, 2, 1)), [1.0, 0, -1, 0, -2], (4, 2)),
    (((3, 3), (2, 1)), product([1, 0, -1], [1, 0, -5, 0, 6]), (3, 3)),
    (((5, 2), (2, 1)), product([1, 0, -3, 0, 2], [1, 0, 2]), (3, 3)),
    (((4, 2), (3, 1)), product([1, 0, 0, -1], [1, 0, 0, -8]), (2, 2)),
    (((3, 2, 2), (2, 2, 1)), product([1, 0, 0, 0, -1], [1, 0, 0, 0, -16]), (4, 4)),
    (((3, 2, 2), (2, 2, 1)), GENERIC, (1, 1)),
    (((2, 3, 2), (1, 2, 1)), GENERIC, (3, None)),
    (((2, 2, 3), (3, 1, 1)), GENERIC, (3, None)),
]


@needs_phc
@pytest.mark.parametrize(("shape", "w", "numbers"), CASES)
def test_phcpack_finds_as_many_factorizations(shape, w, numbers):
    architecture, rng = Architecture(*shape), np.random.default_rng(0)
    if w is GENERIC:
        w = convolve(architecture, [rng.standard_normal(k) for k in architecture.filters]).real
    facts = describe_filter(architecture, w)
    found = []
    for theta in solve_by_phc(*factorization_system(architecture, w, rng)):
        if np.abs(convolve(architecture, theta) - w).max() > 1e-7 * np.abs(w).max():
            continue  # a solution of the combinations only
        if all(max(np.abs(a - b).max() for a, b in zip(theta, other, strict=True)) > 1e-5 for other in found):
            found.append(theta)
    assert len(found) == facts.complex_parameters
    assert sum(map(is_real, found)) == facts.real_parameters
    assert len(found) == numbers[0]
    assert numbers[1] in (None, facts.real_parameters)
