"""Problems for the tests of the compiled kernel, and comparisons of ends. Without the kernel the tests are skipped."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving.monodromy import random_data
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import TrackResult, get_engine
from homotopy_lcn.tracking.settings import Tracking

pytest.importorskip("homotopy_lcn.tracking._native")
from homotopy_lcn.tracking.native import NativeEngine

REFERENCE = get_engine("reference")
SETS = NativeEngine.instruction_sets()
ENGINES = [NativeEngine(name) for name in SETS]
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=SETS)
#: Three factors. The same factors in another order are no shape that is compiled for itself.
COMPILED = Stratum((Factor(1, 1, 1), Factor(1, 1, 2), Factor(1, 1, 4)))
COUNT = 34
ARRAYS = [field.name for field in fields(TrackResult)]


@cache
def start_of(stratum, count):
    return start_system(stratum, count, Tracking(REFERENCE))


def small_start():
    """(2,2,2),(2,2,1): 34 points."""
    return start_of(COMPILED, COUNT)


def targets_of(size, number, seed):
    rng = np.random.default_rng(seed)
    return [random_data(size, rng) for _ in range(number)]


def real_data(size, rng, spread=1.0):
    """A positive definite Gram matrix whose condition number is ``spread``², and a moment vector in its range."""
    axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
    root = axes * spread ** -np.linspace(0, 1, size)
    return Data(root @ root.T, root @ rng.standard_normal(size))


def filters_of(stratum, result):
    return equations_of(stratum).filters(result.points)


def assert_same_ends(stratum, found, expected, tolerance=1e-9):
    np.testing.assert_array_equal(found.codes, expected.codes)
    arrived = expected.success
    left, right = filters_of(stratum, found)[arrived], filters_of(stratum, expected)[arrived]
    distances = np.linalg.norm(left - right, axis=1) / np.linalg.norm(right, axis=1)
    assert (distances <= tolerance).all(), distances.max()


def assert_bitwise(found, expected):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def rows(result, index):
    return TrackResult(*(getattr(result, name)[index] for name in ARRAYS))


def reordered(stratum, points, order):
    """The same points with the factors in another order."""
    other = Stratum(tuple(stratum.factors[f] for f in order))
    result = np.empty_like(points)
    result[:, 0] = points[:, 0]
    for f, part in zip(order, other.slices, strict=True):
        result[:, part] = points[:, stratum.slices[f]]
    return other, result


def overlapping():
    """(2,2),(2,1): 6 points."""
    return start_of(Stratum((Factor(1, 1, 1), Factor(1, 1, 2))), 6)


def three_two():
    """(3,2),(2,1): 10 points."""
    return start_of(Stratum((Factor(2, 1, 1), Factor(1, 1, 2))), 10)
