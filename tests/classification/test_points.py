"""Every answer about a critical point against brute force: roots and how to share them out, small moves, Hessians."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.geometry.real_factors import RealStructure, real_factorizations, roots_are_settled
from homotopy_lcn.networks.binary_forms import roots_of_each
from tests.small_networks import (
    end_to_end,
    filters_of,
    loss_gradient,
    loss_hessian,
    matched,
    network_loss,
    perturbed,
    random_problem,
    solved,
    step_of,
)

CASES = [
    ((2, 2), (1, 1), 0),
    ((2, 2), (1, 1), 1),
    ((3, 2), (1, 1), 0),
    ((4, 2), (1, 1), 0),
    ((3, 3), (1, 1), 0),
    ((3, 3), (1, 1), 1),
    ((2, 2, 2), (1, 1, 1), 0),
    ((2, 2, 2), (1, 1, 1), 1),
    ((2, 2), (2, 1), 0),
    ((3, 2), (2, 1), 0),
    ((2, 2, 2), (1, 2, 1), 0),
    ((2, 2, 2), (1, 2, 1), 1),
    ((3, 2, 2), (2, 1, 1), 0),
    ((2, 1, 2), (1, 2, 1), 0),
    ((1, 2, 1, 3), (2, 2, 1, 1), 0),
]
everywhere = pytest.mark.parametrize(("filters", "strides", "seed"), CASES)


# Roots and how they can be shared out


def clustered(values):
    """Multiple roots split by rounding, put together again: a list of (root, multiplicity)."""
    rest, clusters = list(values), []
    while rest:
        near = [value for value in rest if abs(value - rest[0]) < 2e-4 * (1 + abs(value))]
        rest = [value for value in rest if value not in near]
        root = complex(np.mean(near))
        clusters.append((complex(root.real, 0) if abs(root.imag) < 1e-7 * abs(root) else root, len(near)))
    return clusters


def block_roots(architecture, w):
    """For each block the roots of its polynomial with multiplicities, from the filter alone.

    A root of the block of dilation D is an orbit of roots of the filter under the D-th roots of unity.
    """
    w = w[:: architecture.grid]
    dilations = [block.dilation // architecture.grid for block in architecture.blocks]
    rest = [root for root, multiplicity in clustered(np.roots(w)) for _ in range(multiplicity)]
    blocks = []
    for dilation, block in reversed(list(zip(dilations, architecture.blocks, strict=True))):
        powers = []
        for _ in range(block.degree):
            for start in rest:
                orbit = []
                for k in range(dilation):
                    image = start * np.exp(2j * np.pi * k / dilation)
                    nearest = min((r for r in rest if r not in orbit), key=lambda r: abs(r - image), default=np.inf)
                    if abs(nearest - image) < 1e-5 * abs(image):
                        orbit.append(nearest)
                if len(orbit) == dilation:
                    break
            else:
                raise AssertionError("the filter does not factor as its architecture says")
            for root in orbit:
                rest.remove(root)
            powers.append(complex(np.mean([r**dilation * (dilation > 1) or r for r in orbit])))
        blocks.insert(0, clustered(powers))
    assert not rest
    return blocks


def distributions(degrees, clusters):
    """All ways to share roots with multiplicities out to layers of these degrees.

    Yields a matrix: how often each layer gets each root.
    """
    layers = range(len(degrees))
    shares = [
        [share for share in product(range(multiplicity + 1), repeat=len(degrees)) if sum(share) == multiplicity]
        for _, multiplicity in clusters
    ]
    for matrix in product(*shares):
        if all(sum(share[layer] for share in matrix) == degrees[layer] for layer in layers):
            yield matrix


def is_real(matrix, clusters):
    """Whether conjugate roots go to the same layers."""
    share_of = {root: share for (root, _), share in zip(clusters, matrix, strict=True)}
    for root, share in share_of.items():
        partner = min(share_of, key=lambda other: abs(other - root.conjugate()))
        if share_of[partner] != share:
            return False
    return True


@cache
def real_distributions(degrees, clusters):
    """How many real distributions there are, and how many where every layer's roots are simple."""
    matrices = [matrix for matrix in distributions(degrees, clusters) if is_real(matrix, clusters)]
    return len(matrices), sum(all(max(share) <= 1 for share in matrix) for matrix in matrices)


def shared_out(architecture, blocks):
    """Whether a real factorization exists, and the number of real critical ones."""
    numbers = [
        real_distributions(tuple(degrees), tuple(clusters))
        for degrees, clusters in zip(architecture.layer_degrees, blocks, strict=True)
    ]
    return all(total > 0 for total, _ in numbers), int(np.prod([critical for _, critical in numbers]))


