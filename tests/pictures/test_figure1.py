"""Figure 1: the computed sets against the inequalities of the paper, and the files."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.geometry.filter_geometry import describe_filter, is_in_function_space
from homotopy_lcn.geometry.slices import FIGURE_1_FRAME, Frame, slice_of_function_space
from homotopy_lcn.pictures.figure1 import FIGURE_1, STEPS, draw_figure1

LEFT, RIGHT = FIGURE_1


def printed(w, right):
    """The inequalities of the paper, with the equation taken for granted.

    The last one is for B = D = 0, where the others say nothing; in the slice, where AC < 0, it always holds.
    """
    a, b, c, d, e = w
    if c * c - 4 * a * e < 0:
        return False
    if not right:
        return True
    return (
        b**4 - 4 * a * b * (b * c - a * d) >= 0
        and d**4 - 4 * d * e * (c * d - b * e) >= 0
        and (b != 0 or d != 0 or a * e <= 0 or a * c <= 0)
    )


def random_points(number, seed):
    """Points of the slice: of the surface, and of the line B = D = 0."""
    rng = np.random.default_rng(seed)
    for n in range(number):
        p, r = rng.uniform(-2, 2), rng.uniform(-2, 1.5)
        yield np.array([1, p, -1, p * r, -r * (1 + r)] if n % 5 else [1, 0, -1, 0, rng.uniform(-2, 2)])


@pytest.mark.parametrize("arch", FIGURE_1, ids=str)
def test_membership_is_what_the_printed_inequalities_say(arch):
    answers = set()
    for w in random_points(4000, 0):
        expected = printed(w, arch == RIGHT)
        answers.add(expected)
        assert is_in_function_space(arch, w) == expected, w.tolist()
    assert answers == {True, False}


@pytest.mark.parametrize("arch", FIGURE_1, ids=str)
def test_points_off_the_surface_are_in_neither_set(arch):
    rng = np.random.default_rng(1)
    for _ in range(500):
        b, d, e = rng.uniform(-2, 2, 3)
        assert not is_in_function_space(arch, [1, b, -1, d, e])


@pytest.mark.parametrize("arch", FIGURE_1, ids=str)
def test_membership_off_the_slice_is_what_the_printed_inequalities_say(arch):
    rng = np.random.default_rng(2)
    wrong = 0
    for n in range(1500):
        p, r = rng.standard_normal(3), rng.standard_normal(2)
        if n % 3 == 0:
            p[1] = 0
        w = np.convolve(p, [r[0], 0, r[1]])
        wrong += is_in_function_space(arch, w) != printed(w, arch == RIGHT)
    assert wrong == 0


@pytest.fixture(scope="module")
def slices():
    return [slice_of_function_space(arch, 14) for arch in FIGURE_1]


def test_the_surfaces_lie_on_the_hypersurface_and_in_the_function_space(slices):
    for part in slices:
        b, d, e = part.triangles.reshape(-1, 3).T
        np.testing.assert_allclose(d**2 + b**2 * e + b * d, 0, atol=1e-10)
        for point in part.triangles.reshape(-1, 3)[::7]:
            assert printed([1, point[0], -1, point[1], point[2] - 1e-9], False)
    assert len(slices[1].triangles) < len(slices[0].triangles)


def test_only_the_right_panel_has_a_stride_one_boundary_and_it_is_that_of_double_roots(slices):
    assert slices[0].curve == []
    (curve,) = slices[1].curve
    b, d, e = curve[np.abs(curve[:, 0]) > 1e-3].T
    # (x² + b x + q) (x² + r) with d = b r, q + r = −1: the first factor is a square.
    r = d / b
    np.testing.assert_allclose(b**2 + 4 * (1 + r), 0, atol=1e-6)
    np.testing.assert_allclose(e, -r * (1 + r), atol=1e-9)
    assert np.linalg.norm(np.diff(curve, axis=0), axis=1).max() < 1


def test_the_reduced_boundary_is_one_point_in_both_panels(slices):
    for part in slices:
        np.testing.assert_allclose(part.reduced_boundary, [[0, 0, 0.25]], atol=1e-7)
        assert [piece.in_function_space for piece in part.line][-2:] == [True, False]
    assert [piece.boundary for piece in slices[0].line] == [(), ()]
    assert [piece.boundary for piece in slices[1].line] == [("stride-one",), (), ()]
    assert slices[1].line[1].start == pytest.approx(0, abs=1e-7)
    for arch in FIGURE_1:
        assert describe_filter(arch, [1.0, 0, -1, 0, 0.25]).boundary == ("reduced",)


def test_only_these_architectures_have_this_slice():
    with pytest.raises(InputError, match="reduced architecture"):
        slice_of_function_space(Architecture((3, 3), (2, 1)))


FRAMES = [Frame(entries, sign) for entries in ("AC", "EC", "AE") for sign in (-1, 1)]


def filter_at(frame, point):
    """The filter of a slice with these coordinates."""
    entries = dict(zip(frame.names, point, strict=True))
    entries |= dict(zip(frame.entries, (1.0, frame.sign), strict=True))
    return np.array([entries[name] for name in "ABCDE"])


@pytest.mark.parametrize("frame", FRAMES, ids=str)
def test_the_symmetries_take_filters_into_the_slices(frame):
    rng = np.random.default_rng(3)
    for _ in range(20):
        w = np.convolve(rng.standard_normal(3), [1, 0, rng.standard_normal()])
        point = frame.point(w)
        first, second = (w["ABCDE".index(name)] for name in frame.entries)
        assert (point is None) == (np.sign(first * second) != frame.sign)
        if point is not None:
            a, b, c, d, e = moved = filter_at(frame, point)
            assert a * d**2 + b**2 * e - b * c * d == pytest.approx(0, abs=1e-9 * (1 + np.abs(moved).max() ** 3))
            for arch in FIGURE_1:
                assert is_in_function_space(arch, moved) == is_in_function_space(arch, w)


def test_two_filters_meet_in_a_slice():
    rng = np.random.default_rng(4)
    for _ in range(50):
        one, other = (np.convolve(rng.standard_normal(3), [1, 0, rng.standard_normal()]) for _ in range(2))
        assert any(frame.point(one) is not None and frame.point(other) is not None for frame in FRAMES)


@pytest.mark.parametrize("frame", FRAMES, ids=str)
@pytest.mark.parametrize("arch", FIGURE_1, ids=str)
def test_every_slice_is_what_the_membership_code_says(arch, frame):
    rng = np.random.default_rng(5)
    for grid in frame.sheets(20):
        parameters = grid[rng.choice(len(grid), 40, replace=False)]
        found = frame.inside(arch, parameters)
        expected = [is_in_function_space(arch, filter_at(frame, at)) for at in frame.surface(parameters)]
        assert found.tolist() == expected
    part = slice_of_function_space(arch, 8, frame)
    for piece in part.line:
        for share in (0.1, 0.9):
            value = piece.start + share * (piece.end - piece.start)
            facts = describe_filter(arch, filter_at(frame, (0, 0, value)))
            assert (facts.in_function_space, facts.boundary) == (piece.in_function_space, piece.boundary)
    assert all(frame.holds(at) for at in part.triangles.reshape(-1, 3))


@pytest.mark.parametrize("frame", FRAMES, ids=str)
def test_a_frame_of_the_size_that_a_point_needs_holds_the_point(frame):
    rng = np.random.default_rng(6)
    for _ in range(40):
        point = frame.point(np.convolve(rng.standard_normal(3), [1, 0, rng.standard_normal()]))
        if point is not None:
            assert Frame(frame.entries, frame.sign, *(1.0001 * size + 1e-3 for size in frame.reach(point))).holds(point)


def test_filters_beyond_the_range_of_doubles_are_in_no_slice():
    assert FIGURE_1_FRAME.point([1, 1e300, -1e-300, 1e300, 1]) is None
    assert FIGURE_1_FRAME.point([0, 1, -1, 1, 1]) is None


def test_the_files_are_a_picture_a_page_of_paper_and_an_interactive_page(tmp_path):
    pytest.importorskip("matplotlib")
    steps = []
    points = [np.array([1, 0.5, -1, 0.25, -0.75])]
    written = draw_figure1(tmp_path, 6, points, report=lambda name, done, total: steps.append((done, total)))
    assert steps == [(done, STEPS) for done in range(STEPS + 1)]
    assert [path.name for path in written] == ["figure1.png", "figure1.pdf", "figure1.html"]
    png, pdf, html = (path.read_bytes() for path in written)
    assert png.startswith(b"\x89PNG")
    assert pdf.startswith(b"%PDF")
    assert b"<html" in html
    assert b"reduced boundary point" in html
    assert b"critical filters" in html
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_is_not_there_and_a_missing_library_are_named(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match="existing folder"):
        draw_figure1(tmp_path / "nowhere", resolution=4)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        InputError, match=r"figure1: needs matplotlib, which is not installed; expected it, as from pip install"
    ):
        draw_figure1(tmp_path, resolution=4)
