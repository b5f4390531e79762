"""Rules that answers about critical points have to keep, decided without the package's own mathematics.

*Whatever is listed* has to be right: parameters compose to their filter and have a vanishing gradient, losses are those
of the filters, kinds and indices agree with the inertia of the Hessian, a point called isolated lies on no continuum,
the points of a continuum have its loss, and the global minimum is no saddle and as low as the infimum.

*A complete answer* has to list all: non-real points with their conjugates; no descent ends below the infimum or the
global minimum; where a descent ends there is a minimum, or a continuum of minima, of this loss, and the very point if
the Hessian is regular; descents come near an infimum that is not attained, and none arrives there; critical points of
any kind that least squares of the gradient find are listed, too. If Σ = αI and two layers do not overlap, the critical
points are the singular pairs of a matrix: one real point for each simple singular value σ ≠ 0, of loss c − σ²/α; for
one of multiplicity m a real continuum of dimension m − 1; the largest one gives the minima; nothing else is isolated.
More such layers have no more isolated points than a tensor has singular vector tuples (Friedland and Ottaviani 2014).
With b = 0 no point is isolated, and if Σ is positive definite no real filter but zero is critical.

An answer is *incomplete* if it says that it is, or leaves open whether a continuum is real.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plain_loss import FLAT, PlainLoss, Real

#: Largest relative gradient at reported parameters, at the limit of a descent, and where it is said to vanish.
SLOPE, LIMIT_SLOPE, CRITICAL_SLOPE = 1e-7, 1e-6, 1e-10
#: Relative differences of losses that are equal: of one point, computed twice; of a descent and a listed minimum.
SAME_LOSS, LIMIT_LOSS = 1e-9, 1e-6
#: Relative difference of a filter and the filter of its parameters, nonsingular and singular.
SAME_FILTER = (1e-8, 1e-4)
#: Relative differences of filters from rounding, multiplied by condition numbers, and at most.
ROUNDING, EQUAL, EQUAL_IF_SINGULAR = 1e-14, 1e-8, 1e-4
#: Two points closer than this are one.
TWICE = 1e-10
#: Eigenvalues of a Hessian, relative to the largest: of sure sign; zero for a degenerate point; zero but for rounding.
SURE, DEGENERATE, ROUNDED = 1e-7, 1e-4, 1e-14
#: A relative eigenvalue in 50 digits above this is none of a degenerate point: far along dead channels there are 9e-17.
REGULAR = 1e-18
#: Singular values that differ by less, relative to the largest, are equal: so far rounding of the data goes.
TIED = 1e-12
#: A critical point that was found, with smallest eigenvalue above this, is listed within this of its size.
STRICT, LIMIT_FILTER = 1e-3, 1e-4
#: Filters smaller than this, relative to the target, lie on the way to zero; larger ones on that to infinity if Σ is
#: singular.
ZERO, ESCAPING = 1e-3, 30.0
#: Descents and searches from random starts; descents that look for an infimum that is not attained, and how near they
#: come, relative to the loss.
STARTS, STARTS_TO_INFINITY, NEAR_INFIMUM = 4, 40, 1e-2
#: Searches for other parameters over a filter.
FACTORIZATIONS = 40


@dataclass(frozen=True)
class Answer:
    """What a result claims.

    Results that have no `continua` list one point for each continuum, which is not `isolated`; whether it is real they
    leave open.
    """

    complete: bool
    isolated: list[Any]
    continua: list[Any]
    best: Any
    infimum: float | None
    infimum_attained: bool | None

    @classmethod
    def of(cls, result: Any) -> Answer:
        """The claims of a result."""
        isolated = [point for point in result.points if point.isolated]
        continua = list(getattr(result, "continua", ()))
        continua += [
            SimpleNamespace(
                pattern=point.stratum, dimension=None, loss=point.loss, real=None, attained=None, kind=None,
                points=(point,),
            )
            for point in result.points if not point.isolated
        ]  # fmt: skip
        infimum = getattr(result, "infimum", None)
        value, attained = (None, None) if infimum is None else (infimum.value, infimum.attained)
        return cls(bool(result.complete), isolated, continua, result.global_minimum, value, attained)

    @property
    def undecided(self) -> bool:
        """Whether it is open if a continuum is real, or what a real attained one is."""
        return any(c.real is None or (c.real and c.attained is None) for c in self.continua) or any(
            c.real and c.attained and c.kind is None for c in self.continua
        )

    @property
    def least(self) -> float | None:
        """The loss below which nothing is claimed to lie."""
        if self.infimum is not None:
            return self.infimum
        return None if self.best is None else float(self.best.loss)

    def near(self, plain: PlainLoss) -> float:
        """How accurate the least loss has to be: an infimum that is not attained is an extrapolation."""
        same = SAME_LOSS if self.infimum_attained is not False else LIMIT_LOSS
        return same * (plain.scale + abs(plain.constant))

    def of_minima(self) -> list[float]:
        """Losses at which descents may end."""
        points = [
            p.loss for p in self.isolated if p.real and any(kind in ("minimum", "degenerate", None) for kind in p.kinds)
        ]
        continua = [
            np.real(c.loss) for c in self.continua if c.real is not False and c.kind in ("minimum", "degenerate", None)
        ]
        return [float(loss) for loss in [*points, *continua]]


@dataclass
class Verdict:
    """The outcome of one answer: ``right``, ``incomplete`` or ``wrong``, and what contradicts it."""

    outcome: str
    remarks: list[str] = field(default_factory=list)


def judge(plain: PlainLoss, result: Any, rng: np.random.Generator) -> Verdict:
    """Hold an answer against all rules."""
    answer = Answer.of(result)
    remarks = list(listed_wrong(plain, answer))
    if answer.complete:
        remarks += unpaired(answer)
        remarks += against_descents(plain, answer, rng)
        remarks += against_infimum(plain, answer, rng)
        remarks += against_other_zeros(plain, answer, rng)
        remarks += against_singular_values(plain, answer)
        remarks += against_zero_moments(plain, answer)
    if remarks:
        return Verdict("wrong", list(dict.fromkeys(remarks)))
    return Verdict("right" if answer.complete and not answer.undecided else "incomplete")


# What is listed


def listed_wrong(plain: PlainLoss, answer: Answer) -> Iterator[str]:
    """What is wrong with the points and continua that are listed."""
    for point in answer.isolated:
        yield from wrong_point(plain, point, least=answer.infimum if answer.infimum_attained else None)
        if point.real and any(on_continuum(plain, np.concatenate(theta)) for theta in point.parameters):
            yield f"a point of loss {point.loss:.9g} listed as isolated lies on a real continuum"
    yield from listed_twice(answer)
    for continuum in answer.continua:
        yield from wrong_continuum(plain, continuum)
    yield from wrong_infimum(plain, answer)


def on_continuum(plain: PlainLoss, theta: Real) -> bool:
    """Whether a real continuum of critical parameters passes through critical ones."""
    flat = bool(np.abs(plain.inertia(theta)).min(initial=1.0) < FLAT)
    return flat and plain.continues(theta) and _regular_inertia(plain, theta) is None


def wrong_point(plain: PlainLoss, point: Any, isolated: bool = True, least: float | None = None) -> Iterator[str]:
    """What is wrong with one point and the parameters over it; ``least`` is the least loss, if it is attained."""
    if not point.real:
        return
    w = np.real(point.filter)
    terms = abs(w @ plain.gram @ w) + 2 * abs(plain.b @ w) + abs(plain.constant)
    if abs(plain.at_filter(w) - point.loss) > SAME_LOSS * terms:
        yield f"loss {point.loss:.9g} of a filter of loss {plain.at_filter(w):.9g}"
    for theta, kind, index in zip(point.parameters, point.kinds, point.indices, strict=True):
        vector = np.concatenate(theta)
        apart = np.linalg.norm(plain.filter(vector) - w) / np.linalg.norm(w)
        if apart > SAME_FILTER[not (isolated and point.nonsingular)]:
            yield f"parameters of another filter, {apart:.1e} away"
        slope = plain.slope(vector, stored=True)
        if not slope < SLOPE:
            yield f"gradient {slope:.1e} at a point of loss {point.loss:.9g}"
        perfect = plain.at_filter(w) < max(plain.floor, -np.inf if least is None else least) + SAME_LOSS * terms
        inertia, allowed = plain.inertia(vector), perfect or not isolated
        if not allowed and kind != "degenerate" and np.abs(inertia).min(initial=1.0) < ROUNDED:
            sharp = _regular_inertia(plain, vector)
            inertia, allowed = (inertia, False) if sharp is None else (sharp, True)
        yield from wrong_kind(inertia, kind, index, degenerate=allowed)


def _regular_inertia(plain: PlainLoss, theta: Real) -> Real | None:
    """The inertia in many digits; None if a critical point with a regular Hessian is not near."""
    sharp = plain.sharp_inertia(theta)
    return None if sharp is None or np.abs(sharp).min(initial=1.0) <= REGULAR else sharp


def wrong_kind(eigenvalues: Real, kind: str | None, index: int | None, degenerate: bool = False) -> Iterator[str]:
    """How a kind and an index contradict the eigenvalues of the Hessian; ``degenerate`` allows any kind to have zeros.

    A perfect fit, for example, is a minimum whatever its Hessian.
    """
    negative, open_ = int((eigenvalues < -SURE).sum()), int((np.abs(eigenvalues) <= SURE).sum())
    smallest = np.abs(eigenvalues).min(initial=1.0)
    if index is not None and not negative <= index <= negative + open_:
        yield f"index {index} where {negative} eigenvalues are negative and {open_} near zero"
    if kind == "minimum" and negative:
        yield f"a minimum with {negative} negative eigenvalues"
    if kind == "saddle" and not negative + open_:
        yield "a saddle without negative eigenvalues"
    if kind == "degenerate" and smallest > DEGENERATE:
        yield f"a degenerate point, the smallest eigenvalue is {smallest:.1e}"
    if kind in ("minimum", "saddle") and smallest < ROUNDED and not degenerate:
        yield f"a {kind}, nondegenerate, the smallest eigenvalue is {smallest:.1e}"


def listed_twice(answer: Answer) -> Iterator[str]:
    """Points that are one."""
    filters = np.array([point.filter for point in answer.isolated])
    for number in range(1, len(filters)):
        distances = np.linalg.norm(filters[:number] - filters[number], axis=1)
        if distances.min() < TWICE * np.linalg.norm(filters[number]):
            yield f"a point of loss {answer.isolated[number].loss:.9g} is listed twice"


def wrong_continuum(plain: PlainLoss, continuum: Any) -> Iterator[str]:
    """What is wrong with a continuum and the points on it."""
    name = f"continuum of loss {continuum.loss:.9g}"
    if continuum.dimension is not None and continuum.dimension < 1:
        yield f"{name}: dimension {continuum.dimension}"
    if continuum.real and not continuum.points:
        yield f"{name}: real, without a point"
    if continuum.real and not all(point.real for point in continuum.points):
        yield f"{name}: real, with non-real points"
    if continuum.real and continuum.attained and not any(point.parameters for point in continuum.points):
        yield f"{name}: attained, without parameters"
    if continuum.real is False and any(point.real and point.parameters for point in continuum.points):
        yield f"{name}: not real, with a real point"
    for point in continuum.points:
        if abs(point.loss - continuum.loss) > SAME_LOSS * (plain.scale + abs(plain.constant) + abs(continuum.loss)):
            yield f"{name}: a point has loss {point.loss:.9g}"
        if not point.real:
            continue
        yield from (f"{name}: {what}" for what in wrong_point(plain, point, isolated=False))
        smallest: list[float] = []
        for theta in point.parameters:
            eigenvalues = plain.inertia(np.concatenate(theta))
            smallest.append(np.abs(eigenvalues).min(initial=1.0))
            if continuum.kind == "minimum" and (eigenvalues < -SURE).any():
                yield f"{name}: a minimum with negative eigenvalues"
            if continuum.kind == "saddle" and eigenvalues.min() > SURE:
                yield f"{name}: a saddle without negative eigenvalues"
        # Other parameters over the same filter may be isolated, where sheets of M cross.
        if smallest and min(smallest) > DEGENERATE:
            yield f"{name}: a point has a regular Hessian"


def wrong_infimum(plain: PlainLoss, answer: Answer) -> Iterator[str]:
    """What is wrong with the global minimum and the infimum."""
    near = answer.near(plain)
    if answer.best is not None:
        for theta in answer.best.parameters:
            if (plain.inertia(np.concatenate(theta)) < -SURE).any():
                yield "the global minimum is a saddle"
        if answer.infimum is not None and abs(answer.infimum - answer.best.loss) > near:
            yield f"infimum {answer.infimum:.9g}, global minimum {answer.best.loss:.9g}"
        if answer.infimum_attained is False:
            yield "a global minimum though the infimum is not attained"
    if answer.least is None:
        return
    attained = [p.loss for p in answer.isolated if p.real and p.parameters]
    attained += [float(np.real(c.loss)) for c in answer.continua if c.real and c.attained]
    if attained and min(attained) < answer.least - near:
        yield f"a point of loss {min(attained):.9g} below the infimum {answer.least:.9g}"
    if answer.least < plain.floor - near:
        yield f"infimum {answer.least:.9g} below the loss {plain.floor:.9g} of all filters"
    if answer.least > plain.constant + near:
        yield f"infimum {answer.least:.9g} above the loss {plain.constant:.9g} of w = 0"
    if plain.definite and answer.infimum_attained is False:
        yield "an infimum not attained though Σ is positive definite"
    if answer.infimum_attained and answer.best is None and answer.least < plain.constant - near:
        yield f"infimum {answer.least:.9g}, attained, without a point"


# What is missing


def unpaired(answer: Answer) -> Iterator[str]:
    """Non-real points without their conjugates."""
    points = [point for point in answer.isolated if not point.real]
    left = np.ones(len(points), dtype=bool)
    filters = np.array([point.filter for point in points])
    for number, point in enumerate(points):
        if left[number]:
            distances = np.linalg.norm(filters - filters[number].conj(), axis=1)
            distances[~left] = np.inf
            distances[number] = np.inf
            other = int(distances.argmin())
            if distances[other] > tolerance(point) * np.linalg.norm(filters[number]):
                yield "a non-real point without its conjugate"
                return
            left[[number, other]] = False


def tolerance(point: Any) -> float:
    """What rounding may change in the filter of a point, relative to its size."""
    if not point.nonsingular or point.condition is None:
        return EQUAL_IF_SINGULAR
    return float(np.clip(ROUNDING * point.condition, EQUAL, EQUAL_IF_SINGULAR))


def against_descents(plain: PlainLoss, answer: Answer, rng: np.random.Generator, starts: int = STARTS) -> Iterator[str]:
    """Where descents end that should not, or where nothing is listed."""
    minima = answer.of_minima()
    for _ in range(starts):
        limit = plain.descend(rng)
        if answer.least is not None and limit.loss < answer.least - answer.near(plain):
            yield f"a descent ends at {limit.loss:.9g}, below the infimum {answer.least:.9g}"
        if limit.slope > LIMIT_SLOPE or not finite_and_nonzero(plain, limit.theta) or plain.in_a_valley(limit.theta):
            continue
        if not any(abs(limit.loss - loss) < LIMIT_LOSS * plain.scale for loss in minima):
            yield f"a descent ends at {limit.loss:.9g}, where no minimum is listed"
        elif what := unlisted(plain, answer, limit.theta, ("minimum", "degenerate", None)):
            yield f"a descent ends at {what}"


def against_infimum(plain: PlainLoss, answer: Answer, rng: np.random.Generator) -> Iterator[str]:
    """An infimum that is not attained: some descents come near it, and none arrives."""
    if answer.infimum is None or answer.infimum_attained is not False:
        return
    nearest = np.inf
    for start in range(STARTS_TO_INFINITY):
        limit = plain.descend(rng, far=start % 2 == 1)
        nearest = min(nearest, limit.loss)
        arrived = limit.slope < LIMIT_SLOPE and finite_and_nonzero(plain, limit.theta)
        arrived = arrived and not plain.in_a_valley(limit.theta)
        if arrived and abs(limit.loss - answer.infimum) < SAME_LOSS * plain.scale:
            yield f"a descent attains the infimum {answer.infimum:.9g}"
            return
        if nearest < answer.infimum + NEAR_INFIMUM * plain.scale:
            return
    yield f"no descent comes near the infimum {answer.infimum:.9g}, the nearest ends at {nearest:.9g}"


def against_other_zeros(plain: PlainLoss, answer: Answer, rng: np.random.Generator) -> Iterator[str]:
    """Critical points of any kind that are not listed."""
    for _ in range(STARTS):
        theta = plain.settle(rng)
        if plain.slope(theta) < CRITICAL_SLOPE and finite_and_nonzero(plain, theta):
            what = unlisted(plain, answer, theta, ("minimum", "saddle", "degenerate", None))
            if what:
                yield f"the gradient vanishes at {what}"


def finite_and_nonzero(plain: PlainLoss, theta: Real) -> bool:
    """Whether the filter is neither on the way to zero nor, for singular Σ, on that to infinity.

    The target is the unit, or one if that is zero; then all filters of positive definite Σ are on the way to zero.
    """
    size, unit = np.linalg.norm(plain.filter(theta)), np.linalg.norm(plain.target) or 1.0
    if plain.definite and not plain.b[plain.used].any():
        return False
    return bool(size > ZERO * unit and (plain.definite or size < ESCAPING * unit))


def unlisted(plain: PlainLoss, answer: Answer, theta: Real, kinds: tuple[str | None, ...]) -> str:
    """What critical parameters stand for that is not listed, in words; nothing if all is well or it is unclear."""
    w, smallest = plain.filter(theta), np.abs(plain.inertia(theta)).min(initial=1.0)
    loss = plain.at_filter(w)
    if smallest > STRICT:
        real = [np.real(point.filter) for point in answer.isolated if point.real and point.parameters]
        if all(np.linalg.norm(w - other) > LIMIT_FILTER * np.linalg.norm(w) for other in real):
            if any(c.real is not False for c in answer.continua) and lies_on_continuum(plain, w):
                return ""
            return f"an isolated point of loss {loss:.9g} that is not listed as attained"
    elif on_continuum(plain, theta):
        continua = [c for c in answer.continua if c.real is not False and c.kind in kinds]
        if not any(abs(loss - c.loss) < LIMIT_LOSS * plain.scale for c in continua):
            return f"a continuum of loss {loss:.9g} that is not listed"
    return ""


def lies_on_continuum(plain: PlainLoss, w: Real) -> bool:
    """Whether a filter is on a continuum of critical filters, by way of other parameters over it."""
    rng = np.random.default_rng(0)
    for _ in range(FACTORIZATIONS):
        theta = plain.parameters_over(w, rng)
        if theta is not None and plain.slope(theta) < CRITICAL_SLOPE and on_continuum(plain, theta):
            return True
    return False


def against_singular_values(plain: PlainLoss, answer: Answer) -> Iterator[str]:
    """What contradicts the singular values of the target, if it is a matrix and Σ a multiple of the identity."""
    layers = [layer for layer, size in enumerate(plain.filters) if size > 1]
    places, variance = plain.used, plain.gram[plain.used[0], plain.used[0]]
    if len(layers) < 2 or len(places) != np.prod(plain.filters) or variance == 0:
        return
    if np.abs(plain.gram[np.ix_(places, places)] - variance * np.eye(len(places))).max() > 0:
        return
    if len(layers) > 2:
        bound = singular_vector_tuples(plain.filters)
        found = sum(point.nonsingular for point in answer.isolated)
        if found > bound:
            yield f"{found} isolated points of a tensor with at most {bound} singular vector tuples"
        return
    one, other = layers
    matrix = plain.b[
        np.add.outer(
            np.arange(plain.filters[one]) * plain.dilations[one],
            np.arange(plain.filters[other]) * plain.dilations[other],
        )
    ]
    yield from against_matrix(matrix, variance, plain.constant, answer)


def against_matrix(matrix: Real, variance: float, constant: float, answer: Answer) -> Iterator[str]:
    """What contradicts the singular values of a matrix.

    Beside the continua of equal singular values there are non-real ones, of the loss of w = 0: there w is the product
    of isotropic vectors of the two kernels.
    """
    values, multiplicities = distinct(np.linalg.svd(matrix, compute_uv=False))
    losses = constant - values**2 / variance
    near = SAME_LOSS * (abs(constant) + float((matrix**2).sum()) / variance or 1.0)
    simple = np.sort(losses[multiplicities == 1])
    if not all(point.real for point in answer.isolated):
        yield "a non-real isolated point of a matrix"
    found = np.sort([point.loss for point in answer.isolated if point.real])
    if len(found) != len(simple):
        yield f"{len(found)} real isolated points, {len(simple)} simple singular values"
    elif (np.abs(found - simple) > near).any():
        yield f"losses {found} of singular values with {simple}"
    minima = sum("minimum" in point.kinds for point in answer.isolated)
    expected = int(len(values) > 0 and multiplicities[0] == 1)
    if minima != expected:
        yield f"{minima} isolated minima instead of {expected}"
    kernel = min(matrix.shape) - multiplicities.sum() >= 2
    for continuum in answer.continua:
        tied = (np.abs(losses - continuum.loss) < near) & (multiplicities > 1)
        if not (tied.any() or (kernel and not continuum.real and abs(constant - continuum.loss) < near)):
            yield f"a continuum of loss {continuum.loss:.9g}, where no singular values are equal"
    for number in np.flatnonzero(multiplicities > 1):
        loss, times = losses[number], multiplicities[number]
        listed = [c for c in answer.continua if c.real is not False and abs(c.loss - loss) < near]
        if not listed:
            yield f"no real continuum of loss {loss:.9g}, where {times} singular values are equal"
        kind = "saddle" if number else "minimum"
        for continuum in listed:
            if continuum.kind not in (None, kind):
                yield f"continuum of loss {loss:.9g}: {continuum.kind} instead of {kind}"
            if continuum.dimension not in (None, times - 1):
                yield f"continuum of loss {loss:.9g}: dimension {continuum.dimension} instead of {times - 1}"
            if continuum.attained is False:
                yield f"continuum of loss {loss:.9g}: not attained"


def distinct(values: Real) -> tuple[Real, NDArray[np.int_]]:
    """The distinct numbers of a decreasing list, zero left out, and how often each occurs."""
    values = values[values > TIED * values[0]] if values[0] > 0 else values[:0]
    groups = np.split(values, np.flatnonzero(-np.diff(values) > TIED * values[0]) + 1) if len(values) else []
    return np.array([group.mean() for group in groups]), np.array([len(group) for group in groups], dtype=int)


def against_zero_moments(plain: PlainLoss, answer: Answer) -> Iterator[str]:
    """With b = 0 no critical filter is isolated; if Σ is positive definite none is real but w = 0."""
    if plain.b[plain.used].any():
        return
    if answer.isolated:
        yield "an isolated point for b = 0, where multiples of critical filters are critical"
    if not plain.definite:
        return
    if any(point.real for point in answer.isolated) or any(continuum.real for continuum in answer.continua):
        yield "a real critical filter for b = 0"
    if answer.infimum is None:
        return
    if abs(answer.infimum - plain.constant) > SAME_LOSS * plain.scale or answer.infimum_attained is False:
        yield f"infimum {answer.infimum:.9g} instead of {plain.constant:.9g}, the loss of w = 0"


def read_backwards(one: Answer, other: Answer, size: float) -> Iterator[str]:
    """How the answers for data and for the same data read backwards differ; ``size`` is that of the loss.

    Where it is open whether a continuum is real, the losses of real continua are not compared.
    """
    if not (one.complete and other.complete):
        return
    regular, mirrored = ([p for p in answer.isolated if p.nonsingular] for answer in (one, other))
    if len(regular) != len(mirrored):
        yield f"backwards: {len(mirrored)} instead of {len(regular)} nonsingular points"
    else:
        filters = np.array([point.filter[::-1] for point in mirrored])
        for point in regular:
            if np.linalg.norm(filters - point.filter, axis=1).min() > tolerance(point) * np.linalg.norm(point.filter):
                yield "backwards: other points"
                break
    if any(continuum.real is None for continuum in [*one.continua, *other.continua]):
        return
    losses = [_distinct_losses(answer, LIMIT_LOSS * size) for answer in (one, other)]
    if len(losses[0]) != len(losses[1]) or not np.allclose(*losses, rtol=0, atol=2 * LIMIT_LOSS * size):
        yield f"backwards: real continua of losses {losses[1]} instead of {losses[0]}"


def _distinct_losses(answer: Answer, near: float) -> Real:
    losses = np.sort([float(np.real(continuum.loss)) for continuum in answer.continua if continuum.real])
    return losses[np.diff(losses, prepend=-np.inf) > near]


@cache
def singular_vector_tuples(sizes: Sequence[int]) -> int:
    """How many a generic tensor has.

    The coefficient of Π t_i^(k_i − 1) in Π (a_i^k_i − t_i^k_i) / (a_i − t_i), with a_i the sum of the t_j, j ≠ i:
    products of polynomials truncated at degree k_i − 1 in each t_i.
    """
    sizes = tuple(k for k in sizes if k > 1)
    if len(sizes) < 2:
        return 1
    one = np.zeros(sizes, dtype=object)
    one[(0,) * len(sizes)] = 1

    def shifted(polynomial: NDArray[np.object_], axis: int) -> NDArray[np.object_]:
        moved = np.roll(polynomial, 1, axis)
        moved[(slice(None),) * axis + (0,)] = 0
        return moved

    total = one
    for i, size in enumerate(sizes):
        # Σ_n a^n t^(k − 1 − n).
        result, power = np.zeros_like(one), total
        for n in range(size):
            term = power
            for _ in range(size - 1 - n):
                term = shifted(term, i)
            result = result + term
            power = sum((shifted(power, j) for j in range(len(sizes)) if j != i), np.zeros_like(one))
        total = result
    return int(total[tuple(k - 1 for k in sizes)])
