"""Data with one Gram matrix: start systems that lose no paths, and the counts for white data.

For special Gram matrices, Σ = I before all, some of the critical points of generic data are at infinity whatever the
moment vector b is. The critical points for this Σ and a random complex b are found once, from a generic start system
with the endgame; from then on only b moves, and only paths are tracked that arrive.

How many there are is thus measured, and measured twice: by the account of the endgame, in which every path of the
generic start system has an end, and by monodromy in b alone, which from one of the points must reach all of them and no
other. (The pairs of b and a critical point for it form a vector bundle over the stratum, so the monodromy group is
transitive.) The trace test is no help here: the sum of the critical points need not be affine-linear in b, as some of
them go to infinity for special b. So it is for 2 × 2 × 2 tensors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..equations.critical_equations import Data, equations_of
from ..networks.strata import Stratum
from ..tracking import Engine, TrackerOptions
from .all_paths import follow_paths
from .monodromy import random_data
from .start_systems import StartSystem, cache_folder, keep, read_arrays, solves, start_system

__all__ = [
    "Family",
    "family_of",
    "kept_family",
    "known_family",
    "remember",
    "seen_before",
    "structured",
]


#: Moment vectors tried. Branch points may lie so near to the end of the paths that double precision cannot tell ends at
#: infinity apart; where they lie depends on the moment vector.
DRAWS = 6
#: Homotopies for each of them: the straight one from a diagonal start system may be special, and lose a path always.
DETOURS = 2


@dataclass(frozen=True)
class Family:
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


_memory: dict[tuple[str, str], Family | None] = {}
_lossy: set[tuple[str, str]] = set()


def family_of(
    stratum: Stratum,
    gram: NDArray[np.float64],
    count: int,
    engine: Engine,
    *,
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> Family | None:
    """The start system of the data with a given Gram matrix.

    Parameters
    ----------
    stratum : Stratum
    gram : (K, K) float array
        In the coordinates of the stratum.
    count : int
        The exact generic count of critical points of the stratum.
    engine : Engine
    jobs : int
    report : callable, optional
        Called with the number of paths tracked.

    Returns
    -------
    Family or None
        None if there are critical points that are singular for every b, or not all paths could be accounted for.
    """
    key = _key(stratum, gram)
    if key not in _memory:
        _memory[key] = _compute(stratum, gram, count, engine, jobs, report)
    return _memory[key]


def kept_family(
    stratum: Stratum,
    gram: NDArray[np.float64],
    count: int,
    engine: Engine,
    *,
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> Family | None:
    """The same as `family_of`, kept in the user's cache: for Σ = I, which everybody tries, and `structured` ones."""
    family = known_family(stratum, gram, count)
    key = _key(stratum, gram)
    if family is None and key not in _memory:
        family = _memory[key] = _compute(stratum, gram, count, engine, jobs, report)
        if family is not None:
            numbers = {"at_infinity": np.array(family.at_infinity), "origin": np.array(family.origin)}
            name = _file_name(stratum, gram)
            keep(cache_folder() / f"{name}.npz", family.start.arrays() | numbers, stratum=name, count=count)
    return family


def known_family(stratum: Stratum, gram: NDArray[np.float64], count: int) -> Family | None:
    """The start system of the data with a given Gram matrix if it has been computed in this process or is kept."""
    key = _key(stratum, gram)
    if _memory.get(key) is None and (family := _read(stratum, gram, count)) is not None:
        _memory[key] = family
    return _memory.get(key)


def structured(gram: NDArray[np.float64]) -> bool:
    """Whether a Gram matrix is exactly diagonal or Toeplitz, as those of white and of stationary data are.

    Examples
    --------
    >>> [structured(np.array(gram)) for gram in ([[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 2.0]])]
    [True, True]
    >>> structured(np.array([[1.0, 0.5], [0.5, 2.0]]))
    False
    """
    toeplitz = np.array_equal(gram[1:, 1:], gram[:-1, :-1])
    return toeplitz or np.array_equal(gram, np.diag(np.diag(gram)))


def seen_before(stratum: Stratum, gram: NDArray[np.float64]) -> bool:
    """Whether paths to data with this Gram matrix got lost before in this process."""
    return _key(stratum, gram) in _lossy


def remember(stratum: Stratum, gram: NDArray[np.float64]) -> None:
    """Note that paths to data with this Gram matrix get lost."""
    _lossy.add(_key(stratum, gram))


def _key(stratum: Stratum, gram: NDArray[np.float64]) -> tuple[str, str]:
    return stratum.name, hashlib.sha256(np.ascontiguousarray(gram, float).tobytes()).hexdigest()


def _generator(stratum: Stratum, purpose: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{stratum.name} {purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _compute(
    stratum: Stratum,
    gram: NDArray[np.float64],
    count: int,
    engine: Engine,
    jobs: int,
    report: Callable[[int], None] | None,
) -> Family | None:
    rng = _generator(stratum, "family")
    start = start_system(stratum, count, engine, jobs=jobs)
    for _ in range(DRAWS):
        data = Data(np.asarray(gram, complex), random_data(stratum.filter_size, rng).b)
        account = follow_paths(
            equations_of(stratum), start, data, rng, engine, jobs, TrackerOptions(), report, detours=DETOURS
        )
        if account.accounted == count and not account.singular_paths:
            system = StartSystem(stratum, data, account.regular.points, start.trace)
            return Family(system, account.at_infinity, account.origin)
    return None


def _file_name(stratum: Stratum, gram: NDArray[np.float64]) -> str:
    kind = "white" if np.array_equal(gram, gram[0, 0] * np.eye(len(gram))) else "gram"
    return f"{stratum.name}-{kind}-{_key(stratum, gram)[1][:16]}"


def _read(stratum: Stratum, gram: NDArray[np.float64], count: int) -> Family | None:
    name = _file_name(stratum, gram)
    arrays = read_arrays(cache_folder() / f"{name}.npz", stratum=name, count=count)
    if arrays is None or not {"gram", "b", "points", "at_infinity", "origin"} <= set(arrays):
        return None
    data = Data(arrays["gram"].astype(complex), arrays["b"].astype(complex))
    points, lost, zero = arrays["points"].astype(complex), int(arrays["at_infinity"]), int(arrays["origin"])
    fits = points.ndim == 2 and points.shape[1] == stratum.coordinates and len(points) + lost + zero == count
    if not fits or data.b.shape != (stratum.filter_size,) or not np.array_equal(data.gram, gram):
        return None
    if not solves(stratum, data, points):
        return None
    return Family(StartSystem(stratum, data, points, float(np.real(arrays["trace"]))), lost, zero)
