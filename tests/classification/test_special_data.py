"""Labels of critical points of special data, written down from theory, and the general code against the batched one."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.classification import rules, special_data
from homotopy_lcn.classification.real_parameters import polish, settle_real
from homotopy_lcn.classification.special_data import reclassify
from homotopy_lcn.cli.program import main
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.geometry.filter_geometry import describe_filter
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.results.continua import Infimum
from tests.small_networks import random_problem, solved

SKEW = ((3, 2), (2, 1))  # (x² + p x + q)(x² + r)
SPLIT = ((2, 2, 2), (1, 2, 1))  # the same, with two real roots of the first factor
SQUARE = ((2, 2), (1, 1))


def polynomial(*factors):
    result = np.ones(1)
    for factor in factors:
        result = np.convolve(result, factor)
    return result


def near(result, target):
    (point,) = (p for p in result if np.linalg.norm(p.filter - target) < 1e-5 * np.linalg.norm(target))
    return point


def labels(point):
    return point.in_function_space, point.attained, point.interior, point.smooth, len(point.parameters)


#: Filters, with what they are: in M, attained, interior, smooth, number of real θ over them.
TARGETS = {
    "smooth": (SKEW, polynomial([1, 1, -1], [1, 0, -2]), (True, True, True, True, 1)),
    "two real factorizations": (SKEW, polynomial([1, 0, -1], [1, 0, -2]), (True, True, True, False, 2)),
    "two conjugate factorizations": (SKEW, [1, 0, 0, 0, 1], (False, False, None, False, 0)),
    "common hyperroot": (SKEW, polynomial([1, 0, -1], [1, 0, -1]), (True, True, False, False, 1)),
    "double root within one layer": (SKEW, polynomial([1, 2, 1], [1, 0, -3]), (True, True, True, True, 1)),
    "zero ends": (SKEW, [0, 1, 0, -2, 0], (True, True, True, True, 1)),
    "fourfold root at zero": (SKEW, [1, 0, 0, 0, 0], (True, True, False, False, 1)),
    "fourfold root at infinity": (SKEW, [0, 0, 0, 0, 2], (True, True, False, False, 1)),
    "double roots at zero and infinity": (SKEW, [0, 0, -1, 0, 0], (True, True, True, False, 2)),
    "only one factorization gives real layers": (SPLIT, [1, 0, -1, 0, -2], (True, True, False, False, 2)),
    "double root of two layers": (SPLIT, polynomial([1, -1], [1, -1], [1, 0, 3]), (True, True, False, True, 1)),
    "four real factorizations": (SPLIT, polynomial([1, 0, -1], [1, 0, -2]), (True, True, True, False, 4)),
    "boundary": (SQUARE, [1, -2, 1], (True, True, False, True, 1)),
    "boundary, double root at zero": (SQUARE, [3, 0, 0], (True, True, False, True, 1)),
    "double root at infinity": (SQUARE, [0, 0, 1], (True, True, False, True, 1)),
    "roots at zero and infinity": (SQUARE, [0, 1, 0], (True, True, True, True, 2)),
    "outside": (SQUARE, [1, 0, 1], (False, False, None, True, 0)),
    "a third root to fall back on": (((2, 3), (1, 1)), [1, 0, -3, 2], (True, True, True, True, 2)),
    "three equal roots": (((2, 3), (1, 1)), [1, -3, 3, -1], (True, True, True, True, 1)),
    "two equal quadratic layers": (((3, 3), (1, 1)), polynomial([1, 0, 1], [1, 0, 1]), (True, True, True, True, 1)),
    "nothing can coincide": (((2, 2), (2, 1)), polynomial([1, 2], [1, 0, -3]), (True, True, True, True, 1)),
}


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_in_the_closure_is_labelled_as_theory_says(name, white):
    shape, target, expected = TARGETS[name]
    architecture, target = Architecture(*shape), np.array(target, float)
    gram = np.eye(len(target)) if white else random_problem(*shape).loss.gram
    for seed in (0, 1):
        result = critical_points(architecture, SquaredLoss(gram, gram @ target, target @ gram @ target), seed=seed)
        assert labels(near(result, target)) == expected
        for theta in near(result, target).parameters:
            np.testing.assert_allclose(compose(architecture, theta), target, atol=1e-5)


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("name", TARGETS)
def test_all_kinds_over_a_perfect_fit_are_minima(name, white):
    """The loss is zero there, whether the differential drops rank or not."""
    shape, target, expected = TARGETS[name]
    architecture, target = Architecture(*shape), np.array(target, float)
    gram = np.eye(len(target)) if white else random_problem(*shape).loss.gram
    result = critical_points(architecture, SquaredLoss(gram, gram @ target, target @ gram @ target))
    point = near(result, target)
    assert point.kinds == ("minimum",) * expected[-1]
    assert point.indices == (0,) * expected[-1]
    assert point.loss == 0.0
    if expected[1]:
        assert result.global_minimum is point
        assert result.infimum == Infimum(0.0, True)


def test_at_a_singular_point_only_the_parameters_of_the_critical_sheet_are_listed():
    """(x² − 1)(x² − 2) with a residual orthogonal to one of the two sheets of M that meet there."""
    architecture = Architecture(*SKEW)
    gram = random_problem(*SKEW).loss.gram
    w = polynomial([1, 0, -1], [1, 0, -2])
    first, second = np.array([1.0, 0, -1]), np.array([1.0, 0, -2])
    columns = [polynomial(unit, second) for unit in np.eye(3)] + [
        polynomial(first, [1, 0, 0]),
        polynomial(first, [0, 0, 1]),
    ]
    normal = np.linalg.svd(np.array(columns))[2][-1]
    assert np.abs(np.array(columns) @ normal).max() < 1e-12
    result = critical_points(architecture, SquaredLoss(gram, gram @ w - 0.1 * normal))
    point = near(result, w)
    assert labels(point) == (True, True, True, False, 1)
    ratio = point.parameters[0][1][1] / point.parameters[0][1][0]
    assert ratio == pytest.approx(-2, abs=1e-9)


@pytest.mark.parametrize(
    ("filters", "strides", "seed"),
    [
        ((2, 2), (1, 1), 0),
        ((3, 2), (2, 1), 0),
        ((3, 3), (1, 1), 1),
        ((2, 2, 2), (1, 1, 1), 0),
        ((2, 2, 2), (1, 2, 1), 1),
        ((3, 2, 2), (2, 2, 1), 0),
        ((4, 2), (3, 1), 0),
        ((2, 1, 2), (1, 2, 1), 0),
        ((1, 2, 3), (2, 2, 1), 0),
        ((3, 2, 2), (1, 2, 1), 0),
    ],
)
def test_the_general_code_says_the_same_of_generic_data(filters, strides, seed):
    loss = random_problem(filters, strides, seed).loss
    result = solved(filters, strides, seed)
    assert any(point.attained for point in result)
    for point in result:
        again = reclassify(result.architecture, Data(loss.gram, loss.b), point)
        assert labels(again) == labels(point)
        assert (
            sorted(zip(again.kinds, again.indices, strict=True)) == sorted(zip(point.kinds, point.indices, strict=True))
            or not point.real
        )
        for theta in point.parameters if point.real else ():
            tensors = [np.multiply.outer(theta[0], theta[-1]) for theta in (theta, *again.parameters)]
            rest = min(
                np.abs(np.abs(tensor / np.linalg.norm(tensor)) - np.abs(tensors[0] / np.linalg.norm(tensors[0]))).max()
                for tensor in tensors[1:]
            )
            assert rest < 1e-9


def test_generic_points_are_labelled_as_their_filters():
    rng = np.random.default_rng(0)
    for shape in (SKEW, SPLIT, ((2, 2, 2), (1, 1, 1))):
        architecture = Architecture(*shape)
        samples = rng.standard_normal((20, architecture.filter_size))
        for point in critical_points(
            architecture, SquaredLoss.from_data(samples, rng.standard_normal((20, 1)), architecture)
        ):
            facts = describe_filter(architecture, point.filter.real if point.real else point.filter)
            assert point.smooth == facts.smooth
            if point.real:
                assert point.in_function_space == facts.in_function_space
                assert point.interior == (facts.interior if facts.in_function_space else None)


@pytest.mark.parametrize("shape", [SKEW, SPLIT, ((2, 2, 2), (1, 1, 1)), ((3, 3), (1, 1)), ((2, 1, 2), (1, 2, 1))])
def test_points_looked_at_one_by_one_have_the_same_labels_as_in_batches(shape, monkeypatch):
    architecture, loss = Architecture(*shape), random_problem(*shape).loss
    batched = critical_points(architecture, loss)
    monkeypatch.setattr(rules, "roots_are_settled", lambda points: np.zeros(len(points), dtype=bool))
    monkeypatch.setattr(special_data, "reclassify", lambda architecture, data, point: point)
    single = critical_points(architecture, loss)
    assert list(map(labels, single)) == list(map(labels, batched))
    assert [sorted(p.indices, key=str) for p in single] == [sorted(p.indices, key=str) for p in batched]
    # Left to the general code, all special points have these labels, too.
    monkeypatch.setattr(special_data, "reclassify", reclassify)
    assert list(map(labels, critical_points(architecture, loss))) == list(map(labels, batched))


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("name", TARGETS)
def test_a_hundred_millionth_away_as_many_points_are_near_as_meet_at_the_target(name, white):
    shape, target, _ = TARGETS[name]
    architecture, target = Architecture(*shape), np.array(target, float)
    gram = np.eye(len(target)) if white else random_problem(*shape).loss.gram
    direction = np.random.default_rng(1).standard_normal(len(target))
    direction *= 1e-8 * np.linalg.norm(target) / np.linalg.norm(direction)
    there, nearby = (
        critical_points(architecture, SquaredLoss(gram, gram @ u, u @ gram @ u)) for u in (target, target + direction)
    )
    assert there.complete
    assert nearby.complete
    (point,) = (p for p in there if np.linalg.norm(p.filter - target) < 1e-5 * np.linalg.norm(target))
    around = [p for p in nearby if np.linalg.norm(p.filter - target) < 1e-2 * np.linalg.norm(target)]
    number = sum(p.multiplicity for p in around)
    assert number == point.multiplicity
    assert not sum(p.filter.imag for p in around).any()
    # Where dμ drops rank points are so near to each other that their filters differ in the last digits only.
    if not point.nonsingular and point.isolated and not (white and name == "two conjugate factorizations"):
        assert any(p.ill_conditioned and p.condition > 1e7 for p in around)


def test_newton_tells_whether_a_critical_point_is_near():
    w = np.array([1.0, 3.0, 2.0])  # (x + 1)(x + 2)
    theta = [np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 2.0], [2.5, 0.5]])]
    polished = polish(Architecture((2, 2), (1, 1)), Data(np.eye(3), w), theta)
    assert polished.near.tolist() == [True, False]


def test_parameters_that_newton_leads_away_from_are_not_listed(monkeypatch):
    """In data of condition number 10¹² the gradient may be small on two sheets through w, one of them not critical."""
    shape, target, _ = TARGETS["two real factorizations"]
    arch, loss = Architecture(*shape), SquaredLoss.white(target)
    point = near(critical_points(arch, loss), target)
    assert len(point.parameters) == 2

    def second_led_away(*arguments):
        settled = settle_real(*arguments)
        return settled._replace(polished=settled.polished._replace(near=np.array([True, False])))

    monkeypatch.setattr(special_data, "settle_real", second_led_away)
    again = reclassify(arch, Data(loss.gram, loss.b), point)
    assert len(again.parameters) == len(again.kinds) == len(again.indices) == 1
    for found, expected in zip(again.parameters[0], point.parameters[0], strict=True):
        np.testing.assert_array_equal(found, expected)
    assert again.attained


@pytest.mark.filterwarnings("ignore:loss. numerical rank:RuntimeWarning")
def test_a_filter_with_coefficients_of_very_different_sizes_keeps_the_parameters_of_its_point():
    """−(2·10⁻⁶ x² + 1)² is critical; within rounding its filter has a zero leading coefficient, and would not be."""
    gram = np.diag([1, 1e-3, 1e-6, 1e-9, 2e-12])
    loss = SquaredLoss(gram, gram @ [1.0, 0, -2, 0, 1])
    result = critical_points(Architecture(*SKEW), loss)
    (point,) = (point for point in result if point.real and point.nonsingular)
    np.testing.assert_allclose(point.filter.real, [-4e-12, 0, -4e-6, 0, -1], rtol=1e-4, atol=1e-20)
    assert point.attained
    assert point.in_function_space
    assert point.kinds == ("saddle",)
    theta = list(point.parameters[0])
    np.testing.assert_allclose(compose(Architecture(*SKEW), theta), point.filter.real, rtol=1e-9, atol=1e-20)


# Points that nearly coincide


def around_a_common_hyperroot(delta):
    """(x² − y²)² with δ y⁴ taken away: (x² − (1 + t) y²)(x² − (1 − t) y²), t² = δ, fits exactly with both exchanged."""
    result = critical_points(Architecture(*SKEW), SquaredLoss.white([1.0, 0, -2, 0, 1 - delta]))
    assert result.complete
    return result, [point for point in result if np.linalg.norm(point.filter - [1, 0, -2, 0, 1]) < 1e-3]


@pytest.mark.parametrize("delta", [1e-4, 1e-6, 1e-8])
def test_an_exact_fit_with_nearly_equal_hyperroots_is_a_minimum_twice_beside_a_saddle(delta):
    result, (fit, between) = around_a_common_hyperroot(delta)
    assert (fit.kinds, fit.multiplicity, fit.loss) == (("minimum", "minimum"), 2, 0.0)
    ratios = sorted(theta[1][1] / theta[1][0] for theta in fit.parameters)
    np.testing.assert_allclose(ratios, [-1 - np.sqrt(delta), -1 + np.sqrt(delta)], rtol=1e-9)
    assert between.kinds == ("saddle",)
    assert result.global_minimum is fit


@pytest.mark.parametrize("delta", [1e-4, 1e-6, 1e-8])
def test_an_exact_fit_with_nearly_equal_hyperroots_that_are_not_real_is_not_attained(delta):
    result, near_points = around_a_common_hyperroot(-delta)
    fit = next(point for point in near_points if point.multiplicity == 2)
    least = next(point for point in near_points if point.multiplicity == 1)
    assert fit.real
    assert (fit.in_function_space, fit.attained) == (False, False)
    assert least.kinds == ("minimum",)
    assert result.global_minimum is least


# Patterns, multiplicities and zeros


def test_where_a_pure_and_a_spurious_point_coincide_the_multiplicity_is_two():
    """Σ = I, b = (1, 2, 1): (x + y)² is critical as a square, and as any form of degree two."""
    result = critical_points(Architecture(*SQUARE), SquaredLoss(np.eye(3), [1.0, 2, 1], 6.0))
    best = result.global_minimum
    assert (best.multiplicity, best.also_on, best.kinds, best.loss) == (2, (((1, 1),),), ("minimum",), 0.0)
    assert len(result) == 4
    assert sum(point.multiplicity for point in result) == 5
    assert "1 filter is critical on 2 strata" in str(result)
    assert len(result.minima) == 1


def test_the_pattern_of_a_cube_is_three():
    result = critical_points(Architecture((2, 2, 2), (1, 1, 1)), SquaredLoss(np.eye(4), [2.0, 0, 0, 0], 4.0))
    best = result.global_minimum
    assert (best.stratum, best.loss, best.kinds) == (((3,),), 0.0, ("minimum",))
    assert best.also_on == (((1, 1, 1),), ((2, 1),))
    # One as a cube, two as squares times a form, one as a form of degree three.
    assert best.multiplicity == 4
    np.testing.assert_allclose(best.filter, [2, 0, 0, 0], atol=1e-15)


def test_zeros_are_printed_as_zeros(tmp_path, capsys):
    np.savez(tmp_path / "cube.npz", gram=np.eye(4), b=np.array([2.0, 0, 0, 0]), constant=4.0)
    assert main(["solve", "-k", "2,2,2", "-s", "1,1,1", "--data", str(tmp_path / "cube.npz")]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "minimum" in line and "(3)" in line)
    assert row.split()[-4:] == ["2", "0", "0", "0"]
