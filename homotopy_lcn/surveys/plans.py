"""What a survey computes: architectures, draws, data model, seed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..losses.data_models import DataModel
from ..networks.architecture import Architecture
from .draws import Table, cell_size, saddle_columns, solve_draws

__all__ = ["Chunk", "SurveyPlan"]


#: Chunks that a survey of one architecture is cut into at least, if each has a whole cell.
LEAST_CHUNKS = 16
#: Cells in a chunk at most.
MOST_CELLS = 16


@dataclass(frozen=True)
class SurveyPlan:
    """What is to be computed.

    Attributes
    ----------
    architectures : tuple of Architecture
    model : DataModel
        The distribution of the data sets.
    draws : int
        Number of data sets for each architecture.
    seed : int
    engine : str
        What tracks paths.
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

    def chunks(self, sizes: Sequence[int]) -> Iterator[Chunk]:
        """All draws of all architectures in chunks."""
        for index, size in enumerate(sizes):
            for first in range(0, self.draws, size):
                yield Chunk(index, first, min(first + size, self.draws))

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
        """The command line of this survey, with the option that says which draws."""
        words = ["homotopy-lcn", "survey"]
        for arch in self.architectures:
            words += ["-k", ",".join(map(str, arch.filters)), "-s", ",".join(map(str, arch.strides))]
        words += ["--data-model", shlex.quote(self.model.text), "--seed", str(self.seed), draws]
        return " ".join(words if self.engine == "auto" else [*words, "--engine", self.engine])

    def identity(self) -> dict[str, Any]:
        """What decides the draws, in JSON's types."""
        return {
            "filters": [list(arch.filters) for arch in self.architectures],
            "strides": [list(arch.strides) for arch in self.architectures],
            "data model": self.model.identity,
            "draws": self.draws,
            "seed": self.seed,
            "engine": self.engine,
        }


class Chunk(NamedTuple):
    """Draws ``first`` to ``last`` − 1 of the architecture with this number: what is computed, and written, at once."""

    architecture: int
    first: int
    last: int

    @property
    def draws(self) -> int:
        return self.last - self.first
