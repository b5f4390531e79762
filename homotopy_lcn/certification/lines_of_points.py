"""The points of a certificate as JSON: one object a point, exact numbers as ``"m*2^e"``.

Points that were proved together in discs are kept in arrays of doubles, and are written from these arrays, many at a
time. The text of a point is the same as that of the point in balls.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._flint import working_precision
from .boxes_in_discs import NOT_REAL
from .completeness import ProvedPoints
from .disc_arithmetic import Real
from .krawczyk_in_balls import dyadic
from .krawczyk_in_discs import DiscProofs
from .point_proofs import ProvedPoint, TogetherProved
from .tolerances import CERTIFICATION

__all__ = ["PARAMETERS", "compact", "encoded_points", "point_to_json"]

#: The space of a box that holds parameters; other boxes hold coordinates of a stratum.
PARAMETERS = "parameters"
#: Stands for a number in a template of the text of a point.
NUMBER = "%d*2^%d"
Encode = Callable[[Any], str]

#: JSON without spaces, keys sorted: of this text the digest is taken.
compact: Encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def encoded_points(points: ProvedPoints, encode: Encode) -> list[str]:
    """The JSON text of every point, by an encoder that keeps the order of the keys (`json.dumps`) or sorts them."""
    result = [""] * len(points)
    conjugate = encode({"conjugate_of": 0}).replace("0", "%d")
    together: dict[int, tuple[DiscProofs, list[int], list[int]]] = {}
    for position, (proof, mirror) in enumerate(zip(points.proofs, points.mirrors, strict=True)):
        if mirror is not None:
            result[position] = conjugate % mirror
        elif isinstance(proof, TogetherProved):
            _, positions, rows = together.setdefault(id(proof.proofs), (proof.proofs, [], []))
            positions.append(position)
            rows.append(proof.row)
        else:
            result[position] = encode(point_to_json(proof.whole))
    for proofs, positions, rows in together.values():
        pattern = points.proofs[positions[0]].pattern
        for position, text in zip(positions, _encoded_rows(pattern, proofs, rows, encode), strict=True):
            result[position] = text
    return result


def point_to_json(point: ProvedPoint) -> dict[str, Any]:
    """A point with its box and its claims."""
    box = point.box
    with working_precision(box.precision):
        loss = point.claims.loss
        return {
            "pattern": [list(partition) for partition in point.pattern],
            **({"space": PARAMETERS} if point.in_parameters else {}),
            "chart": list(box.chart),
            "middle": [[dyadic(x.real), dyadic(x.imag)] for x in box.middle],
            "radii": [dyadic(radius) for radius in box.radii],
            "precision": box.precision,
            "claims": {
                **point.claims.answers,
                "loss": [dyadic(loss.real.mid()), dyadic(loss.imag.mid())],
                "loss_radius": dyadic(point.claims.loss_radius),
            },
        }


def _encoded_rows(pattern: Any, proofs: DiscProofs, rows: list[int], encode: Encode) -> list[str]:
    """The texts of points that are not real, from the arrays of their proofs."""
    n = proofs.stratum.dimension
    parts: dict[str, Real] = {
        "middle": _parts(proofs.middles[rows]),
        "radii": proofs.radii[rows],
        "loss": _parts(proofs.losses.mid[rows, None]),
        # As `conclusions.loss_claim`, whose balls have radii that are rounded up: 2 rad < 2^e, times four.
        "loss_radius": np.ldexp(1.0, np.frexp(proofs.losses.rad[rows, None])[1] + 3),
    }
    names = sorted(parts, key=lambda name: encode(_template(pattern, (), n)).index(f'"{name}"'))
    numbers = _mantissas_and_exponents(np.concatenate([parts[name] for name in names], axis=1))
    templates: dict[tuple[int, ...], str] = {}
    texts = []
    for chart, values in zip(map(tuple, proofs.charts[rows].tolist()), numbers.tolist(), strict=True):
        if chart not in templates:
            templates[chart] = encode(_template(pattern, chart, n))
        texts.append(templates[chart] % tuple(values))
    return texts


def _template(pattern: Any, chart: tuple[int, ...], n: int) -> dict[str, Any]:
    """The object of a point that is not real, with `NUMBER` in place of every number of its box and its loss."""
    return {
        "pattern": [list(partition) for partition in pattern],
        "chart": list(chart),
        "middle": [[NUMBER, NUMBER]] * n,
        "radii": [NUMBER] * n,
        "precision": CERTIFICATION.first_precision,
        "claims": {**NOT_REAL, "loss": [NUMBER, NUMBER], "loss_radius": NUMBER},
    }


def _parts(values: NDArray[np.complex128]) -> Real:
    """Real and imaginary parts in turn along the last axis."""
    return np.stack([values.real, values.imag], axis=-1).reshape(len(values), -1)


def _mantissas_and_exponents(values: Real) -> NDArray[np.int64]:
    """m and e in turn along the last axis, with value = m 2^e exactly, and m odd or m = e = 0."""
    share, exponents = np.frexp(values)
    mantissas = np.ldexp(share, 53).astype(np.int64)
    zeros = np.maximum(np.frexp((mantissas & -mantissas).astype(float))[1] - 1, 0)
    exponents = np.where(mantissas == 0, 0, exponents - 53 + zeros)
    return np.stack([mantissas >> zeros, exponents], axis=-1).reshape(len(values), -1)
