"""The shipped table of architectures: all up to filter size 10 with at most 3000 critical filters.

It is computed by ``scripts/make_atlas.py``.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import TYPE_CHECKING

from .._data import data_path
from ..networks.architecture import Architecture

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ATLAS", "ATLAS_FILTER_SIZE", "ATLAS_MAX_COUNT", "atlas", "shipped_white_counts"]

ATLAS = "atlas.csv"
#: The largest end-to-end filter size, and the largest number of critical filters for generic data, in the atlas.
ATLAS_FILTER_SIZE, ATLAS_MAX_COUNT = 10, 3000

Key = tuple[tuple[int, ...], tuple[int, ...]]


def atlas() -> pd.DataFrame:
    """The shipped table of architectures as a pandas data frame.

    It lists every architecture of two layers or more, filters of size 2 or more and last stride 1, with end-to-end
    filter size K ≤ 10 and at most 3000 complex critical filters for generic data.

    Returns
    -------
    DataFrame
        The columns of ``tabulate(…).to_frame()``. Where the certified points are as many as the exact count, `status`
        is ``"certified"``; where the points were computed only, ``"found"``.

    Raises
    ------
    MissingPackage
        If pandas is not installed.

    Examples
    --------
    >>> import homotopy_lcn as hl
    >>> rows = {(row.filters, row.strides): row for row in hl.atlas().itertuples()}
    >>> row = rows[(2, 2, 2), (1, 2, 1)]
    >>> int(row.pure), int(row.spurious), row.status
    (10, 14, 'certified')
    """
    from .text_tables import Column, TextTable

    with open(data_path(ATLAS), newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    cells = tuple(tuple(_cell(name, text) for name, text in zip(header, row, strict=True)) for row in rows)
    return TextTable("atlas", "", tuple(Column(name, name) for name in header), cells).to_frame()


def shipped_white_counts(arch: Architecture) -> tuple[int, int] | None:
    """Pure and spurious critical filters for Gram matrix I, as measured for the atlas; None if it does not say."""
    return _white_counts().get((arch.filters, arch.strides[:-1]))


@cache
def _white_counts() -> dict[Key, tuple[int, int]]:
    path = data_path(ATLAS)
    if not path.is_file():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {
            (_integers(row["filters"]), _integers(row["strides"])[:-1]): (
                int(row["white_pure"]),
                int(row["white_spurious"]),
            )
            for row in csv.DictReader(file)
            if row["white_pure"]
        }


def _integers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _cell(name: str, text: str) -> bool | int | str | tuple[int, ...] | None:
    if text in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[text]
    if name.endswith(("filters", "strides")):
        return _integers(text)
    return text if name == "status" else int(text)
