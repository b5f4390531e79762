"""Digests, and JSON that nobody vouches for."""

from __future__ import annotations

import hashlib
import json
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import InputError, files
from homotopy_lcn.files import content_digest, json_content, open_for_reading, read_text, shown

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
def test_a_pipe_that_nobody_writes_to_is_empty(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert read_text(path, "expected") == ""


@needs_pipes
def test_a_pipe_with_a_writer_is_read_to_its_end():
    reading, writing = os.pipe()

    def write():
        with open(writing, "w") as stream:
            stream.write("late " * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read_text(f"/dev/fd/{reading}", "expected") == "late " * 1000
    finally:
        writer.join()
        os.close(reading)
