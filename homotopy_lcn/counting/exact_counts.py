"""How many critical points there are for a given Gram matrix and generic moment vectors, stratum by stratum, exactly.

A stratum whose blocks have roots of one multiplicity each is counted in its own coordinates. The others follow from the
identity (1) of `homotopy_lcn.networks.counts`, which holds for each positive definite Gram matrix and generic b: which
families of parameters have critical points for generic b depends on the rank of the derivative of μ alone. For the
layers whose degrees are the conjugate partitions, the identity has the stratum itself once, and strata that it
dominates. If these layers have many points, and more of them than the stratum's own coordinates, the stratum is counted
in its own coordinates instead, without the solutions at which it meets smaller strata.

If the quadric {μᵀΣμ = 0} is smooth in the coordinates of a stratum, the stratum has all critical filters of generic
data. That is shown by a plane curve where all factors but one have two dimensions together, and elsewhere by Gröbner
bases without solutions, which take a small part of the time of those that have all critical points as solutions. The
curve gives the number, too, if the quadric is singular. If there is no such curve and the quadric has isolated singular
points, these are fewer than the critical points, and their Milnor numbers say how many critical points are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from typing import NamedTuple

from ..doors import cached_property
from ..errors import InputError
from ..networks.architecture import Architecture, Block
from ..networks.counts import CountTable, count_matrices, generic_count, generic_ed_degree
from ..networks.limits import check_filter_size
from ..networks.patterns import Partition, Pattern, format_pattern
from ..networks.strata import Factor, Stratum
from .eigenvalues import FormCount, count_by_eigenvalues, count_by_roots
from .formulas import is_linear, tensor_count, two_layer_count
from .gram_matrices import Entries, GramMatrix
from .groebner import Search, count_by_groebner, count_by_singular_points, has_singular_points, is_smooth, residues_of
from .groebner_programs import INSTALL, GroebnerFailure
from .pencils import count_by_pencils
from .singular_fibres import count_by_fibres, is_smooth_by_fibres

__all__ = [
    "CountsDisagree",
    "Established",
    "KnownNumbers",
    "NotEstablished",
    "StratumCounter",
    "count_layers",
    "exact_count",
    "quick_count",
    "weakest",
]

#: Methods, the strongest first: a number that comes from several has the last of them.
METHODS = ("formula", "eigenvalues", "bertini", "smooth", "curves", "groebner", "measured")
#: What is said of Gram matrices of doubles.
AS_RATIONAL = "; doubles are taken for the rational numbers that they are"
#: Sums over all strata are compared with a Gröbner basis of the parameter space up to this many points.
MOST_COMPARED = 150
#: With more critical points for generic data, those of the quadric that are singular are counted first.
MOST_COUNTED_DIRECTLY = 100
#: Quadrics are asked for singular points where generic data have up to this many critical parameters: a second or two.
MOST_FOR_SMOOTHNESS = 6000


#: Degrees of layers, a list for each block, the largest first.
Degrees = tuple[Partition, ...]


class CountsDisagree(RuntimeError):
    """Two methods give different numbers."""


class NotEstablished(NamedTuple):
    """Why there is no exact number."""

    reason: str


class Established(NamedTuple):
    """A number, the method that gave it, and a sentence of why."""

    number: int
    method: str
    reason: str


@dataclass
class Numbers:
    """What is established for networks with the same blocks and one Gram matrix.

    Attributes
    ----------
    patterns : dict
        The number of critical filters of root patterns.
    layers : dict
        The number of critical parameters for layers of some degrees.
    missing : dict
        Root patterns that were tried without success; with the same limits they are not tried again.
    """

    patterns: dict[Pattern, Established] = field(default_factory=dict)
    layers: dict[Degrees, Established] = field(default_factory=dict)
    missing: dict[Pattern, NotEstablished] = field(default_factory=dict)


class KnownNumbers:
    """What is established so far, for many networks and Gram matrices.

    Networks with the same blocks share strata, and Gram matrices that differ by a symmetry share numbers.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[Block, ...], Entries, bool], Numbers] = {}

    def of(self, arch: Architecture, gram: GramMatrix) -> Numbers:
        """For networks with the blocks of this one; the record is added to."""
        return self._known.setdefault((arch.blocks, gram.symmetry_class, gram.exact), Numbers())


