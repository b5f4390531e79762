"""Certificates of data with fewer points than generic data: complete by the exact number for the Gram matrix."""

from __future__ import annotations

import json

import numpy as np
import pytest

from homotopy_lcn import Architecture, Certificate, SquaredLoss, critical_points, gram_matrix
from homotopy_lcn.certification import completeness, exact_numbers
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.certificates import certificate
from homotopy_lcn.counting import exact_counts
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.counting.groebner_programs import find_program
from tests.certification.examples import points_with, sealed

MOMENTS = np.array([1.0, -3, 2, 7, -4, 5, 3, -2, 6, 1])
with_program = pytest.mark.skipif(find_program() is None, reason="needs a program for Gröbner bases")


def proofs_of(filters, strides, text):
    arch = Architecture(filters, strides)
    gram, moments = gram_matrix(text, arch.filter_size), MOMENTS[: arch.filter_size]
    return certificate(critical_points(arch, SquaredLoss.from_exact(gram.entries, moments.astype(int).tolist())))


@pytest.fixture(scope="module")
def exchangeable():
    """Exchangeable data have 22 of 34 points on three layers, which no quick rule says."""
    return proofs_of((2, 2, 2), (2, 2, 1), "exchangeable:1/3")


@pytest.mark.parametrize(
    ("filters", "strides", "text", "numbers", "method"),
    [
        ((2, 2, 2), (2, 2, 1), "white", [6], "formula"),
        ((4, 2), (2, 1), "white", [6], "formula"),
        ((4, 2), (2, 1), "seasonal:2,1/3", [6], "eigenvalues"),
        ((3, 3), (2, 1), "ar1:1/3", [23], "eigenvalues"),
        ((3, 3), (2, 1), "ma1:1", [15], "eigenvalues"),
        ((4, 3), (2, 1), "white", [19], "eigenvalues"),
        ((2, 2, 2), (1, 2, 1), "ma1:1", [6, 14], "eigenvalues"),
    ],
)
def test_special_data_are_proved_complete(filters, strides, text, numbers, method):
    proofs = proofs_of(filters, strides, text)
    assert proofs.complete
    assert proofs.statement.method == method
    assert [row.exact for row in proofs.statement.strata] == numbers
    assert proofs.statement.global_minimum is not None
    assert f"({method})" in str(proofs)
    assert "assumption" not in str(proofs)
    assert proofs.check()


def test_the_curve_of_singular_fibres_is_the_one_assumption(exchangeable):
    assert exchangeable.complete
    assert exchangeable.statement.method == "curves"
    assert "complete, proved on one assumption" in str(exchangeable)
    assert "the curve of singular fibres modulo two primes" in str(exchangeable)
    assert exchangeable.check()


@pytest.fixture
def without_curves(monkeypatch):
    """As if no curve gave a number, or showed that a quadric is smooth."""
    for name in "count_by_fibres", "is_smooth_by_fibres":
        monkeypatch.setattr(exact_counts, name, lambda *_: None)


@with_program
def test_groebner_bases_are_the_one_assumption(without_curves):
    proofs = proofs_of((2, 2, 2), (2, 2, 1), "exchangeable:1/3")
    assert proofs.complete
    assert proofs.statement.method == "groebner"
    assert "Gröbner bases modulo two primes" in str(proofs)
    assert proofs.check()


@with_program
def test_curves_and_groebner_bases_confirm_each_other(exchangeable, monkeypatch):
    text = to_text(exchangeable)
    for name in "count_by_fibres", "is_smooth_by_fibres":
        monkeypatch.setattr(exact_counts, name, lambda *_: None)
    by_bases = to_text(proofs_of((2, 2, 2), (2, 2, 1), "exchangeable:1/3"))
    assert '"groebner"' in by_bases
    assert check_text(text)
    monkeypatch.undo()
    assert check_text(by_bases)


def test_a_check_without_a_program_does_not_take_the_number_on_trust(exchangeable, without_curves, monkeypatch):
    text = to_text(exchangeable)
    monkeypatch.setattr(exact_numbers.Search, "within", classmethod(lambda cls, seconds, seed=0: Search(None)))
    checked = check_text(text)
    assert not checked
    assert "could not be confirmed" in checked.failures[0]
    assert checked.statement is None


def test_a_point_less_is_not_complete():
    result = critical_points(Architecture((4, 2), (2, 1)), SquaredLoss.white(MOMENTS[:6]))
    whole = certificate(result)
    assert whole.complete
    fewer = replace_points(result)
    assert not certificate(fewer).complete
    assert certificate(fewer).statement.method is None


def replace_points(result):
    """The result without its last point and the conjugate of this point."""
    kept = [point for point in points_with(result, {}) if point.real]
    assert len(kept) < len(result)
    return type(result).build(result.architecture, result.loss, kept, result.strata, seed=result.seed)


@pytest.mark.parametrize(
    "change",
    [
        lambda statement: statement.pop("method"),
        lambda statement: statement.update(method="eigenvalues"),
        lambda statement: statement["strata"][0].update(exact=7),
        lambda statement: statement["strata"][0].pop("exact"),
        lambda statement: statement.update(complete=False),
    ],
)
def test_a_statement_that_does_not_follow_is_refused(change):
    content = json.loads(to_text(proofs_of((4, 2), (2, 1), "white")))
    assert check_text(sealed(content))
    change(content["statement"])
    checked = check_text(sealed(content))
    assert checked.failures == ("the statement on all points does not follow",)


def test_a_method_that_nobody_knows_is_refused():
    content = json.loads(to_text(proofs_of((4, 2), (2, 1), "white")))
    content["statement"]["method"] = "oracle"
    with pytest.raises(ValueError, match=r"statement.method: 'oracle'; expected one of 'formula', "):
        check_text(sealed(content))


def test_a_number_that_is_not_met_proves_nothing(monkeypatch):
    result = critical_points(Architecture((4, 2), (2, 1)), SquaredLoss.white(MOMENTS[:6]))
    known = exact_numbers.exact_numbers

    def one_more(*args):
        found = known(*args)
        return exact_numbers.ExactNumbers({key: value + 1 for key, value in found.numbers.items()}, found.method)

    monkeypatch.setattr(completeness, "exact_numbers", one_more)
    proofs = certificate(result)
    assert not proofs.complete
    assert proofs.statement.strata[0].exact is None


def test_a_certificate_read_back_has_the_lost_points_at_infinity(tmp_path):
    proofs = proofs_of((3, 3), (2, 1), "ar1:1/2")
    path = tmp_path / "proof.json"
    proofs.to_json(path)
    back = Certificate.from_json(path)
    assert back.complete
    assert back.statement == proofs.statement
    assert back.result.complete
    assert (back.result.counts.found, back.result.counts.at_infinity) == (23, 16)
    assert back.result.gaps() == ()


def test_a_smooth_quadric_gives_the_number_of_generic_data():
    """AR(2) data on (3, 3), (2, 1) lose nothing; a list of fewer points is not complete by their number."""
    arch, gram = Architecture((3, 3), (2, 1)), gram_matrix("ar:1/2,1/5", 7)
    data = SquaredLoss.from_exact(gram.entries, [1, -3, 2, 7, -4, 5, 3]).exact
    known = exact_numbers.exact_numbers(arch, data, {}, groebner=True)
    assert known is not None
    assert (list(known.numbers.values()), known.method) == ([39], "curves")
