"""The data: the squared loss as a quadratic function of the end-to-end filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .digits import load_digits
    from .preparation import Preparation
    from .squared_loss import SquaredLoss
    from .sunspots import load_sunspots
    from .zero_residual import ZeroResidual

__all__ = ["Preparation", "SquaredLoss", "ZeroResidual", "load_digits", "load_sunspots"]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "Preparation": "preparation",
        "SquaredLoss": "squared_loss",
        "ZeroResidual": "zero_residual",
        "load_digits": "digits",
        "load_sunspots": "sunspots",
    },
)
