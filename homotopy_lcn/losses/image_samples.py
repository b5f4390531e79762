"""Samples of any network: tables for ordinary ones, images and other arrays for networks in several dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..arrays import Real
from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.support_networks import SupportNetwork
from .checked_arrays import finite, numbers
from .preparation import Preparation, prepared_columns
from .samples import CHUNK_ENTRIES, check_powers, check_widths, patches_of, samples_table

__all__ = ["convolved", "image_array", "patches_of_samples", "prepared_samples", "samples_of", "shape_in_words"]


def samples_of(X: object, Y: object, arch: Architecture) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs (N, …) and outputs (N, …) that fit each other and the network, in the type of their numbers.

    Parameters
    ----------
    X : array_like
        Shape (N, d_0) or (N, 1, d_0) for one dimension, (N, n_1, …, n_D) or (N, 1, n_1, …, n_D) for D dimensions.
    Y : array_like
        Likewise, or of shape (N,) for one output a sample.
    arch : Architecture

    Raises
    ------
    InputError
        If they are no such arrays of real numbers, or do not fit.
    """
    if not isinstance(arch, SupportNetwork):
        inputs, outputs = samples_table("X", X), samples_table("Y", Y, outputs=True)
        check_widths(inputs.shape, outputs.shape, arch)
        return inputs, outputs
    inputs = image_array("X", X, arch)
    needed, given = arch.shape, inputs.shape[1:]
    if any(size < least for size, least in zip(given, needed, strict=True)):
        raise InputError(
            f"X: samples of shape {_crossed(given)}; expected at least {_crossed(needed)}, the shape of the "
            "end-to-end filter"
        )
    fitting = tuple((size - k) // s + 1 for size, k, s in zip(given, needed, arch.total_stride, strict=True))
    outputs = image_array("Y", Y, arch, one_output=prod(fitting) == 1)
    if len(outputs) != len(inputs):
        raise InputError(f"Y: {len(outputs)} samples; expected {len(inputs)}, as many as X has")
    if outputs.shape[1:] != fitting:
        raise InputError(
            f"Y: samples of shape {_crossed(outputs.shape[1:])}; expected {_crossed(fitting)} for X of shape "
            f"{_crossed(given)}, an end-to-end filter of shape {_crossed(needed)} and stride "
            f"{_crossed(arch.total_stride)}"
        )
    return inputs, outputs


def image_array(name: str, values: object, network: SupportNetwork, *, one_output: bool = False) -> NDArray[Any]:
    """Samples of one channel as an array (N, n_1, …, n_D)."""
    if network.axes == 1 and hasattr(values, "to_numpy"):
        return samples_table(name, values, outputs=one_output)
    array, axes = numbers(name, values), network.axes
    if one_output and array.ndim and array.size == len(array):
        array = array.reshape(len(array), *(1,) * axes)
    elif array.ndim == axes + 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != axes + 1:
        sizes = {1: "width", 2: "height, width", 3: "depth, height, width"}.get(axes, f"{axes} sizes")
        raise InputError(
            f"{name}: shape {array.shape}; expected (samples, {sizes}), or one channel as (samples, 1, {sizes})"
        )
    if not array.size:
        raise InputError(f"{name}: empty, shape {array.shape}; expected at least one sample")
    return array


def patches_of_samples(inputs: NDArray[Any], outputs: NDArray[Any], arch: Architecture) -> Iterator[tuple[Real, Real]]:
    """Patches (n, K) and the outputs (n,) that they belong to, a bounded number at a time."""
    if not isinstance(arch, SupportNetwork):
        yield from patches_of(inputs, outputs, arch)
        return
    room, sizes = max(1, CHUNK_ENTRIES // arch.filter_size), []
    for number in reversed(outputs.shape):
        sizes.append(min(number, room))
        room = max(1, room // sizes[-1])
    sizes.reverse()
    largest = dict.fromkeys("XY", 0.0)
    for firsts in product(*(range(0, n, size) for n, size in zip(outputs.shape, sizes, strict=True))):
        lasts = [min(first + size, n) for first, size, n in zip(firsts, sizes, outputs.shape, strict=True)]
        rows = slice(firsts[0], lasts[0])
        # The trailing entries that no patch reaches are checked with the last slices.
        ends = [
            size if last == n else (last - 1) * step + k
            for last, n, step, k, size in zip(
                lasts[1:], outputs.shape[1:], arch.total_stride, arch.shape, inputs.shape[1:], strict=True
            )
        ]
        starts = [first * step for first, step in zip(firsts[1:], arch.total_stride, strict=True)]
        reached = tuple(slice(start, end) for start, end in zip(starts, ends, strict=True))
        x = finite("X", inputs[(rows, *reached)], (rows.start, *starts))
        y = finite("Y", outputs[(rows, *map(slice, firsts[1:], lasts[1:]))], firsts)
        for name, values in ("X", x), ("Y", y):
            largest[name] = max(largest[name], float(values.max()), -float(values.min()))
        windows = sliding_window_view(x, arch.shape, axis=tuple(range(1, arch.axes + 1)))
        counts = (slice(None, n * step, step) for n, step in zip(y.shape[1:], arch.total_stride, strict=True))
        yield windows[(slice(None), *counts)].reshape(-1, arch.filter_size), y.ravel()
    check_powers(largest)


def prepared_samples(inputs: NDArray[Any], outputs: NDArray[Any], standardize: bool) -> tuple[Real, Real, Preparation]:
    """The samples with each position centred, or standardized, by itself; see `prepared_columns`."""
    one, other = inputs.reshape(len(inputs), -1), outputs.reshape(len(outputs), -1)
    X, Y, preparation = prepared_columns(one, other, standardize)
    return X.reshape(inputs.shape), Y.reshape(outputs.shape), preparation


def convolved(network: SupportNetwork, w: NDArray[Any], X: object) -> NDArray[Any]:
    """The outputs Σ_j w[j] X[n, iS + j] of the end-to-end convolution, (N, o_1, …, o_D)."""
    inputs = finite("X", image_array("X", X, network))
    shape, steps = network.shape, network.total_stride
    if any(size < least for size, least in zip(inputs.shape[1:], shape, strict=True)):
        raise InputError(
            f"X: samples of shape {_crossed(inputs.shape[1:])}; expected at least {_crossed(shape)}, the shape of the "
            "end-to-end filter"
        )
    counts = [(size - k) // step + 1 for size, k, step in zip(inputs.shape[1:], shape, steps, strict=True)]
    result = np.zeros((len(inputs), *counts), np.result_type(w, float))
    for place in product(*map(range, shape)):
        value = w[np.ravel_multi_index(place, shape)]
        reached = (slice(j, j + (n - 1) * step + 1, step) for j, n, step in zip(place, counts, steps, strict=True))
        result += value * inputs[(slice(None), *reached)]
    return result


def shape_in_words(samples: NDArray[Any]) -> str:
    """The shape of one sample: a number of values, or sizes with crosses.

    Examples
    --------
    >>> shape_in_words(np.zeros((9, 4))), shape_in_words(np.zeros((9, 4, 5)))
    ('4', '4×5')
    """
    return _crossed(samples.shape[1:])


def _crossed(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))
