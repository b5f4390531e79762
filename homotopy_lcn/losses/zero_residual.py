"""Filters of residual zero: the critical points that fill a continuum when the data are few.

A filter w = μ(θ) with Σw = b is a minimizer of the loss. If the rank r of Σ is below the dimension m of the function
space, these filters are not isolated: for generic data they form a set of dimension m − r. The Gauss–Newton method
looks for a complex and for a real point of the set from random starts, and the dimension is measured at that point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import ComparedByValue, frozen, without_specks
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.parameters import balance, compose
from ..networks.support_networks import SupportNetwork
from .squared_loss import SquaredLoss

__all__ = ["ZeroResidual", "possible_dimensions", "range_coordinates", "restricted", "zero_residual"]

Array = NDArray[Any]

#: Random starts of the search for a complex and for a real point.
COMPLEX_STARTS, REAL_STARTS = 10, 60
#: Gauss–Newton steps from one start, and halvings of one step.
MOST_STEPS, MOST_HALVINGS = 60, 12
#: The equations count as solved if their residual is at most this, relative to their terms.
SOLVED = 1e-13
#: Entries of a layer below these parts of its largest one mean zero if the equations are solved as well, or to rounding
#: with zeros there. Where a solution is m-fold, entries are known to an m-th part of the digits. Larger parts first.
SPECKS, EXACTLY_SOLVED = (1e-2, 1e-5, 1e-13), 1e-16
#: Singular values below this fraction of the largest count as zero.
RANK_TOLERANCE = 1e-9
#: A singular value within this factor of the tolerance may be on its other side on another computer.
OTHER_ROUNDING = 1e3
#: Filters up to this size are written out in a description.
LONGEST = 12
#: Roots and critical values have to be this far apart, relative to their sizes, to decide anything.
CLEAR = 1e-5


@dataclass(frozen=True, eq=False)
class ZeroResidual(ComparedByValue):
    """The filters w of the Zariski closure of the function space with Σw = b. All arrays are read-only.

    Attributes
    ----------
    rank : int
        Numerical rank of Σ where filters can be nonzero.
    dimension : int or None
        Local dimension of the set at `complex_point` (or, without one, at `point`); None if no point was found.
    filter : ndarray of shape (K,), complex128, or None
        The filter of `point`, or else that of `complex_point`.
    point : tuple of ndarray or None
        A real θ = (w_1, …, w_L) over a point of the set, balanced; None if none was found.
    complex_point : tuple of ndarray or None
        A complex θ over a point of the set. There is one for every Σ whose rank is at most the dimension of the
        function space, except for special data.
    meets_function_space : bool or None
        True if `point` was found (by its residual, at rounding level); False if the set is shown to have no point in
        the real function space; None if that is undecided.
    """

    rank: int
    dimension: int | None
    filter: NDArray[np.complex128] | None
    point: tuple[NDArray[np.float64], ...] | None
    complex_point: tuple[NDArray[np.complex128], ...] | None
    meets_function_space: bool | None

    def __post_init__(self) -> None:
        for name in ("point", "complex_point"):
            theta = getattr(self, name)
            object.__setattr__(self, name, None if theta is None else tuple(map(frozen, theta)))
        object.__setattr__(self, "filter", None if self.filter is None else frozen(self.filter))

    def describe(self) -> str:
        """The facts in one line."""
        if self.dimension is None:
            return "no filter of residual zero was found"
        reality = {
            True: "that meets the function space over the reals",
            False: "that does not meet the function space over the reals",
            None: "on which no real point of the function space was found (undecided)",
        }
        text = f"the filters of residual zero form a set of dimension {self.dimension} "
        text += reality[self.meets_function_space]
        if self.point is None or self.filter is None or len(self.filter) > LONGEST:
            return text
        return f"{text}, at w = ({', '.join(f'{value:.4g}' for value in self.filter.real.tolist())}) for one"


def restricted(arch: Architecture, loss: SquaredLoss) -> SquaredLoss:
    """The loss on the coefficients of the filter that the architecture does not force to be zero."""
    support = list(arch.support)
    if len(support) == arch.filter_size:
        return loss
    return loss.restricted(support)


def zero_residual(arch: Architecture, loss: SquaredLoss, *, seed: int = 0) -> ZeroResidual:
    """Describe the filters of residual zero.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Of any rank. If its rank is above the dimension of the function space, generic data have no such filters.
    seed : int
        All random choices come from it.

    Returns
    -------
    ZeroResidual

    Raises
    ------
    InputError
        If the loss does not fit the architecture.

    Notes
    -----
    The dimension is that of the kernel of ΣJ on the tangent space, rank J − rank ΣJ, J = dμ; where ΣJ has the rank of
    Σ, this is the local dimension by the implicit function theorem. ``meets_function_space`` is found to be false in
    one case: all layers have equal dilation and the rank is K − 1, so that the filters of residual zero form a line. A
    filter on it is in the function space if and only if it has as many real roots as there are layers of odd degree
    (Kohn, Merkh, Montúfar, Trager 2022), and the number of real roots is constant between finitely many points of the
    line. The roots are computed in floating point, and where they do not decide clearly, the answer is None.

    Examples
    --------
    >>> arch = Architecture((2, 2), (2, 1))
    >>> found = zero_residual(arch, SquaredLoss(np.diag([1.0, 1.0, 0.0, 0.0]), [1.0, 2.0, 0.0, 0.0]))
    >>> found.rank, found.dimension, found.meets_function_space
    (2, 1, True)
    """
    if loss.filter_size != arch.filter_size:
        raise InputError(f"loss: its filters have size {loss.filter_size}; expected {arch.filter_size}")
    inner = restricted(arch, loss)
    # Σw = b if and only if w and the target agree on the range of Σ.
    projection = range_coordinates(arch, inner)
    values = _range_of(inner).T @ inner.target
    size = float(np.linalg.norm(values)) if values.any() else 1.0
    rng = np.random.default_rng([seed, 3])
    complex_point = real_point = None
    for _ in range(COMPLEX_STARTS):
        start = [rng.normal(size=k) + 1j * rng.normal(size=k) for k in arch.layer_sizes]
        complex_point = _solve(arch, start, projection, values / size)
        if complex_point is not None:
            break
    for _ in range(REAL_STARTS):
        real_point = _solve(arch, [rng.normal(size=k) for k in arch.layer_sizes], projection, values / size)
        if real_point is not None:
            break
    if real_point is None and not values.any():
        real_point = [np.zeros(k) for k in arch.layer_sizes]
    point = None if real_point is None else tuple(_scaled(arch, real_point, size))
    other = None if complex_point is None else tuple(_scaled(arch, complex_point, size))
    return ZeroResidual(
        rank=inner.rank,
        dimension=_dimension(arch, complex_point or real_point, projection),
        filter=None if point is None and other is None else compose(arch, point or other or ()).astype(complex),
        point=point,
        complex_point=other,
        meets_function_space=True if point is not None else False if _no_real_point(arch, inner) else None,
    )


def _solve(
    arch: Architecture, start: Sequence[Array], projection: NDArray[np.float64], values: NDArray[np.float64]
) -> list[Array] | None:
    """A θ with ``projection`` · μ(θ) = ``values``, by the Gauss–Newton method with halved steps."""
    theta = [w / np.linalg.norm(w) for w in start]
    image = projection @ compose(arch, theta)
    if values.any() and image.any():
        theta = balance(theta, np.asarray(np.vdot(image, values) / np.vdot(image, image)))
    residual = projection @ compose(arch, theta) - values
    for _ in range(MOST_STEPS):
        if not residual.size:
            return theta
        jacobian = projection @ _derivative(arch, theta)
        step = np.linalg.lstsq(jacobian, -residual, rcond=RANK_TOLERANCE)[0]
        for halvings in range(MOST_HALVINGS):
            moved = _moved(theta, step / 2**halvings)
            next_residual = projection @ compose(arch, moved) - values
            if np.linalg.norm(next_residual) < np.linalg.norm(residual):
                break
        else:
            break
        theta, residual = moved, next_residual
        theta = balance(theta, np.ones((), theta[0].dtype)) if all(w.any() for w in theta) else theta
    terms = float(np.linalg.norm(compose(arch, theta)) + np.linalg.norm(values))
    size = float(np.linalg.norm(residual))
    if not size <= SOLVED * terms:
        return None
    for speck in SPECKS:
        bare = [without_specks(w, speck) for w in theta]
        if np.linalg.norm(projection @ compose(arch, bare) - values) <= max(size, EXACTLY_SOLVED * terms):
            return bare
    return theta


def _derivative(arch: Architecture, theta: Sequence[Array]) -> Array:
    """The derivative dμ, (K, Σ k_l)."""
    columns = [
        compose(arch, [np.eye(len(w)) if i == layer else w[None] for i, w in enumerate(theta)])
        for layer in range(arch.depth)
    ]
    return np.concatenate(columns).T


def _moved(theta: Sequence[Array], step: Array) -> list[Array]:
    ends = np.cumsum([len(w) for w in theta])
    return [w + part for w, part in zip(theta, np.split(step, ends[:-1]), strict=True)]


def _scaled(arch: Architecture, theta: Sequence[Array], size: float) -> list[Array]:
    """θ over the filter multiplied by ``size``."""
    return [w * size ** (1 / arch.depth) for w in theta]


def possible_dimensions(arch: Architecture, loss: SquaredLoss, theta: Sequence[Array]) -> set[int]:
    """The local dimensions of the filters of residual zero at a point θ that another computer may find.

    There are several where a singular value lies at the tolerance of ranks.
    """
    inner = restricted(arch, loss)
    projection = range_coordinates(arch, inner)
    tolerances = (RANK_TOLERANCE / OTHER_ROUNDING, RANK_TOLERANCE, RANK_TOLERANCE * OTHER_ROUNDING)
    return {dimension for one in tolerances if (dimension := _dimension(arch, theta, projection, one)) is not None}


def range_coordinates(arch: Architecture, inner: SquaredLoss) -> NDArray[np.float64]:
    """The coordinates (r, K) of a filter in the range of Σ."""
    result = np.zeros((inner.rank, arch.filter_size))
    result[:, list(arch.support)] = _range_of(inner).T
    return result


def _range_of(inner: SquaredLoss) -> NDArray[np.float64]:
    """An orthonormal basis of the range of Σ, in columns."""
    vectors: NDArray[np.float64] = np.linalg.eigh(inner.gram)[1][:, inner.filter_size - inner.rank :]
    return vectors


def _dimension(
    arch: Architecture,
    theta: Sequence[Array] | None,
    projection: NDArray[np.float64],
    tolerance: float = RANK_TOLERANCE,
) -> int | None:
    if theta is None:
        return None
    jacobian = _derivative(arch, theta)
    return _rank(jacobian, tolerance) - _rank(projection @ jacobian, tolerance)


def _rank(matrix: Array, tolerance: float) -> int:
    singular = np.linalg.svd(matrix, compute_uv=False)
    return int((singular > tolerance * singular.max(initial=0.0)).sum())


def _no_real_point(arch: Architecture, inner: SquaredLoss) -> bool:
    """Whether the filters of residual zero are a pencil of forms P + tQ with too few real roots, clearly so.

    The real roots of P + tQ are the real x with −P(x)/Q(x) = t. Their number changes only at the critical values of
    this function. Its critical points are the roots of P'Q − PQ'; at a simple root of P'Q − PQ' two roots of P + tQ
    meet.
    """
    if isinstance(arch, SupportNetwork) or len(arch.blocks) != 1 or inner.rank != inner.filter_size - 1:
        return False
    needed = sum(degree % 2 for degree in arch.layer_degrees[0])
    base, direction = inner.target, np.linalg.eigh(inner.gram)[1][:, 0]
    size = np.linalg.norm(base)
    base = base / (size if size > 0 else 1.0)
    # The leading terms of the difference cancel.
    exponents = np.arange(len(base) - 1, 0, -1)
    critical = np.convolve(base[:-1] * exponents, direction) - np.convolve(base, direction[:-1] * exponents)
    critical = critical[1:]
    real = _clearly_real_roots(critical)
    if real is None:
        return False
    above, below = np.polyval(base, real), np.polyval(direction, real)
    poles = below == 0  # t = ∞, on both sides of which the pencil is looked at
    if (np.abs(below[~poles]) <= CLEAR * np.polyval(np.abs(direction), np.abs(real[~poles]))).any():
        return False
    values = np.sort(-above[~poles] / below[~poles])
    if (np.diff(values) <= CLEAR * (1 + np.abs(values[1:]))).any():
        return False
    between = (values[1:] + values[:-1]) / 2
    reach = 1 + np.abs(values).max(initial=0.0)
    for t in (-2 * reach, *between, 2 * reach):
        found = _clearly_real_roots(base + t * direction)
        if found is None or len(found) >= needed:
            return False
    return True


def _clearly_real_roots(form: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The real roots of a form; None if it is open which roots are real, or if a root is infinite or repeated."""
    if abs(form[0]) <= CLEAR * np.linalg.norm(form):
        return None
    roots = np.roots(form)
    sizes = 1 + np.abs(roots)
    distances = np.abs(roots[:, None] - roots[None])
    np.fill_diagonal(distances, np.inf)
    if (distances <= CLEAR * sizes).any():
        return None
    return np.sort(roots.real[roots.imag == 0])
