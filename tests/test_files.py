"""Files written whole and read without waiting, temporary files of killed writers, digests, and JSON."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import subprocess
import sys
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import InputError, files
from homotopy_lcn.cli import program
from homotopy_lcn.files import (
    check_writable,
    content_digest,
    json_content,
    open_for_reading,
    read_regular,
    read_text,
    remove_leftovers,
    replace_file,
    shown,
    without_collection,
    write_atomically,
)
from tests import ROOT

fcntl = pytest.importorskip("fcntl")

LEFT = ".out.json.0123456789ab.tmp"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_regular_files_of_a_reasonable_size_are_read(tmp_path):
    place = tmp_path / "file"
    place.write_bytes(b"12345")
    assert read_regular(place, 5) == b"12345"
    os.mkfifo(tmp_path / "pipe")
    os.truncate(place, 2**40)
    for path, reason in ((place, "more than"), (tmp_path / "pipe", "not a regular"), ("/dev/zero", "not a regular")):
        with pytest.raises(OSError, match=reason):
            read_regular(path, 5)
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(OSError):  # noqa: PT011 (which one depends on the system)
            read_regular(path, 5)


def test_a_pipe_is_replaced_by_a_file_of_the_program(tmp_path):
    os.mkfifo(tmp_path / "file")
    replace_file(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert names(tmp_path) == ["file"]


def test_a_write_removes_what_killed_writers_of_the_same_file_left(tmp_path):
    others = [
        ".other.json.0123456789ab.tmp",
        ".out.json.tmp",
        "out.json.0123456789ab.tmp",
        ".out.json.0123456789aX.tmp",
    ]
    for name in (LEFT, *others):
        (tmp_path / name).write_text("{")
    write_atomically(tmp_path / "out.json", "{}")
    assert names(tmp_path) == sorted([*others, "out.json"])
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted([*others[1:], "out.json"])


def test_the_temporary_file_of_a_living_writer_stays(tmp_path):
    with open(tmp_path / LEFT, "xb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        write_atomically(tmp_path / "out.json", "{}")
        assert names(tmp_path) == [LEFT, "out.json"]
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["out.json"]


def test_without_locks_only_old_temporary_files_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_lock", lambda stream: None)
    (tmp_path / LEFT).write_text("{")
    write_atomically(tmp_path / "out.json", "{}")
    assert names(tmp_path) == [LEFT, "out.json"]
    os.utime(tmp_path / LEFT, (0, 0))
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["out.json"]


def test_a_temporary_file_taken_for_a_leftover_is_written_again(tmp_path, monkeypatch):
    taken = []

    def lock(stream):
        if not taken:
            taken.append(stream.name)
            os.unlink(stream.name)
        return True

    monkeypatch.setattr(files, "_lock", lock)
    write_atomically(tmp_path / "out.json", "{}")
    assert len(taken) == 1
    assert names(tmp_path) == ["out.json"]


WRITER_THAT_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from homotopy_lcn import files
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
files.write_atomically(Path(sys.argv[1]), "content")
"""


def test_a_killed_writer_leaves_nothing_for_long(tmp_path):
    place = tmp_path / "out.json"
    place.write_text("before")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", WRITER_THAT_IS_KILLED, str(place)], env=environment, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert place.read_text() == "before"
    assert len(names(tmp_path)) == 2
    write_atomically(place, "after")
    assert names(tmp_path) == ["out.json"]


def test_many_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    """Each removes what looks left over while others write."""
    contents = [str(number) * 1000 for number in range(4)]
    failures = []

    def write(content):
        try:
            for _ in range(40):
                write_atomically(tmp_path / "out", content)
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (tmp_path / "out").read_text() in contents
    assert names(tmp_path) == ["out"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
CONTENTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)


@given(CONTENTS, st.integers(1, 3))
def test_the_digest_is_that_of_the_compact_text_with_sorted_keys(content, together):
    whole = json.dumps(content, sort_keys=True, separators=(",", ":"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "ENCODED_TOGETHER", together)
        assert content_digest(content) == hashlib.sha256(whole.encode()).hexdigest()


@given(CONTENTS)
def test_the_digest_of_what_was_written_is_that_of_what_is_read(content):
    finite = json.loads(json.dumps(content), parse_constant=lambda _: 0.0)
    assert content_digest(json_content(json.dumps(finite), "expected")) == content_digest(finite)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 1}', "'a' is given twice; expected it once"),
        ('[{"b": {"c": 0, "d": 1, "c": 2}}]', "'c' is given twice"),
        ('{"' + "x" * 1000 + '": 1, "' + "x" * 1000 + '": 2}', "…"),
        ("[NaN]", "NaN is not a number of JSON"),
        ("1" * 4001, "an integer of 4001 digits"),
        ("[" * 10**5, "brackets"),
        ('{"a": ', "not whole JSON"),
        ("", "not whole JSON"),
    ],
)
def test_texts_that_readers_read_differently_or_not_at_all_are_refused(text, message):
    with pytest.raises(InputError, match=message) as error:
        json_content(text, "expected a file")
    assert len(str(error.value)) < 200


