"""Kinds of degenerate data: critical points may lie on continua, and minima may run to infinity.

Each kind has variants, chosen by the number of the draw. Coefficients are those that some parameters reach: filters
that leave gaps have others, which matter to nobody.

ties
    Σ = I, and the target is the image of a matrix with equal singular values: T of size m × n, one row for each
    coefficient of the first layers and one column for each of the last, is laid out by u[i + j] += T[i, j]. If filters
    do not overlap T is an unfolding of the target. In turn: the two largest singular values are equal; all are; those
    below the largest are; T has ones on the diagonal; T is a rotation by a right angle in each pair of coordinates; all
    but one singular value are zero. In every other turn networks of one block of even degree n get the diagonal Σ of
    Bombieri's norm, 1/binom(n, i), and the target (x² + y²)^(n/2), which rotations leave fixed.
near ties
    The first three of the variants above, but of k equal singular values the i-th is multiplied by 1 + iδ; δ is 1e-6,
    1e-7, 1e-8, 1e-9 and 1e-10 in turn.
periodic
    All windows of a noise-free series of period 2 to K + 2 and the value 1 to one period after each: of integers, of
    one sinusoid (Σ has rank 2) or of normal values.
dead channel
    2K normal samples, or Σ = I and a normal target; the first, the last or a random coefficient has a zero row and
    column of Σ and a zero entry of b. In every sixth draw a second one has, too.
copied channel
    2K normal samples, or independent inputs and normal moments; two coefficients see equal inputs: neighbours, a
    dilation apart, or any two.
zero target
    b = 0, with Σ from 2K normal samples, Σ = I, or Σ with a dead channel; the constant is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from homotopy_lcn import Architecture, SquaredLoss

#: Relative gaps of singular values that are nearly equal.
GAPS = (1e-6, 1e-7, 1e-8, 1e-9, 1e-10)

Generator = np.random.Generator
Real = NDArray[np.float64]


def used(sizes: tuple[int, ...], dilations: tuple[int, ...]) -> NDArray[np.int_]:
    """The coefficients that products of filters of these sizes and dilations reach."""
    places = {0}
    for size, dilation in zip(sizes, dilations, strict=True):
        places = {place + dilation * i for place in places for i in range(size)}
    return np.array(sorted(places))


def coefficients(arch: Architecture) -> NDArray[np.int_]:
    """The coefficients that some parameters reach."""
    return used(arch.filters, arch.dilations)


def ties(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    variant, turn = draw % 6, draw // 6
    degree = arch.filter_size - 1
    if turn % 2 and degree % 2 == 0 and set(arch.strides) == {1}:
        return invariant_under_rotations(degree, 1.0 + variant)
    return SquaredLoss.white(laid_out(arch, variant, rng, 0.0))


def near_ties(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    return SquaredLoss.white(laid_out(arch, draw % 3, rng, GAPS[draw // 3 % len(GAPS)]))


def periodic(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    size = arch.filter_size
    period = int(rng.integers(2, size + 3))
    if draw % 4 == 1:
        frequency = int(rng.integers(1, period // 2 + 1))
        values = np.cos(2 * np.pi * (frequency * np.arange(period) / period + rng.random()))
    elif draw % 4 == 3:
        values = rng.standard_normal(period)
    else:
        values = rng.integers(-3, 6, period).astype(float)
        values[0] = 1.0
    horizon = int(rng.integers(1, period + 1))
    windows = sliding_window_view(np.resize(values, period + size - 1), size)
    after = values[(np.arange(period) + size - 1 + horizon) % period]
    return SquaredLoss.from_data(windows, after[:, None], Architecture((size,), (1,)))


def dead_channel(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    places = coefficients(arch)
    dead = [places[0], places[-1], rng.choice(places)][draw % 3 : draw % 3 + 1]
    if draw % 6 == 5:
        dead.append(rng.choice(places))
    X, Y = inputs_and_outputs(arch.filter_size, draw, rng)
    X[:, dead] = 0.0
    return SquaredLoss.from_data(X, Y, Architecture((arch.filter_size,), (1,)))


def copied_channel(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    places = coefficients(arch)
    one, other = rng.choice(places, 2, replace=False)
    if draw % 3 < 2:
        apart = rng.choice(arch.dilations) if draw % 3 else 1
        pairs = [(place, place + apart) for place in places if place + apart in places]
        one, other = pairs[rng.integers(len(pairs))] if pairs else (one, other)
    X, Y = inputs_and_outputs(arch.filter_size, draw, rng)
    X[:, other] = X[:, one]
    return SquaredLoss.from_data(X, Y, Architecture((arch.filter_size,), (1,)))


def zero_target(arch: Architecture, draw: int, rng: Generator) -> SquaredLoss:
    size = arch.filter_size
    X, _ = inputs_and_outputs(size, 3 if draw % 3 == 1 else 0, rng)
    if draw % 3 == 2:
        X[:, rng.choice(coefficients(arch))] = 0.0
    return SquaredLoss(X.T @ X, np.zeros(size), float(draw % 2))


DEGENERATE: dict[str, Callable[[Architecture, int, Generator], SquaredLoss]] = {
    "ties": ties,
    "near ties": near_ties,
    "periodic": periodic,
    "dead channel": dead_channel,
    "copied channel": copied_channel,
    "zero target": zero_target,
}


def inputs_and_outputs(size: int, draw: int, rng: Generator) -> tuple[Real, Real]:
    """Normal samples; in every fourth draw the unit vectors, and normal outputs."""
    rows = size if draw % 4 == 3 else 2 * size
    X = np.eye(size) if draw % 4 == 3 else rng.standard_normal((rows, size))
    return X, rng.standard_normal((rows, 1))


def laid_out(arch: Architecture, variant: int, rng: Generator, gap: float) -> Real:
    """A target that comes from a matrix with singular values equal up to a relative gap."""
    layers = [layer for layer, size in enumerate(arch.filters) if size > 1]
    cut = layers[rng.integers(1, len(layers))]
    front, back = (used(arch.filters[part], arch.dilations[part]) for part in (slice(cut), slice(cut, None)))
    matrix = tied_matrix(len(front), len(back), variant, rng, gap)
    target = np.zeros(arch.filter_size)
    np.add.at(target, np.add.outer(front, back), matrix)
    return target


def tied_matrix(rows: int, columns: int, variant: int, rng: Generator, gap: float) -> Real:
    """The matrices of the kinds ``ties`` and ``near ties``."""
    least = min(rows, columns)
    if variant == 3:
        return np.eye(rows, columns)
    if variant == 4:
        matrix = np.eye(rows, columns)
        for i in range(0, least - 1, 2):
            matrix[i : i + 2, i : i + 2] = [[0.0, -1.0], [1.0, 0.0]]
        return matrix
    values = np.ones(least)
    if variant == 0:
        values[2:] = np.linspace(0.7, 0.3, max(least - 2, 0))
        tied = slice(0, 2)
    elif variant == 1 or least < 3:
        tied = slice(0, least)
    else:
        values[0] = 2.0
        tied = slice(1, least)
    if variant == 5:
        values = np.eye(least)[0]
    values[tied] *= 1 + gap * np.arange(len(values[tied]))[::-1]
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for size in (rows, columns))
    matrix: Real = (left[:, :least] * values) @ right[:, :least].T
    return matrix


def invariant_under_rotations(degree: int, size: float) -> SquaredLoss:
    """Bombieri's norm of the difference to a multiple of (x² + y²)^(degree/2): rotations leave it as it is."""
    gram = np.diag([1 / comb(degree, i) for i in range(degree + 1)])
    target = np.zeros(degree + 1)
    target[::2] = [size * comb(degree // 2, i) for i in range(degree // 2 + 1)]
    return SquaredLoss(gram, gram @ target, target @ gram @ target)
