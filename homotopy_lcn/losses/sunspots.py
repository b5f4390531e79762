"""The shipped series of yearly sunspot numbers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from .._data import data_path
from ..arrays import Real
from ..extras import import_extra

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMN", "FILE", "load_sunspots"]

FILE = "sunspots.csv"
COLUMN = "SUNACTIVITY"


@overload
def load_sunspots() -> Real: ...
@overload
def load_sunspots(*, as_frame: Literal[False]) -> Real: ...
@overload
def load_sunspots(*, as_frame: Literal[True]) -> pd.DataFrame: ...
def load_sunspots(*, as_frame: bool = False) -> Any:
    """Yearly mean sunspot numbers of the years 1700 to 2008, as statsmodels has them.

    Parameters
    ----------
    as_frame : bool
        Return a pandas data frame with the columns ``YEAR`` and ``SUNACTIVITY``.

    Returns
    -------
    ndarray of shape (309,), float64, or DataFrame
        The numbers in the order of time. The mean is 49.75: a network without an intercept predicts the centred series
        far better, see ``center`` of `SquaredLoss.from_series`.

    Raises
    ------
    MissingPackage
        If a frame is asked for and pandas is not installed.

    Examples
    --------
    >>> load_sunspots()[:3]
    array([ 5., 11., 16.])
    """
    with data_path(FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values = np.array([float(row[COLUMN]) for row in rows])
    if not as_frame:
        return values
    pandas = import_extra("pandas", "frame", "as_frame")
    return pandas.DataFrame({"YEAR": [int(row["YEAR"]) for row in rows], COLUMN: values})
