"""Lines of data: Gram matrix and moment vector as functions of t, in homogeneous coordinates (t_0 : t_1).

A datum that moves is t_0 · first + t_1 · second, and one that does not move is the first one. The data of a real
segment from A to B are those of t_0 = 1 − t, t_1 = t.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..networks.strata import Stratum

__all__ = ["DataLine", "Motion", "random_complex", "random_line"]


class Motion(NamedTuple):
    """Which data move along a line."""

    gram: bool
    b: bool

    @property
    def name(self) -> str:
        """Short unique name."""
        return "both" if self.gram and self.b else "gram" if self.gram else "b"


class DataLine(NamedTuple):
    """A line of data: Gram matrices (2, K, K) and moment vectors (2, K); a datum that does not move stands first."""

    grams: Complex
    bs: Complex
    motion: Motion

    @classmethod
    def through(cls, first: Data, second: Data) -> DataLine:
        """The line through two data sets."""
        motion = Motion(
            not np.array_equal(np.asarray(first.gram), np.asarray(second.gram)),
            not np.array_equal(np.asarray(first.b), np.asarray(second.b)),
        )
        grams = np.array([first.gram, second.gram if motion.gram else np.zeros_like(second.gram)], complex)
        bs = np.array([first.b, second.b if motion.b else np.zeros_like(second.b)], complex)
        return cls(grams, bs, motion)

    def scaled(self, factors: Complex) -> DataLine:
        """The same line in other homogeneous coordinates: Σ and b, and the second data, times three numbers."""
        second = np.array([1, factors[2]])
        return DataLine(
            factors[0] * second[:, None, None] * self.grams, factors[1] * second[:, None] * self.bs, self.motion
        )

    def random_factors(self, rng: np.random.Generator) -> Complex:
        """Three random numbers for `scaled`, after which the data that move have about the same size at both ends.

        Data of very different sizes would have nearly all walls near one end, and a homotopy to them would go most of
        its way at its end.
        """
        grams, bs = (np.linalg.norm(part.reshape(2, -1), axis=1) for part in (self.grams, self.bs))
        moving = [part for part, moves in ((grams, self.motion.gram), (bs, self.motion.b)) if moves]
        ratios = [part[0] / part[1] for part in moving if part.all()]
        ratio = float(np.exp(np.mean(np.log(ratios)))) if ratios else 1.0
        sizes = [
            np.sqrt(part[0] * part[1] * ratio) if moves and part.all() else part.max() or 1.0
            for part, moves in ((grams, self.motion.gram), (bs, self.motion.b))
        ]
        return np.array([1 / sizes[0], 1 / sizes[1], ratio]) * np.exp(2j * np.pi * rng.random(3))


def random_line(stratum: Stratum, motion: Motion, rng: np.random.Generator) -> DataLine:
    """A line through two random complex data sets."""
    size = stratum.filter_size
    grams = random_complex(rng, (2, size, size)) / 2
    grams = grams + grams.transpose(0, 2, 1)
    bs = random_complex(rng, (2, size))
    return DataLine(grams * np.array([1, motion.gram])[:, None, None], bs * np.array([1, motion.b])[:, None], motion)


def random_complex(rng: np.random.Generator, shape: tuple[int, ...]) -> Complex:
    """Complex normal numbers of mean square one."""
    return np.asarray((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2), complex)
