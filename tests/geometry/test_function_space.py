"""The function space and its filters, against exhaustive search over root assignments, sampling and numerical rank."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import gcd

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.geometry.filter_geometry import (
    describe_filter,
    distance_to_function_space,
    is_in_function_space,
    parameters_over,
)
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.geometry.rank_drops import criticality
from homotopy_lcn.geometry.vanishing_forms import default_degree, known_inequalities, vanishing_forms
from homotopy_lcn.networks.parameters import compose

INFINITY = complex(np.inf)


def architectures(largest):
    """All with filter sizes above 1, last stride 1 and K ≤ largest."""

    def extend(filters, strides, dilation, room):
        for k in range(2, room // dilation + 2):
            left = room - (k - 1) * dilation
            yield Architecture((*filters, k), (*strides, 1))
            for stride in range(1, left // dilation + 1):
                yield from extend((*filters, k), (*strides, stride), dilation * stride, left)

    return list(extend((), (), 1, largest - 1))


ALL = architectures(9)
#: One architecture for each way to ask something of the roots.
DISTINCT = list(
    {(arch.blocks, tuple(sum(d % 2 for d in ds) for ds in arch.layer_degrees)): arch for arch in ALL}.values()
)
CHAIN = Architecture((3, 2, 2), (2, 2, 1))
LARGER = [
    CHAIN,
    Architecture((2, 2, 2, 2), (1, 2, 2, 1)),
    Architecture((4, 3, 2), (2, 2, 1)),
    Architecture((5, 2), (4, 1)),
    Architecture((7, 3, 2), (2, 3, 1)),
    Architecture((13, 2), (12, 1)),
    Architecture((1, 3, 2), (2, 2, 1)),
]


class Roots:
    """A multiset of roots on the projective line, by exhaustive search; it knows nothing of classes and cosets."""

    def __init__(self, hyperroots):
        """From triples (block, dilation, value)."""
        self.hyperroots = hyperroots
        self.number = Counter()
        for _, dilation, value in hyperroots:
            for root in self.roots(dilation, value):
                self.number[root] += 1

    @staticmethod
    def roots(dilation, value):
        if value in (0, INFINITY):
            return [complex(value)] * dilation
        first = complex(value) ** (1 / dilation)
        return [key(first * np.exp(2j * np.pi * j / dilation)) for j in range(dilation)]

    @property
    def real(self):
        return all(self.number[conjugate(root)] == n for root, n in self.number.items())

    def factorizations(self, blocks):
        """The values of the hyperroots of each block, as sorted tuples; all ways to use all roots."""
        found = set()

        def peel(b, number, chosen):
            if b < 0:
                if not any(number.values()):
                    found.add(tuple(chosen))
                return
            degree, dilation = blocks[b]
            if b == 0 and dilation == 1:  # what is left goes to the first block
                picked = tuple(sorted(number.elements(), key=str))
                if len(picked) == degree:
                    found.add((picked, *chosen))
                return
            values = {root if root in (0, INFINITY) else key(root**dilation) for root, n in number.items() if n}
            for picked in combinations_with_replacement(sorted(values, key=str), degree):
                rest = Counter(number)
                for value in picked:
                    rest.subtract(self.roots(dilation, value))
                if min(rest.values()) >= 0:
                    peel(b - 1, rest, [picked, *chosen])

        peel(len(blocks) - 1, self.number, [])
        return found

    def answers(self, arch):
        """Number of complex factorizations; whether one is real; whether one gives real layers."""
        found = self.factorizations(arch.blocks)
        odd = [sum(d % 2 for d in degrees) for degrees in arch.layer_degrees]
        real = [f for f in found if all(Counter(map(conjugate, block)) == Counter(block) for block in f)]
        inside = any(
            all(sum(conjugate(v) == v for v in block) >= n for block, n in zip(f, odd, strict=True)) for f in real
        )
        return len(found), bool(real), inside

    @property
    def filter(self):
        result = np.ones(1, complex)
        for _, dilation, value in self.hyperroots:
            factor = np.zeros(dilation + 1, complex)
            factor[0], factor[-1] = (0, 1) if value == INFINITY else (1, -value)
            result = np.convolve(result, factor)
        return result.real.copy() if self.real else result


KNOWN = {}


def key(z):
    """The same number for numbers that differ by rounding; real ones and conjugates exactly so."""
    z = complex(z)
    if z in (0, INFINITY):
        return z
    if abs(z.imag) < 1e-8 * abs(z):
        z = complex(z.real)
    place = round(np.log(abs(z)) * 1e6), round(float(np.angle(z)) * 1e6)
    for shift in product((0, -1, 1), repeat=2):
        known = KNOWN.get((place[0] + shift[0], place[1] + shift[1]))
        if known is not None:
            return known
    KNOWN[place] = z
    if z.imag:
        KNOWN[place[0], -place[1]] = z.conjugate()
    return z


def conjugate(z):
    return z if z in (0, INFINITY) else complex(z.real, 0.0 - z.imag)


def random_special(arch, rng):
    """Hyperroots that often coincide, and often have a real product."""
    angles = rng.choice([0, 1, 2, 4], p=[0.3, 0.3, 0.3, 0.1])
    order = arch.blocks[-1].dilation
    # All roots at few points of few classes.
    result, pairs = [], rng.random() < 0.7
    for b, (degree, dilation) in enumerate(arch.blocks):
        while sum(item[0] == b for item in result) < degree:
            if rng.random() < 0.15:
                value = 0 if rng.random() < 0.5 else INFINITY
            else:
                radius = rng.choice([1.0, 1.0, 1.25]) ** dilation
                turn = angles * rng.integers(0, 8) / 8 + rng.integers(0, order) / order
                value = key(radius * np.exp(2j * np.pi * turn / (order if rng.random() < 0.5 else 1) * dilation))
            result.append((b, dilation, value))
            if pairs and sum(item[0] == b for item in result) < degree and rng.random() < 0.7:
                result.append((b, dilation, conjugate(complex(value))))
    return Roots(result)


def random_swapped_pair(arch, rng):
    """Real filters by way of non-real factors: hyperroots of one block with conjugates assembled from lower ones."""
    left, result = [block.degree for block in arch.blocks], []
    for b in reversed(range(len(arch.blocks))):
        dilation = arch.blocks[b].dilation
        while left[b]:
            value = key(complex(rng.choice([1j, -1, 1, np.exp(0.25j * np.pi), 1.5, 0.5j])))
            left[b] -= 1
            result.append((b, dilation, value))
            missing = [conjugate(value)] if value.imag else []
            for lower in range(b, -1, -1):
                size = arch.blocks[lower].dilation
                again = []
                for v in missing:
                    if left[lower] and rng.random() < 0.6:
                        left[lower] -= 1
                        result.append((lower, size, key(v)))
                    elif lower:
                        ratio = size // arch.blocks[lower - 1].dilation
                        again += [v ** (1 / ratio) * np.exp(2j * np.pi * j / ratio) for j in range(ratio)]
                missing = again
    return Roots(result)


def check_against_search(arch, roots):
    number, reduced, inside = roots.answers(arch)
    facts = describe_filter(arch, roots.filter, boundary=False)
    assert facts.real == roots.real
    assert facts.in_closure
    assert len(facts.factorizations) == number
    assert facts.in_reduced == (roots.real and reduced)
    assert facts.in_function_space == (roots.real and inside)
    assert is_in_function_space(arch, roots.filter) == facts.in_function_space
    for item in facts.factorizations:
        assert (item.rank < arch.dimension) == bool(item.common)
        w = compose(arch.reduced, [np.ones(1)] * (arch.reduced.depth - len(item.blocks)) + list(item.blocks))
        w = w * (np.vdot(w, roots.filter) / np.vdot(w, w))
        assert np.abs(w - roots.filter).max() < 1e-7 * np.abs(roots.filter).max()
    if describe_function_space(arch).smooth:
        assert facts.smooth
    return facts


def test_there_are_as_many_architectures_as_there_should_be():
    assert len(ALL) == 426
    assert all(arch.filter_size <= 9 for arch in ALL)


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


SMALL = [
    Architecture((3, 2), (2, 1)),
    Architecture((2, 2, 2), (1, 2, 1)),
    Architecture((2, 2), (1, 1)),
    Architecture((3, 2), (1, 1)),
    Architecture((3, 3), (1, 1)),
    Architecture((2, 2, 2), (2, 1, 1)),
    Architecture((2, 2, 2), (2, 2, 1)),
    Architecture((4, 2), (3, 1)),
    CHAIN,
]


def nearby(arch, roots, size):
    """Filters near a real one in the Zariski closure: all hyperroots of any factorization move, a little."""
    moves = [0, 1, -1, 1j, -1j, 1 + 1j, 1 - 1j]
    for blocks in roots.factorizations(arch.blocks):
        hyperroots = [(b, arch.blocks[b].dilation, value) for b, block in enumerate(blocks) for value in block]
        for chosen in product(moves, repeat=len(hyperroots)):
            moved = []
            for (b, dilation, value), move in zip(hyperroots, chosen, strict=True):
                if value in (0, INFINITY):
                    small = (size * move) ** dilation
                    moved.append((b, dilation, value if move == 0 else key(small if value == 0 else 1 / small)))
                else:
                    moved.append((b, dilation, key(value * np.exp(size * move * dilation))))
            result = Roots(moved)
            if result.real:
                yield result


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


def test_filters_off_the_grid_are_not_in_the_closure():
    arch = Architecture((1, 2, 2), (2, 1, 1))
    assert arch.grid == 2
    assert is_in_function_space(arch, [1, 0, 3, 0, 2])
    assert not is_in_function_space(arch, [1, 1, 3, 0, 2])
    assert not describe_filter(arch, [1, 1, 3, 0, 2]).in_closure
    assert not describe_filter(arch, [0, 1, 0, 0, 0]).in_closure


def test_exact_filters_are_not_taken_for_more_special_ones():
    arch = Architecture((3, 2), (2, 1))
    for gap in (Fraction(1, 10**4), Fraction(1, 10**5), Fraction(1, 10**6)):
        r, s = Fraction(1), 1 + gap
        facts = describe_filter(arch, [Fraction(1), 0, -(r + s), 0, r * s])
        assert len(facts.factorizations) == 2
        assert facts.interior
        assert facts.factorizations[0].rank == 4
    with pytest.raises(InputError, match="too close"):
        describe_filter(arch, [1, 0, -2 - Fraction(1, 10**12), 0, 1 + Fraction(1, 10**12)])
    double = describe_filter(arch, [1, 0, -2, 0, 1])
    assert len(double.factorizations) == 1
    assert double.boundary == ("reduced",)
    assert describe_filter(arch, [1.0, 0, -2.0 - 1e-12, 0, 1 + 1e-12]).boundary == ("reduced",)


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


def test_critical_parameters_have_common_hyperroots_and_others_have_none():
    rng = np.random.default_rng(7)
    seen = Counter()
    for arch in [*ALL[::7], *LARGER]:
        for _ in range(8):
            theta = [np.real(np.poly(rng.integers(-1, 2, k - 1))) if k > 1 else np.ones(1) for k in arch.filters]
            if rng.random() < 0.3:
                theta = [w[::-1] for w in theta]
            facts = criticality(arch, theta)
            assert facts.critical == bool(facts.causes), (arch, theta)
            seen[facts.critical] += 1
    assert min(seen.values()) > 50
    types = describe_function_space(Architecture((2, 2, 2), (1, 2, 1))).critical_types
    assert [tuple(kind) for kind in types] == [(1, True, False), (2, False, True)]
    assert describe_function_space(Architecture((2, 2), (2, 1))).critical_types == ()


def test_causes_name_the_layers_and_the_hyperroot():
    arch = Architecture((2, 2, 2), (1, 2, 1))
    (cause,) = criticality(arch, [[1.0, -3], [1.0, 3], [1.0, -9]]).causes
    assert cause.dilation == 2
    assert cause.value == pytest.approx(9)
    assert cause.layers == (2,)
    assert cause.below
    (cause,) = criticality(arch, [[1.0, -3], [2.0, -6], [1.0, 5]]).causes
    assert (cause.dilation, cause.layers, cause.below) == (1, (0, 1), False)
    facts = criticality(arch, [[0.0, 0], [2.0, -6], [1.0, 5]])
    assert facts.critical
    assert not facts.filter.any()
    assert criticality(arch, [[1.0, -3], [1.0, 3], [1.0, -9]]).filter.tolist() == [1, 0, -18, 0, 81]


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ([[1, 2], [1, 2]], "layers of sizes"),
        ([[1, 2], [1, np.nan], [1, 2]], r"theta\[1\]"),
        ([[1, 2], [1, "a"], [1, 2]], r"theta\[1\]"),
        ([[1, 2], 3.0, [1, 2]], r"theta\[1\]"),
    ],
)
def test_unusable_parameters_are_refused(theta, message):
    with pytest.raises(InputError, match=message):
        criticality(Architecture((2, 2, 2), (1, 2, 1)), theta)


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


def test_equations_vanish_on_the_space_and_cut_it_out_near_generic_points():
    rng = np.random.default_rng(9)
    for arch in DISTINCT:
        codimension = arch.filter_size - arch.dimension
        if codimension > 2 or arch.grid > 1 or arch.filter_size > 7:
            continue
        forms = vanishing_forms(arch)
        w = compose(arch, [rng.standard_normal(k) for k in arch.filters])
        w = w / np.linalg.norm(w)
        assert all(abs(form(w)) < 1e-9 * max(abs(c) for c, _ in form.terms) for form in forms)
        gradients = [
            [(form(w + 1e-6 * e) - form(w - 1e-6 * e)) / 2e-6 for e in np.eye(arch.filter_size)] for form in forms
        ]
        rank = np.linalg.matrix_rank(np.array(gradients), tol=1e-5) if forms else 0
        assert rank == codimension, arch
        if codimension == 1:
            assert [form.degree for form in forms] == [describe_function_space(arch).degree]
    assert vanishing_forms(Architecture((3, 2), (1, 1))) == ()
    with pytest.raises(InputError, match="max_degree"):
        vanishing_forms(Architecture((20, 2), (12, 1)), max_degree=3)


def test_known_inequalities_do_not_depend_on_the_last_stride():
    assert known_inequalities(Architecture((3, 2), (2, 5))) == ("C² − 4AE ≥ 0",)
    assert known_inequalities(Architecture((1, 3, 1, 2), (1, 2, 1, 5))) == ("C² − 4AE ≥ 0",)
    assert known_inequalities(Architecture((1, 3, 2), (2, 2, 5))) == ()
    assert known_inequalities(Architecture((9, 2), (2, 5))) == ()


def test_equations_of_large_networks_are_those_of_low_degree():
    shape = Architecture((20, 2), (12, 1))
    assert default_degree(shape) == 2
    forms = vanishing_forms(shape)
    assert {form.degree for form in forms} == {2}
    w = compose(shape, [np.arange(1, 21), np.array([3, -2])])
    assert all(form(w.tolist()) == 0 for form in forms)
    assert len(forms) == 6  # the 2 × 2 minors of w_8, …, w_11 above w_20, …, w_23, which only one copy reaches


@pytest.mark.parametrize(
    ("w", "message"),
    [([1, 2], "2 numbers given; expected 5"), ([1, 2, 3, 4, np.nan], "not finite"), (["a"] * 5, "not all numbers")],
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


def test_every_architecture_up_to_nine_is_decided_with_coprime_or_common_dilations():
    for arch in ALL:
        space = describe_function_space(Architecture((1, *arch.filters), (2, *arch.strides)))
        assert space.closed == describe_function_space(arch).closed
        assert gcd(*(block.dilation for block in space.reduced.blocks)) == 2
