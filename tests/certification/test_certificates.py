"""Certificates: what is proved, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import (
    Architecture,
    CriticalPoint,
    CriticalPoints,
    InputError,
    SquaredLoss,
    certificate,
    certify,
    generic_count,
)
from homotopy_lcn import critical_points as solve
from homotopy_lcn.certification import certificates, point_proofs
from homotopy_lcn.certification._flint import acb
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.completeness import ProvedPoints, state
from homotopy_lcn.certification.tolerances import CERTIFICATION
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.losses.random_data import random_gaussian, random_loss_seed
from tests.certification.examples import THIRDS, points_with, sealed
from tests.small_networks import random_problem, solved

NETWORKS = [
    ((3,), (1,)),
    ((2, 2), (1, 1)),
    ((2, 2), (2, 1)),
    ((3, 2), (2, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((1, 2, 2), (2, 1, 1)),
    ((3, 3), (1, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((3, 2, 2), (1, 1, 1)),
    ((4, 3), (2, 1)),
    ((2, 3, 2), (2, 3, 1)),
]


def first(result, condition):
    return next(row for row, point in enumerate(result) if condition(point))


def exactly(ball):
    """An exact ball as a fraction."""
    assert ball.is_exact()
    mantissa, exponent = ball.man_exp()
    return int(mantissa) * Fraction(2) ** int(exponent)


def uncertified(result):
    return [point for point in certify(result) if not point.certified]


# What is proved


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_everything_is_proved_for_random_data(filters, strides):
    result = solved(filters, strides)
    proofs = certificate(result)
    assert proofs.reasons == (None,) * len(result)
    assert proofs.complete
    assert proofs.statement.complete
    assert proofs.statement.distinct
    assert proofs.statement.ordered
    assert proofs.result.counts.certified == len(result) == len(proofs.points)
    for point, row in zip(proofs.result, proofs.rows, strict=True):
        claims = proofs.points[row].claims
        assert claims.real is point.real
        assert claims.smooth is point.smooth
        if point.real:
            assert claims.in_function_space is point.in_function_space
            assert claims.attained is point.attained
            assert claims.interior is point.interior
            assert sorted(claims.indices) == sorted(point.indices)
        assert abs(complex(claims.loss.mid()) - point.loss) < 1e-9 * (1 + abs(point.loss))
    best = proofs.points[proofs.statement.global_minimum]
    assert abs(float(best.claims.loss.real.mid()) - result.global_minimum.loss) < 1e-9


def test_white_two_by_two_gives_the_singular_values():
    # Filters are the matrices a ⊗ b, the target has singular values 3 and 1: losses 10 − 9 and 10 − 1.
    result = solve(Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [2, 1, 1, 2], 10))
    proofs = certificate(result)
    assert proofs.reasons == (None, None)
    for point, loss in zip(proofs.points, (1, 9), strict=True):
        assert point.claims.loss.real.contains(loss)
        assert abs(point.claims.loss.real - loss) < 1e-9
    assert [point.claims.indices[0] for point in proofs.points] == [0, 1]
    # Generic data have 6 points, white data 2 for every b.
    assert proofs.complete
    assert "2 of 6 of generic data, for this Gram matrix (formula)" in str(proofs)


def test_without_an_exact_number_the_number_of_proved_points_alone_is_a_statement():
    """ρ = 0.3 is no double: the doubles have all 39 points, 16 of them far away."""
    arch = Architecture((3, 3), (2, 1))
    gram = 0.3 ** np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    proofs = certificate(solve(arch, SquaredLoss(gram, [1, -3, 2, 7, -4, 5, 3])))
    assert not any(proofs.reasons)
    assert not proofs.complete
    assert proofs.statement.method is None
    assert "23 of 39 proved" in str(proofs)
    assert "other paths, numerically: 16 to infinity" in str(proofs)


def test_a_square_free_target_is_enclosed_exactly():
    target = [1.0, 0.5, -1.5, 0.25]
    proofs = certificate(solve(Architecture((2, 3), (1, 1)), SquaredLoss(np.eye(4), target, 4)))
    row = first(proofs.result, lambda point: point.pure)
    enclosure = proofs.points[proofs.rows[row]].solution.filter
    assert all(w.contains(acb(u)) for w, u in zip(enclosure, target, strict=True))


def test_a_rational_critical_point_is_enclosed():
    # The line through 0 and (1, 2, 1) = (1, 1)²; b is chosen so that w = (1, 2, 1) / 2 is critical on the squares.
    gram, residual = np.diag([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 1.0])
    w = np.array([0.5, 1.0, 0.5])
    proofs = certificate(solve(Architecture((2, 2), (1, 1)), SquaredLoss(gram, gram @ w - residual)))
    assert proofs.complete
    nearest = min(range(5), key=lambda row: np.linalg.norm(proofs.result[row].filter - w))
    enclosure = proofs.points[proofs.rows[nearest]].solution.filter
    assert all(x.contains(acb(u)) for x, u in zip(enclosure, w.tolist(), strict=True))


def test_ill_conditioned_points_get_more_bits():
    rng = np.random.default_rng(3)
    q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    gram = q @ np.diag(10.0 ** -np.linspace(0, 10, 5)) @ q.T
    loss = SquaredLoss((gram + gram.T) / 2, gram @ np.random.default_rng(1).standard_normal(5))
    proofs = certificate(solve(Architecture((3, 2), (2, 1)), loss))
    assert proofs.complete
    assert max(point.box.precision for point in proofs.points) > 64


def test_points_off_the_function_space_are_proved_from_their_coordinates(tmp_path):
    result = solved((2, 2), (1, 1))
    assert any(point.real and not point.parameters for point in result)
    result.to_json(tmp_path / "result.json")
    again = CriticalPoints.from_json(tmp_path / "result.json")
    assert certificate(again).complete
    assert again.to_json() == result.to_json()


def test_singular_points_of_the_function_space_are_undecided():
    # The target (x² − y²)(x² − 4y²) has two factorizations into a form of degree two and one in x², y².
    gram, target = np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([1.0, 0.0, -5.0, 0.0, 4.0])
    result = solve(Architecture((3, 2), (2, 1)), SquaredLoss(gram, gram @ target))
    proofs = certificate(result)
    assert proofs.reasons == (None,) * len(result)
    row = first(result, lambda point: np.allclose(point.filter, target))
    claims = proofs.points[proofs.rows[row]].claims
    assert (claims.smooth, claims.interior, claims.attained, claims.indices) == (None, None, True, (0,))
    # One of the ten points of generic data is the second factorization.
    assert not proofs.complete
    assert proofs.statement.global_minimum is None


def test_digits():
    result = solved((3, 2), (2, 1))
    proofs = certificate(result, digits=200)
    assert proofs.complete
    finer = certificate(result, digits=260)
    row = first(result, lambda point: point.real)
    for (short, _), (long, _) in zip(proofs.decimals(row, 200), finer.decimals(row, 260), strict=True):
        assert len(short) >= 200
        assert abs(Fraction(short) - Fraction(long)) < abs(Fraction(long)) / 10**199


def test_the_proof_is_about_the_samples(monkeypatch):
    problem, result = random_problem((3, 2), (2, 1)), solved((3, 2), (2, 1))
    proofs = certificate(result, samples=(problem.X, problem.Y), digits=40)
    assert proofs.complete
    patches = [x[i * 2 : i * 2 + 5] for x in problem.X for i in range(2)]
    gram = [[sum(Fraction(p[i]) * Fraction(p[j]) for p in patches) for j in range(5)] for i in range(5)]
    b = [sum(Fraction(p[i]) * Fraction(y) for p, y in zip(patches, problem.Y.ravel(), strict=True)) for i in range(5)]

    assert proofs.data == ExactData.of(gram, b, sum(Fraction(y) ** 2 for y in problem.Y.ravel()))
    monkeypatch.setattr(point_proofs, "FEWEST_FOR_PROCESSES", 2)
    assert to_text(certificate(result, samples=(problem.X, problem.Y), jobs=2, digits=40)) == to_text(proofs)
    assert check_text(to_text(proofs)).statement == proofs.statement
    row = first(result, lambda point: point.real)
    assert proofs.decimals(row, 40) != certificate(result, digits=40).decimals(row, 40)
    with pytest.raises(InputError, match="samples"):
        certify(result, samples=(problem.X + 1, problem.Y))


def test_the_proof_is_about_exact_rational_numbers(monkeypatch, tmp_path):
    loss = SquaredLoss.from_exact(**THIRDS)
    result = solve(Architecture((2, 2), (1, 1)), loss)
    proofs = certificate(result, digits=60)
    assert proofs.complete
    assert proofs.data == loss.exact
    # The pure point is the target: rational numbers, solved for exactly.
    gram = [[Fraction(x) for x in row] for row in THIRDS["gram"]]
    target = rational_solution(gram, [Fraction(x) for x in THIRDS["b"]])
    row = first(result, lambda point: point.pure)
    for (re, im), u in zip(proofs.decimals(row, 60), target, strict=True):
        assert abs(Fraction(re) - u) < abs(u) / 10**59
        assert Fraction(im) == 0
    doubles = certificate(solve(result.architecture, SquaredLoss(loss.gram, loss.b, loss.constant)), digits=60)
    assert doubles.decimals(row, 60) != proofs.decimals(row, 60)
    # In doubles, too, with the data enclosed in discs of positive radius.
    monkeypatch.setattr(point_proofs, "CERTIFICATION", replace(CERTIFICATION, fewest_together=1))
    quick = certificate(result)
    assert quick.complete
    assert quick.in_doubles == 5
    assert check_text(to_text(quick)).statement == quick.statement
    assert '"1/3"' in to_text(quick)
    result.to_json(tmp_path / "result.json")
    again = CriticalPoints.from_json(tmp_path / "result.json")
    assert again.loss.exact == loss.exact
    assert to_text(certificate(again)) == to_text(quick)


def rational_solution(matrix, right):
    """The solution of a system of linear equations in fractions."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next(j for j in range(i, len(rows)) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        rows = [
            row if j == i else [x - row[i] * y for x, y in zip(row, rows[i], strict=True)] for j, row in enumerate(rows)
        ]
    return [row[-1] for row in rows]


