"""Names for the types of arrays that all packages share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Complex", "Real"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
