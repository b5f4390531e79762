"""Krawczyk's proof, and conclusions from it, for many points of a stratum at once in doubles.

The equations, the charts, the boxes and the test are the same as in `krawczyk_in_balls`, evaluated in discs
(`disc_arithmetic`): a box of half widths r_i lies in the discs of radius √2 r_i around its middle, and with a bound
m_ij of |M_ij| over these discs

    |Y F(x_0)|_i + Σ_j m_ij √2 r_j < r_i        for all i

implies the test in balls, as |Re M_ij| + |Im M_ij| ≤ √2 m_ij. A proof in discs is complete: it needs no second proof in
balls. Points for which a test fails are left to ball arithmetic of higher precision.

For filters that are not real all conclusions are drawn here, by the criteria of `conclusions`. A point whose box has a
real middle is real: the box is its own conjugate, so it holds the conjugate of the solution, which is a solution, too,
and the box holds only one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import ComparedByValue
from ..networks.architecture import Architecture
from ..networks.strata import Stratum
from .disc_arithmetic import Complex, Discs, Real, approximate_inverses, bound, contraction, multiply, product, regular
from .tolerances import CERTIFICATION

__all__ = ["DiscEquations", "DiscProofs", "chart_coordinates", "prove_points", "verify_boxes"]

Indices = NDArray[np.intp]

#: An upper bound of √2.
ROOT_OF_TWO = 1.4142135623731


@dataclass(frozen=True, eq=False)
class DiscProofs(ComparedByValue):
    """Proofs of P points of one stratum.

    Attributes
    ----------
    stratum : Stratum
    charts : (P, factors) int array
        For each factor, the index of the coefficient that is 1.
    middles : (P, n) complex array
        The middles of the boxes, exact.
    radii : (P, n) float array
        The half widths of the boxes, exact.
    coordinates : Discs, (P, n)
        Enclosures of the unknowns.
    filters : Discs, (P, K)
    losses : Discs, (P,)
    proved : (P,) bool array
        Whether the box is proved to hold exactly one critical point. Otherwise all other entries are meaningless.
    decided : (P,) bool array
        Whether three more answers are proved: whether the filter is real; that different factors of one block have no
        common root; that the filter is a smooth point of the Zariski closure of the function space.
    real : (P,) bool array
        Whether the filter is real, if `decided`.
    """

    stratum: Stratum
    charts: Indices
    middles: Complex
    radii: Real
    coordinates: Discs
    filters: Discs
    losses: Discs
    proved: NDArray[np.bool_]
    decided: NDArray[np.bool_]
    real: NDArray[np.bool_]


class Boxes(NamedTuple):
    """Boxes around P points of one stratum.

    Attributes
    ----------
    charts : (P, factors) int array
        For each factor, the index of the coefficient that is 1.
    points : (P, coordinates) complex array
        The middles with the coefficients that are 1.
    free : (P, n) int array
        The positions of the unknowns.
    radii : (P, n) float array
        Half widths.
    """

    charts: Indices
    points: Complex
    free: Indices
    radii: Real


class DiscEquations:
    """The equations of a stratum in discs.

    Points are given by all their coordinates (P, coordinates): the scalar c and every coefficient of every Q_f, the
    coefficients that are 1 in the chart of the point included. ``free`` (P, n) holds the positions of the unknowns.

    Parameters
    ----------
    stratum : Stratum
        Of the filter size of the data.
    gram : Discs, (K, K)
        With real middles.
    b : Discs, (K,)
        With real middles.
    """

    def __init__(self, stratum: Stratum, gram: Discs, b: Discs) -> None:
        self.stratum = stratum
        self.gram = gram
        self.b = b
        self.size = stratum.filter_size

    def filters(self, x: Discs) -> Discs:
        """The filters w = c v, (P, K)."""
        return x[:, :1] * product(self._powers(self._forms(x)), len(x))

    def equations(self, x: Discs, free: Indices) -> Discs:
        """The left-hand sides of the equations, (P, n)."""
        tangent, _, _ = self._tangent(x, free)
        return self._gradient(tangent, self._residual(x, tangent[:, :1] @ self.gram))

    def linearized(self, x: Discs, free: Indices) -> Discs:
        """The Jacobian matrices of the equations, (P, n, n)."""
        tangent, forms, powers = self._tangent(x, free)
        products = tangent @ self.gram
        residual = self._residual(x, products[:, :1])
        scalar = x[:, 0]
        scaled = Discs(tangent.mid.copy(), tangent.rad.copy())
        rest = tangent[:, 1:] * scalar[:, None, None]
        scaled.mid[:, 1:], scaled.rad[:, 1:] = rest.mid, rest.rad
        curvature = self._curvature(forms, powers, residual, free)
        gradient = self._gradient(tangent, residual)
        curvature.mid[:, 0, 1:], curvature.rad[:, 0, 1:] = gradient.mid[:, 1:], gradient.rad[:, 1:]
        return products @ Discs(scaled.mid.transpose(0, 2, 1), scaled.rad.transpose(0, 2, 1)) + curvature

    def _forms(self, x: Discs) -> list[Discs]:
        return [
            x[:, part].dilated(factor.dilation)
            for factor, part in zip(self.stratum.factors, self.stratum.slices, strict=True)
        ]

    def _powers(self, forms: Sequence[Discs]) -> list[Discs]:
        return [_power(form, factor.power) for form, factor in zip(forms, self.stratum.factors, strict=True)]

    def _tangent(self, x: Discs, free: Indices) -> tuple[Discs, list[Discs], list[Discs]]:
        """Rows v and ∂v/∂q_i for the unknowns, (P, n, K); with the dilated factors and their powers."""
        forms = self._forms(x)
        powers = self._powers(forms)
        shape = (len(x), self.stratum.coordinates, self.size)
        rows = Discs(np.zeros(shape, complex), np.zeros(shape))
        v = product(powers, len(x))
        rows.mid[:, 0], rows.rad[:, 0] = v.mid, v.rad
        for f, (factor, part) in enumerate(zip(self.stratum.factors, self.stratum.slices, strict=True)):
            slope = self._slope(forms, powers, (f,), len(x))
            width = slope.mid.shape[1]
            for i in range(factor.degree + 1):
                place = slice(i * factor.dilation, i * factor.dilation + width)
                rows.mid[:, part.start + i, place], rows.rad[:, part.start + i, place] = slope.mid, slope.rad
        return rows.gathered(free[:, :, None]), forms, powers

    def _slope(self, forms: Sequence[Discs], powers: Sequence[Discs], by: tuple[int, ...], count: int) -> Discs:
        """The derivative of v by coefficients of these factors without their shifts; a factor may be named twice."""
        rest = [power for h, power in enumerate(powers) if h not in by]
        number = 1
        for h in sorted(set(by)):
            times, power = by.count(h), self.stratum.factors[h].power
            number *= power if times == 1 else power * (power - 1)
            if power > times:
                rest.append(_power(forms[h], power - times))
        left = product(rest, count)
        return left if number == 1 else left.times(float(number))

    def _residual(self, x: Discs, products: Discs) -> Discs:
        """c Σ v − b, (P, K), from v Σ, (P, 1, K)."""
        return x[:, :1] * products[:, 0] - self.b

    def _gradient(self, tangent: Discs, residual: Discs) -> Discs:
        return (tangent @ residual[:, :, None])[:, :, 0]

    def _curvature(self, forms: list[Discs], powers: list[Discs], residual: Discs, free: Indices) -> Discs:
        """∂²v · r for the unknowns, with a zero row and column for c, (P, n, n)."""
        factors, slices = self.stratum.factors, self.stratum.slices
        count, size = len(residual), self.stratum.coordinates
        result = Discs(np.zeros((count, size, size), complex), np.zeros((count, size, size)))
        for f, left in enumerate(factors):
            for g in range(f, len(factors)):
                right = factors[g]
                if f == g and left.power == 1:
                    continue
                paired = _correlation(self._slope(forms, powers, (f, g), count), residual)
                index = np.add.outer(
                    left.dilation * np.arange(left.degree + 1), right.dilation * np.arange(right.degree + 1)
                )
                for array, values in ((result.mid, paired.mid), (result.rad, paired.rad)):
                    array[:, slices[f], slices[g]] = values[:, index]
                    array[:, slices[g], slices[f]] = values[:, index.T]
        return result.gathered(free[:, :, None]).gathered(free[:, None, :], axis=2)


def chart_coordinates(stratum: Stratum, coordinates: Complex) -> tuple[Complex, Indices, Indices]:
    """Points in the charts in which the coefficient of largest modulus of every factor is 1.

    Parameters
    ----------
    stratum : Stratum
    coordinates : (P, coordinates) complex array

    Returns
    -------
    coordinates, charts (P, factors), free (P, n)
    """
    x = coordinates.copy()
    charts = np.zeros((len(x), len(stratum.factors)), dtype=np.intp)
    taken = np.zeros(x.shape, dtype=bool)
    rows = np.arange(len(x))
    for f, (factor, part) in enumerate(zip(stratum.factors, stratum.slices, strict=True)):
        charts[:, f] = np.abs(x[:, part]).argmax(axis=1)
        places = part.start + charts[:, f]
        largest = x[rows, places]
        x[:, part] /= largest[:, None]
        x[:, 0] *= largest**factor.power
        x[rows, places] = 1
        taken[rows, places] = True
    free = np.nonzero(~taken)[1].reshape(len(x), stratum.dimension)
    return x, charts, free


def prove_points(
    arch: Architecture, equations: DiscEquations, constant: Discs, points: Complex, real: NDArray[np.bool_]
) -> DiscProofs:
    """Try to prove the critical points near approximate ones.

    Parameters
    ----------
    arch : Architecture
    equations : DiscEquations
        Of a stratum of the architecture, in its own filter size.
    constant : Discs, ()
        Constant of the loss.
    points : (P, coordinates) complex array
    real : (P,) bool array
        For which points a real solution is looked for.
    """
    with np.errstate(all="ignore"):
        x, charts, free = chart_coordinates(equations.stratum, points)
        x[real] = x[real].real
        radii = _radii(x, free)
        moves, proved = _krawczyk(equations, x, free, radii)
        for _ in range(CERTIFICATION.newton_steps_in_discs):
            rows = np.flatnonzero(~proved)
            if rows.size == 0:
                break
            nearer = np.take_along_axis(x[rows], free[rows], 1) + moves.mid[rows]
            nearer[real[rows]] = nearer[real[rows]].real
            better = x[rows]
            np.put_along_axis(better, free[rows], nearer, 1)
            x[rows] = better
            radii[rows] = _radii(x[rows], free[rows])
            again, proved[rows] = _krawczyk(equations, x[rows], free[rows], radii[rows])
            moves.mid[rows], moves.rad[rows] = again.mid, again.rad
        return _conclude(arch, equations, constant, Boxes(charts, x, free, radii), moves, proved)


def verify_boxes(
    arch: Architecture, equations: DiscEquations, constant: Discs, charts: Indices, middles: Complex, radii: Real
) -> DiscProofs:
    """Krawczyk's test of given boxes, and the conclusions. No box is changed, and none is looked for.

    Parameters
    ----------
    arch, equations, constant
        As for `prove_points`.
    charts : (P, factors) int array
        For each factor, the index of the coefficient that is 1; at most its degree.
    middles : (P, n) complex array
    radii : (P, n) float array
        A box with a radius that is not positive is not proved.
    """
    with np.errstate(all="ignore"):
        stratum = equations.stratum
        taken = np.zeros((len(charts), stratum.coordinates), dtype=bool)
        starts = np.array([part.start for part in stratum.slices], dtype=np.intp)
        np.put_along_axis(taken, starts + charts, True, 1)
        free = np.nonzero(~taken)[1].reshape(len(charts), stratum.dimension)
        x = taken.astype(complex)
        np.put_along_axis(x, free, middles, 1)
        moves, proved = _krawczyk(equations, x, free, radii)
        return _conclude(arch, equations, constant, Boxes(charts, x, free, radii), moves, proved)


def _conclude(
    arch: Architecture,
    equations: DiscEquations,
    constant: Discs,
    boxes: Boxes,
    moves: Discs,
    proved: NDArray[np.bool_],
) -> DiscProofs:
    """All conclusions from boxes, the enclosures of the solutions minus the middles, and whether the test succeeds."""
    charts, x, free, radii = boxes
    middles = np.take_along_axis(x, free, 1)
    found = Discs.exact(middles) + moves
    proved = proved & found[:, 0].excludes_zero()
    whole = Discs(x.copy(), np.zeros(x.shape))
    np.put_along_axis(whole.mid, free, found.mid, 1)
    np.put_along_axis(whole.rad, free, found.rad, 1)
    filters = equations.filters(whole)
    losses = constant - (filters * equations.b).sum(axis=1)
    is_real = np.asarray(~x.imag.any(axis=1))
    not_real = Discs(filters.mid.imag, filters.rad).excludes_zero().any(axis=1)
    factors = [whole[:, part] for part in equations.stratum.slices]
    decided = is_real | not_real
    decided &= _no_common_roots(equations.stratum, factors, len(x))
    decided &= _are_smooth(arch, equations.stratum, factors, len(x))
    finite = np.isfinite(losses.rad) & np.isfinite(filters.rad).all(axis=1)
    proved &= finite
    return DiscProofs(
        equations.stratum,
        charts,
        middles,
        radii,
        found,
        filters,
        losses,
        proved,
        np.asarray(decided & proved),
        is_real,
    )


def _radii(x: Complex, free: Indices) -> Real:
    """The half widths of the boxes that are tried around points."""
    bits = CERTIFICATION.half_bits
    radii = np.full(free.shape, 2.0**-bits)
    radii[:, 0] = np.ldexp(1.0, _exponents(x[:, 0]) - bits)
    return radii


def _krawczyk(equations: DiscEquations, x: Complex, free: Indices, radii: Real) -> tuple[Discs, NDArray[np.bool_]]:
    """Enclosures of the solutions minus the middles x, and whether the test succeeds.

    The bounds of the test are those of nonnegative radii: a box with another one fails.
    """
    wide = bound(ROOT_OF_TWO * radii)
    box = Discs(x, np.zeros(x.shape))
    np.put_along_axis(box.rad, free, wide, 1)
    jacobians = equations.linearized(box, free)
    inverses = approximate_inverses(jacobians.mid)
    steps = Discs.exact(inverses) @ equations.equations(Discs.exact(x), free)[:, :, None]
    spread = contraction(inverses, jacobians, wide)
    moves = Discs(-steps.mid[:, :, 0], bound(steps.rad[:, :, 0] + spread))
    return moves, np.asarray(((moves.reach < radii) & (radii > 0)).all(axis=1))


def _exponents(values: Complex) -> NDArray[np.int64]:
    """Integers e with |value| < 2^e, about the least ones."""
    size = np.where(np.isfinite(values), np.abs(values), 1.0)
    return np.asarray(np.frexp(size)[1] + (size == 0), dtype=np.int64)


def _no_common_roots(stratum: Stratum, factors: Sequence[Discs], count: int) -> NDArray[np.bool_]:
    result = np.ones(count, dtype=bool)
    for (f, left), (g, right) in combinations(enumerate(stratum.factors), 2):
        if left.dilation == right.dilation:
            result &= regular(_sylvester(factors[f], factors[g]))
    return result


def _are_smooth(arch: Architecture, stratum: Stratum, factors: Sequence[Discs], count: int) -> NDArray[np.bool_]:
    """Whether provably no hyperroot of a block's level divides the product of the blocks below, see `conclusions`."""
    result = np.ones(count, dtype=bool)
    below = Discs.exact(np.ones((count, 1), complex))
    for lower, block in pairwise(arch.blocks):
        for factor, q in zip(stratum.factors, factors, strict=True):
            if factor.dilation == lower.dilation:
                below = multiply(below, _power(q.dilated(factor.dilation), factor.power))
        if below.mid.shape[1] <= block.dilation:
            continue
        components = [below[:, j :: block.dilation] for j in range(block.dilation)]
        result &= _some_pair_without_common_root(components, count)
    return result


