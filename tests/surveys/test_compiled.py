"""Counts by compiled code: every question that may be in doubt is asked."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss
from homotopy_lcn.classification.plain_points import COUNTS
from homotopy_lcn.losses.data_models import Moments, data_model, draw_moments
from homotopy_lcn.surveys import compiled
from homotopy_lcn.surveys.starts import eigenvalues, prepare
from homotopy_lcn.tracking import TrackerOptions, get_engine

pytest.importorskip("homotopy_lcn.tracking._plain")
NAMES = (
    "accurate", "critical", "real", "complex", "near", "equal_loss", "straight", "hyperroot", "index", "gradient",
    "form_accuracy", "apart", "disc_margin",
)  # fmt: skip


def counted(arch, moments, engine=None):
    starts = prepare(arch, data_model("gaussian"))
    values = eigenvalues(moments, arch.support)
    return compiled.count_together(arch, starts, moments, values, engine or get_engine(), arch.dimension - 1)


@pytest.mark.parametrize(
    ("name", "strict"),
    [
        ("accurate", 0.0),
        ("critical", 0.0),
        ("complex", 10.0),
        ("near", 10.0),
        ("equal_loss", 1e9),
        ("straight", -1.0),
        ("hyperroot", 10.0),
        ("index", 1.0),
        ("gradient", 0.0),
        ("form_accuracy", 1e3),
        ("apart", 2.0),
        ("disc_margin", 1e15),
    ],
)
def test_no_limit_is_without_effect(monkeypatch, name, strict):
    """Every draw is settled; with one limit that nothing satisfies, no draw is."""
    arch = Architecture((3, 2, 2), (2, 1, 1))
    moments = draw_moments(data_model("gaussian"), arch, 1, range(4))
    assert counted(arch, moments).settled.all()
    limits = list(compiled.LIMITS)
    limits[NAMES.index(name)] = strict
    monkeypatch.setattr(compiled, "LIMITS", tuple(limits))
    assert not counted(arch, moments).settled.any()


def test_a_real_filter_is_near_its_real_part(monkeypatch):
    """With no room for rounding, real ends are taken for complex ones, which have no conjugates."""
    arch = Architecture((3, 2), (2, 1))
    moments = draw_moments(data_model("gaussian"), arch, 1, range(4))
    limits = list(compiled.LIMITS)
    limits[NAMES.index("real")] = -1.0
    monkeypatch.setattr(compiled, "LIMITS", tuple(limits))
    assert not counted(arch, moments).settled.any()


def test_a_linear_space_has_one_critical_point():
    """It is that of least squares, without a path."""
    arch = Architecture((4,), (1,))
    moments = draw_moments(data_model("gaussian"), arch, 0, range(5))
    found = counted(arch, moments)
    assert found.settled.all()
    assert (found.counts[:, COUNTS.index("minima")] == 1).all()
    for draw, least in enumerate(found.losses):
        loss: SquaredLoss = moments.loss(draw)
        assert least == pytest.approx(loss(np.linalg.solve(loss.gram, loss.b)), rel=1e-10)


def test_a_lost_path_is_followed_once_more():
    class Losing:
        """Loses the first path of each draw, unless the steps are short."""

        def __init__(self):
            self.calls = []

        def ends_of_many(self, stratum, points, start, targets, options):
            result = get_engine().ends_of_many(stratum, points, start, targets, options)
            self.calls.append((options, len(targets.b)))
            if options == TrackerOptions():
                result.codes[:: 2 * len(points)] = 1
            return result

    arch, engine = Architecture((3, 2), (2, 1)), Losing()
    moments = draw_moments(data_model("gaussian"), arch, 0, range(6))
    usual, again = counted(arch, moments), counted(arch, moments, engine)
    assert engine.calls == [(TrackerOptions(), 6), (TrackerOptions.conservative(), 3)]
    assert again.settled.all()
    np.testing.assert_array_equal(again.counts, usual.counts)


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_counts_do_not_depend_on_units(scale):
    arch = Architecture((3, 3), (1, 1))
    moments = draw_moments(data_model("gaussian"), arch, 3, range(20))
    scaled = Moments(moments.gram * scale, moments.b * scale, moments.constant * scale)
    one, other = counted(arch, moments), counted(arch, scaled)
    assert one.settled.all()
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(other.losses, one.losses * scale, rtol=1e-9)
