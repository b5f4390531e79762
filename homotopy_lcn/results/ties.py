"""Critical filters of equal loss: images of each other under a symmetry of the data, or equal up to rounding.

Three maps of filters w carry the function space of every network to itself, as they carry products of the layers'
polynomials to such products: the sign w ↦ −w; the reversal w_j ↦ w_{K−1−j}, which reverses all layers; and the
alternation w_j ↦ (−1)^j w_j, which is x ↦ −x in the polynomial and changes the signs in layers at odd strides. If
Σ and b are the same after such a map, or after a product of them, it permutes the critical filters, and the losses of a
filter and of its image are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Real, rows_times
from ..losses.squared_loss import SquaredLoss
from .infimum import sharp_tolerance
from .pairs import ManyPoints
from .points import CriticalPoint, quantity

if TYPE_CHECKING:
    from .parts import ResultParts

__all__ = ["Tie", "describe_ties", "find_ties", "symmetries_of", "symmetries_of_moments", "ties_to_json"]

#: A listed filter within this distance of the image of another one, relative to its norm, is the image.
SAME_IMAGE = 1e-7
#: Units of rounding by which the sum of a loss may be wrong, for each of its terms in a row.
UNITS_OF_LOSS = 8.0
#: Groups without a minimum are not listed in words beyond this number.
MOST_DESCRIBED = 6

#: A map of filters as a permutation of the coefficients and a sign for each.
SignedPermutation = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Tie:
    """Real critical filters of equal loss.

    Attributes
    ----------
    points : tuple of int
        Their indices in the points of the result, increasing.
    loss : float
        The loss of the first of them.
    symmetries : tuple of str
        The symmetries of the data that carry the filters to each other, such as ``"reversal"``. That the data are
        symmetric is exact: every number of Σ and b is compared. Then each filter has an image that is critical and has
        exactly the same loss; that the image is the listed filter is decided in doubles, by distance. Empty if no
        symmetry tells: then the losses are equal up to the rounding of doubles, and may differ beyond.
    """

    points: tuple[int, ...]
    loss: float
    symmetries: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether a symmetry of the data makes the losses equal, not rounding."""
        return bool(self.symmetries)

    def describe(self) -> str:
        """What makes the losses equal, in words."""
        if not self.symmetries:
            return "losses equal up to rounding"
        return f"images under {' and '.join(self.symmetries)}, by which the data are exactly symmetric"


def symmetries_of(loss: SquaredLoss) -> dict[str, SignedPermutation]:
    """The products of sign, reversal and alternation after which Σ and b are exactly the same, the identity left out.

    Examples
    --------
    >>> list(symmetries_of(SquaredLoss([[2, 1, 0], [1, 2, 1], [0, 1, 2]], [1, 5, 1])))
    ['reversal']
    >>> list(symmetries_of(SquaredLoss.white([1, 0, 2])))
    ['alternation']
    """
    if loss.exact is not None:
        return symmetries_of_moments(loss.exact.gram, loss.exact.b)
    return symmetries_of_moments(loss.gram, loss.b)


def symmetries_of_moments(
    gram: Sequence[Any] | np.ndarray, b: Sequence[Any] | np.ndarray
) -> dict[str, SignedPermutation]:
    """The same for Σ (K, K) and b (K,), of doubles or of exact numbers."""
    if not isinstance(b, np.ndarray):
        gram, b = np.array(gram, dtype=object), np.array(b, dtype=object)
    gram, size = np.asarray(gram), len(b)
    alternating = np.where(np.arange(size) % 2, -1, 1)
    found: dict[str, SignedPermutation] = {}
    for negative, reversed_, alternates in product((False, True), repeat=3):
        if not (negative or reversed_ or alternates):
            continue
        order = np.arange(size)[::-1] if reversed_ else np.arange(size)
        signs = (alternating if alternates else np.ones(size, dtype=int)) * (-1 if negative else 1)
        if (order == np.arange(size)).all() and (signs == 1).all():  # of a single coefficient
            continue
        if (gram[np.ix_(order, order)] * signs[:, None] * signs == gram).all() and (b[order] * signs == b).all():
            words = [("sign", negative), ("reversal", reversed_), ("alternation", alternates)]
            found[" with ".join(word for word, used in words if used)] = order, signs
    return found


