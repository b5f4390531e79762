"""Paths followed in many digits: against solutions in closed form, far beyond doubles."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.tracking import Homotopy
from homotopy_lcn.tracking.many_digits import PreciseHomotopy, PrecisePath
from homotopy_lcn.tracking.precise_numbers import MpmathNumbers, numbers_of

KNOWN = (0.1, 0.08, 0.06, 0.05, 0.04)
START = np.array([0, 0.3 + 0.2j, -0.5 + 0.1j, 0.4 - 0.3j])


@pytest.fixture(params=[numbers_of, MpmathNumbers])
def numbers(request):
    """Those that are used here, of python-flint if it is installed, and those of mpmath."""
    return request.param(160)


def path_with_a_dead_channel(offset, numbers):
    """Σ = diag(0, 1, 1, 1): Σw = b for w = (b₁b₂/b₃, b₁, b₂, b₃) with rows (w₀, w₁), (w₂, w₃) of rank one."""
    stratum = Stratum.of_pattern(Architecture((2, 2), (2, 1)).blocks, ((1,), (1,)))
    gram, target = np.diag([0.0, 1.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, offset])

    def filter_at(s):
        b = s * START + (1 - s) * target
        return np.array([b[1] * b[2] / b[3], *b[1:]])

    def point_at(s):
        w = filter_at(s)
        return np.array([w[0], 1, w[1] / w[0], 1, w[2] / w[0]])

    equations = equations_of(stratum)
    points = np.array([point_at(s) for s in KNOWN])
    np.testing.assert_allclose(equations.filters(points)[0], filter_at(KNOWN[0]), rtol=1e-12)
    homotopy = PreciseHomotopy(equations, Homotopy(Data(gram.astype(complex), START), Data(gram, target)), numbers)
    return equations, PrecisePath(homotopy, points, KNOWN), filter_at


@pytest.mark.parametrize("offset", [1e-6, 1e-9, 1e-11])
def test_a_path_is_followed_to_its_end_of_huge_norm(offset, numbers):
    equations, path, filter_at = path_with_a_dead_channel(offset, numbers)
    assert not path.lost
    for exponent in range(2, 16):
        assert path.reach(10.0**-exponent)
        exact = filter_at(10.0**-exponent)
        scale = np.linalg.norm(
            equations.normalize(np.array([[1, 1, exact[1] / exact[0], 1, exact[2] / exact[0]]]))[0, 0]
        )
        assert path.log_size == pytest.approx(np.log(abs(exact[0]) * scale), abs=1e-3)
    end = path.end()
    assert end is not None
    np.testing.assert_allclose(equations.filters(end[None].astype(complex))[0][0], 1 / offset, rtol=1e-9)


def test_a_path_to_infinity_grows_without_end(numbers):
    _, path, _ = path_with_a_dead_channel(0.0, numbers)
    sizes = []
    for exponent in range(3, 20):
        assert path.reach(10.0**-exponent)
        sizes.append(path.log_size)
    np.testing.assert_allclose(np.diff(sizes), np.log(10), rtol=1e-2)


def test_a_point_that_is_not_critical_is_not_taken(numbers):
    equations, _, _ = path_with_a_dead_channel(1e-6, numbers)
    gram = np.diag([0.0, 1.0, 1.0, 1.0])
    homotopy = Homotopy(Data(gram.astype(complex), START), Data(gram, np.array([0.0, 1.0, 1.0, 1e-6])))
    points = np.array([[5.0, 1, 2, 1, 3]] * len(KNOWN), complex)
    path = PrecisePath(PreciseHomotopy(equations, homotopy, numbers), points, KNOWN)
    assert path.lost
    assert not path.reach(1e-3)


def test_points_too_far_apart_to_predict_from_are_forgotten(numbers):
    """The points at s = 1, 0.9 and 0.3 do not tell the direction at s = 0.3; the path is followed all the same."""
    stratum = Stratum.of_pattern(Architecture((2,), (1,)).blocks, ((1,),))
    start, target = np.array([1.0, 1j]), np.array([0.0, 1e-8])

    def point_at(s):
        b = s * start + (1 - s) * target
        return np.array([1.0, *b])

    homotopy = Homotopy(Data(np.eye(2, dtype=complex), start), Data(np.eye(2), target))
    known = (1.0, 0.9, 0.3)
    precise = PreciseHomotopy(equations_of(stratum), homotopy, numbers)
    path = PrecisePath(precise, np.array([point_at(s) for s in known]), known)
    assert path.reach(1e-12)
    end = path.end()
    assert end is not None
    np.testing.assert_allclose(equations_of(stratum).filters(end[None].astype(complex))[0], target, atol=1e-17)


def test_kernels_of_rounded_gram_matrices_are_exact(numbers):
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(9, 4))
    samples[:, 3] = samples[:, 1] + samples[:, 2]
    gram = samples.T @ samples / 9
    assert 0 < np.abs(np.linalg.eigvalsh(gram)[0]) < 1e-14
    stratum = Stratum.of_pattern(Architecture((2, 2), (2, 1)).blocks, ((1,), (1,)))
    data = Data(gram, gram @ rng.normal(size=4))
    homotopy = PreciseHomotopy(equations_of(stratum), Homotopy(Data(gram.astype(complex), data.b * 1j), data), numbers)
    with numbers.precision():
        exact, b = homotopy.data_at(numbers.zero + 0.25)
        kernel = numbers.exact(np.linalg.eigh(gram)[1][:, :1])[:, 0]
        assert numbers.norm(exact @ kernel) < 1e-150
        assert abs(complex(b @ kernel)) < 1e-150
        assert numbers.solve(exact + np.outer(kernel, kernel), b) is not None
    np.testing.assert_allclose(np.array(b, complex), 0.25j * data.b + 0.75 * data.b, rtol=1e-12)
