"""The file of a certificate is verified from its data and boxes; changes are caught."""

from __future__ import annotations

import copy
import json
from contextlib import suppress

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, certificate, critical_points
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.krawczyk_in_balls import dyadic, read_dyadic
from tests.certification.examples import THIRDS, sealed
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
    "interior": lambda c: boxed(c)["claims"].__setitem__("interior", False),
    "smooth": lambda c: boxed(c)["claims"].__setitem__("smooth", False),
    "indices": lambda c: boxed(c)["claims"].__setitem__("indices", [7]),
    "pattern": lambda c: boxed(c)["claims"].__setitem__("exact_pattern", False),
    "generic": lambda c: c["statement"]["strata"][0].__setitem__("generic", 9),
    "proved": lambda c: c["statement"]["strata"][0].__setitem__("proved", 9),
    "complete": lambda c: c["statement"].__setitem__("complete", False),
    "global minimum": lambda c: c["statement"].__setitem__("global_minimum", 1),
    "ordered": lambda c: c["statement"].__setitem__("ordered", False),
    "removed": lambda c: c["points"].pop(),
    "repeated": lambda c: c["points"].append(c["points"][0]),
    "conjugate": lambda c: c["points"][-1].__setitem__("conjugate_of", 0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_with_a_digest_that_fits_are_caught(text, name):
    content = json.loads(text)
    CHANGES[name](content)
    assert check_text(sealed(content)).failures


OF_ANOTHER_TYPE = {
    "attained": lambda c: boxed(c)["claims"].__setitem__("attained", 1),
    "complete, a number": lambda c: c["statement"].__setitem__("complete", 1),
    "global minimum, a double": lambda c: c["statement"].__setitem__("global_minimum", 0.0),
    "index, a double": lambda c: boxed(c)["claims"].__setitem__("indices", [float(boxed(c)["claims"]["indices"][0])]),
}


@pytest.mark.parametrize("name", OF_ANOTHER_TYPE)
def test_numbers_of_another_type_are_refused(text, name):
    content = json.loads(text)
    OF_ANOTHER_TYPE[name](content)
    with pytest.raises(InputError, match=r"^(statement|points\[\d\]\.claims)\..*; expected (true|an int|the num)"):
        check_text(sealed(content))


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


def test_what_was_verified_is_said(text):
    outcome = check_text(text)
    network, data, digest = outcome.describe_subject()
    assert network == "network: filters (3, 2), strides (2, 1)"
    assert data == "data: Gram matrix 5 × 5, doubles (as stated, the doubles of the loss)"
    assert digest.endswith(outcome.data.digest)
    exact = SquaredLoss.from_exact(THIRDS["gram"], THIRDS["b"], THIRDS["constant"])
    of_exact = check_text(to_text(certificate(critical_points(Architecture((2, 2), (1, 1)), exact))))
    assert of_exact.source == "the exact numbers of the loss"
    assert of_exact.data.digest == exact.exact.digest
    assert "rational numbers" in of_exact.describe_subject()[1]


def test_a_certificate_of_an_earlier_version_states_no_source(text):
    content = json.loads(text)
    del content["source"]
    outcome = check_text(sealed(content))
    assert outcome.failures == ()
    assert "the source is not stated" in outcome.describe_subject()[1]


@pytest.mark.parametrize("place", [(), ("architecture",), ("loss",), ("statement",), ("points", 0)])
def test_unknown_entries_are_refused(text, place):
    content = json.loads(text)
    item = content
    for key in place:
        item = item[key]
    item["proved_by"] = "hand"
    with pytest.raises(InputError, match="proved_by: unknown"):
        check_text(sealed(content))
    del item["proved_by"]
    missing = next(key for key in item if key not in ("digest", "source"))
    del item[missing]
    with pytest.raises(InputError, match=f"{missing}: missing|not a certificate"):
        check_text(sealed(content))


@pytest.mark.parametrize("exponent", [5, 1000, 2**19])
def test_an_enclosure_of_the_loss_without_meaning_is_said_to_decide_nothing(text, exponent):
    content = json.loads(text)
    boxed(content)["claims"]["loss_radius"] = f"1*2^{exponent}"
    (failure,) = check_text(sealed(content)).failures
    assert "leaves the loss undecided" in failure


@pytest.mark.parametrize(
    "number", [f"1*2^{2**40}", f"1*2^{2**20 + 1}", "1*2^" + "9" * 5000, "9" * 50_000 + "*2^0", "1_0*2^1"]
)
@pytest.mark.parametrize("entry", ["loss_radius", "radii", "middle"])
def test_numbers_that_would_fill_the_memory_are_refused(text, number, entry):
    content = json.loads(text)
    point = boxed(content)
    if entry == "loss_radius":
        point["claims"][entry] = number
    elif entry == "radii":
        point[entry][0] = number
    else:
        point[entry][0][0] = number
    with pytest.raises(InputError, match=rf"^points\[\d+\]\.(claims\.)?{entry}\S*: .* expected a text") as error:
        check_text(sealed(content))
    assert len(str(error.value)) < 300


def test_mantissas_of_more_than_4300_digits_are_read():
    """Python writes no such integers; a certificate with 1000 digits may hold them."""
    long = "7" * 6000
    ball = read_dyadic(f"{long}*2^-12")
    assert dyadic(ball).startswith(long[:100])
    with pytest.raises(ValueError, match="is not a number"):
        read_dyadic(" 1*2^0")


GIANT = {
    "format": "homotopy-lcn/certificate",
    "version": 1,
    "digest": "",
    "software": "",
    "architecture": {"filters": [2] * 30, "strides": [1] * 30},
    "loss": {"gram": np.eye(31, dtype=int).tolist(), "b": [1] * 31, "constant": 31},
    "statement": {"strata": [], "complete": True, "distinct": True, "global_minimum": None, "ordered": True},
    "points": [],
}


def test_a_certificate_of_thirty_layers_without_points_is_refused_at_once():
    with pytest.raises(InputError, match=r"statement\.strata: 0 strata; expected more than 0"):
        check_text(sealed(copy.deepcopy(GIANT)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": {"filters": [10**9], "strides": [1]}}, r"loss\.gram: 31 rows"),
        ({"architecture": {"filters": [2] * 10**5, "strides": [1] * 10**5}}, "at most 1000 integers"),
        ({"architecture": {"filters": [2, 10**3000], "strides": [1, 1]}}, "integers from 1 to"),
        (
            {
                "architecture": {"filters": [6] * 6, "strides": [1] * 6},
                "statement": {**GIANT["statement"], "strata": [{}] * 1206},
            },
            "critical parameters over one filter",
        ),
        (
            {
                "architecture": {"filters": [31], "strides": [1]},
                "statement": {**GIANT["statement"], "strata": [{}]},
                "loss": {
                    "gram": [[f"1e-{900 + i + j}" for j in range(31)] for i in range(31)],
                    "b": [0] * 31,
                    "constant": 0,
                },
            },
            "bits in 31 rows",
        ),
    ],
    ids=["filter", "layers", "integer", "parameters", "numbers"],
)
def test_the_work_of_a_check_is_bounded_before_it_begins(change, message):
    with pytest.raises(InputError, match=message) as error:
        check_text(sealed({**copy.deepcopy(GIANT), **change}))
    assert len(str(error.value)) < 400


def test_a_box_of_too_many_bits_is_refused(text):
    content = json.loads(text)
    boxed(content)["precision"] = 2**16 + 1
    with pytest.raises(InputError, match="precision: 65537; expected an integer"):
        check_text(sealed(content))


def assert_flips_are_found(places):
    """No flip of a bit may be verified with another statement."""
    data = to_text(certificate(critical_points(Architecture((2, 2), (2, 1)), SquaredLoss.white([3, 1, 1, 2])))).encode()
    statement = check_text(data.decode()).statement
    refused = 0
    for place, bit in places(8 * len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        outcome = outcome_of(changed)
        if outcome is None or outcome.failures:
            refused += 1
        else:
            assert outcome.statement == statement
            assert json.loads(changed) == json.loads(data)
    return refused


def outcome_of(data):
    try:
        return check_text(data.decode())
    except (InputError, UnicodeDecodeError):
        return None


def test_flipped_bits_are_refused_or_change_nothing():
    assert assert_flips_are_found(lambda bits: [divmod(i, 8) for i in range(0, bits, 23)]) > 200


@pytest.mark.slow
def test_every_flipped_bit_is_refused_or_changes_nothing():
    assert_flips_are_found(lambda bits: [divmod(i, 8) for i in range(bits)])


@pytest.mark.parametrize(
    "broken",
    ["", "{}", "[1]", '{"format": "homotopy-lcn/certificate", "version": 1}', "half"],
)
def test_unusable_files(text, broken):
    with pytest.raises(InputError):
        check_text(text[: len(text) // 2] if broken == "half" else broken)