def test_enclosures_that_overlap_are_tried_again_with_more_bits(monkeypatch):
    # The target is 2⁻⁵⁸ away from the square (x + y/2)²: its nearest square is another critical point.
    eps = Fraction(1, 2**29)
    target = [Fraction(1), Fraction(1), Fraction(1, 4) - eps**2]
    loss = SquaredLoss.from_exact(np.diag([1, 2, 3]), [i * x for i, x in enumerate(target, 1)])
    generic = generic_count(Architecture((2, 2), (1, 1)))
    result = solve(Architecture((2, 2), (1, 1)), loss)
    near = first(result, lambda point: point.real and abs(point.filter - [1, 1, 0.25]).max() < 1e-6)
    a, b = np.array([1, 0.5 + 2**-29]), np.array([1, 0.5 - 2**-29])
    square = np.array([1, 0.5])
    common = {"filter": np.array([1, 1, 0.25]), "real": True, "loss": result[near].loss}
    pure = CriticalPoint(stratum=((1, 1),), pure=True, parameters=((a, b), (b, a)), indices=(0, 0), **common)
    spurious = CriticalPoint(stratum=((2,),), pure=False, parameters=((square, square),), indices=(1,), **common)
    others = [point for row, point in enumerate(result) if row != near and not point.pure]
    both = CriticalPoints.build(result.architecture, loss, [pure, spurious, *others], result.strata, seed=0)
    assert len(both) == generic.filters
    # Without asking for more than the points themselves, the first precision does.
    monkeypatch.setattr(point_proofs, "_decided", lambda _, point: point.real is not None)
    with monkeypatch.context() as once:
        once.setattr(certificates, "CERTIFICATION", replace(CERTIFICATION, more_bits=()))
        assert [reason for reason in certificate(both).reasons if reason] == ["not proved to differ from point 0"]
    proofs = certificate(both)
    assert proofs.reasons == (None,) * 5
    assert proofs.complete
    assert proofs.statement.distinct
    assert proofs.statement.ordered
    assert sum(point.box.precision > 64 for point in proofs.points) >= 2
    assert check_text(to_text(proofs)).statement == proofs.statement


