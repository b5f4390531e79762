"""The types of python-flint that certificates use. The package is optional: an error is raised only at its use."""

from __future__ import annotations

from typing import Any, NoReturn

from ..extras import missing_package

__all__ = ["acb", "acb_mat", "acb_poly", "arb", "arb_mat", "ctx", "fmpq", "fmpq_mat", "fmpz"]


class _Missing:
    """Stands for python-flint where it is not installed."""

    def __call__(self, *_: Any) -> NoReturn:
        raise missing_package("python-flint", "certify", "certify")

    def workprec(self, bits: int) -> NoReturn:
        self(bits)


try:
    from flint import acb, acb_mat, acb_poly, arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz
except ImportError:
    acb = acb_mat = acb_poly = arb = arb_mat = ctx = fmpq = fmpq_mat = fmpz = _Missing()
