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
    tolerances: tuple[float, float, float, float],
) -> dict[str, NDArray[Any]]: ...