def test_a_wide_enclosure_is_made_narrower_before_it_is_compared_with_the_point():
    # A real filter with a fourfold root and condition number 4e4: doubles decide everything, but tell it to 1e-9 only.
    arch = Architecture((2, 2, 2, 7), (1, 1, 1, 1))
    result = solve(arch, random_gaussian(arch, np.random.default_rng(random_loss_seed(0, 0))).loss)
    points = [point for point in result if point.stratum == ((4, 1, 1, 1, 1, 1),)]
    data = ExactData.of_doubles(result.loss.gram, result.loss.b, result.loss.constant)
    found = point_proofs.prove_all(arch, data, points, None, 1)
    assert len(found) == 45
    for point, proof in zip(points, found, strict=True):
        middles, radii = proof.enclosure
        assert radii.max() < 1e-9 * np.linalg.norm(point.filter)
        assert (abs(point.filter - middles) + radii).max() < 1e-9 * np.linalg.norm(point.filter)


def test_few_samples_are_proved_complete_from_the_samples():
    arch = Architecture((3, 2), (2, 1))
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((3, 5)), rng.standard_normal((3, 1))
    result = solve(arch, SquaredLoss.from_data(X, Y, arch), isolated=True)
    assert len(result) == generic_count(arch, rank=3).filters == 3
    proofs = certificate(result, samples=(X, Y))
    assert proofs.complete
    assert [row.generic for row in proofs.statement.strata] == [3]
    # Filters of residual zero have less loss than any isolated one.
    assert proofs.statement.global_minimum is None
    outcome = check_text(to_text(proofs))
    assert outcome.statement == proofs.statement
    # The rounded sums have full rank as exact numbers, so that nothing follows for all of them.
    rounded = certificate(result)
    assert rounded.reasons == (None,) * 3
    assert not rounded.complete
    assert "can be proved from the samples" in str(rounded)
    # Integers stay exact.
    X = rng.integers(-5, 6, (3, 5))
    result = solve(arch, SquaredLoss.from_data(X, Y.round(), arch), isolated=True)
    assert certificate(result).complete


