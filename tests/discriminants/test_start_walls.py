"""Start systems of walls that are shipped, and what happens to damaged ones."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn._data import data_path
from homotopy_lcn.discriminants import start_walls as module
from homotopy_lcn.discriminants.conditions import Fold
from homotopy_lcn.discriminants.kinds import questions
from homotopy_lcn.discriminants.lines import Motion
from homotopy_lcn.discriminants.start_walls import pack, shipped_walls, start_walls
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum

SMALL = Fold(Stratum((Factor(1, 2, 1),)))
MOTION = Motion(False, True)


@pytest.mark.parametrize("filters", [(2, 2), (3, 2), (4, 2), (3, 3)])
def test_first_use_of_common_networks_takes_no_monodromy(filters, tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    for question in questions(Architecture(filters, (2, 1))):
        if question.condition.count(MOTION):
            start = start_walls(question.condition, MOTION)
            assert start.complete
            assert len(start) == question.condition.count(MOTION)
    assert not list(tmp_path.iterdir())


def test_a_start_system_is_read_once_in_a_process():
    assert start_walls(SMALL, MOTION) is start_walls(Fold(Stratum((Factor(1, 2, 1),))), Motion(False, True))


def test_another_start_system_is_computed_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    motion = Motion(True, False)
    assert shipped_walls(SMALL, motion) is None
    assert start_walls(SMALL, motion).complete
    assert [path.name for path in tmp_path.iterdir()] == [f"walls-{SMALL.name}-gram.npz"]


def test_damaged_files_are_not_believed(tmp_path, monkeypatch):
    known = shipped_walls(SMALL, MOTION)
    assert known is not None
    content = data_path("start_systems_of_walls.npz").read_bytes()
    path = tmp_path / "start_systems_of_walls.npz"
    monkeypatch.setattr(module, "data_path", lambda name: tmp_path / name)
    assert shipped_walls(SMALL, MOTION) is None
    path.write_bytes(pack([known]))
    assert shipped_walls(SMALL, MOTION) is not None
    path.write_bytes(content[: len(content) // 2])
    assert shipped_walls(SMALL, MOTION) is None
    known.points.t[0] *= np.array([1, 1.01])
    path.write_bytes(pack([known]))
    assert shipped_walls(SMALL, MOTION) is None
