"""Arrays of complex discs: arithmetic in doubles, many numbers at a time, with rigorous bounds of every error.

A disc (m, r) stands for all complex numbers z with |z − m| ≤ r. Every operation returns discs that hold the results
for all members of its operands. NumPy computes the middles in doubles; the radii account for the radii of the operands
and for rounding. The bounds are a priori bounds (Higham, *Accuracy and Stability of Numerical Algorithms* (2002),
sections 3.1, 3.5 and 3.6; Rump, *Verification methods* (2010), section 9), with u = 2⁻⁵³ and γ_k = ku / (1 − ku):

* *Middles.* Real and imaginary part of a sum of n products of complex numbers are sums of 2n products of reals. In any
  order of summation, with or without fused multiply-adds, each is off by at most γ_{2n} Σ |a_i| |b_i| (Σ of the
  moduli of its products is at most that, by Cauchy and Schwarz), together by √2 γ_{2n} Σ |a_i| |b_i| ≤
  n 2⁻⁵¹ Σ |a_i| |b_i| for n ≤ 2¹². This covers NumPy's loops and the matrix products of BLAS, which sum in some
  order (not by the three-multiplication or Strassen's algorithms, which are separate routines).
* *Radii.* All terms are nonnegative. A radius that is computed with at most 5000 roundings one after the other is at
  least (1 − u)^5000 times the exact one; the factor 1 + 2⁻⁴⁰ in `bound` makes up for that.
* *Underflow* changes a product by at most 2⁻¹⁰²², gradual or not, so a sum of 2¹³ of them by less than 2⁻¹⁰⁰⁰; `bound`
  adds as much to every radius.
* *Overflow* makes a radius infinite or not a number. Then every comparison that could prove something is false.

Rounding is to nearest, as everywhere in NumPy. Nothing here needs square roots or quotients of discs.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import ComparedByValue
from ..doors import cached_property
from ..networks.binary_forms import dilate
from ..networks.binary_forms import multiply as multiply_arrays

__all__ = [
    "MOST_TERMS",
    "Complex",
    "Discs",
    "approximate_inverses",
    "bound",
    "contraction",
    "moduli",
    "multiply",
    "product",
    "regular",
]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: The bounds hold for sums of at most this many products.
MOST_TERMS = 2**12
#: Underflow adds less than this to any number.
UNDERFLOW = 2.0**-1000
#: A sum of n products is off by at most n times this, relative to the sum of the moduli.
PRODUCT_ERROR = 2.0**-51
#: The sum of two numbers is off by at most this, relative to the sum of the moduli.
SUM_ERROR = 2.0**-52


def bound(computed: Real) -> Real:
    """An upper bound of a nonnegative quantity from its value in doubles; see the head of this module."""
    return np.asarray(computed * (1 + 2.0**-40) + UNDERFLOW)


def moduli(z: NDArray[Any]) -> Real:
    """Upper bounds of moduli. Squares that underflow are off by 2⁻¹⁰²², their root by 2⁻⁵¹⁰."""
    if z.dtype.kind != "c":
        return np.abs(z)
    return bound(np.sqrt(z.real**2 + z.imag**2) + 2.0**-510)


@dataclass(frozen=True, eq=False)
class Discs(ComparedByValue):
    """An array of discs.

    Attributes
    ----------
    mid : ndarray, complex or real
        Middles.
    rad : float ndarray of the same shape
        Radii.
    """

    mid: NDArray[Any]
    rad: Real

    @classmethod
    def exact(cls, values: NDArray[Any]) -> Discs:
        """Discs of radius zero."""
        return cls(np.asarray(values), np.zeros(np.shape(values)))

    @cached_property
    def size(self) -> Real:
        """Upper bounds of the moduli of the middles."""
        return moduli(self.mid)

    @cached_property
    def reach(self) -> Real:
        """Upper bounds of the moduli of all members."""
        return bound(self.size + self.rad)

    def __len__(self) -> int:
        return len(self.mid)

    def __getitem__(self, index: Any) -> Discs:
        return Discs(self.mid[index], self.rad[index])

    def __add__(self, other: Discs) -> Discs:
        return self._sum(self.mid + other.mid, other)

    def __sub__(self, other: Discs) -> Discs:
        return self._sum(self.mid - other.mid, other)

    def __mul__(self, other: Discs) -> Discs:
        """Entry by entry."""
        return Discs(self.mid * other.mid, bound(self.rad * other.reach + self.size * other.blurred(1)))

    def __matmul__(self, other: Discs) -> Discs:
        """Matrix product of the last two axes."""
        terms = _terms(self.mid.shape[-1])
        rad = _matmul(self.rad, other.reach) + _matmul(self.size, other.blurred(terms))
        return Discs(_matmul(self.mid, other.mid), bound(rad))

    def blurred(self, terms: int) -> Real:
        """The radii and, relative to the middles, the error of a sum of this many products."""
        return bound(self.rad + (terms * PRODUCT_ERROR) * self.size)

    def times(self, number: float) -> Discs:
        """Multiplied by a positive double."""
        return Discs(self.mid * number, bound(number * self.blurred(1)))

    def sum(self, axis: int) -> Discs:
        """Sum along an axis."""
        terms = _terms(self.mid.shape[axis])
        return Discs(self.mid.sum(axis=axis), bound(self.blurred(terms).sum(axis=axis)))

    def dilated(self, dilation: int) -> Discs:
        """The forms in the variable x^dilation."""
        return Discs(dilate(self.mid, dilation), dilate(self.rad, dilation))

    def gathered(self, index: NDArray[np.intp], axis: int = 1) -> Discs:
        """Entries along an axis by an index for each entry of the first axis, as `numpy.take_along_axis`."""
        return Discs(np.take_along_axis(self.mid, index, axis), np.take_along_axis(self.rad, index, axis))

    def excludes_zero(self) -> NDArray[np.bool_]:
        """Whether 0 is proved not to be a member (a disc that may hold it: False)."""
        return np.asarray(np.maximum(np.abs(self.mid.real), np.abs(self.mid.imag)) > self.rad)

    def _sum(self, mid: Complex, other: Discs) -> Discs:
        return Discs(mid, bound(self.rad + other.rad + SUM_ERROR * (self.size + other.size)))


def multiply(left: Discs, right: Discs) -> Discs:
    """Products of forms (…, m + 1) and (…, n + 1)."""
    terms = _terms(min(left.mid.shape[-1], right.mid.shape[-1]))
    rad = multiply_arrays(left.rad, right.reach) + multiply_arrays(left.size, right.blurred(terms))
    return Discs(multiply_arrays(left.mid, right.mid), bound(rad))


def product(forms: Sequence[Discs], count: int) -> Discs:
    """Products of any number of ``count`` forms each."""
    return reduce(multiply, forms) if forms else Discs.exact(np.ones((count, 1), complex))


def contraction(inverse: Complex, matrices: Discs, weights: Real) -> Real:
    """Upper bounds of Σ_j |(I − Y A)_ij| weights_j for all members A of the discs, (P, n).

    Parameters
    ----------
    inverse : (P, n, n) complex array
        Y, taken exactly.
    matrices : Discs, (P, n, n)
    weights : (P, n) float array
        Nonnegative.
    """
    n = matrices.mid.shape[-1]
    defect = moduli(np.eye(n) - inverse @ matrices.mid)
    columns = weights[..., None]
    rest = moduli(inverse) @ bound(matrices.blurred(_terms(n) + 1) @ columns)
    # 1 and the entries of Y A are subtracted with an error of at most u times the difference.
    return bound((defect * (1 + SUM_ERROR)) @ columns + rest)[..., 0]


def regular(matrices: Discs) -> NDArray[np.bool_]:
    """Whether all members of each of the discs of matrices (P, n, n) are proved to be regular: ‖I − Y A‖ < 1."""
    inverse = approximate_inverses(matrices.mid)
    return np.asarray((contraction(inverse, matrices, np.ones(matrices.mid.shape[:-1])) < 1).all(axis=1))


def approximate_inverses(matrices: Complex) -> Complex:
    """Inverses (P, n, n) as LAPACK computes them; of singular matrices not a number."""
    try:
        return np.asarray(np.linalg.inv(matrices), dtype=complex)
    except np.linalg.LinAlgError:
        result: Complex = np.full(matrices.shape, np.nan, complex)
        for i, matrix in enumerate(matrices):
            with suppress(np.linalg.LinAlgError):
                result[i] = np.linalg.inv(matrix)
        return result


def _matmul(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """A matrix product. One matrix on the right is applied to a stack in one go; a real one is not made complex."""
    if right.ndim == 2 and left.ndim > 2:
        return _matmul(left.reshape(-1, left.shape[-1]), right).reshape(*left.shape[:-1], right.shape[-1])
    if right.dtype.kind == "c" or left.dtype.kind != "c":
        return np.asarray(left @ right)
    result = np.empty((*left.shape[:-1], right.shape[-1]), complex)
    result.real, result.imag = left.real @ right, left.imag @ right
    return result


def _terms(count: int) -> int:
    if count > MOST_TERMS:
        raise ValueError(f"{count} terms in a sum of products; the error bounds hold for at most {MOST_TERMS}")
    return count
