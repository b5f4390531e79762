"""Values in messages are short, on one line, and harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn.errors import LONGEST_QUOTATION, InputError, check_integer, shortened


@given(st.one_of(st.text(), st.integers(), st.lists(st.integers()), st.binary(), st.floats()))
def test_a_quotation_is_short_and_printable(value):
    text = shortened(value)
    assert text.isprintable()
    assert len(text) <= LONGEST_QUOTATION + 40


@given(st.text(max_size=20))
def test_a_short_text_is_quoted_as_python_does(text):
    if len(repr(text)) <= LONGEST_QUOTATION:
        assert shortened(text) == repr(text)


@pytest.mark.parametrize(
    "value", [10**10_000, "x" * 10**6, [0] * 10**5, [10**5000]], ids=["integer", "text", "list", "long"]
)
def test_integers_of_any_length_and_other_values_are_refused_in_one_short_line(value):
    with pytest.raises(InputError) as caught:
        check_integer("draws", value, 1, 10)
    assert len(str(caught.value)) < 200
