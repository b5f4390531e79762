"""`survey` from Python and on the command line: statistics, formats, plots, single draws, mistakes."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, CriticalPoints, InputError, cli, survey
from homotopy_lcn.cli import survey as cli_survey
from homotopy_lcn.cli.common import DONE, INTERRUPTED, NOT_COMPLETE, UNUSABLE_INPUT
from homotopy_lcn.display.surveys import FORMATS, format_survey
from homotopy_lcn.extras import install_command
from homotopy_lcn.surveys.draws import columns
from homotopy_lcn.surveys.tallies import Tally
from tests.saved_frames import assert_saved_exactly

NETWORK = ("-k", "2,2", "-s", "1,1")
ARCHITECTURE = Architecture((2, 2), (1, 1))


@pytest.fixture(scope="module")
def found():
    return survey([ARCHITECTURE, Architecture((3, 2), (2, 1))], 60, "teacher:0.5", seed=2)


def table(values, missing):
    count = len(values)
    return {
        "draw": np.arange(count),
        "complete": np.array(missing) == 0,
        "missing": np.array(missing, dtype=np.int32),
        "real": np.array(values, dtype=np.int32),
        "global_minimum_pure": np.full(count, -1, dtype=np.int8),
    }


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from([0, 0, 0, 2])), min_size=2, max_size=40), st.randoms())
def test_a_tally_is_the_statistics_of_the_draws_in_any_order(draws, random):
    values, missing = map(list, zip(*draws, strict=True))
    tally = Tally()
    cut = random.randrange(len(draws))
    for part in (slice(cut, None), slice(0, cut)):
        tally.add(table(values[part], missing[part]))
    real = tally.distribution("real")
    assert (tally.draws, tally.incomplete) == (len(draws), sum(m > 0 for m in missing))
    assert real.mean == pytest.approx(np.mean(values))
    assert real.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    assert (real.minimum, real.maximum, real.count) == (min(values), max(values), len(values))
    low, high = real.interval
    assert low <= real.mean <= high
    assert high >= np.mean(np.add(values, missing)) - 1e-9


def test_the_interval_of_the_mean_covers_as_often_as_it_says():
    from scipy import stats

    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        values = rng.poisson(3, size=30)
        tally = Tally()
        tally.add(table(values, np.zeros(30, dtype=int)))
        low, high = tally.distribution("real").interval
        expected = stats.t.interval(0.95, 29, values.mean(), values.std(ddof=1) / math.sqrt(30))
        assert (low, high) == pytest.approx(expected)
        covered += low <= 3 <= high
    assert 0.91 <= covered / 400 <= 0.98


def test_the_interval_of_a_proportion_is_wilsons():
    from scipy import stats

    tally = Tally()
    part = table(np.zeros(30), np.zeros(30, dtype=int))
    part["global_minimum_pure"][:] = np.arange(30) < 21
    tally.add(part)
    pure = tally.global_minimum_pure
    assert (pure.yes, pure.no, pure.unknown, pure.value) == (21, 9, 0, 0.7)
    expected = stats.binomtest(21, 30).proportion_ci(method="wilson")
    assert pure.interval == pytest.approx((expected.low, expected.high))


def test_the_frame_has_a_row_a_draw(found, tmp_path):
    frame = found.to_frame()
    assert_saved_exactly(frame, tmp_path)
    assert list(frame.columns) == ["filters", "strides", *columns(found.architectures)]
    assert frame["filters"].tolist() == ["2,2"] * 60 + ["3,2"] * 60
    assert frame["draw"].tolist() == 2 * list(range(60))
    for index in (0, 1):
        part = frame[60 * index : 60 * (index + 1)]
        assert found.mean_real_ed_degree(index) == pytest.approx(part["real_pure"].mean())
        assert found.tallies[index].global_minimum_pure.yes == part["global_minimum_pure"].sum()
    assert (frame.loc[frame["filters"] == "2,2", "saddles_3"] == 0).all()


def test_it_prints_itself_and_knows_its_quantities(found):
    text = str(found)
    assert "60 draws each, seed 2" in text
    assert "k = (3, 2), s = (2, 1): mean real ED degree" in text
    with pytest.raises(InputError, match=r"^name: 'reall' is not counted; expected one of missing, found"):
        found.distribution("reall")
    with pytest.raises(InputError, match=r"^to_frame: the draws were not kept"):
        survey(ARCHITECTURE, 3, keep=False).to_frame()


def test_every_format_tells_the_same(found):
    document = json.loads(format_survey(found, "json"))
    assert document["draws"] == 60
    assert document["architectures"][0]["generic"] == {"pure": 1, "spurious": 4, "filters": 5}
    rows = list(csv.DictReader(io.StringIO(format_survey(found, "csv"))))
    for arch in document["architectures"]:
        filters = ",".join(map(str, arch["filters"]))
        assert sum(arch["distributions"]["real"]["draws"]) == 60
        for name, statistics in arch["distributions"].items():
            row = next(row for row in rows if (row["filters"], row["quantity"]) == (filters, name))
            assert float(row["mean"]) == statistics["mean"]
            assert [float(row["low"]), float(row["high"])] == statistics["interval"]
            mean = np.average(statistics["values"], weights=statistics["draws"])
            assert statistics["mean"] == pytest.approx(mean)
    shown = f"{document['architectures'][1]['mean_real_ed_degree']['mean']:.5g}"
    for style in ("text", "markdown", "latex"):
        assert shown in format_survey(found, style)
    assert format_survey(found, "latex").isascii()
    assert format_survey(found, "latex").startswith("% \\usepackage{amssymb,array,booktabs,longtable}\n\\begin{table}")
    assert set(FORMATS) == set(cli_survey.STYLES)


def test_statistics_are_printed_even_if_the_file_for_them_cannot_be_written(monkeypatch, capsys, tmp_path):
    def full(path, text):
        raise InputError("--json: no room")

    monkeypatch.setattr(cli_survey, "write", full)
    command = ["survey", *NETWORK, "--draws", "3", "--json", str(tmp_path / "x.json")]
    assert cli.main(command) == UNUSABLE_INPUT
    out, err = capsys.readouterr()
    assert "global minimum pure in" in out
    assert "--json: no room" in err


def test_intervals_of_counts_are_not_negative():
    tally = Tally()
    tally.add(table([1] + [0] * 9, [0] * 10))
    low, high = tally.distribution("real").interval
    assert low == 0
    assert 0 < high < 1


@pytest.mark.parametrize("ending", ["pdf", "png", "svg"])
def test_plots_are_files_of_their_kind_and_the_same_each_time(found, tmp_path, ending):
    pytest.importorskip("matplotlib")
    starts = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}
    paths = [tmp_path / f"{name}.{ending}" for name in ("one", "two")]
    for path in paths:
        found.plot(path)
    assert paths[0].read_bytes().startswith(starts[ending])
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_command_prints_writes_and_draws(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = [*NETWORK, "--draws", "30", "--seed", "1"]
    paths = {"--json": tmp_path / "out.json", "--plot": tmp_path / "out.png"}
    options = [str(word) for pair in paths.items() for word in pair]
    assert cli.main(["survey", *arguments, *options, "--format", "csv"]) == DONE
    expected = survey(ARCHITECTURE, 30, seed=1)
    captured = capsys.readouterr()
    assert captured.out == format_survey(expected, "csv")
    assert captured.err == ""
    assert json.loads(paths["--json"].read_text()) == expected.to_dict()
    assert paths["--plot"].stat().st_size > 1000
    assert cli.main(["survey", *arguments, "--json", "-"]) == DONE
    assert json.loads(capsys.readouterr().out) == expected.to_dict()


def test_several_networks_from_options_or_a_file(tmp_path, capsys):
    place = tmp_path / "networks.txt"
    place.write_text("# two of them\n2,2 1,1\n\n3,2 2,1  # thin\n")
    common = ["--draws", "5", "--format", "csv"]
    assert cli.main(["survey", *NETWORK, "-k", "3,2", "-s", "2,1", *common]) == DONE
    one = capsys.readouterr().out
    assert cli.main(["survey", "--architectures", str(place), *common]) == DONE
    assert capsys.readouterr().out == one


def test_one_draw_is_solved_as_by_solve(tmp_path, capsys):
    place = tmp_path / "draw.json"
    assert cli.main(["survey", *NETWORK, "--seed", "3", "--draw", "17", "--json", str(place)]) == DONE
    assert "draw 17 of seed 3" in capsys.readouterr().out
    points = CriticalPoints.from_json(place)
    row = survey(ARCHITECTURE, 18, seed=3).to_frame().iloc[17]
    assert points.counts.real == row["real"]
    assert points.counts.minima == row["minima"]
    assert points.global_minimum.loss == pytest.approx(row["least_loss"])


def test_the_command_shown_repeats_the_survey(found, capsys):
    command = json.loads(format_survey(found, "json"))["command"]
    program, *arguments = shlex.split(command)
    assert program == "homotopy-lcn"
    assert cli.main([*arguments, "--json", "-"]) == DONE
    assert json.loads(capsys.readouterr().out) == found.to_dict()
    recipe = survey(ARCHITECTURE, 4, seed=3).plan.command("--draw 3")
    assert recipe in format_survey(survey(ARCHITECTURE, 4, seed=3), "text").replace("--draw D", "--draw 3")
    assert cli.main(shlex.split(recipe)[1:]) == DONE


def test_incomplete_draws_have_exit_code_3(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "few.npz", X=rng.normal(size=(3, 3)), Y=rng.normal(size=(3, 1)))
    command = ["survey", *NETWORK, "--data-model", str(tmp_path / "few.npz"), "--draws", "20"]
    assert cli.main(command) == NOT_COMPLETE
    captured = capsys.readouterr()
    assert "draws incomplete (the intervals hold for whatever was missed there)" in captured.out
    assert "draws are incomplete; they are counted with what was found" in captured.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "-k/--filters: 0 given, and 0 -s/--strides"),
        (("-k", "2,2"), "-k/--filters: 1 given, and 0 -s/--strides"),
        (("-k", "2,x", "-s", "1,1"), "-k/--filters: 'x' is not an integer"),
        ((*NETWORK, *NETWORK), "-k/--filters, -s/--strides: "),
        ((*NETWORK, "--draws", "0"), "--draws"),
        ((*NETWORK, "--format", "word"), "--format: 'word'"),
        ((*NETWORK, "--data-model", "cauchy"), "--data-model: 'cauchy'"),
        ((*NETWORK, "--plot", "x.bmp"), "--plot: 'x.bmp'"),
        ((*NETWORK, "--plot", "absent/x.png"), "--plot: absent/x.png"),
        ((*NETWORK, "--engine", "warp"), "--engine: 'warp'"),
        ((*NETWORK, "--architectures", "x"), "--architectures: given with -k or -s"),
        (("--architectures", "absent.txt"), "--architectures: cannot read 'absent.txt'"),
        ((*NETWORK, "-k", "3,2", "-s", "2,1", "--draw", "3"), "--draw: 2 networks given"),
        (("-k", "4,4,4", "-s", "2,2,1"), "204536 critical filters"),
        ((*NETWORK, "-o", "absent/run"), "-o/--output: absent/run cannot be written"),
    ],
)
def test_mistakes_have_one_line_and_exit_code_2(arguments, problem, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["survey", *arguments]) == UNUSABLE_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert problem in captured.err.replace("Option ", "").replace("'-k'", "-k")
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_of_networks_with_a_mistake_is_named_with_its_line(tmp_path, capsys):
    place = tmp_path / "networks.txt"
    for text, problem in (
        ("2,2 1,1\n3,2\n", "line 2: '3,2'"),
        ("2,2 1\n", "line 1"),
        ("#\n", "no architecture in"),
        ("2,2 1,1\n2,2 1,1\n", "--architectures: "),
    ):
        place.write_text(text)
        assert cli.main(["survey", "--architectures", str(place)]) == UNUSABLE_INPUT
        assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("pyarrow", ("-o/--output", "run"), "survey"),
        ("distributed", ("--scheduler", "tcp://127.0.0.1:1"), "distributed"),
        ("matplotlib", ("--plot", "x.png"), "figures"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(missing, arguments, extra, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    option, value = arguments
    assert cli.main(["survey", *NETWORK, "--draws", "3", option.split("/")[0], value]) == UNUSABLE_INPUT
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"{option}: needs {missing}" in message
    assert install_command(extra) in message
    assert not list(tmp_path.iterdir())


def test_arguments_of_the_function_are_checked():
    for arguments, problem in (
        (([],), "architectures: none given"),
        ((["3,2"],), "architectures: str given"),
        ((ARCHITECTURE, 0), "draws: 0 given"),
        ((ARCHITECTURE, 2.5), "draws: 2.5 given"),
    ):
        with pytest.raises(InputError, match=problem):
            survey(*arguments)


def test_numbers_may_be_those_of_numpy(tmp_path):
    usual = survey(ARCHITECTURE, 3, seed=1, chunk=2).to_frame()
    numbers = {"draws": np.int64(3), "seed": np.int32(1), "jobs": np.int8(1), "chunk": np.uint8(2)}
    found = survey(ARCHITECTURE, **numbers)
    assert found.to_frame().equals(usual)
    assert json.loads(json.dumps(found.to_dict()))["draws"] == 3
    pytest.importorskip("pyarrow")
    assert survey(ARCHITECTURE, **numbers, output=tmp_path / "run").to_frame().equals(usual)


def test_an_interrupted_run_says_where_its_draws_are(tmp_path, capsys, monkeypatch):
    from homotopy_lcn.surveys import surveys

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(surveys, "survey", interrupted)
    assert cli.main(["survey", *NETWORK, "-o", str(tmp_path / "run")]) == INTERRUPTED
    assert "the same command goes on" in capsys.readouterr().err
    assert cli.main(["survey", *NETWORK]) == INTERRUPTED
    assert "interrupted before there was a result" in capsys.readouterr().err


def test_progress_counts_draws_to_the_end():
    reports = []
    survey([ARCHITECTURE, Architecture((3, 2), (2, 1))], 25, chunk=10, progress=reports.append)
    assert [report.done for report in reports] == [10, 20, 25, 35, 45, 50]
    assert {report.total for report in reports} == {50}


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_text_is_as_wide_as_the_terminal_but_for_the_command_to_copy(width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    assert cli.main(["survey", *NETWORK, "--draws", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    long = [line for line in lines if len(line) > width]
    assert all(line.startswith("  draw D alone: homotopy-lcn survey") for line in long)
    assert max(len(line) for line in lines if line not in long) > width * 0.7
