"""The compiled classification: it copies what is not laid out as it needs it, and refuses what does not fit together.

Each call is made with the arguments of a real one, one of them changed. The sanitizers of .ci/run watch these calls.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from homotopy_lcn import Architecture, critical_points_of_many
from homotopy_lcn.classification import plain_points
from homotopy_lcn.tracking import get_engine

pytest.importorskip("homotopy_lcn.tracking._plain")
pytestmark = pytest.mark.skipif(not hasattr(get_engine(), "ends_of_many"), reason="needs the compiled kernel")

#: Two blocks, the first of which has two layers of size two.
NETWORK = Architecture((2, 2, 2), (1, 2, 1))
ARRAYS = ("ends", "codes", "errors", "gram", "b", "scales")


@pytest.fixture(scope="module")
def call() -> dict[str, Any]:
    """The arguments of a call for four data sets."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4, 20, NETWORK.filter_size)), rng.normal(size=(4, 20))
    calls: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_points, "compiled", lambda: Recorder(calls))
        critical_points_of_many(NETWORK, X.transpose(0, 2, 1) @ X, np.einsum("tni,tn->ti", X, y), (y * y).sum(axis=1))
    (found,) = calls
    return found


class Recorder:
    def __init__(self, calls):
        self.calls = calls

    def examine(self, **arguments):
        self.calls.append(arguments)
        return examine(arguments)


def examine(arguments):
    from homotopy_lcn.tracking import _plain

    return _plain.examine(**arguments)


def with_strata(call, **changes):
    """The same call with other values in its first stratum; functions are applied to the values there."""
    first, *rest = call["strata"]
    new = {name: value(first[name]) if callable(value) else value for name, value in changes.items()}
    return {**call, "strata": [{**first, **new}, *rest]}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def misaligned(array):
    memory = np.zeros(array.nbytes + 1, np.uint8)
    result = memory[1:].view(array.dtype).reshape(array.shape)
    result[...] = array
    assert not result.flags.aligned
    return result


def read_only(array):
    result = array.copy()
    result.flags.writeable = False
    return result


def scattered(array):
    """Every third row of an array, last row first."""
    result = np.zeros((3 * len(array), *array.shape[1:]), array.dtype)[::-3]
    result[...] = array
    return result


LAYOUTS = {
    "misaligned": misaligned,
    "read-only": read_only,
    "scattered": scattered,
    "columns first": np.asfortranarray,
    "list": np.ndarray.tolist,
    "foreign bytes": lambda array: array.astype(array.dtype.newbyteorder()),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_arrays_of_any_layout_are_the_same(call, layout):
    expected = examine(call)
    assert not expected["doubts"].any()
    assert_same(examine(with_strata(call, **dict.fromkeys(ARRAYS, layout))), expected)
    assert_same(examine({**call, "data": tuple(layout(array) for array in call["data"])}), expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e308, 0.0])
@pytest.mark.parametrize("name", ["ends", "errors", "gram", "b", "scales"])
def test_numbers_that_make_no_sense_are_in_doubt(call, name, value):
    spoilt = with_strata(call, **{name: lambda array: np.full_like(array, value)})
    found = examine(spoilt)["doubts"]
    assert found.all() or (name, value) == ("errors", 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2], ids=["gram", "b", "constant"])
def test_a_loss_that_is_not_finite_is_in_doubt_and_no_other(call, place, value):
    data = [array.copy() for array in call["data"]]
    data[place][2] = value
    assert (examine({**call, "data": tuple(data)})["doubts"] != 0).tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends": lambda a: a[:-1]}, "ends: shape"),
        ({"ends": lambda a: a[:, :-1]}, "ends: shape"),
        ({"ends": lambda a: a[0]}, "ends: shape"),
        ({"codes": lambda a: a[:-1]}, "codes, errors: shape"),
        ({"errors": lambda a: a[:, None].repeat(2, axis=1)}, "codes, errors: shape"),
        ({"gram": lambda a: a[:, :-1]}, "gram, b, scales: shape"),
        ({"scales": lambda a: a[:1]}, "gram, b, scales: shape"),
        ({"positions": [0, 1, 2, 3]}, "positions: of another length"),
        ({"positions": [0, 1, 2, 3, 5]}, "positions: out of range"),
        ({"positions": [0, 1, 2, 3, -1]}, "positions: out of range"),
        ({"factors": []}, "factors: too many"),
        ({"factors": [(1, 1, 1, 0)] * 9}, "factors: too many"),
        ({"factors": [(-1, 1, 1, 0)]}, "factors: out of range"),
        ({"factors": [(1, 1, 0, 0)]}, "factors: out of range"),
        ({"factors": [(2, 1, 1, 2)]}, "factors: no such block"),
        ({"factors": [(12, 12, 1, 0)]}, "factors: too large"),
        ({"factors": [(12, 1, 1, 0)] * 2}, "factors: too large"),
        ({"factors": [(3, 1, 1, 0), (1, 1, 2, 1)]}, "factors: not of the degree of their block"),
        ({"factors": [(2, 1, 1, 0)]}, "factors: not of the degree of their block"),
    ],
)
def test_strata_that_do_not_fit_are_refused(call, changes, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        examine(with_strata(call, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layers": []}, "layers: too many"),
        ({"layers": [(1, 1)] * 13}, "layers: too many"),
        ({"layers": [(0, 1)]}, "layers: too large"),
        ({"layers": [(33, 1)]}, "layers: too large"),
        ({"layers": [(2, 32)]}, "layers: too large"),
        ({"blocks": [[0, 1], []]}, "blocks: empty"),
        ({"blocks": [[0, 1], [3]]}, "blocks: no such layer"),
        ({"blocks": [[0, 1], [-1]]}, "blocks: no such layer"),
        ({"blocks": [[0, 1]]}, "blocks: a layer is missing"),
        ({"blocks": [[0, 1, 1], [2]]}, "blocks: a layer stands in two of them"),
        ({"blocks": [[0], [1, 2]]}, "blocks: layers of several dilations"),
        ({"blocks": [[0]] * 9}, "blocks: too many"),
    ],
)
def test_networks_that_do_not_fit_are_refused(call, changes, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        examine({**call, **changes})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda gram, b, constant: (gram[0], b, constant), "gram: shape"),
        (lambda gram, b, constant: (gram[:, 1:], b, constant), "gram: shape"),
        (lambda gram, b, constant: (gram[:3], b, constant), "gram: shape"),
        (lambda gram, b, constant: (gram, b.T, constant), "b: shape"),
        (lambda gram, b, constant: (gram[:0], b[:0], constant[:0]), "gram, b, scales: shape"),
    ],
)
def test_data_that_do_not_fit_are_refused(call, change, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        examine({**call, "data": change(*call["data"])})
