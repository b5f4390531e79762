"""Walls of data whose Σ is singular on the whole segment: filters without residual that meet are found, by count."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.degrees import tangency_count
from homotopy_lcn.networks.strata import Stratum
from tests.discriminants.test_special_segments import folds
from tests.discriminants.test_walls import agree_with_a_grid


def few_samples(arch, seed):
    """Two losses of the same few samples, as many as the function space has dimensions, with other answers."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((arch.dimension, arch.filter_size))
    gram = samples.T @ samples
    return [hl.SquaredLoss(gram, samples.T @ rng.standard_normal(arch.dimension)) for _ in range(2)]


def discriminant_of(losses):
    """For filters (2, 2) and strides (2, 1): where the line of filters without residual touches w_0 w_3 = w_1 w_2."""
    values, vectors = np.linalg.eigh(losses[0].gram)
    assert values[0] < 1e-12 * values[-1]
    kernel, inverse = vectors[:, 0], np.linalg.pinv(losses[0].gram, rcond=1e-10)
    first, moved = inverse @ losses[0].b, inverse @ (losses[1].b - losses[0].b)
    quadric = np.array([[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]])
    mixed = np.polynomial.Polynomial([kernel @ quadric @ first, kernel @ quadric @ moved])
    constant = [first @ quadric @ first, 2 * (first @ quadric @ moved), moved @ quadric @ moved]
    return mixed**2 - (kernel @ quadric @ kernel) * np.polynomial.Polynomial(constant)


@pytest.mark.parametrize("seed", range(4))
def test_all_walls_of_few_samples_are_found(seed):
    arch = hl.Architecture((2, 2), (2, 1))
    losses = few_samples(arch, seed)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert (folds(found).generic, folds(found).found, folds(found).escaped) == (12, 12, 0)
    roots = discriminant_of(losses).roots()
    real = [float(root.real) for root in roots if abs(root.imag) < 1e-9 and 0 <= root.real <= 1]
    places = [wall.t for wall in found.walls if wall.kind == "fold"]
    for root in real:
        assert min(abs(place - root) for place in places) < 1e-9
    agree_with_a_grid(found, losses, 10)


def test_two_minima_without_loss_and_a_saddle_become_a_minimum():
    arch = hl.Architecture((2, 2), (2, 1))
    losses = few_samples(arch, 2)
    found = hl.walls(arch, *losses)
    roots = discriminant_of(losses).roots()
    t = min(float(root.real) for root in roots if abs(root.imag) < 1e-9 and 0 < root.real < 1)
    before, after = (found.follow(t + sign * 1e-3) for sign in (-1, 1))
    if len(before) < len(after):
        before, after = after, before
    kept = {point.branch for point in before} & {point.branch for point in after}
    lost = [point for point in before if point.branch not in kept]
    assert [point.kinds for point in lost] == [("minimum",), ("minimum",)]
    saddle = min((point for point in before if point.branch in kept), key=lambda point: point.loss)
    assert saddle.kinds == ("saddle",)
    assert next(point for point in after if point.branch == saddle.branch).kinds == ("minimum",)


def test_gram_matrices_that_move_with_one_kernel():
    arch, rng = hl.Architecture((2, 2), (2, 1)), np.random.default_rng(1)
    space = rng.standard_normal((3, 4))
    samples = [rng.standard_normal((20, 3)) @ space for _ in range(2)]
    losses = [hl.SquaredLoss.from_data(X, rng.standard_normal((20, 1)), arch) for X in samples]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert folds(found).generic == folds(found).found == 30
    agree_with_a_grid(found, losses, 10)


def test_walls_of_singular_data_are_written_and_read(tmp_path):
    arch = hl.Architecture((2, 2), (2, 1))
    found = hl.walls(arch, *few_samples(arch, 2))
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_numbers_of_tangencies():
    """With three for each, and the folds that solves find, these give the numbers of folds of generic data."""
    expected = {((2, 2), (2, 1)): (2, 4, 6), ((3, 2), (2, 1)): (4, 12, 16), ((3, 3), (2, 1)): (12, 48, 60)}
    for (filters, strides), numbers in expected.items():
        stratum = Stratum.of_layers(hl.Architecture(filters, strides))
        moves = ((False, True), (True, False), (True, True))
        assert tuple(tangency_count(stratum, gram_moves=a, b_moves=b) for a, b in moves) == numbers
