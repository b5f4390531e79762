"""The real factors of a block's polynomial, and the questions that their number decides.

A block's polynomial P_b = Π_m Q_m^m offers its real roots to the layers of odd degree, each of which needs one. Where
two roots are so close that rounding could change which of them are real, the answers that depend on it are None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..networks.binary_forms import multiply, pieces_of_roots, roots
from ..networks.layer_factorizations import distributions
from .tolerances import GEOMETRY

__all__ = ["RealStructure", "enough_real_roots", "real_factorizations", "roots_are_settled"]


@dataclass(frozen=True)
class RealStructure:
    """The real factorization of one block's polynomial P_b = Π_m Q_m^m.

    Attributes
    ----------
    linear, quadratic : list of (multiplicity, form)
        Irreducible real factors of the Q_m.
    doubtful : dict of multiplicity to (lost, gained)
        Numbers of roots that rounding leaves open: ``lost`` real roots may be conjugate pairs, and ``gained`` roots in
        conjugate pairs may be real.
    """

    linear: list[tuple[int, Real]]
    quadratic: list[tuple[int, Real]]
    doubtful: dict[int, tuple[int, int]]

    @classmethod
    def of_factors(cls, factors: Sequence[tuple[int, Real]]) -> RealStructure:
        """From the pairs (m, Q_m), Q_m real."""
        linear, quadratic, doubtful = [], [], {}
        for multiplicity, form in factors:
            points = roots(form)
            lines, squares = pieces_of_roots(points)
            linear += [(multiplicity, piece) for piece in lines]
            quadratic += [(multiplicity, piece) for piece in squares]
            doubt = _doubt(points)
            if doubt != (0, 0):
                doubtful[multiplicity] = doubt
        return cls(linear, quadratic, doubtful)

    @classmethod
    def of_roots(cls, factors: Sequence[tuple[int, Complex, int]]) -> RealStructure:
        """Of many polynomials at once, whose roots are settled, from triples (m, roots (P, e, 2), number of real ones).

        The forms are (P, 2) and (P, 3) arrays.
        """
        linear, quadratic = [], []
        for multiplicity, points, real in factors:
            sign = np.sign(points[:, :, 0].imag)
            order = np.argsort(np.where(sign == 0, -2, -sign), axis=1, kind="stable")
            x, y = np.take_along_axis(points, order[:, :, None], axis=1).transpose(2, 1, 0)
            linear += [(multiplicity, np.stack([y[j].real, -x[j].real], axis=1)) for j in range(real)]
            for j in range(real, (real + len(x)) // 2):
                piece = np.stack([y[j].real ** 2, -2 * x[j].real * y[j].real, np.abs(x[j]) ** 2], axis=1)
                quadratic.append((multiplicity, piece / np.linalg.norm(piece, axis=1, keepdims=True)))
        return cls(linear, quadratic, {})

    def enough(self, odd_layers: int, odd_only: bool) -> bool | None:
        """Whether `enough_real_roots` says so of the real roots; None if that depends on rounding."""
        multiplicities = sorted({m for m, _ in self.linear} | set(self.doubtful))
        numbers = np.array([sum(n == m for n, _ in self.linear) for m in multiplicities], dtype=np.int64)
        doubts = np.array([self.doubtful.get(m, (0, 0)) for m in multiplicities], dtype=np.int64).reshape(-1, 2)
        if enough_real_roots(odd_layers, multiplicities, numbers - doubts[:, 0], odd_only):
            return True
        return None if enough_real_roots(odd_layers, multiplicities, numbers + doubts[:, 1], odd_only) else False


def enough_real_roots(
    odd_layers: int, multiplicities: Sequence[int], numbers: NDArray[np.int64], odd_only: bool
) -> NDArray[np.bool_]:
    """Whether the layers of odd degree are at most as many as the real roots.

    Parameters
    ----------
    odd_layers : int
        Number of layers of odd degree of a block.
    multiplicities : sequence of int
        The multiplicities of the factors Q_m of the block.
    numbers : (..., factors) integer array
        The number of real roots of each Q_m.
    odd_only : bool
        Whether roots of odd multiplicity are counted, once each; otherwise all roots with their multiplicities.
    """
    weights = np.array([m % 2 if odd_only else m for m in multiplicities], dtype=np.int64)
    return np.asarray(odd_layers <= (numbers * weights).sum(axis=-1))


def _doubt(points: Complex) -> tuple[int, int]:
    """The number of real roots that may be non-real, and of non-real roots that may be real, of the roots (n, 2).

    Around each root lies a disc with the radius of Gershgorin's theorem for a companion matrix of the roots
    (Smith, *Error bounds for zeros of a polynomial based upon Gerschgorin's theorems* (1970)), so that a cluster of s
    overlapping discs contains s roots. A cluster that is its own conjugate has s, s − 2, … real roots; any other, none.
    """
    degree = len(points)
    if degree == 1:
        return 0, 0
    accuracy = GEOMETRY.form_accuracy
    form = np.ones(1, complex)
    for x, y in points:
        form = multiply(form, np.array([y, -x]))
    distances = np.abs(points[:, None, 0] * points[None, :, 1] - points[:, None, 1] * points[None, :, 0])
    others = np.where(np.eye(degree, dtype=bool), 1.0, np.maximum(distances, accuracy)).prod(axis=1)
    # No cluster spreads by more than the root of the accuracy of the order of its size.
    radii = degree * np.minimum(accuracy * np.linalg.norm(form) / others, accuracy ** (1 / max(degree, 1)))
    near = distances < radii[:, None] + radii
    for _ in range(degree):
        near = near @ near
    real = points[:, 0].imag == 0
    conjugate = np.abs(points[:, None, 0] * points[None, :, 1].conj() - points[:, None, 1] * points[None, :, 0].conj())
    lost = gained = 0
    for i, cluster in enumerate(near):
        if cluster[:i].any():
            continue
        number, size = int(real[cluster].sum()), int(cluster.sum())
        if number or (conjugate[i] < radii[i] + radii)[cluster].any():
            lost += number - size % 2
            gained += size - number
    return lost, gained


def real_factorizations(
    degrees: Sequence[int], structure: RealStructure, repeated: bool = False
) -> Iterator[list[NDArray[Any]]]:
    """All ways to give the real factors of a block to layers of the given degrees.

    Each factor goes to as many different layers as its multiplicity says: these are the factorizations that are
    critical on their stratum for all data. With ``repeated`` a layer may get a multiple factor several times.

    Yields
    ------
    list of (…, degree + 1) arrays
        The layers' forms, up to scale.
    """
    return distributions([*structure.quadratic, *structure.linear], degrees, repeated)


def roots_are_settled(points: Complex) -> NDArray[np.bool_]:
    """Whether rounding cannot change which roots (P, n, 2) coincide or are real, for each of P real polynomials.

    The discs of `_doubt` around them, ten times as large, must be disjoint. A sufficient condition only.
    """
    size = points.shape[1]
    if size < 2:
        return np.ones(len(points), dtype=bool)
    x, y = points[:, :, 0], points[:, :, 1]
    distances = np.abs(x[:, :, None] * y[:, None, :] - y[:, :, None] * x[:, None, :])
    distances[:, np.arange(size), np.arange(size)] = 1.0
    # Multiplication by a linear form of norm one makes a form at most √2 times as large.
    error = GEOMETRY.disc_margin * size * GEOMETRY.form_accuracy * 2 ** (size / 2)
    with np.errstate(divide="ignore"):
        radii = error / distances.prod(axis=2)
    needed = np.maximum(radii[:, :, None] + radii[:, None, :], GEOMETRY.apart)
    return np.asarray((distances > needed).all(axis=(1, 2)))
