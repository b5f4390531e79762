"""Critical points as a pandas data frame that Parquet, Feather and CSV keep with all digits.

Complex numbers and nested tuples are no types of these files. So a coefficient has a column for its real part and one
for its imaginary part, and a pattern, the kinds and the indices of a point are text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..extras import import_extra
from ..networks.patterns import format_pattern
from .points import CriticalPoint

if TYPE_CHECKING:
    import pandas as pd

    from .parts import ResultParts

__all__ = ["points_frame"]


def points_frame(result: ResultParts, wide: bool = True) -> pd.DataFrame:
    """The points of a result, one a row; see `CriticalPoints.to_frame`."""
    pd = import_extra("pandas", "frame", "to_frame")
    answers = ("in_function_space", "attained", "interior", "boundary", "smooth")
    places: list[tuple[CriticalPoint, int | None]] = [(point, None) for point in result.points]
    places += [(point, number) for number, part in enumerate(result.continua) for point in part.points]
    points = [point for point, _ in places]

    def texts(values: Iterable[str]) -> Any:
        return pd.array([text or None for text in values], dtype="string")

    size = result.architecture.filter_size
    filters = np.array([point.filter for point in points], dtype=complex).reshape(len(points), size)
    columns: dict[str, Any] = {}
    if wide:
        for entry, values in enumerate(filters.T):
            columns |= {f"w{entry}_re": values.real.copy(), f"w{entry}_im": values.imag.copy()}
        shown = {
            "stratum": texts(format_pattern(point.stratum) for point in points),
            "kinds": texts(_joined(point, point.kinds) for point in points),
            "indices": texts(_joined(point, point.indices) for point in points),
        }
    else:
        columns["w"] = _objects([point.filter.real if point.real else point.filter for point in points])
        shown = {name: _objects([getattr(p, name) for p in points]) for name in ("stratum", "kinds", "indices")}
    columns |= {
        "real": np.array([point.real for point in points], dtype=bool),
        "loss": np.array([point.loss.real for point in points], dtype=float),
        "loss_imag": np.array([point.loss.imag for point in points], dtype=float),
        "stratum": shown["stratum"],
        "pure": np.array([point.pure for point in points], dtype=bool),
        **{name: pd.array([getattr(point, name) for point in points], dtype="boolean") for name in answers},
        "minimum": np.array([point.minimum for point in points], dtype=bool),
        "kinds": shown["kinds"],
        "indices": shown["indices"],
        "real_parameters": np.array([len(p.parameters) if p.real else 0 for p in points], dtype=int),
        "residual": np.array([point.residual for point in points], dtype=float),
        "condition": np.array([point.condition for point in points], dtype=float),
        "ill_conditioned": np.array([point.ill_conditioned for point in points], dtype=bool),
        "nonsingular": np.array([point.nonsingular for point in points], dtype=bool),
        "multiplicity": np.array([point.multiplicity for point in points], dtype=int),
        "isolated": np.array([point.isolated for point in points], dtype=bool),
        "continuum": pd.array([number for _, number in places], dtype="Int64"),
        "certified": pd.array([point.certified for point in points], dtype="boolean"),
    }
    return pd.DataFrame(columns)


def _joined(point: CriticalPoint, answers: Sequence[object]) -> str:
    """The answers for the critical θ over a real filter, with commas between."""
    return ", ".join("undecided" if answer is None else str(answer) for answer in answers) if point.real else ""


def _objects(items: Sequence[object]) -> np.ndarray:
    column = np.empty(len(items), dtype=object)
    for row, item in enumerate(items):
        column[row] = item
    return column
