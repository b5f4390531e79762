"""What a network with a given end-to-end filter answers to inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.support_networks import SupportNetwork
from .checked_arrays import finite, numbers, table
from .image_samples import convolved

__all__ = ["predictions"]


def predictions(arch: Architecture, w: NDArray[Any], X: object) -> NDArray[Any]:
    """The outputs y[n, i] = Σ_j w[j] X[n, i S + j] of the end-to-end convolution with filter w and stride S.

    Parameters
    ----------
    arch : Architecture
    w : ndarray of shape (K,)
    X : array_like, shape (N, d_0) or (N, 1, d_0)
        Real, with d_0 ≥ K. Entries that no window reaches are passed over. In D dimensions (N, n_1, …, n_D), or
        (N, 1, n_1, …, n_D).

    Returns
    -------
    ndarray of shape (N, d_L), with d_L = 1 + ⌊(d_0 − K) / S⌋, and likewise on each axis in D dimensions

    Raises
    ------
    InputError
        If X has another shape, or holds anything but finite real numbers.

    Examples
    --------
    >>> predictions(Architecture((2, 2), (2, 1)), np.array([1.0, 0, 0, -1]), [[1, 2, 3, 4, 5, 7]]).tolist()
    [[-3.0, -4.0]]
    """
    if isinstance(arch, SupportNetwork):
        return convolved(arch, w, X)
    array = numbers("X", X)
    inputs = finite("X", table("X", array[:, 0] if array.ndim == 3 and array.shape[1] == 1 else array))
    if inputs.shape[1] < arch.filter_size:
        raise InputError(
            f"X: shape {array.shape}; expected at least {arch.filter_size} values a sample, the end-to-end filter size"
        )
    windows = sliding_window_view(inputs, arch.filter_size, axis=1)[:, :: arch.stride]
    return np.asarray(windows @ w)
