"""The shipped images of handwritten digits, and samples that predict a pixel from a patch beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._data import data_path
from ..arrays import Real
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.support_networks import SupportNetwork
from .checked_arrays import finite, numbers

__all__ = ["DIGITS", "load_digits", "next_pixels"]

DIGITS = "digits.npz"


def load_digits() -> Real:
    """Images of handwritten digits of 8 × 8 pixels, as scikit-learn has them.

    Returns
    -------
    ndarray of shape (1797, 8, 8), float64
        The numbers of dark pixels in blocks of 4 × 4, from 0 to 16.

    References
    ----------
    E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository (1998),
    doi:10.24432/C50P49, the test set.

    Examples
    --------
    >>> load_digits().shape, load_digits()[0, 0].tolist()
    ((1797, 8, 8), [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0])
    """
    with np.load(data_path(DIGITS)) as arrays:
        return np.asarray(arrays["images"], dtype=float)


def next_pixels(images: object, arch: Architecture) -> tuple[NDArray[Any], NDArray[Any]]:
    """Samples of a network in two dimensions: of each patch, the pixel to the right of its middle row is predicted.

    Parameters
    ----------
    images : array_like, shape (N, H, W) or (N, 1, H, W)
    arch : Architecture
        A network in two dimensions, whose end-to-end filter has the shape (h, w), with h ≤ H and w < W.

    Returns
    -------
    X : ndarray of shape (N, H, W − 1)
    Y : ndarray
        For the patch at (i, j), the pixel at (i + ⌊h/2⌋, j + w).

    Raises
    ------
    InputError
        If the network has another number of dimensions, or the images are no such array or too small.

    Examples
    --------
    >>> X, Y = next_pixels(load_digits(), Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)))
    >>> X.shape, Y.shape
    ((1797, 8, 7), (1797, 6, 5))
    """
    if not isinstance(arch, SupportNetwork) or arch.axes != 2:
        raise InputError(f"images: given for {arch.in_words}; expected a network in two dimensions, as 2x2,2x2")
    array = numbers("images", images)
    if array.ndim not in (3, 4) or not array.size or (array.ndim == 4 and array.shape[1] != 1):
        raise InputError(
            f"images: shape {array.shape}; expected (samples, height, width), or (samples, 1, height, width)"
        )
    if array.ndim == 4:
        array = array[:, 0]
    array = finite("images", array, (0, 0, 0))
    (height, width), (down, right) = arch.shape, arch.total_stride
    if array.shape[1] < height or array.shape[2] <= width:
        raise InputError(
            f"images: {array.shape[1]}×{array.shape[2]} pixels; expected at least {height}×{width + 1}, the shape of "
            "the end-to-end filter and the pixel beside it"
        )
    inputs = array[:, :, :-1]
    rows = height // 2 + down * np.arange((array.shape[1] - height) // down + 1)
    columns = width + right * np.arange((array.shape[2] - 1 - width) // right + 1)
    return inputs, array[:, rows[:, None], columns]
