"""Writing files so that a reader never meets half of one, and reading files that nobody vouches for."""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from .errors import InputError

__all__ = [
    "check_writable",
    "content_digest",
    "has_format",
    "json_content",
    "open_for_reading",
    "read_bounded",
    "read_regular",
    "read_text",
    "remove_leftovers",
    "replace_file",
    "shown",
    "without_collection",
    "without_repeated_keys",
    "write_atomically",
]

#: What is written to a file: bytes, or a function that writes them to a stream.
Content = bytes | Callable[[BinaryIO], None]
#: The end of the name of a temporary file: letters that no other program chooses, drawn for each file.
TEMPORARY = re.compile(r"\.(?P<name>.*)\.[0-9a-f]{12}\.tmp", re.DOTALL)
#: Seconds after which a temporary file is a leftover where the file system has no locks: no write takes a day.
ABANDONED = 86_400
#: How often a file is written if its temporary file disappears.
WRITES = 3
#: A larger file is not read. In memory the content of a JSON file is about 20 times as large as the file.
MOST_BYTES = 2**28
#: Integers with more digits than this are refused. Python writes no integer of more than 4 300 digits.
MOST_DIGITS_OF_INTEGERS = 4000
#: Entries of a list that are written at a time for a digest.
ENCODED_TOGETHER = 1000
#: A value from a file is shown in a message up to this length.
LONGEST_SHOWN = 60
#: Pipes that were found to have a reader, open until they are written to: closing one would end what its reader reads.
_checked_pipes: dict[str, int] = {}


def check_page_name(path: str | os.PathLike[str]) -> None:
    """Raise InputError if a page of HTML would get a name with the ending of another kind of file."""
    ending = Path(path).suffix
    if ending and ending.lower() not in (".html", ".htm"):
        raise InputError(f"{Path(path)}: ends in {ending}; expected a name that ends in .html, as the page is HTML")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise InputError if a file could not be written at `path`: long work should not end in a lost result.

    Nothing is created or changed. A pipe that nobody reads is refused: opening it to write would wait for a reader.
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
    place = os.path.abspath(target)
    if target.is_fifo() and place not in _checked_pipes:
        try:
            _checked_pipes[place] = _open_directly(target)
        except OSError as error:
            raise _cannot_write(target, error) from None


def write_atomically(path: str | os.PathLike[str], content: Content | str) -> None:
    """Write `content` to a temporary file beside `path`, then rename it to `path`.

    A function in place of the content writes it to the stream that the function is given.

    Other processes see the old file or the whole new one, also when this one is killed or the disk is full. Text is
    written as UTF-8. A symbolic link is followed; a pipe that somebody reads, or a device, is written to directly.
    Temporary files that killed processes left for the same `path` are removed.

    Raises
    ------
    InputError
        If the file cannot be written. The temporary file is removed then, and an existing file is unchanged.
    """
    data: Content = content.encode() if isinstance(content, str) else content
    target = Path(path)
    try:
        if _is_special(target):
            _write_directly(target, data)
        else:
            real = Path(os.path.realpath(target))
            _write_and_rename(real, data)
            remove_leftovers(real.parent, real.name)
    except OSError as error:
        raise _cannot_write(target, error) from error


def _cannot_write(target: Path, error: OSError) -> InputError:
    return InputError(f"{target}: cannot write: {error.strerror or error}; expected a writable file")


def replace_file(path: Path, data: Content) -> None:
    """Write a file that the program keeps for itself, as `write_atomically` does; a pipe at `path` is replaced, too.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    _write_and_rename(path, data)


def read_regular(path: Path, most: int) -> bytes:
    """The content of a file that the program keeps for itself.

    Nothing waits for the other end of a pipe, and no more than ``most`` bytes are read.

    Raises
    ------
    OSError
        If there is no such file, it is a folder, pipe or device, it cannot be read, or it is larger.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("not a regular file")
        if status.st_size > most:
            raise OSError(f"{status.st_size} bytes, more than such a file has")
        return stream.read(status.st_size)


