"""The attacks in small: what they try, and that their judges would see a fault."""

from __future__ import annotations

import json
from dataclasses import replace

import attack_forgeries
import attack_load
import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.losses.data_models import data_model
from homotopy_lcn.surveys.draws import solve_draws

ARCH = Architecture((3, 2), (2, 1))


@pytest.fixture(scope="module")
def result():
    return critical_points(ARCH, SquaredLoss.white([1.0, 2, 0.5, -1, 3]))


def test_forgeries_are_other_files(result):
    honest = json.loads(result.to_json())
    for seed in range(50):
        assert attack_forgeries.forged(honest, np.random.default_rng(seed)) is not honest
    assert sum(attack_forgeries.forged(honest, np.random.default_rng(seed)) != honest for seed in range(50)) > 40


def test_the_judge_of_results_sees_what_is_untrue(result):
    assert attack_forgeries.judge_result(result) == []
    number = next(n for n, point in enumerate(result) if point.real and point.indices[0] is not None)
    point = result[number]
    untrue = {
        "loss": replace(point, loss=point.loss + 1),
        "index": replace(point, indices=(point.indices[0] + 1, *point.indices[1:])),
        "another filter": replace(point, filter=point.filter * 1.1),
    }
    for word, changed in untrue.items():
        points = (*result.points[:number], changed, *result.points[number + 1 :])
        assert any(word in text for text in attack_forgeries.judge_result(replace(result, points=points)))


def test_the_judge_of_certificates_sees_other_data_and_other_statements():
    network = {"filters": [2, 2], "strides": [1, 1]}
    honest = {"loss": {"b": ["1*2^0"]}, "architecture": network, "points": [1, 2], "statement": {"complete": True}}
    assert attack_forgeries.judge_certificate(honest, honest) == []
    same = {**honest, "loss": {"b": ["2*2^-1"]}}
    assert attack_forgeries.judge_certificate(same, honest) == []
    for change in (
        {"loss": {"b": ["3*2^0"]}},
        {"architecture": {"filters": [3], "strides": [1]}},
        {"statement": {"complete": None}},
    ):
        assert attack_forgeries.judge_certificate({**honest, **change}, honest)


@pytest.mark.parametrize(
    ("column", "value"),
    [("found", 9), ("complete", 0), ("minima", 0), ("attained", 99), ("least_loss", np.nan), ("interior", -1)],
)
def test_the_rules_under_load_see_a_wrong_row(column, value):
    model = data_model("gaussian")
    table = solve_draws(ARCH, model, 0, range(20))
    assert attack_load.violations(ARCH, table, model, 0) == []
    table[column][7] = value
    assert any("draw 7" in text for text in attack_load.violations(ARCH, table, model, 0))


def test_a_piece_of_the_load():
    record = attack_load.solve_piece(3, seed=5, size=12)
    assert record["wrong"] == []
    assert (record["solves"], record["alone"]) == (12, 4)


def test_a_draw_that_is_another_alone_is_seen():
    model = data_model("gaussian")
    table = solve_draws(ARCH, model, 0, range(2))
    other = critical_points(ARCH, SquaredLoss.white([1.0, 2, 0.5, -1, 3]))
    assert any("least_loss" in text for text in attack_load.differences(table, 0, other))
