"""Numbers with derivatives: values of polynomials in ball arithmetic together with their gradients.

A `Jet` is a number with its gradient in the unknowns of a system. A `Dual` is a pair p + p' s with s² = 0 of jets: the
derivative of an expression in a direction that is itself unknown. Both have the operations of a ring, so that one
function computes an expression with whatever derivatives are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Dual", "Jet", "contracted", "polynomial_power", "polynomial_product", "variables"]

#: An element of a ring: `Jet`, `Dual`, or a ball of python-flint, which has no types that mypy knows.
Element = Any


class Jet:
    """A number and its gradient."""

    __slots__ = ("gradient", "value")

    def __init__(self, value: Element, gradient: np.ndarray) -> None:
        self.value = value
        self.gradient = gradient

    def __add__(self, other: Element) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.gradient + other.gradient)
        return Jet(self.value + other, self.gradient)

    def __sub__(self, other: Element) -> Jet:
        return self + other * -1

    def __mul__(self, other: Element) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value * other.value, self.gradient * other.value + other.gradient * self.value)
        return Jet(self.value * other, self.gradient * other)

    __radd__ = __add__
    __rmul__ = __mul__


class Dual:
    """p + p' s with s² = 0."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Element, slope: Element) -> None:
        self.value = value
        self.slope = slope

    def __add__(self, other: Element) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slope + other.slope)
        return Dual(self.value + other, self.slope)

    def __sub__(self, other: Element) -> Dual:
        return self + other * -1

    def __mul__(self, other: Element) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)
        return Dual(self.value * other, self.slope * other)

    __radd__ = __add__
    __rmul__ = __mul__


def variables(values: Sequence[Element], zero: Element, one: Element) -> list[Jet]:
    """The unknowns as jets."""
    jets = []
    for i, value in enumerate(values):
        gradient = np.full(len(values), zero, dtype=object)
        gradient[i] = one
        jets.append(Jet(value, gradient))
    return jets


def polynomial_product(p: Sequence[Element], q: Sequence[Element]) -> list[Element]:
    """The coefficients of a product; an empty list is zero."""
    if not p or not q:
        return []
    result: list[Element] = [0] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        if isinstance(a, int) and a == 0:
            continue
        for j, b in enumerate(q):
            if not (isinstance(b, int) and b == 0):
                result[i + j] = a * b + result[i + j]
    return result


def polynomial_power(p: Sequence[Element], power: int) -> list[Element]:
    """The coefficients of a power."""
    result: list[Element] = [1]
    for _ in range(power):
        result = polynomial_product(result, p)
    return result


def contracted(form: Sequence[Element], covector: Sequence[Element]) -> Element:
    """Σ form_k · covector_k."""
    total: Element = 0
    for a, b in zip(form, covector, strict=False):
        if not (isinstance(a, int) and a == 0):
            total = b * a + total
    return total
