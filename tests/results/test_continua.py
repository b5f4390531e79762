"""Records of continua and infima: what they say, counts, files, equality."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest

from homotopy_lcn.results.continua import UNDECIDED, Continuum, Infimum
from homotopy_lcn.results.infimum import with_minima_of_least_loss
from tests.results.forgeries import unchecked
from tests.results.test_result import SPURIOUS, build, complex_point, real_point

ON_CURVE = {"isolated": False, "nonsingular": False, "kinds": ("minimum", "minimum"), "indices": (0, 0)}


def continuum(points=(), **answers):
    points = points or [real_point(0.25, **ON_CURVE)]
    values = {
        "pattern": points[0].stratum,
        "dimension": 1,
        "loss": points[0].loss,
        "real": True,
        "attained": True,
        "kind": "minimum",
        "points": tuple(points),
    }
    return Continuum(**(values | answers))


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ({}, "curve of minima, loss 0.25, real"),
        ({"dimension": 2, "kind": "saddle"}, "surface of saddles, loss 0.25, real"),
        ({"dimension": 3, "kind": "degenerate"}, "set of dimension 3, degenerate, loss 0.25, real"),
        ({"attained": False, "kind": None}, "curve, loss 0.25, real, not attained"),
        ({"attained": None, "kind": None}, "curve, loss 0.25, real, perhaps attained"),
        ({"real": False, "attained": False, "kind": None}, "curve, loss 0.25, without real points"),
        ({"real": None, "attained": None, "kind": None}, "curve, loss 0.25, undecided whether real"),
        ({"loss": 1 + 2j, "real": False, "attained": False, "kind": None}, "curve, loss 1+2j, without real points"),
    ],
)
def test_a_continuum_is_described_in_one_line(answers, text):
    assert continuum(**answers).describe() == text


def test_only_minima_are_minima():
    assert continuum().minimum
    assert not any(continuum(kind=kind).minimum for kind in ("saddle", "degenerate", None))


def test_continua_are_equal_if_all_attributes_are():
    assert continuum() == continuum()
    assert pickle.loads(pickle.dumps(continuum())) == continuum()
    for other in ({"dimension": 2}, {"loss": 0.5}, {"real": None}, {"kind": "saddle"}, {"points": (real_point(),)}):
        assert continuum() != continuum(**other)


def test_counts_count_continua_apart():
    result = build([real_point()], continua=[continuum(), continuum(real=None), continuum(real=False)])
    assert (result.counts.continua, result.counts.real_continua) == (3, 1)
    assert (result.counts.found, result.counts.real, result.counts.minima) == (build([real_point()]).counts.found, 1, 1)


def complex_curve():
    return continuum(
        [complex_point(1 - 2j, isolated=False)], real=False, attained=False, kind=None, pattern=SPURIOUS, dimension=2
    )


@pytest.mark.parametrize("infimum", [Infimum(0.25, True), Infimum(-1.0, False), UNDECIDED])
def test_files_keep_continua_and_the_infimum(tmp_path, infimum):
    result = build([real_point()], continua=[continuum(), complex_curve()], infimum=infimum)
    result.to_json(tmp_path / "result.json")
    again = unchecked(tmp_path / "result.json")
    assert again == result
    assert again.continua == result.continua
    assert again.infimum == result.infimum
    data = json.loads(result.to_json())
    first, second = data["continua"]
    for entry, part in zip((first, second), result.continua, strict=True):
        assert entry["pattern"] == [list(partition) for partition in part.pattern]
        assert (entry["dimension"], entry["real"], entry["attained"], entry["kind"]) == (
            part.dimension,
            part.real,
            part.attained,
            part.kind,
        )
    assert first["loss"] == 0.25
    assert second["loss"] == {"re": 1.0, "im": -2.0}
    assert first["points"][0]["filter"]["re"] == result.continua[0].points[0].filter.real.tolist()
    assert data["counts"]["continua"] == 2
    assert data["counts"]["real_continua"] == 1


def test_files_without_continua_say_so():
    assert json.loads(build([real_point()]).to_json())["continua"] == []


# The infimum


def test_the_global_minimum_may_be_a_point_of_a_continuum():
    result = build([real_point(1.0)], continua=[continuum()], complete=True)
    assert result.infimum == Infimum(0.25, True)
    assert result.global_minimum is result.continua[0].points[0]
    lower = build([real_point(0.125)], continua=[continuum()], complete=True)
    assert lower.global_minimum is lower.points[0]


def test_a_continuum_of_which_nothing_is_known_leaves_the_infimum_open():
    point = real_point(0.25, attained=None, isolated=False, parameters=(), kinds=(), indices=())
    doubtful = continuum([point], attained=None, kind=None)
    result = build([real_point(1.0)], continua=[doubtful], complete=True)
    assert result.infimum == UNDECIDED
    assert result.global_minimum is None


def test_a_saddle_of_least_loss_gets_no_star():
    saddle = real_point(0.125, kinds=("saddle", "saddle"), indices=(1, 1))
    result = build([saddle, real_point(1.0)], complete=True, infimum=Infimum(0.125, True))
    assert result.global_minimum is None


def test_an_infimum_that_is_not_attained_leaves_no_global_minimum():
    result = build([real_point(0.25)], complete=True, infimum=Infimum(0.0, False))
    assert result.global_minimum is None
    assert len(result.minima) == 1


def test_degenerate_points_of_least_loss_are_minima_and_others_are_not():
    """At the infimum every point is a minimum, whatever the Hessian leaves open."""
    flat = {"kinds": ("degenerate", "degenerate"), "indices": (0, 0)}
    least, other = real_point(0.25, **flat), real_point(0.75, **flat)
    curve = continuum([real_point(0.25, **(ON_CURVE | flat))], kind="degenerate")
    higher = continuum([real_point(0.75, **(ON_CURVE | flat))], kind="degenerate")
    result = build([least, other], continua=[curve, higher], complete=True, infimum=Infimum(0.25, True))
    points, continua = with_minima_of_least_loss(result)
    assert [point.kinds for point in points] == [("minimum",) * 2, ("degenerate",) * 2]
    assert [part.kind for part in continua] == ["minimum", "degenerate"]
    unattained = replace(result, infimum=Infimum(0.25, False))
    assert with_minima_of_least_loss(unattained) == (unattained.points, unattained.continua)
