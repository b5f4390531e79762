"""Files are read whole or refused: nothing waits for ever, and nothing without an end is read."""

from __future__ import annotations

import os
import threading

import pytest

from homotopy_lcn.files import open_for_reading, read_text

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


def test_a_mark_of_the_byte_order_is_left_out(tmp_path):
    path = tmp_path / "marked.json"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(path) == "{}"


def test_a_file_larger_than_the_limit_is_refused(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("x" * 11)
    assert read_text(path, 11) == "x" * 11
    with pytest.raises(OSError, match=r"larger than"):
        read_text(path, 10)


def test_folders_and_devices_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        open_for_reading(tmp_path)
    if os.path.exists("/dev/zero"):
        with pytest.raises(OSError, match="neither a file nor a pipe"):
            open_for_reading("/dev/zero")


@needs_pipes
def test_a_pipe_that_nobody_writes_to_is_empty(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert read_text(path) == ""


@needs_pipes
def test_a_pipe_with_a_writer_is_read_to_its_end():
    reading, writing = os.pipe()

    def write():
        with open(writing, "w") as stream:
            stream.write("late " * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read_text(f"/dev/fd/{reading}") == "late " * 1000
    finally:
        writer.join()
        os.close(reading)
