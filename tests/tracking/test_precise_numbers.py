"""Numbers of many digits: python-flint's and mpmath's are the same, and disturb nobody's precision."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest

from homotopy_lcn.tracking import precise_numbers
from homotopy_lcn.tracking.precise_numbers import FlintNumbers, MpmathNumbers, numbers_of

DIGITS = 60


@pytest.fixture(params=[FlintNumbers, MpmathNumbers])
def numbers(request):
    if request.param is FlintNumbers:
        pytest.importorskip("flint")
    return request.param(DIGITS)


def exact_square(value):
    with mpmath.workdps(2 * DIGITS):
        return mpmath.mpc(value) ** 2


def as_mpmath(value):
    """The number of either kind, in all its digits."""
    real, imag = (part.str(DIGITS, radius=False) if hasattr(part, "str") else part for part in (value.real, value.imag))
    with mpmath.workdps(2 * DIGITS):
        return mpmath.mpc(real, imag)


def test_doubles_and_extended_precision_are_read_in_full(numbers):
    one = np.clongdouble(1) / 3
    with numbers.precision():
        (value,) = numbers.exact(np.array([one]))
        assert complex(value) == complex(one)
        assert complex(value - complex(one)) == complex(one - np.clongdouble(complex(one)))


def test_they_have_the_digits_that_were_asked_for(numbers):
    with numbers.precision():
        root = (numbers.zero + 2) ** 0.5
        turned = numbers.exp(numbers.turn / 8)
        back = numbers.exp(numbers.log(root * turned))
    assert abs(exact_square(as_mpmath(root)) - 2) < mpmath.mpf(10) ** (2 - DIGITS)
    assert abs(exact_square(as_mpmath(turned)) - 1j) < mpmath.mpf(10) ** (2 - DIGITS)
    assert abs(as_mpmath(back) - mpmath.mpc(1, 1)) < mpmath.mpf(10) ** (2 - DIGITS)
    assert numbers.norm(np.array([root, turned], object)) == pytest.approx(3**0.5, rel=1e-15)


def test_linear_equations_of_the_worst_condition_that_the_digits_allow(numbers):
    size = 8
    with numbers.precision():
        matrix = np.array([[1 / (numbers.zero + i + j + 1) for j in range(size)] for i in range(size)], object)
        right = matrix @ np.arange(1, size + 1).astype(object)
        found = numbers.solve(matrix, right)
        middles = numbers.middles(found)
    np.testing.assert_allclose(middles.astype(complex), np.arange(1, size + 1), rtol=1e-15)


def test_singular_equations_have_no_solution(numbers):
    with numbers.precision():
        assert numbers.solve(numbers.exact(np.ones((2, 2))), numbers.exact(np.array([1.0, 2.0]))) is None


def test_middles_are_exact(numbers):
    with numbers.precision():
        third = numbers.middles(np.array([(numbers.zero + 1) / 3], object))[0]
        assert not hasattr(third, "rad") or third.rad() == 0
        assert complex(third) == 1 / 3


def test_without_python_flint_they_are_those_of_mpmath(monkeypatch):
    monkeypatch.setattr(precise_numbers, "find_spec", lambda _: None)
    assert isinstance(numbers_of(DIGITS), MpmathNumbers)


def test_threads_and_callers_keep_their_precision():
    ctx = pytest.importorskip("flint").ctx
    before, ctx.prec = ctx.prec, 77
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def root_of_two(digits):
        numbers = FlintNumbers(digits)
        with numbers.precision():
            value = numbers.zero + 2
            for _ in range(20):
                value = numbers.middles(np.array([value**0.5 * value**0.5], object))[0]
            return abs(complex(value - 2)) < 10.0 ** (3 - digits)

    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(root_of_two, [20, 50, 100, 200] * 12))
        with pytest.raises(ZeroDivisionError), FlintNumbers(50).precision():
            raise ZeroDivisionError
        assert ctx.prec == 77
    finally:
        sys.setswitchinterval(switch)
        ctx.prec = before
