"""Words, terminal and notebooks: what people read."""

from __future__ import annotations
