"""The rules of the robustness benchmark: right answers made by hand keep them, wrong ones do not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points

pytest.importorskip("homotopy_lcn.tracking._native")

import benchmark_robustness
import independent_rules
from data_kinds import loss_of
from degenerate_data import DEGENERATE, coefficients, tied_matrix
from independent_rules import Answer, judge
from plain_loss import PlainLoss

NETWORKS = [
    ((2, 2), (1, 1)), ((3, 2), (2, 1)), ((3, 2), (7, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 1, 2, 1, 2), (1, 2, 1, 2, 1)),
]  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def plain_of(shape, loss):
    return PlainLoss(*shape, loss.gram, loss.b, loss.constant)


def random_plain(shape, rng):
    size = Architecture(*shape).filter_size
    samples = rng.standard_normal((2 * size, size + 1))
    gram = samples.T @ samples
    return PlainLoss(*shape, gram[:-1, :-1], gram[:-1, -1], gram[-1, -1])


# Hand-made answers for ‖w − u‖² where w is a matrix of rank one: filters of size m and n that do not overlap.


def matrix_loss(matrix):
    rows, columns = matrix.shape
    target = matrix.T.ravel()
    return PlainLoss((rows, columns), (rows, 1), np.eye(matrix.size), target, float(target @ target))


def pair(plain, left, right, kind, index, **changes):
    """The point left ⊗ right, a list of one θ."""
    theta = plain.split(plain.balanced(np.concatenate([left, right]).astype(float)))
    w = plain.product(theta)
    values = {
        "filter": w.astype(complex), "real": True, "loss": plain.at_filter(w), "parameters": (tuple(theta),),
        "kinds": (kind,), "indices": (index,), "nonsingular": True, "isolated": True, "condition": 10.0,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def claim(points=(), continua=(), best=None, **changes):
    infimum = None if best is None else SimpleNamespace(value=best.loss, attained=True)
    values = {"points": tuple(points), "continua": tuple(continua), "complete": True, "global_minimum": best}
    return SimpleNamespace(**{**values, "infimum": infimum, **changes})


def continuum(points, kind):
    loss = points[0].loss
    return SimpleNamespace(points=points, loss=loss, dimension=1, real=True, attained=True, kind=kind)


SIMPLE = matrix_loss(np.diag([2.0, 1.0]))
TIED = matrix_loss(np.diag([2.0, 2.0, 1.0]))
E = np.eye(3)


def simple_points(**changes):
    """The two singular pairs of diag(2, 1), of losses 1 and 4; ``changes`` are those of the minimum."""
    e, f = np.eye(2)
    return pair(SIMPLE, 2 * e, e, "minimum", 0, **changes), pair(SIMPLE, f, f, "saddle", 1)


def circle(**changes):
    """Minima of loss 5 on the circle of diag(2, 2, 1)."""
    points = [pair(TIED, 2 * v, v, "degenerate", 0) for v in (E[0], E[1], np.array([0.6, 0.8, 0.0]))]
    ring = continuum(tuple(points), "minimum")
    return SimpleNamespace(**{**vars(ring), **changes})


def saddle_of_tied():
    return pair(TIED, E[2], E[2], "saddle", 2)


def outcome(plain, result):
    verdict = judge(plain, result, np.random.default_rng(0))
    return verdict.outcome, " | ".join(verdict.remarks)


def test_right_answers_are_right():
    points = simple_points()
    assert outcome(SIMPLE, claim(points, best=points[0])) == ("right", "")
    ring = circle()
    assert outcome(TIED, claim([saddle_of_tied()], [ring], best=ring.points[0])) == ("right", "")
    without_names = claim([saddle_of_tied()], [ring])
    assert outcome(TIED, without_names) == ("right", "")


def test_answers_that_leave_something_open_are_incomplete():
    points = simple_points()
    assert outcome(SIMPLE, claim(points[:1], complete=False)) == ("incomplete", "")
    assert outcome(TIED, claim([saddle_of_tied()], [circle(real=None)])) == ("incomplete", "")
    assert outcome(TIED, claim([saddle_of_tied()], [circle(attained=None)])) == ("incomplete", "")
    # As results without continua list them: one point for each, which is not isolated.
    ring = circle()
    stands_for_it = pair(TIED, 2 * E[0], E[0], "degenerate", 0, isolated=False, stratum=((1, 1, 1), (1, 1)))
    assert outcome(TIED, claim([saddle_of_tied(), stands_for_it], infimum=None)) == ("incomplete", "")
    assert outcome(TIED, claim([saddle_of_tied()], [ring], complete=False)) == ("incomplete", "")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"loss": 1.1}, "loss 1.1 of a filter"),
        ({"kinds": ("saddle",)}, "a saddle without negative eigenvalues"),
        ({"indices": (1,)}, "index 1 where 0"),
        ({"kinds": ("degenerate",)}, "a degenerate point, the smallest eigenvalue"),
        ({"filter": np.array([2.0, 1e-3, 0, 0], complex)}, "parameters of another filter"),
        ({"parameters": ((np.array([1.4, 0.0]), np.array([1.4, 0.01])),)}, "gradient"),
    ],
)
def test_a_wrong_point_is_found(changes, what):
    verdict, remarks = outcome(SIMPLE, claim(simple_points(**changes), complete=False))
    assert verdict == "wrong"
    assert what in remarks


def test_a_wrong_global_minimum_is_found():
    minimum, saddle = simple_points()
    assert "the global minimum is a saddle" in outcome(SIMPLE, claim([minimum, saddle], best=saddle))[1]
    for value, what in (
        (4.0, "below the infimum"),
        (-0.1, "below the loss 0 of all filters"),
        (5.1, "above the loss 5"),
    ):
        infimum = SimpleNamespace(value=value, attained=True)
        assert what in outcome(SIMPLE, claim([minimum, saddle], best=minimum, infimum=infimum))[1]
    infimum = SimpleNamespace(value=1.0, attained=False)
    remarks = outcome(SIMPLE, claim([minimum, saddle], best=minimum, infimum=infimum))[1]
    assert "though the infimum is not attained" in remarks
    assert "though Σ is positive definite" in remarks


def test_missing_points_are_found():
    minimum, saddle = simple_points()
    without_minimum = outcome(SIMPLE, claim([saddle]))[1]
    assert "a descent ends at 1, where no minimum is listed" in without_minimum
    assert "1 real isolated points, 2 simple singular values" in without_minimum
    assert "0 isolated minima instead of 1" in without_minimum
    assert "a descent ends at" in outcome(SIMPLE, claim([], best=saddle))[1]
    assert "the gradient vanishes at an isolated point of loss 4" in outcome(SIMPLE, claim([minimum]))[1]
    moved = pair(SIMPLE, np.array([2.0, 0.0]), np.array([1.0, 1e-3]), "minimum", 0)
    assert "that is not listed" in outcome(SIMPLE, claim([moved, saddle]))[1]


def test_points_listed_twice_or_without_conjugates_are_found():
    minimum, saddle = simple_points()
    assert "listed twice" in outcome(SIMPLE, claim([minimum, minimum, saddle], complete=False))[1]
    complex_ = [
        SimpleNamespace(
            filter=np.array([1, sign * 1j, 0, 0]), real=False, loss=1 + 1j, parameters=(), kinds=(), indices=(),
            nonsingular=True, isolated=True, condition=1.0,
        )
        for sign in (1, -1)
    ]  # fmt: skip
    assert list(independent_rules.unpaired(Answer.of(claim(complex_)))) == []
    for odd in (complex_[:1], [*complex_, complex_[0]]):
        assert "without its conjugate" in next(independent_rules.unpaired(Answer.of(claim(odd))))
    assert "a non-real isolated point of a matrix" in outcome(SIMPLE, claim([minimum, saddle, *complex_]))[1]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"loss": 5.1}, "a point has loss 5"),
        ({"dimension": 2}, "dimension 2 instead of 1"),
        ({"dimension": 0}, "dimension 0"),
        ({"kind": "saddle"}, "saddle instead of minimum"),
        ({"real": False}, "not real, with a real point"),
        ({"points": ()}, "real, without a point"),
        ({"attained": False}, "not attained"),
    ],
)
def test_a_wrong_continuum_is_found(changes, what):
    verdict, remarks = outcome(TIED, claim([saddle_of_tied()], [circle(**changes)]))
    assert verdict == "wrong"
    assert what in remarks


def test_continua_at_isolated_points_and_isolated_points_on_continua_are_found():
    minimum, saddle = simple_points()
    remarks = outcome(SIMPLE, claim([saddle], [continuum((minimum,), "minimum")]))[1]
    assert "a point has a regular Hessian" in remarks
    assert "where no singular values are equal" in remarks
    on_circle = pair(TIED, 2 * E[0], E[0], "degenerate", 0)
    remarks = outcome(TIED, claim([saddle_of_tied(), on_circle]))[1]
    assert "listed as isolated lies on a real continuum" in remarks
    assert "no real continuum of loss 5, where 2 singular values are equal" in remarks
    assert "a descent ends at a continuum of loss 5 that is not listed" in remarks


def test_continua_of_saddles_are_looked_for_in_networks_of_any_kind():
    # Σ = diag(2, 1, 2), b = (1, 0, 1), stride one: a circle of filters of loss c − 1/2.
    plain = PlainLoss((2, 2), (1, 1), np.diag([2.0, 1.0, 2.0]), np.array([1.0, 0.0, 1.0]), 2.0)
    remarks = outcome(plain, claim())[1]
    assert "continuum of loss 1.5" in remarks


def test_degenerate_points_that_are_isolated_lie_on_no_continuum():
    # The target (x + y)² has a double root: there dμ drops rank, and the two orders of two roots near it come together.
    plain = PlainLoss((2, 2), (1, 1), np.eye(3), np.array([1.0, 2.0, 1.0]), 6.0)
    theta = np.ones(4)
    assert np.abs(plain.inertia(theta)).min() < 1e-12
    assert not plain.continues(theta)
    assert TIED.continues(np.concatenate([2 * E[0], E[0]]))
    assert not SIMPLE.continues(np.array([2.0, 0, 1, 0]))
    near = matrix_loss(np.diag([1 + 1e-10, 1.0]))
    assert not near.continues(np.full(4, np.sqrt(0.5)))


def test_zero_moments_have_no_real_critical_filter_but_zero():
    plain = PlainLoss((2, 2), (1, 1), np.diag([1.0, 2.0, 3.0]), np.zeros(3), 2.0)
    right = claim(infimum=SimpleNamespace(value=2.0, attained=True))
    assert outcome(plain, right) == ("right", "")
    assert "instead of 2" in outcome(plain, claim(infimum=SimpleNamespace(value=1.0, attained=True)))[1]
    point = pair(plain, np.ones(2), np.ones(2), "minimum", 0)
    remarks = outcome(plain, claim([point]))[1]
    assert "a real critical filter for b = 0" in remarks
    assert "an isolated point for b = 0" in remarks


def test_infima_that_are_not_attained(monkeypatch):
    # The loss of (1/e, 1, 1, e) tends to 0 with e.
    plain = PlainLoss((2, 2), (2, 1), np.diag([0.0, 1.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0]), 2.0)

    def remarks(value, attained):
        answer = Answer.of(claim(infimum=SimpleNamespace(value=value, attained=attained)))
        found = list(independent_rules.wrong_infimum(plain, answer))
        return found + list(independent_rules.against_infimum(plain, answer, np.random.default_rng(0)))

    assert remarks(0.0, False) == []
    assert remarks(0.0, True) == ["infimum 0, attained, without a point"]
    monkeypatch.setattr(independent_rules, "STARTS_TO_INFINITY", 2)
    assert remarks(-0.1, False)[0] == "infimum -0.1 below the loss 0 of all filters"
    assert "no descent comes near" in remarks(-0.1, False)[1]
    answer = Answer.of(claim(infimum=SimpleNamespace(value=1.0, attained=False)))
    assert list(independent_rules.against_infimum(SIMPLE, answer, np.random.default_rng(0))) == [
        "a descent attains the infimum 1"
    ]


def test_singular_values_in_groups():
    values, multiplicities = independent_rules.distinct(np.array([2.0, 2.0 - 1e-13, 1.0, 1e-14]))
    np.testing.assert_allclose(values, [2, 1])
    assert multiplicities.tolist() == [2, 1]
    assert independent_rules.distinct(np.array([2.0, 2.0 - 1e-10]))[1].tolist() == [1, 1]
    assert independent_rules.distinct(np.zeros(2))[1].tolist() == []


def test_tensors_have_at_most_so_many_points():
    plain = PlainLoss((2, 2, 2), (2, 2, 1), np.eye(8), np.arange(1.0, 9.0), 204.0)
    points = [SimpleNamespace(nonsingular=True)] * 7
    answer = SimpleNamespace(isolated=points)
    assert "7 isolated points" in next(independent_rules.against_singular_values(plain, answer))
    assert list(independent_rules.against_singular_values(plain, SimpleNamespace(isolated=points[:6]))) == []


def test_answers_for_data_read_backwards_are_compared():
    loss = loss_of(Architecture((3, 2), (2, 1)), "white", 0, 0)
    one, same = (
        Answer.of(critical_points(Architecture((3, 2), (2, 1)), each))
        for each in (loss, benchmark_robustness.backwards(loss))
    )
    assert list(independent_rules.read_backwards(one, same, 1.0)) == []
    assert list(independent_rules.read_backwards(one, one, 1.0)) == ["backwards: other points"]
    fewer = Answer.of(claim(same.isolated[1:]))
    assert "9 instead of 10 nonsingular points" in next(independent_rules.read_backwards(one, fewer, 1.0))
    rings = Answer.of(claim([], [circle()])), Answer.of(claim())
    assert "real continua" in next(independent_rules.read_backwards(*rings, 9.0))
    undecided = Answer.of(claim([], [circle(real=None)]))
    assert list(independent_rules.read_backwards(rings[0], undecided, 9.0)) == []


# The loss by plain convolution


@pytest.mark.parametrize("shape", NETWORKS)
def test_plain_loss_is_the_loss_and_its_derivatives_are_differences(shape, rng):
    plain = random_plain(shape, rng)
    theta = rng.standard_normal(sum(shape[0]))
    value, gradient = plain.value_and_gradient(theta)
    loss = SquaredLoss(plain.gram, plain.b, plain.constant)
    assert value == pytest.approx(loss(plain.filter(theta)))
    steps = 1e-5 * np.eye(len(theta))
    differences = [plain.value_and_gradient(theta + h)[0] - plain.value_and_gradient(theta - h)[0] for h in steps]
    np.testing.assert_allclose(np.array(differences) / 2e-5, gradient, rtol=0, atol=1e-6 * np.abs(gradient).max())
    bent = [plain.value_and_gradient(theta + h)[1] - plain.value_and_gradient(theta - h)[1] for h in steps]
    hessian = plain.hessian(theta)
    np.testing.assert_allclose(np.array(bent) / 2e-5, hessian, rtol=0, atol=1e-6 * np.abs(hessian).max())
    assert plain.floor == pytest.approx(loss(loss.target)) or len(plain.used) < len(plain.b)


@pytest.mark.parametrize("shape", NETWORKS)
def test_descents_end_at_minima_and_zeros_of_the_gradient_are_found(shape, rng):
    plain = random_plain(shape, rng)
    limit = plain.descend(rng)
    assert limit.slope < 1e-7
    assert limit.eigenvalues.min() > 0
    slopes = [plain.slope(plain.settle(rng)) for _ in range(20)]
    assert sum(slope < 1e-10 for slope in slopes) >= 2


@pytest.mark.parametrize("shape", NETWORKS)
def test_the_inertia_in_many_digits_is_that_in_doubles(shape, rng):
    plain = random_plain(shape, rng)
    for _ in range(3):
        theta = plain.descend(rng).theta
        sharp = plain.sharp_inertia(theta)
        np.testing.assert_allclose(sharp, plain.inertia(theta), rtol=0, atol=1e-9)
        assert not plain.in_a_valley(theta)
        assert plain.sharp_inertia(theta * np.linspace(1, 1.1, len(theta))) is None


def test_descents_in_a_valley_without_an_end_are_told():
    """The loss falls by 1e-9 a unit of length for ever; descents stop somewhere, and miss no minimum there."""
    filters, strides = (6, 2), (2, 1)
    loss = loss_of(Architecture(filters, strides), "dead channel", 102, 0)
    plain = PlainLoss(filters, strides, loss.gram, loss.b, loss.constant)
    rng = np.random.default_rng([102, 1])
    limits = [plain.descend(rng) for _ in range(12)]
    valley = [abs(limit.loss - 2.69634588) < 1e-7 for limit in limits]
    assert [plain.in_a_valley(limit.theta) for limit in limits] == valley
    assert 0 < sum(valley) < 12


@pytest.mark.parametrize("shape", NETWORKS)
@pytest.mark.parametrize("kind", ["gaussian", "white", "on M"])
def test_answers_for_ordinary_data_keep_the_rules(shape, kind):
    arch = Architecture(*shape)
    loss = loss_of(arch, kind, 1, 0)
    assert outcome(plain_of(shape, loss), critical_points(arch, loss)) == ("right", "")


# The data, and the benchmark


@pytest.mark.parametrize("shape", NETWORKS)
@pytest.mark.parametrize("kind", DEGENERATE)
def test_degenerate_data_depend_on_kind_and_draw_alone_and_are_what_they_are_called(shape, kind):
    arch = Architecture(*shape)
    for draw in range(12):
        loss, again = loss_of(arch, kind, draw, 0), loss_of(arch, kind, draw, 0)
        assert np.array_equal(loss.gram, again.gram)
        assert np.array_equal(loss.b, again.b)
        inner = loss.gram[np.ix_(coefficients(arch), coefficients(arch))]
        rank = np.linalg.matrix_rank(inner, tol=1e-10 * max(np.linalg.norm(inner, 2), 1e-300))
        if kind in ("dead channel", "copied channel"):
            assert rank < len(inner)
        elif kind == "zero target":
            assert not loss.b.any()
        elif kind == "periodic":
            assert abs(loss(loss.target)) < 1e-9 * loss.constant or loss.rank == arch.filter_size
        else:
            assert rank == len(inner)


def test_tied_matrices_have_tied_singular_values(rng):
    for variant in range(6):
        values = np.linalg.svd(tied_matrix(4, 3, variant, rng, 0.0), compute_uv=False)
        assert independent_rules.distinct(values)[1].max() > 1 or variant == 5
    near = np.linalg.svd(tied_matrix(4, 3, 1, rng, 1e-8), compute_uv=False)
    np.testing.assert_allclose(np.diff(near), [-1e-8, -1e-8], rtol=1e-6)


def test_outcomes_of_degenerate_data_are_counted_and_times_compared(monkeypatch):
    shape = ((2, 3), (2, 1))
    tallies = {kind: benchmark_robustness.Tally(kind) for kind in ("gaussian", "near ties")}
    for kind, tally in tallies.items():
        for draw in range(2):
            tally.add(benchmark_robustness.solve(shape, kind, draw, 0)[0])
    near = tallies["near ties"]
    assert (near.solves, near.right, near.contradicting, near.refused, near.remarks) == (2, 2, 0, 0, [])
    assert {name: len(times) for name, times in near.times.items()} == {"(2,3),(2,1)": 2}
    near.times, tallies["gaussian"].times = {"a": [3.0, 1.0, 2.0], "b": [9.0]}, {"a": [1.0], "b": [1.0]}
    rows = benchmark_robustness.report_of_degenerate(list(tallies.values())).splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells[0][:6] == ["gaussian", "2", "–", "–", "–", "–"]
    assert cells[1] == ["near ties", "2", "2", "0", "0", "0", "0", "0", "2 500", "5.5", "9"]

    wrong = independent_rules.Verdict("wrong", ["a reason"])
    monkeypatch.setattr(benchmark_robustness, "judge", lambda *args: wrong)
    tally, _ = benchmark_robustness.solve(shape, "near ties", 1, 0)
    assert (tally.right, tally.contradicting) == (0, 1)
    assert tally.remarks == ['"(2,3),(2,1)" "near ties" 1: WRONG: a reason']


def test_refused_data_are_incomplete_and_not_wrong(monkeypatch):
    def refuse(*args, **options):
        raise benchmark_robustness.InputError("loss: too small a rank")

    monkeypatch.setattr(benchmark_robustness, "solved", refuse)
    tally, text = benchmark_robustness.solve(((2, 2), (1, 1)), "periodic", 0, 0)
    assert (tally.solves, tally.refused, tally.right, tally.contradicting) == (1, 1, 0, 0)
    assert text == "refused: loss: too small a rank"
    with pytest.raises(benchmark_robustness.InputError):
        benchmark_robustness.solve(((2, 2), (1, 1)), "gaussian", 0, 0)


def test_a_solve_that_breaks_down_is_wrong(monkeypatch):
    def fail(*args, **options):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(benchmark_robustness, "solved", fail)
    tally, text = benchmark_robustness.solve(((2, 2), (1, 1)), "periodic", 0, 0)
    assert (tally.solves, tally.contradicting, tally.right) == (1, 1, 0)
    assert text == '"(2,2),(1,1)" "periodic" 0: WRONG: LinAlgError: Singular matrix'


def test_isolated_parameters_over_a_filter_of_a_continuum_are_no_missing_point():
    """−e_4 lies on the circle of minima through other parameters."""
    arch = Architecture((3, 2, 2), (2, 2, 1))
    plain = PlainLoss(arch.filters, arch.strides, np.eye(9), np.array([0.0, 1, 0, 0, -1, 0, 0, 0, 0]), 2.0)
    isolated = np.array([0.0, 0, 1, 0, 1, -1, 0])
    assert plain.slope(isolated) < 1e-12
    assert np.abs(plain.inertia(isolated)).min() > independent_rules.STRICT
    assert independent_rules.lies_on_continuum(plain, plain.filter(isolated))
    other = np.random.default_rng(0).standard_normal(9)
    assert not independent_rules.lies_on_continuum(plain, other)


def test_rounding_of_parameters_far_along_the_kernel_is_no_gradient():
    """All filters (t, 1 − t) fit perfectly; in double precision Σw is b up to roundings of t."""
    row = np.array([1.0, 1.0]) / 3
    plain = PlainLoss(
        (2, 2), (1, 1), np.outer([*row, 0], [*row, 0]) + np.diag([0.0, 0, 1]), np.array([*row, 0]) / 3, 1.0
    )
    theta = np.array([np.pi * 1e5, 1 - np.pi * 1e5, 1.0, 0.0])
    assert plain.slope(theta) > independent_rules.SLOPE
    assert plain.slope(theta, stored=True) <= 0
    assert plain.slope(theta + np.array([1e-6, 0, 0, 0]), stored=True) > independent_rules.SLOPE
