"""Critical points of networks of any supports, of many data sets at once, where nothing is in doubt.

The rules are those of `support_points`, on arrays. Every data set has as many critical parameters as the generic
number, and the parameters over one filter are as many as over each filter of its class. A data set of which this is not
so, or with an answer that is a close call, is in doubt: the other modules answer for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..networks.binary_forms import roots_of_each
from ..networks.counts import CountTable
from ..networks.parameters import hessian
from ..networks.patterns import Pattern
from ..networks.support_networks import SupportNetwork
from .support_points import (
    COINCIDENT,
    class_dimension,
    complements_of_scalings,
    merged_segments,
    singular_values,
)

__all__ = [
    "Classes",
    "FilterGroups",
    "Margins",
    "Parameters",
    "RealFilters",
    "filter_groups",
    "have_full_rank",
    "ranks_in_doubt",
    "real_filters",
]

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


class Margins(NamedTuple):
    """Between which numbers an answer is in doubt.

    Attributes
    ----------
    same, near : float
        Filters of one data set that differ by less than the first number, relative to their norm, are one filter;
        by more than the second number, two.
    equal, apart : float
        Layers and roots whose distance is below the first number coincide; above the second one they do not.
    regular : float
        Singular values and eigenvalues below this number, relative to the largest one, may be zero.
    """

    same: float = 1e-8
    near: float = 1e-5
    equal: float = COINCIDENT
    apart: float = 1e-4
    regular: float = 1e-7


MARGINS = Margins()


class Classes(NamedTuple):
    """The classes of P filters or parameters, as rows (P,) of the patterns of a table."""

    rows: Integers
    patterns: tuple[Pattern, ...]

    def part(self, chosen: Integers) -> Classes:
        """Those of some of the filters."""
        return self._replace(rows=self.rows[chosen])

    def each(self, answer: Callable[[Pattern], object], dtype: type = bool) -> NDArray[Any]:
        """The answer for each of the filters, from that for the pattern of its class."""
        return np.array([answer(pattern) for pattern in self.patterns], dtype=dtype)[self.rows]


@dataclass(frozen=True, eq=False)
class Parameters:
    """Critical parameters of T data sets, n of each; parameters t n + p belong to data set t.

    Attributes
    ----------
    network : SupportNetwork
    layers : list of (T n, k_l) complex arrays
        Balanced: all layers have one norm.
    filters : (T n, K) complex array
    number : int
        n.
    """

    network: SupportNetwork
    layers: list[Complex]
    filters: Complex
    number: int

    @property
    def owners(self) -> Integers:
        """The data set of each of the parameters."""
        return np.arange(len(self.filters)) // self.number


class FilterGroups(NamedTuple):
    """The parameters by filter.

    Attributes
    ----------
    leaders : (T n,) integer array
        For each of the parameters the first ones over its filter.
    classes : Classes
        Those of the parameters.
    doubtful : (T,) bool array
        The data sets about which something is in doubt.
    """

    leaders: Integers
    classes: Classes
    doubtful: Bools


def filter_groups(found: Parameters, table: CountTable, margins: Margins = MARGINS) -> FilterGroups:
    """Sort critical parameters by filter and class."""
    count, number = len(found.filters) // found.number, found.number
    classes, unsure = _classes(found.network, found.layers, table, margins)
    one, other, near = _pairs(found.filters.reshape(count, number, -1), margins)
    doubtful = np.bincount(found.owners, unsure, minlength=count) > 0
    doubtful[near] = True
    twins = [np.abs((layer[one] * layer[other].conj()).sum(axis=1)) ** 2 for layer in found.layers]
    norms = [(np.abs(layer) ** 2).sum(axis=1) for layer in found.layers]
    apart = np.zeros(len(one), dtype=bool)
    for overlap, norm in zip(twins, norms, strict=True):
        apart |= 1 - overlap / (norm[one] * norm[other]) > margins.apart**2
    doubtful[found.owners[one[~apart]]] = True  # two paths with one end
    leaders = np.arange(len(found.filters))
    np.minimum.at(leaders, np.maximum(one, other), np.minimum(one, other))
    partners = np.bincount(np.concatenate([one, other]), minlength=len(leaders))
    over = np.array([row.factorizations for row in table])
    wrong = (partners != over[classes] - 1) | (classes[leaders] != classes)
    doubtful |= np.bincount(found.owners, wrong, minlength=count) > 0
    for row, expected in enumerate(table):
        doubtful |= np.bincount(found.owners, classes == row, minlength=count) != expected.count * over[row]
    return FilterGroups(leaders, Classes(classes, tuple(row.pattern for row in table)), doubtful)


def _pairs(filters: Complex, margins: Margins) -> tuple[Integers, Integers, Integers]:
    """The pairs of equal filters among those of one data set, (T, n, K), and the data sets with filters nearly equal.

    Equal filters have equal projections to any line.
    """
    number, size = filters.shape[1:]
    norms = np.sqrt((filters.real**2 + filters.imag**2).sum(axis=2))
    norms = np.where(norms > 0, norms, 1.0)
    functional = np.exp(1j * np.sqrt(2.0) * (1 + np.arange(size)) ** 2) / np.sqrt(size)
    keys = (filters.real @ functional.real - filters.imag @ functional.imag) / norms
    order = np.argsort(keys, axis=1, kind="stable")
    keys = np.take_along_axis(keys, order, axis=1)
    ones, others, doubtful = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for offset in range(1, number):
        draws, places = np.nonzero(keys[:, offset:] - keys[:, :-offset] <= 4 * margins.near)
        if not draws.size:
            break
        one, other = order[draws, places], order[draws, places + offset]
        scale = np.maximum(norms[draws, one], norms[draws, other])
        distance = np.abs(filters[draws, one] - filters[draws, other]).max(axis=1) / scale
        same = distance <= margins.same
        ones.append((draws * number + one)[same])
        others.append((draws * number + other)[same])
        doubtful.append(draws[~same & (distance <= margins.near)])
    return np.concatenate(ones), np.concatenate(others), np.concatenate(doubtful)


def _classes(
    network: SupportNetwork, layers: Sequence[Complex], table: CountTable, margins: Margins
) -> tuple[Integers, Bools]:
    """The row of the table of each of the parameters, and where it is in doubt."""
    count = len(layers[0])
    code, doubtful = np.zeros(count, np.int64), np.zeros(count, dtype=bool)
    for group in network.groups:
        if len(group.layers) == 1:
            continue
        equal, unsure = _equal(_vectors(group.segment, [layers[layer] for layer in group.layers]), margins)
        doubtful |= unsure
        sizes = np.sort(equal.sum(axis=2), axis=1)
        for column in sizes.T:
            code = code * (1 + sizes.shape[1]) + column
    codes, rows = _codes(network, tuple(row.pattern for row in table))
    place = np.minimum(np.searchsorted(codes, code), len(codes) - 1)
    return rows[place], doubtful | (codes[place] != code)


@lru_cache(maxsize=64)
def _codes(network: SupportNetwork, patterns: tuple[Pattern, ...]) -> tuple[Integers, Integers]:
    """The codes of all classes as `_classes` computes them, increasing, and the rows that they belong to."""
    result = []
    for pattern in patterns:
        code = 0
        for group, partition in zip(network.groups, pattern, strict=True):
            if len(group.layers) > 1:
                sizes = sorted(part for part in partition for _ in range(part))
                for size in sizes:
                    code = code * (1 + len(sizes)) + size
        result.append(code)
    rows = np.argsort(np.array(result, np.int64), kind="stable")
    return np.array(result, np.int64)[rows], rows


def _vectors(segment: bool, layers: Sequence[Complex]) -> Complex:
    """Unit vectors (P, m, ·) that are parallel where layers are equal, or where roots are."""
    if segment:
        return np.concatenate([roots_of_each(layer.astype(complex)) for layer in layers], axis=1)
    return np.stack([layer / np.linalg.norm(layer, axis=1)[:, None] for layer in layers], axis=1)


@dataclass(frozen=True, eq=False)
class RealFilters:
    """Answers for R real filters of any data sets.

    Attributes
    ----------
    in_function_space, interior, smooth : (R,) bool arrays
        ``smooth`` is for generic filters of their classes.
    indices : (S,) integer array
        The index of the Hessian at each of S real parameters.
    doubtful : (R,) bool array
    doubtful_parameters : (S,) bool array
    """

    in_function_space: Bools
    interior: Bools
    smooth: Bools
    indices: Integers
    doubtful: Bools
    doubtful_parameters: Bools


def real_filters(
    network: SupportNetwork,
    layers: Sequence[Complex],
    classes: Classes,
    real: tuple[Sequence[Real], Real, Real],
    margins: Margins = MARGINS,
) -> RealFilters:
    """Answer the questions about real filters whose derivatives have the rank of their class, and real parameters.

    Parameters
    ----------
    network : SupportNetwork
    layers : sequence of (R, k_l) complex arrays
        Balanced parameters over each filter, for real parameters their real parts where there are any.
    classes : Classes
        Those of the filters.
    real : tuple
        Balanced real parameters, layers (S, k_l), with the Gram matrices (S, K, K) and moment vectors (S, K) of their
        data sets.
    margins : Margins
    """
    inside, interior, doubtful = _membership(network, layers, classes, margins)
    smooth, unsure = _smooth(network, layers, classes, margins)
    indices, doubtful_parameters = _indices(network, *real, margins)
    return RealFilters(inside, interior & inside, smooth, indices, doubtful | unsure, doubtful_parameters)


def _membership(
    network: SupportNetwork, layers: Sequence[Complex], classes: Classes, margins: Margins
) -> tuple[Bools, Bools, Bools]:
    """Whether real filters are in the function space, and in its interior; and where that is in doubt."""
    count = len(layers[0])
    inside, interior, doubtful = (np.full(count, value) for value in (True, True, False))
    for place, group in enumerate(network.groups):
        chosen = [layers[layer] for layer in group.layers]
        if group.segment:
            odd = sum(degree % 2 for degree in group.degrees)
            roots = _vectors(True, chosen)
            skewness = np.abs((roots[:, :, 0] * roots[:, :, 1].conj()).imag)
            real = skewness <= margins.equal
            doubtful |= (~real & (skewness <= margins.apart)).any(axis=1)
            multiplicities = _equal(roots, margins)[0].sum(axis=2)
            simple = np.where(real & (multiplicities % 2 == 1), 1 / multiplicities, 0.0).sum(axis=1)
            inside &= odd <= real.sum(axis=1)
            interior &= odd <= np.rint(simple)
        elif len(group.layers) > 1:
            for layer in chosen:
                largest = np.take_along_axis(layer, np.abs(layer).argmax(axis=1)[:, None], axis=1)
                skewness = np.abs((layer / largest).imag).max(axis=1)
                inside &= skewness <= margins.equal
                doubtful |= (skewness > margins.equal) & (skewness <= margins.apart)
            largest_parts = [pattern[place][0] for pattern in classes.patterns]
            interior &= (np.array(largest_parts) == 1)[classes.rows]
    return inside, interior, doubtful


def _smooth(
    network: SupportNetwork, layers: Sequence[Complex], classes: Classes, margins: Margins
) -> tuple[Bools, Bools]:
    """Whether filters are smooth points of the closure, and where that is in doubt; see `smooth_points`."""
    groups = network.groups

    def different(pattern: Pattern) -> bool:
        return all(part[0] == 1 for group, part in zip(groups, pattern, strict=True) if not group.segment)

    apart = classes.each(different)
    if not any(group.segment and len(group.layers) > 1 for group in groups):
        return apart, np.zeros(len(apart), dtype=bool)  # the rank is that of the class, see `ranks_in_doubt`
    reduced, merged = merged_segments(network, layers)
    values = singular_values(reduced, merged)
    least = values[:, reduced.dimension - 1] / values[:, 0]
    return apart & (least > margins.regular), apart & (least <= margins.regular)


def _indices(
    network: SupportNetwork, theta: Sequence[Real], gram: Real, b: Real, margins: Margins
) -> tuple[Integers, Bools]:
    """The index of the Hessian at real parameters, and where an eigenvalue is near zero."""
    if not len(theta[0]):
        return np.empty(0, np.int64), np.empty(0, dtype=bool)
    matrices = hessian(network, theta, gram, b)
    complements = complements_of_scalings(network, theta)
    values = np.linalg.eigvalsh(np.swapaxes(complements, 1, 2) @ matrices @ complements)
    sizes = np.abs(values)
    return (values < 0).sum(axis=1), sizes.min(axis=1) <= margins.regular * sizes.max(axis=1)


def ranks_in_doubt(
    network: SupportNetwork, layers: Sequence[Complex], columns: Complex, classes: Classes, margins: Margins = MARGINS
) -> Bools:
    """Where the rank of dμ may be below the dimension of the class. It is never above.

    Parameters
    ----------
    network : SupportNetwork
    layers : sequence of (P, k_l) complex arrays
        Balanced parameters.
    columns : (P, K, Σ k_l) complex array
        The Jacobians there.
    classes : Classes
    margins : Margins
    """
    dimensions = classes.each(lambda pattern: class_dimension(network, pattern), np.int64)
    rows = np.flatnonzero(~have_full_rank(network, layers, columns, margins))
    result = np.zeros(len(columns), dtype=bool)
    values = np.linalg.svd(columns[rows], compute_uv=False)
    result[rows] = values[np.arange(len(rows)), dimensions[rows] - 1] <= margins.regular * values[:, 0]
    return result


def have_full_rank(
    network: SupportNetwork, layers: Sequence[Complex], columns: Complex, margins: Margins = MARGINS
) -> Bools:
    """Where the kernel of dμ is that of the class, beyond doubt, by a determinant; arguments as of `ranks_in_doubt`.

    The columns of layers that are equal to a layer before are left out. The kernel of the others, J, should have the
    scaling directions alone. With scaling directions v that span these, M = JᴴJ + Σ vvᴴ has the determinant Π λ_i. By
    the inequality of the means the least λ is at least det M / (tr M / (n − 1))^(n − 1).
    """
    count, size = len(columns), columns.shape[2]
    first = _first_ones(network, layers, margins)
    kept = np.repeat(first, network.layer_sizes, axis=1)
    chosen = columns if first.all() else columns * kept[:, None]
    matrices = np.matmul(np.swapaxes(chosen.conj(), 1, 2), chosen)
    mean = np.einsum("pii->p", matrices).real / size
    scale = np.sqrt(mean / (np.abs(layers[0]) ** 2).sum(axis=1))[:, None]
    ends = np.cumsum([0, *network.layer_sizes])
    for other in range(1, network.depth):
        direction = np.zeros((count, size), complex)
        direction[:, : ends[1]] = layers[0] * scale
        direction[:, ends[other] : ends[other + 1]] = -layers[other] * scale
        direction[~first[:, other]] = 0
        matrices += direction[:, :, None] * direction[:, None, :].conj()
    places = np.arange(size)
    matrices[:, places, places] += ~kept * mean[:, None]
    if size == 1:
        return mean > 0
    mean = np.einsum("pii->p", matrices).real / (size - 1)
    least = np.linalg.det(matrices / np.where(mean > 0, mean, 1.0)[:, None, None]).real / (size - 1)
    return np.asarray(least > (10 * margins.regular) ** 2)


def _first_ones(network: SupportNetwork, layers: Sequence[Complex], margins: Margins) -> Bools:
    """Which layers (P, L) are equal to no layer before, if their supports are no segments."""
    result = np.ones((len(layers[0]), network.depth), dtype=bool)
    for group in network.groups:
        if not group.segment and len(group.layers) > 1:
            vectors = _vectors(False, [layers[layer] for layer in group.layers])
            result[:, group.layers] = _equal(vectors, margins)[0].argmax(axis=2) == np.arange(len(group.layers))
    return result


def _equal(vectors: Complex, margins: Margins) -> tuple[Bools, Bools]:
    """Which of the unit vectors (P, m, ·) are parallel, (P, m, m), and where that is in doubt, (P,)."""
    squares = 1 - np.abs(np.matmul(vectors, vectors.conj().transpose(0, 2, 1))) ** 2
    equal = squares <= margins.equal**2 + 1e-14
    return equal, (~equal & (squares <= margins.apart**2)).any(axis=(1, 2))
