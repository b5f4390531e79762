"""What a result says in words: where paths end, what is complete, continua, coincidences, and the infimum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..doors import door
from ..networks.patterns import format_pattern
from .continua import Continuum
from .pairs import maybe_ill_conditioned, maybe_special
from .parts import ResultParts
from .points import CriticalPoint, StratumResult, quantity

__all__ = [
    "describe_coincidences",
    "describe_completeness",
    "describe_conditions",
    "describe_continua",
    "describe_edit",
    "describe_gap",
    "describe_least_loss",
    "describe_lost_points",
    "describe_paths",
    "quantity_of_continua",
]


def describe_completeness(result: ResultParts) -> str:
    """Say of a complete result which filters it lists.

    A continuum of filters that are not real may run from w = 0 to infinity. No path has a finite end on it then, so
    where paths end at infinity or at w = 0 the statement is about isolated filters. Where the rank of Σ is so small
    that generic data of this rank have no isolated critical points on a stratum, no continua are sought there but the
    filters of residual zero.
    """
    if result.continua:
        known = f"all isolated critical filters w ≠ 0, and {describe_continua(result.continua)}"
        unsought = [format_pattern(row.pattern) for row in result.strata if row.generic == 0]
        if result.zero_residual is None or not unsought:
            return known
        return f"{known} (others were not sought on {', '.join(unsought)}, of a dimension above the rank)"
    away = any(row.at_infinity or row.origin for row in result.strata)
    return f"all {'isolated ' if away or result.zero_residual is not None else ''}critical filters w ≠ 0"


def describe_edit(result: ResultParts) -> list[str]:
    """Say that the file of a result was changed, or that nobody can tell; nothing for any other result."""
    if result.edited is None:
        return ["of a file without a digest: whether it was edited cannot be told"]
    return ["edited: the file was changed after it was written, its digest does not fit"] if result.edited else []


def quantity_of_continua(number: int) -> str:
    """The number of continua with its noun."""
    return quantity(number, "continuum", "continua")


def describe_continua(continua: Iterable[Continuum]) -> str:
    """Say how many continua there are, how many have real points, and of how many that is undecided."""
    answers = Counter(part.real for part in continua)
    number = answers.total()
    if number == 1:
        (real,) = answers
        rest = {True: " with real points", False: " without real points", None: ", undecided whether with real points"}
        return quantity_of_continua(1) + rest[real]
    undecided = f", {answers[None]} undecided" if answers[None] else ""
    return f"{quantity_of_continua(number)}, {answers[True] or 'none'} of them with real points{undecided}"


def describe_least_loss(result: ResultParts, best: CriticalPoint | None) -> str:
    """Say what the infimum of the loss is, and where it is attained.

    Parameters
    ----------
    result : ResultParts
    best : CriticalPoint or None
        The global minimum of the result.
    """
    value, attained = result.infimum.value, result.infimum.attained
    if value is None:
        return "undecided"
    if attained is None:
        return f"{value:.10g}, undecided whether attained"
    if not attained:
        return f"none: the infimum {value:.10g} is not attained"
    if best is None:
        return f"{value:.10g}" + (" at w = 0" if value >= result.loss.constant else "")
    places = [place for place, part in enumerate(result.continua) if any(point is best for point in part.points)]
    return f"{best.loss.real:.10g}" + "".join(f" on continuum {place}" for place in places)


def describe_coincidences(result: ResultParts) -> str:
    """Say how many filters are critical on several strata, or multiple points; nothing if there are none."""
    strata = Counter(1 + len(point.also_on) for point in maybe_special(result.points) if point.also_on)
    # A filter on several strata is at least as many points.
    multiple = [point for point in maybe_special(result.points) if point.multiplicity > 1 + len(point.also_on)]
    multiplicities = Counter(point.multiplicity for point in multiple)
    parts = [
        f"{quantity(number, 'filter is', 'filters are')} critical on {count} strata"
        for count, number in sorted(strata.items())
    ]
    parts += [
        f"{quantity(number, 'filter is a point', 'filters are points')} of multiplicity {multiplicity}"
        for multiplicity, number in sorted(multiplicities.items())
    ]
    return "; ".join(parts)


def describe_paths(result: ResultParts) -> str:
    """Say where the paths end that do not end at nonsingular critical points."""
    counts = result.counts
    isolated = sum(not point.nonsingular for point in maybe_special(result.points))
    parts = []
    if counts.at_infinity:
        parts.append(f"{counts.at_infinity} to infinity")
    if counts.origin:
        parts.append(f"{counts.origin} to w = 0")
    if counts.singular:
        places = [quantity(isolated, "isolated point", "isolated points")] if isolated else []
        places += [quantity_of_continua(len(result.continua))] if result.continua else []
        parts.append(
            f"{counts.singular} to singular ends ({', '.join(places)})" if places else f"{counts.singular} singular"
        )
    return ", ".join(parts)


def describe_lost_points(result: ResultParts) -> str:
    """Say why points are at infinity where the structure of the Gram matrix tells, as in ``AR(1) data: 23 of 39 …``."""
    if not any(row.at_infinity for row in result.strata):
        return ""
    text: str = door("describe_lost_points")(result)
    return text


def describe_conditions(result: ResultParts) -> str:
    """Say how many of the nonsingular points are ill-conditioned, and how much; nothing if none is."""
    points = [p for p in maybe_ill_conditioned(result.points) if p.nonsingular and p.ill_conditioned]
    if not points:
        return ""
    conditions = sorted(point.condition for point in points if point.condition is not None)
    spread = " to ".join(dict.fromkeys(f"{value:.1e}" for value in (conditions[0], conditions[-1])))
    number = "condition number" if len(points) == 1 else "condition numbers"
    return f"{len(points)} of {len(result.points)} ({sum(point.real for point in points)} real), {number} {spread}"


def describe_gap(row: StratumResult) -> str:
    """Say of a stratum with points not accounted for how many were found, and where the others are."""
    numbers = {"at infinity": row.at_infinity, "singular": row.singular, "at zero": row.origin, "missing": row.missing}
    reasons = [f"{number} {reason}" for reason, number in numbers.items() if number]
    unlisted = min(row.statistics.get("unlisted", 0), row.missing)
    if unlisted > 0:
        reasons.append(f"{unlisted} of these so far away, or so near w = 0, that doubles cannot tell the filter")
    return ", ".join([f"stratum {format_pattern(row.pattern)}: {row.found} of {row.generic} found", *reasons])