def exact_count(
    arch: Architecture, gram: GramMatrix, search: Search, known: KnownNumbers | None = None
) -> CountTable | NotEstablished:
    """The exact counts of an architecture for one Gram matrix and generic b.

    Parameters
    ----------
    arch : Architecture
    gram : GramMatrix
    search : Search
    known : KnownNumbers, optional
        Numbers of other networks, which are used, and added to.

    Returns
    -------
    CountTable or NotEstablished
        Each row has its method and its reason.

    Raises
    ------
    InputError
        If the Gram matrix does not fit the architecture.
    CountsDisagree
        If two methods give different numbers.
    """
    check_filter_size(arch)
    if gram.size != arch.filter_size:
        raise InputError(
            f"gram: shape ({gram.size}, {gram.size}) given; expected ({arch.filter_size}, {arch.filter_size}) for the "
            f"network {arch}"
        )
    counter = StratumCounter(
        arch,
        lambda stratum: count_layers(stratum, gram, search),
        lambda stratum: _groebner(stratum, gram, search),
        ByProof(
            lambda stratum: quick_count(stratum, gram),
            lambda stratum: _shown_to_be_smooth(stratum, gram, search),
        ),
        None if known is None else known.of(arch, gram),
    )
    return table_of(generic_count(arch), counter, gram.name)


def table_of(generic: CountTable, counter: StratumCounter, gram: str) -> CountTable | NotEstablished:
    """The table of all strata, checked by the sum over them where this is quick."""
    rows = []
    for row in generic:
        found = counter.number(row.pattern)
        if isinstance(found, NotEstablished):
            return NotEstablished(f"stratum {format_pattern(row.pattern)}: {found.reason}")
        if found.number > row.count:
            raise CountsDisagree(
                f"{found.number} critical filters by {found.method} on the stratum {format_pattern(row.pattern)}, "
                f"which has {row.count} for generic data"
            )
        rows.append(replace(row, count=found.number, generic=row.count, method=found.method, reason=found.reason))
    table = CountTable(generic.architecture, tuple(rows), metric=gram, method=weakest(row.method or "" for row in rows))
    total = counter.layers(generic.architecture.layer_degrees, most=MOST_COMPARED)
    if total is not None and not isinstance(total, NotEstablished) and total.number != table.parameters:
        raise CountsDisagree(
            f"{total.number} critical parameters by {total.method} and {table.parameters} by {table.method}"
        )
    return table


def weakest(methods: Iterable[str]) -> str:
    """The last of some methods in the order of `METHODS`."""
    return max(methods, key=METHODS.index, default=METHODS[0])


class ByProof(NamedTuple):
    """What is tried before Gröbner bases that have the critical points as solutions.

    Attributes
    ----------
    quick : callable
        The number of critical points of a list of factors by formulas and the eigenvalue rule; None if none applies.
    smooth : callable
        How the quadric is shown to be smooth in the coordinates of a stratum; None if it is not.
    """

    quick: Callable[[Stratum], Established | NotEstablished | None]
    smooth: Callable[[Stratum], str | None]


