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

class WallPaths:
    def __init__(self, given: dict[str, Any]) -> None: ...
    def evaluate(
        self, points: NDArray[np.complex128], tau: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.complex128]]: ...
    def newton(
        self, points: NDArray[np.complex128], tau: NDArray[np.float64], most: int, exact: float
    ) -> tuple[NDArray[np.complex128], NDArray[np.float64]]: ...
    def track(
        self,
        points: NDArray[np.complex128],
        tau: NDArray[np.float64],
        goal: float,
        options: tuple[float, ...],
        max_steps: int,
    ) -> tuple[NDArray[np.complex128], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]: ...
