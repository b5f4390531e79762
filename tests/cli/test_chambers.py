"""``homotopy-lcn chambers``."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli import program
from tests.discriminants.test_planes import corners

NETWORK = ("chambers", "-k", "2,2", "-s", "2,1")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chambers")
    paths = []
    for name, loss in zip("abc", corners(hl.Architecture((2, 2), (2, 1)), 3), strict=True):
        paths.append(str(folder / f"{name}.npz"))
        np.savez(paths[-1], gram=loss.gram, b=loss.b)
    return paths


def test_curves_and_picture_are_those_of_the_library(files, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    data = ["--data", files[0], "--towards", files[1], "--towards", files[2], "--grid", "3", "--colour", "minima"]
    paths = [str(tmp_path / name) for name in ("plane.svg", "curves.csv")]
    assert program.main([*NETWORK, *data, "--plot", paths[0], "--csv", paths[1]]) == 0
    arch = hl.Architecture((2, 2), (2, 1))
    found = hl.chambers(arch, corners(arch, 3), grid=3)
    assert (tmp_path / "curves.csv").read_text(encoding="utf-8") == found.curves_csv()
    found.plot(tmp_path / "other.svg", "minima")
    assert (tmp_path / "plane.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    text = capsys.readouterr().out
    for value, share in found.shares("minima").items():
        assert f"  {value}: {share:.2%}\n" in text
    assert (
        "; from 7 lines\nnot seen: chambers that meet no line, inside cells of 1/18 of the triangle at most\n" in text
    )
    assert program.main([*NETWORK, *data, "--csv", "-"]) == 0
    assert capsys.readouterr().out == found.curves_csv()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--data: no data given; expected a file as for solve"),
        (("--data", "A"), "--towards: 0 given; expected two files"),
        (("--data", "A", "--towards", "B"), "--towards: 1 given; expected two files"),
        (("--data", "A", "--towards", "B", "--towards", "none.npz"), "--towards: no such file 'none.npz'"),
        (("--data", "A", "--towards", "A", "--towards", "B"), "--data, --towards: the Gram matrix and the moment"),
        (("--data", "A", "--towards", "B", "--towards", "C", "--colour", "red"), "--colour: 'red' given; expected one"),
        (("--data", "A", "--towards", "B", "--towards", "C", "--plot", "x.txt"), "--plot: 'x.txt'; expected a name"),
    ],
)
def test_unusable_input_is_one_line(files, capsys, options, message):
    names = dict(zip("ABC", files, strict=True))
    assert program.main([*NETWORK, *(names.get(option, option) for option in options)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"homotopy-lcn: {message}")
    assert output.err.count("\n") == 1
