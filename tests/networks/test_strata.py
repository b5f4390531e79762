from __future__ import annotations

from collections import Counter
from itertools import chain, combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.networks.architecture import Block
from homotopy_lcn.networks.binary_forms import dilate, multiply, power
from homotopy_lcn.networks.strata import Embedding, Factor, Stratum, separated, separated_order, separated_positions

seeds = st.integers(0, 2**32)
architectures = (
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=4)
    .map(lambda layers: Architecture(*zip(*layers, strict=True)))
    .filter(lambda arch: arch.dimension <= 7)
)


@st.composite
def patterns(draw):
    arch = draw(architectures)
    return arch, draw(st.sampled_from([row.pattern for row in generic_count(arch)]))


def filter_of(factors, forms):
    """Π Q_f(x^dilation)^power, by convolution, in integers."""
    result = np.ones(1, int)
    for factor, form in zip(factors, forms, strict=True):
        result = multiply(result, dilate(power(form, factor.power), factor.dilation))
    return result


@given(patterns())
def test_a_stratum_has_a_factor_for_each_root_multiplicity_of_each_block(choice):
    arch, pattern = choice
    stratum = Stratum.of_pattern(arch.blocks, pattern)
    for block, partition in zip(arch.blocks, pattern, strict=True):
        mine = {f.power: f.degree for f in stratum.factors if f.dilation == block.dilation}
        assert mine == Counter(partition)
    assert stratum.filter_size == arch.filter_size
    assert stratum.dimension == 1 + sum(len(partition) for partition in pattern)


@given(patterns())
def test_a_point_consists_of_the_scalar_and_the_coefficients_of_each_factor(choice):
    arch, pattern = choice
    stratum = Stratum.of_pattern(arch.blocks, pattern)
    place = np.arange(stratum.coordinates)
    parts = [place[part].tolist() for part in stratum.slices]
    assert [len(part) for part in parts] == [f.degree + 1 for f in stratum.factors]
    assert [0, *chain.from_iterable(parts)] == place.tolist()
    assert stratum.coordinates == stratum.dimension + len(stratum.factors)


@given(architectures)
def test_the_stratum_of_layers_is_the_parameter_space(arch):
    stratum = Stratum.of_layers(arch)
    assert stratum.factors == tuple(
        Factor(k - 1, 1, dilation) for k, dilation in zip(arch.filters, arch.dilations, strict=True) if k > 1
    )
    assert (stratum.filter_size, stratum.dimension) == (arch.filter_size, arch.dimension)


def test_no_factors_at_all():
    stratum = Stratum(())
    assert (stratum.filter_size, stratum.dimension, stratum.coordinates, stratum.slices) == (1, 1, 1, ())
    assert stratum.name == "scalar"
    assert separated(stratum) == stratum
    assert separated_positions(stratum) == (0,)


def test_names_are_unique_and_good_for_files():
    strata = {
        Stratum.of_pattern(arch.blocks, row.pattern)
        for arch in (Architecture(k, s) for k in [(2, 2, 2), (3, 2, 3), (5, 4, 2)]
                     for s in [(1, 1, 1), (1, 2, 1), (12, 3, 1)])
        for row in generic_count(arch)
    }  # fmt: skip
    names = {stratum.name for stratum in strata}
    assert len(names) == len(strata) > 20
    assert all(name.replace("-", "").isalnum() and name.isascii() for name in names)
    assert Stratum((Factor(3, 1, 1), Factor(1, 12, 10))).name == "d3p1s1-d1p12s10"


@given(patterns(), seeds)
def test_filters_of_the_architecture_are_sums_of_coefficients_of_the_embedded_stratum(choice, seed):
    arch, pattern = choice
    rng = np.random.default_rng(seed)
    embedding = Embedding.of_pattern(arch, pattern)
    forms = [rng.integers(-4, 5, f.degree + 1) for f in embedding.stratum.factors]
    summed = np.zeros(arch.filter_size, int)
    np.add.at(summed, list(embedding.positions), filter_of(embedding.stratum.factors, forms))
    original = [
        Factor(f.degree, f.power, arch.blocks[block].dilation)
        for f, block in zip(embedding.stratum.factors, embedding.blocks, strict=True)
    ]
    np.testing.assert_array_equal(summed, filter_of(original, forms))
    for block, partition in enumerate(pattern):
        mine = {f.power: f.degree for f, b in zip(original, embedding.blocks, strict=True) if b == block}
        assert mine == Counter(partition)


@given(patterns())
def test_an_embedding_is_no_larger_than_the_filter(choice):
    arch, pattern = choice
    embedding = Embedding.of_pattern(arch, pattern)
    assert embedding.stratum.filter_size <= (arch.filter_size - 1) // arch.grid + 1
    assert embedding.stratum.filter_size <= np.prod([block.degree + 1 for block in arch.blocks], dtype=int)
    assert len(embedding.positions) == embedding.stratum.filter_size


@given(patterns(), seeds)
def test_filters_of_the_separated_stratum_are_tensor_products_and_project_to_those_of_the_stratum(choice, seed):
    arch, pattern = choice
    rng = np.random.default_rng(seed)
    stratum = Stratum.of_pattern(arch.blocks, pattern)
    apart, order, positions = separated(stratum), separated_order(stratum), separated_positions(stratum)
    forms = [rng.integers(-4, 5, f.degree + 1) for f in stratum.factors]
    product = filter_of(apart.factors, [forms[f] for f in order])
    blocks = {}
    for f in order:
        factor = stratum.factors[f]
        blocks.setdefault(factor.dilation, []).append((Factor(factor.degree, factor.power, 1), forms[f]))
    tensor = np.ones(1, int)
    for block in blocks.values():
        tensor = np.multiply.outer(filter_of(*zip(*block, strict=True)), tensor).ravel()
    np.testing.assert_array_equal(product, tensor)
    projected = np.zeros(stratum.filter_size, int)
    np.add.at(projected, list(positions), product)
    np.testing.assert_array_equal(projected, filter_of(stratum.factors, forms))


def test_the_separated_stratum_does_not_depend_on_the_dilations_or_the_order_of_the_blocks():
    parts = {"a": (3, (2, 1)), "b": (2, (1, 1)), "c": (4, (2, 2))}
    found = set()
    for names in (("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")):
        for dilations in combinations((1, 2, 5, 7, 40), 3):
            blocks = [Block(parts[name][0], dilation) for name, dilation in zip(names, dilations, strict=True)]
            found.add(separated(Stratum.of_pattern(blocks, [parts[name][1] for name in names])))
    assert len(found) == 1
    (stratum,) = found
    assert separated(stratum) == stratum
    assert separated_positions(stratum) == tuple(range(4 * 3 * 5))