def test_no_global_minimum_where_rounded_sums_make_the_gram_matrix_indefinite():
    # Of six samples the sums have rank 6. These are integers; where they are not, rounding does as here to the first.
    arch = Architecture((2, 2, 2), (2, 2, 1))
    rng = np.random.default_rng(0)
    X, Y = rng.integers(-4, 5, (6, 8)).astype(float), rng.integers(-4, 5, (6, 1)).astype(float)
    gram = X.T @ X
    gram[0, 0] -= 2.0**-46
    loss = SquaredLoss(gram, X.T @ Y[:, 0], float((Y**2).sum()))
    result = solve(arch, loss)
    proofs = certificate(result)
    assert proofs.complete
    assert proofs.statement.global_minimum is None
    assert "global minimum: not proved, as the Gram matrix has a negative eigenvalue" in str(proofs)
    of_samples = certificate(result, samples=(X, Y))
    assert of_samples.complete
    assert of_samples.statement.global_minimum == 0
    content = json.loads(to_text(proofs))
    content["statement"]["global_minimum"] = 0
    assert check_text(sealed(content)).failures


@pytest.mark.parametrize("options", [{"digits": 0}, {"digits": 1001}, {"digits": 2.5}, {"jobs": 0}])
def test_unusable_options(options):
    with pytest.raises(InputError, match=next(iter(options))):
        certify(solved((2, 2), (1, 1)), **options)


def test_results_do_not_depend_on_the_number_of_processes(monkeypatch):
    monkeypatch.setattr(point_proofs, "FEWEST_FOR_PROCESSES", 2)
    result = solved((2, 2, 2), (1, 2, 1))
    assert to_text(certificate(result, jobs=2)) == to_text(certificate(result))


# What is refused


