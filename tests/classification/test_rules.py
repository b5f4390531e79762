"""Classification of many points at once, against that of one stratum's points of one data set."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, critical_points
from homotopy_lcn.classification.points import classify
from homotopy_lcn.classification.rules import _complement, _real_pieces, classify_real
from homotopy_lcn.networks.binary_forms import multiply, real_pieces
from homotopy_lcn.solving import one_stratum
from tests.small_networks import random_problem

ENTRIES = st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 3))


@given(st.integers(1, 6).flatmap(lambda degree: st.lists(ENTRIES, min_size=degree + 1, max_size=degree + 1)))
def test_real_pieces_are_those_of_one_form_or_in_doubt(coefficients):
    form = np.array(coefficients)
    norm = np.linalg.norm(form)
    if norm < 1e-3:
        return
    form = form / norm
    numbers, linear, quadratic, doubtful = _real_pieces(form[None])
    if doubtful[0]:
        return
    lines, squares = real_pieces(form)
    degree = len(form) - 1
    assert numbers[0] == len(lines)
    assert (degree - numbers[0]) // 2 == len(squares)
    product = np.ones(1)
    for piece in [*linear[0, : numbers[0]], *quadratic[0, : len(squares)]]:
        assert np.linalg.norm(piece) == pytest.approx(1)
        product = multiply(product, piece)
    cosine = abs(product @ form) / np.linalg.norm(product)
    assert cosine == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("gap", [0, 1e-6, -1e-12])
@pytest.mark.parametrize("rest", [(1.0,), (1.0, 0.7), (1.0, 0.2, 3.0)])
def test_near_double_roots_are_in_doubt(gap, rest):
    """Whether they are real hangs on rounding. (The discriminant of the square is −4 gap.)"""
    square = np.array([1.0, -2 * 0.3, 0.3**2 + gap * abs(gap)])
    form = multiply(square, np.array(rest))
    assert _real_pieces(form[None] / np.linalg.norm(form))[3][0]


def test_many_roots_are_no_doubt():
    """The tolerances cost time: hardly any random form may be in doubt."""
    rng = np.random.default_rng(0)
    for degree in range(1, 7):
        forms = rng.normal(size=(2000, degree + 1))
        forms /= np.linalg.norm(forms, axis=1, keepdims=True)
        assert _real_pieces(forms)[3].mean() <= 0.005


@pytest.mark.parametrize("size", [2, 3, 5])
def test_complements_are_orthonormal(size):
    forms = np.random.default_rng(size).normal(size=(50, size))
    forms[0] = np.eye(size)[0]
    forms[1] = -np.eye(size)[0]
    forms[2] = np.eye(size)[-1]
    forms /= np.linalg.norm(forms, axis=1, keepdims=True)
    whole = np.concatenate([forms[:, :, None], _complement(forms)], axis=2)
    np.testing.assert_allclose(whole.transpose(0, 2, 1) @ whole, np.tile(np.eye(size), (50, 1, 1)), atol=1e-14)


@pytest.mark.parametrize(
    ("filters", "strides"), [((3, 3), (1, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 2, 2), (1, 1, 1)), ((3, 2), (2, 1))]
)
def test_each_point_is_classified_as_among_those_of_its_data(filters, strides, monkeypatch):
    """The real points of several data sets in one call, against what the solves of each made of them."""
    calls = defaultdict(list)

    def recorded(arch, data, constant, embedding, pattern, points, whole, real, conditions):
        answers = classify(arch, data, constant, embedding, pattern, points, whole, real, conditions)
        for row in np.flatnonzero(real):
            calls[embedding].append((points[row].real, whole[row].real, data, constant, answers.points[row]))
        return answers

    monkeypatch.setattr(one_stratum, "classify", recorded)
    arch = Architecture(filters, strides)
    for seed in range(4):
        critical_points(arch, random_problem(filters, strides, seed).loss)
    assert calls
    for embedding, records in calls.items():
        points, whole, data, constants, expected = zip(*records, strict=True)
        found = classify_real(
            arch, embedding, np.array(points), np.array(whole),
            np.array([d.gram for d in data]), np.array([d.b for d in data]), np.array(constants),
        )  # fmt: skip
        assert not found.doubtful.any()
        np.testing.assert_allclose(found.losses, [p.loss for p in expected], rtol=1e-10)
        for name in ("in_function_space", "attained", "smooth"):
            assert getattr(found, name).tolist() == [getattr(p, name) for p in expected], name
        assert found.interior.tolist() == [p.interior is True for p in expected]
        assert found.parameters.tolist() == [len(p.parameters) for p in expected]
        assert found.minima.tolist() == [p.kinds.count("minimum") for p in expected]
        for place, point in enumerate(expected):
            assert sorted(found.indices[found.owners == place]) == sorted(point.indices)
