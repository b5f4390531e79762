"""Newton's method in as many digits as it takes, for the few ends that doubles cannot tell from singular ones.

The gradient is evaluated with mpmath's numbers, the matrix by differences of gradients, which in many digits are as
good as derivatives. Near a regular solution, however ill-conditioned, each step doubles the number of correct digits;
at a singular one it gains less than one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .equations import Data, Equations
from .refinement import half_gradient

__all__ = ["Converged", "converge"]

#: Digits of all numbers, and of the increments of the differences that make the matrix.
DIGITS, INCREMENT = 80, 40
#: Newton's method has converged if a step, relative to the point, is below ten to the minus this.
CONVERGED = 30
#: It takes at most so many steps.
STEPS = 10


class Converged(NamedTuple):
    """Where Newton's method led: the point, its factors of norm one up to rounding, and how far away that is."""

    point: NDArray[Any]
    distance: float


def converge(equations: Equations, point: NDArray[Any], data: Data) -> Converged | None:
    """The solution that Newton's method converges to quadratically from a point (coordinates,); None if it does not.

    The data are taken to be exact. The result is rounded to extended precision.
    """
    import mpmath

    stratum = equations.stratum
    rounded = np.asarray(point, complex)[None]
    directions = _directions(equations, rounded)
    with mpmath.workdps(DIGITS):
        gram, b = (_exact(np.asarray(part)) for part in data)
        increment = mpmath.mpf(10) ** -INCREMENT
        current, moved = _exact(np.asarray(point)), np.zeros(stratum.dimension, object)
        for _ in range(STEPS):
            around = np.concatenate([current[None], current + increment * directions])
            with np.errstate(all="ignore"):
                values = half_gradient(stratum, around, gram, b) @ directions.T
            matrix = (values[1:] - values[0]) / increment
            try:
                step = mpmath.lu_solve(mpmath.matrix(matrix.T.tolist()), mpmath.matrix((-values[0]).tolist()))
            except (ZeroDivisionError, ValueError):
                return None
            local = np.array(list(step), object)
            current, moved = current + local @ directions, moved + local
            size = mpmath.norm(step)
            if size < mpmath.mpf(10) ** -CONVERGED:
                return Converged(_rounded(current), float(mpmath.norm(moved.tolist())))
            if not size < 1:
                return None
    return None


def _directions(equations: Equations, points: NDArray[np.complex128]) -> NDArray[Any]:
    """The directions (n, coordinates) of the local coordinates at a point (1, coordinates)."""
    bases, unit = equations.patches(points), np.eye(equations.stratum.dimension, dtype=complex)
    rows = [equations.displacement(points, bases, unit[i : i + 1])[0] for i in range(len(unit))]
    return _exact(np.array(rows))


def _exact(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers for mpmath, extended precision included."""
    import mpmath

    def number(value: Any) -> Any:
        high = complex(value)
        low = complex(value - high)
        return mpmath.mpc(high) + mpmath.mpc(low)

    return np.array([number(value) for value in values.ravel()], object).reshape(values.shape)


def _rounded(values: NDArray[Any]) -> NDArray[Any]:
    """In NumPy's extended precision."""
    high = np.array([complex(value) for value in values], complex)
    low = np.array([complex(value) for value in values - high], complex)
    return high.astype(np.clongdouble) + low
