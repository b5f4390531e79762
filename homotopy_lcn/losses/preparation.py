"""Samples that are centred, or standardized, before a loss is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Real
from ..errors import InputError
from .checked_arrays import finite, row_list

__all__ = ["Preparation", "prepared_columns", "prepared_series"]

#: A column whose entries differ by no more than this part of the largest one is constant: the rest is rounding.
CONSTANT = 8 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Preparation:
    """How samples were shifted and scaled before the loss was made of them.

    An input x became (x − x_mean) / x_scale, and an output y likewise.

    Attributes
    ----------
    of : {"columns", "series"}
        What was centred: each column of X and of Y by its own mean, or a whole series by its mean, before windows are
        taken.
    standardized : bool
        Whether there are scales as well; otherwise all of them are 1.
    x_mean, x_scale, y_mean, y_scale : tuple of float
        One number for each column; one number in all for a series. Scales are standard deviations (divisor N).

    Notes
    -----
    With centred columns the loss at w is the least loss over all intercepts, one free number that is added at each
    output. A centred series has one mean for all windows. The windows at both ends then leave the columns with means
    that are not exactly zero, and the loss is near that with an intercept. Standardized columns have a scale each: the
    end-to-end filter acts on the scaled columns, and the function space is that of the scaled problem. A standardized
    series has one scale, which changes no filter.

    Examples
    --------
    >>> Preparation("series", True, (3.0,), (2.0,), (3.0,), (2.0,)).describe()
    'the series, by its mean 3, and divided by its standard deviation 2'
    """

    of: str
    standardized: bool
    x_mean: tuple[float, ...]
    x_scale: tuple[float, ...]
    y_mean: tuple[float, ...]
    y_scale: tuple[float, ...]

    def inputs(self, X: ArrayLike) -> Real:
        """Inputs (N, d_0) as the loss has them."""
        return np.asarray((np.asarray(X, dtype=float) - np.array(self.x_mean)) / np.array(self.x_scale))

    def outputs(self, Y: ArrayLike) -> Real:
        """Outputs (N, d_L) as the loss has them."""
        return np.asarray((np.asarray(Y, dtype=float) - np.array(self.y_mean)) / np.array(self.y_scale))

    def original_outputs(self, Y: ArrayLike) -> Real:
        """Outputs (N, d_L) of a network for prepared inputs, in the units and with the mean of the data."""
        return np.asarray(np.asarray(Y, dtype=float) * np.array(self.y_scale) + np.array(self.y_mean))

    def describe(self) -> str:
        """What was centred, in words."""
        if self.of == "series":
            scaled = f", and divided by its standard deviation {self.x_scale[0]:.7g}" if self.standardized else ""
            return f"the series, by its mean {self.x_mean[0]:.7g}{scaled}"
        return "each column of X and Y, by its mean" + (
            ", and divided by its standard deviation" if self.standardized else ""
        )

    def describe_loss(self) -> str:
        """What that means for the loss, in words."""
        if self.of == "series":
            return "nearly that of a network with a free intercept"
        scaled = " for the scaled columns" if self.standardized else ""
        return f"that of a network with a free intercept at each output{scaled}"


def prepared_columns(X: NDArray[Any], Y: NDArray[Any], standardize: bool) -> tuple[Real, Real, Preparation]:
    """Samples with centred, or standardized, columns, and what was done; the given arrays are not changed.

    Parameters
    ----------
    X : ndarray, shape (N, d_0)
    Y : ndarray, shape (N, d_L)
    standardize : bool
        Divide by standard deviations, too.

    Raises
    ------
    InputError
        If there is one sample only, an entry is not finite, or a column is constant and is to be standardized.
    """
    inputs, x_mean, x_scale = _centred("X", finite("X", X, (0, 0)), standardize)
    outputs, y_mean, y_scale = _centred("Y", finite("Y", Y, (0, 0)), standardize)
    return inputs, outputs, Preparation("columns", standardize, x_mean, x_scale, y_mean, y_scale)


def prepared_series(values: Real, standardize: bool) -> tuple[Real, Preparation]:
    """A series (n,) that is centred, or standardized, and what was done."""
    centred, mean, scale = _centred("values", values[:, None], standardize)
    return centred[:, 0], Preparation("series", standardize, mean, scale, mean, scale)


def _centred(name: str, values: Real, standardize: bool) -> tuple[Real, tuple[float, ...], tuple[float, ...]]:
    """The columns of a table, centred; their means, and their scales."""
    if len(values) < 2:
        raise InputError(f"{name}: one sample, which centring turns into zeros; expected at least two samples")
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(axis=0)
    if not np.isfinite(mean).all():
        raise InputError(f"{name}: its mean overflows; expected data scaled to a moderate size")
    spread = np.ptp(values, axis=0)
    mean = np.where(spread == 0, values[0], mean)  # exactly, so that the column is exactly zero
    result = values - mean
    if not standardize:
        return result, tuple(mean.tolist()), (1.0,) * len(mean)
    constant = spread <= CONSTANT * np.abs(values).max(axis=0)
    if constant.any():
        which = "is constant" if name == "values" else f"column {row_list(np.flatnonzero(constant))} is constant"
        raise InputError(f"{name}: {which}, and has no standard deviation to divide by; expected columns that vary")
    largest = np.abs(result).max(axis=0)
    scale = largest * np.sqrt(((result / largest) ** 2).mean(axis=0))
    return result / scale, tuple(mean.tolist()), tuple(scale.tolist())
