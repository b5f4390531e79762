"""Chambers of a triangle of data: rows and columns agree, and curves of walls go from side to side."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants import planes

GRID = 6


def corners(arch, seed):
    rng = np.random.default_rng(seed)
    size = arch.filter_size
    X = rng.standard_normal((20, size))
    return [hl.SquaredLoss(X.T @ X, rng.standard_normal(size)) for _ in range(3)]


@pytest.fixture(scope="module")
def found():
    arch = hl.Architecture((2, 2), (2, 1))
    return hl.chambers(arch, corners(arch, 3), grid=GRID)


def parts_at(lines, place):
    """The intervals of lines through a place, without their ends."""
    for line in lines:
        for part in line.intervals:
            a, b, at = (np.array(point) for point in (part.start, part.end, place))
            along, off = (b - a) @ (at - a), np.cross(np.append(b - a, 0), np.append(at - a, 0))[2]
            if abs(off) < 1e-12 and 1e-9 < along < (b - a) @ (b - a) - 1e-9:
                yield part


def test_rows_columns_and_solves_agree_where_they_cross(found):
    losses = corners(found.architecture, 3)
    seen = set()
    for i in range(GRID):
        for j in range(GRID - i):
            place = (i / GRID, j / GRID)
            parts = [*parts_at(found.rows, place), *parts_at(found.columns, place), *parts_at([found.side], place)]
            if not parts:
                continue
            weights = (1 - sum(place), *place)
            b = sum(w * loss.b for w, loss in zip(weights, losses, strict=True))
            points = hl.critical_points(found.architecture, hl.SquaredLoss(losses[0].gram, b))
            lowest = points.global_minimum.stratum
            assert {(part.real, part.minima, part.pattern) for part in parts} == {
                (len(points.real), len(points.minima), lowest)
            }
            seen.add(len(points.real))
    assert seen == {2, 4}


def test_the_number_of_processes_changes_nothing():
    arch = hl.Architecture((2, 2), (2, 1))
    reported = []
    alone, together = (
        hl.chambers(arch, corners(arch, 3), grid=2, jobs=jobs, report=lambda *done: reported.append(done))
        for jobs in (1, 2)
    )
    assert alone.shares() == together.shares()
    assert alone.curves_csv() == together.curves_csv()
    assert reported == 2 * [(number, 5) for number in range(1, 6)]
    with pytest.raises(hl.InputError, match=r"^jobs: "):
        hl.chambers(arch, corners(arch, 3), grid=2, jobs=0)


def test_a_row_is_a_segment(found):
    losses = corners(found.architecture, 3)
    walls = hl.walls(found.architecture, losses[0], losses[1])
    assert [(x, y, wall.kind) for x, y, wall in found.rows[0].walls] == [
        (pytest.approx(wall.t), 0.0, wall.kind) for wall in walls.walls
    ]
    assert found.complete
    assert len(found.rows) == len(found.columns) == GRID


def test_curves_go_from_side_to_side(found):
    """Of these data: every wall is on one curve, and curves of folds end on the sides of the triangle."""
    lines = [*found.rows, *found.columns, found.side]
    places = sorted((x, y, wall.kind) for line in lines for x, y, wall in line.walls)
    on_curves = sorted((x, y, curve.kind) for curve in found.curves for x, y in curve.places.tolist())
    assert on_curves == places
    assert len(places) > 20
    assert {curve.kind for curve in found.curves} == {"fold", "escape", "exchange"}
    for curve in found.curves:
        steps = np.abs(np.diff(curve.places, axis=0))
        assert steps.max(initial=0) <= 1 / GRID + 1e-12
        for x, y in curve.places[[0, -1]]:
            assert min(x, y, 1 - x - y) < 1e-12


def test_shares_are_parts_of_the_area(found):
    for colour in ("real", "minima", "pattern"):
        assert sum(found.shares(colour).values()) == pytest.approx(1)
    assert list(found.shares()) == [2, 4]
    assert found.shares()[2] == pytest.approx(found.shares("minima")[1])
    with pytest.raises(hl.InputError, match=r"^colour: 'red' given; expected real, minima or pattern$"):
        found.shares("red")


def test_the_table_has_a_row_for_each_corner_of_a_curve(found, tmp_path):
    found.curves_csv(tmp_path / "curves.csv")
    text = (tmp_path / "curves.csv").read_text(encoding="utf-8")
    assert text == found.curves_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    for number, curve in enumerate(found.curves):
        own = [row for row in rows if int(row["curve"]) == number]
        assert [[float(row["x"]), float(row["y"])] for row in own] == curve.places.tolist()
        assert {(row["kind"], row["pattern"]) for row in own} == {(curve.kind, "(1)(1)")}


def test_the_picture_shows_all_curves_and_values(found, tmp_path):
    pytest.importorskip("matplotlib")
    axes = found.plot(tmp_path / "plane.png")
    labels = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    shares = found.shares()
    assert labels[:2] == [f"{value} real critical filters: {shares[value]:.1%}" for value in (2, 4)]
    assert set(labels[2:]) == {"fold", "escape", "exchange"}
    assert len(axes.get_lines()) == len(found.curves)
    found.plot(tmp_path / "again.png")
    assert (tmp_path / "plane.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    with pytest.raises(hl.InputError, match=r"^target: int given"):
        found.plot(3)
    with pytest.raises(hl.InputError, match=r"^colour: 'red' given"):
        found.plot(tmp_path / "red.png", "red")


def test_unusable_arguments_are_named():
    arch = hl.Architecture((2, 2), (2, 1))
    first, second, third = corners(arch, 3)
    with pytest.raises(hl.InputError, match=r"^losses: 2 given; expected three"):
        hl.chambers(arch, [first, second])
    with pytest.raises(hl.InputError, match=r"^loss1: the Gram matrix and the moment vector of the first loss"):
        hl.chambers(arch, [first, second, second])
    with pytest.raises(hl.InputError, match=r"^grid: "):
        hl.chambers(arch, [first, second, third], grid=0)


def test_both_sides_of_a_thin_chamber_are_not_joined_while_it_goes_on():
    """A chamber thinner than a cell: its walls are joined along it, and with each other where it ends."""

    def wall(x, y):
        return x, y, hl.Wall(0.5, "fold", ((1,),), [1 + x, y, 1], 0.0)

    points = [wall(0.1, 0.0), wall(0.101, 0.0), wall(0.1, 0.25), wall(0.101, 0.25)]
    assert {frozenset(pair) for pair in planes._joined(points, range(4), 4)} == {frozenset({0, 2}), frozenset({1, 3})}
    assert list(planes._joined(points, (2, 3), 4)) == [(2, 3)]