def find_ties(result: ResultParts) -> tuple[Tie, ...]:
    """The groups of real points of a result with equal losses, in the order of their first points."""
    if isinstance(result.points, ManyPoints):
        rows = list(range(len(result.points.real)))
    else:
        rows = [row for row, point in enumerate(result.points) if point.real]
    if len(rows) < 2:
        return ()
    filters = np.array([result.points[row].filter.real for row in rows])
    orbits, moved = _orbits(filters, symmetries_of(result.loss))
    joined = _Groups(len(rows))
    listed = [result.points[row] for row in rows]
    equal = [part for one in _equal_losses(result.loss, filters) for part in _sharply_equal(result.loss, listed, one)]
    for group in (*orbits, *equal):
        joined.join(group)
    whole = {tuple(orbit) for orbit in orbits}
    ties = []
    for group in joined.groups():
        if len(group) > 1:
            used = [name for name, members in moved.items() if not members.isdisjoint(group)]
            first = result.points[rows[group[0]]]
            indices = tuple(rows[member] for member in group)
            ties.append(Tie(indices, float(first.loss.real), tuple(used) if tuple(group) in whole else ()))
    return tuple(ties)


def _orbits(filters: Real, symmetries: Mapping[str, SignedPermutation]) -> tuple[list[list[int]], dict[str, set[int]]]:
    """The groups of filters that symmetries carry to each other, and for each symmetry the filters that it moves."""
    joined, moved = _Groups(len(filters)), {name: set[int]() for name in symmetries}
    norms = np.linalg.norm(filters, axis=1)
    for name, (order, signs) in symmetries.items():
        for row, image in enumerate(filters[:, order] * signs):
            distances = np.linalg.norm(filters - image, axis=1)
            nearest = int(distances.argmin())
            if nearest != row and distances[nearest] <= SAME_IMAGE * norms[row]:
                joined.join([row, nearest])
                moved[name].add(row)
    return [group for group in joined.groups() if len(group) > 1], moved


def _equal_losses(loss: SquaredLoss, filters: Real) -> Iterator[list[int]]:
    """Filters in the order of their losses, in groups that differ by no more than rounding from the first of a group.

    The constant is left out: it is the same for all filters, and would hide small differences.
    """
    values = ((rows_times(filters, loss.gram) - 2 * loss.b) * filters).sum(axis=1)
    sizes = ((rows_times(np.abs(filters), np.abs(loss.gram)) + 2 * np.abs(loss.b)) * np.abs(filters)).sum(axis=1)
    rounding = UNITS_OF_LOSS * loss.filter_size * float(np.finfo(float).eps) * sizes
    order = np.argsort(values, kind="stable").tolist()
    group: list[int] = []
    for row in order:
        if group and values[row] - values[group[0]] > rounding[row] + rounding[group[0]]:
            yield group
            group = []
        group.append(row)
    yield group


def _sharply_equal(loss: SquaredLoss, points: Sequence[CriticalPoint], group: list[int]) -> Iterator[list[int]]:
    """The group, or parts of it with equal losses where losses of exact data, right to rounding, differ by more."""
    if len(group) < 2 or not all(points[row].nonsingular for row in group):
        yield group
        return
    part: list[int] = []
    for row in sorted(group, key=lambda row: float(points[row].loss.real)):
        value = float(points[row].loss.real)
        if part and value - float(points[part[0]].loss.real) > 2 * sharp_tolerance(loss, value):
            yield part
            part = []
        part.append(row)
    yield part


class _Groups:
    """Numbers in groups that are joined."""

    def __init__(self, number: int) -> None:
        self._leader = list(range(number))

    def join(self, members: Sequence[int]) -> None:
        """Put members of several groups, with all of their groups, into one."""
        leaders = {self._leader[member] for member in members}
        if len(leaders) < 2:
            return
        least = min(leaders)
        self._leader = [least if leader in leaders else leader for leader in self._leader]

    def groups(self) -> list[list[int]]:
        """All groups, by their first members."""
        found: dict[int, list[int]] = {}
        for member, leader in enumerate(self._leader):
            found.setdefault(leader, []).append(member)
        return list(found.values())


def describe_ties(points: Sequence[CriticalPoint], ties: Iterable[Tie]) -> list[str]:
    """The ties in words, those among minima first; nothing if there are none."""
    minima: list[tuple[int, Tie]] = []
    others: list[tuple[int, Tie]] = []
    for tie in ties:
        number = sum(points[index].minimum for index in tie.points)
        (minima if number > 1 else others).append((number, tie))
    lines = [f"{number} minima tie: {_listed(tie, lambda index: points[index].minimum)}" for number, tie in minima]
    lines += [f"{len(tie.points)} real filters tie: {_listed(tie)}" for _, tie in others[:MOST_DESCRIBED]]
    if (left := len(others) - MOST_DESCRIBED) > 0:
        lines.append(f"and {quantity(left, 'group', 'groups')} more")
    return lines


def _listed(tie: Tie, chosen: Callable[[int], bool] = lambda index: True) -> str:
    numbers = ", ".join(str(index) for index in tie.points if chosen(index))
    return f"points {numbers} of loss {tie.loss:.10g}, {tie.describe()}"


def ties_to_json(ties: Iterable[Tie]) -> list[dict[str, Any]]:
    """The ties as a file holds them; readers find them again from the points."""
    return [asdict(tie) for tie in ties]
