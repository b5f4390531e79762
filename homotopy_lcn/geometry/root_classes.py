"""The classes of roots of a given filter: which roots coincide, which are rotations of each other, which are real.

Coefficients are known up to a tolerance, so the question is one of backward error: the answer is the most special
structure (coinciding roots, complete cosets, real roots) of the filters within the tolerance. As in Zeng, *Computing
multiple roots of inexact polynomials* (2005), roots are clustered, coarsely first, and each structure is fitted to the
coefficients by Gauss–Newton steps in its own few parameters, one for each class; the first structure that fits is
taken. For exact rational coefficients a structure must also have the invariants that are computed exactly: the numbers
of roots of each multiplicity, the number of real ones, and the number of complete cosets of each level. If doubles do
not tell the roots apart, the roots of the square-free factors are computed with more and more digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..errors import InputError
from .hyperroots import INFINITY, NEGATIVE, PAIR, POSITIVE, ZERO, Levels, Part, conjugate
from .rational_polynomials import RationalPolynomial, common_divisor, number_of_real_roots, square_free
from .tolerances import GEOMETRY

__all__ = ["ExactInvariants", "RootClass", "RootClasses", "classes_of_roots", "exact_invariants"]


@dataclass(frozen=True)
class RootClass:
    """One class: the roots ``root`` · ζ^j with multiplicities m(j).

    Attributes
    ----------
    part : Part
        Kind and multiplicities. All classes of a complex filter off 0 and ∞ have the kind PAIR, without conjugates.
    root : complex
        The root with j = 0; 0 and infinity for themselves.
    """

    part: Part
    root: complex

    def roots(self, order: int) -> Complex:
        """The roots ``root`` ζ^j, (D,)."""
        return np.asarray(self.root * np.exp(2j * np.pi * np.arange(order) / order))


class RootClasses(NamedTuple):
    """All roots of a filter.

    Attributes
    ----------
    classes : tuple of RootClass
        Of a real filter, only one of each pair of conjugate classes.
    real : bool
        Whether the filter is real (up to a factor).
    error : float
        Relative distance of the filter to the one that has exactly this structure.
    separation : float
        Least chordal distance (between 0 and 2) between different roots. While each root moves by less than half of
        this distance, the roots stay apart.
    closest : (complex, complex) or None
        Two roots at that distance; None if there is only one root.
    """

    classes: tuple[RootClass, ...]
    real: bool
    error: float
    separation: float
    closest: tuple[complex, complex] | None


def classes_of_roots(
    form: NDArray[Any],
    levels: Levels,
    tolerance: float = GEOMETRY.filter_accuracy,
    exact: ExactInvariants | None = None,
) -> RootClasses:
    """The most special structure of the roots of a form within the tolerance.

    Parameters
    ----------
    form : (N + 1,) real or complex array
        Not zero; degree as `Levels.degree`.
    levels : Levels
    tolerance : float
        Relative backward error.
    exact : ExactInvariants, optional
        The exact invariants; only structures with these invariants are considered.

    Raises
    ------
    InputError
        If roots are too close to each other to be told apart.
    """
    real = bool(np.isrealobj(form))
    size = np.abs(form)
    threshold = 0.0 if exact is not None else tolerance * size.max()
    significant = np.flatnonzero(size > threshold)
    at_infinity, at_zero = int(significant[0]), len(form) - 1 - int(significant[-1])
    core = np.asarray(form[significant[0] : significant[-1] + 1])
    ends = [
        RootClass(Part(kind, (number,)), root)
        for kind, number, root in ((ZERO, at_zero, 0j), (INFINITY, at_infinity, complex(np.inf)))
        if number
    ]
    trimmed = float(np.sqrt(np.sum(np.delete(size, range(significant[0], significant[-1] + 1)) ** 2)))
    trimmed /= float(np.linalg.norm(size))
    if len(core) < 2:
        return RootClasses(tuple(ends), real, trimmed, *_separation(ends, levels.order, real))
    core = core / np.linalg.norm(core)
    best = _fit_structure(core, levels, real, tolerance, exact)
    if best is not None:
        classes = (*ends, *best[0])
        separation, closest = _separation(classes, levels.order, real)
        if exact is None or separation > GEOMETRY.apart_in_doubles:
            return RootClasses(classes, real, max(best[1], trimmed), separation, closest)
    if exact is not None:
        for digits in GEOMETRY.digits:
            precise = _classes_in_digits(exact, levels, digits, [end.root for end in ends])
            if precise is not None and exact.agrees([item.part for item in precise.classes], levels, real):
                error = _distance(core, precise.classes, levels.order, real)
                return RootClasses((*ends, *precise.classes), real, error, precise.separation, precise.closest)
    raise InputError(
        "filter: some of its roots are too close to each other to be told apart; expected roots farther apart"
    )


def _fit_structure(
    core: NDArray[Any], levels: Levels, real: bool, tolerance: float, exact: ExactInvariants | None
) -> tuple[list[RootClass], float] | None:
    points = _polished_roots(core)
    seen: set[tuple[Part, ...]] = set()
    finest: tuple[list[RootClass], float] | None = None
    for exponent in np.arange(*GEOMETRY.cluster_exponents):
        classes = _cluster(points, levels.order, real, 10.0**-exponent)
        if classes is None:
            continue
        structure = tuple(c.part for c in classes)
        if structure in seen:
            continue
        seen.add(structure)
        error = _distance(core, classes, levels.order, real)
        if error > GEOMETRY.worth_fitting:
            continue
        if error > GEOMETRY.fitted:
            classes, error = _gauss_newton(core, classes, levels.order, real, error)
        if exact is not None:
            if error < GEOMETRY.exact_fit and exact.agrees(structure, levels, real):
                return classes, error
        elif error <= tolerance:
            return classes, error
        if finest is None or error < finest[1]:
            finest = classes, error
    return finest if exact is None else None


def _polished_roots(core: NDArray[Any]) -> Complex:
    """Roots of a polynomial with nonzero ends, (n,); unlike the companion matrix alone, scaled to roots around one."""
    degree = len(core) - 1
    scale = float(np.abs(core[-1] / core[0]) ** (1 / degree))
    least, most = GEOMETRY.scale_range
    if not least < scale**degree < most:
        scale = 1.0
    return np.asarray(np.roots(core / core[0] * scale ** -np.arange(float(degree + 1))).astype(complex) * scale)


def _cluster(points: Complex, order: int, real: bool, threshold: float) -> list[RootClass] | None:
    """Classes by single linkage of the roots modulo rotation; None if the result is no possible structure."""
    modulus, angle = np.log(np.abs(points)), np.angle(points)
    turned = np.angle(np.exp(1j * angle * order))
    near = np.hypot(modulus[:, None] - modulus, np.angle(np.exp(1j * (turned[:, None] - turned))) / order) <= threshold
    labels = _components(near)
    at_real = {POSITIVE: np.abs(turned) / order, NEGATIVE: np.abs(np.abs(turned) - np.pi) / order}
    result = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        radius = float(np.exp(modulus[members].mean()))
        kinds = [kind for kind, distance in at_real.items() if real and distance[members].min() <= threshold]
        if len(kinds) == 2:
            return None
        if kinds:
            kind, first = kinds[0], 0.0 if kinds[0] == POSITIVE else np.pi / order
        else:
            start = turned[members[0]]
            offset = np.angle(np.exp(1j * (turned[members] - start))).mean()
            kind, first = PAIR, float(np.angle(np.exp(1j * (start + offset)))) / order
            if real and first < 0:
                continue
        index = np.round((angle[members] - first) * order / (2 * np.pi)).astype(int) % order
        m = tuple(np.bincount(index, minlength=order).tolist())
        if kind != PAIR and any(m[j] != m[conjugate(kind, j, order)] for j in range(order)):
            return None
        result.append(RootClass(Part(kind, m), radius * np.exp(1j * first)))
    total = sum(c.part.degree if real else sum(c.part.multiplicities) for c in result)
    return result if total == len(points) else None


def _components(near: NDArray[np.bool_]) -> NDArray[np.int64]:
    labels = np.full(len(near), -1)
    number = 0
    for i in range(len(near)):
        if labels[i] >= 0:
            continue
        waiting = [i]
        while waiting:
            j = waiting.pop()
            if labels[j] < 0:
                labels[j] = number
                waiting += np.flatnonzero(near[j] & (labels < 0)).tolist()
        number += 1
    return labels


def _all_roots(classes: Sequence[RootClass], order: int, real: bool) -> Iterator[tuple[int, complex, int]]:
    """(class, root, multiplicity) of all roots off 0 and ∞; −1 − class for the roots of conjugate classes."""
    for i, item in enumerate(classes):
        for root, m in zip(item.roots(order).tolist(), item.part.multiplicities, strict=True):
            if m:
                yield i, root, m
                if real and item.part.kind == PAIR:
                    yield -1 - i, root.conjugate(), m


def _product(classes: Sequence[RootClass], order: int, real: bool) -> Complex:
    """The polynomial with these roots, of norm one."""
    points = [root for _, root, m in _all_roots(classes, order, real) for _ in range(m)]
    result = np.ones(1, complex)
    for root in sorted(points, key=abs):
        factor = np.array([1.0, -root]) if abs(root) <= 1 else np.array([1 / root, -1.0])
        result = np.convolve(result, factor)
        result /= np.linalg.norm(result)
    return result


def _distance(core: NDArray[Any], classes: Sequence[RootClass], order: int, real: bool) -> float:
    form = _product(classes, order, real)
    return float(np.linalg.norm(core - np.vdot(form, core) * form))


def _gauss_newton(
    core: NDArray[Any], classes: list[RootClass], order: int, real: bool, error: float
) -> tuple[list[RootClass], float]:
    """Fit the logarithms of the classes' roots to the coefficients."""
    for _ in range(GEOMETRY.fitting_steps):
        form = _product(classes, order, real)
        form *= np.vdot(form, core)
        columns = np.zeros((len(core), 2 * len(classes)), complex)
        for i, root, m in _all_roots(classes, order, real):
            # The derivative with respect to log(root): multiply by −root / (x − root).
            column = i if i >= 0 else len(classes) + (-1 - i)
            columns[:, column] += m * _divide(form, root) * -root
        used = np.flatnonzero(np.abs(columns).any(axis=0))
        step = np.zeros(2 * len(classes), complex)
        step[used] = np.linalg.lstsq(np.column_stack([columns[:, used], form]), core - form, rcond=None)[0][:-1]
        moved = []
        for i, item in enumerate(classes):
            change = step[i]
            if real and item.part.kind != PAIR:
                change = change.real
            elif real:
                change = (change + step[len(classes) + i].conjugate()) / 2
            moved.append(replace(item, root=complex(item.root * np.exp(change))))
        better = _distance(core, moved, order, real)
        if not better < error:
            break
        classes, previous, error = moved, error, better
        if error > previous / 2:
            break
    return classes, error


