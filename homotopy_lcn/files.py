"""Writing files so that a reader never meets half of one, and reading files without waiting for a pipe."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .errors import InputError

__all__ = ["check_writable", "read_regular", "remove_leftovers", "replace_file", "write_atomically"]

#: The end of the name of a temporary file: letters that no other program chooses, drawn for each file.
TEMPORARY = re.compile(r"\.(?P<name>.*)\.[0-9a-f]{12}\.tmp", re.DOTALL)
#: Seconds after which a temporary file is a leftover where the file system has no locks: no write takes a day.
ABANDONED = 86_400
#: How often a file is written if its temporary file disappears.
WRITES = 3


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
    written as UTF-8. A symbolic link is followed; a pipe or device is written to directly. Temporary files that killed
    processes left for the same `path` are removed.

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
            real = Path(os.path.realpath(target))
            _write_and_rename(real, data)
            remove_leftovers(real.parent, real.name)
    except OSError as error:
        raise InputError(f"{target}: cannot write: {error.strerror or error}; expected a writable file") from error


def replace_file(path: Path, data: bytes) -> None:
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


def _write_and_rename(target: Path, data: bytes) -> None:
    for _ in range(WRITES - 1):
        with suppress(
            FileNotFoundError
        ):  # another process took the temporary file for a leftover, before it was locked
            return _write_once(target, data)
        if not target.parent.is_dir():
            break
    return _write_once(target, data)


def _write_once(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            locked = _lock(stream)
            stream.write(data)
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
