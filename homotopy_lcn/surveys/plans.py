"""Plans: which data sets are solved, and the chunks of draws that are solved at a time."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ..losses.data_models import DataModel
from ..networks.architecture import Architecture
from .draws import Table, cell_size, saddle_columns, solve_draws, solve_each

__all__ = ["LARGEST_CHUNK", "MOST_CHUNKS", "Chunk", "SolvePlan", "SurveyPlan"]


#: Chunks that a survey of one architecture is cut into at least, if each has a whole cell.
LEAST_CHUNKS = 16
#: Cells in a chunk at most.
MOST_CELLS = 16
#: Draws in a chunk at most, and chunks of a survey at most: a table of a chunk, and a list of all chunks, take 100 MB.
LARGEST_CHUNK, MOST_CHUNKS = 1_000_000, 1_000_000
#: Chunks that each process gets, one after the other, if data sets are solved one by one.
CHUNKS_EACH = 4


class Chunk(NamedTuple):
    """Draws ``first`` to ``last`` − 1 of the architecture with this number, computed and written together."""

    architecture: int
    first: int
    last: int

    @property
    def draws(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class SurveyPlan:
    """Random data sets of a data model for each of several architectures.

    Attributes
    ----------
    architectures : tuple of Architecture
    model : DataModel
        The distribution of the data sets.
    draws : int
        Number of data sets for each architecture.
    seed : int
    engine : str
        The path tracker.
    """

    architectures: tuple[Architecture, ...]
    model: DataModel
    draws: int
    seed: int
    engine: str = "auto"

    def chunk_size(self, arch: Architecture) -> int:
        """Draws computed at a time, by default: whole cells, of some seconds together."""
        cell = cell_size(arch)
        return cell * min(MOST_CELLS, max(1, -(-self.draws // (cell * LEAST_CHUNKS))))

    def chunks(self, sizes: Sequence[int], ends: Sequence[int] = ()) -> Iterator[Chunk]:
        """All draws of all architectures in chunks.

        No chunk goes beyond one of ``ends``, where the survey ended before it was extended.
        """
        for index, size in enumerate(sizes):
            yield from _cut(index, self.draws, size, ends)

    def run(self, chunk: Chunk) -> Table:
        """Solve the draws of a chunk."""
        return solve_draws(
            self.architectures[chunk.architecture],
            self.model,
            self.seed,
            range(chunk.first, chunk.last),
            engine=self.engine,
            indices=len(saddle_columns(self.architectures)),
        )

    def command(self, draws: str) -> str:
        """The command line of this survey; ``draws`` is the option that selects the draws."""
        words = ["homotopy-lcn", "survey"]
        for arch in sorted(self.architectures, key=_has_gaps):  # supports are read last
            filters, strides = arch.texts
            words += ["--supports", shlex.quote(filters)] if _has_gaps(arch) else ["-k", filters]
            words += ["-s", strides]
        words += ["--data-model", shlex.quote(self.model.text), "--seed", str(self.seed), draws]
        return " ".join(words if self.engine == "auto" else [*words, "--engine", self.engine])

    def identity(self) -> dict[str, Any]:
        """Everything that a draw depends on beside its number, in JSON's types."""
        plain = all(type(arch) is Architecture for arch in self.architectures)
        return {
            "filters": [list(arch.filters) if plain else arch.texts[0] for arch in self.architectures],
            "strides": [list(arch.strides) if plain else arch.texts[1] for arch in self.architectures],
            "data model": self.model.identity,
            "seed": self.seed,
            "engine": self.engine,
        }


@dataclass(frozen=True)
class SolvePlan:
    """The data sets of ``homotopy-lcn solve --random`` for one architecture, each solved as there.

    Attributes
    ----------
    architecture : Architecture
    draws : int
        Number of data sets.
    seed : int
    white : bool
        Gram matrix I instead of that of Gaussian samples.
    """

    architecture: Architecture
    draws: int
    seed: int
    white: bool = False

    def chunks(self, jobs: int) -> Iterator[Chunk]:
        """All draws in chunks: single ones for one process, a few chunks for each of several."""
        return _cut(0, self.draws, 1 if jobs == 1 else -(-self.draws // (CHUNKS_EACH * jobs)))

    def run(self, chunk: Chunk) -> Table:
        """Solve the draws of a chunk."""
        return solve_each(self.architecture, self.seed, range(chunk.first, chunk.last), white=self.white)


def _has_gaps(arch: Architecture) -> bool:
    return "supports" in arch.to_dict()


def _cut(architecture: int, draws: int, size: int, ends: Sequence[int] = ()) -> Iterator[Chunk]:
    """All draws of one architecture in chunks that end at multiples of a size, at ``ends``, or with the last draw."""
    bounds = sorted({*range(0, draws, size), *(end for end in ends if 0 < end < draws), draws})
    for first, last in pairwise(bounds):
        yield Chunk(architecture, first, last)
