"""Directories of draws: killed, resumed, damaged, full, of another survey, in use."""

from __future__ import annotations

import errno
import json
import os
import shutil
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
from homotopy_lcn.surveys.run_directory import RunDirectory, _checksum_of
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
    return RunDirectory(folder, {"seed": 0, **changes}, 1000, ARCHITECTURES[:1], [10])


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
    assert process.returncode == 130
    assert errors.splitlines()[-1].endswith(
        f"interrupted; the draws so far are in {folder}, and the same command goes on"
    )
    assert "Traceback" not in errors
    assert 5 <= len(list(folder.glob("draws/*.parquet"))) < 20
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    assert parts(folder) == parts(undisturbed)


def test_no_process_outlives_a_killed_parent(tmp_path):
    folder = tmp_path / "run"
    arguments = [*COMMAND[:-6], "--draws", "1000000", "-o", str(folder), "-q", "--jobs", "2"]
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


def run_with_one_part(folder):
    """The chunk of the part, and the part."""
    chunk = Chunk(0, 0, 10)
    with open_run(folder) as run:
        run.write(chunk, solve_draws(ARCHITECTURES[0], data_model("gaussian"), 0, range(10)))
    (place,) = folder.glob("draws/*.parquet")
    return chunk, place


def test_a_part_is_believed_only_if_all_its_bytes_are_those_written(tmp_path):
    chunk, place = run_with_one_part(tmp_path / "run")
    (checksum,) = tmp_path.glob("run/checksums/*")
    table = parquet.read_table(place)
    with open_run(tmp_path / "run") as run:
        whole, line = place.read_bytes(), checksum.read_bytes()
        renamed = table.rename_columns(["minima" if name == "smooth" else name for name in table.column_names[:]])
        parquet.write_table(renamed.replace_schema_metadata(table.schema.metadata), place)
        assert run.find(chunk) is None
        with pytest.raises(
            InputError, match=r"^output: cannot read .* \(its checksum is another one\); expected a part"
        ):
            run.read(chunk)
        place.write_bytes(whole)
        checksum.unlink()
        assert run.find(chunk) is None
        checksum.write_bytes(line.replace(b"part", b"bart"))
        assert run.find(chunk) is None
        checksum.write_bytes(line)
        assert run.find(chunk) is not None
        assert [text.partition(" (")[2] for text in run.damaged] == [
            "its checksum is another one)",
            "its checksum cannot be read: No such file or directory)",
            "its checksum is another one)",
        ]


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.rename_columns([name.replace("smooth", "smoother") for name in table.column_names]),
        lambda table: table.drop_columns(["minima"]),
        lambda table: table.set_column(5, table.column_names[5], table.column(5).cast("int64")),
        lambda table: table.slice(1),
        lambda table: table.replace_schema_metadata({}),
    ],
    ids=["another name", "a column less", "another type", "a row less", "no mark"],
)
def test_a_part_with_other_columns_is_not_taken_even_with_its_checksum(tmp_path, change):
    chunk, place = run_with_one_part(tmp_path / "run")
    with open_run(tmp_path / "run") as run:
        parquet.write_table(change(parquet.read_table(place)), place)
        run._checksum(chunk).write_bytes(run._checksum_line(chunk, place.read_bytes()))
        assert run.find(chunk) is None


