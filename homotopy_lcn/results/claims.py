"""What the file of a solve claims, checked when it is read.

Whoever can write a file can write anything into it. A file is accepted only if its entries can be those of a solve: the
loss of each filter, the product of its parameters and the gradient there, kind against index and Hessian, the strata
against the exact counts. The checks compute from the data in the file, and cost about as much as reading it. They prove
nothing: that a point exists, and that there are no others, `certify` proves.

The tolerances are wide beside the rounding of a solve and narrow beside a change that anybody would notice. The digest
of a file finds smaller changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..arrays import rows_times
from ..equations.critical_equations import equations_of
from ..equations.distinct import are_distinct
from ..equations.restriction import whole_filters
from ..errors import InputError
from ..files import shown
from ..losses.exact_losses import least_loss
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual, restricted
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, StratumCount, generic_count
from ..networks.parameters import compose
from ..networks.patterns import Pattern, format_pattern
from ..networks.support_networks import SupportNetwork
from ..networks.untrusted import check_number_of_strata
from .claimed_degeneracy import (
    Listed,
    check_dimension_of_residual_zero,
    check_multiplicities,
    check_newton_matrices,
    check_sets,
    check_unattained_infimum,
    shares_on_strata,
)
from .continua import UNDECIDED, Continuum
from .infimum import EQUAL_LOSS, known_infimum, loss_scale
from .invariants import OTHER_FILTER, ROUNDING_OF_GRADIENT, faults_at_parameters, violated_invariants
from .merging import SAME_FILTER
from .pairs import ManyPoints
from .parts import ResultParts
from .points import StratumResult

__all__ = ["check_claims", "check_whole", "check_zero_residual"]

#: Entries of the Jacobian matrices that are held at a time: 32 MB.
MOST_JACOBIAN_ENTRIES = 2**22
#: Pairs of points that are held as records at a time.
PAIRS_CHECKED_TOGETHER = 2048
#: Gradients on a stratum beyond this part of the terms that cancel in it are not zero.
NONZERO_ON_STRATUM = 1e-6


def check_claims(parts: ResultParts) -> None:
    """Check the parts of a result one by one.

    Raises
    ------
    InputError
        With one line that names the first entry that cannot be true.
    """
    if isinstance(parts.points, ManyPoints):
        _check_pairs(parts, parts.points)
        parts = _without_pairs(parts, parts.points)
    else:
        _check_strata(parts)
    isolated = [Listed(f"points[{i}]", point) for i, point in enumerate(parts.points)]
    on_continua = [Listed(f"on_continua[{i}]", point) for i, point in enumerate(parts.on_continua)]
    of_continua = [
        Listed(f"continua[{j}].points[{i}]", point)
        for j, part in enumerate(parts.continua)
        for i, point in enumerate(part.points)
    ]
    listed = isolated + on_continua + of_continua
    strata = {row.pattern: row for row in parts.strata}
    for item in listed:
        _check_answers(item, strata)
    _check_filters(parts.loss, listed)
    for item in isolated + of_continua:
        _check_attained(item)
    _check_multiplicities(parts)
    check_multiplicities(parts)
    for j, part in enumerate(parts.continua):
        _check_continuum(parts.architecture, part, f"continua[{j}]")
    if not parts.contradictions:
        _check_parameters(parts.architecture, parts.loss, listed)
        _check_coordinates(parts.architecture, parts.loss, listed)
        check_newton_matrices(parts.architecture, parts.loss, isolated + on_continua)
        check_sets(parts)
    check_zero_residual(parts)


def _without_pairs(parts: ResultParts, points: ManyPoints) -> ResultParts:
    """The same parts with the real points alone, and strata that have no others."""
    on_stratum = points.pairs.numbers()
    strata = tuple(replace(row, found=row.found - on_stratum.get(row.pattern, 0)) for row in parts.strata)
    return replace(parts, points=points.real, strata=strata)


def _check_pairs(parts: ResultParts, points: ManyPoints) -> None:
    """Check the first point of each pair, some at a time."""
    _check_strata(parts)
    pairs, first = points.pairs, len(points.real)
    real = np.array([point.filter for point in points.real], complex).reshape(-1, parts.architecture.filter_size)
    if not are_distinct([pairs.filters, real], SAME_FILTER):
        raise InputError("filter: two points have the same; expected every filter once")
    strata = {row.pattern: row for row in parts.strata}
    for row in range(0, len(pairs), PAIRS_CHECKED_TOGETHER):
        found = pairs.part(slice(row, row + PAIRS_CHECKED_TOGETHER)).points(first + 2 * row, 0)[::2]
        listed = [Listed(f"points[{first + 2 * (row + i)}]", point) for i, point in enumerate(found)]
        for item in listed:
            _check_answers(item, strata)
        _check_filters(parts.loss, listed)
        if not parts.contradictions:
            _check_parameters(parts.architecture, parts.loss, listed)
            _check_coordinates(parts.architecture, parts.loss, listed)
            check_newton_matrices(parts.architecture, parts.loss, listed)


def check_whole(result: ResultParts) -> None:
    """Check what holds for all points of a result together, its points in their order.

    A result that says that something contradicts itself is not complete, and need not hold more.

    Raises
    ------
    InputError
        As for `check_claims`.
    """
    if result.contradictions:
        return
    for violated in violated_invariants(result):
        raise InputError(f"points, continua, infimum: {violated}; expected the numbers that solve wrote")
    known, stated = known_infimum(result), result.infimum
    scale = EQUAL_LOSS * loss_scale(result.loss)
    if known != UNDECIDED and known.value is not None:
        same = stated.value is not None and abs(stated.value - known.value) <= scale
        if not same or stated.attained != known.attained:
            raise InputError(f"infimum: {shown(stated.value)}; expected {known.value!r}, by the points")
    check_unattained_infimum(result, loss_scale(result.loss))
    least = least_loss(result.loss)
    if stated.value is not None and stated.value < least - 10 * scale:
        raise InputError(f"infimum.value: {stated.value!r}; expected at least {least!r}, the least loss of any filter")


def _check_strata(parts: ResultParts) -> None:
    arch = parts.architecture
    check_number_of_strata(arch, len(parts.strata), "strata")
    rank = restricted(arch, parts.loss).rank
    try:
        tables = [generic_count(arch)]
        if parts.zero_residual is not None:
            tables.append(generic_count(arch, rank=rank))
    except RecursionError:
        raise InputError("architecture: a network larger than any that solve can count") from None
    expected = [_rows_by_pattern(table) for table in tables]
    seen: set[Pattern] = set()
    for i, row in enumerate(parts.strata):
        place = f"strata[{i}]"
        if row.pattern not in expected[0]:
            raise InputError(f"{place}.pattern: {format_pattern(row.pattern)} is no stratum of the architecture")
        if row.pattern in seen:
            raise InputError(f"{place}.pattern: {format_pattern(row.pattern)} is listed twice; expected it once")
        seen.add(row.pattern)
        known = expected[0][row.pattern]
        _check_row(row, known, {rows[row.pattern].count for rows in expected}, place)
        if row.missing and parts.complete:
            raise InputError(
                f"complete: true; expected false, as {row.missing} points of {place} are not accounted for"
            )
    if parts.complete and parts.contradictions:
        raise InputError("complete: true; expected false, as contradictions are listed")
    if parts.complete and parts.stopped:
        raise InputError("complete: true; expected false, as the solve stopped")


def _rows_by_pattern(table: CountTable) -> dict[Pattern, StratumCount]:
    return {row.pattern: row for row in table}


def _check_row(row: StratumResult, known: StratumCount, counts: set[int], place: str) -> None:
    if row.pure != known.pure:
        raise InputError(f"{place}.pure: {shown(row.pure)}; expected {known.pure}, by the pattern")
    if row.generic not in counts:
        either = " or ".join(map(str, sorted(counts)))
        raise InputError(f"{place}.generic: {shown(row.generic)}; expected {either}, the exact count")
    if row.factorizations != known.factorizations:
        raise InputError(f"{place}.factorizations: {shown(row.factorizations)}; expected {known.factorizations}")
    for name in ("found", "at_infinity", "singular", "origin"):
        if not 0 <= getattr(row, name) <= row.generic:
            raise InputError(
                f"{place}.{name}: {shown(getattr(row, name))}; expected an integer from 0 to {row.generic}"
            )
    if row.missing < 0:
        raise InputError(f"{place}: {row.generic - row.missing} points and paths; expected at most {row.generic}")


def _check_answers(item: Listed, strata: dict[Pattern, StratumResult]) -> None:
    """The answers on one point, which need no numbers."""
    place, point = item
    for pattern in (point.stratum, *point.also_on):
        if pattern not in strata:
            raise InputError(f"{place}: on {format_pattern(pattern)}, which is no stratum; expected one of strata")
    pure = any(strata[pattern].pure for pattern in (point.stratum, *point.also_on))
    if point.pure != pure:
        raise InputError(f"{place}.pure: {point.pure}; expected {pure}, by the stratum")
    if point.multiplicity < 1 + len(point.also_on):
        raise InputError(f"{place}.multiplicity: {point.multiplicity}; expected at least {1 + len(point.also_on)}")
    if any(winding < 1 for winding in point.windings):
        raise InputError(f"{place}.windings: {shown(point.windings)}; expected positive integers")
    for name in ("residual", "condition"):
        value = getattr(point, name)
        if value is not None and value < 0:
            raise InputError(f"{place}.{name}: {value!r}; expected a number that is not negative")
    if not point.real:
        for name in ("in_function_space", "attained", "interior"):
            if getattr(point, name) is not None:
                raise InputError(f"{place}.{name}: {getattr(point, name)}; expected null for a filter that is not real")
        if any(kind is not None for kind in (*point.kinds, *point.indices)):
            raise InputError(f"{place}.kinds: given for a filter that is not real; expected null")
        return
    if None in point.kinds or None in point.indices:
        raise InputError(f"{place}.kinds: null; expected a kind and an index for each real θ")
    if (point.attained or point.interior) and not point.in_function_space:
        raise InputError(f"{place}.in_function_space: not true; expected true, as the filter is attained or interior")


def _check_attained(item: Listed) -> None:
    place, point = item
    if point.real and bool(point.parameters) != (point.attained is True):
        raise InputError(
            f"{place}.attained: {point.attained} with {len(point.parameters)} real θ; expected true if there are any"
        )


def _check_filters(loss: SquaredLoss, listed: Sequence[Listed]) -> None:
    """The sizes of the filters, and their losses."""
    if not listed:
        return
    filters = np.array([item.point.filter for item in listed])
    stated = np.array([item.point.loss for item in listed], complex)
    with np.errstate(all="ignore"):
        squares = (np.abs(filters) ** 2).sum(axis=1)
        parts = np.abs(filters)
        terms = ((rows_times(parts, np.abs(loss.gram)) + 2 * np.abs(loss.b)) * parts).sum(axis=1) + abs(loss.constant)
        losses = loss(filters)
        right = np.abs(losses - stated) <= EQUAL_LOSS * terms
    usable = np.isfinite(squares) & np.isfinite(terms) & ((squares > 0) | ~filters.any(axis=1))
    for row in np.flatnonzero(~usable)[:1].tolist():
        largest = float(np.abs(filters[row]).max())
        raise InputError(
            f"{listed[row].place}.filter: largest entry {largest:.1e}, the square of which overflows or underflows; "
            "expected a moderate size"
        )
    for row in np.flatnonzero(~right)[:1].tolist():
        value = losses[row].real.item() if listed[row].point.real else losses[row].item()
        raise InputError(
            f"{listed[row].place}.loss: {listed[row].point.loss!r}; expected {value!r}, the loss of the filter"
        )


def _check_multiplicities(parts: ResultParts) -> None:
    """As many points as the strata account for, and no filter twice."""
    seen: dict[bytes, int] = {}
    for i, point in enumerate(parts.points):
        if not point.filter.any():
            raise InputError(f"points[{i}].filter: zero; expected a filter w ≠ 0")
        first = seen.setdefault((point.filter + 0.0).tobytes(), i)
        if first != i:
            raise InputError(f"points[{i}].filter: the same as that of points[{first}]; expected every filter once")
    ends = sum(row.found + row.singular for row in parts.strata)
    together = sum(point.multiplicity for point in parts.points)
    only_points = not parts.continua and parts.zero_residual is None and not any(row.singular for row in parts.strata)
    most_ends = ends
    if isinstance(parts.architecture, SupportNetwork):  # its paths are parameters, which may meet across classes
        most_ends = sum((row.found + row.singular) * row.factorizations for row in parts.strata)
    if together > most_ends or (only_points and together < ends):
        raise InputError(
            f"points: their multiplicities sum up to {shown(together)}; expected {ends}, as strata say that were found"
        )
    factorizations = {row.pattern: row.factorizations for row in parts.strata}
    for i, point in enumerate(parts.points):
        most = factorizations[point.stratum] * point.multiplicity
        if point.nonsingular and not point.also_on and len(point.parameters) > most:
            raise InputError(f"points[{i}].parameters: {len(point.parameters)} θ; expected at most {most}")


def _check_continuum(arch: Architecture, part: Continuum, place: str) -> None:
    most = arch.dimension - 1
    if part.dimension > most or not 0 <= (part.real_dimension or 0) <= part.dimension:
        raise InputError(f"{place}.dimension: {part.dimension}; expected at most {most}, and real_dimension below it")
    if isinstance(part.loss, complex) and part.real:
        raise InputError(f"{place}.loss: not real; expected a number, as the set has real filters")
    real = [point.real for point in part.points]
    if not (bool(real) and all(real) if part.real else not any(real)):
        raise InputError(f"{place}.real: {part.real}; expected true if its points are real, else false or null")
    kinds = {kind for point in part.points for kind in point.kinds if kind is not None}
    if (part.kind is not None and part.kind not in kinds) or (part.kind is None and part.attained):
        raise InputError(f"{place}.kind: {part.kind}; expected the kind of its points")


def _check_parameters(arch: Architecture, loss: SquaredLoss, listed: Sequence[Listed]) -> None:
    """The product of all parameters, the gradient there, and the kinds."""
    for real in (True, False):
        chosen = [item for item in listed if item.point.real == real and item.point.parameters]
        for share in _shares(chosen, arch.filter_size * sum(arch.layer_sizes)):
            _check_balance(share)
            faults = faults_at_parameters(arch, loss, [item.point for item in share])
            places = [f"{place}.parameters[{i}]" for place, point in share for i in range(len(point.parameters))]
            reasons = (
                (faults.other_filter, "", "their product is not the filter"),
                (faults.steep, "", "the gradient of the loss is not zero there"),
                (faults.odd_kind, "kinds", "kind and index contradict each other"),
                (faults.wrong_index, "indices", "the Hessian contradicts kind or index"),
            )
            for wrong, entry, reason in reasons:
                for row in np.flatnonzero(wrong)[:1].tolist():
                    place = places[row].replace(".parameters[", f".{entry or 'parameters'}[")
                    raise InputError(f"{place}: {reason}; expected critical parameters over the filter")


def _check_balance(share: Sequence[Listed]) -> None:
    """All layers of parameters have equal norms, so that no product of some of them overflows."""
    for place, point in share:
        for i, theta in enumerate(point.parameters):
            norms = [float(np.hypot.reduce(np.abs(w))) for w in theta]
            if not max(norms) <= (1 + OTHER_FILTER) * min(norms):
                raise InputError(f"{place}.parameters[{i}]: layers of different norms; expected balanced parameters")


def _shares(listed: Sequence[Listed], entries: int) -> Iterator[list[Listed]]:
    """The points in turn, as many at a time as have Jacobian matrices of `MOST_JACOBIAN_ENTRIES` entries."""
    share: list[Listed] = []
    number = 0
    for item in listed:
        share.append(item)
        number += len(item.point.parameters)
        if number * entries > MOST_JACOBIAN_ENTRIES:
            yield share
            share, number = [], 0
    if share:
        yield share


def _check_coordinates(arch: Architecture, loss: SquaredLoss, listed: Sequence[Listed]) -> None:
    """Points that keep the coordinates on their stratum: the filter there, and the gradient."""
    for embedding, share, points in shares_on_strata(arch, listed, MOST_JACOBIAN_ENTRIES):
        equations = equations_of(embedding.stratum)
        filters = np.array([item.point.filter for item in share])
        with np.errstate(all="ignore"):
            composed = whole_filters(arch, embedding, equations.filters(points))
            near = np.linalg.norm(composed - filters, axis=1) <= OTHER_FILTER * np.linalg.norm(filters, axis=1)
            positions = np.array(embedding.positions)
            residuals = (rows_times(filters, loss.gram) - loss.b)[:, positions]
            sizes = (rows_times(np.abs(filters), np.abs(loss.gram)) + np.abs(loss.b))[:, positions]
            tangents = equations.tangent_space(points)
            gradients = np.abs((residuals[:, None] @ tangents)[:, 0])
            terms = (sizes[:, None] @ np.abs(tangents))[:, 0]
            most = np.linalg.norm(loss.gram) * np.linalg.norm(filters, axis=1) + np.linalg.norm(loss.b)
            rounding = ROUNDING_OF_GRADIENT * most * np.abs(tangents).max(axis=(1, 2))
            flat = (gradients <= np.maximum(NONZERO_ON_STRATUM * terms.max(axis=1), rounding)[:, None]).all(axis=1)
        for right, reason in ((near, "not those of the filter"), (flat, "the gradient is not zero there")):
            for row in np.flatnonzero(~right)[:1].tolist():
                raise InputError(f"{share[row].place}.coordinates: {reason}; expected coordinates of a critical point")


def check_zero_residual(parts: ResultParts) -> None:
    """Check the filters of residual zero.

    Raises
    ------
    InputError
        As for `check_claims`.
    """
    arch, loss, found = parts.architecture, parts.loss, parts.zero_residual
    inner = restricted(arch, loss)
    if inner.rank_in_doubt:  # another computer may decide otherwise
        return
    if (inner.rank < arch.dimension) != (found is not None):
        raise InputError(
            f"zero_residual: {'missing' if found is None else 'given'}; expected it if the rank {inner.rank} of the "
            f"Gram matrix is below {arch.dimension}, the dimension of the function space"
        )
    if found is None:
        return
    if found.rank != inner.rank:
        raise InputError(f"zero_residual.rank: {shown(found.rank)}; expected {inner.rank}, the rank of the Gram matrix")
    if (found.meets_function_space is True) != (found.point is not None):
        raise InputError("zero_residual.meets_function_space: expected true if there is a point, else false or null")
    check_dimension_of_residual_zero(arch, loss, found)
    if loss.b.any():  # else small filters have small residuals, and no other number tells what is small
        _check_zero_residual_points(arch, loss, found)


def _check_zero_residual_points(arch: Architecture, loss: SquaredLoss, found: ZeroResidual) -> None:
    filters = {"filter": found.filter}
    for name in ("point", "complex_point"):
        theta = getattr(found, name)
        filters[name] = None if theta is None else compose(arch, theta)
    theta = found.complex_point if found.point is None else found.point
    if (found.filter is None) != (theta is None):
        raise InputError("zero_residual.filter: expected the filter of the parameters, or null if there are none")
    for name, w in filters.items():
        if w is None:
            continue
        with np.errstate(all="ignore"):
            support = np.array(arch.support)
            residual = np.abs(w @ loss.gram - loss.b)[support]
            terms = (np.abs(w) @ np.abs(loss.gram) + np.abs(loss.b))[support]
            zero = (residual <= NONZERO_ON_STRATUM * terms.max()).all() and np.isfinite(terms).all()
        if not zero:
            raise InputError(f"zero_residual.{name}: its residual is not zero; expected a filter w with Σw = b")
