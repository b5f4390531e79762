"""The critical-point equations of a stratum written out as polynomials in affine patches, for other solvers.

A filter of the stratum is w = c Π_f Q_f^{m_f}. In each factor Q_f the first coefficient is 1 + Σ_j p_j Q_f[j], p the
patch, so the unknowns are its other coefficients; with p = 0 the polynomials are sparsest. The scalar c is absorbed by
the first factor of power one, of which all coefficients are unknown; where there is none, or if c is wanted apart, c
itself is the first unknown. There are as many unknowns as the stratum has dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..networks.strata import Stratum
from .critical_equations import Data, equations_of

__all__ = [
    "PatchedSystem",
    "Polynomial",
    "add",
    "derivative",
    "evaluate",
    "projected",
    "random_patches",
    "times",
    "written",
    "written_plainly",
]

#: Coefficient of each monomial, a tuple of exponents.
Polynomial = dict[tuple[int, ...], complex]


class PatchedSystem:
    """The equations of a stratum in the unknowns x0, x1, …

    Parameters
    ----------
    stratum : Stratum
    patches : sequence of (degree,) complex arrays, optional
        The patch p of each factor (that of the free factor is not used); zero by default. A point with
        Q_f[0] = Σ_j p_j Q_f[j] is at infinity.
    apart : bool
        Whether the scalar c is the first unknown even if a factor could absorb it.
    positions : sequence of int, optional
        For each coefficient of the filter of the stratum, the coefficient of ``filter`` that it adds to: for networks
        of any supports, which are linear projections of the tensor product of their layers.
    filter_size : int, optional
        The number of coefficients of ``filter``, if positions are given; by default up to the last of them.

    Attributes
    ----------
    unknowns : list of str
    free : int or None
        The factor that absorbs the scalar; None if the scalar is the first unknown.
    filter : list of Polynomial
        The coefficients of the end-to-end filter.
    """

    def __init__(
        self,
        stratum: Stratum,
        patches: Sequence[Complex] | None = None,
        *,
        apart: bool = False,
        positions: Sequence[int] | None = None,
        filter_size: int | None = None,
    ) -> None:
        self.stratum = stratum
        self.positions = None if positions is None else tuple(positions)
        self.patches = [np.zeros(f.degree) for f in stratum.factors] if patches is None else list(patches)
        powers = [] if apart else [factor.power for factor in stratum.factors]
        self.free = powers.index(1) if 1 in powers else None
        self.unknowns = [f"x{i}" for i in range(stratum.dimension)]
        self.filter = self._projected_coefficients(filter_size)

    def groups(self) -> list[list[str]]:
        """The unknowns of the scalar, if it is one, and of each factor; no group is empty."""
        sizes = [factor.degree + (f == self.free) for f, factor in enumerate(self.stratum.factors)]
        names = iter(self.unknowns)
        groups = [[next(names) for _ in range(size)] for size in ([1] if self.free is None else []) + sizes]
        return [group for group in groups if group]

    def absorbing(self) -> list[str]:
        """The unknowns that are multiplied if the filter is."""
        if self.free is None:
            return self.unknowns[:1]
        begin = sum(factor.degree for factor in self.stratum.factors[: self.free])
        return self.unknowns[begin : begin + self.stratum.factors[self.free].degree + 1]

    def tangents(self) -> list[list[Polynomial]]:
        """For each unknown, the derivatives of the coefficients of the filter."""
        return [[derivative(w, i) for w in self.filter] for i in range(len(self.unknowns))]

    def equations(self, data: Data) -> list[Polynomial]:
        """Half the derivatives of the loss, Σ_j ∂w_j (Σ w − b)_j, in each unknown.

        The monomials and their order do not depend on the data: vanishing coefficients are kept.
        """
        residual = []
        for row, moment in zip(np.asarray(data.gram, complex), np.asarray(data.b, complex), strict=True):
            entry: Polynomial = {(0,) * len(self.unknowns): -complex(moment)}
            for coefficient, w in zip(row, self.filter, strict=True):
                add(entry, w, complex(coefficient))
            residual.append(entry)
        result = []
        for tangent in self.tangents():
            equation: Polynomial = {}
            for w, r in zip(tangent, residual, strict=True):
                add(equation, times(w, r))
            result.append(equation)
        return result

    def from_points(self, points: Complex) -> Complex:
        """Values of the unknowns (P, n) at points (P, coordinates)."""
        scale = points[:, :1]
        parts = []
        for f, (factor, part) in enumerate(zip(self.stratum.factors, self.stratum.slices, strict=True)):
            values = points[:, part]
            if f != self.free:
                first = values[:, :1] - values[:, 1:] @ self.patches[f][:, None]
                scale = scale * first**factor.power
                values = values[:, 1:] / first
            parts.append(values)
        if self.free is None:
            parts.insert(0, scale)
        else:
            parts[self.free] = parts[self.free] * scale
        return np.concatenate(parts, axis=1)

    def points(self, values: Complex) -> Complex:
        """Points (P, coordinates) at values of the unknowns (P, n)."""
        ones = np.ones((len(values), 1))
        start = int(self.free is None)
        parts = [values[:, :start] if start else ones]
        for f, factor in enumerate(self.stratum.factors):
            end = start + factor.degree + (f == self.free)
            part = values[:, start:end]
            parts += [part] if f == self.free else [1 + part @ self.patches[f][:, None], part]
            start = end
        return np.concatenate(parts, axis=1).astype(complex)

    def filters(self, values: Complex) -> Complex:
        """End-to-end filters (P, K) at values of the unknowns (P, n)."""
        filters = equations_of(self.stratum).filters(self.points(values))
        return filters if self.positions is None else projected(filters, self.positions, len(self.filter))

    def _filter_coefficients(self) -> list[Polynomial]:
        number = len(self.unknowns)
        constant = (0,) * number
        names = iter([tuple(row) for row in np.eye(number, dtype=int).tolist()])
        result: list[Polynomial] = [{next(names) if self.free is None else constant: 1}]
        for f, factor in enumerate(self.stratum.factors):
            unknowns = [next(names) for _ in range(factor.degree + (f == self.free))]
            form: list[Polynomial] = [{name: 1} for name in unknowns]
            if f != self.free:
                first: Polynomial = {constant: 1}
                add(first, {name: complex(p) for name, p in zip(unknowns, self.patches[f], strict=True) if p})
                form.insert(0, first)
            for _ in range(factor.power):
                size = len(result) + factor.degree * factor.dilation
                product: list[Polynomial] = [{} for _ in range(size)]
                for i, a in enumerate(result):
                    for j, b in enumerate(form):
                        add(product[i + j * factor.dilation], times(a, b))
                result = product
        return result

    def _projected_coefficients(self, filter_size: int | None) -> list[Polynomial]:
        coefficients = self._filter_coefficients()
        if self.positions is None:
            return coefficients
        result: list[Polynomial] = [{} for _ in range(filter_size or max(self.positions) + 1)]
        for position, coefficient in zip(self.positions, coefficients, strict=True):
            add(result[position], coefficient)
        return result


def projected(filters: Complex, positions: Sequence[int], size: int) -> Complex:
    """Filters (P, size): coefficient j of each of the filters (P, K') adds to position ``positions[j]``.

    Examples
    --------
    >>> projected(np.array([[1, 2, 3, 4]], complex), (0, 1, 1, 2), 3).real.tolist()
    [[1.0, 5.0, 4.0]]
    """
    result = np.zeros((len(filters), size), complex)
    for column, position in enumerate(positions):
        result[:, position] += filters[:, column]
    return result


def random_patches(stratum: Stratum, rng: np.random.Generator) -> list[Complex]:
    """A complex normal patch for each factor: no point is at infinity, but with probability zero."""
    return [
        (rng.standard_normal(f.degree) + 1j * rng.standard_normal(f.degree)) / np.sqrt(2 * max(f.degree, 1))
        for f in stratum.factors
    ]


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


def written(polynomial: Polynomial, unknowns: Sequence[str], imaginary_unit: str) -> str:
    """The polynomial as text, coefficients to 17 digits."""
    return "".join(_terms(polynomial, unknowns, imaginary_unit)) or "0"


def written_plainly(polynomial: Polynomial, unknowns: Sequence[str], power: str = "^") -> str:
    """A polynomial with integer coefficients as people write it: ``x0*x2^2 - 2*x1``."""
    result = ""
    for exponents, coefficient in polynomial.items():
        number = round(complex(coefficient).real)
        if number != coefficient:
            raise ValueError(f"{coefficient} is no integer")
        factors = [f"{x}{power}{e}" if e > 1 else x for x, e in zip(unknowns, exponents, strict=True) if e]
        if abs(number) != 1 or not factors:
            factors.insert(0, str(abs(number)))
        sign = ("-" if number < 0 else "") if not result else (" - " if number < 0 else " + ")
        result += sign + "*".join(factors)
    return result or "0"


def _terms(polynomial: Polynomial, unknowns: Sequence[str], imaginary_unit: str) -> Iterator[str]:
    for exponents, coefficient in polynomial.items():
        powers = "".join(f"*{x}^{e}" if e > 1 else f"*{x}" for x, e in zip(unknowns, exponents, strict=True) if e)
        coefficient = complex(coefficient)
        yield f"+({_number(coefficient.real)}{_number(coefficient.imag, '+')}*{imaginary_unit}){powers}"


def _number(value: float, sign: str = "") -> str:
    """A double to 17 digits, of which none stands beyond the eighteenth place after the point.

    PHCpack 2.4.86 does not read farther (findings/phcpack-digits-beyond-the-eighteenth.sh).
    """
    text = f"{value:{sign}.17g}"
    return f"{value:{sign}.16e}" if text.lstrip("+-").startswith("0.00") else text