def test_large_files_are_refused_before_they_are_read_whole(tmp_path, monkeypatch):
    (tmp_path / "large.json").write_text("x" * 100)
    assert read_text(tmp_path / "large.json", "expected less") == "x" * 100
    monkeypatch.setattr(files, "MOST_BYTES", 99)
    with pytest.raises(InputError, match=r"more than .* MB; expected less"):
        read_text(tmp_path / "large.json", "expected less")


def test_values_are_shown_short_whatever_they_are():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for value in ("x" * 10**6, [0] * 10**6, deep, 10**3000):
        assert len(shown(value)) < 80
    while deep:  # taken apart from outside, as the interpreter would recurse
        deep = deep[0]


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


def test_folders_and_devices_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        open_for_reading(tmp_path)
    if os.path.exists("/dev/zero"):
        with pytest.raises(OSError, match="neither a file nor a pipe"):
            open_for_reading("/dev/zero")


@needs_pipes
def test_a_pipe_that_nobody_writes_to_is_said_to_be_no_regular_file(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    message = "^cannot read: not a regular file, but a pipe to which nobody writes; expected a result$"
    with pytest.raises(InputError, match=message):
        read_text(path, "expected a result")


@needs_pipes
@pytest.mark.parametrize(
    "arguments",
    [
        "certify pipe",
        "certify --check pipe",
        "report pipe -o report.html",
        "solve -k 2,2 -s 1,1 --data pipe",
        "solve -k 2,2 -s 1,1 --csv pipe --x a,b,c --y d",
        "solve -k 2,2 -s 1,1 --series pipe:a",
    ],
)
def test_every_command_says_of_a_pipe_that_it_is_no_regular_file(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert program.main(arguments.split()) == program.UNUSABLE_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pipe" in captured.err
    assert "not a regular file" in captured.err
    assert captured.err.count("\n") == 1


@needs_pipes
def test_arrays_are_not_read_from_a_pipe(tmp_path, capsys):
    """The index of such a file stands at its end."""
    reading, writing = os.pipe()
    with open(writing, "wb") as stream:
        np.savez(stream, gram=np.eye(3), b=np.ones(3))
    try:
        status = program.main(["solve", "-k", "2,2", "-s", "1,1", "--data", f"/dev/fd/{reading}"])
    finally:
        os.close(reading)
    assert status == program.UNUSABLE_INPUT
    assert "is a pipe, and not a regular file; expected arrays saved by numpy.savez" in capsys.readouterr().err


@needs_pipes
def test_a_pipe_with_a_writer_is_read_to_its_end():
    reading, writing = os.pipe()

    def write():
        with open(writing, "w") as stream:
            stream.write("late " * 1000)

    writer = Thread(target=write)
    writer.start()
    try:
        assert read_text(f"/dev/fd/{reading}", "expected") == "late " * 1000
    finally:
        writer.join()
        os.close(reading)


@needs_pipes
@pytest.mark.parametrize("use", [check_writable, lambda path: write_atomically(path, "text")])
def test_a_pipe_that_nobody_reads_is_refused_at_once(use, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(InputError, match=r"pipe: cannot write: a pipe that nobody reads; expected a writable file"):
        use(path)
    assert path.is_fifo()


@needs_pipes
@pytest.mark.parametrize("checks", [0, 1, 2])
def test_a_pipe_with_a_reader_gets_the_whole_content(checks, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    # Opened without waiting, so that there is a reader when the pipe is checked; more is written than a pipe holds.
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reading, True)
    for _ in range(checks):
        check_writable(path)
    writer = Thread(target=write_atomically, args=(path, "late " * 100_000))
    writer.start()
    try:
        first = b""
        while not first:  # without a writer, a pipe is at its end
            first = os.read(reading, 1)
        with open(reading, "rb", closefd=False) as stream:
            assert first + stream.read() == b"late " * 100_000
    finally:
        writer.join()
        os.close(reading)
    assert path.is_fifo()


@pytest.mark.parametrize("searched", [True, False])
def test_the_search_for_garbage_goes_on_after_a_text_was_read(searched):
    before = gc.isenabled()
    try:
        (gc.enable if searched else gc.disable)()
        assert json_content('{"a": [1]}', "") == {"a": [1]}
        with pytest.raises(InputError):
            json_content("{", "")
        assert gc.isenabled() is searched
        with without_collection():
            assert not gc.isenabled()
        assert gc.isenabled() is searched
    finally:
        (gc.enable if before else gc.disable)()
