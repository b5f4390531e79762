"""With what numbers are computed: the last digits of a result depend on the instruction set and on the BLAS."""

from __future__ import annotations

from functools import cache

import numpy as np

from .engine import Engine

__all__ = ["blas_library", "computed_with"]


def computed_with(engine: Engine) -> dict[str, str]:
    """The engine, its instruction set, NumPy and the BLAS that NumPy calls.

    Parameters
    ----------
    engine : Engine

    Returns
    -------
    dict of str to str
        With the keys "engine", "instruction_set" (for the compiled engine alone), "numpy" and "blas".

    Examples
    --------
    >>> from homotopy_lcn.tracking import get_engine
    >>> list(computed_with(get_engine("reference")))
    ['engine', 'numpy', 'blas']
    """
    result = {"engine": engine.name}
    known = getattr(engine, "instruction_sets", None)
    if known is not None:
        result["instruction_set"] = getattr(engine, "instruction_set", "") or known()[0]
    return result | {"numpy": np.__version__, "blas": blas_library()}


@cache
def blas_library() -> str:
    """Name and version of the BLAS that NumPy is built with; "unknown" if NumPy does not tell."""
    try:
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[call-overload, unused-ignore]
        return f"{found['name']} {found['version']}"
    except (KeyError, TypeError):
        return "unknown"
