"""Results are compared by value: read from a file, copied, or sent to another process."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, replace
from functools import lru_cache

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoint, CriticalPoints, SquaredLoss
from homotopy_lcn import critical_points as solve
from tests.small_networks import solved

FEW = ([[1, 2, 3, 4, 6], [2, 0, 1, 1, 1], [0, 1, 0, 2, 1]], [[1], [2], [3]], Architecture((3, 2), (2, 1)))
NAMES = ("generic", "white", "few", "exact", "single", "ridge")


@lru_cache
def result_of(name):
    if name == "white":
        return solve(Architecture((3, 2), (1, 1)), SquaredLoss(np.eye(4), [2, 0, 0, 3]))
    if name == "few":
        return solve(FEW[2], SquaredLoss.from_data(*FEW), isolated=True)
    if name == "ridge":
        return solve(FEW[2], SquaredLoss.from_data(*FEW).regularized(0.1))
    if name == "exact":
        gram = [[1, 0, 0], [0, 2, 0], [0, 0, "1/3"]]
        return solve(Architecture((2, 2), (1, 1)), SquaredLoss.from_exact(gram, [1, "1/7", 2]))
    if name == "single":
        gram = np.diag([1.0, 2.0, 1e-6]).astype(np.float32)
        return solve(Architecture((3,), (1,)), SquaredLoss(gram, [1.0, 1.0, 0.0]), isolated=True)
    return solved((3, 2), (2, 1))


def arrays(value):
    """All arrays in the fields of a record."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from arrays(item)
    elif hasattr(value, "__dataclass_fields__"):
        for column in fields(value):
            yield from arrays(getattr(value, column.name))


@pytest.mark.parametrize("name", NAMES)
def test_a_result_read_from_its_file_is_equal_to_the_result_written(name, tmp_path):
    result = result_of(name)
    assert (result.zero_residual is not None) == (name in ("few", "single"))
    result.to_json(tmp_path / "result.json")
    again = CriticalPoints.from_json(tmp_path / "result.json")
    assert again == result
    assert hash(again) == hash(result)
    assert again.loss == result.loss
    assert again.zero_residual == result.zero_residual
    assert all(first == second for first, second in zip(again, result, strict=True))
    assert [again.points.index(point) for point in result] == list(range(len(result)))
    assert set(again) == set(result)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=["copy", "deep", "pickle"],
)
def test_copies_are_equal_and_read_only(name, copied):
    result = result_of(name)
    assert len(result.real) == sum(point.real for point in result)
    again = copied(result)
    assert again == result
    assert str(again) == str(result)
    assert len(again.real) == len(result.real)
    held = list(arrays(again))
    assert len(held) > 2
    for array in held:
        assert not array.flags.writeable
    for point in result:
        assert copied(point) == point
        with pytest.raises(ValueError, match="read-only"):
            copied(point).filter[0] = 1


def test_any_other_value_makes_another_result():
    result = result_of("generic")
    point = result[0]
    others = {
        "filter": np.nextafter(point.filter.real, np.inf),
        "loss": np.nextafter(point.loss, np.inf),
        "parameters": tuple(tuple(2 * w for w in theta) for theta in point.parameters),
        "certified": True,
        "coordinates": None,
        "indices": tuple(index + 1 for index in point.indices),
        "multiplicity": 2,
    }
    for name, value in others.items():
        changed = replace(point, **{name: value})
        assert changed != point
        assert replace(result, points=(changed, *result[1:])) != result
    assert replace(result, seed=result.seed + 1) != result
    assert replace(result, loss=replaced_constant(result.loss)) != result
    assert result != list(result)
    assert point != point.filter.tolist()
    assert replace(point, filter=point.filter.copy()) == point
    assert isinstance(point, CriticalPoint)


def replaced_constant(loss):
    return SquaredLoss(loss.gram, loss.b, loss.constant + 1)
