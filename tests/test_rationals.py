"""Exact numbers: what is read, what is refused before it costs anything, and how they are written."""

from __future__ import annotations

import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import InputError
from homotopy_lcn.rationals import MOST_EXACT_DIGITS, as_fraction, exact_text, fraction_text, ratio_text, size_text

TOO_LONG = (
    "9" * 3002,
    "9" * 5000,
    "9" * 100_000,
    "1/" + "9" * 5000,
    "9" * 2990 + "e2990",
    "1e999999999",
    "1e-999999999",
    "1*2^12000",
    "1*2^-999999999999",
    10**5000,
    Fraction(1, 10**3001),
    Decimal("1e999999999"),
    Decimal("1e-999999999"),
)


@pytest.mark.parametrize("value", TOO_LONG, ids=range(len(TOO_LONG)))
def test_numbers_of_too_many_digits_are_refused_when_they_are_read(value):
    with pytest.raises(InputError, match=r"^b: a number of more than 3000 digits") as error:
        as_fraction(value, "b")
    assert len(str(error.value)) < 200


def test_long_texts_that_are_no_numbers_are_cut_in_messages():
    with pytest.raises(InputError, match="is not a finite number") as error:
        as_fraction("x" * 10**5, "b")
    assert len(str(error.value)) < 200


@given(st.fractions() | st.integers(-(10**MOST_EXACT_DIGITS), 10**MOST_EXACT_DIGITS).map(Fraction))
def test_what_is_read_can_be_written_and_is_read_again(value):
    for write in (fraction_text, ratio_text, exact_text):
        assert as_fraction(write(value), "b") == value


def test_the_longest_numbers_are_written_whatever_the_limit_of_the_interpreter():
    value = as_fraction("1e-3000", "b")
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        texts = fraction_text(value), ratio_text(value), exact_text(value)
    finally:
        sys.set_int_max_str_digits(limit)
    assert [as_fraction(text, "b") for text in texts] == [value] * 3
    assert exact_text(Fraction(1, 2**9000)).startswith("1/")


def test_sizes_beyond_doubles():
    assert [size_text(Fraction(x)) for x in ("1e-400", "-25e2000", "0.5")] == ["1.0e-400", "2.5e+2001", "5.0e-1"]


@pytest.mark.parametrize("number", [np.int64(3), np.int8(3), np.float64(3), np.float32(3), np.array(3)])
def test_fractions_of_numbers_of_numpy_have_integers_that_do_not_overflow(number):
    value = as_fraction(number, "gram")
    assert type(value.numerator) is type(value.denominator) is int
    assert value**80 == 3**80


@pytest.mark.parametrize("value", [np.array([1, 2]), np.bool_(True), np.nan, [1], None, 1j])
def test_what_is_no_number_is_no_fraction(value):
    with pytest.raises(InputError, match=r"^gram: .* is not a finite number"):
        as_fraction(value, "gram")