def _divide(form: Complex, root: complex) -> Complex:
    """form / (x − root), with a zero in front, from the end where that is stable."""
    result = np.zeros_like(form)
    if abs(root) <= 1:
        carry = 0j
        for j in range(len(form) - 1):
            carry = form[j] + carry * root
            result[j + 1] = carry
    else:
        carry = 0j
        for j in range(len(form) - 1, 0, -1):
            carry = (carry - form[j]) / root
            result[j] = carry
    return result


def _separation(classes: Sequence[RootClass], order: int, real: bool) -> tuple[float, tuple[complex, complex] | None]:
    """The least distance between different roots, and two roots at that distance."""
    inner = [c for c in classes if c.part.kind not in (ZERO, INFINITY)]
    roots = [root for _, root, _ in _all_roots(inner, order, real)]
    points = [[root, 1.0] for root in roots]
    for item in classes:
        if item.part.kind in (ZERO, INFINITY):
            roots.append(item.root)
            points.append([0.0, 1.0] if item.part.kind == ZERO else [1.0, 0.0])
    if len(points) < 2:
        return 2.0, None
    unit = np.array(points, complex)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    chords = 2 * np.abs(unit[:, None, 0] * unit[None, :, 1] - unit[:, None, 1] * unit[None, :, 0])
    np.fill_diagonal(chords, np.inf)
    i, j = np.unravel_index(int(chords.argmin()), chords.shape)
    return float(chords[i, j]), (complex(roots[i]), complex(roots[j]))


