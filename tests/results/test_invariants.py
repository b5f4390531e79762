"""Every invariant of results is seen to be violated by a result made wrong by hand, and by no sound one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.results import invariants
from homotopy_lcn.results.continua import Infimum
from homotopy_lcn.results.invariants import faults_at_parameters, violated_invariants
from homotopy_lcn.solving import plain_data
from tests.small_networks import random_problem, solved
from tests.special_data import curve_of_minima, no_minimum, periodic_series

SOUND = {
    "generic": lambda: solved((3, 2), (2, 1)),
    "circle": curve_of_minima,
    "no minimum": no_minimum,
    "periodic": periodic_series,
}


def changed(result, index, **values):
    """The result with another point in the place of one."""
    points = list(result.points)
    points[index] = replace(points[index], **values)
    return replace(result, points=tuple(points))


def changed_on_continuum(result, index=0, number=0, **values):
    continua = list(result.continua)
    points = list(continua[index].points)
    points[number] = replace(points[number], **values)
    continua[index] = replace(continua[index], points=tuple(points))
    return replace(result, continua=tuple(continua))


def attained_index(result):
    return next(index for index, point in enumerate(result.points) if point.attained)


@pytest.mark.parametrize("name", SOUND)
def test_sound_results_violate_nothing(name):
    assert violated_invariants(SOUND[name]()) == ()


@pytest.mark.parametrize(("filters", "strides"), [((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1)), ((2, 1, 3), (2, 1, 1))])
@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e8])
def test_nothing_is_violated_in_any_units(filters, strides, factor):
    loss = random_problem(filters, strides).loss
    other = SquaredLoss(factor * loss.gram, factor * loss.b, factor * loss.constant)
    assert violated_invariants(critical_points(Architecture(filters, strides), other)) == ()


def test_points_that_are_not_real_have_conjugates():
    result = solved((3, 2), (2, 1))
    index = next(index for index, point in enumerate(result.points) if not point.real)
    (text,) = violated_invariants(changed(result, index, conjugate=None))
    assert text == "1 point that is not real lacks its conjugate"
    assert violated_invariants(replace(changed(result, index, conjugate=None), complete=False)) == ()


def test_parameters_belong_to_their_filter():
    result = solved((3, 2), (2, 1))
    index = attained_index(result)
    theta = result[index].parameters[0]
    texts = violated_invariants(changed(result, index, parameters=((1.001 * theta[0], theta[1]),)))
    assert "1 real θ does not compose to the filter" in texts


@pytest.mark.parametrize("size", [1e-3, 1e-5])
def test_the_gradient_vanishes_at_the_parameters(size):
    result = solved((3, 2), (2, 1))
    index = attained_index(result)
    first, second = result[index].parameters[0]
    theta = (first + size * np.array([1.0, -1.0, 1.0]), second)
    w = np.zeros(5)
    w[:3] += theta[0] * theta[1][0]
    w[2:] += theta[0] * theta[1][1]
    texts = violated_invariants(changed(result, index, parameters=(theta,), filter=w))
    assert texts[0] == "the gradient is not zero at 1 real θ"


def test_the_gradient_is_measured_at_the_listed_parameters_however_large_they_are():
    """What was printed once: a filter moved by 10¹⁵ along the kernel, where the gradient is 10⁸."""
    gram = np.array([[0.0, 0, 0, 0], [0, 2, -1, -1], [0, -1, 3, 2], [0, -1, 2, 3]])
    result = critical_points(Architecture((2, 2), (2, 1)), SquaredLoss(gram, [0.0, -1, 2, 3], 9.0))
    assert violated_invariants(result) == ()
    index = next(index for index, point in enumerate(result) if abs(point.filter[1] + 0.5) < 1e-9)
    large = 4503599627370497.0
    size = np.sqrt(large)
    theta = (np.array([size, -0.5 / size]), np.array([size, 1e-9]))
    w = np.outer(theta[1], theta[0]).ravel()
    assert "the gradient is not zero at 1 real θ" in violated_invariants(
        changed(result, index, parameters=(theta,), filter=w)
    )


@pytest.mark.parametrize("wrong", [0, 2])
def test_kinds_agree_with_the_hessian(wrong):
    result = solved((3, 2), (2, 1))
    index = next(index for index, point in enumerate(result.points) if point.indices == (1,))
    kind = "saddle" if wrong else "minimum"
    (text,) = violated_invariants(changed(result, index, indices=(wrong,), kinds=(kind,)))
    assert text == "the Hessian contradicts the kind of 1 real θ"


def test_a_negative_index_along_a_continuum_is_seen():
    (text,) = violated_invariants(changed_on_continuum(curve_of_minima(), indices=(2,), kinds=("saddle",)))
    assert text == "the Hessian contradicts the kind of 1 real θ"


def test_zero_eigenvalues_agree_with_either_index():
    assert violated_invariants(changed_on_continuum(curve_of_minima(), indices=(1,), kinds=("saddle",))) == ()


def test_the_loss_is_constant_on_a_continuum():
    result = curve_of_minima()
    loss = result.continua[0].loss
    assert violated_invariants(changed_on_continuum(result, loss=loss + 1e-4)) == (
        "the loss is not constant on a continuum",
    )
    assert violated_invariants(changed_on_continuum(result, loss=loss + 1e-15)) == ()


def test_no_attained_point_is_below_the_infimum():
    result = solved((3, 2), (2, 1))
    wrong = replace(result, infimum=Infimum(result.infimum.value + 1e-3, True))
    assert violated_invariants(wrong) == ("an attained point has less loss than the infimum",)
    circle = replace(curve_of_minima(), infimum=Infimum(1.5, True))
    assert violated_invariants(circle) == ("an attained point has less loss than the infimum",)


def test_no_star_stands_on_a_saddle():
    """A saddle of least loss contradicts the infimum, and is not the global minimum."""
    result = no_minimum()
    wrong = replace(result, infimum=Infimum(1.0, True))
    assert wrong.global_minimum is None


def test_kinds_agree_with_indices():
    result = solved((3, 2), (2, 1))
    index = next(index for index, point in enumerate(result.points) if point.indices == (0,))
    assert violated_invariants(changed(result, index, kinds=("saddle",))) != ()


def test_an_attained_infimum_is_the_loss_of_a_minimum():
    assert violated_invariants(replace(no_minimum(), infimum=Infimum(1.0, True))) != ()


def test_several_statements_fail_at_once():
    result = solved((3, 2), (2, 1))
    index = attained_index(result)
    theta = result[index].parameters[0]
    wrong = changed(result, index, parameters=((2 * theta[0], theta[1]),))
    wrong = replace(wrong, infimum=Infimum(1e9, True))
    texts = violated_invariants(wrong)
    assert len(texts) == len(set(texts)) >= 3


def test_a_solve_that_violates_an_invariant_is_not_complete(monkeypatch):
    architecture = Architecture((2, 2), (2, 1))
    loss = random_problem((2, 2), (2, 1)).loss
    # Compiled code checks the same before; data that it doubts are solved by the careful code.
    monkeypatch.setattr(plain_data, "plain_network", lambda architecture: None)
    monkeypatch.setattr(
        "homotopy_lcn.results.invariants.violated_invariants", lambda result: ("a statement that fails",)
    )
    result = critical_points(architecture, loss)
    assert not result.complete
    assert result.contradictions == ("a statement that fails",)
    assert "NOT COMPLETE: a statement that fails" in str(result)
    assert "a statement that fails" in result.to_json()


def test_all_tolerances_are_above_rounding():
    for name in ("NONZERO_GRADIENT", "CLEAR_EIGENVALUE", "OTHER_FILTER", "ROUNDING_OF_GRADIENT"):
        assert 1e-15 < getattr(invariants, name) < 1e-5


TINY = "1.00000000000000000001"


@pytest.mark.parametrize(
    ("filters", "strides", "b", "gap"),
    [
        ((2, 2), (2, 1), ["1", 0, 0, TINY], "missing"),
        ((2, 2), (1, 1), ["1", "2.00000000000000000001", "1"], "different critical filters"),
        ((2, 2), (2, 1), ["1/3", 0, 0, "1/3"], "exact data were rounded"),
    ],
)
def test_what_is_special_after_rounding_alone_is_not_said_of_exact_data(filters, strides, b, gap):
    """A circle of minima, or a target with a double root: the doubles have them, the exact data do not."""
    arch = Architecture(filters, strides)
    gram = np.eye(arch.filter_size, dtype=int).tolist()
    exact = critical_points(arch, SquaredLoss.from_exact(gram, b, 9))
    assert not exact.complete
    assert any(gap in text for text in exact.gaps())
    rounded = [float(Fraction(value)) for value in b]
    assert critical_points(arch, SquaredLoss(np.eye(arch.filter_size), rounded, 9.0)).complete
    whole = [round(value) for value in rounded]
    assert critical_points(arch, SquaredLoss.from_exact(gram, whole, 9)).complete


def test_generic_exact_data_are_complete_though_they_are_rounded():
    arch = Architecture((3, 2), (2, 1))
    gram = [[f"{1 + i}/3" if i == j else "1/7" for j in range(5)] for i in range(5)]
    assert critical_points(arch, SquaredLoss.from_exact(gram, ["1/3", "0.1", 2, "1/7", 1], 9)).complete


@pytest.mark.parametrize(
    ("filters", "gram"),
    [
        ((2, 2), [[32, 0, 12], [0, 0, 0], [12, 0, 23]]),  # one filter up to its size, coefficients of which are zero
        ((2, 2), [[0, 0, 0], [0, 3, 0], [0, 0, 0]]),  # a coefficient is zero as two products cancel
        ((2, 2, 2), [[6, 3, 0, 0], [3, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),  # a double zero of the equations
        ((3, 2), [[4, 0, 0, 0], [0, 1, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0]]),  # a threefold one
    ],
)
def test_filters_in_the_kernel_are_critical_whatever_rounding_leaves_of_their_zeros(filters, gram):
    arch = Architecture(filters, (1,) * len(filters))
    result = critical_points(arch, SquaredLoss.from_exact(gram, [0] * len(gram), 50), isolated=True)
    assert result.contradictions == ()
    (part,) = result.continua
    assert part.points[0].loss == 50
    for entry in range(arch.layer_sizes[0]):
        theta = tuple(layer.copy() for layer in part.points[0].parameters[0])
        theta[0][entry] += 1e-11 * np.abs(theta[0]).max()
        w = theta[0]
        for layer in theta[1:]:
            w = np.convolve(w, layer)
        moved = replace(part.points[0], filter=w.astype(complex), parameters=(theta,))
        steep = faults_at_parameters(arch, result.loss, [moved]).steep[0]
        assert steep == bool((np.abs(np.array(gram) @ w) > 1e-13).any())
