from typing import Any

import numpy as np
from numpy.typing import NDArray

def examine(
    *,
    layers: list[tuple[int, int]],
    blocks: list[list[int]],
    strata: list[dict[str, Any]],
    gram: NDArray[np.float64],
    b: NDArray[np.float64],
    constants: NDArray[np.float64],
    verified: float,
    end_rounding: float,
    small_step: float,
    reused_matrix: float,
) -> dict[str, NDArray[Any]]: ...
