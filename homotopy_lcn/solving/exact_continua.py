"""Whether critical points fill a continuum for exact data, and not only up to the rounding of doubles.

In the coordinates of `local_frames` all but c of the equations determine the point as a function of c coordinates t,
and the other c equations are g(t) = 0. On a continuum of dimension c the function g vanishes. Near a continuum of other
data that differ by 1e-14 it is of this size, and rounding may hide it. For rational data g is evaluated in eighty
digits: chords with a matrix in doubles settle the well-conditioned equations by ten digits a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data
from ..tracking.gradients import half_gradient
from ..tracking.tolerances import MULTIPRECISION
from .local_frames import Frames
from .tolerances import LOCAL

__all__ = ["vanish_exactly"]


def vanish_exactly(frame: Frames, exact: Data) -> bool:
    """Whether g vanishes at random t in eighty digits, where the critical set seems to be a manifold of dimension c.

    Parameters
    ----------
    frame : Frames
        One of them, of corank c > 0, near a point at which g vanishes in extended precision.
    exact : Data
        Gram matrix (K, K) and moment vector (K,) as arrays of fractions.

    Returns
    -------
    bool
        False, too, where the equations that are not g could not be solved.
    """
    import mpmath

    numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
    numbers.dps = MULTIPRECISION.digits
    gram, b = (_real(part, numbers) for part in exact)
    rng, c = np.random.default_rng(0), frame.corank
    for _ in range(LOCAL.exact_samples):
        t = rng.normal(size=(1, c)) + 1j * rng.normal(size=(1, c))
        t *= LOCAL.radius / np.linalg.norm(t)
        for _ in range(LOCAL.shorter_samples):
            found = frame.reduced(t)
            if found.found[0]:
                break
            t *= LOCAL.shorter
        else:
            return False
        if not _is_zero(frame, found.local[0], t[0], (gram, b), numbers):
            return False
    return True


def _is_zero(
    frame: Frames, local: NDArray[Any], t: NDArray[Any], data: tuple[NDArray[Any], NDArray[Any]], numbers: Any
) -> bool:
    """Whether g(t) vanishes in many digits, from local coordinates in extended precision."""
    size, c = frame.size, len(t)
    kernel, image = frame.right[0, :, size - c :].conj().T, frame.left[0].conj().T
    matrix = frame.linearized(local[None])[1][0]
    system = np.concatenate([image[: size - c] @ matrix, kernel])
    directions, kernel, image = (_complex(part, numbers) for part in (frame.directions[0], kernel, image))
    start, wanted = _complex(frame.point[0], numbers), _complex(t, numbers)
    at = _complex(local, numbers)
    for _ in range(LOCAL.chords):
        gradient = half_gradient(frame.equations.stratum, (start + at @ directions)[None], *data)[0]
        values = image @ (directions @ gradient)
        sides = np.concatenate([values[: size - c], kernel @ at - wanted])
        largest = max(map(abs, sides))
        if largest <= numbers.mpf(10) ** -LOCAL.exact_digits:
            limit = frame.largest[0] * numbers.mpf(10) ** -LOCAL.zero_digits
            return bool(max(map(abs, values[size - c :])) <= limit)
        try:
            step = np.linalg.solve(system, np.array([complex(side / largest) for side in sides]))
        except np.linalg.LinAlgError:
            return False
        if not np.isfinite(step).all():
            return False
        at = at - largest * _complex(step, numbers)
    return False


def _real(values: NDArray[Any], numbers: Any) -> NDArray[Any]:
    """Fractions in many digits."""
    quotients = [numbers.mpf(value.numerator) / value.denominator for value in values.ravel()]
    return np.array(quotients, object).reshape(values.shape)


def _complex(values: NDArray[Any], numbers: Any) -> NDArray[Any]:
    """Complex numbers for mpmath, extended precision included."""
    high = values.astype(complex)
    low = (values - high).astype(complex)
    pairs = zip(high.ravel().tolist(), low.ravel().tolist(), strict=True)
    return np.array([numbers.mpc(one) + numbers.mpc(other) for one, other in pairs], object).reshape(values.shape)
