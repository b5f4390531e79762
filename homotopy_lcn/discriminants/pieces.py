"""The factors of a filter, found from their product by Newton's method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..arrays import Complex, Real
from ..networks.strata import Stratum
from .tolerances import WALLS

__all__ = ["is_product", "pieces_of_filter", "random_pieces", "real_forms", "with_scale"]

#: Steps of Newton's method from a filter to its pieces, and the distance from the filter that ends them.
STEPS_TO_PIECES, AT_THE_FILTER = 40, 1e-13
#: Random starts for the pieces after those from critical points.
RANDOM_PIECES = 24


def is_product(stratum: Stratum, positions: Sequence[int], w: Real) -> bool:
    """Whether pieces of a filter (K,) are found from random starts."""
    return any(pieces_of_filter(stratum, positions, w, start) is not None for start in random_pieces(stratum))


def random_pieces(stratum: Stratum) -> Iterator[Real]:
    """Some scalars and pieces (coordinates,) to start from."""
    rng = np.random.default_rng(stratum.coordinates)
    for _ in range(RANDOM_PIECES):
        yield np.concatenate([[1.0], rng.standard_normal(stratum.coordinates - 1)])


def with_scale(stratum: Stratum, positions: Sequence[int], w: Real, start: Real) -> Real:
    """The pieces (coordinates,) with the scalar for which their product is nearest to a filter (K,)."""
    at = np.concatenate([[1.0], start[1:]])
    value = np.zeros(len(w))
    np.add.at(value, np.array(positions), _product(stratum, at)[0])
    at[0] = float(value @ w) / float(value @ value) if value.any() else 1.0
    return at


def pieces_of_filter(stratum: Stratum, positions: Sequence[int], w: Real, start: Real) -> Real | None:
    """The scalar and the pieces (coordinates,) of a filter (K,), None if Newton's method does not find them.

    Parameters
    ----------
    stratum : Stratum
        The pieces, with their powers.
    positions : sequence of int
        As those of `Embedding`.
    w : (K,) array
    start : (coordinates,) array
        The scalar and pieces near those of w.
    """
    size = float(np.linalg.norm(w))
    if not size:
        return None
    at, goal = np.array(start, float), w / size
    at[0] = 1.0
    spread = np.zeros((len(w), stratum.filter_size))
    np.add.at(spread, (np.array(positions), np.arange(stratum.filter_size)), 1.0)
    rest = np.inf
    for _ in range(STEPS_TO_PIECES):
        for part in stratum.slices:
            length = float(np.linalg.norm(at[part]))
            at[part] /= length or 1.0
        value = spread @ _product(stratum, at)[0]
        # The scalar is that with which the product is nearest to w.
        at[0] *= float(value @ goal) / float(value @ value) if value.any() else 1.0
        value, slopes = _product(stratum, at)
        residual = spread @ value - goal
        rest = float(np.linalg.norm(residual))
        if rest <= AT_THE_FILTER:
            break
        change = np.linalg.lstsq(spread @ slopes, residual, rcond=None)[0]
        at = at - change / max(1.0, float(np.linalg.norm(change)))
    at[0] *= size
    return at if rest <= WALLS.joined and np.isfinite(at).all() else None


def real_forms(stratum: Stratum, factors: Complex) -> Real:
    """Factors (P, Σ(d_f + 1)) of real points, each turned so that its largest coefficient is one."""
    parts, start = [], 0
    for factor in stratum.factors:
        form = factors[:, start : start + factor.degree + 1]
        start += factor.degree + 1
        largest = np.take_along_axis(form, np.argmax(np.abs(form), axis=1)[:, None], axis=1)
        parts.append((form / largest).real)
    return np.concatenate(parts, axis=1)


def _product(stratum: Stratum, at: Real) -> tuple[Real, Real]:
    """The filter of a scalar and pieces, and its derivatives in all of them."""
    dilated = []
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        form = np.zeros(factor.degree * factor.dilation + 1)
        form[list(factor.places)] = at[part]
        dilated.append(form)
    columns = [_multiplied(dilated, [factor.power for factor in stratum.factors])]
    value = at[0] * columns[0]
    for f, factor in enumerate(stratum.factors):
        rest = at[0] * factor.power * _multiplied(dilated, [h.power - (g == f) for g, h in enumerate(stratum.factors)])
        for place in factor.places:
            column = np.zeros(len(value))
            column[place : place + len(rest)] = rest
            columns.append(column)
    return value, np.array(columns).T


def _multiplied(forms: Sequence[Real], powers: Sequence[int]) -> Real:
    result = np.ones(1)
    for form, power in zip(forms, powers, strict=True):
        for _ in range(power):
            result = np.convolve(result, form)
    return result
