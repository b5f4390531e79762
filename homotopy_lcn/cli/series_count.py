"""``count --series``: whether the Gram matrices of a time series are special for a network."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError
from .common import DONE, NOT_COMPLETE, complain, print_text, write
from .data_options import BUILT_IN
from .option_names import options_named

if TYPE_CHECKING:
    from ..counting.time_series import MatrixOfSeries
    from ..networks.architecture import Architecture

__all__ = ["SeriesOptions", "count_series"]


class SeriesOptions(NamedTuple):
    """The options about a series, as they are given."""

    series: str | None
    horizon: int | None
    sep: str | None
    decimal: str | None
    center: bool
    standardize: bool

    def check(self, others: dict[str, bool]) -> None:
        """Raise InputError for options without the one that they belong to, or beside one that they exclude."""
        given = [f"--{name}" for name, value in self._asdict().items() if value is not None and value is not False]
        if self.series is None and given:
            raise InputError(f"{given[0]}: given without --series; expected a series, as in --series {BUILT_IN}")
        excluded = [name for name, is_given in others.items() if is_given]
        if self.series is not None and excluded:
            raise InputError(f"{excluded[0]}: given together with --series; expected one of them")
        if self.series == BUILT_IN and (self.sep or self.decimal):
            option = "--sep" if self.sep else "--decimal"
            raise InputError(f"{option}: given with --series {BUILT_IN}; expected only with the path of a file")


def count_series(
    architecture: Architecture, options: SeriesOptions, time_limit: float, json_path: str | None, quiet: bool
) -> int:
    """Say how many points the Gram matrices of a series have for generic b, and how near to special they are."""
    from ..counting.exact_counts import CountsDisagree
    from ..counting.time_series import series_counts
    from ..losses.sources import series_from_file
    from ..losses.table_files import TableFormat

    assert options.series is not None
    values, column = series_from_file(options.series, TableFormat(options.sep, options.decimal))
    try:
        with options_named({"values": "--series"}):
            counts = series_counts(
                architecture,
                values,
                horizon=options.horizon or 1,
                center=options.center,
                standardize=options.standardize,
                time_limit=time_limit,
            )
    except CountsDisagree as error:
        complain(f"two methods disagree, and at least one of them is wrong: {error}")
        return NOT_COMPLETE
    matrices = (counts.autocovariances, counts.moments)
    if json_path is not None:
        document = {
            "format": "homotopy-lcn/series-counts",
            "version": 1,
            "architecture": {
                "filters": architecture.filters,
                "strides": architecture.strides,
                "filter_size": architecture.filter_size,
            },
            "series": options.series,
            "column": column,
            "values": len(values),
            "matrices": [_matrix_json(matrix) for matrix in matrices],
        }
        write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        print_text(f"{counts}\n")
    return DONE if all(matrix.count is not None for matrix in matrices) else NOT_COMPLETE


def _matrix_json(matrix: MatrixOfSeries) -> dict[str, object]:
    return asdict(matrix) | {"special": matrix.special, "sentence": matrix.sentence}
