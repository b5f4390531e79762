"""Start systems with the Gram matrix of the data: they lose no paths.

For special Gram matrices, Σ = I before all, some of the critical points of generic data are at infinity whatever the
moment vector b is. The critical points for this Σ and a random complex b are found once, from a generic start system
with the endgame. From then on only b moves, and only paths are tracked that arrive.

How many there are is thus measured, by the account of the endgame: every path of the generic start system has an end.
Where the exact number for Σ is known at once and is met, the paths that are left need no endgame.
The trace test is no help here: the sum of the critical points need not be affine-linear in b, as some of them go to
infinity for special b. So it is for 2 × 2 × 2 tensors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..equations.critical_equations import Data, equations_of, is_definite
from ..networks.strata import Stratum
from ..tracking import TrackerOptions
from ..tracking.settings import Tracking
from .all_paths import follow_paths
from .monodromy import random_data
from .problem import Problem
from .stored_arrays import cache_folder, keep, read_arrays
from .stored_systems import StartSystem, solves
from .tolerances import FAR, SOLVING

__all__ = [
    "FixedGramSystem",
    "compute_fixed_gram_system",
    "generator_for",
    "gram_key",
    "is_structured",
    "is_white",
    "keep_fixed_gram_system",
    "read_fixed_gram_system",
]


@dataclass(frozen=True, eq=False)
class FixedGramSystem:
    """The critical points for one Gram matrix and a random complex moment vector.

    Attributes
    ----------
    start : StartSystem
        Its data have the given Gram matrix, its points are all finite critical points.
    at_infinity, origin : int
        How many critical points of generic data are at infinity, and at w = 0, for all data with this Gram matrix.
    """

    start: StartSystem
    at_infinity: int
    origin: int

    @property
    def never_started(self) -> tuple[int, int]:
        """The numbers of critical points at infinity and at w = 0, see `PathAccount.never_started`."""
        return self.at_infinity, self.origin


def compute_fixed_gram_system(gram: Real, generic: StartSystem, tracking: Tracking) -> FixedGramSystem | None:
    """The start system with a given Gram matrix, by homotopies from the generic one.

    Parameters
    ----------
    gram : (K, K) float array
        In the coordinates of the stratum.
    generic : StartSystem
        Of the stratum, with all critical points of generic data.
    tracking : Tracking
        Its random numbers are not used; they are derived from the name of the stratum.

    Returns
    -------
    FixedGramSystem or None
        None if there are critical points that are singular for every b, or not all paths could be accounted for.

    Raises
    ------
    TimeUp
        If the time is up before that is known.
    """
    stratum, count = generic.stratum, len(generic.points)
    # The word is part of the seed: another word would change all of these start systems.
    tracking = tracking.with_generator(generator_for(stratum, "family")).with_options(TrackerOptions())
    for _ in range(SOLVING.moment_draws):
        moments = random_data(stratum.filter_size, tracking.rng).b
        # If Σ is singular, so that moment vectors of data are in its range, other ones would lose other points.
        data = Data(np.asarray(gram, complex), moments if is_definite(gram) else gram @ moments)
        problem = Problem(equations_of(stratum), data, count)
        far = problem.definite and not is_white(gram)
        detours = SOLVING.detours_for_moments
        account = follow_paths(problem, generic, tracking, detours=detours, same_range=far, most_far=FAR.most_away)
        tracking.clock.check()
        if account.accounted == count and not account.singular_paths:
            system = StartSystem(stratum, data, account.regular.points, generic.trace)
            return FixedGramSystem(system, account.at_infinity, account.origin)
    return None


def is_structured(gram: NDArray[np.float64]) -> bool:
    """Whether a Gram matrix is exactly diagonal or Toeplitz, as the Gram matrices of white and stationary data are.

    Examples
    --------
    >>> [is_structured(np.array(gram)) for gram in ([[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 2.0]])]
    [True, True]
    >>> is_structured(np.array([[1.0, 0.5], [0.5, 2.0]]))
    False
    """
    toeplitz = np.array_equal(gram[1:, 1:], gram[:-1, :-1])
    return toeplitz or np.array_equal(gram, np.diag(np.diag(gram)))


def is_white(gram: NDArray[np.float64]) -> bool:
    """Whether all inputs are zero, equal, or white with one variance: exactly special, not nearly.

    A Gram matrix of zeros and equal numbers is such a one: a tensor product of layers for white data has it.

    Examples
    --------
    >>> [is_white(np.array(gram)) for gram in ([[2.0, 0], [0, 2]], [[1.0, 1], [1, 1]], [[1.0, 0], [0, 2]])]
    [True, True, False]
    """
    return bool(((gram == 0) | (gram == gram.max())).all())


def gram_key(stratum: Stratum, gram: Real) -> tuple[str, str]:
    """The key under which the start system of a stratum with a Gram matrix is remembered."""
    return stratum.name, hashlib.sha256(np.ascontiguousarray(gram, float).tobytes()).hexdigest()


def generator_for(stratum: Stratum, purpose: str) -> np.random.Generator:
    """Random numbers that depend on the stratum and their purpose only."""
    digest = hashlib.sha256(f"{stratum.name} {purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _file_name(stratum: Stratum, gram: Real) -> str:
    kind = "white" if np.array_equal(gram, gram[0, 0] * np.eye(len(gram))) else "gram"
    return f"{stratum.name}-{kind}-{gram_key(stratum, gram)[1][:16]}"


def keep_fixed_gram_system(system: FixedGramSystem, gram: Real, count: int) -> None:
    """Write the start system to the user's cache."""
    numbers = {"at_infinity": np.array(system.at_infinity), "origin": np.array(system.origin)}
    name = _file_name(system.start.stratum, gram)
    keep(cache_folder() / f"{name}.npz", system.start.arrays() | numbers, stratum=name, count=count)


def read_fixed_gram_system(stratum: Stratum, gram: Real, count: int) -> FixedGramSystem | None:
    """Read the start system from the user's cache; None if it is not there, or its points are no solutions."""
    name = _file_name(stratum, gram)
    arrays = read_arrays(cache_folder() / f"{name}.npz", stratum=name, count=count)
    if arrays is None or not {"gram", "b", "points", "trace", "at_infinity", "origin"} <= set(arrays):
        return None
    numbers = [arrays[key] for key in ("at_infinity", "origin")]
    if any(number.shape != () or number.dtype.kind not in "iu" or int(number) < 0 for number in numbers):
        return None
    lost, zero = map(int, numbers)
    size, started = stratum.filter_size, count - lost - zero
    found = [arrays[key].shape for key in ("gram", "b", "points", "trace")]
    if found != [(size, size), (size,), (started, stratum.coordinates), ()]:
        return None
    data, points = Data(arrays["gram"].astype(complex), arrays["b"].astype(complex)), arrays["points"].astype(complex)
    if not np.array_equal(data.gram, gram) or not np.isfinite(data.b).all():
        return None
    if not solves(stratum, data, points):
        return None
    return FixedGramSystem(StartSystem(stratum, data, points, float(np.real(arrays["trace"]))), lost, zero)
