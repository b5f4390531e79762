"""``homotopy-lcn walls``."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli import program
from homotopy_lcn.discriminants.tolerances import WALLS

NETWORK = ("walls", "-k", "3,2", "-s", "2,1")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walls")
    rng = np.random.default_rng(5)
    X = rng.standard_normal((20, 5))
    paths = []
    for name in ("a", "b"):
        paths.append(str(folder / f"{name}.npz"))
        np.savez(paths[-1], gram=X.T @ X, b=rng.standard_normal(5))
    return paths


def test_the_file_is_that_of_the_library(files, tmp_path, capsys):
    path = tmp_path / "walls.json"
    assert program.main([*NETWORK, "--from", files[0], "--to", files[1], "--json", str(path)]) == 0
    arrays = [np.load(file) for file in files]
    losses = [hl.SquaredLoss(one["gram"], one["b"]) for one in arrays]
    found = hl.walls(hl.Architecture((3, 2), (2, 1)), *losses)
    assert path.read_text(encoding="utf-8") == found.to_json()
    text = capsys.readouterr().out
    for wall in found.walls:
        assert f"{wall.t:.10g}" in text
        assert wall.kind in text
    assert "24 complex walls of 24 for generic data" in text
    assert text.count(" to 1 ") == 1


def test_the_picture_is_that_of_the_library(files, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "walls.png"
    assert program.main([*NETWORK, "--from", files[0], "--to", files[1], "--plot", str(path), "--quiet"]) == 0
    losses = [hl.SquaredLoss(one["gram"], one["b"]) for one in map(np.load, files)]
    hl.walls(hl.Architecture((3, 2), (2, 1)), *losses).plot(tmp_path / "other.png")
    assert path.read_bytes() == (tmp_path / "other.png").read_bytes()


def test_certified_walls_are_told(files, tmp_path, capsys, monkeypatch):
    pytest.importorskip("flint")
    path = tmp_path / "walls.json"
    ends = ["--from", files[0], "--to", files[1]]
    assert program.main([*NETWORK, *ends, "--certify", "--json", str(path)]) == 0
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [wall["certified"] for wall in content["walls"]] == [True] * 5
    assert [chamber["certified"] for chamber in content["chambers"]] == [True] * 6
    assert "proved: 5 of 5 walls, and the lists of 6 of 6 chambers." in capsys.readouterr().out
    monkeypatch.setattr("homotopy_lcn.discriminants.wall_proofs.WALLS", replace(WALLS, bits=()))
    assert program.main([*NETWORK, *ends, "--certify"]) == 3
    output = capsys.readouterr()
    assert "proved: 0 of 5 walls, and the lists of 6 of 6 chambers." in output.out
    assert output.err == "homotopy-lcn: not proved: 5 of the walls, 0 of the chambers\n"


def test_standard_output_holds_the_file_alone(files, capsys):
    assert program.main([*NETWORK, "--from", files[0], "--to", files[1], "--json", "-"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["complete"] is True
    assert output.err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "A"), "--to: no data given; expected a file as for solve --data"),
        (("--to", "A"), "--from: no data given; expected a file as for solve --data"),
        (("--from", "A", "--to", "A"), "--to: the Gram matrix and the moment vector of the first loss"),
        (("--from", "A", "--to", "missing.npz"), "--to: no such file 'missing.npz'"),
        (("--from", "C", "--to", "A"), "--from: "),
        (
            ("--from", "A", "--to", "B", "--plot", "walls.txt"),
            "--plot: 'walls.txt'; expected a name that ends in .pdf, ",
        ),
        (
            ("--from", "A", "--to", "B", "--report", "p.txt"),
            "--report: p.txt: ends in .txt; expected a name that",
        ),
        (("--from", "A", "--to", "D"), "--to: "),
    ],
)
def test_unusable_input_is_one_line(files, tmp_path, capsys, options, message):
    """C is for another filter size, D has an indefinite Gram matrix."""
    np.savez(tmp_path / "c.npz", gram=np.eye(4), b=np.ones(4))
    np.savez(tmp_path / "d.npz", gram=np.diag([1.0, 1, 1, 1, -1]), b=np.ones(5))
    names = {"A": files[0], "B": files[1], "C": str(tmp_path / "c.npz"), "D": str(tmp_path / "d.npz")}
    path = tmp_path / "none.json"
    given = [names.get(option, option) for option in options]
    assert program.main([*NETWORK, *given, "--json", str(path)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"homotopy-lcn: {message}")
    assert output.err.count("\n") == 1
    assert not path.exists()


def test_exit_code_and_reasons_if_walls_are_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("homotopy_lcn.discriminants.fold_walls.WALLS", replace(WALLS, attempts=1))  # to save time
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        samples = rng.standard_normal((20, 4)) * (np.arange(4) != 0)  # the first channel is dead
        np.savez(tmp_path / f"{name}.npz", X=samples, Y=rng.standard_normal((20, 1)))
    ends = ["--from", str(tmp_path / "a.npz"), "--to", str(tmp_path / "b.npz")]
    assert program.main(["walls", "-k", "2,2", "-s", "2,1", *ends]) == 3
    output = capsys.readouterr()
    assert "not complete: stratum (1)(1)" in output.out
    assert output.err == "homotopy-lcn: completeness could not be established\n"


def test_the_table_and_the_file_have_multiplicities(tmp_path, capsys):
    gram = np.eye(3) + 0.3
    for name, b in (("a", [1.0, -2.0, 1.0]), ("b", [1.0, 3.0, 1.0])):
        np.savez(tmp_path / f"{name}.npz", gram=gram, b=b)
    ends = ["--from", str(tmp_path / "a.npz"), "--to", str(tmp_path / "b.npz")]
    path = tmp_path / "walls.json"
    assert program.main(["walls", "-k", "2,2", "-s", "1,1", *ends, "--json", str(path)]) == 0
    assert "fold (3 times)" in capsys.readouterr().out
    walls = json.loads(path.read_text(encoding="utf-8"))["walls"]
    assert [wall["multiplicity"] for wall in walls if "multiplicity" in wall] == [3, 3]


def test_the_page_comes_from_walls_and_from_their_file(files, tmp_path, capsys):
    ends = ["--from", files[0], "--to", files[1]]
    page, path, again = (tmp_path / name for name in ("walls.html", "walls.json", "again.html"))
    assert program.main([*NETWORK, *ends, "--report", str(page), "--json", str(path), "--quiet"]) == 0
    assert program.main(["report", str(path), "-o", str(again), "--quiet"]) == 0
    assert page.read_bytes() == again.read_bytes()
    assert "Losses of all real branches" in page.read_text(encoding="utf-8")
    capsys.readouterr()
    path.write_text(path.read_text(encoding="utf-8").replace('"kind": "fold"', '"kind": "bend"'), encoding="utf-8")
    assert program.main(["report", str(path), "-o", str(again)]) == 2
    assert "kind: 'bend' is unknown; expected one of fold" in capsys.readouterr().err
    assert program.main([*NETWORK, *ends, "--report", "-", "--json", "-"]) == 2
    assert "--report: standard output holds" in capsys.readouterr().err
    assert program.main([*NETWORK, *ends, "--report", str(tmp_path / "no" / "x.html")]) == 2
    assert "--report: " in capsys.readouterr().err


def test_a_page_is_not_written_under_the_name_of_another_kind_of_file(files, tmp_path, capsys):
    path = tmp_path / "walls.json"
    found = hl.walls(hl.Architecture((2, 2), (2, 1)), *(hl.SquaredLoss.white(b) for b in ([1, 2, 3, 5], [2, 1, 1, 4])))
    found.to_json(path)
    for name in ("page.pdf", "page.json"):
        assert program.main(["report", str(path), "-o", str(tmp_path / name)]) == 2
        output = capsys.readouterr()
        assert output.err.count("\n") == 1
        assert f"{name}: ends in {name[4:]}; expected a name that ends in .html, as the page is HTML" in output.err
        assert not (tmp_path / name).exists()
        with pytest.raises(hl.InputError, match="as the page is HTML"):
            found.to_html(tmp_path / name)
    assert program.main(["report", str(path), "-o", str(tmp_path / "page.HTML"), "--quiet"]) in (0, 3)
    assert (tmp_path / "page.HTML").exists()


def test_walls_without_a_proof_are_named(tmp_path, capsys):
    """The 3 × 2 matrix of b has rank one at t = 1/2: an escape that generic data do not have."""
    pytest.importorskip("flint")
    files = []
    for number, b in enumerate(([-1.0, -2, 0, 3, -1], [1.0, 2, 0, 1, 1])):
        files.append(str(tmp_path / f"{number}.npz"))
        np.savez(files[-1], gram=np.eye(5), b=b)
    assert program.main([*NETWORK, "--from", files[0], "--to", files[1], "--certify"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "homotopy-lcn: not proved: 1 of the walls, 0 of the chambers",
        "homotopy-lcn: cannot be proved: the escape at t = 0.5 of the stratum (1,1)(1) is one that generic data do not "
        "have, and is confirmed in 80 digits",
    ]
