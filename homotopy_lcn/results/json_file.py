"""The file of a solve: critical points as JSON.

Python's JSON writes the shortest decimal that reads back as the same double, so nothing is lost; NaN and infinity do
not occur. Real arrays are lists of numbers, complex ones ``{"re": […], "im": […]}``. `json_reader` reads the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields

import numpy as np

from ..files import content_digest, write_atomically
from ..losses.exact_data import ExactData
from ..losses.squared_loss import DEFAULT_TOLERANCE, SquaredLoss
from ..losses.zero_residual import ZeroResidual
from ..rationals import ratio_text
from .continua import Continuum
from .parts import ResultParts
from .points import Counts, CriticalPoint, StratumResult
from .ties import find_ties, ties_to_json

__all__ = ["FORMAT", "VERSION", "data_digest", "data_to_json", "to_line", "to_text", "write_file"]

FORMAT = "homotopy-lcn/critical-points"
VERSION = 1


def write_file(path: str | os.PathLike[str], result: ResultParts) -> None:
    """Write a result to a file, whole or not at all; see `CriticalPoints.to_json`."""
    write_atomically(path, to_text(result))


def data_digest(loss: SquaredLoss) -> str:
    """SHA-256 of the exact numbers of a loss, the same as in a certificate of them."""
    exact = loss.exact or ExactData.of_doubles(loss.gram, loss.b, loss.constant)
    return exact.digest


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def to_text(result: ResultParts, extra: Mapping[str, object] | None = None) -> str:
    """Write a result as JSON text, one point a line; with ``extra``, further keys that readers pass over.

    The digest is of all other entries, ``extra`` included.
    """
    architecture = result.architecture
    head: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "seed": result.seed,
        "software": result.software,
        **({"data": result.data} if result.data else {}),
        "data_digest": data_digest(result.loss),
        **({"solved": result.solved} if result.solved else {}),
        "architecture": architecture.to_dict(),
        "loss": data_to_json(result.loss),
        "complete": result.complete,
        "counts": {column.name: getattr(result.counts, column.name) for column in fields(Counts)},
    }
    if result.zero_residual is not None:
        head["zero_residual"] = _zero_residual_to_json(result.zero_residual)
        from .few_samples import few_samples_to_json

        head["few_samples"] = few_samples_to_json(result)
    head["continua"] = [_continuum_to_json(part) for part in result.continua]
    head["infimum"] = {"value": result.infimum.value, "attained": result.infimum.attained}
    head["tolerances"] = asdict(result.tolerances)
    if ties := find_ties(result):
        head["ties"] = ties_to_json(ties)
    if result.contradictions:
        head["contradictions"] = list(result.contradictions)
    if result.stopped:
        head["stopped"] = result.stopped
    if result.computed_with:
        head["computed_with"] = dict(result.computed_with)
    if result.statistics:
        head["statistics"] = dict(result.statistics)
    if result.edited is not False:
        head["edited"] = result.edited
    lists = {"strata": [_stratum_to_json(row) for row in result.strata]}
    if result.on_continua:
        lists["on_continua"] = [_point_to_json(point) for point in result.on_continua]
    lists["points"] = [_point_to_json(point) for point in result.points]
    content = {**head, **(extra or {}), **lists}
    lines = [f"{_dumps(key)}: {_dumps(value)}" for key, value in content.items() if key not in lists]
    lines.insert(2, f'"digest": {_dumps(content_digest(content))}')
    lines += [f"{_dumps(key)}: {_one_per_line(value)}" for key, value in lists.items()]
    return "{" + ",\n ".join(lines) + "}\n"


def data_to_json(loss: SquaredLoss) -> dict[str, object]:
    """The entry of a loss in a file."""
    return (
        {"gram": np.asarray(loss.gram).tolist(), "b": np.asarray(loss.b).tolist(), "constant": float(loss.constant)}
        | ({} if loss.tolerance == DEFAULT_TOLERANCE else {"tolerance": loss.tolerance})
        | ({} if loss.exact is None else {"exact": _exact_to_json(loss.exact)})
        | ({} if loss.preparation is None else {"preparation": asdict(loss.preparation)})
    )


def to_line(index: int, result: ResultParts | str) -> str:
    """A result of many as one line of JSON, with its ``index``; for a message in place of a result, the ``error``."""
    if isinstance(result, str):
        return _dumps({"format": FORMAT, "version": VERSION, "index": index, "error": result}) + "\n"
    return to_text(result, {"index": index}).replace("\n", "") + "\n"


def _one_per_line(items: list[dict[str, object]]) -> str:
    return "[" + ",\n  ".join(_dumps(item) for item in items) + "]"


def _stratum_to_json(row: StratumResult) -> dict[str, object]:
    item: dict[str, object] = {
        "pattern": row.pattern,
        "pure": row.pure,
        "generic": row.generic,
        "found": row.found,
        "factorizations": row.factorizations,
    }
    optional = {
        "at_infinity": row.at_infinity,
        "singular": row.singular,
        "origin": row.origin,
        "statistics": dict(row.statistics),
    }
    return item | {name: value for name, value in optional.items() if value}


def _point_to_json(point: CriticalPoint) -> dict[str, object]:
    return (
        {
            "filter": _complex_to_json(point.filter),
            "real": point.real,
            "loss": _loss_to_json(point.loss),
            "pattern": point.pattern,
            "pure": point.pure,
            "in_function_space": point.in_function_space,
            "attained": point.attained,
            "interior": point.interior,
            "smooth": point.smooth,
            "residual": point.residual,
            "condition": point.condition,
            "ill_conditioned": point.ill_conditioned,
            "parameters": [
                [w.tolist() if point.real else _complex_to_json(w) for w in theta] for theta in point.parameters
            ],
            "kinds": point.kinds,
            "indices": point.indices,
            "certified": point.certified,
            "nonsingular": point.nonsingular,
            "multiplicity": point.multiplicity,
            "isolated": point.isolated,
            "windings": point.windings,
            "also_on": point.also_on,
            "conjugate": point.conjugate,
        }
        | _stratum_of(point)
        | ({} if point.coordinates is None else {"coordinates": _complex_to_json(point.coordinates)})
    )


def _stratum_of(point: CriticalPoint) -> dict[str, object]:
    """The stratum, if the pattern does not tell it."""
    return {} if point.root_pattern is None else {"stratum": point.stratum}


def _loss_to_json(loss: float | complex) -> float | dict[str, float]:
    return loss if isinstance(loss, float) else {"re": loss.real, "im": loss.imag}


def _continuum_to_json(part: Continuum) -> dict[str, object]:
    return {
        "pattern": part.pattern,
        "dimension": part.dimension,
        "loss": _loss_to_json(part.loss),
        "real": part.real,
        "attained": part.attained,
        "kind": part.kind,
        "real_dimension": part.real_dimension,
        "points": [_point_to_json(point) for point in part.points],
    }


def _zero_residual_to_json(found: ZeroResidual) -> dict[str, object]:
    return {
        "rank": found.rank,
        "dimension": found.dimension,
        "meets_function_space": found.meets_function_space,
        "filter": None if found.filter is None else _complex_to_json(found.filter),
        "point": None if found.point is None else [w.tolist() for w in found.point],
        "complex_point": None if found.complex_point is None else [_complex_to_json(w) for w in found.complex_point],
    }


def _exact_to_json(exact: ExactData) -> dict[str, object]:
    return {
        "gram": [[ratio_text(value) for value in row] for row in exact.gram],
        "b": [ratio_text(value) for value in exact.b],
        "constant": ratio_text(exact.constant),
    }


def _complex_to_json(vector: np.ndarray) -> dict[str, list[float]]:
    return {"re": vector.real.tolist(), "im": vector.imag.tolist()}
