"""The results of a survey so far: for each quantity the number of draws with each value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan, sqrt

import numpy as np

from ..doors import cached_property
from .draws import Table

__all__ = ["CONFIDENCE", "Distribution", "Proportion", "Tally"]

#: Level of all confidence intervals.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Distribution:
    """The number of draws with each value of an integer quantity.

    Attributes
    ----------
    draws : mapping of int to int
        The number of draws with each value, by value.
    most : mapping of int to int
        The same if all missed critical points were counted, too. Equal to `draws` if every draw is complete.
    """

    draws: Mapping[int, int]
    most: Mapping[int, int] = field(repr=False)

    @property
    def count(self) -> int:
        """Number of draws."""
        return sum(self.draws.values())

    @property
    def total(self) -> int:
        """The sum of the values over all draws."""
        return sum(value * number for value, number in self.draws.items())

    @cached_property
    def mean(self) -> float:
        return _moments(self.draws)[0]

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of the sample; 0 for a single draw."""
        return _moments(self.draws)[1]

    @property
    def minimum(self) -> int:
        return min(self.draws)

    @property
    def maximum(self) -> int:
        return max(self.draws)

    @property
    def range(self) -> str:
        """Least and greatest value, as in ``2–6``, or the only one.

        Examples
        --------
        >>> Distribution({2: 5, 6: 1}, {2: 5, 6: 1}).range
        '2–6'
        """
        return f"{self.minimum}" if self.minimum == self.maximum else f"{self.minimum}–{self.maximum}"

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Confidence interval of the mean, by Student's t distribution.

        The upper end is that of `most`, so points missed in incomplete draws can only make it wider; the lower end of
        a mean of counts is never negative. NaN for a single draw.
        """
        low, high = _moments(self.draws), _moments(self.most)
        lower = low[0] - _reach(low[1], self.count)
        return (max(lower, 0.0) if self.minimum >= 0 else lower), high[0] + _reach(high[1], self.count)


@dataclass(frozen=True)
class Proportion:
    """The numbers of draws where a statement is true, where it is false, and where that is not established."""

    yes: int
    no: int
    unknown: int

    @property
    def value(self) -> float:
        """The share of true among the established draws; NaN if there are none."""
        return self.yes / (self.yes + self.no) if self.yes + self.no else nan

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval (1927).

        The draws that are not established count as false at the lower end, and as true at the upper end.
        """
        count = self.yes + self.no + self.unknown
        if not count:
            return nan, nan
        return _wilson(self.yes, count)[0], _wilson(self.yes + self.unknown, count)[1]


class Tally:
    """The distributions of one architecture's draws; tables may come in any order."""

    def __init__(self) -> None:
        self.draws = 0
        self.incomplete = 0
        self._draws: dict[str, Counter[int]] = {}
        self._most: dict[str, Counter[int]] = {}

    def add(self, table: Table) -> None:
        """Count the draws of one more table."""
        self.draws += len(table["draw"])
        self.incomplete += int((~table["complete"]).sum())
        for name, column in table.items():
            if column.dtype.kind == "i" and name != "draw":
                _count(self._draws.setdefault(name, Counter()), column)
                # A count of points may be too small by the number of missing points. The same bound serves for the
                # paths to infinity, to singular ends and to zero.
                most = column if name in ("global_minimum_pure", "missing") else column + table["missing"]
                _count(self._most.setdefault(name, Counter()), most)

    @property
    def names(self) -> list[str]:
        """The quantities that have distributions."""
        return [name for name in self._draws if name != "global_minimum_pure"]

    def distribution(self, name: str) -> Distribution:
        """The distribution of one of the `names`."""
        return Distribution(dict(sorted(self._draws[name].items())), dict(sorted(self._most[name].items())))

    @property
    def global_minimum_pure(self) -> Proportion:
        """How often the global minimum is pure."""
        counter = self._draws.get("global_minimum_pure", Counter())
        return Proportion(counter[1], counter[0], counter[-1])


def _count(counter: Counter[int], column: np.ndarray) -> None:
    values, numbers = np.unique(column, return_counts=True)
    for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
        counter[value] += number


def _moments(draws: Mapping[int, int]) -> tuple[float, float]:
    """Mean and standard deviation, from exact integer sums: the order of the draws does not matter."""
    count = sum(draws.values())
    total = sum(value * number for value, number in draws.items())
    squares = sum(value * value * number for value, number in draws.items())
    variance = (squares * count - total * total) / (count * (count - 1)) if count > 1 else 0.0
    return total / count, sqrt(variance)


def _reach(deviation: float, count: int) -> float:
    if count < 2:
        return nan
    from scipy.special import stdtrit

    return float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * deviation / sqrt(count)


def _wilson(yes: int, count: int) -> tuple[float, float]:
    from scipy.special import ndtri

    z = float(ndtri((1 + CONFIDENCE) / 2))
    share = yes / count
    middle = share + z * z / (2 * count)
    reach = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = (middle - reach) / (1 + z * z / count), (middle + reach) / (1 + z * z / count)
    return (low if yes else 0.0), (high if yes < count else 1.0)
