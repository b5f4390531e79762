"""The summary of a result, as a thing that is printed or shown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Summary"]


@dataclass(frozen=True, repr=False)
class Summary:
    """The summary of a result; `print` shows `text`, a notebook shows `page`.

    Attributes
    ----------
    rows : tuple of (str, str)
        Headings and texts; the last row says whether the result is complete.
    text : str
        As in a terminal of 100 characters a line.
    page : str
        As HTML.
    """

    rows: tuple[tuple[str, str], ...]
    text: str
    page: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.page
