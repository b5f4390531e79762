"""Many losses of one filter size: given one by one, or as arrays of Gram matrices and moment vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Real, frozen
from ..errors import InputError
from .checked_arrays import numbers
from .checked_moments import tolerance_of
from .squared_loss import SquaredLoss

__all__ = ["LossBatch"]

#: Messages name a loss by this word and its number, counted from 0.
NAME = "losses"


class LossBatch:
    """Many losses, each of which may be faulty.

    Attributes
    ----------
    gram : (n, K, K) float array
        Gram matrices, exactly symmetric; zero for losses that are not `plain`.
    b : (n, K) float array
    constant, tolerance : (n,) float arrays
    plain : (n,) bool array
        Whether the loss is of size K, and all its numbers are finite. Whether the Gram matrix is positive semidefinite
        is open for losses that are given as arrays.
    """

    def __init__(self, size: int, count: int) -> None:
        self.gram: Real = np.zeros((count, size, size))
        self.b: Real = np.zeros((count, size))
        self.constant: Real = np.zeros(count)
        self.tolerance: Real = np.ones(count)
        self.plain: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        self._losses: list[Any] | None = None
        self._given: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None

    @classmethod
    def of(cls, size: int, losses: Any, b: ArrayLike | None, constant: ArrayLike) -> LossBatch:
        """The losses as a user gives them.

        Parameters
        ----------
        size : int
            The filter size K of the network.
        losses : iterable of SquaredLoss, array_like (n, K, K), or a pair of Gram matrices and moment vectors
        b : array_like (n, K), optional
        constant : array_like (n,) or ()

        Raises
        ------
        InputError
            If the arguments are none of these as a whole, or more than one of them.
        """
        if b is None and isinstance(losses, tuple) and len(losses) == 2 and not isinstance(losses[0], SquaredLoss):
            losses, b = losses
        if b is not None:
            if losses is None:
                raise InputError("gram: missing; expected Gram matrices of shape (n, K, K) with b")
            return cls._of_arrays(size, losses, b, constant)
        if isinstance(losses, np.ndarray) and losses.dtype != object:
            raise InputError("b: missing; expected moment vectors of shape (n, K) with Gram matrices")
        if isinstance(losses, SquaredLoss) or not isinstance(losses, Iterable):
            raise InputError(
                f"{NAME}: {type(losses).__name__} given; expected a sequence of SquaredLoss, or Gram matrices of shape "
                "(n, K, K) and b of shape (n, K)"
            )
        if np.ndim(constant) or constant != 0.0:
            raise InputError("constant: given beside losses; expected it with Gram matrices, as losses have their own")
        return cls._of_losses(size, list(losses))

    @classmethod
    def _of_losses(cls, size: int, losses: list[Any]) -> LossBatch:
        batch = cls(size, len(losses))
        batch._losses = losses
        for index, loss in enumerate(losses):
            if isinstance(loss, SquaredLoss) and loss.filter_size == size:
                batch.plain[index] = True
                batch.gram[index], batch.b[index], batch.constant[index] = loss.gram, loss.b, loss.constant
                batch.tolerance[index] = loss.tolerance
        return batch

    @classmethod
    def _of_arrays(cls, size: int, gram: ArrayLike, b: ArrayLike, constant: ArrayLike) -> LossBatch:
        matrices, moments, constants = numbers("gram", gram), numbers("b", b), numbers("constant", constant)
        if matrices.ndim != 3 or matrices.shape[1:] != (size, size):
            raise InputError(
                f"gram: shape {matrices.shape}; expected (n, {size}, {size}), n matrices of the end-to-end filter size"
            )
        count = len(matrices)
        if moments.shape != (count, size):
            raise InputError(f"b: shape {moments.shape}; expected ({count}, {size}), as gram has {count} matrices")
        if constants.shape not in ((), (count,)):
            raise InputError(f"constant: shape {constants.shape}; expected ({count},), or a single number")
        batch = cls(size, count)
        constants = np.broadcast_to(constants, count)
        batch._given = matrices, moments, constants
        tolerance = tolerance_of(matrices)
        with np.errstate(all="ignore"):
            half = matrices.astype(float) / 2
            other = half.transpose(0, 2, 1)
            sizes = np.abs(half).max(axis=(1, 2), initial=0.0)
            plain = np.abs(half - other).max(axis=(1, 2), initial=0.0) <= np.sqrt(tolerance) * sizes
            plain &= np.isfinite(sizes) & np.isfinite(moments).all(axis=1) & np.isfinite(constants)
            plain &= (constants.astype(float) != 0) | (constants == 0)  # below the range of doubles
            batch.gram = np.where(plain[:, None, None], half + other, 0.0)
            batch.b = np.where(plain[:, None], moments, 0.0).astype(float)
            batch.constant = np.where(plain, constants, 0.0).astype(float)
        batch.tolerance[:], batch.plain = tolerance, plain
        for array in (batch.gram, batch.b):
            array.flags.writeable = False
        return batch

    def __len__(self) -> int:
        return len(self.plain)

    def loss(self, index: int, *, regular: bool = False) -> SquaredLoss:
        """One of the losses; with ``regular``, it is known to have a positive definite Gram matrix of moderate size.

        Raises
        ------
        InputError
            If it cannot be used.
        """
        if self._losses is not None:
            found = self._losses[index]
            if not isinstance(found, SquaredLoss):
                raise InputError(f"{NAME}[{index}]: {type(found).__name__} given; expected a SquaredLoss")
            return found
        if regular:
            tolerance = float(self.tolerance[index])
            # Copies, so that a loss that is kept does not keep all others.
            gram, b = frozen(self.gram[index]), frozen(self.b[index])
            return SquaredLoss.known(gram, b, float(self.constant[index]), tolerance)
        assert self._given is not None
        gram, b, constant = self._given
        with self.naming(index):
            return SquaredLoss(gram[index], b[index], constant[index])

    @staticmethod
    def naming(index: int) -> Naming:
        """A context in which messages begin with the number of a loss."""
        return Naming(index)


class Naming:
    """See `LossBatch.naming`."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError) and not str(error).startswith(f"{NAME}["):
            text = str(error).removeprefix("loss: ")
            raise InputError(f"{NAME}[{self._index}]: {text}") from None
