"""The command line with networks in two dimensions and of any supports."""

from __future__ import annotations

import json

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli.program import main
from homotopy_lcn.geometry.rank_drops import criticality

BOXES = ["-k", "2x2,2x2", "-s", "1,1"]


def solved(capsys, *words):
    assert main(["solve", *words, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_digits(capsys):
    document = solved(capsys, *BOXES, "--images", "digits")
    assert document["complete"]
    assert (document["counts"]["generic"], document["counts"]["found"]) == (162, 162)
    assert document["architecture"]["filters"] == [[2, 2], [2, 2]]
    assert document["strata"][1]["pattern"] == [[2]]
    assert len(document["points"][0]["filter"]["re"]) == 9
    images = hl.load_digits()
    least = min(point["loss"] for point in document["points"] if point["attained"])
    w = np.array(next(p["filter"]["re"] for p in document["points"] if p["loss"] == least and p["attained"]))
    errors = [
        (images[:, i : i + 3, j : j + 3].reshape(len(images), 9) @ w - images[:, i + 1, j + 3]) ** 2
        for i in range(6)
        for j in range(5)
    ]
    assert np.sum(errors) == pytest.approx(least)


def test_tables_name_the_network(capsys):
    assert main(["solve", *BOXES, "--images", "digits"]) == 0
    printed = capsys.readouterr().out
    assert "k = (2×2,2×2), s = (1×1,1×1): filter size 3×3, stride 1×1, dim M = 7" in printed
    assert "162: 122 pure, 40 spurious" in printed


def test_supports_with_all_kinds_of_data(capsys, tmp_path):
    supports = ["--supports", "0,1,3;0,1"]
    assert solved(capsys, *supports, "--series", "sunspots", "--center")["counts"]["found"] == 10
    assert solved(capsys, *supports, "--white")["complete"]
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "rows.npz", X=rng.standard_normal((20, 7)), Y=rng.standard_normal((20, 3)))
    assert solved(capsys, *supports, "--data", str(tmp_path / "rows.npz"))["complete"]
    np.savez(tmp_path / "images.npz", X=rng.standard_normal((20, 4, 5)), Y=rng.standard_normal((20, 2, 3)))
    document = solved(capsys, *BOXES, "--data", str(tmp_path / "images.npz"))
    assert document["data"].endswith("20 samples, 4×5 → 2×3 values")
    grams = rng.standard_normal((2, 30, 5))
    np.savez(tmp_path / "many.npz", gram=grams.transpose(0, 2, 1) @ grams, b=rng.standard_normal((2, 5)))
    assert main(["solve", *supports, "--data", str(tmp_path / "many.npz"), "--json", "-", "-q"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["complete"] for line in lines] == [True, True]


def test_files_of_results_are_read_again(capsys, tmp_path):
    path = tmp_path / "result.json"
    assert main(["solve", "-k", "2x1,2x2", "-s", "1,1", "--random", "--json", str(path), "-q"]) == 0
    result = hl.CriticalPoints.from_json(path)
    assert result.architecture == hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1))
    text = path.read_text(encoding="utf-8")
    for old, new, message in (
        ('"filters": [[2, 1], [2, 2]]', '"filters": [[2, 1], [2, 3]]', "architecture|loss"),
        ('"filters": [[2, 1], [2, 2]]', '"filters": [[2, 1], [2000, 2000]]', "loss.gram: 6 rows; expected more"),
        ('"filters": [[2, 1], [2, 2]]', '"filters": [[2, 1], [2, "2"]]', r"architecture.filters\[1\]"),
        ('"filters": [[2, 1], [2, 2]]', '"supports": [[[0, 0], [0, 0]], [[0, 0]]]', r"architecture.supports\[0\]"),
        ('"attained": true', '"attained": false', "attained|infimum"),
    ):
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(hl.InputError, match=message) as error:
            hl.CriticalPoints.from_json(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*BOXES, "--series", "sunspots"], "--series: a series for k = (2×2,2×2)"),
        (["-k", "2,2", "-s", "1,1", "--images", "digits"], "--images: given for filters (2, 2)"),
        ([*BOXES, "--images", "photos.png"], "--images: 'photos.png'; expected an array FILE.npy"),
        ([*BOXES, "--images", "digits", "--white"], "--images and --white: exclude each other"),
    ],
)
def test_unusable_input_is_told_in_one_line(capsys, words, message):
    assert main(["solve", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_images_that_are_no_numbers_are_named(capsys, tmp_path):
    images = np.zeros((2, 6, 6))
    images[1, 2, 3] = np.nan
    np.save(tmp_path / "images.npy", images)
    assert main(["solve", *BOXES, "--images", str(tmp_path / "images.npy")]) == 2
    assert "--images: entry [1, 2, 3] is nan; expected finite numbers" in capsys.readouterr().err


def test_descend_ends_at_listed_minima(capsys):
    assert main(["descend", *BOXES, "--images", "digits", "--starts", "10", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["architecture"] == {"filters": [[2, 2], [2, 2]], "strides": [[1, 1], [1, 1]]}
    assert {row["outcome"] for row in document["rows"] if row["runs"]} == {"point"}
    assert {row["kind"] for row in document["rows"] if row["runs"]} == {"minimum"}
    assert main(["descend", "--supports", "0,1,3;0,1", "--white", "--starts", "5"]) == 0
    assert "supports {0,1,3}, {0,1}" in capsys.readouterr().out


def test_what_works_for_ordinary_networks_only_says_so():
    network = hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1))
    one, two = (hl.SquaredLoss(np.eye(6), row) for row in np.random.default_rng(0).standard_normal((2, 6)))
    column = hl.Architecture(filters=((2, 1), (3, 1)), strides=((2, 1), (1, 1)))
    assert column.one_dimensional is not None
    calls = [
        (
            lambda: hl.walls(network, one, two),
            "an ordinary one, as walls are found stratum by stratum, by root patterns",
        ),
        (
            lambda: hl.walls(column, *map(hl.SquaredLoss.white, np.eye(6)[:2])),
            r"k = \(2, 3\), .*which has the same filters",
        ),
        (lambda: criticality(network, [np.ones(2), np.ones(4)]), "as the reasons are roots that layers share"),
        (lambda: network.blocks, "an ordinary one, as others have no blocks of layers"),
        (lambda: hl.generic_count(network, gram="toeplitz"), "expected a single Gram matrix"),
    ]
    for call, reason in calls:
        with pytest.raises(hl.InputError, match=f"no ordinary network.*{reason}") as error:
            call()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["points.npz", "points.parquet"])
def test_results_in_columns_are_read_back(tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = str(tmp_path / name)
    assert main(["solve", *BOXES, "--images", "digits", "--columns", path, "-q"]) == 0
    found = hl.CriticalPoints.from_columns(path)
    again = hl.critical_points(found.architecture, found.loss)
    assert found.architecture == hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
    assert found.complete
    assert tuple(found) == tuple(again)
    assert {point.smooth for point in found if not point.real and not point.pure} == {False}


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--supports", "0,1,99999999;0,1"], "--supports: the end-to-end filter"),
        (["-k", "3,2", "-s", "99999999,1"], "-k/--filters, -s/--strides: the end-to-end filter"),
    ],
)
@pytest.mark.parametrize("command", [("solve", "--random"), ("survey", "--draws", "2")], ids=lambda words: words[0])
def test_errors_name_the_option_that_the_network_comes_from(command, words, option, capsys):
    assert main([command[0], *words, *command[1:]]) == 2
    assert option in capsys.readouterr().err
