"""The shipped table of architectures: all up to filter size 10 with at most 3000 critical filters.

It is computed by ``scripts/make_atlas.py``. Its SHA-256 stands in a file beside it, so that a damaged table is not
taken for the one that was computed.
"""

from __future__ import annotations

import csv
import hashlib
import warnings
from functools import cache
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._data import data_path
from ..errors import InputError, shortened
from ..networks.architecture import Architecture

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ATLAS",
    "ATLAS_FILTER_SIZE",
    "ATLAS_MAX_COUNT",
    "OTHERS",
    "WhiteCounts",
    "atlas",
    "checked_table",
    "checksum_line",
    "checksum_path",
    "shipped_white_counts",
]

ATLAS = "atlas.csv"
#: The table of networks in several dimensions and with gaps, see ``scripts/make_other_networks.py``.
OTHERS = "other_networks.csv"
#: The largest end-to-end filter size, and the largest number of critical filters for generic data, in the atlas.
ATLAS_FILTER_SIZE, ATLAS_MAX_COUNT = 10, 3000

Key = tuple[tuple[int, ...], tuple[int, ...]]


def atlas(networks: str = "ordinary") -> pd.DataFrame:
    """The shipped table of architectures as a pandas data frame.

    It lists every architecture of two layers or more, filters of size 2 or more and last stride 1, with end-to-end
    filter size K ≤ 10 and at most 3000 complex critical filters for generic data.

    Parameters
    ----------
    networks : "ordinary" or "others"
        With "others", the table of 227 networks in two dimensions and with gaps, products of boxes and of small
        supports with at most 6500 critical parameters. Layers of equal strides stand in one order only, and of a
        network and its transpose one is there.

    Returns
    -------
    DataFrame
        The columns of ``tabulate(…).to_frame()``; with "others" the columns `network` (the network's `notation`),
        `shape`, `dimension`, `parameters`, `filters`, `classes`, `ranks` (of dμ on each class), `found` and `status`.
        Where the certified points are as many as the exact count, `status`
        is ``"certified"``; where the points were computed only, ``"found"``. Reduced networks have exact counts of
        critical θ for structured data, too, with their methods: ``count_ar1``, ``method_ar1``, and so on.

    Raises
    ------
    MissingPackage
        If pandas is not installed.
    InputError
        If the shipped table is damaged, or ``networks`` is another word.

    Examples
    --------
    >>> import homotopy_lcn as hl
    >>> network = hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
    >>> others = hl.atlas("others").set_index("network")
    >>> others.loc[network.notation, "classes"]
    '(1,1) 2·122 + (2) 1·40'
    >>> rows = {(row.filters, row.strides): row for row in hl.atlas().itertuples()}
    >>> row = rows[(2, 2, 2), (1, 2, 1)]
    >>> int(row.pure), int(row.spurious), row.status
    (10, 14, 'certified')
    """
    from .text_tables import Column, TextTable

    if networks not in ("ordinary", "others"):
        raise InputError(f"networks: {shortened(networks)} given; expected 'ordinary' or 'others'")
    header, *rows = csv.reader(StringIO(checked_table(data_path(ATLAS if networks == "ordinary" else OTHERS))))
    cell = _cell if networks == "ordinary" else _cell_of_others
    cells = tuple(tuple(cell(name, text) for name, text in zip(header, row, strict=True)) for row in rows)
    return TextTable("atlas", "", tuple(Column(name, name) for name in header), cells).to_frame()


class WhiteCounts(NamedTuple):
    """Numbers of pure and spurious critical filters for Gram matrix I, and the method that gave them."""

    pure: int
    spurious: int
    method: str


def shipped_white_counts(arch: Architecture) -> WhiteCounts | None:
    """The counts for Gram matrix I that the atlas has; None if it has none."""
    return _white_counts().get((arch.filters, arch.strides[:-1]))


@cache
def _white_counts() -> dict[Key, WhiteCounts]:
    path = data_path(ATLAS)
    if not path.is_file():
        return {}
    try:
        text = checked_table(path)
    except InputError as error:
        warnings.warn(f"{error}; counts for white data are computed again", RuntimeWarning, stacklevel=2)
        return {}
    return {
        (_integers(row["filters"]), _integers(row["strides"])[:-1]): WhiteCounts(
            int(row["white_pure"]), int(row["white_spurious"]), row["white_method"]
        )
        for row in csv.DictReader(StringIO(text))
        if row["white_pure"]
    }


def checksum_path(path: Path) -> Path:
    """Where the SHA-256 of a table is kept."""
    return path.with_suffix(".sha256")


def checksum_line(path: Path, text: str) -> str:
    """The content of the file `checksum_path`, as the program sha256sum writes it."""
    return f"{hashlib.sha256(text.encode()).hexdigest()}  {path.name}\n"


def checked_table(path: Path) -> str:
    """The text of a table, if it is the one that was written; ends of lines may be those of Windows.

    Raises
    ------
    InputError
        If it is not.
    """
    try:
        text = path.read_bytes().decode().replace("\r\n", "\n")
        same = checksum_path(path).read_bytes().decode().splitlines() == [checksum_line(path, text).strip()]
    except (OSError, UnicodeDecodeError):
        same = False
    if not same:
        raise InputError(
            f"the table {path} is damaged, as its checksum in {checksum_path(path).name} is another one; expected the "
            "files as they are shipped: install the package again"
        )
    return text


def _integers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _cell_of_others(name: str, text: str) -> int | str | tuple[int, ...]:
    if name in ("shape", "ranks"):
        return tuple(map(int, text.replace("×", ",").split(",")))
    return int(text) if name in ("dimension", "parameters", "filters", "found") else text


def _cell(name: str, text: str) -> bool | int | str | tuple[int, ...] | None:
    if text in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[text]
    if name.endswith(("filters", "strides")):
        return _integers(text)
    return text if name == "status" or "method" in name else int(text)
