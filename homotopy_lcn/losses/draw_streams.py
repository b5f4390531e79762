"""The streams of random numbers of many draws, seeded together.

Draw d of a seed has the stream of ``numpy.random.PCG64(numpy.random.SeedSequence(seed, spawn_key=(d,)))``. Making these
two objects for each draw takes longer than all numbers of a small draw. The seed enters the hash of `SeedSequence`
(O'Neill, *Developing a seed_seq alternative* (2015)) before the number of the draw does, so that the hashes of many
draws are one computation on arrays. NumPy guarantees that neither the hash nor the stream of PCG64 changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["streams_of_draws"]

#: The constants of the hash; ``numpy/random/bit_generator.pyx`` has them under the same names.
INIT_A, MULT_A, INIT_B, MULT_B = 0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED
MIX_MULT_L, MIX_MULT_R, XSHIFT = 0xCA01F9DD, 0x4973F715, 16
#: Words of the pool of entropy, and bits of a word.
POOL, WORD = 4, 32
#: The multiplier of PCG64, and the modulus of its state.
MULTIPLIER, MODULUS = 0x2360ED051FC65DA44385DF649FCCF645, 2**128

Words = NDArray[np.uint32]


def streams_of_draws(seed: int, draws: range) -> Iterator[np.random.Generator]:
    """The generators of draws with these numbers, one after the other.

    Parameters
    ----------
    seed : int
        At least 0.
    draws : range

    Yields
    ------
    numpy.random.Generator
        The same object each time, at the beginning of the stream of the next draw. It is void once the next one is
        asked for.
    """
    if len(draws) and draws[-1] >> WORD:
        for draw in draws:
            yield np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(draw,))))
        return
    bits = np.random.PCG64(0)
    generator, state = np.random.Generator(bits), bits.state
    numbers = state["state"]
    for high, low, odd_high, odd_low in _seeds(seed, np.array(draws, dtype=np.uint32)).tolist():
        increment = (odd_high << 65 | odd_low << 1 | 1) % MODULUS
        numbers["inc"] = increment
        numbers["state"] = ((increment + (high << 64 | low)) * MULTIPLIER + increment) % MODULUS
        bits.state = state
        yield generator


def _seeds(seed: int, draws: Words) -> NDArray[np.uint64]:
    """What ``SeedSequence.generate_state(4, numpy.uint64)`` gives for each draw."""
    # The pool of the seed alone, after one hash for each of its words and twelve that mix them.
    words = max(1, -(-seed.bit_length() // WORD))
    hashed = POOL + POOL * (POOL - 1) + POOL * max(0, words - POOL)
    constant = INIT_A * pow(MULT_A, hashed, 2**WORD) % 2**WORD
    pool = []
    for entropy in np.random.SeedSequence(seed).pool:
        value, constant = _hashed(draws, constant, MULT_A)
        mixed = np.uint32(int(entropy) * MIX_MULT_L % 2**WORD) - np.uint32(MIX_MULT_R) * value
        pool.append(mixed ^ (mixed >> np.uint32(XSHIFT)))
    result = np.empty((len(draws), 2 * POOL), np.uint32)
    constant = INIT_B
    for place in range(2 * POOL):
        result[:, place], constant = _hashed(pool[place % POOL], constant, MULT_B)
    low, high = result[:, 0::2].astype(np.uint64), result[:, 1::2].astype(np.uint64)
    return low | high << np.uint64(WORD)


def _hashed(values: Words, constant: int, multiplier: int) -> tuple[Words, int]:
    """Hashes of words, and the constant of the next hash."""
    following = constant * multiplier % 2**WORD
    value = (values ^ np.uint32(constant)) * np.uint32(following)
    return value ^ (value >> np.uint32(XSHIFT)), following
