"""Surveys of networks of any supports: the same numbers as from single solves."""

from __future__ import annotations

import json

import pytest

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.surveys.surveys import solve_draw

GAPS = hl.Architecture(supports=((0, 1, 3), (0, 1)))
BOXES = hl.Architecture(filters=((2, 1), (2, 2)), strides=((1, 2), (1, 1)))
CORNER = ((0, 0), (0, 1), (1, 0))
EQUAL = hl.Architecture(supports=(CORNER, CORNER), strides=(1, 1))


@pytest.mark.parametrize("model", ["gaussian", "white", "teacher:0.1"])
@pytest.mark.parametrize("network", [GAPS, BOXES, EQUAL], ids=repr)
def test_draws_are_counted_as_single_solves_find_them(network, model):
    found = hl.survey(network, draws=4, data_model=model, seed=3)
    results = [solve_draw(network, model, 3, draw) for draw in range(4)]
    assert [result.complete for result in results] == [True] * 4
    assert found.incomplete == 0
    frame = found.to_frame()
    assert frame["real"].tolist() == [result.counts.real for result in results]
    assert frame["attained"].tolist() == [result.counts.attained for result in results]
    assert frame["real_pure"].tolist() == [sum(point.pure for point in result.real) for result in results]
    assert frame["least_loss"].tolist() == pytest.approx([result.global_minimum.loss for result in results], rel=1e-9)
    assert set(zip(frame["filters"], frame["strides"], strict=True)) == {network.texts}


def test_a_network_with_an_ordinary_twin_has_the_counts_of_the_twin():
    disguised = hl.Architecture(filters=((1, 2), (1, 2)), strides=(1, 1))
    one, two = (hl.survey(network, draws=5) for network in (disguised, hl.Architecture((2, 2), (1, 1))))
    for name in ("real", "attained", "minima", "least_loss"):
        assert one.to_frame()[name].tolist() == pytest.approx(two.to_frame()[name].tolist())


def test_directories_go_on(tmp_path):
    pytest.importorskip("pyarrow")
    first = hl.survey([GAPS, BOXES], draws=2, output=tmp_path / "draws")
    again = hl.survey([GAPS, BOXES], draws=3, output=tmp_path / "draws")
    frame = again.to_frame()
    assert len(frame) == 6
    assert frame[frame["draw"] < 2]["real"].tolist() == first.to_frame()["real"].tolist()
    with pytest.raises(hl.InputError, match="expected the same command as before"):
        hl.survey([BOXES, GAPS], draws=3, output=tmp_path / "draws")


def test_command(capsys, tmp_path):
    words = ["survey", "-k", "2x1,2x2", "-s", "1x2,1x1", "--supports", "0,1,3;0,1", "--draws", "2", "-q", "--json", "-"]
    assert cli.main(words) == 0
    document = json.loads(capsys.readouterr().out)
    boxes, gaps = document["architectures"]
    assert (boxes["filters"], boxes["strides"]) == ([[2, 1], [2, 2]], [[1, 2], [1, 1]])
    assert gaps["supports"] == [[[0], [1], [3]], [[0], [1]]]
    assert document["command"].startswith("homotopy-lcn survey -k 2x1,2x2 -s 1x2,1x1 --supports '0,1,3;0,1' -s 1,1 ")
    assert cli.main(["survey", "--supports", "0,1,3;0,1", "--draws", "2", "--plot", str(tmp_path / "plot.svg")]) == 0
    assert "supports {0,1,3}, {0,1}: 10 critical filters for generic data" in capsys.readouterr().out
    assert cli.main(["survey", "--supports", "0,1,3;0,1", "--draw", "1", "-q"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-k", "2x1,2x2", "-s", "1,1", "--data-model", "ar1:0.5"], "--data-model: series for k = (2×1,2×2)"),
        (["--supports", "0,1,3;0,1", "-s", "1,1", "-s", "1,1"], "-k/--filters: 0 given, and 2 -s/--strides"),
        (["--supports", "0,1,3;0,1", "--architectures", "file"], "--architectures: given with -k or -s"),
    ],
)
def test_what_does_not_work_is_told_in_one_line(words, message, capsys):
    assert cli.main(["survey", *words, "--draws", "2"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
