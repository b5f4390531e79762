"""Where the files of the top-level folder ``data/`` are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["data_path"]


def data_path(name: str) -> Path:
    """Path of a shipped data file.

    An installed package carries the files in its own folder ``data``; in a source checkout, and so for an editable
    install, they are in the folder ``data`` beside the package.

    Parameters
    ----------
    name : str
        Name of the file, such as ``"sunspots.csv"``.

    Returns
    -------
    pathlib.Path
        The file's path. Whether there is such a file is for the caller to check.

    Examples
    --------
    >>> data_path("sunspots.csv").read_text().splitlines()[:2]
    ['YEAR,SUNACTIVITY', '1700,5']
    """
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return (installed if installed.is_dir() else package.parent / "data") / name