@everywhere
def test_multiplicities_of_the_roots_are_those_of_the_stratum(filters, strides, seed):
    result = solved(filters, strides, seed)
    for point in result:
        blocks = block_roots(result.architecture, point.filter)
        pattern = tuple(tuple(sorted((m for _, m in clusters), reverse=True)) for clusters in blocks)
        assert pattern == point.stratum
        assert point.pure == all(m == 1 for clusters in blocks for _, m in clusters)


@everywhere
def test_membership_and_real_parameters_are_what_sharing_out_the_roots_by_force_gives(filters, strides, seed):
    result = solved(filters, strides, seed)
    for point in result.real:
        member, critical = shared_out(result.architecture, block_roots(result.architecture, point.filter.real))
        assert point.in_function_space is member
        assert point.attained is (critical > 0)
        assert len(point.parameters) == critical
        tensors = []
        for theta in point.parameters:
            tensor = np.ones(1)
            for w in theta:
                tensor = np.outer(tensor, w).ravel()
            tensors.append(tensor)
        for a, b in combinations(tensors, 2):
            assert np.linalg.norm(a - b) > 1e-6 * np.linalg.norm(a)


def test_the_cases_above_contain_points_of_every_sort():
    sorts = set()
    for case in CASES:
        sorts |= {
            (p.pure, p.in_function_space, p.attained, p.interior, kind)
            for p in solved(*case).real
            for kind in (set(p.kinds) or {None})
        }
    assert {sort[:4] for sort in sorts} >= {
        (True, True, True, True),
        (True, False, False, None),
        (False, True, True, True),
        (False, True, True, False),
        (False, True, False, True),
    }
    assert {(sort[0], sort[4]) for sort in sorts} >= {
        (pure, kind) for pure in (True, False) for kind in ("minimum", "saddle")
    }


def test_a_filter_in_the_function_space_need_not_be_attained():
    """Pattern (2, 1, 1) with k = (3, 3): a² b b̄ with real a and non-real b."""
    architecture, found = Architecture((3, 3), (1, 1)), 0
    for seed in range(10):
        problem = random_problem((3, 3), (1, 1), seed)
        for point in solved((3, 3), (1, 1), seed).real:
            if not (point.stratum == ((2, 1, 1),) and point.attained is False):
                continue
            found += 1
            assert point.in_function_space is True
            assert point.parameters == ()
            clusters = block_roots(architecture, point.filter.real)[0]
            (double,) = (root for root, m in clusters if m == 2)
            simple = [root for root, m in clusters if m == 1]
            assert double.imag == 0
            assert all(root.imag != 0 for root in simple)
            # The real parameters over it, (a², b b̄) and the exchange: of the right filter, but not critical.
            theta = [np.poly([double.real] * 2), np.poly(simple).real * point.filter[0].real]
            w = end_to_end(architecture, theta)
            assert np.linalg.norm(w - point.filter) < 1e-7 * np.linalg.norm(w)
            slope = np.linalg.norm(loss_gradient(problem, theta)) * step_of(theta)
            assert slope > 1e-3 * abs(point.loss)
    assert found > 0


def compose(architecture, theta):
    result, dilation = np.ones(1), 1
    for w, stride in zip(theta, architecture.strides, strict=True):
        dilated = np.zeros((len(w) - 1) * dilation + 1)
        dilated[::dilation] = w
        result, dilation = np.convolve(result, dilated), dilation * stride
    return result


def distance_to_function_space(architecture, w, rng):
    """Least distance of μ(θ) to w for real θ, relative to w, over many descents."""
    w = w / np.linalg.norm(w)
    cuts = np.cumsum(architecture.filters)[:-1]
    return min(
        np.linalg.norm(
            least_squares(
                lambda v: compose(architecture, np.split(v, cuts)) - w,
                rng.standard_normal(sum(architecture.filters)), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=400,
            ).fun
        )
        for _ in range(6)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "strides"), [((2, 2), (1, 1)), ((2, 2, 2), (1, 1, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 2), (2, 1))]
)
def test_fitting_real_parameters_reaches_exactly_the_filters_in_the_function_space(filters, strides):
    rng = np.random.default_rng(0)
    for seed in range(2):
        result = solved(filters, strides, seed)
        for point in result.real:
            distance = distance_to_function_space(result.architecture, point.filter.real, rng)
            # Where layers share a root the fit converges slowly.
            assert distance < 1e-6 if point.in_function_space else distance > 1e-3


