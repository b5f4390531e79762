"""What the file of a solve claims of singular points, continua, and infima that are not attained.

Each claim is compared with what the listed points tell: Newton matrices, Hessians, and the place where a point stands.
A claim is refused only where they contradict it far beyond rounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.restriction import stratum_data
from ..equations.scaling import symmetric_scale
from ..errors import InputError
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual, possible_dimensions
from ..networks.architecture import Architecture
from ..networks.parameters import compose, hessian, jacobian
from ..networks.patterns import Pattern
from ..networks.strata import Embedding
from ..networks.support_networks import SupportNetwork
from .continua import Continuum
from .infimum import loss_tolerance
from .parts import ResultParts
from .points import CriticalPoint

__all__ = [
    "Listed",
    "check_dimension_of_residual_zero",
    "check_multiplicities",
    "check_newton_matrices",
    "check_sets",
    "check_unattained_infimum",
    "shares_on_strata",
]

#: A Newton matrix with a larger condition number is singular, whatever the rounding.
SURELY_SINGULAR = 1e15
#: A Newton matrix with a smaller condition number is regular, at singular ends of few digits, too.
SURELY_REGULAR = 1e3
#: Condition numbers depend on how a matrix is scaled. They do not differ by more than this factor.
OTHER_CONDITION = 1e6
#: Along a set of critical points a Hessian has eigenvalues below this part of the largest one.
ALONG_A_SET = 1e-5
#: Across a set, eigenvalues that are not called zero are above this part of the largest one.
ACROSS_A_SET = 1e-12
#: Starts, and steps from each, that show how small a loss parameters reach.
RANDOM_STARTS, DESCENT_STEPS = 6, 100
#: Damping is divided by the first number after a step that helps, and multiplied by the second one otherwise.
FASTER, SLOWER = 5.0, 2.0
#: A value that is extrapolated is wrong by this part of the scale of the loss at most.
EXTRAPOLATION = 1e-4
#: Entries of the matrices that are held at a time: 32 MB.
MOST_NEWTON_ENTRIES = 2**22


class Listed(NamedTuple):
    """A point, and where it stands in the file."""

    place: str
    point: CriticalPoint


def check_multiplicities(parts: ResultParts) -> None:
    """Isolation by the place of a point; windings, multiplicities and strata against each other.

    Raises
    ------
    InputError
        As all checks of this module, with one line that names the first entry that cannot be true.
    """
    lists = [(f"points[{i}]", point, True) for i, point in enumerate(parts.points)]
    lists += [(f"on_continua[{i}]", point, False) for i, point in enumerate(parts.on_continua)]
    lists += [
        (f"continua[{j}].points[{i}]", point, False)
        for j, part in enumerate(parts.continua)
        for i, point in enumerate(part.points)
    ]
    for place, point, isolated in lists:
        if point.isolated != isolated:
            raise InputError(f"{place}.isolated: {point.isolated}; expected {isolated} in this list")
        if point.windings and isolated and point.nonsingular:
            raise InputError(f"{place}.windings: given for a nonsingular point; expected none")
        if not point.windings and isolated and not point.nonsingular:
            raise InputError(f"{place}.windings: none for a singular point; expected those of the paths that end there")
        odd = [winding for winding, number in Counter(point.windings).items() if number % winding]
        if odd:
            raise InputError(f"{place}.windings: not whole cycles; expected {odd[0]} a multiple of {odd[0]} times")
        if point.multiplicity < len(point.windings):
            raise InputError(
                f"{place}.multiplicity: {point.multiplicity}; expected at least {len(point.windings)}, by windings"
            )
        more = isolated and not point.also_on and point.multiplicity > max(len(point.windings), 1)
        if more and point.smooth:
            raise InputError(
                f"{place}.multiplicity: {point.multiplicity}; expected {max(len(point.windings), 1)}, as one "
                "factorization lies over a smooth point"
            )
    for i, point in enumerate(parts.on_continua):
        if not point.nonsingular:
            raise InputError(f"on_continua[{i}].nonsingular: False; expected True in this list")
    _check_strata(parts)


def _check_strata(parts: ResultParts) -> None:
    """No stratum has fewer ends than its points account for; paths of other networks do not know their class."""
    if isinstance(parts.architecture, SupportNetwork):
        return
    ends = {row.pattern: row.found + row.singular for row in parts.strata}
    for point in parts.points:
        for pattern in point.also_on:
            ends[pattern] -= 1
        ends[point.stratum] -= 1 if point.also_on else point.multiplicity
    for i, row in enumerate(parts.strata):
        if ends[row.pattern] < 0:
            raise InputError(
                f"strata[{i}].found: {row.found}; expected {-ends[row.pattern]} more, for the multiplicities of points"
            )


def shares_on_strata(
    arch: Architecture, listed: Sequence[Listed], most_entries: int
) -> Iterator[tuple[Embedding, list[Listed], Complex]]:
    """The points that keep their coordinates, stratum by stratum, some at a time.

    Yields
    ------
    embedding : Embedding
        Of the stratum in the filters of the network.
    share : list of Listed
        P of its points, so few that some arrays of P × filter size × dimension have at most ``most_entries`` entries.
    points : (P, coordinates) complex array
    """
    by_stratum: dict[Pattern, list[tuple[Listed, Complex]]] = {}
    for item in listed:
        if item.point.coordinates is not None:
            by_stratum.setdefault(item.point.stratum, []).append((item, item.point.coordinates))
    for pattern, items in by_stratum.items():
        embedding = Embedding.of_pattern(arch, pattern)
        stratum = embedding.stratum
        known = [pair for pair in items if len(pair[1]) == stratum.coordinates]
        together = max(1, most_entries // (stratum.filter_size * stratum.dimension * 4))
        for first in range(0, len(known), together):
            share = known[first : first + together]
            yield embedding, [item for item, _ in share], np.array([coordinates for _, coordinates in share])


def check_newton_matrices(arch: Architecture, loss: SquaredLoss, listed: Sequence[Listed]) -> None:
    """Points that keep their coordinates: `nonsingular` and `condition` against the Newton matrix there."""
    for embedding, share, points in shares_on_strata(arch, listed, MOST_NEWTON_ENTRIES):
        data, scale = stratum_data(loss, np.array(embedding.positions))
        conditions = _conditions(equations_of(embedding.stratum), points, data, scale)
        for item, condition in zip(share, conditions, strict=True):
            _check_condition(item, condition)


def _conditions(equations: Equations, points: np.ndarray, data: Data, scale: float) -> list[float]:
    """The condition numbers of the Newton matrices; zero where they cannot be computed."""
    with np.errstate(all="ignore"):
        points = equations.normalize(points)
        points[:, 0] /= scale
        evaluation = equations.evaluate_at(points, data)
        assert evaluation.hessian is not None
        factors = symmetric_scale(evaluation.hessian, equations.loss_curvatures(evaluation, equations.transform(data)))
        matrices = factors[:, :, None] * evaluation.hessian * factors[:, None, :]
        finite = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
        values = np.linalg.svd(np.where(finite[:, None, None], matrices, 1.0), compute_uv=False)
        conditions = np.where(finite, values[:, 0] / values[:, -1], 0.0)
    return [float(value) for value in conditions]


def _check_condition(item: Listed, condition: float) -> None:
    place, point = item
    if not condition:
        return
    if point.nonsingular and condition > SURELY_SINGULAR:
        raise InputError(f"{place}.nonsingular: True; expected False, as the Newton matrix is singular")
    alone = not point.also_on and point.multiplicity == len(point.windings)
    if not point.nonsingular and alone and condition < SURELY_REGULAR:
        raise InputError(f"{place}.nonsingular: False; expected True, as the Newton matrix is regular")
    stated = point.condition
    if stated is not None and not condition / OTHER_CONDITION <= max(stated, 1.0) <= condition * OTHER_CONDITION:
        raise InputError(f"{place}.condition: {stated!r}; expected about {condition:.1e}")


def check_sets(parts: ResultParts) -> None:
    """The dimension of each continuum, whether it is attained, and that no continuum is listed twice."""
    for j, part in enumerate(parts.continua):
        _check_attained(part, f"continua[{j}]")
        _check_dimension(parts, part, f"continua[{j}]")
    limit = loss_tolerance(parts.loss, (point for part in parts.continua for point in part.points))
    for (i, one), (j, other) in combinations(enumerate(parts.continua), 2):
        same = one.dimension == other.dimension and abs(one.loss - other.loss) <= limit
        if same and _indices(one) == _indices(other) and (one.pattern == other.pattern or _meet(one, other)):
            raise InputError(f"continua[{j}]: the same set as continua[{i}]; expected every continuum once")


def _check_attained(part: Continuum, place: str) -> None:
    answers = {point.attained for point in part.points}
    by_points = True if True in answers else None if None in answers else False
    expected = by_points if part.real else part.real
    if part.attained != expected:
        raise InputError(f"{place}.attained: {part.attained}; expected {expected}, by its points")


def _indices(part: Continuum) -> set[int]:
    return {index for point in part.points for index in point.indices if index is not None}


def _meet(one: Continuum, other: Continuum) -> bool:
    return any(np.array_equal(p.filter, q.filter) for p in one.points for q in other.points)


def _check_dimension(parts: ResultParts, part: Continuum, place: str) -> None:
    """As many eigenvalues of the Hessian at a listed θ vanish as the set has dimensions, and no more at a saddle."""
    arch, scalings = parts.architecture, parts.architecture.depth - 1
    spectra = list(_spectra(arch, parts.loss, part))
    if not spectra:
        return
    most = max(int((values <= ALONG_A_SET * values.max()).sum()) for _, values in spectra) - scalings
    if part.dimension > most:
        raise InputError(f"{place}.dimension: {part.dimension}; expected at most {most}, by the Hessian at its points")
    value = parts.infimum.value
    above = value is not None and part.loss.real > value + loss_tolerance(parts.loss, part.points)
    if part.kind == "saddle" or (part.kind == "minimum" and above):
        of_kind = [values for kind, values in spectra if kind == part.kind]
        least = min((int((values <= ACROSS_A_SET * values.max()).sum()) for values in of_kind), default=0) - scalings
        if part.dimension < least:
            raise InputError(
                f"{place}.dimension: {part.dimension}; expected {least} by the Hessian there, or a degenerate set"
            )


def _spectra(arch: Architecture, loss: SquaredLoss, part: Continuum) -> Iterator[tuple[str | None, Real]]:
    """The kind of each θ over the points of a set, and the sizes of the eigenvalues of the Hessian there."""
    for point in part.points:
        for kind, theta in zip(point.kinds, point.parameters, strict=True):
            alone = [layer[None] for layer in theta]
            with np.errstate(all="ignore"):
                matrix = hessian(arch, alone, loss.gram, loss.b, jacobian(arch, alone))[0]
            if np.isfinite(matrix).all():
                yield kind, np.linalg.svd(matrix, compute_uv=False)


def check_dimension_of_residual_zero(arch: Architecture, loss: SquaredLoss, found: ZeroResidual) -> None:
    """The dimension of the filters of residual zero at the point that is listed."""
    theta = found.point if found.complex_point is None else found.complex_point
    known = {None} if theta is None else possible_dimensions(arch, loss, theta)
    if found.dimension not in known:
        expected = " or ".join(map(str, sorted(known, key=str)))
        raise InputError(f"zero_residual.dimension: {found.dimension}; expected {expected}, by the rank at its point")


def check_unattained_infimum(result: ResultParts, scale: float) -> None:
    """An infimum that is not attained is below all losses that parameters are seen to reach."""
    stated = result.infimum
    if stated.value is None or stated.attained is not False:
        return
    reached = _reached_loss(result.architecture, result.loss)
    if stated.value > reached + EXTRAPOLATION * scale:
        raise InputError(f"infimum.value: {stated.value!r}; expected at most {reached!r}, which parameters reach")


def _reached_loss(arch: Architecture, loss: SquaredLoss) -> float:
    """The least loss of some parameters, found by the Levenberg–Marquardt method from random ones."""
    least = loss.constant
    ends = np.cumsum(arch.layer_sizes)[:-1]
    for start in range(RANDOM_STARTS):
        flat, damping = np.random.default_rng(start).standard_normal(sum(arch.layer_sizes)), 1.0
        w, columns = _filter_and_jacobian(arch, np.split(flat, ends))
        value = float(loss(w))
        for _ in range(DESCENT_STEPS):
            curvature = columns.T @ loss.gram @ columns
            damped = curvature + damping * np.trace(curvature) / len(flat) * np.eye(len(flat))
            with np.errstate(all="ignore"):
                step = np.linalg.lstsq(damped, columns.T @ (loss.b - loss.gram @ w), rcond=None)[0]
                moved, moved_columns = _filter_and_jacobian(arch, np.split(flat + step, ends))
                reached = float(loss(moved))
            better = np.isfinite(reached) and reached < value
            damping = damping / FASTER if better else damping * SLOWER
            if better:
                flat, w, columns, value = flat + step, moved, moved_columns, reached
        least = min(least, value)
    return least


def _filter_and_jacobian(arch: Architecture, theta: Sequence[Real]) -> tuple[Real, Real]:
    alone = [layer[None] for layer in theta]
    return compose(arch, alone)[0], jacobian(arch, alone)[0]
