"""The critical-point equations of a stratum written out as polynomials in affine patches, for other solvers.

Unknowns are all coefficients of the first factor of power one and the coefficients of the other factors except the
first one of each, which is 1: the sparsest patch. The scalar of a point is absorbed by the first factor.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from homotopy_lcn.equations import Complex, Data, equations_of
from homotopy_lcn.strata import Stratum

#: Coefficient of each monomial, a tuple of exponents.
Polynomial = dict[tuple[int, ...], complex]


class PatchedSystem:
    """The equations of a stratum with a factor of power one, in the unknowns x0, x1, …"""

    def __init__(self, stratum: Stratum) -> None:
        self.stratum = stratum
        self.free = next(f for f, factor in enumerate(stratum.factors) if factor.power == 1)
        self.unknowns = [f"x{i}" for i in range(stratum.dimension)]
        self._filter = self._filter_coefficients()

    def equations(self, data: Data) -> list[Polynomial]:
        """Half the derivatives of the loss, Σ_j ∂w_j (Σ w − b)_j, in each unknown."""
        residual = []
        for row, moment in zip(np.asarray(data.gram, complex), np.asarray(data.b, complex), strict=True):
            entry: Polynomial = {(0,) * len(self.unknowns): -complex(moment)}
            for coefficient, w in zip(row, self._filter, strict=True):
                add(entry, w, complex(coefficient))
            residual.append(entry)
        result = []
        for i in range(len(self.unknowns)):
            equation: Polynomial = {}
            for w, r in zip(self._filter, residual, strict=True):
                add(equation, times(derivative(w, i), r))
            result.append(equation)
        return result

    def from_points(self, points: Complex) -> Complex:
        """Values of the unknowns (P, n) at points (P, coordinates)."""
        scale = points[:, :1]
        parts = []
        for f, (factor, part) in enumerate(zip(self.stratum.factors, self.stratum.slices, strict=True)):
            values = points[:, part]
            if f != self.free:
                scale = scale * values[:, :1] ** factor.power
                values = values[:, 1:] / values[:, :1]
            parts.append(values)
        parts[self.free] = parts[self.free] * scale
        return np.concatenate(parts, axis=1)

    def filters(self, values: Complex) -> Complex:
        """End-to-end filters (P, K) at values of the unknowns (P, n)."""
        ones = np.ones((len(values), 1))
        parts, start = [ones], 0
        for f, factor in enumerate(self.stratum.factors):
            end = start + factor.degree + (f == self.free)
            parts += [values[:, start:end]] if f == self.free else [ones, values[:, start:end]]
            start = end
        return equations_of(self.stratum).filters(np.concatenate(parts, axis=1))

    def _filter_coefficients(self) -> list[Polynomial]:
        number = len(self.unknowns)
        constant = (0,) * number
        names = iter(np.eye(number, dtype=int).tolist())
        result: list[Polynomial] = [{constant: 1}]
        for f, factor in enumerate(self.stratum.factors):
            form = [{constant: 1 + 0j}] if f != self.free else []
            form += [{tuple(next(names)): 1 + 0j} for _ in range(factor.degree + (f == self.free))]
            for _ in range(factor.power):
                size = len(result) + factor.degree * factor.dilation
                product: list[Polynomial] = [{} for _ in range(size)]
                for i, a in enumerate(result):
                    for j, b in enumerate(form):
                        add(product[i + j * factor.dilation], times(a, b))
                result = product
        return result


def add(total: Polynomial, other: Polynomial, scale: complex = 1) -> None:
    """total += scale · other, in place."""
    for exponents, coefficient in other.items():
        total[exponents] = total.get(exponents, 0) + scale * coefficient


def times(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product."""
    result: Polynomial = {}
    for exponents, coefficient in a.items():
        shifted = {tuple(x + y for x, y in zip(exponents, other, strict=True)): value for other, value in b.items()}
        add(result, shifted, coefficient)
    return result


def derivative(polynomial: Polynomial, i: int) -> Polynomial:
    """The derivative in unknown i."""
    result: Polynomial = {}
    for exponents, coefficient in polynomial.items():
        if exponents[i]:
            lowered = (*exponents[:i], exponents[i] - 1, *exponents[i + 1 :])
            result[lowered] = coefficient * exponents[i]
    return result


def evaluate(polynomial: Polynomial, values: NDArray[np.complex128]) -> complex:
    """The value at one point (n,)."""
    return complex(sum(c * np.prod(values ** np.array(exponents)) for exponents, c in polynomial.items()))


def written(polynomial: Polynomial, unknowns: list[str], imaginary_unit: str) -> str:
    """The polynomial as text, coefficients to 17 digits."""
    return "".join(_terms(polynomial, unknowns, imaginary_unit)) or "0"


def _terms(polynomial: Polynomial, unknowns: list[str], imaginary_unit: str) -> Iterator[str]:
    for exponents, coefficient in polynomial.items():
        powers = "".join(f"*{x}^{e}" if e > 1 else f"*{x}" for x, e in zip(unknowns, exponents, strict=True) if e)
        yield f"+({coefficient.real:.17g}{coefficient.imag:+.17g}*{imaginary_unit}){powers}"
