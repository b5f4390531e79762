"""Whether the Gram matrices of a time series are special for a network, and how near."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting import time_series
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.counting.groebner_programs import find_program

LONG = (4, 2), (2, 1)


def test_a_series_with_white_autocovariances_is_special():
    counts = hl.series_counts(hl.Architecture(*LONG), np.eye(1, 40)[0])
    matrix = counts.autocovariances
    assert (matrix.count, matrix.generic, matrix.special, matrix.method) == (6, 14, True, "formula")
    assert matrix.gap < 1e-12
    assert matrix.sentence.startswith("autocovariances: special, 6 of 14 critical parameters (formula); smallest gap")
    assert counts.moments.count is None  # one window alone is not zero
    assert "singular" in counts.moments.sentence
    assert str(counts) == f"{matrix.sentence}\n{counts.moments.sentence}"


def test_a_generic_series_is_not_special_and_the_gap_tells_how_near_it_is():
    rng = np.random.default_rng(4)
    correlated, white = hl.load_sunspots(), rng.standard_normal(100_000)
    one, other = (hl.series_counts(hl.Architecture(*LONG), values) for values in (correlated, white))
    for counts in (one, other):
        for matrix in (counts.autocovariances, counts.moments):
            assert (matrix.count, matrix.special, matrix.method) == (14, False, "eigenvalues")
    # white noise comes near to white data
    assert other.autocovariances.gap < 0.1 * one.autocovariances.gap
    assert other.moments.gap < 0.1 * one.moments.gap


def test_the_matrices_are_those_of_the_autocovariances_and_of_the_solve(monkeypatch):
    seen = {}
    counted = time_series._counted
    monkeypatch.setattr(
        time_series, "_counted",
        lambda arch, name, matrix, limit: seen.update({name: matrix}) or counted(arch, name, matrix, limit),
    )  # fmt: skip
    arch, values = hl.Architecture((3, 2), (2, 1)), hl.load_sunspots()
    hl.series_counts(arch, values, horizon=3, center=True)
    assert np.allclose(seen["sample moments"], hl.SquaredLoss.from_series(values, arch, 3, center=True).gram)
    centred = values - values.mean()
    lag = sum(x * y for x, y in zip(centred[:-2], centred[2:], strict=True)) / len(values)
    assert np.allclose(np.diagonal(seen["autocovariances"], 2), lag)


@pytest.mark.skipif(find_program() is None, reason="needs a program for Gröbner bases")
def test_other_networks_are_counted_by_smoothness():
    rng = np.random.default_rng(5)
    noise = rng.standard_normal(20_000)
    values = np.zeros(20_000)
    for t in range(1, len(values)):
        values[t] = 0.5 * values[t - 1] + noise[t]
    counts = hl.series_counts(hl.Architecture((3, 3), (2, 1)), values)
    for matrix in (counts.autocovariances, counts.moments):
        assert (matrix.count, matrix.special, matrix.method) == (39, False, "smooth")
    assert counts.autocovariances.gap < 0.02  # near AR(1) data, which have 23
    assert counts.autocovariances.gap_of == "least singular value of the matrix of the rank rule"
    assert counts.moments.gap is None
    assert "how near to special is not known" in counts.moments.sentence


def test_without_a_program_the_question_stays_open(monkeypatch):
    monkeypatch.setattr(time_series.Search, "within", classmethod(lambda cls, seconds, seed=0: Search(None)))
    counts = hl.series_counts(hl.Architecture((4, 4), (2, 1)), hl.load_sunspots())
    assert counts.autocovariances.special is None
    assert "not decided: " in counts.autocovariances.sentence
    assert "would need msolve" in counts.moments.sentence


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1.0, 2.0], {}, r"^values: 2 values; expected at least"),
        (np.ones((3, 3)), {}, r"^values: shape \(3, 3\)"),
        ([1.0, np.nan] * 20, {}, r"^values: "),
        (np.arange(30.0), {"horizon": 0}, r"^horizon: 0"),
    ],
)
def test_bad_series_are_refused(values, options, message):
    with pytest.raises(hl.InputError, match=message):
        hl.series_counts(hl.Architecture(*LONG), values, **options)
