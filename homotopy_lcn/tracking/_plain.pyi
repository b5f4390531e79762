from typing import Any

import numpy as np
from numpy.typing import NDArray

def examine(
    *,
    layers: list[tuple[int, int]],
    blocks: list[list[int]],
    strata: list[dict[str, Any]],
    data: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    tolerances: tuple[float, float, float, float],
    whole: bool,
) -> dict[str, NDArray[Any]]: ...
def half_gradients(
    factors: list[tuple[int, int, int, int]],
    points: NDArray[np.clongdouble],
    gram: NDArray[np.clongdouble],
    b: NDArray[np.clongdouble],
) -> NDArray[np.clongdouble]: ...
