"""One filter in or near the function space, against an exhaustive search over assignments of roots."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.geometry.filter_geometry import (
    describe_filter,
    distance_to_function_space,
    is_in_function_space,
    parameters_over,
)
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.networks.parameters import compose
from tests.geometry.exhaustive_search import (
    ALL,
    CHAIN,
    DISTINCT,
    LARGER,
    SMALL,
    check_against_search,
    nearby,
    random_special,
    random_swapped_pair,
)


def test_filters_of_real_parameters_are_in_the_function_space():
    rng = np.random.default_rng(0)
    for arch in ALL + LARGER:
        theta = [rng.standard_normal(k) for k in arch.filters]
        facts = describe_filter(arch, compose(arch, theta))
        assert facts.in_function_space, arch
        assert facts.smooth
        assert facts.interior
        assert facts.complex_parameters == describe_function_space(arch).fibre


@pytest.mark.parametrize("sampler", [random_special, random_swapped_pair])
def test_membership_and_all_factorizations_are_those_of_an_exhaustive_search(sampler):
    rng = np.random.default_rng(1)
    seen = Counter()
    for arch in [*DISTINCT, *LARGER[:4]]:
        for _ in range(6):
            facts = check_against_search(arch, sampler(arch, rng))
            seen[facts.real, facts.in_function_space, facts.smooth] += 1
    assert seen[True, True, True] > 50
    assert seen[True, True, False] > 10
    assert seen[True, False, True] > 10
    assert seen[True, False, False] >= 5


@pytest.mark.parametrize("arch", LARGER, ids=str)
def test_larger_strides_and_chains_of_three_levels(arch):
    rng = np.random.default_rng(2)
    for n in range(12):
        check_against_search(arch, (random_swapped_pair if n % 2 else random_special)(arch, rng))


@pytest.mark.parametrize("arch", SMALL, ids=str)
def test_interior_and_boundary_points_are_told_apart_by_small_moves_within_the_closure(arch):
    rng = np.random.default_rng(5)
    n = 0
    seen = Counter()
    while n < (4 if arch is CHAIN else 14):
        roots = (random_special if n % 3 else random_swapped_pair)(arch, rng)
        if not roots.real or not roots.answers(arch)[2]:
            continue
        n += 1
        facts = describe_filter(arch, roots.filter)
        kinds = set()
        for near in nearby(arch, roots, 1e-2):
            _, reduced, inside = near.answers(arch)
            if not inside:
                kinds.add("stride-one" if reduced else "reduced")
            if kinds == set(facts.boundary) and facts.boundary:
                break
        seen[facts.boundary] += 1
        assert facts.interior == (not facts.boundary)
        assert kinds == set(facts.boundary), roots.hyperroots
    assert sum(seen.values()) == n


def test_the_reduced_boundary_of_the_paper():
    arch = Architecture((3, 2), (2, 1))
    for e in (0.3, 1, Fraction(1, 4), 17):
        for sign in (1, -1):
            w = [1, 0, sign * 2 * float(e) ** 0.5, 0, float(e)]
            assert describe_filter(arch, w).boundary == ("reduced",)
            assert describe_filter(arch, w).factorizations[0].rank == 3
            inside = [1, 0, sign * 2.01 * float(e) ** 0.5, 0, float(e)]
            assert describe_filter(arch, inside).interior
            outside = [1, 0, sign * 1.99 * float(e) ** 0.5, 0, float(e)]
            assert not describe_filter(arch, outside).in_function_space
            assert describe_filter(arch, outside).in_closure


def test_a_crossing_sheet_outside_makes_a_boundary_point_although_the_roots_are_simple():
    """(x² − 2)(x² + 1) has two factorizations; only the one with real x² − 2 in the first block is in M."""
    facts = describe_filter(Architecture((2, 2, 2), (1, 2, 1)), [1, 0, -1, 0, -2])
    assert [f.real_parameters for f in facts.factorizations] in ([2, 0], [0, 2])
    assert facts.boundary == ("stride-one",)


def test_roots_at_zero_and_infinity():
    arch = Architecture((3, 2), (2, 1))
    for w, number in (
        ([1, 0, 0, 0, 0], 1),
        ([0, 0, 0, 0, 1], 1),
        ([0, 0, 1, 0, 0], 2),
        ([0, 1, 0, 0, 0], 1),
        ([1, 1, 0, 0, 0], 1),
    ):
        facts = describe_filter(arch, w)
        assert facts.in_function_space
        assert len(facts.factorizations) == number
        assert facts.smooth == (number == 1 and facts.factorizations[0].rank == 4)
    assert describe_filter(arch, [0, 1, 0, 1, 0]).in_closure
    assert not describe_filter(arch, [0, 1, 0, 1, 1]).in_closure


def test_the_zero_filter_and_networks_without_layers():
    facts = describe_filter(Architecture((3, 2), (2, 1)), [0] * 5)
    assert facts.in_function_space
    assert facts.smooth is False
    assert facts.boundary == ("reduced",)
    assert describe_filter(Architecture((3, 2), (1, 1)), [0] * 4).interior
    line = describe_function_space(Architecture((1, 1), (2, 1)))
    assert (line.dimension, line.closed, line.smooth, line.thick) == (1, True, True, True)
    assert describe_filter(Architecture((1,), (1,)), [3.0]).in_function_space


@pytest.mark.parametrize("given", [int, float, complex], ids=["exact", "real", "complex"])
@pytest.mark.parametrize(
    ("arch", "w", "patterns"),
    [
        (((4,), (1,)), [2, 0, 0, 0], {((3,),)}),
        (((4,), (1,)), [0, 0, 0, 2], {((3,),)}),
        (((4,), (1,)), [0, 2, 0, 0], {((2, 1),)}),
        (((3, 2), (1, 1)), [2, 0, 0, 0], {((3,),)}),
        (((2, 2, 2), (1, 1, 1)), [0, 0, 2, 0], {((2, 1),)}),
        (((2, 2, 2), (1, 1, 1)), [1, -6, 12, -8], {((3,),)}),
        (((3, 3), (1, 1)), [1, 0, 2, 0, 1], {((2, 2),)}),
        (((3, 3), (1, 1)), [0, 0, 1, -2, 1], {((2, 2),)}),
        (((3, 2), (2, 1)), [2, 0, 0, 0, 0], {((2,), (1,))}),
        (((3, 2), (2, 1)), [0, 0, 0, 0, 2], {((2,), (1,))}),
        (((3, 2), (2, 1)), [0, 0, 1, 0, 0], {((2,), (1,))}),
        (((3, 2), (2, 1)), [0, 1, 0, 0, 0], {((1, 1), (1,))}),
        (((3, 2), (2, 1)), [1, 0, -3, 0, 2], {((1, 1), (1,))}),
        (((2, 2, 2, 2), (1, 2, 2, 1)), [3] + [0] * 8, {((2,), (1,), (1,))}),
        (((1, 3, 2), (2, 1, 1)), [5, 0, 0, 0, 0, 0, 0], {((3,),)}),
    ],
)
def test_the_root_pattern_counts_roots_at_zero_at_infinity_and_elsewhere(arch, w, patterns, given):
    facts = describe_filter(Architecture(*arch), [given(value) for value in w])
    if given is complex:
        facts = describe_filter(Architecture(*arch), [value * (1 + 2j) for value in w])
    assert {item.pattern for item in facts.factorizations} == patterns


def test_filters_off_the_grid_are_not_in_the_closure():
    arch = Architecture((1, 2, 2), (2, 1, 1))
    assert arch.grid == 2
    assert is_in_function_space(arch, [1, 0, 3, 0, 2])
    assert not is_in_function_space(arch, [1, 1, 3, 0, 2])
    assert not describe_filter(arch, [1, 1, 3, 0, 2]).in_closure
    assert not describe_filter(arch, [0, 1, 0, 0, 0]).in_closure


def test_exact_filters_are_not_taken_for_more_special_ones():
    arch = Architecture((3, 2), (2, 1))
    for gap in (Fraction(1, 10**4), Fraction(1, 10**6), Fraction(1, 10**12), Fraction(1, 10**40)):
        r, s = Fraction(1), 1 + gap
        facts = describe_filter(arch, [Fraction(1), 0, -(r + s), 0, r * s])
        assert len(facts.factorizations) == 2
        assert facts.interior
        assert facts.factorizations[0].rank == 4
        assert facts.separation == pytest.approx(float(gap) / 2, rel=1e-3)
    with pytest.raises(InputError, match="too close"):
        describe_filter(arch, [1, 0, -2 - Fraction(1, 10**150), 0, 1 + Fraction(1, 10**150)])
    double = describe_filter(arch, [1, 0, -2, 0, 1])
    assert len(double.factorizations) == 1
    assert double.boundary == ("reduced",)
    assert describe_filter(arch, [1.0, 0, -2.0 - 1e-12, 0, 1 + 1e-12]).boundary == ("reduced",)


def test_texts_and_decimals_are_exact_and_doubles_are_not():
    arch = Architecture((2, 2), (1, 1))
    outside = ["1", "-139.9999999", "4900"]
    for given in (outside, [Decimal(text) for text in outside], [1, Fraction("-139.9999999"), np.int64(4900)]):
        facts = describe_filter(arch, given)
        assert facts.fractions == (1, Fraction("-139.9999999"), 4900)
        assert not facts.in_function_space
        assert not is_in_function_space(arch, given)
    facts = describe_filter(arch, [1, -139.9999999, 4900])
    assert facts.fractions is None
    assert not facts.exact
    assert not describe_filter(arch, ["1", -139.9999999, "4900"]).exact
    assert facts.boundary == ("stride-one",)
    with pytest.raises(InputError, match=r"filter\[1\]: 'x' is not a finite number"):
        describe_filter(arch, ["1", "x", "2"])
    with pytest.raises(InputError, match="beyond the range of doubles"):
        describe_filter(arch, [1, 10**400, 1])


def test_roots_that_nearly_meet_are_counted_exactly():
    gap = Fraction(1, 10**50)
    arch = Architecture((2, 2, 2, 2), (1, 1, 1, 1))
    for sign, inside in ((1, True), (-1, False)):
        # (x − 1)² (x² − 2x + 1 − sign·gap²), with a root at infinity in place of one more factor.
        quadratic = [Fraction(1), Fraction(-2), 1 - sign * gap**2]
        w = [sum(a * q for a, q in zip(row, quadratic, strict=True)) for row in ([1, 0, 0], [-2, 1, 0], [1, -2, 1])]
        w += [quadratic[1] - 2 * quadratic[2], quadratic[2]]
        facts = describe_filter(arch, w)
        assert facts.in_function_space is inside
        assert {item.pattern for item in facts.factorizations} == {((2, 1, 1),)}
        assert facts.separation == pytest.approx(1e-50, rel=1e-6)
    chain = describe_filter(CHAIN, [0, 0, 1, 0, -2 - gap, 0, 1 + gap, 0, 0])
    assert chain.separation == pytest.approx(2.5e-51, rel=1e-6)


def test_answers_do_not_depend_on_scale():
    rng = np.random.default_rng(6)
    for arch in (SMALL[1], CHAIN):
        roots = random_swapped_pair(arch, rng)
        reference = describe_filter(arch, roots.filter)
        for scale, t in ((1e-200, 1.0), (-3e150, 1.0), (1.0, 7.0), (2.0, 0.2)):
            w = scale * roots.filter * t ** np.arange(arch.filter_size)
            facts = describe_filter(arch, w, boundary=False)
            assert len(facts.factorizations) == len(reference.factorizations)
            assert facts.in_function_space == reference.in_function_space
            np.testing.assert_allclose(facts.filter, w, rtol=1e-14)


@pytest.mark.parametrize(
    ("arch", "w"),
    [
        (Architecture((2, 2, 2), (1, 1, 1)), [1, -6, 11, -6]),
        (Architecture((2, 2, 2), (1, 1, 1)), [1, -4, 5, -2]),
        (Architecture((2, 3), (1, 1)), [1, -1, 1, -1]),
        (Architecture((3, 3), (1, 1)), [1, 0, 2, 0, 1]),
        (Architecture((2, 2, 2), (1, 2, 1)), [2, 0, -6, 0, 4]),
        (CHAIN, [1, 0, 0, 0, -2, 0, 0, 0, 1]),
    ],
)
def test_the_parameters_over_a_filter_have_that_filter_are_different_and_are_as_many_as_counted(arch, w):
    facts = describe_filter(arch, w)
    for real, count in ((True, facts.real_parameters), (False, facts.complex_parameters)):
        thetas = list(parameters_over(arch, facts, real=real))
        assert len(thetas) == count
        lines = set()
        for theta in thetas:
            np.testing.assert_allclose(compose(arch, theta), facts.filter, atol=1e-9)
            assert not (real and any(np.iscomplexobj(layer) for layer in theta))
            lines.add(
                tuple(
                    complex(np.round(v, 6)) + 0 for u in theta for v in np.outer(u, u.conj()).ravel() / (u @ u.conj())
                )
            )
        assert len(lines) == count


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([1, 2], "2 numbers given; expected 5"),
        ([1, 2, 3, 4, np.nan], "not finite"),
        (["a"] * 5, "not a finite number"),
        ([{}] * 5, "not all numbers"),
    ],
)
def test_unusable_filters_are_refused(w, message):
    with pytest.raises(InputError, match=message):
        describe_filter(Architecture((3, 2), (2, 1)), w)


def test_the_distance_to_the_function_space_is_that_of_the_nearest_real_quadratic():
    """Over (2, 2), stride one: the nearest form to x² + y² with a real root has distance √½ of its norm."""
    distance, nearest = distance_to_function_space(
        Architecture((2, 2), (1, 1)), [1, 0, 1], np.random.default_rng(0), starts=5
    )
    assert distance == pytest.approx(0.5**0.5, abs=1e-6)
    assert is_in_function_space(Architecture((2, 2), (1, 1)), nearest, tolerance=1e-6)
