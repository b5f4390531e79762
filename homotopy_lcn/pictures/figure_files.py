"""Figures of matplotlib as files. Equal figures give equal files."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

from ..extras import import_extra
from ..files import write_atomically

__all__ = ["ENDINGS", "write_figure"]

#: File formats, by ending, and the metadata that would differ between files of equal figures.
_DATES: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "png": {}, "svg": {"Date": None}}
ENDINGS = tuple(_DATES)


def write_figure(figure: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Write a figure, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like
        Ends in a dot and one of `ENDINGS`.
    options
        Of the method ``savefig``.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    matplotlib = import_extra("matplotlib", "figures", "plot")
    ending, stream = Path(path).suffix.lstrip(".").lower(), BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "homotopy-lcn"}):
        engine = figure.get_layout_engine()
        if engine is not None:
            # The layout is found once; with an engine each save would draw the figure twice.
            engine.execute(figure)
            figure.set_layout_engine("none")
        try:
            figure.savefig(stream, format=ending, metadata=_DATES[ending], **options)
        finally:
            if engine is not None:
                figure.set_layout_engine(engine)
    write_atomically(path, stream.getvalue())