@pytest.mark.parametrize("size", [1e-7, 1e-3])
def test_a_perturbed_point(size):
    result = solved((3, 2), (2, 1))
    row = first(result, lambda point: point.real)
    moved = result[row].filter + size * np.linalg.norm(result[row].filter) * np.array([1, -1, 1, 1, -1])
    wrong = points_with(result, {row: replace(result[row], filter=moved)})
    assert len(uncertified(wrong)) == 1
    assert not certificate(wrong).complete


@pytest.mark.parametrize("real", [True, False])
def test_a_duplicated_point(real):
    result = solved((3, 2), (2, 1))
    rows = [row for row, point in enumerate(result) if point.real is real]
    wrong = points_with(result, {rows[0]: result[rows[-1]]})
    proofs = certificate(wrong)
    assert proofs.result.counts.certified == len(result) - 1
    assert any("not proved to differ" in (reason or "") for reason in proofs.reasons)
    assert not proofs.complete
    again = [*proofs.points, proofs.points[0]]
    repeated = ProvedPoints(again, [None] * len(again), result.architecture.filter_size)
    assert not state(result.architecture, proofs.data, repeated).distinct


def test_a_point_with_the_conjugate_filter():
    result = solved((3, 2), (2, 1))
    row = first(result, lambda point: not point.real)
    wrong = points_with(result, {row: replace(result[row], filter=result[row].filter.conj())})
    assert uncertified(wrong)


def test_a_complex_point_called_real_and_a_real_one_called_complex():
    result = solved((3, 2), (2, 1))
    row = first(result, lambda point: point.real)
    point = replace(
        result[row], real=False, parameters=tuple(result[row].parameters)[:1], kinds=(None,), indices=(None,)
    )
    proofs = certificate(points_with(result, {row: point}))
    assert "proved to be real" in proofs.reasons
    row = first(result, lambda point: not point.real)
    point = replace(result[row], real=True, parameters=tuple([w.real for w in t] for t in result[row].parameters))
    assert len(uncertified(points_with(result, {row: point}))) == 1


@pytest.mark.parametrize("name", ["in_function_space", "attained", "interior", "smooth"])
def test_a_wrong_answer(name):
    result = solved((3, 2), (2, 1))
    row = first(result, lambda point: point.attained)
    proofs = certificate(points_with(result, {row: replace(result[row], **{name: not getattr(result[row], name)})}))
    assert [reason for reason in proofs.reasons if reason] == [f"{name} is proved to be true"]


def test_a_wrong_index_and_a_wrong_loss():
    result = solved((3, 2), (2, 1))
    row = first(result, lambda point: point.attained)
    point = replace(result[row], indices=tuple(index + 1 for index in result[row].indices))
    assert len(uncertified(points_with(result, {row: point}))) == 1
    point = replace(result[row], loss=result[row].loss * (1 + 1e-6))
    assert len(uncertified(points_with(result, {row: point}))) == 1


def test_a_summary_stays_short(monkeypatch):
    monkeypatch.setattr(certificates, "CERTIFICATION", replace(CERTIFICATION, most_reasons=2))
    result = solved((3, 2), (2, 1))
    wrong = points_with(result, {row: replace(point, filter=2 * point.filter) for row, point in enumerate(result)})
    assert "  and 8 more" in str(certificate(wrong))


def test_a_singular_point_is_not_certified():
    result = solved((2, 2), (1, 1))
    proofs = certificate(points_with(result, {0: replace(result[0], nonsingular=False, windings=(1,))}))
    assert proofs.reasons[0] == "a singular point"
    assert proofs.result.counts.certified == 4


def test_a_result_with_a_continuum_is_never_said_to_be_all():
    """Σ = I, b = 0: the isotropic filters are critical, though none of them is real or isolated."""
    result = solve(Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), np.zeros(4), 1.0))
    proofs = certificate(result)
    assert (len(result), result.counts.continua, result.counts.real_continua) == (0, 1, 0)
    assert not proofs.complete
    assert "these are all" not in str(proofs)
    assert "1 continuum, which is not certified" in str(proofs)
