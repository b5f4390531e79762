"""The file of a certificate is verified from its data and boxes; changes are caught."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest

from homotopy_lcn import InputError, certificate
from homotopy_lcn.certification.certificate_file import check_text, to_text
from tests.certification.examples import sealed
from tests.small_networks import solved


@pytest.fixture(scope="module")
def text():
    return to_text(certificate(solved((3, 2), (2, 1))))


def test_the_file_is_verified_from_data_and_boxes(text):
    outcome = check_text(text)
    assert outcome.failures == ()
    assert outcome.points == 10
    assert outcome.statement.complete
    assert check_text(sealed(json.loads(text))).failures == ()


def test_every_changed_digit_is_caught(text):
    digits = [i for i, character in enumerate(text) if character.isdigit()]
    for i in np.random.default_rng(0).choice(digits, 60, replace=False):
        changed = text[:i] + str((int(text[i]) + 1) % 10) + text[i + 1 :]
        with suppress(InputError):
            assert check_text(changed).failures


def boxed(content):
    return next(item for item in content["points"] if "middle" in item and item["claims"]["attained"])


def shifted(number):
    """A dyadic number a millionth larger, with a mantissa of the same size."""
    mantissa, exponent = number.split("*2^")
    return f"{int(mantissa) + int(mantissa) // 2**20}*2^{exponent}"


CHANGES = {
    "gram": lambda c: c["loss"]["gram"][0].__setitem__(0, "5*2^0"),
    "moment": lambda c: c["loss"]["b"].__setitem__(0, shifted(c["loss"]["b"][0])),
    "constant": lambda c: c["loss"].__setitem__("constant", shifted(c["loss"]["constant"])),
    "middle": lambda c: boxed(c)["middle"][1].__setitem__(0, shifted(boxed(c)["middle"][1][0])),
    "small radius": lambda c: boxed(c)["radii"].__setitem__(0, "1*2^-200"),
    "large radius": lambda c: boxed(c)["radii"].__setitem__(0, "1*2^9"),
    "negative radius": lambda c: boxed(c)["radii"].__setitem__(0, "-1*2^-20"),
    "loss": lambda c: boxed(c)["claims"].__setitem__("loss", ["0*2^0", "0*2^0"]),
    "loss radius": lambda c: boxed(c)["claims"].__setitem__("loss_radius", "0*2^0"),
    "real": lambda c: boxed(c)["claims"].__setitem__("real", None),
    "function space": lambda c: boxed(c)["claims"].__setitem__("in_function_space", False),
    "attained": lambda c: boxed(c)["claims"].__setitem__("attained", 1),
    "interior": lambda c: boxed(c)["claims"].__setitem__("interior", False),
    "smooth": lambda c: boxed(c)["claims"].__setitem__("smooth", False),
    "indices": lambda c: boxed(c)["claims"].__setitem__("indices", [7]),
    "pattern": lambda c: boxed(c)["claims"].__setitem__("exact_pattern", False),
    "generic": lambda c: c["statement"]["strata"][0].__setitem__("generic", 9),
    "proved": lambda c: c["statement"]["strata"][0].__setitem__("proved", 9),
    "complete": lambda c: c["statement"].__setitem__("complete", False),
    "global minimum": lambda c: c["statement"].__setitem__("global_minimum", 1),
    "ordered": lambda c: c["statement"].__setitem__("ordered", False),
    "complete, a number": lambda c: c["statement"].__setitem__("complete", 1),
    "global minimum, a double": lambda c: c["statement"].__setitem__("global_minimum", 0.0),
    "index, a double": lambda c: boxed(c)["claims"].__setitem__("indices", [float(boxed(c)["claims"]["indices"][0])]),
    "removed": lambda c: c["points"].pop(),
    "repeated": lambda c: c["points"].append(c["points"][0]),
    "conjugate": lambda c: c["points"][-1].__setitem__("conjugate_of", 0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_with_a_digest_that_fits_are_caught(text, name):
    content = json.loads(text)
    CHANGES[name](content)
    assert check_text(sealed(content)).failures


@pytest.mark.parametrize("place", ['"complete": true', '"real": true', '"version": 1'])
def test_a_key_that_is_there_twice(text, place):
    # Readers that take the first one would see the wrong answer.
    other = {"true": "false", "1": "2"}[place.split()[-1]]
    changed = text.replace(place, f"{place.split()[0]} {other}, {place}", 1)
    with pytest.raises(InputError, match="given twice"):
        check_text(changed)


@pytest.mark.parametrize("value", [True, 1.0])
def test_a_pattern_that_is_no_list_of_integers(text, value):
    content = json.loads(text)
    boxed(content)["pattern"][0][0] = value
    with pytest.raises(InputError, match="pattern"):
        check_text(sealed(content))


@pytest.mark.parametrize(
    "broken",
    ["", "{}", "[1]", '{"format": "homotopy-lcn/certificate", "version": 1}', "half"],
)
def test_unusable_files(text, broken):
    with pytest.raises(InputError):
        check_text(text[: len(text) // 2] if broken == "half" else broken)
