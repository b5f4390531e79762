"""Architectures and filters for the tests, and an independent answer by exhaustive search over assignments of roots."""

from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement, product

import numpy as np

from homotopy_lcn import Architecture
from homotopy_lcn.geometry.filter_geometry import (
    describe_filter,
    is_in_function_space,
)
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.networks.parameters import compose

INFINITY = complex(np.inf)


def architectures(largest):
    """All with filter sizes above 1, last stride 1 and K ≤ largest."""

    def extend(filters, strides, dilation, room):
        for k in range(2, room // dilation + 2):
            left = room - (k - 1) * dilation
            yield Architecture((*filters, k), (*strides, 1))
            for stride in range(1, left // dilation + 1):
                yield from extend((*filters, k), (*strides, stride), dilation * stride, left)

    return list(extend((), (), 1, largest - 1))


ALL = architectures(9)


#: One architecture for each way to ask something of the roots.
DISTINCT = list(
    {(arch.blocks, tuple(sum(d % 2 for d in ds) for ds in arch.layer_degrees)): arch for arch in ALL}.values()
)


CHAIN = Architecture((3, 2, 2), (2, 2, 1))


LARGER = [
    CHAIN,
    Architecture((2, 2, 2, 2), (1, 2, 2, 1)),
    Architecture((4, 3, 2), (2, 2, 1)),
    Architecture((5, 2), (4, 1)),
    Architecture((7, 3, 2), (2, 3, 1)),
    Architecture((13, 2), (12, 1)),
    Architecture((1, 3, 2), (2, 2, 1)),
]


SMALL = [
    Architecture((3, 2), (2, 1)),
    Architecture((2, 2, 2), (1, 2, 1)),
    Architecture((2, 2), (1, 1)),
    Architecture((3, 2), (1, 1)),
    Architecture((3, 3), (1, 1)),
    Architecture((2, 2, 2), (2, 1, 1)),
    Architecture((2, 2, 2), (2, 2, 1)),
    Architecture((4, 2), (3, 1)),
    CHAIN,
]


class Roots:
    """A multiset of roots on the projective line, by exhaustive search; it knows nothing of classes and cosets."""

    def __init__(self, hyperroots):
        """From triples (block, dilation, value)."""
        self.hyperroots = hyperroots
        self.number = Counter()
        for _, dilation, value in hyperroots:
            for root in self.roots(dilation, value):
                self.number[root] += 1

    @staticmethod
    def roots(dilation, value):
        if value in (0, INFINITY):
            return [complex(value)] * dilation
        first = complex(value) ** (1 / dilation)
        return [key(first * np.exp(2j * np.pi * j / dilation)) for j in range(dilation)]

    @property
    def real(self):
        return all(self.number[conjugate(root)] == n for root, n in self.number.items())

    def factorizations(self, blocks):
        """The values of the hyperroots of each block, as sorted tuples; all ways to use all roots."""
        found = set()

        def peel(b, number, chosen):
            if b < 0:
                if not any(number.values()):
                    found.add(tuple(chosen))
                return
            degree, dilation = blocks[b]
            if b == 0 and dilation == 1:  # what is left goes to the first block
                picked = tuple(sorted(number.elements(), key=str))
                if len(picked) == degree:
                    found.add((picked, *chosen))
                return
            values = {root if root in (0, INFINITY) else key(root**dilation) for root, n in number.items() if n}
            for picked in combinations_with_replacement(sorted(values, key=str), degree):
                rest = Counter(number)
                for value in picked:
                    rest.subtract(self.roots(dilation, value))
                if min(rest.values()) >= 0:
                    peel(b - 1, rest, [picked, *chosen])

        peel(len(blocks) - 1, self.number, [])
        return found

    def answers(self, arch):
        """Number of complex factorizations; whether one is real; whether one gives real layers."""
        found = self.factorizations(arch.blocks)
        odd = [sum(d % 2 for d in degrees) for degrees in arch.layer_degrees]
        real = [f for f in found if all(Counter(map(conjugate, block)) == Counter(block) for block in f)]
        inside = any(
            all(sum(conjugate(v) == v for v in block) >= n for block, n in zip(f, odd, strict=True)) for f in real
        )
        return len(found), bool(real), inside

    @property
    def filter(self):
        result = np.ones(1, complex)
        for _, dilation, value in self.hyperroots:
            factor = np.zeros(dilation + 1, complex)
            factor[0], factor[-1] = (0, 1) if value == INFINITY else (1, -value)
            result = np.convolve(result, factor)
        return result.real.copy() if self.real else result


KNOWN = {}


def key(z):
    """The same number for numbers that differ by rounding; real ones and conjugates exactly so."""
    z = complex(z)
    if z in (0, INFINITY):
        return z
    if abs(z.imag) < 1e-8 * abs(z):
        z = complex(z.real)
    place = round(np.log(abs(z)) * 1e6), round(float(np.angle(z)) * 1e6)
    for shift in product((0, -1, 1), repeat=2):
        known = KNOWN.get((place[0] + shift[0], place[1] + shift[1]))
        if known is not None:
            return known
    KNOWN[place] = z
    if z.imag:
        KNOWN[place[0], -place[1]] = z.conjugate()
    return z


def conjugate(z):
    return z if z in (0, INFINITY) else complex(z.real, 0.0 - z.imag)


def random_special(arch, rng):
    """Hyperroots that often coincide, and often have a real product."""
    angles = rng.choice([0, 1, 2, 4], p=[0.3, 0.3, 0.3, 0.1])
    order = arch.blocks[-1].dilation
    # All roots at few points of few classes.
    result, pairs = [], rng.random() < 0.7
    for b, (degree, dilation) in enumerate(arch.blocks):
        while sum(item[0] == b for item in result) < degree:
            if rng.random() < 0.15:
                value = 0 if rng.random() < 0.5 else INFINITY
            else:
                radius = rng.choice([1.0, 1.0, 1.25]) ** dilation
                turn = angles * rng.integers(0, 8) / 8 + rng.integers(0, order) / order
                value = key(radius * np.exp(2j * np.pi * turn / (order if rng.random() < 0.5 else 1) * dilation))
            result.append((b, dilation, value))
            if pairs and sum(item[0] == b for item in result) < degree and rng.random() < 0.7:
                result.append((b, dilation, conjugate(complex(value))))
    return Roots(result)


def random_swapped_pair(arch, rng):
    """Real filters by way of non-real factors: hyperroots of one block with conjugates assembled from lower ones."""
    left, result = [block.degree for block in arch.blocks], []
    for b in reversed(range(len(arch.blocks))):
        dilation = arch.blocks[b].dilation
        while left[b]:
            value = key(complex(rng.choice([1j, -1, 1, np.exp(0.25j * np.pi), 1.5, 0.5j])))
            left[b] -= 1
            result.append((b, dilation, value))
            missing = [conjugate(value)] if value.imag else []
            for lower in range(b, -1, -1):
                size = arch.blocks[lower].dilation
                again = []
                for v in missing:
                    if left[lower] and rng.random() < 0.6:
                        left[lower] -= 1
                        result.append((lower, size, key(v)))
                    elif lower:
                        ratio = size // arch.blocks[lower - 1].dilation
                        again += [v ** (1 / ratio) * np.exp(2j * np.pi * j / ratio) for j in range(ratio)]
                missing = again
    return Roots(result)


def check_against_search(arch, roots):
    number, reduced, inside = roots.answers(arch)
    facts = describe_filter(arch, roots.filter, boundary=False)
    assert facts.real == roots.real
    assert facts.in_closure
    assert len(facts.factorizations) == number
    assert facts.in_reduced == (roots.real and reduced)
    assert facts.in_function_space == (roots.real and inside)
    assert is_in_function_space(arch, roots.filter) == facts.in_function_space
    for item in facts.factorizations:
        assert (item.rank < arch.dimension) == bool(item.common)
        w = compose(arch.reduced, [np.ones(1)] * (arch.reduced.depth - len(item.blocks)) + list(item.blocks))
        w = w * (np.vdot(w, roots.filter) / np.vdot(w, w))
        assert np.abs(w - roots.filter).max() < 1e-7 * np.abs(roots.filter).max()
    if describe_function_space(arch).smooth:
        assert facts.smooth
    return facts


def nearby(arch, roots, size):
    """Filters near a real one in the Zariski closure: all hyperroots of any factorization move, a little."""
    moves = [0, 1, -1, 1j, -1j, 1 + 1j, 1 - 1j]
    for blocks in roots.factorizations(arch.blocks):
        hyperroots = [(b, arch.blocks[b].dilation, value) for b, block in enumerate(blocks) for value in block]
        for chosen in product(moves, repeat=len(hyperroots)):
            moved = []
            for (b, dilation, value), move in zip(hyperroots, chosen, strict=True):
                if value in (0, INFINITY):
                    small = (size * move) ** dilation
                    moved.append((b, dilation, value if move == 0 else key(small if value == 0 else 1 / small)))
                else:
                    moved.append((b, dilation, key(value * np.exp(size * move * dilation))))
            result = Roots(moved)
            if result.real:
                yield result
