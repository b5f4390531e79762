"""Labels and residuals where the Gram matrix is singular: dead channels, periodic inputs, zeros on the diagonal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SquaredLoss, certify, critical_points
from homotopy_lcn.results.statements import describe_completeness
from tests.solving.test_continua import assert_sound

TENSORS = Architecture((2, 2), (2, 1))
SQUARES = Architecture((2, 2), (1, 1))


def labels(result):
    """Filters with kinds and indices, exact up to rounding."""
    return {
        tuple(round(float(value), 9) + 0.0 for value in point.filter.real): (point.kinds, point.indices)
        for point in result
        if point.real
    }


def test_a_dead_channel_of_integer_data():
    """(5/6, −1/2, 0, 0) is a saddle of index one; once its first coefficient was 4503599627370497."""
    gram = np.array([[0.0, 0, 0, 0], [0, 2, -1, -1], [0, -1, 3, 2], [0, -1, 2, 3]])
    result = critical_points(TENSORS, SquaredLoss(gram, [0.0, -1, 2, 3], 9.0))
    assert_sound(result)
    assert labels(result) == {
        (0, 0, 0, 1): (("minimum",), (0,)),
        (round(5 / 6, 9), -0.5, 0, 0): (("saddle",), (1,)),
        (round(10 / 3, 9), 0, round(2 / 3, 9), 0): (("saddle",), (1,)),
    }
    # 9 − bᵀw
    np.testing.assert_allclose([point.loss for point in result], [6, 9 - 4 / 3, 8.5], rtol=1e-14)


def test_two_dead_channels_leave_regular_hessians():
    """Σ = diag(1, 0, 0, 4): at e_0 the Hessian has the eigenvalues 2, 2, −2."""
    result = critical_points(TENSORS, SquaredLoss(np.diag([1.0, 0, 0, 4]), [1.0, 0, 0, 1], 1.25), isolated=True)
    assert_sound(result)
    assert labels(result) == {(1, 0, 0, 0): (("saddle",), (1,)), (0, 0, 0, 0.25): (("saddle",), (1,))}
    (part,) = result.continua
    assert (part.kind, part.loss, part.dimension) == ("minimum", pytest.approx(0, abs=1e-14), 1)
    for point in part.points:
        np.testing.assert_allclose(point.filter[[0, 3]], [1, 0.25], atol=1e-12)


def test_a_series_of_period_two_has_two_saddles_of_index_one():
    gram = np.array([[23.0, 0, 23], [0, 24, 0], [23, 0, 23]])
    result = critical_points(SQUARES, SquaredLoss(gram, [23.0, 0, 23], 23.0), isolated=True)
    assert_sound(result)
    # (1, ±2, 1) c with c = 46 / (46·2 + 4·24) = 23 / 94
    c = round(23 / 94, 9)
    assert labels(result) == {
        (c, round(46 / 94, 9), c): (("saddle",), (1,)),
        (c, -round(46 / 94, 9), c): (("saddle",), (1,)),
    }
    assert all(point.certified for point in certify(result) if point.real)


def test_an_exact_fit_on_a_continuum_has_loss_zero():
    gram = np.array([[23.0, 0, 23], [0, 24, 0], [23, 0, 23]])
    result = critical_points(SQUARES, SquaredLoss(gram, [23.0, 0, 23], 23.0), isolated=True)
    assert [part.loss for part in result.continua] == [0.0]
    assert result.infimum.value == 0.0


def test_a_filter_without_residual_is_no_saddle():
    """Σ = diag(0, 4, 4, 0), b = (0, −2, 0, 0): all critical filters w ≠ 0 fit exactly."""
    result = critical_points(TENSORS, SquaredLoss(np.diag([0.0, 4, 4, 0]), [0.0, -2, 0, 0], 1.0), isolated=True)
    assert_sound(result)
    assert len(result) == 0
    (part,) = result.continua
    assert part.kind == "minimum"
    assert {kind for point in part.points for kind in point.kinds} == {"minimum"}


entries = st.lists(st.integers(-3, 3), min_size=4, max_size=4)


@settings(max_examples=12, derandomize=True)
@given(st.lists(entries, min_size=6, max_size=6), st.integers(0, 3))
def test_integer_data_with_a_dead_channel_are_sound_and_equal_in_other_units(rows, channel):
    samples = np.array(rows, float)
    inputs, outputs = samples.copy(), samples @ [1.0, -1, 1, 2] + np.arange(6) % 3
    inputs[:, channel] = 0
    assume(np.linalg.matrix_rank(inputs) == 3)
    loss = SquaredLoss.from_data(inputs, outputs[:, None], TENSORS)
    result = critical_points(TENSORS, loss)
    assert_sound(result)
    other = critical_points(TENSORS, SquaredLoss(1e4 * loss.gram, 1e4 * loss.b, 1e4 * loss.constant))
    assert labels(other) == labels(result)
    assert other.infimum.attained == result.infimum.attained
    # Read backwards, the filters are reversed.
    back = critical_points(TENSORS, SquaredLoss(loss.gram[::-1, ::-1], loss.b[::-1], loss.constant))
    assert {filter_[::-1]: label for filter_, label in labels(back).items()} == labels(result)


def test_too_small_a_rank_is_still_explained():
    with pytest.raises(InputError, match="rank 2"):
        critical_points(TENSORS, SquaredLoss(np.diag([1.0, 0, 0, 4]), [1.0, 0, 0, 1], 1.25))


@pytest.mark.parametrize("offset", [1e-6, 1e-9, 1e-11])
@pytest.mark.parametrize("exact", [False, True], ids=["doubles", "exact"])
def test_saddles_next_to_a_line_of_filters_of_residual_zero_are_isolated(offset, exact):
    """Of squares v² there are (0, 0, 1) and (ε, 0, 0), and those with v = (±√ε, ±1), on the line of all (ε, y, 1)."""
    unit = round(1 / offset)
    gram, b = np.diag([unit, 0, unit]), [1, 0, unit]
    loss = SquaredLoss.from_exact(gram.tolist(), b, 3 * unit) if exact else SquaredLoss(gram, b, 3.0 * unit)
    result = critical_points(SQUARES, loss, isolated=True)
    assert result.complete
    found = sorted(point.filter.real.tolist() for point in result)
    np.testing.assert_allclose(found, [[0, 0, 1], [offset, 0, 0]], rtol=1e-9, atol=1e-15)
    assert [point.indices for point in result] == [(1,), (1,)]
    (line,) = result.continua
    assert (line.dimension, line.kind, line.attained) == (1, "minimum", True)
    on_it = np.array([point.filter.real[[0, 2]] for point in line.points])
    np.testing.assert_allclose(on_it, np.tile([offset, 1], (len(on_it), 1)), rtol=1e-9)


def test_continua_that_are_not_sought_are_said_so():
    """All multiples of x are critical, too: the residual is orthogonal to x² and 1 times anything there."""
    loss = SquaredLoss(np.diag([13.0, 0, 0]), [26.0, 0, 0], 53.0)
    result = critical_points(SQUARES, loss, isolated=True)
    (line,) = result.continua
    assert (line.dimension, line.real) == (2, True)
    assert "(others were not sought on (1,1), (2), of a dimension above the rank)" in describe_completeness(result)


def test_without_a_target_the_filter_zero_is_no_point_of_the_filters_of_residual_zero():
    loss = SquaredLoss.from_exact([[2, 0, -2], [0, 2, 0], [-2, 0, 2]], [0, 0, 0], 1)
    result = critical_points(SQUARES, loss, isolated=True)
    assert result.continua
    for continuum in result.continua:
        assert continuum.real is not True  # (t, 0, t) is a product of real filters for t = 0 only
        for point in continuum.points:
            assert np.linalg.norm(point.filter) > 1e-3