def _some_pair_without_common_root(components: Iterable[Discs], count: int) -> NDArray[np.bool_]:
    """Whether the forms have no common root, as one form is a nonzero constant, or two forms have no common root."""
    result = np.zeros(count, dtype=bool)
    longer = []
    for part in components:
        if part.mid.shape[1] > 1:
            longer.append(part)
        else:
            result |= part[:, 0].excludes_zero()
    for left, right in combinations(longer, 2):
        rows = np.flatnonzero(~result)
        if rows.size == 0:
            break
        result[rows] = regular(_sylvester(left[rows], right[rows]))
    return result


def _sylvester(left: Discs, right: Discs) -> Discs:
    """Sylvester's matrices of pairs of forms; singular if and only if they have a common root."""
    m, n = left.mid.shape[1] - 1, right.mid.shape[1] - 1
    shape = (len(left), m + n, m + n)
    result = Discs(np.zeros(shape, complex), np.zeros(shape))
    for array, forms in ((result.mid, (left.mid, right.mid)), (result.rad, (left.rad, right.rad))):
        for i in range(n):
            array[:, i, i : i + m + 1] = forms[0]
        for i in range(m):
            array[:, n + i, i : i + n + 1] = forms[1]
    return result


def _correlation(rest: Discs, residual: Discs) -> Discs:
    """Σ_t rest_t r_{s+t} for every shift s: the middle part of the product with the reversed form."""
    length = rest.mid.shape[1]
    whole = multiply(rest[:, ::-1], residual)
    return whole[:, length - 1 : residual.mid.shape[1]]


def _power(form: Discs, exponent: int) -> Discs:
    return product([form] * exponent, len(form))
