"""The start systems that are known: in this process, among the shipped ones, in the user's cache.

`StartSystems` remembers what has been read or computed. It also remembers Gram matrices that lost paths, so that the
next solve with such a Gram matrix begins with a start system that has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..equations.restriction import power_of_two
from ..networks.strata import Embedding, Stratum
from ..tracking.settings import Tracking
from .stored_systems import StartSystem, read_start_system

if TYPE_CHECKING:
    from .fixed_gram_matrix import FixedGramSystem
    from .problem import Problem

# Most solves do without `fixed_gram_matrix` and `computed_systems`, which take long to import with all that they need.

__all__ = ["CountInRange", "StartSystems", "shared_start_systems", "start_system"]


class CountInRange(NamedTuple):
    """The number of critical points of random data, or, where the ends of paths are not verified, a bound for it."""

    number: int
    verified: bool


class StartSystems:
    """Start systems read or computed so far, and the Gram matrices that are known to lose paths.

    A solve gives the same points from every start system, and bit for bit the same ones from the same start system. The
    start systems remembered can change the last bits of later solves only for Gram matrices that lose paths.
    """

    def __init__(self) -> None:
        self._generic: dict[tuple[str, int], StartSystem] = {}
        self._fixed_gram: dict[tuple[str, str], FixedGramSystem | None] = {}
        self._losing: set[tuple[str, str]] = set()
        self._confirmed: set[tuple[str, str]] = set()
        self._in_range: dict[tuple[str, str], dict[int, CountInRange]] = {}

    def generic(self, stratum: Stratum, count: int, tracking: Tracking) -> StartSystem:
        """The start system of a stratum, with all critical points of random complex data.

        Parameters
        ----------
        stratum : Stratum
        count : int
            The exact generic count of its critical points.
        tracking : Tracking
            Used to compute the start system if it is not known. `Tracking.report` is called with the number of points
            known so far.

        Raises
        ------
        IncompleteStartSystem
            If it could not be computed.
        """
        key = stratum.name, count
        if key not in self._generic:
            found = read_start_system(stratum, count)
            if found is None or (count > 1 and not found.diagonal):
                from .computed_systems import compute_start_system

                found = compute_start_system(stratum, count, tracking, found)
            self._generic[key] = found
        return self._generic[key]

    def remembered(self, stratum: Stratum, count: int) -> StartSystem | None:
        """The start system that `generic` gives, if it has been read or computed before."""
        return self._generic.get((stratum.name, count))

    def with_gram(self, stratum: Stratum, gram: Real, count: int, tracking: Tracking) -> FixedGramSystem | None:
        """The start system with the given Gram matrix (K, K), in the coordinates of the stratum.

        Parameters as for `generic`. None if there are critical points that are singular for every b, or not all paths
        could be accounted for.
        """
        from .fixed_gram_matrix import gram_key

        key = gram_key(stratum, gram)
        if key not in self._fixed_gram:
            self._fixed_gram[key] = self._compute_with_gram(stratum, gram, count, tracking)
        return self._fixed_gram[key]

    def kept_with_gram(self, stratum: Stratum, gram: Real, count: int, tracking: Tracking) -> FixedGramSystem | None:
        """The same as `with_gram`, kept in the user's cache: for Σ = I, which everybody tries, and structured Σ."""
        from .fixed_gram_matrix import gram_key, keep_fixed_gram_system

        known = self.known_with_gram(stratum, gram, count)
        key = gram_key(stratum, gram)
        if known is None and key not in self._fixed_gram:
            known = self._fixed_gram[key] = self._compute_with_gram(stratum, gram, count, tracking)
            if known is not None:
                keep_fixed_gram_system(known, gram, count)
        return known

    def known_with_gram(self, stratum: Stratum, gram: Real, count: int) -> FixedGramSystem | None:
        """The start system with the given Gram matrix, if it is remembered or in the user's cache."""
        from .fixed_gram_matrix import gram_key, read_fixed_gram_system

        key = gram_key(stratum, gram)
        if self._fixed_gram.get(key) is None and (read := read_fixed_gram_system(stratum, gram, count)) is not None:
            self._fixed_gram[key] = read
        return self._fixed_gram.get(key)

    def _compute_with_gram(
        self, stratum: Stratum, gram: Real, count: int, tracking: Tracking
    ) -> FixedGramSystem | None:
        from .fixed_gram_matrix import compute_fixed_gram_system

        generic = self.generic(stratum, count, tracking.telling(None))
        return compute_fixed_gram_system(gram, generic, tracking)

    def first_for(self, problem: Problem, tracking: Tracking) -> FixedGramSystem:
        """The start system that a solve begins with.

        For white data, and for a Gram matrix that lost paths before, the start system has this Gram matrix. For a
        diagonal or Toeplitz Gram matrix it does so if the user's cache holds such a start system, so that one seed
        gives one result in every process.
        """
        from .fixed_gram_matrix import FixedGramSystem, gram_key, is_structured

        stratum, gram, count = problem.stratum, problem.gram, problem.count
        system = None
        if np.array_equal(gram, gram[0, 0] * np.eye(len(gram))):
            system = self.kept_with_gram(stratum, gram, count, tracking)
        elif is_structured(gram):
            system = self.known_with_gram(stratum, gram, count)
        elif gram_key(stratum, gram) in self._losing:
            system = self.with_gram(stratum, gram, count, tracking)
        return system or FixedGramSystem(self.generic(stratum, count, tracking), 0, 0)

    def need_own_start(self, embeddings: Sequence[Embedding], gram: Real) -> NDArray[np.bool_]:
        """Which of the Gram matrices (T, K, K) of a network may have a start system of their own, see `first_for`.

        They may be structured on a stratum, or have lost paths before.
        """
        result = np.zeros(len(gram), dtype=bool)
        for embedding in embeddings:
            positions = np.array(embedding.positions)
            whole = embedding.positions == tuple(range(gram.shape[1]))
            parts = gram if whole else gram[:, positions[:, None], positions]
            result |= (parts[:, 1:, 1:] == parts[:, :-1, :-1]).all(axis=(1, 2))
            result |= ((parts == 0) | np.eye(len(positions), dtype=bool)).all(axis=(1, 2))
            if self._losing:
                from .fixed_gram_matrix import gram_key

                scaled = [part / power_of_two(np.linalg.norm(part, 2)) for part in parts]
                result |= [gram_key(embedding.stratum, part) in self._losing for part in scaled]
        return result

    def counts_in_range(self, stratum: Stratum, projection: Real) -> dict[int, CountInRange]:
        """How many critical points random data have whose Gram matrix has a given range, to be added to.

        Parameters
        ----------
        stratum : Stratum
        projection : (K, K) float array
            The orthogonal projection onto the range. The random data, which are numbered, have to depend on nothing
            else.
        """
        from .fixed_gram_matrix import gram_key

        return self._in_range.setdefault(gram_key(stratum, projection), {})

    def note_lost_paths(self, stratum: Stratum, gram: Real) -> None:
        """Remember that paths to data with this Gram matrix get lost."""
        from .fixed_gram_matrix import gram_key

        self._losing.add(gram_key(stratum, gram))

    def is_confirmed(self, stratum: Stratum, gram: Real) -> bool:
        """Whether monodromy has confirmed the number of points of the start system with this Gram matrix."""
        from .fixed_gram_matrix import gram_key

        return gram_key(stratum, gram) in self._confirmed

    def note_confirmation(self, stratum: Stratum, gram: Real) -> None:
        """Remember that monodromy has confirmed the number of points of the start system with this Gram matrix."""
        from .fixed_gram_matrix import gram_key

        self._confirmed.add(gram_key(stratum, gram))


@cache
def shared_start_systems() -> StartSystems:
    """The start systems of this process, which are used where no others are passed in."""
    return StartSystems()


def start_system(stratum: Stratum, count: int, tracking: Tracking) -> StartSystem:
    """The generic start system of a stratum, from the start systems of this process; see `StartSystems.generic`."""
    return shared_start_systems().generic(stratum, count, tracking)
