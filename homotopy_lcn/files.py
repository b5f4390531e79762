"""Writing files so that a reader never meets half of one, and reading JSON that nobody vouches for."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from .errors import InputError

__all__ = [
    "check_writable",
    "content_digest",
    "json_content",
    "open_for_reading",
    "read_text",
    "shown",
    "write_atomically",
]

#: A larger file is not read. In memory the content of a JSON file is about 20 times as large as the file.
MOST_BYTES = 2**28
#: Integers with more digits than this are refused. Python writes no integer of more than 4 300 digits.
MOST_DIGITS_OF_INTEGERS = 4000
#: Entries of a list that are written at a time for a digest.
ENCODED_TOGETHER = 1000
#: A value from a file is shown in a message up to this length.
LONGEST_SHOWN = 60


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise InputError if a file could not be written at `path`: long work should not end in a lost result.

    Nothing is created or changed.
    """
    target = Path(path)
    folder = Path(os.path.realpath(target)).parent
    if not str(path):
        raise InputError("the file name is empty; expected the path of a file to write")
    if target.is_dir():
        raise InputError(f"{target}: is a folder; expected the path of a file to write")
    if not folder.is_dir():
        raise InputError(f"{target}: the folder {folder} does not exist; expected a file in an existing folder")
    if not os.access(target if _is_special(target) else folder, os.W_OK):
        raise InputError(f"{target}: no permission to write there; expected a file in a writable folder")


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write `content` to a temporary file beside `path`, then rename it to `path`.

    Other processes see the old file or the whole new one, also when this one is killed or the disk is full. Text is
    written as UTF-8. A symbolic link is followed; a pipe or device is written to directly.

    Raises
    ------
    InputError
        If the file cannot be written. The temporary file is removed then, and an existing file is unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    target = Path(path)
    try:
        if _is_special(target):
            target.write_bytes(data)
        else:
            _write_and_rename(Path(os.path.realpath(target)), data)
    except OSError as error:
        raise InputError(f"{target}: cannot write: {error.strerror or error}; expected a writable file") from error


def open_for_reading(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file, or a pipe that another process writes to, for reading in bytes.

    A pipe that nobody writes to is empty, and does not make the program wait. Devices such as ``/dev/zero`` have no end
    and are refused.

    Raises
    ------
    OSError
        If the file cannot be opened, is a folder, or is neither a file nor a pipe.
    """
    at_once = getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, os.O_RDONLY | at_once | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if stat.S_ISFIFO(mode):
            os.set_blocking(handle, True)
        elif not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "neither a file nor a pipe", os.fspath(path))
        return open(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_text(path: str | os.PathLike[str], expected: str) -> str:
    """The text of a file, which may begin with a byte order mark.

    Parameters
    ----------
    path : path
    expected : str
        The end of every message: what was expected of the file.

    Raises
    ------
    InputError
        If the file cannot be read, is not UTF-8 text, or is larger than `MOST_BYTES`. The message does not name it.
    """
    try:
        with open_for_reading(path) as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}; {expected}") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES >> 20} MB; {expected}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"not a text file; {expected}") from None


def json_content(text: str, expected: str) -> Any:
    """What a JSON text says, if all readers agree on it.

    Refused are keys that an object has twice, as readers disagree on which of the two values counts; NaN and infinity,
    which JSON does not have; integers of more than `MOST_DIGITS_OF_INTEGERS` digits, and thousands of nested brackets.

    Raises
    ------
    InputError
        The message ends with ``expected``, and does not name the file.
    """

    def refused_constant(name: str) -> None:
        raise InputError(f"{name} is not a number of JSON; {expected}")

    def integer(digits: str) -> int:
        if len(digits) > MOST_DIGITS_OF_INTEGERS:
            raise InputError(f"holds an integer of {len(digits)} digits; {expected}")
        return int(digits)

    try:
        return json.loads(
            text, parse_constant=refused_constant, parse_int=integer, object_pairs_hook=_without_repeated_keys
        )
    except json.JSONDecodeError as error:
        raise InputError(f"not whole JSON (line {error.lineno}: {error.msg}); {expected}") from None
    except RecursionError:
        raise InputError(f"unreasonable JSON, with too many nested brackets; {expected}") from None


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InputError(f"{shown(twice)} is given twice; expected it once")
    return result


def content_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a content as JSON without spaces, keys sorted, put together piece by piece to save memory.

    The digest finds changes, also by accident. It is no signature: whoever changes a content can compute the digest
    that fits.

    Examples
    --------
    >>> content_digest({"b": [1, 2], "a": 0.5}) == content_digest({"a": 0.5, "b": [1, 2]})
    True
    """
    digest = hashlib.sha256()
    try:
        _digest_pieces(content, digest.update)
    except RecursionError:
        raise InputError("unreasonable JSON, with too many nested brackets; expected a file of this package") from None
    return digest.hexdigest()


def _digest_pieces(content: Mapping[str, Any], add: Callable[[bytes], None]) -> None:
    compact = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
    add(b"{")
    for i, (key, value) in enumerate(sorted(content.items())):
        add(f"{',' if i else ''}{compact(key)}:".encode())
        if isinstance(value, list) and value:
            for k in range(0, len(value), ENCODED_TOGETHER):
                add(f"{',' if k else '['}{compact(value[k : k + ENCODED_TOGETHER])[1:-1]}".encode())
            add(b"]")
        else:
            add(compact(value).encode())
    add(b"}")


def shown(value: object) -> str:
    """A value from a file as a message shows it: as Python writes it, cut where it gets long.

    Examples
    --------
    >>> shown("x" * 1000) == "'" + "x" * 59 + "…"
    True
    """
    if isinstance(value, str | list | tuple):
        value = value[: LONGEST_SHOWN + 1]
    try:
        text = repr(value)
    except RecursionError:
        text = type(value).__name__
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _write_and_rename(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
