"""Points that are written from arrays have the same text as the points in balls."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn.certification.lines_of_points import (
    _mantissas_and_exponents,
    compact,
    encoded_points,
    point_to_json,
)
from homotopy_lcn.certification.point_proofs import TogetherProved
from tests.small_networks import solved


@pytest.mark.parametrize(("filters", "strides"), [((4, 3), (2, 1)), ((3, 2, 2), (1, 1, 1)), ((3, 3), (1, 1))])
def test_the_text_from_arrays_is_the_text_of_the_balls(filters, strides):
    points = hl.certificate(solved(filters, strides)).points
    assert any(isinstance(proof, TogetherProved) for proof in points.proofs)
    expected = [
        point_to_json(points[i]) if mirror is None else {"conjugate_of": mirror}
        for i, mirror in enumerate(points.mirrors)
    ]
    assert encoded_points(points, json.dumps) == [json.dumps(item) for item in expected]
    assert encoded_points(points, compact) == [
        json.dumps(item, sort_keys=True, separators=(",", ":")) for item in expected
    ]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_are_exact_with_odd_mantissas(values):
    found = _mantissas_and_exponents(np.array([values]))[0].tolist()
    for value, m, e in zip(values, found[::2], found[1::2], strict=True):
        assert Fraction(value) == Fraction(m) * Fraction(2) ** e
        assert m % 2 == 1 or m == e == 0
