"""Walls of special data: white, proportional, singular Gram matrices; what is lost is accounted for or said."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.conditions import Fold
from homotopy_lcn.discriminants.homotopies import follow
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.discriminants.singular_ends import near_singular_end
from homotopy_lcn.discriminants.start_walls import start_walls
from homotopy_lcn.discriminants.tangencies import kernel_meets
from homotopy_lcn.networks.strata import Embedding, Stratum
from tests.discriminants.test_walls import agree_with_a_grid, gaussian


def folds(found):
    return next(row for row in found.strata if row.kind == "fold")


@pytest.mark.parametrize(("size", "finite"), [(2, 0), pytest.param(4, 12, marks=pytest.mark.slow)])
def test_white_data_lose_walls_to_infinity(size, finite):
    """Gröbner bases found 0 of 12 and 12 of 36 walls."""
    arch = hl.Architecture((size, 2), (2, 1))
    rng = np.random.default_rng(1)
    losses = [hl.SquaredLoss.white(rng.standard_normal(arch.filter_size)) for _ in range(2)]
    found = hl.walls(arch, *losses)
    assert found.complete
    row = folds(found)
    assert (row.generic, row.found, row.escaped) == (12 * (size - 1), finite, 12 * (size - 1) - finite)
    agree_with_a_grid(found, losses, 10)


def test_proportional_gram_matrices_are_one_gram_matrix():
    """The data at t, divided by a number, lie on a line with the Gram matrix of the start."""
    arch = hl.Architecture((3, 2), (2, 1))
    first, second = gaussian(arch, 5, fixed_gram=True)
    scaled = hl.SquaredLoss(7 * second.gram, 7 * second.b)
    plain, found = hl.walls(arch, first, second), hl.walls(arch, first, scaled)
    assert found.complete
    assert folds(found).generic == 24
    assert [wall.kind for wall in found.walls] == [wall.kind for wall in plain.walls]
    for wall, other in zip(found.walls, plain.walls, strict=True):
        assert 7 * wall.t / (1 - wall.t + 7 * wall.t) == pytest.approx(other.t)
        if wall.kind != "exchange":
            np.testing.assert_allclose(wall.filter, other.filter, atol=1e-8)


def test_nothing_happens_if_all_data_are_multiplied():
    arch = hl.Architecture((2, 2), (2, 1))
    first = gaussian(arch, 0)[0]
    for gram, b in ((3, 3), (3, 1), (1, 5)):
        found = hl.walls(arch, first, hl.SquaredLoss(gram * first.gram, b * first.b))
        assert (found.complete, found.walls, len(found.chambers)) == (True, (), 1)


def test_few_samples_on_both_sides():
    arch = hl.Architecture((2, 2), (2, 1))
    rng = np.random.default_rng(1)
    samples = [(rng.standard_normal((3, 4)), rng.standard_normal((3, 1))) for _ in range(2)]
    losses = [hl.SquaredLoss.from_data(X, Y, arch) for X, Y in samples]
    found = hl.walls(arch, *losses)
    assert found.complete
    agree_with_a_grid(found, losses, 12)


def test_a_ridge_is_a_segment_on_which_only_the_gram_matrix_moves():
    arch = hl.Architecture((2, 2), (2, 1))
    first = gaussian(arch, 2)[0]
    losses = first, hl.SquaredLoss(first.gram + 10 * np.eye(4), first.b)
    found = hl.walls(arch, *losses)
    assert found.complete
    assert folds(found).generic == folds(found).found == 18
    agree_with_a_grid(found, losses, 10)


def test_a_wall_at_the_start_of_the_segment():
    arch = hl.Architecture((3, 2), (2, 1))
    losses = gaussian(arch, 5, fixed_gram=True)
    plain = hl.walls(arch, *losses)
    wall = next(wall for wall in plain.walls if wall.kind == "fold")
    middle = hl.SquaredLoss(losses[0].gram, (1 - wall.t) * losses[0].b + wall.t * losses[1].b)
    found = hl.walls(arch, middle, losses[1])
    assert found.complete
    assert len(folds(found).pattern) == 2
    later = [(other.t - wall.t) / (1 - wall.t) for other in plain.walls if other.t > wall.t + 1e-9]
    assert [other.t for other in found.walls if other.t > 1e-6] == pytest.approx(later, abs=1e-9)
    assert len(found.chambers) == len(later) + 1


def test_folds_that_a_singular_gram_matrix_loses_are_triple_tangencies():
    """Filters without loss are w_0 + λ k with Σ k = 0; the function space is where w_0 w_3 = w_1 w_2."""
    arch, rng = hl.Architecture((2, 2), (2, 1)), np.random.default_rng(1)
    samples = rng.standard_normal((3, 4))
    gram, bs = samples.T @ samples, [samples.T @ rng.standard_normal(3) for _ in range(2)]
    segment = Segment(arch, *(hl.SquaredLoss(gram, b) for b in bs))
    embedding = Embedding.of_pattern(arch, ((1,), (1,)))
    line, condition = segment.line(embedding), Fold(embedding.stratum)
    start, turn = start_walls(condition, line.motion), np.exp(1j)
    lines = start.line, line.scaled(np.array([1, np.exp(2j), turn]))
    lost = ~follow(condition, start.points, lines, rng).regular
    near = follow(condition, start.points.chosen(lost), lines, rng, between=(0.0, 1 - 1e-8))
    assert near.arrived.all()
    second = near.points.t[:, 1] * turn
    places = second / (near.points.t[:, 0] + second)

    kernel, inverse = np.linalg.svd(samples)[2][-1], np.linalg.pinv(gram)
    first, moved = inverse @ bs[0], inverse @ (bs[1] - bs[0])
    quadric = np.array([[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]])
    mixed = np.polynomial.Polynomial([kernel @ quadric @ first, kernel @ quadric @ moved])
    constant = [first @ quadric @ first, 2 * (first @ quadric @ moved), moved @ quadric @ moved]
    discriminant = mixed**2 - (kernel @ quadric @ kernel) * np.polynomial.Polynomial(constant)
    distances = np.abs(places[:, None] - discriminant.roots())
    assert (distances.min(axis=1) < 1e-3).all()
    assert np.bincount(distances.argmin(axis=1)).tolist() == [3, 3]


def test_an_isolated_t_with_another_list_is_not_taken_for_a_chamber():
    """At t = 1/2 the vector b has one entry, and critical filters are zero there. Generic data have no such t."""
    arch, rng = hl.Architecture((3, 2), (2, 1)), np.random.default_rng(0)
    samples = rng.standard_normal((12, 5))
    one, step = np.eye(5)[0], rng.standard_normal(5)
    losses = [hl.SquaredLoss(samples.T @ samples, one + sign * step) for sign in (-1, 1)]
    lists = [len(hl.critical_points(arch, Segment(arch, *losses).loss(t)).real) for t in (0.4, 0.5, 0.6)]
    assert lists[0] == lists[2] != lists[1]
    found = hl.walls(arch, *losses)
    inside = found.chamber_at(0.5)
    assert found.complete == (inside.middle != 0.5)
    if not found.complete:
        assert any("differ, and no wall is known between" in reason for reason in found.contradictions)


@pytest.mark.parametrize("size", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_filters_that_go_to_infinity_are_longer_than_any_real_critical_filter(size):
    """Where Σ is singular on the whole segment no path counts as one to infinity, as there is no bound."""
    arch, rng = hl.Architecture((size, 2), (2, 1)), np.random.default_rng(0)
    K = arch.filter_size
    samples = [rng.standard_normal((20, K)) * (np.arange(K) != 1) for _ in range(2)]
    losses = [hl.SquaredLoss(X.T @ X, X.T @ rng.standard_normal(20)) for X in samples]
    found = hl.walls(arch, *losses)
    row = folds(found)
    assert row.found + row.escaped < row.generic
    assert not row.complete
    assert not found.complete


def test_minima_that_are_not_least_may_exchange_their_order():
    """The global minimum becomes a saddle at a pitchfork; the order of two other minima does not matter."""
    arch = hl.Architecture((2, 2, 2), (2, 1, 1))
    found = hl.walls(arch, *gaussian(arch, 4))
    assert found.complete, found.contradictions
    agree_with_a_grid(found, gaussian(arch, 4), 10)


def test_a_chamber_without_real_points_is_followed():
    """White data with b = (1, 0, 1, 0): all critical filters in the middle of a chamber may be complex."""
    arch = hl.Architecture((3, 2), (1, 1))
    losses = hl.SquaredLoss.white([1, 0, 1, 0]), hl.SquaredLoss.white([0, 1, 0, 1])
    found = hl.walls(arch, *losses)
    assert found.complete
    agree_with_a_grid(found, losses, 10)


def test_walls_at_the_ends_of_few_samples_are_exactly_there():
    """Filters without residual form a line, which meets the squares of real linear forms in two points or in none."""
    arch, rng = hl.Architecture((2, 2), (1, 1)), np.random.default_rng(1)
    losses = [
        hl.SquaredLoss.from_data(rng.standard_normal((2, 3)), rng.standard_normal((2, 1)), arch) for _ in range(2)
    ]
    found = hl.walls(arch, *losses)
    assert found.complete
    pitchforks = [wall for wall in found.walls if wall.kind == "pitchfork"]
    assert [wall.t for wall in pitchforks] == [0.0, 0.0, 1.0, 1.0]
    for wall in pitchforks:
        a, b, c = wall.filter
        loss = losses[int(wall.t)]
        assert b**2 - 4 * a * c == pytest.approx(0, abs=1e-9)
        np.testing.assert_allclose(loss.gram @ wall.filter, loss.b, atol=1e-9)
    assert np.linalg.norm(pitchforks[0].filter - pitchforks[1].filter) > 0.01


def dead_channel(arch, rng, *zero):
    """Gaussian samples with some columns zero."""
    X = rng.standard_normal((20, arch.filter_size))
    X[:, list(zero)] = 0
    return hl.SquaredLoss.from_data(X, rng.standard_normal((20, 1)), arch)


@pytest.mark.parametrize(("ends", "place"), [([(0,), (0,)], "all t"), ([(0,), ()], "t = 0"), ([(), (-1,)], "t = 1")])
def test_a_dead_channel_is_named_as_the_reason(ends, place):
    arch, rng = hl.Architecture((2, 2), (2, 1)), np.random.default_rng(0)
    found = hl.walls(arch, *(dead_channel(arch, rng, *zero) for zero in ends))
    assert not found.complete
    assert (
        f"at {place} critical filters can be infinite, as one is in the kernel of the Gram matrix"
        in found.contradictions
    )


def test_kernels_in_general_position_are_no_reason():
    """Few samples: the kernel of one dimension has no filter of the network."""
    for_all = Stratum.of_layers(hl.Architecture((2, 2), (2, 1)))
    rng = np.random.default_rng(0)
    image = np.linalg.svd(rng.standard_normal((3, 4)))[2][:3].T
    assert not kernel_meets(for_all, image)
    assert kernel_meets(for_all, np.eye(4)[:, 1:])
    assert kernel_meets(for_all, np.linalg.svd(np.kron([1.0, 2.0], [3.0, -1.0])[None])[2][1:].T)


def test_no_tangencies_are_sought_where_the_kernel_has_a_filter(monkeypatch):
    """It took a minute to find none: their number is that for a kernel in general position."""
    arch, rng = hl.Architecture((2, 2), (2, 1)), np.random.default_rng(0)
    losses = [dead_channel(arch, rng, 0) for _ in range(2)]
    monkeypatch.setattr("homotopy_lcn.discriminants.fold_walls.tangencies", lambda *given: pytest.fail("sought"))
    assert not hl.walls(arch, *losses).complete


def test_walls_too_near_to_a_singular_end_are_said_to_be_there():
    """Only the dead channel differs between the ends. Walls are within 1e-12 of the one where it is dead."""
    arch = hl.Architecture((3, 2), (2, 1))
    rng = np.random.default_rng(77)
    X, y = rng.standard_normal((20, 5)), rng.standard_normal((20, 1))
    segment = Segment(arch, *(hl.SquaredLoss.from_data(X * (np.arange(5) >= dead), y, arch) for dead in (1, 0)))
    with pytest.raises(hl.InputError, match="singular up to rounding; expected data of full rank") as caught:
        raise near_singular_end(segment, 2e-13, hl.InputError("loss: its Gram matrix has rank 4"))
    assert str(caught.value).startswith(
        "loss0: its Gram matrix is singular, and a wall is so near to it that 2e-13 from it"
    )
    other = near_singular_end(segment, 0.5, hl.InputError("loss: a reason"))
    assert str(other) == "at t = 0.5: loss: a reason"


def test_what_is_no_segment_is_refused():
    arch, loss = hl.Architecture((2, 2), (2, 1)), hl.SquaredLoss.white([1, 2, 3, 5])
    nothing = hl.SquaredLoss(np.zeros((4, 4)), np.zeros(4), 1.0)
    with pytest.raises(hl.InputError, match="loss1: its Gram matrix is zero"):
        hl.walls(arch, loss, nothing)
    with pytest.raises(hl.InputError, match="arch: an object of type str"):
        hl.walls("2,2", loss, nothing)
