"""Certificates: what is proved, what is refused, and the check of their files."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import homotopy_lcn
from homotopy_lcn import (
    Architecture,
    CriticalPoint,
    CriticalPoints,
    InputError,
    SquaredLoss,
    certificate,
    certify,
    cli,
    generic_count,
)
from homotopy_lcn import critical_points as solve
from homotopy_lcn.certification import certificates, point_proofs
from homotopy_lcn.certification._flint import acb, acb_mat, arb, ctx
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.completeness import state
from homotopy_lcn.certification.conclusions import _inertia, conclude
from homotopy_lcn.certification.krawczyk_in_balls import BallEquations, Box, power_of_two
from homotopy_lcn.certification.point_proofs import prove_box
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.losses.random_data import random_gaussian, random_loss_seed
from homotopy_lcn.networks.binary_forms import dilate, multiply
from homotopy_lcn.networks.strata import Factor, Stratum
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


def points_with(result, changes):
    """The result with some points replaced, in the given order."""
    points = [changes.get(row, point) for row, point in enumerate(result)]
    return CriticalPoints.build(result.architecture, result.loss, points, result.strata, seed=result.seed)


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
    # Generic data have 6 points: with white data only the number of proved ones is a statement.
    assert not proofs.complete
    assert "2 of 6 proved" in str(proofs)
    assert "other paths, numerically: 4 to infinity" in str(proofs)


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


THIRDS = {
    "gram": [["1", "1/3", "0"], ["1/3", "1.1", "0.1"], ["0", "0.1", "2"]],
    "b": ["0.1", "-1/7", "1"],
    "constant": "2/3",
}


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
    monkeypatch.setattr(point_proofs, "FEWEST_TOGETHER", 1)
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
    monkeypatch.setattr(point_proofs, "_decided", lambda claims: claims.real is not None)
    with monkeypatch.context() as once:
        once.setattr(certificates, "MORE_BITS", ())
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


STRATA = [
    Stratum((Factor(2, 1, 1), Factor(1, 2, 1))),
    Stratum((Factor(2, 1, 1), Factor(2, 1, 2), Factor(1, 3, 2))),
    Stratum((Factor(1, 3, 1), Factor(2, 2, 3), Factor(1, 1, 6))),
]


@pytest.mark.parametrize("stratum", STRATA, ids=[stratum.name for stratum in STRATA])
def test_the_balls_hold_equations_and_their_derivatives(stratum):
    rng = np.random.default_rng(0)
    K, n = stratum.filter_size, stratum.dimension
    gram = rng.standard_normal((K, K))
    gram, b = gram + gram.T, rng.standard_normal(K)
    chart = tuple(factor.degree // 2 for factor in stratum.factors)
    middle = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    step = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    with ctx.workprec(300):
        equations = BallEquations(stratum, ExactData.of_doubles(gram, b, 1.0))
        x = [acb(value) for value in middle.tolist()]
        h = [acb(value) * power_of_two(-90) for value in step.tolist()]
        w = equations.filter(chart, x)
        values, jacobian = equations.linearized(chart, x)
        hessian = equations.hessian(chart, x)

        def loss(t):
            v = equations.filter(chart, [a + t * d for a, d in zip(x, h, strict=True)])
            column = acb_mat(K, 1, v)
            moment = sum((p * q for p, q in zip(equations.data.b, v, strict=True)), acb(0))
            return (column.transpose() * equations.data.gram * column)[0, 0] / 2 - moment

        # Differences of the loss: c times the equations (of c itself: once), and the Hessian.
        slope = sum(
            (d * value * (x[0] if i else 1) for i, (d, value) in enumerate(zip(h, values.entries(), strict=True))),
            acb(0),
        )
        assert abs((loss(1) - loss(-1)) / 2 - slope) < abs(slope) * power_of_two(-80)
        column = acb_mat(n, 1, h)
        curvature = (column.transpose() * hessian * column)[0, 0]
        assert abs(loss(1) - 2 * loss(0) + loss(-1) - curvature) < abs(curvature) * power_of_two(-80)
        # The Jacobian over a box encloses the slope between the middle and a point of the box.
        box = [a + acb(arb(0, abs(d)), arb(0, abs(d))) for a, d in zip(x, h, strict=True)]
        moved = equations.equations(chart, [a + d for a, d in zip(x, h, strict=True)]) - equations.equations(chart, x)
        enclosure = equations.linearized(chart, box)[1] * column
        assert all(y.overlaps(z) for y, z in zip(enclosure.entries(), moved.entries(), strict=True))
        error = (jacobian * column - moved).entries()
        assert all(abs(e) < abs(m) * power_of_two(-70) for e, m in zip(error, moved.entries(), strict=True))
        expected = np.array([complex(value.mid()) for value in w])
    product = middle[:1]
    position = 1
    for factor, one in zip(stratum.factors, chart, strict=True):
        q = np.insert(middle[position : position + factor.degree], one, 1)
        position += factor.degree
        for _ in range(factor.power):
            product = multiply(product, dilate(q, factor.dilation))
    assert np.allclose(product, expected, rtol=1e-13)


def test_inertia_is_that_of_the_eigenvalues():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 5, 8):
        for _ in range(5):
            basis = rng.standard_normal((n, n))
            matrix = basis @ np.diag(rng.choice([-1e-3, -1, 1, 10], n)) @ basis.T
            matrix = (matrix + matrix.T) / 2
            matrix[0, 0] = 0 if n > 3 else matrix[0, 0]  # no pivot then
            found = _inertia(acb_mat(n, n, matrix.ravel().tolist()))
            assert found == (np.linalg.eigvalsh(matrix) < 0).sum()
    assert _inertia(acb_mat(2, 2, [0, 1, 1, 0])) == 1
    assert _inertia(acb_mat(2, 2, [1, 1, 1, 1])) is None
    assert _inertia(acb_mat(2, 2, [1, 0, 0, arb(0, "1e-9")])) is None
    assert _inertia(acb_mat(2, 2, [arb(1, 2), 0, 0, 1])) is None


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
    assert not state(result.architecture, proofs.data, [*proofs.points, proofs.points[0]]).distinct


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
    monkeypatch.setattr(certificates, "MOST_REASONS", 2)
    result = solved((3, 2), (2, 1))
    wrong = points_with(result, {row: replace(point, nonsingular=False) for row, point in enumerate(result)})
    assert "  and 8 more" in str(certificate(wrong))


def test_a_singular_point_is_not_certified():
    result = solved((2, 2), (1, 1))
    proofs = certificate(points_with(result, {0: replace(result[0], nonsingular=False, windings=(1,))}))
    assert proofs.reasons[0] == "a singular point"
    assert proofs.result.counts.certified == 4


def test_a_point_1e_14_off_the_real_axis_is_not_called_real():
    # Squares c (1, t)², Σ = I: t is critical if b is orthogonal to p(t) = v' (v·v) − v (v'·v). For real b these are two
    # real conditions, by real and imaginary part of p: t = 1/2 + 2⁻⁴⁷ i is critical for the cross product of the two.
    def p(t):
        v, d = [1, 2 * t, t * t], [0, 2, 2 * t]
        vv, vd = sum(x * x for x in v), sum(x * y for x, y in zip(v, d, strict=True))
        return [y * vv - x * vd for x, y in zip(v, d, strict=True)], v, vv

    with ctx.workprec(2000):
        t = acb(arb("0.5"), power_of_two(-47))
        values, v, vv = p(t)
        left, right = [x.real for x in values], [x.imag / power_of_two(-47) for x in values]
        b = [acb(left[i - 2] * right[i - 1] - left[i - 1] * right[i - 2]) for i in range(3)]
        c = sum((x * y for x, y in zip(b, v, strict=True)), acb(0)) / vv
    data = ExactData.of(np.eye(3), [exactly(x.real) for x in b], 0)
    equations = BallEquations(Stratum((Factor(1, 2, 1),)), data)
    arch = Architecture((2, 2), (1, 1))
    for precision in (64, 128, 256, 512):
        for start in ([c, t], [acb(c.real), acb(t.real)]):
            with ctx.workprec(precision):
                x = [value.mid() for value in start]
                proof = prove_box(equations, (0,), x, precision)
                if proof is not None:
                    assert conclude(arch, equations, *proof).real is (None if precision < 128 else False)
                # Nor does a box that holds both of the pair prove anything.
                radii = (power_of_two(-20), power_of_two(-20))
                assert equations.prove(Box((0,), tuple(x), radii, precision)) is None
    with ctx.workprec(256):
        proof = prove_box(equations, (0,), [c.mid(), t.mid()], 256)
        assert conclude(arch, equations, *proof).real is False


# Files


@pytest.fixture(scope="module")
def text():
    return to_text(certificate(solved((3, 2), (2, 1))))


def sealed(content):
    """The text of a certificate with the digest that fits."""
    content.pop("digest")
    compact = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps({"digest": hashlib.sha256(compact.encode()).hexdigest(), **content})


def test_the_file_is_verified_from_data_and_boxes(text):
    outcome = check_text(text)
    assert outcome.failures == ()
    assert outcome.points == 10
    assert outcome.statement.complete
    assert check_text(sealed(json.loads(text))).failures == ()


def test_every_changed_digit_is_caught(text):
    digits = [i for i, character in enumerate(text) if character.isdigit()]
    for i in np.random.default_rng(0).choice(digits, 60, replace=False):
        changed = text[:i] + str((int(text[i]) + 1) % 10) + text[i + 1 :]
        with suppress(InputError):
            assert check_text(changed).failures


def boxed(content):
    return next(item for item in content["points"] if "middle" in item and item["claims"]["attained"])


def shifted(number):
    """A dyadic number a millionth larger, with a mantissa of the same size."""
    mantissa, exponent = number.split("*2^")
    return f"{int(mantissa) + int(mantissa) // 2**20}*2^{exponent}"


CHANGES = {
    "gram": lambda c: c["loss"]["gram"][0].__setitem__(0, "5*2^0"),
    "moment": lambda c: c["loss"]["b"].__setitem__(0, shifted(c["loss"]["b"][0])),
    "constant": lambda c: c["loss"].__setitem__("constant", shifted(c["loss"]["constant"])),
    "middle": lambda c: boxed(c)["middle"][1].__setitem__(0, shifted(boxed(c)["middle"][1][0])),
    "small radius": lambda c: boxed(c)["radii"].__setitem__(0, "1*2^-200"),
    "large radius": lambda c: boxed(c)["radii"].__setitem__(0, "1*2^9"),
    "negative radius": lambda c: boxed(c)["radii"].__setitem__(0, "-1*2^-20"),
    "loss": lambda c: boxed(c)["claims"].__setitem__("loss", ["0*2^0", "0*2^0"]),
    "loss radius": lambda c: boxed(c)["claims"].__setitem__("loss_radius", "0*2^0"),
    "real": lambda c: boxed(c)["claims"].__setitem__("real", None),
    "function space": lambda c: boxed(c)["claims"].__setitem__("in_function_space", False),
    "attained": lambda c: boxed(c)["claims"].__setitem__("attained", 1),
    "interior": lambda c: boxed(c)["claims"].__setitem__("interior", False),
    "smooth": lambda c: boxed(c)["claims"].__setitem__("smooth", False),
    "indices": lambda c: boxed(c)["claims"].__setitem__("indices", [7]),
    "pattern": lambda c: boxed(c)["claims"].__setitem__("exact_pattern", False),
    "generic": lambda c: c["statement"]["strata"][0].__setitem__("generic", 9),
    "proved": lambda c: c["statement"]["strata"][0].__setitem__("proved", 9),
    "complete": lambda c: c["statement"].__setitem__("complete", False),
    "global minimum": lambda c: c["statement"].__setitem__("global_minimum", 1),
    "ordered": lambda c: c["statement"].__setitem__("ordered", False),
    "complete, a number": lambda c: c["statement"].__setitem__("complete", 1),
    "global minimum, a double": lambda c: c["statement"].__setitem__("global_minimum", 0.0),
    "index, a double": lambda c: boxed(c)["claims"].__setitem__("indices", [float(boxed(c)["claims"]["indices"][0])]),
    "removed": lambda c: c["points"].pop(),
    "repeated": lambda c: c["points"].append(c["points"][0]),
    "conjugate": lambda c: c["points"][-1].__setitem__("conjugate_of", 0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_with_a_digest_that_fits_are_caught(text, name):
    content = json.loads(text)
    CHANGES[name](content)
    assert check_text(sealed(content)).failures


@pytest.mark.parametrize("place", ['"complete": true', '"real": true', '"version": 1'])
def test_a_key_that_is_there_twice(text, place):
    # Readers that take the first one would see the wrong answer.
    other = {"true": "false", "1": "2"}[place.split()[-1]]
    changed = text.replace(place, f"{place.split()[0]} {other}, {place}", 1)
    with pytest.raises(InputError, match="given twice"):
        check_text(changed)


@pytest.mark.parametrize("value", [True, 1.0])
def test_a_pattern_that_is_no_list_of_integers(text, value):
    content = json.loads(text)
    boxed(content)["pattern"][0][0] = value
    with pytest.raises(InputError, match="pattern"):
        check_text(sealed(content))


@pytest.mark.parametrize(
    "broken",
    ["", "{}", "[1]", '{"format": "homotopy-lcn/certificate", "version": 1}', "half"],
)
def test_unusable_files(text, broken):
    with pytest.raises(InputError):
        check_text(text[: len(text) // 2] if broken == "half" else broken)


# Command line


@pytest.fixture
def result_file(tmp_path):
    path = tmp_path / "result.json"
    solved((3, 2), (2, 1)).to_json(path)
    return path


def test_command_line(capsys, result_file, tmp_path):
    proof, marked = tmp_path / "proof.json", tmp_path / "marked.json"
    assert cli.main(["certify", str(result_file), "-o", str(proof), "--json", str(marked), "--digits", "30"]) == 0
    output = capsys.readouterr().out
    assert "10 of 10 points certified" in output
    assert "complete, proved" in output
    assert all(f"filter of point {row}:" in output for row in range(10))
    assert output.count(" i\n") == 5 * sum(not point.real for point in solved((3, 2), (2, 1)))
    assert CriticalPoints.from_json(marked).counts.certified == 10
    assert cli.main(["certify", "--check", str(proof)]) == 0
    assert "10 points verified" in capsys.readouterr().out
    proof.write_text(proof.read_text().replace('"version": 1,', '"version": 1, "more": 0,'))
    assert cli.main(["certify", "--check", str(proof)]) == 3
    assert "digest" in capsys.readouterr().err


def test_command_line_with_samples(capsys, result_file, tmp_path):
    problem = random_problem((3, 2), (2, 1))
    np.savez(tmp_path / "data.npz", X=problem.X, Y=problem.Y)
    np.savez(tmp_path / "other.npz", X=problem.X + 1, Y=problem.Y)
    np.savez(tmp_path / "gram.npz", gram=np.eye(5), b=np.ones(5))
    arguments = ["certify", str(result_file), "--data"]
    assert cli.main([*arguments, str(tmp_path / "data.npz"), "-o", "-"]) == 0
    assert check_text(capsys.readouterr().out).failures == ()
    for name in ("other", "gram"):
        assert cli.main([*arguments, str(tmp_path / f"{name}.npz")]) == 2
        assert capsys.readouterr().out == ""


def test_command_line_exit_codes(capsys, result_file, tmp_path):
    result = solved((3, 2), (2, 1))
    points_with(result, {0: result[1]}).to_json(result_file)
    assert cli.main(["certify", str(result_file)]) == 3
    assert "9 of 10 points certified" in capsys.readouterr().out
    for arguments in (
        [str(tmp_path / "nothing.json")],
        [str(result_file), "-o", str(tmp_path / "no" / "folder.json")],
        ["--check", str(result_file)],
        ["--check", str(result_file), "--digits", "3"],
        [str(result_file), "--digits", "2000"],
    ):
        assert cli.main(["certify", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith("homotopy-lcn: ")
        assert error.count("\n") == 1


def test_solve_exact_data(capsys, tmp_path):
    path, result = tmp_path / "data.json", tmp_path / "result.json"
    path.write_text(json.dumps(THIRDS))
    solve_it = ["solve", "-k", "2,2", "-s", "1,1", "--data", str(path)]
    assert cli.main([*solve_it, "--json", str(result), "--certify"]) == 0
    assert "5 of 5 points certified" in capsys.readouterr().out
    assert cli.main(["certify", str(result), "-o", "-"]) == 0
    text = capsys.readouterr().out
    assert '"1/3"' in text
    assert check_text(text).failures == ()
    content = json.loads(result.read_text())
    content["loss"]["exact"]["b"][0] = "1/9"
    result.write_text(json.dumps(content))
    assert cli.main(["certify", str(result)]) == 2
    assert "loss.exact" in capsys.readouterr().err


def test_solve_few_samples_and_certify(capsys, tmp_path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "few.npz", X=rng.standard_normal((3, 5)), Y=rng.standard_normal((3, 1)))
    arguments = ["solve", "-k", "3,2", "-s", "2,1", "--data", str(tmp_path / "few.npz"), "--isolated", "--certify"]
    assert cli.main(arguments) == 0
    assert "complete, proved" in capsys.readouterr().out


def test_solve_and_certify(capsys):
    assert cli.main(["solve", "-k", "2,2", "-s", "1,1", "--random", "--certify"]) == 0
    assert "5 of 5 points certified" in capsys.readouterr().out
    assert cli.main(["solve", "-k", "2,2", "-s", "2,1", "--white", "--certify", "--json", "-"]) == 3
    assert json.loads(capsys.readouterr().out)["counts"]["certified"] == 2


def test_without_python_flint(capsys, monkeypatch, result_file, text):
    proof = result_file.with_name("proof.json")
    proof.write_text(text)
    for name in (
        "_flint", "balls", "packing", "claims", "proofs", "statements", "certification", "certificate_file"
    ):  # fmt: skip
        monkeypatch.setattr(homotopy_lcn, name, sys.modules[f"homotopy_lcn.{name}"])  # put back afterwards
        monkeypatch.delitem(sys.modules, f"homotopy_lcn.{name}")
    monkeypatch.setitem(sys.modules, "flint", None)
    for arguments in ([str(result_file)], ["--check", str(proof)]):
        assert cli.main(["certify", *arguments]) == 2
        assert "pip install homotopy-lcn[certify]" in capsys.readouterr().err
    assert importlib.import_module("homotopy_lcn.certification.certificates").certify is not certify
