"""Arithmetic of discs, and what is proved with it: the exact values, from fractions and balls, lie in the discs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from homotopy_lcn import Architecture
from homotopy_lcn.certification import krawczyk_in_discs
from homotopy_lcn.certification._flint import acb, arb, ctx
from homotopy_lcn.certification.completeness import _overlapping
from homotopy_lcn.certification.conclusions import stratum_of
from homotopy_lcn.certification.disc_arithmetic import MOST_TERMS, Discs, bound, contraction, moduli, multiply, regular
from homotopy_lcn.certification.krawczyk_in_balls import BallEquations
from homotopy_lcn.certification.krawczyk_in_discs import DiscEquations, chart_coordinates, prove_points
from homotopy_lcn.certification.point_proofs import TogetherProved, prove_all, prove_point
from homotopy_lcn.certification.stratum_coordinates import coordinates_of
from homotopy_lcn.certification.tolerances import CERTIFICATION
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.networks.strata import Factor, Stratum
from tests.small_networks import random_problem, solved

# Sizes apart by so much that sums cancel and products underflow.
NUMBERS = st.one_of(
    st.floats(-10, 10),
    st.sampled_from([0.0, 1.0, -1.0, 1 / 3, 1e-160, -1e-300, 5e-324, 1e8, 1 + 2**-52]),
    st.builds(lambda m, e: m * 2.0**e, st.floats(-1, 1), st.integers(-60, 60)),
)
RADII = st.one_of(st.just(0.0), st.floats(0, 1), st.sampled_from([1e-300, 1e-16, 2.0**-29]))


class Exact:
    """A complex number with rational parts."""

    def __init__(self, re, im=0):
        self.re, self.im = Fraction(re), Fraction(im)

    def __add__(self, other):
        return Exact(self.re + other.re, self.im + other.im)

    def __sub__(self, other):
        return Exact(self.re - other.re, self.im - other.im)

    def __mul__(self, other):
        return Exact(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def square(self):
        return self.re**2 + self.im**2


@st.composite
def discs(draw, shape):
    """Discs of this shape with a member of each, on the rim or within."""
    re, im = draw(arrays(float, shape, elements=NUMBERS)), draw(arrays(float, shape, elements=NUMBERS))
    rad = draw(arrays(float, shape, elements=RADII))
    # Rational points of the unit circle, times at most one.
    slopes = draw(arrays(float, shape, elements=st.floats(-2, 2)))
    shares = draw(arrays(float, shape, elements=st.sampled_from([0.0, 0.5, 1.0])))
    members = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        t, reach = Fraction(slopes[index]), Fraction(rad[index]) * Fraction(shares[index])
        x, y = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        members[index] = Exact(Fraction(re[index]) + reach * x, Fraction(im[index]) + reach * y)
    return Discs(re + 1j * im, rad), members


def holds(found, members):
    """Whether each disc holds the exact number."""
    assert found.mid.shape == found.rad.shape == members.shape
    return all(
        (member - Exact(complex(found.mid[i]).real, complex(found.mid[i]).imag)).square() <= Fraction(found.rad[i]) ** 2
        for i, member in np.ndenumerate(members)
    )


@settings(max_examples=60, deadline=None)
@given(discs((2, 3)), discs((2, 3)))
def test_sums_differences_and_products_of_entries(left, right):
    (a, x), (b, y) = left, right
    assert holds(a + b, x + y)
    assert holds(a - b, x - y)
    assert holds(a * b, x * y)
    assert holds(a.sum(axis=1), x.sum(axis=1))
    assert holds(a.times(3.0), x * np.array(Exact(3), dtype=object))


@settings(max_examples=60, deadline=None)
@given(discs((2, 2, 3)), discs((2, 3, 2)), arrays(float, (3, 3), elements=NUMBERS))
def test_matrix_products(left, right, real):
    (a, x), (b, y) = left, right
    assert holds(a @ b, x @ y)
    exact = np.vectorize(Exact, otypes=[object])(real)
    assert holds(a @ Discs.exact(real), x @ exact)


@settings(max_examples=60, deadline=None)
@given(discs((1, 4)), discs((1, 3)))
def test_products_of_forms(left, right):
    (a, x), (b, y) = left, right
    expected = np.full((1, 6), Exact(0), dtype=object)
    for i in range(4):
        for j in range(3):
            expected[0, i + j] = expected[0, i + j] + x[0, i] * y[0, j]
    assert holds(multiply(a, b), expected)


@settings(max_examples=100, deadline=None)
@given(discs((5,)))
def test_moduli_and_zero(given_):
    found, members = given_
    for i, member in enumerate(members):
        assert member.square() <= Fraction(found.reach[i]) ** 2
        middle = Exact(found.mid[i].real, found.mid[i].imag)
        assert middle.square() <= Fraction(found.size[i]) ** 2
        if found.excludes_zero()[i]:
            assert middle.square() > Fraction(found.rad[i]) ** 2


def test_a_radius_makes_up_for_its_own_rounding():
    # Sums of the largest length in which every addition rounds down: by half a unit in the last place.
    terms = np.full(MOST_TERMS, 2.0**-53 * (1 - 2.0**-53))
    terms[0] = 1.0
    total = 0.0
    for term in terms:
        total += term
    assert Fraction(total) < sum(map(Fraction, terms)) <= Fraction(float(bound(np.array(total))))


def test_too_long_sums_are_refused():
    long = Discs.exact(np.ones((1, MOST_TERMS + 1), complex))
    with pytest.raises(ValueError, match="terms"):
        long @ Discs.exact(np.ones((MOST_TERMS + 1, 1)))


def test_underflow_is_part_of_the_radius():
    tiny = Discs.exact(np.full((1, 2), 1e-200 + 1e-200j))
    square = np.full((1, 2), Exact(1e-200, 1e-200) * Exact(1e-200, 1e-200), dtype=object)
    assert not (tiny * tiny).mid.any()
    assert holds(tiny * tiny, square)
    assert holds((tiny @ tiny[0, :, None])[:, 0], square[:, 0] + square[:, 1])
    weak = Discs(np.ones((1, 1), complex), np.full((1, 1), 1e-200))
    assert holds(
        weak * Discs.exact(np.full((1, 1), 1e-200 + 0j)), np.array([[Exact(1 + Fraction(1e-200)) * Exact(1e-200)]])
    )


def test_overflow_proves_nothing():
    with np.errstate(all="ignore"):
        huge = Discs.exact(np.full((1, 2), 1e300 + 1e300j))
        square = huge * huge
        assert not square.excludes_zero().any()
        assert not regular(Discs.exact(np.full((1, 2, 2), np.nan, complex))).any()
        assert not regular(Discs.exact(np.full((1, 2, 2), 1e300 + 0j))).any()


@settings(max_examples=50, deadline=None)
@given(discs((1, 3, 3)), arrays(float, (1, 3), elements=st.floats(0, 4)), st.integers(0, 2**32))
def test_contraction(matrices, weights, seed):
    found, members = matrices
    rng = np.random.default_rng(seed)
    inverse = rng.standard_normal((1, 3, 3)) + 1j * rng.standard_normal((1, 3, 3))
    exact = np.vectorize(lambda z: Exact(z.real, z.imag), otypes=[object])(inverse[0])
    bounds = contraction(inverse, found, weights)[0]
    rest = exact @ members[0]
    for i in range(3):
        # Σ w_j √s_j ≤ B if Σ w_j q_j ≤ B for rational q_j just above the roots.
        total = Fraction(0)
        for j in range(3):
            square = (Exact(int(i == j)) - rest[i, j]).square()
            total += Fraction(weights[0, j]) * _root_below(square)
        assert total <= Fraction(bounds[i])


def _root_below(square):
    """A rational number at most √square, and hardly less."""
    scale = 1 << 400
    return Fraction(isqrt(square.numerator * scale * scale // square.denominator), scale)


def test_regular_matrices_and_singular_ones():
    rng = np.random.default_rng(0)
    matrices = rng.standard_normal((50, 4, 4)) + 1j * rng.standard_normal((50, 4, 4))
    assert regular(Discs.exact(matrices)).all()
    singular = matrices.copy()
    singular[:, 3] = singular[:, :3].sum(axis=1)
    assert not regular(Discs(singular, np.full(singular.shape, 1e-15))).any()
    # A radius that reaches a singular matrix.
    distance = np.linalg.svd(matrices, compute_uv=False)[:, -1]
    wide = np.broadcast_to(distance[:, None, None] * 1.0001, matrices.shape)
    assert not regular(Discs(matrices, wide.copy())).any()


# The equations


STRATA = [
    Stratum((Factor(2, 1, 1), Factor(1, 2, 1))),
    Stratum((Factor(2, 1, 1), Factor(2, 1, 2), Factor(1, 3, 2))),
    Stratum((Factor(1, 3, 1), Factor(2, 2, 3), Factor(1, 1, 6))),
]


def in_disc(value, middle, radius):
    """Whether an (almost exact) ball is in the disc."""
    return bool(abs(value - acb(complex(middle))) < arb(float(radius)) * (1 + arb(2) ** -60) + arb(2) ** -900)


@pytest.mark.parametrize("stratum", STRATA, ids=[stratum.name for stratum in STRATA])
@pytest.mark.parametrize("rational", [False, True], ids=["doubles", "rationals"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), exponent=st.integers(-40, -3))
def test_the_discs_hold_equations_and_jacobians(stratum, rational, seed, exponent):
    rng = np.random.default_rng(seed)
    K, n, count = stratum.filter_size, stratum.dimension, 2
    gram = rng.standard_normal((K, K))
    data = ExactData.of_doubles(gram + gram.T, rng.standard_normal(K), 1.0)
    if rational:
        third = Fraction(1, 3)
        data = ExactData(
            tuple(tuple(x * third for x in row) for row in data.gram), tuple(x / 7 for x in data.b), data.constant
        )
    middles, b, _ = data.rounded()
    error = 2.0**-52 if rational else 0.0
    discs_ = DiscEquations(stratum, Discs(middles, error * np.abs(middles)), Discs(b, error * np.abs(b)))
    points = rng.standard_normal((count, stratum.coordinates)) + 1j * rng.standard_normal((count, stratum.coordinates))
    x, charts, free = chart_coordinates(stratum, points)
    radius = 2.0**exponent
    rad = np.zeros(x.shape)
    np.put_along_axis(rad, free, radius, 1)
    wide = Discs(x, rad)
    filters, values, jacobians = discs_.filters(wide), discs_.equations(wide, free), discs_.linearized(wide, free)
    with ctx.workprec(400):
        balls = BallEquations(stratum, data)
        for p in range(count):
            member = [
                acb(complex(z)) + acb(radius) * acb(complex(turn)) * arb("0.999999")
                for z, turn in zip(x[p, free[p]], np.exp(2j * np.pi * rng.random(n)), strict=True)
            ]
            chart = tuple(charts[p].tolist())
            gradient, jacobian = balls.linearized(chart, member)
            for j, value in enumerate(balls.filter(chart, member)):
                assert in_disc(value, filters.mid[p, j], filters.rad[p, j])
            for i in range(n):
                assert in_disc(gradient[i, 0], values.mid[p, i], values.rad[p, i])
                for j in range(n):
                    assert in_disc(jacobian[i, j], jacobians.mid[p, i, j], jacobians.rad[p, i, j])


# Proofs


NETWORKS = [((3, 3), (1, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 2, 2), (1, 1, 1)), ((4, 3), (2, 1))]


def proofs_in_discs(arch, loss, points, real=None):
    """Proofs of points of one stratum."""
    stratum = stratum_of(arch, points[0].stratum)
    x, known, is_real = coordinates_of(points, arch, stratum)
    assert known.all()
    equations = DiscEquations(stratum, Discs.exact(loss.gram), Discs.exact(loss.b))
    return prove_points(arch, equations, Discs.exact(np.array(loss.constant)), x, is_real if real is None else real)


def by_pattern(result):
    patterns = dict.fromkeys(point.stratum for point in result)
    return {pattern: [point for point in result if point.stratum == pattern] for pattern in patterns}


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_proofs_in_discs_hold_the_exact_points(filters, strides):
    result = solved(filters, strides)
    arch, loss = result.architecture, result.loss
    data = ExactData.of_doubles(loss.gram, loss.b, loss.constant)
    for pattern, points in by_pattern(result).items():
        proofs = proofs_in_discs(arch, loss, points)
        assert proofs.proved.all()
        assert proofs.decided.all()
        assert proofs.real.tolist() == [point.real for point in points]
        equations = BallEquations(stratum_of(arch, pattern), data)
        for row, point in enumerate(points):
            precise = prove_point(arch, equations, point, digits=40)
            with ctx.workprec(200):
                assert tuple(proofs.charts[row]) == precise.box.chart
                for j, x in enumerate(precise.solution.coordinates):
                    assert in_disc(x, proofs.coordinates.mid[row, j], proofs.coordinates.rad[row, j])
                for j, w in enumerate(precise.solution.filter):
                    assert in_disc(w, proofs.filters.mid[row, j], proofs.filters.rad[row, j])
                assert in_disc(precise.claims.loss, proofs.losses.mid[row], proofs.losses.rad[row])
            assert np.abs(proofs.filters.rad[row]).max() < 1e-10 * np.abs(proofs.filters.mid[row]).max()


def test_rough_points_are_improved_and_wrong_ones_refused():
    result = solved((3, 2), (2, 1))
    arch, loss = result.architecture, result.loss
    stratum = stratum_of(arch, result[0].stratum)
    x, _, real = coordinates_of(list(result), arch, stratum)
    equations = DiscEquations(stratum, Discs.exact(loss.gram), Discs.exact(loss.b))
    constant = Discs.exact(np.array(loss.constant))
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(x.shape) + 1j * rng.standard_normal(x.shape) * ~real[:, None]
    rough = prove_points(arch, equations, constant, x * (1 + 1e-6 * noise), real)
    assert rough.proved.all()
    assert np.allclose(rough.filters.mid, [point.filter for point in result], rtol=1e-9)
    assert not prove_points(arch, equations, constant, noise, real & False).proved.any()
    # The conjugate of a filter that is not real, looked for among the real ones.
    forced = prove_points(arch, equations, constant, x.real + 0j, real | True)
    assert not (forced.proved & ~real).any()


def near_pair(distance):
    """Squares c (1, t)² with Σ = I for which t = 1/2 ± distance·i are critical, and the exact data."""
    half, d = Fraction(1, 2), Fraction(distance)
    # For b orthogonal to p(t) = v' (v·v) − v (v'·v), v = (1, 2t, t²); for real b: to its real and imaginary parts.
    t = Exact(half, d)
    v, slope = [Exact(1), t + t, t * t], [Exact(0), Exact(2), t + t]
    vv, vd = (sum((x * y for x, y in zip(v, other, strict=True)), Exact(0)) for other in (v, slope))
    p = [y * vv - x * vd for x, y in zip(v, slope, strict=True)]
    re, im = [x.re for x in p], [x.im / d for x in p]
    b = [re[i - 2] * im[i - 1] - re[i - 1] * im[i - 2] for i in range(3)]
    c = sum((x * Exact(y) for x, y in zip(v, b, strict=True)), Exact(0))
    size = vv.square()
    c = c * Exact(vv.re / size, -vv.im / size)
    gram = tuple(tuple(Fraction(int(i == j)) for j in range(3)) for i in range(3))
    return ExactData(gram, tuple(b), Fraction(0)), complex(0.5, float(d)), complex(float(c.re), float(c.im))


@pytest.mark.parametrize(("half_bits", "proved"), [(3, False), (5, False), (12, True), (16, True)])
def test_a_box_with_two_solutions_is_not_proved(monkeypatch, half_bits, proved):
    # The solutions are 2⁻⁵ apart, so a box of width 2⁻⁶ around one may hold the other.
    changed = replace(CERTIFICATION, half_bits=half_bits, newton_steps_in_discs=0)
    monkeypatch.setattr(krawczyk_in_discs, "CERTIFICATION", changed)
    data, t, c = near_pair(Fraction(1, 64))
    gram, b, _ = data.rounded()
    discs_ = DiscEquations(Stratum((Factor(1, 2, 1),)), Discs.exact(gram), Discs(b, 2.0**-52 * np.abs(b)))
    arch, points = Architecture((2, 2), (1, 1)), np.array([[c, 1, t], [c.conjugate(), 1, t.conjugate()]])
    found = prove_points(arch, discs_, Discs.exact(np.array(0.0)), points, np.zeros(2, dtype=bool))
    assert found.proved.tolist() == [proved] * 2
    # Nor is the real point in the middle taken for a solution.
    middle = prove_points(arch, discs_, Discs.exact(np.array(0.0)), points.real + 0j, np.ones(2, dtype=bool))
    assert not middle.proved.any()


@pytest.mark.parametrize("width", [1e-13, 1e-11])
def test_proofs_hold_for_all_members_of_the_data(width):
    result = solved((3, 2), (2, 1))
    arch, loss = result.architecture, result.loss
    stratum = stratum_of(arch, result[0].stratum)
    x, _, real = coordinates_of(list(result), arch, stratum)
    gram, b = Discs(loss.gram, width * np.abs(loss.gram)), Discs(loss.b, width * np.abs(loss.b))
    found = prove_points(arch, DiscEquations(stratum, gram, b), Discs.exact(np.array(loss.constant)), x, real)
    assert found.proved.all()
    rng = np.random.default_rng(0)
    for _ in range(3):
        signs = np.sign(rng.standard_normal(loss.gram.shape))
        signs = np.triu(signs) + np.triu(signs, 1).T
        member = ExactData.of_doubles(
            loss.gram * (1 + 0.99 * width * signs),
            loss.b * (1 + 0.99 * width * np.sign(rng.standard_normal(len(loss.b)))),
            loss.constant,
        )
        balls = BallEquations(stratum, member)
        outside = 0
        for row, point in enumerate(result):
            precise = prove_point(arch, balls, point, digits=40)
            with ctx.workprec(200):
                for j, w in enumerate(precise.solution.filter):
                    assert in_disc(w, found.filters.mid[row, j], found.filters.rad[row, j])
                    outside += not in_disc(w, found.filters.mid[row, j], 1e-3 * found.filters.rad[row, j])
                assert in_disc(precise.claims.loss, found.losses.mid[row], found.losses.rad[row])
        assert outside  # the radii are no thousand times too large


def test_a_point_next_to_the_real_axis_is_undecided():
    result = solved((3, 2), (2, 1))
    arch, loss = result.architecture, result.loss
    points = [point for point in result if point.real]
    stratum = stratum_of(arch, points[0].stratum)
    x, _, _ = coordinates_of(points, arch, stratum)
    equations = DiscEquations(stratum, Discs.exact(loss.gram), Discs.exact(loss.b))
    beside = x + 1e-15j * np.ones(x.shape[1])
    found = prove_points(arch, equations, Discs.exact(np.array(loss.constant)), beside, np.zeros(len(x), dtype=bool))
    assert found.proved.all()
    assert not found.decided.any()


@pytest.mark.parametrize("exponent", range(-8, -60, -4))
def test_common_roots_and_hyperroots_are_undecided_only_near_them(exponent):
    # c (x + y)² (x + (1 + ε) y): the factors of the stratum (2, 1) have a common root for ε = 0.
    one_block = Stratum((Factor(1, 1, 1), Factor(1, 2, 1)))
    eps = 2.0**exponent
    simple, double = (Discs(np.array([[1.0, 1.0 + e]], complex), np.full((1, 2), 1e-14)) for e in (eps, 0.0))
    assert krawczyk_in_discs._no_common_roots(one_block, [simple, double], 1) == [eps > 4e-14]
    # x² + ε xy − y² has a hyperroot of level two for ε = 0.
    arch = Architecture((3, 2), (2, 1))
    below = Discs(np.array([[1.0, eps, -1.0]], complex), np.full((1, 3), 1e-14))
    upper = Discs(np.array([[1.0, 2.0]], complex), np.full((1, 2), 1e-14))
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
    assert krawczyk_in_discs._are_smooth(arch, stratum, [below, upper], 1) == [eps > 1e-14]


def test_singular_points_are_not_proved():
    arch = Architecture((2, 2), (2, 1))
    stratum = stratum_of(arch, ((1,), (1,)))
    equations = DiscEquations(stratum, Discs.exact(np.eye(4)), Discs.exact(np.array([1.0, 0.0, 0.0, 1.0])))
    # For Σ = I and the identity matrix as the target, the critical points form a continuum: all of them are singular.
    angles = np.linspace(0.1, 1.4, 7)
    points = np.array([[1, np.cos(t), np.sin(t), np.cos(t), np.sin(t)] for t in angles], complex)
    found = prove_points(arch, equations, Discs.exact(np.array(2.0)), points, np.ones(7, dtype=bool))
    assert not found.proved.any()


def test_most_points_are_proved_in_discs_and_those_that_cannot_be_in_balls():
    problem = random_problem((4, 3), (2, 1))
    result = solved((4, 3), (2, 1))
    data = ExactData.of_doubles(result.loss.gram, result.loss.b, result.loss.constant)
    found = prove_all(problem.architecture, data, list(result), None, 1)
    assert sum(isinstance(proof, TogetherProved) for proof in found) == sum(not point.real for point in result)
    for point, proof in zip(result, found, strict=True):
        assert proof.whole.claims.real is point.real
        middles, radii = proof.enclosure
        assert (np.abs(middles - point.filter) < radii + 1e-9).all()


def test_moduli_of_tiny_numbers():
    tiny = np.array([5e-324 + 5e-324j, 1e-200 + 0j, 3e-170 + 4e-170j])
    assert (moduli(tiny) >= np.hypot(tiny.real, tiny.imag)).all()


# Telling filters apart


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1e-12, 1e-3, 0.1, 1.0]))
def test_overlapping_rows_are_those_of_all_pairs(seed, width):
    rng = np.random.default_rng(seed)
    middles = rng.integers(0, 2, (40, 3)) + 1j * rng.integers(0, 2, (40, 3)) + 0.1 * rng.standard_normal((40, 3))
    radii = width * rng.random((40, 3))
    distances = np.maximum(np.abs((middles[:, None] - middles).real), np.abs((middles[:, None] - middles).imag))
    meet = (distances <= radii[:, None] + radii).all(axis=2)
    expected = {(i, j) for i in range(40) for j in range(i) if meet[i, j]}
    found = _overlapping(middles, radii)
    assert found == sorted(found)
    # Discs whose projection is apart are apart, though their squares may meet.
    assert set(found) <= expected
    touching = (np.abs(middles[:, None] - middles) <= radii[:, None] + radii).all(axis=2)
    assert {(i, j) for i in range(40) for j in range(i) if touching[i, j]} <= set(found)


def test_rows_that_are_not_finite_overlap_with_everything():
    middles = np.arange(8.0).reshape(4, 2) + 0j
    middles[2, 1] = np.nan
    assert _overlapping(middles, np.zeros((4, 2))) == []
    middles[2] = np.nan
    assert _overlapping(middles, np.zeros((4, 2))) == [(2, 0), (2, 1), (3, 2)]
