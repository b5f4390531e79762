"""The types of python-flint that the package uses; it is the one optional dependency of certificates."""

from __future__ import annotations

from .errors import InputError

try:
    from flint import acb, acb_mat, acb_poly, arb, arb_mat, ctx, fmpz
except ImportError:
    raise InputError(
        "certify: python-flint is not installed; expected it from pip install homotopy-lcn[certify]"
    ) from None

__all__ = ["acb", "acb_mat", "acb_poly", "arb", "arb_mat", "ctx", "fmpz"]
