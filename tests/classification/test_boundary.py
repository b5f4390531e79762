"""Interior and boundary points by moving them: a little way within the real points of the Zariski closure.

Two kinds of moves are tried. The blocks of a real factorization move by any real polynomials; then their real roots are
counted, and where these do not suffice, the membership code says whether another factorization does. And the hyperroots
of any complex factorization move as long as the filter stays real; then an exhaustive search decides.
"""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture
from homotopy_lcn.geometry.filter_geometry import describe_filter, is_in_function_space
from homotopy_lcn.networks.binary_forms import roots_of_each
from homotopy_lcn.networks.parameters import compose
from tests.geometry.exhaustive_search import CHAIN, SMALL, Roots, key, random_special, random_swapped_pair

SKEW, SPLIT, SQUARE = Architecture((3, 2), (2, 1)), Architecture((2, 2, 2), (1, 2, 1)), Architecture((2, 2), (1, 1))
INFINITY = complex(np.inf)
MOVES = np.array([1, 1j, 1 + 1j, 0.5 + 1j])
SIZES = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
WEIGHTS = [0.3, 0.3, 0.1, 0.1, 0.2]


def filter_of(arch, blocks):
    layers = iter(blocks)
    return compose(arch.reduced, [next(layers) if k > 1 else np.ones(1) for k in arch.reduced.filters])


def leave_by_real_moves(arch, facts, size, number, rng):
    """How many of so many moves of real blocks leave the function space."""
    left = 0
    factorizations = [f for f in facts.factorizations if f.real]
    for factorization in factorizations:
        count = number // len(factorizations)
        moved = [block + size * rng.standard_normal((count, len(block))) for block in factorization.blocks]
        inside = np.ones(count, bool)
        for block, degrees in zip(moved, arch.layer_degrees, strict=True):
            real = (roots_of_each(block)[:, :, 0].imag == 0).sum(axis=1)
            inside &= real >= sum(d % 2 for d in degrees)
        rest = np.flatnonzero(~inside)
        for n in rest[:200]:
            w = filter_of(arch, [block[n] for block in moved])
            left += not is_in_function_space(arch, w, tolerance=1e-13)
    return left


def leave_by_hyperroots(arch, roots, size, rng, number):
    """The same for random moves of hyperroots that keep the filter real."""
    left = done = 0
    w = roots.filter / np.linalg.norm(roots.filter)
    factorizations = sorted(roots.factorizations(arch.blocks), key=str)
    for _ in range(20 * number):
        if done == number:
            break
        blocks = factorizations[rng.integers(len(factorizations))]
        hyperroots = [(b, arch.blocks[b].dilation, value) for b, block in enumerate(blocks) for value in block]
        # Coinciding roots that part by ε move the filter by a power of ε.
        length = size ** rng.choice([1, 1 / 2, 1 / 4])
        # Most moves that keep the filter real are the same for many hyperroots, up to sign and conjugation.
        one = rng.choice(MOVES)
        moves = rng.choice([one, one.conjugate(), -one, -one.conjugate(), 0], size=len(hyperroots), p=WEIGHTS)
        moved = []
        for (b, dilation, value), move in zip(hyperroots, length * moves, strict=True):
            if value in (0, INFINITY):
                small = move**dilation
                moved.append((b, dilation, value if move == 0 else key(small if value == 0 else 1 / small)))
            else:
                moved.append((b, dilation, key(value * np.exp(move * dilation))))
        near = Roots(moved)
        if not near.real:
            continue
        v = near.filter / np.linalg.norm(near.filter)
        if min(np.linalg.norm(v - w), np.linalg.norm(v + w)) > 30 * size:
            continue
        done += 1
        left += not near.answers(arch)[2]
    return left, done


def check(arch, roots, rng, interior_moves, sizes):
    facts = describe_filter(arch, roots.filter)
    assert facts.in_function_space
    if facts.interior:
        by_hyperroots, done = leave_by_hyperroots(arch, roots, 1e-4, rng, interior_moves // 20)
        assert done > 0
        assert by_hyperroots == 0
        assert leave_by_real_moves(arch, facts, 1e-4, interior_moves, rng) == 0
        return
    for size in sizes:
        left = leave_by_real_moves(arch, facts, size, 60, rng)
        if not left:
            left, _ = leave_by_hyperroots(arch, roots, size, rng, 400)
        assert left > 0, size


#: Hyperroots as (block, dilation, value); whether the filter is interior.
POINTS = [
    (SKEW, [(0, 1, 0.5), (0, 1, -2), (1, 2, 3)], True),
    (SKEW, [(0, 1, 1), (0, 1, -1), (1, 2, 2)], True),
    (SKEW, [(0, 1, 1), (0, 1, -1), (1, 2, 1)], False),
    (SKEW, [(0, 1, 0), (0, 1, INFINITY), (1, 2, -1)], True),
    (SKEW, [(0, 1, 0), (0, 1, 0), (1, 2, 0)], False),
    (SKEW, [(0, 1, 0), (0, 1, 0), (1, 2, INFINITY)], True),
    (SPLIT, [(0, 1, 1), (0, 1, 1), (1, 2, -3)], False),
    (SPLIT, [(0, 1, 2**0.5), (0, 1, -(2**0.5)), (1, 2, -1)], False),
    (SPLIT, [(0, 1, 1), (0, 1, -1), (1, 2, 2)], True),
    (SQUARE, [(0, 1, 1), (0, 1, 1)], False),
    (SQUARE, [(0, 1, 0), (0, 1, INFINITY)], True),
    (Architecture((3, 2), (1, 1)), [(0, 1, 1), (0, 1, 1), (0, 1, 1)], True),
    (Architecture((2, 3), (1, 1)), [(0, 1, 1j), (0, 1, -1j), (0, 1, 2)], True),
    (CHAIN, [(0, 1, 1), (0, 1, -1), (1, 2, -1), (2, 4, 16)], True),
    (CHAIN, [(0, 1, 1), (0, 1, -1), (1, 2, -1), (2, 4, 1)], False),
]


@pytest.mark.parametrize(("arch", "hyperroots", "interior"), POINTS)
def test_moves_leave_the_function_space_at_boundary_points_however_small_and_only_there(arch, hyperroots, interior):
    roots = Roots([(b, d, key(complex(value)) if value != INFINITY else INFINITY) for b, d, value in hyperroots])
    assert describe_filter(arch, roots.filter).interior == interior
    check(arch, roots, np.random.default_rng(0), 10_000 if interior else 0, SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("arch", SMALL, ids=str)
def test_random_points_with_coincidences_likewise(arch):
    rng = np.random.default_rng(1)
    seen = {True: 0, False: 0}
    for n in range(150):
        if min(seen.values()) >= 4:
            break
        roots = (random_special if n % 3 else random_swapped_pair)(arch, rng)
        if not roots.real or not roots.answers(arch)[2]:
            continue
        interior = describe_filter(arch, roots.filter).interior
        if seen[interior] < 4:
            check(arch, roots, rng, 10_000, SIZES[:-1])  # the search takes roots 1e-6 apart for equal
        seen[interior] += 1
    assert seen[True] > 0
