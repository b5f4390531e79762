"""Parameters of a result are certified only if they are the proved ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, certificate, critical_points
from homotopy_lcn.certification._flint import working_precision
from homotopy_lcn.certification.krawczyk_in_balls import dilated
from tests.certification.examples import THIRDS, points_with
from tests.small_networks import solved

NETWORKS = (((2, 2), (1, 1)), ((3, 2), (1, 1)), ((2, 2, 2), (1, 2, 1)), ((1, 3, 2), (1, 2, 1)))


def attained_row(result, thetas=1):
    return next(row for row, point in enumerate(result) if len(point.parameters) >= thetas and point.real)


def reason_for(result, row, **changes):
    return certificate(points_with(result, {row: replace(result[row], **changes)})).reasons[row]


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_honest_parameters_are_certified_and_the_boxes_of_their_product_hold_the_filter(filters, strides):
    result = solved(filters, strides)
    proofs = certificate(result)
    assert not any(proofs.reasons)
    for row, point in enumerate(result):
        if not point.attained:
            continue
        proved = proofs.points[proofs.rows[row]]
        assert sum(theta.number for theta in proved.claims.parameters) == len(point.parameters)
        for theta in proved.claims.parameters:
            with working_precision(proved.precision):
                product = dilated(theta.layers[0], 1)
                for layer, dilation in zip(theta.layers[1:], result.architecture.dilations[1:], strict=True):
                    product *= dilated(layer, dilation)
                values = [x.real for x in product.coeffs()]
                largest = int(np.argmax(np.abs(point.filter.real)))
                scale = proved.solution.filter[largest].real / values[largest]
                pairs = zip(values, proved.solution.filter, strict=False)
                assert all((scale * x).overlaps(w.real) for x, w in pairs)


def test_parameters_of_exact_data_are_certified():
    loss = SquaredLoss.from_exact(THIRDS["gram"], THIRDS["b"], THIRDS["constant"])
    assert certificate(critical_points(Architecture((2, 2), (1, 1)), loss)).complete


def test_parameters_with_another_product_are_not_certified():
    result = solved((2, 2, 2), (1, 2, 1))
    row = attained_row(result)
    theta = [tuple(1.1 * w for w in over) for over in result[row].parameters]
    assert "product of its parameters" in reason_for(result, row, parameters=theta)
    complex_row = next(row for row, point in enumerate(result) if not point.real)
    theta = [tuple(1.1 * w for w in over) for over in result[complex_row].parameters]
    assert "product of its parameters" in reason_for(result, complex_row, parameters=theta)


def test_parameters_with_the_right_product_that_are_not_critical_are_not_certified():
    """Over a filter with a double root, layers of the product that do not share it evenly are not critical."""
    result = solved((3, 3), (1, 1))
    row, a, b = next(
        (row, *np.roots(point.parameters[0][0]))
        for row, point in enumerate(result)
        if point.attained and point.stratum == ((2, 2),) and np.isreal(np.roots(point.parameters[0][0])).all()
    )
    point = result[row]
    one, other = point.parameters[0]
    first, second = one[0] * np.poly([a, a]), other[0] * np.poly([b, b])
    size = np.sqrt(np.linalg.norm(first) * np.linalg.norm(second))
    wrong = (first * size / np.linalg.norm(first), second * size / np.linalg.norm(second))
    kinds = {"parameters": (wrong,), "kinds": point.kinds[:1], "indices": point.indices[:1]}
    assert "no critical parameters are proved near" in reason_for(result, row, **kinds)


def test_one_of_several_parameters_given_twice_is_not_certified():
    result = solved((2, 2, 2), (1, 2, 1), 2)
    row = attained_row(result, 2)
    point = result[row]
    twice = (*point.parameters[:1] * 2, *point.parameters[2:])
    assert "the same as others" in reason_for(result, row, parameters=twice)


def test_a_filter_whose_norm_overflows_is_not_certified():
    result = solved((2, 2, 2), (1, 2, 1))
    row = attained_row(result)
    huge = reason_for(result, row, filter=1e200 * result[row].filter)
    assert huge == "no critical point proved near the filter"
    last = len(result) - 1
    other = points_with(result, {last: replace(result[last], filter=1e200 * result[last].filter)})
    assert certificate(other).reasons.count("no critical point proved near the filter") == 1
