"""Which class, real or not, attained, minimum or saddle: critical points of networks of any supports.

A critical filter is given by all critical parameters over it. For generic filters of a class the irreducible factors
are unique up to order and scale. So the parameters over a filter differ by exchanging layers of equal support, and by
distributing the roots of parallel segments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, frozen, rows_times
from ..losses.squared_loss import SquaredLoss
from ..networks.binary_forms import multiply, roots_of_each
from ..networks.parameters import hessian, jacobian
from ..networks.patterns import Partition, Pattern
from ..networks.support_networks import LayerGroup, SupportNetwork
from ..results.pairs import ConjugatePairs
from ..results.points import CriticalPoint

__all__ = [
    "COINCIDENT",
    "ComplexFilters",
    "CriticalFilter",
    "class_dimension",
    "complements_of_scalings",
    "complex_filters",
    "complex_pairs",
    "merged_segments",
    "patterns_of",
    "rank_of_each",
    "real_filters",
    "singular_values",
    "smooth_points",
]

#: Layers of norm one, or roots, whose distance is below this number coincide. Parameters are accurate to 1e-12.
COINCIDENT = 1e-6
#: Singular values of dμ at balanced parameters below this part of the largest one are zero.
ZERO_SINGULAR_VALUE = 1e-9
#: A Hessian eigenvalue below this part of the largest one is zero.
FLAT_DIRECTION = 1e-10


class CriticalFilter(NamedTuple):
    """A real critical filter with all critical parameters over it.

    Attributes
    ----------
    filter : (K,) complex array
    thetas : list of (T, k_l) complex arrays
        The layers of all T critical parameters over the filter, balanced.
    straight : (T,) bool array
        Which of the parameters are real.
    coordinates : (coordinates,) complex array
        Those of the first parameters in the tensor product of the layers, see `Embedding`.
    condition : float
    residual : float
        The largest relative gradient at the parameters.
    multiplicity : int
    windings : tuple of int
        Empty for a nonsingular point.
    """

    filter: Complex
    thetas: list[Complex]
    straight: NDArray[np.bool_]
    coordinates: Complex
    condition: float
    residual: float
    multiplicity: int = 1
    windings: tuple[int, ...] = ()


class ComplexFilters(NamedTuple):
    """R complex critical filters, each with one of the critical parameters over it.

    Attributes
    ----------
    filters : (R, K) complex array
    coordinates : (R, coordinates) complex array
        As for `CriticalFilter`.
    twins : (R,) integer array
        For the second filter of a pair of conjugate ones the number of the first one, and −1 elsewhere.
    thetas : list of (R, k_l) complex arrays
        Balanced.
    patterns : list of R patterns
    smooth : list of R answers
    conditions, residuals : (R,) float arrays
    multiplicities : list of R int
    windings : list of R tuples of int
    """

    filters: Complex
    coordinates: Complex
    twins: NDArray[np.int64]
    thetas: list[Complex]
    patterns: list[Pattern]
    smooth: list[bool | None]
    conditions: Real
    residuals: Real
    multiplicities: list[int]
    windings: list[tuple[int, ...]]


def patterns_of(network: SupportNetwork, theta: Sequence[Complex]) -> list[Pattern]:
    """The class of each of the parameters: layers (T, k_l)."""
    by_group = [_partitions(group, [theta[layer] for layer in group.layers]) for group in network.groups]
    return list(zip(*by_group, strict=True)) if by_group else [()] * len(theta[0])


def _partitions(group: LayerGroup, layers: list[Complex]) -> list[Partition]:
    if len(layers) == 1:
        return [(1,) * group.degrees[0] if group.segment else (1,)] * len(layers[0])
    if group.segment:  # roots on the projective line; those of one layer are different
        vectors = np.concatenate([roots_of_each(layer.astype(complex)) for layer in layers], axis=1)
    else:
        vectors = np.stack([layer / np.linalg.norm(layer, axis=1)[:, None] for layer in layers], axis=1)
    overlaps = np.abs(vectors @ vectors.conj().transpose(0, 2, 1)) ** 2
    equal = 1 - overlaps <= COINCIDENT**2 + 1e-14
    known: dict[bytes, Partition] = {}
    return [known.get(rows.tobytes()) or known.setdefault(rows.tobytes(), _clusters(rows)) for rows in equal]


def _clusters(equal: NDArray[np.bool_]) -> Partition:
    """The numbers of elements in each class of the relation, decreasing."""
    rest, parts = set(range(len(equal))), []
    while rest:
        first = min(rest)
        members = {first} | {other for other in rest if equal[first, other]}
        parts.append(len(members))
        rest -= members
    return tuple(sorted(parts, reverse=True))


def class_dimension(network: SupportNetwork, pattern: Pattern) -> int:
    """The dimension of the filters of a class as a cone, which is the rank of dμ on it.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
    >>> class_dimension(network, ((1, 1),)), class_dimension(network, ((2,),))
    (7, 4)
    """
    return 1 + sum(
        len(partition) * (1 if group.segment else group.degrees[0])
        for group, partition in zip(network.groups, pattern, strict=True)
    )


def rank_of_each(network: SupportNetwork, theta: Sequence[Complex]) -> NDArray[np.int64]:
    """The rank of dμ at each of the balanced parameters, layers (T, k_l)."""
    values = singular_values(network, theta)
    return np.asarray((values > ZERO_SINGULAR_VALUE * values[:, :1]).sum(axis=1), dtype=np.int64)


def singular_values(network: SupportNetwork, theta: Sequence[Complex]) -> Real:
    """The singular values of dμ at each of the balanced parameters, layers (T, k_l), in decreasing order."""
    return np.asarray(np.linalg.svd(jacobian(network, theta), compute_uv=False), dtype=float)


def real_filters(
    network: SupportNetwork,
    loss: SquaredLoss,
    found: Sequence[CriticalFilter],
    patterns: Sequence[Pattern],
    smooth: Sequence[bool | None],
) -> list[CriticalPoint]:
    """The records of real critical filters. The Hessians at the real parameters of all of them are examined together.

    Parameters
    ----------
    network : SupportNetwork
    loss : SquaredLoss
    found : sequence of F CriticalFilter
    patterns : sequence of F patterns
        Their classes.
    smooth : sequence of F answers
        As `smooth_points` says.
    """
    layers = [[layer[one.straight].real for layer in one.thetas] for one in found]
    ends = np.cumsum([0, *(int(one.straight.sum()) for one in found)]).tolist()
    kinds: tuple[str | None, ...] = ()
    indices: tuple[int | None, ...] = ()
    if ends[-1]:
        kinds, indices = _kinds(network, loss, [np.concatenate(parts) for parts in zip(*layers, strict=True)])
    result = []
    for place, (one, pattern) in enumerate(zip(found, patterns, strict=True)):
        theta, w, own = layers[place], one.filter, slice(ends[place], ends[place + 1])
        in_space, interior = _membership(network, one, pattern)
        point = CriticalPoint(
            filter=w,
            real=True,
            loss=complex(w @ (loss.gram @ w) - 2 * (loss.b @ w) + loss.constant),
            stratum=pattern,
            pure=all(part == 1 for partition in pattern for part in partition),
            in_function_space=in_space,
            attained=own.stop > own.start,
            interior=interior,
            smooth=smooth[place],
            residual=one.residual,
            condition=one.condition,
            parameters=tuple(tuple(layer[row] for layer in theta) for row in range(len(theta[0]))),
            kinds=kinds[own],
            indices=indices[own],
            nonsingular=not one.windings,
            multiplicity=one.multiplicity,
            windings=one.windings,
            coordinates=one.coordinates,
            architecture=network,
        )
        result.append(point)
    return result


def complex_filters(network: SupportNetwork, loss: SquaredLoss, found: ComplexFilters) -> list[CriticalPoint]:
    """The records of complex critical filters; the second one of a pair is conjugate to the first one in all digits."""
    second = np.flatnonzero(found.twins >= 0)
    first = found.twins[second]
    image = rows_times(found.filters, loss.gram)
    losses = ((image - 2 * loss.b) * found.filters).sum(axis=1) + loss.constant
    for array in (found.filters, found.coordinates, losses, *found.thetas):
        array[second] = array[first].conj()
    for column in (found.residuals, found.conditions):
        column[second] = column[first]
    filters, coordinates = frozen(found.filters), frozen(found.coordinates)
    thetas = [frozen(layer) for layer in found.thetas]
    if not (np.isfinite(filters).all() and np.isfinite(losses).all()):
        raise ValueError("the filters and the losses of critical points must be finite")
    pure = {pattern: all(part == 1 for partition in pattern for part in partition) for pattern in set(found.patterns)}
    residuals, conditions = (
        [value if math.isfinite(value) else None for value in column.tolist()]
        for column in (found.residuals, found.conditions)
    )
    return [
        CriticalPoint.validated(
            filter=filters[row],
            real=False,
            loss=value,
            stratum=pattern,
            pure=pure[pattern],
            smooth=found.smooth[row],
            residual=residuals[row],
            condition=conditions[row],
            parameters=(tuple(layer[row] for layer in thetas),),
            kinds=(None,),
            indices=(None,),
            nonsingular=not found.windings[row],
            multiplicity=found.multiplicities[row],
            windings=found.windings[row],
            coordinates=coordinates[row],
            architecture=network,
        )
        for row, (value, pattern) in enumerate(zip(losses.tolist(), found.patterns, strict=True))
    ]


def complex_pairs(
    network: SupportNetwork, loss: SquaredLoss, found: ComplexFilters, patterns: tuple[Pattern, ...]
) -> ConjugatePairs | None:
    """The complex critical filters in columns, sorted; None if columns do not hold all of them.

    Columns hold nonsingular points that have a conjugate, and that are smooth unless layers of their class are equal.

    Parameters
    ----------
    network : SupportNetwork
    loss : SquaredLoss
    found : ComplexFilters
    patterns : tuple of patterns
        Those of all classes.
    """
    second = np.flatnonzero(found.twins >= 0)
    first = found.twins[second]
    plain = 2 * len(first) == len(found.twins) and not any(found.windings) and set(found.multiplicities) <= {1}
    expected = {pattern: not network.has_equal_layers(pattern) for pattern in patterns}
    if not plain or any(expected[pattern] is not smooth for pattern, smooth in set(zip(*found[4:6], strict=True))):
        return None
    filters = found.filters[first]
    losses = ((rows_times(filters, loss.gram) - 2 * loss.b) * filters).sum(axis=1) + loss.constant
    columns = losses, found.conditions[first], found.residuals[first]
    if not all(np.isfinite(column).all() for column in (filters, *columns)):
        return None
    place = {pattern: number for number, pattern in enumerate(patterns)}
    return ConjugatePairs(
        network,
        patterns,
        filters=filters,
        losses=losses,
        coordinates=found.coordinates[first],
        lengths=(found.coordinates.shape[1],) * len(patterns),
        stratum=np.array([place[found.patterns[row]] for row in first.tolist()], np.int16),
        conditions=columns[1],
        residuals=columns[2],
        thetas=np.concatenate([layer[first] for layer in found.thetas], axis=1),
    ).sorted()


def _membership(network: SupportNetwork, found: CriticalFilter, pattern: Pattern) -> tuple[bool, bool | None]:
    """Whether a real filter has real factors, and whether nearby real filters of the closure have them, too.

    A factor that is alone in its group is real. Equal supports have real factors or conjugate pairs, and two equal
    factors become such a pair nearby. For parallel segments the roots decide as in one dimension.
    """
    inside, stays = True, True
    for group, partition in zip(network.groups, pattern, strict=True):
        layers = [found.thetas[layer][:1] for layer in group.layers]
        if group.segment:
            odd = sum(degree % 2 for degree in group.degrees)
            simple, all_real = _real_roots(layers)
            inside &= odd <= all_real
            stays &= odd <= simple
        elif len(group.layers) > 1:
            inside &= all(_is_real(layer[0]) for layer in layers)
            stays &= partition[0] == 1
    return inside, (stays if inside else None)


def _is_real(vector: Complex) -> bool:
    turned = vector / vector[np.abs(vector).argmax()]
    return bool(np.abs(turned.imag).max() <= COINCIDENT)


def _real_roots(layers: list[Complex]) -> tuple[int, int]:
    """How many real roots of odd multiplicity the product of some forms has, and how many with multiplicity."""
    roots = np.concatenate([roots_of_each(layer.astype(complex))[0] for layer in layers])
    real = np.abs((roots[:, 0] * roots[:, 1].conj()).imag) <= COINCIDENT
    equal = 1 - np.abs(roots @ roots.conj().T) ** 2 <= COINCIDENT**2 + 1e-14
    multiplicities = equal.sum(axis=1)
    return round(sum(1 / m for m in multiplicities[real] if m % 2)), int(real.sum())


def smooth_points(
    network: SupportNetwork,
    theta: Sequence[Complex],
    patterns: Sequence[Pattern],
    generic: bool,
    ranks: NDArray[np.int64] | None = None,
) -> list[bool | None]:
    """Whether filters are smooth points of the Zariski closure of the function space.

    Where two layers of equal support, of three coefficients or more, are equal, the closure is singular: it is the
    image of a symmetric product under a finite birational map. Elsewhere the derivative of the reduced μ decides, in
    which parallel segments are one layer, if no other parameters are over the filter, as is so for generic data.

    Parameters
    ----------
    network : SupportNetwork
    theta : sequence of (P, k_l) complex arrays
        Critical parameters over P filters.
    patterns : sequence of P patterns
        The classes of the filters.
    generic : bool
        Whether all points of the generic number were found, so that the filters are generic ones of their classes, and
        have the critical parameters and no others.
    ranks : (P,) integer array, optional
        The ranks of dμ, if they are known.
    """
    if ranks is not None and not any(group.segment and len(group.layers) > 1 for group in network.groups):
        full = ranks == network.dimension
    else:
        reduced, layers = merged_segments(network, theta)
        full = rank_of_each(reduced, layers) == reduced.dimension
    apart = network.is_tensor_product  # a smooth Segre variety
    equal = {pattern: network.has_equal_layers(pattern) for pattern in set(patterns)}
    otherwise = True if generic or apart else None
    return [
        False if equal[pattern] or not is_full else otherwise
        for pattern, is_full in zip(patterns, full.tolist(), strict=True)
    ]


def merged_segments(network: SupportNetwork, theta: Sequence[Complex]) -> tuple[SupportNetwork, list[Complex]]:
    """The network in which parallel segments are one layer, and its parameters."""
    exponents, layers = [], []
    for group in network.groups:
        if not group.segment:
            exponents += [network.exponents[layer] for layer in group.layers]
            layers += [theta[layer] for layer in group.layers]
            continue
        first = network.exponents[group.layers[0]]
        start = sum(network.exponents[layer][0] for layer in group.layers)
        exponents.append(tuple(start + (first[1] - first[0]) * j for j in range(sum(group.degrees) + 1)))
        form = theta[group.layers[0]]
        for layer in group.layers[1:]:
            form = multiply(form, theta[layer])
        layers.append(form)
    return SupportNetwork.of_positions(exponents), [layer / np.linalg.norm(layer, axis=1)[:, None] for layer in layers]


def _kinds(
    network: SupportNetwork, loss: SquaredLoss, theta: list[Real]
) -> tuple[tuple[str | None, ...], tuple[int | None, ...]]:
    """The kind of each of the real parameters, layers (T, k_l), and the index of the Hessian there."""
    matrices = hessian(network, theta, loss.gram, loss.b)
    complements = complements_of_scalings(network, theta)
    values = np.linalg.eigvalsh(np.swapaxes(complements, 1, 2) @ matrices @ complements)
    sizes = np.abs(values)
    flat = sizes <= FLAT_DIRECTION * sizes.max(axis=1, keepdims=True)
    indices = ((values < 0) & ~flat).sum(axis=1).tolist()
    kinds = ("saddle" if index else "minimum" for index in indices)
    return tuple(
        "degenerate" if degenerate else kind for degenerate, kind in zip(flat.any(axis=1).tolist(), kinds, strict=True)
    ), tuple(indices)


def complements_of_scalings(network: SupportNetwork, theta: Sequence[Real]) -> Real:
    """Orthonormal bases (T, Σ k_l, Σ k_l − L + 1) of the complement of the scaling directions at real θ (T, k_l).

    Scaling one layer up and another one down changes no filter.
    """
    ends = np.cumsum([0, *network.layer_sizes])
    scalings = np.zeros((len(theta[0]), ends[-1], network.depth))
    for layer, w in enumerate(theta):
        scalings[:, ends[layer] : ends[layer + 1], layer] = w
    differences = scalings[:, :, 1:] - scalings[:, :, :-1]
    return np.asarray(np.linalg.qr(differences, mode="complete")[0][:, :, network.depth - 1 :])