class StratumCounter:
    """Numbers of critical filters of strata, each computed once.

    Parameters
    ----------
    arch : Architecture
    count : callable
        The number of critical points of a list of factors.
    apart : callable, optional
        The number of those where factors of one block with different powers have no common root. It is asked where the
        identity would need a large number.
    first : ByProof, optional
        What is tried first.
    numbers : Numbers, optional
        What is established before, for networks with these blocks.
    """

    def __init__(
        self,
        arch: Architecture,
        count: Callable[[Stratum], Established | NotEstablished],
        apart: Callable[[Stratum], Established | NotEstablished] | None = None,
        first: ByProof | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        self.arch = arch
        self.count = count
        self.apart = apart
        self.first = first
        self.numbers = Numbers() if numbers is None else numbers

    def number(self, pattern: Pattern) -> Established | NotEstablished:
        """The number of critical filters of a root pattern."""
        found: Established | NotEstablished | None = self.numbers.patterns.get(pattern) or self.numbers.missing.get(
            pattern
        )
        if found is None:
            direct = all(len(set(partition)) == 1 for partition in pattern)
            stratum = Stratum.of_pattern(self.arch.blocks, pattern)
            found = self._quickly(pattern, stratum, direct)
            if found is None and (how := self._is_smooth(stratum)) is not None:
                reason = f"the quadric has no singular point {how}, hence none: nothing is lost"
                found = Established(self.generic[pattern], "smooth", reason)
            if found is None:
                found = self.count(stratum) if direct else self._of_mixed(pattern, stratum)
            if isinstance(found, Established):
                self.numbers.patterns[pattern] = found
            else:
                self.numbers.missing[pattern] = found
        return found

    def _quickly(self, pattern: Pattern, stratum: Stratum, direct: bool) -> Established | NotEstablished | None:
        """The number by a formula or a rule for the stratum, or for layers that have it; None if none applies."""
        if self.first is None:
            return None
        if direct:
            return self.first.quick(stratum)
        layers = Stratum(self._factors(_sorted(_conjugates(pattern))))
        return None if self.first.quick(layers) is None else self._by_identity(pattern)

    def _is_smooth(self, stratum: Stratum) -> str | None:
        """How the quadric is shown to be smooth in these coordinates; None if it is not, or with many points."""
        few = _bound(stratum) <= MOST_FOR_SMOOTHNESS
        return self.first.smooth(stratum) if self.first is not None and few else None

    @cached_property
    def generic(self) -> dict[Pattern, int]:
        """The number for generic data of each root pattern of layers of degree one, which are all patterns."""
        degrees = [(1,) * block.degree for block in self.arch.blocks]
        finest = Architecture((2,) * sum(map(len, degrees)), _strides(self.arch, list(map(len, degrees))))
        return {row.pattern: row.count for row in generic_count(finest)}

    def _factors(self, key: Degrees) -> tuple[Factor, ...]:
        return tuple(
            Factor(degree, 1, block.dilation)
            for block, partition in zip(self.arch.blocks, key, strict=True)
            for degree in partition
        )

    def _of_mixed(self, pattern: Pattern, stratum: Stratum) -> Established | NotEstablished:
        """The number on a stratum whose blocks have roots of several multiplicities."""
        degrees = [degree for partition in _conjugates(pattern) for degree in partition]
        whole = generic_ed_degree(degrees)
        if self.apart is not None and len(degrees) > 2 and whole > max(MOST_COMPARED, _bound(stratum)):
            found = self.apart(stratum)
            if isinstance(found, Established):
                return found
        return self._by_identity(pattern)

    def layers(self, degrees: Iterable[Partition], most: int | None = None) -> Established | NotEstablished | None:
        """The number of critical parameters for layers of some degrees, a list for each block.

        None if for generic data it is above ``most``.
        """
        key = _sorted(degrees)
        if all(len(partition) == 1 for partition in key):  # one layer a block: these are the pure filters
            pure = tuple((1,) * block.degree for block in self.arch.blocks)
            if pure in self.numbers.patterns:
                return self.numbers.patterns[pure]
        found: Established | NotEstablished | None = self.numbers.layers.get(key)
        if found is None:
            stratum = Stratum(self._factors(key))
            if most is not None and _bound(stratum) > most:
                return None
            found = self.first.quick(stratum) if self.first is not None else None
            if found is None and self._is_smooth(stratum) is not None:
                found = Established(_bound(stratum), "smooth", "the quadric has no singular point")
            found = found or self.count(stratum)
            if isinstance(found, Established):
                self.numbers.layers[key] = found
        return found

    def _by_identity(self, pattern: Pattern) -> Established | NotEstablished:
        degrees = _conjugates(pattern)
        total = self.layers(degrees)
        assert total is not None
        if isinstance(total, NotEstablished):
            return total
        left, methods = total.number, [total.method]
        below = Architecture(
            tuple(degree + 1 for block in degrees for degree in block),
            _strides(self.arch, [len(block) for block in degrees]),
        )
        for row in generic_count(below):
            if row.pattern == pattern:
                continue
            found = self.number(row.pattern)
            if isinstance(found, NotEstablished):
                return found
            ways = prod(count_matrices(d, part) for d, part in zip(degrees, row.pattern, strict=True))
            left -= ways * found.number
            methods.append(found.method)
        if left < 0:
            raise CountsDisagree(
                f"{total.number} critical parameters by {total.method} for layers of degrees {degrees}, fewer than "
                f"their strata have by {weakest(methods[1:])}"
            )
        listed = " and ".join(str(list(block)) for block in degrees)
        return Established(
            left,
            weakest(methods),
            f"{total.number} critical parameters of layers of degrees {listed}, less those of the strata below it",
        )


def _bound(stratum: Stratum) -> int:
    """The number of critical points of the factors for generic data; factors of a block may have common roots."""
    return generic_ed_degree(
        [factor.degree for factor in stratum.factors], [factor.power for factor in stratum.factors]
    )


def _conjugates(pattern: Pattern) -> list[Partition]:
    """The conjugate of each partition."""
    return [tuple(sum(part > j for part in partition) for j in range(partition[0])) for partition in pattern]


def _sorted(degrees: Iterable[Partition]) -> Degrees:
    """Degrees of layers as a key: the order of the layers of a block does not matter."""
    return tuple(tuple(sorted(partition, reverse=True)) for partition in degrees)


def _strides(arch: Architecture, lengths: list[int]) -> tuple[int, ...]:
    """Strides of a network whose blocks have the dilations of an architecture, and these numbers of layers."""
    dilations = [block.dilation for block in arch.blocks for _ in range(lengths[arch.blocks.index(block)])]
    steps = [after // before for before, after in pairwise(dilations)]
    return (*steps, 1)


def count_layers(stratum: Stratum, gram: GramMatrix, search: Search) -> Established | NotEstablished:
    """The number of critical points in the coordinates of some factors, by the first method that applies."""
    return quick_count(stratum, gram) or _fibres(stratum, gram, search) or _groebner(stratum, gram, search)


def quick_count(stratum: Stratum, gram: GramMatrix) -> Established | NotEstablished | None:
    """The number by formulas and the eigenvalue rule, which are quick: all that apply are used and compared.

    None if none applies; `NotEstablished` if doubles leave open which number is meant.
    """
    found: list[Established] = []
    undecided: FormCount | None = None
    if is_linear(stratum):
        found.append(Established(1, "formula", "the filters are a linear space: the unconstrained solution"))
    if (tensors := tensor_count(stratum, gram)) is not None:
        reason = "filters are plain tensors and Σ is a tensor product: singular vector tuples (Friedland, Ottaviani)"
        found.append(Established(tensors, "formula", reason))
    if (white := two_layer_count(stratum, gram)) is not None:
        found.append(Established(white, "formula", "the formula for white data and two layers"))
    if (roots := count_by_roots(stratum, gram)) is not None:
        m = stratum.factors[0].power
        reason = f"wᵀΣw is a binary form with {roots + 2 - m} different zeros: {roots + 2 - m} + {m} − 2"
        found.append(Established(roots, "formula", reason))
    if (forms := count_by_eigenvalues(stratum, gram)) is not None:
        if forms.count is None:
            undecided = forms
        else:
            found.append(Established(forms.count, "eigenvalues", _why(forms)))
    elif (pencils := count_by_pencils(stratum, gram)) is not None:
        one, other = (" + ".join(map(str, layer)) for layer in pencils.multiplicities)
        doubles = "" if gram.exact else AS_RATIONAL
        reason = (
            f"wᵀΣw is a sum of products of two pencils, with eigenvalues of multiplicities {one} and {other}{doubles}"
        )
        found.append(Established(pencils.count, "eigenvalues", reason))
    if found:
        if len({one.number for one in found}) > 1:
            raise CountsDisagree(
                f"stratum {stratum.name}: " + " and ".join(f"{one.number} by {one.method}" for one in found)
            )
        return found[0]
    if undecided is not None:
        return NotEstablished(
            f"the smallest relative gap of the eigenvalues is {undecided.gap:.1e}, within the rounding of doubles; "
            "exact numbers, such as texts '1/3' and '0.1', would decide"
        )
    return None


def _why(forms: FormCount) -> str:
    gap = "" if forms.gap is None else f" (doubles; the smallest relative gap is {forms.gap:.1e})"
    if forms.toeplitz:
        return f"{forms.distinct} different eigenvalues of Γ_0^(−1) Γ_s: 4·{forms.distinct} − 2{gap}"
    degree = (forms.count or 0) + 2 - forms.distinct
    return (
        f"det S(v) has {forms.distinct} different zeros, and the last invariant factor of S(v) has degree {degree}: "
        f"{degree} + {forms.distinct} − 2{gap}"
    )


def _shown_to_be_smooth(stratum: Stratum, gram: GramMatrix, search: Search) -> str | None:
    """How it is shown that the quadric is smooth; None, too, where a program fails or the time is up."""
    by = "the curve of singular fibres"
    shown = is_smooth_by_fibres(stratum, residues_of(gram), search.seed)
    if shown is None and search.program is not None:
        by = search.program.name
        try:
            singular = _bound(stratum) > MOST_COUNTED_DIRECTLY and has_singular_points(
                stratum, residues_of(gram), search
            )
            shown = not singular and is_smooth(stratum, residues_of(gram), search)
        except GroebnerFailure:
            return None
    return f"modulo a prime ({by}{'' if gram.exact else AS_RATIONAL})" if shown else None


def _fibres(stratum: Stratum, gram: GramMatrix, search: Search) -> Established | None:
    count = count_by_fibres(stratum, residues_of(gram), search.seed)
    if count is None:
        return None
    doubles = "" if gram.exact else AS_RATIONAL
    reason = f"the curve of singular fibres of the quadric modulo two primes, for two random b{doubles}"
    return Established(count, "curves", reason)


def _groebner(stratum: Stratum, gram: GramMatrix, search: Search) -> Established | NotEstablished:
    if search.program is None:
        return NotEstablished(f"no formula and no rule applies, and a Gröbner basis would need {INSTALL}")
    doubles = "" if gram.exact else AS_RATIONAL
    try:
        bound = _bound(stratum)
        if bound > MOST_COUNTED_DIRECTLY:
            count = count_by_singular_points(stratum, residues_of(gram), search)
            if count is not None:
                return Established(
                    count,
                    "groebner",
                    f"{bound} − {bound - count}: the quadric has isolated singular points with Milnor numbers of this "
                    f"sum, by Gröbner bases modulo two primes, on random patches ({search.program.name}){doubles}",
                )
        count = count_by_groebner(stratum, residues_of(gram), search)
    except GroebnerFailure as error:
        return NotEstablished(f"Gröbner basis: {error}")
    if count is None:
        return NotEstablished("no formula and no rule applies, and there are too many points for a Gröbner basis")
    return Established(
        count, "groebner", f"Gröbner bases modulo two primes, for two random b ({search.program.name}){doubles}"
    )
