"""Whether the projection of the filters to the range of a Gram matrix is ramified anywhere.

With A the coordinates in the range of Σ, the projection w ↦ Aᵀw is ramified at μ(x), for x in the product X of the
projective spaces of the blocks, if Jᵀ A v = 0 for some v ≠ 0. These are equations of the bidegree (1; 1 − e_b) for the
block b on P^{r−1} × X. They have no solution if and only if their multiples fill all forms of some multidegree, which
the rank of a matrix tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import comb, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..networks.architecture import Architecture
from .squared_loss import SquaredLoss
from .zero_residual import range_coordinates, restricted

__all__ = ["is_unramified"]

#: Forms of at most this many monomials are looked at, of at most so large a degree in each factor.
MOST_MONOMIALS, LARGEST_FORM_DEGREE = 500, 5
#: Multidegrees that are tried.
MOST_TRIALS = 12
#: The matrix is of full rank if its least singular value is above this fraction of the largest.
FULL_RANK = 1e-8


class _Equations(NamedTuple):
    """The equations of one block: forms of one multidegree, each a mapping from exponents to coefficients."""

    degrees: tuple[int, ...]
    forms: tuple[dict[tuple[int, ...], float], ...]


def is_unramified(arch: Architecture, loss: SquaredLoss) -> bool | None:
    """Whether the projection to the range of Σ is ramified at no filter w ≠ 0 of the closure of the function space.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Of the filter size of the architecture. Its rank is at most the dimension of the function space.

    Returns
    -------
    bool or None
        True if that is shown, clearly above rounding; else None: it is ramified, or it is undecided.

    Examples
    --------
    >>> arch = Architecture((4, 2), (2, 1))
    >>> [is_unramified(arch, SquaredLoss(np.diag(d), d)) for d in ([1, 2, 3, 0, 0, 0], [1, 2, 3, 4, 0, 0])]
    [None, None]
    >>> range_of = np.random.default_rng(0).normal(size=(6, 3))
    >>> is_unramified(arch, SquaredLoss(range_of @ range_of.T, range_of[:, 0]))
    True
    """
    blocks = arch.blocks
    inner = restricted(arch, loss)
    if len(blocks) <= 1 or inner.rank == 0:
        return True  # the projection is linear on a linear space, or to a point
    sizes = [inner.rank, *(block.degree + 1 for block in blocks)]
    equations = _equations(arch, range_coordinates(arch, inner))
    for degrees in _candidates(sizes, equations):
        singular = np.linalg.svd(_matrix(sizes, equations, degrees), compute_uv=False)
        if singular[-1] > FULL_RANK * singular[0]:
            return True
    return None


def _equations(arch: Architecture, coordinates: NDArray[np.float64]) -> list[_Equations]:
    """For each block the coefficients of Jᵀ A v, as forms in v and in the coefficients of the other blocks."""
    rank, blocks = len(coordinates), arch.blocks
    result = []
    for place, block in enumerate(blocks):
        others = [other for other in range(len(blocks)) if other != place]
        forms = []
        for i in range(block.degree + 1):
            form: dict[tuple[int, ...], float] = {}
            for a, *indices in product(range(rank), *(range(blocks[other].degree + 1) for other in others)):
                chosen = {place: None} | dict(zip(others, indices, strict=True))
                position = i * block.dilation + sum(
                    index * blocks[other].dilation for other, index in zip(others, indices, strict=True)
                )
                exponents = [int(j == a) for j in range(rank)]
                for other, one in enumerate(blocks):
                    exponents += [int(j == chosen[other]) for j in range(one.degree + 1)]
                form[tuple(exponents)] = float(coordinates[a, position])
            forms.append(form)
        result.append(_Equations((1, *(int(other != place) for other in range(len(blocks)))), tuple(forms)))
    return result


def _candidates(sizes: list[int], equations: list[_Equations]) -> Iterator[tuple[int, ...]]:
    """Multidegrees with enough multiples of the equations, those of few monomials first."""
    found = []
    for degrees in product(range(1, LARGEST_FORM_DEGREE + 1), *(range(LARGEST_FORM_DEGREE + 1) for _ in sizes[1:])):
        monomials = _number(sizes, degrees)
        multiples = sum(len(one.forms) * _number(sizes, _difference(degrees, one.degrees)) for one in equations)
        if monomials <= MOST_MONOMIALS and multiples >= monomials:
            found.append((monomials, degrees))
    yield from (degrees for _, degrees in sorted(found)[:MOST_TRIALS])


def _matrix(sizes: list[int], equations: list[_Equations], degrees: tuple[int, ...]) -> NDArray[np.float64]:
    """The multiples of the equations of one multidegree, in columns."""
    place = {monomial: row for row, monomial in enumerate(_monomials(sizes, degrees))}
    columns = []
    for one in equations:
        for multiplier in _monomials(sizes, _difference(degrees, one.degrees)):
            for form in one.forms:
                column = np.zeros(len(place))
                for exponents, value in form.items():
                    column[place[tuple(map(int.__add__, exponents, multiplier))]] = value
                columns.append(column)
    return np.column_stack(columns)


def _difference(degrees: tuple[int, ...], less: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a - b for a, b in zip(degrees, less, strict=True))


def _number(sizes: list[int], degrees: tuple[int, ...]) -> int:
    """The number of monomials of a multidegree; 0 if a degree is negative."""
    return 0 if min(degrees) < 0 else prod(comb(n + d - 1, d) for n, d in zip(sizes, degrees, strict=True))


def _monomials(sizes: list[int], degrees: tuple[int, ...]) -> list[tuple[int, ...]]:
    if min(degrees) < 0:
        return []
    parts = [_exponents(n, d) for n, d in zip(sizes, degrees, strict=True)]
    return [tuple(e for part in choice for e in part) for choice in product(*parts)]


def _exponents(size: int, degree: int) -> list[tuple[int, ...]]:
    """All exponents of a degree in some variables."""
    if size == 1:
        return [(degree,)]
    return [(first, *rest) for first in range(degree + 1) for rest in _exponents(size - 1, degree - first)]