def test_checksums_are_those_of_sha256sum(undisturbed):
    program_there = shutil.which("sha256sum")
    if program_there is None:
        pytest.skip("needs sha256sum")
    lines = sorted(str(path.resolve()) for path in undisturbed.glob("checksums/*"))
    assert len(lines) == 20
    subprocess.run([program_there, "--check", "--quiet", *lines], cwd=undisturbed / "draws", check=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("place", ["manifest.json", "draws/part", "checksums/part", ".lock"])
@pytest.mark.parametrize("kind", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_folder_in_place_of_a_file_keeps_nobody_waiting(tmp_path, place, kind):
    chunk, part = run_with_one_part(tmp_path / "run")
    content = part.read_bytes()
    table = solve_draws(ARCHITECTURES[0], data_model("gaussian"), 0, range(10))
    (path,) = [path for path in (tmp_path / "run").rglob("*") if place in path.as_posix()]
    path.unlink()
    kind(path)
    if place in ("manifest.json", ".lock"):
        with pytest.raises(InputError, match=r"^output: .* cannot be (read|written)"):
            open_run(tmp_path / "run")
        return
    with open_run(tmp_path / "run") as run:
        assert run.find(chunk) is None
        if kind is os.mkdir:
            with pytest.raises(InputError, match=r"^output: .* cannot be written: Is a directory"):
                run.write(chunk, table)
        else:
            run.write(chunk, table)
            assert run.find(chunk) is not None
            assert part.read_bytes() == content


def test_a_part_of_another_size_than_parts_have_is_not_read(tmp_path):
    chunk, place = run_with_one_part(tmp_path / "run")
    os.truncate(place, 2**40)  # takes no room on the disk
    with open_run(tmp_path / "run") as run:
        assert run.find(chunk) is None
        assert "more than such a file has" in run.damaged[0]


def change_manifest(folder, **changes):
    """A manifest with other entries and the right checksum."""
    place = folder / "manifest.json"
    manifest = {**json.loads(place.read_text()), **changes}
    place.write_text(json.dumps({**manifest, "checksum": _checksum_of(manifest)}))


@pytest.mark.parametrize("chunks", [[-10], [0], [10**30], [2.5], ["10"], [True], [None], [], [10, 10]], ids=repr)
def test_bad_chunks_in_a_manifest_are_refused(tmp_path, chunks):
    open_run(tmp_path / "run").close()
    change_manifest(tmp_path / "run", chunks=chunks)
    with pytest.raises(InputError, match=r"^output: .*manifest.json has chunks .*; expected an integer from 1 to"):
        open_run(tmp_path / "run")


@pytest.mark.parametrize(
    "text", ["[]", "", "{", "null", '{"survey": 1}', "[" * 100_000, '{"version": ' + "9" * 5000 + "}"]
)
def test_what_is_no_manifest_is_refused(tmp_path, text):
    open_run(tmp_path / "run").close()
    (tmp_path / "run" / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"^output: .* cannot be read as the manifest of a survey") as raised:
        open_run(tmp_path / "run")
    assert len(str(raised.value)) < 400


def test_an_edited_manifest_is_refused_and_without_it_the_run_goes_on(undisturbed, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(undisturbed, folder)
    place = folder / "manifest.json"
    whole = place.read_text()
    place.write_text(whole.replace('"numpy"', '"mumpy"'))
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.UNUSABLE_INPUT
    assert "manifest.json is damaged or was edited, as its checksum is another one" in capsys.readouterr().err
    place.unlink()
    (folder / "draws" / "part-0000-000000000000-000000000020.parquet").unlink()
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    assert parts(folder) == parts(undisturbed)
    place.unlink()
    other = [word if word != "3" else "4" for word in COMMAND]
    assert program.main([*other, "-o", str(folder), "-q"]) == program.UNUSABLE_INPUT
    assert "no part of this survey or of these chunks" in capsys.readouterr().err
    assert not place.exists()


@pytest.mark.parametrize(
    "name",
    [
        "part-0000-000000000000-000000000010 (copy).parquet",
        "part-0000-000000000005-000000000010.parquet",
        "part-0001-000000000000-000000000010.parquet",
    ],
)
def test_a_file_among_the_parts_that_readers_would_read_too_is_refused(tmp_path, name):
    _, place = run_with_one_part(tmp_path / "run")
    shutil.copy(place, place.with_name(name))
    with pytest.raises(
        InputError, match=r"^output: .* holds 'part-.*, which is no part of this survey or of these chunks"
    ):
        open_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "named"), [({"draws": 10**18}, "draws"), ({"draws": 5, "chunk": 10**9}, "chunk")]
)
def test_more_chunks_or_draws_in_one_than_fit_are_refused_at_once(arguments, named):
    with pytest.raises(InputError, match=rf"^{named}: .*; expected "):
        survey(ARCHITECTURES, **arguments)


@pytest.mark.skipif(os.name == "nt", reason="needs limits of POSIX")
def test_a_real_limit_of_file_sizes_ends_the_run_with_one_line(undisturbed, tmp_path):
    """The largest part is larger than the system allows."""
    folder = tmp_path / "run"
    limit = max(len(content) for name, content in parts(undisturbed).items() if name.startswith("draws/")) - 1
    code = """
import resource, sys
from homotopy_lcn.cli import program
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(program.main(sys.argv[2:]))
"""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-c", code, str(limit), *COMMAND, "-o", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (program.UNUSABLE_INPUT, "")
    assert done.stderr.count("\n") == 1
    assert "cannot be written: File too large; the draws written so far are kept" in done.stderr
    assert not [name for name in parts(folder) if name.endswith(".tmp")]
    written = {name: content for name, content in parts(folder).items() if name.startswith("draws/")}
    assert written == {name: parts(undisturbed)[name] for name in written}
    assert program.main([*COMMAND, "-o", str(folder), "-q"]) == program.DONE
    assert parts(folder) == parts(undisturbed)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_killed_at_random_moments_it_leaves_what_an_undisturbed_run_leaves(tmp_path):
    import attack_kills

    undisturbed, run = (attack_kills.Run(tmp_path / name, draws=60) for name in ("undisturbed", "run"))
    for one in (undisturbed, run):
        one.folder.mkdir()
    seconds = undisturbed.finish()
    for moment in np.random.default_rng(1).uniform(0.3 * seconds, 0.9 * seconds, 2):
        run.kill_after(moment)
    run.finish()
    assert attack_kills.differences(run.files(), undisturbed.files()) == []


def draws_of(folder):
    return {name: content for name, content in parts(folder).items() if name.startswith("draws/")}


@pytest.mark.parametrize("manifest", ["kept", "lost"])
def test_a_survey_of_more_draws_goes_on_where_a_smaller_one_ended(tmp_path, manifest):
    """50 is no multiple of the chunk. A manifest that is lost is made again from the names of the parts."""
    folder, reports = tmp_path / "run", []
    numbers = {"seed": 3, "chunk": 20, "output": folder}
    survey(ARCHITECTURES, 50, **numbers)
    before = draws_of(folder)
    if manifest == "lost":
        (folder / "manifest.json").unlink()
    found = survey(ARCHITECTURES, 90, **numbers, progress=reports.append)
    after = draws_of(folder)
    assert {name: after[name] for name in before} == before
    assert [report.done for report in reports if report.known == report.done] == [20, 40, 50, 70, 90, 100]
    assert [reports[-1].done, reports[-1].total, reports[-1].known] == [180, 180, 100]
    alone = survey(ARCHITECTURES, 90, seed=3)
    pandas.testing.assert_frame_equal(found.to_frame(), alone.to_frame(), check_exact=True)
    assert found.to_dict() == alone.to_dict()
    document = json.loads((folder / "manifest.json").read_text())
    assert (document["ends"], document["complete"]) == ([50, 90], True)
    survey(ARCHITECTURES, 90, **numbers)
    assert draws_of(folder) == after
    table = pandas.read_parquet(folder / "draws")
    assert sorted(table["draw"]) == sorted(2 * list(range(90)))


def test_an_extension_that_was_interrupted_goes_on(tmp_path):
    class Enough(Exception):
        pass

    def stop(report):
        if report.done > 60:
            raise Enough

    folder = tmp_path / "run"
    numbers = {"seed": 3, "chunk": 20, "output": folder}
    survey(ARCHITECTURES[0], 50, **numbers)
    with pytest.raises(Enough):
        survey(ARCHITECTURES[0], 130, **numbers, progress=stop)
    assert json.loads((folder / "manifest.json").read_text())["ends"] == [50, 130]
    with pytest.raises(InputError, match=r"^output: .* belongs to a survey with draws 130, not 50"):
        survey(ARCHITECTURES[0], 50, **numbers)
    found = survey(ARCHITECTURES[0], 200, **numbers)
    assert json.loads((folder / "manifest.json").read_text())["ends"] == [50, 130, 200]
    assert found.to_dict() == survey(ARCHITECTURES[0], 200, seed=3).to_dict()


def test_the_command_line_extends_a_survey(undisturbed, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(undisturbed, folder)
    more = [{"200": "210"}.get(word, word) for word in COMMAND]
    assert program.main([*more, "-o", str(folder), "-q"]) == program.DONE
    assert draws_of(undisturbed).items() <= draws_of(folder).items()
    assert survey(ARCHITECTURES, 210, seed=3, output=folder).to_dict() == survey(ARCHITECTURES, 210, seed=3).to_dict()


@pytest.mark.parametrize("ends", [None, [], [5, 3], ["10"], [0, 10], [10, 10]])
def test_a_manifest_whose_ends_are_none_is_refused(tmp_path, ends):
    open_run(tmp_path / "run").close()
    place = tmp_path / "run" / "manifest.json"
    manifest = {**json.loads(place.read_text()), "ends": ends}
    place.write_text(json.dumps({**manifest, "checksum": _checksum_of(manifest)}))
    with pytest.raises(InputError, match=r"^output: .* has ends .*; expected increasing numbers of draws"):
        open_run(tmp_path / "run")


def test_another_survey_is_refused_and_nothing_changes(undisturbed, capsys):
    before = parts(undisturbed)
    for option, value, named in (
        ("--seed", "4", "seed 3, not 4"),
        ("--draws", "150", "draws 200, not 150"),
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


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_run_of_an_earlier_version_is_refused(tmp_path, version):
    with open_run(tmp_path / "run") as run:
        assert run.find(Chunk(0, 0, 10)) is None
        assert run.damaged == []
    manifest = tmp_path / "run" / "manifest.json"
    earlier = {key: value for key, value in json.loads(manifest.read_text()).items() if key != "checksum"}
    manifest.write_text(json.dumps({**earlier, "version": version}))
    message = (
        rf"^output: .* holds draws in version {version} of their format, .* version 4, with other columns or checks"
    )
    with pytest.raises(InputError, match=message):
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
