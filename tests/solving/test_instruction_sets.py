"""Across instruction sets the labels of all points are equal, and the numbers agree: 200 data sets of eight kinds."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from degenerate_data import DEGENERATE

from homotopy_lcn import Architecture, SquaredLoss, critical_points
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.losses.random_data import random_gaussian, random_white
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.solving.start_systems import StartSystems
from homotopy_lcn.tracking.refinement import refine

native = pytest.importorskip("homotopy_lcn.tracking.native")

SETS = native.NativeEngine.instruction_sets()
NETWORKS = [((2, 2), (2, 1)), ((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1))]
KINDS = {
    "gaussian": lambda arch, draw, rng: random_gaussian(arch, rng).loss,
    "white": lambda arch, draw, rng: random_white(arch, rng).loss,
    **DEGENERATE,
}
DRAWS = 5
#: Relative to the largest coefficient of a filter, and to the sizes of the losses. The page on reliability states them.
SAME_FILTER, SAME_LOSS = 1e-9, 1e-12
#: Kinds whose solves take a second or more on the larger networks.
SLOW = {"ties", "periodic", "dead channel", "copied channel"}


def cases():
    for kind in KINDS:
        for network in NETWORKS:
            marks = [pytest.mark.slow] if kind in SLOW and network != NETWORKS[1] else []
            yield pytest.param(kind, network, marks=marks, id=f"{kind}-{network}")


@pytest.mark.parametrize("chosen", SETS)
def test_points_are_refined_by_the_instruction_set_of_the_engine(chosen, monkeypatch):
    """Also deep in the classification, in the infimum of special data, and never after the solve."""
    used = Counter()

    def counted(name):
        call = getattr(native._native, name)

        def run(**arguments):
            used[name, arguments["instruction_set"]] += 1
            return call(**arguments)

        return run

    for name in ("refine", "track", "track_along"):
        monkeypatch.setattr(native._native, name, counted(name))
    arch = Architecture((2, 2), (1, 1))
    nothing_seen = SquaredLoss(np.diag([1.0, 1.0, 0.0]), [1.0, 2.0, 0.0], 7.0)
    for loss in (random_white(arch, np.random.default_rng(1)).loss, nothing_seen):
        critical_points(arch, loss, engine=f"native:{chosen}", isolated=True, start_systems=StartSystems())
    assert {name for name, _ in used} == {"refine", "track", "track_along"}
    assert {instruction_set for _, instruction_set in used} == {chosen}
    used.clear()
    problem = stratum_problem(arch)
    refine(problem.equations, problem.points, problem.data)
    assert set(used) == {("refine", "")}


def stratum_problem(arch):
    """Points of a stratum that are no critical points; any serve to see who refines them."""
    equations = equations_of(Embedding.of_pattern(arch, ((1, 1),)).stratum)
    points = np.random.default_rng(0).standard_normal((2, equations.stratum.coordinates)).astype(complex)
    return SimpleNamespace(equations=equations, points=points, data=Data(np.eye(3), np.ones(3)))


def about_the_whole(result):
    continua = sorted((part.pattern, part.dimension, str(part.real), str(part.attained), str(part.kind))
                      for part in result.continua)  # fmt: skip
    strata = [(row.pattern, row.found, row.at_infinity, row.singular, row.origin) for row in result.strata]
    return result.complete, result.counts, strata, continua, result.infimum.attained


def about_a_point(point):
    return (point.stratum, point.real, point.attained, point.interior, point.smooth, point.multiplicity,
            sorted(map(str, zip(point.kinds, point.indices, strict=True))))  # fmt: skip


def assert_same_points(found, expected):
    """Each point has one partner with its labels. Points of equal loss may stand in another order."""
    left = list(found.points)
    for point in expected.points:
        size = np.abs(point.filter).max()
        same = [other for other in left if np.abs(other.filter - point.filter).max() <= SAME_FILTER * size]
        same = [other for other in same if about_a_point(other) == about_a_point(point)]
        assert same
        assert abs(same[0].loss - point.loss) <= SAME_LOSS * (abs(point.loss) + abs(expected.loss.constant))
        left = [other for other in left if other is not same[0]]
    assert not left


@pytest.mark.skipif(len(SETS) < 2, reason="one instruction set only")
@pytest.mark.parametrize(("kind", "network"), list(cases()))
def test_labels_are_equal_and_numbers_agree(kind, network):
    arch = Architecture(*network)
    for draw in range(DRAWS):
        loss = KINDS[kind](arch, draw, np.random.default_rng([draw, 7]))
        results = []
        for name in SETS:
            results.append(critical_points(arch, loss, engine=f"native:{name}", isolated=True))
            assert results[-1].computed_with["instruction_set"] == name
        for result in results[1:]:
            assert about_the_whole(result) == about_the_whole(results[0])
            assert_same_points(result, results[0])
