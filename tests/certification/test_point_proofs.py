"""Points that are singular on their stratum and simple in the parameter space."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, certificate
from homotopy_lcn import critical_points as solve
from homotopy_lcn.certification import point_proofs
from homotopy_lcn.certification.certificate_file import check_text, to_text
from tests.certification.examples import points_with, sealed
from tests.small_networks import solved

# The filter 2x³ of the stratum (2,1) has a threefold root. Its critical parameters (x², x) are a simple point.
TRIPLE_ROOTS = [
    (np.eye(4), (2, 0, 0, 3), (3, 2)),
    (np.eye(4), (2, 0, 0, -3), (3, 2)),
    (np.eye(5), (2, 0, 0, 0, 3), (4, 2)),
    (np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), (2, 0, 0, 0, 3), (2, 4)),
]


def triple_roots(gram, b, filters):
    return solve(Architecture(filters, (1, 1)), SquaredLoss(gram, b))


@pytest.mark.parametrize(("gram", "b", "filters"), TRIPLE_ROOTS)
def test_points_that_are_simple_in_the_parameter_space_are_proved_there(gram, b, filters):
    result = triple_roots(gram, b, filters)
    singular = [row for row, point in enumerate(result) if not point.nonsingular]
    assert len(singular) == 2
    proofs = certificate(result)
    assert proofs.reasons == (None,) * len(result)
    for row in range(len(result)):
        proof = proofs.points[proofs.rows[row]]
        assert proof.in_parameters == (row in singular)
        if row in singular:
            assert (proof.real, proof.claims.attained, proof.claims.in_function_space) == (True, True, True)
            assert abs(result[row].filter - proof.enclosure[0]).max() < 1e-9
    # As many parameters as generic data have: there is no other isolated point.
    assert proofs.statement.in_parameters == 2
    assert proofs.complete
    # The symmetry x ↦ −x gives two least points for filters of odd size, whose losses are equal; b is not attained.
    assert proofs.statement.global_minimum == (1 if len(b) % 2 else 0)
    assert check_text(to_text(proofs)).statement == proofs.statement


@pytest.mark.parametrize(("filters", "strides"), [((3, 2), (2, 1)), ((2, 2, 2), (2, 2, 1)), ((1, 2, 3), (2, 2, 1))])
def test_all_points_of_random_data_can_be_proved_in_the_parameter_space(filters, strides):
    # As if each point were singular on its stratum; complex points, too.
    result = solved(filters, strides)
    singular = points_with(result, {row: replace(point, nonsingular=False) for row, point in enumerate(result)})
    proofs = certificate(singular)
    expected = certificate(result)
    assert proofs.reasons == (None,) * len(result)
    assert proofs.statement.in_parameters == len(result)
    assert proofs.complete
    assert (proofs.statement.ordered, proofs.statement.distinct) == (True, True)
    for first, second in zip(proofs.points, expected.points, strict=True):
        assert all(x.overlaps(y) for x, y in zip(first.solution.filter, second.solution.filter, strict=True))
    assert check_text(to_text(proofs)).statement == proofs.statement


def test_one_of_several_parameters_over_a_filter_does_not_make_a_proof_complete():
    result = solved((2, 2), (1, 1))
    singular = {row: replace(point, nonsingular=False) for row, point in enumerate(result) if point.pure}
    assert singular
    proofs = certificate(points_with(result, singular))
    assert not proofs.complete


def test_a_point_that_is_singular_in_the_parameter_space_stays_without_a_proof():
    # Of the filters 2x⁵ with the parameters (x³, x²) a family of parameters solves the equations to second order.
    result = triple_roots(np.eye(6), (2, 0, 0, 0, 0, 3), (4, 3))
    proofs = certificate(result)
    singular = [row for row, reason in enumerate(proofs.reasons) if reason]
    assert {proofs.reasons[row] for row in singular} == {"a singular point"}
    assert singular == [row for row, point in enumerate(result) if not point.nonsingular]


def test_digits_of_a_point_in_the_parameter_space():
    result = triple_roots(*TRIPLE_ROOTS[0])
    proofs = certificate(result, digits=50)
    row = next(row for row, point in enumerate(result) if not point.nonsingular and point.filter[0].real > 1)
    re, im = proofs.decimals(row, 50)[0]
    assert abs(float(re) - 2) < 1e-12
    assert float(im) == 0


def test_results_do_not_depend_on_the_number_of_processes(monkeypatch):
    monkeypatch.setattr(point_proofs, "FEWEST_FOR_PROCESSES", 2)
    result = triple_roots(*TRIPLE_ROOTS[0])
    proofs = certificate(result, jobs=2)
    assert proofs == certificate(result)
    assert check_text(to_text(proofs), jobs=2).statement == proofs.statement


def changed(edit):
    content = json.loads(to_text(certificate(triple_roots(*TRIPLE_ROOTS[0]))))
    row = next(row for row, item in enumerate(content["points"]) if "space" in item)
    edit(content, content["points"][row])
    return sealed(content)


@pytest.mark.parametrize(
    "edit",
    [
        lambda content, _: content["statement"].update(in_parameters=3),
        lambda content, _: content["statement"].pop("in_parameters"),
        lambda _, item: item["claims"].update(attained=False),
        lambda _, item: item["claims"].update(exact_pattern=True),
        lambda _, item: item.update(radii=["1*2^-99"] * len(item["radii"])),
    ],
)
def test_a_changed_certificate_is_not_verified(edit):
    assert check_text(changed(edit)).failures


@pytest.mark.parametrize("space", ["stratum", 1, True])
def test_an_unknown_space_is_refused(space):
    with pytest.raises(InputError, match=r"points\[\d\]\.space"):
        check_text(changed(lambda _, item: item.update(space=space)))


def test_the_box_of_parameters_is_none_of_a_stratum():
    with pytest.raises(InputError, match=r"points\[2\]\.chart\[0\]: 2; expected an integer, from 0 to 1"):
        check_text(changed(lambda _, item: item.pop("space")))
