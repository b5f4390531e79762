"""`result.plot` draws into new axes or into the caller's, one picture each."""

from __future__ import annotations

import pytest

from homotopy_lcn import InputError
from tests.small_networks import solved

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _no_window():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


@pytest.mark.parametrize("kind", ["levels", "complex-plane", "complex_plane", "landscape"])
def test_new_axes_hold_one_picture_with_a_legend(kind):
    axes = solved((3, 3), (1, 1)).plot(kind)
    assert axes.figure.axes == [axes]
    assert axes.get_legend() is not None
    assert axes.get_title() == "k = (3, 3), s = (1, 1)"
    axes.figure.canvas.draw()


def test_axes_of_the_caller_are_drawn_into():
    result = solved((2, 2, 2), (1, 2, 1))
    figure, (left, right) = pyplot.subplots(1, 2)
    assert result.plot(ax=left) is left
    assert result.plot("complex-plane", ax=right, coordinate=2) is right
    assert "w_{2}" in right.get_xlabel()
    assert left.get_ylabel() == "loss"
    assert not figure.legends


def test_all_points_are_drawn():
    result = solved((2, 2, 2), (1, 2, 1))
    axes = result.plot("levels")
    assert sum(len(marks.get_offsets()) for marks in axes.collections if marks.get_label()[0] != "_") == len(
        result.real
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "pie"}, r"^kind: 'pie' given; expected one of levels, complex-plane, landscape$"),
        ({"kind": "landscape"}, r"^result: it has not two minima"),
        ({"kind": None}, r"^kind: None given"),
        ({"ax": "left"}, r"^ax: str given; expected axes of matplotlib"),
        ({"coordinate": 1}, r"^coordinate: no option of kind 'levels'; expected no option"),
        ({"kind": "complex-plane", "coordinate": 7}, r"^coordinate: 7 given; expected 0 to 4"),
        ({"kind": "landscape", "coordinate": 7}, r"^coordinate: no option of kind 'landscape'; expected resolution"),
    ],
)
def test_mistakes_are_one_line_and_leave_no_figure(arguments, message):
    with pytest.raises(InputError, match=message):
        solved((2, 2, 2), (1, 2, 1)).plot(**arguments)
    assert not pyplot.get_fignums()
