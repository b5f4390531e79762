"""The equations of walls for exact data, in numbers of any type: balls of python-flint, or many digits of mpmath.

The data are the doubles of the two losses, or the rational numbers that they are rounded from. All systems are square,
and have the same unknowns: the pieces of the filter with one coefficient of each set to 1, the scalar c, and t.

* A fold: the critical-point equations F = 0 and F_x v = 0, where one entry of v is 1. That the solution is nonsingular
  means that the kernel has dimension one and that the two points leave each other like ±√|t − t*|.
* A double root, two roots that coincide, or a passage through zero: the residual vanishes on the tangent space of the
  stratum, see `conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Real
from ..losses.exact_data import ExactData
from ..networks.strata import Stratum
from .conditions import Condition, Criticality, PassageThroughZero
from .jets import Dual, Element, contracted, polynomial_power, polynomial_product, variables
from .segments import Segment

__all__ = [
    "Chart",
    "ExactLine",
    "Line",
    "critical_equations",
    "fold_equations",
    "kernel_of_fold",
    "leading_exponent",
    "own_form",
    "piece_equations",
]


class Line(NamedTuple):
    """Numbers of some type: Gram matrices, moment vectors and constants at t = 0, and their changes to 1."""

    gram: list[list[Any]]
    gram_change: list[list[Any]]
    b: list[Any]
    b_change: list[Any]
    constant: Any
    constant_change: Any


@dataclass(frozen=True)
class ExactLine:
    """The exact data of a segment."""

    first: ExactData
    last: ExactData

    @classmethod
    def of(cls, segment: Segment) -> ExactLine:
        """The data of both losses."""
        return cls(
            *(
                loss.exact or ExactData.of_doubles(loss.gram, loss.b, loss.constant)
                for loss in (segment.start, segment.end)
            )
        )

    def at(self, t: float) -> ExactData:
        """The data at t, a double, without rounding."""
        place = Fraction(t)

        def mixed(a: Fraction, b: Fraction) -> Fraction:
            return a + place * (b - a)

        first, last = self.first, self.last
        return ExactData(
            tuple(tuple(map(mixed, *rows)) for rows in zip(first.gram, last.gram, strict=True)),
            tuple(map(mixed, first.b, last.b)),
            mixed(first.constant, last.constant),
        )

    @property
    def has_zero(self) -> bool:
        """Whether b is zero at one t of (0, 1): it is a negative multiple at the end of what it is at the start."""
        first, last = self.first.b, self.last.b
        place = next((i for i, x in enumerate(first) if x), 0)
        return first[place] * last[place] < 0 and all(
            first[place] * y == last[place] * x for x, y in zip(first, last, strict=True)
        )

    def numbers(self, positions: Sequence[int], number: Callable[[Fraction], Any]) -> Line:
        """The data on a stratum, each made by ``number`` from a fraction."""
        a, b = self.first.restricted(positions), self.last.restricted(positions)
        return Line(
            [[number(x) for x in row] for row in a.gram],
            [[number(y - x) for x, y in zip(*rows, strict=True)] for rows in zip(a.gram, b.gram, strict=True)],
            [number(x) for x in a.b],
            [number(y - x) for x, y in zip(a.b, b.b, strict=True)],
            number(a.constant),
            number(b.constant - a.constant),
        )


class Chart:
    """Pieces of a filter with one coefficient of each set to 1, as unknowns.

    Near infinity, the scalar c is 1, and the unknown in its place is the number s times which b is taken.
    """

    def __init__(self, stratum: Stratum, factors: Real, infinite: bool = False) -> None:
        self.stratum = stratum
        self.infinite = infinite
        self.ones, self.start, position = [], [], 0
        self.scale = 1.0
        for factor in stratum.factors:
            form = factors[position : position + factor.degree + 1]
            position += factor.degree + 1
            one = int(np.argmax(np.abs(form)))
            self.ones.append(one)
            self.start += [float(x / form[one]) for i, x in enumerate(form) if i != one]
            self.scale *= float(form[one]) ** factor.power

    def forms(self, unknowns: Sequence[Element]) -> list[list[Element]]:
        """The pieces as polynomials, dilated."""
        result, position = [], 0
        for factor, one in zip(self.stratum.factors, self.ones, strict=True):
            rest = list(unknowns[position : position + factor.degree])
            position += factor.degree
            spread: list[Element] = [0] * (factor.degree * factor.dilation + 1)
            spread[:: factor.dilation] = [*rest[:one], 1, *rest[one:]]
            result.append(spread)
        return result

    def flat(self, unknowns: Sequence[Element]) -> Real:
        """The coefficients of all pieces one after the other, the real parts of complex ones, as doubles."""
        forms = zip(self.forms(unknowns), self.stratum.factors, strict=True)
        numbers = [x for form, factor in forms for x in form[:: factor.dilation]]
        return np.array([float(x if isinstance(x, int) else x.real) for x in numbers])

    def products(self, forms: Sequence[list[Element]], powers: Sequence[int]) -> list[Element]:
        """Π forms^powers."""
        result: list[Element] = [1]
        for form, power in zip(forms, powers, strict=True):
            result = polynomial_product(result, polynomial_power(form, power))
        return result


def residual_of(line: Line, c: Element, p: Sequence[Element], t: Element, infinite: bool = False) -> list[Element]:
    """c Σ(t) p − b(t); c is None for a filter zero, where it is −b(t). Near infinity it is Σ(t) p − c b(t)."""
    result = []
    for row, change, b, b_change in zip(line.gram, line.gram_change, line.b, line.b_change, strict=True):
        moment = t * b_change + b
        if c is None:
            result.append(moment * -1)
            continue
        image = contracted(row, p) + t * contracted(change, p)
        result.append(image - c * moment if infinite else c * image - moment)
    return result


def critical_equations(
    chart: Chart, line: Line, c: Element, unknowns: Sequence[Element], t: Element
) -> tuple[list[Element], list[Element], list[Element]]:
    """P · r and ∂P/∂q_i · r for all free coefficients; P; r."""
    factors = chart.stratum.factors
    forms, powers = chart.forms(unknowns), [factor.power for factor in factors]
    p = chart.products(forms, powers)
    r = residual_of(line, c, p, t, chart.infinite)
    equations = [contracted(p, r)]
    for f, (factor, one) in enumerate(zip(factors, chart.ones, strict=True)):
        less = [power - (g == f) for g, power in enumerate(powers)]
        slope = [x * factor.power for x in chart.products(forms, less)]
        equations += [contracted(slope, r[i * factor.dilation :]) for i in range(factor.degree + 1) if i != one]
    return equations, p, r


def own_form(chart: Chart, blocks: Sequence[Any], b: int, forms: Sequence[list[Element]]) -> list[Element]:
    """The product of all roots of a block, each once: P over the form by which its tangent vectors are multiples."""
    powers = [factor.power - u for factor, u in zip(chart.stratum.factors, blocks[b][2], strict=True)]
    return chart.products(forms, powers)


def leading_exponent(chart: Chart, blocks: Sequence[Any], b: int) -> int:
    """The exponent of the largest coefficient of the form of a block, about: the product of ones of its pieces."""
    powers = [factor.power - u for factor, u in zip(chart.stratum.factors, blocks[b][2], strict=True)]
    exponent = sum(one * power for one, power in zip(chart.ones, powers, strict=True))
    return int(exponent)


def piece_equations(
    chart: Chart, condition: Condition | Criticality, line: Line, z: Sequence[Element]
) -> list[Element]:
    """The left-hand sides for a condition about a point; z are the pieces, c unless the filter is zero, and t."""
    count, zero = len(chart.start), isinstance(condition, PassageThroughZero)
    blocks = condition.blocks  # type: ignore[union-attr]
    forms = chart.forms(z[:count])
    p = chart.products(forms, [factor.power for factor in chart.stratum.factors])
    r = residual_of(line, None if zero else z[count], p, z[-1], chart.infinite)
    result = []
    for b, (dilation, degree, powers) in enumerate(blocks):
        u = chart.products(forms, powers)
        left = [i for i in range(degree + 1) if b == 0 or i != leading_exponent(chart, blocks, b)]
        result += [contracted(u, r[i * dilation :]) for i in left]
    return result


def fold_equations(chart: Chart, line: Line, z: Sequence[Element], one: int) -> list[Element]:
    """F and F_x v for a fold; z are c, the factors, t, and the entries of v but number ``one``, which is 1."""
    n = len(chart.start) + 1
    direction = [*z[n + 1 : n + 1 + one], 1, *z[n + 1 + one :]]
    along = [Dual(x, v) for x, v in zip(z[:n], direction, strict=True)]
    both = critical_equations(chart, line, along[0], along[1:], Dual(z[n], 0))[0]
    return [x.value for x in both] + [x.slope for x in both]


def kernel_of_fold(
    chart: Chart, line: Line, place: Sequence[Any], unit: Any, one: int | None = None
) -> tuple[int, np.ndarray]:
    """A kernel vector of F_x at c, the factors and t: which entry of it is one, by default the largest, and the vector.

    ``unit`` is one of the type of the numbers of the line, real or complex.
    """
    n = len(chart.start) + 1
    z = variables([unit * x for x in place], unit * 0, unit)
    rows = critical_equations(chart, line, z[0], z[1:n], z[n])[0]
    rounded = complex if isinstance(unit, complex) else float
    jacobian = np.array([[rounded(x) for x in row.gradient[:n]] for row in rows])
    kernel = np.linalg.svd(jacobian)[2][-1].conj()
    chosen = int(np.argmax(np.abs(kernel))) if one is None else one
    return chosen, kernel / kernel[chosen]
