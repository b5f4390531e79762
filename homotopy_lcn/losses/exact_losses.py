"""Losses that are small differences of large numbers, in rational arithmetic.

At a filter that fits the data nearly, wᵀΣw − 2bᵀw and the constant c cancel. Doubles leave rounding of c: losses that
are negative, or not zero where the fit is perfect. Doubles are rational numbers, and so no digit is lost here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..arrays import Complex
from .exact_data import ExactData
from .squared_loss import SquaredLoss

__all__ = ["exact_loss", "least_loss"]

#: Rounding of the coefficients of a filter.
ROUNDING_OF_FILTER = 8 * float(np.finfo(float).eps)
#: Rounding of the loss of a perfect fit, relative to wᵀΣw: the square of an error of the filter of 1e-10.
LOSS_OF_PERFECT_FIT = 1e-20
#: Rounding of the least loss of data in doubles, relative to the constant.
ROUNDING_OF_CONSTANT = 8 * float(np.finfo(float).eps)


def least_loss(loss: SquaredLoss) -> float:
    """The least loss c − bᵀΣ⁺b of any filter, in the function space or not.

    For exact data it is the double nearest to it. The numbers of other data are rounded: there it is 0 if it is less
    than their rounding.

    Examples
    --------
    >>> least_loss(SquaredLoss.from_exact([[3]], [10**9 + 1], "1000000002000000001/3"))
    0.0
    """
    if loss.exact is not None and loss.exact_target is not None:
        return float(loss.exact.constant - _product(loss.exact.b, loss.exact_target))
    data = ExactData.of_doubles(loss.gram, loss.b, loss.constant)
    # An error of the target changes the loss there by its square.
    value = float(_loss_of_real(data, list(map(Fraction, loss.target.tolist()))))
    return 0.0 if abs(value) <= ROUNDING_OF_CONSTANT * abs(loss.constant) else value


def exact_loss(loss: SquaredLoss, filter_: Complex, rounding: float = 0.0) -> complex:
    """The loss of exact data at a filter; the least loss of any filter where it is that, up to rounding of the filter.

    Parameters
    ----------
    loss : SquaredLoss
        Of exact data.
    filter_ : (K,) complex array
        Finite.
    rounding : float
        How much the loss may differ from the least one and still be that, if the filter is less accurate than doubles.

    Raises
    ------
    ValueError
        If the data are not exact.

    Examples
    --------
    >>> loss = SquaredLoss.from_exact([[3]], [10**9], "1000000000000000006/3")
    >>> exact_loss(loss, np.array([1e9 / 3])), loss(np.array([1e9 / 3])).item()
    ((2+0j), 0.0)
    """
    if loss.exact is None:
        raise ValueError("the loss must be one of exact data")
    data, w = loss.exact, np.asarray(filter_, complex)
    real, imaginary = (list(map(Fraction, part.tolist())) for part in (w.real, w.imag))
    images = [_product(row, real) for row in data.gram], [_product(row, imaginary) for row in data.gram]
    residual = [image - value for image, value in zip(images[0], data.b, strict=True)]
    value = complex(
        float(_loss_of_real(data, real) - _product(images[1], imaginary)), float(2 * _product(residual, imaginary))
    )
    sizes, slopes = np.abs(w), np.abs([complex(float(x), float(y)) for x, y in zip(residual, images[1], strict=True)])
    own = 2 * ROUNDING_OF_FILTER * float(slopes @ sizes)
    own += LOSS_OF_PERFECT_FIT * float(sizes @ np.abs(loss.gram) @ sizes)
    least = least_loss(loss)
    return complex(least) if abs(value - least) <= max(own, rounding) else value


def _loss_of_real(data: ExactData, w: Sequence[Fraction]) -> Fraction:
    image = [_product(row, w) for row in data.gram]
    return _product([x - 2 * value for x, value in zip(image, data.b, strict=True)], w) + data.constant


def _product(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum(map(Fraction.__mul__, left, right), Fraction(0))
