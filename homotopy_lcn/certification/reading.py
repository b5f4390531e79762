"""A certificate from its file: the boxes are proved anew, and the result is made from the proved points.

The file holds no more than data, boxes and claims. So the parameters of a real point are found from its filter, as
those of a point of special data are, and compared with the proved ones.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from ..classification.special_data import reclassify
from ..equations.critical_equations import Data
from ..errors import InputError
from ..files import check_is_path, has_format, read_text
from ..losses.exact_data import ExactData
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import restricted, zero_residual
from ..networks.counts import generic_count
from ..networks.parameters import balance, compose, relative_gradient
from ..networks.support_networks import SupportNetwork
from ..results.points import CriticalPoint, StratumResult
from ..results.result import CriticalPoints
from ._flint import in_standard_precision
from .certificate_file import EXPECTED, FORMAT, Check, check_text, checked_points, to_text
from .certificates import SOURCES, Certificate
from .comparison import Comparison
from .completeness import ProvedPoints, Statement
from .conclusions import Claims
from .tolerances import CERTIFICATION

__all__ = ["check_certificate", "is_certificate", "read_certificate"]


def check_certificate(proofs: Certificate, jobs: int = 1) -> Check:
    """Verify a certificate from its data and boxes alone; see `Certificate.check`."""
    return check_text(to_text(proofs), jobs=jobs)


def is_certificate(path: str | os.PathLike[str]) -> bool:
    """Whether a file says that it is a certificate; pipes, which can be read once, and unreadable files are none."""
    return has_format(path, FORMAT)


@in_standard_precision
def read_certificate(path: str | os.PathLike[str], jobs: int = 1) -> Certificate:
    """Read a certificate, and verify it; see `Certificate.from_json`."""
    check_is_path(path)
    try:
        checked, points = checked_points(read_text(path, EXPECTED), jobs)
        if checked.statement is None:
            raise InputError(f"not verified: {'; '.join(checked.failures)}; expected a certificate as it was written")
        loss = _loss(checked)
        result = _result(checked, checked.statement, loss, points)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    positions = {_key(points, position): position for position in range(len(points))}
    rows = tuple(positions[point.filter.tobytes()] for point in result)
    comparison = Comparison(checked.architecture, loss, checked.data)
    reasons = tuple(
        comparison.finding(point, points[row]).reason if point.real else None
        for point, row in zip(result, rows, strict=True)
    )
    marked = tuple(point.marked(reason is None) for point, reason in zip(result, reasons, strict=True))
    number = sum(reason is None for reason in reasons)
    counts = replace(result.counts, certified=number if marked else None)
    result = replace(result, points=marked, counts=counts)
    return Certificate(
        checked.architecture, checked.data, points, checked.statement, result,
        tuple(None if reason else row for reason, row in zip(reasons, rows, strict=True)), reasons,
    )  # fmt: skip


def _key(points: ProvedPoints, position: int) -> bytes:
    return _filter(points, position).tobytes()


def _filter(points: ProvedPoints, position: int) -> np.ndarray:
    """The middle of the enclosure of a filter, a real one for a real point."""
    middle = points.middles[position]
    return np.asarray(middle.real.astype(complex) if points.proofs[position].real else middle.copy())


def _loss(checked: Check) -> SquaredLoss:
    """The loss whose proofs the file has: of doubles, of exact numbers, or rounded from sums over samples."""
    data: ExactData = checked.data
    if checked.source == SOURCES[1] or (checked.source is None and not data.in_doubles):
        return SquaredLoss.from_exact(data.gram, data.b, data.constant)
    return SquaredLoss(*data.rounded())


def _result(checked: Check, statement: Statement, loss: SquaredLoss, points: ProvedPoints) -> CriticalPoints:
    """The proved points as a result of the loss."""
    arch = checked.architecture
    partners: dict[int, int] = {}
    for position, mirror in enumerate(points.mirrors):
        if mirror is not None:
            partners |= {position: mirror, mirror: position}
    found = [_point(checked, loss, points, position, partners.get(position)) for position in range(len(points))]
    factorizations = {row.pattern: row.factorizations for row in generic_count(arch)}
    strata = [
        StratumResult(
            row.pattern,
            _is_pure(row.pattern),
            row.generic,
            row.proved,
            factorizations[row.pattern],
            0 if row.exact is None else row.generic - row.exact,
        )
        for row in statement.strata
    ]
    source = "source not stated" if checked.source is None else checked.source
    few = not isinstance(arch, SupportNetwork) and restricted(arch, loss).rank < arch.dimension
    result = CriticalPoints.build(
        arch, loss, found, strata, seed=0, complete=statement.complete,
        zero_residual=zero_residual(arch, loss, seed=0) if few else None,
    )  # fmt: skip
    return replace(result, data=f"of a certificate ({source})")


def _point(
    checked: Check, loss: SquaredLoss, points: ProvedPoints, position: int, conjugate: int | None
) -> CriticalPoint:
    """A proved point, with the parameters that its filter tells."""
    proof, w = points[position], _filter(points, position)
    claims, real = proof.claims, proof.real is True
    value = complex(claims.loss.real.mid(), claims.loss.imag.mid())
    point = CriticalPoint(w, real, value.real if real else value, proof.pattern, _is_pure(proof.pattern),
                          smooth=claims.smooth, conjugate=conjugate)  # fmt: skip
    if not real:
        return point
    if isinstance(checked.architecture, SupportNetwork):
        return _with_proved_answers(checked.architecture, loss, point, claims)
    point = reclassify(checked.architecture, Data(loss.gram, loss.b), point)
    answers = {name: getattr(claims, name) for name in ("in_function_space", "attained", "interior", "smooth")}
    if answers["attained"] is False:
        answers |= {"parameters": (), "kinds": (), "indices": ()}
    point = replace(point, **{name: answer for name, answer in answers.items() if answer is not None})
    return replace(point, residual=None) if (point.residual or 0.0) > CERTIFICATION.agreement else point


def _with_proved_answers(
    network: SupportNetwork, loss: SquaredLoss, point: CriticalPoint, claims: Claims
) -> CriticalPoint:
    """A real point of a network of any supports with the proved answers, and the proved parameters."""
    thetas, indices = [], []
    for proved in claims.parameters or ():
        layers = [np.array([float(x.mid()) for x in layer]) for layer in proved.layers]
        for theta in exchanged(network, layers):
            alone = [layer[None] for layer in theta]
            product = compose(network, alone)[0]
            scale = (product @ point.filter.real) / (product @ product)
            thetas.append(tuple(layer[0] for layer in balance(alone, np.array([scale]))))
            indices.append(proved.index)
    kinds = tuple(None if index is None else "saddle" if index else "minimum" for index in indices)
    residual = None
    if thetas:
        stacked = [np.array([theta[layer] for theta in thetas]) for layer in range(network.depth)]
        residual = float(relative_gradient(network, stacked, loss.gram, loss.b).max())
    attained = False if claims.indices == () else claims.attained
    return replace(
        point, attained=attained, in_function_space=claims.in_function_space, interior=claims.interior,
        parameters=tuple(thetas), kinds=kinds, indices=tuple(indices), residual=residual,
    )  # fmt: skip


def exchanged(network: SupportNetwork, theta: Sequence[np.ndarray]) -> list[tuple[np.ndarray, ...]]:
    """The different parameters that come from exchanging layers of equal support, or of equal size on one line.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
    >>> len(exchanged(network, [np.arange(4.0), np.ones(4)])), len(exchanged(network, [np.ones(4), np.ones(4)]))
    (2, 1)
    """
    result = [tuple(theta)]
    for group in network.groups:
        for degree in sorted(set(group.degrees)):
            layers = [layer for layer, own in zip(group.layers, group.degrees, strict=True) if own == degree]
            found: dict[tuple[bytes, ...], tuple[np.ndarray, ...]] = {}
            for one in result:
                for order in permutations(layers):
                    moved = list(one)
                    for target, source in zip(layers, order, strict=True):
                        moved[target] = one[source]
                    found.setdefault(tuple(layer.tobytes() for layer in moved), tuple(moved))
            result = list(found.values())
    return result


def _is_pure(pattern: tuple[tuple[int, ...], ...]) -> bool:
    return all(part == 1 for partition in pattern for part in partition)
