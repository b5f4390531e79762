"""The types of python-flint that certificates use, and the working precision.

The package is optional: an error is raised only at its use.

python-flint has one working precision for all threads of a process. A computation in balls holds a lock, so that no
other certificate changes the precision meanwhile. The precision that a caller has set is there again afterwards, after
an exception, too. If other code changes the precision meanwhile in another thread, enclosures get wider, but no proof
gets wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, TypeVar

from ..extras import flint_alone, missing_package

__all__ = [
    "acb",
    "acb_mat",
    "acb_poly",
    "arb",
    "arb_mat",
    "ctx",
    "fmpq",
    "fmpq_mat",
    "fmpz",
    "fmpz_poly",
    "in_standard_precision",
    "working_precision",
]

Call = TypeVar("Call", bound=Callable[..., Any])

#: The working precision, in bits, outside the parts of a proof that set their own: the one python-flint begins with.
STANDARD_PRECISION = 53


class _Missing:
    """Stands for python-flint where it is not installed."""

    def __call__(self, *_: Any) -> NoReturn:
        raise missing_package("python-flint", "certify", "certify")

    def workprec(self, bits: int) -> NoReturn:
        self(bits)


try:
    from flint import acb, acb_mat, acb_poly, arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz, fmpz_poly
except ImportError:
    acb = acb_mat = acb_poly = arb = arb_mat = ctx = fmpq = fmpq_mat = fmpz = fmpz_poly = _Missing()


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Compute with this many bits, in this thread alone; afterwards the precision is what it was before."""
    with flint_alone(), ctx.workprec(bits):
        yield


def in_standard_precision(call: Call) -> Call:
    """The function, computed by one thread at a time, whatever precision the caller has set."""

    @wraps(call)
    def computed(*args: Any, **options: Any) -> Any:
        with working_precision(STANDARD_PRECISION):
            return call(*args, **options)

    return computed  # type: ignore[return-value]
