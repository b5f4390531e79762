"""What the pages are made of: files in the folder ``templates``, and data that stand in a page."""

from __future__ import annotations

import json
from base64 import b64encode
from importlib.resources import files
from zlib import compress

__all__ = ["data_element", "embedded", "template"]

#: Data with more characters are packed: a browser unpacks them in milliseconds, and the page is a third as large.
PACKED_FROM = 60_000


def template(name: str) -> str:
    """The text of a file of the pages."""
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def embedded(document: object) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def data_element(document: object, name: str) -> str:
    """A script element that holds data, and its ``id``: JSON, or packed JSON, in base 64, where that is large."""
    text = embedded(document)
    if len(text) < PACKED_FROM:
        return f'<script type="application/json" id="{name}">{text}</script>'
    packed = b64encode(compress(text.encode(), 9)).decode()
    return f'<script type="application/octet-stream" id="{name}">{packed}</script>'