@pytest.mark.parametrize(
    ("filters", "strides"),
    [((2, 2), (1, 1)), ((3, 2), (1, 1)), ((2, 2, 2), (1, 1, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1))],
)
def test_filters_of_random_real_parameters_are_found_and_lie_in_the_interior(filters, strides):
    architecture = Architecture(filters, strides)
    gram = random_problem(filters, strides).loss.gram
    rng = np.random.default_rng(1)
    for _ in range(6):
        theta = [rng.standard_normal(k) for k in filters]
        target = end_to_end(architecture, theta)
        result = critical_points(architecture, SquaredLoss(gram, gram @ target, target @ gram @ target))
        assert result.complete
        best = result.global_minimum
        np.testing.assert_allclose(best.filter, target, atol=1e-12 * np.linalg.norm(target))
        assert abs(best.loss) < 1e-12 * (target @ gram @ target)
        assert best.pure
        assert best.in_function_space
        assert best.attained
        assert best.interior
        assert set(best.kinds) == {"minimum"}


# Interior and boundary, smooth


@everywhere
def test_small_moves_leave_the_function_space_at_boundary_points_and_only_there(filters, strides, seed):
    result = solved(filters, strides, seed)
    architecture = result.architecture
    rng = np.random.default_rng(seed)
    for point in result.real:
        if not point.in_function_space:
            assert point.interior is None
            assert point.boundary is False
            continue
        polynomials = [
            np.poly([root for root, m in clusters for _ in range(m)]).real
            for clusters in block_roots(architecture, point.filter.real)
        ]
        for size in (1e-4, 1e-6, 1e-8):
            left = 0
            for _ in range(40):
                moved = []
                for polynomial in polynomials:
                    move = size * np.linalg.norm(polynomial) * rng.standard_normal(len(polynomial))
                    # LAPACK gives real roots with imaginary part zero, the others in conjugate pairs.
                    real = int((np.roots(polynomial + move).imag == 0).sum())
                    pairs = (len(polynomial) - 1 - real) // 2
                    signs = [(complex(0, sign * (i + 1)), 1) for i in range(pairs) for sign in (1, -1)]
                    moved.append([(complex(i + 1), 1) for i in range(real)] + signs)
                left += not shared_out(architecture, moved)[0]
            assert (left == 0) == point.interior
        if point.attained:
            assert point.boundary is not point.interior


@everywhere
def test_generic_critical_points_are_smooth_and_the_reduced_network_has_full_rank_there(filters, strides, seed):
    result = solved(filters, strides, seed)
    reduced = result.architecture.reduced
    for point in result:
        assert point.smooth is True
        blocks = block_roots(result.architecture, point.filter)
        forms = [np.poly([root for root, m in clusters for _ in range(m)]) for clusters in blocks]
        theta = [*([[1.0]] if reduced.filters[0] == 1 else []), *(form / np.linalg.norm(form) for form in forms)]
        columns = [
            end_to_end(reduced, [*theta[:layer], unit, *theta[layer + 1 :]])
            for layer, w in enumerate(theta)
            for unit in np.eye(len(w))
        ]
        values = np.linalg.svd(np.array(columns), compute_uv=False)
        assert values[reduced.dimension - 1] > 1e-6 * values[0]
        assert (values[reduced.dimension :] < 1e-12 * values[0]).all()


@pytest.mark.parametrize("sign", [-2.0, 2.0])
def test_a_filter_with_two_factorizations_is_a_singular_point_and_found_once(sign):
    """(x² + a)(x² + b): the hyperroots of the two blocks can be exchanged."""
    architecture = Architecture((3, 2), (2, 1))
    target = np.convolve([1.0, 0.0, sign], [1.0, 0.0, 3.0])
    gram = random_problem((3, 2), (2, 1)).loss.gram
    result = critical_points(architecture, SquaredLoss(gram, gram @ target))
    assert result.complete
    assert [row.found for row in result.strata] == [10]
    assert len(result) == 9
    (point,) = (p for p in result if np.linalg.norm(p.filter - target) < 1e-10)
    assert point.smooth is False
    assert (point.multiplicity, point.nonsingular, point.isolated) == (2, True, True)
    assert point.kinds == ("minimum", "minimum")
    assert all(p.smooth for p in result if p is not point)


# Real filters


@everywhere
def test_conjugation_permutes_the_points_and_fixes_exactly_the_real_ones(filters, strides, seed):
    result = solved(filters, strides, seed)
    w = filters_of(result)
    order, distance = matched(w, w.conj())
    assert distance == 0
    for i, point in enumerate(result):
        assert point.real == (order[i] == i)
        if point.real:
            assert (point.filter.imag == 0).all()
            assert isinstance(point.loss, float)
            assert all(np.isrealobj(layer) for theta in point.parameters for layer in theta)
        else:
            twin = result[order[i]]
            assert np.abs(point.filter.imag).max() > 1e-6 * np.linalg.norm(point.filter)
            assert abs(twin.loss - np.conj(point.loss)) <= 1e-14 * abs(point.loss)
            assert (point.in_function_space, point.attained, point.interior, point.boundary) == (None,) * 4
            assert len(point.parameters) == 1
            assert point.kinds == point.indices == (None,)
            assert not point.minimum
    # The loss is sorted within the real points and within the others.
    assert [p.real for p in result] == sorted((p.real for p in result), reverse=True)
    assert all(a.loss <= b.loss for a, b in pairwise(result.real))


