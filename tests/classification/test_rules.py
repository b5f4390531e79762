"""The rules on arrays, for points of many data sets at once, against the solves of each data set."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from homotopy_lcn import Architecture, critical_points
from homotopy_lcn.classification import points as records
from homotopy_lcn.classification.rules import classify_real, distances_to_hyperroots, real_answers
from homotopy_lcn.classification.stratum_problem import StratumProblem
from homotopy_lcn.classification.tolerances import CLASSIFICATION
from homotopy_lcn.networks.binary_forms import multiply
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.solving import one_stratum, plain_data
from tests.small_networks import random_problem

SKEW = Architecture((3, 2), (2, 1))


@pytest.fixture
def kept(monkeypatch):
    """What the solves of a test classify: for each stratum the real points with their data and their records."""
    calls = defaultdict(list)

    def recorded(problem, found, *, kinds):
        answers = records.classify(problem, found, kinds=kinds)
        for row in np.flatnonzero(found.real):
            calls[problem.embedding].append(
                (problem, found.points[row].real, found.filters[row].real, answers.points[row])
            )
        return answers

    monkeypatch.setattr(plain_data, "plain_network", lambda architecture: None)
    monkeypatch.setattr(one_stratum, "classify", recorded)
    return calls


def together(entries):
    """The points of many data sets as one array, with the data of each point."""
    problems, points, filters, expected = zip(*entries, strict=True)
    data = (np.array([getattr(problem, name) for problem in problems]) for name in ("gram", "b", "constant"))
    problem = problems[0]
    return (
        StratumProblem(problem.arch, problem.embedding, problem.pattern, *data),
        np.array(points),
        np.array(filters),
        expected,
    )


@pytest.mark.parametrize(
    ("filters", "strides"), [((3, 3), (1, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 2, 2), (1, 1, 1)), ((3, 2), (2, 1))]
)
def test_each_point_is_classified_as_among_those_of_its_data(filters, strides, kept):
    """The real points of several data sets in one call, against the records of each solve."""
    arch = Architecture(filters, strides)
    for seed in range(4):
        critical_points(arch, random_problem(filters, strides, seed).loss)
    assert kept
    for entries in kept.values():
        problem, points, whole, expected = together(entries)
        found = classify_real(problem, points, whole)
        assert not found.doubtful.any()
        np.testing.assert_allclose(found.losses, [p.loss for p in expected], rtol=1e-10)
        for name in ("in_function_space", "attained", "smooth"):
            assert getattr(found, name).tolist() == [getattr(p, name) for p in expected], name
        assert found.interior.tolist() == [p.interior is True for p in expected]
        assert found.parameters.tolist() == [len(p.parameters) for p in expected]
        assert found.minima.tolist() == [p.kinds.count("minimum") for p in expected]
        for place, point in enumerate(expected):
            assert sorted(found.indices[found.owners == place]) == sorted(point.indices)


def test_a_point_alone_has_the_same_answers_as_among_others(kept):
    for seed in range(3):
        critical_points(Architecture((3, 3), (1, 1)), random_problem((3, 3), (1, 1), seed).loss)
    for entries in kept.values():
        problem, points, filters, _ = together(entries)
        whole = classify_real(problem, points, filters)
        for row in range(len(points)):
            rows = np.array([row])
            one = classify_real(problem.of_points(rows), points[rows], filters[rows])
            for name in ("losses", "in_function_space", "attained", "interior", "smooth", "parameters", "minima"):
                assert getattr(one, name)[0] == getattr(whole, name)[row], name


def problem_of(arch, pattern, targets):
    """A stratum with white data for each point, whose target is the filter of the point."""
    gram = np.tile(np.eye(arch.filter_size), (len(targets), 1, 1))
    return StratumProblem(arch, Embedding.of_pattern(arch, pattern), pattern, gram, targets, (targets**2).sum(axis=1))


def one_factor(arch, forms):
    """The problem and the points of a single block with simple roots."""
    return problem_of(arch, ((1,) * (forms.shape[1] - 1),), forms), np.insert(forms, 0, 1.0, axis=1)


@pytest.mark.parametrize("gap", [0, 1e-6, -1e-12, 1e-2])
@pytest.mark.parametrize("rest", [(1.0,), (1.0, 0.7), (1.0, 0.2, 3.0)])
def test_near_double_roots_are_not_settled(gap, rest):
    """Whether the two roots are real hangs on rounding. (The discriminant of the square is −4 gap |gap|.)"""
    form = multiply(np.array([1.0, -2 * 0.3, 0.3**2 + gap * abs(gap)]), np.array(rest))[None]
    degree = form.shape[1] - 1
    problem, points = one_factor(Architecture((2,) * degree, (1,) * degree), form)
    answers = real_answers(problem, points)
    assert answers.settled[0] == answers.apart[0] == (gap == 1e-2)
    if gap != 1e-2:
        assert not answers.attained[0]
        assert classify_real(problem, points, form).doubtful[0]


def test_roots_of_different_factors_may_be_close_but_are_told():
    """(x − 1)² (x − 1 − 10⁻⁶) with its roots of multiplicity two and one."""
    arch = Architecture((2, 2, 2), (1, 1, 1))
    embedding = Embedding.of_pattern(arch, ((2, 1),))
    forms = {2: [1.0, -1.0], 1: [1.0, -1.0 - 1e-6]}
    point = np.concatenate([[1.0], *(forms[factor.power] for factor in embedding.stratum.factors)])[None]
    w = multiply(np.array([1.0, -2.0, 1.0]), np.array(forms[1]))[None]
    answers = real_answers(problem_of(arch, ((2, 1),), w), point)
    assert (answers.settled[0], answers.apart[0]) == (True, False)
    assert (answers.in_function_space[0], answers.interior[0], len(answers.owners)) == (True, False, 3)


@pytest.mark.parametrize(("leading", "doubtful"), [(1e-7, True), (1e-5, False)])
def test_a_small_leading_coefficient_is_in_doubt_where_it_spoils_a_companion_matrix(leading, doubtful):
    form = np.array([[leading, 1.0, 0.5, -2.0]])
    problem, points = one_factor(Architecture((4,), (1,)), form)
    assert classify_real(problem, points, form).doubtful[0] == doubtful


def test_hardly_any_random_form_is_in_doubt():
    """Doubts cost time."""
    rng = np.random.default_rng(0)
    for degree in range(1, 7):
        forms = rng.normal(size=(2000, degree + 1))
        problem, points = one_factor(Architecture((degree + 1,), (1,)), forms)
        assert classify_real(problem, points, forms).doubtful.mean() <= 0.005


@pytest.mark.parametrize(("distance", "smooth"), [(0.0, False), (1e-9, False), (1e-5, True), (1e-1, True)])
def test_a_point_is_singular_where_the_hyperroot_of_the_upper_block_divides_the_lower_block(distance, smooth):
    """(x² + p x − 1)(x² − 2): x² − 1 is a hyperroot of the level of the upper block iff p = 0."""
    lower, upper = np.array([1.0, distance, -1.0]), np.array([1.0, -2.0])
    points = np.concatenate([[1.0], lower, upper])[None]
    problem = problem_of(SKEW, ((1, 1), (1,)), np.ones((1, 5)))
    far = distances_to_hyperroots(problem, points)
    assert far[0] == pytest.approx(distances_to_hyperroots(problem, points.astype(complex))[0], abs=1e-12)
    assert (far[0] > CLASSIFICATION.hyperroot) == smooth
    assert far[0] <= 2 * distance + 1e-15
