"""The squared loss of a linear convolutional network as a quadratic function of its end-to-end filter."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import ComparedByValue, rows_times
from ..doors import cached_property, door
from ..errors import InputError
from ..networks.limits import check_filter_size
from .checked_arrays import finite, numbers
from .checked_moments import DEFAULT_TOLERANCE, check_sizes, checked_rank, symmetric, tolerance_of
from .exact_data import ExactData
from .exact_elimination import Elimination, eliminate, least_norm_solution
from .exact_range import check_range, scaled_samples
from .image_samples import patches_of_samples, prepared_samples, samples_of
from .preparation import Preparation, prepared_series
from .samples import (
    LARGEST,
    SMALLEST,
    check_rows,
    series_samples,
    series_values,
)

if TYPE_CHECKING:
    import torch

    from ..networks.architecture import Architecture

__all__ = ["DEFAULT_TOLERANCE", "SquaredLoss"]

# Eigenvalues within this factor of the tolerance may be rounding or data.
_DOUBT = 10.0


@dataclass(frozen=True, init=False, eq=False, repr=False)
class SquaredLoss(ComparedByValue):
    """Squared loss as a function of the end-to-end filter w: wᵀΣw − 2bᵀw + c.

    Losses are equal if all attributes are equal, `exact` included.

    Parameters
    ----------
    gram : array_like, shape (K, K)
        Gram matrix Σ: real, symmetric, positive semidefinite, of any rank.
    b : array_like, shape (K,)
        Moment vector, real, in the range of Σ: otherwise the loss has no lower bound.
    constant : float, default 0.0
        The constant c. With data it is Σ y². It moves no critical point.

    Attributes
    ----------
    gram : ndarray, shape (K, K), float64, read-only
        Σ, made symmetric.
    b : ndarray, shape (K,), float64, read-only
    constant : float
    rank : int
        Numerical rank of Σ: the number of eigenvalues above ``tolerance`` times the largest. For exact data it is the
        rank itself.
    tolerance : float
        Eigenvalues below this fraction of the largest eigenvalue are rounding; see the notes.
    target : ndarray, shape (K,), float64, read-only
        The unconstrained least-squares filter u = Σ⁻¹b; if Σ is singular, the one of least norm.
    exact : ExactData or None
        The rational numbers that the arrays above are rounded from, if the loss was made by `from_exact`.
    preparation : Preparation or None
        How the samples were centred or scaled, if they were: the shifts and scales, to do the same with other samples.

    Raises
    ------
    InputError
        If an argument is not a finite real array of the shape above, if Σ is not symmetric or is indefinite, or if b is
        outside the range of Σ, or if squares overflow or underflow: entries are above 1e150 or below 1e-140, or the
        entries of b are too large or too small beside the entries of Σ.

    Notes
    -----
    All tolerances are relative, with ``tolerance`` = 1e-12 (100 units of rounding if `gram` comes in a lower precision
    than float64: 1.2e-5 for float32). Rejected are an asymmetry above √tolerance · max |Σ_ij|; an eigenvalue below
    −tolerance · λ_max; and, for Σ with kernel projection P, a vector b with
    ‖Pb‖ > √tolerance · max(‖b‖, √(λ_max c)). By the inequality of Cauchy and Schwarz data always meet the last bound.
    For a loss of exact data no tolerance is needed: `from_exact` decides all of this exactly.

    Examples
    --------
    >>> loss = SquaredLoss([[2, 1], [1, 2]], [3, 3], constant=5.0)
    >>> loss
    SquaredLoss(filter_size=2, rank=2, constant=5.0)
    >>> loss.target
    array([1., 1.])
    >>> float(loss([1, 1])), loss.gradient([1, 1])
    (-1.0, array([0., 0.]))
    """

    gram: NDArray[np.float64]
    b: NDArray[np.float64]
    constant: float
    rank: int
    tolerance: float
    exact: ExactData | None
    preparation: Preparation | None

    def __init__(self, gram: ArrayLike, b: ArrayLike, constant: ArrayLike = 0.0) -> None:
        given = numbers("gram", gram)
        self._fill(given, b, constant, tolerance_of(given))

    def _fill(
        self, gram: NDArray[Any], b: ArrayLike, constant: ArrayLike, tolerance: float, exact: ExactData | None = None
    ) -> None:
        """Check the arrays, and set all attributes."""
        sigma = symmetric(gram, tolerance)
        moments = finite("b", numbers("b", b))
        if moments.shape != (len(sigma),):
            raise InputError(f"b: shape {moments.shape}; expected ({len(sigma)},), as gram has shape {sigma.shape}")
        c = finite("constant", numbers("constant", constant))
        if c.shape != ():
            raise InputError(f"constant: shape {c.shape}; expected a single number")
        for name, array in ("gram", sigma), ("b", moments), ("constant", c):
            if np.abs(array).max() > LARGEST:
                raise InputError(f"{name}: entries above {LARGEST:.0e} overflow; expected a moderate size")
        check_sizes(float(np.abs(sigma).max()), float(np.abs(moments).max()))
        object.__setattr__(self, "gram", _read_only(sigma))
        object.__setattr__(self, "b", _read_only(moments))
        object.__setattr__(self, "constant", float(c))
        object.__setattr__(self, "tolerance", tolerance)
        object.__setattr__(self, "exact", exact)
        object.__setattr__(self, "preparation", None)
        rank = checked_rank(sigma, moments, float(c), tolerance) if exact is None else _exact_elimination(exact).rank
        object.__setattr__(self, "rank", rank)

    def __repr__(self) -> str:
        return f"SquaredLoss(filter_size={self.filter_size}, rank={self.rank}, constant={self.constant!r})"

    @classmethod
    def from_data(
        cls, X: ArrayLike, Y: ArrayLike, arch: Architecture, *, center: bool = False, standardize: bool = False
    ) -> SquaredLoss:
        """Loss Σ_n ‖f(x_n) − y_n‖² of the network on data.

        With the patches p = x_n[iS : iS + K] of sample n at output position i, Σ = Σ p pᵀ, b = Σ p y_n[i] and
        c = Σ y_n[i]². The sums run over slices of bounded size, in double precision whatever the data's type, so that
        arrays mapped from a file are never held in memory as a whole.

        Parameters
        ----------
        X : array_like, shape (N, d_0) or (N, 1, d_0)
            Inputs, real; also a data frame with a column for each position.
            In D dimensions (N, n_1, …, n_D), or (N, 1, n_1, …, n_D): images for D = 2. The entries of a patch are its
            rows, one after the other.
        Y : array_like, shape (N, d_L), (N, 1, d_L), or (N,) if d_L = 1
            Outputs, real, with d_L = (d_0 − K) // S + 1, likewise on each axis in D dimensions; also a data frame or a
            pandas Series.
        arch : Architecture
            Gives the filter size K and the total stride S.
        center : bool
            Subtract its mean from each column of X and of Y, in copies of them. The loss is then the least one over
            all intercepts, a free number at each output; see `Preparation`.
        standardize : bool
            Subtract the means, and divide each column by its standard deviation: for columns of very different units.
            The end-to-end filter then acts on the scaled columns.

        Raises
        ------
        InputError
            If X or Y is not such an array of finite real numbers, if their shapes, or their row labels in pandas, do
            not fit each other and the architecture, or if their squares overflow or underflow.

        References
        ----------
        Kohn, Montúfar, Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks*,
        SIAM J. Appl. Algebra Geom. 8 (2024).

        Examples
        --------
        >>> from homotopy_lcn import Architecture
        >>> loss = SquaredLoss.from_data([[1, 2, 3]], [[4, 5]], Architecture((2,), (1,)))
        >>> loss.gram.tolist(), loss.b.tolist(), loss.constant
        ([[5.0, 8.0], [8.0, 13.0]], [14.0, 23.0], 41.0)
        """
        check_filter_size(arch)
        check_rows(X, Y)
        inputs, outputs = samples_of(X, Y, arch)
        if not center and not standardize:
            return cls._of_samples(inputs, outputs, arch)
        inputs, outputs, preparation = prepared_samples(inputs, outputs, standardize)
        return cls._of_samples(inputs, outputs, arch).with_preparation(preparation)

    @classmethod
    def from_series(
        cls,
        values: ArrayLike,
        arch: Architecture,
        horizon: int = 1,
        *,
        center: bool = False,
        standardize: bool = False,
    ) -> SquaredLoss:
        """Loss of predicting the value of a series ``horizon`` steps after each window of K values.

        Sample i has the input x[i], …, x[i + K − 1] and the one output x[i + K − 1 + horizon].

        Parameters
        ----------
        values : array_like, shape (n,)
            The series in the order of time, real; also a pandas Series. n is at least K + horizon.
        arch : Architecture
        horizon : int
            At least 1.
        center : bool
            Subtract the mean of the series first.
        standardize : bool
            Subtract the mean, and divide by the standard deviation of the series. No filter changes by the scale.

        Raises
        ------
        InputError
            If `values` is not such a series, or too short.

        Examples
        --------
        >>> from homotopy_lcn import Architecture, load_sunspots
        >>> loss = SquaredLoss.from_series(load_sunspots(), Architecture((3, 2), (2, 1)), center=True)
        >>> loss.rank, loss.preparation.describe()
        (5, 'the series, by its mean 49.7521')
        """
        series, preparation = series_values("values", values), None
        if center or standardize:
            series, preparation = prepared_series(series, standardize)
        windows, following = series_samples("values", series, arch, horizon)
        return cls._of_samples(windows, following, arch).with_preparation(preparation)

    def with_preparation(self, preparation: Preparation | None) -> SquaredLoss:
        """The same loss, known to be of samples that were prepared in this way."""
        result = copy(self)
        object.__setattr__(result, "preparation", preparation)
        return result

    @classmethod
    def _of_samples(cls, inputs: NDArray[Any], outputs: NDArray[Any], arch: Architecture) -> SquaredLoss:
        """The loss of tables (N, d_0) and (N, d_L) that fit each other."""
        size = arch.filter_size
        gram, b, constant = np.zeros((size, size)), np.zeros(size), 0.0
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for patches, values in patches_of_samples(inputs, outputs, arch):
                gram += patches.T @ patches
                b += values @ patches
                constant += float(values @ values)
        for name, total in ("X", gram), ("Y", np.array(constant)), ("X, Y", b):
            if not (np.abs(total) <= LARGEST).all():
                part = outputs if name == "Y" else inputs
                remedy = scaled_samples(name[0], max(float(part.max()), -float(part.min())))
                raise InputError(f"{name}: products overflow; expected data scaled to a moderate size: {remedy}")
        return cls(gram, b, constant)

    @classmethod
    def from_exact(cls, gram: Any, b: Any, constant: object = 0) -> SquaredLoss:
        """Loss of exact rational data: a solve uses the nearest doubles, a certificate is about the exact numbers.

        Parameters
        ----------
        gram : sequence of K sequences of K numbers
            Σ, exactly symmetric. Numbers are integers, fractions, decimals, or texts such as ``"1/3"`` and ``"0.1"``; a
            double stands for the rational number that it is (0.1 for 3602879701896397/2⁵⁵).
        b : sequence of K numbers
        constant : number

        Raises
        ------
        InputError
            If an entry is no such number, the shapes do not fit, if Σ is indefinite or b is outside the range of Σ,
            both decided exactly, or if the largest entry of Σ or of b is beyond the range in which solutions are
            computed and reported in doubles. The message says by which powers of ten to multiply the data then. A
            number with a numerator or denominator of more than 3 000 digits is refused.

        Notes
        -----
        Numbers are rounded relative to the largest entry: an entry 1e-400 beside an entry 1 is rounded to zero, as
        1 + 1e-400 is rounded to 1. A solve then finds the critical points of the rounded data, and says so if rounding
        changes the rank. A certificate is about the exact numbers. If the *largest* entry of b is 1e-400, nothing is
        rounded to zero: the critical filters are of this size, too, and no doubles. Such data are refused.

        Examples
        --------
        >>> loss = SquaredLoss.from_exact([[1, "1/3"], ["1/3", 1]], ["0.1", 0])
        >>> loss.gram[0, 1], loss.exact.b[0]
        (np.float64(0.3333333333333333), Fraction(1, 10))
        """
        return cls._of_exact(ExactData.of(gram, b, constant))

    @classmethod
    def _of_exact(cls, exact: ExactData) -> SquaredLoss:
        exact.check_digits()
        check_range(exact, SMALLEST, LARGEST)
        loss = cls.__new__(cls)
        loss._fill(*exact.rounded(), DEFAULT_TOLERANCE, exact)
        return loss

    @classmethod
    def with_tolerance(cls, gram: ArrayLike, b: ArrayLike, constant: ArrayLike, tolerance: float) -> SquaredLoss:
        """The loss of the constructor with another ``tolerance``, for data that were rounded to fewer digits before.

        Parameters
        ----------
        gram : array_like, shape (K, K)
        b : array_like, shape (K,)
        constant : float
        tolerance : float
            At least 1e-12, below 1.

        Raises
        ------
        InputError
            If the tolerance is out of range, or as in the constructor.

        Examples
        --------
        >>> SquaredLoss.with_tolerance([[1, 0], [0, 1e-6]], [1, 0], 0, tolerance=1e-5).rank
        1
        """
        if not DEFAULT_TOLERANCE <= tolerance < 1:
            raise InputError(f"tolerance: {tolerance!r} given; expected at least {DEFAULT_TOLERANCE}, and below 1")
        loss = cls.__new__(cls)
        loss._fill(numbers("gram", gram), b, constant, float(tolerance))
        return loss

    @classmethod
    def known(cls, gram: NDArray[np.float64], b: NDArray[np.float64], constant: float, tolerance: float) -> SquaredLoss:
        """A loss whose arrays are known to be as the constructor leaves them, read-only, with Σ of full rank."""
        loss = cls.__new__(cls)
        loss.__dict__.update(
            gram=gram, b=b, constant=constant, tolerance=tolerance, exact=None, preparation=None, rank=len(b)
        )
        return loss

    def restricted(self, support: Sequence[int]) -> SquaredLoss:
        """The loss of the filters that are zero outside the given coefficients, as a function of these coefficients."""
        if self.exact is not None:
            return SquaredLoss._of_exact(self.exact.restricted(support))
        chosen = list(support)
        return SquaredLoss.with_tolerance(
            self.gram[np.ix_(chosen, chosen)], self.b[chosen], self.constant, self.tolerance
        )

    @classmethod
    def from_torch(cls, module: torch.nn.Module, inputs: Any, targets: Any, *, reduction: str = "sum") -> SquaredLoss:
        """Squared loss with which a PyTorch network is trained: ‖module(inputs) − targets‖², computed in float64.

        Parameters
        ----------
        module : torch.nn.Sequential
            As for `Architecture.from_torch`. Its weights do not matter.
        inputs : tensor, shape (N, 1, d_0) or (N, d_0), with D axes in place of d_0 for D dimensions
            Real, of any type and device; or an array.
        targets : tensor, shape (N, 1, d_L) or (N, d_L)
        reduction : "sum" or "mean"
            As in ``torch.nn.MSELoss``: "mean" divides by the number of outputs, N d_L. The critical points are the
            same.

        Raises
        ------
        InputError
            If the module is not a linear convolutional network, the tensors do not fit it, or `from_data` cannot use
            them.
        MissingPackage
            If PyTorch is not installed.
        """
        return door("loss_from_torch")(module, inputs, targets, reduction)

    @classmethod
    def white(cls, target: ArrayLike) -> SquaredLoss:
        """Loss ‖w − target‖², that is Σ = I, b = target and c = ‖target‖².

        Parameters
        ----------
        target : array_like, shape (K,)
            Real.

        Raises
        ------
        InputError
            If `target` is not a vector of finite real numbers, or its square overflows.

        Examples
        --------
        >>> float(SquaredLoss.white([3, 4])([0, 0]))
        25.0
        """
        filter_ = finite("target", numbers("target", target))
        if filter_.ndim != 1 or not filter_.size:
            raise InputError(f"target: shape {filter_.shape}; expected (K,), the end-to-end filter's coefficients")
        with np.errstate(over="ignore", under="ignore"):
            square = float(filter_ @ filter_)
        if not square <= LARGEST:
            raise InputError("target: its square overflows; expected numbers of a moderate size")
        return cls(np.eye(len(filter_)), filter_, square)

    def regularized(self, eps: float) -> SquaredLoss:
        """Ridge regression: this loss plus eps ‖w‖², that is, Σ + eps·I with the same b and c.

        Parameters
        ----------
        eps : float
            Positive, in the units of Σ: compare it with the largest eigenvalue of `gram`. Σ + eps·I has to have full
            numerical rank, so eps must be above ``tolerance`` times that.

        Returns
        -------
        SquaredLoss

        Raises
        ------
        InputError
            If eps is not a positive finite number, or too small beside Σ to change the numerical rank. Any eps changes
            the rank of exact data.

        Examples
        --------
        >>> loss = SquaredLoss([[1, 1], [1, 1]], [1, 1])
        >>> loss.rank, loss.regularized(0.5).rank, loss.regularized(0.5).gram.tolist()
        (1, 2, [[1.5, 1.0], [1.0, 1.5]])
        """
        value = finite("eps", numbers("eps", eps))
        if value.shape != () or not value > 0:
            raise InputError(f"eps: {eps!r} given; expected a positive number")
        if self.exact is not None:
            exact = self.exact.regularized(Fraction(float(value)))
            return SquaredLoss._of_exact(exact).with_preparation(self.preparation)
        gram = self.gram + float(value) * np.eye(self.filter_size)
        result = SquaredLoss(gram, self.b, self.constant)
        if result.rank < self.filter_size:
            largest = np.linalg.eigvalsh(self.gram)[-1]
            raise InputError(
                f"eps: {float(value):.3g} is rounding beside the largest eigenvalue {largest:.3g} of the Gram matrix; "
                f"expected more than {result.tolerance * largest:.1e}"
            )
        return result.with_preparation(self.preparation)

    @cached_property
    def doubtful_eigenvalue(self) -> float | None:
        """The eigenvalue of Σ nearest to the tolerance, relative to the largest, if it is within a factor of 10 of it.

        None in the ordinary case that no eigenvalue is: then the numerical rank is not in doubt. None for exact data.
        """
        if self.exact is not None:
            return None
        ratios = _relative_eigenvalues(self.gram)
        ratios = ratios[ratios > 0]
        if not ratios.size:
            return None
        nearest = float(ratios[np.argmin(np.abs(np.log(ratios / self.tolerance)))])
        return nearest if self.tolerance / _DOUBT <= nearest <= self.tolerance * _DOUBT else None

    @cached_property
    def numerical_rank(self) -> int:
        """The number of eigenvalues of `gram` above ``tolerance`` times the largest; `rank`, but for exact data."""
        return int((_relative_eigenvalues(self.gram) > self.tolerance).sum())

    @property
    def rank_in_doubt(self) -> bool:
        """Whether an eigenvalue of Σ is so near the tolerance that the numerical rank could be another.

        The rank of exact data is decided. It is in doubt for a solve, which computes with the nearest doubles, if these
        doubles have another numerical rank.
        """
        return self.doubtful_eigenvalue is not None or (self.exact is not None and self.rank != self.numerical_rank)

    def describe_rank(self) -> str:
        """The rank in words: a numerical rank with the eigenvalue that puts it in doubt, if there is one.

        Examples
        --------
        >>> SquaredLoss([[1, 0], [0, 3e-12]], [1, 0]).describe_rank()
        'numerical rank 2 of 2, in doubt: an eigenvalue is 3.0e-12 of the largest, near the tolerance 1.0e-12'
        >>> SquaredLoss.from_exact([[1, 0], [0, "3e-12"]], [1, 0]).describe_rank()
        'exact rank 2 of 2'
        """
        if self.exact is not None:
            text = f"exact rank {self.rank} of {self.filter_size}"
            if not self.rank_in_doubt:
                return text
            return f"{text}, in doubt for a solve: the nearest doubles have numerical rank {self.numerical_rank}"
        text = f"numerical rank {self.rank} of {self.filter_size}"
        if self.doubtful_eigenvalue is None:
            return text
        return (
            f"{text}, in doubt: an eigenvalue is {self.doubtful_eigenvalue:.1e} of the largest, near the tolerance "
            f"{self.tolerance:.1e}"
        )

    @property
    def filter_size(self) -> int:
        """Number of coefficients of the end-to-end filter, K."""
        return len(self.b)

    @cached_property
    def exact_target(self) -> tuple[Fraction, ...] | None:
        """The rational numbers that `target` is rounded from; None if the data are not exact."""
        if self.exact is None:
            return None
        return tuple(least_norm_solution(self.exact, _exact_elimination(self.exact).pivots))

    @cached_property
    def target(self) -> NDArray[np.float64]:
        """The unconstrained least-squares filter u = Σ⁻¹b; if Σ is singular, the one of least norm."""
        if self.exact_target is not None:
            return _read_only(np.array([float(value) for value in self.exact_target]))
        if self.rank == self.filter_size:
            return _read_only(np.linalg.solve(self.gram, self.b))
        values, vectors = np.linalg.eigh(self.gram)
        values, vectors = values[self.filter_size - self.rank :], vectors[:, self.filter_size - self.rank :]
        return _read_only(vectors @ ((vectors.T @ self.b) / values))

    def __call__(self, w: ArrayLike) -> Any:
        """Loss of end-to-end filters, wᵀΣw − 2bᵀw + c.

        Parameters
        ----------
        w : array_like, shape (..., K), real or complex
            Complex filters enter without conjugation: the loss is a polynomial in w.

        Returns
        -------
        ndarray or scalar, shape (...), float64 or complex128

        Raises
        ------
        InputError
            If the last axis of w has not K entries.
        """
        filters = self._filters(w)
        return ((rows_times(filters, self.gram) - 2 * self.b) * filters).sum(axis=-1) + self.constant

    def gradient(self, w: ArrayLike) -> NDArray[Any]:
        """Gradient of the loss in the end-to-end filter, 2(Σw − b).

        Parameters
        ----------
        w : array_like, shape (..., K), real or complex

        Returns
        -------
        ndarray, shape (..., K), float64 or complex128

        Raises
        ------
        InputError
            If the last axis of w has not K entries.
        """
        return 2 * (rows_times(self._filters(w), self.gram) - self.b)

    def _filters(self, w: ArrayLike) -> NDArray[Any]:
        filters = np.asarray(w)
        if filters.dtype.kind not in "biufc" or filters.shape[-1:] != (self.filter_size,):
            raise InputError(
                f"w: shape {filters.shape}, dtype {filters.dtype}; expected numbers of shape (..., {self.filter_size})"
            )
        return filters


def _exact_elimination(exact: ExactData) -> Elimination:
    """What exact elimination tells, once Σ is found to be positive semidefinite with b in its range."""
    found = eliminate(exact)
    if not found.semidefinite:
        raise InputError(
            "gram: indefinite, an exact principal minor is negative; expected a positive semidefinite matrix"
        )
    if not found.in_range:
        raise InputError(
            f"b: outside the range of gram, which is singular (exact rank {found.rank} of {len(exact.b)}), so that the "
            "loss is unbounded below; expected exactly b = gram @ filter"
        )
    return found


def _relative_eigenvalues(sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sizes of the eigenvalues of Σ relative to the largest; none if Σ = 0."""
    values = np.abs(np.linalg.eigvalsh(sigma))
    return values / values.max() if values.max() > 0 else values[:0]


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