# Kinds


@everywhere
def test_kinds_and_indices_are_those_of_the_hessian_in_all_parameters(filters, strides, seed):
    problem, result = random_problem(filters, strides, seed), solved(filters, strides, seed)
    depth = result.architecture.depth
    for point in result.attained:
        for theta, kind, index in zip(point.parameters, point.kinds, point.indices, strict=True):
            values = np.linalg.eigvalsh(loss_hessian(problem, theta))
            scalings = np.argsort(np.abs(values))[: depth - 1]
            assert (np.abs(values[scalings]) < 1e-9 * np.abs(values).max()).all()
            others = np.delete(values, scalings)
            assert (np.abs(others) > 1e-7 * np.abs(values).max()).all()
            assert index == (others < 0).sum()
            assert kind == ("saddle" if index else "minimum")
        assert point.minimum == ("minimum" in point.kinds)


@everywhere
def test_minima_are_minima_along_random_directions_and_saddles_can_be_left_downwards(filters, strides, seed):
    problem, result = random_problem(filters, strides, seed), solved(filters, strides, seed)
    rng = np.random.default_rng(seed)

    def loss_after(theta, direction, length):
        places = [(layer, j) for layer, w in enumerate(theta) for j in range(len(w))]
        moves = [(*place, length * value) for place, value in zip(places, direction, strict=True)]
        return network_loss(problem, perturbed(theta, *moves))

    for point in result.attained:
        for theta, kind in zip(point.parameters, point.kinds, strict=True):
            length, size = 1e-3 * step_of(theta), sum(map(len, theta))
            here = network_loss(problem, theta)
            if kind == "minimum":
                directions = rng.standard_normal((20, size))
                rises = [loss_after(theta, d / np.linalg.norm(d), length) - here for d in directions]
                assert min(rises) > -1e-13 * problem.loss.constant
                assert max(rises) > 1e-10 * problem.loss.constant
            else:
                direction = np.linalg.eigh(loss_hessian(problem, theta))[1][:, 0]
                assert min(loss_after(theta, sign * direction, 0.1 * step_of(theta)) for sign in (1, -1)) < here


def test_the_global_minimum_is_marked_and_no_random_parameters_are_better():
    rng = np.random.default_rng(0)
    for filters, strides, seed in CASES:
        result = solved(filters, strides, seed)
        best = result.global_minimum
        assert best is result.minima[0]
        for _ in range(200):
            w = compose(result.architecture, [rng.standard_normal(k) for k in filters])
            # The best multiple of this filter.
            top, bottom = result.loss.b @ w, w @ result.loss.gram @ w
            assert result.loss.constant - top**2 / bottom >= best.loss * (1 - 1e-12)


# The combinatorics alone


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


@pytest.mark.parametrize(
    ("filters", "target", "pattern", "interior", "parameters"),
    [
        ((2, 2), [1.0, -2.0, 1.0], ((2,),), False, 1),
        # (x − 1)² (x² + x + 3): the layers are these two factors, in either order, or (x − 1)² has to be torn apart.
        ((3, 3), [1.0, -1.0, 2.0, -5.0, 3.0], ((2, 1, 1),), True, 2),
        ((2, 2, 2), [1.0, -3.0, 3.0, -1.0], ((3,),), False, 1),
        ((2, 2, 2), [1.0, -1.0, -1.0, 1.0], ((2, 1),), False, 3),
    ],
)
def test_a_target_with_a_multiple_root_is_critical_on_the_function_space_and_on_a_stratum(
    filters, target, pattern, interior, parameters
):
    """Loss 0: every θ over the target is critical."""
    gram = random_problem(filters, (1,) * len(filters)).loss.gram
    target = np.array(target)
    result = critical_points(
        Architecture(filters, (1,) * len(filters)), SquaredLoss(gram, gram @ target, target @ gram @ target)
    )
    assert result.complete
    (point,) = (p for p in result if p.pure)
    np.testing.assert_allclose(point.filter, target, atol=1e-13)
    assert point.stratum == pattern
    assert (((1,) * (len(target) - 1)),) in point.also_on
    assert (point.real, point.in_function_space, point.attained, point.interior) == (True, True, True, interior)
    assert len(point.parameters) == parameters
    assert result.global_minimum is point
