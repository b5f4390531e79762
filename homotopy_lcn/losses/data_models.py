"""Random data sets for surveys: each draw depends on the seed and on its own number alone.

A model is written as a short text:

* ``gaussian:N``: inputs X (N, K) and outputs Y (N, 1), all standard normal and independent.
* ``white``: Σ = I and a standard normal target.
* ``ar1:RHO:N``: N windows of stationary series x_t = RHO x_{t−1} + √(1 − RHO²) ε_t, each from a series of its own; the
  output is the value that follows the window.
* ``teacher:SIGMA:N``: standard normal inputs; the outputs are the outputs of a network of the same architecture with
  standard normal filters, scaled to variance one, plus noise of standard deviation SIGMA.
* ``FILE.npz`` or ``FILE.npz:N``: N samples drawn with replacement from the arrays X, Y of the file (the bootstrap of
  Efron (1979)). The default of N is the number of samples in the file. ``file:`` may stand before the name. So may
  ``centered:`` or ``standardized:``, which prepare the columns of the whole file before samples are drawn from them.

The default of N is 4K otherwise, as for `random_gaussian`. Draw d comes from
``numpy.random.SeedSequence(seed, spawn_key=(d,))``. So architectures of equal filter size have the same data sets,
except for the model of a teacher.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..arrays import Real
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.limits import check_filter_size
from ..networks.parameters import compose
from .draw_streams import streams_of_draws
from .preparation import prepared_columns
from .sources import samples_from_file
from .squared_loss import SquaredLoss

__all__ = ["DataModel", "Moments", "data_model", "draw_loss", "draw_moments"]

#: The texts that describe a model, for error messages.
FORMS = "gaussian[:N], white, ar1:RHO[:N], teacher:SIGMA[:N] or FILE.npz[:N]"
#: What may be done with the columns of a file, and the word for it.
PREPARED = {"centered": "centred", "standardized": "standardized"}
#: Number of products of samples summed at a time. No BLAS splits a smaller product among threads, so that every machine
#: adds in the same order; and the memory is bounded.
PRODUCTS = 2**15
#: Random numbers of several draws that are made at a time: some megabytes.
NUMBERS = 2**18


class Moments(NamedTuple):
    """Second moments of D data sets: Σ (D, K, K), b (D, K) and the constants (D,) of their losses."""

    gram: Real
    b: Real
    constant: Real

    def loss(self, draw: int) -> SquaredLoss:
        """The loss of one of them."""
        return SquaredLoss(self.gram[draw], self.b[draw], self.constant[draw])


class DataModel(Protocol):
    """A distribution of data sets."""

    @property
    def description(self) -> str:
        """The model in words."""
        ...

    @property
    def text(self) -> str:
        """What `data_model` reads."""
        ...

    @property
    def identity(self) -> str:
        """What decides the data: equal identities and seeds give equal draws."""
        ...

    def check(self, arch: Architecture) -> None:
        """Raise InputError if the data do not suit the architecture."""
        ...

    def moments(self, arch: Architecture, rng: np.random.Generator) -> tuple[Real, Real, float]:
        """Σ (K, K), b (K,) and the constant of one data set."""
        ...


def draw_moments(model: DataModel, arch: Architecture, seed: int, draws: range) -> Moments:
    """The data sets with these numbers.

    Parameters
    ----------
    model : DataModel
    arch : Architecture
    seed : int
    draws : range
    """
    check_filter_size(arch)
    size = arch.filter_size
    result = Moments(np.empty((len(draws), size, size)), np.empty((len(draws), size)), np.empty(len(draws)))
    together = model.draws_together(arch) if isinstance(model, Gaussian) else 0
    if together:
        for first in range(0, len(draws), together):
            part = slice(first, first + together)
            of_part = model.moments_of_many(arch, streams_of_draws(seed, draws[part]), len(draws[part]))  # type: ignore[attr-defined]
            for column, values in zip(result, of_part, strict=True):
                column[part] = values
        return result
    for row, rng in enumerate(streams_of_draws(seed, draws)):
        result.gram[row], result.b[row], result.constant[row] = model.moments(arch, rng)
    return result


def draw_loss(model: DataModel, arch: Architecture, seed: int, draw: int) -> SquaredLoss:
    """The loss of one draw of a survey."""
    model.check(arch)
    return draw_moments(model, arch, seed, range(draw, draw + 1)).loss(0)


def data_model(text: str) -> DataModel:
    """Read the text of a model.

    Raises
    ------
    InputError
        If the text is none of the forms above, a number in it is unusable, or the file cannot be read.

    Examples
    --------
    >>> data_model("teacher:0.1").description
    'outputs of a random network of the same architecture, noise 0.1 times their size, 4K samples'
    """
    if not isinstance(text, str):
        raise InputError(f"data_model: {text!r} given; expected {FORMS}")
    name, *numbers = text.split(":")
    if name == "white" and not numbers:
        return White()
    if name == "gaussian" and len(numbers) <= 1:
        return Gaussian(_samples(text, numbers))
    if name == "ar1" and 1 <= len(numbers) <= 2:
        rho = _number(text, numbers[0])
        if not -1 < rho < 1:
            raise InputError(f"data_model: {text!r} has RHO = {rho:g}; expected a number between −1 and 1")
        return AutoRegressive(_samples(text, numbers[1:]), rho)
    if name == "teacher" and 1 <= len(numbers) <= 2:
        sigma = _number(text, numbers[0])
        if not 0 <= sigma < np.inf:
            raise InputError(f"data_model: {text!r} has SIGMA = {sigma:g}; expected a finite number, not negative")
        return Teacher(_samples(text, numbers[1:]), sigma)
    how = next((word for word in PREPARED if text.startswith(f"{word}:")), None)
    text = text.removeprefix(f"{how}:").removeprefix("file:")
    path, colon, count = text.rpartition(":")
    if text.endswith((".npz", ".npy")) or os.path.isfile(text):
        return Bootstrap.of_file(text, None, how)
    if colon and (path.endswith((".npz", ".npy")) or os.path.isfile(path)):
        return Bootstrap.of_file(path, _samples(text, [count]), how)
    raise InputError(f"data_model: {text!r} is not known; expected {FORMS}")


def _number(text: str, number: str) -> float:
    try:
        return float(number)
    except ValueError:
        raise InputError(f"data_model: {number!r} in {text!r} is not a number; expected {FORMS}") from None


def _samples(text: str, numbers: list[str]) -> int | None:
    if not numbers:
        return None
    if not numbers[0].isdecimal() or int(numbers[0]) < 1:
        raise InputError(f"data_model: N = {numbers[0]!r} in {text!r}; expected a positive integer")
    return int(numbers[0])


@dataclass(frozen=True)
class White:
    """Σ = I and a standard normal target."""

    description = "white data: Gram matrix I, standard normal target"
    text = "white"
    identity = "white"

    def check(self, arch: Architecture) -> None:
        """Suits every architecture."""

    def moments(self, arch: Architecture, rng: np.random.Generator) -> tuple[Real, Real, float]:
        target = rng.standard_normal(arch.filter_size)
        return np.eye(arch.filter_size), target, float((target * target).sum())


@dataclass(frozen=True)
class Gaussian:
    """Standard normal samples, made into others by the models below; N = 4K if None."""

    samples: int | None = None

    @property
    def description(self) -> str:
        return f"Gaussian data, {self._count}"

    @property
    def identity(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return f"gaussian{self._suffix}"

    @property
    def _count(self) -> str:
        return f"{'4K' if self.samples is None else self.samples} samples"

    @property
    def _suffix(self) -> str:
        return "" if self.samples is None else f":{self.samples}"

    def check(self, arch: Architecture) -> None:
        """A Gram matrix of fewer samples than the function space has dimensions leaves no isolated minimum."""
        if self.samples is not None and self.samples < arch.dimension:
            raise InputError(
                f"data_model: {self.samples} samples for {arch.in_words}; expected "
                f"at least {arch.dimension}, the dimension of the function space"
            )

    def moments(self, arch: Architecture, rng: np.random.Generator) -> tuple[Real, Real, float]:
        size = arch.filter_size
        teacher = self.teacher(arch, rng)
        total = np.zeros((size + 1, size + 1))
        left = self._number(arch)
        step = max(1, PRODUCTS // (size + 1) ** 2)
        while left > 0:
            rows = rng.standard_normal((min(left, step), size + 1))
            self.shape(rows, teacher)
            total += rows.T @ rows
            left -= len(rows)
        return _parts(total)

    def draws_together(self, arch: Architecture) -> int:
        """How many draws `moments_of_many` makes at a time; 0 if the products of one draw are summed in parts."""
        count, width = self._number(arch), arch.filter_size + 1
        return 0 if count * width**2 > PRODUCTS else max(1, NUMBERS // (count * width))

    def moments_of_many(
        self, arch: Architecture, streams: Iterable[np.random.Generator], count: int
    ) -> tuple[Real, Real, Real]:
        """What `moments` gives for each of some generators, to the last bit."""
        rows = np.empty((count, self._number(arch), arch.filter_size + 1))
        teachers = []
        for row, rng in zip(rows, streams, strict=True):
            teachers.append(self.teacher(arch, rng))
            rng.standard_normal(out=row)
        self.shape(rows, None if teachers[0] is None else np.array(teachers).T[:, :, None])
        return _parts(rows.transpose(0, 2, 1) @ rows)

    def _number(self, arch: Architecture) -> int:
        return 4 * arch.filter_size if self.samples is None else self.samples

    def teacher(self, arch: Architecture, rng: np.random.Generator) -> Real | None:
        """The filter of the network that makes the outputs."""
        return None

    def shape(self, rows: Real, teacher: Real | None) -> None:
        """Make samples (…, n, K + 1), inputs and outputs, of independent standard normal numbers in place.

        The coefficients of the teacher are numbers, or arrays that suit the outputs (…, n).
        """


@dataclass(frozen=True)
class AutoRegressive(Gaussian):
    """Windows of autoregressive series of order one, and the values that follow."""

    rho: float = 0.0

    def check(self, arch: Architecture) -> None:
        if arch.axes > 1:
            raise InputError(
                f"data_model: series for {arch.in_words}, of {arch.axes} dimensions; expected another model"
            )
        super().check(arch)

    @property
    def description(self) -> str:
        return f"autoregressive series of correlation {self.rho:g}, the next value predicted, {self._count}"

    @property
    def text(self) -> str:
        return f"ar1:{self.rho!r}{self._suffix}"

    def shape(self, rows: Real, teacher: Real | None) -> None:
        innovation = np.sqrt(1 - self.rho**2)
        for t in range(1, rows.shape[-1]):
            rows[..., t] = self.rho * rows[..., t - 1] + innovation * rows[..., t]


@dataclass(frozen=True)
class Teacher(Gaussian):
    """Outputs of a random network of the same architecture, with noise."""

    sigma: float = 0.0

    @property
    def description(self) -> str:
        return (
            f"outputs of a random network of the same architecture, noise {self.sigma:g} times their size, "
            f"{self._count}"
        )

    @property
    def text(self) -> str:
        return f"teacher:{self.sigma!r}{self._suffix}"

    def teacher(self, arch: Architecture, rng: np.random.Generator) -> Real | None:
        filter_ = compose(arch, [rng.standard_normal(k) for k in arch.layer_sizes])
        return np.asarray(filter_ / np.sqrt((filter_ * filter_).sum()))

    def shape(self, rows: Real, teacher: Real | None) -> None:
        rows[..., -1] *= self.sigma
        if teacher is not None:
            for j, coefficient in enumerate(teacher):
                rows[..., -1] += coefficient * rows[..., j]


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Samples of a file drawn with replacement; as many as it has if ``samples`` is None."""

    path: str
    X: Real = field(repr=False)
    Y: Real = field(repr=False)
    samples: int | None = None
    how: str | None = None

    @classmethod
    def of_file(cls, path: str, samples: int | None, how: str | None = None) -> Bootstrap:
        """Read the arrays X and Y of an ``.npz`` file, or of a pair; ``how`` is a word of `PREPARED`."""
        try:
            X, Y = samples_from_file(path)
        except InputError as error:
            raise InputError(str(error).replace("path:", "data_model:", 1)) from None
        if how is not None:
            with_scales = how == "standardized"
            try:
                X, Y, _ = prepared_columns(X, Y, with_scales)
            except InputError as error:
                raise InputError(f"data_model: {os.path.basename(path)}: {error}") from None
        return cls(path, np.asarray(X), np.asarray(Y), samples, how)

    @property
    def description(self) -> str:
        count = len(self.X) if self.samples is None else self.samples
        columns = "" if self.how is None else f", {PREPARED[self.how]}"
        return f"{count} samples drawn with replacement from the {len(self.X)} of {self.name}{columns}"

    @property
    def text(self) -> str:
        text = self.path if self.samples is None else f"{self.path}:{self.samples}"
        return text if self.how is None else f"{self.how}:{text}"

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return os.path.basename(self.path)

    @property
    def identity(self) -> str:
        digest = hashlib.sha256()
        for array in (self.X, self.Y):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"bootstrap:{self.samples}:{digest.hexdigest()}"

    def check(self, arch: Architecture) -> None:
        """The arrays must be real, finite, and of widths that fit the architecture; rank as for other samples."""
        if arch.axes > 1:
            raise InputError(
                f"data_model: {self.name}: rows for {arch.in_words}, of {arch.axes} dimensions; expected another "
                "model, as images are not drawn from files"
            )
        try:
            rank = SquaredLoss.from_data(self.X, self.Y, arch).rank
        except InputError as error:
            raise InputError(f"data_model: {self.name}: {error}") from None
        if rank < arch.dimension:
            raise InputError(
                f"data_model: the Gram matrix of {self.name} has rank {rank}; expected at least {arch.dimension}, the "
                f"dimension of the function space of {arch.in_words}"
            )

    def moments(self, arch: Architecture, rng: np.random.Generator) -> tuple[Real, Real, float]:
        count = len(self.X) if self.samples is None else self.samples
        times = np.bincount(rng.integers(len(self.X), size=count), minlength=len(self.X))
        size = arch.filter_size
        total = np.zeros((size + 1, size + 1))
        windows = sliding_window_view(self.X, size, axis=1)[:, :: arch.stride_of_rows]
        step = max(1, PRODUCTS // (size + 1) ** 2 // windows.shape[1])
        for first in range(0, len(self.X), step):
            part = slice(first, first + step)
            rows = np.concatenate([windows[part], self.Y[part, :, None]], axis=2, dtype=float).reshape(-1, size + 1)
            total += rows.T @ (np.repeat(times[part], windows.shape[1])[:, None] * rows)
        return _parts(total)


def _parts(total: Real) -> tuple[Real, Real, Any]:
    """Σ, b and the constant from the second moments (…, K + 1, K + 1) of inputs and output together."""
    gram = total[..., :-1, :-1] / 2
    return gram + gram.swapaxes(-1, -2), total[..., :-1, -1], total[..., -1, -1]
