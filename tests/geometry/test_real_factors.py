"""Real factors of a block and what their number decides, against brute force over all ways to share out the roots."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn.geometry.real_factors import (
    RealStructure,
    enough_real_roots,
    real_factorizations,
    roots_are_settled,
)
from homotopy_lcn.networks.binary_forms import roots_of_each
from tests.root_distributions import real_distributions


@st.composite
def block_with_roots(draw):
    """Layer degrees, and well-separated real and conjugate roots with multiplicities that add up to their sum."""
    degrees = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4).filter(lambda d: sum(d) <= 6))
    left, clusters = sum(degrees), []
    reals, pairs = iter(range(1, 7)), iter(range(1, 4))
    while left:
        is_pair = draw(st.booleans()) and left >= 2
        multiplicity = draw(st.integers(1, min(left // 2 if is_pair else left, 4)))
        if is_pair:
            height = next(pairs)
            clusters += [(complex(-height, height), multiplicity), (complex(-height, -height), multiplicity)]
        else:
            clusters.append((complex(next(reals)), multiplicity))
        left -= multiplicity * (1 + is_pair)
    return tuple(degrees), tuple(clusters)


def structure_of(clusters):
    multiplicities = sorted({m for _, m in clusters})
    return RealStructure.of_factors(
        [(m, np.poly([root for root, n in clusters if n == m]).real) for m in multiplicities]
    )


@settings(deadline=None, max_examples=150, derandomize=True)
@given(block_with_roots())
def test_real_factorizations_are_the_real_distributions_of_simple_roots(block):
    degrees, clusters = block
    found = list(real_factorizations(degrees, structure_of(clusters)))
    assert len(found) == real_distributions(degrees, clusters)[1]
    whole = np.poly([root for root, m in clusters for _ in range(m)]).real
    for layers in found:
        assert [len(w) - 1 for w in layers] == list(degrees)
        form = np.ones(1)
        for w in layers:
            form = np.convolve(form, w / w[0])
        np.testing.assert_allclose(form, whole, atol=1e-9 * np.abs(whole).max())
    tensors = []
    for layers in found:
        tensor = np.ones(1)
        for w in layers:
            tensor = np.outer(tensor, w / w[0]).ravel()
        tensors.append(tensor)
    for a, b in combinations(tensors, 2):
        assert np.abs(a - b).max() > 1e-6


@settings(deadline=None, max_examples=150, derandomize=True)
@given(block_with_roots())
def test_counting_real_roots_decides_membership_and_interior(block):
    degrees, clusters = block
    structure = structure_of(clusters)
    odd = sum(d % 2 for d in degrees)
    assert structure.enough(odd, odd_only=False) is (real_distributions(degrees, clusters)[0] > 0)
    # The fewest real roots that a nearby form can have: every multiple real root splits into conjugate pairs.
    worst = []
    for i, (root, m) in enumerate(clusters):
        if root.imag:
            worst += [(root * (1 + 0.01 * k), 1) for k in range(m)]
        else:
            worst += [(root, 1)] * (m % 2)
            worst += [(root + sign * 0.01j * (k + 1) + 0.001 * i, 1) for k in range(m // 2) for sign in (1, -1)]
    assert structure.enough(odd, odd_only=True) is (real_distributions(degrees, tuple(worst))[0] > 0)


@pytest.mark.parametrize("gap", [0.0, 1e-16, -1e-16, 1e-9, -1e-9])
@pytest.mark.parametrize("other", [[1.0, -7.0], [1.0, -7.0, 10.0], [1.0, 1.0, 3.0], [1.0, 0.0]])
def test_two_roots_within_rounding_leave_open_only_what_depends_on_them(gap, other):
    double = [1.0, -2.0, 1.0 + gap * abs(gap)]
    certain = int((np.roots(other).imag == 0).sum())
    for multiplicity in (1, 2, 3):
        structure = RealStructure.of_factors([(multiplicity, np.convolve(double, other))])
        for odd_only in (False, True):
            weight = multiplicity % 2 if odd_only else multiplicity
            for odd_layers in range(12):
                open_ = certain * weight < odd_layers <= (certain + 2) * weight
                expected = None if open_ else odd_layers <= certain * weight
                assert structure.enough(odd_layers, odd_only) is expected


def test_a_double_root_off_the_real_line_leaves_nothing_open():
    structure = RealStructure.of_factors([(1, np.convolve([1.0, 1.0, 3.0], [1.0, 1.0, 3.0]))])
    assert structure.enough(0, odd_only=False) is True
    assert structure.enough(1, odd_only=False) is False


@settings(deadline=None, max_examples=150, derandomize=True)
@given(block_with_roots())
def test_multiple_roots_that_should_be_simple_are_never_taken_for_real_or_conjugate_ones(block):
    _, clusters = block
    structure = RealStructure.of_factors([(1, np.poly([root for root, m in clusters for _ in range(m)]).real)])
    least = sum(m % 2 for root, m in clusters if root.imag == 0)
    most = sum(m for root, m in clusters if root.imag == 0)
    for odd_layers in range(8):
        expected = None if least < odd_layers <= most else odd_layers <= least
        assert structure.enough(odd_layers, odd_only=True) is expected


@settings(deadline=None, max_examples=100, derandomize=True)
@given(block_with_roots())
def test_many_polynomials_at_once_have_the_same_real_factors(block):
    degrees, clusters = block
    forms = {m: np.poly([root for root, n in clusters if n == m]).real for m in {m for _, m in clusters}}
    found = [(m, roots_of_each(np.stack([form, 2 * form, -form]))) for m, form in forms.items()]
    assert roots_are_settled(np.concatenate([points for _, points in found], axis=1)).all()
    many = RealStructure.of_roots([(m, p, int((p[0, :, 0].imag == 0).sum())) for m, p in found])
    one = structure_of(clusters)
    assert sorted(m for m, _ in many.linear) == sorted(m for m, _ in one.linear)
    assert sorted(m for m, _ in many.quadratic) == sorted(m for m, _ in one.quadratic)
    whole = np.poly([root for root, m in clusters for _ in range(m)]).real
    layers = list(real_factorizations(degrees, many))
    assert len(layers) == len(list(real_factorizations(degrees, one)))
    for forms_of_layers in layers:
        for p in range(3):
            product_ = np.ones(1)
            for w in forms_of_layers:
                product_ = np.convolve(product_, w[p] / w[p, 0])
            np.testing.assert_allclose(product_, whole, atol=1e-8 * np.abs(whole).max())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=6), st.integers(1, 12), st.integers(0, 10**6))
def test_roots_are_settled_only_if_no_rounding_could_change_them(centres, digits, seed):
    """Real roots, some of them 10^-digits apart."""
    rng = np.random.default_rng(seed)
    values = np.array(centres) + 10.0**-digits * rng.standard_normal(len(centres))
    form = np.poly(values)
    if roots_are_settled(roots_of_each(form[None]))[0]:
        structure = RealStructure.of_factors([(1, form)])
        assert not structure.doubtful
        assert len(structure.linear) == len(values)
        for _ in range(20):
            moved = form * (1 + 1e-14 * rng.uniform(-1, 1, len(form)))
            assert (roots_of_each(moved[None])[0, :, 0].imag == 0).all()
    else:
        gaps = np.abs(np.subtract.outer(values, values)) + np.eye(len(values))
        assert gaps.min() < 0.05 or len(values) == 6


@pytest.mark.parametrize("gap", [1e-3, -1e-3])
def test_two_roots_apart_leave_nothing_open(gap):
    double = [1.0, -2.0, 1.0 - gap * abs(gap)]
    structure = RealStructure.of_factors([(1, np.array(double))])
    assert structure.enough(2, odd_only=False) is (gap > 0)


def test_numbers_of_real_roots_of_many_points_are_weighed_one_by_one():
    """Factors Q_1, Q_2, Q_3: two layers of odd degree, and so many real roots of each factor in each row."""
    numbers = np.array([[2, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 0, 0]])
    assert enough_real_roots(2, (1, 2, 3), numbers, odd_only=False).tolist() == [True, True, True, True, True, False]
    assert enough_real_roots(2, (1, 2, 3), numbers, odd_only=True).tolist() == [True, False, False, False, True, False]
