"""Dimension, degree and real points of the sets on which the critical filters of few samples lie."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from homotopy_lcn import AlgebraicSet, Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.losses.zero_residual import range_coordinates
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.results.few_samples import few_samples


@cache
def of_rank(filters, rank, seed=0):
    arch = Architecture(filters, (2, 1))
    rng = np.random.default_rng([seed, rank])
    basis = rng.normal(size=(arch.filter_size, rank))
    return critical_points(arch, SquaredLoss(basis @ basis.T, basis @ rng.normal(size=rank)), isolated=True)


def facts(one):
    return one.dimension, one.degree, one.parameter_degree


@pytest.mark.parametrize(
    ("filters", "rank", "zero", "ramified"),
    [
        ((4, 2), 4, (1, 4, 8), (3, 4, 4)),
        ((4, 2), 3, (2, 4, 6), (-1, 0, 0)),
        ((3, 3), 4, (1, 6, 12), (3, 12, 7)),
        ((3, 3), 3, (2, 6, 8), (2, 6, 6)),
    ],
)
def test_generic_data_have_the_degrees_that_macaulay2_finds(filters, rank, zero, ramified):
    # The numbers are compared with Macaulay2 in tests/networks/test_polar_degrees.py.
    found = of_rank(filters, rank).few_samples
    assert found.rank == rank
    assert facts(found.zero_residual) == zero
    assert facts(found.ramification) == ramified


def test_real_points_lie_on_the_sets():
    for rank in (3, 4):
        result = of_rank((3, 3), rank)
        arch, loss, found = result.architecture, result.loss, result.few_samples
        assert found.zero_residual.real_points
        for w in found.zero_residual.real_points:
            assert np.linalg.norm(loss.gram @ w - loss.b) <= 1e-9 * np.linalg.norm(loss.b)
        assert len(found.ramification.real_points) == len(result.real)
        attained = [point for point in result.real if point.attained]
        assert attained
        for point in attained:
            theta = point.parameters[0]
            columns = [
                compose(arch, [np.eye(len(w)) if i == layer else w[None] for i, w in enumerate(theta)])
                for layer in range(2)
            ]
            singular = np.linalg.svd(range_coordinates(arch, loss) @ np.concatenate(columns).T, compute_uv=False)
            assert singular[-1] <= 1e-9 * singular[0]
            assert any(np.array_equal(point.filter.real, w) for w in found.ramification.real_points)


def test_enough_samples_have_no_such_sets():
    arch = Architecture((2, 2), (2, 1))
    assert critical_points(arch, SquaredLoss(np.eye(4), [1.0, 2.0, 3.0, 4.0])).few_samples is None


def test_a_missing_point_leaves_the_degrees_undecided():
    result = of_rank((3, 3), 4)
    (row,) = result.strata
    found = few_samples(replace(result, strata=(replace(row, found=row.found - 1),)))
    assert (found.zero_residual.degree, found.ramification.degree, found.ramification.dimension) == (None, None, None)
    assert found.zero_residual.dimension == 1
    assert "degree undecided" in found.describe()


def test_a_kernel_that_meets_the_filters_too_much_leaves_the_degrees_undecided():
    # A copied and a dead channel: the filters e_0 and e_5 lie in the kernel.
    gram = np.diag([0.0, 1.0, 2.0, 3.0, 0.0, 0.0])
    result = critical_points(Architecture((4, 2), (2, 1)), SquaredLoss(gram, gram @ np.ones(6)), isolated=True)
    assert result.few_samples.zero_residual.degree is None
    assert result.few_samples.ramification.degree is None


def test_file_and_summary_say_it(tmp_path):
    result = of_rank((3, 3), 4)
    written = json.loads(result.to_json())["few_samples"]
    assert written["rank"] == 4
    assert (written["zero_residual"]["degree"], written["zero_residual"]["parameter_degree"]) == (6, 12)
    assert (written["ramification"]["dimension"], written["ramification"]["degree"]) == (3, 12)
    assert len(written["ramification"]["real_points"]) == len(result.real)
    text = f"few samples: {result.few_samples.describe()}"
    assert text in str(result)
    assert "dimension 1, degree 6 (12 in the parameters)" in text
    assert ("few samples", result.few_samples.describe()) in result.summary().rows
    result.to_json(tmp_path / "few.json")
    assert CriticalPoints.from_json(tmp_path / "few.json").few_samples == result.few_samples


def test_a_set_in_words():
    assert AlgebraicSet(-1, 0, 0).describe() == "empty"
    assert AlgebraicSet(None, None, None).describe() == "dimension unknown, degree undecided, no real points found"
    one = AlgebraicSet(1, 4, 8, (np.ones(6),))
    assert one.describe() == "dimension 1, degree 4 (8 in the parameters), 1 real point found"
    with pytest.raises(ValueError, match="read-only"):
        one.real_points[0][0] = 2.0


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("rank",), 3, r"few_samples\.rank: 3; expected 4"),
        (("zero_residual", "degree"), 7, r"few_samples\.zero_residual\.degree: 7; expected 6"),
        (("ramification", "dimension"), 2.0, r"few_samples\.ramification\.dimension: 2\.0; expected 3"),
        (("ramification", "real_points"), [], r"few_samples\.ramification\.real_points: \[\]; expected an entry"),
        (("zero_residual", "real_points", 0, 1), 1.5, r"few_samples\.zero_residual\.real_points\[0\]\[1\]: 1\.5"),
    ],
)
def test_a_file_that_says_otherwise_is_refused(tmp_path, path, value, message):
    content = json.loads(of_rank((3, 3), 4).to_json())
    del content["digest"]
    entry = content["few_samples"]
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    (tmp_path / "forged.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        CriticalPoints.from_json(tmp_path / "forged.json")


def test_a_file_may_leave_it_out_or_undecided_and_not_have_it_alone(tmp_path):
    result, path = of_rank((3, 3), 4), tmp_path / "other.json"
    content = json.loads(result.to_json())
    del content["digest"]
    content["few_samples"]["ramification"]["degree"] = None
    path.write_text(json.dumps(content), encoding="utf-8")
    assert CriticalPoints.from_json(path).few_samples == result.few_samples
    few = content.pop("few_samples")
    path.write_text(json.dumps(content), encoding="utf-8")
    assert CriticalPoints.from_json(path).few_samples == result.few_samples
    enough = critical_points(Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [1.0, 2.0, 3.0, 4.0]))
    content = json.loads(enough.to_json()) | {"few_samples": few}
    del content["digest"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="few_samples: given without zero_residual"):
        CriticalPoints.from_json(path)
