"""Data frames that go through files and come back."""

from __future__ import annotations

from pathlib import Path

import pytest


def assert_saved_exactly(frame, folder: Path) -> None:
    """Parquet and Feather give the same frame, CSV the same numbers; no column hides an attribute of a frame."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    assert not [name for name in frame.columns if hasattr(pandas.DataFrame, name)]
    for ending in ("parquet", "feather"):
        path = folder / f"frame.{ending}"
        getattr(frame, f"to_{ending}")(path)
        read = getattr(pandas, f"read_{ending}")(path)
        pandas.testing.assert_frame_equal(read, frame, check_exact=True)
    frame.to_csv(folder / "frame.csv", index=False)
    read = pandas.read_csv(folder / "frame.csv", dtype=str)  # the parser of numbers of some versions rounds them
    assert list(read.columns) == list(frame.columns)
    for name in frame.select_dtypes("float64").columns:
        assert [float(value).hex() for value in read[name]] == [float(value).hex() for value in frame[name]]
