"""Gradients by compiled code, against those by NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.tracking import compiled_gradients
from homotopy_lcn.tracking.compiled_gradients import compiled, extended_half_gradient
from homotopy_lcn.tracking.gradients import half_gradient

STRATA = [
    Stratum((Factor(2, 1, 1),)),
    Stratum((Factor(2, 1, 1), Factor(1, 2, 1), Factor(3, 1, 3))),
    Stratum((Factor(1, 3, 2), Factor(4, 1, 1))),
    Stratum((Factor(1, 1, 1), Factor(1, 1, 2), Factor(1, 1, 4), Factor(1, 1, 8))),
]


def numbers(stratum, count, rng):
    def drawn(*shape):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.clongdouble)

    size = stratum.filter_size
    matrix = drawn(size, size)
    return drawn(count, stratum.coordinates), matrix + matrix.T, drawn(size)


@pytest.mark.skipif(compiled() is None, reason="the compiled code is not installed")
@pytest.mark.parametrize("stratum", STRATA, ids=str)
@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_compiled_gradient_is_that_of_numpy(stratum, count, monkeypatch):
    points, gram, b = numbers(stratum, count, np.random.default_rng(count))
    expected = half_gradient(stratum, points, gram, b)
    monkeypatch.setattr("homotopy_lcn.tracking.refinement.half_gradient", None)  # the compiled code has to answer
    found = extended_half_gradient(stratum, points, gram, b)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    eps = float(np.finfo(np.longdouble).eps)
    assert np.abs(found - expected).max(initial=0) <= 200 * eps * np.abs(expected).max(initial=0)


def test_without_compiled_code_and_for_large_strata_numpy_answers(monkeypatch):
    large = Stratum((Factor(20, 1, 1), Factor(20, 1, 1)))
    points, gram, b = numbers(large, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(extended_half_gradient(large, points, gram, b), half_gradient(large, points, gram, b))
    monkeypatch.setattr(compiled_gradients, "compiled", lambda: None)
    compiled_gradients._factors.cache_clear()
    points, gram, b = numbers(STRATA[1], 2, np.random.default_rng(0))
    found, expected = (gradient(STRATA[1], points, gram, b) for gradient in (extended_half_gradient, half_gradient))
    compiled_gradients._factors.cache_clear()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(compiled() is None, reason="the compiled code is not installed")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": np.zeros((2, 3))}, "points: shape"),
        ({"gram": np.zeros((2, 3))}, "gram, b: shape"),
        ({"b": np.zeros(2)}, "gram, b: shape"),
        ({"factors": []}, "factors: too many"),
        ({"factors": [(13, 1, 1, 0)]}, "factors: out of range"),
        ({"factors": [(2, 1, 40, 0)]}, "factors: too large"),
    ],
)
def test_other_shapes_are_refused(change, words):
    given = {"factors": [(2, 1, 1, 0)], "points": np.zeros((1, 4)), "gram": np.zeros((3, 3)), "b": np.zeros(3)}
    with pytest.raises(ValueError, match=words):
        compiled().half_gradients(**{**given, **change})
