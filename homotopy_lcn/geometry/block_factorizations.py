"""All factorizations of a filter over the blocks of an architecture: its fibre under the reduced μ.

Each block takes a share of each class of roots (see `hyperroots`). A factorization is a choice of shares of all
classes, and of all conjugate classes, that uses up the degrees of the blocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.binary_forms import dilate, multiply
from ..networks.layer_factorizations import count_distributions
from ..networks.patterns import Pattern
from .hyperroots import INFINITY, PAIR, ZERO, Coset, Levels, conjugate, decompositions, portions, vector_sum
from .root_classes import RootClass
from .tolerances import GEOMETRY

__all__ = [
    "CommonHyperroot",
    "Factorization",
    "Hyperroot",
    "factorizations_of",
    "hyperroots_of",
    "linear_form",
    "rank_of_differential",
    "real_items",
]

Array = NDArray[Any]

#: More factorizations of one filter than this are not listed.
MAX_FACTORIZATIONS = 10_000


class Hyperroot(NamedTuple):
    """A factor x^dilation − value · y^dilation of a filter; value ∞ stands for y^dilation."""

    dilation: int
    value: complex
    multiplicity: int


class CommonHyperroot(NamedTuple):
    """A hyperroot that makes dμ drop rank.

    Attributes
    ----------
    dilation : int
    value : complex
    layers : tuple of int
        Indices of the layers of this dilation with the hyperroot; for a factorization over the blocks, the block's
        index.
    below : bool
        Whether the hyperroot also divides the product of the layers with smaller dilation.
    """

    dilation: int
    value: complex
    layers: tuple[int, ...]
    below: bool


@dataclass(frozen=True)
class Factorization:
    """A factorization w = c Π_b P_b(x^{D_b}) over the blocks.

    Attributes
    ----------
    blocks : tuple of (n_b + 1,) arrays
        The P_b, of norm one; real arrays if the factorization is real.
    real : bool
    rank : int
        Rank of the differential of the reduced μ.
    common : tuple of CommonHyperroot
        The hyperroots because of which the rank is below the dimension.
    complex_parameters, real_parameters : int
        Number of θ of the original architecture over the factorization, up to scaling.
    roots : tuple of tuple of (complex, int)
        For each block the different roots of P_b on P¹, with multiplicities.
    """

    blocks: tuple[Array, ...]
    real: bool
    rank: int
    common: tuple[CommonHyperroot, ...]
    complex_parameters: int
    real_parameters: int
    roots: tuple[tuple[tuple[complex, int], ...], ...]

    @property
    def pattern(self) -> Pattern:
        """The root pattern: for each block, the root multiplicities of its polynomial on P¹, decreasing."""
        return tuple(tuple(sorted((m for _, m in block), reverse=True)) for block in self.roots)


class _Share(NamedTuple):
    """One way to give the roots of one class to the blocks."""

    counts: tuple[int, ...]
    cosets: tuple[tuple[int, int, Coset], ...]  # class, 0 or 1 for its conjugate, coset


def factorizations_of(
    arch: Architecture, levels: Levels, classes: Sequence[RootClass], real: bool
) -> Iterator[Factorization]:
    """All complex factorizations over the blocks, from the shares of each class and each conjugate class."""
    options: list[list[_Share]] = []
    for i, item in enumerate(classes):
        kind, m = item.part
        if kind in (ZERO, INFINITY):
            portioned = portions(m[0], levels)
            options.append(
                [_Share(s, tuple((i, 0, Coset(b, 0)) for b, n in enumerate(s) for _ in range(n))) for s in portioned]
            )
            continue
        found = [tuple(cosets) for cosets in decompositions(m, levels)]
        sides = (0, 1) if real and kind == PAIR else (0,)
        options += [[_share(i, side, cosets, levels) for cosets in found] for side in sides]
    for number, shares in enumerate(_choices(options, levels.degrees)):
        if number == MAX_FACTORIZATIONS:
            raise InputError(f"filter: has more than {MAX_FACTORIZATIONS} factorizations; expected fewer")
        yield _factorization(arch, levels, classes, real, [c for share in shares for c in share.cosets])


def _share(i: int, side: int, cosets: tuple[Coset, ...], levels: Levels) -> _Share:
    used = Counter(coset.block for coset in cosets)
    return _Share(tuple(used[b] for b in range(len(levels.degrees))), tuple((i, side, coset) for coset in cosets))


def _choices(options: list[list[_Share]], degrees: tuple[int, ...]) -> Iterator[list[_Share]]:
    """All choices of one share of each class that use up the degrees."""
    # What the shares of the classes from each one on can use up: no choice is begun that cannot be finished.
    finished = [{(0,) * len(degrees)}]
    for shares in reversed(options):
        counts = {share.counts for share in shares}
        sums = (vector_sum(used, more) for used in counts for more in finished[-1])
        finished.append({total for total in sums if all(n <= d for n, d in zip(total, degrees, strict=True))})
    finished.reverse()

    def choices(i: int, left: tuple[int, ...]) -> Iterator[list[_Share]]:
        if i == len(options):
            yield []
            return
        for share in options[i]:
            rest = tuple(n - c for n, c in zip(left, share.counts, strict=True))
            if rest in finished[i + 1]:
                for more in choices(i + 1, rest):
                    yield [share, *more]

    if degrees in finished[0]:
        yield from choices(0, degrees)


def _factorization(
    arch: Architecture,
    levels: Levels,
    classes: Sequence[RootClass],
    real: bool,
    cosets: Sequence[tuple[int, int, Coset]],
) -> Factorization:
    number = Counter(cosets)
    hyperroots: list[list[tuple[complex, int]]] = [[] for _ in levels.degrees]
    is_real = real
    for (i, side, coset), multiplicity in number.items():
        value, mirror = _value(classes[i], side, coset, levels), _mirror(classes[i].part.kind, i, side, coset, levels)
        if real and mirror == (i, side, coset):
            value = complex(value.real) if np.isfinite(value) else value
        is_real = is_real and number[mirror] == multiplicity
        hyperroots[coset.block].append((value, multiplicity))
    if is_real:
        hyperroots = [_exact_conjugates(block) for block in hyperroots]
    blocks = tuple(_form(block) for block in hyperroots)
    if is_real:
        blocks = tuple(form.real for form in blocks)
    # The counts depend on the multiplicities alone.
    complex_count = real_count = 1
    for block, degrees in zip(hyperroots, arch.layer_degrees, strict=True):
        complex_count *= count_distributions([(m, 1) for _, m in block], degrees)
        if is_real:
            real_count *= count_distributions([(m, len(f) - 1) for m, f in real_items(block)], degrees)
    return Factorization(
        blocks=blocks,
        real=is_real,
        rank=_rank(levels, classes, number),
        common=tuple(_common_hyperroots(arch, levels, number, classes)),
        complex_parameters=complex_count,
        real_parameters=real_count if is_real else 0,
        roots=tuple(map(tuple, hyperroots)),
    )


def _rank(levels: Levels, classes: Sequence[RootClass], number: Counter[tuple[int, int, Coset]]) -> int:
    """Rank of the differential of the reduced μ at a factorization.

    δP_b / P_b is a sum of partial fractions, and those of different classes are independent. So the rank does not
    depend on where the classes are. It is computed with classes that are far apart from each other.
    """
    apart = {key: n for n, key in enumerate(dict.fromkeys((i, side) for i, side, _ in number))}
    hyperroots: list[list[tuple[complex, int]]] = [[] for _ in levels.degrees]
    for (i, side, coset), multiplicity in number.items():
        item = classes[i]
        if item.part.kind not in (ZERO, INFINITY):
            turn = apart[i, side] / (len(apart) * levels.order)
            item = replace(item, root=complex(np.exp(2j * np.pi * turn)))
        hyperroots[coset.block].append((_value(item, 0, coset, levels), multiplicity))
    return rank_of_differential([_form(block) for block in hyperroots], levels.dilations)


def _value(item: RootClass, side: int, coset: Coset, levels: Levels) -> complex:
    """The value c of the hyperroot x^{D_b} = c y^{D_b}."""
    if item.part.kind in (ZERO, INFINITY):
        return item.root
    dilation = levels.dilations[coset.block]
    turn = np.exp(2j * np.pi * (coset.residue * dilation % levels.order) / levels.order)
    value = complex(item.root**dilation * turn)
    return value.conjugate() if side else value


def _mirror(kind: str, i: int, side: int, coset: Coset, levels: Levels) -> tuple[int, int, Coset]:
    """The image of a hyperroot of a real filter under complex conjugation."""
    if kind in (ZERO, INFINITY):
        return i, side, coset
    if kind == PAIR:
        return i, 1 - side, coset
    return i, side, Coset(coset.block, conjugate(kind, coset.residue, levels.modulus(coset.block)))


def _exact_conjugates(hyperroots: list[tuple[complex, int]]) -> list[tuple[complex, int]]:
    """The hyperroots with the non-real ones as exact pairs, each next to its conjugate."""
    fixed = [(value, m) for value, m in hyperroots if not np.isfinite(value) or value.imag == 0]
    upper = [(value, m) for value, m in hyperroots if np.isfinite(value) and value.imag > 0]
    return fixed + [(v, m) for value, m in upper for v in (value, value.conjugate())]


def linear_form(value: complex) -> Array:
    factor = np.array([0.0, 1.0]) if not np.isfinite(value) else np.array([1.0, -value])
    return np.asarray(factor / np.linalg.norm(factor))


def _form(hyperroots: Sequence[tuple[complex, int]]) -> Array:
    """The form of norm one with these roots."""
    result = np.ones(1, complex)
    for value, multiplicity in hyperroots:
        for _ in range(multiplicity):
            result = multiply(result, linear_form(value))
            result = result / np.linalg.norm(result)
    return result


def real_items(hyperroots: Sequence[tuple[complex, int]]) -> list[tuple[int, Array]]:
    """Irreducible real factors with their multiplicities, the quadratic ones first."""
    linear = [
        (m, linear_form(v.real if np.isfinite(v) else v)) for v, m in hyperroots if not np.isfinite(v) or v.imag == 0
    ]
    quadratic = [
        (m, np.array([1.0, -2 * v.real, abs(v) ** 2]) / np.linalg.norm([1.0, 2 * v.real, abs(v) ** 2]))
        for v, m in hyperroots
        if np.isfinite(v) and v.imag > 0
    ]
    return quadratic + linear


def rank_of_differential(blocks: Sequence[Array], dilations: Sequence[int]) -> int:
    """Rank of the differential of the multiplication (P_b) ↦ Π P_b(x^{D_b}); with layers for blocks, of dμ."""
    dilated = [dilate(form, d) for form, d in zip(blocks, dilations, strict=True)]
    size = sum(len(form) - 1 for form in dilated) + 1
    columns = []
    for b, form in enumerate(blocks):
        others = reduce(multiply, (f for a, f in enumerate(dilated) if a != b), np.ones(1))
        others = others / max(np.linalg.norm(others), np.finfo(float).tiny)
        for q in range(len(form)):
            column = np.zeros(size, complex)
            column[q * dilations[b] : q * dilations[b] + len(others)] = others
            columns.append(column)
    singular = np.linalg.svd(np.array(columns), compute_uv=False)
    return int((singular > GEOMETRY.rank * singular[0]).sum())


def _common_hyperroots(
    arch: Architecture, levels: Levels, number: Counter[tuple[int, int, Coset]], classes: Sequence[RootClass]
) -> Iterator[CommonHyperroot]:
    for i, side, coset in number:
        block, residue = coset
        kind = classes[i].part.kind
        lower = {key: n for key, n in number.items() if key[:2] == (i, side) and key[2].block < block}
        if kind in (ZERO, INFINITY):
            below = sum(levels.dilations[key[2].block] * n for key, n in lower.items()) >= levels.dilations[block]
        else:
            covered = {j for key in lower for j in range(key[2].residue, levels.order, levels.modulus(key[2].block))}
            below = covered >= set(range(residue, levels.order, levels.modulus(block)))
        if below:
            yield CommonHyperroot(arch.blocks[block].dilation, _value(classes[i], side, coset, levels), (block,), True)


def hyperroots_of(arch: Architecture, levels: Levels, classes: Sequence[RootClass], real: bool) -> Iterator[Hyperroot]:
    for block, (_, dilation) in enumerate(arch.blocks):
        modulus = levels.modulus(block)
        for item in classes:
            kind, m = item.part
            if kind in (ZERO, INFINITY):
                if m[0] >= levels.dilations[block]:
                    yield Hyperroot(dilation, item.root, m[0] // levels.dilations[block])
                continue
            for residue in range(modulus):
                multiplicity = min(m[residue::modulus])
                if not multiplicity:
                    continue
                coset = Coset(block, residue)
                value = _value(item, 0, coset, levels)
                if real and _mirror(kind, 0, 0, coset, levels) == (0, 0, coset):
                    value = complex(value.real)
                yield Hyperroot(dilation, value, multiplicity)
                if real and kind == PAIR:
                    yield Hyperroot(dilation, value.conjugate(), multiplicity)