@dataclass(frozen=True)
class ExactInvariants:
    """The invariants that rational coefficients determine without rounding.

    Attributes
    ----------
    multiplicities : tuple of (int, int)
        Pairs (m, number of different roots of multiplicity m), roots 0 and ∞ left out.
    real_roots : int
        Number of different real ones among them.
    cosets : tuple of int
        For each level, the number of complete cosets, with multiplicity.
    square_free : tuple of tuple of Fraction
        The polynomials of the roots of multiplicity 1, 2, …
    """

    multiplicities: tuple[tuple[int, int], ...]
    real_roots: int
    cosets: tuple[int, ...]
    square_free: tuple[tuple[Fraction, ...], ...]

    def agrees(self, structure: Sequence[Part], levels: Levels, real: bool) -> bool:
        """Whether a structure has these invariants."""
        number: Counter[int] = Counter()
        real_roots = 0
        cosets = [0] * len(levels.degrees)
        for kind, m in structure:
            weight = 2 if real and kind == PAIR else 1
            number.update({value: weight * m.count(value) for value in set(m) - {0}})
            if kind != PAIR:
                real_roots += sum(v > 0 and conjugate(kind, j, len(m)) == j for j, v in enumerate(m))
            for b in range(len(cosets)):
                modulus = levels.modulus(b)
                cosets[b] += weight * sum(min(m[a::modulus]) for a in range(modulus))
        return (tuple(sorted(number.items())), real_roots, tuple(cosets)) == (
            self.multiplicities,
            self.real_roots,
            self.cosets,
        )


