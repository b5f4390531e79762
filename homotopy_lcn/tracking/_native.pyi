from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

def instruction_sets() -> list[str]: ...
def track(
    *,
    factors: list[tuple[int, int, int]],
    starts: NDArray[np.complex128],
    start_gram: NDArray[np.complex128],
    start_b: NDArray[np.complex128],
    target_gram: NDArray[Any],
    target_b: NDArray[Any],
    options: dict[str, float],
    jobs: int,
    instruction_set: str,
    report: Callable[[int], None] | None,
) -> dict[str, Any]: ...
def track_along(
    *,
    factors: list[tuple[int, int, int]],
    starts: NDArray[np.complex128],
    gram: NDArray[np.complex128],
    b: NDArray[np.complex128],
    options: dict[str, float],
    jobs: int,
    instruction_set: str,
) -> tuple[NDArray[np.complex128], NDArray[np.int64], int]: ...
def refine(
    *,
    factors: list[tuple[int, int, int]],
    high: NDArray[np.complex128],
    low: NDArray[np.complex128],
    gram: NDArray[np.float64],
    b: NDArray[np.float64],
    real: bool,
    steps: int,
    small_step: float,
    reused_matrix: float,
    jobs: int,
    instruction_set: str,
) -> tuple[
    NDArray[np.complex128],
    NDArray[np.complex128],
    NDArray[np.complex128],
    NDArray[np.float64],
    NDArray[np.float64],
]: ...
