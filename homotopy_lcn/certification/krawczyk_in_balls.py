"""The critical-point equations of a stratum in ball arithmetic, and Krawczyk's proof that a box holds one solution.

Real affine charts: in every Q_f one coefficient is 1 (that of largest modulus, so a point and its conjugate have the
same chart); the unknowns x are the scalar c and the other coefficients, as many as the stratum has dimensions. With
w = c v(q), v = Π_f Q_f^{m_f}, the equations

    v · (c Σ v − b) = 0,        ∂v/∂q_i · (c Σ v − b) = 0

have real coefficients, taken from exact Σ and b. Where c ≠ 0 they say that the gradient of the loss in
these coordinates is zero.

Krawczyk's operator in a form that can be read off: let X be the box of all x whose real and imaginary parts differ
from the parts of x_0 by at most r_i, Y an approximate inverse of the Jacobian matrix, and M an enclosure of I − Y J(x)
over X. If

    |Y F(x_0)|_i + Σ_j (|Re M_ij| + |Im M_ij|) r_j < r_i        for all i

(the first modulus taken for real and imaginary parts apart), then x ↦ x − Y F(x) maps X into itself and contracts a
weighted maximum norm of the 2n real coordinates. So X holds exactly one solution, the solution is nonsingular, and it
lies in the smaller box with these left-hand sides as radii around x_0 (Krawczyk 1969; Moore 1977; Neumaier, *Interval
Methods for Systems of Equations* (1990), section 5.1).

Functions here expect that the precision of python-flint has been set (`_flint.working_precision`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..losses.exact_data import ExactData
from ..networks.strata import Stratum
from ._flint import acb, acb_mat, acb_poly, arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz, working_precision
from .sending_balls import HoldsBalls
from .tolerances import CERTIFICATION

__all__ = [
    "Ball",
    "BallData",
    "BallEquations",
    "Box",
    "Solution",
    "binary_exponent",
    "coefficients",
    "data_of_patches",
    "dilated",
    "dyadic",
    "enclosing_discs",
    "exact_rank",
    "is_semidefinite",
    "placed",
    "power_of_two",
    "read_dyadic",
]

#: Bits in which sums of products of doubles are exact, whatever their exponents.
EXACT = 2**13
#: Larger binary exponents in a certificate are refused: exact sums of such numbers would fill the memory.
LARGEST_EXPONENT = 2**20
#: A number m*2^e of a certificate.
_DYADIC = re.compile(r"-?[0-9]{1,40000}\*2\^-?[0-9]{1,8}")
#: python-flint has no types that mypy knows.
Ball = Any


class BallData(NamedTuple):
    """Gram matrix Σ, moment vector b and constant of a loss, enclosed in balls."""

    gram: Ball
    b: list[Ball]
    constant: Ball

    @classmethod
    def of(cls, data: ExactData) -> BallData:
        """Exact data, rounded outwards to the working precision."""
        size = len(data.b)
        return cls(
            acb_mat(size, size, [_rational_ball(value) for row in data.gram for value in row]),
            [acb(_rational_ball(value)) for value in data.b],
            _rational_ball(data.constant),
        )


@dataclass(frozen=True, eq=False)
class Box(HoldsBalls):
    """A box that is claimed to hold exactly one critical point.

    Attributes
    ----------
    chart : tuple of int
        For each factor of the stratum, the index of the coefficient that is 1.
    middle : tuple of acb
        x_0, exact: c, then the other coefficients of each factor.
    radii : tuple of arb
        r, exact.
    precision : int
        Working precision in bits with which the claim can be verified.
    """

    chart: tuple[int, ...]
    middle: tuple[Ball, ...]
    radii: tuple[Ball, ...]
    precision: int

    @property
    def whole(self) -> list[Ball]:
        """The box as balls."""
        return [_widened(x, r) for x, r in zip(self.middle, self.radii, strict=True)]

    def conjugate(self) -> Box:
        """The complex conjugate of the box."""
        return Box(self.chart, tuple(x.conjugate() for x in self.middle), self.radii, self.precision)


@dataclass(frozen=True, eq=False)
class Solution(HoldsBalls):
    """Proved enclosures of the coordinates and of the filter of the one critical point in a box."""

    coordinates: tuple[Ball, ...]
    filter: tuple[Ball, ...]

    def conjugate(self) -> Solution:
        """The solution in the conjugate box."""
        return Solution(tuple(x.conjugate() for x in self.coordinates), tuple(x.conjugate() for x in self.filter))


class BallEquations:
    """The equations of a stratum for exact data, in the chart of each point.

    Parameters
    ----------
    stratum : Stratum
        Of the filter size of the data.
    exact : ExactData
    """

    def __init__(self, stratum: Stratum, exact: ExactData) -> None:
        self.stratum = stratum
        self.exact = exact
        self.size = stratum.filter_size
        self._data: dict[int, BallData] = {}

    def on(self, stratum: Stratum) -> BallEquations:
        """The equations of another stratum for the same data."""
        twin = BallEquations(stratum, self.exact)
        twin._data = self._data
        return twin

    @property
    def data(self) -> BallData:
        """The data at the working precision."""
        if ctx.prec not in self._data:
            self._data[ctx.prec] = BallData.of(self.exact)
        return self._data[ctx.prec]

    def factors(self, chart: Sequence[int], x: Sequence[Ball]) -> list[list[Ball]]:
        """The coefficients of every Q_f at the unknowns x."""
        result, position = [], 1
        for factor, one in zip(self.stratum.factors, chart, strict=True):
            rest = list(x[position : position + factor.degree])
            result.append([*rest[:one], acb(1), *rest[one:]])
            position += factor.degree
        return result

    def filter(self, chart: Sequence[int], x: Sequence[Ball]) -> list[Ball]:
        """The filter w = c v."""
        product = acb_poly([x[0]])
        for q, factor in zip(self.factors(chart, x), self.stratum.factors, strict=True):
            product *= placed(q, factor.places) ** factor.power
        return coefficients(product, self.size)

    def equations(self, chart: Sequence[int], x: Sequence[Ball]) -> Ball:
        """The left-hand sides of the equations, (n, 1)."""
        tangent, _, _ = self._tangent(chart, x)
        return tangent * self._residual(tangent * self.data.gram, x[0])

    def linearized(self, chart: Sequence[int], x: Sequence[Ball]) -> tuple[Ball, Ball]:
        """The left-hand sides (n, 1) and their Jacobian matrix (n, n)."""
        gradient, tangent, products, curvature = self._second_order(chart, x)
        curvature[0][1:] = gradient.entries()[1:]
        return gradient, products * self._scaled(tangent, x[0]).transpose() + acb_mat(curvature)

    def hessian(self, chart: Sequence[int], x: Sequence[Ball]) -> Ball:
        """Half the Hessian of the loss in the coordinates (c, q), (n, n), symmetric."""
        gradient, tangent, _, curvature = self._second_order(chart, x)
        scaled = self._scaled(tangent, x[0])
        for i, value in enumerate(gradient.entries()[1:], 1):
            curvature[0][i] = curvature[i][0] = value
            curvature[i][1:] = [x[0] * entry for entry in curvature[i][1:]]
        return scaled * self.data.gram * scaled.transpose() + acb_mat(curvature)

    def response(self, chart: Sequence[int], x: Sequence[Ball]) -> np.ndarray:
        """Sᵀ J⁻¹ T, (K, K), about: it turns a change of b − Σ w at a critical point into the move of the filter w.

        J is the Jacobian matrix, T = (v, ∂v), and S = (v, c ∂v). ZeroDivisionError if J is singular.
        """
        tangent, _, _ = self._tangent(chart, x)
        _, jacobian = self.linearized(chart, x)
        product = self._scaled(tangent, x[0]).transpose() * (jacobian.mid().inv() * tangent)
        entries = [complex(float(z.real.mid()), float(z.imag.mid())) for z in product.entries()]
        return np.array(entries).reshape(self.size, self.size)

    def prove(self, box: Box) -> Solution | None:
        """Prove that the box holds exactly one critical point with c ≠ 0, or None.

        The approximate inverse is computed here, so that only the box itself is taken from the claim.
        """
        n = self.stratum.dimension
        _, jacobian = self.linearized(box.chart, box.whole)
        try:
            inverse = jacobian.mid().inv().mid()
        except ZeroDivisionError:
            return None
        identity = acb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
        offsets = acb_mat(n, 1, [_widened(acb(0), radius) for radius in box.radii])
        # The product encloses M x for all M and x, so that its radii are at least Σ_j (|Re M_ij| + |Im M_ij|) r_j.
        spread = (identity - inverse * jacobian) * offsets
        moves = (spread - inverse * self.equations(box.chart, box.middle)).entries()
        for move, radius in zip(moves, box.radii, strict=True):
            if not (abs(move.real) < radius and abs(move.imag) < radius):
                return None
        coordinates = tuple(x + move for x, move in zip(box.middle, moves, strict=True))
        if coordinates[0].contains(0):
            return None
        return Solution(coordinates, tuple(self.filter(box.chart, coordinates)))

    def _tangent(self, chart: Sequence[int], x: Sequence[Ball]) -> tuple[Ball, list[Ball], list[Ball]]:
        """Rows v and ∂v/∂q_i, (n, K); with the dilated factors and the products of all powers but one."""
        factors = self.stratum.factors
        forms = [placed(q, f.places) for q, f in zip(self.factors(chart, x), factors, strict=True)]
        powers = [form**f.power for form, f in zip(forms, factors, strict=True)]
        others = [_product(powers[:f] + powers[f + 1 :]) for f in range(len(factors))]
        rows = coefficients(_product(powers), self.size)
        for factor, one, form, rest in zip(factors, chart, forms, others, strict=True):
            slope = rest * (form ** (factor.power - 1) * factor.power) if factor.power > 1 else rest
            width = self.size - factor.places[-1]
            values = coefficients(slope, width)
            for i, shift in enumerate(factor.places):
                if i != one:
                    rows += [0] * shift + values + [0] * (self.size - width - shift)
        return acb_mat(self.stratum.dimension, self.size, rows), forms, powers

    def _residual(self, products: Ball, c: Ball) -> Ball:
        """c Σ v − b, (K, 1), from the rows of (v, ∂v) Σ."""
        return acb_mat(self.size, 1, [c * products[0, k] - b for k, b in enumerate(self.data.b)])

    def _scaled(self, tangent: Ball, c: Ball) -> Ball:
        """Rows v and c ∂v, the derivatives of the filter."""
        entries = (tangent * c).entries()
        return acb_mat(tangent.nrows(), self.size, tangent.entries()[: self.size] + entries[self.size :])

    def _second_order(self, chart: Sequence[int], x: Sequence[Ball]) -> tuple[Ball, Ball, Ball, list[list[Ball]]]:
        """(v, ∂v) · r, (v, ∂v), (v, ∂v) Σ, and ∂²v · r with a zero row and column for c; r = c Σ v − b."""
        tangent, forms, powers = self._tangent(chart, x)
        products = tangent * self.data.gram
        residual = self._residual(products, x[0])
        r = acb_poly(residual.entries())
        factors = self.stratum.factors
        n = self.stratum.dimension
        curvature: list[list[Ball]] = [[0] * n for _ in range(n)]
        start = 1
        for f, left in enumerate(factors):
            column_start = start
            rows = _free(left.degree, chart[f])
            for g in range(f, len(factors)):
                right = factors[g]
                columns = _free(right.degree, chart[g])
                if f != g or left.power > 1:
                    paired = self._paired(forms, powers, f, g, r)
                    for i, row in enumerate(rows, start):
                        for j, column in enumerate(columns, column_start):
                            value = paired[left.places[row] + right.places[column]]
                            curvature[i][j] = curvature[j][i] = value
                column_start += right.degree
            start += left.degree
        return tangent * residual, tangent, products, curvature

    def _paired(self, forms: list[Ball], powers: list[Ball], f: int, g: int, r: Ball) -> list[Ball]:
        """r paired with all shifts of the second derivative of v by coefficients of Q_f and Q_g."""
        factors = self.stratum.factors
        rest = [power for h, power in enumerate(powers) if h not in (f, g)]
        if f == g:
            power = factors[f].power
            rest.append(forms[f] ** (power - 2) * (power * (power - 1)))
        else:
            rest += [forms[h] ** (factors[h].power - 1) * factors[h].power for h in (f, g) if factors[h].power > 1]
        reach = sum(factors[h].places[-1] for h in (f, g))
        length = self.size - reach
        reverse = acb_poly(coefficients(_product(rest), length)[::-1])
        return coefficients(reverse * r, 2 * self.size)[length - 1 : length + reach]


def data_of_patches(parts: Iterable[tuple[np.ndarray, np.ndarray]], size: int) -> ExactData:
    """The data Σ = Σ p pᵀ, b = Σ p y, Σ y² without any rounding.

    Parameters
    ----------
    parts : iterable of pairs
        Patches p (n, size) of doubles, and the outputs y (n,) that they belong to.
    size : int
    """
    with working_precision(EXACT):
        total = arb_mat(size + 1, size + 1)
        for patches, outputs in parts:
            rows = np.concatenate([patches, outputs[:, None]], axis=1)
            for first in range(0, len(rows), CERTIFICATION.summed_together):
                part = rows[first : first + CERTIFICATION.summed_together]
                p = arb_mat(*part.shape, part.ravel().tolist())
                total += p.transpose() * p
        entries = [[_fraction_of(total[i, j]) for j in range(size + 1)] for i in range(size + 1)]
    return ExactData(
        tuple(tuple(row[:size]) for row in entries[:size]), tuple(entries[size][:size]), entries[size][size]
    )


def is_semidefinite(data: ExactData, support: Sequence[int]) -> bool:
    """Whether the Gram matrix has no negative eigenvalue on the given coefficients of the filter, exactly.

    All eigenvalues are real, so the signs of the coefficients of the characteristic polynomial tell.
    """
    coefficients = _gram(data, support).charpoly().coeffs()
    return all(value * (-1) ** (len(support) - i) >= 0 for i, value in enumerate(coefficients))


def exact_rank(data: ExactData, support: Sequence[int]) -> int:
    """Rank of the Gram matrix on the given coefficients of the filter, if the moment vector is in its range there.

    Otherwise the data belong to no family of lower rank, and the result is the number of these coefficients.
    """
    size = len(support)
    rank = int(_gram(data, support).rank())
    if rank == size:
        return size
    whole = fmpq_mat(
        size, size + 1, [_fmpq(x) for i in support for x in (*(data.gram[i][j] for j in support), data.b[i])]
    )
    return rank if int(whole.rank()) == rank else size


def _gram(data: ExactData, support: Sequence[int]) -> Any:
    size = len(support)
    return fmpq_mat(size, size, [_fmpq(data.gram[i][j]) for i in support for j in support])


def enclosing_discs(values: Sequence[Ball]) -> tuple[np.ndarray, np.ndarray]:
    """Middles and radii in doubles of discs that hold the balls."""
    middles = [complex(float(x.real.mid()), float(x.imag.mid())) for x in values]
    radii = [float((x - acb(middle)).abs_upper()) for x, middle in zip(values, middles, strict=True)]
    return np.array(middles), np.nextafter(radii, np.inf)


def _rational_ball(value: Fraction) -> Ball:
    return arb(_fmpq(value))


def _fmpq(value: Fraction) -> Any:
    return fmpq(value.numerator, value.denominator)


def _fraction_of(value: Ball) -> Fraction:
    """An exact ball as a fraction; ArithmeticError for a ball that is not exact."""
    if not value.is_exact():
        raise ArithmeticError(f"sums of products of doubles were rounded in {EXACT} bits")
    mantissa, exponent = (int(part) for part in value.man_exp())
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def dyadic(value: Ball) -> str:
    """An exact real ball m · 2^e as ``"m*2^e"``."""
    mantissa, exponent = value.man_exp()
    return f"{mantissa}*2^{exponent}"


def read_dyadic(text: str) -> Ball:
    """The exact real ball that `dyadic` wrote; ValueError for anything else."""
    # python-flint reads integers of any length, Python only those of at most 4 300 digits.
    if not _DYADIC.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number m*2^e")
    mantissa, _, exponent = text.partition("*2^")
    if abs(int(exponent)) > LARGEST_EXPONENT:
        raise ValueError(f"{text[-40:]!r} has an exponent above {LARGEST_EXPONENT}")
    return arb((fmpz(mantissa), fmpz(int(exponent))))


def power_of_two(exponent: int) -> Ball:
    """2^exponent, exact."""
    return arb((fmpz(1), fmpz(exponent)))


def binary_exponent(value: Ball) -> int:
    """An integer e with |value| ≤ 2^e, the least one or little more; −10⁹ for zero."""
    upper = abs(value).upper() if isinstance(value, arb) else value.abs_upper()
    if upper == 0:
        return -(10**9)
    mantissa, exponent = upper.man_exp()
    return int(exponent) + math.ceil(math.log2(int(mantissa)))


def _widened(x: Ball, radius: Ball) -> Ball:
    return acb(_wider(x.real, radius), _wider(x.imag, radius))


def _wider(x: Ball, radius: Ball) -> Ball:
    return x + arb(0, radius)


def _free(degree: int, one: int) -> list[int]:
    return [i for i in range(degree + 1) if i != one]


def dilated(q: Sequence[Ball], dilation: int) -> Ball:
    return placed(q, range(0, (len(q) - 1) * dilation + 1, dilation))


def placed(q: Sequence[Ball], places: Sequence[int]) -> Ball:
    """The polynomial with the coefficients q at these exponents, which increase."""
    if len(q) == places[-1] + 1:
        return acb_poly(list(q))
    spread: list[Ball] = [0] * (places[-1] + 1)
    for value, place in zip(q, places, strict=True):
        spread[place] = value
    return acb_poly(spread)


def _product(forms: Sequence[Ball]) -> Ball:
    result = acb_poly([1])
    for form in forms:
        result *= form
    return result


def coefficients(form: Ball, size: int) -> list[Ball]:
    """Coefficients, with the zeros that a polynomial type drops."""
    values: list[Ball] = form.coeffs()
    return values + [acb(0)] * (size - len(values))
