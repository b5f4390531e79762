"""Proofs: of each critical point, and that there are no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .certificates import Certificate, certificate, certify

__all__ = ["Certificate", "certificate", "certify"]

__getattr__, __dir__ = public_names(
    __name__, {"Certificate": "certificates", "certificate": "certificates", "certify": "certificates"}
)
