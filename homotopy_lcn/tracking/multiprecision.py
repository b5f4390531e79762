"""Newton's method in many digits, for the few ends that doubles cannot tell from singular ends.

The gradient is evaluated with mpmath's numbers. The Newton matrix comes from differences of gradients, which in many
digits are as good as derivatives. Near a regular solution, however ill-conditioned, each step doubles the number of
correct digits; near a singular solution a step gains less than one digit.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data, Equations
from .gradients import half_gradient
from .tolerances import MULTIPRECISION

__all__ = ["Converged", "converge", "exact", "rounded"]


class Converged(NamedTuple):
    """A solution found by Newton's method, its factors of norm one up to rounding, and its distance from the start.

    It is rounded to `numpy.clongdouble`, and ``in_full`` has the numbers of mpmath, right to some fifty digits.
    """

    point: NDArray[Any]
    distance: float
    in_full: NDArray[Any]


def converge(equations: Equations, point: NDArray[Any], data: Data) -> Converged | None:
    """The solution that Newton's method converges to quadratically from a point; None if it does not.

    Parameters
    ----------
    equations : Equations
    point : (coordinates,) complex array
        Factors of norm one; `numpy.clongdouble` is read in full.
    data : Data
        Taken to be exact; numbers, or fractions in arrays of objects.

    Returns
    -------
    Converged or None
        The point is rounded to `numpy.clongdouble`.

    References
    ----------
    Deuflhard, *Newton Methods for Nonlinear Problems* (2004), section 2.1 (quadratic convergence); Decker, Keller,
    Kelley, *Convergence rates for Newton's method at singular points*, SIAM J. Numer. Anal. 20 (1983).
    """
    import mpmath

    numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
    numbers.dps = MULTIPRECISION.digits
    stratum, increment = equations.stratum, numbers.mpf(10) ** -MULTIPRECISION.increment_digits
    directions = exact(_directions(equations, np.asarray(point, complex)[None]), numbers)
    gram, b = (exact(np.asarray(part), numbers) for part in data)
    current, moved = exact(np.asarray(point), numbers), np.zeros(stratum.dimension, object)
    for _ in range(MULTIPRECISION.steps):
        around = np.concatenate([current[None], current + increment * directions])
        with np.errstate(all="ignore"):
            values = half_gradient(stratum, around, gram, b) @ directions.T
        matrix = (values[1:] - values[0]) / increment
        try:
            step = numbers.lu_solve(numbers.matrix(matrix.T.tolist()), numbers.matrix((-values[0]).tolist()))
        except (ZeroDivisionError, TypeError, ValueError):  # mpmath 1.3 raises one or the other for singular matrices
            return None
        local = np.array(list(step), object)
        current, moved = current + local @ directions, moved + local
        size = numbers.norm(step)
        if size < numbers.mpf(10) ** -MULTIPRECISION.converged_digits:
            return Converged(rounded(current), float(numbers.norm(moved.tolist())), current)
        if not size < 1:
            return None
    return None


def _directions(equations: Equations, points: Complex) -> Complex:
    """The directions (n, coordinates) of the local coordinates at a point (1, coordinates)."""
    bases, unit = equations.patches(points), np.eye(equations.stratum.dimension, dtype=complex)
    return np.concatenate([equations.displacement(points, bases, unit[i : i + 1]) for i in range(len(unit))])


def exact(values: NDArray[Any], numbers: Any) -> NDArray[Any]:
    """The same numbers for mpmath, extended precision and fractions included."""

    def number(value: Any) -> Any:
        if isinstance(value, Fraction):
            return numbers.mpc(value.numerator) / value.denominator
        high = complex(value)
        return numbers.mpc(high) + numbers.mpc(complex(value - high))

    return np.array([number(value) for value in values.ravel()], object).reshape(values.shape)


def rounded(values: NDArray[Any]) -> NDArray[Any]:
    """In NumPy's extended precision."""
    high = np.array([complex(value) for value in values], complex)
    low = np.array([complex(value) for value in values - high], complex)
    return high.astype(np.clongdouble) + low