def remove_leftovers(folder: Path, name: str | None = None, *, all_dead: bool = False) -> None:
    """Remove temporary files of killed writers from a folder.

    A writer holds a lock on its temporary file, so files of living writers stay. Where the file system has no locks,
    files of a day or more are removed.

    Parameters
    ----------
    folder : Path
    name : str, optional
        Only those of the file with this name.
    all_dead : bool
        It is known that no writer is alive.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries]
    except OSError:
        return
    for entry in found:
        match = TEMPORARY.fullmatch(entry)
        if match and (name is None or match["name"] == name[:100]) and (all_dead or _is_abandoned(folder / entry)):
            with suppress(OSError):
                (folder / entry).unlink()


def open_for_reading(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file, or a pipe that another process writes to, for reading in bytes.

    A pipe that nobody writes to, or that ends at once, does not make the program wait, and is refused: it is no
    regular file, and empty. Devices such as ``/dev/zero`` have no end and are refused.

    Raises
    ------
    OSError
        If the file cannot be opened, is a folder, is neither a file nor a pipe, or is an empty pipe.
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
        stream: BufferedReader = BufferedReader(FileIO(handle))
    except BaseException:
        os.close(handle)
        raise
    if stat.S_ISFIFO(mode) and not stream.peek(1):
        stream.close()
        raise OSError(errno.EINVAL, "not a regular file, but a pipe to which nobody writes", os.fspath(path))
    return stream


def read_bounded(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file or pipe, see `open_for_reading`; of one with more than `MOST_BYTES` a few more than that."""
    with open_for_reading(path) as stream:
        # One large read would set aside all the bytes that it may get.
        blocks = iter(lambda: stream.read(2**20), b"")
        return b"".join(islice(blocks, MOST_BYTES // 2**20 + 1))


def check_is_path(path: object) -> None:
    """Raise InputError for the text of a JSON file in place of its path."""
    if isinstance(path, str) and path.lstrip().startswith("{"):
        raise InputError("path: the text of a file is given; expected the path of a file")


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
        data = read_bounded(path)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}; {expected}") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES >> 20} MB; {expected}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"not a text file; {expected}") from None


@contextmanager
def without_collection() -> Iterator[None]:
    """Leave out Python's search for cycles of garbage in the body, or in a function that is decorated.

    The search visits all objects again and again while millions are made, as from a long JSON text, and finds none: it
    takes two thirds of the time.
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


@without_collection()
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
            text, parse_constant=refused_constant, parse_int=integer, object_pairs_hook=without_repeated_keys
        )
    except json.JSONDecodeError as error:
        raise InputError(f"not whole JSON (line {error.lineno}: {error.msg}); {expected}") from None
    except RecursionError:
        raise InputError(f"unreasonable JSON, with too many nested brackets; {expected}") from None


def has_format(path: str | os.PathLike[str], name: str) -> bool:
    """Whether a file is JSON with this format; pipes, which can be read once, and unreadable files are not."""
    if not os.path.isfile(path):
        return False
    try:
        text = read_text(path, f"JSON with format {name!r}")
        content = json_content(text, f"JSON with format {name!r}") if name in text else None
    except InputError:
        return False
    return isinstance(content, dict) and content.get("format") == name


def without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of JSON with these keys and values; a key that is there twice raises InputError."""
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InputError(f"{shown(twice)} is given twice; expected it once")
    return result


def content_digest(content: Mapping[str, Any], **encoded: Sequence[str]) -> str:
    """SHA-256 of a content as JSON without spaces, keys sorted, put together piece by piece to save memory.

    The digest finds changes, also by accident. It is no signature: whoever changes a content can compute the digest
    that fits.

    Parameters
    ----------
    content : mapping
    **encoded : sequence of str
        More entries of the content: lists whose items are given as JSON without spaces, keys sorted.

    Examples
    --------
    >>> content_digest({"b": [1, 2], "a": 0.5}) == content_digest({"a": 0.5, "b": [1, 2]})
    True
    >>> content_digest({"a": 0.5}, b=["1", "2"]) == content_digest({"a": 0.5, "b": [1, 2]})
    True
    """
    digest = hashlib.sha256()
    try:
        _digest_pieces(content, encoded, digest.update)
    except RecursionError:
        raise InputError("unreasonable JSON, with too many nested brackets; expected a file of this package") from None
    return digest.hexdigest()


def _digest_pieces(
    content: Mapping[str, Any], encoded: Mapping[str, Sequence[str]], add: Callable[[bytes], None]
) -> None:
    compact = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
    add(b"{")
    for i, (key, value) in enumerate(sorted([*content.items(), *encoded.items()])):
        add(f"{',' if i else ''}{compact(key)}:".encode())
        if key in encoded or (isinstance(value, list) and value):
            add(b"[")
            for k in range(0, len(value), ENCODED_TOGETHER):
                some = value[k : k + ENCODED_TOGETHER]
                text = ",".join(some) if key in encoded else compact(some)[1:-1]
                add(f"{',' if k else ''}{text}".encode())
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


def _write_directly(path: Path, data: Content) -> None:
    handle = _checked_pipes.pop(os.path.abspath(path), None)
    with open(_open_directly(path) if handle is None else handle, "wb") as stream:
        _write_to(stream, data)


def _write_to(stream: BinaryIO, data: Content) -> None:
    if isinstance(data, bytes):
        stream.write(data)
    else:
        data(stream)


def _open_directly(path: Path) -> int:
    """Open a pipe or device for writing: a pipe without a reader is an error at once, a slow reader is waited for."""
    try:
        handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if error.errno == errno.ENXIO and path.is_fifo():
            raise OSError(errno.ENXIO, "a pipe that nobody reads") from None
        raise
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)
    return handle


def _write_and_rename(target: Path, data: Content) -> None:
    for _ in range(WRITES - 1):
        with suppress(
            FileNotFoundError
        ):  # another process took the temporary file for a leftover, before it was locked
            return _write_once(target, data)
        if not target.parent.is_dir():
            break
    return _write_once(target, data)


def _write_once(target: Path, data: Content) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        with open(temporary, "xb") as stream:
            locked = _lock(stream)
            _write_to(stream, data)
            stream.flush()
            os.fsync(stream.fileno())
            if locked:  # renamed before the lock is gone
                os.replace(temporary, target)
        if not locked:  # Windows renames closed files only
            os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _lock(stream: BinaryIO) -> bool | None:
    """Lock an open file; False if another process holds the lock, None if there are no locks here."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_abandoned(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with open(path, "rb") as stream:
            locked = _lock(stream)
            return bool(locked) or (locked is None and time.time() - os.fstat(stream.fileno()).st_mtime > ABANDONED)
    except OSError:
        return False


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
