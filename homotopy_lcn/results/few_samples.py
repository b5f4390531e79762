"""Few samples: dimension and degree of the sets on which the critical filters lie, and real points of these sets.

For a Gram matrix Σ of rank r below the dimension m of the function space, the filters of residual zero form a set of
dimension m − r, and the other critical filters of the largest stratum lie on the ramification locus of the projection
to the range of Σ. `homotopy_lcn.networks.polar_degrees` has both degrees for generic data. They hold for the data at
hand if the stratum has as many isolated nonsingular critical points as generic data of this rank, and this number is
not zero: the critical points of all data of rank r, those at infinity included, form an irreducible family over the
space of data, and over one data set each connected set of them takes away at least one point of the generic number. So
no point is left for a ramified filter in the kernel of Σ, or for a singular filter of residual zero. Where the number
is zero, the projection is shown to be ramified nowhere (`homotopy_lcn.losses.ramification`). The documentation has the
proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import ComparedByValue, frozen
from ..errors import InputError
from ..files import shown
from ..losses.ramification import is_unramified
from ..networks.polar_degrees import (
    closure_degree,
    polar_degree,
    ramification_parameter_degree,
    zero_residual_parameter_degree,
)
from .pairs import real_ones

if TYPE_CHECKING:
    from .parts import ResultParts

__all__ = ["AlgebraicSet", "FewSamples", "check_few_samples", "few_samples", "few_samples_to_json"]

#: A filter w has residual zero if ‖Σw − b‖ is at most this, relative to ‖Σ‖ ‖w‖ + ‖b‖.
RESIDUAL_ZERO = 1e-8


@dataclass(frozen=True, eq=False)
class AlgebraicSet(ComparedByValue):
    """A set of complex filters w ≠ 0 that is given by polynomial equations.

    Attributes
    ----------
    dimension : int or None
        Its dimension, as a set of filters; −1 if it is empty, None if that is undecided.
    degree : int or None
        The number of points on a generic linear space of complementary dimension, with multiplicities; 0 if the set is
        empty, None if that is undecided.
    parameter_degree : int or None
        The degree of the set of all parameters θ over it, in the space of all Σ k_l parameters. None if it is
        undecided, or not computed: for the ramification locus of networks with several layers of equal dilation.
    real_points : tuple of ndarray of shape (K,), float64
        Real filters on it that the solve found; read-only. They need not be in the function space.
    """

    dimension: int | None
    degree: int | None
    parameter_degree: int | None
    real_points: tuple[NDArray[np.float64], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "real_points", tuple(map(frozen, self.real_points)))

    def describe(self) -> str:
        """The facts in a few words."""
        if self.dimension == -1:
            return "empty"
        dimension = "unknown" if self.dimension is None else str(self.dimension)
        degree = "undecided" if self.degree is None else str(self.degree)
        text = f"dimension {dimension}, degree {degree}"
        if self.parameter_degree is not None:
            text += f" ({self.parameter_degree} in the parameters)"
        return f"{text}, {len(self.real_points) or 'no'} real point{'s' * (len(self.real_points) != 1)} found"


@dataclass(frozen=True, eq=False)
class FewSamples(ComparedByValue):
    """The two sets on which the critical filters of the largest stratum lie if the data are few.

    Attributes
    ----------
    rank : int
        Rank of the Gram matrix, below the dimension of the function space.
    zero_residual : AlgebraicSet
        The filters w of the Zariski closure of the function space with Σw = b. Its real points are those of continua
        of the result: critical points of the distance to a random real filter.
    ramification : AlgebraicSet
        The filters of the closure at which the projection to the range of Σ, restricted to the closure, drops rank: a
        cone, of which w = 0 is left out. Its real points are the real pure critical filters of residual ≠ 0, the
        critical points of the distance, measured by Σ, to the data.
    """

    rank: int
    zero_residual: AlgebraicSet
    ramification: AlgebraicSet

    def describe(self) -> str:
        """The facts in one line."""
        return (
            f"filters of residual zero: {self.zero_residual.describe()}; "
            f"ramification locus: {self.ramification.describe()}"
        )


def few_samples(result: ResultParts) -> FewSamples | None:
    """The two sets of a result; None if the rank of the Gram matrix is not below the dimension of the function space.

    Parameters
    ----------
    result : CriticalPoints

    Returns
    -------
    FewSamples or None
        Of a file that contradicts itself it may be nonsense.
    """
    found = result.zero_residual
    if found is None:
        return None
    arch, loss, rank = result.architecture, result.loss, found.rank
    if not 0 <= rank < arch.dimension:  # in a file; `homotopy_lcn.results.claims` refuses it
        return None
    found_pure = sum(row.found for row in result.strata if row.pure)
    degree = polar_degree(arch, rank)
    generic = sum(polar_degree(arch, r) for r in range(rank + 1))
    bare = found.dimension == arch.dimension - rank
    known = bare and (found_pure == generic if generic else is_unramified(arch, loss) is True)
    scale, size = float(np.linalg.norm(loss.gram)), float(np.linalg.norm(loss.b))

    def residual_zero(w: NDArray[np.complex128]) -> bool:
        return bool(np.linalg.norm(loss.gram @ w - loss.b) <= RESIDUAL_ZERO * (scale * np.linalg.norm(w) + size))

    zeros = [point.filter.real for part in result.continua for point in part.points if point.real]
    zeros = [w for w in zeros if residual_zero(w) and w.any()]
    if not zeros and found.point is not None and found.filter is not None and found.filter.any():
        zeros = [found.filter.real]
    ramified = [
        point.filter.real for point in real_ones(result.points) if point.pure and not residual_zero(point.filter)
    ]
    dimension = (rank - 1 if degree else -1) if known else None
    return FewSamples(
        rank,
        AlgebraicSet(
            found.dimension,
            closure_degree(arch) if known else None,
            zero_residual_parameter_degree(arch, rank) if known else None,
            tuple(zeros),
        ),
        AlgebraicSet(
            dimension,
            degree if known else None,
            ramification_parameter_degree(arch, rank) if known else None,
            tuple(ramified),
        ),
    )


def few_samples_to_json(result: ResultParts) -> dict[str, Any]:
    """What the file of a result says of them."""
    sets = few_samples(result)
    assert sets is not None
    return {"rank": sets.rank} | {
        name: {
            "dimension": one.dimension,
            "degree": one.degree,
            "parameter_degree": one.parameter_degree,
            "real_points": [w.tolist() for w in one.real_points],
        }
        for name, one in (("zero_residual", sets.zero_residual), ("ramification", sets.ramification))
    }


def check_few_samples(stated: object, result: ResultParts) -> None:
    """Compare what a file says of them with what follows from its other entries.

    Raises
    ------
    InputError
        If an entry has another value. Degrees that are undecided on one computer may be known on another.
    """
    if few_samples(result) is not None:
        _compare(stated, few_samples_to_json(result), "few_samples")
    elif result.zero_residual is None:
        raise InputError("few_samples: given without zero_residual; expected both or none")


def _compare(stated: object, expected: object, path: str) -> None:
    if isinstance(expected, dict) and isinstance(stated, dict) and stated.keys() == expected.keys():
        for key, value in expected.items():
            undecided = None in (stated[key], value) and all(
                one is None or type(one) is int for one in (stated[key], value)
            )
            if not undecided:
                _compare(stated[key], value, f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(stated, list) and len(stated) == len(expected):
        for i, (one, value) in enumerate(zip(stated, expected, strict=True)):
            _compare(one, value, f"{path}[{i}]")
    elif type(stated) is not type(expected) or isinstance(expected, dict | list) or stated != expected:
        wanted = "an entry as solve wrote it" if isinstance(expected, dict | list) else f"{expected!r}"
        raise InputError(f"{path}: {shown(stated)}; expected {wanted}, by the other entries")
