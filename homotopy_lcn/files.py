"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from .errors import InputError

__all__ = ["check_writable", "write_atomically"]


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
