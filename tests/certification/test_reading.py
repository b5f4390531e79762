"""A certificate is read from its file as it was: verified anew, with the result that it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from homotopy_lcn import Architecture, Certificate, InputError, SquaredLoss, certificate, critical_points
from homotopy_lcn.certification.reading import is_certificate
from homotopy_lcn.cli import program
from tests.certification.examples import THIRDS, sealed

pytest.importorskip("flint")
ARCHITECTURE = Architecture((2, 2, 2), (1, 2, 1))


@cache
def proved(source: str) -> Certificate:
    if source == "exact":
        return certificate(critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.from_exact(**THIRDS)))
    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(20, 5)), rng.normal(size=(20, 1))
    result = critical_points(ARCHITECTURE, SquaredLoss.from_data(X, Y, ARCHITECTURE))
    return certificate(result, samples=(X, Y) if source == "samples" else None)


def facts(point):
    answers = point.real, point.stratum, point.pure, point.in_function_space, point.attained, point.interior
    return *answers, point.smooth, sorted(zip(point.kinds, point.indices, strict=True)) if point.real else None


@pytest.mark.parametrize("source", ["doubles", "samples", "exact"])
def test_a_certificate_that_is_read_has_the_points_and_the_statement(source, tmp_path):
    proofs, path = proved(source), tmp_path / "certificate.json"
    proofs.to_json(path)
    assert proofs.to_json() == path.read_text()
    read = Certificate.from_json(path)
    assert (read.statement, read.data, read.source) == (proofs.statement, proofs.data, proofs.source)
    assert read.complete is read.result.complete is True
    assert not any(read.reasons)
    assert read.result.counts == proofs.result.counts
    assert [facts(point) for point in read.result] == [facts(point) for point in proofs.result]
    for one, other in zip(read.result.real, proofs.result.real, strict=True):
        np.testing.assert_allclose(one.filter, other.filter, rtol=1e-12)
        assert one.loss == pytest.approx(other.loss, rel=1e-10)
        assert len(one.parameters) == len(other.parameters)
    for row, position in enumerate(read.rows):
        np.testing.assert_allclose(read.points.middles[position], read.result[row].filter, rtol=1e-12)
    again = Certificate.from_json(_written(tmp_path / "again.json", read.to_json()))
    assert again.statement == proofs.statement


def test_a_certificate_of_few_samples_says_that_there_are_filters_of_residual_zero(tmp_path):
    arch, rng = Architecture((2, 2), (1, 1)), np.random.default_rng(2)
    X, Y = rng.normal(size=(2, 3)), rng.normal(size=(2, 1))
    result = critical_points(arch, SquaredLoss.from_data(X, Y, arch), isolated=True)
    certificate(result, samples=(X, Y)).to_json(tmp_path / "certificate.json")
    read = Certificate.from_json(tmp_path / "certificate.json")
    assert read.result.zero_residual is not None
    assert read.result.zero_residual.dimension == result.zero_residual.dimension
    assert "isolated" in dict(read.result.summary().rows)["complete"]


def test_a_certificate_checks_itself():
    outcome = proved("doubles").check()
    assert outcome
    assert not replace(outcome, failures=("point 3: the claims do not follow",), statement=None)
    assert (outcome.failures, outcome.points, outcome.statement) == ((), 24, proved("doubles").statement)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["points"][0]["claims"].update(smooth=False), "point 0: the claims do not follow"),
        (lambda content: content["loss"]["b"].__setitem__(0, "2"), "not verified: "),
        (lambda content: content.update(format="homotopy-lcn/other"), "not a certificate"),
    ],
)
def test_a_certificate_that_is_not_true_is_refused_with_one_line(change, message, tmp_path):
    content = json.loads(proved("doubles").to_json())
    change(content)
    path = _written(tmp_path / "certificate.json", sealed(content))
    with pytest.raises(InputError, match=message) as raised:
        Certificate.from_json(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_report_takes_the_file_of_a_certificate(tmp_path, capsys):
    path, page = tmp_path / "certificate.json", tmp_path / "report.html"
    proved("doubles").to_json(path)
    assert is_certificate(path)
    assert program.main(["report", str(path), "-o", str(page), "--no-pictures"]) == program.DONE
    text = page.read_text(encoding="utf-8")
    assert "complete, proved: these are all isolated critical filters" in text
    assert f"{proved('doubles').data.digest[:16]}" in text
    content = json.loads(path.read_text())
    content["points"][0]["claims"]["smooth"] = False
    _written(path, sealed(content))
    capsys.readouterr()
    assert program.main(["report", str(path), "-o", str(page)]) == program.UNUSABLE_INPUT
    assert "the claims do not follow" in capsys.readouterr().err


def test_other_files_are_no_certificates(tmp_path):
    path = tmp_path / "result.json"
    proved("doubles").result.to_json(path)
    assert not is_certificate(path)
    assert not is_certificate(tmp_path / "absent")
    assert not is_certificate(tmp_path)


def _written(path, text):
    path.write_text(text, encoding="utf-8")
    return path
