"""The picture of walls shows every branch and every wall, and the losses that `follow` gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from tests.discriminants.test_walls import gaussian

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _no_window():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def found():
    arch = hl.Architecture((2, 2), (1, 1))
    return hl.walls(arch, *gaussian(arch, 1))


def lines(axes):
    return [line for line in axes.get_lines() if len(line.get_xdata()) > 2]


def test_losses_are_those_of_the_followed_points(found):
    _, axes = pyplot.subplots()
    assert found.plot(axes) is axes
    for t in (0.05, 0.2, 0.4, 0.7):
        drawn = [
            np.interp(t, line.get_xdata(), line.get_ydata())
            for line in lines(axes)
            if line.get_xdata()[0] <= t <= line.get_xdata()[-1] and line.get_linewidth() < 5
        ]
        assert sorted(drawn) == pytest.approx([point.loss for point in found.follow(t)], abs=1e-3)


def test_the_legend_names_lines_and_walls(found):
    axes = found.plot()
    labels = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert labels == [
        "global minimum", "minimum", "saddle of index 1", "real, not attained", "fold (2)", "pitchfork (1)",
        "escape (2)", "exchange (1)",
    ]  # fmt: skip
    places = [offset for marks in axes.collections for offset in marks.get_offsets().tolist()]
    assert sorted(places) == sorted([wall.t, wall.loss] for wall in found.walls)
    styles = {line.get_label().lstrip("_"): line.get_linestyle() for line in lines(axes)}
    assert (styles["minimum"], styles["saddle of index 1"], styles["real, not attained"]) == ("-", "--", ":")


def test_below_nothing_attained_is_lower_than_the_global_minimum(found):
    axes, below = found.plot().figure.axes
    assert len(lines(axes)) - len(found.chambers) == len(lines(below)) - 1
    for line in lines(below):
        if line.get_linestyle() != ":":
            assert np.min(line.get_ydata()) >= -1e-6


def test_equal_walls_give_equal_files(found, tmp_path):
    for name in ("a", "b"):
        found.plot(tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_mistakes_are_one_line_and_leave_no_figure(found, tmp_path):
    with pytest.raises(hl.InputError, match=r"^target: int given; expected a path, or axes of matplotlib$"):
        found.plot(3)
    with pytest.raises(hl.InputError, match=r"walls.gif: ends in 'gif'; expected one of"):
        found.plot(tmp_path / "walls.gif")
    assert not pyplot.get_fignums()
    assert not list(tmp_path.iterdir())


def test_walls_without_branches_have_no_legend(tmp_path):
    """A list without real points: matplotlib warns of legends without entries, and warnings are errors here."""
    segment = [hl.SquaredLoss.white(b) for b in ([1, 2, 3, 5], [2, 1, 1, 4])]
    found = hl.walls(hl.Architecture((2, 2), (2, 1)), *segment)
    whole = found.chambers[0]
    empty = replace(whole, start=0.0, end=1.0, points=replace(whole.points, points=()), branches=())
    replace(found, walls=(), chambers=(empty,)).plot(tmp_path / "walls.png")
    assert (tmp_path / "walls.png").stat().st_size > 1000
