"""Parts of the pages of reports: status lines, definitions, cells, and the places of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .report_pictures import Picture

__all__ = ["cell", "definitions", "figures", "plain_picture", "verdict"]

#: Pictures that are as wide as the page.
DEEP = ("slice", "branches")


def verdict(good: bool | None, word: str, text: str) -> str:
    """One line on the status of what the page shows: good, open, or neither."""
    state = {True: " good", False: " open", None: ""}[good]
    return f'<p class="verdict{state}"><strong>{escape(word)}.</strong> {escape(text)}</p>'


def definitions(rows: Iterable[tuple[str, str]]) -> str:
    """A list of headings with their texts."""
    items = "".join(f"<dt>{escape(heading)}</dt><dd>{escape(text)}</dd>" for heading, text in rows)
    return f"<dl>{items}</dl>"


def cell(tag: str, text: str, number: bool) -> str:
    """A cell of a table; numbers stand on the right, with a minus sign."""
    text = text.replace("-", "−") if number else text
    return f"<{tag}{' class=number' if number else ''}>{escape(text)}</{tag}>"


def plain_picture(picture: Picture, first: str = "") -> dict[str, Any]:
    """A picture as the program of the page reads it; ``first`` is the name of its first view."""
    return {
        "name": picture.name,
        "title": picture.title,
        "caption": picture.caption,
        "first": first,
        "spatial": "axes" in picture.layout,
        "data": picture.data,
        "layout": picture.layout,
        "views": picture.views,
    }


def figures(drawn: Sequence[dict[str, Any]]) -> str:
    """The places of pictures in the page."""
    parts = []
    for picture in drawn:
        name, title, caption = (escape(picture[key]) for key in ("name", "title", "caption"))
        deep = picture["name"] in DEEP
        still = f'<img class="still" alt="{title}">' if picture["spatial"] else ""
        parts.append(
            f'<figure data-picture="{name}"{" class=wide" if deep else ""}><h2>{title}</h2>'
            f'<div class="views"></div><div class="plot{" deep" if deep else ""}" data-name="{name}" role="group" '
            f'aria-label="{title}: interactive picture; its points are in the table"></div>'
            f"{still}<figcaption>{caption}</figcaption></figure>"
        )
    return "\n".join(parts)
