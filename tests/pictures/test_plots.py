"""Pictures: what is drawn against the data, the three formats, and the plane through three critical points."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.losses.random_data import random_gaussian, random_loss_seed
from homotopy_lcn.results.points import CriticalPoint
from homotopy_lcn.results.result import CriticalPoints
from homotopy_lcn.surveys.draws import solve_each
from homotopy_lcn.surveys.surveys import many_draws
from homotopy_lcn.training.loss_landscape import landscape
from tests.special_data import periodic_series

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from homotopy_lcn.pictures import plots
from homotopy_lcn.pictures.plots import (
    draw_complex_plane,
    draw_growth,
    draw_landscape,
    draw_loss_levels,
    draw_real_counts,
    plot_complex_plane,
    plot_growth,
    plot_landscape,
    plot_loss_levels,
    plot_real_counts,
    save_plot,
)

ARCH = Architecture((2, 2, 2), (1, 2, 1))


def solved(seed, arch=ARCH):
    loss = random_gaussian(arch, np.random.default_rng(random_loss_seed(seed, 0))).loss
    return critical_points(arch, loss, seed=seed)


@pytest.fixture(scope="module")
def result():
    return next(r for r in map(solved, range(20)) if len(r.minima) > 1)


def test_heights_of_the_histogram_are_shares():
    (axes,) = plot_real_counts(ARCH, many_draws(ARCH, 12, 0)).axes
    real = solve_each(ARCH, 0, range(12))["real"]
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights) == pytest.approx(2)
    at = {round(bar.get_x() + bar.get_width() / 2 + 0.2): bar.get_height() for bar in axes.patches[: len(heights) // 2]}
    for value, height in at.items():
        assert height == pytest.approx((real == value).mean())


def test_growth_has_a_line_for_each_family():
    (axes,) = plot_growth(12).axes
    lines = {line.get_label(): dict(zip(*line.get_data(), strict=True)) for line in axes.lines}
    assert lines["k = (3, …, 3)"] == {6: 39, 9: 2385, 12: 272925}
    assert lines["k = (n, n)"][4] == 6
    assert lines["fully connected, two layers"][12] == 6
    with pytest.raises(InputError, match="most_parameters: 3"):
        plot_growth(3)


def test_every_point_is_drawn_or_counted_as_further_out(result):
    for coordinate in range(5):
        (axes,) = plot_complex_plane(result, coordinate).axes
        offsets = np.concatenate([c.get_offsets() for c in axes.collections])
        far = [int(text.get_text().split()[0]) for text in axes.texts]
        assert len(offsets) + sum(far) == len(result)
        values = np.array([p.filter[coordinate] for p in result])
        for x, y in offsets:
            assert np.abs(values - complex(x, y)).min() < 1e-12
    with pytest.raises(InputError, match="coordinate: 5 given; expected 0 to 4"):
        plot_complex_plane(result, 5)


def test_the_plane_has_one_scale_and_pure_and_attained_points_on_top(result):
    (axes,) = plot_complex_plane(result).axes
    assert axes.get_aspect() == 1
    order = [c.get_label().rpartition(" (")[0] for c in sorted(axes.collections, key=lambda c: c.get_zorder())]
    wanted = [
        "complex, spurious",
        "complex, pure",
        "real, not attained",
        "real, attained, spurious",
        "real, attained, pure",
    ]
    assert order == [name for name in wanted if name in order]
    # A mark that is filled is smaller than the hollow one below it.
    by_label = {c.get_label().rpartition(" (")[0]: c for c in axes.collections}
    for pure, spurious in (
        ("complex, pure", "complex, spurious"),
        ("real, attained, pure", "real, attained, spurious"),
    ):
        if pure in by_label and spurious in by_label:
            assert by_label[pure].get_sizes().max() < by_label[spurious].get_sizes().min()
            assert not len(by_label[spurious].get_facecolors()) or by_label[spurious].get_facecolors()[:, 3].max() == 0


def test_marks_at_one_place_are_rings_with_their_number():
    same = [
        CriticalPoint(filter=np.array([1 + 1j, n, 1, 1]), real=False, loss=1j, stratum=((1,), (1,)), pure=True)
        for n in range(5)
    ]
    arch = Architecture((2, 2), (2, 1))
    found = CriticalPoints.build(arch, SquaredLoss.white([1.0, 2, 3, 4]), same, (), seed=0)
    (axes,) = plot_complex_plane(found, 0).axes
    (marks,) = axes.collections
    assert len(marks.get_offsets()) == 5
    assert len(set(marks.get_sizes())) == 3
    hollow = [bool(colour[3] == 0) for colour in marks.get_facecolors()]
    assert hollow == [size > min(marks.get_sizes()) for size in marks.get_sizes()]
    assert [text.get_text() for text in axes.texts] == ["×5"]


def test_pictures_go_into_given_axes(result):
    figure = Figure()
    for draw, axes in zip((draw_loss_levels, draw_complex_plane, draw_landscape), figure.subplots(1, 3), strict=True):
        draw(result, axes)
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert axes.get_title() == "k = (2, 2, 2), s = (1, 2, 1)"
    left, right = Figure().subplots(1, 2)
    draw_growth(left, 12)
    draw_real_counts(ARCH, many_draws(ARCH, 2, 0), right)
    assert all(axes.get_xlabel() and axes.get_ylabel() and axes.get_title() for axes in (left, right))


@pytest.mark.parametrize(
    "network", [Architecture(filters=((2, 1), (2, 2)), strides=(1, 1)), Architecture(supports=((0, 1, 3), (0, 1)))]
)
def test_networks_of_any_supports_are_drawn(network):
    found = solved(0, network)
    for draw in (draw_loss_levels, draw_complex_plane):
        axes = Figure().subplots()
        draw(found, axes)
        assert axes.get_title() == network.notation
    draw_real_counts(network, many_draws(network, 2, 0), Figure().subplots())


def test_the_landscape_of_filters_in_two_dimensions_is_the_loss_of_their_parameters():
    network = Architecture(filters=((2, 1), (2, 2)), strides=(1, 1))
    found = solved(0, network)
    plane = landscape(found, resolution=9)
    assert plane.losses[0] == pytest.approx(found.global_minimum.loss)
    assert plane.loss.min() >= found.global_minimum.loss * (1 - 1e-12)
    close = landscape(found, resolution=801)
    for place, loss in zip([*close.minima, close.saddle], close.losses, strict=True):
        column, row = np.abs(close.x - place[0]).argmin(), np.abs(close.y - place[1]).argmin()
        assert close.loss[row, column] == pytest.approx(loss, rel=1e-3)


def test_a_long_title_goes_on_in_a_second_line():
    arch = Architecture((2,) * 30, (1,) * 30)
    axes = Figure().subplots()
    plots.draw_title(axes, arch)
    assert max(map(len, axes.get_title().splitlines())) <= plots.TITLE_WIDTH
    assert axes.get_title().replace("\n", " ").count("2") == 30


def test_levels_of_many_points_leave_out_the_indices():
    many = [
        CriticalPoint(
            filter=np.full(4, 1.0 + n), real=True, loss=n + 0j, stratum=((1,), (1,)), pure=True, attained=False
        )
        for n in range(100)
    ]
    found = CriticalPoints.build(Architecture((2, 2), (2, 1)), SquaredLoss.white([1.0, 2, 3, 4]), many, (), seed=0)
    (axes,) = plot_loss_levels(found).axes
    assert axes.get_xlabel() == "real critical filters, by loss"
    assert axes.figure.get_figwidth() == plots.WIDEST


def test_levels_are_the_losses(result):
    (axes,) = plot_loss_levels(result).axes
    marks = [c for c in axes.collections if type(c).__name__ == "PathCollection"]  # the others are lines
    drawn = sorted((round(x), y) for x, y in np.concatenate([c.get_offsets() for c in marks]))
    assert drawn == [(i, pytest.approx(p.loss)) for i, p in enumerate(result.real)]
    labels = {c.get_label(): len(c.get_offsets()) for c in marks}
    assert labels["minimum"] + labels.get("minimum or saddle, by θ", 0) == len(result.minima)


@pytest.mark.parametrize("arch", [ARCH, Architecture((2, 2), (2, 1)), Architecture((3, 2), (2, 1))], ids=str)
def test_the_plane_goes_through_three_critical_points(arch):
    found = next(r for r in (solved(seed, arch) for seed in range(40)) if len(r.minima) > 1)
    part = landscape(found, 41)
    assert part.losses[0] == pytest.approx(found.minima[0].loss)
    assert part.index > 0
    assert max(part.losses[:2]) <= part.loss[~np.isnan(part.loss)].max()
    assert part.loss.shape == (41, 41)
    from scipy.interpolate import RectBivariateSpline

    surface = RectBivariateSpline(part.y, part.x, part.loss)
    scale = np.abs(np.gradient(part.loss, part.y, part.x)).max()
    for place, value in zip([*part.minima, part.saddle], part.losses, strict=True):
        x, y = place
        assert surface(y, x)[0, 0] == pytest.approx(value, rel=1e-2)
        assert abs(surface(y, x, dx=1)[0, 0]) + abs(surface(y, x, dy=1)[0, 0]) < 2e-2 * scale


def test_a_result_with_one_minimum_has_no_landscape():
    found = critical_points(Architecture((2, 2), (2, 1)), SquaredLoss.white([3.0, 1.0, 1.0, 2.0]))
    with pytest.raises(InputError, match="not two minima"):
        landscape(found)


def labels(figure):
    """Label and number of marks of everything drawn."""
    return {
        c.get_label(): len(c.get_offsets()) for c in figure.axes[0].collections if not c.get_label().startswith("_")
    }


def test_points_of_continua_are_drawn_apart():
    found = periodic_series()
    points = [point for part in found.continua for point in part.points]
    real = sum(point.real for point in points)
    assert labels(plot_complex_plane(found, 3)) == {
        f"real, of continua ({real})": real,
        f"complex, of continua ({len(points) - real})": len(points) - real,
    }
    assert labels(plot_loss_levels(found)) == {"continuum of minima": 1, "another continuum": 1}
    assert "and continua" in plot_loss_levels(found).axes[0].get_xlabel()


def test_a_landscape_through_points_of_continua_says_so():
    part = landscape(periodic_series(), 21)
    assert part.on_continua == (True, True, True)
    assert part.losses == (0.0, 0.0, pytest.approx(309.4424, rel=1e-6))
    assert "minimum on a continuum, loss 0" in labels(plot_landscape(periodic_series(), 21))


@pytest.mark.parametrize(("ending", "start"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_pictures_in_three_formats_the_same_each_time(result, tmp_path, ending, start):
    for name in ("one", "two"):
        save_plot(plot_landscape(result, 20), tmp_path / f"{name}.{ending}")
    one, two = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
    assert one.startswith(start)
    assert one == two
    assert len(list(tmp_path.iterdir())) == 2


def test_a_figure_keeps_its_layout_engine_when_it_is_written(tmp_path):
    figure = plot_growth(6)
    engine = figure.get_layout_engine()
    save_plot(figure, tmp_path / "one.svg")
    assert figure.get_layout_engine() is engine
    save_plot(figure, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(InputError, match="ends in 'gif'; expected one of pdf, png, svg"):
        save_plot(plot_growth(6), tmp_path / "picture.gif")
