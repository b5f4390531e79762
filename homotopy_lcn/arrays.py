"""Names for the types of arrays that all packages share."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Complex", "Real", "frozen"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

Number = TypeVar("Number", bound=np.generic)


def frozen(array: NDArray[Number]) -> NDArray[Number]:
    """A copy of an array that nobody can write to, so that its rows can be handed on without further copies."""
    result = np.array(array)
    result.flags.writeable = False
    return result
