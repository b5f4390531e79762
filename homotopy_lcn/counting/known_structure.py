"""Gram matrices of a known structure, and the sentence on a result whose points ran to infinity.

A structure is recognised from the entries: exactly, or up to rounding. The number of points for generic b is then told
where it is known at once, with the rule that gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Real
from ..errors import InputError
from ..networks.patterns import format_pattern
from ..networks.strata import Embedding, Stratum
from .autocovariances import arma_autocovariances, is_stationary
from .eigenvalues import fibre_of
from .exact_counts import Established
from .formulas import tensor_count, two_layer_count
from .gram_matrices import GramMatrix
from .quick_numbers import exact_gram, gives_all_points, number_at_once
from .rank_rule import lag_matrix, most_by_nodes

if TYPE_CHECKING:
    from ..losses.squared_loss import SquaredLoss
    from ..results.parts import ResultParts
    from ..results.points import StratumResult

__all__ = ["Structure", "all_points_are_found", "describe_lost_points", "recognized"]

#: Entries agree with a structure up to this part of the largest one: sums over samples of exact data are no worse.
UP_TO_ROUNDING = 1e-12
#: Coefficients are taken for fractions with denominators up to this one if the entries agree.
LARGEST_DENOMINATOR = 1000

Entries = Sequence[Sequence[float | Fraction]]


@dataclass(frozen=True)
class Structure:
    """The structure of a Gram matrix.

    Attributes
    ----------
    words : str
        As in ``"AR(1) data"``.
    gram : GramMatrix
        An exact matrix of this structure, which is the given one or differs from it by rounding.
    exact : bool
        Whether it is the given one, up to a factor.
    order : tuple of int or None
        (p, q) of autocovariances of an AR(p) or MA(q) series.
    """

    words: str
    gram: GramMatrix
    exact: bool
    order: tuple[int, int] | None = None


def recognized(entries: Entries) -> Structure | None:
    """The structure of a Gram matrix, the simplest that fits; None if none fits.

    White data, white data with exponential weights, autocovariances of AR(p) and MA(q) series with orders below K − 1,
    exchangeable, Toeplitz and diagonal matrices are recognised.

    Parameters
    ----------
    entries : (K, K) rows of doubles or fractions

    Examples
    --------
    >>> recognized([[4.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 4.0]]).words
    'AR(1) data'
    >>> recognized([[1.0, 0.3, 0.09], [0.3, 1.0, 0.3], [0.09, 0.3, 1.0]]).exact
    False
    """
    given = exact_gram(entries)
    if given is None:
        return None
    array = given.array / given.array[0, 0]
    off_diagonal = np.abs(array - np.diag(np.diag(array))).max(initial=0.0)
    if off_diagonal <= UP_TO_ROUNDING * array.max():
        return _diagonal(np.diag(array), given)
    if any(np.ptp(np.diagonal(array, h)) > UP_TO_ROUNDING for h in range(len(array))):
        return None
    gamma = np.array([np.diagonal(array, h).mean() for h in range(len(array))])
    series = [one for one in (_autoregressive(gamma, given), _moving_average(gamma, given)) if one is not None]
    return min(series, key=lambda one: sum(one.order or ()), default=None) or _other_toeplitz(gamma, given)


def _made(words: str, gram: GramMatrix | None, given: GramMatrix, order: tuple[int, int] | None = None) -> Structure:
    if gram is None:
        return Structure(words, given, True, order)
    corner = given.entries[0][0] / gram.entries[0][0]
    exact = all(
        corner * one == other
        for row, known in zip(gram.entries, given.entries, strict=True)
        for one, other in zip(row, known, strict=True)
    )
    return Structure(words, gram, exact, order)


def _toeplitz(gamma: Sequence[Fraction]) -> GramMatrix | None:
    size = len(gamma)
    return exact_gram([[gamma[abs(i - j)] for j in range(size)] for i in range(size)])


def _near(gram: GramMatrix | None, gamma: Real) -> bool:
    """Whether the autocovariances of a matrix, scaled to variance one, are these up to rounding."""
    if gram is None:
        return False
    first = gram.array[0] / gram.array[0, 0]
    return bool(np.abs(first - gamma).max() <= UP_TO_ROUNDING)


def _fractions(values: Sequence[float]) -> list[list[Fraction]]:
    """Simple fractions near some doubles, and the doubles themselves."""
    exact = [Fraction(float(value)) for value in values]
    return [[value.limit_denominator(LARGEST_DENOMINATOR) for value in exact], exact]


def _diagonal(diagonal: Real, given: GramMatrix) -> Structure | None:
    size = len(diagonal)
    if np.ptp(diagonal) <= UP_TO_ROUNDING:
        return _made("white data", exact_gram(np.eye(size).tolist()), given)
    ratio = diagonal[1] / diagonal[0]
    if np.abs(diagonal - ratio ** np.arange(size)).max() <= UP_TO_ROUNDING * diagonal.max():
        for [value] in _fractions([ratio]):
            weights = [value**i for i in range(size)]
            gram = exact_gram([[weights[i] if i == j else Fraction(0) for j in range(size)] for i in range(size)])
            if gram is not None and np.allclose(np.diag(gram.array), diagonal, rtol=UP_TO_ROUNDING, atol=0):
                return _made("white data with exponential weights", gram, given)
    return Structure("diagonal Gram matrix", given, True)


def _autoregressive(gamma: Real, given: GramMatrix) -> Structure | None:
    """AR(p), p < K − 1: all partial autocorrelations after the p-th are zero."""
    partial, phi = _levinson(gamma)
    order = max((i for i, value in enumerate(partial, 1) if abs(value) > UP_TO_ROUNDING), default=0)
    if not 0 < order < len(gamma) - 1:
        return None
    for coefficients in _fractions(phi[order - 1]):
        if not is_stationary(coefficients):
            continue
        gram = _toeplitz(arma_autocovariances(coefficients, [], len(gamma)))
        if _near(gram, gamma):
            lags = [i for i, value in enumerate(coefficients, 1) if value]
            seasonal = lags == [order] and order > 1
            words = f"seasonal data of period {order}" if seasonal else f"AR({order}) data"
            return _made(words, gram, given, (order, 0))
    return None


def _levinson(gamma: Real) -> tuple[list[float], list[list[float]]]:
    """The partial autocorrelations, and for each order the coefficients of the best prediction."""
    partial: list[float] = []
    all_phi: list[list[float]] = []
    phi, error = np.zeros(0), float(gamma[0])
    for order in range(1, len(gamma)):
        last = (gamma[order] - phi @ gamma[order - 1 : 0 : -1]) / error
        phi = np.append(phi - last * phi[::-1], last)
        error *= 1 - last**2
        partial.append(float(last))
        all_phi.append([float(value) if abs(value) > UP_TO_ROUNDING else 0.0 for value in phi])
        if error <= UP_TO_ROUNDING:
            break
    return partial, all_phi


def _moving_average(gamma: Real, given: GramMatrix) -> Structure | None:
    """MA(q), q < K − 1: all autocovariances after the q-th are zero."""
    order = int(np.flatnonzero(np.abs(gamma) > UP_TO_ROUNDING).max())
    if order >= len(gamma) - 1 or not _is_spectrum(gamma[: order + 1]):
        return None
    for values in _fractions(gamma[: order + 1].tolist()):
        gram = _toeplitz([*values, *[Fraction(0)] * (len(gamma) - 1 - order)])
        if _near(gram, gamma):
            return _made(f"MA({order}) data", gram, given, (0, order))
    return None


def _is_spectrum(gamma: Real) -> bool:
    """Whether γ_0 + 2 Σ γ_h cos(h t) is nowhere negative: then these are autocovariances of a moving average."""
    polynomial = np.concatenate([gamma[::-1], gamma[1:]])
    roots = np.roots(polynomial)
    on_circle = roots[np.abs(np.abs(roots) - 1) < np.sqrt(UP_TO_ROUNDING)]
    angles = np.concatenate([[0.0, np.pi], np.angle(on_circle), np.linspace(0, np.pi, 16 * len(gamma))])
    values = gamma[0] + 2 * np.cos(np.outer(angles, np.arange(1, len(gamma)))) @ gamma[1:]
    return bool(values.min() >= -len(gamma) * UP_TO_ROUNDING)


def _other_toeplitz(gamma: Real, given: GramMatrix) -> Structure:
    if np.ptp(gamma[1:]) <= UP_TO_ROUNDING:
        for [rho] in _fractions([float(gamma[1])]):
            gram = _toeplitz([Fraction(1), *[rho] * (len(gamma) - 1)])
            if _near(gram, gamma):
                return _made("exchangeable data", gram, given)
    return Structure("Toeplitz Gram matrix", given, given.is_toeplitz)


def describe_lost_points(result: ResultParts) -> str:
    """Say of a result whose points ran to infinity which structure its Gram matrix has, and how many points are lost.

    As in ``AR(1) data: 23 of 39 by the ARMA rule``. Empty if the structure is not known, or tells no number at once.
    """
    lost = [row for row in result.strata if row.at_infinity]
    if not lost:
        return ""
    try:
        sentences = [(row, _sentence(result, row)) for row in lost]
    except InputError:  # a loss that is no loss of a positive definite matrix
        return ""
    several = len(result.strata) > 1
    return "; ".join(
        f"stratum {format_pattern(row.pattern)}: {text}" if several else text for row, text in sentences if text
    )


def _sentence(result: ResultParts, row: StratumResult) -> str:
    embedding = Embedding.of_pattern(result.architecture, row.pattern)
    stratum = embedding.stratum
    own = exact_gram(_part(_entries(result.loss), embedding))
    if own is None:
        return ""
    known = recognized(_entries(result.loss))
    words = "this Gram matrix" if known is None else known.words
    number = number_at_once(stratum, own, row.found)
    structured = own
    if number is None and known is not None and not known.exact:
        part = exact_gram(_part(known.gram.entries, embedding))
        structured = part or own
        number = number_at_once(stratum, structured, row.found)
        words = f"{words}, up to rounding"
    order = None if known is None else known.order
    if number is not None and number.number < row.generic:
        return f"{words}: {number.number} of {row.generic} by {_rule(number, stratum, structured, order)}"
    lags = lag_matrix(stratum, structured)
    if lags is not None and lags.loses_points:
        return f"{words}: points are lost by {_rank_rule(stratum, order)}"
    return ""


def _entries(loss: SquaredLoss) -> Entries:
    return loss.gram.tolist() if loss.exact is None else loss.exact.gram


def _part(entries: Entries, embedding: Embedding) -> Entries:
    return [[entries[i][j] for j in embedding.positions] for i in embedding.positions]


def _rule(number: Established, stratum: Stratum, gram: GramMatrix, order: tuple[int, int] | None) -> str:
    """The rule that gives a number, in words."""
    if number.method == "nodes":
        return _rank_rule(stratum, order)
    if number.method == "eigenvalues":
        if fibre_of(stratum) is not None:
            return "the eigenvalue rule"
        nodes = most_by_nodes(stratum, gram)
        return "the pencil rule" if nodes is None or nodes[0] != number.number else _rank_rule(stratum, order)
    if tensor_count(stratum, gram) is not None:
        return "the formula of Friedland and Ottaviani"
    if two_layer_count(stratum, gram) is not None:
        return "the formula for white data and two layers"
    return "the formula for powers of one linear form"


def _rank_rule(stratum: Stratum, order: tuple[int, int] | None) -> str:
    """The ARMA rule where it says that points are lost, else the rank rule."""
    low, high = sorted(stratum.factors, key=lambda factor: factor.dilation)
    if order is not None and low.dilation == 1:
        p, q = order
        most = p + 1 + (low.degree + q - p) // high.dilation
        if most <= min(low.degree, high.degree):
            return "the ARMA rule"
    return "the rank rule"


def all_points_are_found(result: ResultParts) -> bool:
    """Whether the points of a result are all for its exact data, by the exact numbers of strata that lost points.

    Nonsingular points of doubles are near points of the exact numbers that the doubles were rounded from.
    """
    lost = [row for row in result.strata if row.at_infinity]
    return all(
        not row.missing
        and gives_all_points(
            (embedding := Embedding.of_pattern(result.architecture, row.pattern)).stratum,
            _part(_entries(result.loss), embedding),
            row.found,
        )
        for row in lost
    )