def exact_invariants(form: Sequence[Fraction], levels: Levels) -> ExactInvariants:
    """The invariants of a rational form: square-free decomposition, Sturm's theorem, gcds of polyphase components.

    Parameters
    ----------
    form : sequence of Fraction
        Coefficients, the leading one first; not all zero.
    levels : Levels
    """
    core = list(form)
    while core[0] == 0:
        core.pop(0)
    while core[-1] == 0:
        core.pop()
    parts = square_free(core)
    multiplicities = tuple((m, len(p) - 1) for m, p in enumerate(parts, start=1) if len(p) > 1)
    cosets = []
    for dilation in levels.dilations:
        degree = len(core) - 1
        common: RationalPolynomial = []
        for residue in range(dilation):
            component = [core[j] for j in range(len(core)) if (degree - j) % dilation == residue]
            common = common_divisor(common, component)
        while common and common[-1] == 0:
            common.pop()
        cosets.append(len(common) - 1)
    real_roots = sum(number_of_real_roots(p) for p in parts)
    return ExactInvariants(multiplicities, real_roots, tuple(cosets), tuple(map(tuple, parts)))


class _PreciseClasses(NamedTuple):
    classes: list[RootClass]
    separation: float
    closest: tuple[complex, complex] | None


def _classes_in_digits(
    exact: ExactInvariants, levels: Levels, digits: int, ends: Sequence[complex]
) -> _PreciseClasses | None:
    """The classes of the roots off 0 and ∞ of a real form, as they look with some digits; None if there are none.

    The separation is the separation of all roots, with the roots 0 and ∞ that ``ends`` lists.
    """
    import mpmath

    numbers = mpmath.MPContext()  # of its own, as other threads may compute with other digits
    numbers.dps = digits
    roots = _roots_in_digits(exact.square_free, numbers)
    if roots is None:
        return None
    order, near = levels.order, numbers.mpf(10) ** (-digits // 3)
    groups: list[tuple[Any, list[tuple[Any, int]]]] = []
    for root, m in roots:
        power = root**order
        members = next((members for other, members in groups if abs(power - other) <= near * abs(power)), None)
        if members is None:
            groups.append((power, [(root, m)]))
        else:
            members.append((root, m))
    classes = []
    for power, members in groups:
        kind, first = PAIR, numbers.arg(power) / order
        if abs(power.imag) <= near * abs(power):
            kind, first = (POSITIVE, numbers.mpf(0)) if power.real > 0 else (NEGATIVE, numbers.pi / order)
        elif first < 0:
            continue
        multiplicities = [0] * order
        for root, m in members:
            multiplicities[int(numbers.nint((numbers.arg(root) - first) * order / (2 * numbers.pi))) % order] += m
        radius = abs(power) ** (numbers.mpf(1) / order)
        turned = complex(radius) if kind == POSITIVE else complex(radius * numbers.expj(first))
        classes.append(RootClass(Part(kind, tuple(multiplicities)), turned))
    return _PreciseClasses(classes, *_closest([root for root, _ in roots], ends, numbers))


def _roots_in_digits(square_free: Sequence[Sequence[Fraction]], numbers: Any) -> list[tuple[Any, int]] | None:
    """All roots, with multiplicities; None if the digits are too few to find the roots."""
    roots: list[tuple[Any, int]] = []
    for m, part in enumerate(square_free, start=1):
        if len(part) < 2:
            continue
        coefficients = [numbers.mpf(value.numerator) / value.denominator for value in part]
        scale = abs(coefficients[-1] / coefficients[0]) ** (numbers.mpf(1) / (len(part) - 1))
        scaled = [value / scale**j for j, value in enumerate(coefficients)]
        try:
            found = numbers.polyroots(scaled, maxsteps=4 * numbers.dps, extraprec=4 * numbers.dps)
        except numbers.NoConvergence:
            return None
        roots += [(root * scale, m) for root in found]
    return roots


def _closest(
    roots: Sequence[Any], ends: Sequence[complex], numbers: Any
) -> tuple[float, tuple[complex, complex] | None]:
    """The least chordal distance, and two roots at that distance."""
    chords: list[tuple[float, tuple[complex, complex] | None]] = [
        (2.0, (0j, complex(np.inf)) if len(ends) == 2 else None)
    ]
    for n, a in enumerate(roots):
        size = numbers.sqrt(1 + abs(a) ** 2)
        chords += [
            (float(2 * abs(a - b) / size / numbers.sqrt(1 + abs(b) ** 2)), (complex(a), complex(b))) for b in roots[:n]
        ]
        chords += [(float(2 * (1 if np.isinf(end) else abs(a)) / size), (complex(a), end)) for end in ends]
    return min(chords, key=lambda item: item[0])
