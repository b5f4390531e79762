"""Critical points followed in many digits towards an end of their chamber, where doubles do not tell them apart.

Near a wall of special data a critical filter can be as small as the square of the distance d from the wall, and the
smallest eigenvalue of its Hessian a higher power of d. Then Newton's method in doubles has no right digit. The exact
data have as many digits as are needed. The points change like powers of d, so each step multiplies d by a factor, and
the cubic prediction is one in log d.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, log10
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from .conditions import Criticality
from .exact_walls import Chart, ExactLine, piece_equations
from .jets import variables
from .pieces import real_forms
from .segments import Segment

__all__ = ["InDigits", "followed_in_digits"]

#: Coefficients above this one are large if others of their factor are 1.
LARGE = 2.0
#: Digits of the computation: some, and some for each power of ten of the distance from the wall.
LEAST_DIGITS, DIGITS_OF_DISTANCE = 40, 8
#: Most steps of one path, and most steps of Newton's method at one place.
MOST_STEPS_IN_DIGITS, MOST_CORRECTIONS = 300, 12
#: The logarithm of the factor of d in the first step, the growth from step to step, the longest and the shortest step.
FIRST_STEP, GROWTH, LONGEST_STEP, SHORTEST_STEP = 0.1, 1.5, 2.0, 1e-12
#: The first correction is at most this part of the way from the last point, the second one this part of the first one.
CORRECTED, CONTRACTED = 0.1, 0.1
#: Newton's method ends at a step of this part of the point, in half of the digits.
SETTLED_DIGITS = 0.4

#: Arrays of mpmath's numbers.
_Numbers = NDArray[np.object_]


class InDigits(NamedTuple):
    """A real critical filter (K,), and the coefficients of its factors one after the other."""

    filter: Real
    factors: Real


def followed_in_digits(segment: Segment, point: CriticalPoint, way: tuple[float, float, float]) -> InDigits | None:
    """A real critical point followed in many digits, None if it does not arrive.

    Parameters
    ----------
    segment : Segment
    point : CriticalPoint
        With coordinates on its stratum.
    way : tuple
        The t of the point, the t where it is to be followed, and the t of the wall from which distances are measured.
        It is on the same side of both other ones.
    """
    import mpmath

    start, end, wall = way
    if (start - wall) * (end - wall) <= 0:
        return None
    numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
    least = min(abs(start - wall), abs(end - wall))
    numbers.dps = LEAST_DIGITS + DIGITS_OF_DISTANCE * max(0, ceil(-log10(least)))
    path = _Path(segment, point, numbers)
    return path.to_end(Fraction(start), Fraction(end), Fraction(wall))


class _At(NamedTuple):
    """A place of a path: log d, the unknowns, and their derivatives in log d."""

    place: Any
    z: _Numbers
    tangent: _Numbers


class _Path:
    """One point in many digits. The unknowns are c and the factors with one coefficient of each set to 1."""

    def __init__(self, segment: Segment, point: CriticalPoint, numbers: Any) -> None:
        embedding = Embedding.of_pattern(segment.arch, point.stratum)
        self.numbers, self.positions, self.size = numbers, embedding.positions, segment.arch.filter_size
        self.line = ExactLine.of(segment).numbers(embedding.positions, self._number)
        coordinates = np.array(point.coordinates, complex)
        scale = coordinates[0]
        for factor, part in zip(embedding.stratum.factors, embedding.stratum.slices, strict=True):
            scale *= coordinates[part][np.argmax(np.abs(coordinates[part]))] ** factor.power
        self.condition = Criticality(embedding.stratum)
        self.chart = Chart(embedding.stratum, real_forms(embedding.stratum, coordinates[None, 1:])[0])
        self.z = np.array([numbers.mpf(float(x)) for x in (scale.real, *self.chart.start)], object)

    def _number(self, x: Fraction) -> Any:
        return self.numbers.mpf(x.numerator) / x.denominator

    def to_end(self, start: Fraction, end: Fraction, wall: Fraction) -> InDigits | None:
        """The point at the end of the way."""
        numbers = self.numbers
        origin, sign = self._number(wall), 1 if start > wall else -1
        here, goal = (numbers.log(abs(self._number(x - wall))) for x in (start, end))
        found = self._corrected(self.z, origin + sign * numbers.exp(here), None)
        if found is None:
            return None
        now = _At(here, found[0], found[1] * sign * numbers.exp(here))
        last: _At | None = None
        step = FIRST_STEP
        for _ in range(MOST_STEPS_IN_DIGITS):
            if now.place == goal:
                return self._rounded(now.z)
            rest = goal - now.place
            near = abs(rest) <= step
            there = goal if near else now.place + (step if rest > 0 else -step)
            t = self._number(end) if near else origin + sign * numbers.exp(there)
            found = self._corrected(_predicted(last, now, there), t, now.z)
            if found is None:
                step /= 2
                if step < SHORTEST_STEP:
                    return None
                continue
            # The derivative in log d is d times that in t, up to the sign, by which t - wall and d differ.
            last, now = now, _At(there, found[0], found[1] * sign * numbers.exp(there))
            if max(abs(x) for x in now.z[1:]) > LARGE:
                last, now = self._in_other_chart(last, now)
            step = min(LONGEST_STEP, GROWTH * step)
        return None

    def _in_other_chart(self, last: _At, now: _At) -> tuple[_At, _At]:
        """The points with the largest coefficient of each factor of the second one as 1."""
        old, stratum = self.chart, self.chart.stratum
        self.chart = Chart(stratum, old.flat(list(now.z[1:])))
        moved = []
        for at in (last, now):
            c, change, z, tangent = at.z[0], at.tangent[0], [], []
            forms, changes = ([f[:: g.dilation] for f, g in zip(old.forms(list(x)), stratum.factors, strict=True)]
                              for x in (at.z[1:], at.tangent[1:]))  # fmt: skip
            for factor, form, slope, before, one in zip(
                stratum.factors, forms, changes, old.ones, self.chart.ones, strict=True
            ):
                slope[before] = 0
                large, growth = form[one], slope[one] / form[one]
                change = (change + c * factor.power * growth) * large**factor.power
                c = c * large**factor.power
                rest = [i for i in range(len(form)) if i != one]
                z += [form[i] / large for i in rest]
                tangent += [(slope[i] - form[i] * growth) / large for i in rest]
            moved.append(_At(at.place, np.array([c, *z], object), np.array([change, *tangent], object)))
        return moved[0], moved[1]

    def _corrected(self, guess: _Numbers, t: Any, before: _Numbers | None) -> tuple[_Numbers, _Numbers] | None:
        """The point at t and its derivative in t, None if Newton's method does not converge near the prediction."""
        numbers, z = self.numbers, guess
        settled = numbers.mpf(10) ** -int(SETTLED_DIGITS * numbers.dps)
        sizes = None if before is None else self._relative(guess - before, before)
        last = None
        for number in range(MOST_CORRECTIONS):
            jets = variables([*z, t], numbers.mpf(0), numbers.mpf(1))
            rows = piece_equations(self.chart, self.condition, self.line, [*jets[1:-1], jets[0], jets[-1]])
            matrix = numbers.matrix([row.gradient[:-1].tolist() for row in rows])
            try:
                step = np.array(list(numbers.lu_solve(matrix, numbers.matrix([-row.value for row in rows]))), object)
                if last is not None and last <= settled:
                    right = numbers.matrix([-row.gradient[-1] for row in rows])
                    return z, np.array(list(numbers.lu_solve(matrix, right)), object)
            except (ZeroDivisionError, TypeError, ValueError):  # mpmath 1.3 raises one or the other
                return None
            size = self._relative(step, z)
            if not numbers.isfinite(size) or (last is None and size > 1):
                return None
            if number == 0 and sizes is not None and size > max(CORRECTED * sizes, settled):
                return None
            if number == 1 and last is not None and size > max(CONTRACTED * last, settled):
                return None
            z, last = z + step, size
        return None

    def _relative(self, step: _Numbers, z: _Numbers) -> Any:
        """The size of a step, that of c relative to c."""
        scale = abs(step[0]) / abs(z[0]) if z[0] else abs(step[0])
        return max(scale, *(abs(x) for x in step[1:]))

    def _rounded(self, z: _Numbers) -> InDigits:
        unknowns = list(z[1:])
        powers = [factor.power for factor in self.chart.stratum.factors]
        product = self.chart.products(self.chart.forms(unknowns), powers)
        w = [self.numbers.mpf(0)] * self.size
        for place, x in zip(self.positions, product, strict=True):
            w[place] += z[0] * x
        return InDigits(np.array([float(x) for x in w]), self.chart.flat(unknowns))


def _predicted(last: _At | None, now: _At, there: Any) -> _Numbers:
    """Cubic Hermite extrapolation; along the tangent where there is no previous point."""
    step = there - now.place
    if last is None:
        return np.asarray(now.z + now.tangent * step)
    width = now.place - last.place
    x = 1 + step / width
    return np.asarray(
        (1 + 2 * x) * (1 - x) ** 2 * last.z
        + x * (1 - x) ** 2 * width * last.tangent
        + x**2 * (3 - 2 * x) * now.z
        + x**2 * (x - 1) * width * now.tangent
    )
