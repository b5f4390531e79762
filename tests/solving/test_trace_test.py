from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import trace_test as module
from homotopy_lcn.solving.computed_systems import solve_by_monodromy
from homotopy_lcn.solving.monodromy import seed_pair
from homotopy_lcn.solving.trace_test import trace_test
from homotopy_lcn.tracking import Homotopy, get_engine
from homotopy_lcn.tracking.settings import Tracking

ENGINE = get_engine("reference")
#: With a factor that moves freely, with powers, and with powers alone.
STRATA = [
    (Stratum((Factor(2, 1, 1), Factor(1, 1, 2))), 10),
    (Stratum((Factor(1, 1, 1), Factor(1, 2, 1))), 7),
    (Stratum((Factor(1, 2, 1),)), 4),
]


class NoEngine:
    """An engine that must not be asked."""

    name = "none"

    def track(self, *arguments, **keywords):
        raise AssertionError("a path is tracked")


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module", params=STRATA, ids=lambda pair: pair[0].name)
def solved(request, tmp_path_factory):
    stratum, count = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path_factory.mktemp("cache")))
        system = solve_by_monodromy(stratum, count, Tracking(ENGINE))
    return stratum, system.data, system.points


def second_differences(stratum, data, points, direction, step):
    """Second differences of the filters along a line of moment vectors, by paths."""
    filters = [equations_of(stratum).filters(points)]
    for sign in (-1, 1):
        target = Data(data.gram, data.b + sign * step * direction)
        moved = ENGINE.track(stratum, points, Homotopy(data, target), Tracking(ENGINE).options)
        assert moved.success.all()
        filters.append(equations_of(stratum).filters(moved.points))
    return (filters[1] - 2 * filters[0] + filters[2]) / step**2


def test_second_derivatives_are_those_of_differences_along_paths(solved):
    stratum, data, points = solved
    direction = generator(1).normal(size=len(data.b)) + 0j
    expected = second_differences(stratum, data, points, direction, 1e-4)
    for row, difference in enumerate(expected):
        found, size = module._sum_of_second_derivatives(equations_of(stratum), data, direction, points[row : row + 1])
        np.testing.assert_allclose(found, difference, atol=2e-5 * max(size, 1.0))


def test_it_takes_no_paths_and_does_not_depend_on_blocks_and_threads(solved, monkeypatch):
    stratum, data, points = solved
    whole = trace_test(stratum, data, points, Tracking(NoEngine(), rng=generator()))
    assert whole < 1e-12
    monkeypatch.setattr(module, "TRACED_TOGETHER", 1)
    parts = [trace_test(stratum, data, points, Tracking(NoEngine(), jobs=jobs, rng=generator())) for jobs in (1, 2)]
    assert parts[0] == parts[1] < 1e-12


def test_it_fails_if_a_point_is_missing_or_not_critical(solved):
    stratum, data, points = solved
    for missing in range(len(points)):
        rest = np.delete(points, missing, axis=0)
        assert trace_test(stratum, data, rest, Tracking(NoEngine(), rng=generator(missing))) > 1e-3
    wrong = points.copy()
    wrong[0, 0] *= 1.001
    assert trace_test(stratum, data, wrong, Tracking(NoEngine(), rng=generator())) == np.inf


def test_singular_points_fail():
    stratum = STRATA[0][0]
    point, data = seed_pair(stratum, generator())
    assert trace_test(stratum, Data(0 * data.gram, 0 * data.b), point, Tracking(NoEngine(), rng=generator())) == np.inf


def test_the_gram_matrix_of_a_computed_start_system_is_diagonal_and_b_has_norm_one(solved):
    _, data, _ = solved
    np.testing.assert_array_equal(data.gram, np.diag(np.diag(data.gram)))
    assert np.linalg.norm(data.b) == pytest.approx(1, rel=1e-12)
