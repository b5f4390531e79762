"""The two variants of the index of the Hessian against each other."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture
from homotopy_lcn.classification.hessian_indices import _complement, careful_inertia, hessian_indices
from homotopy_lcn.classification.real_parameters import polish
from homotopy_lcn.classification.stratum_problem import StratumProblem
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.networks.strata import Embedding
from tests.small_networks import random_problem, solved


@pytest.mark.parametrize("size", [2, 3, 5])
def test_complements_are_orthonormal(size):
    forms = np.random.default_rng(size).normal(size=(50, size))
    forms[0] = np.eye(size)[0]
    forms[1] = -np.eye(size)[0]
    forms[2] = np.eye(size)[-1]
    forms /= np.linalg.norm(forms, axis=1, keepdims=True)
    whole = np.concatenate([forms[:, :, None], _complement(forms)], axis=2)
    np.testing.assert_allclose(whole.transpose(0, 2, 1) @ whole, np.tile(np.eye(size), (50, 1, 1)), atol=1e-14)


def both(arch, data, theta):
    """Index and doubt on arrays, index and degeneracy from the polished Hessian."""
    pattern = tuple((1,) * block.degree for block in arch.blocks)
    problem = StratumProblem(arch, Embedding.of_pattern(arch, pattern), pattern, data.gram, data.b, 0.0)
    layers = [stack for stack, size in zip(theta, arch.filters, strict=True) if size > 1]
    return (
        *hessian_indices(problem, layers, compose(arch, theta)),
        *careful_inertia(arch, data, polish(arch, data, theta).points),
    )


@pytest.mark.parametrize(
    ("filters", "strides"),
    [((3, 3), (1, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 2, 2), (2, 1, 1)), ((2, 1, 2), (1, 2, 1)), ((2, 2), (2, 1))],
)
def test_both_variants_count_the_same_negative_eigenvalues(filters, strides):
    arch = Architecture(filters, strides)
    seen = set()
    for seed in range(3):
        loss = random_problem(filters, strides, seed).loss
        thetas = [theta for point in solved(filters, strides, seed).attained for theta in point.parameters]
        theta = [np.array(layers) for layers in zip(*thetas, strict=True)]
        indices, doubtful, careful, degenerate = both(arch, Data(loss.gram, loss.b), theta)
        assert not doubtful.any()
        assert not degenerate.any()
        assert indices.tolist() == careful.tolist()
        seen |= set(indices.tolist())
    assert seen >= {0, 1}


def test_a_degenerate_hessian_is_in_doubt_on_arrays_and_found_by_the_careful_variant():
    """Over (x − 1)² the two layers share a root, so that dμ drops rank; the residual is zero."""
    arch, w = Architecture((2, 2), (1, 1)), np.array([1.0, -2.0, 1.0])
    theta = [np.array([[1.0, -1.0]]), np.array([[1.0, -1.0]])]
    _, doubtful, careful, degenerate = both(arch, Data(np.eye(3), w), theta)
    assert doubtful.all()
    assert degenerate.all()
    assert careful.tolist() == [0]


def test_parameters_that_are_not_critical_are_in_doubt():
    arch = Architecture((2, 2), (1, 1))
    data = Data(np.eye(3), np.array([1.0, 3.0, 2.0]))
    theta = [np.array([[1.0, 1.0], [1.0, 1.001]]), np.array([[1.0, 2.0], [1.0, 2.0]])]
    assert both(arch, data, theta)[1].tolist() == [False, True]
