"""The function space of each network, against sampling, exhaustive search and numerical rank."""

from __future__ import annotations

from collections import Counter
from math import gcd

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.geometry import nearby_filters
from homotopy_lcn.geometry.filter_geometry import (
    describe_filter,
    distance_to_function_space,
)
from homotopy_lcn.geometry.function_space import _swappable, _two_factorizations, describe_function_space
from homotopy_lcn.geometry.hyperroots import Levels
from homotopy_lcn.geometry.rank_drops import criticality
from homotopy_lcn.networks.parameters import compose
from tests.geometry.exhaustive_search import ALL, DISTINCT, LARGER, random_special, random_swapped_pair


def test_there_are_as_many_architectures_as_there_should_be():
    assert len(ALL) == 426
    assert all(arch.filter_size <= 9 for arch in ALL)


def test_dimension_and_thickness_are_those_of_the_numerical_rank():
    rng = np.random.default_rng(3)
    for arch in ALL:
        space = describe_function_space(arch)
        facts = criticality(arch, [rng.standard_normal(k) for k in arch.filters])
        assert facts.rank == space.dimension
        assert not facts.critical
        assert not facts.causes
        assert space.thick == (facts.rank == arch.filter_size)


def test_closedness_agrees_with_sampling_and_the_witnesses_are_what_they_should_be():
    rng = np.random.default_rng(4)
    decided = Counter()
    for arch in DISTINCT:
        space = describe_function_space(arch)
        decided[space.closed, space.smooth] += 1
        samples = [sampler(arch, rng) for sampler in (random_special, random_swapped_pair) for _ in range(8)]
        samples = [roots for roots in samples if roots.real]
        outside = [roots for roots in samples if not roots.answers(arch)[2]]
        if space.closed:
            assert not outside
            assert not space.boundary_witnesses
        else:
            facts = describe_filter(arch, space.closure_witness)
            assert facts.in_closure
            assert not facts.in_function_space
            if arch.filter_size < 6:
                assert distance_to_function_space(arch, space.closure_witness, rng, starts=2)[0] > 1e-3
        assert ("reduced" in space.boundary_witnesses) == (not space.reduced_closed)
        assert ("stride-one" in space.boundary_witnesses) == (not space.fills_reduced)
        if space.reduced_closed:
            assert all(roots.answers(arch)[1] for roots in samples)
        for kind, w in space.boundary_witnesses.items():
            assert kind in describe_filter(arch, w).boundary
        if not space.smooth:
            facts = describe_filter(arch, space.singular_witness)
            assert facts.smooth is False
            assert sum(f.real for f in facts.factorizations) >= 2
    assert len(decided) == 4


def test_a_singular_space_has_a_witness_with_two_factorizations():
    singular = 0
    for arch in [*ALL, *LARGER]:
        space = describe_function_space(arch)
        assert len(space.singular_factorizations) == (0 if space.smooth else 2)
        for blocks in space.singular_factorizations:
            assert [len(form) - 1 for form in blocks] == [block.degree for block in arch.blocks]
            w = compose(arch.reduced, [np.ones(1)] * (arch.reduced.depth - len(blocks)) + list(blocks))
            assert np.abs(w - space.singular_witness).max() < 1e-8 * np.abs(w).max()
        if not space.smooth:
            first, second = space.singular_factorizations
            assert max(np.abs(a - b).max() for a, b in zip(first, second, strict=True)) > 1e-3
            singular += 1
    assert singular > 100


def test_two_of_very_many_ways_to_share_out_the_roots_are_found_at_once():
    """Nearly all choices for the first roots use up no degrees: there is no time to try them."""
    arch = Architecture((24, 24, 24), (1, 2, 1))
    levels = Levels.of(arch)
    first, second = _two_factorizations(arch, levels, _swappable(levels))
    assert [len(form) - 1 for form in first] == [len(form) - 1 for form in second] == [46, 23]


def test_a_singular_witness_beyond_the_range_of_doubles_is_not_given(monkeypatch):
    monkeypatch.setattr(nearby_filters, "MOST_SUMS", 1000)
    space = describe_function_space(Architecture((300, 300), (2, 1)))
    assert (space.smooth, space.singular_witness, space.singular_factorizations) == (False, None, ())


def test_what_takes_too_long_is_not_decided(monkeypatch):
    monkeypatch.setattr(nearby_filters, "MOST_SUMS", 1000)
    space = describe_function_space(Architecture((8, 7), (2, 1)))
    assert space.closed is space.reduced_closed is space.fills_reduced is None
    assert space.closure_witness is None
    assert space.boundary_witnesses == {}
    assert not space.smooth


@pytest.mark.parametrize("shape", [((14, 2), (2, 1)), ((22, 2), (2, 1)), ((9, 4, 2), (2, 2, 1))])
def test_a_long_singular_witness_has_its_two_factorizations_too(shape):
    """Its coefficients differ by so many orders of magnitude that its roots could not be found from them."""
    space = describe_function_space(Architecture(*shape))
    witness = space.singular_witness
    assert np.abs(witness).max() > 1e7
    first, second = space.singular_factorizations
    assert any(np.abs(one - other).max() > 0.5 for one, other in zip(first, second, strict=True))
    for blocks in (first, second):
        product = np.ones(1)
        for block, dilation in zip(blocks, space.architecture.dilations, strict=True):
            spread = np.zeros((len(block) - 1) * dilation + 1)
            spread[::dilation] = block
            product = np.convolve(product, spread)
        np.testing.assert_allclose(product, witness, rtol=0, atol=1e-12 * np.abs(witness).max())


def test_one_block_is_everything_iff_at_most_one_filter_size_is_even():
    for arch in ALL:
        if len(arch.blocks) == 1:
            assert describe_function_space(arch).closed == (sum(k % 2 == 0 for k in arch.filters) <= 1)


@pytest.mark.parametrize(("filters", "strides"), [((3, 2), (2, 1)), ((2, 2), (3, 1)), ((2, 2, 2), (2, 2, 1))])
def test_the_degree_is_the_number_of_perfect_fits_to_the_least_data(filters, strides):
    arch = Architecture(filters, strides)
    space = describe_function_space(arch)
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((space.dimension, arch.filter_size))
    gram = rows.T @ rows
    result = critical_points(arch, SquaredLoss(gram, rows.T @ rng.standard_normal(space.dimension)))
    fits = sum(np.linalg.norm(gram @ p.filter - result.loss.b) < 1e-8 * np.linalg.norm(result.loss.b) for p in result)
    assert fits == space.degree


def test_generic_fibres():
    for filters, fibre, orbits in (((2, 2, 2), 6, 1), ((3, 2), 3, 3), ((3, 3, 2), 30, 15)):
        space = describe_function_space(Architecture(filters, (1,) * len(filters)))
        assert (space.fibre, space.fibre_orbits) == (fibre, orbits)


def test_every_architecture_up_to_nine_is_decided_with_coprime_or_common_dilations():
    for arch in ALL:
        space = describe_function_space(Architecture((1, *arch.filters), (2, *arch.strides)))
        assert space.closed == describe_function_space(arch).closed
        assert gcd(*(block.dilation for block in space.reduced.blocks)) == 2
