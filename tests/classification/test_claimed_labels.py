"""Forged answers on smoothness, membership, interior and real parameters are refused when a file is read."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.classification import claimed_labels
from homotopy_lcn.classification.claimed_labels import check_labels
from tests.results.forgeries import written
from tests.small_networks import solved

NOTHING = {"parameters": (), "kinds": (), "indices": (), "residual": None}


@cache
def on_the_singular_locus():
    """The target is a filter of the network with a common hyperroot, a singular point of the function space."""
    arch = Architecture((3, 2), (2, 1))
    target = np.convolve([1.0, 0.0, -1.0], [1.0, 0.0, -1.0])
    return critical_points(arch, SquaredLoss.white(target))


def forged(result, which, change):
    number = next(i for i, point in enumerate(result.points) if which(point))
    points = list(result.points)
    points[number] = replace(points[number], **change(points[number]))
    return replace(result, points=tuple(points)), number


def refused(tmp_path, result, message):
    path = tmp_path / "result.json"
    path.write_text(written(result), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        CriticalPoints.from_json(path)


@pytest.mark.parametrize(
    "network", [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1)), ((2, 2, 2), (1, 1, 1))]
)
def test_honest_answers_are_the_rules(network):
    check_labels(solved(*network))


@pytest.mark.parametrize("network", [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 2, 2), (1, 1, 1))])
@pytest.mark.parametrize("name", ["smooth", "in_function_space", "interior"])
@pytest.mark.parametrize("value", [True, False, None])
def test_answers_turned_round_are_refused(tmp_path, network, name, value):
    tried = 0
    for number, point in enumerate(solved(*network).points):
        if getattr(point, name) is value or (not point.real and name != "smooth"):
            continue
        tried += 1
        changed, place = forged(solved(*network), lambda other, it=point: other is it, lambda _: {name: value})
        assert place == number
        with pytest.raises(InputError, match=rf"points\[{number}\]\.{name}: {value}; expected"):
            check_labels(changed)
        if tried == 1:
            refused(tmp_path, changed, rf"points\[{number}\]\.(in_function_space|{name}): ")
    assert tried or all(getattr(point, name) is value for point in solved(*network).points if point.real)


def test_parameters_that_are_left_out_are_missed(tmp_path):
    result = solved((2, 2, 2), (1, 2, 1))
    changed, number = forged(result, lambda point: point.attained, lambda _: {"attained": False, **NOTHING})
    refused(tmp_path, changed, rf"points\[{number}\]\.attained: False; expected True, by the roots of the filter")

    def without_one(point):
        return {name: getattr(point, name)[1:] for name in ("parameters", "kinds", "indices")}

    changed, number = forged(result, lambda point: len(point.parameters) > 1, without_one)
    refused(tmp_path, changed, rf"points\[{number}\]\.parameters: \d θ; expected \d, by its real factors")


def test_a_singular_point_of_the_function_space_is_no_smooth_one(tmp_path):
    result = on_the_singular_locus()
    check_labels(result)
    changed, number = forged(result, lambda point: point.real and point.smooth is False, lambda _: {"smooth": True})
    refused(tmp_path, changed, rf"points\[{number}\]\.(smooth|multiplicity): ")


def test_what_a_stopped_solve_left_undecided_is_no_forgery():
    result = solved((3, 2), (2, 1))
    undecided, _ = forged(result, lambda point: point.real, lambda _: {"smooth": None, "interior": None})
    with pytest.raises(InputError):
        check_labels(undecided)
    check_labels(replace(undecided, complete=False, stopped="the time limit of 1 s is reached"))


def test_the_work_on_points_of_special_data_is_bounded(monkeypatch):
    asked = []
    monkeypatch.setattr(claimed_labels, "_described", lambda arch, point: asked.append(point) or {})
    monkeypatch.setattr(claimed_labels, "MOST_SPECIAL", 2)
    result = solved((3, 2), (2, 1))
    old = replace(result, points=tuple(replace(point, coordinates=None) for point in result.points))
    check_labels(old)
    assert len(asked) == 2
