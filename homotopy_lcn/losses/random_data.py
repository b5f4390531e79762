"""Random data: Gaussian samples, and white data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.limits import check_filter_size
from ..networks.support_networks import SupportNetwork
from .image_samples import shape_in_words
from .squared_loss import SquaredLoss

__all__ = ["LoadedData", "random_gaussian", "random_loss_seed", "random_white"]


@dataclass(frozen=True)
class LoadedData:
    """A loss and the description of its data.

    Attributes
    ----------
    loss : SquaredLoss
    description : str
        One line for a summary.
    samples : int or None
        Number of samples N; None if the data are a Gram matrix and a moment vector.
    arrays : tuple of ndarray or None
        The samples themselves, X (N, d_0) and Y (N, d_L), before they are centred or standardized.
    """

    loss: SquaredLoss
    description: str
    samples: int | None
    arrays: tuple[NDArray[Any], NDArray[Any]] | None = None

    def prepared(self, arch: Architecture, *, center: bool = False, standardize: bool = False) -> LoadedData:
        """The same samples, centred or standardized as in `SquaredLoss.from_data`."""
        if self.arrays is None or not (center or standardize):
            return self
        loss = SquaredLoss.from_data(*self.arrays, arch, center=center, standardize=standardize)
        return replace(
            self, loss=loss, description=f"{self.description}, {'standardized' if standardize else 'centred'}"
        )


def random_gaussian(arch: Architecture, rng: np.random.Generator, samples: int | None = None) -> LoadedData:
    """Independent standard normal inputs X (N, K) and outputs Y (N, 1); images for networks in two dimensions.

    Parameters
    ----------
    arch : Architecture
    rng : numpy.random.Generator
    samples : int, optional
        N, at least 1. The default is 4K: the Gram matrix then has full rank and a condition number near 9, the limit
        ((1 + √(K/N)) / (1 − √(K/N)))² of Marchenko and Pastur.

    Raises
    ------
    InputError
        If `samples` is less than 1.

    Examples
    --------
    >>> data = random_gaussian(Architecture((2, 2), (1, 1)), np.random.default_rng(0))
    >>> data.samples, data.loss.rank
    (12, 3)
    """
    check_filter_size(arch)
    count = 4 * arch.filter_size if samples is None else samples
    if count < 1:
        raise InputError(f"samples: {samples}; expected at least 1")
    shape = arch.shape if isinstance(arch, SupportNetwork) else (arch.filter_size,)
    X = rng.standard_normal((count, *shape))
    Y = rng.standard_normal((count, *(1,) * len(shape)))
    description = f"Gaussian data: {count} samples, {shape_in_words(X)} → 1 values"
    return LoadedData(SquaredLoss.from_data(X, Y, arch), description, count, (X, Y))


def random_white(arch: Architecture, rng: np.random.Generator) -> LoadedData:
    """Gram matrix Σ = I and a standard normal target.

    Parameters
    ----------
    arch : Architecture
    rng : numpy.random.Generator

    Examples
    --------
    >>> data = random_white(Architecture((2, 2), (1, 1)), np.random.default_rng(0))
    >>> data.description
    'white data: identity Gram matrix, Gaussian target of 3 coefficients'
    """
    check_filter_size(arch)
    loss = SquaredLoss.white(rng.standard_normal(arch.filter_size))
    size = arch.filter_size
    return LoadedData(loss, f"white data: identity Gram matrix, Gaussian target of {size} coefficients", None)


def random_loss_seed(seed: int, draw: int) -> list[int]:
    """Seed of the generator of one data set; the first is that of ``homotopy-lcn solve --random --seed``.

    Examples
    --------
    >>> random_loss_seed(7, 0), random_loss_seed(7, 2)
    ([7, 1], [7, 1, 2])
    """
    return [seed, 1, draw] if draw else [seed, 1]
