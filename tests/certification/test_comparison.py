"""Is a proved point the point of the result? Nothing is said to be disproved that an enclosure leaves open."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, certificate
from homotopy_lcn import critical_points as solve
from homotopy_lcn.certification import certificates, comparison
from homotopy_lcn.certification._flint import acb, arb
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.comparison import NOT_NEAR, OTHER_LOSS, UNDECIDED_LOSS, UNDECIDED_NEAR, Comparison
from homotopy_lcn.certification.tolerances import CERTIFICATION
from homotopy_lcn.losses.exact_data import ExactData
from tests.certification.examples import THIRDS, points_with
from tests.small_networks import solved

SMALL = Architecture((2, 2), (1, 1))


def hilbert(size):
    gram = [[Fraction(1, i + j + 1) for j in range(size)] for i in range(size)]
    return SquaredLoss.from_exact(gram, ["1/7", *range(2, size + 1)])


def nearly_singular(exponent):
    """Data of condition number 2 · 10^exponent, of which the doubles have other critical points."""
    near = 1 - Fraction(1, 10**exponent)
    return SquaredLoss.from_exact([[1, near, 0], [near, 1, 0], [0, 0, 1]], (1, 0, 1))


def first_proof(real):
    """A point, its proof, and a comparison."""
    result = solved((3, 2), (2, 1))
    proofs = certificate(result)
    row = next(row for row, point in enumerate(result) if point.real is real)
    loss = result.loss
    data = ExactData.of_doubles(loss.gram, loss.b, loss.constant)
    return result[row], proofs.points[proofs.rows[row]], Comparison(result.architecture, loss, data)


def widened(ball, radius):
    return ball + acb(arb(0, radius), arb(0, radius))


# Wide enclosures


@pytest.mark.parametrize("real", [True, False])
def test_a_wide_enclosure_of_the_loss_disproves_nothing(real):
    point, proof, compare = first_proof(real)
    assert compare.finding(point, proof) == (None, True)
    for radius in (1e-3, 1.0, 1e6):
        wide = replace(proof, claims=replace(proof.claims, loss=widened(proof.claims.loss, radius)))
        assert compare.finding(point, wide) == (UNDECIDED_LOSS, False)
        apart = replace(proof, claims=replace(wide.claims, loss=wide.claims.loss + 3 * radius))
        assert compare.finding(point, apart) == (OTHER_LOSS, True)


@pytest.mark.parametrize("real", [True, False])
def test_a_wide_enclosure_of_the_filter_disproves_nothing(real):
    point, proof, compare = first_proof(real)
    for radius in (1e-3, 1.0, 1e6):
        filters = tuple(widened(x, radius) for x in proof.solution.filter)
        wide = replace(proof, solution=replace(proof.solution, filter=filters))
        assert compare.finding(point, wide) == (UNDECIDED_NEAR, False)
        moved = tuple(x + 3 * radius for x in filters)
        apart = replace(proof, solution=replace(proof.solution, filter=moved))
        assert compare.finding(point, apart) == (NOT_NEAR, True)


def test_wide_enclosures_are_tried_again_with_more_bits_before_anything_is_said(monkeypatch):
    result = solve(Architecture((3, 3), (1, 1)), hilbert(5))
    proofs = certificate(result)
    assert proofs.complete
    again = [row for row, point in enumerate(proofs.points) if point.precision > CERTIFICATION.first_precision]
    assert again
    monkeypatch.setattr(certificates, "CERTIFICATION", replace(CERTIFICATION, more_bits=()))
    once = certificate(result)
    assert {reason for reason in once.reasons if reason} == {UNDECIDED_LOSS}
    assert [row for row, reason in enumerate(once.reasons) if reason] == again
    # A loss that is another one is so with any number of bits.
    monkeypatch.undo()
    row = again[0]
    changed = points_with(result, {row: replace(result[row], loss=result[row].loss * (1 + 1e-6))})
    assert [reason for reason in certificate(changed).reasons if reason] == [OTHER_LOSS]


@pytest.mark.parametrize(
    ("size", "filters", "strides"), [(3, (2, 2), (1, 1)), (4, (2, 2), (2, 1)), (5, (3, 2), (2, 1)), (6, (4, 3), (1, 1))]
)
def test_hilbert_matrices(size, filters, strides):
    proofs = certificate(solve(Architecture(filters, strides), hilbert(size)))
    assert proofs.complete
    assert check_text(to_text(proofs)).statement == proofs.statement


# Exact data, of which a solve sees the nearest doubles


@pytest.mark.parametrize("exponent", [6, 8, 9, 10, 11])
def test_exact_data_that_are_nearly_singular(exponent):
    loss = nearly_singular(exponent)
    result = solve(SMALL, loss)
    proofs = certificate(result)
    assert proofs.reasons == (None,) * 5
    assert proofs.complete
    # The pure point is the target, a rational number.
    row = next(row for row, point in enumerate(result) if point.pure)
    target = 1 / (1 - loss.exact.gram[0][1] ** 2)
    text, _ = certificate(result, digits=60).decimals(row, 60)[0]
    assert abs(Fraction(text) - target) < target / Fraction(10) ** 59
    assert check_text(to_text(proofs)).statement == proofs.statement


def test_how_far_rounding_moves_a_point_is_known():
    loss = nearly_singular(8)
    result = solve(SMALL, loss)
    proofs = certificate(result)
    row = next(row for row, point in enumerate(result) if point.pure)
    proof = proofs.points[proofs.rows[row]]
    filter_moved, loss_moved = Comparison(SMALL, loss, loss.exact)._moves(proof)
    doubles = ExactData.of_doubles(loss.gram, loss.b, 0.0)
    exact = 1 / (1 - loss.exact.gram[0][1] ** 2)
    rounded = 1 / (1 - doubles.gram[0][1] ** 2)
    distance = float(abs(exact - rounded)) * 2**0.5
    assert distance / 2 < float(filter_moved.mid()) < 20 * distance
    assert float(loss_moved.mid()) > float(abs(exact - rounded)) / 2
    assert Comparison(SMALL, loss, doubles)._moves(proof) == (0, 0)


def test_a_point_farther_away_than_rounding_explains_is_refused(monkeypatch):
    for loss in (SquaredLoss.from_exact(**THIRDS), nearly_singular(8)):
        result = solve(SMALL, loss)
        for row, point in enumerate(result):
            moved = replace(point, filter=point.filter + 1e-6 * np.linalg.norm(point.filter))
            reasons = certificate(points_with(result, {row: moved})).reasons
            assert [reason for reason in reasons if reason] == [NOT_NEAR]
    # Where the move is large, its first order says too little.
    monkeypatch.setattr(comparison, "CERTIFICATION", replace(CERTIFICATION, most_moved=1e-12))
    assert NOT_NEAR in certificate(solve(SMALL, nearly_singular(8))).reasons


def test_samples_whose_sums_are_nearly_singular():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((9, 3))
    X[:, 1] = X[:, 0] + 1e-5 * X[:, 1]
    Y = rng.standard_normal((9, 1))
    result = solve(SMALL, SquaredLoss.from_data(X, Y, SMALL))
    proofs = certificate(result, samples=(X, Y))
    assert proofs.complete
    assert proofs.data != ExactData.of_doubles(result.loss.gram, result.loss.b, result.loss.constant)
