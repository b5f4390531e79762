"""Tests mirror the packages: ``tests/<package>/test_<module>.py``."""

from __future__ import annotations

from pathlib import Path

#: The folder of the project.
ROOT = Path(__file__).resolve().parent.parent
