"""What the pages are made of: files in the folder ``templates``, and data that stand in a page."""

from __future__ import annotations

import json
from importlib.resources import files

__all__ = ["embedded", "template"]


def template(name: str) -> str:
    """The text of a file of the pages."""
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def embedded(document: object) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
