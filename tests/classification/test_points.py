"""Every answer about a critical point against brute force: roots and how to share them out, small moves, Hessians."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.optimize import least_squares

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from tests.root_distributions import real_distributions
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


# Targets with multiple roots


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
