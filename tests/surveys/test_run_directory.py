"""Directories of draws: killed, resumed, damaged, full, of another survey, in use."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, files, survey
from homotopy_lcn.cli import program
from homotopy_lcn.losses.data_models import data_model
from homotopy_lcn.surveys.draws import solve_draws
from homotopy_lcn.surveys.plans import Chunk
from homotopy_lcn.surveys.run_directory import RunDirectory
from tests import ROOT
from tests.sessions import assert_session_ends

parquet = pytest.importorskip("pyarrow.parquet")
pandas = pytest.importorskip("pandas")

ARCHITECTURES = (Architecture((2, 2), (1, 1)), Architecture((3, 2), (2, 1)))
COMMAND = (
    "survey",
    "-k",
    "2,2",
    "-s",
    "1,1",
    "-k",
    "3,2",
    "-s",
    "2,1",
    "--draws",
    "200",
    "--chunk",
    "20",
    "--seed",
    "3",
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The directory of a run that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    return folder


def parts(folder):
    """Names and contents of everything but the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def open_run(folder, **changes):
    return RunDirectory(folder, {"seed": 0, **changes}, ARCHITECTURES[:1], [10])


def test_killed_half_way_it_goes_on_to_the_same_files(undisturbed, tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "homotopy_lcn", *COMMAND, "-o", str(folder), "-q", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    process = subprocess.Popen(command, env=environment)
    while len(list(folder.glob("draws/*.parquet"))) < 10:
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = parts(folder)
    assert 10 <= sum(name.endswith(".parquet") for name in before) < 20
    assert not json.loads(before["manifest.json"])["complete"]
    (folder / "draws" / ".part-x.parquet.0123456789ab.tmp").write_bytes(b"what a writer left that was killed")
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    assert parts(folder) == parts(undisturbed)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_after_ctrl_c_it_goes_on_to_the_same_files(undisturbed, tmp_path):
    folder = tmp_path / "run"
    code = """
import signal, sys
from homotopy_lcn.cli import program
signal.signal(signal.SIGINT, signal.default_int_handler)  # the runner may ignore it
sys.exit(program.main(sys.argv[1:]))
"""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-c", code, *COMMAND, "-o", str(folder), "--jobs", "1"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while len(list(folder.glob("draws/*.parquet"))) < 5:
            assert process.poll() is None, "it ended before it was interrupted"
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=600)[1]
    assert process.returncode == 3
    assert errors.splitlines()[-1].endswith(
        f"interrupted; the draws so far are in {folder}, and the same command goes on"
    )
    assert "Traceback" not in errors
    assert 5 <= len(list(folder.glob("draws/*.parquet"))) < 20
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    assert parts(folder) == parts(undisturbed)


def test_no_process_outlives_a_killed_parent(tmp_path):
    folder = tmp_path / "run"
    arguments = [*COMMAND[:-4], "--draws", "1000000", "-o", str(folder), "-q", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    # A session of its own, so that its processes can be told from others.
    process = subprocess.Popen(
        [sys.executable, "-m", "homotopy_lcn", *arguments], env=environment, start_new_session=True
    )
    while not list(folder.glob("draws/*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert_session_ends(process.pid)


def test_the_table_is_that_of_a_survey_in_memory(undisturbed):
    run = survey(ARCHITECTURES, 200, seed=3, output=undisturbed)
    memory = survey(ARCHITECTURES, 200, seed=3, chunk=33)
    pandas.testing.assert_frame_equal(run.to_frame(), memory.to_frame(), check_exact=True)
    assert run.to_dict() == memory.to_dict()
    table = pandas.read_parquet(undisturbed / "draws")
    assert len(table) == 400
    assert table["filters"].tolist() == ["2,2"] * 200 + ["3,2"] * 200
    assert table["draw"].tolist() == 2 * list(range(200))


def test_a_damaged_part_is_computed_again(undisturbed, tmp_path):
    folder = tmp_path / "run"
    survey(ARCHITECTURES, 200, seed=3, output=folder, chunk=20)
    places = sorted(folder.glob("draws/*.parquet"))
    whole = parts(folder)
    places[0].write_bytes(places[0].read_bytes()[:-100])
    places[1].write_bytes(b"")
    places[2].write_bytes(places[3].read_bytes())  # of this survey, but other draws
    places[4].unlink()
    with pytest.warns(
        RuntimeWarning, match=r"^output: damaged parts are computed again: 3, the first of them .*000000000020"
    ):
        survey(ARCHITECTURES, 200, seed=3, output=folder)
    assert parts(folder) == whole


def test_a_changed_bit_in_the_data_is_noticed(tmp_path):
    chunk = Chunk(0, 0, 10)
    with open_run(tmp_path / "run") as run:
        run.write(chunk, solve_draws(ARCHITECTURES[0], data_model("gaussian"), 0, range(10)))
        assert run.find(chunk) is not None
        (place,) = tmp_path.glob("run/draws/*.parquet")
        whole = place.read_bytes()
        group = parquet.read_metadata(place).row_group(0)
        for column in map(group.column, range(group.num_columns)):
            end = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size
            place.write_bytes(whole[: end - 1] + bytes([whole[end - 1] ^ 1]) + whole[end:])
            assert run.find(chunk) is None, column.path_in_schema


def test_another_survey_is_refused_and_nothing_changes(undisturbed, capsys):
    before = parts(undisturbed)
    for option, value, named in (
        ("--seed", "4", "seed 3, not 4"),
        ("--draws", "300", "draws 200, not 300"),
        ("--data-model", "white", "data model"),
    ):
        command = list(COMMAND)
        if option in command:
            command[command.index(option) + 1] = value
        else:
            command += [option, value]
        assert program.main([*command, "-o", str(undisturbed)]) == program.UNUSABLE_INPUT
        message = capsys.readouterr().err
        assert message.count("\n") == 1
        assert "-o/--output:" in message
        assert named in message
    assert parts(undisturbed) == before


def test_a_run_of_an_earlier_version_with_other_columns_is_refused(tmp_path):
    with open_run(tmp_path / "run") as run:
        assert run.find(Chunk(0, 0, 10)) is None
    manifest = tmp_path / "run" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": 1}))
    with pytest.raises(InputError, match=r"^output: .* holds draws in version 1 of their format, .* other columns"):
        open_run(tmp_path / "run")


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"^output: .* holds 'thesis.tex' but no manifest.json"):
        open_run(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(InputError, match=r"^output: .* cannot be read as the manifest of a survey"):
        open_run(tmp_path)
    with pytest.raises(InputError, match=r"^output: .* is a file"):
        open_run(tmp_path / "thesis.tex")
    with pytest.raises(InputError, match=r"^output: .* cannot be written: No such file or directory"):
        open_run(tmp_path / "absent" / "run")


def test_two_runs_cannot_write_to_one_directory(tmp_path):
    with open_run(tmp_path / "run"), pytest.raises(InputError, match="is in use by another run"):
        open_run(tmp_path / "run")
    open_run(tmp_path / "run").close()


def test_a_full_disk_ends_the_run_with_one_line_and_it_goes_on_later(undisturbed, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    usual = files._write_once
    written = []

    def full_after_three(target, data):
        if target.suffix == ".parquet":
            if len(written) == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written.append(target)
        usual(target, data)

    monkeypatch.setattr(files, "_write_once", full_after_three)
    assert program.main([*COMMAND, "-o", str(folder)]) == program.UNUSABLE_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "No space left on device; the draws written so far are kept" in captured.err
    assert len(list(folder.glob("draws/*.parquet"))) == 3
    monkeypatch.undo()
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    assert parts(folder) == parts(undisturbed)


def test_what_is_written_is_read_back(tmp_path):
    table = solve_draws(ARCHITECTURES[0], data_model("gaussian"), 0, range(10))
    table["global_minimum_pure"][:2] = -1, 0
    table["least_loss"][0] = np.nan
    with open_run(tmp_path / "run") as run:
        run.write(Chunk(0, 0, 10), table)
        assert run.find(Chunk(0, 0, 10)) is not None
        assert run.find(Chunk(0, 10, 20)) is None
        again = run.read(Chunk(0, 0, 10))
    assert again.keys() == table.keys()
    for name in table:
        np.testing.assert_array_equal(again[name], table[name])
