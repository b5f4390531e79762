"""Counts of critical points over many random data sets of one architecture."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from ..errors import check_integer
from ..losses.random_data import random_gaussian, random_white
from ..networks.architecture import Architecture
from ..results.result import CriticalPoints
from ..solving.solve import critical_points

__all__ = ["DrawCounts", "many_draws", "random_loss_seed"]

#: Counts kept of each draw: those of `Counts`, and three of what the theorems forbid or leave open.
FIELDS = (
    "generic", "found", "pure", "spurious", "real", "in_function_space", "attained", "real_parameters", "interior",
    "boundary", "minima", "not_smooth", "undecided", "complete",
)  # fmt: skip
#: Shares of the draws that each process gets, one after the other.
CHUNKS_EACH = 4


@dataclass(frozen=True, eq=False)
class DrawCounts:
    """Counts of critical filters, one a data set.

    Attributes
    ----------
    architecture : Architecture
    seed : int
        Draw i is the data set of ``random_loss_seed(seed, i)``.
    counts : dict of str to (draws,) int array
        ``generic``, ``found``, ``pure``, ``spurious``, ``real``, ``in_function_space``, ``attained``,
        ``real_parameters``, ``interior``, ``boundary``, ``minima`` as in `Counts`; ``not_smooth``: filters, complex
        ones too, that are singular points of the Zariski closure; ``undecided``: attained filters of which it is
        undecided whether they are interior or smooth; ``complete``: 1 if the solve was, else 0.
    """

    architecture: Architecture
    seed: int
    counts: dict[str, NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.counts["found"])

    @property
    def incomplete(self) -> int:
        """Number of data sets whose critical points could not all be found. They are counted all the same."""
        return len(self) - self.total("complete")

    def total(self, name: str) -> int:
        """Sum over the data sets."""
        return int(self.counts[name].sum())

    def range(self, name: str) -> str:
        """Least and largest number, as in ``2–6``, or the only one.

        Examples
        --------
        >>> many_draws(Architecture((2, 2), (1, 1)), 3, 0).range("found")
        '5'
        """
        values = self.counts[name]
        least, most = int(values.min()), int(values.max())
        return f"{least}" if least == most else f"{least}–{most}"


def random_loss_seed(seed: int, draw: int) -> list[int]:
    """Seed of the generator of one data set; the first is that of ``homotopy-lcn solve --random --seed``.

    Examples
    --------
    >>> random_loss_seed(7, 0), random_loss_seed(7, 2)
    ([7, 1], [7, 1, 2])
    """
    return [seed, 1, draw] if draw else [seed, 1]


def many_draws(
    arch: Architecture,
    draws: int,
    seed: int,
    *,
    white: bool = False,
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> DrawCounts:
    """Solve many data sets of one architecture, independent standard normal X (4K, K) and Y (4K, 1) each.

    Parameters
    ----------
    arch : Architecture
    draws : int
        Number of data sets, at least 1.
    seed : int
    white : bool
        Gram matrix I and a standard normal target instead.
    jobs : int
        Number of processes. The counts do not depend on it.
    report : callable, optional
        Called now and then with the number of data sets solved.

    Raises
    ------
    InputError
        If ``draws`` is less than 1.

    Examples
    --------
    >>> counts = many_draws(Architecture((3, 2), (2, 1)), 5, seed=0)
    >>> counts.counts["found"].tolist(), counts.incomplete, counts.total("boundary")
    ([10, 10, 10, 10, 10], 0, 0)
    """
    check_integer("draws", draws, 1)
    if jobs == 1:
        rows = []
        for draw in range(draws):
            rows.append(_row(arch, seed, draw, white))
            if report is not None:
                report(draw + 1)
    else:
        step = max(1, -(-draws // (CHUNKS_EACH * jobs)))
        chunks = [range(first, min(first + step, draws)) for first in range(0, draws, step)]
        rows = []
        # Spawned, as threads of the solver may be alive here.
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            for part in pool.map(_rows, *zip(*((arch, seed, chunk, white) for chunk in chunks), strict=True)):
                rows += part
                if report is not None:
                    report(len(rows))
    table = np.array(rows, dtype=np.int64)
    return DrawCounts(arch, seed, {name: table[:, column] for column, name in enumerate(FIELDS)})


def _rows(arch: Architecture, seed: int, chunk: range, white: bool) -> list[list[int]]:
    return [_row(arch, seed, draw, white) for draw in chunk]


def _row(arch: Architecture, seed: int, draw: int, white: bool) -> list[int]:
    generator = np.random.default_rng(random_loss_seed(seed, draw))
    loss = (random_white if white else random_gaussian)(arch, generator).loss
    counts = count_draw(critical_points(arch, loss, seed=seed))
    return [counts[name] for name in FIELDS]


def count_draw(result: CriticalPoints) -> dict[str, int]:
    """The counts that are kept of one result."""
    attained = result.attained
    return {
        **{name: value for name, value in asdict(result.counts).items() if name in FIELDS},
        "not_smooth": sum(point.smooth is False for point in result),
        "undecided": sum(point.interior is None or point.smooth is None for point in attained),
        "complete": int(result.complete),
    }
