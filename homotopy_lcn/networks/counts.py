"""How many critical points there are for generic data: exact integers, stratum by stratum.

Notation. Layers with equal dilation form a block; the block of degree n multiplies its layers, of degrees
d = (d_1, …, d_r), to one polynomial P of degree n. A stratum fixes the root multiplicities of every block, one
partition λ of n for each. Over one filter of the stratum lie as many critical parameters (up to scaling) as there are
0/1 matrices with row sums d and column sums λ; their number A(d, λ) is the coefficient of the monomial symmetric
function m_λ in the elementary symmetric function e_d. Therefore, with N_λ critical filters on the stratum λ,

    Σ_λ A(d, λ) N_λ = gED(Segre_d)        for every d,                                                      (1)

says that N_λ = φ(m_λ) for the linear functional φ on symmetric functions with φ(e_d) = gED(Segre_d).

The functional is explicit. In the Chern-class formula of Draisma, Horobeţ, Ottaviani, Sturmfels, Thomas (2016),
Theorem 5.8, for Π P^{d_j} embedded by O(1, …, 1), M = Σ d_j,

    gED = Σ_i (−1)^i (2^{M+1−i} − 1) ∫ c_i(T) h^{M−i},

the integrals are coefficients of a product over the factors: with τ marking −c_1, gED(d) = ℓ_M(Π_j ε_{d_j}(τ)) where
ε_d(τ) = Σ_a C(d+1, a) (−τ)^a / (d−a)! and ℓ_M(τ^i) = (2^{M+1−i} − 1) (M−i)!. So φ = ℓ_M ∘ ψ with ψ the ring
homomorphism e_d ↦ ε_d. By Lagrange inversion Σ_d ε_d z^d = exp(z/(1+τz)) / (1+τz)², whose logarithm gives the images
of the power sums, ψ(p_r) = r τ^{r−1} − 2 τ^r. With f(x) = log(1 + Σ_q y_q x^q) this says that the product of
1 + Σ_q y_q x^q over all variables x, the generating function of the m_λ, goes to exp(f′(τ) − 2 f(τ)), so that

    ψ(m_λ) = (1/Π_q a_q!) Σ_j (−1)^{l−j} (l+1)!/(j+1)! s_j τ^{n−j},   Σ_j s_j z^j = Π_{parts q of λ} (1 + q z),   (2)

for a partition λ of n with l parts, a_q of them equal to q.

Gram matrices of low rank. Let Σ = A D Aᵀ have rank r, with A of size K × r, and b = A c. On a stratum of a dimension m
above r the filters of residual Σw − b = 0 are critical and form a set of dimension m − r. At the other critical points
e = b − Σw ≠ 0 is a conormal vector in the range of A: the generic ED degree of a variety is the sum of its polar
degrees, the bidegrees of its conormal variety (op. cit., sections 5 and 7), and a generic range of dimension r meets
the conormal vectors of the first r − 1 of them, counted from the dual side. In the formula above
2^{M+1−i} − 1 = Σ_{u ≥ 1} C(M+1−i, u) is this sum over the polar degrees (Holme 1988; Piene 1978), so

    ℓ_{M,r}(τ^i) = (M−i)! Σ_{u=1..r−1} C(M+1−i, u)                                                          (3)

counts the critical points of nonzero residual. The argument for (1) holds for each bidegree: the pairs (θ, e) with
Jᵀe = 0 are the zeros of a section of a vector bundle over Π P^{d_j} × P^{K−1}.

Several blocks multiply before ℓ_M is applied. No linear system is solved and no table is needed; (1) is a theorem
about the result, which the tests check with independently counted matrices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import accumulate, islice, product
from math import comb, factorial, prod
from typing import NamedTuple

from ..doors import ShownInNotebooks, cached_property, door
from ..errors import InputError, check_integer
from .architecture import Architecture
from .limits import LARGEST_DEGREE, MOST_ROOTS, check_degree, magnitude
from .patterns import Partition, Pattern
from .support_networks import SupportNetwork

__all__ = [
    "CountTable",
    "StratumCount",
    "TooManyStrata",
    "Totals",
    "augmented_monomial",
    "count_matrices",
    "each_root_pattern",
    "fewest_filters",
    "generic_count",
    "generic_ed_degree",
    "generic_totals",
    "integrate",
    "root_patterns",
    "singular_vector_tuples",
]


@dataclass(frozen=True)
class StratumCount:
    """The critical points of one stratum for generic data.

    Attributes
    ----------
    pattern : tuple of partitions
        Root multiplicities, a partition (parts decreasing) for each block.
    pure : bool
        Whether all roots are simple: critical points of the loss on the smooth part of the function space.
    count : int
        Number of complex critical filters.
    factorizations : int
        Number of critical parameters over each of them, up to scaling.
    generic : int or None
        For another metric than the generic one: the number of critical filters for generic data.
    method : str or None
        For a given Gram matrix: the method that gave the count, "formula", "eigenvalues", "bertini", "smooth",
        "curves", "groebner" or "measured".
    reason : str or None
        A sentence of why.
    """

    pattern: Pattern
    pure: bool
    count: int
    factorizations: int
    generic: int | None = None
    method: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class CountTable(ShownInNotebooks):
    """Exact counts of an architecture; iterating yields a `StratumCount` for each stratum that occurs.

    Attributes
    ----------
    architecture : Architecture
    rows : tuple of StratumCount
    metric : str
        "generic", "white", or the Gram matrix in words.
    method : str or None
        For a given Gram matrix: the method that the counts rest on, the weakest of those of the strata.
    """

    architecture: Architecture
    rows: tuple[StratumCount, ...]
    metric: str = "generic"
    method: str | None = None

    def __iter__(self) -> Iterator[StratumCount]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def pure(self) -> int:
        """Number of pure critical filters: the generic ED degree of the function space."""
        return sum(row.count for row in self.rows if row.pure)

    @cached_property
    def spurious(self) -> int:
        """Number of spurious critical filters."""
        return self.filters - self.pure

    @cached_property
    def filters(self) -> int:
        """Number of nonzero complex critical filters."""
        return sum(row.count for row in self.rows)

    @cached_property
    def parameters(self) -> int:
        """Number of complex critical parameters up to scaling, with nonzero filter."""
        return sum(row.count * row.factorizations for row in self.rows)


def generic_count(arch: Architecture, rank: int | None = None) -> CountTable:
    """The exact counts for generic data; `homotopy_lcn.solving.white_counts.generic_count` is the public function.

    Parameters
    ----------
    arch : Architecture
    rank : int, optional
        Rank of a Gram matrix of generic data: then isolated critical points are counted.

    Raises
    ------
    InputError
        If the rank is not an integer, at least 0.
    TooManyStrata
        If the total degree of the layers is above `LARGEST_DEGREE`, or the strata have more than `MOST_ROOTS` root
        multiplicities in all.

    Notes
    -----
    Kohn, Montúfar, Shahverdi, Trager (2024), section 4; the derivation is at the head of this module.

    Examples
    --------
    >>> [[row.count for row in generic_count(Architecture((2, 2, 2), (1, 2, 1)), rank)] for rank in (None, 3, 1)]
    [[10, 14], [3, 14], [0, 0]]
    """
    if rank is not None:
        rank = check_integer("rank", rank, 0)
    if isinstance(arch, SupportNetwork):
        twin = arch.one_dimensional
        table: CountTable = door("count_of_supports")(arch, rank) if twin is None else generic_count(twin, rank)
        return replace(table, architecture=arch)
    _check_strata(arch)
    return _generic_count(arch, rank)


class TooManyStrata(InputError):
    """The strata of a network are too many to be listed; `generic_totals` are there all the same."""


class Totals(NamedTuple):
    """What is known about the counts of a network without its strata.

    Attributes
    ----------
    pure : int
        Number of pure critical filters, as `CountTable.pure`.
    parameters : int
        Number of critical parameters up to scaling, as `CountTable.parameters`.
    """

    pure: int
    parameters: int


def generic_totals(arch: Architecture) -> Totals:
    """The sums over all strata of `generic_count` that have closed formulas: no stratum is listed.

    Parameters
    ----------
    arch : Architecture

    Returns
    -------
    Totals

    Raises
    ------
    InputError
        If the total degree Σ (k_l − 1) is above `LARGEST_DEGREE`, and more than one filter is larger than 1.

    Notes
    -----
    By (1) the number of parameters is the generic Euclidean distance degree of the Segre variety of all layers. The
    pure stratum of a block of degree n has the root multiplicities (1, …, 1), whose monomial symmetric function is e_n:
    the number of pure filters is that of the Segre variety of the blocks.

    Examples
    --------
    >>> generic_totals(Architecture((2, 2, 2), (1, 2, 1)))
    Totals(pure=10, parameters=34)
    >>> generic_totals(Architecture((2,) * 50, (1,) * 50)).pure
    1
    """
    if isinstance(arch, SupportNetwork):
        check_degree(arch, LARGEST_DEGREE, "counts")
        return Totals(generic_count(arch).pure, generic_ed_degree([size - 1 for size in arch.layer_sizes if size > 1]))
    layers = [degree for degrees in arch.layer_degrees for degree in degrees]
    if len(layers) <= 1:  # the unconstrained solution alone
        return Totals(1, 1)
    check_degree(arch, LARGEST_DEGREE, "counts")
    return Totals(generic_ed_degree([block.degree for block in arch.blocks]), generic_ed_degree(layers))


def fewest_filters(arch: Architecture) -> int:
    """A number of critical filters that an architecture has at least, quickly: those of its two extreme strata.

    Examples
    --------
    >>> fewest_filters(Architecture((2, 2, 2), (1, 2, 1)))
    24
    """
    if isinstance(arch, SupportNetwork):
        return generic_count(arch).filters
    totals, blocks = generic_totals(arch), arch.layer_degrees
    patterns = [tuple(sum(d > j for d in degrees) for j in range(max(degrees))) for degrees in blocks]
    pure = all(partition[0] == 1 for partition in patterns)
    return totals.pure + (0 if pure else _critical_filters(arch, tuple(patterns)))


def _critical_filters(arch: Architecture, pattern: Pattern, rank: int | None = None) -> int:
    """The number of critical filters on a stratum."""
    polynomial: tuple[int, ...] = (1,)
    for partition in pattern:
        polynomial = _multiply(polynomial, augmented_monomial(partition))
    symmetry = prod(factorial(m) for partition in pattern for _, m in _multiplicities(partition))
    dimension = 1 + sum(len(partition) for partition in pattern)
    smaller = rank if rank is not None and rank < dimension else None
    count, remainder = divmod(integrate(polynomial, arch.dimension - 1, smaller), symmetry)
    if remainder:
        raise ArithmeticError(f"the integral for the root pattern {pattern} is no multiple of {symmetry}")
    return count


def _check_strata(arch: Architecture) -> None:
    """Raise `TooManyStrata` before longer lists are made than the limits allow."""
    degree = max(1, arch.dimension - 1)
    if degree > LARGEST_DEGREE:
        raise TooManyStrata(
            f"filters: the filter sizes minus one sum up to {magnitude(degree)}; expected at most {LARGEST_DEGREE}, as "
            "the root multiplicities of all strata are listed (generic_totals(arch) gives the sums alone)"
        )
    most, strata = MOST_ROOTS // degree, 1
    for degrees in arch.layer_degrees:
        strata *= sum(1 for _ in islice(each_root_pattern(degrees), most // strata + 1))
        if strata > most:
            raise TooManyStrata(
                f"filters: there are more than {most} strata, whose root multiplicities sum up to {degree} each; "
                f"expected at most {MOST_ROOTS} in all, as strata are listed (generic_totals(arch) gives the sums "
                "alone)"
            )


def singular_vector_tuples(dimensions: Sequence[int]) -> int:
    """Number of singular vector tuples of a generic tensor: critical rank-one tensors for the white metric.

    Parameters
    ----------
    dimensions : sequence of int
        n_1, …, n_r for tensors of format (n_1 + 1) × … × (n_r + 1).

    Returns
    -------
    int
        The coefficient of Π t_i^{n_i} in Π (t̂_i^{n_i+1} − t_i^{n_i+1}) / (t̂_i − t_i), t̂_i = Σ_{j≠i} t_j
        (Friedland, Ottaviani, *The number of singular vector tuples and uniqueness of best rank-one approximation of
        tensors* (2014), Theorem 1).

    Examples
    --------
    >>> singular_vector_tuples((1, 1)), singular_vector_tuples((1, 1, 1)), singular_vector_tuples((2, 2))
    (2, 6, 3)
    """
    number = len(dimensions)
    total: dict[tuple[int, ...], int] = {(0,) * number: 1}
    for i, n in enumerate(dimensions):
        factor: dict[tuple[int, ...], int] = {}
        for k in range(n + 1):  # Σ_k t̂_i^{n−k} t_i^k
            for others in product(range(n - k + 1), repeat=number - 1):
                if sum(others) == n - k:
                    exponent = (*others[:i], k, *others[i:])
                    factor[exponent] = factorial(n - k) // prod(factorial(a) for a in others)
        longer: dict[tuple[int, ...], int] = {}
        for (a, x), (b, y) in product(total.items(), factor.items()):
            exponent = tuple(p + q for p, q in zip(a, b, strict=True))
            if all(p <= limit for p, limit in zip(exponent, dimensions, strict=True)):
                longer[exponent] = longer.get(exponent, 0) + x * y
        total = longer
    return total.get(tuple(dimensions), 0)


@lru_cache(maxsize=256)
def _generic_count(arch: Architecture, rank: int | None) -> CountTable:
    blocks = [
        [(pattern, count_matrices(degrees, pattern)) for pattern in root_patterns(degrees)]
        for degrees in arch.layer_degrees
    ]
    rows = []
    for choice in product(*blocks):
        pattern = tuple(partition for partition, _ in choice)
        rows.append(
            StratumCount(
                pattern=pattern,
                pure=all(partition[0] == 1 for partition in pattern),
                count=_critical_filters(arch, pattern, rank),
                factorizations=prod(matrices for _, matrices in choice),
            )
        )
    return CountTable(arch, tuple(rows))


def generic_ed_degree(dimensions: Sequence[int], degrees: Sequence[int] | None = None) -> int:
    """Generic Euclidean distance degree of a Segre–Veronese variety.

    Parameters
    ----------
    dimensions : sequence of int
        n_1, …, n_r of the product Π P^{n_j}.
    degrees : sequence of int, optional
        The embedding O(m_1, …, m_r); all 1 by default.

    Returns
    -------
    int
        Σ_i (−1)^i (2^{M+1−i} − 1) ∫ c_i(T) (Σ m_j h_j)^{M−i}, M = Σ n_j
        (Draisma, Horobeţ, Ottaviani, Sturmfels, Thomas 2016, Theorem 5.8).

    Examples
    --------
    >>> generic_ed_degree((1, 1)), generic_ed_degree((2, 2, 2)), generic_ed_degree((1,), (3,))
    (6, 2385, 7)
    """
    if degrees is None:
        degrees = [1] * len(dimensions)
    if len(degrees) != len(dimensions):
        raise InputError(f"degrees: {len(degrees)} given for {len(dimensions)} dimensions; expected equally many")
    total = sum(dimensions)
    # ∫ c_i(T) h^{M−i} = (M−i)! [τ^i] Π_j Σ_a C(n_j+1, a) τ^a m_j^{n_j−a} / (n_j−a)!, times Π n_j! to stay integral.
    chern: tuple[int, ...] = (1,)
    for n, m in zip(dimensions, degrees, strict=True):
        factor = tuple((-1) ** a * comb(n + 1, a) * m ** (n - a) * factorial(n) // factorial(n - a)
                       for a in range(n + 1))  # fmt: skip
        chern = _multiply(chern, factor)
    return integrate(chern, total) // prod(factorial(n) for n in dimensions)


def root_patterns(degrees: Sequence[int]) -> list[Partition]:
    """Partitions λ that occur as root multiplicities of a product of square-free polynomials of the given degrees.

    By Gale and Ryser these are the partitions of Σ degrees dominated by the conjugate of ``degrees``; (1, …, 1) first.
    """
    return list(each_root_pattern(degrees))


def each_root_pattern(degrees: Sequence[int]) -> Iterator[Partition]:
    """`root_patterns`, one after the other."""
    total, layers = sum(degrees), len(degrees)
    conjugate = [sum(d > j for d in degrees) for j in range(max(degrees, default=0))]
    bound = [0, *accumulate(conjugate)]
    parts, used = [1] * total, [*range(total + 1)]  # used[i] is the sum of the first i parts
    while True:
        yield tuple(parts)
        # The next partition in lexicographic order that is dominated: one part grows, ones follow it.
        place = len(parts) - 2
        while place >= 0:
            part = parts[place] + 1
            fits = part <= (parts[place - 1] if place else layers) and used[place] + part <= total
            if fits and used[place] + part <= bound[min(place + 1, len(bound) - 1)]:
                break
            place -= 1
        if place < 0:
            return
        rest = total - used[place] - part
        parts[place:] = [part] + [1] * rest
        used[place + 1 :] = range(used[place] + part, total + 1)


def count_matrices(row_sums: Sequence[int], column_sums: Sequence[int]) -> int:
    """Number of 0/1 matrices with the given row and column sums.

    Examples
    --------
    >>> count_matrices((1, 1, 1), (1, 1, 1)), count_matrices((2, 2), (2, 1, 1)), count_matrices((3,), (2, 1))
    (6, 2, 0)
    """
    return _count_matrices(tuple(sorted(row_sums, reverse=True)), _multiplicities(column_sums))


@cache
def _count_matrices(rows: Partition, columns: tuple[tuple[int, int], ...]) -> int:
    """``columns`` lists (remaining sum, number of such columns)."""
    if not rows:
        return int(all(value == 0 for value, _ in columns))
    values = [(value, number) for value, number in columns if value > 0]
    if sum(value * number for value, number in values) != sum(rows):
        return 0
    total = 0
    for chosen in _bounded_compositions(rows[0], [number for _, number in values]):
        rest: Counter[int] = Counter()
        ways = 1
        for (value, number), k in zip(values, chosen, strict=True):
            ways *= comb(number, k)
            rest[value] += number - k
            rest[value - 1] += k
        left = tuple(sorted((value, number) for value, number in rest.items() if value > 0 and number > 0))
        total += ways * _count_matrices(rows[1:], left)
    return total


def _bounded_compositions(total: int, bounds: Sequence[int]) -> Iterator[tuple[int, ...]]:
    if not bounds:
        if total == 0:
            yield ()
        return
    for first in range(max(0, total - sum(bounds[1:])), min(total, bounds[0]) + 1):
        for rest in _bounded_compositions(total - first, bounds[1:]):
            yield (first, *rest)


def _multiplicities(partition: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(Counter(partition).items()))


def augmented_monomial(partition: Partition) -> tuple[int, ...]:
    """Coefficients in τ of ψ(Π_q a_q! · m_λ), see (2)."""
    elementary: tuple[int, ...] = (1,)
    for part in partition:
        elementary = tuple(a + part * b for a, b in zip((*elementary, 0), (0, *elementary), strict=True))
    parts, result = len(partition), [0] * (sum(partition) + 1)
    factor = 1
    for j in range(parts, -1, -1):
        result[len(result) - 1 - j] = factor * elementary[j]
        factor *= -(j + 1)
    return tuple(result)


def _multiply(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    result = [0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        if a:
            for j, b in enumerate(right):
                result[i + j] += a * b
    return tuple(result)


def integrate(polynomial: Sequence[int], total: int, rank: int | None = None) -> int:
    """ℓ_M of a polynomial in τ: τ^i ↦ (2^{M+1−i} − 1) (M−i)!, or its truncation (3) for a rank."""
    return sum(
        coefficient * _subsets(total + 1 - i, rank) * factorial(total - i) for i, coefficient in enumerate(polynomial)
    )


def _subsets(size: int, rank: int | None) -> int:
    """Number of nonempty sets of fewer than ``rank`` of ``size`` things."""
    return 2**size - 1 if rank is None else sum(comb(size, u) for u in range(1, rank))
