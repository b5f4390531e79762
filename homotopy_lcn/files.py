"""Reading files without surprises, and writing files so that a reader never meets half of one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from .errors import InputError

__all__ = ["LARGEST_TEXT", "check_writable", "open_for_reading", "read_text", "write_atomically"]

#: Bytes of a text that is read as a whole: a Gram matrix of 2000 rows takes 80 MB, a result of 20 000 points 50 MB.
LARGEST_TEXT: Final = 2**28


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


def read_text(path: str | os.PathLike[str], largest: int = LARGEST_TEXT) -> str:
    """The text of a UTF-8 file; a mark of the byte order in front is left out.

    Raises
    ------
    OSError
        As `open_for_reading`, or if the file has more than ``largest`` bytes.
    UnicodeDecodeError
        If it is not UTF-8.
    """
    with open_for_reading(path) as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"larger than {largest / 1e6:.0f} MB", os.fspath(path))
    return content.decode("utf-8-sig")


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
