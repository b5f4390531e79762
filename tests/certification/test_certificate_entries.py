"""Entries of a certificate of another type or size are named, whatever stands there."""

from __future__ import annotations

import json

import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, certificate, critical_points
from homotopy_lcn.certification.certificate_file import check_text, to_text
from tests.certification.examples import sealed
from tests.entries import WRONG, at, name, of_another_type, unlike_entries, with_entry


@pytest.fixture(scope="module")
def content():
    result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.white([3, 1, 2]))
    return json.loads(to_text(certificate(result)))


def test_every_entry_of_another_type_is_named(content):
    """Exact numbers may be written as texts or numbers."""
    numbers = ("loss", "gram"), ("loss", "b"), ("loss", "constant")
    for path in unlike_entries(content):
        for value in WRONG:
            if not of_another_type(at(content, path), value) or path == ("digest",):
                continue
            if path[:2] in numbers and isinstance(value, int | float):
                continue
            with pytest.raises(InputError) as error:
                check_text(json.dumps(with_entry(content, path, value)))
            message, parents = str(error.value), [name(path[:end]) for end in range(1, len(path) + 1)]
            if path[0] in ("format", "version"):
                assert "not a certificate" in message
            elif "pattern" in path or path[:2] == ("loss", "gram"):  # named as a whole
                assert any(message.startswith(f"{parent}:") for parent in parents), message
            else:
                assert message.startswith(f"{parents[-1]}:"), message
            assert "expected" in message
            assert "\n" not in message
            assert len(message) < 400


def test_no_value_of_an_entry_is_more_than_refused(content):
    """Other values of the right type are refused, or the check fails; nothing else happens."""
    for path in unlike_entries(content):
        for value in WRONG if path != ("digest",) else ():
            failures = outcome(sealed(with_entry(content, path, value)))
            assert failures or at(content, path) == value or path in (("software",), ("source",))


def outcome(text):
    """What does not hold; the reason alone for what cannot be read."""
    try:
        return check_text(text).failures
    except InputError as error:
        return (str(error),)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("claims", "loss_radius"),
            "1*2^1099511627776",
            r"claims\.loss_radius: '1\*2\^1099511627776'; expected a text",
        ),
        (("claims", "loss"), [], r"claims\.loss: 0 entries; expected 2"),
        (("claims", "loss", 1), 3, r"claims\.loss\[1\]: 3; expected a text"),
        (("claims", "indices"), [True], r"claims\.indices\[0\]: True; expected an integer, at least 0, or null"),
        (("claims", "beautiful"), True, r"claims\.beautiful: unknown"),
        (("middle", 0), [], r"middle\[0\]: 0 entries; expected 2"),
        (("middle", 1, 0), None, r"middle\[1\]\[0\]: None; expected a text"),
        (("radii",), [], "radii: 0 entries; expected 2"),
        (("chart",), [0, 0, 0], r"chart: 3 entries; expected \d"),
        (("chart", 0), 5, r"chart\[0\]: 5; expected an integer, from 0 to"),
        (("precision",), 2**16 + 1, "precision: 65537; expected an integer, from 2 to 65536"),
    ],
)
def test_the_message_says_where_what_and_what_is_expected(content, path, value, message):
    number = next(i for i, point in enumerate(content["points"]) if point.get("pattern") == [[2]])
    with pytest.raises(InputError, match=rf"^points\[{number}\]\.{message}"):
        check_text(sealed(with_entry(content, ("points", number, *path), value)))
