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
    """Index and doubt on arrays, and the inertia of the polished Hessian."""
    pattern = tuple((1,) * block.degree for block in arch.blocks)
    problem = StratumProblem(arch, Embedding.of_pattern(arch, pattern), pattern, data.gram, data.b, 0.0)
    layers = [stack for stack, size in zip(theta, arch.filters, strict=True) if size > 1]
    polished = polish(arch, data, theta)
    return (
        *hessian_indices(problem, layers, compose(arch, theta)),
        careful_inertia(arch, data, polished.points, polished.zero),
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
        indices, doubtful, careful = both(arch, Data(loss.gram, loss.b), theta)
        assert not doubtful.any()
        assert not careful.nullities.any()
        assert indices.tolist() == careful.indices.tolist()
        assert careful.kinds() == ["saddle" if index else "minimum" for index in indices]
        seen |= set(indices.tolist())
    assert seen >= {0, 1}


def test_a_degenerate_hessian_is_in_doubt_on_arrays_and_found_by_the_careful_variant():
    """Over (x − 1)² the two layers share a root, so that dμ drops rank; the residual is zero."""
    arch, w = Architecture((2, 2), (1, 1)), np.array([1.0, -2.0, 1.0])
    theta = [np.array([[1.0, -1.0]]), np.array([[1.0, -1.0]])]
    _, doubtful, careful = both(arch, Data(np.eye(3), w), theta)
    assert doubtful.all()
    assert (careful.indices.tolist(), careful.nullities.tolist(), careful.no_residual.tolist()) == ([0], [1], [True])
    # The residual decides what the Hessian does not.
    assert careful.kinds() == ["minimum"]
    assert careful._replace(no_residual=np.array([False])).kinds() == ["degenerate"]


@pytest.mark.parametrize("negative", [False, True])
def test_directions_along_a_continuum_are_no_degeneracy(negative):
    """v vᵀ on the circle of two equal singular values of a target, of which the third one is smaller or larger."""
    arch = Architecture((3, 3), (3, 1))
    target = np.diag([1.0, 1.0, 2.0 if negative else 0.5]).ravel()
    theta = [np.array([[0.6, 0.8, 0.0]])] * 2
    polished = polish(arch, Data(np.eye(9), target), theta)
    inertia = careful_inertia(arch, Data(np.eye(9), target), polished.points, np.array([1e-10]))
    # In the plane of the two layers the Hessian is [[1, −σ], [−σ, 1]] for each other singular value σ: (0, 2) for the
    # equal one, (−1, 3) for the larger one.
    assert (inertia.indices.tolist(), inertia.nullities.tolist()) == ([int(negative)], [1])
    assert inertia.kinds() == ["degenerate"]
    assert inertia.kinds(free=1) == ["saddle" if negative else "minimum"]


def test_a_dead_channel_leaves_the_index_of_a_regular_hessian():
    """Σ = diag(1, 0, 0, 4), b = (1, 0, 0, 1) at e_0, where all diagonal entries of JᵀΣJ but the first vanish.

    With w = c (1, a) ⊗ (1, d) the loss is c² + 4 c² a² d² − 2 c − 2 c a d, and its second derivatives at c = 1,
    a = d = 0 have the eigenvalues 2, 2, −2.
    """
    arch, data = Architecture((2, 2), (2, 1)), Data(np.diag([1.0, 0, 0, 4.0]), np.array([1.0, 0, 0, 1.0]))
    theta = [np.array([[1.0, 0.0]])] * 2
    _, _, careful = both(arch, data, theta)
    assert (careful.indices.tolist(), careful.nullities.tolist()) == ([1], [0])
    assert careful.kinds() == ["saddle"]


def test_parameters_that_are_not_critical_are_in_doubt():
    arch = Architecture((2, 2), (1, 1))
    data = Data(np.eye(3), np.array([1.0, 3.0, 2.0]))
    theta = [np.array([[1.0, 1.0], [1.0, 1.001]]), np.array([[1.0, 2.0], [1.0, 2.0]])]
    assert both(arch, data, theta)[1].tolist() == [False, True]
