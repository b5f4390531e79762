"""Gram matrices with eigenvalues at the threshold of the rank: each solve takes seconds, and says what was decided."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.losses.squared_loss import DEFAULT_TOLERANCE
from homotopy_lcn.solving import all_paths
from homotopy_lcn.solving.tolerances import SOLVING

NETWORKS = [((3, 2), (2, 1)), ((3, 3), (1, 1)), ((2, 2, 2), (2, 2, 1))]


def loss_with(network, smallest, seed=0):
    """A Gram matrix with these smallest eigenvalues, in random axes; b is in its range."""
    size = Architecture(*network).filter_size
    rng = np.random.default_rng([seed, size])
    axes = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = np.linspace(1, 0.2, size)
    values[-len(smallest) :] = smallest
    gram = axes @ np.diag(values) @ axes.T
    gram = (gram + gram.T) / 2
    target = rng.normal(size=size)
    return SquaredLoss(gram, gram @ target, float(target @ gram @ target) + 1)


@pytest.mark.parametrize("factor", [0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 2.0])
@pytest.mark.parametrize("network", NETWORKS, ids=str)
@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
def test_one_eigenvalue_at_the_threshold_is_solved_completely_or_refused(network, factor):
    arch, loss = Architecture(*network), loss_with(network, [factor * DEFAULT_TOLERANCE])
    assert loss.rank_in_doubt
    if loss.rank < arch.dimension:
        with pytest.raises(InputError, match=r"^loss: its Gram matrix has rank \d \(numerical rank . of ., in doubt"):
            critical_points(arch, loss)
    else:
        assert critical_points(arch, loss).complete


def test_the_doubt_of_the_solver_is_that_of_the_loss():
    loss = SquaredLoss(np.diag([1.0, 0.99 * SOLVING.doubtful]), [1.0, 0.0])
    assert loss.rank_in_doubt
    assert not SquaredLoss(np.diag([1.0, 1.01 * SOLVING.doubtful]), [1.0, 0.0]).rank_in_doubt


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
@pytest.mark.parametrize(("seed", "complete"), [(0, True), (1, False)])
def test_two_eigenvalues_at_the_threshold_are_solved_or_said_to_be_in_doubt(seed, complete, monkeypatch):
    """Every point of the data as they are given is confirmed in eighty digits, or the result says what is missing."""
    ways = []
    for name in ("in_doubles", "in_two_parts", "from_the_start", "along_eigenvalues"):
        way = getattr(all_paths, name)

        def noted(*args, way=way, name=name):
            ways.append(name)
            return way(*args)

        monkeypatch.setattr(all_paths, name, noted)
    network = NETWORKS[1]
    result = critical_points(Architecture(*network), loss_with(network, [1.1e-12, 1.1e-12], seed))
    assert "along_eigenvalues" in ways
    assert ways.count("from_the_start") <= SOLVING.detours
    assert result.complete == complete
    assert len(result) == 24 if complete else len(result) > 18
    assert complete or any("numerical rank 5 of 5, in doubt" in gap for gap in result.gaps())
    assert result.loss.rank_in_doubt
